#!/bin/sh
# make series-check: what make test leaves out as too long: each patch of the series leaves a kernel that builds and boots,
# and the binary interface is what README.md says of it.
. "$(dirname "$0")/common.sh"
"$tools/deps.sh" test
. "$tools/sections.sh"
start_tally

stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
section series "$tools/check-series.sh" "$stock" "$tree"
section steps "$tools/check-steps.sh" "$stock"
section abi "$tools/check-abi.sh" "$stock" "$tree"
tally

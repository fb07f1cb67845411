#!/bin/sh
# make bisect: what make test leaves out as too long: each patch of the series leaves a kernel that builds and boots; and
# the module that make test runs on the series runs on stock, too.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" test
. "$tools/lib/sections.sh"
start_tally

stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
section export "$tools/checks/export.sh" "$stock" "$tree"
section each-patch "$tools/checks/each-patch.sh" "$stock"
section module "$tools/checks/module.sh" "$stock" "$tree" too
tally

#!/bin/sh
# make test: everything that must hold.  Each check prints "ok", "FAIL" or "skip" and its name; the last line counts them.
. "$(dirname "$0")/common.sh"
"$tools/deps.sh" test
. "$tools/sections.sh"

section input "$tools/check-input.sh"
stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
"$tools/tree.sh" stock-tests >/dev/null

compiled() {
	static_sections
	section series "$tools/check-series.sh" "$stock" "$tree"
	section users "$tools/check-users.sh" "$stock" "$tree"
	section clients "$tools/check-clients.sh" "$stock" "$tree"
}
booted() {
	section kunit-um "$tools/check-kunit.sh" um
	section reports "$tools/check-reports.sh"
	section kunit-x86_64 "$tools/check-kunit.sh" x86_64
	section torture "$tools/check-torture.sh"
	section cost "$tools/check-cost.sh"
}
beside compiled
booted
together

tally

#!/bin/sh
# make check: what can be said of the sources without booting them.  Each check prints "ok", "FAIL" or "skip" and its name;
# the last line counts them.  make test does the same and goes on.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" check
. "$tools/lib/sections.sh"
start_tally

stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
static_sections
tally

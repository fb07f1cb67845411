#!/bin/sh
# make check: what can be said of the sources without booting them.  Each check prints "ok", "FAIL" or "skip" and its name;
# the last line counts them.  make test does the same and goes on.
. "$(dirname "$0")/common.sh"
"$tools/deps.sh" check
. "$tools/sections.sh"
start_tally

stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
static_sections
tally

#!/bin/sh
# check-reports.sh: user-mode kernels that must print a report, with the series, with the stock core, and with that and its
# fixes.  They are those that check-kunit.sh um has built.
. "$(dirname "$0")/common.sh"
set --
for kind in series stock-tests stock-fixes; do
	kernel=$("$tools/tree.sh" $kind)
	[ -x "$kernel/.build-um/linux" ] || die "there is no kernel in $kernel/.build-um: run tools/series/check-kunit.sh um first"
	set -- "$@" "$kernel/.build-um" "$kernel"
done
base=$(python3 "$tools/merge.py" version "$kernel" | cut -d. -f1,2)
python3 "$tools/reports.py" "$base" "$@"

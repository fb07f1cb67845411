#!/bin/sh
# check-reports.sh: user-mode kernels that must print a report, with the series and with the stock core.  They are those
# that check-kunit.sh um has built.
. "$(dirname "$0")/common.sh"
tree=$("$tools/tree.sh" series)
stock_tree=$("$tools/tree.sh" stock-tests)
for kernel in "$tree" "$stock_tree"; do
	[ -x "$kernel/.build-um/linux" ] || die "there is no kernel in $kernel/.build-um: run tools/series/check-kunit.sh um first"
done
base=$(python3 "$tools/merge.py" version "$tree" | cut -d. -f1,2)
python3 "$tools/reports.py" "$base" "$tree/.build-um" "$tree" "$stock_tree/.build-um" "$stock_tree"

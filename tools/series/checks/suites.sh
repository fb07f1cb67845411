#!/bin/sh
# check-kunit.sh um|x86_64: the KUnit suites.  On UML also with the stock core, and with that and its fixes, beside it, and with
# the slow cases.  What these two may die of has a boot for each case there.
. "$(dirname "$0")/common.sh"
tree=$("$tools/tree.sh" series)
if [ "$1" = um ]; then speed=very_slow; else speed=slow; fi
build=$("$tools/kunit.sh" "$tree" "$1" $speed)
if [ "$1" = x86_64 ]; then
	python3 "$tools/results.py" check kunit-x86_64 "$build" "$tree"
	exit
fi

stock_tree=$("$tools/tree.sh" stock-tests)
fixes_tree=$("$tools/tree.sh" stock-fixes)
stock_build=$("$tools/kunit.sh" build "$stock_tree" um $speed)
fixes_build=$("$tools/kunit.sh" build "$fixes_tree" um $speed)
# Both wait most of the time, for what does not come.
BUILT=$stock_build "$tools/kunit.sh" boot "$stock_tree" um $speed >&2 &
stock_boot=$!
BUILT=$fixes_build "$tools/kunit.sh" boot "$fixes_tree" um $speed >&2 &
fixes_boot=$!
wait $stock_boot
wait $fixes_boot
say "booting them for each case of what drivers get wrong"
python3 "$tools/boots.py" mmu_notifier_misuse "$stock_build" "$stock_tree" "$fixes_build" "$fixes_tree"
base=$(python3 "$tools/merge.py" version "$tree" | cut -d. -f1,2)
python3 "$tools/results.py" compare "$base" "$build" "$tree" "$stock_build" "$stock_tree" "$fixes_build" "$fixes_tree"

#!/bin/sh
# check-kunit.sh um|x86_64: the KUnit suites.  On UML also with the stock core, beside it, and with the slow cases.  What the
# stock core may die of has a boot for each case there.
. "$(dirname "$0")/common.sh"
tree=$("$tools/tree.sh" series)
if [ "$1" = um ]; then speed=very_slow; else speed=slow; fi
build=$("$tools/kunit.sh" "$tree" "$1" $speed)
if [ "$1" = x86_64 ]; then
	python3 "$tools/results.py" check kunit-x86_64 "$build" "$tree"
else
	stock_tree=$("$tools/tree.sh" stock-tests)
	stock_build=$("$tools/kunit.sh" "$stock_tree" "$1" $speed)
	say "booting it for each case of what drivers get wrong"
	python3 "$tools/boots.py" "$stock_build" "$stock_tree" mmu_notifier_misuse
	base=$(python3 "$tools/merge.py" version "$tree" | cut -d. -f1,2)
	python3 "$tools/results.py" compare "$base" "$build" "$tree" "$stock_build" "$stock_tree"
fi

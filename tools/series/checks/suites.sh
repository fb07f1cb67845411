#!/bin/sh
# suites.sh um|um-series|x86_64: the KUnit suites; on UML with the slow cases, and um has stock, bare and with its fixes, beside the
# series.  Called by test.sh.  What the stock core may die of has a boot for each case there.
. "$(dirname "$0")/../lib/common.sh"
tree=$("$tools/tree.sh" series)
if [ "$1" = x86_64 ]; then speed=slow; else speed=very_slow; fi
if [ "$1" != um ]; then
	build=$("$tools/boot/kunit.sh" "$tree" "${1%-series}" $speed)
	python3 "$tools/boot/results.py" check "kunit-$1" "$build" "$tree"
	exit
fi

# The schedules wait most of the time: beside that there is time to build.
build=$("$tools/boot/kunit.sh" build "$tree" um $speed)
BUILT=$build "$tools/boot/kunit.sh" boot "$tree" um $speed >&2 &
boot=$!
stock_tree=$("$tools/tree.sh" stock-tests)
fixes_tree=$("$tools/tree.sh" stock-fixes)
stock_build=$("$tools/boot/kunit.sh" build "$stock_tree" um $speed)
fixes_build=$("$tools/boot/kunit.sh" build "$fixes_tree" um $speed)
# Both wait most of the time, for what does not come.
BUILT=$stock_build "$tools/boot/kunit.sh" boot "$stock_tree" um $speed >&2 &
stock_boot=$!
BUILT=$fixes_build "$tools/boot/kunit.sh" boot "$fixes_tree" um $speed >&2 &
fixes_boot=$!
wait $boot
wait $stock_boot
wait $fixes_boot
begin_step misuse "$stock_build/boots" "booting stock and fixes for each case of what drivers get wrong"
python3 "$tools/boot/boots.py" mmu_notifier_misuse "$stock_build" "$stock_tree" "$fixes_build" "$fixes_tree"
end_step
base=$(release "$tree")
python3 "$tools/boot/results.py" compare "$base" "$build" "$tree" "$stock_build" "$stock_tree" "$fixes_build" "$fixes_tree"

#!/bin/sh
# make run: builds Linux with the series for user mode, boots it, runs its KUnit suites and the benchmark, reports.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" build
tree=$("$tools/tree.sh" series)
build=$("$tools/boot/kunit.sh" "$tree" um slow)

echo
echo "MMU notifier series on Linux $(cat "$src/version")"
echo "  steps: $(merge names "$("$tools/stock.sh")")"
echo "  files: $(wc -l <"$tree.manifest") of them, listed in $tree.manifest"
python3 "$tools/boot/results.py" report "$build" "$tree" || die "not all is well: see the lines WRONG above, and $build/test.log"

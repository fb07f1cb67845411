#!/bin/sh
# check-cost.sh: no operation costs more instructions than recorded.  Counts depend on the compiler and on the kernel around:
# with another compiler or with KSRC, what is compared is the ratio to the stock core, built and counted in the same way.
. "$(dirname "$0")/common.sh"
tree=$("$tools/tree.sh" series)
base=$(python3 "$tools/merge.py" version "$tree" | cut -d. -f1,2)
table=$tools/bench/counts-$base
if [ ! -e "$table" ]; then
	echo "skip cost: no counts are recorded for Linux $base: see bench.py record"
	exit
fi
series=$("$tools/cost.sh" "$tree" 1000)
if [ -z "${KSRC:-}" ] && python3 "$tools/bench.py" same-compiler "$table"; then
	python3 "$tools/bench.py" gate "$table" "$series"
else
	stock_tree=$("$tools/tree.sh" stock-tests)
	stock=$("$tools/cost.sh" "$stock_tree" 1000)
	python3 "$tools/bench.py" gate "$table" "$series" "$stock"
fi

#!/bin/sh
# gate.sh: no operation costs more instructions than recorded.  Called by test.sh.
# Counts depend on the compiler and on the kernel around: with another compiler or with KSRC, what is compared is the ratio to
# the stock core, built and counted in the same way.
. "$(dirname "$0")/../lib/common.sh"
tree=$("$tools/tree.sh" series)
base=$(release "$tree")
table=$tools/bench/counts-$base
if [ ! -e "$table" ]; then
	echo "skip cost: no counts are recorded for Linux $base: see bench.py record"
	exit
fi
series=$("$tools/bench/cost.sh" "$tree" 1000)
if [ -z "${KSRC:-}" ] && python3 "$tools/bench/bench.py" same-compiler "$table"; then
	python3 "$tools/bench/bench.py" gate "$table" "$series"
else
	stock_tree=$("$tools/tree.sh" stock-tests)
	stock=$("$tools/bench/cost.sh" "$stock_tree" 1000)
	python3 "$tools/bench/bench.py" gate "$table" "$series" "$stock"
fi

#!/bin/sh
# make bench: series against stock, in instructions and in wall time.  Writes out/bench/: report.md, results.csv, plots (SVG),
# logs, and summary-BASE.md, which is to be committed as tools/series/bench/summary-BASE.md when README.md is to tell of it.
. "$(dirname "$0")/lib/common.sh"
. "$tools/lib/kbuild.sh"
"$tools/lib/deps.sh" bench
out=$root/out/bench boots=5 qemu_boots=3
rm -rf "$out"
mkdir -p "$out"

series=$("$tools/tree.sh" series)
stock=$("$tools/tree.sh" stock-tests)
base=$(release "$series")
smp=no
if grep -q UML_SUBARCH_SUPPORTS_SMP "$stock/arch/um/Kconfig"; then smp=yes; fi

tree_of() { if [ "$1" = stock ]; then echo "$stock"; else echo "$series"; fi; }

# options TREE: those of the folders that have ours.
options() { sed -n 's/^config /CONFIG_/p' "$1"/mm/Kconfig* "$1"/lib/Kconfig* | sort -u; }

# same_config DIR: that of both kernels, but for what the series adds.  What is off in one and unknown to the other makes no
# difference.
same_config() {
	for core in stock series; do
		options "$(tree_of $core)" >"$out/options-$core"
	done
	comm -13 "$out/options-stock" "$out/options-series" | sed 's/.*/^&=/' >"$out/options-added"
	for core in stock series; do
		grep '^CONFIG_' "$(tree_of $core)/$1/.config" | grep -vf "$out/options-added" >"$out/config$1-$core"
	done
	cmp "$out/config$1-stock" "$out/config$1-series" >&2 || die "the kernels have different configurations: see above"
}

# finished LOG BENCHMARK...
finished() {
	log=$1
	shift
	for benchmark in "$@"; do
		grep -q "$benchmark: done" "$log" || die "$benchmark did not finish: see $log"
	done
}

# The second run has fewer subscriptions; what it counts is to be the same.
for core in stock series; do
	tree=$(tree_of $core)
	cp "$("$tools/bench/cost.sh" "$tree" 1000000)" "$out/icount-$core.log"
	cp "$("$tools/bench/cost.sh" "$tree" 1000)" "$out/icount-$core-again.log"
done
same_config .build-icount

dir=.build-wall
"$tools/bench/wall.sh" "$stock" >/dev/null
"$tools/bench/wall.sh" "$series" >/dev/null
same_config .build-wall

# How many threads there may be depends on the memory: 4,000 take more than 512M.
set -- mem=1G kunit_shutdown=halt mmu_notifier_benchmark.chain_ms=50,100,200
for measure in faults wakeups throughput waiting active crowds; do set -- "$@" mmu_notifier_benchmark.$measure=1; done
[ $smp = no ] || set -- "$@" ncpus=2 seccomp=on
# Stock wakes at each end: spare it the system calls that switching interrupts off is in user mode.
library=$(python3 "$tools/boot/boots.py" preload "$series/$dir")
boot=1
while [ $boot -le $boots ]; do
	for core in stock series; do
		tree=$(tree_of $core)
		begin_step "bench-wall-$core" "$out/wall-$core-$boot.log" "wall time, boot $boot of $boots: $core"
		LD_PRELOAD=$library timeout 300 "$tree/$dir/linux" "$@" >"$out/wall-$core-$boot.log" 2>&1 </dev/null || :
		end_step
		finished "$out/wall-$core-$boot.log" mmu_notifier_benchmark
	done
	boot=$((boot + 1))
done

# Some of it once more, on an emulated machine with two CPUs: is it the kernel that makes the difference, or user mode?  And
# registration, unregistration and exit, which wait for grace periods: user mode begins one at the next tick only, because it has no
# interrupt for irq_work.
# The emulated time-stamp counter is the host's.  Where its frequency is not known, ratios are right all the same.
khz=$(sed -n 's/^cpu MHz[^:]*: \([0-9]*\)\..*/\1000/p' /proc/cpuinfo | head -n 1)
for hz in 1000 100; do
	dir=.build-qemu-$hz
	"$tools/bench/qemu.sh" "$stock" $hz >/dev/null
	"$tools/bench/qemu.sh" "$series" $hz >/dev/null
	same_config $dir
	set -- console=ttyS0 panic=-1 kunit_shutdown=reboot kunit.enable=0 no_timer_check tsc=reliable "tsc_early_khz=${khz:-1000000}" \
		mmu_notifier_register_benchmark.run=1
	if [ $hz = 1000 ]; then
		set -- "$@" mmu_notifier_benchmark.chain_ms=50,200 mmu_notifier_benchmark.faults=1 mmu_notifier_benchmark.throughput=1
	else
		set -- "$@" mmu_notifier_benchmark.chain_ms=1
	fi
	boot=1
	while [ $boot -le $qemu_boots ]; do
		for core in stock series; do
			tree=$(tree_of $core)
			log=$out/qemu-$hz-$core-$boot.log
			begin_step "bench-qemu-$hz-$core" "$log" "wall time in QEMU, HZ=$hz, boot $boot of $qemu_boots: $core"
			timeout 600 "$tools/boot/emulators/qemu-system-x86_64" -accel tcg,thread=multi -cpu qemu64 -smp 2,sockets=2 -m 1G -nodefaults \
				-display none -no-reboot -serial stdio -kernel "$tree/$dir/arch/x86/boot/bzImage" -append "$*" >"$log" 2>&1 </dev/null || :
			end_step
			finished "$log" mmu_notifier_benchmark mmu_notifier_register_benchmark
			grep -q 'Brought up .* 2 CPUs' "$log" || die "QEMU did not give two CPUs: see $log"
		done
		boot=$((boot + 1))
	done
done

# Structures need debugging information: the core is compiled once more, just as it was, with it.
dir=.build-icount
for core in stock series; do
	tree=$(tree_of $core)
	mkdir -p "$out/$core"
	# The compiler says how deep frames are: scripts/checkstack.pl counts some of them twice.
	(
		cd "$tree/$dir"
		for file in mmu_notifier mmu_interval mmu_notifier_range mmu_notifier_section; do
			[ -e ../mm/$file.c ] || continue
			sh -c "$(compile_command mm/$file.o) -g -fstack-usage -c -o $out/$core/$file.o ../mm/$file.c"
		done
	)
	ld -r -o "$out/mmu_notifier-$core.o" "$out/$core"/*.o
	cat "$out/$core"/*.su | awk -F'\t' '{ sub(/.*:/, "", $1); print $2, $1 }' | sort -rn >"$out/frames-$core"
	# Not pahole -C: what Debian 13 has prints the structure and fails.
	pahole -F dwarf "$out/$core/mmu_notifier.o" >"$out/$core/layouts"
	structs='mmu_notifier_range|mmu_interval_notifier|mmu_notifier_subscriptions'
	sed -nE "/^struct ($structs) \\{/,/^}/p" "$out/$core/layouts" >"$out/pahole-$core"
	{
		sed -n 's/^struct \([a-z_]*\) {.*/\1/p; s,.*/\* size: \([0-9]*\),\1,p' "$out/pahole-$core" | sed 's/,.*//' | paste -d' ' - -
		echo "deepest_frame $(sed -n '1s/ .*//p' "$out/frames-$core")"
		echo "text $(size -A "$out/mmu_notifier-$core.o" | awk '/^\.text/ { sum += $2 } END { print sum }')"
	} >"$out/sizes-$core"
done
python3 "$series/scripts/bloat-o-meter" "$out/mmu_notifier-stock.o" "$out/mmu_notifier-series.o" >"$out/bloat-o-meter"

{
	echo "date=$(date -u +%F)"
	echo "base=$base"
	echo "version=$(cat "$src/version")"
	echo "machine=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs"
	echo "compiler=$(gcc --version | head -n 1)"
	echo "icount_config=icount.config $(cksum <"$series/.build-icount/.config" | cut -d' ' -f1)"
	echo "wall_config=wall.config $(cksum <"$series/.build-wall/.config" | cut -d' ' -f1)"
	echo "smp=$smp"
} >"$out/about"
python3 "$tools/bench/bench.py" report "$out" "$out/summary-$base.md" ||
	die "a bar is not met, or two runs of the counts differ: see $out/report.md"
echo "$out/report.md"

#!/bin/sh
# cost.sh TREE SUBSCRIPTIONS: counts the instructions of the operations of MMU notifiers in TREE.  Called by bench.sh, gate.sh.
# Builds its kernel for x86-64, with lib/mmu_notifier_cost.c.  QEMU counts: the clock that the kernel sees advances by 1 ns with
# each instruction.  Prints the path of the log.
. "$(dirname "$0")/../lib/common.sh"
tree=$1 subscriptions=$2
dir=$("$tools/bench/icount.sh" "$tree")
log=$dir/boot.log

begin_step "${tree##*/}-cost-$subscriptions" "$log" "counting on ${tree##*/}, with up to $subscriptions subscriptions"
timeout 900 "$tools/boot/emulators/qemu-system-x86_64" -icount shift=0,sleep=off -cpu qemu64 -smp 1 -m 1G -nodefaults -display none -no-reboot \
	-serial stdio -kernel "$dir/arch/x86/boot/bzImage" \
	-append "console=ttyS0 panic=-1 kunit_shutdown=reboot tsc_early_khz=1000000 mmu_notifier_benchmark.waits=0 \
mmu_notifier_cost.subscriptions=$subscriptions" >"$log" </dev/null ||
	die "QEMU ends with an error: see $log"
end_step
grep -q 'mmu_notifier_cost: done' "$log" || die "the benchmark did not finish: see $log"
echo "$log"

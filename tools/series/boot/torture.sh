#!/bin/sh
# torture.sh BUILD LABEL EXPECTED [PARAMETER=VALUE ...]: boots a kernel that has been built, for the torture test.
# Called by torture-runs.sh, torture-planted.sh, kernel.sh, verify.sh.  Prints one line "ok|FAIL torture LABEL: ...", followed by the verdict of the
# test.
#
#   BUILD     a build directory of a UML or x86-64 kernel (a 32-bit one, too) with CONFIG_MMU_NOTIFIER_TORTURE_TEST=y, CONFIG_KUNIT=y
#   LABEL     the name of this run; the console goes to BUILD/torture-LABEL.log
#   EXPECTED  SUCCESS, or FAILURE=REASON[,REASON]: then the test must fail, and for just that
#   PARAMETER of the test (lib/mmu_notifier_torture.c explains them); without a duration it is 15 (seconds)
#
# For instance, ten minutes on a kernel with KASAN:  torture.sh .build-kasan kasan SUCCESS duration=600 stall=120
# In the environment: TORTURE_KERNEL_ARGS more arguments for the kernel, TORTURE_QEMU_ARGS more for QEMU ("-smp 4 -m 2G").
. "$(dirname "$0")/../lib/common.sh"
build=$1 label=$2 expected=$3
shift 3

duration=15 stall=30
args="kunit.enable=0 mmu_notifier_benchmark.chain_ms=1 ${TORTURE_KERNEL_ARGS:-}"
for parameter; do
	case $parameter in
	duration=*) duration=${parameter#*=} ;;
	stall=*) stall=${parameter#*=} ;;
	*=*) ;;
	*) die "torture.sh: $parameter is not PARAMETER=VALUE" ;;
	esac
	args="$args mmu_notifier_torture.$parameter"
done
case " $* " in *" duration="*) ;; *) args="$args mmu_notifier_torture.duration=$duration" ;; esac

log=$build/torture-$label.log
# Three times as long as it can take, for a slow machine.  A test that is vacuous goes on for a while.
limit=$((3 * (duration + 3 * stall + 60)))
begin_step "torture-$label" "$log" "torture $label: booting ${build#"$root/build/src/"}, for about $duration s"
status=0
# shellcheck disable=SC2086 # lists of words
if [ -x "$build/linux" ]; then
	if grep -q '^CONFIG_SMP=y' "$build/.config"; then args="$args ncpus=2 seccomp=on"; fi
	LD_PRELOAD=$(python3 "$tools/boot/boots.py" preload "$build") \
		timeout "$limit" "$build/linux" mem=1G console=tty kunit_shutdown=halt $args >"$log" 2>&1 </dev/null || status=$?
elif [ -e "$build/arch/x86/boot/bzImage" ]; then
	PATH=$tools/boot/emulators:$PATH
	timeout "$limit" qemu-system-x86_64 -nodefaults -nographic -serial stdio -no-reboot -m 1G -smp 2,sockets=2 \
		${TORTURE_QEMU_ARGS:-} -kernel "$build/arch/x86/boot/bzImage" \
		-append "console=ttyS0 kunit_shutdown=reboot panic=-1 no_timer_check $args" >"$log" 2>&1 </dev/null || status=$?
else
	die "torture.sh: there is no kernel in $build: build it first (kunit.sh)"
fi
end_step
[ "$status" != 124 ] || say "torture $label: no end after $limit s"
python3 "$tools/boot/torture.py" model "$label" "$expected" "$log" "$@"

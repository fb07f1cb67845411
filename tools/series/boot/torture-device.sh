#!/bin/sh
# torture-device.sh BUILD LABEL EXPECTED [PARAMETER=VALUE ...]: boots an x86-64 kernel that has been built, for the selftest of
# the fake device.  Called by torture-runs.sh.  The selftest mmu_notifier_test is the only program, and changes memory that the
# device mirrors.  Prints one line "ok|FAIL torture LABEL: ...", followed by what the test says.
#
#   BUILD     a build directory of an x86-64 kernel with CONFIG_TEST_MMU_NOTIFIER, BLK_DEV_INITRD and DEVTMPFS
#   LABEL     the name of this run; the console goes to BUILD/torture-LABEL.log
#   EXPECTED  SUCCESS, or FAILURE=REASON: then the test must fail, and for just that
#   PARAMETER seconds=10, mirrors=2 (the defaults), or busted=set_seq
#
# In the environment: TORTURE_KERNEL_ARGS more arguments for the kernel, TORTURE_QEMU_ARGS more for QEMU ("-smp 4 -m 2G").
. "$(dirname "$0")/../lib/common.sh"
build=$1 label=$2 expected=$3
shift 3

seconds=10 mirrors=2 busted=none
for parameter; do
	case $parameter in
	seconds=*) seconds=${parameter#*=} ;;
	mirrors=*) mirrors=${parameter#*=} ;;
	busted=*) busted=${parameter#*=} ;;
	*) die "torture-device.sh: it takes seconds=, mirrors= and busted=, not $parameter" ;;
	esac
done
image=$build/arch/x86/boot/bzImage
for file in "$image" "$build/usr/gen_init_cpio"; do
	[ -e "$file" ] || die "torture-device.sh: there is no $file: build that kernel first (kunit.sh)"
done

gcc -static -O2 -pthread -I"$build/source" -o "$build/mmu_notifier_test" \
	"$build/source/tools/testing/selftests/mm/mmu_notifier_test.c" ||
	die "the selftest cannot be built: see above"
echo "file /init $build/mmu_notifier_test 0755 0 0" >"$build/torture.list"
"$build/usr/gen_init_cpio" "$build/torture.list" >"$build/torture.cpio"

log=$build/torture-$label.log
# As long as the selftest goes on where something has not happened, and more.
limit=$((10 * seconds + 300))
begin_step "torture-$label" "$log" "torture $label: booting ${build#"$root/build/src/"}, for about $seconds s"
status=0
PATH=$tools/boot/emulators:$PATH
# shellcheck disable=SC2086 # lists of words
timeout "$limit" qemu-system-x86_64 -nodefaults -nographic -serial stdio -no-reboot -m 1G -smp 2,sockets=2 \
	${TORTURE_QEMU_ARGS:-} -kernel "$image" -initrd "$build/torture.cpio" \
	-append "console=ttyS0 panic=-1 kunit.enable=0 test_mmu_notifier.busted=$busted mmu_notifier_seconds=$seconds \
mmu_notifier_mirrors=$mirrors ${TORTURE_KERNEL_ARGS:-}" >"$log" 2>&1 </dev/null || status=$?
end_step
[ "$status" != 124 ] || say "torture $label: no end after $limit s"
python3 "$tools/boot/torture.py" device "$label" "$expected" "$log" "$mirrors" "$busted"

#!/bin/sh
# trace.sh BUILD: what the documentation says about tracefs is done in a kernel, and shows what it promises.  Called by torture-runs.sh.
# BUILD is a build directory of an x86-64 kernel with CONFIG_TEST_MMU_NOTIFIER, EVENT_TRACING, BLK_DEV_INITRD and DEVTMPFS: while the
# selftest of the fake device changes memory that the device mirrors, and so do its faults, events are on.
. "$(dirname "$0")/../lib/common.sh"
build=$1
image=$build/arch/x86/boot/bzImage
for file in "$image" "$build/usr/gen_init_cpio"; do
	[ -e "$file" ] || die "trace.sh: there is no $file: build that kernel first (kunit.sh)"
done
if ! grep -qx CONFIG_EVENT_TRACING=y "$build/.config"; then
	echo "skip tracefs: that kernel has no events"
	exit
fi

# The block of the documentation that goes to tracefs.
sed -n '/^   cd \/sys\/kernel\/tracing/,/^$/p' "$build/source/Documentation/mm/mmu_notifier.rst" >"$build/trace.commands"
[ -s "$build/trace.commands" ] || die "trace.sh: the documentation has no commands for tracefs"
gcc -static -O2 -o "$build/trace-init" "$tools/checks/trace/init.c"
gcc -static -O2 -pthread -I"$build/source" -o "$build/mmu_notifier_test" \
	"$build/source/tools/testing/selftests/mm/mmu_notifier_test.c"
{
	echo "file /init $build/trace-init 0755 0 0"
	echo "file /mmu_notifier_test $build/mmu_notifier_test 0755 0 0"
	echo "file /commands $build/trace.commands 0644 0 0"
} >"$build/trace.list"
"$build/usr/gen_init_cpio" "$build/trace.list" >"$build/trace.cpio"

log=$build/trace.log
begin_step tracefs "$log" "tracefs: booting ${build#"$root/build/src/"}"
PATH=$tools/boot/emulators:$PATH
timeout 900 qemu-system-x86_64 -nodefaults -nographic -serial stdio -no-reboot -m 1G -smp 2,sockets=2 \
	-kernel "$image" -initrd "$build/trace.cpio" \
	-append "console=ttyS0 panic=-1 kunit.enable=0 trace_buf_size=8M" >"$log" 2>&1 </dev/null || :
end_step

# shows NAME REGEX
shows() {
	if tr -d '\r' <"$log" | grep -qE "$2"; then
		echo "ok tracefs: $1"
	else
		echo "FAIL tracefs: $1: no line of $log matches $2"
	fi
}
if grep -q 'trace: FAILED' "$log"; then
	echo "FAIL tracefs: the commands: $(grep 'trace: FAILED' "$log" | head -n 1)"
fi
# How long, the cases look at: the clock of an emulator may be a coarse one.
shows 'it comes to an end' '^trace: done'
shows 'ends, with their event' ' mmu_notifier_end: .* event=(unmap|clear|protection_vma|protection_page) '
shows "callbacks, with the driver's function" ' mmu_notifier_slow_callback: callback=mirror_[a-z_]+ ns=[0-9]+ '
shows 'retries, with where' ' mmu_notifier_retry: .* reader=reader .* caller=[a-z_]+\+0x'
shows 'waits' ' mmu_notifier_wait_end: .* waiter=reader seq=[1-9][0-9]* .* ns=[0-9]+ ret=0'

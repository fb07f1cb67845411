#!/bin/sh
# module.sh STOCK TREE [too]: a module that is built against stock runs, unchanged, on the series; with "too" also on stock, which
# shows that it asks for nothing new.  Called by test.sh, bisect.sh.  checks/module has the module, and says what it does; MODVERSIONS
# is off.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2 too=${3:-}
. "$tools/lib/kbuild.sh"
work=$root/build/test/$name/module
mkdir -p "$work"

# The kernel whose instructions are counted, and the configuration that it has.
series=$("$tools/bench/icount.sh" "$tree")

rm -rf "$work/module"
cp -r "$tools/checks/module" "$work/module"
# Stock has MMU notifiers only where something selects them; our options it does not have.
(
	cd "$stock"
	arch=x86_64 dir=.build-module
	try_configure tinyconfig "$series/icount.config" "$tools/checks/configs/module.config"
	grep -qx CONFIG_MMU_NOTIFIER=y "$dir/.config" || die "stock cannot be configured with MMU notifiers: see $PWD/$dir/merge.log"
	build_kernel "what a module of ${PWD##*/} is built with" modules_prepare
	kernel_make KBUILD_MODPOST_WARN=1 M="$work/module" modules >"$work/module.log" 2>&1
) || die "the module cannot be built against stock: see $work/module.log"
mkdir -p "$work/guest/bin" "$work/guest/dev"
cp -L /bin/busybox "$work/guest/bin/"
cp "$work/module/stock_driver.ko" "$work/guest/"
cat >"$work/guest/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox insmod /stock_driver.ko
/bin/busybox rmmod stock_driver
/bin/busybox reboot -f
EOF
chmod +x "$work/guest/init"
(cd "$work/guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs.gz"

# boot LABEL BUILD
boot() {
	log=$work/$1.log
	begin_step "module-$1" "$log" "booting the kernel $1 with a module"
	timeout 300 "$tools/boot/emulators/qemu-system-x86_64" -nodefaults -display none -no-reboot -m 512M -serial stdio -kernel "$2/arch/x86/boot/bzImage" \
		-initrd "$work/initramfs.gz" -append "console=ttyS0 panic=-1 no_timer_check kunit.enable=0 mmu_notifier_benchmark.waits=0" \
		</dev/null >"$log" 2>&1 || :
	end_step
	bad=$(grep -E 'WARNING|BUG|Oops|Call Trace|disagrees|Unknown symbol|Kernel panic' "$log" | grep -v 'Attempted to kill init' | head -n 1)
	lines=$(grep -c 'module: ok' "$log")
	if [ -n "$bad" ]; then
		echo "FAIL a module built against stock runs on $1: $bad"
	elif grep -q 'module: FAIL' "$log"; then
		echo "FAIL a module built against stock runs on $1: $(grep -o 'module: FAIL.*' "$log" | head -n 1)"
	elif ! grep -q 'module: done, ok' "$log" || ! grep -q 'module: unloaded' "$log"; then
		echo "FAIL a module built against stock runs on $1: it does not come to its end, see $log"
	else
		echo "ok a module built against stock runs on $1: it checks $lines things"
	fi
}
boot series "$series"
[ -z "$too" ] || boot stock "$("$tools/bench/icount.sh" "$("$tools/tree.sh" stock-tests)")"

#!/bin/sh
# make clients: boots stock and the series in QEMU, each with the same tests of a user of MMU notifiers, none of which is
# ours (clients/tests).  What stock passes the series must pass.  ONLY='GROUP ...' runs some of the groups.
. "$(dirname "$0")/common.sh"
"$tools/deps.sh" clients
. "$tools/kbuild.sh"
groups=$(awk '/^[a-z]/ { print $1 }' "$tools/clients/tests" | uniq)
for group in ${ONLY:-}; do
	echo "$groups" | grep -qx "$group" || die "unknown group $group: give some of $(echo "$groups" | paste -sd' ') in ONLY"
done
groups=${ONLY:-$groups}
stock=$("$tools/stock.sh")
base=$(python3 "$tools/merge.py" base "$stock")
case $base in 6.*) die "the tests that make clients runs are those of Linux 7.2 and newer: give another BASE" ;; esac
tree=$("$tools/tree.sh" series)
work=$root/build/clients/$name
report=$root/out/clients/$name.md
mkdir -p "$work" "$root/out/clients"

# kernel TREE: its path is printed.
kernel() (
	arch=x86_64 dir=.build-clients
	cd "$1"
	need_space 1500 "the kernel in $PWD/$dir"
	configure tinyconfig "$tools/configs/clients.config"
	say "building $PWD/$dir (12 minutes on 2 cores the first time)"
	kernel_make -j"$(nproc)" bzImage >"$dir/build.log" 2>&1 || {
		tail -n 30 "$dir/build.log" >&2
		die "the kernel cannot be built: all of it is in $PWD/$dir/build.log"
	}
	echo "$PWD/$dir/arch/x86/boot/bzImage"
)

# programs: the selftests of mm/ that the list runs.
programs() { awk '/^[a-z]/ && sub("^[.]/", "", $5) { print $5 }' "$tools/clients/tests" | sort -u; }

# selftests: those of the stock tree, built in a copy of what they need.
selftests() {
	copy=$work/selftests
	need_space 500 "the selftests"
	mkdir -p "$copy"
	# hmm-tests wants headers of the kernel.
	(cd "$stock" && rsync -aR Makefile tools include scripts arch/x86 usr/include lib/test_hmm_uapi.h mm/gup_test.h "$copy/")
	say "building the selftests"
	make -s -C "$copy" ARCH=x86_64 headers_install >"$work/selftests.log" 2>&1 || die "no headers: see $work/selftests.log"
	built=$copy/tools/testing/selftests/mm
	# shellcheck disable=SC2046 # a list of words
	make -j"$(nproc)" -C "$built" CC="ccache gcc" KHDR_INCLUDES="-isystem $copy/usr/include" $(programs | sed "s,^,$built/,") \
		>>"$work/selftests.log" 2>&1 || die "the selftests cannot be built: see $work/selftests.log"
}

# add PATH FILE...: a directory of the guest gets these programs, and the guest the libraries that they need.
add() {
	mkdir -p "$guest$1"
	for file in "$@"; do
		[ "$file" != "$1" ] || continue
		cp -L "$file" "$guest$1/"
		ldd "$file" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | while read -r library; do
			mkdir -p "$guest$(dirname "$library")"
			cp -L "$library" "$guest$library"
		done
	done
}

# initramfs: all that the groups have in common.
initramfs() {
	guest=$work/guest
	rm -rf "$guest"
	mkdir -p "$guest/sbin" "$guest/proc" "$guest/sys" "$guest/dev" "$guest/etc"
	add /bin /bin/busybox
	cp "$tools/clients/init" "$guest/init"
	cp "$tools/clients/tests" "$guest/tests"
	for file in $(programs); do
		add /t/mm "$built/$file"
	done
	echo 'root:x:0:0:root:/:/bin/sh' >"$guest/etc/passwd"
}

# boot GROUP LABEL KERNEL: leaves $work/GROUP.LABEL.console and .log, what the tests said.
boot() {
	group=$1 label=$2 kernel=$3 memory=2G args=
	say "running the tests of $group on $label"
	echo "$group" >"$guest/group"
	(cd "$guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs.gz"
	case $group in
	hmm-coherent)
		memory=3G
		# shellcheck disable=SC2016 # the kernel has an own use for that
		args='memmap=512M$0x40000000 test_hmm.spm_addr_dev0=0x40000000 test_hmm.spm_addr_dev1=0x50000000'
		;;
	esac
	rm -f "$work/$group.$label".*
	timeout -k 10 3600 "$tools/tcg/qemu-system-x86_64" -cpu EPYC -smp 2 -m $memory -nodefaults -display none -no-reboot \
		-serial "file:$work/$group.$label.console" -serial "file:$work/$group.$label.log" -kernel "$kernel" \
		-initrd "$work/initramfs.gz" -append "console=ttyS0 panic=-1 $args" </dev/null >"$work/$group.$label.qemu" 2>&1 9>&- ||
		say "QEMU ends with an error, see $work/$group.$label.qemu: what is missing is judged below"
}

stock_kernel=$(kernel "$stock")
series_kernel=$(kernel "$tree")
selftests
initramfs
for group in $groups; do
	boot "$group" stock "$stock_kernel"
	boot "$group" series "$series_kernel"
done

# shellcheck disable=SC2086 # a list of words
python3 "$tools/clients.py" "$work" "$report" $groups >"$work/verdicts"
cat "$work/verdicts" "$report"
count() { grep -c "^$1 " "$work/verdicts" || :; }
echo "Linux $(cat "$src/version"), table in $report:"
echo "$(count ok) passed, $(count FAIL) failed, $(count skip) skipped"
[ "$(count FAIL)" = 0 ]

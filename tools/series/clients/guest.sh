# shellcheck shell=sh disable=SC2034,SC2154,SC2164 # to be included after common.sh, which sets -e
# How what clients/tests lists is built and booted, in $work, with the selftests of $stock: its short tests, or all if $short is
# empty.  Called by clients.sh, clients/short.sh.
. "$tools/lib/kbuild.sh"
# What boot() runs: all of a group, or only these tests, and what it then adds to the names of the files it leaves.
only='' again=''

# all_groups: those that the list has.
all_groups() { awk '/^[a-z]/ { print $1 }' "$tools/clients/tests" | uniq; }

# plan GROUP...: what of the list $stock has is in $work/tests and $work/programs, and in $groups who has something to do.
plan() {
	python3 "$tools/clients/clients.py" plan "$stock" "$work" "${short:-all}" "$@"
	groups=$(cut -d' ' -f1 "$work/tests" | uniq)
}

# planned GROUP: the tests of a group, without its name.
planned() {
	awk -v group="$1" -v only="$only" '
	$1 == group && (!only || index(" " only " ", " " $3 " ")) {
		$1 = ""
		print
	}' "$work/tests"
}

# kernel TREE: its path is printed.
kernel() (
	arch=x86_64 dir=.build-clients
	cd "$1"
	need_space 1500 "the kernel in $PWD/$dir"
	known_options "$PWD" "$tools/clients/clients.config" >"$work/options"
	configure tinyconfig "$work/options"
	build_kernel "the kernel ${PWD##*/} for clients" bzImage modules
	echo "$PWD/$dir/arch/x86/boot/bzImage"
)

# selftests: those of the stock tree, built in a copy of what they need.
selftests() {
	copy=$work/selftests
	need_space 500 "the selftests"
	mkdir -p "$copy"
	# hmm-tests wants headers of the kernel.
	(cd "$stock" && rsync -aR Makefile tools include scripts arch/x86 usr/include lib/test_hmm_uapi.h mm/gup_test.h "$copy/")
	begin_step selftests "$work/selftests.log" "building the selftests"
	make -s -C "$copy" ARCH=x86_64 headers_install >"$work/selftests.log" 2>&1 || die "no headers: see $work/selftests.log"
	built=$copy/tools/testing/selftests
	# Stable kernels have taken changes of selftests without the names that these use.
	older=-DKSFT_SKIP=4
	grep -qs 'define TEST_ASSERT_EQ' "$built/kvm/include/test_util.h" || older="$older -DTEST_ASSERT_EQ=ASSERT_EQ"
	for part in mm vm kvm; do
		goals=$(awk -v built="$built" -v part="$part/" 'index($3, part) == 1 { print built "/" $3 }' "$work/programs" | sort -u)
		[ -n "$goals" ] || continue
		# shellcheck disable=SC2086 # a list of words
		make -j"$jobs" -C "$built/$part" CC="ccache gcc $older" KHDR_INCLUDES="-isystem $copy/usr/include" $goals \
			>>"$work/selftests.log" 2>&1 || die "the selftests of $part/ cannot be built: see $work/selftests.log"
	done
	end_step
}

# module TREE LABEL NAME...: those of clients/NAME for the kernel of this tree.
module() (
	arch=x86_64 dir=.build-clients label=$2
	cd "$1"
	shift 2
	for module; do
		rm -rf "$work/$module-$label"
		cp -r "$tools/clients/$module" "$work/$module-$label"
		kernel_make M="$work/$module-$label" modules >"$work/$module-$label.log" 2>&1 ||
			die "the module cannot be built: see $work/$module-$label.log"
	done
)

# compile OUTPUT ARGUMENT...: a program of ours.
compile() { gcc -O2 -Wall -Werror -pthread -o "$@" || die "$1 cannot be compiled: see above"; }

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
	mkdir -p "$guest/sbin" "$guest/proc" "$guest/sys" "$guest/dev" "$guest/etc" "$guest/disk"
	add /bin /bin/busybox
	cp "$tools/clients/init" "$guest/init"
	while read -r dir program file; do
		add "$dir" "$built/$file"
		[ "$program" = "${file##*/}" ] || mv "$guest$dir/${file##*/}" "$guest$dir/$program"
	done <"$work/programs"
	compile "$work/attached.so" -shared -fPIC "$tools/clients/attached.c"
	# A thread that is cancelled loads the other one.
	add /lib "$work/attached.so" "$(gcc -print-file-name=libgcc_s.so.1)"
	compile "$work/stress" "$tools/clients/rdma/stress.c" -libverbs
	add /t/rdma "$work/stress" "$tools/clients/rdma/pair" /usr/bin/ibv_rc_pingpong
	add /bin "$(command -v rdma)"
	add /sbin /sbin/mke2fs
	add /usr/lib/x86_64-linux-gnu/libibverbs /usr/lib/x86_64-linux-gnu/libibverbs/librxe-*.so
	add /etc/libibverbs.d /etc/libibverbs.d/rxe.driver
	compile "$work/vms" "$tools/clients/vms/vms.c"
	add /t/vms "$work/vms"
	for program in hmm odp pfncache; do
		compile "$work/$program" -I"$stock/lib" "$tools/clients/elsewhere/$program.c" -libverbs
		add /t/elsewhere "$work/$program"
	done
	if grep -q '^fuzz ' "$work/tests"; then
		echo 'int main(void) { return 0; }' | compile "$work/nothing" -xc -
		add /t/fuzz "$tools/clients/fuzz/fuzz" "$work/nothing" "$(command -v stress-ng)" "$(command -v trinity)"
	fi
	compile "$work/oom" "$tools/clients/oom/oom.c"
	add /t/oom "$work/oom"
	compile "$work/shapes" "$tools/clients/shapes/drive.c"
	add /t/shapes "$work/shapes"
	echo 'root:x:0:0:root:/:/bin/sh' >"$guest/etc/passwd"
}

# boot GROUP LABEL KERNEL: leaves $work/GROUP.LABEL.console and .log, what the tests said.
boot() {
	group=$1 label=$2 kernel=$3 cpu=EPYC threads=multi cpus=2 memory=2G args=
	left=$work/$group.$label$again
	echo "$group" >"$guest/group"
	echo "$label" >"$guest/label"
	planned "$group" >"$guest/tests"
	for module in oom/refuser.ko shapes/shapes.ko; do
		[ ! -e "$work/${module%/*}-$label" ] || cp "$work/${module%/*}-$label/${module#*/}" "$guest/t/${module%/*}/"
	done
	(cd "$guest" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs.gz"
	case $group in
	hmm-coherent)
		memory=3G
		# shellcheck disable=SC2016 # the kernel has an own use for that
		args='memmap=512M$0x40000000 test_hmm.spm_addr_dev0=0x40000000 test_hmm.spm_addr_dev1=0x50000000'
		;;
	# With a thread for each CPU, the SVM that QEMU emulates loses an exit now and then.
	# Of the last pages page_idle says nothing if their number is no multiple of 64.
	kvm) cpu=EPYC,+svm threads=single args=mem=2040M ;;
	mm-kvm) cpu=EPYC,+svm threads=single memory=4G ;;
	# Its machines run nothing.
	fuzz) cpu=EPYC,+svm ;;
	# As stock has it.
	elsewhere) cpu=EPYC,+svm args=debug_mmu_notifier=off ;;
	# Some tests map 2 GiB; that of migration wants two nodes, and three CPUs.
	mm) cpus=4 memory=4G args=numa=fake=2 ;;
	oom) memory=1G ;;
	esac
	rm -f "$left".*
	# shellcheck disable=SC2317 # begin_step calls it
	said() { echo ", $(wc -l <"$left.log" 2>/dev/null) lines"; }
	begin_step "$group-$label$again" "$left.log" "running ${only:-the tests} of $group on $label" said
	timeout -k 10 3600 "$tools/boot/emulators/qemu-system-x86_64" -accel tcg,thread=$threads -cpu $cpu -smp "$cpus,sockets=$cpus" -m $memory -nodefaults \
		-display none -no-reboot -serial "file:$left.console" -serial "file:$left.log" \
		-kernel "$kernel" -initrd "$work/initramfs.gz" -append "console=ttyS0 panic=-1 kunit.enable=0 mitigations=off $args" </dev/null \
		>"$left.qemu" 2>&1 ||
		say "QEMU ends with an error, see $left.qemu: what is missing is judged below"
	end_step
}

# boot_groups: boot_group of each of $groups, and judge, both of the script that includes this.  Some of these tests race with themselves
# now and then, on either kernel.  What fails is run again, at most twice; the verdicts say so.
boot_groups() {
	for which in $groups; do
		boot_group "$which"
	done
	judge
	for _ in 1 2; do
		again=$again.again
		failing=$(sed -n 's/^FAIL clients \([^ :]*\) \([^ ]*\) .*/\1 \2/p' "$work/verdicts" | sort -u)
		for which in $(echo "$failing" | cut -d' ' -f1 | uniq); do
			only=$(echo "$failing" | awk -v group="$which" '$1 == group { print $2 }' | paste -sd' ')
			boot_group "$which"
		done
		judge
	done
}

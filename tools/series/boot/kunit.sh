#!/bin/sh
# kunit.sh TREE um|x86_64|i386 SPEED [CONFIG]: builds TREE's kernel for its KUnit tests, and boots it, with the kernel's kunit.py.
# Called by run.sh, suites.sh, kernel.sh, torture-planted.sh, each-patch.sh.  With CONFIG, a file of Kconfig lines, it is another kernel, in a build
# directory of its own.
# Runs the cases that are faster than SPEED (slow, very_slow), but not those that provoke reports: see must-report.sh; and
# not those of what drivers get wrong if TREE has the stock core, which dies of it: see suites.sh.
# Linux 6.1 does not know how fast they are: its form of the suites leaves out what is very slow, and runs the rest.
# "kunit.sh build TREE ..." boots nothing; "kunit.sh boot TREE ..." builds nothing, and boots the kernel in $BUILT.
# Leaves test.log (the console) and results.json in the build directory, whose path is printed.  Failing cases are no
# failure here: results.py judges.
. "$(dirname "$0")/../lib/common.sh"
part=both
case $1 in build | boot)
	part=$1
	shift
	;;
esac
tree=$1 arch=$2 speed=$3 config=${4:-} limit=1200
kind=${tree##*/}
cd "$tree"
build=.build-$arch
if [ -n "$config" ]; then
	build=$build-$(basename "$config" .config) limit=1800
fi

set -- --arch="$arch" --build_dir="$build" --kunitconfig=mm/tests --make_options "CC=ccache gcc" --kunitconfig="$tools/boot/configs/without.config"
# For torture.sh, which does nothing without a duration; and for faults, which nothing injects unless it is asked for.
options="MMU_NOTIFIER_TORTURE_TEST FAIL_MMU_NOTIFIER"
# A walk that anyone can repeat.
kernel_args='--kernel_args mmu_notifier_schedule_kunit.seed=4711'
if [ "$arch" != um ]; then
	PATH=$tools/boot/emulators:$PATH
	# On a busy machine the emulated timer may miss what the kernel expects of it; and nobody is there to read a panic.
	kernel_args="$kernel_args --kernel_args no_timer_check --kernel_args panic=-1"
	# For torture-device.sh, whose program is the init, and for the tests of HMM.
	if [ -z "$config" ] && grep -qx 'config TEST_MMU_NOTIFIER' lib/Kconfig.debug; then
		for option in TEST_MMU_NOTIFIER BLK_DEV_INITRD DEVTMPFS TRANSPARENT_HUGEPAGE KSM TMPFS HUGETLBFS KPROBES KPROBE_EVENTS \
			MEMORY_HOTPLUG MEMORY_HOTREMOVE ZONE_DEVICE DEVICE_PRIVATE TEST_HMM GUP_TEST; do
			set -- "$@" --kconfig_add CONFIG_$option=y
		done
	fi
	: "${config:=$tools/boot/configs/x86_64.config}"
	set -- "$@" --qemu_args "-smp 2,sockets=2"
	# UML has it only after 6.1.
	set -- "$@" --kconfig_add CONFIG_DEBUG_ATOMIC_SLEEP=y
else
	# The emulated PCI bus has no device here, and warns about that at boot.
	set -- "$@" --kconfig_add CONFIG_UML_PCI_OVER_VIRTIO=n --kconfig_add CONFIG_KUNIT_UML_PCI=n
	options="$options MMU_NOTIFIER_BENCHMARK MMU_NOTIFIER_SCHEDULE_KUNIT_TEST MMU_NOTIFIER_REPORT_KUNIT_TEST"
	# UML is a multiprocessor from 7.x on; SRCU is to show its multiprocessor form there too.
	if grep -q UML_SUBARCH_SUPPORTS_SMP arch/um/Kconfig; then
		set -- "$@" --kconfig_add CONFIG_SMP=y
		kernel_args="$kernel_args"' --kernel_args ncpus=2 --kernel_args seccomp=on --kernel_args srcutree.convert_to_big=1'
	fi
fi
[ -z "$config" ] || set -- "$@" --kunitconfig="$config"

# The first patches of the series do not have them all yet.
for option in $options; do
	! grep -qx "config $option" mm/Kconfig lib/Kconfig.debug || set -- "$@" --kconfig_add "CONFIG_$option=y"
done
left_out=$(find mm/tests -name '*_report_kunit.c' | sed 's,.*/,,; s/_kunit\.c$//' | sort | paste -sd' ') suites='mmu_notifier*'
# The stock core puts off what it inserts and removes.
! grep -q deferred_list mm/mmu_notifier.c || left_out="$left_out mmu_notifier_misuse"
[ "$part" != boot ] || left_out=$(cat "$BUILT/left-out")
filter="speed>$speed"
for suite in $left_out; do
	filter="$filter, module!=${suite}_kunit"
done
# No filters in 6.1: of all the names, only that of the suite that provokes reports ends with a t, and only the other one with se.
if [ ! -e include/kunit/attributes.h ]; then
	filter='' speed=very_slow
	case $left_out in *misuse) suites='mmu_notif*[a-qt-z]?' ;; *) suites='mmu_notif*[a-su-z]' ;; esac
fi

if [ "$part" = boot ]; then
	build=$BUILT
else
	mkdir -p "$build"
	: >"$build/started"
	begin_step "$kind-${build#.}" "$tree/$build/build.log" "building the kernel $kind for $arch" new_objects "$build"
	nice -n 10 ./tools/testing/kunit/kunit.py build "$@" --jobs "$jobs" >"$build/build.log" 2>&1 || {
		tail -n 40 "$build/build.log" >&2
		die "the $arch kernel could not be built: see above, all of it is in $tree/$build/build.log"
	}
	end_step
	build=$PWD/$build
fi
rm -f "$build/results.json" "$build/test.log"
echo "$speed" >"$build/speed"
echo "$left_out" >"$build/left-out"
if [ "$part" = build ]; then
	echo "$build"
	exit
fi

# What kunit.py says of the cases is not the last word: on stock some must fail.
cases() { echo ", $(grep -c '^\[.*\] \[[A-Z]*\] ' "$build/kunit.log") cases"; }
begin_step "$kind-boot-$arch" "$build/kunit.log" "booting the kernel $kind for $arch" cases
# shellcheck disable=SC2086 # a list of words
LD_PRELOAD=$(python3 "$tools/boot/boots.py" preload "$build") PYTHONUNBUFFERED=1 \
	timeout $((limit + 300)) ./tools/testing/kunit/kunit.py exec "$@" $kernel_args --timeout $limit --build_dir="$build" \
	--json="$build/results.json" ${filter:+--filter "$filter"} "$suites" >"$build/kunit.log" 2>&1 </dev/null || :
end_step
say "the kernel $kind for $arch: $(cases | sed 's/^, //') in $(cut -d' ' -f1-2 "$step_took"), to be judged"
[ -s "$build/results.json" ] || die "the boot gave no results: see $build/test.log"
echo "$build"

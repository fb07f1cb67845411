#!/bin/sh
# torture-runs.sh um|um-series|x86_64|plain: the torture test succeeds on the series, and each way to break the fake device makes
# it fail for the reason that goes with it.  Called by test.sh.  The stock core stalls, because a start that a subscription to the mm
# refuses stays active for its interval subscriptions.  Without such refusals, or with the fixes, it succeeds, where each
# invalidation holds the mmap_lock: its registration relies on locks that nothing holds here.  A stable release may have the fix that
# it takes.  Takes the kernels that suites.sh has built, and for torture without sleeps the one of icount.sh, which checks nothing;
# x86_64 has the fake device.
. "$(dirname "$0")/../lib/common.sh"
series=$src/series/.build-um
stock=$src/stock-tests/.build-um
fixes=$src/stock-fixes/.build-um
pc=$src/series/.build-x86_64
out=$root/build/test/$name/torture-$1
rm -rf "$out"
mkdir -p "$out"

if [ "$1" = x86_64 ]; then
	"$tools/boot/torture.sh" "$pc" x86_64 SUCCESS duration=10
	if [ -e "$src/series/lib/test_mmu_notifier.c" ]; then
		"$tools/boot/torture-device.sh" "$pc" x86_64-device SUCCESS
		"$tools/boot/torture-device.sh" "$pc" x86_64-device-busted-set_seq FAILURE=stale busted=set_seq seconds=60
		"$tools/checks/trace.sh" "$pc"
	else
		echo "skip torture x86_64-device: this base has no tools/testing/selftests/mm, nor the device"
	fi
	exit
fi

# behind LABEL BUILD EXPECTED PARAMETER...: a run beside others.  together prints all that they say.
behind() {
	said=$1 kernel=$2
	shift 2
	"$tools/boot/torture.sh" "$kernel" "$said" "$@" >"$out/$said" &
}
together() {
	wait
	for said in "$out"/*; do
		if [ -s "$said" ]; then cat "$said"; else echo "FAIL torture $(basename "$said"): it did not run, see above"; fi
		rm "$said"
	done
}

if [ "$1" = plain ]; then
	fast=$("$tools/bench/icount.sh" "$src/series")
	"$tools/boot/torture.sh" "$fast" fast SUCCESS fast=1 duration=60
	# Most of what a core tracks by itself is taken, or all of it.
	"$tools/boot/torture.sh" "$fast" fast-ballast=62 SUCCESS fast=1 ballast=62 duration=10
	"$tools/boot/torture.sh" "$fast" fast-ballast=63 SUCCESS fast=1 ballast=63 duration=10
	behind fast-busted-set_seq "$fast" 'FAILURE=stale|FAILURE=stale,release' fast=1 busted=set_seq duration=10
	behind fast-busted-wake_q "$fast" FAILURE=stall fast=1 busted=wake_q duration=60 stall=10
	together
	exit
fi

"$tools/boot/torture.sh" "$series" um SUCCESS
if [ "$1" = um ]; then
	"$tools/boot/torture.sh" "$stock" um-stock-hlist_refuse=0 SUCCESS hlist_refuse=0 rmap=0 duration=20
	"$tools/boot/torture.sh" "$stock" um-stock-fast-hlist_refuse=0 SUCCESS fast=1 hlist_refuse=0 rmap=0 duration=30
	case " $(merge had "$src/stock") " in
	*' fix-refused '*) behind um-stock "$stock" SUCCESS rmap=0 duration=10 ;;
	*) behind um-stock "$stock" FAILURE=stall rmap=0 duration=60 stall=10 ;;
	esac
	behind um-fixes "$fixes" SUCCESS rmap=0 duration=10
fi

# Most of these sleep most of the time.
# A fault that nothing makes try again may also come after the release.
behind um-busted-set_seq "$series" 'FAILURE=stale|FAILURE=stale,release' busted=set_seq duration=10
# What is not torn down at the release may be seen before the release is.
behind um-busted-release "$series" 'FAILURE=release|FAILURE=stale,release' busted=release duration=10
# Where a retry is ignored, entries are made that are stale, and remain when the mm is gone.
behind um-busted-range_retry "$series" 'FAILURE=stale|FAILURE=stale,release' busted=range_retry duration=10
behind um-busted-remove "$series" FAILURE=removed busted=remove duration=10
behind um-busted-pair "$series" FAILURE=unpaired busted=pair duration=10
# Subscriptions to the mm would notice, too.
behind um-busted-end "$series" FAILURE=stall busted=end duration=60 stall=10 nsubs=0
behind um-busted-failed_start "$series" FAILURE=stall busted=failed_start duration=60 stall=10 nsubs=0
together

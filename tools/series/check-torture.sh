#!/bin/sh
# check-torture.sh: the torture test.  On the series it succeeds, and each way to break the fake device makes it fail for the
# reason that goes with it.  The stock core stalls, because a start that a subscription to the mm refuses stays active for
# its interval subscriptions; without such refusals it succeeds.  Takes the kernels that check-kunit.sh has built.
. "$(dirname "$0")/common.sh"
series=$src/series/.build-um
stock=$src/stock-tests/.build-um
pc=$src/series/.build-x86_64
out=$root/build/test/$name/torture
rm -rf "$out"
mkdir -p "$out"

# behind LABEL ...: a run beside the others, most of which sleep most of the time.  together prints all that they say.
behind() { "$tools/torture.sh" "$2" "$1" "$3" busted="$4" duration="$5" stall=10 ${6:+"$6"} >"$out/$1" & }
together() {
	wait
	for said in "$out"/*; do
		if [ -s "$said" ]; then cat "$said"; else echo "FAIL torture $(basename "$said"): it did not run, see above"; fi
	done
}

"$tools/torture.sh" "$series" um SUCCESS
"$tools/torture.sh" "$stock" um-stock-hlist_refuse=0 SUCCESS hlist_refuse=0 duration=10
"$tools/torture.sh" "$pc" x86_64 SUCCESS duration=10

behind um-busted-set_seq "$series" FAILURE=stale set_seq 10
# What is not torn down at the release may be seen before the release is.
behind um-busted-release "$series" 'FAILURE=release|FAILURE=stale,release' release 10
behind um-busted-remove "$series" FAILURE=removed remove 10
behind um-busted-pair "$series" FAILURE=unpaired pair 10
# Subscriptions to the mm would notice, too.
behind um-busted-end "$series" FAILURE=stall end 60 nlisteners=0
behind um-busted-failed_start "$series" FAILURE=stall failed_start 60 nlisteners=0
behind um-stock "$stock" FAILURE=stall none 60
together

if [ -e "$src/series/lib/test_mmu_notifier_device.c" ]; then
	"$tools/torture-device.sh" "$pc" x86_64-device SUCCESS
	"$tools/torture-device.sh" "$pc" x86_64-device-busted-set_seq FAILURE=stale busted=set_seq seconds=60
else
	echo "skip torture x86_64-device: this base has no tools/testing/selftests/mm, nor the device"
fi

#!/bin/sh
# each-patch.sh STOCK [um|x86_64]: after each patch of the series the kernel builds and passes the suites that it has.
# Called by bisect.sh.  It builds for x86-64 (mm/, lib/, KVM) and for user mode, and boots there; but for the cases in
# stock-defects that a later patch mends.  A fix of the stock core mends just its cases.  With UNTIL=STEP in the
# environment, only the patches up to this one.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 what=${2:-all}
. "$tools/lib/kbuild.sh"
version=$(release "$stock")
# A boot sleeps most of its time.
at_once=3
kept=$root/build/test/$name/steps
rm -rf "$kept"
mkdir -p "$kept"

objects() (
	arch=x86_64 dir=.build-steps
	cd "$tree"
	mkdir -p "$dir"
	our_options . >"$dir/series.config"
	configure tinyconfig "$tools/lib/mm.config" "$tools/checks/configs/w1.config" "$dir/series.config"
	build_kernel "mm/, lib/ and KVM after the patch $step" mm/ lib/ arch/x86/kvm/
)

# keep STEP: what it takes to boot this kernel, and to judge that, when the tree has gone on to the next patch.
keep_kernel() {
	mkdir -p "$kept/$1/mm/tests" "$kept/$1/.build-um"
	cp "$build/linux" "$build/.config" "$build/speed" "$build/left-out" "$kept/$1/.build-um"
	cp "$tree"/mm/tests/*_kunit.c "$kept/$1/mm/tests"
}

# boot_kernel STEP BEFORE: all suites, and the cases of the step that have a boot for each, also on the kernel before it.
boot_kernel() {
	BUILT=$kept/$1/.build-um "$tools/boot/kunit.sh" boot "$tree" um slow
	[ -z "$2" ] || python3 "$tools/checks/each_patch.py" boot "$version" "$kept/$2/.build-um" "$kept/$1/.build-um" "$1"
}

# Where stock has the two-pass API its fixes are tested, too; else that comes with the new core.
first=
case " $(merge names "$stock") " in *' two-pass '*) first=two-pass, ;; esac

steps='' before='' number=0 boots=''
for step in $(merge names "$stock"); do
	steps=${steps:-$first}${steps:+,}$step
	tree=$("$tools/tree.sh" steps "$steps")
	if [ "$what" = um ]; then :; elif objects; then echo "ok step $step: mm/, lib/ and KVM build"; else
		echo "FAIL step $step: mm/, lib/ and KVM build"
	fi
	if [ "$what" != x86_64 ]; then
		build=$("$tools/boot/kunit.sh" build "$tree" um slow)
		keep_kernel "$step"
		number=$(((number + 1) % at_once))
		(
			flock 8
			boot_kernel "$step" "$before" >"$kept/$step/log" 2>&1
		) 8>"$kept/slot-$number" &
		boots="$boots $!"
		before=$step
	fi
	[ "$step" != "${UNTIL:-}" ] || break
done
[ "$what" != x86_64 ] || exit 0

begin_step each-patch-boots "$kept/STEP/log" "waiting for the boots of the last patches"
# Each has its log; who tells how long it takes is no boot.
# shellcheck disable=SC2086 # a list of words
wait $boots || :
end_step
steps=
for step in $(merge names "$stock"); do
	steps=${steps:-$first}${steps:+,}$step
	python3 "$tools/checks/each_patch.py" judge "$version" "$stock" "$kept" "$steps" || {
		echo "FAIL step $step: its boot ended early"
		tail -n 20 "$kept/$step/log" | sed 's/^/     /'
	}
	[ "$step" != "${UNTIL:-}" ] || break
done

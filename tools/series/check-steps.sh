#!/bin/sh
# check-steps.sh STOCK: after each patch of the series the kernel builds for x86-64 (mm/, lib/, KVM) and for user mode,
# boots there, and passes the suites that it has; but for the cases in stock-defects that a later patch mends.
. "$(dirname "$0")/common.sh"
stock=$1
. "$tools/kbuild.sh"
version=$(python3 "$tools/merge.py" version "$stock" | cut -d. -f1,2)

objects() (
	arch=x86_64 dir=.build-steps
	cd "$tree"
	mkdir -p "$dir"
	our_options . >"$dir/series.config"
	configure tinyconfig "$tools/configs/w1.config" "$dir/series.config"
	say "building mm/, lib/ and KVM in $PWD/$dir"
	kernel_make -j"$(nproc)" mm/ lib/ arch/x86/kvm/ >"$dir/build.log" 2>&1 || {
		tail -n 30 "$dir/build.log" | sed 's/^/     /'
		return 1
	}
)

steps=
for step in $(python3 "$tools/merge.py" names "$stock"); do
	steps=$steps${steps:+,}$step
	tree=$("$tools/tree.sh" steps "$steps")
	if said=$(objects); then echo "ok step $step: mm/, lib/ and KVM build"; else
		echo "FAIL step $step: mm/, lib/ and KVM build"
		echo "$said"
	fi
	build=$("$tools/kunit.sh" "$tree" um slow)
	python3 "$tools/results.py" step "$version" "step $step" "$build" "$tree" "$steps"
done

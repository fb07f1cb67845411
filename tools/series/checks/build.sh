#!/bin/sh
# build.sh STOCK TREE: no warning with W=1 that stock does not have, and no need of CONFIG_MMU_NOTIFIER.
# Called by sections.sh.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name

# w1 TREE OBJECTS FRAGMENT...: builds for x86-64, prints all warnings.  Objects go first: only a compiler that runs warns (and
# ccache repeats what it said).
w1() (
	arch=x86_64 dir=.build-w1
	cd "$1"
	ours=$2
	shift 2
	configure tinyconfig "$@"
	goals="mm/ arch/x86/kvm/ lib/test_hmm.o $ours"
	find "$dir" \( -path '*/mm/*' -o -path '*/kvm/*' -o -path '*/lib/*' \) -name '*.o' -delete
	# shellcheck disable=SC2086 # a list of words
	build_kernel "mm/ and its users in ${PWD##*/} with W=1" W=1 $goals
	grep '[Ww]arning: ' "$dir/build.log" | sed 's,\.\./,,g' | sort -u
)

our_options "$tree" >"$out/series.config"
w1 "$tree" "$(our_objects "$tree" | paste -sd' ')" "$tools/lib/mm.config" "$tools/checks/configs/w1.config" "$out/series.config" >"$out/w1"
sed 's/$/:/' "$tree.manifest" | grep -Ff - "$out/w1" >"$out/w1-ours" || :
if [ ! -s "$out/w1-ours" ]; then
	echo "ok no W=1 warning in our files"
else
	echo "FAIL no W=1 warning in our files"
	sed 's/^/     /' "$out/w1-ours"
fi

# Line numbers are of no account when it is about who else has a warning.
plain() { grep -vxFf "$out/w1-ours" "$1" | sed 's/:[0-9]*:[0-9]*:/:/' | sort -u; }
plain "$out/w1" >"$out/w1-others" || :
if [ -s "$out/w1-others" ]; then
	w1 "$stock" "" "$tools/lib/mm.config" "$tools/checks/configs/w1.config" >"$out/w1-stock"
	plain "$out/w1-stock" | comm -23 "$out/w1-others" - >"$out/w1-new"
else
	: >"$out/w1-new"
fi
if [ ! -s "$out/w1-new" ]; then
	echo "ok no new W=1 warning in mm/, KVM and HMM"
else
	echo "FAIL no new W=1 warning in mm/, KVM and HMM"
	sed 's/^/     /' "$out/w1-new"
fi

# UML from allnoconfig has no user of MMU notifiers.
without() (
	arch=um dir=.build-without
	cd "$tree"
	configure allnoconfig "$tools/checks/configs/without.config"
	if grep -q '^CONFIG_MMU_NOTIFIER=y' "$dir/.config"; then die "CONFIG_MMU_NOTIFIER is on in $PWD/$dir"; fi
	build_kernel "mm/ without MMU notifiers" mm/
)
without
echo "ok mm/ builds without CONFIG_MMU_NOTIFIER"

# header DIR WITH: compiles the header alone.
header() {
	cd "$tree/$1"
	command=$(compile_command mm/util.o)
	if [ -n "$command" ] && echo '#include <linux/mmu_notifier.h>' | sh -c "$command -fsyntax-only -x c -" >&2; then
		echo "ok mmu_notifier.h compiles on its own $2 CONFIG_MMU_NOTIFIER"
	else
		echo "FAIL mmu_notifier.h compiles on its own $2 CONFIG_MMU_NOTIFIER"
	fi
}
header .build-w1 with
header .build-without without

# Each example of the documentation is a complete file.
cd "$tree/.build-w1"
command=$(compile_command mm/util.o)
for number in 1 2 3 4 5; do
	example=$out/example-$number.c
	awk -v number=$number '/^\.\. This example is compiled/ { found++ }
		inside && /^[^ ]/ { exit }
		inside { sub(/^   /, ""); print }
		found == number && /^\.\. code-block:: c/ { inside = 1 }' "$tree/Documentation/mm/mmu_notifier.rst" >"$example"
	if [ "$(wc -l <"$example")" -gt 50 ] && [ -n "$command" ] && sh -c "$command -Werror -fsyntax-only -x c -" <"$example" >&2; then
		echo "ok example $number in mmu_notifier.rst compiles"
	else
		echo "FAIL example $number in mmu_notifier.rst compiles"
	fi
done

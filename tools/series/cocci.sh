#!/bin/sh
# make cocci DIR=/path/to/driver: what the checkers find in a driver that is not in the kernel's tree, and what to read.
# CONVERT=1 also converts a copy of its C files, in out/cocci/, from before struct mmu_notifier_range.  DIR is never written to.
. "$(dirname "$0")/lib/common.sh"
[ -n "${DIR:-}" ] || die "no driver: say make cocci DIR=/path/to/driver"
driver=$(cd "$DIR" 2>/dev/null && pwd -P) || die "DIR=$DIR is not a directory: give the one with the driver's C files"
[ ! -e "$driver/mm/mmu_notifier.c" ] || die "$driver is a kernel tree: give the directory of one driver, or see make coccicheck"
[ -n "$(find "$driver" -name '*.c' -print -quit)" ] || die "there is no C file in $driver: give the directory with the driver's source"
case ${CONVERT:-} in
'' | 0 | 1) ;;
*) die "CONVERT=$CONVERT is neither 0 nor 1: CONVERT=1 makes a converted copy" ;;
esac
command -v spatch >/dev/null || "$tools/lib/deps.sh" check
work=$root/build/cocci
rm -rf "$work"
mkdir -p "$work"
# spatch would take the options of a .cocciconfig where it runs, and finds nothing in a directory with a space in its path.
cd "$work"
ln -s "$driver" driver

# run COCCI ARG...: spatch, which says the reason if it fails.
run() {
	file=$1
	shift
	spatch --very-quiet --no-includes --cocci-file "$file" "$@" 2>stderr || {
		cat stderr >&2
		die "spatch failed on $driver with ${file#"$root/"}: see above"
	}
}

: >reports
for file in "$root"/scripts/coccinelle/*/mmu_*.cocci; do
	run "$file" -D report --no-show-diff --dir driver/ >said
	sed -E "s,^driver/,,; s/^([^:]*:[0-9]+):[0-9]+-[0-9]+:/\1:/" said >>reports
done
sort -u -t: -k1,1 -k2,2n -k3 reports
say "$(sort -u reports | wc -l) findings in $(find "$driver" -name '*.c' | wc -l) C files; functions that spatch cannot parse, and operations in an #else, are passed over"
say "the rules, and who waits for whom: $root/Documentation/mm/mmu_notifier.rst"

[ "${CONVERT:-0}" = 1 ] || exit 0
copy=$root/out/cocci/${driver##*/}
whole_or_nothing "$copy"
ln -s "$new" copy
(cd "$driver" && find . -name '*.[ch]' -exec cp --parents -t "$new" {} +)
for step in range range_callback event; do
	run "$root/scripts/coccinelle/api/mmu_notifier_$step.cocci" -D patch --in-place --dir copy/ >>converted
done
diff -ru "$driver" "$new" | grep -v '^Only in ' >"$work/diff" || :
for step in range range_callback; do
	run "$root/scripts/coccinelle/api/mmu_notifier_$step.cocci" -D report --no-show-diff --dir copy/ | sed -nE "s,^copy/([^:]*:[0-9]+):[^:]*: ERROR:,by hand: \1:,p"
done | sort -t: -k2,2 -k3,3n
rm -rf "$copy"
keep
say "$(grep -c '^+++ ' "$work/diff" || :) files are converted in $copy; each event is MMU_NOTIFY_UNMAP, which is safe: the same page tells how to be precise"

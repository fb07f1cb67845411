#!/bin/sh
# findings.sh [BASE]: what the checkers find in a whole pristine tree.  Called by hand: findings are about other people's code.
# Each has to be judged in findings.md, and each function that starts or ends an invalidation in callers.md.  It takes some
# minutes.
[ $# = 0 ] || export BASE="$1"
. "$(dirname "$0")/../lib/common.sh"
"$tools/lib/deps.sh" test
stock=$("$tools/stock.sh")
work=$root/build/test/$name/cocci-findings
rm -rf "$work"
mkdir -p "$work/tree"

# Only files that a rule can match, which all need one of these; spatch would read the other 60,000 for hours.  spatch runs
# outside of the tree, whose .cocciconfig asks for git.
names='mmu_(notifier|interval)|(\.|->)invalidate(_[a-z_]+)? = '
(cd "$stock" && grep -rlE "$names" --include='*.c' --exclude-dir='.build-*' . | grep -vE '^\./(Documentation|mm/mmu_notifier\.c)') |
	sed 's,^\./,,' >"$work/files"
(cd "$stock" && xargs cp --parents -t "$work/tree") <"$work/files"
cd "$work"
say "searching $(wc -l <files) files of Linux $(cat "$src/version")"

# Those that also convert look for what is not there any more.
checkers=$(grep -L 'mmu_notifier_range_init(' "$root"/scripts/coccinelle/*/mmu_*.cocci)
check() { nice spatch --very-quiet -D report --no-show-diff --no-includes --dir "$work/tree" --cocci-file "$@" 2>>said; }
for file in $checkers; do
	check "$file" | sed -E "s,^$work/tree/,,; s/:([0-9]+):[0-9]+-[0-9]+:/:\1:/"
done | sort -t: -k1,1 -k2,2n >findings

# What spatch could not parse it does not check: the calls that it has not seen.
cat >calls.cocci <<-'END'
	virtual report

	@call@
	identifier f = {mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_interval_notifier_remove,mmu_interval_read_begin,mmu_interval_read_retry,mmu_interval_set_seq,mmu_notifier_invalidate_range_start,mmu_notifier_invalidate_range_start_nonblock,mmu_notifier_invalidate_range_end,mmu_notifier_invalidate_range_only_end};
	iterator name scoped_guard;
	position p;
	@@

	 f@p(...)

	@script:python@
	p << call.p;
	f << call.f;
	@@

	coccilib.report.print_report(p[0], "%s calls %s" % (p[0].current_element, f))
END
check calls.cocci | sed "s,^$work/tree/,," >calls
sed -E 's/:([0-9]+):.*/:\1/' calls | sort -u >seen
(cd tree && grep -rnE '\bmmu_(interval_(notifier_(insert|insert_locked|remove)|read_begin|read_retry|set_seq)|notifier_invalidate_range_(start|start_nonblock|end|only_end)) *\(' .) |
	sed -E 's,^\./,,' | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)' | sed -E 's/^([^:]*:[0-9]+):.*/\1/' | sort -u >there

new=0
while IFS= read -r finding; do
	file=${finding%%:*}
	text=$(printf '%s\n' "${finding#*: }" | sed 's/ on line [0-9]*//')
	if grep -qF "| $file | $text |" "$tools/cocci/findings.md"; then
		echo "judged: $finding"
	else
		echo "NEW: $finding"
		new=$((new + 1))
	fi
done <findings
comm -13 seen there | sed 's/^/not parsed: /'

# The functions of this base in callers.md; a dash stands for all bases.
base=$(merge base "$stock")
[ "$base" != mainline ] || base=$(cut -d. -f1,2 "$src/version")
sed -nE 's/^([^:]+):.*: (\w+) calls mmu_notifier_invalidate_range_.*/\1 \2/p' calls | sort -u >callers
awk -F' *[|] *' -v base="$base" '$2 ~ /[.]c$/ && ($4 == "-" || index(", " $4 ",", ", " base ",")) { print $2, $3 }' \
	"$tools/cocci/callers.md" | sort -u >callers.judged
comm -23 callers callers.judged | sed 's/^/NEW caller: /'
comm -13 callers callers.judged | sed 's/^/no caller any more: /'
callers=$(comm -3 callers callers.judged | wc -l)

# Would it have been found?  Leave each function that starts a range right after the start.
cp -r tree mutants
grep -rlE 'mmu_notifier_invalidate_range_start\(' mutants | while read -r file; do
	awk -v file="${file#*/}" '{ print; line++ }
		/^[\t ]*mmu_notifier_invalidate_range_start\(.*\);/ {
			print "if (mutant())\nreturn;"
			line += 2
			print file ":" line >>"left"
		}' "$file" >mutant
	cp mutant "$file"
done
nice spatch --very-quiet -D report --no-show-diff --no-includes --dir "$work/mutants" \
	--cocci-file "$root/scripts/coccinelle/api/mmu_notifier.cocci" 2>>said |
	sed -E "s,^$work/mutants/,,; s/:([0-9]+):.*/:\1/" | sort -u >caught
sort -o left left
comm -23 left caught | sed 's/^/mutant not found: /'
echo "$(comm -12 left caught | wc -l) of $(wc -l <left) mutants found"

echo "Linux $(cat "$src/version"): $(wc -l <findings) findings, $new of them new; $(comm -12 seen there | wc -l) of $(wc -l <there) calls seen; $(wc -l <callers) callers"
[ "$new" = 0 ] || die "judge what is new in tools/series/cocci/findings.md"
[ "$callers" = 0 ] || die "judge the callers in tools/series/cocci/callers.md"

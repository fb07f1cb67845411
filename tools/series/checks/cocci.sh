#!/bin/sh
# cocci.sh TREE: the semantic patches: what they report of the files in cocci/check, what they make of those in
# cocci/convert, and whether make coccicheck of TREE says the same.  Called by sections.sh.
# Each kind of mistake has a file in check/bad, which must be reported, and one in check/good, of which nothing must.
# cocci/expected has each report: NAME: FILE:LINE: TEXT.  What differs little from another file is kept as the difference, in
# a file *.diff.  If a semantic patch is to make something else of it, take what it makes from build/test, beside the file that
# it is made of, and run "diff -U0 --label FROM --label TO FROM TO >WHICH.diff".
# What make coccicheck finds in our own files is to be judged in cocci/findings.md.  cocci/expected.vma is for kernels whose
# mmu_notifier_range_init() takes a VMA.
. "$(dirname "$0")/../lib/common.sh"
tree=$1
cocci=$tree/scripts/coccinelle
work=$root/build/test/$name/cocci
corpus=$work/corpus
rm -rf "$work"
mkdir -p "$work/o" "$work/ours" "$corpus"
cp -R "$tools/cocci/check" "$tools/cocci/convert" "$corpus"
# Others are of what the first of these makes.
for diff in "$corpus"/convert/*.range.diff "$corpus"/convert/*.diff "$corpus"/check/bad/*.diff; do
	[ -e "$diff" ] || continue
	{ read -r _ from; read -r _ to; } <"$diff"
	patch -s -F0 -o "${diff%/*}/$to" "${diff%/*}/$from" "$diff" || die "${diff##*/} does not apply to $from any more"
	rm "$diff"
done
(cd "$tree" && sed -n '/\.[ch]$/p' "$tree.manifest" | xargs cp --parents -t "$work/ours")
cd "$work"

same() {
	if diff -u "$2" "$3" >"$work/diff"; then echo "ok $1"; else
		echo "FAIL $1"
		sed 's/^/     /' "$work/diff" | head -n 30
	fi
}

# run MODE COCCI ARG...: spatch, without what it says about its own isomorphisms.
run() {
	mode=$1 file=$2
	shift 2
	spatch --very-quiet -D "$mode" --no-includes --cocci-file "$file" "$@" 2>"$work/stderr" || {
		cat "$work/stderr" >&2
		echo "spatch failed"
	}
	grep -v "^Warning: PARSING: type defaults to 'int'" "$work/stderr" || :
}

# takes_vma: does mmu_notifier_range_init() of this tree take one?
takes_vma() { grep -q 'struct vm_area_struct \*vma' "$tree/include/linux/mmu_notifier.h"; }

# plain: what spatch says in report mode, in the form of the file "expected".  make of 7.2 runs it in the directory M.
plain() { sed -E "s,^($corpus|\.)/([^: ]*:[0-9]+):[0-9]+-[0-9]+: ,$patch: \2: ,"; }
sorted() { sort -t: -k2,2 -k3,3n -k1,1; }

# make_coccicheck DIR: with the semantic patch $file.
make_coccicheck() {
	make -s -C "$tree" O="$work/o" coccicheck COCCI="$file" MODE=report M="$1" J=1 >make.out 2>&1 ||
		echo "make coccicheck failed" >>make.out
	grep -E "^($1|\.)/|failed|^EXN|\*\*\*" make.out || :
}

: >reports
: >coccicheck
: >ours.reports
for file in "$cocci"/*/mmu_*.cocci; do
	patch=$(basename "$file" .cocci)
	for mode in patch context org report; do
		grep -q "^virtual $mode$" "$file" || continue
		what="spatch --parse-cocci $patch, mode $mode"
		spatch --parse-cocci -D "$mode" "$file" >parse 2>&1 || echo "error: spatch failed" >>parse
		grep -E '^([Ww]arning|.* (parse|semantic) error|error):' parse | grep -v "type defaults to 'int'" >said || :
		same "$what" /dev/null said
	done
	# coccicheck takes every line with this word for the options.
	if [ "$(grep -c 'Options:' "$file")" = 1 ]; then echo "ok options of $patch"; else echo "FAIL options of $patch"; fi
	# "spatch --version" tells whose syntax it takes: PCRE on Debian 12, Str on Debian 13, with others for groups and alternatives.
	grep -nE '[=!]~ "[^"]*[(){}|\\]' "$file" >said || :
	same "regular expressions of $patch mean one thing" /dev/null said
	run report "$file" --no-show-diff --dir "$corpus" | plain >>reports
	run org "$file" --no-show-diff --dir "$corpus" | sed -nE "s,.*view:$corpus/([^:]*)::.*linb=([0-9]+)::.*,$patch: \1:\2,p" | sort >org.lines
	cut -d: -f1-3 reports | grep "^$patch:" | sort >report.lines
	same "org mode of $patch reports the same" report.lines org.lines
	# The lines that context mode removes are those that the diff is about: each report is among them.
	run context "$file" --dir "$corpus" | awk -v name="$patch" -v top="$corpus/" '
		/^--- / { file = substr($2, length(top) + 1); next }
		/^@@ / { split($2, at, ","); line = -at[1]; next }
		/^-/ { print name ": " file ":" line }
		/^[ -]/ { line++ }' | sort >context.lines
	sort -u report.lines | comm -23 - context.lines >said
	same "context mode of $patch shows each report" /dev/null said
	if [ "$patch" = mmu_notifier_event ]; then
		run report "$file" -D vma --no-show-diff --dir "$corpus" | plain | sorted >vma.sorted
		same "reports of $patch -D vma" "$tools/cocci/expected.vma" vma.sorted
	fi
	make_coccicheck "$corpus" | plain >>coccicheck
	make_coccicheck "$work/ours" | sed -E "s,^($work/ours|\.)/,," >>ours.reports
done
sorted <reports >reports.sorted
sorted <coccicheck >coccicheck.sorted
cd "$corpus"
for file in check/*/*.c convert/*.c; do
	grep " $file:" "$tools/cocci/expected" >"$work/expected" || :
	grep " $file:" "$work/reports.sorted" >"$work/reported" || :
	same "reports of cocci/$file" "$work/expected" "$work/reported"
done
cd "$work"
same "no other reports" "$tools/cocci/expected" reports.sorted
for kind in bad good; do (cd "$corpus/check/$kind" && printf '%s\n' *.c | sort) >"$kind"; done
sed -nE 's,^[^:]*: check/bad/([^:]*):.*,\1,p' reports.sorted | sort -u >reported
same "each kind of mistake has a file in check/bad and one in check/good" bad good
same "each file of check/bad is reported" bad reported
grep ' check/good/' reports.sorted >said || :
same "nothing is reported of check/good" /dev/null said
cp "$tools/cocci/expected" expected
if takes_vma; then
	grep -v '^mmu_notifier_event:' "$tools/cocci/expected" | cat - "$tools/cocci/expected.vma" | sorted >expected
fi
same "make coccicheck reports the same" expected coccicheck.sorted

# In the form of the table in findings.md, without the numbers of lines.
sed -E 's/ on line [0-9]+//; s/^([^ :]+):[0-9]+:[0-9]+-[0-9]+: (.*)/| \1 | \2 |/' ours.reports | sort -u >ours.found
# The last table is only for kernels that take a VMA.
if takes_vma; then last='$'; else last='/^On 6.1/'; fi
sed -n "/^## In this series/,${last}p" "$tools/cocci/findings.md" | sed -nE 's/^(\| (include|lib|mm|tools)[^|]*\|[^|]*\|).*/\1/p' |
	sort -u | while IFS= read -r line; do
	# An old base is without some of the files.
	! echo "$line" | cut -d' ' -f2 | grep -qxFf - "$tree.manifest" || echo "$line"
done >ours.judged
same "make coccicheck of our files finds what is judged in findings.md" ours.judged ours.found

# convert FROM TO COCCI ARG...: is FROM, converted, the same as TO?
convert() {
	from=$1 to=$2 file=$cocci/api/$3.cocci
	shift 3
	cp "$corpus/convert/$from" converted.c
	run patch "$file" "$@" --in-place converted.c >said
	[ ! -s said ] || grep -q '^---' said || cat said >&2
	same "$(basename "$file" .cocci)${*:+ $*} makes $to of $from" "$corpus/convert/$to" converted.c
}
event=MMU_NOTIFY_CLEAR
convert calls.c calls.range.c mmu_notifier_range
convert calls.range.c calls.range.c mmu_notifier_range
convert by_hand.c by_hand.c mmu_notifier_range
convert callback.c callback.range.c mmu_notifier_range_callback
convert callback.range.c callback.range.c mmu_notifier_range_callback
convert callback_by_hand.c callback_by_hand.c mmu_notifier_range_callback
convert calls.range.c calls.event.c mmu_notifier_event -D event=$event
convert calls.range.c calls.vma.c mmu_notifier_event -D vma -D event=$event
convert calls.vma.c calls.event.c mmu_notifier_event
convert init.c init.event.c mmu_notifier_event -D event=$event
convert init.c init.vma.c mmu_notifier_event -D vma -D event=$event
convert calls.range.c calls.one.c mmu_notifier_event -D only -D fn=wp_page -D event=$event
convert ../check/bad/insert.c ../check/bad/insert.patched mmu_interval

compiles() {
	what=$1
	shift
	if gcc -std=gnu89 -Wall -Werror -Wno-implicit-function-declaration -Wno-unused -fsyntax-only "$@"; then
		echo "ok $what compiles"
	else
		echo "FAIL $what compiles"
	fi
}
for file in calls.range calls.event calls.one init.event callback.range; do compiles "$file.c" "$corpus/convert/$file.c"; done
for file in calls.vma init.vma; do compiles "$file.c with VMAs" -DVMA "$corpus/convert/$file.c"; done

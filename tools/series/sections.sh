# shellcheck shell=sh disable=SC2154 # to be included after common.sh
# How test.sh, check.sh and series-check.sh run check scripts.  Each prints "ok", "FAIL" or "skip" and a name for each thing it
# checks; tally() counts them in the last line.
out=$root/build/test/$name
mkdir -p "$out"
: >"$out/tally"

# section NAME SCRIPT ARG...: runs a check script, which prints verdict lines.  One that dies is a failure of its own.
section() {
	section=$1
	shift
	say "checking: $section"
	"$@" >"$out/$section.out" || echo "FAIL $section: the check itself ended early, see above" >>"$out/$section.out"
	cat "$out/$section.out"
	grep -E '^(ok|FAIL|skip) ' "$out/$section.out" >>"$out/tally" || echo "FAIL $section: it checked nothing" | tee -a "$out/tally"
}

# What needs no boot: make check, with which make test begins.
static_sections() {
	section style "$tools/check-style.sh"
	section source "$tools/check-source.sh" "$stock" "$tree"
	section docs "$tools/check-docs.sh" "$tree"
	section litmus python3 "$tools/check-litmus.py" "$tree"
	section cocci "$tools/check-cocci.sh" "$tree"
	section build "$tools/check-build.sh" "$stock" "$tree"
	section sparse "$tools/check-sparse.sh" "$tree"
	section context "$tools/check-context.sh" "$tree"
}

count() { grep -c "^$1 " "$out/tally" || :; }

tally() {
	echo "Linux $(cat "$src/version"):"
	echo "$(count ok) passed, $(count FAIL) failed, $(count skip) skipped"
	[ "$(count FAIL)" = 0 ]
}

#!/bin/sh
# make test: everything that must hold.  Each check prints "ok", "FAIL" or "skip" and its name; the last line counts them.
. "$(dirname "$0")/common.sh"
"$tools/deps.sh" test
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
count() { grep -c "^$1 " "$out/tally" || :; }

section style "$tools/check-style.sh"
section input "$tools/check-input.sh"

stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
section series "$tools/check-series.sh" "$stock" "$tree"
section source "$tools/check-source.sh" "$stock" "$tree"
section cocci "$tools/check-cocci.sh" "$tree"
section litmus python3 "$tools/check-litmus.py" "$tree"
section kunit-um "$tools/check-kunit.sh" um
section reports "$tools/check-reports.sh"
section kunit-x86_64 "$tools/check-kunit.sh" x86_64
section build "$tools/check-build.sh" "$stock" "$tree"

echo "Linux $(cat "$src/version"):"
echo "$(count ok) passed, $(count FAIL) failed, $(count skip) skipped"
[ "$(count FAIL)" = 0 ]

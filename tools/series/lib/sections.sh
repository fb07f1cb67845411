# shellcheck shell=sh disable=SC2154 # to be included after common.sh
# How test.sh, check.sh and bisect.sh run checks.  Each prints "ok", "FAIL" or "skip" and a name for each thing it checks;
# tally() counts them in the last line, all since start_tally().  Called by test.sh, check.sh, bisect.sh.
out=$root/build/test/$name
target=$(basename "$0" .sh)

start_tally() {
	mkdir -p "$out"
	rm -f "$out"/*.tally
	touch "$out/times" "$out/times.before"
	# What did not run the last time keeps its time.
	sort -su -k1,1 -o "$out/times.before" "$out/times" "$out/times.before"
	: >"$out/times"
}

# section NAME SCRIPT ARG...: runs a check script, which prints verdict lines.  One that dies is a failure of its own.
section() {
	section=$1 started=$(date +%s)
	shift
	last=$(grep "^$section " "$out/times.before" 2>/dev/null | cut -d' ' -f2- | grep .) || last='the first time'
	say "checking: $section ($last; log: ${out#"$root/"}/$section.out)"
	"$@" >"$out/$section.out" || echo "FAIL $section: the check itself ended early, see above" >>"$out/$section.out"
	grep -E '^(ok|FAIL|skip) ' "$out/$section.out" >"$out/$section.tally" ||
		echo "FAIL $section: it checked nothing" | tee -a "$out/$section.out" >"$out/$section.tally"
	echo "$section $(($(date +%s) - started)) s" >>"$out/times"
	# Two at a time speak one after the other.
	flock "$out/times" cat "$out/$section.out"
	# It is whole, also where only some are wanted.
	(unset ONLY && exec 8>>"$out/times" && flock 8 && record "$target/$section" "$out/$section.tally")
}

# What needs no boot: make check, with which make test begins.
static_sections() {
	section style "$tools/checks/style.sh"
	section source "$tools/checks/source.sh" "$stock" "$tree"
	section docs "$tools/checks/docs.sh" "$tree"
	section litmus python3 "$tools/checks/litmus.py" "$tree"
	section cocci "$tools/checks/cocci.sh" "$tree"
	section build "$tools/checks/build.sh" "$stock" "$tree"
	section sparse "$tools/checks/sparse.sh" "$tree"
	section context "$tools/checks/context.sh" "$tree"
}

tally() {
	say "it took: $(paste -sd, "$out/times" | sed 's/,/, /g')"
	cat "$out"/*.tally | sed -n 's/^skip /     skipped: /p; s/^FAIL /     failed: /p'
	[ -n "${ONLY:-}" ] || record "$target" "$out"/*.tally
	echo "Linux $(cat "$src/version")${ONLY:+, only $ONLY}:"
	counts "$out"/*.tally
}

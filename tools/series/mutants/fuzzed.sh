#!/bin/sh
# fuzzed.sh [SECONDS [NAME...]]: which of the mutants that a test notices, or of these, does the core in user space notice alone: by
# its corpus, or else by calls at random for so long (10)?  All of them take two hours.  Called by hand.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/user-core.sh"
seconds=${1:-10}
[ $# = 0 ] || shift
tree=$("$tools/tree.sh" series)
work=$root/build/fuzzed/$name
[ -d "$tree/$user_core" ] || die "this base has no $user_core"
# shellcheck disable=SC2046 # a list of words
[ $# != 0 ] || set -- $(awk '/^mutant: / { name = $2; names[name] } /^(survives|litmus): / { delete names[name] }
	END { for (name in names) print name }' "$tools/mutants/list" | sort)
copy_user_core "$tree" "$work/good"
make -C "$work/good/$user_core" CC="ccache gcc" replay >"$work/log" 2>&1 || die "see $work/log"

# noticed ARG...: what replay says then; fails if that is nothing.
noticed() {
	(cd "$work/planted/$user_core" && ./replay "$@") >"$work/log" 2>&1 && return 1
	grep -o 'mmu_notifier: task.*\|runtime error: .*\|AddressSanitizer: [a-z-]*' "$work/log" | head -n 1
}

for mutant; do
	# Times stay, so only what is changed is compiled.
	rm -rf "$work/planted"
	cp -a "$work/good" "$work/planted"
	if ! python3 "$tools/mutants/mutants.py" plant "$mutant" "$work/planted" 2>/dev/null ||
		! make -C "$work/planted/$user_core" CC="ccache gcc" replay >"$work/log" 2>&1; then
		echo "skip $mutant: not in this form"
	elif said=$(noticed corpus); then
		echo "ok $mutant corpus: $said"
	elif said=$(noticed -r "$seconds"); then
		echo "ok $mutant random: $said"
	else
		echo "missed $mutant"
	fi
done | tee "$work/report"
awk '{ n[$1]++; if ($1 == "ok") by[$3]++ }
	END { printf "%d of %d noticed, %d by the corpus\n", n["ok"], n["ok"] + n["missed"], by["corpus:"] }' "$work/report"

#!/bin/sh
# make verify: make test, the short forms of make clients and make users, CRCs with kabi/, and the tests on kernels that make test
# leaves out: each file in boot/configs/verify is one.  What has passed with these sources is not done again; a line of counts ends
# it all.  TORTURE_SECONDS is how long each kernel is tortured (60), TORTURE_FAST_SECONDS how long that without checks is, without
# sleeps (3600).
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" test
stock=$("$tools/stock.sh") tree=$("$tools/tree.sh" series)
out=$root/build/verify/$name
mkdir -p "$out"
: >"$out/tally"
seconds=${TORTURE_SECONDS:-60} fast_seconds=${TORTURE_FAST_SECONDS:-3600}

# state [CONFIG]: of what a part depends on: the sources that are merged, and the tools, or for a kernel those that it takes.
state() (
	cat "$src/version"
	echo "$seconds $fast_seconds"
	cd "$tree"
	xargs sha256sum <"$tree.manifest"
	cd "$tools"
	if [ -z "${1:-}" ]; then
		find . -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum
	else
		cat "$1" boot/configs/*.config checks/kernel.sh boot/kunit.sh boot/torture.sh boot/results.py boot/torture.py
		planted=$(sed -n 's/^# planted: \([^:]*\):.*/\1/p' "$1")
		sed -n "/^mutant: $planted\$/,/^\$/p" mutants/list
	fi
)

# part NAME CONFIG COMMAND...: runs a command that prints verdict lines, unless it has passed already.
number=0
part() {
	part=$1
	state "$2" | sha256sum >"$out/state"
	shift 2
	number=$((number + 1))
	if cmp -s "$out/state" "$out/$part.passed"; then
		say "verify, $number of $parts: $part has passed already"
	else
		say "verify, $number of $parts: $part"
		rm -f "$out/$part.passed"
		"$@" >"$out/$part.out" || echo "FAIL $part: it ended early, see above" >>"$out/$part.out"
		grep -qE '^(ok|FAIL|skip) ' "$out/$part.out" || echo "FAIL $part: it checked nothing" >>"$out/$part.out"
		grep -q '^FAIL ' "$out/$part.out" || cp "$out/state" "$out/$part.passed"
	fi
	cat "$out/$part.out"
	grep -E '^(ok|FAIL|skip) ' "$out/$part.out" >>"$out/tally"
}

# The largest scenario of the schedules.
schedules() {
	case=overlapping_invalidations log=$out/schedules.log
	timeout 3000 "$tree/.build-um/linux" mem=1G console=tty kunit_shutdown=halt mmu_notifier_benchmark.chain_ms=1 \
		"kunit.filter_glob=mmu_notifier_schedule.$case" >"$log" 2>&1 </dev/null || say "it ends with an error"
	python3 "$tools/boot/results.py" case schedules "$log" "$case"
}

# Torture without sleeps, most of the time as it is, and some of it where all that the core tracks by itself is taken.
fast() {
	build=$("$tools/boot/fast.sh" "$tree")
	"$tools/boot/torture.sh" "$build" fast SUCCESS fast=1 "duration=$fast_seconds" stall=120
	for ballast in 62 63; do
		"$tools/boot/torture.sh" "$build" "fast-ballast=$ballast" SUCCESS fast=1 ballast=$ballast "duration=$seconds" stall=120
	done
}

set -- "$tools"/boot/configs/verify/*.config
parts=$(($# + 5))
part test "" "$tools/test.sh"
part more "" "$tools/test.sh" more "$stock" "$tree"
part schedules "" schedules
part fast "" fast
part planted "" "$tools/checks/torture-planted.sh" "$seconds"
for config; do
	part "$(basename "$config" .config)" "$config" "$tools/checks/kernel.sh" "$config" "$seconds"
done

ended verify "$out/tally"

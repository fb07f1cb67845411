#!/bin/sh
# make verify: make test, the short forms of make clients and make users, CRCs with kabi/, and the tests on kernels that make test
# leaves out: each file in boot/configs/verify is one.  What has passed with these sources is not done again; a line of counts ends
# it all.  ONLY='PART ...' does some of its parts; each leaves a record.  TORTURE_SECONDS is how long each kernel is tortured (60),
# TORTURE_FAST_SECONDS how long that without checks is, without sleeps (3600), FUZZ_SECONDS how long the core is fuzzed in user
# space (3600).
. "$(dirname "$0")/lib/common.sh"
configs=$(cd "$tools/boot/configs/verify" && basename -s .config -a -- *.config)
all="test more schedules fast fuzz planted $(echo "$configs" | paste -sd' ')"
for part in ${ONLY:-}; do
	echo " $all " | grep -q " $part " || die "unknown part $part: give some of $all in ONLY"
done
wanted=${ONLY:-$all}
parts=$(echo "$wanted" | wc -w)
# The targets that parts run have an ONLY of their own.
unset ONLY
"$tools/lib/deps.sh" test
stock=$("$tools/stock.sh") tree=$("$tools/tree.sh" series)
out=$root/build/verify/$name
mkdir -p "$out"
: >"$out/tally"
# Runs with other durations leave no record.
other=${TORTURE_SECONDS:-}${TORTURE_FAST_SECONDS:-}${FUZZ_SECONDS:-}
seconds=${TORTURE_SECONDS:-60} fast_seconds=${TORTURE_FAST_SECONDS:-3600} fuzz_seconds=${FUZZ_SECONDS:-3600}

# state FILE...: of what a part depends on: the sources that are merged, as far as it uses them, and these files and folders of the
# tools.
state() (
	cat "$src/version"
	echo "$seconds $fast_seconds $fuzz_seconds"
	cd "$tree"
	case $part in
	test | more) unused='^$' ;;
	fast | planted) unused='^(Documentation|scripts|tools|mm/tests)/|^MAINTAINERS$' ;;
	fuzz) unused='^(Documentation|scripts|lib|mm/tests|tools/testing/selftests)/|^MAINTAINERS$' ;;
	*) unused='^(Documentation|scripts)/|^MAINTAINERS$' ;;
	esac
	grep -vE "$unused" "$tree.manifest" | xargs sha256sum
	cd "$tools"
	find "$@" -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum
	# Each of these kernels is also built with a mutant, which it must notice.
	find "$@" -name '*.config' -exec sed -n 's/^# planted: \([^:]*\):.*/\1/p' {} + | while read -r mutant; do
		sed -n "/^mutant: $mutant\$/,/^\$/p" mutants/list
	done
)

# part NAME FILES COMMAND...: runs a command that prints verdict lines and depends on these FILES, if it is wanted and has not passed
# already.
number=0
part() {
	part=$1
	case " $wanted " in *" $part "*) ;; *) return ;; esac
	# shellcheck disable=SC2086 # a list of words
	state $2 | sha256sum >"$out/state"
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
	grep -E '^(ok|FAIL|skip) ' "$out/$part.out" >"$out/$part.verdicts"
	[ -n "$other" ] || record "verify $part" "$out/$part.verdicts"
	cat "$out/$part.verdicts" >>"$out/tally"
}

# The largest scenario of the schedules.
schedules() {
	case=overlapping_invalidations log=$out/schedules.log
	LD_PRELOAD=$(python3 "$tools/boot/boots.py" preload "$tree/.build-um") \
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

boot='boot/kunit.sh boot/torture.sh boot/torture.py boot/results.py boot/configs/x86_64.config boot/configs/without.config'
fast='boot/fast.sh bench/wall.sh bench/um-barriers.h bench/icount.sh bench/wall.config bench/wall-smp.config bench/icount.config lib/kbuild.sh'
part test . "$tools/test.sh"
part more . "$tools/test.sh" more "$stock" "$tree"
part schedules "$boot" schedules
part fast "$boot $fast" fast
part fuzz 'checks/fuzz.sh lib/user-core.sh mutants/list' "$tools/checks/fuzz.sh" "$tree" "$fuzz_seconds"
part planted "$boot checks/torture-planted.sh mutants/list mutants/mutants.py" "$tools/checks/torture-planted.sh" "$seconds"
for config in $configs; do
	file=boot/configs/verify/$config.config
	part "$config" "$boot checks/kernel.sh $file" "$tools/checks/kernel.sh" "$tools/$file" "$seconds"
done

if [ "$other$wanted" = "$all" ]; then ended verify "$out/tally"; else counts "$out/tally"; fi

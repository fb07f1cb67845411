#!/bin/sh
# make test: everything that must hold.  Each check prints "ok", "FAIL" or "skip" and its name; the last line counts them.
# ONLY='PART ...' does some of its parts: um (user mode), um-series (of that the series, without stock beside it), x86_64, plain
# (the kernel without checks), others, static (make check).
# "test.sh PART STOCK TREE" is a part of it, for itself.
. "$(dirname "$0")/lib/common.sh"
. "$tools/lib/sections.sh"
part=${1:-all} stock=${2:-} tree=${3:-}

case $part in
all)
	# Two at a time: where one waits for an emulator or sleeps, the other compiles.  The longest come first.
	parts='um x86_64 plain others static'
	for wanted in ${ONLY:-}; do
		echo " $parts um-series " | grep -q " $wanted " || die "unknown part $wanted: give some of $parts um-series in ONLY"
	done
	"$tools/lib/deps.sh" test
	start_tally
	stock=$("$tools/stock.sh")
	case " ${ONLY:-$parts} " in *' others '*) section input "$tools/checks/input.sh" ;; esac
	tree=$("$tools/tree.sh" series)
	"$tools/tree.sh" stock-tests >/dev/null
	"$tools/tree.sh" stock-fixes >/dev/null
	# shellcheck disable=SC2086 # a list of words
	printf '%s\n' ${ONLY:-$parts} | xargs -P 2 -I '{}' "$0" '{}' "$stock" "$tree" ||
		echo "FAIL make test: a part of it ended early, see above" | tee "$out/parts.tally"
	tally
	;;
um | um-series)
	section "kunit-$part" "$tools/checks/suites.sh" "$part"
	section reports "$tools/checks/must-report.sh" "$part"
	section "torture-$part" "$tools/checks/torture-runs.sh" "$part"
	;;
x86_64)
	section kunit-x86_64 "$tools/checks/suites.sh" x86_64
	section torture-x86_64 "$tools/checks/torture-runs.sh" x86_64
	section hmm "$tools/clients/short.sh" "$stock" "$tree" hmm "$src/series/.build-x86_64"
	;;
static) static_sections ;;
others)
	section export "$tools/checks/export.sh" "$stock" "$tree"
	section imitated "$tools/checks/imitated.sh" "$stock"
	section abi "$tools/checks/abi.sh" "$stock" "$tree"
	section fuzz "$tools/checks/fuzz.sh" "$tree" "${FUZZ_SECONDS:-60}"
	;;
plain)
	section cost "$tools/bench/gate.sh"
	section torture-plain "$tools/checks/torture-runs.sh" plain
	section module "$tools/checks/module.sh" "$stock" "$tree"
	;;
# For make verify.
more)
	section clients "$tools/clients/short.sh" "$stock" "$tree"
	section users "$tools/users/short.sh" "$stock" "$tree"
	section kabi "$tools/checks/kabi.sh" "$stock"
	;;
*) die "test.sh: there is no part $part" ;;
esac

#!/bin/sh
# make test: everything that must hold.  Each check prints "ok", "FAIL" or "skip" and its name; the last line counts them.
# "test.sh PART STOCK TREE" is a part of it, for itself.
. "$(dirname "$0")/common.sh"
. "$tools/sections.sh"
part=${1:-all} stock=${2:-} tree=${3:-}

case $part in
all)
	"$tools/deps.sh" test
	start_tally
	section input "$tools/check-input.sh"
	stock=$("$tools/stock.sh")
	tree=$("$tools/tree.sh" series)
	"$tools/tree.sh" stock-tests >/dev/null
	"$tools/tree.sh" stock-fixes >/dev/null
	# Two at a time: where one waits for an emulator or sleeps, the other compiles.  The longest come first.
	printf '%s\n' um clients x86_64 static others cost | xargs -P 2 -I '{}' "$0" '{}' "$stock" "$tree" ||
		echo "FAIL make test: a part of it ended early, see above" | tee "$out/parts.tally"
	tally
	;;
um)
	section kunit-um "$tools/check-kunit.sh" um
	section reports "$tools/check-reports.sh"
	section torture-um "$tools/check-torture.sh" um
	;;
clients) section clients "$tools/check-clients.sh" "$stock" "$tree" ;;
x86_64)
	section kunit-x86_64 "$tools/check-kunit.sh" x86_64
	section torture-x86_64 "$tools/check-torture.sh" x86_64
	;;
static) static_sections ;;
others)
	section series "$tools/check-series.sh" "$stock" "$tree"
	section users "$tools/check-users.sh" "$stock" "$tree"
	;;
cost) section cost "$tools/check-cost.sh" ;;
*) die "test.sh: there is no part $part" ;;
esac

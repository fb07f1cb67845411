#!/bin/sh
# make clients: boots stock and the series in QEMU, each with the same tests of users of MMU notifiers (clients/tests).
# What stock passes the series must pass.  ONLY='GROUP ...' runs some of the groups, TESTS='NAME ...' some of their tests.
# RFC=1 has the users converted in the place of the series.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" clients
short=
. "$tools/clients/guest.sh"
groups=$(all_groups)
for group in ${ONLY:-}; do
	echo "$groups" | grep -qx "$group" || die "unknown group $group: give some of $(echo "$groups" | paste -sd' ') in ONLY"
done
groups=${ONLY:-$groups}
stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh")
what=$name${RFC:+-rfc}
work=$root/build/clients/$what
report=$root/out/clients/$what.md
mkdir -p "$work" "$root/out/clients"

# shellcheck disable=SC2086 # a list of words
plan $groups
if [ -n "${TESTS:-}" ]; then
	awk -v wanted=" $TESTS " 'index(wanted, " " $3 " ")' "$work/tests" >"$work/wanted"
	mv "$work/wanted" "$work/tests"
	groups=$(cut -d' ' -f1 "$work/tests" | uniq)
	[ -n "$groups" ] || die "none of the tests $TESTS: see $tools/clients/tests"
fi
stock_kernel=$(kernel "$stock")
series_kernel=$(kernel "$tree")
module "$stock" stock oom shapes
module "$tree" series oom shapes
selftests
initramfs
for group in $groups; do
	boot "$group" stock "$stock_kernel"
	boot "$group" series "$series_kernel"
done

# shellcheck disable=SC2086 # a list of words
compare() {
	python3 "$tools/clients/clients.py" compare "$work" "$report" $groups >"$work/verdicts"
	python3 "$tools/clients/figures.py" "$work" "$report" $groups
}
compare
# Some of these tests race with themselves now and then, on either kernel.  What fails is run again on both, at most twice; the
# table and the verdicts say so.
for _ in 1 2; do
	again=$again.again
	failing=$(sed -n 's/^FAIL clients \([^ :]*\) \([^ ]*\) .*/\1 \2/p' "$work/verdicts" | sort -u)
	for group in $(echo "$failing" | cut -d' ' -f1 | uniq); do
		only=$(echo "$failing" | awk -v group="$group" '$1 == group { print $2 }' | paste -sd' ')
		boot "$group" stock "$stock_kernel"
		boot "$group" series "$series_kernel"
	done
	compare
done
cat "$work/verdicts" "$report"
echo "table in $report:"
# Only whole groups on the series go into the table of what was verified.
if [ -n "${RFC:-}${TESTS:-}" ]; then counts "$work/verdicts"; else ended clients "$work/verdicts"; fi

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

# boot_group GROUP: on both.
boot_group() {
	boot "$1" stock "$stock_kernel"
	boot "$1" series "$series_kernel"
}

# shellcheck disable=SC2086 # a list of words
judge() {
	python3 "$tools/clients/clients.py" compare "$work" "$report" $groups >"$work/verdicts"
	python3 "$tools/clients/figures.py" "$work" "$report" $groups
}

boot_groups
cat "$work/verdicts" "$report"
echo "table in $report:"
# Only whole groups on the series go into the table of what was verified.
if [ -n "${RFC:-}${TESTS:-}" ]; then counts "$work/verdicts"; else ended clients "$work/verdicts"; fi

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Print what one run of the torture test of MMU notifiers has done: how many
# invalidations and faults, and the reason of a failure.
#
# Usage: kvm-recheck-mmu_notifier.sh resdir

resdir="$1"
if ! test -d "$resdir" || ! test -r "$resdir"
then
	echo "Unreadable results directory: $resdir"
	exit 1
fi

tr -d '\015' < "$resdir/console.log" 2> /dev/null |
awk -v scenario="${resdir##*/}" '
function value(name,  i, pair)
{
	for (i = 1; i <= NF; i++)
		if (split($i, pair, "=") == 2 && pair[1] == name)
			return pair[2];
}

/mmu_notifier-torture:--- Counters:/ {
	invalidations = value("invalidations");
	faults = value("established");
	seconds = value("seconds");
}

/mmu_notifier-torture:--- End of test:/ {
	reason = value("reason");
}

function rate(n)
{
	return seconds > 0 ? sprintf(" (%d/s)", n / seconds) : "";
}

END {
	line = scenario " -------";
	if (invalidations != "")
		line = line sprintf(" %d invalidations%s, %d faults%s",
				    invalidations, rate(invalidations),
				    faults, rate(faults));
	if (reason != "" && reason != "none")
		line = line ", failed: " reason;
	print line;
}'

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What kvm-test-1-run.sh asks about the torture test of MMU notifiers.

# mn_torture_onoff bootparam-string config-file
#
# The parameters for CPU hotplug, if the kernel has it and the caller gives none.
mn_torture_onoff () {
	if ! bootparam_hotplug_cpu "$1" && configfrag_hotplug_cpu "$2"
	then
		echo mmu_notifier_torture.onoff_interval=3 mmu_notifier_torture.onoff_holdoff=10
	fi
}

# per_version_boot_params bootparam-string config-file seconds
#
# The parameters of the test. Those that the caller gives come last and win.
per_version_boot_params () {
	echo "$(mn_torture_onoff "$1" "$2")" \
		mmu_notifier_torture.shutdown_secs="$3" \
		mmu_notifier_torture.stat_interval=15 \
		mmu_notifier_torture.verbose=1 \
		"$1"
}

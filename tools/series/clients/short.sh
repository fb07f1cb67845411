#!/bin/sh
# short.sh STOCK TREE [GROUP BUILD]: the short form of make clients: its short tests, on the series alone.  Called by test.sh: make
# verify runs it, and make test those of a group that has no module, with a kernel of BUILD that is there.
. "$(dirname "$0")/../lib/common.sh"
short=short
. "$tools/clients/guest.sh"
stock=$1 tree=$2 build=${4:-}
work=$root/build/test/$name/clients${3:+-$3}
mkdir -p "$work"

# shellcheck disable=SC2046,SC2086 # a list of words
plan ${3:-$(all_groups)}
if [ -n "$build" ]; then
	kernel=$build/arch/x86/boot/bzImage
else
	kernel=$(kernel "$tree")
	module "$tree" series oom shapes
fi
selftests
initramfs

boot_group() { boot "$1" series "$kernel"; }

# shellcheck disable=SC2086 # a list of words
judge() { python3 "$tools/clients/clients.py" alone "$work" $groups >"$work/verdicts"; }

boot_groups
cat "$work/verdicts"

#!/bin/sh
# short.sh STOCK TREE: the short form of make clients: its short tests, on the series alone.  Called by test.sh.  make verify runs it.
. "$(dirname "$0")/../lib/common.sh"
short=short
. "$tools/clients/guest.sh"
stock=$1 tree=$2
work=$root/build/test/$name/clients
mkdir -p "$work"

# shellcheck disable=SC2046 # a list of words
plan $(all_groups)
kernel=$(kernel "$tree")
module "$tree" series oom shapes
selftests
initramfs
for group in $groups; do
	boot "$group" series "$kernel"
done
# shellcheck disable=SC2086 # a list of words
python3 "$tools/clients/clients.py" alone "$work" $groups

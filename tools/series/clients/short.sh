#!/bin/sh
# short.sh STOCK TREE: the short form of make clients: its short tests, on the series alone.  Called by test.sh.
. "$(dirname "$0")/../lib/common.sh"
short=1
. "$tools/clients/lib.sh"
stock=$1 tree=$2
case $(merge base "$stock") in
6.*)
	echo "skip clients: the tests of HMM, KVM and RDMA that are run are those of Linux 7.2 and newer"
	exit
	;;
esac
work=$root/build/test/$name/clients
mkdir -p "$work"

kernel=$(kernel "$tree")
module "$tree" series
selftests
initramfs
groups=$(all_groups)
for group in $groups; do
	boot "$group" series "$kernel"
done
# shellcheck disable=SC2086 # a list of words
python3 "$tools/clients/clients.py" alone "$work" $groups

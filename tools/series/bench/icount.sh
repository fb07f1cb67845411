#!/bin/sh
# icount.sh TREE: builds TREE's kernel for x86-64 with what a distribution's has, and nothing that checks; trace events are off.
# Called by cost.sh, torture-runs.sh, module.sh, fast.sh: for counting instructions, and for torture without sleeps.  Prints its build directory.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/kbuild.sh"
cd "$1"
arch=x86_64 dir=.build-icount
# make test does both beside each other.
exec 8>"$dir.lock"
flock 8

# Where the kernel knows them only by their older names, or not yet.
mkdir -p "$dir"
cp "$tools/bench/icount.config" "$dir/icount.config"
grep -q '^config MITIGATION_RETPOLINE$' arch/x86/Kconfig || sed -i 's/^CONFIG_MITIGATION_/CONFIG_/' "$dir/icount.config"
grep -qsx 'config LIST_HARDENED' lib/Kconfig.debug security/Kconfig.hardening || sed -i '/^CONFIG_LIST_HARDENED=/d' "$dir/icount.config"

configure tinyconfig "$dir/icount.config"
build_kernel "the kernel ${PWD##*/} without checks, for x86-64" bzImage
echo "$PWD/$dir"

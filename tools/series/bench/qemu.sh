#!/bin/sh
# qemu.sh TREE HZ: builds TREE's kernel as icount.sh does, for two CPUs and so many ticks a second.  Called by bench.sh: for wall time
# beside that of user-mode Linux, whose locks and interrupts are not those of hardware.  Prints its build directory.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/kbuild.sh"
cd "$1"
hz=$2
arch=x86_64 dir=.build-qemu-$hz
mkdir -p "$dir"
{
	sed '/^CONFIG_HZ_/d' "$tools/bench/icount.config"
	echo "CONFIG_HZ_$hz=y"
} >"$dir/icount.config"
configure tinyconfig "$dir/icount.config" "$tools/bench/qemu.config"
build_kernel "the kernel ${PWD##*/} without checks, for two CPUs and HZ=$hz" bzImage
echo "$PWD/$dir"

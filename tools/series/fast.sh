#!/bin/sh
# fast.sh TREE: builds TREE's kernel for the torture test without sleeps: several CPUs, and nothing that checks or traces.
# That is the user-mode kernel of wall.sh where it is a multiprocessor, and otherwise one for x86-64, which QEMU emulates.
# Prints its build directory.
. "$(dirname "$0")/common.sh"
. "$tools/kbuild.sh"
cd "$1"
if grep -q UML_SUBARCH_SUPPORTS_SMP arch/um/Kconfig; then
	exec "$tools/wall.sh" "$PWD"
fi
arch=x86_64 dir=.build-fast

say "building the kernel in $PWD/$dir"
configure tinyconfig "$tools/configs/icount.config" "$tools/configs/fast.config"
kernel_make -j"$(nproc)" bzImage >"$dir/build.log" 2>&1 || {
	tail -n 40 "$dir/build.log" >&2
	die "it could not be built: see above, all of it is in $PWD/$dir/build.log"
}
echo "$PWD/$dir"

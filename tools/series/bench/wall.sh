#!/bin/sh
# wall.sh TREE: builds TREE's user-mode kernel without what checks or traces, a multiprocessor where the base has one: for
# bench.sh, and for the torture test without sleeps.  Prints its build directory.
. "$(dirname "$0")/common.sh"
. "$tools/kbuild.sh"
cd "$1"
arch=um dir=.build-wall

say "building the user-mode kernel in $PWD/$dir"
set -- "$tools/configs/wall.config"
! grep -q UML_SUBARCH_SUPPORTS_SMP arch/um/Kconfig || set -- "$@" "$tools/configs/wall-smp.config"
configure tinyconfig "$@"
kernel_make -j"$(nproc)" linux >"$dir/build.log" 2>&1 || {
	tail -n 40 "$dir/build.log" >&2
	die "it could not be built: see above, all of it is in $PWD/$dir/build.log"
}
echo "$PWD/$dir"

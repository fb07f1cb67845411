#!/bin/sh
# wall.sh TREE: builds TREE's user-mode kernel without what checks or traces, a multiprocessor where the base has one.
# Called by bench.sh, fast.sh: for wall time, and for torture without sleeps.  Prints its build directory.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/kbuild.sh"
cd "$1"
arch=um dir=.build-wall

say "building the user-mode kernel in $PWD/$dir"
set -- "$tools/bench/wall.config"
! grep -q UML_SUBARCH_SUPPORTS_SMP arch/um/Kconfig || set -- "$@" "$tools/bench/wall-smp.config"
configure tinyconfig "$@"
kernel_make -j"$jobs" linux >"$dir/build.log" 2>&1 || {
	tail -n 40 "$dir/build.log" >&2
	die "it could not be built: see above, all of it is in $PWD/$dir/build.log"
}
echo "$PWD/$dir"

#!/bin/sh
# wall.sh TREE: builds TREE's user-mode kernel without what checks or traces, a multiprocessor where the base has one.
# Its barriers are those of x86-64.  Called by bench.sh, fast.sh: for wall time, and for torture without sleeps.  Prints its build
# directory.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/kbuild.sh"
cd "$1"
arch=um dir=.build-wall

set -- "$tools/bench/wall.config"
! grep -q UML_SUBARCH_SUPPORTS_SMP arch/um/Kconfig || set -- "$@" "$tools/bench/wall-smp.config"
configure tinyconfig "$@"
cmp -s "$tools/bench/um-barriers.h" "$dir/um-barriers.h" || cp "$tools/bench/um-barriers.h" "$dir/um-barriers.h"
export KCFLAGS="-include um-barriers.h"
build_kernel "the kernel ${PWD##*/} without checks, for user mode" linux
echo "$PWD/$dir"

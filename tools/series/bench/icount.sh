#!/bin/sh
# icount.sh TREE: builds TREE's kernel for x86-64 with what a distribution's has, and nothing that checks or traces.
# Called by cost.sh, fast.sh: for counting instructions, and for torture without sleeps.  Prints its build directory.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/kbuild.sh"
cd "$1"
arch=x86_64 dir=.build-icount
# make test does both beside each other.
exec 8>"$dir.lock"
flock 8

configure tinyconfig "$tools/bench/icount.config"
build_kernel "the kernel ${PWD##*/} without checks, for x86-64" bzImage
echo "$PWD/$dir"

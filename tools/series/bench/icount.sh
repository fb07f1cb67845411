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

say "building the kernel in $PWD/$dir"
configure tinyconfig "$tools/bench/icount.config"
kernel_make -j"$jobs" bzImage >"$dir/build.log" 2>&1 || {
	tail -n 40 "$dir/build.log" >&2
	die "it could not be built: see above, all of it is in $PWD/$dir/build.log"
}
echo "$PWD/$dir"

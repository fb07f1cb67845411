#!/bin/sh
# short.sh STOCK TREE: the short form of make users.  Called by test.sh.  make verify runs it.
# Each user of MMU notifiers is in a configuration that make users compiles; for x86-64 the smallest source of each directory
# is compiled, with W=1.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/users/compile.sh"
stock=$1 tree=$2
work=$root/build/test/$name/users
mkdir -p "$work"
rm -f "$work"/*.log
python3 "$tools/users/users.py" find "$stock" >"$work/found"

cd "$tree"
for arch in $archs; do
	[ "$arch" != x86_64 ] || continue
	# Kconfig and make -n do with the wrong compiler, but for KVM on arm64, which asks the assembler before 7.x.
	cross=
	[ "$arch" != arm64 ] || cross=$(cross_prefix "$arch")
	dir=.build-users-plan
	mkdir -p "$dir"
	cat "$tools/lib/mm.config" "$tools/users/common.config" "$tools/users/$arch.config" >"$dir/all.config"
	kernel_make KCONFIG_ALLCONFIG=all.config allnoconfig 2>"$dir/plan.log" || {
		cat "$dir/plan.log" >&2
		die "no configuration for $arch"
	}
	# shellcheck disable=SC2046 # a list of words
	plan $(python3 "$tools/users/users.py" goals "$work/found" "$arch") >"$work/$arch.plan"
done

arch=x86_64 cross='' dir=.build-users-x86_64
set -- allnoconfig "$tools/lib/mm.config" "$tools/users/common.config" "$tools/users/$arch.config"
ready "$@"
# shellcheck disable=SC2046 # a list of words
plan $(python3 "$tools/users/users.py" goals "$work/found" "$arch") >"$work/$arch.plan"
# shellcheck disable=SC2046 # a list of words
compile "$work/$arch.log" $(python3 "$tools/users/users.py" sample "$work/found" $arch "$work/$arch.plan" "$tree")
compile_again "$work/$arch.log" "$stock" "$work/$arch.stock.log" "$@"
# shellcheck disable=SC2086 # a list of words
python3 "$tools/users/users.py" check "$work" "$tree" $archs

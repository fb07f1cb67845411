#!/bin/sh
# make users: compiles every file of the kernel that uses MMU notifiers, for each architecture that has some, with W=1 on
# the series.  What warns or fails is compiled on stock, too: only what stock does not have is a failure.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" users
. "$tools/users/compile.sh"
stock=$("$tools/stock.sh")
tree=$("$tools/tree.sh" series)
work=$root/build/users/$name
table=$root/out/users/$name.md
mkdir -p "$work" "$root/out/users"
rm -f "$work"/*.log
python3 "$tools/users/users.py" find "$stock" >"$work/found"
say "$(wc -l <"$work/found") files use MMU notifiers"
cd "$tree"

# users START FRAGMENT...: compiles the users in configuration $run of $arch.
users() {
	dir=.build-users-$run cross=$(cross_prefix "$arch")
	need_space 1000 "the objects of $run"
	ready "$@"
	[ -z "$missing" ] || echo "- $run: $(echo "$missing" | sed 's/CONFIG_//g; s/=[ym]//g')" >>"$work/missing"
	# shellcheck disable=SC2046 # a list of words
	plan $(python3 "$tools/users/users.py" goals "$work/found" "$arch") >"$work/$run.plan"
	goals=$(python3 "$tools/users/users.py" objects "$work/found" "$arch" "$work/$run.plan")
	say "compiling $(echo "$goals" | wc -l) objects of $run"
	# shellcheck disable=SC2086 # a list of words
	compile "$work/$run.log" $goals
	compile_again "$work/$run.log" "$stock" "$work/$run.stock.log" "$@"
}

# small START: compiles mm/ in the smallest configurations.
small() {
	arch=x86_64 cross=
	dir=.build-users-$run
	ready "$1"
	compile "$work/$run.log" mm/ kernel/fork.o
	compile_again "$work/$run.log" "$stock" "$work/$run.stock.log" "$1"
}

runs=
: >"$work/missing"
for arch in $archs; do
	run=$arch
	users allnoconfig "$tools/lib/mm.config" "$tools/users/common.config" "$tools/users/$arch.config"
	runs="$runs $run"
done
# The call sites once more, with the empty functions that stand in for MMU notifiers where there are none.
for arch in x86_64 arm64 s390 riscv; do
	run=$arch-without
	users allnoconfig "$tools/lib/mm.config" "$tools/users/common.config"
	runs="$runs $run"
done
for start in allnoconfig tinyconfig; do
	run=x86_64-$start
	small $start
	runs="$runs $run"
done

# shellcheck disable=SC2086 # a list of words
python3 "$tools/users/users.py" judge "$work" "$tree" $runs | tee "$work/verdicts"
{
	echo "# Who uses MMU notifiers, and whether it compiles: Linux $(cat "$src/version")"
	printf '\nEach file with W=1 on the series: %s.\n\n' "$(counts "$work/verdicts")"
	cat "$work/table.md"
	printf '\nOptions that were asked for and that a configuration does not have:\n\n'
	cat "$work/missing"
} >"$table"
echo "table in $table:"
ended users "$work/verdicts"

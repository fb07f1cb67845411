# shellcheck shell=sh disable=SC2034,SC2154,SC2164,SC2317 # to be included after common.sh, which sets -e
# How users of MMU notifiers are compiled, in $dir below the current directory, for $arch.
# Called by users.sh, users/short.sh.
. "$tools/lib/kbuild.sh"

# Where there are some.
archs='x86_64 arm64 powerpc s390 riscv mips'

# cross_prefix ARCH: what the names of Debian's compiler for it begin with.
cross_prefix() {
	case $1 in
	x86_64) ;;
	arm64) echo aarch64-linux-gnu- ;;
	mips) echo mips64el-linux-gnuabi64- ;;
	powerpc) echo powerpc64le-linux-gnu- ;;
	riscv) echo riscv64-linux-gnu- ;;
	s390) echo s390x-linux-gnu- ;;
	*) die "no cross compiler is known for $1" ;;
	esac
}

# ready START FRAGMENT...: the current tree is configured, and its headers are made.
ready() {
	try_configure "$@"
	begin_step "${PWD##*/}-${dir#.}-prepare" "$PWD/$dir/prepare.log" "preparing $PWD/$dir"
	kernel_make -j"$jobs" prepare >"$dir/prepare.log" 2>&1 || {
		tail -n 30 "$dir/prepare.log" >&2
		die "make prepare fails: all of it is in $PWD/$dir/prepare.log"
	}
	end_step
}

# plan GOAL...: prints "LIST OBJECT..." for the directories of some goals: what this configuration has in them, by the
# names that kbuild gives it.  A single object would be compiled even if it is in no configuration.  Nothing is made.
plan() {
	# shellcheck disable=SC2016 # for make
	loud_make -n -k 'quiet_modtag=$(info LIST $(real-obj-y) $(real-obj-m) $(lib-y))' "$@" 2>&1 | grep '^LIST ' | sort -u
}

# compile LOG GOAL...: in the current tree, with W=1.  What make says goes to LOG, by object; users.py reads it.  A goal that
# fails does not stop the others.
compile() {
	log=$1
	shift
	[ $# != 0 ] || die "nothing is to be compiled in $PWD/$dir"
	# Only a compiler that runs warns (and ccache repeats what it said).
	for goal; do
		case $goal in
		*.o) rm -f "$dir/$goal" ;;
		*) [ ! -d "$dir/$goal" ] || find "$dir/$goal" -name '*.o' -delete ;;
		esac
	done
	: >"$log"
	compiled() { echo ", $(grep -c '^ *CC ' "$log") objects"; }
	begin_step "${PWD##*/}-${dir#.}" "$log" "compiling in $PWD/$dir" compiled
	loud_make -k -Otarget -j"$jobs" W=1 "$@" >"$log" 2>&1 || :
	end_step
}

# compile_again LOG STOCK STOCK_LOG START FRAGMENT...: compiles on stock what failed or warned in a build of the series.
compile_again() (
	again=$(python3 "$tools/users/users.py" again "$1")
	[ -n "$again" ] || exit 0
	cd "$2"
	stock_log=$3
	shift 3
	ready "$@"
	# shellcheck disable=SC2086 # a list of words
	compile "$stock_log" $again
)

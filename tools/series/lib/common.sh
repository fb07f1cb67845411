# shellcheck shell=sh disable=SC2034 # the scripts that include this use the variables
# What every script here starts with: where things are, how to speak, one run at a time.  Called by all.
set -eu

root=$(cd "$(dirname "$0")" && pwd -P)
root=${root%/tools/series*}
tools=$root/tools/series
bases='6.1 6.12 7.2 7.3'
jobs=${JOBS:-$(nproc)}

# The kernel's own build must see our settings only, not those of the caller's shell or of the make above.
unset MAKEFLAGS MFLAGS MAKELEVEL ARCH CROSS_COMPILE KBUILD_OUTPUT O CC
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
export KBUILD_BUILD_USER=series KBUILD_BUILD_HOST=localhost
# Relative paths and a ccache beside the trees: what one tree has compiled, the others need not compile again.
# The compiler tells ccache what it has read, which spares it the preprocessor.
export CCACHE_DIR="${CCACHE_DIR:-$root/build/ccache}" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1

say() { echo "series: $*" >&2; }
die() { say "$*"; exit 1; }

merge() { python3 "$tools/merge/merge.py" "$@"; }
# release TREE: as 7.2
release() { merge version "$1" | cut -d. -f1,2; }

case "$root" in
*[!A-Za-z0-9_./+@~-]*) die "the path $root has characters that a kernel build does not survive: move the checkout" ;;
esac

case $jobs in
*[!0-9]* | 0) die "JOBS=$jobs is no number of jobs: give one" ;;
esac

# What is worked on: $name is the directory below build/src.
BASE=${BASE:-6.12}
if [ -n "${KSRC:-}" ]; then
	KSRC=$(cd "$KSRC" 2>/dev/null && pwd -P) || die "KSRC is not a directory: give the top of a kernel tree"
	name=ksrc-$(printf %s "$KSRC" | cksum | cut -d' ' -f1)
else
	case " $bases " in
	*" $BASE "*) ;;
	*) die "unknown BASE=$BASE: give one of $bases, or KSRC=/path/to/linux" ;;
	esac
	name=$BASE
fi
src=$root/build/src/$name

# Two runs at a time would pull trees from under each other.  All that the first script starts inherits its lock, and one signal
# to that script ends all of it.
if [ -z "${SERIES_LOCKED:-}" ]; then
	(mkdir -p "$root/build" && : >>"$root/build/lock") 2>/dev/null ||
		die "$root/build cannot be written to (read-only, or another user's): work in a clone of your own"
	exec 9>>"$root/build/lock"
	flock -n 9 || die "another make is at work in this checkout: wait for it to end"
	export SERIES_LOCKED=1
	command -v python3 >/dev/null || "$tools/lib/deps.sh" fetch
	SERIES_DIGEST=$(python3 "$tools/checks/verified.py" digest 2>/dev/null) || SERIES_DIGEST=none
	export SERIES_DIGEST
	exec python3 "$tools/lib/supervise.py" "$0" "$@"
fi

# What checkpatch.pl need not look for in tools/testing/mmu_notifier/kernel.h, which defines it.
stand_ins=MACRO_ARG_UNUSED,MEMORY_BARRIER,NEW_TYPEDEFS,DATA_RACE,PREFER_DEFINED_ATTRIBUTE_MACRO,EXPORT_SYMBOL

# counts FILE...: the line of counts of verdict lines, each "ok", "FAIL" or "skip" and a name.  It fails if there is a failure.
counts() {
	cat "$@" | awk '{ count[$1]++ }
		END { printf "%d passed, %d failed, %d skipped\n", count["ok"], count["FAIL"], count["skip"]; exit count["FAIL"] > 0 }'
}
# record TARGET FILE...: notes how a target, or a part of one, has ended, for the table of what was verified.
record() { python3 "$tools/checks/verified.py" record "$name" "$(cat "$src/version")" "$@"; }
# ended TARGET FILE...: the last lines of a target, and its record.
ended() {
	echo "Linux $(cat "$src/version"):"
	record "$@"
	shift
	counts "$@"
}

# A shell that dies of a signal does not run what it has for EXIT.
trap 'exit 130' HUP INT TERM

# need_space MIB WHAT: says so before a long job instead of failing in its middle.
need_space() {
	free=$(df -Pm "$root" | awk 'END { print $4 }')
	[ "$free" -ge "$1" ] || die "no room for $2: it takes $1 MiB, $free MiB are free: make room or move the checkout"
}

# unfinished: for EXIT, what a step or whole_or_nothing() has begun ends.
step_telling='' incomplete=''
unfinished() {
	[ -z "$step_telling" ] || kill "$step_telling" 2>/dev/null || :
	[ -z "$incomplete" ] || rm -rf "$incomplete"
}

# begin_step KEY LOG WHAT [COMMAND...]: says what a long step does, how long it took last time and where its log is; then, every
# 20 seconds, how long it has been at it, and what the command prints.  end_step() notes how long it took.
begin_step() {
	step_took=$root/build/took/$name-$1 step_began=$(date +%s)
	mkdir -p "$root/build/took"
	last=$(cat "$step_took" 2>/dev/null) || last='the first time'
	log=$2
	say "$3 ($last; log: ${log#"$root/"})"
	shift 3
	(while sleep 20; do say "... $(($(date +%s) - step_began)) s$([ $# = 0 ] || "$@")"; done) >&2 &
	step_telling=$!
	trap unfinished EXIT
}
# new_objects DIR: for begin_step, the objects in it since $DIR/started.
new_objects() { echo ", $(find "$1" -name '*.o' -newer "$1/started" | wc -l) objects"; }
end_step() {
	kill "$step_telling" 2>/dev/null || :
	step_telling=
	echo "$(($(date +%s) - step_began)) s last time" >"$step_took"
}

# whole_or_nothing PATH: $new is a place to prepare PATH in.  keep() puts it there; whatever ends the script before
# that takes it away again.  (A killed script leaves PATH.new, which the next run takes away.)  A step may begin and end in
# between, but not in a subshell, which would take it away.
whole_or_nothing() {
	final=$1 new=$1.new
	{ rm -rf "$new" && mkdir -p "$new"; } 2>/dev/null || die "${new%/*} cannot be written to: it is read-only, or another user's"
	incomplete=$new
	trap unfinished EXIT
}
keep() {
	mv "$new" "$final"
	incomplete=
}

#!/bin/sh
# input.sh: what the caller or the machine can get wrong: one line that says so, a failure, and no tree left behind.
# Called by test.sh.  Runs in a scratch copy of the front door that has no downloads yet.
. "$(dirname "$0")/../lib/common.sh"
unset SERIES_LOCKED BASE KSRC KSRC_DIRTY JOBS
work=$root/build/input
# What is there is of a run that was killed.
remove() {
	! mountpoint -q "$work/repo/build" || umount "$work/repo/build"
	rm -rf "$work"
}
remove
trap remove EXIT
mkdir -p "$work/repo/build"
for part in Makefile MAINTAINERS include mm lib Documentation scripts tools; do [ ! -e "$root/$part" ] || cp -a "$root/$part" "$work/repo/"; done

# kernel DIR: just enough of one to be taken for a kernel tree.
kernel() {
	mkdir -p "$1/mm/tests" "$1/include/linux"
	printf 'VERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 0\nEXTRAVERSION =\n' >"$1/Makefile"
	: >"$1/mm/mmu_notifier.c"
	echo 'struct mmu_interval_notifier {' >"$1/include/linux/mmu_notifier.h"
	echo 'struct vma_iterator {' >"$1/include/linux/mm_types.h"
}
# stub DIR NAME: a command to find before the real one; its text is read.
stub() { mkdir -p "$1" && cat >"$1/$2" && chmod +x "$1/$2"; }

# refused NAME WORDS COMMAND...: it must fail with the words in its one line, and leave no tree.
refused() {
	what=$1 words=$2
	shift 2
	if (cd "$work/repo" && "$@") >"$work/out" 2>"$work/err"; then
		echo "FAIL refuses $what: it went through"
	elif ! grep '^series: ' "$work/err" | tail -n 1 | grep -q "$words"; then
		echo "FAIL refuses $what: its last line does not say '$words'"
		sed 's/^/     /' "$work/err" | tail -n 5
	elif left=$(cat "$work/out"; find "$work/repo/build" -name 'series*' -o -name '*.new') && [ -n "$left" ]; then
		echo "FAIL refuses $what: it leaves behind $left"
	else
		echo "ok refuses $what"
	fi
	rm -rf "$work"/repo/build/src
}

refused 'an unknown BASE' 'unknown BASE=5.10' make -s tree BASE=5.10
refused 'a JOBS that is no number' 'no number of jobs' make -s tree JOBS=all
refused 'a KSRC that is not there' 'not a directory' make -s tree KSRC="$work/nowhere"
mkdir "$work/empty"
refused 'a KSRC that is no kernel' 'not a kernel tree' make -s tree KSRC="$work/empty"
kernel "$work/old" && : >"$work/old/include/linux/mm_types.h"
refused 'a KSRC that is too old' 'not supported: it has no struct vma_iterator' make -s tree KSRC="$work/old"
kernel "$work/merged" && : >"$work/merged/mm/tests/mmu_notifier_helpers.h"
refused 'a KSRC that has the series' 'has the series already' make -s tree KSRC="$work/merged"
kernel "$work/built" && : >"$work/built/.config"
refused 'a KSRC with build products' 'build products' make -s tree KSRC="$work/built"
kernel "$work/dirty" && git -C "$work/dirty" init -q
refused 'a KSRC with local changes' 'local changes' make -s tree KSRC="$work/dirty"
kernel "$work/bare"
refused 'a KSRC without an anchor' 'has no mm/Kconfig' make -s tree KSRC="$work/bare"

refused 'a driver that is not named' 'no driver' make -s cocci
refused 'a driver that is not there' 'not a directory' make -s cocci DIR="$work/nowhere"
refused 'a driver without a C file' 'no C file' make -s cocci DIR="$work/empty"
refused 'a kernel tree for a driver' 'is a kernel tree' make -s cocci DIR="$work/bare"
mkdir "$work/driver" && : >"$work/driver/driver.c"
refused 'a CONVERT that is no switch' 'neither 0 nor 1' make -s cocci DIR="$work/driver" CONVERT=all
mkdir "$work/a driver" && cp "$tools/cocci/check/bad/mm.c" "$work/a driver/mm.c"
if make -s -C "$work/repo" cocci DIR="$work/a driver" 2>&1 | grep -q '^mm\.c:36: ERROR: current->mm '; then
	echo "ok make cocci takes a path with a space"
else
	echo "FAIL make cocci takes a path with a space"
fi
rm -rf "$work/repo/build/cocci"

stub "$work/full" df <<EOF
#!/bin/sh
echo Filesystem
echo fs 100 99 1 99% /
EOF
# A machine without network.
stub "$work/offline" apt-get <<EOF
#!/bin/sh
exec $(command -v apt-get) -o Acquire::http::Proxy=http://127.0.0.1:9 -o Acquire::https::Proxy=http://127.0.0.1:9 -o Acquire::Retries=0 "\$@"
EOF
path=$PATH
PATH=$work/full:$path
refused 'a disk without room' 'no room' make -s tree
PATH=$work/offline:$path
refused 'a machine without network' 'cannot be reached' make -s tree
# A mirror of something, which has one package, and what apt knows of it.
stub "$work/known" apt-cache <<EOF
#!/bin/sh
case "\$*" in *' pkgnames '*) echo linux-source-6.1 ;; esac
EOF
PATH=$work/known:$work/offline:$path
refused 'a machine without network, of which apt knew' 'cannot be reached' make -s tree
stub "$work/lacking" apt-get <<EOF
#!/bin/sh
case "\$*" in
*' update') printf 'Err:1 http://mirror nosuite Release\n  404  Not Found\n' ;;
*) exec $(command -v apt-get) "\$@" ;;
esac
EOF
PATH=$work/lacking:$work/known:$path
refused 'a mirror that lacks this kernel' 'has no linux-source-6.12; it has: 6.1;' make -s tree
stub "$work/expired" apt-get <<EOF
#!/bin/sh
case "\$*" in
*' update') echo 'E: Release file for http://mirror/InRelease is expired (invalid since 1d). Updates for it will not be applied.' ;;
*) exec $(command -v apt-get) "\$@" ;;
esac
EOF
PATH=$work/expired:$work/known:$path
refused 'a mirror whose index has expired' 'clock .*is expired' make -s tree
PATH=$path

# herd7 comes from Debian as the source does.
if command -v herd7 >/dev/null; then
	echo "skip refuses to fetch herd7 where it cannot: it is installed here, and not fetched"
else
	PATH=$work/full:$path
	refused 'herd7 without room' 'no room for herd7' tools/series/checks/herd.sh
	PATH=$work/offline:$path
	refused 'herd7 without network' 'cannot be reached' tools/series/checks/herd.sh
	PATH=$work/lacking:$work/known:$path
	refused 'herd7 from a mirror that lacks it' 'no herdtools7' tools/series/checks/herd.sh
	PATH=$path
fi

# stopped SIGNAL WHO: a signal to make alone, or to all that a terminal would send it to, ends what was started, in whatever way.
stub "$work/slow" df <<EOF
#!/bin/sh
sleep 1000 & echo \$! >>"$work/pids"
setsid sleep 1000 & echo \$! >>"$work/pids"
timeout 1000 sleep 1000 & echo \$! >>"$work/pids"
touch "$work/slow/started"
wait
EOF
stopped() {
	what="$1 to $2 stops all, and the next run works"
	rm -f "$work/pids" "$work/slow/started"
	(
		cd "$work/repo"
		PATH=$work/slow:$path
		exec setsid env --default-signal=INT make -s tree KSRC="$work/bare"
	) >"$work/out" 2>&1 &
	make=$!
	while [ ! -e "$work/slow/started" ] && kill -0 "$make" 2>/dev/null; do sleep 0.1; done
	if [ "$2" = make ]; then kill -s "$1" "$make"; else kill -s "$1" -- "-$make"; fi || :
	# Or else this kills what stays.
	(sleep 30 && kill -s KILL -- "-$make") 2>/dev/null &
	late=$!
	wait "$make" 2>/dev/null || :
	left=$(while read -r pid; do kill -s KILL "$pid" 2>/dev/null && echo "$pid"; done <"$work/pids") || :
	if ! kill "$late" 2>/dev/null; then
		echo "FAIL $what: it hangs"
	elif [ -n "$left" ]; then
		echo "FAIL $what: it leaves running $(echo "$left" | wc -l) of 3"
	elif ! grep -q "stopped by SIG$1" "$work/out"; then
		echo "FAIL $what: it does not say so"
	elif (cd "$work/repo" && make -s tree KSRC="$work/bare" 2>&1) | grep -q 'has no mm/Kconfig'; then
		echo "ok $what"
	else
		echo "FAIL $what: the next run does not"
	fi
}
for signal in INT TERM; do
	stopped $signal make
	stopped $signal 'its process group'
done

# A disk that fills up in the middle of a copy.
if mount -t tmpfs -o size=16m series "$work/repo/build" 2>/dev/null; then
	stub "$work/roomy" df <<-EOF
	#!/bin/sh
	echo fs 9999 1 9998 1% /
	EOF
	rm "$work/built/.config"
	head -c 64M /dev/zero >"$work/built/large"
	PATH=$work/roomy:$path
	refused 'a disk that fills up' 'disk full' make -s tree KSRC="$work/built"
	PATH=$path
	mount -o remount,ro "$work/repo/build"
	refused 'a checkout that cannot be written to' 'cannot be written to' make -s tree
	refused 'to clean a checkout that cannot be written to' 'cannot be written to' make -s clean
else
	for what in 'a disk that fills up' 'a checkout that cannot be written to' 'to clean a checkout that cannot be written to'; do
		echo "skip refuses $what: a small disk cannot be mounted here (not root, or a container)"
	done
fi

#!/bin/sh
# make tree: the kernel with the series merged into it (tree.sh series), or with the tests and the benchmark but the stock
# core (tree.sh stock-tests), or that and the fixes of the stock core (tree.sh stock-fixes), or with these steps of the series
# (tree.sh steps STEP,STEP), or with all of it and what is new hidden from genksyms (tree.sh kabi), or users of MMU notifiers
# converted (tree.sh rfc; RFC=1 makes that of make tree).  Prints its path.  Only what changed is written again, so that kernel
# builds in it go on.
. "$(dirname "$0")/lib/common.sh"
kind=${1:-${RFC:+rfc}} merge=apply
kind=${kind:-series}

stock=$("$tools/stock.sh")
case $kind in
series) set -- ;;
kabi)
	merge=hide
	set --
	;;
stock-tests | stock-fixes)
	steps=contract,two-pass,schedule,report,misuse,benchmark,torture
	[ "$kind" = stock-tests ] || steps=$steps,$(merge names "$stock" fix- | tr ' ' ,)
	set -- "$steps"
	;;
rfc)
	merge=convert
	set --
	;;
steps) set -- "$2" ;;
*) die "tree.sh: say series, stock-tests, stock-fixes, steps, kabi or rfc" ;;
esac

tree=$src/$kind
if [ ! -d "$tree" ]; then
	merge check
	# People edit the tree with the series, some with editors that write in place.  The others share files with the pristine
	# tree: merge.py never writes in place, and kernels are built beside their sources.
	case $kind in
	series) copy=--reflink=auto room=2000 ;;
	*) copy=-l room=300 ;;
	esac
	need_space $room "a copy of the kernel tree"
	whole_or_nothing "$tree"
	begin_step "$kind-copy" "$src/copy-$kind.log" "copying the pristine tree of $name to $kind"
	cp -a $copy "$stock/." "$new" 2>"$log" || {
		cat "$log" >&2
		die "the copy failed: is the disk full?"
	}
	end_step
	rm -rf "$new"/.build-* "$tree.manifest"
	merge $merge "$stock" "$new" "$@"
	mv "$new.manifest" "$tree.manifest"
	keep
else
	merge $merge "$stock" "$tree" "$@"
fi
echo "$tree"

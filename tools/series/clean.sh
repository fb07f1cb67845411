#!/bin/sh
# make clean: removes what was built and written; make distclean (clean.sh all) also what was downloaded, and the compiler's
# cache.  Not while another make is at work.
. "$(dirname "$0")/lib/common.sh"
# gone PATH...: these go.
gone() {
	rm -rf "$@" 2>/dev/null || die "not all of $root/build and $root/out can be removed: some of it is read-only, or another user's"
}

say "removing what is in build/ and out/: each kernel tree takes some seconds, or minutes on a busy disk"
gone "$root/out"
for path in "$root"/build/* "$root"/build/.[!.]*; do
	case ${1:-}:${path#"$root/build/"} in
	*:lock) ;;
	:cache | :ccache | :herd7) [ ! -e "$path" ] || kept="${kept:-} build/${path##*/}" ;;
	*) gone "$path" ;;
	esac
done
[ -z "${kept:-}" ] || say "what was downloaded and the compiler's cache stay in$kept: make distclean removes them, too"

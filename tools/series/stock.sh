#!/bin/sh
# make stock: a pristine kernel tree, from Debian (BASE) or from the caller (KSRC).  Prints its path.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" fetch

# For the long steps: how far it is, and how it ends if it fails.
copied() { echo ", $(du -sm "$new" | cut -f1) MB"; }
failed() {
	cat "$log" >&2
	die "$1"
}

from_debian() {
	[ ! -d "$src/stock" ] || return 0
	need_space 2600 "the source of Linux $BASE"
	mkdir -p "$src"
	deb=$(python3 "$tools/merge/debian.py" source "$BASE")
	whole_or_nothing "$src/stock"
	begin_step stock "$src/copy-stock.log" "unpacking $(basename "$deb"), 1,600 MB" copied
	dpkg-deb -x "$deb" "$new/.deb" 2>"$log" || failed "$deb cannot be unpacked: is the disk full? if not, remove it and run again"
	tar -xJf "$new/.deb/usr/src/linux-source-$BASE.tar.xz" -C "$new" --strip-components=1 2>>"$log" || failed "unpacking failed: is the disk full?"
	rm -rf "$new/.deb"
	end_step
	version=$(merge version "$new")
	case $version in
	"$BASE".*) ;;
	*) die "$deb holds Linux $version instead of $BASE: remove it and run again" ;;
	esac
	echo "$version (Debian package $(dpkg-deb -f "$deb" Package Version | sed 's/.*: //' | paste -sd' '))" >"$src/version"
	keep
}

# The caller's tree may be another user's, who is not root.
git_of_ksrc() { git -c safe.directory='*' -C "$KSRC" "$@"; }

# The caller's tree is copied, never worked in.  When it changes, all that was made from it is made again.
from_caller() {
	version=$(merge version "$KSRC")
	merge base "$KSRC" >/dev/null
	export GIT_OPTIONAL_LOCKS=0
	git=
	[ ! -e "$KSRC/.git" ] || git=yes
	dirty=
	if [ -n "$git" ]; then
		dirty=$(git_of_ksrc status --porcelain) || die "git status fails in $KSRC: see what it says above"
	fi
	[ ! -e "$KSRC/.config" ] && [ ! -e "$KSRC/include/generated" ] || dirty=yes
	if [ -n "$dirty" ] && [ "${KSRC_DIRTY:-}" != copy ]; then
		die "KSRC has local changes or build products: clean it (git stash, make mrproper), or say KSRC_DIRTY=copy to take it as it is"
	fi

	print=$(find "$KSRC" -name .git -prune -o -type f -printf '%P %s %T@\n' | sort | cksum)
	[ "$print" != "$(cat "$src/fingerprint" 2>/dev/null)" ] || [ ! -d "$src/stock" ] || return 0
	rm -rf "$src"
	need_space $(($(du -sm "$KSRC" | cut -f1) + 100)) "a copy of KSRC"
	mkdir -p "$src"
	whole_or_nothing "$src/stock"
	begin_step stock "$src/copy-stock.log" "copying KSRC, Linux $version" copied
	if [ -n "$git" ]; then
		# What git ignores are build products: they stay behind.  Files that are listed but deleted have no copy.
		git_of_ksrc ls-files -z -co --exclude-standard >"$src/files"
		rsync -a --from0 --files-from="$src/files" --ignore-missing-args "$KSRC/" "$new/" >"$log" 2>&1 ||
			failed "copying KSRC failed: is the disk full?"
		[ -n "$dirty" ] || git_of_ksrc rev-parse HEAD >"$src/commit"
		version="$version (git $(git_of_ksrc rev-parse -q --verify --short=12 HEAD || echo 'without a commit')${dirty:+, with local changes})"
	else
		cp -a --reflink=auto "$KSRC/." "$new" 2>"$log" || failed "copying KSRC failed: is the disk full?"
		[ -z "$dirty" ] || { "$tools/lib/deps.sh" build && make -s -C "$new" mrproper >>"$log" 2>&1; } ||
			failed "make mrproper fails in the copy of KSRC: see above"
		version="$version (KSRC${dirty:+, with local changes})"
	fi
	end_step
	echo "$version" >"$src/version"
	keep
	echo "$print" >"$src/fingerprint"
}

if [ -n "${KSRC:-}" ]; then from_caller; else from_debian; fi
echo "$src/stock"

#!/bin/sh
# backport.sh [PATCH edit]: makes the patches of backports/ fit our files again, under the same heads.  Called by hand.
#
# One after the other, each is applied to a copy of our files in build/backport/PATCH, with some tolerance, and written anew: look at
# the difference before you commit it.  With "edit", or where a patch does not fit, its copy is left for you to edit: change the
# files in ours/, remove those that end in .rej, and run backport.sh again.  To give up, remove the copy.
. "$(dirname "$0")/../lib/common.sh"
only=${1:-} edit=${2:-}
[ -z "$only" ] || [ -f "$tools/merge/backports/$only.patch" ] ||
	die "backport.sh: there is no patch $only, give one of $(cd "$tools/merge/backports" && echo * | sed 's/\.patch//g')"

# refresh PATCH
refresh() {
	patch=$tools/merge/backports/$1.patch copy=$root/build/backport/$1
	header=$(sed '/^--- a\//,$d' "$patch")
	if [ ! -d "$copy" ]; then
		rm -rf "$copy.new"
		mkdir -p "$copy.new/before"
		merge ours "$1" "$copy.new/before"
		cp -a "$copy.new/before" "$copy.new/ours"
		patch -p1 -s --no-backup-if-mismatch -d "$copy.new/ours" -i "$patch" >&2 || [ $? = 1 ] ||
			die "$patch is no patch: see above"
		mv "$copy.new" "$copy"
		[ -z "$edit" ] || { say "edit $copy/ours, then run backport.sh"; exit 0; }
	fi
	rejects=$(find "$copy/ours" -name '*.rej')
	[ -z "$rejects" ] || die "put into the files beside what is in $rejects, remove these, and run backport.sh"

	# Little context: the patch is to survive changes nearby.
	(
		cd "$copy/before"
		printf '%s\n\n' "$header"
		find . -type f | sed 's,^\./,,' | sort | while read -r file; do
			diff -U2 -p --label "a/$file" --label "b/$file" "$file" "../ours/$file" || [ $? = 1 ]
		done
	) >"$patch.new"
	if cmp -s "$patch.new" "$patch"; then
		rm "$patch.new"
	else
		mv "$patch.new" "$patch"
		say "wrote ${patch#"$root"/}"
	fi
	rm -rf "$copy"
}
for path in "$tools"/merge/backports/*.patch; do
	this=$(basename "$path" .patch)
	[ -z "$edit" ] || [ "$this" = "$only" ] || continue
	refresh "$this"
done

#!/bin/sh
# backport.sh BASE [edit]: makes the patch of backports/BASE fit our files again, under the same header.  Called by hand.
#
# The patch is applied to a copy of our files in build/backport/BASE, with some tolerance, and written anew: look at the
# difference before you commit it.  With "edit", or where the patch does not fit, the copy is left for you to edit: change
# the files in ours/, remove those that end in .rej, and run backport.sh BASE again.  To give up, remove the copy.
# Patches build on each other, so refresh that of the newest base first.
. "$(dirname "$0")/../lib/common.sh"
base=${1:-} edit=${2:-}
patch=$(find "$tools/merge/backports/${base:-none}" -name "*.patch" 2>/dev/null)
[ -f "$patch" ] || die "backport.sh: give a base that has one patch in backports/: $(cd "$tools/merge/backports" && echo *)"
copy=$root/build/backport/$base
header=$(sed '/^--- a\//,$d' "$patch")

if [ ! -d "$copy" ]; then
	rm -rf "$copy.new"
	mkdir -p "$copy.new/before"
	merge ours "$base" "$copy.new/before"
	cp -a "$copy.new/before" "$copy.new/ours"
	patch -p1 -s --no-backup-if-mismatch -d "$copy.new/ours" -i "$patch" >&2 || :
	mv "$copy.new" "$copy"
	[ -z "$edit" ] || { say "edit $copy/ours, then run backport.sh $base"; exit 0; }
fi
rejects=$(find "$copy/ours" -name '*.rej')
[ -z "$rejects" ] || die "put into the files beside what is in $rejects, remove these, and run backport.sh $base"

# Little context: the patch is to survive changes nearby.
(
	cd "$copy/before"
	printf '%s\n\n' "$header"
	find . -type f | sed 's,^\./,,' | sort | while read -r file; do
		diff -U2 -p --label "a/$file" --label "b/$file" "$file" "../ours/$file" || [ $? = 1 ]
	done
) >"$patch.new"
mv "$patch.new" "$patch"
rm -rf "$copy"
say "wrote ${patch#"$root"/}"

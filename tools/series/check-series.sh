#!/bin/sh
# check-series.sh STOCK TREE: the patches of make series are in the form that the kernel asks for, and git am, quilt and
# patch make of them just what make tree gives.
. "$(dirname "$0")/common.sh"
stock=$1 tree=$2
patches=$("$tools/series.sh")
work=$root/build/test/$name/series
rm -rf "$work"
mkdir -p "$work"

# The whole pristine tree as a commit, made once; the kernel's .gitignore files do not count.
export GIT_DIR="$src/git" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_COMMITTER_NAME=series GIT_COMMITTER_EMAIL=series@localhost GIT_AUTHOR_NAME=series GIT_AUTHOR_EMAIL=series@localhost
# snapshot DIR: git's name for all that is in a directory but kernel build directories.
snapshot() (
	cd "$1"
	GIT_INDEX_FILE=$GIT_DIR/index-$(basename "$1")
	export GIT_INDEX_FILE
	git -c core.compression=1 --work-tree=. add -A -f -- . ':!.build-*'
	git write-tree
)
if [ ! -d "$GIT_DIR" ]; then
	say "making a git repository of the pristine tree"
	git init -q --bare
	git config gc.auto 0
fi
pristine=$(git commit-tree -m pristine "$(snapshot "$stock")")
wanted=$(snapshot "$tree")

verdict() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "FAIL $1: see $work"; fi; }

git worktree prune
git worktree add -q --no-checkout --detach "$work/am" "$pristine"
(
	unset GIT_DIR
	cd "$work/am"
	# shellcheck disable=SC2046 # a list of words
	git sparse-checkout set --no-cone $(sed -n 's,^diff --git a/\([^ ]*\) .*,/\1,p' "$patches"/*.patch)
	git checkout -q
	# The cover letter is empty.
	git am -q --empty=drop "$patches"/*.patch >"$work/am.log" 2>&1 || cat "$work/am.log" >&2
	git rev-parse 'HEAD^{tree}' >"$work/am.tree"
)
verdict "git am gives make tree" "$(cat "$work/am.tree")" "$wanted"

for tool in quilt patch; do
	mkdir "$work/$tool"
	# shellcheck disable=SC2046 # a list of words
	git archive "$pristine" $(git diff --name-only --diff-filter=MD "$pristine" "$wanted") | tar -x -C "$work/$tool"
done
(
	cd "$work/quilt"
	unset QUILT_PATCH_OPTS QUILT_PUSH_ARGS
	QUILT_PATCHES=$patches quilt --quiltrc /dev/null push -q -a --fuzz=0 >"$work/quilt.log" 2>&1 || cat "$work/quilt.log" >&2
	rm -rf .pc
	cd "$work/patch"
	while read -r patch; do
		patch -p1 -s --fuzz=0 -i "$patches/$patch" >&2 || break
	done <"$patches/series"
)
mkdir "$work/tree"
# shellcheck disable=SC2046 # a list of words
git archive "$wanted" $(git diff --name-only --diff-filter=AM "$pristine" "$wanted") | tar -x -C "$work/tree"
verdict "quilt push -a gives make tree" "$(diff -r "$work/quilt" "$work/tree")" ""
verdict "patch -p1 gives make tree" "$(diff -r "$work/patch" "$work/tree")" ""
verdict "make tree changes only what its manifest names" \
	"$(git diff --name-only "$pristine" "$wanted" | grep -vxFf "$tree.manifest" || :)" ""

# Whoever submits the series signs it; and there is no history here in which to look commits up.
while read -r patch; do
	# It fails on mere CHECKs too, which are tolerated.
	if said=$(unset GIT_DIR && cd "$tree" && perl scripts/checkpatch.pl --strict --terse --show-types \
		--ignore MISSING_SIGN_OFF,UNKNOWN_COMMIT_ID "$patches/$patch" 2>&1) ||
		echo "$said" | grep -q '^total: 0 errors, 0 warnings'; then
		echo "ok checkpatch $patch"
	else
		echo "FAIL checkpatch $patch"
		echo "$said" | grep -vE '^total|CHECK:' | cut -d: -f2- | head -n 20 | sed 's/^/     /'
	fi
done <"$patches/series"
verdict "no patch is signed, the cover letter names the base" \
	"$(grep -l '^Signed-off-by:' "$patches"/*.patch || :; grep -c "^Base: Linux $(cat "$src/version")$" "$patches/0000-cover-letter.patch")" 1

# A file may have other sections too.
for file in $(python3 "$tools/merge.py" files "$stock"); do
	(unset GIT_DIR && cd "$tree" && perl scripts/get_maintainer.pl --no-git --no-git-fallback --sections -f "$file") 2>/dev/null |
		grep -qx 'MEMORY MANAGEMENT - MMU NOTIFIERS' || echo "$file"
done >"$work/unmaintained"
verdict "get_maintainer finds the section of each file of ours" "$(cat "$work/unmaintained")" ""

#!/bin/sh
# export.sh STOCK TREE: the patches of make series have the form that the kernel asks for, and make what make tree gives.
# Called by test.sh, bisect.sh.  git am, quilt and patch are compared; with the fixes alone they make stock with these; likewise
# with kabi/ on top.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2
patches=$("$tools/series.sh")
work=$root/build/test/$name/series
rm -rf "$work"
mkdir -p "$work"

# The whole pristine tree as a commit, made once; the kernel's .gitignore files do not count.
export GIT_DIR="$src/git" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_COMMITTER_NAME=series GIT_COMMITTER_EMAIL=series@localhost GIT_AUTHOR_NAME=series GIT_AUTHOR_EMAIL=series@localhost
# snapshot DIR: git's name for all that is in a directory but kernel build directories.  A copy has the times of its original, whose
# index saves reading most files again.
snapshot() (
	cd "$1"
	GIT_INDEX_FILE=$GIT_DIR/index-$(basename "$1")
	export GIT_INDEX_FILE
	[ -e "$GIT_INDEX_FILE" ] || [ ! -e "$GIT_DIR/index-stock" ] || cp "$GIT_DIR/index-stock" "$GIT_INDEX_FILE"
	git -c core.compression=1 -c core.checkStat=minimal -c core.trustctime=false --work-tree=. add -A -f -- . ':!.build-*' &&
		git write-tree
)
# What checkpatch has left there when this was run before.
rm -f "$tree"/.checkpatch-camelcase.*
if [ ! -d "$GIT_DIR" ]; then
	git init -q --bare
	git config gc.auto 0
fi
begin_step export-snapshots "$work/git.log" "taking the pristine tree, and that with the series, into a git repository"
if ! taken=$(snapshot "$stock" 2>"$log") || ! wanted=$(snapshot "$tree" 2>>"$log"); then
	cat "$log" >&2
	die "git does not take the trees: is the disk full? see above"
fi
pristine=$(git commit-tree -m pristine "$taken")
end_step

verdict() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "FAIL $1: see $work"; fi; }

# check_patches DIR PATCHES TREE WHAT: what git am, quilt and patch make of the patches in folders, in this order, is git's TREE.
check_patches() (
	place=$work/$1 folders=$2 result=$3
	mkdir "$place"
	files=$(for folder in $folders; do sed -n 's,^diff --git a/\([^ ]*\) .*,\1,p' "$folder"/0*.patch; done | sort -u)
	changed=$(git diff --name-only --diff-filter=MD "$pristine" "$result")
	for folder in $folders; do sed "s,^,$folder/," "$folder/series"; done >"$place/list"

	git worktree prune
	git worktree add -q --no-checkout --detach "$place/am" "$pristine"
	(
		unset GIT_DIR
		cd "$place/am"
		# shellcheck disable=SC2086 # a list of words
		printf '/%s\n' $files | git sparse-checkout set --no-cone --stdin
		git checkout -q
		for folder in $folders; do
			# The cover letter is empty.
			git am -q --empty=drop "$folder"/*.patch >>"$place/am.log" 2>&1 || {
				cat "$place/am.log" >&2
				break
			}
		done
		git rev-parse 'HEAD^{tree}' >"$place/am.tree"
	)
	verdict "git am gives $4" "$(cat "$place/am.tree")" "$result"

	for tool in quilt patch; do
		mkdir "$place/$tool"
		# shellcheck disable=SC2086 # a list of words
		git archive "$pristine" $changed | tar -x -C "$place/$tool"
	done
	(
		cd "$place/quilt"
		unset QUILT_PATCH_OPTS QUILT_PUSH_ARGS
		for folder in $folders; do
			QUILT_PATCHES=$folder quilt --quiltrc /dev/null push -q -a --fuzz=0 >"$place/quilt.log" 2>&1 || cat "$place/quilt.log" >&2
			rm -rf .pc
		done
		cd "$place/patch"
		while read -r patch; do
			patch -p1 -s --fuzz=0 -i "$patch" >&2 || break
		done <"$place/list"
	)
	mkdir "$place/tree"
	# shellcheck disable=SC2046 # a list of words
	git archive "$result" $(git diff --name-only --diff-filter=AM "$pristine" "$result") | tar -x -C "$place/tree"
	verdict "quilt push -a gives $4" "$(diff -r "$place/quilt" "$place/tree")" ""
	verdict "patch -p1 gives $4" "$(diff -r "$place/patch" "$place/tree")" ""
)

# stock_with COMMAND [STEPS]: git's name for the pristine tree with what this command of merge.py adds, which need not be there as
# a tree.
stock_with() (
	rm -rf "$work/with" "$work/with.manifest"
	mkdir "$work/with"
	command=$1
	shift
	merge "$command" "$stock" "$work/with" "$@" 2>/dev/null
	cd "$work/with"
	GIT_INDEX_FILE=$work/with.index
	export GIT_INDEX_FILE
	git read-tree "$pristine"
	git --work-tree=. add -f --ignore-removal .
	git write-tree
)

check_patches series "$patches" "$wanted" "make tree"
verdict "make tree changes only what its manifest names" \
	"$(git diff --name-only "$pristine" "$wanted" | grep -vxFf "$tree.manifest" || :)" ""

check_patches kabi "$patches $patches/kabi" "$(stock_with hide)" "make tree with what is new hidden from genksyms"
[ ! -d "$patches/rfc" ] || check_patches rfc "$patches $patches/rfc" "$(stock_with convert)" "make tree RFC=1"
fixes=$(merge names "$stock" fix- | tr ' ' ,)
check_patches fixes "$patches/fixes" "$(stock_with apply "$fixes")" "stock with its fixes, and nothing else"
check_patches fixes-tests "$patches/fixes $patches/fixes/tests" "$(stock_with apply "$fixes,contract,misuse,report,two-pass")" \
	"stock with its fixes and their tests"
verdict "the fixes leave the tests alone" "$(cat "$patches"/fixes/0*.patch | grep '^diff --git a/mm/tests/' || :)" ""
while read -r patch; do
	sed -n '/^diff /q; s/^\(Fixes: \)[0-9a-f]\{12\} (.*/\1/p' "$patches/fixes/$patch" | grep -q . || echo "$patch"
	[ "$(sed '1,/^diff /d' "$patches/fixes/$patch" | grep -c '^[-+][^-+]')" -le 35 ] || echo "$patch is long"
done <"$patches/fixes/series" >"$work/fixes.wrong"
verdict "each fix has its Fixes: and is short" "$(cat "$work/fixes.wrong")" ""

# The submitter signs the series; and there is no history here in which to look commits up.
for folder in . fixes rfc; do
	[ ! -e "$patches/$folder/series" ] || sed "s,^,$folder/," "$patches/$folder/series"
done | sed 's,^\./,,' >"$work/all"
while read -r patch; do
	ignored=MISSING_SIGN_OFF,UNKNOWN_COMMIT_ID
	if grep -q '^+++ b/tools/testing/mmu_notifier/kernel.h' "$patches/$patch"; then ignored=$ignored,$stand_ins; fi
	# It fails on mere CHECKs too, which are tolerated.
	if said=$(unset GIT_DIR && cd "$tree" && perl scripts/checkpatch.pl --strict --terse --show-types \
		--ignore "$ignored" "$patches/$patch" 2>&1) ||
		echo "$said" | grep -q '^total: 0 errors, 0 warnings'; then
		echo "ok checkpatch $patch"
	else
		echo "FAIL checkpatch $patch"
		echo "$said" | grep -vE '^total|CHECK:' | cut -d: -f2- | head -n 20 | sed 's/^/     /'
	fi
done <"$work/all"
verdict "no patch is signed, the cover letter names the base" \
	"$(grep -l '^Signed-off-by:' "$patches"/*.patch || :; grep -c "^Base: Linux $(cat "$src/version")$" "$patches/0000-cover-letter.patch")" 1

# A file may have other sections too.  Of the litmus tests, whose folder is in the section, one speaks for all.
for file in $(merge files "$stock" | sed 's,\(/litmus-tests/mmu_notifier\)/.*,\1/README,' | sort -u); do
	(unset GIT_DIR && cd "$tree" && perl scripts/get_maintainer.pl --no-git --no-git-fallback --sections -f "$file") 2>/dev/null |
		grep -qx 'MEMORY MANAGEMENT - MMU NOTIFIERS' || echo "$file"
done >"$work/unmaintained"
verdict "get_maintainer finds the section of each file of ours" "$(cat "$work/unmaintained")" ""

#!/bin/sh
# source.sh STOCK TREE: the kernel's own checkers on our files, in the form that this base gets.  Called by sections.sh.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2
out=$root/build/test/$name
mkdir -p "$out"
cd "$tree"

while read -r file; do
	case $file in *.[ch]) ;; *) continue ;; esac
	# What the series changes of upstream files, export.sh looks at.
	[ -e "$root/$file" ] || continue
	# It fails on mere CHECKs too, which are tolerated.
	clean=yes ignored=
	case $file in */mmu_notifier/kernel.h) ignored=$stand_ins ;; esac
	said=$(perl "$stock/scripts/checkpatch.pl" --strict --no-tree --terse --show-types --ignore "$ignored" -f "$file" 2>&1) || clean=
	if echo "$said" | grep -qE '(ERROR|WARNING):'; then
		echo "FAIL checkpatch $file"
		echo "$said" | grep -E '(ERROR|WARNING):' | head -n 20 | sed 's/^/     /'
	elif [ -z "$clean" ] && ! echo "$said" | grep -q CHECK:; then
		echo "FAIL checkpatch $file: checkpatch did not end well: $said"
	else
		echo "ok checkpatch $file"
		echo "$said" | grep CHECK: | head -n 5 | sed 's/^/     (tolerated) /' || :
	fi
done <"$tree.manifest"

# 6.1 has not heard of -Wall.
if grep -q Wall scripts/kernel-doc*; then strict='-Wall -Werror'; else strict=-Werror; fi
files=$(merge files "$stock")
# shellcheck disable=SC2013,SC2086 # lists of words
for file in $(grep -lE '^[[:space:]]*/\*\*$' $files); do
	# shellcheck disable=SC2086 # a list of words
	if said=$(./scripts/kernel-doc -none $strict "$file" 2>&1); then
		echo "ok kernel-doc $file"
	else
		echo "FAIL kernel-doc $file"
		echo "$said" | head -n 20 | sed 's/^/     /'
	fi
done

# What the kernel's list of misspellings has, and codespell's.
sed '/^#/d; s/||/->/' scripts/spelling.txt >"$out/dictionary"
# shellcheck disable=SC2086 # a list of words
if said=$(codespell -D "$out/dictionary" -D - -L damon,extraversion $files "$root/README.md" "$root/Makefile" "$tools"/*.* "$tools"/*/*.* \
	"$tools/merge/cover" "$tools/merge/cover-fixes" "$tools/merge/steps" "$tools/merge/insertions"); then
	echo "ok spelling"
else
	echo "FAIL spelling"
	echo "$said" | head -n 20 | sed 's/^/     /'
fi

#!/bin/sh
# sparse.sh TREE: what sparse says of our files.  Called by sections.sh.
# make leaves it out, with a line that is easily missed, if it takes sparse for too old, and sparse ends well whatever it
# finds.  So with each file it gets two things that it must find.
. "$(dirname "$0")/../lib/common.sh"
tree=$1
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/sparse
rm -rf "$out"
mkdir -p "$out"

cat >"$out/planted.h" <<'EOF'
static int *planted_address(int __attribute__((noderef, address_space(7))) *pointer) { return pointer; }
static void planted_lock(int *lock) { __context__(lock, 1); }
EOF

arch=x86_64 dir=.build-w1
cd "$tree"
our_options . >"$out/series.config"
configure tinyconfig "$tools/lib/mm.config" "$tools/checks/configs/w1.config" "$out/series.config"
objects=$(our_objects "$tree")
# shellcheck disable=SC2086 # a list of words
build_kernel "our objects" $objects
# Not silent: the line CHECK says which file it is about.  What Linux 7.x wants of sparse is a word, for which another will
# do here.
# shellcheck disable=SC2086 # a list of words
make -j"$jobs" --output-sync=target ARCH=$arch O=$dir CC="ccache gcc" C=2 \
	CHECK="sparse -D__typeof_unqual__=__typeof__ -include $out/planted.h" $objects >"$out/log" 2>&1 || {
	tail -n 20 "$out/log" >&2
	die "the build with sparse fails: all of it is in $out/log"
}

# in_macro FILE LINE: is that a line for modinfo?  Debian's sparse takes the address of a string for no constant.
in_macro() { sed -n "$2p" "$1" | grep -qE '^(MODULE_[A-Z_]+|module_param(_array|_named)?|torture_param)\('; }
# has_guard FILE FUNCTION: sparse does not know that __cleanup() releases; Linux 7.x leaves locks to clang.  Nor does a section of
# SRCU, which 6.x declares to sparse, end in the function that enters it; 7.x shows what else is wrong there.
has_guard() { awk -v f="$2(" 'index($0, f) == 1 || index($0, " " f) || index($0, "*" f) { inside = /;$/ ? 0 : 1 }
	inside && /guard\(|mn_clear_young\(|mn_announce_late\(|section|srcu/ { found = 1 }
	/^}/ { inside = 0 } END { exit !found }' "$1"; }

for object in $objects; do
	file=${object%.o}.c
	awk -v file="$file" '$1 ~ /^[A-Z]+$/ { ours = $1 == "CHECK" && $2 ~ "(^|/)" file "$"; next } ours' "$out/log" >"$out/said"
	: >"$out/wrong"
	grep -q 'planted.h:1:.*different address spaces' "$out/said" || echo "it does not look at types" >>"$out/wrong"
	grep -q 'planted.h:2:.*context imbalance' "$out/said" || echo "it does not look at locks" >>"$out/wrong"
	tolerated=0
	grep -E ': (warning|error): ' "$out/said" | grep -v '/planted.h:' | sed 's,^\.\./,,' >"$out/found" || :
	while IFS=: read -r where line column text; do
		case $text in
		' error: bad constant expression') ! in_macro "$where" "$line" ;;
		" warning: context imbalance in '"*)
			function=${text#*\'}
			function=${function%%\'*}
			# What comes from an inline function is reported there.
			! has_guard "$where" "$function" && ! has_guard "$file" "$function"
			;;
		esac && echo "$where:$line:$column:$text" >>"$out/wrong" || tolerated=$((tolerated + 1))
	done <"$out/found"
	if [ -s "$out/wrong" ]; then
		echo "FAIL sparse $file: $(head -n 1 "$out/wrong")"
		sed 's/^/     /' "$out/wrong"
	else
		echo "ok sparse $file"
		[ "$tolerated" = 0 ] || echo "     (tolerated) $tolerated about modinfo, guard() or SRCU, which it does not understand"
	fi
done

#!/bin/sh
# imitated.sh STOCK: kernels that Debian does not carry are merged and their core is compiled.  Called by test.sh.
# They are imitated: a copy of the pristine tree, by hard links, and the headers of the copy with what these versions have or lack.
# What of a tree the series does not change, and no header includes, is that of the pristine tree itself.
. "$(dirname "$0")/../lib/common.sh"
stock=$1
. "$tools/lib/kbuild.sh"
if [ -n "${KSRC:-}" ]; then
	echo "skip imitated trees: they are made of Debian's, this is KSRC"
	exit
fi
work=$root/build/test/$name/imitated
mkdir -p "$work"
header=include/linux/mmu_notifier.h

# edit SED FILE: the copy gets a file of its own; one that stays as it is would imitate nothing.
edit() {
	sed -E "$1" "$2" >"$2.edited"
	if cmp -s "$2.edited" "$2"; then die "imitated.sh: $2 has nothing for '$1'"; fi
	mv "$2.edited" "$2"
}
number() { edit "s/^(SUBLEVEL = ).*/\\1$3/; s/^(PATCHLEVEL = ).*/\\1$2/; s/^(VERSION = ).*/\\1$1/" Makefile; }

# Before 6.1.100 there is no __uninitialized, before 6.1.79 no guard() either.
linux_6_1_90() {
	number 6 1 90
	edit '/__has_attribute\(__uninitialized__\)/,/^#endif/d' include/linux/compiler_attributes.h
}
linux_6_1_50() {
	linux_6_1_90
	number 6 1 50
	edit 's/\b((scoped_)?guard)\b/no_\1/' include/linux/cleanup.h
	edit 's/\bscoped_guard\b/no_scoped_guard/' include/linux/sched.h
	edit '/^DEFINE_LOCK_GUARD_1\(srcu,/,/\)$/d' include/linux/srcu.h
}
linux_6_18() {
	number 6 18 35
	edit 's/\bkzalloc_obj\(/no_&/' include/linux/slab.h
}
# 6.6 has change_pte() and set_pte_at_notify(), and not all of KUnit.
linux_6_6() {
	linux_6_18
	number 6 6 30
	edit '/^\tint \(\*test_young\)/i\	void (*change_pte)(struct mmu_notifier *subscription,\n\t\t\t   struct mm_struct *mm,\n\t\t\t   unsigned long address,\n\t\t\t   pte_t pte);' $header
	edit '/^unsigned long kunit_vm_mmap\(/,/;$/d' include/kunit/test.h
	edit 's/\bKUNIT_FAIL_AND_ABORT\b/KUNIT_ASSERT_FAILURE/' include/kunit/test.h
}
# Before 6.6 secondary TLBs are flushed by invalidate_range(), at the end of a range, too.
linux_6_5() {
	linux_6_6
	number 6 5 13
	edit '/\(\*arch_invalidate_secondary_tlbs\)\($/{N;s/\(\*arch_[a-z_]*\)\(\n\t*/(*invalidate_range)(/}' $header
}
# By 7.0 there are two passes, but the young callbacks return int, and their macros are in the header.
linux_7_0() {
	number 7 0 5
	edit '/^\tbool \(\*(clear_flush_young|clear_young|test_young)\)/s/bool/int/' $header
	edit '/^#else \/\* CONFIG_MMU_NOTIFIER \*\//i\#define ptep_clear_young_notify(__vma, __address, __ptep)\t\t\\\n({\t\t\t\t\t\t\t\t\t\\\n})\n' $header
	edit '/^static inline bool pmdp_clear_flush_young_notify/,/^}/d; /^#define pmdp_clear_flush_young_notify/d' mm/internal.h
}

# imitate NAME FORM: makes it, merges it and compiles the core with its tests; FORM is what sets its form apart from that of the
# pristine tree.  It stays for the next run, unless it is imitated in another way by then.
imitate() {
	version=$(echo "$1" | sed 's/linux_//; s/_/./g') like=$work/$1 tree=$work/$1-series wanted=$2
	made=$(cat "$0" "$src/version" | cksum)
	if [ "$made" != "$(cat "$like.made" 2>/dev/null)" ]; then
		rm -rf "$like" "$tree" "$tree.manifest"
		whole_or_nothing "$like"
		for entry in "$stock"/* "$stock"/.[a-z]*; do
			case ${entry##*/} in
			# They are only read.
			arch | block | crypto | drivers | fs | net | sound | samples | security) ln -s "$entry" "$new" ;;
			.build-*) ;;
			*) cp -al "$entry" "$new" ;;
			esac
		done
		(cd "$new" && "$1")
		keep
		whole_or_nothing "$tree"
		cp -al "$like/." "$new"
		keep
		echo "$made" >"$like.made"
	fi
	merge apply "$like" "$tree" 2>/dev/null || merge apply "$like" "$tree"

	merge form "$stock" | sort >"$work/form"
	got=$(merge form "$like" | sort | comm -3 - "$work/form" | tr -d '\t' | paste -sd' ')
	if [ "$got" = "$wanted" ]; then
		echo "ok imitated $version takes its form"
	else
		echo "FAIL imitated $version takes its form: what differs is '$got', not '$wanted'"
	fi
	{ printf 'CONFIG_64BIT=y\nCONFIG_RUNTIME_TESTING_MENU=y\n' && our_options "$tree"; } >"$work/options"
	if compile; then
		echo "ok imitated $version: the core and its tests compile"
	else
		echo "FAIL imitated $version: the core and its tests compile"
	fi
}

compile() (
	arch=um dir=.build-core
	cd "$tree"
	configure allnoconfig "$tree/mm/tests/.kunitconfig" "$work/options"
	objects=$(our_objects "$tree" | paste -sd' ')
	# shellcheck disable=SC2086 # a list of words
	build_kernel "the core of imitated Linux $version" mm/mprotect.o mm/rmap.o mm/memory.o $objects
)

# A tree whose owner has changed what our files replace: nothing of that gets lost.
# vendor SED FILE: merges the series into such a tree; what it says is in $work/said.
vendor() {
	(cd "$work/vendor" && edit "$1" "$2")
	status=0
	merge apply "$work/vendor" "$work/vendor-series" 2>"$work/said" || status=$?
	ln -sf "$stock/$2" "$work/vendor/$2"
	return $status
}
rm -rf "$work/vendor"
mkdir -p "$work/vendor/mm" "$work/vendor/include/linux"
for entry in "$stock"/* "$stock"/mm/* "$stock"/include/* "$stock"/include/linux/*; do
	entry=${entry#"$stock/"}
	[ -e "$work/vendor/$entry" ] || ln -s "$stock/$entry" "$work/vendor/$entry"
done
# kept WHAT PATTERN COUNT SED FILE: the pattern is so often in what comes out.
kept() {
	if ! vendor "$4" "$5"; then
		echo "FAIL $1 of a vendor stays: $(tail -n1 "$work/said")"
	elif [ "$(grep -c "$2" "$work/vendor-series/$5")" = "$3" ]; then
		echo "ok $1 of a vendor stays"
	else
		echo "FAIL $1 of a vendor stays: see $work/vendor-series/$5"
	fi
}
# lost WHAT WORDS SED FILE: refused, and these words in the last line, which say what to do.
lost() {
	if vendor "$3" "$4"; then
		echo "FAIL $1 of a vendor is not lost unseen: it went through"
	elif tail -n1 "$work/said" | grep "$2" | grep -q 'ours would replace it: put .* then run .* record '; then
		echo "ok $1 of a vendor is not lost unseen"
	else
		echo "FAIL $1 of a vendor is not lost unseen: it says '$(tail -n1 "$work/said")'"
	fi
}
kept 'padding of the callbacks' RESERVE 2 \
	'/\(\*free_notifier\)\(/a\\n\tVENDOR_RESERVE(1);\n\tVENDOR_RESERVE(2);' $header
kept 'padding of a subscription' RESERVE 1 '/^\tunsigned int users;/a\\n\tVENDOR_RESERVE(1);' $header
kept 'padding of an interval, at its end' RESERVE 1 '/^\tunsigned long invalidate_seq;/a\\tVENDOR_RESERVE(1);' $header
kept 'a header' 'vendor_abi' 1 '/^#include <linux\/list.h>/a#include <linux/vendor_abi.h>' $header
kept 'a comment' 'the contract' 0 's,^#endif,/* the contract */\n&,' $header
lost 'padding of an interval' "h of this kernel has 1 line that is not" '/^\tstruct hlist_node deferred_item;/a\\tVENDOR_RESERVE(1);' $header
lost 'a fix' "has 2 lines that are not upstream's and lacks [12] line" 's/BUG_ON(\(atomic_read\(&mm->mm_count\))/WARN_ON\1/' mm/mmu_notifier.c
lost 'a fix in known words' "1 line that is not upstream's, and" '/^void mmu_notifier_put\(/,/^}/s/^}/\tsynchronize_srcu(\&srcu);\n&/' mm/mmu_notifier.c
lost 'a line that has gone' 'c of this kernel lacks 1 line of code' '/^EXPORT_SYMBOL_GPL\(mmu_notifier_put\);/d' mm/mmu_notifier.c

# A release that has taken over upstream's form of a fix is without ours, and the others find their place; there, mm is set last.
# What it changes are the lines that insertions name.
what="what is a fix in upstream's form is not made again"
if merge had "$stock" | grep -qw fix-refused; then
	echo "skip $what: this base has it"
else
	(
		cd "$work/vendor"
		edit '/^int __mmu_notifier_invalidate_range_start\(/,/^}/{
			s/^\tint ret;/\tconst bool has_itree = subscriptions->has_itree;\n\tint ret = 0;/
			s/^\tif \(subscriptions->has_itree/\tif (has_itree/
			s/^\t\treturn (mn_hlist_)/\t\tret = \1/
			s/^\treturn 0;/\tif (ret \&\& has_itree \&\& !mmu_notifier_range_blockable(range))\n\t\tmn_itree_inv_end(subscriptions);\n\treturn ret;/
		}' mm/mmu_notifier.c
		edit '/^static int __mmu_interval_notifier_insert\(/,/^}/{/^\tinterval_sub->mm = mm;/d; s/^\tmmgrab\(mm\);/&\n\tinterval_sub->mm = mm;/}' mm/mmu_notifier.c
	)
	fixes=$(merge names "$work/vendor" fix-)
	if ! merge apply "$work/vendor" "$work/vendor-series" 2>"$work/said"; then
		echo "FAIL $what: $(tail -n1 "$work/said")"
	elif echo "$fixes" | grep -qw fix-refused; then
		echo "FAIL $what: it is"
	elif ! merge apply "$work/vendor" "$work/vendor-fixes" "$(echo "$fixes" | tr ' ' ,)" 2>"$work/said"; then
		echo "FAIL $what: of the others, $(tail -n1 "$work/said")"
	elif ! sed '1,/^static int __mmu_interval_notifier_insert(/d' "$work/vendor-fixes/mm/mmu_notifier.c" |
		awk '/is inserted already/ { looked = 1 } /RB_CLEAR_NODE/ { exit !looked }'; then
		echo "FAIL $what: an insertion clears its node before it looks whether it is inserted"
	else
		echo "ok $what"
	fi
	ln -sf "$stock/mm/mmu_notifier.c" "$work/vendor/mm/mmu_notifier.c"
fi

case $(merge base "$stock") in
6.1)
	imitate linux_6_1_50 '40-guards 41-uninitialized'
	imitate linux_6_1_90 41-uninitialized
	;;
6.12)
	imitate linux_6_5 '13-kzalloc 20-change-pte 21-invalidate-range 30-kunit'
	imitate linux_6_6 '13-kzalloc 20-change-pte 30-kunit'
	imitate linux_6_18 13-kzalloc
	;;
*) imitate linux_7_0 '10-young-int 11-young-macros' ;;
esac

#!/bin/sh
# kabi.sh STOCK: with the optional patch kabi/, what is exported by mm/ and by those that use MMU notifiers has the CRC that it has
# on stock.  Called by test.sh.  make verify runs it.  genksyms gets the same input as in a build with MODVERSIONS, but nothing is compiled.
. "$(dirname "$0")/../lib/common.sh"
stock=$1
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/kabi
rm -rf "$out"
mkdir -p "$out"
arch=x86_64 dir=.build-kabi
tree=$("$tools/tree.sh" kabi)

# Sources with exports: of mm/, KVM, and all that include a header that has MMU notifiers; those of other architectures are not.
headers='(mmu_notifier|hmm|kvm_host|ib_umem_odp|drm_gpusvm|drm_pagemap)\.h[>"]'
(
	cd "$stock"
	grep -lE '^EXPORT_SYMBOL' mm/*.c arch/x86/kvm/*.c arch/x86/kvm/*/*.c
	grep -rlE --include='*.c' "$headers" arch/x86 block drivers fs kernel net sound | grep -v /arm/ | xargs grep -lE '^EXPORT_SYMBOL'
) | sort -u >"$out/sources"

# crcs TREE FILE: "NAME CRC" of each export of these sources.
crcs() (
	cd "$1"
	configure tinyconfig "$tools/checks/configs/abi.config" "$tools/checks/configs/kabi.config"
	build_kernel "what genksyms needs in ${PWD##*/}" modules_prepare
	# What the series adds of exports of mm/ is in files of its own.
	files=$({ cat "$out/sources" && cd mm && grep -lE '^EXPORT_SYMBOL' mmu_*.c | sed 's,^,mm/,'; } | sort -u | sed 's/c$/i/')
	begin_step "genksyms-${PWD##*/}" "$2.log" "running genksyms on $(echo "$files" | wc -l) sources of ${PWD##*/}"
	# A source that is not for this configuration may fail, on both.
	# shellcheck disable=SC2086 # a list of words
	kernel_make -k -j"$jobs" CPP='gcc -E -D__GENKSYMS__' $files >"$2.log" 2>&1 || :
	for file in $files; do
		[ ! -e "$dir/$file" ] || "$dir/scripts/genksyms/genksyms" <"$dir/$file"
	done >"$2.raw" 2>>"$2.log"
	end_step
	sed -nE 's/^(__crc_([A-Za-z0-9_]+) = |#SYMVER ([A-Za-z0-9_]+) )(0x[0-9a-f]+);?$/\2\3 \4/p' "$2.raw" | sort -u >"$2"
)
crcs "$stock" "$out/stock"
crcs "$tree" "$out/series"

known=$(wc -l <"$out/stock")
for some in mmu_notifier_register mmu_interval_notifier_insert ib_umem_odp_map_dma_and_lock hmm_range_fault vm_munmap; do
	grep -q "^$some " "$out/stock" || echo "FAIL genksyms sees $some on stock: see $out/stock.log"
done
differ=$(comm -23 "$out/stock" "$out/series" | cut -d' ' -f1)
if [ -z "$differ" ]; then
	echo "ok with kabi/, all $known exports of mm/ and of users of MMU notifiers have stock's CRC"
else
	echo "FAIL with kabi/, $(echo "$differ" | wc -l) of $known exports of mm/ and of users of MMU notifiers have another CRC: $(echo "$differ" | head -n 10 | paste -sd' ')"
fi
cut -d' ' -f1 "$out/stock" >"$out/names"
new=$(cut -d' ' -f1 "$out/series" | grep -vxFf "$out/names")
wanted=$(sed -n 's/^EXPORT_SYMBOL_GPL(\(.*\));$/\1/p' "$root"/mm/mmu_*.c | grep -vxFf "$out/names" | sort)
if [ "$(echo "$new" | sort)" = "$wanted" ]; then
	echo "ok with kabi/, the $(echo "$new" | wc -l) new exports have a CRC, too"
else
	echo "FAIL with kabi/, the new exports have a CRC, too: $(echo "$new" | paste -sd' '), not $(echo "$wanted" | paste -sd' ')"
fi

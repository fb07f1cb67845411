#!/bin/sh
# kabi.sh STOCK: with the optional patch kabi/, what is exported by mm/ and by those that use MMU notifiers has the CRC that it has
# on stock; without it, it has not, or this would check nothing.  Called by bisect.sh.
. "$(dirname "$0")/../lib/common.sh"
stock=$1
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/kabi
mkdir -p "$out"
arch=x86_64 dir=.build-kabi

# crcs TREE: "CRC NAME" of each export, as genksyms leaves it for modpost.
crcs() (
	cd "$1"
	configure tinyconfig "$tools/checks/configs/abi.config" "$tools/checks/configs/kabi.config"
	build_kernel "mm/ and the users of MMU notifiers in ${PWD##*/}" mm/ arch/x86/kvm/ drivers/infiniband/core/ lib/test_hmm.o
	find "$dir/mm" "$dir/arch/x86/kvm" "$dir/drivers/infiniband/core" -name '.*.o.cmd' -exec sed -n 's/^#SYMVER \([^ ]*\) \(.*\)/\2 \1/p' {} + |
		sort -u
)
crcs "$stock" >"$out/stock"
crcs "$("$tools/tree.sh" kabi)" >"$out/kabi"
for some in mmu_notifier_register mmu_interval_notifier_insert ib_umem_odp_map_dma_and_lock hmm_range_fault vm_munmap; do
	grep -q " $some$" "$out/stock" || echo "FAIL the CRC of $some is compared: stock exports no such thing"
done
# What is new is this series' own.
comm -23 "$out/stock" "$out/kabi" | cut -d' ' -f2 >"$out/other"
if [ -s "$out/other" ]; then
	echo "FAIL with kabi/, the $(wc -l <"$out/stock") exports of mm/ and of users of MMU notifiers have stock's CRC, but for $(paste -sd' ' "$out/other")"
else
	echo "ok with kabi/, the $(wc -l <"$out/stock") exports of mm/ and of users of MMU notifiers have stock's CRC"
fi
if comm -13 "$out/stock" "$out/kabi" | grep -qE '^(0x00000000)? '; then
	echo "FAIL with kabi/, what is new has a CRC: $(comm -13 "$out/stock" "$out/kabi" | grep -E '^(0x00000000)? ' | paste -sd' ')"
else
	echo "ok with kabi/, what is new has a CRC: $(comm -13 "$out/stock" "$out/kabi" | wc -l)"
fi

#!/bin/sh
# abi.sh STOCK TREE: what modules see of MMU notifiers, on stock and on the series.  Called by test.sh.
# Exports and their CRCs by modpost, layouts by pahole.  All of it is left in build/test/BASE/abi.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/abi
rm -rf "$out"
mkdir -p "$out/stock" "$out/series" "$out/kabi"
structs='mmu_notifier_range mmu_notifier mmu_notifier_ops mmu_interval_notifier mmu_interval_notifier_ops'

# look TREE OUT: the objects of the core are enough; modpost takes them for the whole kernel.
look() (
	arch=x86_64 dir=.build-abi
	cd "$1"
	configure tinyconfig "$tools/checks/configs/abi.config" >&2
	objects=$(for file in mm/mmu_notifier*.c mm/mmu_interval*.c mm/mmu_range*.c; do
		# What an option adds that a distribution has not on is no part of it.
		[ ! -e "$file" ] || sed -n "s,^obj-\$(CONFIG_MMU_NOTIFIER).*+=.* \($(basename "$file" .c)\.o\)\( .*\|$\),mm/\1,p" mm/Makefile
	done)
	# shellcheck disable=SC2086 # a list of words
	build_kernel "the core of ${PWD##*/}" $objects
	# Newer ones look at exports only if told that there are modules.
	modules=
	! grep -q "case 'M'" scripts/mod/modpost.c || modules=-M
	modpost=$PWD/$dir/scripts/mod/modpost
	mkdir -p "$2/mm"
	for object in $objects; do
		cp "$dir/$object" "$dir/mm/.$(basename "$object").cmd" "$2/mm"
	done
	cd "$2"
	# shellcheck disable=SC2086 # a list of words
	ld -r -o vmlinux.o $objects
	echo "$objects" >.vmlinux.objs
	"$modpost" $modules -m -o Module.symvers vmlinux.o >&2
	# Not pahole -C: what Debian 13 has prints the structure and fails.
	pahole -F dwarf vmlinux.o >layouts
	for struct in $structs; do
		sed -n "/^struct $struct {/,/^}/p" layouts >"$struct.layout"
		# Members, with their offset and size; what has a name of its own in a nested structure counts as one.
		sed -n 's/ __attribute__(.*));/;/; s,^\t[^\t].*[ *(]\(\**[a-z_]*\)\()(.*)\)\?; */\* *\([0-9]*\) *\([0-9]*\) \*/$,\1 \3 \4,p' "$struct.layout" |
			tr -d '*' >"$struct.members"
		sort "$struct.members" >"$struct.members.sorted"
	done
)
look "$stock" "$out/stock"
look "$tree" "$out/series"
look "$("$tools/tree.sh" kabi)" "$out/kabi"

for side in stock series kabi; do
	[ -s "$out/$side/Module.symvers" ] || die "modpost found no export in $out/$side/vmlinux.o"
	cut -f2,4 "$out/$side/Module.symvers" | sort >"$out/$side/exports"
	cut -f1,2 "$out/$side/Module.symvers" | sort >"$out/$side/crcs"
done
comm -23 "$out/stock/exports" "$out/series/exports" >"$out/exports.gone"
comm -13 "$out/stock/exports" "$out/series/exports" >"$out/exports.new"
if [ -s "$out/exports.gone" ]; then
	echo "FAIL what stock exports is exported, of the same kind"
	sed 's/^/     /' "$out/exports.gone"
else
	echo "ok what stock exports is exported, of the same kind"
fi
if grep -v 'EXPORT_SYMBOL_GPL$' "$out/exports.new"; then
	echo "FAIL what is new is exported with EXPORT_SYMBOL_GPL"
else
	echo "ok the $(wc -l <"$out/exports.new") that are new are exported with EXPORT_SYMBOL_GPL"
fi
gone=$(comm -23 "$out/stock/crcs" "$out/kabi/crcs" | cut -f2 | paste -sd' ')
if [ -z "$gone" ]; then
	echo "ok with kabi/, Module.symvers of the core has stock's CRC for each of stock's $(wc -l <"$out/stock/crcs") exports"
else
	echo "FAIL with kabi/, Module.symvers of the core has stock's CRCs, but for $gone"
fi
echo "     without it, exports: $(wc -l <"$out/stock/exports"), with the same CRC as on stock: $(comm -12 "$out/stock/crcs" "$out/series/crcs" | wc -l)"

# What a module allocates, or is handed, it must find as it was compiled: members, their offsets, the size.
for struct in $structs; do
	stock_layout=$out/stock/$struct.members series_layout=$out/series/$struct.members differ=$out/$struct.differ
	[ -s "$stock_layout" ] || die "pahole shows no member of $struct: see $out/stock"
	stock_size=$(sed -n 's,.*/\* size: \([0-9]*\).*,\1,p' "$out/stock/$struct.layout")
	series_size=$(sed -n 's,.*/\* size: \([0-9]*\).*,\1,p' "$out/series/$struct.layout")
	case $struct in
	# Only the core allocates it, or its callers in the kernel.
	mmu_notifier_range)
		what="begins as on stock, of whose $stock_size bytes it has $series_size"
		comm -23 "$stock_layout.sorted" "$series_layout.sorted" >"$differ"
		comm -13 "$stock_layout.sorted" "$series_layout.sorted" | awk -v end="$stock_size" '$2 < end' >>"$differ"
		[ "$series_size" -ge "$stock_size" ] || echo "it is smaller" >>"$differ"
		;;
	# The core's own member makes room for others of its own.
	mmu_interval_notifier)
		what="is as on stock, $stock_size bytes, but for what is in the place of deferred_item"
		grep -v '^deferred_item ' "$stock_layout.sorted" | comm -23 - "$series_layout.sorted" >"$differ"
		place=$(sed -n 's/^deferred_item \([0-9]*\) .*/\1/p' "$stock_layout")
		comm -13 "$stock_layout.sorted" "$series_layout.sorted" |
			awk -v first="$place" '$2 < first || $2 + $3 > first + 16' >>"$differ"
		;;
	*)
		what="is as on stock, $stock_size bytes"
		comm -3 "$stock_layout.sorted" "$series_layout.sorted" >"$differ"
		;;
	esac
	[ "$struct" = mmu_notifier_range ] || [ "$series_size" = "$stock_size" ] || echo "its size is $series_size" >>"$differ"
	if [ -s "$differ" ]; then
		echo "FAIL struct $struct $what: $(tr '\t\n' ' ;' <"$differ")"
	else
		echo "ok struct $struct $what"
	fi
done

#!/bin/sh
# abi.sh STOCK TREE: what modules see of MMU notifiers, on stock and on the series.  Called by bisect.sh.
# Exports and their CRCs by modpost, layouts by pahole.  All of it is left in build/test/BASE/abi.
. "$(dirname "$0")/../lib/common.sh"
stock=$1 tree=$2
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/abi
rm -rf "$out"
mkdir -p "$out/stock" "$out/series"
structs='mmu_notifier_range mmu_notifier mmu_notifier_ops mmu_interval_notifier mmu_interval_notifier_ops'

# look TREE OUT: the objects of the core are enough; modpost takes them for the whole kernel.
look() (
	arch=x86_64 dir=.build-abi
	cd "$1"
	configure tinyconfig "$tools/checks/configs/abi.config" >&2
	objects=$(for file in mm/mmu_notifier.c mm/mmu_interval.c mm/mmu_notifier_range.c mm/mmu_range_watch.c mm/mmu_range_read.c; do
		[ ! -e $file ] || echo "${file%.c}.o"
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
	for struct in $structs; do
		pahole -C "$struct" vmlinux.o >"$struct.layout"
		# Members, with their offset and size; what has a name of its own in a nested structure counts as one.
		sed -n 's/ __attribute__(.*));/;/; s,^\t[^\t].*[ *(]\(\**[a-z_]*\)\()(.*)\)\?; */\* *\([0-9]*\) *\([0-9]*\) \*/$,\1 \3 \4,p' "$struct.layout" |
			tr -d '*' >"$struct.members"
	done
)
look "$stock" "$out/stock"
look "$tree" "$out/series"

for side in stock series; do
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
echo "     exports: $(wc -l <"$out/stock/exports"), with the same CRC as on stock: $(comm -12 "$out/stock/crcs" "$out/series/crcs" | wc -l)"

for struct in $structs; do
	[ -s "$out/stock/$struct.members" ] || die "pahole shows no member of $struct: see $out/stock"
	cut -d' ' -f1 "$out/series/$struct.members" >"$out/names"
	# The one member that was the core's own.
	gone=$(cut -d' ' -f1 "$out/stock/$struct.members" | grep -vx deferred_item | grep -vxFf "$out/names" | paste -sd' ') || :
	if [ -z "$gone" ]; then echo "ok all members of struct $struct are there"; else echo "FAIL members of struct $struct are gone: $gone"; fi
	sizes=
	for side in stock series; do
		sizes="$sizes $(sed -n 's,.*/\* size: \([0-9]*\).*,\1,p' "$out/$side/$struct.layout")"
	done
	if diff "$out/stock/$struct.members" "$out/series/$struct.members" >"$out/$struct.diff"; then
		echo "     size:${sizes% *}, the same layout"
	else
		echo "     size:${sizes% *} on stock, ${sizes##* } on the series; member, offset and size:"
		sed -n 's/^[<>]/    &/p' "$out/$struct.diff"
	fi
done

#!/bin/sh
# docs.sh TREE: the page about MMU notifiers builds without a warning, has the whole interface in it, and is shown as it is meant.
# Called by sections.sh.  Other pages of mm/ refer to books that are not built here, and warn.
. "$(dirname "$0")/../lib/common.sh"
tree=$1
out=$root/build/test/$name
mkdir -p "$out"
cd "$tree"

# Sphinx warns of what it reads, and it reads what has changed: begin anew.
dir=.build-docs
rm -rf "$dir"
mkdir "$dir"
begin_step docs "$out/docs.log" "building the book mm/ in $PWD/$dir"
# Without the pages about netlink, which 6.12 generates into the sources.
make -s O=$dir SPHINXDIRS=mm YNL_INDEX='' YNL_RST_FILES='' htmldocs >"$out/docs.log" 2>&1 || {
	tail -n 20 "$out/docs.log" >&2
	die "the documentation cannot be built: all of it is in $out/docs.log"
}
end_step
if grep -E '(WARNING|ERROR|warning|error):' "$out/docs.log" | grep -E 'mmu_notifier|mmu_interval' >"$out/docs.said"; then
	echo "FAIL mmu_notifier.rst builds without a warning"
	sed 's/^/     /' "$out/docs.said"
else
	echo "ok mmu_notifier.rst builds without a warning"
fi

page=$dir/Documentation/output/mm/mmu_notifier.html
{
	# Those of the debug option are for inline functions alone.
	cat mm/mmu_notifier*.c mm/mmu_interval*.c mm/mmu_range*.c | sed -n 's/^EXPORT_SYMBOL.*(\(.*\));$/\1/p' |
		grep -vE '^(__mn_debug_|mmu_notifier_debug_key$)'
	sed -n 's/^\(struct\|enum\) \(mmu_[a-z_]*\) {$/\2/p' include/linux/mmu_notifier.h
} | sort -u >"$out/docs.names"
while read -r what; do grep -q "id=\"c\.$what\"" "$page" || echo "$what"; done <"$out/docs.names" >"$out/docs.missing"
if [ -s "$out/docs.names" ] && [ ! -s "$out/docs.missing" ]; then
	echo "ok mmu_notifier.rst has the $(wc -l <"$out/docs.names") exports and types"
else
	echo "FAIL mmu_notifier.rst has all exports and types: not $(paste -sd' ' "$out/docs.missing")"
fi
if "$tools/checks/page.py" "$page" >"$out/docs.wrong"; then
	echo "ok mmu_notifier.rst is shown as it is meant"
else
	echo "FAIL mmu_notifier.rst is shown as it is meant"
	sed 's/^/     /' "$out/docs.wrong"
fi

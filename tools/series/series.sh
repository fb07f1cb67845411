#!/bin/sh
# make series: the series as patches and a cover letter, in out/series/BASE.
. "$(dirname "$0")/lib/common.sh"
stock=$("$tools/stock.sh")
set -- "$stock" "$(cat "$src/version")" "$root/out/series/$name"
# Only a clean git tree of the caller's has a commit that others know.
[ ! -e "$src/commit" ] || set -- "$@" "$(cat "$src/commit")"
python3 "$tools/merge/series.py" "$@"
echo "$root/out/series/$name"

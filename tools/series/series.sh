#!/bin/sh
# make series: the series as patches, in out/series/BASE.
. "$(dirname "$0")/common.sh"
stock=$("$tools/stock.sh")
python3 "$tools/series.py" "$stock" "$(cat "$src/version")" "$root/out/series/$name"
echo "$root/out/series/$name"

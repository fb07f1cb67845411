#!/bin/sh
# must-report.sh um|um-series: user-mode kernels that must print a report: the series; um has stock, bare and with its fixes, too.
# Called by test.sh.
# They are those that suites.sh um has built.
. "$(dirname "$0")/../lib/common.sh"
if [ "$1" = um ]; then kinds='series stock-tests stock-fixes'; else kinds=series; fi
set --
for kind in $kinds; do
	kernel=$("$tools/tree.sh" "$kind")
	[ -x "$kernel/.build-um/linux" ] || die "there is no kernel in $kernel/.build-um: run tools/series/checks/suites.sh um first"
	set -- "$@" "$kernel/.build-um" "$kernel"
done
base=$(release "$kernel")
begin_step reports "$1/boots" "booting them for each case of what must be reported"
python3 "$tools/boot/reports.py" "$base" "$@"
end_step

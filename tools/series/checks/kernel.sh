#!/bin/sh
# kernel.sh CONFIG SECONDS: the KUnit suites, and torture for so long, on a kernel of their own.  Called by verify.sh.
# CONFIG is a file of Kconfig lines that begins with "# ARCH SPEED: what it is for".  A second line
# "# planted: MUTANT: REGEX" says what this kernel is to print, and does not with the series, once the core has been changed
# in that way.
. "$(dirname "$0")/../lib/common.sh"
config=$(realpath "$1") seconds=$2 label=$(basename "$1" .config)
tree=$("$tools/tree.sh" series)
read -r _ arch speed _ <"$config"
need_space 2000 "the kernel $label"
build=$("$tools/boot/kunit.sh" "$tree" "$arch" "${speed%:}" "$config")
python3 "$tools/boot/results.py" check "$label" "$build" "$tree"
"$tools/boot/torture.sh" "$build" "$label" SUCCESS "duration=$seconds" stall=120

planted=$(sed -n 's/^# planted: //p' "$config")
[ -n "$planted" ] || exit 0
mutant=${planted%%: *} report=${planted#*: }
result="on the kernel $label the mutant $mutant shows, and the series does not: $report"
if grep -qE "$report" "$build/test.log"; then echo "FAIL $result"; exit; fi
python3 "$tools/mutants/mutants.py" plant "$mutant" "$tree"
"$tools/boot/kunit.sh" "$tree" "$arch" "${speed%:}" "$config" >/dev/null || say "it does not get to its end"
if grep -qE "$report" "$build/test.log"; then echo "ok $result"; else echo "FAIL $result"; fi
"$tools/tree.sh" series >/dev/null

#!/bin/sh
# check-kernel.sh CONFIG SECONDS: the KUnit suites, and torture for so long, on a kernel of their own.  CONFIG is a file of
# Kconfig lines that begins with "# ARCH SPEED: what it is for".
. "$(dirname "$0")/common.sh"
config=$(realpath "$1") seconds=$2 label=$(basename "$1" .config)
tree=$("$tools/tree.sh" series)
read -r _ arch speed _ <"$config"
need_space 2000 "the kernel $label"
build=$("$tools/kunit.sh" "$tree" "$arch" "${speed%:}" "$config")
python3 "$tools/results.py" check "$label" "$build" "$tree"
"$tools/torture.sh" "$build" "$label" SUCCESS "duration=$seconds" stall=120

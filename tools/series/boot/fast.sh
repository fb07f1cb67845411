#!/bin/sh
# fast.sh TREE: builds TREE's kernel for the torture test without sleeps: several CPUs, and nothing that checks or traces.
# That is the user-mode kernel of wall.sh where it is a multiprocessor, and otherwise the one of icount.sh, which QEMU emulates.
# Prints its build directory.
. "$(dirname "$0")/common.sh"
if grep -q UML_SUBARCH_SUPPORTS_SMP "$1/arch/um/Kconfig"; then
	exec "$tools/wall.sh" "$1"
fi
exec "$tools/icount.sh" "$1"

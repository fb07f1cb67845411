#!/bin/sh
# fast.sh TREE: builds TREE's kernel for the torture test without sleeps: several CPUs, and nothing that checks or traces.
# Called by verify.sh.  That is the user-mode kernel of wall.sh where it is a multiprocessor, and otherwise
# the one of icount.sh, which QEMU emulates.  Prints its build directory.
. "$(dirname "$0")/../lib/common.sh"
if grep -q UML_SUBARCH_SUPPORTS_SMP "$1/arch/um/Kconfig"; then
	exec "$tools/bench/wall.sh" "$1"
fi
exec "$tools/bench/icount.sh" "$1"

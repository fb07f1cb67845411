# shellcheck shell=sh disable=SC2034,SC2154 # to be included after common.sh; the scripts that include this use the variable
# The core in user space, in a copy of what it is compiled from, so that the tree stays as it is.  Called by fuzz.sh, mutants.py.
user_core=tools/testing/mmu_notifier

# copy_user_core TREE DIR
copy_user_core() {
	rm -rf "$2"
	mkdir -p "$2"
	(cd "$1" && tar -cf - tools/include tools/arch tools/lib/rbtree.c tools/scripts $user_core include/linux mm/mmu_*) | tar -xf - -C "$2"
}

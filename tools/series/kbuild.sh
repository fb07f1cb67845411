# shellcheck shell=sh disable=SC2154 # to be included after common.sh
# Kernel builds with a configuration of our own, in $dir below the current directory, for $arch, with $compiler if not gcc.
export CCACHE_DIR="${CCACHE_DIR:-$root/build/ccache}" CCACHE_NOHASHDIR=1

kernel_make() { make -s ARCH="$arch" O="$dir" CC="${compiler:-ccache gcc}" "$@"; }

# configure START FRAGMENT...: what a fragment asks for and does not get is a failure.
configure() {
	mkdir -p "$dir"
	kernel_make "$1"
	shift
	ARCH=$arch scripts/kconfig/merge_config.sh -m -O "$dir" "$dir/.config" "$@" >"$dir/merge.log"
	kernel_make olddefconfig
	missing=$(grep -h '^CONFIG_' "$@" | grep -vxFf "$dir/.config" | paste -sd' ')
	[ -z "$missing" ] || die "options that did not take in $PWD/$dir: $missing"
}

# our_objects TREE: those of which there is a source of ours.
our_objects() { sed -n 's,^\(\(mm\|lib\)/.*\)\.c$,\1.o,p' "$1.manifest"; }

# compile_command OBJECT: how it was compiled, without input and output; to be used in $dir.
compile_command() {
	sed -n 's/^\(saved\)\?cmd_[^ ]* := \(.*\) -c -o .*/\2/p' "$(dirname "$1")/.$(basename "$1").cmd" | sed 's/ -Wp,-MMD,[^ ]*//'
}

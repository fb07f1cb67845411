# shellcheck shell=sh disable=SC2154 # to be included after common.sh
# Kernel builds with a configuration of our own, in $dir below the current directory, for $arch.
export CCACHE_DIR="${CCACHE_DIR:-$root/build/ccache}" CCACHE_NOHASHDIR=1

kernel_make() { make -s ARCH="$arch" O="$dir" CC="ccache gcc" "$@"; }

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

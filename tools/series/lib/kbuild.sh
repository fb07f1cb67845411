# shellcheck shell=sh disable=SC2154 # to be included after common.sh
# Kernel builds with a configuration of our own, in $dir below the current directory, for $arch, with $compiler if not gcc.
# Called by build.sh, sparse.sh, imitated.sh, context.sh, abi.sh, module.sh, kabi.sh, each-patch.sh, icount.sh, qemu.sh, wall.sh, bench.sh, compile.sh, guest.sh.
# What the names of the compiler and its tools begin with.
cross=

# loud_make() names what it compiles.  It gives way to what is booted beside it.
loud_make() { nice -n 10 make ARCH="$arch" CROSS_COMPILE="$cross" O="$dir" CC="${compiler:-ccache ${cross}gcc}" "$@"; }
kernel_make() { loud_make -s "$@"; }

# build_kernel WHAT GOAL...: builds the goals of WHAT; what make and the compiler say goes to $dir/build.log.
build_kernel() {
	what=$1
	shift
	: >"$dir/started"
	begin_step "${PWD##*/}-${dir#.}" "$PWD/$dir/build.log" "building $what" new_objects "$dir"
	kernel_make -j"$jobs" "$@" >"$dir/build.log" 2>&1 || {
		tail -n 40 "$dir/build.log" >&2
		die "$what cannot be built: see above, all of it is in $PWD/$dir/build.log"
	}
	end_step
}

# try_configure START FRAGMENT...: what a fragment asks for and does not get is in $missing.
try_configure() {
	mkdir -p "$dir"
	# Older kernels tell how they put tinyconfig together.
	kernel_make "$1" >&2
	shift
	missing=
	[ $# != 0 ] || return 0
	ARCH=$arch scripts/kconfig/merge_config.sh -m -O "$dir" "$dir/.config" "$@" >"$dir/merge.log"
	kernel_make olddefconfig >&2
	missing=$(grep -h '^CONFIG_' "$@" | grep -vxFf "$dir/.config" | paste -sd' ')
}

# configure START FRAGMENT...: then it is a failure.
configure() {
	try_configure "$@"
	[ -z "$missing" ] || die "options that did not take in $PWD/$dir: $missing"
}

# known_options TREE FRAGMENT: lines of the fragment for those options that the tree has.
known_options() {
	grep -rhoE --include='Kconfig*' '^[[:space:]]*(menu)?config [A-Z0-9_]+' "$1" | awk -v fragment="$2" '
		{ known["CONFIG_" $2] }
		END {
			while ((getline line <fragment) > 0)
				if (match(line, /CONFIG_[A-Z0-9_]+/) && substr(line, RSTART, RLENGTH) in known)
					print line
		}'
}

# our_options TREE: those of ours that are there; the first patches of the series do not have them all yet, nor has an old base.
our_options() { known_options "$1" "$tools/lib/our.config"; }

# our_objects TREE: those of which there is a source of ours, not an upstream file that the series changes.
our_objects() {
	sed -n 's,^\(\(mm\|lib\)/.*\)\.c$,\1,p' "$1.manifest" | while read -r object; do
		[ ! -e "$root/$object.c" ] || echo "$object.o"
	done
}

# compile_command OBJECT: how it was compiled, without input and output; to be used in $dir.
compile_command() {
	sed -n 's/^\(saved\)\?cmd_[^ ]* := \(.*\) -c -o .*/\2/p' "$(dirname "$1")/.$(basename "$1").cmd" | sed 's/ -Wp,-MMD,[^ ]*//'
}

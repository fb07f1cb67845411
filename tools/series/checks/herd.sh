#!/bin/sh
# herd.sh: prints the path of herd7: that of the machine or, as neither Debian 12 nor 13 has it, that of a newer Debian.
# Called by litmus.py, input.sh.  It is unpacked, not installed, and runs with the C library that it was built with.  If there is
# none to be had, the exit code is that of debian.py.
. "$(dirname "$0")/../lib/common.sh"
! command -v herd7 || exit 0
"$tools/lib/deps.sh" fetch

herd=$root/build/herd7
if [ ! -d "$herd" ]; then
	need_space 400 "herd7"
	whole_or_nothing "$herd"
	python3 "$tools/merge/debian.py" closure herdtools7 "$new/debs"
	for deb in "$new"/debs/*.deb; do
		dpkg-deb -x "$deb" "$new" || die "$(basename "$deb") cannot be unpacked: is the disk full?"
	done
	# Of 260 MB, herd7 and its libraries are 30.
	rm -rf "$new/debs"
	find "$new/usr/bin" ! -type d ! -name herd7 -delete
	cat >"$new/herd7" <<-'EOF'
	#!/bin/sh
	# Made by tools/series/checks/herd.sh.
	here=$(dirname "$(readlink -f "$0")")/usr
	lib=$here/lib/x86_64-linux-gnu
	exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$here/bin/herd7" -set-libdir "$here/share/herdtools7/herd" "$@"
	EOF
	chmod +x "$new/herd7"
	"$new/herd7" -version >&2 || die "herd7 of Debian's herdtools7 does not run here: see what it says above"
	keep
fi
echo "$herd/herd7"

#!/bin/sh
# deps.sh fetch|build|check|test|bench|users|clients: makes sure of the Debian packages that a target needs.
# Called by common.sh, herd.sh, findings.sh, stock.sh, run.sh, check.sh, test.sh, bisect.sh, verify.sh, bench.sh, users.sh, clients.sh, cocci.sh, mutants.sh.
. "$(dirname "$0")/../lib/common.sh"

fetch='apt dpkg tar xz-utils patch python3 git rsync util-linux debian-archive-keyring'
build="$fetch gcc libc6-dev make flex bison bc libelf-dev libssl-dev ccache perl kmod"
# herd7, which these releases do not have, is not installed but unpacked: see herd.sh.
# Debian 13's coccinelle looks for what only the development package of Python has.
check="$build shellcheck coccinelle libpython3-dev sparse codespell python3-sphinx python3-yaml"
guest='qemu-system-x86 busybox-static cpio libnuma-dev libibverbs-dev ibverbs-providers ibverbs-utils iproute2 e2fsprogs'
fuzzers='stress-ng trinity'
# libFuzzer is in a package with the version in its name, which the package lists tell, if they are there.
clang_version() { apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p'; }
case ${1:-} in
test | bench) [ "$(id -u)" != 0 ] || [ -n "$(clang_version)" ] || apt-get update -q >&2 || : ;;
esac
clang=$(clang_version)
fuzz="clang libclang-rt-${clang:-14}-dev"
test="$check $guest $fuzz quilt dwarves gcc-aarch64-linux-gnu"
bench="$test gnuplot-nox"
users="$build gcc-aarch64-linux-gnu gcc-mips64el-linux-gnuabi64 gcc-powerpc64le-linux-gnu gcc-riscv64-linux-gnu gcc-s390x-linux-gnu"
clients="$build $guest $fuzzers"
case ${1:-} in
fetch) wanted=$fetch ;;
build) wanted=$build ;;
check) wanted=$check ;;
test) wanted=$test ;;
bench) wanted=$bench ;;
users) wanted=$users ;;
clients) wanted=$clients ;;
*) die "deps.sh: say fetch, build, check, test, bench, users or clients" ;;
esac

[ "$1" = fetch ] || [ "$(uname -m)" = x86_64 ] || die "the test kernels run on x86-64 machines only, this is $(uname -m)"
command -v dpkg-query >/dev/null || die "this is not a Debian system (no dpkg): install by other means: $wanted"
missing=
for package in $wanted; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || die "packages are missing: run as root: apt-get install --no-install-recommends$missing"

say "installing what the $1 part needs:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
install() { apt-get install -y -q --no-install-recommends $missing >&2; }
# The package lists may be missing, or out of date: only then are they fetched.
# shellcheck disable=SC2086 # a list of words
apt-get install -s $missing >/dev/null 2>&1 || apt-get update -q >&2
install || { apt-get update -q >&2 && install; } || die "could not install:$missing: see what apt-get says above"

#!/bin/sh
# context.sh TREE: clang's context analysis (who holds which lock) of our files, where kernel and compiler have it.
# Called by sections.sh.
. "$(dirname "$0")/../lib/common.sh"
tree=$1
. "$tools/lib/kbuild.sh"
out=$root/build/test/$name/context
rm -rf "$out"
mkdir -p "$out"
cd "$tree"

if ! grep -q '^config WARN_CONTEXT_ANALYSIS$' lib/Kconfig.debug; then
	echo "skip context analysis: Linux $(merge version .) has none"
	exit
fi
needs=$(sed -n '/^config WARN_CONTEXT_ANALYSIS$/,/^config/s/.*CLANG_VERSION >= \([0-9]*\)0000$/\1/p' lib/Kconfig.debug)
for clang in clang $(seq -f 'clang-%g' "${needs:-23}" 40); do
	version=$("$clang" -dumpversion 2>/dev/null | cut -d. -f1) || :
	[ "${version:-0}" -lt "${needs:-23}" ] || break
done
if [ "${version:-0}" -lt "${needs:-23}" ]; then
	echo "skip context analysis: it takes clang $needs, here is $(clang -dumpversion 2>/dev/null || echo none)"
	exit
fi

arch=x86_64 dir=.build-context compiler="ccache $clang"
our_options . >"$out/series.config"
echo CONFIG_WARN_CONTEXT_ANALYSIS=y >"$out/context.config"
configure tinyconfig "$tools/lib/mm.config" "$tools/checks/configs/w1.config" "$out/series.config" "$out/context.config"
objects=$(our_objects "$tree")
for object in $objects; do rm -f "$dir/$object"; done
begin_step context "$out/log" "building our objects in $PWD/$dir with $clang"
# Most of the kernel is not made for it, so only some directories ask for it; here we do.
# shellcheck disable=SC2086 # a list of words
kernel_make -j"$jobs" --output-sync=target CONTEXT_ANALYSIS=y $objects >"$out/log" 2>&1 || {
	tail -n 20 "$out/log" >&2
	die "the build with $clang fails: all of it is in $out/log"
}
end_step

# Proof that it looks: there is something to find in this one.
cat >"$out/planted.c" <<'EOF'
#include <linux/spinlock.h>
void planted(spinlock_t *lock);
void planted(spinlock_t *lock) { spin_lock(lock); }
EOF
command=$(cd "$dir" && compile_command mm/mmu_notifier.o)
if (cd "$dir" && sh -c "$command -fsyntax-only $out/planted.c") 2>&1 | grep -q 'planted.c:3.*Wthread-safety'; then
	echo "ok context analysis looks at locks"
else
	echo "FAIL context analysis looks at locks: not at one that is never released, see $out/planted.c"
fi
for object in $objects; do
	file=${object%.o}.c
	if grep -E "(^|/)$file:.*(warning|error): " "$out/log" >"$out/said"; then
		echo "FAIL context analysis $file"
		sed 's/^/     /' "$out/said"
	else
		echo "ok context analysis $file"
	fi
done

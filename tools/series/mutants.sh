#!/bin/sh
# make mutants [BASE=7.2] [JOBS=2] [ONLY='NAME ...']: does a test notice when the core is changed in one place?
# tools/series/mutants has the changes, mutants.py the rest.  What has a result for these sources is not run again.
. "$(dirname "$0")/lib/common.sh"
"$tools/lib/deps.sh" build
python3 "$tools/mutants/mutants.py" check
stock=$("$tools/stock.sh")
need_space $((800 * ${JOBS:-2})) "the kernels of the mutants"
mkdir -p "$src/mutants" "$root/out/mutants"
said=$root/out/mutants/$name.log
# shellcheck disable=SC2086 # a list of words
{
	python3 "$tools/mutants/mutants.py" run "$stock" "$src/mutants" "${JOBS:-2}" "$root/out/mutants/$name.md" ${ONLY:-} ||
		echo "FAIL mutants as a whole: see above"
} | tee "$said"
grep -E '^(ok|FAIL|skip) ' "$said" >"$said.verdicts" || :
ended mutants "$said.verdicts"

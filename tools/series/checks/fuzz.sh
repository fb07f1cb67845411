#!/bin/sh
# fuzz.sh TREE SECONDS: the core in user space, tools/testing/mmu_notifier: its corpus, then libFuzzer for so long, and changes of
# the core that the corpus alone must notice.  Called by test.sh, verify.sh.
. "$(dirname "$0")/../lib/common.sh"
. "$tools/lib/user-core.sh"
tree=$1 seconds=$2
work=$root/build/test/$name/fuzz
if [ ! -d "$tree/$user_core" ]; then
	echo "skip fuzz: this base has no tools/testing/vma, nor $user_core"
	exit
fi

copy_user_core "$tree" "$work/core"
if make -C "$work/core/$user_core" >"$work/corpus.log" 2>&1; then
	echo "ok fuzz corpus"
else
	echo "FAIL fuzz corpus: see ${work#"$root/"}/corpus.log"
	grep 'mmu_notifier: task\|^the input' "$work/corpus.log" | cut -c1-1000 | sed 's/^/     /'
fi

for mutant in sections-alloc-leaks look-sees-nothing removal-uses-what-was-freed; do
	# Times stay, so only what is changed is compiled.
	rm -rf "$work/planted"
	cp -a "$work/core" "$work/planted"
	if ! python3 "$tools/mutants/mutants.py" plant $mutant "$work/planted" >"$work/$mutant.log" 2>&1 ||
		! make -C "$work/planted/$user_core" replay >>"$work/$mutant.log" 2>&1; then
		echo "FAIL fuzz planted $mutant: it cannot be built, see ${work#"$root/"}/$mutant.log"
	elif make -C "$work/planted/$user_core" >>"$work/$mutant.log" 2>&1; then
		echo "FAIL fuzz planted $mutant: the corpus does not notice it"
	else
		echo "ok fuzz planted $mutant"
	fi
done

log=$work/$seconds.log
begin_step "fuzz-$seconds" "$log" "fuzzing the core in user space for $seconds s"
if make -C "$work/core/$user_core" fuzz "SECONDS=$seconds" >"$log" 2>&1; then
	end_step
	echo "ok fuzz $seconds s"
	sed -n 's/^stat::number_of_executed_units: */     inputs: /p' "$log"
else
	end_step
	echo "FAIL fuzz $seconds s: see ${log#"$root/"}; what fails is in ${work#"$root/"}/core/$user_core/inputs"
	grep 'mmu_notifier: task\|: error:\|SUMMARY' "$log" | head -n 5 | sed 's/^/     /'
fi

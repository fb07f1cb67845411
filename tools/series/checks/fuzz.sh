#!/bin/sh
# fuzz.sh TREE SECONDS: the core in user space, tools/testing/mmu_notifier: its corpus, then libFuzzer for so long, and changes of
# the core that the corpus alone must notice.  Called by test.sh, verify.sh.  It is built in a copy of what it uses.
. "$(dirname "$0")/../lib/common.sh"
tree=$1 seconds=$2
work=$root/build/test/$name/fuzz
here=tools/testing/mmu_notifier
if [ ! -d "$tree/$here" ]; then
	echo "skip fuzz: this base has no tools/testing/vma, nor tools/testing/mmu_notifier"
	exit
fi

# copy_to DIR: what is compiled.
copy_to() {
	rm -rf "$1"
	mkdir -p "$1"
	(cd "$tree" && tar -cf - tools/include tools/arch tools/lib/rbtree.c tools/scripts $here include/linux mm/mmu_*) | tar -xf - -C "$1"
}

copy_to "$work/core"
if make -C "$work/core/$here" >"$work/corpus.log" 2>&1; then
	echo "ok fuzz corpus"
else
	echo "FAIL fuzz corpus: see ${work#"$root/"}/corpus.log"
	grep 'mmu_notifier: task\|^the input' "$work/corpus.log" | cut -c1-1000 | sed 's/^/     /'
fi

for mutant in sections-alloc-leaks look-sees-nothing inline-end-dropped; do
	copy_to "$work/planted"
	if ! python3 "$tools/mutants/mutants.py" plant $mutant "$work/planted" >"$work/$mutant.log" 2>&1 ||
		! make -C "$work/planted/$here" replay >>"$work/$mutant.log" 2>&1; then
		echo "FAIL fuzz planted $mutant: it cannot be built, see ${work#"$root/"}/$mutant.log"
	elif make -C "$work/planted/$here" >>"$work/$mutant.log" 2>&1; then
		echo "FAIL fuzz planted $mutant: the corpus does not notice it"
	else
		echo "ok fuzz planted $mutant"
	fi
done

log=$work/$seconds.log
begin_step "fuzz-$seconds" "$log" "fuzzing the core in user space for $seconds s"
if make -C "$work/core/$here" fuzz "SECONDS=$seconds" >"$log" 2>&1; then
	end_step
	echo "ok fuzz $seconds s"
	sed -n 's/^stat::number_of_executed_units: */     inputs: /p' "$log"
else
	end_step
	echo "FAIL fuzz $seconds s: see ${log#"$root/"}; what fails is in ${work#"$root/"}/core/$here/inputs"
	grep 'mmu_notifier: task\|: error:\|SUMMARY' "$log" | head -n 5 | sed 's/^/     /'
fi

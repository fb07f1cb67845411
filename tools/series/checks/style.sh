#!/bin/sh
# style.sh: the scripts of the series themselves, and what they declare.  Called by sections.sh.
. "$(dirname "$0")/../lib/common.sh"
cd "$root"

verdict() {
	what=$1
	shift
	if "$@" >&2; then echo "ok $what"; else echo "FAIL $what"; fi
}
# Each line of contract.md has a case, which is there.
contract() {
	rows=$(grep '^|' tools/series/checks/contract.md | grep -vE '^\|(---| (function|callback|mistake|property) )')
	if echo "$rows" | grep -v '` |$'; then
		say "contract.md: these lines have no case"
		return 1
	fi
	for name in $(echo "$rows" | sed 's/ |$//; s/.*| //' | tr -d '`,'); do
		grep -rqE "KUNIT_CASE[A-Z_]*\(${name}[),]" mm/tests tools/series/merge/backports || {
			say "contract.md: there is no case $name"
			return 1
		}
	done
}
# What the scenarios of kvm.sh name: an unknown parameter is ignored at boot.
scenarios() {
	dir=tools/testing/selftests/rcutorture/configs/mmu_notifier
	while read -r scenario; do
		[ -e "$dir/$scenario" ] || {
			say "$dir/CFLIST names $scenario, which is not there"
			return 1
		}
	done <"$dir/CFLIST"
	parameters=$(grep -rhoE 'mmu_notifier_torture\.[a-z_]+' "$dir" | sort -u)
	for parameter in $parameters; do
		grep -qE "^(torture_param\([a-z]+, |module_param\()${parameter#*.}," lib/mmu_notifier_torture.c || {
			say "$dir: there is no parameter $parameter"
			return 1
		}
	done
}
# shellcheck disable=SC2013 # a list of words
for script in $({ find tools .ci -type f -name '*.sh' && grep -rlE '^#!/bin/(busybox )?sh' tools .ci; } | sort -u); do
	verdict "shellcheck $script" shellcheck -x -P SCRIPTDIR -P tools/series "$script"
done
verdict "each script says who calls it" python3 "$tools/checks/callers.py"
for script in tools/series/*/*.py; do
	verdict "python $script" python3 -W error -c "import ast, pathlib; ast.parse(pathlib.Path('$script').read_text())"
done
verdict "no six lines stand twice" python3 "$tools/checks/duplicates.py"
verdict "each file and insertion in one step, and all backports apply" python3 "$tools/merge/merge.py" check
verdict "each line of contract.md has its cases" contract
verdict "the scenarios of kvm.sh have what they name" scenarios
verdict "the numbers of schedules are those that are counted" python3 "$tools/checks/schedules.py"
verdict "the numbers of schedules of range readers are those that are counted" python3 "$tools/checks/range_schedules.py"
python3 "$tools/bench/bench.py" check-readme
python3 "$tools/checks/verified.py" check

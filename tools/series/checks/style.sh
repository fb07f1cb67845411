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
# Whom the first lines of a script name, with "Called by", does call it.
callers() {
	missing=
	for script in tools/series/*/*.sh tools/series/*/*.py; do
		callers=$(sed -n '1,5s/.*Called by \([^:]*[^:.]\)[.:]\( .*\|$\)/\1/p' "$script" | sed 's/\.  .*//; s/, / /g')
		[ -n "$callers" ] || missing="$missing $script:nobody"
		module=${script##*/}
		module=${module%.py}
		for caller in $callers; do
			case $caller in hand | all) continue ;; esac
			find tools/series -name "$caller" -exec grep -lwE "${script##*/}|(import|from) .*$module" {} + |
				grep -q . || missing="$missing $script:$caller"
		done
	done
	[ -z "$missing" ] || say "the head of a script names who calls it, which is not so:$missing"
	[ -z "$missing" ]
}
for script in tools/series/*.sh tools/series/*/*.sh tools/series/boot/emulators/* tools/series/clients/init \
	tools/series/clients/rdma/pair tools/testing/selftests/mm/*.sh tools/testing/selftests/rcutorture/*/*.sh \
	tools/testing/selftests/rcutorture/*/*/*.sh .ci/run; do
	verdict "shellcheck $script" shellcheck -x -P SCRIPTDIR -P tools/series "$script"
done
verdict "each script says who calls it" callers
for script in tools/series/*/*.py; do
	verdict "python $script" python3 -W error -c "import ast, pathlib; ast.parse(pathlib.Path('$script').read_text())"
done
verdict "each file and insertion in one step, and all backports apply" python3 tools/series/merge/merge.py check
verdict "each line of contract.md has its cases" contract
verdict "the scenarios of kvm.sh have what they name" scenarios
verdict "the numbers of schedules are those that are counted" python3 tools/series/checks/schedules.py
verdict "the numbers of schedules of range readers are those that are counted" python3 tools/series/checks/range_schedules.py
python3 tools/series/bench/bench.py check-readme
python3 tools/series/checks/verified.py check

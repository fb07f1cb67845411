#!/bin/sh
# The scripts of the series themselves.
. "$(dirname "$0")/common.sh"
cd "$root"

verdict() {
	what=$1
	shift
	if "$@" >&2; then echo "ok $what"; else echo "FAIL $what"; fi
}
# Each line of contract.md has a case, which is there.
contract() {
	rows=$(grep '^|' tools/series/contract.md | grep -vE '^\|(---| (function|callback|mistake) )')
	if echo "$rows" | grep -v '` |$'; then
		say "contract.md: these lines have no case"
		return 1
	fi
	for name in $(echo "$rows" | sed 's/ |$//; s/.*| //' | tr -d '`,'); do
		grep -rqE "KUNIT_CASE[A-Z_]*\(${name}[),]" mm/tests tools/series/backports || {
			say "contract.md: there is no case $name"
			return 1
		}
	done
}
for script in tools/series/*.sh tools/series/tcg/* tools/series/clients/init tools/series/clients/rdma/pair \
	tools/testing/selftests/mm/*.sh .ci/run; do
	verdict "shellcheck $script" shellcheck -x -P SCRIPTDIR "$script"
done
for script in tools/series/*.py; do
	verdict "python $script" python3 -W error -c "import ast, pathlib; ast.parse(pathlib.Path('$script').read_text())"
done
verdict "each file and insertion in one step, and all backports apply" python3 tools/series/merge.py check
verdict "each line of contract.md has its cases" contract
verdict "the numbers of schedules are those that are counted" python3 tools/series/schedules.py
python3 tools/series/bench.py check-readme

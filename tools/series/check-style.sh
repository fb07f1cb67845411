#!/bin/sh
# The scripts of the series themselves.
. "$(dirname "$0")/common.sh"
cd "$root"

verdict() {
	what=$1
	shift
	if "$@" >&2; then echo "ok $what"; else echo "FAIL $what"; fi
}
for script in tools/series/*.sh tools/series/tcg/* tools/series/clients/init tools/series/clients/rdma/pair \
	tools/testing/selftests/mm/*.sh .ci/run; do
	verdict "shellcheck $script" shellcheck -x -P SCRIPTDIR "$script"
done
for script in tools/series/*.py; do
	verdict "python $script" python3 -W error -c "import ast, pathlib; ast.parse(pathlib.Path('$script').read_text())"
done
verdict "each file and insertion in one step, and all backports apply" python3 tools/series/merge.py check
verdict "the numbers of schedules are those that are counted" python3 tools/series/schedules.py
python3 tools/series/bench.py check-readme

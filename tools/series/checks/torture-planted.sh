#!/bin/sh
# torture-planted.sh SECONDS: the torture test of so many seconds notices a core that is broken in one of some ways, and says why.
# Called by verify.sh.  Each is a mutant, planted into the core of the user-mode kernel that suites.sh builds.  A reason that may
# come with the intended one, or be all that there is time for, is given, too.
. "$(dirname "$0")/../lib/common.sh"
seconds=$1
tree=$("$tools/tree.sh" series)

# torture MUTANT EXPECTED
torture() {
	python3 "$tools/mutants/mutants.py" plant "$1" "$tree"
	if build=$("$tools/boot/kunit.sh" build "$tree" um slow); then
		"$tools/boot/torture.sh" "$build" "planted-$1" "$2" "duration=$seconds"
	else
		echo "FAIL torture planted-$1: its kernel could not be built, see above"
	fi
	"$tools/tree.sh" series >/dev/null
}

torture end-calls-later-ones 'FAILURE=unpaired|FAILURE=stale,unpaired'
torture section-looks-before 'FAILURE=removed|FAILURE=stale,removed|FAILURE=early|FAILURE=stale,early|FAILURE=removed,early|FAILURE=stale,removed,early'
torture attach-later-does-not-wait 'FAILURE=early|FAILURE=stale,early'
torture hlist-release-does-not-wait 'FAILURE=early|FAILURE=release,early'
# Leave no such kernel behind.
"$tools/boot/kunit.sh" build "$tree" um slow >/dev/null

#!/usr/bin/env python3
"""The cases about what must be reported, and what not.  Called by must-report.sh.

    reports.py BASE BUILD TREE [STOCK_BUILD STOCK_TREE FIXES_BUILD FIXES_TREE]

Boots the user-mode kernel of BUILD once for each case of the suites that provoke reports, because lockdep stops at its first
report, and beside it, for the suite that they have, those of the stock core and of that with its fixes: what "kunit.py run
--run_isolated=test" does, but two at a time.  The cases judge the reports.  Prints "ok|FAIL|skip NAME" per case for the series; on
stock, the cases in stock-defects must fail, with the fixes those that no fix mends, and all others must do the same.
"""
import os
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import boots, results

SUITE = results.REPORT_SUITE


def judge_other(label, name, reason, here, there):
    """A case on a kernel that has not got our core: for this reason it must fail there, if there is one."""
    if reason and there[0] == here[0] == "SKIP":
        return
    if reason and there[0] in ("PASS", "SKIP"):
        print(f"FAIL {label} {name}: it must fail there: {reason}")
    elif reason:
        print(f"     fails on {label}: {reason} ({there[1]})")
    elif there[0] != here[0]:
        print(f"FAIL {label} {name}: its result is {there[0]}: {there[1]}")


def say(name, here):
    if here[0] == "PASS":
        print(f"ok reports {name}")
    else:
        print(f"{'skip' if here[0] == 'SKIP' else 'FAIL'} reports {name}: {here[1]}")


def main(base, build, tree, *others):
    others = [(label, *where, results.defects(base, boots.has_option(where[0], "SMP"), where[1], True, steps))
              for label, where, steps in (("reports-stock", others[:2], ()), ("reports-fixes", others[2:], results.fixes())) if where]
    names = boots.cases(tree, SUITE)
    if not names or any(names != boots.cases(where[2], SUITE) for where in others):
        print("FAIL reports: the trees have not got the same cases, or none")
        return
    builds = [build] + [where[1] for where in others]
    jobs = [(where, SUITE, name) for name in names for where in builds]
    more = [(build, suite, name) for suite in results.REPORT_SUITES if suite != SUITE for name in boots.cases(tree, suite)]
    verdicts = [(results.outcome(log, job[2]), results.why(log, job[2])) for job, log in zip(jobs + more, boots.boot_all(jobs + more))]
    for i, name in enumerate(names):
        here, *there = verdicts[i * len(builds):(i + 1) * len(builds)]
        say(name, here)
        for (label, _, _, marked), verdict in zip(others, there):
            judge_other(label, name, marked.pop(f"{SUITE}.{name}", None), here, verdict)
    for (_, _, name), here in zip(more, verdicts[len(jobs):]):
        say(name, here)
    for label, _, _, marked in others:
        for name in marked:
            print(f"FAIL {label}: stock-defects names {name}, which is not there")


if __name__ == "__main__":
    main(*sys.argv[1:])

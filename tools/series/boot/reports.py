#!/usr/bin/env python3
"""Kernels that must print a report, and kernels that must print none.  Called by must-report.sh, each_patch.py, mutants.py.

    reports.py BASE BUILD TREE STOCK_BUILD STOCK_TREE FIXES_BUILD FIXES_TREE

Boots the user-mode kernel of BUILD once for each case of the suites that provoke reports, because lockdep stops at its first
report, and beside it, for the suite that they have, those of the stock core and of that with its fixes.  A case says in the log what is to be reported: the kind, the lock that is about
to be taken, and the one that is held.  The log must have just this report, with a chain of just these locks and the lockdep
map of invalidations, and no other; the case itself looks for it as well and must pass.  Prints "ok|FAIL|skip NAME" per case
for the series; on stock, the cases in stock-defects must fail, with the fixes those that no fix mends, and all others must do
the same.
"""
import os
import re
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import boots, results

SUITE = results.REPORT_SUITE
MAP = "mmu_notifier_invalidate_range_start"
TO_REPORT = re.compile(r"mmu_notifier_kunit: to report: (.*)")
NOTHING = "mmu_notifier_kunit: nothing to report"
HEAD = re.compile(r"\b(?:WARNING|BUG): (.*)")
LOCK = re.compile(r" \((.+)\)\{\S+\}-\{\d+:\d+\}")


def section(lines, first, last):
    """The lines after the one that has `first` and before the one that has `last`."""
    start = next((i + 1 for i, line in enumerate(lines) if first in line), len(lines))
    stop = next((i for i, line in enumerate(lines) if i >= start and last in line), len(lines))
    return lines[start:stop]


def locks(lines):
    """The names of the locks in these lines, without the prefix that the SRCU of MMU notifiers has got in the series."""
    return [match[1].replace("mn_srcu", "srcu") for match in map(LOCK.search, lines) if match]


def wrong_with_report(wanted, report):
    """What is wrong with a report, compared with "KIND; acquire LOCK; hold LOCK" or "KIND; TEXT"."""
    kind, *details = wanted.split("; ")
    heads = [match[1] for match in map(HEAD.search, report) if match]
    if len(heads) != 1 or kind not in heads[0]:
        return f"it reports {heads}"
    if len(details) == 1:
        return None if any(details[0] in line for line in report) else f"it does not say '{details[0]}'"

    take, hold = (detail.split(" ", 1)[1] for detail in details)
    acquired = locks(section(report, "is trying to acquire lock:", "but task is already holding lock:"))
    held = locks(section(report, "but task is already holding lock:", "other info that might help us"))[:1]
    if (acquired, held) != ([take], [hold]):
        return f"it is about acquiring {acquired} and holding {held}"
    # With the two there is the map, and what may come between: reclaim, and the SRCU that callbacks of a whole mm run in.
    chain = locks(line for line in report if re.search(r"-> #\d+ \(", line))
    if "circular" in kind and (not {take, hold} <= set(chain) <= {take, hold, MAP, "srcu", "fs_reclaim"}
                               or MAP not in chain and take != "srcu"):
        return f"the chain of locks is {chain}"
    return None


def judge(case, log):
    """Returns a verdict ("ok", "FAIL" or "skip") and its reason."""
    result = next((m for m in map(results.RESULT.search, log) if m and m[1] == case), None)
    if not result:
        return "FAIL", "the case has no result"
    if result[2]:
        return "skip", result[2]
    wanted = next((m[1] for m in map(TO_REPORT.search, log) if m), "")
    if not wanted and not any(NOTHING in line for line in log):
        return "FAIL", "it does not say what is to be reported"
    report = section(log, results.EXPECT, results.EXPECT_END)
    wrong = wanted and wrong_with_report(wanted, report)
    if wrong:
        return "FAIL", f"{wanted}: {wrong}"
    for line in log:
        if results.is_report(line) and line not in report and "mmu_notifier_kunit: " not in line:
            return "FAIL", "unexpected: " + line.strip()
    if result[0].startswith("not"):
        return "FAIL", "the case itself has not found what is to be reported"
    if not results.has_shut_down(log):
        return "FAIL", "the kernel did not shut down by itself"
    return "ok", wanted or "nothing"


def judge_other(label, name, reason, here, there):
    """A case on a kernel that has not got our core: for this reason it must fail there, if there is one."""
    if reason and there[0] == here[0] == "skip":
        return
    if reason and there[0] != "FAIL":
        print(f"FAIL {label} {name}: it must fail there: {reason}")
    elif reason:
        print(f"     fails on {label}: {reason} ({there[1]})")
    elif there[0] != here[0]:
        print(f"FAIL {label} {name}: {there[1]}")


def main(base, build, tree, *others):
    others = [(label, *others[2 * i:2 * i + 2], results.defects(base, results.has_option(others[2 * i], "SMP"), True, steps))
              for i, (label, steps) in enumerate([("reports-stock", ()), ("reports-fixes", results.fixes())])]
    names = boots.cases(tree, SUITE)
    if not names or any(names != boots.cases(where[2], SUITE) for where in others):
        print("FAIL reports: the trees have not got the same cases, or none")
        return
    builds = [build] + [where[1] for where in others]
    jobs = [(where, SUITE, name) for name in names for where in builds]
    more = [(build, suite, name) for suite in results.REPORT_SUITES if suite != SUITE for name in boots.cases(tree, suite)]
    verdicts = [judge(job[2], log) for job, log in zip(jobs + more, boots.boot_all(jobs + more))]
    for i, name in enumerate(names):
        here, *there = verdicts[i * len(builds):(i + 1) * len(builds)]
        print(f"{name}: {here[1]}")
        print(f"{here[0]} reports {name}" + (f": {here[1]}" if here[0] == "skip" else ""))
        for (label, _, _, marked), verdict in zip(others, there):
            judge_other(label, name, marked.pop(f"{SUITE}.{name}", None), here, verdict)
    for (_, _, name), here in zip(more, verdicts[len(jobs):]):
        print(f"{name}: {here[1]}")
        print(f"{here[0]} reports {name}" + (f": {here[1]}" if here[0] == "skip" else ""))
    for label, _, _, marked in others:
        for name in marked:
            print(f"FAIL {label}: stock-defects names {name}, which is not there")


if __name__ == "__main__":
    main(*sys.argv[1:])

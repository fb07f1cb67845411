#!/usr/bin/env python3
"""What each step of the series changes in the results of the tests.  Called by each-patch.sh.

    each_patch.py boot BASE BEFORE BUILD STEP         boots the user-mode kernels before and after STEP for the cases that it says to
                                                 mend and that no boot of all suites runs
    each_patch.py judge BASE STOCK DIR STEP,STEP judges the boots of the last of these steps

BEFORE and BUILD are build directories, DIR has STEP/mm/tests and STEP/.build-um for each STEP, with what each-patch.sh keeps.
A step mends just those cases that stock-defects lists below "until STEP": each fails, or the kernel dies or hangs, without it,
and passes with it.
"""
import os
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import boots, results

ALONE = (*results.REPORT_SUITES, results.MISUSE_SUITE)


def claims(base, build, step):
    """The cases that the step mends here, and those that it mends but that it takes several CPUs to see."""
    mine = [(needs_smp, name) for until, needs_smp, name, _ in results.listed(base) if until == step]
    smp = boots.has_option(build, "SMP")
    return [name for needs_smp, name in mine if smp or not needs_smp], [name for needs_smp, name in mine if needs_smp and not smp]


def alone(build, names):
    """Of these cases, those that have a boot for each."""
    left_out = results.suites_left_out(build)
    return [tuple(name.split(".")) for name in names if name.split(".")[0] in left_out and name.split(".")[0] in ALONE]


def boot(base, before, build, step):
    boots.boot_all([(where, *case) for case in alone(before, claims(base, build, step)[0]) for where in (before, build)])


def result(folder, marked, name, together):
    """PASS, FAIL, DIED, HUNG or SKIP, and what there is to say about it."""
    suite, case = name.split(".", 1)
    build = os.path.join(folder, ".build-um")
    if name in together.cases:
        return together.cases[name], together.reason(name)
    log = boots.read(build, suite, case)
    return results.outcome(log, case), results.why(log, case)


def judge(base, stock, kept, steps):
    steps = steps.split(",")
    step, label = steps[-1], f"step {steps[-1]}"
    after = os.path.join(kept, step)
    build = os.path.join(after, ".build-um")
    smp = boots.has_option(build, "SMP")
    marked = results.defects(base, smp, stock, steps=steps)
    now = results.Boot(build, after, marked)
    failing = results.matching(marked, now.cases)[0]
    for name, status in now.cases.items():
        wanted = "FAIL" if name in failing else "PASS"
        if status not in (wanted, "SKIP"):
            now.wrong.append(f"{name} is {status}, not {wanted}")
    print("\n".join(now.boot_lines(label)))
    if not step.startswith("fix-"):
        # What a whole new core mends, make test shows.
        return

    before = os.path.join(kept, steps[-2])
    mended, unseen = claims(base, build, step)
    for name in unseen:
        print(f"skip {label} mends {name}: this kernel has one CPU")
    if not mended and not unseen:
        print(f"FAIL {label} mends something: stock-defects has no case for it")
    then = results.Boot(os.path.join(before, ".build-um"), before, marked)
    for name in mended:
        was, is_now = (result(folder, marked, name, boot) for folder, boot in ((before, then), (after, now)))
        if was[0] == is_now[0] == "SKIP":
            print(f"skip {label} mends {name}: {is_now[1]}")
            continue
        # Of what happens with the fixes before, stock-defects does not say whether it is just what happens on stock.
        good = was[0] in ("FAIL", "DIED", "HUNG") and is_now[0] == "PASS"
        print(f"{'ok' if good else 'FAIL'} {label} mends {name}: {was[0]} before, {is_now[0]} after")
        for text in (was[1], is_now[1]):
            if text and not good:
                print("     " + text)


def main(command, *args):
    {"boot": boot, "judge": judge}[command](*args)


if __name__ == "__main__":
    main(*sys.argv[1:])

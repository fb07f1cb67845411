#!/usr/bin/env python3
"""How many schedules the scenarios of mmu_notifier_range_schedule_kunit.c have.  Called by style.sh.

    range_schedules.py [FILE]    one line "SCENARIO: NUMBER" per scenario; fails if the file has another number in .schedules

Takes from the file what each actor does, and nothing else: what may come next is said here once more.  An actor takes its steps
in their order, unless it sleeps.  A begin sleeps until what overlaps and was active when it began has ended, or until it is
killed, if it is killable.
"""
import functools
import os
import re
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from checks import schedules

FILE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../../mm/tests/mmu_notifier_range_schedule_kunit.c")


def pages(text, macros):
    """The set of pages of "FIRST, LAST" or of a mask."""
    text = macros.get(text, text)
    bits = re.findall(r"BIT_ULL\((\d+)\)", text)
    if bits:
        return frozenset(map(int, bits))
    first, last = map(int, text.split(", "))
    return frozenset(range(first, last + 1))


def step(kind, arguments, macros):
    """(operation, pages or whom to kill)"""
    if not kind:
        return arguments, None
    if kind == "_KILL":
        return "KILL", int(arguments)
    operation, rest = arguments.split(", ", 1)
    return operation, pages(rest, macros)


def scenarios(text):
    """(name, .schedules, .nr_readers, programs) of each scenario."""
    macros = dict(re.findall(r"^#define (RS_PAIR)\s+\((.*)\)$", text, re.M))
    for name, scenario in re.findall(r"^static void (\w+)\(struct kunit \*test\)\n\{\n\tstatic const struct rs_scenario scenario = (\{.*?^\t\});",
                                  text, re.M | re.S):
        number, readers = (int(re.search(rf"\.{field} = (\d+),", scenario)[1]) for field in ("schedules", "nr_readers"))
        program = re.search(r"\.program = (\{.*\}),\n\t\}", scenario, re.S)[1]
        yield name, number, readers, [[step(*found, macros) for found in re.findall(r"RS_STEP(_ON|_SET|_KILL)?\(([^)]*)\)", group)]
                                      for group in schedules.groups(next(schedules.groups(program)))]


def count(readers, programs):
    def take(actor, at, waits, active):
        operation, what = programs[actor][at[actor]]
        if operation in ("BEGIN", "BEGIN_KILLABLE"):
            waits[actor] = frozenset((i, j) for i, ranges in enumerate(active) for j in ranges if programs[i][j][1] & what)
        elif operation == "START":
            active[actor].append(at[actor])
        elif operation == "END":
            ended = (actor, active[actor].pop())
            waits[:] = [names - {ended} for names in waits]
        elif operation == "KILL" and waits[what] and programs[what][at[what] - 1][0] == "BEGIN_KILLABLE":
            waits[what] = frozenset()
        elif operation not in ("RETRY", "CANCEL", "REFUSE", "FLOOD_ALL", "KILL"):
            sys.exit(f"series: range_schedules.py does not know RS_{operation}: say in take() what it does")
        at[actor] += 1

    @functools.lru_cache(maxsize=None)
    def orders(at, waits, active):
        total, over = 0, True
        for actor, program in enumerate(programs):
            if at[actor] == len(program) or actor < readers and waits[actor]:
                continue
            over = False
            state = list(at), list(waits), [list(ranges) for ranges in active]
            take(actor, *state)
            total += orders(tuple(state[0]), tuple(state[1]), tuple(map(tuple, state[2])))
        return 1 if over else total

    return orders((0,) * len(programs), (frozenset(),) * readers, ((),) * len(programs))


if __name__ == "__main__":
    sys.exit(not schedules.verdict((sys.argv[1:] or [FILE])[0], scenarios, count))

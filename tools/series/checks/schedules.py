#!/usr/bin/env python3
"""How many schedules the scenarios of mmu_notifier_schedule_kunit.c have.  Called by style.sh, range_schedules.py.

    schedules.py [FILE]      one line "SCENARIO: NUMBER" per scenario; fails if the file has another number in .schedules

Takes from the file what each thread does, and nothing else: what may come next is said here once more.  A thread takes its
steps in their order, unless it sleeps.  Start stops at each gate of a subscription that it is announced to, and goes on in a
step of its own.  A reader sleeps until what overlaps and was active when it called has ended; so does a remover, and then, once
more, until what overlaps and is active by then has ended.  It is announced to until the first of these is over.

Capital letters stand for subscriptions to the whole mm.  What registers or unregisters one, or is the first to insert into a new
mm, sleeps until what was active has ended; after that there is no saying whether it has returned, before nothing is active.  Those
that register or insert take turns: what is active counts when the one before is no longer known to sleep.  A subscription is
announced to from the return of the one to the call of the other; in between it stops no start.
"""
import collections
import functools
import os
import re
import sys

FILE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../../mm/tests/mmu_notifier_schedule_kunit.c")

# A range that is active: which it is, its pages, and how many gates it still has to pass.
Range = collections.namedtuple("Range", "name first last gates")
# A thread: its next step, its active ranges, the names of those it waits for (of threads, too: for its turn), and what it is to
# add or remove if it may not have returned.
Thread = collections.namedtuple("Thread", "at ranges waits unsure")
# A subscription: its pages, and the thread whose first wait (1) or second (2) is to remove it.
Sub = collections.namedtuple("Sub", "name first last remover wait")
ALL = (0, 63)
GONE = Sub("nothing", 0, -1, None, 0)
LETTERS = "abcdefghijklmnopqrs"


def groups(text):
    """The texts in the outermost braces."""
    depth, begin = 0, 0
    for i, char in enumerate(text):
        if char == "{":
            depth += 1
            begin = i + 1 if depth == 1 else begin
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield text[begin:i]


def steps(text):
    """[(operation, argument...)] of the MNS_STEP_ macros in a text."""
    return [(name, *(a.strip() for a in (arguments or "").split(",")))
            for name, arguments in re.findall(r"MNS_STEP_(\w+)(?:\(([^)]*)\))?", text)]


def scenarios(text):
    """(name, .schedules, whether the mm is new, subscriptions, programs) of each scenario."""
    macros = re.findall(r"^#define (MNS_\w+)[ \t\\\n]+(\{(?:.*\\\n)*.*\})$", text, re.M)
    found = re.findall(r"^static void (\w+)\(struct kunit \*test\)\n\{\n\tstatic const struct mns_scenario scenario = (\{.*?^\t\});",
                        text, re.M | re.S)
    for name, scenario in found:
        for macro, body in macros:
            if not body.startswith("{ ."):
                scenario = re.sub(rf"\b{macro}\b", lambda _, body=body: body, scenario)
        setup, program = (re.search(rf"\.{field} = (\{{.*?\}}),\n\t\t[.}}]" if field == "setup" else
                                    rf"\.{field} = (\{{.*\}}),\n\t\}}", scenario, re.S)[1] for field in ("setup", "program"))
        number, more = (int((re.search(rf"\.{field} = (\d+),", scenario) or [0, 0])[1]) for field in ("schedules", "more"))
        new_mm = ".new_mm = true" in scenario
        subs = [Sub(sub.strip("'"), *map(int, pages or ALL), None, 0) for _, sub, *pages in steps(setup)]
        subs += [Sub(chr(ord("b") + i), 0, 63, None, 0) for i in range(more)]
        yield name, number, new_mm, subs, [steps(group) for group in groups(next(groups(program)))]


def overlaps(a, b):
    return a.first <= b.last and b.first <= a.last


def active(threads, sub=None):
    """The names of the active ranges that overlap a subscription."""
    return frozenset(r.name for thread in threads for r in thread.ranges if not sub or overlaps(r, sub))


def settle(threads, subs):
    """Lets those go on whose wait is over.  A removal waits a second time if it has to."""
    for t, thread in enumerate(threads):    # those that have their turn now
        before = {other for other in thread.waits if isinstance(other, int)}
        if before and not any(threads[other].waits for other in before):
            threads[t] = thread._replace(waits=active(threads))
            return settle(threads, subs)
    if not active(threads):
        came = {thread.unsure for thread in threads if thread.unsure and not thread.waits}
        threads[:] = [thread._replace(unsure=None) for thread in threads]
        subs |= came - {GONE}
    result = set()
    for sub in subs:
        if sub.remover is not None and not threads[sub.remover].waits:
            again = active(threads, sub) if sub.wait == 1 else None
            if not again:
                continue
            threads[sub.remover] = threads[sub.remover]._replace(waits=again)
            sub = sub._replace(wait=2)
        result.add(sub)
    return frozenset(result)


def take(program, t, threads, subs, new_mm):
    """The threads and subscriptions after the next step of thread t."""
    threads = list(threads)
    me = threads[t]
    if me.ranges and me.ranges[-1].gates:
        threads[t] = me._replace(ranges=me.ranges[:-1] + (me.ranges[-1]._replace(gates=me.ranges[-1].gates - 1),))
        return threads, subs
    op, *args = program[me.at]
    me = me._replace(at=me.at + 1)
    named = [sub for sub in subs if args[-1:] == [f"'{sub.name}'"]]
    if op in ("START", "STOP_AT"):
        new = Range((t, me.at), *map(int, args[:2]), 0)
        gates = {args[2].strip("'")} if op == "STOP_AT" else {name for i, name in enumerate(LETTERS) if int(args[2], 0) >> i & 1}
        gates = sum(s.name in gates for s in subs if overlaps(s, new) and s.wait < 2)
        me = me._replace(ranges=me.ranges + (new._replace(gates=gates),))
    elif op == "END":
        ended = me.ranges[-1].name
        me = me._replace(ranges=me.ranges[:-1])
        threads = [other._replace(waits=other.waits - {ended}) for other in threads]
    elif op == "REGISTER" or op == "INSERT" and new_mm and not any(sub.name in LETTERS for sub in subs):
        before = frozenset(i for i, other in enumerate(threads) if other.unsure not in (None, GONE) and other.waits)
        me = me._replace(waits=before or active(threads), unsure=Sub(args[0].strip("'"), *map(int, args[1:] or ALL), None, 0))
    elif op == "UNREGISTER":
        me = me._replace(waits=active(threads), unsure=GONE)
        subs = subs - set(named)
    elif op == "INSERT":
        subs |= {Sub(args[0].strip("'"), int(args[1]), int(args[2]), None, 0)}
    elif op == "BEGIN":
        me = me._replace(waits=active(threads, named[0]))
    elif op == "REMOVE":
        me = me._replace(waits=active(threads, named[0]))
        subs = subs - set(named) | {named[0]._replace(remover=t, wait=1)}
    elif op not in ("RETRY", "FAIL", "REFUSE"):
        sys.exit(f"series: schedules.py does not know MNS_STEP_{op}: say in take() what it does")
    threads[t] = me
    return threads, settle(threads, subs)


def count(new_mm, subs, programs):
    @functools.lru_cache(maxsize=None)
    def schedules(threads, subs):
        total, over = 0, True
        for t, thread in enumerate(threads):
            gates = thread.ranges and thread.ranges[-1].gates
            if thread.waits or thread.unsure or (not gates and thread.at == len(programs[t])):
                continue
            over = False
            after, subs_after = take(programs[t], t, threads, subs, new_mm)
            total += schedules(tuple(after), subs_after)
        return 1 if over else total

    return schedules(tuple(Thread(0, (), frozenset(), None) for _ in programs), frozenset(subs))


def verdict(path, read, count_one):
    """Of all scenarios that read() finds there: its name, its number, and what count_one() takes."""
    with open(path, encoding="utf-8") as file:
        found = list(read(file.read()))
    wrong = [] if found else [f"{path} has no scenarios that can be read"]
    for name, number, *what in found:
        right = count_one(*what)
        print(f"{name}: {right}")
        if number != right:
            wrong.append(f"{name} has {right} schedules, and says {number} in {path}: put that right, or the rules")
    for text in wrong:
        print("series: " + text, file=sys.stderr)
    return not wrong


if __name__ == "__main__":
    sys.exit(not verdict((sys.argv[1:] or [FILE])[0], scenarios, count))

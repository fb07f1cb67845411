#!/usr/bin/env python3
"""What a boot of a KUnit kernel showed.
Called by run.sh, suites.sh, kernel.sh, verify.sh, reports.py, torture.py, each_patch.py, clients.py, mutants.py.

    results.py report BUILD TREE         a short report; fails unless all cases pass and nothing else is wrong
    results.py check LABEL BUILD TREE    one line "ok|FAIL|skip NAME" per case and for the boot as a whole
    results.py case LABEL LOG CASE       the same for the one case of a boot whose console is in LOG
    results.py compare BASE BUILD TREE STOCK_BUILD STOCK_TREE FIXES_BUILD FIXES_TREE
                                         the same for the series, with the results of the stock core, and of that with its
                                         fixes, beside it

The rules for the two other columns: the cases in stock-defects must fail on stock; with the fixes, those that no fix mends; all
others must pass there.  What a boot leaves out, because the kernel may die of it, boots.py has booted case by case.
"""
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import boots
from merge import merge

HERE = os.path.dirname(os.path.realpath(__file__))
WAITS = ("read_begin", "insert_read", "remove")
# What no boot may print...
BAD = re.compile(r"WARNING: |BUG: |\bBUG at|Oops|Kernel panic|general protection|possible circular|possible recursive"
                 r"|INFO: |lockdep|suspicious RCU|UBSAN|KASAN|KFENCE|\bKCSAN|list_(add|del) corruption|refcount_t:"
                 r"|sleeping function called|scheduling while atomic|Call Trace:|Segfault|blocked for more than")
# ... but these lines and KUnit's own comments ("# ..."), which are no reports, ...
HARMLESS = re.compile(r"Lock dependency validator|lockdep: fixing up alternatives|RCU lockdep checking is enabled"
                      r"|running self-test|print-fatal-signals")
# ... and what a case that provokes a report prints between these two.
EXPECT = "mmu_notifier_kunit: expect report"
EXPECT_END = "mmu_notifier_kunit: end of expected report"
# The suite that reports.py boots, case by case, and no other boot runs; and one that boots of the stock core leave out.
REPORT_SUITE = "mmu_notifier_report"
# All that provoke reports, that one first; the others are of what stock has not got.
REPORT_SUITES = sorted((os.path.basename(path).removesuffix("_kunit.c")
                        for path in glob.glob(os.path.join(merge.ROOT, "mm/tests/*_report_kunit.c"))), key=len)
MISUSE_SUITE = "mmu_notifier_misuse"
# Suites that stock cannot have begin with these: about the insides of our core, and what is new.
OWN_SUITES = ("mmu_notifier_range", "mmu_notifier_deferred", "mmu_notifier_update", "mmu_notifier_filter", "mmu_notifier_debug",
              "mmu_notifier_trace", "mmu_notifier_fail")
RESULT = re.compile(r"(?:not )?ok \d+ (?:- )?(\S+)(?: # SKIP (.*))?")
SUBTEST = re.compile(r"# Subtest: (\S+)")


def is_report(line):
    return BAD.search(line) and not HARMLESS.search(line) and not line.lstrip().startswith("#")


class Ktap:
    """What the lines of a console are about: suite.case, or suite.case.row if the case runs for several rows of a table."""

    def __init__(self):
        self.within = []

    def read(self, line):
        """Returns the name that a line has the result of, and whether that is a case; or None, if it is no result."""
        subtest, result = SUBTEST.search(line), RESULT.search(line)
        if subtest:
            self.within.append(subtest[1])
        if subtest or not result:
            return None
        group = self.within[-1:] == [result[1]]
        if group:
            self.within.pop()
        return ".".join(self.within + [result[1]]), not group


def has_shut_down(log):
    """With PREEMPT_RT a thread prints the console, and a shutdown does not wait for its last line: ask QEMU then."""
    if any("Linux version" in line and "PREEMPT_RT" in line for line in log):
        return not any("terminating on signal" in line for line in log)
    return any("reboot: " in line or "System halted" in line for line in log)


def functions(build, *objects):
    """The functions in these objects, those that are there."""
    paths = [path for name in objects for path in glob.glob(os.path.join(build, name))]
    names = subprocess.run(["nm", *paths], stdout=subprocess.PIPE, text=True, check=True).stdout if paths else ""
    return set(re.findall(r" [tTwW] ([^\s.]+)", names))


def without_foreign_races(log, build):
    """The log without the reports of KCSAN on races in which MMU notifiers and their tests have no part.

    With all its options on, KCSAN finds races everywhere in the kernel.  One is ours if the core has called what raced, or
    if it was in one of our functions itself.
    """
    starts = [i for i, line in enumerate(log) if "BUG: KCSAN: " in line]
    if not starts:
        return log
    core = functions(build, *(path[:-1] + "o" for path in merge.CORE if path.endswith(".c")))
    ours = core | functions(build, "mm/tests/mmu_notifier*.o", "lib/*mmu_notifier*.o")
    foreign = set()
    for start in starts:
        end = next((i for i in range(start, len(log)) if log[i].rstrip().endswith("=" * 20)), len(log) - 1)
        head = set(re.findall(r"\w+", log[start].partition(" in ")[2]))
        called = {name for line in log[start:end] for name in re.findall(r"\b(\w+)(?:\.\S+)?\+0x", line)}
        if not head & ours and not called & core:
            foreign.update(range(start, end + 1))
    print(f"{len(starts)} reports of KCSAN in the kernel, {len([i for i in starts if i not in foreign])} about MMU notifiers",
          file=sys.stderr)
    return [line for i, line in enumerate(log) if i not in foreign]


class Boot:
    """One boot: its cases {suite.case: PASS|FAIL|SKIP|ERROR}, waits, unexpected lines, and what is wrong with it."""

    def __init__(self, build, tree, marked=None):
        self.cases, self.reasons, self.waits, self.wrong = {}, {}, {}, []
        with open(os.path.join(build, "results.json"), encoding="utf-8") as file:
            self.collect(json.load(file), "")
        with open(os.path.join(build, "test.log"), encoding="utf-8", errors="replace") as file:
            log = without_foreign_races(file.read().splitlines(), build)
        self.read_log(log, set(matching(marked or {}, self.cases)[0]))
        found = {part for name in self.cases for part in name.split(".")}
        for name in sorted(declared(build, tree) - found):
            self.wrong.append(f"{name} has no result: the boot did not get there, or the suite was not built in")
        if not self.cases:
            self.wrong.append("no case has run")
        if not has_shut_down(log):
            self.wrong.append("the kernel did not shut down by itself")

    def collect(self, group, prefix):
        for case in group["test_cases"]:
            self.cases[prefix + case["name"]] = case["status"]
        for sub in group["sub_groups"]:
            self.collect(sub, prefix + sub["name"] + ".")

    def read_log(self, log, marked):
        expected, reports, done, ktap = False, [], False, Ktap()
        for line in log:
            if EXPECT_END in line:
                expected = False
            elif EXPECT in line:
                expected = True
            name = ktap.read(line)
            if name:
                # Reports since the last result belong to this case; one that must fail may print them.
                if name[0] not in marked:
                    self.wrong += reports
                reports = []
                self.reasons[name[0]] = RESULT.search(line)[2]
            elif is_report(line) and not expected:
                reports.append("the kernel reports: " + line.strip())
            wait = re.search(r"mmu_notifier_benchmark: wait scenario=(\S+) .*median_ns=(\d+) max_ns=(\d+)", line)
            if wait:
                self.waits[wait[1]] = (int(wait[2]), int(wait[3]))
            done = done or "mmu_notifier_benchmark: done" in line
        self.wrong += reports
        if self.waits and not done:
            self.wrong.append("the benchmark did not finish")

    def need_waits(self):
        for name in WAITS:
            if name not in self.waits:
                self.wrong.append(f"the benchmark has no figure for {name}")

    def reason(self, name):
        """Why a case was skipped."""
        return self.reasons.get(name) or "no reason given"

    def lines(self, label):
        """The verdict lines on the cases and the boot."""
        for name, status in self.cases.items():
            if status == "SKIP":
                yield f"skip {label} {name}: {self.reason(name)}"
            else:
                yield f"{'ok' if status == 'PASS' else 'FAIL'} {label} {name}"
        yield from self.boot_lines(label)

    def boot_lines(self, label):
        yield f"{'FAIL' if self.wrong else 'ok'} {label}: boot without unexpected reports, all suites there"
        for text in self.wrong[:20]:
            yield "     " + text


def suites_left_out(build):
    """The suites that kunit.sh has not run, of those that are built in."""
    with open(os.path.join(build, "left-out"), encoding="utf-8") as file:
        return file.read().split()


def declared(build, tree):
    """The names of the suites and cases in a tree's sources that this boot was to run: each must have a result."""
    names = set()
    with open(os.path.join(build, "speed"), encoding="utf-8") as file:
        case = r"KUNIT_CASE(?:_PARAM|_SLOW)?" if file.read().strip() == "very_slow" else r"KUNIT_CASE(?:_PARAM)?"
    left_out = suites_left_out(build)
    for path in glob.glob(os.path.join(tree, "mm/tests/mmu_notifier*_kunit.c")):
        if "schedule" in path and not boots.has_option(build, "MMU_NOTIFIER_SCHEDULE_KUNIT_TEST"):
            continue
        if os.path.basename(path).removesuffix("_kunit.c") in left_out:
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for header in re.findall(r'^#include "(.*)"$', text, re.M):
            with open(os.path.join(tree, "mm/tests", header), encoding="utf-8") as file:
                text += file.read()
        cases = re.findall(case + r"\((\w+)", text)
        names.update(cases)
        # KUnit leaves out a suite that has nothing but slow cases.
        if cases:
            names.update(re.findall(r"\.name\s*=\s*\"(mmu_notifier\w*)\"", text))
    return names


def version(base):
    return [int(number) for number in base.split(".")]


def listed(base):
    """The lines of stock-defects that are about this base: (step that mends it, needs several CPUs, suite.case, reason)."""
    until = None
    with open(os.path.join(HERE, "stock-defects"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split(None, 3)
            if fields[0] == "until" and len(fields) == 2:
                until = fields[1]
                continue
            if until is None:
                sys.exit(f"series: stock-defects:{number}: no line 'until STEP' stands before this one")
            if len(fields) != 4 or fields[1] not in ("any", "smp") or "." not in fields[2]:
                sys.exit(f"series: stock-defects:{number}: it takes base|base+|*, any|smp, suite.case and a reason")
            if fields[0] in ("*", base) or fields[0].endswith("+") and version(fields[0][:-1]) <= version(base):
                yield until, fields[1] == "smp", fields[2], fields[3].strip()


def defects(base, smp, tree, reports=False, steps=()):
    """{suite.case: reason} of the cases that must fail on this stock tree of a base, or after these steps of the series: those of
    REPORT_SUITE, or the others."""
    mended = {*steps, *merge.had(tree)}
    return {name: reason for until, needs_smp, name, reason in listed(base)
            if until not in mended and (smp or not needs_smp) and name.startswith(REPORT_SUITE) == reports}


def fixes():
    """The steps that mend the stock core."""
    return [step.name for step in merge.load_steps() if step.name.startswith("fix-")]


def matching(marked, names):
    """{name: reason} of the names that the patterns in marked match, and the patterns that match none."""
    found = {name: reason for pattern, reason in marked.items() for name in fnmatch.filter(names, pattern)}
    return found, [pattern for pattern in marked if not fnmatch.filter(names, pattern)]


def human(nanoseconds):
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.1f} {unit}"
    return f"{nanoseconds} ns"


def print_waits(*boots):
    for name in WAITS:
        print(f"  wait {name:12}" + "".join(
            "{:>26}".format("{} (max {})".format(*map(human, boot.waits[name])) if name in boot.waits else "none")
            for boot in boots))


def report(build, tree):
    boot = Boot(build, tree)
    boot.need_waits()
    by_suite = {}
    for name, status in boot.cases.items():
        by_suite.setdefault(name.split(".")[0], []).append(status)
        if status not in ("PASS", "SKIP"):
            boot.wrong.append(f"{name} failed")
    for suite, all_of_it in by_suite.items():
        skipped = all_of_it.count("SKIP")
        print(f"  suite {suite}: {all_of_it.count('PASS')} of {len(all_of_it)} cases passed"
              + (f", {skipped} skipped" if skipped else ""))
    skipped = [name for name, status in boot.cases.items() if status == "SKIP"]
    for why in sorted(set(map(boot.reason, skipped))):
        print(f"  skipped, {why}: {', '.join(name.split('.', 1)[1] for name in skipped if boot.reason(name) == why)}")
    print_waits(boot)
    for text in boot.wrong:
        print("  WRONG: " + text)
    return not boot.wrong


def other_column(what, base, build, tree, steps=()):
    """The boot of a kernel that has not got our core, and the patterns of the cases that must fail there."""
    marked = defects(base, boots.has_option(build, "SMP"), tree, steps=steps)
    boot = Boot(build, tree, marked)
    if MISUSE_SUITE in suites_left_out(build):
        boot.cases.update({f"{MISUSE_SUITE}.{name}": outcome(boots.read(build, MISUSE_SUITE, name), name)
                           for name in boots.cases(tree, MISUSE_SUITE)})
    boot.need_waits()
    boot.what, boot.marked = what, marked
    return boot


def wanted_of(reason):
    """How a case fails for this reason of stock-defects."""
    return {"dies:": "DIED", "hangs:": "HUNG"}.get(reason.split()[0], "FAIL")


def judge_other(boot, marked, name, series, base):
    """What there is to say of a case on a kernel that has not got our core."""
    there = boot.cases.get(name)
    if there is None and name.startswith(OWN_SUITES):
        return "of what only the series has"
    if there is None:
        boot.wrong.append(f"{name} has no result on {boot.what}")
        return f"NOT RUN ON {boot.what.upper()}"
    if name in marked:
        if there == wanted_of(marked[name]) or there == series == "SKIP":
            return marked[name]
        boot.wrong.append(f"{name} must fail on {boot.what} ({marked[name]}), and its result is {there}")
        return f"MUST FAIL ON {boot.what.upper()}: {marked[name]}"
    if there not in ("PASS", series):
        boot.wrong.append(f"{name} must pass on {boot.what}, and its result is {there}")
        return f"UNEXPECTED ON {boot.what.upper()}"
    return ""


def compare(base, build, tree, stock_build, stock_tree, fixes_build, fixes_tree):
    series = Boot(build, tree)
    series.need_waits()
    others = [other_column("stock", base, stock_build, stock_tree),
              other_column("stock with fixes", base, fixes_build, fixes_tree, fixes())]
    names = list(series.cases)
    names += [name for boot in others for name in boot.cases if name not in names]
    marks = []
    for boot in others:
        found, unknown = matching(boot.marked, names)
        marks.append(found)
        boot.wrong += [f"stock-defects names {name}, which has no result" for name in unknown]
    print(f"{'case':70} series stock fixes")
    for name in dict.fromkeys(names):
        here = series.cases.get(name, "n/a")
        notes = [judge_other(boot, marked, name, here, base) for boot, marked in zip(others, marks)]
        if name in marks[0] and not notes[1]:
            notes[1] = "mended by a fix"
        print(f"{name:70} {here:6} " + " ".join(f"{boot.cases.get(name, 'n/a'):5}" for boot in others)
              + " " + "; ".join(dict.fromkeys(filter(None, notes))))
    print("each wait with its median over the runs:   series                     stock                     fixes")
    print_waits(series, *others)
    print("\n".join(series.lines("kunit-um")))
    for label, boot in zip(("kunit-um-stock", "kunit-um-fixes"), others):
        print("\n".join(boot.boot_lines(label)))
    print(f"     with the fixes {len(marks[0]) - len(marks[1])} of {len(marks[0])} cases pass that fail on stock")


def result_of(log, name):
    return next((m for m in map(RESULT.search, log) if m and m[1] == name), None)


def case(label, path, name):
    with open(path, encoding="utf-8", errors="replace") as file:
        log = file.read().splitlines()
    result = result_of(log, name)
    if result and result[2]:
        return f"skip {label} {name}: {result[2]}"
    wrong = [line.strip() for line in log if is_report(line)]
    if not has_shut_down(log):
        wrong.append("the kernel did not shut down by itself")
    if not result:
        wrong.append("the case has no result")
    passed = result and not result[0].startswith("not") and not wrong
    return "\n     ".join([f"{'ok' if passed else 'FAIL'} {label} {name}"] + wrong[:20])


def outcome(log, name):
    """What came of the one case of a boot: PASS, SKIP or FAIL; or DIED or HUNG, if the kernel did before there was a result."""
    result = result_of(log, name)
    if not result:
        return "DIED" if any("Kernel panic" in line for line in log) else "HUNG"
    if result[2]:
        return "SKIP"
    expected = unexpected = False
    for line in log:
        expected = EXPECT_END not in line and (EXPECT in line or expected)
        unexpected |= bool(is_report(line)) and not expected and not RESULT.search(line)
    return "FAIL" if result[0].startswith("not") or unexpected or not has_shut_down(log) else "PASS"


def why(log, name):
    """Why the one case of a boot was skipped, or what it says of its failure."""
    result = result_of(log, name)
    if result and result[2]:
        return result[2]
    said = [line.strip() for line in log if is_report(line) or re.match(rf"\s*# {name}: ", line)]
    return "; ".join(said[:3]) or ("no reason given" if result else "the case has no result")


def main(command, *args):
    if command == "report":
        return report(*args)
    if command == "check":
        print("\n".join(Boot(*args[1:]).lines(args[0])))
    elif command == "case":
        print(case(*args))
    elif command == "compare":
        compare(*args)
    return True


if __name__ == "__main__":
    sys.exit(not main(*sys.argv[1:]))

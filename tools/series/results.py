#!/usr/bin/env python3
"""What a boot of a KUnit kernel showed.

    results.py report BUILD TREE         a short report; fails unless all cases pass and nothing else is wrong
    results.py check LABEL BUILD TREE    one line "ok|FAIL|skip NAME" per case and for the boot as a whole
    results.py step BASE LABEL BUILD TREE STEP,STEP
                                         a line for the boot as a whole, all cases being as they should after these steps
                                         of the series
    results.py case LABEL LOG CASE       the same for the one case of a boot whose console is in LOG
    results.py compare BASE BUILD TREE STOCK_BUILD STOCK_TREE
                                         the same for the series, with the stock core's results beside it

The rules for the stock column: the cases in stock-defects must fail there, all others must pass there.  What its boot leaves
out, because it may die of it, boots.py has booted case by case.
"""
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

import boots

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
MISUSE_SUITE = "mmu_notifier_misuse"
RESULT = re.compile(r"(?:not )?ok \d+ (?:- )?(\S+)(?: # SKIP (.*))?")


def is_report(line):
    return BAD.search(line) and not HARMLESS.search(line) and not line.lstrip().startswith("#")


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
    core = functions(build, "mm/mmu_notifier.o")
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
        self.read_log(log, {name.split(".")[1] for name in matching(marked or {}, self.cases)[0]})
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
        expected, reports, done = False, [], False
        for line in log:
            if EXPECT_END in line:
                expected = False
            elif EXPECT in line:
                expected = True
            result = RESULT.search(line)
            if result:
                # Reports since the last result belong to this case; one that must fail may print them.
                if result[1] not in marked:
                    self.wrong += reports
                reports = []
                if result[2]:
                    self.reasons[result[1]] = result[2]
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

    def lines(self, label):
        """The verdict lines on the cases and the boot."""
        for name, status in self.cases.items():
            if status == "SKIP":
                yield f"skip {label} {name}: {self.reasons.get(name.split('.')[-1], 'no reason given')}"
            else:
                yield f"{'ok' if status == 'PASS' else 'FAIL'} {label} {name}"
        yield from self.boot_lines(label)

    def boot_lines(self, label):
        yield f"{'FAIL' if self.wrong else 'ok'} {label}: boot without unexpected reports, all suites there"
        for text in self.wrong[:20]:
            yield "     " + text


def has_option(build, option):
    with open(os.path.join(build, ".config"), encoding="utf-8") as file:
        return f"CONFIG_{option}=y\n" in file.read()


def suites_left_out(build):
    """The suites that kunit.sh has not run, of those that are built in."""
    with open(os.path.join(build, "left-out"), encoding="utf-8") as file:
        return file.read().split()


def declared(build, tree):
    """The names of the suites and cases in a tree's sources that this boot was to run: each must have a result."""
    names = set()
    with open(os.path.join(build, "speed"), encoding="utf-8") as file:
        case = r"KUNIT_CASE(?:_SLOW)?" if file.read().strip() == "very_slow" else r"KUNIT_CASE"
    left_out = suites_left_out(build)
    for path in glob.glob(os.path.join(tree, "mm/tests/mmu_notifier*_kunit.c")):
        if "schedule" in path and not has_option(build, "MMU_NOTIFIER_SCHEDULE_KUNIT_TEST"):
            continue
        if os.path.basename(path).removesuffix("_kunit.c") in left_out:
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        names.update(re.findall(case + r"\((\w+)", text))
        names.update(re.findall(r"\.name\s*=\s*\"(mmu_notifier\w*)\"", text))
    return names


def version(base):
    return [int(number) for number in base.split(".")]


def defects(base, smp, reports=False, steps=()):
    """{suite.case: reason} of the cases that must fail on this stock base, or after these steps of the series: those of
    REPORT_SUITE, or the others."""
    found, mended = {}, None
    with open(os.path.join(HERE, "stock-defects"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split(None, 3)
            if fields[0] == "until" and len(fields) == 2:
                mended = fields[1] in steps
                continue
            if mended is None:
                sys.exit(f"series: stock-defects:{number}: no line 'until STEP' stands before this one")
            if len(fields) != 4 or fields[1] not in ("any", "smp") or "." not in fields[2]:
                sys.exit(f"series: stock-defects:{number}: it takes base|base+|*, any|smp, suite.case and a reason")
            here = fields[0] in ("*", base) or fields[0].endswith("+") and version(fields[0][:-1]) <= version(base)
            if here and not mended and (fields[1] == "any" or smp) and fields[2].startswith(REPORT_SUITE) == reports:
                found[fields[2]] = fields[3].strip()
    return found


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
    print_waits(boot)
    for text in boot.wrong:
        print("  WRONG: " + text)
    return not boot.wrong


def step(base, label, build, tree, steps):
    marked = defects(base, has_option(build, "SMP"), steps=steps.split(","))
    boot = Boot(build, tree, marked)
    marked = matching(marked, boot.cases)[0]
    for name, status in boot.cases.items():
        wanted = "FAIL" if name in marked else "PASS"
        if status not in (wanted, "SKIP"):
            boot.wrong.append(f"{name} is {status}, not {wanted}")
    print("\n".join(boot.boot_lines(label)))


def compare(base, build, tree, stock_build, stock_tree):
    marked = defects(base, has_option(stock_build, "SMP"))
    series, stock = Boot(build, tree), Boot(stock_build, stock_tree, marked)
    if MISUSE_SUITE in suites_left_out(stock_build):
        stock.cases.update({f"{MISUSE_SUITE}.{name}": outcome(boots.read(stock_build, MISUSE_SUITE, name), name)
                            for name in boots.cases(stock_tree, MISUSE_SUITE)})
    for boot in (series, stock):
        boot.need_waits()
    marked, unknown = matching(marked, set(series.cases) | set(stock.cases))
    print(f"{'case':70} series stock")
    for name in list(series.cases) + [n for n in stock.cases if n not in series.cases]:
        there = stock.cases.get(name, "n/a")
        if there == "n/a" and name.startswith("mmu_notifier_two_pass.") and base in ("6.1", "6.12"):
            note = f"stock {base} has no two-pass API"
        elif there == "n/a":
            note = "NOT RUN ON STOCK"
            stock.wrong.append(f"{name} has no result on stock")
        elif name in marked:
            wanted = {"dies:": "DIED", "hangs:": "HUNG"}.get(marked[name].split()[0], "FAIL")
            fails = there == wanted or there == series.cases.get(name) == "SKIP"
            note = marked[name] if fails else f"MUST FAIL ON STOCK: {marked[name]}"
            if not fails:
                stock.wrong.append(f"{name} is a stock defect, and its result on stock is {there}")
        else:
            note = ""
            if there not in ("PASS", series.cases.get(name)):
                note = "UNEXPECTED ON STOCK"
                stock.wrong.append(f"{name} is no stock defect, and its result on stock is {there}")
        print(f"{name:70} {series.cases.get(name, 'n/a'):6} {there:5} {note}")
    stock.wrong += [f"stock-defects names {name}, which has no result" for name in unknown]
    print("each wait with its median over the runs:   series                     stock")
    print_waits(series, stock)
    print("\n".join(series.lines("kunit-um")))
    print("\n".join(stock.boot_lines("kunit-um-stock")))


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


def main(command, *args):
    if command == "report":
        return report(*args)
    if command == "check":
        print("\n".join(Boot(*args[1:]).lines(args[0])))
    elif command == "step":
        step(*args)
    elif command == "case":
        print(case(*args))
    elif command == "compare":
        compare(*args)
    return True


if __name__ == "__main__":
    sys.exit(not main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Compares what the same tests said on stock and on the series.  Called by clients.sh, clients/short.sh, guest.sh.

    clients.py plan STOCK WORK short|all GROUP...
                                               which of clients/tests this tree has, to WORK/tests; their selftests, as "DIRECTORY
                                               PROGRAM SOURCE", to WORK/programs; verdict lines on the others to WORK/skipped
    clients.py compare WORK REPORT GROUP...    verdict lines; the table goes to REPORT
    clients.py alone WORK GROUP...             verdict lines on the series, where stock was not booted

WORK/GROUP.stock.log and WORK/GROUP.series.log have for each test "=== START NAME", what it printed, and "=== END NAME rc=N
seconds=N notified=N", as clients/init writes them; GROUP.stock.console and so on what the kernel said.  A test that speaks TAP
has a result per case, and each has one for its exit status.  Tests that were booted once more are in GROUP.stock.again.log and so
on (after that, .again.again): they count as they ended last, with a remark; what the kernel reported counts at any time.

What passes on stock must pass on the series, and the notifiers that are counted must have been called.  What fails or is
missing on both must be in clients/known, with its cause, and so must what the series is to mend.  Where the series is alone,
what is not in clients/known must pass, and the kernel make no report.
"""
import fnmatch
import os
import re
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import results

HERE = os.path.dirname(os.path.realpath(__file__))
SELFTESTS = "tools/testing/selftests"
CASE = re.compile(r"(not )?ok \d+\s*(?:- )?(.*?)\s*(?:# (SKIP|XFAIL)\b\s*(.*))?$")
END = re.compile(r"=== END (\S+) rc=(\d+) seconds=(\S+) notified=(\d+)$")
# A line of a stack: what it names is not what the report is about.
STACK = re.compile(r"(\[[ \d.]+\] ?)?(\[.*?\] ?)?\s*(\? )?[\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+( \[\w+\])?$")
# Some cases have in their names what they measured.
MEASURED = re.compile(r"\b\d+(\.\d+)?(?=MB\b|\b)")
# What differs from boot to boot in a report.
VARYING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|CPU[#:] ?\d+|PID: \d+|(?<=/)\d+\b")


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().replace("\r", "").splitlines()


def listed(name, columns):
    """The columns of a list beside this script."""
    return [line.split(None, columns - 1) for line in lines(os.path.join(HERE, name)) if line and not line.startswith("#")]


def source(stock, was, program):
    """Which selftest of this tree that program is, without its suffix, or None."""
    for name in (program, was.get(program, program)):
        folder, base = os.path.split(name)
        for room in (folder, was.get(folder, folder)):
            if os.path.exists(f"{stock}/{SELFTESTS}/{room}/{base}.c"):
                return f"{room}/{base}"
    return None


def plan(stock, work, length, *groups):
    trees = {"was": {}, "needs": {}, "word": {}}
    for kind, what, value in listed("trees", 3):
        trees[kind][what] = value
    tests, programs, skipped = [], {}, {}
    for group, long, seconds, name, folder, command in listed("tests", 6):
        if group not in groups or length == "short" and long != "short":
            continue
        what, program = f"{group} {name}", os.path.normpath(f"{folder[3:]}/{command.split()[0]}")
        ours = os.path.isdir(os.path.join(HERE, folder[3:]))
        found = None if ours else source(stock, trees["was"], program)
        text = "\n".join(lines(f"{stock}/{SELFTESTS}/{found}.c"))
        words = [word for pattern, word in trees["word"].items() if fnmatch.fnmatchcase(name, pattern) and word not in text]
        needs = {which: trees["needs"].get(which.replace(" ", "/")) for which in (group, what)}
        lacking = {which: path for which, path in needs.items() if path and not os.path.exists(os.path.join(stock, path))}
        if lacking:
            skipped |= lacking
        elif not ours and not found:
            skipped[what] = f"{SELFTESTS}/{program}.c"
        elif words:
            skipped[what] = f"{words[0]} in {program}"
        else:
            tests.append(f"{group} {seconds} {name} {folder} {command}")
            if found:
                programs[f"{folder} {os.path.basename(program)} {found}"] = None
    for name, rows in (("tests", tests), ("programs", programs),
                       ("skipped", [f"skip clients {what}: this kernel has no {lacks}" for what, lacks in skipped.items()])):
        with open(os.path.join(work, name), "w", encoding="utf-8") as file:
            file.writelines(f"{row}\n" for row in rows)


class Boot:
    """cases[test, case] = (status, reason); seconds[test]; notified[test]; reports: those of the kernel; times[test]: how often it
    was booted; before[test, case]: status, if it was another one then."""

    def __init__(self, path):
        self.cases, self.seconds, self.notified, self.times, self.before = {}, {}, {}, {}, {}
        test, log = None, lines(path + ".log")
        for line in log:
            start, end, case = re.match(r"=== START (\S+)$", line), END.match(line), CASE.match(line)
            if start:
                test = start[1]
                self.times[test] = 1
            elif end:
                self.end(*end.groups())
                test = None
            elif test and case:
                status = case[3].lower() if case[3] else "fail" if case[1] else "pass"
                self.add(test, case[2] or case[4] or "case", status, case[4] or "")
        self.cpus = int(next((line.split()[-2] for line in log if line.startswith("=== ALL DONE on ")), 0))
        self.reports = {}
        test, oom_killer = "the boot", False
        for line in lines(path + ".console"):
            start = re.search(r"clients: START (\S+)$", line)
            # It prints where it was called.
            oom_killer = "invoked oom-killer" in line or oom_killer and "Mem-Info:" not in line
            if start:
                test = start[1]
            elif results.is_report(line) and not STACK.match(line) and not (oom_killer and line.endswith("Call Trace:")):
                self.reports.setdefault(VARYING.sub("*", re.sub(r"^\[ *[\d.]+\] ?(?:\[.*?\] ?)?", "", line.strip())), test)

        if os.path.exists(path + ".again.log"):
            self.replace(Boot(path + ".again"))

    def replace(self, later):
        earlier = self.cases
        self.cases = {key: result for key, result in earlier.items() if key[0] not in later.times} | later.cases
        before = {key: earlier.get(key, ("missing",))[0] for key in later.cases}
        self.before |= later.before | {key: status for key, status in before.items() if status != later.cases[key][0]}
        self.seconds |= later.seconds
        self.notified |= later.notified
        self.times |= {test: times + self.times.get(test, 0) for test, times in later.times.items()}
        self.reports = later.reports | self.reports
        self.cpus = min(self.cpus, later.cpus)

    def add(self, test, case, status, reason):
        case = MEASURED.sub("N", case)
        name, number = case, 1
        while (test, name) in self.cases:
            number += 1
            name = f"{case} ({number})"
        self.cases[test, name] = (status, reason)

    def end(self, test, rc, seconds, notified):
        self.seconds[test], self.notified[test] = float(seconds), int(notified)
        said = [status for (name, _), (status, _) in self.cases.items() if name == test]
        if rc == "4" and "pass" not in said:
            self.add(test, "exit status", "skip", "the test says so")
        elif rc == "1" and "fail" in said:
            pass  # that is what its cases say
        else:
            self.add(test, "exit status", "pass" if rc == "0" else "fail", rc)

    def passed(self, test):
        return sum(status in GOOD for (name, _), (status, _) in self.cases.items() if name == test)


GOOD = ("pass", "xfail")


def cause(what):
    """The cause in clients/known, or None."""
    for line in lines(os.path.join(HERE, "known")):
        pattern, tab, why = line.partition("\t")
        if tab and not line.startswith("#") and fnmatch.fnmatchcase(what, pattern.strip()):
            return why.strip()
    return None


def judge(stock, series, why):
    """(verdict, remark) on a case, of which each argument is (status, reason)."""
    if why and why.startswith("only stock: "):
        shown = series[0] in GOOD and stock[0] == "fail"
        return "ok" if shown else "FAIL", f"here: {series[0]}, on stock: {stock[0]}, {why[12:]}"
    if series[0] in GOOD:
        return "ok", "" if stock[0] in GOOD else f"on stock: {stock[0]}"
    if stock[0] in GOOD:
        return "FAIL", f"passes on stock, here: {series[0]} {series[1]}"
    if series[0] == stock[0] == "skip":
        return "skip", series[1] or "the test skips it on both"
    if why:
        return "skip", f"{series[0]}, on stock too: {why}"
    return "FAIL", f"here: {series[0]}, on stock: {stock[0]}, and no cause is known"


def ended(name, label, boot):
    """A single CPU would show little."""
    return f"{'ok' if boot.cpus > 1 and boot.cases else 'FAIL'} clients {name}: {label} ran to its end, on {boot.cpus} CPUs"


def judge_alone(series, why):
    if series[0] in GOOD:
        return "ok", ""
    if series[0] == "skip":
        return "skip", series[1] or "the test says so"
    if why and not why.startswith("only stock: "):
        return "skip", f"{series[0]}, and on stock: {why}"
    return "FAIL", " ".join(series)


def alone(work, *groups):
    for name in groups:
        boot = Boot(os.path.join(work, f"{name}.series"))
        results_of = dict(boot.cases)
        for test, count in boot.notified.items():
            results_of[test, "callbacks"] = ("pass" if count else "none", "")
        for (test, case), result in results_of.items():
            verdict, remark = judge_alone(result, cause(f"{name} {test} {case}"))
            if (test, case) in boot.before:
                remark += f"{remark and '; '}{boot.before[test, case]} before, {boot.times[test]} boots"
            print(f"{verdict} clients {name} {test} {case}" + (f": {remark}" if remark else ""))
        print(ended(name, "series", boot))
        print(f"{'FAIL' if boot.reports else 'ok'} clients {name}: no report of the kernel")
        for report, test in boot.reports.items():
            print(f"     {test}: {report}")
    not_run(work)


def not_run(work, file=None):
    """Says what this kernel has not got; in the report below the table."""
    for number, line in enumerate(lines(os.path.join(work, "skipped"))):
        print(line)
        if file:
            print("" if number else "\nNot run:\n\n", line.replace("skip clients ", "- ", 1), sep="", file=file)


def compare_group(work, name, table):
    stock, series = (Boot(os.path.join(work, f"{name}.{label}")) for label in ("stock", "series"))
    missing, tests = ("missing", ""), {}
    for test, case in list(stock.cases) + [key for key in series.cases if key not in stock.cases]:
        what = f"{name} {test} {case}"
        verdict, remark = judge(stock.cases.get((test, case), missing), series.cases.get((test, case), missing), cause(what))
        for label, boot in (("on stock", stock), ("here", series)):
            if (test, case) in boot.before:
                remark += f"{remark and '; '}{label} {boot.before[test, case]} before, {boot.times[test]} boots"
        print(f"{verdict} clients {what}" + (f": {remark}" if remark else ""))
        tests[test] = tests.get(test, 0) + 1
    for label, boot in (("stock", stock), ("series", series)):
        print(ended(name, label, boot))
    new = {report: test for report, test in series.reports.items() if report not in stock.reports}
    print(f"{'FAIL' if new else 'ok'} clients {name}: no report of the kernel that stock does not make ({len(stock.reports)})")
    for report, test in new.items():
        print(f"     {test}: {report}")
    for test, cases in tests.items():
        called = [boot.notified.get(test, 0) for boot in (stock, series)]
        verdict, remark = judge(*(("pass" if count else "none", "") for count in called), cause(f"{name} {test} callbacks"))
        print(f"{verdict} clients {name} {test} callbacks" + (f": {remark}" if remark else ""))
        times = max(boot.times.get(test, 0) for boot in (stock, series))
        row = [name, test + (f" ({times} times)" if times > 1 else ""), cases]
        for column in ("seconds", "notified"):
            row += [getattr(boot, column).get(test, "") for boot in (stock, series)]
        row[3:3] = [stock.passed(test), series.passed(test)]
        print("|", " | ".join(map(str, row)), "|", file=table)


def compare(work, report, *groups):
    with open(report, "w", encoding="utf-8") as table:
        print("| group | test | cases | pass on stock | on the series | seconds on stock | on the series "
              "| callbacks on stock | on the series |\n|" + "---|" * 9, file=table)
        for name in groups:
            compare_group(work, name, table)
        not_run(work, table)


if __name__ == "__main__":
    {"plan": plan, "compare": compare, "alone": alone}[sys.argv[1]](*sys.argv[2:])

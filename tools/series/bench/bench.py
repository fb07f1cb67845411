#!/usr/bin/env python3
"""What the benchmarks measured, series against stock.  Called by bench.sh, gate.sh, style.sh, series.py.

    bench.py report DIR SUMMARY    DIR has the logs of a run (see bench.sh); writes results.csv, plots and report.md there,
                                   and the table of bars to SUMMARY, which is committed as bench/summary-BASE.md
    bench.py readme SUMMARY COUNTS the figures for README.md
    bench.py check-readme          README.md has what bench.py readme prints of the files that it names, and counts.md what
                                   bench.py counts prints
    bench.py record STOCK SERIES   prints a table of counts from two logs of cost.sh, for bench/counts-BASE
    bench.py counts                prints counts.md: all that the files counts-BASE have
    bench.py gate TABLE SERIES [STOCK]
                                   verdicts on a log of cost.sh: each count is at most 2% above the recorded one; with
                                   STOCK, that is with another compiler, each ratio to stock at most 10% above the recorded;
                                   and the bars on notifiers of the whole mm
"""
import csv
import glob
import math
import os
import re
import statistics
import subprocess
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from checks import verified

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
README = os.path.join(ROOT, "README.md")
CORES = ("stock", "series")
TOLERANCE, OTHER_COMPILER = 1.02, 1.10

# Bars on instruction counts: text, scenario, n, and what the series may cost: RATIO times stock, or MORE than stock.
COST_BARS = [
    ("start+end, mm without notifiers", "start_end_no_notifiers", 0, "more", 2),
    ("start+end, 1 interval subscription elsewhere", "start_end_elsewhere", 1, "ratio", 1.00),
    ("start+end, 1,000 interval subscriptions elsewhere", "start_end_elsewhere", 1000, "ratio", 1.00),
    ("start+end, 1,000,000 interval subscriptions elsewhere", "start_end_elsewhere", 1000000, "ratio", 1.00),
    ("start+end, 1 overlapping subscription", "start_end_overlapping", 1, "ratio", 0.85),
    ("start+end, 16 overlapping", "start_end_overlapping", 16, "ratio", 1.05),
    ("start+end, 64 overlapping", "start_end_overlapping", 64, "ratio", 1.05),
    ("start+end, 1,024 overlapping", "start_end_overlapping", 1024, "ratio", 1.05),
    ("start+end, hlist only, 1 notifier", "start_end_hlist", 1, "ratio", 0.85),
    ("start+end, hlist only, 3 notifiers", "start_end_hlist", 3, "ratio", 0.88),
    # 4 to 7 instructions: stock has one SRCU, which need not be looked up.
    ("clear_young, 1 notifier", "clear_young", 1, "ratio", 1.10),
    ("test_young, 1 notifier", "test_young", 1, "ratio", 1.10),
    ("flush of a secondary TLB, 1 notifier", "flush_tlb", 1, "ratio", 1.10),
    ("read_begin + read_retry, nothing active", "read_idle", 0, "ratio", 0.50),
    ("read_begin + read_retry, 4 foreign invalidations active", "read_active", 4, "ratio", 2.00),
    ("insert + remove, 1 subscription", "insert_remove", 1, "ratio", 1.00),
    ("insert + remove, 1,000 subscriptions", "insert_remove", 1000, "ratio", 1.00),
    ("insert + remove, 100,000 subscriptions", "insert_remove", 100000, "ratio", 1.00),
    ("find 1 overlapping among 1", "start_end_find_one", 1, "ratio", 1.05),
    ("find 1 overlapping among 1,000", "start_end_find_one", 1000, "ratio", 1.05),
    ("find 1 overlapping among 1,000,000", "start_end_find_one", 1000000, "ratio", 1.05),
]
# Those of them that make test looks at, too: they are ratios.
GATED = ("start_end_hlist", "clear_young", "test_young", "flush_tlb")
# Where a read section of SRCU costs less, two of stock's cost less than one and its lookup, in proportion: with one notifier 0.879
# of stock's by GCC 12, 0.881 by GCC 14.
GATED_ELSEWHERE = {"6.12": {("start_end_hlist", 1): 0.89, ("start_end_hlist", 3): 0.91}}
# What only the series has: text, scenario, n, what it may cost, and more than which other scenario and n, if there is one.
OWN_BARS = [
    ("begin + retry of a range, nothing active", "range_read_idle", 0, 30, None),
    ("begin + retry of a range, 16 foreign invalidations in between", "range_read_between", 16, 150, ("range_read_idle", 0)),
    ("begin + retry of a range, 4 foreign invalidations active", "range_read_active", 4, 150, ("range_read_idle", 0)),
    ("begin + retry of a set of 4,000 ranges, nothing active", "range_read_set", 4000, 60, None),
    ("start+end, 1 notifier, tracked, while a range reader is watched for", "start_end_watched", 1, 120, ("start_end_tracked", 1)),
]
# Costs that grow as log n: text, scenario, the n that is judged by the growth from 1 to 1,000.
GROWTH_BARS = [
    ("insert + remove grows as log n", "insert_remove", 100000),
    ("find 1 overlapping grows as log n", "start_end_find_one", 1000000),
]
WAITS = (("read_begin", "wait of read_begin"), ("insert_read", "wait of insert, then read_begin"), ("remove", "wait of remove"))
WAIT_BAR_NS = 20000
CLOCK_STEP_NS = 256     # of user mode, whose figures may be 0
# Registration, unregistration and exit: what a bar is on, beside what, and up to how much.
LATER_GROWTH, MANY_TIMES, SLEEP_BAR_NS, PUTS_TIMES = 1.50, 50, 5 * 10**6, 10
TEARDOWNS = (("unregister_idle", "unregister, nothing is active"), ("unregister_puts", "unregister, notifiers of another mm are put"),
             ("unregister_sleep", "unregister, a callback of another mm sleeps 300 ms"), ("exit_idle", "exit, nothing is active"),
             ("exit_puts", "exit, notifiers of another mm are put"), ("exit_sleep", "exit, a callback of another mm sleeps 300 ms"))
# Loops: scenario, text, beside one and beside many of what, and up to how many of them growth is told.
LOOPS = (("start_end_waiting", "start+end elsewhere", "reader waits", "readers wait", (4000,)),
         ("read_active", "read_begin + read_retry", "foreign invalidation active", "foreign invalidations active", (64, 100000)),
         ("read_among", "read_begin + read_retry, ranges on both sides", "foreign invalidation active", "foreign invalidations active",
          (64, 100000)),
         ("start_end_active", "start+end", "foreign invalidation active", "foreign invalidations active", (64, 1000)))
# Bars on them: how many times the cost with none, and how many times stock.
GROWTH_OF_LOOPS = {("start_end_waiting", 4000): 1.10}
BARS_OF_LOOPS = {("read_active", 64): 1.50}
HERD_BARRED = 4000
# The figures of README.md and of the cover letters: a row of the summary, or a scenario and n of the counts.
FIGURES = [("`mmu_interval_read_begin()`, 200 ms chain of invalidations elsewhere", "wait of read_begin, chain of 200 ms"),
           ("`mmu_interval_notifier_remove()`, the same", "wait of remove, chain of 200 ms"),
           ("device fault, p99, 4 threads invalidating elsewhere",
            "device fault, p99, 4 threads invalidate elsewhere, overlapping in chains"),
           ("start and end, mm without notifiers", ("start_end_no_notifiers", 0)),
           ("start and end, 1 interval elsewhere in the mm", ("start_end_elsewhere", 1)),
           ("read_begin and read_retry, nothing active", ("read_idle", 0))]
# What the scenarios of the counts are called, and which of them a cover letter has.
COUNTED = {"start_end_no_notifiers": "start + end, mm without notifiers",
           "start_end_hlist": "start + end, notifiers of the whole mm: {n}",
           "clear_young": "clear_young, notifiers of the whole mm: {n}",
           "test_young": "test_young, notifiers of the whole mm: {n}",
           "flush_tlb": "flush of a secondary TLB, notifiers of the whole mm: {n}",
           "start_end_elsewhere": "start + end, intervals elsewhere: {n}",
           "start_end_overlapping": "start + end, overlapping intervals: {n}",
           "start_end_find_one": "start + end, one overlaps of intervals: {n}",
           "start_end_active": "start + end, other ranges active: {n}",
           "read_idle": "read section, nothing active",
           "read_active": "read section, ranges active elsewhere: {n}",
           "insert_remove": "insert + remove, intervals: {n}",
           "start_end_tracked": "start + end, tracked, notifiers of the whole mm: {n}",
           "start_end_watched": "the same, while a range reader is watched for",
           "range_read_idle": "range read, nothing active",
           "range_read_init": "the same, and mmu_range_reader_init()",
           "range_read_set": "range read of a set, ranges in it: {n}",
           "range_read_between": "range read, invalidations elsewhere in between: {n}",
           "range_read_set_between": "range read of a set of 4,000, invalidations between its ranges: {n}",
           "range_read_active": "range read, ranges active elsewhere: {n}",
           "range_read_watched": "range read, after an overrun",
           "migrate_ignored": "start + end of a migration, the owner's callback ignores it, devices: {n}",
           "migrate_skipped": "the same, a filter skips the owner's callback, devices: {n}",
           "interval_update": "move of an interval"}
COUNTED_LETTER = {("start_end_no_notifiers", 0), ("start_end_hlist", 1), ("clear_young", 1), ("flush_tlb", 1), ("start_end_elsewhere", 1), ("start_end_elsewhere", 1000),
                  ("start_end_overlapping", 1), ("start_end_overlapping", 64), ("start_end_overlapping", 1024),
                  ("start_end_find_one", 1000), ("start_end_active", 0), ("start_end_active", 64), ("read_idle", 0),
                  ("read_active", 64), ("insert_remove", 1), ("insert_remove", 1000)}
# What measurements of wall time are told apart by; the last of it is a number.
LABELS = {"wait": ("scenario", "chain_ms"), "fault": ("invalidations", "threads"), "wakeup": ("readers",),
          "throughput": ("threads",), "loop": ("scenario", "n"), "herd": ("readers",), "crowd": ("invalidations", "threads"),
          "crowd_fault": ("invalidations", "threads"), "later": ("vmas",), "many": ("vmas",), "teardown": ("scenario", "hz"),
          "memory": ("kind", "mms")}
WALL = ("mmu_notifier_benchmark", "mmu_notifier_register_benchmark")
# A summary names the digest of the sources that it is of; if these are not what is here, README.md says what they were.
SOURCES, STATES = re.compile(r"; sources (\S+)\.$", re.M), {"before-slots": "the previous core"}
README_BEGIN, README_END = "<!-- figures: ", "<!-- end of figures -->"


def die(text):
    sys.exit("series: " + text)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def fields(line):
    return dict(part.split("=", 1) for part in line.split() if "=" in part)


def costs(path):
    """{(scenario, n): instructions} of a log of cost.sh."""
    log = read(path)
    if "mmu_notifier_cost: done" not in log:
        die(f"{path} is not the log of a finished run")
    found = {}
    for line in re.findall(r"mmu_notifier_cost: (scenario=.*)", log):
        values = fields(line)
        found[values["scenario"], int(values["n"])] = float(values["min_ns"])
    return found


def wall(path):
    """[(kind, values)] of a log of a boot that measured wall time."""
    log = read(path)
    started = [benchmark for benchmark in WALL if f"{benchmark}: " in log]
    if not started or not all(f"{benchmark}: done" in log for benchmark in started):
        die(f"{path} is not the log of a finished run")
    return [(kind, fields(rest)) for kind, rest in
            re.findall(rf"\b(?:{'|'.join(WALL)}): ({'|'.join(LABELS)}) (.*)", log)]


class Run:
    """All that a run measured."""

    def __init__(self, folder):
        self.folder = folder
        self.about = dict(line.split("=", 1) for line in read(os.path.join(folder, "about")).splitlines())
        self.costs = {core: costs(os.path.join(folder, f"icount-{core}.log")) for core in CORES}
        again = {core: costs(os.path.join(folder, f"icount-{core}-again.log")) for core in CORES}
        self.unlike = [(core, key) for core in CORES for key in again[core] if again[core][key] != self.costs[core][key]]
        self.compared = sum(map(len, again.values()))
        self.wall, self.qemu, self.qemu_100 = map(self.boots, ("wall", "qemu-1000", "qemu-100"))

    def boots(self, where):
        """{(kind, label, metric): {core: [value of each boot]}}"""
        found = {}
        for core in CORES:
            for path in sorted(glob.glob(os.path.join(self.folder, f"{where}-{core}-*.log"))):
                for kind, values in wall(path):
                    label = LABELS[kind]
                    for metric in set(values) - set(label):
                        key = (kind, tuple(values[part] for part in label), metric)
                        value = float(values[metric]) if "." in values[metric] else int(values[metric])
                        found.setdefault(key, {c: [] for c in CORES})[core].append(value)
        return found

    def get(self, kind, label, metric, where="wall"):
        found = getattr(self, where).get((kind, tuple(map(str, label)), metric))
        if not found or not all(found[core] for core in CORES):
            die(f"the run has no figure for {kind} {label} {metric}")
        return found

    def labels(self, kind, place):
        return sorted({key[1][place] for key in self.wall if key[0] == kind}, key=lambda text: (len(text), text))

    def numbers(self, kind, *label, where="wall"):
        """What was measured with this label, as numbers."""
        return sorted({int(key[1][-1]) for key in getattr(self, where) if key[0] == kind and key[1][:-1] == label})


def human(nanoseconds):
    if not nanoseconds:
        return f"< {CLOCK_STEP_NS} ns"
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.1f} {unit}"
    return f"{nanoseconds:.0f} ns"


def human_cost(nanoseconds):
    return f"{nanoseconds:.1f} ns" if nanoseconds < 1000 else human(nanoseconds)


def ratio_of(stock, series):
    if not stock or not series:     # less than the clock of user mode can tell
        return ""
    return f"1/{stock / series:,.0f}" if series < stock / 100 else f"{series / stock:.2f}"


def spread(values, show):
    low, middle, high = min(values), statistics.median(values), max(values)
    return show(middle) if low == high else f"{show(middle)} ({show(low)} to {show(high)})"


def cost_rows(run):
    """(scenario, bar, stock, series, ratio, met) of the bars on instruction counts."""
    for text, scenario, n, kind, limit in COST_BARS:
        stock, series = (run.costs[core].get((scenario, n)) for core in CORES)
        if stock is None or series is None:
            die(f"the run has no count for {scenario} n={n}")
        bar = f"at most {limit} more" if kind == "more" else f"at most {limit:.2f} x"
        met = series <= stock + limit if kind == "more" else series <= stock * limit
        yield text, bar, f"{stock:,.1f}", f"{series:,.1f}", f"{series / stock:.3f}", met
    for text, scenario, n, limit, other in OWN_BARS:
        series = run.costs["series"].get((scenario, n))
        base = run.costs["series"].get(other, 0) if other else 0
        if series is None or base is None:
            die(f"the run has no count for {scenario} n={n}")
        bar = f"at most {limit} more than {base:,.1f}" if other else f"at most {limit}"
        yield text, bar, "", f"{series:,.1f}", "", series <= base + limit
    for text, scenario, n in GROWTH_BARS:
        said, met = [], True
        for core in CORES:
            one, thousand, many = (run.costs[core][scenario, size] for size in (1, 1000, n))
            expected = one + (thousand - one) * math.log(n) / math.log(1000)
            said.append(f"{many:,.0f} for {expected:,.0f}")
            # Twice what is expected leaves room for caches of the tree; linear growth would be a hundred times that.
            met = many <= 2 * expected
        yield text + f": at {n:,}, for what 1 to 1,000 lets expect", "log n", said[0], said[1], "", met


def wall_rows(run):
    for scenario, text in WAITS:
        for ms in run.labels("wait", 1):
            values = run.get("wait", (scenario, ms), "median_ns")
            stock, series = (statistics.median(values[core]) for core in CORES)
            yield (f"{text}, chain of {ms} ms", f"at most {human(WAIT_BAR_NS)}", spread(values["stock"], human),
                   spread(values["series"], human), ratio_of(stock, series), series <= WAIT_BAR_NS)
    for how in ("chained", "apart"):
        for threads in run.labels("fault", 1):
            for metric in ("p50_ns", "p99_ns"):
                values = run.get("fault", (how, threads), metric)
                stock, series = (statistics.median(values[core]) for core in CORES)
                barred = how == "chained" and metric == "p99_ns"
                yield (f"device fault, {metric[:3]}, {threads} {'thread invalidates' if threads == '1' else 'threads invalidate'}"
                   " elsewhere, " +
                       ("overlapping in chains" if how == "chained" else "each one apart from its next"),
                       "at most 1/100" if barred else "reported", spread(values["stock"], human),
                       spread(values["series"], human), ratio_of(stock, series), series <= stock / 100 if barred else None)
    low, high = (run.get("wakeup", (64,), metric) for metric in ("min_woken", "max_woken"))
    said = {core: f"{min(low[core])} to {max(high[core])}" for core in CORES}
    yield ("64 readers waiting, 1 ends: woken", "exactly the 1 concerned", said["stock"], said["series"], "",
           said["series"] == "1 to 1")
    for threads in run.labels("throughput", 0):
        values = run.get("throughput", (threads,), "invalidations_per_second")
        # Boots alternate: each of the series is compared with the one of stock before it.
        ratio = statistics.median(b / a for a, b in zip(values["stock"], values["series"]))
        barred = threads in ("1", "2")
        yield (f"invalidations per second, disjoint ranges, {threads} thread{'s'[threads == '1':]}", "at least stock's" if barred else "reported",
               spread(values["stock"], "{:,.0f}".format), spread(values["series"], "{:,.0f}".format), f"{ratio:.2f}",
               ratio >= 1 if barred else None)


def user_mode_note(run):
    """Why invalidations per second in user mode are no headline."""
    if run.about["smp"] != "yes":
        return []
    wall = run.get("throughput", ("1",), "invalidations_per_second")
    factor = statistics.median(b / a for a, b in zip(wall["stock"], wall["series"]))
    counted = [run.costs["series"][key] / run.costs["stock"][key] for key in (("start_end_overlapping", 1), ("start_end_elsewhere", 1))]
    return [f"The factor of invalidations per second ({factor:.2f} with one thread) is not in the instructions ({min(counted):.3f} and"
            f" {max(counted):.3f} of stock's): stock calls wake_up_all() when the last active invalidation of an interval ends, be there"
            " a waiter or not, and in user mode with CONFIG_SMP its spin_lock_irqsave() and spin_unlock_irqrestore() cost several function"
            " calls each (a system call each without the library that bench.sh preloads); the series wakes only if there is a waiter."
            " Hardware switches interrupts off and on with an instruction, so that this factor is not to be expected there.", ""]


def qemu_rows(run):
    """The same in QEMU, for what user-mode Linux says of it: (scenario, stock, series, ratio, ratio in user mode, agreed)."""
    texts = [("wait", (scenario, ms), "median_ns", f"{text}, chain of {ms} ms", human)
             for scenario, text in WAITS for ms in ("50", "200")]
    texts += [("fault", (how, threads), "p99_ns", f"device fault, p99, {threads} invalidating, {text}", human)
              for how, text in (("chained", "in chains"), ("apart", "one at a time")) for threads in ("1", "2", "4")]
    texts += [("throughput", (threads,), "invalidations_per_second", f"invalidations per second, {threads} at a time", "{:,.0f}".format)
              for threads in ("1", "2", "4")]
    for kind, label, metric, text, show in texts:
        both = [found.get((kind, label, metric)) for found in (run.qemu, run.wall)]
        if not all(both):
            die(f"the run has no figure for {kind} {label} {metric} in QEMU")
        ratios = [(statistics.median(values["series"]) or CLOCK_STEP_NS) / (statistics.median(values["stock"]) or CLOCK_STEP_NS)
                  for values in both]
        yield (text, *(spread(both[0][core], show) for core in CORES), *(ratio_of(1, ratio) for ratio in ratios), agree(*ratios))


def agree(one, other):
    """Whether two ratios say the same: within a factor of 1.5, or both less than a hundredth."""
    return max(one, other) <= 1.5 * min(one, other) or max(one, other) < 1 / 100


def qemu_table(run):
    yield "| scenario | stock | series | ratio | in user mode | |"
    yield "|---|---|---|---|---|---|"
    for text, stock, series, ratio, other, same in qemu_rows(run):
        yield f"| in QEMU: {text} | {stock} | {series} | {ratio} | {other} | {'agree' if same else 'NO HEADLINE: they differ'} |"


def ratio_by_boot(values):
    """The ratio of the medians; what pairs of boots say of it, as a hint of what is noise."""
    pairs = [b / a for a, b in zip(values["stock"], values["series"])]
    ratio = statistics.median(values["series"]) / statistics.median(values["stock"])
    return ratio, f"{ratio:,.2f} ({min(pairs):,.2f} to {max(pairs):,.2f})"


def growth_row(text, low, high, show=None, each=None):
    """How many times as much the high figures are as the low ones of the same boots, and how much that is for each of so many."""
    growth = {core: [b / a for a, b in zip(low[core], high[core])] for core in CORES}
    said = {core: spread(growth[core], "{:,.2f} x".format) for core in CORES}
    if each:
        for core in CORES:
            said[core] += f"; {show(statistics.median((b - a) / each for a, b in zip(low[core], high[core])))} for each"
    return text, said["stock"], said["series"], statistics.median(growth["series"])


def loop_rows(run):
    for scenario, text, thing, things, ends in LOOPS:
        numbers = run.numbers("loop", scenario)
        for n in numbers:
            values = run.get("loop", (scenario, n), "min_ns")
            ratio, said = ratio_by_boot(values)
            limit = BARS_OF_LOOPS.get((scenario, n))
            yield (f"{n:,} {thing if n == 1 else things}: {text}", f"at most {limit:.2f} x" if limit else "reported", spread(values["stock"], human_cost),
                   spread(values["series"], human_cost), said, ratio <= limit if limit else None)
        for n in ends:
            none, many = (run.get("loop", (scenario, number), "min_ns") for number in (0, n))
            name, stock, series, growth = growth_row(f"{n:,} {things}: {text}, for what it costs with none", none, many,
                                                     lambda cost: f"{round(cost, 3) + 0:.3f} ns", n)
            limit = GROWTH_OF_LOOPS.get((scenario, n))
            yield (name, f"at most {limit:.2f} x" if limit else "reported", stock, series, "", growth <= limit if limit else None)


def herd_rows(run):
    for n in run.numbers("herd"):
        for metric, text in (("median_end_ns", "the end itself"), ("median_all_ns", "until the last has returned")):
            values = run.get("herd", (n,), metric)
            ratio, said = ratio_by_boot(values)
            barred = n == HERD_BARRED and metric == "median_end_ns"
            yield (f"end that wakes {n:,} reader{'s'[n == 1:]}, {text}", "at most 1.00 x" if barred else "reported",
                   spread(values["stock"], human), spread(values["series"], human), said, ratio <= 1 if barred else None)
    one, many = (run.get("herd", (n,), "median_end_ns") for n in (1, HERD_BARRED))
    name, stock, series, _ = growth_row(f"end that wakes {HERD_BARRED:,} readers, for one that wakes 1", one, many, human_cost,
                                        HERD_BARRED - 1)
    yield name, "reported", stock, series, "", None


def crowd_rows(run):
    for how, text in (("apart", "each one apart from its next"), ("chained", "in chains")):
        for n in run.numbers("crowd", how):
            values = run.get("crowd", (how, n), "invalidations_per_second")
            ratio, said = ratio_by_boot(values)
            yield (f"invalidations per second, {n:,} threads, {text}", "at least stock's", spread(values["stock"], "{:,.0f}".format),
                   spread(values["series"], "{:,.0f}".format), said, ratio >= 1)
            if how == "apart":
                name, stock, series, _ = growth_row(f"invalidations per second, {n:,} threads, for those of 2 threads",
                                                    run.get("throughput", (2,), "invalidations_per_second"), values)
                yield name, "reported", stock, series, "", None
            for metric in ("p50_ns", "p99_ns", "max_ns"):
                values = run.get("crowd_fault", (how, n), metric)
                yield (f"device fault beside these {n:,} threads, {metric[:3]}, {text}", "reported", spread(values["stock"], human),
                       spread(values["series"], human), ratio_of(*(statistics.median(values[core]) for core in CORES)), None)


def registration_rows(run):
    for hz, where in ((100, "qemu_100"), (1000, "qemu")):
        none, many = (run.get("later", (vmas,), "median_ns", where) for vmas in (0, 16000))
        name, stock, series, growth = growth_row(f"later registration with an mm, 16,000 resident VMAs, for one with none, HZ={hz}", none,
                                                 many)
        yield name, f"at most {LATER_GROWTH:.2f} x", stock, series, "", growth <= LATER_GROWTH
        for vmas in (0, 16000):
            for kind, metric, text in (("later", "median_ns", "later registration"), ("many", "total_ns", "64 of them")):
                values = run.get(kind, (vmas,), metric, where)
                ratio, said = ratio_by_boot(values)
                barred = kind == "many" and vmas
                yield (f"{text}, {vmas:,} VMAs, HZ={hz}", f"at most 1/{MANY_TIMES}" if barred else "reported", spread(values["stock"], human),
                       spread(values["series"], human), said, ratio <= 1 / MANY_TIMES if barred else None)
        for scenario, text in TEARDOWNS:
            values = run.get("teardown", (scenario, hz), "median_ns", where)
            ratio, said = ratio_by_boot(values)
            bar, met = {"unregister_idle": ("at most 1.00 x", ratio <= 1),
                        "unregister_puts": (f"at most 1/{PUTS_TIMES}", ratio <= 1 / PUTS_TIMES),
                        "unregister_sleep": (f"at most {human(SLEEP_BAR_NS)}", statistics.median(values["series"]) <= SLEEP_BAR_NS),
                        "exit_sleep": (f"at most {human(SLEEP_BAR_NS)}", statistics.median(values["series"]) <= SLEEP_BAR_NS),
                        }.get(scenario, ("reported", None))
            yield (f"{text}, HZ={hz}", bar, spread(values["stock"], human), spread(values["series"], human), said, met)
    for kind, text in (("intervals", "with an interval only"), ("notifier", "with a notifier of the whole mm")):
        values = run.get("memory", (kind, run.numbers("memory", kind, where="qemu")[0]), "bytes_per_cpu", "qemu")
        stock, series = (statistics.median(values[core]) for core in CORES)
        barred = kind == "intervals"
        yield (f"memory of an mm for each CPU, bytes, {text}", "at most 0 more" if barred else "reported", *(spread(values[core], "{:,.0f}".format)
               for core in CORES), "", series <= stock if barred else None)


def size_rows(run):
    sizes = {core: dict(re.findall(r"^(\S+) (\d+)$", read(os.path.join(run.folder, f"sizes-{core}")), re.M)) for core in CORES}
    for name, text in (("mmu_notifier_range", "struct mmu_notifier_range, bytes"),
                       ("mmu_interval_notifier", "struct mmu_interval_notifier, bytes"),
                       ("mmu_notifier_subscriptions", "struct mmu_notifier_subscriptions, bytes"),
                       ("deepest_frame", "deepest stack frame of the core, bytes"),
                       ("text", "code of the core, bytes")):
        stock, series = (int(sizes[core][name]) for core in CORES)
        bar, met = {"mmu_notifier_range": ("at most 56", series <= 56),
                    "mmu_interval_notifier": ("stock's", series == stock)}.get(name, ("reported", None))
        yield text, bar, f"{stock:,}", f"{series:,}", f"{series / stock:.2f}", met


def table(rows):
    yield "| scenario | bar | stock | series | ratio | |"
    yield "|---|---|---|---|---|---|"
    for text, bar, stock, series, ratio, met in rows:
        yield f"| {text} | {bar} | {stock} | {series} | {ratio} | {'' if met is None else 'met' if met else 'NOT MET'} |"


def write_csv(run):
    about = [run.about[key] for key in ("date", "base", "version", "machine", "compiler")]
    with open(os.path.join(run.folder, "results.csv"), "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["date", "base", "version", "machine", "compiler", "configuration", "core", "boot", "kind", "scenario",
                      "n", "metric", "value"])
        for core in CORES:
            for (scenario, n), value in run.costs[core].items():
                out.writerow(about + [run.about["icount_config"], core, 1, "cost", scenario, n, "instructions", value])
        for (kind, label, metric), values in run.wall.items():
            # The last part of the label is a number.
            for core in CORES:
                for boot, value in enumerate(values[core], 1):
                    out.writerow(about + [run.about["wall_config"], core, boot, kind, "".join(label[:-1]), label[-1], metric,
                                          value])


COLOURS = {"stock": ("#b02010", "#e07030", "#806000"), "series": ("#1040b0", "#3090e0", "#108070")}


def plot(run, name, title, xlabel, ylabel, settings, lines):
    """lines: [(text, core, points)], of (x, y) or (x, y, low, high), stock and series in turn.  Stock is dashed and hollow."""
    script = ["set terminal svg size 1150,560 dynamic noenhanced font 'sans,15' background '#ffffff'",
              f"set output '{os.path.join(run.folder, name)}.svg'", f"set title \"{title}\\n{run.about['what']}\"",
              f"set xlabel '{xlabel}'", f"set ylabel '{ylabel}'", "set grid", "set border 3", "set tics nomirror",
              "set rmargin at screen 0.64", "set key at screen 0.66, 0.8 left top Left reverse samplen 5 spacing 1.4"] + settings
    plots = []
    for number, (text, core, points) in enumerate(lines):
        script += [f"$data{number} << EOD"] + [" ".join(map(str, point)) for point in points] + ["EOD"]
        stock = core == "stock"
        style = f"dashtype {2 if stock else 1} linewidth 2 linecolor rgb '{COLOURS[core][number // 2]}'"
        point = 4 + number // 2 * 2 + (not stock)
        if points and len(points[0]) == 4:
            plots.append(f"$data{number} using 1:2:3:4 with yerrorbars {style} pointtype -1 notitle")
        plots.append(f"$data{number} using 1:2 with linespoints {style} pointtype {point} title '{core}: {text}'")
    script.append("plot " + ", ".join(plots))
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def points_of_cost(run, core, scenario, low=1):
    return sorted((max(n, low), cost) for (name, n), cost in run.costs[core].items() if name == scenario)


def points_of_wall(run, core, kind, label, metric, place, scale):
    for x in run.labels(kind, place):
        values = run.get(kind, label + (x,), metric)[core]
        yield int(x), statistics.median(values) * scale, min(values) * scale, max(values) * scale


def plots(run):
    logs = ["set logscale x 10", "set format x '%.0s%c'", "set yrange [0:*]"]
    times = ["set logscale y 10", "set format y '%.0s %cs'"]
    threads = ["set xrange [0.5:*]", "set xtics 1"]
    plot(run, "waits", "Waits under a chain of invalidations elsewhere",
         "length of the chain, ms", "wait (median and spread of the boots)", times + ["set xrange [0:*]"],
         [(text, core, list(points_of_wall(run, core, "wait", (scenario,), "median_ns", 1, 1e-9)))
          for scenario, text in WAITS for core in CORES])
    plot(run, "faults", "Device faults under chains of invalidations elsewhere",
         "invalidating threads", "latency (median and spread of the boots)", times + threads,
         [(metric[:3], core, list(points_of_wall(run, core, "fault", ("chained",), metric, 1, 1e-9)))
          for metric in ("p50_ns", "p99_ns") for core in CORES])
    plot(run, "cost-subscriptions", "Cost against the number of interval subscriptions",
         "interval subscriptions in the mm", "instructions", logs,
         [(text, core, points_of_cost(run, core, scenario)) for scenario, text in
          (("insert_remove", "insert + remove"), ("start_end_find_one", "start + end, 1 overlaps"),
           ("start_end_elsewhere", "start + end, none overlaps")) for core in CORES])
    plot(run, "cost-overlapping", "Cost of telling subscriptions",
         "subscriptions that the invalidation overlaps", "instructions", ["set logscale xy 10"],
         [("start + end", core, points_of_cost(run, core, "start_end_overlapping")) for core in CORES])
    plot(run, "cost-active", "Cost against the number of active invalidations",
         "active invalidations elsewhere in the mm", "instructions", ["set yrange [0:*]"],
         [(text, core, sorted((n, cost) for (name, n), cost in run.costs[core].items() if name in names)) for names, text in
          ((("read_idle", "read_active"), "read_begin + read_retry"), (("start_end_active",), "start + end"))
          for core in CORES])
    plot(run, "throughput", "Invalidations of disjoint ranges of one mm, per second", "threads", "invalidations per second",
         threads + ["set yrange [0:*]", "set format y '%.1s%c'"],
         [("start + end", core, list(points_of_wall(run, core, "throughput", (), "invalidations_per_second", 0, 1)))
          for core in CORES])
    def points(kind, label, metric, core):
        for n in run.numbers(kind, *label):
            values = [value * 1e-9 for value in run.get(kind, label + (n,), metric)[core]]
            # None has no place on a logarithmic axis.
            yield max(n, 0.5), statistics.median(values), min(values), max(values)

    many = times + ["set logscale x 10", "set format x '%.0s%c'", "set xtics add ('0' 0.5)", "set xrange [0.4:*]"]
    plot(run, "waiting", "Cost against the number of readers that wait for one invalidation", "waiting readers",
         "time (median and spread of the boots)", many,
         [(text, core, list(points(kind, label, metric, core))) for kind, label, metric, text in
          (("loop", ("start_end_waiting",), "min_ns", "start + end elsewhere"), ("herd", (), "median_end_ns", "the end itself"),
           ("herd", (), "median_all_ns", "until all have returned")) for core in CORES])
    plot(run, "active", "Cost against the number of active invalidations", "active invalidations elsewhere in the mm",
         "time (median and spread of the boots)", many,
         [(text, core, list(points("loop", (scenario,), "min_ns", core))) for scenario, text in
          (("read_active", "read_begin + read_retry"), ("start_end_active", "start + end")) for core in CORES])


def report(folder, summary):
    run = Run(folder)
    run.about["what"] = f"Linux {run.about['version']}, {run.about['date']}"
    write_csv(run)
    plots(run)
    boots = max(len(values["series"]) for values in run.wall.values())
    head = [f"Linux {run.about['version']}, {run.about['date']}; {run.about['compiler']}; {run.about['machine']};"
            f" sources {measured()}.", ""]
    cost = ["Instructions of an operation (x86-64, one CPU, hardened as distributions are; QEMU counts them):", ""]
    cost += list(table(cost_rows(run))) + [""]
    time = [f"Wall time (user-mode Linux{', 2 CPUs' if run.about['smp'] == 'yes' else ', 1 CPU'}, no debugging, the barriers of"
            f" x86-64; {boots} boots of each kernel, alternating; median, and the spread of the boots):", ""]
    time += list(table(wall_rows(run))) + [""] + user_mode_note(run)
    time += ["The same in QEMU, which emulates two CPUs of x86-64 (no debugging; boots alternate). A figure on which the two do not agree"
             " tells of the machine rather than of the kernel:", ""]
    time += list(qemu_table(run)) + [""]
    many = ["Wall time of many (the same boots; costs are those of the fastest round of a boot, ends and invalidations per second those of its median one; with"
            " the ratio, the least and the largest of a pair of boots):", ""]
    many += list(table(row for rows in (loop_rows, herd_rows, crowd_rows) for row in rows(run))) + [""]
    many += ["Registration, unregistration and exit (wall time in QEMU, two CPUs):", ""]
    many += list(table(registration_rows(run))) + [""]
    sizes = ["Sizes:", ""] + list(table(size_rows(run))) + [""]
    body = head + cost + time + many + sizes
    write(summary, "\n".join(body).rstrip() + "\n")
    same = (f"Two runs of the counts agree to the digit in all {run.compared} figures." if not run.unlike else
            f"TWO RUNS OF THE COUNTS DIFFER in {len(run.unlike)} of {run.compared} figures: "
            + ", ".join(f"{core} {key[0]} n={key[1]}" for core, key in run.unlike[:10]))
    text = ["# MMU notifiers: the series against stock", ""] + body + [same, ""]
    for name in ("waits", "faults", "cost-subscriptions", "cost-overlapping", "cost-active", "throughput", "waiting", "active"):
        text.append(f"![{name}]({name}.svg)")
    text += ["", "Raw figures: results.csv; sizes of functions and frames, and of structures: bloat-o-meter, frames-*, "
             "pahole-*; the logs: *.log.", ""]
    write(os.path.join(folder, "report.md"), "\n".join(text))
    print("\n".join(body))
    print(same)
    missed = sum(line.endswith("| NOT MET |") for line in body)
    met = sum(line.endswith("| met |") for line in body)
    print(f"{met} bars met, {missed} NOT MET")
    return not run.unlike and not missed


def row_of(summary, scenario):
    """(stock, series) of a row of a summary."""
    for line in summary.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == scenario:
            return cells[2], cells[3]
    return die(f"the summary has no row '{scenario}'")


def measured():
    """The digest of the sources that are measured, unless some have changed since this began."""
    changed = os.environ.get("SERIES_DIGEST", verified.digest()) != verified.digest()
    return "none" if changed else verified.digest(("mm/tests/", "tools/testing/"))


def state_of(summary):
    """What README.md says of the sources of a summary, if they are not those that are here."""
    found = SOURCES.search(summary)
    if found and found[1] == measured():
        return ""
    return ", of " + STATES.get(found and found[1], "an earlier state of the core")


def readme(summary, counts):
    """The figures of README.md, between two markers."""
    text, (_, counted) = read(os.path.join(ROOT, summary)), recorded(os.path.join(ROOT, counts))
    rows = []
    for title, where in FIGURES:
        stock, series = row_of(text, where) if isinstance(where, str) else (
            f"{cost:,.1f} instructions" for cost in counted[where])
        rows.append(f"| {title} | {stock} | {series} |")
    barred = [line for line in text.splitlines() if line.endswith((" met |", " NOT MET |"))]
    met = sum(line.endswith("| met |") for line in barred)
    end = f"`{summary}`{state_of(text)}: {met} of {len(barred)} bars are met."
    return "\n".join([f"{README_BEGIN}{summary} {counts} -->", "| | stock | series |", "|---|---|---|", *rows, "", end, README_END, ""])


def counted_rows(path):
    """(text, stock, series, does a cover letter have it) of each row of counts."""
    for (scenario, n), (stock, series) in recorded(path)[1].items():
        yield COUNTED[scenario].format(n=f"{n:,}"), stock, series, (scenario, n) in COUNTED_LETTER


def letter_rows(path):
    """Those of a cover letter, as lines of text."""
    return [f"  {text:<46} {stock:>9,.1f} -> {series:>9,.1f}" for text, stock, series, wanted in counted_rows(path) if wanted]


def counts_table():
    """counts.md."""
    lines = ["# Instructions of each operation, stock and series", "",
             "Written by `bench.py counts` from the files `counts-BASE`, which `make test` compares with what it counts: x86-64, one",
             "CPU, hardened as distributions are; QEMU counts. `lib/mmu_notifier_cost.c` says what each operation does; a read section is",
             "mmu_interval_read_begin() and mmu_interval_read_retry(). What stock has not got is in `lib/mmu_notifier_range_cost.c`",
             "and `lib/mmu_notifier_interval_cost.c`."]
    for path in sorted(glob.glob(os.path.join(ROOT, "tools/series/bench/counts-*"))):
        lines += ["", f"## Linux {path.rpartition('-')[2]}, {recorded(path)[0]}", "", "| operation | stock | series | ratio |", "|---|---|---|---|"]
        lines += [f"| {text} | {stock:,.2f} | {series:,.2f} | {series / stock:.3f} |" if stock else f"| {text} | | {series:,.2f} | |"
                  for text, stock, series, _ in counted_rows(path)]
    return "\n".join(lines) + "\n"


def check_readme():
    label, text = "README.md has the figures of the committed measurements", read(README)
    found = re.search(re.escape(README_BEGIN) + r"(\S+) (\S+) -->\n.*?" + re.escape(README_END) + r"\n", text, re.S)
    if not found:
        print(f"FAIL {label}: there are none; insert what bench.py readme prints")
    elif found[0] != readme(found[1], found[2]):
        print(f"FAIL {label}: they differ from what bench.py readme {found[1]} {found[2]} prints")
    else:
        print(f"ok {label}")
    same = read(os.path.join(ROOT, "tools/series/bench/counts.md")) == counts_table()
    print(f"{'ok' if same else 'FAIL'} counts.md is what bench.py counts prints")


def compiler():
    return subprocess.run(["gcc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


def record(stock, series):
    print(f"# Instructions of the operations in lib/mmu_notifier_cost.c, from cost.sh: see bench.py.\n# compiler: {compiler()}")
    print("# scenario n stock series")
    stock, series = costs(stock), costs(series)
    for scenario, n in series:
        # Stock has no range reads.
        there = f"{stock[scenario, n]:.2f}" if (scenario, n) in stock else "-"
        print(f"{scenario} {n} {there} {series[scenario, n]:.2f}")


def recorded(path):
    text = read(path)
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return re.search(r"^# compiler: (.*)$", text, re.M)[1], {(s, int(n)): (None if a == "-" else float(a), float(b)) for s, n, a, b in rows}


def gate(path, series_log, stock_log=None):
    _, table_of = recorded(path)
    series, stock = costs(series_log), costs(stock_log) if stock_log else None
    if set(series) != set(table_of):
        print(f"FAIL the counts are those of {os.path.basename(path)}: one has scenarios that the other has not; record it anew")
    for key, (old_stock, old_series) in table_of.items():
        if key not in series:
            continue
        if stock and key in stock:
            now, limit = series[key] / stock[key], old_series / old_stock * OTHER_COMPILER
            said = f"{now:.3f} x stock, recorded {old_series / old_stock:.3f} with another compiler"
        else:
            now, limit = series[key], old_series * (OTHER_COMPILER if stock else TOLERANCE)
            said = f"{now:.2f} instructions, recorded {old_series:.2f}"
        # What has become cheaper is to be recorded, or it may become dear again unseen.
        cheap = ", RECORD IT ANEW" if now < limit / TOLERANCE ** 2 and not stock else ""
        print(f"{'ok' if now <= limit else 'FAIL'} cost of {key[0]} n={key[1]}: {said}{cheap}")
    elsewhere = GATED_ELSEWHERE.get(path.rpartition("-")[2], {})
    for text, scenario, n, _, limit in COST_BARS:
        if scenario not in GATED or (scenario, n) not in series or not stock and (scenario, n) not in table_of:
            continue
        limit = elsewhere.get((scenario, n), limit)
        of_stock = stock[scenario, n] if stock else table_of[scenario, n][0]
        ratio = series[scenario, n] / of_stock
        print(f"{'ok' if ratio <= limit else 'FAIL'} bar of {text}: {ratio:.3f} x stock, at most {limit:.2f} x")


def main(command="help", *args):
    if command == "report":
        return report(*args)
    if command == "readme":
        print(readme(*args), end="")
    elif command == "check-readme":
        check_readme()
    elif command == "record":
        record(*args)
    elif command == "counts":
        print(counts_table(), end="")
    elif command == "gate":
        gate(*args)
    elif command == "same-compiler":
        return recorded(args[0])[0] == compiler()
    else:
        print(__doc__)
    return True


if __name__ == "__main__":
    sys.exit(not main(*sys.argv[1:]))

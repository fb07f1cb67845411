#!/usr/bin/env python3
"""Judges a boot for a torture test of MMU notifiers.  Called by torture.sh, torture-device.sh, mutants.py.

    torture.py model LABEL EXPECTED LOG [PARAMETER=VALUE ...]   of lib/mmu_notifier_torture.c
    torture.py device LABEL EXPECTED LOG MIRRORS BUSTED         of the selftest mmu_notifier_test

A run without sleeps (fast=1) that succeeds also says how many invalidations and faults it has made in a second.  In user mode,
on two CPUs that have nothing else to do, that is more than 100,000 of each; without lockdep, less than FLOOR is a failure.

EXPECTED is SUCCESS or FAILURE=REASON[,REASON], or several of these with "|" between them, if it may be any.  Prints one line "ok|FAIL torture LABEL: ..." and what there is to see.
"""
import os
import re
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot.results import BAD, HARMLESS, has_shut_down, without_foreign_races

VERDICT = re.compile(r"(?:mmu_notifier-torture:---|test_mmu_notifier:) End of test: (SUCCESS|FAILURE) (.*)")
COUNTERS = re.compile(r"mmu_notifier-torture:--- Counters: (.*)")
# Of invalidations and faults in a second: little enough for a machine that is slow, or busy with something else.
FLOOR = 1_000
TAP = re.compile(r"(?:not )?ok \d+ .*")


# What CONFIG_DEBUG_MMU_NOTIFIER says of a device that is broken so, if it is switched on.
DEBUG = "CONFIG_DEBUG_MMU_NOTIFIER_DEFAULT_ON=y\n"
DEBUG_REPORTS = {"set_seq": "mirror_invalidate did not call mmu_interval_set_seq()"}


def values(text):
    return dict(word.partition("=")[::2] for word in text.split())


def said(result, text):
    return result if result == "SUCCESS" else "FAILURE=" + values(text).get("reason", "")


def judge(expected, log, count, parameters):
    """What is wrong, and all verdicts.  There must be so many of them, which repeat the parameters."""
    wrong = ["the kernel reports: " + line.strip() for line in log if BAD.search(line) and not HARMLESS.search(line)]
    if not has_shut_down(log):
        wrong.append("the kernel did not shut down by itself")
    verdicts = [found.groups() for found in map(VERDICT.search, log) if found]
    if len(verdicts) != count:
        wrong.append(f"the number of verdicts is {len(verdicts)}, not {count}")
    results = {said(*verdict) for verdict in verdicts}
    # Of several mirrors, some may be lucky.
    failures = results - {"SUCCESS"}
    if not failures <= set(expected.split("|")) or not failures and expected != "SUCCESS":
        wrong.append(f"it is {' and '.join(sorted(results)) or 'nothing'}, not {expected}")
    failed = any("torture:!!!" in line or "test_mmu_notifier: !!!" in line or "# !!!" in line for line in log)
    if failed != (expected != "SUCCESS"):
        wrong.append("there are error lines and no failure, or the other way round")
    for result, text in verdicts:
        wrong += [f"{parameter} did not take: {result} {text}" for parameter in parameters
                  if values(text).get(parameter.partition("=")[0]) != parameter.partition("=")[2]]
    return wrong, [" ".join(verdict) for verdict in verdicts]


def judge_rate(counters):
    """What is wrong with the number of steps of a run without sleeps, and how many there were."""
    seconds = int(counters["seconds"])
    counts = {"invalidations": int(counters["invalidations"]), "faults": int(counters["established"]),
              "waits in the core": int(counters["read_waits"]) + int(counters["remove_waits"])}
    wrong = [f"{counts[what]:,} {what} in {seconds} s are too few" for what in ("invalidations", "faults")
             if counts[what] < FLOOR * seconds]
    if counters["moves"] == "0":
        wrong.append("no thread was moved to another CPU: there is but one")
    return wrong, "in a second: " + ", ".join(f"{n // seconds:,} {what}" for what, n in counts.items())


def judge_program(expected, log):
    """What is wrong with what the selftest says.  It ends with a stale entry, if it is to find one; then not all may have happened."""
    lines = [found[0].strip() for found in map(TAP.match, log) if found]
    plan = [int(found[1]) for found in (re.match(r"1\.\.(\d+)", line) for line in log) if found]
    wrong = [f"the selftest says: {line}" for line in lines
             if line.startswith("not ok") and (expected == "SUCCESS" or "threads" in line)]
    if plan != [len(lines)]:
        wrong.append(f"the selftest has {len(lines)} results, and planned {plan}")
    if expected != "SUCCESS" and not any(line.startswith("not ok") and "stale" in line for line in lines):
        wrong.append("the selftest did not fail")
    return wrong, lines


def take_debug_report(log, build, busted):
    """What is wrong with the report that CONFIG_DEBUG_MMU_NOTIFIER is to make, once, and what is in the log but for it."""
    with open(os.path.join(build, ".config"), encoding="utf-8") as file:
        if busted not in DEBUG_REPORTS or DEBUG not in file:
            return [], log
    begin = [i for i, line in enumerate(log[:-1]) if "[ cut here ]" in line and log[i + 1].endswith(DEBUG_REPORTS[busted])]
    end = [i for i, line in enumerate(log) if begin and i > begin[0] and "[ end trace " in line]
    if len(begin) != 1 or not end:
        return [f"it is reported {len(begin)} times, not once, or not to the end: {DEBUG_REPORTS[busted]}"], log
    return [], log[:begin[0]] + log[end[0] + 1:]


def main(what, label, expected, path, *rest):
    with open(path, encoding="utf-8", errors="replace") as file:
        log = without_foreign_races(file.read().splitlines(), os.path.dirname(path))
    if what == "model":
        wrong, seen = judge(expected, log, 1, rest)
        counters = [found[1] for found in map(COUNTERS.search, log) if found]
        if seen and counters:
            parameters = values(seen[0])
            if parameters["fast"] == "1" and seen[0].startswith("SUCCESS"):
                too_few, rates = judge_rate(values(counters[-1]))
                wrong += [] if any("Lock dependency validator" in line for line in log) else too_few
                seen.append(rates)
            seen.append(counters[-1])
    else:
        not_reported, log = take_debug_report(log, os.path.dirname(path), rest[1])
        wrong, seen = judge(expected, log, int(rest[0]), ["busted=" + rest[1]])
        wrong += not_reported
        wrong_too, lines = judge_program(expected, log)
        wrong += wrong_too
        seen += lines
    if not wrong:
        print(f"ok torture {label}: {expected}")
    else:
        print(f"FAIL torture {label}: {wrong[0]}; see {path}")
    for text in wrong[1:10] + [line.strip() for line in log if wrong and "!!!" in line][:10] + seen:
        print("     " + text)


if __name__ == "__main__":
    main(*sys.argv[1:])

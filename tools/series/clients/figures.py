#!/usr/bin/env python3
"""figures.py WORK REPORT GROUP...: appends to REPORT what tests of these groups have measured, on stock and on the series.
Called by clients.sh.  In the logs that clients.py reads, a measurement is a line "# time STEP n=N runs=N median_us=X max_us=X", or
"# rate STEP n=N seconds=N done=N given_up=N tries=N p50_us=X p99_us=X max_us=X" of which what is after tries= may be missing if that is 0.
Under emulation it says how the two compare, not how long it takes on hardware.
"""
import os
import re
import sys

TIME = re.compile(r"# time (\S+) n=(\d+) runs=\d+ median_us=(\S+) max_us=(\S+)$")
RATE = re.compile(r"# rate (\S+) n=(\d+) seconds=(\d+) done=(\d+) given_up=(\d+) tries=(\d+)(?: p50_us=(\S+) p99_us=(\S+) max_us=(\S+))?$")
LABELS = ("stock", "series")


def figures(path, pattern):
    """{(step, n): (figure, ...)}, of the last boot that has it."""
    found = {}
    while os.path.exists(path + ".log"):
        with open(path + ".log", encoding="utf-8", errors="replace") as file:
            found |= {(m[1], int(m[2])): tuple(float(f or "nan") for f in m.groups()[2:])
                      for m in map(pattern.match, file.read().splitlines()) if m}
        path += ".again"
    return found


def write_rates(report, group, both):
    """How much was done in a second, and how long it took: a line for each kernel."""
    with open(report, "a", encoding="utf-8") as file:
        file.write(f"\n| {group}: step | threads elsewhere | kernel | done in a second | given up | tries of each | median, us | 99 % within, us | longest, us |\n" +
                   "|---" * 9 + "|\n")
        for step, n in both[1]:
            for label, rates in zip(LABELS, both):
                if (step, n) in rates:
                    seconds, done, given_up, tries, *times = rates[step, n]
                    file.write(f"| {step} | {n} | {label} | {done / seconds:,.0f} | {given_up:,.0f} | {tries / max(done + given_up, 1):,.2f} | "
                               + " | ".join("none" if time != time else f"{time:,.0f}" for time in times) + " |\n")


def main(work, report, *groups):
    for group in groups:
        paths = [os.path.join(work, f"{group}.{label}") for label in LABELS]
        rates = [figures(path, RATE) for path in paths]
        if rates[1]:
            write_rates(report, group, rates)
        stock, series = (figures(path, TIME) for path in paths)
        if not series:
            continue
        with open(report, "a", encoding="utf-8") as file:
            file.write(f"\n| {group}: step | n | median on stock, us | on the series | ratio | longest on stock, us | on the series |\n" +
                       "|---" * 7 + "|\n")
            for step, n in series:
                if (step, n) in stock:
                    (median, most), (our_median, our_most) = stock[step, n], series[step, n]
                    file.write(f"| {step} | {n:,} | {median:,.1f} | {our_median:,.1f} | {our_median / median:.2f} | {most:,.1f} | {our_most:,.1f} |\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

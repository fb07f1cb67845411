#!/usr/bin/env python3
"""figures.py WORK REPORT GROUP...: appends to REPORT what tests of these groups have measured, on stock and on the series.
Called by clients.sh.  In the logs that clients.py reads, a measurement is a line "# time STEP n=N runs=N median_us=X max_us=X".
Under emulation it says how the two compare, not how long it takes on hardware.
"""
import os
import re
import sys

TIME = re.compile(r"# time (\S+) n=(\d+) runs=\d+ median_us=(\S+) max_us=(\S+)$")
LABELS = ("stock", "series")


def times(path):
    """{(step, n): (median, max)}, of the last boot that has it."""
    found = {}
    while os.path.exists(path + ".log"):
        with open(path + ".log", encoding="utf-8", errors="replace") as file:
            found |= {(m[1], int(m[2])): (float(m[3]), float(m[4])) for m in map(TIME.match, file.read().splitlines()) if m}
        path += ".again"
    return found


def main(work, report, *groups):
    for group in groups:
        stock, series = (times(os.path.join(work, f"{group}.{label}")) for label in LABELS)
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

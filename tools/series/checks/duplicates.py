#!/usr/bin/env python3
"""What stands twice: runs of lines that are the same in two places.  Called by style.sh.

    duplicates.py [PATH...]     one line for each run of LINES or more, in these files and folders; fails if there is one

A blank between words counts as one, and lines that say nothing do not count: blank ones, braces and other ends, includes and
imports, the head about the licence, and tables of cases, which name them once more.  Data does not count either, nor what is not
a source: see SOURCES.
"""
import collections
import glob
import os
import re
import sys

ROOT = os.path.realpath(f"{__file__}/../../../..")
WHERE = ["tools/series", "mm/tests", "mm/mmu_*", "lib", ".ci"]
LINES = 6
SOURCES = (".c", ".h", ".sh", ".py", ".config", "Kconfig", "Makefile")      # and what begins with "#!"
NOTHING = re.compile(r"|[{}]|\};|\*/|/?\*+|else|fi|done|esac|\}\);|(return|break|continue);|#include .*|(import|from) .*|.*SPDX-License.*|"
                     r"KUNIT_CASE.*")
TABLE = re.compile(r"^static struct kunit_case .*?^\};$", re.M | re.S)


def is_source(path):
    if os.path.islink(path):
        return False
    if path.endswith(SOURCES):
        return True
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def sources(places):
    for place in places:
        for top in sorted(glob.glob(os.path.join(ROOT, place))):
            if os.path.isfile(top):
                yield top
            for folder, _, names in sorted(os.walk(top)):
                yield from (os.path.join(folder, name) for name in sorted(names) if is_source(os.path.join(folder, name)))


def lines(path):
    """[(number, line)] of those that say something."""
    with open(path, encoding="utf-8") as file:
        text = TABLE.sub(lambda table: "\n" * table[0].count("\n"), file.read())
    said = ((number, re.sub(r"\s+", " ", line.strip())) for number, line in enumerate(text.split("\n"), 1))
    return [(number, line) for number, line in said if not NOTHING.fullmatch(line)]


def runs(texts):
    """{(path, index, path, index): length} of what is the same, from where it begins."""
    places = collections.defaultdict(list)
    for path, text in texts.items():
        for index in range(len(text) - LINES + 1):
            places[tuple(line for _, line in text[index:index + LINES])].append((path, index))
    same = {(*one, *other) for found in places.values() for i, one in enumerate(found) for other in found[i + 1:]
            if one[0] != other[0] or other[1] - one[1] >= LINES}
    found = {}
    for one, i, other, j in sorted(same):
        if (one, i - 1, other, j - 1) not in same:
            length = LINES
            while (one, i + length - LINES + 1, other, j + length - LINES + 1) in same:
                length += 1
            found[one, i, other, j] = length
    return found


def main(places):
    texts = {os.path.relpath(path, ROOT): lines(path) for path in sources(places or WHERE)}
    found = runs(texts)
    for (one, i, other, j), length in found.items():
        print(f"{length} lines are the same: {one}:{texts[one][i][0]} and {other}:{texts[other][j][0]}: {texts[one][i][1]}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main(sys.argv[1:])

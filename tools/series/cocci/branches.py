#!/usr/bin/env python3
"""Does the corpus notice each rule of the checkers, and each branch of one?  Called by hand: it takes a quarter of an hour.

    branches.py [CHECKER...]    takes them out, one at a time, and names those without which cocci/check is reported as before

A branch is what stands between lines "(", "|" and ")".  A checker is the path of a semantic patch; without one, all are taken
that report mistakes, not those that only convert.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(f"{__file__}/../../../..")
CORPUS = os.path.join(ROOT, "tools/series/cocci/check")
CONVERSIONS = re.compile(r"/mmu_notifier_(range|range_callback|event)\.cocci$")
RULE = re.compile(r"^@(\w+)(?: depends on ([^@\n]*?))?((?: disable [\w, ]+?)?(?: exists)?)@\n(.*?)^@@\n(.*?)(?=^@|\Z)", re.M | re.S)


def reports(text):
    """What a checker with this text reports of the corpus; None if spatch refuses it."""
    with tempfile.NamedTemporaryFile("w", suffix=".cocci") as file:
        file.write(text)
        file.flush()
        run = subprocess.run(["spatch", "--very-quiet", "-D", "report", "--no-show-diff", "--no-includes", "--cocci-file", file.name,
                              "--dir", CORPUS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return sorted(set(run.stdout.splitlines())) if run.returncode == 0 else None


def without_rule(text, rule):
    """The same with a rule that never matches; others may name it."""
    depends = f"dropped && ({rule[2]})" if rule[2] else "dropped"
    changed = f"{text[:rule.start()]}@{rule[1]} depends on {depends}{rule[3]}@\n{text[rule.start(4):]}"
    return changed.replace("virtual report\n", "virtual report\nvirtual dropped\n", 1)


def branches(body):
    """For each branch: its text, and the body without it."""
    lines, open_groups = body.split("\n"), []
    for here, line in enumerate(lines):
        if line == "(":
            open_groups.append([here])
        elif line == "|" and open_groups:
            open_groups[-1].append(here)
        elif line == ")" and open_groups:
            group = open_groups.pop() + [here]
            for first, last in zip(group, group[1:]):
                gone = set(range(first, last)) if first != group[0] else set(range(first + 1, last + (last != here)))
                if len(group) == 3:     # one branch is left, which needs no parentheses
                    gone |= set(group)
                yield (" ".join(lines[first + 1:last]).strip(),
                       "\n".join(text for number, text in enumerate(lines) if number not in gone))


def main():
    checkers = sys.argv[1:] or [path for path in sorted(glob.glob(f"{ROOT}/scripts/coccinelle/*/mmu_*.cocci"))
                                if not CONVERSIONS.search(path)]
    unnoticed = 0
    for path in checkers:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        whole, taken = reports(text), 0
        if not whole:
            sys.exit(f"branches.py: {path} reports nothing of {CORPUS}: give the path of a checker")
        for rule in RULE.finditer(text):
            cases = [("", without_rule(text, rule))]
            cases += [(f" without {what}", text[:rule.start(5)] + body + text[rule.end(5):]) for what, body in branches(rule[5])]
            for what, changed in cases:
                taken += 1
                now = reports(changed)
                if now == whole or now is None:
                    unnoticed += 1
                    print(f"{os.path.basename(path)}: rule {rule[1]}{what}: {'spatch refuses it' if now is None else 'not noticed'}")
        print(f"{os.path.basename(path)}: {taken} rules and branches taken out", flush=True)
    sys.exit(unnoticed != 0)


main()

#!/usr/bin/env python3
"""What was verified on which base: records that targets of make leave, and their table.  Called by common.sh, style.sh, bench.py, hand.

    verified.py digest                          of our sources as they are
    verified.py record BASE VERSION TARGET FILE...
                                                notes in out/verified/BASE how TARGET ended; FILE has its verdict lines
    verified.py keep                            takes over what is in out/verified/ into checks/verified, which is committed
    verified.py write                           writes the table of checks/verified into verification.md, and the numbers of COUNTED
    verified.py check                           verdict lines: that table is current, and so are the numbers

A record is a line "BASE TARGET: VERSION PASSED FAILED SKIPPED DIGEST"; of a target there is one per base, the last.  The digest is
that of all that is compiled: our files below include/, mm/, lib/ and tools/, the insertions and the backports.  Where it is not
that of the sources as they are, the table says so: it changes with them, and is to be written again.
"""
import collections
import hashlib
import os
import re
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from merge import merge

KEPT = os.path.join(merge.TOOLS, "checks/verified")
TABLE = os.path.join(merge.TOOLS, "checks/verification.md")
LEFT = os.path.join(merge.ROOT, "out/verified")
BEGIN, END = "<!-- verified.py write -->\n", "<!-- end of what it writes -->\n"

# What has a row, in this order.  "TARGET/PART" is a part of make test; "*" is the word that follows in its verdict lines, each of
# which has a row.
ROWS = {
    "check": "`make check`",
    "test": "`make test`",
    "test/kunit-um": "of it, the contract and all other suites, in user mode",
    "test/kunit-x86_64": "of it, the same on x86-64 SMP with KASAN",
    "test/export": "of it, patches and fixes apply, and give the merged tree",
    "test/abi": "of it, layouts and exports",
    "test/kabi": "CRCs with `kabi/`, for `make verify`",
    "test/module": "of it, a module that was built against stock",
    "test/imitated": "of it, kernels that are imitated, and vendors' changes",
    "test/imitated *": "of that, Linux {}: merged, the core and its tests compiled",
    "bisect": "`make bisect`: each patch",
    "verify": "`make verify`",
    "verify *": "of it, {}",
    "mutants": "`make mutants`: changes that a test notices; skipped are those that none can",
    "users": "`make users`: sources that compile",
    "clients": "`make clients`",
    "clients *": "of it, {}",
}


# What verification.md says of the sources as they are: the words around a number, and how it is counted.
LITMUS = "Documentation/litmus-tests/mmu_notifier"
COUNTED = [
    ("litmus tests", r"(\d+)(?= tests, \d+ twins)", lambda: sum("-broken" not in name for name in litmus_tests())),
    ("twins of these", r"(?<= tests, )(\d+)(?= twins)", lambda: sum("-broken" in name for name in litmus_tests())),
    ("mutants", r"(\d+)(?= changes of the core)", lambda: len(re.findall("^mutant: ", source("tools/series/mutants/list"), re.M))),
    ("patches", r"(\d+)(?= patches, \d+ on )", lambda: len(merge.load_steps())),
    ("bytes of a range", r"(?<=`struct mmu_notifier_range` now has )(\d+)(?= bytes)",
     lambda: re.search(r"static_assert\(sizeof\(struct mmu_notifier_range\) <= (\d+)\)", source("mm/mmu_notifier_range.c"))[1]),
]


def source(path):
    return merge.read_text(os.path.join(merge.ROOT, path))


def litmus_tests():
    return [name for name in os.listdir(os.path.join(merge.ROOT, LITMUS)) if name.endswith(".litmus")]


def digest(unused=()):
    """Of our sources, but for what is in these folders."""
    paths = [path for step in merge.load_steps() for path in step.files
             if not path.startswith(("Documentation/", "scripts/", *unused))]
    for folder in ("insertions", "backports"):
        paths += [f"tools/series/merge/{folder}/{name}" for name in os.listdir(os.path.join(merge.HERE, folder))]
    total = hashlib.sha256()
    for path in sorted(paths):
        # Of a patch, each file that it changes.
        parts = re.split(rb"^(?=--- a/)", merge.read(os.path.join(merge.ROOT, path)), flags=re.M)
        content = b"".join(part for part in parts if not part.startswith(tuple(f"--- a/{folder}".encode() for folder in unused)))
        total.update(f"{path} {hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def load(path):
    """{"BASE TARGET": the rest of its record}"""
    text = merge.read_text(path) if os.path.exists(path) else ""
    return dict(line.split(": ") for line in text.splitlines() if not line.startswith("#"))


def save(path, records):
    text = "# Written by verified.py keep: base, target, version, passed, failed, skipped, digest of the sources.\n"
    merge.write(path, (text + "".join(f"{key}: {rest}\n" for key, rest in sorted(records.items()))).encode(), 0o644)


def record(base, version, target, *files):
    now = digest()
    if os.environ.get("SERIES_DIGEST", now) != now:
        print(f"series: no record of {target}: the sources have changed since it began", file=sys.stderr)
        return
    found, each = collections.defaultdict(collections.Counter), re.compile(rf"\w+ {os.path.basename(target)} ([\w.-]+)")
    for line in (line for path in files for line in merge.read_text(path).splitlines()):
        part = each.match(line)
        for name in [target] * (not os.environ.get("ONLY")) + ([f"{target} {part[1]}"] if part else []):
            found[name][line.split(" ")[0]] += 1
    records = load(os.path.join(LEFT, base))
    records |= {f"{base} {name}": f"{version.split()[0]} {count['ok']} {count['FAIL']} {count['skip']} {now}"
                for name, count in found.items() if row(name) in ROWS}
    save(os.path.join(LEFT, base), records)


def row(target):
    """Its name in ROWS."""
    return re.sub(" .*", " *", target)


def keep():
    records = load(KEPT)
    for base in os.listdir(LEFT):
        if not base.startswith("ksrc-"):
            records |= load(os.path.join(LEFT, base))
    save(KEPT, records)


def cell(record, now):
    version, *counts, state = record.split()
    what = [f"{int(count):,} {how}" for count, how in zip(counts, ("passed", "FAILED", "skipped")) if count != "0"]
    return f"{version}: {', '.join(what)}{'' if state == now else '; *an earlier state*'}"


def table():
    records, now = load(KEPT), digest()
    bases = re.search("^bases='(.*)'$", merge.read_text(os.path.join(merge.TOOLS, "lib/common.sh")), re.M)[1].split()
    lines = ["| | " + " | ".join(bases) + " |", "|---" * (len(bases) + 1) + "|"]
    targets = {key.partition(" ")[2] for key in records}
    for target in sorted(targets, key=lambda target: (list(ROWS).index(row(target)), target)):
        cells = [cell(records[f"{base} {target}"], now) if f"{base} {target}" in records else "" for base in bases]
        lines.append(" | ".join([f"| {ROWS[row(target)].format(target.partition(' ')[2])}", *cells]) + " |")
    return BEGIN + "\n".join(lines) + "\n" + END


def write(only_check=False):
    old = merge.read_text(TABLE)
    new = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: table(), old, flags=re.S)
    if only_check:
        print(f"{'ok' if BEGIN in old and old == new else 'FAIL'} verification.md has the table that verified.py write writes")
    wrong = []
    for name, pattern, count in COUNTED:
        found, now = re.findall(pattern, old), str(count())
        if found != [now]:
            wrong.append(f"{name}: {', '.join(found) or 'nothing'}, not {now}")
        new = re.sub(pattern, now, new)
    if only_check:
        what = "the numbers of verification.md are those of the sources"
        print(f"FAIL {what}: it has {'; '.join(wrong)}: run verified.py write" if wrong else f"ok {what}")
    else:
        merge.write(TABLE, new.encode(), 0o644)


if __name__ == "__main__":
    try:
        {"digest": lambda: print(digest()), "record": record, "keep": keep, "write": write,
         "check": lambda: write(only_check=True)}[sys.argv[1]](*sys.argv[2:])
    except (merge.Bad, OSError, ValueError) as bad:
        sys.exit(f"series: {bad}")

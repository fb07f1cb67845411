#!/usr/bin/env python3
"""series.py STOCK VERSION OUT [BASE_COMMIT]: writes the series for a pristine tree as patches for git am and quilt.

Called by series.sh.

OUT/fixes has a series of its own: the fixes of the stock core, for those who want nothing else; and OUT/fixes/tests the suites
that show what they mend, which apply with or without them.

git itself makes them, from a scratch repository that holds just the upstream files that the series changes.  The same
input gives the same bytes: the date is that of our last commit, and no configuration of the caller's takes part.

The cover letters are the files "cover" and "cover-fixes", in which @benchmark@ stands for the generated tables of README.md, and a line @TITLE@
for the one whose first column has that title.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from bench import bench
from merge import merge

NAME, EMAIL = "MMU notifier series", "series@localhost"     # whoever sends the series puts the own name there
FIXES_TESTS = ["contract", "misuse", "report"]              # the steps with the suites that show what the fixes mend


def last_commit():
    """When our own repository was last committed to, in seconds; 0 if it never was or is none."""
    # It may be another user's, who only reads it.
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", merge.ROOT, "log", "-1", "--format=%ct"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return int(done.stdout or 0)


def wrap(text, first="", others=""):
    return textwrap.fill(text, 72, initial_indent=first, subsequent_indent=others, break_long_words=False,
                         break_on_hyphens=False)


def readme_table(title):
    """A table of README.md as plain text: an item for each row."""
    text = merge.read_text(os.path.join(merge.ROOT, "README.md"))
    found = re.search(rf"^\| {re.escape(title)} \|.*\n(?:\|.*\n)+", text, re.M)
    if not found:
        raise merge.Bad(f"README.md has no table '{title}', which tools/series/merge/cover asks for")
    rows = [[cell.strip().replace("`", "") for cell in row.strip("|").split(" | ")]
            for row in found[0].rstrip("\n").split("\n")]
    items = []
    for first, *others in rows[2:]:
        notes = "; ".join(f"{head}: {cell}" for head, cell in zip(rows[0][1:], others))
        items.append(wrap(first, "- ", "  ") + "\n" + wrap(notes, "  ", "  "))
    return "\n\n".join(items)


def readme_benchmark():
    """What the benchmark measured, from README.md, as plain text: an item for each row."""
    lines = []
    for line in bench.in_readme().splitlines():
        if line.startswith(("| scenario ", "|---", "The other rows ")):
            continue
        if line.startswith("|"):
            scenario, _, stock, series, ratio, met = (cell.strip() for cell in line.strip("|").split("|"))
            line = f"- {scenario}: {stock} -> {series}" + (f" ({ratio})" if ratio else "") + ("" if met in ("", "met") else f", {met}")
        lines.append(wrap(line.replace("`", ""), "", "  " if line.startswith("- ") else ""))
    return "\n".join(lines)


def cover_letter(stock, version, known):
    text = merge.read_text(os.path.join(merge.HERE, "cover"))
    text = text.replace("@benchmark@", readme_benchmark())
    text = re.sub(r"^@(.*)@$", lambda found: readme_table(found[1]), text, flags=re.M)
    which = merge.base(stock)
    if which != "mainline":
        text += "\nThis is the form of the series for an older kernel.\n"
        for folder in merge.backports()[:merge.backports().index(which) + 1]:
            for patch in sorted(glob.glob(os.path.join(merge.HERE, "backports", folder, "*.patch"))):
                text += "\n" + merge.read_text(patch).partition("\n--- a/")[0].strip() + "\n"
    return text + base_lines(version, known)


def base_lines(version, known):
    return f"\nBase: Linux {version}\n" + (f"base-commit: {known}\n" if known else "")


def write_patches(stock, out, steps, letter=None):
    """Writes the patches of these steps, as merge.plan() has them, and their series file to the new folder `out`."""
    date = last_commit()
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as repo:
        env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
        for var in ("AUTHOR", "COMMITTER"):
            env.update({f"GIT_{var}_NAME": NAME, f"GIT_{var}_EMAIL": EMAIL})

        def git(*args):
            subprocess.run(["git", "-C", repo, *args], env=env, check=True, stdout=subprocess.DEVNULL)

        def commit(message, number):
            env["GIT_AUTHOR_DATE"] = env["GIT_COMMITTER_DATE"] = f"@{date + number} +0000"
            git("add", "-A", "-f")
            git("commit", "-q", "--allow-empty", "-m", message)

        git("init", "-q", "-b", "series")
        for path in {path for _, changed in steps for path in changed}:
            if os.path.exists(os.path.join(stock, path)):
                os.makedirs(os.path.dirname(os.path.join(repo, path)), exist_ok=True)
                shutil.copy(os.path.join(stock, path), os.path.join(repo, path))
        commit("base", 0)
        for number, (step, changed) in enumerate(steps, 1):
            for path, (content, mode) in changed.items():
                merge.write(os.path.join(repo, path), content, mode)
            commit(step.message, number)
        if letter:
            git("config", "branch.series.description", letter)
        # A file that is written anew is shown so: nobody can read the old and the new one in turns.
        git("format-patch", "-q", "--cover-letter" if letter else "--no-cover-letter", "--cover-from-description=subject",
            "--zero-commit", "--full-index", "--no-signature", "--break-rewrites", "-o", out, f"HEAD~{len(steps)}")
    patches = sorted(os.path.basename(p) for p in glob.glob(out + "/*.patch"))[bool(letter):]
    with open(out + "/series", "w", encoding="utf-8") as file:
        file.writelines(p + "\n" for p in patches)
    return len(patches)


def main(stock, version, out, known=None):
    fixes = [step.name for step in merge.load_steps() if step.name.startswith("fix-")]
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as scratch:
        new = scratch + "/new"
        count = write_patches(stock, new, merge.plan(stock), cover_letter(stock, version, known))
        letter = merge.read_text(os.path.join(merge.HERE, "cover-fixes")) + base_lines(version, known)
        fixed = write_patches(stock, new + "/fixes", merge.plan(stock, fixes), letter)
        write_patches(stock, new + "/fixes/tests", merge.plan(stock, FIXES_TESTS))
        shutil.rmtree(out, ignore_errors=True)
        os.rename(new, out)
    print(f"series: {count} patches on Linux {version}; {fixed} fixes of the stock core alone, in fixes/", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (merge.Bad, OSError, subprocess.CalledProcessError) as bad:
        sys.exit(f"series: {bad}")

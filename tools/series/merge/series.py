#!/usr/bin/env python3
"""series.py STOCK VERSION OUT [BASE_COMMIT]: writes the series for a pristine tree as patches for git am and quilt.
Called by series.sh.

OUT/fixes has a series of its own: the fixes of the stock core, for those who want nothing else; and OUT/fixes/tests the suites
that show what they mend, which apply with or without them.  OUT/kabi has a patch that may follow the series: see kabi.py.
OUT/rfc has a series that may follow it: users of MMU notifiers converted to what is new.

git itself makes them, from a scratch repository that holds just the upstream files that the series changes.  The same
input gives the same bytes: the date is that of our last commit, and no configuration of the caller's takes part.

The cover letters are the files "cover", "cover-fixes" and "rfc/cover".  In "cover" @waits@ and @counts@ stand for what was measured, the latter on
the base if it has counts, and what is between the lines "@only BASE ...@" and "@all@" is for these bases: see "merge.py base".
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from bench import bench
from merge import merge

NAME, EMAIL = "MMU notifier series", "series@localhost"     # to be replaced by those of the submitter
FIXES_TESTS = ["contract", "misuse", "report", "two-pass"]  # the steps with the suites that show what the fixes mend


def last_commit():
    """When our own repository was last committed to, in seconds; 0 if it never was or is none."""
    # It may be another user's, who only reads it.
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", merge.ROOT, "log", "-1", "--format=%ct"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return int(done.stdout or 0)


def recorded(pattern):
    """The bases that have such files, the oldest first."""
    names = [re.search(r"-([\d.]+\d)", os.path.basename(path))[1] for path in glob.glob(pattern)]
    return sorted(names, key=lambda name: [int(part) for part in name.split(".")])


def measured(release, which):
    """What stands for @waits@ and for @counts@."""
    folder = os.path.join(merge.ROOT, "tools/series/bench/")
    summary = merge.read_text(folder + f"summary-{recorded(folder + 'summary-*.md')[-1]}.md")
    waits = [(title.replace("`", ""), bench.row_of(summary, where)) for title, where in bench.FIGURES if isinstance(where, str)]
    waits = [f"- {title}:\n  {stock} -> {series}" for title, (stock, series) in waits]
    there = recorded(folder + "counts-*")
    counted = next(name for name in (release, which, there[-(which == "mainline")]) if name in there)
    counts = [f"Counted on Linux {counted}" + ("" if counted == release else f"; {release} has not been counted") + ":", ""]
    return "\n".join(waits), "\n".join(counts + bench.letter_rows(folder + "counts-" + counted))


def cover_letter(stock, version, known):
    which, patches = merge.base(stock), merge.form(stock)
    text = merge.read_text(os.path.join(merge.HERE, "cover"))
    text = re.sub(r"^@only ([^@\n]*)@\n(.*?)^@all@\n", lambda found: found[2] if which in found[1].split() else "", text, flags=re.M | re.S)
    waits, counts = measured(".".join(version.split(".")[:2]), which)
    text = text.replace("@waits@", waits).replace("@counts@", counts)
    if patches:
        text += "\nWhat differs from the series for mainline\n"
        text += "".join("\n- " + patch.says.strip().replace("\n", "\n  ") for patch in patches) + "\n"
    return text + base_lines(version, known)


def base_lines(version, known):
    return f"\nBase: Linux {version}\n" + (f"base-commit: {known}\n" if known else "")


def write_patches(stock, out, steps, letter=None, rewrites=True):
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
            "--zero-commit", "--full-index", "--no-signature", *(["--break-rewrites"] if rewrites else []), "-o", out, f"HEAD~{len(steps)}")
    patches = sorted(os.path.basename(p) for p in glob.glob(out + "/*.patch"))[bool(letter):]
    with open(out + "/series", "w", encoding="utf-8") as file:
        file.writelines(p + "\n" for p in patches)
    return len(patches)


KABI = """mm/mmu_notifier: hide what is new from genksyms

For distributions that build with MODVERSIONS and keep the CRCs of what they
export: with this patch, the exports of mm/ and of all that use MMU notifiers
have the CRCs of the kernel before the series, so that modules that were built
against it load.

The structures that modules allocate, and those that they are given, have the
layout that they had; genksyms sees the declarations that this kernel had, word
for word. gendwarfksyms, which reads what the compiler has made, is not served
by this.
"""


def write_on_top(stock, out, files, steps, letter=None):
    """Writes the patches of steps that go on top of the series, which makes these files."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as before:
        for path in {path for _, changed in steps for path in changed}:
            theirs = os.path.join(stock, path)
            merge.write(os.path.join(before, path), *(files.get(path) or (merge.read(theirs), os.stat(theirs).st_mode & 0o777)))
        return write_patches(before, out, steps, letter, rewrites=False)


def main(stock, version, out, known=None):
    fixes = [step.name for step in merge.load_steps() if step.name.startswith("fix-")]
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as scratch:
        new = scratch + "/new"
        steps = merge.plan(stock)
        count = write_patches(stock, new, steps, cover_letter(stock, version, known))
        letter = merge.read_text(os.path.join(merge.HERE, "cover-fixes")) + base_lines(version, known)
        fixed = write_patches(stock, new + "/fixes", merge.plan(stock, fixes), letter)
        write_patches(stock, new + "/fixes/tests", merge.plan(stock, FIXES_TESTS))
        files = {path: made for _, changed in steps for path, made in changed.items()}
        write_on_top(stock, new + "/kabi", files, [(types.SimpleNamespace(message=KABI), merge.hidden(stock, files))])
        converted = merge.conversions(stock)
        if converted:
            letter = merge.read_text(os.path.join(merge.RFC, "cover")) + base_lines(version, None)
            write_on_top(stock, new + "/rfc", files, converted, letter)
        shutil.rmtree(out, ignore_errors=True)
        os.rename(new, out)
    print(f"series: {count} patches on Linux {version}; {fixed} fixes of the stock core alone, in fixes/", file=sys.stderr)


if __name__ == "__main__":
    merge.clean_up_when_stopped()
    try:
        main(*sys.argv[1:])
    except (merge.Bad, OSError, subprocess.CalledProcessError) as bad:
        sys.exit(f"series: {bad}")

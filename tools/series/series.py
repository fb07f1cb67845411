#!/usr/bin/env python3
"""series.py STOCK VERSION OUT: writes the series for a pristine tree as patches for git am and quilt.

git itself makes them, from a scratch repository that holds just the upstream files that the series changes.  The same
input gives the same bytes: the date is that of our last commit, and no configuration of the caller's takes part.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import merge

NAME, EMAIL = "MMU notifier series", "series@localhost"     # whoever sends the series puts the own name there


def last_commit():
    """When our own repository was last committed to, in seconds; 0 if it never was or is none."""
    done = subprocess.run(["git", "-C", merge.ROOT, "log", "-1", "--format=%ct"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return int(done.stdout or 0)


def main(stock, version, out):
    steps = merge.plan(stock)
    date = last_commit()
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(out)) as scratch:
        repo, new = scratch + "/repo", scratch + "/new"
        os.makedirs(repo)
        env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC"}
        for var in ("AUTHOR", "COMMITTER"):
            env.update({f"GIT_{var}_NAME": NAME, f"GIT_{var}_EMAIL": EMAIL})

        def git(*args):
            subprocess.run(["git", "-C", repo, *args], env=env, check=True, stdout=subprocess.DEVNULL)

        def commit(message, number):
            env["GIT_AUTHOR_DATE"] = env["GIT_COMMITTER_DATE"] = f"@{date + number} +0000"
            git("add", "-A", "-f")
            git("commit", "-q", "--allow-empty", "-m", message)

        git("init", "-q")
        for path in {path for _, changed in steps for path in changed}:
            if os.path.exists(os.path.join(stock, path)):
                os.makedirs(os.path.dirname(os.path.join(repo, path)), exist_ok=True)
                shutil.copy(os.path.join(stock, path), os.path.join(repo, path))
        commit("base", 0)
        for number, (step, changed) in enumerate(steps, 1):
            for path, (content, mode) in changed.items():
                merge.write(os.path.join(repo, path), content, mode)
            commit(step.message, number)
        git("format-patch", "-q", "--zero-commit", "--full-index", "--no-signature", "-o", new, f"HEAD~{len(steps)}")
        patches = sorted(os.path.basename(p) for p in glob.glob(new + "/*.patch"))
        with open(new + "/series", "w", encoding="utf-8") as file:
            file.writelines(p + "\n" for p in patches)
        with open(new + "/base", "w", encoding="utf-8") as file:
            file.write(f"Linux {version}\n")
        shutil.rmtree(out, ignore_errors=True)
        os.rename(new, out)
    print(f"series: {len(patches)} patches on Linux {version}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (merge.Bad, OSError, subprocess.CalledProcessError) as bad:
        sys.exit(f"series: {bad}")

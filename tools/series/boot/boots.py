#!/usr/bin/env python3
"""Boots of a user-mode kernel, one for each case of a KUnit suite.
Called by suites.sh, reports.py, results.py, each_patch.py, mutants.py.

    boots.py SUITE BUILD TREE [BUILD TREE]...    boots the kernel of each BUILD for each case that SUITE has in its TREE

For cases after which a kernel is of no use: lockdep stops at its first report, and the stock core dies of what drivers get
wrong.  The console of each is left in BUILD/boots/SUITE.CASE.log; results.py and reports.py judge.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys

SECONDS = 60


def cases(tree, suite):
    with open(os.path.join(tree, "mm/tests", suite + "_kunit.c"), encoding="utf-8") as file:
        return re.findall(r"KUNIT_CASE\((\w+)\)", file.read())


def console(build, suite, case):
    return os.path.join(build, "boots", f"{suite}.{case}.log")


def read(build, suite, case):
    with open(console(build, suite, case), encoding="utf-8", errors="replace") as log:
        return log.read().splitlines()


def boot(build, suite, case):
    """Returns the console of a boot for this case alone."""
    os.makedirs(os.path.join(build, "boots"), exist_ok=True)
    command = [os.path.join(build, "linux"), "mem=256M", "console=tty", "kunit_shutdown=halt",
               "mmu_notifier_benchmark.chain_ms=1", f"kunit.filter_glob={suite}.{case}"]
    with open(console(build, suite, case), "wb") as log:
        kernel = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                  start_new_session=True)
        try:
            kernel.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(kernel.pid, signal.SIGKILL)
            kernel.wait()
    return read(build, suite, case)


def boot_all(jobs):
    """The consoles of boots, (build, suite, case) each, as many at a time as there are CPUs."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda job: boot(*job), jobs))


def main(suite, *where):
    boot_all([(build, suite, case) for build, tree in zip(where[::2], where[1::2]) for case in cases(tree, suite)])


if __name__ == "__main__":
    main(*sys.argv[1:])

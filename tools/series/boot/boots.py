#!/usr/bin/env python3
"""Boots of a user-mode kernel, one for each case of a KUnit suite.
Called by suites.sh, reports.py, results.py, each_patch.py, mutants.py, kunit.sh, torture.sh, verify.sh, bench.sh.

    boots.py SUITE BUILD TREE [BUILD TREE]...    boots the kernel of each BUILD for each case that SUITE has in its TREE
    boots.py preload BUILD                       prints what LD_PRELOAD has to be for the kernel of BUILD, if anything

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
LAZY_IPI = os.path.realpath(f"{__file__}/../lazy-ipi.c")


def preload(build):
    """The library that spares a user-mode kernel with several CPUs most of its system calls, or nothing for another."""
    if not os.path.exists(os.path.join(build, "linux")) or not has_option(build, "SMP"):
        return ""
    library = os.path.realpath(f"{__file__}/../../../../build/lazy-ipi.so")
    if not os.path.exists(library) or os.path.getmtime(library) < os.path.getmtime(LAZY_IPI):
        new = f"{library}.{os.getpid()}"
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-ftls-model=initial-exec", "-o", new,
                        LAZY_IPI], check=True)
        os.rename(new, library)
    return library


def environment(build):
    """What to run the kernel with."""
    library = preload(build)
    return {**os.environ, "LD_PRELOAD": library} if library else None


def has_option(build, option):
    with open(os.path.join(build, ".config"), encoding="utf-8") as file:
        return f"CONFIG_{option}=y\n" in file.read()


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
                                  start_new_session=True, env=environment(build))
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
    if sys.argv[1] == "preload":
        print(preload(sys.argv[2]))
    else:
        main(*sys.argv[1:])

#!/usr/bin/env python3
"""Runs a command, and ends all that it has started when it ends or a signal comes.  Called by common.sh.

    supervise.py COMMAND...

A shell that is killed leaves its children behind, and those in the background do not hear of Ctrl-C; timeout, kunit.py and
boots.py start process groups of their own.  So this adopts what is left behind and finds all of it by its parents.  What is
asked to end has PATIENCE seconds to clean up.  The command has a session of its own, so that Ctrl-C comes here only.
"""
import ctypes
import os
import signal
import subprocess
import sys
import time

PATIENCE = 10
PR_SET_CHILD_SUBREAPER = 36
STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
AWAITED = STOPPING | {signal.SIGCHLD, signal.SIGTSTP}


def proc(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def descendants():
    """All that are below this process and have not ended."""
    stats = {int(pid): proc(pid, "stat").rpartition(")")[2].split() for pid in os.listdir("/proc") if pid.isdigit()}
    parents = {pid: int(stat[1]) for pid, stat in stats.items() if stat and stat[0] not in "ZX"}
    found, new = set(), {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new}
        found |= new
    return found


def tell(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def freeze():
    """Stops all, also those that are being started, and returns them."""
    known = set()
    while new := descendants() - known:
        tell(new, signal.SIGSTOP)
        known |= new
    return known


def reap(child):
    """Waits for those that have ended; returns the status of the child if it is one of them."""
    status = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                status = os.waitstatus_to_exitcode(ended[1])
    except ChildProcessError:
        pass
    return status


def end_all(child):
    everything = freeze()
    tell(everything, signal.SIGTERM)
    tell(everything, signal.SIGCONT)
    begin = time.monotonic()
    while (left := descendants()) and time.monotonic() < begin + 2 * PATIENCE:
        if time.monotonic() > begin + PATIENCE:
            tell(left, signal.SIGKILL)
        time.sleep(0.05)
        reap(child)
    reap(child)


def interrupted(make):
    """The signal that make has got and does not pass on: it is blocked while make waits for its children to end."""
    if not make:
        return None
    if os.getppid() != make:
        return signal.SIGTERM
    blocked = int((proc(make, "status").partition("SigBlk:")[2].split() or ["0"])[0], 16)
    return next((number for number in STOPPING if blocked >> number - 1 & 1), None)


def main(command):
    if not proc("self", "stat"):
        print("series: /proc is not mounted, without which what is started cannot be ended: mount it", file=sys.stderr)
        return 1
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    awaited = AWAITED - {number for number in [signal.SIGHUP] if signal.getsignal(number) == signal.SIG_IGN}     # nohup
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    make = os.getppid() if proc(os.getppid(), "comm").strip() in ("make", "gmake") else None
    if interrupted(make):
        make = None     # it was blocked before make was started
    child = subprocess.Popen(command, start_new_session=True, close_fds=False,     # pylint: disable=consider-using-with
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)).pid
    while True:
        came = signal.sigtimedwait(awaited, 1)
        number = came.si_signo if came else None
        status = reap(child)
        if status is None and number not in STOPPING:
            number = interrupted(make) or number
        if number == signal.SIGTSTP:
            frozen = freeze()
            os.kill(os.getpid(), signal.SIGSTOP)
            tell(frozen, signal.SIGCONT)
        elif status is not None or number in STOPPING:
            end_all(child)
            if status is None:
                print(f"series: stopped by {signal.Signals(number).name}; run it again to go on", file=sys.stderr)
                status = 128 + number
            return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

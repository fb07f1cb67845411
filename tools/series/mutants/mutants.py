#!/usr/bin/env python3
"""Mutants of the core: one change each, which a test must notice.  Called by mutants.sh, kernel.sh, fuzz.sh,
torture-planted.sh.

    mutants.py check                                     the mutants are in order
    mutants.py run STOCK WORK JOBS REPORT [NAME...]      builds and boots them (or these), JOBS at a time
    mutants.py plant NAME TREE                           changes the core in TREE, a tree with the series, until tree.sh comes

With KILLERS in the environment, only these are tried, and with GRACE boots end so many seconds after the first notice.  "user" and
"random" need no boot: the core in user space, with its corpus or with calls at random.

Those that no test can notice are planted together, as many in one kernel as do not touch the same text: if that passes, each
of them survives; if not, its halves tell which does not.  Two that only harm alone would hide each other.

The file "noticed" says which case noticed which mutant when it last ran: that case is asked first, and then the suites that
noticed others in the same function or file.  A run writes a new one beside its report.

The file "list" declares them, separated by blank lines:
    mutant: NAME
    in: FUNCTION        of the core, or of what debugs its use: see merge.py
    breaks: TEXT        what goes wrong; a barrier with its letter, as (C)
    old: TEXT           must be in the function once; white space does not count
    new: TEXT           what takes its place, or nothing.  There may be several pairs of old and new.
    survives: TEXT      why no test can notice it
    litmus: FILE        which shows what these machines cannot
A line that begins with a tab goes on with the one before.

Each function of the core and each lettered barrier must have a mutant.  The killers below are tried in turn until one notices: first
the core in user space, which is compiled and run in seconds, then boots.  All must pass on the unchanged core.  A mutant that does not
apply or compile is an error, not a kill.
"""
import glob
import hashlib
import json
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from boot import boots, results, torture
from merge import merge

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = merge.ROOT
LITMUS = "Documentation/litmus-tests/mmu_notifier"
# What make verify plants.
PLANTED = [f"{HERE}/../checks/torture-planted.sh", *glob.glob(f"{HERE}/../boot/configs/verify/*.config")]
MUTABLE = merge.CORE + merge.DEBUG
ENOUGH = 95             # per cent of those that a test can notice
GRACE = int(os.environ.get("GRACE", 30))    # seconds that a boot goes on after the first case that noticed
RECHECK = 100           # mutants of a kernel, after which the unchanged core has to pass there again
BUSY = 1.5              # load per CPU at which what hangs is looked at twice
BUILD = ".build"
CONFIG = """
CONFIG_MMU_NOTIFIER_SCHEDULE_KUNIT_TEST=y
CONFIG_MMU_NOTIFIER_REPORT_KUNIT_TEST=y
CONFIG_MMU_NOTIFIER_TORTURE_TEST=y
CONFIG_DEBUG_MMU_NOTIFIER=y
CONFIG_SMP=y
# CONFIG_WERROR is not set
"""
SMP_ARGS = "seccomp=on srcutree.convert_to_big=1"
# What scripts/link-vmlinux.sh says that it does.  Both sides of a pipe do at once, so that a line may lose its "+ ".
LINKED = {
    "link": r"^\+ (.* -o vmlinux(?:\.unstripped)? .*)$",
    "clean": r"(\S*scripts/mksysmap)\b",
    "table": r"^\+ (scripts/kallsyms .*) \S+$",
    "assemble": r"^\+ (.* -c) -o \S*kallsyms\S* \S*kallsyms\S*\.S$",
}
# Cases look at names in reports, so the table of symbols is that of the mutant.  It moves what comes behind it.
LINK = """set -e
[ -e mutant.kallsyms.o ] || cp {first} mutant.kallsyms.o
for turn in 1 2 3 4; do
	{link}
	if head -n 1 {clean} | grep -q sed; then
		nm -n mutant | sed -f {clean} >mutant.map
	else
		sh {clean} mutant mutant.map
	fi
	! cmp -s mutant.map mutant.syms || exit 0
	mv mutant.map mutant.syms
	{table} mutant.syms >mutant.kallsyms.S
	{assemble} -o mutant.kallsyms.o mutant.kallsyms.S
done
echo "error: its table of symbols does not come to rest"
exit 1
"""
# A source that has none of this is compiled to the same, whatever the core is.
USES_CORE = re.compile(r"mmu_notifier_|mmu_interval_|mm_has_notifiers|young_notify")
USER_CORE = "tools/testing/mmu_notifier"
# Killers that need no kernel: what the core in user space is called with.  The second one is tried only if KILLERS has it.
USER = {"user": ["corpus"], "random": ["-r", "10"]}


def say(text):
    print("series: " + text, file=sys.stderr, flush=True)


#
# The mutants
#

class Function:
    """The place of a function in a file."""

    def __init__(self, path, name, start, end):
        self.path, self.name, self.start, self.end = path, name, start, end


def functions(path, text):
    """The functions of a file in the kernel's style: a brace alone on a line begins one, the next ends it."""
    text = text.split("#else /* CONFIG_MMU_NOTIFIER */")[0]
    for body in re.finditer(r"^\{\n.*?^\}\n", text, re.M | re.S):
        start = max(text.rfind(end, 0, body.start()) + len(end) for end in ("\n\n", "*/\n", "\n}\n"))
        name = re.search(r"(\w+)\(", text[start:body.start()])
        if not name:
            raise merge.Bad(f"mutants: cannot read the function before '{text[body.start():][:60]}' in {path}")
        yield Function(path, name[1], start, body.end())


def without_comments(text):
    """The text as the compiler sees it, more or less: a comment that says it better kills nothing."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", " ", text, flags=re.S))


class Mutant:
    def __init__(self, fields):
        self.pairs, self.survives, self.litmus = [], "", ""
        self.name = self.function = self.breaks = ""
        for key, value in fields:
            if key == "mutant":
                self.name = value
            elif key == "in":
                self.function = value
            elif key in ("breaks", "survives", "litmus"):
                setattr(self, key, " ".join(value.split()))
            elif key == "old":
                self.pairs.append([value, ""])
            elif key == "new" and self.pairs:
                self.pairs[-1][1] = value
            else:
                raise merge.Bad(f"mutants: {self.name}: what is '{key}'? see mutants.py")
        if not (self.name and self.function and self.breaks and self.pairs):
            raise merge.Bad(f"mutants: {self.name or fields}: it takes a name, a function, what it breaks, and old text")
        if self.litmus and not os.path.isfile(os.path.join(ROOT, LITMUS, self.litmus)):
            raise merge.Bad(f"mutants: {self.name}: there is no {LITMUS}/{self.litmus}")

    def apply(self, sources):
        """Returns the path of the changed file and its new text."""
        found = [f for path, text in sources.items() for f in functions(path, text) if f.name == self.function]
        if len(found) != 1:
            raise merge.Bad(f"mutants: {self.name} is stale: there are {len(found)} functions {self.function}()")
        path, text = found[0].path, sources[found[0].path]
        body = text[found[0].start:found[0].end]
        for old, new in self.pairs:
            pattern = r"\s*".join(rf"\b{word}\b" if word[-1].isalnum() or word[-1] == "_" else re.escape(word)
                                  for word in re.findall(r"\w+|\S", old))
            count = len(re.findall(pattern, body))
            if count != 1:
                raise merge.Bad(f"mutants: {self.name} is stale: {self.function}() has '{old}' {count} times, not once")
            body = re.sub(pattern, lambda _, new=new: new, body)
        return path, text[:found[0].start] + body + text[found[0].end:]


def load():
    mutants = []
    with open(os.path.join(HERE, "list"), encoding="utf-8") as file:
        blocks = re.split(r"\n\s*\n", "".join(line for line in file if not line.startswith("#")))
    for block in blocks:
        if block.strip():
            lines = block.strip("\n").replace("\n\t", "\0").split("\n")
            mutants.append(Mutant([(key, value.strip().replace("\0", "\n"))
                                   for key, _, value in (line.partition(":") for line in lines)]))
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise merge.Bad(f"mutants: there are two of the name {name}")
    return mutants


def case_of(first):
    """The case in what a boot says was the first to notice, or nothing."""
    case = re.search(r"\bmmu_notifier\w*(\.\w+)+", first)
    return case[0] if case else ""


def load_noticed():
    """The file "noticed": {mutant: the killer and the case that noticed it}."""
    with open(os.path.join(HERE, "noticed"), encoding="utf-8") as file:
        lines = [line.split() for line in file if not line.startswith("#")]
    return {name: {"killer": killer, "first": case} for name, killer, case in lines}


def check(mutants, sources):
    changed = {}
    for mutant in mutants:
        path, text = mutant.apply(sources)
        if text == sources[path]:
            raise merge.Bad(f"mutants: {mutant.name} changes nothing")
        if (path, text) in changed:
            raise merge.Bad(f"mutants: {mutant.name} and {changed[path, text]} are the same")
        changed[path, text] = mutant.name
    have = {mutant.function for mutant in mutants}
    for path, text in sources.items():
        for function in functions(path, text):
            if path in merge.CORE and function.name not in have:
                raise merge.Bad(f"mutants: {function.name}() of {path} has none")
        for letter in re.findall(r"^\s*/?\* \(([A-Z])\) ", text, re.M):
            if not any(f"({letter})" in mutant.breaks for mutant in mutants):
                raise merge.Bad(f"mutants: the barrier ({letter}) of {path} has none")
    known = {mutant.name for mutant in mutants}
    for path in PLANTED:
        for name in re.findall(r"^(?:# planted:|torture) ([\w-]+)", merge.read_text(path), re.M):
            if name not in known:
                raise merge.Bad(f"{os.path.relpath(path, ROOT)}: there is no mutant {name}")


def plant(name, tree):
    mutant = next((mutant for mutant in load() if mutant.name == name), None)
    if not mutant:
        raise merge.Bad(f"there is no mutant {name}")
    path, text = mutant.apply({path: merge.read_text(os.path.join(tree, path)) for path in MUTABLE})
    merge.write(os.path.join(tree, path), text.encode(), 0o644)


#
# A kernel
#

class Log:
    """The console of a boot, line by line, and what in it differs from the boots of the unchanged core."""

    def __init__(self, good):
        self.good = good            # {case: PASS or SKIP}, or None: the unchanged core itself
        self.cases = {}
        self.noticed = []           # in order: the case that failed, or a report
        self.ktap = results.Ktap()
        self.expected = self.halted = self.tainted = self.timed_out = False
        self.why = ""
        self.reports = []

    def feed(self, line):
        name = self.ktap.read(line)
        if results.EXPECT_END in line:
            self.expected = False
        elif results.EXPECT in line:
            self.expected = True
        elif name and name[1]:
            self.result(name[0], "SKIP" if "# SKIP" in line else "FAIL" if "not ok" in line else "PASS")
        elif "reboot: " in line or "System halted" in line:
            self.halted = True
        elif (results.BAD.search(line) and not results.HARMLESS.search(line) and not self.expected
              and not line.lstrip().startswith("#")):
            self.reports.append(line.strip())
        if "hung in " in line:
            self.tainted = True

    def result(self, case, status):
        self.cases[case] = status
        # A report in a case that fails is explained by that.
        if status == "FAIL" and (self.good is None or self.good.get(case) == "PASS"):
            self.noticed.append(case)
        elif self.reports:
            self.noticed.append(f"{case} reports: {self.reports[0]}")
        self.reports = []

    def end(self):
        missing = [case for case in self.good or {} if case not in self.cases]
        where = f" in {missing[0]}" if missing else ""
        if self.noticed and self.timed_out:
            return
        if not self.halted or missing:
            how = "hangs" if self.timed_out else "crashes"
            self.noticed.append(f"the boot {how}{where}" + (f": {self.reports[0]}" if self.reports else ""))
        elif self.reports:
            self.noticed.append("after the cases: " + self.reports[0])


class Kernel:
    """A tree, a copy of stock by hard links with the series merged, and a build directory in it."""

    def __init__(self, stock, work, number):
        self.stock, self.number = stock, number
        self.tree = os.path.join(work, str(number))
        self.build = os.path.join(self.tree, BUILD)
        self.smp = False
        self.commands, self.users, self.unfinished = {}, {}, set()

    def fragment(self):
        """The options that the kernel was configured with."""
        try:
            return merge.read_text(os.path.join(self.build, "fragment"))
        except OSError:
            return None

    def prepare(self, first):
        # With other options, all of it has to be built again: a copy takes less.
        if first and self.fragment() != first.fragment():
            shutil.rmtree(self.tree, ignore_errors=True)
        if not os.path.isdir(self.tree):
            new = self.tree + ".new"
            shutil.rmtree(new, ignore_errors=True)
            # Files are never written in place, neither by merge.py nor here, and the kernel is built beside its sources.
            subprocess.run(["cp", "-al", first.tree if first else self.stock, new], check=True)
            if first:
                shutil.rmtree(os.path.join(new, BUILD))
                subprocess.run(["cp", "-a", first.build, os.path.join(new, BUILD)], check=True)
                shutil.copy(first.tree + ".manifest", self.tree + ".manifest")
            os.rename(new, self.tree)
        merge.apply(self.stock, self.tree)
        config = merge.read_text(os.path.join(self.tree, "mm/tests/.kunitconfig")) + CONFIG
        if self.fragment() != config:
            os.makedirs(self.build, exist_ok=True)
            merge.write(os.path.join(self.build, ".config"), config.encode(), 0o644)
            self.make("olddefconfig")
            merge.write(os.path.join(self.build, "fragment"), config.encode(), 0o644)
        self.smp = boots.has_option(self.build, "SMP")

    def make(self, target):
        """Lets the kernel's makefiles build."""
        with open(os.path.join(self.build, target + ".log"), "w", encoding="utf-8") as file:
            done = subprocess.run(["make", "ARCH=um", "O=" + BUILD, "CC=ccache gcc", "V=1", f"-j{os.cpu_count()}", target],
                                  cwd=self.tree, stdout=file, stderr=file, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise merge.Bad(f"the unchanged kernel cannot be built: see {file.name}")

    def make_unchanged(self):
        """Builds the unchanged kernel, and notes how what depends on the core is built again."""
        link = os.path.join(self.build, "link")
        if not os.path.exists(link):
            # It was interrupted: nothing is linked if nothing has changed.
            for name in ("vmlinux", "vmlinux.unstripped"):
                if os.path.exists(os.path.join(self.build, name)):
                    os.remove(os.path.join(self.build, name))
        self.make("linux")
        with open(os.path.join(self.build, "linux.log"), encoding="utf-8", errors="replace") as file:
            said = file.read()
        commands = {what: re.findall(how, said, re.M) for what, how in LINKED.items()}
        if all(commands.values()):
            last = {what: found[-1] for what, found in commands.items()}
            first = re.search(r"\S*kallsyms\S*\.o", last["link"])[0]
            last["link"] = re.sub(r" -o \S+", " -o mutant", last["link"].replace(first, "mutant.kallsyms.o"))
            merge.write(link, LINK.format(first=first, **last).encode(), 0o644)
        elif not os.path.exists(link):
            raise merge.Bad(f"{self.build}/linux.log does not show how this kernel is linked: LINKED has to learn it")
        self.commands = {"link": merge.read_text(link)}
        self.users = {path: [] for path in MUTABLE}
        for folder, _, names in os.walk(self.build):
            for name in names:
                made = re.fullmatch(r"\.(\w[\w-]*)\.o\.cmd", name)
                source = made and os.path.join(self.tree, os.path.relpath(folder, self.build), made[1] + ".c")
                if made and os.path.exists(source) and (USES_CORE.search(merge.read_text(source))):
                    text = merge.read_text(os.path.join(folder, name))
                    command = text.split(" := ", 1)[1].split("\n", 1)[0]
                    self.commands[source] = command.replace("$(pound)", "#").replace("$$", "$")
                    # As in mm/tests/../mmu_notifier_internal.h.
                    needs = {os.path.normpath(word) for word in text.split() if "/" in word}
                    for path in MUTABLE:
                        if any(need.endswith(f"/{path}") for need in needs):
                            self.users[path].append(source)

    def change(self, sources):
        """Builds the kernel with a changed core, by the commands that built it unchanged.  Returns what fails."""
        todo = set()
        for path, text in sources.items():
            if merge.write(os.path.join(self.tree, path), text.encode(), 0o644):
                todo.update(self.users[path])
        todo |= self.unfinished
        self.unfinished = set(todo)
        for what in sorted(todo) + ["link"]:
            done = subprocess.run(self.commands[what], shell=True, cwd=self.build, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                return done.stdout
            self.unfinished.discard(what)
        return None

    def boot(self, binary, args, cpus, silence):
        """Yields the lines of the console, and at last, if it said nothing for so many seconds, None."""
        scratch = os.path.join(self.build, "uml")
        os.makedirs(scratch, exist_ok=True)
        args = f"console=tty kunit_shutdown=halt uml_dir={scratch} {args}"
        if self.smp:
            args += f" {SMP_ARGS} ncpus={cpus}"
        with subprocess.Popen([os.path.join(self.build, binary), *args.split()], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                              env=boots.environment(self.build)) as process, \
                open(os.path.join(self.build, "console"), "wb") as file:
            rest = b""
            try:
                while select.select([process.stdout], [], [], silence)[0]:
                    data = os.read(process.stdout.fileno(), 65536)
                    if not data:
                        return
                    file.write(data)
                    *lines, rest = (rest + data).split(b"\n")
                    yield from (line.decode(errors="replace") for line in lines)
                yield None
            finally:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


class Suites:
    """A killer: a boot with KUnit suites."""

    def __init__(self, name, silence, args, cpus=1):
        self.name, self.silence, self.cpus = name, silence, cpus
        self.args = "mem=1G mmu_notifier_schedule_kunit.seed=4711 " + args
        self.key = f"{name}: {self.args} cpus={cpus}"

    def only(self, case):
        """The boot with one of its cases, or suites."""
        args = "kunit.filter_glob=" + ".".join(case.split(".")[:2])
        return Suites(self.name, self.silence, args + " kunit.filter=speed>slow" * ("." not in case), self.cpus)

    def run(self, kernel, binary, good):
        log = Log(good)
        deadline = None
        for line in kernel.boot(binary, self.args, self.cpus, self.silence):
            if line is None:
                log.timed_out = True
                break
            log.feed(line)
            if log.noticed:
                deadline = deadline or time.monotonic() + GRACE
                if time.monotonic() > deadline:
                    return log
        log.end()
        return log


class Reports:
    """A killer: a boot for each case that is about a report, until one is not as it has to be."""

    def __init__(self, name, silence, case=None):
        self.name, self.silence, self.cpus, self.case = name, silence, 1, case
        self.key = f"{name}: each case of {' '.join(results.REPORT_SUITES)}"

    def only(self, case):
        """The boot of one of its cases."""
        return Reports(self.name, self.silence, case)

    def run(self, kernel, binary, good):
        log = Log(good)
        for suite, case in [(suite, case) for suite in results.REPORT_SUITES for case in boots.cases(kernel.tree, suite)]:
            name = f"{suite}.{case}"
            if self.case not in (None, name):
                continue
            lines = kernel.boot(binary, f"mem=256M kunit.filter_glob={name}", 1, self.silence)
            lines = [line for line in lines if line is not None]
            log.cases[name] = results.outcome(lines, case)
            if log.cases[name] not in ("PASS", "SKIP") if good is None else log.cases[name] != good[name]:
                log.noticed.append(name)
                log.why = results.why(lines, case)
                break
        return log


class Torture:
    """A killer: a boot with the torture test."""

    def __init__(self, name, silence, duration, cpus):
        self.name, self.silence, self.cpus = name, silence, cpus
        self.args = f"mem=1G kunit.enable=0 mmu_notifier_torture.duration={duration} mmu_notifier_torture.seed=4711"
        self.key = f"{name}: {self.args} cpus={cpus}"

    def run(self, kernel, binary, good):
        log = Log(good)
        lines = [line for line in kernel.boot(binary, self.args, self.cpus, self.silence) if line is not None]
        wrong, _ = torture.judge("SUCCESS", lines, 1, [])
        log.noticed = ["torture: " + text for text in wrong]
        return log


def contract(leave_out):
    """The contract suites without these."""
    return "kunit.filter_glob=mmu_notifier* kunit.filter=" + ",".join(["speed>slow", *(f"module!={suite}_kunit" for suite in leave_out)])


class UserCore:
    """The core in user space, a copy of what the tree has of it."""

    def __init__(self, tree, work):
        self.work, self.folder = work, os.path.join(work, USER_CORE)
        copy = os.path.join(ROOT, "tools/series/lib/user-core.sh")
        subprocess.run(["sh", "-ec", '. "$1"; copy_user_core "$2" "$3"', "sh", copy, tree, work], check=True)

    def said(self, name, *command):
        """What a command says, and whether it failed."""
        with open(os.path.join(self.work, name), "w+", encoding="utf-8", errors="replace") as file:
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, check=False)
            file.seek(0)
            return file.read(), done.returncode != 0

    def build(self, sources):
        """Compiles it with these sources, of which it has not got all.  Returns whether that could be done."""
        for path, text in sources.items():
            if os.path.exists(os.path.join(self.work, path)):
                merge.write(os.path.join(self.work, path), text.encode(), 0o644)
        return not self.said("build.log", "make", "CC=ccache gcc", "replay")[1]

    def notices(self, killer, sources):
        """What is wrong with these sources, or nothing.  It ends by itself when it hangs."""
        said, failed = self.said("console", "./replay", *USER[killer]) if self.build(sources) else ("", False)
        what = re.search(r"mmu_notifier: task.*|runtime error: .*|AddressSanitizer: [\w-]*", said)
        return [what[0].replace(".c:", " line ") if what else "it hangs"] if failed else []


# In the order of their cost.  What needs several CPUs is left out where the user-mode kernel has only one.
KILLERS = [
    # Registration waits for the tick as long as all the others do together.
    Suites("contract", 45, contract([*results.REPORT_SUITES, "mmu_notifier_registration"])),
    Suites("registration", 45, "kunit.filter_glob=mmu_notifier_registration*"),
    Suites("debug", 45, "kunit.filter_glob=mmu_notifier_debug* debug_mmu_notifier=on"),
    Suites("contract-smp", 60, contract(results.REPORT_SUITES), cpus=2),
    Suites("walk-smp", 90, "kunit.filter_glob=mmu_notifier*schedule.random_walk", cpus=2),
    Reports("reports", 45),
    Torture("torture", 120, 20, cpus=2),
    Suites("schedules", 300, "kunit.filter_glob=mmu_notifier*schedule.* kunit.filter=speed>very_slow,speed<normal"),
]


#
# The run
#

class Run:
    def __init__(self, stock, work, jobs, only):
        self.stock, self.work = stock, work
        self.version = merge.version(stock)
        every = load()
        self.mutants = [m for m in every if not only or m.name in only]
        unknown = set(only) - {m.name for m in self.mutants}
        if unknown:
            raise merge.Bad(f"there is no mutant {' '.join(sorted(unknown))}")
        self.ours = {path: content for _, changed in merge.plan(stock) for path, (content, _) in changed.items()}
        self.sources = {path: self.ours[path].decode() for path in MUTABLE}
        self.places = {m.name: (m.apply(self.sources)[0], m.function) for m in every}
        self.kernels = [Kernel(stock, work, i + 1) for i in range(jobs)]
        self.user_cores = {}        # of each kernel, if this base has it
        self.user = []              # the keys of USER that are tried there
        self.killers = []
        self.good = {}
        self.found = {}
        self.noticed = load_noticed()
        self.spoilt = ""
        self.lock = threading.Lock()
        os.makedirs(os.path.join(work, "results"), exist_ok=True)

    def stamp(self, changed, result):
        """Of what a result depends on: the core, and the case that was the first to notice, or else all tests."""
        user = re.escape(USER_CORE)
        which = user if result.get("killer") in USER else rf"mm/tests|lib|{user}"
        tests = {path: text.decode(errors="replace") for path, text in self.ours.items() if re.match(rf"({which})/", path)}
        first = case_of(result.get("first", "")).split(".")
        bodies = [text[f.start:f.end] for path, text in sorted(tests.items()) if path.endswith(".c")
                  for f in functions(path, text) if f.name in first[1:2]]
        core = sorted((path, without_comments(text)) for path, text in changed.items())
        what = [self.version, CONFIG, SMP_ARGS, core, bodies or sorted(tests.items())]
        return hashlib.sha256(repr(what).encode()).hexdigest()

    def found_before(self, name):
        """What an earlier run found, for other sources perhaps, or on another machine."""
        try:
            with open(os.path.join(self.work, "results", name + ".json"), encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return self.noticed.get(name, {})

    def known(self, name, changed):
        """What an earlier run found for the same sources."""
        result = self.found_before(name)
        return result if result.get("stamp") == self.stamp(changed, result) else {}

    def likely(self, mutant):
        """Short boots, and what is good there: the case that noticed the mutant in an earlier run, then suites."""
        before = self.found_before(mutant.name)
        case = case_of(before.get("first", ""))
        for killer in self.killers:
            good = self.good[killer.key]
            if killer.name == before.get("killer") and case in good:
                yield killer.only(case), {case: good[case]}
            elif killer.name == before.get("killer") and isinstance(killer, Torture):
                yield killer, good
        for contract in [killer for killer in self.killers if killer.name == "contract"]:
            good = self.good[contract.key]
            for suite in self.suites_for(mutant):
                yield contract.only(suite), {case: status for case, status in good.items() if case.startswith(suite + ".")}

    def suites_for(self, mutant):
        """The contract suites that noticed most of what else was changed in the same function, or else in the same file."""
        place = self.places[mutant.name]
        counts = {}
        for name, (path, function) in self.places.items():
            found = self.found.get(name) or self.noticed.get(name, {})
            suite = case_of(found.get("first", "")).split(".")[0]
            if found.get("killer") == "contract" and suite and path == place[0] and name != mutant.name:
                counts[suite] = counts.get(suite, 0) + (len(self.places) if function == place[1] else 1)
        return sorted(counts, key=counts.get, reverse=True)[:2]

    def note(self, name, changed, result):
        result["stamp"] = self.stamp(changed, result)
        merge.write(os.path.join(self.work, "results", name + ".json"), json.dumps(result, indent=1).encode(), 0o644)

    def baseline(self):
        """The unchanged core must pass all."""
        kernel = self.kernels[0]
        kernel.prepare(None)
        wanted = os.environ.get("KILLERS", "").split()
        self.killers = [killer for killer in KILLERS
                        if (killer.cpus == 1 or kernel.smp) and (not wanted or killer.name in wanted)]
        seconds = time.monotonic()
        if self.killers:
            say(f"building the unchanged kernel of Linux {self.version}")
            kernel.make_unchanged()
            say(f"built in {time.monotonic() - seconds:.0f} s")
        for other in self.kernels[1:]:
            other.prepare(kernel)
            if self.killers:
                other.make_unchanged()

        self.user = [killer for killer in USER if killer in (wanted or ["user"])]
        if self.user and not os.path.isdir(os.path.join(kernel.tree, USER_CORE)):
            print("skip mutants in user space: this base has no " + USER_CORE)
            self.user = []
        for other in self.kernels if self.user else []:
            core = self.user_cores[other] = UserCore(other.tree, other.tree + "-user")
            for killer in self.user:
                noticed = core.notices(killer, self.sources) if core.build(self.sources) else ["it cannot be compiled"]
                if noticed:
                    raise merge.Bad(f"the unchanged core fails in user space: {killer}: {noticed[0]}: see {core.work}")
        if self.user:
            say("unchanged: the core in user space passes")

        self.good = self.known("unchanged", self.sources).get("cases", {})
        for killer in self.killers:
            if killer.key in self.good:
                continue
            seconds = time.monotonic()
            log = killer.run(kernel, "linux", None)
            if log.noticed:
                say(f"see {kernel.build}/console")
                raise merge.Bad(f"the unchanged core fails: {killer.name}: {'; '.join(log.noticed[:5])}")
            say(f"unchanged: {killer.name}: {len(log.cases)} cases pass, {time.monotonic() - seconds:.0f} s")
            self.good[killer.key] = log.cases
            self.note("unchanged", self.sources, {"cases": self.good})

    def notices(self, killer, kernel, good):
        """The log of a boot of the changed core, which says what noticed the change."""
        log = killer.run(kernel, "mutant", good)
        # A boot that gets no time looks like one that hangs.
        if log.noticed and (log.tainted or log.timed_out) and os.getloadavg()[0] > BUSY * os.cpu_count():
            log = killer.run(kernel, "mutant", good)
        return log

    def planted(self, mutants):
        """The sources of the core with these mutants."""
        sources = dict(self.sources)
        for mutant in mutants:
            path, text = mutant.apply(sources)
            sources[path] = text
        return sources

    def kill(self, kernel, mutant):
        """Returns what notices a mutant, and whether that was known."""
        changed = self.planted([mutant])
        result = self.known(mutant.name, changed)
        result.setdefault("survived", [])
        killers = [killer for killer in self.killers if killer.key not in result["survived"]]
        user = [killer for killer in self.user if killer not in result["survived"]]
        if result.get("killer") or (result.get("seconds") and not killers and not user):
            return result, True
        begin = time.monotonic()
        for killer in user:
            noticed = self.user_cores[kernel].notices(killer, changed)
            if noticed:
                result.update(killer=killer, first=noticed[0], failed=[], tainted=False, why="")
                result.update(build=0, seconds=round(time.monotonic() - begin, 1))
                self.note(mutant.name, changed, result)
                return result, False
            result["survived"].append(killer)
        output = kernel.change(changed) if killers else None
        if output is not None:
            return {"error": "does not compile: " + "; ".join(re.findall(r"error: .*", output)[:3]), "seconds": 0}, False
        built = time.monotonic()
        for killer, good in [*self.likely(mutant), *((killer, self.good[killer.key]) for killer in killers)]:
            log = self.notices(killer, kernel, good)
            if log.noticed:
                failed = [what for what in log.noticed if what in log.cases]
                result.update(killer=killer.name, first=log.noticed[0], failed=failed, tainted=log.tainted, why=log.why)
                shutil.copy(os.path.join(kernel.build, "console"),
                            os.path.join(self.work, "results", mutant.name + ".log"))
                break
            if killer in killers:
                result["survived"].append(killer.key)
        result.update(build=round(built - begin, 1), seconds=round(time.monotonic() - begin, 1))
        self.note(mutant.name, changed, result)
        return result, False

    def group(self, mutants):
        """Puts as many mutants together as can be planted in one kernel."""
        groups = []
        for mutant in mutants:
            for group in groups:
                try:
                    self.planted(group + [mutant])
                except merge.Bad:
                    continue
                group.append(mutant)
                break
            else:
                groups.append([mutant])
        return groups

    def judge(self, kernel, group):
        """Yields each mutant of a group with what notices it, and whether that was known."""
        if len(group) == 1:
            yield group[0], *self.kill(kernel, group[0])
            return
        begin = time.monotonic()
        changed = self.planted(group)
        noticed = any(self.user_cores[kernel].notices(killer, changed) for killer in self.user)
        output = kernel.change(changed) if self.killers and not noticed else None
        if output is None and not noticed and not any(self.notices(killer, kernel, self.good[killer.key]).noticed
                                                      for killer in self.killers):
            for mutant in group:
                result = {"survived": self.user + [killer.key for killer in self.killers],
                          "seconds": round((time.monotonic() - begin) / len(group), 1)}
                self.note(mutant.name, self.planted([mutant]), result)
                yield mutant, result, False
            return
        half = len(group) // 2
        yield from self.judge(kernel, group[:half])
        yield from self.judge(kernel, group[half:])

    def recheck(self, kernel, new):
        """What is built again must be the unchanged core again, or else what these mutants were said to do is not true."""
        if new:
            what = [text for killer in self.user for text in self.user_cores[kernel].notices(killer, self.sources)]
            for killer in self.killers[:1]:
                output = kernel.change(self.sources)
                what += [output] if output else self.notices(killer, kernel, self.good[killer.key]).noticed
            if what:
                self.spoilt = f"the unchanged core fails in {kernel.build}, after {new[-1]}: {'; '.join(what[:5])}"
                for name in new:
                    os.remove(os.path.join(self.work, "results", name + ".json"))
        new.clear()

    def worker(self, kernel, todo):
        new = []
        while not self.spoilt:
            try:
                group = todo.get_nowait()
            except queue.Empty:
                self.recheck(kernel, new)
                return
            left = list(group)
            try:
                for mutant, result, known in self.judge(kernel, group):
                    left.remove(mutant)
                    self.done(mutant, result, known)
                    if not known and "error" not in result:
                        new.append(mutant.name)
                if len(new) >= RECHECK:
                    self.recheck(kernel, new)
            except Exception as bad:        # pylint: disable=broad-except # it must not look like a survivor
                for mutant in left:
                    self.done(mutant, {"error": repr(bad), "seconds": 0}, False)

    def done(self, mutant, result, known):
        with self.lock:
            self.found[mutant.name] = result
            print(f"[{len(self.found)}/{len(self.mutants)}] {mutant.name}: {verdict(mutant, result)}"
                  f", {result['seconds']:.0f} s{' (known)' if known else ''}", flush=True)

    def run(self):
        self.baseline()
        todo = queue.Queue()
        keys = self.user + [killer.key for killer in self.killers]
        explained = [m for m in self.mutants if m.survives]
        known = [m for m in explained if set(keys) <= set(self.known(m.name, self.planted([m])).get("survived", []))]
        # What takes longest first, and the header last: half of mm/ has to be built again for each of its mutants.
        for group in self.group([m for m in explained if m not in known]):
            todo.put(group)
        for mutant in sorted((m for m in self.mutants if m in known or not m.survives),
                             key=lambda mutant: MUTABLE.index(mutant.apply(self.sources)[0])):
            todo.put([mutant])
        threads = [threading.Thread(target=self.worker, args=(kernel, todo)) for kernel in self.kernels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.spoilt:
            raise merge.Bad(self.spoilt)

    def report(self, path):
        killed = [m for m in self.mutants if self.found[m.name].get("killer")]
        errors = [m for m in self.mutants if "error" in self.found[m.name]]
        survive = [m for m in self.mutants if m not in killed and m not in errors]
        explained = [m for m in survive if m.survives]
        lines = [f"# Mutants of the core on Linux {self.version}", "", "| mutant | in | breaks | result | s |",
                 "|---|---|---|---|---|"]
        lines += [f"| {m.name} | {m.function} | {m.breaks} | {verdict(m, self.found[m.name])} "
                  f"| {self.found[m.name]['seconds']:.0f} |" for m in self.mutants]
        seen = {case for m in killed for case in self.found[m.name]["failed"]}
        first = {self.found[m.name]["first"] for m in killed}
        never = [case for cases in self.good.values() for case in cases if case not in seen]
        lines += ["", f"{len(first & seen)} cases were the first to notice a mutant, {len(seen)} noticed one.", "",
                  "These never did:", ""] + [f"- {case}" for case in sorted(set(never))]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        merge.write(path, ("\n".join(lines) + "\n").encode(), 0o644)

        noticed = {**self.noticed, **{m.name: self.found[m.name] for m in killed}}
        text = "# Which boot and case noticed a mutant: written by make mutants, see mutants.py.\n"
        text += "".join(f"{name} {found['killer']} {case_of(found['first']) or '-'}\n" for name, found in sorted(noticed.items())
                        if name in self.places)
        merge.write(os.path.splitext(path)[0] + ".noticed", text.encode(), 0o644)

        for m in errors:
            print(f"FAIL mutants {m.name}: {self.found[m.name]['error']}")
        for m in killed:
            print(f"FAIL mutants {m.name}: is killed, and is said to survive" if m.survives else f"ok mutants {m.name}")
        for m in survive:
            print(f"skip mutants {m.name}: {m.survives}" if m.survives else f"FAIL mutants {m.name}: no test notices it")
        total = len(self.mutants) - len(explained)
        print(f"{path}:")
        print(f"{len(self.mutants)} mutants, {len(killed)} killed, {len(survive)} survive"
              f" ({len(explained)} of them explained); {100 * len(killed) / max(total, 1):.1f} % of those that a test"
              " can notice")
        return (not errors and len(survive) == len(explained) and not any(m.survives for m in killed)
                and 100 * len(killed) >= ENOUGH * total)


def verdict(mutant, result):
    if "error" in result:
        return "ERROR: " + result["error"]
    if not result.get("killer"):
        return "survives" + (f" ({mutant.survives})" if mutant.survives else ": NO TEST NOTICES IT")
    more = len(result["failed"]) - (result["first"] in result["failed"])
    return f"{result['killer']}: {result['first']}" + (f", and {more} cases more" if more else "")


def main(args):
    command = args.pop(0) if args else "help"
    if command == "check":
        mutants = load()
        # 6.x has no two passes, 6.1 has functions that have gone since.
        ours = merge.our_files([], merge.load_steps())
        check(mutants, {path: ours[path][0].decode() for path in MUTABLE})
        say(f"{len(mutants)} mutants of {len({m.function for m in mutants})} functions are in order")
    elif command == "run":
        run = Run(args[0], args[1], int(args[2]), args[4:])
        run.run()
        return run.report(args[3])
    elif command == "plant":
        plant(*args)
    else:
        print(__doc__)
    return True


if __name__ == "__main__":
    try:
        sys.exit(not main(sys.argv[1:]))
    except (merge.Bad, OSError) as problem:
        sys.exit(f"series: {problem}")

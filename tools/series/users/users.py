#!/usr/bin/env python3
"""Who in a kernel tree uses MMU notifiers, and whether they compile.  Called by users.sh, users/short.sh, compile.sh.

    users.py find TREE                      all sources and headers that do: where to compile it, path, what it uses
    users.py goals FOUND ARCH               make goals that lead to the directories of those for an architecture
    users.py objects FOUND ARCH PLAN        the objects of those that are in a configuration (PLAN: plan() of compile.sh)
    users.py sample FOUND ARCH PLAN TREE    the smallest of those of each directory outside what build.sh compiles
    users.py again LOG                      the objects that failed or warned in a build (LOG: compile() of compile.sh)
    users.py judge WORK TREE RUN...         verdict lines, and the table WORK/table.md
    users.py check WORK TREE ARCH...        verdict lines on the sample of the first ARCH and the plans of all

A RUN is a configuration: ARCH, or ARCH-WHAT for one that has no users of its own.  Its logs are WORK/RUN.log and, for what
is to be compared with the stock kernel, WORK/RUN.stock.log; its objects are in TREE/.build-users-RUN.  Objects have the name
of their source; kbuild may call them otherwise (arch/x86/kvm/../../../virt/kvm/kvm_main.o).
"""
import os
import re
import subprocess
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from merge import merge

HERE = os.path.dirname(os.path.realpath(__file__))
# What is no user: the core itself, and what is not compiled into a kernel.
ELSEWHERE = ("tools", "Documentation", "scripts", "samples", "rust", "usr")

# The parts of the API, and the layers above it, whose users use it through them.
PARTS = (
    ("interval", r"mmu_interval_\w+"),
    ("subscription", r"(?:__)?mmu_notifier(?:_(?:register|unregister|get|get_locked|put|synchronize|ops))?"),
    ("invalidation", r"mmu_notifier_(?:range|invalidate_range)\w*|__mmu_notifier_invalidate_range_start_map"
                     r"|MMU_NOTIFY_\w+|MMU_NOTIFIER_RANGE_BLOCKABLE"),
    ("young", r"mmu_notifier_(?:clear_flush_young|clear_young|test_young)\w*|\w+_young(?:_\w+)?_notify"),
    ("secondary TLB", r"mmu_notifier_arch_invalidate_secondary_tlbs"),
    ("life of the mm", r"mm_has_notifiers|mmu_notifier_(?:release|subscriptions)\w*"),
    ("through KVM", r"kvm_(?:unmap_gfn_range|age_gfn|test_age_gfn)|kvm_mmu_invalidate_\w+"
                    r"|mmu_invalidate_(?:retry\w*|seq|in_progress)"),
    ("through HMM", r"hmm_range(?:_fault\w*)?"),
    ("through GPU SVM", r"drm_gpusvm\w*"),
    ("through ODP", r"ib_umem_odp\w*"),
    ("other", r"(?:__)?mmu_notifier_\w+"),
    ("header", r"linux/mmu_notifier\.h"),
)
USE = re.compile(r"\b(?:" + "|".join(f"({pattern})" for _, pattern in PARTS) + r")\b")
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*")', re.S)


def parts(text):
    """The parts of the API that a source uses outside its comments."""
    text = COMMENT.sub(lambda match: match[1] or " ", text)
    used = {PARTS[match.lastindex - 1][0] for match in USE.finditer(text)}
    return sorted(used - {"header"}) or sorted(used)


def places():
    """[(prefix, where, reason)] from users.list, the longest prefix first."""
    with open(os.path.join(HERE, "users.list"), encoding="utf-8") as file:
        lines = [line.split(None, 2) for line in file if line.strip() and not line.startswith("#")]
    return sorted(((line[0], line[1], line[2].strip() if len(line) > 2 else "") for line in lines),
                  key=lambda line: -len(line[0]))


def place(path):
    """(where, reason) of a file."""
    for prefix, where, reason in places():
        if path.startswith(prefix):
            return where, reason
    return "?", ""


def find(tree):
    """Prints all users, which are C sources and headers."""
    tops = [name for name in sorted(os.listdir(tree))
            if os.path.isdir(os.path.join(tree, name)) and name not in ELSEWHERE and not name.startswith(".")]
    hint = r"\b(" + "|".join(pattern.replace("?:", "") for _, pattern in PARTS) + r")\b"
    said = subprocess.run(["grep", "-rlE", "--include=*.[ch]", hint, *tops], cwd=tree, stdout=subprocess.PIPE, text=True,
                          check=True)
    for path in sorted(said.stdout.split()):
        with open(os.path.join(tree, path), encoding="utf-8", errors="replace") as file:
            used = parts(file.read())
        if used and path not in merge.CORE:
            print(place(path)[0], path, ", ".join(used), sep="\t")


def read(found):
    """{path: (where, parts)} as find() printed it."""
    with open(found, encoding="utf-8") as file:
        return {path: (where, used) for where, path, used in (line.rstrip("\n").split("\t") for line in file)}


def sources(found, arch):
    """The sources that are compiled for an architecture."""
    return [path for path, (where, _) in read(found).items() if path.endswith(".c") and where in (arch, "*")]


def objects(found, arch, plan):
    """{source: object by the name that kbuild gives it}, of the sources that are in a configuration."""
    with open(plan, encoding="utf-8") as file:
        names = {os.path.normpath(name)[:-1] + "c": name for name in file.read().split() if name.endswith(".o")}
    return {path: names[path] for path in sources(found, arch) if path in names}


def sample(found, arch, plan, tree):
    """The object of the smallest source of each directory that build.sh does not compile."""
    smallest = {}
    for path, name in objects(found, arch, plan).items():
        if not path.startswith(("mm/", "virt/", "arch/x86/kvm/", "lib/")):
            size = os.path.getsize(os.path.join(tree, path))
            key = os.path.dirname(path)
            smallest[key] = min(smallest.get(key, (size, name)), (size, name))
    return [name for _, name in smallest.values()]


class Build:
    """What a log of make -k -Otarget tells: said[object] are the warnings and errors of each that was compiled, without
    line numbers; failed are those that did not compile; names[object] is what kbuild calls it."""

    def __init__(self, log):
        self.said, self.failed, self.names, current = {}, set(), {}, None
        with open(log, encoding="utf-8", errors="replace") as file:
            for line in file:
                compiling = re.match(r"\s+CC (?:\[M\])?\s+(\S+\.o)$", line)
                failing = re.search(r"\*\*\* \[[^\]]*: (\S+\.o)\] Error", line)
                if compiling:
                    current = self.said.setdefault(self.name(compiling[1]), set())
                elif failing:
                    self.failed.add(self.name(failing[1]))
                elif current is not None and re.search(r"[Ww]arning: |error: ", line):
                    current.add(re.sub(r":\d+(?::\d+)?", "", line.strip()).replace("../", ""))

    def name(self, called):
        name = os.path.normpath(called)
        self.names[name] = called
        return name

    def again(self):
        return [self.names[name] for name in sorted(self.failed | {name for name, said in self.said.items() if said})]


class Run:
    """One configuration: its build and, for what is to be compared, that of stock."""

    def __init__(self, work, tree, name):
        self.name, self.dir = name, os.path.join(tree, ".build-users-" + name)
        self.series = Build(os.path.join(work, name + ".log"))
        log = os.path.join(work, name + ".stock.log")
        self.stock = Build(log) if os.path.exists(log) else None
        plan, found = os.path.join(work, name + ".plan"), os.path.join(work, "found")
        self.planned = set(objects(found, name.split("-")[0], plan)) if os.path.exists(plan) else set()

    def judge(self, name):
        """(verdict, lines) on an object, None if it is not in this configuration."""
        stock = self.stock.said.get(name, set()) if self.stock else set()
        if name in self.series.failed:
            if self.stock and name in self.stock.failed:
                return "skip", ["the stock file does not compile either"]
            return "FAIL", ["does not compile:", *sorted(self.series.said.get(name, set()) - stock)]
        if name not in self.series.said:
            return ("FAIL", ["it was to be compiled, and was not"]) if name[:-1] + "c" in self.planned else None
        new = sorted(self.series.said[name] - stock)
        return ("FAIL", ["warns:", *new]) if new else ("ok", [])

    def headers(self):
        """{header: an object that includes it}, of what has been compiled well."""
        found = {}
        for name in sorted(set(self.series.said) - self.series.failed):
            command = os.path.join(self.dir, os.path.dirname(name), "." + os.path.basename(name) + ".cmd")
            with open(command, encoding="utf-8") as file:
                for header in re.findall(r"^\s+(?:\.\./)?(\S+\.h) \\$", file.read(), re.M):
                    found.setdefault(os.path.normpath(header), name)
        return found


def tell(verdict, what, lines=()):
    print(f"{verdict} users {what}" + (": " + lines[0] if lines else ""))
    for line in lines[1:20]:
        print("     " + line)


def judge_sources(users, runs):
    """Verdicts on the sources; {path: {run: verdict}}."""
    results = {}
    for path, (where, _) in users.items():
        if not path.endswith(".c"):
            continue
        found = {run.name: run.judge(path[:-1] + "o") for run in runs}
        results[path] = {name: result[0] for name, result in found.items() if result}
        for name, result in found.items():
            if result:
                tell(result[0], f"{name} {path}", result[1])
            elif results[path].keys() - {name} and where == "*":
                tell("skip", f"{name} {path}", ["not part of this configuration"])
        if not results[path]:
            if where == "-":
                tell("skip", path, [place(path)[1]])
            else:
                tell("FAIL", path, ["no configuration has it: see users.list and the configurations beside it"])
        elif where == "-":
            tell("FAIL", path, ["users.list says that it cannot be compiled, but it was"])
    return results


def judge_headers(users, runs):
    """Verdicts on the headers; {path: what was compiled with it}."""
    results = {}
    through = [(run, run.headers()) for run in runs]
    for path, (where, _) in users.items():
        if path.endswith(".h"):
            results[path] = [f"{run.name} {headers[path]}" for run, headers in through if path in headers]
            if results[path]:
                tell("ok", path, ["through " + results[path][0]])
            elif where == "-":
                tell("skip", path, [place(path)[1]])
            else:
                tell("FAIL", path, ["nothing that was compiled includes it"])
    return results


def judge_whole(run):
    """One verdict on a configuration that has no users of its own."""
    names = {path[:-1] + "o" for path in run.planned} | set(run.series.said) | run.series.failed
    bad = [f"{name} {line}" for name in sorted(names)
           for verdict, lines in [run.judge(name)] if verdict == "FAIL" for line in lines]
    with open(os.path.join(run.dir, ".config"), encoding="utf-8") as file:
        if "CONFIG_MMU_NOTIFIER=y\n" in file.read():
            bad.append("CONFIG_MMU_NOTIFIER is on")
    if not run.series.said:
        bad.append("nothing was compiled")
    if bad:
        tell("FAIL", f"{run.name}, without CONFIG_MMU_NOTIFIER", bad)
    else:
        tell("ok", f"{run.name}, without CONFIG_MMU_NOTIFIER: {len(run.series.said)} objects")


def judge(work, tree, *names):
    users = read(os.path.join(work, "found"))
    every = [Run(work, tree, name) for name in names]
    runs = [run for run in every if "-" not in run.name]
    sources, headers = judge_sources(users, runs), judge_headers(users, runs)
    for run in every:
        if run not in runs:
            judge_whole(run)
    with open(os.path.join(work, "table.md"), "w", encoding="utf-8") as file:
        print("| source | uses |", " | ".join(run.name for run in runs), "|", file=file)
        print("|---|---|" + "---|" * len(runs), file=file)
        for path, results in sources.items():
            print(f"| {path} | {users[path][1]} |", " | ".join(results.get(run.name, "") for run in runs), "|", file=file)
        print("\n| header | uses | compiled with |\n|---|---|---|", file=file)
        for path, results in headers.items():
            print(f"| {path} | {users[path][1]} | {', '.join(results)} |", file=file)


def check(work, tree, *archs):
    found = os.path.join(work, "found")
    users, run = read(found), Run(work, tree, archs[0])
    compiled = sample(found, archs[0], os.path.join(work, archs[0] + ".plan"), tree)
    run.planned = {os.path.normpath(name)[:-1] + "c" for name in compiled}
    there = {path for arch in archs for path in objects(found, arch, os.path.join(work, arch + ".plan"))}
    lost = [path for path, (where, _) in users.items() if path.endswith(".c") and where != "-" and path not in there]
    lost += [path for path, (where, _) in users.items() if path.endswith(".h") and where == "?"]
    if lost:
        tell("FAIL", "each is in a configuration", ["see users.list and the configurations beside it", *lost])
    else:
        tell("ok", f"each is in a configuration: {len(there)} sources")
    for path, (where, _) in users.items():
        result = run.judge(path[:-1] + "o") if path.endswith(".c") else None
        if result:
            tell(result[0], f"{run.name} {path}", result[1])
        elif where == "-":
            tell("skip", path, [place(path)[1]])


def main(command, *args):
    if command == "find":
        find(*args)
    elif command == "goals":
        print("\n".join(path[:-1] + "i" for path in sources(*args)))
    elif command == "objects":
        print("\n".join(objects(*args).values()))
    elif command == "sample":
        print("\n".join(sample(*args)))
    elif command == "again":
        print("\n".join(Build(*args).again()))
    elif command == "judge":
        judge(*args)
    elif command == "check":
        check(*args)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
"""litmus.py TREE: the litmus tests of the lettered barriers: their form, twins, README, and what herd7 says of them.
Called by sections.sh.

The form is a strict subset of what herd7 takes: one statement a line, primitives just as TREE's linux-kernel.def has them.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path[0] = os.path.realpath(f"{__file__}/../..")     # the rooms of tools/series are packages
from merge import merge

TESTS = os.path.join(merge.ROOT, "Documentation/litmus-tests/mmu_notifier")
FILE = re.compile(r"C (?P<name>\S+)\n\n\(\*\n \* Result: (?P<result>Never|Sometimes)\n \*\n( \*( .*)?\n)+ \*\)\n\n"
                  r"(\{\}|\{\n(?P<initial>(\t.*\n)+)\})\n\n(?P<processes>(P\d\([^)]*\)\n\{\n(\t.*\n|\n)+\}\n\n){2,})"
                  r"(filter (?P<filter>.*)\n)?exists (?P<exists>.*)\n")
LOCKS = {"spinlock_t *": "spin", "struct srcu_struct *": "srcu"}    # {type: in the names of all that take it}


def need(true, why):
    if not true:
        raise ValueError(why)


def read(*path):
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def primitives(definitions):
    """{name: (forms of its arguments, is it an expression)}; the forms are "*x", "x" (its address) and "value"."""
    result = {}
    for name, args, body in re.findall(r"^(\w+)\(([\w,]*)\) +(.*)$", definitions, re.M):
        first = "*x" if re.search(r"__(load|store)\{[\w-]+\}\(X\b", body) else "x"
        result[name] = [first if arg == "X" else "value" for arg in args.split(",") if arg], not body.startswith("{")
    return result


class Test:
    def __init__(self, name, known):
        text = read(TESTS, name + ".litmus")
        file = FILE.fullmatch(text)
        need(file and file["name"] == name, "it is not: C NAME, (* Result: Never|Sometimes ... *), {...}, P0(), P1(), exists")
        self.known, self.result, self.code = known, file["result"], text[file.end("result"):].partition("*)\n")[2]
        self.letters = set(re.findall(r"// \(([A-Z])\)", self.code))
        self.shared, self.names = {}, set()     # {variable: type}; what a condition may name
        for number, process in enumerate(re.split(r"^\}\n\n", file["processes"], flags=re.M)[:-1]):
            head, _, body = process.partition("\n{\n")
            need(head.startswith(f"P{number}("), f"P{number}() is not where it should be")
            self.process(number, re.sub(r"\s+", " ", head[3:-1]).split(", "), body)
        self.shared.update((name, "int *") for name in re.findall(r" = &(\w+);", file["initial"] or ""))   # by its pointer
        for line in (file["initial"] or "").splitlines():
            value = re.fullmatch(r"\tint \*?(\w+) = (\d+|&\w+);", line)
            need(value and value[1] in self.shared, f"this is no initial value, or of what no process has: {line.strip()}")
        for condition in filter(None, [file["filter"], file["exists"]]):
            atoms = re.findall(r"((?:\d:)?\w+)=(\w+)", condition)
            form = re.sub(r"(?:\d:)?\w+=\w+", "x", condition)
            while form != (form := re.sub(r"\(x((/\\|\\/)x)*\)|~x", "x", form.replace(" ", ""))):
                pass
            need(form == "x" and condition[0] == "(", f"this is no condition: {condition}")
            bad = {a for a, _ in atoms} - self.names | {b for _, b in atoms if not b.isdigit()}
            bad -= set(self.shared)
            need(not bad, f"the condition names what is not declared: {bad}")

    def process(self, number, args, body):
        types, used = {}, set()
        for arg in args:
            kind = re.fullmatch(r"(int \*\*?|spinlock_t \*|struct srcu_struct \*)([a-z]\w+)", arg)
            need(kind and self.shared.setdefault(kind[2], kind[1]) == kind[1], f"no parameter, or two types: {arg}")
            types[kind[2]] = kind[1]
        for line in filter(None, (re.sub(r"\s*//.*", "", line).strip() for line in body.splitlines())):
            if declared := re.fullmatch(r"(int \*?)(r\d);", line):
                types[declared[2]] = declared[1]
                self.names.add(f"{number}:{declared[2]}")
                continue
            used.update(re.findall(r"\w+", line))
            if call := re.fullmatch(r"(r\d = )?(\w+)\((.*)\);", line):
                self.call(types, line, *call.groups())
            else:
                need(re.fullmatch(r"if \(r\d == (r\d|\d+)\)|r\d = \*\w+;", line), f"this is not of the language: {line}")
        bad = set(types) ^ {word for word in used - set(self.known) - {"if"} if not word.isdigit()}
        need(not bad, f"P{number}() uses and does not declare, or declares and does not use: {bad}")

    def call(self, types, line, target, name, args):
        need(name in self.known, f"{name}() is no primitive of linux-kernel.def")
        forms, gives = self.known[name]
        args = args.split(", ") if args else []
        need(len(args) == len(forms) and bool(target) == gives, f"{name}() is not called like this: {line}")
        for arg, form in zip(args, forms):
            kind = types.get(arg.lstrip("*"), "")
            good = {"*x": arg[0] == "*" and kind.startswith("int *"),
                    "x": arg in types and all((kind == lock) == (word in name) for lock, word in LOCKS.items()),
                    "value": kind.count("*") == types.get(args[0].lstrip("*"), "").count("*") - 1}
            need(good[form], f"{name}() takes no {arg}")


def twin_of(name):
    return re.fullmatch(r"(.*)-broken(?:-([A-Z]))?", name)


def check(name, tests):
    twin, test = twin_of(name), tests[name]
    if not twin:
        need(test.result == "Never", "only a broken twin may have a Result other than Never")
        return need(any(t and t[1] == name for t in map(twin_of, tests)), "it has no broken twin")
    need(test.result == "Sometimes", "the Result of a broken twin is Sometimes")
    need(twin[1] in tests, f"there is no {twin[1]}.litmus, or it is not in order")
    need(len({re.sub(r" *//.*", "", t.code) for t in (test, tests[twin[1]])}) == 2, f"it is the same as {twin[1]}")
    return need(tests[twin[1]].letters - test.letters == set(twin[2] or ""), "it does not lack just the barrier of its name")


def find_herd7():
    """(path of herd7, why there is none): the script says on stderr what it does, and in the last line what is wrong."""
    why = ""
    with subprocess.Popen([os.path.join(merge.TOOLS, "checks/herd.sh")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as script:
        for line in script.stderr:
            sys.stderr.write(line)
            why = line.strip().removeprefix("series: ")
        path = script.stdout.read().strip()
    if script.returncode not in (0, os.EX_UNAVAILABLE):
        sys.exit(1)
    return path, why


def herd7(path, name, model):
    return subprocess.run([path, "-conf", "linux-kernel.cfg", os.path.join(TESTS, name + ".litmus")], cwd=model, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout


def judge(result, said):
    seen = re.search(r"^Observation \S+ (\w+) (\d+) (\d+)$", said, re.M)
    need(seen and seen[1] == result and "Flag " not in said, f"herd7 does not say {result}, or flags it: {' '.join(said.split())}")
    need(int(seen[2]) + int(seen[3]), "no execution passes its filter, so that it says nothing")


def readme(names, letters):
    text = read(TESTS, "README")
    need(sorted(re.findall(r"^(\S+)\.litmus$", text, re.M)) == names, "README does not list each test once")
    need(set(re.findall(r"^\t\(([A-Z])\)", text, re.M)) == letters, "README's table has not the letters of the sources")
    bad = letters ^ {twin[2] for twin in map(twin_of, names) if twin and twin[2]}
    need(not bad, f"letters without a twin that lacks them, or without a barrier in the sources: {bad}")


def verdict(what, function, *args):
    try:
        value = function(*args)
    except ValueError as bad:
        return print(f"FAIL {what}: {bad}")
    print("ok", what)
    return value


def results(tests, model):
    path, why = find_herd7()
    if not path:
        print(f"skip litmus: the Results of {len(tests)} tests: there is no herd7: {why}")
        return
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, said in zip(tests, pool.map(lambda name: herd7(path, name, model), tests)):
            verdict(f"litmus {name}", judge, tests[name].result, said)


def main(model):
    known = primitives(read(model, "linux-kernel.def"))
    sources = [read(merge.ROOT, path) for path in merge.CORE]
    names = sorted(f[:-7] for f in os.listdir(TESTS) if f.endswith(".litmus"))
    tests = {name: test for name in names if (test := verdict(f"form of litmus {name}", Test, name, known))}
    for name in tests:
        verdict(f"twins of litmus {name}", check, name, tests)
    verdict("letters and README of the litmus tests", readme, names, set(re.findall(r"\(([A-Z])\)", "".join(sources))))
    results(tests, model)


if __name__ == "__main__":
    main(os.path.join(sys.argv[1], "tools/memory-model"))

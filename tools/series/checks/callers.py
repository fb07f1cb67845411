#!/usr/bin/env python3
"""Who calls each script, as its first two lines say it and as it is.  Called by style.sh.

    callers.py       one line for each script whose lines are not so; fails if there is one

A script is what begins with "#!" or ends in .sh or .py.  The lines are the first two that have text and are not for the shell or
shellcheck; one of them ends with "Called by NAME, NAME...", or for a target of make, whose script is at the top, the first begins
with "make NAME:".  Where two scripts have a name, one that is not at the top is called by its path.  "hand" and "all" stand for
themselves.  A call is what is not in a comment: in shell, a path that begins with $tools or $(dirname "$0"), or with tools/series
outside a text; in Python an import, or a string that is such a path.
"""
import ast
import collections
import os
import re
import sys

TOOLS = os.path.realpath(f"{__file__}/../..")
ROOT = os.path.dirname(os.path.dirname(TOOLS))
CI = os.path.join("../..", ".ci/run")
EMULATORS = "boot/emulators"            # a folder in PATH: who names it calls what is in it


def read(path):
    with open(os.path.join(TOOLS, path), encoding="utf-8") as file:
        return file.read()


def scripts():
    """{path below tools/series: text}"""
    found = {CI: read(CI)}
    for folder, _, files in os.walk(TOOLS):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path) or "__pycache__" in path:
                continue
            with open(path, "rb") as file:
                begins = file.read(2) == b"#!"
            if begins or name.endswith((".sh", ".py")):
                found[os.path.relpath(path, TOOLS)] = read(os.path.relpath(path, TOOLS))
    return found


def head(text):
    """The first two lines that say something."""
    lines = [line.strip(' #"') for line in text.split("\n")[:8] if not re.match(r"#!|# shellcheck ", line)]
    return [line for line in lines if line][:2]


def calls(path, text, known):
    """The scripts that this one calls."""
    found = set()
    if path.endswith(".py"):
        here = os.path.dirname(path)
        for node in ast.walk(ast.parse(text)):
            names = []
            if isinstance(node, ast.ImportFrom):
                module = (node.module or here).replace(".", "/")
                names = [module + ".py"] + [os.path.join(module, alias.name + ".py") for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [os.path.join(here, alias.name + ".py") for alias in node.names]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names = [node.value.removeprefix("tools/series/").lstrip("/")]
            found.update(name for name in names if name in known and "/" in name)
        return found
    for line in text.split("\n"):
        code = re.sub(r"(^|\s)#.*", "", line)
        code = re.sub(r'^((?:[^"]*"[^"]*")*[^"]*\s)tools/series/', r"\1$tools/", code)
        for name in re.findall(r'(?:\$tools"?|\$\(dirname "\$0"\)(?:/\.\.)?)/([\w./-]+)', code):
            found.update(other for other in known if other == name or name == EMULATORS == os.path.dirname(other))
    return found


def main():
    texts = scripts()
    often = collections.Counter(map(os.path.basename, texts))
    called_as = {path: os.path.basename(path) if often[os.path.basename(path)] == 1 or "/" not in path else path for path in texts}
    callers = collections.defaultdict(set)
    for path, text in texts.items():
        for other in calls(path, text, texts):
            callers[other].add(called_as[path])
    wrong = 0

    def complain(path, what):
        nonlocal wrong
        wrong += 1
        print(f"{path}: {what}", file=sys.stderr)

    for path, text in texts.items():
        lines = head(text)
        if "/" not in path:
            if not lines or not lines[0].startswith(f"make {path.removesuffix('.sh')}"):
                complain(path, f"its first line does not begin with 'make {path.removesuffix('.sh')}'")
            continue
        said = re.search(r"Called by ([^:.]*?(?:\.(?:sh|py)\b[^:.]*?)*)[.:](?:\s|$)", "\n".join(lines))
        if not said:
            complain(path, "its first two lines do not say 'Called by ...'")
            continue
        names = set(re.split(r",\s+", said[1]))
        if names == {"all"}:
            continue
        for name in sorted(names - {"hand"} - callers[path]):
            complain(path, f"it says that {name} calls it, which is not so")
        for name in sorted(callers[path] - names):
            complain(path, f"it does not say that {name} calls it")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

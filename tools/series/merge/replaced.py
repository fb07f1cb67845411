"""What our files replace.  Called by merge.py.

A few of our files take the place of upstream's, whole.  What these were when ours were written is in the file "replaced", as
digests: no text of theirs is kept here.  It has, for each such file,
    tree VERSION PATH DIGEST    what it is in a tree that has been looked at
    lines PATH                  digests of each line of code, and of each line of comment, of all these trees; DIGEST*N is there
                                up to N times
    always PATH                 those of code that all of them have, at least N times
merge.py writes it, with "merge.py record TREE...".

A tree whose file is none of these is between two of them if it has no other line of code than they have, none more often, and
all that they have in common.  If it has others, they are its owner's, and they must not get lost: without them, the file is what
upstream would have, so that a three-way merge can put them into ours.  Which of several equal lines is the owner's cannot be told.
"""
import collections
import hashlib
import os
import re
import subprocess
import tempfile

LIST = os.path.join(os.path.dirname(os.path.realpath(__file__)), "replaced")
HEAD = """# What our files replace: see replaced.py.  Written by tools/series/merge/merge.py record TREE...
"""


def short(text):
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def read_lines(path, content):
    """[(line, digest, whether it is code)]; the digest of a blank line is None."""
    result, comment = [], False
    is_c = path.endswith((".c", ".h"))
    for line in content.decode().split("\n"):
        code, rest = "", line
        while is_c and rest:
            if comment:
                _, end, rest = rest.partition("*/")
                comment = not end
            else:
                before, start, rest = rest.partition("/*")
                code += before + " "
                comment = bool(start)
        code = " ".join((code if is_c else line).replace("\\", " ").split())
        plain = " ".join(line.split())
        result.append((line, short(code) if code else short("comment " + plain) if plain else None, bool(code)))
    return result


def code_of(lines):
    """{digest: how often there is this line of code}."""
    return collections.Counter(digest for _, digest, is_code in lines if is_code)


class Replaced:
    def __init__(self):
        self.trees, self.lines, self.always = {}, {}, {}
        if not os.path.exists(LIST):
            return
        with open(LIST, encoding="utf-8") as file:
            for line in file:
                words = line.split()
                if words[0] == "tree":
                    self.trees[words[1], words[2]] = words[3]
                elif words[0] in ("lines", "always"):
                    there = getattr(self, words[0])[words[1]] = {}
                elif words[0] != "#":
                    there.update((digest, int(count or 1)) for digest, _, count in (word.partition("*") for word in words))

    def look(self, path, content):
        """(its own lines of code, with their numbers; how many of those that all trees have it lacks)."""
        if hashlib.sha256(content).hexdigest() in self.trees.values():
            return [], 0
        lines, known = read_lines(path, content), self.lines.get(path, {})
        count, places = code_of(lines), collections.defaultdict(list)
        for number, (_, digest, code) in enumerate(lines, 1):
            if code:
                places[digest].append(number)
        new = [number for digest in places if digest not in known for number in places[digest]]
        own = list(new)
        # Of a line that is there too often, as "}", those next to new ones; or the last.
        for digest in set(places) & set(known):
            own += sorted(places[digest], key=lambda number: min((abs(number - other) for other in new),
                                                                 default=-number))[:max(0, count[digest] - known[digest])]
        return ([(number, lines[number - 1][0].strip()) for number in sorted(own)],
                sum(max(0, least - count[digest]) for digest, least in self.always.get(path, {}).items()))

    def merge(self, path, theirs, ours):
        """Our file with the lines of theirs that are its owner's; None if that takes more than a merge."""
        lines, known, upstream, includes = read_lines(path, theirs), self.lines.get(path, {}), [], []
        if any(0 < known.get(digest, 0) < count for digest, count in code_of(lines).items()):
            return None
        # Ours include other headers, so where one more goes is not to be found by a merge.
        for line in [line for line in lines if line[2] and line[1] not in known and line[0].startswith("#include <")]:
            includes.append(line[0])
            lines.remove(line)
        last = max(found.end() for found in re.finditer(rb"^#include <.*\n|\A", ours, re.M))
        ours = ours[:last] + "".join(line + "\n" for line in includes).encode() + ours[last:]
        theirs = "\n".join(line for line, _, _ in lines).encode()
        for line, digest, _ in lines:
            if digest is None or digest in known:
                upstream.append(line)
            else:
                while upstream and not upstream[-1].strip():
                    upstream.pop()
        with tempfile.TemporaryDirectory() as folder:
            names = [os.path.join(folder, name) for name in ("ours", "upstream", "theirs")]
            for name, content in zip(names, (ours, "\n".join(upstream).encode(), theirs)):
                with open(name, "wb") as file:
                    file.write(content)
            done = subprocess.run(["git", "merge-file", "-p", "-q", *names], stdout=subprocess.PIPE, check=False)
        return done.stdout if done.returncode == 0 else None

    def record(self, version, path, content):
        there = read_lines(path, content)
        code, lines = code_of(there), self.lines.setdefault(path, {})
        always = self.always.setdefault(path, code)
        self.trees[version, path] = hashlib.sha256(content).hexdigest()
        for digest in {digest for _, digest, _ in there if digest}:
            lines[digest] = max(lines.get(digest, 1), code[digest])
        self.always[path] = {digest: min(count, code[digest]) for digest, count in always.items() if digest in code}

    def text(self):
        def key(tree):
            return tree[1], [int(number) for number in re.findall(r"\d+", tree[0])]

        result = HEAD + "".join(f"tree {tree[0]} {tree[1]} {self.trees[tree]}\n" for tree in sorted(self.trees, key=key))
        for what in ("lines", "always"):
            for path, digests in sorted(getattr(self, what).items()):
                digests = sorted(digest + (f"*{count}" if count > 1 else "") for digest, count in digests.items())
                result += f"{what} {path}\n"
                result += "".join(" ".join(digests[i:i + 11]) + "\n" for i in range(0, len(digests), 11))
        return result

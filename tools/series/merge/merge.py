#!/usr/bin/env python3
"""Puts the series onto a kernel tree.  Called by common.sh, style.sh, series.py, results.py, litmus.py, users.py, mutants.py,
verified.py.

    merge.py version TREE                    the kernel's version
    merge.py form TREE                       which form of our files it takes: the patches of backports/ that it needs
    merge.py base TREE                       which of the bases has the form that is nearest: that of the last patch that
                                             it needs and that names one (6.1, 6.12), or "mainline"
    merge.py check                           every file and insertion belongs to exactly one step; all backports apply;
                                             MAINTAINERS has our files
    merge.py apply STOCK TREE [STEP,STEP]    brings TREE, a copy of STOCK, to stock plus (these) steps
    merge.py hide STOCK TREE                 as apply, and what is new is hidden from genksyms: see kabi.py
    merge.py convert STOCK TREE              as apply, and users of MMU notifiers are converted: the steps of rfc/
    merge.py names STOCK [PREFIX]            the steps that it takes: all, or those whose names begin so
    merge.py had STOCK                       the steps of which it has upstream's form already
    merge.py files STOCK                     our files in it
    merge.py maintainers                     writes the lines "F:" of the top-level MAINTAINERS, by the files that the steps list
    merge.py ours PATCH DIR                  writes our files to DIR as they are before this patch of backports/ changes them
    merge.py record TREE...                  notes what these trees have where our files replace theirs: see replaced.py

steps/NN-NAME is one patch of the series: a subject line, a blank line, the message, then the lists "Files:" (paths from
the root) and "Insertions:" (names in insertions/), one indented entry per line.  With a line "Needs: PATH" before the lists,
bases without that are without the step; with "Needs: PATH: LINE", those whose file has no such line.  With "Unless: PATH: LINE",
those whose file has that line have no need of the step: upstream has mended it, and a stable release may have taken that over.

MAINTAINERS has our section only.  The insertion "maintainers" puts it into the one of the kernel, with the lines "F:" of the
files that are there by then; each step that adds files adds theirs, as checkpatch asks for.

insertions/NAME changes an upstream file.  It starts with lines "key: value":
    file: PATH
    in: LINE                     all that follows is about the lines from this one to the next "}" alone; of several of these
                                 lines, the first that is in the file counts
    before: LINE, after: LINE    the anchor, a line just as it is in the file.  Several are alternatives: the first that is
                                 in the file counts, and it must be there once.  Without one, the text goes where the
                                 first line was that is deleted
    delete: LINE                 this line goes; "delete-if-there: LINE" may be missing; with "delete-with-blank: LINE" so
                                 does the blank line that follows it; "delete-each: LINE" may be there more than once
    drop: NAME                   the function or structure of this name goes, with the comment above it; "drop-if-there:
                                 NAME" may be missing
    unless: LINE                 a file with this line has no need of the insertion
    text: PATH                   what is inserted is this file of ours, and a blank line
and, after a blank line, has the text to insert, if that is not in a file.  After a line "====", another one follows; it is
for the same file and, unless it says otherwise, the same function.

rfc/ has steps and insertions of a series that goes on top: it converts users of MMU notifiers to what is new.  They insert
only, and are not part of the tree unless asked for.

backports/NN-NAME.patch adapts our files (never upstream's) to a kernel that lacks something, or has something older.  Its head says
what, and ends with lines that say which trees need it, by what they have and not by their number; all of them must hold:
    When: PATH: REGEX            a line of this file matches
    Unless: PATH: REGEX          no line does, or there is no such file
and, of a patch that sets a base apart from all newer ones, "Base: NAME" before these.
They are in the order of time, the newest change first, and build on each other; a tree may take any of them.  When our files
change, backport.sh makes them fit again.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

if __package__:
    from . import kabi, replaced
else:
    import kabi
    import replaced

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../../.."))
TOOLS = os.path.join(ROOT, "tools/series")
RFC = os.path.join(HERE, "rfc")
OURS = ["include", "mm", "lib", "Documentation", "scripts", "tools"]    # these have the shape of the kernel tree
CORE = ["mm/mmu_interval.c", "mm/mmu_interval_deferred.c", "mm/mmu_interval_update.c", "mm/mmu_notifier.c",
        "mm/mmu_notifier_filter.c", "mm/mmu_notifier_internal.h", "mm/mmu_notifier_range.c", "mm/mmu_notifier_section.c",
        "mm/mmu_notifier_trace.c", "mm/mmu_notifier_fail.c",
        "mm/mmu_range_read.c", "mm/mmu_range_watch.c", "include/linux/mmu_notifier.h"]
# What looks for mistakes in the use of it.
DEBUG = ["mm/mmu_notifier_debug.c"]
MAINTAINERS = "MAINTAINERS"
# What no form of our files can do without.
REQUIRED = [("include/linux/mmu_notifier.h", r"\bstruct mmu_interval_notifier \{", "interval notifiers, as Linux has since 5.5"),
            ("include/linux/mm_types.h", r"\bstruct vma_iterator \{", "struct vma_iterator, as Linux has since 6.1")]


class Bad(Exception):
    """Something is wrong, and the text says what and what to do."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_text(path):
    return read(path).decode()


class Insertion:
    def __init__(self, name, part, before=None):
        self.name = name
        head, _, self.text = part.partition("\n\n")
        pairs = [line.partition(": ")[::2] for line in head.rstrip("\n").split("\n")]
        if before and "file" not in dict(pairs):
            pairs += [("file", before.path), *(("in", line) for line in before.functions if "in" not in dict(pairs))]
        unknown = {key for key, _ in pairs} - {"file", "in", "before", "after", "delete", "delete-if-there",
                                               "delete-with-blank", "delete-each", "drop", "drop-if-there", "unless", "text"}
        if unknown:
            raise Bad(f"insertions/{name}: what is {' '.join(sorted(unknown))}? see merge.py")
        self.path = dict(pairs).get("file")
        if "text" in dict(pairs):
            self.text = read_text(os.path.join(ROOT, dict(pairs)["text"])) + "\n"
        self.functions = [value for key, value in pairs if key == "in"]
        self.anchors = [(key, value) for key, value in pairs if key in ("before", "after")]
        self.unless = dict(pairs).get("unless")
        self.deletes = [(key, value) for key, value in pairs if key.startswith("delete")]
        self.drops = [(key, value) for key, value in pairs if key.startswith("drop")]
        if not self.path or (self.anchors and not self.text) or not self.anchors + self.deletes + ([] if self.text else self.drops):
            raise Bad(f"insertions/{name}: it takes a file, and an anchor with a text or a line to delete")

    def apply(self, content):
        lines = content.decode().splitlines(keepends=True)
        if not self.functions:
            return "".join(self.change(lines)).encode()
        start = next((f for f in self.functions if f + "\n" in lines), self.functions[0])
        first = self.only(lines, start)
        last = lines.index("}\n", first)
        return "".join(lines[:first] + self.change(lines[first:last]) + lines[last:]).encode()

    def change(self, lines):
        if self.unless and self.unless + "\n" in lines:
            return lines
        for key, value in self.drops:
            self.drop(lines, value, key == "drop-if-there")
        place = None
        for key, value in self.deletes:
            if key == "delete-if-there" and value + "\n" not in lines:
                continue
            if key == "delete-each" and value + "\n" in lines:
                lines = [line for line in lines if line != value + "\n"]
                continue
            at = self.only(lines, value)
            if key == "delete-with-blank" and lines[at + 1:at + 2] != ["\n"]:
                raise Bad(f"insertions/{self.name}: no blank line follows '{value}' in {self.path} of this base: delete the"
                          " line alone")
            del lines[at:at + (2 if key == "delete-with-blank" else 1)]
            place = at if place is None else place
        for key, value in self.anchors:
            if value + "\n" in lines:
                lines.insert(self.only(lines, value) + (key == "after"), self.text)
                break
        else:
            if self.anchors:
                self.only(lines, self.anchors[0][1])
            elif self.text:
                lines.insert(place, self.text)
        return lines

    def drop(self, lines, name, may_be_missing):
        found = [i for i, line in enumerate(lines) if re.match(rf"([a-z].*\W)?{name}\b", line)]
        if not found and may_be_missing:
            return
        if not found:
            raise Bad(f"insertions/{self.name}: {self.path} of this base has no {name}: say drop-if-there")
        first, last = found[0], found[0]
        while lines[first - 1] not in ("\n", "}\n"):
            first -= 1
        while lines[last] not in ("}\n", "};\n"):
            last += 1
        while lines[last + 1].startswith("EXPORT_SYMBOL"):
            last += 1
        del lines[first:last + 1 + (lines[last + 1] == "\n")]

    def only(self, lines, value):
        """Where the line is, of which there must be one."""
        count = lines.count(value + "\n")
        if count == 0 and self.text and set(self.text.splitlines(keepends=True)) <= set(lines) | {"\n"}:
            raise Bad(f"{self.path} of this kernel has what insertions/{self.name} adds: if that is from fixes/, make the series"
                      " for the kernel without them, and leave their patches out when you apply it")
        if count != 1:
            raise Bad(f"insertions/{self.name}: {self.path} of this base has the line '{value}' {count} times, not once:"
                      " name another anchor")
        return lines.index(value + "\n")


def load_insertion(name, folder):
    """The parts of an insertion, in the order in which they are made."""
    parts = []
    for part in re.split(r"^====\n", read_text(os.path.join(folder, "insertions", name)), flags=re.M):
        parts.append(Insertion(name, part, parts[-1] if parts else None))
    return parts


def has(tree, what):
    """Whether a tree has PATH, or PATH: LINE."""
    path, _, line = what.partition(": ")
    path = os.path.join(tree, path)
    return os.path.exists(path) and (not line or line in read_text(path).split("\n"))


class Step:
    def __init__(self, name, folder=HERE):
        self.name = name.split("-", 1)[1]
        message, files, rest = self.split(name, read_text(os.path.join(folder, "steps", name)))
        message, self.needs, self.unless = re.fullmatch(r"(.*?)(?:^Needs: (.*)\n)?(?:^Unless: (.*)\n)?", message, re.M | re.S).groups()
        self.message = message.strip() + "\n"
        self.files = files.split()
        self.names = rest.split()       # of its insertions
        self.insertions = [part for name in self.names for part in load_insertion(name, folder)]
        lines = self.message.split("\n")
        # A tag is not wrapped.
        if len(lines) < 3 or lines[1] or max(len(line) for line in lines if not line.startswith("Fixes: ")) > 75:
            raise Bad(f"steps/{name}: it takes a subject, a blank line and a message, no line longer than 75")

    def lacks(self, stock):
        """Why a tree is without the step, or None."""
        if self.needs and not has(stock, self.needs):
            return f"this base has no {self.needs}"
        if self.is_in(stock):
            return "this base has upstream's form of it"
        return None

    def fits(self, stock):
        return not self.lacks(stock)

    def is_in(self, stock):
        """Whether this tree has what the step does without having taken it."""
        return bool(self.unless) and has(stock, self.unless)

    @staticmethod
    def split(name, text):
        parts = re.split(r"^(Files|Insertions):\n", text, flags=re.M)
        if parts[1::2] != ["Files", "Insertions"]:
            raise Bad(f"steps/{name}: it takes the lists 'Files:' and 'Insertions:', in this order (they may be empty)")
        return parts[0], parts[2], parts[4]


def load_steps():
    """The steps, checked to hold everything of ours once."""
    steps = [Step(name) for name in sorted(os.listdir(os.path.join(HERE, "steps")))]
    there = set()
    for top in OURS:
        for folder, folders, files in os.walk(os.path.join(ROOT, top)):
            if folder == os.path.join(ROOT, "tools"):
                folders.remove("series")
            there.update(os.path.relpath(os.path.join(folder, f), ROOT) for f in files)
    once("file", [f for s in steps for f in s.files], there)
    once("insertion", [name for s in steps for name in s.names], set(os.listdir(os.path.join(HERE, "insertions"))))
    return steps


def had(tree):
    """The names of the steps that this tree has without our patches: a stable release has taken over what upstream did."""
    return [step.name for step in load_steps() if step.is_in(tree)]


def load_conversions():
    """The steps of rfc/, which have no files."""
    steps = [Step(name, RFC) for name in sorted(os.listdir(os.path.join(RFC, "steps")))]
    once("file", [f for s in steps for f in s.files], set())
    once("insertion", [name for s in steps for name in s.names], set(os.listdir(os.path.join(RFC, "insertions"))))
    return steps


def our_section(paths):
    """Our section of MAINTAINERS with these files; a folder that is called mmu_notifier is ours as a whole."""
    head = read_text(os.path.join(ROOT, MAINTAINERS)).partition("F:\t")[0]
    lines = {re.sub(r"(?<=/mmu_notifier/).*", "", path) for path in paths}
    return head + "".join(f"F:\t{line}\n" for line in sorted(lines))


def change_section(content, paths):
    """MAINTAINERS of a kernel with our section as it is with these files."""
    section = our_section(paths)
    before, title, after = content.decode().partition("\n" + section.partition("\n")[0] + "\n")
    return (before + "\n" + section + "\n" + after.partition("\n\n")[2]).encode() if title else content


def check_section(steps):
    if read_text(os.path.join(ROOT, MAINTAINERS)) != our_section(path for step in steps for path in step.files):
        raise Bad("the lines F: of MAINTAINERS are not those of the files in tools/series/merge/steps: run"
                  " tools/series/merge/merge.py maintainers")


def once(what, listed, there):
    for item in sorted(set(listed) | there):
        if item not in there:
            raise Bad(f"a step lists the {what} {item}, which is not there")
        if listed.count(item) != 1:
            raise Bad(f"the {what} {item} is in {listed.count(item)} steps, it must be in one: see tools/series/merge/steps")


def version(tree):
    """The version in a tree's Makefile; a tree that is no kernel is refused."""
    try:
        makefile = read_text(os.path.join(tree, "Makefile"))
        if not os.path.isfile(os.path.join(tree, "mm/mmu_notifier.c")):
            raise OSError
        value = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *=[ \t]*(.*)$", makefile, re.M))
        return "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}{EXTRAVERSION}".format(**value)
    except (OSError, KeyError):
        raise Bad(f"{tree} is not a kernel tree (Makefile with VERSION, mm/mmu_notifier.c): give the top of one") from None


def has_line(tree, path, pattern):
    """Whether a line of this file of the tree matches."""
    try:
        return bool(re.search(pattern, read_text(os.path.join(tree, path)), re.M))
    except (FileNotFoundError, NotADirectoryError):
        return False


class Backport:
    """A patch of backports/, what it is for, and which trees need it."""
    def __init__(self, name):
        self.name = name
        self.path = os.path.join(HERE, "backports", name + ".patch")
        self.says, _, conditions = read_text(self.path).partition("\n--- a/")[0].rpartition("\n\n")
        self.base, conditions = re.fullmatch(r"(?:Base: (\S+)\n)?(.*)", conditions, re.S).groups()
        self.conditions = [re.fullmatch(r"(When|Unless): (\S+): (.*)", line) for line in conditions.strip().split("\n")]
        if not all(self.conditions):
            raise Bad(f"backports/{name}.patch: its head must end with a blank line and lines 'When: PATH: REGEX' or 'Unless: ...'")

    def fits(self, tree):
        return all(has_line(tree, found[2], found[3]) == (found[1] == "When") for found in self.conditions)


def backports():
    """All of them, in the order in which they apply."""
    return [Backport(name[:-len(".patch")]) for name in sorted(os.listdir(os.path.join(HERE, "backports")))]


def form(tree):
    """Those that this tree needs."""
    number = version(tree)
    if os.path.exists(os.path.join(tree, "mm/tests/mmu_notifier_helpers.h")):
        raise Bad(f"{tree} has the series already: give a tree without it")
    missing = [what for path, pattern, what in REQUIRED if not has_line(tree, path, pattern)]
    if missing:
        raise Bad(f"Linux {number} of {tree} is not supported: it has no {', and no '.join(missing)}")
    return [patch for patch in backports() if patch.fits(tree)]


def base(tree):
    return ["mainline", *(patch.base for patch in form(tree) if patch.base)][-1]


def write_ours(folder, steps, patches):
    """Writes our files to a folder, as these patches make them; returns their paths."""
    paths = [path for step in steps for path in step.files]
    for path in paths:
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), os.path.join(folder, path))
    for patch in patches:
        done = subprocess.run(["patch", "-p1", "-s", "-F0", "--no-backup-if-mismatch", "-d", folder, "-i", patch.path],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Bad(f"backports/{patch.name}.patch does not apply to our files, with {', '.join(p.name for p in patches)}:"
                      f" {done.stdout.strip()}; run tools/series/merge/backport.sh")
    return paths


def our_files(patches, steps):
    """{path: (content, mode)} of all our files in the form that these patches make."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_ours(folder, steps, patches)
        return {path: (read(os.path.join(folder, path)), os.stat(os.path.join(folder, path)).st_mode & 0o111)
                for path in paths}


left_out = {}           # {step that this base does not take: why}
kept = {}               # {our file: how many lines of the owner of the tree it has got}


def keep_theirs(stock, path, ours):
    """Our file for this tree: one of its own that it replaces may have lines that upstream has not."""
    theirs = os.path.join(stock, path)
    if not os.path.isfile(theirs):
        return ours
    known = replaced.Replaced()
    own, lacking = known.look(path, read(theirs))
    merged = known.merge(path, read(theirs), ours) if own and not lacking else ours
    if merged is not None and not lacking:
        if own:
            kept[path] = len(own)
        return merged
    for number, line in own:
        print(f"series: not upstream's, {path}:{number}: {line}", file=sys.stderr)
    why = []
    if own:
        why.append(f"has {len(own)} line{'s that are' if len(own) > 1 else ' that is'} not upstream's")
    if lacking:
        why.append(f"lacks {lacking} line{'s' if lacking > 1 else ''} of code that upstream always has")
    raise Bad(f"{path} of this kernel {' and '.join(why)}, and ours would replace it: put what of that is needed into"
              f" {os.path.join(ROOT, path)}, then run tools/series/merge/merge.py record {stock}")


def record(trees):
    known = replaced.Replaced()
    for tree in trees:
        number = version(tree)
        for path in (path for step in load_steps() for path in step.files):
            if os.path.isfile(os.path.join(tree, path)):
                known.record(number, path, read(os.path.join(tree, path)))
                print(f"{number} {path}")
    write(replaced.LIST, known.text().encode(), 0o644)


def insert(stock, step, now, changed):
    """Makes the step's insertions into what the files are now, or in stock; `changed` gets these files."""
    for insertion in step.insertions:
        path = os.path.join(stock, insertion.path)
        if insertion.path not in now:
            if not os.path.isfile(path):
                raise Bad(f"insertions/{insertion.name}: this base has no {insertion.path}")
            now[insertion.path] = (read(path), os.stat(path).st_mode & 0o777)
        content, mode = now[insertion.path]
        now[insertion.path] = changed[insertion.path] = (insertion.apply(content), mode)


def conversions(stock):
    """What each step of rfc/ makes of a tree with the series."""
    now, result = {path: made for _, changed in plan(stock) for path, made in changed.items()}, []
    for step in load_conversions():
        if not step.fits(stock):
            left_out[step.name] = step.lacks(stock)
            continue
        changed = {}
        insert(stock, step, now, changed)
        result.append((step, changed))
    return result


def plan(stock, only=None):
    """What each step makes of a pristine tree: [(step, {path: (content, mode)})]."""
    steps = load_steps()
    ours = our_files(form(stock), steps)
    unknown = set(only or []) - {step.name for step in steps}
    if unknown:
        raise Bad(f"there is no step {' '.join(sorted(unknown))}")
    result, now = [], {}
    there = {path for path in ours if os.path.exists(os.path.join(stock, path))}
    for step in steps:
        if only is not None and step.name not in only:
            continue
        if not step.fits(stock):
            left_out[step.name] = step.lacks(stock)
            continue
        changed = {path: (keep_theirs(stock, path, ours[path][0]), 0o755 if ours[path][1] else 0o644) for path in step.files}
        insert(stock, step, now, changed)
        there.update(step.files)
        if MAINTAINERS in now:
            content, mode = now[MAINTAINERS]
            now[MAINTAINERS] = (change_section(content, there), mode)
            if now[MAINTAINERS][0] != content:
                changed[MAINTAINERS] = now[MAINTAINERS]
        result.append((step, changed))
    return result


def write(path, content, mode):
    """Replaces a file at once, and only when its content changes: the kernel's make goes by the time stamp."""
    if os.path.isfile(path) and read(path) == content:
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.chmod(path + ".new", mode)
    os.replace(path + ".new", path)
    return True


def hidden(stock, wanted):
    """What kabi.py makes of these files: {path: (content, mode)}."""
    ours = {path: wanted[path][0].decode() for path in CORE}
    texts = kabi.hide(lambda path: read_text(os.path.join(stock, path)), ours)
    return {path: (text.encode(), wanted[path][1]) for path, text in texts.items()}


def apply(stock, tree, only=None, hide=False, convert=False):
    wanted = {}
    for _, changed in plan(stock, only) + (conversions(stock) if convert else []):
        wanted.update(changed)
    if hide:
        wanted.update(hidden(stock, wanted))
    # The manifest is beside the tree.  It names all that may differ from stock, at every moment.
    manifest = tree + ".manifest"
    before = read_text(manifest).split("\n")[:-1] if os.path.exists(manifest) else []
    write(manifest, "".join(p + "\n" for p in sorted(set(before) | set(wanted))).encode(), 0o644)
    count = sum(write(os.path.join(tree, path), *wanted[path]) for path in sorted(wanted))
    for path in sorted(set(before) - set(wanted)):
        pristine = os.path.join(stock, path)
        if os.path.exists(pristine):
            count += write(os.path.join(tree, path), read(pristine), os.stat(pristine).st_mode & 0o777)
        elif os.path.exists(os.path.join(tree, path)):
            os.remove(os.path.join(tree, path))
            if not os.listdir(os.path.dirname(os.path.join(tree, path))):
                os.rmdir(os.path.dirname(os.path.join(tree, path)))
            count += 1
    write(manifest, "".join(p + "\n" for p in sorted(wanted)).encode(), 0o644)
    if count:
        print(f"series: {len(wanted)} files merged, {count} of them changed by this run", file=sys.stderr)
        if only is None:
            for step, why in left_out.items():
                print(f"series: without the patch {step}: {why}", file=sys.stderr)
            for path, lines in kept.items():
                print(f"series: {path}: kept {lines} lines of this tree that are not upstream's; look at them there", file=sys.stderr)


def main(args):
    command = args.pop(0) if args else "help"
    if command == "version":
        print(version(*args))
    elif command == "base":
        print(base(*args))
    elif command == "form":
        for patch in form(*args):
            print(patch.name)
    elif command == "check":
        steps = load_steps()
        load_conversions()
        check_section(steps)
        our_files(backports(), steps)
    elif command == "apply":
        apply(args[0], args[1], args[2].split(",") if len(args) > 2 else None)
    elif command == "hide":
        apply(*args, hide=True)
    elif command == "convert":
        apply(*args, convert=True)
    elif command == "files":
        print("\n".join(path for step in load_steps() if step.fits(args[0]) for path in step.files))
    elif command == "record":
        record(args)
    elif command == "maintainers":
        section = our_section(path for step in load_steps() for path in step.files)
        write(os.path.join(ROOT, MAINTAINERS), section.encode(), 0o644)
    elif command == "ours":
        write_ours(args[1], load_steps(), [patch for patch in backports() if patch.name < args[0]])
    elif command == "had":
        print(" ".join(had(*args)))
    elif command == "names":
        print(" ".join(step.name for step in load_steps() if step.fits(args[0]) and step.name.startswith(tuple(args[1:] or [""]))))
    else:
        print(__doc__)


def clean_up_when_stopped():
    """A signal ends Python without removing temporary folders; this makes it an exit, which does."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


if __name__ == "__main__":
    clean_up_when_stopped()
    try:
        main(sys.argv[1:])
    except (Bad, OSError) as bad:
        sys.exit(f"series: {bad}")

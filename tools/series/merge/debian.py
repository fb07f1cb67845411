#!/usr/bin/env python3
"""Debian packages that the machine's own release may not have.  Called by stock.sh, herd.sh.

    debian.py source BASE           downloads the newest linux-source-BASE into build/cache and prints its path
    debian.py closure PACKAGE DIR   downloads PACKAGE and all that it depends on, be it installed or not, into DIR

The machine's own apt configuration says where Debian's mirror is and how it is signed.  The search is done with a
private apt state in build/apt, so the system's stays as it is, and no root is needed.  Nothing is installed.
It ends with EX_UNAVAILABLE if the mirror cannot be reached or has no such package.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
APT = os.path.join(ROOT, "build/apt")
CACHE = os.path.join(ROOT, "build/cache")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Where what the machine's own release does not have is to be found; a mirror need not have them all.
NEWER = ["trixie", "trixie-backports", "forky", "sid", "experimental"]


def die(text):
    sys.exit("series: " + text)


def unavailable(text):
    print("series: " + text, file=sys.stderr)
    sys.exit(os.EX_UNAVAILABLE)


def signed_by(entry):
    """The keyring that a sources file ("FILE:NUMBER" of its line or stanza) names, else Debian's own."""
    path, _, number = entry.rpartition(":")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return KEYRING
    if path.endswith(".sources"):
        found = re.findall(r"(?im)^Signed-By:\s*(/\S+)", text)
    else:
        line = text.splitlines()[int(number) - 1:int(number)]
        found = re.findall(r"(?i)signed-by=(/[^\s\],]+)", "".join(line))
    return found[0] if found else KEYRING


def configured():
    """(URI, suite, keyring) of each Debian suite that the machine has configured, main component."""
    with open("/etc/os-release", encoding="utf-8") as file:
        own = re.search(r"^VERSION_CODENAME=\"?(\w+)", file.read(), re.M)
    if not own:
        die("this is not a Debian release (/etc/os-release has no VERSION_CODENAME): give a tree with KSRC=/path/to/linux")
    # Before the first apt-get update there is no Origin; signatures decide later on.
    fields = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(SOURCESENTRY)"
    listing = subprocess.run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
    found = []
    for line in listing.splitlines():
        uri, suite, component, origin, entry = line.split("|")
        # "$(ORIGIN)" unchanged says that apt does not know it yet.
        if component == "main" and origin in ("Debian", "$(ORIGIN)") and \
           re.fullmatch(re.escape(own[1]) + r"(-\w+)?|(old)?stable(-\w+)?|testing|unstable|sid", suite):
            found.append((uri, suite, signed_by(entry)))
    if not found:
        die("apt has no Debian mirror configured: see /etc/apt/sources.list.d, or give a tree with KSRC=/path/to/linux")
    return sorted(set(found))


def command(tool, *args):
    options = {
        "Dir::Etc::sourcelist": APT + "/debian.sources", "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": APT + "/state", "Dir::State::status": APT + "/status", "Dir::Cache": APT + "/cache",
        "APT::Sandbox::User": "root", "Acquire::Languages": "none",
    }
    return [tool, "-q", *(f"-o{key}={value}" for key, value in options.items()), *args]


def apt(tool, *args, **kwargs):
    return subprocess.run(command(tool, *args), text=True, **kwargs)


unreached = []      # what the last update() did not get, and why


def update(suites):
    for folder in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(APT, folder), exist_ok=True)
    open(APT + "/status", "w", encoding="utf-8").close()
    with open(APT + "/debian.sources", "w", encoding="utf-8") as file:
        for uri, suite, keyring in suites:
            file.write(f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n"
                       f"Signed-By: {keyring}\nTargets: Packages\n\n")
    # apt goes on with what it had before if a mirror does not answer, and counts that as a success.  A suite that the mirror does
    # not carry does not matter here.
    said = ""
    with subprocess.Popen(command("apt-get", "update"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        for line in run.stdout:
            sys.stderr.write(line)
            said += line
    failed = re.findall(r"^Err:\d+ (.*)\n +(.*)$", said, re.M)
    unreached[:] = [f"{what}: {why}" for what, why in failed if not why.startswith("404 ")]
    # A mirror that is behind, or a clock that is wrong.
    unreached.extend(re.findall(r"^[EW]: (Release file for .* is (?:expired|not valid yet).*)$", said, re.M))


def versions(package):
    """The versions to be had, newest first."""
    listing = apt("apt-cache", "madison", package, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return [line.split("|")[1].strip() for line in listing.splitlines()]


def find(package):
    """Its versions in the machine's own release or, if that has none, in the newer ones."""
    own = configured()
    print(f"series: looking for {package} in this machine's Debian release", file=sys.stderr)
    update(own)
    if not versions(package):
        print(f"series: not there, looking in newer Debian suites: {' '.join(NEWER)}", file=sys.stderr)
        mirrors = {(uri, key) for uri, suite, key in own if "security" not in suite}
        update(own + [(uri, suite, key) for uri, key in sorted(mirrors) for suite in NEWER
                      if (uri, suite, key) not in own])
    return versions(package)


def known(prefix):
    """The packages there are whose names begin like this.  What an earlier run got does not say what the mirror lacks."""
    names = apt("apt-cache", "pkgnames", prefix, stdout=subprocess.PIPE).stdout.split()
    if unreached or not names:
        unavailable("Debian's mirror cannot be reached, or its index has expired: check network, proxy and clock "
                    f"(apt says above: {unreached[0] if unreached else 'no package is known'})")
    return names


def source(base):
    package = "linux-source-" + base
    os.makedirs(CACHE, exist_ok=True)
    have = [f for f in os.listdir(CACHE) if f.startswith(package + "_") and f.endswith(".deb")]
    if have:
        print(os.path.join(CACHE, max(have)))
        return

    found = find(package)
    if not found:
        there = sorted(n[len("linux-source-"):] for n in known("linux-source-") if re.fullmatch(r"linux-source-\d+\.\d+", n))
        unavailable(f"Debian's mirror has no {package}; it has: {' '.join(there)}; or give a tree with KSRC=/path/to/linux")

    partial = os.path.join(CACHE, "partial")
    os.makedirs(partial, exist_ok=True)
    done = apt("apt-get", "download", f"{package}={found[0]}", cwd=partial, stdout=sys.stderr)
    debs = [f for f in os.listdir(partial) if f.startswith(package + "_") and f.endswith(".deb")]
    if done.returncode or len(debs) != 1:
        die(f"{package} {found[0]} could not be downloaded: check network and disk (apt says why above), run again")
    os.rename(os.path.join(partial, debs[0]), os.path.join(CACHE, debs[0]))
    print(os.path.join(CACHE, debs[0]))


def closure(package, folder):
    if not find(package):
        known("")
        unavailable(f"Debian's mirror has no {package}")
    os.makedirs(os.path.join(folder, "partial"))
    # To the private state no package is installed, so apt takes all that is needed, of versions that go together.
    done = apt("apt-get", "install", "--download-only", "--yes", "--no-install-recommends", package,
               "-o", f"Dir::Cache::archives={os.path.realpath(folder)}", stdout=sys.stderr)
    if done.returncode:
        die(f"{package} could not be downloaded: check network and disk (apt says why above), run again")


if __name__ == "__main__":
    {"source": source, "closure": closure}[sys.argv[1]](*sys.argv[2:])

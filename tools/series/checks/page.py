#!/usr/bin/env python3
"""page.py HTML: what of a page of the documentation is not shown as it is meant.  Called by docs.sh.

Prints a line for each: markup that is left as text; an error code or the name of a function of ours that is not set as code; a
row of a table with an empty cell, which is what a line that continues the first column of a simple table becomes.  Functions
that are not in the book are set as code from 7.x on.
"""

import re
import sys
from html import unescape
from pathlib import Path

MARKUP = r"^\s*\.\. [a-z-]+::|:[a-z]+:`|``|`_|</?[a-z]+>"
PLAIN = r"-E[A-Z]{3,}|\b_*mmu_[a-z_0-9]+\(\)"
CODE = r"<(code|pre|dt|style|title)\b.*?</\1>"


def wrong(page):
    body = page[page.index('<div class="body"'):page.index('<div class="clearer"')]
    for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL):
        if re.search(r"<td>\s*(<p>\s*</p>\s*)?</td>", row):
            yield "a row with an empty cell: " + " ".join(re.sub(r"<[^>]+>", " ", row).split())
    for what, pattern, text in (("markup", MARKUP, re.sub(r"<(pre|style)\b.*?</\1>", "", body, flags=re.DOTALL)),
                                ("not set as code", PLAIN, re.sub(CODE, "", body, flags=re.DOTALL))):
        for line in unescape(re.sub(r"<[^>]+>", "", text)).splitlines():
            if re.search(pattern, line):
                yield f"{what}: {line.strip()}"


found = list(wrong(Path(sys.argv[1]).read_text(encoding="utf-8")))
for what in found:
    print(what)
sys.exit(bool(found))

"""What modules that were built against stock see of MMU notifiers, for genksyms.  Called by merge.py.

With MODVERSIONS, genksyms makes the CRC of an export from all the types that can be reached from it.  hide() adds to our files that
take the place of upstream's a part for genksyms alone, which has what the pristine file has: so the CRCs of what stock exports are
stock's, here and wherever the header is included.  The layouts allow that: what modules allocate has its size and its members.

The text of that part is taken from the pristine tree, when the patch is made; none of it is kept here.
"""
import os
import re

HEADER = "include/linux/mmu_notifier.h"
NEW = "MMU_NOTIFIER_NEW_INTERFACE"     # defined by a file of ours that exports nothing of stock's


def without_comments(text):
    """C without its comments, and without blank lines in a row."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def exports(text):
    return re.findall(r"^EXPORT_SYMBOL\w*\((\w+)\);$", text, re.M)


def prototype(text, name):
    """The declaration of a function that this file defines."""
    found = re.search(rf"^([a-z][^;{{}}#/]*?\b{name}\([^;{{}}]*\))\n\{{", text, re.M)
    return re.sub(r"^\s*__(acquires|releases)\(.*\)\n?", "", found[1], flags=re.M) + ";\n"


def split_licence(text):
    first, _, rest = text.partition("\n")
    return first + "\n", rest


def header(stock, ours):
    licence, rest = split_licence(ours)
    return f"""{licence}#if defined(__GENKSYMS__) && !defined({NEW})
/* For genksyms: what modules have been built against. */
{without_comments(stock)}
#else
{rest.strip()}

#endif
"""


def core(stock, ours):
    """A file of the core: of the pristine one, the includes and types, which decide about the types of what it exports."""
    licence, rest = split_licence(ours)
    stock = without_comments(stock)
    types = re.findall(r"^struct \w+ \{\n.*?^\};\n", stock, re.M | re.S)
    includes = re.findall(r"^#include .*\n", stock, re.M)
    new = [name for name in exports(ours) if name not in exports(stock)]
    known = [name for name in exports(ours) if name in exports(stock)]
    text = "".join(includes) + "\n" + "\n".join(types) + "\n" if known else ""
    text += "".join(f"{prototype(ours, name)}" for name in new)
    text += "".join(f"EXPORT_SYMBOL_GPL({name});\n" for name in exports(ours))
    if not known:
        return f"{licence}#define {NEW}\n\n{rest.lstrip()}"
    return f"""{licence}#ifdef __GENKSYMS__
/* For genksyms: what modules have been built against. */
{text}
#else
{rest.strip()}

#endif
"""


def hide(read_stock, ours):
    """{path: text} of what changes in our files, whose texts are in this dictionary."""
    stock_core = read_stock("mm/mmu_notifier.c")
    result = {HEADER: header(read_stock(HEADER), ours[HEADER])}
    for path, text in ours.items():
        if os.path.dirname(path) == "mm" and path.endswith(".c") and exports(text):
            result[path] = core(stock_core, text)
    return result

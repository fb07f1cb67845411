// SPDX-License-Identifier: GPL-2.0-only
///
/// An insertion can fail, and then the interval must not be removed. So can an
/// update, and then the interval is where it was. Both take the length of the
/// interval, not its end.
//
// Confidence: Moderate
// URL: https://docs.kernel.org/mm/mmu_notifier.html
// Options: --no-includes

virtual patch
virtual context
virtual org
virtual report

@initialize:python depends on report@
@@

say = coccilib.report.print_report

@initialize:python depends on org@
@@

say = coccilib.org.print_todo

@initialize:python@
@@

import re

def is_end(name):
    return bool(re.search("(^|_)(end|last)$", name))

// The result is ignored.

@ignored depends on !patch@
position p;
@@

(
*mmu_interval_notifier_insert@p(...);
|
*mmu_interval_notifier_insert_locked@p(...);
|
*mmu_interval_notifier_update@p(...);
)

// The result is kept, but nothing goes by it: an assertion is
// compiled out where it counts.

@asserted@
local idexpression E;
identifier assertion =~ "ASSERT" || =~ "BUG_ON";
position a;
@@

 assertion(<+... E@a ...+>)

@written@
local idexpression E;
expression E1;
position w;
@@

 E@w = E1

@read exists@
local idexpression E;
position i, r != {asserted.a,written.w};
@@

 E = \(mmu_interval_notifier_insert@i\|mmu_interval_notifier_insert_locked@i\|mmu_interval_notifier_update@i\)(...)
 ... when != E = ...
 E@r

@unread depends on !patch@
local idexpression E;
identifier x;
type T;
position p != read.i;
@@

(
*E = mmu_interval_notifier_insert@p(...);
|
*E = mmu_interval_notifier_insert_locked@p(...);
|
*E = mmu_interval_notifier_update@p(...);
|
*T x = mmu_interval_notifier_insert@p(...);
|
*T x = mmu_interval_notifier_insert_locked@p(...);
|
*T x = mmu_interval_notifier_update@p(...);
)

// The end of the interval is passed as its length: it covers what lies behind.

@length depends on !patch exists@
identifier end : script:python() { is_end(end) };
expression N, M, S, E;
position p;
@@

(
*mmu_interval_notifier_insert@p(N, M, S, \(S + E\|E + S\|end\|E->end\|E.end\|end - 1\|E->end - 1\|E.end - 1\), ...)
|
*mmu_interval_notifier_insert_locked@p(N, M, S, \(S + E\|E + S\|end\|E->end\|E.end\|end - 1\|E->end - 1\|E.end - 1\), ...)
|
*mmu_interval_notifier_update@p(N, S, \(S + E\|E + S\|end\|E->end\|E.end\|end - 1\|E->end - 1\|E.end - 1\))
)

// The insertion failed, and yet it is removed.

@failed depends on !patch disable neg_if, ne_if exists@
expression N, E;
position i;
statement S, S1;
@@

(
 if@i (\(mmu_interval_notifier_insert(N, ...)\|
         mmu_interval_notifier_insert(N, ...) != 0\|
         mmu_interval_notifier_insert(N, ...) < 0\|
         mmu_interval_notifier_insert_locked(N, ...)\|
         mmu_interval_notifier_insert_locked(N, ...) != 0\|
         mmu_interval_notifier_insert_locked(N, ...) < 0\)) S else S1
|
 E = \(mmu_interval_notifier_insert\|mmu_interval_notifier_insert_locked\)(N, ...)
 ... when != E = ...
 if@i (\(E\|E != 0\|E < 0\)) S else S1
)

@conditional@
position c;
@@

 if (...) { <+...
 mmu_interval_notifier_remove@c(...)
 ...+> }

@inside depends on !patch disable drop_else@
expression failed.N;
position failed.i, p;
statement S;
@@

(
 if@i (...) { <+...
*mmu_interval_notifier_remove@p(N)
 ...+> }
|
 if@i (...) { <+...
*mmu_interval_notifier_remove@p(N)
 ...+> } else S
)

@depends on patch disable braces2 exists@
expression N, E;
@@

 E = \(mmu_interval_notifier_insert\|mmu_interval_notifier_insert_locked\)(N, ...);
 ... when != E = ...
 if (\(E\|E != 0\|E < 0\)) {
 ... when any
-mmu_interval_notifier_remove(N);
 ... when any
 }

@jump depends on !patch exists@
identifier f, l;
position failed.i;
@@

 f(...) {
 ... when any
 if@i (...) {
 ... when any
 goto l;
 }
 ... when any
 }

@landing depends on !patch exists@
identifier jump.f, jump.l;
expression failed.N;
position p != conditional.c;
@@

 f(...) {
 ... when any
 l:
 ... when != \(mmu_interval_notifier_insert\|mmu_interval_notifier_insert_locked\)(N, ...)
*mmu_interval_notifier_remove@p(N);
 ... when any
 }

@script:python depends on report || org@
p << ignored.p;
@@

say(p[0], "ERROR: the result of this call is ignored")

@script:python depends on report || org@
p << unread.p;
@@

say(p[0], "ERROR: nothing goes by the result of this call")

@script:python depends on report || org@
p << length.p;
@@

say(p[0], "ERROR: the length of the interval is wanted here, not its end")

@script:python depends on report || org@
p << inside.p;
@@

say(p[0], "ERROR: the insertion failed, there is nothing to remove")

@script:python depends on report || org@
p << landing.p;
l << jump.l;
@@

say(p[0], "ERROR: removed even if the insertion failed (goto %s)" % l)

// SPDX-License-Identifier: GPL-2.0-only
///
/// The callback of an interval subscription may run as soon as the interval is
/// inserted, so initialise everything that it uses first. Do not remove an
/// interval whose insertion failed. Callbacks must not call functions that wait
/// for callbacks or invalidations: they would deadlock.
///
//# Callbacks are searched one call deep, within their file.
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

// The result of an insertion is ignored.

@ignored depends on !patch@
position p;
@@

(
*mmu_interval_notifier_insert@p(...);
|
*mmu_interval_notifier_insert_locked@p(...);
)

// The result of an insertion is kept, but nothing goes by it: an assertion is
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

 E = \(mmu_interval_notifier_insert@i\|mmu_interval_notifier_insert_locked@i\)(...)
 ... when != E = ...
 E@r

@unread depends on !patch@
local idexpression E;
position p != read.i;
@@

(
*E = mmu_interval_notifier_insert@p(...);
|
*E = mmu_interval_notifier_insert_locked@p(...);
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
 E = \(mmu_interval_notifier_insert\|mmu_interval_notifier_insert_locked\)(N, ...);
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

// A lock is initialised when callbacks may already take it.

@late depends on !patch exists@
expression E;
identifier n, l;
identifier init = {mutex_init,spin_lock_init,raw_spin_lock_init,rwlock_init,init_rwsem};
position p, at;
@@

(
*mmu_interval_notifier_insert@at(\(&E->n\|&E.n\), ...)
|
*mmu_interval_notifier_insert_locked@at(\(&E->n\|&E.n\), ...)
)
 ... when != E = ...
*init@p(\(&E->l\|&E.l\))

// Callbacks that call what waits for them.

@interval@
identifier ops, cb;
identifier fld = {invalidate,invalidate_start,invalidate_finish};
@@

 struct mmu_interval_notifier_ops ops = { .fld = cb, };

@whole_mm@
identifier ops, cb;
identifier fld = {release,invalidate_range_start,invalidate_range_end};
@@

 struct mmu_notifier_ops ops = { .fld = cb, };

@direct depends on !patch exists@
identifier interval.cb;
identifier waits = {mmu_interval_read_begin,mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_interval_notifier_remove,mmu_notifier_register,mmu_notifier_unregister,mmu_notifier_synchronize};
position p;
@@

 cb(...) { <+...
*waits@p(...)
 ...+> }

@helper exists@
identifier interval.cb, g;
@@

 cb(...) { <+...
 g(...)
 ...+> }

@indirect depends on !patch exists@
identifier helper.g;
identifier waits = {mmu_interval_read_begin,mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_interval_notifier_remove,mmu_notifier_register,mmu_notifier_unregister,mmu_notifier_synchronize};
position p;
@@

 g(...) { <+...
*waits@p(...)
 ...+> }

@whole_direct depends on !patch exists@
identifier whole_mm.cb;
identifier waits = {mmu_interval_read_begin,mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_interval_notifier_remove,mmu_notifier_register,mmu_notifier_unregister,mmu_notifier_synchronize};
position p;
@@

 cb(...) { <+...
*waits@p(...)
 ...+> }

@script:python depends on report || org@
p << ignored.p;
@@

msg = "ERROR: the result of this insertion is ignored"
say(p[0], msg)

@script:python depends on report || org@
p << unread.p;
@@

msg = "ERROR: nothing goes by the result of this insertion"
say(p[0], msg)

@script:python depends on report || org@
p << inside.p;
@@

msg = "ERROR: the insertion failed, there is nothing to remove"
say(p[0], msg)

@script:python depends on report || org@
p << landing.p;
l << jump.l;
@@

msg = "ERROR: removed even if the insertion failed (goto %s)" % l
say(p[0], msg)

@script:python depends on report || org@
p << late.p;
at << late.at;
@@

msg = "ERROR: callbacks may take this lock since the insertion on line %s" % at[0].line
say(p[0], msg)

@script:python depends on report || org@
p << direct.p;
waits << direct.waits;
cb << interval.cb;
@@

msg = "ERROR: %s() in the callback %s() is a deadlock" % (waits, cb)
say(p[0], msg)

@script:python depends on report || org@
p << indirect.p;
waits << indirect.waits;
g << helper.g;
cb << interval.cb;
@@

msg = "ERROR: %s() in %s(), which the callback %s() calls, is a deadlock" % (waits, g, cb)
say(p[0], msg)

@script:python depends on report || org@
p << whole_direct.p;
waits << whole_direct.waits;
cb << whole_mm.cb;
@@

msg = "ERROR: %s() in the callback %s() is a deadlock" % (waits, cb)
say(p[0], msg)

// SPDX-License-Identifier: GPL-2.0-only
///
/// Collision-retry needs all of its parts: mmu_interval_read_begin() before the
/// page table is read, mmu_interval_read_retry() before any SPTE is established,
/// and mmu_interval_set_seq() in each callback, the last two under the same
/// driver lock.
///
//# A call with "lock" or "down" in its name counts as taking the driver's lock,
//# unless it concerns the mmap_lock. Callbacks that return early because of
//# the owner, or because the mm is going away, need not set the sequence.
//
// Confidence: Moderate
// URL: https://docs.kernel.org/mm/mmu_notifier.html
// Options: --no-includes

virtual context
virtual org
virtual report

@initialize:python depends on report@
@@

say = coccilib.report.print_report

@initialize:python depends on org@
@@

say = coccilib.org.print_todo

// A call counts as taking the user lock, or as giving it back, by its name: a
// wrapper does, too.

@initialize:python@
@@

import re

def locks(name):
    wrong = "unlock|[bc]lock|^mmap_|lock_init|is_locked"
    return bool(re.search("lock|^down|_down|^guard$", name)) and not re.search(wrong, name)

def unlocks(name):
    return bool(re.search("unlock|^up_|_up_", name)) and not name.startswith("mmap_")

// A reader that begins and never asks.

@ignored@
position p;
@@

*mmu_interval_read_begin@p(...);

@used exists@
local idexpression seq;
position u;
@@

(
 seq = mmu_interval_read_begin@u(...)
|
 mmu_interval_read_begin_killable@u(..., &seq)
)
 ... when != seq = ...
 seq

@unused@
local idexpression seq;
position p != used.u;
@@

(
*seq = mmu_interval_read_begin@p(...)
|
*mmu_interval_read_begin_killable@p(..., &seq)
)

@retries@
@@

 mmu_interval_read_retry(...)

@alone depends on !retries disable fld_to_ptr@
expression E;
identifier fld;
position p;
@@

(
*E->fld = mmu_interval_read_begin@p(...)
|
*E.fld = mmu_interval_read_begin@p(...)
|
*mmu_interval_read_begin_killable@p(..., \(&E->fld\|&E.fld\))
)

// A local hmm_range: no other function can check it.

@asked disable fld_to_ptr exists@
local idexpression struct hmm_range range;
position u;
@@

(
 range.notifier_seq = mmu_interval_read_begin@u(...)
|
 mmu_interval_read_begin_killable@u(..., &range.notifier_seq)
)
 ... when any
 mmu_interval_read_retry(...)

@saved disable fld_to_ptr exists@
local idexpression struct hmm_range range;
position u;
expression E;
@@

(
 range.notifier_seq = mmu_interval_read_begin@u(...)
|
 mmu_interval_read_begin_killable@u(..., &range.notifier_seq)
)
 ... when any
 E = range.notifier_seq

@unasked depends on retries disable fld_to_ptr@
local idexpression struct hmm_range range;
position p != {asked.u,saved.u};
@@

(
*range.notifier_seq = mmu_interval_read_begin@p(...)
|
*mmu_interval_read_begin_killable@p(..., &range.notifier_seq)
)

// The answer counts under the lock only.

@unlocked exists@
identifier begin = {mmu_interval_read_begin,mmu_interval_read_begin_killable};
identifier lock : script:python() { locks(lock) };
iterator name scoped_guard;
statement S;
position at, p;
@@

 begin@at(...)
 ... when != lock(...)
     when != scoped_guard(...) S
*mmu_interval_read_retry@p(...)

@relocked exists@
identifier begin = {mmu_interval_read_begin,mmu_interval_read_begin_killable};
identifier next = {mmu_interval_read_begin,mmu_interval_read_begin_killable};
identifier lock1 : script:python() { locks(lock1) };
identifier lock : script:python() { locks(lock) };
identifier unlock : script:python() { unlocks(unlock) };
iterator name scoped_guard;
expression L;
statement S;
position u, p;
@@

 begin(...)
 ... when != lock(...)
     when != scoped_guard(...) S
 lock1(L, ...)
 ... when != lock(...)
     when != scoped_guard(...) S
 unlock@u(L, ...)
 ... when != lock(...)
     when != scoped_guard(...) S
     when != next(...)
*mmu_interval_read_retry@p(...)

// The lock that the callback takes, by the name of the field.

@callback@
identifier ops, cb;
identifier fld = {invalidate,invalidate_start};
expression E;
@@

(
 struct mmu_interval_notifier_ops ops = { .fld = cb, };
|
 \(E.invalidate\|E->invalidate\) = cb
|
 \(E.invalidate_start\|E->invalidate_start\) = cb
)

@user_lock exists@
identifier callback.cb, l;
identifier lock : script:python() { locks(lock) };
expression E;
@@

 cb(...) {
 ... when any
 lock(\(&E->l\|&E.l\), ...)
 ... when any
 mmu_interval_set_seq(...)
 ... when any
 }

@right exists@
identifier user_lock.l;
identifier lock : script:python() { locks(lock) };
expression E;
position r;
@@

 lock(\(&E->l\|&E.l\), ...)
 ... when any
 mmu_interval_read_retry@r(...)

@wrong depends on user_lock exists@
identifier begin = {mmu_interval_read_begin,mmu_interval_read_begin_killable};
identifier l;
identifier lock : script:python() { locks(lock) };
identifier lock1 : script:python() { locks(lock1) };
expression E;
position p != right.r;
@@

 begin(...)
 ... when != lock1(...)
 lock(\(&E->l\|&E.l\), ...)
 ... when != lock1(...)
*mmu_interval_read_retry@p(...)

@lockless exists@
identifier callback.cb;
identifier lock : script:python() { locks(lock) };
iterator name scoped_guard;
statement S;
position p;
@@

 cb(...) {
 ... when != lock(...)
     when != scoped_guard(...) S
*mmu_interval_set_seq@p(...)
 ... when any
 }

// A callback that leaves the sequence as it is.

@begins@
identifier begin = {mmu_interval_read_begin,mmu_interval_read_begin_killable};
@@

 begin(...)

@handles exists@
identifier callback.cb, seq;
position h;
@@

 cb@h(..., unsigned long seq, ...) {
 ... when any
 seq
 ... when any
 }

@forgets depends on begins@
identifier callback.cb, seq;
position p != handles.h;
@@

*cb@p(..., unsigned long seq, ...) { ... }

// A callback that sets the sequence must do so on each path that does not
// refuse the invalidation.

@sets exists@
identifier f, seq;
@@

 f(..., unsigned long seq, ...) {
 ... when any
 mmu_interval_set_seq(..., seq)
 ... when any
 }

@excused exists@
identifier sets.f;
identifier owner =~ "^owner$";
expression E;
position o;
symbol MMU_NOTIFY_RELEASE;
@@

 f(...) {
 ... when any
 if (<+... \(E->owner\|MMU_NOTIFY_RELEASE\) ...+>) { <+... return@o ...; ...+> }
 ... when any
 }

@skips exists@
identifier sets.f, sets.seq;
position r != excused.o;
symbol false;
@@

 f(...) {
 ... when != seq
(
 return false;
|
*return@r ...;
)
 }

@script:python depends on report || org@
p << ignored.p;
@@

say(p[0], "ERROR: the sequence is not kept, so no mmu_interval_read_retry() can check it")

@script:python depends on report || org@
p << unused.p;
@@

say(p[0], "ERROR: the sequence is not kept, so no mmu_interval_read_retry() can check it")

@script:python depends on report || org@
p << alone.p;
@@

say(p[0], "WARNING: nothing in this file calls mmu_interval_read_retry()")

@script:python depends on report || org@
p << unasked.p;
@@

say(p[0], "WARNING: mmu_interval_read_retry() is never called for this hmm_range")

@script:python depends on report || org@
p << unlocked.p;
at << unlocked.at;
begin << unlocked.begin;
@@

say(p[0], "ERROR: no lock is taken since %s() on line %s" % (begin, at[0].line))

@script:python depends on report || org@
p << relocked.p;
u << relocked.u;
@@

say(p[0], "ERROR: the lock is given back on line %s before mmu_interval_read_retry()" % u[0].line)

@script:python depends on report || org@
p << wrong.p;
l << wrong.l;
@@

say(p[0], "ERROR: under the lock %s, which is not the one of the callback" % l)

@script:python depends on report || org@
p << lockless.p;
cb << callback.cb;
@@

say(p[0], "ERROR: %s() sets the sequence under no lock" % cb)

@script:python depends on report || org@
p << forgets.p;
cb << callback.cb;
begin << begins.begin;
@@

say(p[0], "ERROR: %s() does not set the sequence, but %s() is in use" % (cb, begin))

@script:python depends on report || org@
r << skips.r;
f << sets.f;
@@

say(r[0], "WARNING: %s() returns here without having set the sequence" % f)

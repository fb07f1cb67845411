// SPDX-License-Identifier: GPL-2.0-only
///
/// A callback may run as soon as its subscription is there, so what it uses has
/// to be there before. It runs in the middle of an invalidation: it must not
/// call what waits for callbacks or invalidations, must not sleep if the
/// invalidation must not block, and has to do its work even if a signal ends a
/// wait.
///
//# Callbacks are searched one call deep, within their file. A function takes a
//# lock, or sleeps for it, if its name says so. Members, and locks, are known by
//# their names only.
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

@initialize:python@
@@

import re

takers = set()  # functions of this file that take a subscription, or a finish
callbacks = {}  # its callbacks, and what they call, as a message names them
starters = set()  # callbacks that a start calls
used = set()  # members that they use
early = set()  # subscriptions, each with a member that is set before
late = {}  # where one is set only after a subscription, and the line of that
file = None

def take(position, function, kind):
    global file
    if file != position.file:
        file = position.file
        for known in takers, starters, callbacks, used, early, late:
            known.clear()
    if re.match("struct mmu_(interval_)?notifier(_finish)?$", kind.strip()):
        takers.add(function)

def place(position):
    return position.line, position.column

def where(position):
    return callbacks[position.current_element]

def locks(name):
    wrong = "unlock|[bc]lock|^mmap_|lock_init|is_locked|srcu"
    return bool(re.search("lock|^down|_down", name)) and not re.search(wrong, name)

def unlocks(name):
    return bool(re.search("unlock|^up|_up", name))

def initialises(name):
    return bool(re.search("init", name, re.I)) and not re.search("lock|mutex|rwsem", name)

def spins(name):
    return bool(re.search("(spin|read|write)_(try)?lock(_irq|_bh|$)", name)) and not re.search("^mmap_|srcu", name)

def sleeps(name):
    return bool(re.search("mutex_lock|^down|_down_(read|write)|resv_lock", name)) and "trylock" not in name

def is_interruptible(name):
    return bool(re.search("_(interruptible|killable)(_|$)", name))

// The callbacks, and what they call.  Operations may be filled in at run time;
// other structures have an invalidate(), too.

@callback@
identifier ops, cb;
identifier fld = {release,invalidate_range_start,invalidate_range_end,invalidate,invalidate_start,invalidate_finish};
expression E;
@@

(
 struct mmu_notifier_ops ops = { .fld = cb, };
|
 struct mmu_interval_notifier_ops ops = { .fld = cb, };
|
 \(E.fld\|E->fld\) = cb
)

@starts@
identifier ops, cb;
identifier fld = {invalidate_range_start,invalidate,invalidate_start};
expression E;
@@

(
 struct mmu_notifier_ops ops = { .fld = cb, };
|
 struct mmu_interval_notifier_ops ops = { .fld = cb, };
|
 \(E.fld\|E->fld\) = cb
)

@taker depends on callback@
identifier f, sub;
type T;
position p;
@@

 f@p(T *sub, ...) { ... }

@script:python@
p << taker.p;
f << taker.f;
T << taker.T;
@@

take(p[0], f, T)

@helper exists@
identifier callback.cb, g;
@@

 cb(...) { <+...
 g(...)
 ...+> }

@script:python@
cb << callback.cb;
@@

if cb in takers:
    callbacks.setdefault(cb, "the callback %s()" % cb)

@script:python@
cb << starts.cb;
@@

if cb in takers:
    starters.add(cb)

@script:python@
cb << callback.cb;
g << helper.g;
@@

if cb in takers:
    callbacks.setdefault(g, "%s(), which the callback %s() calls," % (g, cb))

// It waits for what waits for it: invalidations, callbacks or, if it is the
// last reference that it gives back, the end of the mm.  mmput_async() does not.

@call@
identifier wait = {mmput,mmu_interval_read_begin,mmu_interval_read_begin_killable,mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_interval_notifier_remove,mmu_interval_notifier_update,mmu_interval_notifier_barrier,mmu_notifier_register,__mmu_notifier_register,mmu_notifier_register_tracked,mmu_notifier_get,mmu_notifier_get_locked,mmu_notifier_unregister,mmu_notifier_synchronize,mmu_range_read_begin,mmu_range_read_begin_killable,mmu_range_read_begin_set,mmu_range_read_begin_set_killable,mmu_notifier_range_wait_inactive,mmu_notifier_range_wait_inactive_killable};
position c;
@@

 wait@c(...)

@waits depends on callback exists@
identifier f : script:python() { f in callbacks };
identifier call.wait;
position call.c, p;
@@

 f(...) { <+...
*wait@c@p(...)
 ...+> }

// What it uses is set only after callbacks may run.

@theirs depends on callback@
{struct mmu_notifier *,struct mmu_interval_notifier *,struct mmu_notifier_range *} E;
identifier l;
position u;
@@

 E->l@u

@uses depends on callback@
expression E;
identifier l;
position u != theirs.u;
@@

\(E->l@u\|E.l@u\)

@script:python@
u << uses.u;
l << uses.l;
@@

if u[0].current_element in callbacks:
    used.add(l)

@before depends on uses exists@
expression E, X;
identifier m, n;
identifier init : script:python() { initialises(init) };
identifier subscribe = {mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_notifier_register,__mmu_notifier_register,mmu_notifier_register_tracked};
position at;
@@

(
 E->m = X
|
 E.m = X
|
 init(\(&E->m\|&E.m\|E->m\|E.m\), ...)
)
 ... when any
 subscribe@at(\(&E->n\|&E.n\), ...)

@undone depends on uses exists@
local idexpression int err;
expression E, X;
identifier m;
symbol false;
position u;
@@

(
 \(E->m@u\|E.m@u\) = \(NULL\|0\|false\);
|
 if (\(err\|err < 0\|err != 0\)) { <+...
 \(E->m@u\|E.m@u\) = X;
 ...+> }
)

@after depends on uses exists@
expression E, X;
identifier m, n;
identifier init : script:python() { initialises(init) };
identifier lock : script:python() { locks(lock) };
identifier subscribe = {mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked,mmu_notifier_register,__mmu_notifier_register,mmu_notifier_register_tracked};
position at, p != undone.u;
@@

 subscribe@at(\(&E->n\|&E.n\), ...)
 ... when any
     when != E = ...
     when != lock(...)
(
 E->m@p = X
|
 E.m@p = X
|
 init@p(\(&E->m\|&E.m\|E->m\|E.m\), ...)
)

@script:python@
at << before.at;
m << before.m;
@@

early.add((place(at[0]), m))

@script:python@
at << after.at;
m << after.m;
p << after.p;
@@

if m in used and (place(at[0]), m) not in early:
    late[place(p[0])] = at[0].line

@late depends on after@
expression E, X;
identifier m, init;
position p : script:python() { place(p[0]) in late };
@@

(
*E->m@p = X
|
*E.m@p = X
|
*init@p(\(&E->m\|&E.m\|E->m\|E.m\), ...)
)

// A lock: whichever file its callback is in.

@late_lock exists@
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

// It takes a lock that is held where callbacks are waited for, or where locks
// are taken that invalidations run under.

@takes depends on callback exists@
identifier f : script:python() { f in callbacks };
identifier lock : script:python() { locks(lock) };
identifier l;
expression E;
@@

 f(...) { <+...
 lock(\(&E->l\|&E.l\|&l\), ...)
 ...+> }

@locked exists@
identifier takes.l, call.wait;
identifier lock : script:python() { locks(lock) };
identifier unlock : script:python() { unlocks(unlock) };
expression E;
position call.c, at, p != waits.p;
@@

 lock@at(\(&E->l\|&E.l\|&l\), ...)
 ... when != unlock(\(&E->l\|&E.l\|&l\), ...)
*wait@c@p(...)

// The same calls sleep: not under a spinlock, whichever it is.

@spinning exists@
identifier call.wait;
identifier spin : script:python() { spins(spin) };
identifier unlock : script:python() { unlocks(unlock) };
expression L;
position call.c, at, p != {waits.p,locked.p};
@@

 spin@at(L, ...)
 ... when != unlock(L, ...)
*wait@c@p(...)

// It sleeps for a lock whether or not the invalidation may block.

@sleeps exists@
identifier cb : script:python() { cb in starters };
identifier sleep : script:python() { sleeps(sleep) };
identifier kind = {mutex,rwsem_read,rwsem_write};
expression E;
position p;
@@

 cb(...) {
 ... when != mmu_notifier_range_blockable(...)
     when != E->blockable
     when != E.blockable
(
*sleep@p(...)
|
*guard@p(kind)
)
 ... when any
 }

// A signal ends a wait, and the work that it waited for is left out.

@interruptible depends on callback exists@
identifier f : script:python() { f in callbacks };
identifier wait : script:python() { is_interruptible(wait) };
symbol true;
position p;
@@

 f(...) { <+...
(
 wait@p(...)
|
 dma_fence_wait@p(..., true)
|
 dma_fence_wait_timeout@p(..., true, ...)
|
 dma_resv_wait_timeout@p(..., true, ...)
)
 ...+> }

@heeded exists@
position interruptible.p, h;
identifier wait, l;
expression E;
statement S;
@@

(
 if (<+... wait@p@h(...) ...+>) {
 ... when any
\(return ...;\|goto l;\|break;\|continue;\)
 }
|
 E = wait@p@h(...)
 ... when != E = ...
(
 if (<+... E ...+>) {
 ... when any
\(return ...;\|goto l;\|break;\|continue;\)
 }
|
 while (<+... E ...+>) S
|
 return <+... E ...+>;
)
)

@unheeded@
position interruptible.p, q != heeded.h;
identifier wait, i;
type T;
expression E;
statement S;
@@

(
*wait@p@q(...);
|
*E = wait@p@q(...);
|
*T i = wait@p@q(...);
|
 if (<+...
*wait@p@q(...)
 ...+>) S
)

@script:python depends on report || org@
p << waits.p;
wait << call.wait;
@@

last = " if this is the last reference" if wait == "mmput" else ""
say(p[0], "ERROR: %s() in %s is a deadlock%s" % (wait, where(p[0]), last))

@script:python depends on report || org@
p << late.p;
@@

say(p[0], "ERROR: callbacks may use this since the subscription on line %s" % late[place(p[0])])

@script:python depends on report || org@
p << late_lock.p;
at << late_lock.at;
@@

say(p[0], "ERROR: callbacks may take this lock since the insertion on line %s" % at[0].line)

@script:python depends on report || org@
p << locked.p;
at << locked.at;
wait << call.wait;
l << takes.l;
@@

say(p[0], "ERROR: %s() under a lock of callbacks, %s, taken on line %s" % (wait, l, at[0].line))

@script:python depends on report || org@
p << spinning.p;
at << spinning.at;
wait << call.wait;
@@

say(p[0], "ERROR: %s() sleeps, under the spinlock taken on line %s" % (wait, at[0].line))

@script:python depends on report || org@
p << sleeps.p;
@@

say(p[0], "ERROR: %s() sleeps here without mmu_notifier_range_blockable()" % p[0].current_element)

@script:python depends on report || org@
q << unheeded.q;
@@

say(q[0], "ERROR: in %s a signal may end this wait unnoticed" % where(q[0]))

// SPDX-License-Identifier: GPL-2.0-only
///
/// A deferred removal goes on until its released() is called: the subscription,
/// and the struct mmu_interval_notifier_removal, have to be there until then. In
/// released(), the subscription is not inserted any more: there is nothing to
/// remove. A barrier waits for that call, too.
///
//# What has "wait" or "barrier" in its name counts as waiting for released(), and
//# what ends in "free" as freeing its last argument. In released(), a
//# subscription is its own if it is the argument, or found by container_of().
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

def waits(name):
    return bool(re.search("wait|barrier", name))

def frees(name):
    return name.endswith("free")

// It is freed while invalidations may still be about to use it.

@freed exists@
expression E;
identifier n, m, rcu;
identifier wait : script:python() { waits(wait) };
identifier free : script:python() { frees(free) };
identifier later = {kfree_rcu,kvfree_rcu};
iterator each;
statement S;
position at, p;
@@

*mmu_interval_notifier_remove_deferred@at(..., \(E\|&E->n\|&E->n.m\), ...)
 ... when != wait(...)
     when != E = ...
     when != each(..., E, ...) S
(
*free@p(..., E)
|
*later@p(E, rcu)
)

// It is on the stack, which the function gives back when it returns.

@waited exists@
identifier wait : script:python() { waits(wait) };
position w;
@@

 mmu_interval_notifier_remove_deferred@w(...)
 ... when any
 wait(...)

@stack@
local idexpression struct mmu_interval_notifier_removal removal;
position p != waited.w;
@@

*mmu_interval_notifier_remove_deferred@p(..., &removal, ...)

// What is called at the end of the removal.

@released@
identifier done;
@@

 mmu_interval_notifier_remove_deferred(..., \(done\|&done\))

// It removes again what it is called for.

@again exists@
identifier released.done, sub;
identifier insert = {mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked};
identifier remove = {mmu_interval_notifier_remove,mmu_interval_notifier_remove_deferred};
position p;
@@

 done(struct mmu_interval_notifier *sub) {
 ... when != insert(...)
*remove@p(sub, ...)
 ... when any
 }

@again_member exists@
identifier released.done, sub, n;
identifier insert = {mmu_interval_notifier_insert,mmu_interval_notifier_insert_locked};
identifier remove = {mmu_interval_notifier_remove,mmu_interval_notifier_remove_deferred};
type T;
expression E;
position p;
@@

 done(struct mmu_interval_notifier *sub) {
 ... when any
 E = container_of(sub, T, n)
 ... when != insert(...)
*remove@p(&E->n, ...)
 ... when any
 }

// It waits for itself.

@barrier exists@
identifier released.done;
position p;
@@

 done(...) {
 ... when any
*mmu_interval_notifier_barrier@p()
 ... when any
 }

@script:python depends on report || org@
p << freed.p;
at << freed.at;
@@

say(p[0], "ERROR: the removal on line %s may still use this, free it in released()" % at[0].line)

@script:python depends on report || org@
p << stack.p;
@@

say(p[0], "ERROR: the removal may go on when this function, whose stack it is on, has returned")

@script:python depends on report || org@
p << again.p;
done << released.done;
@@

say(p[0], "ERROR: %s() is called for what is removed, there is nothing to remove again" % done)

@script:python depends on report || org@
p << again_member.p;
done << released.done;
@@

say(p[0], "ERROR: %s() is called for what is removed, there is nothing to remove again" % done)

@script:python depends on report || org@
p << barrier.p;
done << released.done;
@@

say(p[0], "ERROR: mmu_interval_notifier_barrier() in %s() waits for %s() itself" % (done, done))

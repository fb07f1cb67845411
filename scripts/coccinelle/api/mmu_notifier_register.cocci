// SPDX-License-Identifier: GPL-2.0-only
///
/// A subscription must be unregistered from the mm that it was registered with:
/// current->mm is that of whichever process closes the file, and NULL in a
/// kernel thread. Its operations must be a constant: the core takes a member
/// that is still NULL for one that the driver does not have.
//
// Confidence: High
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

// Whose mm is it?

@current_mm@
symbol current, mm;
position p;
@@

*mmu_notifier_unregister@p(..., current->mm)

// Operations that are filled in at run time: readers and checkers of the code
// look for callbacks in a constant. Other structures have an invalidate(), too.

@invalidate@
identifier cb;
expression E;
@@

 \(E.invalidate\|E->invalidate\) = cb

@interval_callback@
identifier invalidate.cb, sub;
@@

 cb(struct mmu_interval_notifier *sub, ...) { ... }

@filled_invalidate depends on interval_callback@
identifier invalidate.cb;
expression E;
position p;
@@

*\(E.invalidate@p\|E->invalidate@p\) = cb

@filled@
expression E, F;
position p;
@@

(
*\(E.invalidate_range_start@p\|E->invalidate_range_start@p\) = F
|
*\(E.invalidate_range_end@p\|E->invalidate_range_end@p\) = F
|
*\(E.arch_invalidate_secondary_tlbs@p\|E->arch_invalidate_secondary_tlbs@p\) = F
|
*\(E.invalidate_start@p\|E->invalidate_start@p\) = F
|
*\(E.invalidate_finish@p\|E->invalidate_finish@p\) = F
)

@script:python depends on report || org@
p << current_mm.p;
@@

say(p[0], "ERROR: current->mm need not be the mm that it was registered with")

@script:python depends on report || org@
p << filled_invalidate.p;
@@

say(p[0], "WARNING: operations are filled in at run time, make them a static const struct")

@script:python depends on report || org@
p << filled.p;
@@

say(p[0], "WARNING: operations are filled in at run time, make them a static const struct")

// SPDX-License-Identifier: GPL-2.0-only
///
/// A callback must not give back a reference to the mm: if it is the last one,
/// mmput() ends the mm, which waits for the callback. A subscription must be
/// unregistered from the mm that it was registered with: current->mm is that of
/// whichever process closes the file, and NULL in a kernel thread.
///
//# Callbacks are searched one call deep, within their file. Operations that
//# are filled in at run time are not found.
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

// A reference to the mm is given back in a callback.  mmput_async() does not
// wait.

@callback@
identifier ops, cb;
identifier type = {mmu_notifier_ops,mmu_interval_notifier_ops};
identifier fld = {release,invalidate_range_start,invalidate_range_end,invalidate,invalidate_start,invalidate_finish};
@@

 struct type ops = { .fld = cb, };

@put exists@
identifier callback.cb;
position p;
@@

 cb(...) { <+...
*mmput@p(...)
 ...+> }

@helper exists@
identifier callback.cb, g;
@@

 cb(...) { <+...
 g(...)
 ...+> }

@put_in_helper exists@
identifier helper.g;
position p;
@@

 g(...) { <+...
*mmput@p(...)
 ...+> }

// Whose mm is it?

@current_mm@
symbol current, mm;
position p;
@@

*mmu_notifier_unregister@p(..., current->mm)

@script:python depends on report || org@
p << put.p;
cb << callback.cb;
@@

msg = "ERROR: mmput() in the callback %s() waits for that callback if it is the last" % cb
say(p[0], msg)

@script:python depends on report || org@
p << put_in_helper.p;
g << helper.g;
@@

msg = "ERROR: mmput() in %s(), which a callback calls, waits for that callback if it is the last" % g
say(p[0], msg)

@script:python depends on report || org@
p << current_mm.p;
@@

msg = "ERROR: current->mm need not be the mm that it was registered with"
say(p[0], msg)

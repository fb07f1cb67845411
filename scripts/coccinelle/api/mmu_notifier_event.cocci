// SPDX-License-Identifier: GPL-2.0-only
///
/// mmu_notifier_range_init() first took a range, an mm and two addresses. Later
/// it also took an event and flags, and for some time a VMA. Convert each call
/// to the form of this kernel. A call that had no event gets MMU_NOTIFY_UNMAP,
/// which is always safe.
///
//# Options of spatch, or of coccicheck in SPFLAGS:
//# -D vma                     the kernel's mmu_notifier_range_init() takes a VMA
//# -D event=E                 the event instead of MMU_NOTIFY_UNMAP
//# -D only -D fn=F -D event=E the same, in the function F only
//#
//# The VMA is passed if it is certain which one is meant: the mm is its mm, or
//# it is the only one among the parameters, or a local one that has been set.
//# Otherwise NULL is passed.
//
// Confidence: High
// URL: https://docs.kernel.org/mm/mmu_notifier.html
// Options: --no-includes

virtual patch
virtual context
virtual org
virtual report
virtual vma
virtual only

@initialize:python depends on report@
@@

say = coccilib.report.print_report

@initialize:python depends on org@
@@

say = coccilib.org.print_todo

@depends on patch@
expression R, M, S, E;
@@

-mmu_notifier_range_init(R, M, S, E)
+mmu_notifier_range_init(R, MMU_NOTIFY_UNMAP, 0, M, S, E)

@depends on patch && !vma@
expression R, event, flags, V, M, S, E;
@@

-mmu_notifier_range_init(R, event, flags, V, M, S, E)
+mmu_notifier_range_init(R, event, flags, M, S, E)

// The VMA, from the most to the least certain.

@depends on patch && vma@
expression R, event, flags, S, E;
identifier V;
@@

-mmu_notifier_range_init(R, event, flags, V->vm_mm, S, E)
+mmu_notifier_range_init(R, event, flags, V, V->vm_mm, S, E)

@depends on patch && vma exists@
expression R, event, flags, S, E, X;
idexpression M;
identifier V;
@@

 M = V->vm_mm
 ... when != M = X
     when != V = X
-mmu_notifier_range_init(R, event, flags, M, S, E)
+mmu_notifier_range_init(R, event, flags, V, M, S, E)

@depends on patch && vma@
expression R, event, flags, M, E;
identifier V;
@@

-mmu_notifier_range_init(R, event, flags, M, V->vm_start, E)
+mmu_notifier_range_init(R, event, flags, V, M, V->vm_start, E)

// Which of the two?
@depends on patch && vma@
expression R, event, flags, M, S, E;
identifier f, V1, V2;
@@

 f(..., struct vm_area_struct *V1, ..., struct vm_area_struct *V2, ...) { <...
-mmu_notifier_range_init(R, event, flags, M, S, E)
+mmu_notifier_range_init(R, event, flags, NULL, M, S, E)
 ...> }

@depends on patch && vma@
expression R, event, flags, M, S, E;
identifier f, V;
@@

 f(..., struct vm_area_struct *V, ...) { <...
-mmu_notifier_range_init(R, event, flags, M, S, E)
+mmu_notifier_range_init(R, event, flags, V, M, S, E)
 ...> }

@depends on patch && vma exists@
expression R, event, flags, M, S, E, X;
local idexpression struct vm_area_struct *V;
@@

 V = X
 ... when any
-mmu_notifier_range_init(R, event, flags, M, S, E)
+mmu_notifier_range_init(R, event, flags, V, M, S, E)

@depends on patch && vma@
expression R, event, flags, M, S, E;
@@

-mmu_notifier_range_init(R, event, flags, M, S, E)
+mmu_notifier_range_init(R, event, flags, NULL, M, S, E)

// The event, if one is asked for.

@depends on patch && !only@
identifier virtual.event;
@@

 mmu_notifier_range_init(...,
-	MMU_NOTIFY_UNMAP,
+	event,
	...)

@depends on patch && only@
identifier virtual.event, virtual.fn;
@@

 fn(...) { <...
 mmu_notifier_range_init(...,
-	MMU_NOTIFY_UNMAP,
+	event,
	...)
 ...> }

// What there is.

@old depends on !patch@
expression R, M, S, E;
position p;
@@

*mmu_notifier_range_init@p(R, M, S, E)

@takes_vma depends on !patch && !vma@
expression R, event, flags, V, M, S, E;
position p;
@@

*mmu_notifier_range_init@p(R, event, flags, V, M, S, E)

@takes_no_vma depends on !patch && vma@
expression R, event, flags, M, S, E;
position p;
@@

*mmu_notifier_range_init@p(R, event, flags, M, S, E)

@script:python depends on report || org@
p << old.p;
@@

say(p[0], "ERROR: mmu_notifier_range_init() takes an event and flags")

@script:python depends on report || org@
p << takes_vma.p;
@@

say(p[0], "ERROR: mmu_notifier_range_init() takes no VMA any more")

@script:python depends on report || org@
p << takes_no_vma.p;
@@

say(p[0], "ERROR: mmu_notifier_range_init() takes a VMA")

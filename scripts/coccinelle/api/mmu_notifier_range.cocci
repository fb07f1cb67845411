// SPDX-License-Identifier: GPL-2.0-only
///
/// mmu_notifier_invalidate_range_start() and its relatives used to take an mm
/// and two addresses. Now a struct mmu_notifier_range describes the invalidation
/// from its start to its end. Convert each call, with MMU_NOTIFY_UNMAP, the event
/// that is always safe; mmu_notifier_event.cocci then sets the precise event.
///
//# Run it in patch mode, then in report mode, and convert what it reports by
//# hand: ranges that one function starts and another one ends, and functions
//# with two ranges at a time.
//
// Confidence: High
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

taken = set()
bare = set()

// Two ranges at a time need two variables: by hand.
@nested depends on patch exists@
identifier f;
iterator name scoped_guard;
position n;
@@

 f@n(...) {
 ... when any
 \(mmu_notifier_invalidate_range_start\|mmu_notifier_invalidate_range_start_nonblock\)(...)
 ... when != mmu_notifier_invalidate_range_end(...)
     when != mmu_notifier_invalidate_range_only_end(...)
 mmu_notifier_invalidate_range_start(...)
 ... when any
 }

@pair depends on patch exists@
identifier f;
expression M, S, E, M1, S1, E1;
position p != nested.n;
@@

 f@p(...) {
 ... when any
 \(mmu_notifier_invalidate_range_start\|mmu_notifier_invalidate_range_start_nonblock\)(M, S, E)
 ... when any
 \(mmu_notifier_invalidate_range_end\|mmu_notifier_invalidate_range_only_end\)(M1, S1, E1)
 ... when any
 }

// The function may use the name for something else.
@taken depends on patch exists@
identifier pair.f;
symbol range;
position p;
@@

 f@p(...) { <+... range ...+> }

// It may have no declarations.
@bare depends on patch exists@
identifier pair.f;
statement S0;
position p;
@@

 f@p(...) {
 S0
 ... when any
 }

@script:python@
f << pair.f;
p << taken.p;
@@

taken.add((p[0].file, f))

@script:python@
f << pair.f;
p << bare.p;
@@

bare.add((p[0].file, f))

@script:python named@
f << pair.f;
p << pair.p;
r;
with_declarations;
without;
@@

where = (p[0].file, f)
coccinelle.r = "mn_range" if where in taken else "range"
coccinelle.with_declarations = "" if where in bare else f
coccinelle.without = f if where in bare else ""

@depends on patch@
identifier named.with_declarations;
identifier named.r;
@@

 with_declarations(...) {
+struct mmu_notifier_range r;
 ...
 }

@depends on patch@
identifier named.without;
identifier named.r;
@@

 without(...) {
+struct mmu_notifier_range r;
+
 ...
 }

@depends on patch@
identifier pair.f;
identifier named.r;
expression M, S, E;
@@

 f(...) { <...
(
+mmu_notifier_range_init(&r, MMU_NOTIFY_UNMAP, 0, M, S, E);
 mmu_notifier_invalidate_range_start(
-	M, S, E
+	&r
	);
|
 mmu_notifier_invalidate_range_end(
-	M, S, E
+	&r
	)
|
-mmu_notifier_invalidate_range_only_end
+mmu_notifier_invalidate_range_end
	(
-	M, S, E
+	&r
	)
)
 ...> }

@depends on patch@
identifier pair.f;
identifier named.r;
expression M, S, E, X;
statement S1, S2;
@@

 f(...) { <...
(
+mmu_notifier_range_init(&r, MMU_NOTIFY_UNMAP, 0, M, S, E);
 if (<+... mmu_notifier_invalidate_range_start_nonblock(
-	M, S, E
+	&r
	) ...+>) S1 else S2
|
+mmu_notifier_range_init(&r, MMU_NOTIFY_UNMAP, 0, M, S, E);
 X = mmu_notifier_invalidate_range_start_nonblock(
-	M, S, E
+	&r
	);
)
 ...> }

// What is left, or before it ran: what there is.

@old depends on !patch@
expression M, S, E;
identifier call = {mmu_notifier_invalidate_range_start,mmu_notifier_invalidate_range_start_nonblock,mmu_notifier_invalidate_range_end,mmu_notifier_invalidate_range_only_end};
position p;
@@

*call@p(M, S, E)

@script:python depends on report || org@
p << old.p;
call << old.call;
@@

say(p[0], "ERROR: %s() takes a struct mmu_notifier_range" % call)

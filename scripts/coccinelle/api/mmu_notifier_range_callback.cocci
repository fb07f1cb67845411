// SPDX-License-Identifier: GPL-2.0-only
///
/// The callbacks invalidate_range_start() and invalidate_range_end() used to take
/// an mm and two addresses, later also a flag. Now they take a struct
/// mmu_notifier_range, and invalidate_range_start() returns an int. Convert them.
///
//# Run it in patch mode, then in report mode, and convert what it reports by
//# hand: callbacks that the driver also calls itself, that change their mm, that
//# stand in an #else, or that are gone.
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

starts = set()   # callbacks that are told of starts, each with its file
stays = set()    # ... that are not converted
taken = set()    # ... that have a use of their own for the name "range"
changed = set()  # ... with the addresses that they change
instead = {
    "invalidate_page": "since 4.14: invalidate_range_start() tells of single pages, too",
    "change_pte": "since 6.10: invalidate_range_start() tells of this, too",
    "invalidate_range": "since 6.6, but arch_invalidate_secondary_tlbs() for shared page tables",
}

def either(where, member):
    """The callback, for the rule that makes a variable of this address, or for the one that does not."""
    function = "" if where in stays else where[1]
    return (function, "") if where + (member,) in changed else ("", function)

// The callbacks.

@callback@
identifier ops, cb;
identifier fld = {invalidate_range_start,invalidate_range_end};
expression E;
@@

(
 struct mmu_notifier_ops ops = { .fld = cb, };
|
 \(E.invalidate_range_start\|E->invalidate_range_start\) = cb
|
 \(E.invalidate_range_end\|E->invalidate_range_end\) = cb
)

@starts@
identifier ops, cb;
expression E;
position p;
@@

(
 struct mmu_notifier_ops ops@p = { .invalidate_range_start = cb, };
|
 \(E.invalidate_range_start@p\|E->invalidate_range_start@p\) = cb
)

@script:python@
cb << starts.cb;
p << starts.p;
@@

starts.add((p[0].file, cb))

@old@
identifier callback.cb, mn, mm, first, last;
position p;
@@

 cb@p(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long first, unsigned long last, ...)
 { ... }

// What is converted by hand: the driver calls it itself, or it changes the mm.

@called depends on old@
identifier callback.cb;
position p;
@@

 cb@p(...);

@assigns_mm@
identifier old.mm;
expression E;
position p;
@@

 mm@p = E

@script:python@
cb << callback.cb;
p << called.p;
@@

stays.add((p[0].file, cb))

@script:python@
p << assigns_mm.p;
@@

stays.add((p[0].file, p[0].current_element))

// Addresses that it changes become local variables.

@changes_first@
identifier old.first;
expression E;
assignment operator set;
position p;
@@

(
 first@p set E
|
 \(first@p++\|++first@p\|first@p--\|--first@p\|&first@p\)
)

@changes_last@
identifier old.last;
expression E;
assignment operator set;
position p;
@@

(
 last@p set E
|
 \(last@p++\|++last@p\|last@p--\|--last@p\|&last@p\)
)

@takes_name@
symbol range;
position p;
@@

 range@p

@script:python@
p << changes_first.p;
@@

changed.add((p[0].file, p[0].current_element, "start"))

@script:python@
p << changes_last.p;
@@

changed.add((p[0].file, p[0].current_element, "end"))

@script:python@
p << takes_name.p;
@@

taken.add((p[0].file, p[0].current_element))

@script:python named@
cb << callback.cb;
p << old.p;
f;
r;
start;
first_changed;
first_used;
last_changed;
last_used;
@@

where = (p[0].file, cb)
coccinelle.f = "" if where in stays else cb
coccinelle.r = "mn_range" if where in taken else "range"
coccinelle.start = coccinelle.f if where in starts else ""
coccinelle.first_changed, coccinelle.first_used = either(where, "start")
coccinelle.last_changed, coccinelle.last_used = either(where, "end")

@depends on patch@
identifier named.f, named.r, mn, mm, first, last, blockable;
@@

 f(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long first, unsigned long last
-	, bool blockable
 )
 {
 <...
-blockable
+mmu_notifier_range_blockable(r)
 ...>
 }

@depends on patch@
identifier named.f, named.r, mn, mm, first, last;
@@

 f(struct mmu_notifier *mn,
-	struct mm_struct *mm, unsigned long first, unsigned long last
+	const struct mmu_notifier_range *r
 )
 { ... }

@depends on patch@
identifier named.f, named.r, old.mm;
@@

 f(...)
 {
 <...
-mm
+r->mm
 ...>
 }

@depends on patch@
identifier named.first_used, named.r, old.first;
@@

 first_used(...)
 {
 <...
-first
+r->start
 ...>
 }

@depends on patch@
identifier named.last_used, named.r, old.last;
@@

 last_used(...)
 {
 <...
-last
+r->end
 ...>
 }

@depends on patch@
identifier named.last_changed, named.r, old.last;
@@

 last_changed(...)
 {
+unsigned long last = r->end;
 ...
 }

@depends on patch@
identifier named.first_changed, named.r, old.first;
@@

 first_changed(...)
 {
+unsigned long first = r->start;
 ...
 }

// A start that returned nothing refuses nothing.  In three steps: at its end;
// without braces; the rest.

@depends on patch exists@
identifier named.start;
@@

 void start(...)
 {
 ... when != return;
+return 0;
 }

@depends on patch@
identifier named.start;
expression E;
@@

 void start(...)
 {
 <...
-if (E) return;
+if (E)
+	return 0;
 ...>
 }

@depends on patch@
identifier named.start;
@@

-void
+int
 start(...)
 {
 <...
-return;
+return 0;
 ...>
 }

// What is left, or before it ran: what there is.

@signature depends on !patch@
identifier callback.cb, mn, mm, first, last;
position p;
@@

*cb@p(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long first, unsigned long last, ...)
 { ... }

// Neither is it seen among operations: spatch passes over #else in these.

@known@
identifier ops, fld, cb;
@@

 struct mmu_notifier_ops ops = { .fld = cb, };

@at@
identifier known.cb, mn, mm;
position p;
@@

 cb@p(struct mmu_notifier *mn, struct mm_struct *mm, ...)
 { ... }

@unknown depends on !patch@
identifier f, mn, mm, first, last;
position p != {at.p,signature.p};
@@

*f@p(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long first, unsigned long last, ...)
 { ... }

@gone depends on !patch@
identifier ops, cb;
identifier fld = {invalidate_page,change_pte,invalidate_range};
position p;
@@

 struct mmu_notifier_ops ops = {
*.fld@p = cb,
 };

@script:python depends on report || org@
p << signature.p;
cb << callback.cb;
@@

say(p[0], "ERROR: %s() takes a struct mmu_notifier_range" % cb)

@script:python depends on report || org@
p << unknown.p;
f << unknown.f;
@@

say(p[0], "WARNING: %s() looks like a callback from before struct mmu_notifier_range" % f)

@script:python depends on report || org@
p << gone.p;
fld << gone.fld;
@@

say(p[0], "WARNING: there is no %s() %s" % (fld, instead[fld]))

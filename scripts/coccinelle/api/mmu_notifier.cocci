// SPDX-License-Identifier: GPL-2.0-only
///
/// Each invalidation that is started must be ended exactly once on every path.
/// The exception is a non-blocking start that fails: it has started nothing and
/// must not be ended. A subscription to an mm whose start can fail must not
/// have an end callback, because it cannot tell which of its starts counted.
/// The members of a range do not show whether it has been started: 0 is a
/// valid address.
///
//# A start in a branch, or followed by setting a flag, counts as ended by an
//# end under any condition. Ranges that one function starts and another one
//# ends are ignored unless they are local variables. A condition on the range
//# is found where it is written, not if it is kept in a variable or in a loop.
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

// A start without an end.

@paired exists@
expression R;
position p;
@@

(
 mmu_notifier_invalidate_range_start@p(R)
|
 mmu_notifier_invalidate_range_start_nonblock@p(R)
)
 ... when any
 mmu_notifier_invalidate_range_end(R)

// Its end stands under a condition as well, not necessarily the same text.
@branch disable drop_else@
position b;
statement S;
@@

(
 if (...) { <+... mmu_notifier_invalidate_range_start@b(...) ...+> }
|
 if (...) S else { <+... mmu_notifier_invalidate_range_start@b(...) ...+> }
)

@flagged exists@
expression R;
identifier flag;
position b;
symbol true;
@@

 mmu_notifier_invalidate_range_start@b(R);
 ... when any
(
 flag = true;
|
 flag = 1;
)
 ... when any
 if (<+... flag ...+>) { ... mmu_notifier_invalidate_range_end(R); ... }

@always@
position paired.p, a != {branch.b,flagged.b};
@@

 mmu_notifier_invalidate_range_start@p@a(...)

@early exists@
expression R;
iterator name scoped_guard;
position always.a, st, r;
@@

*mmu_notifier_invalidate_range_start@a@st(R);
 ... when != mmu_notifier_invalidate_range_end(R)
     when != mmu_notifier_invalidate_range_start(R)
*return@r ...;

@early_guarded disable drop_else exists@
expression R;
position paired.p, st != always.a, r;
statement S;
@@

*mmu_notifier_invalidate_range_start@p@st(R);
 ... when != mmu_notifier_invalidate_range_end(R)
     when != mmu_notifier_invalidate_range_start(R)
     when != if (...) { <+... mmu_notifier_invalidate_range_end(R) ...+> }
     when != if (...) { <+... mmu_notifier_invalidate_range_end(R) ...+> } else S
*return@r ...;

// A helper may end it.
@handed_on exists@
local idexpression struct mmu_notifier_range range;
identifier g !~ "^mmu_notifier_";
position h;
@@

(
 mmu_notifier_invalidate_range_start@h(&range)
|
 mmu_notifier_invalidate_range_start_nonblock@h(&range)
)
 ... when any
 g(..., &range, ...)

@unended@
local idexpression struct mmu_notifier_range range;
position s != {paired.p,handed_on.h};
@@

(
*mmu_notifier_invalidate_range_start@s(&range)
|
*mmu_notifier_invalidate_range_start_nonblock@s(&range)
)

// A start, or an end, that depends on what the range says of itself.  Both
// under the same condition are a pair.

@within exists@
expression R;
identifier m;
identifier f =~ "^mmu_notifier_invalidate_range_start";
identifier g =~ "^mmu_notifier_invalidate_range_.*end$";
position p, q;
@@

(
 if (<+... R.m ...+>) {
 ... when any
 f@p(&R)
 ... when any
 g@q(&R)
 ... when any
 }
|
 if (<+... R->m ...+>) {
 ... when any
 f@p(R)
 ... when any
 g@q(R)
 ... when any
 }
)

@member disable drop_else, neg_if@
expression R;
identifier m;
identifier f =~ "^mmu_notifier_invalidate_range_start" || =~ "^mmu_notifier_invalidate_range_.*end$";
position e != {within.p,within.q};
statement S;
@@

(
 if (<+... R.m ...+>) { <+...
*f@e(&R)
 ...+> }
|
 if (<+... R.m ...+>) { <+...
*f@e(&R)
 ...+> } else S
|
 if (<+... R->m ...+>) { <+...
*f@e(R)
 ...+> }
|
 if (<+... R->m ...+>) { <+...
*f@e(R)
 ...+> } else S
|
 (<+... R.m ...+>) && (<+...
*f@e(&R)
 ...+>)
|
 (<+... R->m ...+>) && (<+...
*f@e(R)
 ...+>)
)

@member_else disable drop_else, neg_if@
expression R;
identifier m;
identifier f =~ "^mmu_notifier_invalidate_range_start" || =~ "^mmu_notifier_invalidate_range_.*end$";
position e;
statement S;
@@

(
 if (<+... R.m ...+>) S else { <+...
*f@e(&R)
 ...+> }
|
 if (<+... R->m ...+>) S else { <+...
*f@e(R)
 ...+> }
)

@member_return exists@
expression R;
identifier m;
identifier f =~ "^mmu_notifier_invalidate_range_.*end$";
position e;
@@

(
 if (<+... R.m ...+>) { ... return ...; }
 ... when != mmu_notifier_invalidate_range_start(&R)
     when != mmu_notifier_invalidate_range_start_nonblock(&R)
*f@e(&R)
|
 if (<+... R->m ...+>) { ... return ...; }
 ... when != mmu_notifier_invalidate_range_start(R)
     when != mmu_notifier_invalidate_range_start_nonblock(R)
*f@e(R)
)

// The start that must not block: its result.

@ignored@
position s;
@@

*mmu_notifier_invalidate_range_start_nonblock@s(...);

@looked_at exists@
expression E;
position l;
@@

 E = mmu_notifier_invalidate_range_start_nonblock@l(...)
 ... when != E = ...
 E

@lost@
expression E;
position s != looked_at.l;
@@

*E = mmu_notifier_invalidate_range_start_nonblock@s(...)

@overwritten exists@
expression E, E1;
position s;
@@

*E = mmu_notifier_invalidate_range_start_nonblock@s(...)
 ... when != E
 E = E1

// The start that must not block: it failed, and yet the range is ended.

@refused disable neg_if, ne_if exists@
expression R, E;
position s, i;
statement S, S1;
@@

(
 if@i (\(mmu_notifier_invalidate_range_start_nonblock@s(R)\|
         mmu_notifier_invalidate_range_start_nonblock@s(R) != 0\|
         mmu_notifier_invalidate_range_start_nonblock@s(R) < 0\)) S else S1
|
 E = mmu_notifier_invalidate_range_start_nonblock@s(R)
 ... when != E = ...
 if@i (\(E\|E != 0\|E < 0\)) S else S1
)

@conditional@
position c;
@@

 if (...) { <+...
 mmu_notifier_invalidate_range_end@c(...)
 ...+> }

@inside disable drop_else@
position refused.i, e;
statement S;
@@

(
 if@i (...) { <+...
*mmu_notifier_invalidate_range_end@e(...)
 ...+> }
|
 if@i (...) { <+...
*mmu_notifier_invalidate_range_end@e(...)
 ...+> } else S
)

@leaves exists@
position refused.i, o;
identifier l;
@@

 if@i@o (...) {
 ... when any
\(return ...;\|goto l;\|break;\|continue;\)
 }

@falls_through exists@
expression refused.R;
position refused.i, t != leaves.o, e != conditional.c;
statement S;
@@

 if@i@t (...) S
 ... when != mmu_notifier_invalidate_range_start(R)
     when != mmu_notifier_invalidate_range_start_nonblock(R)
*mmu_notifier_invalidate_range_end@e(R)

@jump exists@
identifier f, l;
position refused.i;
@@

 f(...) {
 ... when any
 if@i (...) {
 ... when any
 goto l;
 }
 ... when any
 }

@landing exists@
identifier jump.f, jump.l;
expression refused.R;
position e != conditional.c;
@@

 f(...) {
 ... when any
 l:
 ... when != mmu_notifier_invalidate_range_start(R)
     when != mmu_notifier_invalidate_range_start_nonblock(R)
*mmu_notifier_invalidate_range_end@e(R)
 ... when any
 }

@accepted exists@
expression refused.R;
position refused.i, leaves.o, r;
identifier g !~ "^mmu_notifier_";
statement S;
@@

 if@i@o (...) S
 ... when != mmu_notifier_invalidate_range_end(R)
     when != mmu_notifier_invalidate_range_start(R)
     when != mmu_notifier_invalidate_range_start_nonblock(R)
     when != g(..., R, ...)
(
 return <+... g(..., R, ...) ...+>;
|
*return@r ...;
)

@accepted_if exists@
expression R;
position p, r;
@@

 if (!mmu_notifier_invalidate_range_start_nonblock@p(R)) {
 ... when != mmu_notifier_invalidate_range_end(R)
*return@r ...;
 }

// A subscription that can refuse a start, and has an end.

@starts@
identifier ops, start;
@@

 struct mmu_notifier_ops ops = { .invalidate_range_start = start, };

@both@
identifier starts.ops, end;
position p;
@@

 struct mmu_notifier_ops ops = {
*.invalidate_range_end@p = end,
 };

@refuses depends on both exists@
identifier starts.start;
identifier errno =~ "^E[A-Z]";
position r;
expression E;
@@

 start(...) {
 ... when any
(
*return@r -errno;
|
 E = -errno
 ... when any
*return@r E;
)
 ... when any
 }

@script:python depends on report || org@
r << early.r;
st << early.st;
@@

say(r[0], "ERROR: the range started on line %s is not ended before this return" % st[0].line)

@script:python depends on report || org@
r << early_guarded.r;
st << early_guarded.st;
@@

say(r[0], "ERROR: the range started on line %s is not ended before this return" % st[0].line)

@script:python depends on report || org@
s << unended.s;
@@

say(s[0], "ERROR: this local range is started and never ended")

@script:python depends on report || org@
s << ignored.s;
@@

say(s[0], "ERROR: the result of this non-blocking start is ignored")

@script:python depends on report || org@
s << lost.s;
@@

say(s[0], "ERROR: the result of this non-blocking start is ignored")

@script:python depends on report || org@
s << overwritten.s;
@@

say(s[0], "ERROR: whether this start was refused is overwritten before it is looked at")

@script:python depends on report || org@
e << inside.e;
@@

say(e[0], "ERROR: the start of this range was refused, it must not be ended")

@script:python depends on report || org@
e << falls_through.e;
@@

say(e[0], "ERROR: the range is ended even if its start was refused")

@script:python depends on report || org@
e << landing.e;
l << jump.l;
@@

say(e[0], "ERROR: the range is ended even if its start was refused (goto %s)" % l)

@script:python depends on report || org@
r << refuses.r;
start << starts.start;
ops << starts.ops;
@@

say(r[0], "ERROR: %s() can refuse a start, but %s has an invalidate_range_end" % (start, ops))

@script:python depends on report || org@
r << accepted.r;
@@

say(r[0], "ERROR: the range whose start was accepted is not ended before this return")

@script:python depends on report || org@
r << accepted_if.r;
@@

say(r[0], "ERROR: the range whose start was accepted is not ended before this return")

@script:python depends on report || org@
e << member.e;
f << member.f;
@@

what = "ended" if f.endswith("_end") else "started"
say(e[0], "ERROR: whether this range is %s depends on a member of it" % what)

@script:python depends on report || org@
e << member_else.e;
f << member_else.f;
@@

what = "ended" if f.endswith("_end") else "started"
say(e[0], "ERROR: whether this range is %s depends on a member of it" % what)

@script:python depends on report || org@
e << member_return.e;
f << member_return.f;
@@

what = "ended" if f.endswith("_end") else "started"
say(e[0], "ERROR: whether this range is %s depends on a member of it" % what)

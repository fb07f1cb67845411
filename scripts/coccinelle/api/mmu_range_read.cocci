// SPDX-License-Identifier: GPL-2.0-only
///
/// mmu_range_read_retry() or mmu_range_read_cancel() must end each read section of
/// a range reader: one that is not ended may keep one of the four watches of its
/// mm forever.
///
//# A function that is given the range reader counts as ending it. A begin in a
//# branch, or followed by setting a flag, counts as ended by an end under any
//# condition. What a begin that succeeded leaves behind its branch is not found.
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

// A read section that another function ends is ignored, unless the range reader
// is a local variable.

@paired exists@
expression R;
identifier begin =~ "^mmu_range_read_begin";
position p;
@@

 begin@p(R, ...)
 ... when any
 \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)

@own@
local idexpression struct mmu_range_reader reader;
identifier begin =~ "^mmu_range_read_begin";
position p;
@@

 begin@p(&reader, ...)

@elsewhere@
identifier begin =~ "^mmu_range_read_begin";
position p != {paired.p,own.p};
@@

 begin@p(...)

// A begin in a branch, or followed by setting a flag: its end stands under a
// condition as well, not necessarily the same text.

@branch disable drop_else@
identifier begin =~ "^mmu_range_read_begin" && !~ "_killable$";
position b;
statement S;
@@

(
 if (...) { <+... begin@b(...) ...+> }
|
 if (...) S else { <+... begin@b(...) ...+> }
)

@flagged exists@
expression R;
identifier begin =~ "^mmu_range_read_begin" && !~ "_killable$";
identifier flag;
position b;
symbol true;
@@

 begin@b(R, ...);
 ... when any
 flag = true;
 ... when any
 if (flag) { ... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ... }

// A path that leaves the function.

@always@
identifier begin =~ "^mmu_range_read_begin" && !~ "_killable$";
position a != {elsewhere.p,branch.b,flagged.b};
@@

 begin@a(...)

@left exists@
expression R;
identifier begin;
identifier g !~ "^mmu_range_read_";
position always.a, r;
@@

*begin@a(R, ...);
 ... when != \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)
     when != g(..., R, ...)
(
 return <+... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ...+>;
|
 return <+... g(..., R, ...) ...+>;
|
*return@r ...;
)

@left_guarded exists@
expression R;
identifier begin =~ "^mmu_range_read_begin" && !~ "_killable$";
identifier g !~ "^mmu_range_read_";
position b != {elsewhere.p,always.a}, r;
@@

*begin@b(R, ...);
 ... when != \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)
     when != g(..., R, ...)
     when != if (...) { <+... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ...+> }
(
 return <+... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ...+>;
|
 return <+... g(..., R, ...) ...+>;
|
*return@r ...;
)

// The begin failed if a fatal signal is pending: then there is nothing to end.

@killed disable neg_if, ne_if exists@
expression R, E;
identifier begin =~ "^mmu_range_read_begin.*_killable$";
position b != elsewhere.p, i;
statement S, S1;
@@

(
 if@i (\(begin@b(R, ...)\|begin@b(R, ...) != 0\|begin@b(R, ...) < 0\)) S else S1
|
 E = begin@b(R, ...)
 ... when != E = ...
 if@i (\(E\|E != 0\|E < 0\)) S else S1
)

@left_killable exists@
expression killed.R;
position killed.i, r;
identifier g !~ "^mmu_range_read_";
statement S;
@@

 if@i (...) S
 ... when != \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)
     when != g(..., R, ...)
(
 return <+... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ...+>;
|
 return <+... g(..., R, ...) ...+>;
|
*return@r ...;
)

@begun disable neg_if exists@
expression R, E;
identifier begin =~ "^mmu_range_read_begin.*_killable$";
position b != elsewhere.p, i;
statement S, S1;
@@

(
 if@i (\(!begin@b(R, ...)\|begin@b(R, ...) == 0\)) S else S1
|
 E = begin@b(R, ...)
 ... when != E = ...
 if@i (\(!E\|E == 0\)) S else S1
)

@left_begun exists@
expression begun.R;
position begun.i, r;
identifier g !~ "^mmu_range_read_";
@@

 if@i (...) {
 ... when != \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)
     when != g(..., R, ...)
(
 return <+... \(mmu_range_read_retry\|mmu_range_read_cancel\)(R) ...+>;
|
 return <+... g(..., R, ...) ...+>;
|
*return@r ...;
)
 ... when any
 }

// The next read section begins before this one has ended.

@again exists@
expression R;
identifier begin =~ "^mmu_range_read_begin";
identifier next =~ "^mmu_range_read_begin";
identifier g !~ "^mmu_range_read_";
position b, p;
@@

*begin@b(R, ...)
 ... when != \(mmu_range_read_retry\|mmu_range_read_cancel\)(R)
     when != g(..., R, ...)
*next@p(R, ...)

@script:python depends on report || org@
r << left.r;
@@

say(r[0], "ERROR: the read section of a range reader is not ended before this return")

@script:python depends on report || org@
r << left_guarded.r;
@@

say(r[0], "ERROR: the read section of a range reader is not ended before this return")

@script:python depends on report || org@
r << left_killable.r;
@@

say(r[0], "ERROR: the read section of a range reader is not ended before this return")

@script:python depends on report || org@
r << left_begun.r;
@@

say(r[0], "ERROR: the read section of a range reader is not ended before this return")

@script:python depends on report || org@
b << again.b;
p << again.p;
@@

say(p[0], "ERROR: the read section that begins on line %s has not ended" % b[0].line)

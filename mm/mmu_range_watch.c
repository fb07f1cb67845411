// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: watches for range readers that were overrun.
 *
 * A watch is a copy, in the mm, of the addresses that a range reader reads. The
 * first overlapping start leaves its sequence there. The watch is taken under the
 * lock; the range reader looks at it, and gives it back, without the lock.
 *
 * Watches are few. A range reader that is never ended costs one of them, and
 * nothing else. A set with more ranges than a watch has room for is cut at its
 * largest gaps; the history since the first hit tells whether that hit was in a
 * range or in a gap.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_internal.h"

/* The largest gaps of a set, each by the index of the range after it. */
struct mn_gaps {
	unsigned int behind[MN_WATCH_SPANS - 1];
	unsigned int nr;
};

static unsigned long mn_gap(const struct mmu_read_range *set,
			    unsigned int behind)
{
	return set[behind].start - set[behind - 1].end;
}

/* Keep this gap, in the order of the set, unless all those kept are larger. */
static void mn_add_gap(struct mn_gaps *gaps, const struct mmu_read_range *set,
		       unsigned int behind)
{
	unsigned int i, smallest = 0;

	if (gaps->nr == ARRAY_SIZE(gaps->behind)) {
		for (i = 1; i < gaps->nr; i++) {
			if (mn_gap(set, gaps->behind[i]) <
			    mn_gap(set, gaps->behind[smallest]))
				smallest = i;
		}
		if (mn_gap(set, behind) <= mn_gap(set, gaps->behind[smallest]))
			return;
		gaps->nr--;
		for (i = smallest; i < gaps->nr; i++)
			gaps->behind[i] = gaps->behind[i + 1];
	}
	gaps->behind[gaps->nr++] = behind;
}

/* Fill in the spans. Without the lock: there may be thousands of ranges. */
static void mn_watch_init(struct mn_watch *watch,
			  const struct mmu_range_reader *reader)
{
	const struct mmu_read_range *set = reader->set;
	struct mn_gaps gaps = { };
	unsigned int i;

	if (!set) {
		watch->spans[0].first = reader->first;
		watch->spans[0].last = reader->last;
		watch->nr = 1;
	} else if (reader->nr) {
		for (i = 1; i < reader->nr; i++)
			mn_add_gap(&gaps, set, i);
		watch->spans[0].first = reader->first;
		for (i = 0; i < gaps.nr; i++) {
			watch->spans[i].last = set[gaps.behind[i] - 1].end - 1;
			watch->spans[i + 1].first = set[gaps.behind[i]].start;
		}
		watch->spans[gaps.nr].last = reader->last;
		watch->nr = gaps.nr + 1;
	}
}

/* Returns the index of a watch for the range reader, or MN_WATCHES if none is free. */
static unsigned long mn_watch_find(struct mn_ranges *ranges,
				   const struct mmu_range_reader *reader)
	__must_hold(&ranges->lock)
{
	unsigned long i;

	for (i = 0; i < MN_WATCHES; i++) {
		if (WARN_ONCE(READ_ONCE(ranges->watches[i].reader) == reader,
			      "a range reader has gone without an end\n"))
			return i;
	}
	for (i = 0; i < MN_WATCHES; i++) {
		/* Pairs with (Q): the last reader has looked at its hit. */
		if (!test_and_set_bit_lock(i, &ranges->watched))
			break;
	}
	return i;
}

/* If no watch is free, the history must do. */
void mn_watch_take(struct mmu_range_reader *reader)
{
	struct mn_ranges *ranges = reader->ranges;
	struct mn_watch new = { }, *watch;
	unsigned long i;

	mn_watch_init(&new, reader);

	guard(spinlock)(&ranges->lock);

	i = mn_watch_find(ranges, reader);
	if (i == MN_WATCHES)
		return;
	watch = &ranges->watches[i];
	memcpy(watch->spans, new.spans, sizeof(new.spans));
	watch->nr = new.nr;
	WRITE_ONCE(watch->reader, reader);
	WRITE_ONCE(watch->hit, 0);
	ranges->reserved = ~0UL;
	reader->watch = i + 1;
	reader->began = ranges->last_seq;
}

bool mn_watch_is_own(const struct mmu_range_reader *reader)
{
	/* A copy of a range reader does not own the watch of the original. */
	return READ_ONCE(reader->ranges->watches[reader->watch - 1].reader) ==
	       reader;
}

/* The first sequence since the begin whose range hit the watch, or 0. */
unsigned long mn_watch_hit(const struct mmu_range_reader *reader)
{
	/* (T) Pairs with (S) in mn_range_hit_watches(). */
	return smp_load_acquire(&reader->ranges->watches[reader->watch - 1].hit);
}

/*
 * Forget the hit, unless what has hit the watch may be active. The range reader looks
 * at the slots again before it reads: (O) orders what has been looked at here, too.
 */
void mn_watch_renew(const struct mmu_range_reader *reader)
{
	struct mn_ranges *ranges = reader->ranges;
	struct mn_watch *watch = &ranges->watches[reader->watch - 1];
	unsigned long mask;

	guard(spinlock)(&ranges->lock);

	/* Not the set, which may have thousands of ranges. */
	mask = READ_ONCE(ranges->active);
	if (unlikely(mask & MN_UNTRACKED) &&
	    mn_watch_overlaps(watch, ranges->untracked.first,
			      ranges->untracked.last))
		return;
	for (mask &= ~MN_UNTRACKED; mask; mask &= mask - 1) {
		const struct mn_span *span = &ranges->slots[__ffs(mask)].span;

		if (mn_watch_overlaps(watch, span->first, span->last))
			return;
	}
	WRITE_ONCE(watch->hit, 0);
}

/* Whether a hit is always in one of the ranges, never in a gap between them. */
bool mn_watch_is_exact(const struct mmu_range_reader *reader)
{
	return !reader->set || reader->nr <= MN_WATCH_SPANS;
}

void mn_watch_give_back(struct mmu_range_reader *reader)
{
	struct mn_ranges *ranges = reader->ranges;
	const unsigned long last_seq = READ_ONCE(*reader->last_seq);
	const unsigned long i = reader->watch - 1;

	/* Without the watch, this read section would have been overrun. */
	if (last_seq - reader->began > MN_HISTORY)
		WRITE_ONCE(ranges->overrun, last_seq);

	/* Atomic: if two threads end one reader, only one may free the watch. */
	if (!WARN_ONCE(cmpxchg_relaxed(&ranges->watches[i].reader, reader,
				       NULL) != reader,
		       "the copy of a range reader ends\n")) {
		/*
		 * (Q) Look at the hit before the next range reader takes the
		 * watch. Pairs with test_and_set_bit_lock() in mn_watch_find().
		 */
		clear_bit_unlock(i, &ranges->watched);
	}
	reader->watch = 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: the active ranges of an mm.
 *
 * A range that starts takes the next sequence and the slot that goes with it.
 * It is active until its end clears the slot's bit. Readers of overlapping
 * intervals wait that long.
 *
 * Slots
 *
 * A slot holds a range by value. Nothing points to the caller's range, which is
 * usually on a stack. A range that is never ended, that is ended twice or through
 * a copy, or whose task dies in a callback, misleads or blocks readers of that
 * range, and does no other harm. (The exceptions are an end while the start still
 * runs callbacks, which rely on the range being active; and the end of the copy of
 * an untracked range, which is taken for that of another one.)
 *
 * When all slots are taken, further ranges are untracked: they are only
 * counted, and noted in the interval_subs that they overlap. A waiter cannot
 * tell them apart and waits for all of them. To bound that wait, untracked
 * ranges belong to generations: a waiter closes the current one, and later
 * ranges belong to the next. A chain of untracked ranges holds up no waiter
 * forever; one that is never ended holds up the waiters of its generation and of
 * all later ones.
 *
 * History
 *
 * An inactive slot keeps the last range it held. So the slots also tell which
 * ranges have started since a sequence, if that is recent enough: see
 * mmu_range_read.c. To keep this true, sequences that are skipped because their
 * slot is active become visible before the next slot is reused; and a range
 * without a slot skips as many sequences as there are slots.
 */

#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mmu_notifier.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "mmu_notifier_internal.h"

/* In &mmu_notifier_range.flags of an untracked range. MN_DEBUG_RANGE_* are there, too. */
#define MN_RANGE_UNTRACKED	BIT(31)
#define MN_RANGE_ODD		BIT(30)	/* its generation is odd */
#define MN_RANGE_HASH		GENMASK(29, 8)	/* of its addresses */

static_assert(sizeof(struct mmu_notifier_range) <= 56);

/*
 * The life of a range
 */

/* No range is active yet. */
struct mn_ranges *mn_ranges_alloc(void)
{
	struct mn_ranges *ranges;
	unsigned int i;

	ranges = kzalloc_obj(*ranges);
	if (!ranges)
		return NULL;

	/*
	 * Zeroed, the tree and the slots are empty. Slot 0 matches no range,
	 * and overlaps none.
	 */
	spin_lock_init(&ranges->lock);
	for (i = 0; i < MN_SLOTS; i++)
		init_waitqueue_head(&ranges->waiters[i]);
	init_waitqueue_head(&ranges->untracked_waiters);
	ranges->slots[0].seq = U64_MAX;
	ranges->slots[0].span.first = ULONG_MAX;
	ranges->reserved = MN_UNTRACKED;
	/* An interval_sub that no untracked range has overlapped notes 0. */
	ranges->generation = 2;
	/* Odd, of slot 0, and unlike that of any other mm. */
	ranges->last_seq = (u64)(get_random_u32() >> 9) << 32 | 1;
	return ranges;
}

static bool mn_range_is_untracked(const struct mmu_notifier_range *range)
{
	return range->flags & MN_RANGE_UNTRACKED;
}

/* Whether an untracked range belongs to the previous generation. */
static bool mn_range_is_draining(const struct mn_ranges *ranges,
				 const struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	const bool odd = range->flags & MN_RANGE_ODD;

	return odd != ranges->generation % 2;
}

/* Advance @oldest past ranges that ended. Untracked ones may be as old as any. */
static void mn_renew_oldest(struct mn_ranges *ranges)
	__must_hold(&ranges->lock)
{
	u64 oldest = ranges->last_seq + 2;
	unsigned long mask = ranges->active;

	if (mask & MN_UNTRACKED)
		return;
	for (; mask; mask &= mask - 1)
		oldest = min(oldest, ranges->slots[__ffs(mask)].seq);
	WRITE_ONCE(ranges->oldest, oldest);
}

/* Tells a range from a copy with other addresses, most probably. */
static unsigned int mn_hash(const struct mmu_notifier_range *range)
{
	const unsigned long hash = hash_long(range->start, BITS_PER_LONG);

	return FIELD_PREP(MN_RANGE_HASH,
			  hash_long(hash ^ range->end, 22));
}

/* The next slot is taken, or is slot 0. */
static noinline void mn_range_skip_slots(struct mn_ranges *ranges,
					 struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	u64 seq = ranges->last_seq + 2;

	while ((ranges->active | MN_UNTRACKED) & BIT(mn_slot_of(seq)))
		seq += 2;
	if (mn_slot_of(seq) <= mn_slot_of(ranges->last_seq))
		mn_renew_oldest(ranges);
	WRITE_ONCE(ranges->last_seq, seq - 2);
	/*
	 * (L) The skipped sequences are visible before the slot that comes after
	 * them is reused, so that a range reader that sees it reused also sees that
	 * it is overrun. Pairs with (P) in mn_has_collided(). If none is skipped,
	 * the lock orders this.
	 */
	smp_wmb();
	mn_range_take_slot(ranges, range, seq);
}

static void mn_grow_untracked(struct mn_ranges *ranges,
			      const struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	struct mn_span *span = &ranges->untracked;
	unsigned long first = range->start, last = range->end - 1;

	if (ranges->nr_untracked) {
		first = min(first, span->first);
		last = max(last, span->last);
	}
	WRITE_ONCE(span->first, first);
	WRITE_ONCE(span->last, last);
}

/* There is no slot. Range readers that began before this are overrun. */
static void mn_range_go_untracked(struct mn_ranges *ranges,
				  struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	const u64 seq = ranges->last_seq + 2 * MN_SLOTS;

	range->seq = seq;
	range->flags &= ~(MN_RANGE_ODD | MN_RANGE_HASH);
	range->flags |= MN_RANGE_UNTRACKED | mn_hash(range);
	if (ranges->generation % 2)
		range->flags |= MN_RANGE_ODD;
	mn_grow_untracked(ranges, range);
	ranges->nr_untracked++;
	WRITE_ONCE(ranges->active, ranges->active | MN_UNTRACKED);
	/* (D) As in mn_range_take_slot(). */
	smp_wmb();
	WRITE_ONCE(ranges->last_seq, seq);
}

static noinline void
mn_range_hit_watches(struct mn_ranges *ranges,
		     const struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	unsigned long mask = READ_ONCE(ranges->watched);
	unsigned long hit = range->seq;

	/* It has no slot: make the history since the hit look overrun. */
	if (mn_range_is_untracked(range))
		hit -= 2 * (MN_SLOTS - 1);
	/* Range readers give watches back locklessly: do this for them. */
	if (!mask)
		ranges->reserved = MN_UNTRACKED;
	for (; mask; mask &= mask - 1) {
		struct mn_watch *watch = &ranges->watches[__ffs(mask)];

		if (watch->hit ||
		    !mn_watch_overlaps(watch, range->start, range->end - 1))
			continue;
		/*
		 * (S) A range reader that sees the hit also sees a last sequence
		 * no older than it. Pairs with (T) in mn_watch_hit().
		 */
		smp_store_release(&watch->hit, hit);
	}
}

/* The next slot is taken, is slot 0, or there may be watches. */
void mn_range_activate_slow(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range)
{
	if (~ranges->active & ~MN_UNTRACKED)
		mn_range_skip_slots(ranges, range);
	else
		mn_range_go_untracked(ranges, range);

	if (unlikely(ranges->reserved != MN_UNTRACKED))
		mn_range_hit_watches(ranges, range);
}

/*
 * Whether a range with this sequence is active, this one or a copy of it; *@same
 * tells whether the active one has the same addresses.
 */
bool mn_range_is_active(struct mn_ranges *ranges,
			const struct mmu_notifier_range *range, bool *same)
{
	const unsigned long i = mn_slot_of(range->seq);
	const struct mn_slot *slot = &ranges->slots[i];

	guard(spinlock)(&ranges->lock);

	if (mn_range_is_untracked(range)) {
		*same = (range->flags & MN_RANGE_HASH) == mn_hash(range);
		return ranges->nr_untracked;
	}
	*same = slot->span.first == range->start &&
		slot->span.last == range->end - 1;
	return slot->seq == range->seq && ranges->active & BIT(i);
}

/* Make this a range that has not started. */
void mn_range_forget(struct mmu_notifier_range *range)
{
	range->seq = 0;
	range->section = 0;
	range->flags &= ~MN_RANGE_UNTRACKED;
}

/*
 * The end of a range without a slot. It is untracked; or it started before the
 * mm had slots, which is fine; or the caller ends a range that is not active.
 */
static noinline bool
mn_range_deactivate_slow(struct mn_ranges *ranges,
			 struct mmu_notifier_range *range)
	__releases(&ranges->lock)
{
	bool draining = mn_range_is_draining(ranges, range);
	bool active = range->seq % 2 && mn_range_is_untracked(range) &&
		      (draining ? ranges->nr_draining :
				  ranges->nr_untracked -
				  ranges->nr_draining);
	bool drained = false;

	if (active) {
		range->flags &= ~(MN_RANGE_UNTRACKED | MN_RANGE_ODD |
				  MN_RANGE_HASH);
		range->seq++;
		if (draining)
			drained = !--ranges->nr_draining;
		if (!--ranges->nr_untracked) {
			/* Readers that noted these ranges skip later ones. */
			ranges->generation += 2;
			/* (F) As in mn_range_deactivate(). */
			smp_store_release(&ranges->active,
					  ranges->active & ~MN_UNTRACKED);
		}
	}
	spin_unlock(&ranges->lock);

	if (drained)
		wake_up_all(&ranges->untracked_waiters);
	return active || !range->seq ||
	       !mn_warn_unless_debugged(true, range,
					"the end of [%#lx, %#lx), which is not active\n",
					range->start, range->end);
}

static noinline void mn_wake_waiters(struct mn_ranges *ranges,
				     unsigned long i)
	__releases(&ranges->lock)
{
	ranges->awaited &= ~BIT(i);
	spin_unlock(&ranges->lock);
	wake_up_all(&ranges->waiters[i]);
}

/* Returns whether the range was active, or started before the mm had slots. */
bool mn_range_deactivate(struct mn_ranges *ranges,
			 struct mmu_notifier_range *range)
{
	unsigned long active, i;

	spin_lock(&ranges->lock);
	active = ranges->active;
	i = mn_slot_of(range->seq);
	if (unlikely(ranges->slots[i].seq != range->seq ||
		     !(active & BIT(i))))
		return mn_range_deactivate_slow(ranges, range);

	range->seq++;
	/*
	 * (F) Changes to the page table in this range, and by way of the lock
	 * in all that ended before, come before its end. Pairs with (H) in
	 * mn_read_begin(), (K) in mn_may_overlap_active(), (N) in
	 * mn_range_read_begin() and (O) in mn_slots_to_wait_for().
	 */
	smp_store_release(&ranges->active, active & ~BIT(i));
	/* Waiters join under the lock. */
	if (unlikely(ranges->awaited & BIT(i)))
		mn_wake_waiters(ranges, i);
	else
		spin_unlock(&ranges->lock);
	return true;
}

/*
 * Waiters
 */

/* Whether the slot has an active range with a sequence up to @mark. */
bool mn_holds_up(const struct mn_ranges *ranges, unsigned long i, u64 mark)
{
	lockdep_assert_held(&ranges->lock);

	return ranges->active & BIT(i) && ranges->slots[i].seq <= mark;
}

/*
 * Without the lock, whether an active range that started before this call may
 * overlap. May be wrong in one direction only: true where none does.
 */
bool mn_may_overlap_active(const struct mn_ranges *ranges, unsigned long first,
			   unsigned long last)
{
	const u64 last_seq = READ_ONCE(ranges->last_seq);
	unsigned long mask;

	/* 32-bit machines may tear a u64. */
	if (!IS_ENABLED(CONFIG_64BIT))
		return true;
	/*
	 * (J) Every range up to this sequence is seen in the mask and in its
	 * slot, or has ended. Pairs with (D) in mn_range_take_slot().
	 */
	smp_rmb();
	mask = READ_ONCE(ranges->active);
	if (unlikely(mask & MN_UNTRACKED))
		return true;
	for (; mask; mask &= mask - 1) {
		if (mn_overlaps(&ranges->slots[__ffs(mask)].span, first, last))
			return true;
	}
	/*
	 * (K) The read section sees what was done to the page table in ranges
	 * that are gone from the mask, or whose slot has been reused. Pairs
	 * with (F) in mn_range_deactivate(), and with the lock, under which a
	 * range ends before the next one takes its slot. The mask may miss a
	 * range whose callback has run: then last_seq has changed.
	 */
	smp_rmb();
	return READ_ONCE(ranges->last_seq) != last_seq;
}

/*
 * What an interval_sub that the range overlaps must note, if it has @noted this
 * before: the generation of the range if it is untracked.
 */
u8 mn_generation_of(const struct mn_ranges *ranges,
		    const struct mmu_notifier_range *range, u8 noted)
{
	/* Keep the later generation: the earlier one ends first. */
	if (!mn_range_is_untracked(range) || noted == (u8)ranges->generation)
		return noted;
	return ranges->generation - mn_range_is_draining(ranges, range);
}

/*
 * As above, if any active untracked range may overlap. There is at least one. Not
 * only the low byte, which is what an interval_sub notes.
 */
unsigned long mn_generation_of_all(const struct mn_ranges *ranges)
{
	return ranges->generation -
	       (ranges->nr_draining == ranges->nr_untracked);
}

/*
 * Whether all untracked ranges up to this generation have ended. If it is the
 * current one and the one before has ended, close it.
 */
bool mn_has_drained(struct mn_ranges *ranges, unsigned long generation)
{
	lockdep_assert_held(&ranges->lock);

	if (ranges->generation == generation && !ranges->nr_draining) {
		ranges->generation++;
		ranges->nr_draining = ranges->nr_untracked;
	}
	return ranges->generation - generation > !!ranges->nr_draining;
}

static int mn_waited(struct mn_trace_wait *wait, int err)
{
	const int ret = err ? -EINTR : 0;

	mn_trace_wait_end(wait, ret);
	return ret;
}

/* There is no telling which of them holds it up. */
static void mn_trace_wait_for_untracked(struct mn_ranges *ranges,
					unsigned long generation,
					enum mmu_notifier_waiter waiter,
					struct mn_trace_wait *wait)
	__must_hold(&ranges->lock)
{
	const struct mn_span *span = &ranges->untracked;

	if (mn_traces_waits() && !mn_has_drained(ranges, generation))
		mn_trace_wait_begin(wait, ranges->mm, waiter, 0, span->first,
				    span->last + 1);
}

int mn_wait_for_untracked(struct mn_ranges *ranges, u8 untracked,
			  unsigned int state, enum mmu_notifier_waiter waiter)
{
	unsigned long generation = ranges->generation;
	struct mn_trace_wait wait = {};
	int err;

	/* Older generations have ended. */
	if (untracked == (u8)(generation - 1))
		generation--;
	else if (untracked != (u8)generation)
		return 0;

	mn_trace_wait_for_untracked(ranges, generation, waiter, &wait);
	err = ___wait_event(ranges->untracked_waiters,
			    mn_has_drained(ranges, generation),
			    state, 0, 0,
			    spin_unlock(&ranges->lock);
			    schedule();
			    spin_lock(&ranges->lock));
	return mn_waited(&wait, err);
}

static void mn_trace_wait_for_slot(const struct mn_ranges *ranges,
				   unsigned long i, u64 mark,
				   enum mmu_notifier_waiter waiter,
				   struct mn_trace_wait *wait)
	__must_hold(&ranges->lock)
{
	const struct mn_slot *slot = &ranges->slots[i];

	if (mn_traces_waits() && mn_holds_up(ranges, i, mark))
		mn_trace_wait_begin(wait, ranges->mm, waiter, slot->seq,
				    slot->span.first, slot->span.last + 1);
}

/* Sleep until the range in the slot has ended, unless its sequence is above @mark. */
int mn_wait_for_slot(struct mn_ranges *ranges, unsigned long i, u64 mark,
		     unsigned int state, enum mmu_notifier_waiter waiter)
{
	struct mn_trace_wait wait = {};
	int err;

	mn_trace_wait_for_slot(ranges, i, mark, waiter, &wait);
	err = ___wait_event(ranges->waiters[i],
			    !mn_holds_up(ranges, i, mark),
			    state, 0, 0,
			    ranges->awaited |= BIT(i);
			    spin_unlock(&ranges->lock);
			    schedule();
			    spin_lock(&ranges->lock));
	return mn_waited(&wait, err);
}

/*
 * Sleep until every overlapping range that is active now has ended, and every
 * untracked one up to the generation @untracked. Keeps the lock if there are
 * none.
 */
int mn_wait(struct mn_ranges *ranges, unsigned long first, unsigned long last,
	    u8 untracked, unsigned int state, enum mmu_notifier_waiter waiter)
{
	unsigned long mask = ranges->active;
	const u64 mark = ranges->last_seq;
	int err = 0;

	lockdep_assert_held(&ranges->lock);

	if (unlikely(mask & MN_UNTRACKED))
		err = mn_wait_for_untracked(ranges, untracked, state, waiter);
	/*
	 * A range that reuses one of these slots has a sequence above @mark, so it
	 * is not waited for. If it overlaps, the range that held the slot before
	 * has ended.
	 */
	for (mask &= ~MN_UNTRACKED; mask && !err; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);

		/* Most do not overlap: spare them the wait_event. */
		if (mn_overlaps(&ranges->slots[i].span, first, last))
			err = mn_wait_for_slot(ranges, i, mark, state, waiter);
	}
	return err;
}

void mn_wait_for_active(struct mn_ranges *ranges)
{
	guard(spinlock)(&ranges->lock);
	mn_wait(ranges, 0, ULONG_MAX, mn_generation_of_all(ranges),
		TASK_UNINTERRUPTIBLE, MMU_NOTIFIER_REGISTRATION);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: the active ranges of an mm.
 *
 * A range becomes active when it starts: it takes the next sequence, and the slot
 * that goes with that. It ends when the slot is clear. In between, readers of the
 * page table there wait.
 *
 * Slots
 *
 * A slot holds a range by value. Nothing points to the range of the caller, on
 * whose stack it usually is: a caller that never ends a range, ends it twice or
 * ends a copy of it, or a task that dies in a callback, can do wrong by readers
 * of that range, and does no other harm. (But for an end while the start still
 * calls: the callbacks count on the range being active.)
 *
 * If all slots are taken, further ranges are untracked: they are counted, and the
 * interval_subs that they overlap remember that. Their readers wait until all
 * untracked ranges of that time have ended, be they of their interval or not. To
 * make that time end, untracked ranges belong to generations: a waiter closes the
 * current one, later ranges belong to the next. So no chain of them holds a waiter
 * up; but one that is never ended holds up the readers of all of its generation,
 * and of those that follow.
 *
 * History
 *
 * A slot that is not active has the last range that was. So the slots also tell
 * which ranges have started since a sequence, as long as that is not too long ago:
 * see mmu_range_read.c. For this, sequences that are left out because their slot
 * is active are announced before the next slot is used again; and a range without
 * a slot leaves out as many as there are slots.
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

/* In &mmu_notifier_range.flags while the range is active and has no slot. */
#define MN_RANGE_UNTRACKED	BIT(31)
#define MN_RANGE_ODD		BIT(30)	/* its generation is odd */
#define MN_RANGE_HASH		GENMASK(29, 8)	/* of its addresses */

static_assert(sizeof(struct mmu_notifier_range) <= 48);

/*
 * The life of a range
 */

/* None is active. */
struct mn_ranges *mn_ranges_alloc(void)
{
	struct mn_ranges *ranges;
	unsigned int i;

	ranges = kzalloc_obj(*ranges);
	if (!ranges)
		return NULL;

	/*
	 * The tree and the slots are empty as they are. The first one is none, and
	 * overlaps nothing.
	 */
	spin_lock_init(&ranges->lock);
	for (i = 0; i < MN_SLOTS; i++)
		init_waitqueue_head(&ranges->waiters[i]);
	init_waitqueue_head(&ranges->untracked_waiters);
	ranges->slots[0].seq = U64_MAX;
	ranges->slots[0].span.first = ULONG_MAX;
	ranges->reserved = MN_UNTRACKED;
	/* An interval_sub that no untracked range has overlapped has 0. */
	ranges->generation = 2;
	/* Odd, for slot 0, and not near that of another mm. */
	ranges->last_seq = (u64)(get_random_u32() >> 9) << 32 | 1;
	return ranges;
}

static bool mn_range_is_untracked(const struct mmu_notifier_range *range)
{
	return range->flags & MN_RANGE_UNTRACKED;
}

/* Whether it belongs to the generation before the current one. */
static bool mn_range_is_draining(const struct mn_ranges *ranges,
				 const struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	const bool odd = range->flags & MN_RANGE_ODD;

	return odd != ranges->generation % 2;
}

/* Forget what has ended; untracked ranges may be as old as any. */
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

/* To tell it from a copy with other addresses, with a great probability. */
static unsigned int mn_hash(const struct mmu_notifier_range *range)
{
	const unsigned long hash = hash_long(range->start, BITS_PER_LONG);

	return FIELD_PREP(MN_RANGE_HASH,
			  hash_long(hash ^ range->end, 22));
}

/* The slot that comes next is not free, or it is the first one. */
static void mn_range_skip_slots(struct mn_ranges *ranges,
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
	 * (L) What is left out is seen before the slot that comes after it: who
	 * sees that used again knows how far it is from before. Pairs with (P)
	 * in mn_has_collided(). Where nothing is left out, the lock does this.
	 */
	smp_wmb();
	mn_range_take_slot(ranges, range, seq);
}

/* There is no slot. Who looks at the history finds that it does not go back. */
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
	ranges->nr_untracked++;
	WRITE_ONCE(ranges->active, ranges->active | MN_UNTRACKED);
	/* (D) As in mn_range_take_slot(). */
	smp_wmb();
	WRITE_ONCE(ranges->last_seq, seq);
}

/* Before the callbacks: their user lock is held to look at what was hit. */
static void mn_range_hit_watches(struct mn_ranges *ranges,
				 const struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	unsigned long mask = READ_ONCE(ranges->watched);

	/* Range readers cannot do this: they need not have the lock. */
	if (!mask)
		ranges->reserved = MN_UNTRACKED;
	for (; mask; mask &= mask - 1) {
		struct mn_watch *watch = &ranges->watches[__ffs(mask)];

		if (!watch->hit && mn_overlaps(&watch->span, range->start,
					       range->end - 1))
			WRITE_ONCE(watch->hit, range->seq);
	}
}

/* The slot that comes next is not to be taken without a look. */
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
 * Whether a range with its sequence is active, which then may be itself or a copy;
 * and if so, whether that has the same addresses.
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

/* It has not started, whatever it says. */
void mn_range_forget(struct mmu_notifier_range *range)
{
	range->seq = 0;
	range->flags &= ~MN_RANGE_UNTRACKED;
}

/*
 * The end of a range that has no slot: untracked; or started before there were
 * any, which is the end of one all the same; or a mistake of the caller, who ends
 * what has ended, or was never started.
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
			/* What they overlapped is not to wait for the next. */
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
	       !WARN_ONCE(1, "the end of [%#lx, %#lx), which is not active\n",
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

/* Returns whether the range was active, or started before there were any. */
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
	 * (F) What was done to the page table in this range, and by way of the
	 * lock in those that ended before, comes before its end. Pairs with (H)
	 * in mn_read_begin(), (K) in mn_may_overlap_active(), (N) in
	 * mn_range_read_begin() and (O) in mn_may_wait().
	 */
	smp_store_release(&ranges->active, active & ~BIT(i));
	/* Waiters join with the lock held. */
	if (unlikely(ranges->awaited & BIT(i)))
		mn_wake_waiters(ranges, i);
	else
		spin_unlock(&ranges->lock);
	return true;
}

/*
 * Those who wait
 */

/* Whether a range with a sequence up to the mark is active in the slot. */
static bool mn_holds_up(const struct mn_ranges *ranges, unsigned long i,
			u64 mark)
	__must_hold(&ranges->lock)
{
	lockdep_assert_held(&ranges->lock);

	return ranges->active & BIT(i) && ranges->slots[i].seq <= mark;
}

/*
 * Without the lock: whether a range that is active, and started before this call,
 * may overlap.
 */
bool mn_may_overlap_active(const struct mn_ranges *ranges, unsigned long first,
			   unsigned long last)
{
	const u64 last_seq = READ_ONCE(ranges->last_seq);
	unsigned long mask;

	/* A u64 is read at once on 64 bit only. */
	if (!IS_ENABLED(CONFIG_64BIT))
		return true;
	/*
	 * (J) Ranges up to this sequence are found in the mask and in their
	 * slot, unless they have ended. Pairs with (D) in mn_range_take_slot().
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
	 * (K) What was done to the page table in ranges that are not in the
	 * mask, or whose slot has been used again, is seen by the read section.
	 * Pairs with (F) in mn_range_deactivate(), and with the lock, under
	 * which a range ends before the next one has its slot. The mask may be
	 * older than a range which has been called for: then last_seq has
	 * changed.
	 */
	smp_rmb();
	return READ_ONCE(ranges->last_seq) != last_seq;
}

/*
 * What an interval_sub is to remember that the range overlaps, and that remembers
 * this: the generation of the range if that is untracked.
 */
u8 mn_generation_of(const struct mn_ranges *ranges,
		    const struct mmu_notifier_range *range, u8 noted)
{
	/* The later generation stays: the one before ends first. */
	if (!mn_range_is_untracked(range) || noted == (u8)ranges->generation)
		return noted;
	return ranges->generation - mn_range_is_draining(ranges, range);
}

/* The same if any of the untracked ranges, which there are, may overlap it. */
u8 mn_generation_of_all(const struct mn_ranges *ranges)
{
	return ranges->generation -
	       (ranges->nr_draining == ranges->nr_untracked);
}

/*
 * Whether all untracked ranges up to this generation have ended. If that waits for
 * the current generation, and the one before has ended, begin the next one.
 */
static bool mn_has_drained(struct mn_ranges *ranges,
			   unsigned long generation)
	__must_hold(&ranges->lock)
{
	lockdep_assert_held(&ranges->lock);

	if (ranges->generation == generation && !ranges->nr_draining) {
		ranges->generation++;
		ranges->nr_draining = ranges->nr_untracked;
	}
	return ranges->generation - generation > !!ranges->nr_draining;
}

int mn_wait_for_untracked(struct mn_ranges *ranges, u8 untracked,
			  unsigned int state)
{
	unsigned long generation = ranges->generation;
	int err;

	/* Only for those of this generation, or the one before. */
	if (untracked == (u8)(generation - 1))
		generation--;
	else if (untracked != (u8)generation)
		return 0;

	err = ___wait_event(ranges->untracked_waiters,
			    mn_has_drained(ranges, generation),
			    state, 0, 0,
			    spin_unlock(&ranges->lock);
			    schedule();
			    spin_lock(&ranges->lock));
	return err ? -EINTR : 0;
}

/* Sleep until the range that is in the slot has ended, if it is up to the mark. */
int mn_wait_for_slot(struct mn_ranges *ranges, unsigned long i, u64 mark,
		     unsigned int state)
{
	int err;

	err = ___wait_event(ranges->waiters[i],
			    !mn_holds_up(ranges, i, mark),
			    state, 0, 0,
			    ranges->awaited |= BIT(i);
			    spin_unlock(&ranges->lock);
			    schedule();
			    spin_lock(&ranges->lock));
	return err ? -EINTR : 0;
}

/*
 * Sleep until all ranges have ended that overlap and are active now; of untracked
 * ones, all up to this generation. Does not release the lock if there are none.
 */
int mn_wait(struct mn_ranges *ranges, unsigned long first, unsigned long last,
	    u8 untracked, unsigned int state)
{
	unsigned long mask = ranges->active;
	const u64 mark = ranges->last_seq;
	int err = 0;

	lockdep_assert_held(&ranges->lock);

	if (unlikely(mask & MN_UNTRACKED))
		err = mn_wait_for_untracked(ranges, untracked, state);
	/*
	 * What takes one of these slots later has a later sequence: it does not
	 * hold up, and if it overlaps where the first did not, that has ended.
	 */
	for (mask &= ~MN_UNTRACKED; mask && !err; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);

		if (mn_overlaps(&ranges->slots[i].span, first, last))
			err = mn_wait_for_slot(ranges, i, mark, state);
	}
	return err;
}

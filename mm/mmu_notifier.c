// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: how secondary MMUs learn that a page table changes.
 *
 * Model
 *
 * A secondary MMU (of a guest, a GPU, an RDMA adapter, ...) holds translations
 * of its own, SPTEs, that were made from the page table of a process. Whoever
 * is about to change that page table announces the range of addresses, changes
 * it, and announces the end: an invalidation. Between start and end no SPTE may
 * exist in the range. Drivers subscribe in one of two ways:
 *
 * - a subscription (struct mmu_notifier) is told of everything that happens to
 *   the mm and does its own bookkeeping;
 * - an interval_sub (struct mmu_interval_notifier) is told of invalidations that
 *   overlap its interval, and gets the collision-retry protocol below, with
 *   which a device fault can build SPTEs from a page table that changes at any
 *   time.
 *
 * Vocabulary
 *
 * range         one invalidation, [start, end); active from its start to its end
 * sequence      its number: odd, and greater than that of every earlier one
 * announce      to call a subscription for a range
 * reader        a device fault between mmu_interval_read_begin() and
 *               mmu_interval_read_retry()
 * user lock     the driver's lock, held by its callback when it tears SPTEs down
 *               and by its reader when it calls mmu_interval_read_retry() and
 *               establishes SPTEs
 * waiter        a reader or a remover that sleeps until ranges have ended
 *
 * Collision-retry
 *
 * Every active range has a slot in its mm with its addresses and its sequence.
 * The callback notes the sequence in the interval_sub. A reader takes a copy of
 * that, waits until no range that overlaps its interval is active, reads the
 * page table, and under the user lock compares:
 *
 *   invalidation                            reader
 *
 *   lock
 *     sequence += 2
 *     fill a slot
 *     find the interval_subs
 *   unlock
 *                                           seq = interval_sub->invalidate_seq
 *   callback                                wait for active ranges that overlap
 *     take the user lock                    read the page table
 *     interval_sub->invalidate_seq =        take the user lock
 *       sequence                              invalidate_seq == seq ?
 *     tear down SPTEs                           establish SPTEs
 *     release the user lock                     : begin anew
 *   change the page table                   release the user lock
 *   lock
 *     clear the slot
 *   unlock
 *   wake those who wait for the slot
 *
 * If the callback takes the user lock first, the sequences differ. If the reader
 * is first, the callback tears down what the reader has just established. If the
 * callback ran before the reader began, the copy is the sequence of an active
 * range, and the reader waits for its end. The reader need not look again after
 * that wait: any range started in between has run, or will run, a callback that
 * changes invalidate_seq.
 *
 * The reader waits for no other range: not for one that does not overlap, not
 * for one that started after the reader began. Nor does insertion or removal. An
 * invalidation waits for its callbacks only.
 *
 * When a range comes to an interval_sub, that notes the last sequence there is. If
 * all that is active is newer than that, its reader need not look at the ranges.
 *
 * The tree of interval_subs may change while ranges are active: a walk resumes
 * only from an interval_sub already called, which cannot leave the tree while the
 * range is active.
 *
 * Slots
 *
 * A slot holds a range by value. Nothing points to the range of the caller, on
 * whose stack it usually is: a caller that never ends a range, ends it twice or
 * ends a copy of it, or a task that dies in a callback, can do wrong by readers
 * of that range, and does no other harm.
 *
 * If all slots are taken, further ranges are untracked: they are counted, and the
 * interval_subs that they overlap remember that. Their readers wait until all
 * untracked ranges of that time have ended, be they of their interval or not. To
 * make that time end, untracked ranges belong to generations: a waiter closes the
 * current one, later ranges belong to the next. So no chain of them holds a waiter
 * up; but one that is never ended holds up the readers of all of its generation,
 * and of those that follow.
 */

#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/interval_tree_generic.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>

/*
 * Structures
 */

/* Most interval_subs that are collected under one acquisition of the lock. */
#define MN_BATCH 32

/* Slots of active ranges. The first one stands for the ranges that have none. */
#define MN_SLOTS	BITS_PER_LONG
#define MN_UNTRACKED	BIT(0)

/**
 * struct mn_span - addresses
 * @first: The first one.
 * @last: The last one.
 */
struct mn_span {
	unsigned long first;
	unsigned long last;
};

/**
 * struct mn_slot - a range by value
 * @span: Its addresses.
 * @seq: Its sequence. Never wraps, also where a long has 32 bits.
 */
struct mn_slot {
	struct mn_span span;
	u64 seq;
} __aligned(4 * sizeof(long));	/* in one cache line */

/**
 * struct mn_intervals - the interval_subs of an mm, and its active ranges
 * @lock: Protects the rest.
 * @itree: The interval_subs.
 * @nr_removing: Number of interval_subs on @itree that are to be announced to no
 *	longer.
 * @active: Mask of the slots whose range is active; MN_UNTRACKED if ranges
 *	without a slot are.
 * @awaited: Mask of the slots with waiters.
 * @nr_untracked: Number of active ranges without a slot.
 * @nr_draining: How many of these belong to the generation before the current one.
 * @generation: The generation that untracked ranges belong to when they start.
 * @last_seq: Last sequence handed out; odd.
 * @oldest: No active range has a lower sequence. Renewed when the slots start over,
 *	and when no range is active.
 * @slots: The slot of a sequence is mn_slot_of() it. A slot that is not active has
 *	the last range that was.
 * @waiters: Who waits for the range in a slot; joined under @lock.
 * @untracked_waiters: Who waits for untracked ranges; joined under @lock.
 *
 * Allocated with the first interval_sub of the mm; freed with the mm.
 *
 *   field            read under                written under
 *   active           lock, or (D)              lock
 *   last_seq         lock, or (E)              lock
 *   slots            lock, or (E) and (F)      lock
 *   oldest           lock, or (K)              lock
 *   all others       lock                      lock
 *
 * Of an interval_sub: @mm, @ops and the interval are constant while it is inserted,
 * its node and the private members are under the lock, but @announced is read after
 * (K), too, and @invalidate_seq is under the user lock, or read by (C).
 */
struct mn_intervals {
	spinlock_t lock;
	struct rb_root_cached itree __guarded_by(&lock);
	unsigned long nr_removing;

	/* Readers look at this without the lock: not beside it. */
	unsigned long active ____cacheline_aligned_in_smp;
	u64 last_seq;
	u64 oldest;
	unsigned long awaited;
	unsigned long nr_untracked;
	unsigned long nr_draining;
	unsigned long generation;
	struct mn_slot slots[MN_SLOTS];
	wait_queue_head_t waiters[MN_SLOTS];
	wait_queue_head_t untracked_waiters;
};

/**
 * struct mmu_notifier_subscriptions - what an mm knows about its notifiers
 * @lock: Protects @list and &mmu_notifier.users.
 * @list: The subscriptions.
 * @intervals: The interval_subs, and active ranges. NULL until the first
 *	interval_sub; then there for good. Set with all locks of the mm held, so that
 *	every range which is active from then on is known to it.
 *
 * Allocated for the first subscription of either kind; freed with the mm.
 *
 *   field            read under                written under
 *   list             lock, or mn_srcu          lock, and to add mm_take_all_locks()
 *   intervals        any lock of the mm,       mm_take_all_locks()
 *                    or (I)
 */
struct mmu_notifier_subscriptions {
	spinlock_t lock;
	struct hlist_head list;
	struct mn_intervals *intervals;
};

/* In &mmu_notifier_range.flags while the range is active and has no slot. */
#define MN_RANGE_UNTRACKED	BIT(31)
#define MN_RANGE_ODD		BIT(30)	/* its generation is odd */
#define MN_RANGE_HASH		GENMASK(29, 8)	/* of its addresses */

/* &mmu_interval_notifier.removed while a removal waits and it is announced to. */
#define MN_REMOVING		GENMASK_ULL(MMU_INTERVAL_SEQ_BITS - 1, 0)

/* Second passes in the order in which they were asked for; local to a range. */
struct mn_finish_list {
	struct llist_node *first;
	struct llist_node **tail;
};

static_assert(sizeof(struct mmu_notifier_range) <= 48);
/* Modules allocate it: what is private has the size that it always had. */
static_assert(offsetof(struct mmu_interval_notifier, invalidate_seq) ==
	      sizeof(struct interval_tree_node) + 4 * sizeof(long));
static_assert(sizeof(struct mmu_interval_notifier) ==
	      sizeof(struct interval_tree_node) + 5 * sizeof(long));

/* Readers are callbacks of subscriptions, of all mms. */
DEFINE_STATIC_SRCU(mn_srcu);

#ifdef CONFIG_LOCKDEP
struct lockdep_map __mmu_notifier_invalidate_range_start_map = {
	.name = "mmu_notifier_invalidate_range_start"
};
#endif

/*
 * Found without a lock of the mm, it is initialised all the same: the address
 * dependency pairs with (G) in mn_attach().
 */
static struct mmu_notifier_subscriptions *
mn_subscriptions(const struct mm_struct *mm)
{
	return READ_ONCE(mm->notifier_subscriptions);
}

/* Tell lockdep that this place may wait for an invalidation, or runs callbacks. */
static void mn_lockdep_may_wait(void)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/*
 * A callback that must not sleep may take spinlocks. With PREEMPT_RT these sleep,
 * and between non_block_start() and non_block_end() each would be reported.
 */
static bool mn_forbids_sleep(const struct mmu_notifier_range *range)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	       !mmu_notifier_range_blockable(range);
}

/* At the release of the mm its locks are free, and readers are gone. */
static bool mn_is_annotated(const struct mmu_notifier_range *range)
{
	return range->event != MMU_NOTIFY_RELEASE;
}

/*
 * Callbacks run between these two. Where they must not sleep, see to it.
 *
 * The map is entered here and not around everything: callbacks of subscriptions
 * run in a read section of mn_srcu, and lockdep does not connect what is held
 * outside of a recursive read lock with what is taken inside. There it is tried
 * and not taken: who waits for mn_srcu does not wait for invalidations.
 */
static void mn_callback_enter(const struct mmu_notifier_range *range,
			      bool in_srcu)
{
	if (mn_is_annotated(range) && in_srcu)
		lock_map_acquire_try(&__mmu_notifier_invalidate_range_start_map);
	else if (mn_is_annotated(range))
		lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	if (mn_forbids_sleep(range))
		non_block_start();
}

static void mn_callback_exit(const struct mmu_notifier_range *range)
{
	if (mn_forbids_sleep(range))
		non_block_end();
	if (mn_is_annotated(range))
		lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/* The tree: a walk is part of each invalidation, so have it inline. */
#define MN_FIRST(interval_sub)	((interval_sub)->interval_tree.start)
#define MN_LAST(interval_sub)	((interval_sub)->interval_tree.last)

INTERVAL_TREE_DEFINE(struct mmu_interval_notifier, interval_tree.rb,
		     unsigned long, interval_tree.__subtree_last,
		     MN_FIRST, MN_LAST, static __always_inline, mn_itree)

/*
 * Active ranges
 */

/* An mm that has an interval_sub, which it has had when this is called. */
static struct mn_intervals *
mn_intervals_of(const struct mmu_interval_notifier *interval_sub)
{
	return READ_ONCE(mn_subscriptions(interval_sub->mm)->intervals);
}

static unsigned long mn_slot_of(u64 seq)
{
	return (seq >> 1) % MN_SLOTS;
}

static bool mn_is_untracked(const struct mmu_notifier_range *range)
{
	return range->flags & MN_RANGE_UNTRACKED;
}

/* Whether it belongs to the generation before the current one. */
static bool mn_is_draining(const struct mn_intervals *intervals,
			   const struct mmu_notifier_range *range)
	__must_hold(&intervals->lock)
{
	const bool odd = range->flags & MN_RANGE_ODD;

	return odd != intervals->generation % 2;
}

static __always_inline void mn_take_slot(struct mn_intervals *intervals,
					 struct mmu_notifier_range *range,
					 u64 seq)
	__must_hold(&intervals->lock)
{
	const unsigned long first = range->start, last = range->end - 1;
	const unsigned long i = mn_slot_of(seq);

	range->seq = seq;
	intervals->slots[i].seq = seq;
	WRITE_ONCE(intervals->slots[i].span.first, first);
	WRITE_ONCE(intervals->slots[i].span.last, last);
	if (!intervals->active)
		WRITE_ONCE(intervals->oldest, seq);
	WRITE_ONCE(intervals->active, intervals->active | BIT(i));
	/*
	 * (A) A range is active and in its slot before its sequence is seen, in
	 * @last_seq or in an interval_sub: callbacks come later, and may set the
	 * sequence without a barrier. Pairs with (C) in
	 * mmu_interval_read_begin() and (E) in mn_read_begin_active().
	 */
	smp_wmb();
	WRITE_ONCE(intervals->last_seq, seq);
}

/* Forget what has ended; untracked ranges may be as old as any. */
static void mn_renew_oldest(struct mn_intervals *intervals)
	__must_hold(&intervals->lock)
{
	u64 oldest = intervals->last_seq + 2;
	unsigned long mask = intervals->active;

	if (mask & MN_UNTRACKED)
		return;
	for (; mask; mask &= mask - 1)
		oldest = min(oldest, intervals->slots[__ffs(mask)].seq);
	WRITE_ONCE(intervals->oldest, oldest);
}

/* To tell it from a copy with other addresses, with a great probability. */
static unsigned int mn_hash(const struct mmu_notifier_range *range)
{
	const unsigned long hash = hash_long(range->start, BITS_PER_LONG);

	return FIELD_PREP(MN_RANGE_HASH,
			  hash_long(hash ^ range->end, 22));
}

/* The slot that comes next is not free, or it is the first one. */
static noinline void mn_activate_slow(struct mn_intervals *intervals,
				      struct mmu_notifier_range *range)
	__must_hold(&intervals->lock)
{
	u64 seq = intervals->last_seq + 2;

	if (~intervals->active & ~MN_UNTRACKED) {
		while ((intervals->active | MN_UNTRACKED) &
		       BIT(mn_slot_of(seq)))
			seq += 2;
		if (mn_slot_of(seq) <= mn_slot_of(intervals->last_seq))
			mn_renew_oldest(intervals);
		mn_take_slot(intervals, range, seq);
		return;
	}

	range->seq = seq;
	range->flags &= ~(MN_RANGE_ODD | MN_RANGE_HASH);
	range->flags |= MN_RANGE_UNTRACKED | mn_hash(range);
	if (intervals->generation % 2)
		range->flags |= MN_RANGE_ODD;
	intervals->nr_untracked++;
	WRITE_ONCE(intervals->active, intervals->active | MN_UNTRACKED);
	/* (A) As in mn_take_slot(). */
	smp_wmb();
	WRITE_ONCE(intervals->last_seq, seq);
}

/* Give the range a sequence, and the slot that goes with it. */
static __always_inline void mn_activate(struct mn_intervals *intervals,
					struct mmu_notifier_range *range)
	__must_hold(&intervals->lock)
{
	const u64 seq = intervals->last_seq + 2;

	if (unlikely((intervals->active | MN_UNTRACKED) &
		     BIT(mn_slot_of(seq))))
		mn_activate_slow(intervals, range);
	else
		mn_take_slot(intervals, range, seq);
}

static noinline void mn_report_end(const struct mmu_notifier_range *range)
{
	WARN_ONCE(1, "the end of [%#lx, %#lx), which is not active\n",
		  range->start, range->end);
}

/*
 * The end of a range that has no slot: untracked, or a mistake of the caller, who
 * ends what has ended, or was never started.
 */
static noinline bool mn_deactivate_untracked(struct mn_intervals *intervals,
					     struct mmu_notifier_range *range)
	__releases(&intervals->lock)
{
	bool draining = mn_is_draining(intervals, range);
	bool active = mn_is_untracked(range) &&
		      (draining ? intervals->nr_draining :
				  intervals->nr_untracked -
				  intervals->nr_draining);
	bool drained = false;

	if (active) {
		range->flags &= ~(MN_RANGE_UNTRACKED | MN_RANGE_ODD |
				  MN_RANGE_HASH);
		range->seq++;
		if (draining)
			drained = !--intervals->nr_draining;
		if (!--intervals->nr_untracked) {
			/* What they overlapped is not to wait for the next. */
			intervals->generation += 2;
			/* (B) As in mn_deactivate(). */
			smp_store_release(&intervals->active,
					  intervals->active & ~MN_UNTRACKED);
		}
	}
	spin_unlock(&intervals->lock);

	if (drained)
		wake_up_all(&intervals->untracked_waiters);
	if (!active)
		mn_report_end(range);
	return active;
}

static noinline void mn_wake_waiters(struct mn_intervals *intervals,
				     unsigned long i)
	__releases(&intervals->lock)
{
	intervals->awaited &= ~BIT(i);
	spin_unlock(&intervals->lock);
	wake_up_all(&intervals->waiters[i]);
}

/* Returns whether the range was active. */
static bool mn_deactivate(struct mn_intervals *intervals,
			  struct mmu_notifier_range *range)
{
	unsigned long active, i;

	spin_lock(&intervals->lock);
	active = intervals->active;
	i = mn_slot_of(range->seq);
	if (unlikely(intervals->slots[i].seq != range->seq ||
		     !(active & BIT(i))))
		return mn_deactivate_untracked(intervals, range);

	range->seq++;
	/*
	 * (B) What was done to the page table in this range, and by way of the
	 * lock in those that ended before, comes before its end. Pairs with (D)
	 * in mmu_interval_read_begin() and (F) in mn_read_begin_active().
	 */
	smp_store_release(&intervals->active, active & ~BIT(i));
	/* Waiters join with the lock held. */
	if (unlikely(intervals->awaited & BIT(i)))
		mn_wake_waiters(intervals, i);
	else
		spin_unlock(&intervals->lock);
	return true;
}

static __always_inline bool mn_overlaps(const struct mn_span *span,
					unsigned long first, unsigned long last)
{
	return READ_ONCE(span->first) <= last && first <= READ_ONCE(span->last);
}

/*
 * A range comes to the interval_sub, or may not come any more as it was active
 * before: no later one has. The last sequence and not that of the range is noted,
 * for one that is still walking the tree comes after later ones. On 32 bit there
 * is no room for that.
 */
static __always_inline void
mn_note(struct mmu_interval_notifier *interval_sub, u64 last_seq)
{
#ifdef CONFIG_64BIT
	WRITE_ONCE(interval_sub->announced, last_seq);
#endif
}

/*
 * Whether all ranges have ended that overlap and have come to the interval_sub. A
 * look at one sequence is enough to know that if what is active is all newer.
 */
static __always_inline bool
mn_is_clear(const struct mn_intervals *intervals,
	    const struct mmu_interval_notifier *interval_sub)
{
#ifdef CONFIG_64BIT
	/*
	 * (K) What has come to the interval_sub before all older ranges had ended
	 * is seen below, and what was done to the page table in these by the read
	 * section. Pairs with the lock, under which they ended before @oldest was
	 * written.
	 */
	const u64 oldest = smp_load_acquire(&intervals->oldest);

	return READ_ONCE(interval_sub->announced) < oldest;
#else
	return false;
#endif
}

/* Whether a range with a sequence up to the mark that overlaps is in the slot. */
static bool mn_holds_up(const struct mn_intervals *intervals, unsigned long i,
			unsigned long first, unsigned long last, u64 mark)
	__must_hold(&intervals->lock)
{
	lockdep_assert_held(&intervals->lock);

	return intervals->active & BIT(i) && intervals->slots[i].seq <= mark &&
	       mn_overlaps(&intervals->slots[i].span, first, last);
}

/*
 * Whether all untracked ranges up to this generation have ended. If that waits for
 * the current generation, and the one before has ended, begin the next one.
 */
static bool mn_has_drained(struct mn_intervals *intervals,
			   unsigned long generation)
	__must_hold(&intervals->lock)
{
	lockdep_assert_held(&intervals->lock);

	if (intervals->generation == generation && !intervals->nr_draining) {
		intervals->generation++;
		intervals->nr_draining = intervals->nr_untracked;
	}
	return intervals->generation - generation > !!intervals->nr_draining;
}

/* Any of the untracked ranges, which there are, may overlap the interval_sub. */
static noinline void
mn_overlapped_by_all(const struct mn_intervals *intervals,
		     struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	const bool all_drain = intervals->nr_draining == intervals->nr_untracked;

	interval_sub->untracked = intervals->generation - all_drain;
}

static noinline void
mn_wait_for_untracked(struct mn_intervals *intervals,
		      const struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	unsigned long generation = intervals->generation;

	/* Only if it overlaps one of this generation, or the one before. */
	if (interval_sub->untracked == (u8)(generation - 1))
		generation--;
	else if (interval_sub->untracked != (u8)generation)
		return;

	wait_event_cmd(intervals->untracked_waiters,
		       mn_has_drained(intervals, generation),
		       spin_unlock(&intervals->lock),
		       spin_lock(&intervals->lock));
}

/*
 * Sleep until all ranges have ended that overlap the interval and are active now.
 * Does not release the lock if there are none, and does not look at the
 * interval_sub again if it does.
 */
static void mn_wait(struct mn_intervals *intervals,
		    const struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	const unsigned long first = MN_FIRST(interval_sub);
	const unsigned long last = MN_LAST(interval_sub);
	unsigned long mask = intervals->active;
	const u64 mark = intervals->last_seq;

	lockdep_assert_held(&intervals->lock);

	if (unlikely(mask & MN_UNTRACKED))
		mn_wait_for_untracked(intervals, interval_sub);
	/* What takes one of these slots later has a later sequence. */
	for (mask &= ~MN_UNTRACKED; mask; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);

		/* A shortcut for the many that do not. */
		if (!mn_overlaps(&intervals->slots[i].span, first, last))
			continue;
		wait_event_cmd(intervals->waiters[i],
			       !mn_holds_up(intervals, i, first, last, mark),
			       intervals->awaited |= BIT(i);
			       spin_unlock(&intervals->lock),
			       spin_lock(&intervals->lock));
	}
}

static noinline unsigned long
mn_read_begin_slow(struct mn_intervals *intervals,
		   struct mmu_interval_notifier *interval_sub)
{
	unsigned long seq;

	might_sleep();

	spin_lock(&intervals->lock);
	seq = READ_ONCE(interval_sub->invalidate_seq);
	if (!mn_is_clear(intervals, interval_sub))
		mn_wait(intervals, interval_sub);
	spin_unlock(&intervals->lock);
	return seq;
}

/* Without the lock: whether a range in the mask may overlap the interval. */
static __always_inline bool
mn_overlaps_any(const struct mn_intervals *intervals, unsigned long mask,
		const struct mmu_interval_notifier *interval_sub)
{
	const unsigned long first = MN_FIRST(interval_sub);
	const unsigned long last = MN_LAST(interval_sub);
	const struct mn_slot *slots = intervals->slots;

	if (unlikely(mask & MN_UNTRACKED))
		return true;
	for (; mask; mask &= mask - 1) {
		if (mn_overlaps(&slots[__ffs(mask)].span, first, last))
			return true;
	}
	return false;
}

/* Some range is active. Take the lock only if one that overlaps may be. */
static noinline unsigned long
mn_read_begin_active(struct mn_intervals *intervals,
		     struct mmu_interval_notifier *interval_sub,
		     unsigned long seq)
{
	const u64 last_seq = READ_ONCE(intervals->last_seq);
	unsigned long mask;

	/*
	 * (E) Ranges up to this sequence are found in the mask and in their
	 * slot, unless they have ended. Pairs with (A) in mn_take_slot().
	 */
	smp_rmb();
	mask = READ_ONCE(intervals->active);
	if (mn_overlaps_any(intervals, mask, interval_sub))
		return mn_read_begin_slow(intervals, interval_sub);
	/*
	 * (F) If a slot has been used again since the mask was read, last_seq
	 * has changed. Otherwise what was done to the page table in ranges that
	 * are not in the mask is seen by the read section. Pairs with (B) in
	 * mn_deactivate(), and with the lock, under which a range ends before
	 * the next one has its slot.
	 */
	smp_rmb();
	if (unlikely(READ_ONCE(intervals->last_seq) != last_seq))
		return mn_read_begin_slow(intervals, interval_sub);
	return seq;
}

/*
 * Interval subscriptions
 */

/**
 * mmu_interval_read_begin - begin to read the page table of an interval
 * @interval_sub: The subscription to the interval.
 *
 * Begins a read section, which mmu_interval_read_retry() ends. What is read of
 * the page table in between, by hmm_range_fault() or otherwise, may be put into
 * SPTEs if mmu_interval_read_retry() then returns false.
 *
 * Waits for invalidations that overlap the interval and started before this
 * call, and for no others; nor for one whose callback is yet to come: what that
 * finds, it tears down. They may take as long as any callback takes, that of
 * another driver, too.
 *
 * Context: May sleep. Must not be called from a callback, nor under a lock that
 * a callback takes, the user lock included, nor under one that is held by whoever
 * invalidates (mmap_lock for writing, locks of the reverse map).
 * Return: The sequence to be handed to mmu_interval_read_retry().
 */
unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub)
{
	struct mn_intervals *intervals;
	unsigned long seq;

	mn_lockdep_may_wait();

	/* Never inserted, or the insertion failed: what is read collides. */
	if (WARN_ON_ONCE(!interval_sub->mm))
		return interval_sub->invalidate_seq + 1;

	intervals = mn_intervals_of(interval_sub);
	/*
	 * (C) If this is the sequence of a range whose callback has run, that
	 * range counts as active below, unless it has ended. Pairs with (A) in
	 * mn_take_slot().
	 */
	seq = smp_load_acquire(&interval_sub->invalidate_seq);
	/*
	 * (D) If nothing is active, what was done to the page table in the
	 * ranges that have ended is seen by the read section. Pairs with (B) in
	 * mn_deactivate().
	 */
	if (likely(!smp_load_acquire(&intervals->active)))
		return seq;

	/* What is active has not come here, most of the time. */
	if (likely(mn_is_clear(intervals, interval_sub)))
		return seq;

	/* A u64 is read at once on 64 bit only. */
	if (!IS_ENABLED(CONFIG_64BIT))
		return mn_read_begin_slow(intervals, interval_sub);
	return mn_read_begin_active(intervals, interval_sub, seq);
}
EXPORT_SYMBOL_GPL(mmu_interval_read_begin);

/*
 * What is not to be announced is a range that started when the removal had ended
 * its first wait. An interval_sub that an untracked range overlaps remembers it.
 */
static noinline bool
mn_may_announce(const struct mn_intervals *intervals,
		const struct mmu_notifier_range *range,
		struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	if (interval_sub->removed && range->seq > interval_sub->removed)
		return false;
	/* The later generation stays: the one before ends first. */
	if (mn_is_untracked(range) &&
	    interval_sub->untracked != (u8)intervals->generation)
		interval_sub->untracked = intervals->generation -
					  mn_is_draining(intervals, range);
	return true;
}

/*
 * Collect the interval_subs, from @next on, that the range is to be announced to:
 * all that overlap it, but those that are announced to no longer. Returns where
 * they end, at most MN_BATCH further.
 */
static struct mmu_interval_notifier **
mn_collect(struct mn_intervals *intervals,
	   const struct mmu_notifier_range *range,
	   struct mmu_interval_notifier *next,
	   struct mmu_interval_notifier **batch)
	__must_hold(&intervals->lock)
{
	const unsigned long start = range->start, last = range->end - 1;
	const u64 last_seq = intervals->last_seq;
	/* One flag for both: each match pays for it. */
	const bool ask = intervals->nr_removing | intervals->nr_untracked;
	unsigned long nr = 0;

	lockdep_assert_held(&intervals->lock);

	for (; next; next = mn_itree_iter_next(next, start, last)) {
		if (unlikely(ask) && !mn_may_announce(intervals, range, next))
			continue;
		mn_note(next, last_seq);
		batch[nr] = next;
		if (++nr == MN_BATCH)
			break;
	}
	/* (J) As in mn_announce_one(). */
	smp_wmb();
	return batch + nr;
}

/* The first of two passes. */
static bool mn_announce_start(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_notifier_range *range,
			      struct mn_finish_list *finishes)
{
	struct mmu_interval_notifier_finish *finish = NULL;

	if (!interval_sub->ops->invalidate_start(interval_sub, range,
						 range->seq, &finish))
		return false;
	if (finish) {
		finish->notifier = interval_sub;
		finish->link.next = NULL;
		*finishes->tail = &finish->link;
		finishes->tail = &finish->link.next;
	}
	return true;
}

/* Returns -EAGAIN if the interval_sub would have had to sleep and must not. */
static __always_inline int
mn_announce(struct mmu_interval_notifier *interval_sub,
	    const struct mmu_notifier_range *range,
	    struct mn_finish_list *finishes)
{
	const struct mmu_interval_notifier_ops *ops = interval_sub->ops;
	bool done;

	mn_callback_enter(range, false);
	if (unlikely(ops->invalidate_start))
		done = mn_announce_start(interval_sub, range, finishes);
	else
		done = ops->invalidate(interval_sub, range, range->seq);
	mn_callback_exit(range);

	if (likely(done) ||
	    WARN_ONCE(mmu_notifier_range_blockable(range),
		      "%ps refused a blocking invalidation\n",
		      ops->invalidate_start ? (void *)ops->invalidate_start :
					      (void *)ops->invalidate))
		return 0;
	return -EAGAIN;
}

static void mn_finish_announcements(const struct mmu_notifier_range *range,
				    struct llist_node *first)
{
	struct mmu_interval_notifier_finish *finish, *next;

	mn_callback_enter(range, false);
	llist_for_each_entry_safe(finish, next, first, link)
		finish->notifier->ops->invalidate_finish(finish);
	mn_callback_exit(range);
}

/* After the callbacks of a start: second passes, and the end of one that failed. */
static int mn_complete_start(struct mn_intervals *intervals,
			     struct mmu_notifier_range *range,
			     const struct mn_finish_list *finishes, int err)
{
	if (finishes->first)
		mn_finish_announcements(range, finishes->first);
	if (unlikely(err))
		mn_deactivate(intervals, range);
	return err;
}

/*
 * Announce the range, which is active, to @next and all that follow. Returns
 * -EAGAIN, with the range not active, if one would have had to sleep and must not.
 */
static noinline int
mn_announce_all(struct mn_intervals *intervals,
		struct mmu_notifier_range *range,
		struct mmu_interval_notifier *next)
	__releases(&intervals->lock)
{
	struct mmu_interval_notifier *batch[MN_BATCH] __uninitialized;
	struct mn_finish_list finishes = { .tail = &finishes.first };
	struct mmu_interval_notifier **sub, **end;
	int err = 0;

	for (;;) {
		end = mn_collect(intervals, range, next, batch);
		spin_unlock(&intervals->lock);

		for (sub = batch; sub != end; sub++) {
			err = mn_announce(*sub, range, &finishes);
			if (unlikely(err))
				goto out;
		}
		if (end != batch + MN_BATCH)
			break;

		/* The last one announced to is still in the tree: go on there. */
		spin_lock(&intervals->lock);
		next = mn_itree_iter_next(end[-1], range->start,
					  range->end - 1);
	}
out:
	return mn_complete_start(intervals, range, &finishes, err);
}

/* The same for one interval_sub, which is the usual number. */
static noinline int
mn_announce_one(struct mn_intervals *intervals,
		struct mmu_notifier_range *range,
		struct mmu_interval_notifier *interval_sub)
	__releases(&intervals->lock)
{
	struct mn_finish_list finishes = { .tail = &finishes.first };

	mn_note(interval_sub, intervals->last_seq);
	/*
	 * (J) The range is noted before its sequence is seen in the interval_sub:
	 * the callback may set that without a barrier. Pairs with (C) in
	 * mmu_interval_read_begin().
	 */
	smp_wmb();
	spin_unlock(&intervals->lock);
	return mn_complete_start(intervals, range, &finishes,
				 mn_announce(interval_sub, range, &finishes));
}

/*
 * Make the range active and announce it. Returns -EAGAIN, with the range not
 * active, if an interval_sub would have had to sleep and must not.
 */
static int mn_interval_start(struct mn_intervals *intervals,
			     struct mmu_notifier_range *range)
{
	struct mmu_interval_notifier *first;

	spin_lock(&intervals->lock);
	mn_activate(intervals, range);
	first = mn_itree_iter_first(&intervals->itree, range->start,
				    range->end - 1);
	if (!first) {
		spin_unlock(&intervals->lock);
		return 0;
	}
	if (likely(!mn_itree_iter_next(first, range->start, range->end - 1) &&
		   !(intervals->nr_removing | intervals->nr_untracked)))
		return mn_announce_one(intervals, range, first);
	return mn_announce_all(intervals, range, first);
}

static void mn_interval_release(struct mn_intervals *intervals,
				struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_RELEASE,
				MMU_NOTIFIER_RANGE_BLOCKABLE, mm, 0, ULONG_MAX);
	mn_interval_start(intervals, &range);
	mn_deactivate(intervals, &range);
}

/*
 * Subscriptions to a whole mm
 */

#define mn_for_each_subscription(subscription, subscriptions)		\
	hlist_for_each_entry_srcu(subscription, &(subscriptions)->list,	\
				  hlist, srcu_read_lock_held(&mn_srcu))

static void mn_hlist_end(struct mmu_notifier_subscriptions *subscriptions,
			 const struct mmu_notifier_range *range)
{
	struct mmu_notifier *subscription;

	guard(srcu)(&mn_srcu);
	mn_for_each_subscription(subscription, subscriptions) {
		if (!subscription->ops->invalidate_range_end)
			continue;
		mn_callback_enter(range, true);
		subscription->ops->invalidate_range_end(subscription, range);
		mn_callback_exit(range);
	}
}

/* Returns the error with which the start fails, or 0 if it does not. */
static noinline int mn_hlist_refused(const struct mmu_notifier_ops *ops,
				     const struct mmu_notifier_range *range,
				     int err)
{
	/* A blocking start cannot fail: its caller goes on, and ends. */
	if (WARN_ONCE(mmu_notifier_range_blockable(range),
		      "%ps failed a blocking invalidation: %d\n",
		      ops->invalidate_range_start, err))
		return 0;
	WARN_ONCE(err != -EAGAIN, "%ps failed with %d, not -EAGAIN\n",
		  ops->invalidate_range_start, err);
	WARN_ONCE(ops->invalidate_range_end,
		  "%ps can fail and must not be paired with %ps\n",
		  ops->invalidate_range_start, ops->invalidate_range_end);
	return err;
}

/*
 * Announce the range to every subscription, even if one fails: nobody keeps
 * account of which were called, so that either all get their end or none.
 * Returns the error of the last that failed; then all have had their end.
 */
static int mn_hlist_start(struct mmu_notifier_subscriptions *subscriptions,
			  const struct mmu_notifier_range *range)
{
	struct mmu_notifier *subscription;
	int ret = 0;

	guard(srcu)(&mn_srcu);
	mn_for_each_subscription(subscription, subscriptions) {
		int err;

		if (!subscription->ops->invalidate_range_start)
			continue;
		mn_callback_enter(range, true);
		err = subscription->ops->invalidate_range_start(subscription,
								range);
		mn_callback_exit(range);
		if (unlikely(err))
			ret = mn_hlist_refused(subscription->ops, range, err) ?:
			      ret;
	}

	if (unlikely(ret))
		mn_hlist_end(subscriptions, range);
	return ret;
}

/*
 * No subscription can be added any more: that needs a user of the mm. Each is
 * released here, or by mmu_notifier_unregister(), or by both if they meet.
 */
static void mn_hlist_release(struct mmu_notifier_subscriptions *subscriptions,
			     struct mm_struct *mm)
{
	struct mmu_notifier *subscription;
	struct hlist_node *next;

	scoped_guard(srcu, &mn_srcu) {
		mn_for_each_subscription(subscription, subscriptions) {
			if (subscription->ops->release)
				subscription->ops->release(subscription, mm);
		}

		/*
		 * Still in the read section: whoever finds its subscription
		 * unhashed waits for ->release() above in synchronize_srcu().
		 */
		spin_lock(&subscriptions->lock);
		hlist_for_each_entry_safe(subscription, next,
					  &subscriptions->list, hlist)
			hlist_del_init_rcu(&subscription->hlist);
		spin_unlock(&subscriptions->lock);
	}

	/*
	 * The pages are freed when this returns. Wait for a ->release() that
	 * mmu_notifier_unregister() has called.
	 */
	synchronize_srcu(&mn_srcu);
}

/*
 * Dispatch: the functions behind the inlines of the header. There, the mm was
 * found to have notifiers. Neither kind pays for the other.
 */

static struct mn_intervals *
mn_intervals(const struct mmu_notifier_subscriptions *subscriptions)
{
	/*
	 * Written with all locks of the mm held, of which who invalidates has
	 * one. To release it is to be its last user.
	 */
	return data_race(subscriptions->intervals);
}

void __mmu_notifier_release(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	if (mn_intervals(subscriptions))
		mn_interval_release(mn_intervals(subscriptions), mm);
	if (!hlist_empty(&subscriptions->list))
		mn_hlist_release(subscriptions, mm);
}

/* Intervals first: nouveau relies on it. */
static noinline int
mn_both_start(struct mmu_notifier_subscriptions *subscriptions,
	      struct mn_intervals *intervals, struct mmu_notifier_range *range)
{
	int err;

	err = mn_interval_start(intervals, range);
	if (unlikely(err))
		return err;

	err = mn_hlist_start(subscriptions, range);
	if (unlikely(err))
		mn_deactivate(intervals, range);
	return err;
}

static noinline void
mn_both_end(struct mmu_notifier_subscriptions *subscriptions,
	    struct mn_intervals *intervals, struct mmu_notifier_range *range)
{
	if (likely(mn_deactivate(intervals, range)))
		mn_hlist_end(subscriptions, range);
}

/*
 * The range has an odd sequence: it was filled in by hand, or is active, a mistake
 * of the caller. With the same addresses there is one end to come, and it starts
 * once. Others have to be announced; and if this is not a copy, the first ones
 * have no end.
 */
static noinline int mn_start_again(struct mn_intervals *intervals,
				   struct mmu_notifier_range *range)
{
	const unsigned long i = mn_slot_of(range->seq);
	const struct mn_slot *slot = &intervals->slots[i];
	bool started, same;

	scoped_guard(spinlock, &intervals->lock) {
		started = mn_is_untracked(range) ?
				  intervals->nr_untracked :
				  slot->seq == range->seq &&
					  intervals->active & BIT(i);
		same = mn_is_untracked(range) ?
			       (range->flags & MN_RANGE_HASH) == mn_hash(range) :
			       slot->span.first == range->start &&
				       slot->span.last == range->end - 1;
	}

	if (WARN_ONCE(started, "the start of [%#lx, %#lx), which is active\n",
		      range->start, range->end) && same)
		return 0;
	range->seq = 0;
	range->flags &= ~MN_RANGE_UNTRACKED;
	return __mmu_notifier_invalidate_range_start(range);
}

int __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_intervals *intervals = mn_intervals(subscriptions);

	if (!intervals) {
		range->seq = 0;
		return hlist_empty(&subscriptions->list) ?
			       0 : mn_hlist_start(subscriptions, range);
	}
	if (unlikely(range->seq % 2))
		return mn_start_again(intervals, range);
	if (hlist_empty(&subscriptions->list))
		return mn_interval_start(intervals, range);
	return mn_both_start(subscriptions, intervals, range);
}

void __mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_intervals *intervals = mn_intervals(subscriptions);

	mn_lockdep_may_wait();
	if (intervals && likely(range->seq % 2)) {
		if (hlist_empty(&subscriptions->list))
			mn_deactivate(intervals, range);
		else
			mn_both_end(subscriptions, intervals, range);
	} else if (intervals && range->seq) {
		mn_report_end(range);
	} else if (!hlist_empty(&subscriptions->list)) {
		/* If the mm has intervals, it had none when the range started. */
		mn_hlist_end(subscriptions, range);
	}
}

static bool mn_clear_young(struct mm_struct *mm, unsigned long start,
			   unsigned long end, bool flush)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier *subscription;
	bool young = false;

	if (hlist_empty(&subscriptions->list))
		return false;

	guard(srcu)(&mn_srcu);
	mn_for_each_subscription(subscription, subscriptions) {
		const struct mmu_notifier_ops *ops = subscription->ops;
		typeof(ops->clear_young) clear =
			flush ? ops->clear_flush_young : ops->clear_young;

		if (clear)
			young |= clear(subscription, mm, start, end);
	}
	return young;
}

bool __mmu_notifier_clear_flush_young(struct mm_struct *mm,
				      unsigned long start, unsigned long end)
{
	return mn_clear_young(mm, start, end, true);
}

bool __mmu_notifier_clear_young(struct mm_struct *mm,
				unsigned long start, unsigned long end)
{
	return mn_clear_young(mm, start, end, false);
}

bool __mmu_notifier_test_young(struct mm_struct *mm, unsigned long address)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier *subscription;

	if (hlist_empty(&subscriptions->list))
		return false;

	guard(srcu)(&mn_srcu);
	mn_for_each_subscription(subscription, subscriptions) {
		if (subscription->ops->test_young &&
		    subscription->ops->test_young(subscription, mm, address))
			return true;
	}
	return false;
}

void __mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
						   unsigned long start,
						   unsigned long end)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier *subscription;

	if (hlist_empty(&subscriptions->list))
		return;

	guard(srcu)(&mn_srcu);
	mn_for_each_subscription(subscription, subscriptions) {
		const struct mmu_notifier_ops *ops = subscription->ops;

		if (ops->arch_invalidate_secondary_tlbs)
			ops->arch_invalidate_secondary_tlbs(subscription, mm,
							    start, end);
	}
}

/*
 * Registration
 */

static struct mmu_notifier_subscriptions *mn_subscriptions_alloc(void)
{
	struct mmu_notifier_subscriptions *subscriptions;

	subscriptions = kzalloc_obj(*subscriptions);
	if (!subscriptions)
		return NULL;

	/* The list is empty as it is. */
	spin_lock_init(&subscriptions->lock);
	return subscriptions;
}

static struct mn_intervals *mn_intervals_alloc(void)
{
	struct mn_intervals *intervals;
	unsigned int i;

	intervals = kzalloc_obj(*intervals);
	if (!intervals)
		return NULL;

	/* The tree and the slots are empty as they are. The first one is none. */
	spin_lock_init(&intervals->lock);
	for (i = 0; i < MN_SLOTS; i++)
		init_waitqueue_head(&intervals->waiters[i]);
	init_waitqueue_head(&intervals->untracked_waiters);
	intervals->slots[0].seq = U64_MAX;
	/* An interval_sub that no untracked range has overlapped has 0. */
	intervals->generation = 2;
	/* Odd, for slot 0, and not near that of another mm. */
	intervals->last_seq = (u64)(get_random_u32() >> 9) << 32 | 1;
	return intervals;
}

/* It may be freshly allocated: find it, do not look at it. */
static bool mn_is_registered(struct mmu_notifier_subscriptions *subscriptions,
			     const struct mmu_notifier *subscription)
{
	struct mmu_notifier *other;

	guard(spinlock)(&subscriptions->lock);
	hlist_for_each_entry(other, &subscriptions->list, hlist) {
		if (other == subscription)
			return true;
	}
	return false;
}

/*
 * Add a subscription to the mm, or with NULL prepare it for interval_subs. All
 * locks of the mm are taken, so that no invalidation is between start and end,
 * and each either knows of the change or is over.
 */
static int mn_attach(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier_subscriptions *new = NULL;
	struct mn_intervals *new_intervals = NULL;
	int err = -ENOMEM;

	mmap_assert_write_locked(mm);

	/* Somebody uses the mm, so that it is not released now. */
	if (WARN_ON_ONCE(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;

	/* Not under all locks: reclaim takes them. */
	if (!subscriptions) {
		new = mn_subscriptions_alloc();
		if (!new)
			return -ENOMEM;
		subscriptions = new;
	}
	if (!subscription && !subscriptions->intervals) {
		new_intervals = mn_intervals_alloc();
		if (!new_intervals)
			goto free;
	}

	err = mm_take_all_locks(mm);
	if (err)
		goto free;

	if (new) {
		/*
		 * (G) Initialised before it is found. Pairs with the address
		 * dependency of whoever calls mn_subscriptions().
		 */
		smp_store_release(&mm->notifier_subscriptions, new);
	}
	if (new_intervals) {
		/*
		 * (H) Ranges that have ended untracked come before those who
		 * insert. Pairs with (I) in mn_intervals_to_insert().
		 */
		smp_store_release(&subscriptions->intervals, new_intervals);
	}
	if (subscription) {
		mmgrab(mm);
		subscription->mm = mm;
		subscription->users = 1;
		spin_lock(&subscriptions->lock);
		hlist_add_head_rcu(&subscription->hlist, &subscriptions->list);
		spin_unlock(&subscriptions->lock);
	}

	mm_drop_all_locks(mm);
	return 0;

free:
	kfree(new_intervals);
	kfree(new);
	return err;
}

/**
 * __mmu_notifier_register - subscribe to an mm, mmap_lock held
 * @subscription: The subscription, with its callbacks set; or NULL.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * See mmu_notifier_register().
 *
 * Context: May sleep. The mmap_lock is held for writing, and no other lock of
 * the mm.
 * Return: 0; -EINVAL if the callbacks exclude each other or the mm is not in
 * use; -EEXIST if it is registered already, with a warning; -ENOMEM; -EINTR if a
 * signal came while all locks were taken.
 */
int __mmu_notifier_register(struct mmu_notifier *subscription,
			    struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	if (subscription) {
		const struct mmu_notifier_ops *ops = subscription->ops;

		/* Either it mirrors the page table or its hardware walks it. */
		if (WARN_ON_ONCE(ops->arch_invalidate_secondary_tlbs &&
				 (ops->invalidate_range_start ||
				  ops->invalidate_range_end)))
			return -EINVAL;
		if (WARN_ONCE(subscriptions &&
			      mn_is_registered(subscriptions, subscription),
			      "%ps is registered already\n", ops))
			return -EEXIST;
	}

	return mn_attach(subscription, mm);
}
EXPORT_SYMBOL_GPL(__mmu_notifier_register);

/**
 * mmu_notifier_register - subscribe to an mm
 * @subscription: The subscription, with its callbacks set; or NULL.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * Must be undone by mmu_notifier_unregister() or mmu_notifier_put(). Until then
 * subscription->mm remains valid, as a structure; mmget_not_zero() tells whether
 * the address space is still there.
 *
 * With NULL, prepare the mm for intervals. mmu_interval_notifier_insert() then
 * takes no lock of the mm, so that it can be called with the mmap_lock held for
 * reading.
 *
 * Context: May sleep. Takes the mmap_lock for writing and all locks of the mm.
 * Return: 0; -EINVAL if the callbacks exclude each other or the mm is not in
 * use; -EEXIST if it is registered already, with a warning; -ENOMEM; -EINTR if a
 * signal came while all locks were taken.
 */
int mmu_notifier_register(struct mmu_notifier *subscription,
			  struct mm_struct *mm)
{
	int err;

	mmap_write_lock(mm);
	err = __mmu_notifier_register(subscription, mm);
	mmap_write_unlock(mm);
	return err;
}
EXPORT_SYMBOL_GPL(mmu_notifier_register);

/* Returns NULL if the mm has no subscription to these callbacks. */
static struct mmu_notifier *
mn_find_get(struct mmu_notifier_subscriptions *subscriptions,
	    const struct mmu_notifier_ops *ops)
{
	struct mmu_notifier *subscription;

	guard(spinlock)(&subscriptions->lock);
	hlist_for_each_entry(subscription, &subscriptions->list, hlist) {
		if (subscription->ops != ops)
			continue;
		if (unlikely(subscription->users == UINT_MAX))
			return ERR_PTR(-EOVERFLOW);
		subscription->users++;
		return subscription;
	}
	return NULL;
}

/**
 * mmu_notifier_get_locked - get the subscription of an mm to given callbacks
 * @ops: The callbacks; two subscriptions are the same if their @ops are.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * Returns the subscription that the mm has already, or a new one that comes
 * from @ops->alloc_notifier(). Either way it has to be given back by
 * mmu_notifier_put().
 *
 * Context: May sleep. The mmap_lock is held for writing, and no other lock of
 * the mm.
 * Return: The subscription; ERR_PTR(-EOVERFLOW) if it has too many users; what
 * @ops->alloc_notifier() failed with; or -EINVAL, -ENOMEM or -EINTR, as
 * __mmu_notifier_register() returns them.
 */
struct mmu_notifier *mmu_notifier_get_locked(const struct mmu_notifier_ops *ops,
					     struct mm_struct *mm)
{
	struct mmu_notifier *subscription;
	int err;

	mmap_assert_write_locked(mm);

	if (mm_has_notifiers(mm)) {
		subscription = mn_find_get(mn_subscriptions(mm), ops);
		if (subscription)
			return subscription;
	}

	subscription = ops->alloc_notifier(mm);
	if (IS_ERR(subscription))
		return subscription;

	subscription->ops = ops;
	err = __mmu_notifier_register(subscription, mm);
	if (err) {
		ops->free_notifier(subscription);
		return ERR_PTR(err);
	}
	return subscription;
}
EXPORT_SYMBOL_GPL(mmu_notifier_get_locked);

/* NULL if the mm has to be prepared for them. */
static struct mn_intervals *mn_intervals_to_insert(const struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	/* (I) Pairs with (H) in mn_attach(). */
	return subscriptions ? smp_load_acquire(&subscriptions->intervals) :
			       NULL;
}

/* It may be freshly allocated, and claim anything: compare pointers only. */
static noinline bool
mn_is_inserted(struct mn_intervals *intervals,
	       const struct mmu_interval_notifier *interval_sub)
{
	const unsigned long first = MN_FIRST(interval_sub);
	struct mmu_interval_notifier *other;

	guard(spinlock)(&intervals->lock);
	for (other = mn_itree_iter_first(&intervals->itree, first, first);
	     other && other != interval_sub;
	     other = mn_itree_iter_next(other, first, first))
		;
	return other;
}

static __no_kmsan_checks bool
mn_claims_to_be_inserted(const struct mmu_interval_notifier *interval_sub,
			 const struct mm_struct *mm)
{
	return interval_sub->mm == mm &&
	       !RB_EMPTY_NODE(&interval_sub->interval_tree.rb);
}

static int mn_interval_insert(struct mmu_interval_notifier *interval_sub,
			      struct mm_struct *mm, unsigned long start,
			      unsigned long length,
			      const struct mmu_interval_notifier_ops *ops,
			      struct mn_intervals *intervals)
{
	unsigned long last;

	if (unlikely(mn_claims_to_be_inserted(interval_sub, mm)) &&
	    WARN_ONCE(mn_is_inserted(intervals, interval_sub),
		      "%ps is inserted already\n", ops))
		return -EEXIST;

	/* Until it is inserted: drivers take this for "needs no removal". */
	interval_sub->mm = NULL;
	if (!length || check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;

	/* Somebody uses the mm, so that its release is yet to come. */
	if (WARN_ON_ONCE(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;

	mmgrab(mm);
	interval_sub->mm = mm;
	interval_sub->ops = ops;
	interval_sub->interval_tree.start = start;
	interval_sub->interval_tree.last = last;
	interval_sub->removed = 0;
	interval_sub->untracked = 0;

	/*
	 * A range that is active now was not announced, and need not be: a
	 * reader finds it in its slot. A range still walking the tree may yet
	 * call us; start with an even value, which no range uses.
	 */
	spin_lock(&intervals->lock);
	interval_sub->invalidate_seq = intervals->last_seq + 1;
	mn_note(interval_sub, intervals->last_seq);
	if (unlikely(intervals->nr_untracked))
		mn_overlapped_by_all(intervals, interval_sub);
	mn_itree_insert(interval_sub, &intervals->itree);
	spin_unlock(&intervals->lock);
	return 0;
}

/* The first one in the mm. The mmap_lock is held for writing. */
static int mn_interval_insert_first(struct mmu_interval_notifier *interval_sub,
				    struct mm_struct *mm, unsigned long start,
				    unsigned long length,
				    const struct mmu_interval_notifier_ops *ops)
{
	int err = mn_attach(NULL, mm);

	if (err) {
		interval_sub->mm = NULL;
		return err;
	}
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  mn_intervals_to_insert(mm));
}

static noinline int
mn_lock_and_insert_first(struct mmu_interval_notifier *interval_sub,
			 struct mm_struct *mm, unsigned long start,
			 unsigned long length,
			 const struct mmu_interval_notifier_ops *ops)
{
	int err;

	mmap_write_lock(mm);
	err = mn_interval_insert_first(interval_sub, mm, start, length, ops);
	mmap_write_unlock(mm);
	return err;
}

/**
 * mmu_interval_notifier_insert - subscribe to an address interval of an mm
 * @interval_sub: The subscription.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 * @start: First address.
 * @length: Length in bytes.
 * @ops: The callbacks.
 *
 * Takes effect at once: every invalidation that starts from now on and overlaps
 * the interval is announced to @ops, so they must be ready to be called. Those
 * already active need not be, but mmu_interval_read_begin() waits for them. Must
 * be undone by mmu_interval_notifier_remove().
 *
 * Context: May sleep. The first one in an mm takes the mmap_lock for writing
 * and all locks of the mm. If the mm has been prepared, by
 * mmu_notifier_register() with NULL, the mmap_lock may be held for reading.
 * Return: 0; -EEXIST if it is inserted already, with a warning. With all other
 * errors interval_sub->mm is NULL: -EOVERFLOW if @length is 0 or the interval
 * goes beyond the last address; -EINVAL if the mm is not in use; -ENOMEM; -EINTR
 * if a signal came while all locks were taken.
 */
int mmu_interval_notifier_insert(struct mmu_interval_notifier *interval_sub,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops)
{
	struct mn_intervals *intervals = mn_intervals_to_insert(mm);

	WARN_ON_ONCE(ops->invalidate_start && !ops->invalidate_finish);
	/* A caller that holds it knows that the mm has been prepared. */
	if (IS_ENABLED(CONFIG_PROVE_LOCKING) &&
	    !lockdep_is_held(&mm->mmap_lock))
		might_lock(&mm->mmap_lock);

	if (unlikely(!intervals))
		return mn_lock_and_insert_first(interval_sub, mm, start, length,
						ops);
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  intervals);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_insert);

/**
 * mmu_interval_notifier_insert_locked - subscribe to an interval, mmap_lock held
 * @interval_sub: The subscription.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 * @start: First address.
 * @length: Length in bytes.
 * @ops: The callbacks.
 *
 * See mmu_interval_notifier_insert().
 *
 * Context: May sleep. The mmap_lock is held for writing, and no other lock of
 * the mm.
 * Return: As mmu_interval_notifier_insert(): 0, -EEXIST, -EOVERFLOW, -EINVAL,
 * -ENOMEM or -EINTR.
 */
int mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *interval_sub,
					struct mm_struct *mm,
					unsigned long start,
					unsigned long length,
					const struct mmu_interval_notifier_ops *ops)
{
	struct mn_intervals *intervals = mn_intervals_to_insert(mm);

	mmap_assert_write_locked(mm);
	WARN_ON_ONCE(ops->invalidate_start && !ops->invalidate_finish);

	if (unlikely(!intervals))
		return mn_interval_insert_first(interval_sub, mm, start, length,
						ops);
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  intervals);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_insert_locked);

/*
 * Teardown
 */

/* An untracked range that overlaps may not have come to the interval_sub yet. */
static void mn_wait_for_all(struct mn_intervals *intervals,
			    struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	if (unlikely(intervals->nr_untracked))
		mn_overlapped_by_all(intervals, interval_sub);
	mn_wait(intervals, interval_sub);
}

/*
 * Wait until no range that is active has the interval_sub in hand. New ranges that
 * overlap are announced to it while one is active that started before the removal.
 * Then no longer, or the wait might never end.
 */
static noinline void
mn_wait_to_remove(struct mn_intervals *intervals,
		  struct mmu_interval_notifier *interval_sub)
	__must_hold(&intervals->lock)
{
	interval_sub->removed = MN_REMOVING;
	mn_wait_for_all(intervals, interval_sub);

	interval_sub->removed = intervals->last_seq;
	intervals->nr_removing++;
	mn_wait_for_all(intervals, interval_sub);
	intervals->nr_removing--;
}

/**
 * mmu_interval_notifier_remove - end a subscription to an address interval
 * @interval_sub: The subscription.
 *
 * On return no callback runs or will run. Waits for invalidations that overlap
 * the interval and started before this call; then, if others that overlap it are
 * active by now, for these, and for no others. Invalidations that start are
 * announced during the first of these two waits, and not during the second.
 *
 * interval_sub->mm remains as it is, for the eyes of the driver.
 *
 * Context: May sleep. Must not be called from a callback, nor under a lock that
 * a callback takes or that is held by whoever invalidates.
 */
void mmu_interval_notifier_remove(struct mmu_interval_notifier *interval_sub)
{
	const struct mmu_interval_notifier_ops *ops = interval_sub->ops;
	struct mm_struct *mm = interval_sub->mm;
	struct mn_intervals *intervals;
	bool removing;

	might_sleep();

	/* Never inserted, or the insertion failed. */
	if (WARN_ON_ONCE(!mm))
		return;
	/* Neighbours in the tree may write to the node, but never that. */
	if (WARN_ONCE(data_race(RB_EMPTY_NODE(&interval_sub->interval_tree.rb)),
		      "%ps is not inserted\n", ops))
		return;

	mn_lockdep_may_wait();

	intervals = mn_intervals_of(interval_sub);
	spin_lock(&intervals->lock);
	/* Two may get here at a time. */
	removing = interval_sub->removed ||
		   RB_EMPTY_NODE(&interval_sub->interval_tree.rb);
	if (likely(!removing)) {
		if (intervals->active)
			mn_wait_to_remove(intervals, interval_sub);
		mn_itree_remove(interval_sub, &intervals->itree);
		RB_CLEAR_NODE(&interval_sub->interval_tree.rb);
	}
	spin_unlock(&intervals->lock);

	if (WARN_ONCE(removing, "%ps is being removed already\n", ops))
		return;

	/* Grabbed by mn_interval_insert(). */
	mmdrop(mm);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_remove);

/**
 * mmu_notifier_unregister - end a subscription to an mm
 * @subscription: The subscription.
 * @mm: The mm that it was registered with.
 *
 * Calls ->release(), unless the end of the mm has done that already. On return no
 * callback runs or will run. There is no ->invalidate_range_end() any more for an
 * invalidation that has started, and ends after that.
 *
 * Context: May sleep, for as long as any callback of any mm runs. Must not be
 * called from a callback.
 */
void mmu_notifier_unregister(struct mmu_notifier *subscription,
			     struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions;
	bool registered;

	/* Others who get or put it may be changing it, but not from or to 0. */
	if (WARN_ONCE(!data_race(subscription->users),
		      "%ps is not registered\n", subscription->ops))
		return;
	/* After a fork, say. Its mm is the one that has it. */
	WARN_ONCE(mm != subscription->mm, "%ps is registered with another mm\n",
		  subscription->ops);
	mm = subscription->mm;
	subscriptions = mn_subscriptions(mm);

	if (!hlist_unhashed_lockless(&subscription->hlist)) {
		/* The end of the mm waits for this ->release(). */
		scoped_guard(srcu, &mn_srcu) {
			if (subscription->ops->release)
				subscription->ops->release(subscription, mm);
		}
	}

	/* The end of the mm may have been faster. */
	spin_lock(&subscriptions->lock);
	hlist_del_init_rcu(&subscription->hlist);
	registered = subscription->users;
	subscription->users = 0;
	spin_unlock(&subscriptions->lock);

	synchronize_srcu(&mn_srcu);

	/* Grabbed by mn_attach(). */
	if (!WARN_ONCE(!registered, "%ps is unregistered twice\n",
		       subscription->ops))
		mmdrop(mm);
}
EXPORT_SYMBOL_GPL(mmu_notifier_unregister);

static void mn_free_rcu(struct rcu_head *rcu)
{
	struct mmu_notifier *subscription =
		container_of(rcu, struct mmu_notifier, rcu);
	struct mm_struct *mm = subscription->mm;

	subscription->ops->free_notifier(subscription);
	/* Grabbed by mn_attach(). */
	mmdrop(mm);
}

/**
 * mmu_notifier_put - give back what mmu_notifier_get() returned
 * @subscription: The subscription.
 *
 * With the last reference the subscription is freed by ops->free_notifier(),
 * later, when no callback runs or will run. ->release() is not called for that:
 * the driver has to drop all SPTEs before. A module that uses this has to call
 * mmu_notifier_synchronize() before it is unloaded.
 *
 * Context: Any context in which a spinlock may be taken, ->release() included;
 * not from interrupts.
 */
void mmu_notifier_put(struct mmu_notifier *subscription)
{
	struct mmu_notifier_subscriptions *subscriptions;
	bool last = false;

	if (WARN_ONCE(!subscription->ops->free_notifier,
		      "%ps cannot be put\n", subscription->ops))
		return;
	/* Its mm may be gone; and as in mmu_notifier_unregister(). */
	if (WARN_ONCE(!data_race(subscription->users),
		      "%ps is put once too often\n", subscription->ops))
		return;

	subscriptions = mn_subscriptions(subscription->mm);
	spin_lock(&subscriptions->lock);
	if (!WARN_ONCE(!subscription->users, "%ps is put once too often\n",
		       subscription->ops))
		last = !--subscription->users;
	if (last)
		hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&subscriptions->lock);

	if (last)
		call_srcu(&mn_srcu, &subscription->rcu, mn_free_rcu);
}
EXPORT_SYMBOL_GPL(mmu_notifier_put);

/**
 * mmu_notifier_synchronize - wait for callbacks, and until all put has been freed
 *
 * On return every callback of subscriptions to a whole mm has ended that ran at
 * the time of the call, and every ops->free_notifier() has run for whose
 * subscription the last mmu_notifier_put() was before it. For the exit function
 * of modules.
 *
 * Context: May sleep, for as long as any callback of any mm runs. Must not be
 * called from a callback, nor under a lock that a callback takes.
 */
void mmu_notifier_synchronize(void)
{
	/* The second waits for what was put only, and lockdep does not know it. */
	synchronize_srcu(&mn_srcu);
	srcu_barrier(&mn_srcu);
}
EXPORT_SYMBOL_GPL(mmu_notifier_synchronize);

/* Called when the last reference to the mm structure is gone. */
void __mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	/* Each subscription has a reference. Better a leak than a stray list. */
	if (WARN_ON_ONCE(!hlist_empty(&subscriptions->list)))
		return;
	kfree(subscriptions->intervals);
	kfree(subscriptions);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MMU_NOTIFIER_INTERNAL_H
#define _MM_MMU_NOTIFIER_INTERNAL_H

/*
 * MMU notifiers: what the files of their core share.
 *
 * mmu_notifier.c        the model; subscriptions to an mm, registration, dispatch
 * mmu_interval.c        subscriptions to an interval, collision-retry
 * mmu_notifier_range.c  active ranges, on which both stand
 * mmu_range_read.c      collision-retry for any range, on the same
 */

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/*
 * Structures
 */

/* Slots of active ranges. The first one stands for the ranges that have none. */
#define MN_SLOTS	BITS_PER_LONG
#define MN_UNTRACKED	BIT(0)

/* Range readers that can be watched for at a time. */
#define MN_WATCHES	4

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
 * struct mn_watch - what a range reader is to be told of
 * @span: From the first to the last address that it reads.
 * @reader: Which one it is; to compare with, for it may be gone.
 * @hit: The first sequence since it began whose range overlaps @span, or 0. The
 *	low word will do: all are odd.
 */
struct mn_watch {
	struct mn_span span;
	const struct mmu_range_reader *reader;
	unsigned long hit;
};

/**
 * struct mn_ranges - the active ranges of an mm, and who is told of new ones
 * @lock: Protects the rest.
 * @itree: The interval_subs.
 * @nr_removing: Number of interval_subs on @itree that are to be announced to no
 *	longer. As long as there are none, a walk need not look for them.
 * @active: Mask of the slots whose range is active; MN_UNTRACKED if ranges
 *	without a slot are.
 * @last_seq: Last sequence handed out; odd.
 * @oldest: No active range has a lower sequence. Renewed when the slots start over,
 *	and when no range is active.
 * @awaited: Mask of the slots with waiters.
 * @nr_untracked: Number of active ranges without a slot.
 * @nr_draining: How many of these belong to the generation before the current one.
 * @generation: The generation that untracked ranges belong to when they start.
 * @reserved: Mask of the slots that a start leaves to mn_range_activate_slow():
 *	MN_UNTRACKED; all as long as there may be watches.
 * @slots: The slot of a sequence is mn_slot_of() it. A slot that is not active has
 *	the last range that was.
 * @waiters: Who waits for the range in a slot; joined under @lock.
 * @untracked_waiters: Who waits for untracked ranges; joined under @lock.
 * @watched: Mask of @watches that a range reader has. Set under @lock, cleared
 *	without.
 * @watches: What range readers that were overrun are to be told of.
 *
 * Allocated with the first interval_sub of the mm; freed with the mm. One lock for
 * the ranges and the tree: a range becomes active and finds the interval_subs that
 * are there at one moment.
 *
 *   field            read under                written under
 *   active           lock, or (H) or (J),      lock
 *                    or (N)
 *   last_seq         lock, or (J), or (M)      lock
 *   oldest           lock, or (I)              lock
 *   slots            lock, or (J) and (K), or  lock
 *                    (M) and (O), or (M) and
 *                    (P)
 *   watched          lock                      lock to set, (Q) to clear
 *   watches          lock; hit also by the     lock
 *                    reader that has it, under
 *                    the user lock
 *   all others       lock                      lock
 *
 * Of an interval_sub: @mm, @ops and the interval are constant while it is inserted.
 * Its node and the private members are under the lock, but @announced is read after
 * (I), too; @mm, @removed and the node are looked at without it, to refuse what is
 * inserted or removed twice. @invalidate_seq is under the user lock, or read by (G).
 */
struct mn_ranges {
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
	unsigned long reserved;
	struct mn_slot slots[MN_SLOTS];
	wait_queue_head_t waiters[MN_SLOTS];
	wait_queue_head_t untracked_waiters;
	unsigned long watched;
	struct mn_watch watches[MN_WATCHES];
};

/**
 * struct mmu_notifier_subscriptions - what an mm knows about its notifiers
 * @lock: Protects @list and &mmu_notifier.users.
 * @list: The subscriptions to the mm.
 * @ranges: The active ranges and the interval_subs. NULL until the first
 *	interval_sub; then there for good. Set with all locks of the mm held, so that
 *	every range which is active from then on is known to it.
 *
 * Allocated for the first subscription of either kind; freed with the mm.
 *
 *   field            read under                written under
 *   list             lock, or mn_srcu          lock, and to add mm_take_all_locks()
 *   list, whether    any lock of the mm, or    as above
 *     it is empty    as its last user
 *   ranges           any lock of the mm, as    mm_take_all_locks()
 *                    its last user, or (C)
 *   users            lock; whether it is 0     lock
 *                    also by who has a
 *                    reference
 */
struct mmu_notifier_subscriptions {
	spinlock_t lock;
	struct hlist_head list;
	struct mn_ranges *ranges;
};

/*
 * Found without a lock of the mm, it is initialised all the same: the address
 * dependency pairs with (A) in mn_attach().
 */
static inline struct mmu_notifier_subscriptions *
mn_subscriptions(const struct mm_struct *mm)
{
	return READ_ONCE(mm->notifier_subscriptions);
}

/*
 * Callbacks
 */

/* Tell lockdep that this place may wait for an invalidation, or runs callbacks. */
static inline void mn_lockdep_may_wait(void)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/*
 * A callback that must not sleep may take spinlocks. With PREEMPT_RT these sleep,
 * and between non_block_start() and non_block_end() each would be reported.
 */
static inline bool mn_forbids_sleep(const struct mmu_notifier_range *range)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	       !mmu_notifier_range_blockable(range);
}

/* At the release of the mm its locks are free, and readers are gone. */
static inline bool mn_is_annotated(const struct mmu_notifier_range *range)
{
	return range->event != MMU_NOTIFY_RELEASE;
}

/*
 * All callbacks of one kind for a range run between these two. Where they must not
 * sleep, see to it.
 *
 * The map is entered here and not around everything: callbacks of subscriptions
 * run in a read section of mn_srcu, and lockdep does not connect what is held
 * outside of a recursive read lock with what is taken inside. There it is tried
 * and not taken: who waits for mn_srcu does not wait for invalidations.
 */
static inline void mn_callbacks_enter(const struct mmu_notifier_range *range,
				      bool in_srcu)
{
	if (mn_is_annotated(range) && in_srcu)
		lock_map_acquire_try(&__mmu_notifier_invalidate_range_start_map);
	else if (mn_is_annotated(range))
		lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	if (mn_forbids_sleep(range))
		non_block_start();
}

static inline void mn_callbacks_exit(const struct mmu_notifier_range *range)
{
	if (mn_forbids_sleep(range))
		non_block_end();
	if (mn_is_annotated(range))
		lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/*
 * Active ranges, in the order of their life; see mmu_notifier_range.c. What each
 * start and each read_begin does is inline, the rest is a call.
 */

struct mn_ranges *mn_ranges_alloc(void);

static inline unsigned long mn_slot_of(u64 seq)
{
	return (seq >> 1) % MN_SLOTS;
}

static __always_inline bool mn_overlaps(const struct mn_span *span,
					unsigned long first, unsigned long last)
{
	return READ_ONCE(span->first) <= last && first <= READ_ONCE(span->last);
}

static __always_inline void mn_range_take_slot(struct mn_ranges *ranges,
					       struct mmu_notifier_range *range,
					       u64 seq)
	__must_hold(&ranges->lock)
{
	const unsigned long first = range->start, last = range->end - 1;
	const unsigned long i = mn_slot_of(seq);

	range->seq = seq;
	WRITE_ONCE(ranges->slots[i].seq, seq);
	WRITE_ONCE(ranges->slots[i].span.first, first);
	WRITE_ONCE(ranges->slots[i].span.last, last);
	if (!ranges->active)
		WRITE_ONCE(ranges->oldest, seq);
	WRITE_ONCE(ranges->active, ranges->active | BIT(i));
	/*
	 * (D) A range is active and in its slot before its sequence is seen, in
	 * @last_seq or in an interval_sub: callbacks come later, and may set the
	 * sequence without a barrier. Pairs with (G) in mn_read_begin(), (J) in
	 * mn_may_overlap_active() and (M) in mn_last_seq().
	 */
	smp_wmb();
	WRITE_ONCE(ranges->last_seq, seq);
}

void mn_range_activate_slow(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range)
	__must_hold(&ranges->lock);

/* Give the range a sequence, and the slot that goes with it. */
static __always_inline void mn_range_activate(struct mn_ranges *ranges,
					      struct mmu_notifier_range *range)
	__must_hold(&ranges->lock)
{
	const u64 seq = ranges->last_seq + 2;

	if (unlikely((ranges->active | ranges->reserved) & BIT(mn_slot_of(seq))))
		mn_range_activate_slow(ranges, range);
	else
		mn_range_take_slot(ranges, range, seq);
}

bool mn_range_is_active(struct mn_ranges *ranges,
			const struct mmu_notifier_range *range, bool *same);
void mn_range_forget(struct mmu_notifier_range *range);
bool mn_range_deactivate(struct mn_ranges *ranges,
			 struct mmu_notifier_range *range);

/* What an interval_sub remembers of untracked ranges: see mn_wait(). */
u8 mn_generation_of(const struct mn_ranges *ranges,
		    const struct mmu_notifier_range *range, u8 noted)
	__must_hold(&ranges->lock);
u8 mn_generation_of_all(const struct mn_ranges *ranges)
	__must_hold(&ranges->lock);

bool mn_may_overlap_active(const struct mn_ranges *ranges, unsigned long first,
			   unsigned long last);

/* Each returns 0; or -EINTR if the state is TASK_KILLABLE, and a signal kills. */
int mn_wait_for_untracked(struct mn_ranges *ranges, u8 untracked,
			  unsigned int state)
	__must_hold(&ranges->lock);
int mn_wait_for_slot(struct mn_ranges *ranges, unsigned long i, u64 mark,
		     unsigned int state)
	__must_hold(&ranges->lock);
int mn_wait(struct mn_ranges *ranges, unsigned long first, unsigned long last,
	    u8 untracked, unsigned int state)
	__must_hold(&ranges->lock);

/*
 * Subscriptions to an interval; see mmu_interval.c
 */

int mn_interval_start_range(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range);
void mn_interval_release(struct mn_ranges *ranges, struct mm_struct *mm);

#endif /* _MM_MMU_NOTIFIER_INTERNAL_H */

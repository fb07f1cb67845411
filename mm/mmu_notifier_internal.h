/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MMU_NOTIFIER_INTERNAL_H
#define _MM_MMU_NOTIFIER_INTERNAL_H

/*
 * MMU notifiers: shared by the files of the core.
 *
 * mmu_notifier.c        subscriptions to an mm, registration, dispatch
 * mmu_interval.c        subscriptions to an interval, collision-retry
 * mmu_interval_deferred.c  their removal where the caller cannot wait
 * mmu_notifier_range.c  active ranges, which both build on
 * mmu_notifier_section.c  SRCU sections: what (un)registration waits for
 * mmu_range_read.c      collision-retry for any range, on active ranges
 * mmu_range_watch.c     watches for its readers when the history is too short
 * mmu_notifier_trace.c  trace events
 * mmu_notifier_fail.c   faults that are injected
 */

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mmu_notifier_debug.h"
#include "mmu_notifier_trace.h"

/*
 * Structures
 */

/*
 * Slots for active ranges. Slot 0 holds none: its bit stands for untracked
 * ranges.
 */
#define MN_SLOTS	BITS_PER_LONG
#define MN_UNTRACKED	BIT(0)

/* In place of the index of a slot: &mn_ranges.removals. */
#define MN_NOT_WAITING	MN_SLOTS

/* How far apart sequences may be so that no slot in between is used twice. */
#define MN_HISTORY	(2 * (MN_SLOTS - 1))

/* Number of watches, and of address ranges that each can cover. */
#define MN_WATCHES	4
#define MN_WATCH_SPANS	8

/**
 * struct mn_span - an address range
 * @first: First address.
 * @last: Last address, inclusive.
 */
struct mn_span {
	unsigned long first;
	unsigned long last;
};

/**
 * struct mn_slot - an active range, by value
 * @span: Its addresses.
 * @seq: Its sequence, 64 bits on every architecture, so that it never wraps.
 * @removals: The deferred removals that wait for it; in slot 0, for untracked ranges.
 */
struct mn_slot {
	struct mn_span span;
	u64 seq;
	struct mmu_interval_notifier_removal *removals;
} __aligned(32);	/* in one cache line */

/**
 * struct mn_watch - a copy of what a range reader reads
 * @spans: The addresses; those of a larger set include its smaller gaps.
 * @nr: Number of @spans.
 * @reader: The range reader; only to compare with, because it may be gone.
 * @hit: Low word of the first sequence since @reader began, or had waited, whose
 *	range overlaps one of @spans, or 0; a sequence is odd, so its low word is
 *	never 0.
 */
struct mn_watch {
	struct mn_span spans[MN_WATCH_SPANS];
	unsigned int nr;
	const struct mmu_range_reader *reader;
	unsigned long hit;
};

/**
 * struct mn_ranges - the active ranges of an mm, and its interval_subs
 * @lock: Protects the rest.
 * @active: Mask of the slots whose range is active; MN_UNTRACKED if any range
 *	without a slot is.
 * @last_seq: Last sequence handed out; odd.
 * @oldest: Lower bound of the sequences of active ranges, updated when the
 *	slots wrap around, and by a range that starts while no other is active.
 * @nr_untracked: Number of active ranges without a slot.
 * @untracked: From the first to the last address of active untracked ranges,
 *	and of those that ended while others were active.
 * @generation: Generation of the untracked ranges that start now.
 * @itree: The interval_subs.
 * @nr_removing: Number of interval_subs in @itree that new ranges are no longer
 *	announced to; if it is not 0, a walk looks for them.
 * @awaited: Mask of the slots with waiters.
 * @reserved: Mask of the slots that a start leaves to mn_range_activate_slow():
 *	MN_UNTRACKED; or all of them as long as there may be watches.
 * @nr_draining: Number of active untracked ranges of the previous generation.
 * @sections: The SRCU sections of the mm, if allocated later than this.
 * @complete: Whether every active range is known, as interval_subs and range
 *	readers require; becomes true once, soon after the allocation.
 * @slots: Indexed by mn_slot_of() the sequence; an inactive one keeps its last range.
 * @waiters: Waiters for the range in each slot; they join under @lock.
 * @untracked_waiters: Waiters for untracked ranges; they join under @lock.
 * @removals: The deferred removals that need not wait.
 * @watched: Mask of the @watches that range readers have.
 * @watches: Watches of range readers that were overrun.
 * @overrun: Low word of @last_seq when a range reader was last overrun, or 0.
 * @mm: The mm, constant; only for trace events.
 *
 * Allocated when the mm is first tracked; freed with the mm. One lock
 * covers the ranges and the tree, so that a range becomes active and finds its
 * interval_subs in one step.
 *
 *   field            read under                written under
 *   active           lock, or (H), (J), (N)    lock
 *                    or (O)
 *   last_seq         lock, or (J), (K), (M)    lock
 *                    or (P); the user lock,
 *                    for a retry; nothing,
 *                    where it is a hint
 *   oldest           lock, or (I)              lock
 *   slots            lock, or (J) and (K), or  lock
 *                    (M) and (O), or (M) and
 *                    (P)
 *   watched          lock                      lock to set, (Q) to clear
 *   watches          lock; @hit also with (T)  lock; @reader also by the
 *                    by the reader that has    reader that has it
 *                    it; @reader by any, to
 *                    compare
 *   untracked        lock, or (M) and (O)      lock
 *   waiters,         their own lock            their own lock, and the
 *   untracked_waiters                          lock to join
 *   overrun          nothing; it is a hint     nothing
 *   complete         (C), (R)                  mmap_lock for writing, (B)
 *   all others       lock                      lock
 *
 * In an interval_sub, @mm and the interval are constant while it is inserted; so is
 * @ops, but for (W). The node and the private members are under the lock; @announced
 * is also read after (I), and @mm and the node are peeked at to refuse a second
 * insertion or removal. @invalidate_seq is written under the user lock, by insertion,
 * or by a deferred removal; readers sample it under the lock or by (G), and compare
 * it under the user lock, or under nothing, where it is a hint.
 */
struct mn_ranges {
	/*
	 * What starts and ends write is in the cache line of the lock: that line
	 * and a slot are all that CPUs which invalidate pass around. Readers
	 * without the lock share it.
	 */
	spinlock_t lock ____cacheline_aligned_in_smp;
	unsigned long active;
	u64 last_seq;
	u64 oldest;
	unsigned long nr_untracked;
	struct mn_span untracked;
	unsigned long generation;

	/* What most of them only read. */
	struct rb_root_cached itree __guarded_by(&lock);
	unsigned long nr_removing;
	unsigned long awaited;
	unsigned long reserved;
	unsigned long nr_draining;
	struct mn_sections *sections;
	bool complete;

	struct mn_slot slots[MN_SLOTS];
	wait_queue_head_t waiters[MN_SLOTS];
	wait_queue_head_t untracked_waiters;
	struct mmu_interval_notifier_removal *removals;
	unsigned long watched;
	struct mn_watch watches[MN_WATCHES];
	unsigned long overrun;
	struct mm_struct *mm;
};

/**
 * struct mn_sections - the SRCU sections of an mm with subscriptions to all of it
 * @srcu: A range is in a section from its start to its end, as is every other callback.
 * @subscriptions: The subscriptions of the mm.
 * @unregistering: Number of mmu_notifier_unregister() in progress; under the
 *	lock of @subscriptions.
 * @unregistered: Waiters for @unregistering to become 0.
 * @free: Frees this when the mm structure is gone, from a context that may sleep.
 *
 * Registration, unregistration and the end of the mm wait for the sections of their
 * own mm only.
 *
 * Allocated for the first subscription to the whole mm; constant after that, but for
 * @unregistering.
 */
struct mn_sections {
	struct srcu_struct srcu;
	struct mmu_notifier_subscriptions *subscriptions;
	unsigned int unregistering;
	wait_queue_head_t unregistered;
	struct work_struct free;
};

/**
 * struct mmu_notifier_subscriptions - the notifiers of an mm
 * @lock: Protects @list.
 * @list: The subscriptions to the mm, the latest first.
 * @ranges: The active ranges and the interval_subs, once the mm is tracked.
 * @sections: The SRCU sections, once there has been a subscription to the mm.
 * @mm: The mm, constant; only for trace events.
 *
 * At least one of @ranges and @sections exists. Each is NULL at first, and
 * constant once it is set.
 *
 * Allocated for the first subscription of either kind; freed with the mm. It is
 * published with all locks of the mm held. An invalidation holds one of them,
 * so it knows of the first subscription, or has ended. Later on, the one of
 * @ranges and @sections that exists tells what is active when the other one, or
 * another subscription, is added.
 *
 *   field            read under                written under
 *   list             lock, or a section;       lock
 *                    whether it is empty also
 *                    when the mm is released,
 *                    or has gone
 *   ranges           (V), in a section if      mmap_lock for writing
 *                    there are any; with (C)
 *                    or (R) anywhere
 *   sections         (U), or mmap_lock; the    mmap_lock for writing
 *                    copy in @ranges has the
 *                    ranges' lock
 *   users, of a      anywhere                  atomically; by registration,
 *   subscription                               under mn_registered_lock
 *
 * mn_registered_lock nests inside @lock.
 */
struct mmu_notifier_subscriptions {
	spinlock_t lock;
	struct hlist_head list;
	struct mn_ranges *ranges;
	struct mn_sections *sections;
	struct mm_struct *mm;
};

/*
 * Needs no lock of the mm: the address dependency pairs with (A) in
 * mn_attach(), so the object is seen initialised.
 */
static inline struct mmu_notifier_subscriptions *
mn_subscriptions(const struct mm_struct *mm)
{
	return READ_ONCE(mm->notifier_subscriptions);
}

/* Lockless, too. The table above tells where a new one must be seen. */
static inline struct mn_ranges *
mn_ranges(const struct mmu_notifier_subscriptions *subscriptions)
{
	return READ_ONCE(subscriptions->ranges);
}

static inline struct mn_ranges *mn_ranges_of_mm(const struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	return subscriptions ? mn_ranges(subscriptions) : NULL;
}

/*
 * Callbacks
 */

/* Tell lockdep that the caller may wait for an invalidation. */
static inline void mn_lockdep_may_wait(void)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/*
 * Callbacks that must not sleep may take spinlocks. These sleep on PREEMPT_RT,
 * where non_block_start() would report each of them.
 */
static inline bool mn_forbids_sleep(const struct mmu_notifier_range *range)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	       !mmu_notifier_range_blockable(range);
}

/* When the mm is released, its locks are free and its readers are gone. */
static inline bool mn_is_annotated(const struct mmu_notifier_range *range)
{
	return range->event != MMU_NOTIFY_RELEASE;
}

/*
 * All callbacks of one kind for a range run between these two, which catch
 * callbacks that sleep where they must not.
 *
 * Callbacks of the mm's subscriptions run in an SRCU section. Lockdep does not
 * connect what is held outside of a recursive read lock with what is taken
 * inside, so the map is entered here, by a trylock: others wait for the
 * section, not for the map.
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
 * Active ranges, from start to end; see mmu_notifier_range.c. The fast paths of
 * start and read_begin are inline.
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

static inline bool mn_watch_overlaps(const struct mn_watch *watch,
				     unsigned long first, unsigned long last)
{
	unsigned int i;

	for (i = 0; i < watch->nr; i++) {
		if (mn_overlaps(&watch->spans[i], first, last))
			return true;
	}
	return false;
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
	 * (D) The range is active and in its slot before its sequence becomes
	 * visible, in @last_seq or in an interval_sub, where callbacks store it
	 * without a barrier. Pairs with (G) in mn_read_begin(), (J) in
	 * mn_may_overlap_active() and (M) in mn_last_seq().
	 */
	smp_wmb();
	WRITE_ONCE(ranges->last_seq, seq);
}

void mn_range_activate_slow(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range)
	__must_hold(&ranges->lock);

/* Give the range the next sequence, and the slot that goes with it. */
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

/* What an interval_sub notes about untracked ranges, for mn_wait(). */
u8 mn_generation_of(const struct mn_ranges *ranges,
		    const struct mmu_notifier_range *range, u8 noted)
	__must_hold(&ranges->lock);
unsigned long mn_generation_of_all(const struct mn_ranges *ranges)
	__must_hold(&ranges->lock);

/* Sleep until every range that is active now has ended. */
void mn_wait_for_active(struct mn_ranges *ranges);

bool mn_may_overlap_active(const struct mn_ranges *ranges, unsigned long first,
			   unsigned long last);

bool mn_holds_up(const struct mn_ranges *ranges, unsigned long i, u64 mark)
	__must_hold(&ranges->lock);
bool mn_has_drained(struct mn_ranges *ranges, unsigned long generation)
	__must_hold(&ranges->lock);

/* Each returns 0; or -EINTR because of a fatal signal, if @state is TASK_KILLABLE. */
int mn_wait_for_untracked(struct mn_ranges *ranges, u8 untracked,
			  unsigned int state, enum mmu_notifier_waiter waiter)
	__must_hold(&ranges->lock);
int mn_wait_for_slot(struct mn_ranges *ranges, unsigned long i, u64 mark,
		     unsigned int state, enum mmu_notifier_waiter waiter)
	__must_hold(&ranges->lock);
int mn_wait(struct mn_ranges *ranges, unsigned long first, unsigned long last,
	    u8 untracked, unsigned int state, enum mmu_notifier_waiter waiter)
	__must_hold(&ranges->lock);

/*
 * Starts that do not come from a range that has not started; see mmu_notifier.c
 */

int mn_range_start_again(struct mmu_notifier_subscriptions *subscriptions,
			 struct mmu_notifier_range *range);

/*
 * What is pending, for who waits until all that began before is over; see mmu_notifier.c
 */

/**
 * struct mn_pending - what is pending, of any mm
 * @lock: Protects the other members, but for the wait queue.
 * @turns: How often there was a turn, for a wait.
 * @over: Who waits for a count to become 0.
 * @count: How many began since the last turn: this is the one of @turns modulo 2; and
 *	before it. There is a turn only if these are over.
 *
 * Not readers of an SRCU: TINY_SRCU has 16 bits to count them.
 */
struct mn_pending {
	spinlock_t lock;
	unsigned long turns;
	wait_queue_head_t over;
	unsigned long count[2];
};

#define DEFINE_MN_PENDING(name)						\
	struct mn_pending name = {					\
		.lock = __SPIN_LOCK_UNLOCKED(name.lock),		\
		.over = __WAIT_QUEUE_HEAD_INITIALIZER(name.over),	\
	}

unsigned int mn_pending_begin(struct mn_pending *pending);
void mn_pending_end(struct mn_pending *pending, unsigned int which);
bool mn_pending_is_over(struct mn_pending *pending, unsigned long turns);
void mn_pending_wait(struct mn_pending *pending);

/*
 * SRCU sections; see mmu_notifier_section.c
 */

/*
 * In &mmu_notifier_range.section, beside the first subscription that the range has
 * been announced to.
 */
#define MN_SECTION_INDEX	BIT(0)	/* of the section */
#define MN_SECTION_ENTERED	BIT(1)
#define MN_SECTION_FLAGS	(MN_SECTION_INDEX | MN_SECTION_ENTERED)

struct mn_sections *
mn_sections_alloc(struct mmu_notifier_subscriptions *subscriptions);
void mn_sections_free(struct mn_sections *sections);
void mn_sections_wait(struct mn_sections *sections);
void mn_sections_wait_for_release(struct mn_sections *sections);
void mn_lockdep_release_begin(void);
void mn_lockdep_release_end(void);
int mn_release_enter(struct mn_sections *sections);
void mn_release_exit(struct mn_sections *sections, int index);

/* Tell lockdep that the caller may wait for the sections of any mm. */
void mn_lockdep_may_wait_for_sections(void);

static inline struct mn_sections *
mn_sections(const struct mmu_notifier_subscriptions *subscriptions)
{
	/*
	 * The address dependency pairs with (U). If a range misses the
	 * sections, the registration sees its slot and waits; the range checks
	 * again under the lock.
	 */
	return READ_ONCE(subscriptions->sections);
}

/*
 * Enter a section, which the range leaves at its end. Read the list inside: a
 * registration waits for the section, or is seen. Returns the first subscription.
 */
static inline struct mmu_notifier *
mn_section_enter(struct mn_sections *sections, struct mmu_notifier_range *range)
{
	struct hlist_head *list = &sections->subscriptions->list;
	const int index = srcu_read_lock_notrace(&sections->srcu);
	struct hlist_node *first;

	/*
	 * As srcu_read_lock(), but annotated as a trylock, because it waits for
	 * nothing. Otherwise lockdep does not connect what is held outside of the
	 * range with what is taken before its end.
	 */
	lock_acquire_shared_recursive(&sections->srcu.dep_map, 0, 1, NULL,
				      _THIS_IP_);
	first = srcu_dereference(hlist_first_rcu(list), &sections->srcu);
	range->section = (unsigned long)first | index | MN_SECTION_ENTERED;
	return hlist_entry_safe(first, struct mmu_notifier, hlist);
}

/*
 * Stored in &mmu_notifier_range.seq of a range in a section of an mm that is not
 * tracked. Even, and wrong in a copy, because it is the address of the range.
 */
static inline u64 mn_self(const struct mmu_notifier_range *range)
{
	return (unsigned long)range;
}

static inline void mn_section_leave(struct mn_sections *sections,
				    struct mmu_notifier_range *range)
{
	const int index = range->section & MN_SECTION_INDEX;

	range->section = 0;
	srcu_read_unlock(&sections->srcu, index);
}

/*
 * The first subscription that the range was announced to. The rest follow in the
 * list; new ones are added in front of it. If it has been removed, its ->next stays
 * valid until the section ends.
 */
static inline struct mmu_notifier *
mn_section_first(unsigned long section)
{
	struct hlist_node *first = (void *)(section & ~MN_SECTION_FLAGS);

	return hlist_entry_safe(first, struct mmu_notifier, hlist);
}

/* What a filter adds to an error that it has reported. No driver returns so little. */
#define MN_REPORTED	(INT_MIN + MAX_ERRNO)

int mn_section_refused(const struct mmu_notifier_ops *ops,
		       const struct mmu_notifier_range *range, int err);
int mn_section_start_refused(struct mn_sections *sections,
			     struct mn_ranges *ranges,
			     struct mmu_notifier_range *range,
			     struct mmu_notifier *subscription, int err,
			     struct mn_trace *trace);

const struct mmu_notifier_ops *
mn_filter_driver_mm_ops(const struct mmu_notifier_ops *ops);

/* The driver's, if these are a filter, and if that is looked at. */
static __always_inline const struct mmu_notifier_ops *
mn_debug_mm_ops(const struct mmu_notifier_ops *ops)
{
	return mn_debug_is_on() ? mn_filter_driver_mm_ops(ops) : ops;
}

static __always_inline int
mn_section_call_one(struct mmu_notifier *subscription,
		    const struct mmu_notifier_range *range,
		    struct mn_trace *trace)
{
	const struct mmu_notifier_ops *ops = subscription->ops;
	const unsigned long slept = mn_debug_sleeps();
	const u64 began = mn_trace_call(trace);
	const int err = ops->invalidate_range_start(subscription, range);

	if (began || mn_debug_is_on())
		ops = mn_filter_driver_mm_ops(ops);
	if (began)
		__mn_trace_called(range, ops->invalidate_range_start, began);
	mn_debug_slept(range, slept, ops->invalidate_range_start);
	return err;
}

/*
 * Announce the range to @first and all that follow. On failure, returns the last
 * error, and everything has ended: the callbacks, the range if it is tracked, and
 * the section. Inline: this is most of the cost of a common start.
 */
static __always_inline int
mn_section_call_start(struct mn_sections *sections, struct mn_ranges *ranges,
		      struct mmu_notifier_range *range,
		      struct mmu_notifier *first, struct mn_trace *trace)
{
	struct mmu_notifier *subscription = first;
	int err;

	mn_callbacks_enter(range, true);
	hlist_for_each_entry_from_rcu(subscription, hlist) {
		if (!subscription->ops->invalidate_range_start)
			continue;
		err = mn_section_call_one(subscription, range, trace);
		if (unlikely(err))
			return mn_section_start_refused(sections, ranges, range,
							subscription, err,
							trace);
	}
	mn_callbacks_exit(range);
	return 0;
}

static __always_inline void
mn_section_call_end(const struct mmu_notifier_range *range,
		    struct mn_trace *trace)
{
	struct mmu_notifier *subscription = mn_section_first(range->section);
	const struct mmu_notifier_ops *ops;
	unsigned long slept;
	u64 began;

	mn_callbacks_enter(range, true);
	hlist_for_each_entry_from_rcu(subscription, hlist) {
		ops = subscription->ops;
		if (!ops->invalidate_range_end)
			continue;
		slept = mn_debug_sleeps();
		began = mn_trace_call(trace);
		ops->invalidate_range_end(subscription, range);
		if (began || mn_debug_is_on())
			ops = mn_filter_driver_mm_ops(ops);
		if (began)
			__mn_trace_called(range, ops->invalidate_range_end,
					  began);
		mn_debug_slept(range, slept, ops->invalidate_range_end);
	}
	mn_callbacks_exit(range);
}

/* Announce the end of a range, which leaves the section. */
static __always_inline void
mn_section_end_range(struct mn_sections *sections,
		     struct mmu_notifier_range *range)
{
	mn_section_call_end(range, NULL);
	mn_section_leave(sections, range);
}

int mn_section_start_range(struct mn_sections *sections,
			   struct mn_ranges *ranges,
			   struct mmu_notifier_range *range,
			   struct mmu_notifier *first);

/*
 * Watches
 */

void mn_watch_take(struct mmu_range_reader *reader);
bool mn_watch_is_own(const struct mmu_range_reader *reader);
unsigned long mn_watch_hit(const struct mmu_range_reader *reader);
void mn_watch_renew(const struct mmu_range_reader *reader);
bool mn_watch_is_exact(const struct mmu_range_reader *reader);
void mn_watch_give_back(struct mmu_range_reader *reader);

/*
 * Subscriptions to an interval; see mmu_interval.c
 */

int mn_interval_start_range(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range);
void mn_interval_release(struct mn_ranges *ranges, struct mm_struct *mm);
const struct mmu_interval_notifier_ops *
mn_filter_driver_ops(const struct mmu_interval_notifier_ops *ops);
const void *mn_driver_callback(const struct mmu_interval_notifier_ops *ops);

/* The driver's, if these are a filter, and if that is looked at. */
static __always_inline const struct mmu_interval_notifier_ops *
mn_debug_ops(const struct mmu_interval_notifier_ops *ops)
{
	return mn_debug_is_on() ? mn_filter_driver_ops(ops) : ops;
}

bool mn_is_stand_in(const struct mmu_interval_notifier *interval_sub);
const struct mmu_interval_notifier *
mn_that_moves(const struct mmu_interval_notifier *interval_sub,
	      unsigned long *seq);
int mn_refused(const struct mmu_interval_notifier_ops *ops,
	       const struct mmu_notifier_range *range);
bool mn_interval_skip(struct mmu_interval_notifier *interval_sub,
		      const struct mmu_notifier_range *range,
		      unsigned long cur_seq);

/* The driver's callbacks, also of what is being removed: see mn_announce(). */
static inline const struct mmu_interval_notifier_ops *
mn_ops_of(const struct mmu_interval_notifier *interval_sub)
{
	const struct mmu_interval_notifier_ops *ops =
		READ_ONCE(interval_sub->ops);

	if (likely(ops->invalidate != mn_interval_skip))
		return ops;
	return container_of(ops, struct mmu_interval_notifier_removal,
			    no_ops)->ops;
}

/* For a message: the callbacks of what has left the tree may have been freed. */
static inline const struct mmu_interval_notifier_ops *
mn_ops_to_name(const struct mmu_interval_notifier *interval_sub)
{
	return RB_EMPTY_NODE(&interval_sub->interval_tree.rb) ?
		       READ_ONCE(interval_sub->ops) : mn_ops_of(interval_sub);
}

/*
 * &mmu_interval_notifier.removed of one that is announced to like any other, but must
 * not be removed or moved: it is, and waits for the first or for the second time.
 */
#define MN_REMOVING	GENMASK_ULL(MMU_INTERVAL_SEQ_BITS - 1, 0)

void mn_interval_place(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub,
		       unsigned long start, unsigned long last)
	__must_hold(&ranges->lock);
void mn_interval_stop(struct mn_ranges *ranges,
		      struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock);
void mn_interval_drain(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock);
void mn_interval_collide(struct mn_ranges *ranges,
			 struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock);
void mn_interval_erase(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock);
void mn_interval_replace(struct mn_ranges *ranges,
			 struct mmu_interval_notifier *interval_sub,
			 unsigned long start, unsigned long last)
	__must_hold(&ranges->lock);

/* Whether the driver may remove it, as far as can be told without the lock. */
static inline bool
mn_may_remove(const struct mmu_interval_notifier *interval_sub)
{
	/* Never inserted, or the insertion failed. */
	if (mn_warn_on(!interval_sub->mm, _RET_IP_,
		       "%pS removes an interval that is not inserted\n",
		       (void *)_RET_IP_))
		return false;
	/*
	 * A neighbour in the tree may write to the node, but never this value. The
	 * ops are only for the report.
	 */
	return !mn_warn(data_race(RB_EMPTY_NODE(&interval_sub->interval_tree.rb)),
			_RET_IP_, "%ps is not inserted\n",
			READ_ONCE(interval_sub->ops));
}

/* Two removers may race. Also true while it moves. */
static inline bool
mn_is_being_removed(const struct mmu_interval_notifier *interval_sub)
{
	return interval_sub->removed ||
	       RB_EMPTY_NODE(&interval_sub->interval_tree.rb);
}

/* With CONFIG_FAIL_MMU_NOTIFIER only: see mmu_notifier_fail.c. */
bool mn_fails_to_read(void);

#endif /* _MM_MMU_NOTIFIER_INTERNAL_H */

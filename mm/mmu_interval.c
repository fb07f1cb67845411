// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: subscriptions to an interval, and collision-retry.
 *
 * Every active range has a slot in its mm with its addresses and its sequence.
 * The callback stores the sequence in the interval_sub. A reader samples it,
 * waits until no overlapping range is active, reads the page table, and
 * compares under the user lock:
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
 *     release the user lock                     : retry
 *   change the page table                   release the user lock
 *   lock
 *     clear the slot
 *   unlock
 *   wake the waiters of the slot
 *
 * If the callback takes the user lock first, the sequences differ. If the
 * reader is first, the callback tears down what the reader has just
 * established. If the callback ran before the reader began, the range is active
 * and the reader waits for it. No second look is needed after that wait: any
 * range started since has run, or will run, a callback that changes
 * invalidate_seq, unless its driver ignores the range.
 *
 * A reader does not wait for ranges that do not overlap, nor for those that
 * started after it began. A removal waits a second time, for ranges announced
 * during its first wait. An invalidation only waits for its callbacks.
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/interval_tree_generic.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "mmu_notifier_internal.h"

/* Maximum number of interval_subs collected per acquisition of the lock. */
#define MN_BATCH 32

/* Second passes of one range, in the order in which they were asked for. */
struct mn_finish_list {
	struct llist_node *first;
	struct llist_node **tail;
};

/* Modules allocate it: the private part keeps its size. */
static_assert(offsetof(struct mmu_interval_notifier, invalidate_seq) ==
	      sizeof(struct interval_tree_node) + 4 * sizeof(long));

/* Inline: every invalidation walks the tree. */
#define MN_FIRST(interval_sub)	((interval_sub)->interval_tree.start)
#define MN_LAST(interval_sub)	((interval_sub)->interval_tree.last)

INTERVAL_TREE_DEFINE(struct mmu_interval_notifier, interval_tree.rb,
		     unsigned long, interval_tree.__subtree_last,
		     MN_FIRST, MN_LAST, static __always_inline, mn_itree)

/* For an interval_sub that is or was inserted: its mm has ranges. */
static struct mn_ranges *
mn_ranges_of(const struct mmu_interval_notifier *interval_sub)
{
	return mn_ranges(mn_subscriptions(interval_sub->mm));
}

/*
 * Note that no range with a sequence above @last_seq has been announced to the
 * interval_sub or was active when it was inserted. This is not the sequence of
 * the announced range: one that still walks the tree may get here after later
 * ones. There is no room for the note on 32 bit.
 */
static __always_inline void
mn_note(struct mmu_interval_notifier *interval_sub, u64 last_seq)
{
#ifdef CONFIG_64BIT
	WRITE_ONCE(interval_sub->announced, last_seq);
#endif
}

/* Any of the untracked ranges may overlap, and be about to call it. */
static void mn_note_untracked(const struct mn_ranges *ranges,
			      struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock)
{
	if (unlikely(ranges->nr_untracked))
		interval_sub->untracked = mn_generation_of_all(ranges);
}

/*
 * Insertion
 */

/* Returns NULL if the mm is not prepared for interval_subs. */
static struct mn_ranges *mn_ranges_to_insert(const struct mm_struct *mm)
{
	struct mn_ranges *ranges = mn_ranges_of_mm(mm);

	/* (C) Pairs with (B) in mn_attach(). */
	return ranges && smp_load_acquire(&ranges->complete) ? ranges : NULL;
}

/* @interval_sub may be uninitialised memory: only compare pointers. */
static noinline __no_kmsan_checks bool
mn_is_inserted(struct mn_ranges *ranges,
	       const struct mmu_interval_notifier *interval_sub)
{
	struct mmu_interval_notifier *other;
	unsigned long first;

	guard(spinlock)(&ranges->lock);
	/* It may be about to move. */
	first = MN_FIRST(interval_sub);
	for (other = mn_itree_iter_first(&ranges->itree, first, first);
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
	       /* The lock is taken to look at the tree, if it seems so. */
	       !data_race(RB_EMPTY_NODE(&interval_sub->interval_tree.rb));
}

/* Drivers take an mm of NULL to mean that there is nothing to remove. */
static int mn_interval_refused(struct mmu_interval_notifier *interval_sub,
			       int err)
{
	interval_sub->mm = NULL;
	return err;
}

/* Inline: drivers insert and remove an interval in each fault. */
static __always_inline void
mn_place(struct mn_ranges *ranges, struct mmu_interval_notifier *interval_sub,
	 unsigned long start, unsigned long last, u64 removed)
	__must_hold(&ranges->lock)
{
	lockdep_assert_held(&ranges->lock);

	WRITE_ONCE(MN_FIRST(interval_sub), start);
	WRITE_ONCE(MN_LAST(interval_sub), last);
	interval_sub->removed = removed;
	interval_sub->untracked = 0;
	mn_note(interval_sub, ranges->last_seq);
	mn_note_untracked(ranges, interval_sub);
	/*
	 * Active ranges need no callback: readers find them in their slots. A
	 * range still walking the tree may yet call us; start with an even
	 * value, which no range uses.
	 *
	 * (X) A read section that begins with it waits for what overlaps these
	 * addresses. Pairs with (G) in mn_read_begin().
	 */
	smp_store_release(&interval_sub->invalidate_seq,
			  (unsigned long)ranges->last_seq + 1);
	mn_itree_insert(interval_sub, &ranges->itree);
}

void mn_interval_place(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub,
		       unsigned long start, unsigned long last)
{
	mn_place(ranges, interval_sub, start, last, 0);
}

static int mn_interval_insert(struct mmu_interval_notifier *interval_sub,
			      struct mm_struct *mm, unsigned long start,
			      unsigned long length,
			      const struct mmu_interval_notifier_ops *ops,
			      struct mn_ranges *ranges)
{
	unsigned long last;

	if (unlikely(mn_claims_to_be_inserted(interval_sub, mm)) &&
	    mn_warn(mn_is_inserted(ranges, interval_sub),
		    mn_debug_ops(ops), "%ps is inserted already\n",
		    mn_debug_ops(ops)))
		return -EEXIST;

	if (!length || check_add_overflow(start, length - 1, &last))
		return mn_interval_refused(interval_sub, -EOVERFLOW);

	/* The caller keeps the mm in use, so its release is yet to come. */
	if (mn_warn_on(atomic_read(&mm->mm_users) <= 0, mn_debug_ops(ops),
		       "%ps is inserted into an mm without users\n",
		       mn_debug_ops(ops)))
		return mn_interval_refused(interval_sub, -EINVAL);

	mn_debug_forget(interval_sub);
	mmgrab(mm);
	interval_sub->mm = mm;
	interval_sub->ops = ops;
	spin_lock(&ranges->lock);
	mn_place(ranges, interval_sub, start, last, 0);
	spin_unlock(&ranges->lock);
	return 0;
}

/* The first insertion in the mm; mmap_lock held for writing. */
static int mn_interval_insert_first(struct mmu_interval_notifier *interval_sub,
				    struct mm_struct *mm, unsigned long start,
				    unsigned long length,
				    const struct mmu_interval_notifier_ops *ops)
{
	int err = __mmu_notifier_register(NULL, mm);

	if (err)
		return mn_interval_refused(interval_sub, err);
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  mn_ranges_to_insert(mm));
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
 * Takes effect at once: every overlapping invalidation that starts from now on
 * calls @ops, so the callbacks must be ready. Invalidations that are already
 * active need not call them, but mmu_interval_read_begin() waits for them. Undo
 * with mmu_interval_notifier_remove().
 *
 * Context: May sleep. The first insertion in an mm is as mmu_notifier_register()
 * with NULL: it takes the mmap_lock for writing, and all locks of the mm or, if that
 * has a subscription already, waits for what is active in the mm. In an mm that is
 * prepared by that call, the mmap_lock may be held for reading.
 * Return: 0 on success; %-EEXIST if it is already inserted, with a warning.
 * After any other error interval_sub->mm is NULL: %-EOVERFLOW if @length is 0
 * or the interval exceeds the address space; %-EINVAL if the mm is not in use;
 * %-ENOMEM; %-EINTR if a signal arrived while taking all locks.
 */
int mmu_interval_notifier_insert(struct mmu_interval_notifier *interval_sub,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops)
{
	struct mn_ranges *ranges = mn_ranges_to_insert(mm);

	mn_warn_on(ops->invalidate_start && !ops->invalidate_finish,
		   mn_debug_ops(ops), "%ps has a first pass only\n",
		   mn_debug_ops(ops));
	/* A caller that holds the mmap_lock must have prepared the mm. */
	if (IS_ENABLED(CONFIG_PROVE_LOCKING) &&
	    !lockdep_is_held(&mm->mmap_lock))
		might_lock(&mm->mmap_lock);

	if (unlikely(!ranges))
		return mn_lock_and_insert_first(interval_sub, mm, start, length,
						ops);
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  ranges);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_insert);

/**
 * mmu_interval_notifier_insert_locked - subscribe to an interval, mmap_lock
 * held
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
 * Return: As mmu_interval_notifier_insert(): 0, %-EEXIST, %-EOVERFLOW,
 * %-EINVAL, %-ENOMEM or %-EINTR.
 */
int mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *interval_sub,
					struct mm_struct *mm,
					unsigned long start,
					unsigned long length,
					const struct mmu_interval_notifier_ops *ops)
{
	struct mn_ranges *ranges = mn_ranges_to_insert(mm);

	mmap_assert_write_locked(mm);
	mn_warn_on(ops->invalidate_start && !ops->invalidate_finish,
		   mn_debug_ops(ops), "%ps has a first pass only\n",
		   mn_debug_ops(ops));

	if (unlikely(!ranges))
		return mn_interval_insert_first(interval_sub, mm, start, length,
						ops);
	return mn_interval_insert(interval_sub, mm, start, length, ops,
				  ranges);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_insert_locked);

/*
 * Announcement
 */

/*
 * Ranges that started after the first wait of a removal are not announced. If the
 * range is untracked, the interval_sub notes its generation, also in that case: it
 * may only be moved.
 */
static noinline bool
mn_may_announce(const struct mn_ranges *ranges,
		const struct mmu_notifier_range *range,
		struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock)
{
	interval_sub->untracked = mn_generation_of(ranges, range,
						   interval_sub->untracked);
	return !interval_sub->removed || range->seq <= interval_sub->removed;
}

/*
 * Collect up to MN_BATCH interval_subs, from @next on, that the range must be
 * announced to. Returns their end. With @ask, check for removals and for
 * untracked ranges.
 */
static __always_inline struct mmu_interval_notifier **
mn_collect_matches(struct mn_ranges *ranges,
		   const struct mmu_notifier_range *range,
		   struct mmu_interval_notifier *next,
		   struct mmu_interval_notifier **batch, const bool ask)
	__must_hold(&ranges->lock)
{
	const unsigned long start = range->start, last = range->end - 1;
	struct mmu_interval_notifier **end = batch;
	const u64 last_seq = ranges->last_seq;

	lockdep_assert_held(&ranges->lock);

	for (; next; next = mn_itree_iter_next(next, start, last)) {
		mn_note(next, last_seq);
		if (ask && !mn_may_announce(ranges, range, next))
			continue;
		*end++ = next;
		if (end == batch + MN_BATCH)
			break;
	}
	/* (E) As in mn_announce_one(). */
	smp_wmb();
	return end;
}

/* Removals and untracked ranges are rare: do not check every match for them. */
static __always_inline struct mmu_interval_notifier **
mn_collect(struct mn_ranges *ranges, const struct mmu_notifier_range *range,
	   struct mmu_interval_notifier *next,
	   struct mmu_interval_notifier **batch)
	__must_hold(&ranges->lock)
{
	if (unlikely(ranges->nr_removing | ranges->nr_untracked))
		return mn_collect_matches(ranges, range, next, batch, true);
	return mn_collect_matches(ranges, range, next, batch, false);
}

/* The first of two passes. */
static bool mn_announce_start(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_interval_notifier_ops *ops,
			      const struct mmu_notifier_range *range,
			      struct mn_finish_list *finishes)
{
	struct mmu_interval_notifier_finish *finish = NULL;
	struct mn_debug_call *call;
	bool done;

	mn_debug_call_begin(&call, interval_sub, range, range->seq);
	done = ops->invalidate_start(interval_sub, range, range->seq, &finish);
	mn_debug_call_end(&call, ops, done && !finish);
	if (!done)
		return false;
	if (finish) {
		finish->notifier = interval_sub;
		finish->link.next = NULL;
		*finishes->tail = &finish->link;
		finishes->tail = &finish->link.next;
	}
	return true;
}

/* A callback of @ops has refused. Returns 0 if it may not: the start goes on. */
noinline int mn_refused(const struct mmu_interval_notifier_ops *ops,
			const struct mmu_notifier_range *range)
{
	const void *callback = ops->invalidate_start ?
				       (void *)ops->invalidate_start :
				       (void *)ops->invalidate;

	return mn_warn(mmu_notifier_range_blockable(range), callback,
		       "%ps refused a blocking invalidation\n", callback) ?
		       0 : -EAGAIN;
}

/* Returns -EAGAIN if the callback would have had to sleep and must not. */
static __always_inline int
mn_announce(struct mmu_interval_notifier *interval_sub,
	    const struct mmu_notifier_range *range,
	    struct mn_finish_list *finishes, struct mn_trace *trace)
{
	/* The address dependency pairs with (W) in mn_defer(). */
	const struct mmu_interval_notifier_ops *ops =
		READ_ONCE(interval_sub->ops);
	/* After a deferred removal, the driver is not called. */
	const bool is_called = trace && ops->invalidate != mn_interval_skip;
	const u64 began = is_called ? mn_trace_call(trace) : 0;
	struct mn_debug_call *call;
	bool done;

	if (unlikely(ops->invalidate_start)) {
		/* Or it is loaded above, at the cost of those with one pass. */
		OPTIMIZER_HIDE_VAR(ops);
		done = mn_announce_start(interval_sub, ops, range, finishes);
	} else {
		mn_debug_call_begin(&call, interval_sub, range, range->seq);
		done = ops->invalidate(interval_sub, range, range->seq);
		mn_debug_call_end(&call, ops, done);
	}
	if (began)
		__mn_trace_announced(range, interval_sub, began);

	return likely(done) ? 0 : mn_refused(ops, range);
}

static __always_inline void
mn_finish_announcements(const struct mmu_notifier_range *range,
			struct llist_node *first, const struct mn_trace *trace)
{
	struct mmu_interval_notifier_finish *finish, *next;
	void (*callback)(struct mmu_interval_notifier_finish *finish);
	const struct mmu_interval_notifier *notifier;
	struct mn_debug_call *call;
	unsigned long seq;
	u64 began;

	llist_for_each_entry_safe(finish, next, first, link) {
		seq = range->seq;
		notifier = finish->notifier;
		/* As in mn_announce(); the second pass is the same after (W). */
		callback = READ_ONCE(notifier->ops)->invalidate_finish;
		if (mn_debug_is_on() || trace)
			notifier = mn_that_moves(notifier, &seq);
		mn_debug_call_begin(&call, notifier, range, seq);
		began = mn_trace_time(trace);
		callback(finish);
		if (began)
			__mn_trace_called(range,
					  READ_ONCE(notifier->ops)->invalidate_finish,
					  began);
		mn_debug_call_end(&call, NULL, true);
	}
}

/* After the callbacks: run the second passes; end a range that was refused. */
static int mn_complete_start(struct mn_ranges *ranges,
			     struct mmu_notifier_range *range,
			     const struct mn_finish_list *finishes, int err)
{
	if (finishes->first)
		mn_finish_announcements(range, finishes->first, NULL);
	mn_callbacks_exit(range);
	if (unlikely(err))
		mn_range_deactivate(ranges, range);
	return err;
}

/*
 * Announce the active range to @next and all that follow. The tree may change between
 * two batches: the walk resumes only from an interval_sub already called, which cannot
 * leave the tree while the range is active. Returns -EAGAIN, with the range ended, if
 * a callback would have had to sleep and must not.
 */
static __always_inline int
mn_announce_batches(struct mn_ranges *ranges,
		    struct mmu_notifier_range *range,
		    struct mmu_interval_notifier *next, struct mn_trace *trace)
	__releases(&ranges->lock)
{
	struct mmu_interval_notifier *batch[MN_BATCH] __uninitialized;
	struct mn_finish_list finishes = { .tail = &finishes.first };
	struct mmu_interval_notifier **sub, **end;
	int err = 0;

	for (;;) {
		end = mn_collect(ranges, range, next, batch);
		spin_unlock(&ranges->lock);

		for (sub = batch; sub != end; sub++) {
			err = mn_announce(*sub, range, &finishes, trace);
			if (unlikely(err))
				goto out;
		}
		if (end != batch + MN_BATCH)
			break;

		/* The last one called is still in the tree: resume there. */
		spin_lock(&ranges->lock);
		next = mn_itree_iter_next(end[-1], range->start,
					  range->end - 1);
	}
out:
	if (trace) {
		mn_finish_announcements(range, finishes.first, trace);
		/* Not again. */
		finishes.first = NULL;
	}
	return mn_complete_start(ranges, range, &finishes, err);
}

static noinline int
mn_announce_all(struct mn_ranges *ranges,
		struct mmu_notifier_range *range,
		struct mmu_interval_notifier *next)
	__releases(&ranges->lock)
{
	return mn_announce_batches(ranges, range, next, NULL);
}

static noinline int
mn_announce_traced(struct mn_ranges *ranges, struct mmu_notifier_range *range,
		   struct mmu_interval_notifier *next, struct mn_trace *trace)
	__releases(&ranges->lock)
{
	return mn_announce_batches(ranges, range, next, trace);
}

static __always_inline int
mn_announce_some(struct mn_ranges *ranges, struct mmu_notifier_range *range,
		 struct mmu_interval_notifier *next, struct mn_trace *trace)
	__releases(&ranges->lock)
{
	return trace ? mn_announce_traced(ranges, range, next, trace) :
		       mn_announce_all(ranges, range, next);
}

/* As mn_announce_all(), for a single interval_sub, the common case. */
static noinline int
mn_announce_one(struct mn_ranges *ranges,
		struct mmu_notifier_range *range,
		struct mmu_interval_notifier *interval_sub)
	__releases(&ranges->lock)
{
	struct mn_finish_list finishes = { .tail = &finishes.first };

	mn_note(interval_sub, ranges->last_seq);
	/*
	 * (E) The note is visible before the sequence that the callback stores,
	 * maybe without a barrier. Pairs with (G) in mn_read_begin().
	 */
	smp_wmb();
	spin_unlock(&ranges->lock);
	return mn_complete_start(ranges, range, &finishes,
				 mn_announce(interval_sub, range, &finishes,
					     NULL));
}

/*
 * The mm has sections. The caller did not see them, or the range announces the
 * end of the mm and must not enter them. Its slot is filled, so a registration
 * that the range does not see waits for its end.
 */
static __always_inline int
mn_announce_late(struct mn_ranges *ranges, struct mmu_notifier_range *range,
		 struct mmu_interval_notifier *first, struct mn_trace *trace)
	__releases(&ranges->lock)
{
	struct mn_sections *sections = ranges->sections;
	struct mmu_notifier *subscription;
	int err;

	if (range->event == MMU_NOTIFY_RELEASE)
		return mn_announce_some(ranges, range, first, trace);

	subscription = mn_section_enter(sections, range);
	err = mn_announce_some(ranges, range, first, trace);
	if (likely(!err))
		return mn_section_call_start(sections, ranges, range,
					     subscription, trace);
	mn_section_leave(sections, range);
	return err;
}

static noinline int
mn_interval_start_late(struct mn_ranges *ranges,
		       struct mmu_notifier_range *range,
		       struct mmu_interval_notifier *first)
	__releases(&ranges->lock)
{
	return mn_announce_late(ranges, range, first, NULL);
}

/*
 * Activate the range and announce it. Returns -EAGAIN, with the range ended, if
 * a callback would have had to sleep and must not.
 */
int mn_interval_start_range(struct mn_ranges *ranges,
			    struct mmu_notifier_range *range)
{
	struct mmu_interval_notifier *first;

	mn_callbacks_enter(range, false);
	spin_lock(&ranges->lock);
	mn_range_activate(ranges, range);
	first = mn_itree_iter_first(&ranges->itree, range->start,
				    range->end - 1);
	if (unlikely(ranges->sections && !range->section))
		return mn_interval_start_late(ranges, range, first);
	if (!first) {
		spin_unlock(&ranges->lock);
		mn_callbacks_exit(range);
		return 0;
	}
	if (likely(!mn_itree_iter_next(first, range->start, range->end - 1) &&
		   !(ranges->nr_removing | ranges->nr_untracked)))
		return mn_announce_one(ranges, range, first);
	return mn_announce_all(ranges, range, first);
}

#ifdef CONFIG_MMU_NOTIFIER_TRACE
/* The same, for any number of interval_subs. */
int mn_interval_start_traced(struct mn_ranges *ranges,
			     struct mmu_notifier_range *range,
			     struct mn_trace *trace)
{
	const unsigned long last = range->end - 1;
	struct mmu_interval_notifier *first;

	mn_callbacks_enter(range, false);
	spin_lock(&ranges->lock);
	mn_range_activate(ranges, range);
	trace->seq = range->seq;
	first = mn_itree_iter_first(&ranges->itree, range->start, last);
	if (unlikely(ranges->sections && !range->section))
		return mn_announce_late(ranges, range, first, trace);
	return mn_announce_traced(ranges, range, first, trace);
}
#endif

void mn_interval_release(struct mn_ranges *ranges,
			 struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_RELEASE,
				MMU_NOTIFIER_RANGE_BLOCKABLE, mm, 0, ULONG_MAX);
	if (mn_is_traced()) {
		mn_release_traced(ranges, &range);
		return;
	}
	mn_interval_start_range(ranges, &range);
	mn_range_deactivate(ranges, &range);
}

/*
 * Readers
 */

/*
 * Whether every range announced to the interval_sub has ended: true if all active
 * ranges are newer than its note. May be wrong in one direction only: false where
 * they have ended.
 */
static __always_inline bool
mn_is_clear(const struct mn_ranges *ranges,
	    const struct mmu_interval_notifier *interval_sub)
{
#ifdef CONFIG_64BIT
	/*
	 * (I) The note is read after @oldest, and the read section sees what
	 * was done to the page table in ranges older than that. Pairs with the
	 * lock, under which they ended before @oldest was written.
	 */
	const u64 oldest = smp_load_acquire(&ranges->oldest);

	return READ_ONCE(interval_sub->announced) < oldest;
#else
	return false;
#endif
}

/*
 * There is no read section. If the caller checks for retry, force a collision:
 * ranges and deferred removals store odd sequences; an insertion, a later even one.
 */
static unsigned long mn_seq_to_collide(unsigned long seq)
{
	return (seq - 1) & ~1UL;
}

static noinline int
mn_read_begin_slow(struct mn_ranges *ranges,
		   struct mmu_interval_notifier *interval_sub,
		   unsigned long *seq, unsigned int state)
{
	int err = 0;

	spin_lock(&ranges->lock);
	*seq = READ_ONCE(interval_sub->invalidate_seq);
	if (!mn_is_clear(ranges, interval_sub))
		err = mn_wait(ranges, MN_FIRST(interval_sub),
			      MN_LAST(interval_sub), interval_sub->untracked,
			      state, MMU_NOTIFIER_READER);
	spin_unlock(&ranges->lock);
	if (unlikely(err))
		*seq = mn_seq_to_collide(*seq);
	return err;
}

/* Some range is active: take the lock only if one may overlap. */
static int mn_read_begin_active(struct mmu_interval_notifier *interval_sub,
				unsigned long *seq, unsigned int state)
{
	struct mn_ranges *ranges = mn_ranges_of(interval_sub);

	if (mn_may_overlap_active(ranges, READ_ONCE(MN_FIRST(interval_sub)),
				  READ_ONCE(MN_LAST(interval_sub))))
		return mn_read_begin_slow(ranges, interval_sub, seq, state);
	return 0;
}

/* Takes @seq by value, so that the fast path keeps it in a register. */
static noinline unsigned long
mn_read_begin_unkillable(struct mmu_interval_notifier *interval_sub,
			 unsigned long seq)
{
	mn_read_begin_active(interval_sub, &seq, TASK_UNINTERRUPTIBLE);
	return seq;
}

/* Whatever is injected, it has waited: some drivers begin for that alone. */
static __always_inline unsigned long mn_seq_or_collision(unsigned long seq)
{
	if (IS_ENABLED(CONFIG_FAIL_MMU_NOTIFIER) && mn_fails_to_read())
		return mn_seq_to_collide(seq);
	return seq;
}

/* Returns whether there is nothing to wait for. */
static __always_inline bool
mn_read_begin(struct mmu_interval_notifier *interval_sub, unsigned long *seq)
{
	struct mn_ranges *ranges;

	/* Like might_sleep(), but only the check: no cost without debugging. */
	__might_sleep(__FILE__, __LINE__);
	mn_lockdep_may_wait();

	/* Never inserted, or the insertion failed: force a collision. */
	if (mn_warn_on(!interval_sub->mm, _RET_IP_,
		       "%pS reads an interval that is not inserted\n",
		       (void *)_RET_IP_)) {
		*seq = ~interval_sub->invalidate_seq;
		return true;
	}
	mn_debug_read(interval_sub);

	ranges = mn_ranges_of(interval_sub);
	/*
	 * (G) If this is the sequence of a range, its callback has run, and the
	 * range is seen active below unless it has ended. Pairs with (D) in
	 * mn_range_take_slot() and (E) in mn_announce_one().
	 */
	*seq = smp_load_acquire(&interval_sub->invalidate_seq);
	/*
	 * (H) If nothing is active, the read section sees what was done to the
	 * page table in the ranges that have ended. Pairs with (F) in
	 * mn_range_deactivate().
	 */
	if (likely(!smp_load_acquire(&ranges->active)))
		return true;

	/* Usually, the active ranges are not ours. */
	return likely(mn_is_clear(ranges, interval_sub));
}

/**
 * mmu_interval_read_begin - begin to read the page table of an interval
 * @interval_sub: The subscription to the interval.
 *
 * Begins a read section, which mmu_interval_read_retry() ends. What is read
 * from the page table in between, by hmm_range_fault() or otherwise, may go
 * into SPTEs if mmu_interval_read_retry() returns false.
 *
 * Waits only for invalidations that overlap the interval and started before
 * this call, even if the driver's callback ignored them. (If more than 63
 * invalidations are active, 31 on 32 bit, it may also wait for untracked ones
 * elsewhere.) It may skip one whose callback is yet to run and will tear down what
 * the reader establishes. The wait lasts as long as the callbacks of these
 * invalidations, including those of other drivers.
 *
 * Context: May sleep. Must not be called from a callback, under a lock that a
 * callback takes (the user lock included), or under a lock that invalidations
 * run under (mmap_lock for writing, locks of the reverse map).
 * Return: The sequence to pass to mmu_interval_read_retry().
 */
unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub)
{
	unsigned long seq;

	if (likely(mn_read_begin(interval_sub, &seq)))
		return mn_seq_or_collision(seq);
	return mn_seq_or_collision(mn_read_begin_unkillable(interval_sub, seq));
}
EXPORT_SYMBOL_GPL(mmu_interval_read_begin);

/**
 * mmu_interval_read_begin_killable - mmu_interval_read_begin() that a signal ends
 * @interval_sub: The subscription to the interval.
 * @seq: Where to store the sequence to pass to mmu_interval_read_retry().
 *
 * As mmu_interval_read_begin(), but fails if a fatal signal is pending, which ends
 * a wait, and a loop of retries.
 *
 * Context: As mmu_interval_read_begin().
 * Return: 0; or %-EINTR because of a fatal signal: then there is no read section,
 * and nothing to undo.
 */
int mmu_interval_read_begin_killable(struct mmu_interval_notifier *interval_sub,
				     unsigned long *seq)
{
	const bool clear = mn_read_begin(interval_sub, seq);
	int err = 0;

	/* Even with nothing to wait for: end a loop of retries. */
	if (unlikely(fatal_signal_pending(current))) {
		*seq = mn_seq_to_collide(READ_ONCE(interval_sub->invalidate_seq));
		return -EINTR;
	}
	if (unlikely(!clear))
		err = mn_read_begin_active(interval_sub, seq, TASK_KILLABLE);
	if (likely(!err))
		*seq = mn_seq_or_collision(*seq);
	return err;
}
EXPORT_SYMBOL_GPL(mmu_interval_read_begin_killable);

/*
 * Removal
 */

/* Called instead of the driver's callback after a deferred removal. */
bool mn_interval_skip(struct mmu_interval_notifier *interval_sub,
		      const struct mmu_notifier_range *range,
		      unsigned long cur_seq)
{
	return true;
}

static __always_inline void
mn_erase(struct mn_ranges *ranges, struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock)
{
	mn_itree_remove(interval_sub, &ranges->itree);
	RB_CLEAR_NODE(&interval_sub->interval_tree.rb);
}

/* Read sections that have begun collide, and so do later ones after an insertion. */
void mn_interval_collide(struct mn_ranges *ranges,
			 struct mmu_interval_notifier *interval_sub)
{
	lockdep_assert_held(&ranges->lock);

	/* No range gets this one, and insertions have even ones. */
	WRITE_ONCE(ranges->last_seq, ranges->last_seq + 2);
	/* (X) As in mn_place(). */
	smp_store_release(&interval_sub->invalidate_seq,
			  (unsigned long)ranges->last_seq);
}

void mn_interval_erase(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub)
{
	mn_erase(ranges, interval_sub);
}

/*
 * It does not seem to be gone in between, where mn_claims_to_be_inserted() looks; nor
 * not to move, where __mn_debug_set_seq() does.
 */
void mn_interval_replace(struct mn_ranges *ranges,
			 struct mmu_interval_notifier *interval_sub,
			 unsigned long start, unsigned long last)
{
	mn_itree_remove(interval_sub, &ranges->itree);
	mn_place(ranges, interval_sub, start, last, MN_REMOVING);
}

/* Untracked ranges that overlap may be about to call it: wait for them, too. */
static void mn_wait_for_all(struct mn_ranges *ranges,
			    struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock)
{
	mn_note_untracked(ranges, interval_sub);
	mn_wait(ranges, MN_FIRST(interval_sub), MN_LAST(interval_sub),
		interval_sub->untracked, TASK_UNINTERRUPTIBLE,
		MMU_NOTIFIER_REMOVER);
}

/* Announce no range to it that starts from now on. */
void mn_interval_stop(struct mn_ranges *ranges,
		      struct mmu_interval_notifier *interval_sub)
{
	interval_sub->removed = ranges->last_seq;
	ranges->nr_removing++;
}

/* After that: wait until no active range may call it any more. */
void mn_interval_drain(struct mn_ranges *ranges,
		       struct mmu_interval_notifier *interval_sub)
{
	mn_wait_for_all(ranges, interval_sub);
	ranges->nr_removing--;
}

/*
 * Wait until no active range may call the interval_sub. While an overlapping
 * range from before the removal is active, new ones are still announced; after
 * that they are not, or the wait might never end.
 */
static noinline void
mn_wait_to_remove(struct mn_ranges *ranges,
		  struct mmu_interval_notifier *interval_sub)
	__must_hold(&ranges->lock)
{
	interval_sub->removed = MN_REMOVING;
	mn_wait_for_all(ranges, interval_sub);

	mn_interval_stop(ranges, interval_sub);
	mn_interval_drain(ranges, interval_sub);
}

/**
 * mmu_interval_notifier_remove - end a subscription to an address interval
 * @interval_sub: The subscription.
 *
 * On return no callback runs or will run. Waits for overlapping invalidations
 * that started before this call; then once more, for overlapping ones that are
 * active by then. New invalidations call @interval_sub's callbacks during the
 * first wait, and not during the second.
 *
 * interval_sub->mm keeps its value, because drivers look at it.
 *
 * Context: May sleep. Must not be called from a callback, or under a lock that
 * a callback takes or that invalidations run under:
 * mmu_interval_notifier_remove_deferred() may be.
 */
void mmu_interval_notifier_remove(struct mmu_interval_notifier *interval_sub)
{
	const struct mmu_interval_notifier_ops *ops = NULL;
	struct mm_struct *mm = interval_sub->mm;
	struct mn_ranges *ranges;
	bool removing;

	might_sleep();

	if (!mn_may_remove(interval_sub))
		return;

	mn_lockdep_may_wait();

	ranges = mn_ranges_of(interval_sub);
	spin_lock(&ranges->lock);
	removing = mn_is_being_removed(interval_sub);
	if (unlikely(removing)) {
		ops = mn_ops_to_name(interval_sub);
	} else {
		if (ranges->active)
			mn_wait_to_remove(ranges, interval_sub);
		mn_erase(ranges, interval_sub);
		mn_debug_forget(interval_sub);
	}
	spin_unlock(&ranges->lock);

	if (mn_warn(removing, _RET_IP_, "%ps is being removed or moved\n", ops))
		return;

	/* Grabbed by mn_interval_insert(). */
	mmdrop(mm);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_remove);

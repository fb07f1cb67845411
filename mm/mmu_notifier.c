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
 * Every active range is on a list of its mm, under its lock, with its sequence.
 * The callback notes the sequence in the interval_sub. A reader takes a copy
 * of that, waits until no range that overlaps its interval is active, reads the
 * page table, and under the user lock compares:
 *
 *   invalidation                            reader
 *
 *   lock
 *     sequence += 2
 *     add the range to the active list
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
 *     remove the range from the list
 *     wake the waiters that it held up
 *   unlock
 *
 * If the callback takes the user lock first, the sequences differ. If the reader
 * is first, the callback tears down what the reader has just established. If the
 * callback ran before the reader began, the copy is the sequence of an active
 * range, and the reader waits for its end. The reader need not look again after
 * that wait: a range that started meanwhile has a callback to come, or to have
 * come, that changes invalidate_seq.
 *
 * The reader waits for no other range: not for one that does not overlap, not
 * for one that started after the reader began. Nor does insertion or removal. An
 * invalidation waits for nobody but its callbacks.
 *
 * The tree of interval_subs may change while ranges are active: a range stands
 * only on interval_subs that it was announced to, and an interval_sub leaves the
 * tree when no overlapping range is active that started before its removal began.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/interval_tree_generic.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/wake_q.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>

/*
 * Structures
 */

/* Most interval_subs that are collected under one acquisition of the lock. */
#define MN_BATCH 32

/**
 * struct mmu_notifier_subscriptions - what an mm knows about its notifiers
 * @wq: Waiters. Its lock is the lock of the subscriptions.
 * @nr_active: Number of ranges on @active_ranges. A reader that finds 0 does
 *	not take the lock.
 * @itree: The interval_subs.
 * @active_ranges: Active ranges, the last started first. Not used before
 *	@has_intervals is set.
 * @nr_removing: Number of interval_subs on @itree whose removal waits.
 * @last_seq: Last sequence handed out; odd.
 * @has_intervals: Set with the first interval_sub, and for good, with all locks of
 *	the mm held, so that no range is active which is not on @active_ranges.
 * @list: The subscriptions.
 *
 * Allocated for the first subscription of either kind; freed with the mm.
 *
 *   field            read under                         written under
 *   wq, itree,       lock                               lock
 *   active_ranges,
 *   nr_removing,
 *   last_seq
 *   nr_active        lock, or (D)                       lock
 *   has_intervals    any lock of the mm, or (I)         mm_take_all_locks()
 *   list             lock, or mn_srcu                   lock, and to add
 *                                                       mm_take_all_locks()
 */
struct mmu_notifier_subscriptions {
	wait_queue_head_t wq;
	unsigned long nr_active;
	struct rb_root_cached itree __guarded_by(&wq.lock);
	struct hlist_head active_ranges __guarded_by(&wq.lock);
	unsigned long nr_removing;	/* under wq.lock, as is ... */
	unsigned long last_seq;
	bool has_intervals;
	struct hlist_head list;
};

/**
 * struct mn_waiter - one who sleeps until certain ranges have ended
 * @wqe: Entry in the wait queue, under the lock.
 * @interval_sub: It waits for ranges that overlap this one ...
 * @mark: ... and whose sequence is not after this one; both constant.
 * @pending: How many of these are still active. Written under the lock; the
 *	waiter itself reads it without.
 *
 * On the stack of the waiter, who owns it again when @pending is 0.
 */
struct mn_waiter {
	struct wait_queue_entry wqe;
	const struct mmu_interval_notifier *interval_sub;
	unsigned long mark;
	unsigned int pending;
};

/* The key of a wake-up: what has ended, and whom to wake once unlocked. */
struct mn_end {
	const struct mmu_notifier_range *range;
	struct wake_q_head *wake_q;
};

/* Second passes in the order in which they were asked for; local to a range. */
struct mn_finish_list {
	struct llist_node *first;
	struct llist_node **tail;
};

static_assert(sizeof(struct mmu_notifier_range) <= 64);
static_assert(sizeof(struct mmu_interval_notifier) <=
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

/*
 * Callbacks run between these two. Where they must not sleep, see to it.
 *
 * The map is entered here and not around everything: callbacks of subscriptions
 * run in a read section of mn_srcu, and lockdep does not connect what is held
 * outside of a recursive read lock with what is taken inside.
 */
static void mn_callback_enter(const struct mmu_notifier_range *range)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	if (mn_forbids_sleep(range))
		non_block_start();
}

static void mn_callback_exit(const struct mmu_notifier_range *range)
{
	if (mn_forbids_sleep(range))
		non_block_end();
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/*
 * Interval subscriptions
 */

/* The tree: a walk is part of each invalidation, so have it inline. */
#define MN_FIRST(interval_sub)	((interval_sub)->interval_tree.start)
#define MN_LAST(interval_sub)	((interval_sub)->interval_tree.last)

INTERVAL_TREE_DEFINE(struct mmu_interval_notifier, interval_tree.rb,
		     unsigned long, interval_tree.__subtree_last,
		     MN_FIRST, MN_LAST, static inline, mn_itree)

/* Sequences wrap on 32 bit; what is compared is never half a round apart. */
static bool mn_seq_after(unsigned long a, unsigned long b)
{
	return (long)(a - b) > 0;
}

static bool mn_range_overlaps(const struct mmu_notifier_range *range,
			      const struct mmu_interval_notifier *interval_sub)
{
	return range->start <= MN_LAST(interval_sub) &&
	       MN_FIRST(interval_sub) <= range->end - 1;
}

static int mn_wake_waiter(struct wait_queue_entry *wqe, unsigned int mode,
			  int flags, void *key)
{
	struct mn_waiter *waiter = container_of(wqe, struct mn_waiter, wqe);
	const struct mn_end *end = key;

	if (mn_seq_after(end->range->seq, waiter->mark) ||
	    !mn_range_overlaps(end->range, waiter->interval_sub))
		return 0;
	if (waiter->pending > 1) {
		WRITE_ONCE(waiter->pending, waiter->pending - 1);
		return 0;
	}
	list_del(&wqe->entry);
	wake_q_add(end->wake_q, wqe->private);
	/*
	 * (E) What was done to the page table in the ended ranges comes before
	 * what the waiter does next, which may be to return and to reuse its
	 * stack. Pairs with (F) in mn_unlock_and_wait().
	 */
	smp_store_release(&waiter->pending, 0);
	return 1;
}

/* How many active ranges overlap the interval_sub. */
static unsigned int
mn_count_overlapping(struct mmu_notifier_subscriptions *subscriptions,
		     const struct mmu_interval_notifier *interval_sub)
	__must_hold(&subscriptions->wq.lock)
{
	struct hlist_node *node;
	unsigned int nr = 0;

	lockdep_assert_held(&subscriptions->wq.lock);

	hlist_for_each(node, &subscriptions->active_ranges)
		nr += mn_range_overlaps(hlist_entry(node,
						    struct mmu_notifier_range,
						    node), interval_sub);
	return nr;
}

/* Release the lock and sleep until the @pending ranges have ended. */
static noinline void
mn_unlock_and_wait(struct mmu_notifier_subscriptions *subscriptions,
		   const struct mmu_interval_notifier *interval_sub,
		   unsigned int pending)
	__releases(&subscriptions->wq.lock)
{
	struct mn_waiter waiter = {
		.interval_sub = interval_sub,
		.mark = subscriptions->last_seq,
		.pending = pending,
	};

	init_waitqueue_func_entry(&waiter.wqe, mn_wake_waiter);
	waiter.wqe.private = current;
	__add_wait_queue_entry_tail(&subscriptions->wq, &waiter.wqe);
	spin_unlock(&subscriptions->wq.lock);

	might_sleep();
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		/* (F) Pairs with (E) in mn_wake_waiter(). */
		if (!smp_load_acquire(&waiter.pending))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static noinline unsigned long
mn_interval_read_begin_slow(struct mmu_notifier_subscriptions *subscriptions,
			    struct mmu_interval_notifier *interval_sub)
{
	unsigned int pending;
	unsigned long seq;

	spin_lock(&subscriptions->wq.lock);
	seq = READ_ONCE(interval_sub->invalidate_seq);
	pending = mn_count_overlapping(subscriptions, interval_sub);
	if (pending)
		mn_unlock_and_wait(subscriptions, interval_sub, pending);
	else
		spin_unlock(&subscriptions->wq.lock);
	return seq;
}

/**
 * mmu_interval_read_begin - begin to read the page table of an interval
 * @interval_sub: The subscription to the interval.
 *
 * Begins a read section, which mmu_interval_read_retry() ends. What is read of
 * the page table in between, by hmm_range_fault() or otherwise, may be put into
 * SPTEs if mmu_interval_read_retry() then returns false.
 *
 * Waits for invalidations that overlap the interval and started before this
 * call, and for no others.
 *
 * Context: May sleep. Must not be called from a callback, nor under a lock that
 * a callback takes, the user lock included, nor under one that is held by whoever
 * invalidates (mmap_lock for writing, locks of the reverse map).
 * Return: The sequence to be handed to mmu_interval_read_retry().
 */
unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(interval_sub->mm);
	unsigned long seq;

	mn_lockdep_may_wait();

	/*
	 * (B) If this is the sequence of a range whose callback has run, that
	 * range counts as active below, unless it has ended. Pairs with (A) in
	 * mmu_interval_set_seq().
	 */
	seq = smp_load_acquire(&interval_sub->invalidate_seq);
	/*
	 * (D) If nothing is active, what was done to the page table in the
	 * ranges that have ended is seen by the read section. Pairs with (C) in
	 * mn_interval_end().
	 */
	if (likely(!smp_load_acquire(&subscriptions->nr_active)))
		return seq;

	return mn_interval_read_begin_slow(subscriptions, interval_sub);
}
EXPORT_SYMBOL_GPL(mmu_interval_read_begin);

/*
 * Collect the interval_subs, from @next on, that the range is to be announced to:
 * all that overlap it, but those whose removal began before the range started.
 * Returns where they end, at most MN_BATCH further.
 */
static struct mmu_interval_notifier **
mn_collect(struct mmu_notifier_subscriptions *subscriptions,
	   const struct mmu_notifier_range *range,
	   struct mmu_interval_notifier *next,
	   struct mmu_interval_notifier **batch)
	__must_hold(&subscriptions->wq.lock)
{
	const unsigned long start = range->start, last = range->end - 1;
	const bool removing = subscriptions->nr_removing;
	unsigned long nr = 0;

	lockdep_assert_held(&subscriptions->wq.lock);

	for (; next; next = mn_itree_iter_next(next, start, last)) {
		if (unlikely(removing) && next->removed &&
		    mn_seq_after(range->seq, next->removed))
			continue;
		batch[nr] = next;
		if (++nr == MN_BATCH)
			break;
	}
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

/* Announce the range to one interval_sub. Returns false if it would sleep. */
static bool mn_announce(struct mmu_interval_notifier *interval_sub,
			const struct mmu_notifier_range *range,
			struct mn_finish_list *finishes)
{
	const struct mmu_interval_notifier_ops *ops = interval_sub->ops;
	bool done;

	mn_callback_enter(range);
	if (unlikely(ops->invalidate_start))
		done = mn_announce_start(interval_sub, range, finishes);
	else
		done = ops->invalidate(interval_sub, range, range->seq);
	mn_callback_exit(range);
	return done;
}

static void mn_finish_announcements(const struct mmu_notifier_range *range,
				    struct llist_node *first)
{
	struct mmu_interval_notifier_finish *finish, *next;

	mn_callback_enter(range);
	llist_for_each_entry_safe(finish, next, first, link)
		finish->notifier->ops->invalidate_finish(finish);
	mn_callback_exit(range);
}

/* Wake those who waited for this range and for no other that is active. */
static noinline void
mn_wake_waiters(struct mmu_notifier_subscriptions *subscriptions,
		const struct mmu_notifier_range *range)
	__releases(&subscriptions->wq.lock)
{
	DEFINE_WAKE_Q(wake_q);
	struct mn_end end = { .range = range, .wake_q = &wake_q };

	__wake_up_locked_key(&subscriptions->wq, TASK_NORMAL, &end);
	spin_unlock(&subscriptions->wq.lock);
	wake_up_q(&wake_q);
}

static void mn_interval_end(struct mmu_notifier_subscriptions *subscriptions,
			    struct mmu_notifier_range *range)
{
	spin_lock(&subscriptions->wq.lock);
	__hlist_del(&range->node);
	/*
	 * (C) What was done to the page table in this range, and by way of the
	 * lock in those that ended before, comes before its end. Pairs with (D)
	 * in mmu_interval_read_begin().
	 */
	smp_store_release(&subscriptions->nr_active,
			  subscriptions->nr_active - 1);
	/* Nobody joins the queue without the lock. */
	if (unlikely(waitqueue_active(&subscriptions->wq)))
		mn_wake_waiters(subscriptions, range);
	else
		spin_unlock(&subscriptions->wq.lock);
	range->seq = 0;
}

/*
 * Announce the range, which is active, to @next and all that follow. Returns
 * -EAGAIN, with the range not active, if one would have had to sleep and must not.
 */
static noinline int
mn_interval_announce(struct mmu_notifier_subscriptions *subscriptions,
		     struct mmu_notifier_range *range,
		     struct mmu_interval_notifier *next)
	__releases(&subscriptions->wq.lock)
{
	struct mmu_interval_notifier *batch[MN_BATCH] __uninitialized;
	struct mn_finish_list finishes = { .tail = &finishes.first };
	struct mmu_interval_notifier **sub, **end;
	int err = 0;

	for (;;) {
		end = mn_collect(subscriptions, range, next, batch);
		spin_unlock(&subscriptions->wq.lock);

		for (sub = batch; sub != end; sub++) {
			if (likely(mn_announce(*sub, range, &finishes)))
				continue;
			if (WARN_ONCE(mmu_notifier_range_blockable(range),
				      "%ps refused a blocking invalidation\n",
				      (*sub)->ops->invalidate_start ?
				      (void *)(*sub)->ops->invalidate_start :
				      (void *)(*sub)->ops->invalidate))
				continue;
			err = -EAGAIN;
			goto out;
		}
		if (end != batch + MN_BATCH)
			break;

		/* The last one announced to is still in the tree: go on there. */
		spin_lock(&subscriptions->wq.lock);
		next = mn_itree_iter_next(end[-1], range->start,
					  range->end - 1);
	}
out:
	if (finishes.first)
		mn_finish_announcements(range, finishes.first);
	if (unlikely(err))
		mn_interval_end(subscriptions, range);
	return err;
}

/*
 * Make the range active and announce it. Returns -EAGAIN, with the range not
 * active, if an interval_sub would have had to sleep and must not.
 */
static int mn_interval_start(struct mmu_notifier_subscriptions *subscriptions,
			     struct mmu_notifier_range *range)
{
	struct mmu_interval_notifier *first;

	spin_lock(&subscriptions->wq.lock);
	subscriptions->last_seq += 2;
	range->seq = subscriptions->last_seq;
	hlist_add_head(&range->node, &subscriptions->active_ranges);
	WRITE_ONCE(subscriptions->nr_active, subscriptions->nr_active + 1);
	first = mn_itree_iter_first(&subscriptions->itree, range->start,
				    range->end - 1);
	if (first)
		return mn_interval_announce(subscriptions, range, first);
	spin_unlock(&subscriptions->wq.lock);
	return 0;
}

static void mn_interval_release(struct mmu_notifier_subscriptions *subscriptions,
				struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_RELEASE,
				MMU_NOTIFIER_RANGE_BLOCKABLE, mm, 0, ULONG_MAX);
	mn_interval_start(subscriptions, &range);
	mn_interval_end(subscriptions, &range);
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
		mn_callback_enter(range);
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
		mn_callback_enter(range);
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
		spin_lock(&subscriptions->wq.lock);
		hlist_for_each_entry_safe(subscription, next,
					  &subscriptions->list, hlist)
			hlist_del_init_rcu(&subscription->hlist);
		spin_unlock(&subscriptions->wq.lock);
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

void __mmu_notifier_release(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	if (READ_ONCE(subscriptions->has_intervals))
		mn_interval_release(subscriptions, mm);
	if (!hlist_empty(&subscriptions->list))
		mn_hlist_release(subscriptions, mm);
}

/* Intervals first: nouveau relies on it. */
static noinline int
mn_both_start(struct mmu_notifier_subscriptions *subscriptions,
	      struct mmu_notifier_range *range)
{
	int err;

	err = mn_interval_start(subscriptions, range);
	if (unlikely(err))
		return err;

	err = mn_hlist_start(subscriptions, range);
	if (unlikely(err))
		mn_interval_end(subscriptions, range);
	return err;
}

static noinline void
mn_both_end(struct mmu_notifier_subscriptions *subscriptions,
	    struct mmu_notifier_range *range)
{
	mn_interval_end(subscriptions, range);
	mn_hlist_end(subscriptions, range);
}

int __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	/* Written with all locks of the mm held; the caller has one of them. */
	bool has_intervals = data_race(subscriptions->has_intervals);

	if (hlist_empty(&subscriptions->list))
		return has_intervals ? mn_interval_start(subscriptions, range) :
				       0;
	if (has_intervals)
		return mn_both_start(subscriptions, range);
	return mn_hlist_start(subscriptions, range);
}

void __mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);

	mn_lockdep_may_wait();
	if (hlist_empty(&subscriptions->list)) {
		if (range->seq)
			mn_interval_end(subscriptions, range);
	} else if (range->seq) {
		mn_both_end(subscriptions, range);
	} else {
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

	/* The lists and the tree are empty as they are. */
	init_waitqueue_head(&subscriptions->wq);
	subscriptions->last_seq = 1;
	return subscriptions;
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
	int err;

	mmap_assert_write_locked(mm);

	/* Somebody uses the mm, so that it is not released meanwhile. */
	if (WARN_ON_ONCE(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;

	/* Not under all locks: reclaim takes them. */
	if (!subscriptions) {
		new = mn_subscriptions_alloc();
		if (!new)
			return -ENOMEM;
		subscriptions = new;
	}

	err = mm_take_all_locks(mm);
	if (err) {
		kfree(new);
		return err;
	}

	if (new) {
		/*
		 * (G) Initialised before it is found. Pairs with the address
		 * dependency of whoever calls mn_subscriptions().
		 */
		smp_store_release(&mm->notifier_subscriptions, new);
	}

	if (subscription) {
		mmgrab(mm);
		subscription->mm = mm;
		subscription->users = 1;
		spin_lock(&subscriptions->wq.lock);
		hlist_add_head_rcu(&subscription->hlist, &subscriptions->list);
		spin_unlock(&subscriptions->wq.lock);
	} else {
		/*
		 * (H) Ranges that have ended untracked come before whoever
		 * inserts. Pairs with (I) in mn_has_intervals().
		 */
		smp_store_release(&subscriptions->has_intervals, true);
	}

	mm_drop_all_locks(mm);
	return 0;
}

/**
 * __mmu_notifier_register - subscribe to an mm, mmap_lock held
 * @subscription: The subscription, with its callbacks set.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * See mmu_notifier_register().
 *
 * Context: May sleep. The mmap_lock is held for writing, and no other lock of
 * the mm.
 * Return: 0; -EINVAL if the callbacks exclude each other or the mm is not in
 * use; -ENOMEM; -EINTR if a signal came while all locks were taken.
 */
int __mmu_notifier_register(struct mmu_notifier *subscription,
			    struct mm_struct *mm)
{
	const struct mmu_notifier_ops *ops = subscription->ops;

	/* Either it mirrors the page table or its hardware walks it itself. */
	if (WARN_ON_ONCE(ops->arch_invalidate_secondary_tlbs &&
			 (ops->invalidate_range_start ||
			  ops->invalidate_range_end)))
		return -EINVAL;

	return mn_attach(subscription, mm);
}
EXPORT_SYMBOL_GPL(__mmu_notifier_register);

/**
 * mmu_notifier_register - subscribe to an mm
 * @subscription: The subscription, with its callbacks set.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * Must be undone by mmu_notifier_unregister() or mmu_notifier_put(). Until then
 * subscription->mm remains valid, as a structure; mmget_not_zero() tells whether
 * the address space is still there.
 *
 * Context: May sleep. Takes the mmap_lock for writing and all locks of the mm.
 * Return: 0; -EINVAL if the callbacks exclude each other or the mm is not in
 * use; -ENOMEM; -EINTR if a signal came while all locks were taken.
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

	guard(spinlock)(&subscriptions->wq.lock);
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

static int mn_interval_insert(struct mmu_interval_notifier *interval_sub,
			      struct mm_struct *mm, unsigned long start,
			      unsigned long length,
			      const struct mmu_interval_notifier_ops *ops)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	unsigned long last;

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

	/*
	 * A range that is active now was not announced, and need not be: a
	 * reader finds it on the active list. One that has more than a batch to
	 * announce may still come by, so begin with a sequence that no range
	 * has: an even one.
	 */
	spin_lock(&subscriptions->wq.lock);
	interval_sub->invalidate_seq = subscriptions->last_seq + 1;
	mn_itree_insert(interval_sub, &subscriptions->itree);
	spin_unlock(&subscriptions->wq.lock);
	return 0;
}

static bool mn_has_intervals(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	/* (I) Pairs with (H) in mn_attach(). */
	return subscriptions && smp_load_acquire(&subscriptions->has_intervals);
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
 * and all locks of the mm.
 * Return: 0; otherwise interval_sub->mm is NULL, and the error is -EOVERFLOW if
 * @length is 0 or the interval goes beyond the last address; -EINVAL if the mm
 * is not in use; -ENOMEM; -EINTR if a signal came while all locks were taken.
 */
int mmu_interval_notifier_insert(struct mmu_interval_notifier *interval_sub,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops)
{
	int err = 0;

	might_lock(&mm->mmap_lock);
	WARN_ON_ONCE(ops->invalidate_start && !ops->invalidate_finish);

	/* Until it is inserted: drivers take this for "needs no removal". */
	interval_sub->mm = NULL;
	if (!mn_has_intervals(mm)) {
		mmap_write_lock(mm);
		err = mn_attach(NULL, mm);
		mmap_write_unlock(mm);
	}
	if (err)
		return err;
	return mn_interval_insert(interval_sub, mm, start, length, ops);
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
 * Return: As mmu_interval_notifier_insert(): 0, -EOVERFLOW, -EINVAL, -ENOMEM or
 * -EINTR.
 */
int mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *interval_sub,
					struct mm_struct *mm,
					unsigned long start,
					unsigned long length,
					const struct mmu_interval_notifier_ops *ops)
{
	int err = 0;

	mmap_assert_write_locked(mm);
	WARN_ON_ONCE(ops->invalidate_start && !ops->invalidate_finish);

	interval_sub->mm = NULL;
	if (!mn_has_intervals(mm))
		err = mn_attach(NULL, mm);
	if (err)
		return err;
	return mn_interval_insert(interval_sub, mm, start, length, ops);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_insert_locked);

/*
 * Teardown
 */

/**
 * mmu_interval_notifier_remove - end a subscription to an address interval
 * @interval_sub: The subscription.
 *
 * On return no callback runs or will run. Waits for invalidations that overlap
 * the interval and started before this call, and for no others.
 *
 * Context: May sleep. Must not be called from a callback, nor under a lock that
 * a callback takes or that is held by whoever invalidates.
 */
void mmu_interval_notifier_remove(struct mmu_interval_notifier *interval_sub)
{
	struct mmu_notifier_subscriptions *subscriptions;
	struct mm_struct *mm = interval_sub->mm;
	unsigned int pending;

	might_sleep();

	/* Never inserted, or the insertion failed. */
	if (WARN_ON_ONCE(!mm))
		return;

	mn_lockdep_may_wait();

	subscriptions = mn_subscriptions(mm);
	spin_lock(&subscriptions->wq.lock);
	interval_sub->removed = subscriptions->last_seq;
	pending = mn_count_overlapping(subscriptions, interval_sub);
	if (pending) {
		subscriptions->nr_removing++;
		mn_unlock_and_wait(subscriptions, interval_sub, pending);
		spin_lock(&subscriptions->wq.lock);
		subscriptions->nr_removing--;
	}
	mn_itree_remove(interval_sub, &subscriptions->itree);
	spin_unlock(&subscriptions->wq.lock);

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
 * callback runs or will run.
 *
 * Context: May sleep, for as long as any callback of any mm runs. Must not be
 * called from a callback.
 */
void mmu_notifier_unregister(struct mmu_notifier *subscription,
			     struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	if (!hlist_unhashed_lockless(&subscription->hlist)) {
		/* The end of the mm waits for this ->release(). */
		scoped_guard(srcu, &mn_srcu) {
			if (subscription->ops->release)
				subscription->ops->release(subscription, mm);
		}

		/* The end of the mm may have been faster. */
		spin_lock(&subscriptions->wq.lock);
		hlist_del_init_rcu(&subscription->hlist);
		spin_unlock(&subscriptions->wq.lock);
	}

	synchronize_srcu(&mn_srcu);

	/* Grabbed by mn_attach(). */
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
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(subscription->mm);
	bool last = false;

	spin_lock(&subscriptions->wq.lock);
	if (!WARN_ON_ONCE(!subscription->users))
		last = !--subscription->users;
	if (last)
		hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&subscriptions->wq.lock);

	if (last)
		call_srcu(&mn_srcu, &subscription->rcu, mn_free_rcu);
}
EXPORT_SYMBOL_GPL(mmu_notifier_put);

/**
 * mmu_notifier_synchronize - wait until all that was put has been freed
 *
 * On return every ops->free_notifier() has run for whose subscription the last
 * mmu_notifier_put() was before this call. For the exit function of modules.
 *
 * Context: May sleep, for as long as any callback of any mm runs.
 */
void mmu_notifier_synchronize(void)
{
	srcu_barrier(&mn_srcu);
}
EXPORT_SYMBOL_GPL(mmu_notifier_synchronize);

/* Called when the last reference to the mm structure is gone. */
void __mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
	/* Each subscription has a reference. Better a leak than a stray list. */
	if (!WARN_ON_ONCE(!hlist_empty(&mn_subscriptions(mm)->list)))
		kfree(mn_subscriptions(mm));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: how secondary MMUs learn that a page table changes.
 *
 * A secondary MMU (of a guest, a GPU, an RDMA adapter, ...) holds translations
 * of its own, SPTEs, that were made from the page table of a process. Whoever
 * is about to change that page table announces the range of addresses, changes
 * it, and announces the end: an invalidation. Between start and end no SPTE may
 * exist in the range. Drivers subscribe in one of two ways:
 *
 * - a subscription (struct mmu_notifier) is told of everything that happens to
 *   the mm and does its own bookkeeping: this file, with what both have in common;
 * - an interval_sub (struct mmu_interval_notifier) is told of invalidations that
 *   overlap its interval, and gets the collision-retry protocol, with which a
 *   device fault can build SPTEs from a page table that changes at any time:
 *   mmu_interval.c.
 *
 * Vocabulary
 *
 * range         one invalidation, [start, end); active from its start to its end:
 *               mmu_notifier_range.c
 * sequence      its number: odd, and greater than that of every earlier one
 * announce      to call a subscription for a range
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "mmu_notifier_internal.h"

/* Readers are callbacks of subscriptions, of all mms. */
DEFINE_STATIC_SRCU(mn_srcu);

#ifdef CONFIG_LOCKDEP
struct lockdep_map __mmu_notifier_invalidate_range_start_map = {
	.name = "mmu_notifier_invalidate_range_start"
};
#endif

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
 * Add a subscription to the mm; track its invalidations from now on, as interval_subs
 * and range readers need it; or both. All locks of the mm are taken, so that no
 * invalidation is between start and end, and each either knows of the change or is
 * over.
 */
static int mn_attach(struct mmu_notifier *subscription, struct mm_struct *mm,
		     bool track)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier_subscriptions *new = NULL;
	struct mn_ranges *new_ranges = NULL;
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
	if (track && !subscriptions->ranges) {
		new_ranges = mn_ranges_alloc();
		if (!new_ranges)
			goto free;
	}

	err = mm_take_all_locks(mm);
	if (err)
		goto free;

	if (new) {
		/*
		 * (A) Initialised before it is found. Pairs with the address
		 * dependency of whoever calls mn_subscriptions().
		 */
		smp_store_release(&mm->notifier_subscriptions, new);
	}
	if (new_ranges) {
		/*
		 * (B) Ranges that have ended untracked come before those who
		 * insert or read. Pairs with (C) in mn_ranges_to_insert() and (R)
		 * in mn_ranges_to_read().
		 */
		smp_store_release(&subscriptions->ranges, new_ranges);
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
	kfree(new_ranges);
	kfree(new);
	return err;
}

static int mn_register(struct mmu_notifier *subscription, struct mm_struct *mm,
		       bool track)
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

	return mn_attach(subscription, mm, track);
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
	return mn_register(subscription, mm, !subscription);
}
EXPORT_SYMBOL_GPL(__mmu_notifier_register);

/**
 * __mmu_notifier_register_tracked - register for range reads, mmap_lock held
 * @subscription: The subscription, with its callbacks set; or NULL.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * See mmu_notifier_register_tracked().
 *
 * Context: As __mmu_notifier_register().
 * Return: As __mmu_notifier_register(): 0, -EINVAL, -EEXIST, -ENOMEM or -EINTR.
 */
int __mmu_notifier_register_tracked(struct mmu_notifier *subscription,
				    struct mm_struct *mm)
{
	return mn_register(subscription, mm, true);
}
EXPORT_SYMBOL_GPL(__mmu_notifier_register_tracked);

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

/**
 * mmu_notifier_register_tracked - subscribe to an mm, to read ranges of it
 * @subscription: The subscription, with its callbacks set; or NULL.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * As mmu_notifier_register(), and the invalidations of the mm are tracked from now
 * on, so that mmu_range_read_begin() and mmu_notifier_range_inactive() can be used.
 * Where there is an interval subscription, they are tracked already. They remain
 * so until the mm is gone, and cost what they cost with an interval subscription
 * elsewhere in the mm.
 *
 * Context: As mmu_notifier_register().
 * Return: As mmu_notifier_register(): 0, -EINVAL, -EEXIST, -ENOMEM or -EINTR.
 */
int mmu_notifier_register_tracked(struct mmu_notifier *subscription,
				  struct mm_struct *mm)
{
	int err;

	mmap_write_lock(mm);
	err = __mmu_notifier_register_tracked(subscription, mm);
	mmap_write_unlock(mm);
	return err;
}
EXPORT_SYMBOL_GPL(mmu_notifier_register_tracked);

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

/*
 * Callbacks of subscriptions to an mm
 */

#define mn_for_each_subscription(subscription, subscriptions)		\
	hlist_for_each_entry_srcu(subscription, &(subscriptions)->list,	\
				  hlist, srcu_read_lock_held(&mn_srcu))

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

static void mn_hlist_end_range(struct mmu_notifier_subscriptions *subscriptions,
			       const struct mmu_notifier_range *range)
{
	struct mmu_notifier *subscription;

	guard(srcu)(&mn_srcu);
	mn_callbacks_enter(range, true);
	mn_for_each_subscription(subscription, subscriptions) {
		if (subscription->ops->invalidate_range_end)
			subscription->ops->invalidate_range_end(subscription,
								range);
	}
	mn_callbacks_exit(range);
}

/*
 * Announce the range to every subscription, even if one fails: which were called
 * is not recorded, so either all get their end or none.
 * Returns the error of the last that failed; then all have had their end.
 */
static int mn_hlist_start_range(struct mmu_notifier_subscriptions *subscriptions,
				const struct mmu_notifier_range *range)
{
	struct mmu_notifier *subscription;
	int ret = 0;

	guard(srcu)(&mn_srcu);
	mn_callbacks_enter(range, true);
	mn_for_each_subscription(subscription, subscriptions) {
		int err;

		if (!subscription->ops->invalidate_range_start)
			continue;
		err = subscription->ops->invalidate_range_start(subscription,
								range);
		if (unlikely(err))
			ret = mn_hlist_refused(subscription->ops, range, err) ?:
			      ret;
	}
	mn_callbacks_exit(range);

	if (unlikely(ret))
		mn_hlist_end_range(subscriptions, range);
	return ret;
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
 * Dispatch: the functions behind the inlines of the header. There, the mm was
 * found to have notifiers. Most mms have one kind: neither pays for the other, and
 * each is reached by a jump, not by a call.
 */

static struct mn_ranges *
mn_ranges_held(const struct mmu_notifier_subscriptions *subscriptions)
{
	/*
	 * Written with all locks of the mm held, of which who invalidates has
	 * one. To release it is to be its last user.
	 */
	return data_race(subscriptions->ranges);
}

/* Intervals first: nouveau relies on it. */
static noinline int
mn_both_start_range(struct mmu_notifier_subscriptions *subscriptions,
		    struct mn_ranges *ranges, struct mmu_notifier_range *range)
{
	int err;

	err = mn_interval_start_range(ranges, range);
	if (unlikely(err))
		return err;

	err = mn_hlist_start_range(subscriptions, range);
	if (unlikely(err))
		mn_range_deactivate(ranges, range);
	return err;
}

/*
 * The range has an odd sequence: it was filled in by hand, or is active, a mistake
 * of the caller. With the same addresses there is one end to come, and it starts
 * once. Others have to be announced; and if this is not a copy, the first ones
 * have no end.
 */
static noinline int mn_range_start_again(struct mn_ranges *ranges,
					 struct mmu_notifier_range *range)
{
	bool same;

	if (WARN_ONCE(mn_range_is_active(ranges, range, &same),
		      "the start of [%#lx, %#lx), which is active\n",
		      range->start, range->end) && same)
		return 0;
	mn_range_forget(range);
	return __mmu_notifier_invalidate_range_start(range);
}

int __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_ranges *ranges = mn_ranges_held(subscriptions);

	if (!ranges) {
		range->seq = 0;
		return hlist_empty(&subscriptions->list) ?
			       0 : mn_hlist_start_range(subscriptions, range);
	}
	if (unlikely(range->seq % 2))
		return mn_range_start_again(ranges, range);
	if (hlist_empty(&subscriptions->list))
		return mn_interval_start_range(ranges, range);
	return mn_both_start_range(subscriptions, ranges, range);
}

static noinline void
mn_both_end_range(struct mmu_notifier_subscriptions *subscriptions,
		  struct mn_ranges *ranges, struct mmu_notifier_range *range)
{
	if (likely(mn_range_deactivate(ranges, range)))
		mn_hlist_end_range(subscriptions, range);
}

void __mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_ranges *ranges = mn_ranges_held(subscriptions);

	mn_lockdep_may_wait();
	if (!ranges) {
		if (!hlist_empty(&subscriptions->list))
			mn_hlist_end_range(subscriptions, range);
	} else if (hlist_empty(&subscriptions->list)) {
		mn_range_deactivate(ranges, range);
	} else {
		mn_both_end_range(subscriptions, ranges, range);
	}
}

/*
 * Teardown
 */

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
		 * Still in the read section: a caller that finds its subscription
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

void __mmu_notifier_release(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	if (mn_ranges_held(subscriptions))
		mn_interval_release(mn_ranges_held(subscriptions), mm);
	if (!hlist_empty(&subscriptions->list))
		mn_hlist_release(subscriptions, mm);
}

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

	/*
	 * The end of the mm waits for this ->release(); and if two unregister
	 * it, the first one waits for the second with its reference to the mm.
	 */
	scoped_guard(srcu, &mn_srcu) {
		/* Others who get or put it may change it, not from or to 0. */
		if (WARN_ONCE(!data_race(subscription->users),
			      "%ps is not registered\n", subscription->ops))
			return;
		/* After a fork, say. Its mm is the one that has it. */
		WARN_ONCE(mm != subscription->mm,
			  "%ps is registered with another mm\n",
			  subscription->ops);
		mm = subscription->mm;
		subscriptions = mn_subscriptions(mm);

		if (!hlist_unhashed_lockless(&subscription->hlist) &&
		    subscription->ops->release)
			subscription->ops->release(subscription, mm);

		/* The end of the mm may have been faster. */
		spin_lock(&subscriptions->lock);
		hlist_del_init_rcu(&subscription->hlist);
		registered = subscription->users;
		subscription->users = 0;
		spin_unlock(&subscriptions->lock);
	}

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
	guard(srcu)(&mn_srcu);
	/* As in mmu_notifier_unregister(). */
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
	kfree(subscriptions->ranges);
	kfree(subscriptions);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: tell secondary MMUs that a page table changes.
 *
 * A secondary MMU (a guest's, a GPU's, an RDMA adapter's) has translations of
 * its own, SPTEs, made from the page table of a process. Code that changes that
 * page table starts an invalidation of the address range, changes it, and ends
 * the invalidation. In between, no SPTE may exist in the range. Drivers
 * subscribe in one of two ways:
 *
 * - a subscription (struct mmu_notifier) sees every invalidation of the mm and
 *   does its own bookkeeping. It is in this file, with what both kinds share.
 *   Registration, unregistration and the end of the mm wait for the invalidations
 *   that are active in it, and for no other mm: mmu_notifier_section.c.
 * - an interval_sub (struct mmu_interval_notifier) sees the invalidations that
 *   overlap its interval. With collision-retry, a device fault builds SPTEs
 *   from a page table that may change at any time: mmu_interval.c.
 *
 * Both build on the active ranges of the mm: mmu_notifier_range.c. The terms
 * are explained in include/linux/mmu_notifier.h.
 */

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait_bit.h>

#include "mmu_notifier_internal.h"

/* From a last put until ->free_notifier() has returned. */
static DEFINE_MN_PENDING(mn_puts);

#ifdef CONFIG_LOCKDEP
struct lockdep_map __mmu_notifier_invalidate_range_start_map = {
	.name = "mmu_notifier_invalidate_range_start"
};
#endif

/*
 * The subscriptions in the lists of all mms, and those that are being
 * registered, put or unregistered; linked by ->rcu, unused until mn_free().
 * To look one up, compare pointers: its memory may be uninitialised, or freed.
 */
static DEFINE_HASHTABLE(mn_registered, 10);
static DEFINE_SPINLOCK(mn_registered_lock);

/*
 * References to a subscription
 */

/*
 * Lockless: dropping the last reference may free the lock. Never adds to 0 (not
 * registered) nor to UINT_MAX. Returns the previous number.
 */
static unsigned int mn_users_add(struct mmu_notifier *subscription, int n)
{
	unsigned int users = READ_ONCE(subscription->users);

	while (users && (n < 0 || users != UINT_MAX)) {
		if (try_cmpxchg(&subscription->users, &users, users + n))
			break;
	}
	return users;
}

static struct hlist_node *
mn_registered_node(const struct mmu_notifier *subscription)
{
	BUILD_BUG_ON(sizeof(struct hlist_node) > sizeof(subscription->rcu));
	return (struct hlist_node *)&subscription->rcu;
}

static void mn_registered_add(struct mmu_notifier *subscription)
	__must_hold(&mn_registered_lock)
{
	lockdep_assert_held(&mn_registered_lock);

	hash_add(mn_registered, mn_registered_node(subscription),
		 (unsigned long)subscription);
}

/* After this, another unregistering caller may free the subscription. */
static void mn_registered_del(struct mmu_notifier *subscription)
{
	spin_lock(&mn_registered_lock);
	hash_del(mn_registered_node(subscription));
	spin_unlock(&mn_registered_lock);
	/* No barrier: waiters queue first, then check under the lock. */
	wake_up_var(subscription);
}

static bool mn_is_registered(const struct mmu_notifier *subscription)
	__must_hold(&mn_registered_lock)
{
	const unsigned long key = (unsigned long)subscription;
	struct hlist_node *node;

	lockdep_assert_held(&mn_registered_lock);

	hlist_for_each(node, mn_registered +
			     hash_min(key, HASH_BITS(mn_registered))) {
		if (node == mn_registered_node(subscription))
			return true;
	}
	return false;
}

/* Returns false if registered already, with any mm, or being unregistered. */
static bool mn_register_begin(struct mmu_notifier *subscription)
{
	guard(spinlock)(&mn_registered_lock);
	if (mn_is_registered(subscription))
		return false;
	/* 0 until listed, so that unregistering after a failure is caught. */
	WRITE_ONCE(subscription->users, 0);
	mn_registered_add(subscription);
	return true;
}

/* Returns false if not registered, or if another caller (un)registers it. */
static bool mn_unregister_begin(struct mmu_notifier *subscription)
{
	guard(spinlock)(&mn_registered_lock);
	if (!xchg(&subscription->users, 0))
		return false;
	/* The end of the mm may have removed it from the table. */
	if (hlist_unhashed(mn_registered_node(subscription)))
		mn_registered_add(subscription);
	return true;
}

/* At the end of the mm. A driver that never unregisters only leaks the mm. */
static void mn_registered_forget(struct mmu_notifier *subscription)
{
	guard(spinlock)(&mn_registered_lock);
	/* If ->users is 0, a put or an unregistration removes it. */
	if (READ_ONCE(subscription->users))
		hash_del(mn_registered_node(subscription));
}

static bool mn_is_being_unregistered(const struct mmu_notifier *subscription)
{
	guard(spinlock)(&mn_registered_lock);
	return mn_is_registered(subscription) &&
	       !READ_ONCE(subscription->users);
}

/* Another caller is unregistering it and may free it when done: it is not read here. */
static void mn_wait_until_unregistered(struct mmu_notifier *subscription,
				       struct mm_struct *mm)
{
	struct mn_trace_wait wait = {};

	mn_lockdep_may_wait_for_sections();
	if (!mn_is_being_unregistered(subscription))
		return;
	mn_trace_wait_for_all(&wait, mm, MMU_NOTIFIER_UNREGISTRATION);
	wait_var_event(subscription, !mn_is_being_unregistered(subscription));
	mn_trace_wait_end(&wait, 0);
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

	/* A zeroed list head is an empty list. */
	spin_lock_init(&subscriptions->lock);
	return subscriptions;
}

static void mn_add(struct mmu_notifier_subscriptions *subscriptions,
		   struct mmu_notifier *subscription, struct mm_struct *mm)
{
	mmgrab(mm);
	subscription->mm = mm;

	guard(spinlock)(&subscriptions->lock);
	/* Callbacks may put or unregister it as soon as it is in the list. */
	spin_lock(&mn_registered_lock);
	WRITE_ONCE(subscription->users, 1);
	spin_unlock(&mn_registered_lock);
	hlist_add_head_rcu(&subscription->hlist, &subscriptions->list);
}

/* A range that fills its slot after this finds the sections and the list. */
static void
mn_publish_sections(struct mmu_notifier_subscriptions *subscriptions,
		    struct mn_sections *sections)
{
	struct mn_ranges *ranges = subscriptions->ranges;

	/*
	 * (U) Publish the sections after they are initialised and the
	 * subscription is in the list. Pairs with the address dependency in
	 * mn_sections().
	 */
	smp_store_release(&subscriptions->sections, sections);
	/* Last: ranges that see this use subscriptions->sections at the end. */
	if (ranges) {
		spin_lock(&ranges->lock);
		ranges->sections = sections;
		spin_unlock(&ranges->lock);
	}
}

/*
 * Add a subscription to the mm; track its invalidations from now on, as
 * interval_subs and range readers need it; or both. On return, each active
 * invalidation knows of the change: for the first change in the mm, because
 * taking all its locks excludes invalidations; later, because we wait for every
 * invalidation that may have missed it.
 */
static int mn_attach(struct mmu_notifier *subscription, struct mm_struct *mm,
		     bool track)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mmu_notifier_subscriptions *new = NULL;
	struct mn_sections *new_sections = NULL;
	struct mn_ranges *new_ranges = NULL;
	int err = -ENOMEM;

	mmap_assert_write_locked(mm);
	mn_lockdep_may_wait();

	/* The caller keeps the mm in use: it is not being released. */
	if (mn_warn_on(atomic_read(&mm->mm_users) <= 0,
		       subscription ? mn_debug_mm_ops(subscription->ops) : NULL,
		       "%ps is registered with an mm without users\n",
		       subscription ? mn_debug_mm_ops(subscription->ops) : NULL))
		return -EINVAL;

	/* Allocate before taking all locks: reclaim takes some of them. */
	if (!subscriptions) {
		new = mn_subscriptions_alloc();
		if (!new)
			return -ENOMEM;
		new->mm = mm;
		subscriptions = new;
	}
	if (subscription && !subscriptions->sections) {
		new_sections = mn_sections_alloc(subscriptions);
		if (!new_sections)
			goto free;
	}
	if (track && !subscriptions->ranges) {
		new_ranges = mn_ranges_alloc();
		if (!new_ranges)
			goto free;
		new_ranges->mm = mm;
	}
	if (new) {
		err = mm_take_all_locks(mm);
		if (err)
			goto free;
	}

	if (subscription)
		mn_add(subscriptions, subscription, mm);
	if (new_sections)
		mn_publish_sections(subscriptions, new_sections);
	if (new_ranges) {
		/*
		 * (V) Ranges that enter a section from now on see the slots,
		 * initialised. Pairs with the address dependency in
		 * mn_ranges().
		 */
		smp_store_release(&subscriptions->ranges, new_ranges);
	}

	if (new) {
		/*
		 * (A) Publish @new initialised. Pairs with the address
		 * dependency in the callers of mn_subscriptions().
		 */
		smp_store_release(&mm->notifier_subscriptions, new);
		mm_drop_all_locks(mm);
	} else if (new_sections) {
		mn_wait_for_active(subscriptions->ranges);
	} else if (subscription || new_ranges) {
		mn_sections_wait(subscriptions->sections);
	}

	if (new_ranges) {
		/*
		 * (B) Insertions and range readers see what was done to the
		 * page table in ranges that ended before the mm had slots. Pairs
		 * with (C) in mn_ranges_to_insert() and (R) in
		 * mn_ranges_to_read().
		 */
		smp_store_release(&new_ranges->complete, true);
	}
	return 0;

free:
	kfree(new_ranges);
	if (new_sections)
		mn_sections_free(new_sections);
	kfree(new);
	return err;
}

static int mn_register(struct mmu_notifier *subscription, struct mm_struct *mm,
		       bool track)
{
	const struct mmu_notifier_ops *ops;
	int err = -EINVAL;

	if (!subscription)
		return mn_attach(NULL, mm, track);

	ops = subscription->ops;
	if (mn_warn(!mn_register_begin(subscription), mn_debug_mm_ops(ops),
		    "%ps is registered already\n", mn_debug_mm_ops(ops)))
		return -EEXIST;
	/* Either mirror the page table or let hardware walk it, not both. */
	if (!mn_warn_on(ops->arch_invalidate_secondary_tlbs &&
			(ops->invalidate_range_start ||
			 ops->invalidate_range_end), mn_debug_mm_ops(ops),
			"%ps has callbacks that exclude each other\n",
			mn_debug_mm_ops(ops)))
		err = mn_attach(subscription, mm, track);
	if (err)
		mn_registered_del(subscription);
	else
		/* Wake an unregistration that came too soon and waits. */
		wake_up_var(subscription);
	return err;
}

/**
 * __mmu_notifier_register - subscribe to an mm, mmap_lock held
 * @subscription: The subscription, with its callbacks set; or NULL.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * See mmu_notifier_register().
 *
 * Context: As mmu_notifier_register(), with the mmap_lock held for writing, and no
 * other lock of the mm.
 * Return: 0 on success; %-EINVAL if the callbacks exclude each other or the mm
 * is not in use; %-EEXIST with a warning if @subscription is registered with
 * any mm, or its mmu_notifier_unregister() has not returned; %-ENOMEM;
 * %-EINTR if a signal arrived while taking all locks.
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
 * Return: As __mmu_notifier_register(): 0, %-EINVAL, %-EEXIST, %-ENOMEM or %-EINTR.
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
 * On return, every invalidation that is active in the mm has been announced to
 * @subscription: those that started earlier have ended. Undo with
 * mmu_notifier_unregister() or mmu_notifier_put(). Until then subscription->mm
 * stays a valid structure; mmget_not_zero() tells whether the address space is
 * still there. Also after the end of @mm, undo it before @subscription is
 * registered again.
 *
 * A @subscription of NULL prepares the mm for intervals:
 * mmu_interval_notifier_insert() then takes no lock of the mm and may be called
 * with the mmap_lock held for reading.
 *
 * Context: May sleep. Takes the mmap_lock for writing. The first subscription of an
 * mm, of either kind, takes all locks of the mm. A later one takes none of these,
 * and waits for the invalidations that are active in the mm. So hold no lock that a
 * callback takes, that is taken between the start and the end of an invalidation,
 * or that reclaim takes, and do not call it from a callback.
 * Return: 0 on success; %-EINVAL if the callbacks exclude each other or the mm
 * is not in use; %-EEXIST with a warning if @subscription is registered with
 * any mm, or its mmu_notifier_unregister() has not returned; %-ENOMEM;
 * %-EINTR if a signal arrived while taking all locks.
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
 * An mm with an interval subscription is tracked already. Tracking lasts until
 * the mm is gone. It makes an invalidation cost as much as with an interval
 * subscription elsewhere in the mm.
 *
 * Context: As mmu_notifier_register().
 * Return: As mmu_notifier_register(): 0, %-EINVAL, %-EEXIST, %-ENOMEM or %-EINTR.
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
	unsigned int users;

	guard(spinlock)(&subscriptions->lock);
	hlist_for_each_entry(subscription, &subscriptions->list, hlist) {
		if (subscription->ops != ops)
			continue;
		users = mn_users_add(subscription, 1);
		/* It is being unregistered. */
		if (unlikely(!users))
			continue;
		if (unlikely(users == UINT_MAX))
			return ERR_PTR(-EOVERFLOW);
		return subscription;
	}
	return NULL;
}

/**
 * mmu_notifier_get_locked - get the subscription of an mm to given callbacks
 * @ops: The callbacks; two subscriptions are the same if their @ops are.
 * @mm: The mm; the caller keeps it in use (current->mm, or mmget()).
 *
 * Returns the subscription that the mm already has, or a new one from
 * @ops->alloc_notifier(). Drop it with mmu_notifier_put().
 *
 * Context: As __mmu_notifier_register(); waits only if the subscription is new.
 * Return: The subscription; the error of @ops->alloc_notifier(); or ERR_PTR() of
 * %-EOVERFLOW if it has too many users, or of %-EINVAL, %-EEXIST, %-ENOMEM or
 * %-EINTR, see __mmu_notifier_register().
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
		/* In use already: not ours to free. */
		if (err != -EEXIST)
			ops->free_notifier(subscription);
		return ERR_PTR(err);
	}
	return subscription;
}
EXPORT_SYMBOL_GPL(mmu_notifier_get_locked);

/*
 * Callbacks of subscriptions to an mm
 */

#define mn_for_each_subscription(subscription, sections)		\
	hlist_for_each_entry_srcu(subscription,				\
				  &(sections)->subscriptions->list,	\
				  hlist, srcu_read_lock_held(&(sections)->srcu))

static __always_inline bool
mn_clear_young(struct mm_struct *mm, unsigned long start, unsigned long end,
	       bool flush)
{
	struct mn_sections *sections = mn_sections(mn_subscriptions(mm));
	struct mmu_notifier *subscription;
	bool young = false;

	if (!sections)
		return false;

	guard(srcu)(&sections->srcu);
	mn_for_each_subscription(subscription, sections) {
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
	struct mn_sections *sections = mn_sections(mn_subscriptions(mm));
	struct mmu_notifier *subscription;

	if (!sections)
		return false;

	guard(srcu)(&sections->srcu);
	mn_for_each_subscription(subscription, sections) {
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
	struct mn_sections *sections = mn_sections(mn_subscriptions(mm));
	struct mmu_notifier *subscription;

	if (!sections)
		return;

	guard(srcu)(&sections->srcu);
	mn_for_each_subscription(subscription, sections) {
		const struct mmu_notifier_ops *ops = subscription->ops;

		if (ops->arch_invalidate_secondary_tlbs)
			ops->arch_invalidate_secondary_tlbs(subscription, mm,
							    start, end);
	}
}

/*
 * Dispatch, called from the header for an mm that has notifiers. Most mms have
 * only one kind: it is reached by a tail call, and neither pays for the other.
 */

/* Whether this range, not one that it was copied from, is in a section. */
static bool mn_is_in_section(const struct mmu_notifier_range *range)
{
	return range->section & MN_SECTION_ENTERED &&
	       range->seq == mn_self(range);
}

/*
 * The range was filled in by hand, or the caller starts a range that is active.
 * If the addresses are the same, leave it active: there will be one end.
 * Other addresses must be announced; unless this is a copy, the first ones then
 * never get an end. Without tracking, the first addresses are unknown: end the
 * range, and start it again.
 */
noinline int
mn_range_start_again(struct mmu_notifier_subscriptions *subscriptions,
		     struct mmu_notifier_range *range)
{
	struct mn_sections *sections = mn_sections(subscriptions);
	struct mn_ranges *ranges = mn_ranges(subscriptions);
	const bool in_section = sections && mn_is_in_section(range);
	bool active = in_section, same = !in_section;

	if (range->seq % 2)
		active = ranges && mn_range_is_active(ranges, range, &same);
	if (mn_warn_unless_debugged(active, range, "the start of [%#lx, %#lx), which is active\n",
				    range->start, range->end) && same)
		return 0;
	/* Not tracked, so it does not matter that the addresses are others. */
	if (in_section)
		mn_dispatch_end(range);
	mn_range_forget(range);
	return mn_dispatch_start(range);
}

/* Intervals first: nouveau relies on that order. */
static noinline int mn_both_start(struct mn_sections *sections,
				  struct mn_ranges *ranges,
				  struct mmu_notifier_range *range,
				  struct mmu_notifier *first)
{
	int err = mn_interval_start_range(ranges, range);

	if (likely(!err))
		return mn_section_start_range(sections, ranges, range, first);
	mn_section_leave(sections, range);
	return err;
}

/*
 * Look for intervals only inside the section: a registration that turns on
 * tracking waits for that section.
 */
static noinline int mn_start_in_section(struct mn_sections *sections,
					struct mmu_notifier_range *range)
{
	struct mmu_notifier *first;
	struct mn_ranges *ranges;

	if (unlikely(range->section | range->seq))
		return mn_range_start_again(sections->subscriptions, range);

	first = mn_section_enter(sections, range);
	ranges = mn_ranges(sections->subscriptions);
	if (ranges)
		return mn_both_start(sections, ranges, range, first);
	range->seq = mn_self(range);
	return mn_section_call_start(sections, NULL, range, first, NULL);
}

int __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_sections *sections = mn_sections(subscriptions);

	if (mn_has_to_trace())
		return mn_start_traced(range);
	if (sections)
		return mn_start_in_section(sections, range);
	if (unlikely(range->section | range->seq))
		return mn_range_start_again(subscriptions, range);
	return mn_interval_start_range(mn_ranges(subscriptions), range);
}

static noinline void mn_both_end(struct mn_sections *sections,
				 struct mmu_notifier_range *range)
{
	struct mn_ranges *ranges = mn_ranges(sections->subscriptions);

	if (likely(mn_range_deactivate(ranges, range)))
		mn_section_end_range(sections, range);
}

/* A range that started before the mm was tracked only has its section to leave. */
static noinline void mn_end_in_section(struct mn_sections *sections,
				       struct mmu_notifier_range *range)
{
	if (range->seq % 2)
		mn_both_end(sections, range);
	else
		mn_section_end_range(sections, range);
}

void __mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_sections *sections;
	struct mn_ranges *ranges;

	if (mn_has_to_trace()) {
		mn_end_traced(range);
		return;
	}
	mn_lockdep_may_wait();
	if (range->section & MN_SECTION_ENTERED) {
		sections = mn_sections(subscriptions);
		/* The range started in another mm. */
		if (IS_ENABLED(CONFIG_DEBUG_VM) && WARN_ON_ONCE(!sections))
			return;
		mn_end_in_section(sections, range);
		return;
	}
	ranges = mn_ranges(subscriptions);
	if (ranges)
		mn_range_deactivate(ranges, range);
}

/*
 * Teardown
 */

/*
 * Unregister: call ->release() and remove the subscription. Outside the SRCU
 * section: ->release() may wait for the mmap_lock, under which a registration
 * waits for the sections.
 */
static void mn_release_one(struct mn_sections *sections,
			   struct mmu_notifier *subscription,
			   struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions =
		sections->subscriptions;

	mn_lockdep_release_begin();
	if (subscription->ops->release)
		subscription->ops->release(subscription, mm);

	spin_lock(&subscriptions->lock);
	/* The end of the mm may have removed it. */
	hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&subscriptions->lock);
	mn_lockdep_release_end();
}

/* No callback of the subscription runs or will run. */
static void mn_unregistered(struct mn_sections *sections)
{
	struct mmu_notifier_subscriptions *subscriptions =
		sections->subscriptions;
	bool last;

	spin_lock(&subscriptions->lock);
	last = !--sections->unregistering;
	spin_unlock(&subscriptions->lock);
	if (last)
		wake_up_all(&sections->unregistered);
}

static bool mn_has_unregistrations(const struct mn_sections *sections)
{
	guard(spinlock)(&sections->subscriptions->lock);
	return sections->unregistering;
}

/* Wait for each mmu_notifier_unregister() in progress. */
static void mn_wait_for_unregistrations(struct mn_sections *sections)
{
	struct mn_trace_wait wait = {};

	if (!mn_has_unregistrations(sections))
		return;
	mn_trace_wait_for_all(&wait, sections->subscriptions->mm,
			      MMU_NOTIFIER_UNREGISTRATION);
	wait_event(sections->unregistered, !mn_has_unregistrations(sections));
	mn_trace_wait_end(&wait, 0);
}

/*
 * No subscription can be added any more: that takes a user of the mm. Each one
 * is released here or by mmu_notifier_unregister(), or by both if they race.
 */
static void mn_hlist_release(struct mn_sections *sections, struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions =
		sections->subscriptions;
	struct mmu_notifier *subscription;
	struct hlist_node *next;
	int index;

	index = mn_release_enter(sections);
	/* Lockdep does not know of this section. */
	hlist_for_each_entry_srcu(subscription, &subscriptions->list, hlist,
				  true) {
		if (subscription->ops->release)
			subscription->ops->release(subscription, mm);
	}

	/*
	 * Inside the section: mmu_notifier_unregister() that finds its
	 * subscription unhashed waits for ->release() by waiting for the
	 * section.
	 */
	spin_lock(&subscriptions->lock);
	hlist_for_each_entry_safe(subscription, next, &subscriptions->list,
				  hlist) {
		hlist_del_init_rcu(&subscription->hlist);
		mn_registered_forget(subscription);
	}
	spin_unlock(&subscriptions->lock);
	mn_release_exit(sections, index);

	/*
	 * The pages are freed on return: wait for callbacks that run, and for a
	 * ->release() that mmu_notifier_unregister() is running.
	 */
	mn_sections_wait_for_release(sections);
	mn_wait_for_unregistrations(sections);
}

void __mmu_notifier_release(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);
	struct mn_sections *sections = mn_sections(subscriptions);
	struct mn_ranges *ranges = mn_ranges(subscriptions);

	if (ranges)
		mn_interval_release(ranges, mm);
	if (sections && !hlist_empty(&subscriptions->list))
		mn_hlist_release(sections, mm);
}

/**
 * mmu_notifier_unregister - end a subscription to an mm
 * @subscription: The subscription.
 * @mm: The mm that it was registered with.
 *
 * Calls ->release(), unless the end of the mm has already done so. On return no
 * callback runs or will run, and every invalidation that was announced to
 * @subscription has ended. Invalidations that end during the wait may or may
 * not call ->invalidate_range_end().
 *
 * Context: May sleep, until the invalidations that are active in @mm have ended,
 * and its other callbacks have returned; those of another mm do not matter. So
 * hold no lock that a callback of this mm takes, that is taken between the start
 * and the end of an invalidation, or that reclaim takes, and do not call it from a
 * callback. The mmap_lock may be held.
 */
void mmu_notifier_unregister(struct mmu_notifier *subscription,
			     struct mm_struct *mm)
{
	const struct mmu_notifier_ops *ops = subscription->ops;
	struct mmu_notifier_subscriptions *subscriptions;
	struct mn_sections *sections;
	bool release;

	mn_lockdep_may_wait();

	if (mn_warn(!mn_unregister_begin(subscription), _RET_IP_,
		    "%ps is not registered\n", ops)) {
		/* Our caller may free it: wait for the other caller. */
		mn_wait_until_unregistered(subscription, mm);
		return;
	}
	/* E.g. after a fork. Use the mm that it is registered with. */
	mn_warn(mm != subscription->mm, _RET_IP_,
		"%ps is registered with another mm\n",
		mn_debug_mm_ops(ops));
	mm = subscription->mm;
	subscriptions = mn_subscriptions(mm);
	sections = mn_sections(subscriptions);

	spin_lock(&subscriptions->lock);
	sections->unregistering++;
	/* If unhashed, the end of the mm has called ->release(). */
	release = !hlist_unhashed(&subscription->hlist);
	spin_unlock(&subscriptions->lock);

	if (release)
		mn_release_one(sections, subscription, mm);
	mn_sections_wait_for_release(sections);
	mn_unregistered(sections);
	mn_registered_del(subscription);
	/* Grabbed by mn_add(). */
	mmdrop(mm);
}
EXPORT_SYMBOL_GPL(mmu_notifier_unregister);

/* Returns the count that has it now, for mn_pending_end(). */
unsigned int mn_pending_begin(struct mn_pending *pending)
{
	unsigned int which;

	guard(spinlock)(&pending->lock);
	which = pending->turns % 2;
	pending->count[which]++;
	return which;
}

void mn_pending_end(struct mn_pending *pending, unsigned int which)
{
	guard(spinlock)(&pending->lock);
	if (!--pending->count[which] && which != pending->turns % 2)
		wake_up_all(&pending->over);
}

/*
 * Whether all is over that was pending when there had been @turns. Makes a turn if it
 * can, unless another one who waits has made it: what begins later is in the other
 * count from then on.
 */
bool mn_pending_is_over(struct mn_pending *pending, unsigned long turns)
{
	guard(spinlock)(&pending->lock);
	if (pending->turns == turns && !pending->count[(turns + 1) % 2])
		pending->turns++;
	/* At a second turn, this count was empty. */
	return pending->turns - turns > !!pending->count[turns % 2];
}

/* Wait for all that has begun, and for what begins while others wait already. */
void mn_pending_wait(struct mn_pending *pending)
{
	unsigned long turns;

	scoped_guard(spinlock, &pending->lock)
		turns = pending->turns;
	wait_event(pending->over, mn_pending_is_over(pending, turns));
}

static void mn_free(struct rcu_head *rcu, unsigned int put)
{
	struct mmu_notifier *subscription =
		container_of(rcu, struct mmu_notifier, rcu);
	struct mm_struct *mm = subscription->mm;

	subscription->ops->free_notifier(subscription);
	/* Grabbed by mn_add(). */
	mmdrop(mm);
	mn_pending_end(&mn_puts, put);
}

/* The subscription has no room for which count the put is in. */
static void mn_free_put_0(struct rcu_head *rcu)
{
	mn_free(rcu, 0);
}

static void mn_free_put_1(struct rcu_head *rcu)
{
	mn_free(rcu, 1);
}

static bool mn_is_put_too_often(const struct mmu_notifier *subscription,
				unsigned int users)
{
	return mn_warn(!users, subscription->ops,
		       "%ps is put once too often\n", subscription->ops);
}

/**
 * mmu_notifier_put - drop a reference that mmu_notifier_get() returned
 * @subscription: The subscription.
 *
 * After the last reference is dropped, ops->free_notifier() frees the
 * subscription once no callback runs or will run, and the invalidations that
 * are active in the mm have ended. Only mmu_notifier_synchronize() waits for
 * that: a module that uses mmu_notifier_put() must call it on unload. The put
 * does not call ->release(): the driver has to drop all SPTEs first.
 * @subscription must not be registered again before ops->free_notifier() is
 * called.
 *
 * Context: Process context, atomic or not, including ->release(); not from
 * interrupts.
 */
void mmu_notifier_put(struct mmu_notifier *subscription)
{
	struct mmu_notifier_subscriptions *subscriptions;
	struct mn_sections *sections;
	unsigned int users;
	int index;

	/* Before a look at the callbacks, which may have been freed as well. */
	if (mn_is_put_too_often(subscription, READ_ONCE(subscription->users)))
		return;
	if (mn_warn(!subscription->ops->free_notifier,
		    mn_debug_mm_ops(subscription->ops), "%ps cannot be put\n",
		    mn_debug_mm_ops(subscription->ops)))
		return;

	subscriptions = mn_subscriptions(subscription->mm);
	sections = mn_sections(subscriptions);
	/* Keep a concurrent, excess put from touching freed memory. */
	index = srcu_read_lock(&sections->srcu);
	spin_lock(&subscriptions->lock);
	users = mn_users_add(subscription, -1);
	if (users == 1)
		hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&subscriptions->lock);
	mn_is_put_too_often(subscription, users);
	/* TINY_SRCU reads ->srcu after the unlock: no put may free it yet. */
	preempt_disable();
	srcu_read_unlock(&sections->srcu, index);
	preempt_enable();

	if (users != 1)
		return;
	mn_registered_del(subscription);
	/*
	 * Outside the SRCU section: srcu_read_unlock() must not touch memory
	 * that the callback may free.
	 */
	call_srcu(&sections->srcu, &subscription->rcu,
		  mn_pending_begin(&mn_puts) ? mn_free_put_1 : mn_free_put_0);
}
EXPORT_SYMBOL_GPL(mmu_notifier_put);

/**
 * mmu_notifier_synchronize - wait for pending frees
 *
 * On return, ops->free_notifier() has returned for every subscription whose last
 * reference was put before the call, of any mm. Does not wait for later puts, but for
 * some that come while another caller waits. For the exit function of modules.
 *
 * Context: May sleep, for as long as an invalidation is active in an mm that such a
 * subscription belonged to. So hold no lock that a callback or free_notifier()
 * takes, that is taken between the start and the end of an invalidation, or that
 * reclaim takes, and do not call it from a callback.
 */
void mmu_notifier_synchronize(void)
{
	mn_lockdep_may_wait();
	mn_lockdep_may_wait_for_sections();
	mn_pending_wait(&mn_puts);
}
EXPORT_SYMBOL_GPL(mmu_notifier_synchronize);

/* Called when the last reference to the mm structure is gone. */
void __mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	/*
	 * Each subscription holds a reference. Leak rather than corrupt a list.
	 */
	if (WARN_ON_ONCE(!hlist_empty(&subscriptions->list)))
		return;
	/* This may be atomic context, or an SRCU callback of these sections. */
	if (subscriptions->sections)
		schedule_work(&subscriptions->sections->free);
	kfree(subscriptions->ranges);
	kfree(subscriptions);
}

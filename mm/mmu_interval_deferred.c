// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: removal of an interval_sub where the caller cannot wait.
 *
 * The caller may be a callback of the very interval_sub, or hold the user lock. So
 * the removal only makes sure that no range comes to call it any more:
 *
 * - Ranges that walk the tree later skip the interval_sub.
 * - Ranges that have found it and are yet to call it find other ops in it, which do
 *   nothing.
 *
 * It stays in the tree, where such a range may stand on it, until every overlapping
 * range has ended that was active when it was removed. Then a work item erases it and
 * has it released.
 *
 * A removal waits for one slot after the other, as a remover does. All that wait for
 * the same slot are in a list, and only the first of them is on the wait queue: the
 * end of a range wakes one waiter, however many they are. That one queues itself as
 * work, which takes the list and has each look for the next slot to wait for. Who
 * finds the list occupied need not do more than join it: the first is on the wait
 * queue, or its work is yet to take the list.
 */

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mmu_notifier_internal.h"

/* &mmu_interval_notifier.removed: below the sequence of any range. */
#define MN_REMOVED	1

/* Until released() has returned. */
static DEFINE_MN_PENDING(mn_removals);

#ifdef CONFIG_LOCKDEP
/* Means "inside released()". */
static struct lockdep_map mn_released_map = {
	.name = "mmu_interval_notifier_released"
};
#endif

/*
 * Waiting
 */

static void mn_removal_work(struct work_struct *work);

static void mn_removal_queue_work(struct mmu_interval_notifier_removal *removal)
{
	INIT_WORK(&removal->work, mn_removal_work);
	schedule_work(&removal->work);
}

/* The work takes the place of the wait queue entry, which is not used again. */
static int mn_removal_wake(struct wait_queue_entry *wait, unsigned int mode,
			   int flags, void *key)
{
	list_del(&wait->entry);
	mn_removal_queue_work(container_of(wait,
					   struct mmu_interval_notifier_removal,
					   wait));
	return 1;
}

/* The list of a slot, 0 for untracked ranges, or MN_NOT_WAITING. */
static struct mmu_interval_notifier_removal **
mn_removals_of(struct mn_ranges *ranges, unsigned int list)
	__must_hold(&ranges->lock)
{
	lockdep_assert_held(&ranges->lock);

	return list == MN_NOT_WAITING ? &ranges->removals :
					&ranges->slots[list].removals;
}

static void mn_removal_join(struct mn_ranges *ranges,
			    struct mmu_interval_notifier_removal *removal,
			    unsigned int list)
	__must_hold(&ranges->lock)
{
	struct mmu_interval_notifier_removal **removals =
		mn_removals_of(ranges, list);
	const bool first = !*removals;

	removal->list = list;
	removal->next = *removals;
	*removals = removal;
	if (list && list != MN_NOT_WAITING)
		ranges->awaited |= BIT(list);
	if (!first)
		return;
	if (list == MN_NOT_WAITING) {
		mn_removal_queue_work(removal);
		return;
	}
	init_waitqueue_func_entry(&removal->wait, mn_removal_wake);
	add_wait_queue(list ? &ranges->waiters[list] :
			      &ranges->untracked_waiters, &removal->wait);
}

/* Returns whether some range may still call the interval_sub; then it has joined. */
static bool mn_removal_waits(struct mn_ranges *ranges,
			     struct mmu_interval_notifier_removal *removal)
	__must_hold(&ranges->lock)
{
	const struct interval_tree_node *node =
		&removal->interval_sub->interval_tree;
	unsigned long mask = ranges->active & ~MN_UNTRACKED;

	if (removal->generation &&
	    !mn_has_drained(ranges, removal->generation)) {
		mn_removal_join(ranges, removal, 0);
		return true;
	}
	for (; mask; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);

		if (mn_overlaps(&ranges->slots[i].span, node->start,
				node->last) &&
		    mn_holds_up(ranges, i, removal->mark)) {
			mn_removal_join(ranges, removal, i);
			return true;
		}
	}
	return false;
}

/*
 * Release
 */

/* @released may free all that is here but the mm. */
static void mn_removal_release(struct mmu_interval_notifier_removal *removal)
{
	struct mmu_interval_notifier *interval_sub = removal->interval_sub;
	struct mm_struct *mm = removal->mm;
	const unsigned int pending = removal->pending;

	lock_map_acquire(&mn_released_map);
	removal->released(interval_sub);
	lock_map_release(&mn_released_map);

	/* Grabbed by mn_interval_insert(). */
	mmdrop(mm);
	mn_pending_end(&mn_removals, pending);
}

/* Wait for the next slot, or leave the tree. Returns whether it has left. */
static bool mn_removal_go_on(struct mn_ranges *ranges,
			     struct mmu_interval_notifier_removal *removal)
{
	bool waits;

	spin_lock(&ranges->lock);
	waits = mn_removal_waits(ranges, removal);
	if (!waits) {
		mn_interval_erase(ranges, removal->interval_sub);
		mn_debug_forget(removal->interval_sub);
		ranges->nr_removing--;
		WRITE_ONCE(removal->interval_sub->ops, removal->ops);
	}
	spin_unlock(&ranges->lock);

	/* If it waits, another work may have it by now. */
	return !waits;
}

/*
 * Each removal that is not released yet keeps the mm structure, and the ranges. All
 * that can leave the tree do so first: released() may take its time, and each
 * invalidation looks for them until then. They are released in the same order. The one
 * with the work item was the first to join, so it is the last: its memory is not used
 * for another removal while others are released.
 */
static void mn_removal_work(struct work_struct *work)
{
	struct mmu_interval_notifier_removal *removal, *next, **removals;
	struct mmu_interval_notifier_removal *left, **end = &left;
	struct mn_ranges *ranges;

	removal = container_of(work, struct mmu_interval_notifier_removal, work);
	ranges = mn_ranges_of_mm(removal->mm);

	spin_lock(&ranges->lock);
	removals = mn_removals_of(ranges, removal->list);
	removal = *removals;
	*removals = NULL;
	spin_unlock(&ranges->lock);

	for (; removal; removal = next) {
		next = removal->next;
		if (mn_removal_go_on(ranges, removal)) {
			*end = removal;
			end = &removal->next;
		}
		cond_resched();
	}
	*end = NULL;
	for (; left; left = next) {
		next = left->next;
		mn_removal_release(left);
		cond_resched();
	}
}

/*
 * Removal
 */

static void mn_defer(struct mn_ranges *ranges,
		     struct mmu_interval_notifier *interval_sub,
		     struct mmu_interval_notifier_removal *removal)
	__must_hold(&ranges->lock)
{
	const struct mmu_interval_notifier_ops *ops = interval_sub->ops;

	removal->interval_sub = interval_sub;
	removal->mm = interval_sub->mm;
	removal->ops = ops;
	removal->no_ops = (struct mmu_interval_notifier_ops) {
		.invalidate = mn_interval_skip,
		/* Of first passes that have been made. */
		.invalidate_finish = ops->invalidate_finish,
	};
	removal->mark = ranges->last_seq;
	removal->generation = ranges->nr_untracked ?
			      mn_generation_of_all(ranges) : 0;
	removal->pending = mn_pending_begin(&mn_removals);

	interval_sub->removed = MN_REMOVED;
	ranges->nr_removing++;
	/*
	 * (W) Who sees them sees them filled in. Pairs with the address dependency
	 * in mn_announce().
	 */
	smp_store_release(&interval_sub->ops, &removal->no_ops);
	mn_interval_collide(ranges, interval_sub);
}

/**
 * mmu_interval_notifier_remove_deferred - end a subscription without waiting
 * @interval_sub: The subscription.
 * @removal: For the core, until @released is called.
 * @released: Called once, when every overlapping invalidation that was active at
 * this call has ended. May free @interval_sub and @removal, or insert it again.
 *
 * Once this has returned, no invalidation comes to call @interval_sub. Another CPU that
 * was about to may yet enter the callback, and second passes that are due are made;
 * @released is called after that.
 *
 * SPTEs of the interval are no longer invalidated: zap them first, and establish no
 * more. If the user lock is held for that and for this call, the read sections that
 * have begun collide. Have a flag of your own, under the user lock, that keeps later
 * ones from establishing any. They do no harm otherwise, until @released is called; what
 * may last longer needs a reference to @interval_sub, and to the mm by mmgrab().
 *
 * Until @released is called, the interval_sub counts as inserted: do not free it,
 * and do not insert or remove it again. A second removal of either kind has no
 * effect but a warning: of two, only the first one calls its @released. Nor has a
 * removal of what is not inserted.
 *
 * An overlapping invalidation passes over all that are not released yet, under the lock
 * of the mm: with 20,000 of them in one place, it takes some milliseconds.
 *
 * @released runs in process context, without locks, and may sleep; others that have
 * been removed in the mm may have to wait for it. So it must not wait for that of
 * another one; nor may a driver wait for it under a lock that another one takes. The
 * process may be gone: who inserts it again keeps the mm in use until then, or finds out
 * with mmget_not_zero(). Its module has to call mmu_interval_notifier_barrier() before
 * it is unloaded.
 *
 * Context: Process context, atomic or not: in a callback of this or another
 * subscription, under the user lock or any other lock that callbacks take. Not from
 * interrupts, nor under a lock that they take; on PREEMPT_RT, nor under a raw_spinlock_t
 * or with preemption disabled.
 */
void
mmu_interval_notifier_remove_deferred(struct mmu_interval_notifier *interval_sub,
				      struct mmu_interval_notifier_removal *removal,
				      void (*released)(struct mmu_interval_notifier *))
{
	const struct mmu_interval_notifier_ops *ops = NULL;
	struct mn_ranges *ranges;
	bool removing;

	if (!mn_may_remove(interval_sub))
		return;

	ranges = mn_ranges_of_mm(interval_sub->mm);
	spin_lock(&ranges->lock);
	removing = mn_is_being_removed(interval_sub);
	if (unlikely(removing)) {
		ops = mn_ops_to_name(interval_sub);
	} else {
		removal->released = released;
		mn_defer(ranges, interval_sub, removal);
		if (!mn_removal_waits(ranges, removal))
			mn_removal_join(ranges, removal, MN_NOT_WAITING);
	}
	/* It may be released, and freed, from here on. */
	spin_unlock(&ranges->lock);

	mn_warn(removing, _RET_IP_, "%ps is being removed or moved\n", ops);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_remove_deferred);

/**
 * mmu_interval_notifier_barrier - wait for deferred removals
 *
 * On return, released() has returned for every subscription that was passed to
 * mmu_interval_notifier_remove_deferred() before this call, of any mm. Later ones do not
 * hold it up without end, but it also waits for some that are removed while another
 * barrier runs. For the exit function of modules: what released() inserts again, or
 * removes, is not waited for, so have it stop that before.
 *
 * Context: May sleep, for as long as the invalidations are active that such a removal
 * waits for. So hold no lock that a callback or released() takes, or that
 * invalidations run under, and call it from neither.
 */
void mmu_interval_notifier_barrier(void)
{
	might_sleep();
	mn_lockdep_may_wait();
	lock_map_acquire(&mn_released_map);
	lock_map_release(&mn_released_map);
	mn_pending_wait(&mn_removals);
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_barrier);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: the SRCU sections of an mm with subscriptions to all of it.
 *
 * A range enters a section when it starts and leaves it when it has ended.
 * Registration, unregistration and the end of the mm wait for a grace period of
 * the mm, and so for the ranges that are active in it, and not for those of any
 * other mm.
 *
 * The range keeps the list head that it finds inside the section. New
 * subscriptions are added in front of that, so the end of the range calls those
 * that its start called: nothing else records them. A removed one keeps its
 * ->next pointer, and its memory, until the section ends.
 *
 * A range that is never ended, or whose task dies in a callback, holds up
 * registration, unregistration and the end of its mm forever. Nothing records which
 * ranges are in a section: if a copy is ended as well, it leaves the section a
 * second time, which is noticed only if the mm is tracked.
 */

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/mmu_notifier.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "mmu_notifier_internal.h"

/* For the sections of all mms, and for waits for the sections of any mm. */
static struct lock_class_key mn_sections_key;

#ifdef CONFIG_LOCKDEP
static struct lockdep_map mn_sections_map =
	STATIC_LOCKDEP_MAP_INIT("&sections->srcu", &mn_sections_key);

/*
 * Held while ->release() runs. Registration does not wait for ->release(): its
 * caller may hold what ->release() waits for.
 */
static struct lock_class_key mn_release_key;
static struct lockdep_map mn_release_map =
	STATIC_LOCKDEP_MAP_INIT("&sections->release", &mn_release_key);
#endif

static void mn_lockdep_may_wait_for_release(void)
{
	lock_map_acquire(&mn_release_map);
	lock_map_release(&mn_release_map);
}

void mn_lockdep_may_wait_for_sections(void)
{
	mn_lockdep_may_wait_for_release();
	lock_map_acquire(&mn_sections_map);
	lock_map_release(&mn_sections_map);
}

void mn_sections_free(struct mn_sections *sections)
{
	cleanup_srcu_struct(&sections->srcu);
#ifdef CONFIG_TREE_SRCU
	/* A range never ended: SRCU may still use what it did not clean up. */
	if (sections->srcu.sda)
		return;
#endif
	kfree(sections);
}

static void mn_sections_free_work(struct work_struct *work)
{
	mn_sections_free(container_of(work, struct mn_sections, free));
}

struct mn_sections *
mn_sections_alloc(struct mmu_notifier_subscriptions *subscriptions)
{
	struct mn_sections *sections;

	sections = kzalloc_obj(*sections);
	if (!sections)
		return NULL;
	if (init_srcu_struct(&sections->srcu)) {
		kfree(sections);
		return NULL;
	}
	lockdep_init_map(&sections->srcu.dep_map, "&sections->srcu",
			 &mn_sections_key, 0);
	sections->subscriptions = subscriptions;
	init_waitqueue_head(&sections->unregistered);
	INIT_WORK(&sections->free, mn_sections_free_work);
	return sections;
}

/* There is no telling whether anything holds it up, and what. */
static void mn_sections_synchronize(struct mn_sections *sections,
				    enum mmu_notifier_waiter waiter)
{
	struct mn_trace_wait wait = {};

	mn_trace_wait_for_all(&wait, sections->subscriptions->mm, waiter);
	/* Expedited: the caller holds locks, or is an exiting process. */
	synchronize_srcu_expedited(&sections->srcu);
	mn_trace_wait_end(&wait, 0);
}

/* Wait for the callbacks that run, and for the end of the ranges that are active. */
void mn_sections_wait(struct mn_sections *sections)
{
	mn_sections_synchronize(sections, MMU_NOTIFIER_REGISTRATION);
}

/* The same, and for another task that may be in ->release(). */
void mn_sections_wait_for_release(struct mn_sections *sections)
{
	mn_lockdep_may_wait_for_release();
	mn_sections_synchronize(sections, MMU_NOTIFIER_UNREGISTRATION);
}

void mn_lockdep_release_begin(void)
{
	lock_map_acquire_read(&mn_release_map);
}

void mn_lockdep_release_end(void)
{
	lock_map_release(&mn_release_map);
}

/* Enter a section at the end of the mm. Returns its index. */
int mn_release_enter(struct mn_sections *sections)
{
	mn_lockdep_release_begin();
	return srcu_read_lock_notrace(&sections->srcu);
}

void mn_release_exit(struct mn_sections *sections, int index)
{
	srcu_read_unlock_notrace(&sections->srcu, index);
	mn_lockdep_release_end();
}

/* Returns the error of the start, or 0 if it may not fail. */
noinline int mn_section_refused(const struct mmu_notifier_ops *ops,
				const struct mmu_notifier_range *range, int err)
{
	/* A blocking start cannot fail: its caller goes on. */
	if (mn_warn(mmu_notifier_range_blockable(range), ops,
		    "%ps failed a blocking invalidation: %d\n",
		    ops->invalidate_range_start, err))
		return 0;
	mn_warn(err != -EAGAIN, ops, "%ps failed with %d, not -EAGAIN\n",
		ops->invalidate_range_start, err);
	mn_warn(ops->invalidate_range_end, ops,
		"%ps can fail and must not be paired with %ps\n",
		ops->invalidate_range_start, ops->invalidate_range_end);
	return err;
}

/* The same, unless a filter has reported it in the name of its driver. */
static int mn_section_failed(const struct mmu_notifier *subscription,
			     const struct mmu_notifier_range *range, int err)
{
	if (err < MN_REPORTED && !mmu_notifier_range_blockable(range))
		return err - MN_REPORTED;
	return mn_section_refused(subscription->ops, range, err);
}

/*
 * The start of this subscription has failed. The rest are called all the same:
 * there is no record of which were called, so all of them get the end, or none.
 */
noinline int mn_section_start_refused(struct mn_sections *sections,
				      struct mn_ranges *ranges,
				      struct mmu_notifier_range *range,
				      struct mmu_notifier *subscription, int err,
				      struct mn_trace *trace)
{
	int ret = mn_section_failed(subscription, range, err);
	struct mn_trace ends = {};

	hlist_for_each_entry_continue_rcu(subscription, hlist) {
		if (!subscription->ops->invalidate_range_start)
			continue;
		err = mn_section_call_one(subscription, range, trace);
		if (err)
			ret = mn_section_failed(subscription, range, err) ?: ret;
	}
	mn_callbacks_exit(range);

	if (ret) {
		/* The event of the start counts starts. */
		mn_section_call_end(range, trace ? &ends : NULL);
		if (ranges)
			mn_range_deactivate(ranges, range);
		mn_section_leave(sections, range);
	}
	return ret;
}

/* mn_section_call_start(), out of line for the slower paths. */
int mn_section_start_range(struct mn_sections *sections,
			   struct mn_ranges *ranges,
			   struct mmu_notifier_range *range,
			   struct mmu_notifier *first)
{
	return mn_section_call_start(sections, ranges, range, first, NULL);
}

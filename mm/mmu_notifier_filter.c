// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: invalidations that a driver does not want to be called for.
 *
 * A filter is a set of callbacks like any other, which looks at the range before it
 * calls those of the driver. So the core knows nothing of filters, and a subscription
 * without one pays nothing.
 *
 * A range that is skipped is active all the same: readers wait for it. So that they
 * also collide with it, the filter of an interval stores its sequence as the callback
 * would have done, but without the user lock. Each sequence is stored once, so a
 * reader that finds the one it began with has missed none. A reader that compares
 * before it is stored may establish an SPTE beside the skipped range, as if it had
 * taken the user lock first: not to have that zapped is what the driver asked for.
 * The exception is what a driver does inside of its read sections, and says so.
 */

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/container_of.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>

#include "mmu_notifier_internal.h"

/* What is released must be torn down. */
#define MN_NEVER_SKIPPED	BIT(MMU_NOTIFY_RELEASE)

static __always_inline bool
mn_is_own(const struct mmu_notifier_skip *skip,
	  const struct mmu_notifier_range *range)
{
	return skip->owner && skip->owner == range->owner;
}

static __always_inline bool
mn_filter_skips(const struct mmu_notifier_skip *skip,
		const struct mmu_notifier_range *range)
{
	if (skip->events & BIT(range->event))
		return true;
	return mn_is_own(skip, range) &&
	       (range->event == MMU_NOTIFY_MIGRATE ||
		range->event == MMU_NOTIFY_EXCLUSIVE);
}

/* The read section that it is in must not collide with it. */
static bool mn_is_in_reads(const struct mmu_notifier_skip *skip,
			   const struct mmu_notifier_range *range)
{
	return skip->exclusive_in_reads && mn_is_own(skip, range) &&
	       range->event == MMU_NOTIFY_EXCLUSIVE;
}

/* Returns what is skipped, with what must not be taken out. */
static struct mmu_notifier_skip mn_skip(struct mmu_notifier_skip skip)
{
	WARN_ON_ONCE(skip.events & MN_NEVER_SKIPPED);
	skip.events &= ~MN_NEVER_SKIPPED;
	return skip;
}

/*
 * Subscriptions to an interval
 */

static const struct mmu_interval_notifier_filter *
mn_interval_filter(const struct mmu_interval_notifier *interval_sub)
{
	return container_of(mn_ops_of(interval_sub),
			    struct mmu_interval_notifier_filter, ops);
}

/* As its callback would have done, with or without a collision. */
static bool mn_interval_skips(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_interval_notifier_filter *filter,
			      const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	if (!mn_filter_skips(&filter->skip, range))
		return false;
	if (mn_is_in_reads(&filter->skip, range))
		return true;
	mmu_interval_set_seq(interval_sub, cur_seq);
	/*
	 * (Y) A reader that sees what the range does to the page table collides. Pairs
	 * with the locks of the reader: it drops that of the page table, or another
	 * one, before it takes the user lock.
	 */
	smp_wmb();
	return true;
}

/* The driver has refused. Whether that counts; if not, it is reported by its name. */
static bool mn_filter_refuses(const struct mmu_interval_notifier *interval_sub,
			      const struct mmu_interval_notifier_ops *ops,
			      const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	mn_debug_refused(interval_sub, cur_seq);
	return mn_refused(ops, range);
}

static bool mn_filter_invalidate(struct mmu_interval_notifier *interval_sub,
				 const struct mmu_notifier_range *range,
				 unsigned long cur_seq)
{
	const struct mmu_interval_notifier_filter *filter =
		mn_interval_filter(interval_sub);
	const struct mmu_interval_notifier_ops *ops = filter->driver_ops;

	return mn_interval_skips(interval_sub, filter, range, cur_seq) ||
	       ops->invalidate(interval_sub, range, cur_seq) ||
	       !mn_filter_refuses(interval_sub, ops, range, cur_seq);
}

static bool
mn_filter_invalidate_start(struct mmu_interval_notifier *interval_sub,
			   const struct mmu_notifier_range *range,
			   unsigned long cur_seq,
			   struct mmu_interval_notifier_finish **finish)
{
	const struct mmu_interval_notifier_filter *filter =
		mn_interval_filter(interval_sub);
	const struct mmu_interval_notifier_ops *ops = filter->driver_ops;

	if (mn_interval_skips(interval_sub, filter, range, cur_seq) ||
	    ops->invalidate_start(interval_sub, range, cur_seq, finish))
		return true;
	/* Ignored where the driver refuses, even if that must not be. */
	*finish = NULL;
	return !mn_filter_refuses(interval_sub, ops, range, cur_seq);
}

/* The driver's callbacks, if these are a filter; or the same. */
const struct mmu_interval_notifier_ops *
mn_filter_driver_ops(const struct mmu_interval_notifier_ops *ops)
{
	if (ops->invalidate != mn_filter_invalidate &&
	    ops->invalidate_start != mn_filter_invalidate_start)
		return ops;
	return container_of(ops, struct mmu_interval_notifier_filter,
			    ops)->driver_ops;
}

/* Its first callback, for messages. */
const void *mn_driver_callback(const struct mmu_interval_notifier_ops *ops)
{
	ops = mn_filter_driver_ops(ops);
	return ops->invalidate_start ? (const void *)ops->invalidate_start :
				       (const void *)ops->invalidate;
}

/**
 * mmu_interval_notifier_filter_init - make callbacks that skip some invalidations
 * @filter: The filter.
 * @ops: The callbacks of the driver. Of a filter, with a warning: those it was made of.
 * @skip: What they are not to be called for.
 *
 * Pass &@filter->ops to mmu_interval_notifier_insert() instead of @ops. A filter may
 * serve any number of subscriptions, and is constant as long as there is one.
 *
 * What is skipped stays active for readers: they wait for it, and collide with it, as
 * if @ops had been called and done nothing but mmu_interval_set_seq(). So a read section
 * in which the driver causes it collides each time it is repeated; see
 * &mmu_notifier_skip.exclusive_in_reads.
 *
 * Context: Any.
 */
void
mmu_interval_notifier_filter_init(struct mmu_interval_notifier_filter *filter,
				  const struct mmu_interval_notifier_ops *ops,
				  struct mmu_notifier_skip skip)
{
	const struct mmu_interval_notifier_ops *driver_ops =
		mn_filter_driver_ops(ops);

	/* A filter calls what the subscription has: itself, if it were one of a filter. */
	mn_warn_on(driver_ops != ops, _RET_IP_, "%pS makes a filter of a filter\n",
		   (void *)_RET_IP_);
	*filter = (struct mmu_interval_notifier_filter) {
		.ops = {
			.invalidate = driver_ops->invalidate ? mn_filter_invalidate :
							       NULL,
			.invalidate_start = driver_ops->invalidate_start ?
						    mn_filter_invalidate_start :
						    NULL,
			.invalidate_finish = driver_ops->invalidate_finish,
		},
		.driver_ops = driver_ops,
		.skip = mn_skip(skip),
	};
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_filter_init);

/*
 * Subscriptions to a whole mm
 */

static const struct mmu_notifier_filter *
mn_filter(const struct mmu_notifier *subscription)
{
	return container_of(subscription->ops, struct mmu_notifier_filter, ops);
}

static int mn_filter_start(struct mmu_notifier *subscription,
			   const struct mmu_notifier_range *range)
{
	const struct mmu_notifier_filter *filter = mn_filter(subscription);
	const struct mmu_notifier_ops *ops = filter->driver_ops;
	int err;

	if (mn_filter_skips(&filter->skip, range))
		return 0;
	err = ops->invalidate_range_start(subscription, range);
	if (likely(!err))
		return 0;
	err = mn_section_refused(ops, range, err);
	return err ? clamp(err, -MAX_ERRNO, -1) + MN_REPORTED : 0;
}

/* The start was skipped as well. */
static void mn_filter_end(struct mmu_notifier *subscription,
			  const struct mmu_notifier_range *range)
{
	const struct mmu_notifier_filter *filter = mn_filter(subscription);

	if (!mn_filter_skips(&filter->skip, range))
		filter->driver_ops->invalidate_range_end(subscription, range);
}

/* As mn_filter_driver_ops(). */
const struct mmu_notifier_ops *
mn_filter_driver_mm_ops(const struct mmu_notifier_ops *ops)
{
	if (ops->invalidate_range_start != mn_filter_start &&
	    ops->invalidate_range_end != mn_filter_end)
		return ops;
	return container_of(ops, struct mmu_notifier_filter, ops)->driver_ops;
}

/**
 * mmu_notifier_filter_init - make callbacks that skip some invalidations
 * @filter: The filter.
 * @ops: The callbacks of the driver. Of a filter, with a warning: those it was made of.
 * @skip: What invalidate_range_start() and invalidate_range_end() are not called for.
 *
 * Let &mmu_notifier.ops be &@filter->ops instead of @ops, and then call
 * mmu_notifier_register(); or pass it to mmu_notifier_get(). A filter may serve any
 * number of subscriptions, and is constant as long as there is one. The other callbacks
 * are not filtered.
 *
 * What is skipped stays active for range readers, who wait for it and collide with it.
 * A driver that counts or records invalidations itself misses it.
 *
 * Context: Any.
 */
void mmu_notifier_filter_init(struct mmu_notifier_filter *filter,
			      const struct mmu_notifier_ops *ops,
			      struct mmu_notifier_skip skip)
{
	const struct mmu_notifier_ops *driver_ops =
		mn_filter_driver_mm_ops(ops);

	/* Nor may this be of a filter. */
	WARN_ON_ONCE(driver_ops != ops);
	*filter = (struct mmu_notifier_filter) {
		.ops = *driver_ops,
		.driver_ops = driver_ops,
		.skip = mn_skip(skip),
	};
	if (driver_ops->invalidate_range_start)
		filter->ops.invalidate_range_start = mn_filter_start;
	if (driver_ops->invalidate_range_end)
		filter->ops.invalidate_range_end = mn_filter_end;
}
EXPORT_SYMBOL_GPL(mmu_notifier_filter_init);

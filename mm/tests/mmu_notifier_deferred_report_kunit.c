// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to be reported about drivers that wait for deferred removals, and what
 * must not be; as mmu_notifier_report_kunit.c, with a boot for each case:
 * kunit.filter_glob=mmu_notifier_deferred_report.CASE.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>

#include "mmu_notifier_expect.h"
#include "mmu_notifier_helpers.h"

/* The names of locks, as lockdep prints them. */
#define DRIVER_LOCK	"&driver->lock"
#define OTHER_LOCK	"&driver->other_lock"

/* A driver that has its interval removed in the callback. */
struct mn_driver {
	struct mn_ctx *ctx;
	struct mutex lock;		/* the user lock */
	struct mutex other_lock;	/* taken by released() only */
	struct mn_interval interval;
	struct mmu_interval_notifier_removal removal;
	struct completion released;
	bool waits;			/* in its callback */
};

static void driver_released(struct mmu_interval_notifier *sub)
{
	struct mn_driver *driver = container_of(sub, struct mn_driver,
						interval.sub);

	mutex_lock(&driver->other_lock);
	mutex_unlock(&driver->other_lock);
	mutex_lock(&driver->lock);
	mutex_unlock(&driver->lock);
	complete(&driver->released);
}

static bool driver_invalidate(struct mmu_interval_notifier *sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct mn_driver *driver = container_of(sub, struct mn_driver,
						interval.sub);

	/* Nothing is to be released yet. */
	if (driver->waits)
		mmu_interval_notifier_barrier();
	mutex_lock(&driver->lock);
	mmu_interval_set_seq(sub, seq);
	mmu_interval_notifier_remove_deferred(sub, &driver->removal,
					      driver_released);
	mutex_unlock(&driver->lock);
	return true;
}

static const struct mmu_interval_notifier_ops driver_ops = {
	.invalidate = driver_invalidate,
};

/* Insert an interval, invalidate it, and wait until it has been released. */
static struct mn_driver *driver_run(struct kunit *test, bool waits)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_driver *driver = mn_alloc(ctx, sizeof(*driver));

	driver->ctx = ctx;
	driver->waits = waits;
	mutex_init(&driver->lock);
	mutex_init(&driver->other_lock);
	init_completion(&driver->released);
	mn_interval_init(ctx, 0, &driver->interval);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&driver->interval, ctx->mm, 0,
					  PAGE_SIZE, &driver_ops));
	list_del_init(&driver->interval.node);
	mmap_read_lock(ctx->mm);
	mn_invalidate(ctx, 0, 1);
	mmap_read_unlock(ctx->mm);
	KUNIT_ASSERT_TRUE(test,
			  wait_for_completion_timeout(&driver->released,
						      MN_HANG_SECONDS * HZ));
	/* What it has is about to be freed. */
	mmu_interval_notifier_barrier();
	return driver;
}

static void barrier_in_an_interval_callback(struct kunit *test)
{
	mn_expect_recursion(test, MN_INVALIDATION);
	driver_run(test, true);
	mn_expect_end(test);
}

static void barrier_under_the_user_lock(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = driver_run(test, false);
	mutex_lock(&driver->lock);
	mmu_interval_notifier_barrier();
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void barrier_under_a_lock_of_released(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_RELEASED, OTHER_LOCK);
	driver = driver_run(test, false);
	mutex_lock(&driver->other_lock);
	mmu_interval_notifier_barrier();
	mutex_unlock(&driver->other_lock);
	mn_expect_end(test);
}

/* In its callback, under the user lock, which released() also takes. */
static void correct_deferred_removal_is_not_reported(struct kunit *test)
{
	mn_expect_silence(test);
	driver_run(test, false);
	driver_run(test, false);
	mn_expect_silence_end(test);
}

static struct kunit_case mmu_notifier_deferred_report_cases[] = {
	KUNIT_CASE(barrier_in_an_interval_callback),
	KUNIT_CASE(barrier_under_the_user_lock),
	KUNIT_CASE(barrier_under_a_lock_of_released),
	KUNIT_CASE(correct_deferred_removal_is_not_reported),
	{}
};

static struct kunit_suite mmu_notifier_deferred_report_suite = {
	.name = "mmu_notifier_deferred_report",
	.init = mn_init_same_task,
	.test_cases = mmu_notifier_deferred_report_cases,
};

kunit_test_suite(mmu_notifier_deferred_report_suite);

MODULE_DESCRIPTION("KUnit tests for reports about deferred removals");
MODULE_LICENSE("GPL");

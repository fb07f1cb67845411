// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range readers, other waits for invalidations of a range, and killable waits:
 * all wait for the same ranges as readers of an interval, and no longer.
 */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

static unsigned long start_of(const struct mn_interval *interval)
{
	return interval->sub.interval_tree.start;
}

static unsigned long end_of(const struct mn_interval *interval)
{
	return interval->sub.interval_tree.last + 1;
}

/* Retry in the waiting thread: ranges that started during the wait collide. */
static bool retry(struct mn_interval *interval, struct mmu_range_reader *reader)
{
	bool collides;

	spin_lock(&interval->user_lock);
	collides = mmu_range_read_retry(reader);
	spin_unlock(&interval->user_lock);
	return collides;
}

static void call_begin(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, interval->sub.mm);
	mmu_range_read_begin(&reader, start_of(interval), end_of(interval));
	call->ret = retry(interval, &reader);
}

static void call_begin_killable(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	struct mmu_range_reader reader;
	int err;

	WRITE_ONCE(call->killable, true);
	mmu_range_reader_init(&reader, interval->sub.mm);
	err = mmu_range_read_begin_killable(&reader, start_of(interval),
					    end_of(interval));
	call->ret = err || retry(interval, &reader);
}

/* Read the two halves of the interval as a set; each may be just one byte. */
static void call_begin_set(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	unsigned long start = start_of(interval);
	unsigned long end = end_of(interval);
	unsigned long middle = start + (end - start) / 2;
	struct mmu_read_range set[] = { { start, middle }, { middle, end } };
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, interval->sub.mm);
	mmu_range_read_begin_set(&reader, set, ARRAY_SIZE(set));
	call->ret = retry(interval, &reader);
}

static void call_interval_begin_killable(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	unsigned long seq;
	int err;

	WRITE_ONCE(call->killable, true);
	err = mmu_interval_read_begin_killable(&interval->sub, &seq);
	call->ret = err || mn_retry(interval, seq);
}

static bool collides(struct mn_call *call)
{
	return call->ret;
}

static void call_wait_inactive(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mmu_notifier_range_wait_inactive(interval->sub.mm, start_of(interval),
					 end_of(interval));
}

static void call_wait_inactive_killable(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	WRITE_ONCE(call->killable, true);
	call->ret = mmu_notifier_range_wait_inactive_killable(interval->sub.mm,
							      start_of(interval),
							      end_of(interval));
}

static const struct mn_waiter range_waiters[] = {
	{
		.name = "range",
		.what = "mmu_range_read_begin",
		.wait = call_begin,
		.retry = collides,
	},
	{
		.name = "range_killable",
		.what = "mmu_range_read_begin_killable",
		.wait = call_begin_killable,
		.retry = collides,
	},
	{
		.name = "set",
		.what = "mmu_range_read_begin_set",
		.wait = call_begin_set,
		.retry = collides,
	},
	{
		.name = "interval_killable",
		.what = "mmu_interval_read_begin_killable",
		.wait = call_interval_begin_killable,
		.retry = collides,
	},
	{
		.name = "inactive",
		.what = "mmu_notifier_range_wait_inactive",
		.wait = call_wait_inactive,
	},
	{
		.name = "inactive_killable",
		.what = "mmu_notifier_range_wait_inactive_killable",
		.wait = call_wait_inactive_killable,
	},
};

static void describe_waiter(const struct mn_waiter *waiter, char *desc)
{
	strscpy(desc, waiter->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mn_waiters, range_waiters, describe_waiter);

#include "mmu_notifier_waiting.h"

/* They read nothing; the watches, of which an mm has few, are for those who do. */
static void waits_leave_the_watches_to_readers(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 1);
	struct mmu_notifier_range *range;
	struct mmu_range_reader reader;
	struct mn_call *calls[4];
	int i, j;

	mmu_range_reader_init(&reader, ctx->mm);
	for (i = 0; i < 2; i++) {
		mmu_range_read_begin(&reader, MN_ADDR(100), MN_ADDR(101));
		for (j = 0; j < 70; j++)
			mn_invalidate(ctx, 50, 1);
		/* From now on, each begin takes a watch, and is not overrun. */
		KUNIT_EXPECT_EQ(test, mmu_range_read_retry(&reader), i == 0);
	}
	range = mn_start(ctx, 0, 1);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		calls[i] = mn_spawn(ctx, "mmu_notifier_range_wait_inactive",
				    interval, call_wait_inactive, -1);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(calls[i]));
	}
	mmu_range_reader_init(&reader, ctx->mm);
	mmu_range_read_begin(&reader, MN_ADDR(100), MN_ADDR(101));
	for (j = 0; j < 70; j++)
		mn_invalidate(ctx, 50, 1);
	KUNIT_EXPECT_FALSE(test, mmu_range_read_retry(&reader));
	mn_end(range);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		KUNIT_EXPECT_TRUE(test, mn_returns(calls[i]));
}

static struct kunit_case mn_range_waiting_cases[] = {
	KUNIT_CASE(waits_leave_the_watches_to_readers),
	{}
};

static struct kunit_suite mmu_notifier_range_wait_suite = {
	.name = "mmu_notifier_range_wait",
	.init = mn_init,
	.test_cases = mn_range_waiting_cases,
};

static struct kunit_suite mmu_notifier_range_waiting_suite = {
	.name = "mmu_notifier_range_waiting",
	.init = mn_init,
	.test_cases = mn_waiting_cases,
};

static struct kunit_suite mmu_notifier_range_waiting_crowded_suite = {
	.name = "mmu_notifier_range_waiting_crowded",
	.init = mn_init_crowded,
	.test_cases = mn_waiting_crowded_cases,
};

kunit_test_suites(&mmu_notifier_range_wait_suite,
		  &mmu_notifier_range_waiting_suite,
		  &mmu_notifier_range_waiting_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: waits for ranges");
MODULE_LICENSE("GPL");

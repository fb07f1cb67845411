// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range readers and others that wait for invalidations of a range, or can be killed
 * as they wait: they wait for the same as readers of an interval, and no longer.
 */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_waiting.h"

static unsigned long start_of(const struct mn_interval *interval)
{
	return interval->sub.interval_tree.start;
}

static unsigned long end_of(const struct mn_interval *interval)
{
	return interval->sub.interval_tree.last + 1;
}

/* At once, by the thread: what has started while the begin waited collides. */
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

/* Of the two halves of the interval, which may be one byte each. */
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

KUNIT_ARRAY_PARAM(range_waiters, range_waiters, describe_waiter);

static struct kunit_case mmu_notifier_range_waiting_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, range_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_when_its_own_range_has_ended,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(is_not_held_up_by_a_foreign_chain,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(end_wakes_only_those_it_held_up,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, range_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_under_the_mmap_lock, range_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_does_not_wait_for_others,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_after_the_end_of_the_mm,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself,
			 range_waiters_gen_params),
	{}
};

static struct kunit_suite mmu_notifier_range_waiting_suite = {
	.name = "mmu_notifier_range_waiting",
	.init = mn_init,
	.test_cases = mmu_notifier_range_waiting_cases,
};

/* While more invalidations are active elsewhere than may be kept apart. */
static struct kunit_case mmu_notifier_range_waiting_crowded_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, range_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, range_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 range_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself,
			 range_waiters_gen_params),
	{}
};

static struct kunit_suite mmu_notifier_range_waiting_crowded_suite = {
	.name = "mmu_notifier_range_waiting_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_range_waiting_crowded_cases,
};

kunit_test_suites(&mmu_notifier_range_waiting_suite,
		  &mmu_notifier_range_waiting_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: waits for ranges");
MODULE_LICENSE("GPL");

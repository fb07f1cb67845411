/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cases for all kinds of waiters for invalidations, of an interval or a range.
 * Each case runs for each kind in the table of the suite, see struct mn_waiter.
 * A suite first defines that table:
 *
 *	KUNIT_ARRAY_PARAM(mn_waiters, TABLE, DESCRIBE)
 *
 * then includes this file, and runs mn_waiting_cases and mn_waiting_crowded_cases.
 * A case calls mn_spawn_waiter(), and mn_waiter_returns() when the wait must
 * end. Each case has an interval: a range waiter waits for the range of that
 * interval.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_WAITING_H
#define _MM_TESTS_MMU_NOTIFIER_WAITING_H

#include <kunit/test.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "mmu_notifier_helpers.h"

/*
 * Ranges that overlap, and others
 */

static void waits_for_an_overlapping_invalidation(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range = mn_start(ctx, 9, 10);
	struct mn_call *call = mn_spawn_waiter(test, interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, waiter->removes ? 1 : 2);
}

static void all_waiters_return(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[6];
	struct mmu_notifier_range *range;
	struct mn_call *call[6];
	int i;

	/* One interval may have several readers. */
	for (i = 0; i < 6; i++)
		interval[i] = i < 2 || waiter->removes ?
			      mn_insert(ctx, 'a', 5 * (i % 2), 10) :
			      interval[i % 2];
	range = mn_start(ctx, 5, 5);
	for (i = 0; i < 6; i++) {
		call[i] = mn_spawn_waiter(test, interval[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call[i]));
	}
	mn_end(range);
	for (i = 0; i < 6; i++)
		mn_waiter_returns(test, call[i]);
}

static void does_not_wait_for_a_disjoint_invalidation(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	mn_insert(ctx, 'b', 20, 10);
	range = mn_start(ctx, 20, 10);
	call = mn_spawn_waiter(test, interval);
	if (!waiter->takes_no_risk || list_empty(&ctx->crowd))
		KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
}

static void returns_when_its_own_range_has_ended(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *own;
	struct mn_call *call;

	mn_start(ctx, 20, 10);
	own = mn_start(ctx, 0, 10);
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(own);
	mn_waiter_returns(test, call);
}

static void is_not_held_up_by_a_foreign_chain(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *link, *next;
	struct mn_interval *interval[10];
	struct mn_call *call;
	int i;

	for (i = 0; i < 10; i++)
		interval[i] = mn_insert(ctx, 'a', 0, 10);
	/* Some link of the chain is always active. */
	link = mn_start(ctx, 20, 10);
	for (i = 0; i < 10; i++) {
		next = mn_start(ctx, 20, 10);
		mn_end(link);
		link = next;
		mn_invalidate(ctx, 0, 1);
		call = mn_spawn_waiter(test, interval[i]);
		KUNIT_ASSERT_FALSE(test, mn_sleeps(call));
		mn_waiter_returns(test, call);
	}
}

static void single_bytes_hold_waiters_up(struct kunit *test)
{
	static const struct {
		unsigned long start, end;
		bool waits;
	} ranges[] = {
		{ 0x1233, 0x1234, false },
		{ 0x1233, 0x1235, true },
		{ 0x1234, 0x1235, true },
		{ 0x1235, 0x1236, true },
		{ 0x1235, 0x1237, true },
		{ 0x1236, 0x1237, false },
	};
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;
	struct mn_call *call;
	int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		interval = mn_interval(ctx, 'a');
		KUNIT_ASSERT_EQ(test, 0,
				mn_try_insert(interval, ctx->mm, 0x1234, 2));
		range = mn_range(ctx, 0, 1);
		range->start = ranges[i].start;
		range->end = ranges[i].end;
		mn_start_range(range);
		call = mn_spawn_waiter(test, interval);
		if (ranges[i].waits)
			KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		else if (!waiter->takes_no_risk || list_empty(&ctx->crowd))
			KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
		mn_end(range);
		mn_waiter_returns(test, call);
	}
}

/*
 * Several ranges
 */

/* A waiter that waits twice includes ranges started in its first wait only. */
static void does_not_wait_for_what_starts_later(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *after;
	struct mn_call *call;

	before = mn_start(ctx, 0, 5);
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	after = mn_start(ctx, 5, 5);
	mn_end(before);
	if (waiter->waits_twice) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		mn_start(ctx, 0, 10);
		mn_end(after);
	}
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	/* A later range is still active, so a read collides. */
	if (waiter->retry)
		KUNIT_EXPECT_TRUE(test, waiter->retry(call));
}

static void waits_for_the_last_of_several(struct kunit *test)
{
	static const int orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range[3];
	struct mn_interval *interval;
	struct mn_call *call;
	int order, i;

	for (order = 0; order < 6; order++) {
		interval = mn_insert(ctx, 'a', 0, 10);
		for (i = 0; i < 3; i++)
			range[i] = mn_start(ctx, 3 * i, 5);
		call = mn_spawn_waiter(test, interval);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
			mn_end(range[orders[order][i]]);
		}
		mn_waiter_returns(test, call);
	}
}

static void nested_ranges_hold_waiters_up_until_both_end(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 4, 4);
	struct mmu_notifier_range *outer, *inner;
	struct mn_call *call;

	outer = mn_start(ctx, 0, 16);
	inner = mn_start(ctx, 4, 4);
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(inner);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(outer);
	mn_waiter_returns(test, call);
}

/*
 * Wake-ups
 */

static void end_wakes_only_those_it_held_up(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *left = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *right = mn_insert(ctx, 'b', 20, 10);
	struct mn_interval *both = mn_insert(ctx, 'c', 0, 30);
	struct mmu_notifier_range *left_range, *right_range;
	struct mn_call *call[3];
	unsigned long switches;
	int i;

	left_range = mn_start(ctx, 0, 10);
	right_range = mn_start(ctx, 20, 10);
	call[0] = mn_spawn_waiter(test, left);
	call[1] = mn_spawn_waiter(test, right);
	call[2] = mn_spawn_waiter(test, both);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call[i]));
	wait_task_inactive(call[1]->task, mn_state_in_sleep(call[1]));
	switches = call[1]->task->nvcsw;

	/* Either end may wake the waiter that both ranges hold up. */
	mn_end(left_range);
	mn_waiter_returns(test, call[0]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call[2]));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call[1]));
	KUNIT_EXPECT_EQ(test, call[1]->task->nvcsw, switches);

	mn_end(right_range);
	mn_waiter_returns(test, call[1]);
	mn_waiter_returns(test, call[2]);
}

static void stray_wake_up_does_not_end_a_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 10);
	struct mn_call *call = mn_spawn_waiter(test, interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	wake_up_process(call->task);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
}

/*
 * Callbacks, locks, insertion and the end of the mm
 */

static void waits_while_a_callback_runs(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	struct mn_call *start, *call;

	interval->gate = mn_gate(ctx);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, interval->gate);
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_gate_open(interval->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

/* Invalidations under rmap locks go on without the mmap_lock. */
static void waits_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 10);
	struct mn_call *call = mn_spawn_waiter_locked(test, interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
}

static void new_interval_waits_for_what_is_active(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;
	struct mn_call *call;

	mn_prepare(ctx);
	range = mn_start(ctx, 0, 10);
	interval = mn_insert(ctx, 'a', 0, 10);
	call = mn_spawn_waiter(test, interval);
	/* No callback was called for the range: a remover need not wait. */
	if (!waiter->removes)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_waiter_returns(test, call);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

static void new_interval_does_not_wait_for_others(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_call *call;

	mn_insert(ctx, 'x', 20, 10);
	mn_start(ctx, 20, 10);
	call = mn_spawn_waiter(test, mn_insert(ctx, 'a', 0, 10));
	KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
	mn_waiter_returns(test, call);
}

static void returns_after_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);

	mn_release_mm(ctx);
	mn_waiter_returns(test, mn_spawn_waiter(test, interval));
}

/*
 * Starts that fail
 */

static void refused_start_holds_up_no_waiter(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *first = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *second = mn_insert(ctx, 'b', 5, 10);
	struct mmu_notifier_range *range;

	/* Refuse in each: the other one may have been called before, or not. */
	first->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 15));
	first->refuse = false;
	second->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 15));

	mn_waiter_returns(test, mn_spawn_waiter(test, first));
	mn_waiter_returns(test, mn_spawn_waiter(test, second));
}

static void failure_of_the_mm_holds_up_no_waiter(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_sub *fails = mn_register(ctx, 'f', &mn_start_ops);
	struct mn_sub *other = mn_register(ctx, 'o', &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	KUNIT_EXPECT_EQ(test, other->ends, 1);

	/* Nothing is active. */
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
	mn_waiter_returns(test, call);
}

static void failed_start_ends_only_itself(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_sub *fails = mn_register(ctx, 'f', &mn_start_ops);
	struct mmu_notifier_range *active, *range;
	struct mn_call *call;

	active = mn_start(ctx, 0, 10);
	call = mn_spawn_waiter(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(active);
	/* A reader may see it as a collision, or not. */
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
}

/*
 * The cases
 */

static struct kunit_case mn_waiting_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_when_its_own_range_has_ended,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(is_not_held_up_by_a_foreign_chain,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(end_wakes_only_those_it_held_up,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_under_the_mmap_lock, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_does_not_wait_for_others,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_after_the_end_of_the_mm,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself, mn_waiters_gen_params),
	{}
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mn_waiting_crowded_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself, mn_waiters_gen_params),
	{}
};

#endif /* _MM_TESTS_MMU_NOTIFIER_WAITING_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers where one mm has subscriptions of both kinds.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "mmu_notifier_helpers.h"

static void both_kinds_are_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);

	mn_invalidate(ctx, 0, 10);
	/* Drivers with both kinds on one mm count on this order. */
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilL");
	mn_invalidate(ctx, 10, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLlL");
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void interval_first_then_the_whole_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);

	mn_insert(ctx, 'i', 0, 10);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilL");
	mn_unregister(sub);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLi");
}

static void intervals_outlive_notifiers_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range *across, *range;
	struct mn_call *read, *unregister;
	int i;

	/* Also test a range that starts before the unregistration. */
	across = mn_start(ctx, 0, 1);
	unregister = mn_spawn_unregister(sub);
	for (i = 0; i < 2; i++) {
		range = mn_start(ctx, 0, 1);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(range);
		if (!i)
			mn_end(across);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 4);
}

static void notifiers_of_the_mm_outlive_intervals(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range;

	mn_invalidate(ctx, 0, 1);
	mn_remove(interval);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLlLlL");
	mn_unregister(sub);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLlLlL");
}

static void range_filled_in_by_hand_meets_both_kinds(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_call *read;

	mn_register(ctx, 'l', &mn_range_ops);
	mn_invalidate_by_hand(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLilL");
	read = mn_spawn_read(interval);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
}

/* Reuse one range, as a loop does that gives up, retries, and moves on. */
static void range_is_used_again_and_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_sub *sub = mn_register(ctx, 0, &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *read;
	int i;

	range = mn_range(ctx, 0, 1);
	for (i = 0; i < 9; i++) {
		range->start = MN_ADDR(i / 3);
		range->end = MN_ADDR(i / 3 + 1);
		interval->refuse = i % 3 == 1;
		if (i % 3)
			KUNIT_EXPECT_EQ(test, interval->refuse ? -EAGAIN : 0,
					mn_start_range_nonblock(range));
		else
			mn_start_range(range);
		if (!interval->refuse)
			mn_end(range);
		KUNIT_EXPECT_EQ(test, interval->calls, i + 1);
		KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
		read = mn_spawn_read(interval);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
}

static void end_lets_readers_go_before_the_end_callbacks(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read, *end;

	range = mn_start(ctx, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	sub->other_gate = mn_gate(ctx);
	end = mn_spawn_end(ctx, range);
	mn_gate_entered(ctx, sub->other_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	mn_gate_open(sub->other_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(end));
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
}

static void refusal_of_an_interval_leaves_the_mm_paired(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range *range;

	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
}

static void interval_callback_does_not_hold_up_unregister(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_sub *sub = mn_sub(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *start, *unregister;

	/* An mm with intervals only enters no SRCU section. */
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, mn_other_mm(ctx)));
	interval->gate = mn_gate(ctx);
	range = mn_range(ctx, 0, 10);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, interval->gate);
	unregister = mn_spawn_unregister(sub);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	mn_gate_open(interval->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
}

static struct kunit_case mmu_notifier_both_cases[] = {
	KUNIT_CASE(both_kinds_are_called),
	KUNIT_CASE(interval_first_then_the_whole_mm),
	KUNIT_CASE(intervals_outlive_notifiers_of_the_mm),
	KUNIT_CASE(notifiers_of_the_mm_outlive_intervals),
	KUNIT_CASE(range_filled_in_by_hand_meets_both_kinds),
	KUNIT_CASE(range_is_used_again_and_again),
	KUNIT_CASE(end_lets_readers_go_before_the_end_callbacks),
	KUNIT_CASE(refusal_of_an_interval_leaves_the_mm_paired),
	KUNIT_CASE(interval_callback_does_not_hold_up_unregister),
	{}
};

static struct kunit_suite mmu_notifier_both_suite = {
	.name = "mmu_notifier_both",
	.init = mn_init,
	.test_cases = mmu_notifier_both_cases,
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mmu_notifier_both_crowded_cases[] = {
	KUNIT_CASE(both_kinds_are_called),
	KUNIT_CASE(range_filled_in_by_hand_meets_both_kinds),
	KUNIT_CASE(range_is_used_again_and_again),
	{}
};

static struct kunit_suite mmu_notifier_both_crowded_suite = {
	.name = "mmu_notifier_both_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_both_crowded_cases,
};

kunit_test_suites(&mmu_notifier_both_suite, &mmu_notifier_both_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: both kinds on one mm");
MODULE_LICENSE("GPL");

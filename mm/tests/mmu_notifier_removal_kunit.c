// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: removal. Cases
 * that apply to all kinds of waiters are in mmu_notifier_waiting.h.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "mmu_notifier_helpers.h"

static void removed_is_not_announced_to(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *b = mn_insert(ctx, 'b', 0, 10);

	mn_remove(a);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->calls, 0);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
}

static void removed_can_be_inserted_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq;

	mn_invalidate(ctx, 0, 1);
	mn_remove(interval);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert(interval, ctx->mm, MN_ADDR(20),
				      MN_ADDR(10)));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(ctx, 20, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
}

/* Until the ranges that held it up have ended, new ranges call the interval. */
static void remove_is_announced_to_in_its_first_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *after;
	struct mn_call *remove;

	before = mn_start(ctx, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	after = mn_start(ctx, 5, 5);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_EQ(test, interval->seen.start, MN_ADDR(5));
	mn_end(after);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(before);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
}

/* The second wait is for ranges started in the first wait, not later ones. */
static void remove_is_not_announced_to_in_its_second_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *after, *last;
	struct mn_call *remove;

	before = mn_start(ctx, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	after = mn_start(ctx, 5, 5);
	mn_end(before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	last = mn_start(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(after);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	mn_end(last);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void remove_returns_under_a_chain(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *link[2];
	struct mn_call *remove;
	int i;

	/* Some link of the chain is always active. */
	link[0] = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(interval);
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		link[i % 2] = mn_start(ctx, 0, 10);
		mn_end(link[(i - 1) % 2]);
	}
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	mn_end(link[0]);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/* The second wait is for all ranges started in the first, in any end order. */
static void remove_waits_for_what_started_in_its_first_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *before, *newer[2], *disjoint;
	struct mn_interval *interval;
	struct mn_call *remove;
	int i;

	for (i = 0; i < 2; i++) {
		interval = mn_insert(ctx, 'a', 0, 10);
		before = mn_start(ctx, 0, 10);
		remove = mn_spawn_remove(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		newer[0] = mn_start(ctx, 0, 5);
		newer[1] = mn_start(ctx, 2, 5);
		disjoint = mn_start(ctx, 10, 5);
		mn_end(before);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(newer[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(newer[!i]);
		KUNIT_ASSERT_TRUE(test, mn_returns(remove));
		mn_end(disjoint);
		KUNIT_EXPECT_EQ(test, interval->calls, 3);
	}
}

/* Disjoint ranges never cause a second wait, whenever they started. */
static void remove_waits_once_if_only_disjoint_ranges_are_left(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *disjoint[2];
	struct mn_call *remove;

	disjoint[0] = mn_start(ctx, 10, 5);
	before = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	disjoint[1] = mn_start(ctx, 20, 5);
	mn_end(before);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	mn_end(disjoint[0]);
	mn_end(disjoint[1]);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

/* No callback may run after the removal, even for a range that started late. */
static void remove_waits_for_a_callback_that_began_in_its_first_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *after;
	struct mn_call *start, *remove;

	before = mn_start(ctx, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	interval->gate = mn_gate(ctx);
	after = mn_range(ctx, 5, 5);
	start = mn_spawn_start(ctx, after);
	mn_gate_entered(ctx, interval->gate);
	mn_end(before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(after);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/*
 * A range that started in the first wait has many intervals to call, and calls
 * the removed one in the second wait.
 */
static void remove_in_its_second_wait_misses_nothing_of_the_first(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *before, *after;
	struct mn_interval *interval[40], *removed;
	struct mn_call *start, *remove;
	int i;

	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(ctx, 0, i, 100);
	removed = mn_insert(ctx, 0, 45, 100);
	before = mn_start(ctx, 140, 1);	/* overlaps no other */
	remove = mn_spawn_remove(removed);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	interval[5]->gate = mn_gate(ctx);
	after = mn_range(ctx, 50, 1);
	start = mn_spawn_start(ctx, after);
	mn_gate_entered(ctx, interval[5]->gate);
	mn_end(before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval[5]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, removed->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(after);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
}

/* A refused start ends before a removal can wait for it. */
static void refused_start_does_not_prolong_a_removal(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *before, *refused;
	struct mn_call *remove;
	int err;

	before = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	interval->refuse = true;
	err = mn_start_nonblock(ctx, &refused, 0, 10);
	KUNIT_EXPECT_EQ(test, err, -EAGAIN);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	if (!err)
		mn_end(refused);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(before);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
}

static void remove_before_its_turn_is_still_announced_to(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range = mn_range(ctx, 50, 1);
	struct mn_interval *interval[MN_MANY];
	struct mn_call *start, *remove[MN_MANY];
	int i;

	/* The start calls the intervals in order, in more than one batch. */
	start = mn_spawn_start_held_up(ctx, range, interval);
	for (i = MN_HELD_UP_AT + 1; i < MN_MANY; i++) {
		remove[i] = mn_spawn_remove(interval[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove[i]));
	}
	mn_gate_open(interval[MN_HELD_UP_AT]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	for (i = 0; i < MN_MANY; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
	for (i = MN_HELD_UP_AT + 1; i < MN_MANY; i++)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove[i]));
	mn_end(range);
	for (i = MN_HELD_UP_AT + 1; i < MN_MANY; i++)
		KUNIT_ASSERT_TRUE(test, mn_returns(remove[i]));
}

static void remove_hides_no_other(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *before, *after;
	struct mn_interval *interval[3];
	struct mn_call *remove;
	int i;

	/* Remove the interval that is in the middle in tree order. */
	for (i = 0; i < 3; i++)
		interval[i] = mn_insert(ctx, 0, i, 10);
	before = mn_start(ctx, 5, 1);
	remove = mn_spawn_remove(interval[1]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	after = mn_start(ctx, 5, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 2);
	mn_end(before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, interval[0]->calls, 3);
	KUNIT_EXPECT_EQ(test, interval[1]->calls, 2);
	KUNIT_EXPECT_EQ(test, interval[2]->calls, 3);
	mn_end(after);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
}

static void remove_leaves_readers_of_others_alone(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *b = mn_insert(ctx, 'b', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *remove, *read;

	range = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(a);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	read = mn_spawn_read(b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(b, read->ret));
}

static struct kunit_case mmu_notifier_removal_cases[] = {
	KUNIT_CASE(removed_is_not_announced_to),
	KUNIT_CASE(removed_can_be_inserted_again),
	KUNIT_CASE(remove_is_announced_to_in_its_first_wait),
	KUNIT_CASE(remove_is_not_announced_to_in_its_second_wait),
	KUNIT_CASE(remove_returns_under_a_chain),
	KUNIT_CASE(remove_waits_for_what_started_in_its_first_wait),
	KUNIT_CASE(remove_waits_once_if_only_disjoint_ranges_are_left),
	KUNIT_CASE(remove_waits_for_a_callback_that_began_in_its_first_wait),
	KUNIT_CASE(remove_in_its_second_wait_misses_nothing_of_the_first),
	KUNIT_CASE(refused_start_does_not_prolong_a_removal),
	KUNIT_CASE(remove_before_its_turn_is_still_announced_to),
	KUNIT_CASE(remove_hides_no_other),
	KUNIT_CASE(remove_leaves_readers_of_others_alone),
	{}
};

static struct kunit_suite mmu_notifier_removal_suite = {
	.name = "mmu_notifier_removal",
	.init = mn_init,
	.test_cases = mmu_notifier_removal_cases,
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mmu_notifier_removal_crowded_cases[] = {
	KUNIT_CASE(removed_is_not_announced_to),
	KUNIT_CASE(removed_can_be_inserted_again),
	KUNIT_CASE(remove_is_announced_to_in_its_first_wait),
	KUNIT_CASE(remove_is_not_announced_to_in_its_second_wait),
	KUNIT_CASE(remove_returns_under_a_chain),
	KUNIT_CASE(remove_waits_for_a_callback_that_began_in_its_first_wait),
	KUNIT_CASE(remove_in_its_second_wait_misses_nothing_of_the_first),
	KUNIT_CASE(refused_start_does_not_prolong_a_removal),
	KUNIT_CASE(remove_before_its_turn_is_still_announced_to),
	KUNIT_CASE(remove_hides_no_other),
	KUNIT_CASE(remove_leaves_readers_of_others_alone),
	{}
};

static struct kunit_suite mmu_notifier_removal_crowded_suite = {
	.name = "mmu_notifier_removal_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_removal_crowded_cases,
};

kunit_test_suites(&mmu_notifier_removal_suite,
		  &mmu_notifier_removal_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: removal of an interval");
MODULE_LICENSE("GPL");

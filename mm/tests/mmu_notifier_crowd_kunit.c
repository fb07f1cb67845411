// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval, while very many
 * invalidations are active in the mm. An implementation need not keep all of
 * them apart. But no wait may end too early or go on without bound, or be for
 * disjoint ranges that the implementation does keep apart.
 */

#include <kunit/test.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_waiters.h"

/* More than there are bits in a long, and not a multiple of them. */
#define CROWD	150

/*
 * Waiters
 */

static void disjoint_ranges_hold_up_no_waiter(struct kunit *test)
{
	static const unsigned int sizes[] = { MN_CROWD, 64, 65, CROWD, 1000 };
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *theirs = mn_insert(ctx, 0, MN_CROWD_PAGE, 10000);
	struct mn_interval *interval;
	struct mn_call *call;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		interval = mn_insert(ctx, 'a', 0, 10);
		mn_invalidate(ctx, 0, 10);
		mn_crowd(ctx, sizes[i]);
		call = mn_spawn_waiter(test, interval);
		if (!waiter->takes_no_risk || sizes[i] <= MN_CROWD)
			KUNIT_EXPECT_FALSE_MSG(test, mn_sleeps(call), "%u",
					       sizes[i]);
		mn_crowd_end(ctx);
		mn_waiter_returns(test, call);
	}
	KUNIT_EXPECT_EQ(test, theirs->calls,
			MN_CROWD + 64 + 65 + CROWD + 1000);
}

/* Disjoint ranges that are active at the insertion do not hold it up either. */
static void earlier_disjoint_ranges_hold_up_no_waiter(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_call *call;

	mn_insert(ctx, 0, MN_CROWD_PAGE, 10000);
	mn_crowd(ctx, MN_CROWD);
	call = mn_spawn_waiter(test, mn_insert(ctx, 'b', 0, 10));
	KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
	mn_crowd_end(ctx);
	mn_waiter_returns(test, call);
}

/* Have one range of the crowd overlap the interval; try several. */
static void each_of_a_crowd_counts(struct kunit *test)
{
	static const unsigned int which[] = { 0, 31, 32, 63, 64, CROWD - 1 };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range **range = mn_alloc(ctx, CROWD *
						     sizeof(*range));
	struct mn_interval *interval;
	struct mn_call *call;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		interval = mn_insert(ctx, 'a', 0, 10);
		for (j = 0; j < CROWD; j++)
			range[j] = mn_start(ctx, j == which[i] ?
					    0 : MN_CROWD_PAGE + j, 1);
		call = mn_spawn_waiter(test, interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		for (j = 0; j < CROWD; j++) {
			if (j != which[i])
				mn_end(range[j]);
		}
		KUNIT_EXPECT_TRUE_MSG(test, mn_sleeps(call), "%u", which[i]);
		mn_end(range[which[i]]);
		mn_waiter_returns(test, call);
		KUNIT_EXPECT_EQ(test, interval->calls, 1);
	}
}

/* All ranges overlap the interval; end them in several orders. */
static void the_last_of_a_crowd_counts(struct kunit *test)
{
	/* Steps that visit each of CROWD, beginning with the first or the last. */
	static const unsigned int strides[] = { 1, CROWD - 1, 7, CROWD - 7 };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range **range = mn_alloc(ctx, CROWD *
						     sizeof(*range));
	struct mn_interval *interval;
	struct mn_call *call;
	unsigned int at;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		interval = mn_insert(ctx, 0, 0, 10);
		for (j = 0; j < CROWD; j++)
			range[j] = mn_start(ctx, j % 10, 1);
		KUNIT_EXPECT_EQ(test, interval->calls, CROWD);
		call = mn_spawn_waiter(test, interval);
		for (j = 0, at = 0; j < CROWD; j++) {
			KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
			at = (at + strides[i]) % CROWD;
			mn_end(range[at]);
		}
		mn_waiter_returns(test, call);
	}
}

/* After the crowd, waiters again wait for overlapping ranges only. */
static void crowd_leaves_nothing_behind(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[2];
	struct mmu_notifier_range *own;
	struct mn_call *call;
	int i;

	for (i = 0; i < 2; i++)
		interval[i] = mn_insert(ctx, 'a', 0, 10);
	mn_crowd(ctx, CROWD);
	mn_invalidate(ctx, 0, 10);
	mn_crowd_end(ctx);
	mn_start(ctx, 20, 1);
	own = mn_start(ctx, 0, 1);
	call = mn_spawn_waiter(test, interval[0]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(own);
	mn_waiter_returns(test, call);
	mn_waiter_returns(test, mn_spawn_waiter(test, interval[1]));
}

/* All overlapping ranges have ended; only disjoint ones are still active. */
static void ended_ranges_hold_up_no_waiter(struct kunit *test)
{
	const struct mn_waiter *waiter = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *disjoint;
	struct mn_interval *interval[3];
	struct mn_call *call;
	int i;

	for (i = 0; i < 3; i++)
		interval[i] = mn_insert(ctx, 'a', 0, 10);
	mn_crowd(ctx, MN_CROWD);
	for (i = 0; i < 3; i++) {
		mn_invalidate(ctx, 0, 1);
		disjoint = mn_start(ctx, 20, 1);
		call = mn_spawn_waiter(test, interval[i]);
		if (!waiter->takes_no_risk)
			KUNIT_EXPECT_FALSE(test, mn_sleeps(call));
		mn_end(disjoint);
		mn_waiter_returns(test, call);
	}
}

/* One range stays active while many others start and end. */
static void range_outlives_many_others(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[2];
	struct mmu_notifier_range *long_one;
	struct mn_call *call[2];
	int i;

	for (i = 0; i < 2; i++)
		interval[i] = mn_insert(ctx, 0, 0, 10);
	long_one = mn_start(ctx, 0, 1);
	call[0] = mn_spawn_waiter(test, interval[0]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call[0]));
	for (i = 0; i < 1000; i++)
		mn_invalidate(ctx, 20 + i, 1);
	call[1] = mn_spawn_waiter(test, interval[1]);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call[i]));
	mn_end(long_one);
	for (i = 0; i < 2; i++)
		mn_waiter_returns(test, call[i]);
}

static void failed_starts_in_a_crowd_leave_nothing_behind(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[2];
	struct mmu_notifier_range *range;
	int i;

	mn_crowd(ctx, MN_CROWD);
	for (i = 0; i < 2; i++) {
		interval[i] = mn_insert(ctx, 0, 0, 10);
		interval[i]->refuse = true;
	}
	for (i = 0; i < CROWD; i++)
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				mn_start_nonblock(ctx, &range, 0, 1));
	mn_waiter_returns(test, mn_spawn_waiter(test, interval[0]));
	mn_crowd_end(ctx);
	mn_waiter_returns(test, mn_spawn_waiter(test, interval[1]));
}

/*
 * Chains. How long a chain holds up a waiter depends on its kind.
 */

/* Invalidate other pages, and register and insert, while a crowd is active. */
static void others_go_on_beside_a_crowd(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_crowd(ctx, 1000);
	mn_register(ctx, 'l', &mn_range_ops);
	mn_insert(ctx, 'i', 0, 10);
	mn_invalidate(ctx, 0, 1);
	mn_invalidate(ctx, 10, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilLlL");
}

/*
 * A reader waits for a range that started on top of a crowd, and returns when
 * that range ends, although a chain at @page always has some range active.
 */
static void crowd_chain(struct kunit *test, unsigned long page)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *own, *link[2];
	struct mn_interval *interval;
	struct mn_call *read;
	int i;

	mn_crowd(ctx, MN_CROWD);
	interval = mn_insert(ctx, 'a', 0, 10);
	own = mn_start(ctx, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	link[0] = mn_start(ctx, page, 1);
	for (i = 1; i <= 4; i++) {
		link[i % 2] = mn_start(ctx, page, 1);
		mn_end(link[(i - 1) % 2]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	}
	mn_end(own);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	/* The chain and the crowd are still active. */
	KUNIT_EXPECT_EQ(test, mn_retry(interval, read->ret), page < 10);
}

static void reader_is_not_held_up_by_a_disjoint_chain(struct kunit *test)
{
	crowd_chain(test, 20);
}

static void reader_is_not_held_up_by_an_overlapping_chain(struct kunit *test)
{
	crowd_chain(test, 5);
}

/* As above, but the chain starts before the reader. */
static void reader_is_held_up_by_one_link_at_most(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *own, *link;
	struct mn_interval *interval;
	struct mn_call *read;

	mn_crowd(ctx, MN_CROWD);
	interval = mn_insert(ctx, 'a', 0, 10);
	link = mn_start(ctx, 20, 1);
	own = mn_start(ctx, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(ctx, 20, 1);
	mn_end(own);
	mn_end(link);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

static void remove_is_not_held_up_by_a_disjoint_chain(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *link[2];
	struct mn_interval *interval;
	struct mn_call *remove;
	int i;

	/* No link overlaps the interval, but removal may wait for some. */
	mn_crowd(ctx, MN_CROWD);
	interval = mn_insert(ctx, 'a', 0, 10);
	link[0] = mn_start(ctx, 20, 1);
	remove = mn_spawn_remove(interval);
	for (i = 1; i <= 4; i++) {
		mn_sleeps(remove);
		link[i % 2] = mn_start(ctx, 20, 1);
		mn_end(link[(i - 1) % 2]);
	}
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	mn_end(link[0]);
	mn_crowd_end(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

/* A range that started during a crowd still counts when the crowd has ended. */
static void range_outlives_a_crowd(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *old, *new;
	struct mn_interval *interval;
	struct mn_call *read, *late;

	mn_crowd(ctx, MN_CROWD);
	interval = mn_insert(ctx, 'a', 0, 10);
	old = mn_start(ctx, 0, 5);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_crowd_end(ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	new = mn_start(ctx, 5, 5);
	late = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(late));
	mn_end(old);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(late));
	mn_end(new);
	KUNIT_ASSERT_TRUE(test, mn_returns(late));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, late->ret));
}

static void notifiers_of_the_mm_are_paired_in_a_crowd(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 0, &mn_range_ops);

	mn_crowd(ctx, CROWD);
	KUNIT_EXPECT_EQ(test, sub->starts, CROWD);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
	mn_crowd_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->ends, CROWD);
}

static struct kunit_case mmu_notifier_crowd_cases[] = {
	KUNIT_CASE_PARAM(disjoint_ranges_hold_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE(others_go_on_beside_a_crowd),
	KUNIT_CASE_PARAM(earlier_disjoint_ranges_hold_up_no_waiter,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(each_of_a_crowd_counts, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(the_last_of_a_crowd_counts, mn_waiters_gen_params),
	KUNIT_CASE(reader_is_not_held_up_by_a_disjoint_chain),
	KUNIT_CASE(reader_is_not_held_up_by_an_overlapping_chain),
	KUNIT_CASE(reader_is_held_up_by_one_link_at_most),
	KUNIT_CASE(remove_is_not_held_up_by_a_disjoint_chain),
	KUNIT_CASE(range_outlives_a_crowd),
	KUNIT_CASE_PARAM(crowd_leaves_nothing_behind, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(ended_ranges_hold_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(range_outlives_many_others, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_starts_in_a_crowd_leave_nothing_behind,
			 mn_waiters_gen_params),
	KUNIT_CASE(notifiers_of_the_mm_are_paired_in_a_crowd),
	{}
};

static struct kunit_suite mmu_notifier_crowd_suite = {
	.name = "mmu_notifier_crowd",
	.init = mn_init,
	.test_cases = mmu_notifier_crowd_cases,
};

kunit_test_suite(mmu_notifier_crowd_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: very many invalidations");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: collision-retry.
 */

#include <kunit/test.h>
#include <linux/mm.h>

#include "mmu_notifier_helpers.h"

static void read_of_a_new_interval_does_not_collide(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	KUNIT_EXPECT_FALSE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
}

static void invalidation_before_the_read_does_not_collide(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq;
	int i;

	for (i = 0; i < 3; i++) {
		mn_invalidate(ctx, 0, 10);
		seq = mmu_interval_read_begin(&interval->sub);
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	}
}

static void invalidation_during_the_read_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	unsigned long seq;

	/* Collide as soon as the range has started ... */
	seq = mmu_interval_read_begin(&interval->sub);
	range = mn_start(ctx, 0, 1);
	KUNIT_EXPECT_TRUE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	/* ... and when it has ended. */
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));

	seq = mmu_interval_read_begin(&interval->sub);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
}

static void collisions_add_up(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	int i;

	for (i = 0; i < 10; i++) {
		mn_invalidate(ctx, i, 1);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	}
}

static void disjoint_invalidation_does_not_collide(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);
	struct mn_interval *other = mn_insert(ctx, 'b', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	unsigned long other_seq = mmu_interval_read_begin(&other->sub);

	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(other, other_seq));
}

static void every_reader_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq[4];
	int i;

	for (i = 0; i < 4; i++)
		seq[i] = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(ctx, 3, 1);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq[i]));
}

static void overlapping_intervals_collide_each_on_its_own(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *left = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *right = mn_insert(ctx, 'b', 5, 10);
	unsigned long left_seq, right_seq;
	int page;

	for (page = 0; page < 15; page++) {
		left_seq = mmu_interval_read_begin(&left->sub);
		right_seq = mmu_interval_read_begin(&right->sub);
		mn_invalidate(ctx, page, 1);
		KUNIT_EXPECT_EQ(test, mn_retry(left, left_seq), page < 10);
		KUNIT_EXPECT_EQ(test, mn_retry(right, right_seq), page >= 5);
	}
}

static void mn_try_retry(struct mn_interval *interval)
{
	mn_retry(interval, 0);
}

static void mn_try_read(struct mn_interval *interval)
{
	mn_retry(interval, mmu_interval_read_begin(&interval->sub));
}

static void reader_takes_no_lock_for_foreign_ranges(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval;
	unsigned int user_lock;

	mn_locks_begin(ctx);
	interval = mn_insert(ctx, 'a', 0, 10);
	mn_insert(ctx, 'b', 20, 10);
	mn_start(ctx, 20, 10);
	mn_start(ctx, 40, 10);

	/* With PREEMPT_RT a spinlock counts for more than one. */
	user_lock = mn_locks_of(mn_try_retry, interval);
	KUNIT_EXPECT_GE(test, user_lock, 1);
	KUNIT_EXPECT_EQ(test, mn_locks_of(mn_try_read, interval), user_lock);
}

static struct kunit_case mmu_notifier_collision_cases[] = {
	KUNIT_CASE(read_of_a_new_interval_does_not_collide),
	KUNIT_CASE(invalidation_before_the_read_does_not_collide),
	KUNIT_CASE(invalidation_during_the_read_collides),
	KUNIT_CASE(collisions_add_up),
	KUNIT_CASE(disjoint_invalidation_does_not_collide),
	KUNIT_CASE(every_reader_collides),
	KUNIT_CASE(overlapping_intervals_collide_each_on_its_own),
	KUNIT_CASE(reader_takes_no_lock_for_foreign_ranges),
	{}
};

static struct kunit_suite mmu_notifier_collision_suite = {
	.name = "mmu_notifier_collision",
	.init = mn_init,
	.test_cases = mmu_notifier_collision_cases,
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mmu_notifier_collision_crowded_cases[] = {
	KUNIT_CASE(read_of_a_new_interval_does_not_collide),
	KUNIT_CASE(invalidation_during_the_read_collides),
	KUNIT_CASE(collisions_add_up),
	KUNIT_CASE(disjoint_invalidation_does_not_collide),
	KUNIT_CASE(every_reader_collides),
	{}
};

static struct kunit_suite mmu_notifier_collision_crowded_suite = {
	.name = "mmu_notifier_collision_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_collision_crowded_cases,
};

kunit_test_suites(&mmu_notifier_collision_suite,
		  &mmu_notifier_collision_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: collision-retry");
MODULE_LICENSE("GPL");

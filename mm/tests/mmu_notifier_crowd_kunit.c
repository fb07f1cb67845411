// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval, where very many
 * invalidations are active in the mm at a time. Whether an implementation keeps
 * all of them apart is its own affair: no wait may end too early, none may go on
 * without bound, and strangers that it does keep apart do not count.
 */

#include <kunit/test.h>
#include <linux/slab.h>

#include "mmu_notifier_world.h"

/* More than there are bits in a long, and not a multiple of them. */
#define CROWD	150

/* Ranges that are not freed while one of them may be active. */
static struct mmu_notifier_range *crowd_ranges(struct mn_world *world,
					       unsigned int nr)
{
	struct mmu_notifier_range *range = kcalloc(nr, sizeof(*range),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(world->test, range);
	return range;
}

static void crowd_free(struct mn_world *world, struct mmu_notifier_range *range)
{
	if (!world->hung)
		kfree(range);
}

static void strangers_hold_nobody_up(struct kunit *test)
{
	static const unsigned int sizes[] = { 63, 64, 65, CROWD, 1000 };
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *theirs = mn_insert(world, 0, MN_CROWD_PAGE, 10000);
	struct mn_call *read;
	int i;

	mn_invalidate(world, 0, 10);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		mn_crowd(world, sizes[i]);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_FALSE_MSG(test, mn_sleeps(read), "%u", sizes[i]);
		mn_crowd_end(world);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		if (world->hung)
			return;
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	KUNIT_EXPECT_EQ(test, theirs->calls, 63 + 64 + 65 + CROWD + 1000);
	mn_remove(interval);
	mn_remove(theirs);
}

/* They start, end, subscribe and unsubscribe elsewhere. */
static void others_go_on_beside_a_crowd(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval;
	struct mn_listener *listener;

	mn_crowd(world, 1000);
	listener = mn_register(world, 'l', &mn_range_ops);
	interval = mn_insert(world, 'i', 0, 10);
	mn_invalidate(world, 0, 1);
	mn_invalidate(world, 10, 1);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLlL");
	mn_unregister(listener);
	mn_crowd_end(world);
	mn_remove(interval);
}

/* Nor those that it finds when it is inserted. */
static void remove_does_not_wait_for_strangers(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *early = mn_insert(world, 'a', 0, 10);
	struct mn_interval *theirs = mn_insert(world, 0, MN_CROWD_PAGE, 10000);
	struct mn_call *remove[2];
	int i;

	mn_crowd(world, MN_CROWD);
	remove[0] = mn_spawn_remove(early);
	remove[1] = mn_spawn_remove(mn_insert(world, 'b', 0, 10));
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_FALSE(test, mn_sleeps(remove[i]));
	mn_crowd_end(world);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_TRUE(test, mn_returns(remove[i]));
	mn_remove(theirs);
}

/* Whichever of them it is that overlaps the interval. */
static void each_of_a_crowd_counts(struct kunit *test)
{
	static const unsigned int which[] = { 0, 31, 32, 63, 64, CROWD - 1 };
	struct mn_world *world = test->priv;
	struct mmu_notifier_range *range = crowd_ranges(world, CROWD);
	struct mn_interval *interval[2];
	struct mn_call *read, *remove;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(which); i++) {
		interval[0] = mn_insert(world, 'a', 0, 10);
		interval[1] = mn_insert(world, 'b', 0, 10);
		for (j = 0; j < CROWD; j++)
			mn_start(world, &range[j],
				 j == which[i] ? 0 : MN_CROWD_PAGE + j, 1);
		read = mn_spawn_read(interval[0]);
		remove = mn_spawn_remove(interval[1]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		for (j = 0; j < CROWD; j++) {
			if (j != which[i])
				mn_end(&range[j]);
		}
		KUNIT_EXPECT_TRUE_MSG(test, mn_sleeps(read), "%u", which[i]);
		KUNIT_EXPECT_TRUE_MSG(test, mn_sleeps(remove), "%u", which[i]);
		mn_end(&range[which[i]]);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_TRUE(test, mn_returns(remove));
		KUNIT_EXPECT_EQ(test, interval[0]->calls, 1);
		if (world->hung)
			break;
		KUNIT_EXPECT_FALSE(test, mn_retry(interval[0], read->ret));
		mn_remove(interval[0]);
	}
	crowd_free(world, range);
}

/* All of them overlap it, and end in several orders. */
static void the_last_of_a_crowd_counts(struct kunit *test)
{
	/* Steps that visit each of CROWD, beginning with the first or the last. */
	static const unsigned int strides[] = { 1, CROWD - 1, 7, CROWD - 7 };
	struct mn_world *world = test->priv;
	struct mmu_notifier_range *range = crowd_ranges(world, CROWD);
	struct mn_interval *interval, *removed;
	struct mn_call *read, *remove;
	unsigned int at;
	int i, j;

	interval = mn_insert(world, 0, 0, 10);
	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		interval->calls = 0;
		removed = mn_insert(world, 0, 0, 10);
		for (j = 0; j < CROWD; j++)
			mn_start(world, &range[j], j % 10, 1);
		KUNIT_EXPECT_EQ(test, interval->calls, CROWD);
		KUNIT_EXPECT_EQ(test, removed->calls, CROWD);
		read = mn_spawn_read(interval);
		remove = mn_spawn_remove(removed);
		for (j = 0, at = 0; j < CROWD; j++) {
			KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
			KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
			at = (at + strides[i]) % CROWD;
			mn_end(&range[at]);
		}
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_TRUE(test, mn_returns(remove));
		if (world->hung)
			break;
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	mn_remove(interval);
	crowd_free(world, range);
}

/*
 * A reader is held up by what came on top of a crowd. It returns when that has ended,
 * although others, at @page, see to it that one of them is active at any time.
 */
static void crowd_chain(struct kunit *test, unsigned long page)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range own, link[2];
	struct mn_interval *interval;
	struct mn_call *read;
	int i;

	mn_crowd(world, MN_CROWD);
	interval = mn_insert(world, 'a', 0, 10);
	mn_start(world, &own, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(world, &link[0], page, 1);
	for (i = 1; i <= 4; i++) {
		mn_start(world, &link[i % 2], page, 1);
		mn_end(&link[(i - 1) % 2]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	}
	mn_end(&own);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	/* The chain goes on, and the crowd. */
	if (!world->hung)
		KUNIT_EXPECT_EQ(test, mn_retry(interval, read->ret), page < 10);
	mn_end(&link[0]);
	mn_crowd_end(world);
	mn_remove(interval);
}

static void reader_is_not_held_up_by_a_chain_of_strangers(struct kunit *test)
{
	crowd_chain(test, 20);
}

static void reader_is_not_held_up_by_an_overlapping_chain(struct kunit *test)
{
	crowd_chain(test, 5);
}

/* The same, where the chain is there before the reader. */
static void reader_is_held_up_by_one_link_at_most(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range own, link[2];
	struct mn_interval *interval;
	struct mn_call *read;

	mn_crowd(world, MN_CROWD);
	interval = mn_insert(world, 'a', 0, 10);
	mn_start(world, &link[0], 20, 1);
	mn_start(world, &own, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(world, &link[1], 20, 1);
	mn_end(&own);
	mn_end(&link[0]);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_end(&link[1]);
	mn_crowd_end(world);
	mn_remove(interval);
}

static void remove_is_not_held_up_by_a_chain_of_strangers(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range link[2];
	struct mn_interval *interval;
	struct mn_call *remove;
	int i;

	/* None overlaps the interval; an implementation may wait for some. */
	mn_crowd(world, MN_CROWD);
	interval = mn_insert(world, 'a', 0, 10);
	mn_start(world, &link[0], 20, 1);
	remove = mn_spawn_remove(interval);
	for (i = 1; i <= 4; i++) {
		mn_sleeps(remove);
		mn_start(world, &link[i % 2], 20, 1);
		mn_end(&link[(i - 1) % 2]);
	}
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&link[0]);
	mn_crowd_end(world);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

/* What started in a crowd is not forgotten when the crowd is gone. */
static void range_outlives_a_crowd(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range old, new;
	struct mn_interval *interval;
	struct mn_call *read, *late;

	mn_crowd(world, MN_CROWD);
	interval = mn_insert(world, 'a', 0, 10);
	mn_start(world, &old, 0, 5);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_crowd_end(world);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(world, &new, 5, 5);
	late = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(late));
	mn_end(&old);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(late));
	mn_end(&new);
	KUNIT_EXPECT_TRUE(test, mn_returns(late));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, late->ret));
	mn_remove(interval);
}

/* Then strangers do not count any more, however they started. */
static void crowd_leaves_nothing_behind(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range own, stranger;
	struct mn_call *read, *remove;

	mn_crowd(world, CROWD);
	mn_invalidate(world, 0, 10);
	mn_crowd_end(world);
	mn_start(world, &stranger, 20, 1);
	mn_start(world, &own, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&own);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&stranger);
}

/* Those that have overlapped the interval have ended, even the last of them. */
static void crowd_of_the_past_holds_nobody_up(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range stranger;
	struct mn_call *read;
	int i;

	mn_crowd(world, MN_CROWD);
	for (i = 0; i < 3; i++) {
		mn_invalidate(world, 0, 1);
		mn_start(world, &stranger, 20, 1);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_FALSE(test, mn_sleeps(read));
		mn_end(&stranger);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
	}
	mn_crowd_end(world);
	mn_remove(interval);
}

/* One that takes its time, while so many others come and go. */
static void range_outlives_many_others(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mmu_notifier_range long_one;
	struct mn_call *before, *after;
	int i;

	mn_start(world, &long_one, 0, 1);
	before = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(before));
	for (i = 0; i < 1000; i++)
		mn_invalidate(world, 20 + i, 1);
	after = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(before));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(after));
	mn_end(&long_one);
	KUNIT_EXPECT_TRUE(test, mn_returns(before));
	KUNIT_EXPECT_TRUE(test, mn_returns(after));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, after->ret));
	mn_remove(interval);
}

static void failed_starts_in_a_crowd_leave_nothing_behind(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval;
	struct mmu_notifier_range range;
	struct mn_call *read;
	int i;

	mn_crowd(world, MN_CROWD);
	interval = mn_insert(world, 0, 0, 10);
	interval->refuse = true;
	for (i = 0; i < CROWD; i++)
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				mn_start_nonblock(world, &range, 0, 1));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_crowd_end(world);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(interval);
}

static void notifiers_of_the_mm_are_paired_in_a_crowd(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 0, &mn_range_ops);

	mn_crowd(world, CROWD);
	KUNIT_EXPECT_EQ(test, listener->starts, CROWD);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
	mn_crowd_end(world);
	KUNIT_EXPECT_EQ(test, listener->ends, CROWD);
	mn_unregister(listener);
}

static struct kunit_case mmu_notifier_crowd_cases[] = {
	KUNIT_CASE(strangers_hold_nobody_up),
	KUNIT_CASE(others_go_on_beside_a_crowd),
	KUNIT_CASE(remove_does_not_wait_for_strangers),
	KUNIT_CASE(each_of_a_crowd_counts),
	KUNIT_CASE(the_last_of_a_crowd_counts),
	KUNIT_CASE(reader_is_not_held_up_by_a_chain_of_strangers),
	KUNIT_CASE(reader_is_not_held_up_by_an_overlapping_chain),
	KUNIT_CASE(reader_is_held_up_by_one_link_at_most),
	KUNIT_CASE(remove_is_not_held_up_by_a_chain_of_strangers),
	KUNIT_CASE(range_outlives_a_crowd),
	KUNIT_CASE(crowd_leaves_nothing_behind),
	KUNIT_CASE(crowd_of_the_past_holds_nobody_up),
	KUNIT_CASE(range_outlives_many_others),
	KUNIT_CASE(failed_starts_in_a_crowd_leave_nothing_behind),
	KUNIT_CASE(notifiers_of_the_mm_are_paired_in_a_crowd),
	{}
};

static struct kunit_suite mmu_notifier_crowd_suite = {
	.name = "mmu_notifier_crowd",
	.init = mn_world_init,
	.test_cases = mmu_notifier_crowd_cases,
};
kunit_test_suite(mmu_notifier_crowd_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: very many invalidations");
MODULE_LICENSE("GPL");

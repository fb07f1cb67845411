// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unit tests of struct mn_ranges, the active ranges: without an mm, callbacks
 * or subscriptions. The other suites test how the core uses it.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../mmu_notifier_internal.h"
#include "mmu_notifier_helpers.h"

/* The generation of an interval that no untracked range has overlapped. */
#define NOT_UNTRACKED	0

/* Arguments of mn_wait() for a separate thread. */
struct range_wait {
	struct mn_ranges *ranges;
	unsigned long first;
	unsigned long last;
	u8 untracked;
};

/* A range that the case has started. */
struct range_started {
	struct list_head node;
	struct mmu_notifier_range range;
};

static LIST_HEAD(range_started);
static struct mn_ranges *range_ranges;

static void range_undo(void *data)
{
	struct mmu_notifier_range range = {};
	struct mn_ranges *ranges = range_ranges;
	struct mn_ctx *ctx = data;
	struct range_started *started;
	unsigned long i;

	/* Ranges that have ended have an even sequence. */
	list_for_each_entry(started, &range_started, node) {
		if (started->range.seq % 2)
			mn_range_deactivate(ranges, &started->range);
	}
	for_each_set_bit(i, &ranges->active, MN_SLOTS) {
		range.seq = ranges->slots[i].seq;
		mn_range_deactivate(ranges, &range);
	}
	mn_let_go(ctx);
	if (!ctx->broken)
		kfree(ranges);
}

static struct mn_ranges *range_alloc(struct kunit *test)
{
	INIT_LIST_HEAD(&range_started);
	range_ranges = mn_ranges_alloc();
	KUNIT_ASSERT_NOT_NULL(test, range_ranges);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, range_undo, test->priv));
	return range_ranges;
}

static struct mmu_notifier_range *range_start(struct mn_ranges *ranges,
					      unsigned long page,
					      unsigned long pages)
{
	struct mn_ctx *ctx = kunit_get_current_test()->priv;
	struct range_started *started = mn_alloc(ctx, sizeof(*started));
	struct mmu_notifier_range *range = &started->range;

	range->start = MN_ADDR(page);
	range->end = MN_ADDR(page + pages);
	spin_lock(&ranges->lock);
	mn_range_activate(ranges, range);
	spin_unlock(&ranges->lock);
	list_add(&started->node, &range_started);
	return range;
}

/* Ranges that take all slots, in pages of their own. */
static struct mmu_notifier_range **range_crowd(struct kunit *test,
					       struct mn_ranges *ranges)
{
	struct mmu_notifier_range **crowd = mn_alloc(test->priv, MN_CROWD *
						     sizeof(*crowd));
	unsigned int i;

	for (i = 0; i < MN_CROWD; i++)
		crowd[i] = range_start(ranges, MN_CROWD_PAGE + i, 1);
	return crowd;
}

/* The result of the lockless check; on 32 bit it is never false. */
static bool may_overlap(struct mn_ranges *ranges, unsigned long first,
			unsigned long last)
{
	return mn_may_overlap_active(ranges, first, last);
}

static void range_do_wait(struct mn_call *call)
{
	const struct range_wait *wait = call->arg;

	spin_lock(&wait->ranges->lock);
	mn_wait(wait->ranges, wait->first, wait->last, wait->untracked,
		TASK_UNINTERRUPTIBLE, MMU_NOTIFIER_READER);
	spin_unlock(&wait->ranges->lock);
}

static struct mn_call *range_wait(struct kunit *test, struct mn_ranges *ranges,
				  unsigned long page, unsigned long pages,
				  u8 untracked)
{
	struct range_wait *wait = mn_alloc(test->priv, sizeof(*wait));

	wait->ranges = ranges;
	wait->first = MN_ADDR(page);
	wait->last = MN_ADDR(page + pages) - 1;
	wait->untracked = untracked;
	return mn_spawn(test->priv, "mn_wait", wait, range_do_wait, -1);
}

static u8 range_generation_of_all(struct mn_ranges *ranges)
{
	u8 generation;

	spin_lock(&ranges->lock);
	generation = mn_generation_of_all(ranges);
	spin_unlock(&ranges->lock);
	return generation;
}

/*
 * Cases
 */

static void sequences_are_odd_and_grow(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *range;
	u64 last = ranges->last_seq;
	unsigned int i;

	for (i = 0; i < 3 * MN_SLOTS; i++) {
		range = range_start(ranges, i, 1);
		KUNIT_EXPECT_TRUE(test, range->seq % 2);
		KUNIT_EXPECT_GT(test, range->seq, last);
		KUNIT_EXPECT_EQ(test, range->seq, ranges->last_seq);
		last = range->seq;
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	}
}

static void range_is_found_from_its_start_to_its_end(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *range;

	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "readers take the lock on 32 bit");

	KUNIT_EXPECT_FALSE(test, may_overlap(ranges, 0, ULONG_MAX));
	range = range_start(ranges, 10, 10);
	KUNIT_EXPECT_TRUE(test, may_overlap(ranges, 0, ULONG_MAX));
	KUNIT_EXPECT_TRUE(test, may_overlap(ranges, 0, MN_ADDR(10)));
	KUNIT_EXPECT_FALSE(test, may_overlap(ranges, 0, MN_ADDR(10) - 1));
	KUNIT_EXPECT_TRUE(test, may_overlap(ranges, MN_ADDR(20) - 1, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, may_overlap(ranges, MN_ADDR(20), ULONG_MAX));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_FALSE(test, may_overlap(ranges, 0, ULONG_MAX));
}

static void slot_of_an_active_range_is_left_alone(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *old, *range;
	const struct mn_slot *slot;
	unsigned int i;

	old = range_start(ranges, 10, 1);
	slot = &ranges->slots[mn_slot_of(old->seq)];
	for (i = 0; i < 3 * MN_SLOTS; i++) {
		range = range_start(ranges, i, 1);
		KUNIT_EXPECT_NE(test, mn_slot_of(range->seq),
				mn_slot_of(old->seq));
		KUNIT_EXPECT_NE(test, mn_slot_of(range->seq), 0);
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	}
	KUNIT_EXPECT_EQ(test, slot->seq, old->seq);
	KUNIT_EXPECT_EQ(test, slot->span.first, MN_ADDR(10));
	KUNIT_EXPECT_EQ(test, slot->span.last, MN_ADDR(11) - 1);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, old));
}

static void oldest_is_not_newer_than_what_is_active(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *old, *range;
	unsigned int i;

	range = range_start(ranges, 0, 1);
	KUNIT_EXPECT_EQ(test, ranges->oldest, range->seq);
	old = range_start(ranges, 1, 1);
	KUNIT_EXPECT_LE(test, ranges->oldest, range->seq);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));

	/* When the slots wrap around, ranges that have ended are forgotten. */
	for (i = 0; i < 2 * MN_SLOTS; i++) {
		range = range_start(ranges, 2, 1);
		KUNIT_EXPECT_LE(test, ranges->oldest, old->seq);
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	}
	KUNIT_EXPECT_EQ(test, ranges->oldest, old->seq);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, old));
	range = range_start(ranges, 0, 1);
	KUNIT_EXPECT_EQ(test, ranges->oldest, range->seq);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
}

static void range_without_a_slot_may_overlap_all(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range **crowd = range_crowd(test, ranges);
	struct mmu_notifier_range *range;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, ranges->active & MN_UNTRACKED);
	range = range_start(ranges, 0, 1);
	KUNIT_EXPECT_TRUE(test, ranges->active & MN_UNTRACKED);
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 1);
	KUNIT_EXPECT_TRUE(test, may_overlap(ranges, MN_ADDR(5), MN_ADDR(6)));
	/* A slot that becomes free does not make the range tracked. */
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[0]));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 0);
	for (i = 1; i < MN_CROWD; i++)
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[i]));
	KUNIT_EXPECT_EQ(test, ranges->active, 0);
}

static void what_has_ended_does_not_end_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *range, copy, *later;

	range = range_start(ranges, 0, 1);
	copy = *range;
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	/* Start ranges until one has the slot of the first. */
	do {
		later = range_start(ranges, 0, 1);
	} while (mn_slot_of(later->seq) != mn_slot_of(copy.seq) &&
		 mn_range_deactivate(ranges, later));

	mn_reports_begin(ctx);
	KUNIT_EXPECT_FALSE(test, mn_range_deactivate(ranges, &copy));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_NE(test, ranges->active, 0);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, later));
	KUNIT_EXPECT_EQ(test, ranges->active, 0);
}

static void end_of_what_never_started_ends_no_other(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range **crowd = range_crowd(test, ranges);
	struct mmu_notifier_range *range, other = {};
	unsigned int i;

	range = range_start(ranges, 0, 1);
	/* @other may have been started before the mm was tracked. */
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, &other));
	KUNIT_EXPECT_TRUE(test, ranges->active & MN_UNTRACKED);
	/* Fields that the core did not set may have any value. */
	other.flags = range->flags;
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, &other));
	KUNIT_EXPECT_TRUE(test, ranges->active & MN_UNTRACKED);
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 1);

	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_EQ(test, range->flags, 0);
	for (i = 0; i < MN_CROWD; i++)
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[i]));
	KUNIT_EXPECT_EQ(test, ranges->active, 0);
}

static void range_is_told_from_one_elsewhere(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *range, other;
	bool same = false;

	range = range_start(ranges, 0, 1);
	other = *range;
	KUNIT_EXPECT_TRUE(test, mn_range_is_active(ranges, &other, &same));
	KUNIT_EXPECT_TRUE(test, same);
	other.end = MN_ADDR(2);
	KUNIT_EXPECT_TRUE(test, mn_range_is_active(ranges, &other, &same));
	KUNIT_EXPECT_FALSE(test, same);
	other.seq += 2;
	KUNIT_EXPECT_FALSE(test, mn_range_is_active(ranges, &other, &same));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_FALSE(test, mn_range_is_active(ranges, range, &same));
}

static void forgotten_range_starts_anew(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range **crowd = range_crowd(test, ranges);
	struct mmu_notifier_range *range, again;
	unsigned int i;
	bool same;

	range = range_start(ranges, 0, 1);
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 1);
	again = *range;
	mn_range_forget(&again);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[0]));

	/* @again gets a slot, now that one is free. */
	spin_lock(&ranges->lock);
	mn_range_activate(ranges, &again);
	spin_unlock(&ranges->lock);
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 1);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_TRUE(test, mn_range_is_active(ranges, &again, &same));
	KUNIT_EXPECT_TRUE(test, same);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, &again));
	for (i = 1; i < MN_CROWD; i++)
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[i]));
	KUNIT_EXPECT_EQ(test, ranges->active, 0);
}

static void wait_is_for_what_overlaps(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *near, *far;
	struct mn_call *call;

	near = range_start(ranges, 0, 2);
	far = range_start(ranges, 2, 1);
	KUNIT_EXPECT_TRUE(test, mn_returns(range_wait(test, ranges, 3, 9,
						      NOT_UNTRACKED)));
	call = range_wait(test, ranges, 1, 1, NOT_UNTRACKED);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, far));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, near));
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
}

static void wait_is_not_for_what_starts_later(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range *range, *later;
	struct mn_call *call;

	range = range_start(ranges, 0, 2);
	call = range_wait(test, ranges, 1, 1, NOT_UNTRACKED);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = range_start(ranges, 1, 1);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, later));
}

static void wait_for_untracked_ranges_is_for_a_generation(struct kunit *test)
{
	struct mn_ranges *ranges = range_alloc(test);
	struct mmu_notifier_range **crowd = range_crowd(test, ranges);
	struct mmu_notifier_range *range, *later;
	struct mn_call *call;
	unsigned int i;

	range = range_start(ranges, 0, 1);
	/* No wait if no untracked range has overlapped the interval. */
	KUNIT_EXPECT_TRUE(test, mn_returns(range_wait(test, ranges, 0, 9,
						      NOT_UNTRACKED)));
	call = range_wait(test, ranges, 0, 9, range_generation_of_all(ranges));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = range_start(ranges, 0, 1);
	KUNIT_EXPECT_EQ(test, ranges->nr_untracked, 2);
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, range));
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, later));
	for (i = 0; i < MN_CROWD; i++)
		KUNIT_EXPECT_TRUE(test, mn_range_deactivate(ranges, crowd[i]));
	KUNIT_EXPECT_EQ(test, ranges->active, 0);
}

static struct kunit_case mmu_notifier_range_cases[] = {
	KUNIT_CASE(sequences_are_odd_and_grow),
	KUNIT_CASE(range_is_found_from_its_start_to_its_end),
	KUNIT_CASE(slot_of_an_active_range_is_left_alone),
	KUNIT_CASE(oldest_is_not_newer_than_what_is_active),
	KUNIT_CASE(range_without_a_slot_may_overlap_all),
	KUNIT_CASE(what_has_ended_does_not_end_again),
	KUNIT_CASE(end_of_what_never_started_ends_no_other),
	KUNIT_CASE(range_is_told_from_one_elsewhere),
	KUNIT_CASE(forgotten_range_starts_anew),
	KUNIT_CASE(wait_is_for_what_overlaps),
	KUNIT_CASE(wait_is_not_for_what_starts_later),
	KUNIT_CASE(wait_for_untracked_ranges_is_for_a_generation),
	{}
};

static struct kunit_suite mmu_notifier_range_suite = {
	.name = "mmu_notifier_range",
	.init = mn_init,
	.test_cases = mmu_notifier_range_cases,
};

kunit_test_suite(mmu_notifier_range_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: active ranges");
MODULE_LICENSE("GPL");

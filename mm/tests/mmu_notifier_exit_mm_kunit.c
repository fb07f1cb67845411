// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers at the end of the mm.
 */

#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "mmu_notifier_helpers.h"

/*
 * Subscriptions to the whole mm
 */

static void end_of_the_mm_releases_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

static void unregister_releases_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

static void end_of_the_mm_releases_all(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *with[2];

	with[0] = mn_register(ctx, 'a', &mn_range_ops);
	mn_register(ctx, 'b', &mn_start_ops);
	with[1] = mn_register(ctx, 'c', &mn_range_ops);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, with[0]->releases, 1);
	KUNIT_EXPECT_EQ(test, with[1]->releases, 1);
}

static void sub_release(struct mmu_notifier *notifier,
			struct mm_struct *mm)
{
	container_of(notifier, struct mn_sub, notifier)->releases++;
}

static void release_may_be_the_only_callback(struct kunit *test)
{
	static const struct mmu_notifier_ops release_ops = {
		.release = sub_release,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &release_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &release_ops);
	struct mmu_notifier_range *range;

	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	mn_unregister(a);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	KUNIT_EXPECT_EQ(test, b->releases, 0);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
	mn_unregister(b);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
}

/* Truncation may invalidate an mm that is being torn down. */
static void released_is_not_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *across;
	struct mn_call *release;

	across = mn_start(ctx, 0, 1);
	release = mn_spawn_release(ctx);
	/* The release may wait for the end of the range, or not. */
	mn_end(across);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_LE(test, sub->ends, 1);
	sub->ends = 0;
	mn_invalidate_mm(mm, 0, PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(mm, 0, 1));
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
	KUNIT_EXPECT_EQ(test, sub->young_calls, 0);
}

static void end_of_the_mm_waits_for_release_by_unregister(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_call *unregister, *release;

	sub->release_gate = mn_gate(ctx);
	unregister = mn_spawn_unregister(sub);
	mn_gate_entered(ctx, sub->release_gate);
	release = mn_spawn_release(ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(release));

	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
}

static void end_of_the_mm_waits_for_all_unregistrations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub[2];
	struct mn_call *unregister[2], *release;
	int i;

	for (i = 0; i < 2; i++) {
		sub[i] = mn_register(ctx, 'a' + i, &mn_range_ops);
		sub[i]->release_gate = mn_gate(ctx);
		unregister[i] = mn_spawn_unregister(sub[i]);
		mn_gate_entered(ctx, sub[i]->release_gate);
	}
	mn_gate_open(sub[0]->release_gate);
	/* unregister[0] may return now, after registration, or after [1]. */
	mn_sleeps(unregister[0]);
	mn_register(ctx, 'n', &mn_range_ops);
	mn_sleeps(unregister[0]);
	release = mn_spawn_release(ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(release));

	mn_gate_open(sub[1]->release_gate);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, mn_returns(unregister[i]));
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
}

static void unregister_waits_for_release_by_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_call *unregister, *release;

	a->release_gate = mn_gate(ctx);
	release = mn_spawn_release(ctx);
	mn_gate_entered(ctx, a->release_gate);
	unregister = mn_spawn_unregister(a);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(unregister));

	mn_gate_open(a->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
}

/*
 * Subscriptions to an interval
 */

static void end_of_the_mm_is_announced_to_all(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[20];
	int i;

	for (i = 0; i < 20; i++)
		interval[i] = mn_insert(ctx, 0, 5 * i, 10);
	mn_release_mm(ctx);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.event,
				MMU_NOTIFY_RELEASE);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.start, 0);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.end, ULONG_MAX);
		KUNIT_EXPECT_TRUE(test, interval[i]->seen.blockable);
		KUNIT_EXPECT_NULL(test, interval[i]->seen.owner);
	}
	/* Each interval_sub outlives the end of its mm. */
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_FALSE(test, mmget_not_zero(interval[i]->sub.mm));
}

static void end_of_the_mm_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	mn_release_mm(ctx);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
}

static void remove_waits_for_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_call *release, *remove;

	interval->gate = mn_gate(ctx);
	release = mn_spawn_release(ctx);
	mn_gate_entered(ctx, interval->gate);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
}

static void end_of_the_mm_is_announced_while_a_removal_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *remove;

	/* As below: truncation may still be active. */
	range = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_RELEASE);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
}

static void end_of_the_mm_waits_for_no_invalidation(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_call *release;

	/* Truncation may invalidate an mm that is being torn down. */
	mn_start(ctx, 0, 10);
	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/*
 * Both
 */

static void end_of_the_mm_reaches_intervals_first(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mn_call *release;

	sub->release_gate = mn_gate(ctx);
	release = mn_spawn_release(ctx);
	mn_gate_entered(ctx, sub->release_gate);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
}

static struct kunit_case mmu_notifier_exit_mm_cases[] = {
	KUNIT_CASE(end_of_the_mm_releases_once),
	KUNIT_CASE(unregister_releases_once),
	KUNIT_CASE(end_of_the_mm_releases_all),
	KUNIT_CASE(release_may_be_the_only_callback),
	KUNIT_CASE(released_is_not_called),
	KUNIT_CASE(end_of_the_mm_waits_for_release_by_unregister),
	KUNIT_CASE(end_of_the_mm_waits_for_all_unregistrations),
	KUNIT_CASE(unregister_waits_for_release_by_the_end_of_the_mm),
	KUNIT_CASE(end_of_the_mm_is_announced_to_all),
	KUNIT_CASE(end_of_the_mm_collides),
	KUNIT_CASE(remove_waits_for_the_end_of_the_mm),
	KUNIT_CASE(end_of_the_mm_is_announced_while_a_removal_waits),
	KUNIT_CASE(end_of_the_mm_waits_for_no_invalidation),
	KUNIT_CASE(end_of_the_mm_reaches_intervals_first),
	{}
};

static struct kunit_suite mmu_notifier_exit_mm_suite = {
	.name = "mmu_notifier_exit_mm",
	.init = mn_init,
	.test_cases = mmu_notifier_exit_mm_cases,
};

/* With more invalidations elsewhere than may be tracked one by one. */
static struct kunit_case mmu_notifier_exit_mm_crowded_cases[] = {
	KUNIT_CASE(end_of_the_mm_is_announced_to_all),
	KUNIT_CASE(end_of_the_mm_collides),
	KUNIT_CASE(remove_waits_for_the_end_of_the_mm),
	{}
};

static struct kunit_suite mmu_notifier_exit_mm_crowded_suite = {
	.name = "mmu_notifier_exit_mm_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_exit_mm_crowded_cases,
};

kunit_test_suites(&mmu_notifier_exit_mm_suite,
		  &mmu_notifier_exit_mm_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: the end of the mm");
MODULE_LICENSE("GPL");

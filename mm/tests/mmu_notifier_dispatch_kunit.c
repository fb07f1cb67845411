// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to a whole mm: dispatch, and the
 * pairing of start and end.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

/*
 * Dispatch
 */

static void every_event_arrives_unchanged(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	unsigned int i;

	for (i = 0; i < MN_EVENTS; i++) {
		mn_invalidate_event(ctx, i);
		mn_expect_event(ctx, &sub->seen_start, i);
		mn_expect_event(ctx, &sub->seen_end, i);
	}
}

static void flags_of_the_caller_are_kept(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	unsigned int flag = MMU_NOTIFIER_RANGE_BLOCKABLE << 7;
	struct mmu_notifier_range range;

	mn_register(ctx, 'a', &mn_range_ops);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, flag, ctx->mm, 0,
				PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	KUNIT_EXPECT_EQ(test, range.flags, flag | MMU_NOTIFIER_RANGE_BLOCKABLE);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	KUNIT_EXPECT_EQ(test, range.flags, flag);
	mmu_notifier_invalidate_range_end(&range);
}

static void unmap_is_the_default_event(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, MMU_NOTIFY_UNMAP, 0);
}

static void owner_is_null_unless_given(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range;

	memset(&range, 0xa5, sizeof(range));
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, ctx->mm, 0,
				PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, range.owner);
}

static void range_need_not_be_zeroed(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	memset(&range, 0xa5, sizeof(range));
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, ctx->mm, 0,
				PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
}

static void range_filled_in_by_hand_meets_no_notifiers(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_invalidate_by_hand(ctx, 0, 1);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
}

static void range_filled_in_by_hand_meets_notifiers_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *fails = mn_register(ctx, 0, &mn_start_ops);
	struct mmu_notifier_range *range;

	mn_invalidate_by_hand(ctx, 3, 1);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(3));
	fails->fail_nonblock = -EAGAIN;
	range = mn_range_by_hand(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_range_nonblock(range));
	KUNIT_EXPECT_STREQ(test, ctx->log, "aAaAaA");
}

static void last_byte_of_the_address_space_is_passed(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_invalidate_mm(ctx->mm, 0, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, sub->seen_start.end, ULONG_MAX);
}

static void blocking_start_is_blockable(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_TRUE(test, sub->seen_start.blockable);
	KUNIT_EXPECT_TRUE(test, sub->seen_end.blockable);
	KUNIT_EXPECT_FALSE(test, sub->seen_start.may_not_sleep);
	KUNIT_EXPECT_FALSE(test, sub->seen_end.may_not_sleep);
}

static void nonblocking_start_is_not_blockable(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;

	/* As left over from a blocking start. */
	range = mn_range(ctx, 0, 1);
	range->flags = MMU_NOTIFIER_RANGE_BLOCKABLE;
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	mn_end(range);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
	KUNIT_EXPECT_FALSE(test, sub->seen_start.blockable);
	KUNIT_EXPECT_FALSE(test, sub->seen_end.blockable);
}

static void nonblocking_callbacks_may_not_sleep(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub;

	mn_skip_unless_sleep_is_forbidden(test);
	sub = mn_register(ctx, 'a', &mn_range_ops);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, sub->seen_start.may_not_sleep);
	KUNIT_EXPECT_TRUE(test, sub->seen_end.may_not_sleep);
}

static void callbacks_run_in_the_lockdep_map(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_TRUE(test, sub->seen_start.in_map);
	KUNIT_EXPECT_TRUE(test, sub->seen_end.in_map);

	memset(&sub->seen_start, 0, sizeof(sub->seen_start));
	memset(&sub->seen_end, 0, sizeof(sub->seen_end));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, sub->seen_start.in_map);
	KUNIT_EXPECT_TRUE(test, sub->seen_end.in_map);
}

static void every_callback_is_optional(struct kunit *test)
{
	static const struct mmu_notifier_ops no_ops;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;

	mn_register(ctx, 'a', &no_ops);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(ctx->mm, 0));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(ctx->mm, 0, 1));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(ctx->mm, 0, 1));
	mmu_notifier_arch_invalidate_secondary_tlbs(ctx->mm, 0, 1);
	mn_release_mm(ctx);
}

static void sub_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	container_of(notifier, struct mn_sub, notifier)->releases++;
}

static void sub_end(struct mmu_notifier *notifier,
		    const struct mmu_notifier_range *range)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->ends++;
	mn_note(&sub->seen_end, range, 0);
}

static void end_may_be_the_only_range_callback(struct kunit *test)
{
	static const struct mmu_notifier_ops end_ops = {
		.release = sub_release,
		.invalidate_range_end = sub_end,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &end_ops);
	struct mn_sub *fails = mn_register(ctx, 0, &mn_start_ops);
	struct mmu_notifier_range *range;
	unsigned int ends;

	range = mn_start(ctx, 3, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 4, 1));
	mn_end(range);
	KUNIT_EXPECT_EQ(test, sub->ends, 2);

	/* The end callback of @sub may run or not, as the start has failed. */
	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_LE(test, sub->ends, 3);
	ends = sub->ends;
	mn_unregister(fails);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, ends + 1);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

static void missing_callbacks_hide_no_other(struct kunit *test)
{
	static const struct mmu_notifier_ops no_ops;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *with[2];
	struct mmu_notifier_range *range;
	int i;

	mn_register(ctx, 'a', &no_ops);
	with[0] = mn_register(ctx, 'b', &mn_range_ops);
	mn_register(ctx, 'c', &no_ops);
	with[1] = mn_register(ctx, 'd', &mn_range_ops);
	mn_register(ctx, 'e', &no_ops);
	range = mn_start(ctx, 0, 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, with[i]->starts, 1);
	mn_end(range);
	mmu_notifier_clear_young(ctx->mm, 0, 1);
	mmu_notifier_clear_flush_young(ctx->mm, 0, 1);
	mmu_notifier_test_young(ctx->mm, 0);
	mn_release_mm(ctx);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, with[i]->ends, 1);
		KUNIT_EXPECT_EQ(test, with[i]->young_calls, 3);
		KUNIT_EXPECT_EQ(test, with[i]->releases, 1);
	}
}

static void clear_flush_young_asks_all(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(ctx->mm,
								MN_ADDR(3),
								MN_ADDR(5)));
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_flush_young(ctx->mm, 0, 1));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_flush_young(ctx->mm, 0, 1));
	KUNIT_EXPECT_EQ(test, a->young_calls, 3);
	KUNIT_EXPECT_EQ(test, b->young_calls, 3);
}

static void clear_young_asks_all(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(ctx->mm, MN_ADDR(3),
							  MN_ADDR(5)));
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_young(ctx->mm, 0, 1));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_young(ctx->mm, 0, 1));
	KUNIT_EXPECT_EQ(test, a->young_calls, 3);
	KUNIT_EXPECT_EQ(test, b->young_calls, 3);
}

static void test_young_asks_until_one_is(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(ctx->mm, MN_ADDR(7)));
	KUNIT_EXPECT_EQ(test, a->young_calls, 1);
	KUNIT_EXPECT_EQ(test, b->young_calls, 1);
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(7));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_test_young(ctx->mm, 0));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_test_young(ctx->mm, 0));
	KUNIT_EXPECT_LT(test, a->young_calls + b->young_calls, 6);
}

static void each_question_about_young_has_its_callback(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mmu_notifier_clear_flush_young(ctx->mm, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, sub->young_tests, 0);
	mmu_notifier_test_young(ctx->mm, 0);
	KUNIT_EXPECT_EQ(test, sub->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, sub->young_tests, 1);
	mmu_notifier_clear_young(ctx->mm, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, sub->young_tests, 1);
	KUNIT_EXPECT_EQ(test, sub->young_calls, 3);
}

static void secondary_tlbs_are_told(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_tlb_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_tlb_ops);
	struct mn_sub *c = mn_register(ctx, 'c', &mn_range_ops);

	mmu_notifier_arch_invalidate_secondary_tlbs(ctx->mm, MN_ADDR(3),
						    MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, a->tlb_calls, 1);
	KUNIT_EXPECT_EQ(test, b->tlb_calls, 1);
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, c->starts, 0);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->tlb_calls, 1);
}

/* The core calls these under the page table lock. */
static void young_and_secondary_tlbs_under_a_spinlock(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *young = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *tlb = mn_register(ctx, 'b', &mn_tlb_ops);

	spin_lock(&lock);
	mmu_notifier_clear_flush_young(ctx->mm, 0, 1);
	mmu_notifier_clear_young(ctx->mm, 0, 1);
	mmu_notifier_test_young(ctx->mm, 0);
	mmu_notifier_arch_invalidate_secondary_tlbs(ctx->mm, 0, 1);
	spin_unlock(&lock);
	KUNIT_EXPECT_EQ(test, young->young_calls, 3);
	KUNIT_EXPECT_EQ(test, tlb->tlb_calls, 1);
}

/*
 * Pairing
 */

static void nested_ranges_are_paired(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *outer, *inner;

	outer = mn_start(ctx, 0, 16);
	inner = mn_start(ctx, 4, 4);
	mn_end(inner);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(4));
	mn_end(outer);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(0));
	KUNIT_EXPECT_STREQ(test, ctx->log, "aaAA");
}

static void overlapping_ranges_are_paired(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *first, *second;

	first = mn_start(ctx, 0, 8);
	second = mn_start(ctx, 4, 8);
	mn_end(first);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(0));
	mn_end(second);
	KUNIT_EXPECT_EQ(test, sub->seen_end.start, MN_ADDR(4));
	KUNIT_EXPECT_EQ(test, sub->starts, 2);
	KUNIT_EXPECT_EQ(test, sub->ends, 2);
}

static void a_range_can_be_used_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;
	int i;

	range = mn_range(ctx, 0, 8);
	for (i = 1; i <= 3; i++) {
		mn_start_range(range);
		mn_end(range);
		KUNIT_EXPECT_EQ(test, sub->starts, i);
		KUNIT_EXPECT_EQ(test, sub->ends, i);
	}
}

/* Reuse one range, as a loop does that gives up, retries, and moves on. */
static void a_range_can_be_used_in_any_way_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 0, &mn_range_ops);
	struct mn_sub *fails = mn_register(ctx, 0, &mn_start_ops);
	struct mmu_notifier_range *range;
	int i;

	range = mn_range(ctx, 0, 1);
	for (i = 0; i < 9; i++) {
		fails->fail_nonblock = i % 3 == 1 ? -EAGAIN : 0;
		range->start = MN_ADDR(i / 3);
		range->end = MN_ADDR(i / 3 + 1);
		if (i % 3)
			KUNIT_EXPECT_EQ(test, fails->fail_nonblock,
					mn_start_range_nonblock(range));
		else
			mn_start_range(range);
		if (!fails->fail_nonblock)
			mn_end(range);
		KUNIT_EXPECT_EQ(test, sub->starts, i + 1);
		KUNIT_EXPECT_EQ(test, sub->ends, i + 1);
		KUNIT_EXPECT_EQ(test, sub->seen_end.start,
				MN_ADDR(i / 3));
		KUNIT_EXPECT_EQ(test, sub->seen_end.blockable, !(i % 3));
	}
}

static void failed_nonblocking_start_returns_the_error(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_start_ops);
	struct mmu_notifier_range *range;

	sub->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 2);
}

static void failed_nonblocking_start_calls_and_ends_all(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *first = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *fails = mn_register(ctx, 'f', &mn_start_ops);
	struct mn_sub *last = mn_register(ctx, 'z', &mn_range_ops);
	struct mmu_notifier_range *range;

	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, fails->starts, 1);
	KUNIT_EXPECT_EQ(test, first->starts, 1);
	KUNIT_EXPECT_EQ(test, first->ends, 1);
	KUNIT_EXPECT_EQ(test, last->starts, 1);
	KUNIT_EXPECT_EQ(test, last->ends, 1);
}

static void several_failures_fail_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_start_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_range_ops);
	struct mn_sub *c = mn_register(ctx, 'c', &mn_start_ops);
	struct mmu_notifier_range *range;

	a->fail_nonblock = -EAGAIN;
	c->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, c->starts, 1);
	KUNIT_EXPECT_EQ(test, b->starts, 1);
	KUNIT_EXPECT_EQ(test, b->ends, 1);
}

static void failing_start_with_an_end_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;

	sub->fail_nonblock = -EAGAIN;
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
}

static void error_other_than_eagain_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_start_ops);
	struct mmu_notifier_range *range;

	sub->fail_nonblock = -EBUSY;
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EBUSY, mn_start_nonblock(ctx, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static void failing_blocking_start_is_reported_and_paired(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *fails = mn_register(ctx, 'f', &mn_start_ops);
	struct mn_sub *other = mn_register(ctx, 'o', &mn_range_ops);
	struct mmu_notifier_range *range;

	fails->fail_block = -EAGAIN;
	mn_reports_begin(ctx);
	range = mn_start(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	KUNIT_EXPECT_EQ(test, other->ends, 0);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, other->ends, 1);
}

static struct kunit_case mmu_notifier_dispatch_cases[] = {
	KUNIT_CASE(every_event_arrives_unchanged),
	KUNIT_CASE(flags_of_the_caller_are_kept),
	KUNIT_CASE(unmap_is_the_default_event),
	KUNIT_CASE(owner_is_null_unless_given),
	KUNIT_CASE(range_need_not_be_zeroed),
	KUNIT_CASE(range_filled_in_by_hand_meets_no_notifiers),
	KUNIT_CASE(range_filled_in_by_hand_meets_notifiers_of_the_mm),
	KUNIT_CASE(last_byte_of_the_address_space_is_passed),
	KUNIT_CASE(blocking_start_is_blockable),
	KUNIT_CASE(nonblocking_start_is_not_blockable),
	KUNIT_CASE(nonblocking_callbacks_may_not_sleep),
	KUNIT_CASE(callbacks_run_in_the_lockdep_map),
	KUNIT_CASE(every_callback_is_optional),
	KUNIT_CASE(end_may_be_the_only_range_callback),
	KUNIT_CASE(missing_callbacks_hide_no_other),
	KUNIT_CASE(clear_flush_young_asks_all),
	KUNIT_CASE(clear_young_asks_all),
	KUNIT_CASE(test_young_asks_until_one_is),
	KUNIT_CASE(each_question_about_young_has_its_callback),
	KUNIT_CASE(secondary_tlbs_are_told),
	KUNIT_CASE(young_and_secondary_tlbs_under_a_spinlock),
	KUNIT_CASE(nested_ranges_are_paired),
	KUNIT_CASE(overlapping_ranges_are_paired),
	KUNIT_CASE(a_range_can_be_used_again),
	KUNIT_CASE(a_range_can_be_used_in_any_way_again),
	KUNIT_CASE(failed_nonblocking_start_returns_the_error),
	KUNIT_CASE(failed_nonblocking_start_calls_and_ends_all),
	KUNIT_CASE(several_failures_fail_once),
	KUNIT_CASE(failing_start_with_an_end_is_reported),
	KUNIT_CASE(error_other_than_eagain_is_reported),
	KUNIT_CASE(failing_blocking_start_is_reported_and_paired),
	{}
};

static struct kunit_suite mmu_notifier_dispatch_suite = {
	.name = "mmu_notifier_dispatch",
	.init = mn_init,
	.test_cases = mmu_notifier_dispatch_cases,
};

kunit_test_suite(mmu_notifier_dispatch_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: dispatch");
MODULE_LICENSE("GPL");

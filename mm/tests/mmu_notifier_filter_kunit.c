// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations that a driver does not want to be called for.
 */

#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/mm.h>

#include "mmu_notifier_helpers.h"

static char me, another;

static struct mmu_interval_notifier_filter interval_filter;
static struct mmu_notifier_filter filter;

/* Skips changes of the protection, and what @me migrates or makes exclusive. */
static const struct mmu_notifier_skip skip = {
	.events = BIT(MMU_NOTIFY_PROTECTION_VMA) |
		  BIT(MMU_NOTIFY_PROTECTION_PAGE),
	.owner = &me,
};

static struct mn_interval *insert_filtered(struct mn_ctx *ctx)
{
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mmu_interval_notifier_filter_init(&interval_filter, &mn_interval_ops,
					  skip);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &interval_filter.ops));
	return interval;
}

static struct mn_sub *register_filtered(struct mn_ctx *ctx)
{
	mmu_notifier_filter_init(&filter, &mn_range_ops, skip);
	return mn_register(ctx, 'b', &filter.ops);
}

static struct mmu_notifier_range *range_of(struct mn_ctx *ctx,
					   enum mmu_notifier_event event,
					   void *owner)
{
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);

	range->event = event;
	range->owner = owner;
	return range;
}

static void invalidate(struct mn_ctx *ctx, enum mmu_notifier_event event,
		       void *owner)
{
	struct mmu_notifier_range *range = range_of(ctx, event, owner);

	mn_start_range(range);
	mn_end(range);
}

struct occasion {
	const char *name;
	enum mmu_notifier_event event;
	void *owner;
	bool skipped;
};

static const struct occasion occasions[] = {
	{ "unmap", MMU_NOTIFY_UNMAP, NULL, false },
	{ "clear", MMU_NOTIFY_CLEAR, NULL, false },
	{ "clear_by_me", MMU_NOTIFY_CLEAR, &me, false },
	{ "protection_vma", MMU_NOTIFY_PROTECTION_VMA, NULL, true },
	{ "protection_page", MMU_NOTIFY_PROTECTION_PAGE, NULL, true },
	{ "soft_dirty", MMU_NOTIFY_SOFT_DIRTY, NULL, false },
	{ "migrate", MMU_NOTIFY_MIGRATE, NULL, false },
	{ "migrate_by_me", MMU_NOTIFY_MIGRATE, &me, true },
	{ "migrate_by_another", MMU_NOTIFY_MIGRATE, &another, false },
	{ "exclusive_by_me", MMU_NOTIFY_EXCLUSIVE, &me, true },
	{ "exclusive_by_another", MMU_NOTIFY_EXCLUSIVE, &another, false },
};

static void describe_occasion(const struct occasion *occasion, char *desc)
{
	strscpy(desc, occasion->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(occasions, occasions, describe_occasion);

static void interval_is_not_called_for_what_it_skips(struct kunit *test)
{
	const struct occasion *occasion = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);

	invalidate(ctx, occasion->event, occasion->owner);
	KUNIT_EXPECT_EQ(test, interval->calls, !occasion->skipped);
}

static void sub_is_not_called_for_what_it_skips(struct kunit *test)
{
	const struct occasion *occasion = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = register_filtered(ctx);

	invalidate(ctx, occasion->event, occasion->owner);
	KUNIT_EXPECT_EQ(test, sub->starts, !occasion->skipped);
	KUNIT_EXPECT_EQ(test, sub->ends, !occasion->skipped);
}

static void others_are_called_for_what_one_skips(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *other = mn_insert(ctx, 'c', 0, 10);
	struct mn_sub *sub = mn_register(ctx, 'd', &mn_range_ops);

	insert_filtered(ctx);
	register_filtered(ctx);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, other->calls, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
}

/* A filter saves calls. It hides no collision. */
static void reader_collides_with_what_is_skipped(struct kunit *test)
{
	const struct occasion *occasion = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	invalidate(ctx, occasion->event, occasion->owner);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	seq = mmu_interval_read_begin(&interval->sub);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
}

static void reader_waits_for_what_is_skipped(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	struct mmu_notifier_range *range;
	struct mn_call *read;

	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	mn_start_range(range);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

static void what_is_skipped_is_not_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	struct mmu_notifier_range *range;

	interval->refuse = true;
	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &another);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_range_nonblock(range));
	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	mn_end(range);
	interval->refuse = false;
}

static void release_is_never_skipped(struct kunit *test)
{
	struct mmu_notifier_skip all = { .events = ~0UL };
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mn_reports_begin(ctx);
	mmu_interval_notifier_filter_init(&interval_filter, &mn_interval_ops,
					  all);
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &interval_filter.ops));
	invalidate(ctx, MMU_NOTIFY_UNMAP, NULL);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static struct kunit_case mmu_notifier_filter_cases[] = {
	KUNIT_CASE_PARAM(interval_is_not_called_for_what_it_skips,
			 occasions_gen_params),
	KUNIT_CASE_PARAM(sub_is_not_called_for_what_it_skips,
			 occasions_gen_params),
	KUNIT_CASE(others_are_called_for_what_one_skips),
	KUNIT_CASE_PARAM(reader_collides_with_what_is_skipped,
			 occasions_gen_params),
	KUNIT_CASE(reader_waits_for_what_is_skipped),
	KUNIT_CASE(what_is_skipped_is_not_refused),
	KUNIT_CASE(release_is_never_skipped),
	{}
};

static struct kunit_suite mmu_notifier_filter_suite = {
	.name = "mmu_notifier_filter",
	.init = mn_init,
	.test_cases = mmu_notifier_filter_cases,
};

kunit_test_suites(&mmu_notifier_filter_suite);

MODULE_DESCRIPTION("Invalidations that a driver does not want to be called for");
MODULE_LICENSE("GPL");

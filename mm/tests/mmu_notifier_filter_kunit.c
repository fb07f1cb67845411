// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations that a driver does not want to be called for.
 */

#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mmu_notifier_helpers.h"

static char me, another;

static struct mmu_interval_notifier_filter interval_filter;
static struct mmu_notifier_filter filter;
static struct mmu_notifier_ops got_ops;

/* Skips changes of the protection, and what @me migrates or makes exclusive. */
static const struct mmu_notifier_skip skip = {
	.events = BIT(MMU_NOTIFY_PROTECTION_VMA) |
		  BIT(MMU_NOTIFY_PROTECTION_PAGE),
	.owner = &me,
};

static struct mn_interval *
insert_filtered_ops(struct mn_ctx *ctx,
		    const struct mmu_interval_notifier_ops *ops)
{
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mmu_interval_notifier_filter_init(&interval_filter, ops, skip);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &interval_filter.ops));
	return interval;
}

static struct mn_interval *insert_filtered(struct mn_ctx *ctx)
{
	return insert_filtered_ops(ctx, &mn_interval_ops);
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

/* It need not have ended: by then the page table may have changed. */
static void reader_collides_with_what_is_skipped_and_active(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	struct mmu_notifier_range *range;

	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	mn_start_range(range);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_end(range);
}

/* What is skipped stores its sequence over that of what is not, and the reverse. */
static void what_is_skipped_hides_nothing(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	struct mmu_notifier_range *range[2];
	struct mn_call *read;
	unsigned long seq;
	int i;

	for (i = 0; i < 2; i++) {
		range[i] = range_of(ctx, MMU_NOTIFY_CLEAR, NULL);
		range[!i] = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
		seq = mmu_interval_read_begin(&interval->sub);
		mn_start_range(range[0]);
		mn_start_range(range[1]);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));

		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(range[1]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(range[0]);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
		invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, read->ret));
	}
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/* A retry that always returns true would be the end of the fault. */
static void reader_may_make_exclusive_if_it_says_so(struct kunit *test)
{
	static const struct {
		enum mmu_notifier_event event;
		void *owner;
		bool collides;
	} all[] = {
		{ MMU_NOTIFY_EXCLUSIVE, &me, false },
		{ MMU_NOTIFY_EXCLUSIVE, &another, true },
		{ MMU_NOTIFY_EXCLUSIVE, NULL, true },
		{ MMU_NOTIFY_MIGRATE, &me, true },
		{ MMU_NOTIFY_CLEAR, &me, true },
	};
	const struct mmu_notifier_skip in_reads = {
		/* Also what is skipped for another reason. */
		.events = BIT(MMU_NOTIFY_EXCLUSIVE),
		.owner = &me,
		.exclusive_in_reads = true,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	unsigned long seq;
	int i;

	mmu_interval_notifier_filter_init(&interval_filter, &mn_interval_ops,
					  in_reads);
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		seq = mmu_interval_read_begin(&interval->sub);
		invalidate(ctx, all[i].event, all[i].owner);
		KUNIT_EXPECT_EQ_MSG(test, mn_retry(interval, seq),
				    all[i].collides, "%d", i);
	}
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void call_update(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mmu_interval_notifier_update(&interval->sub, MN_ADDR(20),
						 MN_ADDR(10));
}

/* Others are called in its place then. */
static void reader_collides_with_what_is_skipped_beside_an_update(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	struct mmu_notifier_range *range = mn_start(ctx, 5, 1);
	struct mn_call *update;
	unsigned long seq;

	update = mn_spawn(ctx, "mmu_interval_notifier_update", interval,
			  call_update, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	seq = interval->sub.invalidate_seq;
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(update));
	KUNIT_EXPECT_EQ(test, 0, (int)update->ret);
}

static unsigned int finishes;

static bool two_pass_start(struct mmu_interval_notifier *sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq,
			   struct mmu_interval_notifier_finish **finish)
{
	static struct mmu_interval_notifier_finish second;

	*finish = &second;
	return mn_interval_ops.invalidate(sub, range, seq);
}

static void two_pass_finish(struct mmu_interval_notifier_finish *finish)
{
	finishes++;
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate_start = two_pass_start,
	.invalidate_finish = two_pass_finish,
};

static void both_passes_are_skipped(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered_ops(ctx, &two_pass_ops);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	finishes = 0;
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	KUNIT_EXPECT_EQ(test, finishes, 0);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &another);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, finishes, 1);
}

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	return &mn_sub(kunit_get_current_test()->priv, 'b', NULL)->notifier;
}

static unsigned int frees;

static void free_notifier(struct mmu_notifier *notifier)
{
	frees++;
	memset(&filter, 0xa5, sizeof(filter));
}

static struct mn_sub *get_filtered(struct mn_ctx *ctx)
{
	got_ops = mn_range_ops;
	got_ops.alloc_notifier = alloc_notifier;
	got_ops.free_notifier = free_notifier;
	mmu_notifier_filter_init(&filter, &got_ops, skip);
	return mn_got(ctx, mmu_notifier_get(&filter.ops, ctx->mm));
}

static void what_is_got_is_filtered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = get_filtered(ctx);

	KUNIT_EXPECT_PTR_EQ(test, sub,
			    mn_got(ctx, mmu_notifier_get(&filter.ops, ctx->mm)));
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &another);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);

	frees = 0;
	mn_put(sub);
	mn_put(sub);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, frees, 1);
}

/* There is only a start, which may fail. */
static void start_without_end_is_filtered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub;

	mmu_notifier_filter_init(&filter, &mn_start_ops, skip);
	sub = mn_register(ctx, 'b', &filter.ops);
	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);

	sub->fail_nonblock = -EAGAIN;
	range = range_of(ctx, MMU_NOTIFY_CLEAR, NULL);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_range_nonblock(range));
	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	mn_end(range);
}

/* No owner is not an owner that is NULL. */
static void skip_without_an_owner_skips_events_only(struct kunit *test)
{
	const struct mmu_notifier_skip events = { .events = skip.events };
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);

	mmu_interval_notifier_filter_init(&interval_filter, &mn_interval_ops,
					  events);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, NULL);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	invalidate(ctx, MMU_NOTIFY_PROTECTION_VMA, NULL);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void refusal_is_reported_of(struct mn_ctx *ctx,
				   struct mn_interval *interval,
				   const char *name)
{
	interval->refuse = true;
	mn_reports_begin(ctx);
	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	interval->refuse = false;
	KUNIT_EXPECT_EQ(ctx->test, 1, mn_reports_end(ctx));
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_NOT_NULL(ctx->test,
				      strstr(mn_reports_text(), name));
}

static void refusal_is_reported_of_the_driver(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	refusal_is_reported_of(ctx, insert_filtered(ctx),
			       "mn_interval_invalidate refused");
}

static void refusal_is_reported_of_the_first_pass(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	refusal_is_reported_of(ctx, insert_filtered_ops(ctx, &two_pass_ops),
			       "two_pass_start refused");
}

static void second_pass_of_what_refused_is_not_made(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	finishes = 0;
	refusal_is_reported_of(ctx, insert_filtered_ops(ctx, &two_pass_ops),
			       "two_pass_start refused");
	KUNIT_EXPECT_EQ(test, finishes, 0);
}

static void failure_is_reported_of_the_driver(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub;

	mmu_notifier_filter_init(&filter, &mn_start_ops, skip);
	sub = mn_register(ctx, 'b', &filter.ops);
	sub->fail_block = -EAGAIN;
	mn_reports_begin(ctx);
	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	sub->fail_block = 0;
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(),
						   "mn_sub_start failed"));
}

/* Each has one mistake: an error of its own, and an end, which would be in doubt. */
static void failure_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub;
	int i;

	for (i = 0; i < 2; i++) {
		mmu_notifier_filter_init(&filter, i ? &mn_range_ops : &mn_start_ops,
					 skip);
		sub = mn_register(ctx, 'b', &filter.ops);
		sub->fail_nonblock = i ? -EAGAIN : -EIO;
		mn_reports_begin(ctx);
		KUNIT_EXPECT_EQ(test, mn_start_nonblock(ctx, &range, 0, 1),
				sub->fail_nonblock);
		KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
		mn_unregister(sub);
	}
}

/* Also errors that are none, and look like what a filter hands on. */
static void failure_of_any_kind_is_reported_once(struct kunit *test)
{
	/* The last one looks like what a filter returns. */
	static const int errors[] = { 1, -EIO, -9000, INT_MIN + MAX_ERRNO - EIO };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub;
	unsigned int i;
	int err;

	mn_insert(ctx, 'i', 10, 1);
	mmu_notifier_filter_init(&filter, &mn_start_ops, skip);
	for (i = 0; i < 2 * ARRAY_SIZE(errors); i++) {
		sub = mn_register(ctx, 'b', i % 2 ? &filter.ops : &mn_start_ops);
		sub->fail_block = errors[i / 2];
		mn_reports_begin(ctx);
		range = mn_start(ctx, 0, 1);
		KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
		/* A blocking start does not fail. */
		KUNIT_EXPECT_FALSE(test, mmu_notifier_range_inactive(ctx->mm, 0,
								     PAGE_SIZE));
		mn_end(range);
		sub->fail_block = 0;
		if (i < 2 * ARRAY_SIZE(errors) - 2 || i % 2) {
			sub->fail_nonblock = errors[i / 2];
			mn_reports_begin(ctx);
			err = mn_start_nonblock(ctx, &range, 0, 1);
			KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
			if (i % 2)
				KUNIT_EXPECT_NE(test, err, 0);
			else
				KUNIT_EXPECT_EQ(test, err, errors[i / 2]);
		}
		mn_unregister(sub);
	}
}

/* It would call itself. */
static void filter_of_a_filter_is_one_of_the_driver(struct kunit *test)
{
	const struct mmu_notifier_skip none = {};
	struct mmu_interval_notifier_filter outer;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_filter both;
	struct mn_interval *interval;
	struct mn_sub *sub;

	mn_reports_begin(ctx);
	mmu_notifier_filter_init(&both, &mn_range_ops, skip);
	mmu_notifier_filter_init(&filter, &both.ops, none);
	sub = mn_register(ctx, 'b', &filter.ops);
	mmu_interval_notifier_filter_init(&outer, &mn_interval_ops, skip);
	interval = insert_filtered_ops(ctx, &outer.ops);
	KUNIT_EXPECT_EQ(test, 2, mn_reports_end(ctx));
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	KUNIT_EXPECT_EQ(test, sub->starts, 2);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
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

/*
 * How long a filter is needed
 */

static bool invalidates(struct mn_ctx *ctx, struct mn_sub *sub)
{
	const unsigned int starts = sub->starts;

	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	return sub->starts != starts;
}

/* The end of what was skipped looks at the filter. */
static void filter_is_used_until_its_unregistration_returns(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = register_filtered(ctx);
	struct mmu_notifier_range *range;
	struct mn_call *first, *second;

	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	mn_start_range(range);
	first = mn_spawn_unregister(sub);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	/* Neither may be registered again, nor is unregistered sooner. */
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mmu_notifier_register(&sub->notifier, ctx->mm));
	second = mn_spawn_unregister(sub);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(second));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(first));
	KUNIT_ASSERT_TRUE(test, mn_returns(second));
	KUNIT_EXPECT_EQ(test, 2, mn_reports_end(ctx));
	memset(&filter, 0xa5, sizeof(filter));
	KUNIT_EXPECT_FALSE(test, invalidates(ctx, sub));
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
}

/* A put does not wait; but it is freed after the end of what was skipped. */
static void filter_is_used_until_what_is_put_is_freed(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub = get_filtered(ctx);

	frees = 0;
	range = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	mn_start_range(range);
	mn_put(sub);
	KUNIT_EXPECT_EQ(test, frees, 0);
	mn_end(range);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, frees, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
	KUNIT_EXPECT_FALSE(test, invalidates(ctx, sub));
}

/* Its last put may have freed the callbacks. */
static void put_once_too_often_looks_at_no_callbacks(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = get_filtered(ctx);

	mn_put(sub);
	mmu_notifier_synchronize();
	memset(&filter, 0, sizeof(filter));
	mn_reports_begin(ctx);
	mmu_notifier_put(&sub->notifier);
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "put once too often"));
}

static DECLARE_COMPLETION(is_released);

static void released(struct mmu_interval_notifier *interval_sub)
{
	memset(&interval_filter, 0xa5, sizeof(interval_filter));
	complete(&is_released);
}

/* The deferred removal has ops of its own; the filter is still that of the driver. */
static void filter_is_used_until_a_removal_is_released(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = insert_filtered(ctx);
	static struct mmu_interval_notifier_removal removal;
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	struct mmu_notifier_range *skipped;

	reinit_completion(&is_released);
	skipped = range_of(ctx, MMU_NOTIFY_MIGRATE, &me);
	mn_start_range(skipped);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	seq = interval->sub.invalidate_seq;
	list_del_init(&interval->node);
	spin_lock(&interval->user_lock);
	mmu_interval_notifier_remove_deferred(&interval->sub, &removal,
					      released);
	spin_unlock(&interval->user_lock);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	invalidate(ctx, MMU_NOTIFY_CLEAR, NULL);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&is_released));
	mn_end(skipped);
	ctx->broken = !wait_for_completion_timeout(&is_released,
						   MN_HANG_SECONDS * HZ);
	KUNIT_ASSERT_FALSE(test, ctx->broken);
	invalidate(ctx, MMU_NOTIFY_MIGRATE, &me);
	mmu_interval_notifier_barrier();
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

static void filter_released(struct mmu_interval_notifier *interval_sub)
{
}

static void late_begin_comes_after_the_filter_is_freed(struct kunit *test)
{
	static struct mmu_interval_notifier_removal removal;
	struct mmu_interval_notifier_filter *freed;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned long seq;

	/* Not to be read any more then. */
	freed = vzalloc(sizeof(*freed));
	KUNIT_ASSERT_NOT_NULL(test, freed);
	mmu_interval_notifier_filter_init(freed, &mn_interval_ops,
					  (struct mmu_notifier_skip) {});
	mmgrab(ctx->mm);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &freed->ops));
	list_del_init(&interval->node);
	mmu_interval_notifier_remove_deferred(&interval->sub, &removal,
					      filter_released);
	mmu_interval_notifier_barrier();
	vfree(freed);
	vm_unmap_aliases();
	seq = mmu_interval_read_begin(&interval->sub);
	mn_retry(interval, seq);
	mmdrop(ctx->mm);
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
	KUNIT_CASE(reader_collides_with_what_is_skipped_and_active),
	KUNIT_CASE(what_is_skipped_hides_nothing),
	KUNIT_CASE(reader_may_make_exclusive_if_it_says_so),
	KUNIT_CASE(reader_collides_with_what_is_skipped_beside_an_update),
	KUNIT_CASE(both_passes_are_skipped),
	KUNIT_CASE(what_is_got_is_filtered),
	KUNIT_CASE(start_without_end_is_filtered),
	KUNIT_CASE(skip_without_an_owner_skips_events_only),
	KUNIT_CASE(refusal_is_reported_of_the_driver),
	KUNIT_CASE(refusal_is_reported_of_the_first_pass),
	KUNIT_CASE(second_pass_of_what_refused_is_not_made),
	KUNIT_CASE(failure_is_reported_of_the_driver),
	KUNIT_CASE(failure_is_reported_once),
	KUNIT_CASE(failure_of_any_kind_is_reported_once),
	KUNIT_CASE(filter_of_a_filter_is_one_of_the_driver),
	KUNIT_CASE(what_is_skipped_is_not_refused),
	KUNIT_CASE(filter_is_used_until_its_unregistration_returns),
	KUNIT_CASE(late_begin_comes_after_the_filter_is_freed),
	KUNIT_CASE(filter_is_used_until_what_is_put_is_freed),
	KUNIT_CASE(put_once_too_often_looks_at_no_callbacks),
	KUNIT_CASE(filter_is_used_until_a_removal_is_released),
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

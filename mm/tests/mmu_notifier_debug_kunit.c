// SPDX-License-Identifier: GPL-2.0-only
/*
 * CONFIG_DEBUG_MMU_NOTIFIER: each mistake is reported, once for each place that makes
 * it, and what drivers and callers may do is not. What the core reports without the
 * option is in mmu_notifier_misuse.
 */

#include <kunit/test.h>
#include <linux/debug_locks.h>
#include <linux/kconfig.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/task_work.h>

#include "../mmu_notifier_debug.h"
#include "mmu_notifier_helpers.h"

static int debug_init(struct kunit *test)
{
	if (!mn_debug_is_on())
		kunit_skip(test, "needs CONFIG_DEBUG_MMU_NOTIFIER, switched on");
	return mn_init(test);
}

/* Expect one report since mn_reports_begin(), with both texts. */
static void reported(struct kunit *test, const char *what, const char *name)
{
	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 1);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), what),
				  "no '%s'", what);
	if (name && IS_ENABLED(CONFIG_KALLSYMS_ALL))
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), name),
					  "%s is not named", name);
}

static void silent(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 0);
}

/*
 * Callers that invalidate. Functions of their own, to be named: in none of the mms but
 * where a case says so are there notifiers.
 */

static noinline void debug_start(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_start(range);
	barrier();
}

/* Not the same code, or the compiler makes one function of both. */
static noinline void debug_start_elsewhere(struct mmu_notifier_range *range)
{
	barrier();
	mmu_notifier_invalidate_range_start(range);
	barrier();
}

static noinline void debug_end(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_end(range);
	barrier();
}

static noinline void debug_end_elsewhere(struct mmu_notifier_range *range)
{
	barrier();
	mmu_notifier_invalidate_range_end(range);
	barrier();
}

/* Not started. */
static struct mmu_notifier_range debug_range(struct mn_ctx *ctx,
					     unsigned long page,
					     unsigned long pages)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_UNMAP, 0, ctx->mm,
				MN_ADDR(page), MN_ADDR(page + pages));
	return range;
}

/* The first time, the mm has no notifiers; then one kind, then both. */
static void debug_subscribe(struct mn_ctx *ctx, unsigned int nr)
{
	if (nr == 1)
		mn_register(ctx, 'm', &mn_range_ops);
	if (nr == 2)
		mn_insert(ctx, 'i', 0, 10);
}

static void end_without_a_start_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	mn_reports_begin(ctx);
	debug_end(&range);
	reported(test, "which is not active", "debug_end");
}

static void second_end_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range;
	int i;

	for (i = 0; i < 3; i++) {
		debug_subscribe(ctx, i);
		range = debug_range(ctx, 1, 1);
		debug_start(&range);
		debug_end(&range);
		mn_reports_begin(ctx);
		debug_end(&range);
		reported(test, "which is not active", "debug_end");
	}
}

static void second_start_is_reported(struct kunit *test)
{
	struct mmu_notifier_range range;
	struct mn_ctx *ctx = test->priv;
	int i;

	for (i = 0; i < 3; i++) {
		debug_subscribe(ctx, i);
		range = debug_range(ctx, 1, 1);
		debug_start_elsewhere(&range);
		mn_reports_begin(ctx);
		debug_start(&range);
		reported(test, "is active there", "debug_start_elsewhere");
		/* One end ends it. */
		mn_reports_begin(ctx);
		debug_end(&range);
		silent(test);
		mn_reports_begin(ctx);
		debug_end(&range);
		reported(test, "which is not active", "debug_end");
	}
}

/* The stack frame of a function that has forgotten the end is used again. */
static void start_in_the_place_of_a_lost_range_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	debug_start_elsewhere(&range);
	range = debug_range(ctx, 2, 1);
	mn_reports_begin(ctx);
	debug_start(&range);
	reported(test, "is active there", "debug_start_elsewhere");
	mn_reports_begin(ctx);
	debug_end(&range);
	silent(test);
}

static void end_of_a_copy_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy;
	int i;

	for (i = 0; i < 3; i++) {
		debug_subscribe(ctx, i);
		range = debug_range(ctx, 1, 1);
		debug_start(&range);
		copy = range;
		mn_reports_begin(ctx);
		debug_end(&copy);
		reported(test, "ends a copy", "debug_start");
		/* It is the range that has ended. */
		range = debug_range(ctx, 1, 1);
		mn_reports_begin(ctx);
		debug_start(&range);
		debug_end(&range);
		silent(test);
	}
}

static void end_of_a_refused_range_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mn_reports_begin(ctx);
	debug_end(&range);
	reported(test, "which is not active", "debug_end");
}

/* Before the mm has notifiers, the core does not know that a range is active. */
static void second_start_that_is_refused_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mn_insert(ctx, 'i', 0, 10)->refuse = true;
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	reported(test, "is active there", NULL);
	/* Its first start is ended. */
	mn_reports_begin(ctx);
	debug_end(&range);
	silent(test);
}

/* Each member that callbacks look at. */
static void change_of_an_active_range_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int i;

	for (i = 0; i < 5; i++) {
		struct mmu_notifier_range range = debug_range(ctx, 4, 2);

		debug_start(&range);
		if (i == 0)
			range.start += PAGE_SIZE;
		else if (i == 1)
			range.end += PAGE_SIZE;
		else if (i == 2)
			range.event = MMU_NOTIFY_CLEAR;
		else if (i == 3)
			range.owner = ctx;
		else
			range.flags ^= MMU_NOTIFIER_RANGE_BLOCKABLE;
		mn_reports_begin(ctx);
		debug_end(&range);
		reported(test, "of another kind when", "debug_start");
	}
}

/* The core takes its end for one of a range that has not started. */
static void active_range_that_is_initialised_again_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range;
	int i;

	debug_subscribe(ctx, 1);
	debug_subscribe(ctx, 2);
	for (i = 0; i < 2; i++) {
		struct mmu_notifier_range old;

		range = debug_range(ctx, 1, 1);
		if (i)
			debug_start(&range);
		else
			KUNIT_ASSERT_EQ(test, 0,
					mmu_notifier_invalidate_range_start_nonblock(&range));
		old = range;
		range = debug_range(ctx, 1, 1);
		mn_reports_begin(ctx);
		debug_end(&range);
		reported(test, "or of another kind", "debug_end");
		mn_reports_begin(ctx);
		debug_end_elsewhere(&old);
		mn_reports_end(ctx);
	}
}

static void empty_range_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 0);
	int i;

	for (i = 0; i < 2; i++) {
		mn_reports_begin(ctx);
		debug_start(&range);
		reported(test, "which is empty", "debug_start");
		debug_end(&range);
		/* Inverted. */
		range.start += PAGE_SIZE;
	}
	/* To the last address. */
	range = debug_range(ctx, ULONG_MAX >> PAGE_SHIFT, 1);
	mn_reports_begin(ctx);
	debug_start(&range);
	debug_end(&range);
	silent(test);
}

static noinline void debug_flush(struct mm_struct *mm, unsigned long start,
				 unsigned long end)
{
	mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end);
	barrier();
}

static void empty_flush_of_secondary_tlbs_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_reports_begin(ctx);
	debug_flush(ctx->mm, PAGE_SIZE, PAGE_SIZE);
	reported(test, "secondary TLBs", "debug_flush");
	mn_reports_begin(ctx);
	debug_flush(ctx->mm, 0, 1);
	debug_flush(ctx->mm, 0, ULONG_MAX);
	silent(test);
}

static void range_that_outlives_its_mm_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range = mn_alloc(ctx, sizeof(*range));

	mn_insert(ctx, 'i', 20, 1);
	mn_remove(list_first_entry(&ctx->intervals, struct mn_interval, node));
	*range = debug_range(ctx, 1, 1);
	debug_start(range);
	mn_reports_begin(ctx);
	mn_release_mm(ctx);
	reported(test, "when its mm is freed", "debug_start");
}

/* What runs when a task returns to user space; a kernel thread does not. */
static bool debug_return_to_user_space(void)
{
	const bool works = READ_ONCE(current->task_works);

	task_work_run();
	return works;
}

static void return_to_user_space_in_a_range_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), other, ended;
	struct mmu_notifier_range theirs[8];
	int i;

	/* Other tasks have ranges, too. */
	for (i = 0; i < ARRAY_SIZE(theirs); i++) {
		theirs[i] = debug_range(ctx, 10 + i, 1);
		debug_start_elsewhere(&theirs[i]);
	}
	other = debug_range(ctx, 2, 1);
	ended = debug_range(ctx, 3, 1);
	mn_reports_begin(ctx);
	current->flags &= ~PF_KTHREAD;
	debug_start(&range);
	debug_start(&ended);
	debug_end(&ended);
	debug_return_to_user_space();
	current->flags |= PF_KTHREAD;
	reported(test, "on return to user space", "debug_start");

	/* It is not reported again, and another one is. */
	mn_reports_begin(ctx);
	current->flags &= ~PF_KTHREAD;
	debug_start_elsewhere(&other);
	debug_return_to_user_space();
	current->flags |= PF_KTHREAD;
	debug_end(&range);
	debug_end(&other);
	reported(test, "on return to user space", "debug_start_elsewhere");
	for (i = 0; i < ARRAY_SIZE(theirs); i++)
		debug_end(&theirs[i]);
}

static void return_to_user_space_after_the_end_is_not(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), theirs;
	bool worked;

	/* Another task's. */
	mn_reports_begin(ctx);
	theirs = debug_range(ctx, 2, 1);
	debug_start(&theirs);
	current->flags &= ~PF_KTHREAD;
	debug_start(&range);
	debug_end(&range);
	worked = debug_return_to_user_space();
	current->flags |= PF_KTHREAD;
	debug_end(&theirs);
	silent(test);
	KUNIT_EXPECT_TRUE(test, worked);
}

/* Once for each place, not once in a boot; and again if that is asked for. */
static void each_place_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);
	int i;

	mn_reports_begin(ctx);
	for (i = 0; i < 3; i++) {
		debug_end(&range);
		debug_end_elsewhere(&range);
	}
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
	mn_reports_begin(ctx);
	debug_end(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);

	/* Each kind of mistake. */
	mn_reports_begin(ctx);
	for (i = 0; i < 3; i++) {
		debug_start(&range);
		range.end = range.start;
	}
	debug_end(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
}

/* More ranges than the table has room for: those that it has are still known. */
static void ranges_beyond_the_table_are_not_reported(struct kunit *test)
{
	const unsigned int nr = 3000;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *ranges = mn_alloc(ctx, nr * sizeof(*ranges));
	struct mmu_notifier_range range;
	unsigned int i;

	mn_reports_begin(ctx);
	for (i = 0; i < nr; i++) {
		ranges[i] = debug_range(ctx, i, 1);
		debug_start(&ranges[i]);
	}
	for (i = 0; i < nr; i++)
		debug_end(&ranges[i]);
	silent(test);

	/* And afterwards, all are. */
	mn_reports_begin(ctx);
	range = debug_range(ctx, 1, 1);
	debug_end(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

/* What callers may do with a range. */
static void correct_callers_are_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range, other;
	struct mmu_notifier_range *by_hand;
	int i;

	mn_reports_begin(ctx);
	for (i = 0; i < 4; i++) {
		range = debug_range(ctx, 1, 2);
		other = debug_range(ctx, 1, 2);
		/* They nest and overlap. */
		debug_start(&range);
		debug_start(&other);
		/* Another kind of subscription comes. */
		if (i == 0)
			mn_insert(ctx, 'i', 0, 10);
		debug_end(&range);
		debug_end(&other);
		/* They are used again, in another way. */
		KUNIT_EXPECT_EQ(test, 0,
				mmu_notifier_invalidate_range_start_nonblock(&other));
		debug_end(&other);
		range.end += PAGE_SIZE;
		debug_start(&range);
		debug_end(&range);
		/* A copy starts on its own. */
		range = other;
		debug_start(&range);
		debug_end(&range);
		by_hand = mn_range_by_hand(ctx, 1, 1);
		mn_start_range(by_hand);
		mn_end(by_hand);
		if (i == 1)
			mn_register(ctx, 'm', &mn_range_ops);
	}
	silent(test);
}

/*
 * Drivers of intervals
 */

enum debug_act {
	DEBUG_CORRECT,
	DEBUG_SILENT,		/* does not store the sequence */
	DEBUG_UNLOCKED,
	DEBUG_FOREIGN,
	DEBUG_REFUSES,
};

struct debug_pass {
	struct mmu_interval_notifier_finish finish;
	unsigned long seq;
};

struct debug_driver {
	struct mmu_interval_notifier sub;
	struct debug_pass passes[4];
	unsigned int nr_passes;
	struct mn_ctx *ctx;
	spinlock_t user_lock;	/* the driver's */
	enum debug_act act;
	bool in_finish;		/* acts in the second pass */
	unsigned int calls;
};

static noinline bool debug_act(struct debug_driver *driver, unsigned long seq)
{
	driver->calls++;
	switch (driver->act) {
	case DEBUG_CORRECT:
		spin_lock(&driver->user_lock);
		mmu_interval_set_seq(&driver->sub, seq);
		spin_unlock(&driver->user_lock);
		break;
	case DEBUG_UNLOCKED:
		mmu_interval_set_seq(&driver->sub, seq);
		break;
	case DEBUG_FOREIGN:
		spin_lock(&driver->user_lock);
		mmu_interval_set_seq(&driver->sub, seq + 2);
		spin_unlock(&driver->user_lock);
		break;
	case DEBUG_SILENT:
		break;
	case DEBUG_REFUSES:
		return false;
	}
	return true;
}

static bool debug_invalidate(struct mmu_interval_notifier *sub,
			     const struct mmu_notifier_range *range,
			     unsigned long seq)
{
	return debug_act(container_of(sub, struct debug_driver, sub), seq);
}

static const struct mmu_interval_notifier_ops debug_ops = {
	.invalidate = debug_invalidate,
};

/* The same driver, once more. */
static bool debug_other_invalidate(struct mmu_interval_notifier *sub,
				   const struct mmu_notifier_range *range,
				   unsigned long seq)
{
	barrier();
	return debug_act(container_of(sub, struct debug_driver, sub), seq);
}

static const struct mmu_interval_notifier_ops debug_other_ops = {
	.invalidate = debug_other_invalidate,
};

static void debug_undo(void *data)
{
	struct debug_driver *driver = data;

	driver->act = DEBUG_CORRECT;
	mmu_interval_notifier_remove(&driver->sub);
}

static struct debug_driver *
debug_insert(struct mn_ctx *ctx, const struct mmu_interval_notifier_ops *ops)
{
	struct debug_driver *driver = mn_alloc(ctx, sizeof(*driver));

	driver->ctx = ctx;
	spin_lock_init(&driver->user_lock);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mmu_interval_notifier_insert(&driver->sub, ctx->mm, 0,
						     MN_ADDR(10), ops));
	KUNIT_ASSERT_EQ(ctx->test, 0,
			kunit_add_action(ctx->test, debug_undo, driver));
	return driver;
}

static noinline bool debug_retry(struct debug_driver *driver, unsigned long seq)
{
	bool retry;

	spin_lock(&driver->user_lock);
	retry = mmu_interval_read_retry(&driver->sub, seq);
	spin_unlock(&driver->user_lock);
	return retry;
}

static void debug_read(struct debug_driver *driver)
{
	unsigned long seq = mmu_interval_read_begin(&driver->sub);

	KUNIT_EXPECT_FALSE(driver->ctx->test, debug_retry(driver, seq));
}

static void debug_invalidate_event(struct mn_ctx *ctx,
				   enum mmu_notifier_event event, void *owner)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init_owner(&range, event, 0, ctx->mm, MN_ADDR(1),
				      MN_ADDR(2), owner);
	debug_start(&range);
	debug_end(&range);
}

static void callback_without_a_sequence_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	debug_read(driver);
	driver->act = DEBUG_SILENT;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "did not call mmu_interval_set_seq()", "debug_invalidate");
	KUNIT_EXPECT_EQ(test, driver->calls, 1);
}

/* It has stored that of another event of this kind. */
static void sequence_missing_for_a_known_event_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_CLEAR, NULL);
	driver->act = DEBUG_SILENT;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_PROTECTION_VMA, NULL);
	silent(test);
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_CLEAR, NULL);
	reported(test, "did not call mmu_interval_set_seq()", "debug_invalidate");
}

/* By the name of its own callback. */
static void filtered_callback_without_a_sequence_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_interval_notifier_filter *filter =
		mn_alloc(ctx, sizeof(*filter));
	const struct mmu_notifier_skip skip = {
		.events = BIT(MMU_NOTIFY_CLEAR),
		.owner = ctx,
	};
	struct debug_driver *driver;

	mmu_interval_notifier_filter_init(filter, &debug_ops, skip);
	driver = debug_insert(ctx, &filter->ops);
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	debug_read(driver);
	driver->act = DEBUG_SILENT;
	/* What the filter stores is not what the driver would. */
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_CLEAR, NULL);
	debug_invalidate_event(ctx, MMU_NOTIFY_MIGRATE, ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_MIGRATE, NULL);
	silent(test);
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "debug_invalidate did not call", NULL);
}

/*
 * hfi1 ignores events, KFD and nouveau what they cause themselves, gntdev has no need
 * to compare, and radeon does not read.
 */
static void callbacks_that_may_ignore_are_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	mn_reports_begin(ctx);
	driver->act = DEBUG_SILENT;
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	mmu_interval_read_begin(&driver->sub);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_CLEAR, NULL);
	debug_invalidate_event(ctx, MMU_NOTIFY_SOFT_DIRTY, NULL);
	driver->act = DEBUG_CORRECT;
	debug_invalidate_event(ctx, MMU_NOTIFY_MIGRATE, NULL);
	driver->act = DEBUG_SILENT;
	debug_invalidate_event(ctx, MMU_NOTIFY_MIGRATE, driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_EXCLUSIVE, driver);
	/* Refused, and so to be asked again. */
	driver->act = DEBUG_REFUSES;
	{
		struct mmu_notifier_range range = debug_range(ctx, 1, 1);

		KUNIT_EXPECT_EQ(test, -EAGAIN,
				mmu_notifier_invalidate_range_start_nonblock(&range));
	}
	/* And the end of the mm. */
	driver->act = DEBUG_SILENT;
	mn_pin(ctx, ctx->mm);
	mn_release_mm(ctx);
	silent(test);
	KUNIT_EXPECT_EQ(test, driver->calls, 9);
}

static void foreign_sequence_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	driver->act = DEBUG_FOREIGN;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "that no running callback", "debug_act");
}

/* When the callback has returned. */
static void late_sequence_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	driver->act = DEBUG_SILENT;
	debug_start(&range);
	driver->act = DEBUG_CORRECT;
	mn_reports_begin(ctx);
	debug_act(driver, range.seq);
	reported(test, "that no running callback", "debug_act");
	debug_end(&range);
}

static void sequence_without_the_user_lock_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "needs CONFIG_PROVE_LOCKING");
	if (!debug_locks)
		kunit_skip(test, "lockdep is off: it has reported something");
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	driver->act = DEBUG_UNLOCKED;
	/* The user lock is not known yet. */
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	silent(test);
	debug_read(driver);
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "without the user lock", "debug_act");
}

/* As i915. */
static void sequence_without_a_known_lock_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	mn_reports_begin(ctx);
	driver->act = DEBUG_UNLOCKED;
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	silent(test);
}

static bool debug_start_pass(struct mmu_interval_notifier *sub,
			     const struct mmu_notifier_range *range,
			     unsigned long seq,
			     struct mmu_interval_notifier_finish **finish)
{
	struct debug_driver *driver = container_of(sub, struct debug_driver,
						   sub);

	struct debug_pass *pass;

	if (!driver->in_finish)
		return debug_act(driver, seq);
	/* While it moves, it is called twice. */
	pass = &driver->passes[driver->nr_passes++ % ARRAY_SIZE(driver->passes)];
	pass->seq = seq;
	*finish = &pass->finish;
	return true;
}

static void debug_finish_pass(struct mmu_interval_notifier_finish *finish)
{
	struct debug_pass *pass = container_of(finish, struct debug_pass,
					       finish);

	debug_act(container_of(finish->notifier, struct debug_driver, sub),
		  pass->seq);
}

static const struct mmu_interval_notifier_ops debug_two_pass_ops = {
	.invalidate_start = debug_start_pass,
	.invalidate_finish = debug_finish_pass,
};

static void first_pass_without_a_sequence_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_two_pass_ops);

	debug_read(driver);
	driver->act = DEBUG_SILENT;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "did not call mmu_interval_set_seq()", "debug_start_pass");
}

static void sequence_in_the_second_pass_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_two_pass_ops);

	debug_read(driver);
	driver->in_finish = true;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	debug_read(driver);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	silent(test);
	KUNIT_EXPECT_EQ(test, driver->calls, 2);
}

/* Once for each of them. */
static void drivers_that_refuse_are_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);
	struct debug_driver *other = debug_insert(ctx, &debug_other_ops);

	driver->act = DEBUG_REFUSES;
	other->act = DEBUG_REFUSES;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
}

/* Not for a missing sequence as well. */
static void refusal_behind_a_filter_is_reported_once(struct kunit *test)
{
	static struct mmu_interval_notifier_filter filter;
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver;

	mmu_interval_notifier_filter_init(&filter, &debug_ops,
					  (struct mmu_notifier_skip) {});
	driver = debug_insert(ctx, &filter.ops);
	debug_read(driver);
	driver->act = DEBUG_REFUSES;
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	reported(test, "refused a blocking", "debug_invalidate");
}

static void read_section_without_a_begin_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	mn_reports_begin(ctx);
	debug_retry(driver, driver->sub.invalidate_seq);
	reported(test, "none has begun", "debug_retry");
}

/* It is reported without the option, by the retry if not by the begin. */
static void reader_of_what_was_never_inserted_is_harmless(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_interval_notifier *sub = mn_alloc(ctx, sizeof(*sub));
	unsigned long seq;

	mn_insert(ctx, 'i', 0, 10);
	sub->mm = ctx->mm;
	mn_reports_begin(ctx);
	seq = mmu_interval_read_begin(sub);
	mmu_interval_read_retry(sub, seq);
	mn_reports_end(ctx);
}

/* An earlier insertion does not count: its sequences collide. */
static void readers_are_forgotten_with_the_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);

	debug_read(driver);
	mmu_interval_notifier_remove(&driver->sub);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&driver->sub, ctx->mm, 0,
						     MN_ADDR(10), &debug_ops));
	mn_reports_begin(ctx);
	driver->act = DEBUG_SILENT;
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	silent(test);
	mn_reports_begin(ctx);
	debug_retry(driver, driver->sub.invalidate_seq);
	reported(test, "none has begun", "debug_retry");
}

/*
 * As xe, which compares with a sequence of its own to force a collision; i915, which
 * compares long after the begin; and a fault that fails.
 */
static void correct_readers_are_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);
	unsigned long seq;
	int i;

	mn_reports_begin(ctx);
	KUNIT_EXPECT_TRUE(test, debug_retry(driver, LONG_MAX));
	for (i = 0; i < 100; i++)
		seq = mmu_interval_read_begin(&driver->sub);
	KUNIT_EXPECT_TRUE(test, debug_retry(driver, seq - 2));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, debug_retry(driver, seq));
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	KUNIT_EXPECT_TRUE(test, debug_retry(driver, seq));
	silent(test);
}

static void debug_call_update(struct mn_call *call)
{
	struct debug_driver *driver = call->arg;

	call->ret = mmu_interval_notifier_update(&driver->sub, 0, MN_ADDR(20));
}

/* Other functions call the callbacks, with other sequences. */
static void subscription_that_moves_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_two_pass_ops);
	struct mmu_notifier_range *range;
	struct mn_call *update;
	int i;

	for (i = 0; i < 2; i++) {
		driver->in_finish = i;
		debug_read(driver);
		mn_reports_begin(ctx);
		range = mn_start(ctx, 1, 1);
		update = mn_spawn(ctx, "mmu_interval_notifier_update", driver,
				  debug_call_update, -1);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
		debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
		mn_end(range);
		KUNIT_ASSERT_TRUE(test, mn_returns(update));
		KUNIT_EXPECT_EQ(test, update->ret, 0);
		silent(test);
	}
	KUNIT_EXPECT_GE(test, driver->calls, 4);
}

/*
 * Callbacks that sleep
 */

static int debug_sleepy_start(struct mmu_notifier *notifier,
			      const struct mmu_notifier_range *range)
{
	schedule_timeout_uninterruptible(1);
	return 0;
}

static const struct mmu_notifier_ops debug_sleepy_ops = {
	.invalidate_range_start = debug_sleepy_start,
};

static bool debug_sleepy_invalidate(struct mmu_interval_notifier *sub,
				    const struct mmu_notifier_range *range,
				    unsigned long seq)
{
	schedule_timeout_uninterruptible(1);
	return debug_invalidate(sub, range, seq);
}

/* Only then is it seen whether a callback sleeps. */
static void skip_unless_sleeps_are_looked_at(struct kunit *test)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) ||
	    IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test,
			   "needs a kernel without CONFIG_DEBUG_ATOMIC_SLEEP and CONFIG_PREEMPT_RT");
}

static const struct mmu_interval_notifier_ops debug_sleepy_interval_ops = {
	.invalidate = debug_sleepy_invalidate,
};

/* DEBUG_ATOMIC_SLEEP reports more, and so this does not. */
static void callbacks_that_sleep_are_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	skip_unless_sleeps_are_looked_at(test);
	debug_insert(ctx, &debug_sleepy_interval_ops);
	mn_reports_begin(ctx);
	debug_start(&range);
	debug_end(&range);
	silent(test);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	debug_end(&range);
	reported(test, "slept", "debug_sleepy_invalidate");

	ctx->same_task = true;
	mn_register(ctx, 'm', &debug_sleepy_ops);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	debug_end(&range);
	/* The interval's again, and this. */
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
}

static int debug_innocent_start(struct mmu_notifier *notifier,
				const struct mmu_notifier_range *range)
{
	barrier();
	return 0;
}

static const struct mmu_notifier_ops debug_innocent_ops = {
	.invalidate_range_start = debug_innocent_start,
};

static void innocent_after_a_sleeper_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	skip_unless_sleeps_are_looked_at(test);
	ctx->same_task = true;
	mn_register(ctx, 'n', &debug_innocent_ops);
	/* The latest is called first. */
	mn_register(ctx, 's', &debug_sleepy_ops);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	debug_end(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_NULL(test, strstr(mn_reports_text(), "debug_innocent_start slept"));
}

static void debug_sleepy_end(struct mmu_notifier *notifier,
			     const struct mmu_notifier_range *range)
{
	schedule_timeout_uninterruptible(1);
}

static const struct mmu_notifier_ops debug_sleepy_end_ops = {
	.invalidate_range_end = debug_sleepy_end,
};

static void end_that_sleeps_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	skip_unless_sleeps_are_looked_at(test);
	ctx->same_task = true;
	mn_register(ctx, 's', &debug_sleepy_end_ops);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mn_reports_begin(ctx);
	debug_end(&range);
	reported(test, "slept", "debug_sleepy_end");
}

/* Returns how often it is reported, with the text of that. */
static unsigned int debug_sleep_while_it_moves(struct mn_ctx *ctx,
					       struct debug_driver *driver)
{
	struct mmu_notifier_range *range, other = debug_range(ctx, 1, 1);
	struct kunit *test = ctx->test;
	struct mn_call *update;
	unsigned int reports;

	range = mn_start(ctx, 1, 1);
	update = mn_spawn(ctx, "mmu_interval_notifier_update", driver,
			  debug_call_update, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&other));
	debug_end(&other);
	reports = mn_reports_end(ctx);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(update));
	return reports;
}

static void sleeper_that_moves_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver;

	skip_unless_sleeps_are_looked_at(test);
	driver = debug_insert(ctx, &debug_sleepy_interval_ops);
	KUNIT_EXPECT_EQ(test, debug_sleep_while_it_moves(ctx, driver), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "debug_sleepy"));
	KUNIT_EXPECT_NULL(test, strstr(mn_reports_text(),
				       "mn_stand_in_invalidate slept"));
}

/* That is for each driver; and not for the filter, which is the core's. */
static void sleepers_behind_filters_are_named(struct kunit *test)
{
	static struct mmu_notifier_filter start, end;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	skip_unless_sleeps_are_looked_at(test);
	mmu_notifier_filter_init(&start, &debug_sleepy_ops,
				 (struct mmu_notifier_skip) {});
	mmu_notifier_filter_init(&end, &debug_sleepy_end_ops,
				 (struct mmu_notifier_skip) {});
	ctx->same_task = true;
	mn_register(ctx, 's', &start.ops);
	mn_register(ctx, 'e', &end.ops);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	debug_end(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "debug_sleepy_start slept"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "debug_sleepy_end slept"));
}

static void debug_sleepy_finish(struct mmu_interval_notifier_finish *finish)
{
	debug_finish_pass(finish);
	schedule_timeout_uninterruptible(1);
}

static const struct mmu_interval_notifier_ops debug_sleepy_finish_ops = {
	.invalidate_start = debug_start_pass,
	.invalidate_finish = debug_sleepy_finish,
};

/* It is called through the core, and about another interval_sub. */
static void second_pass_of_what_moves_is_looked_at(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver;

	skip_unless_sleeps_are_looked_at(test);
	driver = debug_insert(ctx, &debug_sleepy_finish_ops);
	driver->in_finish = true;
	KUNIT_EXPECT_EQ(test, debug_sleep_while_it_moves(ctx, driver), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(),
					   "debug_sleepy_finish slept"));
}

/* It may die in a callback, and what it has on its stack is then in use again. */
static void running_callbacks_are_not_noted_on_the_stack(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);
	struct mn_debug_call *call = NULL;

	mn_debug_call_begin(&call, &driver->sub, &range, 1);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_FALSE(test, object_is_on_stack(call));
	mn_debug_call_end(&call, &debug_ops, false);
}

/* Each of them is a range of its own. */
static void copies_of_an_ended_range_are_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *first = mn_range(ctx, 1, 1);
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_gate *gate = mn_gate(ctx);
	struct mn_call *call;

	debug_start(&range);
	debug_end(&range);
	*first = range;
	copy = range;
	interval->gate = gate;
	call = mn_spawn_start(ctx, first);
	mn_gate_entered(ctx, gate);
	interval->gate = NULL;
	mn_reports_begin(ctx);
	debug_start(&copy);
	silent(test);
	debug_end(&copy);
	mn_gate_open(gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mn_end(first);
}

/* Which of the others is the original does not matter. */
static void start_of_a_second_copy_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy, second;

	debug_insert(ctx, &debug_ops);
	debug_start(&range);
	copy = range;
	second = range;
	mn_reports_begin(ctx);
	debug_start(&copy);
	mn_reports_end(ctx);
	mn_reports_begin(ctx);
	mmu_notifier_invalidate_range_start(&second);
	reported(test, "starts a copy of",
		 "start_of_a_second_copy_is_reported");
	mn_reports_begin(ctx);
	debug_end(&range);
	debug_end(&copy);
	debug_end(&second);
	mn_reports_end(ctx);
}

/* As it is without the option. */
static void start_of_a_copy_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy;

	debug_insert(ctx, &debug_ops);
	debug_start(&range);
	copy = range;
	mn_reports_begin(ctx);
	debug_start(&copy);
	reported(test, "starts a copy of", "debug_start");
	/* One of the ends is too many, and none of them is wrong. */
	mn_reports_begin(ctx);
	debug_end(&copy);
	debug_end(&range);
	silent(test);
	/* Nor need there be two. */
	range = debug_range(ctx, 1, 1);
	debug_start(&range);
	copy = range;
	mn_reports_begin(ctx);
	debug_start(&copy);
	reported(test, "starts a copy of", "debug_start");
	debug_end(&range);
	mn_reports_begin(ctx);
	mn_debug_mm_gone(ctx->mm);
	/* The subscription is there. */
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

/* Somebody else ends what was not started, and looks the same. */
static void other_range_like_it_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);
	struct mmu_notifier_range wrong = debug_range(ctx, 1, 1);

	debug_start(&range);
	mn_reports_begin(ctx);
	debug_end_elsewhere(&wrong);
	reported(test, "ends a copy of", "debug_end_elsewhere");
	mn_reports_begin(ctx);
	debug_end(&range);
	silent(test);
}

static void full_table_never_reports_an_innocent(struct kunit *test)
{
	const unsigned int nr = 1030;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *ranges = mn_alloc(ctx, nr * sizeof(*ranges));
	struct mmu_notifier_range wrong = debug_range(ctx, 5000, 1);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ranges[i] = debug_range(ctx, i, 1);
		debug_start(&ranges[i]);
	}
	mn_reports_begin(ctx);
	debug_end_elsewhere(&wrong);
	reported(test, "which is not active", "debug_end_elsewhere");
	mn_reports_begin(ctx);
	for (i = 0; i < nr; i++)
		debug_end(&ranges[i]);
	silent(test);
}

/* Those of the other mm leave no room for one of this one. */
static struct mmu_notifier_range *debug_fill_table(struct mn_ctx *ctx,
						   unsigned int nr)
{
	struct mmu_notifier_range *ranges = mn_alloc(ctx, nr * sizeof(*ranges));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ranges[i] = debug_range(ctx, i, 1);
		ranges[i].mm = mn_other_mm(ctx);
		debug_start(&ranges[i]);
	}
	return ranges;
}

static void debug_empty_table(struct mmu_notifier_range *ranges, unsigned int nr)
{
	while (nr--)
		debug_end(&ranges[nr]);
}

static void second_start_of_what_had_no_room_is_reported(struct kunit *test)
{
	const unsigned int nr = 1030;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), *ranges;

	mn_insert(ctx, 'i', 0, 10);
	ranges = debug_fill_table(ctx, nr);
	debug_start(&range);
	debug_empty_table(ranges, nr);
	mn_reports_begin(ctx);
	debug_start(&range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "the start of"));
	mn_reports_begin(ctx);
	debug_end(&range);
	silent(test);
}

static void copy_that_has_no_room_is_reported_once(struct kunit *test)
{
	const unsigned int nr = 1030;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy, *ranges;

	mn_insert(ctx, 'i', 0, 10);
	debug_start(&range);
	ranges = debug_fill_table(ctx, nr);
	copy = range;
	mn_reports_begin(ctx);
	debug_start_elsewhere(&copy);
	reported(test, "starts a copy", "debug_start_elsewhere");
	mn_reports_begin(ctx);
	debug_end(&range);
	debug_empty_table(ranges, nr);
	silent(test);
}

/* Where the option finds no other range, the core tells that it is active. */
static void start_of_a_changed_copy_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int other;

	mn_insert(ctx, 'i', 0, 10);
	for (other = 0; other < 2; other++) {
		struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy;

		debug_start(&range);
		copy = range;
		if (other) {
			copy.start += PAGE_SIZE;
			copy.end += PAGE_SIZE;
		} else {
			copy.owner = ctx;
		}
		mn_reports_begin(ctx);
		debug_start_elsewhere(&copy);
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
		KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(),
						   "the start of"));
		/* Other addresses are another range. */
		mn_reports_begin(ctx);
		debug_end(&copy);
		debug_end(&range);
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), other ? 0 : 1);
	}
}

static void debug_call_start(struct mn_call *call)
{
	debug_start_elsewhere(call->arg);
}

/* In the place of a range whose task has died in it, on a stack that is used again. */
static void start_on_the_stack_of_a_dead_task_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);
	struct mn_call *call;

	call = mn_spawn(ctx, "mmu_notifier_invalidate_range_start", &range,
			debug_call_start, -1);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	range = debug_range(ctx, 2, 1);
	mn_reports_begin(ctx);
	debug_start(&range);
	debug_end(&range);
	silent(test);
}

/* An oops in a callback, say, ends the task as well. */
static void task_that_dies_in_a_range_is_not_reported(struct kunit *test)
{
	/* Under a tracer works run before the second is set. */
	static const unsigned int dying[] = { PF_POSTCOREDUMP, PF_EXITING };
	struct mn_ctx *ctx = test->priv;
	unsigned int i;

	mn_reports_begin(ctx);
	for (i = 0; i < ARRAY_SIZE(dying); i++) {
		struct mmu_notifier_range range = debug_range(ctx, 1, 1);

		current->flags &= ~PF_KTHREAD;
		debug_start(&range);
		current->flags |= dying[i];
		KUNIT_EXPECT_TRUE(test, debug_return_to_user_space());
		current->flags &= ~dying[i];
		/* It may have some again. */
		WRITE_ONCE(current->task_works, NULL);
		current->flags |= PF_KTHREAD;
	}
	/* What it leaves behind is there until the mm is freed. */
	mn_release_mm(ctx);
	silent(test);
}

/* A thread of the kernel that has gone may have died in its range. */
static void thread_that_has_gone_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range = mn_range(ctx, 1, 1);
	struct mn_call *call;

	call = mn_spawn(ctx, "mmu_notifier_invalidate_range_start", range,
			debug_call_start, -1);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	mn_reports_begin(ctx);
	mn_release_mm(ctx);
	silent(test);
}

/* Such a task may drop the mm before its works run; a thread of the kernel has none. */
static void task_that_is_dying_in_a_range_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int thread;

	mn_reports_begin(ctx);
	for (thread = 0; thread < 2; thread++) {
		struct mmu_notifier_range range = debug_range(ctx, 1, 1);

		if (!thread)
			current->flags &= ~PF_KTHREAD;
		debug_start(&range);
		current->flags |= PF_EXITING;
		mn_debug_mm_gone(ctx->mm);
		if (!thread)
			KUNIT_EXPECT_TRUE(test, debug_return_to_user_space());
		current->flags &= ~PF_EXITING;
		/* It may have some again. */
		WRITE_ONCE(current->task_works, NULL);
		current->flags |= PF_KTHREAD;
	}
	silent(test);
}

/* The end of its address space is on its stack where the range was that it died in. */
static void start_of_a_task_that_is_dying_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	debug_start_elsewhere(&range);
	range = debug_range(ctx, 5, 1);
	mn_reports_begin(ctx);
	current->flags |= PF_EXITING;
	debug_start(&range);
	debug_end(&range);
	current->flags &= ~PF_EXITING;
	silent(test);
}

/* Also one that exits has to end what it starts: the last range of an mm is its. */
static void range_that_a_dying_task_forgets_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	current->flags |= PF_EXITING;
	mn_reports_begin(ctx);
	debug_start(&range);
	mn_debug_mm_gone(ctx->mm);
	reported(test, "is active when its mm is freed", "debug_start");

	range = debug_range(ctx, 5, 1);
	debug_start(&range);
	range = debug_range(ctx, 9, 1);
	mn_reports_begin(ctx);
	debug_start_elsewhere(&range);
	reported(test, "is active there", "debug_start_elsewhere");
	debug_end(&range);
	current->flags &= ~PF_EXITING;
}

/* The stack frame that held the range belongs to others, and the mm ends later. */
static void range_left_behind_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int again;

	for (again = 0; again < 2; again++) {
		struct mmu_notifier_range range = debug_range(ctx, 1, 1);

		mn_reports_begin(ctx);
		current->flags &= ~PF_KTHREAD;
		if (again)
			debug_start_elsewhere(&range);
		else
			debug_start(&range);
		KUNIT_EXPECT_TRUE(test, debug_return_to_user_space());
		reported(test, "on return to user space", "debug_start");
		mn_reports_begin(ctx);
		if (!again) {
			range = debug_range(ctx, 5, 1);
			debug_start(&range);
			debug_end(&range);
			debug_return_to_user_space();
		}
		current->flags |= PF_KTHREAD;
		mn_debug_mm_gone(ctx->mm);
		silent(test);
	}
}

/* The mistake is the end of the copy, which has been reported. */
static void end_of_the_original_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1), copy;

	mn_insert(ctx, 'i', 0, 10);
	debug_start(&range);
	copy = range;
	mn_reports_begin(ctx);
	debug_end_elsewhere(&copy);
	reported(test, "ends a copy", "debug_end_elsewhere");
	mn_reports_begin(ctx);
	debug_end(&range);
	silent(test);
}

/* Unless lockdep is asked then, and reports it. */
static void return_to_user_space_in_a_section_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range = debug_range(ctx, 1, 1);

	if (IS_ENABLED(CONFIG_LOCKDEP) && IS_ENABLED(CONFIG_GENERIC_ENTRY))
		kunit_skip(test,
			   "needs a kernel without CONFIG_LOCKDEP, or without CONFIG_GENERIC_ENTRY");
	ctx->same_task = true;
	mn_register(ctx, 'm', &mn_range_ops);
	mn_reports_begin(ctx);
	current->flags &= ~PF_KTHREAD;
	debug_start(&range);
	debug_return_to_user_space();
	current->flags |= PF_KTHREAD;
	debug_end(&range);
	reported(test, "on return to user space", "debug_start");
}

static void driver_with_many_filters_is_reported_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	const struct mmu_notifier_skip skip = { .owner = ctx };
	int i;

	mn_reports_begin(ctx);
	for (i = 0; i < 3; i++) {
		struct mmu_interval_notifier_filter *filter =
			mn_alloc(ctx, sizeof(*filter));
		struct debug_driver *driver;

		mmu_interval_notifier_filter_init(filter, &debug_ops, skip);
		driver = debug_insert(ctx, &filter->ops);
		KUNIT_EXPECT_EQ(test, -EEXIST,
				mmu_interval_notifier_insert(&driver->sub, ctx->mm,
							     0, PAGE_SIZE,
							     &filter->ops));
	}
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(), "debug_ops"));
}

/* Its read sections collide. */
static struct mmu_interval_notifier_removal debug_removal;

static void debug_released_nothing(struct mmu_interval_notifier *sub)
{
}

static bool debug_remove_self(struct mmu_interval_notifier *sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct debug_driver *driver = container_of(sub, struct debug_driver, sub);

	spin_lock(&driver->user_lock);
	mmu_interval_notifier_remove_deferred(sub, &debug_removal,
					      debug_released_nothing);
	spin_unlock(&driver->user_lock);
	return true;
}

static const struct mmu_interval_notifier_ops debug_remove_self_ops = {
	.invalidate = debug_remove_self,
};

static void callback_that_removes_itself_is_not_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = mn_alloc(ctx, sizeof(*driver));
	unsigned long seq;

	driver->ctx = ctx;
	spin_lock_init(&driver->user_lock);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&driver->sub, ctx->mm, 0,
						     MN_ADDR(10),
						     &debug_remove_self_ops));
	debug_read(driver);
	seq = mmu_interval_read_begin(&driver->sub);
	mn_reports_begin(ctx);
	debug_invalidate_event(ctx, MMU_NOTIFY_UNMAP, NULL);
	silent(test);
	mmu_interval_notifier_barrier();
	/* The core has made it collide. */
	KUNIT_EXPECT_TRUE(test, debug_retry(driver, seq));
}

/*
 * Subscriptions
 */

/* Each holds a reference to the mm, so that it is not freed: pretend that it is. */
static void subscriptions_left_behind_are_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_insert(ctx, 'i', 0, 1);
	mn_reports_begin(ctx);
	mn_debug_mm_gone(ctx->mm);
	reported(test, "is inserted when its mm is freed", "mn_interval_ops");
	mn_register(ctx, 'm', &mn_range_ops);
	mn_reports_begin(ctx);
	mn_debug_mm_gone(ctx->mm);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
}

static void driver_behind_a_filter_is_named(struct kunit *test)
{
	static struct mmu_notifier_filter filter;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub;

	mmu_notifier_filter_init(&filter, &mn_range_ops,
				 (struct mmu_notifier_skip) {});
	sub = mn_register(ctx, 'm', &filter.ops);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mmu_notifier_register(&sub->notifier, ctx->mm));
	reported(test, "is registered already", "mn_range_ops");
	mn_reports_begin(ctx);
	mn_debug_mm_gone(ctx->mm);
	reported(test, "is registered when its mm is freed", "mn_range_ops");
	mn_reports_begin(ctx);
	mmu_notifier_put(&sub->notifier);
	reported(test, "cannot be put", "mn_range_ops");
	mn_reports_begin(ctx);
	list_del_init(&sub->node);
	mmu_notifier_unregister(&sub->notifier, mn_other_mm(ctx));
	reported(test, "is registered with another mm", "mn_range_ops");
}

static void exclusive_callbacks_behind_a_filter_are_named(struct kunit *test)
{
	/* They are never called. */
	static const struct mmu_notifier_ops exclusive_ops = {
		.invalidate_range_start = (void *)1,
		.arch_invalidate_secondary_tlbs = (void *)1,
	};
	static struct mmu_notifier_filter filter;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub;

	mmu_notifier_filter_init(&filter, &exclusive_ops,
				 (struct mmu_notifier_skip) {});
	sub = mn_sub(ctx, 'x', &filter.ops);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mmu_notifier_register(&sub->notifier, ctx->mm));
	reported(test, "exclude each other", "exclusive_ops");
}

static noinline void debug_remove(struct mmu_interval_notifier *sub)
{
	mmu_interval_notifier_remove(sub);
	barrier();
}

/* What the core reports on its own is reported once for each place, too. */
static void each_driver_that_removes_twice_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 1);
	struct mn_interval *never = mn_interval(ctx, 'n');
	int i;

	mn_remove(interval);
	mn_reports_begin(ctx);
	for (i = 0; i < 3; i++) {
		debug_remove(&interval->sub);
		mmu_interval_notifier_remove(&interval->sub);
	}
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
	mn_reports_begin(ctx);
	debug_remove(&never->sub);
	reported(test, "removes an interval that is not inserted",
		 "debug_remove");
}

static void each_driver_that_inserts_twice_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct debug_driver *driver = debug_insert(ctx, &debug_ops);
	struct debug_driver *other = debug_insert(ctx, &debug_other_ops);
	int i;

	mn_reports_begin(ctx);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, -EEXIST,
				mmu_interval_notifier_insert(&driver->sub,
							     ctx->mm, 0,
							     PAGE_SIZE,
							     &debug_ops));
		KUNIT_EXPECT_EQ(test, -EEXIST,
				mmu_interval_notifier_insert(&other->sub,
							     ctx->mm, 0,
							     PAGE_SIZE,
							     &debug_other_ops));
	}
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 2);
}

static struct kunit_case mmu_notifier_debug_cases[] = {
	KUNIT_CASE(end_without_a_start_is_reported),
	KUNIT_CASE(second_end_is_reported),
	KUNIT_CASE(second_start_is_reported),
	KUNIT_CASE(start_in_the_place_of_a_lost_range_is_reported),
	KUNIT_CASE(end_of_a_copy_is_reported),
	KUNIT_CASE(end_of_a_refused_range_is_reported),
	KUNIT_CASE(second_start_that_is_refused_is_reported_once),
	KUNIT_CASE(change_of_an_active_range_is_reported),
	KUNIT_CASE(active_range_that_is_initialised_again_is_reported),
	KUNIT_CASE(empty_range_is_reported),
	KUNIT_CASE(empty_flush_of_secondary_tlbs_is_reported),
	KUNIT_CASE(range_that_outlives_its_mm_is_reported),
	KUNIT_CASE(return_to_user_space_in_a_range_is_reported),
	KUNIT_CASE(return_to_user_space_after_the_end_is_not),
	KUNIT_CASE(each_place_is_reported_once),
	KUNIT_CASE(ranges_beyond_the_table_are_not_reported),
	KUNIT_CASE(correct_callers_are_not_reported),
	KUNIT_CASE(callback_without_a_sequence_is_reported),
	KUNIT_CASE(sequence_missing_for_a_known_event_is_reported),
	KUNIT_CASE(filtered_callback_without_a_sequence_is_reported),
	KUNIT_CASE(first_pass_without_a_sequence_is_reported),
	KUNIT_CASE(callbacks_that_may_ignore_are_not_reported),
	KUNIT_CASE(foreign_sequence_is_reported),
	KUNIT_CASE(late_sequence_is_reported),
	KUNIT_CASE(sequence_in_the_second_pass_is_not_reported),
	KUNIT_CASE(sequence_without_the_user_lock_is_reported),
	KUNIT_CASE(sequence_without_a_known_lock_is_not_reported),
	KUNIT_CASE(drivers_that_refuse_are_reported),
	KUNIT_CASE(refusal_behind_a_filter_is_reported_once),
	KUNIT_CASE(read_section_without_a_begin_is_reported),
	KUNIT_CASE(reader_of_what_was_never_inserted_is_harmless),
	KUNIT_CASE(readers_are_forgotten_with_the_insertion),
	KUNIT_CASE(correct_readers_are_not_reported),
	KUNIT_CASE(subscription_that_moves_is_not_reported),
	KUNIT_CASE(callbacks_that_sleep_are_reported),
	KUNIT_CASE(innocent_after_a_sleeper_is_not_reported),
	KUNIT_CASE(end_that_sleeps_is_reported),
	KUNIT_CASE(sleeper_that_moves_is_reported_once),
	KUNIT_CASE(sleepers_behind_filters_are_named),
	KUNIT_CASE(second_pass_of_what_moves_is_looked_at),
	KUNIT_CASE(running_callbacks_are_not_noted_on_the_stack),
	KUNIT_CASE(copies_of_an_ended_range_are_not_reported),
	KUNIT_CASE(start_of_a_second_copy_is_reported),
	KUNIT_CASE(start_of_a_copy_is_reported),
	KUNIT_CASE(other_range_like_it_is_not_reported),
	KUNIT_CASE(full_table_never_reports_an_innocent),
	KUNIT_CASE(second_start_of_what_had_no_room_is_reported),
	KUNIT_CASE(copy_that_has_no_room_is_reported_once),
	KUNIT_CASE(start_of_a_changed_copy_is_reported),
	KUNIT_CASE(end_of_the_original_is_not_reported),
	KUNIT_CASE(start_on_the_stack_of_a_dead_task_is_not_reported),
	KUNIT_CASE(task_that_dies_in_a_range_is_not_reported),
	KUNIT_CASE(thread_that_has_gone_is_not_reported),
	KUNIT_CASE(task_that_is_dying_in_a_range_is_not_reported),
	KUNIT_CASE(start_of_a_task_that_is_dying_is_not_reported),
	KUNIT_CASE(range_that_a_dying_task_forgets_is_reported),
	KUNIT_CASE(range_left_behind_is_reported_once),
	KUNIT_CASE(return_to_user_space_in_a_section_is_reported),
	KUNIT_CASE(driver_with_many_filters_is_reported_once),
	KUNIT_CASE(callback_that_removes_itself_is_not_reported),
	KUNIT_CASE(subscriptions_left_behind_are_reported),
	KUNIT_CASE(driver_behind_a_filter_is_named),
	KUNIT_CASE(exclusive_callbacks_behind_a_filter_are_named),
	KUNIT_CASE(each_driver_that_removes_twice_is_reported),
	KUNIT_CASE(each_driver_that_inserts_twice_is_reported),
	{}
};

static struct kunit_suite mmu_notifier_debug_suite = {
	.name = "mmu_notifier_debug",
	.init = debug_init,
	.test_cases = mmu_notifier_debug_cases,
};

kunit_test_suite(mmu_notifier_debug_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: CONFIG_DEBUG_MMU_NOTIFIER");
MODULE_LICENSE("GPL");

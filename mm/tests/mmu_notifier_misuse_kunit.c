// SPDX-License-Identifier: GPL-2.0-only
/*
 * Misuse of MMU notifiers, by drivers and by callers that invalidate. Each is
 * reported once, with the name of the ops concerned, and changes nothing else:
 * no count, no list, no wait of others.
 *
 * An implementation that does not check for a mistake may crash in the case, or
 * corrupt memory. Boot it once for each case:
 * kunit.filter_glob=mmu_notifier_misuse.CASE.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

/*
 * Expect one report since mn_reports_begin(), with @name unless that is NULL.
 * Without a report, something is corrupted, and nothing is safe to undo.
 */
static void reported(struct kunit *test, const char *name)
{
	struct mn_ctx *ctx = test->priv;
	unsigned int reports = mn_reports_end(ctx);

	KUNIT_EXPECT_EQ(test, reports, 1);
	if (!reports)
		ctx->broken = true;
	if (!name || !IS_ENABLED(CONFIG_KALLSYMS_ALL))
		return;
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), name),
				  "%s is not named", name);
}

/* If that is debugged, the end of the copy has been reported instead. */
static void end_after_a_copy_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	if (mn_is_debugged())
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 0);
	else
		reported(test, NULL);
}

static int mm_count(struct mn_ctx *ctx)
{
	return atomic_read(&ctx->mm->mm_count);
}

/* Nothing is active: a reader returns at once, but waits for a new range. */
static void expect_order(struct mn_ctx *ctx, struct mn_interval *interval)
{
	struct kunit *test = ctx->test;
	struct mmu_notifier_range *range;
	struct mn_call *read;

	read = mn_spawn_read(interval);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	range = mn_range(ctx, interval->sub.interval_tree.start >> PAGE_SHIFT,
			 1);
	read = mn_spawn_start(ctx, range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

/*
 * Intervals
 */

static void interval_is_removed_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *b = mn_insert(ctx, 'b', 5, 10);
	struct mn_interval *c = mn_insert(ctx, 'c', 0, 5);
	int count;

	mn_remove(a);
	count = mm_count(ctx);
	mn_reports_begin(ctx);
	mn_remove(a);
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	/* Drivers look at ->mm after the removal. */
	KUNIT_EXPECT_PTR_EQ(test, a->sub.mm, ctx->mm);

	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->calls, 0);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	KUNIT_EXPECT_EQ(test, c->calls, 1);
	expect_order(ctx, b);
}

/* The second removal comes late: the mm at ->mm is gone. */
static void interval_is_removed_again_after_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mm_struct *gone = mn_alloc(ctx, sizeof(*gone));

	memset(gone, 0xa5, sizeof(*gone));
	mn_remove(interval);
	interval->sub.mm = gone;
	mn_reports_begin(ctx);
	mn_remove(interval);
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_NULL(test, memchr_inv(gone, 0xa5, sizeof(*gone)));
}

static void interval_is_removed_by_two_threads(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *other = mn_insert(ctx, 'b', 0, 10);
	struct mn_call *first, *second;
	struct mmu_notifier_range *range;
	int count;

	range = mn_start(ctx, 0, 10);
	first = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	count = mm_count(ctx);
	mn_reports_begin(ctx);
	second = mn_spawn_remove(interval);
	/* The second removal may wait for the first, or not. */
	mn_sleeps(second);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(first));
	KUNIT_ASSERT_TRUE(test, mn_returns(second));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);

	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 2);
	expect_order(ctx, other);
}

static int insert_again(struct mn_interval *interval, bool locked,
			unsigned long page)
{
	struct mm_struct *mm = interval->ctx->mm;

	if (!locked)
		return mn_try_insert(interval, mm, MN_ADDR(page), MN_ADDR(10));
	return mn_try_insert_locked(interval, mm, MN_ADDR(page), MN_ADDR(10));
}

static void insert_twice(struct kunit *test, bool locked, unsigned long page)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *other = mn_insert(ctx, 'b', 0, 100);
	int count = mm_count(ctx);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, insert_again(interval, locked, page));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	KUNIT_EXPECT_PTR_EQ(test, interval->sub.mm, ctx->mm);

	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_invalidate(ctx, 20, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 2);
	expect_order(ctx, interval);
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	mn_invalidate(ctx, 0, 100);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void interval_is_inserted_twice(struct kunit *test)
{
	insert_twice(test, false, 0);
}

static void interval_is_inserted_twice_under_the_mmap_lock(struct kunit *test)
{
	insert_twice(test, true, 0);
}

static void interval_is_inserted_again_elsewhere(struct kunit *test)
{
	insert_twice(test, false, 20);
}

static void interval_is_inserted_while_its_removal_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *remove;
	int count;

	range = mn_start(ctx, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	count = mm_count(ctx);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, insert_again(interval, false, 20));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);

	mn_invalidate(ctx, 0, 30);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_ASSERT_EQ(test, 0, insert_again(interval, false, 20));
	mn_invalidate(ctx, 0, 30);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	expect_order(ctx, interval);
}

static void interval_that_was_not_inserted_is_read(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	struct mn_call *read;

	KUNIT_ASSERT_EQ(test, -EOVERFLOW,
			mn_try_insert(interval, ctx->mm, 0, 0));
	/* Another suite checks that a failed insertion sets ->mm to NULL. */
	interval->sub.mm = NULL;
	mn_reports_begin(ctx);
	read = mn_spawn_read(interval);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	/* A report cannot name the ops: ->ops is not set yet. */
	reported(test, NULL);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, read->ret));
}

/*
 * Subscriptions to the whole mm
 */

/* Start the range in a thread, so that a hang does not block the case. */
static void start_and_end(struct mn_ctx *ctx)
{
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);

	KUNIT_ASSERT_TRUE(ctx->test, mn_returns(mn_spawn_start(ctx, range)));
	mn_end(range);
}

struct misuse_unregistration {
	struct mmu_notifier *notifier;
	struct mm_struct *mm;
};

static void call_unregister(struct mn_call *call)
{
	struct misuse_unregistration *arg = call->arg;

	mmu_notifier_unregister(arg->notifier, arg->mm);
}

static struct mn_call *spawn_unregister(struct mn_sub *sub, struct mm_struct *mm)
{
	struct misuse_unregistration *arg = mn_alloc(sub->ctx, sizeof(*arg));

	arg->notifier = &sub->notifier;
	arg->mm = mm;
	list_del_init(&sub->node);
	return mn_spawn(sub->ctx, "mmu_notifier_unregister", arg,
			call_unregister, -1);
}

static void unregister(struct mn_sub *sub, struct mm_struct *mm)
{
	KUNIT_ASSERT_TRUE(sub->ctx->test, mn_returns(spawn_unregister(sub, mm)));
}

static void notifier_is_registered_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *before = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *twice = mn_register(ctx, 'b', &mn_range_ops);
	struct mn_sub *after = mn_register(ctx, 'c', &mn_range_ops);
	int count = mm_count(ctx);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, mn_try_register(twice, ctx->mm));
	reported(test, "mn_range_ops");
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, mn_try_register_locked(twice, ctx->mm));
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);

	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, before->starts, 1);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
	KUNIT_EXPECT_EQ(test, twice->ends, 1);
	KUNIT_EXPECT_EQ(test, after->starts, 1);
	mn_unregister(twice);
	KUNIT_EXPECT_EQ(test, twice->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, before->starts, 2);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
	KUNIT_EXPECT_EQ(test, after->starts, 2);
}

static void register_with_another_mm(struct kunit *test, bool has_notifiers)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *before = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *sub = mn_register(ctx, 'b', &mn_range_ops);
	struct mn_sub *theirs = mn_sub(ctx, 'c', &mn_range_ops);
	struct mm_struct *other = mn_other_mm(ctx);
	int count = mm_count(ctx), other_count;

	if (has_notifiers)
		KUNIT_ASSERT_EQ(test, 0, mn_try_register(theirs, other));
	other_count = atomic_read(&other->mm_count);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, mn_try_register(sub, other));
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->mm_count), other_count);

	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, before->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
	KUNIT_EXPECT_EQ(test, theirs->starts, 0);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_PTR_EQ(test, sub->release_mm, ctx->mm);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	/* After unregistration, @sub can be registered with the other mm. */
	KUNIT_EXPECT_EQ(test, 0, mn_try_register(sub, other));
}

static void notifier_is_registered_with_another_mm(struct kunit *test)
{
	register_with_another_mm(test, false);
}

static void notifier_is_registered_with_an_mm_with_others(struct kunit *test)
{
	register_with_another_mm(test, true);
}

/* A pending signal would have failed the second registration anyway. */
static void
notifier_stays_registered_if_registering_it_elsewhere_fails(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	int count = mm_count(ctx), err;

	/* An mm with a VMA: without one there are no locks to take. */
	mn_map(ctx, PAGE_SIZE);
	KUNIT_ASSERT_PTR_NE(test, current->mm, ctx->mm);
	mn_reports_begin(ctx);
	set_thread_flag(TIF_SIGPENDING);
	err = mn_try_register(sub, current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	mn_reports_end(ctx);
	KUNIT_ASSERT_LT(test, err, 0);

	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
	mn_reports_begin(ctx);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 0);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
}

static void notifier_is_unregistered_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *twice = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *other = mn_register(ctx, 'b', &mn_range_ops);
	int count;

	mn_unregister(twice);
	count = mm_count(ctx);
	mn_reports_begin(ctx);
	unregister(twice, ctx->mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	KUNIT_EXPECT_EQ(test, twice->releases, 1);
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, twice->starts, 0);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	mn_unregister(other);

	/* @twice can be registered again. */
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(twice, ctx->mm));
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
}

/* Either caller may free @sub: the second waits until the first is done. */
static void notifier_is_unregistered_by_two_threads(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	struct mn_call *first, *second, *start;
	int count;

	/* The mm stays, even if it is dropped once too often. */
	mn_pin(ctx, ctx->mm);
	count = mm_count(ctx);
	sub->gate = mn_gate(ctx);
	sub->release_gate = mn_gate(ctx);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, sub->gate);
	first = spawn_unregister(sub, ctx->mm);
	mn_gate_entered(ctx, sub->release_gate);
	mn_reports_begin(ctx);
	second = spawn_unregister(sub, ctx->mm);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(second));
	mn_gate_open(sub->release_gate);
	/* A callback still runs. */
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(second));
	mn_gate_open(sub->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(first));
	KUNIT_ASSERT_TRUE(test, mn_returns(second));
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	if (mm_count(ctx) != count - 1)
		ctx->broken = true;
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
}

static void call_register(struct mn_call *call)
{
	struct mn_sub *sub = call->arg;

	call->ret = mmu_notifier_register(&sub->notifier, call->ctx->mm);
}

/* @sub is off the list, but a range is in its callback and walks on from it. */
static void
notifier_is_registered_while_its_unregistration_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *other = mn_register(ctx, 'b', &mn_range_ops);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	struct mn_call *start, *first, *second;
	int count = mm_count(ctx);

	sub->gate = mn_gate(ctx);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, sub->gate);
	first = mn_spawn_unregister(sub);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	mn_reports_begin(ctx);
	second = mn_spawn(ctx, "mmu_notifier_register", sub,
			  call_register, -1);
	/* The registration may wait for the callback, too. */
	mn_sleeps(second);
	mn_gate_open(sub->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(first));
	KUNIT_ASSERT_TRUE(test, mn_returns(second));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_EQ(test, -EEXIST, mn_registered(sub, second->ret));
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	KUNIT_EXPECT_EQ(test, other->ends, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);

	/* Now @sub can be registered. */
	if (second->ret)
		KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, ctx->mm));
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 2);
}

/* Neither call waits for ->release() of @other, which may wait for them. */
static void
notifier_is_unregistered_by_two_threads_beside_another(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *other = mn_register(ctx, 'b', &mn_range_ops);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	struct mn_call *start, *first, *second, *third;

	/* The mm stays, even if it is dropped once too often. */
	mn_pin(ctx, ctx->mm);
	sub->gate = mn_gate(ctx);
	other->release_gate = mn_gate(ctx);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, sub->gate);
	first = spawn_unregister(sub, ctx->mm);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	mn_reports_begin(ctx);
	second = spawn_unregister(sub, ctx->mm);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(second));
	third = mn_spawn_unregister(other);
	mn_gate_entered(ctx, other->release_gate);
	mn_gate_open(sub->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(first));
	KUNIT_EXPECT_TRUE(test, mn_returns(second));
	mn_gate_open(other->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(third));
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

/* The first unregistration is right: ->release() has run already. */
static void notifier_is_unregistered_twice_after_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	int count;

	/* The mm stays, even if it is dropped once too often. */
	mn_pin(ctx, mm);
	mn_release_mm(ctx);
	mn_unregister(sub);
	count = atomic_read(&mm->mm_count);
	mn_reports_begin(ctx);
	unregister(sub, mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

/* The mm structure leaks, and nothing else goes wrong. */
static void notifier_is_freed_after_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	struct mm_struct *other = mn_other_mm(ctx);

	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	list_del_init(&sub->node);
	/* Its memory has another use now. */
	memset(&sub->notifier, 0x5a, sizeof(sub->notifier));
	sub->notifier.ops = &mn_range_ops;
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0, mn_try_register(sub, other));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 0);
	mmdrop(mm);
}

static void notifier_that_was_not_registered_is_unregistered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *other = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *sub = mn_sub(ctx, 'b', &mn_range_ops);
	int count = mm_count(ctx);

	mn_reports_begin(ctx);
	unregister(sub, ctx->mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	KUNIT_EXPECT_EQ(test, sub->releases, 0);
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
}

/*
 * A driver does this if its file is inherited and it passes current->mm instead
 * of the mm that it registered with.
 */
static void unregister_from_another_mm(struct kunit *test, bool has_notifiers)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *theirs = mn_sub(ctx, 'b', &mn_range_ops);
	struct mm_struct *other = mn_other_mm(ctx);
	int count = mm_count(ctx), other_count;

	/* The other mm stays, even if it is dropped once too often. */
	mn_pin(ctx, other);
	if (has_notifiers)
		KUNIT_ASSERT_EQ(test, 0, mn_try_register(theirs, other));
	other_count = atomic_read(&other->mm_count);

	mn_reports_begin(ctx);
	unregister(sub, other);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, atomic_read(&other->mm_count), other_count);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_PTR_EQ(test, sub->release_mm, ctx->mm);
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);

	if (ctx->broken)
		return;
	mn_release_other_mm(ctx);
	KUNIT_EXPECT_EQ(test, theirs->releases, has_notifiers);
}

/* Only ->ops of the notifier is initialised. */
static void
notifier_whose_registration_failed_is_unregistered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', NULL);
	int err;

	/* An mm with a VMA: without one there are no locks to take. */
	mn_map(ctx, PAGE_SIZE);
	memset(&sub->notifier, 0x5a, sizeof(sub->notifier));
	sub->notifier.ops = &mn_range_ops;
	set_thread_flag(TIF_SIGPENDING);
	err = mn_try_register(sub, current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_ASSERT_EQ(test, err, -EINTR);
	mn_reports_begin(ctx);
	unregister(sub, current->mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, sub->releases, 0);
}

static void notifier_is_unregistered_from_another_mm(struct kunit *test)
{
	unregister_from_another_mm(test, false);
}

static void notifier_is_unregistered_from_an_mm_with_others(struct kunit *test)
{
	unregister_from_another_mm(test, true);
}

static struct mn_sub *misuse_sub;
static unsigned int misuse_freed;

static struct mmu_notifier *misuse_alloc(struct mm_struct *mm)
{
	return &misuse_sub->notifier;
}

/* Do not free the notifier: the case goes on to use it. */
static void misuse_free(struct mmu_notifier *notifier)
{
	WRITE_ONCE(misuse_freed, misuse_freed + 1);
}

static const struct mmu_notifier_ops misuse_get_ops = {
	.alloc_notifier = misuse_alloc,
	.free_notifier = misuse_free,
};

static void notifier_is_put_once_too_often(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier *notifier;
	int count = mm_count(ctx);
	int i;

	misuse_freed = 0;
	misuse_sub = mn_sub(ctx, 'a', NULL);
	notifier = mmu_notifier_get(&misuse_get_ops, ctx->mm);
	mn_put(mn_got(ctx, notifier));
	/* The first excess put may precede the free, the second follows it. */
	for (i = 0; i < 2; i++) {
		mn_reports_begin(ctx);
		mmu_notifier_put(notifier);
		reported(test, "misuse_get_ops");
		mmu_notifier_synchronize();
		KUNIT_EXPECT_EQ(test, misuse_freed, 1);
		KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	}
	mn_invalidate(ctx, 0, 1);
}

/* As an object that a driver has once for all processes. */
static void notifier_is_got_for_another_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *other = mn_other_mm(ctx);
	int count = mm_count(ctx), other_count = atomic_read(&other->mm_count);
	struct mmu_notifier *again;
	struct mn_sub *sub;

	misuse_freed = 0;
	misuse_sub = mn_sub(ctx, 'a', NULL);
	sub = mn_got(ctx, mmu_notifier_get(&misuse_get_ops, ctx->mm));
	mn_reports_begin(ctx);
	again = mmu_notifier_get(&misuse_get_ops, other);
	ctx->broken = again != ERR_PTR(-EEXIST);
	KUNIT_ASSERT_FALSE(test, ctx->broken);
	reported(test, "misuse_get_ops");
	KUNIT_EXPECT_EQ(test, misuse_freed, 0);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&other->mm_count), other_count);
	mn_put(sub);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, misuse_freed, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
}

static void misuse_keep(struct mmu_notifier *notifier)
{
}

static const struct mmu_notifier_ops misuse_put_ops = {
	.free_notifier = misuse_keep,
};

/* The memory of the notifier is still there. */
static void notifier_is_put_after_its_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &misuse_put_ops);

	mn_unregister(sub);
	mn_release_mm(ctx);
	mn_reports_begin(ctx);
	mmu_notifier_put(&sub->notifier);
	reported(test, "misuse_put_ops");
}

/* Catch an unregistration that looks at the notifier after the free. */
static void misuse_spoil(struct mmu_notifier *notifier)
{
	WRITE_ONCE(notifier->ops, NULL);
}

static void misuse_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	mmu_notifier_put(notifier);
}

static const struct mmu_notifier_ops misuse_released_ops = {
	.release = misuse_release,
	.free_notifier = misuse_spoil,
};

static void
notifier_is_put_in_the_release_of_its_unregistration(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &misuse_released_ops);
	int count;

	/* The mm stays, even if it is dropped once too often. */
	mn_pin(ctx, ctx->mm);
	count = mm_count(ctx);
	mn_reports_begin(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(mn_spawn_unregister(sub)));
	mmu_notifier_synchronize();
	reported(test, "misuse_released_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
	if (mm_count(ctx) != count - 1)
		ctx->broken = true;
}

static void misuse_release_slowly(struct mmu_notifier *notifier,
				  struct mm_struct *mm)
{
	mn_gate_pass(container_of(notifier, struct mn_sub,
				  notifier)->release_gate);
}

static const struct mmu_notifier_ops misuse_slow_ops = {
	.release = misuse_release_slowly,
	.alloc_notifier = misuse_alloc,
	.free_notifier = misuse_free,
};

/* Unregister @sub; its ->release() blocks until the gate opens. */
static struct mn_call *unregister_slowly(struct mn_sub *sub)
{
	struct mn_ctx *ctx = sub->ctx;
	struct mn_call *call;

	misuse_freed = 0;
	misuse_sub = sub;
	sub->release_gate = mn_gate(ctx);
	mn_got(ctx, mmu_notifier_get(&misuse_slow_ops, ctx->mm));
	/* The mm stays, even if it is dropped once too often. */
	mn_pin(ctx, ctx->mm);
	call = spawn_unregister(sub, ctx->mm);
	mn_gate_entered(ctx, sub->release_gate);
	return call;
}

static void notifier_is_put_while_it_is_unregistered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', NULL);
	int count = mm_count(ctx);
	struct mn_call *call = unregister_slowly(sub);

	mn_reports_begin(ctx);
	mmu_notifier_put(&sub->notifier);
	reported(test, "misuse_slow_ops");
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, misuse_freed, 0);
	/* One more is the reference of mn_pin(). */
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count + 1);
	if (mm_count(ctx) != count + 1)
		ctx->broken = true;
}

/* A get allocates a new notifier, and a put frees that, not the old one. */
static void notifier_is_got_while_it_is_unregistered(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', NULL);
	struct mn_sub *other = mn_sub(ctx, 'b', NULL);
	int count = mm_count(ctx);
	struct mn_call *call = unregister_slowly(sub);
	struct mmu_notifier *notifier;

	misuse_sub = other;
	notifier = mmu_notifier_get(&misuse_slow_ops, ctx->mm);
	KUNIT_EXPECT_PTR_EQ(test, notifier, &other->notifier);
	mmu_notifier_put(notifier);
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, misuse_freed, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count + 1);
	if (mm_count(ctx) != count + 1)
		ctx->broken = true;
}

static void notifier_that_cannot_be_freed_is_put(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	int count = mm_count(ctx);

	mn_reports_begin(ctx);
	mmu_notifier_put(&sub->notifier);
	mmu_notifier_synchronize();
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count);
	start_and_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
	KUNIT_EXPECT_EQ(test, sub->releases, 0);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(ctx), count - 1);
}

/*
 * Callers that invalidate
 */

/* Hangs if a range is still in its SRCU section. */
static void expect_no_section(struct mn_sub *sub)
{
	mn_unregister(sub);
}

static void start_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read;

	mn_register(ctx, 'l', &mn_range_ops);
	range = mn_start(ctx, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_reports_begin(ctx);
	mn_start_range(range);
	reported(test, NULL);
	KUNIT_EXPECT_STREQ(test, ctx->log, "il");
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_EXPECT_STREQ(test, ctx->log, "ilL");
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	expect_order(ctx, interval);
}

static void range_is_started_twice(struct kunit *test)
{
	start_twice(test);
}

/* The same, with more ranges than an implementation may track one by one. */
static void range_is_started_twice_in_a_crowd(struct kunit *test)
{
	mn_crowd(test->priv, MN_CROWD);
	start_twice(test);
}

/* Without intervals, an implementation need not track active ranges. */
static void range_is_started_twice_without_intervals(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 10);

	mn_reports_begin(ctx);
	mn_start_range(range);
	reported(test, NULL);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
	KUNIT_EXPECT_GT(test, sub->starts, 0);
	expect_no_section(sub);
}

static void range_is_started_twice_without_subscriptions(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'n', &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	mn_unregister(mn_register(ctx, 'l', &mn_range_ops));
	range = mn_start(ctx, 0, 10);
	mn_reports_begin(ctx);
	mn_start_range(range);
	mn_reports_end(ctx);
	mn_end(range);
	call = mn_spawn(ctx, "mmu_notifier_register", sub, call_register, -1);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_ASSERT_EQ(test, 0, mn_registered(sub, call->ret));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "nN");
}

/* The second end does nothing. */
static void range_is_ended_twice_without_intervals(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 10);

	mn_end(range);
	mn_reports_begin(ctx);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	KUNIT_EXPECT_STREQ(test, ctx->log, "lL");
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "lLlL");
	expect_no_section(sub);
}

static void copy_of_a_range_is_ended_in_its_place(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *copy = mn_range(ctx, 0, 10);
	struct mmu_notifier_range range = *copy;

	mmu_notifier_invalidate_range_start(&range);
	*copy = range;
	mn_reports_begin(ctx);
	mn_end(copy);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	KUNIT_EXPECT_STREQ(test, ctx->log, "lL");
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "lLlL");
	expect_no_section(sub);
}

/*
 * An unstarted range is not reported: its mm may have had no intervals. Unless that is
 * debugged.
 */
static void end_what_is_not_active(struct mn_ctx *ctx,
				   struct mmu_notifier_range *range,
				   unsigned int reports)
{
	struct kunit *test = ctx->test;
	struct mn_interval *interval = mn_insert(ctx, 0, 20, 10);
	struct mmu_notifier_range *active;
	struct mn_call *read[2];

	active = mn_start(ctx, 20, 1);
	read[0] = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[0]));
	mn_reports_begin(ctx);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), reports);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[0]));
	read[1] = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[1]));
	mn_end(active);
	KUNIT_ASSERT_TRUE(test, mn_returns(read[0]));
	KUNIT_ASSERT_TRUE(test, mn_returns(read[1]));
	expect_order(ctx, interval);
	mn_remove(interval);
}

static void range_is_ended_that_was_not_started(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;

	range = mn_range(ctx, 20, 1);
	end_what_is_not_active(ctx, range, mn_is_debugged());
}

static void range_filled_in_by_hand_is_ended_only(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;

	range = mn_range_by_hand(ctx, 20, 1);
	end_what_is_not_active(ctx, range, 1);
}

static void range_is_ended_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub;
	struct mmu_notifier_range *range;

	mn_prepare(ctx);
	sub = mn_register(ctx, 'l', &mn_range_ops);
	range = mn_start(ctx, 20, 1);
	mn_end(range);
	end_what_is_not_active(ctx, range, 1);
	/* The other range called @sub as well. */
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
}

static void range_that_was_refused_is_ended(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mmu_notifier_range *range;

	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 1));
	end_what_is_not_active(ctx, range, 1);
}

static void copy_of_a_range_is_ended(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_interval *other = mn_insert(ctx, 0, 20, 10);
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range, *active;
	struct mn_call *read, *others[2];

	range = mn_start(ctx, 0, 1);
	active = mn_start(ctx, 20, 1);
	read = mn_spawn_read(interval);
	others[0] = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[0]));
	mn_reports_begin(ctx);
	mn_end(mn_copy(ctx, range));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	KUNIT_ASSERT_TRUE(test, mn_returns(read));

	/* The copy has ended the range; now end the range itself. */
	mn_reports_begin(ctx);
	mn_end(range);
	end_after_a_copy_is_reported(test);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[0]));
	others[1] = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[1]));
	mn_end(active);
	KUNIT_ASSERT_TRUE(test, mn_returns(others[0]));
	KUNIT_ASSERT_TRUE(test, mn_returns(others[1]));
	expect_order(ctx, interval);
	expect_order(ctx, other);
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
}

/* Other ranges are not affected. This may not be a mistake at all. */
static void copy_of_a_range_is_started_elsewhere(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *other = mn_insert(ctx, 'b', 0, 30);
	struct mmu_notifier_range *range, *copy;
	struct mn_call *read;
	int i;

	for (i = 0; i < 3; i++) {
		range = mn_start(ctx, 5, 2);
		copy = mn_copy(ctx, range);
		copy->start = MN_ADDR(i == 1 ? 5 : 20);
		copy->end = MN_ADDR(i == 2 ? 7 : 21);
		if (i == 2)
			copy->start = MN_ADDR(4);
		mn_reports_begin(ctx);
		mn_start_range(copy);
		mn_reports_end(ctx);
		KUNIT_EXPECT_EQ(test, other->calls, 2 * i + 2);
		mn_end(range);
		read = mn_spawn_read(other);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(copy);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
	}
	expect_order(ctx, interval);
}

/* Start the range itself again, without an end in between. */
static void start_again_elsewhere(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *other = mn_insert(ctx, 'b', 20, 10);
	struct mmu_notifier_range *range, *first;
	struct mn_call *read;

	range = mn_start(ctx, 0, 1);
	first = mn_copy(ctx, range);
	mn_started(first);
	range->start = MN_ADDR(20);
	range->end = MN_ADDR(21);
	mn_reports_begin(ctx);
	mn_start_range(range);
	mn_reports_end(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 1);
	read = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	/* What has the first addresses was copied. */
	mn_reports_begin(ctx);
	mn_end(first);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	expect_order(ctx, interval);
	expect_order(ctx, other);
}

static void copy_of_a_range_is_started_without_intervals(struct kunit *test)
{
	static const unsigned int pages[][2] = {
		{ 20, 21 }, { 5, 21 }, { 4, 7 }, { 4, 8 }, { 5, 7 },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range, *copy;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		range = mn_start(ctx, 5, 2);
		copy = mn_copy(ctx, range);
		copy->start = MN_ADDR(pages[i][0]);
		copy->end = MN_ADDR(pages[i][1]);
		/* With the debug option, if it has the same addresses. */
		mn_reports_begin(ctx);
		mn_start_range(copy);
		mn_reports_end(ctx);
		KUNIT_EXPECT_EQ(test, sub->starts, 2 * i + 2);
		KUNIT_EXPECT_EQ(test, sub->seen_start.start, copy->start);
		KUNIT_EXPECT_EQ(test, sub->seen_start.end, copy->end);
		mn_end(range);
		mn_end(copy);
		KUNIT_EXPECT_EQ(test, sub->ends, 2 * i + 2);
	}
	expect_no_section(sub);
}

/* No end comes for the first addresses of the range. */
static void range_is_started_again_elsewhere_without_intervals(struct kunit *test)
{
	static const unsigned int pages[][2] = {
		{ 20, 21 }, { 5, 21 }, { 4, 7 }, { 4, 8 }, { 5, 8 },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mmu_notifier_range *range;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		range = mn_start(ctx, 5, 2);
		range->start = MN_ADDR(pages[i][0]);
		range->end = MN_ADDR(pages[i][1]);
		mn_reports_begin(ctx);
		mn_start_range(range);
		mn_reports_end(ctx);
		KUNIT_EXPECT_EQ(test, sub->starts, 2 * i + 2);
		KUNIT_EXPECT_EQ(test, sub->seen_start.start, range->start);
		KUNIT_EXPECT_EQ(test, sub->seen_start.end, range->end);
		mn_end(range);
	}
	expect_no_section(sub);
}

static void range_is_started_again_elsewhere(struct kunit *test)
{
	start_again_elsewhere(test);
}

static void range_is_started_again_elsewhere_in_a_crowd(struct kunit *test)
{
	mn_crowd(test->priv, MN_CROWD);
	start_again_elsewhere(test);
}

/* The sequences of both mms may be equal. */
static void copy_of_a_range_is_ended_in_another_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *other = mn_other_mm(ctx);
	struct mn_interval *theirs = mn_interval(ctx, 'b');
	struct mmu_notifier_range *range, *copy, *active;
	struct mn_call *read;

	mn_insert(ctx, 'a', 0, 10);
	range = mn_start(ctx, 0, 1);
	KUNIT_ASSERT_EQ(test, 0, mn_try_insert(theirs, other, 0, MN_ADDR(10)));
	active = mn_range(ctx, 0, 1);
	active->mm = other;
	mn_start_range(active);
	read = mn_spawn_read(theirs);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	copy = mn_copy(ctx, range);
	copy->mm = other;
	mn_reports_begin(ctx);
	mn_end(copy);
	mn_reports_end(ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(active);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

/* Nothing else is active, but a varying number of ranges came in between. */
static void range_is_ended_long_after_its_copy(struct kunit *test)
{
	static const unsigned int others[] = { 0, 1, 31, 32, 63, 64, 200 };
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mmu_notifier_range *range;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		range = mn_start(ctx, 0, 1);
		mn_reports_begin(ctx);
		mn_end(mn_copy(ctx, range));
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
		for (j = 0; j < others[i]; j++)
			mn_invalidate(ctx, 0, 1);
		mn_reports_begin(ctx);
		mn_end(range);
		end_after_a_copy_is_reported(test);
		expect_order(ctx, interval);
	}
}

/* A range that has taken the place of the ended one stays active. */
static void range_is_ended_among_others_after_its_copy(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range **others = mn_alloc(ctx, 200 *
						      sizeof(*others));
	struct mmu_notifier_range *range;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_call *read;
	int i;

	range = mn_start(ctx, 0, 1);
	mn_reports_begin(ctx);
	mn_end(mn_copy(ctx, range));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	for (i = 0; i < 200; i++)
		others[i] = mn_start(ctx, 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_reports_begin(ctx);
	mn_end(range);
	end_after_a_copy_is_reported(test);
	for (i = 0; i < 200; i++) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(others[i]);
	}
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	expect_order(ctx, interval);
}

/* Start a range and lose it. Returns a copy, through which it can be ended. */
static struct mmu_notifier_range *lost_range(struct mn_ctx *ctx)
{
	struct mmu_notifier_range *copy = mn_range(ctx, 0, 1);
	struct mmu_notifier_range *range = kmemdup(copy, sizeof(*copy),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(ctx->test, range);
	mmu_notifier_invalidate_range_start(range);
	*copy = *range;
	mn_started(copy);
	memset(range, 0xa5, sizeof(*range));
	kfree(range);
	return copy;
}

static void range_is_never_ended(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_interval *removed = mn_insert(ctx, 0, 0, 10);
	struct mn_interval *elsewhere = mn_insert(ctx, 0, 20, 10);
	struct mmu_notifier_range *copy = lost_range(ctx);
	struct mn_call *read, *remove;
	int i;

	read = mn_spawn_read(interval);
	remove = mn_spawn_remove(removed);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	/* Nothing else waits for the lost range. */
	for (i = 0; i < 200; i++)
		mn_invalidate(ctx, i, 1);
	expect_order(ctx, elsewhere);
	mn_remove(elsewhere);
	elsewhere = mn_insert(ctx, 0, 30, 10);
	expect_order(ctx, elsewhere);
	mn_remove(elsewhere);
	KUNIT_EXPECT_EQ(test, interval->calls, 11);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	mn_reports_begin(ctx);
	mn_end(copy);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	expect_order(ctx, interval);
}

static void mm_ends_before_a_range(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = ctx->mm;
	struct mn_interval *interval = mn_insert(ctx, 0, 20, 10);
	struct mmu_notifier_range *copy = lost_range(ctx);
	struct mn_call *release;

	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_remove(interval);
	/* Only the case's own reference is left. */
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), 1);
	mn_reports_begin(ctx);
	mn_end(copy);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), mn_is_debugged());
}

static struct kunit_case mmu_notifier_misuse_cases[] = {
	KUNIT_CASE(interval_is_removed_twice),
	KUNIT_CASE(interval_is_removed_again_after_the_mm),
	KUNIT_CASE(interval_is_removed_by_two_threads),
	KUNIT_CASE(interval_is_inserted_twice),
	KUNIT_CASE(interval_is_inserted_twice_under_the_mmap_lock),
	KUNIT_CASE(interval_is_inserted_again_elsewhere),
	KUNIT_CASE(interval_is_inserted_while_its_removal_waits),
	KUNIT_CASE(interval_that_was_not_inserted_is_read),
	KUNIT_CASE(notifier_is_registered_twice),
	KUNIT_CASE(notifier_is_registered_with_another_mm),
	KUNIT_CASE(notifier_is_registered_with_an_mm_with_others),
	KUNIT_CASE(notifier_stays_registered_if_registering_it_elsewhere_fails),
	KUNIT_CASE(notifier_is_unregistered_twice),
	KUNIT_CASE(notifier_is_unregistered_by_two_threads),
	KUNIT_CASE(notifier_is_registered_while_its_unregistration_waits),
	KUNIT_CASE(notifier_is_unregistered_by_two_threads_beside_another),
	KUNIT_CASE(notifier_is_unregistered_twice_after_the_mm),
	KUNIT_CASE(notifier_is_freed_after_the_mm),
	KUNIT_CASE(notifier_that_was_not_registered_is_unregistered),
	KUNIT_CASE(notifier_whose_registration_failed_is_unregistered),
	KUNIT_CASE(notifier_is_unregistered_from_another_mm),
	KUNIT_CASE(notifier_is_unregistered_from_an_mm_with_others),
	KUNIT_CASE(notifier_is_put_once_too_often),
	KUNIT_CASE(notifier_is_got_for_another_mm),
	KUNIT_CASE(notifier_is_put_after_its_mm),
	KUNIT_CASE(notifier_is_put_in_the_release_of_its_unregistration),
	KUNIT_CASE(notifier_is_put_while_it_is_unregistered),
	KUNIT_CASE(notifier_is_got_while_it_is_unregistered),
	KUNIT_CASE(notifier_that_cannot_be_freed_is_put),
	KUNIT_CASE(range_is_started_twice),
	KUNIT_CASE(range_is_started_twice_in_a_crowd),
	KUNIT_CASE(range_is_started_twice_without_intervals),
	KUNIT_CASE(range_is_started_twice_without_subscriptions),
	KUNIT_CASE(range_is_ended_twice_without_intervals),
	KUNIT_CASE(copy_of_a_range_is_ended_in_its_place),
	KUNIT_CASE(range_is_ended_that_was_not_started),
	KUNIT_CASE(range_filled_in_by_hand_is_ended_only),
	KUNIT_CASE(range_is_ended_twice),
	KUNIT_CASE(range_that_was_refused_is_ended),
	KUNIT_CASE(copy_of_a_range_is_ended),
	KUNIT_CASE(copy_of_a_range_is_started_elsewhere),
	KUNIT_CASE(copy_of_a_range_is_started_without_intervals),
	KUNIT_CASE(range_is_started_again_elsewhere),
	KUNIT_CASE(range_is_started_again_elsewhere_without_intervals),
	KUNIT_CASE(range_is_started_again_elsewhere_in_a_crowd),
	KUNIT_CASE(copy_of_a_range_is_ended_in_another_mm),
	KUNIT_CASE(range_is_ended_long_after_its_copy),
	KUNIT_CASE(range_is_ended_among_others_after_its_copy),
	KUNIT_CASE(range_is_never_ended),
	KUNIT_CASE(mm_ends_before_a_range),
	{}
};

static struct kunit_suite mmu_notifier_misuse_suite = {
	.name = "mmu_notifier_misuse",
	.init = mn_init,
	.test_cases = mmu_notifier_misuse_cases,
};

kunit_test_suite(mmu_notifier_misuse_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: what drivers get wrong");
MODULE_LICENSE("GPL");

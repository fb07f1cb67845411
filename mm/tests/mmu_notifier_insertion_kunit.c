// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: insertion, and
 * the preparation of an mm for it.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "mmu_notifier_helpers.h"

/*
 * Insertion
 */

static void empty_and_wrapping_intervals_are_refused(struct kunit *test)
{
	static const struct {
		unsigned long start, length;
	} wrong[] = {
		{ 0, 0 }, { PAGE_SIZE, 0 }, { ULONG_MAX, 0 },
		{ ULONG_MAX, 2 }, { 2, ULONG_MAX }, { PAGE_SIZE, ULONG_MAX },
		{ ULONG_MAX, ULONG_MAX },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		KUNIT_EXPECT_EQ(test, -EOVERFLOW,
				mn_try_insert(interval, ctx->mm, wrong[i].start,
					      wrong[i].length));
		KUNIT_EXPECT_EQ(test, -EOVERFLOW,
				mn_try_insert_locked(interval, ctx->mm,
						     wrong[i].start,
						     wrong[i].length));
	}
	mn_invalidate(ctx, 0, 1000);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

static void failed_insert_leaves_no_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned long addr;
	int count, err;

	/* The first insertion has the mm tracked, which is never undone. */
	mn_remove(mn_insert(ctx, 'b', 0, 1));
	count = atomic_read(&ctx->mm->mm_count);

	interval->sub.mm = ctx->mm;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mn_try_insert(interval, ctx->mm, 0, 0));
	KUNIT_EXPECT_NULL(test, interval->sub.mm);

	interval->sub.mm = ctx->mm;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mn_try_insert_locked(interval, ctx->mm, 0, 0));
	KUNIT_EXPECT_NULL(test, interval->sub.mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);

	/* A first insertion that fails early must not leave ->mm set either. */
	addr = mn_map(ctx, PAGE_SIZE);
	interval->sub.mm = current->mm;
	set_thread_flag(TIF_SIGPENDING);
	err = mn_try_insert(interval, current->mm, addr, PAGE_SIZE);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_NULL(test, interval->sub.mm);
}

static void insert_into_a_dead_mm_is_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mn_prepare(ctx);
	mn_release_mm(ctx);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, mn_try_insert(interval, mm, 0, 1));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static int insert(void *arg)
{
	struct mn_interval *interval = arg;

	return mn_try_insert(interval, interval->ctx->mm, 0, PAGE_SIZE);
}

static int insert_locked(void *arg)
{
	struct mn_interval *interval = arg;

	return mn_try_insert_locked(interval, interval->ctx->mm, 0, PAGE_SIZE);
}

static void fail_allocations_of_insert(struct kunit *test,
				       int (*insert_fn)(void *arg))
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, insert_fn, interval); nth++) {
		KUNIT_EXPECT_NULL(test, interval->sub.mm);
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
	}
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void insert_fails_with_any_of_its_allocations(struct kunit *test)
{
	fail_allocations_of_insert(test, insert);
}

static void insert_locked_fails_with_any_of_its_allocations(struct kunit *test)
{
	fail_allocations_of_insert(test, insert_locked);
}

static void insert_gives_up_on_a_signal(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned long addr;
	int err, err_locked;

	addr = mn_map(ctx, PAGE_SIZE);
	set_thread_flag(TIF_SIGPENDING);
	err = mn_try_insert(interval, current->mm, addr, PAGE_SIZE);
	err_locked = mn_try_insert_locked(interval, current->mm, addr, PAGE_SIZE);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, err_locked, -EINTR);
	KUNIT_EXPECT_NULL(test, interval->sub.mm);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));
}

/* Drivers allocate without zeroing, and copy objects that were in use. */
static void object_need_not_be_initialised(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	struct mn_interval *other = mn_insert(ctx, 'b', 0, 10);
	struct mn_interval *neighbour = mn_insert(ctx, 'c', 0, 10);
	struct mmu_interval_notifier removed;
	struct mn_call *read;
	int i;

	mn_remove(other);
	removed = other->sub;
	for (i = 0; i < 6; i++) {
		int err;

		if (i % 3 == 0)
			memset(&interval->sub, 0xa5, sizeof(interval->sub));
		else
			interval->sub = i % 3 == 1 ? removed : neighbour->sub;
		if (i < 3)
			err = mn_try_insert(interval, ctx->mm, 0, 10);
		else
			err = mn_try_insert_locked(interval, ctx->mm, 0, 10);
		KUNIT_ASSERT_EQ(test, err, 0);
		mn_invalidate(ctx, 0, 1);
		KUNIT_EXPECT_EQ(test, interval->calls, i + 1);
		read = mn_spawn_read(interval);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
		mn_remove(interval);
	}
}

static void insert_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_interval(ctx, 'a');
	struct mn_interval *b = mn_interval(ctx, 'b');

	/* Both the first insertion, which tracks the mm, and a later one. */
	KUNIT_EXPECT_EQ(test, 0,
			mn_try_insert_locked(a, ctx->mm, MN_ADDR(1), 1));
	KUNIT_EXPECT_EQ(test, 0,
			mn_try_insert_locked(b, ctx->mm, MN_ADDR(2), 1));
	mn_invalidate(ctx, 1, 2);
	KUNIT_EXPECT_EQ(test, a->calls, 1);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
}

static void insert_locked_needs_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	int err;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	mn_prepare(ctx);
	mn_reports_begin(ctx);
	err = mmu_interval_notifier_insert_locked(&interval->sub, ctx->mm, 0, 1,
						  &mn_interval_ops);
	KUNIT_EXPECT_EQ(test, 0, mn_inserted(interval, err));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static void mn_call_insert(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mn_try_insert(interval, interval->sub.mm, 0, PAGE_SIZE);
}

static void failed_insert_prepares_nothing(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(ctx, 'a');
	struct mn_call *insert;
	struct mn_gate *lock;
	struct mm_struct *mm;
	bool failed;
	int err;

	mn_map(ctx, PAGE_SIZE);
	mm = current->mm;
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, mm));

	/* If the insertion does not allocate, it gives up on the signal. */
	mn_failslab_begin(ctx);
	set_thread_flag(TIF_SIGPENDING);
	mn_fail_allocation(1);
	err = mn_try_insert(interval, mm, 0, PAGE_SIZE);
	failed = mn_allocation_failed();
	KUNIT_EXPECT_EQ(test, err, failed ? -ENOMEM : -EINTR);
	mn_fail_allocation(1);
	err = mmu_notifier_register(NULL, mm);
	failed = mn_allocation_failed();
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, failed ? -ENOMEM : -EINTR);

	/* The first successful insertion still waits for the mmap_lock. */
	interval->sub.mm = mm;
	lock = mn_hold_mmap_lock(ctx, mm);
	insert = mn_spawn(ctx, "mmu_interval_notifier_insert", interval,
			  mn_call_insert, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(insert));
	mn_gate_open(lock);
	KUNIT_ASSERT_TRUE(test, mn_returns(insert));
	KUNIT_EXPECT_EQ(test, insert->ret, 0);
}

static void interval_pins_the_mm_structure(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = ctx->mm;
	int count = atomic_read(&mm->mm_count);
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);

	KUNIT_EXPECT_PTR_EQ(test, interval->sub.mm, mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count + 1);
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
}

/*
 * Preparation: registration without a subscription has the mm tracked, so that
 * insertion need not take the mmap_lock
 */

/* Insert as in a device fault. Another suite checks what lockdep reports. */
static int insert_under_the_mmap_lock_for_reading(struct mn_interval *interval)
{
	struct mm_struct *mm = interval->ctx->mm;
	int err;

	mmap_read_lock(mm);
	lockdep_off();
	err = mn_try_insert(interval, mm, 0, MN_ADDR(10));
	lockdep_on();
	mmap_read_unlock(mm);
	return err;
}

static void prepared_mm_takes_intervals_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	int count = atomic_read(&ctx->mm->mm_count);
	unsigned long seq;

	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, ctx->mm));
	KUNIT_EXPECT_TRUE(test, mm_has_notifiers(ctx->mm));
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);
	mn_invalidate(ctx, 0, 10);

	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);
}

static void preparation_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mmap_write_lock(ctx->mm);
	KUNIT_EXPECT_EQ(test, 0, __mmu_notifier_register(NULL, ctx->mm));
	mmap_write_unlock(ctx->mm);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void preparation_again_changes_nothing(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read;
	int i;

	mn_invalidate(ctx, 0, 1);
	range = mn_start(ctx, 0, 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, 0, mmu_notifier_register(NULL, ctx->mm));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
}

static void preparation_of_an_mm_with_notifiers(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *before = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(ctx, 'i');

	KUNIT_EXPECT_EQ(test, 0, mmu_notifier_register(NULL, ctx->mm));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "lL");
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_unregister(before);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "lLi");
	mn_register(ctx, 'm', &mn_range_ops);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "lLiimM");
}

/* A reader waits for a range that started before the interval was inserted. */
static void prepared_mm_keeps_account_of_invalidations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	struct mmu_notifier_range *range;
	struct mn_call *read;

	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, ctx->mm));
	range = mn_start(ctx, 0, 1);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
}

static int prepare(void *arg)
{
	struct mn_ctx *ctx = arg;

	return mmu_notifier_register(NULL, ctx->mm);
}

static void preparation_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, prepare, ctx); nth++)
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

/* As above, when a subscription has already allocated some of the memory. */
static void later_preparation_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(ctx, 'i');
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, prepare, ctx); nth++) {
		ctx->log_len = 0;
		mn_invalidate(ctx, 0, 1);
		KUNIT_EXPECT_EQ(test, ctx->log_len, 2);
	}
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
}

static void preparation_gives_up_on_a_signal(struct kunit *test)
{
	int err, err_locked;

	mn_map(test->priv, PAGE_SIZE);
	set_thread_flag(TIF_SIGPENDING);
	err = mmu_notifier_register(NULL, current->mm);
	mmap_write_lock(current->mm);
	err_locked = __mmu_notifier_register(NULL, current->mm);
	mmap_write_unlock(current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, err_locked, -EINTR);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));
}

/*
 * Insertion while ranges are active
 */

static void insert_takes_effect_at_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *active, *later;
	struct mn_interval *interval;

	mn_insert(ctx, 'x', 0, 20);
	active = mn_start(ctx, 0, 10);
	interval = mn_insert(ctx, 'a', 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	later = mn_start(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_end(later);
	mn_end(active);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void insert_while_callbacks_run_loses_no_interval(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range = mn_range(ctx, 50, 1);
	struct mn_interval *interval[MN_MANY], *new[3];
	struct mn_call *start;
	int i;

	start = mn_spawn_start_held_up(ctx, range, interval);
	new[0] = mn_insert(ctx, 'a', 0, 100);
	new[1] = mn_insert(ctx, 'b', 10, 100);
	new[2] = mn_insert(ctx, 'c', 45, 100);
	mn_gate_open(interval[MN_HELD_UP_AT]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	for (i = 0; i < MN_MANY; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);

	mn_invalidate(ctx, 50, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_GE(test, new[i]->calls, 1);
}

static void late_callback_does_not_hide_a_later_invalidation(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *first = mn_range(ctx, 50, 1);
	struct mn_interval *interval[MN_MANY], *new;
	struct mn_call *start, *read;

	/* The start of the first range stops midway through its callbacks. */
	start = mn_spawn_start_held_up(ctx, first, interval);

	/* A reader of a new interval begins, a second range starts ... */
	new = mn_insert(ctx, 'n', 45, 100);
	read = mn_spawn_read(new);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(ctx, 140, 1);	/* overlaps no other */

	/* ... and the first goes on. The reader must see the second. */
	mn_gate_open(interval[MN_HELD_UP_AT]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(first);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_retry(new, read->ret));
}

/*
 * The first range calls the interval after the second has started, and ends
 * first. A reader then waits for the second, even after many others have ended.
 */
static void announce_late(struct kunit *test, bool inserted)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[40], *last = NULL;
	struct mmu_notifier_range *first, *second;
	struct mn_call *start, *read;
	int i;

	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(ctx, 0, i, 1);
	interval[5]->gate = mn_gate(ctx);
	if (inserted)
		last = mn_insert(ctx, 0, 100, 10);
	first = mn_range(ctx, 0, 200);
	start = mn_spawn_start(ctx, first);
	mn_gate_entered(ctx, interval[5]->gate);
	second = mn_start(ctx, 105, 1);
	if (!inserted)
		last = mn_insert(ctx, 0, 100, 10);

	mn_gate_open(interval[5]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(first);
	for (i = 0; i < 2 * BITS_PER_LONG; i++)
		mn_invalidate(ctx, 1000, 1);

	read = mn_spawn_read(last);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(second);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(last, read->ret));
}

static void late_callback_does_not_hide_an_active_range(struct kunit *test)
{
	announce_late(test, true);
}

static void late_callback_does_not_hide_what_insertion_found(struct kunit *test)
{
	announce_late(test, false);
}

static struct kunit_case mmu_notifier_insertion_cases[] = {
	KUNIT_CASE(empty_and_wrapping_intervals_are_refused),
	KUNIT_CASE(failed_insert_leaves_no_mm),
	KUNIT_CASE(insert_into_a_dead_mm_is_refused),
	KUNIT_CASE(insert_fails_with_any_of_its_allocations),
	KUNIT_CASE(insert_locked_fails_with_any_of_its_allocations),
	KUNIT_CASE(insert_gives_up_on_a_signal),
	KUNIT_CASE(object_need_not_be_initialised),
	KUNIT_CASE(insert_under_the_mmap_lock),
	KUNIT_CASE(insert_locked_needs_the_mmap_lock),
	KUNIT_CASE(failed_insert_prepares_nothing),
	KUNIT_CASE(interval_pins_the_mm_structure),
	KUNIT_CASE(prepared_mm_takes_intervals_under_the_mmap_lock),
	KUNIT_CASE(preparation_under_the_mmap_lock),
	KUNIT_CASE(preparation_again_changes_nothing),
	KUNIT_CASE(preparation_of_an_mm_with_notifiers),
	KUNIT_CASE(prepared_mm_keeps_account_of_invalidations),
	KUNIT_CASE(preparation_fails_with_any_of_its_allocations),
	KUNIT_CASE(later_preparation_fails_with_any_of_its_allocations),
	KUNIT_CASE(preparation_gives_up_on_a_signal),
	KUNIT_CASE(insert_takes_effect_at_once),
	KUNIT_CASE(insert_while_callbacks_run_loses_no_interval),
	KUNIT_CASE(late_callback_does_not_hide_a_later_invalidation),
	KUNIT_CASE(late_callback_does_not_hide_an_active_range),
	KUNIT_CASE(late_callback_does_not_hide_what_insertion_found),
	{}
};

static struct kunit_suite mmu_notifier_insertion_suite = {
	.name = "mmu_notifier_insertion",
	.init = mn_init,
	.test_cases = mmu_notifier_insertion_cases,
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mmu_notifier_insertion_crowded_cases[] = {
	KUNIT_CASE(insert_takes_effect_at_once),
	KUNIT_CASE(insert_while_callbacks_run_loses_no_interval),
	KUNIT_CASE(late_callback_does_not_hide_a_later_invalidation),
	KUNIT_CASE(late_callback_does_not_hide_an_active_range),
	KUNIT_CASE(late_callback_does_not_hide_what_insertion_found),
	{}
};

static struct kunit_suite mmu_notifier_insertion_crowded_suite = {
	.name = "mmu_notifier_insertion_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_insertion_crowded_cases,
};

kunit_test_suites(&mmu_notifier_insertion_suite,
		  &mmu_notifier_insertion_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: insertion of an interval");
MODULE_LICENSE("GPL");

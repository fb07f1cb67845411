// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers for subscriptions to a whole mm: get and put.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

static unsigned int allocated, freed;
static int alloc_error;
static struct mmu_notifier *free_slowly;
static bool synchronized, alloc_was_locked;

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	struct mn_sub *sub = kzalloc(sizeof(*sub), GFP_KERNEL);

	if (!sub)
		return ERR_PTR(-ENOMEM);
	if (alloc_error) {
		kfree(sub);
		return ERR_PTR(alloc_error);
	}
	INIT_LIST_HEAD(&sub->node);
	sub->ctx = kunit_get_current_test()->priv;
	/* ->alloc_notifier() may sleep. */
	might_sleep();
	alloc_was_locked = rwsem_is_locked(&mm->mmap_lock) &&
			   !mmap_read_trylock(mm);
	allocated++;
	return &sub->notifier;
}

static void free_notifier(struct mmu_notifier *notifier)
{
	int i;

	/* Long enough to catch a caller that does not wait for the free. */
	if (notifier == READ_ONCE(free_slowly))
		for (i = 0; !READ_ONCE(synchronized) && i < 200; i++)
			mdelay(1);
	/* Make a use after free show. */
	memset(notifier, 0xa5, sizeof(*notifier));
	kfree(container_of(notifier, struct mn_sub, notifier));
	WRITE_ONCE(freed, freed + 1);
}

/* As mn_range_ops, but for mmu_notifier_get(). */
static struct mmu_notifier_ops get_ops, other_get_ops;

static int get_and_put_init(struct kunit *test)
{
	allocated = 0;
	freed = 0;
	alloc_error = 0;
	free_slowly = NULL;
	synchronized = false;
	alloc_was_locked = false;
	get_ops = mn_range_ops;
	get_ops.alloc_notifier = alloc_notifier;
	get_ops.free_notifier = free_notifier;
	other_get_ops = get_ops;
	return mn_init(test);
}

static struct mn_sub *get(struct kunit *test,
			  const struct mmu_notifier_ops *ops)
{
	struct mn_ctx *ctx = test->priv;

	return mn_got(ctx, mmu_notifier_get(ops, ctx->mm));
}

static void get_of_the_same_ops_gets_the_same(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);
	struct mn_sub *b = get(test, &get_ops);

	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	KUNIT_EXPECT_PTR_EQ(test, a->notifier.mm, ctx->mm);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->starts, 1);

	mn_put(a);
	mn_put(b);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void get_of_other_ops_gets_another(struct kunit *test)
{
	struct mn_sub *a = get(test, &get_ops);
	struct mn_sub *b = get(test, &other_get_ops);

	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_EQ(test, allocated, 2);
	mn_put(a);
	mn_put(b);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 2);
}

static void get_locked_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier *a, *b;

	mmap_write_lock(ctx->mm);
	a = mmu_notifier_get_locked(&get_ops, ctx->mm);
	b = mmu_notifier_get_locked(&get_ops, ctx->mm);
	mmap_write_unlock(ctx->mm);
	KUNIT_EXPECT_PTR_EQ(test, mn_got(ctx, a), mn_got(ctx, b));
}

static void only_the_last_put_frees(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);

	get(test, &get_ops);
	mn_put(a);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 0);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	mn_put(a);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void put_does_not_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *other = mn_register(ctx, 'o', &mn_range_ops);
	struct mn_gate *gate = mn_gate(ctx);
	struct mn_sub *a = get(test, &get_ops);
	struct mmu_notifier_range *range;
	struct mn_call *start;

	/* Delay the free while we look at @a. */
	other->gate = gate;
	range = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, gate);
	mn_put(a);
	KUNIT_EXPECT_EQ(test, READ_ONCE(freed), 0);
	KUNIT_EXPECT_EQ(test, a->releases, 0);
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	mmu_notifier_synchronize();
}

static void what_was_got_pins_the_mm_structure(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int count = atomic_read(&ctx->mm->mm_count);
	struct mn_sub *a = get(test, &get_ops);

	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count + 1);
	mn_put(a);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);
}

static void get_after_the_last_put_allocates_anew(struct kunit *test)
{
	struct mn_sub *a = get(test, &get_ops);
	struct mn_sub *b;

	mn_put(a);
	b = get(test, &get_ops);
	KUNIT_EXPECT_EQ(test, allocated, 2);
	mn_put(b);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 2);
}

static void get_returns_the_error_of_alloc(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	alloc_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, ctx->mm)));
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
}

static void get_frees_what_it_cannot_register(struct kunit *test)
{
	int err;

	mn_map(test->priv, PAGE_SIZE);
	set_thread_flag(TIF_SIGPENDING);
	err = PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, current->mm));
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static int try_get(void *arg)
{
	struct mn_ctx *ctx = arg;
	struct mmu_notifier *notifier = mmu_notifier_get(&get_ops, ctx->mm);

	if (IS_ERR(notifier))
		return PTR_ERR(notifier);
	mn_got(ctx, notifier);
	return 0;
}

static void get_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, try_get, ctx); nth++) {
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
		KUNIT_EXPECT_EQ(test, freed, allocated);
	}
	/* At least the subscription and the mm's notifier_subscriptions. */
	KUNIT_EXPECT_GE(test, nth - 1, 2);
	KUNIT_EXPECT_EQ(test, allocated, freed + 1);
}

static void get_of_too_many_is_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);
	struct mmu_notifier *notifier;
	unsigned int most;

	a->notifier.users = UINT_MAX;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, ctx->mm)));
	KUNIT_EXPECT_EQ(test, a->notifier.users, UINT_MAX);

	/* The highest count may be somewhat below UINT_MAX. */
	a->notifier.users = UINT_MAX - SZ_16K;
	do
		notifier = mmu_notifier_get(&get_ops, ctx->mm);
	while (notifier == &a->notifier);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, PTR_ERR_OR_ZERO(notifier));
	most = a->notifier.users;
	KUNIT_EXPECT_GT(test, most, UINT_MAX - SZ_16K);
	mn_reports_begin(ctx);
	mmu_notifier_put(&a->notifier);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 0);
	KUNIT_EXPECT_EQ(test, a->notifier.users, most - 1);
	KUNIT_EXPECT_PTR_EQ(test, &a->notifier,
			    mmu_notifier_get(&get_ops, ctx->mm));
	KUNIT_EXPECT_EQ(test, a->notifier.users, most);
	a->notifier.users = 1;
}

static void put_of_what_has_no_users_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);

	a->notifier.users = 0;
	mn_reports_begin(ctx);
	mmu_notifier_put(&a->notifier);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_EQ(test, a->notifier.users, 0);
	a->notifier.users = 1;
	mn_put(a);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void put_is_allowed_in_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);

	a->put_on_release = true;
	mn_release_mm(ctx);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

/* With ->free_notifier(), a registered subscription can also be put. */
static void what_was_registered_can_be_put(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int count = atomic_read(&ctx->mm->mm_count);
	struct mmu_notifier *notifier = alloc_notifier(ctx->mm);
	struct mn_sub *sub;
	int err;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	notifier->ops = &get_ops;
	err = mmu_notifier_register(notifier, ctx->mm);
	if (err)
		free_notifier(notifier);
	KUNIT_ASSERT_EQ(test, err, 0);
	sub = mn_got(ctx, notifier);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);

	/* A get finds the registered one, and each get has its put. */
	KUNIT_EXPECT_PTR_EQ(test, get(test, &get_ops), sub);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	mn_put(sub);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 0);
	mn_put(sub);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);
	mn_invalidate(ctx, 0, 1);
}

static void put_under_a_spinlock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);

	get(test, &get_ops);
	spin_lock(&ctx->lock);
	mn_put(a);
	mn_put(a);
	spin_unlock(&ctx->lock);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

/* From a thread that does not use the mm, after the mm's end. */
static void put_after_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);

	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	mn_put(a);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void alloc_runs_under_the_mmap_lock(struct kunit *test)
{
	get(test, &get_ops);
	KUNIT_EXPECT_TRUE(test, alloc_was_locked);
}

static void put_frees_after_running_callbacks(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);
	struct mn_gate *gate = mn_gate(ctx);
	struct mmu_notifier_range *range;
	struct mn_call *start;

	a->gate = gate;
	range = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, gate);
	mn_put(a);
	/* A callback may sleep: an RCU grace period is not enough. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(freed), 0);
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void call_put(struct mn_call *call)
{
	mn_put(call->arg);
}

static void call_synchronize(struct mn_call *call)
{
	mmu_notifier_synchronize();
	call->ret = READ_ONCE(freed);
	WRITE_ONCE(synchronized, true);
}

/* The put frees the subscription only after its callback has returned. */
static void synchronize_waits_for_callbacks_of_what_was_put(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = get(test, &get_ops);
	struct mn_call *start, *put, *synchronize;
	struct mmu_notifier_range *range;

	a->gate = mn_gate(ctx);
	range = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, a->gate);
	/* Put on the same CPU: see synchronize_waits_for_what_was_put(). */
	put = mn_spawn(ctx, "mmu_notifier_put", a, call_put, 0);
	KUNIT_ASSERT_TRUE(test, mn_returns(put));
	synchronize = mn_spawn(ctx, "mmu_notifier_synchronize", NULL,
			       call_synchronize, 0);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(synchronize));
	mn_gate_open(a->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(synchronize));
	KUNIT_EXPECT_EQ(test, synchronize->ret, 1);
}

/*
 * SRCU runs callbacks on several CPUs, in no order: a put on the last CPU may
 * free only after a later wait for a grace period on the first CPU is over.
 * Stock shows that only with srcutree.convert_to_big=1, on several CPUs.
 */
static void synchronize_waits_for_what_was_put(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *reader = mn_register(ctx, 'r', &mn_range_ops);
	struct mn_sub *first = get(test, &get_ops);
	struct mn_sub *slow = get(test, &other_get_ops);
	struct mn_call *start, *put, *synchronize;
	struct mmu_notifier_range *range;

	/* Hold up the grace period that the first put begins ... */
	reader->gate = mn_gate(ctx);
	range = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, reader->gate);
	mn_put(first);

	/* ... so that the next two calls share the next grace period. */
	WRITE_ONCE(free_slowly, &slow->notifier);
	put = mn_spawn(ctx, "mmu_notifier_put", slow, call_put,
		       num_online_cpus() - 1);
	KUNIT_ASSERT_TRUE(test, mn_returns(put));
	synchronize = mn_spawn(ctx, "mmu_notifier_synchronize", NULL,
			       call_synchronize, 0);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(synchronize));

	mn_gate_open(reader->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(synchronize));
	KUNIT_EXPECT_EQ(test, synchronize->ret, 2);
	while (READ_ONCE(freed) < 2)
		schedule_timeout_uninterruptible(1);
}

static struct kunit_case mmu_notifier_reference_cases[] = {
	KUNIT_CASE(get_of_the_same_ops_gets_the_same),
	KUNIT_CASE(get_of_other_ops_gets_another),
	KUNIT_CASE(get_locked_under_the_mmap_lock),
	KUNIT_CASE(only_the_last_put_frees),
	KUNIT_CASE(put_does_not_release),
	KUNIT_CASE(what_was_got_pins_the_mm_structure),
	KUNIT_CASE(get_after_the_last_put_allocates_anew),
	KUNIT_CASE(get_returns_the_error_of_alloc),
	KUNIT_CASE(get_frees_what_it_cannot_register),
	KUNIT_CASE(get_fails_with_any_of_its_allocations),
	KUNIT_CASE(get_of_too_many_is_refused),
	KUNIT_CASE(put_of_what_has_no_users_is_reported),
	KUNIT_CASE(put_is_allowed_in_release),
	KUNIT_CASE(what_was_registered_can_be_put),
	KUNIT_CASE(put_under_a_spinlock),
	KUNIT_CASE(put_after_the_end_of_the_mm),
	KUNIT_CASE(alloc_runs_under_the_mmap_lock),
	KUNIT_CASE(put_frees_after_running_callbacks),
	KUNIT_CASE(synchronize_waits_for_callbacks_of_what_was_put),
	KUNIT_CASE(synchronize_waits_for_what_was_put),
	{}
};

static struct kunit_suite mmu_notifier_reference_suite = {
	.name = "mmu_notifier_reference",
	.init = get_and_put_init,
	.test_cases = mmu_notifier_reference_cases,
};

kunit_test_suite(mmu_notifier_reference_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: get and put");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of interval notifiers that are called in two passes:
 * invalidate_start() and invalidate_finish().
 */

#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

/* An interval_sub that asks for a second pass, unless @no_finish is set. */
struct mn_two_pass {
	struct mn_interval interval;
	bool no_finish;
	bool finish_given;	/* *finish was not NULL on entry */
	unsigned int starts;
	unsigned int finishes;
	bool finish_may_not_sleep;
	bool finish_sleeps;
};

/* A second pass; allocated in the first pass. */
struct mn_second_pass {
	struct mmu_interval_notifier_finish finish;
	struct mn_two_pass *two_pass;
};

static bool two_pass_start(struct mmu_interval_notifier *sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq,
			   struct mmu_interval_notifier_finish **finish)
{
	struct mn_two_pass *two_pass = container_of(sub, struct mn_two_pass,
						    interval.sub);
	struct mn_second_pass *second = kzalloc(sizeof(*second), GFP_ATOMIC);

	spin_lock(&two_pass->interval.user_lock);
	two_pass->starts++;
	two_pass->finish_given |= !!*finish;
	mn_note(&two_pass->interval.seen, range, seq);
	mmu_interval_set_seq(sub, seq);
	spin_unlock(&two_pass->interval.user_lock);
	mn_log(two_pass->interval.ctx, two_pass->interval.name);
	mn_gate_pass(two_pass->interval.gate);

	if (!second || two_pass->no_finish) {
		kfree(second);
		return true;
	}
	/* The driver sets none of it: the core must set every field. */
	memset(&second->finish, 0xa5, sizeof(second->finish));
	second->two_pass = two_pass;
	*finish = &second->finish;
	/* After a refusal the core must not use *finish. */
	if (two_pass->interval.refuse)
		kfree(second);
	return !two_pass->interval.refuse;
}

static void two_pass_finish(struct mmu_interval_notifier_finish *finish)
{
	struct mn_second_pass *second =
		container_of(finish, struct mn_second_pass, finish);
	struct mn_two_pass *two_pass = second->two_pass;

	if (finish->notifier == &two_pass->interval.sub)
		two_pass->finishes++;
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	two_pass->finish_may_not_sleep = current->non_block_count > 0;
#endif
	mn_log(two_pass->interval.ctx, toupper(two_pass->interval.name));
	if (two_pass->finish_sleeps)
		might_sleep();
	/* Poison @second, to notice a use after free. */
	memset(second, 0xa5, sizeof(*second));
	kfree(second);
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate_start = two_pass_start,
	.invalidate_finish = two_pass_finish,
};

static struct mn_two_pass *two_pass_insert(struct mn_ctx *ctx, char name,
					   unsigned long page,
					   unsigned long pages)
{
	struct mn_two_pass *two_pass = mn_alloc(ctx, sizeof(*two_pass));

	mn_interval_init(ctx, name, &two_pass->interval);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(&two_pass->interval, ctx->mm,
					  MN_ADDR(page), MN_ADDR(pages),
					  &two_pass_ops));
	return two_pass;
}

static void finish_is_called_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	range = mn_start(ctx, 0, 10);
	/* Both passes are over before the page table changes. */
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, a->finishes, 1);
	KUNIT_EXPECT_FALSE(test, a->finish_given);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, a->finishes, 1);
}

static void start_alone_may_complete(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);

	a->no_finish = true;
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, a->finishes, 0);
}

static void finishes_follow_all_starts_in_their_order(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *two_pass[4];
	int i;

	for (i = 0; i < 4; i++)
		two_pass[i] = two_pass_insert(ctx, 'a' + i, i, 100);
	two_pass[1]->no_finish = true;
	mn_invalidate(ctx, 50, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "abcdACD");
}

static void one_and_two_passes_mix(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	two_pass_insert(ctx, 'a', 0, 100);
	mn_insert(ctx, 'b', 1, 100);
	two_pass_insert(ctx, 'c', 2, 100);
	mn_invalidate(ctx, 50, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "abcAC");
}

static bool two_pass_one_pass(struct mmu_interval_notifier *sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	mn_log(container_of(sub, struct mn_interval, sub)->ctx, '1');
	return true;
}

static void two_passes_take_the_place_of_one(struct kunit *test)
{
	static const struct mmu_interval_notifier_ops both_ops = {
		.invalidate = two_pass_one_pass,
		.invalidate_start = two_pass_start,
		.invalidate_finish = two_pass_finish,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);

	mn_remove(&a->interval);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&a->interval, ctx->mm, 0, PAGE_SIZE,
					  &both_ops));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "aA");
}

static void more_finishes_than_one_batch(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *two_pass[50];
	char expected[101];
	int i;

	for (i = 0; i < 50; i++) {
		two_pass[i] = two_pass_insert(ctx, 'a' + i % 26, i, 100);
		expected[i] = 'a' + i % 26;
		expected[50 + i] = 'A' + i % 26;
	}
	expected[100] = 0;
	mn_invalidate(ctx, 60, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, expected);
	for (i = 0; i < 50; i++)
		KUNIT_EXPECT_EQ(test, two_pass[i]->finishes, 1);
}

static void finish_of_the_refuser_is_not_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 100);
	struct mn_two_pass *b = two_pass_insert(ctx, 'b', 1, 100);
	struct mn_two_pass *c = two_pass_insert(ctx, 'c', 2, 100);
	struct mmu_notifier_range *range;

	b->interval.refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 50, 1));
	KUNIT_EXPECT_EQ(test, b->finishes, 0);
	/* @a, called before the refusal, gets its second pass; @c nothing. */
	KUNIT_EXPECT_EQ(test, a->finishes, 1);
	KUNIT_EXPECT_EQ(test, c->starts, 0);
	KUNIT_EXPECT_EQ(test, c->finishes, 0);
}

/* A removal that begins in the first pass, and its state in the second. */
static struct mn_gate *removal_gate;
static struct mn_call *removal;
static bool removal_slept;
static bool removal_went_on;

static void two_pass_call_remove(struct mn_call *call)
{
	struct mn_two_pass *two_pass = call->arg;

	mn_gate_pass(removal_gate);
	WRITE_ONCE(removal, call);
	mmu_interval_notifier_remove(&two_pass->interval.sub);
}

static bool two_pass_start_removal(struct mmu_interval_notifier *sub,
				   const struct mmu_notifier_range *range,
				   unsigned long seq,
				   struct mmu_interval_notifier_finish **finish)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	bool done = two_pass_start(sub, range, seq, finish);
	struct mn_call *call;

	/* Do not sleep here: the removal runs on another CPU. */
	mn_gate_open(removal_gate);
	do {
		cpu_relax();
		call = READ_ONCE(removal);
		removal_slept = call && READ_ONCE(call->task->__state) ==
					TASK_UNINTERRUPTIBLE;
	} while (!removal_slept && time_before(jiffies, timeout));
	return done;
}

static void two_pass_finish_removal(struct mmu_interval_notifier_finish *finish)
{
	removal_went_on = READ_ONCE(removal->task->__state) !=
			  TASK_UNINTERRUPTIBLE;
	two_pass_finish(finish);
}

static void removal_waits_for_the_finish_of_a_refused_start(struct kunit *test)
{
	static const struct mmu_interval_notifier_ops removal_ops = {
		.invalidate_start = two_pass_start_removal,
		.invalidate_finish = two_pass_finish_removal,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a, *b;
	struct mmu_notifier_range *range;
	struct mn_call *remove;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs several CPUs");
	a = two_pass_insert(ctx, 'a', 0, 100);
	b = two_pass_insert(ctx, 'b', 1, 100);
	mn_remove(&a->interval);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&a->interval, ctx->mm, 0,
					  MN_ADDR(100), &removal_ops));
	removal_gate = mn_gate(ctx);
	removal = NULL;
	b->interval.refuse = true;
	list_del_init(&a->interval.node);
	remove = mn_spawn(ctx, "mmu_interval_notifier_remove", a,
			  two_pass_call_remove, -1);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 50, 1));
	KUNIT_EXPECT_EQ(test, a->finishes, 1);
	KUNIT_EXPECT_TRUE(test, removal_slept);
	KUNIT_EXPECT_FALSE(test, removal_went_on);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
}

static void each_invalidation_has_its_own_finish(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *held_up;
	struct mn_gate *gate = mn_gate(ctx);
	struct mn_call *start;

	a->interval.gate = gate;
	held_up = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, held_up);
	mn_gate_entered(ctx, gate);
	a->interval.gate = NULL;
	mn_start(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->starts, 2);
	KUNIT_EXPECT_EQ(test, a->finishes, 1);
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, a->finishes, 2);
}

static void end_of_the_mm_takes_two_passes(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);

	two_pass_insert(ctx, 'b', 5, 10);
	mn_release_mm(ctx);
	KUNIT_EXPECT_STREQ(test, ctx->log, "abAB");
	KUNIT_EXPECT_EQ(test, a->interval.seen.event, MMU_NOTIFY_RELEASE);
}

static void readers_wait_as_for_one_pass(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_two_pass *a = two_pass_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read;
	unsigned long seq;

	seq = mmu_interval_read_begin(&a->interval.sub);
	range = mn_start(ctx, 0, 10);
	KUNIT_EXPECT_TRUE(test, mn_retry(&a->interval, seq));
	read = mn_spawn_read(&a->interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(&a->interval, read->ret));
}

static void nonblocking_passes_may_not_sleep(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_two_pass *a;

	mn_skip_unless_sleep_is_forbidden(test);
	a = two_pass_insert(ctx, 'a', 0, 10);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_FALSE(test, a->finish_may_not_sleep);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 10));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, a->interval.seen.may_not_sleep);
	KUNIT_EXPECT_TRUE(test, a->finish_may_not_sleep);
}

static void sleep_in_a_nonblocking_finish_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_two_pass *a;

	mn_skip_unless_sleep_is_forbidden(test);
	a = two_pass_insert(ctx, 'a', 0, 10);
	a->finish_sleeps = true;
	mn_invalidate(ctx, 0, 1);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(mn_reports_text(),
					   "BUG: sleeping function called"));
}

static void insert_reports_a_missing_finish(struct kunit *test)
{
	static const struct mmu_interval_notifier_ops no_finish_ops = {
		.invalidate_start = two_pass_start,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_interval(ctx, 'a');

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, 0,
			mn_try_insert_ops(a, ctx->mm, 0, 1, &no_finish_ops));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static void insert_locked_reports_a_missing_finish(struct kunit *test)
{
	static const struct mmu_interval_notifier_ops no_finish_ops = {
		.invalidate_start = two_pass_start,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_interval(ctx, 'a');
	int err;

	mn_reports_begin(ctx);
	mmap_write_lock(ctx->mm);
	err = mmu_interval_notifier_insert_locked(&a->sub, ctx->mm, 0, 1,
						  &no_finish_ops);
	mmap_write_unlock(ctx->mm);
	KUNIT_EXPECT_EQ(test, 0, mn_inserted(a, err));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static struct kunit_case mmu_notifier_two_pass_cases[] = {
	KUNIT_CASE(finish_is_called_once),
	KUNIT_CASE(start_alone_may_complete),
	KUNIT_CASE(finishes_follow_all_starts_in_their_order),
	KUNIT_CASE(one_and_two_passes_mix),
	KUNIT_CASE(two_passes_take_the_place_of_one),
	KUNIT_CASE(more_finishes_than_one_batch),
	KUNIT_CASE(finish_of_the_refuser_is_not_called),
	KUNIT_CASE(removal_waits_for_the_finish_of_a_refused_start),
	KUNIT_CASE(each_invalidation_has_its_own_finish),
	KUNIT_CASE(end_of_the_mm_takes_two_passes),
	KUNIT_CASE(readers_wait_as_for_one_pass),
	KUNIT_CASE(nonblocking_passes_may_not_sleep),
	KUNIT_CASE(sleep_in_a_nonblocking_finish_is_reported),
	KUNIT_CASE(insert_reports_a_missing_finish),
	KUNIT_CASE(insert_locked_reports_a_missing_finish),
	{}
};

static struct kunit_suite mmu_notifier_two_pass_suite = {
	.name = "mmu_notifier_two_pass",
	.init = mn_init,
	.test_cases = mmu_notifier_two_pass_cases,
};

kunit_test_suite(mmu_notifier_two_pass_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: invalidation in two passes");
MODULE_LICENSE("GPL");

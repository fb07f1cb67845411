// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults that are injected into MMU notifiers: they happen when asked for, and hold up
 * no loop without end.
 */

#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../mmu_notifier_fail.h"
#include "../mmu_notifier_internal.h"
#include "mmu_notifier_helpers.h"

#ifdef CONFIG_FAIL_MMU_NOTIFIER

/* Any loop should be through by then. */
#define TOO_OFTEN	10000

static struct mn_fail old_fail;

static void restore(void *unused)
{
	mn_fail = old_fail;
	current->make_it_fail = 0;
	current->fail_mmu_notifier = 0;
}

/* Inject each fault that is possible, into this task alone. */
static void inject(struct kunit *test)
{
	old_fail = mn_fail;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, restore, NULL));
	mn_fail.attr.probability = 100;
	atomic_set(&mn_fail.attr.times, -1);
	mn_fail.attr.verbose = 0;
	mn_fail.attr.task_filter = true;
	current->make_it_fail = 1;
	current->fail_mmu_notifier = 0;
}

/* Whether a read section that nothing disturbs collides, or an error. */
struct reader {
	const char *name;
	int (*collides)(struct mn_interval *interval);
	bool killable;
};

static int interval_collides(struct mn_interval *interval)
{
	return mn_retry(interval, mmu_interval_read_begin(&interval->sub));
}

static int killable_collides(struct mn_interval *interval)
{
	unsigned long seq;
	int err = mmu_interval_read_begin_killable(&interval->sub, &seq);

	return err ?: mn_retry(interval, seq);
}

static int range_collides(struct mn_interval *interval)
{
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, interval->sub.mm);
	mmu_range_read_begin(&reader, 0, MN_ADDR(1));
	return mmu_range_read_retry(&reader);
}

static int set_collides(struct mn_interval *interval)
{
	const struct mmu_read_range set[] = { { 0, MN_ADDR(1) } };
	struct mmu_range_reader reader;
	int err;

	mmu_range_reader_init(&reader, interval->sub.mm);
	err = mmu_range_read_begin_set_killable(&reader, set, 1);
	return err ?: mmu_range_read_retry(&reader);
}

static const struct reader readers[] = {
	{ "interval", interval_collides },
	{ "killable", killable_collides, .killable = true },
	{ "range", range_collides },
	{ "set", set_collides, .killable = true },
};

static void describe_reader(const struct reader *reader, char *desc)
{
	strscpy(desc, reader->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(readers, readers, describe_reader);

static void nothing_fails_unless_asked_for(struct kunit *test)
{
	const struct reader *reader = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	KUNIT_EXPECT_EQ(test, 0, reader->collides(interval));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);

	inject(test);
	mn_fail.collisions = false;
	mn_fail.nonblock = false;
	KUNIT_EXPECT_EQ(test, 0, reader->collides(interval));
	range = mn_range(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	mn_end(range);
}

static void read_sections_collide_so_many_times(struct kunit *test)
{
	const struct reader *reader = test->param_value;
	struct mn_interval *interval = mn_insert(test->priv, 'a', 0, 10);
	unsigned int i;

	inject(test);
	mn_fail.in_a_row = 5;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, 1, reader->collides(interval));
	for (i = 0; i < mn_fail.rest; i++)
		KUNIT_EXPECT_EQ(test, 0, reader->collides(interval));
	KUNIT_EXPECT_EQ(test, 1, reader->collides(interval));
}

/* Whatever is asked for. */
static void loop_of_retries_gets_through(struct kunit *test)
{
	const struct reader *reader = test->param_value;
	struct mn_interval *interval = mn_insert(test->priv, 'a', 0, 10);
	unsigned int i;

	inject(test);
	mn_fail.in_a_row = U32_MAX;
	mn_fail.rest = 0;
	for (i = 0; i < TOO_OFTEN; i++) {
		if (!reader->collides(interval))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, MN_FAIL_MOST);
}

/* As a driver that validates many buffers: if one has collided, it reads all anew. */
static void loop_of_many_read_sections_gets_through(struct kunit *test)
{
	const struct reader *reader = test->param_value;
	struct mn_interval *interval = mn_insert(test->priv, 'a', 0, 10);
	unsigned int i, j;
	bool collided;

	inject(test);
	mn_fail.in_a_row = 1;
	mn_fail.rest = 1;
	for (i = 0; i < TOO_OFTEN; i++) {
		collided = false;
		for (j = 0; j < MN_FAIL_LEAST_REST / 2; j++)
			collided |= reader->collides(interval);
		if (!collided)
			break;
	}
	KUNIT_EXPECT_EQ(test, i, 1);
}

/* It was not overrun: readers of the mm need no watch. */
static void injected_collision_takes_no_watch(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_range_reader reader;

	mn_insert(ctx, 'a', 0, 10);
	mmu_range_reader_init(&reader, ctx->mm);
	inject(test);
	mmu_range_read_begin(&reader, 0, MN_ADDR(1));
	KUNIT_EXPECT_TRUE(test, mmu_range_read_check_retry(&reader));
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&reader));
	KUNIT_EXPECT_FALSE(test, reader.overrun);
	KUNIT_EXPECT_EQ(test, mn_ranges_of_mm(ctx->mm)->overrun, 0);
}

static void call_wait_inactive(struct mn_call *call)
{
	struct mn_ctx *ctx = call->arg;

	current->make_it_fail = 1;
	mmu_notifier_range_wait_inactive(ctx->mm, 0, MN_ADDR(1));
	call->ret = mmu_notifier_range_wait_inactive_killable(ctx->mm, 0,
							      MN_ADDR(1));
	current->make_it_fail = 0;
}

/* There is no retry that could tell. */
static void wait_for_a_range_waits_all_the_same(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_call *call;

	mn_insert(ctx, 'a', 0, 10);
	inject(test);
	range = mn_start(ctx, 0, 1);
	call = mn_spawn(ctx, "mmu_notifier_range_wait_inactive", ctx,
			call_wait_inactive, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
}

struct collision {
	const struct reader *reader;
	struct mn_interval *interval;
};

static void call_collides(struct mn_call *call)
{
	const struct collision *collision = call->arg;

	WRITE_ONCE(call->killable, collision->reader->killable);
	current->make_it_fail = 1;
	call->ret = collision->reader->collides(collision->interval);
	current->make_it_fail = 0;
}

/* Some drivers begin only to wait, and never retry. */
static void begin_that_is_to_collide_waits_all_the_same(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct collision collision = { .reader = test->param_value };
	struct mmu_notifier_range *range;
	struct mn_call *call;

	mn_prepare(ctx);
	inject(test);
	range = mn_start(ctx, 0, 1);
	collision.interval = mn_insert(ctx, 'a', 0, 10);
	call = mn_spawn(ctx, collision.reader->name, &collision, call_collides,
			-1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 1);
}

static void call_begin(struct mn_call *call)
{
	current->make_it_fail = 1;
	mmu_range_read_begin(call->arg, 0, MN_ADDR(1));
	current->make_it_fail = 0;
}

/* What comes and goes while a reader waits does not make it old. */
static void injected_collision_after_a_wait_is_no_overrun(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mmu_range_reader reader;
	struct mn_ranges *ranges;
	struct mn_call *call;
	int i, injected;

	mn_insert(ctx, 'a', 0, 10);
	ranges = mn_ranges_of_mm(ctx->mm);
	mmu_range_reader_init(&reader, ctx->mm);
	mmu_range_read_begin(&reader, 0, MN_ADDR(1));
	for (i = 0; i < 70; i++)
		mn_invalidate(ctx, 50, 1);
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&reader));
	KUNIT_EXPECT_NE(test, ranges->overrun, 0);
	/* From now on it takes a watch, until it does not collide. */
	ranges->overrun = 0;
	inject(test);
	for (injected = 1; injected >= 0; injected--) {
		mn_fail.collisions = injected;
		range = mn_start(ctx, 0, 1);
		call = mn_spawn(ctx, "mmu_range_read_begin", &reader, call_begin,
				-1);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		for (i = 0; i < 70; i++)
			mn_invalidate(ctx, 50, 1);
		mn_end(range);
		KUNIT_ASSERT_TRUE(test, mn_returns(call));
		KUNIT_EXPECT_EQ(test, mmu_range_read_retry(&reader), injected);
		KUNIT_EXPECT_EQ(test, ranges->overrun, 0);
	}
}

static void other_tasks_are_left_alone(struct kunit *test)
{
	struct mn_interval *interval = mn_insert(test->priv, 'a', 0, 10);
	struct mn_call *call;

	inject(test);
	call = mn_spawn_read(interval);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, call->ret));
}

static void nonblocking_starts_fail_so_many_times(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mn_sub *sub = mn_register(ctx, 'b', &mn_range_ops);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	unsigned int i;

	inject(test);
	for (i = 0; i < mn_fail.in_a_row; i++)
		KUNIT_EXPECT_EQ(test, mn_start_range_nonblock(range), -EAGAIN);
	/* As if nothing had started. */
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	mn_end(range);
}

static void blocking_starts_never_fail(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);

	inject(test);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, current->fail_mmu_notifier, 0);
}

/* There is no callback that could refuse it. */
static void start_without_notifiers_never_fails(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);

	inject(test);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	mn_end(range);
}

static struct kunit_case mmu_notifier_fail_cases[] = {
	KUNIT_CASE_PARAM(nothing_fails_unless_asked_for, readers_gen_params),
	KUNIT_CASE_PARAM(read_sections_collide_so_many_times,
			 readers_gen_params),
	KUNIT_CASE_PARAM(loop_of_retries_gets_through, readers_gen_params),
	KUNIT_CASE_PARAM(loop_of_many_read_sections_gets_through,
			 readers_gen_params),
	KUNIT_CASE(injected_collision_takes_no_watch),
	KUNIT_CASE(wait_for_a_range_waits_all_the_same),
	KUNIT_CASE_PARAM(begin_that_is_to_collide_waits_all_the_same,
			 readers_gen_params),
	KUNIT_CASE(injected_collision_after_a_wait_is_no_overrun),
	KUNIT_CASE(other_tasks_are_left_alone),
	KUNIT_CASE(nonblocking_starts_fail_so_many_times),
	KUNIT_CASE(blocking_starts_never_fail),
	KUNIT_CASE(start_without_notifiers_never_fails),
	{}
};

static struct kunit_suite mmu_notifier_fail_suite = {
	.name = "mmu_notifier_fail",
	/* The faults are for the task that starts. */
	.init = mn_init_same_task,
	.test_cases = mmu_notifier_fail_cases,
};

kunit_test_suite(mmu_notifier_fail_suite);

#endif /* CONFIG_FAIL_MMU_NOTIFIER */

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: injected faults");
MODULE_LICENSE("GPL");

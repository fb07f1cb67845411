// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: deferred removal,
 * and the barrier that waits for it.
 */

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "../mmu_notifier_internal.h"
#include "mmu_notifier_helpers.h"

/* An interval, and what is needed to remove it. */
struct mn_deferred {
	struct mn_interval interval;
	struct mmu_interval_notifier_removal removal;
	struct mn_deferred *victim;	/* to be removed in the callback */
	bool insert_again;		/* when it is released */
	bool free;			/* the same */
	bool finish;			/* ask for a second pass */
	struct mn_gate *gate;		/* in released() */
	struct completion *done;	/* by released(), the last it does */

	struct completion released;
	unsigned int releases;
	unsigned int finishes;
	int err;
	struct mmu_interval_notifier_finish second;
};

static void released(struct mmu_interval_notifier *sub);

static void defer(struct mn_deferred *deferred)
{
	mmu_interval_notifier_remove_deferred(&deferred->interval.sub,
					      &deferred->removal, released);
}

static bool deferred_invalidate(struct mmu_interval_notifier *sub,
				const struct mmu_notifier_range *range,
				unsigned long seq)
{
	struct mn_deferred *deferred = container_of(sub, struct mn_deferred,
						    interval.sub);
	struct mn_deferred *victim = xchg(&deferred->victim, NULL);

	if (victim) {
		spin_lock(&victim->interval.user_lock);
		defer(victim);
		spin_unlock(&victim->interval.user_lock);
	}
	return mn_interval_ops.invalidate(sub, range, seq);
}

static const struct mmu_interval_notifier_ops deferred_ops = {
	.invalidate = deferred_invalidate,
};

static void released(struct mmu_interval_notifier *sub)
{
	struct mn_deferred *deferred = container_of(sub, struct mn_deferred,
						    interval.sub);
	struct completion *done = deferred->done;

	deferred->releases++;
	might_sleep();
	mn_log(deferred->interval.ctx, toupper(deferred->interval.name));
	mn_gate_pass(deferred->gate);
	/* A use after this must not go unnoticed. */
	memset(&deferred->removal, 0xa5, sizeof(deferred->removal));
	if (deferred->insert_again) {
		deferred->insert_again = false;
		deferred->err =
			mmu_interval_notifier_insert(sub, sub->mm,
						     MN_ADDR(20), MN_ADDR(10),
						     &deferred_ops);
	}
	if (deferred->free) {
		memset(deferred, 0xa5, sizeof(*deferred));
		kfree(deferred);
	}
	complete(done);
}

static struct mn_deferred *deferred_insert_ops(struct mn_ctx *ctx, char name,
					       unsigned long page,
					       unsigned long pages,
					       const struct mmu_interval_notifier_ops *ops)
{
	struct mn_deferred *deferred = mn_alloc(ctx, sizeof(*deferred));

	mn_interval_init(ctx, name, &deferred->interval);
	init_completion(&deferred->released);
	deferred->done = &deferred->released;
	/* Nor need it be initialised. */
	memset(&deferred->removal, 0xa5, sizeof(deferred->removal));
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(&deferred->interval, ctx->mm,
					  MN_ADDR(page), MN_ADDR(pages), ops));
	return deferred;
}

/* It is removed by the case, sooner or later. */
static struct mn_deferred *deferred_insert(struct mn_ctx *ctx, char name,
					   unsigned long page,
					   unsigned long pages)
{
	struct mn_deferred *deferred =
		deferred_insert_ops(ctx, name, page, pages, &deferred_ops);

	list_del_init(&deferred->interval.node);
	return deferred;
}

static bool is_completed(struct completion *done)
{
	return wait_for_completion_timeout(done, MN_HANG_SECONDS * HZ);
}

/* Whether it has been released, once, without anything being done for that. */
static bool is_released(struct mn_deferred *deferred)
{
	return is_completed(&deferred->released) && deferred->releases == 1;
}

DEFINE_STATIC_SRCU(never_read);

/* What is about to be released without cause has had the time for it. */
static bool is_pending(struct mn_deferred *deferred)
{
	int i;

	for (i = 0; i < 3; i++) {
		schedule_timeout_uninterruptible(1);
		synchronize_srcu(&never_read);
	}
	return !deferred->releases;
}

static void call_barrier(struct mn_call *call)
{
	struct mn_deferred *deferred = call->arg;

	mmu_interval_notifier_barrier();
	call->ret = deferred && completion_done(deferred->done);
}

/* Its result is whether @deferred was released, if it is not NULL. */
static struct mn_call *spawn_barrier(struct mn_ctx *ctx,
				     struct mn_deferred *deferred)
{
	return mn_spawn(ctx, "mmu_interval_notifier_barrier", deferred,
			call_barrier, -1);
}

/* Before what the cases use is freed. */
static void deferred_undo(void *data)
{
	struct mn_ctx *ctx = data;

	mn_let_go(ctx);
	if (!ctx->broken)
		spawn_barrier(ctx, NULL);
}

static int deferred_init_by(struct kunit *test, int (*init)(struct kunit *test))
{
	int err = init(test);

	return err ?: kunit_add_action_or_reset(test, deferred_undo,
						test->priv);
}

static int deferred_init(struct kunit *test)
{
	return deferred_init_by(test, mn_init);
}

static int deferred_init_crowded(struct kunit *test)
{
	return deferred_init_by(test, mn_init_crowded);
}

/*
 * No callback
 */

static void removed_in_its_own_callback(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	a->victim = a;
	range = mn_start(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_STREQ(test, ctx->log, "aA");
}

/* The one that is removed comes next, after others, or much later. */
static void removed_in_the_callback_of_another(struct kunit *test)
{
	static const int victims[] = { 1, 5, 31, 32, 69 };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_deferred *all[70];
	int i, j;

	for (j = 0; j < ARRAY_SIZE(victims); j++) {
		const int victim = victims[j];

		for (i = 0; i < 70; i++)
			all[i] = deferred_insert(ctx, 0, i, 100);
		all[0]->victim = all[victim];
		range = mn_start(ctx, 90, 1);
		for (i = 0; i < 70; i++)
			KUNIT_EXPECT_EQ_MSG(test, all[i]->interval.calls,
					    i != victim, "%d of %d", i, victim);
		KUNIT_EXPECT_TRUE(test, is_pending(all[victim]));
		mn_end(range);
		KUNIT_ASSERT_TRUE(test, is_released(all[victim]));
		for (i = 0; i < 70; i++) {
			if (i != victim)
				defer(all[i]);
		}
		for (i = 0; i < 70; i++) {
			if (i != victim)
				KUNIT_ASSERT_TRUE(test, is_released(all[i]));
		}
	}
}

/* The callback has begun; the next one that it will come to is removed. */
static void removed_before_its_turn(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_deferred *b = deferred_insert(ctx, 'b', 1, 10);
	struct mmu_notifier_range *range;
	struct mn_call *start;

	a->interval.gate = mn_gate(ctx);
	range = mn_range(ctx, 5, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, a->interval.gate);
	defer(b);
	defer(a);
	mn_gate_open(a->interval.gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	KUNIT_EXPECT_EQ(test, b->interval.calls, 0);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	KUNIT_EXPECT_TRUE(test, is_pending(b));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_ASSERT_TRUE(test, is_released(b));
}

static void removed_under_the_user_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);

	spin_lock(&a->interval.user_lock);
	defer(a);
	spin_unlock(&a->interval.user_lock);
	mn_invalidate(ctx, 0, 10);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 0);
}

/* In the callback of an invalidation that must not sleep, and that is refused. */
static void removed_in_a_refused_start(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_deferred *b = deferred_insert(ctx, 'b', 1, 10);
	struct mmu_notifier_range *range;
	int err;

	a->victim = a;
	b->interval.refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 5, 1));
	KUNIT_ASSERT_TRUE(test, is_released(a));

	/* What would refuse is removed before its turn. */
	a = deferred_insert(ctx, 'a', 0, 10);
	a->victim = b;
	err = mn_start_nonblock(ctx, &range, 5, 1);
	KUNIT_EXPECT_EQ(test, err, 0);
	if (!err)
		mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(b));
	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
}

static void others_are_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_deferred *a;

	mn_insert(ctx, 'o', 0, 10);
	a = deferred_insert(ctx, 'a', 1, 10);
	mn_insert(ctx, 'p', 2, 10);
	range = mn_start(ctx, 5, 1);
	defer(a);
	mn_invalidate(ctx, 5, 1);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_STREQ(test, ctx->log, "oapopAop");
}

/* Whether a read section that has begun with @seq collides with the removal. */
static bool defer_collides(struct mn_deferred *deferred, unsigned long seq)
{
	bool retry;

	spin_lock(&deferred->interval.user_lock);
	defer(deferred);
	retry = mmu_interval_read_retry(&deferred->interval.sub, seq);
	spin_unlock(&deferred->interval.user_lock);
	return retry;
}

/* What is read at that time cannot rely on a callback. */
static void read_section_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a;
	unsigned long seq;
	int i;

	for (i = 0; i < 2; i++) {
		a = deferred_insert(ctx, 'a', 0, 10);
		if (i)
			mn_invalidate(ctx, 0, 1);
		seq = mmu_interval_read_begin(&a->interval.sub);
		KUNIT_EXPECT_FALSE(test, mn_retry(&a->interval, seq));
		KUNIT_EXPECT_TRUE(test, defer_collides(a, seq));
		KUNIT_ASSERT_TRUE(test, is_released(a));
	}
}

/* It stores a sequence below that of the insertion, which the reader has. */
static void read_section_collides_after_a_late_callback(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[MN_MANY];
	struct mmu_notifier_range *range = mn_range(ctx, 50, 1);
	struct mn_call *start, *read;
	struct mn_deferred *a;

	start = mn_spawn_start_held_up(ctx, range, interval);
	/* Beyond what the range has looked at so far. */
	a = deferred_insert(ctx, 'a', 45, 10);
	read = mn_spawn_read(&a->interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_gate_open(interval[MN_HELD_UP_AT]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, defer_collides(a, read->ret));
	KUNIT_ASSERT_TRUE(test, is_released(a));
}

/* With nothing invalidated since it began. */
static void read_section_collides_after_another_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&a->interval.sub);

	a->insert_again = true;
	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_ASSERT_EQ(test, a->err, 0);
	KUNIT_EXPECT_TRUE(test, mn_retry(&a->interval, seq));

	a->releases = 0;
	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
}

/* It began after the removal, with a reference, and read what was there before. */
static void late_read_section_collides_after_another_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	unsigned long seq;

	a->gate = mn_gate(ctx);
	a->insert_again = true;
	defer(a);
	mn_gate_entered(ctx, a->gate);
	seq = mmu_interval_read_begin(&a->interval.sub);
	mn_gate_open(a->gate);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_ASSERT_EQ(test, a->err, 0);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 0);
	KUNIT_EXPECT_TRUE(test, mn_retry(&a->interval, seq));

	a->gate = NULL;
	a->releases = 0;
	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
}

/*
 * Released
 */

static void released_at_once_if_nothing_is_active(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	int count = atomic_read(&ctx->mm->mm_count);
	struct mn_call *barrier;

	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count - 1);
	KUNIT_EXPECT_PTR_EQ(test, a->interval.sub.mm, ctx->mm);
	KUNIT_EXPECT_PTR_EQ(test, a->interval.sub.ops, &deferred_ops);
}

static void released_after_the_last_that_overlaps(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *early[3], *late, *disjoint;
	struct mn_deferred *a;
	int i, j;

	/* In whatever order they end. */
	for (i = 0; i < 3; i++) {
		a = deferred_insert(ctx, 'a', 0, 10);
		disjoint = mn_start(ctx, 10, 10);
		for (j = 0; j < 3; j++)
			early[j] = mn_start(ctx, 3 * j, 4);
		defer(a);
		late = mn_start(ctx, 0, 10);
		for (j = 0; j < 3; j++) {
			KUNIT_EXPECT_TRUE(test, is_pending(a));
			mn_end(early[(i + j) % 3]);
		}
		KUNIT_ASSERT_TRUE(test, is_released(a));
		mn_end(late);
		mn_end(disjoint);
		KUNIT_EXPECT_EQ(test, a->interval.calls, 3);
	}
}

/* In a crowd, disjoint ranges may count, but no chain of them. */
static void released_under_a_chain(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *link[2];
	int i;

	link[0] = mn_start(ctx, 0, 10);
	defer(a);
	for (i = 1; i <= 4; i++) {
		link[i % 2] = mn_start(ctx, 0, 10);
		mn_end(link[(i - 1) % 2]);
	}
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mn_end(link[0]);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
}

static void running_callback_is_waited_for(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *start;

	a->interval.gate = mn_gate(ctx);
	range = mn_range(ctx, 0, 1);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, a->interval.gate);
	defer(a);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	mn_gate_open(a->interval.gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
}

/* Between its two passes. The second is called all the same, for the driver's object. */
static bool deferred_start(struct mmu_interval_notifier *sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq,
			   struct mmu_interval_notifier_finish **finish)
{
	struct mn_deferred *deferred = container_of(sub, struct mn_deferred,
						    interval.sub);

	if (deferred->finish)
		*finish = &deferred->second;
	return deferred_invalidate(sub, range, seq);
}

static void deferred_finish(struct mmu_interval_notifier_finish *finish)
{
	container_of(finish, struct mn_deferred, second)->finishes++;
}

static const struct mmu_interval_notifier_ops deferred_two_pass_ops = {
	.invalidate_start = deferred_start,
	.invalidate_finish = deferred_finish,
};

static void second_pass_is_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_deferred *sub[3];
	int i;

	for (i = 0; i < 3; i++) {
		sub[i] = deferred_insert_ops(ctx, 'a' + i, i, 10,
					     &deferred_two_pass_ops);
		list_del_init(&sub[i]->interval.node);
		sub[i]->finish = true;
	}
	/* Before, in, and after its first pass. */
	sub[0]->victim = sub[2];
	sub[1]->victim = sub[0];
	range = mn_start(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, sub[0]->finishes, 1);
	KUNIT_EXPECT_EQ(test, sub[1]->finishes, 1);
	KUNIT_EXPECT_EQ(test, sub[2]->finishes, 0);
	KUNIT_EXPECT_EQ(test, sub[2]->interval.calls, 0);
	defer(sub[1]);
	mn_invalidate(ctx, 5, 1);
	mn_end(range);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, is_released(sub[i]));
	KUNIT_EXPECT_EQ(test, sub[0]->finishes + sub[1]->finishes, 2);
}

/* It frees itself, and completes @done, when it is released. */
static struct mn_deferred *deferred_insert_freed(struct mn_ctx *ctx,
						 unsigned long page,
						 struct completion *done)
{
	static const struct mn_deferred blank;
	struct mn_deferred *deferred;

	deferred = kmemdup(&blank, sizeof(blank), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(ctx->test, deferred);
	mn_interval_init(ctx, 0, &deferred->interval);
	deferred->done = done;
	deferred->free = true;
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(&deferred->interval, ctx->mm,
					  MN_ADDR(page), MN_ADDR(10),
					  &deferred_ops));
	list_del_init(&deferred->interval.node);
	return deferred;
}

static void freed_when_released(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *deferred[3];
	struct completion *done;
	struct mn_call *barrier;
	int i, round;

	done = mn_alloc(ctx, sizeof(*done));
	init_completion(done);
	for (round = 0; round < 2; round++) {
		struct mmu_notifier_range *range = NULL;

		for (i = 0; i < 3; i++) {
			deferred[i] = deferred_insert_freed(ctx, i, done);
			deferred[i]->victim = round ? deferred[i] : NULL;
		}
		if (round)
			range = mn_start(ctx, 5, 1);
		for (i = 0; i < 3 && !round; i++)
			defer(deferred[i]);
		if (round)
			mn_end(range);
		for (i = 0; i < 3; i++)
			KUNIT_ASSERT_TRUE(test, is_completed(done));
	}
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	mn_invalidate(ctx, 0, 10);
}

/* A later range is on its way when it is freed, and does not come to it. */
static void freed_while_a_later_range_goes_by(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *other = mn_insert(ctx, 'o', 0, 10);
	struct mmu_notifier_range *range, *later;
	struct mn_deferred *deferred;
	struct completion *done;
	struct mn_call *start;

	done = mn_alloc(ctx, sizeof(*done));
	init_completion(done);
	deferred = deferred_insert_freed(ctx, 5, done);
	range = mn_start(ctx, 12, 1);
	defer(deferred);
	other->gate = mn_gate(ctx);
	later = mn_range(ctx, 7, 1);
	start = mn_spawn_start(ctx, later);
	mn_gate_entered(ctx, other->gate);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_completed(done));
	mn_gate_open(other->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	mn_end(later);
	KUNIT_EXPECT_EQ(test, other->calls, 1);
}

static void inserted_again_when_released(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	int count = atomic_read(&ctx->mm->mm_count);
	struct mmu_notifier_range *range;
	struct mn_call *barrier;

	a->insert_again = true;
	a->victim = a;
	range = mn_start(ctx, 0, 1);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_ASSERT_EQ(test, a->err, 0);
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	mn_invalidate(ctx, 20, 10);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 2);
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);

	/* And once more, with the same object. */
	a->releases = 0;
	a->victim = a;
	range = mn_start(ctx, 20, 1);
	mn_invalidate(ctx, 20, 1);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 3);
}

/* Drivers do that after a removal, to remember it. */
static void mm_may_be_cleared_before_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 1);
	int count = atomic_read(&ctx->mm->mm_count);

	defer(a);
	a->interval.sub.mm = NULL;
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mmu_interval_notifier_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count - 1);
}

/* Each in a range of its own, in one that is common to all, and in none. */
static void many_are_removed_at_once(struct kunit *test)
{
	enum { MANY = 200 };
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred **all = mn_alloc(ctx, MANY * sizeof(*all));
	struct mmu_notifier_range *range[3], *common;
	struct mn_call *barrier;
	int i;

	for (i = 0; i < MANY; i++)
		all[i] = deferred_insert(ctx, 0, i, 1);
	for (i = 0; i < MANY / 2; i++)
		all[i]->victim = all[i];
	common = mn_start(ctx, 0, MANY / 2);
	for (i = 0; i < 3; i++)
		range[i] = mn_start(ctx, MANY / 2 + i, MANY / 4);
	for (i = MANY / 2; i < MANY; i++)
		defer(all[i]);
	for (i = 0; i < 3; i++)
		mn_end(range[i]);
	for (i = MANY / 2; i < MANY; i++)
		KUNIT_ASSERT_TRUE_MSG(test, is_released(all[i]), "%d", i);
	KUNIT_EXPECT_TRUE(test, is_pending(all[0]));
	barrier = spawn_barrier(ctx, all[0]);
	mn_end(common);
	for (i = 0; i < MANY / 2; i++)
		KUNIT_ASSERT_TRUE_MSG(test, is_released(all[i]), "%d", i);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, all[i]->releases, 1);
}

/* They are in one list, and wait for different ranges after that. */
static void removals_part_when_they_go_on(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_deferred *b = deferred_insert(ctx, 'b', 0, 20);
	struct mn_deferred *c = deferred_insert(ctx, 'c', 0, 30);
	struct mmu_notifier_range *range, *of_c, *of_bc;

	range = mn_start(ctx, 0, 5);
	of_bc = mn_start(ctx, 10, 5);
	of_c = mn_start(ctx, 20, 5);
	defer(b);
	defer(a);
	defer(c);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_EXPECT_TRUE(test, is_pending(b));
	mn_end(of_bc);
	KUNIT_ASSERT_TRUE(test, is_released(b));
	KUNIT_EXPECT_TRUE(test, is_pending(c));
	mn_end(of_c);
	KUNIT_ASSERT_TRUE(test, is_released(c));
	KUNIT_EXPECT_EQ(test, a->interval.calls + b->interval.calls +
			c->interval.calls, 6);
}

/* Or each invalidation would look for them for as long as that takes. */
static void all_leave_before_one_is_released(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_gate *gate = mn_gate(ctx);
	struct mmu_notifier_range *range;
	struct mn_deferred *all[3];
	int i;

	for (i = 0; i < 3; i++) {
		all[i] = deferred_insert(ctx, 'a' + i, i, 10);
		all[i]->gate = gate;
	}
	range = mn_start(ctx, 5, 1);
	for (i = 0; i < 3; i++)
		defer(all[i]);
	mn_end(range);
	mn_gate_entered(ctx, gate);
	for (i = 0; i < 3; i++) {
		const struct mmu_interval_notifier *sub = &all[i]->interval.sub;

		KUNIT_EXPECT_TRUE_MSG(test,
				      RB_EMPTY_NODE(&sub->interval_tree.rb),
				      "%d is in the tree", i);
	}
	mn_gate_open(gate);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_TRUE(test, is_released(all[i]));
}

/*
 * Threads that insert, remove and invalidate, on all CPUs
 */

struct mn_race {
	struct mm_struct *mm;
	atomic_t inserted;
	atomic_t released;
	atomic_t wrong;		/* callbacks and releases of what has been released */
};

struct mn_racer {
	struct mmu_interval_notifier sub;
	struct mmu_interval_notifier_removal removal;
	struct mn_race *race;
	refcount_t users;	/* the thread, and the subscription */
	spinlock_t lock;	/* the user lock: protects the rest */
	bool in_callback;	/* is removed there, if there is one in time */
	bool dead;
	bool released;
};

static void racer_put(struct mn_racer *racer)
{
	if (!refcount_dec_and_test(&racer->users))
		return;
	memset(racer, 0xa5, sizeof(*racer));
	kfree(racer);
}

static void racer_released(struct mmu_interval_notifier *sub)
{
	struct mn_racer *racer = container_of(sub, struct mn_racer, sub);
	struct mn_race *race = racer->race;

	spin_lock(&racer->lock);
	if (racer->released)
		atomic_inc(&race->wrong);
	racer->released = true;
	spin_unlock(&racer->lock);
	racer_put(racer);
	atomic_inc(&race->released);
}

static void racer_kill(struct mn_racer *racer)
{
	if (racer->dead)
		return;
	racer->dead = true;
	mmu_interval_notifier_remove_deferred(&racer->sub, &racer->removal,
					      racer_released);
}

static bool racer_invalidate(struct mmu_interval_notifier *sub,
			     const struct mmu_notifier_range *range,
			     unsigned long seq)
{
	struct mn_racer *racer = container_of(sub, struct mn_racer, sub);

	spin_lock(&racer->lock);
	mmu_interval_set_seq(sub, seq);
	if (racer->released)
		atomic_inc(&racer->race->wrong);
	if (racer->in_callback)
		racer_kill(racer);
	spin_unlock(&racer->lock);
	return true;
}

static const struct mmu_interval_notifier_ops racer_ops = {
	.invalidate = racer_invalidate,
};

enum { RACE_ROUNDS = 3000, RACE_PAGES = 8 };

static void race_insert(struct mn_call *call)
{
	static const struct mn_racer blank;
	struct mn_race *race = call->arg;
	struct mn_racer *racer;
	int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		racer = kmemdup(&blank, sizeof(blank), GFP_KERNEL);
		if (!racer)
			return;
		racer->race = race;
		racer->in_callback = i % 2;
		refcount_set(&racer->users, 2);
		spin_lock_init(&racer->lock);
		if (mmu_interval_notifier_insert(&racer->sub, race->mm,
						 MN_ADDR(i % RACE_PAGES),
						 MN_ADDR(1 + i % 3),
						 &racer_ops)) {
			kfree(racer);
			return;
		}
		atomic_inc(&race->inserted);
		cond_resched();
		spin_lock(&racer->lock);
		racer_kill(racer);
		spin_unlock(&racer->lock);
		racer_put(racer);
	}
}

static void race_invalidate(struct mn_call *call)
{
	struct mn_race *race = call->arg;
	int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		unsigned long page = i % RACE_PAGES;

		mn_invalidate_mm(race->mm, MN_ADDR(page),
				 MN_ADDR(page + 1 + i % 5));
		cond_resched();
	}
}

static void removals_race_with_invalidations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_race *race = mn_alloc(ctx, sizeof(*race));
	struct mn_call *call[4], *barrier;
	int i, count;

	race->mm = ctx->mm;
	mn_prepare(ctx);
	count = atomic_read(&ctx->mm->mm_count);
	for (i = 0; i < 4; i++)
		call[i] = mn_spawn(ctx, "a thread of the race", race,
				   i % 2 ? race_invalidate : race_insert, -1);
	for (i = 0; i < 4; i++)
		wait_for_completion(&call[i]->done);
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, atomic_read(&race->inserted), 2 * RACE_ROUNDS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->released), 2 * RACE_ROUNDS);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->wrong), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ctx->mm->mm_count), count);
}

/*
 * The barrier
 */

static void barrier_waits_for_released(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *barrier;

	a->gate = mn_gate(ctx);
	range = mn_start(ctx, 0, 1);
	defer(a);
	barrier = spawn_barrier(ctx, a);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier));
	mn_end(range);
	mn_gate_entered(ctx, a->gate);
	synchronize_srcu(&never_read);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier));
	mn_gate_open(a->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_TRUE(test, barrier->ret);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
}

/* New ones keep coming; at any time one is not released. */
static void barrier_does_not_wait_for_later_ones(struct kunit *test)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *link[2];
	struct mn_deferred *deferred, *first;
	struct mn_call *barrier;
	int i;

	first = deferred_insert(ctx, 'a', 0, 10);
	deferred = first;
	link[0] = mn_start(ctx, 0, 1);
	defer(first);
	barrier = spawn_barrier(ctx, first);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier));
	for (i = 1; !completion_done(&barrier->done) &&
	     time_before(jiffies, timeout); i++) {
		deferred = deferred_insert(ctx, 0, 0, 10);
		link[i % 2] = mn_start(ctx, 0, 1);
		defer(deferred);
		mn_end(link[(i - 1) % 2]);
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_TRUE(test, completion_done(&barrier->done));
	KUNIT_EXPECT_TRUE(test, is_pending(deferred));
	mn_end(link[(i - 1) % 2]);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_TRUE(test, barrier->ret);
	KUNIT_ASSERT_TRUE(test, is_released(deferred));
}

/* The second one comes later, and waits for more. */
static void barriers_wait_for_their_own(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_deferred *b = deferred_insert(ctx, 'b', 10, 10);
	struct mn_deferred *c = deferred_insert(ctx, 'c', 20, 10);
	struct mmu_notifier_range *range[3];
	struct mn_call *barrier[3];
	int i;

	for (i = 0; i < 3; i++)
		range[i] = mn_start(ctx, 10 * i, 1);
	defer(a);
	barrier[0] = spawn_barrier(ctx, a);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[0]));
	defer(b);
	barrier[1] = spawn_barrier(ctx, b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[1]));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[0]));

	/* Neither waits for the other one's, if that comes later. */
	mn_end(range[0]);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier[0]));
	KUNIT_EXPECT_TRUE(test, barrier[0]->ret);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[1]));
	defer(c);
	barrier[2] = spawn_barrier(ctx, c);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[2]));
	mn_end(range[1]);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier[1]));
	KUNIT_EXPECT_TRUE(test, barrier[1]->ret);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(barrier[2]));
	mn_end(range[2]);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier[2]));
	KUNIT_EXPECT_TRUE(test, barrier[2]->ret);
}

/* Removals that no 16 bits can count. */
#define TOO_MANY	65536

static atomic_t nr_released;

struct mn_tiny {
	struct mmu_interval_notifier sub;
	struct mmu_interval_notifier_removal removal;
};

static bool nothing_invalidate(struct mmu_interval_notifier *sub,
			       const struct mmu_notifier_range *range,
			       unsigned long seq)
{
	return true;
}

static const struct mmu_interval_notifier_ops nothing_ops = {
	.invalidate = nothing_invalidate,
};

static void tiny_released(struct mmu_interval_notifier *sub)
{
	atomic_inc(&nr_released);
}

/* Its result is how many were released by then. */
static void call_barrier_of_many(struct mn_call *call)
{
	mmu_interval_notifier_barrier();
	call->ret = atomic_read(&nr_released);
}

static void barrier_waits_for_very_many(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_call *barrier;
	struct mn_tiny *all;
	bool waits;
	int i;

	all = kvcalloc(TOO_MANY, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	atomic_set(&nr_released, 0);
	for (i = 0; i < TOO_MANY; i++) {
		if (mmu_interval_notifier_insert(&all[i].sub, ctx->mm,
						 MN_ADDR(0), MN_ADDR(1),
						 &nothing_ops))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, TOO_MANY);
	range = mn_start(ctx, 0, 1);
	while (i--)
		mmu_interval_notifier_remove_deferred(&all[i].sub,
						      &all[i].removal,
						      tiny_released);
	barrier = mn_spawn(ctx, "mmu_interval_notifier_barrier", NULL,
			   call_barrier_of_many, -1);
	waits = mn_sleeps(barrier);
	KUNIT_EXPECT_TRUE(test, waits);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, barrier->ret, TOO_MANY);
	while (atomic_read(&nr_released) < TOO_MANY)
		schedule_timeout_uninterruptible(1);
	mmu_interval_notifier_barrier();
	kvfree(all);
}

/*
 * Another one makes a turn each time that this becomes possible, and something later is
 * pending all the time. As if each of them ran first; see mn_pending_wait().
 */
static void wait_is_not_held_up_by_later_ones(struct kunit *test)
{
	static DEFINE_MN_PENDING(pending);
	const unsigned long first = pending.turns;
	unsigned int oldest, own, later;

	oldest = mn_pending_begin(&pending);
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first));
	own = mn_pending_begin(&pending);
	/* This one waits for it, but so far the oldest is in the way. */
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first + 1));
	mn_pending_end(&pending, oldest);
	/* Another one comes first. */
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first + 1));
	later = mn_pending_begin(&pending);
	KUNIT_EXPECT_NE(test, later, own);
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first + 1));
	mn_pending_end(&pending, own);
	KUNIT_EXPECT_TRUE(test, mn_pending_is_over(&pending, first + 1));
	/* The others go on, also with turns. */
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first + 2));
	mn_pending_end(&pending, later);
	KUNIT_EXPECT_TRUE(test, mn_pending_is_over(&pending, first + 2));
	later = mn_pending_begin(&pending);
	KUNIT_EXPECT_FALSE(test, mn_pending_is_over(&pending, first + 3));
	KUNIT_EXPECT_TRUE(test, mn_pending_is_over(&pending, first + 1));
	mn_pending_end(&pending, later);
}

static void barrier_of_nothing_returns(struct kunit *test)
{
	struct mn_call *barrier = spawn_barrier(test->priv, NULL);

	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
}

/*
 * The end of the mm, and mistakes
 */

static void mm_ends_before_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *release, *barrier;
	int count;

	range = mn_start(ctx, 0, 1);
	defer(a);
	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
	KUNIT_EXPECT_TRUE(test, is_pending(a));
	count = atomic_read(&mm->mm_count);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count - 1);
}

/* Nothing but the removal keeps the mm structure. */
static void removed_by_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_deferred *b = deferred_insert(ctx, 'b', 5, 10);
	struct mn_call *release, *barrier;

	a->victim = a;
	b->victim = b;
	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_ASSERT_TRUE(test, is_released(a));
	KUNIT_ASSERT_TRUE(test, is_released(b));
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, a->interval.calls + b->interval.calls, 2);
}

static void removed_after_the_end_of_the_mm(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_call *release, *barrier;

	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
}

/* If it is not reported, something is corrupted, and nothing is safe to undo. */
static void reported(struct kunit *test, unsigned int nr, const char *name)
{
	struct mn_ctx *ctx = test->priv;
	unsigned int reports = mn_reports_end(ctx);

	KUNIT_EXPECT_EQ(test, reports, nr);
	ctx->broken |= !reports;
	if (name && IS_ENABLED(CONFIG_KALLSYMS_ALL))
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), name),
					  "%s is not named", name);
}

static struct mmu_interval_notifier_removal other_removal;

static void never_released(struct mmu_interval_notifier *sub)
{
	struct mn_deferred *deferred = container_of(sub, struct mn_deferred,
						    interval.sub);

	deferred->releases += 1000;
}

static void defer_again(struct mn_deferred *deferred, bool same)
{
	mmu_interval_notifier_remove_deferred(&deferred->interval.sub,
					      same ? &deferred->removal :
						     &other_removal,
					      never_released);
}

static void removed_again_before_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_call *remove, *barrier;
	struct mn_deferred *a;
	int i;

	/* By the same call, with its object or another, or by the one that waits. */
	for (i = 0; i < 3; i++) {
		a = deferred_insert(ctx, 'a', 0, 10);
		range = mn_start(ctx, 0, 1);
		defer(a);
		mn_reports_begin(ctx);
		if (i < 2) {
			defer_again(a, i);
		} else {
			remove = mn_spawn_remove(&a->interval);
			KUNIT_ASSERT_TRUE(test, mn_returns(remove));
		}
		reported(test, 1, "deferred_ops");
		KUNIT_EXPECT_TRUE(test, is_pending(a));
		mn_end(range);
		KUNIT_ASSERT_TRUE(test, is_released(a));
	}
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, a->releases, 1);
}

static void removed_again_after_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mn_call *barrier;

	defer(a);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mn_reports_begin(ctx);
	defer_again(a, false);
	reported(test, 1, "deferred_ops");
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, a->releases, 1);
}

/* The first removal stands: it is the one that waits. */
static void removed_while_a_removal_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *remove, *barrier;

	range = mn_start(ctx, 0, 1);
	remove = mn_spawn_remove(&a->interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_reports_begin(ctx);
	defer_again(a, true);
	reported(test, 1, "deferred_ops");
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(remove));
	barrier = spawn_barrier(ctx, NULL);
	KUNIT_ASSERT_TRUE(test, mn_returns(barrier));
	KUNIT_EXPECT_EQ(test, a->releases, 0);
}

static void removed_without_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = mn_alloc(ctx, sizeof(*a));

	mn_reports_begin(ctx);
	defer_again(a, true);
	reported(test, 1, NULL);
	KUNIT_EXPECT_EQ(test, a->releases, 0);
}

static void inserted_again_before_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_deferred *a = deferred_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	range = mn_start(ctx, 0, 1);
	defer(a);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mmu_interval_notifier_insert(&a->interval.sub, ctx->mm,
						     0, MN_ADDR(10),
						     &deferred_ops));
	reported(test, 1, "deferred_ops");
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, is_released(a));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, a->interval.calls, 1);
}

static struct kunit_case mmu_notifier_deferred_cases[] = {
	KUNIT_CASE(removed_in_its_own_callback),
	KUNIT_CASE(removed_in_the_callback_of_another),
	KUNIT_CASE(removed_before_its_turn),
	KUNIT_CASE(removed_under_the_user_lock),
	KUNIT_CASE(removed_in_a_refused_start),
	KUNIT_CASE(others_are_called),
	KUNIT_CASE(read_section_collides),
	KUNIT_CASE(read_section_collides_after_a_late_callback),
	KUNIT_CASE(read_section_collides_after_another_insertion),
	KUNIT_CASE(late_read_section_collides_after_another_insertion),
	KUNIT_CASE(released_at_once_if_nothing_is_active),
	KUNIT_CASE(released_after_the_last_that_overlaps),
	KUNIT_CASE(released_under_a_chain),
	KUNIT_CASE(running_callback_is_waited_for),
	KUNIT_CASE(second_pass_is_called),
	KUNIT_CASE(freed_when_released),
	KUNIT_CASE(freed_while_a_later_range_goes_by),
	KUNIT_CASE(inserted_again_when_released),
	KUNIT_CASE(mm_may_be_cleared_before_release),
	KUNIT_CASE(many_are_removed_at_once),
	KUNIT_CASE(removals_part_when_they_go_on),
	KUNIT_CASE(all_leave_before_one_is_released),
	KUNIT_CASE_SLOW(removals_race_with_invalidations),
	KUNIT_CASE(barrier_waits_for_released),
	KUNIT_CASE(barrier_does_not_wait_for_later_ones),
	KUNIT_CASE(barriers_wait_for_their_own),
	KUNIT_CASE_SLOW(barrier_waits_for_very_many),
	KUNIT_CASE(wait_is_not_held_up_by_later_ones),
	KUNIT_CASE(barrier_of_nothing_returns),
	KUNIT_CASE(mm_ends_before_release),
	KUNIT_CASE(removed_by_the_end_of_the_mm),
	KUNIT_CASE(removed_after_the_end_of_the_mm),
	KUNIT_CASE(removed_again_before_release),
	KUNIT_CASE(removed_again_after_release),
	KUNIT_CASE(removed_while_a_removal_waits),
	KUNIT_CASE(removed_without_insertion),
	KUNIT_CASE(inserted_again_before_release),
	{}
};

static struct kunit_suite mmu_notifier_deferred_suite = {
	.name = "mmu_notifier_deferred",
	.init = deferred_init,
	.test_cases = mmu_notifier_deferred_cases,
};

/* While more invalidations are active elsewhere than may be kept apart. */
static struct kunit_case mmu_notifier_deferred_crowded_cases[] = {
	KUNIT_CASE(removed_in_its_own_callback),
	KUNIT_CASE(removed_before_its_turn),
	KUNIT_CASE(others_are_called),
	KUNIT_CASE(read_section_collides_after_a_late_callback),
	KUNIT_CASE(read_section_collides_after_another_insertion),
	KUNIT_CASE(late_read_section_collides_after_another_insertion),
	KUNIT_CASE(running_callback_is_waited_for),
	KUNIT_CASE(released_at_once_if_nothing_is_active),
	KUNIT_CASE(released_under_a_chain),
	KUNIT_CASE(inserted_again_when_released),
	KUNIT_CASE(removed_again_before_release),
	{}
};

static struct kunit_suite mmu_notifier_deferred_crowded_suite = {
	.name = "mmu_notifier_deferred_crowded",
	.init = deferred_init_crowded,
	.test_cases = mmu_notifier_deferred_crowded_cases,
};

kunit_test_suites(&mmu_notifier_deferred_suite,
		  &mmu_notifier_deferred_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: deferred removal");
MODULE_LICENSE("GPL");

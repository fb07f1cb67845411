// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers under races: threads on several CPUs run into
 * each other for a while, and each case checks its invariants all the time. It
 * takes luck to find a bug, but a failure is always one.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/wake_q.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

#define RACE_JIFFIES	(HZ / 2)

static unsigned long race_end;
static bool race_over;		/* the case is over */

/* The threads go on until this returns false. */
static bool racing(void)
{
	cond_resched();
	return time_before(jiffies, READ_ONCE(race_end));
}

static struct mn_call *race(struct mn_ctx *ctx, const char *what, void *arg,
			    void (*fn)(struct mn_call *call))
{
	static unsigned int calls;

	return mn_spawn(ctx, what, arg, fn,
			cpumask_nth(calls++ % num_online_cpus(),
				    cpu_online_mask));
}

/*
 * Collision-retry
 */

/* The page table entries of two pages. Only invalidations change them. */
static unsigned long race_page[2];

static void race_invalidate(struct mn_call *call)
{
	unsigned long *page = call->arg;
	unsigned long start = MN_ADDR(page - race_page);
	struct mmu_notifier_range range;

	do {
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0,
					call->ctx->mm, start, start + PAGE_SIZE);
		mmu_notifier_invalidate_range_start(&range);
		WRITE_ONCE(*page, *page + 1);
		mmu_notifier_invalidate_range_end(&range);
	} while (racing());
}

/* Returns how often an SPTE was out of date when it was established. */
static void race_read(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	unsigned long seq, page[2];

	do {
		seq = mmu_interval_read_begin(&interval->sub);
		page[0] = READ_ONCE(race_page[0]);
		page[1] = READ_ONCE(race_page[1]);
		spin_lock(&interval->user_lock);
		if (!mmu_interval_read_retry(&interval->sub, seq) &&
		    (page[0] != READ_ONCE(race_page[0]) ||
		     page[1] != READ_ONCE(race_page[1])))
			call->ret++;
		spin_unlock(&interval->user_lock);
	} while (racing());
}

static void readers_see_each_collision(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_call *invalidate[2], *read[2];
	int i;

	for (i = 0; i < 2; i++)
		invalidate[i] = race(ctx, "invalidations beside readers",
				     &race_page[i], race_invalidate);
	for (i = 0; i < 2; i++)
		read[i] = race(ctx, "readers beside invalidations", interval,
			       race_read);
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, mn_returns(invalidate[i]));
		KUNIT_ASSERT_TRUE(test, mn_returns(read[i]));
		KUNIT_EXPECT_EQ(test, read[i]->ret, 0);
	}
}

/*
 * Insertion and removal
 */

/* Returns how often a callback ran after the removal. */
static void race_insert_and_remove(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	unsigned int calls;

	do {
		if (mmu_interval_notifier_insert(&interval->sub,
						 call->ctx->mm, 0,
						 MN_ADDR(10), &mn_interval_ops))
			break;
		mmu_interval_notifier_remove(&interval->sub);
		calls = READ_ONCE(interval->calls);
		cond_resched();
		call->ret += READ_ONCE(interval->calls) != calls;
	} while (racing());
}

static void insertions_and_removals_share_the_tree(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *stays = mn_insert(ctx, 0, 0, 10);
	struct mn_call *invalidate, *call[3];
	unsigned int calls;
	int i;

	invalidate = race(ctx, "invalidations beside removals", &race_page[0],
			  race_invalidate);
	for (i = 0; i < 3; i++)
		call[i] = race(ctx, "insertions and removals",
			       mn_interval(ctx, 0), race_insert_and_remove);
	KUNIT_ASSERT_TRUE(test, mn_returns(invalidate));
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_TRUE(test, mn_returns(call[i]));
		KUNIT_EXPECT_EQ(test, call[i]->ret, 0);
	}
	calls = stays->calls;
	mn_invalidate(ctx, 9, 1);
	KUNIT_EXPECT_EQ(test, stays->calls, calls + 1);
}

/*
 * Wake-ups. A task can be on one wake_q at a time. If a waker finds the task on
 * another waker's wake_q, it must have marked the task's wait as over: the
 * other waker may wake the task at any moment, and no later wake-up comes.
 *
 * Here the other waker is an interrupt on the CPU of the end. It wakes all that
 * the end is about to wake, and lets them check before the end goes on.
 */

#define RACE_WAITERS	16

struct race_waiter {
	struct mn_interval *interval;
	struct mn_call *call;
	struct completion go;
	bool removes;
	unsigned int begun, done;	/* rounds */
};

static struct race_waiter race_waiters[RACE_WAITERS];
static struct wake_q_head race_wake_q;
static struct completion race_aim;
static bool race_fire, race_woken;
/* How far the end is; and how many interrupts came before, in or after it. */
enum { RACE_BEFORE, RACE_INSIDE, RACE_AFTER };
static unsigned int race_at, race_hits[RACE_AFTER + 1];

static void race_wait(struct mn_call *call)
{
	struct race_waiter *waiter = call->arg;

	for (;;) {
		wait_for_completion(&waiter->go);
		if (READ_ONCE(race_over))
			return;
		/* (c) Past wait_for_completion(). Pairs with (d). */
		smp_store_release(&waiter->begun, waiter->begun + 1);
		if (waiter->removes)
			mmu_interval_notifier_remove(&waiter->interval->sub);
		else
			mmu_interval_read_begin(&waiter->interval->sub);
		/* (e) The call has returned. Pairs with (f). */
		smp_store_release(&waiter->done, waiter->done + 1);
	}
}

static bool race_asleep(const struct race_waiter *waiter)
{
	return READ_ONCE(waiter->call->task->__state) == TASK_UNINTERRUPTIBLE;
}

/* The interrupt. The woken threads run on another CPU. */
static void race_wake(void *unused)
{
	unsigned int i, us;

	race_hits[READ_ONCE(race_at)]++;
	wake_up_q(&race_wake_q);
	/* Wait until they sleep again, or block on what was interrupted. */
	for (i = 0, us = 0; i < RACE_WAITERS && us < 500; us++) {
		while (i < RACE_WAITERS && race_asleep(&race_waiters[i]))
			i++;
		udelay(1);
	}
	WRITE_ONCE(race_woken, true);
}

/* Send the interrupt from another CPU, on which the woken threads then run. */
static void race_interrupt(struct mn_call *call)
{
	for (;;) {
		wait_for_completion(&race_aim);
		if (READ_ONCE(race_over))
			return;
		while (!READ_ONCE(race_fire))
			cpu_relax();
		smp_call_function_single((unsigned long)call->arg, race_wake,
					 NULL, 0);
	}
}

/* Wait until all sleep in their calls. Returns false if one never does. */
static bool race_all_wait(unsigned int round)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	unsigned int i;

	for (i = 0; i < RACE_WAITERS; i++) {
		struct race_waiter *waiter = &race_waiters[i];

		/* (d) Pairs with (c). */
		while (smp_load_acquire(&waiter->begun) != round ||
		       !race_asleep(waiter)) {
			if (time_after(jiffies, timeout))
				return false;
			cond_resched();
		}
	}
	return true;
}

static bool race_all_return(unsigned int round)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	unsigned int i;

	for (i = 0; i < RACE_WAITERS; i++) {
		/* (f) Pairs with (e). */
		while (smp_load_acquire(&race_waiters[i].done) != round) {
			if (time_after(jiffies, timeout))
				return false;
			cond_resched();
		}
	}
	return true;
}

static bool race_one_end(struct mn_ctx *ctx, struct mmu_notifier_range *range,
			 unsigned int round, unsigned int delay)
{
	struct mn_interval *removed = race_waiters[0].interval;
	unsigned int i;

	if (mmu_interval_notifier_insert(&removed->sub, ctx->mm, 0,
					 MN_ADDR(10), &mn_interval_ops))
		return false;
	mn_start_range(range);
	for (i = 0; i < RACE_WAITERS; i++)
		complete(&race_waiters[i].go);
	if (!race_all_wait(round))
		return false;

	wake_q_init(&race_wake_q);
	for (i = 0; i < RACE_WAITERS; i++)
		wake_q_add(&race_wake_q, race_waiters[i].call->task);
	race_at = RACE_BEFORE;
	race_woken = false;
	WRITE_ONCE(race_fire, false);
	complete(&race_aim);

	/* Give the other CPU time to wait for race_fire. */
	udelay(5);
	WRITE_ONCE(race_fire, true);
	for (i = 0; i < delay; i++)
		cpu_relax();
	WRITE_ONCE(race_at, RACE_INSIDE);
	mn_end(range);
	WRITE_ONCE(race_at, RACE_AFTER);

	while (!READ_ONCE(race_woken))
		cond_resched();
	return race_all_return(round);
}

static void wake_ups_are_not_left_to_others(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	unsigned long cpu = raw_smp_processor_id();
	unsigned int i, before, round = 0, delay = 100;
	unsigned int other = cpumask_any_but(cpu_online_mask, cpu);
	struct mmu_notifier_range *range = mn_range(ctx, 0, 1);
	bool returned = true;

	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	memset(race_hits, 0, sizeof(race_hits));
	mn_spawn(ctx, "an interrupt", (void *)cpu, race_interrupt, other);
	for (i = 0; i < RACE_WAITERS; i++) {
		struct race_waiter *waiter = &race_waiters[i];

		init_completion(&waiter->go);
		waiter->removes = !i;
		waiter->interval = i ? interval : mn_interval(ctx, 0);
		waiter->call = mn_spawn(ctx, "one who waits", waiter,
					race_wait, other);
	}

	while (returned && racing()) {
		before = race_hits[RACE_BEFORE];
		returned = race_one_end(ctx, range, ++round, delay);
		/* Delay the end if the interrupt was late, else hasten it. */
		if (race_hits[RACE_BEFORE] == before)
			delay += 1 + delay / 4;
		else
			delay -= delay / 4;
	}
	kunit_info(test, "%u rounds, %u of them with an interrupt in the end\n",
		   round, race_hits[RACE_INSIDE]);
	KUNIT_EXPECT_TRUE_MSG(test, returned, "a wake-up is lost");
}

/*
 * Get and put
 */

static unsigned int race_allocated;

static struct mmu_notifier *race_alloc(struct mm_struct *mm)
{
	struct mn_sub *sub = kzalloc(sizeof(*sub), GFP_KERNEL);

	if (!sub)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&sub->node);
	sub->ctx = kunit_get_current_test()->priv;
	race_allocated++;
	return &sub->notifier;
}

static void race_free(struct mmu_notifier *notifier)
{
	/* Make a use after free show. */
	memset(notifier, 0xa5, sizeof(*notifier));
	kfree(container_of(notifier, struct mn_sub, notifier));
}

static struct mmu_notifier_ops race_ops, race_other_ops;

/* Get a first subscription of the mm, with race_ops. */
static struct mn_sub *race_get(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	race_ops = mn_range_ops;
	race_ops.alloc_notifier = race_alloc;
	race_ops.free_notifier = race_free;
	race_other_ops = race_ops;
	return mn_got(ctx, mmu_notifier_get(&race_ops, ctx->mm));
}

static void race_expect_call(struct mn_sub *sub)
{
	struct mn_ctx *ctx = sub->ctx;
	unsigned int starts = sub->starts;

	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(ctx->test, sub->starts, starts + 1);
}

/* The next two return how many gets or puts they did. */
static void race_get_again(struct mn_call *call)
{
	struct mm_struct *mm = call->ctx->mm;

	mmap_write_lock(mm);
	do {
		if (mmu_notifier_get_locked(&race_ops, mm) == call->arg)
			call->ret++;
	} while (racing());
	mmap_write_unlock(mm);
}

static void race_put_again(struct mn_call *call)
{
	do {
		mmu_notifier_put(call->arg);
		call->ret++;
	} while (racing());
}

/* Reset to one user after the case, whatever the count. */
static struct mmu_notifier *race_counted;

static void gets_and_puts_are_counted(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = race_get(test);
	struct mmu_notifier *notifier = &sub->notifier;
	struct mn_call *get, *put[2];
	int i;

	/* More users than RACE_JIFFIES suffice to put. */
	notifier->users = UINT_MAX / 2;
	race_counted = notifier;
	get = race(ctx, "gets", notifier, race_get_again);
	for (i = 0; i < 2; i++)
		put[i] = race(ctx, "puts", notifier, race_put_again);
	KUNIT_ASSERT_TRUE(test, mn_returns(get));
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, mn_returns(put[i]));
	KUNIT_EXPECT_EQ(test, notifier->users,
			UINT_MAX / 2 + (unsigned int)get->ret -
			(unsigned int)put[0]->ret - (unsigned int)put[1]->ret);
	race_expect_call(sub);
}

#define RACE_GETTERS	4

static atomic_t race_getters;

/* All getters at once. Returns the notifier. */
static void race_get_first(struct mn_call *call)
{
	struct mmu_notifier *notifier;

	current->kunit_test = call->ctx->test;
	atomic_inc(&race_getters);
	while (atomic_read(&race_getters) < RACE_GETTERS)
		cond_resched();
	notifier = mmu_notifier_get(call->arg, call->ctx->mm);
	if (!IS_ERR(notifier))
		call->ret = (unsigned long)notifier;
	current->kunit_test = NULL;
}

static void first_gets_share_one(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = race_get(test);
	struct mn_sub *got[RACE_GETTERS];
	struct mn_call *get[RACE_GETTERS];
	int i, round;

	race_allocated = 0;
	for (round = 1; round <= 20; round++) {
		atomic_set(&race_getters, 0);
		for (i = 0; i < RACE_GETTERS; i++)
			get[i] = race(ctx, "the first gets", &race_other_ops,
				      race_get_first);
		for (i = 0; i < RACE_GETTERS; i++) {
			KUNIT_ASSERT_TRUE(test, mn_returns(get[i]));
			KUNIT_ASSERT_NE(test, get[i]->ret, 0);
			got[i] = mn_got(ctx, (void *)get[i]->ret);
		}
		KUNIT_EXPECT_EQ(test, race_allocated, round);
		for (i = 0; i < RACE_GETTERS; i++)
			KUNIT_ASSERT_PTR_EQ(test, got[i], got[0]);
		for (i = 0; i < RACE_GETTERS; i++)
			mn_put(got[i]);
	}
	race_expect_call(sub);
}

/* The notifier that one thread got and another one puts. */
static struct mmu_notifier *race_got;

static void race_get_new(struct mn_call *call)
{
	struct mmu_notifier *notifier;

	current->kunit_test = call->ctx->test;
	do {
		notifier = mmu_notifier_get(&race_other_ops, call->ctx->mm);
		if (IS_ERR(notifier)) {
			call->ret++;
			break;
		}
		while (READ_ONCE(race_got) && !READ_ONCE(race_over))
			cond_resched();
		if (READ_ONCE(race_got)) {
			mmu_notifier_put(notifier);
			break;
		}
		/* (a) Pairs with (b): the put sees what the get wrote. */
		smp_store_release(&race_got, notifier);
	} while (racing());
	current->kunit_test = NULL;
}

static void race_put_new(struct mn_call *call)
{
	struct mmu_notifier *notifier;
	unsigned long spins;

	/* The getter may have one more notifier, and wait for this thread. */
	do {
		/* (b) Pairs with (a). */
		notifier = smp_load_acquire(&race_got);
		if (notifier) {
			/* Meet the getter at a different point each time. */
			for (spins = call->ret++ % 512; spins; spins--)
				cpu_relax();
			mmu_notifier_put(notifier);
			WRITE_ONCE(race_got, NULL);
		}
	} while (racing() || !completion_done(&((struct mn_call *)call->arg)->done) ||
		 READ_ONCE(race_got));
}

static void gets_and_puts_share_the_list(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = race_get(test);
	struct mn_call *get, *put;

	get = race(ctx, "gets of a new one", NULL, race_get_new);
	put = race(ctx, "puts of a new one", get, race_put_new);
	KUNIT_ASSERT_TRUE(test, mn_returns(get));
	KUNIT_ASSERT_TRUE(test, mn_returns(put));
	KUNIT_EXPECT_EQ(test, get->ret, 0);
	race_expect_call(sub);
}

/*
 * The first subscription to an mm that was tracked before
 */

#define RACE_MMS	64

static struct mm_struct *race_mms[RACE_MMS];
static unsigned int race_nr_mms;
static unsigned int race_mm;

/* Without reverse map locks: a subscription may see an end without a start. */
static void race_invalidate_latest(struct mn_call *call)
{
	do
		mn_invalidate_mm(race_mms[READ_ONCE(race_mm)], 0, PAGE_SIZE);
	while (racing());
}

static void first_of_each_mm_comes_beside_invalidations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_call *invalidate[2];
	struct mn_sub *sub[RACE_MMS];
	int i, err[RACE_MMS];

	race_mm = 0;
	for (i = 0; i < RACE_MMS; i++) {
		race_mms[i] = mm_alloc();
		KUNIT_ASSERT_NOT_NULL(test, race_mms[i]);
		race_nr_mms++;
		KUNIT_ASSERT_EQ(test, 0,
				mmu_notifier_register(NULL, race_mms[i]));
		sub[i] = mn_sub(ctx, 0, &mn_range_ops);
	}

	race_end = jiffies + RACE_JIFFIES;
	for (i = 0; i < ARRAY_SIZE(invalidate); i++)
		invalidate[i] = race(ctx, "invalidations beside registrations",
				     NULL, race_invalidate_latest);
	for (i = 0; i < RACE_MMS; i++) {
		WRITE_ONCE(race_mm, i);
		err[i] = mn_try_register(sub[i], race_mms[i]);
	}
	race_end = jiffies;
	for (i = 0; i < ARRAY_SIZE(invalidate); i++)
		KUNIT_ASSERT_TRUE(test, mn_returns(invalidate[i]));
	for (i = 0; i < RACE_MMS; i++)
		KUNIT_EXPECT_EQ(test, err[i], 0);
}

/* Let each thread return, even if the others hang. */
static void race_stop(void *data)
{
	struct mn_ctx *ctx = data;
	unsigned int i;

	WRITE_ONCE(race_end, jiffies);
	WRITE_ONCE(race_over, true);
	atomic_set(&race_getters, RACE_GETTERS);
	complete(&race_aim);
	for (i = 0; i < RACE_WAITERS && race_waiters[i].call; i++) {
		/* Wake threads whose wake-up was lost. */
		wake_up_process(race_waiters[i].call->task);
		complete(&race_waiters[i].go);
	}
	mn_let_go(ctx);
	/* A hung thread may still use them. */
	while (!ctx->broken && race_nr_mms)
		mmput(race_mms[--race_nr_mms]);
	if (race_got)
		mmu_notifier_put(race_got);
	if (race_counted)
		race_counted->users = 1;
}

static int race_init(struct kunit *test)
{
	int err;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs several CPUs");
	race_end = jiffies + RACE_JIFFIES;
	race_over = false;
	race_got = NULL;
	race_counted = NULL;
	race_nr_mms = 0;
	memset(race_waiters, 0, sizeof(race_waiters));
	init_completion(&race_aim);
	err = mn_init(test);
	return err ?: kunit_add_action_or_reset(test, race_stop, test->priv);
}

static struct kunit_case mmu_notifier_race_cases[] = {
	KUNIT_CASE(readers_see_each_collision),
	KUNIT_CASE(insertions_and_removals_share_the_tree),
	KUNIT_CASE(wake_ups_are_not_left_to_others),
	KUNIT_CASE(first_gets_share_one),
	KUNIT_CASE(gets_and_puts_are_counted),
	KUNIT_CASE(gets_and_puts_share_the_list),
	KUNIT_CASE(first_of_each_mm_comes_beside_invalidations),
	{}
};

static struct kunit_suite mmu_notifier_race_suite = {
	.name = "mmu_notifier_race",
	.init = race_init,
	.test_cases = mmu_notifier_race_cases,
};

kunit_test_suite(mmu_notifier_race_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: several CPUs");
MODULE_LICENSE("GPL");

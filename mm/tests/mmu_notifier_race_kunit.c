// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers between steps: threads on several CPUs run into
 * each other for a while, and what must hold all the time is checked all the
 * time. What a case finds depends on luck, what it accepts does not.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mmu_notifier_world.h"

#define RACE_JIFFIES	(HZ / 2)

static unsigned long race_end;

/* The threads go on as long as this is true. */
static bool racing(void)
{
	cond_resched();
	return time_before(jiffies, READ_ONCE(race_end));
}

static int race_init(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs several CPUs");
	race_end = jiffies + RACE_JIFFIES;
	return mn_world_init(test);
}

static struct mn_call *race(struct mn_world *world, const char *what, void *arg,
			    void (*fn)(struct mn_call *call))
{
	static unsigned int calls;

	return mn_spawn(world, what, arg, fn,
			cpumask_nth(calls++ % num_online_cpus(),
				    cpu_online_mask));
}

/*
 * Collision-retry
 */

/* What the page table says of two pages. Changed by invalidations only. */
static unsigned long race_page[2];

static void race_invalidate(struct mn_call *call)
{
	unsigned long *page = call->arg;
	struct mmu_notifier_range range;

	do {
		mn_start(call->world, &range, page - race_page, 1);
		WRITE_ONCE(*page, *page + 1);
		mn_end(&range);
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
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mn_call *invalidate[2], *read[2];
	int i;

	for (i = 0; i < 2; i++)
		invalidate[i] = race(world, "invalidations beside readers",
				     &race_page[i], race_invalidate);
	for (i = 0; i < 2; i++)
		read[i] = race(world, "readers beside invalidations", interval,
			       race_read);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_TRUE(test, mn_returns(invalidate[i]));
		KUNIT_EXPECT_TRUE(test, mn_returns(read[i]));
		KUNIT_EXPECT_EQ(test, read[i]->ret, 0);
	}
	mn_remove(interval);
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
						 call->world->mm, 0,
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
	struct mn_world *world = test->priv;
	struct mn_interval *stays = mn_insert(world, 0, 0, 10);
	struct mn_call *invalidate, *call[3];
	unsigned int calls;
	int i;

	invalidate = race(world, "invalidations beside removals", &race_page[0],
			  race_invalidate);
	for (i = 0; i < 3; i++)
		call[i] = race(world, "insertions and removals",
			       mn_interval(world, 0), race_insert_and_remove);
	KUNIT_EXPECT_TRUE(test, mn_returns(invalidate));
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, mn_returns(call[i]));
		KUNIT_EXPECT_EQ(test, call[i]->ret, 0);
	}
	calls = stays->calls;
	mn_invalidate(world, 9, 1);
	KUNIT_EXPECT_EQ(test, stays->calls, calls + 1);
	mn_remove(stays);
}

/*
 * Get and put
 */

static struct mmu_notifier *race_alloc(struct mm_struct *mm)
{
	struct mn_listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL);

	if (!listener)
		return ERR_PTR(-ENOMEM);
	listener->world = kunit_get_current_test()->priv;
	return &listener->notifier;
}

static void race_free(struct mmu_notifier *notifier)
{
	/* Whoever uses it from now on is to notice. */
	memset(notifier, 0xa5, sizeof(*notifier));
	kfree(container_of(notifier, struct mn_listener, notifier));
}

static struct mmu_notifier_ops race_ops, race_other_ops;

/* An mm with one subscription, to race_ops. */
static struct mn_listener *race_get(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier *notifier;

	race_ops = mn_range_ops;
	race_ops.alloc_notifier = race_alloc;
	race_ops.free_notifier = race_free;
	race_other_ops = race_ops;
	notifier = mmu_notifier_get(&race_ops, world->mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	return container_of(notifier, struct mn_listener, notifier);
}

static void race_put(struct mn_listener *listener)
{
	struct mn_world *world = listener->world;
	unsigned int starts = listener->starts;

	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(world->test, listener->starts, starts + 1);
	mmu_notifier_put(&listener->notifier);
	mmu_notifier_synchronize();
}

/* These two return how often they did. */
static void race_get_again(struct mn_call *call)
{
	struct mm_struct *mm = call->world->mm;

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

static void gets_and_puts_are_counted(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = race_get(test);
	struct mmu_notifier *notifier = &listener->notifier;
	struct mn_call *get, *put[2];
	int i;

	/* More than can be given back meanwhile. */
	notifier->users = UINT_MAX / 2;
	get = race(world, "gets", notifier, race_get_again);
	for (i = 0; i < 2; i++)
		put[i] = race(world, "puts", notifier, race_put_again);
	KUNIT_EXPECT_TRUE(test, mn_returns(get));
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_TRUE(test, mn_returns(put[i]));
	KUNIT_EXPECT_EQ(test, notifier->users,
			UINT_MAX / 2 + (unsigned int)get->ret -
			(unsigned int)put[0]->ret - (unsigned int)put[1]->ret);
	notifier->users = 1;
	race_put(listener);
}

/* What one thread has got and another is to put. */
static struct mmu_notifier *race_got;

static void race_get_new(struct mn_call *call)
{
	struct mmu_notifier *notifier;

	current->kunit_test = call->world->test;
	do {
		notifier = mmu_notifier_get(&race_other_ops, call->world->mm);
		if (IS_ERR(notifier)) {
			call->ret++;
			break;
		}
		while (READ_ONCE(race_got))
			cond_resched();
		/* (a) Pairs with (b): it is put as it was got. */
		smp_store_release(&race_got, notifier);
	} while (racing());
	current->kunit_test = NULL;
}

static void race_put_new(struct mn_call *call)
{
	struct mmu_notifier *notifier;
	unsigned long spins;

	/* The other thread may have one left, and wait for this one. */
	do {
		/* (b) Pairs with (a). */
		notifier = smp_load_acquire(&race_got);
		if (notifier) {
			/* Meet the other at another place of its way each time. */
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
	struct mn_world *world = test->priv;
	struct mn_listener *listener = race_get(test);
	struct mn_call *get, *put;

	get = race(world, "gets of a new one", NULL, race_get_new);
	put = race(world, "puts of a new one", get, race_put_new);
	KUNIT_EXPECT_TRUE(test, mn_returns(get));
	KUNIT_EXPECT_TRUE(test, mn_returns(put));
	KUNIT_EXPECT_EQ(test, get->ret, 0);
	race_put(listener);
}

static struct kunit_case mmu_notifier_race_cases[] = {
	KUNIT_CASE(readers_see_each_collision),
	KUNIT_CASE(insertions_and_removals_share_the_tree),
	KUNIT_CASE(gets_and_puts_are_counted),
	KUNIT_CASE(gets_and_puts_share_the_list),
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

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers, and those who invalidate, get wrong with MMU notifiers. It is
 * reported, once and with the name of the callbacks that it is about, and nothing
 * else changes: no count, no list, no wait of others.
 *
 * An implementation that does not see to this may die of a case, or go on with
 * memory that is no longer its own. On such a one, boot once for each of them:
 * kunit.filter_glob=mmu_notifier_misuse.CASE.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "mmu_notifier_world.h"

/* The end of what must be reported once, with this name if it is not NULL. */
static void reported(struct kunit *test, const char *name)
{
	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 1);
	if (!name || !IS_ENABLED(CONFIG_KALLSYMS_ALL))
		return;
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), name),
				  "%s is not named", name);
}

static int mm_count(struct mn_world *world)
{
	return atomic_read(&world->mm->mm_count);
}

/* Nothing is active: a reader returns, and waits for what comes. */
static void expect_order(struct mn_world *world, struct mn_interval *interval)
{
	struct kunit *test = world->test;
	struct mmu_notifier_range range;
	struct mn_call *read;

	if (world->hung)
		return;
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	/* If it hangs, the next call might outlive the range. */
	if (world->hung)
		return;
	mn_range(world, &range, interval->sub.interval_tree.start >> PAGE_SHIFT,
		 1);
	read = mn_spawn_start(world, &range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	if (world->hung)
		return;
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
}

/*
 * Intervals
 */

static void interval_is_removed_twice(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_insert(world, 'a', 0, 10);
	struct mn_interval *b = mn_insert(world, 'b', 5, 10);
	struct mn_interval *c = mn_insert(world, 'c', 0, 5);
	int count;

	mn_remove(a);
	count = mm_count(world);
	mn_reports_begin(world);
	mn_remove(a);
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	/* Drivers look at it when they have removed it. */
	KUNIT_EXPECT_PTR_EQ(test, a->sub.mm, world->mm);

	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, a->calls, 0);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	KUNIT_EXPECT_EQ(test, c->calls, 1);
	expect_order(world, b);
	mn_remove(b);
	mn_remove(c);
}

/* The second comes late: what it has there is no mm any more. */
static void interval_is_removed_again_after_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mm_struct *gone = kunit_kzalloc(test, sizeof(*gone), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gone);
	memset(gone, 0xa5, sizeof(*gone));
	mn_remove(interval);
	interval->sub.mm = gone;
	mn_reports_begin(world);
	mn_remove(interval);
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_NULL(test, memchr_inv(gone, 0xa5, sizeof(*gone)));
}

static void interval_is_removed_by_two_threads(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 0, 10);
	struct mn_call *first, *second;
	struct mmu_notifier_range range;
	int count;

	mn_start(world, &range, 0, 10);
	first = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	count = mm_count(world);
	mn_reports_begin(world);
	second = mn_spawn_remove(interval);
	/* It may wait for the first, or not. */
	mn_sleeps(second);
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(first));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(first));
	KUNIT_EXPECT_TRUE(test, mn_returns(second));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);

	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 2);
	expect_order(world, other);
	mn_remove(other);
}

static int insert_again(struct mn_interval *interval, bool locked,
			unsigned long page)
{
	struct mm_struct *mm = interval->world->mm;
	int err;

	if (!locked)
		return mmu_interval_notifier_insert(&interval->sub, mm,
						    MN_ADDR(page), MN_ADDR(10),
						    &mn_interval_ops);
	mmap_write_lock(mm);
	err = mmu_interval_notifier_insert_locked(&interval->sub, mm,
						  MN_ADDR(page), MN_ADDR(10),
						  &mn_interval_ops);
	mmap_write_unlock(mm);
	return err;
}

static void insert_twice(struct kunit *test, bool locked, unsigned long page)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 0, 100);
	int count = mm_count(world);

	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EEXIST, insert_again(interval, locked, page));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	KUNIT_EXPECT_PTR_EQ(test, interval->sub.mm, world->mm);

	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_invalidate(world, 20, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 2);
	expect_order(world, interval);
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);
	mn_invalidate(world, 0, 100);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_remove(other);
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
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *remove;
	int count;

	mn_start(world, &range, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	count = mm_count(world);
	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EEXIST, insert_again(interval, false, 20));
	reported(test, "mn_interval_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);

	mn_invalidate(world, 0, 30);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_ASSERT_EQ(test, 0, insert_again(interval, false, 20));
	mn_invalidate(world, 0, 30);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	expect_order(world, interval);
	mn_remove(interval);
}

static void interval_that_was_not_inserted_is_read(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mn_call *read;

	KUNIT_ASSERT_EQ(test, -EOVERFLOW,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     0, 0, &mn_interval_ops));
	/* That it is NULL is for another suite. */
	interval->sub.mm = NULL;
	mn_reports_begin(world);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	/* It has no callbacks yet that could be named. */
	reported(test, NULL);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, read->ret));
}

/*
 * Subscriptions to the mm
 */

/* In threads: what does not return is not to hold up the case. */
static void start_and_end(struct mn_world *world)
{
	struct mmu_notifier_range range;
	struct mn_call *start;

	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	KUNIT_EXPECT_TRUE(world->test, mn_returns(start));
	if (!world->hung)
		mn_end(&range);
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

static void unregister(struct mn_listener *listener, struct mm_struct *mm)
{
	struct misuse_unregistration arg = {
		.notifier = &listener->notifier,
		.mm = mm,
	};
	struct mn_call *call = mn_spawn(listener->world,
					"mmu_notifier_unregister", &arg,
					call_unregister, -1);

	KUNIT_EXPECT_TRUE(listener->world->test, mn_returns(call));
}

static void notifier_is_registered_twice(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *before = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *twice = mn_register(world, 'b', &mn_range_ops);
	struct mn_listener *after = mn_register(world, 'c', &mn_range_ops);
	int count = mm_count(world);
	int err;

	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			mmu_notifier_register(&twice->notifier, world->mm));
	reported(test, "mn_range_ops");
	mn_reports_begin(world);
	mmap_write_lock(world->mm);
	err = __mmu_notifier_register(&twice->notifier, world->mm);
	mmap_write_unlock(world->mm);
	KUNIT_EXPECT_EQ(test, err, -EEXIST);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);

	start_and_end(world);
	KUNIT_EXPECT_EQ(test, before->starts, 1);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
	KUNIT_EXPECT_EQ(test, twice->ends, 1);
	KUNIT_EXPECT_EQ(test, after->starts, 1);
	mn_unregister(twice);
	KUNIT_EXPECT_EQ(test, twice->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, before->starts, 2);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
	KUNIT_EXPECT_EQ(test, after->starts, 2);
	mn_unregister(before);
	mn_unregister(after);
}

static void notifier_is_unregistered_twice(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *twice = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *other = mn_register(world, 'b', &mn_range_ops);
	int count;

	mn_unregister(twice);
	count = mm_count(world);
	mn_reports_begin(world);
	unregister(twice, world->mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	KUNIT_EXPECT_EQ(test, twice->releases, 1);
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, twice->starts, 0);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	mn_unregister(other);

	/* It can be used again, for good. */
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register(&twice->notifier, world->mm));
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, twice->starts, 1);
	mn_unregister(twice);
}

/* The first one was right, and had nothing left to do. */
static void notifier_is_unregistered_twice_after_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mm_struct *mm = world->mm;
	int count;

	mmgrab(mm);
	mmgrab(mm);
	mn_world_release(world);
	mn_unregister(listener);
	count = atomic_read(&mm->mm_count);
	mn_reports_begin(world);
	unregister(listener, mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	if (atomic_read(&mm->mm_count) == count)
		mmdrop(mm);
	mmdrop(mm);
}

static void notifier_that_was_not_registered_is_unregistered(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *other = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *listener = mn_listener(world, 'b', &mn_range_ops);
	int count = mm_count(world);

	mn_reports_begin(world);
	unregister(listener, world->mm);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	KUNIT_EXPECT_EQ(test, listener->releases, 0);
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	mn_unregister(other);
}

/*
 * What a driver does that takes current->mm for the one that it has registered
 * with, when its file has been inherited.
 */
static void unregister_from_another_mm(struct kunit *test, bool has_notifiers)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *theirs = mn_listener(world, 'b', &mn_range_ops);
	struct mm_struct *other = mm_alloc();
	int count = mm_count(world), other_count;

	KUNIT_ASSERT_NOT_NULL(test, other);
	/* More than can be lost. */
	mmgrab(other);
	if (has_notifiers)
		KUNIT_ASSERT_EQ(test, 0,
				mmu_notifier_register(&theirs->notifier, other));
	other_count = atomic_read(&other->mm_count);

	mn_reports_begin(world);
	unregister(listener, other);
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, atomic_read(&other->mm_count), other_count);
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	KUNIT_EXPECT_PTR_EQ(test, listener->release_mm, world->mm);
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, listener->starts, 0);

	if (atomic_read(&other->mm_count) != other_count)
		return;
	mmput(other);
	KUNIT_EXPECT_EQ(test, theirs->releases, has_notifiers);
	if (has_notifiers)
		mn_unregister(theirs);
	mmdrop(other);
}

static void notifier_is_unregistered_from_another_mm(struct kunit *test)
{
	unregister_from_another_mm(test, false);
}

static void notifier_is_unregistered_from_an_mm_with_others(struct kunit *test)
{
	unregister_from_another_mm(test, true);
}

static struct mn_listener *misuse_listener;
static unsigned int misuse_freed;

static struct mmu_notifier *misuse_alloc(struct mm_struct *mm)
{
	return &misuse_listener->notifier;
}

/* It is not freed: the case goes on to use it. */
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
	struct mn_world *world = test->priv;
	struct mmu_notifier *notifier;
	int count = mm_count(world);
	int i;

	misuse_freed = 0;
	misuse_listener = mn_listener(world, 'a', NULL);
	notifier = mmu_notifier_get(&misuse_get_ops, world->mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	mmu_notifier_put(notifier);
	/* Before it is freed, perhaps, and after that. */
	for (i = 0; i < 2; i++) {
		mn_reports_begin(world);
		mmu_notifier_put(notifier);
		reported(test, "misuse_get_ops");
		mmu_notifier_synchronize();
		KUNIT_EXPECT_EQ(test, misuse_freed, 1);
		KUNIT_EXPECT_EQ(test, mm_count(world), count);
	}
	mn_invalidate(world, 0, 1);
}

static void misuse_keep(struct mmu_notifier *notifier)
{
}

static const struct mmu_notifier_ops misuse_put_ops = {
	.free_notifier = misuse_keep,
};

/* Its memory is still there. */
static void notifier_is_put_after_its_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &misuse_put_ops);

	mn_unregister(listener);
	mn_world_release(world);
	mn_reports_begin(world);
	mmu_notifier_put(&listener->notifier);
	reported(test, "misuse_put_ops");
}

/* It may be freed when the unregistration looks at it again. */
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
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_listener *listener;
	int count = mm_count(world);

	listener = mn_register(world, 'a', &misuse_released_ops);
	/* Dropped once too often, it is to be there still. */
	mmgrab(mm);
	mn_reports_begin(world);
	unregister(listener, mm);
	mmu_notifier_synchronize();
	reported(test, "misuse_released_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count + 1);
	if (mm_count(world) == count + 1)
		mmdrop(mm);
}

static void notifier_that_cannot_be_freed_is_put(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	int count = mm_count(world);

	mn_reports_begin(world);
	mmu_notifier_put(&listener->notifier);
	mmu_notifier_synchronize();
	reported(test, "mn_range_ops");
	KUNIT_EXPECT_EQ(test, mm_count(world), count);
	start_and_end(world);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	KUNIT_EXPECT_EQ(test, listener->releases, 0);
	mn_unregister(listener);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	KUNIT_EXPECT_EQ(test, mm_count(world), count - 1);
}

/*
 * Those who invalidate
 */

static void start_twice(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *read;

	mn_start(world, &range, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_reports_begin(world);
	mmu_notifier_invalidate_range_start(&range);
	reported(test, NULL);
	KUNIT_EXPECT_STREQ(test, world->log, "il");
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_STREQ(test, world->log, "ilL");
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	expect_order(world, interval);
	mn_remove(interval);
	mn_unregister(listener);
}

static void range_is_started_twice(struct kunit *test)
{
	start_twice(test);
}

/* The same, where more are active than an implementation may keep apart. */
static void range_is_started_twice_in_a_crowd(struct kunit *test)
{
	mn_crowd(test->priv, MN_CROWD);
	start_twice(test);
	mn_crowd_end(test->priv);
}

/* What never started is not reported: its mm may have had no intervals by then. */
static void end_what_is_not_active(struct mn_world *world,
				   struct mmu_notifier_range *range,
				   unsigned int reports)
{
	struct kunit *test = world->test;
	struct mn_interval *interval = mn_insert(world, 0, 20, 10);
	struct mmu_notifier_range active;
	struct mn_call *read[2];

	mn_start(world, &active, 20, 1);
	read[0] = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[0]));
	mn_reports_begin(world);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), reports);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[0]));
	read[1] = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[1]));
	mn_end(&active);
	KUNIT_EXPECT_TRUE(test, mn_returns(read[0]));
	KUNIT_EXPECT_TRUE(test, mn_returns(read[1]));
	expect_order(world, interval);
	mn_remove(interval);
}

static void range_is_ended_that_was_not_started(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;

	mn_range(world, &range, 20, 1);
	end_what_is_not_active(world, &range, 0);
}

static void range_filled_in_by_hand_is_ended_only(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;

	mn_range_by_hand(world, &range, 20, 1);
	end_what_is_not_active(world, &range, 1);
}

static void range_is_ended_twice(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener;
	struct mmu_notifier_range range;

	mn_prepare(world);
	listener = mn_register(world, 'l', &mn_range_ops);
	mn_start(world, &range, 20, 1);
	mn_end(&range);
	end_what_is_not_active(world, &range, 1);
	/* That of the other range was announced, too. */
	KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
	mn_unregister(listener);
}

static void range_that_was_refused_is_ended(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mmu_notifier_range range;

	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	end_what_is_not_active(world, &range, 1);
	mn_remove(interval);
}

static void copy_of_a_range_is_ended(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mn_interval *other = mn_insert(world, 0, 20, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mmu_notifier_range range, copy, active;
	struct mn_call *read, *others[2];

	mn_start(world, &range, 0, 1);
	mn_start(world, &active, 20, 1);
	read = mn_spawn_read(interval);
	others[0] = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[0]));
	copy = range;
	mn_end(&copy);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));

	/* Then its own end comes. */
	mn_reports_begin(world);
	mn_end(&range);
	reported(test, NULL);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[0]));
	others[1] = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(others[1]));
	mn_end(&active);
	KUNIT_EXPECT_TRUE(test, mn_returns(others[0]));
	KUNIT_EXPECT_TRUE(test, mn_returns(others[1]));
	expect_order(world, interval);
	expect_order(world, other);
	KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
	mn_unregister(listener);
	mn_remove(interval);
	mn_remove(other);
}

/* No mistake of those who are there, nor may it be one to copy a range. */
static void copy_of_a_range_is_started_elsewhere(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 0, 30);
	struct mmu_notifier_range range, copy;
	struct mn_call *read;
	int i;

	for (i = 0; i < 3; i++) {
		mn_start(world, &range, 5, 2);
		copy = range;
		copy.start = MN_ADDR(i == 1 ? 5 : 20);
		copy.end = MN_ADDR(i == 2 ? 7 : 21);
		if (i == 2)
			copy.start = MN_ADDR(4);
		mn_reports_begin(world);
		mmu_notifier_invalidate_range_start(&copy);
		mn_reports_end(world);
		KUNIT_EXPECT_EQ(test, other->calls, 2 * i + 2);
		mn_end(&range);
		read = mn_spawn_read(other);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(&copy);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		if (world->hung)
			return;
	}
	expect_order(world, interval);
	mn_remove(interval);
	mn_remove(other);
}

/* The range itself, without an end in between. */
static void start_again_elsewhere(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 20, 10);
	struct mmu_notifier_range range, first;
	struct mn_call *read;

	mn_start(world, &range, 0, 1);
	first = range;
	range.start = MN_ADDR(20);
	range.end = MN_ADDR(21);
	mn_reports_begin(world);
	mmu_notifier_invalidate_range_start(&range);
	mn_reports_end(world);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->calls, 1);
	read = mn_spawn_read(other);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	/* So that the case can end. */
	mn_end(&first);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	expect_order(world, interval);
	expect_order(world, other);
	mn_remove(interval);
	mn_remove(other);
}

static void range_is_started_again_elsewhere(struct kunit *test)
{
	start_again_elsewhere(test);
}

static void range_is_started_again_elsewhere_in_a_crowd(struct kunit *test)
{
	mn_crowd(test->priv, MN_CROWD);
	start_again_elsewhere(test);
	mn_crowd_end(test->priv);
}

/* Where sequences may be the same, but for the mm. */
static void copy_of_a_range_is_ended_in_another_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm, *other = mm_alloc();
	struct mmu_notifier_range range, copy, active;
	struct mn_interval *interval[2];
	struct mn_call *read;

	KUNIT_ASSERT_NOT_NULL(test, other);
	interval[0] = mn_insert(world, 'a', 0, 10);
	mn_start(world, &range, 0, 1);
	world->mm = other;
	interval[1] = mn_insert(world, 'b', 0, 10);
	mn_start(world, &active, 0, 1);
	world->mm = mm;
	read = mn_spawn_read(interval[1]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	copy = range;
	copy.mm = other;
	mn_reports_begin(world);
	mn_end(&copy);
	mn_reports_end(world);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&active);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_end(&range);
	mn_remove(interval[1]);
	mn_remove(interval[0]);
	if (!world->hung)
		mmput(other);
}


/* The same, where nothing else is active, and more or less has been since. */
static void range_is_ended_long_after_its_copy(struct kunit *test)
{
	static const unsigned int others[] = { 0, 1, 31, 32, 63, 64, 200 };
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mmu_notifier_range range, copy;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		mn_start(world, &range, 0, 1);
		copy = range;
		mn_end(&copy);
		for (j = 0; j < others[i]; j++)
			mn_invalidate(world, 0, 1);
		mn_reports_begin(world);
		mn_end(&range);
		reported(test, NULL);
		expect_order(world, interval);
	}
	mn_remove(interval);
}

/* Whatever has taken the place of the range, it stays. */
static void range_is_ended_among_others_after_its_copy(struct kunit *test)
{
	struct mmu_notifier_range *others, range, copy;
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mn_call *read;
	int i;

	others = kcalloc(200, sizeof(*others), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, others);
	mn_start(world, &range, 0, 1);
	copy = range;
	mn_end(&copy);
	for (i = 0; i < 200; i++)
		mn_start(world, &others[i], 0, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_reports_begin(world);
	mn_end(&range);
	reported(test, NULL);
	for (i = 0; i < 200; i++) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(&others[i]);
	}
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	expect_order(world, interval);
	mn_remove(interval);
	if (!world->hung)
		kfree(others);
}

/* Start a range and lose it. Returns a copy, through which it can be ended. */
static struct mmu_notifier_range lost_range(struct kunit *test,
					    struct mm_struct *mm)
{
	struct mmu_notifier_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	struct mmu_notifier_range copy;

	KUNIT_ASSERT_NOT_NULL(test, range);
	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, 0, PAGE_SIZE);
	mmu_notifier_invalidate_range_start(range);
	copy = *range;
	memset(range, 0xa5, sizeof(*range));
	kfree(range);
	return copy;
}

static void range_is_never_ended(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mn_interval *removed = mn_insert(world, 0, 0, 10);
	struct mn_interval *elsewhere = mn_insert(world, 0, 20, 10);
	struct mmu_notifier_range copy = lost_range(test, world->mm);
	struct mn_listener *listener;
	struct mn_call *read, *remove;
	int i;

	read = mn_spawn_read(interval);
	remove = mn_spawn_remove(removed);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	/* All others go on. */
	for (i = 0; i < 200; i++)
		mn_invalidate(world, i, 1);
	expect_order(world, elsewhere);
	if (world->hung)
		return;
	mn_remove(elsewhere);
	elsewhere = mn_insert(world, 0, 30, 10);
	expect_order(world, elsewhere);
	mn_remove(elsewhere);
	listener = mn_register(world, 'l', &mn_range_ops);
	start_and_end(world);
	KUNIT_EXPECT_STREQ(test, world->log, "lL");
	mn_unregister(listener);
	KUNIT_EXPECT_EQ(test, interval->calls, 12);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	/* So that the case can end. */
	mn_end(&copy);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	expect_order(world, interval);
	mn_remove(interval);
}

static void mm_ends_before_a_range(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_interval *interval = mn_insert(world, 0, 20, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_call *release;

	mmgrab(mm);
	lost_range(test, mm);
	release = mn_spawn_release(world);
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	mn_unregister(listener);
	mn_remove(interval);
	/* Each has given back what it had. */
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), 1);
	mmdrop(mm);
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
	KUNIT_CASE(notifier_is_unregistered_twice),
	KUNIT_CASE(notifier_is_unregistered_twice_after_the_mm),
	KUNIT_CASE(notifier_that_was_not_registered_is_unregistered),
	KUNIT_CASE(notifier_is_unregistered_from_another_mm),
	KUNIT_CASE(notifier_is_unregistered_from_an_mm_with_others),
	KUNIT_CASE(notifier_is_put_once_too_often),
	KUNIT_CASE(notifier_is_put_after_its_mm),
	KUNIT_CASE(notifier_is_put_in_the_release_of_its_unregistration),
	KUNIT_CASE(notifier_that_cannot_be_freed_is_put),
	KUNIT_CASE(range_is_started_twice),
	KUNIT_CASE(range_is_started_twice_in_a_crowd),
	KUNIT_CASE(range_is_ended_that_was_not_started),
	KUNIT_CASE(range_filled_in_by_hand_is_ended_only),
	KUNIT_CASE(range_is_ended_twice),
	KUNIT_CASE(range_that_was_refused_is_ended),
	KUNIT_CASE(copy_of_a_range_is_ended),
	KUNIT_CASE(copy_of_a_range_is_started_elsewhere),
	KUNIT_CASE(range_is_started_again_elsewhere),
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
	.init = mn_world_init,
	.test_cases = mmu_notifier_misuse_cases,
};
kunit_test_suite(mmu_notifier_misuse_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: what drivers get wrong");
MODULE_LICENSE("GPL");

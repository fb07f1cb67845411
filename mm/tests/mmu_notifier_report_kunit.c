// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be reported about drivers that use MMU notifiers, and what must not
 * be.
 *
 * Most cases do something that can deadlock, but with nothing to deadlock with,
 * and check the report on the console: its kind, the lock about to be taken,
 * the lock that is held, and the locks in between. The others do it right.
 *
 * Lockdep stops at its first report, and a sleep is reported at most once per
 * second, so each case needs its own boot. After the first case of a boot that
 * expects a report, the others are skipped.
 *
 *	./tools/testing/kunit/kunit.py run --kunitconfig=mm/tests \
 *		--kconfig_add CONFIG_MMU_NOTIFIER_REPORT_KUNIT_TEST=y \
 *		--run_isolated=test mmu_notifier_report
 */

#include <kunit/test.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vm_event_item.h>
#include <linux/vmstat.h>

#include "mmu_notifier_expect.h"
#include "mmu_notifier_helpers.h"

/* The names of locks, as lockdep prints them. */
#define DRIVER_LOCK	"&driver->lock"
#define MMAP_LOCK	"&mm->mmap_lock"

/* A driver whose callbacks take its lock. */
struct mn_driver {
	struct mn_ctx *ctx;
	struct mutex lock;		/* taken by the callbacks */
	struct mn_interval interval;
	struct mn_sub sub;
	unsigned int ends;		/* callbacks at the end, of the mm or of a range */
	bool sleeps;			/* takes the lock even if it must not sleep */
	/* Called by the callbacks before they take the lock. */
	void (*in_callback)(struct mn_driver *driver);
	/* An interval_sub of another mm, in which no range is ever active. */
	struct mn_interval bystander;
	struct mm_struct *other_mm;
	struct mn_gate *gate;
};

static bool driver_callback(struct mn_driver *driver,
			    const struct mmu_notifier_range *range,
			    unsigned long seq)
{
	if (driver->in_callback)
		driver->in_callback(driver);

	if (mmu_notifier_range_blockable(range) || driver->sleeps)
		mutex_lock(&driver->lock);
	else if (!mutex_trylock(&driver->lock))
		return false;
	if (seq)
		mmu_interval_set_seq(&driver->interval.sub, seq);
	mutex_unlock(&driver->lock);
	return true;
}

static bool driver_invalidate(struct mmu_interval_notifier *interval,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	return driver_callback(container_of(interval, struct mn_driver,
					    interval.sub),
			       range, seq);
}

static int driver_start(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	return driver_callback(container_of(notifier, struct mn_driver,
					    sub.notifier),
			       range, 0) ? 0 : -EAGAIN;
}

static void driver_end(struct mmu_notifier *notifier,
		       const struct mmu_notifier_range *range)
{
	struct mn_driver *driver = container_of(notifier, struct mn_driver,
						sub.notifier);

	mutex_lock(&driver->lock);
	driver->ends++;
	mutex_unlock(&driver->lock);
}

static const struct mmu_interval_notifier_ops driver_interval_ops = {
	.invalidate = driver_invalidate,
};

static const struct mmu_notifier_ops driver_start_ops = {
	.invalidate_range_start = driver_start,
};

static const struct mmu_notifier_ops driver_end_ops = {
	.invalidate_range_end = driver_end,
};

static struct mn_driver *driver_init(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_driver *driver = mn_alloc(ctx, sizeof(*driver));

	driver->ctx = ctx;
	mutex_init(&driver->lock);
	driver->gate = mn_gate(ctx);
	driver->other_mm = mn_other_mm(ctx);
	mn_interval_init(ctx, 0, &driver->interval);
	mn_interval_init(ctx, 0, &driver->bystander);
	mn_sub_init(ctx, 0, &driver->sub, NULL);
	return driver;
}

static void driver_insert_bystander(struct mn_driver *driver)
{
	/* Do not assert, as locks may be held. */
	KUNIT_EXPECT_EQ(driver->ctx->test, 0,
			mn_try_insert_ops(&driver->bystander, driver->other_mm,
					  0, PAGE_SIZE, &driver_interval_ops));
}

/* A driver that subscribes to an interval. */
static struct mn_driver *interval_driver(struct kunit *test)
{
	struct mn_driver *driver = driver_init(test);

	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&driver->interval, driver->ctx->mm, 0,
					  PAGE_SIZE, &driver_interval_ops));
	return driver;
}

/* Remove in this thread, with the locks it holds; as driver_unregister(). */
static void driver_remove(struct mn_interval *interval)
{
	list_del_init(&interval->node);
	mmu_interval_notifier_remove(&interval->sub);
}

static void driver_unregister(struct mn_sub *sub)
{
	list_del_init(&sub->node);
	mmu_notifier_unregister(&sub->notifier, sub->notifier.mm);
}

/* A driver that subscribes to a whole mm. */
static struct mn_driver *mm_driver(struct kunit *test,
				   const struct mmu_notifier_ops *ops)
{
	struct mn_driver *driver = driver_init(test);

	driver->sub.notifier.ops = ops;
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_register(&driver->sub, driver->ctx->mm));
	return driver;
}

/* Invalidate the right way: under the mmap_lock. */
static void invalidate(struct mn_driver *driver)
{
	mmap_read_lock(driver->ctx->mm);
	mn_invalidate(driver->ctx, 0, 1);
	mmap_read_unlock(driver->ctx->mm);
}

static int start_nonblock(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, 0, PAGE_SIZE);
	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (!err)
		mmu_notifier_invalidate_range_end(&range);
	return err;
}

static void invalidate_other_mm(struct mn_driver *driver)
{
	mn_invalidate_mm(driver->other_mm, 0, PAGE_SIZE);
}

static void allocate(gfp_t gfp)
{
	kfree(kmalloc(64, gfp));
}

/*
 * Allocation under a lock that a callback takes. The cases reclaim nothing:
 * lockdep has to know that an allocation may.
 */

static void allocation_under_a_lock_of_an_interval_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_FS_RECLAIM, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	allocate(GFP_KERNEL);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void allocation_under_a_lock_of_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_FS_RECLAIM, DRIVER_LOCK);
	driver = mm_driver(test, &driver_start_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	allocate(GFP_KERNEL);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void allocation_under_a_lock_of_an_end_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_FS_RECLAIM, DRIVER_LOCK);
	driver = mm_driver(test, &driver_end_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	allocate(GFP_KERNEL);
	mutex_unlock(&driver->lock);
	KUNIT_EXPECT_EQ(test, driver->ends, 1);
	mn_expect_end(test);
}

/* GFP_NOFS does not help: reclaim without file system I/O invalidates, too. */
static void nofs_allocation_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	allocate(GFP_NOFS);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* The reverse order: lockdep has already seen an allocation under the lock. */
static void callback_takes_a_lock_that_was_allocated_under(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, DRIVER_LOCK, MN_INVALIDATION);
	driver = interval_driver(test);
	mutex_lock(&driver->lock);
	allocate(GFP_KERNEL);
	mutex_unlock(&driver->lock);
	invalidate(driver);
	mn_expect_end(test);
}

static unsigned long reclaim_events(struct kunit *test)
{
	unsigned long *events = kunit_kcalloc(test, NR_VM_EVENT_ITEMS,
					      sizeof(*events), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, events);
	all_vm_events(events);
	return events[PGSCAN_DIRECT] + events[PGSCAN_KSWAPD] +
	       events[ALLOCSTALL_NORMAL] + events[ALLOCSTALL_MOVABLE] +
	       events[SLABS_SCANNED];
}

static void reclaim_is_known_before_any_reclaim(struct kunit *test)
{
	struct mn_driver *driver;

	if (!IS_ENABLED(CONFIG_VM_EVENT_COUNTERS))
		kunit_skip(test, "needs CONFIG_VM_EVENT_COUNTERS");
	if (reclaim_events(test))
		kunit_skip(test, "something has been reclaimed in this boot");
	mn_expect_circle(test, MN_FS_RECLAIM, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	/* As an allocation does before it knows whether to reclaim. */
	fs_reclaim_acquire(GFP_KERNEL);
	fs_reclaim_release(GFP_KERNEL);
	mutex_unlock(&driver->lock);
	KUNIT_EXPECT_EQ(test, reclaim_events(test), 0);
	mn_expect_end(test);
}

/*
 * Faults under a lock that a callback takes, and the mmap_lock for them
 */

static void mmap_lock_under_the_lock(struct mn_driver *driver)
{
	mutex_lock(&driver->lock);
	mmap_read_lock(driver->ctx->mm);
	mmap_read_unlock(driver->ctx->mm);
	mutex_unlock(&driver->lock);
}

static void mmap_lock_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MMAP_LOCK, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mmap_lock_under_the_lock(driver);
	mn_expect_end(test);
}

static void mmap_lock_under_a_lock_of_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_order(test, MMAP_LOCK, DRIVER_LOCK);
	driver = mm_driver(test, &driver_start_ops);
	invalidate(driver);
	mmap_lock_under_the_lock(driver);
	mn_expect_end(test);
}

static void user_access_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned long addr = mn_map(test->priv, PAGE_SIZE);
	char byte;

	mn_expect_circle(test, MMAP_LOCK, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_EQ(test, 0,
			copy_from_user(&byte, (void __user *)addr, 1));
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void get_user_pages_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned long addr = mn_map(test->priv, PAGE_SIZE);
	struct page *page;

	mn_expect_circle(test, MMAP_LOCK, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) == 1)
		put_page(page);
	else
		KUNIT_FAIL(test, "no page");
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* The mmap_lock is taken in the right order, but the fault allocates. */
static void fault_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned long addr = mn_map(test->priv, PAGE_SIZE);
	struct vm_area_struct *vma;

	mn_expect_circle(test, MN_FS_RECLAIM, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mmap_read_lock(current->mm);
	mutex_lock(&driver->lock);
	vma = vma_lookup(current->mm, addr);
	if (!vma || handle_mm_fault(vma, addr, FAULT_FLAG_WRITE, NULL) &
		    VM_FAULT_ERROR)
		KUNIT_FAIL(test, "no page");
	mutex_unlock(&driver->lock);
	mmap_read_unlock(current->mm);
	mn_expect_end(test);
}

static void insert_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MMAP_LOCK, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	driver_insert_bystander(driver);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* Report this too, though only the first insertion takes the mmap_lock. */
static void later_insert_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MMAP_LOCK, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	driver_insert_bystander(driver);
	driver_remove(&driver->bystander);
	mutex_lock(&driver->lock);
	driver_insert_bystander(driver);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/*
 * Waits for invalidations, in a callback and under a lock that callbacks take.
 * They wait in another mm, where no range is active, so they return at once.
 */

static void read_begin(struct mn_driver *driver)
{
	mmu_interval_read_begin(&driver->bystander.sub);
}

static void remove(struct mn_driver *driver)
{
	driver_remove(&driver->bystander);
	driver->in_callback = NULL;
}

static void read_begin_in_an_interval_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_recursion(test, MN_INVALIDATION);
	driver = interval_driver(test);
	driver_insert_bystander(driver);
	driver->in_callback = read_begin;
	invalidate(driver);
	mn_expect_end(test);
}

static void read_begin_in_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_recursion(test, MN_INVALIDATION);
	driver = mm_driver(test, &driver_start_ops);
	driver_insert_bystander(driver);
	driver->in_callback = read_begin;
	invalidate(driver);
	mn_expect_end(test);
}

static void remove_in_an_interval_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_recursion(test, MN_INVALIDATION);
	driver = interval_driver(test);
	driver_insert_bystander(driver);
	driver->in_callback = remove;
	invalidate(driver);
	mn_expect_end(test);
}

static void remove_in_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_recursion(test, MN_INVALIDATION);
	driver = mm_driver(test, &driver_start_ops);
	driver_insert_bystander(driver);
	driver->in_callback = remove;
	invalidate(driver);
	mn_expect_end(test);
}

static void read_begin_under_the_user_lock(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	mmu_interval_read_begin(&driver->interval.sub);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void remove_under_the_user_lock(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	driver_remove(&driver->interval);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void unregister_under_a_lock_of_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_WAIT, DRIVER_LOCK);
	driver = mm_driver(test, &driver_start_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	driver_unregister(&driver->sub);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void synchronize_under_a_lock_of_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_WAIT, DRIVER_LOCK);
	driver = mm_driver(test, &driver_start_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	mmu_notifier_synchronize();
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* Register another subscription; the locks nest in the right order. */
static void register_under_the_lock(struct mn_driver *driver)
{
	struct mn_ctx *ctx = driver->ctx;
	struct mn_sub *sub = mn_sub(ctx, 0, &mn_range_ops);
	int err;

	mmap_write_lock(ctx->mm);
	mutex_lock(&driver->lock);
	err = __mmu_notifier_register(&sub->notifier, ctx->mm);
	mutex_unlock(&driver->lock);
	mmap_write_unlock(ctx->mm);
	KUNIT_EXPECT_EQ(ctx->test, 0, mn_registered(sub, err));
}

static void register_under_a_lock_of_a_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_WAIT, DRIVER_LOCK);
	driver = mm_driver(test, &driver_start_ops);
	invalidate(driver);
	register_under_the_lock(driver);
	mn_expect_end(test);
}

/*
 * Waits for whole ranges: registration, unregistration and exit of the mm
 * depend on any lock that is taken between start and end
 */

/* The driver's lock is not taken by callbacks, but between start and end. */
static struct mn_driver *driver_of_ranges(struct kunit *test)
{
	struct mn_driver *driver = mm_driver(test, &mn_range_ops);
	struct mmu_notifier_range *range;

	range = mn_start(driver->ctx, 0, 1);
	mutex_lock(&driver->lock);
	mutex_unlock(&driver->lock);
	mn_end(range);
	return driver;
}

static void unregister_under_a_lock_that_is_taken_in_ranges(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	driver = driver_of_ranges(test);
	mutex_lock(&driver->lock);
	driver_unregister(&driver->sub);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void register_under_a_lock_that_is_taken_in_ranges(struct kunit *test)
{
	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	register_under_the_lock(driver_of_ranges(test));
	mn_expect_end(test);
}

static void synchronize_under_a_lock_that_is_taken_in_ranges(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	driver = driver_of_ranges(test);
	mutex_lock(&driver->lock);
	mmu_notifier_synchronize();
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* fork() allocates between start and end, and reclaim takes the lock. */
static void unregister_under_a_lock_that_reclaim_takes(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;

	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	driver = mm_driver(test, &mn_range_ops);
	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&driver->lock);
	mutex_unlock(&driver->lock);
	fs_reclaim_release(GFP_KERNEL);
	range = mn_start(driver->ctx, 0, 1);
	allocate(GFP_KERNEL);
	mn_end(range);
	mutex_lock(&driver->lock);
	driver_unregister(&driver->sub);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/*
 * Locks that are held when a range starts come before locks taken in the range,
 * whether or not the range is in an SRCU section.
 */
static void mmap_lock_under_a_lock_that_is_taken_in_ranges(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;

	mn_expect_order(test, MMAP_LOCK, DRIVER_LOCK);
	driver = mm_driver(test, &mn_range_ops);
	range = mn_range(driver->ctx, 0, 1);
	mmap_read_lock(driver->ctx->mm);
	mn_start_range(range);
	mutex_lock(&driver->lock);
	mutex_unlock(&driver->lock);
	mn_end(range);
	mmap_read_unlock(driver->ctx->mm);
	mmap_lock_under_the_lock(driver);
	mn_expect_end(test);
}

/* The range being waited for calls an interval_sub, which takes the lock. */
static void unregister_under_a_lock_of_an_interval_callback(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_sub *sub;

	mn_expect_circle(test, MN_WAIT, DRIVER_LOCK);
	driver = interval_driver(test);
	sub = mn_register(driver->ctx, 0, &mn_range_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	driver_unregister(sub);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* If a range never ends, all waits for it hang. */
static void return_to_user_space_without_an_end(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;

	mn_expect_held_in_user_space(test);
	driver = mm_driver(test, &mn_range_ops);
	range = mn_start(driver->ctx, 0, 1);
	lockdep_sys_exit();
	mn_end(range);
	mn_expect_end(test);
}

/* Unregister only once, as unregistration calls ->release() again. */
static void driver_unregisters_in_release(struct mmu_notifier *notifier,
					  struct mm_struct *mm)
{
	struct mn_driver *driver = container_of(notifier, struct mn_driver,
						sub.notifier);

	if (!driver->ends++)
		mmu_notifier_unregister(notifier, mm);
}

static const struct mmu_notifier_ops driver_release_ops = {
	.release = driver_unregisters_in_release,
};

static void driver_locks_in_release(struct mmu_notifier *notifier,
				    struct mm_struct *mm)
{
	struct mn_driver *driver = container_of(notifier, struct mn_driver,
						sub.notifier);

	mutex_lock(&driver->lock);
	driver->ends++;
	mutex_unlock(&driver->lock);
}

static const struct mmu_notifier_ops driver_locks_in_release_ops = {
	.release = driver_locks_in_release,
};

static struct mn_driver *driver_that_locked_in_release(struct kunit *test)
{
	struct mn_driver *driver = mm_driver(test, &driver_locks_in_release_ops);

	driver_unregister(&driver->sub);
	return driver;
}

static void unregister_under_a_lock_of_release(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_sub *other;

	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	driver = driver_that_locked_in_release(test);
	other = mn_register(driver->ctx, 0, &mn_range_ops);
	mutex_lock(&driver->lock);
	driver_unregister(other);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* Exit of the mm waits for unregistration, which may call ->release(). */
static void end_of_the_mm_under_a_lock_of_release(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_SRCU, DRIVER_LOCK);
	driver = driver_that_locked_in_release(test);
	mn_register(driver->ctx, 0, &mn_range_ops);
	mutex_lock(&driver->lock);
	mn_release_mm(driver->ctx);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/* Exit of the mm waits for itself: the case cannot avoid the deadlock. */
static void unregister_in_release_by_the_end_of_the_mm(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_call *release;

	mn_expect_recursion(test, MN_SRCU);
	driver = mm_driver(test, &driver_release_ops);
	release = mn_spawn_release(driver->ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(release));
	/* The thread never returns. */
	driver->ctx->broken = true;
	mn_expect_end(test);
}

/* Wrong: after a collision, begin again without dropping the user lock. */
static void retry_with_the_user_lock(struct mn_call *call)
{
	struct mn_driver *driver = call->arg;
	unsigned long seq;

	seq = mmu_interval_read_begin(&driver->interval.sub);
	mn_gate_pass(driver->gate);
	mutex_lock(&driver->lock);
	call->ret++;
	while (mmu_interval_read_retry(&driver->interval.sub, seq)) {
		seq = mmu_interval_read_begin(&driver->interval.sub);
		call->ret++;
	}
	mutex_unlock(&driver->lock);
}

static void invalidate_in_thread(struct mn_call *call)
{
	invalidate(call->arg);
}

/*
 * One thread waits for the invalidation of another, whose callback waits for
 * the lock of the first. Here the callback gets the lock first, and returns.
 */
static void retry_with_the_user_lock_against_an_invalidation(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_call *fault, *invalidation;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	fault = mn_spawn(driver->ctx, "a fault", driver,
			 retry_with_the_user_lock, -1);
	mn_gate_entered(driver->ctx, driver->gate);
	invalidation = mn_spawn(driver->ctx, "an invalidation", driver,
				invalidate_in_thread, -1);
	KUNIT_ASSERT_TRUE(test, mn_returns(invalidation));
	mn_gate_open(driver->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(fault));
	KUNIT_EXPECT_EQ(test, fault->ret, 2);
	mn_expect_end(test);
}

/*
 * Every start, and every end if the mm has subscriptions, tells lockdep under
 * which locks an mm is invalidated
 */

static void start_without_notifiers_under_a_lock(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, DRIVER_LOCK, MN_INVALIDATION);
	driver = interval_driver(test);
	KUNIT_ASSERT_FALSE(test, mm_has_notifiers(driver->other_mm));
	mutex_lock(&driver->lock);
	invalidate_other_mm(driver);
	mutex_unlock(&driver->lock);
	invalidate(driver);
	mn_expect_end(test);
}

static void nonblocking_start_without_notifiers_under_a_lock(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, DRIVER_LOCK, MN_INVALIDATION);
	driver = interval_driver(test);
	KUNIT_ASSERT_FALSE(test, mm_has_notifiers(driver->other_mm));
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_EQ(test, 0, start_nonblock(driver->other_mm));
	mutex_unlock(&driver->lock);
	invalidate(driver);
	mn_expect_end(test);
}

static void nonblocking_start_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_EQ(test, -EAGAIN, start_nonblock(driver->ctx->mm));
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

static void end_under_a_lock_of_a_callback(struct kunit *test)
{
	struct mn_driver *driver;
	struct mmu_notifier_range *range;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = interval_driver(test);
	range = mn_start(driver->ctx, 0, 1);
	mutex_lock(&driver->lock);
	mn_end(range);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/*
 * Sleep where it is forbidden
 */

static void sleep_in_a_nonblocking_interval_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_skip_unless_sleep_is_forbidden(test);
	mn_expect_sleep(test, "non_block: 1");
	driver = interval_driver(test);
	driver->sleeps = true;
	KUNIT_EXPECT_EQ(test, 0, start_nonblock(driver->ctx->mm));
	mn_expect_end(test);
}

static void sleep_in_a_nonblocking_start_callback(struct kunit *test)
{
	struct mn_driver *driver;

	mn_skip_unless_sleep_is_forbidden(test);
	mn_expect_sleep(test, "non_block: 1");
	driver = mm_driver(test, &driver_start_ops);
	driver->sleeps = true;
	KUNIT_EXPECT_EQ(test, 0, start_nonblock(driver->ctx->mm));
	mn_expect_end(test);
}

static void start_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_sleep(test, "in_atomic(): 1");
	driver = driver_init(test);
	preempt_disable();
	invalidate_other_mm(driver);
	preempt_enable();
	mn_expect_end(test);
}

static void read_begin_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_sleep(test, "in_atomic(): 1");
	driver = interval_driver(test);
	/* No range is active: begin does not really sleep. */
	preempt_disable();
	mmu_interval_read_begin(&driver->interval.sub);
	preempt_enable();
	mn_expect_end(test);
}

static void remove_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_sleep(test, "in_atomic(): 1");
	driver = interval_driver(test);
	preempt_disable();
	driver_remove(&driver->interval);
	preempt_enable();
	mn_expect_end(test);
}

static void end_in_atomic_context(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;

	mn_expect_sleep(test, "in_atomic(): 1");
	driver = interval_driver(test);
	range = mn_start(driver->ctx, 4, 1);
	preempt_disable();
	mn_end(range);
	preempt_enable();
	mn_expect_end(test);
}

/*
 * Invalid subscriptions
 */

static void remove_of_what_was_not_inserted(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_warning(test, "mm/mmu_");
	driver = driver_init(test);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mn_try_insert_ops(&driver->interval, driver->ctx->mm, 0,
					  0, &driver_interval_ops));
	driver_remove(&driver->interval);
	mn_expect_end(test);
}

static void subscription_to_a_dead_mm(struct kunit *test)
{
	struct mn_driver *driver;
	struct mm_struct *mm;

	mn_expect_warning(test, "mm/mmu_");
	driver = driver_init(test);
	driver->sub.notifier.ops = &driver_start_ops;
	mm = mn_pin(driver->ctx, driver->ctx->mm);
	mn_release_mm(driver->ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, mn_try_register(&driver->sub, mm));
	mn_expect_end(test);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(mm));
}

/*
 * Nothing to report
 */

/* How a driver handles a device fault. */
static void device_fault(struct mn_driver *driver, unsigned long addr)
{
	void *spte = kunit_kmalloc(driver->ctx->test, 64, GFP_KERNEL);
	bool collided = false;
	struct page *page;
	unsigned long seq;

	KUNIT_ASSERT_NOT_NULL(driver->ctx->test, spte);
	for (;;) {
		seq = mmu_interval_read_begin(&driver->interval.sub);
		if (get_user_pages_fast(addr, 1, FOLL_WRITE, &page) == 1)
			put_page(page);
		/* Collide once, to have a retry. */
		if (!collided)
			invalidate(driver);
		collided = true;
		mutex_lock(&driver->lock);
		if (!mmu_interval_read_retry(&driver->interval.sub, seq))
			break;
		mutex_unlock(&driver->lock);
	}
	allocate(GFP_NOWAIT);
	mutex_unlock(&driver->lock);
}

static void hold_the_lock(struct mn_call *call)
{
	struct mn_driver *driver = call->arg;

	mutex_lock(&driver->lock);
	mn_gate_pass(driver->gate);
	mutex_unlock(&driver->lock);
}

/* Invalidate while the lock is free, and while a thread holds it. */
static void invalidate_nonblocking(struct mn_driver *driver)
{
	struct kunit *test = driver->ctx->test;
	struct mn_call *holder;

	KUNIT_EXPECT_EQ(test, 0, start_nonblock(driver->ctx->mm));
	holder = mn_spawn(driver->ctx, "the holder of the lock", driver,
			  hold_the_lock, -1);
	mn_gate_entered(driver->ctx, driver->gate);
	KUNIT_EXPECT_EQ(test, -EAGAIN, start_nonblock(driver->ctx->mm));
	mn_gate_open(driver->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(holder));
}

static void correct_interval_driver_is_not_reported(struct kunit *test)
{
	unsigned long addr = mn_map(test->priv, PAGE_SIZE);
	struct mn_driver *driver;

	mn_expect_silence(test);
	driver = interval_driver(test);
	invalidate(driver);
	device_fault(driver, addr);
	invalidate_nonblocking(driver);
	invalidate(driver);
	driver_insert_bystander(driver);
	driver_remove(&driver->bystander);
	mn_expect_silence_end(test);
}

static void correct_mm_driver_is_not_reported(struct kunit *test)
{
	struct mn_driver *starts, *ends;

	mn_expect_silence(test);
	starts = mm_driver(test, &driver_start_ops);
	ends = mm_driver(test, &driver_end_ops);
	invalidate(starts);
	KUNIT_ASSERT_NOT_NULL(test, kunit_kmalloc(test, 64, GFP_KERNEL));
	mmap_read_lock(starts->ctx->mm);
	mutex_lock(&starts->lock);
	allocate(GFP_NOWAIT);
	mutex_unlock(&starts->lock);
	mmap_read_unlock(starts->ctx->mm);
	invalidate(starts);
	KUNIT_EXPECT_EQ(test, ends->ends, 2);
	/* The end callback of @ends sleeps. */
	driver_unregister(&ends->sub);
	invalidate_nonblocking(starts);
	mn_expect_silence_end(test);
}

/* Insert in a device fault: register(NULL) had the mm tracked before. */
static void insert_under_the_mmap_lock_for_reading_is_not_reported(struct kunit *test)
{
	struct mn_driver *driver;
	struct mm_struct *mm;

	mn_expect_silence(test);
	driver = driver_init(test);
	mm = driver->ctx->mm;
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, mm));
	mmap_read_lock(mm);
	KUNIT_EXPECT_EQ(test, 0,
			mn_try_insert_ops(&driver->interval, mm, 0, PAGE_SIZE,
					  &driver_interval_ops));
	mmap_read_unlock(mm);
	invalidate(driver);
	mn_expect_silence_end(test);
}

/*
 * Unregister as in the close of a VMA, after a range under the same mmap_lock;
 * and with no lock, as in the release of a file.
 */
static void subscription_under_the_mmap_lock_is_not_reported(struct kunit *test)
{
	struct mn_driver *starts, *ends;
	struct mmu_notifier_range *range;
	struct mm_struct *mm;

	mn_expect_silence(test);
	starts = mm_driver(test, &driver_start_ops);
	ends = mm_driver(test, &driver_end_ops);
	mm = starts->ctx->mm;
	invalidate(starts);
	range = mn_range(starts->ctx, 0, 1);
	mmap_write_lock(mm);
	mn_start_range(range);
	allocate(GFP_KERNEL);
	mn_end(range);
	driver_unregister(&starts->sub);
	mmap_write_unlock(mm);
	KUNIT_EXPECT_EQ(test, 0, mn_try_register_locked(&starts->sub, mm));
	invalidate(starts);
	driver_unregister(&ends->sub);
	driver_unregister(&starts->sub);
	KUNIT_EXPECT_EQ(test, ends->ends, 3);
	mn_expect_silence_end(test);
}

/* The mm has no users left, so reclaim cannot call this callback. */
static bool allocate_in_release(struct mmu_interval_notifier *interval,
				const struct mmu_notifier_range *range,
				unsigned long seq)
{
	if (range->event == MMU_NOTIFY_RELEASE)
		allocate(GFP_KERNEL);
	return driver_invalidate(interval, range, seq);
}

static const struct mmu_interval_notifier_ops allocate_in_release_ops = {
	.invalidate = allocate_in_release,
};

/*
 * A driver protects its list of processes by one lock: ->release() takes it,
 * and the driver holds it to register with another mm.
 */

static void register_under_a_lock_of_release_is_not_reported(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_sub *first, *second;

	mn_expect_silence(test);
	driver = mm_driver(test, &driver_locks_in_release_ops);
	first = mn_sub(driver->ctx, 0, &mn_range_ops);
	second = mn_sub(driver->ctx, 0, &mn_range_ops);
	mn_release_mm(driver->ctx);
	KUNIT_EXPECT_EQ(test, driver->ends, 1);
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(first, driver->other_mm));
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_EQ(test, 0, mn_try_register(second, driver->other_mm));
	mutex_unlock(&driver->lock);
	mn_expect_silence_end(test);
}

static void allocation_at_the_release_is_not_reported(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_silence(test);
	driver = driver_init(test);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&driver->interval, driver->ctx->mm, 0,
					  PAGE_SIZE, &allocate_in_release_ops));
	invalidate(driver);
	mn_release_mm(driver->ctx);
	mn_expect_silence_end(test);
}

/* Callbacks that cannot sleep cannot wait for invalidations. */
static void callbacks_that_never_sleep_are_not_annotated(struct kunit *test)
{
	struct mn_driver *driver;
	struct mn_sub *young, *tlb;

	mn_expect_silence(test);
	driver = interval_driver(test);
	young = mn_register(driver->ctx, 0, &mn_range_ops);
	tlb = mn_register(driver->ctx, 0, &mn_tlb_ops);
	invalidate(driver);
	mutex_lock(&driver->lock);
	mmu_notifier_clear_flush_young(driver->ctx->mm, 0, PAGE_SIZE);
	mmu_notifier_clear_young(driver->ctx->mm, 0, PAGE_SIZE);
	mmu_notifier_test_young(driver->ctx->mm, 0);
	mmu_notifier_arch_invalidate_secondary_tlbs(driver->ctx->mm, 0,
						    PAGE_SIZE);
	mutex_unlock(&driver->lock);
	KUNIT_EXPECT_EQ(test, young->young_calls, 3);
	KUNIT_EXPECT_EQ(test, tlb->tlb_calls, 1);
	mn_expect_silence_end(test);
}

static void end_of_a_nonblocking_invalidation_does_not_sleep(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;

	mn_expect_silence(test);
	driver = interval_driver(test);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(driver->ctx, &range, 4, 1));
	preempt_disable();
	mn_end(range);
	preempt_enable();
	mn_expect_silence_end(test);
}

/* The start has already told lockdep. */
static void end_without_notifiers_is_not_annotated(struct kunit *test)
{
	struct mmu_notifier_range range;
	struct mn_driver *driver;

	mn_expect_silence(test);
	driver = interval_driver(test);
	invalidate(driver);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, driver->other_mm,
				0, PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mutex_lock(&driver->lock);
	mmu_notifier_invalidate_range_end(&range);
	mutex_unlock(&driver->lock);
	mn_expect_silence_end(test);
}

static struct kunit_case mmu_notifier_report_cases[] = {
	KUNIT_CASE(allocation_under_a_lock_of_an_interval_callback),
	KUNIT_CASE(allocation_under_a_lock_of_a_start_callback),
	KUNIT_CASE(allocation_under_a_lock_of_an_end_callback),
	KUNIT_CASE(nofs_allocation_under_a_lock_of_a_callback),
	KUNIT_CASE(callback_takes_a_lock_that_was_allocated_under),
	KUNIT_CASE(reclaim_is_known_before_any_reclaim),
	KUNIT_CASE(mmap_lock_under_a_lock_of_a_callback),
	KUNIT_CASE(mmap_lock_under_a_lock_of_a_start_callback),
	KUNIT_CASE(user_access_under_a_lock_of_a_callback),
	KUNIT_CASE(get_user_pages_under_a_lock_of_a_callback),
	KUNIT_CASE(fault_under_a_lock_of_a_callback),
	KUNIT_CASE(insert_under_a_lock_of_a_callback),
	KUNIT_CASE(later_insert_under_a_lock_of_a_callback),
	KUNIT_CASE(read_begin_in_an_interval_callback),
	KUNIT_CASE(read_begin_in_a_start_callback),
	KUNIT_CASE(remove_in_an_interval_callback),
	KUNIT_CASE(remove_in_a_start_callback),
	KUNIT_CASE(read_begin_under_the_user_lock),
	KUNIT_CASE(remove_under_the_user_lock),
	KUNIT_CASE(unregister_under_a_lock_of_a_start_callback),
	KUNIT_CASE(synchronize_under_a_lock_of_a_start_callback),
	KUNIT_CASE(register_under_a_lock_of_a_start_callback),
	KUNIT_CASE(unregister_under_a_lock_that_is_taken_in_ranges),
	KUNIT_CASE(register_under_a_lock_that_is_taken_in_ranges),
	KUNIT_CASE(synchronize_under_a_lock_that_is_taken_in_ranges),
	KUNIT_CASE(unregister_under_a_lock_that_reclaim_takes),
	KUNIT_CASE(mmap_lock_under_a_lock_that_is_taken_in_ranges),
	KUNIT_CASE(unregister_under_a_lock_of_an_interval_callback),
	KUNIT_CASE(return_to_user_space_without_an_end),
	KUNIT_CASE(unregister_under_a_lock_of_release),
	KUNIT_CASE(end_of_the_mm_under_a_lock_of_release),
	KUNIT_CASE(unregister_in_release_by_the_end_of_the_mm),
	KUNIT_CASE(retry_with_the_user_lock_against_an_invalidation),
	KUNIT_CASE(start_without_notifiers_under_a_lock),
	KUNIT_CASE(nonblocking_start_without_notifiers_under_a_lock),
	KUNIT_CASE(nonblocking_start_under_a_lock_of_a_callback),
	KUNIT_CASE(end_under_a_lock_of_a_callback),
	KUNIT_CASE(sleep_in_a_nonblocking_interval_callback),
	KUNIT_CASE(sleep_in_a_nonblocking_start_callback),
	KUNIT_CASE(start_in_atomic_context),
	KUNIT_CASE(read_begin_in_atomic_context),
	KUNIT_CASE(remove_in_atomic_context),
	KUNIT_CASE(end_in_atomic_context),
	KUNIT_CASE(remove_of_what_was_not_inserted),
	KUNIT_CASE(subscription_to_a_dead_mm),
	KUNIT_CASE(correct_interval_driver_is_not_reported),
	KUNIT_CASE(correct_mm_driver_is_not_reported),
	KUNIT_CASE(insert_under_the_mmap_lock_for_reading_is_not_reported),
	KUNIT_CASE(subscription_under_the_mmap_lock_is_not_reported),
	KUNIT_CASE(allocation_at_the_release_is_not_reported),
	KUNIT_CASE(register_under_a_lock_of_release_is_not_reported),
	KUNIT_CASE(callbacks_that_never_sleep_are_not_annotated),
	KUNIT_CASE(end_of_a_nonblocking_invalidation_does_not_sleep),
	KUNIT_CASE(end_without_notifiers_is_not_annotated),
	{}
};

static struct kunit_suite mmu_notifier_report_suite = {
	.name = "mmu_notifier_report",
	.init = mn_init_same_task,
	.test_cases = mmu_notifier_report_cases,
};

kunit_test_suite(mmu_notifier_report_suite);

MODULE_DESCRIPTION("KUnit tests for reports about MMU notifiers");
MODULE_LICENSE("GPL");

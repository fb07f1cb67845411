// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be reported about drivers that read ranges, and what must not be.
 * As in mmu_notifier_report_kunit.c, each case needs its own boot:
 * kunit.py run --run_isolated=test mmu_notifier_range_report.
 */

#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "mmu_notifier_expect.h"
#include "mmu_notifier_helpers.h"

/* The names of locks, as lockdep prints them. */
#define DRIVER_LOCK	"&driver->lock"

/* A driver with both kinds of notifier, whose callbacks take its lock. */
struct mn_driver {
	struct mn_ctx *ctx;
	struct mutex lock;		/* the user lock */
	struct mn_interval interval;
	struct mn_interval bystander;	/* never invalidated */
	struct mn_sub sub;
	/* Called by one of the callbacks before it takes the lock. */
	void (*in_interval)(struct mn_driver *driver);
	void (*in_start)(struct mn_driver *driver);
	struct mmu_range_reader reader;
};

static bool driver_invalidate(struct mmu_interval_notifier *interval,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct mn_driver *driver = container_of(interval, struct mn_driver,
						interval.sub);

	if (driver->in_interval)
		driver->in_interval(driver);
	mutex_lock(&driver->lock);
	mmu_interval_set_seq(interval, seq);
	mutex_unlock(&driver->lock);
	return true;
}

static const struct mmu_interval_notifier_ops driver_interval_ops = {
	.invalidate = driver_invalidate,
};

static int driver_start(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	struct mn_driver *driver = container_of(notifier, struct mn_driver,
						sub.notifier);

	if (driver->in_start)
		driver->in_start(driver);
	mutex_lock(&driver->lock);
	mutex_unlock(&driver->lock);
	return 0;
}

static const struct mmu_notifier_ops driver_ops = {
	.invalidate_range_start = driver_start,
};

static struct mn_driver *driver_init(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_driver *driver = mn_alloc(ctx, sizeof(*driver));
	struct mn_sub *sub;

	driver->ctx = ctx;
	mutex_init(&driver->lock);
	sub = mn_sub_init(ctx, 0, &driver->sub, &driver_ops);
	KUNIT_ASSERT_EQ(test, 0,
			mn_registered(sub,
				      mmu_notifier_register_tracked(&sub->notifier,
								    ctx->mm)));
	mn_interval_init(ctx, 0, &driver->interval);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&driver->interval, ctx->mm, 0,
					  PAGE_SIZE, &driver_interval_ops));
	mn_interval_init(ctx, 0, &driver->bystander);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(&driver->bystander, ctx->mm,
					  MN_ADDR(20), PAGE_SIZE,
					  &driver_interval_ops));
	mmu_range_reader_init(&driver->reader, ctx->mm);
	return driver;
}

static void invalidate(struct mn_driver *driver)
{
	mmap_read_lock(driver->ctx->mm);
	mn_invalidate(driver->ctx, 0, 1);
	mmap_read_unlock(driver->ctx->mm);
}

/* Use pages that have no active range, so that these never really wait. */

static void begin(struct mn_driver *driver)
{
	mmu_range_read_begin(&driver->reader, MN_ADDR(8), MN_ADDR(9));
	mmu_range_read_cancel(&driver->reader);
}

static void begin_killable(struct mn_driver *driver)
{
	if (!mmu_range_read_begin_killable(&driver->reader, MN_ADDR(8),
					   MN_ADDR(9)))
		mmu_range_read_cancel(&driver->reader);
}

static void begin_set(struct mn_driver *driver)
{
	static const struct mmu_read_range set[] = {
		{ MN_ADDR(8), MN_ADDR(9) }, { MN_ADDR(11), MN_ADDR(12) },
	};

	mmu_range_read_begin_set(&driver->reader, set, ARRAY_SIZE(set));
	mmu_range_read_cancel(&driver->reader);
}

static void begin_set_killable(struct mn_driver *driver)
{
	static const struct mmu_read_range set[] = {
		{ MN_ADDR(8), MN_ADDR(9) }, { MN_ADDR(11), MN_ADDR(12) },
	};

	if (!mmu_range_read_begin_set_killable(&driver->reader, set,
					       ARRAY_SIZE(set)))
		mmu_range_read_cancel(&driver->reader);
}

static void wait_inactive(struct mn_driver *driver)
{
	mmu_notifier_range_wait_inactive(driver->ctx->mm, MN_ADDR(8),
					 MN_ADDR(9));
}

static void wait_inactive_killable(struct mn_driver *driver)
{
	if (mmu_notifier_range_wait_inactive_killable(driver->ctx->mm,
						      MN_ADDR(8), MN_ADDR(9)))
		KUNIT_FAIL(driver->ctx->test, "it says that it was killed");
}

static void interval_begin_killable(struct mn_driver *driver)
{
	unsigned long seq;

	if (mmu_interval_read_begin_killable(&driver->bystander.sub, &seq))
		KUNIT_FAIL(driver->ctx->test, "it says that it was killed");
}

/* A wait in a callback waits for the very invalidation that called it. */
static void in_a_callback(struct kunit *test, bool of_the_interval,
			  void (*wait)(struct mn_driver *driver))
{
	struct mn_driver *driver;

	mn_expect_recursion(test, MN_INVALIDATION);
	driver = driver_init(test);
	if (of_the_interval)
		driver->in_interval = wait;
	else
		driver->in_start = wait;
	invalidate(driver);
	driver->in_interval = NULL;
	driver->in_start = NULL;
	mn_expect_end(test);
}

/* A wait under the user lock may wait for a callback that needs that lock. */
static void under_the_user_lock(struct kunit *test,
				void (*wait)(struct mn_driver *driver))
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, DRIVER_LOCK);
	driver = driver_init(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	wait(driver);
	mutex_unlock(&driver->lock);
	mn_expect_end(test);
}

/*
 * Cases
 */

static void range_begin_in_an_interval_callback(struct kunit *test)
{
	in_a_callback(test, true, begin);
}

static void range_begin_in_a_start_callback(struct kunit *test)
{
	in_a_callback(test, false, begin);
}

static void killable_range_begin_in_a_start_callback(struct kunit *test)
{
	in_a_callback(test, false, begin_killable);
}

static void set_begin_in_an_interval_callback(struct kunit *test)
{
	in_a_callback(test, true, begin_set);
}

static void wait_inactive_in_a_start_callback(struct kunit *test)
{
	in_a_callback(test, false, wait_inactive);
}

static void wait_inactive_in_an_interval_callback(struct kunit *test)
{
	in_a_callback(test, true, wait_inactive_killable);
}

static void killable_interval_begin_in_a_start_callback(struct kunit *test)
{
	in_a_callback(test, false, interval_begin_killable);
}

static void range_begin_under_the_user_lock(struct kunit *test)
{
	under_the_user_lock(test, begin);
}

static void killable_range_begin_under_the_user_lock(struct kunit *test)
{
	under_the_user_lock(test, begin_killable);
}

static void set_begin_under_the_user_lock(struct kunit *test)
{
	under_the_user_lock(test, begin_set);
}

static void killable_set_begin_under_the_user_lock(struct kunit *test)
{
	under_the_user_lock(test, begin_set_killable);
}

static void killable_interval_begin_under_the_user_lock(struct kunit *test)
{
	under_the_user_lock(test, interval_begin_killable);
}

/* The other order: the callback takes a lock that a wait was made under. */
static void callback_takes_a_lock_that_a_range_began_under(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_circle(test, DRIVER_LOCK, MN_INVALIDATION);
	driver = driver_init(test);
	mutex_lock(&driver->lock);
	begin(driver);
	mutex_unlock(&driver->lock);
	invalidate(driver);
	mn_expect_end(test);
}

/*
 * The original request was: "mmu_notifier_range_wait_valid(); take the lock
 * that blocks new invalidations; if not mmu_notifier_range_is_valid(), again".
 * Thread A waits under the lock for an invalidation of thread B, whose callback
 * waits for the lock.
 */
static void thread_a_waits_under_the_lock_that_thread_b_needs(struct kunit *test)
{
	under_the_user_lock(test, wait_inactive);
}

static void thread_a_waits_killably_under_the_lock_that_thread_b_needs(struct kunit *test)
{
	under_the_user_lock(test, wait_inactive_killable);
}

/* The range of thread B, and the gates for its start and its end. */
struct mn_thread_b {
	struct mn_gate *start, *end;
	struct mmu_notifier_range *range;
};

static void thread_b_invalidates(struct mn_call *call)
{
	struct mn_thread_b *b = call->arg;

	mn_gate_pass(b->start);
	mn_start_range(b->range);
	mn_gate_pass(b->end);
	mn_end(b->range);
}

/* The same two threads, but thread A drops the lock before it waits. */
static void thread_a_that_drops_the_lock_is_not_reported(struct kunit *test)
{
	struct mn_thread_b *b;
	struct mn_driver *driver;
	struct mn_call *call;
	struct mm_struct *mm;
	bool inactive = true;
	unsigned int i;

	mn_expect_silence(test);
	driver = driver_init(test);
	mm = driver->ctx->mm;
	b = mn_alloc(driver->ctx, sizeof(*b));
	b->range = mn_range(driver->ctx, 0, 1);
	b->start = mn_gate(driver->ctx);
	b->end = mn_gate(driver->ctx);
	call = mn_spawn(driver->ctx, "thread B", b, thread_b_invalidates, -1);
	mn_gate_entered(driver->ctx, b->start);

	mmu_notifier_range_wait_inactive(mm, 0, PAGE_SIZE);
	mutex_lock(&driver->lock);
	mn_gate_open(b->start);
	for (i = 0; inactive && i < MN_HANG_SECONDS * HZ; i++) {
		schedule_timeout_uninterruptible(1);
		inactive = mmu_notifier_range_inactive(mm, 0, PAGE_SIZE);
	}
	mutex_unlock(&driver->lock);
	KUNIT_EXPECT_FALSE(test, inactive);

	mn_gate_open(b->end);
	mmu_notifier_range_wait_inactive(mm, 0, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(mm, 0, PAGE_SIZE));
	mutex_unlock(&driver->lock);
	mn_expect_silence_end(test);
}

/* Follow the documentation, with and without collisions and overruns. */
static void correct_range_reader_is_not_reported(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned int i, n;
	bool retry;

	mn_expect_silence(test);
	driver = driver_init(test);
	for (i = 0; i < 4; i++) {
		mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
		mmap_read_lock(driver->ctx->mm);
		mmap_read_unlock(driver->ctx->mm);
		for (n = 0; i == 1 && n < 2 * BITS_PER_LONG; n++)
			mn_invalidate(driver->ctx, 8, 1);
		if (i == 2)
			invalidate(driver);
		mutex_lock(&driver->lock);
		retry = mmu_range_read_retry(&driver->reader);
		mutex_unlock(&driver->lock);
		KUNIT_EXPECT_EQ(test, retry, i == 1 || i == 2);
	}
	invalidate(driver);
	mn_expect_silence_end(test);
}

/* Retry takes only locks that are allowed there, even to give a watch back. */
static void retry_with_interrupts_off_is_not_reported(struct kunit *test)
{
	static DEFINE_RAW_SPINLOCK(user_lock);
	struct mn_driver *driver;
	unsigned long flags;
	unsigned int i, n;
	bool retry;

	mn_expect_silence(test);
	driver = driver_init(test);
	for (i = 0; i < 3; i++) {
		mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
		for (n = 0; i != 2 && n < 2 * BITS_PER_LONG; n++)
			mn_invalidate(driver->ctx, 8, 1);
		raw_spin_lock_irqsave(&user_lock, flags);
		retry = mmu_range_read_check_retry(&driver->reader);
		retry &= mmu_range_read_retry(&driver->reader);
		raw_spin_unlock_irqrestore(&user_lock, flags);
		/* The first read is overrun, the second has a watch. */
		KUNIT_EXPECT_EQ(test, retry, i == 0);
	}
	mn_expect_silence_end(test);
}

/*
 * A driver that refreshes a page of a cache as KVM does: it waits in an SRCU
 * section and under a mutex. Its callbacks enter the section as well, and take the
 * lock of the cache, but not the mutex.
 */
DEFINE_STATIC_SRCU(srcu);
static DEFINE_MUTEX(refresh_lock);
static DEFINE_RWLOCK(cache_lock);

static void invalidate_cache(struct mn_driver *driver)
{
	int idx = srcu_read_lock(&srcu);

	read_lock_irq(&cache_lock);
	read_unlock_irq(&cache_lock);
	write_lock_irq(&cache_lock);
	write_unlock_irq(&cache_lock);
	srcu_read_unlock(&srcu, idx);
}

static int refresh_cache(struct mn_driver *driver)
{
	bool retry = true;
	int idx, err = 0;

	idx = srcu_read_lock(&srcu);
	mutex_lock(&refresh_lock);
	while (retry && !err) {
		err = mmu_range_read_begin_killable(&driver->reader, 0,
						    PAGE_SIZE);
		mmap_read_lock(driver->ctx->mm);
		mmap_read_unlock(driver->ctx->mm);
		write_lock_irq(&cache_lock);
		retry = mmu_range_read_retry(&driver->reader);
		write_unlock_irq(&cache_lock);
	}
	mutex_unlock(&refresh_lock);
	srcu_read_unlock(&srcu, idx);
	return err;
}

static void refresh_in_a_thread(struct mn_call *call)
{
	call->killable = true;
	call->ret = refresh_cache(call->arg);
}

static struct mn_driver *cache_init(struct kunit *test)
{
	struct mn_driver *driver = driver_init(test);

	driver->in_start = invalidate_cache;
	driver->in_interval = invalidate_cache;
	return driver;
}

/* It waits for an invalidation that waits for nothing of it. */
static void refresh_of_a_cache_is_not_reported(struct kunit *test)
{
	struct mmu_notifier_range *range;
	struct mn_driver *driver;
	struct mn_call *call;

	mn_expect_silence(test);
	driver = cache_init(test);
	KUNIT_EXPECT_EQ(test, 0, refresh_cache(driver));
	invalidate(driver);
	range = mn_start(driver->ctx, 0, 1);
	call = mn_spawn(driver->ctx, "refresh", driver, refresh_in_a_thread, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	/* Others may come and go. */
	invalidate_cache(driver);
	mn_invalidate(driver->ctx, 8, 1);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, 0UL, call->ret);
	/* An update of the slots waits for those that refresh, outside of ranges. */
	synchronize_srcu(&srcu);
	mn_expect_silence_end(test);
}

static void refresh_that_callbacks_wait_for(struct kunit *test,
					    void (*fn)(struct mn_driver *driver))
{
	struct mn_driver *driver;

	mn_expect_circle(test, MN_INVALIDATION, "refresh_lock");
	driver = cache_init(test);
	driver->in_start = fn;
	invalidate(driver);
	driver->in_start = invalidate_cache;
	KUNIT_EXPECT_EQ(test, 0, refresh_cache(driver));
	mn_expect_end(test);
}

static void wait_for_memslots(struct mn_driver *driver)
{
	synchronize_srcu(&srcu);
}

static void refresh_in_a_section_that_a_callback_waits_for(struct kunit *test)
{
	refresh_that_callbacks_wait_for(test, wait_for_memslots);
}

static void wait_for_refresh(struct mn_driver *driver)
{
	mutex_lock(&refresh_lock);
	mutex_unlock(&refresh_lock);
}

static void refresh_under_a_mutex_of_a_callback(struct kunit *test)
{
	refresh_that_callbacks_wait_for(test, wait_for_refresh);
}

static void range_begin_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;

	mn_expect_sleep(test, "mmu_range_read");
	driver = driver_init(test);
	/* No range is active: begin does not really sleep. */
	preempt_disable();
	mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
	preempt_enable();
	mmu_range_read_cancel(&driver->reader);
	mn_expect_end(test);
}

static void range_begin_that_waits_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned int n;

	mn_expect_sleep(test, "mmu_range_read");
	driver = driver_init(test);
	mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
	for (n = 0; n < 2 * BITS_PER_LONG; n++)
		mn_invalidate(driver->ctx, 8, 1);
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&driver->reader));
	/* The next begin takes the lock for a watch, as one that waits does. */
	preempt_disable();
	mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
	preempt_enable();
	mmu_range_read_cancel(&driver->reader);
	mn_expect_end(test);
}

static struct kunit_case mmu_notifier_range_report_cases[] = {
	KUNIT_CASE(range_begin_in_an_interval_callback),
	KUNIT_CASE(range_begin_in_a_start_callback),
	KUNIT_CASE(killable_range_begin_in_a_start_callback),
	KUNIT_CASE(set_begin_in_an_interval_callback),
	KUNIT_CASE(wait_inactive_in_a_start_callback),
	KUNIT_CASE(wait_inactive_in_an_interval_callback),
	KUNIT_CASE(killable_interval_begin_in_a_start_callback),
	KUNIT_CASE(range_begin_under_the_user_lock),
	KUNIT_CASE(killable_range_begin_under_the_user_lock),
	KUNIT_CASE(set_begin_under_the_user_lock),
	KUNIT_CASE(killable_set_begin_under_the_user_lock),
	KUNIT_CASE(killable_interval_begin_under_the_user_lock),
	KUNIT_CASE(callback_takes_a_lock_that_a_range_began_under),
	KUNIT_CASE(thread_a_waits_under_the_lock_that_thread_b_needs),
	KUNIT_CASE(thread_a_waits_killably_under_the_lock_that_thread_b_needs),
	KUNIT_CASE(refresh_in_a_section_that_a_callback_waits_for),
	KUNIT_CASE(refresh_under_a_mutex_of_a_callback),
	KUNIT_CASE(range_begin_in_atomic_context),
	KUNIT_CASE(range_begin_that_waits_in_atomic_context),
	KUNIT_CASE(thread_a_that_drops_the_lock_is_not_reported),
	KUNIT_CASE(correct_range_reader_is_not_reported),
	KUNIT_CASE(retry_with_interrupts_off_is_not_reported),
	KUNIT_CASE(refresh_of_a_cache_is_not_reported),
	{}
};

static struct kunit_suite mmu_notifier_range_report_suite = {
	.name = "mmu_notifier_range_report",
	.init = mn_init_same_task,
	.test_cases = mmu_notifier_range_report_cases,
};

kunit_test_suite(mmu_notifier_range_report_suite);

MODULE_DESCRIPTION("KUnit tests for reports about drivers that read ranges");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has to be reported about drivers that read ranges, and what must not be; as
 * mmu_notifier_report_kunit.c, with a boot for each case:
 * kunit.filter_glob=mmu_notifier_range_report.CASE.
 */

#include <kunit/test.h>
#include <linux/debug_locks.h>
#include <linux/irqflags.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_world.h"

/* The names of locks, as lockdep prints them. */
#define DRIVER_LOCK	"&driver->lock"
#define INVALIDATION	"mmu_notifier_invalidate_range_start"

/* A driver with both kinds of notifier, whose callbacks take its lock. */
struct mn_driver {
	struct mn_world *world;
	struct mutex lock;		/* the user lock */
	struct mmu_interval_notifier interval;
	struct mmu_interval_notifier bystander;	/* where nothing happens */
	struct mmu_notifier notifier;
	/* Done in the callback of one of them, before it takes the lock. */
	void (*in_interval)(struct mn_driver *driver);
	void (*in_start)(struct mn_driver *driver);
	struct mmu_range_reader reader;
};

static bool driver_invalidate(struct mmu_interval_notifier *interval,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct mn_driver *driver = container_of(interval, struct mn_driver,
						interval);

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
						notifier);

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
	struct mn_driver *driver = kunit_kzalloc(test, sizeof(*driver),
						 GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, driver);
	driver->world = test->priv;
	mutex_init(&driver->lock);
	driver->notifier.ops = &driver_ops;
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register_tracked(&driver->notifier,
						      driver->world->mm));
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&driver->interval,
						     driver->world->mm, 0,
						     PAGE_SIZE,
						     &driver_interval_ops));
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&driver->bystander,
						     driver->world->mm,
						     MN_ADDR(20), PAGE_SIZE,
						     &driver_interval_ops));
	mmu_range_reader_init(&driver->reader, driver->world->mm);
	return driver;
}

static void driver_exit(struct mn_driver *driver)
{
	mmu_interval_notifier_remove(&driver->bystander);
	mmu_interval_notifier_remove(&driver->interval);
	mmu_notifier_unregister(&driver->notifier, driver->world->mm);
}

static void invalidate(struct mn_driver *driver)
{
	mmap_read_lock(driver->world->mm);
	mn_invalidate(driver->world, 0, 1);
	mmap_read_unlock(driver->world->mm);
}

/* Of pages that nothing is told of, so that it does not wait. */

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
	mmu_notifier_range_wait_inactive(driver->world->mm, MN_ADDR(8),
					 MN_ADDR(9));
}

static void wait_inactive_killable(struct mn_driver *driver)
{
	if (mmu_notifier_range_wait_inactive_killable(driver->world->mm,
						      MN_ADDR(8), MN_ADDR(9)))
		KUNIT_FAIL(driver->world->test, "nobody was killed");
}

static void interval_begin_killable(struct mn_driver *driver)
{
	unsigned long seq;

	if (mmu_interval_read_begin_killable(&driver->bystander, &seq))
		KUNIT_FAIL(driver->world->test, "nobody was killed");
}

/*
 * What is to be reported; the log says it as well, for a script that compares it
 * with the whole report.
 */

static const char *expected[8];	/* parts of the report, in order */
static char acquired_name[64];
static char held_name[64];

static void expect_lockdep(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "needs CONFIG_PROVE_LOCKING");
	if (!debug_locks)
		kunit_skip(test, "lockdep is off: it has reported something");
}

static void expect_report_on_locks(struct kunit *test, const char *kind,
				   const char *acquired, const char *held)
{
	unsigned int i = 0;

	expect_lockdep(test);
	snprintf(acquired_name, sizeof(acquired_name), "%s){", acquired);
	snprintf(held_name, sizeof(held_name), "%s){", held);
	expected[i++] = kind;
	expected[i++] = "is trying to acquire lock:";
	expected[i++] = acquired_name;
	expected[i++] = "but task is already holding lock:";
	expected[i++] = held_name;
	expected[i] = NULL;
	pr_info("mmu_notifier_kunit: to report: %s; acquire %s; hold %s\n",
		kind, acquired, held);
	mn_reports_begin(test->priv);
}

static void expect_end(struct kunit *test)
{
	const char *text = mn_reports_text();
	unsigned int i;

	KUNIT_EXPECT_EQ(test, mn_reports_end(test->priv), 1);
	for (i = 0; text && expected[i]; i++)
		text = strstr(text, expected[i]);
	KUNIT_EXPECT_NOT_NULL_MSG(test, text, "no '%s' where it should be",
				  expected[i - 1]);
}

static void expect_silence(struct kunit *test)
{
	expect_lockdep(test);
	pr_info("mmu_notifier_kunit: nothing to report\n");
}

static void expect_silence_end(struct kunit *test)
{
	KUNIT_EXPECT_TRUE_MSG(test, debug_locks, "lockdep went off");
}

/* A wait in a callback is for the invalidation that called it. */
static void in_a_callback(struct kunit *test, bool of_the_interval,
			  void (*wait)(struct mn_driver *driver))
{
	struct mn_driver *driver;

	expect_report_on_locks(test, "possible recursive locking detected",
			       INVALIDATION, INVALIDATION);
	driver = driver_init(test);
	if (of_the_interval)
		driver->in_interval = wait;
	else
		driver->in_start = wait;
	invalidate(driver);
	driver->in_interval = NULL;
	driver->in_start = NULL;
	driver_exit(driver);
	expect_end(test);
}

/* Or for one whose callback waits for the user lock. */
static void under_the_user_lock(struct kunit *test,
				void (*wait)(struct mn_driver *driver))
{
	struct mn_driver *driver;

	expect_report_on_locks(test,
			       "possible circular locking dependency detected",
			       INVALIDATION, DRIVER_LOCK);
	driver = driver_init(test);
	invalidate(driver);
	mutex_lock(&driver->lock);
	wait(driver);
	mutex_unlock(&driver->lock);
	driver_exit(driver);
	expect_end(test);
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

/* The other way round: the callback takes what was waited under. */
static void callback_takes_a_lock_that_a_range_began_under(struct kunit *test)
{
	struct mn_driver *driver;

	expect_report_on_locks(test,
			       "possible circular locking dependency detected",
			       DRIVER_LOCK, INVALIDATION);
	driver = driver_init(test);
	mutex_lock(&driver->lock);
	begin(driver);
	mutex_unlock(&driver->lock);
	invalidate(driver);
	driver_exit(driver);
	expect_end(test);
}

/*
 * What was asked for at first: "mmu_notifier_range_wait_valid(); take the lock
 * that blocks new invalidations; if not mmu_notifier_range_is_valid(), again".
 * Thread A waits under the lock for what Thread B has started, whose callback
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

/* Thread B, when it is told to. */
struct mn_thread_b {
	struct mn_gate *gate;
	struct mmu_notifier_range range;
};

static void thread_b_starts(struct mn_call *call)
{
	struct mn_thread_b *b = call->arg;

	mn_gate_pass(b->gate);
	mmu_notifier_invalidate_range_start(&b->range);
}

/* The same two threads, and Thread A lets go of the lock before it waits. */
static void thread_a_that_drops_the_lock_is_not_reported(struct kunit *test)
{
	static struct mn_thread_b b;
	struct mn_driver *driver;
	struct mn_call *call;
	struct mm_struct *mm;
	bool inactive = true;
	unsigned int i;

	expect_silence(test);
	driver = driver_init(test);
	mm = driver->world->mm;
	mn_range(driver->world, &b.range, 0, 1);
	b.gate = mn_gate(driver->world);
	call = mn_spawn(driver->world, "thread B", &b, thread_b_starts, -1);
	KUNIT_EXPECT_TRUE(test, mn_gate_entered(driver->world, b.gate));

	mmu_notifier_range_wait_inactive(mm, 0, PAGE_SIZE);
	mutex_lock(&driver->lock);
	mn_gate_open(b.gate);
	for (i = 0; inactive && i < MN_HANG_SECONDS * HZ; i++) {
		schedule_timeout_uninterruptible(1);
		inactive = mmu_notifier_range_inactive(mm, 0, PAGE_SIZE);
	}
	mutex_unlock(&driver->lock);
	KUNIT_EXPECT_FALSE(test, inactive);

	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mn_end(&b.range);
	mmu_notifier_range_wait_inactive(mm, 0, PAGE_SIZE);
	mutex_lock(&driver->lock);
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(mm, 0, PAGE_SIZE));
	mutex_unlock(&driver->lock);
	driver_exit(driver);
	expect_silence_end(test);
}

/* As the documentation shows it, with and without collisions and overruns. */
static void correct_range_reader_is_not_reported(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned int i, n;
	bool retry;

	expect_silence(test);
	driver = driver_init(test);
	for (i = 0; i < 4; i++) {
		mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
		mmap_read_lock(driver->world->mm);
		mmap_read_unlock(driver->world->mm);
		for (n = 0; i == 1 && n < 2 * BITS_PER_LONG; n++)
			mn_invalidate(driver->world, 8, 1);
		if (i == 2)
			invalidate(driver);
		mutex_lock(&driver->lock);
		retry = mmu_range_read_retry(&driver->reader);
		mutex_unlock(&driver->lock);
		KUNIT_EXPECT_EQ(test, retry, i == 1 || i == 2);
	}
	invalidate(driver);
	driver_exit(driver);
	expect_silence_end(test);
}

/* It takes none that may not be taken there, even if it has a watch to give back. */
static void retry_with_interrupts_off_is_not_reported(struct kunit *test)
{
	static DEFINE_RAW_SPINLOCK(user_lock);
	struct mn_driver *driver;
	unsigned long flags;
	unsigned int i, n;
	bool retry;

	expect_silence(test);
	driver = driver_init(test);
	for (i = 0; i < 3; i++) {
		mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
		for (n = 0; i != 2 && n < 2 * BITS_PER_LONG; n++)
			mn_invalidate(driver->world, 8, 1);
		raw_spin_lock_irqsave(&user_lock, flags);
		retry = mmu_range_read_check_retry(&driver->reader);
		retry &= mmu_range_read_retry(&driver->reader);
		raw_spin_unlock_irqrestore(&user_lock, flags);
		/* The first is overrun, the second has a watch. */
		KUNIT_EXPECT_EQ(test, retry, i == 0);
	}
	driver_exit(driver);
	expect_silence_end(test);
}

static void range_begin_that_waits_in_atomic_context(struct kunit *test)
{
	struct mn_driver *driver;
	unsigned int n;

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");
	expected[0] = "sleeping function called from invalid context";
	expected[1] = "mmu_range_read";
	expected[2] = NULL;
	pr_info("mmu_notifier_kunit: to report: %s; %s\n", expected[0],
		expected[1]);
	mn_reports_begin(test->priv);
	driver = driver_init(test);
	mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
	for (n = 0; n < 2 * BITS_PER_LONG; n++)
		mn_invalidate(driver->world, 8, 1);
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&driver->reader));
	/* The next one takes the lock, as one that waits does. */
	preempt_disable();
	mmu_range_read_begin(&driver->reader, 0, PAGE_SIZE);
	preempt_enable();
	mmu_range_read_cancel(&driver->reader);
	driver_exit(driver);
	expect_end(test);
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
	KUNIT_CASE(range_begin_that_waits_in_atomic_context),
	KUNIT_CASE(thread_a_that_drops_the_lock_is_not_reported),
	KUNIT_CASE(correct_range_reader_is_not_reported),
	KUNIT_CASE(retry_with_interrupts_off_is_not_reported),
	{}
};

static struct kunit_suite mmu_notifier_range_report_suite = {
	.name = "mmu_notifier_range_report",
	.init = mn_world_init,
	.test_cases = mmu_notifier_range_report_cases,
};

kunit_test_suite(mmu_notifier_range_report_suite);

MODULE_DESCRIPTION("KUnit tests for reports about drivers that read ranges");
MODULE_LICENSE("GPL");

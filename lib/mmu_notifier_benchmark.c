// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long those who use an interval of an mm wait for invalidations that are
 * none of their business.
 *
 * A thread invalidates a range over and over so that at any time at least one
 * invalidation is active: a chain. Meanwhile another interval of the same mm,
 * which the chain never touches, is read, inserted, and removed. Runs once at
 * boot; prints one line for each wait:
 *
 *   mmu_notifier_benchmark: wait scenario=S chain_ms=N runs=N median_ns=N max_ns=N
 *
 * where S is
 *   read_begin    mmu_interval_read_begin() of an interval that has just been
 *                 invalidated, the invalidation having ended
 *   insert_read   mmu_interval_notifier_insert() and the first
 *                 mmu_interval_read_begin()
 *   remove        mmu_interval_notifier_remove()
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#define RUNS 5

static unsigned int chain_ms = 200;
module_param(chain_ms, uint, 0444);
MODULE_PARM_DESC(chain_ms, "Length of each chain of invalidations, in ms (default: 200)");

/* The interval under test and the one that the chain is for, far from it. */
static struct mmu_interval_notifier interval;
static struct mmu_interval_notifier foreign;

#define INTERVAL_START	(16 * PAGE_SIZE)
#define INTERVAL_LENGTH	(16 * PAGE_SIZE)
#define FOREIGN_START	(1024 * PAGE_SIZE)
#define FOREIGN_LENGTH	(16 * PAGE_SIZE)

static DEFINE_SPINLOCK(user_lock);

static bool invalidate(struct mmu_interval_notifier *interval_sub,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	spin_lock(&user_lock);
	mmu_interval_set_seq(interval_sub, seq);
	spin_unlock(&user_lock);
	return true;
}

static const struct mmu_interval_notifier_ops ops = {
	.invalidate = invalidate,
};

/* A chain: it begins with the thread and ends by itself. */
struct chain {
	struct mm_struct *mm;
	struct completion begun;
	struct completion ended;
};

static int chain_thread(void *data)
{
	struct chain *chain = data;
	struct mmu_notifier_range link[2];
	unsigned long end = 0;
	unsigned int i;

	for (i = 0; i < 2; i++)
		mmu_notifier_range_init(&link[i], MMU_NOTIFY_CLEAR, 0,
					chain->mm, FOREIGN_START,
					FOREIGN_START + FOREIGN_LENGTH);

	mmu_notifier_invalidate_range_start(&link[0]);
	for (i = 1; !end || time_before(jiffies, end); i++) {
		mmu_notifier_invalidate_range_start(&link[i % 2]);
		mmu_notifier_invalidate_range_end(&link[(i - 1) % 2]);
		if (!end) {
			end = jiffies + msecs_to_jiffies(chain_ms);
			complete(&chain->begun);
		}
		usleep_range(100, 200);
	}
	mmu_notifier_invalidate_range_end(&link[(i - 1) % 2]);
	complete(&chain->ended);
	return 0;
}

static int insert(struct mm_struct *mm)
{
	return mmu_interval_notifier_insert(&interval, mm, INTERVAL_START,
					    INTERVAL_LENGTH, &ops);
}

/* Invalidate the interval under test, and wait for nothing. */
static void invalidate_interval(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, INTERVAL_START,
				INTERVAL_START + INTERVAL_LENGTH);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

/* Each returns the wait in ns, and leaves the interval removed. */

static s64 wait_of_read_begin(struct mm_struct *mm)
{
	ktime_t begin;
	s64 ns;

	invalidate_interval(mm);
	begin = ktime_get();
	mmu_interval_read_begin(&interval);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmu_interval_notifier_remove(&interval);
	return ns;
}

static s64 wait_of_insert_read(struct mm_struct *mm)
{
	ktime_t begin = ktime_get();
	int err = insert(mm);
	s64 ns;

	if (err)
		return err;
	mmu_interval_read_begin(&interval);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmu_interval_notifier_remove(&interval);
	return ns;
}

static s64 wait_of_remove(struct mm_struct *mm)
{
	ktime_t begin = ktime_get();

	mmu_interval_notifier_remove(&interval);
	return ktime_to_ns(ktime_sub(ktime_get(), begin));
}

static const struct scenario {
	const char *name;
	bool inserted;	/* before the chain begins */
	s64 (*wait)(struct mm_struct *mm);
} scenarios[] = {
	{ "read_begin", true, wait_of_read_begin },
	{ "insert_read", false, wait_of_insert_read },
	{ "remove", true, wait_of_remove },
};

static s64 run(const struct scenario *scenario, struct mm_struct *mm)
{
	struct chain chain = { .mm = mm };
	struct task_struct *task;
	s64 ns;
	int err;

	if (scenario->inserted) {
		err = insert(mm);
		if (err)
			return err;
	}

	init_completion(&chain.begun);
	init_completion(&chain.ended);
	task = kthread_run(chain_thread, &chain, "chain");
	if (IS_ERR(task)) {
		if (scenario->inserted)
			mmu_interval_notifier_remove(&interval);
		return PTR_ERR(task);
	}
	wait_for_completion(&chain.begun);
	ns = scenario->wait(mm);
	wait_for_completion(&chain.ended);
	return ns;
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

static int measure(const struct scenario *scenario, struct mm_struct *mm)
{
	s64 ns[RUNS];
	int i;

	for (i = 0; i < RUNS; i++) {
		ns[i] = run(scenario, mm);
		if (ns[i] < 0)
			return ns[i];
	}
	sort(ns, RUNS, sizeof(ns[0]), compare, NULL);
	pr_info("wait scenario=%s chain_ms=%u runs=%u median_ns=%lld max_ns=%lld\n",
		scenario->name, chain_ms, RUNS, ns[RUNS / 2], ns[RUNS - 1]);
	return 0;
}

static int __init mmu_notifier_benchmark(void)
{
	struct mm_struct *mm = mm_alloc();
	unsigned int i;
	int err;

	if (!mm)
		return -ENOMEM;
	err = mmu_interval_notifier_insert(&foreign, mm, FOREIGN_START,
					   FOREIGN_LENGTH, &ops);
	if (err)
		goto out;
	for (i = 0; !err && i < ARRAY_SIZE(scenarios); i++)
		err = measure(&scenarios[i], mm);
	mmu_interval_notifier_remove(&foreign);
out:
	if (err)
		pr_err("failed: %d\n", err);
	else
		pr_info("done\n");
	mmput(mm);
	return err;
}
late_initcall(mmu_notifier_benchmark);

MODULE_DESCRIPTION("Benchmark for MMU notifiers");
MODULE_LICENSE("GPL");

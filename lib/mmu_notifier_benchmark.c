// SPDX-License-Identifier: GPL-2.0-only
/*
 * What those who use intervals of an mm wait for, in wall time.
 *
 * Runs at boot, prints a line for each result and "done" at the end. Parameters
 * on the command line of the kernel say what is measured, for instance
 * mmu_notifier_benchmark.faults=1; only the waits are on by default. Later, the
 * parameters being in /sys/module/mmu_notifier_benchmark/parameters, it runs once
 * more whenever 1 is written to the one that is called run.
 *
 * waits: A thread invalidates a range over and over so that at any time at least
 * one invalidation is active: a chain. Meanwhile another interval of the same mm,
 * which the chain never touches, is read, inserted, and removed:
 *
 *   wait scenario=S chain_ms=N runs=N median_ns=N max_ns=N
 *
 * where S is
 *   read_begin    mmu_interval_read_begin() of an interval that has just been
 *                 invalidated, the invalidation having ended
 *   insert_read   mmu_interval_notifier_insert() and the first
 *                 mmu_interval_read_begin()
 *   remove        mmu_interval_notifier_remove()
 *
 * faults: A device faults in an interval that has just been invalidated, again
 * and again, while threads invalidate a range each elsewhere in the mm, either in
 * chains or each invalidation apart from the next one of its thread:
 *
 *   fault invalidations=chained|apart threads=N faults=N p50_ns=N p99_ns=N max_ns=N
 *
 * wakeups: READERS readers wait, each in an interval of its own for an
 * invalidation of its own, and these end one after the other. How many readers
 * does an end wake, at least and at most?
 *
 *   wakeup readers=N ends=N min_woken=N max_woken=N total_woken=N
 *
 * throughput: Each thread has an interval of its own, and invalidates it as often
 * as it can:
 *
 *   throughput threads=N invalidations_per_second=N
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#define RUNS		5
#define READERS		64
#define MAX_FAULTS	10000
#define MAX_THREADS	256
#define MAX_LIST	16

static bool waits = true;
module_param(waits, bool, 0644);
MODULE_PARM_DESC(waits, "Measure waits under a chain (default: 1)");

static bool faults;
module_param(faults, bool, 0644);
MODULE_PARM_DESC(faults, "Measure the latency of device faults (default: 0)");

static bool wakeups;
module_param(wakeups, bool, 0644);
MODULE_PARM_DESC(wakeups, "Count how many readers an end wakes (default: 0)");

static bool throughput;
module_param(throughput, bool, 0644);
MODULE_PARM_DESC(throughput, "Count invalidations per second (default: 0)");

static unsigned int chain_ms[MAX_LIST] = { 200 };
static unsigned int nr_chain_ms = 1;
module_param_array(chain_ms, uint, &nr_chain_ms, 0644);
MODULE_PARM_DESC(chain_ms, "Lengths of the chains that waits are measured under, in ms (default: 200)");

static unsigned int threads[MAX_LIST] = { 1, 2, 4 };
static unsigned int nr_threads = 3;
module_param_array(threads, uint, &nr_threads, 0644);
MODULE_PARM_DESC(threads, "Numbers of threads for faults and throughput (default: 1,2,4)");

static unsigned int run_ms = 200;
module_param(run_ms, uint, 0644);
MODULE_PARM_DESC(run_ms, "How long faults and throughput are measured with each number of threads, in ms (default: 200)");

/* The interval under test, and one for each thread, far from it and apart. */
#define PLACE_LENGTH	(16 * PAGE_SIZE)
#define PLACE(i)	((1024 + 64 * (unsigned long)(i)) * PAGE_SIZE)
#define INTERVAL_START	(16 * PAGE_SIZE)

static struct mm_struct *mm;
static struct mmu_interval_notifier interval;

/* Those of different threads are not to share cache lines. */
static struct {
	struct mmu_interval_notifier interval;
} ____cacheline_aligned_in_smp places[MAX_THREADS];

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

/* Without a user lock: threads are not to meet there. Nobody reads these. */
static bool invalidate_unlocked(struct mmu_interval_notifier *interval_sub,
				const struct mmu_notifier_range *range,
				unsigned long seq)
{
	mmu_interval_set_seq(interval_sub, seq);
	return true;
}

static const struct mmu_interval_notifier_ops unlocked_ops = {
	.invalidate = invalidate_unlocked,
};

static int insert(void)
{
	return mmu_interval_notifier_insert(&interval, mm, INTERVAL_START,
					    PLACE_LENGTH, &ops);
}

static void remove_places(unsigned int nr)
{
	while (nr--)
		mmu_interval_notifier_remove(&places[nr].interval);
}

static int insert_places(unsigned int nr,
			 const struct mmu_interval_notifier_ops *place_ops)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++) {
		err = mmu_interval_notifier_insert(&places[i].interval, mm, PLACE(i),
						   PLACE_LENGTH, place_ops);
		if (err) {
			remove_places(i);
			return err;
		}
	}
	return 0;
}

static void init_range(struct mmu_notifier_range *range, unsigned long start)
{
	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, mm, start,
				start + PLACE_LENGTH);
}

static noinline void invalidate_at(unsigned long start)
{
	struct mmu_notifier_range range;

	init_range(&range, start);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

static void sort_ns(s64 *ns, unsigned int nr)
{
	sort(ns, nr, sizeof(ns[0]), compare, NULL);
}

/*
 * Threads that invalidate
 */

struct thread {
	void (*work)(struct thread *thread);
	unsigned long start;		/* of its place */
	unsigned long until;		/* in jiffies */
	u64 invalidations;
};

/* All threads of one measurement. */
static struct thread all[MAX_THREADS];
static atomic_t to_begin, to_end;
static struct completion go, all_begun, all_ended;

static void thread_has_begun(void)
{
	if (atomic_dec_and_test(&to_begin))
		complete_all(&all_begun);
}

static int thread_fn(void *data)
{
	struct thread *thread = data;

	wait_for_completion(&go);
	thread->work(thread);
	if (atomic_dec_and_test(&to_end))
		complete_all(&all_ended);
	return 0;
}

/* At each moment at least one invalidation is active. */
static void chain(struct thread *thread)
{
	struct mmu_notifier_range link[2];
	unsigned int i;

	init_range(&link[0], thread->start);
	init_range(&link[1], thread->start);
	mmu_notifier_invalidate_range_start(&link[0]);
	for (i = 1; i == 1 || time_before(jiffies, thread->until); i++) {
		mmu_notifier_invalidate_range_start(&link[i % 2]);
		mmu_notifier_invalidate_range_end(&link[(i - 1) % 2]);
		if (i == 1)
			thread_has_begun();
		usleep_range(100, 200);
	}
	mmu_notifier_invalidate_range_end(&link[(i - 1) % 2]);
}

static void apart(struct thread *thread)
{
	struct mmu_notifier_range range;

	thread_has_begun();
	do {
		init_range(&range, thread->start);
		mmu_notifier_invalidate_range_start(&range);
		usleep_range(100, 200);
		mmu_notifier_invalidate_range_end(&range);
	} while (time_before(jiffies, thread->until));
}

static void flood(struct thread *thread)
{
	unsigned int i;

	thread_has_begun();
	do {
		for (i = 0; i < 64; i++)
			invalidate_at(thread->start);
		thread->invalidations += i;
		cond_resched();
	} while (time_before(jiffies, thread->until));
}

/* Waits until each of them is at work. finish_threads() must follow. */
static int begin_threads(unsigned int nr, unsigned int ms,
			 void (*work)(struct thread *thread))
{
	struct task_struct *task;
	unsigned int i;
	int err = 0;

	init_completion(&go);
	init_completion(&all_begun);
	init_completion(&all_ended);
	atomic_set(&to_begin, nr);
	atomic_set(&to_end, nr);
	for (i = 0; i < nr; i++) {
		all[i].work = work;
		all[i].start = PLACE(i);
		all[i].invalidations = 0;
		task = kthread_create(thread_fn, &all[i], "mn_benchmark/%u", i);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		kthread_bind(task, cpumask_local_spread(i, NUMA_NO_NODE));
		wake_up_process(task);
	}
	/* Without the missing ones, what has begun ends at once. */
	if (err) {
		ms = 0;
		if (atomic_sub_and_test(nr - i, &to_begin))
			complete_all(&all_begun);
		if (atomic_sub_and_test(nr - i, &to_end))
			complete_all(&all_ended);
	}
	nr = i;
	for (i = 0; i < nr; i++)
		all[i].until = jiffies + msecs_to_jiffies(ms);
	complete_all(&go);
	wait_for_completion(&all_begun);
	return err;
}

static void finish_threads(void)
{
	wait_for_completion(&all_ended);
}

/*
 * Waits
 */

/* Each returns the wait in ns, and leaves the interval removed. */

static s64 wait_of_read_begin(void)
{
	ktime_t begin;
	s64 ns;

	invalidate_at(INTERVAL_START);
	begin = ktime_get();
	mmu_interval_read_begin(&interval);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmu_interval_notifier_remove(&interval);
	return ns;
}

static s64 wait_of_insert_read(void)
{
	ktime_t begin = ktime_get();
	int err = insert();
	s64 ns;

	if (err)
		return err;
	mmu_interval_read_begin(&interval);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmu_interval_notifier_remove(&interval);
	return ns;
}

static s64 wait_of_remove(void)
{
	ktime_t begin = ktime_get();

	mmu_interval_notifier_remove(&interval);
	return ktime_to_ns(ktime_sub(ktime_get(), begin));
}

static const struct wait {
	const char *name;
	bool inserted;	/* before the chain begins */
	s64 (*wait)(void);
} wait_list[] = {
	{ "read_begin", true, wait_of_read_begin },
	{ "insert_read", false, wait_of_insert_read },
	{ "remove", true, wait_of_remove },
};

static s64 run_wait(const struct wait *wait, unsigned int ms)
{
	s64 ns;
	int err;

	if (wait->inserted) {
		err = insert();
		if (err)
			return err;
	}
	err = begin_threads(1, ms, chain);
	if (!err)
		ns = wait->wait();
	else if (wait->inserted)
		mmu_interval_notifier_remove(&interval);
	finish_threads();
	return err ? err : ns;
}

static int measure_waits(void)
{
	unsigned int length, w, i;
	s64 ns[RUNS];
	int err;

	err = insert_places(1, &ops);
	if (err)
		return err;
	for (length = 0; length < nr_chain_ms; length++) {
		for (w = 0; w < ARRAY_SIZE(wait_list); w++) {
			for (i = 0; i < RUNS; i++) {
				ns[i] = run_wait(&wait_list[w],
						 chain_ms[length]);
				if (ns[i] < 0) {
					err = ns[i];
					goto out;
				}
			}
			sort_ns(ns, RUNS);
			pr_info("wait scenario=%s chain_ms=%u runs=%u median_ns=%lld max_ns=%lld\n",
				wait_list[w].name, chain_ms[length], RUNS,
				ns[RUNS / 2], ns[RUNS - 1]);
		}
	}
out:
	remove_places(1);
	return err;
}

/*
 * Faults
 */

/* What a driver does, except for reading the page table. */
static s64 fault(void)
{
	ktime_t begin = ktime_get();
	unsigned long seq;
	bool retry;

	do {
		seq = mmu_interval_read_begin(&interval);
		spin_lock(&user_lock);
		retry = mmu_interval_read_retry(&interval, seq);
		spin_unlock(&user_lock);
	} while (retry);
	return ktime_to_ns(ktime_sub(ktime_get(), begin));
}

static int measure_faults_with(unsigned int nr, bool chained, s64 *ns)
{
	unsigned int done = 0;
	int err;

	err = begin_threads(nr, run_ms, chained ? chain : apart);
	if (err) {
		finish_threads();
		return err;
	}
	do {
		invalidate_at(INTERVAL_START);
		ns[done++] = fault();
		usleep_range(50, 100);
	} while (done < MAX_FAULTS && !completion_done(&all_ended));
	finish_threads();
	sort_ns(ns, done);
	pr_info("fault invalidations=%s threads=%u faults=%u p50_ns=%lld p99_ns=%lld max_ns=%lld\n",
		chained ? "chained" : "apart", nr, done, ns[done / 2],
		ns[done * 99 / 100], ns[done - 1]);
	return 0;
}

static int measure_faults(void)
{
	unsigned int i;
	s64 *ns;
	int err;

	ns = kvcalloc(MAX_FAULTS, sizeof(*ns), GFP_KERNEL);
	if (!ns)
		return -ENOMEM;
	err = insert();
	if (err)
		goto out;
	for (i = 0; !err && i < nr_threads; i++) {
		err = insert_places(threads[i], &ops);
		if (err)
			break;
		err = measure_faults_with(threads[i], false, ns);
		if (!err)
			err = measure_faults_with(threads[i], true, ns);
		remove_places(threads[i]);
	}
	mmu_interval_notifier_remove(&interval);
out:
	kvfree(ns);
	return err;
}

/*
 * Wake-ups
 */

static struct reader {
	struct task_struct *task;
	struct mmu_notifier_range range;	/* what it waits for */
	bool begun;
	struct completion done;
	unsigned long sleep;	/* tells one sleep from the next; 0 if done */
} readers[READERS];

static int reader_fn(void *data)
{
	struct reader *reader = data;

	WRITE_ONCE(reader->begun, true);
	mmu_interval_read_begin(&places[reader - readers].interval);
	complete(&reader->done);
	return 0;
}

/* Which sleep it is in; 0 if it is awake. */
static unsigned long asleep(struct reader *reader)
{
	return wait_task_inactive(reader->task, TASK_UNINTERRUPTIBLE);
}

/* Waits until each reader is asleep in its read or has returned from it. */
static void settle_readers(void)
{
	struct reader *reader;

	for (reader = readers; reader < &readers[READERS]; reader++) {
		reader->sleep = 0;
		while (!completion_done(&reader->done)) {
			/* Before that it may sleep for other reasons. */
			if (READ_ONCE(reader->begun))
				reader->sleep = asleep(reader);
			if (reader->sleep)
				break;
			usleep_range(100, 200);
		}
	}
}

/* How many of those that slept at the last settle_readers() were woken since? */
static unsigned int count_woken(void)
{
	struct reader *reader;
	unsigned int woken = 0;

	for (reader = readers; reader < &readers[READERS]; reader++)
		woken += reader->sleep && asleep(reader) != reader->sleep;
	return woken;
}

/* Ends what the readers wait for; counts only if all are there. */
static void end_reads(unsigned int spawned)
{
	unsigned int woken, min_woken = UINT_MAX, max_woken = 0, total = 0;
	unsigned int i;

	if (spawned == READERS)
		settle_readers();
	for (i = 0; i < READERS; i++) {
		mmu_notifier_invalidate_range_end(&readers[i].range);
		if (spawned != READERS)
			continue;
		woken = count_woken();
		settle_readers();
		min_woken = min(min_woken, woken);
		max_woken = max(max_woken, woken);
		total += woken;
	}
	if (spawned == READERS)
		pr_info("wakeup readers=%u ends=%u min_woken=%u max_woken=%u total_woken=%u\n",
			READERS, READERS, min_woken, max_woken, total);
}

static int measure_wakeups(void)
{
	unsigned int i, spawned;
	int err;

	err = insert_places(READERS, &unlocked_ops);
	if (err)
		return err;
	for (i = 0; i < READERS; i++) {
		readers[i].begun = false;
		init_completion(&readers[i].done);
		init_range(&readers[i].range, PLACE(i));
		mmu_notifier_invalidate_range_start(&readers[i].range);
	}
	for (spawned = 0; spawned < READERS; spawned++) {
		struct task_struct *task;

		task = kthread_create(reader_fn, &readers[spawned],
				      "mn_reader/%u", spawned);
		if (IS_ERR(task)) {
			err = PTR_ERR(task);
			break;
		}
		readers[spawned].task = get_task_struct(task);
		wake_up_process(task);
	}
	end_reads(spawned);
	while (spawned--) {
		wait_for_completion(&readers[spawned].done);
		put_task_struct(readers[spawned].task);
	}
	remove_places(READERS);
	return err;
}

/*
 * Throughput
 */

static int measure_throughput(void)
{
	unsigned int i, t;
	ktime_t begin;
	u64 sum, us;
	int err;

	for (i = 0; i < nr_threads; i++) {
		err = insert_places(threads[i], &unlocked_ops);
		if (err)
			return err;
		begin = ktime_get();
		err = begin_threads(threads[i], run_ms, flood);
		finish_threads();
		us = ktime_us_delta(ktime_get(), begin);
		remove_places(threads[i]);
		if (err)
			return err;
		for (sum = 0, t = 0; t < threads[i]; t++)
			sum += all[t].invalidations;
		pr_info("throughput threads=%u invalidations_per_second=%llu\n",
			threads[i], div64_u64(sum * USEC_PER_SEC, us));
	}
	return 0;
}

static const struct measurement {
	const bool *wanted;
	int (*measure)(void);
} measurements[] = {
	{ &waits, measure_waits },
	{ &faults, measure_faults },
	{ &wakeups, measure_wakeups },
	{ &throughput, measure_throughput },
};

static int mmu_notifier_benchmark(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr_threads; i++)
		if (!threads[i] || threads[i] > MAX_THREADS)
			return -EINVAL;
	mm = mm_alloc();
	if (!mm)
		return -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(measurements); i++)
		if (*measurements[i].wanted)
			err = measurements[i].measure();
	mmput(mm);
	if (err)
		pr_err("failed: %d\n", err);
	else
		pr_info("done\n");
	return err;
}
late_initcall(mmu_notifier_benchmark);

/* The lock of the parameters is held: none changes meanwhile. */
static int run_again(const char *val, const struct kernel_param *kp)
{
	bool run;
	int err;

	err = kstrtobool(val, &run);
	if (err || !run)
		return err;
	return system_state == SYSTEM_RUNNING ? mmu_notifier_benchmark() : -EBUSY;
}

static const struct kernel_param_ops run_ops = {
	.set = run_again,
};

module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "Write 1 to measure once more");

MODULE_DESCRIPTION("Benchmark for MMU notifiers");
MODULE_LICENSE("GPL");

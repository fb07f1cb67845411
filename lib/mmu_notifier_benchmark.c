// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long users of intervals of an mm wait, in wall time, and what it costs
 * when there are many of them.
 *
 * Runs at boot, prints a line for each result and "done" at the end. Parameters
 * on the command line of the kernel say what is measured, for instance
 * mmu_notifier_benchmark.faults=1; only the waits are on by default. Later, the
 * parameters being in /sys/module/mmu_notifier_benchmark/parameters, it runs once
 * more whenever 1 is written to the one that is called run.
 *
 * waits: A thread invalidates a range over and over so that at any time at least
 * one invalidation is active: a chain. Then another interval of the same mm,
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
 *
 * waiting: Readers wait, each in an interval of its own, all for the same
 * invalidation. What does another one cost that overlaps no interval? How long
 * does the end take that lets the readers go, and how long is it until the last
 * of them has returned?
 *
 *   loop scenario=start_end_waiting n=N calls=N min_ns=X.YY median_ns=X.YY
 *   herd readers=N ends=N min_end_ns=N median_end_ns=N max_end_ns=N
 *	min_all_ns=N median_all_ns=N max_all_ns=N
 *
 * active: N invalidations are active that overlap no interval. What does it cost
 * to read, with mmu_interval_read_begin() and mmu_interval_read_retry(), if all of
 * them are on one side of the interval (active), or on both (among), and what does
 * one more of these invalidations cost?
 *
 *   loop scenario=read_active|read_among|start_end_active n=N calls=N
 *	min_ns=X.YY median_ns=X.YY
 *
 * A loop of that many calls is timed as a whole, several times. The results are in
 * nanoseconds per call.
 *
 * crowds: As throughput, but with a great many threads, several times. Either each
 * invalidation is apart from the next one of its thread, or they are chained, so
 * that at any time one of each thread is active. Then the same once more, while a
 * device faults as above:
 *
 *   crowd invalidations=apart|chained threads=N runs=N invalidations_per_second=N
 *	min_per_second=N max_per_second=N
 *   crowd_fault invalidations=apart|chained threads=N faults=N p50_ns=N p99_ns=N max_ns=N
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
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/spinlock.h>

#define RUNS		5
#define READERS		64U
#define MAX_FAULTS	10000
#define MAX_LIST	16
#define LOOP_NS		(2 * NSEC_PER_MSEC)	/* at least */
#define ROUNDS		5
#define PASSES		9

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

static bool waiting;
module_param(waiting, bool, 0644);
MODULE_PARM_DESC(waiting, "Measure what waiting readers cost others (default: 0)");

static bool active;
module_param(active, bool, 0644);
MODULE_PARM_DESC(active, "Measure what active invalidations cost others (default: 0)");

static bool crowds;
module_param(crowds, bool, 0644);
MODULE_PARM_DESC(crowds, "Measure throughput and faults with many threads (default: 0)");

static unsigned int chain_ms[MAX_LIST] = { 200 };
static unsigned int nr_chain_ms = 1;
module_param_array(chain_ms, uint, &nr_chain_ms, 0644);
MODULE_PARM_DESC(chain_ms, "Lengths of the chains that waits are measured under, in ms (default: 200)");

static unsigned int threads[MAX_LIST] = { 1, 2, 4 };
static unsigned int nr_threads = 3;
module_param_array(threads, uint, &nr_threads, 0644);
MODULE_PARM_DESC(threads, "Numbers of threads for faults and throughput (default: 1,2,4)");

static unsigned int readers[MAX_LIST] = { 0, 1, 64, 1000, 4000 };
static unsigned int nr_readers = 5;
module_param_array(readers, uint, &nr_readers, 0644);
MODULE_PARM_DESC(readers, "Numbers of waiting readers (default: 0,1,64,1000,4000)");

static unsigned int ranges[MAX_LIST] = { 0, 1, 4, 16, 64, 1000, 100000 };
static unsigned int nr_ranges = 7;
module_param_array(ranges, uint, &nr_ranges, 0644);
MODULE_PARM_DESC(ranges, "Numbers of active invalidations, ascending (default: 0,1,4,16,64,1000,100000)");

static unsigned int crowd[MAX_LIST] = { 1000 };
static unsigned int nr_crowd = 1;
module_param_array(crowd, uint, &nr_crowd, 0644);
MODULE_PARM_DESC(crowd, "Numbers of threads for crowds (default: 1000)");

static unsigned int run_ms = 200;
module_param(run_ms, uint, 0644);
MODULE_PARM_DESC(run_ms, "How long throughput and faults are measured with each number of threads, in ms (default: 200)");

static unsigned int crowd_ms = 1000;
module_param(crowd_ms, uint, 0644);
MODULE_PARM_DESC(crowd_ms, "How long faults beside each crowd are measured, in ms (default: 1000)");

/* The interval under test, nothing, and an interval for each thread. */
#define PLACE_LENGTH	(16 * PAGE_SIZE)
#define PLACE(i)	((1024 + 64 * (unsigned long)(i)) * PAGE_SIZE)
#define INTERVAL_START	(16 * PAGE_SIZE)
#define NOTHING		(512 * PAGE_SIZE)

static struct mm_struct *mm;
static struct mmu_interval_notifier interval;
static struct mmu_interval_notifier between;	/* ranges on both sides of it */

/* Live as long as the benchmark runs, and share nothing that they write. */
struct thread {
	struct task_struct *task;
	struct completion go;
	void (*work)(struct thread *thread);	/* NULL: end */
	unsigned long start;			/* of its place, ... */
	struct mmu_interval_notifier interval;	/* ... where this may be */
	struct mmu_notifier_range range;	/* what it waits for */
	unsigned long sleep;	/* tells one sleep from the next; 0: awake */
	bool done;
	u64 invalidations;
} ____cacheline_aligned_in_smp;

static struct thread *all;
static unsigned int nr_all;

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

/* No user lock, which threads would contend for: nothing is read here. */
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
		mmu_interval_notifier_remove(&all[nr].interval);
}

static int insert_places(unsigned int nr,
			 const struct mmu_interval_notifier_ops *place_ops)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr; i++) {
		err = mmu_interval_notifier_insert(&all[i].interval, mm, PLACE(i),
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

static void sort_s64(s64 *values, unsigned int nr)
{
	sort(values, nr, sizeof(values[0]), compare, NULL);
}

/*
 * Threads
 */

/* For what the threads do now. */
static atomic_t to_begin, to_end;
static DECLARE_COMPLETION(all_begun);
static DECLARE_COMPLETION(all_ended);
static unsigned long run_length, until;	/* in jiffies */
static ktime_t begun_at, ended_at;

static void thread_has_begun(void)
{
	if (!atomic_dec_and_test(&to_begin))
		return;
	WRITE_ONCE(until, jiffies + run_length);
	begun_at = ktime_get();
	complete_all(&all_begun);
}

/* For threads that never sleep: wait until all have begun. */
static void threads_have_begun(void)
{
	thread_has_begun();
	wait_for_completion(&all_begun);
}

static bool time_is_up(void)
{
	return !time_before(jiffies, READ_ONCE(until));
}

static int thread_fn(void *data)
{
	struct thread *thread = data;

	for (;;) {
		/* Sleep differently from readers, to tell them apart. */
		wait_for_completion_interruptible(&thread->go);
		if (!thread->work)
			return 0;
		thread->work(thread);
		WRITE_ONCE(thread->done, true);
		if (atomic_dec_and_test(&to_end)) {
			ended_at = ktime_get();
			complete_all(&all_ended);
		}
	}
}

static void stop_threads(void)
{
	unsigned int i;

	for (i = 0; i < nr_all; i++) {
		all[i].work = NULL;
		complete(&all[i].go);
	}
	for (i = 0; i < nr_all; i++) {
		kthread_stop(all[i].task);
		put_task_struct(all[i].task);
	}
	kvfree(all);
}

/* They are many: create all before anything is measured. */
static int create_threads(unsigned int nr)
{
	struct task_struct *task;
	struct thread *thread;

	all = kvcalloc(nr, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (nr_all = 0; nr_all < nr; nr_all++) {
		thread = &all[nr_all];
		init_completion(&thread->go);
		thread->start = PLACE(nr_all);
		task = kthread_create(thread_fn, thread, "mn_benchmark/%u",
				      nr_all);
		if (IS_ERR(task)) {
			pr_err("thread %u of %u: no memory, or no pid\n",
			       nr_all + 1, nr);
			return PTR_ERR(task);
		}
		thread->task = get_task_struct(task);
		kthread_bind(task, cpumask_local_spread(nr_all, NUMA_NO_NODE));
		wake_up_process(task);
	}
	return 0;
}

/* Waits until each thread is at work. finish_threads() must follow. */
static void begin_threads(unsigned int nr, unsigned int ms,
			  void (*work)(struct thread *thread))
{
	unsigned int i;

	reinit_completion(&all_begun);
	reinit_completion(&all_ended);
	atomic_set(&to_begin, nr);
	atomic_set(&to_end, nr);
	run_length = msecs_to_jiffies(ms);
	until = jiffies + run_length;
	for (i = 0; i < nr; i++) {
		all[i].work = work;
		all[i].done = false;
		all[i].invalidations = 0;
		complete(&all[i].go);
	}
	wait_for_completion(&all_begun);
}

static void finish_threads(void)
{
	wait_for_completion(&all_ended);
}

/*
 * Threads that invalidate
 */

/* At each moment at least one invalidation is active. */
static void chain(struct thread *thread)
{
	struct mmu_notifier_range link[2];
	unsigned int i;

	init_range(&link[0], thread->start);
	init_range(&link[1], thread->start);
	mmu_notifier_invalidate_range_start(&link[0]);
	for (i = 1; i == 1 || !time_is_up(); i++) {
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
	} while (!time_is_up());
}

static void flood(struct thread *thread)
{
	unsigned int i;

	threads_have_begun();
	do {
		for (i = 0; i < 64; i++)
			invalidate_at(thread->start);
		thread->invalidations += i;
		cond_resched();
	} while (!time_is_up());
}

static void flood_of_chains(struct thread *thread)
{
	struct mmu_notifier_range link[2];
	unsigned int i;

	init_range(&link[0], thread->start);
	mmu_notifier_invalidate_range_start(&link[0]);
	threads_have_begun();
	do {
		for (i = 1; i <= 64; i++) {
			init_range(&link[i % 2], thread->start);
			mmu_notifier_invalidate_range_start(&link[i % 2]);
			mmu_notifier_invalidate_range_end(&link[(i - 1) % 2]);
		}
		thread->invalidations += 64;
		cond_resched();
	} while (!time_is_up());
	mmu_notifier_invalidate_range_end(&link[0]);
}

/* Invalidations per second of all threads so far. */
static u64 rate_of_threads(unsigned int nr)
{
	u64 sum = 0;

	while (nr--)
		sum += all[nr].invalidations;
	return div64_u64(sum * USEC_PER_SEC, ktime_us_delta(ended_at, begun_at));
}

/*
 * Threads that read
 */

static void read_place(struct thread *thread)
{
	thread_has_begun();
	mmu_interval_read_begin(&thread->interval);
}

/* Which sleep the thread is in; 0 if it is awake. */
static unsigned long asleep(struct thread *thread)
{
	return wait_task_inactive(thread->task, TASK_UNINTERRUPTIBLE);
}

/*
 * Waits until each reader sleeps in its begin, or has returned from it. Returns
 * how many sleep.
 */
static unsigned int settle_readers(unsigned int nr)
{
	struct thread *thread;
	unsigned int sleeping = 0;

	for (thread = all; thread < all + nr; thread++) {
		thread->sleep = 0;
		while (!READ_ONCE(thread->done)) {
			thread->sleep = asleep(thread);
			if (thread->sleep)
				break;
			usleep_range(100, 200);
		}
		sleeping += !!thread->sleep;
	}
	return sleeping;
}

/* How many readers were woken that slept at the last settle_readers(). */
static unsigned int count_woken(unsigned int nr)
{
	struct thread *thread;
	unsigned int woken = 0;

	for (thread = all; thread < all + nr; thread++)
		woken += thread->sleep && asleep(thread) != thread->sleep;
	return woken;
}

/*
 * Loops
 */

/* Times of several rounds, each of the same number of calls. */
struct loop {
	unsigned int calls, rounds;
	s64 ns[ROUNDS * PASSES];
};

static noinline s64 run_loop(void (*op)(void), unsigned int calls)
{
	ktime_t begin = ktime_get();

	while (calls--)
		op();
	return ktime_to_ns(ktime_sub(ktime_get(), begin));
}

/* How many calls take long enough, even if nothing disturbs them. */
static unsigned int calls_for_loop(void (*op)(void))
{
	unsigned int calls = 8, tries = 0;

	while (tries < 3) {
		if (run_loop(op, calls) >= LOOP_NS) {
			tries++;
		} else {
			tries = 0;
			calls *= 2;
		}
	}
	return calls;
}

static void add_rounds(struct loop *loop, void (*op)(void))
{
	unsigned int i;

	if (!loop->calls)
		loop->calls = calls_for_loop(op);
	for (i = 0; i < ROUNDS; i++) {
		loop->ns[loop->rounds++] = run_loop(op, loop->calls);
		cond_resched();
	}
}

static void print_loop(const char *scenario, unsigned int n, struct loop *loop)
{
	u64 min, median;
	u32 min_rest, median_rest;

	sort_s64(loop->ns, loop->rounds);
	min = div_u64_rem(div_u64(loop->ns[0] * 100, loop->calls), 100,
			  &min_rest);
	median = div_u64_rem(div_u64(loop->ns[loop->rounds / 2] * 100,
				     loop->calls), 100, &median_rest);
	pr_info("loop scenario=%s n=%u calls=%u min_ns=%llu.%02u median_ns=%llu.%02u\n",
		scenario, n, loop->calls, min, min_rest, median, median_rest);
}

static void start_end_nothing(void)
{
	invalidate_at(NOTHING);
}

static void read_interval(void)
{
	unsigned long seq = mmu_interval_read_begin(&interval);

	mmu_interval_read_retry(&interval, seq);
}

static void read_between(void)
{
	unsigned long seq = mmu_interval_read_begin(&between);

	mmu_interval_read_retry(&between, seq);
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
	begin_threads(1, ms, chain);
	ns = wait->wait();
	finish_threads();
	return ns;
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
			sort_s64(ns, RUNS);
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

static void measure_faults_with(unsigned int nr, void (*work)(struct thread *),
				unsigned int ms, const char *kind,
				const char *how, s64 *ns)
{
	unsigned int done = 0;

	begin_threads(nr, ms, work);
	do {
		invalidate_at(INTERVAL_START);
		ns[done++] = fault();
		usleep_range(50, 100);
	} while (done < MAX_FAULTS && !completion_done(&all_ended));
	finish_threads();
	sort_s64(ns, done);
	pr_info("%s invalidations=%s threads=%u faults=%u p50_ns=%lld p99_ns=%lld max_ns=%lld\n",
		kind, how, nr, done, ns[done / 2], ns[done * 99 / 100],
		ns[done - 1]);
}

/* Each of @list with room for the times of faults, and the interval inserted. */
static int measure_each(const unsigned int *list, unsigned int nr,
			int (*measure)(unsigned int n, s64 *ns))
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
	for (i = 0; !err && i < nr; i++)
		err = measure(list[i], ns);
	mmu_interval_notifier_remove(&interval);
out:
	kvfree(ns);
	return err;
}

static int measure_faults_beside(unsigned int nr, s64 *ns)
{
	int err = insert_places(nr, &ops);

	if (err)
		return err;
	measure_faults_with(nr, apart, run_ms, "fault", "apart", ns);
	measure_faults_with(nr, chain, run_ms, "fault", "chained", ns);
	remove_places(nr);
	return 0;
}

static int measure_faults(void)
{
	return measure_each(threads, nr_threads, measure_faults_beside);
}

/*
 * Wake-ups
 */

static int measure_wakeups(void)
{
	unsigned int woken, min_woken = UINT_MAX, max_woken = 0, total = 0;
	unsigned int i;
	int err;

	err = insert_places(READERS, &unlocked_ops);
	if (err)
		return err;
	for (i = 0; i < READERS; i++) {
		init_range(&all[i].range, all[i].start);
		mmu_notifier_invalidate_range_start(&all[i].range);
	}
	begin_threads(READERS, 0, read_place);
	settle_readers(READERS);
	for (i = 0; i < READERS; i++) {
		mmu_notifier_invalidate_range_end(&all[i].range);
		woken = count_woken(READERS);
		settle_readers(READERS);
		min_woken = min(min_woken, woken);
		max_woken = max(max_woken, woken);
		total += woken;
	}
	finish_threads();
	pr_info("wakeup readers=%u ends=%u min_woken=%u max_woken=%u total_woken=%u\n",
		READERS, READERS, min_woken, max_woken, total);
	remove_places(READERS);
	return 0;
}

/*
 * Throughput
 */

static int measure_throughput(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < nr_threads; i++) {
		err = insert_places(threads[i], &unlocked_ops);
		if (err)
			return err;
		begin_threads(threads[i], run_ms, flood);
		finish_threads();
		remove_places(threads[i]);
		pr_info("throughput threads=%u invalidations_per_second=%llu\n",
			threads[i], rate_of_threads(threads[i]));
	}
	return 0;
}

/*
 * Many readers that wait
 */

struct herd {
	unsigned int readers, ends;
	struct loop elsewhere;
	s64 end_ns[PASSES], all_ns[PASSES];
};

/* However many wait, the intervals are the same. */
static int run_herd(struct herd *herd)
{
	struct mmu_notifier_range range;
	unsigned int sleeping = 0;
	ktime_t begin, end;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, PLACE(0),
				PLACE(nr_all));
	mmu_notifier_invalidate_range_start(&range);
	if (herd->readers) {
		begin_threads(herd->readers, 0, read_place);
		sleeping = settle_readers(herd->readers);
	}
	add_rounds(&herd->elsewhere, start_end_nothing);
	begin = ktime_get();
	mmu_notifier_invalidate_range_end(&range);
	end = ktime_get();
	if (!herd->readers)
		return 0;
	finish_threads();
	if (sleeping != herd->readers) {
		pr_err("%u of %u readers wait\n", sleeping, herd->readers);
		return -EIO;
	}
	herd->end_ns[herd->ends] = ktime_to_ns(ktime_sub(end, begin));
	herd->all_ns[herd->ends++] = ktime_to_ns(ktime_sub(ended_at, begin));
	return 0;
}

static void print_herd(struct herd *herd)
{
	print_loop("start_end_waiting", herd->readers, &herd->elsewhere);
	if (!herd->ends)
		return;
	sort_s64(herd->end_ns, herd->ends);
	sort_s64(herd->all_ns, herd->ends);
	pr_info("herd readers=%u ends=%u min_end_ns=%lld median_end_ns=%lld max_end_ns=%lld min_all_ns=%lld median_all_ns=%lld max_all_ns=%lld\n",
		herd->readers, herd->ends, herd->end_ns[0],
		herd->end_ns[herd->ends / 2], herd->end_ns[herd->ends - 1],
		herd->all_ns[0], herd->all_ns[herd->ends / 2],
		herd->all_ns[herd->ends - 1]);
}

static int measure_waiting(void)
{
	unsigned int pass, i;
	struct herd *herds;
	int err;

	herds = kvcalloc(nr_readers, sizeof(*herds), GFP_KERNEL);
	if (!herds)
		return -ENOMEM;
	err = insert_places(nr_all, &unlocked_ops);
	if (err)
		goto out;
	for (pass = 0; pass < PASSES; pass++) {
		for (i = 0; !err && i < nr_readers; i++) {
			herds[i].readers = readers[i];
			err = run_herd(&herds[i]);
		}
	}
	remove_places(nr_all);
	for (i = 0; !err && i < nr_readers; i++)
		print_herd(&herds[i]);
out:
	kvfree(herds);
	return err;
}

/*
 * Many active invalidations
 */

struct among {
	struct loop read, read_between, start_end;
};

static void run_among(struct among *among, struct mmu_notifier_range *range)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_ranges; i++) {
		for (; n < ranges[i]; n++) {
			mmu_notifier_range_init(&range[n], MMU_NOTIFY_CLEAR, 0,
						mm, PLACE(n), PLACE(n) + PAGE_SIZE);
			mmu_notifier_invalidate_range_start(&range[n]);
			cond_resched();
		}
		add_rounds(&among[i].read, read_interval);
		add_rounds(&among[i].read_between, read_between);
		add_rounds(&among[i].start_end, start_end_nothing);
	}
	while (n--) {
		mmu_notifier_invalidate_range_end(&range[n]);
		cond_resched();
	}
}

static int measure_active(void)
{
	struct mmu_notifier_range *range;
	struct among *among;
	unsigned int pass, i;
	int err;

	range = kvcalloc(ranges[nr_ranges - 1] + 1, sizeof(*range), GFP_KERNEL);
	among = kvcalloc(nr_ranges, sizeof(*among), GFP_KERNEL);
	err = range && among ? insert() : -ENOMEM;
	if (err)
		goto out;
	/* The first range is on one side of it, all others are on the other. */
	err = mmu_interval_notifier_insert(&between, mm,
					   PLACE(0) + PLACE_LENGTH,
					   PLACE_LENGTH, &ops);
	if (err)
		goto out_remove;
	for (pass = 0; pass < PASSES; pass++)
		run_among(among, range);
	mmu_interval_notifier_remove(&between);
	for (i = 0; i < nr_ranges; i++) {
		print_loop("read_active", ranges[i], &among[i].read);
		print_loop("read_among", ranges[i], &among[i].read_between);
		print_loop("start_end_active", ranges[i], &among[i].start_end);
	}
out_remove:
	mmu_interval_notifier_remove(&interval);
out:
	kvfree(among);
	kvfree(range);
	return err;
}

/*
 * Crowds
 */

static const struct {
	const char *how;
	void (*work)(struct thread *thread);
} floods[] = {
	{ "apart", flood },
	{ "chained", flood_of_chains },
};

static int measure_crowds_with(unsigned int nr, s64 *ns)
{
	unsigned int i, run;
	s64 rates[RUNS];
	int err;

	err = insert_places(nr, &unlocked_ops);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(floods); i++) {
		for (run = 0; run < RUNS; run++) {
			begin_threads(nr, run_ms, floods[i].work);
			finish_threads();
			rates[run] = rate_of_threads(nr);
		}
		sort_s64(rates, RUNS);
		pr_info("crowd invalidations=%s threads=%u runs=%u invalidations_per_second=%lld min_per_second=%lld max_per_second=%lld\n",
			floods[i].how, nr, RUNS, rates[RUNS / 2], rates[0],
			rates[RUNS - 1]);
		/* The device does not wait for a CPU with the crowd. */
		sched_set_fifo(current);
		measure_faults_with(nr, floods[i].work, crowd_ms, "crowd_fault",
				    floods[i].how, ns);
		sched_set_normal(current, 0);
	}
	remove_places(nr);
	return 0;
}

static int measure_crowds(void)
{
	return measure_each(crowd, nr_crowd, measure_crowds_with);
}

static const struct measurement {
	const bool *wanted;
	int (*measure)(void);
} measurements[] = {
	{ &waits, measure_waits },
	{ &faults, measure_faults },
	{ &wakeups, measure_wakeups },
	{ &throughput, measure_throughput },
	{ &waiting, measure_waiting },
	{ &active, measure_active },
	{ &crowds, measure_crowds },
};

static unsigned int largest(const unsigned int *list, unsigned int nr)
{
	unsigned int max = 0;

	while (nr--)
		max = max(max, list[nr]);
	return max;
}

static unsigned int threads_needed(void)
{
	unsigned int nr = 1;

	if (faults || throughput)
		nr = max(nr, largest(threads, nr_threads));
	if (wakeups)
		nr = max(nr, READERS);
	if (waiting)
		nr = max(nr, largest(readers, nr_readers));
	if (crowds)
		nr = max(nr, largest(crowd, nr_crowd));
	return nr;
}

static bool lists_are_right(void)
{
	unsigned int i;

	for (i = 0; i < nr_threads; i++)
		if (!threads[i])
			return false;
	for (i = 0; i < nr_crowd; i++)
		if (!crowd[i])
			return false;
	for (i = 1; i < nr_ranges; i++)
		if (ranges[i] < ranges[i - 1])
			return false;
	return true;
}

static int mmu_notifier_benchmark(void)
{
	unsigned int i;
	int err;

	if (!lists_are_right())
		return -EINVAL;
	mm = mm_alloc();
	if (!mm)
		return -ENOMEM;
	err = create_threads(threads_needed());
	for (i = 0; !err && i < ARRAY_SIZE(measurements); i++)
		if (*measurements[i].wanted)
			err = measurements[i].measure();
	stop_threads();
	mmput(mm);
	if (err)
		pr_err("failed: %d\n", err);
	else
		pr_info("done\n");
	return err;
}
late_initcall(mmu_notifier_benchmark);

/* The lock of the parameters is held: they do not change. */
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

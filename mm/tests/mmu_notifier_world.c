// SPDX-License-Identifier: GPL-2.0-only
/* What the MMU notifier suites share; see mmu_notifier_world.h. */

#include <kunit/test.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <trace/events/lock.h>
#include <trace/events/printk.h>

#include <asm/sections.h>

#include "mmu_notifier_world.h"

/*
 * The world
 */

static void mn_world_exit(void *data)
{
	struct mn_world *world = data;

	/* A case that failed may have left subscriptions behind: leak the mm. */
	if (world->hung || world->test->status == KUNIT_FAILURE)
		return;
	mn_crowd_end(world);
	if (world->mm)
		mmput(world->mm);
}

/* The .init of each suite: an mm that nobody else knows. */
int mn_world_init(struct kunit *test)
{
	struct mn_world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);

	if (!world)
		return -ENOMEM;
	world->test = test;
	spin_lock_init(&world->log_lock);
	world->mm = mm_alloc();
	if (!world->mm)
		return -ENOMEM;
	test->priv = world;
	return kunit_add_action_or_reset(test, mn_world_exit, world);
}

/*
 * The same, and many invalidations are active in it all the time. Where that is
 * too much, one case finds out for all.
 */
int mn_crowded_world_init(struct kunit *test)
{
	static bool crowded_out;
	int err = mn_world_init(test);

	if (err || crowded_out)
		return err ?: -EBUSY;
	mn_crowd(test->priv, MN_CROWD);
	crowded_out = !mn_returns(mn_spawn_remove(mn_insert(test->priv, 0, 0,
							    1)));
	return crowded_out ? -EBUSY : 0;
}

/* Drop the last user of the mm: its notifiers are released. */
void mn_world_release(struct mn_world *world)
{
	struct mm_struct *mm = world->mm;

	world->mm = NULL;
	mmput(mm);
}

void mn_log(struct mn_world *world, char name)
{
	if (!name)
		return;
	spin_lock(&world->log_lock);
	if (world->log_len < sizeof(world->log) - 1)
		world->log[world->log_len++] = name;
	spin_unlock(&world->log_lock);
}

void mn_note(struct mn_seen *seen, const struct mmu_notifier_range *range,
	     unsigned long seq)
{
	seen->mm = range->mm;
	seen->start = range->start;
	seen->end = range->end;
	seen->event = range->event;
	seen->owner = range->owner;
	seen->seq = seq;
	seen->blockable = mmu_notifier_range_blockable(range);
#ifdef CONFIG_LOCKDEP
	seen->in_map = lock_is_held(&__mmu_notifier_invalidate_range_start_map);
#endif
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	seen->may_not_sleep = current->non_block_count > 0;
#endif
}

/* For cases of callbacks that must not sleep: skip where the core cannot see to it. */
void mn_skip_unless_sleep_is_forbidden(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "needs CONFIG_DEBUG_ATOMIC_SLEEP");
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "spinlocks sleep with CONFIG_PREEMPT_RT");
}

/*
 * Gates
 */

struct mn_gate *mn_gate(struct mn_world *world)
{
	struct mn_gate *gate = kunit_kzalloc(world->test, sizeof(*gate),
					     GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(world->test, gate);
	init_completion(&gate->entered);
	init_completion(&gate->open);
	return gate;
}

/* Called from callbacks. */
void mn_gate_pass(struct mn_gate *gate)
{
	if (!gate)
		return;
	complete(&gate->entered);
	wait_for_completion(&gate->open);
}

/* Wait until a callback stands before the gate. */
bool mn_gate_entered(struct mn_world *world, struct mn_gate *gate)
{
	if (wait_for_completion_timeout(&gate->entered, MN_HANG_SECONDS * HZ))
		return true;
	KUNIT_FAIL(world->test, "the callback was not called");
	return false;
}

void mn_gate_open(struct mn_gate *gate)
{
	complete_all(&gate->open);
}

/*
 * Subscriptions to the mm
 */

static int mn_listener_start(struct mmu_notifier *notifier,
			     const struct mmu_notifier_range *range)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->starts++;
	mn_note(&listener->seen_start, range, 0);
	mn_log(listener->world, listener->name);
	mn_gate_pass(listener->gate);
	return mmu_notifier_range_blockable(range) ? listener->fail_block :
						     listener->fail_nonblock;
}

static void mn_listener_end(struct mmu_notifier *notifier,
			    const struct mmu_notifier_range *range)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->ends++;
	mn_note(&listener->seen_end, range, 0);
	mn_log(listener->world, toupper(listener->name));
	mn_gate_pass(listener->other_gate);
}

static void mn_listener_release(struct mmu_notifier *notifier,
				struct mm_struct *mm)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->release_mm = mm;
	/* Unregistration and the end of the mm may both come here. */
	if (!listener->releases++)
		mn_gate_pass(listener->release_gate);
	if (listener->put_on_release)
		mmu_notifier_put(notifier);
}

static bool mn_listener_young(struct mmu_notifier *notifier,
			      struct mm_struct *mm, unsigned long start,
			      unsigned long end)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->young_calls++;
	listener->arg_start = start;
	listener->arg_end = end;
	mn_gate_pass(listener->other_gate);
	return listener->young;
}

static bool mn_listener_flush_young(struct mmu_notifier *notifier,
				    struct mm_struct *mm, unsigned long start,
				    unsigned long end)
{
	container_of(notifier, struct mn_listener, notifier)->young_flushes++;
	return mn_listener_young(notifier, mm, start, end);
}

static bool mn_listener_test_young(struct mmu_notifier *notifier,
				   struct mm_struct *mm, unsigned long address)
{
	container_of(notifier, struct mn_listener, notifier)->young_tests++;
	return mn_listener_young(notifier, mm, address, address);
}

static void mn_listener_tlb(struct mmu_notifier *notifier, struct mm_struct *mm,
			    unsigned long start, unsigned long end)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->tlb_calls++;
	listener->arg_start = start;
	listener->arg_end = end;
	mn_gate_pass(listener->other_gate);
}

const struct mmu_notifier_ops mn_range_ops = {
	.release = mn_listener_release,
	.clear_flush_young = mn_listener_flush_young,
	.clear_young = mn_listener_young,
	.test_young = mn_listener_test_young,
	.invalidate_range_start = mn_listener_start,
	.invalidate_range_end = mn_listener_end,
};

const struct mmu_notifier_ops mn_start_ops = {
	.invalidate_range_start = mn_listener_start,
};

const struct mmu_notifier_ops mn_tlb_ops = {
	.arch_invalidate_secondary_tlbs = mn_listener_tlb,
};

struct mn_listener *mn_listener(struct mn_world *world, char name,
				const struct mmu_notifier_ops *ops)
{
	struct mn_listener *listener = kunit_kzalloc(world->test,
						     sizeof(*listener),
						     GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(world->test, listener);
	listener->world = world;
	listener->name = name;
	listener->notifier.ops = ops;
	return listener;
}

struct mn_listener *mn_register(struct mn_world *world, char name,
				const struct mmu_notifier_ops *ops)
{
	struct mn_listener *listener = mn_listener(world, name, ops);

	KUNIT_ASSERT_EQ(world->test, 0,
			mmu_notifier_register(&listener->notifier, world->mm));
	return listener;
}

void mn_unregister(struct mn_listener *listener)
{
	if (!listener->world->hung)
		mmu_notifier_unregister(&listener->notifier,
					listener->notifier.mm);
}

/*
 * Subscriptions to an interval
 */

static bool mn_interval_invalidate(struct mmu_interval_notifier *sub,
				   const struct mmu_notifier_range *range,
				   unsigned long seq)
{
	struct mn_interval *interval = container_of(sub, struct mn_interval, sub);

	spin_lock(&interval->user_lock);
	interval->calls++;
	mn_note(&interval->seen, range, seq);
	if (!interval->no_set_seq)
		mmu_interval_set_seq(sub, seq);
	spin_unlock(&interval->user_lock);

	mn_log(interval->world, interval->name);
	mn_gate_pass(interval->gate);
	return !interval->refuse;
}

const struct mmu_interval_notifier_ops mn_interval_ops = {
	.invalidate = mn_interval_invalidate,
};

struct mn_interval *mn_interval(struct mn_world *world, char name)
{
	struct mn_interval *interval = kunit_kzalloc(world->test,
						     sizeof(*interval),
						     GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(world->test, interval);
	interval->world = world;
	interval->name = name;
	spin_lock_init(&interval->user_lock);
	return interval;
}

struct mn_interval *mn_insert(struct mn_world *world, char name,
			      unsigned long page, unsigned long pages)
{
	struct mn_interval *interval = mn_interval(world, name);

	KUNIT_ASSERT_EQ(world->test, 0,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     MN_ADDR(page),
						     MN_ADDR(pages),
						     &mn_interval_ops));
	return interval;
}

/* Only where it does not wait; otherwise mn_spawn_remove(). */
void mn_remove(struct mn_interval *interval)
{
	if (!interval->world->hung)
		mn_returns(mn_spawn_remove(interval));
}

bool mn_retry(struct mn_interval *interval, unsigned long seq)
{
	bool retry;

	spin_lock(&interval->user_lock);
	retry = mmu_interval_read_retry(&interval->sub, seq);
	spin_unlock(&interval->user_lock);
	return retry;
}

/*
 * Invalidations
 */

void mn_range(struct mn_world *world, struct mmu_notifier_range *range,
	      unsigned long page, unsigned long pages)
{
	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, world->mm,
				MN_ADDR(page), MN_ADDR(page + pages));
}

/* All that the caller of a start has to set, and nothing else. */
void mn_range_by_hand(struct mn_world *world, struct mmu_notifier_range *range,
		      unsigned long page, unsigned long pages)
{
	memset(range, 0xa5, sizeof(*range));
	range->mm = world->mm;
	range->start = MN_ADDR(page);
	range->end = MN_ADDR(page + pages);
	range->flags = 0;
	range->event = MMU_NOTIFY_CLEAR;
	range->owner = NULL;
}

void mn_start(struct mn_world *world, struct mmu_notifier_range *range,
	      unsigned long page, unsigned long pages)
{
	mn_range(world, range, page, pages);
	mmu_notifier_invalidate_range_start(range);
}

int mn_start_nonblock(struct mn_world *world, struct mmu_notifier_range *range,
		      unsigned long page, unsigned long pages)
{
	mn_range(world, range, page, pages);
	return mmu_notifier_invalidate_range_start_nonblock(range);
}

void mn_end(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_end(range);
}

void mn_invalidate(struct mn_world *world, unsigned long page,
		   unsigned long pages)
{
	struct mmu_notifier_range range;

	mn_start(world, &range, page, pages);
	mn_end(&range);
}

/* From now on the mm keeps account of invalidations. */
void mn_prepare(struct mn_world *world)
{
	mn_remove(mn_insert(world, 0, 0, 1));
}

/* Once in a world. They go on until they are ended, or the world is. */
void mn_crowd(struct mn_world *world, unsigned int nr)
{
	struct mn_crowd *crowd = kzalloc(struct_size(crowd, range, nr),
					 GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(world->test, crowd);
	mn_prepare(world);
	mmgrab(world->mm);
	crowd->mm = world->mm;
	for (; crowd->nr < nr; crowd->nr++)
		mn_start(world, &crowd->range[crowd->nr],
			 MN_CROWD_PAGE + 2 * crowd->nr, 1);
	world->crowd = crowd;
}

void mn_crowd_end(struct mn_world *world)
{
	struct mn_crowd *crowd = world->crowd;

	if (!crowd)
		return;
	world->crowd = NULL;
	while (crowd->nr--)
		mn_end(&crowd->range[crowd->nr]);
	mmdrop(crowd->mm);
	kfree(crowd);
}

/*
 * Calls in threads of their own
 */

static int mn_call_thread(void *data)
{
	struct mn_call *call = data;

	WRITE_ONCE(call->entered, true);
	call->fn(call);
	complete(&call->done);
	return 0;
}

static void mn_call_free(void *data)
{
	struct mn_call *call = data;

	if (call->world->hung) {
		/* Until it sleeps, it uses what the case frees next. */
		mn_sleeps(call);
		return;
	}
	put_task_struct(call->task);
	kfree(call);
}

/* Start @fn in a thread, on one CPU unless @cpu is negative. */
struct mn_call *mn_spawn(struct mn_world *world, const char *what, void *arg,
			 void (*fn)(struct mn_call *call), int cpu)
{
	struct kunit *test = world->test;
	struct mn_call *call = kzalloc(sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, call);
	call->world = world;
	call->what = what;
	call->arg = arg;
	call->fn = fn;
	init_completion(&call->done);
	call->task = kthread_create(mn_call_thread, call, "mn_call");
	if (IS_ERR(call->task)) {
		kfree(call);
		KUNIT_FAIL_AND_ABORT(test, "no thread for %s", what);
	}
	get_task_struct(call->task);
	if (cpu >= 0)
		kthread_bind(call->task, cpu);
	wake_up_process(call->task);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, mn_call_free, call));
	return call;
}

static void mn_call_start(struct mn_call *call)
{
	mmu_notifier_invalidate_range_start(call->arg);
}

static void mn_call_read(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mmu_interval_read_begin(&interval->sub);
}

static void mn_call_remove(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mmu_interval_notifier_remove(&interval->sub);
}

static void mn_call_unregister(struct mn_call *call)
{
	mn_unregister(call->arg);
}

static void mn_call_release(struct mn_call *call)
{
	mn_world_release(call->world);
}

struct mn_call *mn_spawn_start(struct mn_world *world,
			       struct mmu_notifier_range *range)
{
	return mn_spawn(world, "mmu_notifier_invalidate_range_start", range,
			mn_call_start, -1);
}

struct mn_call *mn_spawn_read(struct mn_interval *interval)
{
	return mn_spawn(interval->world, "mmu_interval_read_begin", interval,
			mn_call_read, -1);
}

struct mn_call *mn_spawn_remove(struct mn_interval *interval)
{
	return mn_spawn(interval->world, "mmu_interval_notifier_remove",
			interval, mn_call_remove, -1);
}

struct mn_call *mn_spawn_unregister(struct mn_listener *listener)
{
	return mn_spawn(listener->world, "mmu_notifier_unregister", listener,
			mn_call_unregister, -1);
}

struct mn_call *mn_spawn_release(struct mn_world *world)
{
	return mn_spawn(world, "the release of the mm", NULL, mn_call_release,
			-1);
}

static void mn_call_hung(struct mn_call *call)
{
	call->world->hung = true;
	KUNIT_FAIL(call->world->test, "hung in %s", call->what);
	sched_show_task(call->task);
}

/*
 * Whether the call sleeps, rather than return. It has to be one that sleeps for
 * nothing but what the case controls.
 */
bool mn_sleeps(struct mn_call *call)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	bool asleep;

	do {
		asleep = READ_ONCE(call->entered) &&
			 READ_ONCE(call->task->__state) ==
			 (READ_ONCE(call->killable) ? TASK_KILLABLE :
						      TASK_UNINTERRUPTIBLE);
		/* A thread that is done may sleep on its way out. */
		smp_rmb();
		if (completion_done(&call->done))
			return false;
		if (asleep)
			return true;
		schedule_timeout_uninterruptible(1);
	} while (time_before(jiffies, timeout));

	mn_call_hung(call);
	return false;
}

/* Whether the call returns, at once or at last. */
bool mn_returns(struct mn_call *call)
{
	if (call->world->hung)
		return false;
	/* Leaves the completion as it is: this may be asked again. */
	if (wait_for_completion_timeout(&call->done, MN_HANG_SECONDS * HZ)) {
		complete(&call->done);
		return true;
	}
	mn_call_hung(call);
	return false;
}

/*
 * Failing allocations
 */

#if defined(CONFIG_FAILSLAB) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)

/* The variable behind a file of debugfs: nothing else leads there. */
static void *mn_failslab_knob(const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL);
	struct dentry *knob = dir ? debugfs_lookup(name, dir) : NULL;
	void *data = knob ? d_inode(knob)->i_private : NULL;

	dput(knob);
	dput(dir);
	return data;
}

static void mn_failslab_end(void *data)
{
	*(bool *)mn_failslab_knob("ignore-gfp-wait") = true;
	*(unsigned long *)mn_failslab_knob("verbose") = 2;
}

/* Let GFP_KERNEL fail too, and silently, or skip the case. */
void mn_failslab_begin(struct mn_world *world)
{
	bool *ignored = mn_failslab_knob("ignore-gfp-wait");
	unsigned long *verbose = mn_failslab_knob("verbose");

	if (!ignored || !verbose)
		kunit_skip(world->test, "failslab is not in debugfs");
	*ignored = false;
	*verbose = 0;
	/* For mn_fill_caches(). */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	KUNIT_ASSERT_EQ(world->test, 0,
			kunit_add_action_or_reset(world->test, mn_failslab_end,
						  NULL));
}

/*
 * The allocator keeps objects at hand for each CPU. Have it allocate what it needs
 * for that before: it can do without, and that would be no failure.
 */
static void mn_fill_caches(void)
{
	void *object[4];
	size_t size;
	int i;

	for (size = 8; size <= SZ_8K; size += 8 + size / 4) {
		for (i = 0; i < ARRAY_SIZE(object); i++)
			object[i] = kmalloc(size, GFP_KERNEL);
		while (i)
			kfree(object[--i]);
	}
}

/* Of those that current makes from now on; the first is 1. */
void mn_fail_allocation(unsigned int nth)
{
	mn_fill_caches();
	current->fail_nth = nth;
}

/* Whether it was made, and so failed. If not, it does not fail any more. */
bool mn_allocation_failed(void)
{
	bool failed = !current->fail_nth;

	current->fail_nth = 0;
	return failed;
}

#else

void mn_failslab_begin(struct mn_world *world)
{
	kunit_skip(world->test,
		   "needs CONFIG_FAILSLAB and CONFIG_FAULT_INJECTION_DEBUG_FS");
}

void mn_fail_allocation(unsigned int nth)
{
}

bool mn_allocation_failed(void)
{
	return false;
}

#endif

/*
 * Locks that current takes
 */

#ifdef CONFIG_LOCKDEP

static struct task_struct *mn_locks_task;
static unsigned int mn_locks_taken;

static void mn_probe_lock(void *ignore, struct lockdep_map *lock,
			  unsigned int subclass, int trylock, int read,
			  int check, struct lockdep_map *next_lock,
			  unsigned long ip)
{
	/* The map of invalidations is entered, but is no lock. */
	if (current == mn_locks_task && in_task() &&
	    lock != &__mmu_notifier_invalidate_range_start_map)
		mn_locks_taken++;
}

static void mn_locks_end(void *data)
{
	unregister_trace_lock_acquire(mn_probe_lock, NULL);
	tracepoint_synchronize_unregister();
}

/* From here to the end of the case locks can be counted; or skip the case. */
void mn_locks_begin(struct mn_world *world)
{
	mn_locks_task = current;
	KUNIT_ASSERT_EQ(world->test, 0,
			register_trace_lock_acquire(mn_probe_lock, NULL));
	KUNIT_ASSERT_EQ(world->test, 0,
			kunit_add_action_or_reset(world->test, mn_locks_end,
						  NULL));
}

/*
 * How many locks @fn takes. If it is preempted, the scheduler takes some too: so
 * let it run several times, and return the least.
 */
unsigned int mn_locks_of(void (*fn)(struct mn_interval *interval),
			 struct mn_interval *interval)
{
	unsigned int i, least = UINT_MAX;

	for (i = 0; i < 100; i++) {
		mn_locks_taken = 0;
		fn(interval);
		least = min(least, mn_locks_taken);
	}
	return least;
}

#else

void mn_locks_begin(struct mn_world *world)
{
	kunit_skip(world->test, "needs CONFIG_LOCKDEP");
}

unsigned int mn_locks_of(void (*fn)(struct mn_interval *interval),
			 struct mn_interval *interval)
{
	return 0;
}

#endif

/*
 * Reports. What the kernel prints between begin and end is expected: whoever
 * reads the log for unexpected reports leaves it out.
 */

static DEFINE_RAW_SPINLOCK(mn_reports_lock);	/* protects the two below */
static size_t mn_reports_len;
static char mn_reports[SZ_32K];			/* lines and parts of lines */

static void mn_probe_console(void *ignore, const char *buf, size_t len)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_reports_lock, flags);
	len = min(len, sizeof(mn_reports) - 1 - mn_reports_len);
	memcpy(mn_reports + mn_reports_len, buf, len);
	mn_reports_len += len;
	raw_spin_unlock_irqrestore(&mn_reports_lock, flags);
}

/* What is reported once is reported again: each case has its own. */
static void mn_report_again(void)
{
	generic_bug_clear_once();
	memset(__start_once, 0, __end_once - __start_once);
}

void mn_reports_begin(struct mn_world *world)
{
	memset(mn_reports, 0, sizeof(mn_reports));
	mn_reports_len = 0;
	mn_report_again();
	pr_info("mmu_notifier_kunit: expect report\n");
	KUNIT_ASSERT_EQ(world->test, 0,
			register_trace_console(mn_probe_console, NULL));
}

/* What was printed, to be looked at after the end. */
const char *mn_reports_text(void)
{
	return mn_reports;
}

/* Returns how many reports there were. */
unsigned int mn_reports_end(struct mn_world *world)
{
	static const char * const heads[] = { "WARNING: ", "BUG: " };
	unsigned int i, nr = 0;
	const char *at;

	unregister_trace_console(mn_probe_console, NULL);
	tracepoint_synchronize_unregister();
	pr_info("mmu_notifier_kunit: end of expected report\n");
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		for (at = mn_reports; (at = strstr(at, heads[i])); at++)
			nr++;
	return nr;
}

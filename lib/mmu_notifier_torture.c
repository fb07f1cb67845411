// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture test for MMU notifiers.
 *
 * A fake device mirrors model address spaces. A space has an mm of its own,
 * which maps nothing, and a model of a page table: an array with one value per
 * page. Threads change values between start and end of an invalidation, fault
 * values into shadow tables, insert, remove, register, unregister, and give
 * whole mms back, all at random and on all CPUs. The shadow tables are compared
 * with the model at every step: a stale entry is what corrupts the memory of
 * users.
 *
 * Two things hold at any time, under the user lock of a shadow table:
 *
 * - an established entry is the current value of its page;
 * - there is none for a page that is under invalidation, that is from the
 *   moment when the start has returned until the end is called.
 *
 * Nothing runs unless a duration is given, on the kernel command line:
 *
 *	mmu_notifier_torture.duration=60
 *
 * Then the boot waits for the test. With shutdown_secs=60 instead, the boot goes
 * on, CPUs can be plugged (onoff_interval), and the machine is powered off when the
 * test ends; tools/testing/selftests/rcutorture/bin/kvm.sh --torture mmu_notifier
 * does that. The verdict has all parameters, and all counters before it, on one
 * line each:
 *
 *	mmu_notifier-torture:--- Counters: counter=value ...
 *	mmu_notifier-torture:--- End of test: SUCCESS|FAILURE reason=...
 *		parameter=value ...
 *
 * Each error has a line of its own, with "!!!" and the name of the reason. A test
 * that succeeds without having seen what it is for proves nothing, so a counter
 * that is zero at the end is a failure, too; see needed(). On a busy machine such
 * a test goes on for a while first.
 *
 * Threads that make no progress fail the test after some seconds ("stall"). This
 * is the only use of time. They cannot be stopped, so they are left alone.
 *
 * Strangers, threads that have nothing to do with MMU notifiers, disturb the
 * readers and removers that wait in the core. They put a waiter on a wake_q and
 * wake it late; share a mutex, a rw_semaphore and a gate with it (a gate is what
 * a futex is in user space); send it signals; move it to other CPUs; and
 * interrupt the CPUs that are about to wake it. All threads but strangers are
 * frozen and thawed. A wait gets at most one spurious wake-up: a second one
 * could hide a lost wake-up.
 *
 * fast=1 is for kernels without lockdep and the like: two CPUs that have nothing
 * else to do make more than 100,000 invalidations and as many faults in a second.
 * Only threads that register or give mms back sleep of their own accord. Most
 * intervals and ranges are short. Shadow tables are still checked at each step.
 *
 * ballast=N has N ranges active in each space all the time, far from its pages, as
 * if as many threads were held up in the middle of an invalidation. It is for a
 * core that tracks each range by itself up to some number of them only: with that
 * number as N, all ranges of the threads are beyond it. With a larger N,
 * readers may wait for ballast, and stall. With ballast there are no
 * subscriptions to the mm, because these wait for all active ranges.
 *
 * Half of the invalidations hold the mmap_lock, as madvise() does, the others
 * a lock that stands for those of the reverse map. mm_take_all_locks() takes the
 * latter in a mm with mappings. With rmap=0, which is for a core whose registrations
 * rely on that, there are no such invalidations.
 *
 * busted=NAME breaks the fake device, or the invalidating thread, to show that
 * the test notices. Never in real life:
 *
 *	set_seq		no mmu_interval_set_seq() in the callback: "stale"
 *	release		the release of the mm is ignored: "release"
 *	remove		subscriptions are forgotten without
 *			mmu_interval_notifier_remove(): "removed". The
 *			device sees what it would see of a core that still
 *			walks removed subscriptions.
 *	end		now and then an invalidation is never ended: "stall". To
 *			a waiter this looks like a lost wake-up.
 *	failed_start	an invalidation that failed to start without blocking is
 *			left active: "stall", as if a core did not end a range
 *			for one kind of subscription after the other kind
 *			refused it.
 *	pair		no invalidate_range_end() after a start that failed
 *			for another subscription: "unpaired".
 *	wake_q		at the gate, strangers put the waiter on a wake_q before
 *			they let it pass: "stall". If it is on another wake_q
 *			by then it is woken too early, and never again. A core
 *			may make the same mistake.
 *	range_retry	the result of the retry of a range read is ignored:
 *			"stale", as if a core forgot which ranges have started
 *			since the begin.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched/debug.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/wake_q.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/torture.h>

#include "mmu_notifier_torture.h"

MODULE_DESCRIPTION("Torture test for MMU notifiers");
MODULE_LICENSE("GPL");

torture_param(int, duration, 0, "Seconds to run, at least; 0: shutdown_secs, or not at all");
torture_param(int, shutdown_secs, 0, "Seconds to run before a shutdown, at least; 0: no shutdown");
torture_param(uint, seed, 0, "Of what the threads decide; 0: a random one");
torture_param(bool, fast, false, "No sleeps, and little to do in each step");
torture_param(int, stall, 30, "Seconds without progress of a thread that fail the test");
torture_param(int, stat_interval, 10, "Seconds between statistics; 0: none");
torture_param(int, stutter, 2, "Seconds to run before a short pause; 0: no pauses");
torture_param(int, shuffle_interval, 3, "Seconds between shuffles of the CPUs; 0: none");
torture_param(int, onoff_interval, 0, "Seconds between CPU hotplugs; 0: none");
torture_param(int, onoff_holdoff, 1, "Seconds before the first of them");
torture_param(int, nspaces, 3, "Number of address spaces");
torture_param(int, nmirrors, 48, "Number of interval subscriptions in each, about");
torture_param(int, ninvalidators, 4, "Number of threads that invalidate");
torture_param(int, nreaders, 4, "Number of threads that fault");
torture_param(int, nmappers, 3, "Number of threads that insert and remove");
torture_param(int, nsubs, 3, "Number of threads that register and unregister");
torture_param(int, nstrangers, 3, "Number of threads that disturb those that wait");
torture_param(int, freeze_interval, 3, "Seconds between freezes; 0: none");
torture_param(int, nexiters, 1, "Number of threads that give mms back");
torture_param(int, ballast, 0, "Number of foreign ranges active in each space");
torture_param(bool, hlist_refuse, true, "Subscriptions to the mm refuse, too");
torture_param(bool, rmap, true, "Half of the invalidations are not under the mmap_lock");
torture_param(int, verbose, 0, "Enable verbose debugging printk()s");

static char *busted = "none";
module_param(busted, charp, 0444);
MODULE_PARM_DESC(busted, "What to break: none (default), set_seq, release, remove, end, failed_start, pair, wake_q or range_retry");

static char *torture_type = "mmu_notifier";

enum busted {
	BUSTED_SET_SEQ,
	BUSTED_RELEASE,
	BUSTED_REMOVE,
	BUSTED_END,
	BUSTED_FAILED_START,
	BUSTED_PAIR,
	BUSTED_WAKE_Q,
	BUSTED_RANGE_RETRY,
	NR_BUSTED,
};

static const char * const busted_names[] = {
	"set_seq", "release", "remove", "end", "failed_start", "pair",
	"wake_q", "range_retry",
};

static enum busted torture_busted_how = NR_BUSTED;

static bool is_busted(enum busted how)
{
	return unlikely(torture_busted_how == how);
}

#define MAX_SPACES	16
#define MAX_MIRRORS	64
#define MAX_SUBS	8
#define MAX_TOLD	(2 * MAX_SUBS)
#define NR_PAGES	64
#define FIRST_ADDRESS	(256 * PAGE_SIZE)
/* Far from the pages. */
#define FLOOD_ADDRESS	(FIRST_ADDRESS + 512 * PAGE_SIZE)
#define BALLAST_ADDRESS	(FIRST_ADDRESS + 1024 * PAGE_SIZE)
/* A core may collect so many interval subscriptions per walk of its tree. */
#define BATCH		32

/*
 * What can be wrong, and what is counted
 */

enum reason {
	STALE,		/* an entry that must not be there */
	RELEASE,	/* an entry that outlived the mm */
	REMOVED,	/* a callback after the removal */
	UNPAIRED,	/* starts without ends or ends without starts */
	EARLY,		/* a call that returned and should still wait */
	STALL,		/* a thread without progress */
	LEAK,		/* something was not given back */
	CALL,		/* a call that failed and should not */
	VACUOUS,	/* the test has not covered all it is for */
	NR_REASONS,
};

static const char * const reason_names[] = {
	"stale", "release", "removed", "unpaired", "early", "stall", "leak",
	"call", "vacuous",
};

static atomic_t torture_errors[NR_REASONS];

static unsigned long torture_started_at;

#define torture_error(what, fmt, ...)					\
do {									\
	const enum reason __reason = what;				\
									\
	if (atomic_inc_return(&torture_errors[__reason]) <= 5)		\
		pr_alert("%s" TORTURE_FLAG "!!! %s: " fmt "\n",		\
			 torture_type, reason_names[__reason],		\
			 ##__VA_ARGS__);				\
} while (0)

enum counter {
	COUNT_ESTABLISHED,		/* faults that came to an end */
	COUNT_COLLISIONS,		/* mmu_interval_read_retry() was true */
	COUNT_READ_WAITS,		/* mmu_interval_read_begin() slept */
	COUNT_REMOVE_WAITS,		/* mmu_interval_notifier_remove() did */
	COUNT_INVALIDATIONS,
	COUNT_NESTED,			/* by one thread inside another */
	COUNT_OVERLAPPING,		/* started while another was active */
	COUNT_INTERVAL_REFUSALS,	/* a start failed for an interval_sub */
	COUNT_HLIST_REFUSALS,		/* ... after all interval_subs accepted */
	COUNT_BATCHES,			/* ranges with more than BATCH interval_subs */
	COUNT_INSERTS_ACTIVE,		/* with an overlapping active range */
	COUNT_REMOVES_ACTIVE,
	COUNT_INTERVAL_RELEASES,	/* mms released with interval_subs ... */
	COUNT_HLIST_RELEASES,		/* ... and subscriptions in place */
	COUNT_PAIRS,			/* subscriptions with starts equal to ends */
	COUNT_GETS,			/* mmu_notifier_get() */
	COUNT_REGISTERS_ACTIVE,		/* with an active range */
	COUNT_UNREGISTERS_ACTIVE,
	COUNT_PUTS_ACTIVE,		/* of what mmu_notifier_get() returned */
	COUNT_EXITS,			/* mms given back */
	COUNT_EXITS_ACTIVE,		/* ... with an active range */
	COUNT_EXITS_RELEASING,		/* ... while unregistration releases */
	COUNT_FINISHES,			/* second passes */
	COUNT_RANGES,			/* range reads that came to an end */
	COUNT_RANGE_COLLISIONS,
	COUNT_RANGE_WAITS,
	COUNT_RANGE_OVERRUNS,		/* of the history of invalidations */
	COUNT_MUTEX_WAITS,		/* for a mutex shared with strangers */
	COUNT_RWSEM_WAITS,
	COUNT_GATE_WAITS,
	/* Threads that waited in the core ... */
	COUNT_LATE_WAKES,		/* and were on the wake_q of a stranger */
	COUNT_EARLY_WAKES,		/* ... woke and slept again */
	COUNT_SIGNALS,			/* ... got a signal */
	COUNT_MOVES,			/* ... had to leave their CPU */
	COUNT_INTERRUPTS,		/* of the other CPUs, by strangers */
	COUNT_FREEZES,			/* threads that were frozen and thawed */
	NR_COUNTERS,
};

static const char * const counter_names[] = {
	[COUNT_ESTABLISHED] = "established",
	[COUNT_COLLISIONS] = "collisions",
	[COUNT_READ_WAITS] = "read_waits",
	[COUNT_REMOVE_WAITS] = "remove_waits",
	[COUNT_INVALIDATIONS] = "invalidations",
	[COUNT_NESTED] = "nested",
	[COUNT_OVERLAPPING] = "overlapping",
	[COUNT_INTERVAL_REFUSALS] = "interval_refusals",
	[COUNT_HLIST_REFUSALS] = "hlist_refusals",
	[COUNT_BATCHES] = "batches",
	[COUNT_INSERTS_ACTIVE] = "inserts_active",
	[COUNT_REMOVES_ACTIVE] = "removes_active",
	[COUNT_INTERVAL_RELEASES] = "interval_releases",
	[COUNT_HLIST_RELEASES] = "hlist_releases",
	[COUNT_PAIRS] = "pairs",
	[COUNT_GETS] = "gets",
	[COUNT_REGISTERS_ACTIVE] = "registers_active",
	[COUNT_UNREGISTERS_ACTIVE] = "unregisters_active",
	[COUNT_PUTS_ACTIVE] = "puts_active",
	[COUNT_EXITS] = "exits",
	[COUNT_EXITS_ACTIVE] = "exits_active",
	[COUNT_EXITS_RELEASING] = "exits_releasing",
	[COUNT_FINISHES] = "finishes",
	[COUNT_RANGES] = "ranges",
	[COUNT_RANGE_COLLISIONS] = "range_collisions",
	[COUNT_RANGE_WAITS] = "range_waits",
	[COUNT_RANGE_OVERRUNS] = "range_overruns",
	[COUNT_MUTEX_WAITS] = "mutex_waits",
	[COUNT_RWSEM_WAITS] = "rwsem_waits",
	[COUNT_GATE_WAITS] = "gate_waits",
	[COUNT_LATE_WAKES] = "late_wakes",
	[COUNT_EARLY_WAKES] = "early_wakes",
	[COUNT_SIGNALS] = "signals",
	[COUNT_MOVES] = "moves",
	[COUNT_INTERRUPTS] = "interrupts",
	[COUNT_FREEZES] = "freezes",
};

/*
 * Threads
 */

/* Owned by the thread; the watchdog also reads it. */
struct worker {
	const struct kind *kind;
	struct task_struct *task;
	struct completion done;
	struct rnd_state rnd;
	/* For the watchdog: number of steps so far, and the current one. */
	unsigned long steps;
	const char *state;
	unsigned long counts[NR_COUNTERS];
	/* Set by strangers: the step in which one of them woke this thread, */
	unsigned long woken_step;
	/* ... and whether one has moved it to another CPU. */
	bool moved;
	/* Used by the watchdog only. */
	unsigned long seen_steps;
	unsigned long seen_at;
	unsigned long noted_step;
};

struct kind {
	const char *name;
	void (*op)(struct worker *worker);
	int *nr;
};

static struct worker *torture_workers;
static unsigned int torture_nr_workers;

/* All but main thread and SRCU callbacks are workers. */
static struct worker *torture_self(void)
{
	return kthread_data(current);
}

static void torture_count(enum counter counter)
{
	unsigned long *where = &torture_self()->counts[counter];

	WRITE_ONCE(*where, *where + 1);
}

/* States of a thread that waits for another one to wake it. */
static const char in_read_begin[] = "read_begin";
static const char in_remove[] = "remove";
static const char in_gate[] = "gate";

static bool worker_waits_in_core(const struct worker *worker)
{
	const char *state = READ_ONCE(worker->state);

	return state == in_read_begin || state == in_remove;
}

static bool worker_waits(const struct worker *worker)
{
	return worker_waits_in_core(worker) ||
	       READ_ONCE(worker->state) == in_gate;
}

static void torture_enter(const char *state)
{
	struct worker *worker = torture_self();

	WRITE_ONCE(worker->state, state);
	WRITE_ONCE(worker->steps, worker->steps + 1);
}

static u32 rnd(u32 ceil)
{
	return prandom_u32_state(&torture_self()->rnd) % ceil;
}

static void torture_pause(unsigned int ticks)
{
	torture_enter("pause");
	__set_current_state(TASK_UNINTERRUPTIBLE | TASK_FREEZABLE);
	schedule_timeout(ticks);
}

static void dawdle(void)
{
	if (fast) {
		if (!rnd(32))
			udelay(rnd(10));
		cond_resched();
		return;
	}

	switch (rnd(32)) {
	case 0:
		schedule_timeout_uninterruptible(1);
		break;
	case 1:
	case 2:
		usleep_range(10, 100);
		break;
	case 3 ... 8:
		udelay(rnd(20));
		break;
	default:
		cond_resched();
	}
}

/*
 * What workers share with strangers
 *
 * The gate is what a futex is in user space. Workers wait at it until a stranger
 * lets them pass, so at least one stranger must not wait at it. A holder of the
 * mutex or the rw_semaphore may wait at the gate, but for nothing else, so
 * strangers must not wait for these locks.
 */

struct gate_waiter {
	struct list_head entry;
	struct task_struct *task;
	bool is_stranger;
	bool passed;
};

static DEFINE_SPINLOCK(torture_gate_lock);
static LIST_HEAD(torture_gate_waiters);
/* Strangers that do not wait at the gate; without any, it is open. */
static unsigned int torture_nr_gatekeepers;
static bool torture_gate_is_open;

static DEFINE_MUTEX(torture_shared_mutex);
static DECLARE_RWSEM(torture_shared_rwsem);

static void gate_wait(bool is_stranger)
{
	struct gate_waiter waiter = {
		.task = current,
		.is_stranger = is_stranger,
	};
	unsigned long switches = current->nvcsw;

	torture_enter(in_gate);
	spin_lock(&torture_gate_lock);
	if (torture_gate_is_open || torture_nr_gatekeepers <= is_stranger) {
		spin_unlock(&torture_gate_lock);
		return;
	}
	if (is_stranger)
		torture_nr_gatekeepers--;
	list_add_tail(&waiter.entry, &torture_gate_waiters);
	spin_unlock(&torture_gate_lock);

	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		/* Pairs with the release in gate_let_pass(). */
		if (smp_load_acquire(&waiter.passed))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	if (switches != current->nvcsw)
		torture_count(COUNT_GATE_WAITS);
}

#define HOLD_UP_US	20

/* Delay a wake-up that has been decided on. */
static void tarry(void)
{
	if (rnd(4))
		udelay(rnd(2 * HOLD_UP_US));
	cond_resched();
}

static void gate_let_pass(unsigned int max)
{
	struct gate_waiter *waiter, *next;
	DEFINE_WAKE_Q(wake_q);
	LIST_HEAD(passing);

	spin_lock(&torture_gate_lock);
	list_for_each_entry_safe(waiter, next, &torture_gate_waiters, entry) {
		if (!max--)
			break;
		list_move_tail(&waiter->entry, &passing);
		if (waiter->is_stranger)
			torture_nr_gatekeepers++;
	}
	spin_unlock(&torture_gate_lock);

	list_for_each_entry_safe(waiter, next, &passing, entry) {
		struct task_struct *task = get_task_struct(waiter->task);

		/* With the wrong order, see "busted" above. */
		if (is_busted(BUSTED_WAKE_Q)) {
			wake_q_add_safe(&wake_q, task);
			udelay(5 * HOLD_UP_US);
		}
		/*
		 * The waiter may go on and reuse its stack. Pairs with the
		 * acquire in gate_wait().
		 */
		smp_store_release(&waiter->passed, true);
		if (!is_busted(BUSTED_WAKE_Q))
			wake_q_add_safe(&wake_q, task);
	}
	if (!rnd(4))
		tarry();
	wake_up_q(&wake_q);
}

static void gate_add_keeper(void)
{
	spin_lock(&torture_gate_lock);
	torture_nr_gatekeepers++;
	spin_unlock(&torture_gate_lock);
}

/* Open the gate for good. */
static void gate_open(void)
{
	spin_lock(&torture_gate_lock);
	torture_gate_is_open = true;
	spin_unlock(&torture_gate_lock);
	gate_let_pass(UINT_MAX);
}

/* Get woken by something other than the core, at times late. */
static void take_shared_lock(void)
{
	unsigned long switches = current->nvcsw;

	switch (rnd(4)) {
	case 0:
		torture_enter("shared mutex");
		mutex_lock(&torture_shared_mutex);
		if (switches != current->nvcsw)
			torture_count(COUNT_MUTEX_WAITS);
		if (rnd(2))
			gate_wait(false);
		mutex_unlock(&torture_shared_mutex);
		break;
	case 1:
		torture_enter("shared rwsem, to write");
		down_write(&torture_shared_rwsem);
		if (switches != current->nvcsw)
			torture_count(COUNT_RWSEM_WAITS);
		if (rnd(2))
			gate_wait(false);
		up_write(&torture_shared_rwsem);
		break;
	case 2:
		torture_enter("shared rwsem, to read");
		down_read(&torture_shared_rwsem);
		if (switches != current->nvcsw)
			torture_count(COUNT_RWSEM_WAITS);
		up_read(&torture_shared_rwsem);
		break;
	default:
		gate_wait(false);
	}
}

/* A wait in the core: the state before it. */
struct core_wait {
	unsigned long switches;
	int cpu;
};

static void core_wait_begin(struct core_wait *wait, const char *state)
{
	torture_enter(state);
	wait->switches = current->nvcsw;
	wait->cpu = raw_smp_processor_id();
}

static void core_wait_end(const struct core_wait *wait, enum counter counter)
{
	unsigned long slept = current->nvcsw - wait->switches;

	if (slept)
		torture_count(counter);
	if (slept > 1)
		torture_count(COUNT_EARLY_WAKES);
	if (signal_pending(current)) {
		if (slept)
			torture_count(COUNT_SIGNALS);
		flush_signals(current);
	}
	if (READ_ONCE(torture_self()->moved)) {
		if (slept && raw_smp_processor_id() != wait->cpu)
			torture_count(COUNT_MOVES);
		WRITE_ONCE(torture_self()->moved, false);
		set_cpus_allowed_ptr(current, cpu_possible_mask);
	}
}

/*
 * Lifetime of the objects that callbacks get: poisoned on removal, freed some
 * time later.
 */

#define ALIVE		0x616c6976
#define REMOVED_MAGIC	0x64656164
#define GRAVES		256

/**
 * struct life - embedded in what callbacks get, to catch calls after the removal
 * @rcu: Defers the burial: lookups take no lock.
 * @memory: The memory to free.
 * @magic: ALIVE, until the removal is over.
 */
struct life {
	struct rcu_head rcu;
	void *memory;
	u32 magic;
};

static DEFINE_SPINLOCK(torture_graves_lock);
static struct life *torture_graves[GRAVES];
static unsigned int torture_next_grave;

static void life_begin(struct life *life, void *memory)
{
	life->memory = memory;
	life->magic = ALIVE;
}

static void life_end(struct life *life)
{
	WRITE_ONCE(life->magic, REMOVED_MAGIC);
}

static bool life_is_over(const struct life *life, const char *whose)
{
	if (likely(READ_ONCE(life->magic) == ALIVE))
		return false;
	torture_error(REMOVED, "a callback of %s that was removed", whose);
	return true;
}

static void life_bury_rcu(struct rcu_head *rcu)
{
	struct life *life = container_of(rcu, struct life, rcu);
	struct life *older;
	unsigned long flags;

	spin_lock_irqsave(&torture_graves_lock, flags);
	older = torture_graves[torture_next_grave];
	torture_graves[torture_next_grave] = life;
	torture_next_grave = (torture_next_grave + 1) % GRAVES;
	spin_unlock_irqrestore(&torture_graves_lock, flags);
	if (older)
		kfree(older->memory);
}

static void life_bury(struct life *life)
{
	call_rcu(&life->rcu, life_bury_rcu);
}

/* Call after the last burial. */
static void clear_graves(void)
{
	unsigned int i;

	rcu_barrier();
	for (i = 0; i < GRAVES; i++) {
		if (torture_graves[i])
			kfree(torture_graves[i]->memory);
	}
}

/*
 * Spaces
 */

/**
 * struct space - an address space and its model
 * @mm: Its mm. The space has one user of it until @users is 0, and a reference.
 * @users: Stands for mm_users, so that the end of the mm is noticed: holders may
 *	fault, insert and register.
 * @refs: References to the structure.
 * @rcu: Defers the free, because lookups take no lock.
 * @mirrors: Interval subscriptions that are inserted ...
 * @subs: ... and subscriptions that are registered, each in some place; the
 *	thread that takes one from its place removes it.
 * @nr_mirrors: How many places of @mirrors are taken, about.
 * @nr_subs: How many places of @subs are taken, about.
 * @released: The mm was given back, and its pages, too.
 * @attached: The mm has had a subscription; before that, invalidations have to
 *	hold the mmap_lock.
 * @rmap: Held to invalidate without the mmap_lock.
 * @exiter: The thread that drops the first user.
 * @nr_active: Number of invalidations that have started, and are not about to
 *	end.
 * @nr_releasing: Number of releases of subscriptions that run.
 * @anchor: An interval_sub, without which no core keeps account of @ballast.
 * @ballast: Ranges that are active as long as the space is there.
 * @page: The model of the page table, with values that never recur; changed
 *	between start and end of an invalidation, and after the release.
 * @active: How many invalidations of each page have started, and are not about
 *	to end.
 */
struct space {
	struct mm_struct *mm;
	refcount_t users;
	refcount_t refs;
	struct rcu_head rcu;
	struct mirror __rcu *mirrors[MAX_MIRRORS];
	struct sub __rcu *subs[MAX_SUBS];
	atomic_t nr_mirrors;
	atomic_t nr_subs;
	bool released;
	bool attached;
	struct rw_semaphore rmap;
	struct worker *exiter;
	atomic_t nr_active;
	atomic_t nr_releasing;
	struct mmu_interval_notifier anchor;
	struct mmu_notifier_range *ballast;
	unsigned long page[NR_PAGES];
	atomic_t active[NR_PAGES];
};

/* The spaces that anyone can find, each with a user and a reference. */
static struct space __rcu *torture_spaces[MAX_SPACES];
static atomic_t torture_nr_spaces_left;
static atomic_long_t torture_last_value;

static unsigned long address(unsigned int page)
{
	return FIRST_ADDRESS + page * PAGE_SIZE;
}

static void change_page(struct space *space, unsigned int i)
{
	WRITE_ONCE(space->page[i], atomic_long_inc_return(&torture_last_value));
}

static void space_set_attached(struct space *space)
{
	/* Pairs with the acquire in space_is_attached(). */
	smp_store_release(&space->attached, true);
}

/* If true, mm_has_notifiers() is true as well. */
static bool space_is_attached(struct space *space)
{
	/* Pairs with the release in space_set_attached(). */
	return smp_load_acquire(&space->attached);
}

/* Called for the release only. */
static bool anchor_invalidate(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	mmu_interval_set_seq(interval_sub, seq);
	return true;
}

static const struct mmu_interval_notifier_ops anchor_ops = {
	.invalidate = anchor_invalidate,
};

/* Called before there are subscriptions that could see the starts. */
static int space_take_ballast(struct space *space)
{
	struct mm_struct *mm = space->mm;
	int i, err;

	if (!ballast)
		return 0;
	space->ballast = kcalloc(ballast, sizeof(*space->ballast), GFP_KERNEL);
	if (!space->ballast)
		return -ENOMEM;
	err = mmu_interval_notifier_insert(&space->anchor, mm, BALLAST_ADDRESS,
					   PAGE_SIZE, &anchor_ops);
	if (err) {
		kfree(space->ballast);
		return err;
	}
	space_set_attached(space);
	mmap_read_lock(mm);
	for (i = 0; i < ballast; i++) {
		unsigned long start = BALLAST_ADDRESS + (2 * i + 1) * PAGE_SIZE;

		mmu_notifier_range_init(&space->ballast[i], MMU_NOTIFY_CLEAR, 0,
					mm, start, start + PAGE_SIZE);
		mmu_notifier_invalidate_range_start(&space->ballast[i]);
	}
	mmap_read_unlock(mm);
	return 0;
}

/* Called when there are no subscriptions any more to see the ends. */
static void space_drop_ballast(struct space *space)
{
	struct mm_struct *mm = space->mm;
	int i;

	if (!ballast)
		return;
	mmap_read_lock(mm);
	for (i = 0; i < ballast; i++)
		mmu_notifier_invalidate_range_end(&space->ballast[i]);
	mmap_read_unlock(mm);
	mmu_interval_notifier_remove(&space->anchor);
	kfree(space->ballast);
}

static struct space *space_create(void)
{
	struct space *space = kzalloc(sizeof(*space), GFP_KERNEL);
	unsigned int i;

	if (!space)
		return NULL;
	init_rwsem(&space->rmap);
	space->mm = mm_alloc();
	if (!space->mm)
		goto free;
	if (space_take_ballast(space))
		goto put;
	mmgrab(space->mm);
	refcount_set(&space->users, 1);
	refcount_set(&space->refs, 1);
	for (i = 0; i < NR_PAGES; i++)
		change_page(space, i);
	atomic_inc(&torture_nr_spaces_left);
	return space;

put:
	mmput(space->mm);
free:
	kfree(space);
	return NULL;
}

static bool space_is_empty(struct space *space)
{
	unsigned int i;

	for (i = 0; i < MAX_MIRRORS; i++) {
		if (rcu_access_pointer(space->mirrors[i]))
			return false;
	}
	for (i = 0; i < MAX_SUBS; i++) {
		if (rcu_access_pointer(space->subs[i]))
			return false;
	}
	return true;
}

static void space_put(struct space *space)
{
	if (!refcount_dec_and_test(&space->refs))
		return;
	if (!space_is_empty(space))
		torture_error(LEAK, "a space goes with subscriptions in place");
	space_drop_ballast(space);
	mmdrop(space->mm);
	kfree_rcu(space, rcu);
	atomic_dec(&torture_nr_spaces_left);
}

/* One of torture_spaces, with a reference; NULL if it is being replaced. */
static struct space *space_get(unsigned int i)
{
	struct space *space;

	rcu_read_lock();
	space = rcu_dereference(torture_spaces[i]);
	if (!refcount_inc_not_zero(&space->refs))
		space = NULL;
	rcu_read_unlock();
	return space;
}

static struct space *space_get_any(void)
{
	struct space *space;

	do {
		space = space_get(rnd(nspaces));
	} while (!space);
	return space;
}

static struct space *space_swap(unsigned int i, struct space *new)
{
	return unrcu_pointer(xchg(&torture_spaces[i], RCU_INITIALIZER(new)));
}

static bool space_get_user(struct space *space)
{
	return refcount_inc_not_zero(&space->users);
}

/* An invalidation by one of our threads. Callbacks see it as range->owner. */
struct invalidation {
	struct mmu_notifier_range range;
	unsigned int first;
	unsigned int last;
	/* What refuses it: the n-th interval_sub, or a subscription. */
	unsigned int refuse_at;
	bool hlist_refuses;
	/* The outcome; the callbacks run one after the other. */
	unsigned int called;
	bool interval_refused;
	bool hlist_refused;
	/* The subscriptions to the mm that must see the end. */
	const struct mmu_notifier *told[MAX_TOLD];
	unsigned int nr_told;
};

/* The callbacks of one invalidation run one after the other. */
static void tell_start(struct invalidation *inv, const struct mmu_notifier *mn)
{
	if (!WARN_ON_ONCE(inv->nr_told == MAX_TOLD))
		inv->told[inv->nr_told++] = mn;
}

static bool is_told(const struct invalidation *inv, const struct mmu_notifier *mn,
		    unsigned int *index)
{
	for (*index = 0; *index < inv->nr_told; ++*index) {
		if (inv->told[*index] == mn)
			return true;
	}
	return false;
}

static void tell_end(struct invalidation *inv, const struct mmu_notifier *mn)
{
	unsigned int i;

	if (is_told(inv, mn, &i))
		inv->told[i] = inv->told[--inv->nr_told];
	else
		torture_error(UNPAIRED, "an end without a start");
}

static void space_drain(struct space *space);

/* The end of the mm is due, and may wait for active invalidations. */
static bool space_is_ending(struct space *space)
{
	return !refcount_read(&space->users) && !READ_ONCE(space->released);
}

/* Wait a while until an invalidation is active, or a release runs. */
static void space_await_company(struct space *space)
{
	atomic_t *company = nsubs && rnd(2) ? &space->nr_releasing :
						   &space->nr_active;
	unsigned int ticks;

	torture_enter("mm without users");
	for (ticks = 0; ticks < HZ / 4 && !atomic_read(company); ticks++)
		schedule_timeout_uninterruptible(1);
}

static void space_put_user(struct space *space)
{
	unsigned int i;

	if (!refcount_dec_and_test(&space->users))
		return;

	space_await_company(space);
	if (atomic_read(&space->nr_active))
		torture_count(COUNT_EXITS_ACTIVE);
	if (atomic_read(&space->nr_releasing))
		torture_count(COUNT_EXITS_RELEASING);
	/* mmput() frees the pages, which are then used for something else. */
	torture_enter("mmput");
	mmput(space->mm);
	if (atomic_read(&space->nr_releasing))
		torture_error(EARLY, "an mm is gone while a subscription is released");
	WRITE_ONCE(space->released, true);
	for (i = 0; i < NR_PAGES; i++)
		change_page(space, i);
	torture_count(COUNT_EXITS);
	space_drain(space);
}

static bool any_active(struct space *space, unsigned int first,
		       unsigned int last)
{
	for (; first <= last; first++) {
		if (atomic_read(&space->active[first]))
			return true;
	}
	return false;
}

/* Check the entries from first to last, under the user lock of the table. */
static void check_shadow(struct space *space, const unsigned long *shadow,
			 unsigned int first, unsigned int last,
			 const char *whose)
{
	unsigned int i;

	for (i = first; i <= last; i++) {
		if (!shadow[i] || shadow[i] == READ_ONCE(space->page[i]))
			continue;
		if (READ_ONCE(space->released))
			torture_error(RELEASE, "%s maps page %u after its mm is gone",
				      whose, i);
		else
			torture_error(STALE, "%s maps page %u to %lu, which is %lu now",
				      whose, i, shadow[i],
				      READ_ONCE(space->page[i]));
	}
}

/* The same inside an invalidation: no entry may exist. */
static void check_empty(const unsigned long *shadow, unsigned int first,
			unsigned int last, const char *whose)
{
	unsigned int i;

	for (i = first; i <= last; i++) {
		if (shadow[i])
			torture_error(STALE, "%s maps page %u, which is under invalidation",
				      whose, i);
	}
}

/*
 * Mirrors: interval subscriptions
 */

/**
 * struct mirror - an interval subscription and its shadow table
 * @interval_sub: The subscription.
 * @space: What it mirrors, with a reference.
 * @first: First page of the interval.
 * @last: Last page of the interval.
 * @refs: References, one of them for being inserted.
 * @life: Lasts until the removal is over.
 * @lock: The user lock, which protects what follows.
 * @dying: Nothing is established any more.
 * @passes: Second passes that are due.
 * @shadow: The shadow table, 0 where nothing is established.
 */
struct mirror {
	struct mmu_interval_notifier interval_sub;
	struct space *space;
	unsigned int first;
	unsigned int last;
	refcount_t refs;
	struct life life;
	struct mutex lock;	/* the user lock */
	bool dying;
	unsigned int passes;
	unsigned long shadow[NR_PAGES];
};

/* The second pass of one invalidation of one mirror. */
struct pass {
	struct mmu_interval_notifier_finish finish;
	unsigned long start;
	unsigned long end;
};

const struct torture_range_ops *mn_torture_range_ops;

static void mirror_tear_down(struct mirror *mirror, unsigned long start,
			     unsigned long end)
{
	unsigned int i;

	for (i = mirror->first; i <= mirror->last; i++) {
		if (start <= address(i) && address(i) < end)
			mirror->shadow[i] = 0;
	}
}

/* With @finish, the teardown is left to a second pass. */
static bool mirror_announce(struct mmu_interval_notifier *interval_sub,
			    const struct mmu_notifier_range *range,
			    unsigned long seq,
			    struct mmu_interval_notifier_finish **finish)
{
	struct mirror *mirror = container_of(interval_sub, struct mirror,
					     interval_sub);
	struct pass *pass = NULL;

	if (life_is_over(&mirror->life, "a mirror"))
		return true;

	if (range->event == MMU_NOTIFY_RELEASE) {
		torture_count(COUNT_INTERVAL_RELEASES);
		if (is_busted(BUSTED_RELEASE))
			return true;
	} else {
		struct invalidation *inv = range->owner;

		if (++inv->called == inv->refuse_at) {
			inv->interval_refused = true;
			return false;
		}
	}

	if (mmu_notifier_range_blockable(range)) {
		mutex_lock(&mirror->lock);
		if (!rnd(64))
			dawdle();
	} else if (!mutex_trylock(&mirror->lock)) {
		((struct invalidation *)range->owner)->interval_refused = true;
		return false;
	}

	if (!is_busted(BUSTED_SET_SEQ))
		mmu_interval_set_seq(interval_sub, seq);
	/* The second pass takes a lock that may sleep. */
	if (finish && mmu_notifier_range_blockable(range))
		pass = kmalloc(sizeof(*pass), GFP_NOWAIT | __GFP_NOWARN);
	if (pass) {
		pass->start = range->start;
		pass->end = range->end;
		*finish = &pass->finish;
		mirror->passes++;
	} else {
		mirror_tear_down(mirror, range->start, range->end);
	}
	mutex_unlock(&mirror->lock);
	return true;
}

static void mirror_finish(struct mmu_interval_notifier_finish *finish)
{
	struct mirror *mirror = container_of(finish->notifier, struct mirror,
					     interval_sub);
	struct pass *pass = container_of(finish, struct pass, finish);

	torture_count(COUNT_FINISHES);
	if (!life_is_over(&mirror->life, "a mirror")) {
		mutex_lock(&mirror->lock);
		mirror_tear_down(mirror, pass->start, pass->end);
		mirror->passes--;
		mutex_unlock(&mirror->lock);
	}
	kfree(pass);
}

static bool mirror_invalidate(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	return mirror_announce(interval_sub, range, seq, NULL);
}

static const struct mmu_interval_notifier_ops one_pass_ops = {
	.invalidate = mirror_invalidate,
};

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate_start = mirror_announce,
	.invalidate_finish = mirror_finish,
};

static void mirror_put(struct mirror *mirror)
{
	if (!refcount_dec_and_test(&mirror->refs))
		return;
	space_put(mirror->space);
	/* If busted, the mirror is still in the tree. */
	if (!is_busted(BUSTED_REMOVE))
		life_bury(&mirror->life);
}

/* Remove a mirror that is inserted, but in no place any more. */
static void mirror_remove(struct space *space, struct mirror *mirror)
{
	struct core_wait wait;

	mutex_lock(&mirror->lock);
	check_shadow(space, mirror->shadow, mirror->first, mirror->last,
		     "a mirror");
	mirror->dying = true;
	memset(mirror->shadow, 0, sizeof(mirror->shadow));
	mutex_unlock(&mirror->lock);

	if (any_active(space, mirror->first, mirror->last))
		torture_count(COUNT_REMOVES_ACTIVE);
	core_wait_begin(&wait, in_remove);
	if (!is_busted(BUSTED_REMOVE)) {
		mmu_interval_notifier_remove(&mirror->interval_sub);
		if (mirror->passes)
			torture_error(UNPAIRED, "%u second passes have not come",
				      mirror->passes);
	}
	core_wait_end(&wait, COUNT_REMOVE_WAITS);
	life_end(&mirror->life);
	mirror_put(mirror);
}

static void mirror_insert(struct space *space)
{
	const struct mmu_interval_notifier_ops *ops;
	struct mirror *mirror = kzalloc(sizeof(*mirror), GFP_KERNEL);
	struct mm_struct *mm = space->mm;
	unsigned long start, length;
	unsigned int i, n;
	bool active;
	int err;

	if (!mirror)
		return;
	refcount_inc(&space->refs);
	mirror->space = space;
	mirror->first = rnd(NR_PAGES);
	mirror->last = min(mirror->first + rnd(fast ? 4 : 16), NR_PAGES - 1);
	refcount_set(&mirror->refs, 1);
	life_begin(&mirror->life, mirror);
	mutex_init(&mirror->lock);
	ops = rnd(2) ? &two_pass_ops : &one_pass_ops;

	start = address(mirror->first);
	length = address(mirror->last + 1) - start;
	active = any_active(space, mirror->first, mirror->last);
	torture_enter("insert");
	if (rnd(fast ? 1024 : 4)) {
		err = mmu_interval_notifier_insert(&mirror->interval_sub, mm,
						   start, length, ops);
	} else {
		mmap_write_lock(mm);
		err = mmu_interval_notifier_insert_locked(&mirror->interval_sub,
							  mm, start, length,
							  ops);
		mmap_write_unlock(mm);
	}
	if (err) {
		torture_error(CALL, "mmu_interval_notifier_insert() gives %d", err);
		space_put(space);
		kfree(mirror);
		return;
	}
	space_set_attached(space);
	/* Active before and after, so most likely during the insertion. */
	if (active && any_active(space, mirror->first, mirror->last))
		torture_count(COUNT_INSERTS_ACTIVE);

	n = rnd(MAX_MIRRORS);
	for (i = 0; i < MAX_MIRRORS; i++) {
		if (!cmpxchg(&space->mirrors[(n + i) % MAX_MIRRORS], NULL,
			     RCU_INITIALIZER(mirror))) {
			atomic_inc(&space->nr_mirrors);
			return;
		}
	}
	mirror_remove(space, mirror);
}

/* The mirror in a place, with a reference; NULL if there is none. */
static struct mirror *mirror_get(struct space *space, unsigned int place)
{
	struct mirror *mirror;

	rcu_read_lock();
	mirror = rcu_dereference(space->mirrors[place]);
	if (mirror && !refcount_inc_not_zero(&mirror->refs))
		mirror = NULL;
	rcu_read_unlock();
	return mirror;
}

/* Whether the mirror in the place overlaps; it may change any moment. */
static bool place_overlaps(struct space *space, unsigned int place,
			   unsigned int first, unsigned int last)
{
	struct mirror *mirror;
	bool overlaps;

	rcu_read_lock();
	mirror = rcu_dereference(space->mirrors[place]);
	overlaps = mirror && mirror->first <= last && first <= mirror->last;
	rcu_read_unlock();
	return overlaps;
}

static struct mirror *mirror_get_any(struct space *space)
{
	unsigned int i, n = rnd(MAX_MIRRORS);
	struct mirror *mirror = NULL;

	for (i = 0; i < MAX_MIRRORS && !mirror; i++)
		mirror = mirror_get(space, (n + i) % MAX_MIRRORS);
	return mirror;
}

static bool mirror_remove_any(struct space *space)
{
	unsigned int i, n = rnd(MAX_MIRRORS);
	struct mirror *mirror = NULL;

	torture_enter("choose a mirror");
	for (i = 0; i < MAX_MIRRORS && !mirror; i++)
		mirror = unrcu_pointer(xchg(&space->mirrors[(n + i) % MAX_MIRRORS],
					    NULL));
	if (!mirror)
		return false;
	atomic_dec(&space->nr_mirrors);
	mirror_remove(space, mirror);
	return true;
}

/* A fault, as a driver does it. Drops the caller's user of the mm. */
static void mirror_fault(struct space *space, struct mirror *mirror)
{
	unsigned long value[NR_PAGES];
	unsigned int i, tries = 4;
	struct core_wait wait;
	unsigned long seq;
	bool user = true;

again:
	core_wait_begin(&wait, in_read_begin);
	seq = mmu_interval_read_begin(&mirror->interval_sub);
	core_wait_end(&wait, COUNT_READ_WAITS);

	torture_enter("read");
	for (i = mirror->first; i <= mirror->last; i++) {
		value[i] = READ_ONCE(space->page[i]);
		if (!rnd(16))
			dawdle();
	}
	/* A release may come between, too. */
	if (!rnd(8)) {
		space_put_user(space);
		user = false;
	}

	torture_enter("establish");
	mutex_lock(&mirror->lock);
	if (mmu_interval_read_retry(&mirror->interval_sub, seq)) {
		mutex_unlock(&mirror->lock);
		torture_count(COUNT_COLLISIONS);
		if (user && --tries)
			goto again;
	} else {
		if (!mirror->dying) {
			for (i = mirror->first; i <= mirror->last; i++) {
				mirror->shadow[i] = value[i];
				if (atomic_read(&space->active[i]))
					torture_error(STALE, "a fault in invalidated page %u",
						      i);
			}
			check_shadow(space, mirror->shadow, mirror->first,
				     mirror->last, "a mirror");
			torture_count(COUNT_ESTABLISHED);
		}
		mutex_unlock(&mirror->lock);
	}
	if (user)
		space_put_user(space);
}

/*
 * Range reads: faults in some pages of what is mirrored
 */

static u64 some_pages(unsigned int first, unsigned int last)
{
	u64 pages = 0;
	unsigned int i;

	do {
		i = first + rnd(last - first + 1);
		pages |= GENMASK_ULL(min(i + rnd(8), last), i);
	} while (!rnd(2));
	return pages;
}

/* Enough invalidations to overrun the history of any core. */
static noinline_for_stack void flood(struct space *space)
{
	struct invalidation inv = { .first = 1 };
	unsigned int i;

	torture_enter("flood");
	mmap_read_lock(space->mm);
	for (i = 0; i < BITS_PER_LONG; i++) {
		/* Subscriptions that left in between did not see the end. */
		inv.nr_told = 0;
		mmu_notifier_range_init_owner(&inv.range, MMU_NOTIFY_CLEAR, 0,
					      space->mm, FLOOD_ADDRESS,
					      FLOOD_ADDRESS + PAGE_SIZE, &inv);
		mmu_notifier_invalidate_range_start(&inv.range);
		mmu_notifier_invalidate_range_end(&inv.range);
	}
	mmap_read_unlock(space->mm);
}

static void range_begin(struct space *space, struct torture_range_reader *reader,
			u64 pages, unsigned long *value)
{
	struct core_wait wait;

	core_wait_begin(&wait, in_read_begin);
	mn_torture_range_ops->begin(reader, address(0), pages);
	core_wait_end(&wait, COUNT_RANGE_WAITS);

	torture_enter("read a range");
	for (; pages; pages &= pages - 1) {
		value[__ffs64(pages)] = READ_ONCE(space->page[__ffs64(pages)]);
		if (!rnd(16))
			dawdle();
	}
	if (!rnd(32))
		flood(space);
}

/* Under the user lock. An early check must agree with the retry. */
static bool range_retry(struct torture_range_reader *reader)
{
	bool early = mn_torture_range_ops->check_retry(reader);
	bool retry = mn_torture_range_ops->retry(reader);

	if (early && !retry)
		torture_error(CALL, "a range read that was to be repeated is good");
	if (retry && mn_torture_range_ops->is_overrun(reader))
		torture_count(COUNT_RANGE_OVERRUNS);
	torture_count(retry ? COUNT_RANGE_COLLISIONS : COUNT_RANGES);
	return retry && !is_busted(BUSTED_RANGE_RETRY);
}

/* Under the user lock. */
static void range_establish(struct space *space, u64 pages,
			    unsigned long *shadow, const unsigned long *value)
{
	for (; pages; pages &= pages - 1) {
		const unsigned int i = __ffs64(pages);

		shadow[i] = value[i];
		if (atomic_read(&space->active[i]))
			torture_error(STALE, "a range read of invalidated page %u",
				      i);
	}
}

static void mirror_range_fault(struct space *space, struct mirror *mirror)
{
	u64 pages = some_pages(mirror->first, mirror->last);
	struct torture_range_reader reader;
	unsigned long value[NR_PAGES];
	unsigned int tries = 4;
	bool retry;

	mn_torture_range_ops->init(&reader, space->mm);
	do {
		range_begin(space, &reader, pages, value);
		if (!rnd(64)) {
			mn_torture_range_ops->cancel(&reader);
			return;
		}
		torture_enter("establish a range");
		mutex_lock(&mirror->lock);
		retry = range_retry(&reader);
		if (!retry && !mirror->dying)
			range_establish(space, pages, mirror->shadow, value);
		check_shadow(space, mirror->shadow, mirror->first, mirror->last,
			     "a mirror");
		mutex_unlock(&mirror->lock);
	} while (retry && --tries);
}

/*
 * Subscriptions to the mm
 */

/**
 * struct sub - a subscription to an mm and its shadow table
 * @mn: The subscription.
 * @space: What it mirrors, with a reference.
 * @refs: References, one of them for being registered.
 * @life: Lasts until the unregistration is over.
 * @nr_running: Number of its callbacks that run.
 * @lock: The user lock, which protects what follows; raw, because it is taken
 *	where nothing may sleep.
 * @tracked: The mm is tracked, so that its ranges can be read.
 * @released: Nothing is established any more.
 * @starts: Number of invalidate_range_start() ...
 * @ends: ... and of invalidate_range_end().
 * @shadow: The shadow table, 0 where nothing is established.
 */
struct sub {
	struct mmu_notifier mn;
	struct space *space;
	refcount_t refs;
	struct life life;
	atomic_t nr_running;
	bool tracked;
	raw_spinlock_t lock;
	bool released;
	unsigned long starts;
	unsigned long ends;
	unsigned long shadow[NR_PAGES];
};

static int sub_start(struct mmu_notifier *mn,
		     const struct mmu_notifier_range *range)
{
	struct sub *sub = container_of(mn, struct sub, mn);
	struct invalidation *inv = range->owner;
	unsigned int i;

	if (life_is_over(&sub->life, "a subscription"))
		return 0;
	atomic_inc(&sub->nr_running);
	tell_start(inv, mn);
	raw_spin_lock(&sub->lock);
	sub->starts++;
	for (i = inv->first; i <= inv->last; i++)
		sub->shadow[i] = 0;
	raw_spin_unlock(&sub->lock);
	if (mmu_notifier_range_blockable(range) && !rnd(16))
		dawdle();
	atomic_dec(&sub->nr_running);
	return 0;
}

static void sub_end(struct mmu_notifier *mn,
		    const struct mmu_notifier_range *range)
{
	struct sub *sub = container_of(mn, struct sub, mn);
	struct invalidation *inv = range->owner;

	if (inv->hlist_refused && is_busted(BUSTED_PAIR))
		return;
	if (life_is_over(&sub->life, "a subscription"))
		return;
	atomic_inc(&sub->nr_running);
	tell_end(inv, mn);
	raw_spin_lock(&sub->lock);
	sub->ends++;
	raw_spin_unlock(&sub->lock);
	atomic_dec(&sub->nr_running);
}

static void sub_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct sub *sub = container_of(mn, struct sub, mn);

	if (life_is_over(&sub->life, "a subscription"))
		return;
	atomic_inc(&sub->space->nr_releasing);
	if (!atomic_read(&mm->mm_users))
		torture_count(COUNT_HLIST_RELEASES);
	else if (space_is_ending(sub->space) || !rnd(4))
		schedule_timeout_uninterruptible(1 + rnd(HZ / 8));
	if (atomic_read(&mm->mm_users) || !is_busted(BUSTED_RELEASE)) {
		raw_spin_lock(&sub->lock);
		sub->released = true;
		memset(sub->shadow, 0, sizeof(sub->shadow));
		raw_spin_unlock(&sub->lock);
	}
	dawdle();
	atomic_dec(&sub->space->nr_releasing);
}

static const struct mmu_notifier_ops sub_ops = {
	.release = sub_release,
	.invalidate_range_start = sub_start,
	.invalidate_range_end = sub_end,
};

/* A subscription that can refuse must have no invalidate_range_end(). */
static int refuser_start(struct mmu_notifier *mn,
			 const struct mmu_notifier_range *range)
{
	struct sub *sub = container_of(mn, struct sub, mn);
	struct invalidation *inv = range->owner;

	if (life_is_over(&sub->life, "a subscription") ||
	    mmu_notifier_range_blockable(range) || !inv->hlist_refuses)
		return 0;
	inv->hlist_refused = true;
	return -EAGAIN;
}

static const struct mmu_notifier_ops refuser_ops = {
	.release = sub_release,
	.invalidate_range_start = refuser_start,
};

static void sub_put(struct sub *sub)
{
	if (!refcount_dec_and_test(&sub->refs))
		return;
	space_put(sub->space);
	life_bury(&sub->life);
}

/*
 * The starts that a subscription has seen equal the ends if no invalidation is
 * active at its unregistration: with the locks held, unless its mm is gone.
 */
static void sub_unregister(struct space *space, struct sub *sub,
			   bool quiet)
{
	struct mm_struct *mm = space->mm;

	torture_enter("unregister");
	if (quiet) {
		mmap_write_lock(mm);
		down_write(&space->rmap);
	}
	if (atomic_read(&space->nr_active))
		torture_count(COUNT_UNREGISTERS_ACTIVE);
	mmu_notifier_unregister(&sub->mn, mm);
	if (atomic_read(&sub->nr_running))
		torture_error(EARLY, "a callback of what has been unregistered runs");
	life_end(&sub->life);
	if (quiet) {
		up_write(&space->rmap);
		mmap_write_unlock(mm);
	}

	raw_spin_lock(&sub->lock);
	check_shadow(space, sub->shadow, 0, NR_PAGES - 1, "a subscription");
	raw_spin_unlock(&sub->lock);
	if (!sub->released)
		torture_error(RELEASE, "a subscription goes without release");
	if (sub->mn.ops == &sub_ops) {
		if (sub->ends > sub->starts ||
		    (quiet && sub->ends != sub->starts))
			torture_error(UNPAIRED, "a subscription had %lu starts and %lu ends",
				      sub->starts, sub->ends);
		else if (quiet && sub->starts)
			torture_count(COUNT_PAIRS);
	}
	sub_put(sub);
}

static void sub_register(struct space *space)
{
	struct sub *sub = kzalloc(sizeof(*sub), GFP_KERNEL);
	unsigned int i, n;
	bool active;
	int err;

	if (!sub)
		return;
	refcount_inc(&space->refs);
	sub->space = space;
	life_begin(&sub->life, sub);
	refcount_set(&sub->refs, 1);
	raw_spin_lock_init(&sub->lock);
	sub->mn.ops = rnd(2) ? &sub_ops : &refuser_ops;

	torture_enter("register");
	active = atomic_read(&space->nr_active);
	if (mn_torture_range_ops && rnd(2)) {
		sub->tracked = true;
		err = mn_torture_range_ops->register_tracked(&sub->mn,
							  space->mm);
	} else if (rnd(4)) {
		err = mmu_notifier_register(&sub->mn, space->mm);
	} else {
		mmap_write_lock(space->mm);
		err = __mmu_notifier_register(&sub->mn, space->mm);
		mmap_write_unlock(space->mm);
	}
	if (err) {
		torture_error(CALL, "mmu_notifier_register() gives %d", err);
		space_put(space);
		kfree(sub);
		return;
	}
	space_set_attached(space);
	if (active)
		torture_count(COUNT_REGISTERS_ACTIVE);

	n = rnd(MAX_SUBS);
	for (i = 0; i < MAX_SUBS; i++) {
		if (!cmpxchg(&space->subs[(n + i) % MAX_SUBS], NULL,
			     RCU_INITIALIZER(sub))) {
			atomic_inc(&space->nr_subs);
			return;
		}
	}
	sub_unregister(space, sub, false);
}

/* The subscription in a place, with a reference; NULL if there is none. */
static struct sub *sub_get(struct space *space, unsigned int place)
{
	struct sub *sub;

	rcu_read_lock();
	sub = rcu_dereference(space->subs[place]);
	if (sub && !refcount_inc_not_zero(&sub->refs))
		sub = NULL;
	rcu_read_unlock();
	return sub;
}

static struct sub *sub_get_any(struct space *space)
{
	unsigned int i, n = rnd(MAX_SUBS);
	struct sub *sub = NULL;

	for (i = 0; i < MAX_SUBS && !sub; i++)
		sub = sub_get(space, (n + i) % MAX_SUBS);
	return sub;
}

static bool sub_unregister_any(struct space *space)
{
	unsigned int i, n = rnd(MAX_SUBS);
	struct sub *sub = NULL;
	bool quiet = rnd(2) && space_get_user(space);

	torture_enter("choose a subscription");
	for (i = 0; i < MAX_SUBS && !sub; i++)
		sub = unrcu_pointer(xchg(&space->subs[(n + i) % MAX_SUBS],
					 NULL));
	if (sub) {
		atomic_dec(&space->nr_subs);
		sub_unregister(space, sub, quiet);
	}
	if (quiet)
		space_put_user(space);
	return sub;
}

/* A fault as KVM does it: the subscription itself counts invalidations. */
static void sub_fault(struct space *space, struct sub *sub)
{
	unsigned int i = rnd(NR_PAGES);
	unsigned long value, ends;

	if (sub->mn.ops != &sub_ops)
		return;

	raw_spin_lock(&sub->lock);
	ends = sub->ends;
	raw_spin_unlock(&sub->lock);
	value = READ_ONCE(space->page[i]);
	dawdle();
	raw_spin_lock(&sub->lock);
	if (!sub->released && sub->starts == ends &&
	    sub->ends == ends)
		sub->shadow[i] = value;
	check_shadow(space, sub->shadow, 0, NR_PAGES - 1, "a subscription");
	raw_spin_unlock(&sub->lock);
}

static void sub_range_fault(struct space *space, struct sub *sub)
{
	u64 pages = some_pages(0, NR_PAGES - 1);
	struct torture_range_reader reader;
	unsigned long value[NR_PAGES];
	unsigned int tries = 4;
	unsigned long flags;
	bool retry;

	if (sub->mn.ops != &sub_ops)
		return;

	mn_torture_range_ops->init(&reader, space->mm);
	do {
		range_begin(space, &reader, pages, value);
		torture_enter("establish a range");
		/* A retry may run in any context. */
		raw_spin_lock_irqsave(&sub->lock, flags);
		retry = range_retry(&reader);
		if (!retry && !sub->released)
			range_establish(space, pages, sub->shadow, value);
		check_shadow(space, sub->shadow, 0, NR_PAGES - 1,
			     "a subscription");
		raw_spin_unlock_irqrestore(&sub->lock, flags);
	} while (retry && --tries);
}

/*
 * Shared subscriptions to the mm, by mmu_notifier_get()
 */

struct shared {
	struct mmu_notifier mn;
	struct life life;
};

static atomic_t torture_nr_shared_left;

static void shared_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	life_is_over(&container_of(mn, struct shared, mn)->life,
		     "a shared subscription");
}

static int shared_start(struct mmu_notifier *mn,
			const struct mmu_notifier_range *range)
{
	if (!life_is_over(&container_of(mn, struct shared, mn)->life,
			  "a shared subscription"))
		tell_start(range->owner, mn);
	return 0;
}

static void shared_end(struct mmu_notifier *mn,
		       const struct mmu_notifier_range *range)
{
	if (!life_is_over(&container_of(mn, struct shared, mn)->life,
			  "a shared subscription"))
		tell_end(range->owner, mn);
}

static struct mmu_notifier *shared_alloc(struct mm_struct *mm)
{
	struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);

	if (!shared)
		return ERR_PTR(-ENOMEM);
	life_begin(&shared->life, shared);
	atomic_inc(&torture_nr_shared_left);
	return &shared->mn;
}

static void shared_free(struct mmu_notifier *mn)
{
	struct shared *shared = container_of(mn, struct shared, mn);

	life_end(&shared->life);
	life_bury(&shared->life);
	atomic_dec(&torture_nr_shared_left);
}

static const struct mmu_notifier_ops shared_ops = {
	.release = shared_release,
	.invalidate_range_start = shared_start,
	.invalidate_range_end = shared_end,
	.alloc_notifier = shared_alloc,
	.free_notifier = shared_free,
};

static void shared_get_and_put(struct space *space)
{
	struct mmu_notifier *first, *second;
	bool user = true;

	torture_enter("get");
	first = mmu_notifier_get(&shared_ops, space->mm);
	if (IS_ERR(first)) {
		torture_error(CALL, "mmu_notifier_get() gives %ld",
			      PTR_ERR(first));
		goto out;
	}
	dawdle();
	second = mmu_notifier_get(&shared_ops, space->mm);
	if (first != second)
		torture_error(CALL, "mmu_notifier_get() gives two for one mm");
	if (!IS_ERR(second))
		mmu_notifier_put(second);
	if (rnd(2)) {
		space_put_user(space);
		user = false;
	}
	dawdle();
	torture_enter("put");
	if (atomic_read(&space->nr_active))
		torture_count(COUNT_PUTS_ACTIVE);
	mmu_notifier_put(first);
	torture_count(COUNT_GETS);
out:
	if (user)
		space_put_user(space);
}

/*
 * What the threads do
 */

/* A registered subscription has seen each active range, unless leaving. */
static void check_told(struct space *space, const struct invalidation *inv,
		       unsigned int place, const struct sub *sub)
{
	unsigned int i;

	if (sub->mn.ops != &sub_ops || is_told(inv, &sub->mn, &i))
		return;
	/* A miss is fine if it has left, or if its mm has no users. */
	smp_rmb();
	if (rcu_access_pointer(space->subs[place]) == sub &&
	    refcount_read(&space->users))
		torture_error(EARLY, "a subscription was not told of an active range");
}

static void check_all(struct space *space, const struct invalidation *inv)
{
	const unsigned int first = inv->first, last = inv->last;
	struct sub *sub;
	struct mirror *mirror;
	unsigned int i;

	for (i = 0; i < MAX_MIRRORS; i++) {
		if (!place_overlaps(space, i, first, last))
			continue;
		mirror = mirror_get(space, i);
		if (!mirror)
			continue;
		mutex_lock(&mirror->lock);
		check_empty(mirror->shadow, max(first, mirror->first),
			    min(last, mirror->last), "a mirror");
		mutex_unlock(&mirror->lock);
		mirror_put(mirror);
	}
	for (i = 0; i < MAX_SUBS; i++) {
		sub = sub_get(space, i);
		if (!sub)
			continue;
		raw_spin_lock(&sub->lock);
		check_empty(sub->shadow, first, last, "a subscription");
		raw_spin_unlock(&sub->lock);
		check_told(space, inv, i, sub);
		sub_put(sub);
	}
}

/* An invalidation that never ends, and is not freed; see "busted" above. */
static void start_for_ever(struct space *space, const struct invalidation *like)
{
	struct invalidation *inv = kzalloc(sizeof(*inv), GFP_KERNEL);

	if (!inv)
		return;
	inv->first = like->first;
	inv->last = like->last;
	mmu_notifier_range_init_owner(&inv->range, MMU_NOTIFY_CLEAR, 0,
				      space->mm, address(inv->first),
				      address(inv->last + 1), inv);
	mmu_notifier_invalidate_range_start(&inv->range);
}

/* Returns whether the invalidation has started. */
static bool announce(struct space *space, struct invalidation *inv, bool nonblock)
{
	if (!nonblock) {
		torture_enter("start");
		mmu_notifier_invalidate_range_start(&inv->range);
		return true;
	}

	switch (rnd(3)) {
	case 0:
		inv->refuse_at = 1 + rnd(nmirrors);
		break;
	case 1:
		inv->hlist_refuses = hlist_refuse;
		break;
	}
	torture_enter("start without blocking");
	if (!mmu_notifier_invalidate_range_start_nonblock(&inv->range))
		return true;
	if (inv->interval_refused)
		torture_count(COUNT_INTERVAL_REFUSALS);
	else if (inv->hlist_refused && inv->called)
		torture_count(COUNT_HLIST_REFUSALS);
	else if (!inv->hlist_refused)
		torture_error(CALL, "a start fails that was not refused");
	if (is_busted(BUSTED_FAILED_START))
		start_for_ever(space, inv);
	return false;
}

/* The mmap_lock or @rmap of the space is held for reading. */
static void invalidate(struct space *space, bool nonblock, unsigned int depth)
{
	static const enum mmu_notifier_event events[] = {
		MMU_NOTIFY_UNMAP, MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_VMA,
		MMU_NOTIFY_PROTECTION_PAGE, MMU_NOTIFY_SOFT_DIRTY,
		MMU_NOTIFY_MIGRATE, MMU_NOTIFY_EXCLUSIVE,
	};
	struct invalidation inv = { };
	unsigned int i;

	/* All pages, or few, or some. */
	switch (rnd(fast ? 64 : 8)) {
	case 0:
		inv.last = NR_PAGES - 1;
		break;
	case 1:
	case 2:
		inv.first = rnd(NR_PAGES);
		inv.last = inv.first;
		break;
	default:
		inv.first = rnd(NR_PAGES);
		inv.last = min(inv.first + rnd(fast ? 4 : 24), NR_PAGES - 1);
	}
	mmu_notifier_range_init_owner(&inv.range, events[rnd(ARRAY_SIZE(events))],
				      0, space->mm, address(inv.first),
				      address(inv.last + 1), &inv);

	if (any_active(space, inv.first, inv.last))
		torture_count(depth ? COUNT_NESTED : COUNT_OVERLAPPING);
	if (!announce(space, &inv, nonblock))
		return;
	if (inv.called > BATCH)
		torture_count(COUNT_BATCHES);
	atomic_inc(&space->nr_active);
	for (i = inv.first; i <= inv.last; i++)
		atomic_inc(&space->active[i]);

	torture_enter("change the page table");
	check_all(space, &inv);
	for (i = inv.first; i <= inv.last; i++) {
		if (rnd(4))
			change_page(space, i);
	}
	if (space_is_ending(space) && rnd(2))
		schedule_timeout_uninterruptible(1 + rnd(HZ / 32));
	else if (fast && !rnd(32))
		gate_wait(false);
	else
		dawdle();
	while (depth < 3 && !rnd(3))
		invalidate(space, nonblock, depth + 1);
	torture_enter("change the page table");
	for (i = inv.first; i <= inv.last; i++) {
		if (!rnd(4))
			change_page(space, i);
	}
	check_all(space, &inv);

	for (i = inv.first; i <= inv.last; i++)
		atomic_dec(&space->active[i]);
	atomic_dec(&space->nr_active);
	if (is_busted(BUSTED_END) && !rnd(64))
		start_for_ever(space, &inv);
	torture_enter("end");
	mmu_notifier_invalidate_range_end(&inv.range);
	torture_count(COUNT_INVALIDATIONS);
}

/* Through the reverse map, an mm may be invalidated while it is released. */
static void op_invalidate(struct worker *worker)
{
	struct space *space = space_get_any();
	bool user = rnd(2) && space_get_user(space);
	bool nonblock = !rnd(4);

	if (rmap && space_is_attached(space) && rnd(2)) {
		torture_enter("rmap");
		down_read(&space->rmap);
		invalidate(space, nonblock, 0);
		up_read(&space->rmap);
	} else {
		torture_enter("mmap_lock");
		mmap_read_lock(space->mm);
		invalidate(space, nonblock, 0);
		mmap_read_unlock(space->mm);
	}
	if (user)
		space_put_user(space);
	space_put(space);
}

static void op_read(struct worker *worker)
{
	struct space *space = space_get_any();
	struct sub *sub;
	struct mirror *mirror;

	mirror = mirror_get_any(space);
	if (mirror) {
		if (!rnd(fast ? 256 : 4))
			take_shared_lock();
		if (mn_torture_range_ops && rnd(2) && space_get_user(space)) {
			mirror_range_fault(space, mirror);
			space_put_user(space);
		} else if (space_get_user(space)) {
			mirror_fault(space, mirror);
		}
		mirror_put(mirror);
	}
	sub = sub_get_any(space);
	if (sub) {
		if (space_get_user(space)) {
			torture_enter("fault of a subscription");
			if (sub->tracked && rnd(2))
				sub_range_fault(space, sub);
			else
				sub_fault(space, sub);
			space_put_user(space);
		}
		sub_put(sub);
	}
	space_put(space);
}

static void op_map(struct worker *worker)
{
	struct space *space = space_get_any();
	bool many = atomic_read(&space->nr_mirrors) >= nmirrors;

	if (!rnd(fast ? 256 : 4))
		take_shared_lock();
	/* Insert where there are few and remove where there are many, mostly. */
	if (many == !!rnd(4)) {
		mirror_remove_any(space);
	} else if (space_get_user(space)) {
		mirror_insert(space);
		space_put_user(space);
	}
	space_put(space);
}

static void op_subscribe(struct worker *worker)
{
	struct space *space = space_get_any();
	u32 what = rnd(4);

	if (fast)
		torture_pause(HZ / 20);
	if (what == 0 || atomic_read(&space->nr_subs) >= 4 ||
	    space_is_ending(space)) {
		sub_unregister_any(space);
	} else if (space_get_user(space)) {
		if (what == 1) {
			shared_get_and_put(space);
		} else {
			sub_register(space);
			space_put_user(space);
		}
	}
	space_put(space);
}

/* The old space ends before it is replaced: some threads still use it. */
static void op_exit(struct worker *worker)
{
	unsigned int nth = rnd(nspaces);
	struct space *new, *old;
	int i;

	torture_pause(HZ / 10 + rnd(HZ / 2));
	old = space_get(nth);
	if (!old)
		return;
	if (cmpxchg(&old->exiter, NULL, worker))
		goto out;
	new = space_create();
	if (!new) {
		WRITE_ONCE(old->exiter, NULL);
		goto out;
	}
	/* So that its release meets the end of the mm. */
	if (nsubs)
		sub_register(old);
	space_put_user(old);
	/* Fill the new space while others use it. */
	refcount_inc(&new->users);
	refcount_inc(&new->refs);
	space_put(space_swap(nth, new));
	for (i = 0; i < nmirrors; i++)
		mirror_insert(new);
	space_put_user(new);
	space_put(new);
out:
	space_put(old);
}

static unsigned int nr_others(void)
{
	/* Each worker is set up. Pairs with the release in start_all(). */
	return smp_load_acquire(&torture_nr_workers);
}

static void torture_interrupt(void *unused)
{
	udelay(HOLD_UP_US);
}

/*
 * Put some waiters on a wake_q and wake them late, like a task that has to wake
 * them for another reason. Do not disturb a wait twice: the second wake-up
 * could hide a lost one.
 */
static void wake_late(void)
{
	unsigned int i, n = 0, nr = nr_others(), start = rnd(nr);
	struct worker *woken[4];
	unsigned long steps[4];
	DEFINE_WAKE_Q(wake_q);

	for (i = 0; i < nr && n < ARRAY_SIZE(woken); i++) {
		struct worker *worker = &torture_workers[(start + i) % nr];
		unsigned long step = READ_ONCE(worker->steps);
		unsigned long last = READ_ONCE(worker->woken_step);

		if (!worker_waits(worker) || last == step ||
		    cmpxchg(&worker->woken_step, last, step) != last)
			continue;
		wake_q_add(&wake_q, worker->task);
		woken[n] = worker;
		steps[n++] = step;
	}
	/* Delay the other CPUs, which may be waking the same tasks, or this. */
	if (rnd(2)) {
		smp_call_function(torture_interrupt, NULL, 0);
		torture_count(COUNT_INTERRUPTS);
	} else {
		tarry();
	}
	while (n--) {
		if (READ_ONCE(woken[n]->steps) == steps[n] &&
		    worker_waits_in_core(woken[n]))
			torture_count(COUNT_LATE_WAKES);
	}
	wake_up_q(&wake_q);
}

static struct worker *any_in_core(void)
{
	unsigned int i, nr = nr_others(), start = rnd(nr);

	for (i = 0; i < nr; i++) {
		struct worker *worker = &torture_workers[(start + i) % nr];

		if (worker_waits_in_core(worker))
			return worker;
	}
	return NULL;
}

/* Make a waiter wake up on another CPU. */
static void worker_move(struct worker *worker)
{
	unsigned int cpu = cpumask_any_but(cpu_online_mask,
					   task_cpu(worker->task));

	if (cpu >= nr_cpu_ids)
		return;
	WRITE_ONCE(worker->moved, true);
	set_cpus_allowed_ptr(worker->task, cpumask_of(cpu));
}

static void op_disturb(struct worker *worker)
{
	struct worker *other;

	torture_enter("disturb");
	gate_let_pass(1 + rnd(4));
	switch (rnd(16)) {
	case 0:
		other = any_in_core();
		if (other)
			send_sig(SIGUSR1, other->task, 1);
		break;
	case 1:
		other = any_in_core();
		if (other)
			worker_move(other);
		break;
	case 2:
		if (mutex_trylock(&torture_shared_mutex)) {
			tarry();
			mutex_unlock(&torture_shared_mutex);
		}
		break;
	case 3:
		if (down_write_trylock(&torture_shared_rwsem)) {
			tarry();
			up_write(&torture_shared_rwsem);
		}
		break;
	default:
		wake_late();
	}
	gate_wait(true);
}

/* Runs once, at the end. */
static void op_drain(struct worker *worker)
{
	struct space *space;
	int i;

	for (i = 0; i < nspaces; i++) {
		space = space_swap(i, NULL);
		space_put_user(space);
		space_put(space);
	}
}

/* Insertion and registration have stopped. */
static void space_drain(struct space *space)
{
	while (mirror_remove_any(space))
		;
	while (sub_unregister_any(space))
		;
}

static const struct kind torture_kinds[] = {
	{ "invalidator", op_invalidate, &ninvalidators },
	{ "reader", op_read, &nreaders },
	{ "mapper", op_map, &nmappers },
	{ "subscriber", op_subscribe, &nsubs },
	{ "exiter", op_exit, &nexiters },
	/* Last to start and first to stop, because they use all others. */
	{ "stranger", op_disturb, &nstrangers },
};

static const struct kind torture_drainer = { "drainer", op_drain };

static int torture_thread(void *data)
{
	struct worker *worker = data;
	bool is_stranger = worker->kind->op == op_disturb;

	allow_signal(SIGUSR1);
	if (is_stranger)
		gate_add_keeper();
	else
		set_freezable();

	do {
		worker->kind->op(worker);
		torture_enter("pause");
		dawdle();
		/* Threads at the gate must pass before any is frozen. */
		if (!is_stranger && try_to_freeze())
			torture_count(COUNT_FREEZES);
		if (!is_stranger)
			stutter_wait(worker->kind->name);
	} while (worker->kind != &torture_drainer && !torture_must_stop());

	if (is_stranger)
		gate_open();

	torture_enter("end");
	complete(&worker->done);
	torture_kthread_stopping((char *)worker->kind->name);
	return 0;
}

/*
 * The main thread: starts the others, watches them, and judges
 */

static int start_worker(struct worker *worker, const struct kind *kind)
{
	worker->kind = kind;
	worker->state = "start";
	worker->seen_at = jiffies;
	init_completion(&worker->done);
	prandom_seed_state(&worker->rnd,
			   (u64)seed + (worker - torture_workers));
	return _torture_create_kthread(torture_thread, worker,
				       (char *)kind->name, "Creating a thread",
				       "Failed to create a thread",
				       &worker->task, NULL);
}

static unsigned long torture_total(enum counter counter)
{
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < torture_nr_workers; i++)
		sum += READ_ONCE(torture_workers[i].counts[counter]);
	return sum;
}

/* A line must be one record of the kernel log, so there are two. */
static char torture_line[960];

static void print_line(const char *flag, struct seq_buf *line)
{
	WARN_ON_ONCE(seq_buf_has_overflowed(line));
	pr_alert("%s" TORTURE_FLAG "%s %.*s\n", torture_type, flag,
		 (int)seq_buf_used(line), torture_line);
}

static void add_reasons(struct seq_buf *line)
{
	bool any = false;
	int i;

	seq_buf_printf(line, "reason=");
	for (i = 0; i < NR_REASONS; i++) {
		if (!atomic_read(&torture_errors[i]))
			continue;
		seq_buf_printf(line, "%s%s", any ? "," : "", reason_names[i]);
		any = true;
	}
	if (!any)
		seq_buf_printf(line, "none");
}

/* Keep it short: rcutorture scripts add up the numbers in a longer line. */
static void print_reasons(void)
{
	struct seq_buf line;

	seq_buf_init(&line, torture_line, sizeof(torture_line));
	add_reasons(&line);
	print_line("!!!", &line);
}

static void print_counters(void)
{
	struct seq_buf line;
	int i;

	seq_buf_init(&line, torture_line, sizeof(torture_line));
	seq_buf_printf(&line, "Counters:");
	for (i = 0; i < NR_COUNTERS; i++)
		seq_buf_printf(&line, " %s=%lu", counter_names[i],
			       torture_total(i));
	seq_buf_printf(&line, " seconds=%lu",
		       (jiffies - torture_started_at) / HZ);
	print_line("---", &line);
}

static void print_parameters(const char *what)
{
	struct seq_buf line;

	seq_buf_init(&line, torture_line, sizeof(torture_line));
	seq_buf_printf(&line, "%s ", what);
	add_reasons(&line);
	seq_buf_printf(&line, " ballast=%d busted=%s duration=%d fast=%d",
		       ballast, busted, duration, fast);
	seq_buf_printf(&line, " freeze_interval=%d", freeze_interval);
	seq_buf_printf(&line, " hlist_refuse=%d nexiters=%d ninvalidators=%d nsubs=%d",
		       hlist_refuse, nexiters, ninvalidators, nsubs);
	seq_buf_printf(&line, " nmappers=%d nmirrors=%d nreaders=%d nspaces=%d",
		       nmappers, nmirrors, nreaders, nspaces);
	seq_buf_printf(&line, " nstrangers=%d rmap=%d onoff_holdoff=%d onoff_interval=%d seed=%u",
		       nstrangers, rmap, onoff_holdoff, onoff_interval, seed);
	seq_buf_printf(&line, " shuffle_interval=%d shutdown_secs=%d stall=%d stat_interval=%d",
		       shuffle_interval, shutdown_secs, stall, stat_interval);
	seq_buf_printf(&line, " stutter=%d verbose=%d", stutter, verbose);
	print_line("---", &line);
}

/* Whether, with these parameters, a count of 0 makes the test vacuous. */
static bool needed(enum counter counter)
{
	switch (counter) {
	case COUNT_ESTABLISHED:
	case COUNT_COLLISIONS:
	case COUNT_READ_WAITS:
		return nreaders;
	case COUNT_REMOVE_WAITS:
	case COUNT_INSERTS_ACTIVE:
	case COUNT_REMOVES_ACTIVE:
		return nmappers;
	case COUNT_HLIST_REFUSALS:
		return nsubs && hlist_refuse;
	case COUNT_PAIRS:
	case COUNT_GETS:
	case COUNT_REGISTERS_ACTIVE:
	case COUNT_UNREGISTERS_ACTIVE:
		return nsubs;
	case COUNT_PUTS_ACTIVE:
		return nsubs && (!fast || num_online_cpus() > 1);
	case COUNT_HLIST_RELEASES:
	case COUNT_EXITS_RELEASING:
		return nsubs && nexiters;
	case COUNT_EXITS_ACTIVE:
		return nexiters;
	case COUNT_RANGES:
	case COUNT_RANGE_COLLISIONS:
	case COUNT_RANGE_WAITS:
	case COUNT_RANGE_OVERRUNS:
		return mn_torture_range_ops && nreaders;
	case COUNT_BATCHES:
		return nmirrors > BATCH;
	case COUNT_MUTEX_WAITS:
	case COUNT_RWSEM_WAITS:
	case COUNT_GATE_WAITS:
	case COUNT_LATE_WAKES:
	case COUNT_EARLY_WAKES:
	case COUNT_SIGNALS:
		return nstrangers && nreaders;
	case COUNT_MOVES:
	case COUNT_INTERRUPTS:
		return nstrangers && nreaders && num_online_cpus() > 1;
	case COUNT_FREEZES:
		return freeze_interval;
	default:
		return true;
	}
}

/* Something that did not happen, and makes the test vacuous. NULL: nothing. */
static const char *next_missing(int *counter)
{
	for (; *counter < NR_COUNTERS; (*counter)++) {
		if (needed(*counter) && !torture_total(*counter))
			return counter_names[(*counter)++];
	}
	return NULL;
}

static bool is_vacuous(void)
{
	int counter = 0;

	return next_missing(&counter);
}

static bool any_error(void)
{
	int i;

	for (i = 0; i < NR_REASONS; i++) {
		if (atomic_read(&torture_errors[i]))
			return true;
	}
	return false;
}

static void report_stall(struct worker *worker)
{
	torture_error(STALL, "%s %d is in \"%s\"", worker->kind->name,
		      (int)(worker - torture_workers), READ_ONCE(worker->state));
	if (verbose)
		sched_show_task(worker->task);
}

/* A freeze wakes all threads, so it would hide a lost wake-up. */
static bool any_stuck(void)
{
	struct worker *worker;
	unsigned int i;

	for (i = 0; i < torture_nr_workers; i++) {
		worker = &torture_workers[i];
		worker->noted_step = READ_ONCE(worker->steps);
	}
	schedule_timeout_uninterruptible(HZ / 10);
	for (i = 0; i < torture_nr_workers; i++) {
		worker = &torture_workers[i];
		if (worker_waits(worker) &&
		    READ_ONCE(worker->steps) == worker->noted_step)
			return true;
	}
	return false;
}

/* As suspend does it. Returns false if the caller has to try again. */
static bool freeze_and_thaw(void)
{
	if (any_stuck() || freeze_processes())
		return false;
	freeze_kernel_threads();
	thaw_processes();
	return true;
}

/*
 * Runs for the duration, and if something has not happened by then for as long
 * as a thread may be without progress. Returns false as soon as one is for
 * longer.
 */
static bool torture_watch(void)
{
	unsigned long end = jiffies + duration * HZ;
	unsigned long last_end = end + stall * HZ;
	unsigned long next_stats = jiffies + stat_interval * HZ;
	unsigned long next_freeze = jiffies + freeze_interval * HZ;
	bool well = true;
	unsigned int i;

	while (well && (time_before(jiffies, end) ||
			(time_before(jiffies, last_end) && !any_error() &&
			 is_vacuous()))) {
		schedule_timeout_interruptible(HZ / 2);
		for (i = 0; i < torture_nr_workers; i++) {
			struct worker *worker = &torture_workers[i];
			unsigned long steps = READ_ONCE(worker->steps);

			if (steps != worker->seen_steps) {
				worker->seen_steps = steps;
				worker->seen_at = jiffies;
			} else if (time_after(jiffies, worker->seen_at +
						       stall * HZ)) {
				report_stall(worker);
				well = false;
			}
		}
		if (stat_interval > 0 && time_after(jiffies, next_stats)) {
			print_counters();
			next_stats += stat_interval * HZ;
		}
		if (well && freeze_interval > 0 &&
		    time_after(jiffies, next_freeze) && freeze_and_thaw())
			next_freeze = jiffies + freeze_interval * HZ;
	}
	return well;
}

/* Returns whether the worker has ended. */
static bool await_worker(struct worker *worker, unsigned long patience)
{
	if (!worker->task ||
	    wait_for_completion_timeout(&worker->done, patience))
		return true;
	report_stall(worker);
	return false;
}

static void stop_worker(struct worker *worker)
{
	torture_stop_kthread(torture_thread, worker->task);
}

/* Returns false if threads had to be left behind. */
static bool stop_all(bool well)
{
	unsigned int i;

	for (i = 0; i < torture_nr_workers; i++)
		well &= await_worker(&torture_workers[i],
				     well ? stall * HZ : HZ);
	/* No worker looks for others any more. */
	for (i = 0; well && i < torture_nr_workers; i++)
		stop_worker(&torture_workers[i]);
	return well;
}

static bool torture_drain(void)
{
	struct worker *worker = &torture_workers[torture_nr_workers++];
	int i;

	if (start_worker(worker, &torture_drainer) ||
	    !await_worker(worker, stall * HZ))
		return false;
	stop_worker(worker);
	mmu_notifier_synchronize();
	for (i = 0; i < stall * 10 && atomic_read(&torture_nr_shared_left); i++)
		schedule_timeout_uninterruptible(HZ / 10);
	if (atomic_read(&torture_nr_shared_left))
		torture_error(LEAK, "%d subscriptions that were put are not freed",
			      atomic_read(&torture_nr_shared_left));
	if (atomic_read(&torture_nr_spaces_left))
		torture_error(LEAK, "%d spaces are still there",
			      atomic_read(&torture_nr_spaces_left));
	clear_graves();
	return true;
}

static int start_all(void)
{
	unsigned int i, max_workers = 1;
	struct space *space;
	int j, err;

	for (i = 0; i < ARRAY_SIZE(torture_kinds); i++)
		max_workers += *torture_kinds[i].nr;
	torture_workers = kcalloc(max_workers, sizeof(*torture_workers),
				  GFP_KERNEL);
	if (!torture_workers)
		return -ENOMEM;
	for (i = 0; i < nspaces; i++) {
		space = space_create();
		if (!space)
			return -ENOMEM;
		space_swap(i, space);
	}
	for (i = 0; i < ARRAY_SIZE(torture_kinds); i++) {
		for (j = 0; j < *torture_kinds[i].nr; j++) {
			err = start_worker(&torture_workers[torture_nr_workers],
					   &torture_kinds[i]);
			if (err)
				return err;
			/* Pairs with the acquire in nr_others(). */
			smp_store_release(&torture_nr_workers,
					  torture_nr_workers + 1);
		}
	}

	err = 0;
	if (stutter > 0)
		err = torture_stutter_init(fast ? HZ / 20 : HZ / 2, stutter * HZ);
	if (!err && shuffle_interval > 0)
		err = torture_shuffle_init(shuffle_interval * HZ);
	if (!err && onoff_interval > 0)
		err = torture_onoff_init(onoff_holdoff * HZ, onoff_interval * HZ,
					 NULL);
	return err;
}

static void torture_judge(bool well)
{
	const char *missing;
	int counter = 0;

	if (well && torture_onoff_failures())
		torture_error(CALL, "a CPU could not be plugged");
	/* After an error, coverage does not matter. */
	if (!any_error()) {
		while ((missing = next_missing(&counter)))
			torture_error(VACUOUS, "there were no %s", missing);
	}
	print_counters();
	if (any_error())
		print_reasons();
	print_parameters(any_error() ? "End of test: FAILURE" :
				       "End of test: SUCCESS");
}

static int torture_main(void *unused)
{
	bool well;
	int err;

	if (!torture_init_begin(torture_type, verbose))
		return -EBUSY;
	print_parameters("Start of test:");
	torture_started_at = jiffies;
	err = start_all();
	torture_init_end();
	if (err)
		torture_error(CALL, "the test cannot start: %d", err);

	well = !err && torture_watch();
	if (torture_cleanup_begin())
		return -EBUSY;
	well = stop_all(well);
	if (well)
		well = torture_drain();
	torture_judge(well);
	torture_cleanup_end();
	/* Threads that were left behind use the rest forever. */
	if (well)
		kfree(torture_workers);
	if (shutdown_secs > 0)
		kernel_power_off();
	return 0;
}

static int __init mmu_notifier_torture_init(void)
{
	int err;

	if (duration <= 0)
		duration = shutdown_secs;
	if (duration <= 0)
		return 0;
	if (strcmp(busted, "none")) {
		err = match_string(busted_names, NR_BUSTED, busted);
		if (err < 0) {
			pr_err("there is no busted=%s\n", busted);
			return err;
		}
		torture_busted_how = err;
	}
	if (nspaces < 1 || nspaces > MAX_SPACES ||
	    nmirrors < 1 || nmirrors > MAX_MIRRORS) {
		pr_err("it takes 1 to %d spaces, and 1 to %d mirrors\n",
		       MAX_SPACES, MAX_MIRRORS);
		return -EINVAL;
	}
	while (!seed)
		seed = get_random_u32();
	if (!IS_ENABLED(CONFIG_FREEZER) && freeze_interval) {
		pr_info("there is no freezer, so threads are not frozen\n");
		freeze_interval = 0;
	}
	if (ballast && nsubs) {
		pr_info("there are no subscriptions to the mm beside ballast, for which they would wait\n");
		nsubs = 0;
	}
	/* With two CPUs, shuffling would keep one idle most of the time. */
	if (fast)
		shuffle_interval = 0;

	/* CPUs are not plugged before the boot has ended. */
	if (shutdown_secs > 0)
		return PTR_ERR_OR_ZERO(kthread_run(torture_main, NULL,
						   "torture_main"));
	if (onoff_interval > 0) {
		pr_err("onoff_interval takes shutdown_secs\n");
		return -EINVAL;
	}
	return torture_main(NULL);
}
late_initcall(mmu_notifier_torture_init);

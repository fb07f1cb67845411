// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the MMU notifier suites; see mmu_notifier_helpers.h. */

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/mman.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>
#include <trace/events/lock.h>
#include <trace/events/printk.h>

#include <asm/sections.h>

#include "mmu_notifier_helpers.h"

/* Memory that mn_alloc() has returned. */
struct mn_memory {
	struct list_head node;
	u64 data[];
};

/* An mm_count reference that mn_pin() has taken. */
struct mn_pin {
	struct list_head node;
	struct mm_struct *mm;
};

/* The task in which a range and its copies start and end. */
struct mn_starter {
	struct list_head node;
	struct kthread_worker worker;
	struct task_struct *task;
};

/* A range that mn_undo() ends if the case does not. */
struct mn_tracked_range {
	struct mmu_notifier_range range;
	struct mn_ctx *ctx;
	struct mn_starter *starter;	/* NULL: run in the caller */
	struct list_head active;
	struct list_head crowd;
};

/*
 * Cleanup. Plain reverse order would hang: a thread may wait for a range that
 * another thread has started, or that only the case ends.
 */

/* Drop the lock for each end: its callbacks may wait at a gate. */
static void mn_end_active(struct mn_ctx *ctx)
{
	struct mn_tracked_range *tracked;

	for (;;) {
		spin_lock(&ctx->lock);
		tracked = list_first_entry_or_null(&ctx->active,
						   struct mn_tracked_range,
						   active);
		spin_unlock(&ctx->lock);
		if (!tracked)
			return;
		mn_end(&tracked->range);
	}
}

static bool mn_all_done(struct mn_ctx *ctx)
{
	struct mn_call *call;

	list_for_each_entry(call, &ctx->calls, node) {
		if (!completion_done(&call->done))
			return false;
	}
	return true;
}

static void mn_call_hung(struct mn_call *call)
{
	KUNIT_FAIL(call->ctx->test, "hung in %s", call->what);
	sched_show_task(call->task);
}

/*
 * Open all gates and end all active ranges until all threads have returned.
 * mn_undo() does so anyway; call it from cleanup actions that run earlier.
 */
void mn_let_go(struct mn_ctx *ctx)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	struct mn_call *call, *next;
	struct mn_gate *gate;

	while (!ctx->broken) {
		/* Check the time first, to look once more after the timeout. */
		bool late = time_after(jiffies, timeout);

		list_for_each_entry(gate, &ctx->gates, node)
			mn_gate_open(gate);
		/* Until done, a thread may have started more ranges. */
		if (mn_all_done(ctx)) {
			mn_end_active(ctx);
			break;
		}
		mn_end_active(ctx);
		ctx->broken = late;
		schedule_timeout_uninterruptible(1);
	}
	list_for_each_entry_safe(call, next, &ctx->calls, node) {
		if (!completion_done(&call->done)) {
			mn_call_hung(call);
			continue;
		}
		list_del(&call->node);
		kthread_stop(call->task);
		put_task_struct(call->task);
	}
}

static void mn_undo_subscriptions(struct mn_ctx *ctx)
{
	struct mn_interval *interval, *next_interval;
	struct mn_sub *sub, *next_sub;

	list_for_each_entry_safe(interval, next_interval, &ctx->intervals, node)
		mn_spawn_remove(interval);
	list_for_each_entry_safe(sub, next_sub, &ctx->subs, node) {
		if (!sub->gets)
			mn_spawn_unregister(sub);
	}
	mn_let_go(ctx);
	if (ctx->broken)
		return;
	while (!list_empty(&ctx->subs))
		mn_put(list_first_entry(&ctx->subs, struct mn_sub, node));
	if (ctx->put)
		mmu_notifier_synchronize();
}

/*
 * Release the files of the case that kernel threads have put. Returns false if
 * one is in use or hangs. On older kernels flush_delayed_fput() is not enough: it
 * does not wait for the worker, which may have begun.
 */
bool mn_files_released(struct mn_ctx *ctx)
{
	flush_delayed_fput();
	return wait_var_event_timeout(&ctx->files, !atomic_read(&ctx->files),
				      MN_HANG_SECONDS * HZ);
}

/* The last thing that the ->release() of a file of the case does. */
void mn_file_is_released(struct mn_ctx *ctx)
{
	if (atomic_dec_and_test(&ctx->files))
		wake_up_var(&ctx->files);
}

static void mn_undo(void *data)
{
	struct mn_memory *memory, *next;
	struct mn_starter *starter;
	struct mn_ctx *ctx = data;
	struct mn_pin *pin;

	if (!ctx->broken)
		mn_let_go(ctx);
	if (!ctx->broken)
		mn_undo_subscriptions(ctx);
	if (ctx->broken) {
		kunit_warn(ctx->test, "what it used is never freed\n");
		return;
	}
	list_for_each_entry(starter, &ctx->starters, node)
		kthread_stop(starter->task);
	if (ctx->mm)
		mmput(ctx->mm);
	if (ctx->other_mm)
		mmput(ctx->other_mm);
	/* mmput() has dropped files that were mapped. */
	if (!mn_files_released(ctx)) {
		KUNIT_FAIL(ctx->test, "a file is never released");
		return;
	}
	list_for_each_entry(pin, &ctx->pins, node)
		mmdrop(pin->mm);
	list_for_each_entry_safe(memory, next, &ctx->memory, node)
		kfree(memory);
	kfree(ctx);
}

/* The .init of most suites: set up a context with an mm of its own. */
int mn_init(struct kunit *test)
{
	struct mn_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	ctx->test = test;
	INIT_LIST_HEAD(&ctx->memory);
	INIT_LIST_HEAD(&ctx->pins);
	INIT_LIST_HEAD(&ctx->gates);
	INIT_LIST_HEAD(&ctx->starters);
	INIT_LIST_HEAD(&ctx->calls);
	INIT_LIST_HEAD(&ctx->intervals);
	INIT_LIST_HEAD(&ctx->subs);
	INIT_LIST_HEAD(&ctx->crowd);
	INIT_LIST_HEAD(&ctx->active);
	spin_lock_init(&ctx->lock);
	ctx->mm = mm_alloc();
	if (!ctx->mm) {
		kfree(ctx);
		return -ENOMEM;
	}
	test->priv = ctx;
	return kunit_add_action_or_reset(test, mn_undo, ctx);
}

/* As mn_init(), but ranges start and end in the task that calls mn_start(). */
int mn_init_same_task(struct kunit *test)
{
	struct mn_ctx *ctx;
	int err = mn_init(test);

	if (err)
		return err;
	ctx = test->priv;
	ctx->same_task = true;
	return 0;
}

/*
 * As mn_init(), with many invalidations active in the mm all the time. If that
 * hangs, only the first case runs into it, and the others fail at once.
 */
int mn_init_crowded(struct kunit *test)
{
	static bool crowded_out;
	int err = mn_init(test);

	if (err || crowded_out)
		return err ?: -EBUSY;
	mn_crowd(test->priv, MN_CROWD);
	crowded_out = !mn_returns(mn_spawn_remove(mn_insert(test->priv, 0, 0,
							    1)));
	return crowded_out ? -EBUSY : 0;
}

/* Zeroed memory, freed once nothing of the case is left. */
void *mn_alloc(struct mn_ctx *ctx, size_t size)
{
	struct mn_memory *memory = kzalloc(sizeof(*memory) + size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(ctx->test, memory);
	list_add(&memory->node, &ctx->memory);
	return memory->data;
}

/* Keep the mm from being freed before the case ends; it may be released. */
struct mm_struct *mn_pin(struct mn_ctx *ctx, struct mm_struct *mm)
{
	struct mn_pin *pin = mn_alloc(ctx, sizeof(*pin));

	mmgrab(mm);
	pin->mm = mm;
	list_add(&pin->node, &ctx->pins);
	return mm;
}

/* A second mm, allocated on first use. */
struct mm_struct *mn_other_mm(struct mn_ctx *ctx)
{
	if (!ctx->other_mm)
		ctx->other_mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(ctx->test, ctx->other_mm);
	return ctx->other_mm;
}

/* Map memory into current, which then has an mm. Returns the address. */
unsigned long mn_map(struct mn_ctx *ctx, unsigned long length)
{
	unsigned long addr = kunit_vm_mmap(ctx->test, NULL, 0, length,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_FALSE(ctx->test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_NOT_NULL(ctx->test, current->mm);
	return addr;
}

/* Argument and result of the thread of mn_map_into_mm(). */
struct mn_mapping {
	struct file *file;
	unsigned long addr;
};

static void mn_call_map(struct mn_call *call)
{
	struct mn_mapping *mapping = call->arg;
	struct mm_struct *mm = call->ctx->mm;
	const unsigned long flags = mapping->file ? 0 : MAP_ANONYMOUS;

	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	mapping->addr = vm_mmap(mapping->file, 0, PAGE_SIZE,
				PROT_READ | PROT_WRITE, flags | MAP_PRIVATE, 0);
	if (!mapping->file && !IS_ERR_VALUE(mapping->addr))
		call->ret = clear_user((void __user *)mapping->addr, 1);
	kthread_unuse_mm(mm);
	if (mapping->file)
		fput(mapping->file);
}

/*
 * Map @file into the mm of the case, and drop the caller's reference to it. If
 * @file is NULL, map memory and populate it. Returns the address.
 */
unsigned long mn_map_into_mm(struct mn_ctx *ctx, struct file *file)
{
	struct mn_mapping *mapping = mn_alloc(ctx, sizeof(*mapping));
	struct mn_call *call;

	mapping->file = file;
	call = mn_spawn(ctx, "vm_mmap", mapping, mn_call_map, -1);
	KUNIT_ASSERT_TRUE(ctx->test, mn_returns(call));
	KUNIT_ASSERT_FALSE(ctx->test, IS_ERR_VALUE(mapping->addr));
	KUNIT_ASSERT_EQ(ctx->test, call->ret, 0);
	return mapping->addr;
}

/* Drop the last user of the mm, which releases its subscriptions. */
void mn_release_mm(struct mn_ctx *ctx)
{
	struct mm_struct *mm = ctx->mm;
	bool active;

	/* If ranges are in SRCU sections, mmput() waits for them. */
	if (ctx->sections)
		mn_crowd_end(ctx);
	spin_lock(&ctx->lock);
	active = !list_empty(&ctx->active);
	spin_unlock(&ctx->lock);
	/* Active ranges still need the mm when they end. */
	if (active)
		mn_pin(ctx, mm);
	ctx->mm = NULL;
	mmput(mm);
}

void mn_release_other_mm(struct mn_ctx *ctx)
{
	struct mm_struct *mm = ctx->other_mm;

	ctx->other_mm = NULL;
	mmput(mm);
}

void mn_log(struct mn_ctx *ctx, char name)
{
	if (!name)
		return;
	spin_lock(&ctx->lock);
	if (ctx->log_len < sizeof(ctx->log) - 1)
		ctx->log[ctx->log_len++] = name;
	spin_unlock(&ctx->lock);
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

/* Skip a case on callbacks that must not sleep if nothing checks that. */
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

struct mn_gate *mn_gate(struct mn_ctx *ctx)
{
	struct mn_gate *gate = mn_alloc(ctx, sizeof(*gate));

	init_completion(&gate->entered);
	init_completion(&gate->open);
	list_add(&gate->node, &ctx->gates);
	return gate;
}

/* Called by callbacks: report in, and wait until the gate is open. */
void mn_gate_pass(struct mn_gate *gate)
{
	if (!gate)
		return;
	complete(&gate->entered);
	wait_for_completion(&gate->open);
}

/* Wait until a callback has reached the gate. */
void mn_gate_entered(struct mn_ctx *ctx, struct mn_gate *gate)
{
	KUNIT_ASSERT_TRUE_MSG(ctx->test,
			      wait_for_completion_timeout(&gate->entered,
							  MN_HANG_SECONDS * HZ),
			      "the callback was not called");
}

void mn_gate_open(struct mn_gate *gate)
{
	complete_all(&gate->open);
}

/*
 * Subscriptions to the mm
 */

static int mn_sub_start(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->starts++;
	mn_note(&sub->seen_start, range, 0);
	mn_log(sub->ctx, sub->name);
	mn_gate_pass(sub->gate);
	return mmu_notifier_range_blockable(range) ? sub->fail_block :
						     sub->fail_nonblock;
}

static void mn_sub_end(struct mmu_notifier *notifier,
		       const struct mmu_notifier_range *range)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->ends++;
	mn_note(&sub->seen_end, range, 0);
	mn_log(sub->ctx, toupper(sub->name));
	mn_gate_pass(sub->other_gate);
}

static void mn_sub_release(struct mmu_notifier *notifier,
			   struct mm_struct *mm)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->release_mm = mm;
	/* Both unregistration and exit of the mm may call ->release(). */
	if (!sub->releases++)
		mn_gate_pass(sub->release_gate);
	if (sub->put_on_release)
		mn_put(sub);
}

static bool mn_sub_young(struct mmu_notifier *notifier,
			 struct mm_struct *mm, unsigned long start,
			 unsigned long end)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->young_calls++;
	sub->arg_start = start;
	sub->arg_end = end;
	mn_gate_pass(sub->other_gate);
	return sub->young;
}

static bool mn_sub_flush_young(struct mmu_notifier *notifier,
			       struct mm_struct *mm, unsigned long start,
			       unsigned long end)
{
	container_of(notifier, struct mn_sub, notifier)->young_flushes++;
	return mn_sub_young(notifier, mm, start, end);
}

static bool mn_sub_test_young(struct mmu_notifier *notifier,
			      struct mm_struct *mm, unsigned long address)
{
	container_of(notifier, struct mn_sub, notifier)->young_tests++;
	return mn_sub_young(notifier, mm, address, address);
}

static void mn_sub_tlb(struct mmu_notifier *notifier, struct mm_struct *mm,
		       unsigned long start, unsigned long end)
{
	struct mn_sub *sub =
		container_of(notifier, struct mn_sub, notifier);

	sub->tlb_calls++;
	sub->arg_start = start;
	sub->arg_end = end;
	mn_gate_pass(sub->other_gate);
}

const struct mmu_notifier_ops mn_range_ops = {
	.release = mn_sub_release,
	.clear_flush_young = mn_sub_flush_young,
	.clear_young = mn_sub_young,
	.test_young = mn_sub_test_young,
	.invalidate_range_start = mn_sub_start,
	.invalidate_range_end = mn_sub_end,
};

const struct mmu_notifier_ops mn_start_ops = {
	.invalidate_range_start = mn_sub_start,
};

const struct mmu_notifier_ops mn_tlb_ops = {
	.arch_invalidate_secondary_tlbs = mn_sub_tlb,
};

struct mn_sub *mn_sub_init(struct mn_ctx *ctx, char name, struct mn_sub *sub,
			   const struct mmu_notifier_ops *ops)
{
	INIT_LIST_HEAD(&sub->node);
	sub->ctx = ctx;
	sub->name = name;
	sub->notifier.ops = ops;
	return sub;
}

struct mn_sub *mn_sub(struct mn_ctx *ctx, char name,
		      const struct mmu_notifier_ops *ops)
{
	return mn_sub_init(ctx, name, mn_alloc(ctx, sizeof(struct mn_sub)),
			   ops);
}

/* Have cleanup unregister @sub if @err is 0; returns @err. */
int mn_registered(struct mn_sub *sub, int err)
{
	if (!err)
		sub->ctx->sections = true;
	if (!err && list_empty(&sub->node))
		list_add(&sub->node, &sub->ctx->subs);
	return err;
}

/* As mmu_notifier_register(), and cleanup unregisters @sub. */
int mn_try_register(struct mn_sub *sub, struct mm_struct *mm)
{
	return mn_registered(sub, mmu_notifier_register(&sub->notifier, mm));
}

/* As __mmu_notifier_register(); takes the mmap_lock around it. */
int mn_try_register_locked(struct mn_sub *sub, struct mm_struct *mm)
{
	int err;

	mmap_write_lock(mm);
	err = __mmu_notifier_register(&sub->notifier, mm);
	mmap_write_unlock(mm);
	return mn_registered(sub, err);
}

struct mn_sub *mn_register(struct mn_ctx *ctx, char name,
			   const struct mmu_notifier_ops *ops)
{
	struct mn_sub *sub = mn_sub(ctx, name, ops);
	unsigned int crowd;

	/* Registration waits for active ranges: end the crowd first. */
	crowd = mn_crowd_end(ctx);
	KUNIT_ASSERT_EQ(ctx->test, 0, mn_try_register(sub, ctx->mm));
	if (crowd) {
		mn_crowd(ctx, crowd);
		/* Ignore callbacks for the crowd. */
		sub->starts = 0;
		ctx->log_len = 0;
		memset(ctx->log, 0, sizeof(ctx->log));
	}
	return sub;
}

/* Use mn_spawn_unregister() if unregistration has to wait. */
void mn_unregister(struct mn_sub *sub)
{
	KUNIT_ASSERT_TRUE(sub->ctx->test,
			  mn_returns(mn_spawn_unregister(sub)));
}

/* Note a result of mmu_notifier_get(); cleanup does the puts that are left. */
struct mn_sub *mn_got(struct mn_ctx *ctx, struct mmu_notifier *notifier)
{
	struct mn_sub *sub;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(ctx->test, notifier);
	sub = container_of(notifier, struct mn_sub, notifier);
	ctx->sections = true;
	if (!sub->gets++ && list_empty(&sub->node))
		list_add(&sub->node, &ctx->subs);
	return sub;
}

void mn_put(struct mn_sub *sub)
{
	sub->ctx->put = true;
	if (sub->gets && !--sub->gets)
		list_del_init(&sub->node);
	mmu_notifier_put(&sub->notifier);
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

	mn_log(interval->ctx, interval->name);
	mn_gate_pass(interval->gate);
	return !interval->refuse;
}

const struct mmu_interval_notifier_ops mn_interval_ops = {
	.invalidate = mn_interval_invalidate,
};

struct mn_interval *mn_interval_init(struct mn_ctx *ctx, char name,
				     struct mn_interval *interval)
{
	INIT_LIST_HEAD(&interval->node);
	interval->ctx = ctx;
	interval->name = name;
	spin_lock_init(&interval->user_lock);
	return interval;
}

struct mn_interval *mn_interval(struct mn_ctx *ctx, char name)
{
	return mn_interval_init(ctx, name,
				mn_alloc(ctx, sizeof(struct mn_interval)));
}

/* Have cleanup remove @interval if @err is 0; returns @err. */
int mn_inserted(struct mn_interval *interval, int err)
{
	if (!err && list_empty(&interval->node))
		list_add(&interval->node, &interval->ctx->intervals);
	return err;
}

/* As mmu_interval_notifier_insert(), and cleanup removes @interval. */
int mn_try_insert_ops(struct mn_interval *interval, struct mm_struct *mm,
		      unsigned long start, unsigned long length,
		      const struct mmu_interval_notifier_ops *ops)
{
	return mn_inserted(interval,
			   mmu_interval_notifier_insert(&interval->sub, mm,
							start, length, ops));
}

int mn_try_insert(struct mn_interval *interval, struct mm_struct *mm,
		  unsigned long start, unsigned long length)
{
	return mn_try_insert_ops(interval, mm, start, length, &mn_interval_ops);
}

/* As mmu_interval_notifier_insert_locked(); takes the mmap_lock around it. */
int mn_try_insert_locked(struct mn_interval *interval, struct mm_struct *mm,
			 unsigned long start, unsigned long length)
{
	int err;

	mmap_write_lock(mm);
	err = mmu_interval_notifier_insert_locked(&interval->sub, mm, start,
						  length, &mn_interval_ops);
	mmap_write_unlock(mm);
	return mn_inserted(interval, err);
}

struct mn_interval *mn_insert(struct mn_ctx *ctx, char name,
			      unsigned long page, unsigned long pages)
{
	struct mn_interval *interval = mn_interval(ctx, name);

	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert(interval, ctx->mm, MN_ADDR(page),
				      MN_ADDR(pages)));
	return interval;
}

/* Use mn_spawn_remove() if the removal has to wait. */
void mn_remove(struct mn_interval *interval)
{
	KUNIT_ASSERT_TRUE(interval->ctx->test,
			  mn_returns(mn_spawn_remove(interval)));
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

static struct mn_tracked_range *mn_tracked(struct mmu_notifier_range *range)
{
	return container_of(range, struct mn_tracked_range, range);
}

static struct mn_tracked_range *mn_track(struct mn_ctx *ctx)
{
	struct mn_tracked_range *tracked = mn_alloc(ctx, sizeof(*tracked));

	tracked->ctx = ctx;
	INIT_LIST_HEAD(&tracked->active);
	INIT_LIST_HEAD(&tracked->crowd);
	return tracked;
}

/* A range, not started. */
struct mmu_notifier_range *mn_range(struct mn_ctx *ctx, unsigned long page,
				    unsigned long pages)
{
	struct mmu_notifier_range *range = &mn_track(ctx)->range;

	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, ctx->mm,
				MN_ADDR(page), MN_ADDR(page + pages));
	return range;
}

/* As mn_range(), but set only the fields that callers of a start must set. */
struct mmu_notifier_range *mn_range_by_hand(struct mn_ctx *ctx,
					    unsigned long page,
					    unsigned long pages)
{
	struct mmu_notifier_range *range = &mn_track(ctx)->range;

	memset(range, 0xa5, sizeof(*range));
	range->mm = ctx->mm;
	range->start = MN_ADDR(page);
	range->end = MN_ADDR(page + pages);
	range->flags = 0;
	range->event = MMU_NOTIFY_CLEAR;
	range->owner = NULL;
	return range;
}

/* A copy of a range; not started itself. */
struct mmu_notifier_range *mn_copy(struct mn_ctx *ctx,
				   struct mmu_notifier_range *range)
{
	struct mn_tracked_range *tracked = mn_track(ctx);

	tracked->range = *range;
	tracked->starter = mn_tracked(range)->starter;
	return &tracked->range;
}

/* From now on cleanup ends the range if the case does not. */
void mn_started(struct mmu_notifier_range *range)
{
	struct mn_tracked_range *tracked = mn_tracked(range);

	spin_lock(&tracked->ctx->lock);
	list_move(&tracked->active, &tracked->ctx->active);
	spin_unlock(&tracked->ctx->lock);
}

/*
 * With subscriptions to the mm, a range is in an SRCU section from its start to
 * its end: both must run in the same task.
 */
struct mn_step {
	struct kthread_work work;
	struct mmu_notifier_range *range;
	int (*fn)(struct mmu_notifier_range *range);
	int ret;
};

static void mn_run_step(struct kthread_work *work)
{
	struct mn_step *step = container_of(work, struct mn_step, work);

	step->ret = step->fn(step->range);
}

static struct mn_starter *mn_starter(struct mn_ctx *ctx)
{
	struct mn_starter *starter = mn_alloc(ctx, sizeof(*starter));

	kthread_init_worker(&starter->worker);
	starter->task = kthread_run(kthread_worker_fn, &starter->worker,
				    "mn_starter");
	KUNIT_ASSERT_FALSE(ctx->test, IS_ERR(starter->task));
	list_add(&starter->node, &ctx->starters);
	return starter;
}

static int mn_step(struct mmu_notifier_range *range,
		   int (*fn)(struct mmu_notifier_range *range))
{
	struct mn_starter *starter = mn_tracked(range)->starter;
	struct mn_step step = { .range = range, .fn = fn };

	if (!starter)
		return fn(range);
	kthread_init_work(&step.work, mn_run_step);
	kthread_queue_work(&starter->worker, &step.work);
	kthread_flush_work(&step.work);
	return step.ret;
}

static int mn_step_start(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_start(range);
	return 0;
}

static int mn_step_start_nonblock(struct mmu_notifier_range *range)
{
	return mmu_notifier_invalidate_range_start_nonblock(range);
}

static int mn_step_end(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_end(range);
	return 0;
}

/* Called in the thread of the case, as it may assert. */
static void mn_need_starter(struct mmu_notifier_range *range)
{
	struct mn_tracked_range *tracked = mn_tracked(range);
	struct mn_ctx *ctx = tracked->ctx;

	if (ctx->sections && !ctx->same_task && !tracked->starter)
		tracked->starter = mn_starter(ctx);
}

static int mn_start_step(struct mmu_notifier_range *range,
			 int (*fn)(struct mmu_notifier_range *range))
{
	int err = mn_step(range, fn);

	if (!err)
		mn_started(range);
	return err;
}

/* Only for ranges from mn_range(), mn_range_by_hand() or mn_copy(). */
void mn_start_range(struct mmu_notifier_range *range)
{
	mn_need_starter(range);
	mn_start_step(range, mn_step_start);
}

int mn_start_range_nonblock(struct mmu_notifier_range *range)
{
	mn_need_starter(range);
	return mn_start_step(range, mn_step_start_nonblock);
}

struct mmu_notifier_range *mn_start(struct mn_ctx *ctx, unsigned long page,
				    unsigned long pages)
{
	struct mmu_notifier_range *range = mn_range(ctx, page, pages);

	mn_start_range(range);
	return range;
}

int mn_start_nonblock(struct mn_ctx *ctx, struct mmu_notifier_range **range,
		      unsigned long page, unsigned long pages)
{
	*range = mn_range(ctx, page, pages);
	return mn_start_range_nonblock(*range);
}

void mn_end(struct mmu_notifier_range *range)
{
	struct mn_tracked_range *tracked = mn_tracked(range);

	spin_lock(&tracked->ctx->lock);
	list_del_init(&tracked->active);
	list_del_init(&tracked->crowd);
	spin_unlock(&tracked->ctx->lock);
	mn_step(range, mn_step_end);
}

/* Start and end in one go, so that cleanup has nothing to do. */
void mn_invalidate_mm(struct mm_struct *mm, unsigned long start,
		      unsigned long end)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start, end);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

void mn_invalidate(struct mn_ctx *ctx, unsigned long page, unsigned long pages)
{
	mn_invalidate_mm(ctx->mm, MN_ADDR(page), MN_ADDR(page + pages));
}

/* Invalidate with ranges filled in by hand: one blocking, one nonblocking. */
void mn_invalidate_by_hand(struct mn_ctx *ctx, unsigned long page,
			   unsigned long pages)
{
	struct mmu_notifier_range *range;

	range = mn_range_by_hand(ctx, page, pages);
	mn_start_range(range);
	mn_end(range);
	range = mn_range_by_hand(ctx, page, pages);
	KUNIT_EXPECT_EQ(ctx->test, 0, mn_start_range_nonblock(range));
	mn_end(range);
}

static const enum mmu_notifier_event mn_events[MN_EVENTS] = {
	MMU_NOTIFY_UNMAP, MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE, MMU_NOTIFY_SOFT_DIRTY, MMU_NOTIFY_RELEASE,
	MMU_NOTIFY_MIGRATE, MMU_NOTIFY_EXCLUSIVE,
};

/* Invalidate with event number @nr, with its own addresses and owner. */
void mn_invalidate_event(struct mn_ctx *ctx, unsigned int nr)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init_owner(&range, mn_events[nr], 0, ctx->mm,
				      MN_ADDR(nr), MN_ADDR(2 * nr + 1),
				      (void *)&mn_events[nr]);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

void mn_expect_event(struct mn_ctx *ctx, const struct mn_seen *seen,
		     unsigned int nr)
{
	struct kunit *test = ctx->test;

	KUNIT_EXPECT_PTR_EQ(test, seen->mm, ctx->mm);
	KUNIT_EXPECT_EQ(test, seen->event, mn_events[nr]);
	KUNIT_EXPECT_EQ(test, seen->start, MN_ADDR(nr));
	KUNIT_EXPECT_EQ(test, seen->end, MN_ADDR(2 * nr + 1));
	KUNIT_EXPECT_PTR_EQ(test, seen->owner, (void *)&mn_events[nr]);
}

/* Have the mm tracked from now on. */
void mn_prepare(struct mn_ctx *ctx)
{
	mn_remove(mn_insert(ctx, 0, 0, 1));
}

/* Start @nr ranges that stay active until mn_crowd_end() or cleanup. */
void mn_crowd(struct mn_ctx *ctx, unsigned int nr)
{
	struct mmu_notifier_range *range;
	unsigned int i;

	mn_prepare(ctx);
	for (i = 0; i < nr; i++) {
		range = mn_start(ctx, MN_CROWD_PAGE + 2 * i, 1);
		list_add_tail(&mn_tracked(range)->crowd, &ctx->crowd);
	}
}

/* End the crowd; returns how many ranges it had. */
unsigned int mn_crowd_end(struct mn_ctx *ctx)
{
	struct mn_tracked_range *tracked, *next;
	unsigned int nr = 0;

	list_for_each_entry_safe(tracked, next, &ctx->crowd, crowd) {
		mn_end(&tracked->range);
		nr++;
	}
	return nr;
}

/*
 * Calls in threads of their own
 */

static int mn_call_thread(void *data)
{
	struct mn_call *call = data;

	WRITE_ONCE(call->entered, true);
	call->fn(call);
	complete_all(&call->done);
	return 0;
}

/* Start @fn in a thread, on one CPU unless @cpu is negative. */
struct mn_call *mn_spawn(struct mn_ctx *ctx, const char *what, void *arg,
			 void (*fn)(struct mn_call *call), int cpu)
{
	struct mn_call *call = mn_alloc(ctx, sizeof(*call));

	call->ctx = ctx;
	call->what = what;
	call->arg = arg;
	call->fn = fn;
	init_completion(&call->done);
	call->task = kthread_create(mn_call_thread, call, "mn_call");
	if (IS_ERR(call->task))
		KUNIT_FAIL_AND_ABORT(ctx->test, "no thread for %s", what);
	get_task_struct(call->task);
	if (cpu >= 0)
		kthread_bind(call->task, cpu);
	list_add(&call->node, &ctx->calls);
	wake_up_process(call->task);
	return call;
}

static void mn_call_start(struct mn_call *call)
{
	mn_start_step(call->arg, mn_step_start);
}

static void mn_call_end(struct mn_call *call)
{
	mn_end(call->arg);
}

void mn_call_read(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mmu_interval_read_begin(&interval->sub);
}

bool mn_call_retry(struct mn_call *call)
{
	return mn_retry(call->arg, call->ret);
}

void mn_call_remove(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mmu_interval_notifier_remove(&interval->sub);
}

static void mn_call_unregister(struct mn_call *call)
{
	struct mn_sub *sub = call->arg;

	mmu_notifier_unregister(&sub->notifier, sub->notifier.mm);
}

static void mn_call_release(struct mn_call *call)
{
	mn_release_mm(call->ctx);
}

struct mn_call *mn_spawn_start(struct mn_ctx *ctx,
			       struct mmu_notifier_range *range)
{
	mn_need_starter(range);
	return mn_spawn(ctx, "mmu_notifier_invalidate_range_start", range,
			mn_call_start, -1);
}

/*
 * Insert many intervals that contain page 50, and start the range. Its
 * callbacks stop midway, at the gate of interval[MN_HELD_UP_AT].
 */
struct mn_call *mn_spawn_start_held_up(struct mn_ctx *ctx,
				       struct mmu_notifier_range *range,
				       struct mn_interval *interval[MN_MANY])
{
	struct mn_gate *gate = mn_gate(ctx);
	struct mn_call *start;
	int i;

	for (i = 0; i < MN_MANY; i++)
		interval[i] = mn_insert(ctx, 0, i, 100);
	interval[MN_HELD_UP_AT]->gate = gate;
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, gate);
	return start;
}

struct mn_call *mn_spawn_end(struct mn_ctx *ctx,
			     struct mmu_notifier_range *range)
{
	return mn_spawn(ctx, "mmu_notifier_invalidate_range_end", range,
			mn_call_end, -1);
}

struct mn_call *mn_spawn_read(struct mn_interval *interval)
{
	return mn_spawn(interval->ctx, "mmu_interval_read_begin", interval,
			mn_call_read, -1);
}

struct mn_call *mn_spawn_remove(struct mn_interval *interval)
{
	list_del_init(&interval->node);
	return mn_spawn(interval->ctx, "mmu_interval_notifier_remove",
			interval, mn_call_remove, -1);
}

struct mn_call *mn_spawn_unregister(struct mn_sub *sub)
{
	list_del_init(&sub->node);
	return mn_spawn(sub->ctx, "mmu_notifier_unregister", sub,
			mn_call_unregister, -1);
}

struct mn_call *mn_spawn_release(struct mn_ctx *ctx)
{
	return mn_spawn(ctx, "the release of the mm", NULL, mn_call_release,
			-1);
}

static struct mn_call *mn_spawn_to_wait(struct kunit *test,
					struct mn_interval *interval,
					void (*fn)(struct mn_call *call))
{
	const struct mn_waiter *waiter = test->param_value;

	if (waiter->removes)
		list_del_init(&interval->node);
	return mn_spawn(test->priv, waiter->what, interval, fn, -1);
}

/* Start the kind of wait that is the case's parameter. */
struct mn_call *mn_spawn_waiter(struct kunit *test,
				struct mn_interval *interval)
{
	const struct mn_waiter *waiter = test->param_value;

	return mn_spawn_to_wait(test, interval, waiter->wait);
}

static void mn_call_waiter_locked(struct mn_call *call)
{
	const struct mn_waiter *waiter = call->ctx->test->param_value;
	struct mm_struct *mm = call->ctx->mm;

	mmap_write_lock(mm);
	waiter->wait(call);
	mmap_write_unlock(mm);
}

/* As mn_spawn_waiter(), with the mmap_lock held. */
struct mn_call *mn_spawn_waiter_locked(struct kunit *test,
				       struct mn_interval *interval)
{
	return mn_spawn_to_wait(test, interval, mn_call_waiter_locked);
}

/* The call must return, and must not collide, as no range has started since. */
void mn_waiter_returns(struct kunit *test, struct mn_call *call)
{
	const struct mn_waiter *waiter = test->param_value;

	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	if (waiter->retry)
		KUNIT_EXPECT_FALSE(test, waiter->retry(call));
}

/* Argument of the thread of mn_hold_mmap_lock(). */
struct mn_lock_holder {
	struct mm_struct *mm;
	struct mn_gate *gate;
};

static void mn_call_hold_mmap_lock(struct mn_call *call)
{
	struct mn_lock_holder *holder = call->arg;

	mmap_read_lock(holder->mm);
	mn_gate_pass(holder->gate);
	mmap_read_unlock(holder->mm);
}

/* Have a thread hold the mmap_lock for reading until the gate is opened. */
struct mn_gate *mn_hold_mmap_lock(struct mn_ctx *ctx, struct mm_struct *mm)
{
	struct mn_lock_holder *holder = mn_alloc(ctx, sizeof(*holder));

	holder->mm = mm;
	holder->gate = mn_gate(ctx);
	mn_spawn(ctx, "the holder of the mmap_lock", holder,
		 mn_call_hold_mmap_lock, -1);
	mn_gate_entered(ctx, holder->gate);
	return holder->gate;
}

/* The state of the task while the call waits. */
unsigned int mn_state_in_sleep(const struct mn_call *call)
{
	return READ_ONCE(call->killable) ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
}

/*
 * Whether the call sleeps rather than returns. Only for calls that sleep for
 * nothing but what the case controls.
 */
bool mn_sleeps(struct mn_call *call)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;
	bool asleep;

	do {
		asleep = READ_ONCE(call->entered) &&
			 READ_ONCE(call->task->__state) ==
			 mn_state_in_sleep(call);
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

/* Whether the call returns, now or after a while. */
bool mn_returns(struct mn_call *call)
{
	if (wait_for_completion_timeout(&call->done, MN_HANG_SECONDS * HZ))
		return true;
	mn_call_hung(call);
	return false;
}

/*
 * Failing allocations
 */

#if defined(CONFIG_FAILSLAB) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)

/* Get at a failslab variable by its debugfs file: there is no other access. */
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

/* Have GFP_KERNEL allocations fail too, and silently; or skip the case. */
void mn_failslab_begin(struct mn_ctx *ctx)
{
	bool *ignored = mn_failslab_knob("ignore-gfp-wait");
	unsigned long *verbose = mn_failslab_knob("verbose");

	if (!ignored || !verbose)
		kunit_skip(ctx->test, "failslab is not in debugfs");
	*ignored = false;
	*verbose = 0;
	/* mn_fill_caches() fills the caches of one CPU: stay there. */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	KUNIT_ASSERT_EQ(ctx->test, 0,
			kunit_add_action_or_reset(ctx->test, mn_failslab_end,
						  NULL));
}

/*
 * The slab allocator caches objects per CPU. Fill the caches first: if a refill
 * fails, the injected failure is used up, but the allocation succeeds.
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

/* Fail the @nth allocation that current makes from now on; the first is 1. */
void mn_fail_allocation(unsigned int nth)
{
	mn_fill_caches();
	current->fail_nth = nth;
}

/* Whether that allocation was made, and so failed. Cancels it if not. */
bool mn_allocation_failed(void)
{
	bool failed = !current->fail_nth;

	current->fail_nth = 0;
	return failed;
}

#else

void mn_failslab_begin(struct mn_ctx *ctx)
{
	kunit_skip(ctx->test,
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
 * Whether @fn reaches its @nth allocation, which fails. If so, @fn must return
 * -ENOMEM and leak no reference to the mm; otherwise it must succeed.
 */
bool mn_fails(struct mn_ctx *ctx, unsigned int nth, int (*fn)(void *arg),
	      void *arg)
{
	int mm_count = atomic_read(&ctx->mm->mm_count);
	int err;

	mn_fail_allocation(nth);
	err = fn(arg);
	if (!mn_allocation_failed()) {
		KUNIT_ASSERT_EQ(ctx->test, err, 0);
		return false;
	}
	KUNIT_ASSERT_EQ(ctx->test, err, -ENOMEM);
	KUNIT_EXPECT_EQ(ctx->test, atomic_read(&ctx->mm->mm_count), mm_count);
	return true;
}

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
	/*
	 * Do not count the lockdep map of invalidations, which is no lock, nor what
	 * CONFIG_DEBUG_MMU_NOTIFIER takes.
	 */
	if (current == mn_locks_task && in_task() &&
	    lock != &__mmu_notifier_invalidate_range_start_map &&
	    strcmp(lock->name, "mn_debug_lock"))
		mn_locks_taken++;
}

static void mn_locks_end(void *data)
{
	unregister_trace_lock_acquire(mn_probe_lock, NULL);
	tracepoint_synchronize_unregister();
}

/* Allow mn_locks_of() until the case ends; or skip the case. */
void mn_locks_begin(struct mn_ctx *ctx)
{
	mn_locks_task = current;
	KUNIT_ASSERT_EQ(ctx->test, 0,
			register_trace_lock_acquire(mn_probe_lock, NULL));
	KUNIT_ASSERT_EQ(ctx->test, 0,
			kunit_add_action_or_reset(ctx->test, mn_locks_end,
						  NULL));
}

/*
 * How many locks @fn takes. If preempted, the task takes some in the scheduler
 * too: run @fn several times, and return the minimum.
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

void mn_locks_begin(struct mn_ctx *ctx)
{
	kunit_skip(ctx->test, "needs CONFIG_LOCKDEP");
}

unsigned int mn_locks_of(void (*fn)(struct mn_interval *interval),
			 struct mn_interval *interval)
{
	return 0;
}

#endif

/*
 * Reports. Output between begin and end is expected: a script that checks the
 * log for unexpected reports skips it.
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

/* Reset WARN_ONCE() and the like, so that each case gets its own report. */
static void mn_report_again(void)
{
	generic_bug_clear_once();
	memset(__start_once, 0, __end_once - __start_once);
}

static bool mn_reports_are_read;

/* Stop reading the console; at the latest, when the case ends. */
static void mn_reports_stop(void *data)
{
	if (!mn_reports_are_read)
		return;
	mn_reports_are_read = false;
	unregister_trace_console(mn_probe_console, NULL);
	tracepoint_synchronize_unregister();
	pr_info("mmu_notifier_kunit: end of expected report\n");
}

void mn_reports_begin(struct mn_ctx *ctx)
{
	memset(mn_reports, 0, sizeof(mn_reports));
	mn_reports_len = 0;
	mn_report_again();
	pr_info("mmu_notifier_kunit: expect report\n");
	KUNIT_ASSERT_EQ(ctx->test, 0,
			register_trace_console(mn_probe_console, NULL));
	mn_reports_are_read = true;
	KUNIT_ASSERT_EQ(ctx->test, 0,
			kunit_add_action_or_reset(ctx->test, mn_reports_stop,
						  NULL));
}

/* The text that was printed; valid after mn_reports_end(), too. */
const char *mn_reports_text(void)
{
	return mn_reports;
}

/* Stop reading the console; returns how many reports there were. */
unsigned int mn_reports_end(struct mn_ctx *ctx)
{
	static const char * const heads[] = { "WARNING: ", "BUG: " };
	unsigned int i, nr = 0;
	const char *at;

	mn_reports_stop(NULL);
	for (i = 0; i < ARRAY_SIZE(heads); i++)
		for (at = mn_reports; (at = strstr(at, heads[i])); at++)
			nr++;
	return nr;
}

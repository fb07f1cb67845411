// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: mistakes of drivers, and of code that invalidates.
 *
 * With CONFIG_DEBUG_MMU_NOTIFIER, and if it is switched on at boot, mistakes are looked
 * for that the core cannot see, because it keeps no more than it needs: a range by
 * value, a sequence per interval_sub. What is needed beside that is in tables of this
 * file, and in no structure of the core, of a driver or of a caller:
 *
 * - the ranges that have started and have not ended, by the address of the structure,
 *   whether or not their mm has notifiers;
 * - the tasks that have such a range and a way back to user space;
 * - the interval_subs that have had readers, until they are erased;
 * - the callbacks of interval_subs that are running.
 *
 * Where there is no room, or no memory, something is not known. That is counted, and
 * less is checked then: what is reported is a mistake. So a callback that stores no
 * sequence is only reported if a read section of the interval_sub has been compared
 * before, and if the event is MMU_NOTIFY_UNMAP, or one whose sequence it has stored
 * before; and never if the range has an owner, which may be the driver itself. Drivers
 * may ignore the rest. And a read section that is begun and never compared is not
 * reported, as the fault may have failed, or the mmap_lock may do instead: how many
 * began and how many were compared, for each driver, is in debugfs.
 *
 * A report is a warning with a single line of text, once for each place: the callback,
 * the ops, or where a function of the core is called. Writing to clear_warn_once
 * starts anew.
 */

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/debug_locks.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/instruction_pointer.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/once_lite.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/task_work.h>

#include "mmu_notifier_debug.h"
#include "mmu_notifier_internal.h"

/* Numbers of what the tables have room for. */
#define MN_DEBUG_SITES	256
#define MN_DEBUG_RANGES	1024
#define MN_DEBUG_TASKS	256
#define MN_DEBUG_CALLS	512
#define MN_DEBUG_LOCKS	4
#define MN_DEBUG_READS	64

/* In do_exit(). Works may run there before it is PF_EXITING. */
#define MN_DEBUG_DYING	(PF_POSTCOREDUMP | PF_EXITING)

DEFINE_STATIC_KEY_FALSE(mmu_notifier_debug_key);
EXPORT_SYMBOL_GPL(mmu_notifier_debug_key);

/*
 * Protects all tables but that of sites. Raw, with interrupts off: callbacks hold
 * whatever the driver likes. Taken last of all.
 */
static DEFINE_RAW_SPINLOCK(mn_debug_lock);

/* What was not noted for want of room or memory. */
static atomic_long_t mn_debug_lost_sites;
static atomic_long_t mn_debug_lost_ranges;
static atomic_long_t mn_debug_lost_tasks;
static atomic_long_t mn_debug_lost_subs;
static atomic_long_t mn_debug_lost_calls;

/*
 * Reports
 */

/* Hashes of what has been reported where; each is set once. 0 is free. */
static unsigned long mn_debug_sites[MN_DEBUG_SITES];

/* Whether this has not been reported of this place. @what is a constant string. */
bool mn_debug_is_first(unsigned long site, const char *what)
{
	unsigned long key = hash_long(site, BITS_PER_LONG) ^
			    (unsigned long)what;
	unsigned int i = hash_long(key, 8), n;

	/* After a boot, and after a write to clear_warn_once. */
	DO_ONCE_LITE(memset, mn_debug_sites, 0, sizeof(mn_debug_sites));

	key |= 1;
	for (n = 0; n < MN_DEBUG_SITES; n++) {
		unsigned long *entry = &mn_debug_sites[(i + n) %
						       MN_DEBUG_SITES];
		unsigned long old = READ_ONCE(*entry) ?:
				    cmpxchg(entry, 0, key);

		if (!old)
			return true;
		if (old == key)
			return false;
	}
	atomic_long_inc(&mn_debug_lost_sites);
	return false;
}

/*
 * Ranges
 */

/**
 * struct mn_debug_task - a task that has started a range
 * @work: Runs when the task returns to user space, or exits.
 * @node: Entry in mn_debug_tasks; or in the list of those that are free.
 * @task: The task; only to compare.
 * @active: Number of its ranges that have not ended.
 */
struct mn_debug_task {
	struct callback_head work;
	struct hlist_node node;
	const struct task_struct *task;
	unsigned int active;
};

/**
 * struct mn_debug_range - a range that has started and has not ended
 * @node: Entry in mn_debug_ranges; or in the list of those that are free.
 * @range: Where it is; only to compare.
 * @copy: What it was when it started.
 * @by: Where it was started.
 * @task: The task that started it; NULL if that does not return to user space.
 * @starter: The task that started it; only to compare.
 * @starter_began: When that began, as another one may have its address.
 * @pid: Its number.
 * @dying: Those of MN_DEBUG_DYING that it had then.
 * @excused: Whether no more is to be reported of it. Something has been: that it is a
 *	copy, or that what looks like a copy has started or ended. Or its task has
 *	died in the kernel. It may be active still.
 *
 * Under mn_debug_lock.
 */
struct mn_debug_range {
	struct hlist_node node;
	const struct mmu_notifier_range *range;
	struct mmu_notifier_range copy;
	unsigned long by;
	struct mn_debug_task *task;
	const struct task_struct *starter;
	u64 starter_began;
	pid_t pid;
	unsigned int dying;
	bool excused;
};

static DEFINE_HASHTABLE(mn_debug_ranges, 8);
static DEFINE_HASHTABLE(mn_debug_tasks, 6);
static struct mn_debug_range mn_debug_range_pool[MN_DEBUG_RANGES];
static struct mn_debug_task mn_debug_task_pool[MN_DEBUG_TASKS];
static HLIST_HEAD(mn_debug_free_ranges);
static HLIST_HEAD(mn_debug_free_tasks);

static struct mn_debug_range *
mn_debug_find(const struct mmu_notifier_range *range)
{
	struct mn_debug_range *entry;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each_possible(mn_debug_ranges, entry, node,
			       (unsigned long)range) {
		if (entry->range == range)
			return entry;
	}
	return NULL;
}

static bool mn_debug_same(const struct mmu_notifier_range *a,
			  const struct mmu_notifier_range *b)
{
	return a->mm == b->mm && a->start == b->start && a->end == b->end &&
	       a->event == b->event && a->owner == b->owner &&
	       !((a->flags ^ b->flags) & MMU_NOTIFIER_RANGE_BLOCKABLE);
}

/* Returns a range that is the same, which may be a copy as well. */
static struct mn_debug_range *
mn_debug_find_same(const struct mmu_notifier_range *range)
{
	struct mn_debug_range *entry;
	unsigned int i;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each(mn_debug_ranges, i, entry, node) {
		if (entry->copy.seq == range->seq &&
		    entry->copy.section == range->section &&
		    mn_debug_same(&entry->copy, range))
			return entry;
	}
	return NULL;
}

/* Returns the range that this is a copy of, unless there is doubt. */
static struct mn_debug_range *
mn_debug_find_original(const struct mmu_notifier_range *range)
{
	struct mn_debug_range *found = mn_debug_find_same(range), *other = NULL;

	if (found) {
		hash_del(&found->node);
		other = mn_debug_find_same(range);
		hash_add(mn_debug_ranges, &found->node,
			 (unsigned long)found->range);
	}
	return other ? NULL : found;
}

static void mn_debug_drop_task(struct mn_debug_range *entry)
{
	if (entry->task)
		entry->task->active--;
	entry->task = NULL;
}

static void mn_debug_drop(struct mn_debug_range *entry)
{
	lockdep_assert_held(&mn_debug_lock);

	mn_debug_drop_task(entry);
	hash_del(&entry->node);
	hlist_add_head(&entry->node, &mn_debug_free_ranges);
}

/* Lockdep reports it as well, a moment later, if it is called then. */
static bool mn_debug_is_held(const struct mn_debug_range *entry)
{
	return IS_ENABLED(CONFIG_LOCKDEP) && IS_ENABLED(CONFIG_GENERIC_ENTRY) &&
	       debug_locks &&
	       entry->copy.section & MN_SECTION_ENTERED;
}

/* Takes a range of the task out of its account. */
static bool mn_debug_take(struct mn_debug_task *task,
			  struct mn_debug_range *taken)
{
	struct mn_debug_range *entry;
	unsigned int i;

	lockdep_assert_held(&mn_debug_lock);

	if (!task->active)
		return false;
	hash_for_each(mn_debug_ranges, i, entry, node) {
		if (entry->task != task)
			continue;
		mn_debug_drop_task(entry);
		*taken = *entry;
		/* A task that dies in the kernel does not return. */
		if (current->flags & MN_DEBUG_DYING)
			taken->excused = true;
		/* Who has its stack next, and the end of the mm, are not to blame. */
		entry->excused = true;
		return true;
	}
	return false;
}

/* The task leaves the kernel. What it leaves behind may end yet, or with the mm. */
static void mn_debug_leave(struct callback_head *work)
{
	struct mn_debug_task *task = container_of(work, struct mn_debug_task,
						  work);
	struct mn_debug_range left;
	unsigned long flags;

	for (;;) {
		raw_spin_lock_irqsave(&mn_debug_lock, flags);
		if (!mn_debug_take(task, &left))
			break;
		raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
		if (left.excused || mn_debug_is_held(&left))
			continue;
		mn_debug_report(left.by,
				"%pS has started [%#lx, %#lx), which is active on return to user space\n",
				(void *)left.by, left.copy.start, left.copy.end);
	}
	hash_del(&task->node);
	hlist_add_head(&task->node, &mn_debug_free_tasks);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
}

static struct mn_debug_task *mn_debug_find_task(void)
{
	struct mn_debug_task *task;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each_possible(mn_debug_tasks, task, node,
			       (unsigned long)current) {
		if (task->task == current)
			return task;
	}
	return NULL;
}

/* Returns a new one, which is not in the table yet, or NULL. */
static struct mn_debug_task *mn_debug_new_task(void)
{
	struct mn_debug_task *task = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	if (!mn_debug_find_task()) {
		task = hlist_entry_safe(mn_debug_free_tasks.first,
					struct mn_debug_task, node);
		if (task)
			hlist_del_init(&task->node);
		else
			atomic_long_inc(&mn_debug_lost_tasks);
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	return task;
}

/* Have mn_debug_leave() called. Other tasks do not touch what is current's. */
static void mn_debug_watch_task(void)
{
	struct mn_debug_task *task;
	unsigned long flags;
	bool failed;

	if (current->flags & (PF_KTHREAD | PF_IO_WORKER | MN_DEBUG_DYING) ||
	    !in_task())
		return;
	task = mn_debug_new_task();
	if (!task)
		return;

	task->task = current;
	task->active = 0;
	init_task_work(&task->work, mn_debug_leave);
	failed = task_work_add(current, &task->work, TWA_RESUME);

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	if (failed)
		hlist_add_head(&task->node, &mn_debug_free_tasks);
	else
		hash_add(mn_debug_tasks, &task->node, (unsigned long)current);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
}

/* It exits, which it did not yet when it started the range. */
static bool mn_debug_dies_in(const struct task_struct *task,
			     const struct mn_debug_range *entry)
{
	return READ_ONCE(task->flags) & MN_DEBUG_DYING & ~entry->dying;
}

/*
 * On a stack that was another task's, or that is used from its top again, as a task
 * does that dies: that died in the range, and harms no more.
 */
static bool mn_debug_starter_died(const struct mn_debug_range *entry)
{
	return object_is_on_stack(entry->range) &&
	       (entry->starter != current ||
		entry->starter_began != current->start_boottime ||
		mn_debug_dies_in(current, entry));
}

/* A task that died in the range, or is about to, has not forgotten its end. */
static bool mn_debug_starter_may_have_died(const struct mn_debug_range *entry)
{
	const struct task_struct *task;
	bool gone;

	rcu_read_lock();
	task = find_task_by_pid_ns(entry->pid, &init_pid_ns);
	gone = task != entry->starter || READ_ONCE(task->exit_state) ||
	       task->start_boottime != entry->starter_began ||
	       mn_debug_dies_in(task, entry);
	rcu_read_unlock();
	return gone;
}

/*
 * Returns what was at this place before, or what is started a second time as a copy;
 * with ->by 0 if there is neither.
 */
static struct mn_debug_range
mn_debug_note(struct mmu_notifier_range *range, unsigned long by)
{
	struct mn_debug_range old = { }, *entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	entry = mn_debug_find(range);
	if (entry) {
		if (!mn_debug_starter_died(entry))
			old = *entry;
		mn_debug_drop(entry);
	} else if (range->seq % 2 || range->section) {
		/* It looks active, and not like one that has ended. */
		entry = mn_debug_find_same(range);
		if (entry) {
			old = *entry;
			entry->excused = true;
		}
	}
	entry = hlist_entry_safe(mn_debug_free_ranges.first,
				 struct mn_debug_range, node);
	if (entry) {
		hlist_del(&entry->node);
		entry->range = range;
		entry->copy = *range;
		entry->by = by;
		entry->starter = current;
		entry->starter_began = current->start_boottime;
		entry->pid = task_pid_nr(current);
		entry->dying = current->flags & MN_DEBUG_DYING;
		entry->excused = old.by && old.range != range;
		range->flags &= ~MN_DEBUG_RANGE_LOST;
		entry->task = mn_debug_find_task();
		if (entry->task)
			entry->task->active++;
		hash_add(mn_debug_ranges, &entry->node, (unsigned long)range);
	} else {
		range->flags |= MN_DEBUG_RANGE_LOST;
		atomic_long_inc(&mn_debug_lost_ranges);
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	return old;
}

static void mn_debug_say(struct mmu_notifier_range *range, bool said)
{
	range->flags &= ~MN_DEBUG_RANGE_SAID;
	if (said)
		range->flags |= MN_DEBUG_RANGE_SAID;
}

/* The end of the address space is 0. */
static bool mn_debug_is_empty(unsigned long start, unsigned long end)
{
	return end && start >= end;
}

void __mn_debug_start(struct mmu_notifier_range *range)
{
	struct mn_debug_range old;

	if (mn_debug_is_empty(range->start, range->end))
		mn_debug_report(_RET_IP_, "%pS starts [%#lx, %#lx), which is empty\n",
				(void *)_RET_IP_, range->start, range->end);
	mn_debug_watch_task();
	old = mn_debug_note(range, _RET_IP_);
	mn_debug_say(range, old.by);
	if (old.by && old.range != range)
		mn_debug_report(_RET_IP_,
				"%pS starts a copy of [%#lx, %#lx), which %pS has started\n",
				(void *)_RET_IP_, old.copy.start, old.copy.end,
				(void *)old.by);
	else if (old.by && !old.excused)
		mn_debug_report(_RET_IP_,
				"%pS starts a range while [%#lx, %#lx) is active there, which %pS has started\n",
				(void *)_RET_IP_, old.copy.start, old.copy.end,
				(void *)old.by);
}

void __mn_debug_started(const struct mmu_notifier_range *range, int err)
{
	struct mn_debug_range *entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	entry = mn_debug_find(range);
	if (entry && !err)
		entry->copy = *range;
	else if (entry && !mn_debug_has_said(range))
		mn_debug_drop(entry);
	else if (entry)
		entry->excused = true;	/* it may be active since an earlier start */
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
}

static void mn_debug_report_end(const struct mmu_notifier_range *range,
				const struct mn_debug_range *old,
				unsigned long by)
{
	if (!old->by)
		mn_debug_report(by, "%pS ends [%#lx, %#lx), which is not active\n",
				(void *)by, range->start, range->end);
	else if (old->range != range)
		mn_debug_report(by, "%pS ends a copy of [%#lx, %#lx), which %pS has started\n",
				(void *)by, range->start, range->end,
				(void *)old->by);
	else
		mn_debug_report(by,
				"%pS ends [%#lx, %#lx), which was [%#lx, %#lx) or of another kind when %pS started it\n",
				(void *)by, range->start, range->end,
				old->copy.start, old->copy.end, (void *)old->by);
}

void __mn_debug_end(struct mmu_notifier_range *range)
{
	const bool lost = range->flags & MN_DEBUG_RANGE_LOST;
	struct mn_debug_range *entry, old = { };
	bool wrong = !lost, said = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	entry = mn_debug_find(range);
	if (entry) {
		said = entry->excused;
		/* Also one that has been initialised again. */
		wrong = !mn_debug_same(&entry->copy, range) ||
			(!said && (entry->copy.seq != range->seq ||
				   entry->copy.section != range->section));
		old = *entry;
		mn_debug_drop(entry);
	} else if (!lost) {
		entry = mn_debug_find_original(range);
		if (entry) {
			old = *entry;
			entry->excused = true;
		}
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);

	mn_debug_say(range, wrong || said);
	if (wrong)
		mn_debug_report_end(range, &old, _RET_IP_);
}

void __mn_debug_flush(unsigned long start, unsigned long end)
{
	if (mn_debug_is_empty(start, end))
		mn_debug_report(_RET_IP_,
				"%pS flushes [%#lx, %#lx) from secondary TLBs, which is empty\n",
				(void *)_RET_IP_, start, end);
}

/*
 * The end of the mm
 */

static bool mn_debug_take_from(const struct mm_struct *mm,
			       struct mn_debug_range *taken)
{
	struct mn_debug_range *entry;
	unsigned int i;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each(mn_debug_ranges, i, entry, node) {
		if (entry->copy.mm != mm)
			continue;
		*taken = *entry;
		mn_debug_drop(entry);
		return true;
	}
	return false;
}

static void mn_debug_ranges_gone(const struct mm_struct *mm)
{
	struct mn_debug_range left;
	unsigned long flags;
	bool found;

	do {
		raw_spin_lock_irqsave(&mn_debug_lock, flags);
		found = mn_debug_take_from(mm, &left);
		raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
		if (found && !left.excused &&
		    !mn_debug_starter_may_have_died(&left))
			mn_debug_report(left.by,
					"%pS has started [%#lx, %#lx), which is active when its mm is freed\n",
					(void *)left.by, left.copy.start,
					left.copy.end);
	} while (found);
}

/* Each holds a reference to the mm: someone has dropped one too many. */
static void
mn_debug_subscriptions_gone(struct mmu_notifier_subscriptions *subscriptions)
{
	struct mn_ranges *ranges = mn_ranges(subscriptions);
	const struct mmu_interval_notifier_ops *ops;
	const struct mmu_notifier_ops *mm_ops;
	struct mmu_interval_notifier *interval_sub;
	struct mmu_notifier *subscription;
	struct rb_node *node;

	hlist_for_each_entry(subscription, &subscriptions->list, hlist) {
		mm_ops = mn_filter_driver_mm_ops(subscription->ops);
		mn_debug_report(mm_ops, "%ps is registered when its mm is freed\n",
				mm_ops);
	}
	if (!ranges)
		return;
	for (node = rb_first_cached(&ranges->itree); node;
	     node = rb_next(node)) {
		interval_sub = rb_entry(node, struct mmu_interval_notifier,
					interval_tree.rb);
		ops = mn_filter_driver_ops(mn_ops_of(interval_sub));
		mn_debug_report(ops, "%ps is inserted when its mm is freed\n",
				ops);
	}
}

void __mn_debug_mm_gone(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mn_subscriptions(mm);

	mn_debug_ranges_gone(mm);
	if (subscriptions)
		mn_debug_subscriptions_gone(subscriptions);
}

/*
 * Readers and callbacks of interval_subs
 */

/**
 * struct mn_debug_locks - locks, as lockdep knows them
 * @lock: The locks; only to compare.
 * @nr: Their number.
 */
struct mn_debug_locks {
	const void *lock[MN_DEBUG_LOCKS];
	unsigned int nr;
};

/**
 * struct mn_debug_sub - an interval_sub that has had a reader since its insertion
 * @node: Entry in mn_debug_subs.
 * @interval_sub: The interval_sub; only to compare.
 * @reads: Where its driver's read sections are counted, or NULL; constant.
 * @read: Whether a read section has ended.
 * @events: Mask of the events that its callback has stored the sequence of.
 * @taken: Locks that its callback has taken and held while it stored a sequence.
 * @user: Those of them that a read section has ended under.
 *
 * Under mn_debug_lock.
 */
struct mn_debug_sub {
	struct hlist_node node;
	const struct mmu_interval_notifier *interval_sub;
	struct mn_debug_reads *reads;
	bool read;
	unsigned long events;
	struct mn_debug_locks taken;
	struct mn_debug_locks user;
};

static DEFINE_HASHTABLE(mn_debug_subs, 10);
static DEFINE_HASHTABLE(mn_debug_calls, 6);
static struct mn_debug_call mn_debug_call_pool[MN_DEBUG_CALLS];
static HLIST_HEAD(mn_debug_free_calls);

static struct mn_debug_sub *
mn_debug_find_sub(const struct mmu_interval_notifier *interval_sub)
{
	struct mn_debug_sub *sub;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each_possible(mn_debug_subs, sub, node,
			       (unsigned long)interval_sub) {
		if (sub->interval_sub == interval_sub)
			return sub;
	}
	return NULL;
}

/* Returns the callback that was called with this sequence and is running. */
static struct mn_debug_call *
mn_debug_find_call(const struct mmu_interval_notifier *interval_sub,
		   unsigned long seq)
{
	struct mn_debug_call *call;

	lockdep_assert_held(&mn_debug_lock);

	hash_for_each_possible(mn_debug_calls, call, node,
			       (unsigned long)interval_sub) {
		if (call->interval_sub == interval_sub && call->seq == seq)
			return call;
	}
	return NULL;
}

/*
 * Statistics: how many read sections each driver has begun and compared. An entry is
 * set once.
 */
static struct mn_debug_reads {
	const struct mmu_interval_notifier_ops *ops;
	atomic_long_t begun;
	atomic_long_t compared;
} mn_debug_reads[MN_DEBUG_READS];

static struct mn_debug_reads *
mn_debug_reads_of(const struct mmu_interval_notifier_ops *ops)
{
	const struct mmu_interval_notifier_ops *old;
	unsigned int i;

	for (i = 0; i < MN_DEBUG_READS; i++) {
		old = READ_ONCE(mn_debug_reads[i].ops) ?:
		      cmpxchg(&mn_debug_reads[i].ops, NULL, ops);
		if (!old || old == ops)
			return &mn_debug_reads[i];
	}
	return NULL;
}

/* Returns whether it is known that it has readers. */
static bool mn_debug_count_read(const struct mmu_interval_notifier *interval_sub)
{
	struct mn_debug_sub *sub;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	sub = mn_debug_find_sub(interval_sub);
	if (sub && sub->reads)
		atomic_long_inc(&sub->reads->begun);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	return sub;
}

/*
 * Under ranges->lock: what is in the tree has its ops, and is forgotten when it leaves.
 * What is not belongs to a late reader.
 */
static bool mn_debug_add_sub(struct mn_debug_sub *new)
{
	const struct mmu_interval_notifier *interval_sub = new->interval_sub;
	unsigned long flags;

	/* One that was never inserted may have no ops, and a node of zeroes. */
	if (RB_EMPTY_NODE(&interval_sub->interval_tree.rb) ||
	    !interval_sub->ops)
		return false;
	new->reads = mn_debug_reads_of(mn_filter_driver_ops(mn_ops_of(interval_sub)));
	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	if (mn_debug_find_sub(interval_sub))
		new->interval_sub = NULL;
	else
		hash_add(mn_debug_subs, &new->node,
			 (unsigned long)interval_sub);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	return new->interval_sub;
}

/* Note that there are readers. */
void __mn_debug_read(const struct mmu_interval_notifier *interval_sub)
{
	struct mn_ranges *ranges = mn_ranges_of_mm(interval_sub->mm);
	struct mn_debug_sub *new;
	bool added;

	if (mn_debug_count_read(interval_sub))
		return;
	new = kzalloc_obj(*new, GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC);
	if (!new) {
		atomic_long_inc(&mn_debug_lost_subs);
		return;
	}
	new->interval_sub = interval_sub;
	spin_lock(&ranges->lock);
	added = mn_debug_add_sub(new);
	spin_unlock(&ranges->lock);
	if (!added)
		kfree(new);
	mn_debug_count_read(interval_sub);
}

void __mn_debug_forget(const struct mmu_interval_notifier *interval_sub)
{
	struct mn_debug_sub *sub;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	sub = mn_debug_find_sub(interval_sub);
	if (sub)
		hash_del(&sub->node);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	kfree(sub);
}

/*
 * Locks
 */

static bool mn_debug_has(const struct mn_debug_locks *locks, const void *lock)
{
	unsigned int i;

	for (i = 0; i < locks->nr; i++) {
		if (locks->lock[i] == lock)
			return true;
	}
	return false;
}

static void mn_debug_add(struct mn_debug_locks *locks, const void *lock)
{
	if (locks->nr < MN_DEBUG_LOCKS && !mn_debug_has(locks, lock))
		locks->lock[locks->nr++] = lock;
}

#ifdef CONFIG_LOCKDEP
static unsigned int mn_debug_depth(void)
{
	return current->lockdep_depth;
}

/* Whether current's locks are known: lockdep stops for good, and sees all until then. */
static bool mn_debug_knows_locks(void)
{
	return debug_locks && in_task() && !lockdep_recursing(current);
}

/* What current holds, from one depth to another; of what excludes something. */
static struct mn_debug_locks mn_debug_held(unsigned int depth, unsigned int end)
{
	struct mn_debug_locks locks = { };

	for (; depth < end; depth++) {
		const struct held_lock *held = &current->held_locks[depth];

		/* RCU and SRCU are recursive. */
		if (held->read != 2)
			mn_debug_add(&locks, held->instance);
	}
	return locks;
}
#else
static unsigned int mn_debug_depth(void)
{
	return 0;
}

static bool mn_debug_knows_locks(void)
{
	return false;
}

static struct mn_debug_locks mn_debug_held(unsigned int depth, unsigned int end)
{
	return (struct mn_debug_locks) { };
}
#endif

/* Adds those of @locks that current holds up to this depth, whatever else it holds. */
static void mn_debug_add_held(struct mn_debug_locks *to,
			      const struct mn_debug_locks *locks,
			      unsigned int depth)
{
	struct mn_debug_locks held;
	unsigned int i;

	while (depth--) {
		held = mn_debug_held(depth, depth + 1);
		for (i = 0; i < held.nr; i++) {
			if (mn_debug_has(locks, held.lock[i]))
				mn_debug_add(to, held.lock[i]);
		}
	}
}

/*
 * Sequences and callbacks
 */

/*
 * The user lock is known if the callback has taken it to store a sequence, and a read
 * section has ended under it. It is not held if the callback has taken no lock at all,
 * and has not been called under it either.
 */
static bool mn_debug_lacks_lock(struct mn_debug_sub *sub,
				const struct mn_debug_call *call,
				unsigned int depth)
{
	struct mn_debug_locks held = { };
	unsigned int i;

	lockdep_assert_held(&mn_debug_lock);

	if (call->task != current || !mn_debug_knows_locks())
		return false;
	if (depth > call->depth) {
		held = mn_debug_held(call->depth, depth);
		for (i = 0; i < held.nr; i++)
			mn_debug_add(&sub->taken, held.lock[i]);
		return false;
	}
	mn_debug_add_held(&held, &sub->user, depth);
	return sub->user.nr && !held.nr;
}

static bool
mn_debug_is_filtered(const struct mmu_interval_notifier *interval_sub)
{
	const struct mmu_interval_notifier_ops *ops = mn_ops_of(interval_sub);

	return mn_filter_driver_ops(ops) != ops;
}

void __mn_debug_set_seq(struct mmu_interval_notifier *interval_sub,
			unsigned long seq)
{
	/* Without mn_debug_lock. */
	const unsigned int depth = mn_debug_depth();
	struct mn_debug_call *call;
	struct mn_debug_sub *sub;
	bool unlocked = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	call = mn_debug_find_call(interval_sub, seq);
	if (call) {
		call->set = true;
		sub = mn_debug_find_sub(interval_sub);
		/* A filter stores sequences itself, and without the user lock. */
		if (sub && !mn_debug_is_filtered(interval_sub)) {
			sub->events |= BIT(call->event);
			unlocked = mn_debug_lacks_lock(sub, call, depth);
		}
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);

	if (!call && !atomic_long_read(&mn_debug_lost_calls))
		mn_debug_report(_RET_IP_,
				"%pS stores a sequence that no running callback of the interval was called with\n",
				(void *)_RET_IP_);
	if (unlocked && mn_debug_knows_locks())
		mn_debug_report(_RET_IP_, "%pS stores a sequence without the user lock\n",
				(void *)_RET_IP_);
}
EXPORT_SYMBOL_GPL(__mn_debug_set_seq);

/* Whether it is inserted, and this is its sequence. */
static __no_kmsan_checks bool
mn_debug_is_current(const struct mmu_interval_notifier *interval_sub,
		    unsigned long seq)
{
	/* A neighbour may write to the node; a reader, or a filter, holds no lock. */
	if (data_race(RB_EMPTY_NODE(&interval_sub->interval_tree.rb)))
		return false;
	return READ_ONCE(interval_sub->invalidate_seq) == seq;
}

/*
 * The locks that current holds and the callback takes are user locks. A sequence that is
 * found again was not returned by a begin, if there was none; what collides does no harm.
 */
void __mn_debug_retry(struct mmu_interval_notifier *interval_sub,
		      unsigned long seq)
{
	/* Without mn_debug_lock. */
	const unsigned int depth = mn_debug_depth();
	struct mn_debug_sub *sub;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	sub = mn_debug_find_sub(interval_sub);
	if (sub) {
		sub->read = true;
		if (sub->reads)
			atomic_long_inc(&sub->reads->compared);
		if (mn_debug_knows_locks())
			mn_debug_add_held(&sub->user, &sub->taken, depth);
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);

	if (!sub && mn_debug_is_current(interval_sub, seq) &&
	    !atomic_long_read(&mn_debug_lost_subs))
		mn_debug_report(_RET_IP_,
				"%pS ends a read section of an interval in which none has begun\n",
				(void *)_RET_IP_);
}
EXPORT_SYMBOL_GPL(__mn_debug_retry);

/* Returns NULL if it is not noted. */
struct mn_debug_call *
__mn_debug_call_begin(const struct mmu_interval_notifier *interval_sub,
		      const struct mmu_notifier_range *range, unsigned long seq)
{
	/* Without mn_debug_lock. */
	const unsigned int depth = mn_debug_depth();
	const struct mn_debug_sub *sub;
	struct mn_debug_call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	call = hlist_entry_safe(mn_debug_free_calls.first,
				struct mn_debug_call, node);
	if (call) {
		hlist_del(&call->node);
		sub = mn_debug_find_sub(interval_sub);
		call->interval_sub = interval_sub;
		call->range = range;
		call->event = range->event;
		call->seq = seq;
		call->task = current;
		call->slept = mn_debug_sleeps();
		call->depth = depth;
		call->read = sub && sub->read;
		call->set = false;
		hash_add(mn_debug_calls, &call->node,
			 (unsigned long)interval_sub);
	} else {
		atomic_long_inc(&mn_debug_lost_calls);
	}
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	return call;
}

/* Whether a callback that has not stored the sequence should have. */
static bool mn_debug_needs_seq(const struct mn_debug_call *call)
{
	const struct mmu_notifier_range *range = call->range;
	const struct mn_debug_sub *sub;
	unsigned long events;

	lockdep_assert_held(&mn_debug_lock);

	sub = mn_debug_find_sub(call->interval_sub);
	if (!sub || !call->read || range->owner ||
	    range->event == MMU_NOTIFY_RELEASE ||
	    !atomic_read(&range->mm->mm_users))
		return false;
	events = sub->events | BIT(MMU_NOTIFY_UNMAP);
	return events & BIT(range->event);
}

void __mn_debug_call_end(struct mn_debug_call *call,
			 const struct mmu_interval_notifier_ops *ops, bool done)
{
	const struct mmu_interval_notifier *interval_sub;
	const struct mmu_notifier_range *range;
	unsigned long flags, slept;
	bool missing;

	if (!call)
		return;
	interval_sub = call->interval_sub;
	range = call->range;
	slept = call->slept;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	hash_del(&call->node);
	missing = ops && done && !call->set && mn_debug_needs_seq(call);
	hlist_add_head(&call->node, &mn_debug_free_calls);
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);

	/* That of the driver has been looked at. */
	if (mn_is_stand_in(interval_sub))
		return;
	/* Readers collide with its removal. */
	if (missing && !data_race(!!interval_sub->removed))
		mn_debug_report(mn_driver_callback(ops),
				"%ps did not call mmu_interval_set_seq()\n",
				mn_driver_callback(ops));
	__mn_debug_slept(range, slept, ops ?
			 mn_driver_callback(ops) :
			 READ_ONCE(interval_sub->ops)->invalidate_finish);
}

/* Nothing more is expected of this callback. */
void __mn_debug_refused(const struct mmu_interval_notifier *interval_sub,
			unsigned long seq)
{
	struct mn_debug_call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	call = mn_debug_find_call(interval_sub, seq);
	if (call)
		call->set = true;
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
}

/* With DEBUG_ATOMIC_SLEEP, whatever may sleep is reported, whether or not it does. */
void __mn_debug_slept(const struct mmu_notifier_range *range,
		      unsigned long slept, const void *callback)
{
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && mn_forbids_sleep(range) &&
	    mn_debug_sleeps() != slept)
		mn_debug_report(callback, "%ps slept in a non-blocking invalidation\n",
				callback);
}

/*
 * Boot
 */

static bool mn_debug_wanted __initdata =
	IS_ENABLED(CONFIG_DEBUG_MMU_NOTIFIER_DEFAULT_ON);

static int __init mn_debug_param(char *text)
{
	return kstrtobool(text, &mn_debug_wanted);
}
early_param("debug_mmu_notifier", mn_debug_param);

/* Before there is an mm of user space. Not switched off again: ranges may be active. */
static int __init mn_debug_init(void)
{
	unsigned int i;

	if (!mn_debug_wanted)
		return 0;
	for (i = 0; i < MN_DEBUG_RANGES; i++)
		hlist_add_head(&mn_debug_range_pool[i].node,
			       &mn_debug_free_ranges);
	for (i = 0; i < MN_DEBUG_TASKS; i++)
		hlist_add_head(&mn_debug_task_pool[i].node,
			       &mn_debug_free_tasks);
	for (i = 0; i < MN_DEBUG_CALLS; i++)
		hlist_add_head(&mn_debug_call_pool[i].node,
			       &mn_debug_free_calls);
	static_branch_enable(&mmu_notifier_debug_key);
	return 0;
}
early_initcall(mn_debug_init);

static void mn_debug_show_active(struct seq_file *file)
{
	const struct mn_debug_range *range;
	const struct mn_debug_call *call;
	unsigned int i, ranges = 0, calls = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&mn_debug_lock, flags);
	hash_for_each(mn_debug_ranges, i, range, node)
		ranges++;
	hash_for_each(mn_debug_calls, i, call, node)
		calls++;
	raw_spin_unlock_irqrestore(&mn_debug_lock, flags);
	seq_printf(file, "active: ranges %u callbacks %u\n", ranges, calls);
}

static int mn_debug_show(struct seq_file *file, void *unused)
{
	unsigned int i;

	mn_debug_show_active(file);
	seq_printf(file, "not noted: sites %ld ranges %ld tasks %ld intervals %ld calls %ld\n",
		   atomic_long_read(&mn_debug_lost_sites),
		   atomic_long_read(&mn_debug_lost_ranges),
		   atomic_long_read(&mn_debug_lost_tasks),
		   atomic_long_read(&mn_debug_lost_subs),
		   atomic_long_read(&mn_debug_lost_calls));
	for (i = 0; i < MN_DEBUG_READS && READ_ONCE(mn_debug_reads[i].ops); i++)
		seq_printf(file, "%ps: read sections begun %ld compared %ld\n",
			   mn_debug_reads[i].ops,
			   atomic_long_read(&mn_debug_reads[i].begun),
			   atomic_long_read(&mn_debug_reads[i].compared));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mn_debug);

static int __init mn_debug_debugfs(void)
{
	if (mn_debug_is_on())
		debugfs_create_file("mmu_notifier_debug", 0400, NULL, NULL,
				    &mn_debug_fops);
	return 0;
}
late_initcall(mn_debug_debugfs);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of kernel.h, on what tasks.h has.
 */

#include <linux/mmu_notifier.h>

#include "model.h"

/*
 * Memory
 */

static long test_allocated;

void *test_alloc(size_t size)
{
	if (current->must_not_alloc)
		fail("an invalidation allocates memory");
	task_may_sleep();
	if (model_alloc_fails())
		return NULL;
	__atomic_add_fetch(&test_allocated, 1, __ATOMIC_RELAXED);
	return calloc(1, size);
}

void test_free(void *object)
{
	if (object)
		__atomic_sub_fetch(&test_allocated, 1, __ATOMIC_RELAXED);
	free(object);
}

long test_nr_allocated(void)
{
	return __atomic_load_n(&test_allocated, __ATOMIC_RELAXED);
}

u32 get_random_u32(void)
{
	return model_random();
}

/*
 * Tasks
 */

void task_may_sleep(void)
{
	sched_point();
	if (current->spins)
		fail("may sleep with a spinlock");
	if (current->non_block)
		fail("may sleep in a non-blocking invalidation");
}

void task_warned(const char *format, ...)
{
	va_list args;
	unsigned int i;

	current->warned++;
	if (!strncmp(format, "%s", 2)) {
		va_start(args, format);
		format = va_arg(args, const char *);
		va_end(args);
	}
	for (i = 0; i < current->nr_warnings; i++) {
		if (current->warnings[i] == format)
			return;
	}
	if (current->nr_warnings == MAX_WARNINGS)
		fail("too many warnings in one call; the last is: %s", format);
	current->warnings[current->nr_warnings++] = format;
}

bool task_has_signal(struct task_struct *task)
{
	return __atomic_load_n(&task->signal, __ATOMIC_ACQUIRE);
}

/*
 * Locks
 */

void test_assert_locked(const struct test_lock *lock)
{
	if (lock->owner != current)
		fail("does not have the lock");
}

/*
 * Wait queues
 */

void init_waitqueue_head(struct wait_queue_head *queue)
{
	test_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->head);
}

/* Returns whether the wait ends because of a signal. */
bool test_prepare_to_wait(struct wait_queue_head *queue,
			  struct wait_queue_entry *entry, unsigned int state)
{
	bool signal = state == TASK_KILLABLE && task_has_signal(current);

	test_lock(&queue->lock);
	if (signal)
		list_del_init(&entry->entry);
	else if (list_empty(&entry->entry))
		list_add_tail(&entry->entry, &queue->head);
	if (!signal)
		__atomic_store_n(&current->state, state, __ATOMIC_SEQ_CST);
	test_unlock(&queue->lock);
	/* One that came before the state did not wake it. */
	if (!signal && state == TASK_KILLABLE && task_has_signal(current))
		task_wake(current);
	return signal;
}

void test_finish_wait(struct wait_queue_head *queue,
		      struct wait_queue_entry *entry)
{
	__atomic_store_n(&current->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	test_lock(&queue->lock);
	list_del_init(&entry->entry);
	test_unlock(&queue->lock);
}

void add_wait_queue(struct wait_queue_head *queue,
		    struct wait_queue_entry *entry)
{
	test_lock(&queue->lock);
	list_add(&entry->entry, &queue->head);
	test_unlock(&queue->lock);
}

void test_wake_up(struct wait_queue_head *queue, const void *var)
{
	struct wait_queue_entry *entry, *next;

	test_lock(&queue->lock);
	list_for_each_entry_safe(entry, next, &queue->head, entry) {
		if (entry->var != var)
			continue;
		if (entry->func) {
			entry->func(entry, 0, 0, NULL);
			continue;
		}
		list_del_init(&entry->entry);
		task_wake(entry->task);
	}
	test_unlock(&queue->lock);
}

struct wait_queue_head test_variables;

static void __attribute__((__constructor__)) test_variables_init(void)
{
	init_waitqueue_head(&test_variables);
}

/*
 * Work
 */

static void test_run_work(struct test_job *job)
{
	struct work_struct *work = container_of(job, struct work_struct, job);

	work->func(work);
}

void schedule_work(struct work_struct *work)
{
	work->job.run = test_run_work;
	work->job.ready = NULL;
	test_queue(&work->job);
}

/*
 * SRCU
 */

static long test_srcus;

long test_nr_srcus(void)
{
	return __atomic_load_n(&test_srcus, __ATOMIC_RELAXED);
}

int init_srcu_struct(struct srcu_struct *srcu)
{
	if (model_alloc_fails())
		return -ENOMEM;
	__atomic_add_fetch(&test_srcus, 1, __ATOMIC_RELAXED);
	memset(srcu, 0, sizeof(*srcu));
	test_raw_lock_init(&srcu->lock);
	return 0;
}

void cleanup_srcu_struct(struct srcu_struct *srcu)
{
	task_may_sleep();
	if (srcu->readers[0] || srcu->readers[1])
		fail("SRCU goes away with readers");
	if (srcu->callbacks || srcu->wanted > srcu->done)
		fail("SRCU goes away while a grace period is waited for");
	__atomic_sub_fetch(&test_srcus, 1, __ATOMIC_RELAXED);
}

/* A grace period waits for the readers that are there when it flips the index. */
static void srcu_advance(struct srcu_struct *srcu)
{
	while (srcu->done < srcu->wanted) {
		if (!srcu->flipped) {
			srcu->index ^= 1;
			srcu->flipped = true;
		}
		if (srcu->readers[srcu->index ^ 1])
			break;
		srcu->flipped = false;
		srcu->done++;
	}
}

static unsigned long srcu_want(struct srcu_struct *srcu)
{
	unsigned long done = srcu->done + 1 + srcu->flipped;

	if (srcu->wanted < done)
		srcu->wanted = done;
	srcu_advance(srcu);
	return done;
}

/* What another task may leave. */
int srcu_down_read(struct srcu_struct *srcu)
{
	int index;

	sched_point();
	test_raw_lock(&srcu->lock);
	index = srcu->index;
	srcu->readers[index]++;
	test_raw_unlock(&srcu->lock);
	sched_point();
	return index;
}

int srcu_read_lock(struct srcu_struct *srcu)
{
	current->sections++;
	return srcu_down_read(srcu);
}

void srcu_up_read(struct srcu_struct *srcu, int index)
{
	sched_point();
	test_raw_lock(&srcu->lock);
	if (!srcu->readers[index])
		fail("SRCU is left by a reader that has not entered it");
	srcu->readers[index]--;
	srcu_advance(srcu);
	test_raw_unlock(&srcu->lock);
	test_changed();
}

void srcu_read_unlock(struct srcu_struct *srcu, int index)
{
	current->sections--;
	srcu_up_read(srcu, index);
}

struct srcu_wait {
	struct srcu_struct *srcu;
	unsigned long done;
};

static bool srcu_is_done(struct srcu_struct *srcu, unsigned long done)
{
	bool is_done;

	test_raw_lock(&srcu->lock);
	is_done = srcu->done >= done;
	test_raw_unlock(&srcu->lock);
	return is_done;
}

static bool srcu_wait_is_done(void *arg)
{
	struct srcu_wait *wait = arg;

	return srcu_is_done(wait->srcu, wait->done);
}

void synchronize_srcu(struct srcu_struct *srcu)
{
	struct srcu_wait wait = { .srcu = srcu };

	task_may_sleep();
	test_raw_lock(&srcu->lock);
	wait.done = srcu_want(srcu);
	test_raw_unlock(&srcu->lock);
	test_changed();
	current->sleeps_in_core = true;
	task_wait(srcu_wait_is_done, &wait, "a grace period");
	current->sleeps_in_core = false;
}

static bool srcu_callback_is_ready(struct test_job *job)
{
	struct rcu_head *head = container_of(job, struct rcu_head, job);

	return srcu_is_done(head->srcu, head->done);
}

static void srcu_run_callback(struct test_job *job)
{
	struct rcu_head *head = container_of(job, struct rcu_head, job);

	test_raw_lock(&head->srcu->lock);
	head->srcu->callbacks--;
	test_raw_unlock(&head->srcu->lock);
	/* Callbacks must not sleep. */
	current->non_block++;
	head->func(head);
	current->non_block--;
}

void call_srcu(struct srcu_struct *srcu, struct rcu_head *head,
	       void (*func)(struct rcu_head *head))
{
	sched_point();
	head->srcu = srcu;
	head->func = func;
	head->job.run = srcu_run_callback;
	head->job.ready = srcu_callback_is_ready;
	test_raw_lock(&srcu->lock);
	srcu->callbacks++;
	head->done = srcu_want(srcu);
	test_raw_unlock(&srcu->lock);
	test_queue(&head->job);
}

/*
 * Address spaces
 */

void mmdrop(struct mm_struct *mm)
{
	sched_point();
	if (!atomic_dec_and_test(&mm->mm_count))
		return;
	mmu_notifier_subscriptions_destroy(mm);
	model_mm_is_gone(mm);
	free(mm);
}

int mm_take_all_locks(struct mm_struct *mm)
{
	test_assert_write_locked(&mm->mmap_lock);
	if (task_has_signal(current))
		return -EINTR;
	test_write_lock(&mm->rmap_lock);
	return 0;
}

void mm_drop_all_locks(struct mm_struct *mm)
{
	test_write_unlock(&mm->rmap_lock);
}

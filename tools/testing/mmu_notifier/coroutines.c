// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that run one at a time.  The input decides which: each call has a number, and
 * of the tasks that can go on, the one in the call with the lowest number does.  A
 * call may be held at its n-th point for some calls of other tasks, twice.
 */

#include <linux/mmu_notifier.h>
#include <ucontext.h>

#include "model.h"

#if defined(__SANITIZE_ADDRESS__)
#define TEST_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_ASAN
#endif
#endif

#ifdef TEST_ASAN
#include <sanitizer/common_interface_defs.h>
#else
static void __sanitizer_start_switch_fiber(void **save, const void *bottom,
					   size_t size)
{
}

static void __sanitizer_finish_switch_fiber(void *save, const void **bottom,
					    size_t *size)
{
}
#endif

#define STACK_SIZE	(128 * 1024)
#define LAST		(ULONG_MAX / 2)

/*
 * @turn: the number of the call that it is in, or later.
 * @points: until it stops, or 0.
 * @hold: how many calls others may then make first.
 */
struct coroutine {
	struct task_struct task;
	ucontext_t context;
	void *fake_stack;
	void (*function)(struct task_struct *task);
	bool done;
	bool (*condition)(void *arg);
	void *arg;
	const char *what;
	unsigned long turn;
	unsigned int points;
	unsigned int hold;
	unsigned char next_stop;
};

static struct task_struct no_task;
struct task_struct *current = &no_task;
static struct coroutine coroutines[MAX_TASKS + 1], *running;
static char stacks[MAX_TASKS + 1][STACK_SIZE] __aligned(64);
static unsigned int nr_coroutines;
static ucontext_t scheduler;
static void *scheduler_fake_stack;
static const void *scheduler_stack;
static size_t scheduler_stack_size;
static LIST_HEAD(jobs);

/* Up to 24 points one by one, then coarser; a hold of 0 only skips points. */
static void take_stop(struct coroutine *co, unsigned char stop)
{
	unsigned int points = stop & 31;

	co->points = 1 + (points < 24 ? points : 24 + (points - 24) * 12);
	co->hold = stop >> 5;
	if (!stop)
		co->points = 0;
}

static void switch_to_scheduler(void)
{
	struct coroutine *co = running;

	__sanitizer_start_switch_fiber(co->done ? NULL : &co->fake_stack,
				       scheduler_stack, scheduler_stack_size);
	swapcontext(&co->context, &scheduler);
	__sanitizer_finish_switch_fiber(co->fake_stack, NULL, NULL);
}

static bool model_is_locked;

void model_lock(void)
{
	if (model_is_locked)
		fail("the harness: the model is locked twice");
	model_is_locked = true;
}

void model_unlock(void)
{
	model_is_locked = false;
}

void sched_point(void)
{
	struct coroutine *co = running;

	if (model_is_locked)
		fail("the harness: another task may run while the model is locked");
	if (!co || !co->points || --co->points)
		return;
	co->turn += co->hold;
	take_stop(co, co->next_stop);
	co->next_stop = 0;
	switch_to_scheduler();
}

void cpu_relax(void)
{
	if (!running)
		return;
	running->turn++;
	switch_to_scheduler();
}

void task_wait(bool (*condition)(void *arg), void *arg, const char *what)
{
	struct coroutine *co = running;

	if (condition(arg))
		return;
	if (!co)
		fail("waits for %s, which cannot come", what);
	co->condition = condition;
	co->arg = arg;
	co->what = what;
	switch_to_scheduler();
	co->condition = NULL;
}

void test_changed(void)
{
}

static bool task_is_awake(void *arg)
{
	struct task_struct *task = arg;

	return task->state == TASK_RUNNING;
}

void task_sleep(void)
{
	task_may_sleep();
	current->sleeps_in_core = true;
	task_wait(task_is_awake, current, "a wake-up");
	current->sleeps_in_core = false;
}

void task_wake(struct task_struct *task)
{
	task->state = TASK_RUNNING;
}

/*
 * Locks
 */

void test_raw_lock_init(struct test_lock *lock)
{
	lock->owner = NULL;
}

void test_raw_lock(struct test_lock *lock)
{
}

void test_raw_unlock(struct test_lock *lock)
{
}

void test_lock_init(struct test_lock *lock)
{
	lock->owner = NULL;
}

static bool lock_is_free(void *arg)
{
	struct test_lock *lock = arg;

	return !lock->owner;
}

void test_lock(struct test_lock *lock)
{
	sched_point();
	if (lock->owner == current)
		fail("takes a lock that it has");
	task_wait(lock_is_free, lock, "a lock");
	lock->owner = current;
	current->spins++;
}

void test_unlock(struct test_lock *lock)
{
	test_assert_locked(lock);
	lock->owner = NULL;
	current->spins--;
	sched_point();
}

void test_rwlock_init(struct test_rwlock *lock)
{
	memset(lock, 0, sizeof(*lock));
}

static bool rwlock_is_readable(void *arg)
{
	struct test_rwlock *lock = arg;

	return !lock->writer;
}

static bool rwlock_is_free(void *arg)
{
	struct test_rwlock *lock = arg;

	return !lock->writer && !lock->readers;
}

void test_read_lock(struct test_rwlock *lock)
{
	task_may_sleep();
	task_wait(rwlock_is_readable, lock, "a lock, to read");
	lock->readers++;
}

void test_read_unlock(struct test_rwlock *lock)
{
	lock->readers--;
	sched_point();
}

void test_write_lock(struct test_rwlock *lock)
{
	task_may_sleep();
	task_wait(rwlock_is_free, lock, "a lock, to write");
	lock->writer = current;
}

void test_write_unlock(struct test_rwlock *lock)
{
	test_assert_write_locked(lock);
	lock->writer = NULL;
	sched_point();
}

void test_assert_write_locked(struct test_rwlock *lock)
{
	if (lock->writer != current)
		fail("does not have the lock for writing");
}

/*
 * Jobs
 */

void test_queue(struct test_job *job)
{
	struct coroutine *worker = &coroutines[nr_coroutines];

	list_add_tail(&job->list, &jobs);
	/* A little later than now. */
	if (running && running != worker && worker->turn == LAST)
		worker->turn = running->turn + 2;
}

static bool is_job_or_end(void *arg)
{
	unsigned int i;

	if (test_first_ready(&jobs))
		return true;
	for (i = 0; i < nr_coroutines; i++) {
		if (!coroutines[i].done)
			return false;
	}
	return list_empty(&jobs);
}

bool test_is_idle(void)
{
	return coroutines[nr_coroutines].condition == is_job_or_end &&
	       !test_first_ready(&jobs);
}

/* Runs after what is about to run when there is something to do. */
static void run_jobs(struct task_struct *task)
{
	struct test_job *job;

	for (;;) {
		running->turn = LAST;
		task_wait(is_job_or_end, NULL, "work");
		job = test_first_ready(&jobs);
		if (!job)
			break;
		list_del(&job->list);
		job->run(job);
		model_end_of_job();
	}
}

/*
 * The scheduler
 */

void task_enter_call(unsigned int number, const unsigned char stops[2])
{
	struct coroutine *co = running;

	co->turn = number;
	take_stop(co, stops[0]);
	co->next_stop = stops[1];
	switch_to_scheduler();
}

void task_be_last(void)
{
	running->turn = LAST + 1;
	running->points = 0;
	switch_to_scheduler();
}

static void start(void)
{
	struct coroutine *co = running;

	__sanitizer_finish_switch_fiber(NULL, &scheduler_stack,
					&scheduler_stack_size);
	co->function(&co->task);
	co->done = true;
	switch_to_scheduler();
}

static void prepare(unsigned int id, void (*function)(struct task_struct *task))
{
	struct coroutine *co = &coroutines[id];

	memset(co, 0, sizeof(*co));
	co->task.id = id;
	co->function = function;
	getcontext(&co->context);
	co->context.uc_stack.ss_sp = stacks[id];
	co->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&co->context, start, 0);
}

static void run(struct coroutine *co)
{
	running = co;
	current = &co->task;
	__sanitizer_start_switch_fiber(&scheduler_fake_stack,
				       stacks[co->task.id], STACK_SIZE);
	swapcontext(&scheduler, &co->context);
	__sanitizer_finish_switch_fiber(scheduler_fake_stack, NULL, NULL);
	running = NULL;
	current = &no_task;
}

/* Waiting for something that nothing will change is an error. */
static void report_deadlock(void)
{
	unsigned int i;

	for (i = 0; i <= nr_coroutines; i++) {
		if (!coroutines[i].done)
			fprintf(stderr, "task %u waits for %s\n", i,
				coroutines[i].what);
	}
	fail("a deadlock");
}

void tasks_run(void (*function)(struct task_struct *task), unsigned int nr)
{
	struct coroutine *co, *next;
	unsigned int i;

	nr_coroutines = nr;
	current = &no_task;
	for (i = 0; i < nr; i++)
		prepare(i, function);
	prepare(nr, run_jobs);

	for (;;) {
		next = NULL;
		for (i = 0; i <= nr; i++) {
			co = &coroutines[i];
			if (co->done)
				continue;
			if (co->condition && !co->condition(co->arg)) {
				model_check_sleeper(&co->task);
				continue;
			}
			if (!next || co->turn < next->turn)
				next = co;
		}
		if (!next)
			break;
		run(next);
	}
	for (i = 0; i <= nr; i++) {
		if (!coroutines[i].done)
			report_deadlock();
	}
}

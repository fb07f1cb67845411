// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that are threads, for ThreadSanitizer.  What they do in which order is left to
 * the machine.
 */

#include <linux/mmu_notifier.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define PATIENCE	120	/* s: a wait that is longer is one for ever */

struct thread {
	struct task_struct task;
	pthread_t thread;
	void (*function)(struct task_struct *task);
};

static struct task_struct no_task;
__thread struct task_struct *current = &no_task;

static struct thread threads[MAX_TASKS + 1];
static unsigned int nr_running;
static pthread_mutex_t the_model = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t monitor = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t jobs_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(jobs);

void model_lock(void)
{
	pthread_mutex_lock(&the_model);
}

void model_unlock(void)
{
	pthread_mutex_unlock(&the_model);
}

void sched_point(void)
{
	static __thread unsigned int points;

	/* Not too often. */
	if (++points % 61 == 0)
		sched_yield();
}

void cpu_relax(void)
{
	sched_yield();
}

static void wait_for(pthread_cond_t *cond, pthread_mutex_t *mutex,
		     const char *what)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE;
	if (pthread_cond_timedwait(cond, mutex, &end))
		fail("waits too long for %s", what);
}

void task_wait(bool (*condition)(void *arg), void *arg, const char *what)
{
	pthread_mutex_lock(&monitor);
	while (!condition(arg))
		wait_for(&changed, &monitor, what);
	pthread_mutex_unlock(&monitor);
}

void test_changed(void)
{
	pthread_mutex_lock(&monitor);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&monitor);
}

void task_sleep(void)
{
	task_may_sleep();
	pthread_mutex_lock(&current->mutex);
	while (__atomic_load_n(&current->state, __ATOMIC_SEQ_CST))
		wait_for(&current->woken, &current->mutex, "a wake-up");
	pthread_mutex_unlock(&current->mutex);
}

void task_wake(struct task_struct *task)
{
	pthread_mutex_lock(&task->mutex);
	__atomic_store_n(&task->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	pthread_cond_signal(&task->woken);
	pthread_mutex_unlock(&task->mutex);
}

/*
 * Locks
 */

void test_raw_lock_init(struct test_lock *lock)
{
	lock->owner = NULL;
	pthread_mutex_init(&lock->mutex, NULL);
}

void test_raw_lock(struct test_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

void test_raw_unlock(struct test_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

void test_lock_init(struct test_lock *lock)
{
	test_raw_lock_init(lock);
}

void test_lock(struct test_lock *lock)
{
	test_raw_lock(lock);
	lock->owner = current;
	current->spins++;
}

void test_unlock(struct test_lock *lock)
{
	test_assert_locked(lock);
	lock->owner = NULL;
	current->spins--;
	test_raw_unlock(lock);
}

void test_rwlock_init(struct test_rwlock *lock)
{
	lock->writer = NULL;
	lock->readers = 0;
	pthread_mutex_init(&lock->mutex, NULL);
	pthread_cond_init(&lock->freed, NULL);
}

void test_read_lock(struct test_rwlock *lock)
{
	task_may_sleep();
	pthread_mutex_lock(&lock->mutex);
	while (lock->writer)
		wait_for(&lock->freed, &lock->mutex, "a lock, to read");
	lock->readers++;
	pthread_mutex_unlock(&lock->mutex);
}

void test_read_unlock(struct test_rwlock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->readers--;
	pthread_cond_broadcast(&lock->freed);
	pthread_mutex_unlock(&lock->mutex);
}

void test_write_lock(struct test_rwlock *lock)
{
	task_may_sleep();
	pthread_mutex_lock(&lock->mutex);
	while (lock->writer || lock->readers)
		wait_for(&lock->freed, &lock->mutex, "a lock, to write");
	lock->writer = current;
	pthread_mutex_unlock(&lock->mutex);
}

void test_write_unlock(struct test_rwlock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->writer = NULL;
	pthread_cond_broadcast(&lock->freed);
	pthread_mutex_unlock(&lock->mutex);
}

void test_assert_write_locked(struct test_rwlock *lock)
{
	bool locked;

	pthread_mutex_lock(&lock->mutex);
	locked = lock->writer == current;
	pthread_mutex_unlock(&lock->mutex);
	if (!locked)
		fail("does not have the lock for writing");
}

/*
 * Jobs
 */

void test_queue(struct test_job *job)
{
	pthread_mutex_lock(&jobs_mutex);
	list_add_tail(&job->list, &jobs);
	pthread_mutex_unlock(&jobs_mutex);
	test_changed();
}

static bool is_job_or_end(void *arg)
{
	bool is;

	pthread_mutex_lock(&jobs_mutex);
	is = test_first_ready(&jobs) ||
	     (list_empty(&jobs) &&
	      !__atomic_load_n(&nr_running, __ATOMIC_ACQUIRE));
	pthread_mutex_unlock(&jobs_mutex);
	return is;
}

/* It may be about to. */
bool test_is_idle(void)
{
	return false;
}

static void run_jobs(struct task_struct *task)
{
	struct test_job *job;

	for (;;) {
		task_wait(is_job_or_end, NULL, "work");
		pthread_mutex_lock(&jobs_mutex);
		job = test_first_ready(&jobs);
		if (job)
			list_del(&job->list);
		pthread_mutex_unlock(&jobs_mutex);
		if (!job)
			break;
		job->run(job);
		model_end_of_job();
	}
}

/*
 * Tasks
 */

void task_enter_call(unsigned int number, const unsigned char stops[2])
{
	/* As held by coroutines.c, for about as long. */
	if (stops[0] >> 5)
		usleep(stops[0]);
}

/* Whether others can go on is not known: give them a little time. */
void task_be_last(void)
{
	usleep(500);
}

static void *start(void *arg)
{
	struct thread *thread = arg;

	current = &thread->task;
	thread->function(&thread->task);
	if (thread->function != run_jobs) {
		__atomic_sub_fetch(&nr_running, 1, __ATOMIC_RELEASE);
		test_changed();
	}
	return NULL;
}

void tasks_run(void (*function)(struct task_struct *task), unsigned int nr)
{
	unsigned int i;

	nr_running = nr;
	for (i = 0; i <= nr; i++) {
		struct thread *thread = &threads[i];

		memset(thread, 0, sizeof(*thread));
		thread->task.id = i;
		thread->function = i < nr ? function : run_jobs;
		pthread_mutex_init(&thread->task.mutex, NULL);
		pthread_cond_init(&thread->task.woken, NULL);
		if (pthread_create(&thread->thread, NULL, start, thread))
			fail("a thread cannot be created");
	}
	for (i = 0; i <= nr; i++)
		pthread_join(threads[i].thread, NULL);
}

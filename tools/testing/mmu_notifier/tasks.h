/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMU_NOTIFIER_TEST_TASKS_H
#define _MMU_NOTIFIER_TEST_TASKS_H

/*
 * Tasks, and what they wait for.  In coroutines.c one runs at a time, and the input
 * says at which points another one goes on; in threads.c they are threads.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/compiler.h>
#include <linux/list.h>

#define MAX_WARNINGS	16
#define MAX_TASKS	8

/*
 * @state: as in the kernel: what schedule() waits to become TASK_RUNNING.
 * @spins: spinlocks held; also those of drivers.
 * @maps: how many maps of lockdep it is in.
 * @announced: how often it has entered one.
 * @sections: SRCU sections that it has entered and not left.
 * @locked: how often the core has taken one.
 * @must_not_alloc: it invalidates.
 * @sleeps_in_core: in task_sleep() or synchronize_srcu().
 * @warnings: what WARN_ONCE() and its kin have said during this call.
 * @warned: how often.
 */
struct task_struct {
	unsigned int id;
	unsigned int state;
	bool signal;
	int spins;
	int maps;
	unsigned int announced;
	int sections;
	int non_block;
	unsigned int locked;
	bool must_not_alloc;
	bool sleeps_in_core;
	const char *warnings[MAX_WARNINGS];
	unsigned int nr_warnings;
	unsigned int warned;
	void *call;
	pthread_mutex_t mutex;
	pthread_cond_t woken;
};

#ifdef TEST_THREADS
extern __thread struct task_struct *current;
#else
extern struct task_struct *current;
#endif

/* Report a defect, with the input's calls, and die. */
void __noreturn __printf(1, 2) fail(const char *format, ...);

/* Locks */

struct test_lock {
	struct task_struct *owner;
	pthread_mutex_t mutex;
};

struct test_rwlock {
	struct task_struct *writer;
	unsigned int readers;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
};

void test_lock_init(struct test_lock *lock);
void test_lock(struct test_lock *lock);
void test_unlock(struct test_lock *lock);
void test_assert_locked(const struct test_lock *lock);

/* For the stand-ins: in coroutines.c, no other task runs until it is unlocked. */
void test_raw_lock_init(struct test_lock *lock);
void test_raw_lock(struct test_lock *lock);
void test_raw_unlock(struct test_lock *lock);

void test_rwlock_init(struct test_rwlock *lock);
void test_read_lock(struct test_rwlock *lock);
void test_read_unlock(struct test_rwlock *lock);
void test_write_lock(struct test_rwlock *lock);
void test_write_unlock(struct test_rwlock *lock);
void test_assert_write_locked(struct test_rwlock *lock);

/* Another task may run here. */
void sched_point(void);

/* Another task must be able to, for this one waits for it. */
void cpu_relax(void);

void task_may_sleep(void);
void task_warned(const char *format, ...);
bool task_has_signal(struct task_struct *task);

/* Sleep until somebody has set the state to TASK_RUNNING. */
void task_sleep(void);
void task_wake(struct task_struct *task);

/* Sleep until the condition holds, which test_changed() has to be called after. */
void task_wait(bool (*condition)(void *arg), void *arg, const char *what);
void test_changed(void);

/* A grace period or work, which tasks of their own run. */
struct test_job {
	struct list_head list;
	void (*run)(struct test_job *job);
	bool (*ready)(struct test_job *job);
};

void test_queue(struct test_job *job);

static inline struct test_job *test_first_ready(struct list_head *jobs)
{
	struct test_job *job;

	list_for_each_entry(job, jobs, list) {
		if (!job->ready || job->ready(job))
			return job;
	}
	return NULL;
}

/* Whether the task that runs them has nothing to do, now. */
bool test_is_idle(void);

/* Run this function in each of so many tasks, until all have returned. */
void tasks_run(void (*function)(struct task_struct *task), unsigned int nr);

/* The task is in the call with this number; where, and for how many calls, it stops. */
void task_enter_call(unsigned int number, const unsigned char stops[2]);

/* The same for a task that goes on only when no other one can. */
void task_be_last(void);

#endif /* _MMU_NOTIFIER_TEST_TASKS_H */

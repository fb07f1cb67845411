// SPDX-License-Identifier: GPL-2.0-only
/* Threads that are handed one step at a time; see mmu_notifier_stepper.h. */

#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "mmu_notifier_stepper.h"

static void mn_stepper_set_state(struct mn_stepper *stepper,
				 enum mn_state state)
{
	/* Publish what the thread did. Pairs with mn_stepper_state(). */
	smp_store_release(&stepper->state, state);
	/* Before the thread may sleep. Pairs with mn_stepper_state(). */
	smp_wmb();
}

static int mn_stepper_thread(void *data)
{
	struct mn_stepper *stepper = data;

	if (stepper->no_lockdep)
		lockdep_off();
	for (;;) {
		wait_for_completion(&stepper->go);
		if (stepper->quit)
			return 0;
		mn_stepper_set_state(stepper, MN_RUNS);
		stepper->take(stepper);
		mn_stepper_set_state(stepper, MN_IDLE);
	}
}

/* The thread has a higher priority than the case. It does without lockdep if that does. */
bool mn_stepper_start(struct mn_stepper *stepper, unsigned int cpu,
		      void (*take)(struct mn_stepper *stepper))
{
	stepper->take = take;
	stepper->state = MN_IDLE;
	stepper->quit = false;
	stepper->no_lockdep = lockdep_recursing(current);
	init_completion(&stepper->go);
	stepper->task = kthread_create(mn_stepper_thread, stepper, "mn_stepper");
	if (IS_ERR(stepper->task))
		return false;
	get_task_struct(stepper->task);
	kthread_bind(stepper->task, cpu);
	sched_set_fifo(stepper->task);
	wake_up_process(stepper->task);
	return true;
}

/* The thread must be idle. */
void mn_stepper_stop(struct mn_stepper *stepper)
{
	stepper->quit = true;
	complete(&stepper->go);
	kthread_stop(stepper->task);
	put_task_struct(stepper->task);
}

/* Have an idle thread take a step, or one at a gate go on. */
void mn_stepper_hand(struct mn_stepper *stepper, unsigned int sleeps)
{
	stepper->sleeps = sleeps;
	WRITE_ONCE(stepper->state, MN_HANDED);
	complete(&stepper->go);
}

/* Called in a step: stop here until the next mn_stepper_hand(). */
void mn_stepper_gate(struct mn_stepper *stepper)
{
	mn_stepper_set_state(stepper, MN_AT_GATE);
	wait_for_completion(&stepper->go);
	mn_stepper_set_state(stepper, MN_RUNS);
}

enum mn_state mn_stepper_state(struct mn_stepper *stepper)
{
	/* Pairs with mn_stepper_set_state(). */
	enum mn_state state = smp_load_acquire(&stepper->state);

	if (state != MN_RUNS ||
	    READ_ONCE(stepper->task->__state) != stepper->sleeps)
		return state;
	/*
	 * The thread may already wait for its next step: read the state again.
	 * Pairs with mn_stepper_set_state().
	 */
	smp_rmb();
	state = READ_ONCE(stepper->state);
	return state == MN_RUNS ? MN_SLEEPS : state;
}

/* irq_work starts grace periods; some architectures run it at the tick only. */
static void mn_stepper_run_irq_work(void)
{
	local_irq_disable();
	irq_work_run();
	local_irq_enable();
}

/* Wait for this state. Returns false at another final state or a timeout. */
bool mn_stepper_reaches(struct mn_stepper *stepper, enum mn_state expected,
			unsigned int hang_seconds)
{
	unsigned long begin = jiffies;

	for (;;) {
		/* Read jiffies first, for a last look after the timeout. */
		bool late = time_after(jiffies, begin + hang_seconds * HZ);
		enum mn_state state = mn_stepper_state(stepper);

		if (state == expected)
			return true;
		if (state == MN_IDLE || state == MN_AT_GATE || late)
			return false;
		if (state == MN_SLEEPS)
			mn_stepper_run_irq_work();
		cond_resched();
		if (time_after(jiffies, begin + 2))
			schedule_timeout_uninterruptible(1);
		else
			cpu_relax();
	}
}

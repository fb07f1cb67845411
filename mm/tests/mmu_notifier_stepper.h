/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_TESTS_MMU_NOTIFIER_STEPPER_H
#define _MM_TESTS_MMU_NOTIFIER_STEPPER_H

/*
 * Threads that are handed one step at a time, and watched while they take it. A case of
 * very many steps does without lockdep, which would take most of the time.
 */

#include <linux/completion.h>
#include <linux/types.h>

struct task_struct;

enum mn_state {
	MN_HANDED,
	MN_RUNS,
	MN_SLEEPS,	/* in a call */
	MN_AT_GATE,
	MN_IDLE,
};

/**
 * struct mn_stepper - a thread that takes steps
 * @take: Takes the step that the caller has handed to the thread.
 * @task: The thread.
 * @go: Completed to hand the thread a step, and to have it pass a gate.
 * @sleeps: The task state in which the call of the step waits.
 * @state: See mn_stepper_state().
 * @quit: End the thread instead of taking a step.
 * @no_lockdep: Whether it does without lockdep.
 */
struct mn_stepper {
	void (*take)(struct mn_stepper *stepper);
	struct task_struct *task;
	struct completion go;
	unsigned int sleeps;
	u8 state;
	bool quit;
	bool no_lockdep;
};

bool mn_stepper_start(struct mn_stepper *stepper, unsigned int cpu,
		      void (*take)(struct mn_stepper *stepper));
void mn_stepper_stop(struct mn_stepper *stepper);
void mn_stepper_hand(struct mn_stepper *stepper, unsigned int sleeps);
void mn_stepper_gate(struct mn_stepper *stepper);
enum mn_state mn_stepper_state(struct mn_stepper *stepper);
bool mn_stepper_reaches(struct mn_stepper *stepper, enum mn_state expected,
			unsigned int hang_seconds);

#endif

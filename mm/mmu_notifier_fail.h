/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MMU_NOTIFIER_FAIL_H
#define _MM_MMU_NOTIFIER_FAIL_H

/*
 * MMU notifiers: faults that are injected, see mmu_notifier_fail.c.
 */

#include <linux/fault-inject.h>
#include <linux/types.h>

/* So that it cannot hold up a loop without end. */
#define MN_FAIL_MOST		1000U
#define MN_FAIL_LEAST_REST	64U

/**
 * struct mn_fail - which faults are injected
 * @attr: When.
 * @collisions: Whether read sections collide.
 * @nonblock: Whether non-blocking starts fail.
 * @in_a_row: The most that a task has before it rests.
 * @rest: For how many calls it has none then.
 *
 * Written by user space at any time, each for itself.
 */
struct mn_fail {
	struct fault_attr attr;
	bool collisions;
	bool nonblock;
	u32 in_a_row;
	u32 rest;
};

extern struct mn_fail mn_fail;

#endif /* _MM_MMU_NOTIFIER_FAIL_H */

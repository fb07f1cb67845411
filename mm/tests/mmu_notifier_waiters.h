/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of waiters for invalidations of an interval. What they have in common
 * is written once, in cases that run for each of them:
 *
 *	KUNIT_CASE_PARAM(CASE, mn_waiters_gen_params)
 *
 * CASE calls mn_spawn_waiter(), and mn_waiter_returns() when that should return. A
 * new way to wait is a row here, with the function that a thread runs for it.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_WAITERS_H
#define _MM_TESTS_MMU_NOTIFIER_WAITERS_H

#include <kunit/test.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

static const struct mn_waiter mn_waiters[] = {
	{
		.name = "reader",
		.what = "mmu_interval_read_begin",
		.wait = mn_call_read,
		.reads = true,
	},
	{
		.name = "remover",
		.what = "mmu_interval_notifier_remove",
		.wait = mn_call_remove,
		.removes = true,
		.waits_twice = true,
		.takes_no_risk = true,
	},
};

static void mn_waiter_describe(const struct mn_waiter *waiter, char *desc)
{
	strscpy(desc, waiter->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mn_waiters, mn_waiters, mn_waiter_describe);

#endif /* _MM_TESTS_MMU_NOTIFIER_WAITERS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of waiters for invalidations of an interval. Cases that apply to
 * all of them are in mmu_notifier_waiting.h, and run for each row. To test a
 * new way to wait, add a row here, with the function that a thread runs for it;
 * or, for a range reader, in mmu_notifier_range_waiting_kunit.c.
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
		.retry = mn_call_retry,
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

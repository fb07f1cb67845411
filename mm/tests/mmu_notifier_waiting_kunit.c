// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: what readers and
 * removers wait for. Each case runs for each kind of waiter.
 */

#include <kunit/test.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_waiters.h"
#include "mmu_notifier_waiting.h"

static struct kunit_suite mmu_notifier_waiting_suite = {
	.name = "mmu_notifier_waiting",
	.init = mn_init,
	.test_cases = mn_waiting_cases,
};

static struct kunit_suite mmu_notifier_waiting_crowded_suite = {
	.name = "mmu_notifier_waiting_crowded",
	.init = mn_init_crowded,
	.test_cases = mn_waiting_crowded_cases,
};

kunit_test_suites(&mmu_notifier_waiting_suite,
		  &mmu_notifier_waiting_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: waits");
MODULE_LICENSE("GPL");

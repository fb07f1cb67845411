// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: what readers and
 * removers wait for. Each case runs for each kind of waiter.
 */

#include <kunit/test.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_waiters.h"
#include "mmu_notifier_waiting.h"

static struct kunit_case mmu_notifier_waiting_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_when_its_own_range_has_ended,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(is_not_held_up_by_a_foreign_chain,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(end_wakes_only_those_it_held_up,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_under_the_mmap_lock, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_does_not_wait_for_others,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(returns_after_the_end_of_the_mm,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself, mn_waiters_gen_params),
	{}
};

static struct kunit_suite mmu_notifier_waiting_suite = {
	.name = "mmu_notifier_waiting",
	.init = mn_init,
	.test_cases = mmu_notifier_waiting_cases,
};

/* While more invalidations are active elsewhere than may be kept apart. */
static struct kunit_case mmu_notifier_waiting_crowded_cases[] = {
	KUNIT_CASE_PARAM(waits_for_an_overlapping_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(all_waiters_return, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_a_disjoint_invalidation,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(single_bytes_hold_waiters_up, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(does_not_wait_for_what_starts_later,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_for_the_last_of_several, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(nested_ranges_hold_waiters_up_until_both_end,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(stray_wake_up_does_not_end_a_wait,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(waits_while_a_callback_runs, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(new_interval_waits_for_what_is_active,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(refused_start_holds_up_no_waiter, mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failure_of_the_mm_holds_up_no_waiter,
			 mn_waiters_gen_params),
	KUNIT_CASE_PARAM(failed_start_ends_only_itself, mn_waiters_gen_params),
	{}
};

static struct kunit_suite mmu_notifier_waiting_crowded_suite = {
	.name = "mmu_notifier_waiting_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_waiting_crowded_cases,
};

kunit_test_suites(&mmu_notifier_waiting_suite,
		  &mmu_notifier_waiting_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: waits");
MODULE_LICENSE("GPL");

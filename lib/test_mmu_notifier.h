/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the torture test for MMU notifiers. */
#ifndef _TEST_MMU_NOTIFIER_H
#define _TEST_MMU_NOTIFIER_H

#include <linux/types.h>

struct mmu_interval_notifier;
struct mmu_interval_notifier_ops;
struct mmu_notifier_range;

/* Callbacks in two passes; NULL if there are none. */
extern const struct mmu_interval_notifier_ops *test_mn_two_pass_ops;

/*
 * The callback of an interval subscription. If *defer is true it may leave the
 * teardown to test_mn_finish(); on return, *defer says whether it does.
 */
bool test_mn_invalidate(struct mmu_interval_notifier *sub,
			const struct mmu_notifier_range *range,
			unsigned long seq, bool *defer);
void test_mn_finish(struct mmu_interval_notifier *sub, unsigned long start,
		    unsigned long end);

#endif

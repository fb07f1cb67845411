/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the torture test for MMU notifiers. */
#ifndef _TEST_MMU_NOTIFIER_H
#define _TEST_MMU_NOTIFIER_H

#include <linux/types.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_interval_notifier_ops;
struct mmu_notifier;
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

/* Room for a range reader and the ranges of its set. */
struct test_mn_range_reader {
	u64 room[96];
};

/* Of the pages in a mask, the first of which is at an address. */
struct test_mn_range_ops {
	int (*register_tracked)(struct mmu_notifier *mn, struct mm_struct *mm);
	void (*init)(struct test_mn_range_reader *reader, struct mm_struct *mm);
	void (*begin)(struct test_mn_range_reader *reader,
		      unsigned long address, u64 pages);
	bool (*check_retry)(struct test_mn_range_reader *reader);
	bool (*retry)(struct test_mn_range_reader *reader);
	void (*cancel)(struct test_mn_range_reader *reader);
	bool (*is_overrun)(struct test_mn_range_reader *reader);
};

/* NULL if there are no range reads. */
extern const struct test_mn_range_ops *test_mn_range_ops;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the torture test of MMU notifiers share. */
#ifndef _LIB_MMU_NOTIFIER_TORTURE_H
#define _LIB_MMU_NOTIFIER_TORTURE_H

#include <linux/types.h>

struct mm_struct;
struct mmu_notifier;

/* Room for a range reader and the ranges of its set. */
struct torture_range_reader {
	u64 room[96];
};

/* Range reads of the pages in a mask, the first of which is at an address. */
struct torture_range_ops {
	int (*register_tracked)(struct mmu_notifier *mn, struct mm_struct *mm);
	void (*init)(struct torture_range_reader *reader, struct mm_struct *mm);
	void (*begin)(struct torture_range_reader *reader,
		      unsigned long address, u64 pages);
	bool (*check_retry)(struct torture_range_reader *reader);
	bool (*retry)(struct torture_range_reader *reader);
	void (*cancel)(struct torture_range_reader *reader);
	bool (*is_overrun)(struct torture_range_reader *reader);
};

/* NULL if there are no range reads. */
extern const struct torture_range_ops *mn_torture_range_ops;

#endif /* _LIB_MMU_NOTIFIER_TORTURE_H */

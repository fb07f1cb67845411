// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range reads for the torture test of MMU notifiers. In a file of their own, so
 * that the rest also builds where there are none.
 */

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "mmu_notifier_torture.h"

#define NR_PAGES	BITS_PER_TYPE(u64)

/* No two ranges of a set touch. */
struct range_reader {
	struct mmu_range_reader reader;
	struct mmu_read_range set[NR_PAGES / 2];
};

static_assert(sizeof(struct range_reader) <=
	      sizeof(struct torture_range_reader));

static struct range_reader *of(struct torture_range_reader *reader)
{
	return (struct range_reader *)reader->room;
}

static void range_init(struct torture_range_reader *reader,
		       struct mm_struct *mm)
{
	mmu_range_reader_init(&of(reader)->reader, mm);
}

/* Each run of pages is a range. */
static void range_begin(struct torture_range_reader *reader,
			unsigned long address, u64 pages)
{
	struct mmu_read_range *set = of(reader)->set;
	unsigned int nr = 0, first, last;

	while (pages) {
		first = __ffs64(pages);
		last = first;
		while (last + 1 < NR_PAGES && pages & BIT_ULL(last + 1))
			last++;
		set[nr].start = address + first * PAGE_SIZE;
		set[nr].end = address + (last + 1) * PAGE_SIZE;
		nr++;
		pages &= ~GENMASK_ULL(last, first);
	}
	if (nr == 1)
		mmu_range_read_begin(&of(reader)->reader, set[0].start,
				     set[0].end);
	else
		mmu_range_read_begin_set(&of(reader)->reader, set, nr);
}

static bool range_check_retry(struct torture_range_reader *reader)
{
	return mmu_range_read_check_retry(&of(reader)->reader);
}

static bool range_retry(struct torture_range_reader *reader)
{
	return mmu_range_read_retry(&of(reader)->reader);
}

static void range_cancel(struct torture_range_reader *reader)
{
	mmu_range_read_cancel(&of(reader)->reader);
}

static bool range_is_overrun(struct torture_range_reader *reader)
{
	return of(reader)->reader.overrun;
}

static const struct torture_range_ops range_ops = {
	.register_tracked = mmu_notifier_register_tracked,
	.init = range_init,
	.begin = range_begin,
	.check_retry = range_check_retry,
	.retry = range_retry,
	.cancel = range_cancel,
	.is_overrun = range_is_overrun,
};

static int __init torture_range_init(void)
{
	mn_torture_range_ops = &range_ops;
	return 0;
}
core_initcall(torture_range_init);

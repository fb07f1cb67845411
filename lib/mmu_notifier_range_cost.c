// SPDX-License-Identifier: GPL-2.0-only
/*
 * What range reads cost; see mmu_notifier_cost.c. In a file of its own, so that
 * the rest also builds where there are none. The scenarios, of an mm with one
 * notifier, are
 *
 *   start_end_tracked       an invalidation, from start to end
 *   range_read_idle         mmu_range_read_begin() and _retry()
 *   range_read_init         the same, and mmu_range_reader_init()
 *   range_read_set          of a set of n ranges
 *   range_read_between      n invalidations elsewhere between begin and retry, on
 *                           both sides of the range if n is not 1; less these
 *   range_read_set_between  of a set of 4,000 ranges, n invalidations between them
 *   range_read_active       while n invalidations are active elsewhere, on both
 *                           sides of the range if n is not 1
 *   range_read_watched      of a range reader that was overrun
 *   start_end_watched       an invalidation elsewhere, with such a reader
 */

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "mmu_notifier_cost.h"

#define OPS		256
#define MAX_BETWEEN	16
#define MAX_ACTIVE	16
#define MAX_SET		4000

/* Invalidations are in every second page, and what is read is between the first. */
#define STRIDE		(4 * PAGE_SIZE)
#define READ_AT		(2 * PAGE_SIZE)

/* What is measured; there is one thread only. */
static struct mm_struct *mm;
static struct mmu_notifier_range active[MAX_ACTIVE];
static struct mmu_range_reader reader;
static struct mmu_read_range *set;
static unsigned int set_size;
static unsigned int between;
static bool retried;

static struct mmu_notifier sub = {
	.ops = &mmu_notifier_cost_sub_ops,
};

static noinline void start_end(unsigned long start)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start,
				start + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

static noinline void invalidate_between(void)
{
	unsigned int i;

	for (i = 0; i < between; i++)
		start_end(i * STRIDE);
}

static void do_nothing(unsigned long i)
{
	barrier();
}

static void do_between(unsigned long i)
{
	invalidate_between();
}

static void do_start_end(unsigned long i)
{
	start_end(0);
}

static void do_read(unsigned long i)
{
	mmu_range_read_begin(&reader, READ_AT, READ_AT + PAGE_SIZE);
	retried |= mmu_range_read_retry(&reader);
}

static void do_read_init(unsigned long i)
{
	struct mmu_range_reader local;

	mmu_range_reader_init(&local, mm);
	mmu_range_read_begin(&local, READ_AT, READ_AT + PAGE_SIZE);
	retried |= mmu_range_read_retry(&local);
}

static void do_read_between(unsigned long i)
{
	mmu_range_read_begin(&reader, READ_AT, READ_AT + PAGE_SIZE);
	invalidate_between();
	retried |= mmu_range_read_retry(&reader);
}

static void do_read_set(unsigned long i)
{
	mmu_range_read_begin_set(&reader, set, set_size);
	retried |= mmu_range_read_retry(&reader);
}

static void do_read_set_between(unsigned long i)
{
	mmu_range_read_begin_set(&reader, set, set_size);
	invalidate_between();
	retried |= mmu_range_read_retry(&reader);
}

/* As if it had been overrun. */
static void overrun(void)
{
	reader.overrun = true;
	reader.fast = NULL;
}

static void do_read_watched(unsigned long i)
{
	overrun();
	mmu_range_read_begin(&reader, READ_AT, READ_AT + PAGE_SIZE);
	retried |= mmu_range_read_retry(&reader);
}

static void cost_of_sets(mmu_notifier_print_cost_fn print)
{
	static const unsigned int sizes[] = { 1, 64, MAX_SET };
	unsigned int i;

	for (i = 0; i < MAX_SET; i++) {
		set[i].start = READ_AT + i * STRIDE;
		set[i].end = set[i].start + PAGE_SIZE;
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_size = sizes[i];
		print("range_read_set", set_size, OPS, do_read_set, do_nothing);
	}
	for (between = 1; between <= MAX_BETWEEN; between *= 4)
		print("range_read_set_between", between, OPS,
		      do_read_set_between, do_between);
}

static void cost_of_active(mmu_notifier_print_cost_fn print)
{
	unsigned int n, i = 0;

	for (n = 1; n <= MAX_ACTIVE; n *= 4) {
		for (; i < n; i++) {
			mmu_notifier_range_init(&active[i], MMU_NOTIFY_CLEAR, 0,
						mm, i * STRIDE,
						i * STRIDE + PAGE_SIZE);
			mmu_notifier_invalidate_range_start(&active[i]);
		}
		print("range_read_active", n, OPS, do_read, do_nothing);
	}
	while (i--)
		mmu_notifier_invalidate_range_end(&active[i]);
}

static void cost_of_watches(mmu_notifier_print_cost_fn print)
{
	print("range_read_watched", 1, OPS, do_read_watched, do_nothing);
	overrun();
	mmu_range_read_begin(&reader, READ_AT, READ_AT + PAGE_SIZE);
	print("start_end_watched", 1, OPS, do_start_end, do_nothing);
	mmu_range_read_cancel(&reader);
}

static int range_cost(struct mm_struct *of_mm, mmu_notifier_print_cost_fn print)
{
	int err;

	mm = of_mm;
	retried = false;
	set = kvcalloc(MAX_SET, sizeof(*set), GFP_KERNEL);
	if (!set)
		return -ENOMEM;
	err = mmu_notifier_register_tracked(&sub, mm);
	if (err)
		goto free;

	mmu_range_reader_init(&reader, mm);
	print("start_end_tracked", 1, OPS, do_start_end, do_nothing);
	print("range_read_idle", 0, OPS, do_read, do_nothing);
	print("range_read_init", 0, OPS, do_read_init, do_nothing);
	for (between = 1; between <= MAX_BETWEEN; between *= 4)
		print("range_read_between", between, OPS, do_read_between,
		      do_between);
	cost_of_sets(print);
	cost_of_active(print);
	cost_of_watches(print);
	mmu_notifier_unregister(&sub, mm);
	if (retried)
		err = -EIO;
free:
	kvfree(set);
	return err;
}

static int __init mmu_notifier_range_cost_init(void)
{
	mmu_notifier_range_cost = range_cost;
	return 0;
}
core_initcall(mmu_notifier_range_cost_init);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the operations of MMU notifiers cost.
 *
 * One thread, no others, nothing to wait for. Each operation is repeated in
 * ROUNDS rounds, the cost of an empty operation is subtracted, and one line is
 * printed:
 *
 *   mmu_notifier_cost: scenario=S n=N ops=N min_ns=X.YY median_ns=X.YY
 *
 * that is nanoseconds per operation in the fastest and in the median round. An
 * emulator whose clock advances by 1 ns with each instruction makes them
 * instructions (QEMU: -icount shift=0,sleep=off -smp 1, and tsc_early_khz=1000000
 * on the command line of the kernel). S is
 *
 *   start_end_no_notifiers  an invalidation, from start to end; none is told
 *   start_end_elsewhere     of n interval subscriptions it overlaps none
 *   start_end_overlapping   it overlaps all n
 *   start_end_find_one      it overlaps one of n
 *   start_end_hlist         n subscriptions to the mm, and no interval
 *   clear_young, test_young the accessed state, with n subscriptions to the mm
 *   flush_tlb               the flush of a secondary TLB, with n subscriptions to it
 *   start_end_active        n other invalidations are active; overlaps no interval
 *   read_idle               mmu_interval_read_begin() and _read_retry()
 *   read_active             the same while n invalidations are active elsewhere, on
 *                           both sides of the interval if n is not 1
 *   insert_remove           of an interval, between n others
 *
 * and, where there are range readers, those of mmu_notifier_range_cost.c; where there
 * are filters, those of mmu_notifier_interval_cost.c.
 *
 * The callbacks do what they must and no more. Off unless asked for on the command
 * line of the kernel: mmu_notifier_cost.subscriptions=1000000. Later it runs when
 * that number is written to /sys/module/mmu_notifier_cost/parameters/subscriptions.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "mmu_notifier_cost.h"

mmu_notifier_cost_fn mmu_notifier_range_cost;
mmu_notifier_cost_fn mmu_notifier_interval_cost;

static unsigned int subscriptions;

#define ROUNDS		21
#define MAX_OPS		256
#define MAX_OVERLAPPING	1024
#define MAX_ACTIVE	64
#define MAX_HLIST	3

/*
 * One page of each eight belongs to an interval of the population. Another page
 * of the eight is where single intervals go, and between them is nothing.
 */
#define STRIDE		(8 * PAGE_SIZE)
#define SINGLE		(2 * PAGE_SIZE)
#define NOTHING		(4 * PAGE_SIZE)

/* What is measured; there is one thread only. */
static struct mm_struct *mm;
static unsigned long population;
static struct mmu_interval_notifier *intervals;
static struct mmu_interval_notifier single;
static struct mmu_notifier subs[MAX_HLIST];
static struct mmu_notifier_range active[MAX_ACTIVE];
static bool retried;

static bool invalidate(struct mmu_interval_notifier *interval_sub,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	mmu_interval_set_seq(interval_sub, seq);
	return true;
}

const struct mmu_interval_notifier_ops mmu_notifier_cost_interval_ops = {
	.invalidate = invalidate,
};

static int invalidate_range_start(struct mmu_notifier *subscription,
				  const struct mmu_notifier_range *range)
{
	return 0;
}

static void invalidate_range_end(struct mmu_notifier *subscription,
				 const struct mmu_notifier_range *range)
{
}

const struct mmu_notifier_ops mmu_notifier_cost_sub_ops = {
	.invalidate_range_start = invalidate_range_start,
	.invalidate_range_end = invalidate_range_end,
};

static bool clear_young(struct mmu_notifier *subscription, struct mm_struct *in,
			unsigned long start, unsigned long end)
{
	return false;
}

static bool test_young(struct mmu_notifier *subscription, struct mm_struct *in,
		       unsigned long address)
{
	return false;
}

static const struct mmu_notifier_ops ageing_ops = {
	.clear_young = clear_young,
	.test_young = test_young,
};

static void flush_tlb(struct mmu_notifier *subscription, struct mm_struct *in,
		      unsigned long start, unsigned long end)
{
}

static const struct mmu_notifier_ops tlb_ops = {
	.arch_invalidate_secondary_tlbs = flush_tlb,
};

/*
 * The operations. The i-th of a round is always at the same of many places, so
 * that rounds are alike and depth in the tree is averaged.
 */

static unsigned long place(unsigned long i)
{
	return (i * 2654435761UL) % population * STRIDE;
}

/* As everywhere in mm/, the range is on the stack of a function of its own. */
static noinline void start_end(unsigned long start, unsigned long end)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start, end);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

/* Its cost is subtracted from that of the others. */

static void do_nothing(unsigned long i)
{
	barrier();
}

static void do_place(unsigned long i)
{
	unsigned long start = place(i);

	OPTIMIZER_HIDE_VAR(start);
}

static void do_start_end_all(unsigned long i)
{
	start_end(0, population * STRIDE);
}

static void do_start_end_nothing(unsigned long i)
{
	start_end(NOTHING, NOTHING + PAGE_SIZE);
}

static void do_start_end_nothing_at(unsigned long i)
{
	start_end(place(i) + NOTHING, place(i) + NOTHING + PAGE_SIZE);
}

static void do_start_end_one(unsigned long i)
{
	start_end(place(i), place(i) + PAGE_SIZE);
}

static void do_clear_young(unsigned long i)
{
	mmu_notifier_clear_young(mm, NOTHING, NOTHING + PAGE_SIZE);
}

static void do_test_young(unsigned long i)
{
	mmu_notifier_test_young(mm, NOTHING);
}

static void do_flush_tlb(unsigned long i)
{
	mmu_notifier_arch_invalidate_secondary_tlbs(mm, NOTHING,
						    NOTHING + PAGE_SIZE);
}

static void do_read(unsigned long i)
{
	unsigned long seq = mmu_interval_read_begin(&single);

	/* A branch, as in drivers. */
	if (mmu_interval_read_retry(&single, seq))
		retried = true;
}

static void do_insert_remove(unsigned long i)
{
	/* It cannot fail: the mm has intervals. */
	if (!mmu_interval_notifier_insert(&single, mm, place(i) + SINGLE,
					  PAGE_SIZE,
					  &mmu_notifier_cost_interval_ops))
		mmu_interval_notifier_remove(&single);
}

/*
 * Measuring
 */

static noinline s64 run(void (*op)(unsigned long i), unsigned int ops)
{
	ktime_t begin = ktime_get();
	unsigned long i;

	for (i = 0; i < ops; i++)
		op(i);
	return ktime_to_ns(ktime_sub(ktime_get(), begin));
}

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

/* Fills in the rounds, in ascending order. */
static void measure(s64 ns[ROUNDS], void (*op)(unsigned long i),
		    unsigned int ops)
{
	unsigned int i;

	run(op, ops);
	for (i = 0; i < ROUNDS; i++) {
		ns[i] = run(op, ops);
		cond_resched();
	}
	sort(ns, ROUNDS, sizeof(ns[0]), compare, NULL);
}

static void print_cost(const char *scenario, unsigned long n, unsigned int ops,
		       void (*op)(unsigned long i),
		       void (*empty)(unsigned long i))
{
	s64 cost[ROUNDS], empty_cost[ROUNDS];
	u64 min, median;
	u32 min_rest, median_rest;

	measure(empty_cost, empty, ops);
	measure(cost, op, ops);
	min = max(cost[0] - empty_cost[0], 0LL) * 100;
	median = max(cost[ROUNDS / 2] - empty_cost[ROUNDS / 2], 0LL) * 100;
	min = div_u64_rem(div_u64(min, ops), 100, &min_rest);
	median = div_u64_rem(div_u64(median, ops), 100, &median_rest);
	pr_info("scenario=%s n=%lu ops=%u min_ns=%llu.%02u median_ns=%llu.%02u\n",
		scenario, n, ops, min, min_rest, median, median_rest);
}

/* Adds intervals to the mm until there are n; takes them away again. */

static int populate(unsigned long n)
{
	int err;

	for (; population < n; population++) {
		err = mmu_interval_notifier_insert(&intervals[population], mm,
						   population * STRIDE,
						   PAGE_SIZE,
						   &mmu_notifier_cost_interval_ops);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static void depopulate(void)
{
	while (population) {
		mmu_interval_notifier_remove(&intervals[--population]);
		cond_resched();
	}
}

static int cost_without(void)
{
	print_cost("start_end_no_notifiers", 0, MAX_OPS, do_start_end_nothing,
		   do_nothing);
	return 0;
}

static int cost_of_hlist(void)
{
	unsigned int n;
	int err = 0;

	for (n = 0; !err && n < MAX_HLIST; n++) {
		if (n)
			print_cost("start_end_hlist", n, MAX_OPS,
				   do_start_end_nothing, do_nothing);
		subs[n].ops = &mmu_notifier_cost_sub_ops;
		err = mmu_notifier_register(&subs[n], mm);
		if (err)
			break;
	}
	if (!err)
		print_cost("start_end_hlist", n, MAX_OPS, do_start_end_nothing,
			   do_nothing);
	while (n--)
		mmu_notifier_unregister(&subs[n], mm);
	return err;
}

static int cost_of_young(void)
{
	int err;

	subs[0].ops = &ageing_ops;
	err = mmu_notifier_register(&subs[0], mm);
	if (err)
		return err;
	print_cost("clear_young", 1, MAX_OPS, do_clear_young, do_nothing);
	print_cost("test_young", 1, MAX_OPS, do_test_young, do_nothing);
	mmu_notifier_unregister(&subs[0], mm);
	return 0;
}

static int cost_of_tlb(void)
{
	int err;

	subs[0].ops = &tlb_ops;
	err = mmu_notifier_register(&subs[0], mm);
	if (err)
		return err;
	print_cost("flush_tlb", 1, MAX_OPS, do_flush_tlb, do_nothing);
	mmu_notifier_unregister(&subs[0], mm);
	return 0;
}

static int cost_of_announcing(void)
{
	unsigned long n;
	int err = 0;

	for (n = 1; !err && n <= MAX_OVERLAPPING; n *= 4) {
		err = populate(n);
		if (!err)
			print_cost("start_end_overlapping", n,
				   max(MAX_OPS / n, 4UL), do_start_end_all,
				   do_nothing);
	}
	depopulate();
	return err;
}

static int cost_of_active(void)
{
	unsigned long n, i;
	int err;

	/* Between the first range and the others. */
	err = mmu_interval_notifier_insert(&single, mm, STRIDE + SINGLE,
					   PAGE_SIZE,
					   &mmu_notifier_cost_interval_ops);
	if (err)
		return err;
	print_cost("read_idle", 0, MAX_OPS, do_read, do_nothing);
	print_cost("start_end_active", 0, MAX_OPS, do_start_end_nothing,
		   do_nothing);
	for (n = 1, i = 0; n <= MAX_ACTIVE; n *= 4) {
		for (; i < n; i++) {
			mmu_notifier_range_init(&active[i], MMU_NOTIFY_CLEAR, 0,
						mm, (i + 1) * STRIDE,
						(i + 1) * STRIDE + PAGE_SIZE);
			mmu_notifier_invalidate_range_start(&active[i]);
		}
		print_cost("read_active", n, MAX_OPS, do_read, do_nothing);
		print_cost("start_end_active", n, MAX_OPS, do_start_end_nothing,
			   do_nothing);
	}
	while (i--)
		mmu_notifier_invalidate_range_end(&active[i]);
	mmu_interval_notifier_remove(&single);
	return 0;
}

static int cost_of_population(void)
{
	unsigned long n;
	int err = 0;

	for (n = 1; !err && n <= subscriptions; n *= 10) {
		err = populate(n);
		if (err)
			break;
		print_cost("start_end_elsewhere", n, MAX_OPS,
			   do_start_end_nothing_at, do_place);
		print_cost("start_end_find_one", n, MAX_OPS, do_start_end_one,
			   do_place);
		print_cost("insert_remove", n, MAX_OPS, do_insert_remove,
			   do_place);
	}
	depopulate();
	return err;
}

static int cost_of_range_reads(void)
{
	return mmu_notifier_range_cost ?
		       mmu_notifier_range_cost(mm, print_cost) : 0;
}

static int cost_of_filters(void)
{
	return mmu_notifier_interval_cost ?
		       mmu_notifier_interval_cost(mm, print_cost) : 0;
}

static int (*const costs[])(void) = {
	cost_without,
	cost_of_hlist,
	cost_of_young,
	cost_of_tlb,
	cost_of_announcing,
	cost_of_active,
	cost_of_population,
	cost_of_range_reads,
	cost_of_filters,
};

static int mmu_notifier_cost(void)
{
	unsigned int i;
	int err = 0;

	if (!subscriptions)
		return 0;
	retried = false;
	intervals = kvcalloc(max(subscriptions, MAX_OVERLAPPING),
			     sizeof(*intervals), GFP_KERNEL);
	if (!intervals)
		return -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(costs); i++) {
		/* A new mm, because an mm keeps its state for notifiers. */
		mm = mm_alloc();
		if (!mm) {
			err = -ENOMEM;
			break;
		}
		err = costs[i]();
		mmput(mm);
	}
	kvfree(intervals);
	if (!err && retried)
		err = -EIO;
	if (err)
		pr_err("failed: %d\n", err);
	else
		pr_info("done\n");
	return err;
}
late_initcall(mmu_notifier_cost);

/* The lock of the parameters is held: one measurement at a time. */
static int set_subscriptions(const char *val, const struct kernel_param *kp)
{
	int err;

	err = param_set_uint(val, kp);
	if (err || system_state != SYSTEM_RUNNING)
		return err;
	return mmu_notifier_cost();
}

static const struct kernel_param_ops subscriptions_ops = {
	.set = set_subscriptions,
	.get = param_get_uint,
};

module_param_cb(subscriptions, &subscriptions_ops, &subscriptions, 0644);
MODULE_PARM_DESC(subscriptions,
		 "Measure with up to so many interval subscriptions in one mm (default: 0, do not measure)");

MODULE_DESCRIPTION("Costs of the operations of MMU notifiers");
MODULE_LICENSE("GPL");

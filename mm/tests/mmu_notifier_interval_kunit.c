// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: which
 * invalidations are announced, and how.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>

#include <asm/tlb.h>

#include "mmu_notifier_helpers.h"

/*
 * The tree
 */

static void overlapping_range_is_announced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);

	mn_invalidate(ctx, 0, 11);	/* its first page */
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_invalidate(ctx, 19, 11);	/* its last page */
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_invalidate(ctx, 14, 1);	/* inside */
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	mn_invalidate(ctx, 10, 10);	/* the same */
	KUNIT_EXPECT_EQ(test, interval->calls, 4);
	mn_invalidate(ctx, 0, 100);	/* around */
	KUNIT_EXPECT_EQ(test, interval->calls, 5);
}

static void disjoint_range_is_not_announced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);

	mn_invalidate(ctx, 0, 5);
	mn_invalidate(ctx, 30, 5);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

static void abutting_range_is_not_announced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);

	mn_invalidate(ctx, 0, 10);
	mn_invalidate(ctx, 20, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

static void single_bytes_count(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	static const struct {
		unsigned long start, end;
		bool announced;
	} ranges[] = {
		{ 0x1233, 0x1234, false },
		{ 0x1233, 0x1235, true },
		{ 0x1234, 0x1235, true },
		{ 0x1235, 0x1236, false },
	};
	int i;

	KUNIT_ASSERT_EQ(test, 0, mn_try_insert(interval, ctx->mm, 0x1234, 1));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		interval->calls = 0;
		mn_invalidate_mm(ctx->mm, ranges[i].start, ranges[i].end);
		KUNIT_EXPECT_EQ(test, interval->calls, ranges[i].announced);
	}
}

static void whole_address_space_is_an_interval(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert(interval, ctx->mm, 0, ULONG_MAX));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_invalidate_mm(ctx->mm, ULONG_MAX - 1, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_invalidate_mm(ctx->mm, 0, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
}

static void last_address_can_be_inserted(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *last = mn_interval(ctx, 'a');
	struct mn_interval *all_but_one = mn_interval(ctx, 'b');

	KUNIT_EXPECT_EQ(test, 0, mn_try_insert(last, ctx->mm, ULONG_MAX, 1));
	KUNIT_EXPECT_EQ(test, 0,
			mn_try_insert(all_but_one, ctx->mm, 1, ULONG_MAX));
	KUNIT_EXPECT_EQ(test, all_but_one->sub.interval_tree.last, ULONG_MAX);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, last->calls, 0);
	KUNIT_EXPECT_EQ(test, all_but_one->calls, 1);
}

static void every_overlapping_interval_is_called_once(struct kunit *test)
{
	/* Around each multiple of any batch size one might choose. */
	static const int sizes[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50 };
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[50];
	int i, n = 0, size;

	for (size = 0; size < ARRAY_SIZE(sizes); size++) {
		for (; n < sizes[size]; n++)
			interval[n] = mn_insert(ctx, 0, n % 7, 100);
		for (i = 0; i < n; i++)
			interval[i]->calls = 0;
		mn_invalidate(ctx, 10, 10);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
	}
}

static void exactly_the_overlapping_intervals_are_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[40];
	struct rnd_state rnd;
	int i, round, hits = 0;

	prandom_seed_state(&rnd, 4711);
	for (i = 0; i < ARRAY_SIZE(interval); i++)
		interval[i] = mn_insert(ctx, 0, prandom_u32_state(&rnd) % 100,
					1 + prandom_u32_state(&rnd) % 20);

	for (round = 0; round < 200; round++) {
		unsigned long first = MN_ADDR(prandom_u32_state(&rnd) % 100);
		unsigned long end = first +
			MN_ADDR(1 + prandom_u32_state(&rnd) % 10);

		for (i = 0; i < ARRAY_SIZE(interval); i++)
			interval[i]->calls = 0;
		mn_invalidate_mm(ctx->mm, first, end);
		for (i = 0; i < ARRAY_SIZE(interval); i++) {
			const struct interval_tree_node *node =
				&interval[i]->sub.interval_tree;
			bool overlaps = node->start < end && first <= node->last;

			KUNIT_EXPECT_EQ(test, interval[i]->calls, overlaps);
			hits += overlaps;
		}
	}
	KUNIT_EXPECT_GT(test, hits, 200);
}

/*
 * What is announced
 */

static void announced_as_it_was_started(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 100);
	unsigned int i;

	for (i = 0; i < MN_EVENTS; i++) {
		mn_invalidate_event(ctx, i);
		mn_expect_event(ctx, &interval->seen, i);
		KUNIT_EXPECT_TRUE(test, interval->seen.blockable);
	}
}

static void sequences_are_odd_and_differ(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 100);
	unsigned long last = 0;
	int i;

	for (i = 0; i < 10; i++) {
		mn_invalidate(ctx, i, 1);
		KUNIT_EXPECT_EQ(test, interval->seen.seq & 1, 1);
		KUNIT_EXPECT_NE(test, interval->seen.seq, last);
		last = interval->seen.seq;
	}
}

static void unmapping_real_memory_is_announced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');
	unsigned long addr;

	addr = mn_map(ctx, 4 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert(interval, current->mm, addr + PAGE_SIZE,
				      PAGE_SIZE));
	vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	vm_munmap(addr, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_UNMAP);
	KUNIT_EXPECT_EQ(test, interval->seen.start, addr);
	KUNIT_EXPECT_EQ(test, interval->seen.end, addr + 2 * PAGE_SIZE);
}

/* As mprotect(), which cannot be called from inside the kernel. */
static int forbid_reading(unsigned long start, unsigned long end)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma, *prev = NULL;
	struct vma_iterator vmi;
	struct mmu_gather tlb;
	int err = -ENOMEM;

	mmap_write_lock(mm);
	vma = vma_lookup(mm, start);
	if (vma) {
		vma_iter_init(&vmi, mm, start);
		tlb_gather_mmu(&tlb, mm);
		err = mprotect_fixup(&vmi, &tlb, vma, &prev, start, end,
				     vma->vm_flags & ~VM_READ);
		tlb_finish_mmu(&tlb);
	}
	mmap_write_unlock(mm);
	return err;
}

static void change_of_protection_at_address_0_is_ended(struct kunit *test)
{
	/* Populate three page table entries, at two levels. */
	const unsigned long populated[] = { 0, PMD_SIZE, PUD_SIZE };
	const unsigned long length = PUD_SIZE + PAGE_SIZE;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval;
	struct mn_sub *sub;
	unsigned long addr;
	struct page *page;
	int i;

	if (FIRST_USER_ADDRESS)
		kunit_skip(test, "no memory can be mapped at address 0");
	/* mn_map() takes address 0 for a failure: use it only to get an mm. */
	mn_map(ctx, PAGE_SIZE);
	mmget(current->mm);
	mmput(ctx->mm);
	ctx->mm = current->mm;
	addr = vm_mmap(NULL, 0, length, PROT_READ,
		       MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, addr, 0);
	for (i = 0; i < ARRAY_SIZE(populated); i++) {
		KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(populated[i], 1, 0,
							     &page));
		put_page(page);
	}
	interval = mn_insert(ctx, 'a', 0, 1);
	sub = mn_register(ctx, 'l', &mn_range_ops);

	KUNIT_EXPECT_EQ(test, 0, forbid_reading(0, length));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_PROTECTION_VMA);
	KUNIT_EXPECT_EQ(test, interval->seen.start, 0);
	KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
	KUNIT_ASSERT_TRUE(test, mn_returns(mn_spawn_read(interval)));
}

static void callbacks_of_one_interval_run_side_by_side(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *held, *range;
	struct mn_call *start;
	struct mn_gate *gate = mn_gate(ctx);

	interval->gate = gate;
	held = mn_range(ctx, 0, 10);
	start = mn_spawn_start(ctx, held);
	mn_gate_entered(ctx, gate);
	interval->gate = NULL;
	range = mn_start(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_FALSE(test, completion_done(&start->done));
	mn_end(range);
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
}

static void refusal_fails_a_nonblocking_start(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_FALSE(test, interval->seen.blockable);
	mn_end(range);
	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 10, 10));
}

static void refusal_of_a_blocking_start_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_insert(ctx, 'a', 0, 10);
	struct mn_interval *b = mn_insert(ctx, 'b', 5, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read;

	a->refuse = true;
	mn_reports_begin(ctx);
	range = mn_start(ctx, 0, 10);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	/* The invalidation goes on: it calls the others, and readers wait. */
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	read = mn_spawn_read(b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

static void nonblocking_callback_may_not_sleep(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;

	mn_skip_unless_sleep_is_forbidden(test);
	interval = mn_insert(ctx, 'a', 0, 10);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_FALSE(test, interval->seen.may_not_sleep);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, interval->seen.may_not_sleep);
}

static void callback_runs_in_the_lockdep_map(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_TRUE(test, interval->seen.in_map);
	interval->seen.in_map = false;
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 1));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, interval->seen.in_map);
}

/*
 * Ranges that start before the mm has intervals, or are filled in by hand
 */

/*
 * A range that started before the mm was tracked: the locks held to invalidate
 * prevent that, but it must do no harm.
 */
static void first_interval_between_start_and_end(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *early, *by_hand, *late;
	struct mn_interval *interval;
	struct mn_call *read;
	int i;

	early = mn_start(ctx, 0, 10);
	by_hand = mn_range_by_hand(ctx, 0, 10);
	mn_start_range(by_hand);
	interval = mn_insert(ctx, 'a', 0, 10);
	late = mn_start(ctx, 0, 10);
	mn_end(early);
	/* Fields not filled in by hand are garbage, and may be reported. */
	mn_reports_begin(ctx);
	mn_end(by_hand);
	mn_reports_end(ctx);
	for (i = 0; i < 2; i++) {
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(late);
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
		if (!i)
			late = mn_start(ctx, 0, 10);
	}
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void range_filled_in_by_hand_meets_intervals(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'i', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *read;

	range = mn_range_by_hand(ctx, 0, 1);
	mn_start_range(range);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));

	range = mn_range_by_hand(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_range_nonblock(range));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));

	interval->refuse = true;
	range = mn_range_by_hand(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_range_nonblock(range));
}

static struct kunit_case mmu_notifier_interval_cases[] = {
	KUNIT_CASE(overlapping_range_is_announced),
	KUNIT_CASE(disjoint_range_is_not_announced),
	KUNIT_CASE(abutting_range_is_not_announced),
	KUNIT_CASE(single_bytes_count),
	KUNIT_CASE(whole_address_space_is_an_interval),
	KUNIT_CASE(last_address_can_be_inserted),
	KUNIT_CASE(every_overlapping_interval_is_called_once),
	KUNIT_CASE(exactly_the_overlapping_intervals_are_called),
	KUNIT_CASE(announced_as_it_was_started),
	KUNIT_CASE(sequences_are_odd_and_differ),
	KUNIT_CASE(unmapping_real_memory_is_announced),
	KUNIT_CASE(change_of_protection_at_address_0_is_ended),
	KUNIT_CASE(callbacks_of_one_interval_run_side_by_side),
	KUNIT_CASE(refusal_fails_a_nonblocking_start),
	KUNIT_CASE(refusal_of_a_blocking_start_is_reported),
	KUNIT_CASE(nonblocking_callback_may_not_sleep),
	KUNIT_CASE(callback_runs_in_the_lockdep_map),
	KUNIT_CASE(first_interval_between_start_and_end),
	KUNIT_CASE(range_filled_in_by_hand_meets_intervals),
	{}
};

static struct kunit_suite mmu_notifier_interval_suite = {
	.name = "mmu_notifier_interval",
	.init = mn_init,
	.test_cases = mmu_notifier_interval_cases,
};

/* Run with more invalidations active elsewhere than the core keeps apart. */
static struct kunit_case mmu_notifier_interval_crowded_cases[] = {
	KUNIT_CASE(overlapping_range_is_announced),
	KUNIT_CASE(disjoint_range_is_not_announced),
	KUNIT_CASE(abutting_range_is_not_announced),
	KUNIT_CASE(single_bytes_count),
	KUNIT_CASE(every_overlapping_interval_is_called_once),
	KUNIT_CASE(exactly_the_overlapping_intervals_are_called),
	KUNIT_CASE(sequences_are_odd_and_differ),
	KUNIT_CASE(refusal_fails_a_nonblocking_start),
	{}
};

static struct kunit_suite mmu_notifier_interval_crowded_suite = {
	.name = "mmu_notifier_interval_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_interval_crowded_cases,
};

kunit_test_suites(&mmu_notifier_interval_suite,
		  &mmu_notifier_interval_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: subscriptions to an interval");
MODULE_LICENSE("GPL");

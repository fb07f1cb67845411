// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to an interval: which
 * invalidations are announced, collision-retry, and who waits for whom.
 */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <asm/tlb.h>

#include "mmu_notifier_world.h"

/*
 * The tree
 */

static void overlapping_range_is_announced(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 10, 10);

	mn_invalidate(world, 0, 11);	/* its first page */
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_invalidate(world, 19, 11);	/* its last page */
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_invalidate(world, 14, 1);	/* inside */
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	mn_invalidate(world, 10, 10);	/* the same */
	KUNIT_EXPECT_EQ(test, interval->calls, 4);
	mn_invalidate(world, 0, 100);	/* around */
	KUNIT_EXPECT_EQ(test, interval->calls, 5);
	mn_remove(interval);
}

static void disjoint_range_is_not_announced(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 10, 10);

	mn_invalidate(world, 0, 5);
	mn_invalidate(world, 30, 5);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	mn_remove(interval);
}

static void abutting_range_is_not_announced(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 10, 10);

	mn_invalidate(world, 0, 10);
	mn_invalidate(world, 20, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	mn_remove(interval);
}

static void single_bytes_count(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mmu_notifier_range range;
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

	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     0x1234, 1,
						     &mn_interval_ops));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		interval->calls = 0;
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm,
					ranges[i].start, ranges[i].end);
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
		KUNIT_EXPECT_EQ(test, interval->calls, ranges[i].announced);
	}
	mn_remove(interval);
}

static void whole_address_space_is_an_interval(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mmu_notifier_range range;

	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     0, ULONG_MAX,
						     &mn_interval_ops));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm,
				ULONG_MAX - 1, ULONG_MAX);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm,
				0, ULONG_MAX);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	mn_remove(interval);
}

static void last_address_can_be_inserted(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *last = mn_interval(world, 'a');
	struct mn_interval *all_but_one = mn_interval(world, 'b');

	KUNIT_EXPECT_EQ(test, 0,
			mmu_interval_notifier_insert(&last->sub, world->mm,
						     ULONG_MAX, 1,
						     &mn_interval_ops));
	KUNIT_EXPECT_EQ(test, 0,
			mmu_interval_notifier_insert(&all_but_one->sub,
						     world->mm, 1, ULONG_MAX,
						     &mn_interval_ops));
	KUNIT_EXPECT_EQ(test, all_but_one->sub.interval_tree.last, ULONG_MAX);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, last->calls, 0);
	KUNIT_EXPECT_EQ(test, all_but_one->calls, 1);
	mn_remove(last);
	mn_remove(all_but_one);
}

static void empty_and_wrapping_intervals_are_refused(struct kunit *test)
{
	static const struct {
		unsigned long start, length;
	} wrong[] = {
		{ 0, 0 }, { PAGE_SIZE, 0 }, { ULONG_MAX, 0 },
		{ ULONG_MAX, 2 }, { 2, ULONG_MAX }, { PAGE_SIZE, ULONG_MAX },
		{ ULONG_MAX, ULONG_MAX },
	};
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		KUNIT_EXPECT_EQ(test, -EOVERFLOW,
				mmu_interval_notifier_insert(&interval->sub,
							     world->mm,
							     wrong[i].start,
							     wrong[i].length,
							     &mn_interval_ops));
		mmap_write_lock(world->mm);
		KUNIT_EXPECT_EQ(test, -EOVERFLOW,
				mmu_interval_notifier_insert_locked(&interval->sub,
								    world->mm,
								    wrong[i].start,
								    wrong[i].length,
								    &mn_interval_ops));
		mmap_write_unlock(world->mm);
	}
	mn_invalidate(world, 0, 1000);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
}

static void failed_insert_leaves_no_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	int count;

	/* The first one prepares the mm, and that stays. */
	mn_remove(mn_insert(world, 'b', 0, 1));
	count = atomic_read(&world->mm->mm_count);

	interval->sub.mm = world->mm;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     0, 0, &mn_interval_ops));
	KUNIT_EXPECT_NULL(test, interval->sub.mm);

	interval->sub.mm = world->mm;
	mmap_write_lock(world->mm);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mmu_interval_notifier_insert_locked(&interval->sub,
							    world->mm, 0, 0,
							    &mn_interval_ops));
	mmap_write_unlock(world->mm);
	KUNIT_EXPECT_NULL(test, interval->sub.mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count);
}

static void insert_into_a_dead_mm_is_refused(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_interval *interval = mn_interval(world, 'a');

	mn_remove(mn_insert(world, 'b', 0, 1));
	mmgrab(mm);
	mn_world_release(world);

	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mmu_interval_notifier_insert(&interval->sub, mm, 0, 1,
						     &mn_interval_ops));
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	mmdrop(mm);
}

static void fail_allocations_of_insert(struct kunit *test, bool locked)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	int mm_count = atomic_read(&world->mm->mm_count);
	unsigned int nth;
	int err;

	mn_failslab_begin(world);
	for (nth = 1;; nth++) {
		if (locked)
			mmap_write_lock(world->mm);
		mn_fail_allocation(nth);
		if (locked)
			err = mmu_interval_notifier_insert_locked(&interval->sub,
								  world->mm,
								  0, PAGE_SIZE,
								  &mn_interval_ops);
		else
			err = mmu_interval_notifier_insert(&interval->sub,
							   world->mm, 0,
							   PAGE_SIZE,
							   &mn_interval_ops);
		if (locked)
			mmap_write_unlock(world->mm);
		if (!mn_allocation_failed())
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_NULL(test, interval->sub.mm);
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
		KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count),
				mm_count);
	}
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	KUNIT_ASSERT_EQ(test, err, 0);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_remove(interval);
}

static void insert_fails_with_any_of_its_allocations(struct kunit *test)
{
	fail_allocations_of_insert(test, false);
}

static void insert_locked_fails_with_any_of_its_allocations(struct kunit *test)
{
	fail_allocations_of_insert(test, true);
}

static void insert_gives_up_on_a_signal(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	unsigned long addr;
	int err, err_locked;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	set_thread_flag(TIF_SIGPENDING);
	err = mmu_interval_notifier_insert(&interval->sub, current->mm, addr,
					   PAGE_SIZE, &mn_interval_ops);
	mmap_write_lock(current->mm);
	err_locked = mmu_interval_notifier_insert_locked(&interval->sub,
							 current->mm, addr,
							 PAGE_SIZE,
							 &mn_interval_ops);
	mmap_write_unlock(current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, err_locked, -EINTR);
	KUNIT_EXPECT_NULL(test, interval->sub.mm);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));
}

static void unmapping_real_memory_is_announced(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, 4 * PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub,
						     current->mm,
						     addr + PAGE_SIZE,
						     PAGE_SIZE,
						     &mn_interval_ops));
	vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	vm_munmap(addr, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_UNMAP);
	KUNIT_EXPECT_EQ(test, interval->seen.start, addr);
	KUNIT_EXPECT_EQ(test, interval->seen.end, addr + 2 * PAGE_SIZE);
	mn_remove(interval);
}

/* As mprotect() does it, which cannot be called from inside the kernel. */
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
	/* In three entries of the page table, at two of its levels. */
	const unsigned long populated[] = { 0, PMD_SIZE, PUD_SIZE };
	const unsigned long length = PUD_SIZE + PAGE_SIZE;
	struct mn_world *world = test->priv;
	struct mn_interval *interval;
	struct mn_listener *listener;
	unsigned long addr;
	struct page *page;
	int i;

	if (FIRST_USER_ADDRESS)
		kunit_skip(test, "no memory can be mapped at address 0");
	/* This one cannot tell address 0 from a failure, but gives a mm. */
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_NOT_NULL(test, current->mm);
	/* The world's from now on: kept if the case fails. */
	mmput(world->mm);
	world->mm = current->mm;
	mmget(world->mm);
	addr = vm_mmap(NULL, 0, length, PROT_READ,
		       MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, addr, 0);
	for (i = 0; i < ARRAY_SIZE(populated); i++) {
		KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(populated[i], 1, 0,
							     &page));
		put_page(page);
	}
	interval = mn_insert(world, 'a', 0, 1);
	listener = mn_register(world, 'l', &mn_range_ops);

	KUNIT_EXPECT_EQ(test, 0, forbid_reading(0, length));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_PROTECTION_VMA);
	KUNIT_EXPECT_EQ(test, interval->seen.start, 0);
	KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
	KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn_read(interval)));
	mn_remove(interval);
	mn_unregister(listener);
}

/* Drivers allocate without zeroing, and copy what they have used. */
static void object_need_not_be_initialised(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mn_interval *other = mn_insert(world, 'b', 0, 10);
	struct mn_interval *neighbour = mn_insert(world, 'c', 0, 10);
	struct mmu_interval_notifier removed;
	struct mn_call *read;
	int i;

	mn_remove(other);
	removed = other->sub;
	for (i = 0; i < 6; i++) {
		int err;

		if (i % 3 == 0)
			memset(&interval->sub, 0xa5, sizeof(interval->sub));
		else
			interval->sub = i % 3 == 1 ? removed : neighbour->sub;
		if (i < 3) {
			err = mmu_interval_notifier_insert(&interval->sub,
							   world->mm, 0, 10,
							   &mn_interval_ops);
		} else {
			mmap_write_lock(world->mm);
			err = mmu_interval_notifier_insert_locked(&interval->sub,
								  world->mm, 0,
								  10,
								  &mn_interval_ops);
			mmap_write_unlock(world->mm);
		}
		KUNIT_ASSERT_EQ(test, err, 0);
		mn_invalidate(world, 0, 1);
		KUNIT_EXPECT_EQ(test, interval->calls, i + 1);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
		mn_remove(interval);
	}
	mn_remove(neighbour);
}

static void insert_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_interval(world, 'a');
	struct mn_interval *b = mn_interval(world, 'b');

	/* Both the first, which prepares the mm, and a later one. */
	mmap_write_lock(world->mm);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_interval_notifier_insert_locked(&a->sub, world->mm,
							    MN_ADDR(1), 1,
							    &mn_interval_ops));
	KUNIT_EXPECT_EQ(test, 0,
			mmu_interval_notifier_insert_locked(&b->sub, world->mm,
							    MN_ADDR(2), 1,
							    &mn_interval_ops));
	mmap_write_unlock(world->mm);
	mn_invalidate(world, 1, 2);
	KUNIT_EXPECT_EQ(test, a->calls, 1);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	mn_remove(a);
	mn_remove(b);
}

static void insert_locked_needs_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *first = mn_insert(world, 'a', 0, 1);
	struct mn_interval *later = mn_interval(world, 'b');

	if (!IS_ENABLED(CONFIG_LOCKDEP)) {
		mn_remove(first);
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	}
	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_interval_notifier_insert_locked(&later->sub,
							    world->mm, 0, 1,
							    &mn_interval_ops));
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	mn_remove(first);
	mn_remove(later);
}

static void mn_call_insert(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mmu_interval_notifier_insert(&interval->sub,
						 interval->sub.mm, 0, PAGE_SIZE,
						 &mn_interval_ops);
}

static void failed_insert_prepares_nothing(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mm_struct *mm;
	struct mn_call *insert;
	unsigned long addr;
	int err, err_prepare;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	mm = current->mm;
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(&listener->notifier, mm));

	set_thread_flag(TIF_SIGPENDING);
	err = mmu_interval_notifier_insert(&interval->sub, mm, addr, PAGE_SIZE,
					   &mn_interval_ops);
	err_prepare = mmu_notifier_register(NULL, mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, err_prepare, -EINTR);

	/* The first one that succeeds still waits for who holds the lock. */
	interval->sub.mm = mm;
	mmap_read_lock(mm);
	insert = mn_spawn(world, "mmu_interval_notifier_insert", interval,
			  mn_call_insert, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(insert));
	mmap_read_unlock(mm);
	KUNIT_EXPECT_TRUE(test, mn_returns(insert));
	KUNIT_EXPECT_EQ(test, insert->ret, 0);
	mn_remove(interval);
	mn_unregister(listener);
}

/*
 * Preparation: without a subscription, registration has the mm keep account of
 * invalidations, so that insertion need not take the mmap_lock
 */

/* As in a device fault. What lockdep says of it is for another suite. */
static int insert_under_the_mmap_lock_for_reading(struct mn_interval *interval)
{
	struct mm_struct *mm = interval->world->mm;
	int err;

	mmap_read_lock(mm);
	lockdep_off();
	err = mmu_interval_notifier_insert(&interval->sub, mm, 0, MN_ADDR(10),
					   &mn_interval_ops);
	lockdep_on();
	mmap_read_unlock(mm);
	return err;
}

static void prepared_mm_takes_intervals_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	int count = atomic_read(&world->mm->mm_count);
	unsigned long seq;

	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, world->mm));
	KUNIT_EXPECT_TRUE(test, mm_has_notifiers(world->mm));
	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count);
	mn_invalidate(world, 0, 10);

	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count);
}

static void preparation_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');

	mmap_write_lock(world->mm);
	KUNIT_EXPECT_EQ(test, 0, __mmu_notifier_register(NULL, world->mm));
	mmap_write_unlock(world->mm);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_remove(interval);
}

static void preparation_again_changes_nothing(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *read;
	int i;

	mn_invalidate(world, 0, 1);
	mn_start(world, &range, 0, 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, 0, mmu_notifier_register(NULL, world->mm));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	mn_remove(interval);
}

static void preparation_of_an_mm_with_notifiers(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *before = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(world, 'i');
	struct mn_listener *after;

	KUNIT_EXPECT_EQ(test, 0, mmu_notifier_register(NULL, world->mm));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_STREQ(test, world->log, "lL");
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_unregister(before);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_STREQ(test, world->log, "lLi");
	after = mn_register(world, 'm', &mn_range_ops);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_STREQ(test, world->log, "lLiimM");
	mn_unregister(after);
	mn_remove(interval);
}

/* A reader finds what started before there was an interval to announce it to. */
static void prepared_mm_keeps_account_of_invalidations(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mmu_notifier_range range;
	struct mn_call *read;

	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, world->mm));
	mn_start(world, &range, 0, 1);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

static void preparation_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	unsigned int nth;
	int err;

	mn_failslab_begin(world);
	for (nth = 1;; nth++) {
		mn_fail_allocation(nth);
		err = mmu_notifier_register(NULL, world->mm);
		if (!mn_allocation_failed())
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
	}
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_remove(interval);
}

/* The same where a subscription to the mm is there, and its memory. */
static void later_preparation_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_interval(world, 'i');
	unsigned int nth;
	int err;

	mn_failslab_begin(world);
	for (nth = 1;; nth++) {
		mn_fail_allocation(nth);
		err = mmu_notifier_register(NULL, world->mm);
		if (!mn_allocation_failed())
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		world->log_len = 0;
		mn_invalidate(world, 0, 1);
		KUNIT_EXPECT_EQ(test, world->log_len, 2);
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_ASSERT_EQ(test, 0,
			insert_under_the_mmap_lock_for_reading(interval));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
	mn_remove(interval);
	mn_unregister(listener);
}

static void preparation_gives_up_on_a_signal(struct kunit *test)
{
	int err, err_locked;
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	set_thread_flag(TIF_SIGPENDING);
	err = mmu_notifier_register(NULL, current->mm);
	mmap_write_lock(current->mm);
	err_locked = __mmu_notifier_register(NULL, current->mm);
	mmap_write_unlock(current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, err_locked, -EINTR);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));
}

static void removed_is_not_announced_to(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_insert(world, 'a', 0, 10);
	struct mn_interval *b = mn_insert(world, 'b', 0, 10);

	mn_remove(a);
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, a->calls, 0);
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	mn_remove(b);
}

static void removed_can_be_inserted_again(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq;

	mn_invalidate(world, 0, 1);
	mn_remove(interval);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     MN_ADDR(20), MN_ADDR(10),
						     &mn_interval_ops));
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(world, 20, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_remove(interval);
}

static void interval_pins_the_mm_structure(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	int count = atomic_read(&mm->mm_count);
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);

	KUNIT_EXPECT_PTR_EQ(test, interval->sub.mm, mm);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count + 1);
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
}

static void announced_as_it_was_started(struct kunit *test)
{
	static const enum mmu_notifier_event events[] = {
		MMU_NOTIFY_UNMAP, MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_VMA,
		MMU_NOTIFY_PROTECTION_PAGE, MMU_NOTIFY_SOFT_DIRTY,
		MMU_NOTIFY_RELEASE, MMU_NOTIFY_MIGRATE, MMU_NOTIFY_EXCLUSIVE,
	};
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 100);
	struct mmu_notifier_range range;
	int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		mmu_notifier_range_init_owner(&range, events[i], 0, world->mm,
					      MN_ADDR(i), MN_ADDR(2 * i + 1),
					      (void *)&events[i]);
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
		KUNIT_EXPECT_PTR_EQ(test, interval->seen.mm, world->mm);
		KUNIT_EXPECT_EQ(test, interval->seen.event, events[i]);
		KUNIT_EXPECT_EQ(test, interval->seen.start, MN_ADDR(i));
		KUNIT_EXPECT_EQ(test, interval->seen.end, MN_ADDR(2 * i + 1));
		KUNIT_EXPECT_PTR_EQ(test, interval->seen.owner,
				    (void *)&events[i]);
		KUNIT_EXPECT_TRUE(test, interval->seen.blockable);
	}
	mn_remove(interval);
}

static void sequences_are_odd_and_differ(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 100);
	unsigned long last = 0;
	int i;

	for (i = 0; i < 10; i++) {
		mn_invalidate(world, i, 1);
		KUNIT_EXPECT_EQ(test, interval->seen.seq & 1, 1);
		KUNIT_EXPECT_NE(test, interval->seen.seq, last);
		last = interval->seen.seq;
	}
	mn_remove(interval);
}

static void every_overlapping_interval_is_called_once(struct kunit *test)
{
	/* Around each multiple of any batch size one might choose. */
	static const int sizes[] = { 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50 };
	struct mn_world *world = test->priv;
	struct mn_interval *interval[50];
	int i, n = 0, size;

	for (size = 0; size < ARRAY_SIZE(sizes); size++) {
		for (; n < sizes[size]; n++)
			interval[n] = mn_insert(world, 0, n % 7, 100);
		for (i = 0; i < n; i++)
			interval[i]->calls = 0;
		mn_invalidate(world, 10, 10);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
	}
	for (i = 0; i < n; i++)
		mn_remove(interval[i]);
}

static void exactly_the_overlapping_intervals_are_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[40];
	struct rnd_state rnd;
	int i, round, hits = 0;

	prandom_seed_state(&rnd, 4711);
	for (i = 0; i < ARRAY_SIZE(interval); i++)
		interval[i] = mn_insert(world, 0, prandom_u32_state(&rnd) % 100,
					1 + prandom_u32_state(&rnd) % 20);

	for (round = 0; round < 200; round++) {
		unsigned long first = MN_ADDR(prandom_u32_state(&rnd) % 100);
		unsigned long end = first +
			MN_ADDR(1 + prandom_u32_state(&rnd) % 10);
		struct mmu_notifier_range range;

		for (i = 0; i < ARRAY_SIZE(interval); i++)
			interval[i]->calls = 0;
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm,
					first, end);
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
		for (i = 0; i < ARRAY_SIZE(interval); i++) {
			const struct interval_tree_node *node =
				&interval[i]->sub.interval_tree;
			bool overlaps = node->start < end && first <= node->last;

			KUNIT_EXPECT_EQ(test, interval[i]->calls, overlaps);
			hits += overlaps;
		}
	}
	KUNIT_EXPECT_GT(test, hits, 200);
	for (i = 0; i < ARRAY_SIZE(interval); i++)
		mn_remove(interval[i]);
}

/*
 * Collision-retry
 */

static void read_of_a_new_interval_does_not_collide(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	KUNIT_EXPECT_FALSE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	mn_remove(interval);
}

static void invalidation_before_the_read_does_not_collide(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq;
	int i;

	for (i = 0; i < 3; i++) {
		mn_invalidate(world, 0, 10);
		seq = mmu_interval_read_begin(&interval->sub);
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	}
	mn_remove(interval);
}

static void invalidation_during_the_read_collides(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	unsigned long seq;

	/* As soon as it has started ... */
	seq = mmu_interval_read_begin(&interval->sub);
	mn_start(world, &range, 0, 1);
	KUNIT_EXPECT_TRUE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	/* ... and when it has ended. */
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mmu_interval_check_retry(&interval->sub, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));

	seq = mmu_interval_read_begin(&interval->sub);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	mn_remove(interval);
}

static void collisions_add_up(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	int i;

	for (i = 0; i < 10; i++) {
		mn_invalidate(world, i, 1);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	}
	mn_remove(interval);
}

static void disjoint_invalidation_does_not_collide(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 10, 10);
	struct mn_interval *other = mn_insert(world, 'b', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);
	unsigned long other_seq = mmu_interval_read_begin(&other->sub);

	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_TRUE(test, mn_retry(other, other_seq));
	mn_remove(interval);
	mn_remove(other);
}

static void every_reader_collides(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq[4];
	int i;

	for (i = 0; i < 4; i++)
		seq[i] = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(world, 3, 1);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq[i]));
	mn_remove(interval);
}

static void overlapping_intervals_collide_each_on_its_own(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *left = mn_insert(world, 'a', 0, 10);
	struct mn_interval *right = mn_insert(world, 'b', 5, 10);
	unsigned long left_seq, right_seq;
	int page;

	for (page = 0; page < 15; page++) {
		left_seq = mmu_interval_read_begin(&left->sub);
		right_seq = mmu_interval_read_begin(&right->sub);
		mn_invalidate(world, page, 1);
		KUNIT_EXPECT_EQ(test, mn_retry(left, left_seq), page < 10);
		KUNIT_EXPECT_EQ(test, mn_retry(right, right_seq), page >= 5);
	}
	mn_remove(left);
	mn_remove(right);
}

static void failed_start_does_not_hold_up_readers(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *first = mn_insert(world, 'a', 0, 10);
	struct mn_interval *second = mn_insert(world, 'b', 5, 10);
	struct mmu_notifier_range range;
	struct mn_call *read[2];

	/* Whichever comes first: the one has been called, or it has not. */
	first->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 15));
	first->refuse = false;
	second->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 15));

	read[0] = mn_spawn_read(first);
	read[1] = mn_spawn_read(second);
	KUNIT_EXPECT_TRUE(test, mn_returns(read[0]));
	KUNIT_EXPECT_TRUE(test, mn_returns(read[1]));
	mn_remove(first);
	mn_remove(second);
}

/*
 * Waits of readers
 */

static void reader_waits_for_an_overlapping_invalidation(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *read;

	mn_start(world, &range, 9, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	/* It has read nothing before the end, so nothing collided. */
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

static void all_waiting_readers_return(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[2];
	struct mmu_notifier_range range;
	struct mn_call *read[6];
	int i;

	interval[0] = mn_insert(world, 'a', 0, 10);
	interval[1] = mn_insert(world, 'b', 5, 10);
	mn_start(world, &range, 5, 5);
	for (i = 0; i < 6; i++) {
		read[i] = mn_spawn_read(interval[i % 2]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read[i]));
	}
	mn_end(&range);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_TRUE(test, mn_returns(read[i]));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval[i % 2], read[i]->ret));
	}
	mn_remove(interval[0]);
	mn_remove(interval[1]);
}

static void reader_does_not_wait_for_a_disjoint_invalidation(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 20, 10);
	struct mmu_notifier_range range;
	struct mn_call *read;

	mn_start(world, &range, 20, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_FALSE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(interval);
	mn_remove(other);
}

static void reader_returns_when_its_own_range_has_ended(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range own, foreign;
	struct mn_call *read;

	mn_start(world, &foreign, 20, 10);
	mn_start(world, &own, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&own);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_end(&foreign);
	mn_remove(interval);
}

static void reader_is_not_held_up_by_a_foreign_chain(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range own, link[2];
	struct mn_call *read;
	int i;

	/* At any time one of them is active. */
	mn_start(world, &link[0], 20, 10);
	mn_invalidate(world, 0, 10);
	for (i = 1; i <= 10; i++) {
		mn_start(world, &link[i % 2], 20, 10);
		mn_end(&link[(i - 1) % 2]);
		mn_start(world, &own, 0, 1);
		mn_end(&own);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_FALSE(test, mn_sleeps(read));
		if (test->status == KUNIT_FAILURE)
			break;
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	mn_end(&link[i <= 10 ? i % 2 : 0]);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(interval);
}

static void mn_try_retry(struct mn_interval *interval)
{
	mn_retry(interval, 0);
}

static void mn_try_read(struct mn_interval *interval)
{
	mn_retry(interval, mmu_interval_read_begin(&interval->sub));
}

static void reader_takes_no_lock_for_foreign_ranges(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range foreign[2];
	struct mn_interval *interval, *other;
	unsigned int user_lock;

	mn_locks_begin(world);
	interval = mn_insert(world, 'a', 0, 10);
	other = mn_insert(world, 'b', 20, 10);
	mn_start(world, &foreign[0], 20, 10);
	mn_start(world, &foreign[1], 40, 10);

	/* With PREEMPT_RT it counts for more than one. */
	user_lock = mn_locks_of(mn_try_retry, interval);
	KUNIT_EXPECT_GE(test, user_lock, 1);
	KUNIT_EXPECT_EQ(test, mn_locks_of(mn_try_read, interval), user_lock);

	mn_end(&foreign[0]);
	mn_end(&foreign[1]);
	mn_remove(interval);
	mn_remove(other);
}

static void single_bytes_hold_readers_up(struct kunit *test)
{
	static const struct {
		unsigned long start, end;
		bool waits;
	} ranges[] = {
		{ 0x1233, 0x1234, false },
		{ 0x1233, 0x1235, true },
		{ 0x1234, 0x1235, true },
		{ 0x1235, 0x1236, true },
		{ 0x1235, 0x1237, true },
		{ 0x1236, 0x1237, false },
	};
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 'a');
	struct mmu_notifier_range range;
	struct mn_call *read;
	int i;

	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub, world->mm,
						     0x1234, 2,
						     &mn_interval_ops));
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm,
					ranges[i].start, ranges[i].end);
		mmu_notifier_invalidate_range_start(&range);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_EQ(test, mn_sleeps(read), ranges[i].waits);
		mmu_notifier_invalidate_range_end(&range);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
	}
	mn_remove(interval);
}

static void reader_does_not_wait_for_what_starts_later(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, after;
	struct mn_call *read;

	mn_start(world, &before, 0, 5);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(world, &after, 5, 5);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	/* What it goes on to read is being changed. */
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, read->ret));
	mn_end(&after);
	mn_remove(interval);
}

static void reader_waits_for_the_last_of_several(struct kunit *test)
{
	static const int orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range[3];
	struct mn_call *read;
	int order, i;

	for (order = 0; order < 6; order++) {
		for (i = 0; i < 3; i++)
			mn_start(world, &range[i], 3 * i, 5);
		read = mn_spawn_read(interval);
		for (i = 0; i < 3; i++) {
			KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
			mn_end(&range[orders[order][i]]);
		}
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	mn_remove(interval);
}

static void end_wakes_only_those_it_held_up(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *left = mn_insert(world, 'a', 0, 10);
	struct mn_interval *right = mn_insert(world, 'b', 20, 10);
	struct mn_interval *both = mn_insert(world, 'c', 0, 30);
	struct mmu_notifier_range left_range, right_range;
	struct mn_call *read[3];
	unsigned long switches;
	int i;

	mn_start(world, &left_range, 0, 10);
	mn_start(world, &right_range, 20, 10);
	read[0] = mn_spawn_read(left);
	read[1] = mn_spawn_read(right);
	read[2] = mn_spawn_read(both);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read[i]));
	wait_task_inactive(read[1]->task, TASK_UNINTERRUPTIBLE);
	switches = read[1]->task->nvcsw;

	/* The one that both hold up may look again after each of them. */
	mn_end(&left_range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read[0]));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[2]));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read[1]));
	KUNIT_EXPECT_EQ(test, read[1]->task->nvcsw, switches);

	mn_end(&right_range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read[1]));
	KUNIT_EXPECT_TRUE(test, mn_returns(read[2]));
	mn_remove(left);
	mn_remove(right);
	mn_remove(both);
}

static void stray_wake_up_does_not_end_a_wait(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_insert(world, 'a', 0, 10);
	struct mn_interval *b = mn_insert(world, 'b', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *read, *remove;

	mn_start(world, &range, 0, 10);
	read = mn_spawn_read(a);
	remove = mn_spawn_remove(b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	wake_up_process(read->task);
	wake_up_process(remove->task);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_FALSE(test, mn_retry(a, read->ret));
	mn_remove(a);
}

static void reader_waits_while_a_callback_runs(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *start, *read;

	interval->gate = mn_gate(world);
	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, interval->gate);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_gate_open(interval->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

static void mn_call_end(struct mn_call *call)
{
	mn_end(call->arg);
}

static void mn_call_read_locked(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mmap_read_lock(call->world->mm);
	call->ret = mmu_interval_read_begin(&interval->sub);
	mmap_read_unlock(call->world->mm);
}

static void mn_call_remove_locked(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mmap_write_lock(call->world->mm);
	mmu_interval_notifier_remove(&interval->sub);
	mmap_write_unlock(call->world->mm);
}

/* They wait for those who invalidate under locks of the reverse map. */
static void waits_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *call;

	mn_start(world, &range, 0, 10);
	call = mn_spawn(world, "mmu_interval_read_begin", interval,
			mn_call_read_locked, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, call->ret));

	mn_start(world, &range, 0, 10);
	call = mn_spawn(world, "mmu_interval_notifier_remove", interval,
			mn_call_remove_locked, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
}

static void callbacks_of_one_interval_run_side_by_side(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range held, range;
	struct mn_call *start;
	struct mn_gate *gate = mn_gate(world);

	interval->gate = gate;
	mn_range(world, &held, 0, 10);
	start = mn_spawn_start(world, &held);
	mn_gate_entered(world, gate);
	interval->gate = NULL;
	mn_start(world, &range, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_FALSE(test, completion_done(&start->done));
	mn_end(&range);
	mn_gate_open(gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&held);
	mn_remove(interval);
}

static void nested_ranges_hold_readers_up_until_both_end(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 4, 4);
	struct mmu_notifier_range outer, inner;
	struct mn_call *read;

	mn_start(world, &outer, 0, 16);
	mn_start(world, &inner, 4, 4);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&inner);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&outer);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

/*
 * Insertion
 */

static void reader_of_a_new_interval_waits_for_what_is_active(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;
	struct mn_interval *interval;
	struct mn_call *read;

	mn_remove(mn_insert(world, 'x', 0, 1));
	mn_start(world, &range, 0, 10);
	interval = mn_insert(world, 'a', 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

static void reader_of_a_new_interval_does_not_wait_for_others(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *other = mn_insert(world, 'x', 20, 10);
	struct mmu_notifier_range range;
	struct mn_interval *interval;
	struct mn_call *read;

	mn_start(world, &range, 20, 10);
	interval = mn_insert(world, 'a', 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_FALSE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(interval);
	mn_remove(other);
}

static void insert_takes_effect_at_once(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *other = mn_insert(world, 'x', 0, 20);
	struct mmu_notifier_range active, later;
	struct mn_interval *interval;

	mn_start(world, &active, 0, 10);
	interval = mn_insert(world, 'a', 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	mn_start(world, &later, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_end(&later);
	mn_end(&active);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_remove(interval);
	mn_remove(other);
}

static void insert_while_callbacks_run_loses_nobody(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[40], *new[3];
	struct mmu_notifier_range range;
	struct mn_call *start;
	int i;

	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(world, 0, i, 100);
	interval[5]->gate = mn_gate(world);
	mn_range(world, &range, 50, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, interval[5]->gate);
	new[0] = mn_insert(world, 'a', 0, 100);
	new[1] = mn_insert(world, 'b', 10, 100);
	new[2] = mn_insert(world, 'c', 45, 100);
	mn_gate_open(interval[5]->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);

	mn_invalidate(world, 50, 1);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_GE(test, new[i]->calls, 1);
		mn_remove(new[i]);
	}
	for (i = 0; i < 40; i++)
		mn_remove(interval[i]);
}

static void late_callback_does_not_hide_a_later_invalidation(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[40], *new;
	struct mmu_notifier_range first, second;
	struct mn_call *start, *read;
	int i;

	/* The first range stands in the middle of what it has to announce. */
	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(world, 0, i, 100);
	interval[5]->gate = mn_gate(world);
	mn_range(world, &first, 50, 1);
	start = mn_spawn_start(world, &first);
	mn_gate_entered(world, interval[5]->gate);

	/* A reader of a new interval begins, a second range starts ... */
	new = mn_insert(world, 'n', 45, 100);
	read = mn_spawn_read(new);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_start(world, &second, 140, 1);	/* overlaps no other */

	/* ... and the first goes on. The reader must see the second. */
	mn_gate_open(interval[5]->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&first);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_retry(new, read->ret));
	mn_end(&second);
	mn_remove(new);
	for (i = 0; i < 40; i++)
		mn_remove(interval[i]);
}

/*
 * The first range comes to the interval after the second one, and ends before it.
 * What reads then waits for the second, also if all others have come and gone.
 */
static void announce_late(struct kunit *test, bool inserted)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[40], *last = NULL;
	struct mmu_notifier_range first, second;
	struct mn_call *start, *read;
	int i;

	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(world, 0, i, 1);
	interval[5]->gate = mn_gate(world);
	if (inserted)
		last = mn_insert(world, 0, 100, 10);
	mn_range(world, &first, 0, 200);
	start = mn_spawn_start(world, &first);
	mn_gate_entered(world, interval[5]->gate);
	mn_start(world, &second, 105, 1);
	if (!inserted)
		last = mn_insert(world, 0, 100, 10);

	mn_gate_open(interval[5]->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&first);
	for (i = 0; i < 2 * BITS_PER_LONG; i++)
		mn_invalidate(world, 1000, 1);

	read = mn_spawn_read(last);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&second);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(last, read->ret));
	mn_remove(last);
	for (i = 0; i < 40; i++)
		mn_remove(interval[i]);
}

static void late_callback_does_not_hide_an_active_range(struct kunit *test)
{
	announce_late(test, true);
}

static void late_callback_does_not_hide_what_insertion_found(struct kunit *test)
{
	announce_late(test, false);
}

/*
 * Removal
 */

static void remove_waits_for_a_running_callback(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *start, *remove;

	interval->gate = mn_gate(world);
	mn_range(world, &range, 0, 10);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, interval->gate);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void remove_waits_for_the_end(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *remove;

	mn_start(world, &range, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static void remove_does_not_wait_for_a_disjoint_invalidation(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_interval *other = mn_insert(world, 'b', 20, 10);
	struct mmu_notifier_range range;
	struct mn_call *remove;

	mn_start(world, &range, 20, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_FALSE(test, mn_sleeps(remove));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_remove(other);
}

/* What starts while it waits is announced to it, as long as what was active is. */
static void remove_is_announced_to_in_its_first_wait(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, after;
	struct mn_call *remove;

	mn_start(world, &before, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &after, 5, 5);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_EQ(test, interval->seen.start, MN_ADDR(5));
	mn_end(&after);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 3);
}

/* Then it waits for what has started in that wait, and for nothing later. */
static void remove_is_not_announced_to_in_its_second_wait(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, after, last;
	struct mn_call *remove;

	mn_start(world, &before, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &after, 5, 5);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &last, 0, 10);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&after);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&last);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

static void remove_returns_under_a_chain(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range link[2];
	struct mn_call *remove;
	int i;

	/* At any time one of them is active. */
	mn_start(world, &link[0], 0, 10);
	remove = mn_spawn_remove(interval);
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_start(world, &link[i % 2], 0, 10);
		mn_end(&link[(i - 1) % 2]);
	}
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&link[0]);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/* The second wait is for all that the first has left, in whatever order it ends. */
static void remove_waits_for_what_started_in_its_first_wait(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range before, newer[2], stranger;
	struct mn_interval *interval;
	struct mn_call *remove;
	int i;

	for (i = 0; i < 2; i++) {
		interval = mn_insert(world, 'a', 0, 10);
		mn_start(world, &before, 0, 10);
		remove = mn_spawn_remove(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_start(world, &newer[0], 0, 5);
		mn_start(world, &newer[1], 2, 5);
		mn_start(world, &stranger, 10, 5);
		mn_end(&before);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(&newer[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(&newer[!i]);
		KUNIT_EXPECT_TRUE(test, mn_returns(remove));
		mn_end(&stranger);
		KUNIT_EXPECT_EQ(test, interval->calls, 3);
		if (world->hung)
			break;
	}
}

/* Strangers do not make it wait a second time, whenever they have started. */
static void remove_waits_once_if_only_strangers_are_left(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, stranger[2];
	struct mn_call *remove;

	mn_start(world, &stranger[0], 10, 5);
	mn_start(world, &before, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &stranger[1], 20, 5);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&stranger[0]);
	mn_end(&stranger[1]);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

/* No callback runs when it returns, nor one of a range that started late. */
static void remove_waits_for_a_callback_that_began_in_its_first_wait(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, after;
	struct mn_call *start, *remove;

	mn_start(world, &before, 0, 5);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	interval->gate = mn_gate(world);
	mn_range(world, &after, 5, 5);
	start = mn_spawn_start(world, &after);
	mn_gate_entered(world, interval->gate);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&after);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
}

/*
 * What started in the first wait is on its way to more than one subscription, and
 * comes by in the second wait.
 */
static void remove_in_its_second_wait_misses_nothing_of_the_first(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range before, after;
	struct mn_interval *interval[40], *removed;
	struct mn_call *start, *remove;
	int i;

	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(world, 0, i, 100);
	removed = mn_insert(world, 0, 45, 100);
	mn_start(world, &before, 140, 1);	/* overlaps no other */
	remove = mn_spawn_remove(removed);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));

	interval[5]->gate = mn_gate(world);
	mn_range(world, &after, 50, 1);
	start = mn_spawn_start(world, &after);
	mn_gate_entered(world, interval[5]->gate);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval[5]->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, removed->calls, 2);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&after);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	for (i = 0; i < 40; i++) {
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
		mn_remove(interval[i]);
	}
}

/* A start that is refused is over before anybody could wait for it. */
static void refused_start_does_not_prolong_a_removal(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range before, refused;
	struct mn_call *remove;
	int err;

	mn_start(world, &before, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	interval->refuse = true;
	err = mn_start_nonblock(world, &refused, 0, 10);
	KUNIT_EXPECT_EQ(test, err, -EAGAIN);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	if (!err)
		mn_end(&refused);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
}

static void remove_waits_for_the_last_of_several(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range[2];
	struct mn_interval *interval;
	struct mn_call *remove;
	int i;

	for (i = 0; i < 2; i++) {
		interval = mn_insert(world, 'a', 0, 10);
		mn_start(world, &range[0], 0, 5);
		mn_start(world, &range[1], 2, 5);
		remove = mn_spawn_remove(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(&range[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
		mn_end(&range[!i]);
		KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	}
}

static void remove_before_its_turn_is_still_announced_to(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[40];
	struct mmu_notifier_range range;
	struct mn_call *start, *remove[40];
	int i;

	/* In order, and not all at a time. The start goes on behind any of them. */
	for (i = 0; i < 40; i++)
		interval[i] = mn_insert(world, 0, i, 100);
	interval[5]->gate = mn_gate(world);
	mn_range(world, &range, 50, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, interval[5]->gate);
	for (i = 6; i < 40; i++) {
		remove[i] = mn_spawn_remove(interval[i]);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove[i]));
	}
	mn_gate_open(interval[5]->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
	for (i = 6; i < 40; i++)
		KUNIT_EXPECT_TRUE(test, mn_sleeps(remove[i]));
	mn_end(&range);
	for (i = 6; i < 40; i++)
		KUNIT_EXPECT_TRUE(test, mn_returns(remove[i]));
	for (i = 0; i < 6; i++)
		mn_remove(interval[i]);
}

static void remove_hides_no_other(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range before, after, last;
	struct mn_interval *interval[3];
	struct mn_call *remove;
	int i;

	/* In the order of the tree, the one that is removed is in the middle. */
	for (i = 0; i < 3; i++)
		interval[i] = mn_insert(world, 0, i, 10);
	mn_start(world, &before, 5, 1);
	remove = mn_spawn_remove(interval[1]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &after, 5, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 2);
	mn_end(&before);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_start(world, &last, 5, 1);
	KUNIT_EXPECT_EQ(test, interval[0]->calls, 3);
	KUNIT_EXPECT_EQ(test, interval[1]->calls, 2);
	KUNIT_EXPECT_EQ(test, interval[2]->calls, 3);
	mn_end(&after);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_end(&last);
	mn_remove(interval[0]);
	mn_remove(interval[2]);
}

static void remove_leaves_readers_of_others_alone(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_insert(world, 'a', 0, 10);
	struct mn_interval *b = mn_insert(world, 'b', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *remove, *read;

	mn_start(world, &range, 0, 10);
	remove = mn_spawn_remove(a);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	read = mn_spawn_read(b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(b, read->ret));
	mn_remove(b);
}

/*
 * Release
 */

static void end_of_the_mm_is_announced_to_all(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval[20];
	int i;

	for (i = 0; i < 20; i++)
		interval[i] = mn_insert(world, 0, 5 * i, 10);
	mn_world_release(world);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, interval[i]->calls, 1);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.event,
				MMU_NOTIFY_RELEASE);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.start, 0);
		KUNIT_EXPECT_EQ(test, interval[i]->seen.end, ULONG_MAX);
		KUNIT_EXPECT_TRUE(test, interval[i]->seen.blockable);
		KUNIT_EXPECT_NULL(test, interval[i]->seen.owner);
	}
	/* They outlive it. */
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_FALSE(test, mmget_not_zero(interval[i]->sub.mm));
		mn_remove(interval[i]);
	}
}

static void end_of_the_mm_collides(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	mn_world_release(world);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_remove(interval);
}

static void reader_after_the_end_of_the_mm_returns(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_call *read;

	mn_world_release(world);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
}

static void remove_waits_for_the_end_of_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mn_call *release, *remove;

	interval->gate = mn_gate(world);
	release = mn_spawn_release(world);
	mn_gate_entered(world, interval->gate);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_gate_open(interval->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
}

static void end_of_the_mm_is_announced_while_a_removal_waits(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *remove;

	/* As below. */
	mmgrab(mm);
	mn_start(world, &range, 0, 10);
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_RELEASE);
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mmdrop(mm);
}

static void end_of_the_mm_waits_for_nobody_else(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *release;

	/* Truncation may invalidate an mm that is on its way out. */
	mmgrab(mm);
	mn_start(world, &range, 0, 10);
	release = mn_spawn_release(world);
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_end(&range);
	mmdrop(mm);
	mn_remove(interval);
}

/*
 * Non-blocking invalidations, and both kinds on one mm
 */

static void refusal_fails_a_nonblocking_start(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;

	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 10));
	KUNIT_EXPECT_FALSE(test, interval->seen.blockable);
	mn_end(&range);
	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 10, 10));
	mn_end(&range);
	mn_remove(interval);
}

static void nonblocking_callback_may_not_sleep(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;
	struct mn_interval *interval;

	mn_skip_unless_sleep_is_forbidden(test);
	interval = mn_insert(world, 'a', 0, 10);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_FALSE(test, interval->seen.may_not_sleep);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, interval->seen.may_not_sleep);
	mn_remove(interval);
}

static void callback_runs_in_the_lockdep_map(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'a', 0, 10);
	struct mmu_notifier_range range;

	if (!IS_ENABLED(CONFIG_LOCKDEP)) {
		mn_remove(interval);
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	}
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_TRUE(test, interval->seen.in_map);
	interval->seen.in_map = false;
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, interval->seen.in_map);
	mn_remove(interval);
}

static void refusal_of_a_blocking_start_is_reported(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *a = mn_insert(world, 'a', 0, 10);
	struct mn_interval *b = mn_insert(world, 'b', 5, 10);
	struct mmu_notifier_range range;
	struct mn_call *read;

	a->refuse = true;
	mn_reports_begin(world);
	mn_start(world, &range, 0, 10);
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	/* It goes on all the same, with everybody else and until its end. */
	KUNIT_EXPECT_EQ(test, b->calls, 1);
	read = mn_spawn_read(b);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(a);
	mn_remove(b);
}

static void both_kinds_are_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);

	mn_invalidate(world, 0, 10);
	/* Drivers with both kinds on one mm count on this order. */
	KUNIT_EXPECT_STREQ(test, world->log, "ilL");
	mn_invalidate(world, 10, 10);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLlL");
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_unregister(listener);
	mn_remove(interval);
}

static void end_of_the_mm_reaches_intervals_first(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_call *release;

	listener->release_gate = mn_gate(world);
	release = mn_spawn_release(world);
	mn_gate_entered(world, listener->release_gate);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	mn_gate_open(listener->release_gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
	mn_unregister(listener);
	mn_remove(interval);
}

static void interval_first_then_the_whole_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);

	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_STREQ(test, world->log, "ilL");
	mn_unregister(listener);
	mn_invalidate(world, 0, 10);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLi");
	mn_remove(interval);
}

static void intervals_outlive_notifiers_of_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mmu_notifier_range across, range;
	struct mn_call *read;
	int i;

	/* Also of a range that began when they were there. */
	mn_start(world, &across, 0, 1);
	mn_unregister(listener);
	for (i = 0; i < 2; i++) {
		mn_start(world, &range, 0, 1);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(&range);
		if (!i)
			mn_end(&across);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	KUNIT_EXPECT_STREQ(test, world->log, "ilii");
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, interval->calls, 4);
	mn_remove(interval);
}

static void notifiers_of_the_mm_outlive_intervals(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mmu_notifier_range range;

	mn_invalidate(world, 0, 1);
	mn_remove(interval);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLlLlL");
	mn_unregister(listener);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLlLlL");
}

/*
 * A range whose start was before the mm kept account of ranges: the locks that are
 * held to invalidate are there to prevent it, but it must do no harm.
 */
static void first_interval_between_start_and_end(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range early, by_hand, late;
	struct mn_interval *interval;
	struct mn_call *read;
	int i;

	mn_start(world, &early, 0, 10);
	mn_range_by_hand(world, &by_hand, 0, 10);
	mmu_notifier_invalidate_range_start(&by_hand);
	interval = mn_insert(world, 'a', 0, 10);
	mn_start(world, &late, 0, 10);
	mn_end(&early);
	/* What it says is arbitrary, and may be taken for a mistake. */
	mn_reports_begin(world);
	mn_end(&by_hand);
	mn_reports_end(world);
	for (i = 0; i < 2; i++) {
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
		mn_end(&late);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		if (!i)
			mn_start(world, &late, 0, 10);
	}
	KUNIT_EXPECT_EQ(test, interval->calls, 2);
	mn_remove(interval);
}

static void range_filled_in_by_hand_meets_intervals(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *read;

	mn_range_by_hand(world, &range, 0, 1);
	mmu_notifier_invalidate_range_start(&range);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));

	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));

	interval->refuse = true;
	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mn_remove(interval);
}

static void range_filled_in_by_hand_meets_both_kinds(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *read;

	mn_range_by_hand(world, &range, 0, 1);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_STREQ(test, world->log, "ilLilL");
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	mn_remove(interval);
	mn_unregister(listener);
}

/* One object, as in a loop that gives up, tries again, and comes to the next VMA. */
static void range_is_used_again_and_again(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 0, 0, 10);
	struct mn_listener *listener = mn_register(world, 0, &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *read;
	int i;

	mn_range(world, &range, 0, 1);
	for (i = 0; i < 9; i++) {
		range.start = MN_ADDR(i / 3);
		range.end = MN_ADDR(i / 3 + 1);
		interval->refuse = i % 3 == 1;
		if (i % 3)
			KUNIT_EXPECT_EQ(test, interval->refuse ? -EAGAIN : 0,
					mmu_notifier_invalidate_range_start_nonblock(&range));
		else
			mmu_notifier_invalidate_range_start(&range);
		if (!interval->refuse)
			mn_end(&range);
		KUNIT_EXPECT_EQ(test, interval->calls, i + 1);
		KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
		read = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_returns(read));
		if (world->hung)
			break;
		KUNIT_EXPECT_FALSE(test, mn_retry(interval, read->ret));
	}
	mn_remove(interval);
	mn_unregister(listener);
}

static void end_lets_readers_go_before_the_end_callbacks(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mmu_notifier_range range;
	struct mn_call *read, *end;

	mn_start(world, &range, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	listener->other_gate = mn_gate(world);
	end = mn_spawn(world, "mmu_notifier_invalidate_range_end", &range,
		       mn_call_end, -1);
	mn_gate_entered(world, listener->other_gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_gate_open(listener->other_gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(end));
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	mn_unregister(listener);
	mn_remove(interval);
}

static void refusal_of_an_interval_leaves_the_mm_paired(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mmu_notifier_range range;

	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, listener->starts, listener->ends);
	mn_unregister(listener);
	mn_remove(interval);
}

static void failure_of_the_mm_releases_readers(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *fails = mn_register(world, 'f', &mn_start_ops);
	struct mn_listener *other = mn_register(world, 'o', &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *read;

	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 10));
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	KUNIT_EXPECT_EQ(test, other->ends, 1);

	/* Nothing is active: neither the reader nor the removal waits. */
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_FALSE(test, mn_sleeps(read));
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	mn_remove(interval);
	mn_unregister(fails);
	mn_unregister(other);
}

static void failure_of_the_mm_releases_removal(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *fails = mn_register(world, 'f', &mn_start_ops);
	struct mmu_notifier_range range;
	struct mn_call *remove;

	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 10));
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_unregister(fails);
}

static void failed_start_ends_only_itself(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *fails = mn_register(world, 'f', &mn_start_ops);
	struct mmu_notifier_range active, range;
	struct mn_call *read, *remove;

	mn_start(world, &active, 0, 10);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 10));
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	remove = mn_spawn_remove(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(remove));
	mn_end(&active);
	KUNIT_EXPECT_TRUE(test, mn_returns(read));
	KUNIT_EXPECT_TRUE(test, mn_returns(remove));
	mn_unregister(fails);
}

static void interval_callback_does_not_hold_up_unregister(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_insert(world, 'i', 0, 10);
	struct mn_listener *listener = mn_listener(world, 'l', &mn_range_ops);
	struct mm_struct *other = mm_alloc();
	struct mmu_notifier_range range;
	struct mn_call *start, *unregister;

	/* An mm with intervals only enters no SRCU section. */
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register(&listener->notifier, other));
	interval->gate = mn_gate(world);
	mn_range(world, &range, 0, 10);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, interval->gate);
	unregister = mn_spawn_unregister(listener);
	KUNIT_EXPECT_TRUE(test, mn_returns(unregister));
	mn_gate_open(interval->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	mmput(other);
	mn_remove(interval);
}

static struct kunit_case mmu_notifier_interval_cases[] = {
	KUNIT_CASE(overlapping_range_is_announced),
	KUNIT_CASE(disjoint_range_is_not_announced),
	KUNIT_CASE(abutting_range_is_not_announced),
	KUNIT_CASE(single_bytes_count),
	KUNIT_CASE(whole_address_space_is_an_interval),
	KUNIT_CASE(last_address_can_be_inserted),
	KUNIT_CASE(empty_and_wrapping_intervals_are_refused),
	KUNIT_CASE(failed_insert_leaves_no_mm),
	KUNIT_CASE(insert_into_a_dead_mm_is_refused),
	KUNIT_CASE(insert_fails_with_any_of_its_allocations),
	KUNIT_CASE(insert_locked_fails_with_any_of_its_allocations),
	KUNIT_CASE(insert_gives_up_on_a_signal),
	KUNIT_CASE(unmapping_real_memory_is_announced),
	KUNIT_CASE(change_of_protection_at_address_0_is_ended),
	KUNIT_CASE(object_need_not_be_initialised),
	KUNIT_CASE(insert_under_the_mmap_lock),
	KUNIT_CASE(insert_locked_needs_the_mmap_lock),
	KUNIT_CASE(failed_insert_prepares_nothing),
	KUNIT_CASE(prepared_mm_takes_intervals_under_the_mmap_lock),
	KUNIT_CASE(preparation_under_the_mmap_lock),
	KUNIT_CASE(preparation_again_changes_nothing),
	KUNIT_CASE(preparation_of_an_mm_with_notifiers),
	KUNIT_CASE(prepared_mm_keeps_account_of_invalidations),
	KUNIT_CASE(preparation_fails_with_any_of_its_allocations),
	KUNIT_CASE(later_preparation_fails_with_any_of_its_allocations),
	KUNIT_CASE(preparation_gives_up_on_a_signal),
	KUNIT_CASE(removed_is_not_announced_to),
	KUNIT_CASE(removed_can_be_inserted_again),
	KUNIT_CASE(interval_pins_the_mm_structure),
	KUNIT_CASE(announced_as_it_was_started),
	KUNIT_CASE(sequences_are_odd_and_differ),
	KUNIT_CASE(every_overlapping_interval_is_called_once),
	KUNIT_CASE(exactly_the_overlapping_intervals_are_called),
	KUNIT_CASE(read_of_a_new_interval_does_not_collide),
	KUNIT_CASE(invalidation_before_the_read_does_not_collide),
	KUNIT_CASE(invalidation_during_the_read_collides),
	KUNIT_CASE(collisions_add_up),
	KUNIT_CASE(disjoint_invalidation_does_not_collide),
	KUNIT_CASE(every_reader_collides),
	KUNIT_CASE(overlapping_intervals_collide_each_on_its_own),
	KUNIT_CASE(failed_start_does_not_hold_up_readers),
	KUNIT_CASE(reader_waits_for_an_overlapping_invalidation),
	KUNIT_CASE(all_waiting_readers_return),
	KUNIT_CASE(reader_does_not_wait_for_a_disjoint_invalidation),
	KUNIT_CASE(reader_returns_when_its_own_range_has_ended),
	KUNIT_CASE(reader_is_not_held_up_by_a_foreign_chain),
	KUNIT_CASE(reader_takes_no_lock_for_foreign_ranges),
	KUNIT_CASE(single_bytes_hold_readers_up),
	KUNIT_CASE(reader_does_not_wait_for_what_starts_later),
	KUNIT_CASE(reader_waits_for_the_last_of_several),
	KUNIT_CASE(end_wakes_only_those_it_held_up),
	KUNIT_CASE(stray_wake_up_does_not_end_a_wait),
	KUNIT_CASE(reader_waits_while_a_callback_runs),
	KUNIT_CASE(waits_under_the_mmap_lock),
	KUNIT_CASE(callbacks_of_one_interval_run_side_by_side),
	KUNIT_CASE(nested_ranges_hold_readers_up_until_both_end),
	KUNIT_CASE(reader_of_a_new_interval_waits_for_what_is_active),
	KUNIT_CASE(reader_of_a_new_interval_does_not_wait_for_others),
	KUNIT_CASE(insert_takes_effect_at_once),
	KUNIT_CASE(insert_while_callbacks_run_loses_nobody),
	KUNIT_CASE(late_callback_does_not_hide_a_later_invalidation),
	KUNIT_CASE(late_callback_does_not_hide_an_active_range),
	KUNIT_CASE(late_callback_does_not_hide_what_insertion_found),
	KUNIT_CASE(remove_waits_for_a_running_callback),
	KUNIT_CASE(remove_waits_for_the_end),
	KUNIT_CASE(remove_does_not_wait_for_a_disjoint_invalidation),
	KUNIT_CASE(remove_is_announced_to_in_its_first_wait),
	KUNIT_CASE(remove_is_not_announced_to_in_its_second_wait),
	KUNIT_CASE(remove_returns_under_a_chain),
	KUNIT_CASE(remove_waits_for_what_started_in_its_first_wait),
	KUNIT_CASE(remove_waits_once_if_only_strangers_are_left),
	KUNIT_CASE(remove_waits_for_a_callback_that_began_in_its_first_wait),
	KUNIT_CASE(remove_in_its_second_wait_misses_nothing_of_the_first),
	KUNIT_CASE(refused_start_does_not_prolong_a_removal),
	KUNIT_CASE(remove_waits_for_the_last_of_several),
	KUNIT_CASE(remove_before_its_turn_is_still_announced_to),
	KUNIT_CASE(remove_hides_no_other),
	KUNIT_CASE(remove_leaves_readers_of_others_alone),
	KUNIT_CASE(end_of_the_mm_is_announced_to_all),
	KUNIT_CASE(end_of_the_mm_collides),
	KUNIT_CASE(reader_after_the_end_of_the_mm_returns),
	KUNIT_CASE(remove_waits_for_the_end_of_the_mm),
	KUNIT_CASE(end_of_the_mm_is_announced_while_a_removal_waits),
	KUNIT_CASE(end_of_the_mm_waits_for_nobody_else),
	KUNIT_CASE(refusal_fails_a_nonblocking_start),
	KUNIT_CASE(nonblocking_callback_may_not_sleep),
	KUNIT_CASE(callback_runs_in_the_lockdep_map),
	KUNIT_CASE(refusal_of_a_blocking_start_is_reported),
	KUNIT_CASE(both_kinds_are_called),
	KUNIT_CASE(end_of_the_mm_reaches_intervals_first),
	KUNIT_CASE(interval_first_then_the_whole_mm),
	KUNIT_CASE(intervals_outlive_notifiers_of_the_mm),
	KUNIT_CASE(notifiers_of_the_mm_outlive_intervals),
	KUNIT_CASE(first_interval_between_start_and_end),
	KUNIT_CASE(range_filled_in_by_hand_meets_intervals),
	KUNIT_CASE(range_filled_in_by_hand_meets_both_kinds),
	KUNIT_CASE(range_is_used_again_and_again),
	KUNIT_CASE(end_lets_readers_go_before_the_end_callbacks),
	KUNIT_CASE(refusal_of_an_interval_leaves_the_mm_paired),
	KUNIT_CASE(failure_of_the_mm_releases_readers),
	KUNIT_CASE(failure_of_the_mm_releases_removal),
	KUNIT_CASE(failed_start_ends_only_itself),
	KUNIT_CASE(interval_callback_does_not_hold_up_unregister),
	{}
};

static struct kunit_suite mmu_notifier_interval_suite = {
	.name = "mmu_notifier_interval",
	.init = mn_world_init,
	.test_cases = mmu_notifier_interval_cases,
};
kunit_test_suite(mmu_notifier_interval_suite);

/*
 * Much of the above once more, while more invalidations are active elsewhere in
 * the mm than an implementation may care to keep apart.
 */
static struct kunit_case mmu_notifier_crowded_cases[] = {
	KUNIT_CASE(overlapping_range_is_announced),
	KUNIT_CASE(disjoint_range_is_not_announced),
	KUNIT_CASE(abutting_range_is_not_announced),
	KUNIT_CASE(single_bytes_count),
	KUNIT_CASE(removed_is_not_announced_to),
	KUNIT_CASE(removed_can_be_inserted_again),
	KUNIT_CASE(sequences_are_odd_and_differ),
	KUNIT_CASE(every_overlapping_interval_is_called_once),
	KUNIT_CASE(exactly_the_overlapping_intervals_are_called),
	KUNIT_CASE(read_of_a_new_interval_does_not_collide),
	KUNIT_CASE(invalidation_during_the_read_collides),
	KUNIT_CASE(collisions_add_up),
	KUNIT_CASE(disjoint_invalidation_does_not_collide),
	KUNIT_CASE(every_reader_collides),
	KUNIT_CASE(failed_start_does_not_hold_up_readers),
	KUNIT_CASE(reader_waits_for_an_overlapping_invalidation),
	KUNIT_CASE(all_waiting_readers_return),
	KUNIT_CASE(reader_does_not_wait_for_a_disjoint_invalidation),
	KUNIT_CASE(single_bytes_hold_readers_up),
	KUNIT_CASE(reader_does_not_wait_for_what_starts_later),
	KUNIT_CASE(reader_waits_for_the_last_of_several),
	KUNIT_CASE(stray_wake_up_does_not_end_a_wait),
	KUNIT_CASE(reader_waits_while_a_callback_runs),
	KUNIT_CASE(nested_ranges_hold_readers_up_until_both_end),
	KUNIT_CASE(reader_of_a_new_interval_waits_for_what_is_active),
	KUNIT_CASE(insert_takes_effect_at_once),
	KUNIT_CASE(insert_while_callbacks_run_loses_nobody),
	KUNIT_CASE(late_callback_does_not_hide_a_later_invalidation),
	KUNIT_CASE(late_callback_does_not_hide_an_active_range),
	KUNIT_CASE(late_callback_does_not_hide_what_insertion_found),
	KUNIT_CASE(remove_waits_for_a_running_callback),
	KUNIT_CASE(remove_waits_for_the_end),
	KUNIT_CASE(remove_is_announced_to_in_its_first_wait),
	KUNIT_CASE(remove_is_not_announced_to_in_its_second_wait),
	KUNIT_CASE(remove_returns_under_a_chain),
	KUNIT_CASE(remove_waits_for_a_callback_that_began_in_its_first_wait),
	KUNIT_CASE(remove_in_its_second_wait_misses_nothing_of_the_first),
	KUNIT_CASE(refused_start_does_not_prolong_a_removal),
	KUNIT_CASE(remove_waits_for_the_last_of_several),
	KUNIT_CASE(remove_before_its_turn_is_still_announced_to),
	KUNIT_CASE(remove_hides_no_other),
	KUNIT_CASE(remove_leaves_readers_of_others_alone),
	KUNIT_CASE(end_of_the_mm_is_announced_to_all),
	KUNIT_CASE(end_of_the_mm_collides),
	KUNIT_CASE(remove_waits_for_the_end_of_the_mm),
	KUNIT_CASE(refusal_fails_a_nonblocking_start),
	KUNIT_CASE(both_kinds_are_called),
	KUNIT_CASE(range_filled_in_by_hand_meets_both_kinds),
	KUNIT_CASE(range_is_used_again_and_again),
	KUNIT_CASE(failure_of_the_mm_releases_readers),
	KUNIT_CASE(failed_start_ends_only_itself),
	{}
};

static struct kunit_suite mmu_notifier_crowded_suite = {
	.name = "mmu_notifier_crowded",
	.init = mn_crowded_world_init,
	.test_cases = mmu_notifier_crowded_cases,
};
kunit_test_suite(mmu_notifier_crowded_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: subscriptions to an interval");
MODULE_LICENSE("GPL");

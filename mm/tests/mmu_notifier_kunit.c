// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to a whole mm: registration.
 */

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "mmu_notifier_helpers.h"

/*
 * Registration
 */

static void mm_without_notifiers_is_left_alone(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;

	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
	mn_invalidate(ctx, 0, 16);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(ctx, &range, 0, 16));
	mn_end(range);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(ctx->mm, 0));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(ctx->mm, 0, 1));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(ctx->mm, 0, 1));
	mmu_notifier_arch_invalidate_secondary_tlbs(ctx->mm, 0, 1);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
}

static void registered_is_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	KUNIT_EXPECT_TRUE(test, mm_has_notifiers(ctx->mm));
	KUNIT_EXPECT_PTR_EQ(test, sub->notifier.mm, ctx->mm);
	mn_invalidate(ctx, 0, 16);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, 1);
}

/* Only ->ops need be set: drivers use kmalloc(). */
static void memory_of_a_subscription_may_be_uninitialised(struct kunit *test)
{
	static const unsigned char contents[] = { 0x01, 0x5a, 0xa5, 0xff };
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);
	const struct mmu_notifier_ops *ops = sub->notifier.ops;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(contents); i++) {
		memset(&sub->notifier, contents[i], sizeof(sub->notifier));
		sub->notifier.ops = ops;
		mn_reports_begin(ctx);
		KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, ctx->mm));
		mn_invalidate(ctx, 0, 1);
		mn_unregister(sub);
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 0);
		KUNIT_EXPECT_EQ(test, sub->starts, i + 1);
		KUNIT_EXPECT_EQ(test, sub->releases, i + 1);
	}
}

static void unregistered_is_not_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_unregister(sub);
	mn_invalidate(ctx, 0, 16);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
}

static void every_subscription_is_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub[3];
	int i;

	for (i = 0; i < 3; i++)
		sub[i] = mn_register(ctx, 'a' + i, &mn_range_ops);
	mn_invalidate(ctx, 0, 16);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, sub[i]->starts, 1);
		KUNIT_EXPECT_EQ(test, sub[i]->ends, 1);
	}

	mn_unregister(sub[1]);
	mn_invalidate(ctx, 0, 16);
	KUNIT_EXPECT_EQ(test, sub[0]->starts, 2);
	KUNIT_EXPECT_EQ(test, sub[1]->starts, 1);
	KUNIT_EXPECT_EQ(test, sub[2]->starts, 2);
}

static void other_mm_is_not_called(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	mn_invalidate_mm(mn_other_mm(ctx), 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);
	mn_release_other_mm(ctx);
	KUNIT_EXPECT_EQ(test, sub->releases, 0);
}

static void register_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);

	KUNIT_EXPECT_EQ(test, 0, mn_try_register_locked(sub, ctx->mm));
	mn_invalidate(ctx, 0, 16);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
}

static void range_and_tlb_callbacks_exclude_each_other(struct kunit *test)
{
	static const struct mmu_notifier_ops tlb_and_start = {
		.arch_invalidate_secondary_tlbs = (void *)1,
		.invalidate_range_start = (void *)1,
	};
	static const struct mmu_notifier_ops tlb_and_end = {
		.arch_invalidate_secondary_tlbs = (void *)1,
		.invalidate_range_end = (void *)1,
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_sub(ctx, 'a', &tlb_and_start);
	struct mn_sub *b = mn_sub(ctx, 'b', &tlb_and_end);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, mn_try_register(a, ctx->mm));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, mn_try_register(b, ctx->mm));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
}

static int try_register(void *arg)
{
	struct mn_sub *sub = arg;

	return mn_try_register(sub, sub->ctx->mm);
}

static void register_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, try_register, sub); nth++)
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(ctx->mm));
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
}

static void register_gives_up_on_a_signal(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);
	int err;

	/* Map a VMA: without one, registration has no locks to take. */
	mn_map(ctx, PAGE_SIZE);
	set_thread_flag(TIF_SIGPENDING);
	err = mn_try_register(sub, current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));

	KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, current->mm));
}

static void subscription_pins_the_mm_structure(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = ctx->mm;
	int count = atomic_read(&mm->mm_count);
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);

	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count + 1);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
	sub = mn_register(ctx, 'b', &mn_range_ops);
	mn_release_mm(ctx);
	KUNIT_EXPECT_FALSE(test, mmget_not_zero(sub->notifier.mm));
}

static void unregister_waits_for_a_running_callback(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *start, *unregister;

	sub->gate = mn_gate(ctx);
	range = mn_range(ctx, 0, 16);
	start = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, sub->gate);
	unregister = mn_spawn_unregister(sub);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(unregister));

	mn_gate_open(sub->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	/* Unregistration may wait for the end of the range, or not. */
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	KUNIT_EXPECT_LE(test, sub->ends, 1);
}

static void call_end(struct mn_call *call)
{
	mn_end(call->arg);
}

static void call_clear_flush_young(struct mn_call *call)
{
	mmu_notifier_clear_flush_young(call->ctx->mm, 0, 1);
}

static void call_clear_young(struct mn_call *call)
{
	mmu_notifier_clear_young(call->ctx->mm, 0, 1);
}

static void call_test_young(struct mn_call *call)
{
	mmu_notifier_test_young(call->ctx->mm, 0);
}

static void call_secondary_tlbs(struct mn_call *call)
{
	mmu_notifier_arch_invalidate_secondary_tlbs(call->ctx->mm, 0, 1);
}

static void unregister_waits_for_every_callback(struct kunit *test)
{
	static const struct {
		const struct mmu_notifier_ops *ops;
		void (*fn)(struct mn_call *call);
		const char *what;
	} callbacks[] = {
		{ &mn_range_ops, call_end, "invalidate_range_end" },
		{ &mn_range_ops, call_clear_flush_young, "clear_flush_young" },
		{ &mn_range_ops, call_clear_young, "clear_young" },
		{ &mn_range_ops, call_test_young, "test_young" },
		{ &mn_tlb_ops, call_secondary_tlbs, "secondary TLBs" },
	};
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	int i;

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		struct mn_sub *sub = mn_register(ctx, 'a', callbacks[i].ops);
		struct mn_call *call, *unregister;

		sub->other_gate = mn_gate(ctx);
		range = mn_start(ctx, 0, 1);
		call = mn_spawn(ctx, callbacks[i].what, range,
				callbacks[i].fn, -1);
		mn_gate_entered(ctx, sub->other_gate);
		unregister = mn_spawn_unregister(sub);
		KUNIT_EXPECT_TRUE_MSG(test, mn_sleeps(unregister), "%s",
				      callbacks[i].what);
		mn_gate_open(sub->other_gate);
		KUNIT_ASSERT_TRUE(test, mn_returns(call));
		if (callbacks[i].fn != call_end)
			mn_end(range);
		KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	}
}

/* The first registration waits for holders of the mm's locks. */
static void call_register(struct mn_call *call)
{
	struct mn_sub *sub = call->arg;

	call->ret = mn_try_register(sub, call->ctx->mm);
}

static void register_waits_for_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);
	struct mn_gate *lock = mn_hold_mmap_lock(ctx, ctx->mm);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 1);
	struct mn_call *call = mn_spawn(ctx, "mmu_notifier_register", sub,
					call_register, -1);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	mn_gate_open(lock);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	KUNIT_EXPECT_EQ(test, sub->ends, 0);
}

/* The mmap_lock is there to prevent this, but it must do no harm. */
static void first_subscription_between_start_and_end(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range, *by_hand;
	struct mn_sub *sub;
	unsigned int early;

	range = mn_start(ctx, 0, 1);
	by_hand = mn_range_by_hand(ctx, 0, 1);
	mn_start_range(by_hand);
	sub = mn_register(ctx, 'a', &mn_range_ops);
	mn_end(range);
	/* Fields not filled in by hand are garbage, and may be reported. */
	mn_reports_begin(ctx);
	mn_end(by_hand);
	mn_reports_end(ctx);
	KUNIT_EXPECT_EQ(test, sub->starts, 0);
	early = sub->ends;
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
	KUNIT_EXPECT_EQ(test, sub->ends, early + 1);
}

static void unregister_under_the_mmap_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *a = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *b = mn_register(ctx, 'b', &mn_range_ops);

	mmap_write_lock(ctx->mm);
	mn_invalidate(ctx, 0, 1);
	mn_unregister(a);
	mn_invalidate(ctx, 0, 1);
	mmap_write_unlock(ctx->mm);
	mmap_read_lock(ctx->mm);
	mn_unregister(b);
	mmap_read_unlock(ctx->mm);
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	KUNIT_EXPECT_EQ(test, b->starts, 2);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
}

/* A mapped device, which unregisters when the VMA or the file is closed. */
struct mapped_device {
	struct mn_sub *sub;
	bool ends_with_the_vma;
	unsigned int closes;
	unsigned int file_releases;
};

/*
 * Unregister unless cleanup of the case has done so already. Other threads call
 * this, too: assert nothing.
 */
static void device_unregister(struct mapped_device *device)
{
	if (!list_empty(&device->sub->node))
		mn_returns(mn_spawn_unregister(device->sub));
}

static void device_vma_close(struct vm_area_struct *vma)
{
	struct mapped_device *device = vma->vm_private_data;

	device->closes++;
	if (device->ends_with_the_vma)
		device_unregister(device);
}

static const struct vm_operations_struct device_vm_ops = {
	.close = device_vma_close,
};

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &device_vm_ops;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct mapped_device *device = file->private_data;

	device->file_releases++;
	if (!device->ends_with_the_vma)
		device_unregister(device);
	mn_file_is_released(device->sub->ctx);
	return 0;
}

static const struct file_operations device_fops = {
	.mmap = device_mmap,
	.release = device_release,
};

static struct mapped_device *device_alloc(struct mn_ctx *ctx,
					  bool ends_with_the_vma)
{
	struct mapped_device *device = mn_alloc(ctx, sizeof(*device));

	device->sub = mn_sub(ctx, 'a', &mn_range_ops);
	device->ends_with_the_vma = ends_with_the_vma;
	return device;
}

static struct file *device_file(struct kunit *test, struct mapped_device *device)
{
	struct file *file = anon_inode_getfile("[mmu_notifier_kunit]",
					       &device_fops, device, O_RDWR);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	atomic_inc(&device->sub->ctx->files);
	return file;
}

static void subscription_ends_with_a_mapping(struct kunit *test, bool vma)
{
	struct mapped_device *device = device_alloc(test->priv, vma);
	struct file *file = device_file(test, device);
	unsigned long addr;

	addr = kunit_vm_mmap(test, file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE,
			     0);
	fput(file);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(device->sub, current->mm));
	vm_munmap(addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, device->closes, 1);
	/* A kernel thread only queues the final fput(). */
	KUNIT_EXPECT_TRUE(test, mn_files_released(test->priv));
	KUNIT_EXPECT_EQ(test, device->file_releases, 1);
	KUNIT_EXPECT_EQ(test, device->sub->starts, 1);
	KUNIT_EXPECT_EQ(test, device->sub->ends, 1);
	KUNIT_EXPECT_EQ(test, device->sub->releases, 1);
}

static void unregister_in_the_close_of_a_vma(struct kunit *test)
{
	subscription_ends_with_a_mapping(test, true);
}

static void unregister_in_the_release_of_a_file(struct kunit *test)
{
	subscription_ends_with_a_mapping(test, false);
}

static void end_of_the_mm_with_a_mapping(struct kunit *test, bool vma)
{
	struct mn_ctx *ctx = test->priv;
	struct mapped_device *device = device_alloc(ctx, vma);
	struct file *file = device_file(test, device);
	struct mn_call *call;

	mn_map_into_mm(ctx, file);
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(device->sub, ctx->mm));
	call = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_TRUE(test, mn_files_released(ctx));
	KUNIT_EXPECT_EQ(test, device->closes, 1);
	KUNIT_EXPECT_EQ(test, device->file_releases, 1);
	KUNIT_EXPECT_EQ(test, device->sub->releases, 1);
}

static void unregister_in_a_close_by_the_end_of_the_mm(struct kunit *test)
{
	end_of_the_mm_with_a_mapping(test, true);
}

static void unregister_in_a_release_by_the_end_of_the_mm(struct kunit *test)
{
	end_of_the_mm_with_a_mapping(test, false);
}

/*
 * Memory
 */

#define MEMORY_ROUNDS	2500

/* Allocate an mm, have it tracked, and free it. */
static void use_one_mm(struct kunit *test, struct mn_interval *interval)
{
	struct mm_struct *mm = mm_alloc();
	int err;

	KUNIT_ASSERT_NOT_NULL(test, mm);
	err = mmu_interval_notifier_insert(&interval->sub, mm, 0, PAGE_SIZE,
					   &mn_interval_ops);
	if (!err)
		mmu_interval_notifier_remove(&interval->sub);
	mmput(mm);
	KUNIT_ASSERT_EQ(test, err, 0);
}

/* Have an insertion into current->mm give up on a signal. */
static void give_up_one_insertion(struct kunit *test,
				  struct mn_interval *interval)
{
	set_thread_flag(TIF_SIGPENDING);
	mn_try_insert(interval, current->mm, 0, PAGE_SIZE);
	clear_thread_flag(TIF_SIGPENDING);
}

/* The number of slab pages, after all pending RCU frees. */
static long slab_pages(void)
{
	rcu_barrier();
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

static void nothing_is_leaked(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 0);
	long before, pages;
	int i;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "KASAN holds freed memory back");
	mn_map(ctx, PAGE_SIZE);
	for (i = -MEMORY_ROUNDS / 4; i < MEMORY_ROUNDS; i++) {
		if (!i)
			before = slab_pages();
		/* Bound the pending RCU frees: the slabs they take may stay. */
		if (i % 50 == 0)
			rcu_barrier();
		use_one_mm(test, interval);
		give_up_one_insertion(test, interval);
	}
	pages = slab_pages() - before;
	kunit_info(test, "%ld pages\n", pages);
	KUNIT_EXPECT_LT(test, pages, MEMORY_ROUNDS / 40);
}

/*
 * Fork
 */

static bool child_has_notifiers;
static DECLARE_COMPLETION(child_done);

static int fork_child(void *data)
{
	child_has_notifiers = mm_has_notifiers(current->mm);
	complete(&child_done);
	do_exit(0);
}

static void forked_mm_has_no_notifiers(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'a', &mn_range_ops);
	struct kernel_clone_args args = {
		.flags = CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = fork_child,
	};

	mn_map(ctx, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(sub, current->mm));
	child_has_notifiers = true;
	reinit_completion(&child_done);
	KUNIT_ASSERT_GT(test, kernel_clone(&args), 0);
	wait_for_completion(&child_done);
	KUNIT_EXPECT_FALSE(test, child_has_notifiers);
	mn_unregister(sub);
	KUNIT_EXPECT_EQ(test, sub->releases, 1);
}

static struct kunit_case mmu_notifier_cases[] = {
	KUNIT_CASE(mm_without_notifiers_is_left_alone),
	KUNIT_CASE(registered_is_called),
	KUNIT_CASE(memory_of_a_subscription_may_be_uninitialised),
	KUNIT_CASE(unregistered_is_not_called),
	KUNIT_CASE(every_subscription_is_called),
	KUNIT_CASE(other_mm_is_not_called),
	KUNIT_CASE(register_under_the_mmap_lock),
	KUNIT_CASE(range_and_tlb_callbacks_exclude_each_other),
	KUNIT_CASE(register_fails_with_any_of_its_allocations),
	KUNIT_CASE(register_gives_up_on_a_signal),
	KUNIT_CASE(subscription_pins_the_mm_structure),
	KUNIT_CASE(unregister_waits_for_a_running_callback),
	KUNIT_CASE(unregister_waits_for_every_callback),
	KUNIT_CASE(register_waits_for_the_mmap_lock),
	KUNIT_CASE(first_subscription_between_start_and_end),
	KUNIT_CASE(unregister_under_the_mmap_lock),
	KUNIT_CASE(unregister_in_the_close_of_a_vma),
	KUNIT_CASE(unregister_in_the_release_of_a_file),
	KUNIT_CASE(unregister_in_a_close_by_the_end_of_the_mm),
	KUNIT_CASE(unregister_in_a_release_by_the_end_of_the_mm),
	KUNIT_CASE(nothing_is_leaked),
	KUNIT_CASE(forked_mm_has_no_notifiers),
	{}
};

static struct kunit_suite mmu_notifier_suite = {
	.name = "mmu_notifier",
	.init = mn_init,
	.test_cases = mmu_notifier_cases,
};

kunit_test_suite(mmu_notifier_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: subscriptions to an mm");
MODULE_LICENSE("GPL");

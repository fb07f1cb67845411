// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers that subscribe to a whole mm: registration,
 * get and put, release, dispatch, and the pairing of start and end.
 */

#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/kthread.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmstat.h>

#include "mmu_notifier_world.h"

/*
 * Registration
 */

static void mm_without_notifiers_is_left_alone(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;

	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
	mn_invalidate(world, 0, 16);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 16));
	mn_end(&range);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(world->mm, 0));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(world->mm, 0, 1));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(world->mm, 0, 1));
	mmu_notifier_arch_invalidate_secondary_tlbs(world->mm, 0, 1);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
}

static void registered_is_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	KUNIT_EXPECT_TRUE(test, mm_has_notifiers(world->mm));
	KUNIT_EXPECT_PTR_EQ(test, listener->notifier.mm, world->mm);
	mn_invalidate(world, 0, 16);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	mn_unregister(listener);
}

static void unregistered_is_not_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	mn_unregister(listener);
	mn_invalidate(world, 0, 16);
	KUNIT_EXPECT_EQ(test, listener->starts, 0);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
}

static void every_subscription_is_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener[3];
	int i;

	for (i = 0; i < 3; i++)
		listener[i] = mn_register(world, 'a' + i, &mn_range_ops);
	mn_invalidate(world, 0, 16);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, listener[i]->starts, 1);
		KUNIT_EXPECT_EQ(test, listener[i]->ends, 1);
	}

	mn_unregister(listener[1]);
	mn_invalidate(world, 0, 16);
	KUNIT_EXPECT_EQ(test, listener[0]->starts, 2);
	KUNIT_EXPECT_EQ(test, listener[1]->starts, 1);
	KUNIT_EXPECT_EQ(test, listener[2]->starts, 2);
	mn_unregister(listener[0]);
	mn_unregister(listener[2]);
}

static void other_mm_is_not_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mm_struct *other = mm_alloc();
	struct mmu_notifier_range range;

	KUNIT_ASSERT_NOT_NULL(test, other);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, other, 0,
				PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, listener->starts, 0);
	mmput(other);
	KUNIT_EXPECT_EQ(test, listener->releases, 0);
	mn_unregister(listener);
}

static void register_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'a', &mn_range_ops);

	mmap_write_lock(world->mm);
	KUNIT_EXPECT_EQ(test, 0, __mmu_notifier_register(&listener->notifier,
							 world->mm));
	mmap_write_unlock(world->mm);
	mn_invalidate(world, 0, 16);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	mn_unregister(listener);
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
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_listener(world, 'a', &tlb_and_start);
	struct mn_listener *b = mn_listener(world, 'b', &tlb_and_end);

	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mmu_notifier_register(&a->notifier, world->mm));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			mmu_notifier_register(&b->notifier, world->mm));
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
}

static void register_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'a', &mn_range_ops);
	int mm_count = atomic_read(&world->mm->mm_count);
	unsigned int nth;
	int err;

	mn_failslab_begin(world);
	for (nth = 1;; nth++) {
		mn_fail_allocation(nth);
		err = mmu_notifier_register(&listener->notifier, world->mm);
		if (!mn_allocation_failed())
			break;
		KUNIT_ASSERT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
		KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count),
				mm_count);
	}
	KUNIT_EXPECT_GE(test, nth - 1, 1);
	KUNIT_ASSERT_EQ(test, err, 0);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	mn_unregister(listener);
}

static void register_gives_up_on_a_signal(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'a', &mn_range_ops);
	unsigned long addr;
	int err;

	/* A mm with a VMA: only there are locks to be taken. */
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	set_thread_flag(TIF_SIGPENDING);
	err = mmu_notifier_register(&listener->notifier, current->mm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(current->mm));

	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(&listener->notifier,
						       current->mm));
	mmu_notifier_unregister(&listener->notifier, current->mm);
}

static void subscription_pins_the_mm_structure(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	int count = atomic_read(&mm->mm_count);
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count + 1);
	mn_unregister(listener);
	KUNIT_EXPECT_EQ(test, atomic_read(&mm->mm_count), count);
	listener = mn_register(world, 'b', &mn_range_ops);
	mn_world_release(world);
	KUNIT_EXPECT_FALSE(test, mmget_not_zero(listener->notifier.mm));
	mn_unregister(listener);
}

static void unregister_waits_for_a_running_callback(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *start, *unregister;

	listener->gate = mn_gate(world);
	mn_range(world, &range, 0, 16);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, listener->gate);
	unregister = mn_spawn_unregister(listener);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(unregister));

	mn_gate_open(listener->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_returns(unregister));
	mn_end(&range);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
}

static void call_end(struct mn_call *call)
{
	mn_end(call->arg);
}

static void call_clear_flush_young(struct mn_call *call)
{
	mmu_notifier_clear_flush_young(call->world->mm, 0, 1);
}

static void call_clear_young(struct mn_call *call)
{
	mmu_notifier_clear_young(call->world->mm, 0, 1);
}

static void call_test_young(struct mn_call *call)
{
	mmu_notifier_test_young(call->world->mm, 0);
}

static void call_secondary_tlbs(struct mn_call *call)
{
	mmu_notifier_arch_invalidate_secondary_tlbs(call->world->mm, 0, 1);
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
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;
	int i;

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		struct mn_listener *listener = mn_register(world, 'a',
							   callbacks[i].ops);
		struct mn_call *call, *unregister;

		listener->other_gate = mn_gate(world);
		mn_start(world, &range, 0, 1);
		call = mn_spawn(world, callbacks[i].what, &range,
				callbacks[i].fn, -1);
		mn_gate_entered(world, listener->other_gate);
		unregister = mn_spawn_unregister(listener);
		KUNIT_EXPECT_TRUE_MSG(test, mn_sleeps(unregister), "%s",
				      callbacks[i].what);
		mn_gate_open(listener->other_gate);
		KUNIT_EXPECT_TRUE(test, mn_returns(call));
		KUNIT_EXPECT_TRUE(test, mn_returns(unregister));
		if (world->hung)
			break;
		if (callbacks[i].fn != call_end)
			mn_end(&range);
	}
}

/* The first subscription waits for those who may be invalidating. */
static void call_register(struct mn_call *call)
{
	struct mn_listener *listener = call->arg;

	call->ret = mmu_notifier_register(&listener->notifier, call->world->mm);
}

static void register_waits_for_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;
	struct mn_call *call;

	mmap_read_lock(world->mm);
	mn_start(world, &range, 0, 1);
	call = mn_spawn(world, "mmu_notifier_register", listener,
			call_register, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(&range);
	mmap_read_unlock(world->mm);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
	mn_unregister(listener);
}

/* The lock is there to prevent it, but it must do no harm. */
static void first_subscription_between_start_and_end(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range, by_hand;
	struct mn_listener *listener;
	unsigned int early;

	mn_start(world, &range, 0, 1);
	mn_range_by_hand(world, &by_hand, 0, 1);
	mmu_notifier_invalidate_range_start(&by_hand);
	listener = mn_register(world, 'a', &mn_range_ops);
	mn_end(&range);
	/* What it says is arbitrary, and may be taken for a mistake. */
	mn_reports_begin(world);
	mn_end(&by_hand);
	mn_reports_end(world);
	KUNIT_EXPECT_EQ(test, listener->starts, 0);
	early = listener->ends;
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, early + 1);
	mn_unregister(listener);
}

static void unregister_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_range_ops);

	mmap_write_lock(world->mm);
	mn_invalidate(world, 0, 1);
	mmu_notifier_unregister(&a->notifier, world->mm);
	mn_invalidate(world, 0, 1);
	mmap_write_unlock(world->mm);
	mmap_read_lock(world->mm);
	mmu_notifier_unregister(&b->notifier, world->mm);
	mmap_read_unlock(world->mm);
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	KUNIT_EXPECT_EQ(test, b->starts, 2);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
}

/* A device that is mapped: its subscription goes with the VMA, or the file. */
struct mapped_device {
	struct mn_listener *listener;
	bool ends_with_the_vma;
	unsigned int closes;
	unsigned int file_releases;
};

static void device_vma_close(struct vm_area_struct *vma)
{
	struct mapped_device *device = vma->vm_private_data;

	device->closes++;
	if (device->ends_with_the_vma)
		mn_unregister(device->listener);
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
		mn_unregister(device->listener);
	return 0;
}

static const struct file_operations device_fops = {
	.mmap = device_mmap,
	.release = device_release,
};

static struct file *device_file(struct kunit *test, struct mapped_device *device)
{
	struct file *file = anon_inode_getfile("[mmu_notifier_kunit]",
					       &device_fops, device, O_RDWR);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	device->listener = mn_listener(test->priv, 'a', &mn_range_ops);
	return file;
}

static void subscription_ends_with_a_mapping(struct kunit *test, bool vma)
{
	struct mapped_device *device = kunit_kzalloc(test, sizeof(*device),
						     GFP_KERNEL);
	struct file *file;
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, device);
	device->ends_with_the_vma = vma;
	file = device_file(test, device);
	addr = kunit_vm_mmap(test, file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE,
			     0);
	fput(file);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register(&device->listener->notifier,
					      current->mm));
	vm_munmap(addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, device->closes, 1);
	/* That of a thread of the kernel is put off. */
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, device->file_releases, 1);
	KUNIT_EXPECT_EQ(test, device->listener->starts, 1);
	KUNIT_EXPECT_EQ(test, device->listener->ends, 1);
	KUNIT_EXPECT_EQ(test, device->listener->releases, 1);
}

static void unregister_in_the_close_of_a_vma(struct kunit *test)
{
	subscription_ends_with_a_mapping(test, true);
}

static void unregister_in_the_release_of_a_file(struct kunit *test)
{
	subscription_ends_with_a_mapping(test, false);
}

/* Map a file into an mm that is not that of a case. */
static void call_mmap_file(struct mn_call *call)
{
	struct mm_struct *mm = call->world->mm;

	mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	call->ret = vm_mmap(call->arg, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	kthread_unuse_mm(mm);
}

static void end_of_the_mm_with_a_mapping(struct kunit *test, bool vma)
{
	struct mapped_device *device = kunit_kzalloc(test, sizeof(*device),
						     GFP_KERNEL);
	struct mn_world *world = test->priv;
	struct mn_call *call;
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, device);
	device->ends_with_the_vma = vma;
	file = device_file(test, device);
	call = mn_spawn(world, "vm_mmap", file, call_mmap_file, -1);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	fput(file);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(call->ret));
	KUNIT_ASSERT_EQ(test, 0,
			mmu_notifier_register(&device->listener->notifier,
					      world->mm));
	call = mn_spawn_release(world);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, device->closes, 1);
	KUNIT_EXPECT_EQ(test, device->file_releases, 1);
	KUNIT_EXPECT_EQ(test, device->listener->releases, 1);
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
 * Release
 */

static void end_of_the_mm_releases_once(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	mn_unregister(listener);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
}

static void unregister_releases_once(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	mn_unregister(listener);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
}

static void end_of_the_mm_releases_all(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *with[2], *without;

	with[0] = mn_register(world, 'a', &mn_range_ops);
	without = mn_register(world, 'b', &mn_start_ops);
	with[1] = mn_register(world, 'c', &mn_range_ops);
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, with[0]->releases, 1);
	KUNIT_EXPECT_EQ(test, with[1]->releases, 1);
	mn_unregister(with[0]);
	mn_unregister(without);
	mn_unregister(with[1]);
}

static void listener_release(struct mmu_notifier *notifier,
			     struct mm_struct *mm)
{
	container_of(notifier, struct mn_listener, notifier)->releases++;
}

static void release_may_be_the_only_callback(struct kunit *test)
{
	static const struct mmu_notifier_ops release_ops = {
		.release = listener_release,
	};
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &release_ops);
	struct mn_listener *b = mn_register(world, 'b', &release_ops);
	struct mmu_notifier_range range;

	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	mn_unregister(a);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	KUNIT_EXPECT_EQ(test, b->releases, 0);
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
	mn_unregister(b);
	KUNIT_EXPECT_EQ(test, b->releases, 1);
}

/* Truncation may invalidate an mm that is on its way out. */
static void released_is_not_called(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mm_struct *mm = world->mm;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range across, range;

	mmgrab(mm);
	mn_start(world, &across, 0, 1);
	mn_world_release(world);
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, 0, PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	mmu_notifier_invalidate_range_end(&across);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(mm, 0, 1));
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
	KUNIT_EXPECT_EQ(test, listener->young_calls, 0);
	mmdrop(mm);
	mn_unregister(listener);
}

static void end_of_the_mm_waits_for_release_by_unregister(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mn_call *unregister, *release;

	listener->release_gate = mn_gate(world);
	unregister = mn_spawn_unregister(listener);
	mn_gate_entered(world, listener->release_gate);
	release = mn_spawn_release(world);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(release));

	mn_gate_open(listener->release_gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(unregister));
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
}

static void unregister_waits_for_release_by_the_end_of_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_range_ops);
	struct mn_call *unregister, *release;

	a->release_gate = mn_gate(world);
	release = mn_spawn_release(world);
	mn_gate_entered(world, a->release_gate);
	unregister = mn_spawn_unregister(a);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(unregister));

	mn_gate_open(a->release_gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_TRUE(test, mn_returns(unregister));
}

/*
 * Get and put
 */

static unsigned int allocated, freed;
static int alloc_error;
static struct mmu_notifier *free_slowly;
static bool synchronized, alloc_was_locked;

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	struct mn_listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL);

	if (!listener)
		return ERR_PTR(-ENOMEM);
	if (alloc_error) {
		kfree(listener);
		return ERR_PTR(alloc_error);
	}
	listener->world = kunit_get_current_test()->priv;
	/* It may sleep there. */
	might_sleep();
	alloc_was_locked = rwsem_is_locked(&mm->mmap_lock) &&
			   !mmap_read_trylock(mm);
	allocated++;
	return &listener->notifier;
}

static void free_notifier(struct mmu_notifier *notifier)
{
	int i;

	/* Long enough that whoever does not wait for it is caught. */
	if (notifier == READ_ONCE(free_slowly))
		for (i = 0; !READ_ONCE(synchronized) && i < 200; i++)
			mdelay(1);
	/* Whoever uses it from now on is to notice. */
	memset(notifier, 0xa5, sizeof(*notifier));
	kfree(container_of(notifier, struct mn_listener, notifier));
	WRITE_ONCE(freed, freed + 1);
}

/* As mn_range_ops, but for mmu_notifier_get(). */
static struct mmu_notifier_ops get_ops, other_get_ops;

static int get_and_put_init(struct kunit *test)
{
	allocated = 0;
	freed = 0;
	alloc_error = 0;
	free_slowly = NULL;
	synchronized = false;
	alloc_was_locked = false;
	get_ops = mn_range_ops;
	get_ops.alloc_notifier = alloc_notifier;
	get_ops.free_notifier = free_notifier;
	other_get_ops = get_ops;
	return mn_world_init(test);
}

static struct mn_listener *get(struct kunit *test,
			       const struct mmu_notifier_ops *ops)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier *notifier = mmu_notifier_get(ops, world->mm);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	return container_of(notifier, struct mn_listener, notifier);
}

static void get_of_the_same_ops_gets_the_same(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);
	struct mn_listener *b = get(test, &get_ops);

	KUNIT_EXPECT_PTR_EQ(test, a, b);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	KUNIT_EXPECT_PTR_EQ(test, a->notifier.mm, world->mm);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, a->starts, 1);

	mmu_notifier_put(&a->notifier);
	mmu_notifier_put(&b->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void get_of_other_ops_gets_another(struct kunit *test)
{
	struct mn_listener *a = get(test, &get_ops);
	struct mn_listener *b = get(test, &other_get_ops);

	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_EQ(test, allocated, 2);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_put(&b->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 2);
}

static void get_locked_under_the_mmap_lock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier *a, *b;

	mmap_write_lock(world->mm);
	a = mmu_notifier_get_locked(&get_ops, world->mm);
	b = mmu_notifier_get_locked(&get_ops, world->mm);
	mmap_write_unlock(world->mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	KUNIT_EXPECT_PTR_EQ(test, a, b);
	mmu_notifier_put(a);
	mmu_notifier_put(b);
	mmu_notifier_synchronize();
}

static void only_the_last_put_frees(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	get(test, &get_ops);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 0);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void put_does_not_release(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *other = mn_register(world, 'o', &mn_range_ops);
	struct mn_gate *gate = mn_gate(world);
	struct mn_listener *a = get(test, &get_ops);
	struct mmu_notifier_range range;
	struct mn_call *start;

	/* Keep it from being freed while we look. */
	other->gate = gate;
	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, gate);
	mmu_notifier_put(&a->notifier);
	KUNIT_EXPECT_EQ(test, READ_ONCE(freed), 0);
	KUNIT_EXPECT_EQ(test, a->releases, 0);
	mn_gate_open(gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	mmu_notifier_synchronize();
	mn_unregister(other);
}

static void what_was_got_pins_the_mm_structure(struct kunit *test)
{
	struct mn_world *world = test->priv;
	int count = atomic_read(&world->mm->mm_count);
	struct mn_listener *a = get(test, &get_ops);

	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count + 1);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count);
}

static void get_after_the_last_put_allocates_anew(struct kunit *test)
{
	struct mn_listener *a = get(test, &get_ops);
	struct mn_listener *b;

	mmu_notifier_put(&a->notifier);
	b = get(test, &get_ops);
	KUNIT_EXPECT_EQ(test, allocated, 2);
	mmu_notifier_put(&b->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 2);
}

static void get_returns_the_error_of_alloc(struct kunit *test)
{
	struct mn_world *world = test->priv;

	alloc_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, -ENODEV,
			PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, world->mm)));
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
}

static void get_frees_what_it_cannot_register(struct kunit *test)
{
	unsigned long addr;
	int err;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	set_thread_flag(TIF_SIGPENDING);
	err = PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, current->mm));
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, err, -EINTR);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void get_fails_with_any_of_its_allocations(struct kunit *test)
{
	struct mn_world *world = test->priv;
	int mm_count = atomic_read(&world->mm->mm_count);
	struct mmu_notifier *notifier;
	unsigned int nth;

	mn_failslab_begin(world);
	for (nth = 1;; nth++) {
		mn_fail_allocation(nth);
		notifier = mmu_notifier_get(&get_ops, world->mm);
		if (!mn_allocation_failed())
			break;
		KUNIT_ASSERT_EQ(test, -ENOMEM, PTR_ERR_OR_ZERO(notifier));
		KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
		KUNIT_EXPECT_EQ(test, freed, allocated);
		KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count),
				mm_count);
	}
	/* The subscription, and what the mm knows about its notifiers. */
	KUNIT_EXPECT_GE(test, nth - 1, 2);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	KUNIT_EXPECT_EQ(test, allocated, freed + 1);
	mmu_notifier_put(notifier);
	mmu_notifier_synchronize();
}

static void get_of_too_many_is_refused(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	a->notifier.users = UINT_MAX;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			PTR_ERR_OR_ZERO(mmu_notifier_get(&get_ops, world->mm)));
	KUNIT_EXPECT_EQ(test, a->notifier.users, UINT_MAX);
	a->notifier.users = 1;
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
}

static void put_of_what_has_no_users_is_reported(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	a->notifier.users = 0;
	mn_reports_begin(world);
	mmu_notifier_put(&a->notifier);
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	KUNIT_EXPECT_EQ(test, a->notifier.users, 0);
	a->notifier.users = 1;
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void put_is_allowed_in_release(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	a->put_on_release = true;
	mn_world_release(world);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

/* Both ways of giving up are open to a subscription that can be freed. */
static void what_was_registered_can_be_put(struct kunit *test)
{
	struct mn_world *world = test->priv;
	int count = atomic_read(&world->mm->mm_count);
	struct mmu_notifier *notifier = alloc_notifier(world->mm);
	struct mn_listener *listener;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notifier);
	listener = container_of(notifier, struct mn_listener, notifier);
	notifier->ops = &get_ops;
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(notifier, world->mm));
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);

	/* It is also found, and put by each who has got it. */
	KUNIT_EXPECT_PTR_EQ(test, get(test, &get_ops), listener);
	KUNIT_EXPECT_EQ(test, allocated, 1);
	mmu_notifier_put(notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 0);
	mmu_notifier_put(notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&world->mm->mm_count), count);
	mn_invalidate(world, 0, 1);
}

static void put_under_a_spinlock(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	get(test, &get_ops);
	spin_lock(&world->log_lock);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_put(&a->notifier);
	spin_unlock(&world->log_lock);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

/* From a thread that has nothing to do with the mm, when that is gone. */
static void put_after_the_end_of_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);

	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, a->releases, 1);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void alloc_runs_under_the_mmap_lock(struct kunit *test)
{
	struct mn_listener *a = get(test, &get_ops);

	KUNIT_EXPECT_TRUE(test, alloc_was_locked);
	mmu_notifier_put(&a->notifier);
	mmu_notifier_synchronize();
}

static void put_frees_after_running_callbacks(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = get(test, &get_ops);
	struct mn_gate *gate = mn_gate(world);
	struct mmu_notifier_range range;
	struct mn_call *start;

	a->gate = gate;
	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, gate);
	mmu_notifier_put(&a->notifier);
	/* Its readers may sleep, which those of RCU may not. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(freed), 0);
	mn_gate_open(gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	mmu_notifier_synchronize();
	KUNIT_EXPECT_EQ(test, freed, 1);
}

static void call_put(struct mn_call *call)
{
	mmu_notifier_put(call->arg);
}

static void call_synchronize(struct mn_call *call)
{
	mmu_notifier_synchronize();
	call->ret = READ_ONCE(freed);
	WRITE_ONCE(synchronized, true);
}

/* Where nothing has been put, too. */
static void synchronize_waits_for_running_callbacks(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'l', &mn_range_ops);
	struct mn_call *start, *synchronize;
	struct mmu_notifier_range range;

	listener->gate = mn_gate(world);
	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, listener->gate);
	synchronize = mn_spawn(world, "mmu_notifier_synchronize", NULL,
			       call_synchronize, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(synchronize));
	mn_gate_open(listener->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_TRUE(test, mn_returns(synchronize));
	mn_end(&range);
	mn_unregister(listener);
}

/*
 * SRCU calls back on several CPUs, in no order: what is put on the last one may
 * be freed after a grace period that is awaited on the first one is over. Stock
 * shows that only with srcutree.convert_to_big=1, on several CPUs.
 */
static void synchronize_waits_for_what_was_put(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *reader = mn_register(world, 'r', &mn_range_ops);
	struct mn_listener *first = get(test, &get_ops);
	struct mn_listener *slow = get(test, &other_get_ops);
	struct mn_call *start, *put, *synchronize;
	struct mmu_notifier_range range;

	/* Hold up the grace period that the first put begins ... */
	reader->gate = mn_gate(world);
	mn_range(world, &range, 0, 1);
	start = mn_spawn_start(world, &range);
	mn_gate_entered(world, reader->gate);
	mmu_notifier_put(&first->notifier);

	/* ... so that these two have the next one in common. */
	WRITE_ONCE(free_slowly, &slow->notifier);
	put = mn_spawn(world, "mmu_notifier_put", &slow->notifier, call_put,
		       num_online_cpus() - 1);
	KUNIT_EXPECT_TRUE(test, mn_returns(put));
	synchronize = mn_spawn(world, "mmu_notifier_synchronize", NULL,
			       call_synchronize, 0);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(synchronize));

	mn_gate_open(reader->gate);
	KUNIT_EXPECT_TRUE(test, mn_returns(start));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, mn_returns(synchronize));
	KUNIT_EXPECT_EQ(test, synchronize->ret, 2);
	while (READ_ONCE(freed) < 2)
		schedule_timeout_uninterruptible(1);
	mn_unregister(reader);
}

/*
 * Dispatch
 */

static const enum mmu_notifier_event events[] = {
	MMU_NOTIFY_UNMAP, MMU_NOTIFY_CLEAR, MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE, MMU_NOTIFY_SOFT_DIRTY, MMU_NOTIFY_RELEASE,
	MMU_NOTIFY_MIGRATE, MMU_NOTIFY_EXCLUSIVE,
};

static void every_event_arrives_unchanged(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mn_seen *seen[] = { &listener->seen_start, &listener->seen_end };
	struct mmu_notifier_range range;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		mmu_notifier_range_init_owner(&range, events[i], 0, world->mm,
					      MN_ADDR(i), MN_ADDR(2 * i + 1),
					      (void *)&events[i]);
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
		for (j = 0; j < 2; j++) {
			KUNIT_EXPECT_PTR_EQ(test, seen[j]->mm, world->mm);
			KUNIT_EXPECT_EQ(test, seen[j]->event, events[i]);
			KUNIT_EXPECT_EQ(test, seen[j]->start, MN_ADDR(i));
			KUNIT_EXPECT_EQ(test, seen[j]->end, MN_ADDR(2 * i + 1));
			KUNIT_EXPECT_PTR_EQ(test, seen[j]->owner,
					    (void *)&events[i]);
		}
	}
	mn_unregister(listener);
}

static void flags_of_the_caller_are_kept(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	unsigned int flag = MMU_NOTIFIER_RANGE_BLOCKABLE << 7;
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, flag, world->mm, 0,
				PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	KUNIT_EXPECT_EQ(test, range.flags, flag | MMU_NOTIFIER_RANGE_BLOCKABLE);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	KUNIT_EXPECT_EQ(test, range.flags, flag);
	mmu_notifier_invalidate_range_end(&range);
	mn_unregister(listener);
}

static void unmap_is_the_default_event(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, MMU_NOTIFY_UNMAP, 0);
}

static void owner_is_null_unless_given(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;

	memset(&range, 0xa5, sizeof(range));
	mn_range(world, &range, 0, 1);
	KUNIT_EXPECT_NULL(test, range.owner);
}

static void range_need_not_be_zeroed(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	memset(&range, 0xa5, sizeof(range));
	mn_range(world, &range, 0, 1);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	mn_unregister(listener);
}

static void range_filled_in_by_hand_meets_nobody(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;

	mn_range_by_hand(world, &range, 0, 1);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_FALSE(test, mm_has_notifiers(world->mm));
}

static void range_filled_in_by_hand_meets_notifiers_of_the_mm(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *fails = mn_register(world, 0, &mn_start_ops);
	struct mmu_notifier_range range;

	mn_range_by_hand(world, &range, 3, 1);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(3));
	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mmu_notifier_invalidate_range_end(&range);
	fails->fail_nonblock = -EAGAIN;
	mn_range_by_hand(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	KUNIT_EXPECT_STREQ(test, world->log, "aAaAaA");
	mn_unregister(listener);
	mn_unregister(fails);
}

static void last_byte_of_the_address_space_is_passed(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, world->mm, 0,
				ULONG_MAX);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, listener->seen_start.end, ULONG_MAX);
	mn_unregister(listener);
}

static void blocking_start_is_blockable(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_TRUE(test, listener->seen_start.blockable);
	KUNIT_EXPECT_TRUE(test, listener->seen_end.blockable);
	KUNIT_EXPECT_FALSE(test, listener->seen_start.may_not_sleep);
	KUNIT_EXPECT_FALSE(test, listener->seen_end.may_not_sleep);
	mn_unregister(listener);
}

static void nonblocking_start_is_not_blockable(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	/* Left over from a blocking use. */
	mn_range(world, &range, 0, 1);
	range.flags = MMU_NOTIFIER_RANGE_BLOCKABLE;
	KUNIT_EXPECT_EQ(test, 0,
			mmu_notifier_invalidate_range_start_nonblock(&range));
	mn_end(&range);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	KUNIT_EXPECT_FALSE(test, listener->seen_start.blockable);
	KUNIT_EXPECT_FALSE(test, listener->seen_end.blockable);
	mn_unregister(listener);
}

static void nonblocking_callbacks_may_not_sleep(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mmu_notifier_range range;
	struct mn_listener *listener;

	mn_skip_unless_sleep_is_forbidden(test);
	listener = mn_register(world, 'a', &mn_range_ops);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, listener->seen_start.may_not_sleep);
	KUNIT_EXPECT_TRUE(test, listener->seen_end.may_not_sleep);
	mn_unregister(listener);
}

static void callbacks_run_in_the_lockdep_map(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "needs CONFIG_LOCKDEP");
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_TRUE(test, listener->seen_start.in_map);
	KUNIT_EXPECT_TRUE(test, listener->seen_end.in_map);

	memset(&listener->seen_start, 0, sizeof(listener->seen_start));
	memset(&listener->seen_end, 0, sizeof(listener->seen_end));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_TRUE(test, listener->seen_start.in_map);
	KUNIT_EXPECT_TRUE(test, listener->seen_end.in_map);
	mn_unregister(listener);
}

static void every_callback_is_optional(struct kunit *test)
{
	static const struct mmu_notifier_ops no_ops;
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &no_ops);
	struct mmu_notifier_range range;

	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 0, 1));
	mn_end(&range);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(world->mm, 0));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(world->mm, 0, 1));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(world->mm, 0, 1));
	mmu_notifier_arch_invalidate_secondary_tlbs(world->mm, 0, 1);
	mn_world_release(world);
	mn_unregister(listener);
}

static void listener_end(struct mmu_notifier *notifier,
			 const struct mmu_notifier_range *range)
{
	struct mn_listener *listener =
		container_of(notifier, struct mn_listener, notifier);

	listener->ends++;
	mn_note(&listener->seen_end, range, 0);
}

static void end_may_be_the_only_range_callback(struct kunit *test)
{
	static const struct mmu_notifier_ops end_ops = {
		.release = listener_release,
		.invalidate_range_end = listener_end,
	};
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &end_ops);
	struct mn_listener *fails = mn_register(world, 0, &mn_start_ops);
	struct mmu_notifier_range range;
	unsigned int ends;

	mn_start(world, &range, 3, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 0);
	mn_end(&range);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, 0, mn_start_nonblock(world, &range, 4, 1));
	mn_end(&range);
	KUNIT_EXPECT_EQ(test, listener->ends, 2);

	/* It may be told, or not, of the end of what has not started. */
	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_LE(test, listener->ends, 3);
	ends = listener->ends;
	mn_unregister(fails);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, ends + 1);
	mn_world_release(world);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
	mn_unregister(listener);
}

static void missing_callbacks_hide_no_other(struct kunit *test)
{
	static const struct mmu_notifier_ops no_ops;
	struct mn_world *world = test->priv;
	struct mn_listener *without[3], *with[2];
	struct mmu_notifier_range range;
	int i;

	without[0] = mn_register(world, 'a', &no_ops);
	with[0] = mn_register(world, 'b', &mn_range_ops);
	without[1] = mn_register(world, 'c', &no_ops);
	with[1] = mn_register(world, 'd', &mn_range_ops);
	without[2] = mn_register(world, 'e', &no_ops);
	mn_start(world, &range, 0, 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, with[i]->starts, 1);
	mn_end(&range);
	mmu_notifier_clear_young(world->mm, 0, 1);
	mmu_notifier_clear_flush_young(world->mm, 0, 1);
	mmu_notifier_test_young(world->mm, 0);
	mn_world_release(world);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, with[i]->ends, 1);
		KUNIT_EXPECT_EQ(test, with[i]->young_calls, 3);
		KUNIT_EXPECT_EQ(test, with[i]->releases, 1);
		mn_unregister(with[i]);
	}
	for (i = 0; i < 3; i++)
		mn_unregister(without[i]);
}

static void clear_flush_young_asks_all(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_flush_young(world->mm,
								MN_ADDR(3),
								MN_ADDR(5)));
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_flush_young(world->mm, 0, 1));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_flush_young(world->mm, 0, 1));
	KUNIT_EXPECT_EQ(test, a->young_calls, 3);
	KUNIT_EXPECT_EQ(test, b->young_calls, 3);
	mn_unregister(a);
	mn_unregister(b);
}

static void clear_young_asks_all(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_clear_young(world->mm, MN_ADDR(3),
							  MN_ADDR(5)));
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_young(world->mm, 0, 1));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_clear_young(world->mm, 0, 1));
	KUNIT_EXPECT_EQ(test, a->young_calls, 3);
	KUNIT_EXPECT_EQ(test, b->young_calls, 3);
	mn_unregister(a);
	mn_unregister(b);
}

static void test_young_asks_until_one_is(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_range_ops);

	KUNIT_EXPECT_FALSE(test, mmu_notifier_test_young(world->mm, MN_ADDR(7)));
	KUNIT_EXPECT_EQ(test, a->young_calls, 1);
	KUNIT_EXPECT_EQ(test, b->young_calls, 1);
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(7));
	a->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_test_young(world->mm, 0));
	a->young = false;
	b->young = true;
	KUNIT_EXPECT_TRUE(test, mmu_notifier_test_young(world->mm, 0));
	KUNIT_EXPECT_LT(test, a->young_calls + b->young_calls, 6);
	mn_unregister(a);
	mn_unregister(b);
}

static void each_question_about_young_has_its_callback(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);

	mmu_notifier_clear_flush_young(world->mm, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, listener->young_tests, 0);
	mmu_notifier_test_young(world->mm, 0);
	KUNIT_EXPECT_EQ(test, listener->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, listener->young_tests, 1);
	mmu_notifier_clear_young(world->mm, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->young_flushes, 1);
	KUNIT_EXPECT_EQ(test, listener->young_tests, 1);
	KUNIT_EXPECT_EQ(test, listener->young_calls, 3);
	mn_unregister(listener);
}

static void secondary_tlbs_are_told(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_tlb_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_tlb_ops);
	struct mn_listener *c = mn_register(world, 'c', &mn_range_ops);

	mmu_notifier_arch_invalidate_secondary_tlbs(world->mm, MN_ADDR(3),
						    MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, a->tlb_calls, 1);
	KUNIT_EXPECT_EQ(test, b->tlb_calls, 1);
	KUNIT_EXPECT_EQ(test, a->arg_start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, a->arg_end, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, c->starts, 0);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, a->tlb_calls, 1);
	mn_unregister(a);
	mn_unregister(b);
	mn_unregister(c);
}

/* They are called under the lock of the page table. */
static void young_and_secondary_tlbs_under_a_spinlock(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct mn_world *world = test->priv;
	struct mn_listener *young = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *tlb = mn_register(world, 'b', &mn_tlb_ops);

	spin_lock(&lock);
	mmu_notifier_clear_flush_young(world->mm, 0, 1);
	mmu_notifier_clear_young(world->mm, 0, 1);
	mmu_notifier_test_young(world->mm, 0);
	mmu_notifier_arch_invalidate_secondary_tlbs(world->mm, 0, 1);
	spin_unlock(&lock);
	KUNIT_EXPECT_EQ(test, young->young_calls, 3);
	KUNIT_EXPECT_EQ(test, tlb->tlb_calls, 1);
	mn_unregister(young);
	mn_unregister(tlb);
}

/*
 * Pairing
 */

static void nested_ranges_are_paired(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range outer, inner;

	mn_start(world, &outer, 0, 16);
	mn_start(world, &inner, 4, 4);
	mn_end(&inner);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(4));
	mn_end(&outer);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(0));
	KUNIT_EXPECT_STREQ(test, world->log, "aaAA");
	mn_unregister(listener);
}

static void overlapping_ranges_are_paired(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range first, second;

	mn_start(world, &first, 0, 8);
	mn_start(world, &second, 4, 8);
	mn_end(&first);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(0));
	mn_end(&second);
	KUNIT_EXPECT_EQ(test, listener->seen_end.start, MN_ADDR(4));
	KUNIT_EXPECT_EQ(test, listener->starts, 2);
	KUNIT_EXPECT_EQ(test, listener->ends, 2);
	mn_unregister(listener);
}

static void a_range_can_be_used_again(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;
	int i;

	mn_range(world, &range, 0, 8);
	for (i = 1; i <= 3; i++) {
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
		KUNIT_EXPECT_EQ(test, listener->starts, i);
		KUNIT_EXPECT_EQ(test, listener->ends, i);
	}
	mn_unregister(listener);
}

/* As in a loop that gives up, tries again, and comes to the next VMA. */
static void a_range_can_be_used_in_any_way_again(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 0, &mn_range_ops);
	struct mn_listener *fails = mn_register(world, 0, &mn_start_ops);
	struct mmu_notifier_range range;
	int i;

	mn_range(world, &range, 0, 1);
	for (i = 0; i < 9; i++) {
		fails->fail_nonblock = i % 3 == 1 ? -EAGAIN : 0;
		range.start = MN_ADDR(i / 3);
		range.end = MN_ADDR(i / 3 + 1);
		if (i % 3)
			KUNIT_EXPECT_EQ(test, fails->fail_nonblock,
					mmu_notifier_invalidate_range_start_nonblock(&range));
		else
			mmu_notifier_invalidate_range_start(&range);
		if (!fails->fail_nonblock)
			mn_end(&range);
		KUNIT_EXPECT_EQ(test, listener->starts, i + 1);
		KUNIT_EXPECT_EQ(test, listener->ends, i + 1);
		KUNIT_EXPECT_EQ(test, listener->seen_end.start,
				MN_ADDR(i / 3));
		KUNIT_EXPECT_EQ(test, listener->seen_end.blockable, !(i % 3));
	}
	mn_unregister(listener);
	mn_unregister(fails);
}

static void failed_nonblocking_start_returns_the_error(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_start_ops);
	struct mmu_notifier_range range;

	listener->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	mn_invalidate(world, 0, 1);
	KUNIT_EXPECT_EQ(test, listener->starts, 2);
	mn_unregister(listener);
}

static void failed_nonblocking_start_calls_and_ends_all(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *first = mn_register(world, 'a', &mn_range_ops);
	struct mn_listener *fails = mn_register(world, 'f', &mn_start_ops);
	struct mn_listener *last = mn_register(world, 'z', &mn_range_ops);
	struct mmu_notifier_range range;

	fails->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, fails->starts, 1);
	KUNIT_EXPECT_EQ(test, first->starts, 1);
	KUNIT_EXPECT_EQ(test, first->ends, 1);
	KUNIT_EXPECT_EQ(test, last->starts, 1);
	KUNIT_EXPECT_EQ(test, last->ends, 1);
	mn_unregister(first);
	mn_unregister(fails);
	mn_unregister(last);
}

static void several_failures_fail_once(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *a = mn_register(world, 'a', &mn_start_ops);
	struct mn_listener *b = mn_register(world, 'b', &mn_range_ops);
	struct mn_listener *c = mn_register(world, 'c', &mn_start_ops);
	struct mmu_notifier_range range;

	a->fail_nonblock = -EAGAIN;
	c->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, a->starts, 1);
	KUNIT_EXPECT_EQ(test, c->starts, 1);
	KUNIT_EXPECT_EQ(test, b->starts, 1);
	KUNIT_EXPECT_EQ(test, b->ends, 1);
	mn_unregister(a);
	mn_unregister(b);
	mn_unregister(c);
}

static void failing_start_with_an_end_is_reported(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_range_ops);
	struct mmu_notifier_range range;

	listener->fail_nonblock = -EAGAIN;
	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	KUNIT_EXPECT_EQ(test, listener->starts, 1);
	KUNIT_EXPECT_EQ(test, listener->ends, 1);
	mn_unregister(listener);
}

static void error_other_than_eagain_is_reported(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_register(world, 'a', &mn_start_ops);
	struct mmu_notifier_range range;

	listener->fail_nonblock = -EBUSY;
	mn_reports_begin(world);
	KUNIT_EXPECT_EQ(test, -EBUSY, mn_start_nonblock(world, &range, 0, 1));
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	mn_unregister(listener);
}

static void failing_blocking_start_is_reported_and_paired(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_listener *fails = mn_register(world, 'f', &mn_start_ops);
	struct mn_listener *other = mn_register(world, 'o', &mn_range_ops);
	struct mmu_notifier_range range;

	fails->fail_block = -EAGAIN;
	mn_reports_begin(world);
	mn_start(world, &range, 0, 1);
	KUNIT_EXPECT_EQ(test, mn_reports_end(world), 1);
	KUNIT_EXPECT_EQ(test, other->starts, 1);
	KUNIT_EXPECT_EQ(test, other->ends, 0);
	mn_end(&range);
	KUNIT_EXPECT_EQ(test, other->ends, 1);
	mn_unregister(fails);
	mn_unregister(other);
}

/*
 * Memory
 */

#define MEMORY_ROUNDS	1000

/* An mm that has notifiers, for a while. */
static void use_one_mm(struct kunit *test, struct mn_interval *interval)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_NULL(test, mm);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(&interval->sub, mm, 0,
						     PAGE_SIZE,
						     &mn_interval_ops));
	mmu_interval_notifier_remove(&interval->sub);
	mmput(mm);
}

/* An insertion into current->mm that is given up. */
static void give_up_one_insertion(struct kunit *test,
				  struct mn_interval *interval)
{
	set_thread_flag(TIF_SIGPENDING);
	mmu_interval_notifier_insert(&interval->sub, current->mm, 0, PAGE_SIZE,
				     &mn_interval_ops);
	clear_thread_flag(TIF_SIGPENDING);
}

/* Pages of slabs, when all that was freed behind RCU is. */
static long slab_pages(void)
{
	rcu_barrier();
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

static void nothing_is_leaked(struct kunit *test)
{
	struct mn_world *world = test->priv;
	struct mn_interval *interval = mn_interval(world, 0);
	long before, pages;
	unsigned long addr;
	int i;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "KASAN holds freed memory back");
	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	for (i = -MEMORY_ROUNDS / 4; i < MEMORY_ROUNDS; i++) {
		if (!i)
			before = slab_pages();
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
	struct mn_world *world = test->priv;
	struct mn_listener *listener = mn_listener(world, 'a', &mn_range_ops);
	struct kernel_clone_args args = {
		.flags = CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = fork_child,
	};
	unsigned long addr;

	addr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(&listener->notifier,
						       current->mm));
	child_has_notifiers = true;
	reinit_completion(&child_done);
	KUNIT_ASSERT_GT(test, kernel_clone(&args), 0);
	wait_for_completion(&child_done);
	KUNIT_EXPECT_FALSE(test, child_has_notifiers);
	mmu_notifier_unregister(&listener->notifier, current->mm);
	KUNIT_EXPECT_EQ(test, listener->releases, 1);
}

static struct kunit_case mmu_notifier_cases[] = {
	KUNIT_CASE(mm_without_notifiers_is_left_alone),
	KUNIT_CASE(registered_is_called),
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
	KUNIT_CASE(end_of_the_mm_releases_once),
	KUNIT_CASE(unregister_releases_once),
	KUNIT_CASE(end_of_the_mm_releases_all),
	KUNIT_CASE(release_may_be_the_only_callback),
	KUNIT_CASE(released_is_not_called),
	KUNIT_CASE(end_of_the_mm_waits_for_release_by_unregister),
	KUNIT_CASE(unregister_waits_for_release_by_the_end_of_the_mm),
	KUNIT_CASE(get_of_the_same_ops_gets_the_same),
	KUNIT_CASE(get_of_other_ops_gets_another),
	KUNIT_CASE(get_locked_under_the_mmap_lock),
	KUNIT_CASE(only_the_last_put_frees),
	KUNIT_CASE(put_does_not_release),
	KUNIT_CASE(what_was_got_pins_the_mm_structure),
	KUNIT_CASE(get_after_the_last_put_allocates_anew),
	KUNIT_CASE(get_returns_the_error_of_alloc),
	KUNIT_CASE(get_frees_what_it_cannot_register),
	KUNIT_CASE(get_fails_with_any_of_its_allocations),
	KUNIT_CASE(get_of_too_many_is_refused),
	KUNIT_CASE(put_of_what_has_no_users_is_reported),
	KUNIT_CASE(put_is_allowed_in_release),
	KUNIT_CASE(what_was_registered_can_be_put),
	KUNIT_CASE(put_under_a_spinlock),
	KUNIT_CASE(put_after_the_end_of_the_mm),
	KUNIT_CASE(alloc_runs_under_the_mmap_lock),
	KUNIT_CASE(put_frees_after_running_callbacks),
	KUNIT_CASE(synchronize_waits_for_running_callbacks),
	KUNIT_CASE(synchronize_waits_for_what_was_put),
	KUNIT_CASE(every_event_arrives_unchanged),
	KUNIT_CASE(flags_of_the_caller_are_kept),
	KUNIT_CASE(unmap_is_the_default_event),
	KUNIT_CASE(owner_is_null_unless_given),
	KUNIT_CASE(range_need_not_be_zeroed),
	KUNIT_CASE(range_filled_in_by_hand_meets_nobody),
	KUNIT_CASE(range_filled_in_by_hand_meets_notifiers_of_the_mm),
	KUNIT_CASE(last_byte_of_the_address_space_is_passed),
	KUNIT_CASE(blocking_start_is_blockable),
	KUNIT_CASE(nonblocking_start_is_not_blockable),
	KUNIT_CASE(nonblocking_callbacks_may_not_sleep),
	KUNIT_CASE(callbacks_run_in_the_lockdep_map),
	KUNIT_CASE(every_callback_is_optional),
	KUNIT_CASE(end_may_be_the_only_range_callback),
	KUNIT_CASE(missing_callbacks_hide_no_other),
	KUNIT_CASE(clear_flush_young_asks_all),
	KUNIT_CASE(clear_young_asks_all),
	KUNIT_CASE(test_young_asks_until_one_is),
	KUNIT_CASE(each_question_about_young_has_its_callback),
	KUNIT_CASE(secondary_tlbs_are_told),
	KUNIT_CASE(young_and_secondary_tlbs_under_a_spinlock),
	KUNIT_CASE(nested_ranges_are_paired),
	KUNIT_CASE(overlapping_ranges_are_paired),
	KUNIT_CASE(a_range_can_be_used_again),
	KUNIT_CASE(a_range_can_be_used_in_any_way_again),
	KUNIT_CASE(failed_nonblocking_start_returns_the_error),
	KUNIT_CASE(failed_nonblocking_start_calls_and_ends_all),
	KUNIT_CASE(several_failures_fail_once),
	KUNIT_CASE(failing_start_with_an_end_is_reported),
	KUNIT_CASE(error_other_than_eagain_is_reported),
	KUNIT_CASE(failing_blocking_start_is_reported_and_paired),
	KUNIT_CASE(nothing_is_leaked),
	KUNIT_CASE(forked_mm_has_no_notifiers),
	{}
};

static struct kunit_suite mmu_notifier_suite = {
	.name = "mmu_notifier",
	.init = get_and_put_init,
	.test_cases = mmu_notifier_cases,
};
kunit_test_suite(mmu_notifier_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: subscriptions to an mm");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/shapes uses MMU notifiers in the ways of drivers that are not in the
 * kernel's tree:
 *
 * - the mm is prepared for intervals once, and each device fault inserts one, with
 *   the mmap_lock held for reading;
 * - the callback of an interval leaves its removal to a work queue, which may come
 *   when the process has been killed;
 * - a notifier of the mm has only end and release, and is unregistered when its
 *   file is released, or when its VMA is closed, under the mmap_lock;
 * - there are any number of notifiers in one mm.
 */

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "shapes_uapi.h"

#define MOST	100000
/* So many of the pages that the device maps are looked at in each fault. */
#define CHECKED	16
#define POISON	0x5a

static atomic_t inserted, removed, collided, invalidated, stale;
static atomic_t registered, unregistered, starts, ends, released;

static struct workqueue_struct *removals;

struct shapes {
	/* The user lock of all intervals: for @pages, their @page and @queued. */
	spinlock_t lock;
	struct list_head pages;
	/* For @mms. */
	struct mutex mutex;
	struct list_head mms;
};

/* What the device maps. Freed by its work, or when the file is released. */
struct shapes_page {
	struct mmu_interval_notifier sub;
	struct work_struct work;
	struct shapes *shapes;
	struct list_head node;
	struct page *page;
	bool queued;
};

struct shapes_mm {
	struct mmu_notifier mn;
	struct mm_struct *mm;
	struct list_head node;
	struct kref vmas;
};

/*
 * Intervals
 */

/* No reference is held to the page: it must not be touched after a collision. */
static bool shapes_invalidate(struct mmu_interval_notifier *sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct shapes_page *page = container_of(sub, struct shapes_page, sub);
	struct shapes *shapes = page->shapes;

	atomic_inc(&invalidated);
	spin_lock(&shapes->lock);
	mmu_interval_set_seq(sub, seq);
	page->page = NULL;
	if (!page->queued && !list_empty(&page->node)) {
		page->queued = true;
		queue_work(removals, &page->work);
	}
	spin_unlock(&shapes->lock);
	return true;
}

static const struct mmu_interval_notifier_ops shapes_page_ops = {
	.invalidate = shapes_invalidate,
};

static void shapes_page_free(struct shapes_page *page)
{
	mmu_interval_notifier_remove(&page->sub);
	atomic_inc(&removed);
	/* A later callback does not get far. */
	memset(page, POISON, sizeof(*page));
	kfree(page);
}

static void shapes_page_work(struct work_struct *work)
{
	struct shapes_page *page = container_of(work, struct shapes_page, work);

	spin_lock(&page->shapes->lock);
	list_del_init(&page->node);
	spin_unlock(&page->shapes->lock);
	shapes_page_free(page);
}

/* What the device maps, and has not been told of, the process still maps. */
static void shapes_check(struct shapes *shapes)
{
	struct shapes_page *page;
	struct page *found;
	int left = CHECKED;

	spin_lock(&shapes->lock);
	list_for_each_entry(page, &shapes->pages, node) {
		if (!left--)
			break;
		if (!page->page || page->sub.mm != current->mm ||
		    get_user_pages_fast_only(page->sub.interval_tree.start, 1, 0,
					     &found) != 1)
			continue;
		if (found != page->page)
			atomic_inc(&stale);
		put_page(found);
	}
	spin_unlock(&shapes->lock);
}

/* Collision-retry. */
static int shapes_read(struct shapes *shapes, struct shapes_page *page)
{
	unsigned long start = page->sub.interval_tree.start;
	unsigned long seq;
	struct page *found;
	int turns = 0, err;

	do {
		if (turns++)
			atomic_inc(&collided);
		if (fatal_signal_pending(current))
			return -EINTR;
		seq = mmu_interval_read_begin(&page->sub);
		err = get_user_pages_fast(start, 1, 0, &found);
		if (err != 1)
			return err < 0 ? err : -EFAULT;
		put_page(found);
		spin_lock(&shapes->lock);
		err = mmu_interval_read_retry(&page->sub, seq);
		if (!err) {
			page->page = found;
			list_add(&page->node, &shapes->pages);
		}
		spin_unlock(&shapes->lock);
	} while (err);
	return 0;
}

static int shapes_fault(struct shapes *shapes, unsigned long start)
{
	struct shapes_page *page;
	int err;

	/* Or the insertion takes the lock once more. */
	if (!mm_has_notifiers(current->mm))
		return -EINVAL;
	shapes_check(shapes);
	page = kzalloc(sizeof(*page), GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	page->shapes = shapes;
	INIT_LIST_HEAD(&page->node);
	INIT_WORK(&page->work, shapes_page_work);

	/* The mm is prepared, so the lock need not be taken. */
	mmap_read_lock(current->mm);
	err = mmu_interval_notifier_insert(&page->sub, current->mm, start,
					   PAGE_SIZE, &shapes_page_ops);
	mmap_read_unlock(current->mm);
	if (err) {
		kfree(page);
		return err;
	}
	atomic_inc(&inserted);
	err = shapes_read(shapes, page);
	if (err)
		shapes_page_free(page);
	return err;
}

/* Those that are queued are left to the work queue. */
static void shapes_drop_pages(struct shapes *shapes)
{
	struct shapes_page *page;

	for (;;) {
		spin_lock(&shapes->lock);
		list_for_each_entry(page, &shapes->pages, node)
			if (!page->queued)
				break;
		if (list_entry_is_head(page, &shapes->pages, node)) {
			spin_unlock(&shapes->lock);
			break;
		}
		list_del_init(&page->node);
		spin_unlock(&shapes->lock);
		shapes_page_free(page);
	}
	flush_workqueue(removals);
}

/*
 * Notifiers of the mm
 */

static int shapes_mm_start(struct mmu_notifier *mn,
			   const struct mmu_notifier_range *range)
{
	atomic_inc(&starts);
	return 0;
}

static void shapes_mm_end(struct mmu_notifier *mn,
			  const struct mmu_notifier_range *range)
{
	atomic_inc(&ends);
}

static void shapes_mm_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	atomic_inc(&released);
}

static const struct mmu_notifier_ops shapes_end_ops = {
	.invalidate_range_end = shapes_mm_end,
	.release = shapes_mm_release,
};

static const struct mmu_notifier_ops shapes_both_ops = {
	.invalidate_range_start = shapes_mm_start,
	.invalidate_range_end = shapes_mm_end,
	.release = shapes_mm_release,
};

/* The mmap_lock is held for writing if it is the one of a VMA. */
static struct shapes_mm *shapes_register(const struct mmu_notifier_ops *ops,
					 bool locked)
{
	struct shapes_mm *mm = kzalloc(sizeof(*mm), GFP_KERNEL);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	mm->mn.ops = ops;
	mm->mm = current->mm;
	kref_init(&mm->vmas);
	err = locked ? __mmu_notifier_register(&mm->mn, mm->mm) :
		       mmu_notifier_register(&mm->mn, mm->mm);
	if (err) {
		kfree(mm);
		return ERR_PTR(err);
	}
	atomic_inc(&registered);
	return mm;
}

static void shapes_unregister(struct shapes_mm *mm)
{
	mmu_notifier_unregister(&mm->mn, mm->mm);
	atomic_inc(&unregistered);
	memset(mm, POISON, sizeof(*mm));
	kfree(mm);
}

static int shapes_many(struct shapes *shapes, u32 many,
		       const struct mmu_notifier_ops *ops)
{
	struct shapes_mm *mm;

	if (many > MOST)
		return -EINVAL;
	while (many--) {
		mm = shapes_register(ops, false);
		if (IS_ERR(mm))
			return PTR_ERR(mm);
		mutex_lock(&shapes->mutex);
		list_add(&mm->node, &shapes->mms);
		mutex_unlock(&shapes->mutex);
	}
	return 0;
}

/* Those of an mm that is duplicated or split share one notifier. */
static void shapes_vma_open(struct vm_area_struct *vma)
{
	struct shapes_mm *mm = vma->vm_private_data;

	kref_get(&mm->vmas);
}

static void shapes_last_vma(struct kref *kref)
{
	shapes_unregister(container_of(kref, struct shapes_mm, vmas));
}

static void shapes_vma_close(struct vm_area_struct *vma)
{
	struct shapes_mm *mm = vma->vm_private_data;

	kref_put(&mm->vmas, shapes_last_vma);
}

static vm_fault_t shapes_vma_fault(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct vm_operations_struct shapes_vm_ops = {
	.open = shapes_vma_open,
	.close = shapes_vma_close,
	.fault = shapes_vma_fault,
};

/*
 * The file
 */

static int shapes_open(struct inode *inode, struct file *file)
{
	struct shapes *shapes = kzalloc(sizeof(*shapes), GFP_KERNEL);

	if (!shapes)
		return -ENOMEM;
	spin_lock_init(&shapes->lock);
	INIT_LIST_HEAD(&shapes->pages);
	mutex_init(&shapes->mutex);
	INIT_LIST_HEAD(&shapes->mms);
	file->private_data = shapes;
	return nonseekable_open(inode, file);
}

static int shapes_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct shapes_mm *mm = shapes_register(&shapes_end_ops, true);

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	vma->vm_private_data = mm;
	vma->vm_ops = &shapes_vm_ops;
	return 0;
}

static void shapes_count(struct shapes_counts *counts)
{
	counts->inserted = atomic_read(&inserted);
	counts->removed = atomic_read(&removed);
	counts->collided = atomic_read(&collided);
	counts->invalidated = atomic_read(&invalidated);
	counts->stale = atomic_read(&stale);
	counts->registered = atomic_read(&registered);
	counts->unregistered = atomic_read(&unregistered);
	counts->starts = atomic_read(&starts);
	counts->ends = atomic_read(&ends);
	counts->released = atomic_read(&released);
}

static long shapes_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct shapes *shapes = file->private_data;
	void __user *argument = (void __user *)arg;
	struct shapes_counts counts;
	u64 address;
	u32 many;

	switch (cmd) {
	case SHAPES_PREPARE:
		return mmu_notifier_register(NULL, current->mm);
	case SHAPES_FAULT:
		if (copy_from_user(&address, argument, sizeof(address)))
			return -EFAULT;
		return shapes_fault(shapes, address & PAGE_MASK);
	case SHAPES_END:
		return shapes_many(shapes, 1, &shapes_end_ops);
	case SHAPES_MANY:
		if (copy_from_user(&many, argument, sizeof(many)))
			return -EFAULT;
		return shapes_many(shapes, many, &shapes_both_ops);
	case SHAPES_COUNTS:
		shapes_count(&counts);
		return copy_to_user(argument, &counts, sizeof(counts)) ?
			-EFAULT : 0;
	}
	return -ENOTTY;
}

static int shapes_release(struct inode *inode, struct file *file)
{
	struct shapes *shapes = file->private_data;
	struct shapes_mm *mm, *next;

	shapes_drop_pages(shapes);
	list_for_each_entry_safe(mm, next, &shapes->mms, node)
		shapes_unregister(mm);
	kfree(shapes);
	return 0;
}

static const struct file_operations shapes_fops = {
	.owner = THIS_MODULE,
	.open = shapes_open,
	.mmap = shapes_mmap,
	.unlocked_ioctl = shapes_ioctl,
	.release = shapes_release,
};

static struct miscdevice shapes_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "shapes",
	.fops = &shapes_fops,
	.mode = 0600,
};

static int __init shapes_init(void)
{
	int err;

	removals = alloc_workqueue("shapes", WQ_UNBOUND, 0);
	if (!removals)
		return -ENOMEM;
	err = misc_register(&shapes_device);
	if (err)
		destroy_workqueue(removals);
	return err;
}
module_init(shapes_init);

static void __exit shapes_exit(void)
{
	misc_deregister(&shapes_device);
	destroy_workqueue(removals);
}
module_exit(shapes_exit);

MODULE_DESCRIPTION("MMU notifiers as drivers out of the tree use them");
MODULE_LICENSE("GPL");

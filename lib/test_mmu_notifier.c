// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake device that mirrors real memory, for tools/testing/selftests/mm/
 * mmu_notifier_test.c.
 *
 * Each open file of /dev/test_mmu_notifier can mirror one range of an mm. Kernel
 * threads fault its pages into a shadow table, as a driver does it, and compare
 * entries with the page table: under the user lock, an established entry must be
 * what the page table maps. The page table is read without any lock by
 * get_user_pages_fast_only(), which may not find out, above all if nothing is
 * mapped. Then the page is faulted in, and what is established must still be it.
 *
 * A subscription to the mm, which is called after the interval subscription,
 * looks whether the range that is invalidated is empty.
 *
 * When the file is closed, a verdict goes to the kernel log:
 *
 *	test_mmu_notifier: End of test: SUCCESS|FAILURE reason=... ...
 *
 * busted=set_seq leaves out mmu_interval_set_seq(), to show that the test notices
 * (reason "stale"). Never in real life.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/compat.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pgtable.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "test_mmu_notifier_uapi.h"

static char *busted = "none";
module_param(busted, charp, 0444);
MODULE_PARM_DESC(busted, "What to break: none (default) or set_seq");

#define MAX_THREADS	16
#define MAX_PAGES	SZ_64K

/* Faults in one go, while the mm is in use. */
#define GO		32
/* Pages from where the last invalidation began, to which most faults go. */
#define HOT		16

/*
 * struct mirror - an open file and what it mirrors
 * @setup: Protects the setup: what is constant once @nr_threads is not 0.
 * @mm: The mm, pinned by the subscriptions.
 * @interval_sub: The interval subscription.
 * @sub: The subscription to the mm.
 * @start: First address.
 * @nr_pages: Number of pages.
 * @threads: The kernel threads.
 * @nr_threads: Their number.
 * @lock: The user lock. It protects @shadow and @hot.
 * @shadow: For each page 0 or its PFN and flags.
 * @hot: Where the last invalidation began.
 * @established: See struct test_mmu_notifier_stats, for this and what follows.
 */
struct mirror {
	struct mutex setup;	/* see above */
	struct mm_struct *mm;
	struct mmu_interval_notifier interval_sub;
	struct mmu_notifier sub;
	unsigned long start;
	unsigned long nr_pages;
	struct task_struct *threads[MAX_THREADS];
	unsigned int nr_threads;
	struct mutex lock;	/* see above */
	unsigned long *shadow;
	unsigned long hot;
	atomic_long_t established;
	atomic_long_t collisions;
	atomic_long_t failed;
	atomic_long_t checks;
	atomic_long_t inconclusive;
	atomic_long_t invalidations;
	atomic_long_t audits;
	atomic_long_t errors;
};

#define SHADOW_PRESENT	BIT(0)
#define SHADOW_WRITE	BIT(1)
#define SHADOW_SHIFT	2

static unsigned long address(const struct mirror *mirror, unsigned long i)
{
	return mirror->start + i * PAGE_SIZE;
}

#define mirror_error(mirror, fmt, ...)					\
do {									\
	if (atomic_long_inc_return(&(mirror)->errors) <= 5)		\
		pr_alert("!!! " fmt "\n", ##__VA_ARGS__);		\
} while (0)

/*
 * Invalidation
 */

/* The pages of the range that are mirrored, from first up to but not last. */
static void mirrored(const struct mirror *mirror,
		     const struct mmu_notifier_range *range,
		     unsigned long *first, unsigned long *last)
{
	unsigned long start = max(range->start, mirror->start);
	unsigned long end = min(range->end, address(mirror, mirror->nr_pages));

	*first = start < end ? (start - mirror->start) / PAGE_SIZE : 0;
	*last = start < end ?
		DIV_ROUND_UP(end - mirror->start, PAGE_SIZE) : 0;
}

static bool mirror_invalidate(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct mirror *mirror = container_of(interval_sub, struct mirror,
					     interval_sub);
	unsigned long i, last;

	atomic_long_inc(&mirror->invalidations);
	if (mmu_notifier_range_blockable(range))
		mutex_lock(&mirror->lock);
	else if (!mutex_trylock(&mirror->lock))
		return false;
	if (strcmp(busted, "set_seq"))
		mmu_interval_set_seq(interval_sub, seq);
	mirrored(mirror, range, &i, &last);
	if (i < last)
		WRITE_ONCE(mirror->hot, i);
	for (; i < last; i++)
		mirror->shadow[i] = 0;
	mutex_unlock(&mirror->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = mirror_invalidate,
};

static int mirror_sub_start(struct mmu_notifier *mn,
			    const struct mmu_notifier_range *range)
{
	struct mirror *mirror = container_of(mn, struct mirror, sub);
	unsigned long i, last;

	mirrored(mirror, range, &i, &last);
	if (i >= last)
		return 0;
	if (mmu_notifier_range_blockable(range))
		mutex_lock(&mirror->lock);
	else if (!mutex_trylock(&mirror->lock))
		return 0;
	atomic_long_inc(&mirror->audits);
	for (; i < last; i++) {
		if (mirror->shadow[i])
			mirror_error(mirror, "stale: %lx is mapped and under invalidation",
				     address(mirror, i));
	}
	mutex_unlock(&mirror->lock);
	return 0;
}

static const struct mmu_notifier_ops sub_ops = {
	.invalidate_range_start = mirror_sub_start,
};

/*
 * Faults and checks, by threads that use the mm
 */

/* Returns whether the check was conclusive, whatever it has found. */
static bool check(struct mirror *mirror, unsigned long i)
{
	unsigned long entry = mirror->shadow[i];
	unsigned int tries = 3;
	struct page *page;

	lockdep_assert_held(&mirror->lock);

	if (!entry)
		return true;
	while (get_user_pages_fast_only(address(mirror, i), 1,
					entry & SHADOW_WRITE ? FOLL_WRITE : 0,
					&page) != 1) {
		if (!--tries)
			return false;
	}
	atomic_long_inc(&mirror->checks);
	if (page_to_pfn(page) != entry >> SHADOW_SHIFT)
		mirror_error(mirror, "stale: %lx is mapped to PFN %lx, which is %lx now",
			     address(mirror, i), entry >> SHADOW_SHIFT,
			     page_to_pfn(page));
	put_page(page);
	return true;
}

static void fault_in_and_check(struct mirror *mirror, unsigned long i)
{
	struct page *page;

	if (get_user_pages_fast(address(mirror, i), 1, FOLL_WRITE, &page) == 1)
		put_page(page);
	mutex_lock(&mirror->lock);
	if (!check(mirror, i))
		atomic_long_inc(&mirror->inconclusive);
	mutex_unlock(&mirror->lock);
}

/* Mostly near the last invalidation. */
static unsigned long any_page(const struct mirror *mirror)
{
	unsigned long i;

	if (!get_random_u32_below(4))
		return get_random_u32_below(mirror->nr_pages);
	i = READ_ONCE(mirror->hot) + get_random_u32_below(HOT);
	return min(i, mirror->nr_pages - 1);
}

static void fault(struct mirror *mirror)
{
	unsigned long i = any_page(mirror), doubtful = mirror->nr_pages;
	bool write = get_random_u32_below(2);
	struct page *page;
	unsigned long seq;
	unsigned int n;

	seq = mmu_interval_read_begin(&mirror->interval_sub);
	if (get_user_pages_fast(address(mirror, i), 1, write ? FOLL_WRITE : 0,
				&page) != 1) {
		atomic_long_inc(&mirror->failed);
		return;
	}
	/* Give the others a chance. */
	switch (get_random_u32_below(16)) {
	case 0 ... 1:
		schedule_timeout_uninterruptible(1);
		break;
	case 2 ... 4:
		udelay(get_random_u32_below(20));
		break;
	}

	mutex_lock(&mirror->lock);
	if (mmu_interval_read_retry(&mirror->interval_sub, seq)) {
		atomic_long_inc(&mirror->collisions);
	} else if (!is_zero_pfn(page_to_pfn(page))) {
		/* get_user_pages_fast_only() does not give the zero page. */
		mirror->shadow[i] = page_to_pfn(page) << SHADOW_SHIFT |
				    SHADOW_PRESENT | (write ? SHADOW_WRITE : 0);
		atomic_long_inc(&mirror->established);
	}
	for (n = 0; n < 8; n++) {
		if (!check(mirror, i))
			doubtful = i;
		i = any_page(mirror);
	}
	mutex_unlock(&mirror->lock);
	put_page(page);
	if (doubtful < mirror->nr_pages)
		fault_in_and_check(mirror, doubtful);
}

static int mirror_thread(void *data)
{
	struct mirror *mirror = data;
	unsigned int n;

	while (!kthread_should_stop()) {
		/* When the mm is gone there is nothing to do any more. */
		if (!mmget_not_zero(mirror->mm)) {
			schedule_timeout_interruptible(HZ / 10);
			continue;
		}
		kthread_use_mm(mirror->mm);
		for (n = 0; n < GO; n++) {
			fault(mirror);
			cond_resched();
		}
		kthread_unuse_mm(mirror->mm);
		mmput(mirror->mm);
	}
	return 0;
}

/*
 * The file
 */

static int mirror_open(struct inode *inode, struct file *file)
{
	struct mirror *mirror = kzalloc(sizeof(*mirror), GFP_KERNEL);

	if (!mirror)
		return -ENOMEM;
	mutex_init(&mirror->setup);
	mutex_init(&mirror->lock);
	file->private_data = mirror;
	return nonseekable_open(inode, file);
}

static void mirror_stop(struct mirror *mirror)
{
	while (mirror->nr_threads)
		kthread_stop(mirror->threads[--mirror->nr_threads]);
	mmu_interval_notifier_remove(&mirror->interval_sub);
	mmu_notifier_unregister(&mirror->sub, mirror->mm);
	kvfree(mirror->shadow);
}

static int mirror_start(struct mirror *mirror,
			const struct test_mmu_notifier_mirror *what)
{
	struct mm_struct *mm = current->mm;
	struct task_struct *task;
	int err;

	if (what->pad || !what->threads || what->threads > MAX_THREADS ||
	    !what->length || !PAGE_ALIGNED(what->addr | what->length) ||
	    what->length / PAGE_SIZE > MAX_PAGES ||
	    what->addr + what->length < what->addr ||
	    what->addr + what->length > TASK_SIZE)
		return -EINVAL;
	guard(mutex)(&mirror->setup);
	if (mirror->nr_threads)
		return -EBUSY;

	mirror->start = what->addr;
	mirror->nr_pages = what->length / PAGE_SIZE;
	mirror->mm = mm;
	mirror->sub.ops = &sub_ops;
	mirror->shadow = kvcalloc(mirror->nr_pages, sizeof(*mirror->shadow),
				  GFP_KERNEL);
	if (!mirror->shadow)
		return -ENOMEM;
	err = mmu_notifier_register(&mirror->sub, mm);
	if (err)
		goto free;
	err = mmu_interval_notifier_insert(&mirror->interval_sub, mm,
					   what->addr, what->length,
					   &interval_ops);
	if (err) {
		mmu_notifier_unregister(&mirror->sub, mm);
		goto free;
	}
	while (mirror->nr_threads < what->threads) {
		task = kthread_run(mirror_thread, mirror, "test_mmu_notifier");
		if (IS_ERR(task)) {
			mirror_stop(mirror);
			return PTR_ERR(task);
		}
		mirror->threads[mirror->nr_threads++] = task;
	}
	return 0;

free:
	kvfree(mirror->shadow);
	return err;
}

static void mirror_stats(struct mirror *mirror,
			 struct test_mmu_notifier_stats *stats)
{
	stats->established = atomic_long_read(&mirror->established);
	stats->collisions = atomic_long_read(&mirror->collisions);
	stats->failed = atomic_long_read(&mirror->failed);
	stats->checks = atomic_long_read(&mirror->checks);
	stats->inconclusive = atomic_long_read(&mirror->inconclusive);
	stats->invalidations = atomic_long_read(&mirror->invalidations);
	stats->audits = atomic_long_read(&mirror->audits);
	stats->errors = atomic_long_read(&mirror->errors);
}

static long mirror_ioctl(struct file *file, unsigned int command,
			 unsigned long arg)
{
	struct mirror *mirror = file->private_data;
	struct test_mmu_notifier_mirror what;
	struct test_mmu_notifier_stats stats;

	switch (command) {
	case TEST_MMU_NOTIFIER_MIRROR:
		if (copy_from_user(&what, (void __user *)arg, sizeof(what)))
			return -EFAULT;
		return mirror_start(mirror, &what);
	case TEST_MMU_NOTIFIER_STATS:
		mirror_stats(mirror, &stats);
		if (copy_to_user((void __user *)arg, &stats, sizeof(stats)))
			return -EFAULT;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int mirror_release(struct inode *inode, struct file *file)
{
	struct mirror *mirror = file->private_data;
	unsigned int threads = mirror->nr_threads;
	struct test_mmu_notifier_stats stats;
	const char *reason = "none";

	if (!threads)
		goto free;
	mirror_stop(mirror);
	mirror_stats(mirror, &stats);
	if (stats.errors)
		reason = "stale";
	else if (!stats.checks)
		reason = "vacuous";
	pr_alert("End of test: %s reason=%s busted=%s pages=%lu threads=%u established=%llu collisions=%llu failed=%llu checks=%llu inconclusive=%llu invalidations=%llu audits=%llu errors=%llu\n",
		 strcmp(reason, "none") ? "FAILURE" : "SUCCESS", reason,
		 busted, mirror->nr_pages, threads, stats.established,
		 stats.collisions, stats.failed, stats.checks,
		 stats.inconclusive, stats.invalidations, stats.audits,
		 stats.errors);
free:
	kfree(mirror);
	return 0;
}

static const struct file_operations mirror_fops = {
	.owner = THIS_MODULE,
	.open = mirror_open,
	.unlocked_ioctl = mirror_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = mirror_release,
};

static struct miscdevice mirror_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "test_mmu_notifier",
	.fops = &mirror_fops,
	.mode = 0600,
};
module_misc_device(mirror_device);

MODULE_DESCRIPTION("Fake device for the selftest of MMU notifiers");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that is compiled against one kernel and loaded into another. It has
 * both kinds of MMU notifiers for the process that loads it, and checks at each
 * step what it is promised: registers, inserts, reads, collides, retries,
 * removes, unregisters. One line of the log for each, "module: ok" or
 * "module: FAIL", and "module: done" at the end.
 *
 * The structures are this driver's own, with padding around them: a kernel that
 * takes them for larger ones is found out.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_context.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#define NR_PAGES	16
#define ROUNDS		2000
#define FENCE		64

/* What lies beside a structure must stay as it is. */
#define FENCED(type, name)			\
	struct {				\
		u8 below[FENCE];		\
		type name;			\
		u8 above[FENCE];		\
	} name##_fenced
#define fence(object)							\
	do {								\
		memset((object)->below, 0xa5, FENCE);			\
		memset((object)->above, 0x5a, FENCE);			\
	} while (0)
#define is_fenced(object)						\
	(!memchr_inv((object)->below, 0xa5, FENCE) &&			\
	 !memchr_inv((object)->above, 0x5a, FENCE))

struct driver {
	FENCED(struct mmu_notifier, whole);
	FENCED(struct mmu_interval_notifier, interval);
	struct mm_struct *mm;
	unsigned long start;
	struct mutex lock;		/* the user lock */
	bool established[NR_PAGES];
	unsigned long starts;
	unsigned long ends;
	unsigned long invalidations;
	bool wrong;			/* what a callback was told */
	struct completion done;
};

#define WHOLE(d)	(&(d)->whole_fenced.whole)
#define INTERVAL(d)	(&(d)->interval_fenced.interval)

static bool failed;

static void verdict(bool ok, const char *what)
{
	pr_alert("module: %s %s\n", ok ? "ok" : "FAIL", what);
	failed |= !ok;
}

static struct driver *driver_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct driver, whole_fenced.whole);
}

static int whole_start(struct mmu_notifier *notifier,
		       const struct mmu_notifier_range *range)
{
	struct driver *d = driver_of(notifier);

	if (range->mm != d->mm || range->start >= range->end ||
	    range->event > MMU_NOTIFY_EXCLUSIVE)
		d->wrong = true;
	WRITE_ONCE(d->starts, d->starts + 1);
	return 0;
}

static void whole_end(struct mmu_notifier *notifier,
		      const struct mmu_notifier_range *range)
{
	struct driver *d = driver_of(notifier);

	if (range->mm != d->mm)
		d->wrong = true;
	WRITE_ONCE(d->ends, d->ends + 1);
}

static void whole_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
}

static const struct mmu_notifier_ops whole_ops = {
	.invalidate_range_start = whole_start,
	.invalidate_range_end = whole_end,
	.release = whole_release,
};

static bool interval_invalidate(struct mmu_interval_notifier *sub,
				const struct mmu_notifier_range *range,
				unsigned long seq)
{
	struct driver *d = container_of(sub, struct driver,
					interval_fenced.interval);
	unsigned long page;

	if (range->mm != d->mm || sub->mm != d->mm ||
	    !mmu_notifier_range_blockable(range) ||
	    range->end <= d->start ||
	    range->start >= d->start + NR_PAGES * PAGE_SIZE)
		d->wrong = true;
	mutex_lock(&d->lock);
	mmu_interval_set_seq(sub, seq);
	for (page = 0; page < NR_PAGES; page++) {
		unsigned long address = d->start + page * PAGE_SIZE;

		if (address >= range->start && address < range->end)
			d->established[page] = false;
	}
	d->invalidations++;
	mutex_unlock(&d->lock);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = interval_invalidate,
};

/* The notifier that mmu_notifier_get() allocates. */
static int freed;

static struct mmu_notifier *got_alloc(struct mm_struct *mm)
{
	struct mmu_notifier *notifier = kzalloc(sizeof(*notifier), GFP_KERNEL);

	return notifier ?: ERR_PTR(-ENOMEM);
}

static void got_free(struct mmu_notifier *notifier)
{
	kfree(notifier);
	WRITE_ONCE(freed, freed + 1);
}

static const struct mmu_notifier_ops got_ops = {
	.alloc_notifier = got_alloc,
	.free_notifier = got_free,
};

static unsigned long map(unsigned long address, unsigned long pages)
{
	return vm_mmap(NULL, address, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | MAP_PRIVATE | (address ? MAP_FIXED : 0),
		       0);
}

/* Unmap and map again, what callbacks are for. */
static int invalidate_thread(void *arg)
{
	struct driver *d = arg;
	int i;

	kthread_use_mm(d->mm);
	for (i = 0; i < ROUNDS; i++)
		if (IS_ERR_VALUE(map(d->start + i % NR_PAGES * PAGE_SIZE, 1)))
			d->wrong = true;
	kthread_unuse_mm(d->mm);
	/* Of this module, nothing runs after that. */
	kthread_complete_and_exit(&d->done, 0);
}

/* As a device fault. Returns whether it had to be done again. */
static bool establish(struct driver *d, unsigned long page)
{
	unsigned long seq = mmu_interval_read_begin(INTERVAL(d));
	bool again;

	mutex_lock(&d->lock);
	again = mmu_interval_read_retry(INTERVAL(d), seq);
	if (!again)
		d->established[page] = true;
	mutex_unlock(&d->lock);
	return again;
}

static void collide(struct driver *d)
{
	unsigned long invalidations = d->invalidations, reads = 0;
	struct task_struct *thread;

	init_completion(&d->done);
	thread = kthread_run(invalidate_thread, d, "module_invalidate");
	if (IS_ERR(thread)) {
		verdict(false, "a thread is there");
		return;
	}
	while (!try_wait_for_completion(&d->done)) {
		establish(d, reads++ % NR_PAGES);
		cond_resched();
	}
	verdict(d->invalidations - invalidations >= ROUNDS,
		"each invalidation of the interval comes while it is read");
	verdict(reads, "reads end while invalidations go on");
}

static void use_interval(struct driver *d)
{
	unsigned long seq, before;
	int err;

	err = mmu_interval_notifier_insert(INTERVAL(d), d->mm, d->start,
					   NR_PAGES * PAGE_SIZE, &interval_ops);
	verdict(!err, "inserts an interval");
	if (err)
		return;
	verdict(INTERVAL(d)->interval_tree.start == d->start &&
		INTERVAL(d)->interval_tree.last ==
			d->start + NR_PAGES * PAGE_SIZE - 1 &&
		INTERVAL(d)->mm == d->mm, "its members are where they were");

	verdict(!establish(d, 3) && d->established[3],
		"reads without a collision");
	seq = mmu_interval_read_begin(INTERVAL(d));
	verdict(!mmu_interval_check_retry(INTERVAL(d), seq),
		"nothing to retry yet");
	before = d->invalidations;
	map(d->start + 3 * PAGE_SIZE, 1);
	verdict(d->invalidations == before + 1 && !d->established[3],
		"an invalidation of the interval comes");
	verdict(mmu_interval_check_retry(INTERVAL(d), seq) &&
		mmu_interval_read_retry(INTERVAL(d), seq), "retries");
	verdict(!establish(d, 3), "reads again");
	collide(d);

	mmu_interval_notifier_remove(INTERVAL(d));
	before = d->invalidations;
	map(d->start, NR_PAGES);
	verdict(d->invalidations == before, "removes an interval");
	verdict(is_fenced(&d->interval_fenced),
		"an interval has the size it had");
}

static void use_reference(struct mm_struct *mm)
{
	struct mmu_notifier *first = mmu_notifier_get(&got_ops, mm), *second;

	verdict(!IS_ERR(first), "gets a notifier");
	if (IS_ERR(first))
		return;
	second = mmu_notifier_get(&got_ops, mm);
	verdict(first == second, "gets the same one again");
	if (!IS_ERR(second))
		mmu_notifier_put(second);
	mmu_notifier_put(first);
	mmu_notifier_synchronize();
	verdict(READ_ONCE(freed) == 1, "puts it, and it is freed");
}

static int __init stock_driver_init(void)
{
	struct driver *d = kzalloc(sizeof(*d), GFP_KERNEL);
	unsigned long before;
	int err;

	if (!d)
		return -ENOMEM;
	mutex_init(&d->lock);
	fence(&d->whole_fenced);
	fence(&d->interval_fenced);
	d->mm = current->mm;
	d->start = map(0, NR_PAGES);
	if (IS_ERR_VALUE(d->start)) {
		kfree(d);
		return -ENOMEM;
	}

	WHOLE(d)->ops = &whole_ops;
	err = mmu_notifier_register(WHOLE(d), d->mm);
	verdict(!err, "registers");
	if (!err) {
		map(d->start, 1);
		verdict(d->starts && d->starts == d->ends,
			"starts and ends come");
		use_interval(d);
		use_reference(d->mm);
		mmu_notifier_unregister(WHOLE(d), d->mm);
		before = d->starts;
		map(d->start, 1);
		verdict(d->starts == before && d->starts == d->ends,
			"unregisters");
		verdict(is_fenced(&d->whole_fenced),
			"a notifier has the size it had");
	}
	verdict(!d->wrong, "callbacks are told what they were");
	vm_munmap(d->start, NR_PAGES * PAGE_SIZE);
	kfree(d);
	pr_alert("module: done, %s\n", failed ? "FAIL" : "ok");
	return 0;
}

static void __exit stock_driver_exit(void)
{
	mmu_notifier_synchronize();
	pr_alert("module: unloaded\n");
}

module_init(stock_driver_init);
module_exit(stock_driver_exit);

MODULE_DESCRIPTION("Driver of one kernel in another, with both kinds of MMU notifiers");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What registration, unregistration and exit wait for, in wall time.
 *
 * Runs at boot if mmu_notifier_register_benchmark.run=1 is on the command line of
 * the kernel. Prints a line for each result, and "done" at the end:
 *
 *   later vmas=N runs=N median_ns=N max_ns=N
 *	A notifier is registered with an mm that has one already, and N resident
 *	VMAs.
 *   many vmas=N notifiers=N total_ns=N
 *	N notifiers are registered, one after the other.
 *   teardown scenario=S hz=N runs=N median_ns=N max_ns=N
 *	where S is
 *	unregister_idle   mmu_notifier_unregister(); no notifier is called
 *	unregister_puts   the same while notifiers of another mm are put
 *	unregister_sleep  the same while a callback of another mm sleeps
 *	exit_idle, exit_puts, exit_sleep
 *			  the end of an mm that has a notifier, in the same situations
 *   memory kind=intervals|notifier mms=N bytes_per_cpu=N
 *	What an mm takes for each CPU with an interval, or with a notifier.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "mmu_notifier_cost.h"

#define RUNS		9
#define VMAS		16000
#define NOTIFIERS	64
#define MMS		128
#define SLEEP_MS	300

/* The first address of the VMAs, which have a page of nothing between them. */
#define FIRST		(1UL << 30)

static bool at_boot;
module_param_named(run, at_boot, bool, 0444);
MODULE_PARM_DESC(run, "Measure (default: 0)");

static int compare(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return x < y ? -1 : x > y;
}

static void sort_runs(s64 ns[RUNS])
{
	sort(ns, RUNS, sizeof(ns[0]), compare, NULL);
}

static const struct mmu_notifier_ops idle_ops = {
};

/*
 * A thread that runs during a measurement
 */

struct helper {
	int (*work)(struct helper *helper);
	struct mm_struct *mm;
	unsigned long vmas;
	struct completion begun, ended;
	bool stop;
	int err;
};

static int helper_fn(void *data)
{
	struct helper *helper = data;

	helper->err = helper->work(helper);
	complete(&helper->ended);
	return 0;
}

static int begin_helper(struct helper *helper, struct mm_struct *mm,
			int (*work)(struct helper *helper))
{
	struct task_struct *task;

	*helper = (struct helper) { .work = work, .mm = mm };
	init_completion(&helper->begun);
	init_completion(&helper->ended);
	task = kthread_run(helper_fn, helper, "mn_register");
	return PTR_ERR_OR_ZERO(task);
}

static int end_helper(struct helper *helper)
{
	WRITE_ONCE(helper->stop, true);
	wait_for_completion(&helper->ended);
	return helper->err;
}

/* Each page is in a VMA of its own, with an anon_vma: each has a lock. */
static int map_pages(struct helper *helper)
{
	unsigned long i, addr = 0;

	wait_for_completion(&helper->begun);
	arch_pick_mmap_layout(helper->mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(helper->mm);
	for (i = 0; i < helper->vmas && !IS_ERR_VALUE(addr); i++) {
		addr = vm_mmap(NULL, FIRST + 2 * i * PAGE_SIZE, PAGE_SIZE,
			       PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, 0);
		cond_resched();
	}
	kthread_unuse_mm(helper->mm);
	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

static struct mm_struct *alloc_mapped(unsigned long vmas)
{
	struct mm_struct *mm = mm_alloc();
	struct helper helper;
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	err = begin_helper(&helper, mm, map_pages);
	if (!err) {
		helper.vmas = vmas;
		complete(&helper.begun);
		err = end_helper(&helper);
	}
	if (!err && mm->map_count != vmas)
		err = -EIO;
	if (!err)
		return mm;
	mmput(mm);
	return ERR_PTR(err);
}

/*
 * Registration
 */

static s64 time_registrations(struct mmu_notifier *subs, unsigned int nr,
			      struct mm_struct *mm)
{
	ktime_t begin = ktime_get();
	unsigned int i;
	int err = 0;
	s64 ns;

	for (i = 0; i < nr; i++) {
		subs[i].ops = &idle_ops;
		err = mmu_notifier_register(&subs[i], mm);
		if (err)
			break;
	}
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	while (i--)
		mmu_notifier_unregister(&subs[i], mm);
	return err ?: ns;
}

static int measure_registrations_with(unsigned long vmas,
				      struct mmu_notifier *subs)
{
	struct mmu_notifier first = { .ops = &idle_ops };
	struct mm_struct *mm = alloc_mapped(vmas);
	s64 ns[RUNS], total;
	unsigned int i;
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	err = mmu_notifier_register(&first, mm);
	if (err)
		goto out;
	for (i = 0; i < RUNS; i++) {
		ns[i] = time_registrations(subs, 1, mm);
		if (ns[i] < 0) {
			err = ns[i];
			goto out_unregister;
		}
	}
	sort_runs(ns);
	total = time_registrations(subs, NOTIFIERS, mm);
	if (total < 0) {
		err = total;
		goto out_unregister;
	}
	pr_info("later vmas=%lu runs=%u median_ns=%lld max_ns=%lld\n", vmas,
		RUNS, ns[RUNS / 2], ns[RUNS - 1]);
	pr_info("many vmas=%lu notifiers=%u total_ns=%lld\n", vmas, NOTIFIERS,
		total);
out_unregister:
	mmu_notifier_unregister(&first, mm);
out:
	mmput(mm);
	return err;
}

static int measure_registrations(void)
{
	struct mmu_notifier *subs;
	int err;

	subs = kcalloc(NOTIFIERS, sizeof(*subs), GFP_KERNEL);
	if (!subs)
		return -ENOMEM;
	err = measure_registrations_with(0, subs);
	if (!err)
		err = measure_registrations_with(VMAS, subs);
	kfree(subs);
	return err;
}

/*
 * Unregistration and exit, and what is beside them in another mm
 */

static struct helper *sleeper;

static int sleep_at_start(struct mmu_notifier *subscription,
			  const struct mmu_notifier_range *range)
{
	complete(&sleeper->begun);
	msleep(SLEEP_MS);
	return 0;
}

static const struct mmu_notifier_ops sleep_ops = {
	.invalidate_range_start = sleep_at_start,
};

static int sleep_once(struct helper *helper)
{
	struct mmu_notifier sub = { .ops = &sleep_ops };
	struct mmu_notifier_range range;
	int err;

	sleeper = helper;
	err = mmu_notifier_register(&sub, helper->mm);
	if (err) {
		complete(&helper->begun);
		return err;
	}
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, helper->mm, 0,
				PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
	mmu_notifier_unregister(&sub, helper->mm);
	return 0;
}

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	struct mmu_notifier *sub = kzalloc(sizeof(*sub), GFP_KERNEL);

	return sub ?: ERR_PTR(-ENOMEM);
}

static void free_notifier(struct mmu_notifier *subscription)
{
	kfree(subscription);
}

static const struct mmu_notifier_ops put_ops = {
	.alloc_notifier = alloc_notifier,
	.free_notifier = free_notifier,
};

static int put_all_the_time(struct helper *helper)
{
	struct mmu_notifier *sub;

	do {
		sub = mmu_notifier_get(&put_ops, helper->mm);
		if (!IS_ERR(sub))
			mmu_notifier_put(sub);
		complete(&helper->begun);
		usleep_range(100, 200);
	} while (!IS_ERR(sub) && !READ_ONCE(helper->stop));
	mmu_notifier_synchronize();
	return PTR_ERR_OR_ZERO(sub);
}

static s64 time_unregister(struct mmu_notifier *sub, struct mm_struct *mm)
{
	ktime_t begin = ktime_get();
	s64 ns;

	mmu_notifier_unregister(sub, mm);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmput(mm);
	return ns;
}

static s64 time_exit(struct mmu_notifier *sub, struct mm_struct *mm)
{
	ktime_t begin = ktime_get();
	s64 ns;

	mmput(mm);
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	mmu_notifier_unregister(sub, mm);
	return ns;
}

static const struct teardown {
	const char *name;
	s64 (*time)(struct mmu_notifier *sub, struct mm_struct *mm);
	int (*beside)(struct helper *helper);
} teardowns[] = {
	{ "unregister_idle", time_unregister, NULL },
	{ "unregister_puts", time_unregister, put_all_the_time },
	{ "unregister_sleep", time_unregister, sleep_once },
	{ "exit_idle", time_exit, NULL },
	{ "exit_puts", time_exit, put_all_the_time },
	{ "exit_sleep", time_exit, sleep_once },
};

static s64 run_teardown(const struct teardown *teardown, struct mm_struct *other)
{
	struct mmu_notifier sub = { .ops = &idle_ops };
	struct mm_struct *mm = mm_alloc();
	struct helper helper;
	s64 ns;
	int err;

	if (!mm)
		return -ENOMEM;
	err = mmu_notifier_register(&sub, mm);
	if (err) {
		mmput(mm);
		return err;
	}
	if (!teardown->beside)
		return teardown->time(&sub, mm);

	err = begin_helper(&helper, other, teardown->beside);
	if (!err)
		wait_for_completion(&helper.begun);
	ns = teardown->time(&sub, mm);
	if (!err)
		err = end_helper(&helper);
	return err ?: ns;
}

static int measure_teardowns(void)
{
	struct mm_struct *other = mm_alloc();
	s64 ns[RUNS] = {};
	unsigned int t, i;

	if (!other)
		return -ENOMEM;
	for (t = 0; t < ARRAY_SIZE(teardowns); t++) {
		for (i = 0; i < RUNS && ns[0] >= 0; i++) {
			ns[i] = run_teardown(&teardowns[t], other);
			/* ns[0] keeps an error, which ends both loops. */
			if (ns[i] < 0)
				ns[0] = ns[i];
		}
		if (ns[0] < 0)
			break;
		sort_runs(ns);
		pr_info("teardown scenario=%s hz=%u runs=%u median_ns=%lld max_ns=%lld\n",
			teardowns[t].name, HZ, RUNS, ns[RUNS / 2], ns[RUNS - 1]);
	}
	mmput(other);
	return min(ns[0], 0LL);
}

/*
 * Memory
 */

struct tenant {
	struct mm_struct *mm;
	struct mmu_interval_notifier interval;
	struct mmu_notifier sub;
};

static int attach_interval(struct tenant *tenant)
{
	return mmu_interval_notifier_insert(&tenant->interval, tenant->mm,
					    FIRST, PAGE_SIZE,
					    &mmu_notifier_cost_interval_ops);
}

static void detach_interval(struct tenant *tenant)
{
	mmu_interval_notifier_remove(&tenant->interval);
}

static int attach_notifier(struct tenant *tenant)
{
	tenant->sub.ops = &idle_ops;
	return mmu_notifier_register(&tenant->sub, tenant->mm);
}

static void detach_notifier(struct tenant *tenant)
{
	mmu_notifier_unregister(&tenant->sub, tenant->mm);
}

static const struct kind {
	const char *name;
	int (*attach)(struct tenant *tenant);
	void (*detach)(struct tenant *tenant);
} kinds[] = {
	{ "intervals", attach_interval, detach_interval },
	{ "notifier", attach_notifier, detach_notifier },
};

/* Pages of a CPU are populated as they are needed. */
static int measure_kind(const struct kind *kind, struct tenant *tenants,
			unsigned int nr)
{
	unsigned long before = pcpu_nr_pages(), pages;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < nr; i++)
		err = kind->attach(&tenants[i]);
	pages = pcpu_nr_pages() - before;
	if (err)
		i--;
	else
		pr_info("memory kind=%s mms=%u bytes_per_cpu=%lu\n", kind->name,
			nr, pages * PAGE_SIZE / num_possible_cpus() / nr);
	while (i--)
		kind->detach(&tenants[i]);
	return err;
}

static int measure_memory(void)
{
	struct tenant *tenants;
	unsigned int k, i, nr;
	int err = 0;

	tenants = kvcalloc(MMS, sizeof(*tenants), GFP_KERNEL);
	if (!tenants)
		return -ENOMEM;
	/* New mms for each kind: an mm keeps its state for notifiers. */
	for (k = 0; !err && k < ARRAY_SIZE(kinds); k++) {
		for (nr = 0; nr < MMS; nr++) {
			tenants[nr].mm = mm_alloc();
			if (!tenants[nr].mm)
				break;
		}
		err = nr == MMS ? measure_kind(&kinds[k], tenants, nr) : -ENOMEM;
		for (i = 0; i < nr; i++)
			mmput(tenants[i].mm);
	}
	kvfree(tenants);
	return err;
}

static int mmu_notifier_register_benchmark(void)
{
	int err;

	if (!at_boot)
		return 0;
	err = measure_memory() ?: measure_registrations() ?: measure_teardowns();
	if (err)
		pr_err("failed: %d\n", err);
	else
		pr_info("done\n");
	return err;
}
late_initcall(mmu_notifier_register_benchmark);

MODULE_DESCRIPTION("Benchmark for the registration of MMU notifiers");
MODULE_LICENSE("GPL");

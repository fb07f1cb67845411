// SPDX-License-Identifier: GPL-2.0-only
/*
 * What filters cost and save, and what it costs to move an interval; see
 * mmu_notifier_cost.c. In a file of its own, so that the rest also builds where there
 * are none. The scenarios are
 *
 *   migrate_ignored         n devices have an interval in the same place, and migrate
 *                           it in turn, from start to end; each callback looks at
 *                           the owner under the user lock
 *   migrate_skipped         the same with filters: the owner is not called
 *   interval_update         mmu_interval_notifier_update(), nothing active
 *
 * Of the first two, a second line tells how many callbacks were called:
 *
 *   mmu_notifier_cost: callbacks scenario=S n=N migrations=N called=N
 */

#define pr_fmt(fmt) "mmu_notifier_cost: " fmt

#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include "mmu_notifier_cost.h"

#define OPS		256
#define MAX_DEVICES	16

struct device_of_cost {
	struct mmu_interval_notifier notifier;
	struct mmu_interval_notifier_filter filter;
	spinlock_t lock;		/* the user lock */
	bool torn_down;
};

/* What is measured; there is one thread only. */
static struct mm_struct *mm;
static struct device_of_cost devices[MAX_DEVICES];
static unsigned int nr_devices;
static unsigned long migrations, calls;
static int update_err;

static bool invalidate(struct mmu_interval_notifier *interval_sub,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	struct device_of_cost *device =
		container_of(interval_sub, struct device_of_cost, notifier);

	calls++;
	spin_lock(&device->lock);
	mmu_interval_set_seq(interval_sub, seq);
	if (range->owner != device)
		device->torn_down = true;
	spin_unlock(&device->lock);
	return true;
}

static const struct mmu_interval_notifier_ops device_ops = {
	.invalidate = invalidate,
};

static noinline void migrate(struct device_of_cost *device)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init_owner(&range, MMU_NOTIFY_MIGRATE, 0, mm, 0,
				      PAGE_SIZE, device);
	mmu_notifier_invalidate_range_start(&range);
	mmu_notifier_invalidate_range_end(&range);
}

static void do_nothing(unsigned long i)
{
	barrier();
}

static void do_migrate(unsigned long i)
{
	migrations++;
	migrate(&devices[i % nr_devices]);
}

static void do_update(unsigned long i)
{
	int err = mmu_interval_notifier_update(&devices[0].notifier,
					       i % 2 ? PAGE_SIZE : 0,
					       PAGE_SIZE);

	update_err = err ?: update_err;
}

static int insert(struct device_of_cost *device, bool skip)
{
	const struct mmu_notifier_skip own = {
		.owner = skip ? device : NULL,
	};

	mmu_interval_notifier_filter_init(&device->filter, &device_ops, own);
	spin_lock_init(&device->lock);
	return mmu_interval_notifier_insert(&device->notifier, mm, 0, PAGE_SIZE,
					    skip ? &device->filter.ops :
						   &device_ops);
}

static void remove_all(void)
{
	while (nr_devices)
		mmu_interval_notifier_remove(&devices[--nr_devices].notifier);
}

static int insert_all(unsigned int nr, bool skip)
{
	int err;

	for (; nr_devices < nr; nr_devices++) {
		err = insert(&devices[nr_devices], skip);
		if (err) {
			remove_all();
			return err;
		}
	}
	return 0;
}

static int cost_of_migration(mmu_notifier_print_cost_fn print,
			     const char *scenario, unsigned int nr, bool skip)
{
	int err = insert_all(nr, skip);

	if (err)
		return err;
	migrations = 0;
	calls = 0;
	print(scenario, nr, OPS, do_migrate, do_nothing);
	pr_info("callbacks scenario=%s n=%u migrations=%lu called=%lu\n",
		scenario, nr, migrations, calls);
	remove_all();
	return calls == migrations * (nr - skip) ? 0 : -EIO;
}

static int cost_of_update(mmu_notifier_print_cost_fn print)
{
	int err = insert_all(1, false);

	if (err)
		return err;
	update_err = 0;
	print("interval_update", 1, OPS, do_update, do_nothing);
	remove_all();
	return update_err;
}

static int interval_cost(struct mm_struct *of_mm,
			 mmu_notifier_print_cost_fn print)
{
	unsigned int nr;
	int err = 0;

	mm = of_mm;
	for (nr = 1; !err && nr <= MAX_DEVICES; nr *= 4) {
		err = cost_of_migration(print, "migrate_ignored", nr, false);
		if (!err)
			err = cost_of_migration(print, "migrate_skipped", nr,
						true);
	}
	return err ?: cost_of_update(print);
}

static int __init mmu_notifier_interval_cost_init(void)
{
	mmu_notifier_interval_cost = interval_cost;
	return 0;
}
core_initcall(mmu_notifier_interval_cost_init);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: what fails only rarely, to test what drivers and the OOM killer do
 * about it. See Documentation/fault-injection/.
 *
 * Faults are bounded, for each task: when it has had some of them, it has none for a
 * while, whatever the probability. A loop of retries gets through if it begins no more
 * read sections each time than half of that, even if it needs all of them at once.
 */

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fault-inject.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "mmu_notifier_fail.h"
#include "mmu_notifier_internal.h"

struct mn_fail mn_fail = {
	.attr = FAULT_ATTR_INITIALIZER,
	.collisions = true,
	.nonblock = true,
	.in_a_row = 3,
	.rest = MN_FAIL_LEAST_REST,
};

static char *mn_fail_option __initdata;

static int __init setup_fail_mmu_notifier(char *str)
{
	mn_fail_option = str;
	return 1;
}
__setup("fail_mmu_notifier=", setup_fail_mmu_notifier);

/* What understands it allocates memory. */
static int __init fail_mmu_notifier_init(void)
{
	if (mn_fail_option)
		setup_fault_attr(&mn_fail.attr, mn_fail_option);
	return 0;
}
core_initcall(fail_mmu_notifier_init);

/*
 * &task_struct.fail_mmu_notifier: how many faults current has had, or, negative, for
 * how many more calls it has none. Only current uses it.
 */
static bool mn_should_fail(void)
{
	int *had = &current->fail_mmu_notifier;

	if (*had < 0) {
		++*had;
		return false;
	}
	if (!should_fail(&mn_fail.attr, 1))
		return false;
	if (++*had >= (int)min(READ_ONCE(mn_fail.in_a_row), MN_FAIL_MOST))
		*had = -(int)clamp(READ_ONCE(mn_fail.rest), MN_FAIL_LEAST_REST,
				   (u32)INT_MAX);
	return true;
}

/* Whether a read section that begins is to collide. */
bool mn_fails_to_read(void)
{
	return READ_ONCE(mn_fail.collisions) && mn_should_fail();
}

/**
 * mmu_notifier_fails_to_start - whether a non-blocking start is to fail
 *
 * Context: As mmu_notifier_invalidate_range_start_nonblock(), which calls it.
 * Return: true if it must return %-EAGAIN.
 */
bool mmu_notifier_fails_to_start(void)
{
	return READ_ONCE(mn_fail.nonblock) && mn_should_fail();
}

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS

static int __init fail_mmu_notifier_debugfs(void)
{
	const umode_t mode = S_IFREG | 0600;
	struct dentry *dir;

	dir = fault_create_debugfs_attr("fail_mmu_notifier", NULL, &mn_fail.attr);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	debugfs_create_bool("collisions", mode, dir, &mn_fail.collisions);
	debugfs_create_bool("nonblock", mode, dir, &mn_fail.nonblock);
	debugfs_create_u32("in-a-row", mode, dir, &mn_fail.in_a_row);
	debugfs_create_u32("rest", mode, dir, &mn_fail.rest);
	return 0;
}
late_initcall(fail_mmu_notifier_debugfs);

#endif /* CONFIG_FAULT_INJECTION_DEBUG_FS */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks in two passes for the torture test of MMU notifiers. In a file of
 * their own, so that the rest also builds where there are none.
 */

#include <linux/init.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "test_mmu_notifier.h"

/* The second pass of one invalidation of one subscription. */
struct pass {
	struct mmu_interval_notifier_finish finish;
	unsigned long start;
	unsigned long end;
};

static bool invalidate_start(struct mmu_interval_notifier *sub,
			     const struct mmu_notifier_range *range,
			     unsigned long seq,
			     struct mmu_interval_notifier_finish **finish)
{
	struct pass *pass = NULL;
	bool defer, done;

	/* The second pass takes a lock that may sleep. */
	if (mmu_notifier_range_blockable(range))
		pass = kmalloc(sizeof(*pass), GFP_NOWAIT | __GFP_NOWARN);
	defer = pass;
	done = test_mn_invalidate(sub, range, seq, &defer);
	if (defer) {
		pass->start = range->start;
		pass->end = range->end;
		*finish = &pass->finish;
	} else {
		kfree(pass);
	}
	return done;
}

static void invalidate_finish(struct mmu_interval_notifier_finish *finish)
{
	struct pass *pass = container_of(finish, struct pass, finish);

	test_mn_finish(finish->notifier, pass->start, pass->end);
	kfree(pass);
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate_start = invalidate_start,
	.invalidate_finish = invalidate_finish,
};

static int __init test_mn_two_pass_init(void)
{
	test_mn_two_pass_ops = &two_pass_ops;
	return 0;
}
core_initcall(test_mn_two_pass_init);

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_TESTS_MMU_NOTIFIER_EXPECT_H
#define _MM_TESTS_MMU_NOTIFIER_EXPECT_H

/*
 * What a case expects to be reported: said first, since that may skip the case; and
 * looked for on the console at its end.
 */

struct kunit;

/* The names of locks, as lockdep prints them. */
#define MN_FS_RECLAIM	"fs_reclaim"
#define MN_INVALIDATION	"mmu_notifier_invalidate_range_start"
/* Whose read sections callbacks, or ranges, are in. */
#define MN_SRCU		"srcu"
/* The map that deferred removals are released in. */
#define MN_RELEASED	"mmu_interval_notifier_released"
/* What tells that unregistration waits: one of the last two. */
#define MN_WAIT		"srcu or mmu_notifier_invalidate_range_start"

void mn_expect_circle(struct kunit *test, const char *acquired,
		      const char *held);
/* The same, which may be of these two locks alone. */
void mn_expect_order(struct kunit *test, const char *acquired, const char *held);
void mn_expect_recursion(struct kunit *test, const char *lock);
void mn_expect_sleep(struct kunit *test, const char *where);
void mn_expect_warning(struct kunit *test, const char *function);
void mn_expect_held_in_user_space(struct kunit *test);
void mn_expect_end(struct kunit *test);

void mn_expect_silence(struct kunit *test);
void mn_expect_silence_end(struct kunit *test);

#endif

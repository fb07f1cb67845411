/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_TESTS_MMU_NOTIFIER_EXPECT_H
#define _MM_TESTS_MMU_NOTIFIER_EXPECT_H

/*
 * Expected reports: a case declares its report first, since this may skip it;
 * mn_expect_end() looks for it on the console.
 */

struct kunit;

/* The names of locks, as lockdep prints them. */
#define MN_FS_RECLAIM	"fs_reclaim"
/* The map that deferred removals are released in. */
#define MN_RELEASED	"mmu_interval_notifier_released"
#define MN_INVALIDATION	"mmu_notifier_invalidate_range_start"
/* The SRCU sections that callbacks or ranges are in. */
#define MN_SRCU		"srcu"
/* Either of the last two shows that unregistration waits. */
#define MN_WAIT		"srcu or mmu_notifier_invalidate_range_start"

void mn_expect_circle(struct kunit *test, const char *acquired,
		      const char *held);
/* As mn_expect_circle(); the circle may consist of just these two. */
void mn_expect_order(struct kunit *test, const char *acquired, const char *held);
void mn_expect_recursion(struct kunit *test, const char *lock);
void mn_expect_sleep(struct kunit *test, const char *where);
void mn_expect_warning(struct kunit *test, const char *function);
void mn_expect_held_in_user_space(struct kunit *test);
void mn_expect_end(struct kunit *test);

void mn_expect_silence(struct kunit *test);
void mn_expect_silence_end(struct kunit *test);

#endif

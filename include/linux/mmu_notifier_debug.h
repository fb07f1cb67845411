/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MMU_NOTIFIER_DEBUG_H
#define _LINUX_MMU_NOTIFIER_DEBUG_H

/*
 * CONFIG_DEBUG_MMU_NOTIFIER: what the inline functions of <linux/mmu_notifier.h> tell
 * mm/mmu_notifier_debug.c. Without the option, each of these is nothing. They are always
 * inline, and so are those functions: where they are called is what is reported.
 */

#include <linux/bits.h>
#include <linux/jump_label.h>
#include <linux/types.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_notifier_range;

#if defined(CONFIG_DEBUG_MMU_NOTIFIER) && defined(CONFIG_MMU_NOTIFIER)

DECLARE_STATIC_KEY_FALSE(mmu_notifier_debug_key);

/*
 * In &mmu_notifier_range.flags, of which mm/ has the upper ones: the debug option does not
 * know it, for want of room, or cannot tell whether it is active.
 */
#define MN_DEBUG_RANGE_LOST	BIT(6)
/* What is wrong with this start or end has been reported: the core need not do so. */
#define MN_DEBUG_RANGE_SAID	BIT(5)

void __mn_debug_start(struct mmu_notifier_range *range);
void __mn_debug_started(const struct mmu_notifier_range *range, int err);
void __mn_debug_end(struct mmu_notifier_range *range);
void __mn_debug_flush(unsigned long start, unsigned long end);
void __mn_debug_mm_gone(struct mm_struct *mm);
void __mn_debug_set_seq(struct mmu_interval_notifier *interval_sub,
			unsigned long seq);
void __mn_debug_retry(struct mmu_interval_notifier *interval_sub,
		      unsigned long seq);

static __always_inline bool mn_debug_is_on(void)
{
	return static_branch_unlikely(&mmu_notifier_debug_key);
}

/* A range is about to start. Each of these is in the function that calls the core. */
static __always_inline void mn_debug_start(struct mmu_notifier_range *range)
{
	if (mn_debug_is_on())
		__mn_debug_start(range);
}

/* It has started, or was refused. Returns @err. */
static __always_inline int
mn_debug_started(const struct mmu_notifier_range *range, int err)
{
	if (mn_debug_is_on())
		__mn_debug_started(range, err);
	return err;
}

/* It is about to end. */
static __always_inline void mn_debug_end(struct mmu_notifier_range *range)
{
	if (mn_debug_is_on())
		__mn_debug_end(range);
}

/* Secondary TLBs are flushed. */
static __always_inline void mn_debug_flush(unsigned long start,
					   unsigned long end)
{
	if (mn_debug_is_on())
		__mn_debug_flush(start, end);
}

/* The mm structure is about to be freed. */
static __always_inline void mn_debug_mm_gone(struct mm_struct *mm)
{
	if (mn_debug_is_on())
		__mn_debug_mm_gone(mm);
}

/* A driver stores a sequence. */
static __always_inline void
mn_debug_set_seq(struct mmu_interval_notifier *interval_sub, unsigned long seq)
{
	if (mn_debug_is_on())
		__mn_debug_set_seq(interval_sub, seq);
}

/* A driver ends a read section. */
static __always_inline void
mn_debug_retry(struct mmu_interval_notifier *interval_sub, unsigned long seq)
{
	if (mn_debug_is_on())
		__mn_debug_retry(interval_sub, seq);
}

#else

static __always_inline bool mn_debug_is_on(void)
{
	return false;
}

static __always_inline void mn_debug_start(struct mmu_notifier_range *range)
{
}

static __always_inline int
mn_debug_started(const struct mmu_notifier_range *range, int err)
{
	return err;
}

static __always_inline void mn_debug_end(struct mmu_notifier_range *range)
{
}

static __always_inline void mn_debug_flush(unsigned long start,
					   unsigned long end)
{
}

static __always_inline void mn_debug_mm_gone(struct mm_struct *mm)
{
}

static __always_inline void
mn_debug_set_seq(struct mmu_interval_notifier *interval_sub, unsigned long seq)
{
}

static __always_inline void
mn_debug_retry(struct mmu_interval_notifier *interval_sub, unsigned long seq)
{
}

#endif

#endif /* _LINUX_MMU_NOTIFIER_DEBUG_H */

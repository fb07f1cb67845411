/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MMU_NOTIFIER_TRACE_H
#define _LINUX_MMU_NOTIFIER_TRACE_H

/*
 * What the inline functions of <linux/mmu_notifier.h> need for trace events, see
 * <trace/events/mmu_notifier.h>. Without CONFIG_MMU_NOTIFIER_TRACE, it is nothing.
 */

#ifdef CONFIG_MMU_NOTIFIER_TRACE
#include <linux/static_call_types.h>
#include <linux/tracepoint-defs.h>
#endif

struct mmu_interval_notifier;

/* Who waits for an invalidation, or retries because of one. */
enum mmu_notifier_waiter {
	MMU_NOTIFIER_READER,
	MMU_NOTIFIER_RANGE_READER,
	MMU_NOTIFIER_REMOVER,		/* or what moves an interval */
	MMU_NOTIFIER_REGISTRATION,
	MMU_NOTIFIER_UNREGISTRATION,	/* or the end of the mm */
};

#ifdef CONFIG_MMU_NOTIFIER_TRACE

DECLARE_TRACEPOINT(mmu_notifier_retry);

void __mmu_interval_trace_retry(const struct mmu_interval_notifier *interval_sub,
				unsigned long seq);

/* A read section has collided. */
static __always_inline void
mn_trace_retry(const struct mmu_interval_notifier *interval_sub,
	       unsigned long seq)
{
	if (tracepoint_enabled(mmu_notifier_retry))
		__mmu_interval_trace_retry(interval_sub, seq);
}

#else

static __always_inline void
mn_trace_retry(const struct mmu_interval_notifier *interval_sub,
	       unsigned long seq)
{
}

#endif

#endif /* _LINUX_MMU_NOTIFIER_TRACE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MMU_NOTIFIER_TRACE_H
#define _MM_MMU_NOTIFIER_TRACE_H

/*
 * MMU notifiers: what the core does for its trace events, see mmu_notifier_trace.c.
 */

#include <linux/mmu_notifier_trace.h>
#include <linux/types.h>

#ifdef CONFIG_MMU_NOTIFIER_TRACE
#include <linux/jump_label.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/timekeeping.h>
#include <trace/events/mmu_notifier.h>
#endif

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_interval_notifier_ops;
struct mmu_notifier;
struct mmu_notifier_range;
struct mmu_range_reader;
struct mn_ranges;

/*
 * What is noted during a start or an end that is traced: the number of callbacks that
 * were called, and the sequence that a start has taken. Functions for both forms take a
 * pointer to it, which is the constant NULL in what is not traced.
 */
struct mn_trace {
	unsigned int called;
	u64 seq;
};

/* A wait, from its begin to its end. Not traced if @began is 0. */
struct mn_trace_wait {
	struct mm_struct *mm;
	enum mmu_notifier_waiter waiter;
	u64 seq;
	unsigned long start;
	unsigned long end;
	u64 began;
};

#ifdef CONFIG_MMU_NOTIFIER_TRACE

DECLARE_STATIC_KEY_FALSE(mn_traced);

/* What is called instead of start and end while they are traced. */
int mn_start_traced(struct mmu_notifier_range *range);
void mn_end_traced(struct mmu_notifier_range *range);
void mn_release_traced(struct mn_ranges *ranges,
		       struct mmu_notifier_range *range);

int mn_interval_start_traced(struct mn_ranges *ranges,
			     struct mmu_notifier_range *range,
			     struct mn_trace *trace);

extern unsigned int mn_trace_slow_callback_us;

void __mn_trace_called(const struct mmu_notifier_range *range,
		       const void *callback, u64 began);
void __mn_trace_announced(const struct mmu_notifier_range *range,
			  const struct mmu_interval_notifier *interval_sub,
			  u64 began);

static __always_inline bool mn_is_traced(void)
{
	return static_branch_unlikely(&mn_traced);
}

/* Where calls are patched, start and end need not ask. */
static __always_inline bool mn_has_to_trace(void)
{
	return !IS_ENABLED(CONFIG_HAVE_STATIC_CALL_INLINE) && mn_is_traced();
}

/* Before a callback. Returns the time, or 0 if it need not be known. */
static __always_inline u64 mn_trace_time(const struct mn_trace *trace)
{
	return trace && trace_mmu_notifier_slow_callback_enabled() ?
		       ktime_get_ns() : 0;
}

static __always_inline u64 mn_trace_call(struct mn_trace *trace)
{
	if (trace)
		trace->called++;
	return mn_trace_time(trace);
}

static __always_inline bool mn_traces_waits(void)
{
	return trace_mmu_notifier_wait_begin_enabled() ||
	       trace_mmu_notifier_wait_end_enabled();
}

static __always_inline bool mn_traces_retries(void)
{
	return trace_mmu_notifier_retry_enabled();
}

void mn_trace_wait_begin(struct mn_trace_wait *wait, struct mm_struct *mm,
			 enum mmu_notifier_waiter waiter, u64 seq,
			 unsigned long start, unsigned long end);
void __mn_trace_wait_end(struct mn_trace_wait *wait, int ret);
void mn_trace_range_retry(const struct mmu_range_reader *reader,
			  unsigned long seq, unsigned long caller);

/* A wait that is not for ranges which are known. */
static __always_inline void mn_trace_wait_for_all(struct mn_trace_wait *wait,
						  struct mm_struct *mm,
						  enum mmu_notifier_waiter waiter)
{
	if (mn_traces_waits())
		mn_trace_wait_begin(wait, mm, waiter, 0, 0, ULONG_MAX);
}

static __always_inline void mn_trace_wait_end(struct mn_trace_wait *wait,
					      int ret)
{
	if (unlikely(wait->began))
		__mn_trace_wait_end(wait, ret);
}

#else /* CONFIG_MMU_NOTIFIER_TRACE */

static inline int mn_start_traced(struct mmu_notifier_range *range)
{
	return 0;
}

static inline void mn_end_traced(struct mmu_notifier_range *range)
{
}

static inline void mn_release_traced(struct mn_ranges *ranges,
				     struct mmu_notifier_range *range)
{
}

static inline void __mn_trace_called(const struct mmu_notifier_range *range,
				     const void *callback, u64 began)
{
}

static inline void
__mn_trace_announced(const struct mmu_notifier_range *range,
		     const struct mmu_interval_notifier *interval_sub,
		     u64 began)
{
}

static inline bool mn_is_traced(void)
{
	return false;
}

static inline bool mn_has_to_trace(void)
{
	return false;
}

static __always_inline u64 mn_trace_time(const struct mn_trace *trace)
{
	return 0;
}

static __always_inline u64 mn_trace_call(struct mn_trace *trace)
{
	return 0;
}

static inline bool mn_traces_waits(void)
{
	return false;
}

static inline bool mn_traces_retries(void)
{
	return false;
}

static inline void mn_trace_wait_begin(struct mn_trace_wait *wait,
				       struct mm_struct *mm,
				       enum mmu_notifier_waiter waiter, u64 seq,
				       unsigned long start, unsigned long end)
{
}

static inline void mn_trace_wait_for_all(struct mn_trace_wait *wait,
					 struct mm_struct *mm,
					 enum mmu_notifier_waiter waiter)
{
}

static inline void mn_trace_wait_end(struct mn_trace_wait *wait, int ret)
{
}

static inline void mn_trace_range_retry(const struct mmu_range_reader *reader,
					unsigned long seq, unsigned long caller)
{
}

#endif /* CONFIG_MMU_NOTIFIER_TRACE */

#endif /* _MM_MMU_NOTIFIER_TRACE_H */

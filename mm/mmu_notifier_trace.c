// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: trace events.
 *
 * Waits and retries are traced out of line, where threads wait and retry: what does
 * neither does not pay for it.
 *
 * A start or an end has no instruction to spare for its event. While that is on, other
 * functions are called instead of them, which do the same, count the callbacks and take
 * the time: mn_start_traced() and mn_end_traced(). Where calls can be patched, those of
 * start and end in the header are; elsewhere they begin with a branch that is. A range
 * may start in one form and end in the other.
 *
 * A range has no room for the time of its start.
 */

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/jump_label.h>
#include <linux/kconfig.h>
#include <linux/mmu_notifier.h>
#include <linux/moduleparam.h>
#include <linux/static_call.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#include "mmu_notifier_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/mmu_notifier.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "mmu_notifier."

/*
 * Starts, ends and callbacks
 */

DEFINE_STATIC_KEY_FALSE(mn_traced);

#ifdef CONFIG_HAVE_STATIC_CALL_INLINE
DEFINE_STATIC_CALL(mmu_notifier_start, __mmu_notifier_invalidate_range_start);
DEFINE_STATIC_CALL(mmu_notifier_end, __mmu_notifier_invalidate_range_end);
#endif

/* The number of events that are on, under the mutex of all tracepoints. */
static unsigned int mn_trace_users;

static void mn_trace_switch(bool on)
{
#ifdef CONFIG_HAVE_STATIC_CALL_INLINE
	static_call_update(mmu_notifier_start,
			   on ? mn_start_traced :
				__mmu_notifier_invalidate_range_start);
	static_call_update(mmu_notifier_end,
			   on ? mn_end_traced :
				__mmu_notifier_invalidate_range_end);
#endif
	if (on)
		static_branch_enable(&mn_traced);
	else
		static_branch_disable(&mn_traced);
}

int mn_trace_reg(void)
{
	if (!mn_trace_users++)
		mn_trace_switch(true);
	return 0;
}

void mn_trace_unreg(void)
{
	if (!--mn_trace_users)
		mn_trace_switch(false);
}

unsigned int mn_trace_slow_callback_us = 1000;
module_param_named(slow_callback_us, mn_trace_slow_callback_us, uint, 0644);
MODULE_PARM_DESC(slow_callback_us,
		 "Callbacks that take longer make mmu_notifier_slow_callback");

/* After a callback that began then. */
void __mn_trace_called(const struct mmu_notifier_range *range,
		       const void *callback, u64 began)
{
	const u64 ns = ktime_get_ns() - began;

	if (ns >= (u64)READ_ONCE(mn_trace_slow_callback_us) * NSEC_PER_USEC)
		trace_mmu_notifier_slow_callback(range, callback, ns);
}

/* The same, of the first pass of an interval_sub. */
void __mn_trace_announced(const struct mmu_notifier_range *range,
			  const struct mmu_interval_notifier *interval_sub,
			  u64 began)
{
	unsigned long seq = range->seq;
	const struct mmu_interval_notifier *moves =
		mn_that_moves(interval_sub, &seq);

	/* The range is active: it is not released yet. */
	__mn_trace_called(range, mn_driver_callback(mn_ops_of(moves)), began);
}

/* As mn_start_in_section(). */
static int mn_trace_start_in_section(struct mn_sections *sections,
				     struct mmu_notifier_range *range,
				     struct mn_trace *trace)
{
	struct mmu_notifier *first = mn_section_enter(sections, range);
	struct mn_ranges *ranges = mn_ranges(sections->subscriptions);
	int err;

	if (ranges) {
		err = mn_interval_start_traced(ranges, range, trace);
		if (err) {
			mn_section_leave(sections, range);
			return err;
		}
	} else {
		range->seq = mn_self(range);
	}
	return mn_section_call_start(sections, ranges, range, first, trace);
}

/* As __mmu_notifier_invalidate_range_start(). */
int mn_start_traced(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_sections *sections = mn_sections(subscriptions);
	const u64 began = ktime_get_ns();
	struct mn_trace trace = {};
	int err;

	/* This comes back, if there is anything to start. */
	if (unlikely(range->section | range->seq))
		return mn_range_start_again(subscriptions, range);
	if (sections)
		err = mn_trace_start_in_section(sections, range, &trace);
	else
		err = mn_interval_start_traced(mn_ranges(subscriptions), range,
					       &trace);
	trace_mmu_notifier_start(range, trace.seq, trace.called,
				 ktime_get_ns() - began, err);
	return err;
}

/* As __mmu_notifier_invalidate_range_end(). */
void mn_end_traced(struct mmu_notifier_range *range)
{
	struct mmu_notifier_subscriptions *subscriptions =
		mn_subscriptions(range->mm);
	struct mn_ranges *ranges = mn_ranges(subscriptions);
	const bool in_section = range->section & MN_SECTION_ENTERED;
	struct mn_sections *sections = mn_sections(subscriptions);
	const u64 began = ktime_get_ns();
	const u64 seq = range->seq % 2 ? range->seq : 0;
	struct mn_trace trace = {};

	mn_lockdep_may_wait();
	if (IS_ENABLED(CONFIG_DEBUG_VM) && in_section && WARN_ON_ONCE(!sections))
		return;
	/* In a section, only a range that is tracked has to become inactive. */
	if (in_section ? range->seq % 2 : !!ranges) {
		if (!mn_range_deactivate(ranges, range))
			return;
	}
	if (in_section) {
		mn_section_call_end(range, &trace);
		mn_section_leave(sections, range);
	} else if (!seq) {
		/* It has not started. */
		return;
	}
	trace_mmu_notifier_end(range, seq, trace.called,
			       ktime_get_ns() - began);
}

/* The end of the mm, as intervals see it: a start and an end. */
void mn_release_traced(struct mn_ranges *ranges,
		       struct mmu_notifier_range *range)
{
	u64 began = ktime_get_ns(), seq;
	struct mn_trace trace = {};

	mn_interval_start_traced(ranges, range, &trace);
	trace_mmu_notifier_start(range, trace.seq, trace.called,
				 ktime_get_ns() - began, 0);

	seq = range->seq;
	began = ktime_get_ns();
	mn_range_deactivate(ranges, range);
	trace_mmu_notifier_end(range, seq, 0, ktime_get_ns() - began);
}

/*
 * Waits
 */

void mn_trace_wait_begin(struct mn_trace_wait *wait, struct mm_struct *mm,
			 enum mmu_notifier_waiter waiter, u64 seq,
			 unsigned long start, unsigned long end)
{
	*wait = (struct mn_trace_wait) {
		.mm = mm,
		.waiter = waiter,
		.seq = seq,
		.start = start,
		.end = end,
		.began = ktime_get_ns() ?: 1,
	};
	trace_mmu_notifier_wait_begin(mm, waiter, seq, start, end);
}

void __mn_trace_wait_end(struct mn_trace_wait *wait, int ret)
{
	trace_mmu_notifier_wait_end(wait->mm, wait->waiter, wait->seq,
				    wait->start, wait->end,
				    ktime_get_ns() - wait->began, ret);
}

/*
 * Retries. That of an interval_sub is inline in drivers. Late readers have no hold on
 * the mm, nor on the ops: who retries is told by its caller.
 */

EXPORT_TRACEPOINT_SYMBOL_GPL(mmu_notifier_retry);

/**
 * __mmu_interval_trace_retry - a read section of an interval has collided
 * @interval_sub: The subscription.
 * @seq: What it began with.
 *
 * Context: As mmu_interval_read_retry(), which calls it if the event is enabled.
 */
void __mmu_interval_trace_retry(const struct mmu_interval_notifier *interval_sub,
				unsigned long seq)
{
	const struct interval_tree_node *node = &interval_sub->interval_tree;

	trace_mmu_notifier_retry(interval_sub->mm, MMU_NOTIFIER_READER,
				 READ_ONCE(node->start), READ_ONCE(node->last) + 1,
				 seq, READ_ONCE(interval_sub->invalidate_seq),
				 _RET_IP_);
}
EXPORT_SYMBOL_GPL(__mmu_interval_trace_retry);

void mn_trace_range_retry(const struct mmu_range_reader *reader,
			  unsigned long seq, unsigned long caller)
{
	trace_mmu_notifier_retry(reader->mm, MMU_NOTIFIER_RANGE_READER,
				 reader->first, reader->last + 1, seq,
				 READ_ONCE(*reader->last_seq), caller);
}

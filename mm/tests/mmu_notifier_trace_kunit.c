// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events of MMU notifiers: what they say, and that they are silent if there
 * is nothing to say.
 */

#include <kunit/test.h>
#include <linux/compiler.h>
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/tracepoint.h>
#include <trace/events/mmu_notifier.h>

#include "../mmu_notifier_internal.h"
#include "mmu_notifier_helpers.h"

/* Enough for any case. */
#define SEEN 8U

enum event {
	START,
	END,
	SLOW,
	WAIT_BEGIN,
	WAIT_END,
	RETRY,
	EVENTS,
};

/* What an event has said; not all events say all of it. */
struct seen {
	enum mmu_notifier_waiter waiter;
	u64 seq;
	u64 now;
	unsigned long start;
	unsigned long end;
	u64 ns;
	int ret;
	const void *callback;
	unsigned long caller;
	unsigned int called;
	enum mmu_notifier_event event;
	const void *range;
	const void *owner;
	bool blockable;
};

/* The events of one mm. */
static struct {
	spinlock_t lock;	/* protects the rest */
	struct mm_struct *mm;
	unsigned int nr[EVENTS];
	struct seen seen[EVENTS][SEEN];
} trace = { .lock = __SPIN_LOCK_UNLOCKED(trace.lock) };

static void note(enum event what, const struct mm_struct *mm,
		 const struct seen *seen)
{
	unsigned long flags;

	spin_lock_irqsave(&trace.lock, flags);
	if (mm == trace.mm) {
		trace.seen[what][min(trace.nr[what], SEEN - 1)] = *seen;
		trace.nr[what]++;
	}
	spin_unlock_irqrestore(&trace.lock, flags);
}

/* How often there was such an event. */
static unsigned int times(enum event what)
{
	unsigned long flags;
	unsigned int nr;

	spin_lock_irqsave(&trace.lock, flags);
	nr = trace.nr[what];
	spin_unlock_irqrestore(&trace.lock, flags);
	return nr;
}

/* The one with this index, or nothing. */
static struct seen seen(enum event what, unsigned int i)
{
	struct seen seen = {};
	unsigned long flags;

	spin_lock_irqsave(&trace.lock, flags);
	if (i < trace.nr[what])
		seen = trace.seen[what][min(i, SEEN - 1)];
	spin_unlock_irqrestore(&trace.lock, flags);
	return seen;
}

static struct seen seen_range(const struct mmu_notifier_range *range)
{
	return (struct seen) {
		.range = range,
		.start = range->start,
		.end = range->end,
		.event = range->event,
		.owner = range->owner,
		.blockable = mmu_notifier_range_blockable(range),
	};
}

static void probe_start(void *data, const struct mmu_notifier_range *range,
			u64 seq, unsigned int called, u64 ns, int ret)
{
	struct seen seen = seen_range(range);

	seen.seq = seq;
	seen.called = called;
	seen.ns = ns;
	seen.ret = ret;
	note(START, range->mm, &seen);
}

static void probe_end(void *data, const struct mmu_notifier_range *range,
		      u64 seq, unsigned int called, u64 ns)
{
	struct seen seen = seen_range(range);

	seen.seq = seq;
	seen.called = called;
	seen.ns = ns;
	note(END, range->mm, &seen);
}

static void probe_slow(void *data, const struct mmu_notifier_range *range,
		       const void *callback, u64 ns)
{
	struct seen seen = seen_range(range);

	seen.callback = callback;
	seen.ns = ns;
	note(SLOW, range->mm, &seen);
}

static void probe_wait_begin(void *data, struct mm_struct *mm,
			     enum mmu_notifier_waiter waiter, u64 seq,
			     unsigned long start, unsigned long end)
{
	note(WAIT_BEGIN, mm,
	     &(struct seen) { .waiter = waiter, .seq = seq, .start = start,
			      .end = end });
}

static void probe_wait_end(void *data, struct mm_struct *mm,
			   enum mmu_notifier_waiter waiter, u64 seq,
			   unsigned long start, unsigned long end, u64 ns,
			   int ret)
{
	note(WAIT_END, mm,
	     &(struct seen) { .waiter = waiter, .seq = seq, .start = start,
			      .end = end, .ns = ns, .ret = ret });
}

static void probe_retry(void *data, struct mm_struct *mm,
			enum mmu_notifier_waiter reader, unsigned long start,
			unsigned long end, unsigned long seq,
			unsigned long now, unsigned long caller)
{
	note(RETRY, mm,
	     &(struct seen) { .waiter = reader, .seq = seq, .start = start,
			      .end = end, .now = now, .caller = caller });
}

static void trace_end(void *unused)
{
	unregister_trace_mmu_notifier_start(probe_start, NULL);
	unregister_trace_mmu_notifier_end(probe_end, NULL);
	unregister_trace_mmu_notifier_wait_begin(probe_wait_begin, NULL);
	unregister_trace_mmu_notifier_wait_end(probe_wait_end, NULL);
	unregister_trace_mmu_notifier_retry(probe_retry, NULL);
	tracepoint_synchronize_unregister();
	trace.mm = NULL;
}

static unsigned int old_limit;

static void restore_limit(void *unused)
{
	mn_trace_slow_callback_us = old_limit;
}

/* How long a callback may take before it is slow, in microseconds. */
static void set_limit(struct mn_ctx *ctx, unsigned int us)
{
	old_limit = mn_trace_slow_callback_us;
	KUNIT_ASSERT_EQ(ctx->test, 0,
			kunit_add_action_or_reset(ctx->test, restore_limit,
						  NULL));
	mn_trace_slow_callback_us = us;
}

/* Trace the mm of the case from now on. */
static void trace_begin(struct mn_ctx *ctx)
{
	struct kunit *test = ctx->test;

	memset(trace.nr, 0, sizeof(trace.nr));
	trace.mm = ctx->mm;
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_wait_begin(probe_wait_begin,
							       NULL));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_wait_end(probe_wait_end,
							     NULL));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_retry(probe_retry, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_start(probe_start, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_end(probe_end, NULL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, trace_end, NULL));
}

static void trace_callbacks_end(void *unused)
{
	unregister_trace_mmu_notifier_slow_callback(probe_slow, NULL);
	tracepoint_synchronize_unregister();
}

/* Also callbacks, however long they take. */
static void trace_callbacks_begin(struct mn_ctx *ctx)
{
	struct kunit *test = ctx->test;

	trace_begin(ctx);
	set_limit(ctx, 0);
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_mmu_notifier_slow_callback(probe_slow,
								  NULL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, trace_callbacks_end,
						  NULL));
}

/*
 * Starts and ends
 */

/* Of the kinds that a start may find in the mm. */
struct mm_kind {
	const char *name;
	unsigned int intervals;
	unsigned int subs;
};

static const struct mm_kind mm_kinds[] = {
	{ "interval", .intervals = 1 },
	{ "intervals", .intervals = MN_MANY },
	{ "sub", .subs = 1 },
	{ "subs", .subs = 3 },
	{ "both", .intervals = 1, .subs = 1 },
	{ "many_of_both", .intervals = MN_MANY, .subs = 3 },
};

static void describe_mm_kind(const struct mm_kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mm_kinds, mm_kinds, describe_mm_kind);

static void fill(struct mn_ctx *ctx, const struct mm_kind *kind)
{
	unsigned int i;

	for (i = 0; i < kind->intervals; i++)
		mn_insert(ctx, 'a', i, 100);
	for (i = 0; i < kind->subs; i++)
		mn_register(ctx, 'b', &mn_range_ops);
}

static char owner;

static void start_and_end_say_what_is_invalidated(struct kunit *test)
{
	const struct mm_kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct seen start, end;
	u64 seq;

	fill(ctx, kind);
	trace_begin(ctx);
	range = mn_range(ctx, 50, 2);
	range->event = MMU_NOTIFY_EXCLUSIVE;
	range->owner = &owner;
	mn_start_range(range);
	/* There is none without tracking. */
	seq = kind->intervals ? range->seq : 0;
	KUNIT_ASSERT_EQ(test, times(START), 1);
	KUNIT_EXPECT_EQ(test, times(END), 0);
	start = seen(START, 0);
	KUNIT_EXPECT_PTR_EQ(test, start.range, (const void *)range);
	KUNIT_EXPECT_EQ(test, start.start, MN_ADDR(50));
	KUNIT_EXPECT_EQ(test, start.end, MN_ADDR(52));
	KUNIT_EXPECT_EQ(test, start.event, MMU_NOTIFY_EXCLUSIVE);
	KUNIT_EXPECT_PTR_EQ(test, start.owner, (const void *)&owner);
	KUNIT_EXPECT_TRUE(test, start.blockable);
	KUNIT_EXPECT_EQ(test, start.called, kind->intervals + kind->subs);
	KUNIT_EXPECT_EQ(test, start.seq, seq);
	KUNIT_EXPECT_EQ(test, start.ret, 0);

	mn_end(range);
	KUNIT_ASSERT_EQ(test, times(END), 1);
	end = seen(END, 0);
	KUNIT_EXPECT_PTR_EQ(test, end.range, (const void *)range);
	KUNIT_EXPECT_EQ(test, end.start, MN_ADDR(50));
	KUNIT_EXPECT_EQ(test, end.end, MN_ADDR(52));
	KUNIT_EXPECT_EQ(test, end.event, MMU_NOTIFY_EXCLUSIVE);
	KUNIT_EXPECT_PTR_EQ(test, end.owner, (const void *)&owner);
	KUNIT_EXPECT_EQ(test, end.called, kind->subs);
	KUNIT_EXPECT_EQ(test, end.seq, seq);
	KUNIT_EXPECT_EQ(test, times(START), 1);
}

/* What is called instead of start and end must do all that they do. */
static void traced_invalidation_calls_all(struct kunit *test)
{
	const struct mm_kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = NULL;
	struct mmu_notifier_range *range;
	struct mn_sub *sub = NULL;
	struct mn_call *call;
	unsigned long seq;

	fill(ctx, kind);
	trace_begin(ctx);
	if (kind->intervals)
		interval = mn_insert(ctx, 'c', 50, 10);
	if (kind->subs)
		sub = mn_register(ctx, 'd', &mn_range_ops);
	range = mn_start(ctx, 50, 2);
	if (interval) {
		KUNIT_EXPECT_EQ(test, interval->calls, 1);
		call = mn_spawn_read(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	}
	mn_end(range);
	if (interval) {
		KUNIT_ASSERT_TRUE(test, mn_returns(call));
		seq = mmu_interval_read_begin(&interval->sub);
		mn_invalidate(ctx, 50, 1);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
		KUNIT_EXPECT_EQ(test, interval->calls, 2);
	}
	if (sub) {
		KUNIT_EXPECT_EQ(test, sub->starts, sub->ends);
		KUNIT_EXPECT_GE(test, sub->starts, 1);
		/* It waits for the sections, which have been left. */
		KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn_unregister(sub)));
	}
}

/* One start or end may be traced, and the other one not. */
static void range_may_outlive_the_trace(struct kunit *test)
{
	const struct mm_kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_sub *sub;

	fill(ctx, kind);
	sub = mn_register(ctx, 'd', &mn_range_ops);
	range = mn_start(ctx, 50, 2);
	trace_begin(ctx);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, times(START), 0);
	KUNIT_EXPECT_EQ(test, times(END), 1);
	range = mn_start(ctx, 50, 2);
	kunit_release_action(test, trace_end, NULL);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, times(START), 1);
	KUNIT_EXPECT_EQ(test, times(END), 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 2);
	KUNIT_EXPECT_EQ(test, sub->ends, 2);
	KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn_unregister(sub)));
}

static void start_says_that_it_has_failed(struct kunit *test)
{
	const struct mm_kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;
	struct mn_sub *sub;
	struct seen start;

	fill(ctx, kind);
	interval = mn_insert(ctx, 'c', 50, 10);
	sub = mn_register(ctx, 'd', &mn_start_ops);
	trace_begin(ctx);
	if (kind->intervals)
		interval->refuse = true;
	else
		sub->fail_nonblock = -EAGAIN;
	KUNIT_EXPECT_EQ(test, mn_start_nonblock(ctx, &range, 50, 1), -EAGAIN);
	KUNIT_ASSERT_EQ(test, times(START), 1);
	start = seen(START, 0);
	KUNIT_EXPECT_EQ(test, start.ret, -EAGAIN);
	KUNIT_EXPECT_FALSE(test, start.blockable);
	KUNIT_EXPECT_EQ(test, times(END), 0);
	/* It has ended, and its section, too. */
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm, MN_ADDR(50),
							    MN_ADDR(51)));
	KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn_unregister(sub)));
}

/* A range may be started again when it has ended. */
static void range_that_starts_again_is_traced_each_time(struct kunit *test)
{
	const struct mm_kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;

	fill(ctx, kind);
	trace_begin(ctx);
	range = mn_start(ctx, 50, 2);
	mn_end(range);
	mn_start_range(range);
	KUNIT_EXPECT_EQ(test, times(START), 2);
	KUNIT_EXPECT_EQ(test, seen(START, 1).called,
			kind->intervals + kind->subs);
	mn_end(range);
	KUNIT_EXPECT_EQ(test, times(END), 2);
}

/* Those that have started are called with the end, too. */
static void failed_start_counts_starts(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *subs[] = {
		mn_register(ctx, 'a', &mn_range_ops),
		mn_register(ctx, 'b', &mn_start_ops),
		mn_register(ctx, 'c', &mn_range_ops),
	};
	struct mmu_notifier_range *range;

	subs[1]->fail_nonblock = -EAGAIN;
	trace_callbacks_begin(ctx);
	KUNIT_EXPECT_EQ(test, mn_start_nonblock(ctx, &range, 5, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, seen(START, 0).called, 3);
	KUNIT_EXPECT_EQ(test, subs[0]->ends, 1);
	KUNIT_EXPECT_EQ(test, subs[2]->ends, 1);
	/* If they are slow, each has an event. */
	KUNIT_EXPECT_EQ(test, times(SLOW), 5);
}

/* Others may have waited for it. */
static void failed_start_has_its_sequence(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;

	mn_register(ctx, 'b', &mn_start_ops)->fail_nonblock = -EAGAIN;
	trace_begin(ctx);
	KUNIT_EXPECT_EQ(test, mn_start_nonblock(ctx, &range, 5, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, times(START), 1);
	KUNIT_EXPECT_EQ(test, (unsigned long)seen(START, 0).seq,
			interval->seen.seq);
}

/* The start of an active range with other addresses: without tracking, it ends. */
static void each_start_has_an_end_if_started_again(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range;

	mn_register(ctx, 'a', &mn_range_ops);
	mmu_notifier_range_init(&range, MMU_NOTIFY_UNMAP, 0, ctx->mm,
				MN_ADDR(1), MN_ADDR(2));
	trace_begin(ctx);
	mn_reports_begin(ctx);
	mmu_notifier_invalidate_range_start(&range);
	range.end = MN_ADDR(3);
	mmu_notifier_invalidate_range_start(&range);
	mn_reports_end(ctx);
	mmu_notifier_invalidate_range_end(&range);
	KUNIT_EXPECT_EQ(test, times(START), 2);
	KUNIT_EXPECT_EQ(test, times(END), 2);
}

static void end_without_a_start_is_silent(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range range;

	mn_insert(ctx, 'a', 0, 10);
	mmu_notifier_range_init(&range, MMU_NOTIFY_UNMAP, 0, ctx->mm,
				MN_ADDR(1), MN_ADDR(2));
	trace_begin(ctx);
	mn_reports_begin(ctx);
	mmu_notifier_invalidate_range_end(&range);
	mn_reports_end(ctx);
	KUNIT_EXPECT_EQ(test, times(END), 0);
}

static void end_of_the_mm_is_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct seen start;

	trace_begin(ctx);
	mn_release_mm(ctx);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
	KUNIT_ASSERT_EQ(test, times(START), 1);
	KUNIT_EXPECT_EQ(test, times(END), 1);
	start = seen(START, 0);
	KUNIT_EXPECT_EQ(test, start.event, MMU_NOTIFY_RELEASE);
	KUNIT_EXPECT_EQ(test, start.called, 1);
	KUNIT_EXPECT_EQ(test, seen(END, 0).seq, start.seq);
}

/*
 * Callbacks
 */

/* Whether an event names this callback. */
static bool named(const void *callback)
{
	unsigned int i;

	for (i = 0; i < min(times(SLOW), SEEN); i++) {
		if (seen(SLOW, i).callback == callback)
			return true;
	}
	return false;
}

/* Those of an interval_sub and of a subscription to the mm. */
static void all_three_are_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	trace_callbacks_begin(ctx);
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, times(SLOW), 3);
	KUNIT_EXPECT_TRUE(test, named(mn_interval_ops.invalidate));
	KUNIT_EXPECT_TRUE(test, named(mn_range_ops.invalidate_range_start));
	KUNIT_EXPECT_TRUE(test, named(mn_range_ops.invalidate_range_end));
}

static void slow_callbacks_name_the_drivers(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_insert(ctx, 'a', 0, 10);
	mn_register(ctx, 'b', &mn_range_ops);
	all_three_are_named(test);
	KUNIT_EXPECT_EQ(test, seen(SLOW, 0).start, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, seen(SLOW, 0).end, MN_ADDR(6));
}

/* Not their filters, which are the core's. */
static void slow_callbacks_behind_filters_are_named(struct kunit *test)
{
	static struct mmu_interval_notifier_filter interval_filter;
	static struct mmu_notifier_filter filter;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mmu_interval_notifier_filter_init(&interval_filter, &mn_interval_ops,
					  (struct mmu_notifier_skip) {});
	mmu_notifier_filter_init(&filter, &mn_range_ops,
				 (struct mmu_notifier_skip) {});
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &interval_filter.ops));
	mn_register(ctx, 'b', &filter.ops);
	all_three_are_named(test);
}

/* The driver's callback has no more to say than the first pass of any. */
static bool first_pass(struct mmu_interval_notifier *interval_sub,
		       const struct mmu_notifier_range *range,
		       unsigned long cur_seq,
		       struct mmu_interval_notifier_finish **finish)
{
	static struct mmu_interval_notifier_finish second;
	static DEFINE_SPINLOCK(user_lock);

	spin_lock(&user_lock);
	mmu_interval_set_seq(interval_sub, cur_seq);
	spin_unlock(&user_lock);
	*finish = &second;
	return true;
}

static unsigned int second_passes;

static void second_pass(struct mmu_interval_notifier_finish *finish)
{
	second_passes++;
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate_start = first_pass,
	.invalidate_finish = second_pass,
};

static struct mn_interval *insert_two_pass(struct mn_ctx *ctx)
{
	struct mn_interval *interval = mn_interval(ctx, 'a');

	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &two_pass_ops));
	second_passes = 0;
	return interval;
}

static void slow_second_passes_are_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	insert_two_pass(ctx);
	trace_callbacks_begin(ctx);
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, times(SLOW), 2);
	KUNIT_EXPECT_TRUE(test, named(first_pass));
	KUNIT_EXPECT_TRUE(test, named(second_pass));
	KUNIT_EXPECT_EQ(test, second_passes, 1);
	KUNIT_EXPECT_EQ(test, seen(START, 0).called, 1);
}

static void call_update(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	call->ret = mmu_interval_notifier_update(&interval->sub, MN_ADDR(40),
						 MN_ADDR(10));
}

/* Invalidates where it moves to, while an active range holds up the move. */
static void invalidate_while_it_moves(struct mn_ctx *ctx,
				      struct mn_interval *interval)
{
	struct kunit *test = ctx->test;
	struct mmu_notifier_range *range = mn_start(ctx, 1, 1);
	struct mn_call *update = mn_spawn(ctx, "mmu_interval_notifier_update",
					  interval, call_update, -1);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	trace_callbacks_begin(ctx);
	mn_invalidate(ctx, 45, 1);
	trace.mm = NULL;
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(update));
	KUNIT_EXPECT_EQ(test, update->ret, 0);
}

/* Not what the core calls in their place. */
static void slow_callbacks_of_what_moves_are_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	invalidate_while_it_moves(ctx, mn_insert(ctx, 'a', 0, 10));
	KUNIT_EXPECT_EQ(test, times(SLOW), 1);
	KUNIT_EXPECT_TRUE(test, named(mn_interval_ops.invalidate));
}

static void slow_passes_of_what_moves_are_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	invalidate_while_it_moves(ctx, insert_two_pass(ctx));
	KUNIT_EXPECT_EQ(test, times(SLOW), 2);
	KUNIT_EXPECT_TRUE(test, named(first_pass));
	KUNIT_EXPECT_TRUE(test, named(second_pass));
	/* Of what holds up the move, as well. */
	KUNIT_EXPECT_EQ(test, second_passes, 2);
}

static DECLARE_COMPLETION(is_released);

static void released(struct mmu_interval_notifier *interval_sub)
{
	complete(&is_released);
}

/* Removed while another one is called, it is not called any more. */
static void what_is_removed_is_not_counted(struct kunit *test)
{
	static struct mmu_interval_notifier_removal removal;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *pair[2] = {
		mn_insert(ctx, 'a', 0, 10), mn_insert(ctx, 'b', 0, 10),
	};
	struct mn_gate *gate = mn_gate(ctx);
	struct mmu_notifier_range *range = mn_range(ctx, 5, 1);
	struct mn_interval *removed;
	struct mn_call *call;

	reinit_completion(&is_released);
	trace_callbacks_begin(ctx);
	pair[0]->gate = gate;
	pair[1]->gate = gate;
	call = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, gate);
	removed = pair[0]->calls ? pair[1] : pair[0];
	list_del_init(&removed->node);
	mmu_interval_notifier_remove_deferred(&removed->sub, &removal,
					      released);
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	mn_end(range);
	wait_for_completion(&is_released);
	KUNIT_EXPECT_EQ(test, removed->calls, 0);
	KUNIT_EXPECT_EQ(test, seen(START, 0).called, 1);
	KUNIT_EXPECT_EQ(test, times(SLOW), 1);
}

static void callback_within_the_limit_is_silent(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_gate *gate = mn_gate(ctx);
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	u64 begin;

	trace_callbacks_begin(ctx);
	mn_trace_slow_callback_us = UINT_MAX;
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, times(SLOW), 0);

	/* It is held up until it has taken longer. */
	mn_trace_slow_callback_us = 1;
	interval->gate = gate;
	range = mn_range(ctx, 5, 1);
	call = mn_spawn_start(ctx, range);
	mn_gate_entered(ctx, gate);
	begin = ktime_get_ns();
	while (ktime_get_ns() - begin < NSEC_PER_USEC)
		cpu_relax();
	mn_gate_open(gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(SLOW), 1);
	KUNIT_EXPECT_GE(test, seen(SLOW, 0).ns, NSEC_PER_USEC);
}

/* Without that event, nothing tells the time of each callback. */
static void callbacks_are_silent_unless_asked_for(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_insert(ctx, 'a', 0, 10);
	trace_begin(ctx);
	set_limit(ctx, 0);
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_EQ(test, times(START), 1);
	KUNIT_EXPECT_EQ(test, times(SLOW), 0);
}

/*
 * Waits
 */

static void call_range_read(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	const struct interval_tree_node *node = &interval->sub.interval_tree;
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, interval->sub.mm);
	mmu_range_read_begin(&reader, node->start, node->last + 1);
	mmu_range_read_cancel(&reader);
}

static void call_register(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;

	mn_try_register(mn_sub(interval->ctx, 'r', &mn_range_ops),
			interval->ctx->mm);
}

struct kind {
	const char *name;
	enum mmu_notifier_waiter waiter;
	void (*wait)(struct mn_call *call);	/* @arg is the interval */
	bool removes;
	bool waits_for_all;		/* not only for what overlaps */
};

static const struct kind kinds[] = {
	{ "reader", MMU_NOTIFIER_READER, mn_call_read },
	{ "range_reader", MMU_NOTIFIER_RANGE_READER, call_range_read },
	{ "remover", MMU_NOTIFIER_REMOVER, mn_call_remove, .removes = true },
	{ "registration", MMU_NOTIFIER_REGISTRATION, call_register,
	  .waits_for_all = true },
};

static void describe_kind(const struct kind *kind, char *desc)
{
	strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kinds, kinds, describe_kind);

static struct mn_call *spawn_kind(struct kunit *test,
				  struct mn_interval *interval)
{
	const struct kind *kind = test->param_value;

	if (kind->removes)
		list_del_init(&interval->node);
	return mn_spawn(test->priv, kind->name, interval, kind->wait, -1);
}

static void wait_names_the_range_that_holds_it_up(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	struct seen begin, end;
	u64 seq;

	trace_begin(ctx);
	range = mn_start(ctx, 5, 10);
	seq = range->seq;
	call = spawn_kind(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 0);
	begin = seen(WAIT_BEGIN, 0);
	KUNIT_EXPECT_EQ(test, begin.waiter, kind->waiter);
	KUNIT_EXPECT_EQ(test, begin.seq, seq);
	KUNIT_EXPECT_EQ(test, begin.start, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, begin.end, MN_ADDR(15));

	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 1);
	end = seen(WAIT_END, 0);
	KUNIT_EXPECT_EQ(test, end.waiter, kind->waiter);
	KUNIT_EXPECT_EQ(test, end.seq, seq);
	KUNIT_EXPECT_EQ(test, end.start, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, end.end, MN_ADDR(15));
	KUNIT_EXPECT_EQ(test, end.ret, 0);
}

static void wait_says_how_long_it_took(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	u64 before, asleep, awake, after, ns;
	struct mmu_notifier_range *range;
	struct mn_call *call;

	trace_begin(ctx);
	range = mn_start(ctx, 5, 10);
	before = ktime_get_ns();
	call = spawn_kind(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	asleep = ktime_get_ns();
	while (ktime_get_ns() == asleep)
		cpu_relax();
	awake = ktime_get_ns();
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	after = ktime_get_ns();

	ns = seen(WAIT_END, 0).ns;
	KUNIT_EXPECT_GE(test, ns, awake - asleep);
	KUNIT_EXPECT_LE(test, ns, after - before);
}

static void each_range_that_is_waited_for_is_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range[2];
	struct mn_call *call;

	trace_begin(ctx);
	/* Slots are looked at in the order of the starts. */
	range[0] = mn_start(ctx, 0, 1);
	range[1] = mn_start(ctx, 1, 1);
	call = spawn_kind(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range[0]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range[1]);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 2);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 2);
	KUNIT_EXPECT_EQ(test, seen(WAIT_END, 0).start, 0);
	KUNIT_EXPECT_EQ(test, seen(WAIT_END, 1).start, MN_ADDR(1));
}

/* By the time that the waiter gets to the second one, that is over. */
static void range_that_has_ended_is_not_named(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range[2];
	struct mn_call *call;

	trace_begin(ctx);
	range[0] = mn_start(ctx, 0, 1);
	range[1] = mn_start(ctx, 1, 1);
	call = spawn_kind(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range[1]);
	mn_end(range[0]);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 1);
	KUNIT_EXPECT_EQ(test, seen(WAIT_END, 0).start, 0);
}

static void what_does_not_wait_is_silent(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);

	trace_begin(ctx);
	/* Elsewhere. */
	if (!kind->waits_for_all)
		mn_start(ctx, 20, 10);
	KUNIT_ASSERT_TRUE(test, mn_returns(spawn_kind(test, interval)));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 0);
}

/* One of many: there is no telling which. */
static void wait_for_untracked_ranges_names_no_sequence(struct kunit *test)
{
	const struct kind *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	struct seen end;

	if (kind->waits_for_all)
		kunit_skip(test, "it waits for the crowd as well");
	mn_crowd(ctx, MN_CROWD);
	trace_begin(ctx);
	range = mn_start(ctx, 5, 10);
	call = spawn_kind(test, interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 1);
	end = seen(WAIT_END, 0);
	KUNIT_EXPECT_EQ(test, end.seq, 0);
	KUNIT_EXPECT_EQ(test, end.waiter, kind->waiter);
	KUNIT_EXPECT_EQ(test, end.start, MN_ADDR(5));
	KUNIT_EXPECT_EQ(test, end.end, MN_ADDR(15));
}

/* Without slots, nothing tells the range. */
static void wait_for_sections_is_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	struct seen end;

	trace_begin(ctx);
	range = mn_start(ctx, 5, 10);
	call = mn_spawn_unregister(sub);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 0);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 1);
	end = seen(WAIT_END, 0);
	KUNIT_EXPECT_EQ(test, end.waiter, MMU_NOTIFIER_UNREGISTRATION);
	KUNIT_EXPECT_EQ(test, end.seq, 0);

	mn_register(ctx, 'b', &mn_range_ops);
	KUNIT_EXPECT_EQ(test, times(WAIT_END), 2);
	end = seen(WAIT_END, 1);
	KUNIT_EXPECT_EQ(test, end.waiter, MMU_NOTIFIER_REGISTRATION);
}

static void unregistration_that_waits_for_nothing_is_not_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier never = { .ops = &mn_range_ops };

	trace_begin(ctx);
	mn_reports_begin(ctx);
	mmu_notifier_unregister(&never, ctx->mm);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), 0);
}

static void call_unregister(struct mn_call *call)
{
	struct mn_sub *sub = call->arg;

	mmu_notifier_unregister(&sub->notifier, call->ctx->mm);
}

/* The last wait but one of those that have ended. */
static void unregistration_that_waits_for_another_is_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_call *first, *second;
	unsigned int waits;

	sub->release_gate = mn_gate(ctx);
	trace_begin(ctx);
	first = mn_spawn_unregister(sub);
	mn_gate_entered(ctx, sub->release_gate);
	waits = times(WAIT_BEGIN);
	mn_reports_begin(ctx);
	/* The first may have freed it: nothing of it is read. */
	sub->notifier.mm = NULL;
	second = mn_spawn(ctx, "mmu_notifier_unregister", sub, call_unregister,
			  -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(second));
	sub->notifier.mm = ctx->mm;
	mn_reports_end(ctx);
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), waits + 1);
	KUNIT_EXPECT_EQ(test, seen(WAIT_BEGIN, waits).waiter,
			MMU_NOTIFIER_UNREGISTRATION);
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(first));
	KUNIT_ASSERT_TRUE(test, mn_returns(second));
	KUNIT_EXPECT_EQ(test, times(WAIT_END), times(WAIT_BEGIN));
}

static void end_of_the_mm_that_waits_is_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_call *unregister, *release;

	mn_register(ctx, 'b', &mn_range_ops);
	sub->release_gate = mn_gate(ctx);
	unregister = mn_spawn_unregister(sub);
	mn_gate_entered(ctx, sub->release_gate);
	trace_begin(ctx);
	release = mn_spawn_release(ctx);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(release));
	KUNIT_EXPECT_EQ(test, times(WAIT_BEGIN), times(WAIT_END) + 1);
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, times(WAIT_END), times(WAIT_BEGIN));
}

/*
 * Retries
 */

static bool is_in(unsigned long address, const void *function)
{
	/* Whatever comes after it. */
	return address - (unsigned long)function < SZ_256;
}

static void retry_names_its_caller(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq;
	struct seen retry;

	trace_begin(ctx);
	seq = mmu_interval_read_begin(&interval->sub);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_EQ(test, times(RETRY), 0);
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_EQ(test, times(RETRY), 1);
	retry = seen(RETRY, 0);
	KUNIT_EXPECT_EQ(test, retry.waiter, MMU_NOTIFIER_READER);
	KUNIT_EXPECT_EQ(test, retry.start, 0);
	KUNIT_EXPECT_EQ(test, retry.end, MN_ADDR(10));
	KUNIT_EXPECT_EQ(test, retry.seq, seq);
	KUNIT_EXPECT_EQ(test, retry.now, interval->sub.invalidate_seq);
	KUNIT_EXPECT_TRUE(test, is_in(retry.caller, mn_retry));
}

/* It has no hold on the mm, nor on the ops. */
static void late_retry_is_traced(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	mn_invalidate(ctx, 5, 1);
	mn_remove(interval);
	interval->sub.mm = NULL;
	interval->sub.ops = NULL;
	trace_begin(ctx);
	trace.mm = NULL;
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_EQ(test, times(RETRY), 1);
	KUNIT_EXPECT_EQ(test, seen(RETRY, 0).seq, seq);
}

static noinline bool range_retry(struct mmu_range_reader *reader)
{
	const bool retry = mmu_range_read_retry(reader);

	/* Not a tail call: the caller is this one. */
	barrier();
	return retry;
}

static void retry_of_a_range_reader_names_its_range(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_range_reader reader;
	struct seen retry;

	mn_prepare(ctx);
	mmu_range_reader_init(&reader, ctx->mm);
	trace_begin(ctx);
	mmu_range_read_begin(&reader, MN_ADDR(3), MN_ADDR(7));
	mn_invalidate(ctx, 20, 1);
	KUNIT_EXPECT_FALSE(test, range_retry(&reader));
	KUNIT_EXPECT_EQ(test, times(RETRY), 0);

	mmu_range_read_begin(&reader, MN_ADDR(3), MN_ADDR(7));
	mn_invalidate(ctx, 5, 1);
	KUNIT_EXPECT_TRUE(test, range_retry(&reader));
	KUNIT_EXPECT_EQ(test, times(RETRY), 1);
	retry = seen(RETRY, 0);
	KUNIT_EXPECT_EQ(test, retry.waiter, MMU_NOTIFIER_RANGE_READER);
	KUNIT_EXPECT_EQ(test, retry.start, MN_ADDR(3));
	KUNIT_EXPECT_EQ(test, retry.end, MN_ADDR(7));
	KUNIT_EXPECT_EQ(test, retry.now, retry.seq + 2);
	KUNIT_EXPECT_TRUE(test, is_in(retry.caller, range_retry));
}

static struct kunit_case mmu_notifier_trace_cases[] = {
	KUNIT_CASE_PARAM(start_and_end_say_what_is_invalidated,
			 mm_kinds_gen_params),
	KUNIT_CASE_PARAM(traced_invalidation_calls_all, mm_kinds_gen_params),
	KUNIT_CASE_PARAM(range_may_outlive_the_trace, mm_kinds_gen_params),
	KUNIT_CASE_PARAM(start_says_that_it_has_failed, mm_kinds_gen_params),
	KUNIT_CASE_PARAM(range_that_starts_again_is_traced_each_time,
			 mm_kinds_gen_params),
	KUNIT_CASE(failed_start_has_its_sequence),
	KUNIT_CASE(failed_start_counts_starts),
	KUNIT_CASE(unregistration_that_waits_for_nothing_is_not_traced),
	KUNIT_CASE(each_start_has_an_end_if_started_again),
	KUNIT_CASE(end_without_a_start_is_silent),
	KUNIT_CASE(end_of_the_mm_is_traced),
	KUNIT_CASE(slow_callbacks_name_the_drivers),
	KUNIT_CASE(slow_callbacks_behind_filters_are_named),
	KUNIT_CASE(slow_second_passes_are_named),
	KUNIT_CASE(slow_callbacks_of_what_moves_are_named),
	KUNIT_CASE(slow_passes_of_what_moves_are_named),
	KUNIT_CASE(what_is_removed_is_not_counted),
	KUNIT_CASE(callback_within_the_limit_is_silent),
	KUNIT_CASE(callbacks_are_silent_unless_asked_for),
	KUNIT_CASE_PARAM(wait_names_the_range_that_holds_it_up,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(wait_says_how_long_it_took, kinds_gen_params),
	KUNIT_CASE_PARAM(each_range_that_is_waited_for_is_named,
			 kinds_gen_params),
	KUNIT_CASE_PARAM(range_that_has_ended_is_not_named, kinds_gen_params),
	KUNIT_CASE_PARAM(what_does_not_wait_is_silent, kinds_gen_params),
	KUNIT_CASE_PARAM(wait_for_untracked_ranges_names_no_sequence,
			 kinds_gen_params),
	KUNIT_CASE(wait_for_sections_is_traced),
	KUNIT_CASE(unregistration_that_waits_for_another_is_traced),
	KUNIT_CASE(end_of_the_mm_that_waits_is_traced),
	KUNIT_CASE(retry_names_its_caller),
	KUNIT_CASE(late_retry_is_traced),
	KUNIT_CASE(retry_of_a_range_reader_names_its_range),
	{}
};

static struct kunit_suite mmu_notifier_trace_suite = {
	.name = "mmu_notifier_trace",
	.init = mn_init,
	.test_cases = mmu_notifier_trace_cases,
};

kunit_test_suite(mmu_notifier_trace_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: trace events");
MODULE_LICENSE("GPL");

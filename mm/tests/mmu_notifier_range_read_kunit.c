// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range readers: collision-retry for any range of a tracked mm. Each case is
 * named for what it checks.
 */

#include <kunit/test.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu_notifier_helpers.h"

/* More invalidations in a row than any history holds. */
#define BEYOND_HISTORY	(2 * BITS_PER_LONG)
/* Fits into the history even if one slot is in use. */
#define WITHIN_HISTORY	(BITS_PER_LONG - 4)
/* Number of range readers that can have a watch at a time. */
#define WATCHES		4

/* A page that no range reader reads. */
#define ELSEWHERE	50000

/* A range reader as a driver has it, and the range or set that it reads. */
struct mn_reader {
	struct mmu_range_reader reader;
	struct mn_ctx *ctx;
	spinlock_t user_lock;	/* the driver's */
	unsigned long page;
	unsigned long pages;
	const struct mmu_read_range *set;	/* or NULL: one range */
	unsigned int nr;
};

static struct mn_reader *reader_of(struct mn_ctx *ctx, unsigned long page,
				   unsigned long pages)
{
	struct mn_reader *reader = mn_alloc(ctx, sizeof(*reader));

	reader->ctx = ctx;
	reader->page = page;
	reader->pages = pages;
	spin_lock_init(&reader->user_lock);
	mmu_range_reader_init(&reader->reader, ctx->mm);
	return reader;
}

/* A reader of every second page, starting at @page. */
static struct mn_reader *set_reader_of(struct mn_ctx *ctx, unsigned long page,
				       unsigned int nr)
{
	struct mn_reader *reader = reader_of(ctx, 0, 0);
	struct mmu_read_range *set = mn_alloc(ctx, array_size(nr, sizeof(*set)));
	unsigned int i;

	for (i = 0; i < nr; i++) {
		set[i].start = MN_ADDR(page + 2 * i);
		set[i].end = MN_ADDR(page + 2 * i + 1);
	}
	reader->set = set;
	reader->nr = nr;
	return reader;
}

/* Only for a begin that does not wait. */
static void begin(struct mn_reader *reader)
{
	if (reader->set)
		mmu_range_read_begin_set(&reader->reader, reader->set,
					 reader->nr);
	else
		mmu_range_read_begin(&reader->reader, MN_ADDR(reader->page),
				     MN_ADDR(reader->page + reader->pages));
}

static void call_begin(struct mn_call *call)
{
	/* The begin is not killable: SIGKILL must not end it. */
	allow_kernel_signal(SIGKILL);
	begin(call->arg);
}

static void call_begin_killable(struct mn_call *call)
{
	struct mn_reader *reader = call->arg;
	unsigned long start = MN_ADDR(reader->page);
	unsigned long end = MN_ADDR(reader->page + reader->pages);

	WRITE_ONCE(call->killable, true);
	allow_kernel_signal(SIGKILL);
	if (reader->set)
		call->ret = mmu_range_read_begin_set_killable(&reader->reader,
							      reader->set,
							      reader->nr);
	else
		call->ret = mmu_range_read_begin_killable(&reader->reader,
							  start, end);
}

static void call_interval_begin_killable(struct mn_call *call)
{
	struct mn_interval *interval = call->arg;
	unsigned long seq;

	WRITE_ONCE(call->killable, true);
	allow_kernel_signal(SIGKILL);
	call->ret = mmu_interval_read_begin_killable(&interval->sub, &seq);
	/*
	 * If the error is ignored, the retry must collide: seq is even, so no
	 * range can have it.
	 */
	if (call->ret && (!mn_retry(interval, seq) || seq % 2))
		call->ret = 0;
}

static void call_wait_inactive(struct mn_call *call)
{
	struct mn_reader *reader = call->arg;

	mmu_notifier_range_wait_inactive(reader->ctx->mm,
					 MN_ADDR(reader->page),
					 MN_ADDR(reader->page + reader->pages));
}

static void call_wait_inactive_killable(struct mn_call *call)
{
	struct mn_reader *reader = call->arg;
	struct mm_struct *mm = reader->ctx->mm;
	unsigned long start = MN_ADDR(reader->page);
	unsigned long end = MN_ADDR(reader->page + reader->pages);

	WRITE_ONCE(call->killable, true);
	allow_kernel_signal(SIGKILL);
	call->ret = mmu_notifier_range_wait_inactive_killable(mm, start, end);
}

static struct mn_call *spawn_begin(struct mn_reader *reader)
{
	return mn_spawn(reader->ctx, "mmu_range_read_begin", reader,
			call_begin, -1);
}

static struct mn_call *spawn_killable(struct mn_reader *reader)
{
	return mn_spawn(reader->ctx, "mmu_range_read_begin_killable", reader,
			call_begin_killable, -1);
}

static void kill_call(struct mn_call *call)
{
	send_sig(SIGKILL, call->task, 1);
}

/* The wait that a thread calls with SIGKILL already pending. */
struct killed_call {
	void (*wait)(struct mn_call *call);
	void *arg;
};

static void call_when_killed(struct mn_call *call)
{
	const struct killed_call *killed = call->arg;

	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	call->arg = killed->arg;
	killed->wait(call);
}

static void expect_killed(struct mn_ctx *ctx, void (*wait)(struct mn_call *call),
			  void *arg)
{
	struct killed_call killed = { wait, arg };
	struct mn_call *call;

	call = mn_spawn(ctx, "killed before", &killed, call_when_killed, -1);
	KUNIT_ASSERT_TRUE(ctx->test, mn_returns(call));
	KUNIT_EXPECT_EQ(ctx->test, (long)call->ret, -EINTR);
}

static bool retry(struct mn_reader *reader)
{
	bool early, collided;

	/* An early check must agree with the retry. */
	early = mmu_range_read_check_retry(&reader->reader);
	spin_lock(&reader->user_lock);
	collided = mmu_range_read_retry(&reader->reader);
	spin_unlock(&reader->user_lock);
	KUNIT_EXPECT_EQ(reader->ctx->test, early, collided);
	return collided;
}

static void invalidate_elsewhere(struct mn_ctx *ctx, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		mn_invalidate(ctx, ELSEWHERE + i % 7, 1);
}

/*
 * Overrun the reader, so that its next begin takes a watch. If it has one already,
 * because another reader was overrun recently, start over with a new reader.
 */
static void overrun(struct mn_reader *reader)
{
	struct mn_ctx *ctx = reader->ctx;

	mmu_range_reader_init(&reader->reader, ctx->mm);
	begin(reader);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	if (!retry(reader))
		mmu_range_reader_init(&reader->reader, ctx->mm);
}

/* Whether the reader has a watch: then no overrun makes it collide. */
static bool is_exact(struct mn_reader *reader)
{
	begin(reader);
	invalidate_elsewhere(reader->ctx, BEYOND_HISTORY);
	return !retry(reader);
}

static int try_register_tracked(void *arg)
{
	struct mn_sub *sub = arg;

	return mn_registered(sub,
			     mmu_notifier_register_tracked(&sub->notifier,
							   sub->ctx->mm));
}

static struct mn_sub *register_tracked(struct mn_ctx *ctx)
{
	struct mn_sub *sub = mn_sub(ctx, 0, &mn_range_ops);

	KUNIT_ASSERT_EQ(ctx->test, 0, try_register_tracked(sub));
	return sub;
}

/*
 * A subscription to the whole mm has it tracked, so no case has an interval_sub
 * unless it inserts one.
 */
static int tracked_init(struct kunit *test)
{
	int err = mn_init(test);

	if (!err)
		register_tracked(test->priv);
	return err;
}

/*
 * Begin
 */

static void begin_returns_where_nothing_is_active(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);

	KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader)));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	mn_invalidate(test->priv, 10, 10);
	KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader)));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void begin_waits_for_what_overlaps(struct kunit *test)
{
	static const unsigned long pages[][2] = {
		{ 10, 10 }, { 0, 11 }, { 19, 1 }, { 0, 100 }, { 14, 2 }, { 10, 1 },
	};
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		range = mn_start(test->priv, pages[i][0], pages[i][1]);
		call = spawn_begin(reader);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		mn_end(range);
		KUNIT_EXPECT_TRUE(test, mn_returns(call));
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
}

static void begin_does_not_wait_for_what_does_not_overlap(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *below, *above, *far;

	below = mn_start(test->priv, 9, 1);
	above = mn_start(test->priv, 20, 1);
	far = mn_start(test->priv, ELSEWHERE, 1);
	KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader)));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	mn_end(below);
	mn_end(above);
	mn_end(far);
}

static void begin_at_the_last_address_waits_for_what_is_there(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	/* The end of the last page wraps to 0. */
	reader->page = ULONG_MAX >> PAGE_SHIFT;
	reader->pages = 1;
	range = mn_start(ctx, reader->page, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void all_that_overlap_hold_a_begin_up(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range[3];
	struct mn_call *call;
	int i;

	for (i = 0; i < 3; i++)
		range[i] = mn_start(test->priv, 10 + 3 * i, 1);
	call = spawn_begin(reader);
	for (i = 2; i >= 0; i--) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		mn_end(range[i]);
	}
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void begin_does_not_wait_for_what_starts_later(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range, *later;
	struct mn_call *call;

	range = mn_start(test->priv, 10, 10);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = mn_start(test->priv, 10, 10);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	/* The later range collides instead. */
	KUNIT_EXPECT_TRUE(test, retry(reader));
	mn_end(later);
}

static void begin_does_not_wait_for_what_takes_the_slot(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	unsigned int i;

	range = mn_start(test->priv, 10, 10);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	/* One of the crowd reuses the slot that the begin waits for. */
	for (i = 0; i < MN_CROWD; i++)
		mn_start(test->priv, 10, 10);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void begin_waits_for_a_generation_of_untracked_ranges(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range, *later;
	struct mn_call *call;

	mn_crowd(ctx, MN_CROWD);
	range = mn_start(ctx, 10, 10);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = mn_start(ctx, 10, 10);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_TRUE(test, retry(reader));
	mn_end(later);
}

static void begin_does_not_wait_for_untracked_ranges_elsewhere(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader[] = {
		reader_of(ctx, 10, 10), set_reader_of(ctx, 10, 10),
	};
	struct mmu_notifier_range *below, *above;
	unsigned int i;

	mn_crowd(ctx, MN_CROWD);
	/* One at a time: of two, only the span from first to last is known. */
	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		below = mn_start(ctx, 0, 10);
		KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader[i])));
		KUNIT_EXPECT_FALSE(test, retry(reader[i]));
		mn_end(below);
		above = mn_start(ctx, 30, 10);
		KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader[i])));
		KUNIT_EXPECT_FALSE(test, retry(reader[i]));
		mn_end(above);
	}
}

/* The span of untracked ranges covers each of them, in any order of start. */
static void begin_waits_for_any_of_several_untracked_ranges(struct kunit *test)
{
	/* The other two ranges: both below, both above, or one on each side. */
	static const unsigned long others[][2] = {
		{ 0, 2 }, { 30, 32 }, { 0, 30 }, { 30, 0 },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range[3];
	struct mn_call *call;
	unsigned int i, j;

	mn_crowd(ctx, MN_CROWD);
	/* Start the overlapping range before, between, and after the others. */
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		for (j = 0; j < 3; j++) {
			unsigned int k, other = 0;

			for (k = 0; k < 3; k++)
				range[k] = mn_start(ctx, k == j ? 10 :
						    others[i][other++], 1);
			call = spawn_begin(reader);
			KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
			for (k = 0; k < 3; k++)
				mn_end(range[k]);
			KUNIT_EXPECT_TRUE(test, mn_returns(call));
			KUNIT_EXPECT_FALSE(test, retry(reader));
		}
	}
}

/*
 * Retry
 */

/* Without a begin nothing was read, so nothing can be valid. */
static void retry_without_a_begin_is_true(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);

	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void wait_of_a_begin_is_not_part_of_the_history(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	range = mn_start(ctx, 10, 10);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	/* A range that starts and ends during the wait does not count. */
	mn_invalidate(ctx, 10, 10);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void retry_is_true_if_what_overlaps_has_started(struct kunit *test)
{
	static const unsigned long pages[][2] = {
		{ 10, 10 }, { 0, 11 }, { 19, 1 }, { 0, 100 }, { 14, 2 }, { 10, 1 },
	};
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	unsigned int i, after;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		for (after = 0; after < WITHIN_HISTORY; after++) {
			begin(reader);
			mn_invalidate(test->priv, pages[i][0], pages[i][1]);
			invalidate_elsewhere(test->priv, after);
			KUNIT_EXPECT_TRUE(test, retry(reader));
		}
	}
}

/* Even if the slots have wrapped around before the overlapping range starts. */
static void retry_is_true_wherever_it_is_in_the_history(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	unsigned int before, round;

	for (before = 0; before < WITHIN_HISTORY; before++) {
		for (round = 0; round < 5; round++) {
			begin(reader);
			invalidate_elsewhere(test->priv, before);
			mn_invalidate(test->priv, 10, 1);
			KUNIT_EXPECT_TRUE(test, retry(reader));
		}
	}
}

static void retry_is_true_while_what_overlaps_is_active(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range;

	begin(reader);
	range = mn_start(test->priv, 10, 10);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	mn_end(range);
}

static void retry_is_false_if_all_was_elsewhere(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	unsigned int nr, i;

	/* Start at each place in the history, and use up to all of it. */
	for (nr = 0; nr <= WITHIN_HISTORY; nr++) {
		begin(reader);
		for (i = 0; i < nr; i++)
			mn_invalidate(test->priv, i % 2 ? 9 : 20, 1);
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
}

static void retry_is_false_if_what_overlaps_was_before(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	unsigned int i;

	for (i = 0; i < BEYOND_HISTORY; i++) {
		mn_invalidate(test->priv, 10, 10);
		begin(reader);
		mn_invalidate(test->priv, ELSEWHERE, 1);
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
}

/* Ranges that start during the wait cannot take the slot begin waits for. */
static void retry_is_false_if_the_begin_has_waited_for_it(struct kunit *test)
{
	struct mn_reader *reader = reader_of(test->priv, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	unsigned int i;

	for (i = 0; i < 2 * BITS_PER_LONG; i += 7) {
		range = mn_start(test->priv, 10, 10);
		invalidate_elsewhere(test->priv, i);
		call = spawn_begin(reader);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		invalidate_elsewhere(test->priv, WITHIN_HISTORY / 2);
		mn_end(range);
		KUNIT_EXPECT_TRUE(test, mn_returns(call));
		invalidate_elsewhere(test->priv, WITHIN_HISTORY / 2);
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
}

/* If active ranges hold most slots, the free ones make up the history. */
static void history_is_what_is_free(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	unsigned int before, after;

	mn_crowd(ctx, MN_CROWD - 3);
	for (before = 0; before < 6; before++) {
		invalidate_elsewhere(ctx, before);
		mmu_range_reader_init(&reader->reader, ctx->mm);
		begin(reader);
		KUNIT_EXPECT_FALSE(test, retry(reader));
		begin(reader);
		invalidate_elsewhere(ctx, 1);
		KUNIT_EXPECT_FALSE(test, retry(reader));
		for (after = 0; after < 6; after++) {
			begin(reader);
			mn_invalidate(ctx, 10, 1);
			invalidate_elsewhere(ctx, after);
			KUNIT_EXPECT_TRUE(test, retry(reader));
		}
	}
}

static void retry_is_true_if_an_untracked_range_has_started(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;

	mn_crowd(ctx, MN_CROWD);
	begin(reader);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	begin(reader);
	range = mn_start(ctx, 10, 10);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void retry_is_true_if_a_start_was_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *refuser = mn_sub(ctx, 0, &mn_start_ops);
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;

	refuser->fail_nonblock = -EAGAIN;
	KUNIT_ASSERT_EQ(test, 0, mn_try_register(refuser, ctx->mm));
	begin(reader);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &range, 10, 1));
	KUNIT_EXPECT_TRUE(test, retry(reader));
	/* The refused range has ended: begin does not wait. */
	KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader)));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void reader_and_interval_do_not_disturb_one_another(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);
	struct mn_reader *reader = reader_of(ctx, 15, 1);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	begin(reader);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_FALSE(test, retry(reader));

	/* The interval_sub collides as a whole, a reader of a part does not. */
	begin(reader);
	mn_invalidate(ctx, 12, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 15, 1);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

/*
 * Overruns
 */

/* The history of a new mm is complete, so nothing was overrun. */
static void reader_of_a_new_mm_takes_no_watch(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *new[WATCHES], *reader = reader_of(ctx, 10, 10);
	unsigned int i;

	for (i = 0; i < WATCHES; i++) {
		new[i] = reader_of(ctx, 10, 10);
		begin(new[i]);
	}
	overrun(reader);
	KUNIT_EXPECT_TRUE(test, is_exact(reader));
	for (i = 0; i < WATCHES; i++)
		KUNIT_EXPECT_TRUE(test, retry(new[i]));
}

static void reader_is_overrun_once(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);

	overrun(reader);
	/* The watch keeps the reader exact, however many ranges start. */
	begin(reader);
	invalidate_elsewhere(ctx, 10 * BEYOND_HISTORY);
	mn_invalidate(ctx, 9, 1);
	mn_invalidate(ctx, 20, 1);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void reader_with_a_watch_collides(struct kunit *test)
{
	static const unsigned long pages[][2] = {
		{ 10, 10 }, { 0, 11 }, { 19, 1 }, { 0, 100 }, { 14, 2 }, { 10, 1 },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	unsigned int i, nr;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		for (nr = 0; nr <= BEYOND_HISTORY; nr += BEYOND_HISTORY) {
			overrun(reader);
			begin(reader);
			invalidate_elsewhere(ctx, nr);
			mn_invalidate(ctx, pages[i][0], pages[i][1]);
			invalidate_elsewhere(ctx, BEYOND_HISTORY - nr);
			KUNIT_EXPECT_TRUE(test, retry(reader));
			/* The next begin takes a watch again. */
			KUNIT_EXPECT_TRUE(test, is_exact(reader));
		}
	}
}

/* Use a range reader that is not used again. */
static void overrun_the_mm(struct mn_ctx *ctx)
{
	struct mn_reader *reader = reader_of(ctx, 10, 10);

	begin(reader);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_TRUE(ctx->test, retry(reader));
}

/* A fault that is overrun may come back with a range reader that is new. */
static void new_readers_of_an_overrun_mm_are_exact(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	unsigned int i;

	overrun_the_mm(ctx);
	/* New readers get a watch for as long as the mm is being overrun. */
	for (i = 0; i < SZ_32K / BEYOND_HISTORY; i++)
		KUNIT_EXPECT_TRUE(test, is_exact(reader_of(ctx, 10, 10)));
}

/* Eventually new readers begin without a watch, and so without a lock. */
static void new_readers_are_as_before_after_a_while(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int i;

	overrun_the_mm(ctx);
	for (i = 0; i < SZ_16K / WITHIN_HISTORY + 1; i++) {
		reader = reader_of(ctx, 10, 10);
		begin(reader);
		invalidate_elsewhere(ctx, WITHIN_HISTORY);
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
	KUNIT_EXPECT_FALSE(test, is_exact(reader_of(ctx, 10, 10)));
}

static void reader_with_a_watch_is_told_of_untracked_ranges(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader[] = {
		reader_of(ctx, 10, 10), set_reader_of(ctx, 10, 2),
		set_reader_of(ctx, 10, 100),
	};
	struct mmu_notifier_range *range;
	unsigned int i;

	mn_crowd(ctx, MN_CROWD);
	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		overrun(reader[i]);
		begin(reader[i]);
		range = mn_start(ctx, ELSEWHERE, 1);
		mn_end(range);
		KUNIT_EXPECT_FALSE(test, retry(reader[i]));

		overrun(reader[i]);
		begin(reader[i]);
		range = mn_start(ctx, 10, 1);
		KUNIT_EXPECT_TRUE(test, retry(reader[i]));
		mn_end(range);

		overrun(reader[i]);
		begin(reader[i]);
		range = mn_start(ctx, 10, 1);
		mn_end(range);
		KUNIT_EXPECT_TRUE(test, retry(reader[i]));
	}
}

/* The history of later ranges, which have slots again, does not show it. */
static void set_with_a_watch_remembers_an_untracked_range(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, 100);
	struct mmu_notifier_range *range;

	overrun(reader);
	mn_crowd(ctx, MN_CROWD);
	begin(reader);
	range = mn_start(ctx, 10, 1);
	mn_end(range);
	mn_crowd_end(ctx);
	invalidate_elsewhere(ctx, 20);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void reader_with_a_watch_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range, *later;
	struct mn_call *call;

	overrun(reader);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));

	/* A range that came and went during the wait does not count. */
	overrun(reader);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_invalidate(ctx, 10, 1);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));

	/* One that started during the wait, and is active after it, collides. */
	overrun(reader);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = mn_start(ctx, 10, 1);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mn_end(later);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void watches_are_few_and_given_back(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader[WATCHES + 1];
	unsigned int i, round;

	for (i = 0; i <= WATCHES; i++)
		reader[i] = reader_of(ctx, 10 * i, 10);

	/* Give watches back by a retry, colliding or not, or by cancel. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i <= WATCHES; i++)
			overrun(reader[i]);
		for (i = 0; i <= WATCHES; i++)
			begin(reader[i]);
		invalidate_elsewhere(ctx, BEYOND_HISTORY);
		if (round == 1)
			mn_invalidate(ctx, 0, 10 * WATCHES);
		/* No watch is left for the last reader. */
		KUNIT_EXPECT_TRUE(test, retry(reader[WATCHES]));
		for (i = 0; i < WATCHES; i++) {
			if (round == 2)
				mmu_range_read_cancel(&reader[i]->reader);
			else
				KUNIT_EXPECT_EQ(test, retry(reader[i]),
						round == 1);
		}
		/* Now the last reader can have one. */
		KUNIT_EXPECT_TRUE(test, is_exact(reader[WATCHES]));
	}
}

static void watch_is_not_told_of_what_was_before(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *first = reader_of(ctx, 10, 10);
	struct mn_reader *second = reader_of(ctx, 10, 10);

	overrun(first);
	begin(first);
	mn_invalidate(ctx, 10, 10);
	KUNIT_EXPECT_TRUE(test, retry(first));
	/* @second takes over the watch that @first had. */
	overrun(second);
	KUNIT_EXPECT_TRUE(test, is_exact(second));
}

/*
 * Locks and contexts
 */

static struct mn_reader *counted;

static void read_once(struct mn_interval *ignored)
{
	struct mn_reader *reader = counted;
	unsigned int i;

	begin(reader);
	for (i = 0; i < 2; i++)
		mmu_range_read_check_retry(&reader->reader);
	if (mmu_range_read_retry(&reader->reader))
		reader->nr = UINT_MAX;
}

static void begin_and_retry_take_no_lock(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range[5];
	unsigned int i;

	counted = reader_of(ctx, 10, 10);
	for (i = 0; i < ARRAY_SIZE(range); i++)
		range[i] = mn_range(ctx, i % 2 ? 30 : 5, 1);
	mn_locks_begin(ctx);
	KUNIT_EXPECT_EQ(test, mn_locks_of(read_once, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(range); i++) {
		mn_start_range(range[i]);
		KUNIT_EXPECT_EQ(test, mn_locks_of(read_once, NULL), 0);
	}
	KUNIT_EXPECT_NE(test, counted->nr, UINT_MAX);
	while (i--)
		mn_end(range[i]);
}

static void retry_once(struct mn_interval *ignored)
{
	/* Retrying twice is fine: the reader has no watch to give back. */
	if (mmu_range_read_retry(&counted->reader))
		counted->nr++;
}

static void retry_takes_no_lock_if_something_has_started(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	counted = reader_of(ctx, 10, 10);
	mn_locks_begin(ctx);
	begin(counted);
	invalidate_elsewhere(ctx, WITHIN_HISTORY);
	KUNIT_EXPECT_EQ(test, mn_locks_of(retry_once, NULL), 0);
	KUNIT_EXPECT_EQ(test, counted->nr, 0);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_EQ(test, mn_locks_of(retry_once, NULL), 0);
	KUNIT_EXPECT_NE(test, counted->nr, 0);
}

/* A driver's timer may take the user lock in hard interrupt context. */
static void retry_is_for_any_context(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	static DEFINE_RAW_SPINLOCK(user_lock);
	bool collided[4], early[4];
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		/* The third begin takes a watch, as the second was overrun. */
		begin(reader);
		if (i == 1 || i == 2)
			invalidate_elsewhere(ctx, BEYOND_HISTORY);
		if (i == 3)
			mn_invalidate(ctx, 10, 1);
		raw_spin_lock_irqsave(&user_lock, flags);
		early[i] = mmu_range_read_check_retry(&reader->reader);
		collided[i] = mmu_range_read_retry(&reader->reader);
		raw_spin_unlock_irqrestore(&user_lock, flags);
		KUNIT_EXPECT_EQ(test, early[i], collided[i]);
	}
	KUNIT_EXPECT_FALSE(test, collided[0]);
	KUNIT_EXPECT_TRUE(test, collided[1]);
	KUNIT_EXPECT_FALSE(test, collided[2]);
	KUNIT_EXPECT_TRUE(test, collided[3]);
}

/*
 * Misuse
 */

static void reader_that_never_ends_costs_a_watch(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mn_reader *lost;
	unsigned int i;

	for (i = 0; i < WATCHES; i++) {
		lost = reader_of(ctx, 10, 10);
		overrun(lost);
		begin(lost);
		/* The reader is freed and its memory reused. */
		memset(lost, 0xa5, sizeof(*lost));
	}
	mn_invalidate(ctx, 10, 10);
	begin(reader);
	invalidate_elsewhere(ctx, WITHIN_HISTORY);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 10, 10);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	overrun(reader);
	KUNIT_EXPECT_FALSE(test, is_exact(reader));
}

static void end_of_what_has_ended_ends_no_other(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mn_reader *other = reader_of(ctx, 10, 10);

	overrun(reader);
	overrun(other);
	begin(reader);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	begin(other);
	mmu_range_read_cancel(&reader->reader);
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&reader->reader));
	mn_invalidate(ctx, 10, 10);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_TRUE(test, retry(other));
}

static void end_of_a_copy_is_reported_and_ends_no_other(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mn_reader *copy = reader_of(ctx, 10, 10);

	overrun(reader);
	begin(reader);
	copy->reader = reader->reader;
	mn_invalidate(ctx, ELSEWHERE, 1);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_TRUE(test, mmu_range_read_retry(&copy->reader));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	mn_invalidate(ctx, 10, 10);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void begin_without_an_end_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	unsigned int i;

	overrun(reader);
	begin(reader);
	mn_reports_begin(ctx);
	begin(reader);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	/* The second begin did not leak a watch. */
	for (i = 0; i < WATCHES; i++) {
		reader = reader_of(ctx, 10, 10);
		overrun(reader);
		begin(reader);
		invalidate_elsewhere(ctx, BEYOND_HISTORY);
		KUNIT_EXPECT_FALSE(test, mmu_range_read_check_retry(&reader->reader));
	}
}

/* Also the watch of an earlier begin that the driver has not ended. */
static void refused_begin_gives_the_watch_back(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int i;

	for (i = 0; i < WATCHES; i++) {
		reader = reader_of(ctx, 10, 10);
		overrun(reader);
		begin(reader);
		/* As if a driver passed a length as the end. */
		reader->pages = -8UL;
		mn_reports_begin(ctx);
		begin(reader);
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	}
	reader = reader_of(ctx, 10, 10);
	overrun(reader);
	KUNIT_EXPECT_TRUE(test, is_exact(reader));
}

/* A new reader at the same address must not leak another watch. */
static void reader_that_is_gone_without_an_end_is_reported(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	unsigned int i;

	overrun(reader);
	for (i = 0; i < 2 * WATCHES; i++) {
		begin(reader);
		mmu_range_reader_init(&reader->reader, ctx->mm);
		mn_reports_begin(ctx);
		begin(reader);
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
		mn_invalidate(ctx, 10, 1);
		KUNIT_EXPECT_TRUE(test, retry(reader));
		overrun(reader);
	}
	KUNIT_EXPECT_TRUE(test, is_exact(reader));
}

/* The begin must be reported, and the retry must collide. */
static void expect_misuse(struct mn_reader *reader)
{
	struct mn_ctx *ctx = reader->ctx;

	mn_reports_begin(ctx);
	begin(reader);
	KUNIT_EXPECT_EQ(ctx->test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_TRUE(ctx->test, retry(reader));
	/* A fatal signal must end a loop that retries it. */
	mn_reports_begin(ctx);
	expect_killed(ctx, call_begin_killable, reader);
	KUNIT_EXPECT_EQ(ctx->test, mn_reports_end(ctx), 1);
	KUNIT_EXPECT_TRUE(ctx->test, retry(reader));
}

static void expect_misuse_of_inactive(struct mn_ctx *ctx, unsigned long start,
				      unsigned long end)
{
	mn_reports_begin(ctx);
	KUNIT_EXPECT_FALSE(ctx->test,
			   mmu_notifier_range_inactive(ctx->mm, start, end));
	KUNIT_EXPECT_EQ(ctx->test, mn_reports_end(ctx), 1);
}

static void range_that_ends_before_it_starts_is_reported_and_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 0);

	/* As if a driver passed a length as the end. */
	reader->pages = -8UL;
	expect_misuse(reader);
	expect_misuse_of_inactive(ctx, MN_ADDR(10), MN_ADDR(2));
	/* The reader is still usable. */
	reader->pages = 10;
	begin(reader);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

/*
 * Sets
 */

#define SET	1000
/* Number of ranges that fit into a watch. */
#define SMALL_SET	8

static void set_collides_if_one_of_it_does(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	unsigned int i;

	for (i = 0; i < SET; i++) {
		begin(reader);
		mn_invalidate(ctx, 10 + 2 * i, 1);
		KUNIT_EXPECT_TRUE(test, retry(reader));
	}
	begin(reader);
	mn_invalidate(ctx, 0, 11);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 10 + 2 * SET - 2, 10);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 11, 2);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 0, 100000);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void set_does_not_collide_between_its_ranges(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	unsigned int i;

	for (i = 0; i < SET - 1; i++) {
		begin(reader);
		mn_invalidate(ctx, 9, 1);
		mn_invalidate(ctx, 11 + 2 * i, 1);
		mn_invalidate(ctx, 10 + 2 * SET - 1, 10);
		KUNIT_EXPECT_FALSE(test, retry(reader));
	}
}

static void set_waits_for_all_of_it_and_nothing_between(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	struct mmu_notifier_range *between, *range[2];
	struct mn_call *call;

	between = mn_start(ctx, 11, 1);
	KUNIT_EXPECT_TRUE(test, mn_returns(spawn_begin(reader)));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	range[0] = mn_start(ctx, 10, 1);
	range[1] = mn_start(ctx, 10 + 2 * SET - 2, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range[1]);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range[0]);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	mn_end(between);
}

static void set_of_any_size_is_a_set(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int nr, i;

	for (nr = 1; nr < 9; nr++) {
		reader = set_reader_of(ctx, 10, nr);
		for (i = 0; i < 2 * nr + 1; i++) {
			begin(reader);
			mn_invalidate(ctx, 9 + i, 1);
			KUNIT_EXPECT_EQ(test, retry(reader), i % 2);
		}
	}
	/* An empty set never collides. */
	reader->nr = 0;
	begin(reader);
	mn_invalidate(ctx, 0, 100);
	mn_invalidate_mm(ctx->mm, 0, 0);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	reader->set = NULL;
	mmu_range_read_begin_set(&reader->reader, NULL, 0);
	mn_invalidate_mm(ctx->mm, 0, 0);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

/* Invalidations in any gap are ignored, as all ranges fit into the watch. */
static void small_set_with_a_watch_is_exact(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int nr, i, n;

	for (nr = 1; nr <= SMALL_SET; nr++) {
		reader = set_reader_of(ctx, 10, nr);
		for (i = 0; i < 2 * nr + 1; i++) {
			overrun(reader);
			begin(reader);
			for (n = 0; n < BEYOND_HISTORY; n++)
				mn_invalidate(ctx, 9 + i, 1);
			invalidate_elsewhere(ctx, BEYOND_HISTORY);
			KUNIT_EXPECT_EQ(test, retry(reader), i % 2);
		}
	}
}

/* For a larger set, the watch ignores invalidations in the largest gaps. */
static void large_set_with_a_watch_is_exact_in_its_largest_gaps(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	struct mmu_read_range *set = (struct mmu_read_range *)reader->set;
	unsigned int gap, i, n, moved = 0;

	/* Spread large gaps over the set, the larger ones towards its end. */
	for (i = 1; i < SET; i++) {
		if (i % (SET / SMALL_SET) == 0)
			moved += i;
		set[i].start += MN_ADDR(moved);
		set[i].end += MN_ADDR(moved);
	}
	for (i = 0; i < SET - 1; i++) {
		gap = (set[i + 1].start - set[i].end) >> PAGE_SHIFT;
		if (gap == 1 && i % 100)
			continue;
		overrun(reader);
		begin(reader);
		for (n = 0; n < BEYOND_HISTORY; n++)
			mn_invalidate(ctx, set[i].end >> PAGE_SHIFT, gap);
		KUNIT_EXPECT_EQ(test, retry(reader), gap == 1);
	}
}

static void set_with_a_watch_is_exact(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	const unsigned long last = 10 + 2 * SET - 2;

	overrun(reader);
	KUNIT_EXPECT_TRUE(test, is_exact(reader));

	/* An invalidation in a gap does not collide, one of a range does. */
	overrun(reader);
	begin(reader);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_invalidate(ctx, last - 1, 1);
	invalidate_elsewhere(ctx, WITHIN_HISTORY / 2);
	KUNIT_EXPECT_FALSE(test, retry(reader));

	overrun(reader);
	begin(reader);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_invalidate(ctx, last - 1, 1);
	mn_invalidate(ctx, last, 1);
	KUNIT_EXPECT_TRUE(test, retry(reader));

	overrun(reader);
	begin(reader);
	mn_invalidate(ctx, last, 1);
	mn_invalidate(ctx, last - 1, 1);
	KUNIT_EXPECT_TRUE(test, retry(reader));

	/* In a gap it does collide once the history no longer has it. */
	begin(reader);
	mn_invalidate(ctx, last - 1, 1);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

/* Of more ranges than a watch has room for: it is hit in small gaps, too. */
static void set_with_a_watch_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = set_reader_of(ctx, 10, SET);
	const unsigned long last = 10 + 2 * SET - 2;
	struct mmu_notifier_range *range, *gap[2], *later;
	struct mn_call *call;

	/* A range that came and went during the wait does not count. */
	overrun(reader);
	gap[0] = mn_start(ctx, last - 1, 1);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_invalidate(ctx, last, 1);
	gap[1] = mn_start(ctx, last - 3, 1);
	mn_invalidate(ctx, last, 1);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
	mn_end(gap[1]);

	/* But what starts after it does. */
	overrun(reader);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	gap[1] = mn_start(ctx, last - 3, 1);
	invalidate_elsewhere(ctx, BEYOND_HISTORY);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mn_invalidate(ctx, last, 1);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	mn_end(gap[1]);

	/* One that started during the wait, and is active after it, collides. */
	overrun(reader);
	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = mn_start(ctx, last, 1);
	gap[1] = mn_start(ctx, last - 3, 1);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	mn_end(later);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	mn_end(gap[1]);
	mn_end(gap[0]);
}

static void set_that_is_not_sorted_is_reported_and_collides(struct kunit *test)
{
	static const struct mmu_read_range sets[][3] = {
		/* Overlapping; nested; out of order; end before start. */
		{ { MN_ADDR(10), MN_ADDR(12) }, { MN_ADDR(11), MN_ADDR(13) },
		  { MN_ADDR(70), MN_ADDR(71) } },
		{ { MN_ADDR(10), MN_ADDR(50) }, { MN_ADDR(20), MN_ADDR(21) },
		  { MN_ADDR(70), MN_ADDR(71) } },
		{ { MN_ADDR(60), MN_ADDR(61) }, { MN_ADDR(10), MN_ADDR(50) },
		  { MN_ADDR(70), MN_ADDR(71) } },
		{ { MN_ADDR(30), MN_ADDR(50) }, { MN_ADDR(60), MN_ADDR(8) },
		  { MN_ADDR(70), MN_ADDR(71) } },
		{ { MN_ADDR(30), MN_ADDR(50) }, { 0, MN_ADDR(60) },
		  { MN_ADDR(70), MN_ADDR(71) } },
		{ { MN_ADDR(30), MN_ADDR(50) }, { MN_ADDR(60), 0 },
		  { MN_ADDR(70), MN_ADDR(71) } },
	};
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 0, 0);
	unsigned int i;

	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		kunit_skip(test, "needs CONFIG_DEBUG_VM");
	reader->nr = ARRAY_SIZE(sets[0]);
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		reader->set = sets[i];
		expect_misuse(reader);
	}
}

/*
 * Signals
 */

/* Have the begin wait, and end the wait by a signal. */
static void kill_begin(struct mn_reader *reader)
{
	struct kunit *test = reader->ctx->test;
	struct mmu_notifier_range *range = mn_start(reader->ctx, 10, 1);
	struct mn_call *call = spawn_killable(reader);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	kill_call(call);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, (long)call->ret, -EINTR);
	mn_end(range);
}

static void signal_ends_a_killable_begin(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader[] = {
		reader_of(ctx, 10, 10), set_reader_of(ctx, 10, 10),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		kill_begin(reader[i]);
		/* If the error is ignored, the retry must collide. */
		KUNIT_EXPECT_TRUE(test, retry(reader[i]));
		begin(reader[i]);
		KUNIT_EXPECT_FALSE(test, retry(reader[i]));
	}
}

static void killable_begin_waits(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	call = spawn_killable(reader);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	range = mn_start(ctx, 10, 1);
	call = spawn_killable(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void killed_begin_leaves_nothing_behind(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int i;

	/* Once more than there are watches. */
	for (i = 0; i <= WATCHES; i++) {
		reader = reader_of(ctx, 10, 10);
		overrun(reader);
		kill_begin(reader);
	}
	KUNIT_EXPECT_TRUE(test, is_exact(reader));
}

static void call_killed_again_and_again(struct mn_call *call)
{
	struct mn_reader *reader = call->arg;
	unsigned int i;

	allow_kernel_signal(SIGKILL);
	call->ret = 0;
	for (i = 0; !call->ret && i < 10; i++) {
		invalidate_elsewhere(reader->ctx, BEYOND_HISTORY);
		if (!mmu_range_read_retry(&reader->reader))
			break;
		if (i == 5)
			send_sig(SIGKILL, current, 1);
		call->ret = mmu_range_read_begin_killable(&reader->reader,
							  MN_ADDR(10),
							  MN_ADDR(11));
	}
	if (i != 6)
		call->ret = 0;
}

/* The begin never waits: all watches are taken, so each retry is overrun. */
static void signal_ends_a_loop_that_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 1);
	struct mn_reader *other;
	struct mn_call *call;
	unsigned int i;

	for (i = 0; i < WATCHES; i++) {
		other = reader_of(ctx, 10, 10);
		overrun(other);
		begin(other);
	}
	begin(reader);
	call = mn_spawn(ctx, "mmu_range_read_begin_killable", reader,
			call_killed_again_and_again, -1);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, (long)call->ret, -EINTR);
}

static void signal_ends_a_wait_for_untracked_ranges(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;

	mn_crowd(ctx, MN_CROWD);
	kill_begin(reader_of(ctx, 10, 10));
}

static void signal_does_not_end_a_begin(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;

	range = mn_start(ctx, 10, 1);
	call = spawn_begin(reader);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	kill_call(call);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void call_begin_with_a_signal(struct mn_call *call)
{
	struct mn_reader *reader = call->arg;

	allow_kernel_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	begin(reader);
	call->ret = mmu_range_read_check_retry(&reader->reader);
}

static void begin_of_a_killed_task_is_exact(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *elsewhere;
	struct mn_call *call;

	/* An active range forces the slow path, which must ignore SIGKILL. */
	elsewhere = mn_start(ctx, ELSEWHERE, 1);
	call = mn_spawn(ctx, "mmu_range_read_begin", reader,
			call_begin_with_a_signal, -1);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	mn_end(elsewhere);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static void signal_ends_a_killable_begin_of_an_interval(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);
	struct mmu_notifier_range *range;
	struct mn_call *call;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (i)
			range = mn_start(ctx, 10, 1);
		call = mn_spawn(ctx, "mmu_interval_read_begin_killable",
				interval, call_interval_begin_killable, -1);
		if (i)
			KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		if (i == 1)
			kill_call(call);
		if (i == 2)
			mn_end(range);
		KUNIT_EXPECT_TRUE(test, mn_returns(call));
		KUNIT_EXPECT_EQ(test, (long)call->ret, i == 1 ? -EINTR : 0);
		if (i == 1)
			mn_end(range);
	}
}

/* Otherwise a fatal signal could not end a loop of retries that never waits. */
static void killable_begin_fails_with_nothing_to_wait_for(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader[] = {
		reader_of(ctx, 10, 10), set_reader_of(ctx, 10, 10),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reader); i++) {
		begin(reader[i]);
		KUNIT_EXPECT_FALSE(test, retry(reader[i]));
		expect_killed(ctx, call_begin_killable, reader[i]);
		/* If the error is ignored, the retry must collide. */
		KUNIT_EXPECT_TRUE(test, retry(reader[i]));
	}
	expect_killed(ctx, call_wait_inactive_killable, reader[0]);
	expect_killed(ctx, call_interval_begin_killable,
		      mn_insert(ctx, 'a', 10, 10));
}

/*
 * mmu_notifier_range_inactive() and mmu_notifier_range_wait_inactive()
 */

static void range_is_inactive_unless_what_overlaps_is_active(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range, *other;

	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm, 0, 0));
	other = mn_start(ctx, ELSEWHERE, 1);
	range = mn_start(ctx, 10, 10);
	KUNIT_EXPECT_FALSE(test, mmu_notifier_range_inactive(ctx->mm, 0, 0));
	KUNIT_EXPECT_FALSE(test, mmu_notifier_range_inactive(ctx->mm,
							     MN_ADDR(19),
							     MN_ADDR(20)));
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm,
							    MN_ADDR(20),
							    MN_ADDR(30)));
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm, 0,
							    MN_ADDR(10)));
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm, 0,
							    MN_ADDR(30)));
	mn_end(other);
	KUNIT_EXPECT_TRUE(test, mmu_notifier_range_inactive(ctx->mm, 0, 0));
}

static void wait_until_inactive_is_for_what_overlaps(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mmu_notifier_range *range, *later, *other;
	struct mn_call *call;

	other = mn_start(ctx, ELSEWHERE, 1);
	KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn(ctx, "wait_inactive",
						    reader, call_wait_inactive,
						    -1)));
	range = mn_start(ctx, 10, 10);
	call = mn_spawn(ctx, "wait_inactive", reader, call_wait_inactive, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	later = mn_start(ctx, 10, 10);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));

	call = mn_spawn(ctx, "wait_inactive_killable", reader,
			call_wait_inactive_killable, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	kill_call(call);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, (long)call->ret, -EINTR);
	call = mn_spawn(ctx, "wait_inactive_killable", reader,
			call_wait_inactive_killable, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(later);
	KUNIT_EXPECT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, call->ret, 0);
	mn_end(other);
}

static void wait_in_an_overrun_mm_leaves_no_watch_behind(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);
	struct mn_call *call;
	unsigned int i;

	overrun(reader);
	for (i = 0; i < 2 * WATCHES; i++) {
		call = mn_spawn(ctx, "wait_inactive", reader,
				i % 2 ? call_wait_inactive :
					call_wait_inactive_killable, -1);
		KUNIT_EXPECT_TRUE(test, mn_returns(call));
	}
	KUNIT_EXPECT_TRUE(test, is_exact(reader));
}

/*
 * The correct pattern: check under the user lock, drop the lock, then wait.
 */
static void asking_under_the_user_lock_is_silent(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', 10, 10);
	bool inactive;

	mn_invalidate(ctx, 10, 10);
	do {
		mmu_notifier_range_wait_inactive(ctx->mm, MN_ADDR(10),
						 MN_ADDR(20));
		spin_lock(&interval->user_lock);
		inactive = mmu_notifier_range_inactive(ctx->mm, MN_ADDR(10),
						       MN_ADDR(20));
		spin_unlock(&interval->user_lock);
	} while (!inactive);
	KUNIT_EXPECT_TRUE(test, inactive);
}

static struct kunit_case mmu_notifier_range_read_cases[] = {
	KUNIT_CASE(begin_returns_where_nothing_is_active),
	KUNIT_CASE(begin_waits_for_what_overlaps),
	KUNIT_CASE(begin_does_not_wait_for_what_does_not_overlap),
	KUNIT_CASE(begin_at_the_last_address_waits_for_what_is_there),
	KUNIT_CASE(all_that_overlap_hold_a_begin_up),
	KUNIT_CASE(begin_does_not_wait_for_what_starts_later),
	KUNIT_CASE(begin_does_not_wait_for_what_takes_the_slot),
	KUNIT_CASE(begin_waits_for_a_generation_of_untracked_ranges),
	KUNIT_CASE(begin_does_not_wait_for_untracked_ranges_elsewhere),
	KUNIT_CASE(begin_waits_for_any_of_several_untracked_ranges),
	KUNIT_CASE(retry_without_a_begin_is_true),
	KUNIT_CASE(wait_of_a_begin_is_not_part_of_the_history),
	KUNIT_CASE(retry_is_true_if_what_overlaps_has_started),
	KUNIT_CASE(retry_is_true_wherever_it_is_in_the_history),
	KUNIT_CASE(retry_is_true_while_what_overlaps_is_active),
	KUNIT_CASE(retry_is_false_if_all_was_elsewhere),
	KUNIT_CASE(retry_is_false_if_what_overlaps_was_before),
	KUNIT_CASE(retry_is_false_if_the_begin_has_waited_for_it),
	KUNIT_CASE(history_is_what_is_free),
	KUNIT_CASE(retry_is_true_if_an_untracked_range_has_started),
	KUNIT_CASE(retry_is_true_if_a_start_was_refused),
	KUNIT_CASE(reader_and_interval_do_not_disturb_one_another),
	KUNIT_CASE(reader_of_a_new_mm_takes_no_watch),
	KUNIT_CASE(reader_is_overrun_once),
	KUNIT_CASE(new_readers_of_an_overrun_mm_are_exact),
	KUNIT_CASE(new_readers_are_as_before_after_a_while),
	KUNIT_CASE(reader_with_a_watch_collides),
	KUNIT_CASE(reader_with_a_watch_is_told_of_untracked_ranges),
	KUNIT_CASE(set_with_a_watch_remembers_an_untracked_range),
	KUNIT_CASE(reader_with_a_watch_waits),
	KUNIT_CASE(watches_are_few_and_given_back),
	KUNIT_CASE(watch_is_not_told_of_what_was_before),
	KUNIT_CASE(begin_and_retry_take_no_lock),
	KUNIT_CASE(retry_takes_no_lock_if_something_has_started),
	KUNIT_CASE(retry_is_for_any_context),
	KUNIT_CASE(reader_that_never_ends_costs_a_watch),
	KUNIT_CASE(end_of_what_has_ended_ends_no_other),
	KUNIT_CASE(end_of_a_copy_is_reported_and_ends_no_other),
	KUNIT_CASE(begin_without_an_end_is_reported),
	KUNIT_CASE(refused_begin_gives_the_watch_back),
	KUNIT_CASE(reader_that_is_gone_without_an_end_is_reported),
	KUNIT_CASE(range_that_ends_before_it_starts_is_reported_and_collides),
	KUNIT_CASE(set_collides_if_one_of_it_does),
	KUNIT_CASE(set_does_not_collide_between_its_ranges),
	KUNIT_CASE(set_waits_for_all_of_it_and_nothing_between),
	KUNIT_CASE(set_of_any_size_is_a_set),
	KUNIT_CASE(set_with_a_watch_is_exact),
	KUNIT_CASE(set_with_a_watch_waits),
	KUNIT_CASE(small_set_with_a_watch_is_exact),
	KUNIT_CASE(large_set_with_a_watch_is_exact_in_its_largest_gaps),
	KUNIT_CASE(set_that_is_not_sorted_is_reported_and_collides),
	KUNIT_CASE(signal_ends_a_killable_begin),
	KUNIT_CASE(killable_begin_waits),
	KUNIT_CASE(killed_begin_leaves_nothing_behind),
	KUNIT_CASE(signal_ends_a_loop_that_collides),
	KUNIT_CASE(signal_ends_a_wait_for_untracked_ranges),
	KUNIT_CASE(signal_does_not_end_a_begin),
	KUNIT_CASE(begin_of_a_killed_task_is_exact),
	KUNIT_CASE(signal_ends_a_killable_begin_of_an_interval),
	KUNIT_CASE(killable_begin_fails_with_nothing_to_wait_for),
	KUNIT_CASE(range_is_inactive_unless_what_overlaps_is_active),
	KUNIT_CASE(wait_until_inactive_is_for_what_overlaps),
	KUNIT_CASE(wait_in_an_overrun_mm_leaves_no_watch_behind),
	KUNIT_CASE(asking_under_the_user_lock_is_silent),
	{}
};

static struct kunit_suite mmu_notifier_range_read_suite = {
	.name = "mmu_notifier_range_read",
	.init = tracked_init,
	.test_cases = mmu_notifier_range_read_cases,
};

/*
 * Registration
 */

static void range_of_an_untracked_mm_is_reported_and_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader;
	unsigned int i;

	/* Without a subscription, and with one that does not track the mm. */
	for (i = 0; i < 2; i++) {
		if (i)
			mn_register(ctx, 0, &mn_range_ops);
		reader = reader_of(ctx, 10, 10);
		expect_misuse(reader);
		expect_misuse_of_inactive(ctx, 0, 0);
		mn_reports_begin(ctx);
		KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn(ctx, "wait",
							    reader,
							    call_wait_inactive,
							    -1)));
		KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	}
}

static void reader_may_be_older_than_tracking(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);

	register_tracked(ctx);
	begin(reader);
	KUNIT_EXPECT_FALSE(test, retry(reader));
	begin(reader);
	mn_invalidate(ctx, 10, 1);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

static void reader_of_before_tracking_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);

	mn_reports_begin(ctx);
	begin(reader);
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
	register_tracked(ctx);
	KUNIT_EXPECT_TRUE(test, retry(reader));
}

/* Any kind of subscription may ask, in any order; the mm then stays tracked. */
static void mm_is_tracked_by_any_that_asks(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *first = NULL, *second = NULL;
	struct mn_interval *interval = NULL;
	struct mn_reader *reader;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (i)
			ctx->mm = mm_alloc();
		KUNIT_ASSERT_NOT_NULL(test, ctx->mm);
		if (i == 0)
			mn_prepare(ctx);
		if (i == 1 || i == 2)
			first = mn_register(ctx, 0, &mn_range_ops);
		if (i == 1)
			interval = mn_insert(ctx, 'a', 10, 10);
		if (i == 2)
			second = register_tracked(ctx);
		if (i == 3)
			KUNIT_ASSERT_EQ(test, 0,
					mmu_notifier_register_tracked(NULL,
								      ctx->mm));
		reader = reader_of(ctx, 10, 10);
		begin(reader);
		KUNIT_EXPECT_FALSE(test, retry(reader));
		if (i == 1)
			mn_remove(interval);
		if (i == 2)
			mn_unregister(second);
		begin(reader);
		mn_invalidate(ctx, 10, 1);
		KUNIT_EXPECT_TRUE(test, retry(reader));
		if (i == 1 || i == 2) {
			KUNIT_EXPECT_EQ(test, first->starts, 1);
			KUNIT_EXPECT_EQ(test, first->ends, 1);
			mn_unregister(first);
		}
		mn_release_mm(ctx);
	}
}

static void tracked_registration_fails_whole(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 0, &mn_range_ops);
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, try_register_tracked, sub); nth++) {
		mn_invalidate(ctx, 10, 1);
		KUNIT_EXPECT_EQ(test, sub->starts, 0);
	}
	/* The mm's subscriptions, their SRCU sections, and its ranges. */
	KUNIT_EXPECT_GT(test, nth, 3);
	KUNIT_EXPECT_LT(test, nth, 10);
	mn_invalidate(ctx, 10, 1);
	KUNIT_EXPECT_EQ(test, sub->starts, 1);
}

static void tracked_registration_refuses_what_registration_does(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = register_tracked(ctx);

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EEXIST, try_register_tracked(sub));
	KUNIT_EXPECT_EQ(test, mn_reports_end(ctx), 1);
}

static void release_of_the_mm_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_reader *reader = reader_of(ctx, 10, 10);

	register_tracked(ctx);
	mn_pin(ctx, ctx->mm);
	begin(reader);
	mn_release_mm(ctx);
	KUNIT_EXPECT_TRUE(test, retry(reader));
	begin(reader);
	KUNIT_EXPECT_FALSE(test, retry(reader));
}

static struct kunit_case mmu_notifier_range_read_mm_cases[] = {
	KUNIT_CASE(range_of_an_untracked_mm_is_reported_and_collides),
	KUNIT_CASE(reader_may_be_older_than_tracking),
	KUNIT_CASE(reader_of_before_tracking_collides),
	KUNIT_CASE(mm_is_tracked_by_any_that_asks),
	KUNIT_CASE(tracked_registration_fails_whole),
	KUNIT_CASE(tracked_registration_refuses_what_registration_does),
	KUNIT_CASE(release_of_the_mm_collides),
	{}
};

static struct kunit_suite mmu_notifier_range_read_mm_suite = {
	.name = "mmu_notifier_range_read_mm",
	.init = mn_init,
	.test_cases = mmu_notifier_range_read_mm_cases,
};

kunit_test_suites(&mmu_notifier_range_read_suite,
		  &mmu_notifier_range_read_mm_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: range readers");
MODULE_LICENSE("GPL");

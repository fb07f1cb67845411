// SPDX-License-Identifier: GPL-2.0-only
/*
 * Subscriptions to an interval that move: mmu_interval_notifier_update().
 */

#include <kunit/test.h>
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>

#include "mmu_notifier_helpers.h"

/* From pages 0 to 9 to pages 5 to 14, unless a case says otherwise. */
#define OLD		0
#define BOTH		5
#define NEW		10
#define ELSEWHERE	15
#define PAGES		10

/* An interval that notes what it was called with. */
struct moving {
	struct mn_interval interval;
	unsigned long seqs[4];		/* of the last calls */
	struct mmu_interval_notifier_finish second[4];	/* the same */
	unsigned int finishes;
};

static bool moving_invalidate(struct mmu_interval_notifier *sub,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct moving *moving = container_of(sub, struct moving, interval.sub);

	moving->seqs[moving->interval.calls % ARRAY_SIZE(moving->seqs)] = seq;
	return mn_interval_ops.invalidate(sub, range, seq);
}

static const struct mmu_interval_notifier_ops moving_ops = {
	.invalidate = moving_invalidate,
};

static bool moving_start(struct mmu_interval_notifier *sub,
			 const struct mmu_notifier_range *range,
			 unsigned long seq,
			 struct mmu_interval_notifier_finish **finish)
{
	struct moving *moving = container_of(sub, struct moving, interval.sub);

	*finish = &moving->second[moving->interval.calls %
				  ARRAY_SIZE(moving->second)];
	return moving_invalidate(sub, range, seq);
}

static void moving_finish(struct mmu_interval_notifier_finish *finish)
{
	struct moving *moving = container_of(finish->notifier, struct moving,
					     interval.sub);

	if (finish == &moving->second[moving->finishes])
		moving->finishes++;
}

static const struct mmu_interval_notifier_ops moving_two_pass_ops = {
	.invalidate_start = moving_start,
	.invalidate_finish = moving_finish,
};

static struct moving *insert_moving(struct mn_ctx *ctx, unsigned long page,
				    const struct mmu_interval_notifier_ops *ops)
{
	struct moving *moving = mn_alloc(ctx, sizeof(*moving));

	mn_interval_init(ctx, 'm', &moving->interval);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(&moving->interval, ctx->mm,
					  MN_ADDR(page), MN_ADDR(PAGES), ops));
	return moving;
}

static int update(struct mn_interval *interval, unsigned long page)
{
	return mmu_interval_notifier_update(&interval->sub, MN_ADDR(page),
					    MN_ADDR(PAGES));
}

static void call_update(struct mn_call *call)
{
	call->ret = update(call->arg, BOTH);
}

static void call_update_nearby(struct mn_call *call)
{
	call->ret = update(call->arg, 46);
}

static struct mn_call *spawn_update(struct mn_interval *interval)
{
	return mn_spawn(interval->ctx, "mmu_interval_notifier_update", interval,
			call_update, -1);
}

static void update_returns(struct kunit *test, struct mn_call *call)
{
	KUNIT_ASSERT_TRUE(test, mn_returns(call));
	KUNIT_EXPECT_EQ(test, 0, (int)call->ret);
}

/* How often an invalidation of this page is announced. */
static unsigned int calls_of(struct mn_interval *interval, unsigned long page)
{
	const unsigned int before = interval->calls;

	mn_invalidate(interval->ctx, page, 1);
	return interval->calls - before;
}

static void updated_is_announced_to_in_its_new_place(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);

	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 0);
	KUNIT_EXPECT_EQ(test, calls_of(interval, BOTH), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, ELSEWHERE), 0);
	KUNIT_EXPECT_EQ(test, interval->sub.interval_tree.start, MN_ADDR(BOTH));
	KUNIT_EXPECT_EQ(test, interval->sub.interval_tree.last,
			MN_ADDR(ELSEWHERE) - 1);
}

static void updated_can_be_updated_and_removed(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);

	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	KUNIT_ASSERT_EQ(test, 0, update(interval, ELSEWHERE));
	KUNIT_ASSERT_EQ(test, 0, update(interval, OLD));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 1);
	mn_remove(interval);
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 0);
}

static void update_leaves_its_neighbours_alone(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mn_interval *old = mn_insert(ctx, 'b', OLD, PAGES);
	struct mn_interval *new = mn_insert(ctx, 'c', BOTH, PAGES);

	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	KUNIT_EXPECT_EQ(test, calls_of(old, OLD), 1);
	KUNIT_EXPECT_EQ(test, calls_of(new, NEW), 1);
}

static void update_waits_for_what_overlaps_the_old_interval(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1);
	struct mn_call *call = spawn_update(interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	update_returns(test, call);
}

static void update_waits_for_no_range_elsewhere(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, ELSEWHERE, 1);

	update_returns(test, spawn_update(interval));
	mn_end(range);
}

/* There is no gap: both places are announced while it waits. */
static void both_places_are_announced_while_it_moves(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1);
	struct mn_call *call = spawn_update(interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 1);
	KUNIT_EXPECT_GE(test, calls_of(interval, BOTH), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, ELSEWHERE), 0);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	update_returns(test, call);
}

/*
 * It may be called three times for one invalidation. If two had the same sequence, a
 * reader that began with the first would not collide with what comes in between.
 */
static void each_call_has_a_sequence_of_its_own(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval[MN_MANY];
	struct mmu_notifier_range *range = mn_range(ctx, 50, 1);
	struct mn_call *start, *call;
	struct moving *moving;

	start = mn_spawn_start_held_up(ctx, range, interval);
	/* Beyond what the range has looked at so far. */
	moving = insert_moving(ctx, 45, &moving_ops);
	call = mn_spawn(ctx, "mmu_interval_notifier_update", &moving->interval,
			call_update_nearby, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_gate_open(interval[MN_HELD_UP_AT]->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(start));
	KUNIT_EXPECT_EQ(test, moving->interval.calls, 3);
	KUNIT_EXPECT_NE(test, moving->seqs[0], moving->seqs[1]);
	KUNIT_EXPECT_NE(test, moving->seqs[1], moving->seqs[2]);
	KUNIT_EXPECT_NE(test, moving->seqs[2], moving->seqs[0]);
	mn_end(range);
	update_returns(test, call);
}

static void both_passes_are_made_while_it_moves(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct moving *moving = insert_moving(ctx, OLD, &moving_two_pass_ops);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1);
	struct mn_call *call = spawn_update(&moving->interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, calls_of(&moving->interval, OLD), 1);
	KUNIT_EXPECT_EQ(test, calls_of(&moving->interval, BOTH), 2);
	KUNIT_EXPECT_EQ(test, moving->finishes, 4);
	KUNIT_EXPECT_NE(test, moving->seqs[2], moving->seqs[3]);
	mn_end(range);
	update_returns(test, call);
}

/* It has moved, and waits for what may still call those that stood in for it. */
static void new_place_is_announced_in_the_second_wait(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, NEW, 1);
	struct mn_call *call = spawn_update(interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 0);
	KUNIT_EXPECT_EQ(test, calls_of(interval, BOTH), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
	mn_end(range);
	update_returns(test, call);
}

static void update_waits_again_for_either_place(struct kunit *test)
{
	static const unsigned long pages[] = { OLD, NEW };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *first, *second;
	struct mn_interval *interval;
	struct mn_call *call;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		interval = mn_insert(ctx, 'a', OLD, PAGES);
		first = mn_start(ctx, OLD, 1);
		call = spawn_update(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		second = mn_start(ctx, pages[i], 1);
		mn_end(first);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		mn_end(second);
		update_returns(test, call);
	}
}

static void what_moves_may_refuse(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1), *refused;
	struct mn_call *call = spawn_update(interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	interval->refuse = true;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mn_start_nonblock(ctx, &refused, NEW, 1));
	interval->refuse = false;
	mn_end(range);
	update_returns(test, call);
}

static void refusal_is_reported_of_the_driver(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mn_interval *other = mn_insert(ctx, 'b', ELSEWHERE, 1);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1);
	struct mn_call *call = spawn_update(interval);

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	interval->refuse = true;
	mn_reports_begin(ctx);
	mn_invalidate(ctx, NEW, 1);
	/* Once, wherever it is called from. */
	other->refuse = true;
	mn_invalidate(ctx, ELSEWHERE, 1);
	interval->refuse = false;
	other->refuse = false;
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_NOT_NULL(test,
				      strstr(mn_reports_text(),
					     "mn_interval_invalidate refused"));
	mn_end(range);
	update_returns(test, call);
}

/* Then it waits for what started in its first wait, and for nothing later. */
static void update_returns_under_a_chain(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *link[2];
	struct mn_call *call;
	int i;

	/* At any time one of them is active. */
	link[0] = mn_start(ctx, BOTH, 1);
	call = spawn_update(interval);
	for (i = 1; i <= 2; i++) {
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		link[i % 2] = mn_start(ctx, BOTH, 1);
		mn_end(link[(i - 1) % 2]);
	}
	update_returns(test, call);
	mn_end(link[0]);
}

/* With nothing invalidated: later on, nothing tells it of the old interval. */
static void read_section_across_an_update_collides(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	unsigned long seq = mmu_interval_read_begin(&interval->sub);

	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	seq = mmu_interval_read_begin(&interval->sub);
	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
}

/* It has the sequence of the insertion until then. */
static void read_section_collides_once_it_has_moved(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;
	struct mn_call *call;
	unsigned long seq;

	mn_prepare(ctx);
	range = mn_start(ctx, NEW, 1);
	interval = mn_insert(ctx, 'a', OLD, PAGES);
	seq = interval->sub.invalidate_seq;
	call = spawn_update(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	mn_end(range);
	update_returns(test, call);
}

/* It may have waited for what overlaps the old interval only. */
static void read_section_beside_an_update_collides_after_it(struct kunit *test)
{
	static const unsigned long pages[] = { OLD, NEW };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *range;
	struct mn_interval *interval;
	struct mn_call *call;
	unsigned long seq;
	int i;

	/* In the first wait, and in the second one. */
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		interval = mn_insert(ctx, 'a', OLD, PAGES);
		range = mn_start(ctx, pages[i], 1);
		call = spawn_update(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
		KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
		seq = interval->sub.invalidate_seq;
		KUNIT_EXPECT_FALSE(test, mmu_interval_check_retry(&interval->sub, seq));
		mn_end(range);
		update_returns(test, call);
		KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	}
}

static void read_section_after_an_update_is_about_the_new_interval(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	unsigned long seq;

	KUNIT_ASSERT_EQ(test, 0, update(interval, BOTH));
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(ctx, NEW, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
	seq = mmu_interval_read_begin(&interval->sub);
	mn_invalidate(ctx, OLD, 1);
	KUNIT_EXPECT_FALSE(test, mn_retry(interval, seq));
	mn_invalidate(ctx, NEW, 1);
	KUNIT_EXPECT_TRUE(test, mn_retry(interval, seq));
}

/* What stands in for it stores the sequence: the reader must not take it for over. */
static void reader_waits_beside_an_update(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *first = mn_start(ctx, OLD, 1), *second;
	struct mn_call *call = spawn_update(interval), *read;

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	second = mn_start(ctx, BOTH, 1);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(second);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(first);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	update_returns(test, call);
}

/* It has moved by then, but what stands in for it may yet be called. */
static void reader_waits_for_what_started_before_the_update(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, 1);
	struct mmu_notifier_range *range = mn_start(ctx, BOTH, 1);
	struct mn_call *call = spawn_update(interval), *read;

	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	KUNIT_EXPECT_EQ(test, interval->calls, 0);
	read = mn_spawn_read(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
	update_returns(test, call);
}

static void mm_ends_while_it_moves(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range;
	struct mn_call *call, *release;

	mn_pin(ctx, ctx->mm);
	range = mn_start(ctx, OLD, 1);
	call = spawn_update(interval);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	release = mn_spawn_release(ctx);
	KUNIT_ASSERT_TRUE(test, mn_returns(release));
	KUNIT_EXPECT_EQ(test, interval->seen.event, MMU_NOTIFY_RELEASE);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	mn_end(range);
	update_returns(test, call);
	KUNIT_EXPECT_EQ(test, interval->sub.interval_tree.start, MN_ADDR(BOTH));
}

static void never(struct mmu_interval_notifier *sub)
{
	WARN_ON(true);
}

/* In its first wait, and in its second one: those that are called for it call it. */
static void what_moves_is_neither_moved_nor_removed(struct kunit *test)
{
	static const unsigned long pages[] = { OLD, NEW };
	struct mn_ctx *ctx = test->priv;
	struct mmu_interval_notifier_removal *removal =
		mn_alloc(ctx, sizeof(*removal));
	struct mn_interval *interval;
	struct mmu_notifier_range *range;
	struct mn_call *call;
	int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		interval = mn_insert(ctx, 'a', OLD, PAGES);
		range = mn_start(ctx, pages[i], 1);
		call = spawn_update(interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(call));

		mn_reports_begin(ctx);
		KUNIT_EXPECT_EQ(test, -EINVAL, update(interval, ELSEWHERE));
		KUNIT_EXPECT_TRUE(test, mn_returns(mn_spawn_remove(interval)));
		mmu_interval_notifier_remove_deferred(&interval->sub, removal,
						      never);
		KUNIT_EXPECT_EQ(test, 3, mn_reports_end(ctx));

		mn_inserted(interval, 0);
		KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
		mn_end(range);
		update_returns(test, call);
		KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 1);
		mn_remove(interval);
	}
}

static DECLARE_COMPLETION(is_released);

static void released(struct mmu_interval_notifier *sub)
{
	complete(&is_released);
}

/* By a callback, say, just before the update. */
static void update_of_what_is_being_removed_is_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mmu_interval_notifier_removal *removal =
		mn_alloc(ctx, sizeof(*removal));
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);
	struct mmu_notifier_range *range = mn_start(ctx, OLD, 1);

	reinit_completion(&is_released);
	list_del_init(&interval->node);
	mmu_interval_notifier_remove_deferred(&interval->sub, removal,
					      released);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, update(interval, BOTH));
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	KUNIT_EXPECT_EQ(test, interval->sub.interval_tree.start, MN_ADDR(OLD));
	KUNIT_EXPECT_FALSE(test, completion_done(&is_released));
	mn_end(range);
	ctx->broken = !wait_for_completion_timeout(&is_released,
						   MN_HANG_SECONDS * HZ);
	KUNIT_ASSERT_FALSE(test, ctx->broken);
	mmu_interval_notifier_barrier();
}

static void update_of_what_is_not_inserted_is_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, update(interval, BOTH));
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	mn_try_insert(interval, ctx->mm, 0, PAGE_SIZE);
	mn_remove(interval);
	mn_reports_begin(ctx);
	KUNIT_EXPECT_EQ(test, -EINVAL, update(interval, BOTH));
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
}

static void update_to_no_interval_is_refused(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);

	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mmu_interval_notifier_update(&interval->sub, 0, 0));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			mmu_interval_notifier_update(&interval->sub, PAGE_SIZE,
						     ULONG_MAX));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 1);
}

static int try_update(void *arg)
{
	return update(arg, BOTH);
}

static void update_that_cannot_allocate_changes_nothing(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 'a', OLD, PAGES);

	mn_failslab_begin(ctx);
	KUNIT_EXPECT_TRUE(test, mn_fails(ctx, 1, try_update, interval));
	KUNIT_EXPECT_EQ(test, calls_of(interval, OLD), 1);
	KUNIT_EXPECT_EQ(test, calls_of(interval, NEW), 0);
}

static struct kunit_case mmu_notifier_update_cases[] = {
	KUNIT_CASE(updated_is_announced_to_in_its_new_place),
	KUNIT_CASE(updated_can_be_updated_and_removed),
	KUNIT_CASE(update_leaves_its_neighbours_alone),
	KUNIT_CASE(update_waits_for_what_overlaps_the_old_interval),
	KUNIT_CASE(update_waits_for_no_range_elsewhere),
	KUNIT_CASE(both_places_are_announced_while_it_moves),
	KUNIT_CASE(each_call_has_a_sequence_of_its_own),
	KUNIT_CASE(both_passes_are_made_while_it_moves),
	KUNIT_CASE(new_place_is_announced_in_the_second_wait),
	KUNIT_CASE(update_waits_again_for_either_place),
	KUNIT_CASE(what_moves_may_refuse),
	KUNIT_CASE(refusal_is_reported_of_the_driver),
	KUNIT_CASE(update_returns_under_a_chain),
	KUNIT_CASE(read_section_across_an_update_collides),
	KUNIT_CASE(read_section_collides_once_it_has_moved),
	KUNIT_CASE(read_section_beside_an_update_collides_after_it),
	KUNIT_CASE(read_section_after_an_update_is_about_the_new_interval),
	KUNIT_CASE(reader_waits_beside_an_update),
	KUNIT_CASE(reader_waits_for_what_started_before_the_update),
	KUNIT_CASE(mm_ends_while_it_moves),
	KUNIT_CASE(what_moves_is_neither_moved_nor_removed),
	KUNIT_CASE(update_of_what_is_being_removed_is_refused),
	KUNIT_CASE(update_of_what_is_not_inserted_is_refused),
	KUNIT_CASE(update_to_no_interval_is_refused),
	KUNIT_CASE(update_that_cannot_allocate_changes_nothing),
	{}
};

static struct kunit_suite mmu_notifier_update_suite = {
	.name = "mmu_notifier_update",
	.init = mn_init,
	.test_cases = mmu_notifier_update_cases,
};

/* More ranges are active than there are slots. */
static struct kunit_case mmu_notifier_update_crowded_cases[] = {
	KUNIT_CASE(updated_is_announced_to_in_its_new_place),
	KUNIT_CASE(update_waits_for_what_overlaps_the_old_interval),
	KUNIT_CASE(both_places_are_announced_while_it_moves),
	KUNIT_CASE(each_call_has_a_sequence_of_its_own),
	KUNIT_CASE(read_section_across_an_update_collides),
	KUNIT_CASE(read_section_beside_an_update_collides_after_it),
	KUNIT_CASE(reader_waits_beside_an_update),
	KUNIT_CASE(reader_waits_for_what_started_before_the_update),
	{}
};

static struct kunit_suite mmu_notifier_update_crowded_suite = {
	.name = "mmu_notifier_update_crowded",
	.init = mn_init_crowded,
	.test_cases = mmu_notifier_update_crowded_cases,
};

kunit_test_suites(&mmu_notifier_update_suite,
		  &mmu_notifier_update_crowded_suite);

MODULE_DESCRIPTION("Subscriptions to an interval that move");
MODULE_LICENSE("GPL");

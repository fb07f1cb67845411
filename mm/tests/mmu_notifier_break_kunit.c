// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scratch suite of a reviewer: attempts to break deferred removal, update and filters.
 */

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "mmu_notifier_helpers.h"

struct brk {
	struct mn_interval interval;
	struct mmu_interval_notifier_removal removal;
	const struct mmu_interval_notifier_ops *ops;
	struct mn_gate *gate;
	struct completion done;
	bool insert_again;
	int err;
};

static bool brk_invalidate(struct mmu_interval_notifier *sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq)
{
	return mn_interval_ops.invalidate(sub, range, seq);
}

static const struct mmu_interval_notifier_ops brk_ops = {
	.invalidate = brk_invalidate,
};

static bool brk_first_pass(struct mmu_interval_notifier *sub,
		      const struct mmu_notifier_range *range,
		      unsigned long seq,
		      struct mmu_interval_notifier_finish **finish)
{
	return mn_interval_ops.invalidate(sub, range, seq);
}

static void brk_second_pass(struct mmu_interval_notifier_finish *finish)
{
}

static const struct mmu_interval_notifier_ops brk_two_pass_ops = {
	.invalidate_start = brk_first_pass,
	.invalidate_finish = brk_second_pass,
};

static void brk_released(struct mmu_interval_notifier *sub)
{
	struct brk *brk = container_of(sub, struct brk, interval.sub);

	mn_gate_pass(brk->gate);
	if (brk->insert_again)
		brk->err = mmu_interval_notifier_insert(sub, sub->mm, MN_ADDR(20),
							MN_ADDR(10), brk->ops);
	complete(&brk->done);
}

static struct brk *brk_insert(struct mn_ctx *ctx,
			      const struct mmu_interval_notifier_ops *ops)
{
	struct brk *brk = mn_alloc(ctx, sizeof(*brk));

	brk->ops = ops;
	init_completion(&brk->done);
	mn_interval_init(ctx, 'a', &brk->interval);
	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_insert_ops(&brk->interval, ctx->mm, 0, MN_ADDR(10),
					  ops));
	list_del_init(&brk->interval.node);
	return brk;
}

static void brk_defer(struct brk *brk)
{
	mmu_interval_notifier_remove_deferred(&brk->interval.sub, &brk->removal,
					      brk_released);
}

/*
 * A late read section, which holds references. It reads the old interval, which is
 * invalidated after the subscription was inserted again elsewhere: nothing else can
 * tell it of that.
 */
static void late_read_section_collides_after_another_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct brk *a = brk_insert(ctx, &brk_ops);
	unsigned long seq;

	a->gate = mn_gate(ctx);
	a->insert_again = true;
	brk_defer(a);
	mn_gate_entered(ctx, a->gate);
	seq = mmu_interval_read_begin(&a->interval.sub);
	mn_gate_open(a->gate);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&a->done, 5 * HZ));
	KUNIT_ASSERT_EQ(test, 0, a->err);
	/* What it has read is invalidated; the subscription is elsewhere. */
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_TRUE(test, mn_retry(&a->interval, seq));

	a->insert_again = false;
	brk_defer(a);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&a->done, 5 * HZ));
	mmu_interval_notifier_barrier();
}

/* The same without deferral; stock has that, too. */
static void read_section_collides_after_removal_and_insertion(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *a = mn_insert(ctx, 'a', 0, 10);
	unsigned long seq = mmu_interval_read_begin(&a->sub);

	mn_remove(a);
	KUNIT_ASSERT_EQ(test, 0, mn_try_insert(a, ctx->mm, MN_ADDR(20), MN_ADDR(10)));
	mn_invalidate(ctx, 0, 10);
	KUNIT_EXPECT_TRUE(test, mn_retry(a, seq));
}

/* In core, for this suite only. */
extern void (*mn_brk_in_update)(void);
extern bool mn_brk_on;

static struct brk *brk_in_update;

static void hook(void)
{
	struct brk *brk = brk_in_update;

	mn_brk_in_update = NULL;
	/* The removal that was pending when the update was called is released. */
	mn_gate_open(brk->gate);
	wait_for_completion_timeout(&brk->done, 5 * HZ);
}

static void call_update(struct mn_call *call)
{
	struct brk *brk = call->arg;

	call->ret = mmu_interval_notifier_update(&brk->interval.sub, MN_ADDR(25),
						 MN_ADDR(10));
}

/*
 * The update is called while a removal is pending, whose released() inserts again in
 * the meantime. What stands in for it must be of its kind.
 */
static void update_races_with_release(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct brk *a = brk_insert(ctx, &brk_two_pass_ops);
	struct mmu_notifier_range *range;
	struct mn_call *update;
	static struct mmu_notifier_range *held;

	/* Pending: it is in the tree, with ops that do nothing. */
	held = mn_start(ctx, 0, 1);
	a->gate = mn_gate(ctx);
	a->insert_again = true;
	brk_defer(a);
	mn_gate_open(a->gate);
	brk_in_update = a;
	mn_brk_in_update = hook;
	range = mn_start(ctx, 22, 1);
	update = mn_spawn(ctx, "mmu_interval_notifier_update", a, call_update, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	mn_end(held);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	KUNIT_EXPECT_EQ(test, 0, a->err);
	/* It is called by way of the stand-in. */
	mn_invalidate(ctx, 27, 1);
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(update));
	a->insert_again = false;
	brk_defer(a);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&a->done, 5 * HZ));
	mmu_interval_notifier_barrier();
}

/* As drivers do after mmu_interval_notifier_remove() today (amdgpu, i915). */
static void mm_cleared_after_deferred_removal(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct brk *a = brk_insert(ctx, &brk_ops);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 1);

	brk_defer(a);
	a->interval.sub.mm = NULL;
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&a->done, 5 * HZ));
	mmu_interval_notifier_barrier();
}

static struct mmu_interval_notifier_filter inner, outer;

/* A library that filters, of a driver that filters. */
static void filter_of_a_filter(struct kunit *test)
{
	struct mmu_notifier_skip none = { };
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_interval(ctx, 'a');

	mmu_interval_notifier_filter_init(&inner, &mn_interval_ops, none);
	mmu_interval_notifier_filter_init(&outer, &inner.ops, none);
	KUNIT_ASSERT_EQ(test, 0,
			mn_try_insert_ops(interval, ctx->mm, 0, MN_ADDR(10),
					  &outer.ops));
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, 1);
}

static struct mmu_notifier_filter whole;

/* The report names the driver. */
static void refusal_is_reported_of_the_driver_of_a_whole_mm(struct kunit *test)
{
	struct mmu_notifier_skip none = { };
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub;

	mmu_notifier_filter_init(&whole, &mn_start_ops, none);
	sub = mn_register(ctx, 'b', &whole.ops);
	sub->fail_block = -EAGAIN;
	mn_reports_begin(ctx);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	KUNIT_EXPECT_NULL_MSG(test, strstr(mn_reports_text(), "mn_filter_start"),
			      "%s", mn_reports_text());
	sub->fail_block = 0;
}

static struct mmu_interval_notifier_removal shared;

/* One object for two subscriptions: a static one, say. */
static void removal_object_is_used_twice(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct brk *a = brk_insert(ctx, &brk_ops);
	struct brk *b = brk_insert(ctx, &brk_ops);
	struct mmu_notifier_range *range = mn_start(ctx, 0, 1);

	mmu_interval_notifier_remove_deferred(&a->interval.sub, &shared,
					      brk_released);
	mmu_interval_notifier_remove_deferred(&b->interval.sub, &shared,
					      brk_released);
	mn_end(range);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&b->done, 5 * HZ));
	ctx->broken = true;
}

/* The doc of range readers names invalidations only as what overruns them. */
static void removals_do_not_overrun_range_readers(struct kunit *test)
{
	enum { MANY = 70 };
	struct mn_ctx *ctx = test->priv;
	struct mmu_range_reader *reader = mn_alloc(ctx, sizeof(*reader));
	struct brk *all[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		all[i] = brk_insert(ctx, &brk_ops);
	mmu_range_reader_init(reader, ctx->mm);
	mmu_range_read_begin(reader, MN_ADDR(50), MN_ADDR(51));
	for (i = 0; i < MANY; i++)
		brk_defer(all[i]);
	KUNIT_EXPECT_FALSE(test, mmu_range_read_retry(reader));
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&all[i]->done, 5 * HZ));
	mmu_interval_notifier_barrier();
}

/*
 * A model: SPTEs of movable subscriptions against a page table that changes.
 */

enum { PAGES = 48, SUBS = 3, FLUX = 1 };

struct tsub {
	struct mmu_interval_notifier sub;
	struct mmu_interval_notifier_removal removal;
	struct torture *t;
	int nr;
	const struct mmu_interval_notifier_ops *ops;
	spinlock_t lock;	/* the user lock: protects the rest */
	unsigned long start, end;	/* bounds, in pages */
	unsigned long spte[PAGES];
	bool dead, gone, moving, kill, is_released;
	unsigned int finishes_due;
	wait_queue_head_t wait;
	unsigned int removals;
	atomic_t releases;
};

struct torture {
	struct mn_ctx *ctx;
	struct mm_struct *mm;
	unsigned long pt[PAGES];
	spinlock_t ptl;
	atomic_long_t next;
	atomic_t bad[8];
	atomic_t faults, moves, refused, skipped, calls, collisions;
	bool stop, ending;
	struct tsub sub[SUBS];
	struct mmu_interval_notifier_filter filter;
};

static char owner;

static void maybe_yield(void)
{
	if (!get_random_u32_below(3))
		yield();
	else
		udelay(get_random_u32_below(20));
}

static void zap(struct tsub *s, unsigned long first, unsigned long last)
{
	for (; first < PAGES && first <= last; first++)
		WRITE_ONCE(s->spte[first], 0);
}

static void t_released(struct mmu_interval_notifier *sub);

static void kill(struct tsub *s)
{
	lockdep_assert_held(&s->lock);
	if (s->dead || s->moving || s->t->ending)
		return;
	s->dead = true;
	zap(s, 0, PAGES - 1);
	s->start = s->end = 0;
	s->removals++;
	mmu_interval_notifier_remove_deferred(&s->sub, &s->removal, t_released);
}

static bool t_callback(struct mmu_interval_notifier *sub,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	struct tsub *s = container_of(sub, struct tsub, sub);

	if (range->event == MMU_NOTIFY_RELEASE)
		return true;
	if (!mmu_notifier_range_blockable(range) && !get_random_u32_below(3))
		return false;
	if (get_random_u32_below(2))
		udelay(get_random_u32_below(30));
	spin_lock(&s->lock);
	atomic_inc(&s->t->calls);
	if (s->is_released)
		atomic_inc(&s->t->bad[0]);
	mmu_interval_set_seq(sub, seq);
	zap(s, range->start >> PAGE_SHIFT, (range->end - 1) >> PAGE_SHIFT);
	if (!get_random_u32_below(16))
		kill(s);
	spin_unlock(&s->lock);
	return true;
}

struct tfinish {
	struct mmu_interval_notifier_finish finish;
	struct tsub *s;
};

static bool t_start(struct mmu_interval_notifier *sub,
		    const struct mmu_notifier_range *range, unsigned long seq,
		    struct mmu_interval_notifier_finish **finish)
{
	struct tsub *s = container_of(sub, struct tsub, sub);
	struct tfinish *f = kmalloc(sizeof(*f), GFP_ATOMIC);

	if (!t_callback(sub, range, seq)) {
		kfree(f);
		return false;
	}
	if (f) {
		f->s = s;
		spin_lock(&s->lock);
		s->finishes_due++;
		spin_unlock(&s->lock);
		*finish = &f->finish;
	}
	return true;
}

static void t_finish(struct mmu_interval_notifier_finish *finish)
{
	struct tfinish *f = container_of(finish, struct tfinish, finish);
	struct tsub *s = f->s;

	spin_lock(&s->lock);
	if (finish->notifier != &s->sub || s->is_released)
		atomic_inc(&s->t->bad[1]);
	s->finishes_due--;
	spin_unlock(&s->lock);
	memset(f, 0xa5, sizeof(*f));
	kfree(f);
}

static const struct mmu_interval_notifier_ops t_ops = {
	.invalidate = t_callback,
};

static const struct mmu_interval_notifier_ops t_two_pass_ops = {
	.invalidate_start = t_start,
	.invalidate_finish = t_finish,
};

static void random_place(unsigned long *start, unsigned long *end)
{
	*start = get_random_u32_below(PAGES - 1);
	*end = *start + 1 + get_random_u32_below(PAGES - *start);
}

static void insert_again(struct tsub *s)
{
	unsigned long start, end;

	random_place(&start, &end);
	spin_lock(&s->lock);
	s->is_released = false;
	spin_unlock(&s->lock);
	if (mmu_interval_notifier_insert(&s->sub, s->t->mm, MN_ADDR(start),
					 MN_ADDR(end - start), s->ops)) {
		atomic_inc(&s->t->bad[2]);
		return;
	}
	spin_lock(&s->lock);
	s->start = start;
	s->end = end;
	s->dead = false;
	spin_unlock(&s->lock);
}

static void t_released(struct mmu_interval_notifier *sub)
{
	struct tsub *s = container_of(sub, struct tsub, sub);

	spin_lock(&s->lock);
	if (s->is_released || s->finishes_due)
		atomic_inc(&s->t->bad[3]);
	s->is_released = true;
	memset(&s->removal, 0xa5, sizeof(s->removal));
	spin_unlock(&s->lock);
	atomic_inc(&s->releases);
	if (get_random_u32_below(2))
		maybe_yield();
	if (!READ_ONCE(s->t->ending))
		insert_again(s);
	else
		s->gone = true;
	wake_up_all(&s->wait);
}

static void fault(struct tsub *s)
{
	struct torture *t = s->t;
	unsigned long page = get_random_u32_below(PAGES), val, seq;

	seq = mmu_interval_read_begin(&s->sub);
	if (get_random_u32_below(2))
		maybe_yield();
	spin_lock(&t->ptl);
	val = t->pt[page];
	spin_unlock(&t->ptl);
	if (get_random_u32_below(2))
		maybe_yield();
	spin_lock(&s->lock);
	if (mmu_interval_read_retry(&s->sub, seq)) {
		atomic_inc(&t->collisions);
	} else if (!s->dead && page >= s->start && page < s->end) {
		if (val & FLUX)
			atomic_inc(&t->bad[4]);
		WRITE_ONCE(s->spte[page], val);
		atomic_inc(&t->faults);
	}
	spin_unlock(&s->lock);
}

static void move(struct tsub *s)
{
	unsigned long start, end, ns, ne;
	int err;

	random_place(&start, &end);
	spin_lock(&s->lock);
	if (s->dead || s->moving || s->t->ending) {
		spin_unlock(&s->lock);
		return;
	}
	s->moving = true;
	ns = max(start, s->start);
	ne = max(ns, min(end, s->end));
	if (ns)
		zap(s, 0, ns - 1);
	zap(s, ne, PAGES - 1);
	s->start = ns;
	s->end = ne;
	spin_unlock(&s->lock);
	err = mmu_interval_notifier_update(&s->sub, MN_ADDR(start),
					   MN_ADDR(end - start));
	if (err)
		atomic_inc(&s->t->bad[5]);
	spin_lock(&s->lock);
	s->moving = false;
	s->start = start;
	s->end = end;
	atomic_inc(&s->t->moves);
	spin_unlock(&s->lock);
	wake_up_all(&s->wait);
}

static void call_owner(struct mn_call *call)
{
	struct tsub *s = call->arg;

	while (!READ_ONCE(s->t->stop)) {
		if (!get_random_u32_below(4))
			move(s);
		else
			fault(s);
		if (!get_random_u32_below(10)) {
			spin_lock(&s->lock);
			kill(s);
			spin_unlock(&s->lock);
		}
		cond_resched();
	}
}

static void call_fault(struct mn_call *call)
{
	struct tsub *s = call->arg;

	while (!READ_ONCE(s->t->stop)) {
		fault(s);
		cond_resched();
	}
}

static void check_no_spte(struct torture *t, unsigned long start, unsigned long end)
{
	int i;

	for (i = 0; i < SUBS; i++) {
		struct tsub *s = &t->sub[i];
		unsigned long p;

		spin_lock(&s->lock);
		for (p = start; p < end; p++) {
			if (s->spte[p])
				atomic_inc(&t->bad[6]);
		}
		spin_unlock(&s->lock);
	}
}

/* Nothing changes these pages now. */
static void check_spte(struct torture *t, unsigned long start, unsigned long end)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct tsub *s = &t->sub[i];
		unsigned long p;

		spin_lock(&s->lock);
		for (p = start; p < end; p++) {
			if (s->spte[p] && s->spte[p] != t->pt[p])
				atomic_inc(&t->bad[7]);
		}
		spin_unlock(&s->lock);
	}
}

static void change(struct torture *t, struct mmu_notifier_range *range,
		   unsigned long start, unsigned long end, bool skipped)
{
	unsigned long p;

	maybe_yield();
	for (p = start; p < end; p++) {
		spin_lock(&t->ptl);
		t->pt[p] = atomic_long_add_return(4, &t->next) | FLUX;
		spin_unlock(&t->ptl);
	}
	maybe_yield();
	if (!skipped)
		check_no_spte(t, start, end);
	for (p = start; p < end; p++) {
		spin_lock(&t->ptl);
		t->pt[p] = atomic_long_add_return(4, &t->next) & ~FLUX;
		spin_unlock(&t->ptl);
	}
}

/* Each page is changed by one at a time, as under the mmap_lock or a page lock. */
static DECLARE_BITMAP(t_busy, PAGES);
static DEFINE_SPINLOCK(t_busy_lock);

static bool t_may_change(struct torture *t, unsigned long start, unsigned long end)
{
	bool ok;

	spin_lock(&t_busy_lock);
	ok = find_next_bit(t_busy, end, start) >= end;
	if (ok)
		bitmap_set(t_busy, start, end - start);
	spin_unlock(&t_busy_lock);
	return ok;
}

static void t_changed(unsigned long start, unsigned long end)
{
	spin_lock(&t_busy_lock);
	bitmap_clear(t_busy, start, end - start);
	spin_unlock(&t_busy_lock);
}

static void one(struct torture *t, unsigned int depth)
{
	struct mmu_notifier_range range;
	unsigned long start, end;
	bool skipped = !get_random_u32_below(4);
	int err = 0;

	start = get_random_u32_below(PAGES);
	end = start + 1 + get_random_u32_below(min(12UL, PAGES - start));
	if (!t_may_change(t, start, end))
		return;
	check_spte(t, start, end);
	mmu_notifier_range_init_owner(&range, skipped ? MMU_NOTIFY_MIGRATE :
				      MMU_NOTIFY_CLEAR, 0, t->mm, MN_ADDR(start),
				      MN_ADDR(end), skipped ? &owner : NULL);
	if (get_random_u32_below(4)) {
		mmu_notifier_invalidate_range_start(&range);
	} else {
		non_block_start();
		err = mmu_notifier_invalidate_range_start_nonblock(&range);
		non_block_end();
	}
	if (err) {
		atomic_inc(&t->refused);
	} else {
		if (skipped)
			atomic_inc(&t->skipped);
		change(t, &range, start, end, skipped);
		if (depth < 2 && !get_random_u32_below(4))
			one(t, depth + 1);
		maybe_yield();
		mmu_notifier_invalidate_range_end(&range);
	}
	t_changed(start, end);
}

static void call_invalidate(struct mn_call *call)
{
	struct torture *t = call->arg;

	while (!READ_ONCE(t->stop)) {
		one(t, 0);
		cond_resched();
	}
}

static void call_crowd(struct mn_call *call)
{
	enum { CROWD = 90 };
	struct torture *t = call->arg;
	struct mmu_notifier_range *all;
	int i;

	all = kcalloc(CROWD, sizeof(*all), GFP_KERNEL);
	while (all && !READ_ONCE(t->stop)) {
		for (i = 0; i < CROWD; i++) {
			mmu_notifier_range_init(&all[i], MMU_NOTIFY_CLEAR, 0, t->mm,
						MN_ADDR(get_random_u32_below(PAGES)),
						MN_ADDR(PAGES + 2));
			mmu_notifier_invalidate_range_start(&all[i]);
			one(t, 2);
		}
		for (i = 0; i < CROWD; i++) {
			mmu_notifier_invalidate_range_end(&all[(i * 7) % CROWD]);
			one(t, 2);
		}
		for (i = 0; i < 20; i++) {
			one(t, 0);
			schedule_timeout_uninterruptible(1);
		}
	}
	kfree(all);
}

static void call_barrier(struct mn_call *call)
{
	struct torture *t = call->arg;

	while (!READ_ONCE(t->stop)) {
		mmu_interval_notifier_barrier();
		cond_resched();
	}
}

static unsigned int brk_seconds = 12;
module_param(brk_seconds, uint, 0444);

static void torture_case(struct kunit *test, bool crowd)
{
	struct mn_ctx *ctx = test->priv;
	struct torture *t = mn_alloc(ctx, sizeof(*t));
	struct mn_call *calls[20];
	int i, nr = 0;

	const struct mmu_notifier_skip skip = { .owner = &owner };

	t->ctx = ctx;
	t->mm = ctx->mm;
	spin_lock_init(&t->ptl);
	mn_prepare(ctx);
	mmu_interval_notifier_filter_init(&t->filter, &t_ops, skip);
	for (i = 0; i < PAGES; i++)
		t->pt[i] = atomic_long_add_return(4, &t->next);
	for (i = 0; i < SUBS; i++) {
		struct tsub *s = &t->sub[i];

		s->t = t;
		s->nr = i;
		s->ops = i == 0 ? &t_ops : i == 1 ? &t_two_pass_ops : &t->filter.ops;
		spin_lock_init(&s->lock);
		init_waitqueue_head(&s->wait);
		s->dead = true;
		insert_again(s);
	}
	for (i = 0; i < SUBS; i++) {
		calls[nr++] = mn_spawn(ctx, "owner", &t->sub[i], call_owner, -1);
		calls[nr++] = mn_spawn(ctx, "fault", &t->sub[i], call_fault, -1);
	}
	for (i = 0; i < 3; i++)
		calls[nr++] = mn_spawn(ctx, "invalidate", t, call_invalidate, -1);
	calls[nr++] = mn_spawn(ctx, "barrier", t, call_barrier, -1);
	if (crowd)
		calls[nr++] = mn_spawn(ctx, "crowd", t, call_crowd, -1);
	WRITE_ONCE(mn_brk_on, true);
	schedule_timeout_uninterruptible(brk_seconds * HZ);
	WRITE_ONCE(mn_brk_on, false);
	WRITE_ONCE(t->stop, true);
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_TRUE_MSG(test, mn_returns(calls[i]), "%d", i);
	for (i = 0; i < SUBS; i++) {
		struct tsub *s = &t->sub[i];

		/* The owners are gone: once inserted, it stays so. */
		wait_event_timeout(s->wait, !READ_ONCE(s->dead), 5 * HZ);
		KUNIT_EXPECT_FALSE(test, s->dead);
		KUNIT_EXPECT_EQ(test, s->removals, atomic_read(&s->releases));
		mmu_interval_notifier_remove(&s->sub);
		KUNIT_EXPECT_EQ(test, s->finishes_due, 0);
	}
	mmu_interval_notifier_barrier();
	for (i = 0; i < ARRAY_SIZE(t->bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&t->bad[i]), 0, "bad %d", i);
	kunit_info(test, "calls %d faults %d collisions %d moves %d refused %d skipped %d removals %u %u %u\n",
		   atomic_read(&t->calls), atomic_read(&t->faults), atomic_read(&t->collisions),
		   atomic_read(&t->moves), atomic_read(&t->refused), atomic_read(&t->skipped),
		   t->sub[0].removals, t->sub[1].removals, t->sub[2].removals);
}

/* How long a start holds the lock for those that are removed but yet to be released. */
static void start_among_many_pending_removals(struct kunit *test)
{
	enum { MANY = 20000 };
	struct mn_ctx *ctx = test->priv;
	struct mmu_notifier_range *held, *range;
	struct brk **all = mn_alloc(ctx, MANY * sizeof(*all));
	u64 t[3];
	int i;

	for (i = 0; i < MANY; i++)
		all[i] = brk_insert(ctx, &brk_ops);
	held = mn_start(ctx, 0, 10);
	t[0] = ktime_get_ns();
	range = mn_start(ctx, 0, 1);
	t[0] = ktime_get_ns() - t[0];
	mn_end(range);
	for (i = 0; i < MANY; i++)
		brk_defer(all[i]);
	/* All in one critical section: none of them is called. */
	t[1] = ktime_get_ns();
	range = mn_start(ctx, 0, 1);
	t[1] = ktime_get_ns() - t[1];
	mn_end(range);
	mn_end(held);
	for (i = 0; i < MANY; i++)
		KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&all[i]->done, 5 * HZ));
	mmu_interval_notifier_barrier();
	t[2] = ktime_get_ns();
	range = mn_start(ctx, 0, 1);
	t[2] = ktime_get_ns() - t[2];
	mn_end(range);
	kunit_info(test, "start, ns: %llu all called, %llu all pending, %llu none\n",
		   t[0], t[1], t[2]);
}

/* The report names the driver, also if a stand-in was called for it. */
static bool brk_refuse(struct mmu_interval_notifier *sub,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	brk_invalidate(sub, range, seq);
	return !container_of(sub, struct brk, interval.sub)->err;
}

static const struct mmu_interval_notifier_ops brk_refuse_ops = {
	.invalidate = brk_refuse,
};

static void refusal_is_reported_of_the_driver_beside_an_update(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct brk *a = brk_insert(ctx, &brk_refuse_ops);
	struct mmu_notifier_range *range = mn_start(ctx, 5, 1);
	struct mn_call *update;

	update = mn_spawn(ctx, "mmu_interval_notifier_update", a, call_update, -1);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(update));
	a->err = 1;
	mn_reports_begin(ctx);
	mn_invalidate(ctx, 26, 1);
	KUNIT_EXPECT_EQ(test, 1, mn_reports_end(ctx));
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(mn_reports_text(), "brk_refuse"), "%.60s",
				  mn_reports_text());
	a->err = 0;
	mn_end(range);
	KUNIT_ASSERT_TRUE(test, mn_returns(update));
	brk_defer(a);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&a->done, 5 * HZ));
	mmu_interval_notifier_barrier();
}

/*
 * Processes that exit while their subscriptions are removed: by RELEASE, by a thread, and
 * in callbacks; a range is held across the exit. Nothing but the removals keeps the mm.
 */
struct storm;

struct ssub {
	struct mmu_interval_notifier sub;
	struct mmu_interval_notifier_removal removal;
	struct storm *storm;
	spinlock_t lock;
	bool dead;
};

struct storm {
	struct mm_struct *mm;
	struct ssub *sub[6];
	refcount_t users;
	struct work_struct work;
	struct mmu_notifier_range range[70];
	unsigned int nr;
};

static atomic_t storm_released, storm_bad;
static bool storm_unloaded;

static void storm_put(struct storm *storm)
{
	if (refcount_dec_and_test(&storm->users))
		kfree(storm);
}

static void s_released(struct mmu_interval_notifier *sub)
{
	struct ssub *s = container_of(sub, struct ssub, sub);

	if (READ_ONCE(storm_unloaded))
		atomic_inc(&storm_bad);
	if (get_random_u32_below(2))
		maybe_yield();
	storm_put(s->storm);
	memset(s, 0xa5, sizeof(*s));
	kfree(s);
	atomic_inc(&storm_released);
}

static void s_kill(struct ssub *s)
{
	if (s->dead)
		return;
	s->dead = true;
	mmu_interval_notifier_remove_deferred(&s->sub, &s->removal, s_released);
}

static bool s_callback(struct mmu_interval_notifier *sub,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	struct ssub *s = container_of(sub, struct ssub, sub);

	spin_lock(&s->lock);
	mmu_interval_set_seq(sub, seq);
	if (range->event == MMU_NOTIFY_RELEASE || !get_random_u32_below(40))
		s_kill(s);
	spin_unlock(&s->lock);
	return true;
}

static const struct mmu_interval_notifier_ops s_ops = {
	.invalidate = s_callback,
};

static void storm_work(struct work_struct *work)
{
	struct storm *storm = container_of(work, struct storm, work);
	unsigned int i;

	maybe_yield();
	for (i = 0; i < storm->nr; i++) {
		maybe_yield();
		mmu_notifier_invalidate_range_end(&storm->range[i]);
	}
	/* As of an rmap walk: it has pinned the mm. */
	mmdrop(storm->mm);
	storm_put(storm);
}

static void exit_storm(struct kunit *test)
{
	int round, i, inserted = 0;

	atomic_set(&storm_released, 0);
	atomic_set(&storm_bad, 0);
	WRITE_ONCE(mn_brk_on, true);
	for (round = 0; round < 400; round++) {
		struct storm *storm = kzalloc(sizeof(*storm), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, storm);
		storm_unloaded = false;
		storm->mm = mm_alloc();
		KUNIT_ASSERT_NOT_NULL(test, storm->mm);
		KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(NULL, storm->mm));
		refcount_set(&storm->users, 1);
		INIT_WORK(&storm->work, storm_work);
		for (i = 0; i < ARRAY_SIZE(storm->sub); i++) {
			struct ssub *s = kzalloc(sizeof(*s), GFP_KERNEL);

			s->storm = storm;
			spin_lock_init(&s->lock);
			refcount_inc(&storm->users);
			KUNIT_ASSERT_EQ(test, 0,
					mmu_interval_notifier_insert(&s->sub, storm->mm,
								     MN_ADDR(i),
								     MN_ADDR(3), &s_ops));
			storm->sub[i] = s;
			inserted++;
		}
		storm->nr = round % 3 ? 3 : 70;
		for (i = 0; i < storm->nr; i++) {
			mmu_notifier_range_init(&storm->range[i], MMU_NOTIFY_CLEAR, 0,
						storm->mm, MN_ADDR(i % 8),
						MN_ADDR(i % 8 + 1));
			mmu_notifier_invalidate_range_start(&storm->range[i]);
		}
		mmgrab(storm->mm);
		queue_work(system_dfl_wq, &storm->work);
		if (round % 2)
			mmput(storm->mm);
		if (!(round % 5)) {
			mmu_interval_notifier_barrier();
		}
		if (!(round % 2))
			mmput(storm->mm);
		flush_work(&storm->work);
		mmu_interval_notifier_barrier();
		storm_unloaded = true;
		if (atomic_read(&storm_released) != inserted)
			atomic_inc(&storm_bad);
	}
	WRITE_ONCE(mn_brk_on, false);
	KUNIT_EXPECT_EQ(test, inserted, atomic_read(&storm_released));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&storm_bad));
}

static void torture(struct kunit *test)
{
	torture_case(test, false);
}

static void torture_crowded(struct kunit *test)
{
	torture_case(test, true);
}

static struct kunit_case mmu_notifier_break_cases[] = {
	KUNIT_CASE(late_read_section_collides_after_another_insertion),
	KUNIT_CASE(read_section_collides_after_removal_and_insertion),
	KUNIT_CASE(refusal_is_reported_of_the_driver_of_a_whole_mm),
	KUNIT_CASE(removals_do_not_overrun_range_readers),
	KUNIT_CASE(refusal_is_reported_of_the_driver_beside_an_update),
	KUNIT_CASE(start_among_many_pending_removals),
	KUNIT_CASE(exit_storm),
	KUNIT_CASE(torture),
	KUNIT_CASE(torture_crowded),
	{}
};

static struct kunit_suite mmu_notifier_break_suite = {
	.name = "mmu_notifier_break",
	.init = mn_init,
	.test_cases = mmu_notifier_break_cases,
};

/* Each of these stops the kernel, as it is. */
static struct kunit_case mmu_notifier_crash_cases[] = {
	KUNIT_CASE(update_races_with_release),
	KUNIT_CASE(mm_cleared_after_deferred_removal),
	KUNIT_CASE(filter_of_a_filter),
	KUNIT_CASE(removal_object_is_used_twice),
	{}
};

static struct kunit_suite mmu_notifier_crash_suite = {
	.name = "mmu_notifier_crash",
	.init = mn_init,
	.test_cases = mmu_notifier_crash_cases,
};

kunit_test_suites(&mmu_notifier_break_suite, &mmu_notifier_crash_suite);

MODULE_DESCRIPTION("Attempts to break MMU notifiers");
MODULE_LICENSE("GPL");

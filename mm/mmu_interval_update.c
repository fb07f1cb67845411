// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: a subscription that moves to another interval.
 *
 * An interval_sub cannot change its place in the tree while a range may stand on it.
 * So two stand-ins are inserted, one for the old interval and one for the new, which
 * hand what is announced to them on to the interval_sub. Then that is taken out of
 * the tree as by a removal, put back with its new interval, and the stand-ins go:
 *
 *   old interval   interval_sub   stand-in ..............
 *   new interval                  stand-in ......................
 *                                                 interval_sub
 *                                 wait            wait
 *
 * From the call on, everything that overlaps the new interval is announced; until the
 * interval_sub has moved, so is what overlaps the old one. Both waits are those of a
 * removal: for what was active when they began.
 *
 * So one invalidation may be announced twice, by two of the three, with others in
 * between. If both stored its sequence, a reader that began with the first would not
 * collide with those. So each stand-in hands on a sequence of its own. And the
 * interval_sub moves with a sequence that it never had: what was read in the old
 * interval collides. It gets another one when the stand-ins have gone: a reader that
 * took its sequence from one of these may have seen the old addresses, and waited for
 * what overlaps them only.
 */

#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "mmu_notifier_internal.h"

/**
 * struct mn_stand_in - is called in place of an interval_sub that moves
 * @interval_sub: Of the stand-in.
 * @moves: The one that moves.
 * @toggles: The bit of a sequence that tells what it hands on. No sequence gets that
 *	far on 64 bit; on 32 bit, none does while a read section lasts.
 */
struct mn_stand_in {
	struct mmu_interval_notifier interval_sub;
	struct mmu_interval_notifier *moves;
	unsigned long toggles;
};

/* Both stand-ins of one move. */
struct mn_move {
	struct mn_stand_in old, new;
};

static const struct mn_stand_in *
mn_stand_in(const struct mmu_interval_notifier *interval_sub)
{
	return container_of(interval_sub, struct mn_stand_in, interval_sub);
}

/* The sequence to hand on. @call is what is called with it. */
static unsigned long mn_stand_in_seq(const struct mn_stand_in *stand_in,
				     const struct mmu_notifier_range *range,
				     unsigned long cur_seq,
				     struct mn_debug_call **call)
{
	const unsigned long seq = cur_seq ^ stand_in->toggles;

	mn_debug_call_begin(call, stand_in->moves, range, seq);
	return seq;
}

static bool mn_stand_in_invalidate(struct mmu_interval_notifier *interval_sub,
				   const struct mmu_notifier_range *range,
				   unsigned long cur_seq)
{
	const struct mn_stand_in *stand_in = mn_stand_in(interval_sub);
	struct mmu_interval_notifier *moves = stand_in->moves;
	struct mn_debug_call *call;
	bool done;

	cur_seq = mn_stand_in_seq(stand_in, range, cur_seq, &call);
	done = moves->ops->invalidate(moves, range, cur_seq);
	mn_debug_call_end(&call, moves->ops, done);
	/* Here, the driver's callback is known. */
	return done || !mn_refused(moves->ops, range);
}

static bool mn_stand_in_start(struct mmu_interval_notifier *interval_sub,
			      const struct mmu_notifier_range *range,
			      unsigned long cur_seq,
			      struct mmu_interval_notifier_finish **finish)
{
	const struct mn_stand_in *stand_in = mn_stand_in(interval_sub);
	struct mmu_interval_notifier *moves = stand_in->moves;
	struct mn_debug_call *call;
	bool done;

	cur_seq = mn_stand_in_seq(stand_in, range, cur_seq, &call);
	done = moves->ops->invalidate_start(moves, range, cur_seq, finish);
	mn_debug_call_end(&call, moves->ops, done && !*finish);
	if (done)
		return true;
	/* As in mn_filter_invalidate_start(). */
	*finish = NULL;
	return !mn_refused(moves->ops, range);
}

/* The driver looks at @finish->notifier. */
static void mn_stand_in_finish(struct mmu_interval_notifier_finish *finish)
{
	finish->notifier = mn_stand_in(finish->notifier)->moves;
	finish->notifier->ops->invalidate_finish(finish);
}

static const struct mmu_interval_notifier_ops mn_stand_in_ops = {
	.invalidate = mn_stand_in_invalidate,
};

static const struct mmu_interval_notifier_ops mn_stand_in_two_pass_ops = {
	.invalidate_start = mn_stand_in_start,
	.invalidate_finish = mn_stand_in_finish,
};

bool mn_is_stand_in(const struct mmu_interval_notifier *interval_sub)
{
	const struct mmu_interval_notifier_ops *ops =
		READ_ONCE(interval_sub->ops);

	return ops == &mn_stand_in_ops || ops == &mn_stand_in_two_pass_ops;
}

/*
 * What the driver is called about, and with which sequence, where this one is: the same,
 * or what it stands in for.
 */
const struct mmu_interval_notifier *
mn_that_moves(const struct mmu_interval_notifier *interval_sub,
	      unsigned long *seq)
{
	if (!mn_is_stand_in(interval_sub))
		return interval_sub;
	*seq ^= mn_stand_in(interval_sub)->toggles;
	return mn_stand_in(interval_sub)->moves;
}

static void mn_stand_in_init(struct mn_stand_in *stand_in,
			     struct mmu_interval_notifier *interval_sub,
			     unsigned int bit)
{
	stand_in->moves = interval_sub;
	stand_in->toggles = BIT(bit);
	stand_in->interval_sub.mm = interval_sub->mm;
	stand_in->interval_sub.ops = interval_sub->ops->invalidate_start ?
					     &mn_stand_in_two_pass_ops :
					     &mn_stand_in_ops;
}

static bool mn_stand_in_overlaps(const struct mn_stand_in *stand_in,
				 const struct mn_span *span)
{
	const struct interval_tree_node *node =
		&stand_in->interval_sub.interval_tree;

	return mn_overlaps(span, node->start, node->last);
}

/* Both at once, so that the second is not waited for once more. */
static void mn_stand_ins_remove(struct mn_ranges *ranges, struct mn_move *move)
	__must_hold(&ranges->lock)
{
	unsigned long mask = ranges->active;
	const u64 mark = ranges->last_seq;

	mn_interval_stop(ranges, &move->old.interval_sub);
	mn_interval_stop(ranges, &move->new.interval_sub);
	if (unlikely(mask & MN_UNTRACKED))
		mn_wait_for_untracked(ranges, mn_generation_of_all(ranges),
				      TASK_UNINTERRUPTIBLE,
				      MMU_NOTIFIER_REMOVER);
	for (mask &= ~MN_UNTRACKED; mask; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);
		const struct mn_span *span = &ranges->slots[i].span;

		if (mn_stand_in_overlaps(&move->old, span) ||
		    mn_stand_in_overlaps(&move->new, span))
			mn_wait_for_slot(ranges, i, mark, TASK_UNINTERRUPTIBLE,
					 MMU_NOTIFIER_REMOVER);
	}
	ranges->nr_removing -= 2;
	mn_interval_erase(ranges, &move->old.interval_sub);
	mn_interval_erase(ranges, &move->new.interval_sub);
}

/*
 * Drops the lock to wait. Nothing else may remove or move it in the meantime: the
 * stand-ins call it.
 */
static void mn_interval_move(struct mn_ranges *ranges, struct mn_move *move,
			     struct mmu_interval_notifier *interval_sub,
			     unsigned long start, unsigned long last)
	__must_hold(&ranges->lock)
{
	mn_stand_in_init(&move->old, interval_sub, BITS_PER_LONG - 1);
	mn_stand_in_init(&move->new, interval_sub, BITS_PER_LONG - 2);
	mn_interval_place(ranges, &move->old.interval_sub,
			  interval_sub->interval_tree.start,
			  interval_sub->interval_tree.last);
	mn_interval_place(ranges, &move->new.interval_sub, start, last);
	mn_interval_stop(ranges, interval_sub);
	mn_interval_drain(ranges, interval_sub);

	/* If nothing has started since it was inserted, it has the last one. */
	WRITE_ONCE(ranges->last_seq, ranges->last_seq + 2);
	mn_interval_replace(ranges, interval_sub, start, last);
	mn_stand_ins_remove(ranges, move);
	interval_sub->removed = 0;
	/* A sequence that a stand-in had stored says nothing about the addresses. */
	mn_interval_collide(ranges, interval_sub);
}

/**
 * mmu_interval_notifier_update - move a subscription to another interval
 * @interval_sub: The subscription.
 * @start: First address of the new interval.
 * @length: Length of the new interval in bytes.
 *
 * There is no gap: invalidations that start during this call are announced if they
 * overlap the new interval, and until the subscription has moved also if they overlap
 * the old one. So SPTEs that are in both intervals may stay, and fault handlers may
 * run. Let a driver have bounds of its own under the user lock, and establish nothing
 * outside of them: narrow them to what is in both intervals, and zap the rest, before
 * this call; widen them after it. Read sections that begin before the subscription has
 * moved collide if they end after that; and those that begin before this returns, if
 * they end after that.
 *
 * During the call, a callback may be called twice for one invalidation, with different
 * sequences, and for addresses in either interval, whatever the interval_tree of
 * @interval_sub says.
 *
 * Waits for invalidations as mmu_interval_notifier_remove() does: for those that
 * overlap the old interval; then for those that overlap either and are active by then.
 *
 * Until this returns, another update or a removal of @interval_sub, deferred or not, has
 * no effect but a warning. A callback that finds the mapping gone leaves a note for the
 * caller of this, which removes it. Let the user lock decide between the two: set a flag
 * under it before this call.
 *
 * Context: May sleep. As mmu_interval_notifier_remove(): not from a callback, nor under
 * a lock that a callback takes or that invalidations run under.
 * Return: 0; %-EOVERFLOW if @length is 0 or the interval exceeds the address space;
 * %-ENOMEM; %-EINVAL if it is not inserted, or is being removed or moved, with a
 * warning. After an error, it is where it was.
 */
int mmu_interval_notifier_update(struct mmu_interval_notifier *interval_sub,
				 unsigned long start, unsigned long length)
{
	const struct mmu_interval_notifier_ops *ops = NULL;
	struct mn_ranges *ranges;
	struct mn_move *move;
	unsigned long last;
	bool busy;

	might_sleep();

	if (!mn_may_remove(interval_sub))
		return -EINVAL;
	if (!length || check_add_overflow(start, length - 1, &last))
		return -EOVERFLOW;
	move = kmalloc_obj(*move);
	if (!move)
		return -ENOMEM;

	mn_lockdep_may_wait();

	ranges = mn_ranges_of_mm(interval_sub->mm);
	spin_lock(&ranges->lock);
	busy = mn_is_being_removed(interval_sub);
	if (unlikely(busy))
		ops = mn_ops_to_name(interval_sub);
	else
		mn_interval_move(ranges, move, interval_sub, start, last);
	spin_unlock(&ranges->lock);
	kfree(move);
	return mn_warn(busy, _RET_IP_, "%ps is being removed or moved, and cannot move\n",
		       ops) ? -EINVAL : 0;
}
EXPORT_SYMBOL_GPL(mmu_interval_notifier_update);

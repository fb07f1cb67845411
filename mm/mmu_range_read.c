// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: collision-retry for any range, with any kind of notifier.
 *
 * A range reader has no subscription of its own. Its driver has one to the mm, or
 * to an interval around what is read, whose callback takes the user lock. The range
 * reader takes a token, the last sequence; waits until no overlapping range is active;
 * reads the page table; and under the user lock looks at the history, the slots of the
 * mm: which ranges have started since, and do they overlap?
 *
 *   invalidation                            range reader
 *
 *   lock
 *     sequence += 2
 *     fill a slot
 *   unlock
 *                                           token = last sequence
 *   callback                                wait for active ranges that overlap
 *     take the user lock                    read the page table
 *     tear down SPTEs                       take the user lock
 *     release the user lock                   does a slot overlap whose
 *                                             sequence is after the token?
 *   change the page table                       retry
 *   lock                                        : establish SPTEs
 *     clear the slot                        release the user lock
 *   unlock
 *   wake the waiters of the slot
 *
 * If the callback takes the user lock first, the range reader finds the slot. If
 * the range reader is first, the callback tears down what it has just established.
 * If the range started before the token, the range reader waits for its end.
 *
 * A range reader takes no lock and writes to no memory of the mm, unless it has to
 * wait or is overrun. An invalidation does nothing for range readers.
 *
 * If more ranges have started since the token than there are free slots, the range
 * reader is overrun and retries. To be overrun only once, it gets a watch with its
 * next begin, which the first overlapping start hits. For some time new range
 * readers of the mm get a watch, too, because a fault may be retried with a new
 * one: see mmu_range_watch.c.
 */

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/instruction_pointer.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "mmu_notifier_internal.h"

/* How long after an overrun new range readers get a watch, in sequences. */
#define MN_OVERRUN_IS_RECENT	(2 * SZ_16K)

/* Sequences of one mm are odd and close together: a long is enough to compare. */
static __always_inline const unsigned long *mn_low_word(const u64 *seq)
{
	const unsigned long *words = (const unsigned long *)seq;

	return IS_ENABLED(CONFIG_64BIT) || IS_ENABLED(CONFIG_CPU_LITTLE_ENDIAN) ?
		       words : words + 1;
}

static __always_inline unsigned long
mn_last_seq(const struct mn_ranges *ranges)
{
	/*
	 * (M) Ranges up to this sequence are found in the mask and in their slot,
	 * unless they have ended; the slot of one that has ended is reused only by
	 * a newer one. Pairs with (D) in mn_range_take_slot().
	 */
	return smp_load_acquire(mn_low_word(&ranges->last_seq));
}

/* Even, so it differs from every token. */
static const unsigned long mn_no_seq;

/* NULL if the invalidations of the mm are not tracked. */
static struct mn_ranges *mn_ranges_to_read(const struct mm_struct *mm)
{
	struct mn_ranges *ranges = mn_ranges_of_mm(mm);

	/*
	 * (R) The read section sees what was done to the page table in ranges that
	 * ended before the mm had slots. Pairs with (B) in mn_attach().
	 */
	return ranges && smp_load_acquire(&ranges->complete) ? ranges : NULL;
}

/*
 * What a range reader reads
 */

/* The ranges are sorted: only the first that ends after @first has to be checked. */
static noinline bool mn_set_overlaps(const struct mmu_range_reader *reader,
				     unsigned long first, unsigned long last)
{
	const struct mmu_read_range *set = reader->set;
	unsigned int begin = 0, end = reader->nr;

	while (begin < end) {
		const unsigned int middle = begin + (end - begin) / 2;

		if (set[middle].end - 1 < first)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin < reader->nr && set[begin].start <= last;
}

static __always_inline bool
mn_reader_overlaps(const struct mmu_range_reader *reader,
		   const struct mn_span *span)
{
	if (!mn_overlaps(span, reader->first, reader->last))
		return false;
	return !reader->set || mn_set_overlaps(reader, READ_ONCE(span->first),
					       READ_ONCE(span->last));
}

/*
 * The begin
 */

/* There is no read section: each retry collides with a token this old, which is even. */
static void mn_reader_forget(struct mmu_range_reader *reader)
{
	reader->seq = READ_ONCE(*reader->last_seq) - (MN_HISTORY + 3);
}

/* Begins are slow until a read section with a watch does not collide. */
static void mn_reader_set_overrun(struct mmu_range_reader *reader, bool overrun)
{
	reader->overrun = overrun;
	reader->fast = overrun ? NULL : reader->ranges;
}

/* A fault that was overrun may be retried with a new range reader. */
static bool mn_was_overrun(const struct mn_ranges *ranges)
{
	const unsigned long overrun = READ_ONCE(ranges->overrun);

	return overrun &&
	       READ_ONCE(*mn_low_word(&ranges->last_seq)) - overrun <
		       MN_OVERRUN_IS_RECENT;
}

static void mn_reader_track(struct mmu_range_reader *reader)
{
	struct mn_ranges *ranges = mn_ranges_to_read(reader->mm);

	reader->ranges = ranges;
	reader->last_seq = ranges ? mn_low_word(&ranges->last_seq) : &mn_no_seq;
	mn_reader_set_overrun(reader, ranges && mn_was_overrun(ranges));
	mn_reader_forget(reader);
}

/*
 * Without the lock: the mask of the slots with a range that overlaps, including
 * MN_UNTRACKED. Some may have ended, or have started since the token.
 */
static unsigned long mn_slots_to_wait_for(const struct mmu_range_reader *reader)
{
	const struct mn_ranges *ranges = reader->ranges;
	unsigned long mask = READ_ONCE(ranges->active);
	unsigned long found = 0;

	if (unlikely(mask & MN_UNTRACKED) &&
	    mn_reader_overlaps(reader, &ranges->untracked))
		found = MN_UNTRACKED;
	for (mask &= ~MN_UNTRACKED; mask; mask &= mask - 1) {
		const unsigned long i = __ffs(mask);

		if (unlikely(mn_reader_overlaps(reader, &ranges->slots[i].span)))
			found |= BIT(i);
	}
	/*
	 * (O) The read section sees what was done to the page table in ranges
	 * whose slot has been reused. Pairs with (F) in mn_range_deactivate(), and
	 * with the lock, under which a range ends before the next one takes its
	 * slot. A range that started after the token collides.
	 */
	smp_rmb();
	return found;
}

/* Wait for those ranges in these slots that started no later than the token. */
static int mn_reader_wait(const struct mmu_range_reader *reader,
			  unsigned long mask, unsigned long token,
			  unsigned int state)
{
	struct mn_ranges *ranges = reader->ranges;
	unsigned long since;
	int err = 0;
	u64 mark;

	might_sleep();

	guard(spinlock)(&ranges->lock);

	since = (unsigned long)ranges->last_seq - token;
	mark = ranges->last_seq - since;
	if (unlikely(mask & MN_UNTRACKED))
		err = mn_wait_for_untracked(ranges,
					    mn_generation_of_all(ranges),
					    state, MMU_NOTIFIER_RANGE_READER);
	for (mask &= ~MN_UNTRACKED; mask && !err; mask &= mask - 1)
		err = mn_wait_for_slot(ranges, __ffs(mask), mark, state,
				       MMU_NOTIFIER_RANGE_READER);
	return err;
}

/* Take a token, and wait for what started before it. */
static int mn_reader_token(struct mmu_range_reader *reader, unsigned int state)
{
	unsigned long token = mn_last_seq(reader->ranges);
	unsigned long mask = mn_slots_to_wait_for(reader);
	unsigned long later;
	int err;

	if (unlikely(mask)) {
		err = mn_reader_wait(reader, mask, token, state);
		if (err)
			return err;
		/* Ranges that came and went during the wait need no retry. */
		if (reader->watch)
			mn_watch_renew(reader);
		later = mn_last_seq(reader->ranges);
		if (!mn_slots_to_wait_for(reader))
			reader->began = token = later;
	}
	/* With a watch, make each retry take the slow path, to give it back. */
	reader->seq = reader->watch ? mn_no_seq : token;
	return 0;
}

static __always_inline bool mn_reader_is_killed(unsigned int state)
{
	return state == TASK_KILLABLE && unlikely(fatal_signal_pending(current));
}

/* Make each retry return true. What came and went in a wait has overrun nothing. */
static void mn_reader_give_up(struct mmu_range_reader *reader)
{
	reader->began = READ_ONCE(*reader->last_seq);
	mmu_range_read_cancel(reader);
	mn_reader_forget(reader);
}

/* Do not wait, either. */
static int mn_reader_refuse(struct mmu_range_reader *reader,
			    unsigned int state)
{
	mn_reader_give_up(reader);
	return mn_reader_is_killed(state) ? -EINTR : 0;
}

/* Some range is active, or the range reader needs to be set up or given a watch. */
static noinline int mn_range_read_begin_slow(struct mmu_range_reader *reader,
					     unsigned int state)
{
	int err;

	if (WARN_ONCE(reader->watch,
		      "a range reader begins that has not ended\n"))
		mmu_range_read_cancel(reader);
	if (unlikely(!reader->ranges)) {
		mn_reader_track(reader);
		if (WARN_ONCE(!reader->ranges,
			      "a range reader of an mm that is not tracked\n"))
			return mn_reader_refuse(reader, state);
	}
	if (mn_reader_is_killed(state))
		return mn_reader_refuse(reader, state);
	if (unlikely(reader->overrun))
		mn_watch_take(reader);
	err = mn_reader_token(reader, state);
	if (unlikely(err))
		mn_reader_give_up(reader);
	return err;
}

static noinline int mn_reader_of_no_range(struct mmu_range_reader *reader,
					  unsigned int state)
{
	WARN_ONCE(1, "a range to read ends before it starts\n");
	return mn_reader_refuse(reader, state);
}

static __always_inline int mn_range_read_begin(struct mmu_range_reader *reader,
					       unsigned int state)
{
	const struct mn_ranges *ranges = reader->fast;

	/* Like might_sleep(), but only the check: no cost without debugging. */
	__might_sleep(__FILE__, __LINE__);
	mn_lockdep_may_wait();

	/* Even with nothing to wait for: end a loop of retries. */
	if (mn_reader_is_killed(state))
		return mn_range_read_begin_slow(reader, state);

	if (likely(ranges)) {
		reader->seq = mn_last_seq(ranges);
		/*
		 * (N) If nothing is active, the read section sees what was done
		 * to the page table in the ranges that have ended. Pairs with (F)
		 * in mn_range_deactivate().
		 */
		if (likely(!smp_load_acquire(&ranges->active)))
			return 0;
	}
	return mn_range_read_begin_slow(reader, state);
}

/* Whatever is injected, it has waited; a collision is for readers that retry. */
static __always_inline int mn_range_read_try(struct mmu_range_reader *reader,
					     unsigned int state)
{
	const int err = mn_range_read_begin(reader, state);

	if (IS_ENABLED(CONFIG_FAIL_MMU_NOTIFIER) && !err && mn_fails_to_read())
		mn_reader_give_up(reader);
	return err;
}

/* Returns false if the range ends before it starts. */
static __always_inline bool mn_reader_set_range(struct mmu_range_reader *reader,
						unsigned long start,
						unsigned long end)
{
	reader->first = start;
	reader->last = end - 1;
	reader->set = NULL;
	return likely(reader->last >= start);
}

static __always_inline int mn_range_read_begin_one(struct mmu_range_reader *reader,
						   unsigned long start,
						   unsigned long end,
						   unsigned int state)
{
	if (!mn_reader_set_range(reader, start, end))
		return mn_reader_of_no_range(reader, state);
	return mn_range_read_try(reader, state);
}

/* Checked with DEBUG_VM only, so that a begin costs the same for any set. */
static bool mn_set_is_sorted(const struct mmu_read_range *set, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (set[i].end - 1 < set[i].start ||
		    (i && set[i].start <= set[i - 1].end - 1))
			return false;
	}
	return true;
}

static __always_inline int mn_range_read_begin_set(struct mmu_range_reader *reader,
						   const struct mmu_read_range *set,
						   unsigned int nr,
						   unsigned int state)
{
	static const struct mmu_read_range nothing;

	/* An empty set: a span that overlaps nothing. */
	reader->first = nr ? set[0].start : ULONG_MAX;
	reader->last = nr ? set[nr - 1].end - 1 : 0;
	reader->set = nr ? set : &nothing;
	reader->nr = nr;
	if (IS_ENABLED(CONFIG_DEBUG_VM) &&
	    WARN_ONCE(!mn_set_is_sorted(set, nr),
		      "ranges to read are not sorted and disjoint\n"))
		return mn_reader_refuse(reader, state);
	return mn_range_read_try(reader, state);
}

/**
 * mmu_range_reader_init - prepare a range reader
 * @reader: The range reader.
 * @mm: The mm whose page table it reads.
 *
 * The mm must be tracked by the first begin: by mmu_notifier_register_tracked(), by
 * an interval subscription, or by mmu_notifier_register() with NULL. It must be
 * pinned by mmgrab(), as it is by each subscription, for as long as @reader is used.
 *
 * Context: Any.
 */
void mmu_range_reader_init(struct mmu_range_reader *reader,
			   struct mm_struct *mm)
{
	*reader = (struct mmu_range_reader) { .mm = mm };
	mn_reader_track(reader);
}
EXPORT_SYMBOL_GPL(mmu_range_reader_init);

/**
 * mmu_range_read_begin - begin to read the page table of a range
 * @reader: The range reader, initialised and not in a read section.
 * @start: First address.
 * @end: First address after the range.
 *
 * Begins a read section, which mmu_range_read_retry() or mmu_range_read_cancel()
 * must end. What is read from the page table of the range in between may go into
 * SPTEs if mmu_range_read_retry() returns false.
 *
 * Waits only for invalidations that overlap the range and started before this call.
 * (If more than 63 are active, 31 on 32 bit, it may also wait for untracked ones
 * elsewhere, but not for an endless chain of them.)
 *
 * The driver needs a subscription whose callback takes the user lock and tears
 * down SPTEs: to the mm, or to an interval that contains the range. If the mm is
 * not tracked, this warns, and mmu_range_read_retry() returns true.
 *
 * Context: May sleep. Must not be called from a callback, under a lock that a
 * callback takes (the user lock included), or under a lock that invalidations
 * run under (mmap_lock for writing, locks of the reverse map).
 */
void mmu_range_read_begin(struct mmu_range_reader *reader, unsigned long start,
			  unsigned long end)
{
	mn_range_read_begin_one(reader, start, end, TASK_UNINTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin);

/**
 * mmu_range_read_begin_killable - mmu_range_read_begin() that a signal ends
 * @reader: The range reader, initialised and not in a read section.
 * @start: First address.
 * @end: First address after the range.
 *
 * As mmu_range_read_begin(), but fails if a fatal signal is pending, which ends a
 * wait, and a loop of retries.
 *
 * Context: As mmu_range_read_begin().
 * Return: 0; or %-EINTR because of a fatal signal: then there is no read section,
 * and each retry returns true.
 */
int mmu_range_read_begin_killable(struct mmu_range_reader *reader,
				  unsigned long start, unsigned long end)
{
	return mn_range_read_begin_one(reader, start, end, TASK_KILLABLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin_killable);

/**
 * mmu_range_read_begin_set - begin to read the page table of a set of ranges
 * @reader: The range reader, initialised and not in a read section.
 * @set: The ranges, sorted and disjoint, none of them empty.
 * @nr: Number of ranges in @set; may be 0.
 *
 * As mmu_range_read_begin(), for all ranges of @set at a time: one retry tells
 * whether any of them was invalidated. @set must not change until the read section
 * ends.
 *
 * Context: As mmu_range_read_begin().
 */
void mmu_range_read_begin_set(struct mmu_range_reader *reader,
			      const struct mmu_read_range *set, unsigned int nr)
{
	mn_range_read_begin_set(reader, set, nr, TASK_UNINTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin_set);

/**
 * mmu_range_read_begin_set_killable - mmu_range_read_begin_set() that a signal ends
 * @reader: The range reader, initialised and not in a read section.
 * @set: The ranges, sorted and disjoint, none of them empty.
 * @nr: Number of ranges in @set; may be 0.
 *
 * As mmu_range_read_begin_set(), and as mmu_range_read_begin_killable().
 *
 * Context: As mmu_range_read_begin().
 * Return: As mmu_range_read_begin_killable(): 0 or %-EINTR.
 */
int mmu_range_read_begin_set_killable(struct mmu_range_reader *reader,
				      const struct mmu_read_range *set,
				      unsigned int nr)
{
	return mn_range_read_begin_set(reader, set, nr, TASK_KILLABLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin_set_killable);

/*
 * The retry
 */

/* Whether a range in these slots overlaps, from the first to the last address. */
static __always_inline bool
mn_slots_are_near(const struct mmu_range_reader *reader,
		  const struct mn_slot *slot, const struct mn_slot *end)
{
	for (; slot != end; slot++) {
		if (unlikely(mn_overlaps(&slot->span, reader->first,
					 reader->last)))
			return true;
	}
	return false;
}

/*
 * The common case: ranges have started since the token, all of them elsewhere. A
 * look at the slots is enough to tell.
 */
static __always_inline bool
mn_all_was_elsewhere(const struct mmu_range_reader *reader)
{
	const struct mn_ranges *ranges = reader->fast;
	const unsigned long token = reader->seq;
	unsigned long last_seq, first, last;

	/* @reader has a watch, or the mm is not tracked. */
	if (unlikely(!ranges))
		return false;
	last_seq = mn_last_seq(ranges);
	if (unlikely(last_seq - token - 1 >= MN_HISTORY))
		return false;

	first = mn_slot_of(token + 2);
	last = mn_slot_of(last_seq);
	if (first > last) {
		if (mn_slots_are_near(reader, ranges->slots + first,
				      ranges->slots + MN_SLOTS))
			return false;
		first = 0;
	}
	if (mn_slots_are_near(reader, ranges->slots + first,
			      ranges->slots + last + 1))
		return false;
	/* (P) As in mn_has_collided(). */
	smp_rmb();
	return READ_ONCE(*reader->last_seq) - token <= MN_HISTORY;
}

/* Whether a range in these slots is in the history, and overlaps. */
static __always_inline bool
mn_slots_collide(const struct mmu_range_reader *reader,
		 const struct mn_slot *slot, const struct mn_slot *end,
		 unsigned long token, unsigned long last_seq)
{
	for (; slot != end; slot++) {
		if (likely(!mn_overlaps(&slot->span, reader->first,
					reader->last)))
			continue;
		/*
		 * The slot was skipped because an older range was active: the
		 * begin has waited for that. Or it is being reused: the callback
		 * of the new range is yet to run.
		 */
		if (READ_ONCE(*mn_low_word(&slot->seq)) - token - 1 >=
		    last_seq - token)
			continue;
		if (mn_reader_overlaps(reader, &slot->span))
			return true;
	}
	return false;
}

/* Whether a range after the token and up to @last_seq overlaps. */
static bool mn_history_collides(const struct mmu_range_reader *reader,
				unsigned long token, unsigned long last_seq)
{
	const struct mn_slot *slots = reader->ranges->slots;
	const unsigned long first = mn_slot_of(token + 2);
	const unsigned long last = mn_slot_of(last_seq);

	if (first <= last)
		return mn_slots_collide(reader, slots + first, slots + last + 1,
					token, last_seq);
	return mn_slots_collide(reader, slots + first, slots + MN_SLOTS, token,
				last_seq) ||
	       mn_slots_collide(reader, slots, slots + last + 1, token,
				last_seq);
}

static bool mn_is_overrun(struct mmu_range_reader *reader,
			  unsigned long token, unsigned long last_seq)
{
	if (likely(last_seq - token <= MN_HISTORY))
		return false;
	mn_reader_set_overrun(reader, true);
	WRITE_ONCE(reader->ranges->overrun, last_seq);
	return true;
}

/*
 * A hit in a gap may be older than the read section, if that is active yet. What
 * overlaps and started before the read section has ended, as without a watch.
 */
static unsigned long mn_token_of_hit(const struct mmu_range_reader *reader,
				     unsigned long hit)
{
	const unsigned long since = hit - 2 - reader->began;

	return (long)since < 0 ? reader->began : hit - 2;
}

/* Ranges have started since the token, or the range reader has a watch. */
static noinline bool mn_has_collided(struct mmu_range_reader *reader)
{
	const struct mn_ranges *ranges = reader->ranges;
	unsigned long token = reader->seq;
	unsigned long last_seq, hit;

	if (!ranges)
		return true;
	if (reader->watch) {
		if (!mn_watch_is_own(reader))
			return true;
		hit = mn_watch_hit(reader);
		if (!hit)
			return false;
		if (mn_watch_is_exact(reader))
			return true;
		token = mn_token_of_hit(reader, hit);
	} else if (!(token % 2)) {
		/* See mn_reader_forget(). It was not overrun. */
		return true;
	}

	last_seq = mn_last_seq(ranges);
	if (last_seq == token)
		return false;
	if (mn_is_overrun(reader, token, last_seq) ||
	    mn_history_collides(reader, token, last_seq))
		return true;
	/*
	 * (P) If a slot was reused, the range reader is seen to be overrun. Pairs
	 * with (L) in mn_range_skip_slots(), and with the lock, under which each
	 * sequence becomes the last one before the next range takes its slot.
	 */
	smp_rmb();
	last_seq = READ_ONCE(*mn_low_word(&ranges->last_seq));
	return mn_is_overrun(reader, token, last_seq);
}

static noinline bool mn_range_read_retry_slow(struct mmu_range_reader *reader,
					      unsigned long caller)
{
	bool retry = mn_has_collided(reader);

	if (retry && mn_traces_retries())
		mn_trace_range_retry(reader, reader->watch ? reader->began :
							     reader->seq, caller);
	if (!retry && reader->overrun)
		mn_reader_set_overrun(reader, false);
	mmu_range_read_cancel(reader);
	return retry;
}

/**
 * __mmu_range_read_retry - the slow path of mmu_range_read_retry()
 * @reader: The range reader.
 *
 * @reader has a watch, the mm is not tracked, or ranges started since begin.
 *
 * Context: As mmu_range_read_retry(), which calls it.
 * Return: As mmu_range_read_retry().
 */
bool __mmu_range_read_retry(struct mmu_range_reader *reader)
{
	if (likely(mn_all_was_elsewhere(reader)))
		return false;
	return mn_range_read_retry_slow(reader, _RET_IP_);
}
EXPORT_SYMBOL_GPL(__mmu_range_read_retry);

/**
 * __mmu_range_read_check_retry - the slow path of mmu_range_read_check_retry()
 * @reader: The range reader.
 *
 * Context: As mmu_range_read_check_retry(), which calls it.
 * Return: As mmu_range_read_check_retry().
 */
bool __mmu_range_read_check_retry(struct mmu_range_reader *reader)
{
	return !mn_all_was_elsewhere(reader) && mn_has_collided(reader);
}
EXPORT_SYMBOL_GPL(__mmu_range_read_check_retry);

/**
 * mmu_range_read_cancel - end a read section without using what was read
 * @reader: The range reader.
 *
 * In place of mmu_range_read_retry(). Does nothing if there is no read section.
 *
 * Context: Any.
 */
void mmu_range_read_cancel(struct mmu_range_reader *reader)
{
	if (unlikely(reader->watch)) {
		mn_watch_give_back(reader);
		mn_reader_forget(reader);
	}
}
EXPORT_SYMBOL_GPL(mmu_range_read_cancel);

/*
 * Asking and waiting
 */

/**
 * mmu_notifier_range_inactive - tell whether no invalidation of a range is active
 * @mm: The mm, which must be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * The answer is stale as soon as it is given, and says nothing about the page table:
 * only mmu_range_read_begin() and mmu_range_read_retry() do.
 *
 * Context: Any.
 * Return: true if no invalidation that overlaps the range is active; false if one
 * is, or has just ended; maybe false if more than 63 invalidations of other ranges
 * are active, 31 on 32 bit; false with a warning if the mm is not tracked or @end is
 * not above @start.
 */
bool mmu_notifier_range_inactive(struct mm_struct *mm, unsigned long start,
				 unsigned long end)
{
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, mm);
	if (WARN_ONCE(!reader.ranges, "asked for a range of an mm that is not tracked\n"))
		return false;
	reader.first = start;
	reader.last = end - 1;
	if (WARN_ONCE(reader.last < start, "asked for a range that ends before it starts\n"))
		return false;
	mn_last_seq(reader.ranges);
	return !mn_slots_to_wait_for(&reader);
}
EXPORT_SYMBOL_GPL(mmu_notifier_range_inactive);

/* There is no retry: a begin that is certain to wait, and needs no watch. */
static int mn_range_wait_inactive(struct mm_struct *mm, unsigned long start,
				  unsigned long end, unsigned int state)
{
	struct mmu_range_reader reader;
	int err;

	mmu_range_reader_init(&reader, mm);
	mn_reader_set_overrun(&reader, false);
	err = mn_reader_set_range(&reader, start, end) ?
		      mn_range_read_begin(&reader, state) :
		      mn_reader_of_no_range(&reader, state);
	mmu_range_read_cancel(&reader);
	return err;
}

/**
 * mmu_notifier_range_wait_inactive - wait for the invalidations of a range
 * @mm: The mm, which must be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * Waits like mmu_range_read_begin() for invalidations that overlap the range and
 * started before this call. Others may have started when it returns. If the mm is
 * not tracked, it warns and does not wait.
 *
 * Context: As mmu_range_read_begin().
 */
void mmu_notifier_range_wait_inactive(struct mm_struct *mm, unsigned long start,
				      unsigned long end)
{
	mn_range_wait_inactive(mm, start, end, TASK_UNINTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(mmu_notifier_range_wait_inactive);

/**
 * mmu_notifier_range_wait_inactive_killable - wait for a range, killable
 * @mm: The mm, which must be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * As mmu_notifier_range_wait_inactive(), but fails if a fatal signal is pending,
 * which ends a wait.
 *
 * Context: As mmu_range_read_begin().
 * Return: 0; or %-EINTR because of a fatal signal.
 */
int mmu_notifier_range_wait_inactive_killable(struct mm_struct *mm,
					      unsigned long start,
					      unsigned long end)
{
	return mn_range_wait_inactive(mm, start, end, TASK_KILLABLE);
}
EXPORT_SYMBOL_GPL(mmu_notifier_range_wait_inactive_killable);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU notifiers: collision-retry for any range, with any kind of notifier.
 *
 * range reader  a device fault between mmu_range_read_begin() and
 *               mmu_range_read_retry()
 * token         the last sequence when it began
 * history       the slots of the mm, most of which have a range that has ended
 *
 * A range reader has no subscription to what it reads. Its driver has one to the
 * mm, or to an interval around it, whose callback takes the user lock. The range
 * reader takes a token, waits until no range that overlaps is active, reads the
 * page table, and under the user lock looks at the history: which ranges have
 * started since, and do they overlap?
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
 *   change the page table                       begin anew
 *   lock                                        : establish SPTEs
 *     clear the slot                        release the user lock
 *   unlock
 *   wake those who wait for the slot
 *
 * If the callback takes the user lock first, the range reader finds the slot. If
 * the range reader is first, the callback tears down what it has just established.
 * If the range started before the token, the range reader waits for its end.
 *
 * Nothing of this takes a lock or writes to memory of the mm, unless the range
 * reader has to wait. An invalidation does nothing for range readers.
 *
 * Where more ranges have started since the token than there are free slots, the
 * history is overrun, and the range reader begins anew. So that this happens once,
 * it has a watch from then on, which the first start that overlaps hits. So have new
 * range readers of the mm for some time, since a fault that comes back may come with
 * another one: see mmu_range_watch.c.
 */

#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "mmu_notifier_internal.h"

/* After an overrun, as long as new range readers are to have a watch. */
#define MN_OVERRUN_IS_RECENT	(2 * SZ_16K)

/* All are odd, so that a long has enough of them for a comparison. */
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
	 * unless they have ended; and what comes to the slot of one that has ended
	 * is newer. Pairs with (D) in mn_range_take_slot().
	 */
	return smp_load_acquire(mn_low_word(&ranges->last_seq));
}

/* What no token is: those are odd. */
static const unsigned long mn_no_seq;

/* NULL if the invalidations of the mm are not tracked. */
static struct mn_ranges *mn_ranges_to_read(const struct mm_struct *mm)
{
	struct mn_ranges *ranges = mn_ranges_of_mm(mm);

	/*
	 * (R) What was done to the page table by ranges that have ended untracked
	 * is seen by the read section. Pairs with (B) in mn_attach().
	 */
	return ranges && smp_load_acquire(&ranges->complete) ? ranges : NULL;
}

/*
 * What a range reader reads
 */

/* The ranges are sorted: whether the first that ends after @first begins in time. */
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

/* No read section: who retries has collided, as what would be read was overrun. */
static void mn_reader_forget(struct mmu_range_reader *reader)
{
	reader->seq = READ_ONCE(*reader->last_seq) - (MN_HISTORY + 2);
}

/* Begins are slow until one has had a watch, and has not collided. */
static void mn_reader_set_overrun(struct mmu_range_reader *reader, bool overrun)
{
	reader->overrun = overrun;
	reader->fast = overrun ? NULL : reader->ranges;
}

/* The fault that was overrun may come back with a new range reader. */
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
 * Without the lock: the slots that have a range which overlaps, MN_UNTRACKED among
 * them. Some may have ended, or have started since the token.
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
	 * (O) What was done to the page table in ranges whose slot has been used
	 * again is seen by the read section. Pairs with (F) in
	 * mn_range_deactivate(), and with the lock, under which a range ends before
	 * the next one has its slot. What started after the token collides.
	 */
	smp_rmb();
	return found;
}

/* Wait for the ranges in these slots that have started up to the token. */
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
					    state);
	for (mask &= ~MN_UNTRACKED; mask && !err; mask &= mask - 1)
		err = mn_wait_for_slot(ranges, __ffs(mask), mark, state);
	return err;
}

/* As it was when the read section began, if that may begin now. */
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
		/* What has come and gone during the wait was before. */
		later = mn_last_seq(reader->ranges);
		if (!mn_slots_to_wait_for(reader))
			token = later;
	}
	/* With a watch each retry is to look at it, and to give it back. */
	reader->seq = reader->watch ? mn_no_seq : token;
	return 0;
}

/* Something is active, or is to be done before. */
static noinline int mn_range_read_begin_slow(struct mmu_range_reader *reader,
					     unsigned int state)
{
	int err;

	if (unlikely(!reader->ranges)) {
		mn_reader_track(reader);
		if (WARN_ONCE(!reader->ranges,
			      "a range reader of an mm that is not tracked\n"))
			return 0;
	}
	if (WARN_ONCE(reader->watch,
		      "a range reader begins that has not ended\n"))
		mmu_range_read_cancel(reader);

	/* One that collides again and again comes by here. */
	if (state == TASK_KILLABLE && fatal_signal_pending(current)) {
		mn_reader_forget(reader);
		return -EINTR;
	}
	if (unlikely(reader->overrun))
		mn_watch_take(reader);
	err = mn_reader_token(reader, state);
	if (unlikely(err)) {
		mmu_range_read_cancel(reader);
		mn_reader_forget(reader);
	}
	return err;
}

/* Nothing is waited for, and each retry is true. */
static noinline int mn_reader_refuse(struct mmu_range_reader *reader,
				     const char *what)
{
	WARN_ONCE(1, "%s\n", what);
	mmu_range_read_cancel(reader);
	mn_reader_forget(reader);
	return 0;
}

static __always_inline int mn_range_read_begin(struct mmu_range_reader *reader,
					       unsigned int state)
{
	const struct mn_ranges *ranges = reader->fast;

	/* might_sleep() where that costs nothing. */
	__might_sleep(__FILE__, __LINE__);
	mn_lockdep_may_wait();

	if (likely(ranges)) {
		reader->seq = mn_last_seq(ranges);
		/*
		 * (N) If nothing is active, what was done to the page table in
		 * ranges that have ended is seen by the read section. Pairs with
		 * (F) in mn_range_deactivate().
		 */
		if (likely(!smp_load_acquire(&ranges->active)))
			return 0;
	}
	return mn_range_read_begin_slow(reader, state);
}

static __always_inline int mn_range_read_begin_one(struct mmu_range_reader *reader,
						   unsigned long start,
						   unsigned long end,
						   unsigned int state)
{
	reader->first = start;
	reader->last = end - 1;
	reader->set = NULL;
	if (unlikely(reader->last < start))
		return mn_reader_refuse(reader, "a range to read ends before it starts");
	return mn_range_read_begin(reader, state);
}

/* Too much to do each time, in a begin that is to cost the same for any set. */
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

	/* All of nothing is from the last address to the first. */
	reader->first = nr ? set[0].start : ULONG_MAX;
	reader->last = nr ? set[nr - 1].end - 1 : 0;
	reader->set = nr ? set : &nothing;
	reader->nr = nr;
	if (IS_ENABLED(CONFIG_DEBUG_VM) && !mn_set_is_sorted(set, nr))
		return mn_reader_refuse(reader, "ranges to read are not sorted and disjoint");
	return mn_range_read_begin(reader, state);
}

/**
 * mmu_range_reader_init - prepare a range reader
 * @reader: The range reader.
 * @mm: The mm whose page table it is going to read.
 *
 * The mm should be tracked by then: by mmu_notifier_register_tracked(), by an
 * interval subscription, or by mmu_notifier_register() with NULL; and it has to be
 * there, by mmgrab() as each subscription has it, as long as @reader is used.
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
 * @reader: The range reader, initialised and not between begin and end.
 * @start: First address.
 * @end: First address after the range.
 *
 * Begins a read section, which mmu_range_read_retry() or mmu_range_read_cancel()
 * has to end. What is read of the page table of the range in between may be put
 * into SPTEs if mmu_range_read_retry() then returns false.
 *
 * Waits for invalidations that overlap the range and started before this call, and
 * for no others. (Where more than 63 are active at a time, 31 on 32 bit, it may
 * wait for one of those beyond that is elsewhere, but for no chain of them.)
 *
 * The driver needs a subscription whose callback takes the user lock and tears
 * down SPTEs: to the mm, or to an interval that the range is part of. Where the mm
 * is not tracked, there is a warning, and mmu_range_read_retry() returns true.
 *
 * Context: May sleep. Must not be called from a callback, nor under a lock that
 * a callback takes, the user lock included, nor under one that invalidation is
 * done under (mmap_lock for writing, locks of the reverse map).
 */
void mmu_range_read_begin(struct mmu_range_reader *reader, unsigned long start,
			  unsigned long end)
{
	mn_range_read_begin_one(reader, start, end, TASK_UNINTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin);

/**
 * mmu_range_read_begin_killable - mmu_range_read_begin() that a signal ends
 * @reader: The range reader, initialised and not between begin and end.
 * @start: First address.
 * @end: First address after the range.
 *
 * As mmu_range_read_begin(), but a signal that kills the task ends the wait; and
 * it also ends a loop of read sections that collide again and again.
 *
 * Context: As mmu_range_read_begin().
 * Return: 0; or -EINTR if such a signal came before what it waits for has ended.
 * Then there is no read section, nothing to end, and each retry is true.
 */
int mmu_range_read_begin_killable(struct mmu_range_reader *reader,
				  unsigned long start, unsigned long end)
{
	return mn_range_read_begin_one(reader, start, end, TASK_KILLABLE);
}
EXPORT_SYMBOL_GPL(mmu_range_read_begin_killable);

/**
 * mmu_range_read_begin_set - begin to read the page table of a set of ranges
 * @reader: The range reader, initialised and not between begin and end.
 * @set: The ranges, sorted and disjoint, none of them empty.
 * @nr: Number of ranges in @set; may be 0.
 *
 * As mmu_range_read_begin(), for all ranges of @set at a time: one retry tells
 * whether one of them has been invalidated. @set has to stay as it is until the
 * read section ends.
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
 * @reader: The range reader, initialised and not between begin and end.
 * @set: The ranges, sorted and disjoint, none of them empty.
 * @nr: Number of ranges in @set; may be 0.
 *
 * As mmu_range_read_begin_set(), and as mmu_range_read_begin_killable().
 *
 * Context: As mmu_range_read_begin().
 * Return: As mmu_range_read_begin_killable(): 0 or -EINTR.
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

/* Whether one of these slots has anything between the first and the last address. */
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
 * What most retries come to: something has started since the range reader began,
 * and all of it was elsewhere. A look at the slots is enough to tell.
 */
static __always_inline bool
mn_all_was_elsewhere(const struct mmu_range_reader *reader)
{
	const struct mn_ranges *ranges = reader->fast;
	const unsigned long token = reader->seq;
	unsigned long last_seq, first, last;

	/* It has a watch, or the mm is not tracked. */
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
		 * Left out, as an older range was active there? That may overlap:
		 * the begin has waited for it. Or used again just now? Then what
		 * comes has yet to call back.
		 */
		if (READ_ONCE(*mn_low_word(&slot->seq)) - token - 1 >=
		    last_seq - token)
			continue;
		if (mn_reader_overlaps(reader, &slot->span))
			return true;
	}
	return false;
}

/* Whether a range after the token, and up to the last sequence, overlaps. */
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

/* Something has started since the range reader began. */
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
		token = hit - 2;
	}

	last_seq = mn_last_seq(ranges);
	if (last_seq == token)
		return false;
	if (mn_is_overrun(reader, token, last_seq) ||
	    mn_history_collides(reader, token, last_seq))
		return true;
	/*
	 * (P) If a slot has been used again, so much has started that the history
	 * is overrun. Pairs with (L) in mn_range_skip_slots(), and with the lock,
	 * under which a sequence is the last one before the next has its slot.
	 */
	smp_rmb();
	last_seq = READ_ONCE(*mn_low_word(&ranges->last_seq));
	return mn_is_overrun(reader, token, last_seq);
}

static noinline bool mn_range_read_retry_slow(struct mmu_range_reader *reader)
{
	bool retry = mn_has_collided(reader);

	if (!retry && reader->overrun)
		mn_reader_set_overrun(reader, false);
	mmu_range_read_cancel(reader);
	return retry;
}

/**
 * __mmu_range_read_retry - mmu_range_read_retry() where there is something to look at
 * @reader: The range reader.
 *
 * It has a watch, the mm is not tracked, or something has started since the begin.
 *
 * Context: As mmu_range_read_retry(), which calls it.
 * Return: As mmu_range_read_retry().
 */
bool __mmu_range_read_retry(struct mmu_range_reader *reader)
{
	if (likely(mn_all_was_elsewhere(reader)))
		return false;
	return mn_range_read_retry_slow(reader);
}
EXPORT_SYMBOL_GPL(__mmu_range_read_retry);

/**
 * __mmu_range_read_check_retry - mmu_range_read_check_retry() where there is something
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
 * mmu_range_read_cancel - end a read section whose results are not used
 * @reader: The range reader.
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
 * @mm: The mm, which has to be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * Stale as soon as it returns. What it says about the page table is for
 * mmu_range_read_begin() and mmu_range_read_retry() to say.
 *
 * Context: Any.
 * Return: false if an invalidation that overlaps the range is active (or one that
 * has been found so has just ended; where more than 63 are active at a time, 31 on
 * 32 bit, maybe one of those beyond that is elsewhere), or with a warning if the mm
 * is not tracked or the range is none. Otherwise true.
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

/**
 * mmu_notifier_range_wait_inactive - wait for the invalidations of a range
 * @mm: The mm, which has to be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * Waits, as mmu_range_read_begin() does, for invalidations that overlap the range
 * and started before this call. Others may have started when it returns. There is
 * a warning and no wait if the mm is not tracked.
 *
 * Context: As mmu_range_read_begin().
 */
void mmu_notifier_range_wait_inactive(struct mm_struct *mm, unsigned long start,
				      unsigned long end)
{
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, mm);
	mmu_range_read_begin(&reader, start, end);
	mmu_range_read_cancel(&reader);
}
EXPORT_SYMBOL_GPL(mmu_notifier_range_wait_inactive);

/**
 * mmu_notifier_range_wait_inactive_killable - wait until a signal comes
 * @mm: The mm, which has to be tracked; see mmu_range_reader_init().
 * @start: First address.
 * @end: First address after the range.
 *
 * As mmu_notifier_range_wait_inactive(), but a signal that kills the task ends the
 * wait.
 *
 * Context: As mmu_range_read_begin().
 * Return: 0; or -EINTR if such a signal came before what it waits for has ended.
 */
int mmu_notifier_range_wait_inactive_killable(struct mm_struct *mm,
					      unsigned long start,
					      unsigned long end)
{
	struct mmu_range_reader reader;
	int err;

	mmu_range_reader_init(&reader, mm);
	err = mmu_range_read_begin_killable(&reader, start, end);
	if (!err)
		mmu_range_read_cancel(&reader);
	return err;
}
EXPORT_SYMBOL_GPL(mmu_notifier_range_wait_inactive_killable);

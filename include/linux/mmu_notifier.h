/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MMU_NOTIFIER_H
#define _LINUX_MMU_NOTIFIER_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/interval_tree.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier_debug.h>
#include <linux/mmu_notifier_trace.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/**
 * DOC: MMU notifier vocabulary
 *
 * secondary MMU
 *   Translates addresses of a process with page tables of its own: KVM, a GPU,
 *   an RDMA adapter.
 *
 * SPTE
 *   An entry of a secondary MMU.
 *
 * subscription
 *   The registration of a driver with an mm: for the whole mm (struct
 *   mmu_notifier), or for an interval of its addresses (struct
 *   mmu_interval_notifier). In the code, the latter is called interval_sub.
 *
 * invalidation
 *   A change of the page table, announced by a start and an end: at its start the
 *   callbacks of subscriptions zap the SPTEs.
 *
 * range
 *   The addresses of an invalidation. start is inclusive, end is exclusive; the
 *   bounds of an interval are start and last, both inclusive. A struct
 *   mmu_notifier_range describes the invalidation.
 *
 * active
 *   A range is active from its start to its end.
 *
 * sequence
 *   The number of an invalidation: odd, and greater than that of each
 *   invalidation that started earlier in the mm.
 *
 * announce
 *   Call the callback of a subscription for an invalidation.
 *
 * user lock
 *   A lock of the driver. Its callback holds it to zap SPTEs, its fault path to
 *   establish them.
 *
 * collision-retry
 *   The protocol of a fault path: read the page table without a lock, between
 *   mmu_interval_read_begin() and mmu_interval_read_retry() (a read section), and
 *   retry if an invalidation of the interval collided.
 *
 * reader
 *   A thread in a read section, or about to enter one.
 *
 * range reader
 *   A reader of any range, or set of ranges, instead of the interval of a
 *   subscription (struct mmu_range_reader).
 *
 * tracked
 *   An mm is tracked if its active ranges are known: it has, or has had, an
 *   interval subscription, or it was passed to mmu_notifier_register_tracked(),
 *   or to mmu_notifier_register() with NULL.
 *
 * untracked
 *   A range of a tracked mm is untracked if so many others are active that it is
 *   only counted.
 *
 * overrun
 *   A range reader is overrun if so many ranges have started since its begin that
 *   the mm no longer knows all of them. Deferred removals count as well, and moves.
 *
 * watch
 *   A copy of what a range reader reads, kept in the mm after an overrun. The
 *   first overlapping range that starts leaves its sequence there.
 *
 * remover
 *   A thread in mmu_interval_notifier_remove().
 *
 * waiter
 *   A reader or remover that sleeps until ranges have ended.
 */

struct mmu_interval_notifier;
struct mn_ranges;
struct mmu_notifier;
struct mmu_notifier_range;
struct mmu_notifier_subscriptions;

/**
 * enum mmu_notifier_event - why an address range is invalidated
 * @MMU_NOTIFY_UNMAP: The mapping goes away by munmap() or moves by mremap(); the
 *	safe default, because a driver that handles this event correctly handles
 *	all others, too.
 * @MMU_NOTIFY_CLEAR: Page table entries are cleared or replaced while the
 *	mapping stays (madvise(), copy on write, reclaim, ...).
 * @MMU_NOTIFY_PROTECTION_VMA: The protection of whole VMAs changes, as by
 *	mprotect(); vm_page_prot has the new one.
 * @MMU_NOTIFY_PROTECTION_PAGE: The protection of single pages changes; only the
 *	page table tells which.
 * @MMU_NOTIFY_SOFT_DIRTY: Soft-dirty tracking restarts: pages and access stay,
 *	but the next write must be noticed.
 * @MMU_NOTIFY_RELEASE: The address space is gone; interval subscriptions see
 *	this once, for a range that covers everything.
 * @MMU_NOTIFY_MIGRATE: migrate_vma_setup() collects pages; @owner is the pgmap
 *	owner of the migrating driver, which may ignore its own migrations.
 * @MMU_NOTIFY_EXCLUSIVE: Pages become exclusive to a device; @owner is passed
 *	by the driver, which may ignore its own requests.
 */
enum mmu_notifier_event {
	MMU_NOTIFY_UNMAP = 0,
	MMU_NOTIFY_CLEAR,
	MMU_NOTIFY_PROTECTION_VMA,
	MMU_NOTIFY_PROTECTION_PAGE,
	MMU_NOTIFY_SOFT_DIRTY,
	MMU_NOTIFY_RELEASE,
	MMU_NOTIFY_MIGRATE,
	MMU_NOTIFY_EXCLUSIVE,
};

/* Callbacks of this invalidation may sleep. */
#define MMU_NOTIFIER_RANGE_BLOCKABLE (1 << 0)

/**
 * struct mmu_notifier_ops - callbacks of a subscription to a whole mm
 *
 * Every callback is optional. All but @alloc_notifier, @free_notifier, and a
 * @release that mmu_notifier_unregister() calls, run inside an SRCU section and
 * may run on several CPUs at once.
 */
struct mmu_notifier_ops {
	/**
	 * @release: The address space is going away, or the subscription is
	 * being unregistered. Drop every SPTE and establish no more: the pages
	 * are freed, and may be reused with other cache attributes, as soon as
	 * this returns. May run concurrently with the other callbacks. A driver
	 * without it must stop the device, including speculative accesses,
	 * before the last user of the mm is gone.
	 */
	void (*release)(struct mmu_notifier *subscription,
			struct mm_struct *mm);

	/**
	 * @clear_flush_young: Test and clear the accessed state of the SPTEs of
	 * [@start, @end) and flush the secondary TLB. Returns whether any was
	 * accessed. Must not sleep.
	 */
	bool (*clear_flush_young)(struct mmu_notifier *subscription,
				  struct mm_struct *mm,
				  unsigned long start,
				  unsigned long end);

	/**
	 * @clear_young: Like @clear_flush_young without the flush: the caller
	 * accepts a stale answer.
	 */
	bool (*clear_young)(struct mmu_notifier *subscription,
			    struct mm_struct *mm,
			    unsigned long start,
			    unsigned long end);

	/**
	 * @test_young: Test the accessed state of the page at @address without
	 * changing it. Must not sleep.
	 */
	bool (*test_young)(struct mmu_notifier *subscription,
			   struct mm_struct *mm,
			   unsigned long address);

	/**
	 * @invalidate_range_start: The page table of [start, end) is about to
	 * change. The pages are still mapped and referenced. From return until
	 * the matching @invalidate_range_end, no SPTE may exist or be
	 * established in the range. Invalidations nest and overlap, also on
	 * other CPUs. The caller holds the mmap_lock or a lock of the reverse
	 * map: take neither, nor any lock under which memory is allocated with
	 * direct reclaim.
	 *
	 * May sleep if mmu_notifier_range_blockable(). Otherwise returns 0 when
	 * done, or %-EAGAIN if it would have to sleep. A subscription whose
	 * start can fail must not have an @invalidate_range_end: it would not
	 * know which of its starts an end belongs to.
	 */
	int (*invalidate_range_start)(struct mmu_notifier *subscription,
				      const struct mmu_notifier_range *range);

	/**
	 * @invalidate_range_end: The page table of the range has changed and
	 * the pages may have been freed. Called once for each start, in the
	 * same task, and for no invalidation that started before the
	 * registration. While the subscription is unregistered or put, an end
	 * may skip it; mmu_notifier_unregister() waits for those ends.
	 */
	void (*invalidate_range_end)(struct mmu_notifier *subscription,
				     const struct mmu_notifier_range *range);

	/**
	 * @arch_invalidate_secondary_tlbs: For hardware that walks the CPU's
	 * page tables (IOMMU SVA): flush [@start, @end) from its TLB. Called
	 * wherever the architecture flushes its own TLB, possibly under the
	 * page table lock: must not sleep. Excludes the two callbacks above.
	 */
	void (*arch_invalidate_secondary_tlbs)(struct mmu_notifier *subscription,
					       struct mm_struct *mm,
					       unsigned long start,
					       unsigned long end);

	/**
	 * @alloc_notifier: Returns a new subscription for mmu_notifier_get(),
	 * or an ERR_PTR(). Runs with the mmap_lock held for writing; may sleep.
	 */
	struct mmu_notifier *(*alloc_notifier)(struct mm_struct *mm);

	/**
	 * @free_notifier: Frees what @alloc_notifier returned, once the last
	 * reference is put and no callback runs or will run. Runs from an SRCU
	 * callback: must not sleep.
	 */
	void (*free_notifier)(struct mmu_notifier *subscription);
};

/**
 * struct mmu_notifier - subscription to a whole mm
 * @hlist: Entry in the list of the mm, the latest first.
 * @ops: Callbacks; set by the owner before registration, constant after that.
 * @mm: The mm, pinned by mmgrab() from registration to removal.
 * @rcu: Links registered subscriptions; then defers
 *	&mmu_notifier_ops.free_notifier until no callback runs.
 * @users: Number of references by mmu_notifier_get(), changed atomically; 0 if
 *	not registered, or while being registered or unregistered.
 *
 * The list is changed under the lock of the subscriptions, and walked in an SRCU
 * section of the mm. A range walks from the subscription that was first at its
 * start; a removed one keeps its ->next and its memory until the sections end.
 */
struct mmu_notifier {
	struct hlist_node hlist;
	const struct mmu_notifier_ops *ops;
	struct mm_struct *mm;
	struct rcu_head rcu;
	unsigned int users;
};

/**
 * struct mmu_interval_notifier_finish - second pass of one invalidation
 * @link: Chains the second passes of one invalidation.
 * @notifier: The interval subscription that asked for the second pass.
 *
 * Provided by &mmu_interval_notifier_ops.invalidate_start, usually embedded in
 * a structure with what the second pass needs. Several invalidations can be
 * active for one subscription; each needs its own object. Both members belong
 * to the core until invalidate_finish() is called.
 */
struct mmu_interval_notifier_finish {
	struct llist_node link;
	struct mmu_interval_notifier *notifier;
};

/**
 * struct mmu_interval_notifier_ops - callbacks of a subscription to an interval
 * @invalidate: Under the user lock, calls mmu_interval_set_seq() with the given
 *	sequence and tears down the SPTEs in the range. May sleep if
 *	mmu_notifier_range_blockable(). Returns true when done, and false only
 *	if it would have to sleep and must not.
 * @invalidate_start: Replaces @invalidate for teardown in two passes, which
 *	starts the work on all devices before it waits for any. Either completes
 *	like @invalidate and leaves *@finish NULL, or stores the object to call
 *	@invalidate_finish for. If it returns false, *@finish is ignored.
 * @invalidate_finish: Second pass. Called once for each object that
 *	@invalidate_start stored, in the same order, after the first pass of all
 *	subscriptions and before the page table changes. May free the object.
 */
struct mmu_interval_notifier_ops {
	bool (*invalidate)(struct mmu_interval_notifier *interval_sub,
			   const struct mmu_notifier_range *range,
			   unsigned long cur_seq);
	bool (*invalidate_start)(struct mmu_interval_notifier *interval_sub,
				 const struct mmu_notifier_range *range,
				 unsigned long cur_seq,
				 struct mmu_interval_notifier_finish **finish);
	void (*invalidate_finish)(struct mmu_interval_notifier_finish *finish);
};

/* Enough for 8 years at a million invalidations a second, 63 others active. */
#define MMU_INTERVAL_SEQ_BITS	56

/**
 * struct mmu_interval_notifier - subscription to an address interval of an mm
 * @interval_tree: First and last address; node in the tree of the mm, under the
 *	lock of its active ranges.
 * @ops: Callbacks, constant while inserted, up to a deferred removal.
 * @mm: The mm, pinned by mmgrab() while inserted; NULL after a failed insertion.
 * @invalidate_seq: Sequence of the last invalidation announced to this
 *	subscription, or an even number if there was none; written by
 *	mmu_interval_set_seq() under the user lock, or by a filter without it.
 */
struct mmu_interval_notifier {
	struct interval_tree_node interval_tree;
	const struct mmu_interval_notifier_ops *ops;
	struct mm_struct *mm;
	/* private: */
	union {
		/* Under the lock of the mm's active ranges. */
		struct {
			struct {
				/*
				 * Last sequence to be announced during its
				 * removal; 0 before that.
				 */
				u64 removed : MMU_INTERVAL_SEQ_BITS;
				/*
				 * Generation of an untracked range that
				 * overlaps it, modulo 256. After a wrap a stale
				 * value only causes a needless wait.
				 */
				u64 untracked : 64 - MMU_INTERVAL_SEQ_BITS;
			} __packed __aligned(sizeof(long));
#ifdef CONFIG_64BIT
			/*
			 * No range with a later sequence was announced to it,
			 * or was active when it was inserted.
			 */
			u64 announced;
#endif
		};
		/* Former member, which keeps the size for modules. */
		struct hlist_node deferred_item;
	};
	/* public: */
	unsigned long invalidate_seq;
};

/**
 * struct mmu_interval_notifier_removal - the deferred removal of an interval_sub
 *
 * Provided by the caller of mmu_interval_notifier_remove_deferred(), usually embedded
 * in the structure that has the interval_sub, and not on a stack. Needs no
 * initialisation. Belongs to the core until the interval_sub is released.
 */
struct mmu_interval_notifier_removal {
	/* private: */
	union {
		struct wait_queue_entry wait;	/* of the first in its list */
		struct work_struct work;	/* the same, when that is over */
	};
	struct mmu_interval_notifier_removal *next;
	unsigned int list;		/* index of the list that it was last in */
	unsigned int pending;		/* the count that it is in */
	struct mmu_interval_notifier *interval_sub;
	struct mm_struct *mm;		/* drivers may clear that of interval_sub */
	void (*released)(struct mmu_interval_notifier *interval_sub);
	const struct mmu_interval_notifier_ops *ops;	/* the driver's */
	struct mmu_interval_notifier_ops no_ops;	/* what is called instead */
	u64 mark;			/* no later range may call it */
	unsigned long generation;	/* nor a later untracked range; 0: nor any */
};

/**
 * struct mmu_notifier_skip - invalidations that a subscription is not called for
 * @events: Mask of BIT() of enum mmu_notifier_event, but never of MMU_NOTIFY_RELEASE.
 * @owner: If not NULL, also those that this owner causes: MMU_NOTIFY_MIGRATE and
 *	MMU_NOTIFY_EXCLUSIVE with this as the owner of the range.
 * @exclusive_in_reads: Read sections of the interval do not collide with what @owner
 *	makes exclusive. For a driver that calls make_device_exclusive() inside of one,
 *	which would collide each time.
 *
 * A mask of what is not wanted, so that events that are added to the kernel later are
 * called for.
 */
struct mmu_notifier_skip {
	unsigned long events;
	const void *owner;
	bool exclusive_in_reads;
};

/**
 * struct mmu_interval_notifier_filter - callbacks that skip some invalidations
 * @ops: For mmu_interval_notifier_insert().
 *
 * See mmu_interval_notifier_filter_init().
 */
struct mmu_interval_notifier_filter {
	struct mmu_interval_notifier_ops ops;
	/* private: */
	const struct mmu_interval_notifier_ops *driver_ops;
	struct mmu_notifier_skip skip;
};

/**
 * struct mmu_notifier_filter - callbacks that skip some invalidations
 * @ops: For &mmu_notifier.ops.
 *
 * See mmu_notifier_filter_init().
 */
struct mmu_notifier_filter {
	struct mmu_notifier_ops ops;
	/* private: */
	const struct mmu_notifier_ops *driver_ops;
	struct mmu_notifier_skip skip;
};

/**
 * struct mmu_read_range - one range of a set that is read together
 * @start: First address.
 * @end: First address after the range.
 */
struct mmu_read_range {
	unsigned long start;
	unsigned long end;
};

/**
 * struct mmu_range_reader - reads the page table of a range, or of a set of them
 *
 * On the stack of a fault handler, or part of a larger structure; used by one task
 * at a time. Initialise it with mmu_range_reader_init(), then use it for any number
 * of read sections, one after the other. It must not be copied.
 */
struct mmu_range_reader {
	/* private: */
	struct mn_ranges *fast;		/* NULL if the next begin has more to do */
	const unsigned long *last_seq;	/* of the mm */
	unsigned long seq;		/* ... at begin; even: has a watch */
	unsigned long first;		/* of all that is read */
	unsigned long last;
	const struct mmu_read_range *set;	/* NULL if there is one range */
	unsigned int nr;
	bool overrun;			/* gets a watch with the next begin */
	u8 watch;			/* index of its watch plus 1, or 0 */
	unsigned long began;		/* the last sequence before it reads */
	struct mn_ranges *ranges;	/* NULL if the mm is not tracked */
	struct mm_struct *mm;
};

#ifdef CONFIG_MMU_NOTIFIER

/**
 * struct mmu_notifier_range - one invalidation, from its start to its end
 * @mm: The mm whose page table changes.
 * @start: First address of the range.
 * @end: First address after the range.
 * @flags: MMU_NOTIFIER_RANGE_BLOCKABLE, set and cleared by the start functions.
 * @event: Why the page table changes.
 * @owner: The driver that causes it, for MMU_NOTIFY_MIGRATE and
 *	MMU_NOTIFY_EXCLUSIVE; otherwise NULL.
 *
 * Usually on the stack of the code that changes the page table. Initialised by
 * mmu_notifier_range_init() or mmu_notifier_range_init_owner().
 */
struct mmu_notifier_range {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	unsigned int flags;
	enum mmu_notifier_event event;
	void *owner;
	/* private: */
	/* Odd sequence while active and tracked; even otherwise. 0: has none. */
	u64 seq;
	/* SRCU index, and the first subscription to notify at the end. */
	unsigned long section;
};

/*
 * For drivers
 */

struct mmu_notifier *mmu_notifier_get_locked(const struct mmu_notifier_ops *ops,
					     struct mm_struct *mm);
void mmu_notifier_put(struct mmu_notifier *subscription);
void mmu_notifier_synchronize(void);

int mmu_notifier_register(struct mmu_notifier *subscription,
			  struct mm_struct *mm);
int __mmu_notifier_register(struct mmu_notifier *subscription,
			    struct mm_struct *mm);
int mmu_notifier_register_tracked(struct mmu_notifier *subscription,
				  struct mm_struct *mm);
int __mmu_notifier_register_tracked(struct mmu_notifier *subscription,
				    struct mm_struct *mm);
void mmu_notifier_unregister(struct mmu_notifier *subscription,
			     struct mm_struct *mm);

unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub);
int __must_check
mmu_interval_read_begin_killable(struct mmu_interval_notifier *interval_sub,
				 unsigned long *seq);
int mmu_interval_notifier_insert(struct mmu_interval_notifier *interval_sub,
				 struct mm_struct *mm, unsigned long start,
				 unsigned long length,
				 const struct mmu_interval_notifier_ops *ops);
int mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *interval_sub,
					struct mm_struct *mm,
					unsigned long start,
					unsigned long length,
					const struct mmu_interval_notifier_ops *ops);
void mmu_interval_notifier_remove(struct mmu_interval_notifier *interval_sub);
void
mmu_interval_notifier_remove_deferred(struct mmu_interval_notifier *interval_sub,
				      struct mmu_interval_notifier_removal *removal,
				      void (*released)(struct mmu_interval_notifier *));
void mmu_interval_notifier_barrier(void);
int mmu_interval_notifier_update(struct mmu_interval_notifier *interval_sub,
				 unsigned long start, unsigned long length);

void
mmu_interval_notifier_filter_init(struct mmu_interval_notifier_filter *filter,
				  const struct mmu_interval_notifier_ops *ops,
				  struct mmu_notifier_skip skip);
void mmu_notifier_filter_init(struct mmu_notifier_filter *filter,
			      const struct mmu_notifier_ops *ops,
			      struct mmu_notifier_skip skip);

void mmu_range_reader_init(struct mmu_range_reader *reader,
			   struct mm_struct *mm);
void mmu_range_read_begin(struct mmu_range_reader *reader, unsigned long start,
			  unsigned long end);
int __must_check mmu_range_read_begin_killable(struct mmu_range_reader *reader,
					       unsigned long start,
					       unsigned long end);
void mmu_range_read_begin_set(struct mmu_range_reader *reader,
			      const struct mmu_read_range *set, unsigned int nr);
int __must_check
mmu_range_read_begin_set_killable(struct mmu_range_reader *reader,
				  const struct mmu_read_range *set,
				  unsigned int nr);
bool __mmu_range_read_check_retry(struct mmu_range_reader *reader);
bool __mmu_range_read_retry(struct mmu_range_reader *reader);
void mmu_range_read_cancel(struct mmu_range_reader *reader);

bool mmu_notifier_range_inactive(struct mm_struct *mm, unsigned long start,
				 unsigned long end);
void mmu_notifier_range_wait_inactive(struct mm_struct *mm, unsigned long start,
				      unsigned long end);
int __must_check
mmu_notifier_range_wait_inactive_killable(struct mm_struct *mm,
					  unsigned long start,
					  unsigned long end);

/**
 * mmu_notifier_get - get the subscription of an mm to the given callbacks
 * @ops: The callbacks; two subscriptions are the same if their @ops are.
 * @mm: The mm.
 *
 * See mmu_notifier_get_locked(), which this calls.
 *
 * Context: May sleep; takes the mmap_lock for writing.
 * Return: The subscription, with a reference that mmu_notifier_put() drops, or
 * an ERR_PTR(), see mmu_notifier_get_locked().
 */
static inline struct mmu_notifier *
mmu_notifier_get(const struct mmu_notifier_ops *ops, struct mm_struct *mm)
{
	struct mmu_notifier *subscription;

	mmap_write_lock(mm);
	subscription = mmu_notifier_get_locked(ops, mm);
	mmap_write_unlock(mm);
	return subscription;
}

/**
 * mmu_interval_set_seq - make read sections of an interval collide
 * @interval_sub: The subscription that the callback was called for.
 * @cur_seq: The sequence that the callback was called with.
 *
 * Every interval callback must call this, whatever else it does, unless the
 * driver never uses mmu_interval_read_begin(). Call it once, in the callback, and
 * before that releases the user lock: a later invalidation may store its sequence
 * after that, which must not be overwritten. Of two passes, either may call it.
 *
 * Context: Any, under the user lock, which mmu_interval_read_retry() also
 * takes.
 */
static __always_inline void
mmu_interval_set_seq(struct mmu_interval_notifier *interval_sub,
		     unsigned long cur_seq)
{
	mn_debug_set_seq(interval_sub, cur_seq);
	/* Ordered by (D) and (E) in mm/, which came before the callback. */
	WRITE_ONCE(interval_sub->invalidate_seq, cur_seq);
}

/**
 * mmu_interval_read_retry - end a read section and check for a collision
 * @interval_sub: The subscription.
 * @seq: What the matching mmu_interval_read_begin() returned.
 *
 * If this returns false, nothing read from the interval since
 * mmu_interval_read_begin() has been invalidated. SPTEs made from it may be
 * established before the user lock is released: the callback of a later
 * invalidation waits for that lock and finds them.
 *
 * Context: Any, under the user lock.
 * Return: true if an invalidation collided: discard what was read, and retry.
 */
static __always_inline bool
mmu_interval_read_retry(struct mmu_interval_notifier *interval_sub,
			unsigned long seq)
{
	mn_debug_retry(interval_sub, seq);
	/* Callbacks hold the same lock, but a filter does not. Read once anyway. */
	if (likely(data_race(interval_sub->invalidate_seq) == seq))
		return false;
	mn_trace_retry(interval_sub, seq);
	return true;
}

/**
 * mmu_interval_check_retry - check for a collision early
 * @interval_sub: The subscription.
 * @seq: What the matching mmu_interval_read_begin() returned.
 *
 * Saves work inside a read section. Does not replace mmu_interval_read_retry().
 *
 * Context: Any; no lock needed.
 * Return: true if mmu_interval_read_retry() is certain to return true; false is
 * only a hint.
 */
static inline bool
mmu_interval_check_retry(struct mmu_interval_notifier *interval_sub,
			 unsigned long seq)
{
	return READ_ONCE(interval_sub->invalidate_seq) != seq;
}

/**
 * mmu_range_read_retry - end the read section of a range reader
 * @reader: The range reader.
 *
 * If this returns false, nothing read from the range, or set of ranges, since the
 * begin has been invalidated. SPTEs made from it may be established before the user
 * lock is released: the callback of a later invalidation waits for that lock and
 * finds them. This requires a callback that takes the user lock for each overlapping
 * invalidation: of a subscription to the mm, or to an interval that contains all
 * that is read.
 *
 * It returns true if an overlapping invalidation has started since the begin, even
 * one that the driver itself caused; or if the range reader was overrun: more than
 * some 60 invalidations of any range have started (30 on 32 bit), deferred removals
 * and moves of interval_subs included. The next read
 * section, with this or another range reader of the mm, is not overrun again,
 * unless four other range readers hold all watches of the mm, or a set has more
 * than eight ranges and one of the smaller gaps between them is invalidated.
 * (Another range reader may be overrun if it begins some 16,000 invalidations
 * later; or some 200, if more are active than the mm can tell apart.)
 *
 * The retry says nothing about the time after the user lock is released: a range
 * reader cannot tell whether SPTEs are still valid.
 *
 * Context: Any, including hard interrupts off, under the user lock.
 * Return: true if an invalidation may have collided: discard what was read, and
 * retry.
 */
static __always_inline bool __must_check
mmu_range_read_retry(struct mmu_range_reader *reader)
{
	bool retry;

	/* Earlier callbacks released the user lock: their starts are seen. */
	if (READ_ONCE(*reader->last_seq) == reader->seq)
		return false;
	retry = __mmu_range_read_retry(reader);
	/* No tail call: its event tells where it is called. */
	if (IS_ENABLED(CONFIG_MMU_NOTIFIER_TRACE))
		barrier();
	return retry;
}

/**
 * mmu_range_read_check_retry - check a range reader for a collision early
 * @reader: The range reader.
 *
 * Saves work inside a read section. Does not replace mmu_range_read_retry().
 *
 * Context: Any, in the task that is reading; no lock needed.
 * Return: true if mmu_range_read_retry() is certain to return true; false is only a
 * hint.
 */
static inline bool mmu_range_read_check_retry(struct mmu_range_reader *reader)
{
	return READ_ONCE(*reader->last_seq) != reader->seq &&
	       __mmu_range_read_check_retry(reader);
}

/**
 * mmu_notifier_range_blockable - whether callbacks may sleep
 * @range: The invalidation.
 *
 * Return: true if callbacks may sleep.
 */
static inline bool
mmu_notifier_range_blockable(const struct mmu_notifier_range *range)
{
	return range->flags & MMU_NOTIFIER_RANGE_BLOCKABLE;
}

/*
 * For mm/, and other code that changes page tables
 */

#ifdef CONFIG_LOCKDEP
/*
 * Means "inside an invalidation callback" to lockdep. Starts, ends and every
 * function that waits for invalidations enter it, so that lockdep reports a
 * deadlock before it happens.
 */
extern struct lockdep_map __mmu_notifier_invalidate_range_start_map;
#endif

void __mmu_notifier_subscriptions_destroy(struct mm_struct *mm);
void __mmu_notifier_release(struct mm_struct *mm);
bool __mmu_notifier_clear_flush_young(struct mm_struct *mm,
				      unsigned long start, unsigned long end);
bool __mmu_notifier_clear_young(struct mm_struct *mm,
				unsigned long start, unsigned long end);
bool __mmu_notifier_test_young(struct mm_struct *mm, unsigned long address);
int __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range);
void __mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range);
void __mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
						   unsigned long start,
						   unsigned long end);

/* With CONFIG_FAIL_MMU_NOTIFIER only: see mm/mmu_notifier_fail.c. */
bool mmu_notifier_fails_to_start(void);

/*
 * While they are traced, other functions are called: see mm/mmu_notifier_trace.c. Where
 * calls are patched for that, they cost nothing otherwise.
 */
#if defined(CONFIG_MMU_NOTIFIER_TRACE) && defined(CONFIG_HAVE_STATIC_CALL_INLINE)
DECLARE_STATIC_CALL(mmu_notifier_start, __mmu_notifier_invalidate_range_start);
DECLARE_STATIC_CALL(mmu_notifier_end, __mmu_notifier_invalidate_range_end);
#define mn_dispatch_start static_call(mmu_notifier_start)
#define mn_dispatch_end   static_call(mmu_notifier_end)
#else
#define mn_dispatch_start __mmu_notifier_invalidate_range_start
#define mn_dispatch_end   __mmu_notifier_invalidate_range_end
#endif

static inline int mm_has_notifiers(struct mm_struct *mm)
{
	/* Only a test for NULL; mn_subscriptions() orders the contents. */
	return unlikely(!!data_race(mm->notifier_subscriptions));
}

static inline void mmu_notifier_release(struct mm_struct *mm)
{
	if (mm_has_notifiers(mm))
		__mmu_notifier_release(mm);
}

static inline bool mmu_notifier_clear_flush_young(struct mm_struct *mm,
						  unsigned long start,
						  unsigned long end)
{
	return mm_has_notifiers(mm) &&
	       __mmu_notifier_clear_flush_young(mm, start, end);
}

static inline bool mmu_notifier_clear_young(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
	return mm_has_notifiers(mm) &&
	       __mmu_notifier_clear_young(mm, start, end);
}

static inline bool mmu_notifier_test_young(struct mm_struct *mm,
					   unsigned long address)
{
	return mm_has_notifiers(mm) && __mmu_notifier_test_young(mm, address);
}

/*
 * Enter the map even if the mm has no notifiers, so that lockdep learns of every
 * place that invalidates. Callbacks enter it again.
 */
static __always_inline int
__mmu_notifier_range_start(struct mmu_notifier_range *range,
			   unsigned int blockable)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
	mn_debug_start(range);
	if (!mm_has_notifiers(range->mm))
		return 0;
	if (IS_ENABLED(CONFIG_FAIL_MMU_NOTIFIER) && !blockable &&
	    mmu_notifier_fails_to_start())
		return mn_debug_started(range, -EAGAIN);

	range->flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
	range->flags |= blockable;
	return mn_debug_started(range, mn_dispatch_start(range));
}

/**
 * mmu_notifier_invalidate_range_start - announce a change of the page table
 * @range: The invalidation, initialised and not active.
 *
 * On return no secondary MMU maps the range, and none will until
 * mmu_notifier_invalidate_range_end(), which must be called, by the same task.
 * Until then registration, unregistration and the end of the mm wait.
 *
 * Context: May sleep. The caller holds the mmap_lock or a lock of the reverse
 * map, and keeps it until the end.
 */
static __always_inline void
mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
	might_sleep();
	__mmu_notifier_range_start(range, MMU_NOTIFIER_RANGE_BLOCKABLE);
}

/**
 * mmu_notifier_invalidate_range_start_nonblock - announce without sleeping
 * @range: The invalidation, initialised and not active.
 *
 * For the OOM killer, which cannot wait for others.
 *
 * Context: Callbacks do not sleep. Locks as for
 * mmu_notifier_invalidate_range_start().
 * Return: 0 if the invalidation has started and must be ended; %-EAGAIN if a
 * callback would have had to sleep: then do not change the page table, and do
 * not call mmu_notifier_invalidate_range_end().
 */
static __always_inline int __must_check
mmu_notifier_invalidate_range_start_nonblock(struct mmu_notifier_range *range)
{
	return __mmu_notifier_range_start(range, 0);
}

/**
 * mmu_notifier_invalidate_range_end - the page table has changed
 * @range: The invalidation, as it was started.
 *
 * Calls ->invalidate_range_end() of each subscription to the mm that saw the start
 * and has not been removed since.
 *
 * Context: As for the start, in the same task.
 */
static __always_inline void
mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		might_sleep();

	mn_debug_end(range);
	if (mm_has_notifiers(range->mm))
		mn_dispatch_end(range);
}

static __always_inline void
mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
	mn_debug_flush(start, end);
	if (mm_has_notifiers(mm))
		__mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end);
}

static inline void mmu_notifier_subscriptions_init(struct mm_struct *mm)
{
	mm->notifier_subscriptions = NULL;
}

static inline void mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
	mn_debug_mm_gone(mm);
	if (mm_has_notifiers(mm))
		__mmu_notifier_subscriptions_destroy(mm);
}

/**
 * mmu_notifier_range_init_owner - initialise an invalidation that has an owner
 * @range: The invalidation.
 * @event: Why the page table is about to change.
 * @flags: Must be 0.
 * @mm: The mm.
 * @start: First address.
 * @end: First address after the range.
 * @owner: Lets a driver recognise invalidations that it causes itself.
 */
static inline void
mmu_notifier_range_init_owner(struct mmu_notifier_range *range,
			      enum mmu_notifier_event event,
			      unsigned int flags, struct mm_struct *mm,
			      unsigned long start, unsigned long end,
			      void *owner)
{
	/* All members, so that INIT_STACK_ALL_ZERO adds no store. */
	*range = (struct mmu_notifier_range) {
		.mm = mm,
		.start = start,
		.end = end,
		.flags = flags,
		.event = event,
		.owner = owner,
	};
}

/**
 * mmu_notifier_range_init - initialise an invalidation
 * @range: The invalidation.
 * @event: Why the page table is about to change.
 * @flags: Must be 0.
 * @mm: The mm.
 * @start: First address.
 * @end: First address after the range.
 */
static inline void mmu_notifier_range_init(struct mmu_notifier_range *range,
					   enum mmu_notifier_event event,
					   unsigned int flags,
					   struct mm_struct *mm,
					   unsigned long start,
					   unsigned long end)
{
	mmu_notifier_range_init_owner(range, event, flags, mm, start, end, NULL);
}

#else /* CONFIG_MMU_NOTIFIER */

struct mmu_notifier_range {
	unsigned long start;
	unsigned long end;
};

static inline void
mmu_notifier_range_init_owner(struct mmu_notifier_range *range,
			      enum mmu_notifier_event event,
			      unsigned int flags, struct mm_struct *mm,
			      unsigned long start, unsigned long end,
			      void *owner)
{
	range->start = start;
	range->end = end;
}

static inline void mmu_notifier_range_init(struct mmu_notifier_range *range,
					   enum mmu_notifier_event event,
					   unsigned int flags,
					   struct mm_struct *mm,
					   unsigned long start,
					   unsigned long end)
{
	mmu_notifier_range_init_owner(range, event, flags, mm, start, end, NULL);
}

static inline bool
mmu_notifier_range_blockable(const struct mmu_notifier_range *range)
{
	return true;
}

static inline int mm_has_notifiers(struct mm_struct *mm)
{
	return 0;
}

static inline void mmu_notifier_release(struct mm_struct *mm)
{
}

static inline bool mmu_notifier_clear_flush_young(struct mm_struct *mm,
						  unsigned long start,
						  unsigned long end)
{
	return false;
}

static inline bool mmu_notifier_clear_young(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
	return false;
}

static inline bool mmu_notifier_test_young(struct mm_struct *mm,
					   unsigned long address)
{
	return false;
}

static inline void
mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range)
{
}

static inline int
mmu_notifier_invalidate_range_start_nonblock(struct mmu_notifier_range *range)
{
	return 0;
}

static inline void
mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
}

static inline void
mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
}

static inline void mmu_notifier_subscriptions_init(struct mm_struct *mm)
{
}

static inline void mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
}

static inline void mmu_notifier_synchronize(void)
{
}

static inline void mmu_range_reader_init(struct mmu_range_reader *reader,
					 struct mm_struct *mm)
{
	reader->mm = mm;
}

static inline void mmu_range_read_begin(struct mmu_range_reader *reader,
					unsigned long start, unsigned long end)
{
}

static inline int __must_check
mmu_range_read_begin_killable(struct mmu_range_reader *reader,
			      unsigned long start, unsigned long end)
{
	return 0;
}

static inline void mmu_range_read_begin_set(struct mmu_range_reader *reader,
					    const struct mmu_read_range *set,
					    unsigned int nr)
{
}

static inline int __must_check
mmu_range_read_begin_set_killable(struct mmu_range_reader *reader,
				  const struct mmu_read_range *set,
				  unsigned int nr)
{
	return 0;
}

/* Invalidations are not announced: no read section can be known to be valid. */
static inline bool mmu_range_read_check_retry(struct mmu_range_reader *reader)
{
	return true;
}

static inline bool __must_check
mmu_range_read_retry(struct mmu_range_reader *reader)
{
	return true;
}

static inline void mmu_range_read_cancel(struct mmu_range_reader *reader)
{
}

static inline bool mmu_notifier_range_inactive(struct mm_struct *mm,
					       unsigned long start,
					       unsigned long end)
{
	return false;
}

static inline void mmu_notifier_range_wait_inactive(struct mm_struct *mm,
						    unsigned long start,
						    unsigned long end)
{
}

static inline int __must_check
mmu_notifier_range_wait_inactive_killable(struct mm_struct *mm,
					  unsigned long start,
					  unsigned long end)
{
	return 0;
}

#endif /* CONFIG_MMU_NOTIFIER */

#endif /* _LINUX_MMU_NOTIFIER_H */

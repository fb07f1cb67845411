/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MMU_NOTIFIER_H
#define _LINUX_MMU_NOTIFIER_H

#include <linux/interval_tree.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>

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
 *   The number of an invalidation: odd, and greater than those of all that
 *   started earlier in the mm.
 *
 * announce
 *   To call a subscription for an invalidation.
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
 * remover
 *   A thread in mmu_interval_notifier_remove().
 *
 * waiter
 *   A reader or remover that sleeps until ranges have ended.
 */

struct mmu_interval_notifier;
struct mmu_notifier;
struct mmu_notifier_range;
struct mmu_notifier_subscriptions;

/**
 * enum mmu_notifier_event - why an address range is invalidated
 * @MMU_NOTIFY_UNMAP: The mapping goes away, by munmap(), or moves, by
 *	mremap(). Zero, and the safe assumption: whoever handles this event
 *	correctly handles every other one.
 * @MMU_NOTIFY_CLEAR: Page table entries are cleared or replaced while the
 *	mapping stays (madvise(), copy on write, reclaim, ...).
 * @MMU_NOTIFY_PROTECTION_VMA: The protection of whole VMAs changes, as by
 *	mprotect(). The new vm_page_prot tells all there is to know.
 * @MMU_NOTIFY_PROTECTION_PAGE: The protection of single pages changes. Only
 *	the page table tells which.
 * @MMU_NOTIFY_SOFT_DIRTY: Soft-dirty tracking restarts: same pages, same
 *	access, but the next write has to be noticed again.
 * @MMU_NOTIFY_RELEASE: The address space is gone. Interval subscriptions see
 *	it once, for a range that covers everything.
 * @MMU_NOTIFY_MIGRATE: migrate_vma_setup() collects pages. &owner is the pgmap
 *	owner of the migrating driver, which may ignore its own migrations.
 * @MMU_NOTIFY_EXCLUSIVE: Pages are made exclusive to a device. &owner is the
 *	value given by the caller, which may ignore its own requests.
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

/* The callbacks of this invalidation may sleep. */
#define MMU_NOTIFIER_RANGE_BLOCKABLE (1 << 0)

/**
 * struct mmu_notifier_ops - callbacks of a subscription to a whole mm
 *
 * Every callback is optional. All but @alloc_notifier and @free_notifier run
 * inside an SRCU read section and may run on several CPUs at once.
 */
struct mmu_notifier_ops {
	/**
	 * @release: The address space is going away, or the subscription is
	 * being unregistered. Drop every SPTE and make sure that none is
	 * established again: the pages are freed, and possibly reused with
	 * other cache attributes, as soon as this returns. May run together
	 * with the other callbacks. A driver without it must itself make sure
	 * that the device has stopped, speculative accesses included, before
	 * the last user of the mm is gone.
	 */
	void (*release)(struct mmu_notifier *subscription,
			struct mm_struct *mm);

	/**
	 * @clear_flush_young: Test and clear the accessed state of the
	 * secondary mapping of [@start, @end) and flush the secondary TLB.
	 * Returns whether it was accessed. Must not sleep.
	 */
	bool (*clear_flush_young)(struct mmu_notifier *subscription,
				  struct mm_struct *mm,
				  unsigned long start,
				  unsigned long end);

	/**
	 * @clear_young: Like @clear_flush_young, but the flush may be left out:
	 * the answer is only as good as the caller needs it to be.
	 */
	bool (*clear_young)(struct mmu_notifier *subscription,
			    struct mm_struct *mm,
			    unsigned long start,
			    unsigned long end);

	/**
	 * @test_young: Test the accessed state of one page and change nothing.
	 * Must not sleep.
	 */
	bool (*test_young)(struct mmu_notifier *subscription,
			   struct mm_struct *mm,
			   unsigned long address);

	/**
	 * @invalidate_range_start: The page table of [start, end) is about to
	 * change. The pages are still mapped and referenced. After return, and
	 * until the matching @invalidate_range_end, no SPTE may exist or be
	 * established in the range. Invalidations nest and overlap, also on
	 * other CPUs. The caller holds the mmap_lock or a lock of the reverse
	 * map, so neither may be taken, nor any lock under which memory is
	 * allocated with direct reclaim.
	 *
	 * May sleep if mmu_notifier_range_blockable(). Otherwise returns
	 * -EAGAIN if it would have to, 0 if it is done. A subscription whose
	 * start can fail must not have an @invalidate_range_end, because
	 * nobody tells it which of its starts counted.
	 */
	int (*invalidate_range_start)(struct mmu_notifier *subscription,
				      const struct mmu_notifier_range *range);

	/**
	 * @invalidate_range_end: The page table of the range has changed and
	 * the pages may have been freed. Called once for each start, in the
	 * same context.
	 */
	void (*invalidate_range_end)(struct mmu_notifier *subscription,
				     const struct mmu_notifier_range *range);

	/**
	 * @arch_invalidate_secondary_tlbs: For hardware that walks the page
	 * tables of the CPU and caches what it finds (IOMMU SVA): drop
	 * [@start, @end) from that cache. Called wherever the architecture
	 * flushes its own TLB, so possibly under the page table lock: must not
	 * sleep. Excludes the two callbacks above.
	 */
	void (*arch_invalidate_secondary_tlbs)(struct mmu_notifier *subscription,
					       struct mm_struct *mm,
					       unsigned long start,
					       unsigned long end);

	/**
	 * @alloc_notifier: For mmu_notifier_get(): returns a new subscription
	 * for the mm or an ERR_PTR(). Runs under the mmap_lock held for
	 * writing; may sleep.
	 */
	struct mmu_notifier *(*alloc_notifier)(struct mm_struct *mm);

	/**
	 * @free_notifier: Frees what @alloc_notifier returned, after the last
	 * mmu_notifier_put(), when no callback runs or will run any more. Runs
	 * from an SRCU callback: must not sleep.
	 */
	void (*free_notifier)(struct mmu_notifier *subscription);
};

/**
 * struct mmu_notifier - subscription to a whole mm
 * @hlist: Entry in the list of the mm. Added with all locks of the mm held
 *	(mm_take_all_locks()), removed under the lock of the subscriptions, walked
 *	under SRCU.
 * @ops: Callbacks. Set by the owner before registration, constant thereafter.
 * @mm: The mm, pinned by mmgrab() from registration to removal.
 * @rcu: Defers @free_notifier past the last callback.
 * @users: References by mmu_notifier_get(), under the lock of the subscriptions.
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
 * Given out by &mmu_interval_notifier_ops.invalidate_start, usually embedded in
 * a larger structure with what the second pass needs. One subscription can be
 * under several invalidations at a time; each of them needs its own object.
 * Both members belong to the core until invalidate_finish() is called.
 */
struct mmu_interval_notifier_finish {
	struct llist_node link;
	struct mmu_interval_notifier *notifier;
};

/**
 * struct mmu_interval_notifier_ops - callbacks of a subscription to an interval
 * @invalidate: Tear down the SPTEs in the range, under the user lock, after
 *	mmu_interval_set_seq() with the given sequence. May sleep if
 *	mmu_notifier_range_blockable(). Returns true when done; false only if it
 *	would have to sleep and must not.
 * @invalidate_start: Replaces @invalidate for teardown in two passes: starts the
 *	work on all devices before it waits for any. Either completes like
 *	@invalidate and leaves *@finish alone (it is NULL on entry), or stores
 *	the object for which @invalidate_finish is to be called. If it returns
 *	false, *@finish is ignored.
 * @invalidate_finish: The second pass. Called once for each object that
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

/* Enough for 100 years of a million invalidations a second. */
#define MMU_INTERVAL_SEQ_BITS	56

/**
 * struct mmu_interval_notifier - subscription to an address interval of an mm
 * @interval_tree: First and last address; node in the tree of the mm, under the
 *	lock of the subscriptions.
 * @ops: Callbacks, constant while inserted.
 * @mm: The mm, pinned by mmgrab() while inserted. NULL after a failed insert.
 * @invalidate_seq: Sequence of the last invalidation that was announced to this
 *	subscription: odd, or even if there was none. Under the user lock, by
 *	mmu_interval_set_seq() and its kin.
 */
struct mmu_interval_notifier {
	struct interval_tree_node interval_tree;
	const struct mmu_interval_notifier_ops *ops;
	struct mm_struct *mm;
	/* private: */
	union {
		/* Under the lock of the mm's intervals. */
		struct {
			struct {
				/*
				 * The last sequence that is announced to it, 0
				 * before its removal.
				 */
				u64 removed : MMU_INTERVAL_SEQ_BITS;
				/*
				 * Generation of an untracked range that overlaps
				 * it, modulo 256. An old one may look new, and
				 * costs a wait.
				 */
				u64 untracked : 64 - MMU_INTERVAL_SEQ_BITS;
			} __packed __aligned(sizeof(long));
#ifdef CONFIG_64BIT
			/*
			 * No later sequence has come to it, nor was active when
			 * it was inserted.
			 */
			u64 announced;
#endif
		};
		/* What was here before: modules count on the size. */
		struct hlist_node deferred_item;
	};
	/* public: */
	unsigned long invalidate_seq;
};

#ifdef CONFIG_MMU_NOTIFIER

/**
 * struct mmu_notifier_range - one invalidation, from its start to its end
 * @mm: The mm whose page table changes.
 * @start: First address of the range.
 * @end: First address after the range.
 * @flags: MMU_NOTIFIER_RANGE_BLOCKABLE, set and cleared by the start functions.
 * @event: Why.
 * @owner: Who, for MMU_NOTIFY_MIGRATE and MMU_NOTIFY_EXCLUSIVE; otherwise NULL.
 *
 * Lives on the stack of the one who changes the page table. Initialised by
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
	/* Its sequence, odd, from start to end. Then one more, even. */
	u64 seq;
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
void mmu_notifier_unregister(struct mmu_notifier *subscription,
			     struct mm_struct *mm);

unsigned long
mmu_interval_read_begin(struct mmu_interval_notifier *interval_sub);
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

/**
 * mmu_notifier_get - get the subscription of an mm to the given callbacks
 * @ops: The callbacks; two subscriptions are the same if their @ops are.
 * @mm: The mm.
 *
 * See mmu_notifier_get_locked(), which this calls.
 *
 * Context: May sleep; takes the mmap_lock for writing.
 * Return: The subscription, with a reference that mmu_notifier_put() drops, or
 * an ERR_PTR() as mmu_notifier_get_locked() returns it.
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
 * mmu_interval_set_seq - note an invalidation of an interval subscription
 * @interval_sub: The subscription that the callback was called for.
 * @cur_seq: The sequence that the callback was called with.
 *
 * Has to be called by each interval callback, whatever else it does, unless the
 * driver never uses mmu_interval_read_begin(). Once only, before the callback
 * releases the user lock: a later invalidation may be noted by then, and must
 * not be forgotten.
 *
 * Context: Any, under the user lock, which is also held for
 * mmu_interval_read_retry().
 */
static inline void
mmu_interval_set_seq(struct mmu_interval_notifier *interval_sub,
		     unsigned long cur_seq)
{
	/* Ordered by (D) in mn_range_take_slot(). */
	WRITE_ONCE(interval_sub->invalidate_seq, cur_seq);
}

/**
 * mmu_interval_read_retry - end a read section, tell whether it was in vain
 * @interval_sub: The subscription.
 * @seq: What the matching mmu_interval_read_begin() returned.
 *
 * If it returns false, nothing that was read of the interval since
 * mmu_interval_read_begin() has been invalidated, and SPTEs made from it may be
 * established before the user lock is released: an invalidation that comes
 * later has to wait for that lock and then finds them.
 *
 * Context: Any, under the user lock.
 * Return: true if an invalidation collided: discard everything and begin anew.
 */
static inline bool
mmu_interval_read_retry(struct mmu_interval_notifier *interval_sub,
			unsigned long seq)
{
	/*
	 * A plain read: writers hold the same lock. A driver that breaks this
	 * rule is found by KCSAN.
	 */
	return interval_sub->invalidate_seq != seq;
}

/**
 * mmu_interval_check_retry - tell early that a read section is in vain
 * @interval_sub: The subscription.
 * @seq: What the matching mmu_interval_read_begin() returned.
 *
 * Saves work inside a read section; it does not end it.
 *
 * Context: Any; no lock needed.
 * Return: true if mmu_interval_read_retry() is going to be true. false says
 * nothing.
 */
static inline bool
mmu_interval_check_retry(struct mmu_interval_notifier *interval_sub,
			 unsigned long seq)
{
	return READ_ONCE(interval_sub->invalidate_seq) != seq;
}

/**
 * mmu_notifier_range_blockable - tell whether callbacks may sleep
 * @range: The invalidation.
 *
 * Return: true if they may.
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
 * Stands for "inside an invalidation callback". It is entered by each start and
 * end, and from everything that an invalidation may have to wait for or that
 * waits for one, so that lockdep knows of a cycle before it happens.
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

static inline int mm_has_notifiers(struct mm_struct *mm)
{
	/* Only whether there are any; mn_subscriptions() is for what they are. */
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
 * The map is entered even for an mm that has no notifiers, so that lockdep
 * learns of every place that invalidates. Callbacks enter it by themselves.
 */
static inline int __mmu_notifier_range_start(struct mmu_notifier_range *range,
					     unsigned int blockable)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
	if (!mm_has_notifiers(range->mm))
		return 0;

	range->flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
	range->flags |= blockable;
	return __mmu_notifier_invalidate_range_start(range);
}

/**
 * mmu_notifier_invalidate_range_start - announce a change of the page table
 * @range: The invalidation, initialised and not active.
 *
 * On return no secondary MMU maps the range, and none will until
 * mmu_notifier_invalidate_range_end(), which must follow.
 *
 * Context: May sleep. The caller holds the mmap_lock or a lock of the reverse
 * map, and keeps it until the end.
 */
static inline void
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
 * Context: The callbacks do not sleep. Locks as for
 * mmu_notifier_invalidate_range_start().
 * Return: 0 if the invalidation has started and must be ended. -EAGAIN if a
 * subscription would have had to sleep: then nothing is started, the page table
 * must not be changed, and mmu_notifier_invalidate_range_end() must not be
 * called.
 */
static inline int __must_check
mmu_notifier_invalidate_range_start_nonblock(struct mmu_notifier_range *range)
{
	return __mmu_notifier_range_start(range, 0);
}

/**
 * mmu_notifier_invalidate_range_end - the page table has changed
 * @range: The invalidation, as it was started.
 *
 * Context: As the start.
 */
static inline void
mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		might_sleep();

	if (mm_has_notifiers(range->mm))
		__mmu_notifier_invalidate_range_end(range);
}

static inline void
mmu_notifier_arch_invalidate_secondary_tlbs(struct mm_struct *mm,
					    unsigned long start,
					    unsigned long end)
{
	if (mm_has_notifiers(mm))
		__mmu_notifier_arch_invalidate_secondary_tlbs(mm, start, end);
}

static inline void mmu_notifier_subscriptions_init(struct mm_struct *mm)
{
	mm->notifier_subscriptions = NULL;
}

static inline void mmu_notifier_subscriptions_destroy(struct mm_struct *mm)
{
	if (mm_has_notifiers(mm))
		__mmu_notifier_subscriptions_destroy(mm);
}

/**
 * mmu_notifier_range_init_owner - describe an invalidation that has an owner
 * @range: What to initialise.
 * @event: Why the page table is going to change.
 * @flags: Has to be 0.
 * @mm: The mm whose page table it is.
 * @start: First address.
 * @end: First address after the range.
 * @owner: Lets a driver tell the invalidations that it causes itself.
 */
static inline void
mmu_notifier_range_init_owner(struct mmu_notifier_range *range,
			      enum mmu_notifier_event event,
			      unsigned int flags, struct mm_struct *mm,
			      unsigned long start, unsigned long end,
			      void *owner)
{
	/* All of it, so that INIT_STACK_ALL_ZERO has nothing to add. */
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
 * mmu_notifier_range_init - describe an invalidation
 * @range: What to initialise.
 * @event: Why the page table is going to change.
 * @flags: Has to be 0.
 * @mm: The mm whose page table it is.
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

#endif /* CONFIG_MMU_NOTIFIER */

#endif /* _LINUX_MMU_NOTIFIER_H */

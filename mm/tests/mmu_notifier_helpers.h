/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the MMU notifier suites: an mm per case, subscriptions that record
 * how they are called, and threads whose waits can be observed.
 *
 * No case depends on timing. A case starts a call in a separate thread, and
 * asks whether the call sleeps or returns; either is final as long as the case
 * does nothing that ends the wait. If a call should return but does not, the
 * case gives up after MN_HANG_SECONDS, names the call, and fails.
 *
 * A case need not clean up. When it ends, even by a failed assertion or a skip,
 * cleanup undoes what the functions below did: it opens gates, ends ranges,
 * lets threads return, removes subscriptions, and then frees the memory.
 * Threads must not use the stack of the case: use mn_alloc() and what builds on
 * it. If a thread still hangs during cleanup, the case fails, and the memory is
 * never freed.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_HELPERS_H
#define _MM_TESTS_MMU_NOTIFIER_HELPERS_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#define MN_HANG_SECONDS	5

/* Addresses of the test mm, in pages. */
#define MN_ADDR(page)	((unsigned long)(page) << PAGE_SHIFT)

/* All that a case has, and a log of the callbacks in order. */
struct mn_ctx {
	struct kunit *test;
	struct mm_struct *mm;		/* NULL once released by the case */
	struct mm_struct *other_mm;
	bool put;			/* a put may still have to free */
	bool broken;			/* a call hangs: free nothing */
	bool sections;			/* ranges may be in SRCU sections */
	bool same_task;			/* mn_start() runs in its caller */
	struct list_head memory;
	struct list_head pins;
	struct list_head gates;
	struct list_head calls;
	struct list_head intervals;	/* inserted */
	struct list_head subs;		/* registered, or from a get */
	struct list_head crowd;		/* ranges of mn_crowd() */
	struct list_head starters;
	atomic_t files;			/* opened and not yet released */
	spinlock_t lock;		/* protects what follows */
	struct list_head active;	/* ranges */
	unsigned int log_len;
	char log[512];
};

/*
 * Number of invalidations in a crowd, all active all the time, each in its own
 * pages. The core keeps this many apart, even if more start.
 */
#define MN_CROWD	(BITS_PER_LONG - 1)
#define MN_CROWD_PAGE	100000

/* More intervals than the core collects in one walk of the interval tree. */
#define MN_MANY		40
/* Index of the interval at whose gate mn_spawn_start_held_up() stops. */
#define MN_HELD_UP_AT	5

/* Number of events. */
#define MN_EVENTS	8

/* Holds a callback up until the case opens it. */
struct mn_gate {
	struct list_head node;
	struct completion entered;
	struct completion open;
};

/* The arguments and the context of a callback. */
struct mn_seen {
	struct mm_struct *mm;
	unsigned long start;
	unsigned long end;
	unsigned long seq;
	enum mmu_notifier_event event;
	void *owner;
	bool blockable;
	bool in_map;		/* under the lockdep map of invalidations */
	bool may_not_sleep;	/* between non_block_start() and non_block_end() */
};

/* A subscription to the mm: set what callbacks do, then check what they did. */
struct mn_sub {
	struct mmu_notifier notifier;
	struct mn_ctx *ctx;
	struct list_head node;
	char name;		/* in the log: name for start, upper case for end */
	int fail_nonblock;	/* returned by a non-blocking start */
	int fail_block;		/* returned by a blocking start */
	bool young;
	bool put_on_release;
	struct mn_gate *gate;	/* in start */
	struct mn_gate *release_gate;	/* in the first release */
	struct mn_gate *other_gate;	/* in all other callbacks */

	unsigned int gets;	/* references that are still to be put */
	unsigned int starts;
	unsigned int ends;
	unsigned int releases;
	struct mm_struct *release_mm;
	unsigned int young_calls;
	unsigned int young_flushes;
	unsigned int young_tests;
	unsigned int tlb_calls;
	struct mn_seen seen_start;
	struct mn_seen seen_end;
	unsigned long arg_start;	/* of the young and TLB callbacks */
	unsigned long arg_end;
};

/* A subscription to an interval. */
struct mn_interval {
	struct mmu_interval_notifier sub;
	struct mn_ctx *ctx;
	struct list_head node;
	spinlock_t user_lock;	/* the driver's */
	char name;		/* in the log */
	bool refuse;		/* return false */
	bool no_set_seq;
	struct mn_gate *gate;

	unsigned int calls;
	struct mn_seen seen;
};

/* A call that runs in a separate thread. */
struct mn_call {
	struct mn_ctx *ctx;
	struct list_head node;
	const char *what;
	void (*fn)(struct mn_call *call);
	void *arg;
	struct task_struct *task;
	bool entered;
	bool killable;		/* set by @fn if it sleeps killably */
	struct completion done;
	unsigned long ret;
};

/* A kind of call that waits for invalidations; see mmu_notifier_waiting.h. */
struct mn_waiter {
	const char *name;
	const char *what;	/* the function */
	void (*wait)(struct mn_call *call);	/* @arg is the interval */
	/* Whether a read after the wait collides; NULL if not a reader. */
	bool (*retry)(struct mn_call *call);
	bool removes;
	bool waits_twice;	/* also for ranges started in the first wait */
	bool takes_no_risk;	/* may wait for any range that is untracked */
};

int mn_init(struct kunit *test);
int mn_init_same_task(struct kunit *test);
int mn_init_crowded(struct kunit *test);
void mn_let_go(struct mn_ctx *ctx);
bool mn_files_released(struct mn_ctx *ctx);
void mn_file_is_released(struct mn_ctx *ctx);
void *mn_alloc(struct mn_ctx *ctx, size_t size);
struct mm_struct *mn_pin(struct mn_ctx *ctx, struct mm_struct *mm);
struct mm_struct *mn_other_mm(struct mn_ctx *ctx);
unsigned long mn_map(struct mn_ctx *ctx, unsigned long length);
unsigned long mn_map_into_mm(struct mn_ctx *ctx, struct file *file);
void mn_release_mm(struct mn_ctx *ctx);
void mn_release_other_mm(struct mn_ctx *ctx);
void mn_log(struct mn_ctx *ctx, char name);
void mn_note(struct mn_seen *seen, const struct mmu_notifier_range *range,
	     unsigned long seq);
void mn_skip_unless_sleep_is_forbidden(struct kunit *test);

struct mn_gate *mn_gate(struct mn_ctx *ctx);
void mn_gate_pass(struct mn_gate *gate);
void mn_gate_entered(struct mn_ctx *ctx, struct mn_gate *gate);
void mn_gate_open(struct mn_gate *gate);

extern const struct mmu_notifier_ops mn_range_ops;	/* start and end */
extern const struct mmu_notifier_ops mn_start_ops;	/* start only, may fail */
extern const struct mmu_notifier_ops mn_tlb_ops;
extern const struct mmu_interval_notifier_ops mn_interval_ops;

struct mn_sub *mn_sub(struct mn_ctx *ctx, char name,
		      const struct mmu_notifier_ops *ops);
struct mn_sub *mn_sub_init(struct mn_ctx *ctx, char name, struct mn_sub *sub,
			   const struct mmu_notifier_ops *ops);
struct mn_sub *mn_register(struct mn_ctx *ctx, char name,
			   const struct mmu_notifier_ops *ops);
int mn_registered(struct mn_sub *sub, int err);
int mn_try_register(struct mn_sub *sub, struct mm_struct *mm);
int mn_try_register_locked(struct mn_sub *sub, struct mm_struct *mm);
void mn_unregister(struct mn_sub *sub);
struct mn_sub *mn_got(struct mn_ctx *ctx, struct mmu_notifier *notifier);
void mn_put(struct mn_sub *sub);

struct mn_interval *mn_interval(struct mn_ctx *ctx, char name);
struct mn_interval *mn_interval_init(struct mn_ctx *ctx, char name,
				     struct mn_interval *interval);
struct mn_interval *mn_insert(struct mn_ctx *ctx, char name,
			      unsigned long page, unsigned long pages);
int mn_inserted(struct mn_interval *interval, int err);
int mn_try_insert(struct mn_interval *interval, struct mm_struct *mm,
		  unsigned long start, unsigned long length);
int mn_try_insert_locked(struct mn_interval *interval, struct mm_struct *mm,
			 unsigned long start, unsigned long length);
int mn_try_insert_ops(struct mn_interval *interval, struct mm_struct *mm,
		      unsigned long start, unsigned long length,
		      const struct mmu_interval_notifier_ops *ops);
void mn_remove(struct mn_interval *interval);
bool mn_retry(struct mn_interval *interval, unsigned long seq);

struct mmu_notifier_range *mn_range(struct mn_ctx *ctx, unsigned long page,
				    unsigned long pages);
struct mmu_notifier_range *mn_range_by_hand(struct mn_ctx *ctx,
					    unsigned long page,
					    unsigned long pages);
struct mmu_notifier_range *mn_copy(struct mn_ctx *ctx,
				   struct mmu_notifier_range *range);
void mn_started(struct mmu_notifier_range *range);
void mn_start_range(struct mmu_notifier_range *range);
int mn_start_range_nonblock(struct mmu_notifier_range *range);
struct mmu_notifier_range *mn_start(struct mn_ctx *ctx, unsigned long page,
				    unsigned long pages);
int mn_start_nonblock(struct mn_ctx *ctx, struct mmu_notifier_range **range,
		      unsigned long page, unsigned long pages);
void mn_end(struct mmu_notifier_range *range);
void mn_invalidate(struct mn_ctx *ctx, unsigned long page,
		   unsigned long pages);
void mn_invalidate_mm(struct mm_struct *mm, unsigned long start,
		      unsigned long end);
void mn_invalidate_by_hand(struct mn_ctx *ctx, unsigned long page,
			   unsigned long pages);
void mn_invalidate_event(struct mn_ctx *ctx, unsigned int nr);
void mn_expect_event(struct mn_ctx *ctx, const struct mn_seen *seen,
		     unsigned int nr);
void mn_prepare(struct mn_ctx *ctx);
void mn_crowd(struct mn_ctx *ctx, unsigned int nr);
unsigned int mn_crowd_end(struct mn_ctx *ctx);

struct mn_call *mn_spawn(struct mn_ctx *ctx, const char *what, void *arg,
			 void (*fn)(struct mn_call *call), int cpu);
struct mn_call *mn_spawn_start(struct mn_ctx *ctx,
			       struct mmu_notifier_range *range);
struct mn_call *mn_spawn_start_held_up(struct mn_ctx *ctx,
				       struct mmu_notifier_range *range,
				       struct mn_interval *interval[MN_MANY]);
struct mn_call *mn_spawn_end(struct mn_ctx *ctx,
			     struct mmu_notifier_range *range);
struct mn_call *mn_spawn_read(struct mn_interval *interval);
struct mn_call *mn_spawn_remove(struct mn_interval *interval);
struct mn_call *mn_spawn_unregister(struct mn_sub *sub);
struct mn_call *mn_spawn_release(struct mn_ctx *ctx);
struct mn_gate *mn_hold_mmap_lock(struct mn_ctx *ctx, struct mm_struct *mm);
bool mn_sleeps(struct mn_call *call);
bool mn_returns(struct mn_call *call);
unsigned int mn_state_in_sleep(const struct mn_call *call);

void mn_call_read(struct mn_call *call);
bool mn_call_retry(struct mn_call *call);
void mn_call_remove(struct mn_call *call);
struct mn_call *mn_spawn_waiter(struct kunit *test,
				struct mn_interval *interval);
struct mn_call *mn_spawn_waiter_locked(struct kunit *test,
				       struct mn_interval *interval);
void mn_waiter_returns(struct kunit *test, struct mn_call *call);

void mn_failslab_begin(struct mn_ctx *ctx);
void mn_fail_allocation(unsigned int nth);
bool mn_allocation_failed(void);
bool mn_fails(struct mn_ctx *ctx, unsigned int nth, int (*fn)(void *arg),
	      void *arg);

void mn_locks_begin(struct mn_ctx *ctx);
unsigned int mn_locks_of(void (*fn)(struct mn_interval *interval),
			 struct mn_interval *interval);

/* Whether mistakes are looked for that the core itself does not see. */
static inline bool mn_is_debugged(void)
{
#ifdef CONFIG_DEBUG_MMU_NOTIFIER
	return mn_debug_is_on();
#else
	return false;
#endif
}

void mn_reports_begin(struct mn_ctx *ctx);
const char *mn_reports_text(void);
unsigned int mn_reports_end(struct mn_ctx *ctx);

#endif /* _MM_TESTS_MMU_NOTIFIER_HELPERS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the MMU notifier suites share: an mm of their own, subscriptions that
 * note how they are called, and threads whose waits can be observed.
 *
 * A case never sleeps for luck. It starts a call in a thread of its own and asks
 * whether that sleeps or returns; both are final as long as the case itself does
 * nothing that would end the wait. A call that should return and does not is
 * given up after MN_HANG_SECONDS; the case fails and names it, and what it uses
 * is never freed.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_WORLD_H
#define _MM_TESTS_MMU_NOTIFIER_WORLD_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#define MN_HANG_SECONDS	5

/* Addresses of the test mm, in pages. */
#define MN_ADDR(page)	((unsigned long)(page) << PAGE_SHIFT)

/* What a case can do to a mm, and the order in which callbacks ran. */
struct mn_world {
	struct kunit *test;
	struct mm_struct *mm;	/* NULL once released by the case */
	bool hung;		/* a call did not return: free nothing */
	struct mn_crowd *crowd;
	spinlock_t log_lock;	/* protects the two below */
	unsigned int log_len;
	char log[512];
};

/*
 * Invalidations that are active all the time, each in pages of its own: so many
 * are kept apart, whatever comes on top of them.
 */
#define MN_CROWD	(BITS_PER_LONG - 1)
#define MN_CROWD_PAGE	100000

struct mn_crowd {
	struct mm_struct *mm;
	unsigned int nr;
	struct mmu_notifier_range range[];
};

/* Holds a callback up until the case opens it. */
struct mn_gate {
	struct completion entered;
	struct completion open;
};

/* What a callback was called with, and in which context. */
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

/* A subscription to the mm. Set what is to happen, look at what did. */
struct mn_listener {
	struct mmu_notifier notifier;
	struct mn_world *world;
	char name;		/* in the log: name for start, upper case for end */
	int fail_nonblock;	/* returned by a non-blocking start */
	int fail_block;		/* returned by a blocking start */
	bool young;
	bool put_on_release;
	struct mn_gate *gate;	/* in start */
	struct mn_gate *release_gate;	/* in the first release */
	struct mn_gate *other_gate;	/* in all others */

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
	struct mn_world *world;
	spinlock_t user_lock;	/* the driver's */
	char name;		/* in the log */
	bool refuse;		/* return false */
	bool no_set_seq;
	struct mn_gate *gate;

	unsigned int calls;
	struct mn_seen seen;
};

/* A call in a thread of its own. */
struct mn_call {
	struct mn_world *world;
	const char *what;
	void (*fn)(struct mn_call *call);
	void *arg;
	struct task_struct *task;
	bool entered;
	bool killable;		/* set by @fn if its sleeps are */
	struct completion done;
	unsigned long ret;
};

int mn_world_init(struct kunit *test);
int mn_crowded_world_init(struct kunit *test);
void mn_world_release(struct mn_world *world);
void mn_log(struct mn_world *world, char name);
void mn_note(struct mn_seen *seen, const struct mmu_notifier_range *range,
	     unsigned long seq);
void mn_skip_unless_sleep_is_forbidden(struct kunit *test);

struct mn_gate *mn_gate(struct mn_world *world);
void mn_gate_pass(struct mn_gate *gate);
bool mn_gate_entered(struct mn_world *world, struct mn_gate *gate);
void mn_gate_open(struct mn_gate *gate);

extern const struct mmu_notifier_ops mn_range_ops;	/* start and end */
extern const struct mmu_notifier_ops mn_start_ops;	/* start only, may fail */
extern const struct mmu_notifier_ops mn_tlb_ops;
extern const struct mmu_interval_notifier_ops mn_interval_ops;

struct mn_listener *mn_listener(struct mn_world *world, char name,
				const struct mmu_notifier_ops *ops);
struct mn_listener *mn_register(struct mn_world *world, char name,
				const struct mmu_notifier_ops *ops);
void mn_unregister(struct mn_listener *listener);

struct mn_interval *mn_interval(struct mn_world *world, char name);
struct mn_interval *mn_insert(struct mn_world *world, char name,
			      unsigned long page, unsigned long pages);
void mn_remove(struct mn_interval *interval);
bool mn_retry(struct mn_interval *interval, unsigned long seq);

void mn_range(struct mn_world *world, struct mmu_notifier_range *range,
	      unsigned long page, unsigned long pages);
void mn_range_by_hand(struct mn_world *world, struct mmu_notifier_range *range,
		      unsigned long page, unsigned long pages);
void mn_start(struct mn_world *world, struct mmu_notifier_range *range,
	      unsigned long page, unsigned long pages);
int mn_start_nonblock(struct mn_world *world, struct mmu_notifier_range *range,
		      unsigned long page, unsigned long pages);
void mn_end(struct mmu_notifier_range *range);
void mn_invalidate(struct mn_world *world, unsigned long page,
		   unsigned long pages);
void mn_prepare(struct mn_world *world);
void mn_crowd(struct mn_world *world, unsigned int nr);
void mn_crowd_end(struct mn_world *world);

struct mn_call *mn_spawn(struct mn_world *world, const char *what, void *arg,
			 void (*fn)(struct mn_call *call), int cpu);
struct mn_call *mn_spawn_start(struct mn_world *world,
			       struct mmu_notifier_range *range);
struct mn_call *mn_spawn_read(struct mn_interval *interval);
struct mn_call *mn_spawn_remove(struct mn_interval *interval);
struct mn_call *mn_spawn_unregister(struct mn_listener *listener);
struct mn_call *mn_spawn_release(struct mn_world *world);
bool mn_sleeps(struct mn_call *call);
bool mn_returns(struct mn_call *call);

void mn_failslab_begin(struct mn_world *world);
void mn_fail_allocation(unsigned int nth);
bool mn_allocation_failed(void);

void mn_locks_begin(struct mn_world *world);
unsigned int mn_locks_of(void (*fn)(struct mn_interval *interval),
			 struct mn_interval *interval);

void mn_reports_begin(struct mn_world *world);
const char *mn_reports_text(void);
unsigned int mn_reports_end(struct mn_world *world);

#endif /* _MM_TESTS_MMU_NOTIFIER_WORLD_H */

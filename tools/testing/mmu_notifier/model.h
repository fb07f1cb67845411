/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMU_NOTIFIER_TEST_MODEL_H
#define _MMU_NOTIFIER_TEST_MODEL_H

/*
 * What is known of address spaces, drivers and invalidations without looking into
 * the core, by which each call and each callback is judged.
 *
 * An address space has UNITS addresses; each has a number in the page table that an
 * invalidation increases. A driver has a shadow of it, as filled by its faults.
 */

#include <linux/mmu_notifier.h>

#include "kernel.h"

#define UNITS		32
#define MAX_SPACES	3
#define MAX_WHOLES	6
#define MAX_INTERVALS	48
#define MAX_OBJECTS	(MAX_WHOLES + MAX_INTERVALS)
#define MAX_RANGES	80
#define MAX_READERS	3
#define MAX_SET		12
#define MAX_EXPECTED	6
#define MAX_FILTERS	4	/* the first is none */
#define NEVER		ULONG_MAX

struct span {
	unsigned long first;
	unsigned long last;
};

/* How far an object is with being added and removed. */
enum state {
	ADDING,
	ADDED,
	LEAVING,
	GONE,
};

/*
 * @exits: no call uses it any more.
 * @tracked: a call that has it tracked has returned.
 * @changed: for each address, when an invalidation last changed it.
 * @touched: for each address, when an invalidation of it last started or was seen to
 *	be starting.
 * @entered, @returned: how many invalidations have started.
 * @collisions: upper bound of the sequences that moves and deferred removals took.
 * @live: how many have started, or are starting, and have not ended.
 * @callbacks: calls of callbacks that are no invalidation.
 * @leaving: calls that unregister, release or put.
 * @readers: range readers, also those that are gone without an end.
 * @all_readers: how many there have been.
 */
struct space {
	struct mm_struct *mm;
	struct list_head all;
	struct list_head ranges;
	struct list_head objects;
	bool left;			/* by its own user */
	bool exits;
	bool gone;
	bool tracked;
	bool may_be_tracked;		/* such a call has begun */
	bool has_whole;			/* a call that adds one has begun */
	unsigned long released;		/* when its end began */
	unsigned int finishes;		/* of its end, yet to come */
	unsigned int page_table[UNITS];
	unsigned long changed[UNITS];
	unsigned long touched[UNITS];
	unsigned long entered;
	unsigned long returned;
	unsigned long collisions;
	unsigned int live;
	unsigned int callbacks;
	unsigned int leaving;
	unsigned int readers;
	unsigned int all_readers;
};

/*
 * A subscription.  An interval has an address range of its own, and may move: in
 * between, SPTEs are only in what is in both.
 *
 * @t_adding, @t_added: when that began, and was over.
 * @t_departs: its removal or move began.
 * @t_wait: that first slept.
 * @t_all_ended: what that was for had ended.
 * @t_defers: its deferred removal began.
 * @t_removed: that call had returned.
 * @from: where it was until @t_moved, since @t_from.
 * @to: where it moves.
 * @t_there: since when it is where it is.
 * @t_changed: read sections that began earlier may collide.
 * @t_collides: they do if their begin was over by then.
 */
struct object {
	struct list_head in_space;
	struct list_head all;
	struct space *space;
	enum state state;
	unsigned int slot;
	unsigned int kind;
	unsigned int filter;
	bool is_whole;
	bool refuses;
	bool refuses_blocking;
	bool released;
	unsigned int pins;
	unsigned int refs;
	unsigned int puts;	/* that have not returned */
	bool leaves_twice;	/* another task tries as well */
	bool shared_put;	/* the task that puts it keeps it */
	unsigned int departures;	/* without a warning */
	unsigned int stays;	/* calls that it must not leave during */
	bool removes_itself;	/* in a callback */
	bool again;		/* is inserted again when released */
	bool moving;
	bool keep;		/* its memory, when it is gone */
	bool was_added;		/* ever */
	bool freed;
	bool put;
	unsigned long t_put;
	unsigned int in_callback;
	bool in_release;
	unsigned long serial;
	unsigned long first;
	unsigned long last;
	struct span from;
	struct span to;
	struct span bounds;	/* of SPTEs */
	unsigned long t_adding;
	unsigned long t_added;
	unsigned long t_departs;
	unsigned long t_wait;
	unsigned long t_all_ended;
	unsigned long t_defers;
	unsigned long t_removed;
	unsigned long t_from;
	unsigned long t_moved;
	unsigned long t_there;
	unsigned long t_changed;
	unsigned long t_collides;
	struct mmu_interval_notifier_removal removals[2];
	struct test_lock user_lock;
	unsigned int sptes[UNITS];
	union {
		struct mmu_notifier whole;
		struct mmu_interval_notifier interval;
	};
};

/* What one object was told of one invalidation. */
struct notice {
	unsigned long serial;
	unsigned long seq;
	unsigned char starts;
	unsigned char ends;
};

/* What an invalidation holds. */
enum lock {
	LOCK_MMAP_READ,
	LOCK_MMAP_WRITE,
	LOCK_RMAP,
	LOCK_NONE,
};

/*
 * @range: what the core is given.
 * @copy: or this.
 * @untold: the mm had no notifiers when it started, and it has no lock now.
 */
struct invalidation {
	struct mmu_notifier_range *range;
	struct mmu_notifier_range *copy;
	struct list_head in_space;
	struct space *space;
	unsigned long first;
	unsigned long last;
	bool blockable;
	bool crowded;
	bool forgotten;
	bool untold;
	bool tracked;
	bool misused;
	bool restarts;
	bool refused;
	enum lock lock;
	unsigned long t_enter;
	unsigned long t_started;
	unsigned long t_end;
	struct notice notices[MAX_OBJECTS + 8];
	unsigned int nr_notices;
	unsigned int nr_finishes;	/* asked for */
	unsigned int nr_finished;
};

enum waits_for {
	NOTHING,
	OVERLAPPING,	/* what overlaps and has started before */
	REMOVAL,
	MOVE,
	OWN_SPACE,	/* what is active in the space */
	PUTS,
	RELEASES,
};

/* A call that a task makes. */
struct call {
	const char *name;
	unsigned int number;
	enum waits_for waits_for;
	bool killable;
	unsigned int alloc_fails;	/* the n-th from now */
	bool alloc_failed;
	struct space *space;
	struct object *object;
	struct invalidation *invalidation;
	struct span spans[MAX_SET];
	unsigned int nr_spans;
	unsigned int nr_called;
	int sections;		/* of the task when it began */
	int maps;
	bool young;
	unsigned long t_enter;
	unsigned long t_sleep;
	const char *may_warn[MAX_EXPECTED];
	const char *must_warn[MAX_EXPECTED];
};

static inline bool overlap(unsigned long first, unsigned long last,
			   unsigned long other_first, unsigned long other_last)
{
	return first <= other_last && other_first <= last;
}

/* Between these no other task changes the model. */
void model_lock(void);
void model_unlock(void);

static inline struct call *this_call(void)
{
	return current->call;
}

unsigned long model_now(void);

void model_begin(void);
void model_end(void);

struct space *model_new_space(void);
void model_put_user(struct space *space);
bool model_get_user(struct space *space);

void may_warn(const char *text);
void must_warn(const char *text);
void call_begin(struct call *call, const char *name, unsigned int number);
void call_end(struct call *call);

/* Subscriptions to an mm come first. */
extern struct object *objects[MAX_OBJECTS];

struct object *object_new(struct space *space, unsigned int slot);
bool object_pin(struct object *object, enum state state);
void object_unpin(struct object *object);
bool object_hold(struct object *object);
void object_unhold(struct object *object);
bool object_moves(struct object *object, unsigned long first,
		  unsigned long last);
void object_moved(struct object *object, bool moved);
bool object_defers(struct object *object, bool locked);
void object_check_released(struct object *object);
void object_zap(struct object *object, unsigned long first, unsigned long last);
bool object_maps(const struct object *object, unsigned long first,
		 unsigned long last);
void object_fill(struct object *object, const unsigned int *values,
		 const struct span *spans, unsigned int nr,
		 unsigned long t_retry);

/* Kinds of subscriptions to an mm. */
enum {
	WHOLE_FULL,
	WHOLE_REFUSES,
	WHOLE_END_ONLY,
	WHOLE_TLB,
	WHOLE_GET,
	WHOLE_GET_REFUSES,
	WHOLE_PUT,
	WHOLE_EXCLUDED,
	WHOLE_KINDS,
};

const struct mmu_notifier_ops *whole_ops_of(unsigned int kind,
					    unsigned int filter);

/* Kinds of subscriptions to an interval. */
enum {
	INTERVAL_ONE_PASS,
	INTERVAL_TWO_PASSES,
	INTERVAL_MAYBE_TWO,
	INTERVAL_NO_FINISH,
	INTERVAL_KINDS,
};

const struct mmu_interval_notifier_ops *interval_ops_of(unsigned int kind,
							unsigned int filter);

void range_enters(struct invalidation *inv);
void range_started(struct invalidation *inv);
void range_refused(struct invalidation *inv);
void range_changes(struct invalidation *inv);
void range_ends(struct invalidation *inv);
void range_ended(struct invalidation *inv);
void range_forget(struct invalidation *inv);

void object_adding(struct object *object);
void object_added(struct object *object);
bool was_told(const struct invalidation *inv, const struct object *object);
void object_leaves(struct object *object);
void object_left(struct object *object);
struct object *object_of(struct mmu_notifier *whole);
struct object *object_of_interval(struct mmu_interval_notifier *interval);

/* A callback removes its own subscription; see calls.c. */
void remove_itself(struct object *object);

/* A wait is over: nothing that it is for may be active. */
void check_waited(struct space *space, const struct span *spans,
		  unsigned int nr, unsigned long t_enter);
bool touched_since(const struct space *space, const struct span *spans,
		   unsigned int nr, unsigned long t_begin);
void model_put_returned(unsigned long serial);
bool model_has_puts(unsigned long before);
struct object *find_by_serial(unsigned long serial);
void model_set_releasing(struct object *object);
bool model_has_removals(unsigned long before);
void model_check_removals(void);
bool model_grab(struct space *space);

/* For the stand-ins. */
bool model_alloc_fails(void);
u32 model_random(void);
void model_mm_is_gone(struct mm_struct *mm);
void model_check_sleeper(struct task_struct *task);
void model_end_of_job(void);
long test_nr_allocated(void);
long test_nr_srcus(void);

/* What a range may be the doing of. */
extern char owners[2];

/* The input; see calls.c. */
extern const unsigned int nr_kinds_of_calls;
void run_input(const unsigned char *data, size_t size);
extern bool verbose;

/* What libFuzzer and the sanitizers ask for; see main.c. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max_size,
			       unsigned int seed);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

#endif /* _MMU_NOTIFIER_TEST_MODEL_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that an input is made of.  Eight bytes are one of them: which, by whom and
 * where, four arguments, and at which of its points it stops (see coroutines.c).
 *
 * A task keeps to what the documentation of the core demands: it waits for nothing while
 * it invalidates, and holds a lock of the mm from start to end.  What it does wrong, it
 * does on purpose, and knows what has to come of it.
 */

#include <linux/mmu_notifier.h>

#include "model.h"

#define NR_TASKS	4
#define MAX_CALLS	160

struct input {
	unsigned char what;
	unsigned char where;		/* task, space, two flags */
	unsigned char a, b, c, d;
	unsigned char stops[2];
};

#define TASK(in)	((in)->where & 3)
#define SPACE(in)	(((in)->where >> 2 & 3) % MAX_SPACES)
#define FLAG1(in)	((in)->where & 16)
#define FLAG2(in)	((in)->where & 32)
#define FLAG3(in)	((in)->where & 64)
#define FLAG4(in)	((in)->where & 128)

/* A read section, of an interval or by a range reader. */
struct reading {
	bool active;
	struct object *object;
	struct space *space;
	struct mmu_range_reader *reader;
	struct mmu_read_range set[MAX_SET];
	struct span spans[MAX_SET];
	unsigned int nr;
	unsigned long seq;
	unsigned long t_begin;
	unsigned long t_began;
	unsigned int values[UNITS];
	unsigned long returned;
	unsigned long collisions;
	unsigned int live;
	unsigned int readers;
	bool was_overrun;
	bool refused;
};

struct worker {
	struct task_struct *task;
	struct invalidation *ranges[MAX_RANGES];
	unsigned int nr_ranges;
	struct reading readings[MAX_READERS];
};

static struct input inputs[MAX_CALLS];
static unsigned int nr_inputs;
static struct worker workers[NR_TASKS + 1];
static struct space *spaces[MAX_SPACES];
static bool ends;	/* nothing is inserted again */
static struct invalidation *forgotten[MAX_CALLS];
static unsigned int nr_forgotten;
static unsigned int nr_at_work;
bool verbose;

/* Another task may make a new one. */
static struct space *space_of(const struct input *in)
{
	return __atomic_load_n(&spaces[SPACE(in)], __ATOMIC_ACQUIRE);
}

#define say(format, ...)						\
do {									\
	if (verbose)							\
		fprintf(stderr, "%3u task %u: " format "\n",		\
			this_call() ? this_call()->number : 0,		\
			current->id, ##__VA_ARGS__);			\
} while (0)

static void check_error(int err)
{
	switch (err) {
	case 0:
		return;
	case -ENOMEM:
		if (this_call()->alloc_failed)
			return;
		break;
	case -EINTR:
		if (task_has_signal(current))
			return;
	}
	fail("fails with %d", err);
}

static void set_waits(enum waits_for what, struct space *space)
{
	struct call *call = this_call();

	model_lock();
	call->waits_for = what;
	call->space = space;
	call->t_sleep = 0;
	current->announced = 0;
	model_unlock();
}

static void set_span(unsigned long first, unsigned long last)
{
	struct call *call = this_call();

	call->spans[0] = (struct span){ first, last };
	call->nr_spans = 1;
}

/*
 * Invalidations
 */

static void lock_range(struct invalidation *inv)
{
	struct mm_struct *mm = inv->space->mm;

	switch (inv->lock) {
	case LOCK_MMAP_READ:
		test_read_lock(&mm->mmap_lock);
		break;
	case LOCK_MMAP_WRITE:
		test_write_lock(&mm->mmap_lock);
		break;
	case LOCK_RMAP:
		test_read_lock(&mm->rmap_lock);
		break;
	case LOCK_NONE:
		break;
	}
}

static void unlock_range(struct invalidation *inv)
{
	struct mm_struct *mm = inv->space->mm;

	switch (inv->lock) {
	case LOCK_MMAP_READ:
		test_read_unlock(&mm->mmap_lock);
		break;
	case LOCK_MMAP_WRITE:
		test_write_unlock(&mm->mmap_lock);
		break;
	case LOCK_RMAP:
		test_read_unlock(&mm->rmap_lock);
		break;
	case LOCK_NONE:
		break;
	}
	inv->lock = LOCK_NONE;
}

static void free_range(struct invalidation *inv)
{
	struct mm_struct *mm = inv->space->mm;

	unlock_range(inv);
	free(inv->range);
	free(inv->copy);
	free(inv);
	mmdrop(mm);
}

static void range_call_begin(struct invalidation *inv)
{
	this_call()->invalidation = inv;
	current->must_not_alloc = true;
	current->locked = 0;
	current->announced = 0;
}

/* So that lockdep knows of each place that may wait, even if it does not. */
static void check_announced(const char *what)
{
	if (!current->announced)
		fail("%s: lockdep is not told", what);
	current->announced = 0;
}

static void range_call_end(struct invalidation *inv, unsigned int locks)
{
	current->must_not_alloc = false;
	this_call()->invalidation = NULL;
	if (current->locked > locks)
		fail("an invalidation takes %u locks", current->locked);
}

/* Each that moves counts as three. */
static unsigned int nr_of_intervals(struct space *space)
{
	const struct object *object;
	unsigned int nr = 0;

	model_lock();
	list_for_each_entry(object, &space->objects, in_space)
		nr += object->is_whole ? 0 : 3;
	model_unlock();
	return nr;
}

static int start_core(struct invalidation *inv)
{
	unsigned int nr = nr_of_intervals(inv->space);
	int err = 0;

	range_call_begin(inv);
	if (inv->blockable)
		mmu_notifier_invalidate_range_start(inv->range);
	else
		err = mmu_notifier_invalidate_range_start_nonblock(inv->range);
	check_announced("a start");
	nr += nr_of_intervals(inv->space);
	/* The lock is dropped after each 32. */
	range_call_end(inv, 2 + inv->misused + inv->restarts + nr / 32);
	return err;
}

static void end_core(struct invalidation *inv, struct mmu_notifier_range *range)
{
	range_call_begin(inv);
	mmu_notifier_invalidate_range_end(range);
	range_call_end(inv, 1);
}

static const struct {
	enum mmu_notifier_event event;
	char *owner;
} events[] = {
	{ MMU_NOTIFY_UNMAP }, { MMU_NOTIFY_CLEAR },
	{ MMU_NOTIFY_PROTECTION_PAGE }, { MMU_NOTIFY_SOFT_DIRTY },
	{ MMU_NOTIFY_MIGRATE, &owners[0] }, { MMU_NOTIFY_EXCLUSIVE, &owners[0] },
	{ MMU_NOTIFY_EXCLUSIVE, &owners[1] }, { MMU_NOTIFY_MIGRATE },
};

static struct invalidation *range_new(const struct input *in, struct space *space,
				      bool nested)
{
	const typeof(events[0]) *event = &events[in->c / 3 % ARRAY_SIZE(events)];
	struct invalidation *inv = calloc(1, sizeof(*inv));
	unsigned long start = in->a % UNITS, end = start + in->b % UNITS;

	if (in->b == 255) {
		start = 0;
		end = ULONG_MAX;
	} else if (in->b >= 248) {
		end = 0;
	}
	inv->space = space;
	inv->range = malloc(sizeof(*inv->range));
	inv->first = start;
	inv->last = end - 1;
	inv->blockable = !FLAG1(in);
	inv->lock = nested ? LOCK_RMAP : in->c % 3;
	mmu_notifier_range_init_owner(inv->range, event->event, 0, space->mm,
				      start, end, event->owner);
	return inv;
}

/* One of the task's that is active, and in a slot, to be copied. */
static const struct invalidation *range_to_copy(const struct worker *worker,
						const struct invalidation *inv)
{
	unsigned int i;

	for (i = 0; i < worker->nr_ranges; i++) {
		const struct invalidation *other = worker->ranges[i];

		if (other->space == inv->space && other->tracked &&
		    !other->crowded && other->range->seq & 1 &&
		    (other->first != inv->first || other->last != inv->last))
			return other;
	}
	return NULL;
}

/* Not initialised, or not anew: the core is not to believe what is in there. */
static void spoil_range(const struct worker *worker, const struct input *in,
			struct invalidation *inv)
{
	const struct invalidation *other;

	if (FLAG3(in)) {
		inv->range->seq = in->d * 2 + 1;
		inv->range->section = in->c;
		may_warn("the start of [");
	} else {
		model_lock();
		other = range_to_copy(worker, inv);
		model_unlock();
		if (!other)
			return;
		say("a copy of [%lu, %lu]", other->first, other->last);
		*inv->range = *other->range;
		inv->range->start = inv->first;
		inv->range->end = inv->last + 1;
		must_warn("the start of [");
	}
	inv->misused = true;
}

static bool start_one(struct worker *worker, const struct input *in,
		      struct space *space)
{
	struct invalidation *inv;
	int err;

	if (worker->nr_ranges == MAX_RANGES || !model_grab(space))
		return false;
	inv = range_new(in, space, worker->nr_ranges);
	if (FLAG2(in))
		spoil_range(worker, in, inv);
	lock_range(inv);
	say("start%s [%lu, %lu] of mm %u, lock %u",
	    inv->blockable ? "" : ", non-blocking,", inv->first, inv->last,
	    SPACE(in), inv->lock);

	model_lock();
	range_enters(inv);
	inv->tracked = space->tracked;
	inv->untold = !__atomic_load_n(&space->mm->notifier_subscriptions,
				       __ATOMIC_RELAXED);
	model_unlock();
	err = start_core(inv);
	model_lock();
	if (err) {
		if (err != -EAGAIN)
			fail("a start fails with %d", err);
		range_refused(inv);
	} else {
		range_started(inv);
		worker->ranges[worker->nr_ranges++] = inv;
	}
	model_unlock();
	if (!err)
		return true;

	say("refused");
	if (FLAG2(in)) {
		may_warn("which is not active");
		end_core(inv, inv->range);
	}
	free_range(inv);
	return true;
}

static void do_start(struct worker *worker, const struct input *in)
{
	unsigned int nr = (in->d & 7) == 7 ? 64 : 1;
	struct input one = *in;

	/* Of many, each may be elsewhere. */
	for (; nr && start_one(worker, &one, space_of(in)); nr--)
		one.a += in->c >> 5;
}

static struct invalidation *pick_range(const struct worker *worker,
				       const struct input *in)
{
	if (!worker->nr_ranges)
		return NULL;
	return worker->ranges[in->a % worker->nr_ranges];
}

static void drop_range(struct worker *worker, struct invalidation *inv)
{
	unsigned int i;

	for (i = 0; worker->ranges[i] != inv; i++)
		;
	worker->ranges[i] = worker->ranges[--worker->nr_ranges];
}

static void do_change(struct worker *worker, const struct input *in)
{
	struct invalidation *inv = pick_range(worker, in);

	if (!inv)
		return;
	say("changes [%lu, %lu]", inv->first, inv->last);
	model_lock();
	range_changes(inv);
	model_unlock();
}

static void end_range(struct invalidation *inv, bool twice, bool copy)
{
	struct mmu_notifier_range *range = inv->range;

	say("end%s%s [%lu, %lu]", twice ? " twice" : "", copy ? " of a copy" : "",
	    inv->first, inv->last);
	if (copy) {
		inv->copy = malloc(sizeof(*inv->copy));
		*inv->copy = *inv->range;
		range = inv->copy;
	}
	model_lock();
	if (!inv->forgotten)
		range_changes(inv);
	range_ends(inv);
	model_unlock();
	end_core(inv, range);
	model_lock();
	range_ended(inv);
	if (twice && inv->tracked)
		must_warn("which is not active");
	else if (twice)
		may_warn("which is not active");
	model_unlock();
	if (twice)
		end_core(inv, inv->range);
	free_range(inv);
}

static void end_one(struct worker *worker, struct invalidation *inv, bool twice,
		    bool copy)
{
	drop_range(worker, inv);
	/*
	 * A copy of one that is not tracked leaves the section a second time; of
	 * those without a slot, any counts as any other.
	 */
	model_lock();
	copy &= inv->tracked && !inv->crowded && inv->range->seq & 1;
	model_unlock();
	end_range(inv, twice || copy, copy);
}

/* Many, one after the other, each of which may be inside of the one before. */
static void do_storm(struct worker *worker, const struct input *in)
{
	struct space *space = space_of(in);
	struct input one = *in;
	unsigned int nr, i;
	struct invalidation *last;

	one.where &= 0x1f;
	for (nr = 1 + in->d % 80; nr; nr--) {
		i = worker->nr_ranges;
		if (!start_one(worker, &one, space))
			break;
		one.a += in->c >> 5;
		last = i ? worker->ranges[i - 1] : NULL;
		if (FLAG2(in) && i < worker->nr_ranges && last)
			end_one(worker, last, false, false);
		else if (!FLAG2(in) && i < worker->nr_ranges)
			end_one(worker, worker->ranges[i], false, false);
	}
}

/* It cannot be told from one that started before the mm had notifiers. */
static void end_unstarted(struct worker *worker, const struct input *in)
{
	struct space *space = space_of(in);
	struct invalidation *inv;

	if (!model_grab(space))
		return;
	inv = range_new(in, space, true);
	inv->lock = LOCK_NONE;
	say("ends [%lu, %lu], which has not started", inv->first, inv->last);
	end_core(inv, inv->range);
	free_range(inv);
}

static void do_end(struct worker *worker, const struct input *in)
{
	unsigned int nr = (in->d & 7) == 7 ? 64 : 1;
	struct invalidation *inv;

	if (FLAG3(in))
		end_unstarted(worker, in);
	while (nr-- && (inv = pick_range(worker, in)))
		end_one(worker, inv, FLAG1(in), FLAG2(in));
}

/* The task goes on without its lock, and ends it never; another one may, at last. */
static void do_forget(struct worker *worker, const struct input *in)
{
	struct invalidation *inv = pick_range(worker, in);

	/* What was filled in by hand looks as if it had started. */
	if (!inv || inv->misused)
		return;
	say("forgets [%lu, %lu]", inv->first, inv->last);
	drop_range(worker, inv);
	unlock_range(inv);
	model_lock();
	inv->forgotten = true;
	if (inv->untold)
		range_forget(inv);
	forgotten[nr_forgotten++] = inv;
	model_unlock();
	test_changed();
}

/* A range that is active starts. */
static void do_restart(struct worker *worker, const struct input *in)
{
	struct invalidation *inv = pick_range(worker, in);

	if (!inv || inv->untold)
		return;
	say("starts [%lu, %lu] again", inv->first, inv->last);
	model_lock();
	inv->blockable = true;
	if (inv->tracked)
		must_warn("the start of [");
	else
		may_warn("the start of [");
	inv->restarts = !inv->tracked;
	inv->misused = true;
	inv->space->entered++;
	/* What is not tracked ends first. */
	if (inv->restarts)
		inv->t_started = 0;
	model_unlock();
	start_core(inv);
	model_lock();
	inv->restarts = false;
	range_started(inv);
	model_unlock();
}

/*
 * Subscriptions
 */

/* Its memory in this slot, new or that of one which is gone, to be added. */
static struct object *claim_slot(struct space *space, unsigned int slot,
				 unsigned int kind, unsigned int filter, bool keep)
{
	struct object *object;

	model_lock();
	object = objects[slot];
	if (object && (object->state != GONE || object->pins ||
		       (object->put && !object->freed))) {
		model_unlock();
		return NULL;
	}
	if (!object)
		object = object_new(space, slot);
	object->space = space;
	object->kind = kind;
	object->filter = filter;
	object->keep = keep;
	object->pins++;
	object->put = false;
	object->freed = false;
	if (object->is_whole) {
		object->first = 0;
		object->last = NEVER;
		object->refs = 1;
		object->whole.ops = whole_ops_of(kind, filter);
	}
	memset(object->sptes, 0, sizeof(object->sptes));
	object_adding(object);
	model_unlock();
	return object;
}

/* What is in this slot, be it gone, with its mm. */
static struct object *get_object(unsigned int slot)
{
	struct object *object;

	model_lock();
	object = objects[slot];
	if (object)
		object->pins++;
	model_unlock();
	if (object && !model_grab(object->space)) {
		object_unpin(object);
		object = NULL;
	}
	return object;
}

static void put_object(struct object *object)
{
	struct mm_struct *mm = object->space->mm;

	object_unpin(object);
	mmdrop(mm);
}

static void not_added(struct object *object)
{
	model_lock();
	object_left(object);
	model_unlock();
	object_unpin(object);
}

static void adding_begins(struct space *space, bool whole, bool tracked)
{
	set_waits(OWN_SPACE, space);
	model_lock();
	space->has_whole |= whole;
	space->may_be_tracked |= tracked;
	model_unlock();
}

static void adding_ends(struct object *object, struct space *space, int err,
			bool tracked)
{
	model_lock();
	if (!err && tracked)
		space->tracked = true;
	if (!err && object) {
		object->was_added = true;
		object_added(object);
	}
	this_call()->waits_for = NOTHING;
	model_unlock();
	if (err && object)
		not_added(object);
}

/* An mm without users takes none. */
static void check_dead(int err)
{
	if (err != -EINVAL)
		fail("an mm without users is registered with: %d", err);
	must_warn("mm_users");
}

static int register_core(struct mmu_notifier *whole, struct mm_struct *mm,
			 bool tracked, bool locked)
{
	int err;

	if (!locked)
		return tracked ? mmu_notifier_register_tracked(whole, mm) :
				 mmu_notifier_register(whole, mm);
	mmap_write_lock(mm);
	err = tracked ? __mmu_notifier_register_tracked(whole, mm) :
			__mmu_notifier_register(whole, mm);
	mmap_write_unlock(mm);
	return err;
}

/* Whether a range of the task, which it was called for, keeps it from leaving. */
static bool cannot_leave(const struct worker *worker, const struct object *object)
{
	unsigned int i;

	for (i = 0; i < worker->nr_ranges; i++) {
		const struct invalidation *inv = worker->ranges[i];

		if (!inv->misused && was_told(inv, object))
			return true;
	}
	return false;
}

static void refuse_registration(struct object *object, struct space *space,
				bool tracked, bool locked)
{
	int err;

	say("registers %u twice", object->slot);
	err = register_core(&object->whole, space->mm, tracked, locked);
	if (err != -EEXIST)
		fail("a second registration returns %d", err);
	must_warn("is registered already");
}

/*
 * With the same mm or another one; after the end of its own, it need not be known any
 * more.  Returns whether there is one to register twice.
 */
static bool register_twice(const struct input *in, struct space *space)
{
	struct object *object = get_object(in->a % MAX_WHOLES);

	if (!object)
		return false;
	if (object_hold(object)) {
		if (model_get_user(object->space)) {
			refuse_registration(object, space, FLAG1(in), FLAG2(in));
			model_put_user(object->space);
		}
		object_unhold(object);
	}
	put_object(object);
	return true;
}

/* Its mmu_notifier_unregister() cannot return as long as we have a range. */
static void register_leaving(struct worker *worker, const struct input *in,
			     struct space *space)
{
	struct object *object = get_object(in->a % MAX_WHOLES);
	bool leaves;

	if (!object)
		return;
	model_lock();
	leaves = object->state == LEAVING && !object->put &&
		 !object->space->exits && cannot_leave(worker, object);
	model_unlock();
	/* The mmap_lock may be held: it must not get that far. */
	if (leaves) {
		say("registers %u, which is being unregistered", object->slot);
		if (__mmu_notifier_register(&object->whole, space->mm) != -EEXIST)
			fail("registers what is being unregistered");
		must_warn("is registered already");
	}
	put_object(object);
}

static void do_register(struct worker *worker, const struct input *in)
{
	static const unsigned int kinds[] = {
		WHOLE_FULL, WHOLE_FULL, WHOLE_REFUSES, WHOLE_REFUSES,
		WHOLE_END_ONLY, WHOLE_TLB, WHOLE_PUT, WHOLE_EXCLUDED,
	};
	const unsigned int kind = kinds[in->b % ARRAY_SIZE(kinds)];
	struct space *space = space_of(in);
	bool tracked = FLAG1(in), prepares = FLAG3(in), alive;
	struct object *object = NULL;
	int err;

	if (!model_grab(space))
		return;
	if (worker->nr_ranges) {
		register_leaving(worker, in, space);
		goto drop;
	}
	if (FLAG4(in) && tracked && register_twice(in, space))
		goto drop;
	if (!prepares) {
		object = claim_slot(space, in->a % MAX_WHOLES, kind,
				    in->b / 8 % MAX_FILTERS, FLAG4(in));
		if (!object)
			goto drop;
	}
	tracked |= prepares;
	alive = model_get_user(space);
	say("registers %d, kind %u%s, with mm %u", object ? (int)object->slot : -1,
	    kind, tracked ? ", tracked" : "", SPACE(in));
	adding_begins(space, object, tracked && alive);
	this_call()->alloc_fails = in->d & 3;
	err = register_core(object ? &object->whole : NULL, space->mm, tracked,
			    FLAG2(in));
	this_call()->alloc_fails = 0;
	if (object && kind == WHOLE_EXCLUDED) {
		if (err != -EINVAL)
			fail("callbacks that exclude each other: %d", err);
		must_warn("arch_invalidate_secondary_tlbs");
	} else if (!alive) {
		check_dead(err);
	} else {
		check_error(err);
	}
	if (!err)
		check_announced("register");
	adding_ends(object, space, err, tracked);
	if (alive)
		model_put_user(space);
drop:
	mmdrop(space->mm);
}

/* The driver establishes no more SPTEs; what has no ->release() tears them down. */
static bool begin_to_leave(struct object *object)
{
	if (!object_pin(object, ADDED))
		return false;
	model_lock();
	if (object->state != ADDED || object->stays) {
		model_unlock();
		object_unpin(object);
		return false;
	}
	object_leaves(object);
	object->space->leaving++;
	if (!object->is_whole || !object->whole.ops->release)
		memset(object->sptes, 0, sizeof(object->sptes));
	model_unlock();
	return true;
}

static void has_left(struct object *object)
{
	model_lock();
	object->space->leaving--;
	if (object->state == LEAVING)
		object_left(object);
	this_call()->waits_for = NOTHING;
	model_unlock();
	/* That of its registration, and that of the call. */
	object_unpin(object);
	object_unpin(object);
}

static bool is_gone_or_leaving(const struct object *object)
{
	return object->was_added && !object->put &&
	       (object->state == LEAVING || object->state == GONE);
}

/*
 * Of the calls that are made at a time to end a subscription, one does so, and the
 * others warn.
 */
static void note_departure(struct object *object, unsigned int warned)
{
	if (current->warned == warned && object->departures++)
		fail("two calls end a subscription");
	if (current->warned != warned && !object->leaves_twice)
		fail("a warning about the only call");
}

static void unregister_twice(struct object *object)
{
	unsigned int warned = current->warned;
	bool is_gone;

	model_lock();
	if (!is_gone_or_leaving(object)) {
		model_unlock();
		return;
	}
	is_gone = object->state == GONE;
	object->pins++;
	object->leaves_twice = true;
	model_unlock();
	say("unregisters %u twice", object->slot);
	mmu_notifier_unregister(&object->whole, object->space->mm);
	model_lock();
	if (is_gone)
		must_warn("is not registered");
	may_warn("is not registered");
	note_departure(object, warned);
	/* Each caller may free it. */
	if (object->state == LEAVING)
		object_left(object);
	model_unlock();
	object_unpin(object);
}

static void unregister(struct object *object, struct mm_struct *mm)
{
	const bool wrong = mm != object->space->mm;
	unsigned int warned = current->warned;

	say("unregisters %u%s", object->slot, wrong ? " from another mm" : "");
	set_waits(OWN_SPACE, object->space);
	mmu_notifier_unregister(&object->whole, mm);
	check_announced("unregister");
	model_lock();
	if (object->leaves_twice) {
		may_warn("is not registered");
		may_warn("is registered with another mm");
	} else if (wrong) {
		must_warn("is registered with another mm");
		warned++;
	}
	if (!wrong || !object->leaves_twice)
		note_departure(object, warned);
	model_unlock();
	has_left(object);
}

static void do_unregister(struct worker *worker, const struct input *in)
{
	struct space *other = space_of(in);
	struct object *object;
	bool wrong;

	if (worker->nr_ranges)
		return;
	object = get_object(in->a % MAX_WHOLES);
	if (!object)
		return;
	if (object->kind != WHOLE_GET && object->kind != WHOLE_GET_REFUSES) {
		set_waits(OWN_SPACE, object->space);
		wrong = FLAG2(in) && model_grab(other);
		if (FLAG1(in))
			unregister_twice(object);
		else if (begin_to_leave(object))
			unregister(object, wrong ? other->mm : object->space->mm);
		if (wrong)
			mmdrop(other->mm);
	}
	put_object(object);
}

/* With the mmap_lock held. */
static void get_existing(struct object *object, struct object *new)
{
	if (new->refs)
		fail("get: allocates, and returns another one");
	model_lock();
	if (object->state == GONE || object->freed || object->space != new->space ||
	    object->kind != new->kind || object->filter != new->filter)
		fail("get: returns one that is gone");
	/* The last put came before this. */
	if (object->state == LEAVING) {
		object->state = ADDED;
		object->put = false;
	}
	object->refs++;
	model_unlock();
	say("gets %u", object->slot);
	not_added(new);
}

/* Unless it is put, or its mm ends. */
static unsigned long find_existing(const struct object *new)
{
	unsigned int i;

	for (i = 0; i < MAX_WHOLES; i++) {
		const struct object *object = objects[i];

		if (object && object != new && object->space == new->space &&
		    object->kind == new->kind && object->filter == new->filter &&
		    object->state == ADDED &&
		    !object->space->exits &&
		    object->t_added < this_call()->t_enter)
			return object->serial;
	}
	return 0;
}

static void do_get(struct worker *worker, const struct input *in)
{
	const unsigned int kind = in->b & 1 ? WHOLE_GET : WHOLE_GET_REFUSES;
	const unsigned int filter = in->b / 8 % MAX_FILTERS;
	struct space *space = space_of(in);
	struct mmu_notifier *whole;
	struct object *object;
	unsigned long found;

	if (worker->nr_ranges || !model_grab(space))
		return;
	if (!model_get_user(space))
		goto drop;
	object = claim_slot(space, in->a % MAX_WHOLES, kind, filter, FLAG4(in));
	if (!object)
		goto put;
	/* This is set by alloc_notifier(). */
	object->refs = 0;
	object->whole.ops = NULL;
	adding_begins(space, true, false);
	this_call()->object = object;
	this_call()->alloc_fails = in->d & 3;
	mmap_write_lock(space->mm);
	model_lock();
	found = find_existing(object);
	model_unlock();
	whole = mmu_notifier_get_locked(whole_ops_of(kind, filter), space->mm);
	if (IS_ERR(whole)) {
		check_error(PTR_ERR(whole));
		adding_ends(object, space, PTR_ERR(whole), false);
	} else if (whole != &object->whole) {
		get_existing(object_of(whole), object);
	} else {
		model_lock();
		if (found && found == find_existing(object))
			fail("get: does not find what is there");
		model_unlock();
		say("gets a new one, %u, kind %u", object->slot, kind);
		adding_ends(object, space, 0, false);
	}
	this_call()->alloc_fails = 0;
	mmap_write_unlock(space->mm);
put:
	model_put_user(space);
drop:
	mmdrop(space->mm);
}

/* Which of the two puts is one too many is not known. */
static void put_at_a_time(struct object *object)
{
	unsigned int warned = current->warned;

	model_lock();
	if (object->state != LEAVING || object->freed || !object->shared_put) {
		model_unlock();
		return;
	}
	object->leaves_twice = true;
	object->puts++;
	object->space->leaving++;
	model_unlock();
	say("puts %u as well", object->slot);
	mmu_notifier_put(&object->whole);
	may_warn("is put once too often");
	model_lock();
	model_put_returned(object->serial);
	object->space->leaving--;
	note_departure(object, warned);
	model_unlock();
}

static bool is_put_and_gone(const struct object *object)
{
	bool is_gone;

	model_lock();
	is_gone = object->put && object->freed && object->was_added &&
		  object->state == GONE;
	model_unlock();
	return is_gone;
}

static void put_twice(struct object *object)
{
	if (!whole_ops_of(object->kind, 0)->free_notifier) {
		if (object_hold(object)) {
			must_warn("cannot be put");
			mmu_notifier_put(&object->whole);
			object_unhold(object);
		}
	} else if (is_put_and_gone(object)) {
		say("puts %u once too often", object->slot);
		must_warn("is put once too often");
		mmu_notifier_put(&object->whole);
	} else {
		put_at_a_time(object);
	}
	object_unpin(object);
}

/* Gives up the pin, so that nothing but its references keeps its memory. */
static void drop_reference(struct object *object, bool shared)
{
	struct space *space = object->space;
	unsigned int warned = current->warned;
	unsigned long serial;

	model_lock();
	if (object->state != ADDED || object->stays || !object->refs ||
	    !object->whole.ops->free_notifier) {
		model_unlock();
		object_unpin(object);
		return;
	}
	object->refs--;
	object->puts++;
	serial = object->serial;
	space->leaving++;
	if (!object->refs) {
		object_leaves(object);
		object->leaves_twice = false;
		object->departures = 0;
		object->put = true;
		object->t_put = NEVER;
		memset(object->sptes, 0, sizeof(object->sptes));
	}
	/* Another get() might have the last reference. */
	shared &= !object->refs && object->kind == WHOLE_PUT;
	object->shared_put |= shared;
	if (!shared)
		object->pins--;
	model_unlock();
	say("puts %u", object->slot);
	/* What it points to may be gone on return. */
	mmu_notifier_put(&object->whole);
	model_lock();
	model_put_returned(serial);
	space->leaving--;
	if (shared) {
		note_departure(object, warned);
		object->shared_put = false;
	}
	if (shared && object->leaves_twice)
		may_warn("is put once too often");
	model_unlock();
	if (shared)
		object_unpin(object);
}

static void do_put(struct worker *worker, const struct input *in)
{
	struct object *object = get_object(in->a % MAX_WHOLES);
	struct space *space;

	if (!object)
		return;
	space = object->space;
	if (FLAG1(in))
		put_twice(object);
	else
		drop_reference(object, FLAG2(in));
	mmdrop(space->mm);
}

/*
 * Intervals
 */

static int insert_core(struct object *object, unsigned long length, bool locked)
{
	const struct mmu_interval_notifier_ops *ops =
		interval_ops_of(object->kind, object->filter);
	struct mm_struct *mm = object->space->mm;
	int err;

	if (object->kind == INTERVAL_NO_FINISH)
		must_warn("invalidate_finish");
	if (!locked)
		return mmu_interval_notifier_insert(&object->interval, mm,
						    object->first, length, ops);
	mmap_write_lock(mm);
	err = mmu_interval_notifier_insert_locked(&object->interval, mm,
						  object->first, length, ops);
	mmap_write_unlock(mm);
	return err;
}

static void insert_twice(struct object *object, const struct input *in)
{
	if (!object_hold(object))
		return;
	if (model_get_user(object->space)) {
		say("inserts %u twice", object->slot);
		set_waits(OWN_SPACE, object->space);
		if (insert_core(object, 1 + in->c % UNITS, FLAG2(in)) != -EEXIST)
			fail("a second insertion is not refused");
		must_warn("is inserted already");
		model_put_user(object->space);
	}
	object_unhold(object);
}

static void check_inserted(struct object *object, unsigned long length,
			   bool alive, int err)
{
	if (err && object->interval.mm)
		fail("an insertion fails, and leaves the mm");
	/* Which of its two mistakes is found first does not matter. */
	if (err == -EOVERFLOW && (!length || object->first + length - 1 <
						     object->first))
		return;
	if (!length && !err)
		fail("an empty interval is inserted");
	if (!alive)
		check_dead(err);
	else
		check_error(err);
}

static void insert_one(const struct input *in, struct space *space,
		       unsigned int slot)
{
	unsigned long length = in->c % (UNITS + 1);
	struct object *object;
	bool alive;
	int err;

	object = claim_slot(space, slot, in->d / 4 % 8 < INTERVAL_KINDS ?
						 in->d / 4 % 8 : 0,
			    in->d / 32 % MAX_FILTERS, FLAG4(in));
	if (!object)
		return;
	model_lock();
	object->first = in->b == 255 ? ULONG_MAX - 3 : in->b % UNITS;
	object->last = object->first + length - 1;
	object->bounds = (struct span){ object->first, object->last };
	object->refuses_blocking = false;
	object->refuses = in->d & 128;
	model_unlock();

	alive = model_get_user(space);
	say("inserts %u, kind %u, [%lu, %lu] of mm %u", slot, object->kind,
	    object->first, object->last, SPACE(in));
	adding_begins(space, false, alive);
	this_call()->alloc_fails = in->d & 3;
	err = insert_core(object, length, FLAG2(in));
	this_call()->alloc_fails = 0;
	check_inserted(object, length, alive, err);
	adding_ends(object, space, err, true);
	if (alive)
		model_put_user(space);
}

static void do_insert(struct worker *worker, const struct input *in)
{
	const unsigned int slot = MAX_WHOLES + in->a % MAX_INTERVALS;
	struct space *space = space_of(in);
	struct object *object;
	unsigned int i;

	if (worker->nr_ranges || !model_grab(space))
		return;
	object = FLAG1(in) ? get_object(slot) : NULL;
	if (object)
		insert_twice(object, in);
	else if (FLAG3(in))
		for (i = MAX_WHOLES; i < MAX_OBJECTS; i++)
			insert_one(in, space, i);
	else
		insert_one(in, space, slot);
	if (object)
		put_object(object);
	mmdrop(space->mm);
}

/*
 * Deferred removal.  The caller has a pin for it, which is for the call of released(), or
 * dropped here if another call ends the subscription.
 */

static void insert_again(struct object *object)
{
	struct space *space = object->space;
	int err = 0;

	if (model_get_user(space)) {
		err = insert_core(object, object->last - object->first + 1, false);
		if (err)
			fail("inserted again: %d", err);
		adding_ends(object, space, 0, true);
		model_put_user(space);
	} else {
		not_added(object);
	}
}

static void interval_released(struct mmu_interval_notifier *interval)
{
	struct object *object = object_of_interval(interval);
	struct call call;
	bool again;

	task_may_sleep();
	call_begin(&call, "released", nr_inputs);
	model_lock();
	object_check_released(object);
	again = object->again && !object->leaves_twice &&
		!__atomic_load_n(&ends, __ATOMIC_RELAXED);
	model_set_releasing(object);
	if (again)
		object_adding(object);
	else
		object_left(object);
	model_unlock();
	sched_point();
	say("releases %u%s", object->slot, again ? ", inserts it again" : "");
	model_lock();
	model_set_releasing(NULL);
	model_unlock();
	if (again)
		insert_again(object);
	else
		object_unpin(object);
	call_end(&call);
}

static void never_released(struct mmu_interval_notifier *interval)
{
	fail("released, but the removal was refused");
}

static void note_second_removal(void)
{
	may_warn("is being removed or moved");
	may_warn("is not inserted");
}

static void defer_removal(struct object *object, unsigned int nr)
{
	const unsigned long serial = object->serial;
	unsigned int warned = current->warned;
	struct space *space = object->space;

	mmu_interval_notifier_remove_deferred(&object->interval,
					      &object->removals[nr],
					      interval_released);
	model_lock();
	space->collisions++;
	/* It may be released, and freed, or inserted again. */
	if (current->warned == warned)
		object = find_by_serial(serial);
	if (object) {
		note_departure(object, warned);
		if (object->leaves_twice)
			note_second_removal();
		if (current->warned == warned)
			object->t_removed = model_now();
	}
	model_unlock();
	if (current->warned != warned)
		object_unpin(object);
}

void remove_itself(struct object *object)
{
	unsigned int locked = current->locked;

	if (!object_defers(object, true))
		return;
	say("removes %u in its callback", object->slot);
	defer_removal(object, 0);
	/* This one is not the invalidation's. */
	current->locked = locked;
}

/* Under the user lock, it needs to keep that. */
static void do_defer(struct worker *worker, const struct input *in)
{
	struct object *object = get_object(MAX_WHOLES + in->a % MAX_INTERVALS);
	const bool locked = FLAG2(in);
	struct space *space;

	if (!object)
		return;
	space = object->space;
	if (locked)
		test_lock(&object->user_lock);
	if (!object_defers(object, locked)) {
		if (locked)
			test_unlock(&object->user_lock);
		put_object(object);
		return;
	}
	say("removes %u, deferred%s", object->slot, locked ? ", locked" : "");
	model_lock();
	object->again = FLAG3(in);
	if (!locked)
		object->pins--;
	model_unlock();
	defer_removal(object, 0);
	if (locked) {
		test_unlock(&object->user_lock);
		object_unpin(object);
	}
	mmdrop(space->mm);
}

/* For the removals whose call returned before then. */
static void wait_for_releases(unsigned long before)
{
	say("barrier");
	set_waits(RELEASES, NULL);
	mmu_interval_notifier_barrier();
	check_announced("barrier");
	model_lock();
	if (model_has_removals(before))
		fail("barrier: a removal is not released");
	this_call()->waits_for = NOTHING;
	model_unlock();
}

static void do_barrier(struct worker *worker, const struct input *in)
{
	if (!worker->nr_ranges)
		wait_for_releases(this_call()->t_enter);
}

static void remove_twice(struct object *object, bool deferred)
{
	unsigned int warned = current->warned;

	model_lock();
	if (!is_gone_or_leaving(object) || !object->interval.mm) {
		model_unlock();
		return;
	}
	object->pins++;
	object->leaves_twice = true;
	/* One more for released(), if this one is the first. */
	if (deferred) {
		object->pins++;
		/* Either may be the one that counts. */
		if (object->t_defers < object->t_adding)
			object->t_defers = model_now();
	}
	this_call()->object = object;
	this_call()->waits_for = REMOVAL;
	this_call()->space = object->space;
	set_span(object->first, object->last);
	model_unlock();
	say("removes %u twice%s", object->slot, deferred ? ", deferred" : "");
	if (deferred) {
		defer_removal(object, 1);
		object_unpin(object);
		return;
	}
	mmu_interval_notifier_remove(&object->interval);
	note_second_removal();
	model_lock();
	note_departure(object, warned);
	if (current->warned == warned)
		object_left(object);
	model_unlock();
	object_unpin(object);
}

static void remove_interval(struct object *object)
{
	unsigned int warned = current->warned;
	bool other;

	say("removes %u", object->slot);
	set_waits(REMOVAL, object->space);
	this_call()->object = object;
	set_span(object->first, object->last);
	mmu_interval_notifier_remove(&object->interval);
	if (current->warned == warned)
		check_announced("remove");
	model_lock();
	if (object->leaves_twice)
		note_second_removal();
	note_departure(object, warned);
	other = current->warned != warned;
	if (other)
		object->space->leaving--;
	this_call()->waits_for = NOTHING;
	model_unlock();
	if (!other) {
		has_left(object);
		return;
	}
	/* The one that did not warn notes that it has left. */
	object_unpin(object);
	object_unpin(object);
}

static void do_remove(struct worker *worker, const struct input *in)
{
	unsigned int slot = MAX_WHOLES + in->a % MAX_INTERVALS;
	unsigned int end = slot + 1;
	struct object *object;

	if (worker->nr_ranges)
		return;
	if (FLAG3(in) && !FLAG1(in)) {
		slot = MAX_WHOLES;
		end = MAX_OBJECTS;
	}
	for (; slot < end; slot++) {
		object = get_object(slot);
		if (!object)
			continue;
		if (FLAG1(in))
			remove_twice(object, FLAG2(in));
		else if (begin_to_leave(object))
			remove_interval(object);
		put_object(object);
	}
}

/*
 * Moves
 */

static void move_interval(struct object *object, unsigned long first,
			  unsigned long length, unsigned int alloc_fails)
{
	const bool valid = length && first + length - 1 >= first;
	struct call *call = this_call();
	int err;

	say("moves %u from [%lu, %lu] to [%lu, %lu]", object->slot, object->first,
	    object->last, first, first + length - 1);
	set_waits(MOVE, object->space);
	model_lock();
	call->object = object;
	call->nr_spans = 2;
	call->spans[0] = (struct span){ object->first, object->last };
	call->spans[1] = object->to;
	call->alloc_fails = alloc_fails;
	model_unlock();
	err = mmu_interval_notifier_update(&object->interval, first, length);
	call->alloc_fails = 0;
	if (err == -EOVERFLOW ? valid : !valid)
		fail("a move to [%lu, %lu] returns %d", first, first + length - 1,
		     err);
	if (valid)
		check_error(err);
	if (!err)
		check_announced("update");
	object_moved(object, !err);
	call->waits_for = NOTHING;
}

static void refuse_update(struct object *object)
{
	if (mmu_interval_notifier_update(&object->interval, 0, UNITS) != -EINVAL)
		fail("a move is not refused");
}

/* What is removed, or moved, and waits for a range of the task. */
static void remove_or_move_busy(struct worker *worker, struct object *object,
				unsigned int what)
{
	bool is_busy = false;
	unsigned int i;

	model_lock();
	if (object->t_wait && (object->moving || object->state == LEAVING)) {
		for (i = 0; i < worker->nr_ranges; i++) {
			const struct invalidation *inv = worker->ranges[i];

			is_busy |= !inv->misused && inv->tracked &&
				   inv->t_started < object->t_departs &&
				   inv->space == object->space &&
				   overlap(inv->first, inv->last, object->first,
					   object->last);
		}
	}
	model_unlock();
	if (!is_busy)
		return;
	say("removes or moves %u, which is being so", object->slot);
	if (what % 3 == 0) {
		must_warn("cannot move");
		refuse_update(object);
		return;
	}
	must_warn("is being removed or moved");
	if (object->state == LEAVING)
		object->leaves_twice = true;
	if (what % 3 == 1)
		mmu_interval_notifier_remove(&object->interval);
	else
		mmu_interval_notifier_remove_deferred(&object->interval,
						      &object->removals[1],
						      never_released);
}

static void move_gone(struct object *object)
{
	unsigned int warned = current->warned;
	bool is_gone;

	model_lock();
	is_gone = object->was_added && object->interval.mm &&
		  (object->state == GONE ||
		   (object->state == LEAVING && object->t_removed));
	if (is_gone)
		object->leaves_twice = true;
	model_unlock();
	if (!is_gone)
		return;
	say("moves %u, which has been removed", object->slot);
	may_warn("is not inserted");
	may_warn("cannot move");
	refuse_update(object);
	if (current->warned == warned)
		fail("a move is refused without a warning");
}

static void do_update(struct worker *worker, const struct input *in)
{
	struct object *object = get_object(MAX_WHOLES + in->a % MAX_INTERVALS);
	unsigned long first = in->b == 255 ? ULONG_MAX - 3 : in->b % UNITS;
	unsigned long length = in->c % (UNITS + 1);

	if (!object)
		return;
	if (worker->nr_ranges)
		remove_or_move_busy(worker, object, in->d);
	else if (FLAG1(in))
		move_gone(object);
	else if (object_moves(object, first, first + length - 1))
		move_interval(object, first, length, in->d & 3);
	put_object(object);
}

/*
 * Readers
 */

static void read_page_table(struct reading *reading)
{
	sched_point();
	model_lock();
	memcpy(reading->values, reading->space->page_table,
	       sizeof(reading->values));
	model_unlock();
}

/* What the begin waits for. */
static void reading_begins(struct reading *reading, bool killable)
{
	struct call *call = this_call();
	struct space *space = reading->space;

	model_lock();
	call->waits_for = OVERLAPPING;
	call->t_sleep = 0;
	call->space = space;
	call->killable = killable;
	call->nr_spans = reading->nr;
	memcpy(call->spans, reading->spans, sizeof(call->spans));
	reading->t_begin = model_now();
	reading->returned = space->returned;
	reading->live = space->live;
	reading->collisions = space->collisions;
	reading->readers = space->readers - space->all_readers;
	current->announced = 0;
	model_unlock();
}

static void reading_began(struct reading *reading, bool check)
{
	if (!reading->refused)
		check_announced("a begin");
	model_lock();
	if (check)
		check_waited(reading->space, reading->spans, reading->nr,
			     reading->t_begin);
	/* All that may have had a watch in the meantime. */
	reading->readers += reading->space->all_readers;
	reading->active = true;
	reading->t_began = model_now();
	this_call()->waits_for = NOTHING;
	model_unlock();
	read_page_table(reading);
}

static void reading_ends(struct reading *reading)
{
	struct mm_struct *mm = reading->space->mm;

	reading->active = false;
	object_unpin(reading->object);
	mmdrop(mm);
}

static void do_read_begin(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];
	const unsigned int slot = MAX_WHOLES + in->a % MAX_INTERVALS;
	struct object *object;
	bool added;
	int err = 0;

	if (worker->nr_ranges || reading->active || reading->reader)
		return;
	object = get_object(slot);
	if (!object)
		return;
	model_lock();
	added = object->state == ADDED;
	model_unlock();
	if (!added) {
		put_object(object);
		return;
	}
	reading->object = object;
	reading->refused = false;
	reading->space = object->space;
	reading->nr = 1;
	model_lock();
	reading->spans[0] = object->bounds;
	model_unlock();
	say("begins to read interval %u", slot);
	this_call()->object = object;
	reading_begins(reading, FLAG1(in));
	if (FLAG1(in))
		err = mmu_interval_read_begin_killable(&object->interval,
						       &reading->seq);
	else
		reading->seq = mmu_interval_read_begin(&object->interval);
	if (err) {
		if (err != -EINTR || !task_has_signal(current))
			fail("read_begin_killable() returns %d", err);
		say("killed");
		/* There is none, but a caller may ask. */
		test_lock(&object->user_lock);
		if (!mmu_interval_read_retry(&object->interval, reading->seq))
			fail("no retry after -EINTR");
		test_unlock(&object->user_lock);
		reading_ends(reading);
		return;
	}
	reading_began(reading, true);
}

static void retry_interval(struct reading *reading)
{
	struct object *object = reading->object;
	unsigned long t_retry;
	bool retry, hint;

	hint = mmu_interval_check_retry(&object->interval, reading->seq);
	test_lock(&object->user_lock);
	t_retry = model_now();
	retry = mmu_interval_read_retry(&object->interval, reading->seq);
	model_lock();
	if (hint && !retry)
		fail("a hint to retry is wrong");
	if (!retry && reading->t_began < object->t_collides)
		fail("no retry after a move or removal");
	if (!retry)
		object_fill(object, reading->values, reading->spans, reading->nr,
			    t_retry);
	else if (object->t_changed < reading->t_begin &&
		 !touched_since(reading->space, reading->spans, reading->nr,
				reading->t_begin))
		fail("a retry without a collision");
	model_unlock();
	test_unlock(&object->user_lock);
	say("%s", retry ? "retries" : "fills");
	reading_ends(reading);
}

/* Whether so many may have started that the range reader does not know all. */
static bool may_be_overrun(const struct reading *reading)
{
	const struct space *space = reading->space;

	if (space->entered - reading->returned + reading->live +
	    space->collisions - reading->collisions < 63)
		return false;
	return !reading->was_overrun || reading->nr > 8 || reading->readers > 4;
}

static void retry_reader(struct reading *reading)
{
	struct object *object = reading->object;
	unsigned long t_retry;
	bool retry, hint;

	hint = mmu_range_read_check_retry(reading->reader);
	test_lock(&object->user_lock);
	t_retry = model_now();
	retry = mmu_range_read_retry(reading->reader);
	model_lock();
	if (hint && !retry)
		fail("a hint to retry is wrong");
	if (!retry && reading->refused)
		fail("no retry of what was refused");
	if (!retry) {
		object_fill(object, reading->values, reading->spans, reading->nr,
			    t_retry);
		reading->was_overrun = false;
	} else if (!touched_since(reading->space, reading->spans, reading->nr,
				  reading->t_begin) && !reading->refused) {
		if (!may_be_overrun(reading))
			fail("a retry without a collision");
		reading->was_overrun = true;
	}
	model_unlock();
	test_unlock(&object->user_lock);
	say("%s", retry ? "retries" : "fills");
	reading_ends(reading);
}

static void do_retry(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];

	if (!reading->active)
		return;
	if (FLAG1(in))
		read_page_table(reading);
	if (reading->reader)
		retry_reader(reading);
	else
		retry_interval(reading);
}

static void free_reader(struct reading *reading, bool gone)
{
	struct mm_struct *mm = reading->space->mm;

	if (reading->active) {
		if (!gone)
			mmu_range_read_cancel(reading->reader);
		reading_ends(reading);
	}
	model_lock();
	/* One that is gone without an end may keep a watch. */
	if (!gone)
		reading->space->readers--;
	model_unlock();
	free(reading->reader);
	reading->reader = NULL;
	mmdrop(mm);
}

static void do_cancel(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];

	if (!reading->reader || (!reading->active && !FLAG2(in)))
		return;
	say("cancels%s", FLAG2(in) ? ", and the range reader goes away" : "");
	if (FLAG2(in)) {
		free_reader(reading, FLAG3(in));
		return;
	}
	mmu_range_read_cancel(reading->reader);
	reading_ends(reading);
}

/* A range, or a set of them that gets shorter and sparser with @c and @d. */
static void choose_ranges(struct reading *reading, const struct input *in)
{
	unsigned int i, at = in->c % UNITS, length = 1 + (in->d & 3);
	unsigned int gap = in->d >> 2 & 3;

	reading->nr = in->d & 16 ? 1 + (in->d >> 5) * 2 : 1;
	for (i = 0; i < reading->nr && i < MAX_SET && at + length <= UNITS; i++) {
		reading->set[i].start = at;
		reading->set[i].end = at + length;
		reading->spans[i] = (struct span){ at, at + length - 1 };
		at += length + gap;
	}
	reading->nr = i;
}

/* The subscription whose callback tears down what is read. */
static struct object *pin_for_reader(const struct reading *reading,
				     struct space *space, unsigned int slot)
{
	struct object *object;
	unsigned int i;

	model_lock();
	object = objects[slot];
	if (!object || object->space != space || object->state != ADDED)
		goto none;
	if (object->is_whole && !object->whole.ops->invalidate_range_start)
		goto none;
	for (i = 0; i < reading->nr; i++) {
		if (reading->spans[i].first < object->first ||
		    reading->spans[i].last > object->last)
			goto none;
	}
	object->pins++;
	model_unlock();
	return object;
none:
	model_unlock();
	return NULL;
}

static int begin_reader(struct reading *reading, bool set, bool killable)
{
	struct mmu_range_reader *reader = reading->reader;
	unsigned long start = reading->set[0].start, end = reading->set[0].end;

	if (set && killable)
		return mmu_range_read_begin_set_killable(reader, reading->set,
							 reading->nr);
	if (killable)
		return mmu_range_read_begin_killable(reader, start, end);
	if (set)
		mmu_range_read_begin_set(reader, reading->set, reading->nr);
	else
		mmu_range_read_begin(reader, start, end);
	return 0;
}

/* What must not be read: each retry is true. */
static bool spoil_set(struct reading *reading, bool set)
{
	if (set && reading->nr > 1) {
		reading->set[1].start = reading->set[0].start;
		must_warn("are not sorted");
	} else if (!set && reading->set[0].start) {
		/* [0, 0) would be all addresses. */
		reading->set[0].end = reading->set[0].start;
		must_warn("ends before it starts");
	} else {
		return false;
	}
	return true;
}

static bool take_reader(struct reading *reading, struct space *space)
{
	if (reading->reader)
		return reading->space == space;
	if (!model_grab(space))
		return false;
	reading->space = space;
	reading->reader = malloc(sizeof(*reading->reader));
	reading->was_overrun = false;
	model_lock();
	space->readers++;
	space->all_readers++;
	model_unlock();
	mmu_range_reader_init(reading->reader, space->mm);
	return true;
}

static void do_range_begin(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];
	struct space *space = space_of(in);
	bool tracked, may_be_tracked, spoilt = false, set = in->d & 16;
	struct object *object;
	int err;

	if (worker->nr_ranges || reading->active || !model_grab(space))
		return;
	if (!take_reader(reading, space))
		goto drop;
	choose_ranges(reading, in);
	if (!reading->nr && !set)
		goto drop;
	object = pin_for_reader(reading, space,
				in->a % (in->a & 128 ? MAX_OBJECTS : MAX_WHOLES));
	if (!object)
		goto drop;
	reading->object = object;
	if (FLAG2(in) && FLAG3(in))
		spoilt = spoil_set(reading, set);

	model_lock();
	tracked = space->tracked;
	model_unlock();
	say("begins to read %u ranges of mm %u, the first [%lu, %lu], with %u%s",
	    reading->nr, SPACE(in), reading->spans[0].first,
	    reading->spans[0].last, object->slot, spoilt ? ", wrong ones" : "");
	reading_begins(reading, FLAG1(in));
	err = begin_reader(reading, set, FLAG1(in));
	model_lock();
	may_be_tracked = space->may_be_tracked;
	model_unlock();
	if (!may_be_tracked && !spoilt)
		must_warn("that is not tracked");
	else if (!tracked)
		may_warn("that is not tracked");
	reading->refused = spoilt || !may_be_tracked;
	if (err) {
		if (err != -EINTR || !task_has_signal(current))
			fail("a killable begin returns %d", err);
		say("killed");
		reading->refused = true;
	}
	reading_began(reading, tracked && !reading->refused);
	if (!tracked)
		reading->refused = true;
	if (!tracked && may_be_tracked) {
		/* Whether it was is not known: only end it. */
		mmu_range_read_cancel(reading->reader);
		reading_ends(reading);
	}
	return;
drop:
	mmdrop(space->mm);
}

/* A begin in a read section, and the end of a copy. */
static void do_misread(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];
	struct mmu_range_reader copy;

	if (!reading->active || !reading->reader)
		return;
	may_warn("the copy of a range reader ends");
	say("ends a copy of a range reader");
	copy = *reading->reader;
	if (FLAG1(in) && mmu_range_read_retry(&copy))
		return;
	mmu_range_read_cancel(&copy);
}

/* More ranges than the mm can know of start elsewhere, so that the next begin is slow. */
static void do_overrun(struct worker *worker, const struct input *in)
{
	struct reading *reading = &worker->readings[in->b % MAX_READERS];
	struct input simple = *in, storm = *in;

	simple.where &= 0x0f;
	do_range_begin(worker, &simple);
	if (!reading->active || !reading->reader)
		return;
	storm.where &= 0x0f;
	storm.a = in->c + UNITS / 2;
	storm.b = 1 + (in->b >> 6);
	storm.c = LOCK_RMAP;
	storm.d = 69;
	do_storm(worker, &storm);
	do_retry(worker, &simple);
	do_range_begin(worker, in);
}

/*
 * The rest
 */

static void do_young(struct worker *worker, const struct input *in)
{
	static const char * const names[] = {
		"clear_flush_young", "clear_young", "test_young", "tlb",
	};
	const unsigned int which = in->c % 4;
	struct space *space = space_of(in);
	unsigned long start = in->a % UNITS, end = start + 1 + in->b % UNITS;
	struct call *call = this_call();
	unsigned int must = 0, i;
	bool young = false;

	if (!model_grab(space))
		return;
	call->name = names[which];
	if (which == 2)
		end = start + 1;
	set_span(start, end - 1);
	say("%s of mm %u", names[which], SPACE(in));
	model_lock();
	space->callbacks++;
	model_unlock();
	if (which == 0)
		young = mmu_notifier_clear_flush_young(space->mm, start, end);
	else if (which == 1)
		young = mmu_notifier_clear_young(space->mm, start, end);
	else if (which == 2)
		young = mmu_notifier_test_young(space->mm, start);
	else
		mmu_notifier_arch_invalidate_secondary_tlbs(space->mm, start, end);
	model_lock();
	space->callbacks--;
	for (i = 0; i < MAX_WHOLES; i++) {
		const struct object *object = objects[i];
		const struct mmu_notifier_ops *ops;

		if (!object || object->state != ADDED || space->exits ||
		    object->space != space || object->t_added > call->t_enter)
			continue;
		ops = object->whole.ops;
		must += which == 0 ? !!ops->clear_flush_young :
			which == 1 ? !!ops->clear_young :
			which == 2 ? !!ops->test_young :
				     !!ops->arch_invalidate_secondary_tlbs;
	}
	if (which < 3 && young != call->young)
		fail("%s returns %d", names[which], young);
	if (call->nr_called < must && !(which == 2 && young))
		fail("%s does not call all", names[which]);
	model_unlock();
	mmdrop(space->mm);
}

/* The last of the mm's own users goes, and the mm with it or later. */
static void do_exit(struct worker *worker, const struct input *in)
{
	struct space *space = space_of(in), *new = NULL;
	bool leaves;

	if (worker->nr_ranges)
		return;
	model_lock();
	leaves = !space->left;
	space->left = true;
	if (!leaves && FLAG1(in)) {
		new = model_new_space();
		__atomic_store_n(&spaces[SPACE(in)], new, __ATOMIC_RELEASE);
	}
	model_unlock();
	if (leaves) {
		say("exits mm %u", SPACE(in));
		model_put_user(space);
	} else if (new) {
		say("new mm %u", SPACE(in));
	}
}

static void do_synchronize(struct worker *worker, const struct input *in)
{
	if (worker->nr_ranges)
		return;
	say("synchronize");
	set_waits(PUTS, NULL);
	mmu_notifier_synchronize();
	check_announced("synchronize");
	model_lock();
	if (model_has_puts(this_call()->t_enter))
		fail("synchronize: a put is not freed");
	model_unlock();
}

static void ask(struct space *space, struct reading *reading, bool tracked)
{
	bool inactive = mmu_notifier_range_inactive(space->mm,
						    reading->spans[0].first,
						    reading->spans[0].last + 1);

	model_lock();
	if (inactive)
		check_waited(space, reading->spans, 1, reading->t_begin);
	else if (!inactive && !reading->live && tracked &&
		 reading->returned == space->entered)
		fail("a range is said to be active, but none is");
	model_unlock();
}

static void do_ask(struct worker *worker, const struct input *in)
{
	unsigned long start = in->a % UNITS, end = start + 1 + in->b % UNITS;
	struct space *space = space_of(in);
	struct reading reading = { .space = space, .nr = 1 };
	bool tracked, may_be_tracked;
	int err = 0;

	if ((worker->nr_ranges && in->c % 3) || !model_grab(space))
		return;
	reading.spans[0] = (struct span){ start, end - 1 };
	model_lock();
	tracked = space->tracked;
	model_unlock();
	/* A wait has a range reader. */
	model_lock();
	space->readers++;
	space->all_readers++;
	model_unlock();
	reading_begins(&reading, in->c % 3 == 2);
	if (in->c % 3 == 0)
		ask(space, &reading, tracked);
	else if (in->c % 3 == 1)
		mmu_notifier_range_wait_inactive(space->mm, start, end);
	else
		err = mmu_notifier_range_wait_inactive_killable(space->mm, start,
								end);
	say("asks for [%lu, %lu] of mm %u: %d", start, end - 1, SPACE(in), err);
	if (err && (err != -EINTR || !task_has_signal(current)))
		fail("wait_inactive_killable() returns %d", err);
	model_lock();
	space->readers--;
	may_be_tracked = space->may_be_tracked;
	if (!err && tracked && in->c % 3)
		check_waited(space, reading.spans, 1, reading.t_begin);
	model_unlock();
	if (!may_be_tracked)
		must_warn("that is not tracked");
	else if (!tracked)
		may_warn("that is not tracked");
	mmdrop(space->mm);
}

static void kill_task(unsigned int id)
{
	struct task_struct *task;

	task = __atomic_load_n(&workers[id].task, __ATOMIC_ACQUIRE);
	if (!task)
		return;
	say("kills task %u", id);
	__atomic_store_n(&task->signal, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&task->state, __ATOMIC_SEQ_CST) == TASK_KILLABLE)
		task_wake(task);
}

static void do_kill(struct worker *worker, const struct input *in)
{
	unsigned int i;

	for (i = 0; i < NR_TASKS; i++) {
		if (in->a % (NR_TASKS + 1) == i || in->a % (NR_TASKS + 1) == NR_TASKS)
			kill_task(i);
	}
}

static void do_refuse(struct worker *worker, const struct input *in)
{
	struct object *object;

	model_lock();
	object = objects[in->a % (in->c & 1 ? MAX_OBJECTS : MAX_WHOLES)];
	if (object) {
		object->refuses = in->b & 1;
		object->refuses_blocking = in->b & 2;
		object->removes_itself = in->b & 4 && !object->is_whole;
		object->again = in->b & 8;
	}
	model_unlock();
}

static const struct {
	const char *name;
	void (*make)(struct worker *worker, const struct input *in);
} calls[] = {
	/* The more often the oftener. */
	{ "start", do_start },
	{ "start", do_start },
	{ "start", do_start },
	{ "end", do_end },
	{ "end", do_end },
	{ "register", do_register },
	{ "register", do_register },
	{ "unregister", do_unregister },
	{ "get", do_get },
	{ "put", do_put },
	{ "insert", do_insert },
	{ "insert", do_insert },
	{ "remove", do_remove },
	{ "read_begin", do_read_begin },
	{ "read_begin", do_read_begin },
	{ "range_begin", do_range_begin },
	{ "range_begin", do_range_begin },
	{ "retry", do_retry },
	{ "retry", do_retry },
	{ "cancel", do_cancel },
	{ "storm", do_storm },
	{ "storm", do_storm },
	{ "change", do_change },
	{ "young", do_young },
	{ "exit", do_exit },
	{ "synchronize", do_synchronize },
	{ "ask", do_ask },
	{ "kill", do_kill },
	{ "refuse", do_refuse },
	{ "forget", do_forget },
	{ "restart", do_restart },
	{ "misread", do_misread },
	{ "overrun", do_overrun },
	{ "defer", do_defer },
	{ "defer", do_defer },
	{ "barrier", do_barrier },
	{ "update", do_update },
	{ "update", do_update },
};

const unsigned int nr_kinds_of_calls = ARRAY_SIZE(calls);

/*
 * Tasks
 */

static void end_all(struct worker *worker)
{
	unsigned int i;

	while (worker->nr_ranges)
		end_one(worker, worker->ranges[worker->nr_ranges - 1], false,
			false);
	for (i = 0; i < MAX_READERS; i++) {
		struct reading *reading = &worker->readings[i];

		if (reading->reader)
			free_reader(reading, false);
		else if (reading->active)
			reading_ends(reading);
	}
}

static void end_forgotten(void)
{
	struct invalidation *inv;

	for (;;) {
		model_lock();
		inv = nr_forgotten ? forgotten[--nr_forgotten] : NULL;
		model_unlock();
		if (!inv)
			return;
		if (inv->untold) {
			end_core(inv, inv->range);
			free_range(inv);
		} else {
			end_range(inv, false, false);
		}
	}
}

static void clean_up_object(unsigned int slot)
{
	struct object *object = get_object(slot);
	struct space *space;
	unsigned int refs;

	if (!object)
		return;
	space = object->space;
	if (object->state == ADDED && !object->is_whole) {
		begin_to_leave(object);
		remove_interval(object);
	} else if (object->state == ADDED && object->kind != WHOLE_GET &&
		   object->kind != WHOLE_GET_REFUSES) {
		begin_to_leave(object);
		unregister(object, space->mm);
	} else if (object->state == ADDED) {
		for (refs = object->refs; refs; refs--) {
			model_lock();
			object->pins++;
			model_unlock();
			/* The last one may free it. */
			if (refs == 1)
				object_unpin(object);
			drop_reference(object, false);
		}
		mmdrop(space->mm);
		return;
	}
	put_object(object);
}

/* The mms end before or after their subscriptions. */
static void clean_up(bool exit_first)
{
	unsigned int i, pass;

	__atomic_store_n(&ends, true, __ATOMIC_RELAXED);
	wait_for_releases(NEVER);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < MAX_SPACES && pass != exit_first; i++) {
			if (!spaces[i]->left)
				model_put_user(spaces[i]);
		}
		for (i = 0; i < MAX_OBJECTS && pass == exit_first; i++)
			clean_up_object(i);
	}
	wait_for_releases(NEVER);
	set_waits(PUTS, NULL);
	mmu_notifier_synchronize();
	if (model_has_puts(NEVER))
		fail("synchronize: a put is not freed");
}

static bool others_are_done(void *arg)
{
	return !__atomic_load_n(&nr_at_work, __ATOMIC_ACQUIRE);
}

static bool last_has_work(void *arg)
{
	bool has_work;

	model_lock();
	has_work = nr_forgotten;
	model_unlock();
	return has_work || others_are_done(NULL);
}

static void run_last(struct task_struct *task)
{
	struct call call;

	call_begin(&call, "the last task", nr_inputs);
	while (!others_are_done(NULL)) {
		task_wait(last_has_work, NULL, "the other tasks");
		task_be_last();
		model_check_removals();
		end_forgotten();
	}
	end_forgotten();
	clean_up(nr_inputs && inputs[0].stops[0] & 1);
	call_end(&call);
}

static void run_task(struct task_struct *task)
{
	static const unsigned char no_stops[2];
	struct worker *worker = &workers[task->id];
	struct call call;
	unsigned int i;

	__atomic_store_n(&worker->task, task, __ATOMIC_RELEASE);
	if (task->id == NR_TASKS) {
		run_last(task);
		return;
	}
	for (i = 0; i < nr_inputs; i++) {
		const struct input *in = &inputs[i];

		if (TASK(in) != task->id)
			continue;
		task_enter_call(i, in->stops);
		call_begin(&call, calls[in->what % ARRAY_SIZE(calls)].name, i);
		calls[in->what % ARRAY_SIZE(calls)].make(worker, in);
		call_end(&call);
		__atomic_store_n(&task->signal, false, __ATOMIC_SEQ_CST);
	}
	task_enter_call(nr_inputs, no_stops);
	call_begin(&call, "the end", nr_inputs);
	end_all(worker);
	call_end(&call);
	__atomic_sub_fetch(&nr_at_work, 1, __ATOMIC_RELEASE);
	test_changed();
}

void fail(const char *format, ...)
{
	struct call *call = current->call;
	va_list args;

	fprintf(stderr, "mmu_notifier: task %u, call %u (%s): ", current->id,
		call ? call->number : 0, call ? call->name : "work");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

void run_input(const unsigned char *data, size_t size)
{
	unsigned int i;

	nr_inputs = size / sizeof(struct input);
	if (nr_inputs > MAX_CALLS)
		nr_inputs = MAX_CALLS;
	memcpy(inputs, data, nr_inputs * sizeof(struct input));
	memset(workers, 0, sizeof(workers));
	nr_forgotten = 0;
	ends = false;
	nr_at_work = NR_TASKS;
	model_begin();
	for (i = 0; i < MAX_SPACES; i++)
		spaces[i] = model_new_space();
	tasks_run(run_task, NR_TASKS + 1);
	model_end();
}

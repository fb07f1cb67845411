// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model: see model.h.  Callbacks of the drivers are here, too.
 */

#include <linux/mmu_notifier.h>

#include "model.h"

struct object *objects[MAX_OBJECTS];
static LIST_HEAD(all_spaces);
static LIST_HEAD(all_objects);
static unsigned long now;
static unsigned int random_state;

unsigned long model_now(void)
{
	return __atomic_add_fetch(&now, 1, __ATOMIC_RELAXED);
}

u32 model_random(void)
{
	return __atomic_add_fetch(&random_state, 0x9e3779b9, __ATOMIC_RELAXED);
}

bool model_alloc_fails(void)
{
	struct call *call = this_call();

	if (!call || !call->alloc_fails || --call->alloc_fails)
		return false;
	call->alloc_failed = true;
	return true;
}

/*
 * Calls
 */

static void expect(const char **texts, const char *text)
{
	unsigned int i;

	for (i = 0; i < MAX_EXPECTED; i++) {
		if (!texts[i] || texts[i] == text) {
			texts[i] = text;
			return;
		}
	}
	fail("too many warnings are expected");
}

void may_warn(const char *text)
{
	expect(this_call()->may_warn, text);
}

void must_warn(const char *text)
{
	expect(this_call()->must_warn, text);
}

static bool is_expected(const char **texts, const char *warning)
{
	unsigned int i;

	for (i = 0; i < MAX_EXPECTED && texts[i]; i++) {
		if (strstr(warning, texts[i]))
			return true;
	}
	return false;
}

static bool is_warned(const char *text)
{
	unsigned int i;

	for (i = 0; i < current->nr_warnings; i++) {
		if (strstr(current->warnings[i], text))
			return true;
	}
	return false;
}

/* The task is to be as it was before. */
static void check_task(int maps)
{
	if (current->spins)
		fail("returns with a spinlock");
	if (current->non_block)
		fail("returns while it must not sleep");
	if (current->maps != maps)
		fail("returns inside a lockdep map");
}

void call_begin(struct call *call, const char *name, unsigned int number)
{
	memset(call, 0, sizeof(*call));
	call->name = name;
	call->number = number;
	call->t_enter = model_now();
	call->sections = current->sections;
	call->maps = current->maps;
	current->nr_warnings = 0;
	current->call = call;
}

void call_end(struct call *call)
{
	unsigned int i;

	check_task(call->maps);
	for (i = 0; i < current->nr_warnings; i++) {
		if (!is_expected(call->may_warn, current->warnings[i]) &&
		    !is_expected(call->must_warn, current->warnings[i]))
			fail("warns without a reason: %s", current->warnings[i]);
	}
	for (i = 0; i < MAX_EXPECTED && call->must_warn[i]; i++) {
		if (!is_warned(call->must_warn[i]))
			fail("does not warn: %s", call->must_warn[i]);
	}
	current->nr_warnings = 0;
	current->call = NULL;
}

void model_end_of_job(void)
{
	check_task(0);
	if (current->nr_warnings)
		fail("work warns: %s", current->warnings[0]);
}

static void clear_sptes(struct object *object, unsigned long first,
			unsigned long last)
{
	unsigned int i;

	for (i = 0; i < UNITS; i++) {
		if (overlap(first, last, i, i))
			object->sptes[i] = 0;
	}
}

static void clear_sptes_outside(struct object *object)
{
	unsigned int i;

	for (i = 0; i < UNITS; i++) {
		if (!overlap(object->bounds.first, object->bounds.last, i, i))
			object->sptes[i] = 0;
	}
}

/*
 * Spaces
 */

struct space *model_new_space(void)
{
	struct space *space = calloc(1, sizeof(*space));
	struct mm_struct *mm = calloc(1, sizeof(*mm));

	INIT_LIST_HEAD(&space->ranges);
	INIT_LIST_HEAD(&space->objects);
	list_add(&space->all, &all_spaces);
	space->mm = mm;
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	test_rwlock_init(&mm->mmap_lock);
	test_rwlock_init(&mm->rmap_lock);
	mm->space = space;
	mm->notifier_subscriptions = (void *)1UL;
	mmu_notifier_subscriptions_init(mm);
	return space;
}

void model_mm_is_gone(struct mm_struct *mm)
{
	model_lock();
	mm->space->gone = true;
	model_unlock();
}

static bool inc_not_zero(int *counter)
{
	int old = __atomic_load_n(counter, __ATOMIC_RELAXED);

	while (old && !__atomic_compare_exchange_n(counter, &old, old + 1, false,
						   __ATOMIC_SEQ_CST,
						   __ATOMIC_RELAXED))
		;
	return old;
}

/* The lock keeps the mm from being freed in between. */
bool model_grab(struct space *space)
{
	bool grabbed = false;

	model_lock();
	if (!space->gone)
		grabbed = inc_not_zero(&space->mm->mm_count.counter);
	model_unlock();
	return grabbed;
}

bool model_get_user(struct space *space)
{
	return inc_not_zero(&space->mm->mm_users.counter);
}

/*
 * Filters
 */

char owners[2];

/* What is not to be skipped is, on purpose, in the first. */
static const struct mmu_notifier_skip skips[MAX_FILTERS] = {
	[1] = { .events = BIT(MMU_NOTIFY_CLEAR) | BIT(MMU_NOTIFY_PROTECTION_PAGE) |
			  BIT(MMU_NOTIFY_RELEASE) },
	[2] = { .events = BIT(MMU_NOTIFY_SOFT_DIRTY), .owner = &owners[0] },
	[3] = { .owner = &owners[0], .exclusive_in_reads = true },
};

static bool is_own(const struct object *object, const struct invalidation *inv)
{
	return inv->range->owner && inv->range->owner == skips[object->filter].owner;
}

/* The driver does not want to be called. */
static bool is_skipped(const struct object *object,
		       const struct invalidation *inv)
{
	enum mmu_notifier_event event;

	if (!object->filter || !inv->range)
		return false;
	event = inv->range->event;
	return skips[object->filter].events & BIT(event) ||
	       (is_own(object, inv) && (event == MMU_NOTIFY_MIGRATE ||
					event == MMU_NOTIFY_EXCLUSIVE));
}

/* Nor are its read sections to collide. */
static bool is_in_reads(const struct object *object,
			const struct invalidation *inv)
{
	return skips[object->filter].exclusive_in_reads && inv->range &&
	       is_own(object, inv) && inv->range->event == MMU_NOTIFY_EXCLUSIVE;
}

/*
 * Objects
 */

struct object *object_new(struct space *space, unsigned int slot)
{
	struct object *object = calloc(1, sizeof(*object));

	object->space = space;
	object->slot = slot;
	object->is_whole = slot < MAX_WHOLES;
	object->state = GONE;
	INIT_LIST_HEAD(&object->in_space);
	test_lock_init(&object->user_lock);
	/* The core is not to rely on what is in there. */
	if (object->is_whole)
		memset(&object->whole, 0x5a, sizeof(object->whole));
	else
		memset(&object->interval, 0x5a, sizeof(object->interval));
	list_add(&object->all, &all_objects);
	objects[slot] = object;
	return object;
}

static void forget_object(struct object *object)
{
	if (object->in_callback)
		fail("a callback runs after the end of its subscription");
	list_del(&object->in_space);
	list_del(&object->all);
	objects[object->slot] = NULL;
	free(object);
}

/* One more user of its memory. */
bool object_pin(struct object *object, enum state state)
{
	bool pinned;

	model_lock();
	pinned = object->state == state;
	if (pinned)
		object->pins++;
	model_unlock();
	return pinned;
}

/* The last one frees it, unless it is kept. */
void object_unpin(struct object *object)
{
	model_lock();
	object->pins--;
	if (!object->pins && object->state == GONE && !object->keep)
		forget_object(object);
	model_unlock();
}

/* It stays added. */
bool object_hold(struct object *object)
{
	bool held;

	model_lock();
	held = object->state == ADDED;
	if (held) {
		object->pins++;
		object->stays++;
	}
	model_unlock();
	return held;
}

void object_unhold(struct object *object)
{
	model_lock();
	object->stays--;
	model_unlock();
	object_unpin(object);
}

struct object *object_of(struct mmu_notifier *whole)
{
	return container_of(whole, struct object, whole);
}

struct object *object_of_interval(struct mmu_interval_notifier *interval)
{
	return container_of(interval, struct object, interval);
}

struct object *find_by_serial(unsigned long serial)
{
	struct object *object;

	list_for_each_entry(object, &all_objects, all) {
		if (object->serial == serial)
			return object;
	}
	return NULL;
}

void object_adding(struct object *object)
{
	object->serial = model_now();
	object->t_adding = object->serial;
	object->t_added = NEVER;
	object->t_there = NEVER;
	object->t_from = NEVER;
	object->t_moved = 0;
	object->t_removed = 0;
	object->t_changed = object->serial;
	object->bounds = (struct span){ object->first, object->last };
	object->again = false;
	object->removes_itself = false;
	object->released = false;
	object->leaves_twice = false;
	object->shared_put = false;
	object->puts = 0;
	object->departures = 0;
	object->state = ADDING;
	list_move(&object->in_space, &object->space->objects);
}

bool was_told(const struct invalidation *inv, const struct object *object)
{
	unsigned int i;

	for (i = 0; i < inv->nr_notices; i++) {
		if (inv->notices[i].serial == object->serial)
			return inv->notices[i].starts;
	}
	return false;
}

static struct notice *find_notice(struct invalidation *inv,
				  const struct object *object)
{
	unsigned int i;

	for (i = 0; i < inv->nr_notices; i++) {
		if (inv->notices[i].serial == object->serial)
			return &inv->notices[i];
	}
	if (i == ARRAY_SIZE(inv->notices))
		fail("the harness: too many subscriptions");
	inv->nr_notices++;
	inv->notices[i] = (struct notice){ .serial = object->serial };
	return &inv->notices[i];
}

/* What is active by now knows of it. */
void object_added(struct object *object)
{
	struct space *space = object->space;
	struct invalidation *inv;

	object->state = ADDED;
	object->t_added = model_now();
	object->t_there = object->t_added;
	if (!object->is_whole || !object->whole.ops->invalidate_range_start)
		return;
	list_for_each_entry(inv, &space->ranges, in_space) {
		if (inv->t_started && !inv->t_end && !inv->untold &&
		    !is_skipped(object, inv) && !was_told(inv, object))
			fail("registration does not wait for an active range");
	}
}

static void departs(struct object *object)
{
	object->t_departs = model_now();
	object->t_wait = 0;
	object->t_all_ended = NEVER;
}

void object_leaves(struct object *object)
{
	object->state = LEAVING;
	departs(object);
}

void object_left(struct object *object)
{
	object->state = GONE;
	list_del_init(&object->in_space);
	if (object->in_callback)
		fail("removal does not wait for a callback");
}

void object_zap(struct object *object, unsigned long first, unsigned long last)
{
	model_lock();
	clear_sptes(object, first, last);
	model_unlock();
}

bool object_maps(const struct object *object, unsigned long first,
		 unsigned long last)
{
	unsigned int i;

	for (i = 0; i < UNITS; i++) {
		if (object->sptes[i] && overlap(first, last, i, i))
			return true;
	}
	return false;
}

/* The driver narrows its bounds to what stays, and zaps the rest. */
bool object_moves(struct object *object, unsigned long first,
		  unsigned long last)
{
	bool moves;

	model_lock();
	moves = object->state == ADDED && !object->moving;
	if (moves) {
		object->pins++;
		object->stays++;
		object->moving = true;
		object->to = (struct span){ first, last };
		object->bounds.first = max(object->first, first);
		object->bounds.last = min(object->last, last);
		clear_sptes_outside(object);
		departs(object);
		object->t_changed = NEVER;
		object->space->collisions += 2;
	}
	model_unlock();
	return moves;
}

/* It is where it was, or called for what overlaps the new interval only. */
void object_moved(struct object *object, bool moved)
{
	const struct invalidation *inv;

	model_lock();
	object->moving = false;
	/* As when it began: a reader may have begun in between. */
	object->space->collisions += 2;
	object->t_changed = model_now();
	if (moved) {
		object->from = (struct span){ object->first, object->last };
		object->t_from = object->t_there;
		object->first = object->to.first;
		object->last = object->to.last;
		object->t_moved = model_now();
		object->t_there = object->t_moved;
		object->t_collides = object->t_departs;
		list_for_each_entry(inv, &object->space->ranges, in_space) {
			if (!inv->t_end && !inv->refused &&
			    was_told(inv, object) &&
			    !overlap(inv->first, inv->last, object->first,
				     object->last))
				fail("a move does not wait for [%lu, %lu], which is active",
				     inv->first, inv->last);
		}
	}
	object->bounds = (struct span){ object->first, object->last };
	model_unlock();
	object_unhold(object);
}

/* The driver establishes no more SPTEs; if it holds the user lock, readers collide. */
bool object_defers(struct object *object, bool locked)
{
	bool defers;

	model_lock();
	defers = object->state == ADDED && !object->stays;
	if (defers) {
		object_leaves(object);
		memset(object->sptes, 0, sizeof(object->sptes));
		object->t_defers = model_now();
		object->t_changed = NEVER;
		object->space->collisions++;
		if (locked)
			object->t_collides = object->t_defers;
	}
	model_unlock();
	return defers;
}

/* With the model locked. */
void object_check_released(struct object *object)
{
	const struct invalidation *inv;

	if (object->state != LEAVING)
		fail("released, but not removed");
	list_for_each_entry(inv, &object->space->ranges, in_space) {
		if (inv->t_end || inv->untold || inv->refused)
			continue;
		if (was_told(inv, object) ||
		    (inv->t_started && inv->t_started < object->t_defers &&
		     overlap(inv->first, inv->last, object->first, object->last)))
			fail("released while [%lu, %lu] is active", inv->first,
			     inv->last);
	}
}

/*
 * A read section without a collision: what it read must be valid.  What is skipped does
 * not take the user lock, so it may start once that is taken, at @t_retry.
 */
void object_fill(struct object *object, const unsigned int *values,
		 const struct span *spans, unsigned int nr,
		 unsigned long t_retry)
{
	struct space *space = object->space;
	struct invalidation *inv;
	unsigned int i, j;

	/* Nothing is promised to a driver without a subscription. */
	if (object->state != ADDED || object->released)
		return;
	for (j = 0; j < nr; j++) {
		unsigned long first = max(spans[j].first, object->bounds.first);
		unsigned long last = min(spans[j].last, object->bounds.last);

		if (first > last)
			continue;
		list_for_each_entry(inv, &space->ranges, in_space) {
			if (inv->t_started && !inv->t_end && !inv->untold &&
			    !is_in_reads(object, inv) &&
			    !(is_skipped(object, inv) && inv->t_started > t_retry) &&
			    overlap(inv->first, inv->last, first, last))
				fail("no retry while [%lu, %lu] is invalidated",
				     inv->first, inv->last);
		}
		for (i = 0; i < UNITS; i++) {
			if (!overlap(first, last, i, i))
				continue;
			if (values[i] != space->page_table[i] &&
			    !(object->filter && space->changed[i] > t_retry))
				fail("no retry, but address %u has changed", i);
			object->sptes[i] = values[i] + 1;
		}
	}
}

/*
 * Invalidations
 */

/* An empty one overlaps what both of its neighbours are in. */
static void touch(struct invalidation *inv)
{
	unsigned long first = min(inv->first, inv->last);
	unsigned long last = max(inv->first, inv->last);
	unsigned int i;

	for (i = 0; i < UNITS; i++) {
		if (overlap(first, last, i, i))
			inv->space->touched[i] = model_now();
	}
}

void range_enters(struct invalidation *inv)
{
	struct space *space = inv->space;

	inv->t_enter = model_now();
	inv->t_started = 0;
	inv->t_end = 0;
	list_add(&inv->in_space, &space->ranges);
	space->entered++;
	space->live++;
	touch(inv);
	if (space->live < 63)
		return;
	/* This one, or any that has just begun, gets no slot. */
	list_for_each_entry(inv, &space->ranges, in_space)
		inv->crowded |= !inv->t_started;
}

/* Whether a removal is sure to wait for what was active when it began to. */
static bool first_wait_lasts(const struct object *object)
{
	const struct invalidation *inv;

	list_for_each_entry(inv, &object->space->ranges, in_space) {
		if (!inv->t_end && !inv->untold && inv->t_started &&
		    inv->t_started < object->t_departs &&
		    overlap(inv->first, inv->last, object->first, object->last))
			return true;
	}
	return false;
}

/*
 * Whether it starts where an interval is sure to be.  Until the wait for what
 * overlaps the old place is over, it is called for both.
 */
static bool must_meet(const struct invalidation *inv,
		      const struct object *object)
{
	bool here = overlap(inv->first, inv->last, object->first, object->last);
	bool there;

	if (object->moving) {
		there = overlap(inv->first, inv->last, object->to.first,
				object->to.last);
		if (here && object->t_there < inv->t_enter &&
		    (there || (object->t_wait && first_wait_lasts(object))))
			return true;
		return there && object->t_wait && object->t_wait < inv->t_enter;
	}
	if (!here)
		return false;
	return object->t_there < inv->t_enter ||
	       (object->t_from < inv->t_enter &&
		overlap(inv->first, inv->last, object->from.first,
			object->from.last));
}

static bool must_have_started(const struct invalidation *inv,
			      const struct object *object)
{
	if (is_skipped(object, inv))
		return false;
	if (object->is_whole)
		return object->state == ADDED && !inv->space->exits &&
		       object->whole.ops->invalidate_range_start;
	if (!must_meet(inv, object))
		return false;
	return object->state == ADDED ||
	       (object->state == LEAVING && object->t_wait &&
		object->t_wait < inv->t_enter && first_wait_lasts(object));
}

void range_started(struct invalidation *inv)
{
	struct object *object;

	inv->space->returned++;
	touch(inv);
	if (inv->nr_finishes != inv->nr_finished)
		fail("a second pass is missing");
	if (inv->refused && !inv->blockable)
		fail("a callback refused, but the start did not fail");
	list_for_each_entry(object, &inv->space->objects, in_space) {
		if (must_have_started(inv, object) &&
		    !find_notice(inv, object)->starts)
			fail("%u is not called for a start", object->slot);
		if (!is_skipped(object, inv) &&
		    object_maps(object, inv->first, inv->last))
			fail("an SPTE of %u is left after the start",
			     object->slot);
	}
	inv->t_started = model_now();
}

static void range_gone(struct invalidation *inv)
{
	list_del(&inv->in_space);
	inv->space->live--;
}

/* All or none of the subscriptions to the mm were called, and each got its end. */
void range_refused(struct invalidation *inv)
{
	struct object *object;
	bool any = false, missed = false;
	struct notice *notice;

	inv->space->returned++;
	touch(inv);
	if (inv->blockable)
		fail("a blocking start fails");
	if (!inv->refused)
		fail("a start fails that no callback refused");
	if (inv->nr_finishes != inv->nr_finished)
		fail("a second pass is missing");
	list_for_each_entry(object, &inv->space->objects, in_space) {
		if (!object->is_whole)
			continue;
		notice = find_notice(inv, object);
		if (notice->starts)
			any = true;
		else if (must_have_started(inv, object))
			missed = true;
		if (object->state == ADDED && notice->starts &&
		    object->whole.ops->invalidate_range_end && !notice->ends)
			fail("a start that failed has no end");
	}
	if (any && missed)
		fail("a start that failed has called some");
	range_gone(inv);
}

void range_changes(struct invalidation *inv)
{
	struct object *object;
	unsigned int i;

	list_for_each_entry(object, &inv->space->objects, in_space) {
		if (!is_skipped(object, inv) &&
		    object_maps(object, inv->first, inv->last))
			fail("an SPTE is there while the page table changes");
	}
	/* A driver may do this in its own read section. */
	if (inv->range->event == MMU_NOTIFY_EXCLUSIVE && inv->range->owner)
		return;
	for (i = 0; i < UNITS; i++) {
		if (!overlap(inv->first, inv->last, i, i))
			continue;
		inv->space->page_table[i]++;
		inv->space->changed[i] = model_now();
	}
}

void range_ends(struct invalidation *inv)
{
	inv->t_end = model_now();
}

void range_ended(struct invalidation *inv)
{
	struct object *object;
	struct notice *notice;
	bool told;

	list_for_each_entry(object, &inv->space->objects, in_space) {
		if (!object->is_whole || object->state != ADDED ||
		    !object->whole.ops->invalidate_range_end ||
		    is_skipped(object, inv))
			continue;
		notice = find_notice(inv, object);
		told = object->whole.ops->invalidate_range_start ?
			       notice->starts :
			       object->t_added < inv->t_enter &&
			       (!inv->space->released ||
				inv->t_started < inv->space->released);
		if (told && !notice->ends && !inv->untold)
			fail("a subscription is not called for an end");
	}
	range_gone(inv);
}

void range_forget(struct invalidation *inv)
{
	range_gone(inv);
}

static void check_released(struct space *space)
{
	struct object *object;

	if (space->finishes)
		fail("the end of the mm: a second pass is missing");
	list_for_each_entry(object, &space->objects, in_space) {
		if (object->in_release)
			fail("the end of the mm does not wait for a release");
		if (object->state != ADDED || object->t_added > space->released)
			continue;
		if (object->is_whole && object->in_callback)
			fail("the end of the mm does not wait for callbacks");
		if (!object->released &&
		    (!object->is_whole || object->whole.ops->release))
			fail("the end of the mm is not announced");
	}
}

/* Of drivers without ->release(). */
static void stop_devices(struct space *space)
{
	struct object *object;

	list_for_each_entry(object, &space->objects, in_space) {
		if (object->is_whole && !object->whole.ops->release) {
			object->released = true;
			clear_sptes(object, 0, NEVER);
		}
	}
}

void model_put_user(struct space *space)
{
	struct mm_struct *mm = space->mm;
	struct invalidation end = {
		.space = space, .last = NEVER, .blockable = true, .untold = true,
	};

	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	model_lock();
	/* It is announced to intervals as an invalidation. */
	range_enters(&end);
	space->exits = true;
	space->leaving++;
	space->released = model_now();
	stop_devices(space);
	this_call()->waits_for = OWN_SPACE;
	this_call()->space = space;
	model_unlock();

	mmu_notifier_release(mm);

	model_lock();
	space->leaving--;
	space->returned++;
	touch(&end);
	range_gone(&end);
	check_released(space);
	this_call()->waits_for = NOTHING;
	model_unlock();
	mmdrop(mm);
}

void check_waited(struct space *space, const struct span *spans,
		  unsigned int nr, unsigned long t_enter)
{
	struct invalidation *inv;
	unsigned int i;

	list_for_each_entry(inv, &space->ranges, in_space) {
		if (!inv->t_started || inv->t_started > t_enter ||
		    inv->t_end || inv->untold)
			continue;
		for (i = 0; i < nr; i++) {
			if (overlap(inv->first, inv->last, spans[i].first,
				    spans[i].last))
				fail("does not wait for [%lu, %lu], which is active",
				     inv->first, inv->last);
		}
	}
}

/* Whether an invalidation may have started since then. */
bool touched_since(const struct space *space, const struct span *spans,
		   unsigned int nr, unsigned long t_begin)
{
	const struct invalidation *inv;
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < UNITS; j++) {
			if (overlap(spans[i].first, spans[i].last, j, j) &&
			    space->touched[j] > t_begin)
				return true;
		}
		list_for_each_entry(inv, &space->ranges, in_space) {
			if (!inv->t_started &&
			    overlap(inv->first, inv->last, spans[i].first,
				    spans[i].last))
				return true;
		}
	}
	return false;
}

/*
 * Who sleeps
 */

static bool is_held_up(const struct space *space, const struct span *spans,
		       unsigned int nr, unsigned long before)
{
	const struct invalidation *inv;
	unsigned int i;

	list_for_each_entry(inv, &space->ranges, in_space) {
		/* Those beyond the number of slots hold up all. */
		if (inv->crowded)
			return true;
		if (inv->t_enter > before)
			continue;
		for (i = 0; i < nr; i++) {
			if (overlap(inv->first, inv->last, spans[i].first,
				    spans[i].last))
				return true;
		}
	}
	return false;
}

/* An interval may have moved since its reader has begun. */
static bool reader_is_held_up(const struct call *call)
{
	const struct object *object = call->object;
	struct span spans[3];

	if (is_held_up(call->space, call->spans, call->nr_spans, call->t_sleep))
		return true;
	if (!object || object->t_changed <= call->t_enter)
		return false;
	spans[0] = (struct span){ object->first, object->last };
	spans[1] = object->to;
	spans[2] = object->from;
	return is_held_up(call->space, spans, ARRAY_SIZE(spans), call->t_sleep);
}

/* A removal waits twice; a move waits for the new interval only then. */
static bool removal_is_held_up(struct call *call)
{
	struct object *object = call->object;

	if (!object->t_wait)
		object->t_wait = model_now();
	if (is_held_up(call->space, call->spans, 1, object->t_wait))
		return true;
	if (object->t_all_ended == NEVER)
		object->t_all_ended = model_now();
	return is_held_up(call->space, call->spans, call->nr_spans,
			  object->t_all_ended);
}

/*
 * Deferred removals
 */

static struct object *releasing;

void model_set_releasing(struct object *object)
{
	releasing = object;
}

static bool is_yet_to_be_released(const struct object *object)
{
	return !object->is_whole && object->t_defers > object->t_adding &&
	       (object->state == LEAVING || object == releasing);
}

bool model_has_removals(unsigned long before)
{
	const struct object *object;

	list_for_each_entry(object, &all_objects, all) {
		if (is_yet_to_be_released(object) && object->t_removed &&
		    object->t_removed < before)
			return true;
	}
	return false;
}

static bool is_removal_held_up(void)
{
	const struct object *object;
	struct span span;

	list_for_each_entry(object, &all_objects, all) {
		span = (struct span){ object->first, object->last };
		/* Its call may be at any point. */
		if (is_yet_to_be_released(object) &&
		    (!object->t_removed ||
		     is_held_up(object->space, &span, 1, object->t_removed)))
			return true;
	}
	return false;
}

/* When all tasks wait: so may a removal, for what is active. */
void model_check_removals(void)
{
	model_lock();
	if (test_is_idle() && model_has_removals(NEVER) && !is_removal_held_up())
		fail("a deferred removal waits without a reason");
	model_unlock();
}

/* Unless it has been freed by now. */
void model_put_returned(unsigned long serial)
{
	struct object *object;

	object = find_by_serial(serial);
	if (object && !--object->puts && object->put && !object->freed)
		object->t_put = model_now();
}

bool model_has_puts(unsigned long before)
{
	struct object *object;

	list_for_each_entry(object, &all_objects, all) {
		if (object->put && !object->freed && object->t_put <= before)
			return true;
	}
	return false;
}

/* Each task that sleeps must have a reason, each time that another one has run. */
void model_check_sleeper(struct task_struct *task)
{
	struct task_struct *before = current;
	struct call *call = task->call;
	bool reason = true;

	if (!task->sleeps_in_core)
		return;
	current = task;
	if (!call)
		fail("work sleeps");
	if (!call->t_sleep)
		call->t_sleep = model_now();
	if (call->killable && task->signal)
		fail("a fatal signal does not end a wait");

	switch (call->waits_for) {
	case NOTHING:
		fail("sleeps");
	case OVERLAPPING:
		reason = reader_is_held_up(call);
		break;
	case REMOVAL:
	case MOVE:
		reason = removal_is_held_up(call);
		break;
	case OWN_SPACE:
		reason = call->space->live || call->space->callbacks ||
			 call->space->leaving;
		break;
	case PUTS:
		reason = model_has_puts(NEVER);
		break;
	case RELEASES:
		reason = is_removal_held_up() || !test_is_idle();
		break;
	}
	if (!reason)
		fail("sleeps without a reason");
	current = before;
}

/*
 * Callbacks
 */

static void callback_enter(struct object *object)
{
	if (current->spins)
		fail("a callback with a spinlock");
	model_lock();
	if (object->state == GONE)
		fail("a callback after the end of the subscription");
	object->in_callback++;
	model_unlock();
	sched_point();
}

static void callback_exit(struct object *object)
{
	sched_point();
	model_lock();
	object->in_callback--;
	model_unlock();
}

static void check_may_sleep(const struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		task_may_sleep();
	else if (!current->non_block)
		fail("a callback that must not sleep may");
}

/* The end of the mm may sleep. */
static void check_may_sleep_at_release(const struct mmu_notifier_range *range)
{
	if (range->event == MMU_NOTIFY_RELEASE &&
	    !mmu_notifier_range_blockable(range))
		fail("the end of the mm must not sleep");
}

static struct invalidation *
check_range(struct object *object, const struct mmu_notifier_range *range)
{
	struct call *call = this_call();
	struct invalidation *inv = call ? call->invalidation : NULL;

	if (!inv || (inv->range != range && inv->copy != range))
		fail("a callback for an unknown range");
	if (inv->space != object->space)
		fail("a callback for another mm");
	if (mmu_notifier_range_blockable(range) != inv->blockable)
		fail("a callback may sleep, or not, unlike the start");
	if (!overlap(inv->first, inv->last, object->first, object->last) &&
	    !(object->moving && overlap(inv->first, inv->last, object->to.first,
					object->to.last)))
		fail("a callback for a range elsewhere");
	if (is_skipped(object, inv))
		fail("a callback for a range that is to be skipped");
	return inv;
}

static bool has_moved_since(const struct object *object, unsigned long since)
{
	return object->moving || object->t_moved > since;
}

/* The first pass, for both kinds.  Returns whether the callback refuses. */
static bool starts(struct object *object, struct invalidation *inv,
		   unsigned long seq)
{
	struct notice *notice = find_notice(inv, object);

	if (object->t_removed && object->t_removed < inv->t_enter)
		fail("a callback for a start after a deferred removal");
	if (inv->t_started && !inv->misused)
		fail("a callback after the start has returned");
	if (notice->starts && !inv->restarts && !has_moved_since(object, inv->t_enter))
		fail("a second callback for one start");
	if (notice->starts && !object->is_whole && notice->seq == seq)
		fail("two callbacks with one sequence");
	notice->starts++;
	notice->seq = seq;
	return inv->blockable ? object->refuses_blocking : object->refuses;
}

/* nouveau relies on that. */
static void check_intervals_are_first(struct invalidation *inv)
{
	struct object *object;

	list_for_each_entry(object, &inv->space->objects, in_space) {
		if (!object->is_whole && must_have_started(inv, object) &&
		    !find_notice(inv, object)->starts)
			fail("a start is announced to interval %u last",
			     object->slot);
	}
}

static int whole_start(struct mmu_notifier *whole,
		       const struct mmu_notifier_range *range)
{
	struct object *object = object_of(whole);
	struct invalidation *inv;
	bool refuses;

	callback_enter(object);
	check_may_sleep(range);
	model_lock();
	inv = check_range(object, range);
	check_intervals_are_first(inv);
	refuses = starts(object, inv, 0);
	if (refuses)
		inv->refused = true;
	if (refuses && inv->blockable)
		must_warn("failed a blocking invalidation");
	else if (refuses && whole->ops->invalidate_range_end)
		must_warn("can fail and must not be paired");
	model_unlock();

	test_lock(&object->user_lock);
	object_zap(object, inv->first, inv->last);
	test_unlock(&object->user_lock);
	callback_exit(object);
	return refuses ? -EAGAIN : 0;
}

static void whole_end(struct mmu_notifier *whole,
		      const struct mmu_notifier_range *range)
{
	struct object *object = object_of(whole);
	struct invalidation *inv;
	struct notice *notice;

	callback_enter(object);
	check_may_sleep(range);
	model_lock();
	inv = check_range(object, range);
	notice = find_notice(inv, object);
	if (whole->ops->invalidate_range_start && !notice->starts)
		fail("an end without a start");
	if (inv->restarts) {
		/* It is ended, and starts again. */
		notice->starts = 0;
		notice->ends = 0;
		model_unlock();
		callback_exit(object);
		return;
	}
	if (inv->t_started && inv->t_started < object->t_adding)
		fail("an end of a range that started before registration");
	if (!inv->t_end && !inv->refused)
		fail("an end before the end");
	if (notice->ends++)
		fail("a second end");
	model_unlock();
	callback_exit(object);
}

static void whole_release(struct mmu_notifier *whole, struct mm_struct *mm)
{
	struct object *object = object_of(whole);

	callback_enter(object);
	if (mm != object->space->mm)
		fail("the end of another mm");
	task_may_sleep();
	model_lock();
	if (object->state == ADDED && !object->space->exits)
		fail("a release without a reason");
	object->in_release = true;
	model_unlock();
	test_lock(&object->user_lock);
	model_lock();
	object->released = true;
	clear_sptes(object, 0, NEVER);
	model_unlock();
	test_unlock(&object->user_lock);
	sched_point();
	model_lock();
	object->in_release = false;
	model_unlock();
	callback_exit(object);
}

static bool check_young(struct object *object, struct mm_struct *mm,
			const char *name, unsigned long first, unsigned long end)
{
	struct call *call = this_call();
	bool young;

	if (mm != object->space->mm || strcmp(call->name, name) ||
	    first != call->spans[0].first || end != call->spans[0].last + 1)
		fail("a callback that was not asked for");
	if (current->sections <= call->sections)
		fail("a callback outside of a section");
	model_lock();
	call->nr_called++;
	young = object->refuses;
	call->young |= young;
	model_unlock();
	return young;
}

#define DEFINE_YOUNG(what)						\
static bool whole_##what(struct mmu_notifier *whole,			\
			 struct mm_struct *mm, unsigned long start,	\
			 unsigned long end)				\
{									\
	struct object *object = object_of(whole);			\
	bool young;							\
									\
	callback_enter(object);					\
	young = check_young(object, mm, #what, start, end);		\
	callback_exit(object);					\
	return young;							\
}

DEFINE_YOUNG(clear_flush_young)
DEFINE_YOUNG(clear_young)

static bool whole_test_young(struct mmu_notifier *whole, struct mm_struct *mm,
			     unsigned long address)
{
	struct object *object = object_of(whole);
	bool young;

	callback_enter(object);
	young = check_young(object, mm, "test_young", address, address + 1);
	callback_exit(object);
	return young;
}

static void whole_tlb(struct mmu_notifier *whole, struct mm_struct *mm,
		      unsigned long start, unsigned long end)
{
	struct object *object = object_of(whole);

	callback_enter(object);
	check_young(object, mm, "tlb", start, end);
	callback_exit(object);
}

static struct mmu_notifier *whole_alloc(struct mm_struct *mm)
{
	struct call *call = this_call();
	struct object *object = call->object;

	test_assert_write_locked(&mm->mmap_lock);
	task_may_sleep();
	if (call->space->mm != mm)
		fail("alloc_notifier() for another mm");
	if (model_alloc_fails())
		return ERR_PTR(-ENOMEM);
	object->refs = 1;
	return &object->whole;
}

/* Frees after the last put, or a get that fails. */
static void whole_free(struct mmu_notifier *whole)
{
	struct object *object = object_of(whole);

	sched_point();
	model_lock();
	if (object->freed)
		fail("a subscription is freed twice");
	if (object->put ? object->state != LEAVING : object->state == LEAVING)
		fail("a subscription is freed while it is used");
	if (object->in_callback)
		fail("a subscription is freed while a callback runs");
	object->freed = true;
	if (object->put)
		object_left(object);
	model_unlock();
	if (object->put)
		object_unpin(object);
}

static const struct mmu_notifier_ops whole_ops[WHOLE_KINDS] = {
	[WHOLE_FULL] = {
		.release = whole_release,
		.clear_flush_young = whole_clear_flush_young,
		.clear_young = whole_clear_young,
		.test_young = whole_test_young,
		.invalidate_range_start = whole_start,
		.invalidate_range_end = whole_end,
	},
	[WHOLE_REFUSES] = {
		.release = whole_release,
		.invalidate_range_start = whole_start,
	},
	[WHOLE_END_ONLY] = {
		.clear_young = whole_clear_young,
		.test_young = whole_test_young,
		.invalidate_range_end = whole_end,
	},
	[WHOLE_TLB] = {
		.release = whole_release,
		.clear_flush_young = whole_clear_flush_young,
		.arch_invalidate_secondary_tlbs = whole_tlb,
	},
	[WHOLE_GET] = {
		.release = whole_release,
		.invalidate_range_start = whole_start,
		.invalidate_range_end = whole_end,
		.alloc_notifier = whole_alloc,
		.free_notifier = whole_free,
	},
	[WHOLE_GET_REFUSES] = {
		.test_young = whole_test_young,
		.invalidate_range_start = whole_start,
		.alloc_notifier = whole_alloc,
		.free_notifier = whole_free,
	},
	[WHOLE_PUT] = {
		.release = whole_release,
		.invalidate_range_start = whole_start,
		.invalidate_range_end = whole_end,
		.free_notifier = whole_free,
	},
	[WHOLE_EXCLUDED] = {
		.invalidate_range_start = whole_start,
		.arch_invalidate_secondary_tlbs = whole_tlb,
	},
};

static struct mmu_notifier_filter whole_filters[MAX_FILTERS][WHOLE_KINDS];

const struct mmu_notifier_ops *whole_ops_of(unsigned int kind,
					    unsigned int filter)
{
	return filter ? &whole_filters[filter][kind].ops : &whole_ops[kind];
}

/*
 * Callbacks of intervals
 */

/* Under the user lock; what is left of the SPTEs goes in a second pass. */
static void interval_zap(struct object *object,
			 const struct mmu_notifier_range *range,
			 unsigned long seq, bool second_pass)
{
	bool removes_itself;

	test_lock(&object->user_lock);
	mmu_interval_set_seq(&object->interval, seq);
	model_lock();
	if (range->event == MMU_NOTIFY_RELEASE)
		object->released = true;
	clear_sptes(object, range->start,
		    second_pass ? range->start : range->end - 1);
	removes_itself = object->removes_itself;
	model_unlock();
	if (removes_itself)
		remove_itself(object);
	test_unlock(&object->user_lock);
}

/*
 * Once it has been removed, only a range that was about to call it may do so.  Tasks
 * do not stop in between, unless there is a filter.
 */
static void check_not_removed(const struct object *object)
{
#ifndef TEST_THREADS
	if (object->t_removed && !object->filter)
		fail("a callback after a deferred removal");
#endif
}

/* Returns whether it is done, as the callback does. */
static bool interval_called(struct mmu_interval_notifier *interval,
			    const struct mmu_notifier_range *range,
			    unsigned long seq, bool second_pass)
{
	struct object *object = object_of_interval(interval);
	struct invalidation *inv;
	bool refuses = false;

	check_not_removed(object);
	callback_enter(object);
	check_may_sleep(range);
	check_may_sleep_at_release(range);
	if (!(seq & 1))
		fail("an even sequence");
	model_lock();
	if (range->event == MMU_NOTIFY_RELEASE) {
		if (!object->space->exits ||
		    (object->released &&
		     !has_moved_since(object, object->space->released)) ||
		    range->mm != object->space->mm)
			fail("a release without a reason");
		if (object->t_removed &&
		    object->t_removed < object->space->released)
			fail("a release after a deferred removal");
	} else {
		inv = check_range(object, range);
		refuses = starts(object, inv, seq);
		if (refuses)
			inv->refused = true;
		if (refuses && inv->blockable)
			must_warn("refused a blocking invalidation");
	}
	model_unlock();
	interval_zap(object, range, seq, second_pass && !refuses);
	callback_exit(object);
	return !refuses;
}

static bool interval_invalidate(struct mmu_interval_notifier *interval,
				const struct mmu_notifier_range *range,
				unsigned long seq)
{
	return interval_called(interval, range, seq, false);
}

/*
 * Two passes
 */

struct second_pass {
	struct mmu_interval_notifier_finish finish;
	struct invalidation *inv;	/* NULL at the end of the mm */
	unsigned int number;
};

static struct mmu_interval_notifier_finish *
new_second_pass(struct space *space, const struct mmu_notifier_range *range)
{
	struct second_pass *second = calloc(1, sizeof(*second));

	model_lock();
	if (range->event == MMU_NOTIFY_RELEASE) {
		space->finishes++;
	} else {
		second->inv = this_call()->invalidation;
		second->number = second->inv->nr_finishes++;
	}
	model_unlock();
	/* This belongs to the core. */
	second->finish.link.next = (void *)1UL;
	return &second->finish;
}

static bool interval_start(struct mmu_interval_notifier *interval,
			   const struct mmu_notifier_range *range,
			   unsigned long seq,
			   struct mmu_interval_notifier_finish **finish)
{
	struct object *object = object_of_interval(interval);
	bool second_pass = object->kind == INTERVAL_TWO_PASSES || seq & 2;

	if (object->kind == INTERVAL_NO_FINISH)
		second_pass = false;
	if (!interval_called(interval, range, seq, second_pass)) {
		/* To be ignored. */
		*finish = (void *)1UL;
		return false;
	}
	if (second_pass)
		*finish = new_second_pass(object->space, range);
	return true;
}

static void interval_finish(struct mmu_interval_notifier_finish *finish)
{
	struct second_pass *second =
		container_of(finish, struct second_pass, finish);
	struct object *object = object_of_interval(finish->notifier);
	struct invalidation *inv = second->inv;

	callback_enter(object);
	model_lock();
	if (inv && inv != this_call()->invalidation)
		fail("the second pass of another range");
	if (inv && second->number != inv->nr_finished++)
		fail("second passes are out of order");
	if (!inv)
		object->space->finishes--;
	model_unlock();
	if (inv)
		check_may_sleep(inv->range);
	test_lock(&object->user_lock);
	object_zap(object, inv ? inv->first : 0, inv ? inv->last : NEVER);
	test_unlock(&object->user_lock);
	free(second);
	callback_exit(object);
}

static const struct mmu_interval_notifier_ops interval_ops[INTERVAL_KINDS] = {
	[INTERVAL_ONE_PASS] = { .invalidate = interval_invalidate },
	[INTERVAL_TWO_PASSES] = {
		.invalidate_start = interval_start,
		.invalidate_finish = interval_finish,
	},
	[INTERVAL_MAYBE_TWO] = {
		.invalidate_start = interval_start,
		.invalidate_finish = interval_finish,
	},
	[INTERVAL_NO_FINISH] = { .invalidate_start = interval_start },
};

static struct mmu_interval_notifier_filter
interval_filters[MAX_FILTERS][INTERVAL_KINDS];

const struct mmu_interval_notifier_ops *interval_ops_of(unsigned int kind,
							unsigned int filter)
{
	return filter ? &interval_filters[filter][kind].ops : &interval_ops[kind];
}

/*
 * The beginning and the end of an input
 */

static void filters_init(void)
{
	unsigned int warned = current->warned, expected = 0;
	unsigned int filter, kind;

	for (filter = 1; filter < MAX_FILTERS; filter++) {
		for (kind = 0; kind < WHOLE_KINDS; kind++)
			mmu_notifier_filter_init(&whole_filters[filter][kind],
						 &whole_ops[kind],
						 skips[filter]);
		for (kind = 0; kind < INTERVAL_KINDS; kind++)
			mmu_interval_notifier_filter_init(&interval_filters[filter][kind],
							  &interval_ops[kind],
							  skips[filter]);
		if (skips[filter].events & BIT(MMU_NOTIFY_RELEASE))
			expected += WHOLE_KINDS + INTERVAL_KINDS;
	}
	if (current->warned - warned != expected)
		fail("filters: %u warnings", current->warned - warned);
}

void model_begin(void)
{
	filters_init();
	now = 0;
	random_state = 1;
}

void model_end(void)
{
	struct space *space, *next;
	struct object *object, *next_object;

	list_for_each_entry_safe(object, next_object, &all_objects, all) {
		if (object->state != GONE)
			fail("the harness: a subscription is left");
		forget_object(object);
	}
	list_for_each_entry_safe(space, next, &all_spaces, all) {
		if (!space->gone)
			fail("an mm is never freed");
		list_del(&space->all);
		free(space);
	}
	if (test_nr_allocated())
		fail("%ld allocations are leaked", test_nr_allocated());
	if (test_nr_srcus())
		fail("%ld of SRCU are leaked", test_nr_srcus());
}

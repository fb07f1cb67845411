// SPDX-License-Identifier: GPL-2.0-only
/* The model of MMU notifiers; see mmu_notifier_model.h. */

#include <linux/bitops.h>
#include <linux/minmax.h>

#include "mmu_notifier_model.h"

static bool mns_overlaps(const struct mns_step *a, const struct mns_step *b)
{
	return GENMASK_ULL(a->last, a->first) & GENMASK_ULL(b->last, b->first);
}

/* Whether the entry adds a subscription of either kind. */
static bool mns_adds(const struct mns_entry *entry)
{
	return entry->step.op == MNS_INSERT || entry->step.op == MNS_REGISTER;
}

static bool mns_removes(const struct mns_entry *entry)
{
	return entry->step.op == MNS_REMOVE || entry->step.op == MNS_UNREGISTER;
}

/* The last insertion or removal of the sub before the entry, or NULL. */
static struct mns_entry *mns_last_of_sub(struct mns_model *model,
					 unsigned int sub,
					 struct mns_entry *entry)
{
	while (entry-- > model->entry) {
		if (entry->step.sub == sub &&
		    (mns_adds(entry) || mns_removes(entry)))
			return entry;
	}
	return NULL;
}

/* The insertion of the sub that was in force before the entry, or NULL. */
struct mns_entry *mns_insertion(struct mns_model *model, unsigned int sub,
				struct mns_entry *entry)
{
	entry = mns_last_of_sub(model, sub, entry);
	return entry && mns_adds(entry) ? entry : NULL;
}

struct mns_entry *mns_now(struct mns_model *model)
{
	return model->entry + model->nr_entries;
}

/* The last step of the thread, or NULL. */
struct mns_entry *mns_last(struct mns_model *model, unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_entries; i--;) {
		if (model->entry[i].step.thread == thread)
			return &model->entry[i];
	}
	return NULL;
}

/* The start of the innermost active invalidation of the thread, or NULL. */
struct mns_entry *mns_inner(struct mns_model *model, unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_entries; i--;) {
		if (model->entry[i].step.thread == thread &&
		    model->entry[i].active)
			return &model->entry[i];
	}
	return NULL;
}

/* The begin of the thread's current read section, or NULL. */
struct mns_entry *mns_section(struct mns_model *model,
			      unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_entries; i--;) {
		struct mns_entry *entry = &model->entry[i];

		if (entry->step.thread != thread)
			continue;
		if (entry->step.op == MNS_BEGIN)
			return entry;
		if (entry->step.op == MNS_RETRY)
			return NULL;
	}
	return NULL;
}

/* Whether the invalidation was active before the entry. */
static bool mns_was_active(struct mns_model *model,
			   const struct mns_entry *start,
			   const struct mns_entry *entry)
{
	if (start->step.op != MNS_START || start >= entry)
		return false;
	return start->active ||
	       (start->end && model->entry + start->end >= entry);
}

/*
 * Whether the call concerns the whole mm: registration, unregistration, and the
 * first insertion, which makes the mm tracked.
 */
static bool mns_is_about_all(struct mns_model *model,
			     const struct mns_entry *call)
{
	const struct mns_entry *entry;

	if (call->step.op == MNS_REGISTER || call->step.op == MNS_UNREGISTER)
		return true;
	if (call->step.op != MNS_INSERT || model->tracked)
		return false;
	for (entry = model->entry; entry < call; entry++) {
		if (entry->step.op == MNS_INSERT)
			return false;
	}
	return true;
}

/* The pages of the subscription that the call concerns. */
static const struct mns_step *mns_pages(struct mns_model *model,
					struct mns_entry *call)
{
	static const struct mns_step all = { .last = MNS_PAGES - 1 };

	return mns_is_about_all(model, call) ? &all :
	       &mns_insertion(model, call->step.sub, call)->step;
}

static struct mns_entry *mns_first_wait(struct mns_model *model,
					struct mns_entry *call);

/*
 * Registrations hold the mmap_lock while they wait. Returns the entry with
 * which the call gets that lock, maybe itself; NULL while another one has it.
 */
static struct mns_entry *mns_turn(struct mns_model *model,
				  struct mns_entry *call)
{
	struct mns_entry *other, *over, *turn = call;

	if (!mns_adds(call) || !mns_is_about_all(model, call))
		return call;
	for (other = model->entry; other < call; other++) {
		if (!mns_adds(other) || !mns_is_about_all(model, other))
			continue;
		over = mns_first_wait(model, other);
		if (!over)
			return NULL;
		turn = max(turn, over);
	}
	return turn;
}

/*
 * The first wait of a call is for ranges that overlap and were active before
 * its turn. Returns the entry that ends this wait, which may be the call; NULL
 * if the call still waits.
 */
static struct mns_entry *mns_first_wait(struct mns_model *model,
					struct mns_entry *call)
{
	const struct mns_step *pages = mns_pages(model, call);
	struct mns_entry *turn = mns_turn(model, call);
	struct mns_entry *start, *over = turn;

	for (start = model->entry; start < turn; start++) {
		if (!mns_was_active(model, start, turn) ||
		    !mns_overlaps(&start->step, pages))
			continue;
		if (start->active)
			return NULL;
		over = max(over, model->entry + start->end);
	}
	return over;
}

/* A remover then waits for ranges that overlap and are active at @over. */
static bool mns_second_wait(struct mns_model *model, struct mns_entry *call,
			    struct mns_entry *over)
{
	const struct mns_step *pages = mns_pages(model, call);
	struct mns_entry *start;

	for (start = call; start < over; start++) {
		if (mns_was_active(model, start, over) && start->active &&
		    mns_overlaps(&start->step, pages))
			return true;
	}
	return false;
}

static bool mns_any_active(struct mns_model *model,
			   const struct mns_entry *entry)
{
	struct mns_entry *start;

	for (start = model->entry; start < entry; start++) {
		if (mns_was_active(model, start, entry))
			return true;
	}
	return false;
}

/*
 * The entry with which the call is known to have returned, maybe itself, or
 * NULL. A call that concerns the whole mm may also wait for invalidations that
 * start while it waits, so it is known to have returned only when nothing is
 * active.
 */
static struct mns_entry *mns_returned(struct mns_model *model,
				      struct mns_entry *call)
{
	struct mns_entry *over;

	if (!mns_is_about_all(model, call))
		return call;
	for (over = mns_first_wait(model, call); over && over < mns_now(model);
	     over++) {
		if (!mns_any_active(model, over + 1))
			return over;
	}
	return NULL;
}

/* Whether the thread must be waiting. */
bool mns_waits(struct mns_model *model, unsigned int thread)
{
	struct mns_entry *call = mns_last(model, thread);
	struct mns_entry *over;

	if (!call || (call->step.op != MNS_BEGIN && !mns_removes(call) &&
		      !mns_is_about_all(model, call)))
		return false;
	over = mns_first_wait(model, call);
	return !over || (call->step.op == MNS_REMOVE &&
			 mns_second_wait(model, call, over));
}

/* Whether the thread may be waiting or have returned: the model cannot tell. */
bool mns_may_wait(struct mns_model *model, unsigned int thread)
{
	struct mns_entry *call = mns_last(model, thread);

	return call && !mns_returned(model, call) && !mns_waits(model, thread);
}

/* Whether a start must call the sub, given its last insertion or removal. */
static bool mns_is_due(struct mns_model *model, struct mns_entry *last)
{
	switch (last->step.op) {
	case MNS_REMOVE:
		return !mns_first_wait(model, last);
	case MNS_UNREGISTER:
		return false;
	default:
		return mns_returned(model, last);
	}
}

/* The subs that the start must call, even in the first wait of a removal. */
static u32 mns_due(struct mns_model *model, const struct mns_step *step)
{
	struct mns_entry *last;
	unsigned int i;
	u32 due = 0;

	for (i = 0; i < MNS_ALL_SUBS; i++) {
		last = mns_last_of_sub(model, i, mns_now(model));
		if (last && mns_is_due(model, last) &&
		    mns_overlaps(mns_removes(last) ?
				 &mns_insertion(model, i, last)->step :
				 &last->step, step))
			due |= BIT(i);
	}
	return due;
}

enum mn_state mns_expected_state(struct mns_model *model,
				 unsigned int thread)
{
	struct mns_entry *inner = mns_inner(model, thread);

	if (inner && inner->passes)
		return MN_AT_GATE;
	return mns_waits(model, thread) ? MN_SLEEPS : MN_IDLE;
}

/* A read section collides if a sequence was set after it began. */
bool mns_expected_retry(struct mns_model *model, unsigned int thread)
{
	struct mns_entry *begin = mns_section(model, thread);
	struct mns_entry *entry;

	for (entry = begin; entry < mns_now(model); entry++) {
		if (entry->step.op == MNS_SET &&
		    entry->step.sub == begin->step.sub)
			return true;
	}
	return false;
}

bool mns_expected_failure(const struct mns_entry *start)
{
	return (start->step.how == MNS_FAIL && start->due & BIT(MNS_FAILS)) ||
	       (start->step.how == MNS_REFUSE &&
		start->due & BIT(start->step.sub));
}

/* Whether the call may not have returned when the invalidation started. */
static bool mns_is_later(struct mns_model *model, struct mns_entry *call,
			 const struct mns_entry *start)
{
	struct mns_entry *returned;

	if (call > start)
		return true;
	returned = mns_returned(model, call);
	return !returned || returned > start;
}

/*
 * The subs that the invalidation may call, but need not: those added after its
 * start, and those being added or removed at that time.
 */
u32 mns_late(struct mns_model *model, struct mns_entry *start)
{
	struct mns_entry *entry;
	u32 late = 0;

	for (entry = model->entry; entry < mns_now(model); entry++) {
		if (mns_adds(entry) && mns_is_later(model, entry, start) &&
		    mns_overlaps(&entry->step, &start->step))
			late |= BIT(entry->step.sub);
	}
	return late | mns_going(model, start);
}

/*
 * The subs whose unregistration began before @start ended: their end callback
 * need not run, nor their start callback if the start was not over.
 */
u32 mns_going(struct mns_model *model, const struct mns_entry *start)
{
	struct mns_entry *entry;
	u32 going = 0;

	for (entry = model->entry; entry < mns_now(model); entry++) {
		if (entry->step.op == MNS_UNREGISTER &&
		    mns_is_later(model, entry, start))
			going |= BIT(entry->step.sub);
	}
	return going;
}

struct mns_entry *mns_add_entry(struct mns_model *model,
				const struct mns_step *step)
{
	struct mns_entry *entry = mns_now(model);
	struct mns_entry *inner = mns_inner(model, step->thread);

	*entry = (struct mns_entry){ .step = *step };
	switch (step->op) {
	case MNS_START:
		entry->due = mns_due(model, step);
		entry->active = !mns_expected_failure(entry);
		if (step->how == MNS_BLOCK)
			entry->passes = hweight32(entry->due & step->gates);
		break;
	case MNS_PASS:
		inner->passes--;
		break;
	case MNS_END:
		inner->active = false;
		inner->end = entry - model->entry;
		break;
	}
	model->nr_entries++;
	return entry;
}

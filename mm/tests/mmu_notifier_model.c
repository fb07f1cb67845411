// SPDX-License-Identifier: GPL-2.0-only
/* The model of MMU notifiers; see mmu_notifier_model.h. */

#include <linux/bitops.h>
#include <linux/minmax.h>

#include "mmu_notifier_model.h"

static bool mns_overlaps(const struct mns_step *a, const struct mns_step *b)
{
	return GENMASK_ULL(a->last, a->first) & GENMASK_ULL(b->last, b->first);
}

/* The last insertion of the sub before the entry, or its removal, or NULL. */
static struct mns_entry *mns_last_of_sub(struct mns_model *model,
					 unsigned int sub,
					 struct mns_entry *entry)
{
	while (entry-- > model->entry) {
		if (entry->step.sub == sub && (entry->step.op == MNS_INSERT ||
					       entry->step.op == MNS_REMOVE))
			return entry;
	}
	return NULL;
}

/* The insertion of the sub that was in force before the entry, or NULL. */
struct mns_entry *mns_insertion(struct mns_model *model, unsigned int sub,
				struct mns_entry *entry)
{
	entry = mns_last_of_sub(model, sub, entry);
	return entry && entry->step.op == MNS_INSERT ? entry : NULL;
}

struct mns_entry *mns_now(struct mns_model *model)
{
	return model->entry + model->nr_entries;
}

/* The last step of the thread. */
struct mns_entry *mns_last(struct mns_model *model, unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_entries; i--;) {
		if (model->entry[i].step.thread == thread)
			return &model->entry[i];
	}
	return NULL;
}

/* The innermost invalidation of the thread. */
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

/* The beginning of the read section of the thread. */
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

/* Whether the invalidation overlaps the sub and was active before the entry. */
static bool mns_concerns(struct mns_model *model, struct mns_entry *start,
			 const struct mns_entry *insertion,
			 const struct mns_entry *entry)
{
	if (start->step.op != MNS_START || start >= entry ||
	    !mns_overlaps(&start->step, &insertion->step))
		return false;
	return start->active ||
	       (start->end && model->entry + start->end >= entry);
}

/*
 * The first wait of a reader or a remover is for what overlaps and was active
 * before it called. Returns the entry with which that is over, which may be the
 * call; NULL if it is not.
 */
static struct mns_entry *mns_first_wait(struct mns_model *model,
					struct mns_entry *call)
{
	struct mns_entry *insertion = mns_insertion(model, call->step.sub, call);
	struct mns_entry *start, *over = call;

	for (start = model->entry; start < call; start++) {
		if (!mns_concerns(model, start, insertion, call))
			continue;
		if (start->active)
			return NULL;
		over = max(over, model->entry + start->end);
	}
	return over;
}

/* A remover then waits for what overlaps and is still active when that is over. */
static bool mns_second_wait(struct mns_model *model, struct mns_entry *call,
			    struct mns_entry *over)
{
	struct mns_entry *insertion = mns_insertion(model, call->step.sub, call);
	struct mns_entry *start;

	for (start = call; start < over; start++) {
		if (mns_concerns(model, start, insertion, over) && start->active)
			return true;
	}
	return false;
}

bool mns_waits(struct mns_model *model, unsigned int thread)
{
	struct mns_entry *call = mns_last(model, thread);
	struct mns_entry *over;

	if (!call || (call->step.op != MNS_BEGIN && call->step.op != MNS_REMOVE))
		return false;
	over = mns_first_wait(model, call);
	return !over || (call->step.op == MNS_REMOVE &&
			 mns_second_wait(model, call, over));
}

/* The subs that the step announces to: a removal of theirs is in its first wait. */
static u32 mns_due(struct mns_model *model, const struct mns_step *step)
{
	struct mns_entry *last;
	unsigned int i;
	u32 due = 0;

	for (i = 0; i < MNS_SUBS; i++) {
		last = mns_last_of_sub(model, i, mns_now(model));
		if (!last)
			continue;
		if (last->step.op == MNS_REMOVE) {
			if (mns_first_wait(model, last))
				continue;
			last = mns_insertion(model, i, last);
		}
		if (mns_overlaps(&last->step, step))
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
	return start->step.how == MNS_FAIL ||
	       (start->step.how == MNS_REFUSE &&
		start->due & BIT(start->step.sub));
}

/*
 * The subs that the invalidation may be announced to, though it need not be:
 * they were inserted after it had started.
 */
u32 mns_late(struct mns_model *model, struct mns_entry *start)
{
	struct mns_entry *entry;
	u32 late = 0;

	for (entry = start; entry < mns_now(model); entry++) {
		if (entry->step.op == MNS_INSERT &&
		    mns_overlaps(&entry->step, &start->step))
			late |= BIT(entry->step.sub);
	}
	return late;
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

// SPDX-License-Identifier: GPL-2.0-only
/* The model of MMU notifiers; see mmu_notifier_model.h. */

#include <linux/bitops.h>
#include <linux/minmax.h>

#include "mmu_notifier_model.h"

static bool mns_overlaps(const struct mns_step *a, const struct mns_step *b)
{
	return GENMASK_ULL(a->last, a->first) & GENMASK_ULL(b->last, b->first);
}

/* The last insertion of the sub before the event, or its removal, or NULL. */
static struct mns_event *mns_last_of_sub(struct mns_model *model,
					 unsigned int sub,
					 struct mns_event *event)
{
	while (event-- > model->event) {
		if (event->step.sub == sub && (event->step.op == MNS_INSERT ||
					       event->step.op == MNS_REMOVE))
			return event;
	}
	return NULL;
}

/* The insertion of the sub that was in force before the event, or NULL. */
struct mns_event *mns_insertion(struct mns_model *model, unsigned int sub,
				struct mns_event *event)
{
	event = mns_last_of_sub(model, sub, event);
	return event && event->step.op == MNS_INSERT ? event : NULL;
}

struct mns_event *mns_now(struct mns_model *model)
{
	return model->event + model->nr_events;
}

/* The last step of the thread. */
struct mns_event *mns_last(struct mns_model *model, unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_events; i--;) {
		if (model->event[i].step.thread == thread)
			return &model->event[i];
	}
	return NULL;
}

/* The innermost invalidation of the thread. */
struct mns_event *mns_inner(struct mns_model *model, unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_events; i--;) {
		if (model->event[i].step.thread == thread &&
		    model->event[i].active)
			return &model->event[i];
	}
	return NULL;
}

/* The beginning of the read section of the thread. */
struct mns_event *mns_section(struct mns_model *model,
			      unsigned int thread)
{
	unsigned int i;

	for (i = model->nr_events; i--;) {
		struct mns_event *event = &model->event[i];

		if (event->step.thread != thread)
			continue;
		if (event->step.op == MNS_BEGIN)
			return event;
		if (event->step.op == MNS_RETRY)
			return NULL;
	}
	return NULL;
}

/* Whether the invalidation overlaps the sub and was active before the event. */
static bool mns_concerns(struct mns_model *model, struct mns_event *start,
			 const struct mns_event *insertion,
			 const struct mns_event *event)
{
	if (start->step.op != MNS_START || start >= event ||
	    !mns_overlaps(&start->step, &insertion->step))
		return false;
	return start->active ||
	       (start->end && model->event + start->end >= event);
}

/*
 * The first wait of a reader or a remover is for what overlaps and was active
 * before it called. Returns the event with which that is over, which may be the
 * call; NULL if it is not.
 */
static struct mns_event *mns_first_wait(struct mns_model *model,
					struct mns_event *call)
{
	struct mns_event *insertion = mns_insertion(model, call->step.sub, call);
	struct mns_event *start, *over = call;

	for (start = model->event; start < call; start++) {
		if (!mns_concerns(model, start, insertion, call))
			continue;
		if (start->active)
			return NULL;
		over = max(over, model->event + start->end);
	}
	return over;
}

/* A remover then waits for what overlaps and is still active when that is over. */
static bool mns_second_wait(struct mns_model *model, struct mns_event *call,
			    struct mns_event *over)
{
	struct mns_event *insertion = mns_insertion(model, call->step.sub, call);
	struct mns_event *start;

	for (start = call; start < over; start++) {
		if (mns_concerns(model, start, insertion, over) && start->active)
			return true;
	}
	return false;
}

bool mns_waits(struct mns_model *model, unsigned int thread)
{
	struct mns_event *call = mns_last(model, thread);
	struct mns_event *over;

	if (!call || (call->step.op != MNS_BEGIN && call->step.op != MNS_REMOVE))
		return false;
	over = mns_first_wait(model, call);
	return !over || (call->step.op == MNS_REMOVE &&
			 mns_second_wait(model, call, over));
}

/* The subs that what starts now is due to: their removal is in its first wait at most. */
static u32 mns_due(struct mns_model *model, const struct mns_step *step)
{
	struct mns_event *last;
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

enum mns_state mns_expected_state(struct mns_model *model,
				  unsigned int thread)
{
	struct mns_event *inner = mns_inner(model, thread);

	if (inner && inner->passes)
		return MNS_AT_GATE;
	return mns_waits(model, thread) ? MNS_SLEEPS : MNS_IDLE;
}

/* A read section is in vain if a sequence was set after it began. */
bool mns_expected_retry(struct mns_model *model, unsigned int thread)
{
	struct mns_event *begin = mns_section(model, thread);
	struct mns_event *event;

	for (event = begin; event < mns_now(model); event++) {
		if (event->step.op == MNS_SET &&
		    event->step.sub == begin->step.sub)
			return true;
	}
	return false;
}

bool mns_expected_failure(const struct mns_event *start)
{
	return start->step.how == MNS_FAIL ||
	       (start->step.how == MNS_REFUSE &&
		start->due & BIT(start->step.sub));
}

/*
 * The subs that the invalidation may be announced to, though it need not be:
 * they were inserted after it had started.
 */
u32 mns_late(struct mns_model *model, struct mns_event *start)
{
	struct mns_event *event;
	u32 late = 0;

	for (event = start; event < mns_now(model); event++) {
		if (event->step.op == MNS_INSERT &&
		    mns_overlaps(&event->step, &start->step))
			late |= BIT(event->step.sub);
	}
	return late;
}

struct mns_event *mns_add_event(struct mns_model *model,
				const struct mns_step *step)
{
	struct mns_event *event = mns_now(model);
	struct mns_event *inner = mns_inner(model, step->thread);

	*event = (struct mns_event){ .step = *step };
	switch (step->op) {
	case MNS_START:
		event->due = mns_due(model, step);
		event->active = !mns_expected_failure(event);
		if (step->how == MNS_BLOCK)
			event->passes = hweight32(event->due & step->gates);
		break;
	case MNS_PASS:
		inner->passes--;
		break;
	case MNS_END:
		inner->active = false;
		inner->end = event - model->event;
		break;
	}
	model->nr_events++;
	return event;
}

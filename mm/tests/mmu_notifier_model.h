/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of MMU notifiers, for mmu_notifier_schedule_kunit.c.
 *
 * The model is naive on purpose: a list of the steps taken so far, searched for
 * the answer to each question. It says which thread can take a step, which one
 * sleeps, what a call returns and which callbacks are due.
 *
 * The model knows exactly which invalidations a reader or a remover waits for.
 * A call that adds or removes a subscription to the whole mm waits for active
 * ones and may wait for later ones, so the model cannot tell whether the call
 * has returned until nothing is active.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_MODEL_H
#define _MM_TESTS_MMU_NOTIFIER_MODEL_H

#include <linux/types.h>

#include "mmu_notifier_stepper.h"

#define MNS_SUBS	19
#define MNS_PROBE	(MNS_SUBS - 1)	/* in no program */
#define MNS_MM_SUBS	4	/* to the whole mm; numbered after the others */
#define MNS_ALL_SUBS	(MNS_SUBS + MNS_MM_SUBS)
#define MNS_PAIRED	MNS_SUBS
#define MNS_FAILS	(MNS_ALL_SUBS - 1)	/* has no end callback */
#define MNS_THREADS	6
#define MNS_NEST	2	/* invalidations of one thread at a time */
#define MNS_PAGES	64
#define MNS_ENTRIES	1024
#define MNS_DEPTH	32	/* steps of a schedule */
#define MNS_SETUP	0xff	/* in place of a thread */

enum mns_op {
	MNS_NONE,
	MNS_INSERT,
	MNS_REMOVE,
	MNS_BEGIN,
	MNS_RETRY,
	MNS_START,
	MNS_PASS,	/* a callback goes on and sets the sequence */
	MNS_END,
	MNS_REGISTER,
	MNS_UNREGISTER,
	MNS_SET,	/* not a step: a callback has set the sequence */
};

enum mns_how {
	MNS_BLOCK,
	MNS_NONBLOCK,
	MNS_REFUSE,	/* non-blocking; @sub refuses */
	MNS_FAIL,	/* non-blocking; a subscription to the mm fails */
};

/* A step. @first and @last are the pages of an insertion or an invalidation. */
struct mns_step {
	u8 thread;
	u8 op;
	u8 sub;
	u8 how;
	u8 first;
	u8 last;
	u32 gates;	/* the subs at which a blocking start stops, if due */
};

/* A step taken. All but @step is for invalidations. */
struct mns_entry {
	struct mns_step step;
	u32 due;		/* subs that the start must call */
	unsigned int passes;	/* steps until the start returns */
	bool active;
	unsigned int end;	/* index of the entry that ended the range */
};

/* The steps of all threads so far. */
struct mns_model {
	bool tracked;	/* the mm was tracked before the first entry */
	unsigned int nr_entries;
	struct mns_entry entry[MNS_ENTRIES];
};

struct mns_entry *mns_insertion(struct mns_model *model, unsigned int sub,
				struct mns_entry *entry);
struct mns_entry *mns_now(struct mns_model *model);
struct mns_entry *mns_last(struct mns_model *model, unsigned int thread);
struct mns_entry *mns_inner(struct mns_model *model, unsigned int thread);
struct mns_entry *mns_section(struct mns_model *model,
			      unsigned int thread);
bool mns_waits(struct mns_model *model, unsigned int thread);
bool mns_may_wait(struct mns_model *model, unsigned int thread);
enum mn_state mns_expected_state(struct mns_model *model,
				 unsigned int thread);
bool mns_expected_retry(struct mns_model *model, unsigned int thread);
u32 mns_late(struct mns_model *model, struct mns_entry *start);
u32 mns_going(struct mns_model *model, const struct mns_entry *start);
struct mns_entry *mns_add_entry(struct mns_model *model,
				const struct mns_step *step);
bool mns_expected_failure(const struct mns_entry *start);

#endif /* _MM_TESTS_MMU_NOTIFIER_MODEL_H */

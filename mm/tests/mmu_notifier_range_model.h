/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of range readers, for mmu_notifier_range_schedule_kunit.c.
 *
 * The model is naive on purpose, like that of mmu_notifier_model.h: a list of
 * the steps taken so far, which says which readers sleep and what a retry
 * returns. Ranges and sets of ranges are masks of pages.
 */
#ifndef _MM_TESTS_MMU_NOTIFIER_RANGE_MODEL_H
#define _MM_TESTS_MMU_NOTIFIER_RANGE_MODEL_H

#include <linux/types.h>

#define RS_PAGES	64
#define RS_ACTORS	6	/* range readers first */
#define RS_READERS	3
#define RS_NEST		2	/* active invalidations of one actor */
#define RS_ENTRIES	512
#define RS_FLOOD	(2 * BITS_PER_LONG)	/* starts of one RS_FLOOD_ALL */

enum rs_op {
	RS_NONE,
	RS_BEGIN,
	RS_BEGIN_KILLABLE,
	RS_RETRY,
	RS_CANCEL,
	RS_START,
	RS_REFUSE,	/* a start that fails, so that it has no end */
	RS_END,
	RS_FLOOD_ALL,	/* many invalidations where no range reader reads */
	RS_KILL,	/* kill @whom if it sleeps in a killable begin */
};

struct rs_step {
	u8 actor;
	u8 op;
	u8 whom;	/* the range reader to kill */
	u64 pages;
};

/* A step taken. */
struct rs_entry {
	struct rs_step step;
	bool active;
};

/* Whether a range reader has a watch, as far as the model knows. */
enum rs_watch {
	RS_WATCH_NO,
	RS_WATCH_YES,
	RS_WATCH_MAYBE,
};

/* A range reader in the model. */
struct rs_known {
	int begin;		/* entry, or -1 */
	bool slept;
	int since;		/* only later entries count */
	enum rs_watch watch;	/* of this read section */
	enum rs_watch next;	/* of the next one */
};

struct rs_model {
	unsigned int nr_readers;
	struct rs_known reader[RS_READERS];
	unsigned int nr_entries;
	struct rs_entry entry[RS_ENTRIES];
};

void rs_model_reset(struct rs_model *model, unsigned int nr_readers);
void rs_model_add(struct rs_model *model, const struct rs_step *step);
bool rs_model_begin(struct rs_model *model, unsigned int actor);
bool rs_model_reads(const struct rs_model *model, unsigned int actor);
bool rs_model_sleeps(const struct rs_model *model, unsigned int actor);
u64 rs_model_pages(const struct rs_model *model, unsigned int actor);
int rs_model_expected_retry(const struct rs_model *model, unsigned int actor);
bool rs_model_retry(struct rs_model *model, unsigned int actor, bool retry);
void rs_model_end(struct rs_model *model, unsigned int actor);

#endif /* _MM_TESTS_MMU_NOTIFIER_RANGE_MODEL_H */

// SPDX-License-Identifier: GPL-2.0-only
/* The model of range readers; see mmu_notifier_range_model.h. */

#include <linux/bitops.h>
#include <linux/bits.h>

#include "mmu_notifier_range_model.h"

/* RS_FITS starts fit into any history here, RS_OVERRUNS into none. */
#define RS_FITS		(BITS_PER_LONG - 4 - 2 * RS_ACTORS * RS_NEST)
#define RS_OVERRUNS	BITS_PER_LONG
/* The number of ranges of a set that a watch has room for. */
#define RS_SMALL_SET	8

/* Forget all steps. */
void rs_model_reset(struct rs_model *model, unsigned int nr_readers)
{
	unsigned int i;

	model->nr_readers = nr_readers;
	model->nr_entries = 0;
	for (i = 0; i < nr_readers; i++)
		model->reader[i] = (struct rs_known){ .begin = -1 };
}

/* Whether the reader is in a read section. */
bool rs_model_reads(const struct rs_model *model, unsigned int actor)
{
	return model->reader[actor].begin >= 0;
}

/* The pages that the reader reads. */
u64 rs_model_pages(const struct rs_model *model, unsigned int actor)
{
	return model->entry[model->reader[actor].begin].step.pages;
}

/* Whether one of the first @nr entries overlaps @pages, and is active. */
static bool rs_is_active(const struct rs_model *model, u64 pages, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (model->entry[i].active &&
		    model->entry[i].step.pages & pages)
			return true;
	}
	return false;
}

/* Whether the reader has begun, and waits. */
bool rs_model_sleeps(const struct rs_model *model, unsigned int actor)
{
	return rs_model_reads(model, actor) &&
	       rs_is_active(model, rs_model_pages(model, actor),
			    model->reader[actor].begin);
}

/*
 * Ranges that came and went while a begin waited do not count, unless a range
 * that overlaps is active when the wait ends.
 */
static void rs_wake(struct rs_model *model)
{
	unsigned int i;

	for (i = 0; i < model->nr_readers; i++) {
		struct rs_known *reader = &model->reader[i];

		if (reader->begin < 0 || !reader->slept ||
		    rs_model_sleeps(model, i))
			continue;
		reader->slept = false;
		if (!rs_is_active(model, rs_model_pages(model, i),
				  model->nr_entries))
			reader->since = model->nr_entries;
	}
}

/* Add a step. */
void rs_model_add(struct rs_model *model, const struct rs_step *step)
{
	unsigned int i;

	model->entry[model->nr_entries++] = (struct rs_entry){
		.step = *step,
		.active = step->op == RS_START,
	};
	if (step->op == RS_END) {
		for (i = model->nr_entries; i--;) {
			if (model->entry[i].active &&
			    model->entry[i].step.actor == step->actor) {
				model->entry[i].active = false;
				break;
			}
		}
	}
	rs_wake(model);
}

/* The last step was a begin. Returns whether the reader sleeps. */
bool rs_model_begin(struct rs_model *model, unsigned int actor)
{
	struct rs_known *reader = &model->reader[actor];

	reader->begin = model->nr_entries - 1;
	reader->since = reader->begin;
	reader->watch = reader->next;
	reader->slept = rs_model_sleeps(model, actor);
	return reader->slept;
}

/* How many ranges have started since the entry, and whether one overlaps. */
static unsigned int rs_started(const struct rs_model *model, int since,
			       u64 pages, bool *overlaps)
{
	unsigned int nr = 0;

	*overlaps = false;
	for (; since < model->nr_entries; since++) {
		const struct rs_step *step = &model->entry[since].step;

		if (step->op == RS_FLOOD_ALL)
			nr += RS_FLOOD;
		if (step->op != RS_START && step->op != RS_REFUSE)
			continue;
		nr++;
		if (step->pages & pages)
			*overlaps = true;
	}
	return nr;
}

/* The first start since @begin that overlaps the hull of @pages, or -1. */
static int rs_first_hit(const struct rs_model *model, int begin, u64 pages)
{
	const u64 hull = GENMASK_ULL(fls64(pages) - 1, __ffs64(pages));
	int i;

	for (i = begin; i < model->nr_entries; i++) {
		const struct rs_step *step = &model->entry[i].step;

		if ((step->op == RS_START || step->op == RS_REFUSE) &&
		    step->pages & hull)
			return i;
	}
	return -1;
}

/* Returns 0 or 1; or -1 if both are right. */
static int rs_expected_by_history(const struct rs_model *model, int since,
				  u64 pages)
{
	unsigned int started;
	bool overlaps;

	started = rs_started(model, since, pages, &overlaps);
	if (overlaps)
		return 1;
	if (started <= RS_FITS)
		return 0;
	return started > RS_OVERRUNS ? 1 : -1;
}

static int rs_expected_by_watch(const struct rs_model *model, int since,
				u64 pages)
{
	bool overlaps;
	int hit;

	rs_started(model, since, pages, &overlaps);
	if (overlaps)
		return 1;
	/* The number of ranges in @pages. */
	if (hweight64(pages & ~(pages << 1)) <= RS_SMALL_SET)
		return 0;
	hit = rs_first_hit(model, since, pages);
	if (hit < 0 || rs_started(model, hit, pages, &overlaps) <= RS_FITS)
		return 0;
	return -1;
}

/* What a retry should return: 0 or 1; or -1 if both are right. */
int rs_model_expected_retry(const struct rs_model *model, unsigned int actor)
{
	const struct rs_known *reader = &model->reader[actor];
	const u64 pages = rs_model_pages(model, actor);
	int history = rs_expected_by_history(model, reader->since, pages);
	int watch = rs_expected_by_watch(model, reader->since, pages);

	if (reader->watch == RS_WATCH_NO)
		return history;
	return reader->watch == RS_WATCH_YES || history == watch ? watch : -1;
}

/*
 * A retry has returned @retry, which may tell if the next read section has a
 * watch. Returns whether the retry was due only to an overrun of the history.
 */
bool rs_model_retry(struct rs_model *model, unsigned int actor, bool retry)
{
	struct rs_known *reader = &model->reader[actor];
	unsigned int started;
	bool overlaps;

	started = rs_started(model, reader->since, rs_model_pages(model, actor),
			     &overlaps);
	if (!retry)
		reader->next = RS_WATCH_NO;
	else if (started > RS_OVERRUNS && reader->watch == RS_WATCH_NO)
		reader->next = RS_WATCH_YES;
	else if (started > RS_FITS && reader->next != RS_WATCH_YES)
		reader->next = overlaps ? RS_WATCH_MAYBE : RS_WATCH_YES;
	rs_model_end(model, actor);
	return retry && !overlaps;
}

/* The read section was retried, cancelled or killed. */
void rs_model_end(struct rs_model *model, unsigned int actor)
{
	model->reader[actor].begin = -1;
}

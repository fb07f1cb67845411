// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range readers against a model, step by step: every order of the steps of some
 * small scenarios, and random walks through a larger one.
 *
 * The model is in mmu_notifier_range_model.h. In addition there is a page table
 * of numbers, and each range reader makes SPTEs of the numbers that it read. No
 * SPTE may ever be stale, whatever the model says.
 *
 * Invalidations need no thread: only the begin of a range reader sleeps.
 */

#include <kunit/test.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_range_model.h"
#include "mmu_notifier_stepper.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random walk; 0 (default): another each time");

#define RS_STEPS	6	/* of a program */
#define RS_DEPTH	24	/* of a schedule */
#define RS_ROUNDS	64
#define RS_FLOOD_PAGE	1000

struct rs_reader {
	struct rs_run *run;
	struct mn_stepper stepper;
	struct rs_step step;
	int ret;
	struct mmu_range_reader reader;
	struct mmu_read_range set[RS_PAGES / 2];
	unsigned int read[RS_PAGES];
	u64 mapped;		/* pages that have an SPTE, under the user lock */
	unsigned int spte[RS_PAGES];
};

/* Freed some time after its mm, so that a new mm need not wait for the free. */
struct rs_notifier {
	struct mmu_notifier notifier;
	struct rs_run *run;
};

struct rs_run {
	struct kunit *test;
	struct mm_struct *mm;
	struct rs_notifier *notifier;
	struct rs_notifier *refuser;
	bool refuses;		/* each mm has a refuser */
	bool refuse;
	bool flooded;		/* a range reader may have been overrun */
	spinlock_t user_lock;	/* the driver's */
	struct rs_reader reader[RS_READERS];
	unsigned int nr_readers;
	struct mmu_notifier_range range[RS_ACTORS][RS_NEST];
	unsigned int nr_ranges[RS_ACTORS];
	unsigned int pte[RS_PAGES];
	const char *wrong;
	bool stuck;
	unsigned long steps;
	unsigned long waits;
	unsigned long collisions;
	unsigned long overruns;
	unsigned long kills;
	struct rs_model model;
};

/*
 * The code
 */

static struct rs_run *rs_run_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct rs_notifier, notifier)->run;
}

static void rs_free(struct mmu_notifier *notifier)
{
	kfree(container_of(notifier, struct rs_notifier, notifier));
}

static int rs_invalidate(struct mmu_notifier *notifier,
			 const struct mmu_notifier_range *range)
{
	struct rs_run *run = rs_run_of(notifier);
	unsigned long first = range->start >> PAGE_SHIFT;
	unsigned long last = (range->end >> PAGE_SHIFT) - 1;
	unsigned int i;

	if (first >= RS_PAGES)
		return 0;
	spin_lock(&run->user_lock);
	for (i = 0; i < run->nr_readers; i++)
		run->reader[i].mapped &= ~GENMASK_ULL(last, first);
	spin_unlock(&run->user_lock);
	return 0;
}

static const struct mmu_notifier_ops rs_ops = {
	.invalidate_range_start = rs_invalidate,
	.free_notifier = rs_free,
};

static int rs_may_refuse(struct mmu_notifier *notifier,
			 const struct mmu_notifier_range *range)
{
	return rs_run_of(notifier)->refuse ? -EAGAIN : 0;
}

static const struct mmu_notifier_ops rs_refuser_ops = {
	.invalidate_range_start = rs_may_refuse,
	.free_notifier = rs_free,
};

/* Each run of pages is a range. */
static unsigned int rs_make_set(struct rs_reader *reader, u64 pages)
{
	unsigned int nr = 0, first, last;

	while (pages) {
		first = __ffs64(pages);
		last = first;
		while (last + 1 < RS_PAGES && pages & BIT_ULL(last + 1))
			last++;
		reader->set[nr].start = MN_ADDR(first);
		reader->set[nr].end = MN_ADDR(last + 1);
		nr++;
		pages &= ~GENMASK_ULL(last, first);
	}
	return nr;
}

static int rs_begin(struct rs_reader *reader)
{
	struct mmu_range_reader *range_reader = &reader->reader;
	bool killable = reader->step.op == RS_BEGIN_KILLABLE;
	unsigned int nr = rs_make_set(reader, reader->step.pages);

	if (nr == 1 && killable)
		return mmu_range_read_begin_killable(range_reader,
						     reader->set[0].start,
						     reader->set[0].end);
	if (killable)
		return mmu_range_read_begin_set_killable(range_reader,
							 reader->set, nr);
	if (nr == 1)
		mmu_range_read_begin(range_reader, reader->set[0].start,
				     reader->set[0].end);
	else
		mmu_range_read_begin_set(range_reader, reader->set, nr);
	return 0;
}

static void rs_take(struct mn_stepper *stepper)
{
	struct rs_reader *reader = container_of(stepper, struct rs_reader,
						stepper);

	allow_kernel_signal(SIGKILL);
	/* A SIGKILL may have come after the previous begin returned. */
	flush_signals(current);
	reader->ret = rs_begin(reader);
	/* Read the page table at once, for the oldest possible data. */
	memcpy(reader->read, reader->run->pte, sizeof(reader->read));
}

static bool rs_retry(struct rs_run *run, struct rs_reader *reader, u64 pages)
{
	bool retry;

	spin_lock(&run->user_lock);
	retry = mmu_range_read_retry(&reader->reader);
	if (!retry) {
		reader->mapped |= pages;
		for (; pages; pages &= pages - 1)
			reader->spte[__ffs64(pages)] =
				reader->read[__ffs64(pages)];
	}
	spin_unlock(&run->user_lock);
	return retry;
}

static bool rs_start(struct rs_run *run, const struct rs_step *step)
{
	unsigned int nest = run->nr_ranges[step->actor];
	struct mmu_notifier_range *range = &run->range[step->actor][nest];
	int err;

	mmu_notifier_range_init(range, MMU_NOTIFY_CLEAR, 0, run->mm,
				MN_ADDR(__ffs64(step->pages)),
				MN_ADDR(fls64(step->pages)));
	if (step->op == RS_REFUSE) {
		run->refuse = true;
		err = mmu_notifier_invalidate_range_start_nonblock(range);
		run->refuse = false;
		return err;
	}
	mmu_notifier_invalidate_range_start(range);
	run->nr_ranges[step->actor]++;
	return true;
}

static void rs_end(struct rs_run *run, const struct rs_step *step)
{
	unsigned int nest = --run->nr_ranges[step->actor];
	struct mmu_notifier_range *range = &run->range[step->actor][nest];
	unsigned long i;

	for (i = range->start; i < range->end; i += PAGE_SIZE)
		run->pte[i >> PAGE_SHIFT]++;
	mmu_notifier_invalidate_range_end(range);
}

static void rs_flood(struct rs_run *run)
{
	struct mmu_notifier_range range;
	unsigned int i;

	run->flooded = true;
	for (i = 0; i < RS_FLOOD; i++) {
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, run->mm,
					MN_ADDR(RS_FLOOD_PAGE),
					MN_ADDR(RS_FLOOD_PAGE + 1));
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
	}
}

static bool rs_reaches(struct rs_reader *reader, enum mn_state expected)
{
	return mn_stepper_reaches(&reader->stepper, expected, MN_HANG_SECONDS);
}

/*
 * Runs
 */

static struct rs_notifier *rs_register(struct rs_run *run,
				       const struct mmu_notifier_ops *ops)
{
	struct rs_notifier *new = kzalloc(sizeof(*new), GFP_KERNEL);

	if (!new)
		return NULL;
	new->run = run;
	new->notifier.ops = ops;
	if (!mmu_notifier_register_tracked(&new->notifier, run->mm))
		return new;
	kfree(new);
	return NULL;
}

static void rs_put_mm(struct rs_run *run)
{
	if (run->refuser)
		mmu_notifier_put(&run->refuser->notifier);
	run->refuser = NULL;
	if (run->notifier)
		mmu_notifier_put(&run->notifier->notifier);
	run->notifier = NULL;
	if (run->mm)
		mmput(run->mm);
	run->mm = NULL;
}

static void rs_new_mm(struct rs_run *run)
{
	rs_put_mm(run);
	run->mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(run->test, run->mm);
	run->notifier = rs_register(run, &rs_ops);
	KUNIT_ASSERT_NOT_NULL(run->test, run->notifier);
	/* A second registration waits for a grace period: avoid it. */
	if (!run->refuses)
		return;
	run->refuser = rs_register(run, &rs_refuser_ops);
	KUNIT_ASSERT_NOT_NULL(run->test, run->refuser);
}

static void rs_end_all(struct rs_run *run)
{
	struct rs_step end = { .op = RS_END };

	for (end.actor = 0; end.actor < RS_ACTORS; end.actor++) {
		while (run->nr_ranges[end.actor])
			rs_end(run, &end);
	}
}

static void rs_undo(void *data)
{
	struct rs_run *run = data;
	unsigned int i;

	rs_end_all(run);
	for (i = 0; i < run->nr_readers; i++)
		run->stuck |= !rs_reaches(&run->reader[i], MN_IDLE);
	/* If a thread hangs, leak the run, which it still uses. */
	if (run->stuck)
		return;
	while (run->nr_readers)
		mn_stepper_stop(&run->reader[--run->nr_readers].stepper);
	rs_put_mm(run);
	mmu_notifier_synchronize();
	kvfree(run);
}

static bool rs_start_readers(struct rs_run *run, unsigned int nr)
{
	unsigned int cpu = raw_smp_processor_id();

	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	for (; run->nr_readers < nr; run->nr_readers++) {
		struct rs_reader *reader = &run->reader[run->nr_readers];

		reader->run = run;
		if (!mn_stepper_start(&reader->stepper, cpu, rs_take))
			return false;
	}
	return true;
}

static struct rs_run *rs_new(struct kunit *test, unsigned int nr_readers,
			     bool refuses)
{
	struct rs_run *run = kvzalloc(sizeof(*run), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, run);
	run->test = test;
	run->refuses = refuses;
	spin_lock_init(&run->user_lock);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, rs_undo, run));
	rs_new_mm(run);
	KUNIT_ASSERT_TRUE(test, rs_start_readers(run, nr_readers));
	return run;
}

/*
 * Prepare for a new schedule; the sequence goes on. After an overrun, new
 * readers of the mm have watches for some time: take a new mm.
 */
static void rs_set_up(struct rs_run *run)
{
	unsigned int i;

	if (run->flooded) {
		run->flooded = false;
		rs_new_mm(run);
	}
	rs_model_reset(&run->model, run->nr_readers);
	for (i = 0; i < run->nr_readers; i++) {
		mmu_range_reader_init(&run->reader[i].reader, run->mm);
		run->reader[i].mapped = 0;
	}
}

static bool rs_wrong(struct rs_run *run, const char *wrong)
{
	run->wrong = wrong;
	return false;
}

static bool rs_compare(struct rs_run *run)
{
	unsigned int i;
	u64 pages;

	for (i = 0; i < run->nr_readers; i++) {
		struct rs_reader *reader = &run->reader[i];
		bool sleeps = rs_model_sleeps(&run->model, i);

		if (!rs_reaches(reader, sleeps ? MN_SLEEPS : MN_IDLE))
			return rs_wrong(run, sleeps ? "should sleep" :
							"should have returned");
		for (pages = reader->mapped; pages; pages &= pages - 1) {
			if (reader->spte[__ffs64(pages)] !=
			    run->pte[__ffs64(pages)])
				return rs_wrong(run, "has a stale SPTE");
		}
	}
	return true;
}

static bool rs_step_retry(struct rs_run *run, unsigned int actor)
{
	struct rs_reader *reader = &run->reader[actor];
	int expected;
	bool early, retry;

	/* The reader was killed. */
	if (!rs_model_reads(&run->model, actor))
		return true;
	expected = rs_model_expected_retry(&run->model, actor);
	early = mmu_range_read_check_retry(&reader->reader);
	retry = rs_retry(run, reader, rs_model_pages(&run->model, actor));
	if (expected >= 0 && retry != expected)
		return rs_wrong(run, retry ? "should not retry" :
					       "should retry");
	if (early != retry)
		return rs_wrong(run, "says early what is not so at last");
	run->overruns += rs_model_retry(&run->model, actor, retry);
	run->collisions += retry;
	return true;
}

static bool rs_step_kill(struct rs_run *run, unsigned int actor)
{
	struct rs_reader *reader = &run->reader[actor];

	if (!rs_model_sleeps(&run->model, actor) ||
	    reader->step.op != RS_BEGIN_KILLABLE)
		return true;
	send_sig(SIGKILL, reader->stepper.task, 1);
	if (!rs_reaches(reader, MN_IDLE))
		return rs_wrong(run, "should have been killed");
	if (reader->ret != -EINTR)
		return rs_wrong(run, "should say that it was killed");
	rs_model_end(&run->model, actor);
	run->kills++;
	return true;
}

/* Take a step, in the code and in the model. */
static bool rs_step(struct rs_run *run, const struct rs_step *step)
{
	struct rs_reader *reader = &run->reader[step->actor];

	rs_model_add(&run->model, step);
	run->steps++;
	switch (step->op) {
	case RS_BEGIN:
	case RS_BEGIN_KILLABLE:
		run->waits += rs_model_begin(&run->model, step->actor);
		reader->step = *step;
		mn_stepper_hand(&reader->stepper,
				step->op == RS_BEGIN_KILLABLE ?
					TASK_KILLABLE : TASK_UNINTERRUPTIBLE);
		if (!rs_compare(run))
			return false;
		if (mn_stepper_state(&reader->stepper) == MN_IDLE && reader->ret)
			return rs_wrong(run, "says that it was killed");
		return true;
	case RS_RETRY:
		if (!rs_step_retry(run, step->actor))
			return false;
		break;
	case RS_CANCEL:
		mmu_range_read_cancel(&reader->reader);
		rs_model_end(&run->model, step->actor);
		break;
	case RS_START:
	case RS_REFUSE:
		if (!rs_start(run, step))
			return rs_wrong(run, "should have been refused");
		break;
	case RS_END:
		rs_end(run, step);
		break;
	case RS_FLOOD_ALL:
		rs_flood(run);
		break;
	case RS_KILL:
		if (!rs_step_kill(run, step->whom))
			return false;
		break;
	}
	return rs_compare(run);
}

/* Print the steps that led to the difference. */
static void rs_print(struct rs_run *run)
{
	static const char * const ops[] = {
		[RS_BEGIN] = "begin", [RS_BEGIN_KILLABLE] = "killable begin",
		[RS_RETRY] = "retry", [RS_CANCEL] = "cancel",
		[RS_START] = "start", [RS_REFUSE] = "refused start",
		[RS_END] = "end", [RS_FLOOD_ALL] = "flood", [RS_KILL] = "kill",
	};
	unsigned int i;

	for (i = 0; i < run->model.nr_entries; i++) {
		const struct rs_step *step = &run->model.entry[i].step;

		kunit_err(run->test, "  actor %u: %s %#llx of %u\n",
			  step->actor, ops[step->op], step->pages, step->whom);
	}
	kunit_err(run->test, "then it %s\n", run->wrong);
}

static void rs_print_numbers(struct rs_run *run, const char *what,
			     unsigned long nr)
{
	kunit_info(run->test,
		   "%lu %s, %lu steps: %lu waits, %lu collisions, %lu overruns, %lu killed\n",
		   nr, what, run->steps, run->waits, run->collisions,
		   run->overruns, run->kills);
}

/*
 * Schedules
 */

/*
 * The steps of each actor; the first actors are range readers. @schedules was
 * computed by a separate program from these rules: each actor takes its steps
 * in order, and a range reader waits for ranges that overlap and were active
 * when it began, unless it is killed.
 */
struct rs_scenario {
	unsigned long schedules;
	unsigned int nr_readers;
	struct rs_step program[RS_ACTORS][RS_STEPS];
};

#define RS_STEP(_op)		{ .op = RS_##_op }
#define RS_STEP_KILL(_whom)	{ .op = RS_KILL, .whom = (_whom) }
#define RS_STEP_ON(_op, _first, _last) \
	{ .op = RS_##_op, .pages = GENMASK_ULL(_last, _first) }
#define RS_STEP_SET(_op, _pages) \
	{ .op = RS_##_op, .pages = (_pages) }
/* A set of two pages. Other actors use the first one, too. */
#define RS_PAIR			(BIT_ULL(10) | BIT_ULL(20))

static bool rs_enabled(struct rs_run *run, const struct rs_scenario *scenario,
		       const unsigned int *taken, unsigned int actor)
{
	if (actor < run->nr_readers && rs_model_sleeps(&run->model, actor))
		return false;
	return taken[actor] < RS_STEPS &&
	       scenario->program[actor][taken[actor]].op;
}

/* Take the steps in the order of choice[], as far as that goes, then any. */
static bool rs_schedule(struct rs_run *run, const struct rs_scenario *scenario,
			u8 *choice, u8 *others, unsigned int *depth)
{
	unsigned int taken[RS_ACTORS] = {};
	unsigned int fixed = *depth;
	unsigned int i;

	for (*depth = 0;; ++*depth) {
		unsigned long enabled = 0;
		struct rs_step step;

		for (i = 0; i < RS_ACTORS; i++) {
			if (rs_enabled(run, scenario, taken, i))
				enabled |= BIT(i);
		}
		if (!enabled || *depth == RS_DEPTH)
			return true;
		if (*depth >= fixed)
			choice[*depth] = __ffs(enabled);
		i = choice[*depth];
		others[*depth] = enabled & ~GENMASK(i, 0);
		step = scenario->program[i][taken[i]++];
		step.actor = i;
		if (!rs_step(run, &step))
			return false;
	}
}

static bool rs_refuses(const struct rs_scenario *scenario)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(scenario->program); i++) {
		for (j = 0; j < ARRAY_SIZE(scenario->program[i]); j++) {
			if (scenario->program[i][j].op == RS_REFUSE)
				return true;
		}
	}
	return false;
}

/* Run all schedules, depth first, each from the beginning. */
static void rs_all_schedules(struct kunit *test,
			     const struct rs_scenario *scenario)
{
	u8 choice[RS_DEPTH], others[RS_DEPTH];
	unsigned long schedules = 0;
	unsigned int depth = 0;
	struct rs_run *run;

	lockdep_off();
	run = rs_new(test, scenario->nr_readers, rs_refuses(scenario));
	for (;;) {
		rs_set_up(run);
		if (!rs_schedule(run, scenario, choice, others, &depth)) {
			KUNIT_FAIL(test, "differs from the model after %lu schedules",
				   schedules);
			rs_print(run);
			break;
		}
		schedules++;
		while (depth && !others[depth - 1])
			depth--;
		if (!depth)
			break;
		choice[depth - 1] = __ffs(others[depth - 1]);
	}
	/* Lockdep has not seen them start. */
	rs_end_all(run);
	lockdep_on();
	rs_print_numbers(run, "schedules", schedules);
	KUNIT_EXPECT_EQ(test, schedules, scenario->schedules);
}

static void range_and_set_beside_invalidations(struct kunit *test)
{
	static const struct rs_scenario scenario = {
		.schedules = 134783,
		.nr_readers = 2,
		.program = {
			{ RS_STEP_ON(BEGIN, 10, 19), RS_STEP(RETRY) },
			{ RS_STEP_SET(BEGIN, RS_PAIR), RS_STEP(RETRY) },
			{ RS_STEP_ON(START, 5, 12), RS_STEP(END) },
			{ RS_STEP_ON(START, 15, 15), RS_STEP(END),
			  RS_STEP_ON(START, 20, 20), RS_STEP(END) },
			{ RS_STEP_ON(REFUSE, 19, 20) },
		},
	};

	rs_all_schedules(test, &scenario);
}

static void nested_and_foreign_invalidations(struct kunit *test)
{
	static const struct rs_scenario scenario = {
		.schedules = 75042,
		.nr_readers = 2,
		.program = {
			{ RS_STEP_ON(BEGIN, 10, 19), RS_STEP(RETRY),
			  RS_STEP_ON(BEGIN, 20, 29), RS_STEP(CANCEL) },
			{ RS_STEP_SET(BEGIN, RS_PAIR), RS_STEP(RETRY) },
			{ RS_STEP_ON(START, 0, 15), RS_STEP_ON(START, 21, 22),
			  RS_STEP(END), RS_STEP(END) },
			{ RS_STEP_ON(START, 30, 40), RS_STEP(END) },
		},
	};

	rs_all_schedules(test, &scenario);
}

static void overruns_of_a_range(struct kunit *test)
{
	static const struct rs_scenario scenario = {
		.schedules = 6996,
		.nr_readers = 1,
		.program = {
			{ RS_STEP_ON(BEGIN, 10, 19), RS_STEP(RETRY),
			  RS_STEP_ON(BEGIN, 10, 19), RS_STEP(RETRY),
			  RS_STEP_ON(BEGIN, 10, 19), RS_STEP(RETRY) },
			{ RS_STEP(FLOOD_ALL), RS_STEP(FLOOD_ALL) },
			{ RS_STEP_ON(START, 5, 10), RS_STEP(END),
			  RS_STEP_ON(START, 12, 13), RS_STEP(END) },
		},
	};

	rs_all_schedules(test, &scenario);
}

static void overruns_of_sets(struct kunit *test)
{
	static const struct rs_scenario scenario = {
		.schedules = 10098,
		.nr_readers = 1,
		.program = {
			{ RS_STEP_SET(BEGIN, RS_PAIR), RS_STEP(RETRY),
			  RS_STEP_SET(BEGIN, RS_PAIR), RS_STEP(RETRY),
			  RS_STEP_SET(BEGIN, RS_PAIR), RS_STEP(RETRY) },
			{ RS_STEP(FLOOD_ALL), RS_STEP(FLOOD_ALL) },
			{ RS_STEP_ON(START, 12, 12), RS_STEP(END),
			  RS_STEP_ON(START, 20, 20), RS_STEP(END) },
		},
	};

	rs_all_schedules(test, &scenario);
}

static void signals(struct kunit *test)
{
	static const struct rs_scenario scenario = {
		.schedules = 88246,
		.nr_readers = 2,
		.program = {
			{ RS_STEP_ON(BEGIN_KILLABLE, 10, 19), RS_STEP(RETRY),
			  RS_STEP_SET(BEGIN_KILLABLE, RS_PAIR), RS_STEP(RETRY) },
			{ RS_STEP_ON(BEGIN, 10, 10), RS_STEP(RETRY) },
			{ RS_STEP_ON(START, 5, 12), RS_STEP(END) },
			{ RS_STEP_ON(START, 10, 30), RS_STEP(END) },
			{ RS_STEP_KILL(0) },
		},
	};

	rs_all_schedules(test, &scenario);
}

/*
 * The walk
 */

static u64 rs_random_pages(struct rnd_state *rnd, bool set)
{
	unsigned int first = prandom_u32_state(rnd) % RS_PAGES;
	unsigned int last = min(first + prandom_u32_state(rnd) % 8,
				RS_PAGES - 1U);
	u64 pages = GENMASK_ULL(last, first);

	if (set && prandom_u32_state(rnd) % 2)
		pages |= rs_random_pages(rnd, true);
	return pages;
}

/* Returns false if the random step cannot be taken now. */
static bool rs_random_step(struct rs_run *run, struct rnd_state *rnd,
			   struct rs_step *step)
{
	u32 bits = prandom_u32_state(rnd);

	*step = (struct rs_step){ .actor = bits % RS_ACTORS };
	bits /= RS_ACTORS;
	if (step->actor >= run->nr_readers) {
		step->pages = rs_random_pages(rnd, false);
		step->op = bits % 16 == 0 ? RS_FLOOD_ALL :
			   bits % 16 == 1 ? RS_REFUSE :
			   bits % 16 == 2 ? RS_KILL :
			   bits % 2 ? RS_START : RS_END;
		step->whom = bits / 16 % run->nr_readers;
		if (step->op == RS_END)
			return run->nr_ranges[step->actor];
		return step->op == RS_FLOOD_ALL || step->op == RS_KILL ||
		       run->nr_ranges[step->actor] < RS_NEST;
	}
	if (!rs_model_reads(&run->model, step->actor)) {
		step->op = bits % 4 ? RS_BEGIN : RS_BEGIN_KILLABLE;
		step->pages = rs_random_pages(rnd, bits / 4 % 2);
		return true;
	}
	step->op = bits % 8 ? RS_RETRY : RS_CANCEL;
	return !rs_model_sleeps(&run->model, step->actor);
}

/* End all invalidations and range readers. */
static bool rs_last_steps(struct rs_run *run)
{
	struct rs_step step = { .op = RS_END };

	for (step.actor = 0; step.actor < RS_ACTORS; step.actor++) {
		while (run->nr_ranges[step.actor]) {
			if (!rs_step(run, &step))
				return false;
		}
	}
	step.op = RS_RETRY;
	for (step.actor = 0; step.actor < run->nr_readers; step.actor++) {
		if (!rs_step(run, &step))
			return false;
	}
	return true;
}

static bool rs_walk(struct rs_run *run, struct rnd_state *rnd)
{
	struct rs_step step;

	rs_set_up(run);
	while (run->model.nr_entries <
	       RS_ENTRIES - 2 * RS_ACTORS * RS_NEST) {
		if (rs_random_step(run, rnd, &step) && !rs_step(run, &step))
			return false;
	}
	return rs_last_steps(run);
}

static void random_walk(struct kunit *test)
{
	unsigned int walk_seed = seed ?: get_random_u32() | 1;
	struct rs_run *run = rs_new(test, RS_READERS, true);
	unsigned int round;

	kunit_info(test, "mmu_notifier_range_schedule_kunit.seed=%u\n",
		   walk_seed);
	for (round = 0; round < RS_ROUNDS; round++) {
		struct rnd_state rnd;

		prandom_seed_state(&rnd, hash_32(walk_seed + round, 32));
		if (!rs_walk(run, &rnd)) {
			KUNIT_FAIL(test, "differs from the model with seed=%u",
				   walk_seed + round);
			rs_print(run);
			break;
		}
	}
	rs_print_numbers(run, "rounds", round);
	KUNIT_EXPECT_GT(test, run->waits, 0);
	KUNIT_EXPECT_GT(test, run->overruns, 0);
	KUNIT_EXPECT_GT(test, run->kills, 0);
}

static struct kunit_case mmu_notifier_range_schedule_cases[] = {
	KUNIT_CASE_SLOW(range_and_set_beside_invalidations),
	KUNIT_CASE_SLOW(nested_and_foreign_invalidations),
	KUNIT_CASE_SLOW(overruns_of_a_range),
	KUNIT_CASE_SLOW(overruns_of_sets),
	KUNIT_CASE_SLOW(signals),
	KUNIT_CASE_SLOW(random_walk),
	{}
};

static struct kunit_suite mmu_notifier_range_schedule_suite = {
	.name = "mmu_notifier_range_schedule",
	.test_cases = mmu_notifier_range_schedule_cases,
};

kunit_test_suite(mmu_notifier_range_schedule_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: all schedules of range readers");
MODULE_LICENSE("GPL");

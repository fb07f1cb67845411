// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers against a model, step by step: every order of
 * the steps of some small scenarios, and random walks through a larger one. All
 * threads are compared with the model in mmu_notifier_model.c after each step.
 *
 * Threads are handed one step at a time. A callback can stop before it sets the
 * sequence, and goes on in a step of its own. Other steps are not split: this
 * suite does not look for races between two steps.
 *
 * In the small scenarios all threads share one CPU with the case and have a
 * higher priority, as do the threads of grace periods, so that the case goes on
 * when they all sleep. In the walk the threads are spread over all CPUs.
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
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "mmu_notifier_helpers.h"
#include "mmu_notifier_model.h"
#include "mmu_notifier_stepper.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random walk; 0 (default): another each time");

#define MNS_WALK_SUBS		8
#define MNS_WALK_THREADS	4
#define MNS_WALK_ROUNDS		16

struct mns_sub {
	struct mmu_interval_notifier sub;
	spinlock_t user_lock;	/* the driver's */
	bool inserted;
};

/* A subscription to the whole mm. */
struct mns_mm_sub {
	struct mmu_notifier notifier;
	unsigned int index;
	bool registered;
	bool gone;	/* neither registered nor being registered */
};

struct mns_inv {
	struct mmu_notifier_range range;
	struct mns_thread *thread;
	struct mns_step step;
	u32 called;
	u32 ended;	/* the subs to the whole mm whose end callback ran */
	u32 set;
	bool twice;
	bool gone;	/* called a sub that is gone */
};

struct mns_thread {
	struct mns_run *run;
	struct mn_stepper stepper;
	struct mns_step step;
	int ret;
	unsigned long seq;
	unsigned int nr_invs;
	struct mns_inv *active[MNS_NEST];
	struct mns_inv *inv;	/* of this step, or the last one */
};

struct mns_run {
	struct kunit *test;
	struct mm_struct *mm;
	struct mns_mm_sub mm_sub[MNS_MM_SUBS];
	struct mns_sub sub[MNS_SUBS];
	struct mns_thread thread[MNS_THREADS];
	unsigned int nr_threads;
	bool new_mms;		/* each schedule has a new, untracked mm */
	unsigned int hang_seconds;
	bool stuck;		/* a call does not return: free nothing */
	const char *wrong;	/* how the code differs from the model */
	unsigned int wrong_thread;
	unsigned long steps;
	unsigned long waits;
	unsigned long retries;
	unsigned long failures;
	struct mns_model model;
	/* One for each entry: never reuse one that the code forgot to end. */
	struct mns_inv inv[MNS_ENTRIES];
};

/*
 * The code: subscriptions and threads
 */

static struct mns_inv *mns_inv(const struct mmu_notifier_range *range)
{
	return container_of(range, struct mns_inv, range);
}

/* Note the call. At a gate, wait for the next step. */
static void mns_called(struct mns_inv *inv, unsigned int index)
{
	if (inv->called & BIT(index))
		inv->twice = true;
	inv->called |= BIT(index);
	if (inv->step.how == MNS_BLOCK && inv->step.gates & BIT(index))
		mn_stepper_gate(&inv->thread->stepper);
}

static bool mns_invalidate(struct mmu_interval_notifier *interval_sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq)
{
	struct mns_sub *sub = container_of(interval_sub, struct mns_sub, sub);
	struct mns_inv *inv = mns_inv(range);
	unsigned int index = sub - inv->thread->run->sub;

	mns_called(inv, index);
	if (inv->step.how == MNS_REFUSE && inv->step.sub == index)
		return false;

	spin_lock(&sub->user_lock);
	mmu_interval_set_seq(interval_sub, seq);
	spin_unlock(&sub->user_lock);
	inv->set |= BIT(index);
	return true;
}

static const struct mmu_interval_notifier_ops mns_interval_ops = {
	.invalidate = mns_invalidate,
};

static struct mns_mm_sub *mns_mm_sub(struct mmu_notifier *notifier,
				     struct mns_inv *inv)
{
	struct mns_mm_sub *sub = container_of(notifier, struct mns_mm_sub,
					      notifier);

	inv->gone |= sub->gone;
	return sub;
}

static int mns_mm_start(struct mmu_notifier *notifier,
			const struct mmu_notifier_range *range)
{
	struct mns_inv *inv = mns_inv(range);
	struct mns_mm_sub *sub = mns_mm_sub(notifier, inv);

	mns_called(inv, sub->index);
	return inv->step.how == MNS_FAIL && sub->index == MNS_FAILS ? -EAGAIN : 0;
}

static void mns_mm_end(struct mmu_notifier *notifier,
		       const struct mmu_notifier_range *range)
{
	struct mns_inv *inv = mns_inv(range);
	struct mns_mm_sub *sub = mns_mm_sub(notifier, inv);

	if (inv->ended & BIT(sub->index))
		inv->twice = true;
	inv->ended |= BIT(sub->index);
}

static const struct mmu_notifier_ops mns_paired_ops = {
	.invalidate_range_start = mns_mm_start,
	.invalidate_range_end = mns_mm_end,
};

static const struct mmu_notifier_ops mns_fails_ops = {
	.invalidate_range_start = mns_mm_start,
};

static int mns_register(struct mns_run *run, struct mns_mm_sub *sub)
{
	int err;

	sub->gone = false;
	err = mmu_notifier_register(&sub->notifier, run->mm);
	sub->registered = !err;
	return err;
}

static void mns_unregister(struct mns_run *run, struct mns_mm_sub *sub)
{
	mmu_notifier_unregister(&sub->notifier, run->mm);
	sub->registered = false;
	sub->gone = true;
}

static void mns_start(struct mns_thread *thread)
{
	const struct mns_step *step = &thread->step;
	struct mns_inv *inv = thread->inv;

	memset(inv, 0, sizeof(*inv));
	inv->thread = thread;
	inv->step = *step;
	mmu_notifier_range_init(&inv->range, MMU_NOTIFY_CLEAR, 0,
				thread->run->mm, MN_ADDR(step->first),
				MN_ADDR(step->last + 1));
	if (step->how == MNS_BLOCK)
		mmu_notifier_invalidate_range_start(&inv->range);
	else
		thread->ret = mmu_notifier_invalidate_range_start_nonblock(&inv->range);
	if (!thread->ret)
		thread->active[thread->nr_invs++] = inv;
}

static void mns_take(struct mn_stepper *stepper)
{
	struct mns_thread *thread = container_of(stepper, struct mns_thread,
						 stepper);
	const struct mns_step *step = &thread->step;
	struct mns_run *run = thread->run;
	struct mns_sub *sub = &run->sub[step->sub];

	thread->ret = 0;
	switch (step->op) {
	case MNS_INSERT:
		thread->ret = mmu_interval_notifier_insert(&sub->sub, run->mm,
							   MN_ADDR(step->first),
							   MN_ADDR(step->last -
								   step->first + 1),
							   &mns_interval_ops);
		sub->inserted = !thread->ret;
		break;
	case MNS_REMOVE:
		mmu_interval_notifier_remove(&sub->sub);
		sub->inserted = false;
		break;
	case MNS_BEGIN:
		thread->seq = mmu_interval_read_begin(&sub->sub);
		break;
	case MNS_RETRY:
		spin_lock(&sub->user_lock);
		thread->ret = mmu_interval_read_retry(&sub->sub, thread->seq);
		spin_unlock(&sub->user_lock);
		break;
	case MNS_START:
		mns_start(thread);
		break;
	case MNS_END:
		thread->inv = thread->active[--thread->nr_invs];
		mmu_notifier_invalidate_range_end(&thread->inv->range);
		break;
	case MNS_REGISTER:
		thread->ret = mns_register(run, &run->mm_sub[step->sub - MNS_SUBS]);
		break;
	case MNS_UNREGISTER:
		mns_unregister(run, &run->mm_sub[step->sub - MNS_SUBS]);
		break;
	}
}

/* Have an idle thread take a step, or one at a gate go on. */
static void mns_hand(struct mns_thread *thread, const struct mns_step *step)
{
	if (step->op != MNS_PASS)
		thread->step = *step;
	mn_stepper_hand(&thread->stepper, TASK_UNINTERRUPTIBLE);
}

static bool mns_reaches(struct mns_thread *thread, enum mn_state expected)
{
	return mn_stepper_reaches(&thread->stepper, expected,
				  thread->run->hang_seconds);
}

/*
 * Runs
 */

static void mns_stop_threads(struct mns_run *run)
{
	unsigned int i;

	for (i = 0; i < run->nr_threads; i++)
		mn_stepper_stop(&run->thread[i].stepper);
}

static bool mns_start_threads(struct mns_run *run, unsigned int nr,
			      bool spread)
{
	static const struct sched_param param = {};
	unsigned int cpu = raw_smp_processor_id();

	if (!spread) {
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		sched_setscheduler_nocheck(current, SCHED_IDLE, &param);
	}
	for (; run->nr_threads < nr; run->nr_threads++) {
		struct mns_thread *thread = &run->thread[run->nr_threads];

		if (spread)
			cpu = cpumask_nth(run->nr_threads % num_online_cpus(),
					  cpu_online_mask);
		thread->run = run;
		if (!mn_stepper_start(&thread->stepper, cpu, mns_take))
			return false;
	}
	return true;
}

/* Have all calls return and end all ranges, whatever the model says. */
static void mns_drain(struct mns_run *run)
{
	unsigned long timeout = jiffies + run->hang_seconds * HZ;
	struct mns_step step = {};
	unsigned int i, busy;

	do {
		busy = 0;
		for (i = 0; i < run->nr_threads; i++) {
			struct mns_thread *thread = &run->thread[i];
			enum mn_state state = mn_stepper_state(&thread->stepper);

			if (state == MN_IDLE && !thread->nr_invs)
				continue;
			busy++;
			step.op = state == MN_AT_GATE ? MNS_PASS : MNS_END;
			if (state == MN_AT_GATE || state == MN_IDLE)
				mns_hand(thread, &step);
		}
		if (busy)
			schedule_timeout_uninterruptible(1);
	} while (busy && time_before(jiffies, timeout));
	run->stuck = busy;
}

static bool mns_wrong(struct mns_run *run, unsigned int thread,
		      const char *wrong)
{
	run->wrong = wrong;
	run->wrong_thread = thread;
	return false;
}

static bool mns_is_there(const struct mns_run *run, unsigned int sub)
{
	return sub < MNS_SUBS ? run->sub[sub].inserted :
	       run->mm_sub[sub - MNS_SUBS].registered;
}

/* Add or remove a subscription if need be, outside the schedule. */
static bool mns_mend(struct mns_run *run, const struct mns_step *step)
{
	struct mns_thread *thread = &run->thread[0];
	bool add = step->op == MNS_INSERT || step->op == MNS_REGISTER;

	if (mns_is_there(run, step->sub) == add)
		return true;
	mns_hand(thread, step);
	if (mns_reaches(thread, MN_IDLE) && !thread->ret)
		return true;
	return mns_wrong(run, 0, "could not add or remove in between");
}

static bool mns_remove_others(struct mns_run *run, u32 there)
{
	struct mns_step step = {};

	for (; step.sub < MNS_ALL_SUBS; step.sub++) {
		step.op = step.sub < MNS_SUBS ? MNS_REMOVE : MNS_UNREGISTER;
		if (!(there & BIT(step.sub)) && !mns_mend(run, &step))
			return false;
	}
	return true;
}

/* If a thread hangs, leak the run, which it still uses. */
static void mns_destroy(struct mns_run *run)
{
	mns_drain(run);
	run->stuck = run->stuck || !mns_remove_others(run, 0);
	if (run->stuck)
		return;
	mns_stop_threads(run);
	if (run->mm)
		mmput(run->mm);
	kvfree(run);
}

/*
 * The first insertion makes the mm tracked. In practice no invalidation is
 * active then, because the insertion takes all locks of the mm.
 */
static bool mns_first_subs(struct mns_run *run)
{
	struct mns_step step = { .op = MNS_INSERT };

	if (!mns_mend(run, &step))
		return false;
	step.op = MNS_REGISTER;
	for (step.sub = MNS_PAIRED; step.sub < MNS_ALL_SUBS;
	     step.sub += MNS_FAILS - MNS_PAIRED) {
		if (!mns_mend(run, &step))
			return false;
	}
	step.op = MNS_REMOVE;
	step.sub = 0;
	return mns_mend(run, &step);
}

/* Reset the model: it knows the subscriptions to the whole mm, and no step. */
static void mns_forget(struct mns_run *run)
{
	struct mns_step step = { .thread = MNS_SETUP, .op = MNS_REGISTER,
				 .last = MNS_PAGES - 1 };

	run->model.tracked = !run->new_mms;
	run->model.nr_entries = 0;
	for (step.sub = MNS_SUBS; step.sub < MNS_ALL_SUBS; step.sub++) {
		if (mns_is_there(run, step.sub))
			mns_add_entry(&run->model, &step);
	}
}

static bool mns_renew_mm(struct mns_run *run)
{
	if (!mns_remove_others(run, 0))
		return false;
	if (run->mm)
		mmput(run->mm);
	run->mm = mm_alloc();
	return run->mm || mns_wrong(run, 0, "got no mm");
}

static struct mns_run *mns_new(struct kunit *test, unsigned int nr_threads,
			       bool spread, bool new_mms)
{
	struct mns_run *run = kvzalloc(sizeof(*run), GFP_KERNEL);
	unsigned int i;

	if (!run)
		return NULL;
	run->test = test;
	run->new_mms = new_mms;
	/* On one CPU, only a grace period can still wake a sleeping thread. */
	run->hang_seconds = spread || new_mms ? MN_HANG_SECONDS : 1;
	for (i = 0; i < MNS_SUBS; i++)
		spin_lock_init(&run->sub[i].user_lock);
	for (i = 0; i < MNS_MM_SUBS; i++) {
		run->mm_sub[i].index = MNS_SUBS + i;
		run->mm_sub[i].gone = true;
		run->mm_sub[i].notifier.ops = MNS_SUBS + i == MNS_FAILS ?
					      &mns_fails_ops : &mns_paired_ops;
	}

	if (mns_start_threads(run, nr_threads, spread) && mns_renew_mm(run) &&
	    (new_mms || mns_first_subs(run))) {
		mns_forget(run);
		return run;
	}
	mns_destroy(run);
	return NULL;
}

static void mns_undo(void *run)
{
	mns_destroy(run);
}

static const u32 mns_have_end = GENMASK(MNS_FAILS - 1, MNS_PAIRED);

/* Compare the callbacks of the thread's last invalidation with the model. */
static bool mns_compare_inv(struct mns_run *run, struct mns_entry *start)
{
	struct mns_thread *thread = &run->thread[start->step.thread];
	struct mns_inv *inv = thread->inv;
	bool failure = mns_expected_failure(start);
	u32 late = mns_late(&run->model, start);
	u32 told = inv->called & mns_have_end;
	unsigned int i = start->step.thread;

	if (inv->twice)
		return mns_wrong(run, i, "called a subscription twice");
	if (inv->called & ~start->due & ~late)
		return mns_wrong(run, i, "called a subscription for nothing");
	if (inv->gone)
		return mns_wrong(run, i, "called a subscription that is gone");
	if (inv->ended & ~told)
		return mns_wrong(run, i, "was ended for one that it was not announced to");
	if (start->active)
		told = 0;
	else
		told &= ~(mns_going(&run->model, start) & ~inv->ended);
	if (inv->ended != told)
		return mns_wrong(run, i, failure ?
				 "is not paired after its failure" :
				 "is not paired");
	if (!start->passes && !failure &&
	    start->due & ~inv->called & ~mns_going(&run->model, start))
		return mns_wrong(run, i, "left out a subscription");
	return true;
}

static bool mns_compare_state(struct mns_run *run, unsigned int thread)
{
	enum mn_state state = mns_expected_state(&run->model, thread);

	if (mns_may_wait(&run->model, thread) ||
	    mns_reaches(&run->thread[thread], state))
		return true;
	if (state == MN_IDLE)
		return mns_wrong(run, thread, "should have returned");
	if (state == MN_SLEEPS)
		return mns_wrong(run, thread, "should sleep");
	return mns_wrong(run, thread, "should be in a callback");
}

/* Compare all threads with the model after the step. */
static bool mns_compare(struct mns_run *run, struct mns_entry *entry,
			struct mns_entry *start, int expected_ret)
{
	struct mns_thread *thread = &run->thread[entry->step.thread];
	struct mns_step set = { .thread = MNS_SETUP, .op = MNS_SET };
	unsigned long bits;
	unsigned int i;

	/* First the thread of the step: it wakes others, which sleep again. */
	if (!mns_compare_state(run, entry->step.thread))
		return false;
	for (i = 0; i < run->nr_threads; i++) {
		if (!mns_compare_state(run, i))
			return false;
	}

	if (mns_expected_state(&run->model, entry->step.thread) == MN_IDLE &&
	    !mns_may_wait(&run->model, entry->step.thread) &&
	    thread->ret != expected_ret)
		return mns_wrong(run, entry->step.thread,
				 "returned something else");
	if (!start)
		return true;
	if (!mns_compare_inv(run, start))
		return false;

	/* Tell the model which sequences the callbacks have set. */
	bits = thread->inv->set;
	thread->inv->set = 0;
	for_each_set_bit(i, &bits, MNS_SUBS) {
		set.sub = i;
		mns_add_entry(&run->model, &set);
	}
	return true;
}

/* Remove an interval_sub over all pages: hangs if a range was left active. */
static bool mns_probe(struct mns_run *run)
{
	struct mns_step step = { .op = MNS_INSERT, .sub = MNS_PROBE,
				 .last = MNS_PAGES - 1 };

	if (!mns_mend(run, &step))
		return false;
	step.op = MNS_REMOVE;
	return mns_mend(run, &step);
}

/* Take a step, in the code and in the model. */
static bool mns_step(struct mns_run *run, const struct mns_step *step)
{
	struct mns_entry *entry, *start = NULL;
	struct mns_step handed = *step;
	int ret = 0;

	if (step->op == MNS_PASS || step->op == MNS_END)
		start = mns_inner(&run->model, step->thread);
	if (step->op == MNS_RETRY) {
		ret = mns_expected_retry(&run->model, step->thread);
		run->retries += ret;
	}
	entry = mns_add_entry(&run->model, step);
	if (step->op == MNS_START) {
		start = entry;
		handed.gates &= start->due;
		run->thread[step->thread].inv =
			&run->inv[entry - run->model.entry];
		if (mns_expected_failure(start)) {
			ret = -EAGAIN;
			run->failures++;
		}
	}
	run->waits += mns_waits(&run->model, step->thread);
	run->steps++;

	mns_hand(&run->thread[step->thread], &handed);
	return mns_compare(run, entry, start, ret);
}

static void mns_print_step(struct kunit *test, const struct mns_step *step)
{
	static const char * const ops[] = {
		[MNS_INSERT] = "insert", [MNS_REMOVE] = "remove",
		[MNS_BEGIN] = "begin", [MNS_RETRY] = "retry",
		[MNS_START] = "start", [MNS_PASS] = "set_seq",
		[MNS_END] = "end", [MNS_REGISTER] = "register",
		[MNS_UNREGISTER] = "unregister",
	};
	static const char * const hows[] = {
		[MNS_BLOCK] = "", [MNS_NONBLOCK] = "non-blocking ",
		[MNS_REFUSE] = "refused ", [MNS_FAIL] = "failing ",
	};
	char sub = step->sub < MNS_SUBS ? 'a' + step->sub :
					  'A' + step->sub - MNS_SUBS;

	if (step->op == MNS_START)
		kunit_err(test, "  thread %u: %sstart of %u-%u, gates %#x, refuser %c\n",
			  step->thread, hows[step->how], step->first, step->last,
			  step->gates, step->how == MNS_REFUSE ? sub : '-');
	else if (step->op == MNS_INSERT)
		kunit_err(test, "  thread %u: insert %c %u-%u\n", step->thread,
			  sub, step->first, step->last);
	else if (step->op == MNS_PASS || step->op == MNS_END)
		kunit_err(test, "  thread %u: %s\n", step->thread,
			  ops[step->op]);
	else
		kunit_err(test, "  thread %u: %s %c\n", step->thread,
			  ops[step->op], sub);
}

/* Print the steps that led to the difference, and the difference. */
static void mns_print(struct mns_run *run)
{
	unsigned int i;

	for (i = 0; i < run->model.nr_entries; i++) {
		struct mns_step *step = &run->model.entry[i].step;

		if (step->thread != MNS_SETUP)
			mns_print_step(run->test, step);
	}
	kunit_err(run->test, "then thread %u %s\n", run->wrong_thread,
		  run->wrong);
}

static void mns_print_numbers(struct mns_run *run, const char *what,
			      unsigned long nr)
{
	kunit_info(run->test,
		   "%lu %s, %lu steps: %lu waits, %lu collisions, %lu failures\n",
		   nr, what, run->steps, run->waits, run->retries,
		   run->failures);
}

/*
 * Schedules
 */

#define MNS_MM_SUB(_letter)	(MNS_SUBS + (_letter) - 'A')
#define MNS_STEP_REGISTER(_sub) \
	{ .op = MNS_REGISTER, .sub = MNS_MM_SUB(_sub), .last = MNS_PAGES - 1 }
#define MNS_STEP_UNREGISTER(_sub)	{ .op = MNS_UNREGISTER, .sub = MNS_MM_SUB(_sub) }
#define MNS_STEP_STOP_AT(_first, _last, _sub) \
	{ .op = MNS_START, .first = (_first), .last = (_last), \
	  .gates = BIT(MNS_MM_SUB(_sub)) }
#define MNS_STEP_INSERT(_sub, _first, _last) \
	{ .op = MNS_INSERT, .sub = (_sub) - 'a', .first = (_first), .last = (_last) }
#define MNS_STEP_REMOVE(_sub)	{ .op = MNS_REMOVE, .sub = (_sub) - 'a' }
#define MNS_STEP_BEGIN(_sub)	{ .op = MNS_BEGIN, .sub = (_sub) - 'a' }
#define MNS_STEP_RETRY(_sub)	{ .op = MNS_RETRY, .sub = (_sub) - 'a' }
#define MNS_STEP_START(_first, _last, _gates) \
	{ .op = MNS_START, .first = (_first), .last = (_last), .gates = (_gates) }
#define MNS_STEP_REFUSE(_first, _last, _sub) \
	{ .op = MNS_START, .how = MNS_REFUSE, .first = (_first), \
	  .last = (_last), .sub = (_sub) - 'a' }
#define MNS_STEP_FAIL(_first, _last) \
	{ .op = MNS_START, .how = MNS_FAIL, .first = (_first), .last = (_last) }
#define MNS_STEP_END		{ .op = MNS_END }
#define MNS_READER_OF_A		{ MNS_STEP_BEGIN('a'), MNS_STEP_RETRY('a') }
#define MNS_OWNER_OF_B \
	{ MNS_STEP_INSERT('b', 15, 24), MNS_STEP_BEGIN('b'), \
	  MNS_STEP_RETRY('b'), MNS_STEP_REMOVE('b') }

/*
 * The subscriptions at the beginning, and what each thread does. @schedules was
 * computed by a separate program from these rules: Each thread takes the steps
 * of its program in order. A start stops at its gates. A call waits for ranges
 * that overlap and were active before; a removed interval_sub then gets no more
 * callbacks, and its removal waits for ranges that overlap and are active by
 * then. Bit n of the gates stands for the nth letter.
 *
 * Capital letters stand for subscriptions to the whole mm; D is the one that
 * fails. Without @new_mm, A and D are registered. Registration, unregistration
 * and the first insertion wait for all active ranges; the thread takes no
 * further step until no range is active.
 */
struct mns_scenario {
	unsigned long schedules;
	unsigned int more;	/* subs over all pages, beside a: 'b' and so on */
	bool new_mm;		/* only .setup is there */
	struct mns_step setup[4];
	struct mns_step program[MNS_THREADS][6];
};

static bool mns_next(struct mns_run *run, const struct mns_scenario *scenario,
		     const unsigned int *taken, unsigned int thread,
		     struct mns_step *step)
{
	if (mns_may_wait(&run->model, thread))
		return false;
	switch (mns_expected_state(&run->model, thread)) {
	case MN_SLEEPS:
		return false;
	case MN_AT_GATE:
		*step = (struct mns_step){ .op = MNS_PASS };
		break;
	default:
		*step = scenario->program[thread][taken[thread]];
	}
	step->thread = thread;
	return step->op;
}

/* Take the steps in the order of choice[], as far as that goes, then any. */
static bool mns_schedule(struct mns_run *run,
			 const struct mns_scenario *scenario, u8 *choice,
			 u8 *others, unsigned int *depth)
{
	unsigned int taken[MNS_THREADS] = {};
	unsigned int fixed = *depth;
	struct mns_step step;
	unsigned int i;

	for (*depth = 0;; ++*depth) {
		unsigned long enabled = 0;

		for (i = 0; i < run->nr_threads; i++) {
			if (mns_next(run, scenario, taken, i, &step))
				enabled |= BIT(i);
		}
		if (!enabled || *depth == MNS_DEPTH)
			return true;
		if (*depth >= fixed)
			choice[*depth] = __ffs(enabled);
		i = choice[*depth];
		others[*depth] = enabled & ~GENMASK(i, 0);
		mns_next(run, scenario, taken, i, &step);
		taken[i] += step.op != MNS_PASS;
		if (!mns_step(run, &step))
			return false;
	}
}

/* Set up the beginning of a schedule, in the code and in the model. */
static bool mns_set_up(struct mns_run *run, const struct mns_scenario *scenario)
{
	struct mns_step more = MNS_STEP_INSERT('b', 0, MNS_PAGES - 1);
	u32 there = BIT(MNS_PAIRED) | BIT(MNS_FAILS);
	unsigned int i;

	if (scenario->new_mm && !mns_renew_mm(run))
		return false;
	mns_forget(run);
	for (i = 0; i < ARRAY_SIZE(scenario->setup) + scenario->more; i++) {
		struct mns_step step = more;

		if (i < ARRAY_SIZE(scenario->setup))
			step = scenario->setup[i];
		else
			more.sub++;
		if (!step.op)
			continue;
		if (!mns_mend(run, &step))
			return false;
		there |= BIT(step.sub);
		step.thread = MNS_SETUP;
		mns_add_entry(&run->model, &step);
	}
	return mns_remove_others(run, there);
}

/* Run all schedules, depth first, each from the beginning. */
static void mns_run_all(struct kunit *test, const struct mns_scenario *scenario)
{
	u8 choice[MNS_DEPTH], others[MNS_DEPTH];
	unsigned int nr_threads = 0, depth = 0;
	unsigned long schedules = 0;
	struct mns_run *run;

	while (nr_threads < MNS_THREADS && scenario->program[nr_threads][0].op)
		nr_threads++;
	lockdep_off();
	run = mns_new(test, nr_threads, false, scenario->new_mm);
	KUNIT_ASSERT_NOT_NULL(test, run);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, mns_undo, run));

	for (;;) {
		if (!mns_set_up(run, scenario) ||
		    !mns_schedule(run, scenario, choice, others, &depth))
			goto wrong;
		/* Now and then is enough: a range left active stays active. */
		if (!(schedules++ % 64) && !mns_probe(run))
			goto wrong;
		while (depth && !others[depth - 1])
			depth--;
		if (!depth)
			break;
		choice[depth - 1] = __ffs(others[depth - 1]);
	}
	lockdep_on();
	mns_print_numbers(run, "schedules", schedules);
	KUNIT_EXPECT_EQ(test, schedules, scenario->schedules);
	return;

wrong:
	lockdep_on();
	KUNIT_FAIL(test, "differs from the model after %lu schedules",
		   schedules);
	mns_print(run);
}

static void invalidations_of_all_kinds(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 4200,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(5, 16, 0), MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 22) },
			{ MNS_STEP_REFUSE(17, 20, 'a') },
			MNS_READER_OF_A,
			{ MNS_STEP_INSERT('b', 15, 24), MNS_STEP_REMOVE('b') },
		},
	};

	mns_run_all(test, &scenario);
}

/* Nothing waits, so .schedules is 11! / (4! 1! 2! 4!). */
static void disjoint_invalidations(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 34650,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(0, 9, 0), MNS_STEP_START(25, 29, 0),
			  MNS_STEP_END, MNS_STEP_END },
			{ MNS_STEP_FAIL(40, 49) },
			MNS_READER_OF_A,
			MNS_OWNER_OF_B,
		},
	};

	mns_run_all(test, &scenario);
}

static void nested_invalidations(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 18540,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(0, 49, 0), MNS_STEP_START(12, 13, 1),
			  MNS_STEP_END, MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 16) },
			MNS_READER_OF_A,
			MNS_OWNER_OF_B,
		},
	};

	mns_run_all(test, &scenario);
}

/* Both kinds of failure, beside an invalidation that stops at a gate. */
static void failing_invalidations(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 61710,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(5, 16, 1), MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 22) },
			{ MNS_STEP_REFUSE(17, 20, 'a') },
			MNS_READER_OF_A,
			MNS_OWNER_OF_B,
		},
	};

	mns_run_all(test, &scenario);
}

/* More subscriptions than the code may collect at a time; 'r' comes late. */
static void late_announcements(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 23607,
		.more = 16,
		.setup = { MNS_STEP_INSERT('a', 0, 19) },
		.program = {
			{ MNS_STEP_START(0, 63, 1), MNS_STEP_END },
			{ MNS_STEP_START(20, 24, 0), MNS_STEP_END },
			MNS_READER_OF_A,
			{ MNS_STEP_INSERT('r', 15, 24), MNS_STEP_BEGIN('r'),
			  MNS_STEP_RETRY('r'), MNS_STEP_REMOVE('r') },
		},
	};

	mns_run_all(test, &scenario);
}

/* Removal and insertion in separate threads. */
static void removal_and_insertion_apart(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 92160,
		.setup = { MNS_STEP_INSERT('a', 10, 19),
			   MNS_STEP_INSERT('b', 15, 24) },
		.program = {
			{ MNS_STEP_START(5, 16, 1), MNS_STEP_END },
			{ MNS_STEP_START(16, 30, 0), MNS_STEP_END },
			{ MNS_STEP_FAIL(12, 12) },
			MNS_READER_OF_A,
			{ MNS_STEP_REMOVE('b') },
			{ MNS_STEP_INSERT('c', 30, 39) },
		},
	};

	mns_run_all(test, &scenario);
}

/* A range that starts while a removal waits still calls the interval_sub. */
static void removal_in_two_waits(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 25688,
		.setup = { MNS_STEP_INSERT('a', 10, 19),
			   MNS_STEP_INSERT('b', 15, 24) },
		.program = {
			{ MNS_STEP_START(5, 12, 0), MNS_STEP_END },
			{ MNS_STEP_START(16, 30, 3), MNS_STEP_END },
			{ MNS_STEP_START(12, 20, 0), MNS_STEP_END },
			{ MNS_STEP_REMOVE('a'), MNS_STEP_INSERT('a', 10, 19),
			  MNS_STEP_BEGIN('a'), MNS_STEP_RETRY('a') },
		},
	};

	mns_run_all(test, &scenario);
}

static void overlapping_invalidations(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 397260,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(5, 10, 1), MNS_STEP_END },
			{ MNS_STEP_START(19, 21, 0), MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 22) },
			MNS_READER_OF_A,
			MNS_OWNER_OF_B,
		},
	};

	mns_run_all(test, &scenario);
}

/*
 * Below, subscriptions to the whole mm come and go beside invalidations.
 * Registration waits for the ranges that missed the subscription, and
 * unregistration for those that called it. An end calls the same subscriptions
 * as its start.
 */

/* Only subscriptions to the whole mm. */
static void late_registration(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 5490,
		.new_mm = true,
		.setup = { MNS_STEP_REGISTER('A') },
		.program = {
			{ MNS_STEP_STOP_AT(5, 16, 'A'), MNS_STEP_END },
			{ MNS_STEP_START(30, 39, 0), MNS_STEP_START(32, 33, 0),
			  MNS_STEP_END, MNS_STEP_END },
			{ MNS_STEP_REGISTER('B'), MNS_STEP_UNREGISTER('B') },
			{ MNS_STEP_REGISTER('C') },
		},
	};

	mns_run_all(test, &scenario);
}

/* Both kinds of subscriptions. */
static void late_registration_beside_intervals(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 4200,
		.new_mm = true,
		.setup = { MNS_STEP_INSERT('a', 10, 19),
			   MNS_STEP_REGISTER('A') },
		.program = {
			{ MNS_STEP_START(5, 16, 0), MNS_STEP_END },
			{ MNS_STEP_START(30, 39, 0), MNS_STEP_END },
			MNS_READER_OF_A,
			{ MNS_STEP_REGISTER('B') },
			{ MNS_STEP_REGISTER('C') },
		},
	};

	mns_run_all(test, &scenario);
}

/* Only intervals before. */
static void first_registration_after_intervals(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 5490,
		.new_mm = true,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(5, 16, 1), MNS_STEP_END },
			{ MNS_STEP_START(30, 39, 0), MNS_STEP_START(32, 33, 0),
			  MNS_STEP_END, MNS_STEP_END },
			{ MNS_STEP_REGISTER('A'), MNS_STEP_UNREGISTER('A') },
			{ MNS_STEP_REGISTER('B') },
		},
	};

	mns_run_all(test, &scenario);
}

/* A failed start that calls the new subscription also calls its end. */
static void late_registration_and_failures(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 3360,
		.new_mm = true,
		.setup = { MNS_STEP_INSERT('a', 10, 19),
			   MNS_STEP_REGISTER('A'), MNS_STEP_REGISTER('D') },
		.program = {
			{ MNS_STEP_START(5, 16, 1), MNS_STEP_END },
			{ MNS_STEP_START(30, 39, 0), MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 22) },
			{ MNS_STEP_REFUSE(17, 20, 'a') },
			{ MNS_STEP_REGISTER('B') },
		},
	};

	mns_run_all(test, &scenario);
}

static void first_registration_and_refusals(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 1680,
		.new_mm = true,
		.setup = { MNS_STEP_INSERT('a', 10, 19) },
		.program = {
			{ MNS_STEP_START(5, 16, 1), MNS_STEP_END },
			{ MNS_STEP_REFUSE(17, 20, 'a'),
			  MNS_STEP_REFUSE(13, 16, 'a') },
			{ MNS_STEP_START(19, 25, 0), MNS_STEP_END },
			{ MNS_STEP_REGISTER('A') },
		},
	};

	mns_run_all(test, &scenario);
}

/* Unregistration waits for callbacks, too. The list may empty and refill. */
static void late_unregistration(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 6387,
		.new_mm = true,
		.setup = { MNS_STEP_REGISTER('A'), MNS_STEP_REGISTER('B') },
		.program = {
			{ MNS_STEP_STOP_AT(5, 16, 'A'), MNS_STEP_END },
			{ MNS_STEP_STOP_AT(30, 39, 'B'), MNS_STEP_START(32, 33, 0),
			  MNS_STEP_END, MNS_STEP_END },
			{ MNS_STEP_UNREGISTER('A'), MNS_STEP_REGISTER('A') },
			{ MNS_STEP_UNREGISTER('B') },
		},
	};

	mns_run_all(test, &scenario);
}

static void late_unregistration_beside_intervals(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 2940,
		.new_mm = true,
		.setup = { MNS_STEP_INSERT('a', 10, 19),
			   MNS_STEP_REGISTER('A'), MNS_STEP_REGISTER('D') },
		.program = {
			{ MNS_STEP_START(5, 16, 0), MNS_STEP_END },
			{ MNS_STEP_STOP_AT(19, 25, 'A'), MNS_STEP_END },
			{ MNS_STEP_FAIL(13, 22) },
			{ MNS_STEP_UNREGISTER('A') },
			{ MNS_STEP_REGISTER('B') },
		},
	};

	mns_run_all(test, &scenario);
}

/* The first insertion makes the mm tracked, and waits for untracked ranges. */
static void first_insertion_after_registration(struct kunit *test)
{
	static const struct mns_scenario scenario = {
		.schedules = 2016,
		.new_mm = true,
		.setup = { MNS_STEP_REGISTER('A') },
		.program = {
			{ MNS_STEP_STOP_AT(5, 16, 'A'), MNS_STEP_END },
			{ MNS_STEP_START(30, 39, 0), MNS_STEP_END },
			{ MNS_STEP_INSERT('a', 10, 19), MNS_STEP_BEGIN('a'),
			  MNS_STEP_RETRY('a') },
			{ MNS_STEP_REGISTER('B') },
		},
	};

	mns_run_all(test, &scenario);
}

/*
 * The walk
 */

static void mns_random_step(struct rnd_state *rnd, struct mns_step *step)
{
	u32 bits = prandom_u32_state(rnd);

	step->thread = prandom_u32_state(rnd) % MNS_WALK_THREADS;
	step->op = MNS_INSERT + prandom_u32_state(rnd) % MNS_END;
	step->sub = prandom_u32_state(rnd) % MNS_WALK_SUBS;
	step->how = bits & 1 ? MNS_BLOCK : bits >> 1 & 3;
	step->gates = bits & 8 ? bits >> 8 & GENMASK(MNS_WALK_SUBS - 1, 0) : 0;
	step->first = prandom_u32_state(rnd) % MNS_PAGES;
	step->last = min(step->first + prandom_u32_state(rnd) % 16,
			 MNS_PAGES - 1U);
}

/* Whether a driver could take the step now. */
static bool mns_may(struct mns_run *run, const struct mns_step *step)
{
	struct mns_entry *inner = mns_inner(&run->model, step->thread);
	struct mns_entry *section = mns_section(&run->model, step->thread);
	struct mns_entry *insertion = mns_insertion(&run->model, step->sub,
						    mns_now(&run->model));
	unsigned int i, nr_invs = 0;

	if (mns_waits(&run->model, step->thread))
		return false;
	if (inner && inner->passes)
		return step->op == MNS_PASS;

	switch (step->op) {
	case MNS_INSERT:
		/* Not while the sub is being removed. */
		for (i = 0; i < run->nr_threads; i++) {
			struct mns_entry *last = mns_last(&run->model, i);

			if (mns_waits(&run->model, i) && last->step.sub == step->sub)
				return false;
		}
		/* Not in an invalidation: insertion takes the mmap_lock. */
		return !insertion && !inner;
	case MNS_REMOVE:
		for (i = 0; i < run->nr_threads; i++) {
			section = mns_section(&run->model, i);
			if (section && section->step.sub == step->sub)
				return false;
		}
		return insertion && !inner;
	case MNS_BEGIN:
		return insertion && !inner && !section;
	case MNS_RETRY:
		return section && section->step.sub == step->sub;
	case MNS_START:
		for (i = 0; i < run->model.nr_entries; i++)
			nr_invs += run->model.entry[i].active &&
				   run->model.entry[i].step.thread == step->thread;
		return nr_invs < MNS_NEST;
	case MNS_END:
		return inner;
	}
	return false;
}

/* Find a step that ends a range, a read section or a subscription. */
static bool mns_last_step(struct mns_run *run, struct mns_step *step)
{
	struct mns_entry *entry;
	unsigned int i;

	*step = (struct mns_step){};
	for (i = 0; i < run->nr_threads; i++) {
		entry = mns_inner(&run->model, i);
		step->thread = i;
		step->op = entry && entry->passes ? MNS_PASS : MNS_END;
		if (entry)
			return true;
	}
	for (i = 0; i < run->nr_threads; i++) {
		entry = mns_section(&run->model, i);
		step->thread = i;
		step->op = MNS_RETRY;
		step->sub = entry ? entry->step.sub : 0;
		if (entry)
			return true;
	}
	step->thread = 0;
	step->op = MNS_REMOVE;
	for (i = 0; i < MNS_SUBS; i++) {
		step->sub = i;
		if (mns_insertion(&run->model, i, mns_now(&run->model)))
			return true;
	}
	return false;
}

/* Take those of the steps that are possible, then clean up. */
static bool mns_play(struct mns_run *run, const struct mns_step *steps,
		     unsigned int nr)
{
	struct mns_step step;

	for (; nr--; steps++) {
		if (mns_may(run, steps) && !mns_step(run, steps))
			return false;
	}
	while (mns_last_step(run, &step)) {
		if (!mns_step(run, &step))
			return false;
	}
	return mns_probe(run);
}

static bool mns_walk(struct mns_run *run, struct rnd_state *rnd)
{
	struct mns_step step;

	while (run->model.nr_entries < MNS_ENTRIES / 2) {
		mns_random_step(rnd, &step);
		if (mns_may(run, &step) && !mns_step(run, &step))
			return false;
	}
	return mns_play(run, NULL, 0);
}

static unsigned int mns_steps_taken(struct mns_run *run,
				    struct mns_step *steps)
{
	unsigned int i, nr = 0;

	for (i = 0; i < run->model.nr_entries; i++) {
		if (run->model.entry[i].step.thread != MNS_SETUP)
			steps[nr++] = run->model.entry[i].step;
	}
	return nr;
}

/*
 * Drop steps as long as some difference remains, even another one; then print
 * the rest. Stop dropping after 20 seconds.
 */
static void mns_minimise(struct mns_run *wrong, struct mns_step *steps,
			 struct mns_step *fewer)
{
	unsigned long timeout = jiffies + 20 * HZ;
	unsigned int nr = mns_steps_taken(wrong, steps);
	unsigned int chunk, at, n, tries = 0;

	for (chunk = nr / 2; chunk; chunk /= 2) {
		for (at = 0; at + chunk <= nr;) {
			struct mns_run *run;

			if (time_after(jiffies, timeout))
				goto out;
			run = mns_new(wrong->test, MNS_WALK_THREADS, true, false);
			if (!run)
				goto out;
			run->hang_seconds = 1;
			tries++;
			memcpy(fewer, steps, at * sizeof(*steps));
			memcpy(fewer + at, steps + at + chunk,
			       (nr - at - chunk) * sizeof(*steps));
			n = nr;
			if (!mns_play(run, fewer, nr - chunk))
				n = mns_steps_taken(run, fewer);
			if (n < nr) {
				nr = n;
				memcpy(steps, fewer, nr * sizeof(*steps));
				wrong->wrong = run->wrong;
				wrong->wrong_thread = run->wrong_thread;
			} else {
				at += chunk;
			}
			mns_destroy(run);
		}
	}
out:
	kunit_err(wrong->test, "%u steps remain after %u tries:\n", nr, tries);
	for (n = 0; n < nr; n++)
		mns_print_step(wrong->test, &steps[n]);
	kunit_err(wrong->test, "then thread %u %s\n", wrong->wrong_thread,
		  wrong->wrong);
}

static void random_walk(struct kunit *test)
{
	unsigned int walk_seed = seed ?: get_random_u32() | 1;
	struct mns_step *steps, *fewer;
	struct mns_run *run;
	unsigned int round;

	steps = kunit_kcalloc(test, MNS_ENTRIES, sizeof(*steps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, steps);
	fewer = kunit_kcalloc(test, MNS_ENTRIES, sizeof(*steps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fewer);
	run = mns_new(test, MNS_WALK_THREADS, true, false);
	KUNIT_ASSERT_NOT_NULL(test, run);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, mns_undo, run));
	kunit_info(test, "mmu_notifier_schedule_kunit.seed=%u\n", walk_seed);

	for (round = 0; round < MNS_WALK_ROUNDS; round++) {
		struct rnd_state rnd;

		prandom_seed_state(&rnd, hash_32(walk_seed + round, 32));
		mns_forget(run);
		if (!mns_walk(run, &rnd)) {
			KUNIT_FAIL(test, "differs from the model with seed=%u",
				   walk_seed + round);
			mns_minimise(run, steps, fewer);
			break;
		}
	}
	mns_print_numbers(run, "rounds", round);
	if (round == MNS_WALK_ROUNDS)
		KUNIT_EXPECT_GT(test, run->waits, 0);
}

static const struct kunit_attributes mns_very_slow = {
	.speed = KUNIT_SPEED_VERY_SLOW,
};

static struct kunit_case mmu_notifier_schedule_cases[] = {
	KUNIT_CASE(invalidations_of_all_kinds),
	KUNIT_CASE_SLOW(disjoint_invalidations),
	KUNIT_CASE_SLOW(nested_invalidations),
	KUNIT_CASE_SLOW(failing_invalidations),
	KUNIT_CASE_SLOW(late_announcements),
	KUNIT_CASE_SLOW(removal_and_insertion_apart),
	KUNIT_CASE_SLOW(removal_in_two_waits),
	KUNIT_CASE_ATTR(overlapping_invalidations, mns_very_slow),
	KUNIT_CASE_SLOW(late_registration),
	KUNIT_CASE_SLOW(late_registration_beside_intervals),
	KUNIT_CASE_SLOW(first_registration_after_intervals),
	KUNIT_CASE_SLOW(late_registration_and_failures),
	KUNIT_CASE_SLOW(first_registration_and_refusals),
	KUNIT_CASE_SLOW(late_unregistration),
	KUNIT_CASE_SLOW(late_unregistration_beside_intervals),
	KUNIT_CASE_SLOW(first_insertion_after_registration),
	KUNIT_CASE_SLOW(random_walk),
	{}
};

static struct kunit_suite mmu_notifier_schedule_suite = {
	.name = "mmu_notifier_schedule",
	.test_cases = mmu_notifier_schedule_cases,
};

kunit_test_suite(mmu_notifier_schedule_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: all schedules of small scenarios");
MODULE_LICENSE("GPL");

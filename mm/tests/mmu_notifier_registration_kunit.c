// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract of MMU notifiers where subscriptions come and go beside active
 * invalidations: what each call waits for, and what it blocks.
 *
 * Invalidations run in threads of their own, under a reverse map lock, like
 * those of truncation: an implementation may wait for that lock instead.
 */

#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/vmstat.h>
#include <trace/events/percpu.h>

#include "mmu_notifier_helpers.h"

/*
 * Subscriptions to get and put. The cases own their memory.
 */

static unsigned int nr_freed;
static struct mn_sub *sub_to_get;

static struct mmu_notifier *alloc_notifier(struct mm_struct *mm)
{
	return &sub_to_get->notifier;
}

static void free_notifier(struct mmu_notifier *notifier)
{
	WRITE_ONCE(nr_freed, nr_freed + 1);
}

/* As mn_range_ops. */
static struct mmu_notifier_ops get_ops, put_ops;

static int registration_init(struct kunit *test)
{
	int err = mn_init(test);

	if (err)
		return err;
	nr_freed = 0;
	put_ops = mn_range_ops;
	put_ops.free_notifier = free_notifier;
	get_ops = put_ops;
	get_ops.alloc_notifier = alloc_notifier;
	sub_to_get = mn_sub(test->priv, 'g', &get_ops);
	return 0;
}

/* Register a subscription with one user, for mn_put(). */
static struct mn_sub *register_to_put(struct mn_ctx *ctx)
{
	struct mn_sub *sub = mn_register(ctx, 'p', &put_ops);

	sub->gets = 1;
	return sub;
}

/*
 * A file mapped into the mm, for its reverse map lock
 */

static int file_mmap(struct file *file, struct vm_area_struct *vma)
{
	return 0;
}

static const struct file_operations file_fops = {
	.mmap = file_mmap,
};

static struct address_space *map_file(struct mn_ctx *ctx)
{
	struct file *file = anon_inode_getfile("[mmu_notifier_kunit]",
					       &file_fops, NULL, O_RDWR);
	struct address_space *mapping;

	KUNIT_ASSERT_FALSE(ctx->test, IS_ERR(file));
	/* All anon_inode files share this mapping. */
	mapping = file->f_mapping;
	mn_map_into_mm(ctx, file);
	return mapping;
}

/*
 * Invalidations
 */

/* Where the invalidation stops while the event happens. */
enum place { IN_START, BETWEEN, IN_END };

static const char * const place_names[] = { "in_start", "between", "in_end" };

struct invalidation {
	struct mmu_notifier_range range[2];
	unsigned int nr;
	bool nonblock;
	struct address_space *mapping;	/* i_mmap lock to hold, or NULL */
	struct mn_gate *gate;		/* between start and end */
	struct mn_call *call;
	int err;
};

static int start_range(struct invalidation *inv,
		       struct mmu_notifier_range *range)
{
	if (inv->nonblock)
		return mmu_notifier_invalidate_range_start_nonblock(range);
	mmu_notifier_invalidate_range_start(range);
	return 0;
}

static void call_invalidate(struct mn_call *call)
{
	struct invalidation *inv = call->arg;
	unsigned int i;

	if (inv->mapping)
		i_mmap_lock_read(inv->mapping);
	for (i = 0; i < inv->nr; i++) {
		inv->err = start_range(inv, &inv->range[i]);
		if (inv->err)
			break;
	}
	mn_gate_pass(inv->gate);
	while (i--)
		mmu_notifier_invalidate_range_end(&inv->range[i]);
	if (inv->mapping)
		i_mmap_unlock_read(inv->mapping);
}

static struct invalidation *
invalidation(struct mn_ctx *ctx, struct mm_struct *mm,
	     struct address_space *mapping)
{
	struct invalidation *inv = mn_alloc(ctx, sizeof(*inv));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inv->range); i++)
		mmu_notifier_range_init(&inv->range[i], MMU_NOTIFY_CLEAR, 0,
					mm, MN_ADDR(0), MN_ADDR(2 - i));
	inv->nr = 1;
	inv->mapping = mapping;
	inv->gate = mn_gate(ctx);
	return inv;
}

static void spawn_invalidation(struct mn_ctx *ctx, struct invalidation *inv)
{
	inv->call = mn_spawn(ctx, "an invalidation", inv, call_invalidate, -1);
}

static void invalidation_returns(struct kunit *test, struct invalidation *inv)
{
	mn_gate_open(inv->gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(inv->call));
	KUNIT_EXPECT_EQ(test, inv->err, 0);
}

/* Run @inv up to @place. @sub, if any, is a subscription that @inv calls. */
static void invalidate_up_to(struct mn_ctx *ctx, struct invalidation *inv,
			     enum place place, struct mn_sub *sub)
{
	if (place == IN_START)
		sub->gate = mn_gate(ctx);
	if (place == IN_END)
		sub->other_gate = mn_gate(ctx);
	spawn_invalidation(ctx, inv);
	if (place == IN_START) {
		mn_gate_entered(ctx, sub->gate);
		return;
	}
	mn_gate_entered(ctx, inv->gate);
	if (place == IN_END) {
		mn_gate_open(inv->gate);
		mn_gate_entered(ctx, sub->other_gate);
	}
}

/* Let @inv go on from its place to its end. */
static void let_it_end(struct kunit *test, struct invalidation *inv,
		       struct mn_sub *sub)
{
	if (sub && sub->gate)
		mn_gate_open(sub->gate);
	if (sub && sub->other_gate)
		mn_gate_open(sub->other_gate);
	invalidation_returns(test, inv);
}

DEFINE_STATIC_SRCU(settling);

/*
 * The call sleeps for an active range, not just for a grace period: let one of
 * each kind pass and look again.
 */
static void expect_sleep(struct kunit *test, struct mn_call *call)
{
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
	synchronize_srcu(&settling);
	rcu_barrier();
	KUNIT_EXPECT_TRUE(test, mn_sleeps(call));
}

/*
 * Events: calls made in a thread while invalidations are active
 */

struct event {
	const struct event_kind *kind;
	struct mn_ctx *ctx;
	struct mm_struct *mm;
	struct mn_sub *sub;		/* to add or remove */
	struct mn_interval *interval;	/* to insert */
	struct mn_call *call;
	int err;
};

struct event_kind {
	const char *name;
	const char *what;
	void (*happen)(struct event *event);
	bool comes;		/* adding waits for active ranges */
	bool tracks;
	bool goes;
};

/* Protects the lists of the case, which the threads change. */
static DEFINE_MUTEX(lists);

static void happen_register(struct event *event)
{
	event->err = mmu_notifier_register(&event->sub->notifier, event->mm);
	mutex_lock(&lists);
	mn_registered(event->sub, event->err);
	mutex_unlock(&lists);
}

static void happen_get(struct event *event)
{
	struct mmu_notifier *notifier = mmu_notifier_get(&get_ops, event->mm);

	event->err = PTR_ERR_OR_ZERO(notifier);
	mutex_lock(&lists);
	if (!event->err)
		event->sub = mn_got(event->ctx, notifier);
	mutex_unlock(&lists);
}

static void happen_insert(struct event *event)
{
	struct mn_interval *interval = event->interval;

	event->err = mmu_interval_notifier_insert(&interval->sub, event->mm, 0,
						  MN_ADDR(10),
						  &mn_interval_ops);
	mutex_lock(&lists);
	mn_inserted(interval, event->err);
	mutex_unlock(&lists);
}

static void happen_prepare(struct event *event)
{
	event->err = mmu_notifier_register(NULL, event->mm);
}

static void happen_unregister(struct event *event)
{
	mutex_lock(&lists);
	list_del_init(&event->sub->node);
	mutex_unlock(&lists);
	mmu_notifier_unregister(&event->sub->notifier,
				event->sub->notifier.mm);
}

static void happen_put(struct event *event)
{
	mutex_lock(&lists);
	mn_put(event->sub);
	mutex_unlock(&lists);
}

static void happen_put_and_synchronize(struct event *event)
{
	happen_put(event);
	mmu_notifier_synchronize();
	event->err = READ_ONCE(nr_freed) - 1;
}

static void happen_release(struct event *event)
{
	mn_release_mm(event->ctx);
}

enum {
	REGISTER, GET, INSERT, PREPARE, UNREGISTER, PUT, PUT_AND_SYNCHRONIZE,
	RELEASE,
};

static const struct event_kind kinds[] = {
	[REGISTER] = { "register", "mmu_notifier_register", happen_register,
		       .comes = true },
	[GET] = { "get", "mmu_notifier_get", happen_get, .comes = true },
	[INSERT] = { "insert", "mmu_interval_notifier_insert", happen_insert,
		     .comes = true, .tracks = true },
	[PREPARE] = { "prepare", "mmu_notifier_register(NULL)", happen_prepare,
		      .comes = true, .tracks = true },
	[UNREGISTER] = { "unregister", "mmu_notifier_unregister",
			 happen_unregister, .goes = true },
	[PUT] = { "put", "mmu_notifier_put", happen_put, .goes = true },
	[PUT_AND_SYNCHRONIZE] = { "put_and_synchronize",
				  "mmu_notifier_synchronize",
				  happen_put_and_synchronize, .goes = true },
	[RELEASE] = { "release", "the release of the mm", happen_release },
};

static void call_event(struct mn_call *call)
{
	struct event *event = call->arg;

	event->kind->happen(event);
}

/* Also set up what the event needs, such as a subscription to unregister. */
static struct event *event(struct mn_ctx *ctx, struct mm_struct *mm,
			   unsigned int kind)
{
	struct event *event = mn_alloc(ctx, sizeof(*event));

	event->kind = &kinds[kind];
	event->ctx = ctx;
	event->mm = mm;
	if (kind == REGISTER)
		event->sub = mn_sub(ctx, 'n', &mn_range_ops);
	else if (kind == GET)
		event->sub = sub_to_get;
	else if (kind == INSERT)
		event->interval = mn_interval(ctx, 0);
	else if (kind == UNREGISTER)
		event->sub = mn_register(ctx, 'u', &mn_range_ops);
	else if (event->kind->goes)
		event->sub = register_to_put(ctx);
	return event;
}

/* On CPU 0, so that SRCU runs its callbacks in the order of the puts. */
static void spawn_event(struct event *event)
{
	event->call = mn_spawn(event->ctx, event->kind->what, event, call_event,
			       0);
}

static void event_returns(struct kunit *test, struct event *event)
{
	KUNIT_ASSERT_TRUE(test, mn_returns(event->call));
	KUNIT_EXPECT_EQ(test, event->err, 0);
}

/* Poll: only PUT_AND_SYNCHRONIZE waits for the free. */
static void expect_freed(struct kunit *test, unsigned int nr)
{
	unsigned long timeout = jiffies + MN_HANG_SECONDS * HZ;

	while (READ_ONCE(nr_freed) < nr && time_before(jiffies, timeout))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(nr_freed), nr);
}

static void expect_calls(struct kunit *test, const struct mn_sub *sub,
			 unsigned int starts, unsigned int ends)
{
	KUNIT_EXPECT_EQ_MSG(test, sub->starts, starts, "of %c", sub->name);
	KUNIT_EXPECT_EQ_MSG(test, sub->ends, ends, "of %c", sub->name);
}

static void expect_pairs(struct kunit *test, const struct mn_sub *sub)
{
	expect_calls(test, sub, sub->starts, sub->starts);
	KUNIT_EXPECT_GT(test, sub->starts, 0);
}

/* The new subscription saw no earlier range, and sees all later ones. */
static void expect_told_from_now_on(struct kunit *test, struct event *event)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_call *read;

	/* event_returns() has reported the failure. */
	if (event->err)
		return;
	if (event->sub)
		expect_calls(test, event->sub, 0, 0);
	if (event->interval)
		KUNIT_EXPECT_EQ(test, event->interval->calls, 0);
	mn_invalidate(ctx, 0, 1);
	if (event->sub)
		expect_calls(test, event->sub, 1, 1);
	if (!event->interval)
		return;
	KUNIT_EXPECT_EQ(test, event->interval->calls, 1);
	read = mn_spawn_read(event->interval);
	KUNIT_ASSERT_TRUE(test, mn_returns(read));
}

/*
 * Scenes: the subscriptions of an mm, and an active invalidation
 */

enum {
	WHOLE = BIT(0),			/* a subscription to the whole mm */
	INTERVALS = BIT(1),
	INTERVALS_FIRST = BIT(2),
	CROWD = BIT(3),			/* too many to track one by one */
	NESTED = BIT(4),
	NONBLOCK = BIT(5),
};

struct scene {
	struct mn_sub *sub;		/* if WHOLE */
	struct mn_interval *interval;	/* if INTERVALS */
	struct address_space *mapping;
	struct invalidation *inv;
};

static struct scene *scene(struct mn_ctx *ctx, unsigned int flags)
{
	struct scene *scene = mn_alloc(ctx, sizeof(*scene));

	scene->mapping = map_file(ctx);
	if (flags & INTERVALS_FIRST)
		scene->interval = mn_insert(ctx, 0, 0, 10);
	if (flags & WHOLE)
		scene->sub = mn_register(ctx, 'k', &mn_range_ops);
	if (flags & INTERVALS)
		scene->interval = mn_insert(ctx, 0, 0, 10);
	scene->inv = invalidation(ctx, ctx->mm, scene->mapping);
	scene->inv->nr = flags & NESTED ? 2 : 1;
	scene->inv->nonblock = flags & NONBLOCK;
	return scene;
}

/* With CROWD, the invalidation is one of those not tracked one by one. */
static void begin_scene(struct mn_ctx *ctx, struct scene *scene,
			unsigned int flags, enum place place)
{
	if (flags & CROWD)
		mn_crowd(ctx, MN_CROWD);
	invalidate_up_to(ctx, scene->inv, place, scene->sub);
	if (flags & CROWD)
		mn_crowd_end(ctx);
}

static void end_scene(struct kunit *test, struct scene *scene)
{
	let_it_end(test, scene->inv, scene->sub);
	if (scene->sub)
		expect_pairs(test, scene->sub);
}

static void describe_scene(unsigned int flags, char *desc)
{
	static const char * const names[] = {
		"_whole", "_intervals", "_intervals_first", "_crowd", "_nested",
		"_nonblock",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (flags & BIT(i))
			strlcat(desc, names[i], KUNIT_PARAM_DESC_SIZE);
	}
}

/*
 * Registration
 */

struct arrival {
	unsigned int kind;
	unsigned int flags;
	enum place place;
};

/* Not the first subscription, so mm_take_all_locks() is not called. */
static const struct arrival arrivals[] = {
	{ REGISTER, WHOLE, IN_START },
	{ REGISTER, WHOLE, BETWEEN },
	{ REGISTER, WHOLE, IN_END },
	{ REGISTER, WHOLE | NESTED, BETWEEN },
	{ REGISTER, WHOLE | NONBLOCK, BETWEEN },
	{ REGISTER, INTERVALS, BETWEEN },
	{ REGISTER, INTERVALS | NESTED, BETWEEN },
	{ REGISTER, INTERVALS | NONBLOCK, BETWEEN },
	{ REGISTER, INTERVALS | CROWD, BETWEEN },
	{ REGISTER, INTERVALS | CROWD | NESTED, BETWEEN },
	{ REGISTER, WHOLE | INTERVALS, BETWEEN },
	{ REGISTER, WHOLE | INTERVALS_FIRST, BETWEEN },
	{ REGISTER, WHOLE | INTERVALS, IN_END },
	{ REGISTER, WHOLE | INTERVALS | CROWD, BETWEEN },
	{ GET, WHOLE, IN_START },
	{ GET, WHOLE, BETWEEN },
	{ GET, INTERVALS, BETWEEN },
	{ GET, INTERVALS | CROWD, BETWEEN },
	{ GET, WHOLE | INTERVALS, BETWEEN },
	{ INSERT, WHOLE, IN_START },
	{ INSERT, WHOLE, BETWEEN },
	{ INSERT, WHOLE, IN_END },
	{ INSERT, WHOLE | NESTED, BETWEEN },
	{ INSERT, WHOLE | NONBLOCK, BETWEEN },
	{ PREPARE, WHOLE, BETWEEN },
};

static void describe_arrival(const struct arrival *arrival, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s", kinds[arrival->kind].name,
		 place_names[arrival->place]);
	describe_scene(arrival->flags, desc);
}

KUNIT_ARRAY_PARAM(arrivals, arrivals, describe_arrival);

/* Begin the scene, and have this run's kind of event wait in it. */
static struct event *arrive(struct kunit *test, struct scene *scene_)
{
	const struct arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct event *new;

	begin_scene(ctx, scene_, arrival->flags, arrival->place);
	new = event(ctx, ctx->mm, arrival->kind);
	spawn_event(new);
	expect_sleep(test, new->call);
	return new;
}

static void registration_waits_for_what_is_active(struct kunit *test)
{
	const struct arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct scene *scene_ = scene(ctx, arrival->flags);
	struct event *new = arrive(test, scene_);

	if (arrival->place == IN_START) {
		mn_gate_open(scene_->sub->gate);
		mn_gate_entered(ctx, scene_->inv->gate);
		expect_sleep(test, new->call);
	}
	end_scene(test, scene_);
	event_returns(test, new);
	expect_told_from_now_on(test, new);
}

/*
 * A range that starts while the registration waits calls the new subscription,
 * or starts only after it. Have @later active when the registration returns.
 */
static void registration_is_told_of_what_starts_while_it_waits(struct kunit *test)
{
	const struct arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct scene *scene_ = scene(ctx, arrival->flags);
	struct invalidation *later = invalidation(ctx, ctx->mm, scene_->mapping);
	struct mn_call *read = NULL;
	struct event *new;

	later->nonblock = scene_->inv->nonblock;
	new = arrive(test, scene_);
	spawn_invalidation(ctx, later);
	KUNIT_EXPECT_TRUE(test, mn_sleeps(later->call));

	let_it_end(test, scene_->inv, scene_->sub);
	event_returns(test, new);
	mn_gate_entered(ctx, later->gate);
	if (new->sub)
		expect_calls(test, new->sub, 1, 0);
	if (new->interval) {
		read = mn_spawn_read(new->interval);
		KUNIT_EXPECT_TRUE(test, mn_sleeps(read));
	}
	invalidation_returns(test, later);
	if (new->sub)
		expect_calls(test, new->sub, 1, 1);
	if (read)
		KUNIT_ASSERT_TRUE(test, mn_returns(read));
	if (scene_->sub)
		expect_pairs(test, scene_->sub);
}

static void registrations_at_once_all_wait(struct kunit *test)
{
	static const unsigned int at_once[] = {
		REGISTER, GET, REGISTER, INSERT, REGISTER, GET, PREPARE,
	};
	struct mn_ctx *ctx = test->priv;
	struct scene *scene_ = scene(ctx, WHOLE);
	struct event *new[ARRAY_SIZE(at_once)];
	int i;

	begin_scene(ctx, scene_, WHOLE, BETWEEN);
	for (i = 0; i < ARRAY_SIZE(at_once); i++) {
		new[i] = event(ctx, ctx->mm, at_once[i]);
		spawn_event(new[i]);
	}
	for (i = 0; i < ARRAY_SIZE(at_once); i++)
		expect_sleep(test, new[i]->call);
	end_scene(test, scene_);
	for (i = 0; i < ARRAY_SIZE(at_once); i++)
		event_returns(test, new[i]);

	mn_invalidate(ctx, 0, 1);
	for (i = 0; i < ARRAY_SIZE(at_once); i++) {
		if (new[i]->sub)
			expect_calls(test, new[i]->sub, 1, 1);
		if (new[i]->interval)
			KUNIT_EXPECT_EQ(test, new[i]->interval->calls, 1);
	}
	expect_calls(test, scene_->sub, 2, 2);
	/* Both GETs returned the same subscription. */
	KUNIT_EXPECT_EQ(test, sub_to_get->gets, 2);
}

/*
 * Locks
 */

enum lock { I_MMAP, ANON_VMA, ALL_OF_ANOTHER_MM };

static const char * const lock_names[] = {
	"i_mmap", "anon_vma", "all_locks_of_another_mm",
};

struct lock_holder {
	enum lock lock;
	struct address_space *mapping;
	struct rw_semaphore *anon_vma;
	struct mm_struct *mm;
	struct mn_gate *gate;
	int err;
};

static void call_hold_lock(struct mn_call *call)
{
	struct lock_holder *holder = call->arg;
	struct mm_struct *mm = holder->mm;

	switch (holder->lock) {
	case I_MMAP:
		i_mmap_lock_read(holder->mapping);
		mn_gate_pass(holder->gate);
		i_mmap_unlock_read(holder->mapping);
		break;
	case ANON_VMA:
		down_read(holder->anon_vma);
		mn_gate_pass(holder->gate);
		up_read(holder->anon_vma);
		break;
	case ALL_OF_ANOTHER_MM:
		mmap_write_lock(mm);
		holder->err = mm_take_all_locks(mm);
		mn_gate_pass(holder->gate);
		if (!holder->err)
			mm_drop_all_locks(mm);
		mmap_write_unlock(mm);
		break;
	}
}

/* The anon_vma lock of a page mapped in the mm. */
static struct rw_semaphore *anon_vma_lock(struct mn_ctx *ctx)
{
	unsigned long addr = mn_map_into_mm(ctx, NULL);
	struct rw_semaphore *lock = NULL;
	struct vm_area_struct *vma;

	mmap_read_lock(ctx->mm);
	vma = vma_lookup(ctx->mm, addr);
	if (vma && vma->anon_vma)
		lock = &vma->anon_vma->root->rwsem;
	mmap_read_unlock(ctx->mm);
	KUNIT_ASSERT_NOT_NULL(ctx->test, lock);
	return lock;
}

/* Have a thread hold @lock until the gate opens. */
static struct mn_gate *hold_lock(struct mn_ctx *ctx, enum lock lock)
{
	struct lock_holder *holder = mn_alloc(ctx, sizeof(*holder));

	holder->lock = lock;
	holder->mapping = map_file(ctx);
	holder->anon_vma = anon_vma_lock(ctx);
	holder->mm = mn_other_mm(ctx);
	holder->gate = mn_gate(ctx);
	mn_spawn(ctx, "the holder of a lock", holder, call_hold_lock, -1);
	mn_gate_entered(ctx, holder->gate);
	KUNIT_ASSERT_EQ(ctx->test, holder->err, 0);
	return holder->gate;
}

/* Registration with an mm while another thread holds @lock. */
struct locked_arrival {
	unsigned int kind;
	unsigned int flags;
	enum lock lock;
};

static void describe_locked(const struct locked_arrival *arrival, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s", kinds[arrival->kind].name,
		 lock_names[arrival->lock]);
	describe_scene(arrival->flags, desc);
}

static const struct locked_arrival first_arrivals[] = {
	{ REGISTER, 0, I_MMAP },
	{ REGISTER, 0, ANON_VMA },
	{ GET, 0, I_MMAP },
	{ INSERT, 0, I_MMAP },
	{ PREPARE, 0, I_MMAP },
};

KUNIT_ARRAY_PARAM(first_arrivals, first_arrivals, describe_locked);

/* Untracked ranges show only by the reverse map locks they hold. */
static void first_registration_waits_for_locks_of_the_mm(struct kunit *test)
{
	const struct locked_arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct event *new = event(ctx, ctx->mm, arrival->kind);
	struct mn_gate *lock = hold_lock(ctx, arrival->lock);

	spawn_event(new);
	expect_sleep(test, new->call);
	mn_gate_open(lock);
	event_returns(test, new);
	expect_told_from_now_on(test, new);
}

static const struct locked_arrival later_arrivals[] = {
	{ REGISTER, WHOLE, I_MMAP },
	{ REGISTER, WHOLE, ANON_VMA },
	{ REGISTER, WHOLE, ALL_OF_ANOTHER_MM },
	{ REGISTER, INTERVALS, I_MMAP },
	{ REGISTER, INTERVALS, ANON_VMA },
	{ REGISTER, INTERVALS, ALL_OF_ANOTHER_MM },
	{ REGISTER, WHOLE | INTERVALS, I_MMAP },
	{ REGISTER, WHOLE | INTERVALS_FIRST, ANON_VMA },
	{ GET, WHOLE, I_MMAP },
	{ GET, INTERVALS, ALL_OF_ANOTHER_MM },
	{ INSERT, WHOLE, I_MMAP },
	{ INSERT, WHOLE, ANON_VMA },
	{ INSERT, WHOLE, ALL_OF_ANOTHER_MM },
	{ PREPARE, WHOLE, I_MMAP },
};

KUNIT_ARRAY_PARAM(later_arrivals, later_arrivals, describe_locked);

static void later_registration_takes_no_lock_of_the_mm(struct kunit *test)
{
	const struct locked_arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct event *new;

	scene(ctx, arrival->flags);
	new = event(ctx, ctx->mm, arrival->kind);
	hold_lock(ctx, arrival->lock);
	spawn_event(new);
	event_returns(test, new);
	expect_told_from_now_on(test, new);
}

/*
 * Signals and failures
 */

static const struct arrival interrupted_arrivals[] = {
	{ REGISTER, WHOLE, BETWEEN },
	{ REGISTER, INTERVALS, BETWEEN },
	{ REGISTER, INTERVALS | CROWD, BETWEEN },
	{ GET, WHOLE, BETWEEN },
	{ INSERT, WHOLE, BETWEEN },
};

KUNIT_ARRAY_PARAM(interrupted_arrivals, interrupted_arrivals, describe_arrival);

static void interrupt(struct mn_call *call)
{
	set_tsk_thread_flag(call->task, TIF_SIGPENDING);
	wake_up_state(call->task, TASK_INTERRUPTIBLE);
}

static void later_registration_is_not_interrupted(struct kunit *test)
{
	const struct arrival *arrival = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct scene *scene_ = scene(ctx, arrival->flags);
	struct event *new = arrive(test, scene_);

	interrupt(new->call);
	expect_sleep(test, new->call);
	end_scene(test, scene_);
	event_returns(test, new);
	expect_told_from_now_on(test, new);
}

static void later_registration_allocates_nothing(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_sub(ctx, 'n', &mn_range_ops);
	int err;

	mn_register(ctx, 'k', &mn_range_ops);
	mn_failslab_begin(ctx);
	mn_fail_allocation(1);
	err = mn_try_register(sub, ctx->mm);
	KUNIT_EXPECT_FALSE(test, mn_allocation_failed());
	KUNIT_ASSERT_EQ(test, err, 0);
	mn_invalidate(ctx, 0, 1);
	expect_calls(test, sub, 1, 1);
}

static int try_register(void *arg)
{
	struct mn_sub *sub = arg;

	return mn_try_register(sub, sub->ctx->mm);
}

/* A failure leaves the interval_sub working. */
static void first_of_the_mm_beside_intervals_may_fail_to_allocate(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_interval *interval = mn_insert(ctx, 0, 0, 10);
	struct mn_sub *sub = mn_sub(ctx, 'n', &mn_range_ops);
	unsigned int nth;

	mn_failslab_begin(ctx);
	for (nth = 1; mn_fails(ctx, nth, try_register, sub); nth++) {
		mn_invalidate(ctx, 0, 1);
		KUNIT_EXPECT_EQ(test, interval->calls, nth);
		expect_calls(test, sub, 0, 0);
	}
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, interval->calls, nth);
	expect_calls(test, sub, 1, 1);
}

/*
 * Unregistration, put and the end of the mm
 */

/* Which of three subscriptions goes, and where the invalidation stops. */
struct departure {
	unsigned int kind;
	unsigned int which;
	enum place place;
};

static const struct departure departures[] = {
	{ UNREGISTER, 0, IN_START },
	{ UNREGISTER, 1, IN_START },
	{ UNREGISTER, 2, IN_START },
	{ UNREGISTER, 0, BETWEEN },
	{ UNREGISTER, 1, BETWEEN },
	{ UNREGISTER, 2, BETWEEN },
	{ UNREGISTER, 0, IN_END },
	{ UNREGISTER, 1, IN_END },
	{ UNREGISTER, 2, IN_END },
	{ PUT, 0, IN_START },
	{ PUT, 1, IN_START },
	{ PUT, 2, IN_START },
	{ PUT, 0, BETWEEN },
	{ PUT, 1, BETWEEN },
	{ PUT, 2, BETWEEN },
	{ PUT, 1, IN_END },
};

static void describe_departure(const struct departure *departure, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%u_%s",
		 kinds[departure->kind].name, departure->which,
		 place_names[departure->place]);
}

KUNIT_ARRAY_PARAM(departures, departures, describe_departure);

#define NR_PEERS	3

/* The subscription that goes may miss the end. */
static void others_are_paired_when_one_goes(struct kunit *test)
{
	const struct departure *departure = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct invalidation *inv = invalidation(ctx, ctx->mm, NULL);
	struct mn_sub *peer[NR_PEERS], *gone;
	struct event *departing;
	unsigned int starts, ends;
	int i;

	for (i = 0; i < NR_PEERS; i++) {
		if (i != departure->which) {
			peer[i] = mn_register(ctx, 'a' + i, &mn_range_ops);
			continue;
		}
		departing = event(ctx, ctx->mm, departure->kind);
		peer[i] = departing->sub;
	}
	gone = peer[departure->which];
	invalidate_up_to(ctx, inv, departure->place, peer[1]);
	spawn_event(departing);
	if (departure->kind == UNREGISTER && departure->place != BETWEEN)
		expect_sleep(test, departing->call);
	let_it_end(test, inv, peer[1]);
	event_returns(test, departing);
	expect_freed(test, departure->kind == PUT);

	starts = gone->starts;
	ends = gone->ends;
	KUNIT_EXPECT_LE(test, ends, starts);
	for (i = 0; i < NR_PEERS; i++) {
		if (i != departure->which)
			expect_calls(test, peer[i], 1, 1);
	}
	mn_invalidate(ctx, 0, 1);
	for (i = 0; i < NR_PEERS; i++) {
		if (i != departure->which)
			expect_calls(test, peer[i], 2, 2);
	}
	expect_calls(test, gone, starts, ends);
}

static void put_frees_when_the_invalidation_has_ended(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *other = mn_register(ctx, 'o', &mn_range_ops);
	struct event *put = event(ctx, ctx->mm, PUT);
	struct invalidation *inv = invalidation(ctx, ctx->mm, NULL);

	invalidate_up_to(ctx, inv, IN_START, other);
	spawn_event(put);
	event_returns(test, put);
	synchronize_srcu(&settling);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, READ_ONCE(nr_freed), 0);
	let_it_end(test, inv, other);
	expect_freed(test, 1);
	expect_calls(test, other, 1, 1);
}

static const unsigned int exits[] = {
	WHOLE, WHOLE | NESTED, WHOLE | NONBLOCK, WHOLE | INTERVALS,
	WHOLE | INTERVALS_FIRST, WHOLE | INTERVALS | CROWD,
};

static void describe_exit(const unsigned int *flags, char *desc)
{
	strscpy(desc, "release", KUNIT_PARAM_DESC_SIZE);
	describe_scene(*flags, desc);
}

KUNIT_ARRAY_PARAM(exits, exits, describe_exit);

static void invalidation_across_the_end_of_the_mm_is_paired(struct kunit *test)
{
	const unsigned int *flags = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct scene *scene_ = scene(ctx, *flags);
	struct mn_sub *second = mn_register(ctx, 's', &mn_range_ops);
	struct event *release = event(ctx, ctx->mm, RELEASE);

	mn_pin(ctx, ctx->mm);
	begin_scene(ctx, scene_, *flags, BETWEEN);
	spawn_event(release);
	expect_sleep(test, release->call);
	end_scene(test, scene_);
	event_returns(test, release);
	expect_pairs(test, second);
	KUNIT_EXPECT_EQ(test, scene_->sub->releases, 1);
	KUNIT_EXPECT_EQ(test, second->releases, 1);
}

/*
 * Two events that meet: when the second one begins, the first waits for an
 * invalidation, unless it is of a kind that does not wait.
 */

struct meeting {
	unsigned int first;
	unsigned int second;
};

static const struct meeting meetings[] = {
	{ REGISTER, REGISTER }, { REGISTER, GET },
	{ REGISTER, INSERT }, { REGISTER, PREPARE },
	{ REGISTER, UNREGISTER }, { REGISTER, PUT },
	{ GET, REGISTER }, { GET, GET },
	{ GET, INSERT }, { GET, PREPARE },
	{ GET, UNREGISTER }, { GET, PUT },
	{ INSERT, REGISTER }, { INSERT, GET },
	{ INSERT, INSERT }, { INSERT, PREPARE },
	{ INSERT, UNREGISTER }, { INSERT, PUT },
	{ PREPARE, REGISTER }, { PREPARE, GET },
	{ PREPARE, INSERT }, { PREPARE, PREPARE },
	{ PREPARE, UNREGISTER }, { PREPARE, PUT },
	{ UNREGISTER, REGISTER }, { UNREGISTER, GET },
	{ UNREGISTER, INSERT }, { UNREGISTER, PREPARE },
	{ UNREGISTER, UNREGISTER }, { UNREGISTER, PUT },
	{ PUT, REGISTER }, { PUT, GET },
	{ PUT, INSERT }, { PUT, PREPARE },
	{ PUT, UNREGISTER }, { PUT, PUT },
	/* Registering pins mm_users, so pair RELEASE with removals only. */
	{ UNREGISTER, RELEASE },
	{ PUT, RELEASE },
	{ RELEASE, UNREGISTER },
	{ RELEASE, PUT },
};

static void describe_meeting(const struct meeting *meeting, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_and_%s",
		 kinds[meeting->first].name, kinds[meeting->second].name);
}

KUNIT_ARRAY_PARAM(meetings, meetings, describe_meeting);

/* An added subscription is called, a removed one is not. */
static void expect_state(struct kunit *test, struct event *event,
			 unsigned int starts)
{
	if (event->kind->comes && event->sub)
		expect_calls(test, event->sub, 1, 1);
	if (event->interval)
		KUNIT_EXPECT_EQ(test, event->interval->calls, 1);
	if (event->kind->goes)
		KUNIT_EXPECT_EQ(test, event->sub->starts, starts);
}

static void events_that_meet_do_not_disturb_one_another(struct kunit *test)
{
	const struct meeting *meeting = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mm_struct *mm = mn_pin(ctx, ctx->mm);
	struct scene *scene_ = scene(ctx, WHOLE);
	unsigned int nr_put = (meeting->first == PUT) + (meeting->second == PUT);
	/* Without the scene's own subscription, which is removed as well. */
	int count = atomic_read(&mm->mm_count) - 1;
	struct event *first = event(ctx, mm, meeting->first);
	struct event *second = event(ctx, mm, meeting->second);
	unsigned int starts[2];

	begin_scene(ctx, scene_, WHOLE, BETWEEN);
	spawn_event(first);
	/* Not all kinds sleep. */
	mn_sleeps(first->call);
	spawn_event(second);
	mn_sleeps(second->call);
	let_it_end(test, scene_->inv, scene_->sub);
	event_returns(test, first);
	event_returns(test, second);

	if (!ctx->mm) {
		KUNIT_EXPECT_LE(test, scene_->sub->ends, 1);
		KUNIT_EXPECT_EQ(test, scene_->sub->releases, 1);
		return;
	}
	expect_calls(test, scene_->sub, 1, 1);
	starts[0] = first->sub ? first->sub->starts : 0;
	starts[1] = second->sub ? second->sub->starts : 0;
	mn_invalidate(ctx, 0, 1);
	expect_calls(test, scene_->sub, 2, 2);
	expect_state(test, first, starts[0]);
	expect_state(test, second, starts[1]);

	/* Remove all that is left, so that its mm_count references go. */
	nr_put += sub_to_get->gets > 0;
	while (!list_empty(&ctx->intervals))
		mn_remove(list_first_entry(&ctx->intervals, struct mn_interval,
					   node));
	while (!list_empty(&ctx->subs)) {
		struct mn_sub *sub = list_first_entry(&ctx->subs,
						      struct mn_sub, node);

		if (sub->gets)
			mn_put(sub);
		else
			mn_unregister(sub);
	}
	expect_freed(test, nr_put);
	mmu_notifier_synchronize();
	/* @count may include a lazy-TLB reference left by map_file(). */
	KUNIT_EXPECT_LE(test, atomic_read(&mm->mm_count), count);
	KUNIT_EXPECT_GE(test, atomic_read(&mm->mm_count), count - 1);
}

static const unsigned int beside_an_unregistration[] = {
	REGISTER, GET, INSERT, PREPARE,
};

static void describe_kind(const unsigned int *kind, char *desc)
{
	strscpy(desc, kinds[*kind].name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(beside_an_unregistration, beside_an_unregistration,
		  describe_kind);

/* ->release() may wait for the mmap_lock, as UVM's does for device faults. */
static void release_by_unregistration_holds_no_registration_up(struct kunit *test)
{
	const unsigned int *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_call *unregister;
	struct event *event_;
	struct mn_sub *sub;

	scene(ctx, WHOLE);
	event_ = event(ctx, ctx->mm, *kind);
	sub = mn_register(ctx, 'x', &mn_range_ops);
	sub->release_gate = mn_gate(ctx);
	unregister = mn_spawn_unregister(sub);
	mn_gate_entered(ctx, sub->release_gate);
	spawn_event(event_);
	event_returns(test, event_);
	KUNIT_EXPECT_FALSE(test, completion_done(&unregister->done));
	expect_told_from_now_on(test, event_);
	mn_gate_open(sub->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
}

/*
 * Other mms
 */

struct strange {
	unsigned int kind;
	unsigned int flags;
	enum place place;
};

static const struct strange strangers[] = {
	{ REGISTER, 0, IN_START },
	{ REGISTER, WHOLE, IN_START },
	{ REGISTER, WHOLE, BETWEEN },
	{ REGISTER, INTERVALS, IN_START },
	{ GET, WHOLE, IN_START },
	{ INSERT, WHOLE, IN_START },
	{ UNREGISTER, WHOLE, IN_START },
	{ UNREGISTER, WHOLE, BETWEEN },
	{ UNREGISTER, WHOLE, IN_END },
	{ UNREGISTER, WHOLE | INTERVALS, IN_START },
	{ PUT_AND_SYNCHRONIZE, WHOLE, IN_START },
	{ PUT_AND_SYNCHRONIZE, WHOLE, BETWEEN },
	{ PUT_AND_SYNCHRONIZE, WHOLE, IN_END },
	{ RELEASE, WHOLE, IN_START },
	{ RELEASE, WHOLE, BETWEEN },
	{ RELEASE, WHOLE, IN_END },
	{ RELEASE, WHOLE | INTERVALS, IN_START },
};

static void describe_strange(const struct strange *strange, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_%s",
		 kinds[strange->kind].name, place_names[strange->place]);
	describe_scene(strange->flags, desc);
}

KUNIT_ARRAY_PARAM(strangers, strangers, describe_strange);

/* Register a subscription to the other mm. */
static struct mn_sub *register_stranger(struct mn_ctx *ctx)
{
	struct mn_sub *stranger = mn_sub(ctx, 'z', &mn_range_ops);

	KUNIT_ASSERT_EQ(ctx->test, 0,
			mn_try_register(stranger, mn_other_mm(ctx)));
	return stranger;
}

static void invalidation_of_another_mm_holds_nothing_up(struct kunit *test)
{
	const struct strange *strange = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *stranger = register_stranger(ctx);
	struct invalidation *theirs = invalidation(ctx, ctx->other_mm, NULL);
	struct event *event_;

	scene(ctx, strange->flags);
	event_ = event(ctx, ctx->mm, strange->kind);
	invalidate_up_to(ctx, theirs, strange->place, stranger);
	spawn_event(event_);
	event_returns(test, event_);
	KUNIT_EXPECT_FALSE(test, completion_done(&theirs->call->done));
	if (event_->kind->comes)
		expect_told_from_now_on(test, event_);
	let_it_end(test, theirs, stranger);
	expect_calls(test, stranger, 1, 1);
}

static const unsigned int beside_a_release[] = {
	REGISTER, UNREGISTER, PUT_AND_SYNCHRONIZE, RELEASE,
};

KUNIT_ARRAY_PARAM(beside_a_release, beside_a_release, describe_kind);

static void release_of_another_mm_holds_nothing_up(struct kunit *test)
{
	const unsigned int *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *stranger = register_stranger(ctx);
	struct event *event_;
	struct mn_call *unregister;

	scene(ctx, WHOLE);
	event_ = event(ctx, ctx->mm, *kind);
	stranger->release_gate = mn_gate(ctx);
	unregister = mn_spawn_unregister(stranger);
	mn_gate_entered(ctx, stranger->release_gate);
	spawn_event(event_);
	event_returns(test, event_);
	mn_gate_open(stranger->release_gate);
	KUNIT_ASSERT_TRUE(test, mn_returns(unregister));
}

/* mmu_notifier_synchronize() ignores a later put in another mm. */
static void synchronize_waits_for_earlier_puts_only(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	struct mn_sub *sub = mn_register(ctx, 'a', &mn_range_ops);
	struct mn_sub *stranger = register_stranger(ctx);
	struct invalidation *ours = invalidation(ctx, ctx->mm, NULL);
	struct invalidation *theirs = invalidation(ctx, ctx->other_mm, NULL);
	struct event *earlier = event(ctx, ctx->mm, PUT_AND_SYNCHRONIZE);
	struct mn_sub *later = mn_sub(ctx, 'q', &put_ops);

	KUNIT_ASSERT_EQ(test, 0, mn_try_register(later, ctx->other_mm));
	later->gets = 1;
	invalidate_up_to(ctx, ours, IN_START, sub);
	invalidate_up_to(ctx, theirs, IN_START, stranger);
	spawn_event(earlier);
	expect_sleep(test, earlier->call);
	mn_put(later);
	expect_sleep(test, earlier->call);

	let_it_end(test, ours, sub);
	event_returns(test, earlier);
	KUNIT_EXPECT_EQ(test, READ_ONCE(nr_freed), 1);
	let_it_end(test, theirs, stranger);
	expect_freed(test, 2);
}

/* How many notifiers of one churn may wait for their free. */
#define CHURN_MAX	1000

struct churn {
	struct mm_struct *mm;
	struct mn_gate *gate;
	struct mn_call *call;
	atomic_t allocated;
};

struct churned {
	struct mmu_notifier notifier;
	struct churn *churn;
};

static void churn_free(struct mmu_notifier *notifier)
{
	struct churned *churned =
		container_of(notifier, struct churned, notifier);

	if (churned->churn)
		atomic_dec(&churned->churn->allocated);
	kfree(churned);
}

static struct mmu_notifier *churn_alloc(struct mm_struct *mm)
{
	struct churned *churned = kzalloc(sizeof(*churned), GFP_KERNEL);

	return churned ? &churned->notifier : ERR_PTR(-ENOMEM);
}

static const struct mmu_notifier_ops churn_ops = {
	.alloc_notifier = churn_alloc,
	.free_notifier = churn_free,
};

/* Get and put until the gate opens. */
static void call_churn(struct mn_call *call)
{
	struct churn *churn = call->arg;
	struct mmu_notifier *notifier;

	while (!completion_done(&churn->gate->open)) {
		if (atomic_read(&churn->allocated) > CHURN_MAX) {
			schedule_timeout_uninterruptible(1);
			continue;
		}
		notifier = mmu_notifier_get(&churn_ops, churn->mm);
		if (IS_ERR(notifier))
			break;
		container_of(notifier, struct churned, notifier)->churn = churn;
		atomic_inc(&churn->allocated);
		mmu_notifier_put(notifier);
		WRITE_ONCE(call->ret, call->ret + 1);
		complete(&churn->gate->entered);
	}
}

static struct churn *spawn_churn(struct mn_ctx *ctx, struct mm_struct *mm)
{
	struct churn *churn = mn_alloc(ctx, sizeof(*churn));

	churn->mm = mm;
	churn->gate = mn_gate(ctx);
	ctx->put = true;
	churn->call = mn_spawn(ctx, "gets and puts", churn, call_churn, -1);
	return churn;
}

/* It has put one more since this was called. */
static void churn_goes_on(struct mn_ctx *ctx, struct churn *churn)
{
	unsigned long before = READ_ONCE(churn->call->ret);

	do {
		mn_gate_entered(ctx, churn->gate);
	} while (READ_ONCE(churn->call->ret) == before);
}

static const unsigned int beside_puts[] = {
	REGISTER, UNREGISTER, PUT_AND_SYNCHRONIZE,
};

KUNIT_ARRAY_PARAM(beside_puts, beside_puts, describe_kind);

static void continuous_puts_hold_nothing_up(struct kunit *test)
{
	const unsigned int *kind = test->param_value;
	struct mn_ctx *ctx = test->priv;
	struct churn *churn[2];
	struct event *event_;
	int i;

	scene(ctx, WHOLE);
	event_ = event(ctx, ctx->mm, *kind);
	churn[0] = spawn_churn(ctx, mn_other_mm(ctx));
	churn[1] = spawn_churn(ctx, ctx->mm);
	for (i = 0; i < 2; i++)
		churn_goes_on(ctx, churn[i]);
	spawn_event(event_);
	event_returns(test, event_);
	for (i = 0; i < 2; i++)
		churn_goes_on(ctx, churn[i]);
	for (i = 0; i < 2; i++)
		mn_gate_open(churn[i]->gate);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, mn_returns(churn[i]->call));
}

/*
 * Memory
 */

#define MEMORY_ROUNDS	200

/* Ways to free an mm_struct: with its last subscription, or after it. */
struct departing_mm {
	const char *name;
	int (*use)(struct mm_struct *mm, struct mn_sub *sub);
	bool atomic;
};

static int use_and_unregister(struct mm_struct *mm, struct mn_sub *sub)
{
	int err = mmu_notifier_register(&sub->notifier, mm);

	if (!err)
		mmu_notifier_unregister(&sub->notifier, mm);
	mmput(mm);
	return err;
}

static int use_and_drop_in_atomic_context(struct mm_struct *mm,
					  struct mn_sub *sub)
{
	int err;

	mmgrab(mm);
	err = use_and_unregister(mm, sub);
	preempt_disable();
	mmdrop(mm);
	preempt_enable();
	return err;
}

/* Freeing the subscription drops the last reference to the mm. */
static int use_and_put(struct mm_struct *mm, struct mn_sub *sub)
{
	struct mmu_notifier *notifier = mmu_notifier_get(&churn_ops, mm);

	mmput(mm);
	if (!IS_ERR(notifier))
		mmu_notifier_put(notifier);
	return PTR_ERR_OR_ZERO(notifier);
}

static const struct departing_mm departing_mms[] = {
	{ "unregister", use_and_unregister },
	{ "atomic_context", use_and_drop_in_atomic_context, .atomic = true },
	{ "last_put", use_and_put },
};

static void describe_departing(const struct departing_mm *mm, char *desc)
{
	strscpy(desc, mm->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(departing_mms, departing_mms, describe_departing);

/* Count pages in use after pending puts, RCU callbacks and work items. */
static long pages_in_use(void)
{
	mmu_notifier_synchronize();
	schedule_timeout_uninterruptible(1);
	rcu_barrier();
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
	       pcpu_nr_pages();
}

static void memory_of_the_mm_is_given_back(struct kunit *test)
{
	const struct departing_mm *way = test->param_value;
	unsigned long timeout;
	struct mn_sub *sub = mn_sub(test->priv, 0, &mn_range_ops);
	struct mm_struct *mm;
	long before, pages;
	int i;

	if (IS_ENABLED(CONFIG_KASAN_GENERIC))
		kunit_skip(test, "KASAN holds freed memory back");
	if (way->atomic && IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "mmdrop() may sleep with CONFIG_PREEMPT_RT");
	for (i = -MEMORY_ROUNDS / 4; i < MEMORY_ROUNDS; i++) {
		if (!i)
			before = pages_in_use();
		/* Pending frees would grow slabs, which stay. */
		if (i % 20 == 0)
			pages_in_use();
		mm = mm_alloc();
		KUNIT_ASSERT_NOT_NULL(test, mm);
		KUNIT_ASSERT_EQ(test, way->use(mm, sub), 0);
	}
	timeout = jiffies + MN_HANG_SECONDS * HZ;
	do
		pages = pages_in_use() - before;
	while (pages >= MEMORY_ROUNDS / 5 && time_before(jiffies, timeout));
	kunit_info(test, "%ld pages\n", pages);
	KUNIT_EXPECT_LT(test, pages, MEMORY_ROUNDS / 5);
}

static struct task_struct *per_cpu_task;
static unsigned int per_cpu_allocations;

static void probe_per_cpu(void *ignore, unsigned long call_site, bool reserved,
			  bool is_atomic, size_t size, size_t align,
			  void *base_addr, int off, void __percpu *ptr,
			  size_t bytes_alloc, gfp_t gfp_flags)
{
	if (current == per_cpu_task)
		per_cpu_allocations++;
}

static void per_cpu_end(void *data)
{
	unregister_trace_percpu_alloc_percpu(probe_per_cpu, NULL);
	tracepoint_synchronize_unregister();
}

static void intervals_take_no_per_cpu_memory(struct kunit *test)
{
	struct mn_ctx *ctx = test->priv;
	int __percpu *object;

	per_cpu_task = current;
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_percpu_alloc_percpu(probe_per_cpu,
							   NULL));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, per_cpu_end, NULL));
	per_cpu_allocations = 0;
	object = alloc_percpu(int);
	free_percpu(object);
	KUNIT_EXPECT_EQ(test, per_cpu_allocations, 1);

	per_cpu_allocations = 0;
	KUNIT_EXPECT_EQ(test, 0, mmu_notifier_register(NULL, ctx->mm));
	mn_insert(ctx, 0, 0, 10);
	mn_invalidate(ctx, 0, 1);
	KUNIT_EXPECT_EQ(test, per_cpu_allocations, 0);
}

static struct kunit_case mmu_notifier_registration_cases[] = {
	KUNIT_CASE_PARAM(registration_waits_for_what_is_active,
			 arrivals_gen_params),
	KUNIT_CASE_PARAM(registration_is_told_of_what_starts_while_it_waits,
			 arrivals_gen_params),
	KUNIT_CASE(registrations_at_once_all_wait),
	KUNIT_CASE_PARAM(first_registration_waits_for_locks_of_the_mm,
			 first_arrivals_gen_params),
	KUNIT_CASE_PARAM(later_registration_takes_no_lock_of_the_mm,
			 later_arrivals_gen_params),
	KUNIT_CASE_PARAM(later_registration_is_not_interrupted,
			 interrupted_arrivals_gen_params),
	KUNIT_CASE(later_registration_allocates_nothing),
	KUNIT_CASE(first_of_the_mm_beside_intervals_may_fail_to_allocate),
	KUNIT_CASE_PARAM(others_are_paired_when_one_goes,
			 departures_gen_params),
	KUNIT_CASE(put_frees_when_the_invalidation_has_ended),
	KUNIT_CASE_PARAM(invalidation_across_the_end_of_the_mm_is_paired,
			 exits_gen_params),
	KUNIT_CASE_PARAM(events_that_meet_do_not_disturb_one_another,
			 meetings_gen_params),
	KUNIT_CASE_PARAM(release_by_unregistration_holds_no_registration_up,
			 beside_an_unregistration_gen_params),
	KUNIT_CASE_PARAM(invalidation_of_another_mm_holds_nothing_up,
			 strangers_gen_params),
	KUNIT_CASE_PARAM(release_of_another_mm_holds_nothing_up,
			 beside_a_release_gen_params),
	KUNIT_CASE(synchronize_waits_for_earlier_puts_only),
	KUNIT_CASE_PARAM(continuous_puts_hold_nothing_up,
			 beside_puts_gen_params),
	KUNIT_CASE_PARAM(memory_of_the_mm_is_given_back,
			 departing_mms_gen_params),
	KUNIT_CASE(intervals_take_no_per_cpu_memory),
	{}
};

static struct kunit_suite mmu_notifier_registration_suite = {
	.name = "mmu_notifier_registration",
	.init = registration_init,
	.test_cases = mmu_notifier_registration_cases,
};

kunit_test_suite(mmu_notifier_registration_suite);

MODULE_DESCRIPTION("KUnit tests for MMU notifiers: subscriptions that come and go");
MODULE_LICENSE("GPL");

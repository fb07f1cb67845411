/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MMU_NOTIFIER_TEST_KERNEL_H
#define _MMU_NOTIFIER_TEST_KERNEL_H

/*
 * What the core of MMU notifiers needs of the kernel, in user space.  Included
 * before each of its files; the headers that this stands for are empty ones, see
 * the Makefile.
 *
 * The stand-ins are small, keep to the rules of what they stand for, and fail() where
 * the core, or a callback, does not.  Each access that may race is a point at
 * which another task may run: see tasks.h.
 */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_64BIT			1
#define CONFIG_DEBUG_VM			1
#define CONFIG_LOCKDEP			1
#define CONFIG_MMU_NOTIFIER		1
#define CONFIG_PROVE_LOCKING		1
#define CONFIG_SMP			1

#include <linux/kconfig.h>
#include <linux/compiler.h>
#include <linux/types.h>

/*
 * Memory order.  The sanitizer for threads knows no fences: for it, each access
 * is ordered.
 */

#ifdef TEST_THREADS
#define TEST_LOAD	__ATOMIC_ACQUIRE
#define TEST_STORE	__ATOMIC_RELEASE
#define TEST_FENCE(o)	do { } while (0)
#else
#define TEST_LOAD	__ATOMIC_RELAXED
#define TEST_STORE	__ATOMIC_RELAXED
#define TEST_FENCE(o)	__atomic_thread_fence(o)
#endif

/* What follows may be used by the model, too: another task does not run there. */
#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x)			__atomic_load_n(&(x), TEST_LOAD)
#define WRITE_ONCE(x, v)		__atomic_store_n(&(x), v, TEST_STORE)

#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>

#include "tasks.h"

/*
 * Attributes
 */

#undef __guarded_by
#undef __must_hold
#undef __releases
#define __guarded_by(...)
#define __must_hold(...)
#define __releases(...)
#ifndef __aligned
#define __aligned(n)			__attribute__((__aligned__(n)))
#endif
#define __nonnull_args(...)		__attribute__((__nonnull__(__VA_ARGS__)))
#define __cleanup(function)		__attribute__((__cleanup__(function), __unused__))
#define __UNIQUE_ID(prefix)		__PASTE(prefix##_, __COUNTER__)
#define __no_kmsan_checks
#define __uninitialized
#ifndef OPTIMIZER_HIDE_VAR
#define OPTIMIZER_HIDE_VAR(var)		do { } while (0)
#endif
#define ____cacheline_aligned_in_smp	__aligned(64)
#undef __must_check
#define __must_check			__attribute__((__warn_unused_result__))
#undef noinline
#define noinline			__attribute__((__noinline__))
#undef static_assert
#define static_assert(expr, ...)	_Static_assert(expr, #expr)
#define EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_GPL(sym)
#ifndef U64_MAX
#define U64_MAX				((u64)~0ULL)
#endif
#ifndef GENMASK_ULL
#define GENMASK_ULL(h, l)		((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#endif

/*
 * Accesses
 */

#define test_load(p, order)						\
({									\
	sched_point();							\
	__atomic_load_n(p, order);					\
})

#define test_store(p, v, order)						\
do {									\
	sched_point();							\
	__atomic_store_n(p, v, order);					\
} while (0)

#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_load_acquire
#undef smp_store_release
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#define READ_ONCE(x)			test_load(&(x), TEST_LOAD)
#define WRITE_ONCE(x, v)		test_store(&(x), v, TEST_STORE)
#define hlist_empty(list)		(!READ_ONCE((list)->first))
#define smp_load_acquire(p)		test_load(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)		test_store(p, v, __ATOMIC_RELEASE)
#define smp_mb()			TEST_FENCE(__ATOMIC_SEQ_CST)
#define smp_rmb()			TEST_FENCE(__ATOMIC_ACQUIRE)
#define smp_wmb()			TEST_FENCE(__ATOMIC_RELEASE)

#undef cmpxchg_relaxed
#define cmpxchg_relaxed(p, old, new)					\
({									\
	typeof(*(p)) __expected = (old);				\
									\
	sched_point();							\
	__atomic_compare_exchange_n(p, &__expected, new, false,		\
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);\
	__expected;							\
})

#define try_cmpxchg(p, expected, new)					\
	__atomic_compare_exchange_n(p, expected, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define xchg(p, v)			__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* What KCSAN is told not to report. */
#undef data_race
#ifdef TEST_THREADS
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define data_race(expr)							\
({									\
	sched_point();							\
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);			\
	__auto_type __value = (expr);					\
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);			\
	__value;							\
})
#else
#define data_race(expr)			({ sched_point(); (expr); })
#endif

#undef atomic_read
#undef atomic_set
#undef atomic_inc
#undef atomic_dec_and_test
#define atomic_read(v)			__atomic_load_n(&(v)->counter, TEST_LOAD)
#define atomic_set(v, i)		__atomic_store_n(&(v)->counter, i, TEST_STORE)
#define atomic_inc(v)							\
	((void)__atomic_add_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_dec_and_test(v)						\
	(!__atomic_sub_fetch(&(v)->counter, 1, __ATOMIC_SEQ_CST))

static inline bool test_and_set_bit_lock(long nr, unsigned long *addr)
{
	sched_point();
	return __atomic_fetch_or(addr, BIT(nr), __ATOMIC_ACQUIRE) & BIT(nr);
}

static inline void clear_bit_unlock(long nr, unsigned long *addr)
{
	sched_point();
	__atomic_fetch_and(addr, ~BIT(nr), __ATOMIC_RELEASE);
}

/*
 * Reports.  Each is noted, also those that the kernel gives only once: see
 * mistakes in model.h.
 */

#undef WARN
#undef WARN_ON
#undef WARN_ONCE
#undef WARN_ON_ONCE
#define WARN_ONCE(condition, format, ...)				\
({									\
	bool __warn = !!(condition);					\
									\
	if (unlikely(__warn))						\
		task_warned(format, ##__VA_ARGS__);			\
	unlikely(__warn);						\
})
#define WARN_ON_ONCE(condition)		WARN_ONCE(condition, #condition)
#define WARN_ON(condition)		WARN_ONCE(condition, #condition)

/*
 * Lockdep: only whether what is entered is left, by the same task.
 */

struct lock_class_key { int unused; };
struct lockdep_map {
	const char *name;
	struct lock_class_key *key;
};

#define STATIC_LOCKDEP_MAP_INIT(lock, class)	{ .name = lock, .key = class }
#define _THIS_IP_				0UL
#define lockdep_init_map(map, lock, key, sub)	((map)->name = (lock))
#define lock_map_acquire(map)			test_enter_map(map)
#define lock_map_acquire_try(map)		test_enter_map(map)
#define lock_map_acquire_read(map)		test_enter_map(map)
#define lock_map_release(map)			((void)(map), current->maps--)
#define lock_acquire_shared_recursive(map, sub, try, nest, ip)	((void)(map))
#define might_lock(lock)			((void)(lock))
#define lockdep_is_held(lock)			1

static inline void test_enter_map(const struct lockdep_map *map)
{
	current->maps++;
	current->announced++;
}

#define __might_sleep(file, line)	task_may_sleep()
#define might_sleep()			task_may_sleep()
#define non_block_start()		((void)current->non_block++)
#define non_block_end()			((void)current->non_block--)
#define preempt_disable()		non_block_start()
#define preempt_enable()		non_block_end()
#define cond_resched()			sched_point()

/*
 * Locks
 */

typedef struct {
	struct test_lock lock;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)					\
	{ .lock.mutex = PTHREAD_MUTEX_INITIALIZER }
#define DEFINE_SPINLOCK(name)		spinlock_t name = __SPIN_LOCK_UNLOCKED(name)
#define spin_lock_init(l)		test_lock_init(&(l)->lock)
#define spin_lock(l)			(current->locked++, test_lock(&(l)->lock))
#define spin_unlock(l)			test_unlock(&(l)->lock)
#define lockdep_assert_held(l)		test_assert_locked(&(l)->lock)

#include "../../../include/linux/cleanup.h"

#ifndef DEFINE_LOCK_GUARD_1
#error "a kernel without guards takes a form of the core that needs none"
#endif
DEFINE_LOCK_GUARD_1(spinlock, spinlock_t, spin_lock(_T->lock),
		    spin_unlock(_T->lock))

/*
 * Memory
 */

typedef unsigned int test_gfp_t;

#undef GFP_KERNEL
#define GFP_KERNEL			0
#define kzalloc(size, gfp)		test_alloc(size)
#define kmalloc(size, gfp)		test_alloc(size)
#define kzalloc_obj(object, ...)	((typeof(object) *)test_alloc(sizeof(object)))
#define kmalloc_obj(object, ...)	kzalloc_obj(object)
#define kfree(object)			test_free(object)

void *test_alloc(size_t size);
void test_free(void *object);

/*
 * Tasks and wait queues
 */

#define TASK_RUNNING			0
#define TASK_UNINTERRUPTIBLE		2
#define TASK_KILLABLE			(0x100 | TASK_UNINTERRUPTIBLE)

#define fatal_signal_pending(task)	task_has_signal(task)
#define schedule()			task_sleep()

/*
 * @task: is woken; or
 * @func: is called, with the lock of the queue, and takes the entry out.
 * @var: waited for in the queue that all variables share.
 */
struct wait_queue_entry {
	struct task_struct *task;
	int (*func)(struct wait_queue_entry *entry, unsigned int mode, int flags,
		    void *key);
	const void *var;
	struct list_head entry;
};

typedef struct wait_queue_head {
	struct test_lock lock;
	struct list_head head;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)				\
	{ .lock.mutex = PTHREAD_MUTEX_INITIALIZER,			\
	  .head = LIST_HEAD_INIT((name).head) }
void init_waitqueue_head(struct wait_queue_head *queue);
bool test_prepare_to_wait(struct wait_queue_head *queue,
			  struct wait_queue_entry *entry, unsigned int state);
void test_finish_wait(struct wait_queue_head *queue,
		      struct wait_queue_entry *entry);
void add_wait_queue(struct wait_queue_head *queue,
		    struct wait_queue_entry *entry);
void test_wake_up(struct wait_queue_head *queue, const void *var);

#define init_waitqueue_func_entry(entry, function)			\
	(*(entry) = (struct wait_queue_entry){ .func = (function) })
#define wake_up_all(queue)		test_wake_up(queue, NULL)

#define test_wait_event(queue, variable, condition, state, ret, cmd)	\
({									\
	struct wait_queue_entry __entry = {				\
		.task = current, .var = (variable),			\
	};								\
	long __ret = (ret);						\
									\
	INIT_LIST_HEAD(&__entry.entry);					\
	for (;;) {							\
		bool __signal = test_prepare_to_wait(&(queue), &__entry,\
						     state);		\
									\
		if (condition)						\
			break;						\
		if (__signal) {						\
			__ret = -EINTR;					\
			break;						\
		}							\
		cmd;							\
	}								\
	test_finish_wait(&(queue), &__entry);				\
	__ret;								\
})

#define ___wait_event(queue, condition, state, exclusive, ret, cmd)	\
	test_wait_event(queue, NULL, condition, state, ret, cmd)

#define test_wait_for(queue, variable, condition)			\
do {									\
	task_may_sleep();						\
	if (!(condition))						\
		test_wait_event(queue, variable, condition,		\
				TASK_UNINTERRUPTIBLE, 0, schedule());	\
} while (0)

extern struct wait_queue_head test_variables;

#define wait_event(queue, condition)	test_wait_for(queue, NULL, condition)
#define wait_var_event(variable, condition)				\
	test_wait_for(test_variables, variable, condition)
#define wake_up_var(variable)		test_wake_up(&test_variables, variable)

/*
 * Work
 */

struct work_struct {
	struct test_job job;
	void (*func)(struct work_struct *work);
};

#define INIT_WORK(work, function)	((work)->func = (function))

void schedule_work(struct work_struct *work);

/*
 * SRCU
 */

struct rcu_head {
	struct test_job job;
	struct srcu_struct *srcu;
	unsigned long done;
	void (*func)(struct rcu_head *head);
};

/*
 * @done: grace periods that have ended.
 * @wanted: how many are wanted.
 * @readers: by index.
 * @index: that readers take; those of the other one are waited for while @flipped.
 */
struct srcu_struct {
	struct test_lock lock;
	unsigned long done;
	unsigned long wanted;
	unsigned long readers[2];
	unsigned int callbacks;
	int index;
	bool flipped;
	struct lockdep_map dep_map;
};

int init_srcu_struct(struct srcu_struct *srcu);
void cleanup_srcu_struct(struct srcu_struct *srcu);
int srcu_read_lock(struct srcu_struct *srcu);
void srcu_read_unlock(struct srcu_struct *srcu, int index);
int srcu_down_read(struct srcu_struct *srcu);
void srcu_up_read(struct srcu_struct *srcu, int index);
void synchronize_srcu(struct srcu_struct *srcu);
void call_srcu(struct srcu_struct *srcu, struct rcu_head *head,
	       void (*func)(struct rcu_head *head));

#define synchronize_srcu_expedited(srcu)	synchronize_srcu(srcu)
#define srcu_read_lock_notrace(srcu)		srcu_read_lock(srcu)
#define srcu_read_unlock_notrace(srcu, index)	srcu_read_unlock(srcu, index)
#define srcu_read_lock_held(srcu)		1
#define srcu_dereference(p, srcu)		READ_ONCE(p)

DEFINE_LOCK_GUARD_1(srcu, struct srcu_struct,
		    _T->index = srcu_read_lock(_T->lock),
		    srcu_read_unlock(_T->lock, _T->index), int index)

#define rcu_assign_pointer(p, v)		smp_store_release(&(p), v)
#define rcu_dereference_raw(p)			READ_ONCE(p)
#define rcu_dereference_raw_check(p)		READ_ONCE(p)
#define rcu_dereference_protected(p, c)		(p)
#define RCU_LOCKDEP_WARN(c, s)			do { } while (0)
#define rcu_read_lock_any_held()		1
#define RCU_INIT_POINTER(p, v)			((p) = (v))
#define __rcu

#define __list_add_valid(new, prev, next)	true
#define ASSERT_EXCLUSIVE_ACCESS(x)		do { } while (0)
#define __KERNEL__
#include "../../../include/linux/rculist.h"
#undef __KERNEL__
#include "../../../include/linux/llist.h"

/*
 * Address spaces
 */

struct mm_struct {
	atomic_t mm_users;
	atomic_t mm_count;
	struct test_rwlock mmap_lock;
	struct test_rwlock rmap_lock;	/* stands for all others of the mm */
	struct mmu_notifier_subscriptions *notifier_subscriptions;
	struct space *space;
};

#define mmap_write_lock(mm)		test_write_lock(&(mm)->mmap_lock)
#define mmap_write_unlock(mm)		test_write_unlock(&(mm)->mmap_lock)
#define mmap_assert_write_locked(mm)	test_assert_write_locked(&(mm)->mmap_lock)
#define mmgrab(mm)			atomic_inc(&(mm)->mm_count)

void mmdrop(struct mm_struct *mm);
int mm_take_all_locks(struct mm_struct *mm);
void mm_drop_all_locks(struct mm_struct *mm);

u32 get_random_u32(void);

#include "../../../include/linux/interval_tree.h"
#include "../../../include/linux/interval_tree_generic.h"

#endif /* _MMU_NOTIFIER_TEST_KERNEL_H */

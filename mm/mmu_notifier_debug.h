/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_MMU_NOTIFIER_DEBUG_H
#define _MM_MMU_NOTIFIER_DEBUG_H

/*
 * CONFIG_DEBUG_MMU_NOTIFIER: what the files of the core tell mmu_notifier_debug.c, and
 * how they report mistakes. Without the option, or until it is switched on at boot, a
 * kind of mistake is reported once; with it, once for each place that makes it.
 */

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/instruction_pointer.h>
#include <linux/mmu_notifier_debug.h>
#include <linux/types.h>

struct mm_struct;
struct mmu_interval_notifier;
struct mmu_interval_notifier_ops;
struct mmu_notifier_range;

#ifdef CONFIG_DEBUG_MMU_NOTIFIER

/**
 * struct mn_debug_call - a callback of an interval_sub that is running
 * @node: Entry in mn_debug_calls; or in the list of those that are free.
 * @interval_sub: The interval_sub.
 * @range: What it is called for; only for its task.
 * @event: That of the range.
 * @seq: The sequence that it is called with.
 * @task: The task that it is called in.
 * @slept: How often that has slept before.
 * @depth: How many locks that holds already, as far as lockdep knows.
 * @read: Whether read sections of the interval_sub have ended before.
 * @set: Whether the sequence has been stored; under mn_debug_lock.
 *
 * Constant while it runs, but for @set and, under mn_debug_lock, @node. Not on the stack
 * of the caller, who may die in a callback: then it stays in the table.
 */
struct mn_debug_call {
	struct hlist_node node;
	const struct mmu_interval_notifier *interval_sub;
	const struct mmu_notifier_range *range;
	enum mmu_notifier_event event;
	unsigned long seq;
	struct task_struct *task;
	unsigned long slept;
	unsigned int depth;
	bool read;
	bool set;
};

bool mn_debug_is_first(unsigned long site, const char *what);
struct mn_debug_call *
__mn_debug_call_begin(const struct mmu_interval_notifier *interval_sub,
		      const struct mmu_notifier_range *range,
		      unsigned long seq);
void __mn_debug_call_end(struct mn_debug_call *call,
			 const struct mmu_interval_notifier_ops *ops, bool done);
void __mn_debug_refused(const struct mmu_interval_notifier *interval_sub,
			unsigned long seq);
void __mn_debug_slept(const struct mmu_notifier_range *range,
		      unsigned long slept, const void *callback);
void __mn_debug_read(const struct mmu_interval_notifier *interval_sub);
void __mn_debug_forget(const struct mmu_interval_notifier *interval_sub);

/* Whether a mistake with the range that starts or ends has been reported. */
static inline bool mn_debug_has_said(const struct mmu_notifier_range *range)
{
	return mn_debug_is_on() && range->flags & MN_DEBUG_RANGE_SAID;
}

/*
 * Report a mistake that is made at @site: the address of the driver's callback or ops,
 * or where it calls us.
 */
#define mn_debug_report(site, fmt, ...)					\
do {									\
	if (mn_debug_is_first((unsigned long)(site), fmt))		\
		WARN(1, fmt, ##__VA_ARGS__);				\
} while (0)

/* In place of WARN_ONCE(). */
#define mn_warn(condition, site, fmt, ...)				\
({									\
	const bool __mistake = !!(condition);				\
									\
	if (unlikely(__mistake)) {					\
		if (mn_debug_is_on())					\
			mn_debug_report(site, fmt, ##__VA_ARGS__);	\
		else							\
			WARN_ONCE(1, fmt, ##__VA_ARGS__);		\
	}								\
	unlikely(__mistake);						\
})

/* In place of WARN_ON_ONCE(): the text is only for what is debugged. */
#define mn_warn_on(condition, site, fmt, ...)				\
	mn_warn(condition, site, fmt, ##__VA_ARGS__)

/* The same where what is debugged has reported it, and knows more. */
#define mn_warn_unless_debugged(condition, range, fmt, ...)		\
({									\
	const bool __mistake = !!(condition);				\
									\
	WARN_ONCE(__mistake && !mn_debug_has_said(range), fmt,		\
		  ##__VA_ARGS__);					\
	unlikely(__mistake);						\
})

/* A callback of an interval_sub is about to be called. */
static __always_inline void
mn_debug_call_begin(struct mn_debug_call **call,
		    const struct mmu_interval_notifier *interval_sub,
		    const struct mmu_notifier_range *range, unsigned long seq)
{
	if (mn_debug_is_on())
		*call = __mn_debug_call_begin(interval_sub, range, seq);
}

/* It has returned. @ops is NULL for a second pass, which need not do anything. */
static __always_inline void
mn_debug_call_end(struct mn_debug_call **call,
		  const struct mmu_interval_notifier_ops *ops, bool done)
{
	if (mn_debug_is_on())
		__mn_debug_call_end(*call, ops, done);
}

/* It has refused, although what its caller sees is that it is done. */
static __always_inline void
mn_debug_refused(const struct mmu_interval_notifier *interval_sub,
		 unsigned long seq)
{
	if (mn_debug_is_on())
		__mn_debug_refused(interval_sub, seq);
}

/* How often the task has slept. */
static __always_inline unsigned long mn_debug_sleeps(void)
{
	return mn_debug_is_on() ? current->nvcsw : 0;
}

/* A callback of a subscription to the mm has returned. */
static __always_inline void
mn_debug_slept(const struct mmu_notifier_range *range, unsigned long slept,
	       const void *callback)
{
	if (mn_debug_is_on())
		__mn_debug_slept(range, slept, callback);
}

/* A read section begins. */
static __always_inline void
mn_debug_read(const struct mmu_interval_notifier *interval_sub)
{
	if (mn_debug_is_on())
		__mn_debug_read(interval_sub);
}

/* It is about to be inserted, or has been erased: its readers are gone. */
static __always_inline void
mn_debug_forget(const struct mmu_interval_notifier *interval_sub)
{
	if (mn_debug_is_on())
		__mn_debug_forget(interval_sub);
}

#else

struct mn_debug_call {
};

#define mn_warn(condition, site, fmt, ...)				\
({									\
	(void)(site);							\
	WARN_ONCE(condition, fmt, ##__VA_ARGS__);			\
})
#define mn_warn_on(condition, site, fmt, ...)				\
({									\
	(void)(site);							\
	(void)(fmt);							\
	WARN_ON_ONCE(condition);					\
})
#define mn_warn_unless_debugged(condition, range, fmt, ...)		\
({									\
	(void)(range);							\
	WARN_ONCE(condition, fmt, ##__VA_ARGS__);			\
})

static __always_inline void
mn_debug_call_begin(struct mn_debug_call **call,
		    const struct mmu_interval_notifier *interval_sub,
		    const struct mmu_notifier_range *range, unsigned long seq)
{
}

static __always_inline void
mn_debug_call_end(struct mn_debug_call **call,
		  const struct mmu_interval_notifier_ops *ops, bool done)
{
}

static __always_inline void
mn_debug_refused(const struct mmu_interval_notifier *interval_sub,
		 unsigned long seq)
{
}

static __always_inline unsigned long mn_debug_sleeps(void)
{
	return 0;
}

static __always_inline void
mn_debug_slept(const struct mmu_notifier_range *range, unsigned long slept,
	       const void *callback)
{
}

static __always_inline void
mn_debug_read(const struct mmu_interval_notifier *interval_sub)
{
}

static __always_inline void
mn_debug_forget(const struct mmu_interval_notifier *interval_sub)
{
}

#endif

#endif /* _MM_MMU_NOTIFIER_DEBUG_H */

/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mmu_notifier

#if !defined(_TRACE_MMU_NOTIFIER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MMU_NOTIFIER_H

#include <linux/mmu_notifier.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

TRACE_DEFINE_ENUM(MMU_NOTIFIER_READER);
TRACE_DEFINE_ENUM(MMU_NOTIFIER_RANGE_READER);
TRACE_DEFINE_ENUM(MMU_NOTIFIER_REMOVER);
TRACE_DEFINE_ENUM(MMU_NOTIFIER_REGISTRATION);
TRACE_DEFINE_ENUM(MMU_NOTIFIER_UNREGISTRATION);

#define show_mmu_notifier_waiter(waiter)				\
	__print_symbolic(waiter,					\
		{ MMU_NOTIFIER_READER, "reader" },			\
		{ MMU_NOTIFIER_RANGE_READER, "range_reader" },		\
		{ MMU_NOTIFIER_REMOVER, "remover" },			\
		{ MMU_NOTIFIER_REGISTRATION, "registration" },		\
		{ MMU_NOTIFIER_UNREGISTRATION, "unregistration" })

TRACE_DEFINE_ENUM(MMU_NOTIFY_UNMAP);
TRACE_DEFINE_ENUM(MMU_NOTIFY_CLEAR);
TRACE_DEFINE_ENUM(MMU_NOTIFY_PROTECTION_VMA);
TRACE_DEFINE_ENUM(MMU_NOTIFY_PROTECTION_PAGE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_SOFT_DIRTY);
TRACE_DEFINE_ENUM(MMU_NOTIFY_RELEASE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_MIGRATE);
TRACE_DEFINE_ENUM(MMU_NOTIFY_EXCLUSIVE);

#define show_mmu_notifier_event(event)					\
	__print_symbolic(event,						\
		{ MMU_NOTIFY_UNMAP, "unmap" },				\
		{ MMU_NOTIFY_CLEAR, "clear" },				\
		{ MMU_NOTIFY_PROTECTION_VMA, "protection_vma" },	\
		{ MMU_NOTIFY_PROTECTION_PAGE, "protection_page" },	\
		{ MMU_NOTIFY_SOFT_DIRTY, "soft_dirty" },		\
		{ MMU_NOTIFY_RELEASE, "release" },			\
		{ MMU_NOTIFY_MIGRATE, "migrate" },			\
		{ MMU_NOTIFY_EXCLUSIVE, "exclusive" })

/* While any of the events that have these is on, start and end are replaced. */
int mn_trace_reg(void);
void mn_trace_unreg(void);

/*
 * The start of an invalidation has returned @ret. @called: how many callbacks were
 * called, the first passes if there are two, and filters whatever they skip. @ns: how
 * long it took. @seq, which is 0 if the mm is not tracked, is that in other events, also
 * if the start has failed; between its start and its end, a range also has its address
 * for itself.
 */
TRACE_EVENT_FN(mmu_notifier_start,

	TP_PROTO(const struct mmu_notifier_range *range, u64 seq,
		 unsigned int called, u64 ns, int ret),

	TP_ARGS(range, seq, called, ns, ret),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(const void *, range)
		__field(u64, seq)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(const void *, owner)
		__field(u64, ns)
		__field(unsigned int, event)
		__field(unsigned int, called)
		__field(int, ret)
		__field(bool, blockable)
	),

	TP_fast_assign(
		__entry->mm = range->mm;
		__entry->range = range;
		__entry->seq = seq;
		__entry->start = range->start;
		__entry->end = range->end;
		__entry->owner = range->owner;
		__entry->ns = ns;
		__entry->event = range->event;
		__entry->called = called;
		__entry->ret = ret;
		__entry->blockable = mmu_notifier_range_blockable(range);
	),

	TP_printk("mm=%p range=%p seq=%llu [%#lx, %#lx) event=%s owner=%p blockable=%d called=%u ns=%llu ret=%d",
		  __entry->mm, __entry->range, __entry->seq, __entry->start,
		  __entry->end,
		  show_mmu_notifier_event(__entry->event),
		  __entry->owner, __entry->blockable, __entry->called,
		  __entry->ns, __entry->ret),

	mn_trace_reg, mn_trace_unreg
);

/* The end of an invalidation has returned; @seq is the one that it had until then. */
TRACE_EVENT_FN(mmu_notifier_end,

	TP_PROTO(const struct mmu_notifier_range *range, u64 seq,
		 unsigned int called, u64 ns),

	TP_ARGS(range, seq, called, ns),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(const void *, range)
		__field(u64, seq)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(const void *, owner)
		__field(u64, ns)
		__field(unsigned int, event)
		__field(unsigned int, called)
		__field(bool, blockable)
	),

	TP_fast_assign(
		__entry->mm = range->mm;
		__entry->range = range;
		__entry->seq = seq;
		__entry->start = range->start;
		__entry->end = range->end;
		__entry->owner = range->owner;
		__entry->ns = ns;
		__entry->event = range->event;
		__entry->called = called;
		__entry->blockable = mmu_notifier_range_blockable(range);
	),

	TP_printk("mm=%p range=%p seq=%llu [%#lx, %#lx) event=%s owner=%p blockable=%d called=%u ns=%llu",
		  __entry->mm, __entry->range, __entry->seq, __entry->start,
		  __entry->end,
		  show_mmu_notifier_event(__entry->event),
		  __entry->owner, __entry->blockable, __entry->called,
		  __entry->ns),

	mn_trace_reg, mn_trace_unreg
);

/* A callback took longer than mmu_notifier.slow_callback_us says. */
TRACE_EVENT_FN(mmu_notifier_slow_callback,

	TP_PROTO(const struct mmu_notifier_range *range, const void *callback,
		 u64 ns),

	TP_ARGS(range, callback, ns),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(const void *, range)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(const void *, callback)
		__field(u64, ns)
		__field(unsigned int, event)
	),

	TP_fast_assign(
		__entry->mm = range->mm;
		__entry->range = range;
		__entry->start = range->start;
		__entry->end = range->end;
		__entry->callback = callback;
		__entry->ns = ns;
		__entry->event = range->event;
	),

	TP_printk("callback=%ps ns=%llu event=%s mm=%p range=%p [%#lx, %#lx)",
		  __entry->callback, __entry->ns,
		  show_mmu_notifier_event(__entry->event),
		  __entry->mm, __entry->range, __entry->start, __entry->end),

	mn_trace_reg, mn_trace_unreg
);

/*
 * A wait for one range: the one with this sequence. It is 0 if they are several,
 * which cannot be told apart; then the addresses are those of all of them.
 */
TRACE_EVENT(mmu_notifier_wait_begin,

	TP_PROTO(struct mm_struct *mm, enum mmu_notifier_waiter waiter, u64 seq,
		 unsigned long start, unsigned long end),

	TP_ARGS(mm, waiter, seq, start, end),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(u64, seq)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned int, waiter)
	),

	TP_fast_assign(
		__entry->mm = mm;
		__entry->seq = seq;
		__entry->start = start;
		__entry->end = end;
		__entry->waiter = waiter;
	),

	TP_printk("mm=%p waiter=%s seq=%llu range=[%#lx, %#lx)",
		  __entry->mm,
		  show_mmu_notifier_waiter(__entry->waiter),
		  __entry->seq, __entry->start, __entry->end)
);

/* @ns: how long it took. @ret: -EINTR if a signal has ended it. */
TRACE_EVENT(mmu_notifier_wait_end,

	TP_PROTO(struct mm_struct *mm, enum mmu_notifier_waiter waiter, u64 seq,
		 unsigned long start, unsigned long end, u64 ns, int ret),

	TP_ARGS(mm, waiter, seq, start, end, ns, ret),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(u64, seq)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(u64, ns)
		__field(unsigned int, waiter)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->mm = mm;
		__entry->seq = seq;
		__entry->start = start;
		__entry->end = end;
		__entry->ns = ns;
		__entry->waiter = waiter;
		__entry->ret = ret;
	),

	TP_printk("mm=%p waiter=%s seq=%llu range=[%#lx, %#lx) ns=%llu ret=%d",
		  __entry->mm,
		  show_mmu_notifier_waiter(__entry->waiter),
		  __entry->seq, __entry->start, __entry->end, __entry->ns,
		  __entry->ret)
);

/*
 * A read section of these addresses that began with @seq has collided: @now is what
 * its retry found, and @caller is where. If a range reader was refused at the begin,
 * @seq is one that no read section had. A late reader: @mm may be freed, or NULL.
 */
TRACE_EVENT(mmu_notifier_retry,

	TP_PROTO(struct mm_struct *mm, enum mmu_notifier_waiter reader,
		 unsigned long start, unsigned long end, unsigned long seq,
		 unsigned long now, unsigned long caller),

	TP_ARGS(mm, reader, start, end, seq, now, caller),

	TP_STRUCT__entry(
		__field(struct mm_struct *, mm)
		__field(unsigned long, start)
		__field(unsigned long, end)
		__field(unsigned long, seq)
		__field(unsigned long, now)
		__field(unsigned long, caller)
		__field(unsigned int, reader)
	),

	TP_fast_assign(
		__entry->mm = mm;
		__entry->start = start;
		__entry->end = end;
		__entry->seq = seq;
		__entry->now = now;
		__entry->caller = caller;
		__entry->reader = reader;
	),

	TP_printk("mm=%p reader=%s range=[%#lx, %#lx) seq=%lu now=%lu caller=%pS",
		  __entry->mm,
		  show_mmu_notifier_waiter(__entry->reader),
		  __entry->start, __entry->end, __entry->seq, __entry->now,
		  (void *)__entry->caller)
);

#endif /* _TRACE_MMU_NOTIFIER_H */

/* This part must be outside protection */
#include <trace/define_trace.h>

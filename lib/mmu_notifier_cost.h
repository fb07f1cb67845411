/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the benchmark that counts what operations cost. */
#ifndef _MMU_NOTIFIER_COST_H
#define _MMU_NOTIFIER_COST_H

struct mm_struct;

/* Callbacks that do nothing. */
extern const struct mmu_notifier_ops mmu_notifier_cost_sub_ops;
extern const struct mmu_interval_notifier_ops mmu_notifier_cost_interval_ops;

/* Prints what so many calls of @op cost, less those of @empty. */
typedef void (*mmu_notifier_print_cost_fn)(const char *scenario,
					   unsigned long n, unsigned int ops,
					   void (*op)(unsigned long i),
					   void (*empty)(unsigned long i));

/* Measures in an mm that has had no notifiers. */
typedef int (*mmu_notifier_cost_fn)(struct mm_struct *mm,
				    mmu_notifier_print_cost_fn print);

/* Each is NULL where what it measures is not there. */
extern mmu_notifier_cost_fn mmu_notifier_range_cost;
extern mmu_notifier_cost_fn mmu_notifier_interval_cost;

#endif /* _MMU_NOTIFIER_COST_H */

/* Callbacks of the oldest signature that are left to convert by hand. */
#include "mm.h"

/* The driver calls it, too. */
static void called_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	tear_down(container_of(mn, struct mirror, mn), start, end);
}

static void called_page(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long address)
{
	called_start(mn, mm, address, address + PAGE_SIZE);
}

static const struct mmu_notifier_ops called_ops = {
	.invalidate_page = called_page,
	.invalidate_range_start = called_start,
	.invalidate_range = called_start,
	.change_pte = called_change,
};

/* spatch sees only the first of the two among the operations. */
static void compat_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	tear_down(container_of(mn, struct mirror, mn), start, end);
}

static const struct mmu_notifier_ops compat_ops = {
	.clear_flush_young = clear_flush_young,
#ifdef HAVE_RANGE
	.invalidate_range_start = range_start,
#else
	.invalidate_range_start = compat_start,
#endif
};

/* It takes the same, today as well. */
static bool clear_flush_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return tear_down(container_of(mn, struct mirror, mn), start, end);
}

/* It works on another mm in the end. */
static void other_end(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (m->mm)
		mm = m->mm;
	finish(m, mm->context.id);
}

static const struct mmu_notifier_ops other_ops = {
	.invalidate_range_end = other_end,
};

/* Callbacks of the oldest signature, and with the flag that came after it. */
#include "mm.h"

/* The prototype follows. */
static void mirror_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end);

/* It returned nothing, and used all there is. */
static void mirror_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (m->mm != mm)
		return;
	tear_down(m, start, end - 1);
}

static void mirror_end(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	finish(m, start);
}

static const struct mmu_notifier_ops mirror_ops = {
	.invalidate_range_start = mirror_start,
	.invalidate_range_end = mirror_end,
};

/* It changes what it was given. */
static void aligned_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long address, unsigned long end)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	for (address &= PAGE_MASK; address < end; address += PAGE_SIZE)
		tear_down(m, address, end);
}

static const struct mmu_notifier_ops aligned_ops = {
	.invalidate_range_start = aligned_start,
};

/* No declarations; it is filled in at run time, and the name is taken. */
static struct mmu_notifier_ops late_ops;
static struct address_range range;

static void late_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	if (start >= end) {
		count(end);
		return;
	}
	if (range.end < end)
		end = range.end;
	tear_down(container_of(mn, struct mirror, mn), start, end);
}

void late_init(void)
{
	late_ops.invalidate_range_start = late_start;
}

/* With a flag. */
static int flag_start(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start, unsigned long end,
		      bool blockable)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (!blockable)
		return -EAGAIN;
	tear_down(m, start, end);
	return 0;
}

static const struct mmu_notifier_ops flag_ops = {
	.invalidate_range_start = flag_start,
};

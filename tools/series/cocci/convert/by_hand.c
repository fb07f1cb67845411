/* What the first step leaves to somebody who knows the code. */

/* One function starts, another one ends. */
void begin(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mmu_notifier_invalidate_range_start(mm, start, end);
}

void finish(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	mmu_notifier_invalidate_range_end(mm, start, end);
}

/* Two ranges at a time. */
void exchange(struct mm_struct *mm, unsigned long a, unsigned long b)
{
	mmu_notifier_invalidate_range_start(mm, a, a + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(mm, b, b + PAGE_SIZE);
	swap_pages(mm, a, b);
	mmu_notifier_invalidate_range_end(mm, b, b + PAGE_SIZE);
	mmu_notifier_invalidate_range_end(mm, a, a + PAGE_SIZE);
}

/* Nobody ends it here. */
int start(struct mm_struct *mm, unsigned long start)
{
	return mmu_notifier_invalidate_range_start_nonblock(mm, start, start + PAGE_SIZE);
}

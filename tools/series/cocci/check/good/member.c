/* What a range says of itself is no sign that it has been started. */

/* Not started yet: the members are there to compute with. */
int good_nothing_to_do(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier_range range;

	range.start = max(start, first(mm));
	if (range.start >= end)
		return -EINVAL;
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, range.start, end);
	mmu_notifier_invalidate_range_start(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

void good_pair(struct mm_struct *mm, struct mmu_notifier_range *range)
{
	if (range->start < range->end) {
		mmu_notifier_invalidate_range_start(range);
		change(mm);
		mmu_notifier_invalidate_range_end(range);
	}
}

void good_change(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, 0, TASK_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	if (range.end - range.start > PMD_SIZE)
		change(mm);
	mmu_notifier_invalidate_range_end(&range);
}

void good_other_range(struct mmu_notifier_range *one, struct mmu_notifier_range *two)
{
	if (one->start)
		mmu_notifier_invalidate_range_end(two);
}

void good_walk(struct walk *walk)
{
	if (walk->started)
		mmu_notifier_invalidate_range_end(&walk->range);
}

void good_pair_of_walk(struct walk *walk)
{
	if (walk->range.mm) {
		mmu_notifier_invalidate_range_start(&walk->range);
		change(walk->range.mm);
		mmu_notifier_invalidate_range_end(&walk->range);
	}
}

/* What a range says of itself is no sign that it has been started. */

long bad_late_start(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	long pages = 0;

	range.start = 0;
	while (more(mm)) {
		if (!range.start) {
			mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, next(mm), TASK_SIZE);
			mmu_notifier_invalidate_range_start(&range);
		}
		pages += change(mm);
	}
	if (range.start)
		mmu_notifier_invalidate_range_end(&range);
	return pages;
}

void bad_pointer(struct mmu_notifier_range *range)
{
	if (range->end > range->start)
		mmu_notifier_invalidate_range_end(range);
}

void bad_member_of_walk(struct walk *walk)
{
	if (walk->range.mm && walk->done)
		mmu_notifier_invalidate_range_end(&walk->range);
}

void bad_nested(struct walk *walk)
{
	if (walk->range.start) {
		flush(walk);
		if (walk->done)
			mmu_notifier_invalidate_range_end(&walk->range);
	}
}

void bad_then(struct walk *walk)
{
	if (walk->range.mm)
		mmu_notifier_invalidate_range_end(&walk->range);
	else
		finish(walk);
}

void bad_else(struct walk *walk)
{
	if (!walk->range.mm)
		finish(walk);
	else
		mmu_notifier_invalidate_range_end(&walk->range);
}

void bad_else_if(struct walk *walk)
{
	if (walk->done)
		finish(walk);
	else if (walk->range.start)
		mmu_notifier_invalidate_range_end(&walk->range);
}

void bad_only_end(struct walk *walk)
{
	if (walk->range.start)
		mmu_notifier_invalidate_range_only_end(&walk->range);
}

int bad_either_way(struct mmu_notifier_range *range)
{
	int err = 0;

	if (range->flags)
		err = mmu_notifier_invalidate_range_start_nonblock(range);
	else
		mmu_notifier_invalidate_range_start(range);
	return err;
}

int bad_in_the_condition(struct mmu_notifier_range *range)
{
	if (!range->end && mmu_notifier_invalidate_range_start_nonblock(range))
		return -EAGAIN;
	return 0;
}

void bad_return(struct mmu_notifier_range *range)
{
	if (!range->start)
		return;
	flush(range);
	mmu_notifier_invalidate_range_end(range);
}

void bad_return_of_walk(struct walk *walk)
{
	if (!walk->range.start) {
		finish(walk);
		return;
	}
	mmu_notifier_invalidate_range_end(&walk->range);
}

int bad_in_the_condition_of_walk(struct walk *walk)
{
	if (walk->range.end && mmu_notifier_invalidate_range_start_nonblock(&walk->range))
		return -EAGAIN;
	return 0;
}

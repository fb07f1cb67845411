/* Each start has its end, on every path. */

int bad_early_return(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	if (!lock(mm))
		return -EAGAIN;
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int bad_goto_beyond(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err = -EAGAIN;

	mmu_notifier_invalidate_range_start(&range);
	if (!lock(mm))
		goto out;
	err = change(mm);
	mmu_notifier_invalidate_range_end(&range);
out:
	return err;
}

void bad_goto_to_the_brace(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	if (!lock(mm))
		goto out;
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
out:
	finish(mm);
}

int bad_return_between_conditions(struct mm_struct *mm, bool is_cow)
{
	struct mmu_notifier_range range;

	if (is_cow)
		mmu_notifier_invalidate_range_start(&range);
	if (!lock(mm))
		return -EAGAIN;
	change(mm);
	if (is_cow)
		mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int bad_end_for_some(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	mmu_notifier_invalidate_range_start(&range);
	err = change(mm);
	if (!err)
		mmu_notifier_invalidate_range_end(&range);
	return err;
}

int bad_other_range(struct mm_struct *mm)
{
	struct mmu_notifier_range one, two;

	mmu_notifier_invalidate_range_start(&one);
	mmu_notifier_invalidate_range_start(&two);
	change(mm);
	mmu_notifier_invalidate_range_end(&two);
	if (finish(mm))
		return 1;
	mmu_notifier_invalidate_range_end(&one);
	return 0;
}

void bad_no_end(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	change(mm);
}

int bad_return_in_scope(struct mm_struct *mm, struct mutex *lock)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	scoped_guard(mutex, lock) {
		if (!change(mm))
			return -EAGAIN;
	}
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

/* A start that must not block may be refused; then there is nothing to end. */

int good_return(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range)) {
		finish(mm);
		return -EBUSY;
	}
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

bool good_continue(struct mm_struct *mm, int n)
{
	struct mmu_notifier_range range;
	bool all = true;

	while (n--) {
		if (mmu_notifier_invalidate_range_start_nonblock(&range)) {
			all = false;
			continue;
		}
		change(mm);
		mmu_notifier_invalidate_range_end(&range);
	}
	return all;
}

int good_result(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err < 0)
		goto out;
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
out:
	finish(mm);
	return err;
}

int good_accepted(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (!mmu_notifier_invalidate_range_start_nonblock(&range)) {
		change(mm);
		mmu_notifier_invalidate_range_end(&range);
	}
	return 0;
}

int good_handed_on(struct mm_struct *mm, struct mmu_notifier_range *range)
{
	return mmu_notifier_invalidate_range_start_nonblock(range);
}

int good_retry(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range))
		goto blocking;
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
blocking:
	mmu_notifier_invalidate_range_start(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 1;
}

int good_helper(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range))
		return -EAGAIN;
	return change_and_end(mm, &range);
}

/* It looks once more whether there is something to end. */
int good_conditional(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err)
		pr_debug("refused\n");
	if (!err)
		mmu_notifier_invalidate_range_end(&range);
	return err;
}

int good_declared(struct mm_struct *mm, struct mmu_notifier_range *range)
{
	int err = mmu_notifier_invalidate_range_start_nonblock(range);

	if (err)
		return err;
	change(mm);
	mmu_notifier_invalidate_range_end(range);
	return 0;
}

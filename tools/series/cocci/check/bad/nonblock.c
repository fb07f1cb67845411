/* A start that must not block may be refused; then there is nothing to end. */

void bad_ignored(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start_nonblock(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
}

void bad_not_looked_at(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
}

int bad_overwritten(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	err = change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

int bad_end_when_refused(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range)) {
		mmu_notifier_invalidate_range_end(&range);
		return -EBUSY;
	}
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int bad_end_after_goto(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err)
		goto out;
	change(mm);
out:
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

int bad_end_after_warning(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err)
		pr_warn("refused\n");
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

int bad_no_end_when_accepted(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range))
		return -EBUSY;
	if (!change(mm))
		return -EAGAIN;
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int bad_no_end_if_accepted(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (!mmu_notifier_invalidate_range_start_nonblock(&range)) {
		if (!change(mm))
			return -EAGAIN;
		mmu_notifier_invalidate_range_end(&range);
	}
	return 0;
}

int bad_end_without_braces(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err)
		mmu_notifier_invalidate_range_end(&range);
	else
		change(mm);
	return err;
}

int bad_never_ended(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	if (mmu_notifier_invalidate_range_start_nonblock(&range))
		return -EAGAIN;
	return change(mm);
}

int bad_declared(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err = mmu_notifier_invalidate_range_start_nonblock(&range);

	if (err) {
		mmu_notifier_invalidate_range_end(&range);
		return err;
	}
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int bad_declared_overwritten(struct mm_struct *mm, struct mmu_notifier_range *range)
{
	int err = mmu_notifier_invalidate_range_start_nonblock(range);

	err = change(mm);
	mmu_notifier_invalidate_range_end(range);
	return err;
}

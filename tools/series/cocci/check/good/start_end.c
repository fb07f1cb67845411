/* Each start has its end, on every path. */

void good_straight(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start, end);
	mmu_notifier_invalidate_range_start(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
}

int good_goto(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int err = -EFAULT;

	if (!ready(mm))
		return -EINVAL;
	mmu_notifier_invalidate_range_start(&range);
	if (!lock(mm))
		goto out;
	err = change(mm);
out:
	mmu_notifier_invalidate_range_end(&range);
	return err;
}

int good_same_condition(struct mm_struct *mm, bool is_cow)
{
	struct mmu_notifier_range range;

	if (is_cow) {
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, 0, 1);
		mmu_notifier_invalidate_range_start(&range);
	} else {
		prepare(mm);
	}
	change(mm);
	if (is_cow)
		mmu_notifier_invalidate_range_end(&range);
	else
		finish(mm);
	return 0;
}

long good_late_start(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	bool started = false;
	long pages = 0;

	while (more(mm)) {
		if (!started) {
			mmu_notifier_invalidate_range_start(&range);
			started = true;
		}
		pages += change(mm);
	}
	if (started)
		mmu_notifier_invalidate_range_end(&range);
	return pages;
}

int good_flag(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	bool notified = false;
	int err = -EAGAIN;

	if (!lock(mm))
		goto abort;
	mmu_notifier_invalidate_range_start(&range);
	notified = true;
	if (!change(mm))
		goto abort;
	mmu_notifier_invalidate_range_end(&range);
	return 0;
abort:
	if (notified)
		mmu_notifier_invalidate_range_end(&range);
	return err;
}

void good_loop(struct mm_struct *mm, int n)
{
	struct mmu_notifier_range range;

	while (n--) {
		if (!lock(mm))
			continue;
		mmu_notifier_invalidate_range_start(&range);
		change(mm);
		mmu_notifier_invalidate_range_end(&range);
	}
}

/* The end is the business of good_after(). */
int good_before(struct walk *walk)
{
	mmu_notifier_invalidate_range_start(&walk->range);
	return 0;
}

void good_after(struct walk *walk)
{
	mmu_notifier_invalidate_range_end(&walk->range);
}

int good_scoped(struct mm_struct *mm, struct mutex *lock)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	scoped_guard(mutex, lock) {
		change(mm);
	}
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

static void end(struct mmu_notifier_range *range)
{
	mmu_notifier_invalidate_range_end(range);
}

void good_helper(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_invalidate_range_start(&range);
	change(mm);
	end(&range);
}

int good_other_branch(struct mm_struct *mm, bool plain)
{
	struct mmu_notifier_range range;

	if (plain)
		prepare(mm);
	else
		mmu_notifier_invalidate_range_start(&range);
	change(mm);
	if (!plain)
		mmu_notifier_invalidate_range_end(&range);
	return 0;
}

int good_number(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	int notified = 0;

	if (!lock(mm))
		goto out;
	mmu_notifier_invalidate_range_start(&range);
	notified = 1;
	change(mm);
out:
	if (notified)
		mmu_notifier_invalidate_range_end(&range);
	return 0;
}

void good_one_of_two(struct mirror *m)
{
	struct mmu_notifier_range range;

	if (m->inserted)
		mmu_notifier_invalidate_range_start(&range);
	else
		prepare(m);
	change(m);
	if (m->inserted)
		mmu_notifier_invalidate_range_end(&range);
}

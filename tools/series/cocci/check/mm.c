/* What a subscription does to its mm. */

static void good_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	mmput_async(m->other_mm);
	queue_work(m->wq, &m->put_work);
}

static const struct mmu_notifier_ops good_ops = {
	.release = good_release,
};

void good_put_work(struct work_struct *work)
{
	struct mirror *m = container_of(work, struct mirror, put_work);

	mmput(m->other_mm);
}

void good_close(struct mirror *m)
{
	mmu_notifier_unregister(&m->mn, m->mn.mm);
}

int good_open(struct mirror *m)
{
	return mmu_notifier_register(&m->mn, current->mm);
}

static int bad_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (!mmget_not_zero(m->mm))
		return 0;
	flush(m, range->start, range->end);
	mmput(m->mm);
	return 0;
}

static const struct mmu_notifier_ops bad_mm_ops = {
	.invalidate_range_start = bad_start,
};

static void bad_flush(struct mirror *m)
{
	flush(m, 0, -1UL);
	mmput(m->mm);
}

static bool bad_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range, unsigned long cur_seq)
{
	bad_flush(container_of(n, struct mirror, notifier));
	return true;
}

static const struct mmu_interval_notifier_ops bad_ops = {
	.invalidate = bad_invalidate,
};

void bad_close(struct mirror *m)
{
	mmu_notifier_unregister(&m->mn, current->mm);
}

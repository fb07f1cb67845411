/* What a subscription does to its mm. */

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

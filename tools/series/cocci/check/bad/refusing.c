/* A subscription that can refuse a start has no end. */

static int bad_returns_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	return 0;
}

static const struct mmu_notifier_ops bad_returns_ops = {
	.release = bad_release,
	.invalidate_range_end = bad_end,
	.invalidate_range_start = bad_returns_start,
};

static int bad_sets_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	int err = 0;

	if (!trylock(mn))
		err = -EAGAIN;
	return err;
}

static struct mmu_notifier_ops bad_sets_ops = {
	.invalidate_range_start = bad_sets_start,
	.invalidate_range_end = bad_end,
};

/* A subscription that can refuse a start has no end. */

static int good_refuses_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	return 0;
}

static const struct mmu_notifier_ops good_refuses_ops = {
	.invalidate_range_start = good_refuses_start,
	.free_notifier = good_free,
};

static int good_accepts_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	count(mn);
	return 0;
}

static const struct mmu_notifier_ops good_accepts_ops = {
	.invalidate_range_start = good_accepts_start,
	.invalidate_range_end = good_accepts_end,
};

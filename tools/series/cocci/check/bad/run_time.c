/* Operations are filled in at run time. */

static struct mmu_notifier_ops mirror_mm_ops;

static int mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	/* Its callbacks are callbacks all the same. */
	mmu_notifier_unregister(mn, range->mm);
	return 0;
}

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	mmu_interval_set_seq(n, cur_seq);
	return true;
}

void bad_module_init(struct mirror *m)
{
	mirror_mm_ops.invalidate_range_start = mirror_start;
	m->ops->invalidate = mirror_invalidate;
}

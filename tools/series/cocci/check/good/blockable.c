/* A callback sleeps only if the invalidation may block. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&m->mutex);
	else if (!mutex_trylock(&m->mutex))
		return false;
	mmu_interval_set_seq(n, cur_seq);
	mutex_unlock(&m->mutex);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = { .invalidate = mirror_invalidate };

static int mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (!down_write_trylock(&m->sem)) {
		if (!range->blockable)
			return -EAGAIN;
		down_write(&m->sem);
	}
	up_write(&m->sem);
	spin_lock(&m->lock);
	tear_down(m);
	spin_unlock(&m->lock);
	return 0;
}

/* The mm ends: it may sleep. */
static void mirror_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	mutex_lock(&mirrors_mutex);
	list_del(&container_of(mn, struct mirror, mn)->node);
	mutex_unlock(&mirrors_mutex);
}

static const struct mmu_notifier_ops mirror_mm_ops = {
	.release = mirror_release,
	.invalidate_range_start = mirror_start,
};

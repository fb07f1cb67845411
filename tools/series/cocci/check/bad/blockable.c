/* A callback sleeps for a lock, whether or not the invalidation may block. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	mutex_lock(&m->mutex);
	mmu_interval_set_seq(n, cur_seq);
	tear_down(m);
	mutex_unlock(&m->mutex);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

static int mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	if (m->quick) {
		mirror_down_write(m);
		tear_down(m);
		mirror_up_write(m);
		return 0;
	}
	if (!mmu_notifier_range_blockable(range))
		return -EAGAIN;
	down_read(&m->sem);
	tear_down(m);
	up_read(&m->sem);
	return 0;
}

static const struct mmu_notifier_ops mirror_mm_ops = { .invalidate_range_start = mirror_start };

static bool mirror_guarded(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			   unsigned long cur_seq, struct mmu_interval_notifier_finish **finish)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	guard(rwsem_write)(&m->sem);
	mmu_interval_set_seq(n, cur_seq);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_guarded_ops = { .invalidate_start = mirror_guarded };

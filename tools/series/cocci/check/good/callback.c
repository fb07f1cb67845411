/* Callbacks do not call what waits for callbacks or invalidations. */

static bool good_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			    unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mutex_trylock(&m->lock))
		return false;
	mmu_interval_set_seq(n, cur_seq);
	queue_work(m->wq, &m->remove_work);
	mutex_unlock(&m->lock);
	return true;
}

static void good_work(struct work_struct *work)
{
	struct mirror *m = container_of(work, struct mirror, remove_work);

	mmu_interval_notifier_remove(&m->notifier);
}

static const struct mmu_interval_notifier_ops good_ops = {
	.invalidate = good_invalidate,
};

int good_reader(struct mirror *m)
{
	int err = 0;

	mutex_lock(&m->lock);
	if (mmu_interval_read_retry(&m->notifier, m->seq))
		err = -EAGAIN;
	mutex_unlock(&m->lock);
	return err;
}

/* Each callback sets the sequence, on every path, under the lock of the readers. */

static bool bad_none(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
		     unsigned long cur_seq)
{
	mirror_lock(n);
	tear_down(n);
	mirror_unlock(n);
	return true;
}

static const struct mmu_interval_notifier_ops bad_none_ops = { .invalidate = bad_none };

static bool bad_some_paths(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			   unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	if (!m->active)
		return true;
	down_write(&m->lock);
	mmu_interval_set_seq(n, cur_seq);
	up_write(&m->lock);
	return true;
}

static const struct mmu_interval_notifier_ops bad_some_paths_ops = { .invalidate = bad_some_paths };

int bad_helper(struct mmu_interval_notifier *n, unsigned long cur_seq, struct mirror *m)
{
	if (READ_ONCE(m->blocked))
		return 0;
	down_write(&m->lock);
	mmu_interval_set_seq(n, cur_seq);
	up_write(&m->lock);
	return 0;
}

static bool bad_lockless(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			 unsigned long cur_seq)
{
	mmu_interval_set_seq(n, cur_seq);
	return true;
}

static const struct mmu_interval_notifier_ops bad_lockless_ops = { .invalidate_start = bad_lockless };

static bool bad_after_owner(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			    unsigned long cur_seq)
{
	if (range->owner == mirror.owner)
		return true;
	if (range->event == MMU_NOTIFY_PROTECTION_PAGE)
		return true;
	mirror_lock(n);
	mmu_interval_set_seq(n, cur_seq);
	mirror_unlock(n);
	return true;
}

static const struct mmu_interval_notifier_ops bad_after_owner_ops = { .invalidate = bad_after_owner };

unsigned long begins(struct mirror *m)
{
	return mmu_interval_read_begin(&m->notifier);
}

/* Each callback sets the sequence, on every path, under the lock of the readers. */

static bool good_cb(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
		    unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	/* Its own migrations, and the end of everything, need no retry. */
	if (range->event == MMU_NOTIFY_MIGRATE && range->owner == m->owner)
		return true;
	if (range->event == MMU_NOTIFY_RELEASE)
		return true;
	down_write(&m->lock);
	mmu_interval_set_seq(n, cur_seq);
	up_write(&m->lock);
	return true;
}

static const struct mmu_interval_notifier_ops good_ops = { .invalidate = good_cb };

static void good_helper(struct mmu_interval_notifier *n, unsigned long cur_seq)
{
	mmu_interval_set_seq(n, cur_seq);
	tear_down(n);
}

static bool good_hands_on(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			  unsigned long cur_seq)
{
	if (!mirror_trylock(n))
		return false;
	good_helper(n, cur_seq);
	mirror_unlock(n);
	return true;
}

static const struct mmu_interval_notifier_ops good_hands_on_ops = { .invalidate = good_hands_on };

static bool good_guarded(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			 unsigned long cur_seq)
{
	if (!mmu_notifier_range_blockable(range))
		return false;
	guard(mutex)(&mirror.mutex);
	mmu_interval_set_seq(n, cur_seq);
	return true;
}

static const struct mmu_interval_notifier_ops good_guarded_ops = { .invalidate = good_guarded };

int good_fault(struct mirror *m)
{
	unsigned long seq = mmu_interval_read_begin(&m->notifier);
	int err = 0;

	down_read(&m->lock);
	if (mmu_interval_read_retry(&m->notifier, seq))
		err = -EAGAIN;
	up_read(&m->lock);
	return err;
}

static bool good_release(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			 unsigned long cur_seq)
{
	if (range->event == MMU_NOTIFY_RELEASE)
		return true;
	mirror_lock(n);
	mmu_interval_set_seq(n, cur_seq);
	mirror_unlock(n);
	return true;
}

static const struct mmu_interval_notifier_ops good_release_ops = { .invalidate = good_release };

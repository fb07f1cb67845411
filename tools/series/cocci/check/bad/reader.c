/* A reader asks in the end, under the lock of the callback. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&m->lock);
	mmu_interval_set_seq(n, cur_seq);
	mutex_unlock(&m->lock);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

void bad_ignored(struct mirror *m)
{
	mmu_interval_read_begin(&m->notifier);
	establish(m);
}

void bad_unused(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	establish(m);
}

int bad_hmm_fault(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };
	int err;

	range.notifier_seq = mmu_interval_read_begin(range.notifier);
	err = hmm_range_fault(&range);
	if (!err)
		establish(m);
	return err;
}

int bad_no_lock(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	mmap_read_lock(m->mm);
	read_page_table(m);
	if (mmu_interval_read_retry(&m->notifier, seq)) {
		mmap_read_unlock(m->mm);
		return -EAGAIN;
	}
	mmap_read_unlock(m->mm);
	establish(m);
	return 0;
}

int bad_lock_on_one_path(struct mirror *m, bool may_sleep)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	if (may_sleep)
		mutex_lock(&m->lock);
	if (mmu_interval_read_retry(&m->notifier, seq))
		return -EAGAIN;
	return 0;
}

int bad_unlocked_before(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	mutex_lock(&m->lock);
	establish(m);
	mutex_unlock(&m->lock);
	return mmu_interval_read_retry(&m->notifier, seq);
}

int bad_other_lock(struct mirror *m)
{
	unsigned long seq;
	int err = 0;

	seq = mmu_interval_read_begin(&m->notifier);
	spin_lock(&m->list_lock);
	if (mmu_interval_read_retry(&m->notifier, seq))
		err = -EAGAIN;
	spin_unlock(&m->list_lock);
	return err;
}

int bad_wrapped_unlock(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	mirror_down_write(&m->lock);
	establish(m);
	mirror_up_write(&m->lock);
	return mmu_interval_read_retry(&m->notifier, seq);
}

int bad_killable_unused(struct mirror *m)
{
	unsigned long seq;
	int err;

	err = mmu_interval_read_begin_killable(&m->notifier, &seq);
	if (!err)
		establish(m);
	return err;
}

int bad_killable_hmm_fault(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };
	int err;

	err = mmu_interval_read_begin_killable(range.notifier, &range.notifier_seq);
	if (!err)
		err = hmm_range_fault(&range);
	if (!err)
		establish(m);
	return err;
}

int bad_killable_no_lock(struct mirror *m)
{
	unsigned long seq;
	int err;

	err = mmu_interval_read_begin_killable(&m->notifier, &seq);
	if (err)
		return err;
	read_page_table(m);
	if (mmu_interval_read_retry(&m->notifier, seq))
		return -EAGAIN;
	establish(m);
	return 0;
}

int bad_killable_unlocked_before(struct mirror *m)
{
	unsigned long seq;

	if (mmu_interval_read_begin_killable(&m->notifier, &seq))
		return -EINTR;
	mutex_lock(&m->lock);
	establish(m);
	mutex_unlock(&m->lock);
	return mmu_interval_read_retry(&m->notifier, seq);
}

int bad_killable_other_lock(struct mirror *m)
{
	unsigned long seq;
	int err;

	if (mmu_interval_read_begin_killable(&m->notifier, &seq))
		return -EINTR;
	spin_lock(&m->list_lock);
	err = mmu_interval_read_retry(&m->notifier, seq);
	spin_unlock(&m->list_lock);
	return err;
}

/* A reader asks in the end, under the lock of the callback. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&m->lock);
	else if (!mutex_trylock(&m->lock))
		return false;
	mmu_interval_set_seq(n, cur_seq);
	tear_down(m);
	mutex_unlock(&m->lock);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

int good_fault(struct mirror *m)
{
	unsigned long seq;
	int err;

again:
	seq = mmu_interval_read_begin(&m->notifier);
	mmap_read_lock(m->mm);
	err = read_page_table(m);
	mmap_read_unlock(m->mm);
	if (err)
		return err;
	mutex_lock(&m->lock);
	if (mmu_interval_read_retry(&m->notifier, seq)) {
		mutex_unlock(&m->lock);
		goto again;
	}
	establish(m);
	mutex_unlock(&m->lock);
	return 0;
}

int good_hmm_fault(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };

	do {
		range.notifier_seq = mmu_interval_read_begin(range.notifier);
		if (hmm_range_fault(&range))
			return -EFAULT;
		if (mutex_lock_interruptible(&m->lock))
			return -EINTR;
		if (!mmu_interval_read_retry(range.notifier, range.notifier_seq))
			break;
		mutex_unlock(&m->lock);
	} while (true);
	establish(m);
	mutex_unlock(&m->lock);
	return 0;
}

/* The sequence is kept for good_callers_lock(). */
int good_hmm_keep(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };

	range.notifier_seq = mmu_interval_read_begin(range.notifier);
	if (hmm_range_fault(&range))
		return -EFAULT;
	m->seq = range.notifier_seq;
	return 0;
}

int good_named_lock(struct mirror *m)
{
	unsigned long seq = mmu_interval_read_begin(&m->notifier);
	bool again;

	mirror_lock(m);
	again = mmu_interval_read_retry(&m->notifier, seq);
	mirror_unlock(m);
	return again;
}

int good_guard(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	read_page_table(m);
	guard(mutex)(&m->lock);
	return mmu_interval_read_retry(&m->notifier, seq);
}

int good_scoped_guard(struct mirror *m)
{
	unsigned long seq;

	seq = mmu_interval_read_begin(&m->notifier);
	scoped_guard(mutex, &m->lock) {
		if (mmu_interval_read_retry(&m->notifier, seq))
			return -EAGAIN;
	}
	return 0;
}

int good_callers_lock(struct mirror *m)
{
	lockdep_assert_held(&m->lock);
	return mmu_interval_read_retry(&m->notifier, m->seq);
}

int good_inner_lock(struct mirror *m)
{
	unsigned long seq = mmu_interval_read_begin(&m->notifier);
	int err = 0;

	mutex_lock(&m->lock);
	spin_lock(&m->list_lock);
	list_del_init(&m->node);
	spin_unlock(&m->list_lock);
	if (mmu_interval_read_retry(&m->notifier, seq))
		err = -EAGAIN;
	mutex_unlock(&m->lock);
	return err;
}

/* The sequence is kept, to be asked about by good_callers_lock(). */
void good_keep(struct mirror *m)
{
	m->seq = mmu_interval_read_begin(&m->notifier);
}

int good_wrapped_lock(struct mirror *m)
{
	unsigned long seq;
	int err = 0;

	seq = mmu_interval_read_begin(&m->notifier);
	mirror_down_read(&m->lock);
	if (mmu_interval_read_retry(&m->notifier, seq))
		err = -EAGAIN;
	mirror_up_read(&m->lock);
	return err;
}

int good_killable(struct mirror *m)
{
	unsigned long seq;
	bool again;
	int err;

	do {
		err = mmu_interval_read_begin_killable(&m->notifier, &seq);
		if (err)
			return err;
		read_page_table(m);
		mutex_lock(&m->lock);
		again = mmu_interval_read_retry(&m->notifier, seq);
		mutex_unlock(&m->lock);
	} while (again);
	return 0;
}

int good_killable_hmm_fault(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };
	int err;

	err = mmu_interval_read_begin_killable(range.notifier, &range.notifier_seq);
	if (!err)
		err = hmm_range_fault(&range);
	if (err)
		return err;
	guard(mutex)(&m->lock);
	return mmu_interval_read_retry(range.notifier, range.notifier_seq);
}

/* The sequence is kept for good_callers_lock(). */
int good_killable_hmm_keep(struct mirror *m)
{
	struct hmm_range range = { .notifier = &m->notifier };

	if (mmu_interval_read_begin_killable(range.notifier, &range.notifier_seq))
		return -EINTR;
	m->seq = range.notifier_seq;
	return hmm_range_fault(&range);
}

int good_killable_keep(struct mirror *m)
{
	return mmu_interval_read_begin_killable(&m->notifier, &m->seq);
}

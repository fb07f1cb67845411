/* Callbacks find what they use. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (range->mm != m->home)
		return false;
	mirror_lock(m);
	m->invalidations++;
	mirror_unlock(m);
	queue_work(m->wq, &m->work);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

int good_before(struct mirror *m, struct mm_struct *mm)
{
	int err;

	m->wq = system_wq;
	INIT_WORK(&m->work, mirror_work);
	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err) {
		m->home = &init_mm;
		goto out;
	}
	/* No callback uses it; that is a member of the range. */
	m->mm = mm;
	/* Anew: they have been there. */
	m->wq = mirror_wq;
	INIT_WORK(&m->work, mirror_other_work);
	mirror_lock(m);
	m->invalidations = 1;
	mirror_unlock(m);
	return 0;
out:
	m->invalidations = 0;
	return err;
}

int good_static(struct mm_struct *mm)
{
	mirror.wq = system_wq;
	if (mmu_interval_notifier_insert(&mirror.notifier, mm, 0, 1, &mirror_ops))
		return -ENOMEM;
	mirror.wq = mirror_wq;
	return 0;
}

int good_next(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	m = m->next;
	m->home = mm;
	return err;
}

int good_other_lock(struct mirror *m, struct other *o, struct mm_struct *mm)
{
	int err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);

	mutex_init(&o->lock);
	return err;
}

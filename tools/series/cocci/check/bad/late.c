/* What callbacks use is not there when they may begin. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!kref_get_unless_zero(&m->ref))
		return true;
	note(m, range->start - m->start);
	return true;
}

static void note(struct mirror *m, unsigned long offset)
{
	m->state.offset = offset;
	queue_work(m->wq, &m->work);
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

int bad_fields(struct mirror *m, struct mm_struct *mm, unsigned long start)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, start, PAGE_SIZE, &mirror_ops);
	if (err)
		return err;
	m->state.offset = 0;
	m->start = start;
	m->wq = system_wq;
	INIT_WORK(&m->work, mirror_work);
	return 0;
}

/* Some are there before. */
int bad_some(struct mm_struct *mm)
{
	mirror.start = 0;
	if (mmu_interval_notifier_insert(&mirror.notifier, mm, 0, 1, &mirror_ops))
		return -ENOMEM;
	mirror.wq = system_wq;
	return 0;
}

int bad_reference(struct mirror *m, struct mm_struct *mm)
{
	if (mmu_notifier_register(&m->mn, mm))
		return -ENOMEM;
	kref_init(&m->ref);
	return 0;
}

int bad_late_mutex(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err)
		return err;
	mutex_init(&m->lock);
	return 0;
}

int bad_late_spinlock(struct mirror *m, struct mm_struct *mm)
{
	if (mmu_interval_notifier_insert_locked(&m->user.notifier, mm, 0, 1, &mirror_ops))
		return -ENOMEM;
	spin_lock_init(&m->user.lock);
	return 0;
}

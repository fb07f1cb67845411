/* Callbacks do not call what waits for callbacks or invalidations. */

static bool bad_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			   unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	mirror_lock(m);
	mmu_interval_set_seq(n, cur_seq);
	mirror_unlock(m);
	if (range->event == MMU_NOTIFY_UNMAP)
		mmu_interval_notifier_remove(n);
	return true;
}

static const struct mmu_interval_notifier_ops bad_ops = {
	.invalidate = bad_invalidate,
};

static int bad_split(struct mirror *m)
{
	return mmu_interval_notifier_insert(&m->rest, m->mm, m->start, m->length, &mirror_ops);
}

static bool bad_start(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
		      unsigned long cur_seq, struct mmu_interval_notifier_finish **finish)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	mirror_lock(m);
	mmu_interval_set_seq(n, cur_seq);
	bad_split(m);
	mirror_unlock(m);
	return true;
}

static void bad_finish(struct mmu_interval_notifier_finish *finish)
{
	struct mirror *m = container_of(finish, struct mirror, finish);

	m->seq = mmu_interval_read_begin(&m->notifier);
}

static const struct mmu_interval_notifier_ops bad_two_pass_ops = {
	.invalidate_start = bad_start,
	.invalidate_finish = bad_finish,
};

bool asks(struct mirror *m)
{
	return mmu_interval_read_retry(&m->notifier, m->seq);
}

static void bad_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	mmu_notifier_unregister(mn, mm);
}

static const struct mmu_notifier_ops bad_mm_ops = {
	.release = bad_release,
};

static bool bad_move(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
		     unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	mirror_lock(m);
	mmu_interval_set_seq(n, cur_seq);
	mirror_unlock(m);
	if (mmu_interval_notifier_update(n, range->end, m->end - range->end))
		mmu_interval_notifier_remove_deferred(n, &m->removal, mirror_released);
	mmu_interval_notifier_barrier();
	return !mmu_interval_read_begin_killable(n, &m->seq);
}

static const struct mmu_interval_notifier_ops bad_moving_ops = {
	.invalidate = bad_move,
};

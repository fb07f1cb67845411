/* A signal ends a wait in a callback, and the callback goes on. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);
	long left;

	wait_event_interruptible(m->queue, m->idle);
	left = dma_resv_wait_timeout(m->resv, DMA_RESV_USAGE_BOOKKEEP, true, MAX_SCHEDULE_TIMEOUT);
	if (left <= 0)
		pr_err("not idle\n");
	settle(m);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

static void settle(struct mirror *m)
{
	dma_fence_wait(m->fence, true);
	if (mutex_lock_killable(&m->mutex))
		m->errors++;
	tear_down(m);
	mutex_unlock(&m->mutex);
}

static void mirror_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct mirror *m = container_of(mn, struct mirror, mn);
	int gone = wait_for_completion_killable(&m->done);
	int err;

	m->late = gone;
	err = dma_fence_wait_timeout(m->fence, true, HZ);
	err = mirror_down_read_interruptible(m);
	tear_down(m);
}

static const struct mmu_notifier_ops mirror_mm_ops = { .release = mirror_release };

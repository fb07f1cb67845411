/* A callback waits for what it needs, or refuses. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);
	long left;

	if (!mmu_notifier_range_blockable(range))
		return false;
	wait_event(m->queue, m->idle);
	dma_resv_wait_timeout(m->resv, DMA_RESV_USAGE_BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT);
	dma_fence_wait(m->fence, false);
	left = dma_fence_wait_timeout(m->fence, true, HZ);
	if (left <= 0) {
		kill(m);
		goto out;
	}
	while (wait_event_interruptible(m->queue, m->idle))
		nudge(m);
	do {
		nudge(m);
	} while (wait_event_interruptible(m->queue, m->idle));
	if (mutex_lock_killable(&m->mutex))
		return false;
	tear_down(m);
	mutex_unlock(&m->mutex);
out:
	return settle(m) == 0;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

static int settle(struct mirror *m)
{
	int err, left = mirror_flush_interruptible(m);

	while (left)
		left = mirror_flush(m);
	err = dma_fence_wait(m->fence, true);
	mirror_count(m);
	if (m->dead)
		return wait_for_completion_interruptible(&m->done);
	return err;
}

/* Not a callback. */
void good_close(struct mirror *m)
{
	wait_event_interruptible(m->queue, m->idle);
}

/* Operations are constants; others have members of such names, too. */

static const struct mmu_notifier_ops mirror_mm_ops = {
	.invalidate_range_start = mirror_start,
};

/* Not a callback of ours: it may sleep, and a signal may end it. */
static void mirror_flush(struct mirror *m)
{
	mutex_lock(&m->lock);
	down_interruptible(&m->sem);
	mutex_unlock(&m->lock);
}

void good_other(struct mirror *m)
{
	m->table->invalidate = mirror_flush;
	m->table->release = mirror_flush;
	m->cache.invalidate = false;
	m->ops = &mirror_mm_ops;
	m->file_ops.release = mirror_file_release;
	m->stats.invalidated = 0;
}

/* What is kept in one function is asked about in another. */

void good_keep(struct mirror *m)
{
	m->seq = mmu_interval_read_begin(&m->notifier);
}

void good_keep_in_place(void)
{
	mirror.seq = mmu_interval_read_begin(&mirror.notifier);
}

int good_killable(struct mirror *m)
{
	return mmu_interval_read_begin_killable(&m->notifier, &m->seq);
}

bool good_ask(struct mirror *m)
{
	bool again;

	mutex_lock(&m->lock);
	again = mmu_interval_read_retry(&m->notifier, m->seq);
	mutex_unlock(&m->lock);
	return again;
}

/* Callbacks do not wait for this. */
void good_section(struct mirror *m)
{
	int idx = srcu_read_lock(&m->srcu);

	mmu_interval_notifier_remove(&m->notifier);
	srcu_read_unlock(&m->srcu, idx);
}

/* Nothing in this file asks about the sequence that it keeps. */

void bad_keep(struct mirror *m)
{
	m->seq = mmu_interval_read_begin(&m->notifier);
}

void bad_keep_in_place(void)
{
	mirror.seq = mmu_interval_read_begin(&mirror.notifier);
}

int bad_killable(struct mirror *m)
{
	return mmu_interval_read_begin_killable(&m->notifier, &m->seq);
}

/* An interval is inserted with its length. */

int good_difference(struct mirror *m, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, start, end - start, &mirror_ops);
}

int good_inclusive(struct mirror *m, struct mm_struct *mm, unsigned long start, unsigned long last)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, start, last - start + 1, &mirror_ops);
}

int good_sum(struct mirror *m, struct mm_struct *mm)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, m->start, m->length + PAGE_SIZE, &mirror_ops);
}

int good_all(struct mirror *m, struct mm_struct *mm)
{
	return mmu_interval_notifier_insert_locked(&m->notifier, mm, 0, ULONG_MAX, &mirror_ops);
}

int good_update(struct mirror *m, unsigned long start, unsigned long end)
{
	return mmu_interval_notifier_update(&m->notifier, start, end - start);
}

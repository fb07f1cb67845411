/* An interval is inserted with its end in place of its length. */

int bad_sum(struct mirror *m, struct mm_struct *mm, unsigned long start, unsigned long size)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, start, start + size, &mirror_ops);
}

int bad_end(struct mirror *m, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return mmu_interval_notifier_insert_locked(&m->notifier, mm, start, end, &mirror_ops);
}

int bad_member(struct mirror *m, struct vm_area_struct *vma)
{
	return mmu_interval_notifier_insert(&m->notifier, vma->vm_mm, vma->vm_start, vma->vm_end, &mirror_ops);
}

int bad_last(struct mirror *m, struct mm_struct *mm)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, m->start, m->range.last, &mirror_ops);
}

int bad_inclusive(struct mirror *m, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	return mmu_interval_notifier_insert(&m->notifier, mm, start, end - 1, &mirror_ops);
}

int bad_update(struct mirror *m, unsigned long start, unsigned long end)
{
	return mmu_interval_notifier_update(&m->notifier, start, end);
}

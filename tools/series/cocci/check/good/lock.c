/* What waits for callbacks is called under locks that no callback takes. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mutex_trylock(&m->lock))
		return false;
	mmu_interval_set_seq(n, cur_seq);
	mutex_unlock(&m->lock);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

int good_initialised(struct mirror *m, struct mm_struct *mm)
{
	mutex_init(&m->lock);
	spin_lock_init(&m->list_lock);
	return mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
}

void good_other_lock(struct mirror *m)
{
	mutex_lock(&m->remove_lock);
	mmu_interval_notifier_remove(&m->notifier);
	mutex_unlock(&m->remove_lock);
}

void good_afterwards(struct mirror *m)
{
	mutex_lock(&m->lock);
	m->dead = true;
	mutex_unlock(&m->lock);
	mmu_interval_notifier_remove(&m->notifier);
	mmput(m->mm);
}

int good_fault(struct mirror *m, struct mmu_range_reader *reader)
{
again:
	mmu_range_read_begin(reader, m->start, m->end);
	read_page_table(m);
	mutex_lock(&m->lock);
	if (mmu_range_read_retry(reader)) {
		mutex_unlock(&m->lock);
		goto again;
	}
	establish(m);
	mutex_unlock(&m->lock);
	return 0;
}

/* It does not wait. */
void good_put(struct mirror *m)
{
	mutex_lock(&m->lock);
	mmu_notifier_put(&m->mn);
	mmput_async(m->mm);
	mutex_unlock(&m->lock);
}

void good_spinlock(struct list *list)
{
	struct mirror *m;

	spin_lock(&list->lonely_lock);
	m = pop(list);
	spin_unlock(&list->lonely_lock);
	mmu_interval_notifier_remove(&m->notifier);
}

/* What waits for callbacks is called under a lock that one takes, or under a spinlock. */

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mutex_trylock(&mirrors_lock))
		return false;
	spin_lock(&m->lock);
	mmu_interval_set_seq(n, cur_seq);
	tear_down(m);
	spin_unlock(&m->lock);
	mutex_unlock(&mirrors_lock);
	return true;
}

static const struct mmu_interval_notifier_ops mirror_ops = {
	.invalidate = mirror_invalidate,
};

static void mirror_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	mirror_stop(container_of(mn, struct mirror, mn));
}

static const struct mmu_notifier_ops mirror_mm_ops = {
	.release = mirror_release,
};

static void mirror_stop(struct mirror *m)
{
	mirror_down_write(&m->sem);
	tear_down(m);
	mirror_up_write(&m->sem);
}

int bad_insert(struct mirror *m, struct mm_struct *mm)
{
	int err;

	spin_lock(&m->lock);
	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	spin_unlock(&m->lock);
	return err;
}

void bad_remove(struct mirror *m)
{
	mutex_lock(&mirrors_lock);
	list_del(&m->node);
	mmu_interval_notifier_remove(&m->notifier);
	mutex_unlock(&mirrors_lock);
}

void bad_unregister(struct mirror *m)
{
	down_write(&m->sem);
	mmu_notifier_unregister(&m->mn, m->mn.mm);
	up_write(&m->sem);
}

/* It may end the mm, whose release() takes the lock. */
void bad_mmput(struct mirror *m)
{
	mirror_down_read(&m->sem);
	establish(m);
	mmput(m->mn.mm);
	mirror_up_read(&m->sem);
}

int bad_goto(struct mirror *m, struct mmu_range_reader *reader)
{
	spin_lock(&m->lock);
again:
	mmu_range_read_begin(reader, m->start, m->end);
	read_page_table(m);
	if (mmu_range_read_retry(reader))
		goto again;
	spin_unlock(&m->lock);
	return 0;
}

void bad_asserted(struct mirror *m)
{
	lockdep_assert_held(&m->lock);
	mmu_interval_notifier_remove(&m->notifier);
}

void bad_spinlock(struct list *list)
{
	struct mirror *m;
	unsigned long flags;

	spin_lock_irqsave(&list->lonely_lock, flags);
	list_for_each_entry(m, &list->head, node)
		mmu_interval_notifier_remove(&m->notifier);
	spin_unlock_irqrestore(&list->lonely_lock, flags);
}

int bad_update(struct mirror *m)
{
	int err;

	spin_lock(&m->lock);
	err = mmu_interval_notifier_update(&m->notifier, m->start, m->length);
	spin_unlock(&m->lock);
	return err;
}

void bad_barrier(struct mirror *m)
{
	down_write(&m->sem);
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
	mmu_interval_notifier_barrier();
	up_write(&m->sem);
}

int bad_reader(struct mirror *m, unsigned long *seq)
{
	int err;

	mutex_lock(&mirrors_lock);
	err = mmu_interval_read_begin_killable(&m->notifier, seq);
	mutex_unlock(&mirrors_lock);
	return err;
}

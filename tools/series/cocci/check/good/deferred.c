/* What is removed deferred is freed, or inserted again, in released(). */

static void mirror_released(struct mmu_interval_notifier *n)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	complete(&m->released);
	mmu_interval_notifier_remove(&m->other->notifier);
	mmu_interval_notifier_remove(&m->second_notifier);
	mirror_put(m);
}

static void good_again(struct mmu_interval_notifier *n)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (mmu_interval_notifier_insert(n, m->mm, m->start, m->length, &mirror_ops))
		return;
	if (m->dead)
		mmu_interval_notifier_remove_deferred(n, &m->removal, mirror_released);
}

static void good_moved(struct mmu_interval_notifier *n)
{
	struct mirror *m;

	m = container_of(n, struct mirror, notifier);
	if (!mmu_interval_notifier_insert_locked(&m->notifier, m->mm, m->start, m->length, &mirror_ops))
		mmu_interval_notifier_remove(&m->notifier);
}

static void good_declared(struct mmu_interval_notifier *n)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	if (!mmu_interval_notifier_insert(n, m->mm, m->start, m->length, &mirror_ops))
		mmu_interval_notifier_remove(&m->notifier);
}

void good_close(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, good_again);
	mmu_interval_notifier_remove_deferred(&m->second_notifier, &m->second_removal, good_moved);
	mmu_interval_notifier_remove_deferred(&m->third_notifier, &m->third_removal, good_declared);
	kfree(m->pages);
	mirror_put(m);
}

void good_barrier(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
	mmu_interval_notifier_barrier();
	kfree(m);
}

void good_completion(struct mirror *m)
{
	struct mmu_interval_notifier_removal removal;

	mmu_interval_notifier_remove_deferred(&m->notifier, &removal, mirror_released);
	wait_for_completion(&m->released);
	kfree(m);
}

void good_list(struct list_head *mirrors)
{
	struct mirror *m, *next;

	list_for_each_entry_safe(m, next, mirrors, node) {
		if (m->inserted) {
			mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
			continue;
		}
		kfree(m);
	}
}

void good_queue(struct mirror *m)
{
	while (m) {
		struct mirror *next = m->next;

		if (m->inserted)
			mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
		else
			kfree(m);
		m = next;
	}
}

void good_exit(void)
{
	mmu_interval_notifier_barrier();
}

/* What an insertion needs before it, and what follows if it fails. */

int good_insert(struct mirror *m, struct mm_struct *mm)
{
	int err;

	mutex_init(&m->lock);
	err = mmu_interval_notifier_insert(&m->notifier, mm, m->start, m->length, &mirror_ops);
	if (err)
		goto free;
	return 0;
free:
	kfree(m);
	return err;
}

int good_remove_later(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert_locked(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err)
		goto free;
	err = start(m);
	if (err)
		goto remove;
	return 0;
remove:
	mmu_interval_notifier_remove(&m->notifier);
free:
	kfree(m);
	return err;
}

int good_flag(struct mirror *m, struct mm_struct *mm)
{
	bool inserted = false;
	int err;

	if (m->use_notifier) {
		err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
		if (err)
			goto out;
		inserted = true;
	}
	err = start(m);
out:
	if (inserted)
		mmu_interval_notifier_remove(&m->notifier);
	return err;
}

int good_tells(struct mirror *m, struct mm_struct *mm)
{
	int err;

	if ((err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops)))
		return err;
	err = mmu_interval_notifier_insert(&m->other, mm, 0, 1, &mirror_ops);
	MIRROR_ASSERT(err != -EEXIST);
	return err;
}

int good_update(struct mirror *m)
{
	int err;

	err = mmu_interval_notifier_update(&m->notifier, m->start, m->length);
	if (err)
		mirror_fail(m);
	return err;
}

int good_declared(struct mirror *m, struct mm_struct *mm)
{
	int err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);

	if (err)
		kfree(m);
	return err;
}

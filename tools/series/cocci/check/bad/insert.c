/* What an insertion needs before it, and what follows if it fails. */

void bad_ignored(struct mirror *m, struct mm_struct *mm)
{
	mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
}

void bad_ignored_locked(struct mirror *m, struct mm_struct *mm)
{
	mmu_interval_notifier_insert_locked(&m->notifier, mm, 0, 1, &mirror_ops);
}

int bad_remove(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err) {
		mmu_interval_notifier_remove(&m->notifier);
		kfree(m);
		return err;
	}
	return 0;
}

int bad_remove_if(struct mirror *m, struct mm_struct *mm)
{
	if (mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops) < 0) {
		mmu_interval_notifier_remove(&m->notifier);
		return -EINVAL;
	}
	return 0;
}

int bad_goto_remove(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err)
		goto out;
	err = start(m);
	if (!err)
		return 0;
out:
	mmu_interval_notifier_remove(&m->notifier);
	return err;
}

int bad_remove_without_braces(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	if (err)
		mmu_interval_notifier_remove(&m->notifier);
	else
		start(m);
	return err;
}

void bad_unread(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);
	err = start(m);
	if (err)
		stop(m);
}

void bad_only_asserted(struct mirror *m, struct mm_struct *mm)
{
	int err;

	err = mmu_interval_notifier_insert_locked(&m->notifier, mm, 0, 1, &mirror_ops);
	MIRROR_ASSERT(!err);
}

void bad_update(struct mirror *m)
{
	mmu_interval_notifier_update(&m->notifier, m->start, m->length);
}

void bad_update_asserted(struct mirror *m)
{
	int err;

	err = mmu_interval_notifier_update(&m->notifier, m->start, m->length);
	MIRROR_ASSERT(!err);
}

int bad_declared(struct mirror *m, struct mm_struct *mm)
{
	int err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);

	if (err)
		mmu_interval_notifier_remove(&m->notifier);
	return err;
}

int bad_declared_unread(struct mirror *m, struct mm_struct *mm)
{
	int err = mmu_interval_notifier_insert(&m->notifier, mm, 0, 1, &mirror_ops);

	err = start(m);
	return err;
}

int bad_declared_locked(struct mirror *m, struct mm_struct *mm)
{
	int err = mmu_interval_notifier_insert_locked(&m->notifier, mm, 0, 1, &mirror_ops);

	err = start(m);
	return err;
}

int bad_declared_update(struct mirror *m)
{
	int err = mmu_interval_notifier_update(&m->notifier, m->start, m->length);

	MIRROR_ASSERT(!err);
	return 0;
}

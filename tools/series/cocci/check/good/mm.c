/* What a subscription does to its mm. */

static void good_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct mirror *m = container_of(mn, struct mirror, mn);

	mmput_async(m->other_mm);
	queue_work(m->wq, &m->put_work);
}

static const struct mmu_notifier_ops good_ops = {
	.release = good_release,
};

void good_put_work(struct work_struct *work)
{
	struct mirror *m = container_of(work, struct mirror, put_work);

	mmput(m->other_mm);
}

void good_close(struct mirror *m)
{
	mmu_notifier_unregister(&m->mn, m->mn.mm);
}

int good_open(struct mirror *m)
{
	return mmu_notifier_register(&m->mn, current->mm);
}

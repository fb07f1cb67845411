/* Operations are filled in at run time. */

static struct mmu_notifier_ops mirror_mm_ops;
static struct mmu_interval_notifier_ops mirror_ops;

/* Their callbacks are callbacks all the same. */
static int mirror_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	mmu_notifier_unregister(mn, range->mm);
	return 0;
}

static void mirror_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	mmput(range->mm);
}

static bool mirror_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			      unsigned long cur_seq)
{
	mirror_down_write(n);
	tear_down(n);
	mirror_up_write(n);
	mmu_interval_read_begin(n);
	return true;
}

static bool mirror_begin(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			 unsigned long cur_seq, struct mmu_interval_notifier_finish **finish)
{
	mmu_interval_set_seq(n, cur_seq);
	mmu_notifier_synchronize();
	return true;
}

static void mirror_finish(struct mmu_interval_notifier_finish *finish)
{
	mmu_notifier_synchronize();
}

static void mirror_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	mmu_notifier_unregister(mn, mm);
}

void bad_module_init(struct mirror *m)
{
	mirror_mm_ops.invalidate_range_start = mirror_start;
	mirror_mm_ops.invalidate_range_end = mirror_end;
	mirror_mm_ops.arch_invalidate_secondary_tlbs = mirror_tlbs;
	mirror_ops.invalidate_start = mirror_begin;
	mirror_ops.invalidate_finish = mirror_finish;
	m->ops->invalidate = mirror_invalidate;
	m->mm_ops->release = mirror_release;
}

static void other_invalidate(struct other *other)
{
	flush(other);
}

void bad_among_others(struct mirror *m)
{
	m->other->invalidate = other_invalidate;
	m->own_ops.invalidate = mirror_invalidate;
}

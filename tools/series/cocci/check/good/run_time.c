/* Operations are constants; others have members of such names, too. */

static const struct mmu_notifier_ops mirror_mm_ops = {
	.invalidate_range_start = mirror_start,
};

void good_other(struct mirror *m)
{
	m->ops = &mirror_mm_ops;
	m->file_ops.release = mirror_file_release;
	m->stats.invalidated = 0;
}

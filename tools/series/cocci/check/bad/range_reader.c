/* A read section of a range reader goes on when its function returns, or begins again. */

int bad_return(struct mirror *m)
{
	struct mmu_range_reader reader;

	mmu_range_reader_init(&reader, m->mm);
	mmu_range_read_begin(&reader, m->start, m->end);
	if (!read_page_table(m))
		return -EFAULT;
	mutex_lock(&m->lock);
	if (mmu_range_read_retry(&reader)) {
		mutex_unlock(&m->lock);
		return -EAGAIN;
	}
	mutex_unlock(&m->lock);
	return 0;
}

int bad_return_of_killable(struct mirror *m)
{
	int err;

	err = mmu_range_read_begin_killable(&m->reader, m->start, m->end);
	if (err)
		return err;
	err = read_page_table(m);
	if (err)
		goto out;
	err = mmu_range_read_retry(&m->reader);
out:
	return err;
}

int bad_check_only(struct mirror *m)
{
	if (mmu_range_read_begin_set_killable(&m->reader, m->set, m->nr) < 0)
		return -EINTR;
	if (mmu_range_read_check_retry(&m->reader))
		return -EAGAIN;
	return mmu_range_read_retry(&m->reader);
}

void bad_no_end(struct mirror *m)
{
	struct mmu_range_reader reader;

	mmu_range_read_begin_set(&reader, m->set, m->nr);
	establish(m);
}

bool bad_again(struct mirror *m)
{
again:
	mmu_range_read_begin(&m->reader, m->start, m->end);
	if (!read_page_table(m))
		goto again;
	return mmu_range_read_retry(&m->reader);
}

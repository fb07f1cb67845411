/* Each read section of a range reader is ended on each path. */

int good_fault(struct mirror *m)
{
	struct mmu_range_reader reader;
	int err;

	mmu_range_reader_init(&reader, m->mm);
again:
	err = mmu_range_read_begin_killable(&reader, m->start, m->end);
	if (err)
		return err;
	err = read_page_table(m);
	if (err) {
		mmu_range_read_cancel(&reader);
		return err;
	}
	mutex_lock(&m->lock);
	if (mmu_range_read_retry(&reader)) {
		mutex_unlock(&m->lock);
		goto again;
	}
	establish(m);
	mutex_unlock(&m->lock);
	return 0;
}

int good_goto(struct mirror *m)
{
	int err;

	if (mmu_range_read_begin_set_killable(&m->reader, m->set, m->nr))
		return -EINTR;
	err = read_page_table(m);
	if (err)
		goto out;
	if (mmu_range_read_check_retry(&m->reader))
		err = -EAGAIN;
out:
	mmu_range_read_cancel(&m->reader);
	return err;
}

bool good_returned(struct mirror *m)
{
	mmu_range_read_begin(&m->reader, m->start, m->end);
	read_page_table(m);
	return mmu_range_read_retry(&m->reader);
}

int good_handed_on(struct mirror *m)
{
	struct mmu_range_reader reader;

	if (m->patient)
		mmu_range_read_begin_set(&reader, m->set, m->nr);
	else if (mmu_range_read_begin_set_killable(&reader, m->set, m->nr))
		return -EINTR;
	return establish_unless_changed(m, &reader);
}

/* The end is the business of good_end(). */
int good_begin(struct mirror *m)
{
	return mmu_range_read_begin_killable(&m->reader, m->start, m->end);
}

void good_begin_set(struct mirror *m)
{
	mmu_range_read_begin_set(&m->reader, m->set, m->nr);
}

bool good_end(struct mirror *m)
{
	return mmu_range_read_retry(&m->reader);
}

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

int bad_only_after_error(struct mirror *m)
{
	int err;

	mmu_range_read_begin(&m->reader, m->start, m->end);
	err = read_page_table(m);
	if (err) {
		mmu_range_read_cancel(&m->reader);
		return err;
	}
	establish(m);
	return 0;
}

int bad_declared(struct mirror *m)
{
	int err = mmu_range_read_begin_killable(&m->reader, m->start, m->end);

	if (err)
		return err;
	err = read_page_table(m);
	if (err)
		return err;
	return mmu_range_read_retry(&m->reader);
}

int bad_branch_of_success(struct mirror *m)
{
	if (!mmu_range_read_begin_killable(&m->reader, m->start, m->end)) {
		if (read_page_table(m))
			return -EFAULT;
		mmu_range_read_cancel(&m->reader);
	}
	return 0;
}

int bad_compared(struct mirror *m)
{
	if (mmu_range_read_begin_set_killable(&m->reader, m->set, m->nr) == 0) {
		if (read_page_table(m))
			return -EFAULT;
		return mmu_range_read_retry(&m->reader);
	}
	return -EINTR;
}

int bad_kept_success(struct mirror *m)
{
	int err;

	err = mmu_range_read_begin_killable(&m->reader, m->start, m->end);
	if (!err) {
		if (read_page_table(m))
			return -EFAULT;
		return establish_unless_changed(m, &m->reader);
	}
	mmu_range_read_cancel(&m->reader);
	return err;
}

int bad_kept_compared(struct mirror *m)
{
	int err;

	err = mmu_range_read_begin_killable(&m->reader, m->start, m->end);
	if (err == 0) {
		mutex_lock(&m->lock);
		if (m->dead)
			return -ESRCH;
		mutex_unlock(&m->lock);
		if (mmu_range_read_retry(&m->reader))
			err = -EAGAIN;
	}
	return err;
}

int bad_break(struct mirror *m)
{
	struct mmu_range_reader reader;
	int err;

	do {
		err = mmu_range_read_begin_killable(&reader, m->start, m->end);
		if (err)
			break;
		err = read_page_table(m);
		if (err)
			break;
	} while (mmu_range_read_retry(&reader));
	return err;
}

int bad_conditional(struct mirror *m)
{
	if (m->big)
		mmu_range_read_begin_set(&m->reader, m->set, m->nr);
	if (read_page_table(m))
		return -EFAULT;
	if (m->big)
		mmu_range_read_cancel(&m->reader);
	return 0;
}

int bad_flag(struct mirror *m)
{
	struct mmu_range_reader reader;
	bool begun = false;

	if (m->big) {
		mmu_range_read_begin_set(&reader, m->set, m->nr);
		begun = true;
	}
	if (read_page_table(m))
		return -EFAULT;
	if (begun)
		mmu_range_read_cancel(&reader);
	return 0;
}

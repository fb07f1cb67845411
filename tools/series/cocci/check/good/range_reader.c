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

int good_conditional(struct mirror *m)
{
	int err;

	if (m->big)
		mmu_range_read_begin_set(&m->reader, m->set, m->nr);
	err = read_page_table(m);
	if (m->big)
		mmu_range_read_cancel(&m->reader);
	return err;
}

int good_else(struct mirror *m)
{
	int err;

	if (!m->big) {
		prepare(m);
	} else {
		mmu_range_read_begin_set(&m->reader, m->set, m->nr);
	}
	err = read_page_table(m);
	if (m->big) {
		mmu_range_read_cancel(&m->reader);
		put(m);
	}
	return err;
}

bool good_returned_in_branch(struct mirror *m)
{
	if (!m->big)
		return false;
	if (m->patient)
		mmu_range_read_begin_set(&m->reader, m->set, m->nr);
	read_page_table(m);
	return mmu_range_read_retry(&m->reader);
}

bool good_handed_on_always(struct mirror *m)
{
	struct mmu_range_reader reader;

	mmu_range_read_begin(&reader, m->start, m->end);
	return establish_unless_changed(m, &reader);
}

int good_one_of_two(struct mirror *m)
{
	if (m->big)
		mmu_range_read_begin_set(&m->reader, m->set, m->nr);
	else
		prepare(m);
	read_page_table(m);
	if (m->big)
		mmu_range_read_cancel(&m->reader);
	return 0;
}

int good_flag(struct mirror *m)
{
	struct mmu_range_reader reader;
	bool begun = false;
	int err;

	err = prepare(m);
	if (err)
		goto out;
	mmu_range_read_begin(&reader, m->start, m->end);
	begun = true;
	err = read_page_table(m);
out:
	if (begun)
		mmu_range_read_cancel(&reader);
	return err;
}

int good_branch_of_success(struct mirror *m)
{
	int err = -EINTR;

	if (!mmu_range_read_begin_killable(&m->reader, m->start, m->end)) {
		err = read_page_table(m);
		if (err) {
			mmu_range_read_cancel(&m->reader);
			return err;
		}
		return mmu_range_read_retry(&m->reader);
	}
	return err;
}

int good_killed_goto(struct mirror *m)
{
	int err = mmu_range_read_begin_killable(&m->reader, m->start, m->end);

	if (err)
		goto out;
	if (mmu_range_read_retry(&m->reader))
		err = -EAGAIN;
out:
	return err;
}

/* A deferred removal is not over when it has been asked for, and is over in released(). */

static void mirror_released(struct mmu_interval_notifier *n)
{
	kfree(container_of(n, struct mirror, notifier));
}

void bad_free(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
	list_del(&m->node);
	kfree(m);
}

void bad_free_later(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
	kfree_rcu(m, rcu);
}

void bad_free_of_nested(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m->hmm.notifier, m->removal, mirror_released);
	kmem_cache_free(mirror_cache, m);
}

void bad_free_of_removal(struct mirror *m)
{
	struct mmu_interval_notifier_removal *removal = kmalloc_obj(*removal);

	if (!removal)
		return;
	mmu_interval_notifier_remove_deferred(&m->notifier, removal, mirror_released);
	kfree(removal);
}

/* In a callback, which knows it by its argument. */
static bool bad_invalidate(struct mmu_interval_notifier *n, const struct mmu_notifier_range *range,
			   unsigned long cur_seq)
{
	struct mirror *m = mirror_of(n);

	mirror_lock(m);
	mmu_interval_set_seq(n, cur_seq);
	mirror_unlock(m);
	mmu_interval_notifier_remove_deferred(n, &m->removal, mirror_released);
	mirror_free(m);
	return true;
}

static const struct mmu_interval_notifier_ops bad_ops = {
	.invalidate = bad_invalidate,
};

void bad_stack(struct mirror *m)
{
	struct mmu_interval_notifier_removal removal;

	mmu_interval_notifier_remove_deferred(&m->notifier, &removal, mirror_released);
}

static void argument_released(struct mmu_interval_notifier *n)
{
	mmu_interval_notifier_remove(n);
	kfree(container_of(n, struct mirror, notifier));
}

static void declared_released(struct mmu_interval_notifier *n)
{
	struct mirror *m = container_of(n, struct mirror, notifier);

	tear_down(m);
	mmu_interval_notifier_remove(&m->notifier);
	kfree(m);
}

static void assigned_released(struct mmu_interval_notifier *n)
{
	struct mirror *m;

	m = container_of(n, struct mirror, notifier);
	mmu_interval_notifier_remove_deferred(&m->notifier, &m->removal, mirror_released);
	if (m->again && mmu_interval_notifier_insert(&m->notifier, m->mm, m->start, m->length, &bad_ops))
		mirror_put(m);
}

static void waiting_released(struct mmu_interval_notifier *n)
{
	mmu_interval_notifier_barrier();
	kfree(container_of(n, struct mirror, notifier));
}

void bad_released(struct mirror *m)
{
	mmu_interval_notifier_remove_deferred(&m[0].notifier, &m[0].removal, argument_released);
	mmu_interval_notifier_remove_deferred(&m[1].notifier, &m[1].removal, declared_released);
	mmu_interval_notifier_remove_deferred(&m[2].notifier, &m[2].removal, &assigned_released);
	mmu_interval_notifier_remove_deferred(&m[3].notifier, &m[3].removal, &waiting_released);
}

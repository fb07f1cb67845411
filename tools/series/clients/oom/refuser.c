// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/refuser gives the mm of each process that opens it both kinds of MMU
 * notifiers: one for all of its addresses, which always obeys, and then one for
 * the mm, which refuses if it must not sleep. Closing the file removes them.
 *
 * A read lasts until it has refused, and cannot be killed: the OOM reaper is to
 * find the process.
 */

#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

/* Counted over all files: for the test, which has one. */
static int refused;
module_param(refused, int, 0444);
static int removed;
module_param(removed, int, 0444);

static DECLARE_WAIT_QUEUE_HEAD(refusal);

struct refuser {
	struct mmu_interval_notifier sub;
	struct mmu_notifier mn;
	struct mm_struct *mm;
};

static bool refuser_obey(struct mmu_interval_notifier *sub,
			 const struct mmu_notifier_range *range,
			 unsigned long seq)
{
	mmu_interval_set_seq(sub, seq);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = refuser_obey,
};

static int refuser_start(struct mmu_notifier *mn,
			 const struct mmu_notifier_range *range)
{
	if (mmu_notifier_range_blockable(range))
		return 0;
	WRITE_ONCE(refused, refused + 1);
	wake_up_all(&refusal);
	return -EAGAIN;
}

static const struct mmu_notifier_ops mm_ops = {
	.invalidate_range_start = refuser_start,
};

static int refuser_open(struct inode *inode, struct file *file)
{
	struct refuser *refuser = kzalloc(sizeof(*refuser), GFP_KERNEL);
	int err;

	if (!refuser)
		return -ENOMEM;
	refuser->mm = current->mm;
	refuser->mn.ops = &mm_ops;
	err = mmu_notifier_register(&refuser->mn, refuser->mm);
	if (err)
		goto free;
	err = mmu_interval_notifier_insert(&refuser->sub, refuser->mm, 0,
					   TASK_SIZE, &interval_ops);
	if (err) {
		mmu_notifier_unregister(&refuser->mn, refuser->mm);
		goto free;
	}
	file->private_data = refuser;
	return nonseekable_open(inode, file);

free:
	kfree(refuser);
	return err;
}

static ssize_t refuser_read(struct file *file, char __user *buffer,
			    size_t length, loff_t *offset)
{
	return wait_event_timeout(refusal, READ_ONCE(refused), 60 * HZ) ?
		0 : -ETIMEDOUT;
}

static int refuser_release(struct inode *inode, struct file *file)
{
	struct refuser *refuser = file->private_data;

	mmu_interval_notifier_remove(&refuser->sub);
	mmu_notifier_unregister(&refuser->mn, refuser->mm);
	kfree(refuser);
	WRITE_ONCE(removed, removed + 1);
	return 0;
}

static const struct file_operations refuser_fops = {
	.owner = THIS_MODULE,
	.open = refuser_open,
	.read = refuser_read,
	.release = refuser_release,
};

static struct miscdevice refuser_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "refuser",
	.fops = &refuser_fops,
	.mode = 0600,
};
module_misc_device(refuser_device);

MODULE_DESCRIPTION("MMU notifiers of both kinds, one of which refuses");
MODULE_LICENSE("GPL");

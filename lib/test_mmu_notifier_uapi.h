/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What /dev/test_mmu_notifier understands. Private to lib/ and the selftest, so
 * that it is not exported with the headers for user space.
 */
#ifndef _LIB_TEST_MMU_NOTIFIER_UAPI_H
#define _LIB_TEST_MMU_NOTIFIER_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct test_mmu_notifier_mirror - what the device is to mirror
 * @addr: (in) Start of the range, in the mm of the caller; page aligned.
 * @length: (in) Length in bytes; page aligned.
 * @threads: (in) Number of kernel threads that fault, 1 to 16.
 * @pad: (in) 0.
 */
struct test_mmu_notifier_mirror {
	__u64 addr;
	__u64 length;
	__u32 threads;
	__u32 pad;
};

/**
 * struct test_mmu_notifier_stats - what the device has seen so far
 * @established: (out) Shadow entries that were established.
 * @collisions: (out) Faults that mmu_interval_read_retry() sent back.
 * @failed: (out) Faults on what was not mapped, or not writable.
 * @checks: (out) Comparisons of a shadow entry with the page table ...
 * @inconclusive: (out) ... and those where the page table could not be read.
 * @invalidations: (out) Callbacks of the interval subscription ...
 * @audits: (out) ... and looks at an invalidated range, which must be empty.
 * @errors: (out) Entries that should not have been there.
 */
struct test_mmu_notifier_stats {
	__u64 established;
	__u64 collisions;
	__u64 failed;
	__u64 checks;
	__u64 inconclusive;
	__u64 invalidations;
	__u64 audits;
	__u64 errors;
};

/* Once per open file: mirror a range until the file is closed. */
#define TEST_MMU_NOTIFIER_MIRROR \
	_IOW('N', 0x00, struct test_mmu_notifier_mirror)
#define TEST_MMU_NOTIFIER_STATS \
	_IOR('N', 0x01, struct test_mmu_notifier_stats)

#endif

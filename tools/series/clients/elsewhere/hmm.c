// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of a page by the device of lib/test_hmm.c, which mirrors the whole
 * address space, while other pages of it are discarded: see elsewhere.h.
 */
#define _GNU_SOURCE
#include "elsewhere.h"
#include <linux/types.h>

#include "test_hmm_uapi.h"

static int device;
static char *copy;

/* The driver gives it up as well. */
static bool fault(void)
{
	struct hmm_dmirror_cmd cmd = {
		.addr = (uintptr_t)area,
		.ptr = (uintptr_t)copy,
		.npages = 1,
	};

	if (!ioctl(device, HMM_DMIRROR_READ, &cmd))
		return true;
	if (errno != EBUSY)
		die("HMM_DMIRROR_READ");
	return false;
}

int main(void)
{
	printf("TAP version 13\n1..1\n");
	device = open("/dev/hmm_dmirror0", O_RDWR);
	if (device < 0)
		die("/dev/hmm_dmirror0");
	area = map(LENGTH);
	copy = map(PAGE);
	measure_all("fault", "hmm_range_fault", fault);
	printf("ok 1 faults beside invalidations of other pages\n");
	return 0;
}

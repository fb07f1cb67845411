// SPDX-License-Identifier: GPL-2.0-only
/*
 * On-demand faults of a page of a memory region by an RDMA device, while other
 * pages of the region are discarded: see elsewhere.h.
 *
 *	odp DEVICE
 */
#define _GNU_SOURCE
#include "elsewhere.h"
#include "../rdma/prefetch.h"

#define ACCESS	(IBV_ACCESS_ON_DEMAND | IBV_ACCESS_LOCAL_WRITE)

static struct ibv_context *context;
static struct ibv_pd *pd;
static struct ibv_mr *mr;

/* An error is how this call gives a fault up. */
static bool fault(void)
{
	return prefetch(context, pd, mr, area, PAGE, true, true);
}

int main(int argc, char **argv)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	int i;

	printf("TAP version 13\n1..2\n");
	for (i = 0; argc == 2 && list && list[i]; i++) {
		if (!strcmp(ibv_get_device_name(list[i]), argv[1]))
			context = ibv_open_device(list[i]);
	}
	pd = context ? ibv_alloc_pd(context) : NULL;
	if (!pd)
		die("usage: odp DEVICE, or there is no such device");
	area = map(LENGTH);
	mr = ibv_reg_mr(pd, area, LENGTH, ACCESS);
	if (!mr)
		die("ibv_reg_mr");
	renew(area);
	printf("%sok 1 a page is faulted\n", fault() ? "" : "not ");
	measure_all("odp", "hmm_range_fault", fault);
	printf("ok 2 faults beside invalidations of other pages\n");
	return 0;
}

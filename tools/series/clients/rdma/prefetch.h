/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ibv_advise_mr(), which old libraries do not have for this driver. Used by
 * stress.c and elsewhere/odp.c.
 */
#include <infiniband/verbs.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* Whether the pages are mapped now or, without @wait, will be. */
static bool prefetch(struct ibv_context *context, struct ibv_pd *pd,
		     struct ibv_mr *mr, void *addr, uint32_t length,
		     bool for_write, bool wait)
{
	struct ib_uverbs_sge sge = {
		.addr = (uintptr_t)addr,
		.length = length,
		.lkey = mr->lkey,
	};
	struct {
		struct ib_uverbs_ioctl_hdr header;
		struct ib_uverbs_attr attributes[4];
	} command = {
		.header = {
			.length = sizeof(command),
			.object_id = UVERBS_OBJECT_MR,
			.method_id = UVERBS_METHOD_ADVISE_MR,
			.num_attrs = 4,
			.driver_id = RDMA_DRIVER_RXE,
		},
		.attributes = { {
			.attr_id = UVERBS_ATTR_ADVISE_MR_PD_HANDLE,
			.data = pd->handle,
		}, {
			.attr_id = UVERBS_ATTR_ADVISE_MR_ADVICE,
			.len = 8,
			.data = for_write ?
				IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH_WRITE :
				IB_UVERBS_ADVISE_MR_ADVICE_PREFETCH,
		}, {
			.attr_id = UVERBS_ATTR_ADVISE_MR_FLAGS,
			.len = 4,
			.data = wait ? IB_UVERBS_ADVISE_MR_FLAG_FLUSH : 0,
		}, {
			.attr_id = UVERBS_ATTR_ADVISE_MR_SGE_LIST,
			.len = sizeof(sge),
			.data = (uintptr_t)&sge,
		} },
	};
	int i;

	for (i = 0; i < 4; i++)
		command.attributes[i].flags = UVERBS_ATTR_F_MANDATORY;
	return !ioctl(context->cmd_fd, RDMA_VERBS_IOCTL, &command);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual machines that run nothing. Used by vms/vms.c and elsewhere/pfncache.c. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What fails says so, and the process that it is in fails. */
static void need(int good, const char *what)
{
	if (good)
		return;
	printf("# %s: ", what);
	fflush(stdout);
	perror("");
	_exit(1);
}

static int open_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	need(kvm >= 0, "/dev/kvm");
	return kvm;
}

static int create_vm(int kvm)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	need(vm >= 0, "KVM_CREATE_VM");
	return vm;
}

/* With no memory, deletes it. */
static void set_slot(int vm, int nr, uint64_t address, void *memory,
		     size_t size)
{
	struct kvm_userspace_memory_region slot = {
		.slot = nr,
		.guest_phys_addr = address,
		.memory_size = memory ? size : 0,
		.userspace_addr = (uintptr_t)memory,
	};

	need(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot),
	     "KVM_SET_USER_MEMORY_REGION");
}

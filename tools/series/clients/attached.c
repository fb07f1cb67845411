// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a test program: somebody subscribes to its address space, and
 * to those of the children that it forks, so that what it does to its page
 * tables is announced. ATTACH says who: "hmm" is an interval notifier for all
 * addresses (opening the device of lib/test_hmm.c inserts it), "kvm" a notifier
 * of the mm (each virtual machine has one). They last as long as the mm.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void subscribe(void)
{
	const char *who = getenv("ATTACH");
	int fd, kvm;

	if (who && !strcmp(who, "kvm")) {
		kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		fd = ioctl(kvm, KVM_CREATE_VM, 0);
		close(kvm);
	} else {
		fd = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	}
	if (fd < 0) {
		perror("attached.so");
		_exit(99);
	}
}

static void __attribute__((constructor)) begin(void)
{
	subscribe();
	pthread_atfork(NULL, NULL, subscribe);
}

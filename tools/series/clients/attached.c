// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a test program: somebody subscribes to its address space, and
 * to those of the children that it forks, so that what it does to its page
 * tables is announced. ATTACH says who: with "hmm" in it an interval notifier for
 * all addresses (opening the device of lib/test_hmm.c inserts it), with "kvm" a
 * notifier of the mm (each virtual machine has one). They last until the process
 * closes the file, or ends.
 * With "page0", the page at address 0 is there, for code that takes that for none.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_SIZE 4096

static bool asked_for(const char *what)
{
	const char *all = getenv("ATTACH");

	return all && strstr(all, what);
}

static void need(int fd)
{
	if (fd < 0) {
		perror("attached.so");
		_exit(99);
	}
}

static void subscribe(void)
{
	int kvm;

	if (asked_for("kvm")) {
		kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		need(kvm);
		need(ioctl(kvm, KVM_CREATE_VM, 0));
		close(kvm);
	}
	if (asked_for("hmm"))
		need(open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC));
}

/* A write to it, and a change of what may be done with it. */
static void use_page0(void)
{
	char *page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	need(page == MAP_FAILED ? -1 : 0);
	asm volatile("movb $1, (%0)" : : "r" (page) : "memory");
	need(mprotect(page, PAGE_SIZE, PROT_READ));
	need(mprotect(page, PAGE_SIZE, PROT_READ | PROT_WRITE));
}

static void __attribute__((constructor)) begin(void)
{
	subscribe();
	if (asked_for("page0"))
		use_page0();
	pthread_atfork(NULL, NULL, subscribe);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long it takes to create and to destroy virtual machines, which register
 * and unregister a notifier of the mm: in processes with few and with many VMAs;
 * and what that does to a virtual machine of another process. Speaks TAP. The
 * times are comments, which clients/figures.py reads; no case depends on them:
 *
 *   # time STEP n=VMAS runs=N median_us=N max_us=N
 *
 * STEP is first (KVM_CREATE_VM, the first of the process), create, slot
 * (KVM_SET_USER_MEMORY_REGION), zap (munmap() of the memory of the slot), close
 * (which destroys it); or, with n as 0 or 1 process that creates and destroys
 * virtual machines all the time, vcpu (KVM_CREATE_VCPU of another one), slot_beside
 * and, the slot being deleted, unslot_beside.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "../vm.h"

#define RUNS	15
#define SLOT	(2UL << 20)

static long page;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const char *step, long n, uint64_t *ns, int runs)
{
	qsort(ns, runs, sizeof(*ns), compare);
	printf("# time %s n=%ld runs=%d median_us=%.1f max_us=%.1f\n", step, n,
	       runs, ns[runs / 2] / 1000.0, ns[runs - 1] / 1000.0);
}

static void *map(void *addr, size_t length)
{
	void *memory = mmap(addr, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE |
			    (addr ? MAP_FIXED_NOREPLACE : 0), -1, 0);

	need(memory != MAP_FAILED, "mmap");
	return memory;
}

/* Resident, with a page of nothing between them. */
static void map_vmas(long vmas)
{
	char *place = mmap(NULL, 2 * vmas * page, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long i;

	need(place != MAP_FAILED, "mmap");
	munmap(place, 2 * vmas * page);
	for (i = 0; i < vmas; i++)
		map(place + 2 * i * page, page);
}

static void measure_vms(long vmas)
{
	uint64_t create[RUNS], slot[RUNS], zap[RUNS], end[RUNS], first, begin;
	int kvm = open_kvm(), kept, vm, i;
	void *memory;

	map_vmas(vmas);
	begin = now();
	kept = create_vm(kvm);
	first = now() - begin;
	print_times("first", vmas, &first, 1);
	for (i = 0; i < RUNS; i++) {
		memory = map(NULL, SLOT);
		begin = now();
		vm = create_vm(kvm);
		create[i] = now() - begin;
		begin = now();
		set_slot(vm, 0, 0, memory, SLOT);
		slot[i] = now() - begin;
		begin = now();
		munmap(memory, SLOT);
		zap[i] = now() - begin;
		begin = now();
		close(vm);
		end[i] = now() - begin;
	}
	print_times("create", vmas, create, RUNS);
	print_times("slot", vmas, slot, RUNS);
	print_times("zap", vmas, zap, RUNS);
	print_times("close", vmas, end, RUNS);
	close(kept);
}

static void create_and_destroy(void)
{
	int kvm = open_kvm();
	void *memory = map(NULL, SLOT);

	/* It ends with its parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int vm = create_vm(kvm);

		set_slot(vm, 0, 0, memory, SLOT);
		close(vm);
	}
}

static void measure_beside(long others)
{
	uint64_t vcpu[RUNS], slot[RUNS], unslot[RUNS], begin;
	int kvm = open_kvm(), vm, fd, i;
	void *memory = map(NULL, SLOT);
	pid_t other = 0;

	if (others) {
		other = fork();
		need(other >= 0, "fork");
		if (!other)
			create_and_destroy();
		usleep(200000);
	}
	for (i = 0; i < RUNS; i++) {
		vm = create_vm(kvm);
		begin = now();
		fd = ioctl(vm, KVM_CREATE_VCPU, 0);
		vcpu[i] = now() - begin;
		need(fd >= 0, "KVM_CREATE_VCPU");
		begin = now();
		set_slot(vm, 0, 0, memory, SLOT);
		slot[i] = now() - begin;
		begin = now();
		set_slot(vm, 0, 0, NULL, SLOT);
		unslot[i] = now() - begin;
		close(fd);
		close(vm);
	}
	if (other) {
		need(waitpid(other, NULL, WNOHANG) == 0, "the other process");
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	print_times("vcpu", others, vcpu, RUNS);
	print_times("slot_beside", others, slot, RUNS);
	print_times("unslot_beside", others, unslot, RUNS);
}

static const struct {
	const char *name;
	void (*measure)(long n);
	long n;
} cases[] = {
	{ "a process with 1 VMA more", measure_vms, 1 },
	{ "a process with 1,000 VMAs more", measure_vms, 1000 },
	{ "a process with 16,000 VMAs more", measure_vms, 16000 },
	{ "a virtual machine with no others beside it", measure_beside, 0 },
	{ "a virtual machine beside others that come and go", measure_beside, 1 },
};

int main(void)
{
	const int nr = sizeof(cases) / sizeof(cases[0]);
	int i, status, failed = 0;

	page = sysconf(_SC_PAGESIZE);
	printf("TAP version 13\n1..%d\n", nr);
	for (i = 0; i < nr; i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			cases[i].measure(cases[i].n);
			fflush(stdout);
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
			printf("not ");
			failed = 1;
		}
		printf("ok %d %s\n", i + 1, cases[i].name);
	}
	return failed;
}

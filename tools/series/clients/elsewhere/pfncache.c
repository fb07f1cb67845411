// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refreshes of a page that KVM has cached (the Xen shared info page of a virtual
 * machine) while other pages are discarded: see elsewhere.h. Then refreshes while
 * the page itself is discarded, write-protected and made copy-on-write, so that
 * a refresh invalidates what it reads, and while memory slots are deleted and
 * created, which wait for those that refresh. At last, processes are killed there.
 */
#define _GNU_SOURCE
#include "elsewhere.h"
#include <signal.h>
#include <sys/wait.h>

#include "../vm.h"

#define STRESS_SECONDS	20
#define NR_KILLED	20
#define END_SECONDS	60
/* Guest addresses. */
#define OTHER_SLOT	(1UL << 20)

static int vm;
static unsigned long renewed, protected, forked, slots;

static bool refresh(void)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
	};

	return !ioctl(vm, KVM_XEN_HVM_SET_ATTR, &attr);
}

static bool fault(void)
{
	need(refresh(), "KVM_XEN_HVM_SET_ATTR");
	return true;
}

static void set_up(void)
{
	int kvm = open_kvm();

	vm = create_vm(kvm);
	close(kvm);
	area = map(LENGTH);
	set_slot(vm, 0, 0, area, PAGE);
}

static void protect(int how)
{
	if (mprotect(area, PAGE, how))
		die("mprotect");
	protected++;
}

static void *change_the_page(void *unused)
{
	pid_t child;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		renew(area);
		renewed++;
		child = fork();
		if (!child)
			_exit(0);
		/* Refreshes copy the page until the child has gone. */
		if (child < 0 || waitpid(child, NULL, 0) != child)
			die("fork");
		forked++;
		protect(PROT_READ);
		protect(PROT_READ | PROT_WRITE);
	}
	return unused;
}

static void *change_slots(void *unused)
{
	char *memory = map(PAGE);

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		set_slot(vm, 1, OTHER_SLOT, memory, PAGE);
		set_slot(vm, 1, OTHER_SLOT, NULL, PAGE);
		slots++;
	}
	return unused;
}

/* For so many seconds, or until it is killed. */
static void stress(int seconds)
{
	double until = now_us() + seconds * 1e6;
	unsigned long done = 0, refused = 0;
	pthread_t page, slot;

	set_up();
	stop = false;
	if (pthread_create(&page, NULL, change_the_page, NULL) ||
	    pthread_create(&slot, NULL, change_slots, NULL))
		die("pthread_create");
	while (!seconds || now_us() < until) {
		if (refresh())
			done++;
		else if (errno == EFAULT)
			refused++;	/* it is write-protected */
		else
			die("KVM_XEN_HVM_SET_ATTR");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(page, NULL);
	pthread_join(slot, NULL);
	printf("# %lu refreshes, %lu of a page that is write-protected; discarded %lu, protected %lu, forked %lu, slots %lu\n",
	       done, refused, renewed, protected, forked, slots);
	fflush(stdout);
	need(done && renewed && protected && forked && slots, "all of that");
}

/* In a process of its own: whether it ends well, or by a signal at last. */
static bool in_a_process(int seconds, unsigned int killed_after_us)
{
	pid_t child = fork();
	int status, i;

	if (!child) {
		stress(seconds);
		_exit(0);
	}
	if (child < 0)
		die("fork");
	if (killed_after_us) {
		usleep(killed_after_us);
		kill(child, SIGKILL);
	}
	for (i = 0; i < (seconds + END_SECONDS) * 10; i++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return killed_after_us ? WIFSIGNALED(status) : !status;
		usleep(100000);
	}
	printf("# process %d does not end\n", child);
	return false;
}

int main(void)
{
	bool good = true;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..3\n");
	set_up();
	measure_all("pfncache", "hva_to_pfn", fault);
	close(vm);
	printf("ok 1 refreshes beside invalidations of other pages\n");
	printf("%sok 2 refreshes beside changes of the page and of slots\n",
	       in_a_process(STRESS_SECONDS, 0) ? "" : "not ");
	for (i = 0; i < NR_KILLED && good; i++)
		good = in_a_process(0, 20000 + i * 25000);
	printf("%sok 3 who refreshes can be killed\n", good ? "" : "not ");
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Change memory in all ways that a process has, while a fake device mirrors it.
 *
 * The device (lib/test_mmu_notifier.c) learns of each change by MMU
 * notifiers. Its kernel threads fault the pages again, and compare what they
 * have with the page table. Here are the threads that change the memory; each
 * kind of change has to happen at least once, or the test proves nothing.
 *
 *	mmu_notifier_test [-t SECONDS] [-m MIRRORS]
 *
 * It takes longer, up to ten times, where a machine is so slow that something
 * has not happened.
 *
 * It can be the init of a kernel, without anything else in its initramfs: then
 * SECONDS and MIRRORS come from mmu_notifier_seconds= and mmu_notifier_mirrors=
 * on the kernel command line, and the machine goes down at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"

/* Private to the test device, so not among the headers for user space. */
#include <lib/test_mmu_notifier_uapi.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define MAX_MIRRORS	16
#define THREADS_PER_MIRROR 2
#define HUGE		(2UL << 20)
/* Anonymous memory, with huge pages at its end, and then shared memory. */
#define ANON_SIZE	(3 * HUGE)
#define SHARED_SIZE	HUGE
#define SIZE		(ANON_SIZE + SHARED_SIZE)
/* Without an event of some thread for so long, something hangs. */
#define STALL_SECONDS	60

static char *memory;	/* SIZE bytes, mirrored, aligned to a huge page */
static size_t page_size;
static bool stop;

/*
 * Events: each changes memory once, and returns whether it did.
 */

static __thread unsigned int seed;

static size_t rnd(size_t ceil)
{
	return (size_t)rand_r(&seed) % ceil;
}

/*
 * Some pages of the given part of the memory: mostly of a few in its middle, so
 * that a page is changed again before a slow fault on it has come to an end.
 */
static char *some_pages(size_t from, size_t to, size_t *length)
{
	size_t hot = 32 * page_size;
	size_t first = rnd(4) ? (from + to) / 2 + rnd(hot) :
				from + rnd(to - from);

	first -= first % page_size;
	*length = (1 + rnd(32)) * page_size;
	if (first + *length > to)
		*length = to - first;
	return memory + first;
}

static bool advise(size_t to, int advice)
{
	size_t length;
	char *start = some_pages(0, to, &length);

	return !madvise(start, length, advice);
}

static bool do_dontneed(void)
{
	return advise(SIZE, MADV_DONTNEED);
}

static bool do_free(void)
{
	return advise(ANON_SIZE, MADV_FREE);
}

static bool do_cold(void)
{
	return advise(SIZE, MADV_COLD);
}

static bool do_pageout(void)
{
	return advise(SIZE, MADV_PAGEOUT);
}

/* Not by plain stores: it may be read only just now. */
static bool do_write(void)
{
	size_t length;
	char *start = some_pages(0, SIZE, &length);
	bool any = false;

	for (; length; start += page_size, length -= page_size)
		any |= getrandom(start, 8, 0) == 8;
	return any;
}

static bool do_mprotect(void)
{
	size_t length;
	char *start = some_pages(0, SIZE, &length);

	return !mprotect(start, length, PROT_READ) &&
	       !mprotect(start, length, PROT_READ | PROT_WRITE);
}

/* There and back. What is left behind remains mapped, so nobody else gets it. */
static bool do_mremap(void)
{
	size_t length;
	char *start = some_pages(0, ANON_SIZE, &length);
	char *there = mremap(start, length, length,
			     MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

	if (there == MAP_FAILED)
		return false;
	if (mremap(there, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
		   start) != MAP_FAILED)
		return true;
	munmap(there, length);
	return false;
}

/* An munmap(), too, of what was there. */
static bool do_mmap(void)
{
	size_t length;
	char *start = some_pages(0, ANON_SIZE, &length);

	return mmap(start, length, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start;
}

/* Nothing but system calls in the child: other threads may hold locks of libc. */
static bool do_fork(void)
{
	size_t length, i;
	char *start = some_pages(0, ANON_SIZE, &length);
	pid_t child = fork();
	int status;

	if (child < 0)
		return false;
	if (!child) {
		for (i = 0; i < length; i += page_size)
			getrandom(start + i, 8, 0);
		_exit(0);
	}
	/* The parent copies, too. */
	for (i = 0; i < length; i += page_size)
		getrandom(start + i, 8, 0);
	return waitpid(child, &status, 0) == child && !status;
}

static char *some_huge_page(void)
{
	return memory + rnd(ANON_SIZE / HUGE) * HUGE;
}

static bool do_hugepage(void)
{
	char *start = some_huge_page();

	if (mmap(start, HUGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start ||
	    madvise(start, HUGE, MADV_HUGEPAGE))
		return false;
	getrandom(start, 8, 0);
	return true;
}

static bool do_collapse(void)
{
	char *start = some_huge_page();
	size_t i;

	for (i = 0; i < HUGE; i += page_size)
		getrandom(start + i, 1, 0);
	return !madvise(start, HUGE, MADV_COLLAPSE);
}

#define THP		"/sys/kernel/mm/transparent_hugepage"
#define KSM		"/sys/kernel/mm/ksm"
#define COMPACTION	"/proc/sys/vm/compact_memory"

/* Equal pages, for KSM to merge when it comes by. */
static bool do_merge(void)
{
	size_t length, i;
	char *start = some_pages(0, ANON_SIZE, &length);
	bool done = !madvise(start, length, MADV_MERGEABLE);
	int zero = open("/dev/zero", O_RDONLY);

	for (i = 0; zero >= 0 && i < length; i += page_size)
		done &= read(zero, start + i, page_size) == (ssize_t)page_size;
	close(zero);
	return done && zero >= 0;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return done;
}

static const char *read_digit(const char *path)
{
	static char text[2];
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, 1) != 1)
		text[0] = '0';
	if (fd >= 0)
		close(fd);
	return text;
}

static bool do_compact(void)
{
	return write_file(COMPACTION, "1");
}

static struct event {
	const char *name;
	bool (*happen)(void);
	const char *needs;	/* what not every kernel has, if it is that */
	bool slow;		/* takes long: not so often */
	/* For the main thread to read. */
	unsigned long tries;
	unsigned long done;
} events[] = {
	{ .name = "a write", .happen = do_write },
	{ .name = "MADV_DONTNEED", .happen = do_dontneed },
	{ .name = "MADV_FREE", .happen = do_free },
	{ .name = "MADV_COLD", .happen = do_cold },
	{ .name = "MADV_PAGEOUT", .happen = do_pageout },
	{ .name = "mprotect()", .happen = do_mprotect },
	{ .name = "mremap()", .happen = do_mremap },
	{ .name = "mmap() over it", .happen = do_mmap },
	{ .name = "fork() and copy on write", .happen = do_fork, .slow = true },
	{ .name = "MADV_HUGEPAGE", .happen = do_hugepage, .needs = THP,
	  .slow = true },
	{ .name = "MADV_COLLAPSE", .happen = do_collapse, .needs = THP,
	  .slow = true },
	{ .name = "MADV_MERGEABLE", .happen = do_merge, .needs = KSM },
	{ .name = "compaction", .happen = do_compact, .needs = COMPACTION,
	  .slow = true },
};

#define NR_EVENTS ARRAY_SIZE(events)

static void *event_thread(void *data)
{
	struct event *event = data;

	seed = event - events + 1;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (event->happen())
			__atomic_add_fetch(&event->done, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&event->tries, 1, __ATOMIC_RELAXED);
		/* Leave the others some time. */
		usleep(rnd(event->slow ? 100000 : 2000));
	}
	return NULL;
}

/*
 * The main thread
 */

static int mirrors[MAX_MIRRORS];
static int nr_mirrors = 2;
static int seconds = 10;

static bool get_stats(struct test_mmu_notifier_stats *sum)
{
	struct test_mmu_notifier_stats stats;
	int i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < nr_mirrors; i++) {
		if (ioctl(mirrors[i], TEST_MMU_NOTIFIER_STATS, &stats))
			return false;
		sum->established += stats.established;
		sum->collisions += stats.collisions;
		sum->failed += stats.failed;
		sum->checks += stats.checks;
		sum->inconclusive += stats.inconclusive;
		sum->invalidations += stats.invalidations;
		sum->audits += stats.audits;
		sum->errors += stats.errors;
	}
	return true;
}

static void set_up(void)
{
	int i, fd;
	char *all = mmap(NULL, SIZE + HUGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		ksft_exit_fail_perror("mmap");
	memory = (char *)(((uintptr_t)all + HUGE - 1) & ~(HUGE - 1));
	if (mmap(memory, ANON_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    mmap(memory + ANON_SIZE, SHARED_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		ksft_exit_fail_perror("mmap");

	for (i = 0; i < nr_mirrors; i++) {
		/* The first one mirrors all, the others overlap it and others. */
		size_t skip = i ? (SIZE / page_size) * i / (2 * nr_mirrors) : 0;
		struct test_mmu_notifier_mirror what = {
			.addr = (uintptr_t)memory + skip * page_size,
			.length = SIZE - 2 * skip * page_size,
			.threads = THREADS_PER_MIRROR,
		};

		fd = open("/dev/test_mmu_notifier", O_RDWR | O_CLOEXEC);
		if (fd < 0 && !i)
			ksft_exit_skip("%s: as root, modprobe test_mmu_notifier\n",
				       strerror(errno));
		if (fd < 0 || ioctl(fd, TEST_MMU_NOTIFIER_MIRROR, &what))
			ksft_exit_fail_perror("TEST_MMU_NOTIFIER_MIRROR");
		mirrors[i] = fd;
	}
}

/* Whether each event that can be had has happened, and the device seen some. */
static bool all_seen(const struct test_mmu_notifier_stats *stats)
{
	size_t i;

	for (i = 0; i < NR_EVENTS; i++) {
		if (!__atomic_load_n(&events[i].done, __ATOMIC_RELAXED) &&
		    (!events[i].needs || !access(events[i].needs, W_OK)))
			return false;
	}
	return stats->established && stats->collisions && stats->audits;
}

/*
 * Until the time is over and all has been seen, or something is stale. Whoever
 * does not get on is named; then it returns false.
 */
static bool watch(void)
{
	unsigned long seen[NR_EVENTS + 1] = { };
	int quiet[NR_EVENTS + 1] = { };
	struct test_mmu_notifier_stats stats;
	int second;
	size_t i;

	for (second = 0; second < 10 * seconds; second++) {
		sleep(1);
		if (!get_stats(&stats))
			return false;
		if (stats.errors || (second >= seconds && all_seen(&stats)))
			break;
		for (i = 0; i <= NR_EVENTS; i++) {
			unsigned long now = i == NR_EVENTS ?
				stats.established + stats.collisions :
				__atomic_load_n(&events[i].tries, __ATOMIC_RELAXED);

			quiet[i] = now == seen[i] ? quiet[i] + 1 : 0;
			seen[i] = now;
			if (quiet[i] < STALL_SECONDS)
				continue;
			ksft_print_msg("!!! stall: %s\n", i == NR_EVENTS ?
				       "the device" : events[i].name);
			return false;
		}
	}
	return true;
}

static void shut_down(void)
{
	char text[4096] = "";
	int fd = open("/proc/cpuinfo", O_RDONLY);

	fflush(stdout);
	if (fd >= 0)
		read(fd, text, sizeof(text) - 1);
	/* An emulated PC without ACPI ends by a reset, user mode Linux would not. */
	reboot(strstr(text, "User Mode Linux") ? RB_POWER_OFF : RB_AUTOBOOT);
}

static void be_init(void)
{
	const char *value;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	value = getenv("mmu_notifier_seconds");
	if (value)
		seconds = atoi(value);
	value = getenv("mmu_notifier_mirrors");
	if (value)
		nr_mirrors = atoi(value);
	/* ksft_exit*() run it. */
	atexit(shut_down);
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_EVENTS];
	struct test_mmu_notifier_stats stats;
	const char *ksm;
	bool well;
	size_t i;
	int opt;

	page_size = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1)
		be_init();
	while ((opt = getopt(argc, argv, "t:m:")) != -1) {
		if (opt == 't')
			seconds = atoi(optarg);
		else if (opt == 'm')
			nr_mirrors = atoi(optarg);
		else
			ksft_exit_fail_msg("usage: %s [-t SECONDS] [-m MIRRORS]\n",
					   argv[0]);
	}
	if (nr_mirrors < 1 || nr_mirrors > MAX_MIRRORS || seconds < 1)
		ksft_exit_fail_msg("it takes 1 to %d mirrors, and seconds\n",
				   MAX_MIRRORS);

	ksft_print_header();
	set_up();
	ksft_set_plan(NR_EVENTS + 6);
	/* With luck KSM comes by. It is left as it was found. */
	ksm = read_digit(KSM "/run");
	write_file(KSM "/run", "1");

	for (i = 0; i < NR_EVENTS; i++) {
		if (pthread_create(&threads[i], NULL, event_thread, &events[i]))
			ksft_exit_fail_perror("pthread_create");
	}
	well = watch();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	if (well) {
		for (i = 0; i < NR_EVENTS; i++)
			pthread_join(threads[i], NULL);
	}
	write_file(KSM "/run", ksm);
	well &= get_stats(&stats);

	for (i = 0; i < NR_EVENTS; i++) {
		ksft_print_msg("%s: %lu\n", events[i].name, events[i].done);
		if (!events[i].done && events[i].needs &&
		    access(events[i].needs, W_OK))
			ksft_test_result_skip("%s happens: it needs %s\n",
					      events[i].name, events[i].needs);
		else
			ksft_test_result(events[i].done, "%s happens\n",
					 events[i].name);
	}
	ksft_print_msg("established: %llu, collisions: %llu, checks: %llu, inconclusive: %llu\n",
		       (unsigned long long)stats.established,
		       (unsigned long long)stats.collisions,
		       (unsigned long long)stats.checks,
		       (unsigned long long)stats.inconclusive);
	ksft_print_msg("invalidations: %llu, audits: %llu, stale: %llu\n",
		       (unsigned long long)stats.invalidations,
		       (unsigned long long)stats.audits,
		       (unsigned long long)stats.errors);
	ksft_test_result(well, "all threads get on\n");
	ksft_test_result(stats.established, "shadow entries are established\n");
	ksft_test_result(stats.collisions, "faults collide with changes\n");
	ksft_test_result(stats.checks > stats.inconclusive,
			 "most checks are conclusive\n");
	ksft_test_result(stats.audits, "invalidated ranges are looked at\n");
	ksft_test_result(!stats.errors, "no shadow entry is stale\n");
	/* The device gives its verdict to the kernel log, unless it hangs. */
	for (i = 0; well && i < (size_t)nr_mirrors; i++)
		close(mirrors[i]);
	ksft_finished();
}

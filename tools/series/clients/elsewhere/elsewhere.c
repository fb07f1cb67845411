// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a device fault of one page takes while other threads of the process
 * discard other pages all the time. The device is that of lib/test_hmm.c, which
 * mirrors the whole address space. Speaks TAP. The figures are a comment for each
 * number of threads, which clients/figures.py reads; no case depends on them:
 *
 *   # rate fault n=THREADS seconds=N done=N given_up=N p50_us=N p99_us=N max_us=N
 *
 * The driver gives a fault up that has been tried again for a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <linux/types.h>

#include "test_hmm_uapi.h"

#define PAGE		4096UL
#define NR_PAGES	64
#define MOST_THREADS	3
#define SECONDS		8
#define MOST_FAULTS	(1UL << 20)

static double us[MOST_FAULTS];
static bool stop;

static void die(const char *what)
{
	printf("Bail out! %s: ", what);
	fflush(stdout);
	perror("");
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static char *map(unsigned long nr)
{
	char *there = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (there == MAP_FAILED)
		die("mmap");
	return there;
}

static void *discard(void *unused)
{
	char *pages = map(NR_PAGES);
	int i;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < NR_PAGES; i++) {
			pages[i * PAGE] = 1;
			if (madvise(pages + i * PAGE, PAGE, MADV_DONTNEED))
				die("madvise");
		}
	}
	return unused;
}

static void measure(int device, int nr_threads)
{
	unsigned long done = 0, given_up = 0;
	pthread_t threads[MOST_THREADS];
	char *page = map(1), *copy = map(1);
	struct hmm_dmirror_cmd cmd;
	double began, until;
	int i;

	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++) {
		if (pthread_create(&threads[i], NULL, discard, NULL))
			die("pthread_create");
	}
	until = now_us() + SECONDS * 1e6;
	while (now_us() < until && done < MOST_FAULTS) {
		/* The device loses it. */
		if (madvise(page, PAGE, MADV_DONTNEED))
			die("madvise");
		*page = 1;
		cmd = (struct hmm_dmirror_cmd) {
			.addr = (uintptr_t)page,
			.ptr = (uintptr_t)copy,
			.npages = 1,
		};
		began = now_us();
		if (!ioctl(device, HMM_DMIRROR_READ, &cmd))
			us[done++] = now_us() - began;
		else if (errno == EBUSY)
			given_up++;
		else
			die("HMM_DMIRROR_READ");
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);

	qsort(us, done, sizeof(*us), compare);
	printf("# rate fault n=%d seconds=%d done=%lu given_up=%lu", nr_threads,
	       SECONDS, done, given_up);
	if (done)
		printf(" p50_us=%.1f p99_us=%.1f max_us=%.1f", us[done / 2],
		       us[done * 99 / 100], us[done - 1]);
	printf("\n");
	munmap(page, PAGE);
	munmap(copy, PAGE);
}

int main(void)
{
	int device = open("/dev/hmm_dmirror0", O_RDWR), i;

	printf("TAP version 13\n1..1\n");
	if (device < 0)
		die("/dev/hmm_dmirror0");
	for (i = 0; i <= MOST_THREADS; i++)
		measure(device, i);
	printf("ok 1 faults beside invalidations of other pages\n");
	return 0;
}

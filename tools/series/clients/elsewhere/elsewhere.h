/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a fault of one page takes while other threads of the process discard
 * other pages all the time: what the programs here have in common. Each speaks
 * TAP. The figures are a comment for each number of threads, which
 * clients/figures.py reads; no case depends on them:
 *
 *   # rate STEP n=THREADS seconds=N done=N given_up=N tries=N p50_us=N p99_us=N max_us=N
 *
 * A fault that takes longer than a second is given up: the threads wait until it
 * has ended. The tries are the calls of a function of the kernel that each try
 * makes, counted by a kprobe.
 */
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
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define NR_PAGES	64	/* that each thread discards */
#define MOST_THREADS	3
#define LENGTH		((1 + MOST_THREADS * NR_PAGES) * PAGE)
#define SECONDS		8
#define LONGEST_US	1e6
#define MOST_FAULTS	(1UL << 20)
#define TRACING		"/sys/kernel/tracing/"

static double us[MOST_FAULTS];
/* When the fault began that is not over; 0 if none is. */
static double began_us;
static bool stop;
static char *area;	/* first the page that is faulted */

static void die(const char *what)
{
	printf("Bail out! %s: ", what);
	fflush(stdout);
	perror("");
	_exit(1);
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

static char *map(size_t length)
{
	char *there = mmap(NULL, length, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (there == MAP_FAILED)
		die("mmap");
	return there;
}

/* The device loses the page, and there is another one. */
static void renew(char *page)
{
	if (madvise(page, PAGE, MADV_DONTNEED))
		die("madvise");
	*page = 1;
}

static bool takes_too_long(void)
{
	double began;

	__atomic_load(&began_us, &began, __ATOMIC_RELAXED);
	return began && now_us() - began > LONGEST_US;
}

static void *discard(void *pages)
{
	int i;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < NR_PAGES; i++) {
			while (takes_too_long())
				usleep(1000);
			renew((char *)pages + i * PAGE);
		}
	}
	return NULL;
}

static void tracing(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(text);
	close(fd);
}

static unsigned long count_tries(void)
{
	FILE *file = fopen(TRACING "kprobe_profile", "r");
	unsigned long count, found = 0;
	char name[100];

	if (!file)
		die("kprobe_profile");
	while (fscanf(file, "%99s %lu %*u", name, &count) == 2) {
		if (!strcmp(name, "elsewhere"))
			found = count;
	}
	fclose(file);
	return found;
}

static void set_began(double us)
{
	__atomic_store(&began_us, &us, __ATOMIC_RELAXED);
}

static void measure(const char *step, int nr_threads, bool (*fault)(void))
{
	unsigned long done = 0, given_up = 0, tries = count_tries();
	pthread_t threads[MOST_THREADS];
	double began, until, took;
	int i;

	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++) {
		if (pthread_create(&threads[i], NULL, discard,
				   area + (1 + i * NR_PAGES) * PAGE))
			die("pthread_create");
	}
	until = now_us() + SECONDS * 1e6;
	while (now_us() < until && done < MOST_FAULTS) {
		bool good;

		renew(area);
		began = now_us();
		set_began(began);
		good = fault();
		took = now_us() - began;
		set_began(0);
		if (good && took <= LONGEST_US)
			us[done++] = took;
		else
			given_up++;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);

	qsort(us, done, sizeof(*us), compare);
	printf("# rate %s n=%d seconds=%d done=%lu given_up=%lu tries=%lu", step,
	       nr_threads, SECONDS, done, given_up, count_tries() - tries);
	if (done)
		printf(" p50_us=%.1f p99_us=%.1f max_us=%.1f", us[done / 2],
		       us[done * 99 / 100], us[done - 1]);
	printf("\n");
}

/* Each try of a fault calls this function of the kernel. */
static void measure_all(const char *step, const char *function,
			bool (*fault)(void))
{
	char probe[200];
	int i;

	snprintf(probe, sizeof(probe), "p:elsewhere/elsewhere %s\n", function);
	tracing(TRACING "kprobe_events", probe);
	tracing(TRACING "events/elsewhere/enable", "1");
	for (i = 0; i <= MOST_THREADS; i++)
		measure(step, i, fault);
	tracing(TRACING "events/elsewhere/enable", "0");
	tracing(TRACING "kprobe_events", "-:elsewhere/elsewhere\n");
}

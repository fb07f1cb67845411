// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the module shapes.c do what drivers out of the tree do, while other
 * threads change the page tables and processes are killed. Speaks TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shapes_uapi.h"

#define PAGE		4096UL
#define NR_PAGES	64
#define FAULTS		2000
#define CHILDREN	20
#define MANY		1000
/* What is dropped at the end of a process may be so after its parent knows. */
#define PATIENCE	600

static int cases, failed, fd;
static bool stop;

static void result(bool good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++cases, what);
	failed |= !good;
}

static void die(const char *what)
{
	perror(what);
	_exit(99);
}

static int open_shapes(void)
{
	int opened = open("/dev/shapes", O_RDWR | O_CLOEXEC);

	if (opened < 0)
		die("the device cannot be opened");
	return opened;
}

static struct shapes_counts counts(void)
{
	struct shapes_counts now;

	if (ioctl(fd, SHAPES_COUNTS, &now))
		die("counts");
	return now;
}

static char *map(void)
{
	char *pages = mmap(NULL, NR_PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		die("mmap");
	return pages;
}

static unsigned int any(unsigned int *seed)
{
	return rand_r(seed) % NR_PAGES;
}

/* Discards pages, at random. */
static void *discard(void *pages)
{
	unsigned int seed = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		madvise((char *)pages + any(&seed) * PAGE, PAGE, MADV_DONTNEED);
	return NULL;
}

static pthread_t run(void *(*what)(void *), void *data)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, what, data);
	if (errno)
		die("pthread_create");
	return thread;
}

struct faults {
	int shapes;
	char *pages;
	int done;
};

/* So many device faults; without end if a signal is to come. */
static void *fault(void *data)
{
	struct faults *faults = data;
	unsigned int seed = 2;
	int left;
	__u64 at;

	for (left = faults->done; left; left -= faults->done > 0) {
		at = (unsigned long)faults->pages + any(&seed) * PAGE;
		if (ioctl(faults->shapes, SHAPES_FAULT, &at))
			break;
	}
	faults->done = !left;
	return NULL;
}

static void intervals(void)
{
	struct shapes_counts before = counts(), after;
	struct faults faults = { open_shapes(), map(), FAULTS };
	struct faults others = faults;
	pthread_t thread, other;

	if (ioctl(faults.shapes, SHAPES_PREPARE))
		die("prepare");
	stop = false;
	thread = run(discard, faults.pages);
	other = run(fault, &others);
	fault(&faults);
	pthread_join(other, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	result(faults.done && others.done,
	       "faults insert under the mmap_lock for reading");
	close(faults.shapes);
	after = counts();
	result(after.inserted - before.inserted == 2 * FAULTS &&
	       after.removed == after.inserted,
	       "a work queue, or the file's release, removes them");
	result(after.invalidated > before.invalidated, "they are invalidated");
	result(after.collided > before.collided, "some faults collide");
	result(!after.stale, "the device maps what the process maps");
	printf("# %u inserted, %u callbacks, %u collisions\n",
	       after.inserted - before.inserted,
	       after.invalidated - before.invalidated,
	       after.collided - before.collided);
}

/* A process with a shape that is killed, or ends by itself. Returns whether it did. */
static bool child(void (*shape)(void), bool is_killed)
{
	int status;
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		stop = false;
		shape();
		write(ready[1], "", 1);
		if (!is_killed)
			_exit(0);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return false;
	close(ready[0]);
	if (is_killed)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return is_killed ? WIFSIGNALED(status) : !status;
}

static void busy_faults(void)
{
	static struct faults faults[2];
	int i;

	faults[0] = (struct faults){ open_shapes(), map(), -1 };
	faults[1] = faults[0];
	if (ioctl(faults[0].shapes, SHAPES_PREPARE))
		die("prepare");
	run(discard, faults[0].pages);
	for (i = 0; i < 2; i++)
		run(fault, &faults[i]);
	usleep(100000);
}

static void end_of_file(void)
{
	int mine = open_shapes();
	char *pages = map();

	if (ioctl(mine, SHAPES_END))
		die("end");
	run(discard, pages);
	usleep(10000);
}

/* Part of it goes while others change the page tables, and the rest at last. */
static void end_of_vma(void)
{
	int mine = open_shapes();
	char *pages = map();
	char *device = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, mine, 0);
	char *other = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, mine, 0);

	if (device == MAP_FAILED || other == MAP_FAILED)
		die("mmap of the device");
	close(mine);
	run(discard, pages);
	munmap(device + PAGE, PAGE);
	munmap(device, 4 * PAGE);
	usleep(10000);
}

/* Whether all are gone again. A file is released some time after the end. */
static bool all_gone(void)
{
	struct shapes_counts now;
	int left;

	for (left = PATIENCE; left; left--) {
		now = counts();
		if (now.removed == now.inserted &&
		    now.unregistered == now.registered)
			break;
		usleep(100000);
	}
	return left;
}

static void children(void (*shape)(void), const char *what)
{
	struct shapes_counts before = counts(), after;
	char text[100];
	int i, good = 0;

	for (i = 0; i < CHILDREN; i++)
		good += child(shape, i & 1);
	snprintf(text, sizeof(text), "%s: each gets so far", what);
	result(good == CHILDREN, text);
	snprintf(text, sizeof(text), "%s: all are gone", what);
	result(all_gone(), text);
	after = counts();
	snprintf(text, sizeof(text), "%s: they were called", what);
	result(after.invalidated > before.invalidated ||
	       (after.ends > before.ends && after.released > before.released),
	       text);
	printf("# %u inserted, %u callbacks; %u registered, %u ends, %u released\n",
	       after.inserted - before.inserted,
	       after.invalidated - before.invalidated,
	       after.registered - before.registered,
	       after.ends - before.ends, after.released - before.released);
}

static void register_many(int mine)
{
	__u32 many = MANY;

	if (ioctl(mine, SHAPES_MANY, &many))
		die("many");
}

static void many(void)
{
	struct shapes_counts before, after;
	char *pages = map();
	int mine = open_shapes();

	register_many(mine);
	*pages = 1;
	before = counts();
	madvise(pages, PAGE, MADV_DONTNEED);
	after = counts();
	/* Something else may have been invalidated as well. */
	result(after.starts > before.starts &&
	       !((after.starts - before.starts) % MANY) &&
	       after.ends - before.ends == after.starts - before.starts,
	       "each of a thousand notifiers is told of the start and of the end");
	close(mine);
	result(all_gone(), "a thousand notifiers go when the file is closed");
}

static void many_to_the_end(void)
{
	register_many(open_shapes());
}

int main(void)
{
	struct shapes_counts before, after;

	fd = open_shapes();
	intervals();
	children(busy_faults, "intervals of killed processes");
	children(end_of_file, "end and release, to the file's release");
	children(end_of_vma, "end and release, to the VMA's close");
	many();
	before = counts();
	result(child(many_to_the_end, true), "a process with a thousand is killed");
	result(all_gone(), "a thousand notifiers go with the process");
	after = counts();
	result(after.released - before.released == MANY,
	       "each of them is told of the end of the mm");
	printf("1..%d\n", cases);
	return failed;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OOM killer kills a process that has MMU notifiers of both kinds
 * (refuser.c), and the OOM reaper comes while a thread of it cannot be killed
 * yet. One of the notifiers refuses to act without sleeping, and then the
 * process has to go all the same, with its notifiers and its memory.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARAMETERS	"/sys/module/refuser/parameters/"
#define CHUNK		(16UL << 20)
/* More than the read of refuser.c lasts, and two times a hung task's. */
#define SECONDS		90

static int cases, failed;

static void result(int good, const char *what)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++cases, what);
	failed |= !good;
}

static void *hold(void *data)
{
	char byte;

	read(*(int *)data, &byte, 1);
	return NULL;
}

/* Takes all memory that there is. */
static void victim(void)
{
	int adjust = open("/proc/self/oom_score_adj", O_WRONLY);
	int fd = open("/dev/refuser", O_RDWR);
	pthread_t thread;
	char *chunk;

	if (adjust < 0 || write(adjust, "1000", 4) != 4 || fd < 0 ||
	    pthread_create(&thread, NULL, hold, &fd)) {
		perror("victim");
		_exit(1);
	}
	for (;;) {
		chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk == MAP_FAILED)
			_exit(1);
		memset(chunk, 1, CHUNK);
	}
}

/* The number after a name in a file, or the first one. */
static long number(const char *path, const char *name)
{
	char text[16384] = "";
	int fd = open(path, O_RDONLY);
	const char *at;

	if (fd >= 0) {
		read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	at = strstr(text, name);
	return at ? atol(at + strlen(name)) : -1;
}

static void print_file(const char *format, int pid, const char *thread)
{
	char path[300], line[200];
	FILE *file;

	snprintf(path, sizeof(path), format, pid, thread);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		printf("# %s", line);
	if (file)
		fclose(file);
}

/* What the threads of a process wait for. */
static void print_threads(int pid)
{
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		print_file("/proc/%d/task/%s/stat", pid, entry->d_name);
		print_file("/proc/%d/task/%s/stack", pid, entry->d_name);
	}
}

int main(void)
{
	long kills = number("/proc/vmstat", "oom_kill ");
	long before = number("/proc/meminfo", "MemAvailable:"), after;
	int status, second, gone = 0;
	pid_t pid = fork();

	if (!pid)
		victim();
	for (second = 0; second < SECONDS && !gone; second++) {
		sleep(1);
		gone = waitpid(pid, &status, WNOHANG) == pid;
	}
	after = number("/proc/meminfo", "MemAvailable:");
	printf("# refused %ld times; kB available: %ld before, %ld after\n",
	       number(PARAMETERS "refused", ""), before, after);
	if (!gone)
		print_threads(pid);

	printf("1..5\n");
	result(number("/proc/vmstat", "oom_kill ") > kills,
	       "the OOM killer kills the process");
	result(number(PARAMETERS "refused", "") > 0, "a notifier refuses");
	result(after > before / 10 * 9, "the memory comes back");
	result(number(PARAMETERS "removed", "") == 1,
	       "the notifiers are removed");
	result(gone, "the process goes away");
	return failed;
}

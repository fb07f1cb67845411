// SPDX-License-Identifier: GPL-2.0-only
/*
 * The init of trace.sh: does what /commands says, lines "cd DIR", "echo TEXT >FILE" and
 * "cat FILE", in a kernel without a shell. What is to be watched, the selftest of the fake
 * device, runs before the first "cat".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void make(const char *dir, const char *type)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, NULL))
		printf("trace: %s: no %s\n", dir, type);
}

static void watch(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		execl("/mmu_notifier_test", "mmu_notifier_test", "-t", "1", NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	printf("trace: the selftest has ended with %d\n", status);
}

/* Of each event, as many as a slow console can take. */
#define SHOWN 20

static int is_enough(const char *line)
{
	static struct {
		char name[64];
		int times;
	} events[16];
	/* Not the name of a task. */
	const char *event = strstr(line, ": mmu_notifier_");
	size_t length, i;

	if (!event)
		return 0;
	event += 2;
	length = strcspn(event, ":");
	for (i = 0; i < 16 && events[i].times; i++) {
		if (!strncmp(events[i].name, event, length) &&
		    !events[i].name[length])
			return events[i].times++ >= SHOWN;
	}
	if (i < 16 && length < sizeof(events[i].name)) {
		memcpy(events[i].name, event, length);
		events[i].times = 1;
	}
	return 0;
}

static void show(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "r");

	printf("trace: cat %s\n", path);
	while (file && fgets(text, sizeof(text), file)) {
		if (!is_enough(text))
			fputs(text, stdout);
	}
	if (file)
		fclose(file);
}

int main(void)
{
	char line[4096], text[1024], path[1024];
	int watched = 0;
	FILE *commands;

	setvbuf(stdout, NULL, _IOLBF, 0);
	make("/proc", "proc");
	make("/sys", "sysfs");
	make("/dev", "devtmpfs");
	make("/sys/kernel/tracing", "tracefs");
	commands = fopen("/commands", "r");
	while (commands && fgets(line, sizeof(line), commands)) {
		if (sscanf(line, " cd %1023s", path) == 1) {
			if (chdir(path))
				printf("trace: FAILED %s", line);
		} else if (sscanf(line, " echo %1023s >%1023s", text, path) == 2) {
			FILE *file = fopen(path, "w");

			if (!file || fputs(text, file) < 0 || fclose(file))
				printf("trace: FAILED %s", line);
		} else if (sscanf(line, " cat %1023s", path) == 1) {
			if (!watched++)
				watch();
			show(path);
		} else if (line[0] != '\n') {
			printf("trace: FAILED to understand %s", line);
		}
	}
	printf("trace: done\n");
	fflush(stdout);
	/* The emulator ends instead. */
	reboot(RB_AUTOBOOT);
	return 0;
}

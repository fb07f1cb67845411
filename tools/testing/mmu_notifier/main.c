// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs inputs: those of a corpus, ones made at random, or what libFuzzer makes.
 */

#include <linux/mmu_notifier.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

#define RECORD		8
#define PATIENCE	60	/* s: an input that takes longer never ends */
#define MAX_SIZE	(160 * RECORD)

/* Leaks are counted by the model. */
const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_leaks=0:malloc_context_size=5:quarantine_size_mb=16";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	run_input(data, size);
	return 0;
}

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void randomise(unsigned char *record, unsigned int *seed)
{
	unsigned int i;

	for (i = 0; i < RECORD; i++)
		record[i] = next_random(seed);
	record[0] %= nr_kinds_of_calls;
	/* Most calls are in order, of few objects, and do not stop. */
	if (next_random(seed) % 4)
		record[1] &= 0x0f;
	if (next_random(seed) % 2)
		record[1] &= ~12;
	if (next_random(seed) % 2)
		record[2] &= 3;
	if (next_random(seed) % 8)
		record[5] &= ~3;
	if (next_random(seed) % 2)
		record[6] = 0;
	if (next_random(seed) % 2)
		record[7] = 0;
}

/* Changes whole calls, or one byte of one. */
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	unsigned int nr = size / RECORD, max = max_size / RECORD;
	unsigned int times = 1 + next_random(&seed) % 4, at, from;
	unsigned char record[RECORD];

	while (times--) {
		at = nr ? next_random(&seed) % nr : 0;
		switch (nr ? next_random(&seed) % 8 : 0) {
		case 0:
		case 1:
			if (nr >= max)
				break;
			memmove(data + (at + 1) * RECORD, data + at * RECORD,
				(nr - at) * RECORD);
			randomise(data + at * RECORD, &seed);
			nr++;
			break;
		case 2:
			memmove(data + at * RECORD, data + (at + 1) * RECORD,
				(nr - at - 1) * RECORD);
			nr--;
			break;
		case 3:
			from = next_random(&seed) % nr;
			memcpy(record, data + from * RECORD, RECORD);
			memcpy(data + from * RECORD, data + at * RECORD, RECORD);
			memcpy(data + at * RECORD, record, RECORD);
			break;
		case 4:
			randomise(data + at * RECORD, &seed);
			break;
		case 5:
			data[at * RECORD + 6 + next_random(&seed) % 2] =
				next_random(&seed);
			break;
		default:
			data[at * RECORD + next_random(&seed) % RECORD] =
				next_random(&seed);
			/* More kinds may be added. */
			data[at * RECORD] %= nr_kinds_of_calls;
		}
	}
	return nr * RECORD;
}

#ifndef TEST_LIBFUZZER

static unsigned char input[MAX_SIZE];
static size_t size_at_work;

static const char *unpack_to;

/* As files, for libFuzzer. */
static void unpack(unsigned int nr, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u", unpack_to, nr);
	file = fopen(path, "w");
	if (!file || fwrite(input, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* A corpus: one input a line, in hexadecimal; # begins a comment. */
static unsigned int replay(const char *path)
{
	static char line[2 * MAX_SIZE + 2];
	FILE *file = fopen(path, "r");
	unsigned int nr = 0, byte;
	size_t size;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		for (size = 0; sscanf(line + 2 * size, "%2x", &byte) == 1; size++)
			input[size] = byte;
		if (verbose)
			fprintf(stderr, "input %u\n", nr);
		size_at_work = size;
		alarm(PATIENCE);
		if (unpack_to)
			unpack(nr, size);
		else
			run_input(input, size);
		nr++;
	}
	fclose(file);
	return nr;
}

static void print_input(size_t size)
{
	size_t i;

	fputs("the input: ", stderr);
	for (i = 0; i < size; i++)
		fprintf(stderr, "%02x", input[i]);
	fputc('\n', stderr);
}

static void print_input_at_work(int signal)
{
	print_input(size_at_work);
	_exit(1);
}

/* Without coverage: inputs that have nothing to do with each other. */
static unsigned int run_random(unsigned int seconds, unsigned int seed)
{
	time_t end = time(NULL) + seconds;
	unsigned int nr, calls;

	for (nr = 0; time(NULL) < end; nr++) {
		calls = 2 + next_random(&seed) % 80;
		for (size_at_work = 0; calls--; size_at_work += RECORD)
			randomise(input + size_at_work, &seed);
		alarm(PATIENCE);
		run_input(input, size_at_work);
	}
	return nr;
}

int main(int argc, char **argv)
{
	unsigned int seconds = 0, seed = 1, nr = 0;
	int option;

	while ((option = getopt(argc, argv, "u:vr:s:")) != -1) {
		switch (option) {
		case 'u':
			unpack_to = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		case 'r':
			seconds = atoi(optarg);
			break;
		case 's':
			seed = atoi(optarg);
			break;
		default:
			fprintf(stderr,
				"usage: %s [-v] [-u DIR] [-r SECONDS [-s SEED]] [CORPUS...]\n",
				argv[0]);
			return 2;
		}
	}
	signal(SIGABRT, print_input_at_work);
	signal(SIGALRM, print_input_at_work);
	for (; optind < argc; optind++)
		nr += replay(argv[optind]);
	if (seconds)
		nr += run_random(seconds, seed);
	printf("%u inputs: no defect\n", nr);
	return 0;
}

#endif /* TEST_LIBFUZZER */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * RDMA between parts of one memory area, which is registered for on-demand
 * paging, while threads change how it is mapped.
 *
 *	stress DEVICE GID_INDEX SECONDS
 *
 * Each worker has a source and a destination in the area and a pair of queue
 * pairs. In each round it replaces the pages of both, fills the source, and has
 * it written to the destination or read from there. What other threads do to
 * these pages meanwhile keeps their content, and then each byte must be as it
 * was sent: a device that goes on with a page that has been replaced sends what
 * is old, or writes to where nobody sees it. In some rounds they replace pages
 * of the destination as well. Then each page must be as sent or all zero: a
 * packet is a page.
 *
 * Each worker registers the whole area on its own, and again and again.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prefetch.h"

#define PAGE		4096UL
#define NR_PAGES	16
#define LENGTH		(NR_PAGES * PAGE)
#define NR_WORKERS	3
#define NR_DISTURBERS	2
/* The rounds from one registration to the next. */
#define ROUNDS		8
#define ACCESS		(IBV_ACCESS_ON_DEMAND | IBV_ACCESS_LOCAL_WRITE | \
			 IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
/* Where no mmap() without an address puts anything. */
#define AREA		((char *)(1UL << 44))
#define SPARE		((char *)(2UL << 44))

/* How pages are replaced, or changed otherwise; and what else must happen. */
enum event {
	DISCARD, OVER, REMAP, UNMAP, REPLACE_KINDS,
	PROTECT = REPLACE_KINDS, FORK,
	WRITE, READ, PREFETCH, REGISTER, GOT_LOST, CAME_THROUGH, NR_EVENTS
};

static const char * const names[] = {
	"madvise(MADV_DONTNEED)", "mmap() over pages", "mremap() over pages",
	"munmap() and mmap()", "mprotect()", "fork()",
	"RDMA write", "RDMA read", "prefetch", "registration",
	"a page is replaced after it was sent",
	"a page is as sent though others are replaced",
};

static unsigned long events[NR_EVENTS];
static unsigned long wrong;
static bool stop;

struct worker {
	pthread_mutex_t lock;	/* for the phase, and while pages are changed */
	enum { QUIET, KEEP, LOSE } phase;
	char *source;
	char *destination;
	struct ibv_mr *mr;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_qp *other;
};

static struct worker workers[NR_WORKERS];
static struct ibv_context *context;
static struct ibv_pd *pd;
static union ibv_gid gid;
static int gid_index;
static __thread unsigned int seed;

static void happened(enum event event)
{
	__atomic_add_fetch(&events[event], 1, __ATOMIC_RELAXED);
}

static void die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static void *map(char *where, size_t length)
{
	char *there = mmap(where, length, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (there == MAP_FAILED)
		die("mmap");
	return there;
}

/* The pages are others then, and all zero. */
static void replace(char *start, size_t length, enum event how)
{
	char *spare;

	switch (how) {
	case DISCARD:
		if (madvise(start, length, MADV_DONTNEED))
			die("madvise");
		break;
	case REMAP:
		spare = map(SPARE + (start - AREA), length);
		memset(spare, 0, length);
		if (mremap(spare, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
			   start) != start)
			die("mremap");
		break;
	default:
		if (how == UNMAP)
			munmap(start, length);
		map(start, length);
	}
	happened(how);
}

/*
 * Disturbers
 */

static void protect(struct worker *worker)
{
	/* It is only read, by the device. */
	if (mprotect(worker->source, LENGTH, PROT_READ) ||
	    mprotect(worker->source, LENGTH, PROT_READ | PROT_WRITE))
		die("mprotect");
	happened(PROTECT);
}

/* Makes all pages copy-on-write. */
static void do_fork(void)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	if (waitpid(child, NULL, 0) != child)
		die("fork");
	happened(FORK);
}

static void *disturb(void *data)
{
	seed = (uintptr_t)data;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct worker *worker = &workers[rand_r(&seed) % NR_WORKERS];
		size_t page = rand_r(&seed) % NR_PAGES;
		size_t nr = 1 + rand_r(&seed) % (NR_PAGES - page);
		int dice = rand_r(&seed) % 8;

		pthread_mutex_lock(&worker->lock);
		/* Not unmapped: the device must not find a hole. */
		if (worker->phase == LOSE && dice)
			replace(worker->destination + page * PAGE, nr * PAGE,
				dice % UNMAP);
		else if (worker->phase != QUIET && dice)
			protect(worker);
		else if (worker->phase != QUIET)
			do_fork();
		pthread_mutex_unlock(&worker->lock);
		usleep(rand_r(&seed) % 500);
	}
	return NULL;
}

/*
 * Workers
 */

/* What is sent as the i-th word of the source. */
static unsigned long word(unsigned long round, struct worker *worker, size_t i)
{
	return round << 32 | (worker - workers + 1) << 24 | i;
}

/* Whether this page is as it was sent. */
static bool check_page(struct worker *worker, unsigned long round, size_t page,
		       bool may_be_lost)
{
	const unsigned long *words = (unsigned long *)worker->destination;
	size_t first = page * PAGE / 8, i, sent = 0, zero = 0;

	for (i = first; i < first + PAGE / 8; i++) {
		sent += words[i] == word(round, worker, i);
		zero += !words[i];
	}
	if (sent == PAGE / 8)
		return true;
	if (zero == PAGE / 8 && may_be_lost)
		return false;
	__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	printf("# round %lu of worker %zd, page %zu: %zu words as sent, %zu zero, the first %lx\n",
	       round, worker - workers, page, sent, zero, words[first]);
	return false;
}

static void set_phase(struct worker *worker, int phase)
{
	pthread_mutex_lock(&worker->lock);
	worker->phase = phase;
	pthread_mutex_unlock(&worker->lock);
}

static void prefetch_worker(struct worker *worker, bool for_write, bool wait)
{
	if (!prefetch(context, pd, worker->mr,
		      for_write ? worker->destination : worker->source,
		      LENGTH, for_write, wait))
		die("prefetch");
	happened(PREFETCH);
}

static void transfer(struct worker *worker, bool write)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)(write ? worker->source : worker->destination),
		.length = LENGTH,
		.lkey = worker->mr->lkey,
	};
	struct ibv_send_wr *bad, request = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = write ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma.remote_addr = (uintptr_t)(write ? worker->destination :
							   worker->source),
		.wr.rdma.rkey = worker->mr->rkey,
	};
	struct ibv_wc completion;
	int nr;

	if (ibv_post_send(worker->qp, &request, &bad))
		die("ibv_post_send");
	while (!(nr = ibv_poll_cq(worker->cq, 1, &completion)))
		usleep(100);
	if (nr < 0 || completion.status != IBV_WC_SUCCESS)
		die(nr < 0 ? "ibv_poll_cq" : ibv_wc_status_str(completion.status));
	happened(write ? WRITE : READ);
}

static void do_round(struct worker *worker, unsigned long round)
{
	unsigned long *words = (unsigned long *)worker->source;
	bool lose = rand_r(&seed) % 2;
	size_t i, through = 0;

	if (round % ROUNDS == 1) {
		if (worker->mr && ibv_dereg_mr(worker->mr))
			die("ibv_dereg_mr");
		worker->mr = ibv_reg_mr(pd, AREA, NR_WORKERS * 2 * LENGTH, ACCESS);
		if (!worker->mr)
			die("ibv_reg_mr");
		happened(REGISTER);
	}
	replace(worker->source, LENGTH, rand_r(&seed) % REPLACE_KINDS);
	replace(worker->destination, LENGTH, rand_r(&seed) % REPLACE_KINDS);
	for (i = 0; i < LENGTH / 8; i++)
		words[i] = word(round, worker, i);
	set_phase(worker, lose ? LOSE : KEEP);
	if (rand_r(&seed) % 2)
		prefetch_worker(worker, rand_r(&seed) % 2, rand_r(&seed) % 2);
	transfer(worker, rand_r(&seed) % 2);
	set_phase(worker, QUIET);
	for (i = 0; i < NR_PAGES; i++)
		through += check_page(worker, round, i, lose);
	if (lose && through)
		happened(CAME_THROUGH);
	if (lose && through < NR_PAGES)
		happened(GOT_LOST);
	/* What has been replaced last is where the device writes now. */
	if (lose) {
		transfer(worker, rand_r(&seed) % 2);
		for (i = 0; i < NR_PAGES; i++)
			check_page(worker, round, i, false);
	}
}

static void *work(void *data)
{
	struct worker *worker = data;
	unsigned long round = 1;

	seed = worker - workers + 1;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		do_round(worker, round++);
	return NULL;
}

/*
 * Setup
 */

static struct ibv_qp *create_qp(struct worker *worker)
{
	struct ibv_qp_init_attr init = {
		.send_cq = worker->cq,
		.recv_cq = worker->cq,
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = 4, .max_recv_wr = 1,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = ACCESS & ~IBV_ACCESS_ON_DEMAND,
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &init);

	if (!qp || ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX |
				 IBV_QP_PORT | IBV_QP_ACCESS_FLAGS))
		die("ibv_create_qp");
	return qp;
}

static void connect_qp(struct ibv_qp *qp, struct ibv_qp *to)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_4096,
		.dest_qp_num = to->qp_num,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1,
			.grh = {
				.dgid = gid, .sgid_index = gid_index,
				.hop_limit = 1,
			},
			.port_num = 1,
		},
	};

	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV |
			  IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
			  IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER))
		die("ibv_modify_qp to RTR");
	attr.qp_state = IBV_QPS_RTS;
	attr.timeout = 18;
	attr.retry_cnt = 7;
	attr.rnr_retry = 7;
	attr.max_rd_atomic = 1;
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT |
			  IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
			  IBV_QP_MAX_QP_RD_ATOMIC))
		die("ibv_modify_qp to RTS");
}

static void set_up(const char *device)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct worker *worker;
	int i;

	for (i = 0; list && list[i]; i++) {
		if (!strcmp(ibv_get_device_name(list[i]), device))
			context = ibv_open_device(list[i]);
	}
	pd = context ? ibv_alloc_pd(context) : NULL;
	if (!pd || ibv_query_gid(context, 1, gid_index, &gid))
		die("no such device");
	map(AREA, NR_WORKERS * 2 * LENGTH);
	for (i = 0; i < NR_WORKERS; i++) {
		worker = &workers[i];
		pthread_mutex_init(&worker->lock, NULL);
		worker->source = AREA + i * 2 * LENGTH;
		worker->destination = worker->source + LENGTH;
		worker->cq = ibv_create_cq(context, 8, NULL, NULL, 0);
		if (!worker->cq)
			die("ibv_create_cq");
		worker->qp = create_qp(worker);
		worker->other = create_qp(worker);
		connect_qp(worker->qp, worker->other);
		connect_qp(worker->other, worker->qp);
	}
}

/* Whether all that the test is about has happened. */
static bool all_happened(void)
{
	int i;

	for (i = 0; i < NR_EVENTS; i++) {
		if (!__atomic_load_n(&events[i], __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_WORKERS + NR_DISTURBERS];
	int i, second, seconds;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 4)
		die("usage: stress DEVICE GID_INDEX SECONDS");
	gid_index = atoi(argv[2]);
	seconds = atoi(argv[3]);
	printf("1..2\n");
	set_up(argv[1]);
	for (i = 0; i < NR_WORKERS; i++)
		pthread_create(&threads[i], NULL, work, &workers[i]);
	for (; i < NR_WORKERS + NR_DISTURBERS; i++)
		pthread_create(&threads[i], NULL, disturb, (void *)(uintptr_t)(i + 1));
	/* Longer where a machine is so slow that something has not happened. */
	for (second = 0; second < 5 * seconds && !wrong; second++) {
		if (second >= seconds && all_happened())
			break;
		sleep(1);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < NR_WORKERS + NR_DISTURBERS; i++)
		pthread_join(threads[i], NULL);

	for (i = 0; i < NR_EVENTS; i++)
		printf("# %s: %lu\n", names[i], events[i]);
	printf("%sok 1 every byte is as it was sent\n", wrong ? "not " : "");
	printf("%sok 2 all has happened\n", all_happened() ? "" : "not ");
	return wrong || !all_happened();
}

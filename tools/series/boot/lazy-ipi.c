// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded by boots.py into user-mode Linux that has several CPUs: do not block its IPI before one comes.
 *
 * Since 7.0 such a kernel blocks a signal each time that it disables interrupts, which lockdep does for each lock.  Those
 * system calls are most of what a boot takes.  So only note that the signal is blocked.  Should it come nevertheless, send
 * it again and block it in the context that it interrupted; unblocking it then takes a system call, too.
 *
 * A CPU is a thread, so that nothing here is shared.  What the kernel really blocks changes behind our back when a signal
 * handler returns, which is why each of them is wrapped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define IPI		SIGRTMIN
#define barrier()	__asm__ __volatile__("" ::: "memory")

typedef void (*handler_t)(int sig, siginfo_t *info, void *context);

int __sigaction(int sig, const struct sigaction *act, struct sigaction *old);

static __thread volatile sig_atomic_t blocked;	/* what user-mode Linux believes */
static __thread volatile sig_atomic_t really_blocked;	/* what is true */
static __thread pid_t thread;

static handler_t handlers[_NSIG];

static void handle(int sig, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	bool was_blocked = blocked;

	if (sig == IPI && was_blocked) {
		really_blocked = true;
		sigaddset(&interrupted->uc_sigmask, IPI);
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), IPI, info);
		return;
	}

	if (sig == IPI) {
		/* It is in its own sa_mask. */
		really_blocked = true;
		blocked = true;
	}
	handlers[sig](sig, info, context);

	/* What comes from here on is sent again, until the return. */
	blocked = true;
	barrier();
	really_blocked = sigismember(&interrupted->uc_sigmask, IPI);
	barrier();
	blocked = was_blocked;
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction ours;

	if (!act || !(act->sa_flags & SA_SIGINFO))
		return __sigaction(sig, act, old);

	handlers[sig] = act->sa_sigaction;
	ours = *act;
	ours.sa_sigaction = handle;
	return __sigaction(sig, &ours, old);
}

/* Anything but the IPI alone. */
static int set_mask(int how, const sigset_t *set, sigset_t *old)
{
	bool was_blocked = blocked;
	int err;

	/* A helper process may have the same TLS, but has no IPI. */
	if (!thread)
		thread = gettid();
	if (thread == gettid() && set && (how == SIG_SETMASK || sigismember(set, IPI))) {
		blocked = how != SIG_UNBLOCK && sigismember(set, IPI);
		barrier();
		err = pthread_sigmask(how, set, old);
		barrier();
		really_blocked = blocked;
	} else {
		err = pthread_sigmask(how, set, old);
	}
	if (old && was_blocked && thread == gettid())
		sigaddset(old, IPI);
	errno = err;
	return err ? -1 : 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	if (!set || old || how == SIG_SETMASK || set->__val[0] != 1UL << (IPI - 1))
		return set_mask(how, set, old);

	blocked = how == SIG_BLOCK;
	barrier();
	if (blocked || !really_blocked)
		return 0;
	pthread_sigmask(SIG_UNBLOCK, set, NULL);
	barrier();
	really_blocked = false;
	return 0;
}

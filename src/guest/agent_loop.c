#include "guest/agent.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>

static struct timer *timers;
static void **graves;
static size_t ngraves, graves_cap;
static uint64_t now;

static uint64_t
clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t
agent_now(void)
{
	if (!now)
		now = clock_ms();
	return now;
}

void
watch_set(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };
	int op = !events     ? EPOLL_CTL_DEL
		 : w->events ? EPOLL_CTL_MOD
			     : EPOLL_CTL_ADD;

	if (w->fd < 0 || (!events && !w->events))
		return;
	/* Only a descriptor that epoll cannot watch fails (a regular file). */
	if (epoll_ctl(agent.epoll, op, w->fd, &ev) == 0)
		w->events = events;
}

void
watch_close(struct watch *w)
{
	/* First unregister: a duplicate would keep the registration alive. */
	watch_set(w, 0);
	fd_close(steal_fd(&w->fd));
}

void
timer_set(struct timer *t, unsigned ms, void (*fire)(struct timer *t))
{
	timer_clear(t);
	t->at = agent_now() + ms;
	t->fire = fire;
	t->next = timers;
	timers = t;
}

void
timer_clear(struct timer *t)
{
	struct timer **p = &timers;

	if (!t->at)
		return;
	while (*p != t)
		p = &(*p)->next;
	*p = t->next;
	t->at = 0;
}

/* Milliseconds until the first of them, or -1. */
static int
next_timer(void)
{
	uint64_t first = agent.stop;

	for (struct timer *t = timers; t; t = t->next)
		if (!first || t->at < first)
			first = t->at;
	if (!first)
		return -1;
	return first <= now ? 0 : (int)(first - now);
}

static void
fire_timers(void)
{
	struct timer *t = timers;

	while (t) {
		if (t->at > now) {
			t = t->next;
			continue;
		}
		timer_clear(t);
		t->fire(t);
		t = timers; /* the list may be another one now */
	}
}

void
agent_bury(void *p)
{
	if (ngraves == graves_cap) {
		graves_cap = graves_cap ? 2 * graves_cap : 64;
		graves = xreallocarray(graves, graves_cap, sizeof(*graves));
	}
	graves[ngraves++] = p;
}

static void
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!session_reaped(pid, status))
			stream_reaped(pid, status);
}

static void
on_signal(struct watch *w, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)events;
	while (read(w->fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		if (si.ssi_signo != SIGCHLD && !agent.stop)
			agent.stop = agent_now() + 1000;
	reap();
}

/*
 * signal(3) refuses those that the C library keeps for itself, and make(1) on
 * glibc leaves two of them ignored. All zero is SIG_DFL, whatever the order of
 * the kernel's struct (rt_sigaction(2), 8 bytes of mask).
 */
static void
default_signal(int number)
{
	static const unsigned long none[4];

	(void)syscall(SYS_rt_sigaction, number, none, NULL, 8ul);
}

static int
open_signals(struct watch *w)
{
	static const int mine[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t set;

	/* A child gets what it would get anywhere, whoever started us. */
	for (int i = 1; i < NSIG; i++)
		default_signal(i);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(mine); i++)
		(void)sigaddset(&set, mine[i]);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	*w = (struct watch){ .fd = signalfd(
				 -1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.ready = on_signal };
	watch_set(w, EPOLLIN);
	return w->fd;
}

/* Nothing is left that a stop would cut off, or it has waited long enough. */
static bool
over(void)
{
	if (!agent.stop)
		return false;
	for (struct conn *c = agent.conns; c; c = c->next)
		if (c->streams)
			return now >= agent.stop;
	return true;
}

static void
finish_round(bool *more)
{
	*more = false;
	for (struct conn *c = agent.conns, *next; c; c = next) {
		next = c->next;
		if (conn_pump(c))
			*more = true;
	}
	while (ngraves)
		free(graves[--ngraves]);
}

int
agent_loop(void)
{
	struct epoll_event ev[64];
	struct watch signals;
	bool more = true; /* the first round: what was set up before */

	if (open_signals(&signals) < 0)
		return 1;
	reap();
	while (!over()) {
		int n = epoll_wait(
		    agent.epoll, ev, ARRAY_LEN(ev), more ? 0 : next_timer());

		now = clock_ms();
		for (int i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			if (w->fd >= 0)
				w->ready(w, ev[i].events);
		}
		fire_timers();
		finish_round(&more);
	}
	free(graves);
	watch_close(&signals);
	return 0;
}

/*
 * agent_relay DIR N AGENT [ARG...]: starts an agent with N ports and stands
 * between them and the sockets DIR/p1.sock ... pN.sock as QEMU does: one client
 * for each at a time, others wait in the backlog; the agent does not learn that
 * one has come or gone; what it writes then is kept. Prints "ready". SIGTERM
 * ends both; SIGUSR1 ends only the agent and starts another one.
 */
#include "base/base.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define PORTS 64
#define KEEP 65536

struct way { /* one direction of a port */
	char data[KEEP];
	size_t start, end;
};
static struct port {
	int listener, client, agent, theirs;
	struct way in, out;
} ports[PORTS];
static int nports;
static pid_t child;
static volatile sig_atomic_t ended, again;

static void
on_term(int s)
{
	(void)s;
	ended = 1;
}

static void
on_usr1(int s)
{
	(void)s;
	again = 1;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
nonblock(int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void
open_port(struct port *p, const char *dir, int i)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int pair[2];

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/p%d.sock", dir, i);
	(void)unlink(sa.sun_path);
	p->client = -1;
	p->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(p->listener, (void *)&sa, sizeof(sa)) ||
	    listen(p->listener, 1) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die(sa.sun_path);
	nonblock(p->listener);
	p->agent = pair[0];
	p->theirs = pair[1];
	nonblock(p->agent);
}

static void
start(char **argv)
{
	static char text[PORTS][16];
	char *words[2 * PORTS + 32];
	int n = 0;

	child = fork();
	if (child)
		return;
	while (argv[n] && n < 30) {
		words[n] = argv[n];
		n++;
	}
	for (int i = 0; i < nports; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%d", ports[i].theirs);
		(void)fcntl(ports[i].theirs, F_SETFD, 0);
		words[n++] = (char *)(uintptr_t) "--port-fd";
		words[n++] = text[i];
	}
	words[n] = NULL;
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execv(words[0], words);
	die(words[0]);
}

/* Move what can be moved. false: the source has ended. */
static bool
move(struct way *w, int from, int to)
{
	ssize_t n;

	if (w->start == w->end)
		w->start = w->end = 0;
	if (from >= 0 && w->end < KEEP) {
		n = read(from, w->data + w->end, KEEP - w->end);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		w->end += n > 0 ? (size_t)n : 0;
	}
	if (to >= 0 && w->start < w->end) {
		n = write(to, w->data + w->start, w->end - w->start);
		w->start += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void
serve(struct port *p)
{
	if (p->client < 0) {
		p->client = accept(p->listener, NULL, NULL);
		if (p->client >= 0)
			nonblock(p->client);
	}
	(void)move(&p->out, p->agent, p->client);
	if (!move(&p->in, p->client, p->agent)) {
		(void)close(p->client);
		p->client = -1;
	}
}

static void
wait_for_work(void)
{
	static struct pollfd f[2 * PORTS];

	for (int i = 0; i < nports; i++) {
		const struct port *p = &ports[i];
		short a = 0, c = 0;

		if (p->out.end < KEEP || p->out.start == p->out.end)
			a |= POLLIN;
		if (p->in.start < p->in.end)
			a |= POLLOUT;
		if (p->in.end < KEEP || p->in.start == p->in.end)
			c |= POLLIN;
		if (p->client >= 0 && p->out.start < p->out.end)
			c |= POLLOUT;
		f[2 * i] = (struct pollfd){ .fd = p->agent, .events = a };
		f[2 * i + 1] = (struct pollfd){
			.fd = p->client < 0 ? p->listener : p->client,
			.events = p->client < 0 ? POLLIN : c
		};
	}
	(void)poll(f, (nfds_t)nports * 2, 1000);
}

int
main(int argc, char **argv)
{
	struct sigaction term = { .sa_handler = on_term };
	struct sigaction usr1 = { .sa_handler = on_usr1 };

	if (argc < 4)
		return 2;
	nports = (int)strtol(argv[2], NULL, 10);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGTERM, &term, NULL);
	(void)sigaction(SIGUSR1, &usr1, NULL);
	for (int i = 0; i < nports; i++)
		open_port(&ports[i], argv[1], i + 1);
	start(argv + 3);
	(void)printf("ready %ld\n", (long)child);
	(void)fflush(stdout);
	while (!ended) {
		wait_for_work();
		for (int i = 0; i < nports; i++)
			serve(&ports[i]);
		if (waitpid(child, NULL, WNOHANG) == child || again) {
			(void)kill(child, SIGKILL);
			again = 0;
			start(argv + 3);
		}
	}
	(void)kill(child, SIGTERM);
	(void)waitpid(child, NULL, 0);
	return 0;
}

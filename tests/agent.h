#ifndef TESTS_AGENT_H
#define TESTS_AGENT_H

/*
 * A client of the guest's agent for tests: starts the agent of the same build
 * as an ordinary process on this host, and talks to it over its socket or over
 * a socketpair that plays a virtio-serial port. Everything has a deadline.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "wire/wire.h"

#define DEADLINE_MS 60000
#define STREAMS 80

struct result {
	struct buf out, err;
	size_t nout; /* counted when `count` says not to keep */
	bool open, done, eof, mute; /* mute: gives no credit */
	bool count;
	uint32_t window; /* for STDIN */
	uint32_t sent;
	uint32_t owed[2];
	uint32_t stopped;
	char notice[256], cwd[PATH_MAX], text[600];
	struct wire_exit exit;
};

struct client {
	int fd;
	bool lost;
	unsigned char nonce[WIRE_NONCE_SIZE];
	struct wire_reader in;
	struct result *streams; /* STREAMS */
	struct wire_stats stats;
	bool stated, ponged;
	uint32_t version;
	char agent[64], boot[64], problems[WIRE_PROBLEMS + 1];
};

static char agent_dir[64]; /* ours, removed by agent_stop */
static pid_t agent_pid;
static int agent_port = -1; /* the host's end */
static int agent_port_guest = -1;

static inline uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline _Noreturn void
give_up(const char *what)
{
	printf("Bail out! %s\n", what);
	(void)fflush(stdout);
	if (agent_pid > 0)
		(void)kill(agent_pid, SIGABRT);
	_exit(1);
}

/* --- the agent ------------------------------------------------------------ */

static inline void
agent_start(void)
{
	char self[PATH_MAX], sock[96], port[16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 32);
	int pair[2];
	uint64_t end = now_ms() + DEADLINE_MS;

	if (n <= 0)
		give_up("who am I");
	self[n] = 0;
	memcpy(strrchr(self, '/'), "/machine-guest", 15);
	if (!*agent_dir) {
		(void)snprintf(
		    agent_dir, sizeof(agent_dir), "/tmp/agent.XXXXXX");
		if (!mkdtemp(agent_dir))
			give_up("mkdtemp");
	}
	(void)snprintf(sock, sizeof(sock), "%s/sock", agent_dir);
	(void)unlink(sock);
	if (agent_port < 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			give_up("socketpair");
		agent_port = pair[0];
		agent_port_guest = pair[1];
	}
	agent_pid = fork();
	if (agent_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)snprintf(port, sizeof(port), "%d", agent_port_guest);
		(void)fcntl(agent_port_guest, F_SETFD, 0);
		(void)execl(self, "machine-guest", "agent", "--dir", agent_dir,
		    "--socket", sock, "--port-fd", port, (char *)NULL);
		_exit(127);
	}
	while (access(sock, F_OK)) {
		struct timespec t = { 0, 1000000 };

		if (now_ms() > end || waitpid(agent_pid, NULL, WNOHANG) != 0)
			give_up("the agent does not start");
		(void)nanosleep(&t, NULL);
	}
}

/* Its exit status, as a shell says it. */
static inline int
agent_wait(void)
{
	int status = 0;

	while (waitpid(agent_pid, &status, 0) < 0 && errno == EINTR)
		;
	agent_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int
agent_stop(void)
{
	int status;
	pid_t rm;

	(void)kill(agent_pid, SIGTERM);
	status = agent_wait();
	rm = fork();
	if (rm == 0) {
		(void)execl("/bin/rm", "rm", "-rf", agent_dir, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(rm, NULL, 0);
	return status;
}

/* --- a client --------------------------------------------------------------
 */

static inline void
client_close(struct client *c)
{
	if (c->fd != agent_port)
		fd_close(c->fd);
	wire_reader_release(&c->in);
	for (size_t i = 0; i < STREAMS; i++) {
		buf_release(&c->streams[i].out);
		buf_release(&c->streams[i].err);
	}
	free(c->streams);
	c->streams = NULL;
}

static inline void client_read(struct client *c);

/* Write all of it, reading what comes meanwhile. */
static inline void
client_raw(struct client *c, const void *data, size_t n)
{
	const char *p = data;
	uint64_t end = now_ms() + DEADLINE_MS;

	while (n && !c->lost) {
		struct pollfd q = { c->fd, POLLIN | POLLOUT, 0 };
		ssize_t r;

		if (now_ms() > end)
			give_up("the agent does not read");
		(void)poll(&q, 1, 1000);
		if (q.revents & POLLIN && c->streams)
			client_read(c);
		if (!(q.revents & POLLOUT))
			continue;
		r = send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r < 0 && errno != EAGAIN && errno != EINTR) {
			c->lost = true;
			return;
		}
		if (r > 0) {
			p += r;
			n -= (size_t)r;
		}
	}
}

static inline void
client_frame(struct client *c, enum wire_type type, uint32_t stream,
    const void *data, size_t n)
{
	unsigned char frame[WIRE_FRAME];

	client_raw(c, frame,
	    wire_put(frame, wire_session(c->nonce), type, stream, data, n));
}

static inline void
client_request(
    struct client *c, enum wire_type type, uint32_t id, struct wire_pack *k)
{
	unsigned char frame[WIRE_FRAME];
	struct result *r = &c->streams[id];
	size_t off = 0, n;

	buf_release(&r->out);
	buf_release(&r->err);
	*r = (struct result){ .out = BUF_INIT,
		.err = BUF_INIT,
		.open = true,
		.mute = r->mute,
		.count = r->count,
		.window = WIRE_WINDOW };
	while ((n = wire_put_part(frame, wire_session(c->nonce), type, id, k->p,
		    k->len, &off)))
		client_raw(c, frame, n);
	wire_pack_release(k);
}

static inline void
grant(struct client *c, uint32_t id, enum wire_type type, uint32_t n)
{
	struct result *r = &c->streams[id];
	uint32_t *owed = &r->owed[type == WIRE_STDERR];
	cleanup(wire_pack) struct wire_pack k = { 0 };

	*owed += n;
	if (r->mute || *owed < WIRE_WINDOW / 4)
		return;
	wire_credit_pack(&k, type, *owed);
	*owed = 0;
	client_frame(c, WIRE_CREDIT, id, k.p, k.len);
}

static inline void
client_take(struct client *c, const struct wire_frame *f)
{
	struct result *r = &c->streams[f->stream];
	struct wire_greeting g;
	enum wire_type type;
	uint32_t n;
	const char *s;

	switch ((unsigned)f->type) {
	case WIRE_HELLO:
		if (wire_greeting_read(&g, f->data, f->len))
			give_up("bad HELLO");
		c->version = g.version;
		(void)snprintf(c->agent, sizeof(c->agent), "%s", g.agent);
		(void)snprintf(c->boot, sizeof(c->boot), "%s", g.boot);
		(void)snprintf(
		    c->problems, sizeof(c->problems), "%s", g.problems);
		break;
	case WIRE_PONG:
		c->ponged = true;
		break;
	case WIRE_STATED:
		if (wire_stats_read(&c->stats, f->data, f->len))
			give_up("bad STATED");
		c->stated = true;
		break;
	case WIRE_STDOUT:
	case WIRE_STDERR:
		if (!r->open || r->done)
			give_up("output after EXIT");
		r->nout += f->len;
		if (!r->count)
			buf_add(f->type == WIRE_STDOUT ? &r->out : &r->err,
			    f->data, f->len);
		grant(c, f->stream, f->type, (uint32_t)f->len);
		break;
	case WIRE_NOTICE:
		if (wire_str_read(&s, f->data, f->len))
			give_up("bad NOTICE");
		(void)snprintf(r->notice, sizeof(r->notice), "%s", s);
		break;
	case WIRE_STOPPED:
		if (wire_u32_read(&r->stopped, f->data, f->len))
			give_up("bad STOPPED");
		break;
	case WIRE_EOF:
		r->eof = true;
		break;
	case WIRE_CREDIT:
		if (wire_credit_read(&type, &n, f->data, f->len) ||
		    type != WIRE_STDIN)
			give_up("bad CREDIT");
		r->window += n;
		break;
	case WIRE_EXIT:
		if (!r->open || r->done ||
		    wire_exit_read(&r->exit, f->data, f->len))
			give_up("bad EXIT");
		(void)snprintf(r->cwd, sizeof(r->cwd), "%s", r->exit.cwd);
		(void)snprintf(r->text, sizeof(r->text), "%s", r->exit.text);
		r->exit.cwd = r->exit.text = NULL;
		r->done = true;
		break;
	}
}

/* What is there now. */
static inline void
client_read(struct client *c)
{
	struct wire_frame f;
	size_t n;
	unsigned char *p = wire_reader_space(&c->in, &n);
	ssize_t r = recv(c->fd, p, n, MSG_DONTWAIT);

	if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR))
		c->lost = true;
	if (r <= 0)
		return;
	wire_reader_added(&c->in, (size_t)r);
	for (;;) {
		switch (wire_reader_next(&c->in, &f)) {
		case WIRE_NEED:
			return;
		case WIRE_STARTED:
			break;
		case WIRE_FRAME_IN:
			client_take(c, &f);
			break;
		case WIRE_LOST:
			c->lost = true;
			return;
		}
	}
}

/* Read until *flag; false if that is not before the deadline or it is lost. */
static inline bool
client_until(struct client *c, const bool *flag, unsigned ms)
{
	uint64_t end = now_ms() + ms;

	while (!*flag && !c->lost) {
		struct pollfd q = { c->fd, POLLIN, 0 };
		uint64_t t = now_ms();

		if (t >= end)
			return false;
		(void)poll(&q, 1, (int)(end - t));
		client_read(c);
	}
	return *flag;
}

/* Connect; port: over the pretended port, with what was left in it. */
static inline bool
client_connect(struct client *c, bool port)
{
	static const unsigned char zeros[WIRE_PADDING];
	static uint64_t count;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unsigned char hello[WIRE_HELLO_SIZE];
	uint64_t end = now_ms() + DEADLINE_MS;

	*c = (struct client){ .fd = agent_port };
	if (!port) {
		(void)snprintf(
		    a.sun_path, sizeof(a.sun_path), "%s/sock", agent_dir);
		c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(c->fd, (const struct sockaddr *)&a, sizeof(a)))
			give_up("connect");
	}
	count++;
	memcpy(c->nonce, &count, sizeof(count));
	memset(c->nonce + 8, 0xa5, 8);
	c->streams = xcalloc(STREAMS, sizeof(*c->streams));
	for (size_t i = 0; i < STREAMS; i++)
		c->streams[i].out = c->streams[i].err = (struct buf)BUF_INIT;
	wire_reader_init(&c->in, WIRE_HOST, c->nonce);
	wire_hello(hello, c->nonce);
	client_raw(c, zeros, sizeof(zeros));
	client_raw(c, hello, sizeof(hello));
	while (!c->version && !c->lost && now_ms() < end) {
		struct pollfd q = { c->fd, POLLIN, 0 };

		(void)poll(&q, 1, 1000);
		client_read(c);
	}
	return c->version == WIRE_VERSION;
}

/* --- commands ---------------------------------------------------------------
 */

static inline void
client_exec_full(struct client *c, uint32_t id, uint32_t flags, const char *cwd,
    const char **argv, const char **env)
{
	struct wire_exec x = { .flags = flags,
		.rows = 24,
		.cols = 80,
		.cwd = cwd,
		.argv = argv,
		.env = env };
	struct wire_pack k = { 0 };

	wire_exec_pack(&k, &x);
	client_request(c, WIRE_EXEC, id, &k);
}

/* A line of sh. */
static inline void
client_sh(struct client *c, uint32_t id, uint32_t flags, const char *line)
{
	const char *argv[] = { "sh", "-c", line, NULL };

	client_exec_full(c, id, flags, "/", argv, NULL);
}

static inline int
client_wait(struct client *c, uint32_t id)
{
	struct result *r = &c->streams[id];

	if (!client_until(c, &r->done, DEADLINE_MS)) {
		printf("# no EXIT on stream %u\n", id);
		return -1;
	}
	return wire_exit_status(&r->exit);
}

/* STDIN within its window; waits for credit. */
static inline void
client_feed(struct client *c, uint32_t id, const void *data, size_t n)
{
	struct result *r = &c->streams[id];
	const char *p = data;
	uint64_t end = now_ms() + DEADLINE_MS;

	while (n && !r->done && !c->lost && !r->eof) {
		size_t k = n < WIRE_PAYLOAD ? n : WIRE_PAYLOAD;
		struct pollfd q = { c->fd, POLLIN, 0 };

		if (k > r->window)
			k = r->window;
		if (k) {
			client_frame(c, WIRE_STDIN, id, p, k);
			r->window -= (uint32_t)k;
			r->sent += (uint32_t)k;
			p += k;
			n -= k;
			continue;
		}
		if (now_ms() > end)
			give_up("no credit");
		(void)poll(&q, 1, 1000);
		client_read(c);
	}
}

static inline void
client_signal(struct client *c, uint32_t id, uint32_t sig)
{
	cleanup(wire_pack) struct wire_pack k = { 0 };

	wire_pack_u32(&k, sig);
	client_frame(c, WIRE_SIGNAL, id, k.p, k.len);
}

/* Read until the output of a stream contains a text. */
static inline bool
client_see(struct client *c, uint32_t id, const char *text)
{
	struct result *r = &c->streams[id];
	uint64_t end = now_ms() + DEADLINE_MS / 4;

	while (!memmem(r->out.s, r->out.len, text, strlen(text))) {
		struct pollfd q = { c->fd, POLLIN, 0 };

		if (now_ms() > end || c->lost || r->done)
			return false;
		(void)poll(&q, 1, 1000);
		client_read(c);
	}
	return true;
}

static inline struct wire_stats
client_stats(struct client *c)
{
	c->stated = false;
	client_frame(c, WIRE_STATS, 0, NULL, 0);
	if (!client_until(c, &c->stated, DEADLINE_MS))
		give_up("no STATED");
	return c->stats;
}

#endif

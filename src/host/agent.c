#include "host/agent_io.h"

#include <sys/random.h>

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/os.h"
#include "base/proc.h"
#include "host/wake.h"

/* The first answer may be on its way, or the request lost: ask again. */
#define HELLO_AGAIN_MS 2000
#define RESTARTS_MAX 8u
/* Another port may answer: a guest's kernel can lose one (qemu.c). */
#define SILENT_MS 3000

size_t
agent_queued(const struct agent_conn *a)
{
	return a->out.end - a->out.start;
}

unsigned char *
agent_room(struct agent_conn *a, size_t n)
{
	if (a->out.start == a->out.end)
		a->out.start = a->out.end = 0;
	if (a->out.end + n > a->out.cap && a->out.start) {
		memmove(a->out.p, a->out.p + a->out.start, agent_queued(a));
		a->out.end -= a->out.start;
		a->out.start = 0;
	}
	if (a->out.end + n > a->out.cap) {
		a->out.cap = a->out.end + n + WIRE_FRAME;
		a->out.p = xreallocarray(a->out.p, a->out.cap, 1);
	}
	return a->out.p + a->out.end;
}

void
agent_queue(struct agent_conn *a, size_t n)
{
	a->out.end += n;
}

void
agent_frame(struct agent_conn *a, enum wire_type type, uint32_t stream,
    const void *data, size_t len)
{
	unsigned char *room = agent_room(a, WIRE_HEAD + len + 4);

	agent_queue(a, wire_put(room, a->session, type, stream, data, len));
}

int
agent_flush(struct agent_conn *a)
{
	while (agent_queued(a)) {
		ssize_t n = write(
		    a->fd, a->out.p + a->out.start, agent_queued(a));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		a->out.start += (size_t)n;
		a->out.handed += (size_t)n;
	}
	return 0;
}

int
agent_read(struct agent_conn *a)
{
	size_t room;
	unsigned char *p = wire_reader_space(&a->reader, &room);
	ssize_t n = read(a->fd, p, room);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -1;
	wire_reader_added(&a->reader, (size_t)n);
	a->heard = clock_ms();
	return 0;
}

/* Zeros that end whatever was cut off before us, and a new session. */
static int
say_hello(struct agent_conn *a, struct err *e)
{
	unsigned char nonce[WIRE_NONCE_SIZE];
	unsigned char *p;

	if (getentropy(nonce, sizeof(nonce)))
		return err_sys(e, "cannot get random bytes");
	wire_reader_release(&a->reader);
	wire_reader_init(&a->reader, WIRE_HOST, nonce);
	a->session = wire_session(nonce);
	p = agent_room(a, WIRE_PADDING + WIRE_HELLO_SIZE);
	memset(p, 0, WIRE_PADDING);
	wire_hello(p + WIRE_PADDING, nonce);
	agent_queue(a, WIRE_PADDING + WIRE_HELLO_SIZE);
	return 0;
}

/* 1: that was the greeting; 0: something else. */
static int
greeting(struct agent_conn *a, const struct wire_frame *f, struct err *e)
{
	struct wire_greeting g = { .version = 0 };

	if (f->type != WIRE_HELLO || f->stream != 0)
		return 0;
	if (wire_greeting_read(&g, f->data, f->len) && !g.version)
		return err_set(
		    e, ERR_BACKEND, "the VM's agent says what it must not");
	if (g.version != WIRE_VERSION)
		return err_set(e, ERR_BACKEND,
		    "the VM's agent speaks version %u of the protocol and not "
		    "%u: it is replaced at the next start: type: machine stop",
		    g.version, WIRE_VERSION);
	(void)snprintf(a->version, sizeof(a->version), "%s", g.agent);
	(void)snprintf(a->boot, sizeof(a->boot), "%s", g.boot);
	free(a->problems);
	a->problems = xstrdup(g.problems);
	return 1;
}

static int
look_for_greeting(struct agent_conn *a, struct err *e)
{
	struct wire_frame f;

	for (;;)
		switch (wire_reader_next(&a->reader, &f)) {
		case WIRE_NEED:
			return 0;
		case WIRE_STARTED:
			break;
		case WIRE_FRAME_IN: {
			int rc = greeting(a, &f, e);

			if (rc)
				return rc;
			break;
		}
		case WIRE_LOST:
			/* It has been started anew: once more, but not for
			 * as long as a guest likes. */
			if (++a->restarts > RESTARTS_MAX)
				return err_set(e, ERR_BACKEND,
				    "the VM's agent says what it must not");
			return say_hello(a, e);
		}
}

/* 1: there was no answer until then. */
static int
handshake(struct agent_conn *a, int64_t end, struct err *e)
{
	int64_t again = HELLO_AGAIN_MS;
	int64_t asked = clock_ms();
	int rc;

	if (say_hello(a, e))
		return -1;
	for (;;) {
		struct pollfd p = { .fd = a->fd, .events = POLLIN };
		int left = clock_left(end);

		if (!left)
			return 1;
		if (a->vm && os_wait_gone(a->vm, 0))
			return err_set(e, ERR_BACKEND, "the VM has gone away");
		if (agent_queued(a))
			p.events |= POLLOUT;
		else if (clock_ms() - asked > again) {
			/* Under a new number, so that a late answer to the
			 * first is none. */
			if (say_hello(a, e))
				return -1;
			asked = clock_ms();
			again *= 2;
			continue;
		}
		(void)poll(&p, 1, left < 500 ? left : 500);
		if (agent_flush(a) ||
		    (p.revents & (POLLIN | POLLHUP) && agent_read(a)))
			return err_set(e, ERR_BACKEND,
			    "the connection to the VM's agent was closed");
		rc = look_for_greeting(a, e);
		if (rc)
			return rc < 0 ? -1 : 0;
	}
}

static int
open_any(struct agent_conn *a, const char *dir, int64_t end, struct err *e)
{
	for (;;) {
		int64_t until = clock_ms() + SILENT_MS;
		int rc;

		if (agent_connect(a, dir, end, e))
			return -1;
		rc = handshake(a, a->port && until < end ? until : end, e);
		if (rc <= 0)
			return rc;
		a->silent = a->port;
		if (!clock_left(end))
			return err_set(
			    e, ERR_BACKEND, "the VM's agent does not answer");
		agent_close(a);
	}
}

int
agent_open(
    struct agent_conn *a, const char *dir, int deadline_ms, struct err *e)
{
	int rc;

	wake_ignore_pipe(true);
	rc = open_any(a, dir, clock_ms() + deadline_ms, e);
	wake_ignore_pipe(false);
	if (rc)
		agent_close(a);
	return rc;
}

void
agent_close(struct agent_conn *a)
{
	/* The port is free only when nobody of us is connected to it. */
	fd_close(steal_fd(&a->fd));
	fd_close(steal_fd(&a->lock));
	fd_close(steal_fd(&a->bell));
	wire_reader_release(&a->reader);
	free(STEAL(a->problems));
	free(STEAL(a->out.p));
	a->out.start = a->out.end = a->out.cap = 0;
}

void
agent_result_release(struct agent_result *r)
{
	buf_release(&r->why);
	buf_release(&r->cwd);
	buf_release(&r->typed);
	buf_release(&r->notices);
}

int
agent_capture(struct agent_conn *a, const struct wire_exec *x, size_t max,
    int timeout_ms, struct buf *out, int *status, struct err *e)
{
	struct proc_capture capture = { .text = BUF_INIT, .max = max };
	struct agent_io io = AGENT_IO_NONE;
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	int rc;

	io.sink = proc_capture;
	io.arg = &capture;
	io.timeout_ms = timeout_ms;
	rc = agent_exec(a, x, &io, &r, e);
	buf_add(out, capture.text.s, capture.text.len);
	buf_release(&capture.text);
	*status = r.status;
	if (rc)
		return -1;
	if (r.timeout)
		return err_set(e, ERR_BACKEND,
		    "%s did not end in the VM within %g s, or printed more "
		    "than it should",
		    x->argv[0], timeout_ms / 1000.0);
	if (r.lost || r.not_run)
		return err_set(e, ERR_BACKEND, "%s", r.why.s);
	return 0;
}

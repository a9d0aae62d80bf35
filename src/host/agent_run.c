#include "host/agent_call.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/msg.h"
#include "base/os.h"
#include "host/wake.h"

#define NOTICES_MAX 4096

/* How often we look whether the guest lives, and whether a terminal is ours. */
#define TICK_MS 1000
#define TICK_BACKGROUND_MS 200
/* So much may wait for the socket before more is read. */
#define QUEUE_MAX (64u << 10)

static void
credit(struct call *c, enum wire_type type, struct sink *s)
{
	uint32_t n = sink_credit(s);
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };

	if (!n)
		return;
	wire_credit_pack(&k, type, n);
	agent_frame(c->a, WIRE_CREDIT, c->stream, k.p, k.len);
}

/* Nobody reads this any more: as the kernel does it, its writer is told. */
static void
unread(struct call *c, enum wire_type type)
{
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };

	/* A terminal's one stream cannot be closed for the writer alone. */
	if (c->io->tty)
		call_signal(c, LINUX_SIGPIPE);
	if (c->io->tty || !c->requested || c->exited)
		return;
	wire_pack_u32(&k, type);
	agent_frame(c->a, WIRE_UNREAD, c->stream, k.p, k.len);
}

static void
output(struct call *c, const struct wire_frame *f)
{
	struct sink *s = &c->out[f->type == WIRE_STDERR];

	if (c->io->sink) {
		s->owed += (uint32_t)f->len;
		if (!c->enough &&
		    !c->io->sink(c->io->arg, (const char *)f->data, f->len)) {
			c->enough = true;
			call_end(c);
		}
	} else if (!sink_put(s, f->data, f->len)) {
		unread(c, f->type);
	}
	if (c->io->tty)
		tty_note(c->io->tty, &c->filter[0]);
	credit(c, f->type, s);
}

static int
exited(struct call *c, const struct wire_frame *f)
{
	struct agent_result *r = c->result;
	struct wire_exit x;

	if (wire_exit_read(&x, f->data, f->len))
		return -1;
	r->status = wire_exit_status(&x);
	r->not_run = x.how == WIRE_NOT_RUN;
	r->interrupted = x.how == WIRE_SIGNALED && x.number == LINUX_SIGINT;
	r->ended = x.flags & WIRE_EXIT_ENDED;
	buf_adds(&r->why, x.text);
	buf_adds(&r->cwd, x.cwd);
	call_unread(c, x.taken);
	c->exited = true;
	return 0;
}

/* -1: what it must not say. */
static int
handle(struct call *c, const struct wire_frame *f)
{
	enum wire_type type;
	const char *text;
	uint32_t n;

	if (f->stream == 0) {
		if (f->type == WIRE_PONG)
			c->pinged = 0;
		return 0;
	}
	if (f->stream != c->stream || c->exited)
		return 0;
	switch (f->type) {
	case WIRE_STDOUT:
	case WIRE_STDERR:
		output(c, f);
		return 0;
	case WIRE_CREDIT:
		if (wire_credit_read(&type, &n, f->data, f->len) ||
		    type != WIRE_STDIN || n > WIRE_WINDOW - c->in_credit)
			return -1;
		c->in_credit += n;
		return 0;
	case WIRE_EOF:
		c->in_done = true;
		return 0;
	case WIRE_NOTICE:
		if (wire_str_read(&text, f->data, f->len))
			return -1;
		if (c->result->notices.len < NOTICES_MAX)
			buf_addf(&c->result->notices, "%s%s",
			    c->result->notices.len ? "\n" : "", text);
		return 0;
	case WIRE_STOPPED:
		return wire_u32_read(&n, f->data, f->len) ? -1
							  : call_stopped(c);
	case WIRE_EXIT:
		return exited(c, f);
	case WIRE_EXEC:
	case WIRE_LINE:
	case WIRE_STDIN:
	case WIRE_SIGNAL:
	case WIRE_WINCH:
	case WIRE_CLOSE:
	case WIRE_UNREAD:
	case WIRE_ENDSES:
	case WIRE_PING:
	case WIRE_STATS:
	case WIRE_HELLO:
	case WIRE_PONG:
	case WIRE_STATED:
		break;
	}
	return 0;
}

static int
handle_all(struct call *c)
{
	struct wire_frame f;

	for (;;)
		switch (wire_reader_next(&c->a->reader, &f)) {
		case WIRE_NEED:
			return 0;
		case WIRE_STARTED:
			break;
		case WIRE_FRAME_IN:
			if (handle(c, &f))
				return call_lost(c, "it said what it must not");
			break;
		case WIRE_LOST:
			return call_lost(c, "its agent was started anew");
		}
}

/* The request, a few frames at a time. */
static void
request(struct call *c)
{
	while (!c->requested && agent_queued(c->a) < QUEUE_MAX) {
		unsigned char *room = agent_room(c->a, WIRE_FRAME);
		size_t n = wire_put_part(room, c->a->session, c->type,
		    c->stream, c->request.p, c->request.len, &c->request_off);

		agent_queue(c->a, n);
		if (n)
			continue;
		c->requested = true;
		c->request_end = c->a->out.handed + agent_queued(c->a);
		wire_pack_release(&c->request);
	}
}

/* The guest's life, once in a while. -1: it has none. */
static int
tick(struct call *c)
{
	struct agent_conn *a = c->a;
	int64_t now = clock_ms();

	/* We were asleep, not the guest. */
	if (now - c->ticked > 2 * AGENT_PING_MS) {
		a->heard = now;
		c->pinged = 0;
	}
	c->ticked = now;
	call_terminal(c);
	if (now - a->heard >= TICK_MS && a->vm && os_wait_gone(a->vm, 0))
		return call_lost(c, "the VM has gone away");
	if (c->pinged && a->heard <= c->pinged &&
	    now - c->pinged >= a->frozen_ms)
		return call_lost(c, "it has not answered for too long");
	if (now - a->heard >= a->ping_ms && a->heard > c->pinged) {
		agent_frame(a, WIRE_PING, 0, "", 0);
		c->pinged = now;
	}
	if (c->io->timeout_ms && now - c->began >= c->io->timeout_ms &&
	    !c->result->timeout) {
		c->result->timeout = true;
		call_end(c);
	}
	if (c->ending && now - c->ending >= CALL_END_MS)
		return call_lost(c, "it did not end when it was told to");
	return 0;
}

static int
wait_ms(const struct call *c)
{
	int ms = call_in_background(c) ? TICK_BACKGROUND_MS : TICK_MS;
	int64_t now = clock_ms();

	if (c->io->leave_ms && now - c->began < c->io->leave_ms)
		ms = (int)(c->io->leave_ms - (now - c->began));
	if (c->io->timeout_ms && c->io->timeout_ms - (now - c->began) < ms)
		ms = clock_left(c->began + c->io->timeout_ms);
	if (c->a->ping_ms < ms)
		ms = c->a->ping_ms;
	return ms ? ms : 1;
}

/* One round of waiting and doing. -1: the guest is lost. */
static int
round_trip(struct call *c, int wake)
{
	enum { GUEST, WAKE, IN, OUT, ERR, COUNT };
	struct pollfd p[COUNT] = {
		[GUEST] = { .fd = c->exited ? -1 : c->a->fd, .events = POLLIN },
		[WAKE] = { .fd = wake, .events = POLLIN },
		[IN] = { .fd = -1, .events = POLLIN },
		[OUT] = { .fd = -1, .events = POLLOUT },
		[ERR] = { .fd = -1, .events = POLLOUT },
	};

	request(c);
	if (agent_queued(c->a))
		p[GUEST].events |= POLLOUT;
	if (agent_queued(c->a) < QUEUE_MAX && call_wants_input(c))
		p[IN].fd = c->io->in;
	for (int i = 0; i < 2; i++)
		if (sink_waits(&c->out[i]))
			p[OUT + i].fd = c->out[i].fd;
	if (poll(p, COUNT, wait_ms(c)) < 0 && errno != EINTR)
		return call_lost(c, "poll(2) failed");
	if (p[WAKE].revents && call_signals(c))
		return -1;
	for (int i = 0; i < 2; i++)
		if (p[OUT + i].revents) {
			if (!sink_flush(&c->out[i]))
				unread(c, i ? WIRE_STDERR : WIRE_STDOUT);
			credit(c, i ? WIRE_STDERR : WIRE_STDOUT, &c->out[i]);
		}
	if (p[IN].revents && call_input(c))
		return -1;
	if (p[GUEST].revents & (POLLIN | POLLHUP | POLLERR) && !c->exited &&
	    agent_read(c->a)) {
		/* What came before the end counts. */
		if (handle_all(c) == 0 && c->exited)
			return 0;
		return call_lost(c, "the connection was closed");
	}
	if (handle_all(c))
		return -1;
	if (agent_flush(c->a) && !c->exited)
		return call_lost(c, "the connection was closed");
	return c->exited ? 0 : tick(c);
}

int
call_run(struct call *c, struct err *e)
{
	int wake = wake_on(call_caught, e);

	if (wake < 0)
		return -1;
	c->began = c->ticked = c->a->heard = clock_ms();
	wake_ignore_pipe(true);
	call_begin(c);
	while (!c->exited || sink_waits(&c->out[0]) || sink_waits(&c->out[1]))
		if (round_trip(c, wake))
			break;
	call_finish(c);
	wake_ignore_pipe(false);
	if (!c->result->lost)
		return 0;
	/* All of the request must be there before the agent looks at it. */
	if (!c->requested || c->a->out.handed < c->request_end)
		return err_set(
		    e, ERR_BACKEND, "the VM was lost: %s", c->result->why.s);
	return 0;
}

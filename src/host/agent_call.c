#include "host/agent_call.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/clock.h"
#include "base/msg.h"
#include "host/wake.h"

enum {
	CONTROL_C = 3,
	LINUX_SIGCONT = 18,
	LINUX_SIGSTOP = 19,
	LINUX_SIGTSTP = 20
};
/* Three Control-Cs within this time leave a guest that does not answer. */
#define LEAVE_MS 2000
#define UNANSWERED_MS 1000
#define STOP_FLUSH_MS 500

/* The numbers of Linux, which is what the guest is; ours may differ. */
static const struct {
	int ours;
	uint32_t linux;
} forwarded[] = {
	{ SIGINT, 2 },
	{ SIGQUIT, 3 },
	{ SIGUSR1, 10 },
	{ SIGUSR2, 12 },
	{ SIGTERM, 15 },
};

const int call_caught[] = { SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGHUP,
	SIGWINCH, SIGTSTP, SIGCONT, 0 };

int
call_lost(struct call *c, const char *why)
{
	c->result->lost = true;
	c->result->status = 125;
	buf_adds(&c->result->why, why);
	return -1;
}

void
call_signal(struct call *c, uint32_t number)
{
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };

	if (!c->requested || c->exited)
		return;
	wire_pack_u32(&k, number);
	agent_frame(c->a, WIRE_SIGNAL, c->stream, k.p, k.len);
}

void
call_end(struct call *c)
{
	if (c->ending)
		return;
	c->ending = clock_ms();
	agent_frame(c->a, WIRE_CLOSE, c->stream, "", 0);
}

static void
size(struct call *c)
{
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };
	uint16_t rows, cols;

	if (!c->io->tty || !c->requested)
		return;
	tty_size(c->io->tty, &rows, &cols);
	wire_winch_pack(&k, rows, cols);
	agent_frame(c->a, WIRE_WINCH, c->stream, k.p, k.len);
}

bool
call_in_background(const struct call *c)
{
	return c->io->tty && c->io->tty->fd >= 0 && !c->io->tty->raw;
}

void
call_terminal(struct call *c)
{
	struct tty *t = c->io->tty;

	if (!t || t->fd < 0)
		return;
	/* Moved there by the shell, which has its own idea of the modes. */
	if (t->raw && !tty_foreground(t))
		t->raw = false;
	if (!t->raw) {
		tty_raw(t);
		if (t->raw && c->requested)
			size(c);
	}
	/* Only then does somebody take the answers away. */
	c->filter[0].answers = t->raw;
}

void
call_begin(struct call *c)
{
	for (int i = 0; i < 2; i++) {
		termfilter_init(&c->filter[i], false);
		sink_init(
		    &c->out[i], i ? c->io->err : c->io->out, &c->filter[i]);
	}
	call_terminal(c);
}

/* Answers, or what a mouse has done, that the host's shell must not read. */
static void
settle(struct call *c)
{
	struct tty *t = c->io->tty;
	bool owed = termfilter_asked(&c->filter[0]) ||
		    termfilter_reports(&c->filter[0]);

	if (!t->raw)
		return;
	tty_reset(t, &c->filter[0]);
	if (owed)
		tty_settle(t, &c->result->typed);
}

void
call_finish(struct call *c)
{
	char reset[TERMFILTER_RESET_MAX];

	c->result->line_start = termfilter_line_start(&c->filter[0]);
	if (c->io->tty) {
		settle(c);
		tty_restore(c->io->tty);
	}
	for (int i = 0; i < 2; i++) {
		size_t n = termfilter_reset(&c->filter[i], reset);

		/* A terminal that takes nothing is not waited for. */
		if (n && c->out[i].filter && !sink_waits(&c->out[i]))
			(void)!write(c->out[i].fd, reset, n);
		sink_release(&c->out[i]);
	}
	wire_pack_release(&c->request);
}

/* What must reach the guest before we are stopped. */
static void
flush(struct call *c)
{
	int64_t end = clock_ms() + STOP_FLUSH_MS;

	while (
	    agent_flush(c->a) == 0 && agent_queued(c->a) && clock_left(end)) {
		struct pollfd p = { .fd = c->a->fd, .events = POLLOUT };

		(void)poll(&p, 1, clock_left(end));
	}
}

/* Everybody sleeps: the guest's command does already, or is told to. */
static void
sleep_with_it(struct call *c, bool job)
{
	if (c->io->tty) {
		tty_reset(c->io->tty, &c->filter[0]);
		tty_restore(c->io->tty);
	}
	flush(c);
	wake_stop(SIGTSTP, job);
	c->a->heard = clock_ms();
	c->pinged = 0;
	call_terminal(c);
	size(c);
	call_signal(c, LINUX_SIGCONT);
}

int
call_stopped(struct call *c)
{
	sleep_with_it(c, true);
	return 0;
}

/* A guest that does not answer must not hold its user. */
static bool
insists(struct call *c)
{
	int64_t now = clock_ms();
	int64_t *when = c->interrupts;
	bool third;

	when[c->ninterrupts++ % 3] = now;
	third = c->ninterrupts >= 3 &&
		now - when[c->ninterrupts % 3] < LEAVE_MS;
	if (third && c->pinged && c->a->heard <= c->pinged &&
	    now - c->pinged >= UNANSWERED_MS)
		return true;
	if (!c->pinged) {
		agent_frame(c->a, WIRE_PING, 0, "", 0);
		c->pinged = now;
	}
	return false;
}

/* The command has ended; we only wait for somebody to read the rest. */
static int
caught_late(struct call *c, int signal)
{
	if (signal != SIGINT && signal != SIGQUIT && signal != SIGTERM &&
	    signal != SIGHUP)
		return 0;
	c->result->status = 128 + signal;
	return -1;
}

static int
caught(struct call *c, int signal)
{
	if (c->exited)
		return caught_late(c, signal);
	if (signal == SIGWINCH)
		size(c);
	else if (signal == SIGCONT)
		call_terminal(c);
	else if (signal == SIGHUP)
		call_end(c);
	else if (signal == SIGTSTP && c->io->tty)
		call_signal(c, LINUX_SIGTSTP);
	else if (signal == SIGTSTP) {
		/* The kernel ignores SIGTSTP where no shell could wake it. */
		call_signal(c, LINUX_SIGSTOP);
		sleep_with_it(c, false);
	}
	if (signal == SIGTERM && c->signalled == SIGTERM)
		call_end(c);
	if (signal == SIGHUP || signal == SIGTERM)
		c->signalled = signal;
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		if (forwarded[i].ours == signal)
			call_signal(c, forwarded[i].linux);
	if (signal == SIGINT && insists(c))
		return call_lost(c, "it does not answer");
	return 0;
}

int
call_signals(struct call *c)
{
	for (int signal; (signal = wake_next());)
		if (caught(c, signal))
			return -1;
	return 0;
}

bool
call_wants_input(const struct call *c)
{
	if (c->io->in < 0 || c->in_done || !c->requested || c->exited ||
	    !c->in_credit)
		return false;
	if (c->io->leave_ms && clock_ms() - c->began < c->io->leave_ms)
		return false;
	if (c->io->tty && c->io->tty->fd == c->io->in)
		return c->io->tty->raw;
	/* A terminal that is read like a file: only where we may. */
	return !isatty(c->io->in) || tcgetpgrp(c->io->in) == getpgrp();
}

static void
input_ended(struct call *c)
{
	struct tty *t = c->io->tty;

	c->in_done = true;
	if (!t)
		agent_frame(c->a, WIRE_EOF, c->stream, "", 0);
	else if (t->fd == c->io->in)
		call_end(c); /* the terminal has gone */
	else
		agent_frame(c->a, WIRE_STDIN, c->stream, "\004", 1);
}

int
call_input(struct call *c)
{
	unsigned char *room = agent_room(c->a, WIRE_FRAME);
	char *data = (char *)room + WIRE_HEAD;
	size_t most = c->in_credit < WIRE_PAYLOAD ? c->in_credit : WIRE_PAYLOAD;
	ssize_t n = read(c->io->in, data, most);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		input_ended(c);
		return 0;
	}
	agent_queue(c->a, wire_seal(room, c->a->session, WIRE_STDIN, c->stream,
			      0, (size_t)n));
	c->in_credit -= (uint32_t)n;
	for (ssize_t i = 0; i < n && c->io->tty; i++) {
		c->recent[(c->in_sent + (uint32_t)i) % CALL_RECENT] = data[i];
		if (data[i] == CONTROL_C && insists(c))
			return call_lost(c, "it does not answer");
	}
	c->in_sent += (uint32_t)n;
	termfilter_answered(&c->filter[0]);
	return 0;
}

void
call_unread(struct call *c, uint32_t taken)
{
	uint32_t n = c->in_sent - taken;

	if (c->type != WIRE_LINE || !c->io->tty || n > CALL_RECENT ||
	    n > c->in_sent)
		return;
	for (uint32_t i = c->in_sent - n; i != c->in_sent; i++)
		buf_add(&c->result->typed, &c->recent[i % CALL_RECENT], 1);
}

/* The rest of what agent_exec() and agent_line() have in common. */
static int
call(struct agent_conn *a, enum wire_type type, struct wire_pack *request,
    const struct agent_io *io, struct agent_result *r, struct err *e)
{
	struct call c = { .a = a,
		.io = io,
		.result = r,
		.stream = ++a->stream ? a->stream : ++a->stream,
		.type = type,
		.request = *request,
		.in_credit = WIRE_WINDOW };
	int rc;

	*request = (struct wire_pack){ .p = NULL };
	if (c.request.len > WIRE_REQUEST_MAX) {
		rc = err_set(e, ERR_BACKEND,
		    "the command is too long: %zu KiB, at most %u KiB can be "
		    "sent to the VM; put it into a file",
		    c.request.len >> 10, WIRE_REQUEST_MAX >> 10);
		wire_pack_release(&c.request);
		return rc;
	}
	rc = call_run(&c, e);
	if (c.signalled && r->status == 0)
		r->status = 128 + c.signalled;
	return rc;
}

int
agent_exec(struct agent_conn *a, const struct wire_exec *x,
    const struct agent_io *io, struct agent_result *r, struct err *e)
{
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };
	struct wire_exec request = *x;

	if (io->tty) {
		request.flags |= WIRE_EXEC_PTY;
		tty_size(io->tty, &request.rows, &request.cols);
	} else if (io->in < 0) {
		request.flags |= WIRE_EXEC_NO_STDIN;
	}
	wire_exec_pack(&k, &request);
	return call(a, WIRE_EXEC, &k, io, r, e);
}

int
agent_line(struct agent_conn *a, const struct wire_line *x,
    const struct agent_io *io, struct agent_result *r, struct err *e)
{
	cleanup(wire_pack) struct wire_pack k = { .p = NULL };
	struct wire_line request = *x;

	if (io->tty)
		tty_size(io->tty, &request.rows, &request.cols);
	wire_line_pack(&k, &request);
	return call(a, WIRE_LINE, &k, io, r, e);
}

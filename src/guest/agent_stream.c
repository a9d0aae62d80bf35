#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

struct stream *
stream_new(struct conn *c, uint32_t id)
{
	struct stream *s = xcalloc(1, sizeof(*s)), **p = &c->streams;

	s->conn = c;
	s->id = id;
	s->in.window = WIRE_WINDOW; /* also of one that will be refused */
	s->keeper.fd = s->out[0].w.fd = s->out[1].w.fd = s->in.w.fd = -1;
	while (*p)
		p = &(*p)->next;
	*p = s;
	c->nstreams++;
	return s;
}

struct stream *
stream_find(const struct conn *c, uint32_t id)
{
	struct stream *s = c->streams;

	while (s && s->id != id)
		s = s->next;
	return s;
}

static void
unlink_stream(struct stream *s)
{
	struct stream **p = s->conn ? &s->conn->streams : &agent.orphans;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	s->next = NULL;
	if (s->conn)
		s->conn->nstreams--;
	s->conn = NULL;
}

static void
stream_free(struct stream *s)
{
	/* Several of those who look in one round may find that it is due. */
	if (s->freed)
		return;
	s->freed = true;
	unlink_stream(s);
	timer_clear(&s->timer);
	watch_close(&s->keeper);
	flow_close(&s->out[0]);
	flow_close(&s->out[1]);
	sink_close(&s->in);
	free(s->notice);
	free((char *)(uintptr_t)s->exit.text);
	free((char *)(uintptr_t)s->exit.cwd);
	agent_bury(s);
}

void
stream_refuse(struct stream *s, unsigned number, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free((char *)(uintptr_t)s->exit.text);
	s->exit = (struct wire_exit){
		.how = WIRE_NOT_RUN, .number = number, .text = xstrdup(text)
	};
	s->ended = s->lingered = true;
	sink_close(&s->in);
}

struct flow *
stream_output(struct stream *s)
{
	return s->session ? session_output(s->session) : &s->out[0];
}

struct sink *
stream_input(struct stream *s)
{
	return s->session ? session_input(s->session) : &s->in;
}

void
stream_resume(struct stream *s)
{
	flow_resume(stream_output(s));
	flow_resume(&s->out[1]);
}

static bool
open_output(const struct stream *s)
{
	return s->out[0].w.fd >= 0 || s->out[1].w.fd >= 0;
}

/* Is EXIT to be said: the end, and everything written before it. */
static bool
due(struct stream *s)
{
	if (!s->ended || stream_output(s)->must || s->out[1].must)
		return false;
	return s->lingered || !open_output(s);
}

/* --- the end ------------------------------------------------------------- */

/* With too many of them the oldest writer gets SIGPIPE after all. */
static void
limit_held(void)
{
	unsigned n = 0;
	struct stream *oldest = NULL;

	for (struct stream *s = agent.orphans; s; s = s->next) {
		if (!s->ended)
			continue;
		n++;
		if (!oldest)
			oldest = s;
	}
	if (n > HELD_MAX)
		stream_free(oldest);
}

/* The host has been told, or has gone. */
static void
let_go(struct stream *s)
{
	struct stream **p = &agent.orphans;

	unlink_stream(s);
	while (*p)
		p = &(*p)->next;
	*p = s;
	sink_close(&s->in);
	if (s->pty)
		flow_close(&s->out[0]); /* hangs up who stays behind */
	stream_resume(s); /* into nowhere */
	stream_look(s);
	limit_held();
}

void
stream_look(struct stream *s)
{
	if (!s->conn && s->ended && !open_output(s))
		stream_free(s);
}

void
hang_up(pid_t group)
{
	if (group <= 1)
		return;
	(void)kill(-group, SIGHUP);
	(void)kill(-group, SIGCONT);
}

static void
kill_hard(struct timer *t)
{
	struct stream *s = (struct stream *)((char *)t -
					     offsetof(struct stream, timer));

	if (s->group > 1)
		(void)kill(-s->group, SIGKILL);
}

void
stream_detach(struct stream *s)
{
	if (s->session) {
		session_detach(s);
		stream_free(s);
		return;
	}
	timer_clear(&s->timer);
	if (!s->ended) {
		pid_t front = 0;

		if (s->pty && ioctl(s->out[0].w.fd, TIOCGPGRP, &front) == 0 &&
		    front != s->group)
			hang_up(front);
		hang_up(s->group);
		timer_set(&s->timer, WIRE_HUP_MS, kill_hard);
	}
	let_go(s);
}

static void
linger_over(struct timer *t)
{
	struct stream *s = (struct stream *)((char *)t -
					     offsetof(struct stream, timer));

	s->lingered = true;
}

void
stream_ended(struct stream *s, int status)
{
	s->pid = s->group = 0;
	s->ended = true;
	timer_clear(&s->timer);
	if (WIFSIGNALED(status)) {
		s->exit.how = WIRE_SIGNALED;
		s->exit.number = (uint32_t)WTERMSIG(status);
		if (WCOREDUMP(status))
			s->exit.flags |= WIRE_EXIT_CORE;
	} else {
		s->exit.how = WIRE_EXITED;
		s->exit.number = (uint32_t)WEXITSTATUS(status);
	}
	if (!s->conn) {
		stream_look(s);
		return;
	}
	flow_settle(&s->out[0]);
	flow_settle(&s->out[1]);
	if (open_output(s))
		timer_set(&s->timer, WIRE_LINGER_MS, linger_over);
}

static bool
reaped_in(struct stream *list, pid_t pid, int status)
{
	for (struct stream *s = list; s; s = s->next) {
		if (s->pid != pid)
			continue;
		/* A keeper has reported the command's end before. */
		if (s->keeper.fd >= 0)
			keeper_ready(&s->keeper, 0);
		s->pid = 0;
		if (!s->ended)
			stream_ended(s, status);
		return true;
	}
	return false;
}

void
stream_reaped(pid_t pid, int status)
{
	if (reaped_in(agent.orphans, pid, status))
		return;
	for (struct conn *c = agent.conns; c; c = c->next)
		if (reaped_in(c->streams, pid, status))
			return;
}

/* --- what the host says -------------------------------------------------- */

static bool
on_credit(struct stream *s, const struct wire_frame *f)
{
	enum wire_type type;
	uint32_t n;
	struct flow *flow;

	if (wire_credit_read(&type, &n, f->data, f->len) || type == WIRE_STDIN)
		return false;
	flow = type == WIRE_STDERR ? &s->out[1] : stream_output(s);
	if (n > WIRE_WINDOW - flow->credit)
		return false;
	flow->credit += n;
	flow_resume(flow);
	return true;
}

static bool
on_signal(struct stream *s, const struct wire_frame *f)
{
	pid_t group = s->group;
	uint32_t sig;

	if (wire_u32_read(&sig, f->data, f->len) || sig < 1 || sig > 64)
		return false;
	if (s->pty)
		(void)ioctl(stream_output(s)->w.fd, TIOCGPGRP, &group);
	if (!s->ended && group > 1)
		(void)kill(-group, (int)sig);
	return true;
}

bool
stream_frame(struct stream *s, const struct wire_frame *f)
{
	switch ((unsigned)f->type) {
	case WIRE_CREDIT:
		return on_credit(s, f);
	case WIRE_SIGNAL:
		return on_signal(s, f);
	case WIRE_STDIN:
		return s->session ? session_stdin(s, f->data, f->len)
				  : sink_put(&s->in, f->data, f->len);
	case WIRE_WINCH:
		if (s->pty)
			stream_winch(stream_output(s)->w.fd, f->data, f->len);
		break;
	case WIRE_EOF:
		s->said_eof = true;
		s->in.end = true;
		if (!s->pty && !s->in.len)
			sink_close(&s->in);
		break;
	case WIRE_UNREAD:
		return stream_unread(s, f->data, f->len);
	case WIRE_CLOSE:
		s->closing = true;
		break;
	}
	return true;
}

/* --- what is said to the host -------------------------------------------- */

static bool
say(struct stream *s, enum wire_type type, struct wire_pack *k)
{
	unsigned char *at = conn_room(s->conn);

	if (at)
		conn_added(s->conn, wire_put(at, s->conn->in.session, type,
					s->id, k->p, k->len));
	k->len = 0;
	return at;
}

static bool
say_exit(struct stream *s, struct wire_pack *k)
{
	struct wire_exit x = s->exit;

	if (s->closing && !s->ended)
		x = (struct wire_exit){ .how = WIRE_CLOSED };
	else if (open_output(s))
		x.flags |= WIRE_EXIT_HELD;
	if (!s->session)
		x.taken = s->in.taken;
	wire_exit_pack(k, &x);
	if (!say(s, WIRE_EXIT, k))
		return false;
	if (s->session || s->closing)
		stream_detach(s);
	else
		let_go(s);
	return true;
}

bool
stream_say(struct stream *s)
{
	cleanup(wire_pack) struct wire_pack k = { 0 };
	struct sink *in = stream_input(s);
	uint32_t n;

	if (!conn_room(s->conn))
		return false;
	if (s->notice) {
		wire_pack_str(&k, s->notice);
		free(s->notice);
		s->notice = NULL;
		if (!say(s, WIRE_NOTICE, &k))
			return false;
	}
	if (s->closing || due(s))
		return say_exit(s, &k);
	if (s->stopped) {
		wire_pack_u32(&k, s->stopped);
		if (!say(s, WIRE_STOPPED, &k))
			return false;
		s->stopped = 0;
	}
	if (!s->ended && !s->session && !s->said_eof && in->w.fd < 0 &&
	    say(s, WIRE_EOF, &k))
		s->said_eof = true;
	n = conn_room(s->conn) ? sink_credit(in) : 0;
	if (n) {
		wire_credit_pack(&k, WIRE_STDIN, n);
		(void)say(s, WIRE_CREDIT, &k);
	}
	return true;
}

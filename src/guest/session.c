#include "guest/session.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

static struct session *
find(const char *name)
{
	struct session *ses = agent.sessions;

	while (ses && (ses->dead || ses->ending || strcmp(ses->name, name)))
		ses = ses->next;
	return ses;
}

void
session_free(struct session *ses)
{
	struct session **p = &agent.sessions;

	while (*p != ses)
		p = &(*p)->next;
	*p = ses->next;
	timer_clear(&ses->timer);
	flow_close(&ses->out);
	sink_close(&ses->in);
	watch_close(&ses->reports);
	watch_close(&ses->records);
	fd_close(steal_fd(&ses->slave));
	fd_close(steal_fd(&ses->acks));
	free(ses->record);
	free(ses->payload);
	free(ses->backlog);
	agent_bury(ses);
}

struct flow *
session_output(struct session *ses)
{
	return &ses->out;
}

struct sink *
session_input(struct session *ses)
{
	return &ses->in;
}

void
session_begin_waiting(struct session *ses)
{
	struct stream *s = ses->waiting;
	unsigned char *line = ses->payload;

	if (!s)
		return;
	ses->waiting = NULL;
	ses->payload = NULL;
	s->session = NULL;
	(void)session_line(s, line, ses->payload_len);
	free(line);
}

void
session_idle(struct session *ses)
{
	timer_clear(&ses->timer);
	ses->busy = false;
	ses->line = NULL;
	ses->out.stream = NULL;
	/* Now it may show its prompt. */
	if (ses->prompts)
		(void)!write(ses->acks, "go", 3);
	ses->last_used = agent_now();
	flow_resume(&ses->out);
	session_begin_waiting(ses);
}

/* The line has ended; EXIT follows when its output has been sent. */
void
session_line_ended(struct session *ses, struct wire_exit x)
{
	struct stream *s = ses->line;
	uint32_t unread = session_settle(ses);

	if (!ses->waiting) {
		free(ses->payload);
		ses->payload = NULL;
	}

	/* What the terminal did not even take was read by nobody either. */
	ses->in.len = ses->in.start = 0;
	if (!s) {
		session_idle(ses);
		return;
	}
	x.taken = ses->in.taken - unread;
	x.cwd = xstrdup(x.cwd ? x.cwd : "");
	s->exit = x;
	s->ended = true;
	if (!ses->prompts || ses->started)
		ses->out.stream = s;
	else if (x.number && !s->notice && !ses->dead)
		s->notice = xstrdup(
		    "the guest's shell does not accept the line");
	flow_settle(&ses->out);
}

/* --- lines --------------------------------------------------------------- */

/* Between lines: bash's notices are kept, prompts are thrown away. */
static void
between_lines(struct flow *f, const unsigned char *p, size_t n)
{
	struct session *ses = (struct session *)((char *)f -
						 offsetof(struct session, out));

	if (ses->prompts || ses->busy || ses->nbacklog + n > BACKLOG_MAX)
		return;
	ses->backlog = xreallocarray(ses->backlog, ses->nbacklog + n, 1);
	memcpy(ses->backlog + ses->nbacklog, p, n);
	ses->nbacklog += n;
}

static void
send_backlog(struct session *ses, struct stream *s)
{
	for (size_t at = 0; at < ses->nbacklog;) {
		unsigned char *p = conn_room(s->conn);
		size_t n = ses->nbacklog - at;

		if (!p)
			break; /* it was background noise */
		if (n > WIRE_PAYLOAD)
			n = WIRE_PAYLOAD;
		conn_added(
		    s->conn, wire_put(p, s->conn->in.session, WIRE_STDOUT,
				 s->id, ses->backlog + at, n));
		ses->out.credit -= (uint32_t)n;
		at += n;
	}
	free(ses->backlog);
	ses->backlog = NULL;
	ses->nbacklog = 0;
}

static void
begin(struct session *ses, struct stream *s, const struct wire_line *x)
{
	size_t size = strlen(x->cwd) + strlen(x->aliases) + strlen(x->text) +
		      24;
	struct winsize window = { .ws_row = x->rows, .ws_col = x->cols };
	char *record = xcalloc(size, 1), number[16] = "";

	s->session = ses;
	ses->line = s;
	ses->busy = true;
	ses->started = false;
	ses->out.credit = WIRE_WINDOW;
	ses->in.window = WIRE_WINDOW;
	ses->in.taken = ses->in.owed = 0;
	ses->wake = *ses->kind == 'f';
	(void)ioctl(ses->slave, TIOCSWINSZ, &window);
	if (!ses->prompts) {
		ses->out.stream = s;
		send_backlog(ses, s);
	}
	ses->number++;
	if (*ses->kind == 'b')
		(void)snprintf(number, sizeof(number), ":%u", ses->number);
	if (strcmp(ses->kind, "sh") == 0) /* the text is in a file */
		ses->record_len = (size_t)snprintf(
		    record, size, "%u %s\n", x->status, x->cwd);
	else
		ses->record_len = 1 + (size_t)snprintf(record, size,
					  "%u%s\x1f%s\x1f%s\x1f%s", x->status,
					  number, x->cwd, x->aliases, x->text);
	ses->record_at = 0;
	free(ses->record);
	ses->record = record;
	session_write_record(&ses->records, EPOLLOUT);
}

/* One more than the limit: the longest idle one ends. */
static void
make_room(void)
{
	struct session *oldest = NULL;
	unsigned n = 0;

	for (struct session *ses = agent.sessions; ses; ses = ses->next) {
		n++;
		if (!ses->busy && !ses->ending &&
		    (!oldest || ses->last_used < oldest->last_used))
			oldest = ses;
	}
	if (n >= SESSIONS_MAX && oldest)
		session_end(oldest->name);
}

static struct session *
session_new(struct stream *s, const struct wire_line *x)
{
	struct session *ses;

	make_room();
	ses = xcalloc(1, sizeof(*ses));
	(void)snprintf(ses->name, sizeof(ses->name), "%s", x->session);
	ses->acks = ses->slave = ses->out.w.fd = ses->in.w.fd = -1;
	ses->records = (struct watch){ .fd = -1,
		.ready = session_write_record };
	ses->reports = (struct watch){ .fd = -1, .ready = session_reports };
	ses->next = agent.sessions;
	agent.sessions = ses;
	if (session_open(ses, s, x)) {
		session_forget(ses);
		session_free(ses);
		return NULL;
	}
	ses->out.spill = between_lines;
	watch_set(&ses->reports, EPOLLIN);
	return ses;
}

static void
keep_payload(struct session *ses, const unsigned char *p, size_t n)
{
	unsigned char *copy = xreallocarray(NULL, n, 1);

	memcpy(copy, p, n);
	free(ses->payload);
	ses->payload = copy;
	ses->payload_len = n;
}

static void
run_line(struct stream *s, const struct wire_line *x, const unsigned char *p,
    size_t n)
{
	struct session *ses = find(x->session);

	if (strchr(x->cwd, '\x1f') || strchr(x->aliases, '\x1f')) {
		stream_refuse(
		    s, 125, "a directory or an alias has a control character");
		return;
	}
	if (!ses)
		ses = session_new(s, x);
	if (!ses)
		return;
	if (!ses->busy) {
		if (session_put_text(ses, x->text))
			stream_refuse(s, 125,
			    "the guest cannot keep the line: %s",
			    strerror(errno));
		else {
			keep_payload(ses, p, n);
			begin(ses, s, x);
		}
	} else if (ses->line || ses->waiting) {
		stream_refuse(s, 125, "the session is busy with another line");
	} else {
		s->session = ses;
		ses->waiting = s;
		keep_payload(ses, p, n);
	}
}

bool
session_line(struct stream *s, const unsigned char *p, size_t n)
{
	struct wire_line x;
	bool good = wire_line_read(&x, p, n) == 0;

	if (good) {
		agent.lines++;
		s->pty = true;
		run_line(s, &x, p, n);
	}
	wire_line_release(&x);
	return good;
}

bool
session_stdin(struct stream *s, const unsigned char *p, size_t n)
{
	struct session *ses = s->session;

	/* After the end, or before the beginning, nobody reads it. */
	if (s->ended || ses->line != s)
		return true;
	return sink_put(&ses->in, p, n);
}

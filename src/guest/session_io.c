#include "guest/session.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>

#define FISH_KEY "\x1d" /* ^]: bound by session.fish */

void
session_write_record(struct watch *w, uint32_t events)
{
	struct session *ses = (struct session *)((char *)w -
						 offsetof(
						     struct session, records));

	(void)events;
	while (ses->record_at < ses->record_len) {
		ssize_t n = write(w->fd, ses->record + ses->record_at,
		    ses->record_len - ses->record_at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			watch_set(w, EPOLLOUT);
			return;
		}
		ses->record_at += (size_t)n;
		if (ses->wake) /* fish reads the record when it is told to */
			(void)!write(ses->in.w.fd, FISH_KEY, 1);
		ses->wake = false;
	}
	free(ses->record);
	ses->record = NULL;
	watch_set(w, 0);
}

/* What nobody has read of the line's input; and the modes it left behind. */
uint32_t
session_settle(struct session *ses)
{
	struct termios t;
	int n = 0;

	/* fish sets its own modes and would wait for a newline. */
	if (*ses->kind == 'f') {
		(void)ioctl(ses->slave, FIONREAD, &n);
		(void)tcflush(ses->slave, TCIFLUSH);
		return n > 0 ? (uint32_t)n : 0;
	}
	if (tcgetattr(ses->slave, &t))
		return 0;
	t.c_lflag &= ~(tcflag_t)ICANON; /* else only whole lines count */
	(void)tcsetattr(ses->slave, TCSANOW, &t);
	(void)ioctl(ses->slave, FIONREAD, &n);
	(void)tcflush(ses->slave, TCIFLUSH);
	t.c_iflag |= ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN;
	(void)tcsetattr(ses->slave, TCSANOW, &t);
	return n > 0 ? (uint32_t)n : 0;
}

static void
on_started(struct session *ses)
{
	if (!ses->busy || ses->started)
		return;
	/* Up to here it was the prompt's noise. */
	ses->out.must = BACKLOG_MAX;
	while (ses->out.must && ses->out.w.fd >= 0)
		ses->out.w.ready(&ses->out.w, EPOLLIN);
	ses->started = true;
	ses->out.stream = ses->line;
	(void)!write(ses->acks, "go", 3);
}

static void
on_end(struct session *ses, const char *r)
{
	struct wire_exit x = { .how = WIRE_EXITED };
	unsigned long number = ses->number;
	char *end;

	x.number = strtoul(r, &end, 10) & 255;
	if (*end == ':')
		number = strtoul(end + 1, &end, 10);
	if (!ses->busy || (ses->line && ses->line->ended) ||
	    number != ses->number)
		return;
	x.cwd = *end == '\x1f' ? end + 1 : "";
	session_line_ended(ses, x);
}

static void
on_report(struct session *ses, const char *r)
{
	if (*r == 'S')
		on_started(ses);
	else if (*r == 'D')
		on_end(ses, r + 1);
}

void
session_reports(struct watch *w, uint32_t events)
{
	struct session *ses = (struct session *)((char *)w -
						 offsetof(
						     struct session, reports));
	char *nul;
	ssize_t n = read(w->fd, ses->report + ses->nreport,
	    sizeof(ses->report) - ses->nreport);

	(void)events;
	if (n <= 0)
		return;
	ses->nreport += (size_t)n;
	while ((nul = memchr(ses->report, 0, ses->nreport))) {
		char r[sizeof(ses->report)];
		size_t len = (size_t)(nul - ses->report) + 1;

		memcpy(r, ses->report, len);
		ses->nreport -= len;
		memmove(ses->report, nul + 1, ses->nreport);
		on_report(ses, r);
		if (w->fd < 0)
			return;
	}
	if (ses->nreport == sizeof(ses->report))
		ses->nreport = 0; /* no report is that long */
}

#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#define CREDIT_STEP (WIRE_WINDOW / 4)
#define MUST_TERMINAL (128u << 10) /* more than the kernel keeps */

/* --- from the command ---------------------------------------------------- */

void
flow_close(struct flow *f)
{
	watch_close(&f->w);
	f->must = 0;
}

/* Something was read, or there is nothing (any more). */
static void
took(struct flow *f, ssize_t n)
{
	if (n > 0)
		f->must -= (size_t)n < f->must ? (size_t)n : f->must;
	else if (n < 0 && errno == EAGAIN)
		f->must = 0;
	else if (n == 0 || errno != EINTR)
		flow_close(f); /* EIO: the last to hold the terminal has gone */
}

static void
spill(struct flow *f)
{
	unsigned char buf[16384];
	ssize_t n = read(f->w.fd, buf, sizeof(buf));

	if (n > 0 && f->spill)
		f->spill(f, buf, (size_t)n);
	took(f, n);
}

static void
pass_on(struct flow *f, struct conn *c)
{
	unsigned char *p = f->credit ? conn_room(c) : NULL;
	size_t n = f->credit < WIRE_PAYLOAD ? f->credit : WIRE_PAYLOAD;
	ssize_t r;

	if (!p) {
		c->starved = c->starved || f->credit;
		f->paused = true;
		watch_set(&f->w, 0);
		return;
	}
	r = read(f->w.fd, p + WIRE_HEAD, n);
	if (r > 0) {
		f->credit -= (uint32_t)r;
		agent.last_active = agent_now();
		conn_added(c, wire_seal(p, c->in.session, f->type,
				  f->stream->id, 0, (size_t)r));
	}
	took(f, r);
}

static void
flow_ready(struct watch *w, uint32_t events)
{
	struct flow *f = (struct flow *)w;
	struct stream *s = f->stream;

	(void)events;
	/* What must be read is read at once: when there is no more, no event
	 * comes to say so. */
	do {
		if (s && s->conn)
			pass_on(f, s->conn);
		else
			spill(f);
	} while (f->must && !f->paused && f->w.fd >= 0);
	if (s)
		stream_look(s);
}

void
flow_resume(struct flow *f)
{
	if (f->w.fd < 0 || !f->paused)
		return;
	f->paused = false;
	watch_set(&f->w, EPOLLIN);
	if (f->must)
		flow_ready(&f->w, EPOLLIN);
}

void
flow_open(struct flow *f, int fd, struct stream *s, enum wire_type type)
{
	*f = (struct flow){ .w = { .fd = fd, .ready = flow_ready },
		.stream = s,
		.type = type,
		.credit = WIRE_WINDOW };
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	watch_set(&f->w, EPOLLIN);
}

void
flow_settle(struct flow *f)
{
	int n = 0;

	if (f->w.fd < 0)
		return;
	/* What a terminal still has on its way is not counted by FIONREAD. */
	if (isatty(f->w.fd))
		f->must = MUST_TERMINAL;
	else if (ioctl(f->w.fd, FIONREAD, &n) == 0)
		f->must = (size_t)n;
	if (f->must && !f->paused)
		flow_ready(&f->w, EPOLLIN);
}

bool
stream_unread(struct stream *s, const unsigned char *p, size_t n)
{
	uint32_t type;

	if (wire_u32_read(&type, p, n) ||
	    (type != WIRE_STDOUT && type != WIRE_STDERR))
		return false;
	if (!s->pty)
		flow_close(&s->out[type == WIRE_STDERR]);
	return true;
}

/* --- to the command ------------------------------------------------------ */

static void
sink_write(struct sink *k)
{
	while (k->len && k->w.fd >= 0) {
		ssize_t n = write(k->w.fd, k->buf + k->start, k->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			sink_close(k);
			return;
		}
		k->start += (size_t)n;
		k->len -= (size_t)n;
		k->owed += (uint32_t)n;
		k->taken += (uint32_t)n;
	}
	if (!k->len && k->cap) {
		free(k->buf);
		k->buf = NULL;
		k->start = k->cap = 0;
	}
	if (!k->len && k->end)
		sink_close(k);
	/* EPOLLERR, when nobody can read any more, comes without asking. */
	watch_set(&k->w, k->len ? EPOLLOUT : EPOLLET);
}

void
sink_close(struct sink *k)
{
	watch_close(&k->w);
	free(k->buf);
	k->buf = NULL;
	k->start = k->len = k->cap = 0;
}

static void
sink_ready(struct watch *w, uint32_t events)
{
	struct sink *k = (struct sink *)w;

	if (events & EPOLLERR)
		sink_close(k);
	else if (events & EPOLLOUT)
		sink_write(k);
}

void
sink_open(struct sink *k, int fd)
{
	*k = (struct sink){ .w = { .fd = fd, .ready = sink_ready },
		.window = WIRE_WINDOW };
	if (fd < 0)
		return;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	watch_set(&k->w, EPOLLET);
}

bool
sink_put(struct sink *k, const unsigned char *p, size_t n)
{
	ssize_t now = 0;

	if (n > k->window)
		return false;
	k->window -= (uint32_t)n;
	if (k->w.fd < 0 || k->end)
		return true;
	if (!k->len) /* mostly it fits at once */
		now = write(k->w.fd, p, n);
	if (now < 0)
		now = 0; /* what is wrong shows again below */
	k->owed += (uint32_t)now;
	k->taken += (uint32_t)now;
	if ((size_t)now == n)
		return true;
	p += now;
	n -= (size_t)now;
	if (k->start + k->len + n > k->cap) {
		if (k->start)
			memmove(k->buf, k->buf + k->start, k->len);
		k->start = 0;
		k->cap = WIRE_WINDOW;
		k->buf = xreallocarray(k->buf, k->cap, 1);
	}
	memcpy(k->buf + k->start + k->len, p, n);
	k->len += n;
	sink_write(k);
	return true;
}

uint32_t
sink_credit(struct sink *k)
{
	uint32_t n = k->owed;

	if (n < CREDIT_STEP)
		return 0;
	k->owed = 0;
	k->window += n;
	return n;
}

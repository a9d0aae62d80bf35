#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#define OUT_CAP (4 * WIRE_FRAME)
#define READS 8 /* of one connection in one round */

/*
 * Edge triggered: a port without a host says EPOLLHUP for ever, and says that
 * its host has gone or come in no order with the data. So on a port only data
 * counts, and what was there is read until there is no more.
 */
static void
rewatch(struct conn *c)
{
	watch_set(&c->w, EPOLLIN | EPOLLET | (c->blocked ? EPOLLOUT : 0u));
}

unsigned char *
conn_room(struct conn *c)
{
	if (OUT_CAP - c->out_end < WIRE_FRAME && c->out_start) {
		memmove(
		    c->out, c->out + c->out_start, c->out_end - c->out_start);
		c->out_end -= c->out_start;
		c->out_start = 0;
	}
	return OUT_CAP - c->out_end < WIRE_FRAME ? NULL : c->out + c->out_end;
}

void
conn_added(struct conn *c, size_t n)
{
	c->out_end += n;
}

static void
detach_all(struct conn *c)
{
	while (c->streams)
		stream_detach(c->streams);
}

static void
conn_close(struct conn *c)
{
	struct conn **p = &agent.conns;

	detach_all(c);
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	watch_close(&c->w);
	wire_reader_release(&c->in);
	free(c->out);
	c->out = NULL;
	agent_bury(c);
}

/* A new client: what was going on is over, what was to be said is not. */
static void
start(struct conn *c)
{
	detach_all(c);
	c->out_start = c->out_end = 0;
	c->blocked = c->starved = c->stats = false;
	c->pong = -1;
	c->hello = true;
	wire_hello(c->out, c->in.nonce);
	c->out_end = WIRE_HELLO_SIZE;
}

/* What concerns the connection itself. */
static bool
own_frame(struct conn *c, const struct wire_frame *f)
{
	const char *name;

	if (f->type == WIRE_PING) {
		if (f->len > WIRE_PING_MAX)
			return false;
		memcpy(c->ping, f->data, f->len);
		c->pong = (int)f->len;
	} else if (f->type == WIRE_STATS) {
		c->stats = true;
	} else if (f->type == WIRE_ENDSES) {
		if (wire_str_read(&name, f->data, f->len))
			return false;
		session_end(name);
	}
	return true;
}

/* false: against the rules. */
static bool
handle(struct conn *c, const struct wire_frame *f)
{
	struct stream *s;

	if (!f->stream)
		return own_frame(c, f);
	agent.last_active = agent_now();
	s = stream_find(c, f->stream);
	if (f->type != WIRE_EXEC && f->type != WIRE_LINE)
		return !s || stream_frame(s, f);
	if (s || c->nstreams == STREAMS_MAX)
		return false;
	s = stream_new(c, f->stream);
	return f->type == WIRE_EXEC ? stream_exec(s, f->data, f->len)
				    : session_line(s, f->data, f->len);
}

static void
read_frames(struct conn *c)
{
	struct wire_frame f;

	for (;;) {
		switch (wire_reader_next(&c->in, &f)) {
		case WIRE_NEED:
			return;
		case WIRE_STARTED:
			start(c);
			break;
		case WIRE_FRAME_IN:
			if (handle(c, &f))
				break;
			c->in.open = false;
			/* fall through */
		case WIRE_LOST:
			agent.lost++;
			detach_all(c);
			if (!c->port) {
				conn_close(c);
				return;
			}
		}
	}
}

static void
read_some(struct conn *c)
{
	c->again = true;
	for (int i = 0; i < READS && c->w.fd >= 0; i++) {
		size_t n;
		unsigned char *p = wire_reader_space(&c->in, &n);
		ssize_t r = read(c->w.fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			c->again = false;
			if (!c->port && (r == 0 || errno != EAGAIN))
				conn_close(c);
			return;
		}
		wire_reader_added(&c->in, (size_t)r);
		read_frames(c);
	}
}

static void
on_ready(struct watch *w, uint32_t events)
{
	struct conn *c = (struct conn *)w;

	if (events & EPOLLOUT)
		c->blocked = false;
	if (events & ~(uint32_t)EPOLLOUT)
		read_some(c);
}

void
conn_new(int fd, bool port)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	unsigned char greeting[WIRE_HELLO_SIZE], nonce[WIRE_NONCE_SIZE];
	uint32_t pid = (uint32_t)getpid();

	c->w = (struct watch){ .fd = fd, .ready = on_ready };
	c->port = port;
	c->pong = -1;
	c->again = true; /* a host may have written before we came */
	c->out = xreallocarray(NULL, OUT_CAP, 1);
	wire_reader_init(&c->in, WIRE_GUEST, NULL);
	c->next = agent.conns;
	agent.conns = c;
	rewatch(c);
	if (!port)
		return;
	/* Lost if nobody listens: then there is nobody to be told. */
	memset(nonce, 0xff, sizeof(nonce));
	for (int i = 0; i < 4; i++)
		nonce[12 + i] = (unsigned char)(pid >> 8 * i);
	wire_hello(greeting, nonce);
	(void)!write(fd, greeting, sizeof(greeting));
}

/* Write what there is; true if everything went. */
static bool
flush(struct conn *c)
{
	while (c->out_start < c->out_end && !c->blocked) {
		size_t n = c->out_end - c->out_start;
		ssize_t r = write(c->w.fd, c->out + c->out_start, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r >= 0) {
			c->out_start += (size_t)r;
		} else if (errno == EAGAIN || c->port) {
			c->blocked = true;
			rewatch(c);
		} else {
			conn_close(c);
			return false;
		}
	}
	if (c->out_start < c->out_end)
		return false;
	c->out_start = c->out_end = 0;
	return true;
}

static bool
say(struct conn *c, enum wire_type type, const void *p, size_t n)
{
	unsigned char *at = conn_room(c);

	if (at)
		conn_added(c, wire_put(at, c->in.session, type, 0, p, n));
	return at;
}

/* false: no room for everything. */
static bool
say_all(struct conn *c)
{
	cleanup(wire_pack) struct wire_pack hello = { 0 }, stats = { 0 };

	if (c->hello) {
		agent_pack_hello(&hello);
		c->hello = !say(c, WIRE_HELLO, hello.p, hello.len);
	}
	if (c->pong >= 0 && say(c, WIRE_PONG, c->ping, (size_t)c->pong))
		c->pong = -1;
	if (c->stats) {
		agent_pack_stats(&stats);
		c->stats = !say(c, WIRE_STATED, stats.p, stats.len);
	}
	for (struct stream *s = c->streams, *next; s; s = next) {
		next = s->next;
		if (!stream_say(s))
			return false;
	}
	return true;
}

bool
conn_pump(struct conn *c)
{
	bool all;

	if (c->again)
		read_some(c);
	if (c->w.fd < 0)
		return false;
	do {
		all = c->in.open ? say_all(c) : true;
	} while (flush(c) && !all);
	if (c->w.fd < 0)
		return false;
	if (c->starved && conn_room(c)) {
		c->starved = false;
		for (struct stream *s = c->streams; s; s = s->next)
			stream_resume(s);
	}
	return c->again;
}

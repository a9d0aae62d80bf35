#include "wire/wire.h"

static uint16_t
get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t
get64(const unsigned char *p)
{
	return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void
put16(unsigned char *p, unsigned v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
}

static void
put32(unsigned char *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

/* No byte of it is zero: see FRAME in wire.h. */
static uint32_t
trailer(uint64_t session, size_t n)
{
	return ((uint32_t)session ^ (uint32_t)(session >> 32) ^ (uint32_t)n) |
	       0x01010101u;
}

/* --- writing ------------------------------------------------------------- */

uint64_t
wire_session(const unsigned char nonce[WIRE_NONCE_SIZE])
{
	return get64(nonce);
}

void
wire_hello(unsigned char out[WIRE_HELLO_SIZE],
    const unsigned char nonce[WIRE_NONCE_SIZE])
{
	memcpy(out, WIRE_MAGIC, WIRE_MAGIC_SIZE);
	memcpy(out + WIRE_MAGIC_SIZE, nonce, WIRE_NONCE_SIZE);
}

size_t
wire_seal(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, unsigned flags, size_t len)
{
	if (len > WIRE_PAYLOAD)
		abort();
	put32(out, WIRE_MARK);
	put32(out + 4, (uint32_t)len);
	put32(out + 8, (uint32_t)session);
	put32(out + 12, (uint32_t)(session >> 32));
	put32(out + 16, stream);
	put16(out + 20, type);
	put16(out + 22, flags);
	put32(out + WIRE_HEAD + len, trailer(session, len));
	return WIRE_HEAD + len + 4;
}

size_t
wire_put(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, const void *data, size_t len)
{
	if (len > WIRE_PAYLOAD)
		abort();
	if (len)
		memcpy(out + WIRE_HEAD, data, len);
	return wire_seal(out, session, type, stream, 0, len);
}

size_t
wire_put_part(unsigned char *out, uint64_t session, enum wire_type type,
    uint32_t stream, const void *data, size_t len, size_t *off)
{
	size_t n = len - *off;

	/* The one frame of an empty message leaves it at 1. */
	if (*off && *off >= len)
		return 0;
	if (n > WIRE_PAYLOAD)
		n = WIRE_PAYLOAD;
	if (n)
		memcpy(out + WIRE_HEAD, (const char *)data + *off, n);
	*off += len ? n : 1;
	return wire_seal(
	    out, session, type, stream, *off < len ? WIRE_MORE : 0, n);
}

/* --- reading ------------------------------------------------------------- */

void
wire_reader_init(
    struct wire_reader *r, enum wire_role role, const unsigned char *nonce)
{
	*r = (struct wire_reader){ .role = role };
	r->buf = xreallocarray(NULL, 2, WIRE_FRAME);
	if (nonce)
		memcpy(r->nonce, nonce, WIRE_NONCE_SIZE);
}

static void
drop_request(struct wire_reader *r)
{
	free(r->request);
	r->request = NULL;
	r->request_len = r->request_cap = 0;
	r->request_done = false;
}

void
wire_reader_release(struct wire_reader *r)
{
	drop_request(r);
	free(r->buf);
	r->buf = NULL;
}

unsigned char *
wire_reader_space(struct wire_reader *r, size_t *n)
{
	if (r->start) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	*n = 2 * WIRE_FRAME - r->end;
	return r->buf + r->end;
}

void
wire_reader_added(struct wire_reader *r, size_t n)
{
	if (n > 2 * WIRE_FRAME - r->end)
		abort();
	r->end += n;
}

/* Discard up to the handshake. */
static enum wire_event
seek(struct wire_reader *r)
{
	unsigned char want[WIRE_HELLO_SIZE];
	size_t have = r->end - r->start;
	size_t size = r->role == WIRE_HOST ? WIRE_HELLO_SIZE : WIRE_MAGIC_SIZE;
	unsigned char *at;

	wire_hello(want, r->nonce);
	at = have < size ? NULL : memmem(r->buf + r->start, have, want, size);
	if (!at) {
		if (have >= size)
			r->start = r->end - (size - 1);
		return WIRE_NEED;
	}
	r->start = (size_t)(at - r->buf);
	if (r->end - r->start < WIRE_HELLO_SIZE)
		return WIRE_NEED;
	memcpy(r->nonce, at + WIRE_MAGIC_SIZE, WIRE_NONCE_SIZE);
	r->session = get64(r->nonce);
	r->start += WIRE_HELLO_SIZE;
	r->open = true;
	return WIRE_STARTED;
}

static bool
is_request(enum wire_type type)
{
	return type == WIRE_EXEC || type == WIRE_LINE;
}

/* Who may send it, and on which streams. */
static bool
allowed(const struct wire_reader *r, uint32_t type, uint32_t stream)
{
	bool guest = r->role == WIRE_GUEST;

	switch (type) {
	case WIRE_EXEC:
	case WIRE_LINE:
	case WIRE_STDIN:
	case WIRE_SIGNAL:
	case WIRE_WINCH:
	case WIRE_CLOSE:
	case WIRE_UNREAD:
		return guest && stream;
	case WIRE_ENDSES:
	case WIRE_PING:
	case WIRE_STATS:
		return guest && !stream;
	case WIRE_CREDIT:
	case WIRE_EOF:
		return stream;
	case WIRE_STDOUT:
	case WIRE_STDERR:
	case WIRE_NOTICE:
	case WIRE_STOPPED:
	case WIRE_EXIT:
		return !guest && stream;
	case WIRE_HELLO:
	case WIRE_PONG:
	case WIRE_STATED:
		return !guest && !stream;
	}
	return false;
}

/* Add a piece of a request. 1: whole, 0: not yet, -1: against the rules. */
static int
gather(struct wire_reader *r, struct wire_frame *f, bool more)
{
	if (!is_request(f->type))
		return more ? -1 : 1;
	if (!r->request_cap && !more)
		return 1;
	if (r->request_cap &&
	    (r->request_stream != f->stream || r->request_type != f->type))
		return -1;
	if ((more && !f->len) || r->request_len + f->len > WIRE_REQUEST_MAX)
		return -1;
	while (r->request_cap < r->request_len + f->len) {
		r->request_cap = r->request_cap ? 2 * r->request_cap
						: 2 * WIRE_FRAME;
		r->request = xreallocarray(r->request, r->request_cap, 1);
	}
	memcpy(r->request + r->request_len, f->data, f->len);
	r->request_len += f->len;
	r->request_stream = f->stream;
	r->request_type = f->type;
	if (more)
		return 0;
	f->data = r->request;
	f->len = r->request_len;
	r->request_done = true;
	return 1;
}

static enum wire_event
lose(struct wire_reader *r)
{
	r->open = false;
	drop_request(r);
	return WIRE_LOST;
}

/* What is at the start: no frame (-1), part of one (0), one of *n bytes. */
static int
measure(const struct wire_reader *r, size_t *n)
{
	const unsigned char *p = r->buf + r->start;
	size_t have = r->end - r->start;

	if (have >= 4 && get32(p) != WIRE_MARK)
		return -1;
	if (have < WIRE_HEAD)
		return 0;
	*n = get32(p + 4);
	if (*n > WIRE_PAYLOAD || get64(p + 8) != r->session ||
	    get16(p + 22) > WIRE_MORE ||
	    !allowed(r, get16(p + 20), get32(p + 16)))
		return -1;
	return have >= WIRE_HEAD + *n + 4;
}

enum wire_event
wire_reader_next(struct wire_reader *r, struct wire_frame *f)
{
	if (r->request_done)
		drop_request(r);
	while (r->open) {
		unsigned char *p = r->buf + r->start;
		size_t n = 0;
		int whole = measure(r, &n);

		if (whole < 0)
			return lose(r);
		if (!whole)
			return WIRE_NEED;
		/* A frame that was cut off is skipped whole: what looks like
		 * a handshake in its payload is none. */
		r->start += WIRE_HEAD + n + 4;
		if (get32(p + WIRE_HEAD + n) != trailer(r->session, n))
			return lose(r);
		*f = (struct wire_frame){ .type = get16(p + 20),
			.stream = get32(p + 16),
			.data = p + WIRE_HEAD,
			.len = n };
		whole = gather(r, f, get16(p + 22) & WIRE_MORE);
		if (whole < 0)
			return lose(r);
		if (whole)
			return WIRE_FRAME_IN;
	}
	/* To the host nothing comes after LOST: it closes. */
	if (r->role == WIRE_HOST && r->session)
		return WIRE_LOST;
	return seek(r);
}

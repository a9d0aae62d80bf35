#include "base/buf.h"

#include "tests/tap.h"
#include "wire/wire.h"

/* What was written is read, however it is cut, and nothing else is. */

#define SESSIONS 4
static const unsigned char nonces[SESSIONS][WIRE_NONCE_SIZE] = {
	"0123456789abcdef", { 1 }, /* its trailers would be mostly zeros */
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 9 },
	"MAG1\0\0\0\0MAG1", /* looks like a frame */
};
static const unsigned char zeros[WIRE_PADDING];

/* --- what a conversation was --------------------------------------------- */

static void
note(struct buf *log, const struct wire_frame *f)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < f->len; i++)
		sum = sum * 31 + f->data[i];
	buf_addf(log, "%d/%u:%zu:%x ", (int)f->type, f->stream, f->len, sum);
}

/* Feed it in pieces of at most `step`; what came of it is added to *log. */
static void
feed(struct wire_reader *r, const void *data, size_t size, size_t step,
    struct buf *log)
{
	const unsigned char *p = data;
	struct wire_frame f;
	enum wire_event event;

	while (size) {
		size_t n, k = step < size ? step : size;
		unsigned char *at = wire_reader_space(r, &n);

		if (k > n)
			k = n;
		memcpy(at, p, k);
		wire_reader_added(r, k);
		p += k;
		size -= k;
		while ((event = wire_reader_next(r, &f)) != WIRE_NEED) {
			if (event == WIRE_FRAME_IN)
				note(log, &f);
			else
				buf_adds(log,
				    event == WIRE_LOST ? "LOST " : "START ");
			if (event == WIRE_LOST && r->role == WIRE_HOST)
				return;
		}
	}
}

static void
add_hello(struct buf *b, int session)
{
	unsigned char hello[WIRE_HELLO_SIZE];

	wire_hello(hello, nonces[session]);
	buf_add(b, zeros, sizeof(zeros));
	buf_add(b, hello, sizeof(hello));
}

/* A message of `len` bytes, as many frames as it takes. */
static void
add(struct buf *b, int session, enum wire_type type, uint32_t stream,
    size_t len)
{
	static unsigned char frame[WIRE_FRAME];
	unsigned char *data = xcalloc(len + 1, 1);
	size_t off = 0, n;

	for (size_t i = 0; i < len; i++)
		data[i] = (unsigned char)(i * 7 + len);
	while ((n = wire_put_part(frame, wire_session(nonces[session]), type,
		    stream, data, len, &off)))
		buf_add(b, frame, n);
	free(data);
}

/* One frame with its flags. */
static void
add_flagged(struct buf *b, enum wire_type type, uint32_t stream, unsigned more,
    size_t n)
{
	static unsigned char frame[WIRE_FRAME];

	memset(frame + WIRE_HEAD, 'x', n);
	buf_add(b, frame,
	    wire_seal(frame, wire_session(nonces[0]), type, stream, more, n));
}

/* What a guest reads after a handshake. */
static void
guest_reads(const struct buf *b, size_t step, struct buf *log)
{
	cleanup(buf) struct buf all = BUF_INIT;
	struct wire_reader r;

	add_hello(&all, 0);
	buf_add(&all, b->s, b->len);
	wire_reader_init(&r, WIRE_GUEST, NULL);
	feed(&r, all.s, all.len, step, log);
	wire_reader_release(&r);
}

static bool
reads(const struct buf *b, const char *want)
{
	cleanup(buf) struct buf log = BUF_INIT;
	bool same;

	guest_reads(b, SIZE_MAX, &log);
	same = strcmp(log.s, want) == 0;
	if (!same)
		printf("#  got: %s\n# want: %s\n", log.s, want);
	return same;
}

/* --- cuts ---------------------------------------------------------------- */

static void
test_pieces(void)
{
	cleanup(buf) struct buf b = BUF_INIT, whole = BUF_INIT;
	bool same = true;

	add(&b, 0, WIRE_PING, 0, 3);
	add(&b, 0, WIRE_EXEC, 1, 100);
	add(&b, 0, WIRE_STDIN, 1, 0);
	add(&b, 0, WIRE_LINE, 2, 2 * WIRE_PAYLOAD + 5);
	add(&b, 0, WIRE_STDIN, 1, WIRE_PAYLOAD);
	add(&b, 0, WIRE_CLOSE, 1, 0);
	guest_reads(&b, SIZE_MAX, &whole);
	CHECK(strncmp(whole.s, "START 8/0:3:", 12) == 0 &&
	      strstr(whole.s, " 2/2:65485:") && strstr(whole.s, " 6/1:0:1 ") &&
	      !strstr(whole.s, "LOST"));
	for (size_t step = 1; step < 40000; step = step * 5 / 4 + 1) {
		cleanup(buf) struct buf log = BUF_INIT;

		guest_reads(&b, step, &log);
		same = same && strcmp(log.s, whole.s) == 0;
	}
	CHECK(same);
}

/* Is what is read of a conversation that is cut, and of the next one, right? */
static bool
cut_right(const struct buf *first, size_t cut, const size_t *ends, int session)
{
	cleanup(buf) struct buf all = BUF_INIT, log = BUF_INIT;
	struct wire_reader r;
	size_t starts = 0, frames = 0, whole_frames = 0;

	add_hello(&all, session);
	buf_add(&all, first->s, cut);
	/* Another session, as two clients have. */
	add_hello(&all, (session + 1) % SESSIONS);
	add(&all, (session + 1) % SESSIONS, WIRE_STDIN, 77, 1);
	wire_reader_init(&r, WIRE_GUEST, NULL);
	feed(&r, all.s, all.len, SIZE_MAX, &log);
	wire_reader_release(&r);
	for (const char *p = log.s; (p = strstr(p, "START")); p++)
		starts++;
	for (const char *p = log.s; (p = strchr(p, '/')); p++)
		frames++;
	while (ends[whole_frames] && ends[whole_frames] <= cut)
		whole_frames++;
	/* The new client's frame is the last, and follows its START. */
	if (starts == 2 && frames == whole_frames + 1 &&
	    strstr(log.s, "LOST START 3/77:1:20 "))
		return true;
	printf("# cut %zu of session %d: %s\n", cut, session, log.s);
	return false;
}

static void
test_cut_off(void)
{
	static const size_t sizes[] = { 0, 1, 255, 256, 4000 };

	for (int session = 0; session < SESSIONS; session++) {
		cleanup(buf) struct buf b = BUF_INIT;
		size_t ends[ARRAY_LEN(sizes) + 1] = { 0 };
		bool right = true;

		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			add(&b, session, WIRE_EXEC, (uint32_t)i + 1, sizes[i]);
			ends[i] = b.len;
		}
		for (size_t cut = 0; cut <= b.len; cut++)
			right = cut_right(&b, cut, ends, session) && right;
		CHECK(right);
	}
}

/* The padding ends the longest frame that there is, wherever it was cut. */
static void
test_longest(void)
{
	cleanup(buf) struct buf b = BUF_INIT;
	size_t ends[2] = { 0 };
	bool right = true;

	add(&b, 1, WIRE_STDIN, 1, WIRE_PAYLOAD);
	ends[0] = b.len;
	for (size_t cut = 1; cut <= b.len; cut += cut < b.len - 40 ? 997 : 1)
		right = cut_right(&b, cut, ends, 1) && right;
	CHECK(right);
}

/* --- what is no frame ---------------------------------------------------- */

/* Does the head with this bit turned say something else which is also right:
 * another stream; WINCH, CLOSE or nothing instead of SIGNAL? */
static bool
means_something(size_t byte, unsigned bit)
{
	return (byte >= 16 && byte < 20) || (byte == 20 && bit < 3);
}

static void
test_every_bit(void)
{
	cleanup(buf) struct buf b = BUF_INIT;
	unsigned wrong = 0, other = 0;

	add(&b, 0, WIRE_SIGNAL, 5, 4);
	CHECK(reads(&b, "START 4/5:4:10148f "));
	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			cleanup(buf) struct buf log = BUF_INIT;

			if (i >= WIRE_HEAD && i < b.len - 4)
				continue; /* the payload is the reader's */
			b.s[i] = (char)(b.s[i] ^ 1 << bit);
			/* Whatever length it claims, that much comes. */
			buf_add(&b, zeros, sizeof(zeros));
			guest_reads(&b, SIZE_MAX, &log);
			b.len -= sizeof(zeros);
			b.s[i] = (char)(b.s[i] ^ 1 << bit);
			if (means_something(i, bit))
				other++;
			else if (strcmp(log.s, "START LOST ") != 0 && ++wrong)
				printf(
				    "# byte %zu bit %u: %s\n", i, bit, log.s);
		}
	CHECK(wrong == 0);
	CHECK(other == 35);
}

static void
test_sizes(void)
{
	cleanup(buf) struct buf over = BUF_INIT, request = BUF_INIT,
				most = BUF_INIT, too_much = BUF_INIT,
				log = BUF_INIT;

	add(&over, 0, WIRE_STDIN, 1, WIRE_PAYLOAD);
	CHECK(reads(&over, "START 3/1:32740:4d4681f "));
	/* One more than the longest is refused by its head alone. */
	over.s[4] = (char)((WIRE_PAYLOAD + 1) & 255);
	over.len = WIRE_HEAD;
	CHECK(reads(&over, "START LOST "));
	for (size_t n = WIRE_REQUEST_MAX; n;) {
		size_t k = n < WIRE_PAYLOAD ? n : WIRE_PAYLOAD;

		n -= k;
		add_flagged(&most, WIRE_EXEC, 1, n ? WIRE_MORE : 0, k);
		add_flagged(&too_much, WIRE_EXEC, 1, WIRE_MORE, k);
	}
	guest_reads(&most, SIZE_MAX, &log);
	CHECK(strncmp(log.s, "START 1/1:4194304:", 18) == 0);
	CHECK(reads(&too_much, "START "));
	add_flagged(&too_much, WIRE_EXEC, 1, 0, 1);
	CHECK(reads(&too_much, "START LOST "));
}

static void
test_interleaved(void)
{
	cleanup(buf) struct buf b = BUF_INIT, two = BUF_INIT, plain = BUF_INIT,
				empty = BUF_INIT, again = BUF_INIT,
				half = BUF_INIT;

	/* Other streams go on while a request comes. */
	add_flagged(&b, WIRE_EXEC, 1, WIRE_MORE, 1);
	add_flagged(&b, WIRE_STDIN, 2, 0, 1);
	add_flagged(&b, WIRE_CLOSE, 1, 0, 0);
	add_flagged(&b, WIRE_PING, 0, 0, 0);
	add_flagged(&b, WIRE_EXEC, 1, WIRE_MORE, 1);
	add_flagged(&b, WIRE_STDIN, 3, 0, 1);
	add_flagged(&b, WIRE_EXEC, 1, 0, 0);
	add_flagged(&b, WIRE_LINE, 4, 0, 1);
	CHECK(reads(&b,
	    "START 3/2:1:97 6/1:0:1 8/0:0:1 3/3:1:97 1/1:2:12c1 2/4:1:97 "));
	/* But not other requests. */
	add_flagged(&two, WIRE_EXEC, 1, WIRE_MORE, 1);
	add_flagged(&two, WIRE_EXEC, 2, 0, 1);
	CHECK(reads(&two, "START LOST "));
	add_flagged(&again, WIRE_EXEC, 1, WIRE_MORE, 1);
	add_flagged(&again, WIRE_LINE, 1, 0, 1);
	CHECK(reads(&again, "START LOST "));
	add_flagged(&plain, WIRE_STDIN, 1, WIRE_MORE, 1);
	CHECK(reads(&plain, "START LOST "));
	add_flagged(&empty, WIRE_EXEC, 1, WIRE_MORE, 0);
	CHECK(reads(&empty, "START LOST "));
	add_flagged(&half, WIRE_EXEC, 1, WIRE_MORE, 1);
	/* What was half said is forgotten with its client. */
	add_hello(&half, 0);
	add_flagged(&half, WIRE_EXEC, 1, 0, 2);
	CHECK(reads(&half, "START LOST START 1/1:2:12c1 "));
}

/* --- who may say what ---------------------------------------------------- */

static void
test_roles(void)
{
	/* On streams, on the connection: g to the guest, h to the host. */
	static const struct {
		enum wire_type type;
		const char *stream, *connection;
	} rows[] = { { WIRE_EXEC, "g", "" }, { WIRE_LINE, "g", "" },
		{ WIRE_STDIN, "g", "" }, { WIRE_SIGNAL, "g", "" },
		{ WIRE_UNREAD, "g", "" }, { WIRE_WINCH, "g", "" },
		{ WIRE_CLOSE, "g", "" }, { WIRE_ENDSES, "", "g" },
		{ WIRE_PING, "", "g" }, { WIRE_STATS, "", "g" },
		{ WIRE_CREDIT, "gh", "" }, { WIRE_EOF, "gh", "" },
		{ WIRE_HELLO, "", "h" }, { WIRE_STDOUT, "h", "" },
		{ WIRE_STDERR, "h", "" }, { WIRE_NOTICE, "h", "" },
		{ WIRE_STOPPED, "h", "" }, { WIRE_EXIT, "h", "" },
		{ WIRE_PONG, "", "h" }, { WIRE_STATED, "", "h" } };
	unsigned wrong = 0;

	for (unsigned i = 0; i < 4 * 128; i++) {
		bool guest = i & 1, stream = i & 2, may = false, took;
		unsigned type = i >> 2;
		cleanup(buf) struct buf b = BUF_INIT, log = BUF_INIT;
		struct wire_reader r;

		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			if (rows[k].type == type)
				may = strchr(stream ? rows[k].stream
						    : rows[k].connection,
					  guest ? 'g' : 'h') != NULL;
		add_hello(&b, 0);
		add_flagged(&b, type, stream, 0, 0);
		wire_reader_init(&r, guest ? WIRE_GUEST : WIRE_HOST, nonces[0]);
		feed(&r, b.s, b.len, SIZE_MAX, &log);
		wire_reader_release(&r);
		took = !strstr(log.s, "LOST");
		if (took != may && ++wrong)
			printf("# type %u guest %d stream %d\n", type, guest,
			    stream);
	}
	CHECK(wrong == 0);
}

/* The host wants its own nonce, and nothing after what is wrong. */
static void
test_host(void)
{
	cleanup(buf) struct buf b = BUF_INIT, log = BUF_INIT;
	struct wire_reader r;

	add_hello(&b, 2);
	add(&b, 2, WIRE_STDOUT, 1, 3); /* an older client's */
	add_hello(&b, 0);
	add(&b, 0, WIRE_STDOUT, 1, 2);
	add_hello(&b, 0); /* the agent was started anew */
	add(&b, 0, WIRE_STDOUT, 1, 1);
	wire_reader_init(&r, WIRE_HOST, nonces[0]);
	feed(&r, b.s, b.len, 1, &log);
	CHECK_STR(log.s, "START 65/1:2:408 LOST ");
	feed(&r, "x", 1, 1, &log);
	CHECK_STR(log.s, "START 65/1:2:408 LOST LOST ");
	wire_reader_release(&r);
}

int
main(void)
{
	test_pieces();
	test_cut_off();
	test_longest();
	test_every_bit();
	test_sizes();
	test_interleaved();
	test_roles();
	test_host();
	return tap_end();
}

#include "core/termfilter.h"

#include "base/utf8.h"
#include "core/termfilter_rules.h"

enum {
	ENQ = 0x05,
	BEL = 0x07,
	SO = 0x0e,
	SI = 0x0f,
	CAN = 0x18,
	SUB = 0x1a,
	ESC = 0x1b,
	DEL = 0x7f
};

struct out {
	termfilter_out *call;
	void *arg;
};

static void
emit(const struct out *o, const char *p, size_t n)
{
	if (n)
		o->call(o->arg, p, n);
}

void
termfilter_init(struct termfilter *f, bool answers)
{
	*f = (struct termfilter){ .answers = answers, .line_start = true };
}

void
termfilter_answered(struct termfilter *f)
{
	f->asked = 0;
}

bool
termfilter_asked(struct termfilter *f)
{
	bool was = f->unsettled;

	f->unsettled = false;
	return was;
}

bool
termfilter_line_start(const struct termfilter *f)
{
	return f->line_start;
}

/* In each byte of a word: is it zero? For bytes below 0x80. */
static uint64_t
zeros(uint64_t w)
{
	return w - UINT64_C(0x0101010101010101);
}

static bool
special(unsigned char c)
{
	return c >= 0x80 || c == ESC || c == ENQ || c == SO || c == SI;
}

/*
 * How many bytes are ASCII that needs no thought. Eight at a time: this loop
 * is what ordinary output costs.
 */
static size_t
plain(const char *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		uint64_t w;

		memcpy(&w, p + i, 8);
		/* SO and SI differ in their last bit. */
		if ((w | zeros(w ^ ESC * ones) | zeros(w ^ ENQ * ones) |
			zeros((w | ones) ^ SI * ones)) &
		    ones << 7)
			break;
	}
	while (i < n && !special((unsigned char)p[i]))
		i++;
	return i;
}

/* Could more bytes make these few a code point? */
static bool
is_partial(const char *s, size_t n)
{
	for (unsigned fill = 0x80; n < 4 && fill <= 0xbf; fill += 0x3f) {
		char whole[4];
		size_t len;

		memset(whole, (int)fill, sizeof(whole));
		memcpy(whole, s, n);
		if (utf8_next(whole, 4, &len) >= 0 && len > n)
			return true;
	}
	return false;
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* How many bytes are text. Stops at what must be looked at. */
static size_t
text(const char *p, size_t n)
{
	size_t i = 0, len;

	for (;;) {
		i += plain(p + i, n - i);
		if (i == n || (unsigned char)p[i] < 0x80 ||
		    utf8_next(p + i, n - i, &len) < 0xa0)
			return i;
		i += len;
	}
}

static void
begin(struct termfilter *f, enum term_state state)
{
	f->state = (unsigned char)state;
	f->hold[0] = ESC;
	f->nhold = 1;
	f->overflow = false;
}

static void
keep(struct termfilter *f, unsigned char c)
{
	if (f->nhold < sizeof(f->hold))
		f->hold[f->nhold++] = (char)c;
	else
		f->overflow = true;
}

/* A control, wherever it stands: terminals obey it in mid sequence, too. */
static void
control(struct termfilter *f, unsigned char c, const struct out *o)
{
	const char byte = (char)c;

	if (c == ENQ || c == DEL)
		return;
	if (c == SO || c == SI)
		termfilter_mode(f, MODE_SHIFT_OUT, c == SO);
	else if (c == '\n')
		f->line_start = true;
	else if (c != BEL && c != '\r')
		f->line_start = false;
	emit(o, &byte, 1);
}

/* At least one byte is taken. */
static size_t
ground(struct termfilter *f, const char *p, size_t n, const struct out *o)
{
	size_t i = text(p, n), len;
	unsigned char c;
	int32_t cp;

	if (i)
		f->line_start = p[i - 1] == '\n';
	emit(o, p, i);
	if (i == n)
		return n;
	c = (unsigned char)p[i];
	if (c == ESC) {
		begin(f, ESCAPE);
		return i + 1;
	}
	if (c < 0x80) {
		control(f, c, o);
		return i + 1;
	}
	cp = utf8_next(p + i, n - i, &len);
	if (cp >= 0) /* C1 */
		return i + len;
	if (is_partial(p + i, n - i)) {
		f->nutf8 = (unsigned char)(n - i);
		memcpy(f->utf8, p + i, n - i);
		return n;
	}
	f->line_start = false;
	emit(o, replacement, 3);
	return i + 1;
}

/* The rest of a code point that came in two pieces; false: c is not of it. */
static bool
rest_of_utf8(struct termfilter *f, unsigned char c, const struct out *o)
{
	const char *s = (const char *)f->utf8;
	size_t n = f->nutf8, len;
	int32_t cp;

	f->utf8[n] = c;
	cp = utf8_next(s, n + 1, &len);
	if (cp < 0 && is_partial(s, n + 1)) {
		f->nutf8++;
		return true;
	}
	f->nutf8 = 0;
	if (cp >= 0 && cp < 0xa0)
		return true;
	f->line_start = false;
	if (cp >= 0)
		emit(o, s, len);
	else /* one for each byte, as where they come in one piece */
		for (size_t i = 0; i < n; i++)
			emit(o, replacement, 3);
	return cp >= 0;
}

static void
finish(struct termfilter *f, bool passes, const char *end, const struct out *o)
{
	f->state = GROUND;
	if (!passes || f->overflow)
		return;
	emit(o, f->hold, f->nhold);
	emit(o, end, strlen(end));
}

static bool
escape(struct termfilter *f, unsigned char c, const struct out *o)
{
	keep(f, c);
	if (c >= 0x20 && c <= 0x2f)
		return true;
	if (f->nhold > 2 || f->overflow || !strchr("[]PX^_k", c)) {
		finish(f, termfilter_escape(f), "", o);
		return true;
	}
	f->string = c;
	f->state = c == '[' ? CSI : c == 'P' ? DCS : STRING;
	return true;
}

/* A string that is no OSC ends for the same reasons and never passes. */
static bool
string(struct termfilter *f, unsigned char c, const struct out *o)
{
	if (c == ESC)
		f->state = STRING_ESC;
	else if (c == BEL && f->string == ']')
		finish(f, termfilter_osc(f), "\007", o);
	else if (c >= 0x20 && c != DEL)
		keep(f, c);
	return true;
}

static bool
dcs(struct termfilter *f, unsigned char c, const struct out *o)
{
	if (c == ESC) {
		f->state = STRING_ESC;
		return true;
	}
	if (c < 0x20 || c == DEL)
		return true;
	keep(f, c);
	if (c < 0x40)
		return true;
	f->state = STRING;
	if (!f->overflow && termfilter_is_sixel(f)) {
		emit(o, f->hold, f->nhold);
		f->state = SIXEL;
		f->line_start = false;
	}
	return true;
}

/* The one string whose contents are not held back: a picture can be large. */
static bool
sixel(struct termfilter *f, unsigned char c, const struct out *o)
{
	const char byte = (char)c;

	if (c == ESC)
		f->state = SIXEL_ESC;
	else if (c > 0x20 && c < DEL)
		emit(o, &byte, 1);
	return true;
}

/* Behind an ESC in a string: its end, or the beginning of something else. */
static bool
string_escape(struct termfilter *f, unsigned char c, const struct out *o)
{
	static const char st[] = "\033\\";

	if (f->state == SIXEL_ESC)
		emit(o, st, 2);
	if (c == '\\') {
		finish(f,
		    f->state == STRING_ESC && f->string == ']' &&
			termfilter_osc(f),
		    st, o);
		return true;
	}
	begin(f, ESCAPE);
	return false;
}

static bool
csi(struct termfilter *f, unsigned char c, const struct out *o)
{
	keep(f, c);
	if (c >= 0x40)
		finish(f, termfilter_csi(f), "", o);
	return true;
}

/* One byte that is not in the ground state; false: look at it again. */
static bool
sequence(struct termfilter *f, unsigned char c, const struct out *o)
{
	bool in_string = f->state != ESCAPE && f->state != CSI;

	if (c == CAN || c == SUB) {
		if (f->state == SIXEL || f->state == SIXEL_ESC)
			emit(o, "\033\\", 2);
		f->state = GROUND;
		return true;
	}
	if (!in_string) {
		if (c == ESC) {
			begin(f, ESCAPE);
			return true;
		}
		if (c < 0x20 || c == DEL) {
			control(f, c, o);
			return true;
		}
		if (c >= 0x80) {
			f->state = GROUND;
			return false;
		}
	}
	switch ((enum term_state)f->state) {
	case GROUND:
		return false;
	case ESCAPE:
		return escape(f, c, o);
	case CSI:
		return csi(f, c, o);
	case STRING:
		return string(f, c, o);
	case DCS:
		return dcs(f, c, o);
	case SIXEL:
		return sixel(f, c, o);
	case STRING_ESC:
	case SIXEL_ESC:
		return string_escape(f, c, o);
	}
	return true;
}

void
termfilter_feed(struct termfilter *f, const char *data, size_t len,
    termfilter_out *call, void *arg)
{
	const struct out o = { call, arg };

	for (size_t i = 0; i < len;) {
		if (f->state != GROUND)
			i += sequence(f, (unsigned char)data[i], &o);
		else if (f->nutf8)
			i += rest_of_utf8(f, (unsigned char)data[i], &o);
		else
			i += ground(f, data + i, len - i, &o);
	}
}

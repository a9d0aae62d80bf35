#include "core/termfilter_rules.h"

/* A parsed CSI. Terminals differ about more parameters, so more do not pass. */
#define PARAMS_MAX 32
struct csi {
	char prefix; /* one of "<=>?", or 0 */
	char inter; /* one intermediate, or 0 */
	char final;
	bool colons;
	unsigned n; /* parameters that are written, also as nothing */
	unsigned p[PARAMS_MAX];
};

void
termfilter_mode(struct termfilter *f, enum term_mode m, bool on)
{
	if (on)
		f->modes |= UINT64_C(1) << m;
	else
		f->modes &= ~(UINT64_C(1) << m);
}

bool
termfilter_on_alternate(const struct termfilter *f)
{
	return f->modes &
	       (UINT64_C(1) << MODE_ALT_47 | UINT64_C(1) << MODE_ALT_1047 |
		   UINT64_C(1) << MODE_ALT_1049);
}

bool
termfilter_ask(struct termfilter *f)
{
	if (!f->answers || f->asked >= TERMFILTER_ASK_MAX)
		return false;
	f->asked++;
	f->unsettled = true;
	return true;
}

static bool
parse(struct csi *c, const char *s, size_t n)
{
	const char *end = s + n - 1;

	*c = (struct csi){ .final = *end };
	if (s < end && *s >= '<' && *s <= '?')
		c->prefix = *s++;
	if (s < end && *s >= '0' && *s <= ';')
		c->n = 1;
	for (; s < end && *s >= '0' && *s <= ';'; s++) {
		unsigned *p = &c->p[c->n - 1];

		if (*s <= '9') {
			*p = *p * 10 + (unsigned)(*s - '0');
			if (*p > 65535)
				return false;
			continue;
		}
		c->colons |= *s == ':';
		if (c->n++ == PARAMS_MAX)
			return false;
	}
	if (s < end && *s >= ' ' && *s <= '/')
		c->inter = *s++;
	return s == end;
}

/* DEC's private modes: what may be set, and where it is remembered. */
static const struct {
	unsigned number;
	int mode; /* -1: nowhere */
	bool inverted; /* it is on by itself */
} dec_modes[] = {
	{ 1, MODE_CURSOR_KEYS, false },
	{ 4, -1, false },
	{ 5, MODE_REVERSE, false },
	{ 6, MODE_ORIGIN, false },
	{ 7, MODE_NO_WRAP, true },
	{ 9, MODE_MOUSE_9, false },
	{ 12, -1, false },
	{ 25, MODE_HIDDEN, true },
	{ 47, MODE_ALT_47, false },
	{ 66, MODE_KEYPAD_66, false },
	{ 69, MODE_MARGINS, false },
	{ 80, -1, false },
	{ 1000, MODE_MOUSE_1000, false },
	{ 1002, MODE_MOUSE_1002, false },
	{ 1003, MODE_MOUSE_1003, false },
	{ 1004, MODE_FOCUS, false },
	{ 1005, MODE_MOUSE_1005, false },
	{ 1006, MODE_MOUSE_1006, false },
	{ 1007, -1, false },
	{ 1015, MODE_MOUSE_1015, false },
	{ 1016, MODE_MOUSE_1016, false },
	{ 1047, MODE_ALT_1047, false },
	{ 1048, -1, false },
	{ 1049, MODE_ALT_1049, false },
	{ 2004, MODE_PASTE, false },
	{ 2026, MODE_SYNC, false },
	{ 2027, MODE_GRAPHEME, false },
};

static bool
set_dec_mode(struct termfilter *f, unsigned number, bool on)
{
	for (size_t i = 0; i < ARRAY_LEN(dec_modes); i++) {
		if (dec_modes[i].number != number)
			continue;
		if (dec_modes[i].mode >= 0)
			termfilter_mode(f, (enum term_mode)dec_modes[i].mode,
			    on != dec_modes[i].inverted);
		return true;
	}
	return false;
}

static bool
set_ansi_mode(struct termfilter *f, unsigned number, bool on)
{
	if (number == 4)
		termfilter_mode(f, MODE_INSERT, on);
	else if (number == 20)
		termfilter_mode(f, MODE_NEWLINE, on);
	else
		return false;
	return true;
}

/* Several modes may be in one sequence: those that may pass are kept. */
static bool
set_modes(struct termfilter *f, const struct csi *c)
{
	bool on = c->final == 'h';
	size_t n = c->prefix ? 3 : 2;
	bool any = false;

	for (unsigned i = 0; i < c->n; i++) {
		if (!(c->prefix ? set_dec_mode(f, c->p[i], on)
				: set_ansi_mode(f, c->p[i], on)))
			continue;
		/* Never longer than what it replaces. */
		n += (size_t)snprintf(f->hold + n, sizeof(f->hold) - n,
		    any ? ";%u" : "%u", c->p[i]);
		any = true;
	}
	f->hold[n++] = c->final;
	f->nhold = n;
	return any;
}

/* Kitty's keyboard: push, pop, set. */
static bool
keyboard(struct termfilter *f, const struct csi *c)
{
	unsigned *depth = &f->kitty[termfilter_on_alternate(f)];
	unsigned n = c->n && c->p[0] ? c->p[0] : 1;

	switch (c->prefix) {
	case '>':
		if (*depth >= 64)
			return false;
		(*depth)++;
		return true;
	case '<':
		/* Below that it is what the host's own programs pushed. */
		if (n > *depth)
			return false;
		*depth -= n;
		return true;
	case '=':
		termfilter_mode(f, MODE_KITTY_SET, c->n && c->p[0]);
		return true;
	case '?':
		return c->n == 0 && termfilter_ask(f);
	case '\0':
		return c->n == 0; /* the cursor where it was saved */
	}
	return false;
}

/* Colours and the like; with `>` keys with modifiers. */
static bool
attributes(struct termfilter *f, const struct csi *c)
{
	if (!c->prefix) {
		termfilter_mode(f, MODE_SGR, c->n && (c->n > 1 || c->p[0]));
		return true;
	}
	if (c->prefix != '>')
		return false; /* `?` is a question */
	if (c->n > 2 || (c->n && c->p[0] > 4))
		return false;
	termfilter_mode(f, MODE_MODIFY_KEYS, c->n > 1 && c->p[1]);
	return true;
}

/* Without prefix and intermediate: what moves and what erases. */
static bool
movement(struct termfilter *f, const struct csi *c)
{
	switch (c->final) {
	case 'T': /* with five it tracks the mouse */
		return c->n <= 1;
	case 'n':
		return c->n == 1 && (c->p[0] == 5 || c->p[0] == 6) &&
		       termfilter_ask(f);
	case 'c':
		return c->n <= 1 && c->p[0] == 0 && termfilter_ask(f);
	case 't': /* of the window only the title's stack */
		return c->n && (c->p[0] == 22 || c->p[0] == 23);
	case 'r':
		termfilter_mode(f, MODE_REGION, c->n != 0);
		return true;
	}
	return strchr("@ABCDEFGHIJKLMPSXZ`abdefgs", c->final) != NULL;
}

static bool private(struct termfilter *f, const struct csi *c)
{
	switch (c->prefix) {
	case '?':
		if (c->final == 'n')
			return c->n == 1 && c->p[0] == 6 && termfilter_ask(f);
		return c->final == 'J' || c->final == 'K';
	case '>':
		if (c->final == 'n')
			return true; /* takes back CSI > m */
		return (c->final == 'c' || c->final == 'q') && c->n <= 1 &&
		       c->p[0] == 0 && termfilter_ask(f);
	}
	return false;
}

static bool
with_intermediate(struct termfilter *f, const struct csi *c)
{
	if (c->inter == ' ' && c->final == 'q' && !c->prefix) {
		termfilter_mode(f, MODE_CURSOR_SHAPE, c->n && c->p[0]);
		return true;
	}
	if (c->inter == '!' && c->final == 'p' && !c->prefix)
		return c->n == 0;
	return c->inter == '$' && c->final == 'p' && c->n == 1 &&
	       (!c->prefix || c->prefix == '?') && termfilter_ask(f);
}

bool
termfilter_csi(struct termfilter *f)
{
	struct csi c;
	bool passes;

	if (f->overflow || !parse(&c, f->hold + 2, f->nhold - 2) ||
	    (c.colons && c.final != 'm' && c.final != 'u'))
		return false;
	if (c.inter)
		return with_intermediate(f, &c);
	if (c.final == 'm')
		return attributes(f, &c);
	if (c.final == 'u')
		return keyboard(f, &c);
	if (c.final == 'h' || c.final == 'l')
		return (!c.prefix || c.prefix == '?') && set_modes(f, &c);
	passes = c.prefix ? private(f, &c) : movement(f, &c);
	/* Questions move nothing; the others do, or might. */
	if (passes && !strchr("ncqt", c.final))
		f->line_start = false;
	return passes;
}

bool
termfilter_escape(struct termfilter *f)
{
	const char *s = f->hold + 1;

	if (f->nhold == 2) {
		if (*s == '=' || *s == '>')
			termfilter_mode(f, MODE_KEYPAD, *s == '=');
		else if (!strchr("78", *s))
			f->line_start = false;
		return strchr("6789=>DEHMc", *s) != NULL;
	}
	if (f->nhold != 3)
		return false;
	if (*s == '#')
		return strchr("34568", s[1]) != NULL;
	if (!strchr("()*+", *s) || !strchr("0AB", s[1]))
		return false;
	/* G1 to G3 count only after SO and the like, which are taken back. */
	if (*s == '(')
		termfilter_mode(f, MODE_CHARSET, s[1] != 'B');
	return true;
}

bool
termfilter_is_sixel(const struct termfilter *f)
{
	size_t n = f->nhold;

	/* Neither `$q` nor `+q`, which are questions. */
	return f->hold[n - 1] == 'q' && n < 32 &&
	       2 + strspn(f->hold + 2, "0123456789;") == n - 1;
}

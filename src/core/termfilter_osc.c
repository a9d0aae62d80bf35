#include "base/utf8.h"
#include "core/termfilter_rules.h"

/* `N;SPEC` or `SPEC`: a colour's name or value, or the question for it. */
static bool
colour(struct termfilter *f, enum term_mode m, const char *spec, size_t n)
{
	if (n == 1 && *spec == '?')
		return termfilter_ask(f);
	for (size_t i = 0; i < n; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ#:/.,-% ",
			spec[i]))
			return false;
	if (!n || n >= 64)
		return false;
	termfilter_mode(f, m, true);
	return true;
}

/* A link to where a click does no more than in a browser, or the end of one. */
static bool
link_to(struct termfilter *f, const char *s, size_t n)
{
	static const char *const schemes[] = { "https://", "http://",
		"mailto:" };
	const char *address = memchr(s, ';', n);
	size_t left;

	if (!address)
		return false;
	left = n - (size_t)(++address - s);
	if (!left) {
		termfilter_mode(f, MODE_LINK, false);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (left > strlen(schemes[i]) &&
		    memcmp(address, schemes[i], strlen(schemes[i])) == 0) {
			termfilter_mode(f, MODE_LINK, true);
			return true;
		}
	return false;
}

static bool
palette(struct termfilter *f, const char *s, size_t n)
{
	size_t digits = strspn(s, "0123456789");

	return digits && digits <= 3 && n > digits + 1 && s[digits] == ';' &&
	       colour(f, MODE_PALETTE, s + digits + 1, n - digits - 1);
}

/* Colours as they were; with a number only one of the palette's. */
static bool
colour_back(struct termfilter *f, enum term_mode m, const char *s, size_t n)
{
	if (n == 0)
		termfilter_mode(f, m, false);
	return strspn(s, "0123456789;") == n;
}

/* Behind the number and its semicolon, which is printable text. */
static bool
osc(struct termfilter *f, unsigned number, const char *s, size_t n)
{
	switch (number) {
	case 0:
	case 1:
	case 2:
		return n <= 256;
	case 4:
		return palette(f, s, n);
	case 8:
		return link_to(f, s, n);
	case 10:
		return colour(f, MODE_FOREGROUND, s, n);
	case 11:
		return colour(f, MODE_BACKGROUND, s, n);
	case 12:
		return colour(f, MODE_CURSOR_COLOUR, s, n);
	case 104:
		return colour_back(f, MODE_PALETTE, s, n);
	case 110:
		return colour_back(f, MODE_FOREGROUND, s, n);
	case 111:
		return colour_back(f, MODE_BACKGROUND, s, n);
	case 112:
		return colour_back(f, MODE_CURSOR_COLOUR, s, n);
	}
	return false;
}

bool
termfilter_osc(struct termfilter *f)
{
	const char *s = f->hold + 2;
	size_t n = f->nhold - 2, digits = 0, len;
	unsigned number = 0;

	if (f->overflow || f->nhold == sizeof(f->hold))
		return false;
	f->hold[f->nhold] = '\0';
	for (size_t i = 0; i < n; i += len)
		if (!utf8_printable(utf8_next(s + i, n - i, &len)))
			return false;
	for (; digits < n && digits < 4 && s[digits] >= '0' && s[digits] <= '9';
	     digits++)
		number = number * 10 + (unsigned)(s[digits] - '0');
	if (!digits || (digits < n && s[digits] != ';'))
		return false;
	s += digits + (digits < n);
	n -= digits + (digits < n);
	return osc(f, number, s, n);
}

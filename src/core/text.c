#include "core/text.h"

#include "base/utf8.h"

/* Unicode's noncharacters U+xxFFFE and U+xxFFFF: libyaml takes no such file. */
static bool
is_allowed(int32_t cp)
{
	return utf8_printable(cp) && (cp & 0xfffe) != 0xfffe;
}

static bool
starts_with(const char *text, size_t len, const char *mark, size_t marklen)
{
	return len >= marklen && memcmp(text, mark, marklen) == 0;
}

static bool
has_byte_order_mark(const char *text, size_t len)
{
	return starts_with(text, len, "\xef\xbb\xbf", 3) ||
	       starts_with(text, len, "\xff\xfe", 2) ||
	       starts_with(text, len, "\xfe\xff", 2);
}

bool
text_check(const char *text, size_t len, struct diags *d)
{
	unsigned line = 1, column = 1;
	size_t step, before = d->count;

	if (has_byte_order_mark(text, len)) {
		diag_add(d, 1, 1,
		    "byte order mark: save the file as UTF-8 without one");
		return false;
	}
	for (size_t i = 0; i < len; i += step, column++) {
		int32_t cp = utf8_next(text + i, len - i, &step);

		if (cp == '\n') {
			line++;
			column = 0;
		} else if (cp == '\r' && i + 1 < len && text[i + 1] == '\n') {
			continue;
		} else if (cp < 0) {
			/* What follows would be counted by guesswork. */
			diag_add(d, line, column, "not UTF-8");
			return false;
		} else if (cp != '\t' && !is_allowed(cp)) {
			diag_add(d, line, column,
			    "character U+%04X is not allowed", (unsigned)cp);
		}
	}
	return d->count == before;
}

int32_t
text_refused(const char *s, size_t n)
{
	size_t step;

	for (size_t i = 0; i < n; i += step) {
		int32_t cp = utf8_next(s + i, n - i, &step);

		if (cp != '\n' && cp != '\t' && !is_allowed(cp))
			return cp < 0 ? 0xfffd : cp;
	}
	return -1;
}

bool
text_one_line(const char *s)
{
	return s[strcspn(s, "\n\t")] == '\0';
}

struct shown
text_show(const char *s)
{
	static const char more[] = "...";
	struct shown out = { "" };
	const size_t room = sizeof(out.s) - sizeof(more);
	size_t n = 0, step, len = strlen(s);

	for (; n < len; n += step) {
		(void)utf8_next(s + n, len - n, &step);
		if (n + step > room)
			break;
		memcpy(out.s + n, s + n, step);
	}
	if (n < len)
		memcpy(out.s + n, more, sizeof(more));
	/* A complaint is one line. */
	for (char *p = out.s; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return out;
}

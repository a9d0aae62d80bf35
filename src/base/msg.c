#include "base/msg.h"

#include <stdarg.h>

#include "base/utf8.h"

static bool quiet;
static struct buf shown = BUF_INIT; /* the last progress text */

void
msg_quiet(bool on)
{
	quiet = on;
}

bool
msg_is_quiet(void)
{
	return quiet;
}

void
msg_scrub(struct buf *out, const char *s, size_t len, bool lines)
{
	size_t n;

	for (; len; s += n, len -= n) {
		int32_t cp = utf8_next(s, len, &n);

		if (utf8_printable(cp) || (lines && (*s == '\n' || *s == '\t')))
			buf_add(out, s, n);
		else if (cp < 0x80) /* also what is not UTF-8 */
			buf_addf(out, "\\x%02x", (unsigned char)*s);
		else
			buf_addf(out, "\\u{%X}", (unsigned)cp);
	}
}

static void printf_like(3, 0)
    vmsg(const char *prefix, const char *end, const char *fmt, va_list ap)
{
	cleanup(buf) struct buf raw = BUF_INIT;
	cleanup(buf) struct buf safe = BUF_INIT;

	msg_done();
	buf_vaddf(&raw, fmt, ap);
	buf_adds(&safe, prefix);
	msg_scrub(&safe, raw.s, raw.len, true);
	buf_adds(&safe, end);
	(void)fwrite(safe.s, 1, safe.len, stderr);
}

void
msg_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmsg("machine: ", "\n", fmt, ap);
	va_end(ap);
}

void
msg_note(const char *fmt, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, fmt);
	vmsg("machine: ", "\n", fmt, ap);
	va_end(ap);
}

void
msg_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmsg("", "\n", fmt, ap);
	va_end(ap);
}

void
msg_ask(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vmsg("machine: ", "", fmt, ap);
	va_end(ap);
}

void
msg_up(void)
{
	if (isatty(STDERR_FILENO))
		(void)fputs("\033[A", stderr);
}

void
msg_progress(unsigned seconds, const char *fmt, ...)
{
	cleanup(buf) struct buf raw = BUF_INIT;
	cleanup(buf) struct buf safe = BUF_INIT;
	va_list ap;
	bool same;

	if (quiet)
		return;
	va_start(ap, fmt);
	buf_vaddf(&raw, fmt, ap);
	va_end(ap);
	msg_scrub(&safe, raw.s, raw.len, false);
	same = strcmp(safe.s, shown.s) == 0;
	if (isatty(STDERR_FILENO))
		(void)fprintf(
		    stderr, "\r\033[Kmachine: %s (%u s)", safe.s, seconds);
	else if (!same)
		(void)fprintf(stderr, "machine: %s\n", safe.s);
	(void)fflush(stderr);
	if (!same) {
		buf_release(&shown);
		shown = safe;
		safe = (struct buf)BUF_INIT;
	}
}

void
msg_done(void)
{
	if (shown.len && isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr);
	buf_release(&shown);
}

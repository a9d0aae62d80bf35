#include "guest/report.h"

#include <sys/reboot.h>

#include <fcntl.h>
#include <stdarg.h>

#include "base/buf.h"

#define LINE_MAX_ 900 /* the kernel cuts a line of its log near 1000 */
#define EARLY_MAX ((size_t)64 * 1024)

static int kmsg = -1;
static bool flushed;
static struct buf early = BUF_INIT;

void
report_open(void)
{
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
}

static void
escape(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 5 < size; from++) {
		unsigned char ch = (unsigned char)*from;

		if (ch < 0x20 || ch == 0x7f)
			n += (size_t)snprintf(to + n, size - n, "\\x%02x", ch);
		else
			to[n++] = *from;
	}
	to[n] = '\0';
}

static void
log_line(const char *level, const char *text)
{
	char line[LINE_MAX_ + 32];
	int n = snprintf(line, sizeof(line), "<%s>machine: %s\n", level, text);

	if (kmsg >= 0 && n > 0)
		(void)!write(kmsg, line, (size_t)n);
}

static void format(char *line, size_t size, const char *fmt, va_list ap)
    printf_like(3, 0);

static void
format(char *line, size_t size, const char *fmt, va_list ap)
{
	char raw[LINE_MAX_];

	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	escape(line, size, raw);
}

void
say(const char *fmt, ...)
{
	char line[LINE_MAX_];
	va_list ap;

	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line("5", line);
}

static void
keep(const char *line)
{
	int fd;

	if (!flushed) {
		if (early.len < EARLY_MAX)
			buf_addf(&early, "%s\n", line);
		return;
	}
	fd = open(
	    PROBLEMS_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)dprintf(fd, "%s\n", line);
	(void)close(fd);
}

void
problem(const char *fmt, ...)
{
	char line[LINE_MAX_];
	va_list ap;

	va_start(ap, fmt);
	format(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_line("3", line);
	keep(line);
}

void
report_flush(void)
{
	int fd = open(
	    PROBLEMS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0) {
		(void)!write(fd, early.s, early.len);
		(void)close(fd);
	}
	buf_release(&early);
	flushed = true;
}

void
report_host(const char *line)
{
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dprintf(fd, "machine: %s\n", line);
	(void)close(fd);
}

_Noreturn void
give_up(const char *fmt, ...)
{
	char why[LINE_MAX_], line[LINE_MAX_ + 64];
	va_list ap;

	va_start(ap, fmt);
	format(why, sizeof(why), fmt, ap);
	va_end(ap);
	(void)snprintf(
	    line, sizeof(line), "cannot boot this image directly: %s", why);
	report_host(line);
	sync();
	(void)reboot(RB_POWER_OFF);
	for (;;)
		(void)pause();
}

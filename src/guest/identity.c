#include "guest/init.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "guest/file.h"
#include "guest/report.h"

#define ETC_MAX ((size_t)256 * 1024)

static void
keep(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	if (file_keep(path, text, 0644, &e))
		problem("%s", e.msg);
}

/* Append the lines of text to *out that do not mention what; all if NULL. */
static void
lines_without(struct buf *out, const char *text, const char *what)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = xcalloc(n + 1, 1);

		memcpy(line, text, n);
		if (!what || !strstr(line, what))
			buf_addf(out, "%s\n", line);
		free(line);
		text += n + (text[n] != '\0');
	}
}

static void
hosts(const struct cidata *lima)
{
	cleanup(buf) struct buf old = BUF_INIT;
	cleanup(buf) struct buf less = BUF_INIT;
	cleanup(buf) struct buf new = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, "/etc/hosts", ETC_MAX, &old, &e) &&
	    e.sys != ENOENT) {
		problem("%s", e.msg);
		return;
	}
	if (!old.len)
		buf_adds(&old, "127.0.0.1\tlocalhost\n");
	lines_without(&less, old.s, "host.lima.internal");
	lines_without(&new, less.s, "127.0.1.1");
	if (*lima->hostname)
		buf_addf(&new, "127.0.1.1\t%s\n", lima->hostname);
	if (*lima->gateway)
		buf_addf(&new, "%s\thost.lima.internal\n", lima->gateway);
	keep("/etc/hosts", new.s);
}

static void
host_name(const char *name)
{
	cleanup(buf) struct buf line = BUF_INIT;

	if (!*name)
		return;
	if (sethostname(name, strlen(name)))
		problem("host name: %s", strerror(errno));
	buf_addf(&line, "%s\n", name);
	keep("/etc/hostname", line.s);
}

/* Lima's lines of /etc/environment stand between two marks. */
static void
environment(void)
{
	cleanup(buf) struct buf lima = BUF_INIT;
	cleanup(buf) struct buf old = BUF_INIT;
	cleanup(buf) struct buf new = BUF_INIT;
	struct err e = ERR_INIT;
	char *start, *end;

	if (file_read(
		AT_FDCWD, CIDATA_DIR "/etc_environment", ETC_MAX, &lima, &e)) {
		problem("%s", e.msg);
		return;
	}
	(void)!file_read(AT_FDCWD, "/etc/environment", ETC_MAX, &old, &e);
	start = strstr(old.s, "#LIMA-START");
	end = start ? strstr(start, "#LIMA-END") : NULL;
	if (end) {
		buf_add(&new, old.s, (size_t)(start - old.s));
		end += strcspn(end, "\n");
		buf_adds(&new, *end ? end + 1 : end);
	} else {
		buf_add(&new, old.s, old.len);
	}
	if (new.len &&new.s[new.len - 1] != '\n')
		buf_adds(&new, "\n");
	buf_add(&new, lima.s, lima.len);
	keep("/etc/environment", new.s);
}

static void
time_zone(const char *zone)
{
	char file[128], now[128];
	ssize_t n;

	if (!*zone)
		return;
	(void)snprintf(file, sizeof(file), "/usr/share/zoneinfo/%s", zone);
	n = readlink("/etc/localtime", now, sizeof(now) - 1);
	now[n > 0 ? n : 0] = '\0';
	/* Without tzdata there is nothing to be said: it stays UTC. */
	if (!strcmp(now, file) || access(file, R_OK))
		return;
	(void)unlink("/etc/localtime");
	if (symlink(file, "/etc/localtime"))
		problem("/etc/localtime: %s", strerror(errno));
}

/*
 * systemd-resolved writes the file that /etc/resolv.conf leads to some seconds
 * from now; until then it is ours.
 */
static void
resolver(const char *dns)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct stat st;

	if (!*dns || stat("/etc/resolv.conf", &st) == 0)
		return;
	buf_addf(&text, "nameserver %s\n", dns);
	(void)mkdir("/run/systemd", 0755);
	(void)mkdir("/run/systemd/resolve", 0755);
	file_put("/etc/resolv.conf", text.s, 0644);
}

void
identity_apply(const struct cidata *lima)
{
	struct err e = ERR_INIT;

	host_name(lima->hostname);
	hosts(lima);
	environment();
	time_zone(lima->timezone);
	resolver(lima->dns);
	/* As Lima's boot scripts do: users may ping and serve port 80. */
	(void)!file_write(
	    "/proc/sys/net/ipv4/ping_group_range", "0 2147483647\n", 0644, &e);
	(void)!file_write(
	    "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0\n", 0644, &e);
}

void
identity_ready(const struct cidata *lima)
{
	cleanup(buf) struct buf line = BUF_INIT;

	buf_addf(&line, "%s\n", lima->iid);
	file_put("/run/lima-ssh-ready", line.s, 0644);
	file_put("/run/lima-boot-done", line.s, 0644);
}

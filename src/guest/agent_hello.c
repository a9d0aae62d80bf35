#include "guest/agent.h"

#include <dirent.h>
#include <fcntl.h>

/* A small file as a string, cut at `size`, at a NUL, at the last newline. */
static void
read_text(const char *path, char *buf, size_t size)
{
	cleanup(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	n = (ssize_t)strlen(buf);
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = 0;
}

void
agent_pack_hello(struct wire_pack *k)
{
	char boot[64], problems[WIRE_PROBLEMS + 1], path[4096];
	struct wire_greeting x = { WIRE_VERSION, MACHINE_VERSION, boot,
		problems };

	read_text("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	(void)snprintf(path, sizeof(path), "%s/problems", agent.dir);
	read_text(path, problems, sizeof(problems));
	wire_greeting_pack(k, &x);
}

static uint32_t
count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint32_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", "..", and that of the directory */
}

static uint32_t
count_running(const struct stream *s)
{
	uint32_t n = 0;

	for (; s; s = s->next)
		n += !s->ended;
	return n;
}

void
agent_pack_stats(struct wire_pack *k)
{
	struct wire_stats x = { .now = agent_now(),
		.last_active = agent.last_active,
		.running = count_running(agent.orphans),
		.commands = agent.commands,
		.lines = agent.lines,
		.lost = agent.lost,
		.fds = count_fds() };
	char text[128];
	char *end;

	for (struct conn *c = agent.conns; c; c = c->next) {
		x.running += count_running(c->streams);
		x.connections += c->in.open;
	}
	session_counts(&x.sessions, &x.sessions_with_jobs);
	read_text("/proc/loadavg", text, sizeof(text));
	x.load = (uint32_t)strtoul(text, &end, 10) * 100;
	if (*end == '.')
		x.load += (uint32_t)strtoul(end + 1, NULL, 10);
	read_text("/proc/self/statm", text, sizeof(text));
	end = strchr(text, ' ');
	if (end)
		x.rss_kib = (uint32_t)(strtoul(end, NULL, 10) *
				       (unsigned long)sysconf(_SC_PAGESIZE) /
				       1024);
	wire_stats_pack(k, &x);
}

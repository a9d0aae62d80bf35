#include "guest/agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* musl comes without the kernel's headers; its ABI does not change. */
#define NETLINK_KOBJECT_UEVENT 15
struct netlink_address {
	sa_family_t family;
	uint16_t pad;
	uint32_t pid, groups;
};

#define PORTS "/sys/class/virtio-ports"
#define PORTS_MAX 64
#define NAME_SIZE 256 /* NAME_MAX + 1 */

static char opened[PORTS_MAX][NAME_SIZE]; /* their device names */
static size_t nopened;
static struct watch news, listener;

static bool
is_ours(const char *device)
{
	char path[sizeof(PORTS) + NAME_SIZE + 16], name[128];
	cleanup(fd) int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), PORTS "/%s/name", device);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	if (n <= 0)
		return false;
	name[n] = 0;
	return strncmp(name, agent.port_prefix, strlen(agent.port_prefix)) == 0;
}

static void
open_port(const char *device)
{
	char path[NAME_SIZE + 8];
	int fd;

	for (size_t i = 0; i < nopened; i++)
		if (strcmp(opened[i], device) == 0)
			return;
	if (nopened == PORTS_MAX || !is_ours(device))
		return;
	(void)snprintf(path, sizeof(path), "/dev/%s", device);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return; /* there is news when it can be opened */
	(void)snprintf(opened[nopened++], NAME_SIZE, "%s", device);
	conn_new(fd, true);
}

static void
scan(void)
{
	DIR *d = opendir(PORTS);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			open_port(e->d_name);
	if (d)
		(void)closedir(d);
}

/* The kernel says that there is a port, and again when it has its name. */
static void
on_news(struct watch *w, uint32_t events)
{
	char buf[4096];
	bool ports = false;
	ssize_t n;

	(void)events;
	while ((n = recv(w->fd, buf, sizeof(buf) - 1, 0)) > 0 ||
	       (n < 0 && errno == ENOBUFS)) {
		/* What did not fit into the queue may have been one. */
		ports = ports || n < 0 ||
			memmem(buf, (size_t)n, "virtio-ports", 12);
	}
	if (ports)
		scan();
}

void
agent_find_ports(void)
{
	struct netlink_address a = { .family = AF_NETLINK, .groups = 1 };

	news = (struct watch){ .fd = socket(AF_NETLINK,
				   SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				   NETLINK_KOBJECT_UEVENT),
		.ready = on_news };
	if (news.fd >= 0 &&
	    bind(news.fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		watch_set(&news, EPOLLIN);
	scan(); /* after listening, so that none is missed */
}

static void
on_client(struct watch *w, uint32_t events)
{
	unsigned n = 0;
	int fd;

	(void)events;
	for (struct conn *c = agent.conns; c; c = c->next)
		n++;
	while ((fd = accept4(
		    w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		if (n++ < CONNS_MAX)
			conn_new(fd, false);
		else
			(void)close(fd);
	}
}

int
agent_listen(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct identity *id = identity_get(false);
	cleanup(fd) int fd = socket(
	    AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", path);
	mode_t mask;
	int bad;

	if (n < 0 || (size_t)n >= sizeof(a.sun_path))
		return err_set(e, ERR_USAGE, "%s: too long for a socket", path);
	(void)unlink(a.sun_path);
	mask = umask(0177);
	bad = fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a));
	(void)umask(mask);
	/* Renamed, so that whoever sees it can connect to it. */
	if (bad || (agent.root && id && lchown(a.sun_path, id->uid, id->gid)) ||
	    listen(fd, 64) || rename(a.sun_path, path))
		return err_sys(e, "%s", path);
	listener = (struct watch){ .fd = steal_fd(&fd), .ready = on_client };
	watch_set(&listener, EPOLLIN);
	return 0;
}

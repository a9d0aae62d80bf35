#include "guest/disk.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "base/buf.h"
#include "guest/file.h"

static int uevents = -1;

/* struct sockaddr_nl: musl brings no headers of the kernel. */
struct netlink_address {
	uint16_t family;
	uint16_t pad;
	uint32_t pid;
	uint32_t groups;
};
#define NETLINK_KOBJECT_UEVENT 15

void
disk_watch(void)
{
	struct netlink_address a = { .family = AF_NETLINK, .groups = 1 };

	uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_KOBJECT_UEVENT);
	if (uevents >= 0 &&
	    bind(uevents, (struct sockaddr *)&a, sizeof(a)) != 0) {
		(void)close(uevents);
		uevents = -1;
	}
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool
disk_wait(bool (*ready)(void *arg), void *arg, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	char event[4096];

	while (!ready(arg)) {
		struct pollfd p = { .fd = uevents, .events = POLLIN };

		if (now_ms() >= end)
			return false;
		/*
		 * Not without a limit: a partition's event may come before
		 * its file can be read.
		 */
		(void)poll(&p, 1, 50);
		while (uevents >= 0 && read(uevents, event, sizeof(event)) > 0)
			;
	}
	return true;
}

enum ext4_kind
disk_look(const char *path, bool all, struct ext4 *fs)
{
	cleanup(fd) int fd = open(
	    path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	size_t want = all ? EXT4_HEAD : 4096, len = 0;
	cleanup(str) char *head = xcalloc(want, 1);

	while (fd >= 0 && len < want) {
		ssize_t n = read(fd, head + len, want - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return ext4_look((const uint8_t *)head, len, fs);
}

bool
disk_find(bool (*see)(const char *path, void *arg), void *arg, char *path,
    size_t size)
{
	cleanup(buf) struct buf list = BUF_INIT;
	struct err e = ERR_INIT;
	char *line, *state = NULL;

	/* A CD-ROM is not on the kernel's list. */
	(void)snprintf(path, size, "/dev/sr0");
	if (see(path, arg))
		return true;
	if (file_read(AT_FDCWD, "/proc/partitions", 65536, &list, &e))
		return false;
	line = strtok_r(list.s, "\n", &state);
	for (; line; line = strtok_r(NULL, "\n", &state)) {
		char name[64];

		if (sscanf(line, "%*u %*u %*u %63[a-z0-9]", name) != 1)
			continue;
		(void)snprintf(path, size, "/dev/%s", name);
		if (see(path, arg))
			return true;
	}
	return false;
}

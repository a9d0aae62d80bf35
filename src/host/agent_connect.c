#include "host/agent_io.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"
#include "base/os.h"

/* Where nobody tells us that something has changed. */
#define LOOK_AGAIN_MS 50

/* The ports' locks while we wait: opened once, since opening rings bells. */
struct ports {
	const char *dir;
	int dirfd;
	int locks[AGENT_PORTS_MAX + 1];
	int watch;
	bool watched; /* or there is nothing that could watch */
	bool busy; /* there is a port, and somebody has it */
};

static void
ports_release(struct ports *p)
{
	for (int i = 1; i <= AGENT_PORTS_MAX; i++)
		fd_close(p->locks[i]);
	fd_close(p->watch);
	fd_close(p->dirfd);
}

CLEANUP_DEFINE(ports, struct ports, ports_release(p));

/* -1 with errno. */
static int
connect_to(const char *dir, const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, name);
	cleanup(fd) int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (n < 0 || (size_t)n >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (fd < 0)
		return -1;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return steal_fd(&fd);
}

/*
 * A port that is ours now. For reading: to close such a descriptor tells
 * nobody anything. The one that is closed when we are done (`bell`, behind the
 * lock, so that the kernel closes it later) wakes those who wait.
 */
static bool
take_port(struct agent_conn *a, struct ports *p, int i)
{
	char name[32];
	int *lock = &p->locks[i];

	(void)snprintf(name, sizeof(name), "p%d.lock", i);
	if (*lock < 0)
		*lock = openat(p->dirfd, name,
		    O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0 || flock(*lock, LOCK_EX | LOCK_NB)) {
		p->busy = true;
		return false;
	}
	(void)snprintf(name, sizeof(name), "p%d.sock", i);
	a->fd = connect_to(p->dir, name);
	if (a->fd < 0) {
		(void)flock(*lock, LOCK_UN);
		return false;
	}
	a->port = i;
	a->lock = steal_fd(lock);
	(void)snprintf(name, sizeof(name), "p%d.lock", i);
	{
		cleanup(fd) int bell = openat(
		    p->dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

		if (bell >= 0)
			a->bell = fcntl(bell, F_DUPFD_CLOEXEC, a->lock + 1);
	}
	return true;
}

static bool
take_range(struct agent_conn *a, struct ports *p, int from, int to)
{
	struct stat st;
	char name[32];

	for (int i = from; i <= to; i++) {
		(void)snprintf(name, sizeof(name), "p%d.sock", i);
		if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
			break;
		if (S_ISSOCK(st.st_mode) && take_port(a, p, i))
			return true;
	}
	return false;
}

/* Any port that nobody has, the silent one last, else the forwarded socket. */
static bool
take_any(struct agent_conn *a, struct ports *p)
{
	p->busy = false;
	if (take_range(a, p, a->silent + 1, AGENT_PORTS_MAX) ||
	    take_range(a, p, 1, a->silent))
		return true;
	a->port = 0;
	a->fd = connect_to(p->dir, "fwd.sock");
	return a->fd >= 0;
}

static bool
is_socket(const char *dir, const char *name)
{
	cleanup(str) char *path = path_join(dir, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

enum agent_way
agent_way(const char *dir)
{
	if (is_socket(dir, "p1.sock"))
		return AGENT_PORT;
	return is_socket(dir, "fwd.sock") ? AGENT_FORWARDED : AGENT_NO_WAY;
}

/* Only a directory of ours: whoever can write there can be our guest. */
static int
open_directory(struct ports *p, struct err *e)
{
	struct stat st;

	p->dirfd = open(
	    p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (p->dirfd < 0)
		return errno == ENOENT ? 0
				       : err_sys(e, "cannot open %s", p->dir);
	if (fstat(p->dirfd, &st) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IRWXG | S_IRWXO))
		return err_set(e, ERR_BACKEND,
		    "%s is not a private directory of yours", p->dir);
	return 0;
}

/*
 * Only who has to wait watches: to close a watch takes the kernel longer than
 * all the rest (7-15 ms measured). What happened before is looked for again.
 */
static void
wait_for_change(struct ports *p, int64_t end)
{
	struct pollfd w = { .events = POLLIN };
	int left = clock_left(end);
	int most;
	char events[4096];

	if (!p->watched && p->dirfd >= 0) {
		p->watch = os_watch(p->dir);
		p->watched = true;
		return;
	}
	w.fd = p->watch;
	most = p->watch < 0 ? LOOK_AGAIN_MS : 10 * LOOK_AGAIN_MS;
	if (poll(&w, 1, left < most ? left : most) > 0)
		while (read(p->watch, events, sizeof(events)) > 0)
			;
}

int
agent_connect(struct agent_conn *a, const char *dir, int64_t end, struct err *e)
{
	cleanup(
	    ports) struct ports p = { .dir = dir, .dirfd = -1, .watch = -1 };

	for (int i = 0; i <= AGENT_PORTS_MAX; i++)
		p.locks[i] = -1;
	for (;;) {
		if (p.dirfd < 0 && open_directory(&p, e))
			return -1;
		if (p.dirfd >= 0 && take_any(a, &p))
			return 0;
		if (a->vm && os_wait_gone(a->vm, 0))
			return err_set(e, ERR_BACKEND, "the VM has gone away");
		if (!clock_left(end))
			return err_set(e, ERR_BACKEND, "%s",
			    p.busy ? "all ways to the VM's agent are taken by "
				     "other commands"
				   : "there is no way to the VM's agent");
		wait_for_change(&p, end);
	}
}

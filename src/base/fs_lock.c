#include "base/fs.h"

#include <sys/file.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define LOCK_TRIES 1000 /* of a millisecond */

static int
open_lock(int dirfd, const char *name, struct err *e)
{
	int fd = openat(
	    dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "cannot open %s", name) : fd;
}

/*
 * Who only looks (below) has the lock, shared, for an instant. That must not
 * be taken for somebody who works.
 */
static int
try_lock(int fd)
{
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (flock(fd, LOCK_SH | LOCK_NB))
			break; /* somebody has it to himself */
		(void)flock(fd, LOCK_UN);
		(void)poll(NULL, 0, 1);
	}
	errno = EWOULDBLOCK;
	return -1;
}

int
fs_lock(int dirfd, const char *name, enum fs_lock how, struct err *e)
{
	cleanup(fd) int fd = open_lock(dirfd, name, e);
	int rc;

	if (fd < 0)
		return -1;
	if (how == LOCK_TRY)
		rc = try_lock(fd);
	else
		while (
		    (rc = flock(fd, how == LOCK_SHARE ? LOCK_SH : LOCK_EX)) &&
		    errno == EINTR)
			;
	return rc ? err_sys(e, "cannot lock %s", name) : steal_fd(&fd);
}

bool
fs_lock_held(int dirfd, const char *name)
{
	cleanup(fd) int fd = openat(
	    dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
}

static void
on_alarm(int sig)
{
	(void)sig; /* it has made flock() return, which is all that it is for */
}

/*
 * flock() has no time limit of its own, so a timer interrupts it. The timer
 * goes on ticking, in case the first one comes before flock() has begun.
 */
int
fs_lock_wait_free(int dirfd, const char *name, int timeout_ms, struct err *e)
{
	cleanup(fd) int fd = open_lock(dirfd, name, e);
	struct sigaction sa = { .sa_handler = on_alarm }, old;
	const struct itimerval off = { 0 };
	const struct itimerval on = {
		.it_value = { timeout_ms / 1000, timeout_ms % 1000 * 1000 },
		.it_interval = { 0, 20000 },
	};
	int rc;

	if (fd < 0)
		return -1;
	(void)sigaction(SIGALRM, &sa, &old);
	(void)setitimer(ITIMER_REAL, &on, NULL);
	rc = flock(fd, LOCK_SH);
	if (rc && errno == EINTR)
		rc = 1;
	else if (rc)
		rc = err_sys(e, "cannot wait for %s", name);
	(void)setitimer(ITIMER_REAL, &off, NULL);
	(void)sigaction(SIGALRM, &old, NULL);
	return rc;
}

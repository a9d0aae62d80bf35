#include "base/proc.h"

#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>

#include "base/clock.h"
#include "base/os.h"

CLEANUP_DEFINE(
    actions, posix_spawn_file_actions_t, posix_spawn_file_actions_destroy(p));
CLEANUP_DEFINE(attr, posix_spawnattr_t, posix_spawnattr_destroy(p));

/* exec leaves the strings alone; its prototype is older than const. */
static char *const *
unconst(const char *const *v)
{
	return (char *const *)(uintptr_t)v;
}

void
proc_init(void)
{
	DIR *d;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);

	if (!(d = opendir("/dev/fd")))
		return;
	for (struct dirent *ent; (ent = readdir(d));) {
		fd = (int)strtol(ent->d_name, NULL, 10);
		if (fd > STDERR_FILENO)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	(void)closedir(d);
}

void
proc_unstoppable(void)
{
	(void)signal(SIGTSTP, SIG_IGN);
	(void)signal(SIGTTIN, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
}

/*
 * While a child has the terminal, Control-C is for the child; we wait to hear
 * what it made of it, as system(3) does. What our caller had us ignore (nohup)
 * stays ignored in the child: only what was not is set back to the default.
 */
static const int terminal_signals[] = { SIGINT, SIGQUIT };

struct deaf {
	struct sigaction old[ARRAY_LEN(terminal_signals)];
};

static void
deaf_begin(struct deaf *d, sigset_t *set_back)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(set_back);
	for (size_t i = 0; i < ARRAY_LEN(terminal_signals); i++) {
		(void)sigaction(terminal_signals[i], &ignore, &d->old[i]);
		if (d->old[i].sa_handler != SIG_IGN)
			sigaddset(set_back, terminal_signals[i]);
	}
}

static void
deaf_end(struct deaf *d)
{
	for (size_t i = 0; i < ARRAY_LEN(terminal_signals); i++)
		(void)sigaction(terminal_signals[i], &d->old[i], NULL);
}

CLEANUP_DEFINE(deaf, struct deaf, deaf_end(p));

static int
child_attributes(posix_spawnattr_t *attr, const sigset_t *set_back, bool detach)
{
	sigset_t none;
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
		      os_spawn_flags();

	if (detach)
		flags |= POSIX_SPAWN_SETSID;
	sigemptyset(&none);
	if ((errno = posix_spawnattr_setsigdefault(attr, set_back)) ||
	    (errno = posix_spawnattr_setsigmask(attr, &none)) ||
	    (errno = posix_spawnattr_setflags(attr, flags)))
		return -1;
	return 0;
}

static int
child_fd(posix_spawn_file_actions_t *fa, int from, int to)
{
	if (from == to)
		return os_spawn_keep(fa, to);
	return posix_spawn_file_actions_adddup2(fa, from, to);
}

static int
child_io(posix_spawn_file_actions_t *fa, int fd, const struct proc_stream *s,
    int pipefd)
{
	switch (s->io) {
	case PROC_INHERIT:
		return child_fd(fa, fd, fd);
	case PROC_NULL:
		return posix_spawn_file_actions_addopen(
		    fa, fd, "/dev/null", O_RDWR, 0);
	case PROC_FD:
		return child_fd(fa, s->fd, fd);
	case PROC_SINK:
		return child_fd(fa, pipefd, fd);
	}
	return EINVAL;
}

/* posix_spawn() reports the child's failed exec as its own result. */
static int
spawn(const struct proc *p, const sigset_t *set_back, int pipefd, pid_t *pid,
    struct err *e)
{
	cleanup(actions) posix_spawn_file_actions_t fa;
	cleanup(attr) posix_spawnattr_t attr;

	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawnattr_init(&attr);
	if (child_attributes(&attr, set_back, p->detach) ||
	    (errno = child_io(&fa, STDIN_FILENO, &p->in, -1)) ||
	    (errno = child_io(&fa, STDOUT_FILENO, &p->out, pipefd)) ||
	    (errno = child_io(&fa, STDERR_FILENO, &p->err, pipefd)) ||
	    (p->pass_lock && (errno = child_fd(&fa, p->lock, PROC_LOCK_FD))))
		return err_sys(e, "cannot prepare %s", p->path);
	errno = posix_spawn(
	    pid, p->path, &fa, &attr, unconst(p->argv), unconst(p->envp));
	if (errno)
		return err_sys(e, "cannot run %s", p->path);
	return 0;
}

/* What is left until `end`, as poll(2) wants it; -1 without a time limit. */
static int
remaining(const struct proc *p, int64_t end)
{
	return p->timeout_ms ? clock_left(end) : -1;
}

static int
too_late(const struct proc *p, struct err *e)
{
	return err_set(e, ERR_BACKEND, "%s did not answer within %g s", p->path,
	    p->timeout_ms / 1000.0);
}

static int
drain(int fd, const struct proc *p, int64_t end, struct err *e)
{
	char chunk[4096];

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int left = remaining(p, end);
		int rc = left ? poll(&ready, 1, left) : 0;
		ssize_t n;

		if (rc == 0)
			return too_late(p, e);
		n = rc < 0 ? -1 : read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read from %s", p->path);
		if (n == 0)
			return 0;
		if (!p->sink(p->arg, chunk, (size_t)n))
			return err_set(e, ERR_BACKEND,
			    "%s printed more than it should", p->path);
	}
}

/* It may have closed the pipe, or never had one, and go on all the same. */
static int
wait_in_time(pid_t pid, const struct proc *p, int64_t end, struct err *e)
{
	int left;

	if (!p->timeout_ms)
		return 0;
	do {
		left = remaining(p, end);
		errno = 0;
		if (os_wait_gone(pid, left))
			return 0;
	} while (left && errno == EINTR);
	return too_late(p, e);
}

static int
shell_status(int ws)
{
	return WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}

int
proc_run(const struct proc *p, int *status, struct err *e)
{
	cleanup(fd) int rd = -1;
	cleanup(fd) int wr = -1;
	cleanup(deaf) struct deaf deaf;
	sigset_t set_back;
	int64_t end = clock_ms() + p->timeout_ms;
	int fds[2], ws, rc = 0;
	pid_t pid;

	deaf_begin(&deaf, &set_back);
	if (p->out.io == PROC_SINK || p->err.io == PROC_SINK) {
		if (os_pipe(fds))
			return err_sys(e, "cannot create a pipe");
		rd = fds[0];
		wr = fds[1];
	}
	if (spawn(p, &set_back, wr, &pid, e))
		return -1;
	fd_close(steal_fd(&wr));
	if (rd >= 0)
		rc = drain(rd, p, end, e);
	if (!rc)
		rc = wait_in_time(pid, p, end, e);
	if (rc)
		(void)kill(pid, p->timeout_ms ? SIGKILL : SIGTERM);
	/* Reaped whatever happened; the first error is the one to tell. */
	while (waitpid(pid, &ws, 0) < 0)
		if (errno != EINTR)
			return rc ? rc
				  : err_sys(e, "cannot wait for %s", p->path);
	*status = shell_status(ws);
	return rc;
}

int
proc_become(const char *path, const char *const *argv, struct err *e)
{
	execv(path, unconst(argv));
	return err_sys(e, "cannot run %s", path);
}

int
proc_start(const struct proc *p, pid_t *pid, struct err *e)
{
	sigset_t set_back;

	sigemptyset(&set_back);
	return spawn(p, &set_back, -1, pid, e);
}

bool
proc_ended(pid_t pid, int *status)
{
	int ws;

	if (waitpid(pid, &ws, WNOHANG) != pid)
		return false;
	*status = shell_status(ws);
	return true;
}

bool
proc_capture(void *arg, const char *data, size_t len)
{
	struct proc_capture *c = arg;

	if (c->text.len + len > c->max)
		return false;
	buf_add(&c->text, data, len);
	return true;
}

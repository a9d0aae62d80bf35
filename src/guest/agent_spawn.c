#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

/*
 * The child of vfork shares our memory until it executes: it makes system
 * calls, and writes nothing but its stack and *failed. The raw calls, because
 * libc's setuid() is about the threads of a process that is not the child's.
 */

#define NOFILE_SOFT 1024 /* as systemd starts everything */

/* Like execvp, but with the child's PATH. Returns errno. */
static int
exec_path(const char **argv, char *const *env, const char *path)
{
	const char *name = argv[0], **script = argv - 1;
	char at[PATH_MAX];
	int best = ENOENT;

	if (strchr(name, '/') || !*name)
		path = "";
	do {
		size_t n = strcspn(path, ":");
		int len = snprintf(at, sizeof(at), "%.*s%s%s", (int)n, path,
		    n ? "/" : "", name);

		path += n + (path[n] == ':');
		if (len < 0 || (size_t)len >= sizeof(at)) {
			best = ENAMETOOLONG;
			continue;
		}
		(void)execve(at, (char *const *)(uintptr_t)argv, env);
		if (errno == ENOEXEC) {
			/* A script without #!, as every shell runs it. */
			argv[0] = at;
			script[0] = "/bin/sh";
			(void)execve(
			    "/bin/sh", (char *const *)(uintptr_t)script, env);
			argv[0] = name;
		}
		/* A directory of PATH that one may not look into has nothing,
		 * as for every shell. */
		if (errno == EACCES && n && access(at, F_OK))
			continue;
		if (errno != ENOENT && errno != ENOTDIR)
			best = errno;
		if (errno == E2BIG)
			break;
	} while (*path);
	return best;
}

static int
become(const struct identity *id)
{
	struct rlimit files;

	(void)umask(022);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = NOFILE_SOFT;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (!agent.root)
		return 0;
	if (syscall(SYS_setgroups, id->ngroups, id->groups) ||
	    syscall(SYS_setresgid, id->gid, id->gid, id->gid) ||
	    syscall(SYS_setresuid, id->uid, id->uid, id->uid))
		return -1;
	return 0;
}

static int
take_descriptors(const struct spawn *s)
{
	/* None of ours is below 3 (agent_main sees to it). */
	return dup2(s->in, 0) < 0 || dup2(s->out, 1) < 0 || dup2(s->err, 2) < 0
		   ? -1
		   : 0;
}

static int
take_place(const struct spawn *s)
{
	if (s->group) {
		pid_t me = getpid();

		/* SIGTTOU is still blocked by us. */
		return setpgid(0, 0) || ioctl(0, TIOCSPGRP, &me) ? -1 : 0;
	}
	if (setsid() < 0)
		return -1;
	return s->terminal && ioctl(0, TIOCSCTTY, 0) ? -1 : 0;
}

/* In the child: returns only if it failed. */
static enum spawn_stage
child(const struct spawn *s, const char *path, const sigset_t *none)
{
	if (take_descriptors(s) || take_place(s) || become(s->id))
		return SPAWN_USER;
	if (chdir(*s->cwd ? s->cwd : s->id->home) && (*s->cwd || chdir("/")))
		return SPAWN_CWD;
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, none, NULL);
	errno = exec_path(s->argv, s->env, path);
	return SPAWN_EXEC;
}

struct spawn_result
spawn(const struct spawn *s)
{
	volatile struct spawn_result r = { .stage = SPAWN_OK };
	const char *path = env_get(s->env, "PATH");
	sigset_t none, all, old;
	pid_t pid;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0) {
		r.stage = child(s, path ? path : "/usr/bin:/bin", &none);
		r.err = errno;
		_exit(127);
	}
	if (pid < 0) {
		r.stage = SPAWN_USER;
		r.err = errno;
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid > 0 && r.stage != SPAWN_OK) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pid = -1;
	}
	return (struct spawn_result){ pid, r.stage, r.err };
}

int
open_terminal(int *master, int *slave, uint16_t rows, uint16_t cols)
{
	cleanup(fd) int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct winsize size = { .ws_row = rows, .ws_col = cols };
	char name[64];

	if (m < 0 || unlockpt(m) || ptsname_r(m, name, sizeof(name)))
		return -1;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		return -1;
	(void)ioctl(m, TIOCSWINSZ, &size);
	(void)fcntl(m, F_SETFL, O_NONBLOCK);
	*master = steal_fd(&m);
	return 0;
}

static void
tell(int fd, enum keeper_kind kind, int value, enum spawn_stage stage)
{
	struct keeper_report r = {
		.kind = kind, .value = value, .stage = stage
	};

	(void)!write(fd, &r, sizeof(r));
}

static _Noreturn void
keeper(const struct spawn *s, int report)
{
	struct spawn mine = *s;
	struct spawn_result r;
	int status = 0;

	/* All signals stay blocked: a hang-up is the command's, not ours. */
	if (dup2(s->in, 0) < 0 || dup2(report, 3) < 0)
		_exit(1);
	(void)syscall(SYS_close_range, 4, ~0u, 0);
	(void)fcntl(3, F_SETFD, FD_CLOEXEC);
	(void)close(1);
	(void)close(2);
	if (setsid() < 0 || ioctl(0, TIOCSCTTY, 0))
		_exit(1);
	mine.in = mine.out = mine.err = 0;
	mine.group = true;
	r = spawn(&mine);
	(void)close(0);
	if (r.stage != SPAWN_OK) {
		tell(3, KEEPER_FAILED, r.err, r.stage);
		_exit(0);
	}
	tell(3, KEEPER_PID, r.pid, SPAWN_OK);
	while (waitpid(r.pid, &status, WUNTRACED) == r.pid) {
		if (!WIFSTOPPED(status))
			break;
		tell(3, KEEPER_STOPPED, WSTOPSIG(status), SPAWN_OK);
	}
	tell(3, KEEPER_ENDED, status, SPAWN_OK);
	_exit(0);
}

pid_t
keeper_start(const struct spawn *s, int report)
{
	sigset_t all, old;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		keeper(s, report);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Run one program, by absolute path, with an argument vector: no shell, no
 * PATH search, no change of directory (the posix_spawn() action for it has a
 * different name on every system). A child gets stdin, stdout and stderr and
 * no other descriptor, but for `lock` below.
 */
enum proc_io {
	PROC_INHERIT,
	PROC_NULL,
	PROC_FD, /* .fd */
	PROC_SINK /* not stdin: to .sink, both streams in one if both are */
};

struct proc_stream {
	enum proc_io io;
	int fd;
};

struct proc {
	const char *path;
	const char *const *argv;
	const char *const *envp;
	struct proc_stream in, out, err;
	/* Called with what comes out; false ends the child: proc_run fails. */
	bool (*sink)(void *arg, const char *data, size_t len);
	void *arg;
	/*
	 * A process that outlives us: a session of its own, so that neither the
	 * terminal's signals nor its hang-up reach it.
	 */
	bool detach;
	int lock; /* with PROC_PASS_LOCK: becomes the child's descriptor 3 */
	bool pass_lock;
	/*
	 * For proc_run(): when it is over the child, and only it, is killed,
	 * and what it printed so far does not count. 0: it may take its time.
	 */
	unsigned timeout_ms;
};
#define PROC_LOCK_FD 3

/*
 * First thing in main(). Opens what of 0-2 is closed, so that no file of ours
 * can become somebody's standard output, and sees to it that no descriptor
 * our caller left open reaches a child.
 */
void proc_init(void);

/*
 * Start it and wait for it. Returns 0 and its status as a shell would give it
 * (128 + n if signal n ended it), or -1 if it could not be started or did not
 * end in time.
 */
int proc_run(const struct proc *p, int *status, struct err *e) must_check;

/*
 * From now on neither we nor what we start can be stopped from the terminal: a
 * hook's call in the foreground of a shell that waits for us must not be.
 */
void proc_unstoppable(void);

/* Become this program, with our environment. Returns only if that fails. */
int proc_become(
    const char *path, const char *const *argv, struct err *e) must_check;

/* Start it and come back. The caller reaps it or leaves before it does. */
int proc_start(const struct proc *p, pid_t *pid, struct err *e) must_check;

/* Has it ended? Then true, with its status as above. Does not wait. */
bool proc_ended(pid_t pid, int *status);

/* A sink for PROC_SINK: keeps at most .max bytes, more is an error. */
struct proc_capture {
	struct buf text;
	size_t max;
};
bool proc_capture(void *arg, const char *data, size_t len);

#endif

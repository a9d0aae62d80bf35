#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include "host/vm.h"

/*
 * Commands in the guest: over its agent (agent.h) if there is a way to it, else
 * through `limactl shell`. Every call needs the proof that the user approved
 * the project, and a machine that is ready.
 *
 * A status is the command's own, 128 + n if a signal ended it, 126 or 127 if
 * it could not be run there, 125 if it did not run or the guest was lost; in
 * these three cases guest_*() has said so. -1: nothing was run.
 */
enum guest_terminal {
	TERMINAL_AUTO, /* if our three streams are one */
	TERMINAL_YES,
	TERMINAL_NO
};
/* *interrupted: SIGINT ended it, and not an exit status of 130. */
int guest_run(const struct vm *vm, const struct trusted *t, const char *cwd,
    char *const *words, enum guest_terminal terminal, int *status,
    bool *interrupted, struct err *e) must_check;

/* Text typed in a shell of the host's. */
struct guest_line {
	const char *shell; /* "zsh", "bash", "fish" */
	const char *sid; /* of the shell, the session's name */
	const char *aliases; /* of the host's shell, with its first line */
	const char *text;
	uint8_t status; /* $? before it */
};

/* How it ended. */
struct guest_end {
	int status;
	struct buf cwd; /* the session's directory, or "": the guest's word */
	struct buf typed; /* by the user, and read by nobody */
	bool line_start; /* the cursor is at the beginning of a line */
};
#define GUEST_END_INIT                                             \
	{                                                          \
		.status = 125, .cwd = BUF_INIT, .typed = BUF_INIT, \
	}

static inline void
guest_end_release(struct guest_end *end)
{
	buf_release(&end->cwd);
	buf_release(&end->typed);
}

CLEANUP_DEFINE(guest_end, struct guest_end, guest_end_release(p));

int guest_line(const struct vm *vm, const struct trusted *t, const char *cwd,
    const struct guest_line *line, struct guest_end *end,
    struct err *e) must_check;

/* An interactive login shell. */
int guest_shell(const struct vm *vm, const struct trusted *t, const char *cwd,
    int *status, struct err *e) must_check;

/*
 * Which way a command goes now if the VM runs, in words of machine(1). Does not
 * connect: whether somebody answers is seen by the command.
 */
const char *guest_way(const struct vm *vm);

/* The variables by name that every command of the user gets. */
void guest_env(struct argv *env, const struct trusted *t);

#endif

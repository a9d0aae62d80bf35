#include "cmd/cmd.h"

#include <signal.h>

#include "host/guest.h"

/* Ours come before the command's first word; "--" ends them. */
static int
options(int argc, char **argv, enum guest_terminal *terminal)
{
	int i = 1;

	*terminal = TERMINAL_AUTO;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (strcmp(argv[i], "-t") == 0)
			*terminal = TERMINAL_YES;
		else if (strcmp(argv[i], "-T") == 0)
			*terminal = TERMINAL_NO;
		else
			return argc;
	}
	return i;
}

/*
 * A shell ends its loop when what it waits for was ended by Control-C, and not
 * when that exits with 130: so we end as the command did. Everything is undone
 * by now; what we hold goes with us.
 */
static void
die_of_interrupt(void)
{
	sigset_t set;

	(void)fflush(stdout);
	(void)signal(SIGINT, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(SIGINT);
}

int
cmd_run(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	enum guest_terminal terminal;
	int first = options(argc, argv, &terminal), status;
	bool interrupted;

	if (first >= argc)
		return usage("run", e);
	if (guest_directory(cx, &dir, e) || ctx_ensure(cx, e) ||
	    guest_run(&cx->vm, cx->trusted, dir.s, argv + first, terminal,
		&status, &interrupted, e))
		return -1;
	if (interrupted)
		die_of_interrupt();
	return status;
}

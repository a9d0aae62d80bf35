#include "cmd/cmd.h"

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

int
cmd_run(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	enum guest_terminal terminal;
	int first = options(argc, argv, &terminal), status;

	if (first >= argc)
		return usage("run", e);
	if (guest_directory(cx, &dir, e) || ctx_ensure(cx, e) ||
	    guest_run(&cx->vm, cx->trusted, dir.s, argv + first, terminal,
		&status, e))
		return -1;
	return status;
}

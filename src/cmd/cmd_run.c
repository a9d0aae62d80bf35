#include "cmd/cmd.h"

#include "host/guest.h"

int
cmd_run(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1, status;

	if (first >= argc || (first == 1 && argv[1][0] == '-'))
		return usage("run", e);
	if (guest_directory(cx, &dir, e) || ctx_ensure(cx, e) ||
	    guest_run(&cx->vm, cx->trusted, dir.s, argv + first, &status, e))
		return -1;
	return status;
}

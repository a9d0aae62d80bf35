#include "cmd/cmd.h"

#include "host/names.h"

/* Behind a line, for the next TAB; nobody sees what it says. */
int
cmd_names(struct ctx *cx, int argc, char **argv, struct err *e)
{
	if (argc != 2)
		return usage("_names", e);
	if (project_open(&cx->project, &cx->paths, argv[1], e) ||
	    ctx_provide(cx, NEED_TRUST | NEED_VM, e))
		return -1;
	return names_fetch(&cx->vm, cx->trusted, e);
}

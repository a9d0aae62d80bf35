#include "cmd/cmd.h"

/* They act in the shell: the hook's function has them. Here there is none. */
int
cmd_off_on(struct ctx *cx, int argc, char **argv, struct err *e)
{
	(void)cx;
	if (argc != 1)
		return usage(argv[0], e);
	return err_set(e, ERR_CONFIG,
	    "%s acts in a shell that has the hook, and this one has not: see "
	    "machine help",
	    argv[0]);
}

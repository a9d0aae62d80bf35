#include "cmd/cmd.h"

#include "base/msg.h"

int
cmd_deny(struct ctx *cx, int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc != 1)
		return usage("deny", e);
	if (trust_deny(cx->project.root, &cx->paths, e))
		return err_wrap(e, "cannot record the decision");
	msg_note(
	    "%s is denied: its lines do not run; a VM that runs is stopped "
	    "by: machine stop",
	    cx->project.root);
	return 0;
}

#include "cmd/cmd.h"

#include "base/msg.h"
#include "host/guest.h"

int
cmd_shell(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf dir = BUF_INIT;
	int status;

	(void)argv;
	if (argc != 1)
		return usage("shell", e);
	if (guest_directory(cx, &dir, e))
		return -1;
	/* A machine whose provisioning failed is entered to look at it. */
	if (vm_failed(&cx->vm, cx->trusted) && cx->vm.now.state == VM_RUNNING)
		msg_note("provision step %d has failed in this VM",
		    cx->vm.record.failed_step);
	else if (ctx_ensure(cx, e))
		return -1;
	return guest_shell(&cx->vm, cx->trusted, dir.s, &status, e) ? -1
								    : status;
}

#include "cmd/cmd.h"

#include "base/msg.h"

int
cmd_stop(struct ctx *cx, int argc, char **argv, struct err *e)
{
	int was;

	(void)argv;
	if (argc != 1)
		return usage("stop", e);
	if (ctx_vm(cx, e) || lima_find(&cx->vm.lima, cx->config, cx->self, e))
		return -1;
	was = vm_stop(&cx->vm, cx->project.root, e);
	if (was < 0)
		return -1;
	msg_note(was ? "the VM is stopped" : "the VM was not running");
	return 0;
}

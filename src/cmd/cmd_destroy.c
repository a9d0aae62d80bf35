#include "cmd/cmd.h"

#include "base/msg.h"

int
cmd_destroy(struct ctx *cx, int argc, char **argv, struct err *e)
{
	int was;
	bool yes = only_flag(argc, argv, "--yes");

	if (argc > 1 && !yes)
		return usage("destroy", e);
	/* A damaged record is one more reason to remove all of it. */
	if (ctx_vm(cx, e) && (e->code != ERR_CONFIG || cx->vm.state.fd < 0))
		return -1;
	if (lima_find(&cx->vm.lima, cx->config, cx->self, e))
		return -1;
	if (!yes &&
	    ask("remove the VM of this project with its disk?", &yes, e))
		return err_wrap(e, "not removed (in a script: --yes)");
	if (!yes)
		return err_set(e, ERR_CONFIG, "not removed");
	was = vm_destroy(&cx->vm, cx->project.root, e);
	if (was < 0)
		return -1;
	msg_note(was ? "the VM is removed; the project's files are untouched"
		     : "there was no VM");
	return 0;
}

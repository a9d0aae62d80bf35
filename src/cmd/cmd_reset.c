#include "cmd/cmd.h"

#include "base/msg.h"

/* Only one that runs has something to lose. */
static int
may_end(struct ctx *cx, bool yes, struct err *e)
{
	static const char question[] =
	    "the VM runs: end it, with all that is on its session disk?";

	if (ctx_vm(cx, e) || lima_find(&cx->vm.lima, cx->config, cx->self, e))
		return -1;
	if (yes || cx->vm.now.state != VM_RUNNING)
		return 0;
	if (ask(question, &yes, e))
		return err_wrap(e, "nothing is done (in a script: --yes)");
	return yes ? 0 : err_set(e, ERR_CONFIG, "nothing is done");
}

int
cmd_reset(struct ctx *cx, int argc, char **argv, struct err *e)
{
	int was;

	if (argc > 1 && !only_flag(argc, argv, "--yes"))
		return usage("reset", e);
	if (may_end(cx, argc > 1, e))
		return -1;
	was = vm_reset(&cx->vm, cx->project.root, e);
	if (was < 0)
		return -1;
	msg_note(
	    was ? "the session disk is discarded; the next line starts anew"
		: "the VM was not running");
	return 0;
}

int
cmd_rebuild(struct ctx *cx, int argc, char **argv, struct err *e)
{
	bool all = false, yes = false, kept;

	for (int i = 1; i < argc; i++) {
		bool *flag = strcmp(argv[i], "--all") == 0   ? &all
			     : strcmp(argv[i], "--yes") == 0 ? &yes
							     : NULL;

		if (!flag || *flag)
			return usage("rebuild", e);
		*flag = true;
	}
	if (may_end(cx, yes, e) ||
	    vm_rebuild(&cx->vm, cx->project.root, all, &kept, e) < 0)
		return -1;
	if (kept)
		msg_note("packages and tools are kept: another project uses "
			 "them, too");
	msg_note("the next start runs the provision steps anew");
	return 0;
}

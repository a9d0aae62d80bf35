#include "cmd/cmd.h"

#include "base/msg.h"

static int
start(struct ctx *cx, struct err *e)
{
	struct vm *vm = &cx->vm;

	if (vm->lima.slow)
		msg_note("the VM is slow: %s", vm->lima.slow);
	if (vm_ensure(vm, cx->trusted, true, e))
		return -1;
	msg_note("%s is ready%s", trusted_name(cx->trusted),
	    cx->trust == TRUST_CHANGED
		? ", as you allowed it; its Machinefile has changed since"
		: "");
	return 0;
}

int
cmd_start(struct ctx *cx, int argc, char **argv, struct err *e)
{
	struct vm *vm = &cx->vm;

	if (argc > 1 && !only_flag(argc, argv, "--background"))
		return usage("start", e);
	if (argc > 1)
		return vm_ready(vm, cx->trusted) ? 0
						 : vm_begin(vm, cx->trusted, e);
	return start(cx, e);
}

int
cmd_restart(struct ctx *cx, int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc > 1)
		return usage("restart", e);
	return vm_stop(&cx->vm, cx->project.root, e) < 0 ? -1 : start(cx, e);
}

/* In a process of its own that has the project's lock; see vm_begin(). */
int
cmd_start_worker(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const bool images = argc == 3 && strcmp(argv[2], VM_IMAGES) == 0;

	if (argc != 2 && !images)
		return usage("_start", e);
	if (project_open(&cx->project, &cx->paths, argv[1], e) ||
	    ctx_trust(cx, e))
		return -1;
	if (cx->trust != TRUST_ALLOWED)
		return err_set(e, ERR_UNTRUSTED, "%s/Machinefile %s",
		    cx->project.root, trust_why_not(cx->trust));
	if (ctx_vm(cx, e))
		return -1;
	cx->vm.images_only = images;
	return vm_work(&cx->vm, cx->trusted, e);
}

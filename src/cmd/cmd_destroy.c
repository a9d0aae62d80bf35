#include "cmd/cmd.h"

#include "base/msg.h"
#include "host/volume.h"

static int
any(const struct volume_info *v, void *arg, struct err *e)
{
	(void)v, (void)arg, (void)e;
	return 1;
}

static int
remove_volumes(struct ctx *cx, struct err *e)
{
	const char *root = cx->project.root;
	cleanup(fd) int lock = -1;
	unsigned count = 0;

	if (cx->vm.state.fd >= 0 && (lock = vm_lock(&cx->vm, root, e)) < 0)
		return -1;
	if (volume_remove_all(&cx->vm.lima, cx->vm.state.id, root, &count, e))
		return -1;
	if (count)
		msg_note("%u %s removed", count,
		    count == 1 ? "volume is" : "volumes are");
	return 0;
}

static int
keep_volumes(const struct ctx *cx, struct err *e)
{
	int has = volume_each_of(
	    &cx->vm.lima, cx->vm.state.id, cx->project.root, any, NULL, e);

	if (has > 0)
		msg_note("its volumes are kept; to see them, type: machine "
			 "volume list");
	return has < 0 ? -1 : 0;
}

int
cmd_destroy(struct ctx *cx, int argc, char **argv, struct err *e)
{
	int was;
	bool yes = false, volumes = false;

	for (int i = 1; i < argc; i++) {
		bool *flag = strcmp(argv[i], "--yes") == 0	 ? &yes
			     : strcmp(argv[i], "--volumes") == 0 ? &volumes
								 : NULL;

		if (!flag || *flag)
			return usage("destroy", e);
		*flag = true;
	}
	/* A damaged record is one more reason to remove all of it. */
	if (ctx_vm(cx, e) && (e->code != ERR_CONFIG || cx->vm.state.fd < 0))
		return -1;
	if (lima_find(&cx->vm.lima, cx->config, cx->self, e))
		return -1;
	if (!yes &&
	    ask(volumes
		    ? "remove the VM of this project with its disk, and its "
		      "volumes with everything on them?"
		    : "remove the VM of this project with its disk?",
		&yes, e))
		return err_wrap(e, "not removed (in a script: --yes)");
	if (!yes)
		return err_set(e, ERR_CONFIG, "not removed");
	was = vm_destroy(&cx->vm, cx->project.root, e);
	if (was < 0)
		return -1;
	msg_note(was ? "the VM is removed; the project's files are untouched"
		     : "there was no VM");
	return volumes ? remove_volumes(cx, e) : keep_volumes(cx, e);
}

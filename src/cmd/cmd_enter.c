#include "cmd/cmd.h"

#include "base/msg.h"
#include "host/hook.h"
#include "host/names.h"
#include "host/result.h"

/*
 * What a person is told on coming in; nothing when all is well. The words are
 * those of DESIGN.md 6.2.
 */
static void
tell(const struct ctx *cx)
{
	const char *root = cx->project.root;

	switch (cx->trust) {
	case TRUST_ALLOWED:
		return;
	case TRUST_NONE:
		if (!cx->project.text) {
			msg_error("%s", cx->project.problem.msg);
			return;
		}
		break;
	case TRUST_CHANGED:
		if (vm_ready(&cx->vm, cx->trusted)) {
			msg_error("%s/%s has changed: the VM goes on as you "
				  "allowed it, until you type: machine allow",
			    root, trusted_changed(cx->trusted));
			return;
		}
		break;
	case TRUST_DENIED:
	case TRUST_GONE:
		break;
	}
	msg_error("%s/%s %s", root,
	    cx->trust == TRUST_CHANGED ? trusted_changed(cx->trusted)
				       : MACHINEFILE_NAME,
	    trust_why_not(cx->trust));
}

/* Only in a project that is allowed as it is, and without a known failure. */
static void
begin_in_background(struct ctx *cx)
{
	struct err e = ERR_INIT;

	if (cx->trust != TRUST_ALLOWED ||
	    cx->config->autostart != AUTOSTART_CD ||
	    vm_ready(&cx->vm, cx->trusted))
		return;
	if (vm_failed(&cx->vm, cx->trusted)) {
		msg_error("provision step %d has failed: look with `machine "
			  "shell`, try again with `machine start`",
		    cx->vm.record.failed_step);
		return;
	}
	if (vm_begin(&cx->vm, cx->trusted, &e))
		msg_error("%s", e.msg);
}

int
cmd_enter(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf out = BUF_INIT;
	cleanup(buf) struct buf list = BUF_INIT;
	const char **words;
	bool on;

	if (argc != 3 || hook_shell(argv[1]) < 0)
		return usage("_enter", e);
	if (project_open(&cx->project, &cx->paths, argv[2], e) ||
	    ctx_trust(cx, e) || ctx_vm(cx, e))
		return -1; /* the state in the shell stays "locked" */
	words = host_words(cx);
	on = cx->trust == TRUST_ALLOWED || cx->trust == TRUST_CHANGED;
	hook_assign(&out, argv[1], "__machine_root", cx->project.root);
	hook_assign(&out, argv[1], "__machine_state", on ? "on" : "locked");
	hook_assign_list(&out, argv[1], "__machine_host", words);
	/* TAB reads it, and checks what it reads. */
	buf_addf(&list, "%s/%s/" NAMES_FILE, cx->paths.run, cx->vm.state.id);
	hook_assign(&out, argv[1], "__machine_names", list.s);
	free(words);
	(void)fwrite(out.s, 1, out.len, stdout);
	tell(cx);
	begin_in_background(cx);
	result_sweep(&cx->paths);
	return 0;
}

#include "cmd/cmd.h"

#include "base/msg.h"

/* In order (a test sees to it); matched whole, never by prefix. */
static const struct cmd commands[] = {
	{ "_enter", cmd_enter, NEED_CONFIG | IS_PLUMBING, "SHELL ROOT",
	    "a shell has come into a project" },
	{ "_line", cmd_line, RUNS_GUEST | IS_PLUMBING, "",
	    "a line was typed in a project" },
	{ "_names", cmd_names, NEED_CONFIG | IS_PLUMBING, "ROOT",
	    "list the guest's commands, for TAB" },
	{ "_route", cmd_route, IS_PLUMBING, "",
	    "would this line run on the host?" },
	{ "_start", cmd_start_worker, NEED_CONFIG | IS_PLUMBING,
	    "ROOT [images]", "make the VM of a project ready" },
	{ "allow", cmd_allow, NEED_CONFIG | NEED_PROJECT, "[--hash HASH]",
	    "approve this project's Machinefile as it is now" },
	{ "check", cmd_check, NEED_CONFIG, "[--json] [FILE]|--schema",
	    "say what is wrong with a Machinefile, trusting nothing" },
	{ "deny", cmd_deny, NEED_PROJECT, "",
	    "withdraw the approval; its lines do not run" },
	{ "destroy", cmd_destroy, NEED_CONFIG | NEED_PROJECT,
	    "[--volumes] [--yes]", "remove this project's VM" },
	{ "df", cmd_df, 0, "[--json]", "show what takes room on the host" },
	{ "help", cmd_help, 0, "[COMMAND|machinefile|config]",
	    "list the commands, or the keys of a file" },
	{ "hook", cmd_hook, 0, "bash|fish|zsh",
	    "print the code for a shell's startup file" },
	{ "image", cmd_image, NEED_CONFIG,
	    "build|import [--digest DIGEST] [--initrd FILE] [--kernel FILE] "
	    "[--yes] ALIAS FILE|list [--json]|prune [--all] [--yes]",
	    "show, make, import or remove what VMs are made of" },
	{ "init", cmd_init, NEED_CONFIG, "",
	    "write a Machinefile with comments" },
	{ "lock", cmd_lock, NEED_CONFIG | NEED_PROJECT, "",
	    "write Machinefile.lock, which pins the image" },
	{ "logs", cmd_logs, NEED_CONFIG | NEED_PROJECT,
	    "[engine|provision|start]", "show how the last start went" },
	{ "off", cmd_off_on, 0, "",
	    "leave this project's VM alone, in this shell" },
	{ "on", cmd_off_on, 0, "", "the opposite of off" },
	{ "prompt", cmd_prompt, 0, "",
	    "print the project for a prompt, and a mark" },
	{ "rebuild", cmd_rebuild, NEED_CONFIG | NEED_PROJECT, "[--all] [--yes]",
	    "have the provision steps run anew" },
	{ "reset", cmd_reset, NEED_CONFIG | NEED_PROJECT, "[--yes]",
	    "throw away what is on the VM's own disk" },
	{ "restart", cmd_restart,
	    NEED_CONFIG | NEED_PROJECT | NEED_TRUST | NEED_VM, "",
	    "stop the VM, and make it ready again" },
	{ "run", cmd_run,
	    NEED_CONFIG | NEED_PROJECT | NEED_TRUST | NEED_VM | RUNS_GUEST,
	    "[-t|-T] [--] COMMAND [ARG...]", "run one command in the VM" },
	{ "shell", cmd_shell,
	    NEED_CONFIG | NEED_PROJECT | NEED_TRUST | NEED_VM | RUNS_GUEST, "",
	    "open a shell in the VM" },
	{ "start", cmd_start, NEED_CONFIG | NEED_PROJECT | NEED_TRUST | NEED_VM,
	    "[--background]", "make the VM ready" },
	{ "status", cmd_status, NEED_CONFIG | NEED_PROJECT, "[--json]",
	    "show the project, the approval and the VM" },
	{ "stop", cmd_stop, NEED_CONFIG | NEED_PROJECT, "", "stop the VM" },
	{ "trust", cmd_trust, 0, "list|prune|revoke [PATH|--all]",
	    "show the decisions, or forget some" },
	{ "version", cmd_version, 0, "", "print the version" },
	{ "volume", cmd_volume, NEED_CONFIG,
	    "list [--all] [--json]|rm [--yes] [--project PATH] NAME...",
	    "show the volumes, or remove some" },
};

const struct cmd *
cmd_table(size_t *n)
{
	*n = ARRAY_LEN(commands);
	return commands;
}

const struct cmd *
cmd_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
usage(const char *name, struct err *e)
{
	const struct cmd *c = cmd_find(name);

	return err_set(e, ERR_USAGE, "usage: machine %s%s%s", name,
	    *c->args ? " " : "", c->args);
}

bool
only_flag(int argc, char **argv, const char *flag)
{
	return argc == 2 && strcmp(argv[1], flag) == 0;
}

static int
exit_status(const struct cmd *c, const struct err *e)
{
	if (e->code == ERR_USAGE)
		return 2;
	return c->flags & RUNS_GUEST ? 125 : 1;
}

static int
dispatch(const struct cmd *c, struct ctx *cx, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int status = -1;

	if (!ctx_provide(cx, c->flags, &e))
		status = c->run(cx, argc, argv, &e);
	if (status < 0) {
		msg_error("%s", e.msg);
		status = exit_status(c, &e);
	}
	if (fflush(stdout) || ferror(stdout)) {
		msg_error("cannot write to standard output");
		status = exit_status(c, &e);
	}
	return status;
}

static void
ctx_release(struct ctx *cx)
{
	vm_release(&cx->vm);
	trusted_free(cx->trusted);
	project_release(&cx->project);
	config_free(cx->config);
	paths_release(&cx->paths);
	free(cx->self);
}

/* Words that people try. */
static const char *
alias(const char *word)
{
	static const char *const aliases[][2] = {
		{ "--help", "help" },
		{ "-h", "help" },
		{ "--version", "version" },
		{ "-V", "version" },
		{ "up", "start" },
	};

	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(word, aliases[i][0]) == 0)
			return aliases[i][1];
	return word;
}

int
cmd_main(int argc, char **argv)
{
	struct ctx cx = { .vm = { .state = STATE_INIT } };
	const struct cmd *c;
	int status;

	cx.self = path_self(argc ? argv[0] : "machine");
	if (argc > 1 &&
	    (strcmp(argv[1], "-q") == 0 || strcmp(argv[1], "--quiet") == 0)) {
		msg_quiet(true);
		argc--;
		argv++;
	}
	c = cmd_find(argc > 1 ? alias(argv[1]) : "help");
	if (!c) {
		msg_error(
		    "\"%s\" is not a command: type: machine help", argv[1]);
		status = 2;
	} else if (argc == 3 && strcmp(argv[2], "--help") == 0) {
		char *words[] = { argv[0], xstrdup(c->name), NULL };

		status = dispatch(cmd_find("help"), &cx, 2, words);
		free(words[1]);
	} else {
		status = dispatch(c, &cx, argc > 1 ? argc - 1 : 1,
		    argc > 1 ? argv + 1 : argv);
	}
	ctx_release(&cx);
	return status;
}

#include "cmd/cmd.h"

#include "core/schema.h"

static void
list_commands(void)
{
	size_t n;
	const struct cmd *c = cmd_table(&n);

	(void)printf("machine - one project, one virtual machine\n\n"
		     "In your shell's startup file:  eval \"$(machine hook "
		     "zsh)\"  (or bash; fish: machine hook fish | source)\n"
		     "In a project:                  machine init, machine "
		     "allow, then type commands\n\n");
	for (size_t i = 0; i < n; i++)
		if (!(c[i].flags & IS_PLUMBING))
			(void)printf("  %-8s %-28s %s\n", c[i].name, c[i].args,
			    c[i].summary);
	(void)printf("\nmachine(1) is the manual; `machine help machinefile` "
		     "lists the keys of a Machinefile.\n");
}

static void
list_keys(const struct schema_key *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (k[i].later)
			continue;
		(void)printf(
		    "%s: %s\n    %s\n", k[i].path, k[i].type, k[i].meaning);
		if (k[i].unbuilt)
			(void)printf(
			    "    not yet built: with it no VM starts\n");
		if (*k[i].fallback)
			(void)printf("    default: %s\n", k[i].fallback);
		if (*k[i].effect)
			(void)printf(
			    "    a change takes effect: %s\n", k[i].effect);
	}
}

int
cmd_help(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const struct schema_key *keys;
	const struct cmd *c;
	size_t n;

	(void)cx;
	if (argc > 2)
		return usage("help", e);
	if (argc < 2) {
		list_commands();
	} else if (strcmp(argv[1], "machinefile") == 0) {
		keys = schema_machinefile(&n);
		list_keys(keys, n);
	} else if (strcmp(argv[1], "config") == 0) {
		keys = schema_config(&n);
		list_keys(keys, n);
	} else if ((c = cmd_find(argv[1])) && !(c->flags & IS_PLUMBING)) {
		(void)printf("usage: machine %s%s%s\n%s\n", c->name,
		    *c->args ? " " : "", c->args, c->summary);
	} else {
		return err_set(e, ERR_USAGE,
		    "\"%s\" is not a command: type: machine help", argv[1]);
	}
	return 0;
}

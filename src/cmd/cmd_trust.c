#include "cmd/cmd.h"

#include <sys/stat.h>

#include "base/msg.h"

static bool
is_directory(const char *root)
{
	struct stat st;

	return lstat(root, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
list_one(const char *root, enum trust_state what, void *arg, struct err *e)
{
	const char *word = what == TRUST_ALLOWED  ? "allowed"
			   : what == TRUST_DENIED ? "denied"
						  : "damaged";
	cleanup(buf) struct buf safe = BUF_INIT;

	(void)arg, (void)e;
	msg_scrub(&safe, root, strlen(root), false);
	(void)printf("%-7s  %s%s\n", word, safe.s,
	    is_directory(root) ? "" : "  (no such directory)");
	return 0;
}

static int
prune_one(const char *root, enum trust_state what, void *arg, struct err *e)
{
	(void)what;
	if (is_directory(root))
		return 0;
	msg_note("forgotten: %s", root);
	return trust_revoke(root, arg, e);
}

static int
revoke_one(const char *root, enum trust_state what, void *arg, struct err *e)
{
	(void)what;
	msg_note("forgotten: %s", root);
	return trust_revoke(root, arg, e);
}

static int
forget(struct ctx *cx, int argc, char **argv, struct err *e)
{
	if (argc == 3 && strcmp(argv[2], "--all") == 0)
		return trust_each(&cx->paths, revoke_one, &cx->paths, e);
	if (argc == 3 && argv[2][0] == '/')
		/* As it was recorded: the directory need not exist any more. */
		return revoke_one(argv[2], TRUST_NONE, &cx->paths, e);
	if (argc != 2)
		return usage("trust", e);
	if (ctx_provide(cx, NEED_PROJECT, e))
		return -1;
	return revoke_one(cx->project.root, TRUST_NONE, &cx->paths, e);
}

int
cmd_trust(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(verb, "list") == 0)
		return trust_each(&cx->paths, list_one, NULL, e);
	if (argc == 2 && strcmp(verb, "prune") == 0)
		return trust_each(&cx->paths, prune_one, &cx->paths, e);
	if (strcmp(verb, "revoke") == 0)
		return forget(cx, argc, argv, e);
	return usage("trust", e);
}

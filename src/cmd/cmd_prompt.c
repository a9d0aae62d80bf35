#include "cmd/cmd.h"

#include "base/msg.h"

/* What some shell or theme would expand in a prompt. */
#define EXPANDED "%$`\\!{}()[]<>;&|'\"~"

/* How the lines of this project fare; "" if they run. */
static const char *
mark(struct ctx *cx)
{
	struct err ignored = ERR_INIT;

	if (ctx_provide(cx, NEED_CONFIG | NEED_PROJECT, &ignored) ||
	    ctx_trust(cx, &ignored) || ctx_vm(cx, &ignored))
		return "!";
	switch (cx->trust) {
	case TRUST_ALLOWED:
	case TRUST_CHANGED:
		if (!vm_ready(&cx->vm, cx->trusted))
			return "...";
		return cx->trust == TRUST_CHANGED ? "*" : "";
	case TRUST_NONE:
	case TRUST_DENIED:
	case TRUST_GONE:
		break;
	}
	return "!";
}

/*
 * For prompt themes, which call this at each prompt: it asks nothing of Lima,
 * reports nothing and prints nothing outside a project. The name is a
 * directory's, so that anybody may have chosen it.
 */
int
cmd_prompt(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf safe = BUF_INIT;
	const char *name = getenv("MACHINE_PROJECT");

	(void)argv;
	if (argc != 1)
		return usage("prompt", e);
	if (!name || !*name)
		return 0;
	msg_scrub(&safe, name, strlen(name), false);
	for (size_t i = 0; i < safe.len; i++)
		if (strchr(EXPANDED, safe.s[i]))
			safe.s[i] = '?';
	(void)printf("%s%s\n", safe.s, mark(cx));
	return 0;
}

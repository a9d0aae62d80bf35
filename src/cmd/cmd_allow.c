#include "cmd/cmd.h"

#include "base/msg.h"
#include "cmd/display.h"
#include "host/settings.h"

#define HASH_MIN 32 /* hexadecimal digits that --hash must give at least */

static struct machinefile *
approved_before(const struct ctx *cx)
{
	struct diags d = { .count = 0 };
	struct machinefile *mf;
	size_t len;
	cleanup(str) char *text = trust_approved(
	    cx->project.root, &cx->paths, &len);

	if (!text)
		return NULL;
	mf = machinefile_parse(text, len, &cx->limits, &d);
	return mf;
}

static void
show(const struct ctx *cx, const struct machinefile *mf)
{
	cleanup(machinefile) struct machinefile *before = approved_before(cx);

	msg_plain("%s/%s%s:", cx->project.root, MACHINEFILE_NAME,
	    before ? ", changed since you allowed it" : "");
	display_text(cx->project.text, cx->project.len);
	if (!cx->project.len)
		msg_plain("  (empty: the defaults)");
	msg_plain("It asks for%s:", before ? " (! is new or wider)" : "");
	display_capabilities(mf, before);
}

/* A script says which bytes it means. */
static int
check_hash(const struct ctx *cx, const char *given, struct err *e)
{
	char hash[HASH_SHA256_HEX + 1];
	size_t n = strlen(given);

	hash_sha256(cx->project.text, cx->project.len, hash);
	if (n < HASH_MIN || n > HASH_SHA256_HEX)
		return err_set(e, ERR_USAGE,
		    "--hash takes %d to %d hexadecimal digits, as `machine "
		    "status` shows them",
		    HASH_MIN, HASH_SHA256_HEX);
	if (strncmp(hash, given, n) != 0)
		return err_set(e, ERR_UNTRUSTED,
		    "%s/%s is not the one with this hash: nothing is allowed",
		    cx->project.root, MACHINEFILE_NAME);
	return 0;
}

int
cmd_allow(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *hash = argc == 3 && strcmp(argv[1], "--hash") == 0 ? argv[2]
								       : NULL;
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(str) char *path = path_join(cx->project.root, MACHINEFILE_NAME);
	struct diags d = { .count = 0 };
	bool yes = false;

	if (argc != 1 && !hash)
		return usage("allow", e);
	if (!cx->project.text) {
		*e = cx->project.problem;
		return -1;
	}
	mf = machinefile_parse(
	    cx->project.text, cx->project.len, &cx->limits, &d);
	if (!mf)
		return settings_complain(e, path, &d);
	if (hash) {
		if (check_hash(cx, hash, e))
			return -1;
	} else {
		show(cx, mf);
		if (ask("allow exactly this?", &yes, e))
			return err_wrap(e, "not allowed (in a script: --hash)");
		if (!yes)
			return err_set(e, ERR_UNTRUSTED, "not allowed");
	}
	if (trust_allow(&cx->project, &cx->paths, e))
		return err_wrap(e, "cannot record the decision");
	msg_note("%s is allowed", path);
	return 0;
}

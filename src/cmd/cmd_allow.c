#include "cmd/cmd.h"

#include "base/msg.h"
#include "cmd/display.h"

#define HASH_MIN 32 /* hexadecimal digits that --hash must give at least */

/* Each file as it is now, and what all of it asks for. */
static void
show(const struct ctx *cx, const struct snapshot *now,
    const struct machinefile *mf)
{
	cleanup(machinefile) struct machinefile *before = NULL;
	cleanup(snapshot) struct snapshot approved = { .n = 0 };
	struct diags d = { .count = 0 };

	if (trust_approved(cx->project.root, &cx->paths, &approved))
		before = machinefile_parse(approved.files[0].bytes,
		    approved.files[0].len, &cx->limits, &d);
	for (size_t i = 0; i < now->n; i++)
		display_file(cx->self, cx->project.root, &now->files[i],
		    snapshot_find(&approved, now->files[i].name));
	msg_plain("It asks for%s:", before ? " (! is new or wider)" : "");
	display_capabilities(mf, before);
}

/* A script says which bytes it means. */
static int
check_hash(const struct ctx *cx, const struct snapshot *s, const char *given,
    struct err *e)
{
	char hash[HASH_SHA256_HEX + 1];
	size_t n = strlen(given);

	snapshot_hash(s, hash);
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

/* What is outside of the project is asked for by itself. */
static int
ask_mounts(const struct machinefile *mf, struct err *e)
{
	for (size_t i = 0; i < mf->nmounts; i++) {
		cleanup(buf) struct buf question = BUF_INIT;
		bool yes = false;

		if (!mf->mounts[i].outside)
			continue;
		buf_addf(&question,
		    "give the VM %s, which is outside of the project?",
		    mf->mounts[i].from);
		if (ask(question.s, &yes, e))
			return err_wrap(e, "not allowed (in a script: --hash)");
		if (!yes)
			return err_set(e, ERR_UNTRUSTED, "not allowed");
	}
	return 0;
}

/* What a person says to what is shown: 'y', 'd', 'e', or '\0' for no. */
static int
decide(const struct ctx *cx, const struct snapshot *now,
    const struct machinefile *mf, char *answer, struct err *e)
{
	show(cx, now, mf);
	if (ask_mounts(mf, e))
		return -1;
	if (ask_letter(
		"allow exactly this? [y/N/e(dit)/d(eny)]", "yed", answer, e))
		return err_wrap(e, "not allowed (in a script: --hash)");
	return 0;
}

/* With an editor in between all of it is read, shown and asked anew. */
static int
edit_and_allow(struct ctx *cx, char **argv, struct err *e)
{
	if (edit_machinefile(cx, e))
		return -1;
	project_release(&cx->project);
	if (ctx_provide(cx, NEED_PROJECT, e))
		return -1;
	return cmd_allow(cx, 1, argv, e);
}

int
cmd_allow(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *hash = argc == 3 && strcmp(argv[1], "--hash") == 0 ? argv[2]
								       : NULL;
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(snapshot) struct snapshot now = { .n = 0 };
	char answer = 'y';

	if (argc != 1 && !hash)
		return usage("allow", e);
	/* Read once: what is shown is what is approved. */
	if (trust_candidate(&cx->project, &cx->limits, &now, &mf, e))
		return -1;
	if (hash ? check_hash(cx, &now, hash, e)
		 : decide(cx, &now, mf, &answer, e))
		return -1;
	if (answer == 'e')
		return edit_and_allow(cx, argv, e);
	if (answer == 'd')
		return cmd_deny(cx, 1, argv, e);
	if (answer != 'y')
		return err_set(e, ERR_UNTRUSTED, "not allowed");
	if (trust_allow(cx->project.root, &now, &cx->paths, e))
		return err_wrap(e, "cannot record the decision");
	msg_note("%s/%s is allowed", cx->project.root, MACHINEFILE_NAME);
	return 0;
}

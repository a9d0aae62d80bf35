#include "cmd/cmd.h"

#include "base/msg.h"
#include "base/proc.h"
#include "host/guest.h"
#include "host/hook.h"
#include "host/result.h"
#include "host/tty.h"

/*
 * The hooks' question about a typed line. Exit status 0: it has been dealt
 * with, and the file $MACHINE_RESULT says how it ended; 10: it is a line for
 * the host; anything else: nothing was run, and nothing will be.
 */
#define LINE_HOST 10

static const char *
env(const char *name)
{
	const char *v = getenv(name);

	return v ? v : "";
}

static bool
env_set(const char *name)
{
	return *env(name) && strcmp(env(name), "0") != 0;
}

static bool
is_host_line(const struct ctx *cx, const char *cwd)
{
	const char **words = host_words(cx);
	const struct route_query q = { .typed = env("MACHINE_LINE"),
		.expanded = env("MACHINE_EXPANDED"),
		.cwd = cwd,
		.root = env("MACHINE_ROOT"),
		.home = cx->paths.home,
		.oldpwd = getenv("OLDPWD"),
		.shell = (enum route_shell)hook_shell(env("MACHINE_SHELL")),
		.jobs = env_set("MACHINE_JOBS"),
		.autocd = env_set("MACHINE_AUTOCD"),
		.host_commands = words };
	bool host = hook_is_host(&q);

	free(words);
	return host;
}

/* As the shell names it; only a name, so it need not exist. */
static int
shell_directory(struct buf *cwd, struct err *e)
{
	char physical[4096];

	if (env("PWD")[0] == '/')
		buf_adds(cwd, env("PWD"));
	else if (getcwd(physical, sizeof(physical)))
		buf_adds(cwd, physical);
	else
		return err_sys(e, "cannot tell the current directory");
	return 0;
}

/*
 * The configuration, and the project if there is one that can be opened: both
 * say which words are the host's. With a bad config.yaml one must still be able
 * to leave and to mend it, so that the defaults decide then; -1 says it was
 * bad.
 */
static int
look_around(struct ctx *cx, struct err *e)
{
	struct diags none = { .count = 0 };
	struct err ignored = ERR_INIT; /* run_line() will say it */

	if (ctx_provide(cx, NEED_CONFIG, e)) {
		cx->config = config_parse(NULL, 0, &none);
		return -1;
	}
	if (project_open(
		&cx->project, &cx->paths, env("MACHINE_ROOT"), &ignored) == 0)
		(void)!ctx_trust(cx, &ignored);
	return 0;
}

int
cmd_route(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf cwd = BUF_INIT;

	(void)argv;
	if (argc != 1 || hook_shell(env("MACHINE_SHELL")) < 0)
		return usage("_route", e);
	if (shell_directory(&cwd, e))
		return -1;
	/* What is wrong with it is said when a line is refused. */
	(void)!look_around(cx, e);
	return is_host_line(cx, cwd.s) ? LINE_HOST : 0;
}

/* Said once per shell and per change, not at every line. */
static void
tell_change(struct ctx *cx)
{
	cleanup(buf) struct buf what = BUF_INIT;
	char hex[HASH_XXH128_HEX + 1];
	const char *changed;

	if (cx->trust != TRUST_CHANGED)
		return;
	changed = trusted_changed(cx->trusted);
	hash_xxh128(cx->project.text, cx->project.len, hex);
	buf_addf(&what, "%s %s %s", cx->vm.state.id, changed, hex);
	if (!result_told(&cx->paths, env("MACHINE_SID"), "change", what.s))
		msg_error("%s/%s has changed: the VM goes on as you allowed "
			  "it, until you type: machine allow",
		    cx->project.root, changed);
}

static uint8_t
last_status(void)
{
	return (uint8_t)strtoul(env("MACHINE_STATUS"), NULL, 10);
}

static int
run_line(struct ctx *cx, const char *text, struct guest_end *end, struct err *e)
{
	const struct guest_line line = { .shell = env("MACHINE_SHELL"),
		.sid = env("MACHINE_SID"),
		.aliases = env("MACHINE_ALIASES"),
		.text = text,
		.status = last_status() };
	cleanup(buf) struct buf dir = BUF_INIT;

	/* look_around() has it, unless something was wrong: then say what. */
	if ((!cx->project.root && project_open(&cx->project, &cx->paths,
				      env("MACHINE_ROOT"), e)) ||
	    ctx_provide(cx, NEED_TRUST | NEED_VM, e) ||
	    guest_directory(cx, &dir, e) || ctx_ensure(cx, e))
		return -1;
	tell_change(cx);
	return guest_line(&cx->vm, cx->trusted, dir.s, &line, end, e);
}

/* For the hook; what the guest says is looked at first. */
static int
tell_hook(struct ctx *cx, const char *cwd, struct guest_end *end, struct err *e)
{
	const char *root = cx->project.root;

	return result_write(&cx->paths, env("MACHINE_RESULT"), end->status,
	    root ? result_directory(end->cwd.s, root, cwd) : "",
	    result_typed(&end->typed), e);
}

/* What is left of a line that began outside, at $MACHINE_FROM. */
static int
line_to_run(
    const struct ctx *cx, const char *cwd, const char **line, struct err *e)
{
	const char *from = env("MACHINE_FROM");

	*line = env("MACHINE_LINE");
	if (!*from)
		return 0;
	*line = route_rest(*line, from, cwd, cx->paths.home);
	if (*line)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "this line entered the project: the rest of it was not run; type "
	    "it again to run it in the VM");
}

int
cmd_line(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(buf) struct buf cwd = BUF_INIT;
	cleanup(guest_end) struct guest_end end = GUEST_END_INIT;
	struct err why = ERR_INIT;
	const char *line;
	bool bad;

	(void)argv;
	if (argc != 1 || hook_shell(env("MACHINE_SHELL")) < 0)
		return usage("_line", e);
	if (shell_directory(&cwd, e))
		return -1;
	/* Under bash's PS0 we share the shell's process group. */
	proc_unstoppable();
	bad = look_around(cx, &why) != 0;
	if (cx->paths.run)
		tty_recover(&cx->paths);
	if (!*env("MACHINE_FROM") && !env_set("MACHINE_FORCE") &&
	    is_host_line(cx, cwd.s))
		return LINE_HOST;
	if (bad || line_to_run(cx, cwd.s, &line, &why) ||
	    (*line && run_line(cx, line, &end, &why))) {
		msg_error("nothing was run: %s", why.msg);
		end.line_start = true;
	} else if (!*line) {
		end.status = 0; /* `cd P;` */
	}
	/* bash is about to end the line that has been ended already. */
	if (end.line_start && env_set("MACHINE_UP"))
		msg_up();
	return tell_hook(cx, cwd.s, &end, e);
}

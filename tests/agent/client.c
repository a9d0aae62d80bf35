/*
 * A command over an agent whose directory is given: what `machine run` and the
 * hooks do, without a VM, for tests.
 *
 *	agent_client [-rt] [-o KEY=VALUE]... DIR exec COMMAND [ARG...]
 *	agent_client DIR line SHELL SID TEXT
 *
 * -r: as root. Keys: wait (ms for the connection), ping, frozen (ms), pid (of
 *the VM), cwd, run (the runtime directory), result (a file for what a hook
 *would learn).
 */
#include "base/base.h"

#include "base/msg.h"
#include "base/proc.h"
#include "host/agent.h"

extern char **environ;

static struct {
	const char *dir, *cwd, *run, *result;
	int wait, ping, frozen;
	pid_t vm;
	bool terminal, root, closed_stdin;
} opt = { .wait = 5000, .cwd = "", .run = "" };

static void
set(char *key)
{
	char *value = strchr(key, '=');
	long n;

	if (!value)
		exit(2);
	*value++ = '\0';
	n = strtol(value, NULL, 10);
	if (strcmp(key, "wait") == 0)
		opt.wait = (int)n;
	else if (strcmp(key, "ping") == 0)
		opt.ping = (int)n;
	else if (strcmp(key, "frozen") == 0)
		opt.frozen = (int)n;
	else if (strcmp(key, "pid") == 0)
		opt.vm = (pid_t)n;
	else if (strcmp(key, "cwd") == 0)
		opt.cwd = value;
	else if (strcmp(key, "run") == 0)
		opt.run = value;
	else if (strcmp(key, "result") == 0)
		opt.result = value;
}

static int
fail(const char *what)
{
	msg_error("nothing was run: %s", what);
	return 125;
}

static void
write_result(const struct agent_result *r)
{
	FILE *f = opt.result ? fopen(opt.result, "w") : NULL;

	if (!f)
		return;
	(void)fprintf(f, "%d\n%s\n%s\n%d\n", r->status, r->cwd.s, r->typed.s,
	    r->line_start);
	(void)fclose(f);
}

static int
run(struct agent_conn *a, int argc, char **argv)
{
	const struct paths paths = { .run = (char *)(uintptr_t)opt.run };
	cleanup(tty) struct tty tty = TTY_NONE;
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	struct agent_io io = { .in = 0, .out = 1, .err = 2 };
	bool line = strcmp(argv[0], "line") == 0;
	struct err e = ERR_INIT;
	int rc;

	if (opt.terminal || line) {
		tty_open(&tty, &paths);
		io.tty = &tty;
	}
	if (line) {
		const struct wire_line x = { .session = argv[2],
			.kind = argv[1],
			.term = getenv("TERM"),
			.cwd = opt.cwd,
			.aliases = "",
			.text = argc > 3 ? argv[3] : "",
			.env = (const char **)(uintptr_t)environ };

		io.leave_ms = 50;
		rc = agent_line(a, &x, &io, &r, &e);
	} else {
		const struct wire_exec x = { .flags = opt.root ? WIRE_EXEC_ROOT
							       : 0,
			.cwd = opt.cwd,
			.argv = (const char **)(uintptr_t)(argv + 1),
			.env = (const char **)(uintptr_t)environ };

		rc = agent_exec(a, &x, &io, &r, &e);
	}
	tty_release(&tty);
	if (rc)
		return fail(e.msg);
	if (r.lost)
		msg_error("it may have run: %s", r.why.s);
	else if (r.not_run)
		msg_error("%s", r.why.s);
	write_result(&r);
	return r.status;
}

int
main(int argc, char **argv)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	const struct paths paths = { .run = NULL };
	struct err e = ERR_INIT;
	int o;

	(void)paths;
	proc_init();
	while ((o = getopt(argc, argv, "+rto:")) != -1) {
		if (o == 't')
			opt.terminal = true;
		else if (o == 'r')
			opt.root = true;
		else if (o == 'o')
			set(optarg);
		else
			return 2;
	}
	if (argc - optind < 3)
		return 2;
	opt.dir = argv[optind];
	if (!*opt.run)
		opt.run = opt.dir;
	if (opt.ping)
		a.ping_ms = opt.ping;
	if (opt.frozen)
		a.frozen_ms = opt.frozen;
	a.vm = opt.vm;
	tty_recover(&(struct paths){ .run = (char *)(uintptr_t)opt.run });
	if (agent_open(&a, opt.dir, opt.wait, &e))
		return fail(e.msg);
	return run(&a, argc - optind - 1, argv + optind + 1);
}

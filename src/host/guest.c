#include "host/guest.h"

#include "base/msg.h"
#include "host/agent.h"
#include "host/guest_lima.h"
#include "host/names.h"
#include "host/result.h"

/* A busy guest takes its time to greet; after that `limactl shell` is tried. */
#define GREETING_MS 10000
/* A forwarded socket is there when it works, or it is left over. */
#define FORWARDED_MS 2000
/* The first lines of a paste are for the shell, if it is back by then. */
#define LEAVE_INPUT_MS 50

void
guest_env(struct argv *env, const struct trusted *t)
{
	const struct machinefile *mf = trusted_machinefile(t);

	argv_push(env, "MACHINE_GUEST=1");
	/* As the hooks have it on the host. */
	argv_pushf(
	    env, "MACHINE_PROJECT=%s", strrchr(trusted_root(t), '/') + 1);
	/* The host's locale need not exist there; this one always does. */
	argv_push(env, "LANG=C.UTF-8");
	for (size_t i = 0; i < mf->npass_env; i++) {
		const char *v = getenv(mf->pass_env[i]);

		if (v)
			argv_pushf(env, "%s=%s", mf->pass_env[i], v);
	}
	for (size_t i = 0; i < mf->nenv; i++)
		argv_pushf(env, "%s=%s", mf->env[i].name, mf->env[i].value);
}

static const char *
terminal_type(void)
{
	const char *term = getenv("TERM");

	return term && *term ? term : "dumb";
}

static void
terminal_env(struct argv *env)
{
	const char *colours = getenv("COLORTERM");

	argv_pushf(env, "TERM=%s", terminal_type());
	if (colours)
		argv_pushf(env, "COLORTERM=%s", colours);
}

/* false: there is no way to the agent just now. Nothing was sent. */
static bool
reach(const struct vm *vm, struct agent_conn *a)
{
	cleanup(str) char *dir = path_join(vm->paths->run, vm->state.id);
	struct err ignored = ERR_INIT;

	a->vm = vm->now.driver;
	switch (agent_way(dir)) {
	case AGENT_PORT:
		return agent_open(a, dir, GREETING_MS, &ignored) == 0;
	case AGENT_FORWARDED:
		return agent_open(a, dir, FORWARDED_MS, &ignored) == 0;
	case AGENT_NO_WAY:
		break;
	}
	return false;
}

const char *
guest_way(const struct vm *vm)
{
	cleanup(str) char *dir = path_join(vm->paths->run, vm->state.id);

	switch (agent_way(dir)) {
	case AGENT_PORT:
		return "agent (virtio-serial)";
	case AGENT_FORWARDED:
		return "agent (ssh)";
	case AGENT_NO_WAY:
		break;
	}
	return "limactl shell";
}

static bool
all_terminals(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       isatty(STDERR_FILENO);
}

/* What is to be said about how it ended. */
static void
tell(const struct agent_result *r)
{
	if (r->notices.len)
		msg_note("%s", r->notices.s);
	if (r->lost)
		msg_error("the VM was lost while the command ran (%s): it may "
			  "have done some of its work",
		    r->why.s);
	else if (r->not_run)
		msg_error("%s", r->why.s);
}

static int
exec_there(const struct vm *vm, struct agent_conn *a, const struct trusted *t,
    const char *cwd, const char *const *words, bool terminal, int *status,
    bool *interrupted, struct err *e)
{
	cleanup(argv) struct argv env = ARGV_INIT;
	cleanup(tty) struct tty tty = TTY_NONE;
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	struct agent_io io = {
		.in = STDIN_FILENO, .out = STDOUT_FILENO, .err = STDERR_FILENO
	};
	struct wire_exec x = { .cwd = cwd };

	if (terminal) {
		terminal_env(&env);
		tty_open(&tty, vm->paths);
		io.tty = &tty;
	}
	guest_env(&env, t);
	/* Only read; the type is that of a message that was received. */
	x.argv = (const char **)(uintptr_t)words;
	x.env = (const char **)(uintptr_t)env.v;
	if (agent_exec(a, &x, &io, &r, e))
		return -1;
	tell(&r);
	*status = r.status;
	*interrupted = r.interrupted;
	return 0;
}

int
guest_run(const struct vm *vm, const struct trusted *t, const char *cwd,
    char *const *words, enum guest_terminal terminal, int *status,
    bool *interrupted, struct err *e)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	bool with = terminal == TERMINAL_YES ||
		    (terminal == TERMINAL_AUTO && all_terminals());

	*interrupted = false;
	tty_recover(vm->paths);
	if (!reach(vm, &a))
		return guest_lima_run(vm, t, cwd, words, status, e);
	return exec_there(vm, &a, t, cwd, (const char *const *)words, with,
	    status, interrupted, e);
}

int
guest_shell(const struct vm *vm, const struct trusted *t, const char *cwd,
    int *status, struct err *e)
{
	static const char *const login[] = { "/bin/sh", "-c",
		"exec \"${SHELL:-/bin/sh}\" -l", NULL };
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	bool ignored;

	tty_recover(vm->paths);
	if (!reach(vm, &a))
		return guest_lima_shell(vm, t, cwd, status, e);
	return exec_there(
	    vm, &a, t, cwd, login, isatty(STDIN_FILENO), status, &ignored, e);
}

static int
line_there(const struct vm *vm, struct agent_conn *a, const struct trusted *t,
    const char *cwd, const struct guest_line *line, struct guest_end *end,
    struct err *e)
{
	cleanup(argv) struct argv env = ARGV_INIT;
	cleanup(tty) struct tty tty = TTY_NONE;
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	const struct agent_io io = { .in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.tty = &tty,
		.leave_ms = LEAVE_INPUT_MS };
	struct wire_line x = { .status = line->status,
		.session = line->sid,
		.kind = line->shell,
		.term = terminal_type(),
		.cwd = cwd,
		.aliases = line->aliases,
		.text = line->text };

	terminal_env(&env);
	guest_env(&env, t);
	x.env = (const char **)(uintptr_t)env.v;
	tty_open(&tty, vm->paths);
	if (agent_line(a, &x, &io, &r, e))
		return -1;
	tty_release(&tty);
	/* That the guest has no such shell: not in each new session. */
	if (r.notices.len &&
	    result_told(vm->paths, line->sid, "notice", r.notices.s))
		buf_release(&r.notices);
	tell(&r);
	end->status = r.status;
	end->line_start = r.line_start || r.lost || r.not_run;
	buf_add(&end->cwd, r.cwd.s, r.cwd.len);
	buf_add(&end->typed, r.typed.s, r.typed.len);
	return 0;
}

int
guest_line(const struct vm *vm, const struct trusted *t, const char *cwd,
    const struct guest_line *line, struct guest_end *end, struct err *e)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;

	if (!*line->sid || !reach(vm, &a))
		return guest_lima_line(
		    vm, t, cwd, line->shell, line->text, &end->status, e);
	if (line_there(vm, &a, t, cwd, line, end, e))
		return -1;
	if (names_due(vm))
		names_begin(vm, t);
	return 0;
}

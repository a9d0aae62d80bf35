#include "host/vm_work.h"

#include <fcntl.h>

#include "base/fs.h"
#include "core/tools.h"
#include "host/guest_lima.h"

/*
 * The guest's agent, for the worker: it greets when the guest has its mounts
 * and can be used, and over it go the steps. A guest that boots by itself has
 * none; then there is ssh (lima_probe()) and `limactl shell` (guest.c).
 */
#define OUTPUT_MAX 4096

static const char step_script[] = {
#include "guest/step.inc"
};

char *
vm_run_directory(const struct vm *vm)
{
	return path_join(
	    vm->paths->run, vm->building ? vm->instance : vm->state.id);
}

int
vm_connect(struct work *w, int deadline_ms, struct err *e)
{
	cleanup(str) char *dir = vm_run_directory(w->vm);

	w->agent.vm = w->vm->now.driver;
	return agent_open(&w->agent, dir, deadline_ms, e);
}

bool
vm_connected(const struct work *w)
{
	return w->agent.fd >= 0;
}

/* Strings that are only read; the type is that of a received message. */
static const char **
words(const char *const *v)
{
	return (const char **)(uintptr_t)v;
}

int
vm_ask(struct work *w, const char *command, unsigned seconds, int *status,
    struct err *e)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const char *const env[] = { NULL };
	const struct wire_exec x = {
		.cwd = "/", .argv = words(argv), .env = words(env)
	};
	cleanup(buf) struct buf out = BUF_INIT;

	return agent_capture(
	    &w->agent, &x, OUTPUT_MAX, (int)seconds * 1000, &out, status, e);
}

/*
 * An image belongs to several projects, so nothing of one is in it; what the
 * recipes want to know of the host is not in the layer's name either.
 */
static void
step_env(struct argv *env, const struct work *w)
{
	const char *user = getenv("USER");

	if (!w->vm->building) {
		guest_env(env, w->trusted);
		return;
	}
	argv_push(env, "LANG=C.UTF-8");
	if (user)
		argv_pushf(env, "MACHINE_USER=%s", user);
	for (const char *const *name = tools_host_env; *name; name++) {
		const char *v = getenv(*name);

		if (v)
			argv_pushf(env, "%s=%s", *name, v);
	}
}

static int
step(struct work *w, const struct step *s, const struct argv *env, int script,
    int log, int *status, struct err *e)
{
	const char *const argv[] = { "/bin/sh", "-c", step_script, "machine",
		w->dir, "itself", NULL };
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	const struct agent_io io = { .in = script, .out = log, .err = log };
	const struct wire_exec x = {
		.flags = s->as == STEP_ROOT ? WIRE_EXEC_ROOT : 0,
		.cwd = w->dir,
		.argv = words(argv),
		.env = words(argv_const(env)),
	};

	if (agent_exec(&w->agent, &x, &io, &r, e))
		return -1;
	if (r.lost || r.not_run) {
		err_set(e, ERR_BACKEND,
		    "the step was cut short: %s: see machine logs provision",
		    r.why.s);
		return vm_blame_room(w->vm, e);
	}
	*status = r.status;
	return 0;
}

int
vm_step(struct work *w, const struct step *s, const struct file_bytes *bytes,
    int log, int *status, struct err *e)
{
	cleanup(argv) struct argv env = ARGV_INIT;
	cleanup(fd) int script = -1;

	step_env(&env, w);
	if (!vm_connected(w))
		return guest_lima_step(w->vm, &env, w->dir, s->as, bytes->data,
		    bytes->len, log, status, e);
	script = fs_anonymous(w->vm->state.fd, bytes->data, bytes->len, e);
	return script < 0 ? -1 : step(w, s, &env, script, log, status, e);
}

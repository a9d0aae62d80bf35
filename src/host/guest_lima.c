#include "host/guest_lima.h"

#include "base/fs.h"
#include "base/msg.h"
#include "base/proc.h"

/*
 * `limactl shell` makes one argument of ssh, and one of the guest's shell, out
 * of the whole command; Linux allows 128 KiB for one, and quoting takes some.
 */
#define COMMAND_MAX (96u << 10)

static const char run_script[] = {
#include "guest/run.inc"
};
static const char step_script[] = {
#include "guest/step.inc"
};

/* The words before the command's own: program, environment, script. */
static void
begin(struct argv *argv, const struct vm *vm, const struct argv *env,
    const char *script, const char *cwd)
{
	lima_shell(&vm->lima, argv, vm->instance);
	argv_push(argv, "env");
	for (size_t i = 0; i < env->n; i++)
		argv_push(argv, env->v[i]);
	argv_push(argv, "sh");
	argv_push(argv, "-c");
	argv_push(argv, script);
	argv_push(argv, "machine");
	argv_push(argv, cwd);
}

static int
check_size(const struct argv *argv, struct err *e)
{
	size_t bytes = 0;

	for (size_t i = 0; i < argv->n; i++)
		bytes += strlen(argv->v[i]) + 3;
	if (bytes <= COMMAND_MAX)
		return 0;
	return err_set(e, ERR_BACKEND,
	    "the command is too long: %zu KiB, at most %u KiB can be sent to "
	    "the VM; put it into a file",
	    bytes >> 10, COMMAND_MAX >> 10);
}

static int
run(const struct vm *vm, const struct argv *argv, int *status, struct err *e)
{
	const struct proc p = { .path = vm->lima.limactl,
		.argv = argv_const(argv),
		.envp = argv_const(&vm->lima.env) };
	struct lima_instance now;

	if (check_size(argv, e) || proc_run(&p, status, e))
		return -1;
	if (*status != SSH_UNREACHABLE)
		return 0;
	/* Its own 255, or no connection? A machine that has gone tells. */
	lima_look(&vm->lima, vm->instance, &now);
	if (now.state == VM_RUNNING && strcmp(now.boot, vm->now.boot) == 0)
		return 0;
	msg_error("the VM has gone away while the command ran: it may have "
		  "done some of its work");
	*status = 125;
	return 0;
}

int
guest_lima_run(const struct vm *vm, const struct trusted *t, const char *cwd,
    char *const *words, int *status, struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(argv) struct argv env = ARGV_INIT;

	guest_env(&env, t);
	begin(&argv, vm, &env, run_script, cwd);
	argv_push(&argv, "run");
	for (; *words; words++)
		argv_push(&argv, *words);
	return run(vm, &argv, status, e);
}

int
guest_lima_line(const struct vm *vm, const struct trusted *t, const char *cwd,
    const char *shell, const char *text, int *status, struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(argv) struct argv env = ARGV_INIT;

	guest_env(&env, t);
	begin(&argv, vm, &env, run_script, cwd);
	argv_push(&argv, "line");
	argv_push(&argv, shell);
	argv_push(&argv, text);
	return run(vm, &argv, status, e);
}

int
guest_lima_shell(const struct vm *vm, const struct trusted *t, const char *cwd,
    int *status, struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(argv) struct argv env = ARGV_INIT;

	guest_env(&env, t);
	begin(&argv, vm, &env, run_script, cwd);
	argv_push(&argv, "shell");
	return run(vm, &argv, status, e);
}

int
guest_lima_step(const struct vm *vm, const struct argv *env, const char *cwd,
    enum step_user as, const void *text, size_t len, int log, int *status,
    struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(fd) int script = fs_anonymous(vm->state.fd, text, len, e);
	struct proc p = { .path = vm->lima.limactl,
		.envp = argv_const(&vm->lima.env),
		.in = { .io = PROC_FD, .fd = script },
		.out = { .io = PROC_FD, .fd = log },
		.err = { .io = PROC_FD, .fd = log },
		.lock = PROC_LOCK_FD,
		.pass_lock = vm->lima.locked };

	if (script < 0)
		return -1;
	begin(&argv, vm, env, step_script, cwd);
	argv_push(&argv, as == STEP_ROOT ? "root" : "user");
	p.argv = argv_const(&argv);
	return proc_run(&p, status, e);
}

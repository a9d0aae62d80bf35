#include "host/forward.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/proc.h"
#include "host/agent.h"

#define SOCKET "fwd.sock"
#define IN_GUEST "/run/machine/agent.sock"
#define SSH_MS 20000
#define GREETING_MS 10000 /* of one that has just been started */
#define STILL_MS 2000 /* of one that was there */

/*
 * Not in /run, which may be mounted noexec. With systemd as a service, else it
 * would belong to this login.
 */
static const char install[] =
    "[ -S " IN_GUEST " ] && exec cat >/dev/null; exec sudo -n sh -c '"
    "p=/usr/local/lib/machine; mkdir -p $p /run/machine && "
    "cat >$p/guest.new && chmod 755 $p/guest.new && "
    "mv $p/guest.new $p/machine-guest || exit; "
    "set -- $p/machine-guest agent --socket " IN_GUEST " --user \"$1\"; "
    "if [ -d /run/systemd/system ]; then "
    "exec systemd-run -q --collect --unit=machine-agent -- \"$@\"; fi; "
    "exec setsid -f \"$@\" </dev/null >/dev/null 2>&1"
    "' sh \"$(id -un)\"";

/* `ssh -O COMMAND` or a command line: its status, -1 if it cannot run. */
static int
ssh(const struct lima *l, const char *name, const char *const *words, int log)
{
	cleanup(str) char *config = lima_file(l, name, "ssh.config");
	cleanup(argv) struct argv argv = ARGV_INIT;
	struct proc p = { .path = l->ssh,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_FD, .fd = log },
		.err = { .io = PROC_FD, .fd = log },
		.timeout_ms = SSH_MS };
	struct err ignored = ERR_INIT;
	int status;

	argv_push(&argv, "ssh");
	argv_pushf(&argv, "-F%s", config);
	argv_push(&argv, "-T");
	for (; words[0] && words[1]; words++)
		argv_push(&argv, *words);
	argv_pushf(&argv, "lima-%s", name);
	/* The last is the command of the guest, or "". */
	if (words[0] && **words)
		argv_push(&argv, *words);
	p.argv = argv_const(&argv);
	return proc_run(&p, &status, &ignored) ? -1 : status;
}

static int
have_master(const struct lima *l, const char *name, int log, struct err *e)
{
	static const char *const check[] = { "-O", "check", "", NULL };
	static const char *const make[] = { "true", NULL };

	if (ssh(l, name, check, log) == 0)
		return 0;
	/* The configuration says that a connection stays. */
	if (ssh(l, name, make, log) == 0 && ssh(l, name, check, log) == 0)
		return 0;
	return err_set(e, ERR_BACKEND, "ssh keeps no connection to the VM");
}

/* Does an agent of ours greet there? */
static bool
answers(const char *dir, int deadline_ms)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	struct err ignored = ERR_INIT;

	return agent_way(dir) == AGENT_FORWARDED &&
	       agent_open(&a, dir, deadline_ms, &ignored) == 0;
}

static int
start_agent(const struct lima *l, const char *name, const char *program,
    int log, struct err *e)
{
	cleanup(fd) int in = open(program, O_RDONLY | O_CLOEXEC);
	int status;

	if (in < 0)
		return err_sys(e, "cannot open %s", program);
	if (lima_pipe(l, name, install, in, log, log, &status, e))
		return -1;
	return status ? err_set(e, ERR_BACKEND,
			    "the agent cannot be started in the VM (status %d)",
			    status)
		      : 0;
}

static int
forward(const struct lima *l, const char *name, const char *path, int log,
    struct err *e)
{
	cleanup(buf) struct buf both = BUF_INIT;
	const char *cancel[] = { "-O", "cancel", "-L", NULL, "", NULL };
	const char *make[] = { "-O", "forward", "-L", NULL, "", NULL };

	buf_addf(&both, "%s:" IN_GUEST, path);
	cancel[3] = make[3] = both.s;
	/* A master that has it already would not do it again. */
	(void)ssh(l, name, cancel, log);
	if (unlink(path) && errno != ENOENT)
		return err_sys(e, "cannot remove %s", path);
	return ssh(l, name, make, log)
		   ? err_set(e, ERR_BACKEND,
			 "ssh cannot forward the agent's socket")
		   : 0;
}

int
forward_make(const struct lima *l, const char *name, const char *dir,
    const char *program, int log, struct err *e)
{
	cleanup(str) char *path = path_join(dir, SOCKET);
	cleanup(fd) int private = -1;

	if (answers(dir, STILL_MS))
		return 0;
	private = fs_private_dir(dir, e);
	if (private < 0)
		return -1;
	if (!have_master(l, name, log, e) &&
	    !start_agent(l, name, program, log, e) &&
	    !forward(l, name, path, log, e)) {
		if (answers(dir, GREETING_MS))
			return 0;
		(void)err_set(
		    e, ERR_BACKEND, "nobody answers at the forwarded socket");
	}
	(void)unlink(path);
	return -1;
}

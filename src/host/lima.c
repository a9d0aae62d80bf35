#include "host/lima.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/fs.h"
#include "base/os.h"
#include "base/proc.h"
#include "core/limacheck.h"
#include "host/qemu.h"

#define OUTPUT_MAX (1u << 20) /* of one limactl command */
#define LOOK_MS 60000 /* to look at something; emulated and busy */
#define GONE_MS 30000 /* what was killed ends, on a busy host too */
/* LIMA_HOME/m-<id>/ssh.sock.<16 digits> must fit a socket's name. */
#define SOCKET_MAX 104 /* sun_path of macOS and the BSDs, with the NUL */
#define INSTANCE_ROOM \
	((int)sizeof("/m-0123456789abcdef0/ssh.sock.1234567890123456"))

int
lima_init(struct lima *l, const struct paths *p, struct err *e)
{
	*l = (struct lima){ .paths = p, .home = path_join(p->data, "lima") };
	if (strlen(l->home) + INSTANCE_ROOM > SOCKET_MAX)
		return err_set(e, ERR_CONFIG,
		    "%s is too long for the sockets in it (%d characters at "
		    "most): set MACHINE_HOME to a shorter directory",
		    l->home, SOCKET_MAX - INSTANCE_ROOM);
	return 0;
}

void
lima_release(struct lima *l)
{
	free(l->home);
	free(l->limactl);
	free(l->ssh);
	free(l->qemu);
	free(l->qemu_img);
	free(l->version);
	free(l->slow);
	argv_release(&l->env);
	*l = (struct lima){ 0 };
}

char *
lima_file(const struct lima *l, const char *name, const char *file)
{
	cleanup(str) char *dir = path_join(l->home, name);

	return path_join(dir, file);
}

/*
 * The living process of a pid file, or 0. A process that started after the
 * file was written is another one that has got its number.
 */
static pid_t
living(
    const struct lima *l, const char *name, const char *file, struct stat *st)
{
	cleanup(str) char *path = lima_file(l, name, file);
	cleanup(str) char *text = NULL;
	struct err e = ERR_INIT;
	int64_t start;
	size_t len;
	long pid;

	if (fs_read(AT_FDCWD, path, 64, &text, &len, &e) || stat(path, st))
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 1 || pid > INT32_MAX)
		return 0;
	start = os_process_start((pid_t)pid);
	if (start < 0)
		return 0;
	/* Clocks have seconds, and are set forward: then its words tell. */
	if (start > st->st_mtime + 2 && !os_process_mentions((pid_t)pid, name))
		return 0;
	return (pid_t)pid;
}

static const char *
driver_pid_file(void)
{
	return strcmp(os_vm_type(), "vz") == 0 ? "vz.pid" : "qemu.pid";
}

void
lima_look(const struct lima *l, const char *name, struct lima_instance *i)
{
	cleanup(str) char *dir = path_join(l->home, name);
	cleanup(str) char *yaml = lima_file(l, name, "lima.yaml");
	struct stat st, agent;

	*i = (struct lima_instance){ .state = VM_ABSENT };
	if (lstat(dir, &st))
		return;
	i->agent = living(l, name, "ha.pid", &agent);
	i->driver = living(l, name, driver_pid_file(), &st);
	if (i->agent)
		(void)snprintf(i->boot, sizeof(i->boot), "%ld-%lld",
		    (long)i->agent, (long long)agent.st_mtime);
	if (i->agent && i->driver)
		i->state = VM_RUNNING;
	else if (i->agent || i->driver || lstat(yaml, &st))
		i->state = VM_BROKEN;
	else
		i->state = VM_STOPPED;
}

/* What stands in quotes there is quoted as Go's %q does it. */
static void
unquote(struct buf *out, const char *p)
{
	for (; *p && *p != '"'; p++) {
		if (*p != '\\' || !p[1]) {
			buf_add(out, p, 1);
			continue;
		}
		p++;
		if (*p == 'n' || *p == 't' || *p == 'r')
			buf_adds(out, " ");
		else if (*p == 'a')
			buf_adds(out, "\a");
		else if (*p == '\\' || *p == '"')
			buf_add(out, p, 1);
		else if (strchr("xuUbfv01234567", *p))
			/* a character that nobody wants to see as it is */
			buf_add(out, p - 1, 2);
		else
			buf_add(out, p, 1);
	}
}

/* limactl's last complaint: `time="..." level=fatal msg="REASON"`. */
static void
reason(struct buf *out, const char *text)
{
	static const char fatal[] = "level=fatal msg=\"";
	const char *last = NULL, *end = text + strlen(text), *line;

	for (const char *p = text; (p = strstr(p, fatal)); p++)
		last = p + strlen(fatal);
	if (last) {
		unquote(out, last);
		return;
	}
	while (end > text && end[-1] == '\n')
		end--;
	for (line = end; line > text && line[-1] != '\n';)
		line--;
	buf_add(out, line, (size_t)(end - line));
}

struct logged {
	struct proc_capture capture;
	int log;
};

static bool
keep(void *arg, const char *data, size_t len)
{
	struct logged *to = arg;

	(void)!write(to->log, data, len); /* a full disk must not stop us */
	return proc_capture(&to->capture, data, len);
}

/* Run limactl to its end; what it prints is logged, the reason is kept. */
static int
run(const struct lima *l, const char *const *argv, int log, const char *what,
    struct err *e)
{
	struct logged to = { .capture = { .text = BUF_INIT, .max = OUTPUT_MAX },
		.log = log };
	const struct proc p = { .path = l->limactl,
		.argv = argv,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_SINK },
		.sink = keep,
		.arg = &to,
		.lock = PROC_LOCK_FD,
		.pass_lock = l->locked };
	cleanup(buf) struct buf why = BUF_INIT;
	int status = 0, rc = proc_run(&p, &status, e);

	if (!rc && status) {
		reason(&why, to.capture.text.s);
		rc = err_set(e, ERR_BACKEND,
		    "cannot %s: limactl ended with status %d: %s", what, status,
		    why.len ? why.s : "it gave no reason");
	}
	buf_release(&to.capture.text);
	return rc;
}

int
lima_validate(const struct lima *l, const char *yaml, int log, struct err *e)
{
	const char *const argv[] = { l->limactl, "--tty=false", "template",
		"validate", yaml, NULL };

	return run(l, argv, log, "use the configuration", e);
}

int
lima_verify(const struct lima *l, const char *name, const struct json *asked,
    struct err *e)
{
	const char *const argv[] = { l->limactl, "--tty=false", "list",
		"--format={{json .Config}}", name, NULL };
	struct proc_capture out = { .text = BUF_INIT, .max = OUTPUT_MAX };
	const struct proc p = { .path = l->limactl,
		.argv = argv,
		.envp = argv_const(&l->env),
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.err = { .io = PROC_NULL },
		.sink = proc_capture,
		.arg = &out,
		.timeout_ms = LOOK_MS };
	cleanup(json) struct json *understood = NULL;
	cleanup(buf) struct buf why = BUF_INIT;
	int status = 0, rc = proc_run(&p, &status, e);

	if (!rc && status)
		rc = err_set(e, ERR_BACKEND,
		    "`limactl list` ended with status %d", status);
	if (!rc && !(understood = json_parse("what Lima has understood",
			 out.text.s, out.text.len, e)))
		rc = -1;
	if (!rc && !limacheck(asked, understood, &why))
		rc = err_set(e, ERR_BACKEND,
		    "Lima has not understood the configuration as it was "
		    "meant: %s",
		    why.s);
	buf_release(&out.text);
	return rc;
}

/*
 * Remove the pid files of processes that have gone, or that are others by now:
 * Lima believes every number, takes the VM for running, and kills.
 */
static void
drop_stale_pids(const struct lima *l, const char *name, struct lima_instance *i)
{
	cleanup(str) char *agent = lima_file(l, name, "ha.pid");
	cleanup(str) char *driver = lima_file(l, name, driver_pid_file());

	lima_look(l, name, i);
	if (!i->agent)
		(void)unlink(agent);
	if (!i->driver)
		(void)unlink(driver);
}

int
lima_create(const struct lima *l, const char *name, const char *yaml, int log,
    struct err *e)
{
	cleanup(argv) struct argv argv = ARGV_INIT;
	cleanup(fd) int home = fs_private_dir(l->home, e);

	if (home < 0)
		return -1;
	argv_push(&argv, l->limactl);
	argv_push(&argv, "--tty=false");
	argv_push(&argv, "create");
	argv_pushf(&argv, "--name=%s", name);
	argv_push(&argv, yaml);
	return run(l, argv_const(&argv), log, "create the VM", e);
}

int
lima_discard(const struct lima *l, const char *name, struct err *e)
{
	cleanup(str) char *dir = path_join(l->home, name);
	struct lima_instance i;

	lima_look(l, name, &i);
	if (i.agent || i.driver)
		return err_set(e, ERR_BACKEND, "%s still runs", name);
	return fs_remove_tree(AT_FDCWD, dir, e);
}

int
lima_clear(const struct lima *l, const char *name, int log, struct err *e)
{
	const char *const argv[] = { l->limactl, "--tty=false", "stop", "-f",
		name, NULL };
	struct lima_instance i;

	drop_stale_pids(l, name, &i);
	if (!i.agent && !i.driver)
		return 0;
	if (run(l, argv, log, "stop what is left of the VM", e))
		return -1;
	/* What was killed still has its disks open until it is gone. */
	if (!i.driver || os_wait_gone(i.driver, GONE_MS))
		return 0;
	return err_set(e, ERR_BACKEND,
	    "the VM was killed and does not end: type: ps %ld", (long)i.driver);
}

int
lima_start(const struct lima *l, const char *name, const char *ports, int log,
    pid_t *pid, struct err *e)
{
	const char *const argv[] = { l->limactl, "--tty=false", "start",
		"--timeout=30m", name, NULL };
	struct proc p = { .path = l->limactl,
		.argv = argv,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_FD, .fd = log },
		.err = { .io = PROC_FD, .fd = log },
		.detach = true };
	cleanup(argv) struct argv env = ARGV_INIT;
	struct lima_instance i;

	for (size_t n = 0; n < l->env.n; n++)
		argv_push(&env, l->env.v[n]);
	if (ports)
		argv_pushf(&env, QEMU_ENV_PORTS "=%s", ports);
	p.envp = argv_const(&env);
	drop_stale_pids(l, name, &i);
	return proc_start(&p, pid, e);
}

static struct proc_stream
stream(int fd)
{
	return fd < 0 ? (struct proc_stream){ .io = PROC_NULL }
		      : (struct proc_stream){ .io = PROC_FD, .fd = fd };
}

static int
run_ssh(const struct lima *l, const char *name, const char *command,
    struct proc *p, int *status, struct err *e)
{
	cleanup(str) char *config = lima_file(l, name, "ssh.config");
	cleanup(argv) struct argv argv = ARGV_INIT;
	/*
	 * Without the master: at a first boot Lima's scripts end the sessions
	 * of the user, and the master with them (LIMA.md 3).
	 */
	static const char *const options[] = { "-oControlMaster=no",
		"-oControlPath=none", "-oConnectTimeout=10",
		"-oServerAliveInterval=15", "-T", "-enone" };

	p->path = l->ssh;
	p->envp = argv_const(&l->env);
	argv_push(&argv, "ssh");
	argv_pushf(&argv, "-F%s", config);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		argv_push(&argv, options[i]);
	argv_pushf(&argv, "lima-%s", name);
	argv_push(&argv, command);
	p->argv = argv_const(&argv);
	return proc_run(p, status, e);
}

int
lima_pipe(const struct lima *l, const char *name, const char *command, int in,
    int out, int log, int *status, struct err *e)
{
	struct proc p = {
		.in = stream(in), .out = stream(out), .err = stream(log)
	};

	return run_ssh(l, name, command, &p, status, e);
}

int
lima_probe(const struct lima *l, const char *name, const char *command,
    unsigned timeout_ms, int *status, struct err *e)
{
	struct proc p = { .in = stream(-1),
		.out = stream(-1),
		.err = stream(-1),
		.timeout_ms = timeout_ms };

	return run_ssh(l, name, command, &p, status, e);
}

void
lima_shell(const struct lima *l, struct argv *argv, const char *name)
{
	argv_push(argv, l->limactl);
	argv_push(argv, "--tty=false");
	argv_push(argv, "shell");
	argv_push(argv, "--workdir=/");
	argv_push(argv, name);
}

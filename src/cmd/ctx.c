#include "cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>

#include "base/fs.h"
#include "base/msg.h"
#include "host/settings.h"

static int
provide_project(struct ctx *cx, struct err *e)
{
	cleanup(str) char *path = trust_roots_path(&cx->paths);
	cleanup(str) char *roots = NULL;
	size_t len;
	char cwd[4096];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(e, "cannot tell the current directory");
	/* Without the list only a project with a Machinefile is found. */
	if (fs_read(AT_FDCWD, path, 1u << 20, &roots, &len, e) &&
	    e->sys != ENOENT)
		return -1;
	if (project_find(&cx->project, &cx->paths, cwd, roots, e))
		return -1;
	if (!cx->project.root)
		return err_set(e, ERR_CONFIG,
		    "there is no Machinefile here or above: to write one, "
		    "type: machine init");
	return 0;
}

int
ctx_trust(struct ctx *cx, struct err *e)
{
	return trust_check(
	    &cx->project, &cx->paths, &cx->limits, &cx->trust, &cx->trusted, e);
}

int
ctx_vm(struct ctx *cx, struct err *e)
{
	return vm_open(
	    &cx->vm, &cx->paths, cx->config, cx->self, cx->project.root, e);
}

/* The only place that decides whether a Machinefile may take effect. */
static int
provide_trust(struct ctx *cx, struct err *e)
{
	if (!cx->trusted && ctx_trust(cx, e))
		return -1;
	if (cx->trust == TRUST_ALLOWED || cx->trust == TRUST_CHANGED)
		return 0;
	/* A FIFO and the like: say what it is. */
	if (!cx->project.text && cx->trust != TRUST_DENIED &&
	    !(cx->trust == TRUST_GONE && cx->project.problem.sys == ENOENT)) {
		*e = cx->project.problem;
		return -1;
	}
	return err_set(e, ERR_UNTRUSTED, "%s/Machinefile %s", cx->project.root,
	    trust_why_not(cx->trust));
}

int
ctx_provide(struct ctx *cx, unsigned flags, struct err *e)
{
	if (!cx->paths.home && paths_init(&cx->paths, e))
		return -1;
	if (flags & NEED_CONFIG) {
		if (!(cx->config = settings_load(&cx->paths, e)))
			return -1;
		cx->limits = settings_limits(cx->config);
	}
	if ((flags & NEED_PROJECT && provide_project(cx, e)) ||
	    (flags & NEED_TRUST && provide_trust(cx, e)))
		return -1;
	if (flags & NEED_VM &&
	    (ctx_vm(cx, e) || lima_find(&cx->vm.lima, cx->config, cx->self, e)))
		return -1;
	return 0;
}

const char **
host_words(const struct ctx *cx)
{
	const struct machinefile *mf = cx->trusted
					   ? trusted_machinefile(cx->trusted)
					   : NULL;
	const char *const *all = cx->config->host_commands;
	const char **words;
	size_t n = 0, kept = 0;

	while (all[n])
		n++;
	words = xcalloc(n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		bool guest = false;

		for (size_t j = 0; mf && j < mf->nguest_commands; j++)
			guest |= strcmp(all[i], mf->guest_commands[j]) == 0;
		if (!guest)
			words[kept++] = all[i];
	}
	return words;
}

int
ctx_ensure(struct ctx *cx, struct err *e)
{
	if (cx->config->autostart == AUTOSTART_NEVER &&
	    !vm_ready(&cx->vm, cx->trusted))
		return err_set(e, ERR_BACKEND,
		    "the VM is not ready, and config.yaml says autostart: "
		    "never: type: machine start");
	if (vm_ensure(&cx->vm, cx->trusted, false, e))
		return -1;
	/* It may have taken minutes. */
	if (trust_stands(cx->trusted, &cx->paths))
		return 0;
	return err_set(e, ERR_UNTRUSTED,
	    "%s was denied or allowed anew meanwhile", cx->project.root);
}

int
ask_letter(
    const char *question, const char *letters, char *answer, struct err *e)
{
	cleanup(fd) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char line[256] = "";
	ssize_t n;

	if (tty < 0)
		return err_set(e, ERR_USAGE,
		    "this needs a terminal to ask for your decision");
	/* What was typed before the question is no answer to it. */
	(void)tcflush(tty, TCIFLUSH);
	msg_ask("%s ", question);
	n = read(tty, line, sizeof(line) - 1);
	*answer = '\0';
	if (n > 0 && line[0] >= 'A' && line[0] <= 'Z')
		line[0] = (char)(line[0] - 'A' + 'a');
	if (n > 0 && line[0] && strchr(letters, line[0]))
		*answer = line[0];
	return 0;
}

int
ask(const char *question, bool *yes, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	char answer;

	buf_addf(&text, "%s [y/N]", question);
	if (ask_letter(text.s, "y", &answer, e))
		return -1;
	*yes = answer == 'y';
	return 0;
}

int
guest_directory(const struct ctx *cx, struct buf *dir, struct err *e)
{
	const char *pwd = getenv("PWD");
	const char *root = cx->project.root;
	char cwd[4096];

	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(e, "cannot tell the current directory");
	if (path_within(cwd, root)) {
		buf_adds(dir, cwd);
		return 0;
	}
	/* By a link in the project that leads out of it: the guest has it too.
	 */
	if (pwd && path_within(pwd, root) && !strstr(pwd, "/..")) {
		buf_adds(dir, pwd);
		return 0;
	}
	return err_set(e, ERR_CONFIG,
	    "%s is not in the project %s, and the VM has nothing else", cwd,
	    root);
}

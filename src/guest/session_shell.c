#include "guest/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

static const char bash_script[] = {
#include "guest/session/session.bash.inc"
};
static const char fish_script[] = {
#include "guest/session/session.fish.inc"
};
static const char zsh_script[] = {
#include "guest/session/session.zsh.inc"
};
static const char sh_script[] = {
#include "guest/session/session.sh.inc"
};
static const char zshenv_script[] =
    "if [[ -f ~/.zshenv ]]; then . ~/.zshenv; fi\n";

static const struct {
	const char *path, *text;
} scripts[] = {
	{ "shell/session.bash", bash_script },
	{ "shell/session.fish", fish_script },
	{ "shell/session.sh", sh_script },
	{ "shell/zdot/.zshrc", zsh_script },
	{ "shell/zdot/.zshenv", zshenv_script },
};

/* agent.dir/a/b; static, until the next call but one. */
static const char *
at(const char *a, const char *b)
{
	static char path[2][4096];
	static int turn;

	turn = !turn;
	(void)snprintf(path[turn], sizeof(path[0]), "%s/%s%s%s", agent.dir, a,
	    *b ? "/" : "", b);
	return path[turn];
}

static int
make_dir(const char *path)
{
	/* Others may pass through; what is in it is the user's or public. */
	return mkdir(path, 0711) && errno != EEXIST ? -1 : 0;
}

static int
write_script(const char *path, const char *text)
{
	cleanup(fd) int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	if (fd < 0 || fchmod(fd, 0644))
		return -1;
	return write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

/* Once in our life: an older agent's scripts are replaced. */
static int
write_scripts(void)
{
	static bool written;

	if (written)
		return 0;
	if (make_dir(at("", "")) || make_dir(at("s", "")) ||
	    make_dir(at("shell", "")) || make_dir(at("shell", "zdot")))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		if (write_script(at(scripts[i].path, ""), scripts[i].text))
			return -1;
	written = true;
	return 0;
}

static const char *
in_dir(const struct session *ses, const char *what)
{
	char name[sizeof(ses->place) + 16];

	(void)snprintf(name, sizeof(name), "%s/%s", ses->place, what);
	return at("s", name);
}

void
session_forget(const struct session *ses)
{
	(void)unlink(in_dir(ses, "in"));
	(void)unlink(in_dir(ses, "out"));
	(void)unlink(in_dir(ses, "ack"));
	(void)unlink(in_dir(ses, "jobs"));
	(void)unlink(in_dir(ses, "line"));
	(void)rmdir(at("s", ses->place));
}

/* The directory is root's, what is in it the user's: it cannot be replaced. */
static int
open_fifo(
    const struct session *ses, const char *what, const struct identity *id)
{
	const char *path = in_dir(ses, what);
	int fd;

	if (mkfifo(path, 0600))
		return -1;
	/* Both directions, so that it never ends. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && agent.root && fchown(fd, id->uid, id->gid)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
make_file(
    const struct session *ses, const char *what, const struct identity *id)
{
	cleanup(fd) int fd = open(
	    in_dir(ses, what), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || (agent.root && fchown(fd, id->uid, id->gid)))
		return -1;
	return 0;
}

int
session_put_text(const struct session *ses, const char *text)
{
	cleanup(fd) int fd = -1;
	size_t n = strlen(text);

	if (strcmp(ses->kind, "sh") != 0)
		return 0;
	fd = open(
	    in_dir(ses, "line"), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return write(fd, text, n) == (ssize_t)n ? 0 : -1;
}

static int
make_place(struct session *ses, const struct identity *id)
{
	static unsigned count;

	(void)snprintf(ses->place, sizeof(ses->place), "%u", ++count);
	session_forget(ses); /* what a killed agent left */
	if (make_dir(at("s", ses->place)) || make_file(ses, "jobs", id) ||
	    make_file(ses, "line", id))
		return -1;
	ses->records.fd = open_fifo(ses, "in", id);
	ses->reports.fd = open_fifo(ses, "out", id);
	ses->acks = open_fifo(ses, "ack", id);
	return ses->records.fd < 0 || ses->reports.fd < 0 || ses->acks < 0 ? -1
									   : 0;
}

/* The one that was asked for, or bash, or sh. */
static char *
choose(struct session *ses, const char *kind, char **env)
{
	const char *kinds[] = { kind, "bash", "sh" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *path = find_program(env, kinds[i]);

		if (!path)
			continue;
		ses->kind = strcmp(kinds[i], "zsh") == 0    ? "zsh"
			    : strcmp(kinds[i], "fish") == 0 ? "fish"
			    : strcmp(kinds[i], "bash") == 0 ? "bash"
							    : "sh";
		ses->prompts = *ses->kind == 'z' || *ses->kind == 'f';
		ses->wake = *ses->kind == 'f';
		return path;
	}
	return NULL;
}

static void
make_argv(
    const struct session *ses, const char **argv, char *source, size_t size)
{
	switch (*ses->kind) {
	case 'b':
		argv[1] = "--rcfile";
		argv[2] = at("shell", "session.bash");
		argv[3] = "-i";
		break;
	case 'z':
		argv[1] = "-i"; /* finds its script by ZDOTDIR */
		break;
	case 'f':
		argv[1] = "--features=no-query-term";
		argv[2] = "-i";
		argv[3] = "-C";
		argv[4] = source;
		(void)snprintf(
		    source, size, "source '%s'", at("shell", "session.fish"));
		break;
	default:
		argv[1] = at("shell", "session.sh");
	}
}

static int
start_shell(struct session *ses, struct stream *s, const struct wire_line *x,
    const struct identity *id, int master)
{
	char sdir[4200], zdot[4200], term[256], source[4200];
	const char *argv[8] = { NULL }; /* [0] is spawn's */
	struct spawn how = { .id = id,
		.argv = argv + 1,
		.cwd = "",
		.in = ses->slave,
		.out = ses->slave,
		.err = ses->slave,
		.terminal = true };
	struct spawn_result r;
	size_t n = 0;
	const char **extra;
	char *path;

	(void)snprintf(
	    sdir, sizeof(sdir), "MACHINE_SDIR=%s", at("s", ses->place));
	(void)snprintf(zdot, sizeof(zdot), "ZDOTDIR=%s", at("shell", "zdot"));
	(void)snprintf(term, sizeof(term), "TERM=%.200s", x->term);
	while (x->env[n])
		n++;
	extra = xcalloc(n + 4, sizeof(*extra));
	memcpy(extra, x->env, n * sizeof(*extra));
	extra[n++] = sdir;
	extra[n++] = term;
	if (strcmp(x->kind, "zsh") == 0)
		extra[n++] = zdot;
	how.env = identity_env(id, extra);
	path = choose(ses, x->kind, how.env);
	if (path) {
		argv[1] = path;
		make_argv(ses, argv + 1, source, sizeof(source));
		r = spawn(&how);
	} else {
		r = (struct spawn_result){ -1, SPAWN_EXEC, ENOENT };
	}
	free(path);
	free(how.env);
	free(extra);
	if (r.stage != SPAWN_OK) {
		stream_refuse(s, 125,
		    "no shell can be started in the guest: %s",
		    strerror(r.err));
		return -1;
	}
	ses->pid = r.pid;
	sink_open(&ses->in, fcntl(master, F_DUPFD_CLOEXEC, 3));
	flow_open(&ses->out, master, NULL, WIRE_STDOUT);
	return 0;
}

int
session_open(struct session *ses, struct stream *s, const struct wire_line *x)
{
	const struct identity *id = identity_get(false);
	char note[128];
	int master;

	if (!id) {
		stream_refuse(
		    s, 125, "there is no user %.100s in the guest", agent.user);
		return -1;
	}
	if (write_scripts() || make_place(ses, id)) {
		stream_refuse(s, 125, "the guest cannot make %.200s: %s",
		    at("s", ses->place), strerror(errno));
		return -1;
	}
	if (open_terminal(&master, &ses->slave, x->rows, x->cols)) {
		stream_refuse(s, 125, "the guest has no terminal left: %s",
		    strerror(errno));
		return -1;
	}
	if (agent.root)
		(void)fchown(ses->slave, id->uid, (gid_t)-1);
	if (start_shell(ses, s, x, id, master)) {
		if (ses->out.w.fd < 0)
			(void)close(master);
		return -1;
	}
	if (strcmp(ses->kind, x->kind) != 0) {
		(void)snprintf(note, sizeof(note),
		    "no %s in the guest: %s is used", x->kind, ses->kind);
		free(s->notice);
		s->notice = xstrdup(note);
	}
	return 0;
}

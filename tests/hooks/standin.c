/*
 * Stands in for `machine` in the tests of the hooks. The decision (route.c) and
 * the scripts (hook.c) are the real ones; trust is a copy of the bytes, and
 * lines go to guestd.py, which plays the VM. Everything is under $MACHINE_HOME.
 *
 *	hook SHELL, allow, _enter SHELL ROOT, _line, _route
 */
#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

#include "host/hook.h"

#define EARLY_MS 50 /* the next lines of a paste are the shell's */

static const char *
env(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && *v ? v : otherwise;
}

static const char *
home(void)
{
	return env("MACHINE_HOME", "/nonexistent");
}

/* --- trust ---------------------------------------------------------------- */

static char *
slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *s;
	size_t n;

	if (!f)
		return NULL;
	s = xcalloc(65536, 1);
	n = fread(s, 1, 65535, f);
	s[n] = '\0';
	(void)fclose(f);
	return s;
}

/* Where the approved bytes of a project are kept. */
static void
approved_name(struct buf *out, const char *root)
{
	buf_addf(out, "%s/ok/", home());
	for (; *root; root++)
		buf_add(out, *root == '/' ? "%" : root, 1);
}

/* What is wrong with the project's file, or NULL. */
static const char *
problem(const char *root)
{
	cleanup(buf) struct buf ok = BUF_INIT;
	cleanup(buf) struct buf file = BUF_INIT;
	cleanup(str) char *want = NULL, *have = NULL;

	approved_name(&ok, root);
	buf_addf(&file, "%s/Machinefile", root);
	want = slurp(ok.s);
	have = slurp(file.s);
	if (!want)
		return "is not allowed yet; read it and type: machine allow";
	if (!have)
		return "is gone";
	return strcmp(want, have) == 0
		   ? NULL
		   : "has changed since you allowed it; read it and type: machine "
		     "allow";
}

static int
allow(void)
{
	cleanup(buf) struct buf ok = BUF_INIT;
	cleanup(buf) struct buf roots = BUF_INIT;
	cleanup(str) char *text = NULL;
	char root[PATH_MAX], *slash;
	FILE *f;

	if (!getcwd(root, sizeof(root)))
		return 1;
	for (;;) {
		cleanup(buf) struct buf file = BUF_INIT;

		buf_addf(&file, "%s/Machinefile", root);
		if ((text = slurp(file.s)))
			break;
		if (!(slash = strrchr(root, '/')) || slash == root)
			return 1;
		*slash = '\0';
	}
	approved_name(&ok, root);
	if (!(f = fopen(ok.s, "w")) || fputs(text, f) < 0 || fclose(f))
		return 1;
	buf_addf(&roots, "%s/roots", home());
	if (!(f = fopen(roots.s, "a")) || fprintf(f, "%s\n", root) < 0 ||
	    fclose(f))
		return 1;
	(void)printf("machine: allowed %s\n", root);
	return 0;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int
enter(const char *shell, const char *dir)
{
	cleanup(buf) struct buf out = BUF_INIT;
	cleanup(str) char *root = realpath(dir, NULL);
	const char *words[] = { env("MACHINE_TEST_HOST", NULL), NULL };
	const char *why;

	if (!root)
		return 1;
	why = problem(root);
	hook_assign(&out, shell, "__machine_root", root);
	hook_assign(&out, shell, "__machine_state", why ? "locked" : "on");
	hook_assign_list(&out, shell, "__machine_host", words);
	hook_assign(&out, shell, "__machine_cd", "");
	hook_assign(
	    &out, shell, "__machine_names", env("MACHINE_TEST_NAMES", ""));
	(void)fwrite(out.s, 1, out.len, stdout);
	if (why)
		(void)fprintf(stderr, "machine: %s/Machinefile %s\n",
		    base_name(root), why);
	return 0;
}

static int
hook(const char *shell)
{
	cleanup(buf) struct buf out = BUF_INIT;
	cleanup(buf) struct buf bin = BUF_INIT;
	cleanup(buf) struct buf roots = BUF_INIT;
	cleanup(buf) struct buf run = BUF_INIT;

	buf_addf(&bin, "%s/machine", home());
	buf_addf(&roots, "%s/roots", home());
	buf_addf(&run, "%s/run", home());
	if (!hook_render(&out, shell, bin.s, roots.s, run.s))
		return 1;
	return fwrite(out.s, 1, out.len, stdout) != out.len;
}

/* --- the terminal and the guest ------------------------------------------- */

static struct termios saved;
static int tty = -1, resized[2];
static volatile sig_atomic_t raw;

static void
restore(void)
{
	if (raw)
		(void)tcsetattr(tty, TCSADRAIN, &saved);
	raw = 0;
}

static void
on_resize(int sig)
{
	(void)sig;
	(void)!write(resized[1], "", 1);
}

static void
on_end(int sig)
{
	restore();
	_exit(128 + sig);
}

static void
put(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return;
		p += k;
		n -= (size_t)k;
	}
}

static void
put_frame(int fd, char type, const void *data, size_t n)
{
	cleanup(buf) struct buf b = BUF_INIT;
	uint32_t len = htonl((uint32_t)n);

	buf_add(&b, &type, 1);
	buf_add(&b, &len, sizeof(len));
	buf_add(&b, data, n);
	put(fd, b.s, b.len);
}

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct line {
	const char *text, *root, *cwd;
	struct buf sent; /* what the user typed meanwhile */
	struct buf in; /* frames from the guest */
	char last; /* of the guest's output */
	bool done;
};

/*
 * "STATUS US DIRECTORY US UNREAD": the guest is not to be believed. A directory
 * is followed if it is in the project; unread bytes are those that we sent, up
 * to the first control character.
 */
static void
finish(struct line *l, const char *answer)
{
	char *dir = strchr(answer, '\x1f'), *unread = NULL;
	cleanup(str) char *real = NULL;
	size_t n = 0, i;
	FILE *f;

	if (dir && (*dir++ = '\0', unread = strchr(dir, '\x1f'))) {
		*unread++ = '\0';
		n = strtoul(unread, NULL, 10);
		n = n <= l->sent.len ? n : 0;
	}
	if (dir && strcmp(dir, l->cwd) != 0 && route_is_under(dir, l->root) &&
	    !strpbrk(dir, "\n\r\033"))
		real = realpath(dir, NULL);
	if (!real || !route_is_under(real, l->root) || access(real, X_OK))
		dir = NULL;
	if (!(f = fopen(env("MACHINE_RESULT", "/dev/null"), "w")))
		return;
	(void)fprintf(
	    f, "%ld\n%s\n", strtol(answer, NULL, 10) & 255, dir ? dir : "");
	for (i = l->sent.len - n; i < l->sent.len; i++) {
		if (l->sent.s[i] < 32 || l->sent.s[i] > 126)
			break;
		(void)fputc(l->sent.s[i], f);
	}
	(void)fputc('\n', f);
	(void)fclose(f);
}

static void
take_frames(struct line *l)
{
	uint32_t n;

	while (!l->done && l->in.len >= 5) {
		memcpy(&n, l->in.s + 1, sizeof(n));
		n = ntohl(n);
		if (l->in.len < 5 + (size_t)n)
			return;
		if (l->in.s[0] == 'O' && n) {
			put(STDOUT_FILENO, l->in.s + 5, n);
			l->last = l->in.s[4 + n];
		} else if (l->in.s[0] == 'X') {
			cleanup(buf) struct buf answer = BUF_INIT;

			buf_add(&answer, l->in.s + 5, n);
			restore();
			finish(l, answer.s);
			l->done = true;
		}
		l->in.len -= 5 + (size_t)n;
		memmove(l->in.s, l->in.s + 5 + n, l->in.len);
	}
}

static void
send_size(int s)
{
	struct winsize ws;
	uint16_t size[2];

	if (tty < 0 || ioctl(tty, TIOCGWINSZ, &ws))
		return;
	size[0] = htons(ws.ws_col);
	size[1] = htons(ws.ws_row);
	put_frame(s, 'W', size, sizeof(size));
}

static int
relay(int s, struct line *l)
{
	long start = now_ms();
	bool eof = false;
	char bytes[65536];

	while (!l->done) {
		bool early = now_ms() - start < EARLY_MS;
		struct pollfd p[] = { { s, POLLIN, 0 },
			{ resized[0], POLLIN, 0 },
			{ raw && !eof && !early ? tty : -1, POLLIN, 0 } };
		ssize_t n;

		if (poll(p, ARRAY_LEN(p), early ? EARLY_MS : -1) < 0)
			continue;
		if (p[1].revents) {
			(void)!read(resized[0], bytes, sizeof(bytes));
			send_size(s);
		}
		if (p[2].revents) {
			n = read(tty, bytes, sizeof(bytes));
			eof = n <= 0;
			if (n > 0) {
				put_frame(s, 'I', bytes, (size_t)n);
				buf_add(&l->sent, bytes, (size_t)n);
			}
		}
		if (!p[0].revents)
			continue;
		n = read(s, bytes, sizeof(bytes));
		if (n <= 0)
			return -1;
		buf_add(&l->in, bytes, (size_t)n);
		take_frames(l);
	}
	return 0;
}

static int
connect_guest(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/exec.sock", home());
	return connect(s, (struct sockaddr *)&a, sizeof(a)) ? -1 : s;
}

static void
request(int s, const struct line *l)
{
	cleanup(buf) struct buf b = BUF_INIT;
	struct winsize ws = { .ws_col = 80, .ws_row = 24 };

	(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &ws);
	buf_addf(&b, "%s%c%s%c%s%c%s%c", env("MACHINE_SID", "x"), 0,
	    env("MACHINE_SHELL", "bash"), 0, l->cwd, 0,
	    env("MACHINE_STATUS", "0"), 0);
	buf_addf(&b, "%d%c%d%c%s%c", ws.ws_col, 0, ws.ws_row, 0,
	    env("TERM", "dumb"), 0);
	buf_adds(&b, env("MACHINE_ALIASES", ""));
	buf_add(&b, "", 1);
	buf_adds(&b, l->text);
	buf_add(&b, "", 1);
	put_frame(s, 'R', b.s, b.len);
}

static int
run_line(struct line *l)
{
	int s = connect_guest(), lost;
	struct termios t;

	if (s < 0) {
		(void)fputs(
		    "machine: cannot reach the VM; nothing was run\n", stderr);
		return 125;
	}
	if (pipe(resized))
		return 125;
	(void)signal(SIGWINCH, on_resize);
	(void)signal(SIGTERM, on_end);
	(void)signal(SIGHUP, on_end);
	request(s, l);
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
		tty = STDIN_FILENO;
		(void)tcgetattr(tty, &saved);
		t = saved;
		cfmakeraw(&t);
		raw = 1;
		(void)tcsetattr(tty, TCSADRAIN, &t);
	}
	l->last = '\n';
	lost = relay(s, l);
	restore();
	if (lost) {
		(void)fputs("machine: the VM has gone\n", stderr);
		return 125;
	}
	if (*env("MACHINE_UP", "") && l->last == '\n' && isatty(STDOUT_FILENO))
		put(STDOUT_FILENO, "\033[A", 3); /* bash prints a newline */
	return 0;
}

/* --- a line ----------------------------------------------------------------
 */

static bool
is_host(const char *text, const char *cwd)
{
	cleanup(str) char *words = xstrdup(env("MACHINE_HOST", ""));
	const char *users[] = { words, NULL };
	struct route_query q = { .typed = text,
		.expanded = env("MACHINE_EXPANDED", text),
		.cwd = cwd,
		.root = env("MACHINE_ROOT", ""),
		.home = getenv("HOME"),
		.oldpwd = getenv("OLDPWD"),
		.jobs = strcmp(env("MACHINE_JOBS", "0"), "0") != 0,
		.autocd = *env("MACHINE_AUTOCD", ""),
		.host_commands = users };
	int shell = hook_shell(env("MACHINE_SHELL", ""));

	if (shell < 0 || *env("MACHINE_FORCE", "") || *env("MACHINE_FROM", ""))
		return false;
	q.shell = (enum route_shell)shell;
	return hook_is_host(&q);
}

static int
refuse(const char *root, const char *why)
{
	(void)fprintf(stderr, "machine: nothing was run: %s/Machinefile %s\n",
	    base_name(root), why);
	if (*env("MACHINE_UP", ""))
		put(STDERR_FILENO, "\033[A", 3);
	return 125;
}

static int
line(bool only_route)
{
	cleanup(str) char *here = getcwd(NULL, 0), *root = NULL;
	const char *text = env("MACHINE_LINE", ""), *why;
	const char *from = env("MACHINE_FROM", NULL);
	struct line l = {
		.cwd = env("PWD", here), .sent = BUF_INIT, .in = BUF_INIT
	};

	if (is_host(text, l.cwd)) {
		/* The guest acts between the decision and the execution. */
		if (*env("MACHINE_TEST_SWAP", "") && !rmdir("trap"))
			(void)rename(env("MACHINE_TEST_SWAP", ""), "trap");
		return 10;
	}
	if (only_route)
		return 0;
	if (from && !(text = route_rest(text, from, l.cwd, getenv("HOME")))) {
		(void)fputs("machine: this line entered the project; the rest "
			    "of it was not run. Type it again to run it in "
			    "the VM.\n",
		    stderr);
		return 125;
	}
	root = realpath(env("MACHINE_ROOT", ""), NULL);
	if (!root)
		return refuse(env("MACHINE_ROOT", ""), "is gone");
	if ((why = problem(root)))
		return refuse(root, why);
	l.text = text;
	l.root = root;
	return run_line(&l);
}

/* $MACHINE_TEST_LOG lists the calls. */
static void
note(const char *what)
{
	FILE *f = fopen(env("MACHINE_TEST_LOG", "/dev/null"), "a");

	if (f && fprintf(f, "%s\n", what) > 0)
		(void)fclose(f);
}

/* If $MACHINE_TEST_GATE.WHAT is a FIFO, wait until somebody has opened it. */
static void
gate(const char *what)
{
	cleanup(buf) struct buf name = BUF_INIT;
	struct stat st;

	buf_addf(
	    &name, "%s.%s", env("MACHINE_TEST_GATE", "/nonexistent"), what);
	if (stat(name.s, &st) == 0 && S_ISFIFO(st.st_mode)) {
		note("waits");
		(void)open(name.s, O_RDONLY);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	note(what);
	gate(what);
	if (strcmp(what, "_line") == 0)
		return line(false);
	if (strcmp(what, "_route") == 0)
		return line(true);
	if (strcmp(what, "_enter") == 0 && argc == 4)
		return enter(argv[2], argv[3]);
	if (strcmp(what, "hook") == 0 && argc == 3)
		return hook(argv[2]);
	if (strcmp(what, "allow") == 0)
		return allow();
	(void)printf("machine stand-in: %s\n", what);
	return 0;
}

#include "guest/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

/* Both ends of what the command will have as 0, 1 and 2. */
struct ends {
	int ours[3], theirs[3];
};

static void
close_ends(struct ends *e)
{
	for (int i = 0; i < 3; i++) {
		fd_close(steal_fd(&e->ours[i]));
		fd_close(steal_fd(&e->theirs[i]));
	}
}

CLEANUP_DEFINE(ends, struct ends, close_ends(p));

static int
open_pipes(struct ends *e, bool with_stdin)
{
	for (int i = 0; i < 3; i++) {
		int p[2];

		if (i == 0 && !with_stdin) {
			e->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
			if (e->theirs[0] < 0)
				return -1;
			continue;
		}
		if (pipe2(p, O_CLOEXEC))
			return -1;
		e->theirs[i] = p[i != 0];
		e->ours[i] = p[i == 0];
	}
	return 0;
}

static void
refuse(struct stream *s, const struct wire_exec *x, enum spawn_stage stage,
    int err)
{
	const char *name = x->argv[0];

	switch (stage) {
	case SPAWN_OK:
		break;
	case SPAWN_CWD:
		stream_refuse(s, 125,
		    "cannot change to %.300s in the guest: %s", x->cwd,
		    strerror(err));
		break;
	case SPAWN_USER:
		stream_refuse(s, 125, "the guest cannot start a process: %s",
		    strerror(err));
		break;
	case SPAWN_EXEC:
		if (err == E2BIG)
			stream_refuse(s, 126,
			    "%.200s: arguments and environment are longer than the guest's kernel takes",
			    name);
		else if (err == ENOENT && !strchr(name, '/'))
			stream_refuse(
			    s, 127, "%.300s: command not found", name);
		else
			stream_refuse(s, err == ENOENT ? 127 : 126,
			    "%.300s: %s", name, strerror(err));
	}
}

static void
start_on_pipes(struct stream *s, const struct wire_exec *x, struct spawn *how)
{
	cleanup(ends) struct ends e = { { -1, -1, -1 }, { -1, -1, -1 } };
	struct spawn_result r;

	if (open_pipes(&e, !(x->flags & WIRE_EXEC_NO_STDIN))) {
		refuse(s, x, SPAWN_USER, errno);
		return;
	}
	how->in = e.theirs[0];
	how->out = e.theirs[1];
	how->err = e.theirs[2];
	r = spawn(how);
	if (r.stage != SPAWN_OK) {
		refuse(s, x, r.stage, r.err);
		return;
	}
	s->pid = s->group = r.pid;
	s->said_eof = e.ours[0] < 0;
	sink_open(&s->in, steal_fd(&e.ours[0]));
	flow_open(&s->out[0], steal_fd(&e.ours[1]), s, WIRE_STDOUT);
	flow_open(&s->out[1], steal_fd(&e.ours[2]), s, WIRE_STDERR);
}

void
keeper_ready(struct watch *w, uint32_t events)
{
	struct stream *s = (struct stream *)((char *)w -
					     offsetof(struct stream, keeper));
	struct keeper_report r;
	struct wire_exec named = { .argv = (const char *[]){ s->name, NULL },
		.cwd = s->cwd };
	ssize_t n;

	(void)events;
	while ((n = read(w->fd, &r, sizeof(r))) == (ssize_t)sizeof(r)) {
		switch (r.kind) {
		case KEEPER_PID:
			s->group = r.value;
			/* The host went while the command was starting. */
			if (!s->conn)
				hang_up(s->group);
			break;
		case KEEPER_FAILED:
			s->pid = 0;
			flow_close(&s->out[0]);
			refuse(s, &named, r.stage, r.value);
			break;
		case KEEPER_STOPPED:
			s->stopped = (uint32_t)r.value;
			break;
		case KEEPER_ENDED:
			stream_ended(s, r.value);
			break;
		}
	}
	if (n == 0) /* it has ended; if it said no word SIGCHLD does */
		watch_close(w);
	stream_look(s);
}

static void
start_on_terminal(
    struct stream *s, const struct wire_exec *x, struct spawn *how)
{
	cleanup(ends) struct ends e = { { -1, -1, -1 }, { -1, -1, -1 } };
	int report[2];

	if (open_terminal(&e.ours[1], &e.theirs[0], x->rows, x->cols) ||
	    (e.ours[0] = fcntl(e.ours[1], F_DUPFD_CLOEXEC, 3)) < 0 ||
	    pipe2(report, O_CLOEXEC)) {
		refuse(s, x, SPAWN_USER, errno);
		return;
	}
	how->in = e.theirs[0];
	s->pid = keeper_start(how, report[1]);
	(void)close(report[1]);
	if (s->pid < 0) {
		s->pid = 0;
		(void)close(report[0]);
		refuse(s, x, SPAWN_USER, errno);
		return;
	}
	s->pty = true;
	/* For a refusal that comes later. */
	(void)snprintf(s->name, sizeof(s->name), "%s", x->argv[0]);
	(void)snprintf(s->cwd, sizeof(s->cwd), "%s", x->cwd);
	(void)fcntl(report[0], F_SETFL, O_NONBLOCK);
	s->keeper = (struct watch){ .fd = report[0], .ready = keeper_ready };
	watch_set(&s->keeper, EPOLLIN);
	sink_open(&s->in, steal_fd(&e.ours[0]));
	flow_open(&s->out[0], steal_fd(&e.ours[1]), s, WIRE_STDOUT);
}

static void
start(struct stream *s, const struct wire_exec *x)
{
	bool as_root = x->flags & WIRE_EXEC_ROOT;
	struct spawn how = { .id = identity_get(as_root), .cwd = x->cwd };
	size_t n = 0;
	const char **argv;

	/* The socket is the guest user's: who connects to it need not be the
	 * host. */
	if (as_root && !s->conn->port) {
		stream_refuse(
		    s, 125, "over a socket the guest runs nothing as root");
		return;
	}
	if (!how.id) {
		stream_refuse(s, 125, "there is no user %.100s in the guest",
		    agent.user ? agent.user : "root");
		return;
	}
	while (x->argv[n])
		n++;
	argv = xcalloc(n + 2, sizeof(*argv));
	memcpy(argv + 1, x->argv, n * sizeof(*argv));
	how.argv = argv + 1;
	how.env = identity_env(how.id, x->env);
	if (x->flags & WIRE_EXEC_PTY)
		start_on_terminal(s, x, &how);
	else
		start_on_pipes(s, x, &how);
	free(how.env);
	free(argv);
}

bool
stream_exec(struct stream *s, const unsigned char *p, size_t n)
{
	struct wire_exec x;
	bool good = wire_exec_read(&x, p, n) == 0;

	if (good) {
		agent.commands++;
		start(s, &x);
	}
	wire_exec_release(&x);
	return good;
}

void
stream_winch(int terminal, const unsigned char *p, size_t n)
{
	struct winsize size = { 0 };

	if (wire_winch_read(&size.ws_row, &size.ws_col, p, n) == 0)
		(void)ioctl(terminal, TIOCSWINSZ, &size);
}

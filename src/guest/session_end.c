#include "guest/session.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/*
 * How a session, its shell and the line in it end, and who counts what is
 * left.
 */

#define INTERRUPT_MS 500

static void
kill_hard(struct timer *t)
{
	struct session *ses = (struct session *)((char *)t -
						 offsetof(
						     struct session, timer));
	pid_t front = ses->pid;

	(void)ioctl(ses->out.w.fd, TIOCGPGRP, &front);
	if (front > 1)
		(void)kill(-front, SIGKILL);
	if (front != ses->pid && !ses->ending)
		timer_set(t, WIRE_HUP_MS, kill_hard);
	else
		(void)kill(-ses->pid, SIGKILL);
}

static void
hang_up_front(const struct session *ses)
{
	pid_t front = 0;

	if (ioctl(ses->out.w.fd, TIOCGPGRP, &front) == 0 && front != ses->pid)
		hang_up(front);
}

static void
signal_shell(struct session *ses, int signal)
{
	(void)kill(-ses->pid, signal);
	(void)kill(-ses->pid, SIGCONT);
	timer_set(&ses->timer, WIRE_HUP_MS, kill_hard);
}

/* It goes on without its job: a loop, or something of its own. */
static void
interrupt(struct timer *t)
{
	struct session *ses = (struct session *)((char *)t -
						 offsetof(
						     struct session, timer));

	hang_up_front(ses);
	signal_shell(ses, SIGINT);
}

void
session_detach(struct stream *s)
{
	struct session *ses = s->session;

	if (ses->waiting == s) {
		ses->waiting = NULL;
		free(ses->payload);
		ses->payload = NULL;
		return;
	}
	if (ses->line != s)
		return;
	ses->line = NULL;
	ses->out.stream = NULL;
	flow_resume(&ses->out);
	if (ses->dead)
		session_free(ses);
	else if (s->ended)
		session_idle(ses);
	else {
		/* What is in front. Its end is mostly that of the line, and a
		 * shell that tells us so must not be interrupted in it. */
		hang_up_front(ses);
		timer_set(&ses->timer, INTERRUPT_MS, interrupt);
	}
}

void
session_end(const char *name)
{
	for (struct session *ses = agent.sessions; ses; ses = ses->next) {
		if (ses->dead || ses->ending ||
		    (name && strcmp(ses->name, name) != 0))
			continue;
		ses->ending = true;
		hang_up_front(ses);
		signal_shell(ses, SIGHUP);
	}
}

/*
 * fish tells the end of `exit` before it ends. The line that came meanwhile
 * has not begun (we have not let it), and is for a new shell.
 */
static bool
again(struct session *ses)
{
	struct stream *s = ses->line;

	if (!s || s->ended || !ses->prompts || ses->started || ses->ending)
		return false;
	ses->line = NULL;
	ses->waiting = s;
	if (!s->notice)
		s->notice = xstrdup(
		    "the session's shell has ended; this is a new one");
	session_begin_waiting(ses);
	session_free(ses);
	return true;
}

bool
session_reaped(pid_t pid, int status)
{
	struct wire_exit x = { .flags = WIRE_EXIT_ENDED };
	struct session *ses = agent.sessions;

	while (ses && (ses->dead || ses->pid != pid))
		ses = ses->next;
	if (!ses)
		return false;
	x.how = WIFSIGNALED(status) ? WIRE_SIGNALED : WIRE_EXITED;
	x.number = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status)
						  : WEXITSTATUS(status));
	timer_clear(&ses->timer);
	ses->dead = true;
	session_forget(ses);
	if (again(ses))
		return true;
	if (ses->line && !ses->line->ended)
		session_line_ended(ses, x);
	if (ses->line)
		return true; /* session_detach() frees it */
	session_begin_waiting(ses); /* in a new one */
	session_free(ses);
	return true;
}

/* --- counting ------------------------------------------------------------ */

static bool
has_jobs(const struct session *ses)
{
	char path[64];
	cleanup(fd) int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)ses->pid, (int)ses->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, path, 1) > 0;
}

void
session_counts(uint32_t *all, uint32_t *with_jobs)
{
	*all = *with_jobs = 0;
	for (struct session *ses = agent.sessions; ses; ses = ses->next) {
		++*all;
		*with_jobs += !ses->busy && !ses->dead && has_jobs(ses);
	}
}

#include "host/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/os.h"

static int ends[2] = { -1, -1 };

static void
caught(int signal)
{
	int saved = errno;
	unsigned char c = (unsigned char)signal;

	/* Full: so many are waiting that this one is among them. */
	(void)!write(ends[1], &c, 1);
	errno = saved;
}

int
wake_on(const int *signals, struct err *e)
{
	struct sigaction catch = { .sa_handler = caught,
		.sa_flags = SA_RESTART };
	struct sigaction old;

	if (ends[0] < 0 && os_pipe(ends))
		return err_sys(e, "cannot create a pipe");
	for (int i = 0; i < 2; i++)
		(void)fcntl(ends[i], F_SETFL, O_NONBLOCK);
	(void)sigemptyset(&catch.sa_mask);
	for (; *signals; signals++)
		if (sigaction(*signals, NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(*signals, &catch, NULL);
	return ends[0];
}

void
wake_ignore_pipe(bool on)
{
	static struct sigaction before;
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigemptyset(&ignore.sa_mask);
	if (on)
		(void)sigaction(SIGPIPE, &ignore, &before);
	else
		(void)sigaction(SIGPIPE, &before, NULL);
}

int
wake_next(void)
{
	unsigned char c;

	return read(ends[0], &c, 1) == 1 ? c : 0;
}

void
wake_stop(int signal, bool job)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct sigaction old;

	(void)sigemptyset(&dfl.sa_mask);
	if (sigaction(signal, NULL, &old) || old.sa_handler == SIG_IGN)
		return;
	(void)sigaction(signal, &dfl, NULL);
	(void)kill(job ? 0 : getpid(), signal);
	(void)sigaction(signal, &old, NULL);
}

#include "guest/init.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "guest/file.h"
#include "guest/report.h"

#define PROGRAM "/usr/sbin/sshd"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key"
#define NOTIFY GUEST_DIR "/sshd.ready"
#define WAIT_MS 30000

static pid_t server = -1;
static int notify = -1;

/* sshd says on this socket that it listens, as it says it to systemd. */
static void
open_notify(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = NOTIFY };

	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify >= 0 && bind(notify, (struct sockaddr *)&a, sizeof(a))) {
		(void)close(notify);
		notify = -1;
	}
}

static void
make_key(void)
{
	char *const argv[] = { xstrdup("/usr/bin/ssh-keygen"), xstrdup("-q"),
		xstrdup("-t"), xstrdup("ed25519"), xstrdup("-N"), xstrdup(""),
		xstrdup("-C"), xstrdup(""), xstrdup("-f"), xstrdup(HOST_KEY),
		NULL };
	char last[512];
	int rc;

	if (access(HOST_KEY, F_OK) == 0)
		return;
	rc = file_run(argv, last, sizeof(last));
	if (rc)
		problem("ssh-keygen failed (%d): %s", rc, last);
}

_Noreturn static void
become_sshd(void)
{
	/* Many commands share a connection, and many start at once. */
	char *const argv[] = { xstrdup(PROGRAM), xstrdup("-D"), xstrdup("-o"),
		xstrdup("HostKey=" HOST_KEY), xstrdup("-o"),
		xstrdup("UseDNS=no"), xstrdup("-o"), xstrdup("PrintMotd=no"),
		xstrdup("-o"), xstrdup("MaxSessions=1000"), xstrdup("-o"),
		xstrdup("MaxStartups=100:30:200"), xstrdup("-o"),
		xstrdup("AcceptEnv=COLORTERM"), NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	make_key();
	(void)setsid();
	(void)dup2(null, 0);
	(void)dup2(null, 1);
	(void)dup2(null, 2);
	if (notify >= 0)
		(void)setenv("NOTIFY_SOCKET", NOTIFY, 1);
	(void)execv(argv[0], argv);
	_exit(127);
}

void
sshd_start(void)
{
	if (access(PROGRAM, X_OK)) {
		problem("the image has no " PROGRAM ": no ssh");
		return;
	}
	(void)mkdir("/run/sshd", 0755);
	open_notify();
	server = fork();
	if (server == 0)
		become_sshd();
	if (server < 0)
		problem("cannot start sshd: %s", strerror(errno));
}

/* A socket in the state LISTEN at port 22, for those that do not notify. */
static bool
listens(const char *table)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, table, 65536, &text, &e))
		return false;
	for (const char *p = text.s; (p = strstr(p, ":0016 ")); p++) {
		const char *state = strchr(p + 6, ' ');

		if (state && !strncmp(state, " 0A", 3))
			return true;
	}
	return false;
}

static bool
is_ready(void)
{
	char message[256];
	ssize_t n = notify < 0 ? -1
			       : read(notify, message, sizeof(message) - 1);

	if (n > 0) {
		message[n] = '\0';
		if (strstr(message, "READY=1"))
			return true;
	}
	return listens("/proc/net/tcp") || listens("/proc/net/tcp6");
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
sshd_wait(void)
{
	int64_t end = now_ms() + WAIT_MS;
	bool ready = false;

	while (server > 0 && !(ready = is_ready()) && now_ms() < end) {
		struct pollfd p = { .fd = notify, .events = POLLIN };
		int status;

		if (waitpid(server, &status, WNOHANG) == server) {
			server = -1;
			problem("sshd has ended with status %d",
			    WIFEXITED(status) ? WEXITSTATUS(status) : 128);
		} else {
			(void)poll(&p, 1, 25);
		}
	}
	if (notify >= 0)
		(void)close(notify);
	(void)unlink(NOTIFY);
	if (ready)
		report_host("ssh listening");
	else if (server > 0)
		problem("sshd does not listen");
}

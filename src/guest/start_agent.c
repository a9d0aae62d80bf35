#include "guest/init.h"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "guest/report.h"

void
agent_copy(int program)
{
	cleanup(fd) int out = -1;
	struct stat st;
	off_t at = 0;

	if (program < 0 || fstat(program, &st)) {
		problem("the initrd has no /init to copy");
		return;
	}
	out = open(
	    GUEST_PROGRAM, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	while (out >= 0 && at < st.st_size)
		if (sendfile(out, program, &at, (size_t)(st.st_size - at)) <= 0)
			break;
	if (out < 0 || at < st.st_size)
		problem(GUEST_PROGRAM ": %s", strerror(errno));
}

void
agent_start(const struct bootconf *conf, const struct account *who)
{
	char *argv[12];
	size_t n = 0;
	pid_t pid;

	argv[n++] = xstrdup("machine-guest");
	argv[n++] = xstrdup("agent");
	if (conf->ports) {
		argv[n++] = xstrdup("--ports");
		argv[n++] = xstrdup("machine.");
	}
	argv[n++] = xstrdup("--socket");
	argv[n++] = xstrdup(GUEST_DIR "/agent.sock");
	if (*who->name) {
		argv[n++] = xstrdup("--user");
		argv[n++] = xstrdup(who->name);
	}
	argv[n] = NULL;
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		(void)execv(GUEST_PROGRAM, argv);
		_exit(127);
	}
	if (pid < 0)
		problem("cannot start the agent: %s", strerror(errno));
	while (n)
		free(argv[--n]);
}

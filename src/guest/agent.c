#include "guest/agent.h"

#include <fcntl.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

struct agent agent = { .dir = "/run/machine", .epoll = -1 };

static int
usage(void)
{
	(void)dprintf(2,
	    "usage: machine-guest agent [--ports PREFIX] [--socket PATH] [--user NAME] [--dir DIR] [--port-fd N]...\n");
	return 2;
}

/* A descriptor that is a port, for tests. */
static bool
add_port(const char *number)
{
	char *end;
	long fd = strtol(number, &end, 10);

	if (*end || fd < 3 || fd > 1023)
		return false;
	if (fcntl((int)fd, F_SETFL, O_NONBLOCK) ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC))
		return false;
	conn_new((int)fd, true);
	return true;
}

static bool
read_options(int argc, char **argv)
{
	static const struct option options[] = { { "ports", required_argument,
						     NULL, 'p' },
		{ "socket", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "dir", required_argument, NULL, 'd' },
		{ "port-fd", required_argument, NULL, 'f' }, { 0 } };
	int o;

	opterr = 0;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'p':
			agent.port_prefix = optarg;
			break;
		case 's':
			agent.socket = optarg;
			break;
		case 'u':
			agent.user = optarg;
			break;
		case 'd':
			agent.dir = optarg;
			break;
		case 'f':
			if (!add_port(optarg))
				return false;
			break;
		default:
			return false;
		}
	}
	return optind == argc && *agent.dir == '/';
}

/*
 * Nothing of ours is below 3: a child's 0, 1 and 2 are put there. And it gets
 * nothing else, whatever was left open for us.
 */
static int
fill_standard(void)
{
	int fd;

	(void)syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd < 3);
	if (fd < 0)
		return -1;
	return close(fd);
}

/* Four descriptors for each command. A child gets the usual limit back. */
static void
raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	if (agent.root && files.rlim_max < (512u << 10))
		files.rlim_max = 512u << 10;
	files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int
agent_main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int status;

	agent.root = geteuid() == 0;
	agent.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (agent.epoll < 0 || fill_standard()) {
		(void)dprintf(2, "machine-guest: no descriptors\n");
		return 1;
	}
	raise_limits();
	if (!read_options(argc, argv))
		return usage();
	(void)chdir("/");
	if (agent.socket && agent_listen(agent.socket, &e)) {
		(void)dprintf(2, "machine-guest: %s\n", e.msg);
		return 1;
	}
	if (agent.port_prefix)
		agent_find_ports();
	status = agent_loop();
	session_end(NULL);
	if (agent.socket)
		(void)unlink(agent.socket);
	return status;
}

#include "base/net.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

bool
net_port_free(uint16_t port)
{
	const struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cleanup(fd) int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int on = 1;

	if (fd < 0)
		return true; /* not for us to say */
	/* As servers do: what is left of closed connections does not count. */
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 ||
	       errno != EADDRINUSE;
}

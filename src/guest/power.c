#include "guest/init.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "guest/disk.h"
#include "guest/report.h"

/*
 * The host's request to stop is the power button, pressed once. systemd-logind
 * looks at it some ten seconds after the prompt is there; what comes before
 * would be lost, and `limactl stop` would wait for three minutes.
 */

/* SIGRTMIN+4 of systemd's glibc: "start poweroff.target". musl counts from 35.
 */
#define SYSTEMD_POWEROFF 38
#define KEY_POWER_CODE 116
#define EV_KEY_TYPE 1
#define GET_NAME(len) _IOC(_IOC_READ, 'E', 0x06, len) /* EVIOCGNAME */
#define BUTTON_WAIT_MS 20000

struct event {
	struct timeval time;
	uint16_t type, code;
	int32_t value;
};

static bool
open_button(void *arg)
{
	int *button = arg;

	for (unsigned i = 0; i < 16; i++) {
		char path[32], name[64] = "";
		int fd;

		(void)snprintf(path, sizeof(path), "/dev/input/event%u", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (syscall(SYS_ioctl, fd, GET_NAME(sizeof(name) - 1), name) >=
			0 &&
		    (!strcmp(name, "Power Button") ||
			!strcmp(name, "gpio-keys"))) {
			*button = fd;
			return true;
		}
		(void)close(fd);
	}
	return false;
}

_Noreturn static void
watch(void)
{
	const struct timespec second = { .tv_sec = 1 };
	int button = -1;
	struct event ev;

	(void)prctl(PR_SET_NAME, "machine-power");
	if (!disk_wait(open_button, &button, BUTTON_WAIT_MS))
		_exit(0);
	for (;;) {
		ssize_t n = read(button, &ev, sizeof(ev));

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(ev))
			_exit(0);
		if (ev.type == EV_KEY_TYPE && ev.code == KEY_POWER_CODE &&
		    ev.value == 1)
			break;
	}
	say("power button");
	/* PID 1 ignores it until it is systemd and has got that far. */
	for (;;) {
		(void)kill(1, SYSTEMD_POWEROFF);
		(void)nanosleep(&second, NULL);
	}
}

void
power_watch(void)
{
	if (fork() == 0)
		watch();
}

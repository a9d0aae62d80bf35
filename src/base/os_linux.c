#include "base/os.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <poll.h>
#include <time.h>

unsigned
os_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

uint64_t
os_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

const char *
os_arch(void)
{
	static struct utsname u;

	if (uname(&u) || (strcmp(u.machine, "x86_64") != 0 &&
			     strcmp(u.machine, "aarch64") != 0))
		return "";
	return u.machine;
}

bool
os_self(struct buf *path)
{
	char link[4096];
	ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);

	if (n <= 0 || link[0] != '/')
		return false;
	buf_add(path, link, (size_t)n);
	return true;
}

const char *
os_vm_type(void)
{
	return "qemu";
}

bool
os_accelerated(struct buf *why)
{
	cleanup(fd) int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	cleanup(fd) int vm = -1;

	if (kvm < 0) {
		buf_addf(why, "cannot open /dev/kvm: %s: %s", strerror(errno),
		    errno == EACCES
			? "type: sudo usermod -aG kvm \"$USER\", then log in "
			  "again"
			: "switch virtualization on in the firmware, or load "
			  "the kernel's module kvm");
		return false;
	}
	/* Nested hypervisors offer the node and fail here. */
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0) {
		buf_addf(why,
		    "/dev/kvm does not work: %s: is this a VM without nested "
		    "virtualization?",
		    strerror(errno));
		return false;
	}
	return true;
}

/* The text of a /proc file that is shorter than cap; "" if there is none. */
static void
read_proc(const char *path, char *text, size_t cap)
{
	cleanup(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, cap - 1);

	text[n > 0 ? n : 0] = '\0';
}

int64_t
os_process_start(pid_t pid)
{
	struct timespec wall, up;
	char path[64], stat[2048];
	long ticks = sysconf(_SC_CLK_TCK);
	char *p;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	read_proc(path, stat, sizeof(stat));
	/* proc(5): field 2, the name, may hold spaces and parentheses. */
	if (ticks <= 0 || !(p = strrchr(stat, ')')))
		return -1;
	/* A zombie has ended; only its parent still has to hear of it. */
	if (strncmp(p, ") Z", 3) == 0)
		return -1;
	for (int field = 2; field < 22; field++)
		if (!(p = strchr(p + 1, ' ')))
			return -1;
	/* Field 22 counts from the start of the system, in ticks. */
	if (clock_gettime(CLOCK_REALTIME, &wall) ||
	    clock_gettime(CLOCK_BOOTTIME, &up))
		return -1;
	return wall.tv_sec - up.tv_sec + strtoll(p + 1, NULL, 10) / ticks;
}

bool
os_wait_gone(pid_t pid, int timeout_ms)
{
	cleanup(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return errno == ESRCH;
	return poll(&p, 1, timeout_ms) > 0;
}

int
os_pipe(int fd[2])
{
	return pipe2(fd, O_CLOEXEC);
}

int
os_clone(const char *from, const char *to, struct err *e)
{
	cleanup(fd) int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup(fd) int out = -1;
	ssize_t n;

	if (in < 0)
		return err_sys(e, "cannot read %s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, "cannot make %s", to);
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	while ((n = copy_file_range(in, NULL, out, NULL, 1u << 30, 0)) > 0)
		continue;
	return n < 0 ? err_sys(e, "cannot copy %s to %s", from, to) : 0;
}

int
os_watch(const char *dir)
{
	cleanup(fd) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, dir,
			  IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
		return -1;
	return steal_fd(&fd);
}

int
os_sync(int fd)
{
	return fsync(fd);
}

short
os_spawn_flags(void)
{
	return 0; /* proc_init() has seen to it */
}

int
os_spawn_keep(posix_spawn_file_actions_t *fa, int fd)
{
	/* dup2 onto itself clears close-on-exec (POSIX.1-2024) */
	return posix_spawn_file_actions_adddup2(fa, fd, fd);
}

bool
os_process_mentions(pid_t pid, const char *text)
{
	char path[64], args[16384];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	{
		cleanup(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? -1 : read(fd, args, sizeof(args) - 1);
	}
	if (n <= 0)
		return false;
	args[n] = '\0';
	/* Arguments end in NULs; the text is in one of them. */
	for (const char *p = args; p < args + n; p += strlen(p) + 1)
		if (strstr(p, text))
			return true;
	return false;
}

const char *const *
os_ca_dirs(void)
{
	/* Of Debian, Fedora, Arch and SUSE. */
	static const char *const dirs[] = { "/usr/local/share/ca-certificates",
		"/etc/pki/ca-trust/source/anchors",
		"/etc/ca-certificates/trust-source/anchors",
		"/etc/pki/trust/anchors", NULL };

	return dirs;
}

const char *const *
os_ca_program(void)
{
	return NULL;
}

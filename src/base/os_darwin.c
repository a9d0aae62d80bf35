/* Written from Apple's manual pages; not yet run on macOS (machine.1, BUGS). */
#include "base/os.h"

#include <sys/clonefile.h>
#include <sys/event.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <libproc.h>
#include <mach-o/dyld.h>

unsigned
os_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

uint64_t
os_memory(void)
{
	uint64_t bytes = 0;
	size_t len = sizeof(bytes);

	return sysctlbyname("hw.memsize", &bytes, &len, NULL, 0) ? 0 : bytes;
}

const char *
os_arch(void)
{
	struct utsname u;

	if (uname(&u))
		return "";
	if (strcmp(u.machine, "arm64") == 0)
		return "aarch64";
	return strcmp(u.machine, "x86_64") == 0 ? "x86_64" : "";
}

bool
os_self(struct buf *path)
{
	char name[4096];
	uint32_t size = sizeof(name);

	if (_NSGetExecutablePath(name, &size) || name[0] != '/')
		return false;
	buf_adds(path, name);
	return true;
}

const char *
os_vm_type(void)
{
	return "vz";
}

bool
os_accelerated(struct buf *why)
{
	int on = 0;
	size_t len = sizeof(on);

	if (sysctlbyname("kern.hv_support", &on, &len, NULL, 0) == 0 && on)
		return true;
	buf_adds(why, "this Mac has no hypervisor support");
	return false;
}

int64_t
os_process_start(pid_t pid)
{
	struct proc_bsdinfo info;

	if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof(info)) !=
	    (int)sizeof(info))
		return -1;
	return (int64_t)info.pbi_start_tvsec;
}

bool
os_wait_gone(pid_t pid, int timeout_ms)
{
	cleanup(fd) int kq = kqueue();
	struct kevent want, got;
	struct timespec limit = { .tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L };

	EV_SET(&want, (uintptr_t)pid, EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, NULL);
	if (kq < 0)
		return false;
	if (kevent(kq, &want, 1, NULL, 0, NULL))
		return errno == ESRCH;
	return kevent(kq, NULL, 0, &got, 1, &limit) > 0;
}

int
os_pipe(int fd[2])
{
	if (pipe(fd))
		return -1;
	(void)fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

int
os_clone(const char *from, const char *to, struct err *e)
{
	return clonefile(from, to, CLONE_NOFOLLOW)
		   ? err_sys(e, "cannot clone %s to %s", from, to)
		   : 0;
}

int
os_watch(const char *dir)
{
	(void)dir; /* kqueue tells of a directory, not of the files in it */
	return -1;
}

int
os_sync(int fd)
{
	return fcntl(fd, F_FULLFSYNC) == 0 ? 0 : fsync(fd);
}

short
os_spawn_flags(void)
{
	return POSIX_SPAWN_CLOEXEC_DEFAULT;
}

int
os_spawn_keep(posix_spawn_file_actions_t *fa, int fd)
{
	return posix_spawn_file_actions_addinherit_np(fa, fd);
}

bool
os_process_mentions(pid_t pid, const char *text)
{
	int mib[] = { CTL_KERN, KERN_PROCARGS2, pid };
	char args[16384];
	size_t n = sizeof(args) - 1;

	if (sysctl(mib, 3, args, &n, NULL, 0))
		return false;
	args[n] = '\0';
	for (const char *p = args + sizeof(int); p < args + n;
	     p += strlen(p) + 1)
		if (strstr(p, text))
			return true;
	return false;
}

const char *const *
os_ca_dirs(void)
{
	static const char *const none[] = { NULL };

	return none;
}

/* Untested. What an administrator has added is in this keychain. */
const char *const *
os_ca_program(void)
{
	static const char *const argv[] = { "/usr/bin/security",
		"find-certificate", "-a", "-p",
		"/Library/Keychains/System.keychain", NULL };

	return argv;
}

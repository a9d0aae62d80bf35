#include "host/boot_files.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/fs.h"
#include "base/msg.h"
#include "host/initrd.h"
#include "host/kernel.h"

/* Status of the script for "this image cannot be booted directly". */
#define CANNOT 3
#define ROOT_MAX 256
#define TEXT_MAX 4096 /* the root, or why not */
#define KERNEL_MAX ((size_t)256 << 20)
#define TOO_MUCH (128 + SIGXFSZ)

static const char script[] = {
#include "guest/image/boot-files.inc"
};

struct taking {
	struct work *w;
	int dir, script; /* descriptors */
	char **why;
};

/*
 * An image can go on for ever: ssh ends when a file of its would become larger,
 * and the status is TOO_MUCH.
 */
static int
run_limited(struct taking *t, const char *command, int out, int log, size_t max,
    int *status, struct err *e)
{
	const struct vm *vm = t->w->vm;
	struct rlimit was, now;
	int rc;

	if (getrlimit(RLIMIT_FSIZE, &was))
		return err_sys(e, "cannot limit the size of files");
	now = was;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > max)
		now.rlim_cur = max;
	if (setrlimit(RLIMIT_FSIZE, &now))
		return err_sys(e, "cannot limit the size of files");
	rc = lima_pipe(
	    &vm->lima, vm->instance, command, t->script, out, log, status, e);
	(void)setrlimit(RLIMIT_FSIZE, &was);
	return rc;
}

/*
 * Run the script as root for one of its words; what it prints, at most `max`
 * bytes, is in the file `name`. 1: why it cannot is in *t->why.
 */
static int
take(struct taking *t, const char *what, const char *name, size_t max,
    struct err *e)
{
	cleanup(buf) struct buf command = BUF_INIT;
	cleanup(fd) int out = openat(t->dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	cleanup(fd) int log = fs_open_log(t->dir, "why", true, e);
	int status = SSH_UNREACHABLE;

	if (out < 0 || log < 0)
		return err_sys(e, "cannot store %s", name);
	buf_addf(&command, "sudo -n sh -s %s", what);
	if (lseek(t->script, 0, SEEK_SET) ||
	    run_limited(t, command.s, out, log, max, &status, e))
		return -1;
	if (status == TOO_MUCH) {
		cleanup(buf) struct buf why = BUF_INIT;

		buf_addf(&why, "its %s would be larger than %zu KiB", what,
		    max >> 10);
		*t->why = buf_detach(&why);
		return 1;
	}
	if (status == CANNOT) {
		cleanup(str) char *text = NULL;
		cleanup(buf) struct buf safe = BUF_INIT;
		size_t len;

		if (fs_tail(t->dir, "why", 512, &text, &len, e))
			return -1;
		msg_scrub(&safe, text, strcspn(text, "\n"), false);
		*t->why = buf_detach(&safe);
		return 1;
	}
	if (status)
		return err_set(e, ERR_BACKEND,
		    "cannot take the %s out of the image: status %d", what,
		    status);
	return 0;
}

static int
take_kernel(struct taking *t, const char *dir, struct err *e)
{
	cleanup(str) char *packed = path_join(dir, "vmlinuz");
	cleanup(str) char *kernel = path_join(dir, "kernel");
	const char *own = t->w->image.kernel;
	int rc;

	/* The image's own, which the user has named: it may be unpacked. */
	if (own)
		return kernel_copy(&t->w->vm->lima, own, kernel, e);
	rc = take(t, "kernel", "vmlinuz", KERNEL_MAX, e);
	if (rc)
		return rc;
	return kernel_copy(&t->w->vm->lima, packed, kernel, e);
}

static int
take_root(struct taking *t, char **cmdline, struct err *e)
{
	cleanup(str) char *root = NULL;
	cleanup(buf) struct buf line = BUF_INIT;
	size_t len;
	int rc = take(t, "root", "root", TEXT_MAX, e);

	if (rc || fs_read(t->dir, "root", ROOT_MAX, &root, &len, e))
		return rc ? rc : -1;
	root[strcspn(root, "\n")] = '\0';
	if (!*root || root[strspn(root, "/abcdefghijklmnopqrstuvwxyz0123456789="
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ-")])
		return err_set(e, ERR_BACKEND,
		    "the image gives no name of its root file system");
	/* panic: the kernel begins anew (QEMU's emulation has made it panic).
	 */
	buf_addf(&line,
	    "root=%s rw console=%s net.ifnames=0 quiet panic=1 "
	    "cloud-init=disabled",
	    root,
	    strcmp(t->w->image.arch, "aarch64") == 0 ? "ttyAMA0" : "ttyS0");
	*cmdline = buf_detach(&line);
	return 0;
}

int
boot_files_take(
    struct work *w, const char *dir, char **cmdline, char **why, struct err *e)
{
	static const char *const spare[] = { "why", "root", "vmlinuz" };
	cleanup(fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup(fd) int in = fd < 0
				 ? -1
				 : fs_anonymous(fd, script, strlen(script), e);
	struct taking t = { .w = w, .dir = fd, .script = in, .why = why };
	int rc;

	*cmdline = *why = NULL;
	if (fd < 0)
		return err_sys(e, "cannot open %s", dir);
	if (in < 0)
		return -1;
	rc = take_root(&t, cmdline, e);
	if (!rc)
		rc = take(&t, "modules", "modules.cpio", INITRD_MODULES_MAX, e);
	if (!rc)
		rc = take_kernel(&t, dir, e);
	for (size_t i = 0; i < ARRAY_LEN(spare); i++)
		if (fs_remove(fd, spare[i], e))
			rc = -1;
	if (rc <= 0)
		return rc;
	/* It boots by itself. */
	free(*cmdline);
	*cmdline = NULL;
	msg_note("this image boots by itself, which is slower: %s", *why);
	return fs_remove(fd, "modules.cpio", e) || fs_remove(fd, "kernel", e)
		   ? -1
		   : 0;
}

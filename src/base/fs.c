#include "base/fs.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/os.h"

static int
write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fs_replace(int dirfd, const char *name, const void *data, size_t len,
    mode_t mode, struct err *e)
{
	cleanup(fd) int fd = -1;
	char tmp[256];
	int n;

	n = snprintf(tmp, sizeof(tmp), ".%s.%ld.tmp", name, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return err_set(e, ERR_SYS, "%s: name is too long", name);

	/* Left over by a crash of an earlier process that had our pid. */
	(void)unlinkat(dirfd, tmp, 0);
	fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(e, "cannot create %s", tmp);
	if (write_all(fd, data, len) || os_sync(fd)) {
		err_sys(e, "cannot write %s", name);
		goto fail;
	}
	if (close(steal_fd(&fd))) { /* NFS reports a full disk here */
		err_sys(e, "cannot write %s", name);
		goto fail;
	}
	if (renameat(dirfd, tmp, dirfd, name)) {
		err_sys(e, "cannot replace %s", name);
		goto fail;
	}
	(void)os_sync(dirfd); /* not every file system can; the data is safe */
	return 0;

fail:
	(void)unlinkat(dirfd, tmp, 0);
	return -1;
}

/* Read what fd holds, which is not more than max bytes. */
static int
read_all(int fd, const char *name, size_t max, char **data, size_t *len,
    struct err *e)
{
	cleanup(str) char *p = NULL;
	size_t have = 0, cap = 0;

	for (;;) {
		ssize_t n;

		if (have + 1 >= cap) {
			cap = cap ? cap * 2 : 4096;
			p = xreallocarray(p, cap, 1);
		}
		n = read(fd, p + have, cap - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read %s", name);
		if (n == 0)
			break;
		have += (size_t)n;
		if (have > max) /* it grew after fstat() */
			return err_set(e, ERR_CONFIG,
			    "%s is larger than %zu KiB", name, max >> 10);
	}
	p[have] = '\0';
	*len = have;
	*data = STEAL(p);
	return 0;
}

static const char *
kind(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

/* O_NONBLOCK: a FIFO must fail the check below, not hang the shell. */
static int
open_regular(int dirfd, const char *name, struct stat *st, struct err *e)
{
	cleanup(fd) int fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_CONFIG,
		    "%s is a symbolic link, not a regular file", name);
	if (fd < 0 && errno == ENXIO)
		return err_set(
		    e, ERR_CONFIG, "%s is a socket, not a regular file", name);
	if (fd < 0)
		return err_sys(e, "cannot open %s", name);
	if (fstat(fd, st))
		return err_sys(e, "cannot look at %s", name);
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_CONFIG, "%s is %s, not a regular file",
		    name, kind(st->st_mode));
	return steal_fd(&fd);
}

static int
read_file(int dirfd, const char *name, size_t max, bool owned, char **data,
    size_t *len, struct err *e)
{
	struct stat st;
	cleanup(fd) int fd = open_regular(dirfd, name, &st, e);

	if (fd < 0)
		return -1;
	if (owned && st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
		    "%s belongs to another user (uid %ld)", name,
		    (long)st.st_uid);
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return err_set(e, ERR_CONFIG, "%s is larger than %zu KiB", name,
		    max >> 10);
	return read_all(fd, name, max, data, len, e);
}

int
fs_read(int dirfd, const char *name, size_t max, char **data, size_t *len,
    struct err *e)
{
	return read_file(dirfd, name, max, true, data, len, e);
}

int
fs_read_shared(int dirfd, const char *name, size_t max, char **data,
    size_t *len, struct err *e)
{
	return read_file(dirfd, name, max, false, data, len, e);
}

/*
 * Component by component: openat2(RESOLVE_BENEATH) is Linux's alone, and this
 * is all that it would do for us.
 */
int
fs_read_beneath(int dirfd, const char *path, size_t max, char **data,
    size_t *len, struct err *e)
{
	cleanup(str) char *copy = xstrdup(path);
	cleanup(fd) int dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	struct stat root, st;
	char *name = copy, *slash;

	if (dir < 0 || fstat(dir, &root))
		return err_sys(e, "cannot open the directory of %s", path);
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		int next;

		*slash = '\0';
		if (!*name || strcmp(name, "..") == 0)
			return err_set(
			    e, ERR_CONFIG, "%s leads out of the project", path);
		next = openat(
		    dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_sys(e, "cannot open %s of %s", name, path);
		fd_close(dir);
		dir = next;
		if (fstat(dir, &st) || st.st_dev != root.st_dev)
			return err_set(e, ERR_CONFIG,
			    "%s is on another device than the project", path);
	}
	if (!*name || strcmp(name, "..") == 0)
		return err_set(
		    e, ERR_CONFIG, "%s leads out of the project", path);
	return fs_read(dir, name, max, data, len, e);
}

int
fs_tail(int dirfd, const char *name, size_t max, char **data, size_t *len,
    struct err *e)
{
	struct stat st;
	cleanup(fd) int fd = open_regular(dirfd, name, &st, e);

	if (fd < 0)
		return -1;
	if (st.st_size > (off_t)max)
		(void)lseek(fd, -(off_t)max, SEEK_END);
	/* Twice: the writer may still be at it. */
	return read_all(fd, name, 2 * max, data, len, e);
}

static int
check_private(int fd, const char *name, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(e, "cannot look at %s", name);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
		    "%s belongs to another user (uid %ld)", name,
		    (long)st.st_uid);
	if (st.st_mode & 077 && name[0] == '/')
		return err_set(e, ERR_CONFIG,
		    "%s is open to other users: type: chmod 700 %s", name,
		    name);
	if (st.st_mode & 077)
		return err_set(
		    e, ERR_CONFIG, "%s is open to other users", name);
	return 0;
}

int
fs_private_subdir(int dirfd, const char *name, bool make, struct err *e)
{
	cleanup(fd) int fd = -1;

	if (make && mkdirat(dirfd, name, 0700) && errno != EEXIST)
		return err_sys(e, "cannot make the directory %s", name);
	fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open the directory %s", name);
	if (check_private(fd, name, e))
		return -1;
	return steal_fd(&fd);
}

int
fs_private_dir(const char *path, struct err *e)
{
	cleanup(str) char *parent = xstrdup(path);

	/* The parents are the user's own (~/.local) or the system's. */
	for (char *p = parent + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(parent, 0700) && errno != EEXIST && errno != EROFS)
			return err_sys(
			    e, "cannot make the directory %s", parent);
		*p = '/';
	}
	return fs_private_subdir(AT_FDCWD, path, true, e);
}

int
fs_anonymous(int dirfd, const void *data, size_t len, struct err *e)
{
	cleanup(fd) int fd = -1;
	char name[64];

	(void)snprintf(name, sizeof(name), ".anon.%ld", (long)getpid());
	(void)unlinkat(dirfd, name, 0);
	fd = openat(dirfd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "cannot create a temporary file");
	(void)unlinkat(dirfd, name, 0);
	if (write_all(fd, data, len) || lseek(fd, 0, SEEK_SET))
		return err_sys(e, "cannot write a temporary file");
	return steal_fd(&fd);
}

int
fs_open_log(int dirfd, const char *name, bool fresh, struct err *e)
{
	int fd = openat(dirfd, name,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
		(fresh ? O_TRUNC : 0),
	    0600);

	return fd < 0 ? err_sys(e, "cannot open %s", name) : fd;
}

int
fs_remove(int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, 0) && errno != ENOENT)
		return err_sys(e, "cannot remove %s", name);
	return 0;
}

#define TREE_DEPTH_MAX 64

static int
remove_tree(int dirfd, const char *name, dev_t dev, int depth, struct err *e)
{
	DIR *d;
	struct stat st;
	int rc = 0;
	int fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return fs_remove(dirfd, name, e);
	if (fd < 0)
		return errno == ENOENT
			   ? 0
			   : err_sys(e, "cannot open the directory %s", name);
	if (fstat(fd, &st) || depth > TREE_DEPTH_MAX ||
	    (depth && st.st_dev != dev) || !(d = fdopendir(fd))) {
		fd_close(fd);
		return err_set(e, ERR_SYS, "cannot remove %s", name);
	}
	for (struct dirent *ent; !rc && (ent = readdir(d));)
		if (strcmp(ent->d_name, ".") != 0 &&
		    strcmp(ent->d_name, "..") != 0)
			rc = remove_tree(
			    fd, ent->d_name, st.st_dev, depth + 1, e);
	(void)closedir(d);
	if (!rc && unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOENT)
		rc = err_sys(e, "cannot remove %s", name);
	return rc;
}

int
fs_remove_tree(int dirfd, const char *name, struct err *e)
{
	return remove_tree(dirfd, name, 0, 0, e);
}

int
fs_read_new(int dirfd, const char *name, off_t *at, size_t max, struct buf *out,
    struct err *e)
{
	struct stat st;
	cleanup(fd) int fd = open_regular(dirfd, name, &st, e);
	char block[4096];
	ssize_t n = 1;

	if (fd < 0)
		return -1;
	if (st.st_size < *at)
		*at = 0;
	for (size_t room = max; room && n > 0; room -= (size_t)n) {
		n = pread(fd, block,
		    room < sizeof(block) ? room : sizeof(block), *at);
		if (n < 0)
			return err_sys(e, "cannot read %s", name);
		buf_add(out, block, (size_t)n);
		*at += n;
	}
	return 0;
}

int
fs_room(const char *path, uint64_t *bytes, struct err *e)
{
	struct statvfs st;

	if (statvfs(path, &st))
		return err_sys(e, "cannot look at %s", path);
	*bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

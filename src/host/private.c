#include "host/private.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#define KEY "workspace.private"

/* What is in the way, as far as the path leads. */
static int
refuse(int dirfd, const char *name, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, KEY ": cannot look at %s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    KEY ": %s is a symbolic link, and what the VM has there "
			"would be elsewhere: remove the link, or take it out "
			"of " KEY,
		    path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    KEY ": %s is not a directory: remove it, or take it out "
			"of " KEY,
		    path);
	return err_set(e, ERR_SYS, KEY ": %s cannot be opened: type: ls -ld %s",
	    path, path);
}

static int
check_one(const struct machinefile *mf, const char *root, const char *path,
    struct err *e)
{
	cleanup(str) char *so_far = xstrdup(path);
	cleanup(fd) int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(e, "cannot open %s", root);
	for (char *name = so_far;;) {
		char *slash = strchr(name, '/');
		int next;

		if (slash)
			*slash = '\0';
		next = openat(dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC |
			O_NONBLOCK);
		if (next < 0 && errno == ENOENT)
			break;
		if (next < 0)
			return refuse(dir, name, so_far, e);
		if (!slash) {
			fd_close(next);
			return 0;
		}
		fd_close(dir);
		dir = next;
		*slash = '/';
		name = slash + 1;
	}
	if (mf->workspace == ACCESS_RW)
		return 0;
	return err_set(e, ERR_CONFIG,
	    KEY ": %s does not exist, and with workspace.mode: ro the VM "
		"cannot make it: type: mkdir -p %s",
	    path, path);
}

int
private_check(const struct machinefile *mf, const char *root, struct err *e)
{
	for (size_t i = 0; i < mf->nprivate_dirs; i++)
		if (check_one(mf, root, mf->private_dirs[i], e))
			return -1;
	return 0;
}

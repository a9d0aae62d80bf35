#include "guest/place.h"

#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#define HOW (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* As the user where he may (9p has no root); as root, and given to him, else.
 */
static int
make(int dirfd, const char *name, const struct account *who)
{
	int rc, error;

	(void)setfsgid(who->gid);
	(void)setfsuid(who->uid);
	rc = mkdirat(dirfd, name, 0755);
	error = errno;
	(void)setfsuid(0);
	(void)setfsgid(0);
	if (rc == 0 || error == EEXIST)
		return 0;
	errno = error;
	if (error != EACCES && error != EPERM)
		return -1;
	if (mkdirat(dirfd, name, 0755))
		return errno == EEXIST ? 0 : -1;
	return fchownat(dirfd, name, who->uid, who->gid, AT_SYMLINK_NOFOLLOW);
}

/* What stands in the way, in words. */
static int
refuse(int dirfd, const char *name, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, "%s", path);
	if (S_ISLNK(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    "%s: %s is a symbolic link; a directory is needed", path,
		    name);
	return err_set(e, ERR_CONFIG, "%s: %s is not a directory", path, name);
}

int
place_open(
    int dirfd, const char *path, const struct account *who, struct err *e)
{
	cleanup(fd) int at = dirfd < 0 ? open("/", HOW)
				       : openat(dirfd, ".", HOW);
	cleanup(str) char *copy = xstrdup(path);
	char *name, *state = NULL;

	if (at < 0)
		return err_sys(e, "%s", path);
	name = strtok_r(copy, "/", &state);
	for (; name; name = strtok_r(NULL, "/", &state)) {
		int next;

		if (!strcmp(name, ".."))
			return err_set(e, ERR_CONFIG, "%s has ..", path);
		next = openat(at, name, HOW);
		if (next < 0 && errno == ENOENT) {
			if (make(at, name, who))
				return err_sys(e, "cannot make %s", path);
			next = openat(at, name, HOW);
		}
		if (next < 0)
			return refuse(at, name, path, e);
		(void)close(at);
		at = next;
	}
	return steal_fd(&at);
}

int
place_mount(const char *source, int fd, const char *type, unsigned long flags,
    const char *options)
{
	char at[64];

	/* Not by its name, which somebody could have put a link at by now. */
	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	return mount(source, at, type, flags, options);
}

int
place_bind(int from, int to)
{
	char source[64];

	(void)snprintf(source, sizeof(source), "/proc/self/fd/%d", from);
	return place_mount(source, to, NULL, MS_BIND, NULL);
}

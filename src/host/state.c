#include "host/state.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"

#define ROOT_MAX 4096
#define COLLISIONS_MAX 10

/* The path that the directory is about; NULL if it is not (yet) about one. */
static char *
read_root(int fd)
{
	char *root = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (fs_read(fd, "root", ROOT_MAX, &root, &len, &e))
		return NULL;
	return root;
}

char *
state_root(const struct paths *p, const char *id)
{
	cleanup(str) char *projects = path_join(p->state, "projects");
	cleanup(str) char *dir = path_join(projects, id);
	struct err ignored = ERR_INIT;
	cleanup(fd) int fd = -1;

	if (!*id || id[strspn(id, "0123456789abcdef")])
		return NULL;
	fd = fs_private_subdir(AT_FDCWD, dir, false, &ignored);
	return fd < 0 ? NULL : read_root(fd);
}

static int
open_projects(const struct paths *p, bool make, struct err *e)
{
	cleanup(str) char *dir = path_join(p->state, "projects");

	if (make)
		return fs_private_dir(dir, e);
	return fs_private_subdir(AT_FDCWD, dir, false, e);
}

/*
 * Find the directory whose `root` is this path. If there is none, *id is the
 * name that it would get.
 */
static int
find_slot(
    struct state *s, const char *projects, const char *root, struct err *e)
{
	char hex[HASH_XXH64_HEX + 1];

	hash_xxh64(root, strlen(root), hex);
	for (int i = 0; i < COLLISIONS_MAX; i++) {
		cleanup(fd) int fd = -1;
		cleanup(str) char *is = NULL;
		cleanup(str) char *path = NULL;

		(void)snprintf(s->id, sizeof(s->id), i ? "%s%d" : "%s", hex, i);
		path = path_join(projects, s->id);
		fd = fs_private_subdir(AT_FDCWD, path, false, e);
		if (fd < 0)
			return e->sys == ENOENT ? 0 : -1;
		is = read_root(fd);
		if (!is) /* interrupted while it was made: ours to use */
			return 0;
		if (strcmp(is, root) == 0) {
			s->fd = steal_fd(&fd);
			return 0;
		}
	}
	return err_set(
	    e, ERR_CONFIG, "too many projects share the name %s", hex);
}

static int
make_slot(struct state *s, int projects, const char *path, const char *root,
    struct err *e)
{
	/* One at a time, so that two paths never get one name. */
	cleanup(fd) int lock = fs_lock(projects, ".lock", LOCK_WAIT, e);
	cleanup(fd) int fd = -1;

	if (lock < 0 || find_slot(s, path, root, e))
		return -1;
	if (s->fd >= 0)
		return 0;
	fd = fs_private_subdir(projects, s->id, true, e);
	if (fd < 0 || fs_replace(fd, "root", root, strlen(root), 0600, e))
		return -1;
	s->fd = steal_fd(&fd);
	return 0;
}

int
state_open(struct state *s, const struct paths *p, const char *root, bool make,
    struct err *e)
{
	cleanup(fd) int projects = open_projects(p, make, e);
	cleanup(str) char *path = path_join(p->state, "projects");

	*s = (struct state)STATE_INIT;
	if (projects < 0)
		return !make && e->sys == ENOENT ? 0 : -1;
	if (find_slot(s, path, root, e))
		return -1;
	if (s->fd >= 0 || !make)
		return 0;
	return make_slot(s, projects, path, root, e);
}

void
state_release(struct state *s)
{
	fd_close(s->fd);
	*s = (struct state)STATE_INIT;
}

int
state_each(const struct paths *p,
    int (*each)(struct state *s, const char *root, void *arg, struct err *e),
    void *arg, struct err *e)
{
	int projects = open_projects(p, false, e), rc = 0;
	DIR *d;

	if (projects < 0)
		return e->sys == ENOENT ? 0 : -1;
	if (!(d = fdopendir(projects))) {
		fd_close(projects);
		return err_sys(e, "cannot list the projects");
	}
	for (struct dirent *ent; !rc && (ent = readdir(d));) {
		cleanup(state) struct state s = STATE_INIT;
		cleanup(str) char *root = NULL;
		struct err ignored = ERR_INIT;

		if (ent->d_name[0] == '.' || strlen(ent->d_name) > STATE_ID_MAX)
			continue;
		s.fd = fs_private_subdir(
		    dirfd(d), ent->d_name, false, &ignored);
		if (s.fd < 0 || !(root = read_root(s.fd)))
			continue;
		memcpy(s.id, ent->d_name, strlen(ent->d_name) + 1);
		rc = each(&s, root, arg, e);
	}
	(void)closedir(d);
	return rc;
}

#include "git/place.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"

#define LEVELS_MAX 64
#define ENTRIES_MAX 10000 /* in objects/ and in objects/pack/ */
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static const char *
kind(mode_t mode)
{
	if (S_ISREG(mode))
		return "a regular file";
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

bool
place_plain_path(const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
	}
}

/* What a repository has, and what would make it another one's. */
static const struct part {
	const char *name;
	mode_t type; /* 0: it must not be there */
	bool may_miss;
	const char *meaning;
} parts[] = {
	{ "commondir", 0, true, "which is part of another repository" },
	{ "reftable", 0, true, "a form of references that is not known here" },
	{ "HEAD", S_IFREG, false, NULL },
	{ "config", S_IFREG, true, NULL },
	{ "config.worktree", S_IFREG, true, NULL },
	{ "packed-refs", S_IFREG, true, NULL },
	{ "refs", S_IFDIR, false, NULL },
	{ "objects", S_IFDIR, false, NULL },
	{ "objects/info", S_IFDIR, true, NULL },
	{ "objects/info/alternates", 0, true, "whose objects are elsewhere" },
	{ "objects/pack", S_IFDIR, true, NULL },
};

static int
check_part(int git, const struct part *part, struct err *e)
{
	struct stat st;

	if (fstatat(git, part->name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT && part->may_miss)
			return 0;
		return err_sys(e, ".git/%s", part->name);
	}
	if (!part->type)
		return err_set(e, ERR_CONFIG, "the repository has .git/%s, %s",
		    part->name, part->meaning);
	if ((st.st_mode & S_IFMT) != part->type)
		return err_set(e, ERR_CONFIG, ".git/%s is %s, not %s",
		    part->name, kind(st.st_mode), kind(part->type));
	return 0;
}

/* libgit2 opens files here by itself: none of them may block or lead away. */
static int
check_entries(int git, const char *name, struct err *e)
{
	cleanup(fd) int fd = openat(git, name, DIRECTORY_FLAGS);
	DIR *d;
	struct stat st;
	int rc = 0, count = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, ".git/%s", name);
	if (!(d = fdopendir(fd)))
		return err_sys(e, ".git/%s", name);
	(void)steal_fd(&fd);
	for (struct dirent *ent; !rc && (ent = readdir(d));) {
		if (++count > ENTRIES_MAX)
			rc = err_set(e, ERR_CONFIG,
			    ".git/%s has more than %d entries", name,
			    ENTRIES_MAX);
		else if (fstatat(
			     dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW))
			rc = errno == ENOENT
				 ? 0
				 : err_sys(e, ".git/%s/%s", name, ent->d_name);
		else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			rc = err_set(e, ERR_CONFIG, ".git/%s/%s is %s", name,
			    ent->d_name, kind(st.st_mode));
	}
	(void)closedir(d);
	return rc;
}

static int
check_directory(int git, struct err *e)
{
	struct stat st;

	if (fstat(git, &st))
		return err_sys(e, "cannot look at .git");
	if (st.st_uid != geteuid())
		return err_set(e, ERR_CONFIG,
		    ".git belongs to another user (uid %ld)", (long)st.st_uid);
	if (st.st_mode & S_IWOTH)
		return err_set(
		    e, ERR_CONFIG, ".git can be written by every user");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (check_part(git, &parts[i], e))
			return -1;
	if (check_entries(git, "objects", e) ||
	    check_entries(git, "objects/pack", e))
		return -1;
	return 0;
}

static int
open_git(int dir, const struct stat *seen, struct place *p, struct err *e)
{
	if (S_ISREG(seen->st_mode))
		return err_set(e, ERR_CONFIG,
		    ".git is a file that points to a repository elsewhere");
	if (!S_ISDIR(seen->st_mode))
		return err_set(e, ERR_CONFIG, ".git is %s, not a directory",
		    kind(seen->st_mode));
	p->git = openat(dir, ".git", DIRECTORY_FLAGS);
	if (p->git < 0)
		return err_sys(e, "cannot open .git");
	if (check_directory(p->git, e))
		return -1;
	p->objects = openat(p->git, "objects", DIRECTORY_FLAGS);
	return p->objects < 0 ? err_sys(e, "cannot open .git/objects") : 0;
}

/* "b/c/NAME" for /a/b/c, two levels below the top. */
static char *
path_from_top(const char *root, int levels, const char *name)
{
	struct buf b = BUF_INIT;
	const char *from = root + strlen(root);

	for (int i = 0; i < levels; i++)
		do
			from--;
		while (*from != '/');
	if (levels)
		buf_addf(&b, "%s/", from + 1);
	buf_adds(&b, name);
	return buf_detach(&b);
}

static int
count_levels(const char *root)
{
	int n = 0;

	for (const char *p = root; *p; p++)
		n += *p == '/' && p[1];
	return n;
}

/* The next directory up, or -1 where the walk ends. */
static int
parent(int dir, dev_t dev)
{
	cleanup(fd) int up = openat(dir, "..", DIRECTORY_FLAGS);
	struct stat st;

	if (up < 0 || fstat(up, &st) || st.st_dev != dev ||
	    st.st_uid != geteuid())
		return -1;
	return steal_fd(&up);
}

int
place_find(struct place *p, const char *root, const char *name, struct err *e)
{
	cleanup(fd) int dir = open(root, DIRECTORY_FLAGS);
	struct stat top, st;
	int levels = count_levels(root);

	*p = (struct place){ .git = -1, .objects = -1 };
	if (root[0] != '/' || (root[1] && !place_plain_path(root + 1)) ||
	    !place_plain_path(name))
		return err_set(e, ERR_USAGE, "not a canonical path");
	if (dir < 0 || fstat(dir, &top))
		return err_sys(e, "cannot open the project");
	for (int i = 0; i <= levels && i < LEVELS_MAX; i++) {
		int up;

		if (fstatat(dir, ".git", &st, AT_SYMLINK_NOFOLLOW) == 0) {
			p->path = path_from_top(root, i, name);
			return open_git(dir, &st, p, e);
		}
		if (errno != ENOENT)
			return err_sys(e, "cannot look for .git");
		if ((up = parent(dir, top.st_dev)) < 0)
			break;
		fd_close(dir);
		dir = up;
	}
	return 0;
}

void
place_release(struct place *p)
{
	fd_close(p->git);
	fd_close(p->objects);
	free(p->path);
	*p = (struct place){ .git = -1, .objects = -1 };
}

#include "host/project.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "core/limayaml.h"
#include "core/machinefile.h"

#define LEVELS_MAX 64

/* Shorten an absolute path to its parent; false if that would be "/". */
static bool
to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static bool
listed(const char *roots, const char *dir)
{
	size_t n = strlen(dir);

	for (const char *line = roots; line && *line;) {
		size_t len = strcspn(line, "\n");

		if (len == n && memcmp(line, dir, n) == 0)
			return true;
		line += len + (line[len] == '\n');
	}
	return false;
}

static bool
has_machinefile(const char *dir)
{
	cleanup(str) char *path = path_join(dir, MACHINEFILE_NAME);
	struct stat st;

	return lstat(path, &st) == 0;
}

/*
 * May others put files into this directory, or replace it? A sticky directory
 * (/tmp) above the root is allowed: what is the user's own stays there.
 */
static int
check_writers(const char *dir, bool is_root, struct err *e)
{
	struct stat st;

	if (stat(dir, &st))
		return err_sys(e, "cannot look at %s", dir);
	if (st.st_uid != geteuid() && (is_root || st.st_uid != 0))
		return err_set(e, ERR_CONFIG,
		    "%s belongs to another user (uid %ld), who could change "
		    "the project",
		    dir, (long)st.st_uid);
	if (st.st_mode & S_IWOTH && (is_root || !(st.st_mode & S_ISVTX)))
		return err_set(e, ERR_CONFIG,
		    "%s can be written by every user: type: chmod o-w %s", dir,
		    dir);
	return 0;
}

static int
check_place(const char *root, const struct paths *paths, struct err *e)
{
	cleanup(str) char *home = realpath(paths->home, NULL);
	cleanup(str) char *private = paths_private(paths, root);

	if (strcmp(root, "/") == 0 || strcmp(root, "/tmp") == 0)
		return err_set(e, ERR_CONFIG, "%s cannot be a project", root);
	if (path_within(paths->home, root) || (home && path_within(home, root)))
		return err_set(e, ERR_CONFIG,
		    "%s cannot be a project: it holds your home directory, all "
		    "of which the VM could then write",
		    root);
	if (private)
		return err_set(e, ERR_CONFIG,
		    "%s cannot be a project: it would give the VM %s", root,
		    private);
	return 0;
}

int
project_place_ok(const char *root, const struct paths *paths, struct err *e)
{
	cleanup(str) char *dir = xstrdup(root);
	const char *refused = limayaml_root_refused(root);
	bool is_root = true;

	if (refused)
		return err_set(
		    e, ERR_CONFIG, "%s cannot be a project: %s", root, refused);
	if (check_place(root, paths, e))
		return -1;
	do {
		if (check_writers(dir, is_root, e))
			return -1;
		is_root = false;
	} while (strcmp(dir, paths->home) != 0 && to_parent(dir));
	return 0;
}

int
project_open(struct project *p, const struct paths *paths, const char *dir,
    struct err *e)
{
	cleanup(str) char *root = realpath(dir, NULL);
	cleanup(fd) int fd = -1;

	*p = (struct project){ 0 };
	if (!root)
		return err_sys(e, "cannot find the project %s", dir);
	if (project_place_ok(root, paths, e))
		return -1;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open %s", root);
	if (fs_read(fd, MACHINEFILE_NAME, MACHINEFILE_MAX, &p->text, &p->len,
		&p->problem))
		err_wrap(&p->problem, "%s", root);
	/* Last: who sees a root may rely on it. */
	p->root = STEAL(root);
	return 0;
}

int
project_find(struct project *p, const struct paths *paths, const char *cwd,
    const char *roots, struct err *e)
{
	cleanup(str) char *dir = realpath(cwd, NULL);
	struct stat here, above;

	*p = (struct project){ 0 };
	if (!dir || stat(dir, &here))
		return err_sys(e, "cannot tell the current directory");
	for (int i = 0; i < LEVELS_MAX; i++) {
		if (strcmp(dir, "/") == 0)
			return 0;
		if (has_machinefile(dir) || listed(roots, dir))
			return project_open(p, paths, dir, e);
		if (strcmp(dir, paths->home) == 0 || !to_parent(dir))
			return 0;
		if (stat(dir, &above) || above.st_dev != here.st_dev)
			return 0;
	}
	return 0;
}

void
project_release(struct project *p)
{
	free(p->root);
	free(p->text);
	*p = (struct project){ 0 };
}

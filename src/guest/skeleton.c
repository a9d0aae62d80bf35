#include "guest/skeleton.h"

#include <sys/sendfile.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "guest/file.h"

#define DEPTH_MAX 8
#define ENTRIES_MAX 1000 /* an image's /etc/skel has a handful */

static int copy_entries(int from, int to, const struct account *who,
    unsigned depth, unsigned *budget, struct err *e);

static int
copy_file(int from, int to, const char *name, mode_t mode,
    const struct account *who, struct err *e)
{
	cleanup(fd) int in = openat(
	    from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup(fd) int out = openat(
	    to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);

	if (in < 0)
		return err_sys(e, "/etc/skel: %s", name);
	if (out < 0)
		return errno == EEXIST ? 0 : err_sys(e, "%s", name);
	for (;;) {
		ssize_t n = sendfile(out, in, NULL, (size_t)1 << 20);

		if (n < 0)
			return err_sys(e, "%s", name);
		if (n == 0)
			break;
	}
	return fchown(out, who->uid, who->gid) ? err_sys(e, "%s", name) : 0;
}

static int
copy_link(int from, int to, const char *name, const struct account *who,
    struct err *e)
{
	char target[1024];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(e, "/etc/skel: %s", name);
	target[n] = '\0';
	if (symlinkat(target, to, name))
		return errno == EEXIST ? 0 : err_sys(e, "%s", name);
	(void)!fchownat(to, name, who->uid, who->gid, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int
copy_dir(int from, int to, const char *name, mode_t mode,
    const struct account *who, unsigned depth, unsigned *budget, struct err *e)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	cleanup(fd) int in = openat(from, name, how);
	cleanup(fd) int out = -1;

	if (mkdirat(to, name, mode & 0777) && errno != EEXIST)
		return err_sys(e, "%s", name);
	out = openat(to, name, how);
	if (in < 0 || out < 0 || fchown(out, who->uid, who->gid))
		return err_sys(e, "%s", name);
	return copy_entries(in, out, who, depth + 1, budget, e);
}

static int
copy_entry(int from, int to, const char *name, const struct account *who,
    unsigned depth, unsigned *budget, struct err *e)
{
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (!*budget || depth > DEPTH_MAX)
		return err_set(e, ERR_CONFIG, "/etc/skel is too large");
	--*budget;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW))
		return err_sys(e, "/etc/skel: %s", name);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, name, st.st_mode, who, e);
	if (S_ISLNK(st.st_mode))
		return copy_link(from, to, name, who, e);
	if (S_ISDIR(st.st_mode))
		return copy_dir(
		    from, to, name, st.st_mode, who, depth, budget, e);
	return 0;
}

static int
copy_entries(int from, int to, const struct account *who, unsigned depth,
    unsigned *budget, struct err *e)
{
	int own = dup(from), rc = 0;
	const struct dirent *entry;
	DIR *dir = own < 0 ? NULL : fdopendir(own);

	if (!dir)
		return err_sys(e, "/etc/skel");
	while (!rc && (entry = readdir(dir)))
		rc = copy_entry(from, to, entry->d_name, who, depth, budget, e);
	(void)closedir(dir);
	return rc;
}

int
skeleton_copy(const struct account *who, struct err *e)
{
	cleanup(fd) int from = -1;
	cleanup(fd) int home = -1;
	unsigned budget = ENTRIES_MAX;

	if (file_make_dirs(who->home, e))
		return -1;
	home = open(who->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0 || fchown(home, who->uid, who->gid))
		return err_sys(e, "%s", who->home);
	from = open("/etc/skel", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return from < 0 ? 0 : copy_entries(from, home, who, 0, &budget, e);
}

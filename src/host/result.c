#include "host/result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/buf.h"
#include "base/fs.h"

int
result_write(
    const struct paths *paths, const char *file, int status, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(fd) int fd = -1;

	if (!file || !*file)
		return 0;
	if (!path_within(file, paths->run) || strstr(file, "/../"))
		return err_set(
		    e, ERR_USAGE, "%s is not in %s", file, paths->run);
	/* Not created here: it is the hook's. */
	fd = open(
	    file, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "cannot open %s", file);
	buf_addf(&text, "%d\n\n\n", status);
	if (write(fd, text.s, text.len) != (ssize_t)text.len)
		return err_sys(e, "cannot write %s", file);
	return 0;
}

void
result_sweep(const struct paths *paths)
{
	DIR *d = opendir(paths->run);

	if (!d)
		return;
	for (struct dirent *ent; (ent = readdir(d));) {
		char *end;
		long pid;

		if (!strchr("bfz", ent->d_name[0]))
			continue;
		pid = strtol(ent->d_name + 1, &end, 10);
		if (pid > 1 && (*end == '.' || *end == '-') &&
		    kill((pid_t)pid, 0) && errno == ESRCH)
			(void)unlinkat(dirfd(d), ent->d_name, 0);
	}
	(void)closedir(d);
}

bool
result_told(const struct paths *paths, const char *sid, const char *text)
{
	cleanup(fd) int dir = -1;
	cleanup(buf) struct buf name = BUF_INIT;
	cleanup(str) char *before = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (!sid || !*sid || strlen(sid) > 64 ||
	    sid[strspn(sid, "0123456789-abcdefghijklmnopqrstuvwxyz")])
		return false;
	dir = fs_private_dir(paths->run, &e);
	buf_addf(&name, "%s.told", sid);
	if (dir < 0)
		return false;
	if (fs_read(dir, name.s, 4096, &before, &len, &e) == 0 &&
	    strcmp(before, text) == 0)
		return true;
	/* Worst case it is said twice. */
	if (fs_replace(dir, name.s, text, strlen(text), 0600, &e))
		return false;
	return false;
}

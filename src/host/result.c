#include "host/result.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/utf8.h"

int
result_write(const struct paths *paths, const char *file, int status,
    const char *dir, const char *typed, struct err *e)
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
	buf_addf(&text, "%d\n%s\n%s\n", status, dir, typed);
	if (write(fd, text.s, text.len) != (ssize_t)text.len)
		return err_sys(e, "cannot write %s", file);
	return 0;
}

const char *
result_directory(const char *dir, const char *root, const char *cwd)
{
	cleanup(str) char *real = NULL;
	struct stat st;

	if (*dir != '/' || strcmp(dir, cwd) == 0 || strlen(dir) >= 4096 ||
	    strstr(dir, "/../") || !path_within(dir, root))
		return "";
	for (const char *p = dir; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return "";
	real = realpath(dir, NULL);
	if (!real || !path_within(real, root) || stat(real, &st) ||
	    !S_ISDIR(st.st_mode))
		return "";
	return dir;
}

const char *
result_typed(struct buf *typed)
{
	size_t n = 0, len;

	while (n < typed->len && n < 1024 &&
	       utf8_printable(utf8_next(typed->s + n, typed->len - n, &len)))
		n += len;
	if (n < typed->len)
		typed->s[n] = '\0';
	typed->len = n;
	return typed->s;
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
result_told(const struct paths *paths, const char *sid, const char *topic,
    const char *text)
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
	buf_addf(&name, "%s.%s", sid, topic);
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

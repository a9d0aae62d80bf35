#include "guest/file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>

#include "guest/report.h"

#define KEPT_MAX ((size_t)1024 * 1024)

int
file_read(
    int dirfd, const char *path, size_t max, struct buf *out, struct err *e)
{
	cleanup(fd) int fd = openat(
	    dirfd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t start = out->len;
	char chunk[4096];

	if (fd < 0)
		return err_sys(e, "cannot open %s", path);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read %s", path);
		if (n == 0)
			return 0;
		if (out->len - start + (size_t)n > max)
			return err_set(e, ERR_CONFIG,
			    "%s is larger than %zu bytes", path, max);
		buf_add(out, chunk, (size_t)n);
	}
}

static int
write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

int
file_write(const char *path, const char *text, mode_t mode, struct err *e)
{
	cleanup(fd) int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "cannot create %s", path);
	if (write_all(fd, text))
		return err_sys(e, "cannot write %s", path);
	return 0;
}

int
file_keep(const char *path, const char *text, mode_t mode, struct err *e)
{
	cleanup(buf) struct buf old = BUF_INIT;

	if (!file_read(AT_FDCWD, path, KEPT_MAX, &old, e) &&
	    !strcmp(old.s, text))
		return 0;
	return file_write(path, text, mode, e);
}

int
file_append(const char *path, const char *text, mode_t mode, struct err *e)
{
	cleanup(fd) int fd = open(
	    path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode);
	struct stat st;
	char last = '\n';

	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "cannot open %s", path);
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return err_sys(e, "cannot read %s", path);
	if ((last != '\n' && write_all(fd, "\n")) || write_all(fd, text))
		return err_sys(e, "cannot write %s", path);
	return 0;
}

void
file_put(const char *path, const char *text, mode_t mode)
{
	struct err e = ERR_INIT;

	if (file_write(path, text, mode, &e))
		problem("%s", e.msg);
}

int
file_make_dirs(const char *path, struct err *e)
{
	cleanup(str) char *part = xstrdup(path);

	for (char *s = part + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		(void)mkdir(part, 0755);
		*s = '/';
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		return err_sys(e, "cannot make %s", path);
	return 0;
}

static void
last_line(int fd, char *last, size_t size)
{
	char text[1024];
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(text) - 1
			 ? end - (off_t)sizeof(text) + 1
			 : 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, from);
	char *line;

	last[0] = '\0';
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\0'))
		n--;
	if (n <= 0)
		return;
	text[n] = '\0';
	line = strrchr(text, '\n');
	(void)snprintf(last, size, "%s", line ? line + 1 : text);
}

int
file_run(char *const argv[], char *last, size_t size)
{
	cleanup(fd) int out = memfd_create("output", MFD_CLOEXEC);
	cleanup(fd) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)dup2(null, 0);
		(void)dup2(out, 1);
		(void)dup2(out, 2);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	last[0] = '\0';
	if (pid < 0)
		return 127;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	last_line(out, last, size);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

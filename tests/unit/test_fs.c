#include "base/base.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "tests/tap.h"

static int dir;

static const char *
read_error(const char *name, size_t max)
{
	static struct err e;
	cleanup(str) char *data = NULL;
	size_t len;

	e = (struct err)ERR_INIT;
	return fs_read(dir, name, max, &data, &len, &e) ? e.msg : "(read)";
}

static void
test_replace(void)
{
	struct err e = ERR_INIT;
	cleanup(str) char *got = NULL;
	struct stat st;
	size_t len = 0;

	CHECK(fs_replace(dir, "a", "one", 3, 0600, &e) == 0);
	CHECK(fs_replace(dir, "a", "two\0x", 5, 0600, &e) == 0);
	CHECK(fs_read(dir, "a", 100, &got, &len, &e) == 0 && len == 5);
	CHECK(memcmp(got, "two\0x", 6) == 0);
	CHECK(fstatat(dir, "a", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	/* A failure leaves the old file and no temporary one. */
	CHECK(mkdirat(dir, "d", 0700) == 0);
	CHECK(fs_replace(dir, "d", "x", 1, 0600, &e) == -1);
	CHECK_STR(e.msg, "cannot replace d: Is a directory");
	CHECK(fs_remove(dir, "a", &e) == 0 && fs_remove(dir, "a", &e) == 0);
}

/* What a Machinefile must not be; none of them may block. */
static void
test_refused(void)
{
	struct err e = ERR_INIT;
	int fd;

	CHECK(mkfifoat(dir, "fifo", 0600) == 0);
	CHECK_STR(read_error("fifo", 10), "fifo is a FIFO, not a regular file");
	CHECK_STR(read_error("d", 10), "d is a directory, not a regular file");
	CHECK(symlinkat("/dev/zero", dir, "link") == 0);
	CHECK_STR(read_error("link", 10),
	    "link is a symbolic link, not a regular file");
	CHECK_STR(read_error("none", 10),
	    "cannot open none: No such file or directory");
	/* 3 GB of nothing. */
	fd = openat(dir, "sparse", O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && ftruncate(fd, INT64_C(3) << 30) == 0);
	fd_close(fd);
	CHECK_STR(
	    read_error("sparse", 256u << 10), "sparse is larger than 256 KiB");
	CHECK(fs_replace(dir, "big", "12345678", 8, 0600, &e) == 0);
	CHECK_STR(read_error("big", 8), "(read)");
	CHECK_STR(read_error("big", 7), "big is larger than 0 KiB");
}

static void
test_private(void)
{
	struct err e = ERR_INIT;
	int fd = fs_private_subdir(dir, "p", true, &e);

	CHECK(fd >= 0);
	fd_close(fd);
	CHECK(fchmodat(dir, "p", 0755, 0) == 0);
	CHECK(fs_private_subdir(dir, "p", true, &e) == -1);
	CHECK_STR(e.msg, "p is open to other users");
	CHECK(symlinkat("d", dir, "dlink") == 0);
	CHECK(fs_private_subdir(dir, "dlink", true, &e) == -1);
	CHECK(fs_private_subdir(dir, "absent", false, &e) == -1 &&
	      e.sys == ENOENT);
}

static void
test_tail(void)
{
	struct err e = ERR_INIT;
	cleanup(str) char *got = NULL;
	size_t len;
	int fd = fs_anonymous(dir, "text", 4, &e);
	char c[5] = "";

	CHECK(fd >= 0 && read(fd, c, 4) == 4);
	CHECK_STR(c, "text");
	fd_close(fd);
	CHECK(fs_replace(dir, "log", "0123456789", 10, 0600, &e) == 0);
	CHECK(fs_tail(dir, "log", 4, &got, &len, &e) == 0 && len == 4);
	CHECK_STR(got, "6789");
}

/* Removes what is there, and nothing that a link leads to. */
static void
test_remove_tree(const char *name)
{
	struct err e = ERR_INIT;
	struct stat st;
	char kept[] = "/tmp/machine-kept-XXXXXX";
	int fd;

	CHECK(mkdtemp(kept) != NULL);
	fd = open(kept, O_RDONLY | O_DIRECTORY);
	CHECK(fs_replace(fd, "f", "x", 1, 0600, &e) == 0);
	CHECK(symlinkat(kept, dir, "out") == 0);
	CHECK(fs_remove_tree(AT_FDCWD, name, &e) == 0);
	CHECK(stat(name, &st) == -1 && errno == ENOENT);
	CHECK(fstatat(fd, "f", &st, 0) == 0);
	CHECK(fs_remove_tree(AT_FDCWD, name, &e) == 0);
	CHECK(fs_remove_tree(AT_FDCWD, kept, &e) == 0);
	fd_close(fd);
}

int
main(void)
{
	char name[] = "/tmp/machine-test-XXXXXX";

	CHECK(mkdtemp(name) != NULL);
	dir = open(name, O_RDONLY | O_DIRECTORY);
	test_replace();
	test_refused();
	test_private();
	test_tail();
	test_remove_tree(name);
	fd_close(dir);
	return tap_end();
}

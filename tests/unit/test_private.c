#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/paths.h"
#include "host/private.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-XXXXXX";

#define LINK                                                                  \
	" is a symbolic link, and what the VM has there would be elsewhere: " \
	"remove the link, or take it out of workspace.private"
#define FILE_ \
	" is not a directory: remove it, or take it out of workspace.private"

static const struct {
	enum access mode;
	const char *path, *want;
} rows[] = {
	{ ACCESS_RW, "dir", "" },
	{ ACCESS_RW, "dir/in", "" },
	{ ACCESS_RW, "none", "" },
	{ ACCESS_RW, "none/at/all", "" },
	{ ACCESS_RW, "dir/none", "" },
	{ ACCESS_RO, "dir/in", "" },
	{ ACCESS_RO, "dir/none",
	    "workspace.private: dir/none does not exist, and with "
	    "workspace.mode: ro the VM cannot make it: type: mkdir -p "
	    "dir/none" },
	{ ACCESS_RW, "file", "workspace.private: file" FILE_ },
	{ ACCESS_RW, "file/x", "workspace.private: file" FILE_ },
	{ ACCESS_RW, "dir/fifo", "workspace.private: dir/fifo" FILE_ },
	/* To a directory, in the project even; out of it; to nothing. */
	{ ACCESS_RW, "inner", "workspace.private: inner" LINK },
	{ ACCESS_RW, "inner/in", "workspace.private: inner" LINK },
	{ ACCESS_RW, "outer", "workspace.private: outer" LINK },
	{ ACCESS_RW, "dangling", "workspace.private: dangling" LINK },
	{ ACCESS_RW, "dangling/x", "workspace.private: dangling" LINK },
	{ ACCESS_RW, "dir/up/x", "workspace.private: dir/up" LINK },
};

static void
put(int (*make)(const char *, const char *), const char *what, const char *at)
{
	cleanup(str) char *path = path_join(top, at);

	CHECK(make(what, path) == 0);
}

static int
make_dir(const char *what, const char *path)
{
	(void)what;
	return mkdir(path, 0755);
}

static int
make_fifo(const char *what, const char *path)
{
	(void)what;
	return mkfifo(path, 0600);
}

static int
make_file(const char *what, const char *path)
{
	struct err e = ERR_INIT;
	int fd = fs_open_log(AT_FDCWD, path, true, &e);

	(void)what;
	fd_close(fd);
	return fd < 0;
}

int
main(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	put(make_dir, "", "dir");
	put(make_dir, "", "dir/in");
	put(make_file, "", "file");
	put(make_fifo, "", "dir/fifo");
	put(symlink, "dir", "inner");
	put(symlink, "/tmp", "outer");
	put(symlink, "nowhere", "dangling");
	put(symlink, "..", "dir/up");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct machinefile mf = { .workspace = rows[i].mode,
			.private_dirs = &rows[i].path,
			.nprivate_dirs = 1 };

		e = (struct err)ERR_INIT;
		CHECK(private_check(&mf, top, &e) == (*rows[i].want ? -1 : 0));
		CHECK_STR(e.msg, rows[i].want);
	}
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}

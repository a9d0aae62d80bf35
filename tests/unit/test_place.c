#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "guest/place.h"
#include "tests/tap.h"

/* Where a private directory may be: rows of a tree that an attacker has made.
 */
static const struct {
	const char *path;
	const char *why; /* what the reason ends in; "" if it is opened */
} rows[] = {
	{ "dir", "" },
	{ "dir/new/deep", "" },
	{ "dir//new/./deep", "" },
	{ "link", "link is a symbolic link; a directory is needed" },
	{ "link/new", "link is a symbolic link; a directory is needed" },
	{ "dir/up/new", "up is a symbolic link; a directory is needed" },
	{ "dangling", "dangling is a symbolic link; a directory is needed" },
	{ "dangling/x", "dangling is a symbolic link; a directory is needed" },
	{ "file", "file is not a directory" },
	{ "file/x", "file is not a directory" },
	{ "fifo", "fifo is not a directory" },
	{ "dir/../outside", "has .." },
	{ "..", "has .." },
	{ "closed/x", "Permission denied" },
};

static bool
ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

int
main(void)
{
	char path[] = "/tmp/machine-place.XXXXXX", target[64], deep[128];
	struct account who = { .uid = getuid(), .gid = getgid() };
	struct err e = ERR_INIT;
	struct stat st, got;
	int root;

	if (!mkdtemp(path) || chdir(path) || mkdir("outside", 0755) ||
	    mkdir("root", 0755) || mkdir("root/dir", 0755) ||
	    mkdir("root/closed", 0555) || mkfifo("root/fifo", 0644) ||
	    symlink("../outside", "root/link") ||
	    symlink("../../outside", "root/dir/up") ||
	    symlink("nowhere", "root/dangling") ||
	    close(open("root/file", O_CREAT | O_WRONLY, 0644)))
		abort();
	root = open("root", O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(fd) int fd = -1;

		e = (struct err)ERR_INIT;
		fd = place_open(root, rows[i].path, &who, &e);
		CHECK((fd >= 0) == !rows[i].why[0]);
		CHECK(ends_in(e.msg, rows[i].why));
		if (fd < 0)
			printf("# %s\n", e.msg);
	}
	/* What was missing has been made, 0755, and is what was opened. */
	CHECK(stat("root/dir/new/deep", &st) == 0);
	CHECK(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0755);
	root = place_open(root, "dir/new/deep", &who, &e);
	CHECK(root >= 0 && fstat(root, &got) == 0 && got.st_ino == st.st_ino);
	/* Nothing has been made where the links lead to. */
	CHECK(rmdir("outside") == 0);
	CHECK(access("root/nowhere", F_OK) == -1);

	/* The same from the top of the system. */
	(void)snprintf(deep, sizeof(deep), "%s/root/a/b", path);
	CHECK(place_open(-1, deep, &who, &e) >= 0);
	(void)snprintf(target, sizeof(target), "%s/l", path);
	(void)snprintf(deep, sizeof(deep), "%s/l/x", path);
	CHECK(symlink("root", target) == 0);
	CHECK(place_open(-1, deep, &who, &e) == -1);
	CHECK(chdir("/") == 0 && chmod(path, 0700) == 0);
	(void)snprintf(deep, sizeof(deep), "%s/root/closed", path);
	CHECK(chmod(deep, 0700) == 0);
	CHECK(fs_remove_tree(AT_FDCWD, path, &e) == 0);
	return tap_end();
}

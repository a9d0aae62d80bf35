#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/paths.h"
#include "host/snapshot.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-XXXXXX";
static int dir;

static void
put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 &&
	      write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fd_close(fd);
}

static const char *
reading(const char *path)
{
	static struct err e;
	cleanup(snapshot) struct snapshot s = { .n = 0 };
	const char *const paths[] = { path, NULL };

	return snapshot_read(&s, top, "m", 1, paths, &e) ? e.msg : "(read)";
}

/* Nothing from outside of the project, by no way. */
static void
test_beneath(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdirat(dir, "in", 0755) == 0);
	put("in/run.sh", "echo\n");
	CHECK_STR(reading("in/run.sh"), "(read)");
	CHECK(symlinkat("run.sh", dir, "in/link") == 0);
	CHECK_STR(reading("in/link"),
	    "the Machinefile runs in/link: link is a symbolic link, not a "
	    "regular file");
	CHECK(symlinkat("in", dir, "out") == 0);
	CHECK_STR(reading("out/run.sh"),
	    "the Machinefile runs out/run.sh: cannot open out of out/run.sh: "
	    "Not a directory");
	CHECK_STR(reading("in/../in/run.sh"),
	    "the Machinefile runs in/../in/run.sh: in/../in/run.sh leads out "
	    "of the project");
	CHECK_STR(reading(".."),
	    "the Machinefile runs ..: .. leads out of the project");
	CHECK_STR(reading("/etc/passwd"),
	    "the Machinefile runs /etc/passwd: /etc/passwd leads out of the "
	    "project");
	CHECK(mkfifoat(dir, "fifo", 0600) == 0);
	CHECK_STR(reading("fifo"),
	    "the Machinefile runs fifo: fifo is a FIFO, not a regular file");
	CHECK_STR(reading("none"),
	    "the Machinefile runs none: cannot open none: No such file or "
	    "directory");
	CHECK(fs_remove(dir, "fifo", &e) == 0);
}

static void
test_difference(void)
{
	const char *const paths[] = { "in/run.sh", "in/run.sh", NULL };
	cleanup(snapshot) struct snapshot a = { .n = 0 };
	cleanup(snapshot) struct snapshot b = { .n = 0 };
	cleanup(snapshot) struct snapshot c = { .n = 0 };
	cleanup(snapshot) struct snapshot back = { .n = 0 };
	cleanup(buf) struct buf text = BUF_INIT;
	char ha[HASH_SHA256_HEX + 1], hb[HASH_SHA256_HEX + 1];
	struct err e = ERR_INIT;

	CHECK(snapshot_read(&a, top, "m", 1, paths, &e) == 0 && a.n == 2);
	CHECK(snapshot_read(&b, top, "m", 1, paths, &e) == 0);
	CHECK_STR(snapshot_difference(&a, &b), NULL);
	snapshot_write(&text, &a);
	CHECK_STR(text.s, "Machinefile 1\nm\nin/run.sh 5\necho\n\n");
	CHECK(snapshot_parse(&back, text.s, text.len, &e) == 0);
	CHECK_STR(snapshot_difference(&a, &back), NULL);

	/* A script, a new lock file, a file less. */
	put("in/run.sh", "echO\n");
	snapshot_release(&b);
	CHECK(snapshot_read(&b, top, "m", 1, paths, &e) == 0);
	CHECK_STR(snapshot_difference(&a, &b), "in/run.sh");
	snapshot_hash(&a, ha);
	snapshot_hash(&b, hb);
	CHECK(strcmp(ha, hb) != 0);
	put(SNAPSHOT_LOCK, "{}");
	CHECK(snapshot_read(&c, top, "m", 1, paths, &e) == 0 && c.n == 3);
	CHECK_STR(snapshot_difference(&b, &c), SNAPSHOT_LOCK);
	CHECK_STR(snapshot_difference(&c, &b), SNAPSHOT_LOCK);
}

static void
test_stored(void)
{
	static const char *const damaged[] = { "", "Machinefile\n",
		"Machinefile 5\nab\n", "Machinefile 2\nab", "x 1\na\n",
		"Machinefile -1\n\n", "Machinefile 01\na\n",
		"Machinefile 1\na\nMachinefile 1\na\n",
		"Machinefile 1\na\n 1\na\n", "Machinefile 99999999999\n\n" };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		struct snapshot s;

		CHECK(snapshot_parse(
			  &s, damaged[i], strlen(damaged[i]), &e) == -1);
		CHECK(s.n == 0);
	}
}

/* Limits: of one file, of all of them, of their number. */
static void
test_limits(void)
{
	cleanup(str) char *big = xcalloc(SNAPSHOT_FILE_MAX + 2, 1);
	cleanup(snapshot) struct snapshot s = { .n = 0 };
	char names[SNAPSHOT_FILES_MAX + 1][16];
	const char *paths[SNAPSHOT_FILES_MAX + 2] = { 0 };
	struct err e = ERR_INIT;

	memset(big, 'x', SNAPSHOT_FILE_MAX + 1);
	put("big", big);
	CHECK_STR(reading("big"),
	    "the Machinefile runs big: big is larger than 256 KiB");
	for (size_t i = 0; i <= SNAPSHOT_FILES_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
		paths[i] = names[i];
		put(names[i], "x");
	}
	CHECK(snapshot_read(&s, top, "m", 1, paths, &e) == -1);
	CHECK(strstr(e.msg, "runs more than 64 files") != NULL);
	snapshot_release(&s);
	paths[5] = NULL;
	big[SNAPSHOT_FILE_MAX] = '\0';
	for (size_t i = 0; i < 5; i++)
		put(names[i], big);
	CHECK(snapshot_read(&s, top, "m", 1, paths, &e) == -1);
	CHECK(strstr(e.msg, "larger than 1024 KiB together") != NULL);
}

int
main(void)
{
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	dir = open(top, O_RDONLY | O_DIRECTORY);
	test_beneath();
	test_difference();
	test_stored();
	test_limits();
	fd_close(dir);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}

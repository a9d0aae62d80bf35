#include "base/base.h"

#include <sys/stat.h>

#include <fcntl.h>

#include "base/buf.h"
#include "base/fs.h"
#include "host/project.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-XXXXXX";
static struct paths paths;

static char *
make(const char *dir)
{
	char *path = path_join(top, dir);

	CHECK(mkdir(path, 0755) == 0);
	return path;
}

/* Where the project of a directory is, or why there is none. */
static const char *
found(const char *dir, const char *roots)
{
	static char answer[4096];
	cleanup(project) struct project p = { 0 };
	struct err e = ERR_INIT;

	if (project_find(&p, &paths, dir, roots, &e))
		(void)snprintf(answer, sizeof(answer), "error: %s", e.msg);
	else if (!p.root)
		return "(none)";
	else
		(void)snprintf(answer, sizeof(answer), "%s%s",
		    p.root + strlen(top), p.text ? "" : " (no file)");
	return answer;
}

static void
touch(const char *dir)
{
	cleanup(str) char *path = path_join(dir, "Machinefile");
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	CHECK(fd >= 0);
	fd_close(fd);
}

static void
test_walk(void)
{
	cleanup(str) char *a = make("home/a");
	cleanup(str) maybe_unused char *b = make("home/a/b");
	cleanup(str) char *c = make("home/a/b/c");
	cleanup(str) char *link = path_join(top, "home/link");
	cleanup(str) char *inner = path_join(c, "Machinefile");
	cleanup(buf) struct buf roots = BUF_INIT;

	CHECK_STR(found(c, ""), "(none)");
	buf_addf(&roots, "/elsewhere\n%s\n", a);
	CHECK_STR(found(c, roots.s), "/home/a (no file)");
	touch(a);
	CHECK_STR(found(c, ""), "/home/a");
	CHECK_STR(found(a, ""), "/home/a");
	CHECK(symlink(c, link) == 0);
	CHECK_STR(found(link, ""), "/home/a");
	/* The nearest wins, whatever it is: never further up. */
	CHECK(mkfifo(inner, 0600) == 0);
	CHECK_STR(found(c, ""), "/home/a/b/c (no file)");
}

static void
test_place(void)
{
	cleanup(str) char *home = path_join(top, "home");
	cleanup(str) char *w = make("home/w");
	cleanup(str) char *w2 = make("home/w/in");
	cleanup(str) char *odd = make("home/{{.Home}}");
	struct err e = ERR_INIT;

	touch(home);
	CHECK(strncmp(found(home, ""), "error: ", 7) == 0);
	CHECK(project_place_ok("/", &paths, &e) == -1);
	CHECK_STR(e.msg,
	    "/ cannot be a project: a directory of the system is no project");
	CHECK(project_place_ok("/tmp", &paths, &e) == -1);
	CHECK(project_place_ok(top, &paths, &e) == -1);
	CHECK(strstr(e.msg, "it holds your home directory") != NULL);
	CHECK(project_place_ok(paths.state, &paths, &e) == -1);
	CHECK(strstr(e.msg, "it would give the VM") != NULL);
	CHECK(project_place_ok(odd, &paths, &e) == -1);
	CHECK(strstr(e.msg, "its path has one of {}[],") != NULL);
	/* Others could put a Machinefile there, or swap the directory. */
	CHECK(project_place_ok(w2, &paths, &e) == 0);
	CHECK(chmod(w, 0777) == 0);
	CHECK(project_place_ok(w2, &paths, &e) == -1);
	CHECK(strstr(e.msg, "can be written by every user: type: chmod o-w") !=
	      NULL);
	CHECK(chmod(w, 01777) == 0); /* as /tmp is */
	CHECK(project_place_ok(w2, &paths, &e) == 0);
	CHECK(project_place_ok(w, &paths, &e) == -1);
	/* What was refused is no project for anybody who looks at it later. */
	touch(w);
	{
		struct project p;

		CHECK(project_open(&p, &paths, w, &e) == -1 && !p.root);
	}
}

int
main(void)
{
	cleanup(str) char *home = NULL;
	cleanup(str) char *state = NULL;
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	home = make("home");
	state = path_join(home, "machine");
	(void)setenv("HOME", home, 1);
	(void)setenv("MACHINE_HOME", state, 1);
	CHECK(paths_init(&paths, &e) == 0);
	CHECK(mkdir(state, 0700) == 0 && mkdir(paths.state, 0700) == 0);
	test_walk();
	test_place();
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}

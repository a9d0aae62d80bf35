#include "base/base.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>

#include "base/fs.h"
#include "host/state.h"
#include "host/trust.h"
#include "tests/tap.h"

static char top[] = "/tmp/machine-test-XXXXXX";
static struct paths paths;
static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

static void
write_file(const char *dir, const char *name, const char *text)
{
	struct err e = ERR_INIT;
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	CHECK(fs_replace(fd, name, text, strlen(text), 0644, &e) == 0);
	fd_close(fd);
}

static enum trust_state
state_of(const char *root)
{
	cleanup(project) struct project p = { 0 };
	cleanup(trusted) struct trusted *t = NULL;
	enum trust_state s = TRUST_NONE;
	struct err e = ERR_INIT;

	if (project_open(&p, &paths, root, &e) ||
	    trust_check(&p, &paths, &limits, &s, &t, &e)) {
		printf("# %s\n", e.msg);
		return (enum trust_state)-1;
	}
	/* The proof is there exactly where it may be. */
	CHECK(!!t == (s == TRUST_ALLOWED || s == TRUST_CHANGED ||
			 s == TRUST_GONE));
	CHECK(!t || trusted_current(t) == (s == TRUST_ALLOWED));
	return s;
}

static int
allow(const char *root)
{
	cleanup(project) struct project p = { 0 };
	cleanup(snapshot) struct snapshot s = { .n = 0 };
	cleanup(machinefile) struct machinefile *mf = NULL;
	struct err e = ERR_INIT;

	return project_open(&p, &paths, root, &e) ||
	       trust_candidate(&p, &limits, &s, &mf, &e) ||
	       trust_allow(root, &s, &paths, &e);
}

static void
test_life(const char *root)
{
	cleanup(str) char *roots = NULL;
	struct err e = ERR_INIT;
	struct stat st;
	cleanup(str) char *file = path_join(root, "Machinefile");

	write_file(root, "Machinefile", "cpus: 2\n");
	CHECK(state_of(root) == TRUST_NONE);
	CHECK(stat(paths.state, &st) != 0); /* looking leaves no trace */
	CHECK(allow(root) == 0);
	CHECK(state_of(root) == TRUST_ALLOWED);
	CHECK(stat(paths.state, &st) == 0 && (st.st_mode & 0777) == 0700);
	write_file(root, "Machinefile", "cpus: 3\n");
	CHECK(state_of(root) == TRUST_CHANGED);
	write_file(root, "Machinefile", "cpus: 2\n"); /* back: as approved */
	CHECK(state_of(root) == TRUST_ALLOWED);
	CHECK(unlink(file) == 0);
	CHECK(state_of(root) == TRUST_GONE);
	CHECK(mkfifo(file, 0600) == 0);
	CHECK(state_of(root) == TRUST_GONE);
	CHECK(unlink(file) == 0);
	roots = trust_roots(&paths, &e);
	CHECK(roots && strstr(roots, root) != NULL);
	write_file(root, "Machinefile", "cpus: 2\n");
	CHECK(trust_deny(root, &paths, &e) == 0);
	CHECK(state_of(root) == TRUST_DENIED);
	write_file(root, "Machinefile", "cpus: 1\n"); /* sticky by path */
	CHECK(state_of(root) == TRUST_DENIED);
	CHECK(allow(root) == 0 && state_of(root) == TRUST_ALLOWED);
}

/* The approval of one path is none for another, whatever the bytes. */
static void
test_copy(const char *other)
{
	write_file(other, "Machinefile", "cpus: 1\n");
	CHECK(state_of(other) == TRUST_NONE);
}

/* XXH3 would not tell a pair that was made to collide; bytes do. */
static void
test_same_length(const char *root)
{
	write_file(root, "Machinefile", "cpus: 2\n#aaaa\n");
	CHECK(allow(root) == 0);
	write_file(root, "Machinefile", "cpus: 2\n#aaab\n");
	CHECK(state_of(root) == TRUST_CHANGED);
}

static void
test_store(const char *root)
{
	static const char *const damaged[] = { "", "machine-trust 2\nallow\n",
		"machine-trust 1\nallow\n", "machine-trust 1\nmaybe\n/x\n",
		"machine-trust 1\nallow\nx\n", "machine-trust 1\ndeny\n/x\nbytes",
		"machine-trust 1\nallow\n/another/path\nMachinefile 1\n#\n",
		"machine-trust 1\nallow\n/x\nMachinefile 9\n#\n" };
	cleanup(state) struct state s = STATE_INIT;
	struct err e = ERR_INIT;

	CHECK(state_open(&s, &paths, root, false, &e) == 0 && s.fd >= 0);
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		CHECK(fs_replace(s.fd, "trust", damaged[i], strlen(damaged[i]),
			  0600, &e) == 0);
		CHECK(state_of(root) == (enum trust_state)-1);
		CHECK(allow(root) == 0 && state_of(root) == TRUST_ALLOWED);
	}
}

/* 50 at once: every decision is kept, and the list has all of them. */
static void
test_concurrent(void)
{
	cleanup(str) char *roots = NULL;
	struct err e = ERR_INIT;
	char dir[64];
	int failed = 0, lines = 0, ws;

	for (int i = 0; i < 50; i++) {
		(void)snprintf(dir, sizeof(dir), "%s/many%d", top, i);
		CHECK(mkdir(dir, 0755) == 0);
		write_file(dir, "Machinefile", "");
	}
	(void)fflush(stdout);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(dir, sizeof(dir), "%s/many%d", top, i);
		if (fork() == 0)
			_exit(allow(dir));
	}
	while (wait(&ws) > 0)
		failed += ws != 0;
	CHECK(failed == 0);
	{
		cleanup(str) char *file = trust_roots_path(&paths);
		size_t len;

		CHECK(fs_read(AT_FDCWD, file, 1 << 20, &roots, &len, &e) == 0);
	}
	for (const char *p = roots; (p = strstr(p, "/many")); p++)
		lines++;
	CHECK(lines == 50);
}

int
main(void)
{
	cleanup(str) char *home = NULL;
	cleanup(str) char *root = NULL;
	cleanup(str) char *other = NULL;
	struct err e = ERR_INIT;

	CHECK(mkdtemp(top) != NULL);
	home = path_join(top, "home");
	root = path_join(top, "root");
	other = path_join(top, "other");
	CHECK(mkdir(root, 0755) == 0 && mkdir(other, 0755) == 0);
	(void)setenv("HOME", home, 1);
	(void)setenv("MACHINE_HOME", home, 1);
	CHECK(paths_init(&paths, &e) == 0);
	test_life(root);
	test_copy(other);
	test_same_length(root);
	test_store(root);
	test_concurrent();
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}

/*
 * The file is replaced at full speed while it is being allowed: what is stored
 * is always what was looked at, never what came in between. 10,000 rounds.
 */
#include "base/base.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>

#include "base/fs.h"
#include "host/trust.h"
#include "tests/tap.h"

#define ROUNDS 10000

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };
static const char good[] = "cpus: 2\nprovision: [run.sh]\n";
static const char evil[] = "cpus: 3\nprovision: [run.sh]\n";
static const char good_script[] = "echo good\n";
static const char evil_script[] = "echo evil\n";

static void
put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, "new", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 ||
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    renameat(dir, "new", dir, name))
		_exit(1);
	fd_close(fd);
}

static pid_t
start_swapping(const char *root)
{
	pid_t pid = fork();
	int dir;

	if (pid)
		return pid;
	dir = open(root, O_RDONLY | O_DIRECTORY);
	for (;;) {
		put(dir, "Machinefile", evil);
		put(dir, "run.sh", evil_script);
		put(dir, "Machinefile", good);
		put(dir, "run.sh", good_script);
	}
}

static bool
is_good(const struct snapshot *s)
{
	return s->n == 2 && strcmp(s->files[0].bytes, good) == 0 &&
	       strcmp(s->files[1].bytes, good_script) == 0;
}

static void
race(const char *root, const struct paths *paths)
{
	unsigned allowed = 0, refused = 0, wrong = 0, failed = 0;
	struct err e = ERR_INIT;

	for (int i = 0; i < ROUNDS; i++) {
		cleanup(project) struct project p = { 0 };
		cleanup(snapshot) struct snapshot seen = { .n = 0 };
		cleanup(snapshot) struct snapshot stored = { .n = 0 };
		cleanup(machinefile) struct machinefile *mf = NULL;

		if (project_open(&p, paths, root, &e) ||
		    trust_candidate(&p, &limits, &seen, &mf, &e)) {
			failed++;
			continue;
		}
		/* A person, or --hash, says no to what is not the good one. */
		if (!is_good(&seen)) {
			refused++;
			continue;
		}
		if (trust_allow(root, &seen, paths, &e))
			failed++;
		else if (!trust_approved(root, paths, &stored) ||
			 !is_good(&stored))
			wrong++;
		else
			allowed++;
	}
	printf("# %u allowed, %u refused, %u failed\n", allowed, refused,
	    failed);
	CHECK(wrong == 0);
	CHECK(failed == 0);
	/* The positive control: there was something to tell apart. */
	CHECK(allowed > 100 && refused > 100);
}

int
main(void)
{
	/* In memory: it is about the order of things, not about disks. */
	char shm[] = "/dev/shm/machine-test-XXXXXX";
	char tmp[] = "/tmp/machine-test-XXXXXX";
	char *top = mkdtemp(shm) ? shm : mkdtemp(tmp);
	cleanup(str) char *home = path_join(top, "home");
	cleanup(str) char *root = path_join(top, "root");
	struct paths paths;
	struct err e = ERR_INIT;
	pid_t swapper;

	(void)setenv("HOME", home, 1);
	(void)setenv("MACHINE_HOME", home, 1);
	CHECK(mkdir(root, 0755) == 0);
	CHECK(paths_init(&paths, &e) == 0);
	{
		cleanup(fd) int dir = open(root, O_RDONLY | O_DIRECTORY);

		put(dir, "Machinefile", good);
		put(dir, "run.sh", good_script);
	}
	(void)fflush(stdout);
	swapper = start_swapping(root);
	race(root, &paths);
	(void)kill(swapper, SIGKILL);
	(void)waitpid(swapper, NULL, 0);
	paths_release(&paths);
	CHECK(fs_remove_tree(AT_FDCWD, top, &e) == 0);
	return tap_end();
}

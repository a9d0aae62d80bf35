/*
 * agent_property CASES SEED DIR...: what a random command prints and how it
 * ends is the same through an agent as when it is run here: argv, environment,
 * directory, standard input and every way to end. TAP; a failure says its case,
 * which `agent_property 1 CASE DIR` runs again.
 *
 * The command is this program, too: it prints what it was given.
 */
#include "base/base.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/buf.h"
#include "base/proc.h"
#include "host/agent.h"

extern char **environ;

static uint64_t seed;
static char self[4096], places[4096];

static uint32_t
rnd(uint32_t n)
{
	/* splitmix64 */
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return n ? (uint32_t)((z ^ (z >> 31)) % n) : 0;
}

/* --- the command --------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static uint64_t
read_input(size_t most)
{
	static unsigned char chunk[65536];
	uint64_t sum = 0;
	size_t total = 0;

	while (total < most) {
		ssize_t n = read(0, chunk, sizeof(chunk));

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n && total < most; i++, total++)
			sum = sum * 31 + chunk[i];
	}
	return sum + total;
}

/* probe HOW NUMBER INPUT OUTPUT [ARG...] */
static int
probe(int argc, char **argv)
{
	const char *how = argv[0];
	int number = (int)strtol(argv[1], NULL, 10);
	size_t input = strtoul(argv[2], NULL, 10);
	size_t output = strtoul(argv[3], NULL, 10);
	char cwd[4096];
	size_t n = 0;

	printf("%d\n", argc);
	for (int i = 4; i < argc; i++)
		printf("%zu:%s\n", strlen(argv[i]), argv[i]);
	while (environ[n])
		n++;
	qsort(environ, n, sizeof(*environ), by_name);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "PROP_", 5) == 0)
			printf("%s\n", environ[i]);
	printf("%s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	printf("%llu\n", (unsigned long long)read_input(input));
	fprintf(stderr, "error %d\n", number);
	for (size_t i = 0; i < output; i++)
		putc((int)(i * 7 + i / 251), i % 4096 < 3000 ? stdout : stderr);
	(void)fflush(stdout);
	if (strcmp(how, "signal") == 0) {
		(void)signal(number, SIG_DFL);
		(void)raise(number);
	} else if (strcmp(how, "child") == 0) {
		/* Printed by another one, just before the end. */
		if (fork() == 0) {
			printf("child\n");
			(void)fflush(stdout);
			_exit(0);
		}
		(void)wait(NULL);
	} else if (strcmp(how, "closed") == 0) {
		(void)close(0);
		(void)close(1);
		(void)close(2);
	}
	_exit(number);
}

/* --- a case -------------------------------------------------------------- */

struct test {
	char *argv[48];
	char *env[24];
	int argc, envc, in;
	char *cwd;
};

static char *
random_text(size_t len)
{
	static const char nasty[] = "=\n'\"\\ -$`;&|<>*?~#%\033\t\r";
	char *s = xcalloc(len + 1, 1);
	bool plain = rnd(2);

	for (size_t i = 0; i < len; i++)
		s[i] = plain	? (char)('a' + rnd(26))
		       : rnd(3) ? nasty[rnd(sizeof(nasty) - 1)]
				: (char)(1 + rnd(255));
	return s;
}

static size_t
random_length(void)
{
	uint32_t kind = rnd(200);

	if (kind == 0)
		return 100000 + rnd(31000);
	if (kind < 8)
		return rnd(5000);
	return kind < 40 ? 0 : rnd(24);
}

static void
word(struct test *t, const char *s)
{
	t->argv[t->argc++] = xstrdup(s);
}

static void
random_end(struct test *t)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT,
		SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE,
		SIGALRM, SIGTERM };
	static const char *const hows[] = { "exit", "exit", "signal", "child",
		"closed" };
	const char *how = hows[rnd(ARRAY_LEN(hows))];
	char number[16];

	word(t, how);
	(void)snprintf(number, sizeof(number), "%d",
	    strcmp(how, "signal") == 0 ? signals[rnd(ARRAY_LEN(signals))]
				       : (int)(rnd(2) ? rnd(256) : 0));
	word(t, number);
	/* How much is read, and printed. */
	(void)snprintf(
	    number, sizeof(number), "%u", rnd(4) ? 1u << 30 : rnd(9));
	word(t, number);
	(void)snprintf(
	    number, sizeof(number), "%u", rnd(50) ? rnd(300) : rnd(700000));
	word(t, number);
}

static int
random_input(void)
{
	size_t n = rnd(30) ? rnd(400) : rnd(600000);
	int fd = memfd_create("in", MFD_CLOEXEC);
	char chunk[4096];

	if (rnd(5) == 0)
		n = 0;
	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = (char)rnd(256);
	while (n) {
		size_t k = n < sizeof(chunk) ? n : sizeof(chunk);

		if (write(fd, chunk, k) != (ssize_t)k)
			abort();
		n -= k;
	}
	return fd;
}

static void
make_case(struct test *t)
{
	static const char *const names[] = { "plain", "a b", "new\nline",
		"\303\244=x", "-dash" };
	size_t n = rnd(8) ? rnd(5) : rnd(40);
	struct buf cwd = BUF_INIT;

	word(t, self);
	word(t, "probe");
	random_end(t);
	for (size_t i = 0; i < n; i++)
		t->argv[t->argc++] = random_text(random_length());
	n = rnd(6);
	for (size_t i = 0; i < n; i++) {
		cleanup(str) char *value = random_text(random_length() % 9999);
		struct buf b = BUF_INIT;

		buf_addf(&b, "PROP_%zu=%s", i, value);
		t->env[t->envc++] = buf_detach(&b);
	}
	t->env[t->envc++] = xstrdup("PATH=/usr/bin:/bin");
	buf_addf(&cwd, "%s/%s", places, names[rnd(ARRAY_LEN(names))]);
	t->cwd = buf_detach(&cwd);
	t->in = random_input();
}

static void
test_release(struct test *t)
{
	for (int i = 0; i < t->argc; i++)
		free(t->argv[i]);
	for (int i = 0; i < t->envc; i++)
		free(t->env[i]);
	free(t->cwd);
	(void)close(t->in);
}

struct outcome {
	int status, out, err;
};

static void
outcome_init(struct outcome *o)
{
	o->status = -1;
	o->out = memfd_create("out", MFD_CLOEXEC);
	o->err = memfd_create("err", MFD_CLOEXEC);
}

static void
run_here(const struct test *t, struct outcome *o)
{
	pid_t pid = fork();
	int ws;

	if (pid == 0) {
		if (dup2(t->in, 0) < 0 || dup2(o->out, 1) < 0 ||
		    dup2(o->err, 2) < 0 || chdir(t->cwd))
			_exit(99);
		(void)signal(SIGPIPE, SIG_DFL);
		(void)execve(t->argv[0], t->argv, t->env);
		_exit(errno == E2BIG ? 126 : 98);
	}
	(void)waitpid(pid, &ws, 0);
	o->status = WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}

static void
run_there(const struct test *t, const char *dir, struct outcome *o)
{
	cleanup(agent) struct agent_conn a = AGENT_INIT;
	cleanup(agent_result) struct agent_result r = AGENT_RESULT_INIT;
	const struct agent_io io = {
		.in = t->in, .out = o->out, .err = o->err
	};
	const struct wire_exec x = { .cwd = t->cwd,
		.argv = (const char **)(uintptr_t)t->argv,
		.env = (const char **)(uintptr_t)t->env };
	struct err e = ERR_INIT;

	if (agent_open(&a, dir, 20000, &e) || agent_exec(&a, &x, &io, &r, &e)) {
		printf("# %s\n", e.msg);
		return;
	}
	o->status = r.lost ? -2 : r.status;
	if (*r.why.s)
		printf("# %s\n", r.why.s);
}

static bool
same_bytes(int a, int b)
{
	struct stat sa, sb;
	void *pa, *pb;
	bool same;

	if (fstat(a, &sa) || fstat(b, &sb) || sa.st_size != sb.st_size)
		return false;
	if (sa.st_size == 0)
		return true;
	pa = mmap(NULL, (size_t)sa.st_size, PROT_READ, MAP_SHARED, a, 0);
	pb = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_SHARED, b, 0);
	same = pa != MAP_FAILED && pb != MAP_FAILED &&
	       memcmp(pa, pb, (size_t)sa.st_size) == 0;
	(void)munmap(pa, (size_t)sa.st_size);
	(void)munmap(pb, (size_t)sb.st_size);
	return same;
}

static bool
one(uint64_t number, const char *dir)
{
	struct test t = { .argc = 0 };
	struct outcome here, there;
	bool same;

	seed = number * UINT64_C(0x2545f4914f6cdd1d);
	make_case(&t);
	outcome_init(&here);
	outcome_init(&there);
	(void)lseek(t.in, 0, SEEK_SET);
	run_here(&t, &here);
	(void)lseek(t.in, 0, SEEK_SET);
	run_there(&t, dir, &there);
	same = here.status == there.status && same_bytes(here.out, there.out) &&
	       same_bytes(here.err, there.err);
	if (!same)
		printf("# case %llu over %s: status %d here, %d there; out %s, "
		       "err %s; %s %s %s %s\n",
		    (unsigned long long)number, dir, here.status, there.status,
		    same_bytes(here.out, there.out) ? "same" : "differs",
		    same_bytes(here.err, there.err) ? "same" : "differs",
		    t.argv[2], t.argv[3], t.argv[4], t.argv[5]);
	(void)close(here.out);
	(void)close(here.err);
	(void)close(there.out);
	(void)close(there.err);
	test_release(&t);
	return same;
}

static void
make_places(void)
{
	static const char *const names[] = { "plain", "a b", "new\nline",
		"\303\244=x", "-dash" };
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(
	    places, sizeof(places), "%s/property.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(places))
		abort();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cleanup(buf) struct buf b = BUF_INIT;

		buf_addf(&b, "%s/%s", places, names[i]);
		if (mkdir(b.s, 0755))
			abort();
	}
}

int
main(int argc, char **argv)
{
	uint64_t cases, first;
	int ways = argc - 3, bad = 0;

	if (argc > 5 && strcmp(argv[1], "probe") == 0)
		return probe(argc - 2, argv + 2);
	if (argc < 4 || !realpath("/proc/self/exe", self))
		return 2;
	proc_init();
	make_places();
	cases = strtoull(argv[1], NULL, 10);
	first = strtoull(argv[2], NULL, 10);
	for (uint64_t i = first; i < first + cases && bad < 10; i++)
		bad += !one(i, argv[3 + i % (unsigned)ways]);
	printf("%sok 1 - %llu random commands from %llu on end as they do "
	       "here\n1..1\n",
	    bad ? "not " : "", (unsigned long long)cases,
	    (unsigned long long)first);
	return bad != 0;
}

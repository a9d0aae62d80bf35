#include "base/base.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "base/fs.h"
#include "base/os.h"
#include "base/proc.h"
#include "tests/tap.h"

static const char *const env[] = { "PATH=/bin:/usr/bin", NULL };

static int
run_sh(const char *script, struct proc_capture *c, struct err *e)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct proc p = { .path = "/bin/sh",
		.argv = argv,
		.envp = env,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.sink = proc_capture,
		.arg = c };
	int status = -1;

	buf_release(&c->text);
	return proc_run(&p, &status, e) ? -1 : status;
}

static void
test_status(void)
{
	struct proc_capture c = { .text = BUF_INIT, .max = 100 };
	struct err e = ERR_INIT;
	static const char *const none[] = { NULL };
	const struct proc absent = {
		.path = "/nonexistent", .argv = none, .envp = none
	};
	int status;

	CHECK(run_sh("echo out; exit 3", &c, &e) == 3);
	CHECK_STR(c.text.s, "out\n");
	CHECK(run_sh("kill -9 $$", &c, &e) == 128 + 9);
	CHECK(run_sh("kill -INT $PPID; exit 4", &c, &e) == 4);
	CHECK(run_sh("kill -INT $$; exit 5", &c, &e) == 128 + 2);
	c.max = 1;
	CHECK(run_sh("echo out", &c, &e) == -1 && e.code == ERR_BACKEND);
	CHECK_STR(e.msg, "/bin/sh printed more than it should");
	c.max = 100;
	CHECK(proc_run(&absent, &status, &e) == -1);
	CHECK_STR(e.msg, "cannot run /nonexistent: No such file or directory");

	/* What our caller had us ignore stays ignored. */
	(void)signal(SIGINT, SIG_IGN);
	CHECK(run_sh("kill -INT $$; exit 6", &c, &e) == 6);
	(void)signal(SIGINT, SIG_DFL);
	buf_release(&c.text);
}

static void
test_descriptors(void)
{
	struct proc_capture c = { .text = BUF_INIT, .max = 100 };
	struct err e = ERR_INIT;
	int leak = open("/dev/null", O_RDONLY); /* not close-on-exec */

	CHECK(leak > 2);
	proc_init();
	CHECK(run_sh("ls /dev/fd | wc -l", &c, &e) == 0);
	/* 0, 1, 2 and the one that ls reads with */
	CHECK_STR(c.text.s, "4\n");
	buf_release(&c.text);
	fd_close(leak);
}

/* The lock goes with the process that has it, not with the one that took it. */
static void
test_lock(void)
{
	char name[] = "/tmp/machine-test-XXXXXX";
	const char *const argv[] = { "sh", "-c", "read x", NULL };
	struct proc p = { .path = "/bin/sh",
		.argv = argv,
		.envp = env,
		.in = { .io = PROC_FD },
		.detach = true,
		.pass_lock = true };
	struct err e = ERR_INIT;
	int dir, hold[2], again, status = -1;
	pid_t pid;

	CHECK(mkdtemp(name) != NULL);
	dir = open(name, O_RDONLY | O_DIRECTORY);
	CHECK(os_pipe(hold) == 0);
	p.in.fd = hold[0];
	CHECK(!fs_lock_held(dir, "lock"));
	p.lock = fs_lock(dir, "lock", LOCK_TRY, &e);
	CHECK(p.lock >= 0);
	CHECK(fs_lock_held(dir, "lock"));
	CHECK(proc_start(&p, &pid, &e) == 0);
	fd_close(p.lock);
	fd_close(hold[0]);
	CHECK(fs_lock_held(dir, "lock"));
	CHECK(fs_lock(dir, "lock", LOCK_TRY, &e) == -1 && e.sys == EWOULDBLOCK);
	CHECK(fs_lock_wait_free(dir, "lock", 50, &e) == 1);
	CHECK(!proc_ended(pid, &status));
	fd_close(hold[1]); /* it ends */
	CHECK(fs_lock_wait_free(dir, "lock", 10000, &e) == 0);
	CHECK(os_wait_gone(pid, 10000));
	CHECK(proc_ended(pid, &status) && status == 1);
	again = fs_lock(dir, "lock", LOCK_WAIT, &e);
	CHECK(again >= 0);
	fd_close(again);
	CHECK(fs_remove_tree(AT_FDCWD, name, &e) == 0);
	fd_close(dir);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* However a child spends its time: it is over, soon, and it is reaped. */
static void
test_time_limit(void)
{
	static const struct {
		const char *script;
		enum proc_io out;
		int status; /* -1: killed */
	} rows[] = {
		{ "echo ok", PROC_SINK, 0 },
		{ "exit 3", PROC_NULL, 3 },
		{ "kill -9 $$", PROC_SINK, 128 + 9 },
		{ "echo; exec sleep 60", PROC_SINK, -1 },
		{ "exec sleep 60", PROC_NULL, -1 },
		{ "exec >/dev/null; exec sleep 60", PROC_SINK, -1 },
		{ "trap '' TERM INT; while :; do echo; done", PROC_SINK, -1 },
		{ "kill -STOP $$", PROC_SINK, -1 },
		/* what it leaves behind has the pipe */
		{ "sleep 3 & exit 0", PROC_SINK, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const argv[] = { "sh", "-c", rows[i].script, NULL };
		struct proc_capture c = { .text = BUF_INIT, .max = SIZE_MAX };
		const struct proc p = { .path = "/bin/sh",
			.argv = argv,
			.envp = env,
			.in = { .io = PROC_NULL },
			.out = { .io = rows[i].out },
			.sink = proc_capture,
			.arg = &c,
			.timeout_ms = rows[i].status < 0 ? 200 : 10000 };
		struct err e = ERR_INIT;
		int64_t began = now_ms();
		int status = -1, rc = proc_run(&p, &status, &e);

		if (rows[i].status < 0) {
			CHECK(rc == -1 && e.code == ERR_BACKEND);
			CHECK_STR(e.msg, "/bin/sh did not answer within 0.2 s");
			CHECK(now_ms() - began >= 200);
		} else {
			CHECK(rc == 0 && status == rows[i].status);
		}
		CHECK(now_ms() - began < 2500);
		CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
		buf_release(&c.text);
	}
}

/* Too much is told before the time is up, also by one who does not listen. */
static void
test_limits_together(void)
{
	static const char *const argv[] = { "sh", "-c",
		"trap '' TERM; while :; do echo; done", NULL };
	struct proc_capture c = { .text = BUF_INIT, .max = 10 };
	const struct proc p = { .path = "/bin/sh",
		.argv = argv,
		.envp = env,
		.in = { .io = PROC_NULL },
		.out = { .io = PROC_SINK },
		.sink = proc_capture,
		.arg = &c,
		.timeout_ms = 20000 };
	struct err e = ERR_INIT;
	int64_t began = now_ms();
	int status;

	CHECK(proc_run(&p, &status, &e) == -1);
	CHECK_STR(e.msg, "/bin/sh printed more than it should");
	CHECK(now_ms() - began < 10000);
	buf_release(&c.text);
}

static void
test_processes(void)
{
	int64_t now = os_process_start(getpid());

	CHECK(now > 1600000000);
	CHECK(os_process_start(1) <= now);
	CHECK(os_process_start(0x7ffffffe) == -1);
	CHECK(os_wait_gone(0x7ffffffe, 0));
	CHECK(!os_wait_gone(getpid(), 0));
	CHECK(os_cpus() >= 1 && os_memory() > 0);
	/* What tells our process from a stranger when the clock was set. */
	CHECK(os_process_mentions(getpid(), "test_proc"));
	CHECK(!os_process_mentions(getpid(), "no such word"));
	CHECK(!os_process_mentions(0x7ffffffe, "test_proc"));
}

int
main(void)
{
	test_status();
	test_descriptors();
	test_lock();
	test_time_limit();
	test_limits_together();
	test_processes();
	return tap_end();
}

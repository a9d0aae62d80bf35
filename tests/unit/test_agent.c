#include "base/base.h"

#include "tests/agent.h"
#include "tests/tap.h"

static struct client c;

static int
sh(const char *line)
{
	client_sh(&c, 1, 0, line);
	return client_wait(&c, 1);
}

static void
test_exactness(void)
{
	/* Every byte that argv can hold. */
	char all[256];
	const char *argv[] = { "printf", "%s|", all, "", "a=b", "x\ny", "-n",
		NULL };
	const char *env[] = { "A=1", "PATH=/usr/bin:/bin", "B==\n\x01",
		"C=", NULL };
	const char *show[] = { "sh", "-c",
		"printf '%s|%s|%s' \"$A\" \"$B\" \"$C\"; pwd", NULL };
	const char *empty[] = { "", NULL };

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = 0;
	client_exec_full(&c, 1, 0, "/", argv, NULL);
	CHECK(client_wait(&c, 1) == 0);
	CHECK(c.streams[1].out.len == 255 + 1 + 1 + 4 + 4 + 3 + 0 &&
	      memcmp(c.streams[1].out.s, all, 255) == 0);
	CHECK_STR(c.streams[1].out.s + 255, "||a=b|x\ny|-n|");
	client_exec_full(&c, 1, 0, "/usr", show, env);
	CHECK(client_wait(&c, 1) == 0);
	CHECK_STR(c.streams[1].out.s, "1|=\n\x01|/usr\n");
	client_exec_full(&c, 1, 0, "/", empty, NULL);
	CHECK(client_wait(&c, 1) == 127);
	CHECK(sh("echo out; echo err >&2; exit 3") == 3);
	CHECK_STR(c.streams[1].out.s, "out\n");
	CHECK_STR(c.streams[1].err.s, "err\n");
	CHECK(
	    sh("ls /proc/self/fd | wc -l; ps -o sid= -p $$ | grep -q $$ && echo own") ==
	    0);
	CHECK_STR(c.streams[1].out.s, "4\nown\n");
	CHECK(sh("grep -E '^Sig(Blk|Ign):' /proc/self/status") == 0);
	CHECK_STR(c.streams[1].out.s, "SigBlk:\t0000000000000000\n"
				      "SigIgn:\t0000000000000000\n");
}

static void
test_big_request(void)
{
	size_t n = 131071; /* the kernel's limit of one argument, with NUL */
	char *big = xcalloc(n + 2, 1);
	const char *argv[40] = { "sh", "-c",
		"echo $#; printf %s \"$1\" | wc -c", "sh" };

	memset(big, 'x', n);
	for (size_t i = 4; i < 12; i++)
		argv[i] = big;
	client_exec_full(&c, 1, 0, "/", argv, NULL);
	CHECK(client_wait(&c, 1) == 0);
	CHECK_STR(c.streams[1].out.s, "8\n131071\n");
	big[n] = 'x';
	client_exec_full(&c, 1, 0, "/", argv, NULL);
	CHECK(client_wait(&c, 1) == 126);
	CHECK(c.streams[1].exit.how == WIRE_NOT_RUN);
	CHECK_STR(c.streams[1].text,
	    "sh: arguments and environment are longer than the guest's kernel takes");
	free(big);
}

static void
test_exits(void)
{
	const char *missing[] = { "no-such-command", NULL };
	const char *path[] = { "/no/such", NULL };
	const char *directory[] = { "/tmp", NULL };
	const char *true_[] = { "true", NULL };
	char script[96], line[300];
	const char *plain[] = { script, "arg", NULL };

	for (int i = 0; i < 256; i += 51) {
		(void)snprintf(line, sizeof(line), "exit %d", i);
		CHECK(sh(line) == i);
		CHECK(c.streams[1].exit.how == WIRE_EXITED);
	}
	CHECK(sh("kill -KILL $$") == 137);
	CHECK(c.streams[1].exit.how == WIRE_SIGNALED);
	CHECK(sh("kill -TERM $$") == 143);
	client_exec_full(&c, 1, 0, "/", missing, NULL);
	CHECK(client_wait(&c, 1) == 127);
	CHECK_STR(c.streams[1].text, "no-such-command: command not found");
	client_exec_full(&c, 1, 0, "/", path, NULL);
	CHECK(client_wait(&c, 1) == 127);
	client_exec_full(&c, 1, 0, "/", directory, NULL);
	CHECK(client_wait(&c, 1) == 126);
	CHECK_STR(c.streams[1].text, "/tmp: Permission denied");
	client_exec_full(&c, 1, 0, "/no/such/place", true_, NULL);
	CHECK(client_wait(&c, 1) == 125);
	CHECK_STR(c.streams[1].text,
	    "cannot change to /no/such/place in the guest: No such file or directory");
	/* Its input may be on the way already. */
	client_exec_full(&c, 1, 0, "/", missing, NULL);
	client_feed(&c, 1, "input\n", 6);
	client_frame(&c, WIRE_EOF, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 127);
	client_exec_full(&c, 1, WIRE_EXEC_PTY, "/", missing, NULL);
	CHECK(client_wait(&c, 1) == 127);
	CHECK_STR(c.streams[1].text, "no-such-command: command not found");
	/* A script without #! is run by sh, as every shell does. */
	(void)snprintf(script, sizeof(script), "%s/script", agent_dir);
	(void)snprintf(line, sizeof(line),
	    "echo 'echo got $1' >%s; chmod +x %s", script, script);
	CHECK(sh(line) == 0);
	client_exec_full(&c, 1, 0, "/", plain, NULL);
	CHECK(client_wait(&c, 1) == 0);
	CHECK_STR(c.streams[1].out.s, "got arg\n");
	(void)unlink(script);
}

/* Whoever is the guest user can connect to the socket. */
static void
test_root(void)
{
	client_sh(&c, 1, WIRE_EXEC_ROOT, "echo root");
	CHECK(client_wait(&c, 1) == 125);
	CHECK(c.streams[1].exit.how == WIRE_NOT_RUN);
	CHECK_STR(
	    c.streams[1].text, "over a socket the guest runs nothing as root");
	client_sh(&c, 1, WIRE_EXEC_ROOT | WIRE_EXEC_PTY, "echo root");
	CHECK(client_wait(&c, 1) == 125);
	CHECK(c.streams[1].out.len == 0);
	/* The host's own way may (here the agent is not root). */
	{
		struct client p;

		CHECK(client_connect(&p, true));
		client_sh(&p, 1, WIRE_EXEC_ROOT, "echo root");
		CHECK(client_wait(&p, 1) == 0);
		CHECK_STR(p.streams[1].out.s, "root\n");
		client_close(&p);
	}
}

static void
test_stdin(void)
{
	char *block = xcalloc(1 << 20, 1);
	uint64_t before;

	client_sh(&c, 1, 0, "cat; echo end");
	client_feed(&c, 1, "ab\0c", 4);
	client_frame(&c, WIRE_EOF, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 0);
	CHECK(c.streams[1].out.len == 8 &&
	      memcmp(c.streams[1].out.s, "ab\0cend\n", 8) == 0);
	/* More than every buffer on the way. */
	memset(block, 'y', 1 << 20);
	client_sh(&c, 1, 0, "sleep 0.2; wc -c");
	for (int i = 0; i < 8; i++)
		client_feed(&c, 1, block, 1 << 20);
	client_frame(&c, WIRE_EOF, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 0);
	CHECK_STR(c.streams[1].out.s, "8388608\n");
	/* The reader goes away: the writer is told, and can stop. */
	before = now_ms();
	client_sh(&c, 1, 0, "exec <&-; sleep 100");
	client_feed(&c, 1, block, 1 << 20);
	CHECK(client_until(&c, &c.streams[1].eof, 10000));
	client_signal(&c, 1, SIGTERM);
	CHECK(client_wait(&c, 1) == 143);
	CHECK(now_ms() - before < 20000);
	client_sh(&c, 1, WIRE_EXEC_NO_STDIN, "readlink /proc/self/fd/0");
	CHECK(client_wait(&c, 1) == 0);
	CHECK_STR(c.streams[1].out.s, "/dev/null\n");
	CHECK(!c.streams[1].eof);
	free(block);
}

static void
test_signals(void)
{
	client_sh(&c, 1, 0, "trap 'echo int' INT; echo up; read x; read x");
	CHECK(client_see(&c, 1, "up"));
	client_signal(&c, 1, SIGINT);
	CHECK(client_see(&c, 1, "int"));
	client_signal(&c, 1, SIGKILL);
	CHECK(client_wait(&c, 1) == 137);
	/* The whole group, as from a terminal. */
	client_sh(&c, 1, 0, "sleep 1000 & echo up; wait; echo not");
	CHECK(client_see(&c, 1, "up"));
	client_signal(&c, 1, SIGTERM);
	CHECK(client_wait(&c, 1) == 143);
	CHECK(c.streams[1].exit.flags == 0);
	/* Nobody is there any more. */
	client_signal(&c, 1, SIGTERM);
	CHECK(sh(":") == 0);
}

static void
test_background(void)
{
	uint64_t before = now_ms(), took;
	char line[160];

	/* Held output does not hang the command, nor is the holder killed. */
	(void)snprintf(line, sizeof(line),
	    "(sleep 0.6; echo late; echo alive >%s/alive) & echo early",
	    agent_dir);
	CHECK(sh(line) == 0);
	took = now_ms() - before;
	CHECK_STR(c.streams[1].out.s, "early\n");
	CHECK(c.streams[1].exit.flags == WIRE_EXIT_HELD);
	CHECK(took < 550);
	(void)snprintf(line, sizeof(line),
	    "until [ -s %s/alive ]; do sleep 0.05; done", agent_dir);
	CHECK(sh(line) == 0);
	(void)snprintf(line, sizeof(line), "%s/alive", agent_dir);
	(void)unlink(line);
	/* Everything written before the end is there, however slowly read. */
	c.streams[2].mute = true;
	(void)snprintf(line, sizeof(line),
	    "head -c 300000 /dev/zero; sleep 1000 & echo $! >%s/pid; exit 4",
	    agent_dir);
	client_sh(&c, 2, 0, line);
	CHECK(!client_until(&c, &c.streams[2].done, 1000));
	CHECK(c.streams[2].out.len == WIRE_WINDOW);
	c.streams[2].mute = false;
	grant(&c, 2, WIRE_STDOUT, 0);
	CHECK(client_wait(&c, 2) == 4);
	CHECK(c.streams[2].out.len == 300000);
	CHECK(c.streams[2].exit.flags == WIRE_EXIT_HELD);
	(void)snprintf(line, sizeof(line), "kill $(cat %s/pid)", agent_dir);
	CHECK(sh(line) == 0);
}

static void
test_close(void)
{
	struct wire_stats st;
	uint64_t before = now_ms();

	client_sh(&c, 1, 0, "echo up; sleep 1000");
	CHECK(client_see(&c, 1, "up"));
	client_frame(&c, WIRE_CLOSE, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 125);
	CHECK(c.streams[1].exit.how == WIRE_CLOSED);
	/* One that ignores SIGHUP is killed. */
	client_sh(
	    &c, 1, 0, "trap '' HUP; echo up; while :; do sleep 0.1; done");
	CHECK(client_see(&c, 1, "up"));
	client_frame(&c, WIRE_CLOSE, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 125);
	do {
		st = client_stats(&c);
	} while (st.running && now_ms() - before < 10000);
	CHECK(st.running == 0);
	CHECK(now_ms() - before >= WIRE_HUP_MS);
}

static void
test_parallel(void)
{
	char line[64], want[32];
	bool right = true;

	for (uint32_t i = 1; i <= 64; i++) {
		(void)snprintf(
		    line, sizeof(line), "read x; echo $x %u; exit %u", i, i);
		client_sh(&c, i, 0, line);
	}
	for (uint32_t i = 64; i >= 1; i--) {
		(void)snprintf(line, sizeof(line), "in%u\n", i);
		client_feed(&c, i, line, strlen(line));
	}
	for (uint32_t i = 1; i <= 64; i++) {
		(void)snprintf(want, sizeof(want), "in%u %u\n", i, i);
		right = client_wait(&c, i) == (int)i && right;
		right = strcmp(c.streams[i].out.s, want) == 0 && right;
	}
	CHECK(right);
}

static void
test_bulk(void)
{
	struct wire_stats st;
	size_t before;
	uint64_t t;

	/* A reader that does not read, beside one that does. */
	before = client_stats(&c).rss_kib;
	c.streams[1].mute = c.streams[1].count = true;
	client_sh(&c, 1, 0, "yes");
	c.streams[2].count = true;
	t = now_ms();
	client_sh(&c, 2, 0, "head -c 268435456 /dev/zero");
	CHECK(client_wait(&c, 2) == 0);
	t = now_ms() - t;
	printf("# 256 MiB of stdout in %llu ms\n", (unsigned long long)t);
	CHECK(c.streams[2].nout == 268435456);
	CHECK(c.streams[1].nout == WIRE_WINDOW);
	st = client_stats(&c);
	printf("# agent RSS %zu KiB before, %u after\n", before, st.rss_kib);
	CHECK(st.rss_kib < before + 2048);
	client_frame(&c, WIRE_CLOSE, 1, NULL, 0);
	CHECK(client_wait(&c, 1) == 125);
	c.streams[1].mute = c.streams[1].count = c.streams[2].count = false;
}

int
main(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	agent_start();
	CHECK(client_connect(&c, false));
	CHECK_STR(c.agent, MACHINE_VERSION);
	CHECK(strlen(c.boot) == 36);
	test_exactness();
	test_big_request();
	test_exits();
	test_root();
	test_stdin();
	test_signals();
	test_background();
	test_close();
	test_parallel();
	test_bulk();
	client_close(&c);
	CHECK(agent_stop() == 0);
	return tap_end();
}

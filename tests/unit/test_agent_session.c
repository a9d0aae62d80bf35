#include "base/base.h"

#include "tests/agent.h"
#include "tests/tap.h"

/* Terminals: commands on one, and the sessions that lines run in. */

static struct client c;

static void
send_line(uint32_t id, const char *session, const char *kind, unsigned status,
    const char *cwd, const char *text)
{
	char home[96], path[96];
	const char *env[] = { home, "PATH=/usr/bin:/bin", path, NULL };
	struct wire_line x = { .rows = 24,
		.cols = 80,
		.status = (uint8_t)status,
		.session = session,
		.kind = kind,
		.term = "xterm",
		.cwd = cwd,
		.text = text,
		.env = env };
	struct wire_pack k = { 0 };

	(void)snprintf(home, sizeof(home), "HOME=%s", agent_dir);
	(void)snprintf(path, sizeof(path), "XDG_CONFIG_HOME=%s", agent_dir);
	wire_line_pack(&k, &x);
	client_request(&c, WIRE_LINE, id, &k);
}

static int
line(const char *kind, const char *text)
{
	send_line(1, kind, kind, 0, "/", text);
	return client_wait(&c, 1);
}

static bool
said(const char *text)
{
	const char *out = c.streams[1].out.s;
	size_t n = strlen(text), len = c.streams[1].out.len;
	/* fish resets colours before it runs something. */
	bool yes = len >= n && strcmp(out + len - n, text) == 0 &&
		   (len == n || *out == '\x1b');

	if (!yes)
		printf("#  got: %s\n# want: %s\n", c.streams[1].out.s, text);
	return yes;
}

static void
test_terminal(void)
{
	const char *vi[] = { "sh", "-c",
		"stty -echo; stty size; echo up; read x; stty size; echo $x; tty >/dev/null && echo tty",
		NULL };
	cleanup(wire_pack) struct wire_pack k = { 0 };

	client_exec_full(&c, 1, WIRE_EXEC_PTY, "/", vi, NULL);
	CHECK(client_see(&c, 1, "up"));
	wire_winch_pack(&k, 40, 132);
	client_frame(&c, WIRE_WINCH, 1, k.p, k.len);
	client_feed(&c, 1, "hello\n", 6);
	CHECK(client_wait(&c, 1) == 0);
	CHECK(said("24 80\r\nup\r\n40 132\r\nhello\r\ntty\r\n"));
	/* ^C, ^Z and what goes on after it. */
	client_sh(&c, 1, WIRE_EXEC_PTY, "echo up; exec sleep 1000");
	CHECK(client_see(&c, 1, "up"));
	client_feed(&c, 1, "\003", 1);
	CHECK(client_wait(&c, 1) == 130);
	client_sh(&c, 1, WIRE_EXEC_PTY, "echo up; read x; echo got $x");
	CHECK(client_see(&c, 1, "up"));
	client_feed(&c, 1, "\032", 1);
	while (!c.streams[1].stopped && !c.lost) {
		bool *never = &c.ponged;

		(void)client_until(&c, never, 10);
	}
	CHECK(c.streams[1].stopped == SIGTSTP);
	client_signal(&c, 1, SIGCONT);
	client_feed(&c, 1, "on\n", 3);
	CHECK(client_wait(&c, 1) == 0);
	CHECK(client_see(&c, 1, "got on") ||
	      strstr(c.streams[1].out.s, "got on"));
}

static void
test_state(const char *kind)
{
	bool fish = strcmp(kind, "fish") == 0;

	printf("# %s\n", kind);
	CHECK(line(kind, "echo hello") == 0);
	CHECK(said("hello\r\n"));
	CHECK(line(kind,
		  fish ? "set -gx A 5; cd /usr" : "export A=5; cd /usr") == 0);
	CHECK_STR(c.streams[1].cwd, "/usr");
	CHECK(line(kind, "echo $A; pwd") == 0);
	CHECK(said("5\r\n/\r\n"));
	CHECK(line(kind, "sh -c 'exit 42'") == 42);
	send_line(1, kind, kind, 7, "/tmp", fish ? "echo $status" : "echo $?");
	CHECK(client_wait(&c, 1) == 0);
	CHECK(said("7\r\n"));
	CHECK_STR(c.streams[1].cwd, "/tmp");
	CHECK(
	    line(kind,
		"cat /proc/self/environ | tr '\\0' '\\n' | grep -c MACHINE_SDIR") ==
	    1);
	/* A program that reads, and input that nobody read. */
	send_line(1, kind, kind, 0, "/", "echo up; head -n1; sleep 0.3");
	CHECK(client_see(&c, 1, "up"));
	client_feed(&c, 1, "one\ntwo", 7);
	CHECK(client_wait(&c, 1) == 0);
	CHECK(c.streams[1].exit.taken >= 4 && c.streams[1].exit.taken <= 7);
	CHECK(strstr(c.streams[1].out.s, "one\r\n") != NULL);
	/* ^C ends the line, and only it. */
	send_line(1, kind, kind, 0, "/", "sh -c 'echo up; exec sleep 1000'");
	CHECK(client_see(&c, 1, "up"));
	client_feed(&c, 1, "\003", 1);
	CHECK(client_wait(&c, 1) == 130);
	CHECK(line(kind, "echo $A") == 0);
	CHECK(said("5\r\n"));
	/* A job in the background outlives its line. */
	CHECK(line(kind, "sleep 1000 &") == 0);
	CHECK(client_stats(&c).sessions_with_jobs >= 1);
	CHECK(line(kind, "kill %1; wait 2>/dev/null; true") == 0);
	/* The shell ends; the next line has a new one. */
	CHECK(line(kind, "exit 5") == 5);
	CHECK(fish || c.streams[1].exit.flags == WIRE_EXIT_ENDED);
	CHECK(line(kind, "echo \"[$A]\"") == 0);
	CHECK(said("[]\r\n"));
}

static void
test_many(const char *kind)
{
	char text[64], want[64];
	bool right = true;
	uint64_t t = now_ms();

	for (int i = 0; i < 200; i++) {
		(void)snprintf(text, sizeof(text), "echo %d", i);
		(void)snprintf(want, sizeof(want), "%d\r\n", i);
		right = line(kind, text) == 0 && said(want) && right;
	}
	CHECK(right);
	printf("# %s: %.1f ms a line\n", kind, (double)(now_ms() - t) / 200);
}

/* However often ^C is pressed, and whenever: the line ends, and is told. */
static void
test_interrupts(const char *kind)
{
	bool ended = true, kept = true;

	printf("# %s\n", kind);
	CHECK(line(kind, "I=1") == 0);
	for (unsigned i = 0; i < 40 && ended && kept; i++) {
		send_line(1, kind, kind, 0, "/", "sh -c 'echo up; exec cat'");
		ended = client_see(&c, 1, "up") && ended;
		for (unsigned n = 0; n < 200 && !c.streams[1].done; n++) {
			client_feed(&c, 1, "\003", 1);
			client_read(&c);
		}
		ended = client_wait(&c, 1) == 130 && ended;
		kept = line(kind, "echo $I") == 0 &&
		       strstr(c.streams[1].out.s, "1\r\n") && kept;
	}
	CHECK(ended);
	CHECK(kept);
}

static void
test_lost_host(void)
{
	struct wire_stats st;

	/* The host goes in the middle of a line; the next one waits for it. */
	send_line(
	    1, "lost", "bash", 0, "/", "B=3; sh -c 'echo up; exec sleep 1000'");
	CHECK(client_see(&c, 1, "up"));
	client_close(&c);
	CHECK(client_connect(&c, false));
	send_line(1, "lost", "bash", 0, "/", "echo $B");
	CHECK(client_wait(&c, 1) == 0);
	CHECK(strstr(c.streams[1].out.s, "3\r\n") != NULL);
	/* In a loop, which goes on without the job that is hung up. */
	send_line(1, "lost", "bash", 0, "/",
	    "while :; do sh -c 'echo up; exec sleep 1000'; done");
	CHECK(client_see(&c, 1, "up"));
	client_close(&c);
	CHECK(client_connect(&c, false));
	send_line(1, "lost", "bash", 0, "/", "echo $B");
	CHECK(client_wait(&c, 1) == 0);
	CHECK(strstr(c.streams[1].out.s, "3\r\n") != NULL);
	/* Two lines at once in one session. */
	send_line(
	    2, "lost", "bash", 0, "/", "sh -c 'echo up; exec sleep 1000'");
	CHECK(client_see(&c, 2, "up"));
	send_line(1, "lost", "bash", 0, "/", "echo $B");
	CHECK(client_wait(&c, 1) == 125);
	CHECK_STR(c.streams[1].text, "the session is busy with another line");
	client_frame(&c, WIRE_CLOSE, 2, NULL, 0);
	CHECK(client_wait(&c, 2) == 125);
	st = client_stats(&c);
	CHECK(st.sessions >= 1);
	{
		cleanup(wire_pack) struct wire_pack k = { 0 };
		uint64_t end = now_ms() + 20000;

		wire_pack_str(&k, "lost");
		client_frame(&c, WIRE_ENDSES, 0, k.p, k.len);
		while (
		    client_stats(&c).sessions == st.sessions && now_ms() < end)
			;
		CHECK(client_stats(&c).sessions == st.sessions - 1);
	}
}

int
main(void)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	agent_start();
	CHECK(client_connect(&c, false));
	test_terminal();
	test_state("bash");
	test_state("zsh");
	test_state("fish");
	test_many("bash");
	test_many("zsh");
	test_interrupts("bash");
	test_interrupts("zsh");
	test_lost_host();
	client_close(&c);
	CHECK(agent_stop() == 0);
	return tap_end();
}

#include "base/base.h"

#include "tests/agent.h"
#include "tests/tap.h"

/*
 * A connection that is cut, at any byte, and begun again. Over a port nothing
 * tells the agent but the data: what was left unread or half sent is still
 * there.
 */

static unsigned rounds = 2000, commands = 20000;

static int
run(struct client *c, const char *line)
{
	client_sh(c, 1, 0, line);
	return client_wait(c, 1);
}

static bool
exists(const char *name)
{
	char path[128];
	bool yes;

	(void)snprintf(path, sizeof(path), "%s/%s", agent_dir, name);
	yes = access(path, F_OK) == 0;
	(void)unlink(path);
	return yes;
}

static void
test_new_client(void)
{
	struct client a, b;
	uint64_t end = now_ms() + DEADLINE_MS;

	CHECK(client_connect(&a, true));
	CHECK(run(&a, "exit 7") == 7);
	/* Output that nobody reads, and a child that would go on for ever. */
	client_sh(&a, 1, 0, "echo up; exec sleep 1000");
	CHECK(client_see(&a, 1, "up"));
	a.streams[2].count = true;
	client_sh(&a, 2, 0, "yes");
	client_close(&a);
	CHECK(client_connect(&b, true));
	while (client_stats(&b).running && now_ms() < end)
		;
	CHECK(client_stats(&b).running == 0);
	CHECK(run(&b, "echo fresh") == 0);
	CHECK_STR(b.streams[1].out.s, "fresh\n");
	client_close(&b);
}

/* A frame is cut off after `cut` bytes; the next client completes it. */
static bool
cut_off(size_t size, size_t cut)
{
	struct client a, b;
	unsigned char *big = xcalloc(WIRE_FRAME, 1);
	char line[128];
	const char *argv[] = { "sh", "-c", line, "sh", NULL, NULL };
	struct wire_exec x = { .cwd = "/", .argv = argv };
	struct wire_pack k = { 0 };
	char *pad = xcalloc(size + 1, 1);
	uint64_t before;
	bool good;
	size_t n;

	memset(pad, 'x', size);
	argv[4] = pad;
	(void)snprintf(line, sizeof(line), "echo run >%s/run", agent_dir);
	wire_exec_pack(&k, &x);
	if (!client_connect(&a, true))
		return false;
	before = client_stats(&a).commands;
	n = wire_put(big, wire_session(a.nonce), WIRE_EXEC, 1, k.p, k.len);
	client_raw(&a, big, cut < n ? cut : n - (SIZE_MAX - cut));
	client_close(&a);
	/* The agent counts what it starts, and hangs up most of it before it
	 * could leave a trace. */
	good = client_connect(&b, true) && run(&b, "echo ok") == 0 &&
	       client_stats(&b).commands == before + 1 && !exists("run");
	if (!good)
		printf(
		    "# %zu of %zu: version %u lost %d done %d how %d %u %s, %llu more commands\n",
		    cut, n, b.version, b.lost, b.streams[1].done,
		    b.streams[1].exit.how, b.streams[1].exit.number,
		    b.streams[1].text,
		    (unsigned long long)(b.stats.commands - before));
	client_close(&b);
	wire_pack_release(&k);
	free(pad);
	free(big);
	return good;
}

static void
test_half_frames(void)
{
	bool good = true;

	for (size_t cut = 1; cut < 32; cut++)
		good = cut_off(100, cut) && good;
	CHECK(good);
	good = true;
	for (size_t cut = 1; cut < 32000; cut += 1111)
		good = cut_off(32000, cut) && good;
	CHECK(good);
	/* Down to the last byte, with trailers that have zeros but for the
	 * rule: the session here is a small number. */
	good = true;
	for (size_t missing = 1; missing < 5; missing++)
		for (size_t size = 0; size < 32000; size += 4000)
			good = cut_off(size, SIZE_MAX - missing) && good;
	CHECK(good);
}

/* What the control of the above is: a whole frame is run. */
static void
test_whole_frame(void)
{
	struct client a;
	char line[128];

	CHECK(client_connect(&a, true));
	(void)snprintf(line, sizeof(line), "echo run >%s/run", agent_dir);
	CHECK(run(&a, line) == 0);
	CHECK(exists("run"));
	client_close(&a);
}

/* Random bytes of a random conversation, then another client. */
static bool
soak_round(bool port, unsigned *seed)
{
	struct client a;
	static const unsigned char input[WIRE_PAYLOAD];
	unsigned char frame[WIRE_FRAME];
	struct wire_pack k = { 0 };
	const char *argv[] = { "sh", "-c", NULL, NULL };
	struct wire_exec x = { .cwd = "/", .argv = argv };
	static const char *const lines[] = { ":", "head -c 200000 /dev/zero",
		"sleep 1000", "cat", "echo x; exit 3", "yes" };
	size_t n;
	int r = rand_r(seed);

	argv[2] = lines[(size_t)r % ARRAY_LEN(lines)];
	if (!client_connect(&a, port))
		return false;
	wire_exec_pack(&k, &x);
	n = wire_put(frame, wire_session(a.nonce), WIRE_EXEC, 5, k.p, k.len);
	wire_pack_release(&k);
	a.streams[5].open = true;
	a.streams[5].count = true;
	client_raw(&a, frame, n);
	if (r & 256) {
		n = wire_put(frame, wire_session(a.nonce), WIRE_STDIN, 5, input,
		    (size_t)(r >> 9) % WIRE_PAYLOAD);
		client_raw(&a, frame, (size_t)rand_r(seed) % n);
	}
	if (r & 512)
		client_read(&a);
	client_close(&a);
	return true;
}

static void
test_soak(bool port)
{
	struct client c;
	unsigned seed = 1, good = 0;
	struct wire_stats before, after;
	uint64_t t = now_ms(), end;

	CHECK(client_connect(&c, port));
	before = client_stats(&c);
	client_close(&c);
	for (unsigned i = 0; i < rounds; i++)
		good += soak_round(port, &seed);
	CHECK(good == rounds);
	CHECK(client_connect(&c, port));
	CHECK(run(&c, "echo ok") == 0);
	CHECK_STR(c.streams[1].out.s, "ok\n");
	end = now_ms() + DEADLINE_MS;
	do {
		after = client_stats(&c);
	} while ((after.running || after.connections > 2 ||
		     after.fds > before.fds + 1) &&
		 now_ms() < end);
	CHECK(after.running == 0);
	CHECK(after.fds <= before.fds + 1);
	printf("# %u reconnects%s in %llu ms, fds %u -> %u, RSS %u -> %u KiB\n",
	    rounds, port ? " of the port" : "",
	    (unsigned long long)(now_ms() - t), before.fds, after.fds,
	    before.rss_kib, after.rss_kib);
	client_close(&c);
}

static void
test_no_leak(void)
{
	struct client c;
	struct wire_stats before, after;
	unsigned good = 0;
	const char *argv[] = { "/bin/true", NULL };
	uint64_t t;

	CHECK(client_connect(&c, true));
	/* The first ones fill what stays. */
	for (unsigned i = 0; i < 200; i++) {
		client_exec_full(&c, 1 + i % 16, 0, "/", argv, NULL);
		good += client_wait(&c, 1 + i % 16) == 0;
	}
	before = client_stats(&c);
	t = now_ms();
	for (unsigned i = 0; i < commands; i++) {
		uint32_t id = 1 + i % 16;

		client_exec_full(
		    &c, id, i % 100 ? 0 : WIRE_EXEC_PTY, "/", argv, NULL);
		good += client_wait(&c, id) == 0;
	}
	t = now_ms() - t;
	after = client_stats(&c);
	printf("# %u commands, %.0f us each; fds %u -> %u, RSS %u -> %u KiB\n",
	    commands, (double)t * 1000 / commands, before.fds, after.fds,
	    before.rss_kib, after.rss_kib);
	CHECK(good == commands + 200);
	CHECK(after.fds == before.fds);
	CHECK(
	    after.rss_kib < before.rss_kib + 256 ||
	    before.rss_kib > 20000 /* AddressSanitizer keeps what is freed */);
	CHECK(after.running == 0);
	CHECK(
	    run(&c,
		"ps -o ppid=,stat= -e | awk -v p=$PPID '$1 == p && /Z/' | wc -l") ==
	    0);
	CHECK_STR(c.streams[1].out.s, "0\n");
	client_close(&c);
}

/* Killed and started again: the greeting tells the host; a new one works. */
static void
test_restart(void)
{
	struct client a, b;

	CHECK(client_connect(&a, true));
	CHECK(run(&a, "true") == 0);
	(void)kill(agent_pid, SIGKILL);
	CHECK(agent_wait() == 137);
	agent_start();
	CHECK(!client_until(&a, &a.ponged, 5000) && a.lost);
	client_close(&a);
	CHECK(client_connect(&b, true));
	CHECK(run(&b, "exit 9") == 9);
	client_close(&b);
}

int
main(void)
{
	const char *cases = getenv("CASES");

	/* More on request, as in tests/shell/agent.t. */
	if (cases && strtoul(cases, NULL, 10) > commands)
		commands = (unsigned)strtoul(cases, NULL, 10);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	agent_start();
	test_new_client();
	test_half_frames();
	test_whole_frame();
	test_soak(true);
	test_soak(false);
	test_no_leak();
	test_restart();
	CHECK(agent_stop() == 0);
	return tap_end();
}

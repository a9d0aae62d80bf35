#include "core/machinefile.h"

#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(12) << 30 };

/* Each refused file, and all that is said about it. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "ports: [0.0.0.0:22]\n",
	    "1:9: ports: \"0.0.0.0:22\" is not a whole number" },
	{ "ports: [{guest: 53, host: 5353, proto: udp}]\n",
	    "1:33: unknown key \"proto\"" },
	{ "ports: [{guest: 1, host: 1024, lan: true}]\n",
	    "1:32: unknown key \"lan\"" },
	{ "network: open\n", "1:10: network: expected a mapping" },
	{ "network: {egress: all}\n",
	    "1:19: network.egress: \"all\" is not open, allowlist or none" },
	{ "network: {egress: yes}\n",
	    "1:19: network.egress: \"yes\" is not open, allowlist or none" },
	{ "network: {allow: [a.b]}\n",
	    "1:10: network: \"allow\" needs \"egress: allowlist\"" },
	{ "network: {egress: none, allow: [a.b]}\n",
	    "1:10: network: \"allow\" needs \"egress: allowlist\"" },
	{ "network: {egress: allowlist, allow: a.b}\n",
	    "1:37: network.allow: expected a list" },
	{ "network: {egress: allowlist, allow: [localhost]}\n",
	    "1:38: network.allow: \"localhost\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"*\"]}\n",
	    "1:38: network.allow: \"*\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"*.com\"]}\n",
	    "1:38: network.allow: \"*.com\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"*.*.org\"]}\n",
	    "1:38: network.allow: \"*.*.org\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [A.b]}\n",
	    "1:38: network.allow: \"A.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [a.b.]}\n",
	    "1:38: network.allow: \"a.b.\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [.a.b]}\n",
	    "1:38: network.allow: \".a.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [a..b]}\n",
	    "1:38: network.allow: \"a..b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [1.2.3.4]}\n",
	    "1:38: network.allow: \"1.2.3.4\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"::1\"]}\n",
	    "1:38: network.allow: \"::1\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"a.b:443\"]}\n",
	    "1:38: network.allow: \"a.b:443\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [https://a.b]}\n",
	    "1:38: network.allow: \"https://a.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [a_b.c]}\n",
	    "1:38: network.allow: \"a_b.c\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [-a.b]}\n",
	    "1:38: network.allow: \"-a.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [a-.b]}\n",
	    "1:38: network.allow: \"a-.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"preset:\"]}\n",
	    "1:38: network.allow: \"preset:\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"preset:X\"]}\n",
	    "1:38: network.allow: \"preset:X\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\"a.b\\0.c\"]}\n",
	    "1:38: character U+0000 is not allowed" },
	{ "network: {egress: allowlist, allow: [a.b%]}\n",
	    "1:38: network.allow: \"a.b%\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [\303\251.b]}\n",
	    "1:38: network.allow: \"\303\251.b\" is not name.tld, *.name.tld or preset:NAME, in lower case" },
	{ "network: {egress: allowlist, allow: [a.b, a.b]}\n",
	    "1:43: network.allow: \"a.b\" is there twice" },
	{ "provision: {}\n", "1:12: provision: expected a list" },
	{ "provision: [/x.sh]\n",
	    "1:13: provision: \"/x.sh\" is absolute: write it from the project's directory" },
	{ "provision: [../x.sh]\n",
	    "1:13: provision: \"../x.sh\" may not have \"..\" in it" },
	{ "provision: [\"\"]\n",
	    "1:13: provision: \"\" is the project's directory itself" },
	{ "provision: [Machinefile]\n",
	    "1:13: provision: \"Machinefile\" is no script" },
	{ "provision: [./Machinefile.lock]\n",
	    "1:13: provision: \"Machinefile.lock\" is no script" },
	{ "provision: [~/x]\n",
	    "1:13: provision: \"~/x\" is not in the project: ~ means nothing here" },
	{ "provision: [{path: x.sh}]\n",
	    "1:13: provision: missing key \"run\"\n"
	    "1:14: unknown key \"path\"; did you mean \"watch\"?" },
	{ "provision: [{run: x, when: boot}]\n",
	    "1:28: provision[].when: \"boot\" is not create, start or change" },
	{ "provision: [{run: x, when: change}]\n",
	    "1:13: provision: \"when: change\" needs files to watch" },
	{ "provision: [{run: x, when: change, watch: []}]\n",
	    "1:43: provision[].watch: expected at least one file" },
	{ "provision: [{run: x, watch: [a]}]\n",
	    "1:13: provision: \"watch\" needs \"when: change\"" },
	{ "provision: [{run: x, when: start, watch: [a]}]\n",
	    "1:13: provision: \"watch\" needs \"when: change\"" },
	{ "provision: [{run: x, when: change, watch: a}]\n",
	    "1:43: provision[].watch: expected a list" },
	{ "provision: [{run: x, when: change, watch: [/a, ../b, c]}]\n",
	    "1:44: provision[].watch: \"/a\" is absolute: write it from the project's directory\n"
	    "1:48: provision[].watch: \"../b\" may not have \"..\" in it" },
	{ "provision: [{run: x, when: change, watch: [a, a]}]\n",
	    "1:47: provision[].watch: \"a\" is there twice" },
	{ "ready: 3000\n", "1:8: ready: expected a mapping" },
	{ "ready: {}\n", "1:8: ready: missing key \"tcp\"" },
	{ "ready: {tcp: 0}\n",
	    "1:14: ready.tcp: \"0\" is not a number from 1 to 65535" },
	{ "ready: {tcp: 70000}\n",
	    "1:14: ready.tcp: \"70000\" is not a number from 1 to 65535" },
	{ "ready: {timeout: 5s}\n", "1:8: ready: missing key \"tcp\"" },
	{ "ready: {tcp: 1, timeout: 60}\n",
	    "1:26: ready.timeout: \"60\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 1d}\n",
	    "1:26: ready.timeout: \"1d\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 1.5m}\n",
	    "1:26: ready.timeout: \"1.5m\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: -1s}\n",
	    "1:26: ready.timeout: \"-1s\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 0s}\n",
	    "1:26: ready.timeout: \"0s\" is not from 1s to 1h" },
	{ "ready: {tcp: 1, timeout: 05s}\n",
	    "1:26: ready.timeout: \"05s\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 2h}\n",
	    "1:26: ready.timeout: \"2h\" is not from 1s to 1h" },
	{ "ready: {tcp: 1, timeout: 61m}\n",
	    "1:26: ready.timeout: \"61m\" is not from 1s to 1h" },
	{ "ready: {tcp: 1, timeout: 1m30s}\n",
	    "1:26: ready.timeout: \"1m30s\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: s}\n",
	    "1:26: ready.timeout: \"s\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 5 s}\n",
	    "1:26: ready.timeout: \"5 s\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 1h0m}\n",
	    "1:26: ready.timeout: \"1h0m\" is not a duration such as 30s, 5m or 2h" },
	{ "ready: {tcp: 1, timeout: 99999999999999999999s}\n",
	    "1:26: ready.timeout: \"99999999999999999999s\" is not from 1s to 1h" },
	{ "ready: {tcp: 1, timeout: \"\"}\n",
	    "1:26: ready.timeout: \"\" is not a duration such as 30s, 5m or 2h" },
	{ "commands: [git]\n", "1:11: commands: expected a mapping" },
	{ "commands: {host: [git]}\n", "1:12: unknown key \"host\"" },
	{ "commands: {guest: git}\n", "1:19: commands.guest: expected a list" },
	{ "commands: {guest: [/bin/git, a b, \"\", -x]}\n",
	    "1:20: commands.guest: \"/bin/git\" is not a command: use letters, digits, dot, _, + and -\n"
	    "1:30: commands.guest: \"a b\" is not a command: use letters, digits, dot, _, + and -\n"
	    "1:35: commands.guest: \"\" is not a command: use letters, digits, dot, _, + and -\n"
	    "1:39: commands.guest: \"-x\" is not a command: use letters, digits, dot, _, + and -" },
	{ "commands: {guest: [git, git]}\n",
	    "1:25: commands.guest: \"git\" is there twice" },
	{ "git: host\n", "1:6: git: expected a mapping" },
	{ "git: {identity: yes}\n",
	    "1:17: git.identity: \"yes\" is not host or none" },
	{ "git: {push: true}\n", "1:7: \"git.push\" is not yet supported" },
	{ "git: {sign: host}\n", "1:7: \"git.sign\" is not yet supported" },
	{ "agents: [codex]\n", "1:9: agents: expected a mapping" },
	{ "agents: {codex: volume}\n", "1:17: agents: expected a mapping" },
	{ "agents: {codex: {state: yes}}\n",
	    "1:25: agents.TOOL.state: \"yes\" is not volume or none" },
	{ "agents: {claude: {}}\n",
	    "1:10: agents: \"claude\" is not claude-code or codex" },
	{ "agents: {node: {}}\n",
	    "1:10: agents: \"node\" is not known; did you mean \"codex\"?" },
	{ "idle: 30m\n", "1:7: idle: expected a mapping" },
	{ "idle: {stop: 30}\n",
	    "1:14: idle.stop: \"30\" is not a duration such as 30s, 5m or 2h" },
	{ "idle: {stop: 59s}\n",
	    "1:14: idle.stop: \"59s\" is not from 60s to 168h" },
	{ "idle: {stop: 169h}\n",
	    "1:14: idle.stop: \"169h\" is not from 60s to 168h" },
	{ "idle: {stop: off}\n",
	    "1:14: idle.stop: \"off\" is not a duration such as 30s, 5m or 2h" },
	{ "idle: {suspend: 5m}\n",
	    "1:8: \"idle.suspend\" is not yet supported" },
	{ "extends: x\nsecrets: {}\narch: x\nservices: {}\ngpu: 1\nroot: x\nworkspace: {hide: []}\n",
	    "1:1: \"extends\" is not yet supported\n"
	    "2:1: \"secrets\" is not yet supported\n"
	    "3:1: \"arch\" is not yet supported\n"
	    "4:1: \"services\" is not yet supported\n"
	    "5:1: \"gpu\" is not yet supported\n"
	    "6:1: \"root\" is not yet supported\n"
	    "7:13: \"workspace.hide\" is not yet supported" },
};

static void
check_parse(const char *text, const char *want)
{
	cleanup(buf) struct buf got = BUF_INIT;
	struct diags d = { .count = 0 };
	struct machinefile *mf = machinefile_parse(
	    text, strlen(text), &limits, &d);

	if (mf)
		buf_adds(&got, "(accepted)");
	for (size_t i = 0; i < d.count && i < DIAG_MAX; i++)
		buf_addf(&got, "%s%u:%u: %s", i ? "\n" : "", d.at[i].line,
		    d.at[i].column, d.at[i].text);
	machinefile_free(mf);
	CHECK_STR(got.s, want);
}

static void
test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		check_parse(refused[i].text, refused[i].want);
}

/* The user's own limits. */
static void
test_permitted_ports(void)
{
	static const struct port_range ranges[] = { { 3000, 3999 },
		{ 9000, 9000 } };
	static const struct limits some = { .cpus = 8,
		.memory = UINT64_C(12) << 30,
		.ports = ranges,
		.nports = 2 };
	static const char yes[] =
	    "ports: [3000, 3999, {guest: 80, host: 9000}]";
	static const char no[] = "ports: [2999, 4000, {guest: 80, host: 9001}]";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    yes, sizeof(yes) - 1, &some, &d);

	CHECK(mf && mf->nports == 3);
	CHECK(!machinefile_parse(no, sizeof(no) - 1, &some, &d));
	CHECK(d.count == 3);
	CHECK_STR(d.at[0].text, "ports: host port 2999 is not one that your "
				"config.yaml permits");
	CHECK(d.at[2].column == 21);
}

static void
test_accepted(void)
{
	static const char text[] =
	    "network: {egress: allowlist, allow: [github.com, \"*.npmjs.org\", "
	    "\"preset:debian\", xn--bcher-kva.example]}\n"
	    "provision:\n- tools/setup.sh\n- ./a b.sh\n- {run: x, as: root}\n"
	    "- {run: y, when: change, watch: [./p/q, r]}\n"
	    "- {run: z, when: start}\n- tools/setup.sh\n"
	    "ready: {tcp: 5432}\ncommands: {guest: [git, g++]}\n"
	    "git: {identity: none}\nagents: {codex: {state: none}, "
	    "claude-code: {}}\nidle: {stop: 2h}\n";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, sizeof(text) - 1, &limits, &d);
	const char *const *files;

	CHECK(mf && d.count == 0);
	if (!mf)
		return;
	CHECK(mf->egress == EGRESS_ALLOWLIST && mf->nallow == 4);
	CHECK_STR(mf->allow[1], "*.npmjs.org");
	CHECK(mf->nprovision == 6);
	CHECK_STR(mf->provision[0].path, "tools/setup.sh");
	CHECK(!mf->provision[0].run && mf->provision[0].as == STEP_USER);
	CHECK(mf->provision[0].when == STEP_CREATE);
	CHECK_STR(mf->provision[2].run, "x");
	CHECK(!mf->provision[2].path && mf->provision[2].as == STEP_ROOT);
	CHECK(mf->provision[3].when == STEP_CHANGE);
	CHECK(mf->provision[3].nwatch == 2);
	CHECK_STR(mf->provision[3].watch[0], "p/q");
	CHECK(mf->provision[4].when == STEP_START);
	CHECK(machinefile_files(mf, &files) == 2);
	CHECK_STR(files[0], "tools/setup.sh");
	CHECK_STR(files[1], "a b.sh");
	CHECK(!files[2]);
	CHECK(mf->ready_tcp == 5432 && mf->ready_timeout == 60);
	CHECK(mf->nguest_commands == 2);
	CHECK_STR(mf->guest_commands[1], "g++");
	CHECK(mf->git_identity == GIT_NONE && mf->nagents == 2);
	CHECK_STR(mf->agents[0].tool, "codex");
	CHECK(mf->agents[0].state == AGENT_NONE);
	CHECK(mf->agents[1].state == AGENT_VOLUME);
	CHECK(mf->idle_stop == 7200);
}

/* What has no effect is named where it is asked for, and nowhere else. */
static void
test_unbuilt(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "tools: []\nvolumes: {a: {at: /a, size: 1GiB}, b: /b}\n"
		  "workspace: {mode: ro, private: [a]}\n"
		  "network: {egress: open}\ngit: {identity: none}\n"
		  "agents: {codex: {state: none}, claude-code: {}}\n"
		  "idle: {stop: never}\n",
		    "" },
		{ "name: a\nimage: i\ncpus: 1\nmemory: 1GiB\ndisk: 4GiB\n"
		  "packages: [a]\nenv: {A: b}\npass_env: [B]\nports: [3000]\n"
		  "mounts: [{from: ~/a, to: /a}, {from: b, to: /b}]\n"
		  "provision: [a, {run: b, when: start}, {run: c, when: change, "
		  "watch: [d]}]\nready: {tcp: 1, timeout: 5s}\n"
		  "commands: {guest: [git]}\n",
		    "" },
		{ "network: {egress: none}", "network.egress" },
		{ "network: {egress: allowlist, allow: [a.b]}",
		    "network.egress, network.allow" },
		{ "git: {identity: host}", "git.identity" },
		{ "idle: {stop: 30m}", "idle.stop" },
		{ "idle: {stop: 1h}\ntools: [go]\nvolumes: {a: /a}",
		    "idle.stop" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf names = BUF_INIT;
		struct diags d = { .count = 0 };
		cleanup(machinefile) struct machinefile *mf = machinefile_parse(
		    rows[i].text, strlen(rows[i].text), &limits, &d);

		CHECK(mf && machinefile_unbuilt(mf, &names) == !!*rows[i].want);
		CHECK_STR(names.s, rows[i].want);
	}
}

int
main(void)
{
	test_refused();
	test_permitted_ports();
	test_accepted();
	test_unbuilt();
	return tap_end();
}

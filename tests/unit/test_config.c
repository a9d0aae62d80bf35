#include "core/config.h"

#include "base/buf.h"
#include "core/schema.h"
#include "tests/tap.h"

/* Each refused file, and all that is said about it. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "[]\n", "1:1: expected a mapping" },
	{ "limit: {}\n",
	    "1:1: unknown key \"limit\"; did you mean \"limits\"?" },
	{ "host-commands: []\n", "1:1: unknown key \"host-commands\"; did "
				 "you mean \"host_commands\"?" },
	{ "cpus: 2\n", "1:1: unknown key \"cpus\"" },

	{ "limits: {cpus: 0}\n",
	    "1:16: limits.cpus: \"0\" is not a number from 1 to 4096" },
	{ "limits: {memory: 12}\n",
	    "1:18: limits.memory: \"12\" needs a unit: MiB, GiB or TiB" },
	{ "limits: {memory: 100MiB}\n",
	    "1:18: limits.memory: \"100MiB\" is less than 512MiB" },
	{ "limits: {running: 0}\n",
	    "1:19: limits.running: \"0\" is not a number from 1 to 1024" },
	{ "limits: {ports: 3000}\n", "1:17: limits.ports: expected a list" },
	{ "limits: {ports: []}\n",
	    "1:17: limits.ports: expected at least one port" },
	{ "limits: {ports: [80-90]}\n",
	    "1:18: limits.ports: \"80-90\": what is below 1024 is never "
	    "forwarded" },
	{ "limits: {ports: [4000-3000, 0-1, 3000-, 65536, 1e4, x]}\n",
	    "1:18: limits.ports: \"4000-3000\" is not a port or a range such "
	    "as 3000-3999\n"
	    "1:29: limits.ports: \"0-1\" is not a port or a range such as "
	    "3000-3999\n"
	    "1:34: limits.ports: \"3000-\" is not a port or a range such as "
	    "3000-3999\n"
	    "1:41: limits.ports: \"65536\" is not a port or a range such as "
	    "3000-3999\n"
	    "1:48: limits.ports: \"1e4\" is not a port or a range such as "
	    "3000-3999\n"
	    "1:53: limits.ports: \"x\" is not a port or a range such as "
	    "3000-3999" },
	{ "limits: [1]\n", "1:9: limits: expected a mapping" },
	{ "projects: {src: {cpus: 1}}\n",
	    "1:12: projects: \"src\" is not an absolute path, nor does it "
	    "begin with ~/" },
	{ "projects: {/p: {cpus: 0, memory: 1, disk: 4GiB}}\n",
	    "1:23: projects.PATH.cpus: \"0\" is not a number from 1 to 4096\n"
	    "1:34: projects.PATH.memory: \"1\" needs a unit: MiB, GiB or "
	    "TiB\n"
	    "1:37: unknown key \"disk\"" },
	{ "ca_certificates: yes\n",
	    "1:18: ca_certificates: \"yes\" is not none or host" },
	{ "engine: {vm_type: kvm}\n",
	    "1:19: engine.vm_type: \"kvm\" is not auto, qemu or vz" },
	{ "engine: {accelerator: fast}\n",
	    "1:23: engine.accelerator: \"fast\" is not auto, kvm, hvf or "
	    "tcg" },
	{ "autostart: yes\n",
	    "1:12: autostart: \"yes\" is not cd, command or never" },
	{ "autostart: [cd]\n", "1:12: autostart: expected a single value" },

	{ "host_commands: git\n", "1:16: host_commands: expected a list" },
	{ "host_commands: [a b]\n",
	    "1:17: host_commands: \"a b\" is not a command: use letters, "
	    "digits, dot, _, + and -" },
	{ "host_commands: [-x]\n",
	    "1:17: host_commands: \"-x\" is not a command: use letters, "
	    "digits, dot, _, + and -" },
	{ "host_commands: [/bin/x]\n",
	    "1:17: host_commands: \"/bin/x\" is not a command: use letters, "
	    "digits, dot, _, + and -" },

	{ "images: {Debian: {path: /x}}\n",
	    "1:10: images: \"Debian\" is not an image alias: use a-z, 0-9, "
	    "dot, _ and -, at most 64" },
	{ "images: {a: /x}\n", "1:13: images: expected a mapping" },
	{ "images: {a: {}}\n", "1:13: images: missing key \"path\"" },
	{ "images: {a: {paht: /x}}\n",
	    "1:13: images: missing key \"path\"\n"
	    "1:14: unknown key \"paht\"; did you mean \"path\"?" },
	{ "images: {a: {path: ~/x}}\n",
	    "1:20: images.ALIAS.path: \"~/x\": ~ is not expanded here, write "
	    "the whole path" },
	{ "images: {a: {path: x}}\n",
	    "1:20: images.ALIAS.path: \"x\" is not an absolute path" },
	{ "images: {a: {path: \"https://x/y\"}}\n",
	    "1:20: images.ALIAS.path: \"https://x/y\" is not an absolute "
	    "path" },
	{ "images: {a: {path: \"/http://x\"}}\n",
	    "1:20: images.ALIAS.path: \"/http://x\": :// and {{ are not "
	    "supported" },
	{ "images: {a: {path: \"/{{.Home}}\"}}\n",
	    "1:20: images.ALIAS.path: \"/{{.Home}}\": :// and {{ are not "
	    "supported" },
	{ "images: {a: {path: \"/a\\nb\"}}\n",
	    "1:20: images.ALIAS.path: must be one line, without tabs" },
	{ "images: {a: {path: /x, initrd: /y, cmdline: z}}\n",
	    "1:13: images: \"initrd\" needs a \"kernel\"\n"
	    "1:13: images: \"cmdline\" needs a \"kernel\"" },
	{ "images: {a: {kernel: /x}}\n", "1:13: images: missing key \"path\"" },
	{ "images: {a: {path: /x, kernel: /y, cmdline: \"{{x}}\"}}\n",
	    "1:45: images.ALIAS.cmdline: {{ is not supported" },
	{ "images: &a {}\nengine: *a\n",
	    "1:9: anchors (&name) are not supported\n"
	    "2:9: aliases (*name) are not supported" },
};

static void
test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		cleanup(buf) struct buf got = BUF_INIT;
		struct diags d = { .count = 0 };
		struct config *c = config_parse(
		    refused[i].text, strlen(refused[i].text), &d);

		if (c)
			buf_adds(&got, "(accepted)");
		for (size_t j = 0; j < d.count && j < DIAG_MAX; j++)
			buf_addf(&got, "%s%u:%u: %s", j ? "\n" : "",
			    d.at[j].line, d.at[j].column, d.at[j].text);
		config_free(c);
		CHECK_STR(got.s, refused[i].want);
	}
}

static void
test_defaults(void)
{
	static const char *const texts[] = { NULL, "", "# nothing\n", "{}" };
	size_t n;
	const struct schema_key *keys = schema_config(&n);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct diags d = { .count = 0 };
		cleanup(buf) struct buf words = BUF_INIT;
		cleanup(config) struct config *c = config_parse(
		    texts[i], texts[i] ? strlen(texts[i]) : 0, &d);

		CHECK(c && !d.count);
		if (!c)
			return;
		CHECK(!c->limit_cpus && !c->limit_memory && !c->nimages);
		CHECK(c->autostart == AUTOSTART_CD);
		CHECK(c->accelerator == ACCEL_AUTO);
		CHECK(c->vm_type == VM_TYPE_AUTO && !c->host_certificates);
		CHECK(!c->limit_running && !c->nlimit_ports && !c->nprojects);
		/* What is documented is what is done. */
		for (size_t j = 0; c->host_commands[j]; j++)
			buf_addf(
			    &words, "%s%s", j ? " " : "", c->host_commands[j]);
		CHECK_STR(words.s, keys[CF_HOST_COMMANDS].fallback);
	}
}

static void
test_accepted(void)
{
	static const char text[] =
	    "limits: {cpus: 6, memory: 12GiB}\nautostart: never\n"
	    "host_commands: [git, g++, 7z, _x]\n"
	    "images:\n  debian-13: {path: /srv/d.qcow2, kernel: /srv/k, "
	    "initrd: /srv/i, cmdline: root=/dev/vda}\n"
	    "  plain: {path: /srv/a b}\n  k: {path: /x, kernel: /k}\n"
	    "engine: {accelerator: tcg}\n";
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    text, sizeof(text) - 1, &d);

	CHECK(c && !d.count);
	if (!c)
		return;
	CHECK(c->limit_cpus == 6 && c->limit_memory == UINT64_C(12) << 30);
	CHECK(c->autostart == AUTOSTART_NEVER);
	CHECK(c->accelerator == ACCEL_TCG);
	CHECK_STR(c->host_commands[1], "g++");
	CHECK_STR(c->host_commands[3], "_x");
	CHECK(!c->host_commands[4]);
	CHECK(c->nimages == 3);
	CHECK_STR(c->images[0].alias, "debian-13");
	CHECK_STR(c->images[0].path, "/srv/d.qcow2");
	CHECK_STR(c->images[0].kernel, "/srv/k");
	CHECK_STR(c->images[0].initrd, "/srv/i");
	CHECK_STR(c->images[0].cmdline, "root=/dev/vda");
	CHECK_STR(c->images[1].path, "/srv/a b");
	CHECK(!c->images[1].kernel && !c->images[1].cmdline);
	CHECK_STR(c->images[2].kernel, "/k");
	CHECK(!c->images[2].initrd);
}

static void
test_choices(void)
{
	static const struct {
		const char *text;
		enum autostart autostart;
		enum accelerator accelerator;
	} rows[] = {
		{ "autostart: cd", AUTOSTART_CD, ACCEL_AUTO },
		{ "autostart: command", AUTOSTART_COMMAND, ACCEL_AUTO },
		{ "engine: {accelerator: auto}", AUTOSTART_CD, ACCEL_AUTO },
		{ "engine: {accelerator: kvm}", AUTOSTART_CD, ACCEL_HARDWARE },
		{ "engine: {accelerator: hvf}", AUTOSTART_CD, ACCEL_HARDWARE },
		{ "engine: {accelerator: tcg}", AUTOSTART_CD, ACCEL_TCG },
	};
	static const char none[] = "host_commands: []";
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    none, sizeof(none) - 1, &d);

	CHECK(c && c->host_commands && !c->host_commands[0]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		config_free(c);
		c = config_parse(rows[i].text, strlen(rows[i].text), &d);
		CHECK(c && c->autostart == rows[i].autostart &&
		      c->accelerator == rows[i].accelerator);
	}
}

static void
test_limits_and_projects(void)
{
	static const char text[] =
	    "limits: {running: 4, ports: [3000-9999, 12000]}\n"
	    "projects:\n  ~/src/shop-api: {memory: 8GiB, cpus: 4}\n"
	    "  /srv/x: {}\n"
	    "engine: {vm_type: vz}\nca_certificates: host\n";
	struct diags d = { .count = 0 };
	cleanup(config) struct config *c = config_parse(
	    text, sizeof(text) - 1, &d);

	CHECK(c && !d.count);
	if (!c)
		return;
	CHECK(c->limit_running == 4 && c->nlimit_ports == 2);
	CHECK(c->limit_ports[0].from == 3000 && c->limit_ports[0].to == 9999);
	CHECK(c->limit_ports[1].from == 12000 && c->limit_ports[1].to == 12000);
	CHECK(c->nprojects == 2);
	CHECK_STR(c->projects[0].path, "~/src/shop-api");
	CHECK(c->projects[0].memory == UINT64_C(8) << 30);
	CHECK(c->projects[0].cpus == 4);
	CHECK_STR(c->projects[1].path, "/srv/x");
	CHECK(!c->projects[1].memory && !c->projects[1].cpus);
	CHECK(c->vm_type == VM_TYPE_VZ && c->host_certificates);
}

/* What has no effect is named where it is asked for, and nowhere else. */
static void
test_unbuilt(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "limits: {cpus: 1, ports: [3000]}", "" },
		{ "engine: {vm_type: qemu}", "" },
		{ "projects: {}", "" },
		{ "ca_certificates: none", "" },
		{ "ca_certificates: host", "" },
		{ "limits: {running: 4}", "limits.running" },
		{ "projects: {/p: {cpus: 1}}", "projects" },
		{ "ca_certificates: host\nlimits: {running: 1}\n"
		  "projects: {/p: {}}",
		    "limits.running, projects" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf names = BUF_INIT;
		struct diags d = { .count = 0 };
		cleanup(config) struct config *c = config_parse(
		    rows[i].text, strlen(rows[i].text), &d);

		CHECK(c && config_unbuilt(c, &names) == !!*rows[i].want);
		CHECK_STR(names.s, rows[i].want);
	}
}

int
main(void)
{
	test_refused();
	test_defaults();
	test_accepted();
	test_choices();
	test_limits_and_projects();
	test_unbuilt();
	return tap_end();
}

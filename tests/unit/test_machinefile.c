#include "core/machinefile.h"

#include "base/buf.h"
#include "core/schema.h"
#include "tests/tap.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)

static const struct limits limits = { .cpus = 8, .memory = 12 * GiB };

/* Each refused file, and all that is said about it. */
static const struct {
	const char *text, *want;
} refused[] = {
	{ "x\n", "1:1: expected a mapping" },
	{ "[]\n", "1:1: expected a mapping" },
	{ "cpu: 2\n", "1:1: unknown key \"cpu\"; did you mean \"cpus\"?" },
	{ "CPUS: 2\n", "1:1: unknown key \"CPUS\"; did you mean \"cpus\"?" },
	{ "prot: []\n", "1:1: unknown key \"prot\"; did you mean \"ports\"?" },
	{ "evn: {}\n", "1:1: unknown key \"evn\"; did you mean \"env\"?" },
	{ "memroy: 1GiB\n",
	    "1:1: unknown key \"memroy\"; did you mean \"memory\"?" },
	{ "tool: []\n", "1:1: unknown key \"tool\"; did you mean \"tools\"?" },
	{ "xy: 1\n", "1:1: unknown key \"xy\"" },
	{ "ex: 1\n", "1:1: unknown key \"ex\"" },
	{ "guest: 1\n", "1:1: unknown key \"guest\"" },
	{ "ports[].guest: 1\n", "1:1: unknown key \"ports[].guest\"" },
	{ "cpus: 2\ncpus: 3\n",
	    "2:1: duplicate key \"cpus\"; first on line 1" },
	{ "ports: [3000]\nports: [3000]\n",
	    "2:1: duplicate key \"ports\"; first on line 1" },

	{ "version: 2\n", "1:10: version: \"2\" is not supported, only 1" },
	{ "version: \"1\"\n",
	    "1:10: version: \"1\" is text: write the number without quotes" },
	{ "name: Shop\n",
	    "1:7: name: \"Shop\" is not a name: use a-z, 0-9 and -, at most "
	    "40" },
	{ "name: -x\n",
	    "1:7: name: \"-x\" is not a name: use a-z, 0-9 and -, at most 40" },
	{ "name: a_b\n",
	    "1:7: name: \"a_b\" is not a name: use a-z, 0-9 and -, at most "
	    "40" },
	{ "name:\n",
	    "1:6: name: \"\" is not a name: use a-z, 0-9 and -, at most 40" },
	{ "name: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeef\n",
	    "1:7: name: \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeee..."
	    "\" is not a name: use a-z, 0-9 and -, at most 40" },
	{ "name: [a]\n", "1:7: name: expected a single value" },
	{ "image: ../x\n",
	    "1:8: image: \"../x\" is not an image alias: use a-z, 0-9, dot, _ "
	    "and -, at most 64" },

	{ "cpus: 0\n", "1:7: cpus: \"0\" is less than 1" },
	{ "cpus: 9\n", "1:7: cpus: \"9\" is more than 8, the limit of this "
		       "host or of your config.yaml" },
	{ "cpus: 99999999999999999999999\n",
	    "1:7: cpus: \"99999999999999999999999\" is more than 8, the limit "
	    "of this host or of your config.yaml" },
	{ "cpus: 18446744073709551617\n", /* 2^64 + 1 */
	    "1:7: cpus: \"18446744073709551617\" is more than 8, the limit "
	    "of this host or of your config.yaml" },
	{ "cpus: -1\n", "1:7: cpus: \"-1\" is not a whole number" },
	{ "cpus: +1\n", "1:7: cpus: \"+1\" is not a whole number" },
	{ "cpus: 01\n", "1:7: cpus: \"01\" is not a whole number" },
	{ "cpus: 0x1\n", "1:7: cpus: \"0x1\" is not a whole number" },
	{ "cpus: 0o1\n", "1:7: cpus: \"0o1\" is not a whole number" },
	{ "cpus: 1e0\n", "1:7: cpus: \"1e0\" is not a whole number" },
	{ "cpus: 1.0\n", "1:7: cpus: \"1.0\" is not a whole number" },
	{ "cpus: 1_0\n", "1:7: cpus: \"1_0\" is not a whole number" },
	{ "cpus: 1:0\n", "1:7: cpus: \"1:0\" is not a whole number" },
	{ "cpus: NaN\n", "1:7: cpus: \"NaN\" is not a whole number" },
	{ "cpus: yes\n", "1:7: cpus: \"yes\" is not a whole number" },
	{ "cpus: ~\n", "1:7: cpus: \"~\" is not a whole number" },
	{ "cpus:\n", "1:6: cpus: \"\" is not a whole number" },
	{ "cpus: \"2\"\n",
	    "1:7: cpus: \"2\" is text: write the number without quotes" },
	{ "cpus: [2]\n", "1:7: cpus: expected a single value" },

	{ "memory: 4\n", "1:9: memory: \"4\" needs a unit: MiB, GiB or TiB" },
	{ "memory: 4G\n", "1:9: memory: \"4G\" needs a unit: MiB, GiB or TiB" },
	{ "memory: 4GB\n",
	    "1:9: memory: \"4GB\" needs a unit: MiB, GiB or TiB" },
	{ "memory: 4 GiB\n",
	    "1:9: memory: \"4 GiB\" needs a unit: MiB, GiB or TiB" },
	{ "memory: 1.5GiB\n",
	    "1:9: memory: \"1.5GiB\" needs a unit: MiB, GiB or TiB" },
	{ "memory: -4GiB\n",
	    "1:9: memory: \"-4GiB\" is not a size such as 512MiB, 4GiB or "
	    "1TiB" },
	{ "memory: 04GiB\n",
	    "1:9: memory: \"04GiB\" is not a size such as 512MiB, 4GiB or "
	    "1TiB" },
	{ "memory: 511MiB\n", "1:9: memory: \"511MiB\" is less than 512MiB" },
	{ "memory: 13GiB\n", "1:9: memory: \"13GiB\" is more than 12GiB, the "
			     "limit of this host or of your config.yaml" },
	{ "memory: 9999TiB\n",
	    "1:9: memory: \"9999TiB\" is more than 12GiB, the limit of this "
	    "host or of your config.yaml" },
	{ "memory: 16777216TiB\n", /* 2^64 bytes */
	    "1:9: memory: \"16777216TiB\" is more than 12GiB, the limit of "
	    "this host or of your config.yaml" },
	{ "disk: 16777217TiB\n", /* 2^64 bytes and 1TiB */
	    "1:7: disk: \"16777217TiB\" is more than 1TiB" },
	{ "disk: 4095MiB\n", "1:7: disk: \"4095MiB\" is less than 4GiB" },
	{ "disk: 1025GiB\n", "1:7: disk: \"1025GiB\" is more than 1TiB" },

	{ "env: []\n", "1:6: env: expected a mapping" },
	{ "env:\n", "1:5: env: expected a mapping, found nothing" },
	{ "env: {1A: b}\n", "1:7: env: \"1A\" is not the name of a variable" },
	{ "env: {\"A=B\": c}\n",
	    "1:7: env: \"A=B\" is not the name of a variable" },
	{ "env: {LD_PRELOAD: /x.so}\n",
	    "1:7: env: \"LD_PRELOAD\" may not be set: it would change which "
	    "code every command runs" },
	{ "env: {HOME: /x}\n",
	    "1:7: env: \"HOME\" may not be set: the session sets it itself" },
	{ "env: {LIMA_CIDATA_MNT: /x}\n",
	    "1:7: env: \"LIMA_CIDATA_MNT\" may not be set: it is reserved" },
	{ "env: {A: \"a\\nb\"}\n",
	    "1:10: env: must be one line, without tabs" },
	{ "env: {A: \"a\\tb\"}\n",
	    "1:10: env: must be one line, without tabs" },
	{ "env: {A: }\n", "1:10: env: expected text; \"\" is the empty one" },
	{ "env: {A: ~}\n", "1:10: env: expected text; \"\" is the empty one" },
	{ "env: {A: null}\n",
	    "1:10: env: expected text; \"\" is the empty one" },
	{ "env: {A: [b]}\n", "1:10: env: expected a single value" },

	{ "ports: 3000\n", "1:8: ports: expected a list" },
	{ "ports: [0]\n", "1:9: ports: \"0\" is not a number from 1 to 65535" },
	{ "ports: [65536]\n",
	    "1:9: ports: \"65536\" is not a number from 1 to 65535" },
	{ "ports: [3000-3010]\n",
	    "1:9: ports: \"3000-3010\" is not a whole number" },
	{ "ports: [80]\n",
	    "1:9: ports: 80 is below 1024, which is for root on the host: "
	    "write {guest: 80, host: 8080}" },
	{ "ports: [{guest: 80}]\n",
	    "1:9: ports: 80 is below 1024, which is for root on the host: "
	    "write {guest: 80, host: 8080}" },
	{ "ports: [22]\n",
	    "1:9: ports: 22 is our own way in and is never forwarded" },
	{ "ports: [{guest: 22, host: 2222}]\n",
	    "1:17: ports[].guest: 22 is our own way in and is never "
	    "forwarded" },
	{ "ports: [{guest: 80, host: 1023}]\n",
	    "1:27: ports[].host: \"1023\" is below 1024, which is for root: "
	    "choose another host port" },
	{ "ports: [{host: 3000}]\n", "1:9: ports: missing key \"guest\"" },
	{ "ports: [{guest: 3000, hots: 1}]\n",
	    "1:23: unknown key \"hots\"; did you mean \"host\"?" },
	{ "ports: [{guest: 3000, label: [x]}]\n",
	    "1:30: ports[].label: expected a single value" },
	{ "ports:\n- 3000\n- {guest: 80, host: 3000}\n",
	    "3:3: ports: host port 3000 is taken; first on line 2" },
	{ "ports:\n- 3000\n- {guest: 3000, host: 3001}\n",
	    "3:3: ports: guest port 3000 is there twice; first on line 2" },

	{ "provision: x\n", "1:12: provision: expected a list" },
	{ "provision: [[x]]\n", "1:13: provision: expected a mapping" },
	{ "provision: [{name: x}]\n", "1:13: provision: missing key \"run\"" },
	{ "provision: [{run: \" \\t\\n\"}]\n",
	    "1:19: provision[].run: there is nothing to run" },
	{ "provision: [{run: x, as: admin}]\n",
	    "1:26: provision[].as: \"admin\" is not user or root" },
	{ "provision: [{run: x, name: \"a\\nb\"}]\n",
	    "1:28: provision[].name: must be one line, without tabs" },
	{ "provision: [{run: x, when: start, wacth: [a]}]\n",
	    "1:35: unknown key \"wacth\"; did you mean \"watch\"?" },
	{ "provision: [{run: \"\\e[m\"}]\n",
	    "1:19: character U+001B is not allowed" },

	/* all of them at once, in the order of the file */
	{ "cpus: 0x2\nmemory: *m\nextends: [a]\nname: X\ncpus: 1\n",
	    "1:7: cpus: \"0x2\" is not a whole number\n"
	    "2:9: aliases (*name) are not supported\n"
	    "3:1: \"extends\" is not yet supported\n"
	    "4:7: name: \"X\" is not a name: use a-z, 0-9 and -, at most 40\n"
	    "5:1: duplicate key \"cpus\"; first on line 1" },
};

static void
check_parse(const char *text, size_t len, const char *want)
{
	cleanup(buf) struct buf got = BUF_INIT;
	struct diags d = { .count = 0 };
	struct machinefile *mf = machinefile_parse(text, len, &limits, &d);

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
		check_parse(
		    refused[i].text, strlen(refused[i].text), refused[i].want);
}

/* Every reserved key of the table is refused by its name. */
static void
test_reserved(void)
{
	size_t n, later = 0;
	const struct schema_key *keys = schema_machinefile(&n);

	for (size_t i = 0; i < n; i++) {
		cleanup(buf) struct buf text = BUF_INIT;
		cleanup(buf) struct buf want = BUF_INIT;

		CHECK(keys[i].later || (keys[i].meaning && keys[i].type &&
					   keys[i].fallback && keys[i].effect));
		CHECK((i < MF_KEYS) == !keys[i].later);
		if (!keys[i].later || strchr(keys[i].path, '.'))
			continue;
		later++;
		buf_addf(&text, "%s: {}\n", keys[i].path);
		buf_addf(
		    &want, "1:1: \"%s\" is not yet supported", keys[i].path);
		check_parse(text.s, text.len, want.s);
	}
	CHECK(later == 6);
}

static void
test_defaults(void)
{
	static const char *const empty[] = { "", "# nothing\n", "---\n", "{}" };
	static const struct limits small = { .cpus = 1,
		.memory = 900 * MiB + 1 };
	static const struct limits none = { .cpus = 0 };
	struct diags d = { .count = 0 };
	const char *const *files;

	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		cleanup(machinefile) struct machinefile *mf = machinefile_parse(
		    empty[i], strlen(empty[i]), &limits, &d);

		CHECK(mf && !d.count);
		if (!mf)
			return;
		CHECK_STR(mf->image, "debian-13");
		CHECK(!mf->name && mf->cpus == 2 && mf->memory == 2 * GiB);
		CHECK(mf->disk == 20 * GiB);
		CHECK(!mf->nenv && !mf->nports && !mf->nprovision);
		CHECK(!mf->image_digest && !mf->npackages && !mf->ntools);
		CHECK(!mf->npass_env && !mf->nmounts && !mf->nvolumes);
		CHECK(mf->workspace == ACCESS_RW && mf->egress == EGRESS_OPEN);
		CHECK(!mf->ready_tcp && mf->ready_timeout == 60);
		CHECK(!mf->nguest_commands && !mf->nagents && !mf->idle_stop);
		CHECK(mf->git_identity == GIT_HOST && !mf->nprivate_dirs);
		CHECK(machinefile_files(mf, &files) == 0 && !files[0]);
	}
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    "", 0, &small, &d);
	CHECK(mf && mf->cpus == 1 && mf->memory == 900 * MiB);
	machinefile_free(mf);
	mf = machinefile_parse("", 0, &none, &d);
	CHECK(mf && mf->cpus == 1 && mf->memory == 512 * MiB);
}

static void
test_accepted(void)
{
	static const char text[] =
	    "version: 1\nname: shop-api\nimage: ubuntu-24.04\ncpus: 8\n"
	    "memory: \"512MiB\"\ndisk: 1TiB\n"
	    "env: {A: yes, B: 0x10, C: \"\", _d: 'x: {y}', PORT: 3000}\n"
	    "ports: [3000, {guest: 80, host: 8080, label: web}]\n"
	    "provision:\n- run: |\n    a\n    \tb\n  name: first step\n"
	    "- {run: c, as: root}\n- {run: d, as: user}\n";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    text, sizeof(text) - 1, &limits, &d);

	CHECK(mf && d.count == 0);
	if (!mf)
		return;
	CHECK_STR(mf->name, "shop-api");
	CHECK_STR(mf->image, "ubuntu-24.04");
	CHECK(mf->cpus == 8 && mf->memory == 512 * MiB);
	CHECK(mf->disk == 1024 * GiB);
	CHECK(mf->nenv == 5);
	CHECK_STR(mf->env[0].name, "A");
	CHECK_STR(mf->env[0].value, "yes");
	CHECK_STR(mf->env[1].value, "0x10");
	CHECK_STR(mf->env[2].value, "");
	CHECK_STR(mf->env[3].name, "_d");
	CHECK_STR(mf->env[3].value, "x: {y}");
	CHECK(mf->nports == 2);
	CHECK(mf->ports[0].guest == 3000 && mf->ports[0].host == 3000);
	CHECK(!mf->ports[0].label);
	CHECK(mf->ports[1].guest == 80 && mf->ports[1].host == 8080);
	CHECK_STR(mf->ports[1].label, "web");
	CHECK(mf->nprovision == 3);
	CHECK_STR(mf->provision[0].run, "a\n\tb\n");
	CHECK_STR(mf->provision[0].name, "first step");
	CHECK(mf->provision[0].as == STEP_USER);
	CHECK(mf->provision[1].as == STEP_ROOT && !mf->provision[1].name);
	CHECK(mf->provision[2].as == STEP_USER);
}

static void
test_env_names(void)
{
	static const char *const no[] = { "LD_PRELOAD", "LD_", "LD_AUDIT",
		"DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "IFS", "PATH",
		"SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "ZDOTDIR",
		"HOME", "USER", "PWD", "_", "MACHINE_X", "LIMA_X",
		"GCONV_PATH" };
	static const char *const yes[] = { "LDFLAGS", "LD", "PATHS", "MYPATH",
		"ENVIRONMENT", "NODE_ENV", "NODE_OPTIONS", "PYTHONPATH",
		"HOMEPAGE", "LIMA", "ps4" };

	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		tap_report(machinefile_env_refused(no[i]) != NULL, __FILE__,
		    __LINE__, no[i]);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		tap_report(!machinefile_env_refused(yes[i]), __FILE__, __LINE__,
		    yes[i]);
}

static void
test_slug(void)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "/home/u/shop", "shop" },
		{ "/home/u/Shop API/", "shop-api" },
		{ "shop", "shop" },
		{ "/a/.dotfiles", "dotfiles" },
		{ "/a/x__y..z--", "x-y-z" },
		{ "/a/caf\xc3\xa9s", "caf-s" },
		{ "/a/\xe6\x97\xa5", "machine" },
		{ "/", "machine" },
		{ "", "machine" },
		{ "/a/...", "machine" },
		{ "/a/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee",
		    "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd" },
		{ "/a/aaaaaaaaaabbbbbbbbbbccccccccccddddddddd eeee",
		    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddd" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char slug[MACHINEFILE_NAME_MAX + 1];

		machinefile_slug(rows[i].path, slug);
		CHECK_STR(slug, rows[i].want);
	}
}

int
main(void)
{
	test_refused();
	test_reserved();
	test_defaults();
	test_accepted();
	test_env_names();
	test_slug();
	return tap_end();
}

#include "core/tools.h"

#include "core/schema.h"
#include "tests/tap.h"

static const struct limits limits = { .cpus = 8, .memory = UINT64_C(8) << 30 };

/* Every tool that the schema knows has a recipe that can be read. */
static void
test_heads(void)
{
	cleanup(arena) struct arena *a = arena_new();

	for (size_t i = 0; schema_tools[i]; i++) {
		const char *tool = schema_tools[i];
		struct tool_recipe r;

		tools_recipe(tool, a, &r);
		printf("# %s: %s\n", tool, r.allow);
		CHECK(r.allow && strlen(r.allow) > 10);
		CHECK(*tools_channels(tool, a));
		CHECK(!r.state == !(strcmp(tool, "claude-code") == 0 ||
				      strcmp(tool, "codex") == 0));
		for (size_t j = 0; j < r.nenv; j++)
			CHECK(word_ok(&word_variable, r.env[j].name) &&
			      *r.env[j].value);
	}
	for (size_t i = 0; schema_agents[i]; i++) {
		struct tool_recipe r;

		tools_recipe(schema_agents[i], a, &r);
		CHECK(r.state && r.state[0] != '/' && r.state[0] != '~');
	}
}

static void
test_values(void)
{
	cleanup(arena) struct arena *a = arena_new();
	struct tool_recipe r;

	tools_recipe("claude-code", a, &r);
	CHECK_STR(r.allow, "Claude Code from the npm registry");
	CHECK_STR(r.state, ".claude");
	CHECK(r.nenv == 2);
	CHECK_STR(r.env[0].name, "CLAUDE_CONFIG_DIR");
	CHECK_STR(r.env[0].value, "~/.claude");
	CHECK_STR(r.env[1].name, "DISABLE_AUTOUPDATER");
	CHECK_STR(r.env[1].value, "1");
	tools_recipe("git", a, &r);
	CHECK(!r.state && r.nenv == 0);
}

static void
test_channels(void)
{
	static const struct {
		const char *tool, *word;
		bool has;
	} rows[] = {
		{ "node", "lts", true },
		{ "node", "latest", true },
		{ "node", "stable", false },
		{ "node", "l", false },
		{ "node", "latest lts", false },
		{ "node", "", false },
		{ "go", "lts", false },
		{ "go", "stable", true },
		{ "git", "latest", true },
	};
	cleanup(arena) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		printf("# %s %s\n", rows[i].tool, rows[i].word);
		CHECK(tools_has_channel(rows[i].tool, rows[i].word) ==
		      rows[i].has);
	}
	CHECK_STR(tools_channels("node", a), "latest or lts");
}

/* In the order of the recipes, whatever that of the file is. */
static void
test_steps(void)
{
	static const char file[] =
	    "tools: {codex: latest, docker: \"true\", node: 22.1, go: 1.24}\n";
	static const char *const names[] = { "node 22.1", "go 1.24",
		"docker true", "codex latest" };
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    file, strlen(file), &limits, &d);
	cleanup(arena) struct arena *a = arena_new();
	const struct step *steps;
	size_t n;

	CHECK(mf && d.count == 0);
	if (!mf)
		return;
	steps = tools_steps(mf, a, &n);
	CHECK(n == ARRAY_LEN(names));
	for (size_t i = 0; i < n && i < ARRAY_LEN(names); i++) {
		CHECK_STR(steps[i].name, names[i]);
		CHECK(steps[i].as == STEP_ROOT);
		CHECK(strstr(steps[i].run, tools_library()) != NULL);
	}
	CHECK(strncmp(steps[0].run, "set -- 22.1\n", 12) == 0 ||
	      strncmp(steps[0].run, "set -- '22.1'\n", 14) == 0);
	CHECK(strstr(steps[0].run, tools_source("node")) != NULL);
	CHECK(strstr(steps[0].run, tools_source("go")) == NULL);
}

static void
test_no_version(void)
{
	static const char file[] = "tools: [git]\n";
	struct diags d = { .count = 0 };
	cleanup(machinefile) struct machinefile *mf = machinefile_parse(
	    file, strlen(file), &limits, &d);
	cleanup(arena) struct arena *a = arena_new();
	size_t n;
	const struct step *steps = tools_steps(mf, a, &n);

	CHECK(n == 1);
	CHECK_STR(steps[0].name, "git");
	CHECK(strncmp(steps[0].run, "set -- ''\n", 10) == 0);
}

int
main(void)
{
	test_heads();
	test_values();
	test_channels();
	test_steps();
	test_no_version();
	return tap_end();
}

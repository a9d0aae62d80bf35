#include "core/tools.h"

#include "base/quote.h"
#include "core/schema.h"

const char *const tools_host_env[] = { "npm_config_registry", "PIP_INDEX_URL",
	"GOPROXY", "GOSUMDB", NULL };

static const char library[] = {
#include "guest/tools/lib.inc"
};
static const char git[] = {
#include "guest/tools/git.inc"
};
static const char node[] = {
#include "guest/tools/node.inc"
};
static const char python[] = {
#include "guest/tools/python.inc"
};
static const char go[] = {
#include "guest/tools/go.inc"
};
static const char rust[] = {
#include "guest/tools/rust.inc"
};
static const char docker[] = {
#include "guest/tools/docker.inc"
};
static const char claude_code[] = {
#include "guest/tools/claude-code.inc"
};
static const char codex[] = {
#include "guest/tools/codex.inc"
};
static const char containerd[] = {
#include "guest/tools/containerd.inc"
};

/*
 * In the order in which they are installed. containerd comes behind docker,
 * which switches it off.
 */
static const struct {
	const char *name, *source;
} recipes[] = {
	{ "git", git },
	{ "python", python },
	{ "node", node },
	{ "go", go },
	{ "rust", rust },
	{ "docker", docker },
	{ "containerd", containerd },
	{ "claude-code", claude_code },
	{ "codex", codex },
};

const char *
tools_source(const char *tool)
{
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		if (strcmp(recipes[i].name, tool) == 0)
			return recipes[i].source;
	abort(); /* the schema has no other */
}

const char *
tools_library(void)
{
	return library;
}

/*
 * The value of the first line `# KEY: VALUE` of a recipe's head from *at on;
 * *at moves behind it. NULL when there is none.
 */
static const char *
head_value(const char **at, const char *key, size_t *len)
{
	const size_t n = strlen(key);

	while (**at == '#') {
		const char *line = *at;
		const size_t end = strcspn(line, "\n");

		*at = line + end + (line[end] != '\0');
		if (end > n + 4 && strncmp(line + 2, key, n) == 0 &&
		    strncmp(line + 2 + n, ": ", 2) == 0) {
			*len = end - n - 4;
			return line + n + 4;
		}
	}
	return NULL;
}

static const char *
head_text(const char *tool, const char *key, struct arena *a)
{
	const char *at = tools_source(tool);
	size_t len;
	const char *value = head_value(&at, key, &len);

	return value ? arena_strndup(a, value, len) : NULL;
}

static void
read_env(const char *tool, struct arena *a, struct tool_recipe *out)
{
	const char *at = tools_source(tool), *value;
	struct env_var *env;
	size_t len, n = 0;

	while (head_value(&at, "env", &len))
		n++;
	env = arena_zalloc(a, n + 1, sizeof(*env));
	at = tools_source(tool);
	for (size_t i = 0; i < n; i++) {
		char *text, *equals;

		value = head_value(&at, "env", &len);
		if (!value)
			abort(); /* counted above */
		text = arena_strndup(a, value, len);
		equals = strchr(text, '=');
		if (!equals)
			abort(); /* test_tools reads them all */
		*equals = '\0';
		env[i] = (struct env_var){ text, equals + 1 };
	}
	out->env = env;
	out->nenv = n;
}

void
tools_recipe(const char *tool, struct arena *a, struct tool_recipe *out)
{
	*out = (struct tool_recipe){ .allow = head_text(tool, "allow", a),
		.state = head_text(tool, "state", a) };
	read_env(tool, a, out);
}

bool
tools_has_channel(const char *tool, const char *word)
{
	const size_t n = strlen(word);
	const char *at = tools_source(tool);
	size_t len;
	const char *value = head_value(&at, "channels", &len);
	const char *end = value ? value + len : NULL;

	for (const char *p = value; p < end; p++) {
		const size_t part = strcspn(p, " \n");

		if (part == n && strncmp(p, word, n) == 0)
			return true;
		p += part;
	}
	return false;
}

const char *
tools_channels(const char *tool, struct arena *a)
{
	cleanup(buf) struct buf text = BUF_INIT;
	const char *words = head_text(tool, "channels", a);

	for (const char *p = words ? words : ""; *p;) {
		const size_t part = strcspn(p, " ");
		const bool last = p[part] == '\0';

		if (text.len)
			buf_adds(&text, last ? " or " : ", ");
		buf_add(&text, p, part);
		p += part + !last;
	}
	return arena_strndup(a, text.s, text.len);
}

static struct step
step_of(const struct tool *t, struct arena *a)
{
	struct tool_recipe recipe;
	cleanup(buf) struct buf name = BUF_INIT;
	cleanup(buf) struct buf text = BUF_INIT;

	buf_addf(&name, "%s%s%s", t->name, t->version ? " " : "",
	    t->version ? t->version : "");
	buf_adds(&text, "set -- ");
	quote_sh(&text, t->version ? t->version : "");
	buf_adds(&text, "\n");
	buf_adds(&text, library);
	buf_adds(&text, tools_source(t->name));
	tools_recipe(t->name, a, &recipe);
	for (size_t i = 0; i < recipe.nenv; i++) {
		buf_addf(&text, "session_env %s ", recipe.env[i].name);
		quote_sh(&text, recipe.env[i].value);
		buf_adds(&text, "\n");
	}
	return (struct step){ .name = arena_strndup(a, name.s, name.len),
		.run = arena_strndup(a, text.s, text.len),
		.as = STEP_ROOT };
}

const struct step *
tools_steps(const struct machinefile *mf, struct arena *a, size_t *n)
{
	struct step *steps = arena_zalloc(a, mf->ntools + 1, sizeof(*steps));

	*n = 0;
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		for (size_t j = 0; j < mf->ntools; j++)
			if (strcmp(recipes[i].name, mf->tools[j].name) == 0)
				steps[(*n)++] = step_of(&mf->tools[j], a);
	return steps;
}

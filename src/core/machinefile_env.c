#include "core/machinefile_read.h"

/*
 * The variables that a Machinefile does not set. The guest is the project's
 * own, so this protects no secret; it keeps two promises. What a person reads
 * in a line or in a step is what runs, so nothing here may put other code in
 * its place. And a session is the one that we describe: who, where, on which
 * terminal.
 */
static const char changes_code[] =
    "it would change which code every command runs";
static const char of_session[] = "the session sets it itself";
static const char reserved[] = "it is reserved";

static const struct {
	const char *name; /* a final * stands for any ending */
	const char *why;
} refused[] = {
	{ "LD_*", changes_code }, /* the dynamic linkers */
	{ "DYLD_*", changes_code },
	{ "GCONV_PATH", changes_code }, /* libc loads code from there */
	{ "GLIBC_TUNABLES", changes_code },
	{ "PATH", changes_code },
	{ "CDPATH", changes_code }, /* cd goes elsewhere */
	{ "IFS", changes_code },
	{ "ENV", changes_code }, /* what shells read when they start */
	{ "BASH_ENV", changes_code },
	{ "BASH_FUNC_*", changes_code },
	{ "BASHOPTS", changes_code },
	{ "SHELLOPTS", changes_code },
	{ "POSIXLY_CORRECT", changes_code },
	{ "ZDOTDIR", changes_code },
	{ "FPATH", changes_code },
	{ "PROMPT_COMMAND", changes_code }, /* expanded and run */
	{ "PS0", changes_code },
	{ "PS1", changes_code },
	{ "PS2", changes_code },
	{ "PS4", changes_code },
	{ "HOME", of_session },
	{ "USER", of_session },
	{ "LOGNAME", of_session },
	{ "SHELL", of_session },
	{ "SHLVL", of_session },
	{ "PWD", of_session },
	{ "OLDPWD", of_session },
	{ "TERM", of_session },
	{ "UID", of_session },
	{ "EUID", of_session },
	{ "PPID", of_session },
	{ "_", of_session },
	{ "MACHINE_*", reserved },
	{ "LIMA_*", reserved },
};

static bool
matches(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return strncmp(pattern, name, n - 1) == 0;
	return strcmp(pattern, name) == 0;
}

const char *
machinefile_env_refused(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (matches(refused[i].name, name))
			return refused[i].why;
	return NULL;
}

void
machinefile_env_pattern(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		size_t n = strcspn(refused[i].name, "*");

		buf_adds(out, i ? "|" : "^(");
		buf_add(out, refused[i].name, n);
		buf_adds(out, refused[i].name[n] ? ".*" : "");
	}
	buf_adds(out, ")$");
}

/* The name of a variable, at its key or where it is listed. */
static bool
variable_ok(struct reading *r, const struct ynode *n, const char *verb)
{
	const char *why = machinefile_env_refused(n->str);

	if (!word_ok(&word_variable, n->str))
		reading_refuse(r, n, "\"%s\" is not %s", text_show(n->str).s,
		    word_variable.is);
	else if (why)
		reading_refuse(r, n, "\"%s\" may not %s: %s",
		    text_show(n->str).s, verb, why);
	else
		return true;
	return false;
}

void
read_env(struct reading *r, const struct ynode *n)
{
	struct env_var *env;
	size_t count, kept = 0;

	if (!reading_entries(r, n, Y_MAP, &count))
		return;
	env = arena_zalloc(r->arena, count + 1, sizeof(*env));
	for (const struct ynode *v = n->first; v; v = v->next) {
		(void)variable_ok(r, v->key, "be set");
		env[kept].name = v->key->str;
		if (reading_text(r, v, row(r)->max, &env[kept].value))
			kept++;
	}
	target(r)->mf->env = env;
	target(r)->mf->nenv = kept;
}

static bool
read_passed(struct reading *r, const struct ynode *n, const char **out)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	*out = n->str;
	return variable_ok(r, n, "cross");
}

void
read_pass_env(struct reading *r, const struct ynode *n)
{
	struct machinefile *mf = target(r)->mf;

	reading_set(r, n, read_passed, &mf->pass_env, &mf->npass_env);
}

/* Of two sources of one variable a reader would have to guess. */
void
check_env(struct reading *r, const struct ynode *root)
{
	const struct machinefile *mf = target(r)->mf;
	const struct ynode *list = value_of(root, "pass_env");

	if (!mf->npass_env)
		return;
	for (const struct ynode *n = list->first; n; n = n->next)
		for (size_t i = 0; n->kind == Y_SCALAR && i < mf->nenv; i++)
			if (strcmp(n->str, mf->env[i].name) == 0)
				diag_add(r->d, n->line, n->column,
				    "pass_env: \"%s\" is in env, too",
				    mf->env[i].name);
}

const char *
machinefile_secret(const struct machinefile *mf)
{
	static const char *const starts[] = { "ghp_", "gho_", "ghs_",
		"github_pat_", "glpat-", "sk-", "sk_live_", "rk_live_", "AKIA",
		"ASIA", "xoxb-", "xoxp-", "xapp-", "AIza", "npm_", "pypi-",
		"hf_", "dop_v1_", "eyJhbGciOi", "-----BEGIN " };

	for (size_t i = 0; i < mf->nenv; i++) {
		const char *value = mf->env[i].value;

		for (size_t j = 0; j < ARRAY_LEN(starts); j++)
			if (strncmp(value, starts[j], strlen(starts[j])) == 0 &&
			    strlen(value) >= 20)
				return mf->env[i].name;
	}
	return NULL;
}

#include "core/machinefile.h"

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

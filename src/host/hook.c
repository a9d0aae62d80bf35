#include "host/hook.h"

#include <sys/stat.h>

#include "base/quote.h"

/* Made by the Makefile from hooks/machine.*; each ends in a NUL. */
static const char zsh[] = {
#include "hooks/zsh.inc"
};
static const char bash[] = {
#include "hooks/bash.inc"
};
static const char fish[] = {
#include "hooks/fish.inc"
};
/* TAB; fish has no way to add names of commands. */
static const char complete_zsh[] = {
#include "hooks/complete_zsh.inc"
};
static const char complete_bash[] = {
#include "hooks/complete_bash.inc"
};

static const struct {
	const char *name, *script;
} shells[] = {
	[SHELL_ZSH] = { "zsh", zsh },
	[SHELL_BASH] = { "bash", bash },
	[SHELL_FISH] = { "fish", fish },
};

int
hook_shell(const char *shell)
{
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].name, shell) == 0)
			return (int)i;
	return -1;
}

/* The script with every placeholder replaced by its path as one quoted word. */
static void
fill_in(struct buf *out, const char *script, const char *bin, const char *roots,
    const char *run)
{
	const struct {
		const char *name, *value;
	} places[] = {
		{ "@BIN@", bin },
		{ "@ROOTS@", roots },
		{ "@RUN@", run },
	};
	const char *at;

	while ((at = strchr(script, '@'))) {
		size_t i = 0, n = 1;

		while (i < ARRAY_LEN(places) &&
		       strncmp(at, places[i].name, strlen(places[i].name)) != 0)
			i++;
		buf_add(out, script, (size_t)(at - script));
		if (i < ARRAY_LEN(places)) {
			quote_sh(out, places[i].value);
			n = strlen(places[i].name);
		} else
			buf_adds(out, "@");
		script = at + n;
	}
	buf_adds(out, script);
}

bool
hook_render(struct buf *out, const char *shell, const char *bin,
    const char *roots, const char *run)
{
	cleanup(buf) struct buf script = BUF_INIT;
	int which = hook_shell(shell);

	if (which < 0)
		return false;
	if (which == SHELL_FISH) {
		fill_in(out, shells[which].script, bin, roots, run);
		return true;
	}
	if (which == SHELL_BASH) {
		/* It parses an eval'ed text command by command. */
		buf_adds(out, "\\shopt -q expand_aliases && __machine_alias=1\n"
			      "\\shopt -u expand_aliases\n");
		fill_in(out, shells[which].script, bin, roots, run);
		buf_adds(out, complete_bash);
		buf_adds(out,
		    "[[ ${__machine_alias-} ]] && shopt -s expand_aliases\n"
		    "unset -v __machine_alias\n");
		return true;
	}
	/*
	 * zsh parses a whole text before it runs any of it, with the aliases
	 * and options that are in force then. As one quoted word the script
	 * is parsed only where both are the default ones.
	 */
	fill_in(&script, shells[which].script, bin, roots, run);
	buf_adds(&script, complete_zsh);
	buf_adds(out,
	    "() { 'builtin' 'emulate' '-L' 'zsh'; 'builtin' 'unsetopt' "
	    "'aliases'; 'builtin' 'eval' \"$1\"; } ");
	quote_sh(out, script.s);
	buf_adds(out, "\n");
	return true;
}

static void
assign(struct buf *out, const char *shell, const char *name)
{
	bool is_fish = hook_shell(shell) == SHELL_FISH;

	buf_addf(out, is_fish ? "set -g %s" : "%s=", name);
}

void
hook_assign(
    struct buf *out, const char *shell, const char *name, const char *value)
{
	assign(out, shell, name);
	if (hook_shell(shell) == SHELL_FISH)
		buf_adds(out, " ");
	quote_sh(out, value);
	buf_adds(out, "\n");
}

void
hook_assign_list(struct buf *out, const char *shell, const char *name,
    const char *const *values)
{
	cleanup(buf) struct buf words = BUF_INIT;

	if (hook_shell(shell) != SHELL_FISH) {
		for (; values && *values; values++) {
			buf_adds(&words, words.len ? " " : "");
			buf_adds(&words, *values);
		}
		hook_assign(out, shell, name, words.s);
		return;
	}
	assign(out, shell, name);
	for (; values && *values; values++) {
		buf_adds(out, " ");
		quote_sh(out, *values);
	}
	buf_adds(out, "\n");
}

/*
 * Will a cd to dir succeed, and does it lead out of the project? The name is
 * resolved twice, as a shell does it (text first) and as the kernel does it:
 * shells can be set to the latter, and both must mean the same directory.
 */
static bool
leads_out(struct buf *dir, const char *root)
{
	cleanup(str) char *physical = realpath(dir->s, NULL);
	cleanup(str) char *logical = NULL;
	struct stat st;

	route_normalize(dir);
	logical = realpath(dir->s, NULL);
	return physical && logical && strcmp(physical, logical) == 0 &&
	       !route_is_under(physical, root) && stat(physical, &st) == 0 &&
	       S_ISDIR(st.st_mode) && access(physical, X_OK) == 0;
}

bool
hook_is_host(const struct route_query *q)
{
	cleanup(buf) struct buf dir = BUF_INIT;

	switch (route(q, &dir)) {
	case ROUTE_HOST:
		return true;
	case ROUTE_LEAVE:
		return leads_out(&dir, q->root);
	case ROUTE_GUEST:
		break;
	}
	return false;
}

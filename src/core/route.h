#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "base/buf.h"

/*
 * Where does a typed line run? The table of HOOKS.md section 4 (`The
 * decision`): the guest, unless the line is one of the few that move the
 * user's own shell. Pure text work, fuzzed; in doubt the answer is ROUTE_GUEST.
 *
 * ROUTE_LEAVE is `cd DIR && REST` or `cd DIR; REST` with a DIR that is outside
 * the project by its name. It is a host line only if the cd is certain to
 * succeed (otherwise REST would run on the host, in the project) and really
 * leads out. Only the file system knows that: see hook_is_host() in
 * host/hook.h.
 */
enum route { ROUTE_GUEST, ROUTE_HOST, ROUTE_LEAVE };

enum route_shell { SHELL_ZSH, SHELL_BASH, SHELL_FISH };

struct route_query {
	const char *typed; /* the line as typed */
	const char *expanded; /* its aliases expanded; NULL or "": as typed */
	const char *cwd; /* of the shell, absolute, as the shell names it */
	const char *root; /* of the project, absolute */
	const char *home; /* $HOME, absolute */
	const char *oldpwd; /* $OLDPWD, or NULL */
	enum route_shell shell;
	bool jobs; /* the shell has jobs of its own */
	bool autocd; /* the line is a directory and AUTO_CD would go there */
	const char *const *host_commands; /* the user's; NULL-terminated */
};

/* For ROUTE_LEAVE, DIR is appended to `dir`, absolute, with its . and .. */
enum route route(const struct route_query *q, struct buf *dir);

/* Resolve . and .. by text, as cd does; `path` is absolute. */
void route_normalize(struct buf *path);

/* Is `path` (normalized) the directory `root` or something in it, by name? */
bool route_is_under(const char *path, const char *root);

/*
 * `cd P && REST` or `cd P; REST` typed outside at `from` has led to `cwd`:
 * where REST begins in line ("" if nothing is left to run), or NULL if the line
 * has another form.
 */
const char *route_rest(
    const char *line, const char *from, const char *cwd, const char *home);

#endif

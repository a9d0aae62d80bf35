#ifndef HOST_PATHS_H
#define HOST_PATHS_H

#include "base/err.h"

/*
 * Where things of ours live (XDG Base Directory Specification 0.8):
 *
 *	config	$XDG_CONFIG_HOME/machine	config.yaml
 *	data	$XDG_DATA_HOME/machine		lima: the private LIMA_HOME
 *	state	$XDG_STATE_HOME/machine		projects/ID: decisions, records,
 *logs run	$XDG_RUNTIME_DIR/machine	results of lines; state/run
 *where there is no such directory
 *
 * MACHINE_HOME moves all of them under one directory. Values of the
 * environment that are not absolute are ignored, as the specification says.
 */
struct paths {
	char *home; /* the user's */
	char *config, *data, *state, *run;
};

int paths_init(struct paths *p, struct err *e) must_check;
void paths_release(struct paths *p);

CLEANUP_DEFINE(paths, struct paths, paths_release(p));

/*
 * "dir/name", malloc'ed.
 */
char *path_join(const char *dir, const char *name) must_check nonnull_ret;

/*
 * The directories of PATH that a project cannot write programs into: absolute
 * ones, and none in a project (direnv's PATH_add puts such there). The list of
 * projects is the one that the hooks use.
 */
char *path_dirs(const struct paths *paths) must_check nonnull_ret;
/* A program in these directories; malloc'ed, or NULL. */
char *path_find(const char *dirs, const char *name);
bool path_runnable(const char *path);

/*
 * Another program of ours: beside `self`, or in ../libexec/machine as `make
 * install` puts it there; malloc'ed, or NULL.
 */
char *path_beside(const char *self, const char *name);

/*
 * Our own program by the name it was called by, made absolute but not
 * resolved: what a package manager links to outlives what it links to.
 */
char *path_self(const char *argv0) must_check nonnull_ret;

/*
 * Which directory would a VM get with this one that it must not: ours, or that
 * of the user's ssh keys, in whichever contains the other? malloc'ed, or NULL.
 */
char *paths_private(const struct paths *p, const char *path);

/* Is path the directory dir, or in it? Both absolute and canonical. */
bool path_within(const char *path, const char *dir);

#endif

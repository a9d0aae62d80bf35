#ifndef HOST_PROJECT_H
#define HOST_PROJECT_H

#include "base/err.h"
#include "host/paths.h"

/*
 * A project: a directory tree whose root holds a Machinefile. The file is
 * opened once and read once; trust, currency and the parser all get these
 * bytes.
 *
 *  1. The root MUST be canonical (realpath), and so is what others compare.
 *  2. A Machinefile MUST be the user's own regular file; anything else there
 *     is an error that names what it is, never a reason to look further up.
 *  3. The root MUST be a directory that cannot hold our own files or the
 *     user's keys and that others cannot write (project_place_ok()).
 */
struct project {
	char *root; /* canonical; NULL: there is none */
	char *text; /* the Machinefile; NULL: it is missing (see `problem`) */
	size_t len;
	struct err problem; /* why there is no text, where there is a root */
};

/*
 * The nearest directory at or above cwd that has an entry "Machinefile" or is
 * in `roots` (canonical paths, one per line: directories with a decision,
 * whose Machinefile the guest may have deleted). Bounded: 64 levels, not "/",
 * not above $HOME, not past a mount point. root is NULL if there is none.
 */
int project_find(struct project *p, const struct paths *paths, const char *cwd,
    const char *roots, struct err *e) must_check;

/*
 * The project at this directory, which has been found before. After a failure
 * root is NULL.
 */
int project_open(struct project *p, const struct paths *paths, const char *dir,
    struct err *e) must_check;

/* Can this canonical directory be a project (rule 3)? 0, or -1 with why not. */
int project_place_ok(
    const char *root, const struct paths *paths, struct err *e) must_check;

void project_release(struct project *p);

CLEANUP_DEFINE(project, struct project, project_release(p));

#endif

#ifndef GIT_PLACE_H
#define GIT_PLACE_H

#include "base/err.h"

/*
 * Where the repository is, found and looked at with lstat(2) before any of it
 * is read.
 *
 *  1. Only a `.git` that is a directory of the user's own counts. A file or a
 *     link there, a commondir or alternates name another place: with them a
 *     project could borrow the history of a repository that it is not.
 *  2. Nothing in it is opened that could block or lead away: what is read must
 *     be a regular file or a directory, and no link.
 *  3. Its configuration is not read, by nobody: there is no core.worktree, no
 *     include and no filter that could have a say in the answer.
 */
struct place {
	int git; /* the directory .git; -1: there is no repository */
	int objects; /* .git/objects */
	char *path; /* of the file, from the top of the work tree */
};

/*
 * The nearest `.git` at or above root, a canonical path. Bounded: 64 levels,
 * not past a mount point, not past a directory that is not the user's own
 * (which is above $HOME). -1 with the reason why it is not looked at.
 */
int place_find(struct place *p, const char *root, const char *name,
    struct err *e) must_check;
void place_release(struct place *p);

/* A relative path without empty components, "." and "..". */
bool place_plain_path(const char *path);

CLEANUP_DEFINE(place, struct place, place_release(p));

#endif

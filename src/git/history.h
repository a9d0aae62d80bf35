#ifndef GIT_HISTORY_H
#define GIT_HISTORY_H

#include "git/objects.h"

/* What a commit has at a path. */
enum file_state { FILE_ABSENT, FILE_DIFFERS, FILE_SAME };

/*
 * Does the commit have a file with exactly these bytes at this path? Bytes are
 * compared, no hash decides; a link, a directory and a submodule differ.
 */
int history_compare(struct objects *o, const struct id *commit,
    const char *path, const char *data, size_t len, enum file_state *state,
    struct err *e) must_check;

/*
 * The commit that made what is at the path now what it is, as `git log -1 PATH`
 * has it. Bounded by a number of commits and by HISTORY_MS. 1 if it was not
 * found within them, or lies behind the end of a shallow clone.
 */
#define HISTORY_COMMITS 50000u
#define HISTORY_MS 1000
int history_last_change(struct objects *o, const struct id *commit,
    const char *path, unsigned max_commits, struct id *changed,
    struct signature *author, struct err *e) must_check;

#endif

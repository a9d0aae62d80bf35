#ifndef HOST_RESULT_H
#define HOST_RESULT_H

#include "base/buf.h"
#include "base/err.h"
#include "host/paths.h"

/*
 * What passes from `_line` to the hook beside the exit status: a small file in
 * the runtime directory that the hook has made, named by $MACHINE_RESULT.
 * Three lines: the status; a directory for the shell to follow, or nothing;
 * text typed ahead, or nothing. The hook never evaluates them.
 */

/*
 * NULL in `file` (nobody asked) is no error. `dir` and `typed` are one line
 * each, or "": result_directory(), result_typed().
 */
int result_write(const struct paths *paths, const char *file, int status,
    const char *dir, const char *typed, struct err *e) must_check;

/*
 * May the host's shell follow the guest into `dir`, which is the guest's word?
 * Only to a directory that is there, in the project by its name and by its
 * real path, and is not where the shell is (`cwd`) already. "" if not.
 */
const char *result_directory(
    const char *dir, const char *root, const char *cwd);

/* Cut text typed ahead at its first control character. */
const char *result_typed(struct buf *typed);

/* Remove the files of shells that have ended ("z123.456": of process 123). */
void result_sweep(const struct paths *paths);

/*
 * Has this shell been told `text` last on this topic (a word of ours)?
 * Remembers that it has now. The name of a session is the hook's: a letter,
 * digits, "-".
 */
bool result_told(const struct paths *paths, const char *sid, const char *topic,
    const char *text);

#endif

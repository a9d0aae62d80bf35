#ifndef HOST_RESULT_H
#define HOST_RESULT_H

#include "base/err.h"
#include "host/paths.h"

/*
 * What passes from `_line` to the hook beside the exit status: a small file in
 * the runtime directory that the hook has made, named by $MACHINE_RESULT.
 * Three lines: the status; a directory for the shell to follow, or nothing;
 * text typed ahead, or nothing. The hook never evaluates them.
 */

/* NULL in `file` (nobody asked) is no error. */
int result_write(const struct paths *paths, const char *file, int status,
    struct err *e) must_check;

/* Remove the files of shells that have ended ("z123.456": of process 123). */
void result_sweep(const struct paths *paths);

/*
 * Has this shell been told `text` already? Remembers that it has now. The name
 * of a session is the hook's: a letter, digits, "-".
 */
bool result_told(const struct paths *paths, const char *sid, const char *text);

#endif

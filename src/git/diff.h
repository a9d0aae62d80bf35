#ifndef GIT_DIFF_H
#define GIT_DIFF_H

#include "base/err.h"
#include "base/json.h"

#define DIFF_LINES_MAX 2000
#define DIFF_BYTES_MAX ((size_t)(1u << 20))

/*
 * The unified diff of two texts with three lines of context: an array of
 * lines, each with its first character ("@", " ", "+", "-" or "\") and without
 * its newline. What is not UTF-8 is in it as \xNN; control characters are
 * left. *truncated if there would have been more than the limits above.
 */
int diff_texts(const char *before, size_t nbefore, const char *after,
    size_t nafter, struct json **lines, bool *truncated,
    struct err *e) must_check;

#endif

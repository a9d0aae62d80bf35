#ifndef GIT_TEXT_H
#define GIT_TEXT_H

#include "base/buf.h"

/*
 * Append text of others so that the result is UTF-8 without NUL, as base/json
 * demands: a byte that is not is written \xNN. Control characters stay; they
 * are the displayer's business. At most max bytes; false if it did not fit,
 * and what was appended then ends with a whole character.
 */
bool text_add(struct buf *out, const char *s, size_t len, size_t max);

#endif

#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/base.h"

/*
 * UTF-8 as RFC 3629 has it: shortest form, no surrogates, up to U+10FFFF.
 */

/*
 * The code point at s, of which n bytes may be read; *len is what it takes.
 * For an ill-formed sequence -1, and *len is 1.
 */
int32_t utf8_next(const char *s, size_t n, size_t *len);

bool utf8_valid(const char *s, size_t n);

/*
 * May this be shown to a person and mean what it looks like? Not the control
 * characters (also newline and tab), which drive terminals, not the
 * bidirectional and zero-width ones and the tags, which make text read
 * differently from what it is (Unicode TR 36, SECURITY promises Y09).
 */
bool utf8_printable(int32_t cp);

#endif

#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/diag.h"

/*
 * Which text may be in a file that a person is asked to approve: UTF-8, and
 * nothing that looks like something else than it is (utf8_printable()).
 */

/*
 * Check the raw bytes of a file, comments included. false with the places in
 * *d. Lines end in \n or \r\n; tabs are left to the parser.
 */
bool text_check(const char *text, size_t len, struct diags *d) must_check;

/*
 * The first code point that is refused in a text, U+FFFD if that is no UTF-8,
 * or -1. Newlines and tabs are not refused here: see text_one_line().
 */
int32_t text_refused(const char *s, size_t n);

/* Without newline and tab. */
bool text_one_line(const char *s);

/* No more of a value than a complaint needs, cut between characters. */
struct shown {
	char s[52];
};
struct shown text_show(const char *s);

#endif

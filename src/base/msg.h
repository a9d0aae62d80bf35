#ifndef BASE_MSG_H
#define BASE_MSG_H

#include "base/buf.h"

/*
 * The only module that writes for people: to stderr, with the prefix
 * "machine: ". Paths, Machinefile keys and limactl's output are chosen by
 * others and must not be able to drive the user's terminal, so whatever is not
 * printable (utf8.h) is shown as \xNN or \u{N}.
 */
void msg_error(const char *fmt, ...) printf_like(1, 2);
void msg_note(const char *fmt, ...) printf_like(1, 2); /* not with --quiet */
void msg_plain(const char *fmt, ...) printf_like(1, 2); /* without prefix */

/* Without a newline: an answer is to follow. */
void msg_ask(const char *fmt, ...) printf_like(1, 2);
/* On a terminal, one row up: the shell is about to print a newline. */
void msg_up(void);

void msg_quiet(bool quiet);
bool msg_is_quiet(void);

/*
 * What is going on just now: one line that the next one replaces and
 * msg_done() removes. Where stderr is no terminal each text is printed once,
 * without the seconds. Nothing with --quiet.
 */
void msg_progress(unsigned seconds, const char *fmt, ...) printf_like(2, 3);
void msg_done(void);

/* Append text made safe as above; newlines (and tabs) stay if `lines`. */
void msg_scrub(struct buf *out, const char *text, size_t len, bool lines);

#endif

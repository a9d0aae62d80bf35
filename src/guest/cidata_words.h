#ifndef GUEST_CIDATA_WORDS_H
#define GUEST_CIDATA_WORDS_H

#include "base/base.h"

/* What the words of Lima's cidata may be. Pure. */

/* Letters, digits and "-_.", not empty, at most max bytes. */
bool word_is_plain(const char *s, size_t max);
/* The name of a user that is not root. */
bool word_is_user(const char *s);
/* Can be a field of /etc/passwd: no colon, no control character. */
bool word_is_field(const char *s);
/* Absolute, at most 1024 bytes, no empty component, none is "." or "..". */
bool word_is_path(const char *s);
bool word_is_address(const char *s); /* IPv4, dotted */
bool word_is_number(const char *s); /* 0 to 2^31 - 1 */
bool word_is_hostname(const char *s);
bool word_is_zone(const char *s); /* a time zone, Europe/Vienna */
/* One line of authorized_keys that is a key, without options before it. */
bool word_is_key(const char *s);

/* Undo Go's %q in place; false if s is not quoted so, or with other escapes. */
bool word_unquote(char *s);

/*
 * Take `- [TAG, DIRECTORY, TYPE, "OPTIONS", "0", "0"]` apart in place. Lima
 * quotes nothing in it: DIRECTORY may hold commas.
 */
bool word_split_mount(
    char *line, char **tag, char **at, char **type, char **options);

#endif

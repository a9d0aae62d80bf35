#ifndef CORE_WORD_H
#define CORE_WORD_H

#include "base/buf.h"

/*
 * What a word of one of our files may be made of. One definition is what the
 * parser checks and what the JSON Schema says.
 */
struct word {
	const char *first, *rest; /* characters */
	size_t max; /* bytes */
	const char *is; /* "a name: use ..." */
	bool apart; /* no "-" beside another one or at the end */
};

bool word_ok(const struct word *w, const char *s) must_check;

/* Append the same as a regular expression (ECMA 262), anchored. */
void word_pattern(struct buf *out, const struct word *w);

/* So are these; each at most `max` bytes, too. */
bool word_is_url(const char *s); /* https only */
bool word_is_digest(const char *s); /* sha256:... or sha512:... */
/* name.tld, *.name.tld or preset:NAME; lower case, no address. */
bool word_is_host(const char *s);

#define WORD_URL_MAX 2048 /* bytes */
#define WORD_HOST_MAX 253

extern const struct word word_name; /* of a machine */
extern const struct word word_alias; /* of an image */
extern const struct word word_variable;
extern const struct word word_package;
extern const struct word word_command;
extern const struct word word_version; /* of a tool */
extern const struct word word_volume;

#endif

#ifndef CORE_PEM_H
#define CORE_PEM_H

#include "base/buf.h"

/*
 * Certificates in a text of the form PEM. What stands around them, other things
 * of that form (keys!) among it, is passed over and never comes out.
 */
enum pem { PEM_END, PEM_CERTIFICATE, PEM_BAD };
#define PEM_MAX (32u << 10) /* bytes of one, in the form of the result */

/*
 * The next one from *at on, which moves behind it. It replaces *out, always in
 * the same form: the base64 in lines of 64, a newline behind each. PEM_BAD: it
 * does not end, is too long, or what is in it is not one DER sequence; *at is
 * then where the search goes on.
 */
enum pem pem_next(const char **at, const char *end, struct buf *out) must_check;

#endif

#ifndef BASE_ARGV_H
#define BASE_ARGV_H

#include "base/base.h"

/*
 * A NULL-terminated vector of strings of its own: an argument vector or an
 * environment. `v` is never NULL after the first push.
 */
struct argv {
	char **v;
	size_t n;
};
#define ARGV_INIT         \
	{                 \
		.v = NULL \
	}

void argv_push(struct argv *a, const char *s);
void argv_pushf(struct argv *a, const char *fmt, ...) printf_like(2, 3);
void argv_release(struct argv *a);

/* As proc.h wants it. */
static inline const char *const *
argv_const(const struct argv *a)
{
	return (const char *const *)a->v;
}

CLEANUP_DEFINE(argv, struct argv, argv_release(p));

#endif

#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>

#include "base/base.h"

/*
 * A growing byte string. `s` is always NUL-terminated and never NULL, `len`
 * does not count the NUL, and the bytes may contain NULs of their own.
 *
 * Life cycle: BUF_INIT, append, then buf_release(), or buf_detach() to take
 * the bytes as a malloc'ed string.
 */
struct buf {
	char *s;
	size_t len;
	size_t cap; /* private: 0 while `s` is the shared empty string */
};

extern char buf_empty[1];
#define BUF_INIT               \
	{                      \
		.s = buf_empty \
	}

void buf_release(struct buf *b);
char *buf_detach(struct buf *b) must_check;

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) printf_like(2, 0);

CLEANUP_DEFINE(buf, struct buf, buf_release(p));

#endif

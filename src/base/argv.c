#include "base/argv.h"

#include "base/buf.h"

static void
take(struct argv *a, char *s)
{
	a->v = xreallocarray(a->v, a->n + 2, sizeof(*a->v));
	a->v[a->n++] = s;
	a->v[a->n] = NULL;
}

void
argv_push(struct argv *a, const char *s)
{
	take(a, xstrdup(s));
}

void
argv_pushf(struct argv *a, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	take(a, buf_detach(&b));
}

void
argv_release(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = (struct argv)ARGV_INIT;
}

#include "core/diag.h"

#include <stdarg.h>

static bool
is_before(unsigned line, unsigned column, const struct diag *other)
{
	return line < other->line ||
	       (line == other->line && column < other->column);
}

void
diag_add(struct diags *d, unsigned line, unsigned column, const char *fmt, ...)
{
	size_t kept = d->count < DIAG_MAX ? d->count : DIAG_MAX, at = kept;
	struct diag *one;
	va_list ap;

	d->count++;
	while (at && is_before(line, column, &d->at[at - 1]))
		at--;
	if (at == DIAG_MAX)
		return;
	if (kept == DIAG_MAX)
		kept--; /* the last one makes room */
	one = &d->at[at];
	memmove(one + 1, one, (kept - at) * sizeof(*one));
	one->line = line;
	one->column = column;
	va_start(ap, fmt);
	(void)vsnprintf(one->text, sizeof(one->text), fmt, ap);
	va_end(ap);
}

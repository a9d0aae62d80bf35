#ifndef CORE_DIAG_H
#define CORE_DIAG_H

#include "base/base.h"

/*
 * What is wrong with a file, with the place. A parser reports here and goes
 * on, so that one run tells the user everything. Kept in the order of the
 * file, whatever the order of the reports; past DIAG_MAX the last ones are
 * only counted.
 */
#define DIAG_MAX 16

struct diag {
	unsigned line, column; /* 1-based, in characters, as editors count */
	char text[160]; /* one line of UTF-8 */
};

struct diags {
	struct diag at[DIAG_MAX];
	size_t count; /* how many there were, also unrecorded ones */
};

void diag_add(struct diags *d, unsigned line, unsigned column, const char *fmt,
    ...) printf_like(4, 5);

#endif

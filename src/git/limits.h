#ifndef GIT_LIMITS_H
#define GIT_LIMITS_H

#include "base/err.h"

/*
 * What this process may use, whatever it reads: two seconds, a bounded memory,
 * no new process, no file written, no core dump, and nothing of its caller's
 * environment. The caller has a time limit of its own.
 */
#define LIMIT_SECONDS 2

int limits_set(struct err *e) must_check;

#endif

#ifndef HOST_WAKE_H
#define HOST_WAKE_H

#include "base/err.h"

/*
 * Signals as events of a poll(2) loop. What our caller had us ignore (nohup,
 * a background job of a script) stays ignored.
 */

/* Catch these, ended by 0. Returns the descriptor to poll, for good. */
int wake_on(const int *signals, struct err *e) must_check;

/*
 * While it is on, who writes to a pipe or socket that nobody reads learns that
 * from write(2). Not for good: our children would inherit it.
 */
void wake_ignore_pipe(bool on);

/* The next that has come, or 0. */
int wake_next(void);

/*
 * Stop as if we did not catch this one, with `job` our whole process group;
 * comes back when we go on.
 */
void wake_stop(int signal, bool job);

#endif

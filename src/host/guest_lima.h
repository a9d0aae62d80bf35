#ifndef HOST_GUEST_LIMA_H
#define HOST_GUEST_LIMA_H

#include "host/guest.h"

/*
 * The way of guest.h that is always there: `limactl shell`, a process each
 * time. No session, so that each line begins anew; no type-ahead, no filter.
 */
int guest_lima_run(const struct vm *vm, const struct trusted *t,
    const char *cwd, char *const *words, int *status, struct err *e) must_check;
int guest_lima_line(const struct vm *vm, const struct trusted *t,
    const char *cwd, const char *shell, const char *text, int *status,
    struct err *e) must_check;
int guest_lima_shell(const struct vm *vm, const struct trusted *t,
    const char *cwd, int *status, struct err *e) must_check;

/*
 * The script of a step, in this directory and with this environment; what it
 * prints goes to the descriptor `log`.
 */
int guest_lima_step(const struct vm *vm, const struct argv *env,
    const char *cwd, enum step_user as, const void *script, size_t len, int log,
    int *status, struct err *e) must_check;

#endif

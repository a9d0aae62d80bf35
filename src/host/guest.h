#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include "host/vm.h"

/*
 * Commands in the guest, through `limactl shell`. Every call needs the proof
 * that the user approved the project, and a machine that is ready.
 *
 * A status is the command's own, 128 + n if a signal ended it, 126 or 127 if
 * it could not be run there, 125 if it did not run or the guest was lost; in
 * that last case guest_*() has said so.
 */
int guest_run(const struct vm *vm, const struct trusted *t, const char *cwd,
    char *const *words, int *status, struct err *e) must_check;

/* Text typed in a shell of the host's kind ("zsh" ...). */
int guest_line(const struct vm *vm, const struct trusted *t, const char *cwd,
    const char *shell, const char *text, int *status, struct err *e) must_check;

/* An interactive login shell. */
int guest_shell(const struct vm *vm, const struct trusted *t, const char *cwd,
    int *status, struct err *e) must_check;

/* The variables by name that every command of the user gets. */
void guest_env(struct argv *env, const struct trusted *t);

/*
 * The script of a provision step, in this directory; what it prints goes to the
 * descriptor `log`.
 */
int guest_step(const struct vm *vm, const struct trusted *t, const char *cwd,
    enum step_user as, const void *script, size_t len, int log, int *status,
    struct err *e) must_check;

#endif

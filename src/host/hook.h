#ifndef HOST_HOOK_H
#define HOST_HOOK_H

#include "core/route.h"

/*
 * What the shell hooks (hooks/machine.*) need from the program. The scripts are
 * in the binary as they were when it was built.
 */

/*
 * Append the hook of a shell ("bash", "fish", "zsh") with three paths baked in:
 * the program as it was called, the list of roots and the private runtime
 * directory. Returns false: no such shell.
 */
bool hook_render(struct buf *out, const char *shell, const char *bin,
    const char *roots, const char *run) must_check;

/* The answers of `_enter`: one assignment in the words of the hook's shell. */
void hook_assign(
    struct buf *out, const char *shell, const char *name, const char *value);
/* A list where the shell has them (fish), words with spaces in the others. */
void hook_assign_list(struct buf *out, const char *shell, const char *name,
    const char *const *values);

/* The number of a shell's name, or -1. */
int hook_shell(const char *shell) must_check;

/* route(), with what only the file system knows about ROUTE_LEAVE. */
bool hook_is_host(const struct route_query *q) must_check;

#endif

#ifndef HOST_NAMES_H
#define HOST_NAMES_H

#include "host/vm.h"

/*
 * The names of the guest's commands, for TAB: a file in the VM's directory of
 * sockets, a name a line, which hooks/complete.* read at each TAB without
 * asking anybody. It is made anew behind a line, when it is older than
 * NAMES_SECONDS; no line waits for it.
 */
#define NAMES_FILE "commands"
#define NAMES_SECONDS 30
#define NAMES_MAX 20000
#define NAMES_LEN 64 /* bytes of a name */

/*
 * Has its time come? Who is told so has the turn: for others it has not, until
 * as much time has passed again.
 */
bool names_due(const struct vm *vm);

/* `machine _names` in the background; that it cannot be started is no matter */
void names_begin(const struct vm *vm, const struct trusted *t);

/* Ask the guest, and write the file. */
int names_fetch(
    const struct vm *vm, const struct trusted *t, struct err *e) must_check;

/* The guest's word: only names that no shell reads as anything else. */
void names_filter(struct buf *out, const char *text, size_t len);

#endif

#ifndef HOST_FORWARD_H
#define HOST_FORWARD_H

#include "host/lima.h"

/*
 * A way to the agent of a guest that boots by itself, and so has no ports: the
 * agent's socket, forwarded over the connection that Lima's ssh keeps open (its
 * ControlMaster) to fwd.sock in the directory of agent.h. No process of ours,
 * and none for a command.
 *
 *  1. Only the holder of the project's lock MUST call this: there is one owner.
 *  2. What is there MUST be tried before it is replaced, and what does not
 *     answer MUST not stay: lines would wait for it.
 *  3. The agent lets nobody become root over this way (wire.h): whoever is the
 *     guest's user can connect to it in the guest.
 *
 * Whose sshd it is Lima does not check, here as everywhere; so what is trusted
 * is no more than with `limactl shell`.
 */

/*
 * Afterwards fwd.sock in `dir`, a private directory that is made if it is
 * missing, leads to an agent that greets. `program` is machine-guest, which is
 * put into the guest and started there if this boot has none. What ssh says
 * goes to `log`.
 */
int forward_make(const struct lima *l, const char *name, const char *dir,
    const char *program, int log, struct err *e) must_check;

#endif

#ifndef HOST_PRIVATE_H
#define HOST_PRIVATE_H

#include "base/err.h"
#include "core/machinefile.h"

/*
 * May the guest have its own directories at these places of the project? Each
 * is a directory there, or is not there and can be made; no component of its
 * path is a link. Before a start: the guest looks again, because what is there
 * can change meanwhile, and does not believe us.
 */
int private_check(
    const struct machinefile *mf, const char *root, struct err *e) must_check;

#endif

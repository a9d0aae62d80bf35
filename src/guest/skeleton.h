#ifndef GUEST_SKELETON_H
#define GUEST_SKELETON_H

#include "guest/init.h"

/*
 * Make who's home directory and copy into it from /etc/skel what is not there
 * yet: it may exist already, as the parent of a mount.
 */
int skeleton_copy(const struct account *who, struct err *e) must_check;

#endif

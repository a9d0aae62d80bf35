#ifndef GUEST_PLACE_H
#define GUEST_PLACE_H

#include "guest/init.h"

/*
 * Directories to mount on, in trees that others write: the project, which the
 * host and its repositories fill, and volumes from earlier sessions. No
 * symbolic link is followed, and what is missing is made as the guest's user.
 */

/*
 * Open the directory path below the directory dirfd (path relative), or of the
 * whole system (dirfd -1, path absolute), O_PATH. -1 with the reason if a
 * component is a link, a file, or cannot be made.
 */
int place_open(int dirfd, const char *path, const struct account *who,
    struct err *e) must_check;

/* mount(2), on the directory that fd is. */
int place_mount(const char *source, int fd, const char *type,
    unsigned long flags, const char *options) must_check;

/* Let the directory that from is be seen at the directory that to is. */
int place_bind(int from, int to) must_check;

#endif

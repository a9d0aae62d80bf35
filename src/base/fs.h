#ifndef BASE_FS_H
#define BASE_FS_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Files, always relative to the descriptor of a directory (AT_FDCWD and an
 * absolute path where there is none yet). Every check is made on the
 * descriptor that is then used, never on a name.
 */

/*
 * Replace dirfd/name by exactly these bytes. A reader sees the old file or
 * the new one, never a mixture, also after a power cut. On failure the old
 * file is untouched and no temporary file is left behind.
 */
int fs_replace(int dirfd, const char *name, const void *data, size_t len,
    mode_t mode, struct err *e) must_check;

/*
 * Read a whole regular file of at most max bytes that belongs to the user;
 * *data is malloc'ed and NUL-terminated. A FIFO or a device does not block.
 * e->sys is ENOENT if there is no such file.
 */
int fs_read(int dirfd, const char *name, size_t max, char **data, size_t *len,
    struct err *e) must_check;

/*
 * The same for a file that somebody else may have put into dirfd: `path` may
 * have components, of which none is a symbolic link, ".." or on another device.
 */
int fs_read_beneath(int dirfd, const char *path, size_t max, char **data,
    size_t *len, struct err *e) must_check;

/*
 * The same for a program's own read-only files (Lima's templates), which
 * belong to whoever installed them.
 */
int fs_read_shared(int dirfd, const char *name, size_t max, char **data,
    size_t *len, struct err *e) must_check;

/*
 * A directory of our own, 0700, made with its parents where it is missing.
 * Returns its descriptor. One that others own or may enter is an error.
 */
int fs_private_dir(const char *path, struct err *e) must_check;

/* Open such a directory below dirfd; with make, make it first. */
int fs_private_subdir(
    int dirfd, const char *name, bool make, struct err *e) must_check;

/*
 * Lock dirfd/name (flock on an open file, which the kernel gives back when the
 * process dies). With LOCK_WAIT it waits; with LOCK_TRY -1 and e->sys
 * EWOULDBLOCK if somebody else has it. LOCK_SHARE waits, too, and several may
 * have it so. Returns the descriptor; closing it unlocks.
 */
enum fs_lock { LOCK_TRY, LOCK_WAIT, LOCK_SHARE };
int fs_lock(
    int dirfd, const char *name, enum fs_lock how, struct err *e) must_check;

/*
 * Wait until nobody has dirfd/name locked, at most this long. 0 if it is free,
 * 1 if the time is up.
 */
int fs_lock_wait_free(
    int dirfd, const char *name, int timeout_ms, struct err *e) must_check;

/* Does somebody have dirfd/name locked for himself just now? */
bool fs_lock_held(int dirfd, const char *name);

/* A file without a name that holds these bytes, read from the beginning. */
int fs_anonymous(
    int dirfd, const void *data, size_t len, struct err *e) must_check;

/* Open for appending, 0600, made if missing; `fresh` empties it first. */
int fs_open_log(
    int dirfd, const char *name, bool fresh, struct err *e) must_check;

/* The last max bytes of a file, malloc'ed and NUL-terminated. */
int fs_tail(int dirfd, const char *name, size_t max, char **data, size_t *len,
    struct err *e) must_check;

/*
 * What has come to a log since *at, at most max bytes; *at moves behind it. A
 * log that is shorter by now is a new one, read from its beginning.
 */
int fs_read_new(int dirfd, const char *name, off_t *at, size_t max,
    struct buf *out, struct err *e) must_check;

/*
 * Remove a directory and all that is in it, following no link and leaving no
 * file system. That it is not there is no error.
 */
int fs_remove_tree(int dirfd, const char *name, struct err *e) must_check;

/* Bytes that we can still store in the file system of this directory. */
int fs_room(const char *path, uint64_t *bytes, struct err *e) must_check;

/* Remove a file; that it is not there is no error. */
int fs_remove(int dirfd, const char *name, struct err *e) must_check;

#endif

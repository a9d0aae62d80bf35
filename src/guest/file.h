#ifndef GUEST_FILE_H
#define GUEST_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Small files of the guest's system, as root. Not atomic: what a crash leaves
 * half written is thrown away with the session's disk.
 */

/* Append a whole file of at most max bytes to *out. e->sys may be ENOENT. */
int file_read(int dirfd, const char *path, size_t max, struct buf *out,
    struct err *e) must_check;

/* Make or replace a file's content. */
int file_write(
    const char *path, const char *text, mode_t mode, struct err *e) must_check;

/* The same unless it has this content already. */
int file_keep(
    const char *path, const char *text, mode_t mode, struct err *e) must_check;

/* Append lines to a file, after a newline if its last one has none. */
int file_append(
    const char *path, const char *text, mode_t mode, struct err *e) must_check;

/* Write a small file for which nobody waits; a failure is a problem's line. */
void file_put(const char *path, const char *text, mode_t mode);

/* Make a directory and the ones above it, 0755, following links. */
int file_make_dirs(const char *path, struct err *e) must_check;

/*
 * Run a program and wait for it; its exit status, 128 if it was killed, 127 if
 * it could not be started. The last line that it wrote is in last.
 */
int file_run(char *const argv[], char *last, size_t size) must_check;

#endif

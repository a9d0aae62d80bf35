#ifndef CORE_LOCKFILE_H
#define CORE_LOCKFILE_H

#include "base/json.h"
#include "core/image.h"

/*
 * Machinefile.lock: which image exactly, for everybody in the team. JSON that
 * `machine lock` writes and people commit:
 *
 *	{ "version": 1,
 *	  "images": { "x86_64": { "alias": "debian-13",
 *	                          "location": "https://...",
 *	                          "digest": "sha512:..." } } }
 *
 * It is part of the snapshot that is approved.
 */
#define LOCKFILE_VERSION 1
#define LOCKFILE_MAX (64u << 10) /* bytes */

/*
 * Is this image the one that the lock file pins for its architecture? 0 also
 * if it pins none for it, or another alias. -1 with both digests in *e, or with
 * what is wrong with the file.
 */
int lockfile_check(const char *text, size_t len, const struct image *image,
    struct err *e) must_check;

/*
 * Append the text of a lock file that pins this image (which has a digest) and
 * keeps what `text` (NULL: no file yet) pins for other architectures.
 */
int lockfile_write(struct buf *out, const char *text, size_t len,
    const struct image *image, struct err *e) must_check;

#endif

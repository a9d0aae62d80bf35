#ifndef HOST_DISK_H
#define HOST_DISK_H

#include "host/lima.h"

/*
 * The disks of layers and sessions. With QEMU qcow2; where Lima uses Apple's
 * framework, raw files that the file system clones (clonefile(2)), which need
 * no parent any more.
 */

/* A new disk at `path` that differs from `parent` in nothing yet. */
int disk_overlay(const struct lima *l, const char *parent, const char *path,
    uint64_t bytes, struct err *e) must_check;

/*
 * Store at `path` what `disk` holds: all of it, or with a parent only what
 * differs from that.
 */
struct disk_parent {
	const char *path; /* absolute */
	const char *written; /* as the new one names it, from its directory */
	bool direct; /* disk stands on it; otherwise on a child, and is changed
		      */
};
int disk_store(const struct lima *l, const char *disk,
    const struct disk_parent *parent, const char *path,
    struct err *e) must_check;

/*
 * Refuse a disk that a stranger made and that leads to other files of the
 * host: with a backing file or a data file of its own (CVE-2023-32684).
 */
int disk_check(const char *path, struct err *e) must_check;

/* Its size in the guest, and the bytes that its file takes. */
struct disk_size {
	uint64_t apparent, stored;
};
int disk_size(const char *path, struct disk_size *s, struct err *e) must_check;

#endif

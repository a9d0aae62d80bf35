#ifndef HOST_VOLUME_DISK_H
#define HOST_VOLUME_DISK_H

#include "host/volume.h"

/*
 * One directory of a volume, looked at. For the volume*.c files only:
 * volume_disk.c reads and writes what is in it, volume.c decides.
 */
#define VOLUME_DATA "datadisk" /* these two are Lima's names */
#define VOLUME_LOCK "in_use_by"

struct volume_disk {
	int dir, data; /* -1 if it cannot be opened */
	struct volume_record record;
	struct volume_info info; /* its texts are in this struct */
	char user[256];
	struct err why;
};
#define VOLUME_DISK_INIT              \
	{                             \
		.dir = -1, .data = -1 \
	}

/*
 * Look at a volume by Lima's name. What is wrong with it is in d->info.damaged
 * and no failure; -1 with e->sys ENOENT if there is none.
 */
int volume_disk_open(struct volume_disk *d, const struct lima *l, int disks,
    const char *disk, struct err *e) must_check;
void volume_disk_release(struct volume_disk *d);

CLEANUP_DEFINE(volume_disk, struct volume_disk, volume_disk_release(p));

/* Write what an empty one holds, and then its record, into its directory. */
int volume_disk_make(const struct lima *l, int dir, const char *path,
    const struct volume_record *r, struct err *e) must_check;
/* Make it larger; the record follows. */
int volume_disk_grow(const struct lima *l, struct volume_disk *d,
    const char *path, uint64_t size, struct err *e) must_check;

#endif

#ifndef GUEST_DISK_H
#define GUEST_DISK_H

#include "guest/ext4.h"

/*
 * The guest's disks, which appear some time after their driver is loaded.
 */

/* Be told by the kernel when a device appears. Before the first driver. */
void disk_watch(void);

/*
 * Wait until ready(arg) is true, asked again whenever a device appears; false
 * if it is not within this time.
 */
bool disk_wait(bool (*ready)(void *arg), void *arg, int timeout_ms);

/* Look at the first bytes (EXT4_HEAD if all) of a device's file. */
enum ext4_kind disk_look(const char *path, bool all, struct ext4 *fs);

/*
 * Call see(path, arg) for the file of each disk and partition that the kernel
 * knows, until one returns true; then its path is in *path (size bytes).
 */
bool disk_find(bool (*see)(const char *path, void *arg), void *arg, char *path,
    size_t size);

#endif

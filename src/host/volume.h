#ifndef HOST_VOLUME_H
#define HOST_VOLUME_H

#include "core/storage.h"
#include "host/lima.h"
#include "wire/bootconf.h"

/*
 * Volumes: Lima's disks, each a directory LIMA_HOME/_disks/v-... that holds
 *
 *	datadisk	qcow2 under QEMU, raw and sparse under vz
 *	volume.json	what it is, and of which project
 *	in_use_by	Lima's lock: a link to the instance that has it
 *
 *  1. A volume MUST be there as a whole or not at all: it is made and removed
 *     under other names, which the next run clears away.
 *  2. What is on one MUST NOT be lost but by a person's word: it never shrinks,
 *     and a damaged one is an error, not a reason to make another.
 *  3. One that a living VM has MUST NOT be given to another, nor be removed.
 *     A lock whose VM does not live says nothing.
 */
struct volume_info {
	const char *disk; /* Lima's name */
	const char *name; /* in its project; begins with "_" if it is ours */
	const char *root; /* of the project; NULL: damaged says why */
	const char *damaged; /* why it cannot be used, or NULL */
	uint64_t size; /* bytes that it can hold; 0 if that is not known */
	uint64_t on_disk; /* bytes that it takes on the host */
	int64_t created, last_use; /* seconds since the epoch */
	/* The living instance that has it; "" if none of Lima's; or NULL. */
	const char *used_by;
};

/*
 * Before a start, with the project's lock held and its VM not running: make
 * the volumes that are missing, let those grow that are to be larger, and take
 * away locks of VMs that do not live. id and root are the project's. By
 * l->locked a qemu-img that outlives us holds the lock until it has ended.
 */
int volume_prepare(const struct lima *l, const char *id, const char *root,
    const struct storage *s, struct err *e) must_check;

/* Tell the guest's init of them; appended to what *c has already. */
void volume_bootconf(const struct storage *s, struct bootconf *c);

/*
 * Call back for each volume of every project, sorted by Lima's name. What it
 * gets is gone afterwards. Stops at the first non-zero value, and returns it.
 */
typedef int volume_fn(const struct volume_info *v, void *arg, struct err *e);
int volume_each(
    const struct lima *l, volume_fn *each, void *arg, struct err *e) must_check;

/* The same for those of one project; its ID may be "" where it has none. */
int volume_each_of(const struct lima *l, const char *id, const char *root,
    volume_fn *each, void *arg, struct err *e) must_check;

/*
 * Remove a volume with all that is on it, by Lima's name. The caller holds the
 * lock of its project. One that is in use is an error.
 */
int volume_remove(
    const struct lima *l, const char *disk, struct err *e) must_check;

/* All of a project; the number of them is added to *count. */
int volume_remove_all(const struct lima *l, const char *id, const char *root,
    unsigned *count, struct err *e) must_check;

/* The text form of volume.json, for its fuzz target. */
struct volume_record {
	char *root, *name;
	uint64_t size;
	int64_t created;
};
int volume_record_parse(struct volume_record *r, const char *text, size_t len,
    struct err *e) must_check;
void volume_record_release(struct volume_record *r);

CLEANUP_DEFINE(volume_record, struct volume_record, volume_record_release(p));

#endif

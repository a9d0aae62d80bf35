#ifndef CORE_STORAGE_H
#define CORE_STORAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "core/machinefile.h"

/*
 * The disks of a machine that outlive it, and what of them appears where in the
 * guest: decided from `volumes`, `workspace.private`, `agents` and `tools`.
 *
 * A volume of ours has a name that none of a Machinefile's can be, and is
 * mounted where none of them may be; directories of it are bound to their
 * places. The order is ours alone: the guest tells the disks apart by it, and
 * whoever writes the same Machinefile in another order gets the same machine.
 */
#define STORAGE_PRIVATE "_private" /* of workspace.private */
#define STORAGE_AGENTS "_agents" /* what agents remember */
#define STORAGE_PLACE "/var/lib/machine/volumes" /* where ours are mounted */
#define STORAGE_DISK_MAX 76 /* bytes: Lima's pkg/identifiers */
#define STORAGE_ID_MAX 32

struct storage_volume {
	const char *name;
	const char *disk; /* as Lima knows it */
	const char *at; /* where the guest mounts it */
	char device[8]; /* vdb, vdc, ... */
	uint64_t size; /* bytes; of one of ours at least so much */
	bool ours;
};

struct storage_bind {
	const char *at; /* of its volume */
	const char *subdir; /* there, one component */
	const char *target; /* absolute, or "~/" and a path in the home */
};

struct storage {
	struct storage_volume *volumes;
	size_t nvolumes;
	struct storage_bind *binds;
	size_t nbinds;
};

/*
 * What the project at root, whose ID is id, needs. All of *out is in the arena.
 * A failure is what the parser could not know: a volume that would be at, in or
 * around the project's directory, or a path that is too long with that.
 */
int storage_make(struct storage *out, const struct machinefile *mf,
    const char *root, const char *id, struct arena *a,
    struct err *e) must_check;

/*
 * Lima's name for the disk of a project's volume: "v-ID-NAME", of ours
 * "v-IDNAME". No other project and no other name has the same.
 */
void storage_disk(
    char disk[STORAGE_DISK_MAX + 1], const char *id, const char *name);

/* The volume's name in that of a disk; NULL if it is none of this project. */
const char *storage_name(const char *disk, const char *id);

/*
 * Where a coding agent keeps its state: `target`, and everything of it is there
 * if `variable` (NULL: it needs none) says so. NULL for a tool that is none.
 */
struct storage_agent {
	const char *tool, *target, *variable;
};
const struct storage_agent *storage_agent(const char *tool);

/* Is what this agent keeps on a volume? */
bool storage_keeps(const struct machinefile *mf, const char *tool);

#endif

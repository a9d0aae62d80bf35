#ifndef HOST_LAYER_USE_H
#define HOST_LAYER_USE_H

#include "base/argv.h"
#include "host/layer.h"
#include "host/lima.h"

/*
 * Who uses which layer, now: found in the projects' records, and in the disks
 * themselves, which say what they stand on, whatever a record says.
 *
 *  1. What the disk of a living VM stands on, down to the base, MUST be kept,
 *     and so MUST what is being made.
 *  2. A layer of which a kept one is the child MUST be kept.
 *
 * A project whose directory does not exist any more uses none, unless its VM
 * lives.
 */
struct layer_use {
	struct layer layer; /* of a damaged one only name and dir */
	char parent[LAYER_NAME_MAX + 1]; /* as its disk says; "" for a base */
	bool damaged; /* it cannot be used: record or parent is missing */
	bool live; /* the disk of a living VM stands on it */
	bool building; /* somebody makes it, or a layer that stands on it */
	unsigned children; /* layers that stand on it directly */
	unsigned sessions; /* projects that stand on it directly */
	struct argv roots; /* the directories of all projects that use it */
	uint64_t apparent, on_disk; /* bytes: in the guest, and of its files */
	bool doomed; /* layer_uses_doom() */
};

struct layer_uses {
	struct layer_use *v; /* in the order of names */
	size_t n;
	char *busy; /* a project to which something is being done, or NULL */
	char *damaged; /* one whose record cannot be read, or NULL */
};

int layer_uses_look(
    struct layer_uses *u, const struct lima *l, struct err *e) must_check;
void layer_uses_release(struct layer_uses *u);
CLEANUP_DEFINE(layer_uses, struct layer_uses, layer_uses_release(p));

/* NULL if there is no such layer. */
struct layer_use *layer_uses_find(const struct layer_uses *u, const char *name);

/*
 * Mark what may be removed: what no project uses, or with `all` what no living
 * VM uses; and what is damaged.
 */
void layer_uses_doom(struct layer_uses *u, bool all);

/*
 * Remove what is marked, children first. One that has come into use meanwhile
 * stays, and is not marked any more.
 */
int layer_uses_remove(
    struct layer_uses *u, const struct lima *l, struct err *e) must_check;

/* Does the disk of an instance, of whatever state, stand on it directly? */
bool layer_has_session(const struct lima *l, const char *name);

#endif

#ifndef HOST_USAGE_H
#define HOST_USAGE_H

#include "host/lima.h"

/*
 * What of ours takes room on the host, for `machine df`: the layers and
 * images that VMs are made of, volumes, VMs, and what Lima has downloaded. No
 * byte is in two of them.
 */
enum usage_kind {
	USAGE_LAYER,
	USAGE_IMAGE,
	USAGE_VOLUME,
	USAGE_VM,
	USAGE_CACHE
};

struct usage {
	enum usage_kind kind;
	const char *name;
	uint64_t apparent; /* bytes; of a disk what the guest sees */
	uint64_t on_disk; /* bytes that are really taken */
	unsigned shared_by; /* how many others rest on it */
	int64_t last_use; /* seconds since the epoch; 0 if not known */
	const char *used_by; /* the project's directory, or NULL */
};

/*
 * Call back for each, kind after kind. What it gets is gone afterwards. Stops
 * at the first non-zero value, and returns it. What disappears meanwhile is
 * left out.
 */
typedef int usage_fn(const struct usage *u, void *arg, struct err *e);
int usage_each(
    const struct lima *l, usage_fn *each, void *arg, struct err *e) must_check;

/* A word for people and programs: "layer", "image", "volume", "vm", "cache". */
const char *usage_word(enum usage_kind kind);

#endif

#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "base/base.h"

/*
 * The keys of our files, in one table each: the parser accepts what is in the
 * table and `machine help machinefile` prints the table.
 *
 * A path is how a key is spelled from the root: "cpus", "ports[].guest" (of an
 * entry of a list), "images.ALIAS.path" (ALIAS: any name). In the order in
 * which people are shown them.
 */
struct schema_key {
	const char *path;
	const char *type; /* what may stand there, for people */
	const char *fallback; /* without the key; "" if there is nothing */
	const char *meaning; /* one line */
	const char *effect; /* when a change takes effect; "" if never asked */
	bool later; /* reserved: refused as not yet supported */
};

/* Where the supported keys are in their tables. */
enum machinefile_key {
	MF_VERSION,
	MF_NAME,
	MF_IMAGE,
	MF_CPUS,
	MF_MEMORY,
	MF_DISK,
	MF_ENV,
	MF_PORTS,
	MF_PORTS_GUEST,
	MF_PORTS_HOST,
	MF_PORTS_LABEL,
	MF_PROVISION,
	MF_PROVISION_RUN,
	MF_PROVISION_NAME,
	MF_PROVISION_AS,
	MF_KEYS /* reserved ones follow */
};

enum config_key {
	CF_LIMITS,
	CF_LIMITS_CPUS,
	CF_LIMITS_MEMORY,
	CF_AUTOSTART,
	CF_HOST_COMMANDS,
	CF_IMAGES,
	CF_IMAGES_PATH,
	CF_IMAGES_KERNEL,
	CF_IMAGES_INITRD,
	CF_IMAGES_CMDLINE,
	CF_ENGINE,
	CF_ENGINE_ACCELERATOR,
	CF_KEYS /* reserved ones follow */
};

/* The parser keeps the keys it has seen as bits. */
_Static_assert(MF_KEYS <= 64 && CF_KEYS <= 64, "bits of uint64_t");

const struct schema_key *schema_machinefile(size_t *n) nonnull_ret;
const struct schema_key *schema_config(size_t *n) nonnull_ret;

/* The key `name` directly below `parent` ("" is the root), or NULL. */
const struct schema_key *schema_find(const struct schema_key *keys, size_t n,
    const char *parent, const char *name);

/*
 * For `did you mean`: the last part of the key below `parent` that is at most
 * two slips of the pen away (Damerau-Levenshtein, ignoring case), or NULL.
 */
const char *schema_nearest(const struct schema_key *keys, size_t n,
    const char *parent, const char *name);

#endif

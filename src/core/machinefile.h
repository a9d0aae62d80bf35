#ifndef CORE_MACHINEFILE_H
#define CORE_MACHINEFILE_H

#include "base/base.h"
#include "core/diag.h"

/*
 * A Machinefile, checked. Everything a caller reads here has been validated:
 * numbers are in range, names are safe as file names and on command lines,
 * text is UTF-8 without control characters (steps may have newlines and tabs).
 * The keys are in core/schema.c.
 *
 * Immutable once parsed; the struct and all it points to are owned by the
 * caller as one object, ended by machinefile_free().
 */
#define MACHINEFILE_NAME "Machinefile"
#define MACHINEFILE_MAX (256u << 10) /* bytes */
#define MACHINEFILE_NAME_MAX 40 /* of the key `name` */
#define MACHINEFILE_MEMORY_MIN (UINT64_C(512) << 20)
#define MACHINEFILE_DISK_MIN (UINT64_C(4) << 30)
#define MACHINEFILE_DISK_MAX \
	(UINT64_C(1) << 40) /* sparse, yet ext4 has a cost */
#define MACHINEFILE_ENV_MAX 256 /* variables */
#define MACHINEFILE_ENV_VALUE_MAX (32u << 10) /* bytes */
#define MACHINEFILE_PORTS_MAX 64
#define MACHINEFILE_STEPS_MAX 64
#define MACHINEFILE_LABEL_MAX 64 /* bytes; of ports and steps */

/*
 * name is an identifier of at most 64 bytes, and none of those that would
 * make programs run other code than the line says (PATH, LD_*, BASH_ENV ...)
 * or that the session sets itself (HOME, USER ...): see machinefile_env.c.
 */
struct env_var {
	const char *name, *value;
};

/* host is at least 1024; no two have the same guest or the same host port. */
struct port {
	uint16_t guest, host;
	const char *label; /* or NULL */
};

enum step_user { STEP_USER, STEP_ROOT };

struct step {
	const char *name; /* or NULL */
	const char *run; /* a script for sh */
	enum step_user as;
};

struct machinefile {
	struct arena *arena; /* private: owns everything below */
	const char *name; /* NULL: machinefile_slug() of the directory */
	const char *image; /* an alias, resolved by the user's configuration */
	unsigned cpus;
	uint64_t memory, disk; /* bytes, whole MiB */
	const struct env_var *env;
	size_t nenv;
	const struct port *ports;
	size_t nports;
	const struct step *provision;
	size_t nprovision;
};

/*
 * What the host and its user permit; a Machinefile can only ask within.
 * Less than one processor or MACHINEFILE_MEMORY_MIN counts as just that.
 */
struct limits {
	unsigned cpus;
	uint64_t memory; /* bytes */
};

/*
 * Parse a Machinefile's bytes. Pure: reads no file, no environment, no clock.
 * Returns NULL if there is at least one complaint; all of them are in *d.
 * An empty file is valid: the defaults are a useful machine (lowered to the
 * limits where those are less).
 */
struct machinefile *machinefile_parse(const char *text, size_t len,
    const struct limits *limits, struct diags *d) must_check;
void machinefile_free(struct machinefile *mf);

/* A valid `name` made from the last component of a path; never empty. */
void machinefile_slug(const char *path, char slug[MACHINEFILE_NAME_MAX + 1]);

/* Why a variable of this name may not be set, or NULL if it may. */
const char *machinefile_env_refused(const char *name);

CLEANUP_DEFINE(machinefile, struct machinefile *, machinefile_free(*p));

#endif

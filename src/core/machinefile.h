#ifndef CORE_MACHINEFILE_H
#define CORE_MACHINEFILE_H

#include "base/buf.h"
#include "core/diag.h"

/*
 * A Machinefile, checked. Everything a caller reads here has been validated:
 * numbers are in range, names are safe as file names and on command lines,
 * text is UTF-8 without control characters (steps may have newlines and tabs).
 * The keys are in core/schema_machinefile.c.
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
#define MACHINEFILE_PACKAGES_MAX 256
#define MACHINEFILE_TOOLS_MAX 16
#define MACHINEFILE_PASS_MAX 64
#define MACHINEFILE_PRIVATE_MAX 64
#define MACHINEFILE_MOUNTS_MAX 16
#define MACHINEFILE_VOLUMES_MAX 16
#define MACHINEFILE_VOLUME_MIN (UINT64_C(64) << 20)
#define MACHINEFILE_ALLOW_MAX 256
#define MACHINEFILE_WATCH_MAX 64 /* files of one step */
#define MACHINEFILE_COMMANDS_MAX 256
#define MACHINEFILE_AGENTS_MAX 16
#define MACHINEFILE_READY_MAX (60u * 60) /* seconds */
#define MACHINEFILE_IDLE_MAX (7u * 24 * 60 * 60)

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
enum step_when { STEP_CREATE, STEP_START, STEP_CHANGE };

/*
 * Either `run` or `path` is there. A file is run as the snapshot has it:
 * machinefile_files() names those that belong to one. Only a STEP_CHANGE has,
 * and always has, something to watch.
 */
struct step {
	const char *name; /* or NULL */
	const char *run; /* a script for sh, or NULL */
	enum step_user as;
	const char *path; /* in the project, normalised; or NULL */
	enum step_when when;
	const char *const *watch; /* paths in the project, normalised */
	size_t nwatch;
};

/* version NULL: the tool's own; of docker "rootless" or "true". */
struct tool {
	const char *name, *version;
};

enum access { ACCESS_RW, ACCESS_RO };

/*
 * A directory of the host that is at `to` in the guest. from is in the project
 * and normalised, or outside and absolute or "~/...", which needs the user's
 * yes. What it leads to is for the host to find out, and to refuse with
 * place_host_refused() and limayaml_mount_refused().
 */
struct mount {
	const char *from, *to;
	enum access mode;
	bool outside;
};

struct volume {
	const char *name, *at;
	uint64_t size; /* bytes */
};

enum egress { EGRESS_OPEN, EGRESS_ALLOWLIST, EGRESS_NONE };
enum git_identity { GIT_HOST, GIT_NONE };
enum agent_state { AGENT_VOLUME, AGENT_NONE };

struct agent {
	const char *tool;
	enum agent_state state;
};

struct machinefile {
	struct arena *arena; /* private: owns everything below */
	uint64_t stated; /* private: bits of enum machinefile_key */
	const char *name; /* NULL: machinefile_slug() of the directory */
	/*
	 * An alias, resolved by the user's configuration; or, with digest and
	 * arch (which are NULL otherwise), an https address.
	 */
	const char *image, *image_digest, *image_arch;
	unsigned cpus;
	uint64_t memory, disk; /* bytes, whole MiB */
	const char *const *packages; /* no two are the same */
	size_t npackages;
	const struct tool *tools; /* nor two names here and below */
	size_t ntools;
	const struct env_var *env;
	size_t nenv;
	const char *const *pass_env; /* names, none of them in env */
	size_t npass_env;
	enum access workspace;
	const char *const *private_dirs; /* of workspace.private, normalised */
	size_t nprivate_dirs;
	/* No `to` or `at` is in another one. */
	const struct mount *mounts;
	size_t nmounts;
	const struct volume *volumes;
	size_t nvolumes;
	const struct port *ports;
	size_t nports;
	enum egress egress;
	const char *const *allow; /* only with EGRESS_ALLOWLIST */
	size_t nallow;
	const struct step *provision;
	size_t nprovision;
	uint16_t ready_tcp; /* 0: as soon as it is provisioned */
	unsigned ready_timeout; /* seconds */
	const char *const *guest_commands;
	size_t nguest_commands;
	enum git_identity git_identity;
	const struct agent *agents;
	size_t nagents;
	unsigned idle_stop; /* seconds; 0: never */
	const char *const *files; /* see machinefile_files() */
	size_t nfiles;
};

/* Ports of the host, both ends included. */
struct port_range {
	uint16_t from, to;
};

/*
 * What the host and its user permit; a Machinefile can only ask within.
 * Less than one processor or MACHINEFILE_MEMORY_MIN counts as just that.
 */
struct limits {
	unsigned cpus;
	uint64_t memory; /* bytes */
	const struct port_range *ports; /* that the host's may be in ... */
	size_t nports; /* ... or 0: all from 1024 */
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

/*
 * The files in the project that it runs, each once: what belongs to a snapshot
 * beside the Machinefile. The array is NULL-terminated and lives as long as mf.
 */
size_t machinefile_files(
    const struct machinefile *mf, const char *const **paths);

/*
 * Append the keys, with ", " between, that this file uses and that have no
 * effect in this version; those of what is the same without them are not
 * among them. No machine may start while one is ignored. false if there are
 * none.
 */
bool machinefile_unbuilt(const struct machinefile *mf, struct buf *names);

/* The first variable whose value looks like a password or token, or NULL. */
const char *machinefile_secret(const struct machinefile *mf);

/* A valid `name` made from the last component of a path; never empty. */
void machinefile_slug(const char *path, char slug[MACHINEFILE_NAME_MAX + 1]);

/* Why a variable of this name may not be set, or NULL if it may. */
const char *machinefile_env_refused(const char *name);

/* Append all of those names as one regular expression, anchored. */
void machinefile_env_pattern(struct buf *out);

CLEANUP_DEFINE(machinefile, struct machinefile *, machinefile_free(*p));

#endif

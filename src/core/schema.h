#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "base/json.h"
#include "core/word.h"

/*
 * The keys of our files, in one table each. The parser accepts what is in the
 * table, `machine help machinefile` prints it, the manual is compared with it,
 * and the JSON Schema for editors is made from it.
 *
 * A path is how a key is spelled from the root: "cpus", "ports[].guest" (of an
 * entry of a list), "images.ALIAS.path" (ALIAS: any name). In the order in
 * which people are shown them.
 */

/* What may stand somewhere; several of them are alternatives. */
enum schema_form {
	F_MAP = 1 << 0, /* with the keys that are below it in the table */
	F_NUMBER = 1 << 1, /* from min to max; max 0 is none of ours */
	F_SIZE = 1 << 2,
	F_DURATION = 1 << 3,
	F_CHOICE = 1 << 4,
	F_WORD = 1 << 5,
	F_TEXT = 1 << 6, /* one line, at most max bytes */
	F_LINES = 1 << 7,
	F_INSIDE = 1 << 8, /* a path in the project */
	F_GUEST_PATH = 1 << 9,
	F_HOST_PATH = 1 << 10, /* absolute */
	F_MOUNT_PATH = 1 << 11, /* in the project, absolute, or from ~/ */
	F_URL = 1 << 12,
	F_DIGEST = 1 << 13,
	F_HOST_NAME = 1 << 14,
	F_PORTS = 1 << 15 /* a port, or a range of them */
};

struct schema_value {
	unsigned forms; /* of enum schema_form */
	uint64_t min, max;
	const struct word *word;
	const char *const *choices; /* NULL-terminated */
};

enum schema_many {
	ONE, /* the value itself */
	LIST, /* its entries, which are children "PATH[]" */
	TABLE, /* the values of any names: children "PATH.NAME" */
	LIST_OR_TABLE
};

struct schema_key {
	const char *path;
	const char *type; /* what may stand there, for people */
	const char *fallback; /* without the key; "" if there is nothing */
	const char *meaning; /* one line */
	const char *effect; /* when a change takes effect; "" if never asked */
	bool later; /* reserved: refused as not yet supported */
	bool unbuilt; /* understood, but a machine with it does not start */
	bool required; /* where what it stands in is there */
	enum schema_many many;
	size_t entries; /* at most */
	const struct word *names; /* of a TABLE ... */
	const char *const *known; /* ... or of a list or table, these */
	struct schema_value value; /* it, or each of its entries */
};

/* Where the supported keys are in their tables. */
enum machinefile_key {
	MF_VERSION,
	MF_NAME,
	MF_IMAGE,
	MF_IMAGE_URL,
	MF_IMAGE_DIGEST,
	MF_IMAGE_ARCH,
	MF_CPUS,
	MF_MEMORY,
	MF_DISK,
	MF_PACKAGES,
	MF_TOOLS,
	MF_ENV,
	MF_PASS_ENV,
	MF_WORKSPACE,
	MF_WORKSPACE_MODE,
	MF_WORKSPACE_PRIVATE,
	MF_MOUNTS,
	MF_MOUNTS_FROM,
	MF_MOUNTS_TO,
	MF_MOUNTS_MODE,
	MF_VOLUMES,
	MF_VOLUMES_AT,
	MF_VOLUMES_SIZE,
	MF_PORTS,
	MF_PORTS_GUEST,
	MF_PORTS_HOST,
	MF_PORTS_LABEL,
	MF_NETWORK,
	MF_NETWORK_EGRESS,
	MF_NETWORK_ALLOW,
	MF_PROVISION,
	MF_PROVISION_RUN,
	MF_PROVISION_NAME,
	MF_PROVISION_AS,
	MF_PROVISION_WHEN,
	MF_PROVISION_WATCH,
	MF_READY,
	MF_READY_TCP,
	MF_READY_TIMEOUT,
	MF_COMMANDS,
	MF_COMMANDS_GUEST,
	MF_GIT,
	MF_GIT_IDENTITY,
	MF_AGENTS,
	MF_AGENTS_STATE,
	MF_IDLE,
	MF_IDLE_STOP,
	MF_KEYS /* reserved ones follow */
};

enum config_key {
	CF_LIMITS,
	CF_LIMITS_CPUS,
	CF_LIMITS_MEMORY,
	CF_LIMITS_RUNNING,
	CF_LIMITS_PORTS,
	CF_AUTOSTART,
	CF_HOST_COMMANDS,
	CF_IMAGES,
	CF_IMAGES_PATH,
	CF_IMAGES_KERNEL,
	CF_IMAGES_INITRD,
	CF_IMAGES_CMDLINE,
	CF_PROJECTS,
	CF_PROJECTS_CPUS,
	CF_PROJECTS_MEMORY,
	CF_ENGINE,
	CF_ENGINE_VM_TYPE,
	CF_ENGINE_ACCELERATOR,
	CF_CA_CERTIFICATES,
	CF_KEYS
};

/* The parser keeps the keys it has seen as bits. */
_Static_assert(MF_KEYS <= 64 && CF_KEYS <= 64, "bits of uint64_t");

const struct schema_key *schema_machinefile(size_t *n) nonnull_ret;
const struct schema_key *schema_config(size_t *n) nonnull_ret;

/* NULL-terminated; more than one reader needs them. */
extern const char *const schema_modes[]; /* of enum access */
extern const char *const schema_egress[]; /* of enum egress */
extern const char *const schema_users[]; /* of enum step_user */
extern const char *const schema_whens[]; /* of enum step_when */
extern const char *const schema_archs[];
extern const char *const schema_identities[]; /* of enum git_identity */
extern const char *const schema_states[]; /* of enum agent_state */
extern const char *const schema_tools[];
extern const char *const schema_agents[];
extern const char *const schema_autostart[]; /* of enum autostart */
extern const char *const schema_vm_types[]; /* of enum vm_type, from 1 */
extern const char *const schema_accelerators[];
extern const char *const schema_certificates[];

/* The last part of a path, if the rest of it is parent; or NULL. */
const char *schema_last(const char *path, const char *parent);

/* The key `name` directly below `parent` ("" is the root), or NULL. */
const struct schema_key *schema_find(const struct schema_key *keys, size_t n,
    const char *parent, const char *name);

/*
 * For `did you mean`: the last part of the key below `parent` that is at most
 * two slips of the pen away (Damerau-Levenshtein, ignoring case), or NULL. None
 * that is refused in turn.
 */
const char *schema_nearest(const struct schema_key *keys, size_t n,
    const char *parent, const char *name);

/* The same among words; NULL-terminated. */
const char *schema_nearest_word(const char *const *words, const char *name);

/*
 * A JSON Schema (draft 2020-12) of a Machinefile, for editors: types, patterns,
 * limits, descriptions. What it cannot say (sums, the user's limits, what is
 * there twice in other words) is left to `machine check`.
 */
struct json *schema_json(void) must_check nonnull_ret;

#endif

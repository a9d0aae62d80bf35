#ifndef CORE_CURRENCY_H
#define CORE_CURRENCY_H

#include "base/buf.h"
#include "base/hash.h"
#include "core/image.h"
#include "core/machinefile.h"

/*
 * Is the machine the one that this Machinefile describes? Decided from the
 * fields that shape each layer, written field by field in a fixed order with a
 * format version, so that comments and spelling never cause a rebuild and a
 * changed field never goes unnoticed.
 *
 *	BASE     the image: what it is, not the alias it was found by; and the
 *	         certificates that it trusts
 *	GOLDEN   BASE, packages and tools, and the size of the disk: what the
 *	         machines of several projects share
 *	SESSION  what a restart applies: cpus, memory, workspace, mounts,
 *	         volumes, ports, network.egress, ready, agents
 *
 * On GOLDEN stand the provision steps, one by one: see currency_steps_text().
 *
 * Nothing else is in any of them, because it takes effect sooner: name, env,
 * pass_env, labels, network.allow, commands, git, idle; and the other steps,
 * which run at a start. Lists whose order means nothing are written in an
 * order of ours.
 *
 * The text is unambiguous: each field is `KEY LENGTH:BYTES` on a line of its
 * own, or `KEY -` where there is none. Changing what is in it means counting
 * its first line's version up.
 */
enum currency { LAYER_BASE, LAYER_GOLDEN, LAYER_SESSION };

/* A file of the snapshot. */
struct file_bytes {
	const char *path; /* as machinefile_files() has it */
	const void *data;
	size_t len;
};

struct described {
	const struct machinefile *mf;
	const struct image *image;
	const struct file_bytes *files; /* all of the snapshot, for steps */
	size_t nfiles;
	enum vm_type vm_type;
	/* Of the host, that the guest is to trust, as ca_text() has them. */
	const char *certificates; /* or NULL */
};

/* Append the canonical text of a layer. */
void currency_layer_text(
    struct buf *out, enum currency layer, const struct described *d);

/* XXH3-128 of that text. */
void currency_layer(enum currency layer, const struct described *d,
    char hex[HASH_XXH128_HEX + 1]);

/*
 * The script of a step: its text, or the bytes of its file, whose absence from
 * the snapshot aborts.
 */
struct file_bytes currency_bytes(
    const struct step *step, const struct file_bytes *files, size_t nfiles);

/*
 * A step that is captured in a disk: one of STEP_CREATE, or one of STEP_CHANGE
 * with what it watches as it was when it ran. Neither its name nor that of its
 * file counts.
 */
struct layer_step {
	const struct step *step;
	char watched[HASH_SHA256_HEX + 1]; /* currency_watched(), or "" */
};

/* Append the text of a disk on which these steps have run, in this order. */
void currency_steps_text(struct buf *out, const struct described *d,
    const struct layer_step *steps, size_t n);

/* XXH3-128 of one of them: who runs what, having seen what. */
void currency_step(const struct layer_step *step,
    const struct file_bytes *files, size_t nfiles,
    char hex[HASH_XXH128_HEX + 1]);

/*
 * SHA-256 of what a STEP_CHANGE watches: files[i] is step->watch[i], data NULL
 * if there is no such file.
 */
void currency_watched(const struct step *step, const struct file_bytes *files,
    char hex[HASH_SHA256_HEX + 1]);

#endif

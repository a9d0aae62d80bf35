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
 *	GOLDEN   the image (what it is, not the alias it was found by), packages
 *	         and tools: what machines of several projects may share
 *	PROJECT  GOLDEN, the disk and the hypervisor: where this differs there
 *	         is a rebuild. The provision steps of STEP_CREATE are compared
 *	         one by one, see currency_script(), so that one at the end is
 *	         added without a rebuild
 *	DISK     PROJECT and all those steps in order: what the disk has on it
 *	         once it is provisioned
 *	SESSION  what a restart applies: cpus, memory, workspace, mounts,
 *volumes, ports, network.egress, ready, agents
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
enum layer { LAYER_GOLDEN, LAYER_PROJECT, LAYER_SESSION, LAYER_DISK };

/* A file of the snapshot. */
struct file_bytes {
	const char *path; /* as machinefile_files() has it */
	const void *data;
	size_t len;
};

struct described {
	const struct machinefile *mf;
	const struct image *image;
	const struct file_bytes *files; /* all of the snapshot, for DISK */
	size_t nfiles;
	enum vm_type vm_type;
};

/* Append the canonical text of a layer. */
void currency_layer_text(
    struct buf *out, enum layer layer, const struct described *d);

/* XXH3-128 of that text. */
void currency_layer(
    enum layer layer, const struct described *d, char hex[HASH_XXH128_HEX + 1]);

/*
 * The script of a step: its text, or the bytes of its file, whose absence from
 * the snapshot aborts.
 */
struct file_bytes currency_bytes(
    const struct step *step, const struct file_bytes *files, size_t nfiles);

/*
 * XXH3-128 of one provision step: who runs what. Neither its name nor that of
 * its file counts, nor when it runs.
 */
void currency_script(const struct step *step, const struct file_bytes *files,
    size_t nfiles, char hex[HASH_XXH128_HEX + 1]);

/*
 * XXH3-128 of what a STEP_CHANGE watches: files[i] is step->watch[i], data
 * NULL if there is no such file. It is time to run it when this or its
 * currency_script() is another one.
 */
void currency_watched(const struct step *step, const struct file_bytes *files,
    char hex[HASH_XXH128_HEX + 1]);

#endif

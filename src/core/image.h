#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "base/arena.h"
#include "core/config.h"
#include "core/diag.h"

/*
 * A base image as Lima is to be told of it. All strings belong to the arena,
 * configuration or Machinefile that they were resolved from.
 */
struct image {
	const char *alias;
	const char *location; /* https URL, or an absolute path */
	const char *digest; /* "sha256:..." or "sha512:..."; NULL for a path */
	const char *arch; /* Lima's word: x86_64, aarch64 */
	const char *kernel,
	    *initrd; /* absolute paths of a direct boot, or NULL */
	const char *cmdline; /* the kernel's, NULL without a kernel */
	bool no_9p; /* its kernel lacks 9p */
};

/*
 * The image that a Machinefile names by address and digest; false if it names
 * an alias. Whether its arch is the host's is for the caller to see. Nothing
 * is known of its kernel: one without 9p cannot have the project's directory.
 */
bool image_from_machinefile(struct image *out, const struct machinefile *mf);

/* The user's `images:` entry under this alias, if there is one. */
bool image_from_config(struct image *out, const struct config *c,
    const char *alias, const char *arch);

/* The kernel's command line for a disk without partitions, like our own. */
const char *image_default_cmdline(const char *arch) nonnull_ret;

/*
 * The first entry for this architecture that has an https location and a
 * digest, from the text of Lima's template templates/_images/ALIAS.yaml
 * (a mapping whose key `images` lists {location, arch, digest}). false with
 * the reason in *d.
 *
 * Entries that a machine could not use are passed over: a location that moves
 * (no digest), a kernel to be downloaded, another variant of the architecture.
 */
bool image_from_template(struct image *out, struct arena *a, const char *alias,
    const char *arch, const char *text, size_t len, struct diags *d) must_check;

#endif

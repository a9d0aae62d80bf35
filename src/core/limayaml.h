#ifndef CORE_LIMAYAML_H
#define CORE_LIMAYAML_H

#include "base/json.h"
#include "core/image.h"
#include "core/machinefile.h"
#include "core/storage.h"

/*
 * The instance configuration that Lima is given (lima.yaml, written as JSON,
 * which is YAML). Made from typed values only: no text of a Machinefile passes
 * through but the places of mounts, which limayaml_mount_refused() has judged.
 * The only place with Lima's vocabulary in core.
 *
 * What limayaml_root_refused() or limayaml_mount_refused() has a word against
 * aborts, and so does a mount that has not been resolved.
 *
 * Keys and their meaning: lima templates/default.yaml, v2.2.0.
 */
struct lima_machine {
	const struct machinefile *mf;
	const struct image *image;
	/* The project's directory, at the same path there; NULL: no mounts. */
	const char *root;
	/* What mf->mounts[i].from leads to: absolute, without links. */
	const char *const *mounts;
	enum vm_type vm_type;
	const struct storage *storage; /* or NULL: no volumes */
};
struct json *limayaml_make(const struct lima_machine *m) must_check nonnull_ret;

/*
 * Why the directory `from` of the host cannot be at `to` in the machine of the
 * project at root, in words that follow "FROM at TO: ", or NULL if it can. That
 * it may be shared at all is for place_host_refused() to say. home is that of
 * the guest, or NULL where it is not known.
 */
const char *limayaml_mount_refused(
    const char *from, const char *to, const char *root, const char *home);

/*
 * Why no machine can have this directory, in words that follow "PATH: ", or
 * NULL if it can.
 */
const char *limayaml_root_refused(const char *root);

#endif

#ifndef CORE_LIMAYAML_H
#define CORE_LIMAYAML_H

#include "base/json.h"
#include "core/image.h"
#include "core/machinefile.h"

/*
 * The instance configuration that Lima is given (lima.yaml, written as JSON,
 * which is YAML). Made from typed values only: no text of a Machinefile passes
 * through. The only place with Lima's vocabulary in core.
 *
 * root is the project's directory, mounted writable at the same path; one that
 * limayaml_root_refused() has a word against aborts.
 *
 * Keys and their meaning: lima templates/default.yaml, v2.2.0.
 */
struct json *limayaml(const struct machinefile *mf, const struct image *image,
    const char *root) must_check nonnull_ret;

/*
 * Why no machine can have this directory, in words that follow "PATH: ", or
 * NULL if it can. Lima expands "{{" in it, and writes it without quotes into
 * the guest's configuration (cidata.TEMPLATE.d/user-data), where it would then
 * be read as YAML and as a line of fstab.
 */
const char *limayaml_root_refused(const char *root);

static inline bool
limayaml_root_ok(const char *root)
{
	return !limayaml_root_refused(root);
}

#endif

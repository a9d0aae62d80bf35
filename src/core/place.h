#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include "base/buf.h"
#include "core/yaml.h"

/*
 * Paths as a Machinefile may name them, judged by their text alone: nothing
 * here looks at a file system. Each function gives the reason against a path
 * in words that follow "PATH ", or NULL if there is none.
 */
#define PLACE_MAX 1024 /* bytes; macOS's PATH_MAX */

/*
 * A path in the project, without a leading "./" and the like: *out is the
 * normalised form, in the arena. Only its directory itself is "." there, and
 * that is refused.
 */
const char *place_inside(struct arena *a, const char *path, const char **out);

/*
 * A normalised path in the project that the guest is to have for itself: host
 * and guest must see the same repository.
 */
const char *place_private_refused(const char *path);

/* A path of the guest at which a directory or disk may appear. */
const char *place_guest_refused(const char *path);

/*
 * A directory of the host that a machine may never see, whatever the user
 * says. `path` is absolute and resolved, or begins with "~/" as `home` is "~":
 * the parser asks with the text and the host asks again with what it leads to.
 */
const char *place_host_refused(const char *path, const char *home);

/* Is `path` the same as `dir`, or in it, by name? Both without final slash. */
bool place_is_within(const char *path, const char *dir);

/*
 * In words that follow "PATH: " and begin with "its path".
 *
 * Lima expands "{{" in a path, and writes it without quotes into the guest's
 * configuration (cidata.TEMPLATE.d/user-data), where it would then be read as
 * YAML and as a line of fstab.
 */
const char *place_text_refused(const char *path);

/*
 * Append what is refused by name as a regular expression, to stand at the
 * beginning of one: "(?!...)".
 */
void place_guest_pattern(struct buf *out);
void place_host_pattern(struct buf *out);

/* Directories that Lima mounts nothing on (limayaml/validate.go). */
bool place_is_system(const char *path);

#endif

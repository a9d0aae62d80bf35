#ifndef HOST_IMAGE_STORE_H
#define HOST_IMAGE_STORE_H

#include "core/image.h"
#include "host/lima.h"

/*
 * Images of the user's own, which `machine image import` has copied, each in
 * data/images/ALIAS:
 *
 *	disk.qcow2	one file that rests on no other
 *	kernel, initrd	of a direct boot, or not there
 *	source		where it was copied from, for people
 *
 *  1. An image MUST be there whole or not at all, the old one or the new one.
 *  2. A disk that leads to other files of the host MUST be refused; nothing but
 *     qcow2 and raw is taken, and what it is, its first bytes say.
 */
struct image_import {
	const char *alias; /* word_alias */
	const char *file, *kernel, *initrd; /* the last two may be NULL */
	const char *digest; /* "sha256:..." of the file, or NULL */
};

int image_store_import(const struct lima *l, const struct image_import *i,
    struct err *e) must_check;

/* Is there one of this alias? The strings are the arena's. */
bool image_store_find(const struct paths *p, const char *alias,
    const char *arch, struct arena *a, struct image *out);
bool image_store_has(const struct paths *p, const char *alias);

struct image_info {
	const char *alias;
	const char *source; /* NULL if that is not known */
	uint64_t apparent, on_disk; /* bytes: in the guest, and of its files */
	int64_t made; /* seconds since the epoch */
};

/* Each, in the order of aliases; as layer_each(). */
int image_store_each(const struct paths *p,
    int (*each)(const struct image_info *i, void *arg, struct err *e),
    void *arg, struct err *e) must_check;

#endif

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
 *	GOLDEN   the image: what it is, not the alias it was found by
 *	PROJECT  GOLDEN and the disk; provision steps are compared one by one,
 *	         see currency_step()
 *	SESSION  cpus, memory, ports (as a set): what a restart applies
 *
 * name, env and the labels of ports are in none of them: they take effect at
 * once. The text is unambiguous: each field is `KEY LENGTH:BYTES` on a line of
 * its own, or `KEY -` where there is none. Changing what is in it means
 * counting its first line's version up.
 */
enum layer { LAYER_GOLDEN, LAYER_PROJECT, LAYER_SESSION };

/* Append the canonical text of a layer. */
void currency_text(struct buf *out, enum layer layer,
    const struct machinefile *mf, const struct image *image);

/* XXH3-128 of that text. */
void currency(enum layer layer, const struct machinefile *mf,
    const struct image *image, char hex[HASH_XXH128_HEX + 1]);

/* XXH3-128 of one provision step: who runs what. Its name does not count. */
void currency_step(const struct step *step, char hex[HASH_XXH128_HEX + 1]);

#endif

#ifndef CMD_DISPLAY_H
#define CMD_DISPLAY_H

#include "core/machinefile.h"
#include "host/snapshot.h"

/*
 * What a Machinefile asks for, for a person who decides about it: a line per
 * capability, with "!" on what is new or wider than in `before` (NULL: nothing
 * was approved yet). To stderr, like everything for people.
 */
void display_capabilities(
    const struct machinefile *mf, const struct machinefile *before);

/*
 * One file of a snapshot: what the repository says of it, its difference from
 * what was approved (`before`) or its whole text (NULL), with what is not
 * printable made visible; or that it is as it was approved. self is our own
 * program.
 */
void display_file(const char *self, const char *root,
    const struct snapshot_file *now, const struct snapshot_file *before);

#endif

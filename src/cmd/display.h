#ifndef CMD_DISPLAY_H
#define CMD_DISPLAY_H

#include "core/machinefile.h"

/*
 * What a Machinefile asks for, for a person who decides about it: a line per
 * capability, with "!" on what is new or wider than in `before` (NULL: nothing
 * was approved yet). To stderr, like everything for people.
 */
void display_capabilities(
    const struct machinefile *mf, const struct machinefile *before);

/* The text itself, line by line, what is not printable made visible. */
void display_text(const char *text, size_t len);

#endif

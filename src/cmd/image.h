#ifndef CMD_IMAGE_H
#define CMD_IMAGE_H

#include "cmd/cmd.h"
#include "cmd/columns.h"

/* What the parts of `machine image` share. */

/* As people see the name of a layer: enough of it to tell it from others. */
struct short_name {
	char s[16];
};
struct short_name image_short_name(const char *layer);
/* "base", "golden", "project". */
const char *image_kind(const char *layer) nonnull_ret;

int image_list(struct ctx *cx, int argc, char **argv, struct err *e);

#endif

#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include "core/config.h"
#include "core/machinefile.h"
#include "host/paths.h"

/*
 * The user's config.yaml, or the defaults if there is none. NULL with every
 * complaint of the file in *e.
 */
struct config *settings_load(const struct paths *p, struct err *e) must_check;

/* What this host and its user permit. */
struct limits settings_limits(const struct config *c);

/* Every complaint as "path:line:column: text", one per line, into *e. */
int settings_complain(struct err *e, const char *path, const struct diags *d);

#endif

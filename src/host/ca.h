#ifndef HOST_CA_H
#define HOST_CA_H

#include "base/arena.h"
#include "base/err.h"
#include "core/machinefile.h"

/*
 * The certificate authorities that were added to this host, for guests that are
 * to trust them (`ca_certificates: host`): behind a gateway that ends TLS they
 * could fetch nothing otherwise. Only certificates come out, whatever else is
 * in those files.
 */
#define CA_FILE_MAX (256u << 10) /* bytes of one file */
#define CA_FILES_MAX 256
#define CA_CERTIFICATES_MAX 256
#define CA_DEPTH_MAX 4 /* directories in directories */

/*
 * Append them all, each once, in an order that their bytes alone decide;
 * nothing if there are none. A file without one is passed over; one that is cut
 * off or no certificate is an error, since the guest would not trust what the
 * host does.
 */
int ca_text(struct buf *out, struct err *e) must_check;

/* The same from these directories (NULL-terminated), which may be missing. */
int ca_collect(
    const char *const *dirs, struct buf *out, struct err *e) must_check;

/*
 * What a bake runs, as root, before all else, so that a guest trusts those of
 * ca_text(). In the arena.
 */
const struct step *ca_step(const char *text, struct arena *a) nonnull_ret;

#endif

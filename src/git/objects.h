#ifndef GIT_OBJECTS_H
#define GIT_OBJECTS_H

#include "base/buf.h"
#include "base/err.h"

/*
 * The objects of one repository, read with libgit2: its two object backends
 * alone, on a directory that place.h has looked at. No repository is opened,
 * so there is no configuration, no alternates, no work tree, no filter, no
 * attribute and no transport. What an object says is bound to its name: the
 * library hashes it (strict hash verification).
 */
#define ID_SIZE 20
#define ID_HEX 40

struct id {
	unsigned char raw[ID_SIZE];
};

enum object_kind { OBJECT_COMMIT, OBJECT_TREE, OBJECT_BLOB };

/* Who wrote a commit. The strings are of others, and malloc'ed. */
struct signature {
	char *name, *email;
	int64_t time; /* seconds since the epoch */
	int offset; /* minutes east of UTC */
};

struct objects;

/* Start the library, without any file of the user's or the system's. */
int objects_init(struct err *e) must_check;

/* The descriptor becomes the current directory. */
struct objects *objects_open(int dirfd, struct err *e) must_check;
void objects_free(struct objects *o);

/*
 * The content of an object of this kind and of at most max bytes. -1 with
 * e->sys ENOENT if it is not there.
 */
int objects_read(struct objects *o, const struct id *id, enum object_kind kind,
    size_t max, struct buf *content, struct err *e) must_check;

/* The name that these bytes have as a blob. */
int objects_blob_id(
    struct id *id, const char *data, size_t len, struct err *e) must_check;

/* "Name <address> seconds zone", as in a commit. */
int signature_parse(
    struct signature *s, const char *text, struct err *e) must_check;
void signature_release(struct signature *s);

bool id_same(const struct id *a, const struct id *b);
/* false if these are not ID_HEX lower-case digits. */
bool id_from_hex(struct id *id, const char *hex);
void id_to_hex(const struct id *id, char hex[ID_HEX + 1]);

CLEANUP_DEFINE(objects, struct objects *, objects_free(*p));
CLEANUP_DEFINE(signature, struct signature, signature_release(p));

#endif

#ifndef HOST_SNAPSHOT_H
#define HOST_SNAPSHOT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

/*
 * The bytes that a decision is about: the Machinefile, every file that it
 * runs, and Machinefile.lock where there is one. Each is opened once beneath
 * the project (through no symbolic link, on no other device) and read once;
 * what is displayed, approved, hashed, stored and run in the VM is this copy.
 */
#define SNAPSHOT_FILES_MAX 66 /* Machinefile, its lock, 64 provision steps */
#define SNAPSHOT_FILE_MAX (256u << 10) /* bytes */
#define SNAPSHOT_MAX (1u << 20) /* bytes of all of them */
#define SNAPSHOT_LOCK "Machinefile.lock"

struct snapshot_file {
	char *name; /* relative to the root */
	char *bytes;
	size_t len;
};

struct snapshot {
	struct snapshot_file files[SNAPSHOT_FILES_MAX];
	size_t n; /* the first is the Machinefile */
};

/*
 * Take in the Machinefile's bytes, which have been read already, then the lock
 * if there is one, then these files (NULL-terminated, relative, without "..").
 * An error names the file.
 */
int snapshot_read(struct snapshot *s, const char *root, const char *text,
    size_t len, const char *const *paths, struct err *e) must_check;

const struct snapshot_file *snapshot_find(
    const struct snapshot *s, const char *name);

/* The name of the first file that differs or is in one only; NULL: equal. */
const char *snapshot_difference(
    const struct snapshot *a, const struct snapshot *b);

/* Append the stored form; read it back. The text stays the caller's. */
void snapshot_write(struct buf *out, const struct snapshot *s);
int snapshot_parse(
    struct snapshot *s, const char *text, size_t len, struct err *e) must_check;

/* SHA-256 of the stored form: what `status` shows and `--hash` takes. */
void snapshot_hash(const struct snapshot *s, char hex[HASH_SHA256_HEX + 1]);

void snapshot_release(struct snapshot *s);

CLEANUP_DEFINE(snapshot, struct snapshot, snapshot_release(p));

#endif

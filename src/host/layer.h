#ifndef HOST_LAYER_H
#define HOST_LAYER_H

#include <time.h>

#include "base/buf.h"
#include "base/hash.h"
#include "host/paths.h"

/*
 * The disks that VMs are made of, in data/layers/NAME:
 *
 *	disk.qcow2	base: a whole disk; others: what differs from the parent
 *	text		exactly what it was made from (core/currency.h)
 *	record.json	struct layer_record
 *	kernel, modules.cpio	of a base: for a direct boot
 *
 * base <- golden (packages, tools) <- project (provision steps) <- the session
 * disk, which is not here but in the instance's directory. NAME is a letter and
 * the XXH3-128 of the text, with a suffix where another text has it already.
 *
 *  1. A layer MUST NOT change, once it is there: others stand on it.
 *  2. It MUST come to be there whole or not at all: it is made as NAME.new
 *     under the lock NAME.lock and renamed when all of it is on the disk.
 *  3. The hash finds it; that the text is the same MUST decide.
 *  4. One that something stands on, or that a project's record names, MUST
 *     NOT be removed.
 */
enum layer_kind { KIND_BASE, KIND_GOLDEN, KIND_PROJECT };

#define LAYER_NAME_MAX (2 + HASH_XXH128_HEX + 2)

struct layer_record {
	char parent[LAYER_NAME_MAX + 1]; /* "" for a base */
	char *image; /* where the base came from, for people */
	/*
	 * The kernel's command line for a direct boot of kernel and
	 * modules.cpio; NULL: the distribution boots by itself.
	 */
	char *cmdline;
	char *why; /* why not directly, or NULL */
	char *project; /* whose steps, or for whom it was made first */
	int64_t made; /* seconds since the epoch */
};

void layer_record_release(struct layer_record *r);
/* For layer.c: the file record.json, and that there is a disk beside it. */
int layer_record_read(
    struct layer_record *r, const char *dir, struct err *e) must_check;
int layer_record_write(
    const struct layer_record *r, int dir, struct err *e) must_check;
bool layer_is_name(const char *name);

struct layer {
	char name[LAYER_NAME_MAX + 1];
	char *dir; /* where it is, or will be */
	bool exists;
	struct layer_record record; /* if it exists */
};

/* A layer made from this text, or the name that it would get. */
int layer_find(struct layer *l, const struct paths *p, enum layer_kind kind,
    const struct buf *text, struct err *e) must_check;
/* One by its name, e.g. a parent; that it is not there is an error. */
int layer_open(struct layer *l, const struct paths *p, const char *name,
    struct err *e) must_check;
void layer_release(struct layer *l);
CLEANUP_DEFINE(layer, struct layer, layer_release(p));

enum layer_kind layer_kind_of(const char *name);

/* "DIR/file", malloc'ed. */
char *layer_path(
    const struct layer *l, const char *file) must_check nonnull_ret;

/*
 * Building. The lock's descriptor is for the caller to close; -1 with e->sys
 * EWOULDBLOCK if somebody else builds it: layer_wait(), then look again.
 */
int layer_lock(const struct layer *l, struct err *e) must_check;
/* 0: nobody builds it (any more), 1: time is up. */
int layer_wait(const struct layer *l, int timeout_ms, struct err *e) must_check;
/* An empty directory to build it in; its path, malloc'ed. */
char *layer_begin(const struct layer *l, struct err *e) must_check;
/* All is in place: from now on it is a layer. Takes over *record. */
int layer_commit(struct layer *l, struct layer_record *record,
    const struct buf *text, struct err *e) must_check;
/* Forget what was built so far. */
void layer_abandon(const struct layer *l);

/* It cannot be booted directly after all, says the guest. */
int layer_demote(struct layer *l, const char *why, struct err *e) must_check;

/*
 * While this descriptor is open it is not removed; the caller closes it. That
 * it has gone just now is no error: l does not exist any more.
 */
int layer_hold(struct layer *l, struct err *e) must_check;

/* Somebody starts on it: for "last use". */
void layer_touch(const struct layer *l);
time_t layer_last_use(const struct layer *l);

/* Every layer, in the order of names. */
int layer_each(const struct paths *p,
    int (*each)(const struct layer *l, void *arg, struct err *e), void *arg,
    struct err *e) must_check;

/*
 * Take one away that nobody uses; who does is for the caller to know
 * (layer_use.h), and is asked once more when nothing new can stand on it. 1: it
 * is in use, held, or being made, and stays.
 */
typedef bool layer_used_fn(const char *name, void *arg);
int layer_remove(const struct paths *p, const char *name, layer_used_fn *used,
    void *arg, struct err *e) must_check;

/* Remove what builders that died have left; what is being built stays. */
int layer_sweep(const struct paths *p, struct err *e) must_check;

#endif

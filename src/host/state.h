#ifndef HOST_STATE_H
#define HOST_STATE_H

#include "base/err.h"
#include "base/hash.h"
#include "host/paths.h"

/*
 * What we keep about one project, in the private directory state/projects/ID:
 *
 *	root		the project's canonical path; it is the identity
 *	trust		the user's decision and the approved bytes (trust.h)
 *	record.json	what the VM was made from (below)
 *	lock		held by whoever changes the VM
 *	lima.json	the configuration given to Lima
 *	stage		what the holder of the lock is doing, for those who wait
 *	failure		why the last attempt to start failed
 *	engine.log provision.log start.log
 *
 * ID is the XXH3-64 of the path, with a suffix if another path has it already.
 */
#define STATE_ID_MAX (HASH_XXH64_HEX + 3)

struct state {
	int fd; /* the directory; -1: we know nothing of this project */
	char id[STATE_ID_MAX + 1];
};
#define STATE_INIT       \
	{                \
		.fd = -1 \
	}

/* With make, a directory is made for a project that has none. */
int state_open(struct state *s, const struct paths *p, const char *root,
    bool make, struct err *e) must_check;
void state_release(struct state *s);

/*
 * The project that an ID is of, for people; malloc'ed, or NULL if it is none.
 */
char *state_root(const struct paths *p, const char *id);

CLEANUP_DEFINE(state, struct state, state_release(p));

/*
 * Call back for every project, in no special order; the state is closed
 * afterwards. Stops at the first call that returns non-zero, with its value.
 */
int state_each(const struct paths *p,
    int (*each)(struct state *s, const char *root, void *arg, struct err *e),
    void *arg, struct err *e) must_check;

/* The record of the VM: what it was made from. */
struct record {
	char *image; /* where its image came from, for people */
	char *digest; /* the image's, or NULL */
	char *parent; /* the layer that the project's steps stand on */
	char
	    *layer; /* what the session disk stands on: it, or one with steps */
	char session[HASH_XXH128_HEX + 1]; /* what it was last started with */
	/* Of the session disk, currency_step(): steps that have run in it, */
	char (*steps)[HASH_XXH128_HEX + 1];
	size_t nsteps;
	/* and those of them that run on a change, in no special order. */
	char (*changes)[HASH_XXH128_HEX + 1];
	size_t nchanges;
	char verified[HASH_XXH128_HEX + 1]; /* what Lima has understood */
	char applied[HASH_SHA256_HEX + 1]; /* the snapshot that is in force */
	char ready[48]; /* the boot that has become ready (vm.c); "" if none */
	int failed_step; /* 1-based; 0: the last provisioning did not fail */
	int failed_status;
	char attempted[HASH_SHA256_HEX + 1]; /* the snapshot that failed */
};

/* No record is an empty one; a damaged one is an error. */
int record_load(
    struct record *r, const struct state *s, struct err *e) must_check;
int record_save(
    const struct record *r, const struct state *s, struct err *e) must_check;
int record_remove(const struct state *s, struct err *e) must_check;
void record_release(struct record *r);

void record_add_step(struct record *r, const char *id);
void record_add_change(struct record *r, const char *id);
/* The disk is another one: no step has run in it. */
void record_forget_steps(struct record *r);

/* The text form, for record_load() and its fuzz target. */
int record_parse(
    struct record *r, const char *text, size_t len, struct err *e) must_check;

CLEANUP_DEFINE(record, struct record, record_release(p));

#endif

#ifndef HOST_DECISION_H
#define HOST_DECISION_H

#include "host/snapshot.h"
#include "host/state.h"

/*
 * The stored form of the user's decision about one project: the file `trust`
 * in its state directory. A magic line, "allow" or "deny", the path, and the
 * snapshot that was approved. For trust.c only.
 */
struct decision {
	bool allow;
	const char *root; /* in the text that it was read from */
	struct snapshot snapshot; /* of its own; empty for a denial */
};

/* Cuts `text` in place. decision_release() is the caller's after success. */
int decision_parse(
    struct decision *d, char *text, size_t len, struct err *e) must_check;
void decision_release(struct decision *d);

CLEANUP_DEFINE(decision, struct decision, decision_release(p));

/*
 * *text (malloc'ed, the caller's) holds what *d points to; NULL: no decision. A
 * record about another path than root is damaged.
 */
int decision_load(struct decision *d, char **text, const struct state *s,
    const char *root, struct err *e) must_check;

/* `allowed` NULL: a denial. */
int decision_save(const struct state *s, const char *root,
    const struct snapshot *allowed, struct err *e) must_check;
int decision_remove(const struct state *s, struct err *e) must_check;

#endif

#ifndef HOST_TRUST_H
#define HOST_TRUST_H

#include "base/buf.h"
#include "base/hash.h"
#include "core/machinefile.h"
#include "host/paths.h"
#include "host/project.h"
#include "host/snapshot.h"

/*
 * The user's decision about one snapshot at one path: the Machinefile and the
 * files that it runs.
 *
 *  1. What was approved MUST be compared byte by byte with a stored copy; no
 *     hash decides.
 *  2. A decision MUST be bound to the canonical path as well as to the bytes.
 *  3. A denial MUST hold for the path whatever the bytes, until `allow`.
 *  4. Everything that acts MUST act on the stored bytes, never on the file.
 *  5. Only a person's `machine allow` or `deny` may write a decision.
 */
enum trust_state {
	TRUST_NONE, /* no decision yet */
	TRUST_DENIED,
	TRUST_ALLOWED,
	TRUST_CHANGED, /* allowed, but a file has other bytes now, or is gone */
	TRUST_GONE /* allowed, but there is no Machinefile that can be read */
};

/*
 * Proof that the user approved a Machinefile at this path. trust_check() is
 * the only way to obtain one, and everything that can make a machine do
 * something (vm.h, guest.h) asks for one. Forgetting the check is therefore a
 * type error, not a vulnerability.
 */
struct trusted;

/*
 * The state of things. *t is set for TRUST_ALLOWED, TRUST_CHANGED and
 * TRUST_GONE and owned by the caller. -1 for a damaged store, or an approved
 * Machinefile that asks for more than `limits` permits today.
 */
int trust_check(const struct project *p, const struct paths *paths,
    const struct limits *limits, enum trust_state *state, struct trusted **t,
    struct err *e) must_check;
/* Is this still what is approved? */
bool trust_stands(const struct trusted *t, const struct paths *paths);
void trusted_free(struct trusted *t);

const struct machinefile *trusted_machinefile(const struct trusted *t);
const char *trusted_root(const struct trusted *t);
const char *trusted_name(const struct trusted *t); /* the machine's */
/* SHA-256 of the approved bytes: what `allow --hash` takes. */
const char *trusted_hash(const struct trusted *t);
/* All files still have these bytes: new things may be started. */
bool trusted_current(const struct trusted *t);
/* If not: the name of the first that has not. */
const char *trusted_changed(const struct trusted *t);
/* The approved bytes of a file that the Machinefile runs. */
const struct snapshot *trusted_snapshot(const struct trusted *t);

/* "is not allowed yet: read it, then type: machine allow" and the like. */
const char *trust_why_not(enum trust_state state);

/* Record the user's decision. Never called on our own account. */
int trust_allow(const char *root, const struct snapshot *s,
    const struct paths *paths, struct err *e) must_check;
int trust_deny(
    const char *root, const struct paths *paths, struct err *e) must_check;

/* Forget the decision, as if there had been none. */
int trust_revoke(
    const char *root, const struct paths *paths, struct err *e) must_check;

/* The bytes that were approved, if any: then true. */
bool trust_approved(
    const char *root, const struct paths *paths, struct snapshot *s);

/*
 * The files as they are now: what there is to approve. *mf is what they say.
 * An error names every complaint.
 */
int trust_candidate(const struct project *p, const struct limits *limits,
    struct snapshot *s, struct machinefile **mf, struct err *e) must_check;

/*
 * Every decision there is, in the order of the paths: TRUST_ALLOWED or
 * TRUST_DENIED, or TRUST_NONE for one that is damaged. The files are not
 * looked at. Stops at the first call that returns non-zero, with its value.
 */
int trust_each(const struct paths *paths,
    int (*each)(
	const char *root, enum trust_state what, void *arg, struct err *e),
    void *arg, struct err *e) must_check;

/*
 * The canonical roots of all projects with an approval, one per line: the
 * hooks and project_find() must know a project whose Machinefile was deleted.
 */
char *trust_roots(const struct paths *paths, struct err *e) must_check;
char *trust_roots_path(const struct paths *paths) must_check nonnull_ret;

CLEANUP_DEFINE(trusted, struct trusted *, trusted_free(*p));

#endif

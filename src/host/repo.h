#ifndef HOST_REPO_H
#define HOST_REPO_H

#include "base/buf.h"
#include "base/err.h"

/*
 * What the repository that a project lies in says about a file, and how two
 * texts differ: asked of machine-git, a program of its own with little time
 * (machine_git.c says why).
 *
 *  1. Nothing of it decides anything. Whoever made the repository chose every
 *     word of it, author and date too: it is for a person to read.
 *  2. All text that comes back is of others and MUST be shown through
 *     msg_scrub() (base/msg.h), as msg_plain() does.
 *  3. A failure is no reason to refuse anything. Say "no provenance: REASON".
 */
#define REPO_SECONDS 2 /* at most, for each call */
#define REPO_HEX 40 /* digits of a commit's name */
#define REPO_TEXT 256 /* what a name takes at most, with its NUL */
#define REPO_LINES 2000 /* of a difference, at most */

/* The file in the work tree, compared with the last commit byte by byte. */
enum repo_state {
	REPO_UNTRACKED, /* not in the commit */
	REPO_MODIFIED, /* other bytes */
	REPO_CLEAN /* these bytes */
};

struct provenance {
	bool repository; /* false: there is none, and nothing below counts */
	char branch[REPO_TEXT]; /* "": HEAD is detached */
	char commit[REPO_HEX + 1]; /* of HEAD; "": there is no commit yet */
	enum repo_state state;
	bool changed_known; /* the commit that last changed the file */
	char changed[REPO_HEX + 1];
	char name[REPO_TEXT], email[REPO_TEXT]; /* its author's; may be "" */
	int64_t time; /* seconds since the epoch; 0 if it makes no sense */
	int offset; /* minutes east of UTC */
};

/*
 * About the file `name` below `root` (canonical), which has these bytes.
 * `self` is our own program: machine-git is beside it or in
 * ../libexec/machine.
 */
int repo_provenance(const char *self, const char *root, const char *name,
    const char *bytes, size_t len, struct provenance *out,
    struct err *e) must_check;

/*
 * Append the unified difference (three lines of context): lines with their
 * first character ("@", " ", "+", "-" or "\"), each with a newline behind it.
 * Nothing if the texts are equal. *truncated if it is not all of it: then the
 * whole text is to be shown.
 */
int repo_diff(const char *self, const char *before, size_t nbefore,
    const char *after, size_t nafter, struct buf *lines, bool *truncated,
    struct err *e) must_check;

/* machine-git's answers, for tests and the fuzz target. */
int provenance_parse(struct provenance *out, const char *text, size_t len,
    struct err *e) must_check;
int diff_parse(struct buf *lines, bool *truncated, const char *text, size_t len,
    struct err *e) must_check;

#endif

#ifndef GIT_HEAD_H
#define GIT_HEAD_H

#include "base/err.h"

#define OBJECT_HEX 40 /* digits of an object's name: SHA-1 */

/*
 * What HEAD says (gitrepository-layout(5)): a branch, a commit, or both. Read
 * by ourselves, from loose references and packed-refs, with bounds and
 * following no link, so that no library has to open the repository.
 */
struct head {
	char *branch; /* without refs/heads/; NULL: detached */
	char commit[OBJECT_HEX + 1]; /* "": the branch has no commit yet */
};

int head_read(struct head *h, int git, struct err *e) must_check;
void head_release(struct head *h);

CLEANUP_DEFINE(head, struct head, head_release(p));

#endif

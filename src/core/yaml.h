#ifndef CORE_YAML_H
#define CORE_YAML_H

#include "base/arena.h"
#include "core/diag.h"

/*
 * The part of YAML our files may use: one document of mappings, sequences and
 * scalars, in UTF-8. Anchors, aliases, tags, directives and merge keys are
 * refused rather than supported: a reviewer must be able to read what a file
 * does top to bottom. So are characters that do not show what they are, also
 * in comments and also where an escape would produce them.
 *
 * The limits bound the time that a hostile file can take; a file past the
 * first three is not read any further.
 *
 * The only module that knows libyaml.
 */
#define YAML_MAX (256u << 10) /* bytes of a file */
#define YAML_DEPTH_MAX 16 /* mappings and sequences inside each other */
#define YAML_NODES_MAX 10000 /* values and keys */
#define YAML_SCALAR_MAX (64u << 10) /* bytes of a value */
#define YAML_KEY_MAX 64 /* bytes of a key; keys are ASCII */

enum ykind {
	Y_SCALAR,
	Y_SEQ,
	Y_MAP,
	Y_BAD /* already complained about: say nothing, read nothing */
};

struct ynode {
	enum ykind kind;
	unsigned line, column;
	bool quoted; /* a scalar written in quotes or as a block is text */
	bool lines; /* a scalar with a newline or a tab in it */
	const char *str; /* Y_SCALAR; without NUL bytes */
	struct ynode *key; /* set on the values of a Y_MAP; a one-line scalar */
	struct ynode *first; /* children of a Y_SEQ or Y_MAP, in order */
	struct ynode *next;
};

/*
 * The root, which lives as long as *a; that of an empty file (or one with
 * nothing but comments) is an empty Y_MAP. NULL if reading had to stop: the
 * reason is in *d. A tree that is returned may have complaints in *d as well,
 * so the caller adds its own and then looks at d->count. Of several values
 * with one key all but the first are Y_BAD.
 */
struct ynode *yaml_parse(
    struct arena *a, const char *text, size_t len, struct diags *d) must_check;

#endif

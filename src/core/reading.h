#ifndef CORE_READING_H
#define CORE_READING_H

#include "core/schema.h"
#include "core/yaml.h"

/*
 * From YAML nodes to checked values, for every file of ours. Each function
 * complains at the place of the node, with the key in front, and returns
 * false; the caller goes on with the next one.
 */
#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define TiB (UINT64_C(1) << 40)

struct reading;
typedef void reading_fn(struct reading *r, const struct ynode *n);

struct reading {
	struct arena *arena;
	struct diags *d;
	const struct schema_key *keys; /* the file's table ... */
	size_t nkeys;
	reading_fn *const
	    *readers; /* ... and what reads them; NULL: reserved */
	const struct schema_key *key; /* the one that is being read */
	void *to; /* the readers' own */
};

void reading_refuse(struct reading *r, const struct ynode *n, const char *fmt,
    ...) printf_like(3, 4);

bool reading_expect(
    struct reading *r, const struct ynode *n, enum ykind kind) must_check;

/*
 * Give every value of a map to the reader of its key. Returns the keys that
 * were there, as a set of bits at their places in the table.
 */
uint64_t reading_map(
    struct reading *r, const struct ynode *n, const char *parent);

/* How many entries a map or list has; false if they are more than max. */
bool reading_count(struct reading *r, const struct ynode *n, size_t max,
    size_t *count) must_check;

/* Decimal digits without sign, leading zero or quotes, from min to max. */
bool reading_number(struct reading *r, const struct ynode *n, uint64_t min,
    uint64_t max, uint64_t *out) must_check;

/* 512MiB, 4GiB, 1TiB; at least min. The upper limit is the caller's. */
bool reading_size(
    struct reading *r, const struct ynode *n, uint64_t min, uint64_t *out);

/* The spelling that people use for a size: with the largest unit. */
struct size_text {
	char s[24];
};
struct size_text size_show(uint64_t bytes);

/* Any text of one line and at most max bytes; empty only in quotes. */
bool reading_text(
    struct reading *r, const struct ynode *n, size_t max, const char **out);

/* What a word may be made of. */
struct word {
	const char *first, *rest; /* characters */
	size_t max; /* bytes */
	const char *is; /* "a name: use ..." */
};
bool word_ok(const struct word *w, const char *s) must_check;
bool reading_word(struct reading *r, const struct ynode *n,
    const struct word *w, const char **out);

/* One of a NULL-terminated list; *out is its index. */
bool reading_choice(struct reading *r, const struct ynode *n,
    const char *const *choices, size_t *out) must_check;

extern const struct word word_alias; /* of an image */

#endif

#ifndef CORE_READING_H
#define CORE_READING_H

#include "core/place.h"
#include "core/schema.h"
#include "core/word.h"
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
	uint64_t stated; /* those that the file has, as reading_map() says */
	void *to; /* the readers' own */
};

void reading_refuse(struct reading *r, const struct ynode *n, const char *fmt,
    ...) printf_like(3, 4);

bool reading_expect(
    struct reading *r, const struct ynode *n, enum ykind kind) must_check;

/*
 * Give every value of a map to the reader of its key, and complain of what is
 * required and missing. Returns the keys that were there, as a set of bits at
 * their places in the table.
 */
uint64_t reading_map(
    struct reading *r, const struct ynode *n, const char *parent);

/*
 * It is a map or list as the key's row wants one, with no more entries than
 * that says: how many.
 */
bool reading_entries(struct reading *r, const struct ynode *n, enum ykind kind,
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
/* About so much, for tables: "1.5GiB", "12MiB", "512B". */
struct size_text size_about(uint64_t bytes);

/* Any text of one line and at most max bytes; empty only in quotes. */
bool reading_text(
    struct reading *r, const struct ynode *n, size_t max, const char **out);

/* 30s, 5m, 2h; as seconds, from min to max seconds. */
bool reading_duration(struct reading *r, const struct ynode *n, uint64_t min,
    uint64_t max, uint64_t *out) must_check;

bool reading_word(struct reading *r, const struct ynode *n,
    const struct word *w, const char **out);

/* A path in the project, normalised. */
bool reading_inside(struct reading *r, const struct ynode *n, const char **out);

/* An absolute path of the guest. */
bool reading_guest_path(
    struct reading *r, const struct ynode *n, const char **out);

/*
 * The entries of a list of single values, each read by `one`; those that are
 * there twice are refused. What is good is in *out.
 */
typedef bool reading_one_fn(
    struct reading *r, const struct ynode *n, const char **out);
void reading_set(struct reading *r, const struct ynode *n, reading_one_fn *one,
    const char *const **out, size_t *count);

/* Is this name one that is known? If not, the nearest one is named. */
bool reading_known(struct reading *r, const struct ynode *n,
    const char *const *known) must_check;

/* One of a NULL-terminated list; *out is its index. */
bool reading_choice(struct reading *r, const struct ynode *n,
    const char *const *choices, size_t *out) must_check;

#endif

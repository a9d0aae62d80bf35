#include "core/schema.h"

const char *
schema_last(const char *path, const char *parent)
{
	size_t len = strlen(parent);

	if (len) {
		if (strncmp(path, parent, len) != 0 || path[len] != '.')
			return NULL;
		path += len + 1;
	}
	return strchr(path, '.') ? NULL : path;
}

const struct schema_key *
schema_find(const struct schema_key *keys, size_t n, const char *parent,
    const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const char *last = schema_last(keys[i].path, parent);

		if (last && strcmp(last, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#define WORD_MAX 24 /* of ours; what is longer than that is no slip */

static unsigned
min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements, and swaps of neighbours: 1 each. */
static unsigned
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[3][WORD_MAX + 1];
	unsigned *before = row[0], *prev = row[1], *cur = row[2], *oldest;

	for (size_t j = 0; j <= blen; j++)
		prev[j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			cur[j] = min(min(prev[j], cur[j - 1]) + 1,
			    prev[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) &&
			    lower(a[i - 2]) == y)
				cur[j] = min(cur[j], before[j - 2] + 1);
		}
		oldest = before;
		before = prev;
		prev = cur;
		cur = oldest;
	}
	return prev[blen];
}

/* `best` is the distance of the nearest so far. */
static bool
is_nearer(const char *word, const char *name, unsigned *best)
{
	const size_t len = strlen(word), namelen = strlen(name);
	unsigned far;

	if (len > WORD_MAX || namelen > WORD_MAX)
		return false;
	/* Two slips in a word of three are another word. */
	far = distance(name, namelen, word, len);
	if (far >= *best || 2 * far > len)
		return false;
	*best = far;
	return true;
}

const char *
schema_nearest(const struct schema_key *keys, size_t n, const char *parent,
    const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < n; i++) {
		const char *last = keys[i].later
				       ? NULL
				       : schema_last(keys[i].path, parent);

		if (last && is_nearer(last, name, &best))
			nearest = last;
	}
	return nearest;
}

const char *
schema_nearest_word(const char *const *words, const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (; *words; words++)
		if (is_nearer(*words, name, &best))
			nearest = *words;
	return nearest;
}

#include "git/history.h"

#include <errno.h>
#include <time.h>

#define COMMIT_MAX ((size_t)(1u << 20))
#define TREE_MAX ((size_t)(32u << 20))
#define PARENTS_MAX 128
#define IS_REGULAR(mode) (((mode)&0170000) == 0100000)

/* One entry of a tree; mode 0: there is none. */
struct entry {
	unsigned mode;
	struct id id;
};

struct commit {
	struct id tree;
	struct id parents[PARENTS_MAX];
	size_t nparents;
	const char *author; /* in the text that was parsed */
};

/* "KEY HEX\n" at *p, which is then behind it. */
static bool
header_id(const char **p, const char *key, struct id *id)
{
	size_t n = strlen(key);
	const char *hex = *p + n;

	if (strncmp(*p, key, n) != 0 || !id_from_hex(id, hex) ||
	    hex[ID_HEX] != '\n')
		return false;
	*p = hex + ID_HEX + 1;
	return true;
}

/* Ends the line of the author in place. */
static bool
commit_parse(struct commit *c, char *text)
{
	static const char key[] = "author ";
	const char *p = text;
	size_t at;

	*c = (struct commit){ .nparents = 0 };
	if (!header_id(&p, "tree ", &c->tree))
		return false;
	while (c->nparents < PARENTS_MAX &&
	       header_id(&p, "parent ", &c->parents[c->nparents]))
		c->nparents++;
	if (strncmp(p, key, strlen(key)) != 0)
		return false;
	c->author = p + strlen(key);
	at = (size_t)(c->author - text);
	text[at + strcspn(text + at, "\n")] = '\0';
	return true;
}

static int
commit_read(struct objects *o, const struct id *id, struct commit *c,
    struct buf *text, struct err *e)
{
	if (objects_read(o, id, OBJECT_COMMIT, COMMIT_MAX, text, e))
		return -1;
	if (!commit_parse(c, text->s))
		return err_set(e, ERR_CONFIG, "a commit is malformed");
	return 0;
}

/* "MODE NAME\0ID", repeated. */
static int
tree_find(const struct buf *tree, const char *name, size_t namelen,
    struct entry *found, struct err *e)
{
	const char *p = tree->s, *end = tree->s + tree->len;

	*found = (struct entry){ .mode = 0 };
	while (p < end) {
		const char *nul = memchr(p, '\0', (size_t)(end - p));
		const char *space = nul ? memchr(p, ' ', (size_t)(nul - p))
					: NULL;
		unsigned mode = 0;

		if (!space || space - p > 6 || end - nul <= ID_SIZE)
			return err_set(e, ERR_CONFIG, "a tree is malformed");
		for (; p < space; p++) {
			if (*p < '0' || *p > '7')
				return err_set(
				    e, ERR_CONFIG, "a tree is malformed");
			mode = mode << 3 | (unsigned)(*p - '0');
		}
		if ((size_t)(nul - space - 1) == namelen &&
		    memcmp(space + 1, name, namelen) == 0) {
			found->mode = mode;
			memcpy(found->id.raw, nul + 1, ID_SIZE);
			return 0;
		}
		p = nul + 1 + ID_SIZE;
	}
	return 0;
}

static int
path_find(struct objects *o, const struct id *tree, const char *path,
    struct entry *found, struct err *e)
{
	struct id at = *tree;

	for (;;) {
		cleanup(buf) struct buf content = BUF_INIT;
		size_t n = strcspn(path, "/");

		if (objects_read(o, &at, OBJECT_TREE, TREE_MAX, &content, e) ||
		    tree_find(&content, path, n, found, e))
			return -1;
		if (!path[n] || !found->mode)
			return 0;
		if (found->mode != 040000) {
			found->mode = 0; /* a file where a directory is asked */
			return 0;
		}
		at = found->id;
		path += n + 1;
	}
}

int
history_compare(struct objects *o, const struct id *commit, const char *path,
    const char *data, size_t len, enum file_state *state, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf blob = BUF_INIT;
	struct commit c;
	struct entry entry;
	struct id id;

	if (commit_read(o, commit, &c, &text, e) ||
	    path_find(o, &c.tree, path, &entry, e) ||
	    objects_blob_id(&id, data, len, e))
		return -1;
	*state = entry.mode ? FILE_DIFFERS : FILE_ABSENT;
	if (!IS_REGULAR(entry.mode) || !id_same(&entry.id, &id))
		return 0;
	/* With one hash and another size: a collision, and different. */
	if (objects_read(o, &id, OBJECT_BLOB, len, &blob, e))
		return -1;
	if (blob.len == len && memcmp(blob.s, data, len) == 0)
		*state = FILE_SAME;
	return 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool
entry_same(const struct entry *a, const struct entry *b)
{
	return a->mode == b->mode && (!a->mode || id_same(&a->id, &b->id));
}

/*
 * The first parent that has the same at the path: *next is its number, or
 * nparents if there is none. 1 if one of them is not here.
 */
static int
same_parent(struct objects *o, const struct commit *c, const char *path,
    const struct entry *entry, size_t *next, struct err *e)
{
	for (*next = 0; *next < c->nparents; ++*next) {
		cleanup(buf) struct buf text = BUF_INIT;
		struct commit parent;
		struct entry before;

		e->sys = 0;
		if (commit_read(o, &c->parents[*next], &parent, &text, e))
			return e->sys == ENOENT ? 1 : -1;
		if (id_same(&parent.tree, &c->tree))
			return 0;
		e->sys = 0;
		if (path_find(o, &parent.tree, path, &before, e))
			return e->sys == ENOENT ? 1 : -1;
		if (entry_same(&before, entry))
			return 0;
	}
	return 0;
}

int
history_last_change(struct objects *o, const struct id *commit,
    const char *path, unsigned max_commits, struct id *changed,
    struct signature *author, struct err *e)
{
	const int64_t end = now_ms() + HISTORY_MS;
	struct id at = *commit;
	struct entry entry;
	bool known = false;

	for (unsigned n = 0; n < max_commits && now_ms() < end; n++) {
		cleanup(buf) struct buf text = BUF_INIT;
		struct commit c;
		size_t next;
		int rc;

		if (commit_read(o, &at, &c, &text, e) ||
		    (!known && path_find(o, &c.tree, path, &entry, e)))
			return -1;
		known = true;
		if ((rc = same_parent(o, &c, path, &entry, &next, e)))
			return rc;
		if (next == c.nparents) {
			*changed = at;
			return signature_parse(author, c.author, e);
		}
		at = c.parents[next];
	}
	return 1;
}

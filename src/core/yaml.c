#include "core/yaml.h"

#include <yaml.h>

#include "core/text.h"

struct reader {
	yaml_parser_t yp;
	yaml_event_t ev;
	struct arena *arena;
	struct diags *d;
	unsigned nodes;
};

/* These return NULL if reading has to stop; they have said why. */
static struct ynode *read_node(struct reader *r, unsigned depth);

static unsigned
one_based(size_t n)
{
	return (unsigned)n + 1; /* bounded by YAML_MAX */
}

/* What libyaml says about the mistakes that people make, in their words. */
static const struct {
	const char *theirs, *ours;
} problems[] = {
	{ "found character that cannot start any token",
	    "nothing can start like this: indent with spaces, not tabs, and "
	    "quote @ and `" },
	{ "mapping values are not allowed in this context",
	    "a colon and a space are not allowed here: quote the text" },
};

static void
syntax_error(struct reader *r)
{
	static const char quoted[] = "while scanning a quoted scalar";
	const yaml_parser_t *yp = &r->yp;
	const char *why = yp->problem ? yp->problem : "not YAML";
	yaml_mark_t at = yp->problem_mark;

	for (size_t i = 0; i < ARRAY_LEN(problems); i++)
		if (strcmp(why, problems[i].theirs) == 0)
			why = problems[i].ours;
	if (yp->context && strcmp(yp->context, quoted) == 0 &&
	    strcmp(why, "found unexpected end of stream") == 0) {
		why = "this quote has no end";
		at = yp->context_mark;
	}
	diag_add(r->d, one_based(at.line), one_based(at.column), "%s", why);
}

static bool
next(struct reader *r)
{
	yaml_event_delete(&r->ev);
	if (yaml_parser_parse(&r->yp, &r->ev))
		return true;
	syntax_error(r);
	return false;
}

static struct ynode *
stop(struct reader *r, const char *why)
{
	diag_add(r->d, one_based(r->ev.start_mark.line),
	    one_based(r->ev.start_mark.column), "%s", why);
	return NULL;
}

static struct ynode *
node_new(struct reader *r, enum ykind kind)
{
	struct ynode *n = arena_zalloc(r->arena, 1, sizeof(*n));

	n->kind = kind;
	n->line = one_based(r->ev.start_mark.line);
	n->column = one_based(r->ev.start_mark.column);
	return n;
}

static void
complain(struct reader *r, const struct ynode *n, const char *why)
{
	diag_add(r->d, n->line, n->column, "%s", why);
}

static void
refuse_properties(struct reader *r, const struct ynode *n,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		complain(r, n, "anchors (&name) are not supported");
	if (tag)
		complain(r, n, "tags (!name) are not supported");
}

static struct ynode *
read_scalar(struct reader *r)
{
	const char *s = (const char *)r->ev.data.scalar.value;
	const size_t len = r->ev.data.scalar.length;
	struct ynode *n = node_new(r, Y_SCALAR);
	int32_t cp = text_refused(s, len);

	refuse_properties(
	    r, n, r->ev.data.scalar.anchor, r->ev.data.scalar.tag);
	if (cp >= 0) {
		diag_add(r->d, n->line, n->column,
		    "character U+%04X is not allowed", (unsigned)cp);
		n->kind = Y_BAD;
	} else if (len > YAML_SCALAR_MAX) {
		complain(r, n, "longer than 64 KiB");
		n->kind = Y_BAD;
	}
	n->quoted = r->ev.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->str = arena_strndup(r->arena, s, len);
	n->lines = !text_one_line(n->str);
	return n;
}

static bool
is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* Say what is wrong with a key; its value is then left out of the map. */
static bool
key_ok(struct reader *r, const struct ynode *key)
{
	const char *why = NULL;

	if (key->kind == Y_BAD)
		return false;
	if (key->kind != Y_SCALAR)
		why = "a key must be a single word";
	else if (strcmp(key->str, "<<") == 0)
		why = "merge keys (<<) are not supported";
	else if (!key->str[0])
		why = "a key is missing";
	else if (key->lines)
		why = "a key must be a single line";
	else if (strlen(key->str) > YAML_KEY_MAX)
		why = "a key has at most 64 characters";
	else if (!is_ascii(key->str))
		why = "a key must be ASCII"; /* no look-alikes of known ones */
	if (why)
		complain(r, key, why);
	return !why;
}

/* A key and its value; *pair is NULL if it is left out of the map. */
static bool
read_pair(struct reader *r, unsigned depth, struct ynode **pair)
{
	struct ynode *key = read_node(r, depth), *value;
	bool keep;

	if (!key)
		return false;
	keep = key_ok(r, key);
	if (!next(r) || !(value = read_node(r, depth)))
		return false;
	value->key = key;
	*pair = keep ? value : NULL;
	return true;
}

/* Merge sort, because a hostile file chooses the keys; stable. */
static void
sort_by_key(struct ynode **a, struct ynode **tmp, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	sort_by_key(a, tmp, half);
	sort_by_key(a + half, tmp, n - half);
	while (i < half && j < n)
		tmp[k++] = strcmp(a[i]->key->str, a[j]->key->str) <= 0 ? a[i++]
								       : a[j++];
	while (i < half)
		tmp[k++] = a[i++];
	memcpy(a, tmp, k * sizeof(*a)); /* what is left is in its place */
}

/* The first of several stays, so that keys are unique to those who read. */
static void
refuse_duplicates(struct reader *r, const struct ynode *map, size_t count)
{
	struct ynode **a, *first;
	size_t n = 0;

	if (count < 2)
		return;
	a = arena_zalloc(r->arena, 2 * count, sizeof(struct ynode *));
	for (struct ynode *v = map->first; v; v = v->next)
		a[n++] = v;
	sort_by_key(a, a + count, count);
	first = a[0];
	for (size_t i = 1; i < count; i++) {
		const struct ynode *key = a[i]->key;

		if (strcmp(first->key->str, key->str) != 0) {
			first = a[i];
			continue;
		}
		diag_add(r->d, key->line, key->column,
		    "duplicate key \"%s\"; first on line %u", key->str,
		    first->key->line);
		a[i]->kind = Y_BAD;
	}
}

static struct ynode *
read_children(struct reader *r, struct ynode *parent, unsigned depth)
{
	const bool is_map = parent->kind == Y_MAP;
	struct ynode **tail = &parent->first, *child;
	size_t count = 0;

	if (depth > YAML_DEPTH_MAX)
		return stop(r, "nested more than 16 deep");
	for (;;) {
		if (!next(r))
			return NULL;
		if (r->ev.type == YAML_MAPPING_END_EVENT ||
		    r->ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (is_map && !read_pair(r, depth, &child))
			return NULL;
		if (!is_map && !(child = read_node(r, depth)))
			return NULL;
		if (!child)
			continue;
		*tail = child;
		tail = &child->next;
		count++;
	}
	if (is_map)
		refuse_duplicates(r, parent, count);
	return parent;
}

static struct ynode *
read_node(struct reader *r, unsigned depth)
{
	struct ynode *n;

	if (++r->nodes > YAML_NODES_MAX)
		return stop(r, "more than 10000 values");
	switch (r->ev.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r);
	case YAML_SEQUENCE_START_EVENT:
		n = node_new(r, Y_SEQ);
		refuse_properties(r, n, r->ev.data.sequence_start.anchor,
		    r->ev.data.sequence_start.tag);
		return read_children(r, n, depth + 1);
	case YAML_MAPPING_START_EVENT:
		n = node_new(r, Y_MAP);
		refuse_properties(r, n, r->ev.data.mapping_start.anchor,
		    r->ev.data.mapping_start.tag);
		return read_children(r, n, depth + 1);
	case YAML_ALIAS_EVENT:
		n = node_new(r, Y_BAD);
		complain(r, n, "aliases (*name) are not supported");
		return n;
	default:
		return stop(r, "unexpected end of the document");
	}
}

/* stream start, document start, root, document end, stream end */
static struct ynode *
read_stream(struct reader *r)
{
	struct ynode *root;

	if (!next(r) || !next(r))
		return NULL;
	if (r->ev.type == YAML_STREAM_END_EVENT)
		return node_new(r, Y_MAP);
	if (!next(r) || !(root = read_node(r, 0)))
		return NULL;
	if (!next(r) || !next(r))
		return NULL;
	if (r->ev.type != YAML_STREAM_END_EVENT)
		return stop(r, "only one document per file");
	/* "---" and nothing else is empty, too. */
	if (root->kind == Y_SCALAR && !root->quoted && !root->str[0])
		root->kind = Y_MAP;
	return root;
}

/*
 * A line that starts with %, wherever it is. Looked for before libyaml, which
 * compares every %TAG with all the others: 100 ms for 160 KB of them.
 */
static bool
refuse_directives(const char *text, size_t len, struct diags *d)
{
	const char *p = text, *end = text + len;

	for (unsigned line = 1; p < end; line++, p++) {
		if (*p == '%') {
			diag_add(d, line, 1,
			    "directives (%%) are not supported; quote a text "
			    "that starts so");
			return true;
		}
		if (!(p = memchr(p, '\n', (size_t)(end - p))))
			return false;
	}
	return false;
}

struct ynode *
yaml_parse(struct arena *a, const char *text, size_t len, struct diags *d)
{
	struct reader r = { .arena = a, .d = d };
	struct ynode *root;

	if (len > YAML_MAX) {
		diag_add(d, 1, 1, "the file is larger than 256 KiB");
		return NULL;
	}
	if (!text_check(text, len, d) || refuse_directives(text, len, d))
		return NULL;
	if (!yaml_parser_initialize(&r.yp))
		abort(); /* only out of memory */
	/* Otherwise libyaml would guess, and take UTF-16. */
	yaml_parser_set_encoding(&r.yp, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yp, (const unsigned char *)text, len);
	root = read_stream(&r);
	yaml_event_delete(&r.ev);
	yaml_parser_delete(&r.yp);
	return root;
}

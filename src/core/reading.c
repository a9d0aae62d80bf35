#include "core/reading.h"

#include <stdarg.h>

#include "base/buf.h"
#include "core/text.h"

void
reading_refuse(struct reading *r, const struct ynode *n, const char *fmt, ...)
{
	char text[sizeof(r->d->at[0].text)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_add(r->d, n->line, n->column, "%s%s%s", r->key ? r->key->path : "",
	    r->key ? ": " : "", text);
}

bool
reading_expect(struct reading *r, const struct ynode *n, enum ykind kind)
{
	static const char *const what[] = {
		[Y_SCALAR] = "a single value",
		[Y_SEQ] = "a list",
		[Y_MAP] = "a mapping",
	};

	if (n->kind == kind)
		return true;
	if (n->kind == Y_BAD)
		return false;
	if (n->kind == Y_SCALAR && !n->quoted && !n->str[0])
		reading_refuse(r, n, "expected %s, found nothing", what[kind]);
	else
		reading_refuse(r, n, "expected %s", what[kind]);
	return false;
}

static void
refuse_unknown(struct reading *r, const struct ynode *n, const char *parent)
{
	const char *nearest = schema_nearest(
	    r->keys, r->nkeys, parent, n->key->str);

	if (nearest)
		diag_add(r->d, n->key->line, n->key->column,
		    "unknown key \"%s\"; did you mean \"%s\"?",
		    text_show(n->key->str).s, nearest);
	else
		diag_add(r->d, n->key->line, n->key->column,
		    "unknown key \"%s\"", text_show(n->key->str).s);
}

static void
refuse_missing(
    struct reading *r, const struct ynode *n, const char *parent, uint64_t seen)
{
	for (size_t i = 0; i < r->nkeys && i < 64; i++) {
		const char *last = r->keys[i].required && !(seen >> i & 1)
				       ? schema_last(r->keys[i].path, parent)
				       : NULL;

		if (last)
			reading_refuse(r, n, "missing key \"%s\"", last);
	}
}

uint64_t
reading_map(struct reading *r, const struct ynode *n, const char *parent)
{
	const struct schema_key *outer = r->key;
	uint64_t seen = 0;

	if (!reading_expect(r, n, Y_MAP))
		return UINT64_MAX; /* nothing else is to be missed */
	for (const struct ynode *v = n->first; v; v = v->next) {
		const struct schema_key *key = schema_find(
		    r->keys, r->nkeys, parent, v->key->str);

		if (!key) {
			refuse_unknown(r, v, parent);
			continue;
		}
		if (key->later) {
			diag_add(r->d, v->key->line, v->key->column,
			    "\"%s\" is not yet supported", key->path);
			continue;
		}
		seen |= UINT64_C(1) << (key - r->keys);
		r->key = key;
		r->readers[key - r->keys](r, v);
		r->key = outer;
	}
	r->stated |= seen;
	refuse_missing(r, n, parent, seen);
	return seen;
}

bool
reading_entries(
    struct reading *r, const struct ynode *n, enum ykind kind, size_t *count)
{
	const size_t max = r->key->entries;

	*count = 0;
	if (!reading_expect(r, n, kind))
		return false;
	for (const struct ynode *c = n->first; c; c = c->next)
		(*count)++;
	if (*count <= max)
		return true;
	reading_refuse(r, n, "more than %zu entries", max);
	return false;
}

/* What other readers of YAML do not take as text. */
static bool
is_nothing(const struct ynode *n)
{
	return !n->quoted && (!n->str[0] || strcmp(n->str, "~") == 0 ||
				 strcmp(n->str, "null") == 0);
}

bool
reading_text(
    struct reading *r, const struct ynode *n, size_t max, const char **out)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	*out = n->str;
	if (is_nothing(n))
		reading_refuse(r, n, "expected text; \"\" is the empty one");
	else if (n->lines)
		reading_refuse(r, n, "must be one line, without tabs");
	else if (strlen(n->str) > max)
		reading_refuse(r, n, "longer than %zu bytes", max);
	else
		return true;
	return false;
}

bool
reading_word(struct reading *r, const struct ynode *n, const struct word *w,
    const char **out)
{
	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	*out = n->str;
	if (word_ok(w, n->str))
		return true;
	reading_refuse(r, n, "\"%s\" is not %s", text_show(n->str).s, w->is);
	return false;
}

/* "a, b or c" */
static void
add_choices(struct buf *out, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++)
		buf_addf(out, "%s%s",
		    i == 0	     ? ""
		    : choices[i + 1] ? ", "
				     : " or ",
		    choices[i]);
}

bool
reading_known(
    struct reading *r, const struct ynode *n, const char *const *known)
{
	cleanup(buf) struct buf all = BUF_INIT;
	const char *nearest = schema_nearest_word(known, n->str);

	for (size_t i = 0; known[i]; i++)
		if (strcmp(known[i], n->str) == 0)
			return true;
	add_choices(&all, known);
	if (nearest)
		reading_refuse(r, n,
		    "\"%s\" is not known; did you mean \"%s\"?",
		    text_show(n->str).s, nearest);
	else
		reading_refuse(
		    r, n, "\"%s\" is not %s", text_show(n->str).s, all.s);
	return false;
}

bool
reading_choice(struct reading *r, const struct ynode *n,
    const char *const *choices, size_t *out)
{
	cleanup(buf) struct buf all = BUF_INIT;

	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	for (size_t i = 0; choices[i]; i++) {
		if (strcmp(choices[i], n->str) == 0) {
			*out = i;
			return true;
		}
	}
	add_choices(&all, choices);
	reading_refuse(r, n, "\"%s\" is not %s", text_show(n->str).s, all.s);
	return false;
}

static bool
path_ok(struct reading *r, const struct ynode *n, const char *why)
{
	if (!why)
		return true;
	reading_refuse(r, n, "\"%s\" %s", text_show(n->str).s, why);
	return false;
}

bool
reading_inside(struct reading *r, const struct ynode *n, const char **out)
{
	const char *s;

	return reading_text(r, n, YAML_SCALAR_MAX, &s) &&
	       path_ok(r, n, place_inside(r->arena, s, out));
}

bool
reading_guest_path(struct reading *r, const struct ynode *n, const char **out)
{
	return reading_text(r, n, YAML_SCALAR_MAX, out) &&
	       path_ok(r, n, place_guest_refused(*out));
}

void
reading_set(struct reading *r, const struct ynode *n, reading_one_fn *one,
    const char *const **out, size_t *count)
{
	const char **all;
	size_t kept = 0;

	if (!reading_entries(r, n, Y_SEQ, count)) {
		*count = 0;
		return;
	}
	all = arena_zalloc(r->arena, *count + 1, sizeof(*all));
	for (const struct ynode *c = n->first; c; c = c->next) {
		size_t i = 0;

		if (!one(r, c, &all[kept]))
			continue;
		while (i < kept && strcmp(all[i], all[kept]) != 0)
			i++;
		if (i < kept)
			reading_refuse(r, c, "\"%s\" is there twice",
			    text_show(all[kept]).s);
		else
			kept++;
	}
	*out = all;
	*count = kept;
}

#include "core/reading.h"

#include <stdarg.h>

#include "base/buf.h"
#include "core/text.h"

#define DIGITS "0123456789"

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

/* Plain decimal digits, no more than fit; the rest of s is in *end. */
static bool
digits(const char *s, const char **end, uint64_t *out)
{
	size_t n = strspn(s, DIGITS);

	*end = s + n;
	*out = 0;
	if (n == 0 || (n > 1 && s[0] == '0'))
		return false;
	for (; n; n--, s++) {
		if (*out > (UINT64_MAX - 9) / 10)
			*out = UINT64_MAX; /* past every limit of ours */
		else
			*out = *out * 10 + (uint64_t)(*s - '0');
	}
	return true;
}

bool
reading_number(struct reading *r, const struct ynode *n, uint64_t min,
    uint64_t max, uint64_t *out)
{
	const char *end;

	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	if (n->quoted) {
		reading_refuse(r, n,
		    "\"%s\" is text: write the number without quotes",
		    text_show(n->str).s);
		return false;
	}
	if (!digits(n->str, &end, out) || *end) {
		reading_refuse(
		    r, n, "\"%s\" is not a whole number", text_show(n->str).s);
		return false;
	}
	if (*out < min && max == UINT64_MAX) {
		reading_refuse(r, n, "\"%s\" is less than %llu",
		    text_show(n->str).s, (unsigned long long)min);
		return false;
	}
	if (*out < min || *out > max) {
		reading_refuse(r, n, "\"%s\" is not a number from %llu to %llu",
		    text_show(n->str).s, (unsigned long long)min,
		    (unsigned long long)max);
		return false;
	}
	return true;
}

static const struct {
	const char *name;
	uint64_t bytes;
} units[] = {
	{ "TiB", TiB },
	{ "GiB", GiB },
	{ "MiB", MiB },
};

static uint64_t
unit_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(units[i].name, name) == 0)
			return units[i].bytes;
	return 0;
}

struct size_text
size_show(uint64_t bytes)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct size_text out = { "" };
	size_t i = 0;

	while (i < ARRAY_LEN(units) - 1 && bytes % units[i].bytes)
		i++;
	buf_addf(&text, "%llu%s", (unsigned long long)(bytes / units[i].bytes),
	    units[i].name);
	memcpy(out.s, text.s, text.len); /* at most 14 digits and a unit */
	return out;
}

bool
reading_size(
    struct reading *r, const struct ynode *n, uint64_t min, uint64_t *out)
{
	uint64_t v, unit;
	const char *end;

	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	if (!digits(n->str, &end, &v)) {
		reading_refuse(r, n,
		    "\"%s\" is not a size such as 512MiB, 4GiB or 1TiB",
		    text_show(n->str).s);
		return false;
	}
	if (!(unit = unit_find(end))) {
		reading_refuse(r, n, "\"%s\" needs a unit: MiB, GiB or TiB",
		    text_show(n->str).s);
		return false;
	}
	/* What does not fit is past every limit, too. */
	*out = v > UINT64_MAX / unit ? UINT64_MAX / TiB * TiB : v * unit;
	if (*out < min) {
		reading_refuse(r, n, "\"%s\" is less than %s",
		    text_show(n->str).s, size_show(min).s);
		return false;
	}
	return true;
}

bool
reading_duration(struct reading *r, const struct ynode *n, uint64_t min,
    uint64_t max, uint64_t *out)
{
	const char *end;
	uint64_t unit;

	if (!reading_expect(r, n, Y_SCALAR))
		return false;
	if (!digits(n->str, &end, out) || !*end || end[1] ||
	    !strchr("smh", *end)) {
		reading_refuse(r, n,
		    "\"%s\" is not a duration such as 30s, 5m or 2h",
		    text_show(n->str).s);
		return false;
	}
	unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
	if (*out > max / unit || *out * unit < min) {
		reading_refuse(r, n, "\"%s\" is not from %llus to %lluh",
		    text_show(n->str).s, (unsigned long long)min,
		    (unsigned long long)max / 3600);
		return false;
	}
	*out *= unit;
	return true;
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

#include "core/reading.h"

#include <stdarg.h>

#include "base/buf.h"
#include "core/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

const struct word word_alias = { LOWER DIGITS, LOWER DIGITS "._-", 64,
	"an image alias: use a-z, 0-9, dot, _ and -, at most 64" };

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
	return seen;
}

bool
reading_count(
    struct reading *r, const struct ynode *n, size_t max, size_t *count)
{
	*count = 0;
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
word_ok(const struct word *w, const char *s)
{
	return s[0] && strchr(w->first, s[0]) && strlen(s) <= w->max &&
	       s[strspn(s, w->rest)] == '\0';
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
		buf_addf(&all, "%s%s",
		    i == 0	     ? ""
		    : choices[i + 1] ? ", "
				     : " or ",
		    choices[i]);
	}
	reading_refuse(r, n, "\"%s\" is not %s", text_show(n->str).s, all.s);
	return false;
}

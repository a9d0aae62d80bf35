#include "core/reading.h"

#include "base/buf.h"
#include "core/text.h"

#define DIGITS "0123456789"

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

struct size_text
size_about(uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	struct size_text out = { "" };
	uint64_t tenths = bytes < UINT64_MAX / 10 ? bytes * 10 : UINT64_MAX;
	size_t i = 0;

	for (; tenths >= 10240 && i < ARRAY_LEN(names) - 1; i++)
		tenths /= 1024;
	/* One digit behind the point where there is one before it. */
	if (i && tenths < 100)
		(void)snprintf(out.s, sizeof(out.s), "%u.%u%s",
		    (unsigned)(tenths / 10), (unsigned)(tenths % 10), names[i]);
	else
		(void)snprintf(out.s, sizeof(out.s), "%llu%s",
		    (unsigned long long)(tenths / 10), names[i]);
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

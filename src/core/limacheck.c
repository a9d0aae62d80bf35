#include "core/limacheck.h"

/* What gives the guest something of the host, or the host's user to a file. */
static const char *const not_asked[] = { "additionalDisks", "base",
	"copyToHost", "env", "mounts", "networks", "param", "plain", "probes",
	"provision" };

struct comparison {
	const struct json *understood;
	const char *path;
	struct buf *why;
};

static bool agrees(const struct json *asked, const struct json *understood,
    const char *path, struct buf *why);

static bool
different(struct buf *why, const char *path, const struct json *asked,
    const struct json *understood)
{
	cleanup(buf) struct buf is = BUF_INIT;
	cleanup(buf) struct buf should = BUF_INIT;

	json_write(&should, asked, false);
	if (understood)
		json_write(&is, understood, false);
	buf_addf(why, "%s is %.*s instead of %.*s", path,
	    is.len ? (int)is.len - 1 : 6, is.len ? is.s : "absent",
	    (int)should.len - 1, should.s);
	return false;
}

static bool
member_agrees(const char *key, const struct json *asked, void *arg)
{
	const struct comparison *c = arg;
	cleanup(buf) struct buf path = BUF_INIT;

	buf_addf(&path, "%s%s%s", c->path, *c->path ? "." : "", key);
	return agrees(asked, json_get(c->understood, key), path.s, c->why);
}

static bool
items_agree(const struct json *asked, const struct json *understood,
    const char *path, struct buf *why)
{
	if (json_len(asked) != json_len(understood))
		return different(why, path, asked, understood);
	for (size_t i = 0; i < json_len(asked); i++) {
		cleanup(buf) struct buf at = BUF_INIT;

		buf_addf(&at, "%s[%zu]", path, i);
		if (!agrees(
			json_at(asked, i), json_at(understood, i), at.s, why))
			return false;
	}
	return true;
}

/* Lima leaves out what is false; that is what was asked for, then. */
static bool
is_false(const struct json *v)
{
	cleanup(buf) struct buf text = BUF_INIT;

	json_write(&text, v, false);
	return strcmp(text.s, "false\n") == 0;
}

static bool
agrees(const struct json *asked, const struct json *understood,
    const char *path, struct buf *why)
{
	struct comparison c = {
		.understood = understood, .path = path, .why = why
	};

	if (!understood)
		return is_false(asked) || different(why, path, asked, NULL);
	if (json_kind(asked) != json_kind(understood))
		return different(why, path, asked, understood);
	switch (json_kind(asked)) {
	case JSON_IS_OBJECT:
		return json_every(asked, member_agrees, &c);
	case JSON_IS_ARRAY:
		return items_agree(asked, understood, path, why);
	case JSON_IS_SCALAR:
		break;
	}
	return json_same(asked, understood) ||
	       different(why, path, asked, understood);
}

static bool
is_empty(const struct json *v)
{
	cleanup(buf) struct buf text = BUF_INIT;

	json_write(&text, v, false);
	return strcmp(text.s, "[]\n") == 0 || strcmp(text.s, "{}\n") == 0 ||
	       strcmp(text.s, "null\n") == 0 || strcmp(text.s, "\"\"\n") == 0 ||
	       strcmp(text.s, "false\n") == 0;
}

bool
limacheck(
    const struct json *asked, const struct json *understood, struct buf *why)
{
	if (!agrees(asked, understood, "", why))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_asked); i++) {
		const struct json *v = json_get(understood, not_asked[i]);

		if (!v || is_empty(v) || json_get(asked, not_asked[i]))
			continue;
		buf_addf(
		    why, "%s is set, which nobody asked for", not_asked[i]);
		return false;
	}
	return true;
}

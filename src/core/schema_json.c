#include "core/machinefile.h"
#include "core/place.h"
#include "core/schema.h"

#define UNBUILT " Not yet built: a machine with it does not start."
/* No "//", no "." or ".." among the components, no slash at the end. */
#define TIDY "(?!.*//)(?!.*/$)(?!(.*/)?\\.\\.?(/|$))"
/* What place_text_refused() has nothing against, as far as can be said. */
#define PATH "[^{}\\[\\],\"\\\\\\n\\t]+$"
#define LABEL "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#define DOMAIN "(" LABEL "\\.)+(?=[a-z0-9-]*[a-z])" LABEL

static const struct {
	enum schema_form form;
	const char *pattern; /* behind ^ */
	uint64_t max; /* characters; 0: the row's */
} texts[] = {
	{ F_SIZE, "[1-9][0-9]*(MiB|GiB|TiB)$", 32 },
	{ F_DURATION, "[1-9][0-9]*[smh]$", 32 },
	{ F_LINES, "[\\s\\S]*[^ \\t\\n]", 0 },
	{ F_INSIDE, "(\\./)*(?![/~])" TIDY PATH, PLACE_MAX },
	{ F_GUEST_PATH, "/(?!/)" TIDY PATH, PLACE_MAX },
	{ F_HOST_PATH, "/", 0 },
	{ F_MOUNT_PATH, "(\\./|~?/)?(?![/~])" TIDY PATH, PLACE_MAX },
	{ F_URL, "https://[^ {}\"\\\\<>^`|]+$", WORD_URL_MAX },
	{ F_DIGEST, "(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$", 0 },
	{ F_HOST_NAME, "((\\*\\.)?" DOMAIN "|preset:[a-z0-9][a-z0-9-]{0,31})$",
	    0 },
};

static struct json *
typed(const char *type)
{
	struct json *o = json_new_object();

	json_set_str(o, "type", type);
	return o;
}

static struct json *
strings(const char *const *words)
{
	struct json *list = json_new_array();

	for (; *words; words++)
		json_add_str(list, *words);
	return list;
}

static struct json *
choice(const char *const *words)
{
	struct json *o = json_new_object();

	json_set(o, "enum", strings(words));
	return o;
}

/* Plain scalars that YAML takes for numbers (3.12, 3000) are text to us. */
static struct json *
word(const struct word *w)
{
	cleanup(buf) struct buf pattern = BUF_INIT;
	static const char *const types[] = { "string", "number", NULL };
	struct json *o = json_new_object();

	word_pattern(&pattern, w);
	if (strchr(w->first, '0'))
		json_set(o, "type", strings(types));
	else
		json_set_str(o, "type", "string");
	json_set_str(o, "pattern", pattern.s);
	return o;
}

static struct json *
line(uint64_t max)
{
	static const char *const types[] = { "string", "number", "boolean",
		NULL };
	struct json *o = json_new_object();

	json_set(o, "type", strings(types));
	json_set_str(o, "pattern", "^[^\\n\\t]*$");
	json_set_int(o, "maxLength", (int64_t)max);
	return o;
}

static struct json *
number(const struct schema_value *v)
{
	struct json *o = typed("integer");

	json_set_int(o, "minimum", (int64_t)v->min);
	if (v->max)
		json_set_int(o, "maximum", (int64_t)v->max);
	return o;
}

static struct json *
text(size_t i, const struct schema_value *v)
{
	const uint64_t max = texts[i].max ? texts[i].max : v->max;
	cleanup(buf) struct buf pattern = BUF_INIT;
	struct json *o = typed("string");

	buf_adds(&pattern, "^");
	if (texts[i].form == F_GUEST_PATH)
		place_guest_pattern(&pattern);
	else if (texts[i].form == F_MOUNT_PATH)
		place_host_pattern(&pattern);
	buf_adds(&pattern, texts[i].pattern);
	json_set_str(o, "pattern", pattern.s);
	if (max)
		json_set_int(o, "maxLength", (int64_t)max);
	return o;
}

/* Alternatives, or the only one of them. */
struct any {
	struct json *of[ARRAY_LEN(texts) + 8];
	size_t n;
};

static struct json *
any_of(const struct any *a)
{
	struct json *o, *list;

	if (a->n == 1)
		return a->of[0];
	o = json_new_object();
	list = json_new_array();
	for (size_t i = 0; i < a->n; i++)
		json_add(list, a->of[i]);
	json_set(o, "anyOf", list);
	return o;
}

static struct json *map(const char *parent);

/* What may stand there; below `path` are the keys of a map. */
static void
add_values(struct any *any, const struct schema_value *v, const char *path)
{
	if (v->forms & F_MAP)
		any->of[any->n++] = map(path);
	if (v->forms & F_NUMBER)
		any->of[any->n++] = number(v);
	if (v->forms & F_CHOICE)
		any->of[any->n++] = choice(v->choices);
	if (v->forms & F_WORD)
		any->of[any->n++] = word(v->word);
	if (v->forms & F_TEXT)
		any->of[any->n++] = line(v->max);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (v->forms & texts[i].form)
			any->of[any->n++] = text(i, v);
}

static struct json *
names(const struct schema_key *k)
{
	struct json *o, *not ;
	cleanup(buf) struct buf refused = BUF_INIT;

	if (k->known)
		return choice(k->known);
	o = word(k->names);
	if (k->names != &word_variable)
		return o;
	machinefile_env_pattern(&refused);
	not = json_new_object();
	json_set_str(not, "pattern", refused.s);
	json_set(o, "not", not );
	return o;
}

static struct json *
list(const struct schema_key *k, const char *path)
{
	struct json *o = typed("array");
	struct any any = { .n = 0 };

	if (k->many == LIST_OR_TABLE)
		json_set(o, "items", choice(k->known));
	else if (k->value.word == &word_variable)
		json_set(o, "items",
		    names(&(struct schema_key){ .names = &word_variable }));
	else
		add_values(&any, &k->value, path);
	if (any.n)
		json_set(o, "items", any_of(&any));
	json_set_int(o, "maxItems", (int64_t)k->entries);
	json_set_bool(o, "uniqueItems", true);
	return o;
}

/* The one tool whose version is a choice, and the one key with a boolean. */
static struct json *
docker(void)
{
	static const char *const words[] = { "rootless", "true", NULL };
	struct any any = { .n = 2 };

	any.of[0] = choice(words);
	any.of[1] = json_new_object();
	json_set_bool(any.of[1], "const", true);
	return any_of(&any);
}

static struct json *
table(const struct schema_key *k, const char *path)
{
	static const char *const channels[] = { "latest", "lts", "stable",
		NULL };
	struct json *o = typed("object"), *properties;
	struct any any = { .n = 0 };

	add_values(&any, &k->value, path);
	if (k->many == LIST_OR_TABLE) {
		any.of[any.n++] = choice(channels);
		properties = json_new_object();
		json_set(properties, "docker", docker());
		json_set(o, "properties", properties);
	}
	json_set(o, "additionalProperties", any_of(&any));
	json_set(o, "propertyNames", names(k));
	json_set_int(o, "maxProperties", (int64_t)k->entries);
	return o;
}

/* The path of a table's values: "volumes.NAME" as the rows below it have. */
static void
add_child_path(struct buf *out, const struct schema_key *k)
{
	size_t n, len = strlen(k->path);
	const struct schema_key *keys = schema_machinefile(&n);

	buf_adds(out, k->path);
	if (k->many == LIST)
		buf_adds(out, "[]");
	for (size_t i = 0; k->many == TABLE && i < n; i++) {
		const char *p = keys[i].path;

		if (strncmp(p, k->path, len) == 0 && p[len] == '.') {
			buf_add(out, p + len, strcspn(p + len + 1, ".") + 1);
			return;
		}
	}
}

static struct json *
property(const struct schema_key *k)
{
	cleanup(buf) struct buf about = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	struct any any = { .n = 0 };
	struct json *o;

	add_child_path(&path, k);
	buf_addf(&about, "%s: %s.", k->type, k->meaning);
	if (*k->fallback)
		buf_addf(&about, " Default: %s.", k->fallback);
	if (*k->effect)
		buf_addf(&about, " A change takes effect: %s.", k->effect);
	if (k->unbuilt)
		buf_adds(&about, UNBUILT);
	if (k->many == ONE)
		add_values(&any, &k->value, path.s);
	if (k->many == LIST || k->many == LIST_OR_TABLE)
		any.of[any.n++] = list(k, path.s);
	if (k->many == TABLE || k->many == LIST_OR_TABLE)
		any.of[any.n++] = table(k, path.s);
	o = any_of(&any);
	json_set_str(o, "description", about.s);
	return o;
}

static struct json *
map(const char *parent)
{
	size_t n;
	const struct schema_key *keys = schema_machinefile(&n);
	struct json *o = typed("object"), *properties = json_new_object();
	struct json *required = json_new_array();

	for (size_t i = 0; i < n; i++) {
		const char *last = schema_last(keys[i].path, parent);

		if (!last || keys[i].later)
			continue;
		json_set(properties, last, property(&keys[i]));
		if (keys[i].required)
			json_add_str(required, last);
	}
	json_set(o, "properties", properties);
	json_set_bool(o, "additionalProperties", false);
	json_set(o, "required", required);
	return o;
}

struct json *
schema_json(void)
{
	struct json *o = map("");

	json_set_str(
	    o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_set_str(o, "title", "Machinefile");
	json_set_str(o, "description",
	    "What the virtual machine of a project is like: see "
	    "Machinefile(5).");
	return o;
}

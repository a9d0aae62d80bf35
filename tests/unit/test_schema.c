#include "core/schema.h"

#include "core/machinefile.h"
#include "tests/tap.h"

/* Every key of a table is complete, unique, and reachable by its parts. */
static void
check_table(const struct schema_key *keys, size_t n, size_t supported)
{
	for (size_t i = 0; i < n; i++) {
		const struct schema_key *k = &keys[i];
		cleanup(buf) struct buf parent = BUF_INIT;
		const char *last = strrchr(k->path, '.');

		buf_adds(&parent, k->path);
		parent.s[last ? (size_t)(last - k->path) : 0] = '\0';
		CHECK(schema_find(
			  keys, n, parent.s, last ? last + 1 : k->path) == k);
		CHECK(k->later == (i >= supported));
		if (k->later)
			continue;
		CHECK(k->type && k->fallback && k->meaning && k->effect);
		CHECK(k->value.forms != 0 || k->many == LIST_OR_TABLE);
		CHECK(!(k->value.forms & F_WORD) == !k->value.word);
		CHECK(!(k->value.forms & F_CHOICE) == !k->value.choices);
		CHECK((k->many == ONE) == !k->entries);
		CHECK(!k->required || last);
	}
}

static void
test_tables(void)
{
	size_t n;
	const struct schema_key *keys = schema_machinefile(&n);

	check_table(keys, n, MF_KEYS);
	CHECK(n > MF_KEYS);
	keys = schema_config(&n);
	check_table(keys, n, CF_KEYS);
}

static void
test_nearest(void)
{
	static const char *const words[] = { "node", "docker", NULL };
	size_t n;
	const struct schema_key *keys = schema_machinefile(&n);

	CHECK_STR(schema_nearest(keys, n, "", "prots"), "ports");
	CHECK_STR(schema_nearest(keys, n, "ports[]", "gest"), "guest");
	CHECK_STR(schema_nearest(keys, n, "", "guest"), NULL);
	CHECK_STR(schema_nearest(keys, n, "", "foo"), NULL); /* root is later */
	CHECK_STR(schema_nearest(keys, n, "", "gpus"), "cpus");
	CHECK_STR(schema_nearest_word(words, "dokcer"), "docker");
	CHECK_STR(schema_nearest_word(words, "go"), NULL);
}

/* What word_ok() accepts is what the pattern says, for one that has it all. */
static void
test_patterns(void)
{
	static const struct {
		const struct word *word;
		const char *want;
	} rows[] = {
		{ &word_name, "^[a-z0-9][a-z0-9\\-]{0,39}$" },
		{ &word_alias, "^[a-z0-9][a-z0-9._\\-]{0,63}$" },
		{ &word_variable, "^[A-Za-z_][A-Za-z0-9_]{0,63}$" },
		{ &word_package, "^[a-z0-9][a-z0-9+.\\-]{0,63}$" },
		{ &word_command, "^[A-Za-z0-9_][A-Za-z0-9._+\\-]{0,63}$" },
		{ &word_version, "^[0-9][a-z0-9.+\\-]{0,31}$" },
		{ &word_volume, "^(?!.*-(-|$))[a-z0-9][a-z0-9\\-]{0,31}$" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup(buf) struct buf text = BUF_INIT;

		word_pattern(&text, rows[i].word);
		CHECK_STR(text.s, rows[i].want);
	}
}

/* --- the JSON Schema --------------------------------------------------------
 */

static const struct json *
at(const struct json *o, const char *path)
{
	cleanup(buf) struct buf part = BUF_INIT;

	while (o && *path) {
		size_t n = strcspn(path, "/");

		part.len = 0;
		buf_add(&part, path, n);
		o = json_kind(o) == JSON_IS_ARRAY
			? json_at(o, (size_t)(*path - '0'))
			: json_get(o, part.s);
		path += n + (path[n] == '/');
	}
	return o;
}

static bool walk(const char *key, const struct json *v, void *arg);

/* Each schema: an object has no other keys than those that it names. */
static bool
is_closed(const struct json *v)
{
	static const char *const words[] = { "anyOf", "enum", "type", "const",
		NULL };
	const char *type = json_get_str(v, "type");
	bool any = false;

	for (size_t i = 0; words[i]; i++)
		any = any || json_get(v, words[i]);
	if (!any && !json_get(v, "pattern"))
		return false; /* anything would do */
	if (type && strcmp(type, "object") == 0)
		return json_get(v, "additionalProperties") &&
		       !json_get_bool(v, "additionalProperties");
	return true;
}

static bool
each_closed(const struct json *v, size_t *count)
{
	if (!is_closed(v))
		return false;
	++*count;
	for (size_t i = 0; i < json_len(json_get(v, "anyOf")); i++)
		if (!each_closed(json_at(json_get(v, "anyOf"), i), count))
			return false;
	if (json_get(v, "items") && !each_closed(json_get(v, "items"), count))
		return false;
	return !json_get(v, "properties") ||
	       json_every(json_get(v, "properties"), walk, count);
}

static bool
walk(const char *key, const struct json *v, void *arg)
{
	(void)key;
	return each_closed(v, arg);
}

/* A key of the table is a property at its place, and the other way round. */
static void
test_properties(const struct json *schema)
{
	static const struct {
		const char *path;
		enum machinefile_key key;
	} rows[] = {
		{ "properties/image/anyOf/0/properties/digest",
		    MF_IMAGE_DIGEST },
		{ "properties/ports/items/anyOf/0/properties/label",
		    MF_PORTS_LABEL },
		{ "properties/volumes/additionalProperties/anyOf/0/properties/"
		  "size",
		    MF_VOLUMES_SIZE },
		{ "properties/network/properties/egress", MF_NETWORK_EGRESS },
		{ "properties/agents/additionalProperties/properties/state",
		    MF_AGENTS_STATE },
		{ "properties/provision/items/anyOf/0/properties/watch",
		    MF_PROVISION_WATCH },
	};
	size_t n;
	const struct schema_key *keys = schema_machinefile(&n);

	for (size_t i = 0; i < n; i++)
		if (!strchr(keys[i].path, '.'))
			CHECK(!json_get(json_get(schema, "properties"),
				  keys[i].path) == keys[i].later);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *about = json_get_str(
		    at(schema, rows[i].path), "description");

		CHECK(about && strncmp(about, keys[rows[i].key].type,
				   strlen(keys[rows[i].key].type)) == 0);
		CHECK(about && (strstr(about, "Not yet built") != NULL) ==
				   keys[rows[i].key].unbuilt);
	}
}

static void
test_json(void)
{
	cleanup(json) struct json *schema = schema_json();
	const struct json *o;
	size_t count = 0;
	int64_t v;

	CHECK_STR(json_get_str(schema, "$schema"),
	    "https://json-schema.org/draft/2020-12/schema");
	CHECK_STR(json_get_str(schema, "type"), "object");
	CHECK(json_len(json_get(schema, "required")) == 0);
	test_properties(schema);
	o = json_get(schema, "properties");
	CHECK(json_every(o, walk, &count) && count > MF_KEYS);
	CHECK(json_get(schema, "additionalProperties") &&
	      !json_get_bool(schema, "additionalProperties"));

	o = at(schema, "properties/cpus");
	CHECK_STR(json_get_str(o, "type"), "integer");
	CHECK(json_get_int(o, "minimum", &v) && v == 1);
	CHECK(!json_get(o, "maximum"));
	o = at(schema, "properties/ports/items/anyOf/1");
	CHECK(json_get_int(o, "maximum", &v) && v == 65535);
	o = at(schema, "properties/ports");
	CHECK(json_get_int(o, "maxItems", &v) && v == MACHINEFILE_PORTS_MAX);
	o = at(schema, "properties/ports/items/anyOf/0/required");
	CHECK(json_len(o) == 1);
	CHECK_STR(json_at_str(o, 0), "guest");
	o = at(schema, "properties/provision/items/anyOf/0/properties/when/"
		       "enum");
	CHECK(json_len(o) == 3);
	CHECK_STR(json_at_str(o, 2), "change");
	o = at(schema, "properties/env/propertyNames");
	CHECK_STR(json_get_str(o, "pattern"), "^[A-Za-z_][A-Za-z0-9_]{0,63}$");
	CHECK(strstr(json_get_str(json_get(o, "not"), "pattern"), "|PATH|") !=
	      NULL);
	o = at(schema, "properties/tools/anyOf/0/items/enum");
	CHECK_STR(json_at_str(o, 0), "git");
}

int
main(void)
{
	test_tables();
	test_nearest();
	test_patterns();
	test_json();
	return tap_end();
}

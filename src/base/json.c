#include "base/json.h"

#include <jansson.h>

/* jansson's own type; the cast is in these two functions only. */
static json_t *
in(const struct json *v)
{
	return (json_t *)(uintptr_t)v;
}

static struct json *
out(json_t *v)
{
	if (!v)
		abort(); /* out of memory, or text that is not UTF-8 */
	return (struct json *)v;
}

struct json *
json_parse(const char *what, const char *text, size_t len, struct err *e)
{
	json_error_t je;
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);

	if (v)
		return out(v);
	err_set(e, ERR_CONFIG, "%s: not valid JSON: line %d: %s", what, je.line,
	    je.text);
	return NULL;
}

void
json_free(struct json *v)
{
	json_decref(in(v));
}

struct json *
json_new_object(void)
{
	return out(json_object());
}

struct json *
json_new_array(void)
{
	return out(json_array());
}

static void
set(struct json *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(in(object), key, value))
		abort();
}

void
json_set(struct json *object, const char *key, struct json *value)
{
	set(object, key, in(value));
}

void
json_set_str(struct json *object, const char *key, const char *s)
{
	set(object, key, json_string(s));
}

void
json_set_int(struct json *object, const char *key, int64_t i)
{
	set(object, key, json_integer(i));
}

void
json_set_bool(struct json *object, const char *key, bool b)
{
	set(object, key, json_boolean(b));
}

void
json_set_copy(struct json *object, const char *key, const struct json *value)
{
	set(object, key, json_deep_copy(in(value)));
}

void
json_set_null(struct json *object, const char *key)
{
	set(object, key, json_null());
}

void
json_add(struct json *array, struct json *value)
{
	if (json_array_append_new(in(array), in(value)))
		abort();
}

void
json_add_str(struct json *array, const char *s)
{
	json_add(array, out(json_string(s)));
}

const struct json *
json_get(const struct json *object, const char *key)
{
	return (const struct json *)json_object_get(in(object), key);
}

const char *
json_get_str(const struct json *object, const char *key)
{
	return json_string_value(in(json_get(object, key)));
}

bool
json_get_int(const struct json *object, const char *key, int64_t *i)
{
	const json_t *v = in(json_get(object, key));

	if (!json_is_integer(v))
		return false;
	*i = json_integer_value(v);
	return true;
}

bool
json_get_bool(const struct json *object, const char *key)
{
	return json_is_true(in(json_get(object, key)));
}

size_t
json_len(const struct json *array)
{
	return json_array_size(in(array));
}

const struct json *
json_at(const struct json *array, size_t i)
{
	return (const struct json *)json_array_get(in(array), i);
}

const char *
json_at_str(const struct json *array, size_t i)
{
	return json_string_value(in(json_at(array, i)));
}

bool
json_same(const struct json *a, const struct json *b)
{
	return json_equal(in(a), in(b));
}

static int
append(const char *text, size_t len, void *buf)
{
	buf_add(buf, text, len);
	return 0;
}

void
json_write(struct buf *to, const struct json *v, bool indent)
{
	const size_t flags = JSON_ENCODE_ANY |
			     (indent ? JSON_INDENT(2) : JSON_COMPACT);

	if (json_dump_callback(in(v), append, to, flags))
		abort();
	buf_add(to, "\n", 1);
}

enum json_kind
json_kind(const struct json *v)
{
	if (json_is_object(in(v)))
		return JSON_IS_OBJECT;
	return json_is_array(in(v)) ? JSON_IS_ARRAY : JSON_IS_SCALAR;
}

bool
json_every(const struct json *object,
    bool (*f)(const char *key, const struct json *value, void *arg), void *arg)
{
	const char *key;
	json_t *value;

	json_object_foreach(in(object), key,
	    value) if (!f(key, (const struct json *)value, arg)) return false;
	return true;
}

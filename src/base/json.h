#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

/*
 * JSON values, read strictly (RFC 8259, unique keys) and written compactly.
 * The only module that knows jansson; `struct json` is a name for its type.
 *
 * Ownership: json_parse() and json_new_*() hand out values that
 * the caller ends with json_free(). What is put into another value belongs to
 * it from then on. What a getter returns is borrowed from its container.
 *
 * Strings are UTF-8 without NUL: json_set_str() and json_add_str() abort() on
 * anything else, so text of others is checked before it comes here
 * (utf8_valid() in base/utf8.h).
 */
struct json;

/* NULL with the reason in *e. `what` names the input in that reason. */
struct json *json_parse(
    const char *what, const char *text, size_t len, struct err *e) must_check;
void json_free(struct json *v);

struct json *json_new_object(void) must_check nonnull_ret;
struct json *json_new_array(void) must_check nonnull_ret;

void json_set(struct json *object, const char *key, struct json *value);
void json_set_str(struct json *object, const char *key, const char *s);
void json_set_int(struct json *object, const char *key, int64_t i);
void json_set_bool(struct json *object, const char *key, bool b);
void json_set_null(struct json *object, const char *key);
void json_set_copy(
    struct json *object, const char *key, const struct json *value);
void json_add(struct json *array, struct json *value);
void json_add_str(struct json *array, const char *s);

/* NULL (or false, or 0) where the key is absent or of another type. */
const struct json *json_get(const struct json *object, const char *key);
const char *json_get_str(const struct json *object, const char *key);
bool json_get_int(const struct json *object, const char *key, int64_t *out);
bool json_get_bool(const struct json *object, const char *key);

/* Of an array; 0 for everything else. */
size_t json_len(const struct json *array);
const struct json *json_at(const struct json *array, size_t i);
const char *json_at_str(const struct json *array, size_t i);

enum json_kind { JSON_IS_OBJECT, JSON_IS_ARRAY, JSON_IS_SCALAR };
enum json_kind json_kind(const struct json *v);

/* Do all members of an object satisfy f? True if there are none. */
bool json_every(const struct json *object,
    bool (*f)(const char *key, const struct json *value, void *arg), void *arg);

/* Same structure and same values, whatever the order of keys. */
bool json_same(const struct json *a, const struct json *b);

/* Append the value's text, with a final newline; indented for people. */
void json_write(struct buf *out, const struct json *v, bool indent);

CLEANUP_DEFINE(json, struct json *, json_free(*p));

#endif

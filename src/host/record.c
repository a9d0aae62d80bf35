#include "host/state.h"

#include <errno.h>

#include "base/fs.h"
#include "base/json.h"

#define RECORD "record.json"
#define RECORD_MAX (256u << 10)
#define RECORD_VERSION 2
#define STEPS_MAX 256

/* Copy a hash if it is one; an absent one is empty. */
static bool
get_hex(const struct json *j, const char *key, char *out, size_t digits)
{
	const char *s = json_get_str(j, key);

	if (!s)
		return !json_get(j, key);
	if (strlen(s) != digits || strspn(s, "0123456789abcdef") != digits)
		return !*s;
	memcpy(out, s, digits + 1);
	return true;
}

static char *
get_copy(const struct json *j, const char *key)
{
	const char *s = json_get_str(j, key);

	return s ? xstrdup(s) : NULL;
}

static bool
get_ids(const struct json *list, char (**ids)[HASH_XXH128_HEX + 1], size_t *n)
{
	const size_t len = json_len(list);

	if (len > STEPS_MAX)
		return false;
	*ids = xcalloc(len, sizeof(**ids));
	for (; *n < len; (*n)++) {
		const char *s = json_at_str(list, *n);

		if (!s || strlen(s) != HASH_XXH128_HEX ||
		    s[strspn(s, "0123456789abcdef")])
			return false;
		memcpy((*ids)[*n], s, HASH_XXH128_HEX + 1);
	}
	return true;
}

static bool
get_failure(struct record *r, const struct json *j)
{
	int64_t step = 0, status = 0;

	if (json_get(j, "failed_step") &&
	    (!json_get_int(j, "failed_step", &step) ||
		!json_get_int(j, "failed_status", &status)))
		return false;
	if (step < 0 || step > STEPS_MAX || status < 0 || status > 255)
		return false;
	r->failed_step = (int)step;
	r->failed_status = (int)status;
	return true;
}

int
record_parse(struct record *r, const char *text, size_t len, struct err *e)
{
	cleanup(json) struct json *j = json_parse(RECORD, text, len, e);
	const char *ready;
	int64_t version = 0;

	*r = (struct record){ 0 };
	if (!j)
		return -1;
	if (!json_get_int(j, "version", &version) || version != RECORD_VERSION)
		return err_set(e, ERR_CONFIG,
		    "%s has the format version %lld, this machine knows %d",
		    RECORD, (long long)version, RECORD_VERSION);
	r->image = get_copy(j, "image");
	r->digest = get_copy(j, "digest");
	r->parent = get_copy(j, "parent");
	r->layer = get_copy(j, "layer");
	ready = json_get_str(j, "ready");
	if ((ready && strlen(ready) >= sizeof(r->ready)) ||
	    !get_hex(j, "session", r->session, HASH_XXH128_HEX) ||
	    !get_hex(j, "verified", r->verified, HASH_XXH128_HEX) ||
	    !get_hex(j, "applied", r->applied, HASH_SHA256_HEX) ||
	    !get_hex(j, "attempted", r->attempted, HASH_SHA256_HEX) ||
	    !get_ids(json_get(j, "steps"), &r->steps, &r->nsteps) ||
	    !get_ids(json_get(j, "changes"), &r->changes, &r->nchanges) ||
	    !get_failure(r, j)) {
		record_release(r);
		return err_set(e, ERR_CONFIG,
		    "%s is damaged: type: machine destroy", RECORD);
	}
	if (ready)
		memcpy(r->ready, ready, strlen(ready) + 1);
	return 0;
}

int
record_load(struct record *r, const struct state *s, struct err *e)
{
	cleanup(str) char *text = NULL;
	size_t len;

	*r = (struct record){ 0 };
	if (s->fd < 0)
		return 0;
	if (fs_read(s->fd, RECORD, RECORD_MAX, &text, &len, e))
		return e->sys == ENOENT ? 0 : -1;
	return record_parse(r, text, len, e);
}

static struct json *
ids(char (*list)[HASH_XXH128_HEX + 1], size_t n)
{
	struct json *j = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_add_str(j, list[i]);
	return j;
}

int
record_save(const struct record *r, const struct state *s, struct err *e)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf text = BUF_INIT;

	json_set_int(j, "version", RECORD_VERSION);
	if (r->image)
		json_set_str(j, "image", r->image);
	if (r->digest)
		json_set_str(j, "digest", r->digest);
	if (r->parent)
		json_set_str(j, "parent", r->parent);
	if (r->layer)
		json_set_str(j, "layer", r->layer);
	json_set_str(j, "session", r->session);
	json_set_str(j, "verified", r->verified);
	json_set_str(j, "applied", r->applied);
	json_set_str(j, "ready", r->ready);
	json_set(j, "steps", ids(r->steps, r->nsteps));
	json_set(j, "changes", ids(r->changes, r->nchanges));
	if (r->failed_step) {
		json_set_int(j, "failed_step", r->failed_step);
		json_set_int(j, "failed_status", r->failed_status);
		json_set_str(j, "attempted", r->attempted);
	}
	json_write(&text, j, true);
	return fs_replace(s->fd, RECORD, text.s, text.len, 0600, e);
}

static void
add_id(char (**list)[HASH_XXH128_HEX + 1], size_t *n, const char *id)
{
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	memcpy((*list)[(*n)++], id, HASH_XXH128_HEX + 1);
}

void
record_add_step(struct record *r, const char *id)
{
	add_id(&r->steps, &r->nsteps, id);
}

void
record_add_change(struct record *r, const char *id)
{
	add_id(&r->changes, &r->nchanges, id);
}

void
record_forget_steps(struct record *r)
{
	r->nsteps = r->nchanges = 0;
}

int
record_remove(const struct state *s, struct err *e)
{
	return fs_remove(s->fd, RECORD, e);
}

void
record_release(struct record *r)
{
	free(r->image);
	free(r->digest);
	free(r->parent);
	free(r->layer);
	free(r->steps);
	free(r->changes);
	*r = (struct record){ 0 };
}

#include "host/state.h"

#include <errno.h>

#include "base/fs.h"
#include "base/json.h"

#define RECORD "record.json"
#define RECORD_MAX (256u << 10)
#define RECORD_VERSION 1
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
get_steps(struct record *r, const struct json *j)
{
	const struct json *steps = json_get(j, "steps");
	size_t n = json_len(steps);

	if (n > STEPS_MAX)
		return false;
	r->steps = xcalloc(n, sizeof(*r->steps));
	for (; r->nsteps < n; r->nsteps++) {
		const char *s = json_at_str(steps, r->nsteps);

		if (!s || strlen(s) != HASH_XXH128_HEX ||
		    s[strspn(s, "0123456789abcdef")])
			return false;
		memcpy(r->steps[r->nsteps], s, HASH_XXH128_HEX + 1);
	}
	return true;
}

static bool
get_change(const char *script, const struct json *watched, void *arg)
{
	struct record *r = arg;
	struct record_change *c;
	cleanup(json) struct json *both = json_new_object();

	if (r->nchanges == STEPS_MAX || json_kind(watched) != JSON_IS_SCALAR)
		return false;
	r->changes = xreallocarray(
	    r->changes, r->nchanges + 1, sizeof(*r->changes));
	c = &r->changes[r->nchanges++];
	*c = (struct record_change){ .script = "" };
	json_set_str(both, "script", script);
	json_set_copy(both, "watched", watched);
	return get_hex(both, "script", c->script, HASH_XXH128_HEX) &&
	       get_hex(both, "watched", c->watched, HASH_XXH128_HEX) &&
	       c->script[0] && c->watched[0];
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
	ready = json_get_str(j, "ready");
	if ((ready && strlen(ready) >= sizeof(r->ready)) ||
	    !get_hex(j, "project", r->project, HASH_XXH128_HEX) ||
	    !get_hex(j, "session", r->session, HASH_XXH128_HEX) ||
	    !get_hex(j, "applied", r->applied, HASH_SHA256_HEX) ||
	    !get_hex(j, "attempted", r->attempted, HASH_SHA256_HEX) ||
	    !get_steps(r, j) ||
	    !json_every(json_get(j, "changes"), get_change, r) ||
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

int
record_save(const struct record *r, const struct state *s, struct err *e)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf text = BUF_INIT;
	struct json *steps = json_new_array();
	struct json *changes = json_new_object();

	json_set_int(j, "version", RECORD_VERSION);
	if (r->image)
		json_set_str(j, "image", r->image);
	if (r->digest)
		json_set_str(j, "digest", r->digest);
	json_set_str(j, "project", r->project);
	json_set_str(j, "session", r->session);
	json_set_str(j, "applied", r->applied);
	json_set_str(j, "ready", r->ready);
	for (size_t i = 0; i < r->nsteps; i++)
		json_add_str(steps, r->steps[i]);
	json_set(j, "steps", steps);
	for (size_t i = 0; i < r->nchanges; i++)
		json_set_str(
		    changes, r->changes[i].script, r->changes[i].watched);
	json_set(j, "changes", changes);
	if (r->failed_step) {
		json_set_int(j, "failed_step", r->failed_step);
		json_set_int(j, "failed_status", r->failed_status);
		json_set_str(j, "attempted", r->attempted);
	}
	json_write(&text, j, true);
	return fs_replace(s->fd, RECORD, text.s, text.len, 0600, e);
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
	free(r->steps);
	free(r->changes);
	*r = (struct record){ 0 };
}

#include "core/lockfile.h"

#define NAME "Machinefile.lock"

static bool
pin_ok(const char *arch, const struct json *pin, void *arg)
{
	(void)arch, (void)arg;
	return json_kind(pin) == JSON_IS_OBJECT && json_get_str(pin, "alias") &&
	       json_get_str(pin, "location") && json_get_str(pin, "digest");
}

static struct json *
read_lock(const char *text, size_t len, struct err *e)
{
	cleanup(json) struct json *j = NULL;
	const struct json *images;
	int64_t version;

	if (len > LOCKFILE_MAX) {
		err_set(e, ERR_CONFIG, NAME " is larger than %u KiB",
		    LOCKFILE_MAX >> 10);
		return NULL;
	}
	if (!(j = json_parse(NAME, text, len, e)))
		return NULL;
	images = json_get(j, "images");
	if (!json_get_int(j, "version", &version) ||
	    version != LOCKFILE_VERSION) {
		err_set(e, ERR_CONFIG,
		    NAME " is not of version %d: write it anew with `machine "
			 "lock`",
		    LOCKFILE_VERSION);
		return NULL;
	}
	if (!images || json_kind(images) != JSON_IS_OBJECT ||
	    !json_every(images, pin_ok, NULL)) {
		err_set(e, ERR_CONFIG,
		    NAME " is damaged: write it anew with `machine lock`");
		return NULL;
	}
	return STEAL(j);
}

int
lockfile_check(
    const char *text, size_t len, const struct image *image, struct err *e)
{
	cleanup(json) struct json *j = read_lock(text, len, e);
	const struct json *pin;
	const char *pinned;

	if (!j)
		return -1;
	pin = json_get(json_get(j, "images"), image->arch);
	if (!pin || strcmp(json_get_str(pin, "alias"), image->alias) != 0)
		return 0;
	pinned = json_get_str(pin, "digest");
	if (image->digest && strcmp(pinned, image->digest) == 0)
		return 0;
	return err_set(e, ERR_CONFIG,
	    NAME " pins the image %s to %s, but it is now %s: to take the new "
		 "one, type: machine lock",
	    image->alias, pinned,
	    image->digest ? image->digest : "a local file without a digest");
}

static bool
keep_pin(const char *arch, const struct json *pin, void *arg)
{
	struct json *copy = json_new_object();

	json_set_str(copy, "alias", json_get_str(pin, "alias"));
	json_set_str(copy, "location", json_get_str(pin, "location"));
	json_set_str(copy, "digest", json_get_str(pin, "digest"));
	json_set(arg, arch, copy);
	return true;
}

int
lockfile_write(struct buf *out, const char *text, size_t len,
    const struct image *image, struct err *e)
{
	cleanup(json) struct json *old = NULL;
	cleanup(json) struct json *j = json_new_object();
	struct json *images = json_new_object(), *pin = json_new_object();

	json_set_int(j, "version", LOCKFILE_VERSION);
	json_set(j, "images", images);
	json_set_str(pin, "alias", image->alias);
	json_set_str(pin, "location", image->location);
	json_set_str(pin, "digest", image->digest);
	if (text && !(old = read_lock(text, len, e))) {
		json_free(pin);
		return -1;
	}
	if (old)
		(void)json_every(json_get(old, "images"), keep_pin, images);
	json_set(images, image->arch, pin);
	json_write(out, j, true);
	return 0;
}

#include "base/fs.h"
#include "base/json.h"
#include "base/utf8.h"
#include "host/layer.h"

#include <sys/stat.h>

#include <fcntl.h>

#define RECORD "record.json"
#define RECORD_VERSION 1
#define RECORD_MAX (64u << 10)

static char *
get_copy(const struct json *j, const char *key)
{
	const char *s = json_get_str(j, key);

	return s ? xstrdup(s) : NULL;
}

static int
read_record(struct layer_record *r, const char *dir, struct err *e)
{
	cleanup(str) char *path = path_join(dir, RECORD);
	cleanup(str) char *text = NULL;
	cleanup(json) struct json *j = NULL;
	const char *parent;
	int64_t version = 0;
	size_t len;

	if (fs_read(AT_FDCWD, path, RECORD_MAX, &text, &len, e) ||
	    !(j = json_parse(path, text, len, e)))
		return -1;
	parent = json_get_str(j, "parent");
	if (!json_get_int(j, "version", &version) ||
	    version != RECORD_VERSION || !json_get_int(j, "made", &r->made) ||
	    (parent && !layer_is_name(parent)))
		return err_set(e, ERR_CONFIG, "%s is not what we write", path);
	if (parent)
		memcpy(r->parent, parent, strlen(parent) + 1);
	r->image = get_copy(j, "image");
	r->cmdline = get_copy(j, "cmdline");
	r->why = get_copy(j, "why");
	r->project = get_copy(j, "project");
	return 0;
}

int
layer_record_read(struct layer_record *r, const char *dir, struct err *e)
{
	cleanup(str) char *disk = path_join(dir, "disk.qcow2");
	struct stat st;

	if (!read_record(r, dir, e)) {
		if (lstat(disk, &st) == 0)
			return 0;
		err_sys(e, "%s", disk);
	}
	return err_wrap(
	    e, "an image is damaged: to remove it, type: machine image prune");
}

void
layer_record_release(struct layer_record *r)
{
	free(r->image);
	free(r->cmdline);
	free(r->why);
	free(r->project);
	*r = (struct layer_record){ .parent = "" };
}

/* JSON holds UTF-8; a path need not be that, and is for people only here. */
static void
set_text(struct json *j, const char *key, const char *s)
{
	if (s && utf8_valid(s, strlen(s)))
		json_set_str(j, key, s);
}

int
layer_record_write(const struct layer_record *r, int dir, struct err *e)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf text = BUF_INIT;

	json_set_int(j, "version", RECORD_VERSION);
	json_set_int(j, "made", r->made);
	if (r->parent[0])
		json_set_str(j, "parent", r->parent);
	set_text(j, "image", r->image);
	set_text(j, "cmdline", r->cmdline);
	set_text(j, "why", r->why);
	set_text(j, "project", r->project);
	json_write(&text, j, true);
	return fs_replace(dir, RECORD, text.s, text.len, 0600, e);
}

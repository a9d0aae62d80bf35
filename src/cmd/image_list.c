#include "cmd/image.h"

#include "base/json.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "core/reading.h"
#include "host/image_store.h"
#include "host/layer_use.h"

#define LIST_VERSION 1 /* of the JSON form */
#define SHORT_NAME 14 /* a letter, a hyphen and 12 digits */

struct short_name
image_short_name(const char *layer)
{
	struct short_name out = { "" };

	(void)snprintf(out.s, sizeof(out.s), "%.*s", SHORT_NAME, layer);
	return out;
}

const char *
image_kind(const char *layer)
{
	static const char *const words[] = { [KIND_BASE] = "base",
		[KIND_GOLDEN] = "golden",
		[KIND_PROJECT] = "project" };

	return words[layer_kind_of(layer)];
}

/* JSON holds UTF-8; a path need not be that. */
static void
set_text(struct json *o, const char *key, const char *s)
{
	if (s && utf8_valid(s, strlen(s)))
		json_set_str(o, key, s);
}

static void
add_layer(struct json *list, const struct layer_use *use)
{
	const struct layer_record *r = &use->layer.record;
	struct json *o = json_new_object();
	struct json *roots = json_new_array();

	json_set_str(o, "name", use->layer.name);
	json_set_str(o, "kind", image_kind(use->layer.name));
	if (use->parent[0])
		json_set_str(o, "parent", use->parent);
	set_text(o, "image", r->image);
	set_text(o, "made_for", r->project);
	json_set_int(o, "apparent", (int64_t)use->apparent);
	json_set_int(o, "on_disk", (int64_t)use->on_disk);
	json_set_int(o, "made", r->made);
	json_set_int(o, "last_use", layer_last_use(&use->layer));
	if (layer_kind_of(use->layer.name) == KIND_BASE)
		json_set_bool(o, "boots_directly", r->cmdline != NULL);
	set_text(o, "why", r->why);
	json_set_bool(o, "damaged", use->damaged);
	json_set_bool(o, "running", use->live);
	for (size_t i = 0; i < use->roots.n; i++)
		if (utf8_valid(use->roots.v[i], strlen(use->roots.v[i])))
			json_add_str(roots, use->roots.v[i]);
	json_set(o, "used_by", roots);
	json_add(list, o);
}

static void
row(const char *name, const char *kind, const char *apparent,
    const char *on_disk, const char *last_use, const char *used_by)
{
	columns_put(name, SHORT_NAME);
	columns_put(kind, 8);
	columns_put(apparent, 8);
	columns_put(on_disk, 8);
	columns_put(last_use, 16);
	columns_end(used_by);
}

static void
note(const char *fmt, const char *a, const char *b)
{
	cleanup(buf) struct buf text = BUF_INIT;

	buf_adds(&text, "  ");
	buf_adds(&text, fmt);
	buf_adds(&text, a);
	buf_adds(&text, b);
	columns_end(text.s);
}

static void
show_layer(const struct layer_use *use)
{
	const struct layer_record *r = &use->layer.record;
	const char *name = use->layer.name;
	cleanup(buf) struct buf by = BUF_INIT;

	for (size_t i = 0; i < use->roots.n; i++)
		buf_addf(&by, "%s%s", i ? ", " : "", use->roots.v[i]);
	row(image_short_name(name).s, image_kind(name),
	    size_about(use->apparent).s, size_about(use->on_disk).s,
	    time_show(layer_last_use(&use->layer)).s, by.len ? by.s : "-");
	if (use->damaged) {
		note(
		    "damaged: to remove it, type: machine image prune", "", "");
		return;
	}
	if (layer_kind_of(name) != KIND_BASE)
		return;
	note("of ", r->image ? r->image : "an image", "");
	if (r->cmdline)
		note("made ", time_show(r->made).s, ", boots directly");
	else
		note("boots by itself, which takes longer: ",
		    r->why ? r->why : "unknown", "");
}

/* arg: the JSON list, or NULL. */
static int
show_imported(const struct image_info *i, void *arg, struct err *e)
{
	struct json *o;

	(void)e;
	if (!arg) {
		row(i->alias, "imported", size_about(i->apparent).s,
		    size_about(i->on_disk).s, time_show(i->made).s, "-");
		if (i->source)
			note("from ", i->source, "");
		return 0;
	}
	o = json_new_object();
	json_set_str(o, "name", i->alias);
	json_set_str(o, "kind", "imported");
	set_text(o, "image", i->source);
	json_set_int(o, "apparent", (int64_t)i->apparent);
	json_set_int(o, "on_disk", (int64_t)i->on_disk);
	json_set_int(o, "made", i->made);
	json_add(arg, o);
	return 0;
}

int
image_list(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	cleanup(lima) struct lima lima = { .paths = NULL };
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf out = BUF_INIT;
	const bool json = argc == 1 && strcmp(argv[0], "--json") == 0;
	struct json *list = json ? json_new_array() : NULL;

	if (json)
		json_set(j, "images", list);
	if (argc && !json)
		return usage("image", e);
	if (lima_init(&lima, &cx->paths, e) || layer_uses_look(&u, &lima, e))
		return -1;
	if (u.damaged)
		msg_error("what the VM of %s is made of cannot be read: there, "
			  "type: machine destroy",
		    u.damaged);
	if (!json)
		row("NAME", "KIND", "SIZE", "ON DISK", "LAST USE", "USED BY");
	for (size_t i = 0; i < u.n; i++) {
		if (json)
			add_layer(list, &u.v[i]);
		else
			show_layer(&u.v[i]);
	}
	if (image_store_each(&cx->paths, show_imported, list, e))
		return -1;
	if (!json)
		return 0;
	json_set_int(j, "version", LIST_VERSION);
	json_write(&out, j, true);
	(void)fwrite(out.s, 1, out.len, stdout);
	return 0;
}

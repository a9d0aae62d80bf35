#include "cmd/cmd.h"

#include "base/json.h"
#include "cmd/columns.h"
#include "core/reading.h"
#include "host/usage.h"

#define DF_VERSION 1 /* of the JSON form */

struct df {
	struct json *list; /* NULL: for people */
	uint64_t total;
};

static void
add_json(struct json *list, const struct usage *u)
{
	struct json *o = json_new_object();

	json_set_str(o, "kind", usage_word(u->kind));
	json_set_str(o, "name", u->name);
	json_set_int(o, "apparent", (int64_t)u->apparent);
	json_set_int(o, "on_disk", (int64_t)u->on_disk);
	json_set_int(o, "shared_by", u->shared_by);
	json_set_int(o, "last_use", u->last_use);
	if (u->used_by)
		json_set_str(o, "used_by", u->used_by);
	json_add(list, o);
}

static void
row(const char *kind, const char *apparent, const char *on_disk,
    const char *shared, const char *last_use, const char *name)
{
	columns_put(kind, 6);
	columns_put(apparent, 8);
	columns_put(on_disk, 8);
	columns_put(shared, 6);
	columns_put(last_use, 16);
	columns_end(name);
}

static int
show(const struct usage *u, void *arg, struct err *e)
{
	struct df *df = arg;
	cleanup(buf) struct buf name = BUF_INIT;
	char shared[16] = "-";

	(void)e;
	df->total += u->on_disk;
	if (df->list) {
		add_json(df->list, u);
		return 0;
	}
	if (u->shared_by)
		(void)snprintf(shared, sizeof(shared), "%u", u->shared_by);
	buf_adds(&name, u->name);
	if (u->used_by)
		buf_addf(&name, "  %s", u->used_by);
	row(usage_word(u->kind), size_about(u->apparent).s,
	    size_about(u->on_disk).s, shared, time_show(u->last_use).s, name.s);
	return 0;
}

int
cmd_df(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(lima) struct lima lima = { .paths = NULL };
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf out = BUF_INIT;
	bool json = only_flag(argc, argv, "--json");
	struct df df = { .list = json ? json_new_array() : NULL };

	json_set_int(j, "version", DF_VERSION);
	if (json)
		json_set(j, "entries", df.list);
	if (argc > 1 && !json)
		return usage("df", e);
	if (!json)
		row("KIND", "SIZE", "ON DISK", "SHARED", "LAST USE", "NAME");
	if (lima_init(&lima, &cx->paths, e) || usage_each(&lima, show, &df, e))
		return -1;
	if (!json) {
		columns_put("total", 6);
		columns_put("", 8);
		columns_end(size_about(df.total).s);
		return 0;
	}
	json_set_int(j, "on_disk", (int64_t)df.total);
	json_write(&out, j, true);
	(void)fwrite(out.s, 1, out.len, stdout);
	return 0;
}

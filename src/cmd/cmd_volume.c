#include "cmd/cmd.h"

#include "base/json.h"
#include "base/msg.h"
#include "cmd/columns.h"
#include "core/reading.h"
#include "host/volume.h"

#define LIST_VERSION 1 /* of the JSON form */

/* --- list ---------------------------------------------------------------- */

static void
add_json(struct json *list, const struct volume_info *v)
{
	struct json *o = json_new_object();

	json_set_str(o, "name", v->name);
	json_set_str(o, "disk", v->disk);
	if (v->root)
		json_set_str(o, "project", v->root);
	if (v->damaged)
		json_set_str(o, "damaged", v->damaged);
	json_set_int(o, "size", (int64_t)v->size);
	json_set_int(o, "on_disk", (int64_t)v->on_disk);
	json_set_int(o, "created", v->created);
	json_set_int(o, "last_use", v->last_use);
	json_set_bool(o, "in_use", v->used_by != NULL);
	json_add(list, o);
}

static void
row(const char *name, const char *size, const char *on_disk,
    const char *last_use, const char *in_use, const char *project)
{
	columns_put(name, 16);
	columns_put(size, 8);
	columns_put(on_disk, 8);
	columns_put(last_use, 16);
	columns_put(in_use, 7);
	columns_end(project);
}

/* arg: the JSON list, or NULL. */
static int
list_one(const struct volume_info *v, void *arg, struct err *e)
{
	cleanup(buf) struct buf about = BUF_INIT;

	(void)e;
	if (arg) {
		add_json(arg, v);
		return 0;
	}
	buf_adds(&about, v->root ? v->root : v->disk);
	if (v->damaged)
		buf_addf(&about, "  (damaged: %s)", v->damaged);
	row(v->name, v->size ? size_about(v->size).s : "-",
	    size_about(v->on_disk).s, time_show(v->last_use).s,
	    v->used_by ? "yes" : "no", about.s);
	return 0;
}

static int
list(struct ctx *cx, bool all, bool json, struct err *e)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf out = BUF_INIT;
	struct json *volumes = json ? json_new_array() : NULL;
	int rc;

	json_set_int(j, "version", LIST_VERSION);
	if (json)
		json_set(j, "volumes", volumes);
	else
		row("NAME", "SIZE", "ON DISK", "LAST USE", "IN USE", "PROJECT");
	rc = all ? volume_each(&cx->vm.lima, list_one, volumes, e)
		 : volume_each_of(&cx->vm.lima, cx->vm.state.id,
		       cx->project.root, list_one, volumes, e);
	if (rc || !json)
		return rc;
	json_write(&out, j, true);
	(void)fwrite(out.s, 1, out.len, stdout);
	return 0;
}

static int
cmd_list(struct ctx *cx, int argc, char **argv, struct err *e)
{
	bool all = false, json = false;
	struct err none = ERR_INIT;

	for (int i = 0; i < argc; i++) {
		bool *flag = strcmp(argv[i], "--all") == 0    ? &all
			     : strcmp(argv[i], "--json") == 0 ? &json
							      : NULL;

		if (!flag || *flag)
			return usage("volume", e);
		*flag = true;
	}
	if (all)
		return lima_init(&cx->vm.lima, &cx->paths, e)
			   ? -1
			   : list(cx, all, json, e);
	if (ctx_provide(cx, NEED_PROJECT, &none))
		return err_set(e, none.code,
		    "%s; or, for the volumes of all projects, machine volume "
		    "list --all",
		    none.msg);
	/* A damaged record says nothing of volumes. */
	if (ctx_vm(cx, e) && (e->code != ERR_CONFIG || cx->vm.state.fd < 0))
		return -1;
	return list(cx, all, json, e);
}

/* --- rm ------------------------------------------------------------------ */

struct wanted {
	int n;
	char **names;
	struct argv disks;
};

static int
find_one(const struct volume_info *v, void *arg, struct err *e)
{
	struct wanted *w = arg;

	(void)e;
	for (int i = 0; i < w->n; i++) {
		if (strcmp(v->name, w->names[i]) != 0)
			continue;
		argv_push(&w->disks, v->disk);
		msg_plain("  %s, %s on disk, last used %s", v->name,
		    size_about(v->on_disk).s, time_show(v->last_use).s);
	}
	return 0;
}

static int
has_one(const struct volume_info *v, void *arg, struct err *e)
{
	(void)e;
	return strcmp(v->name, arg) == 0;
}

/* Each of them exists; otherwise none is removed. */
static int
check_names(const struct ctx *cx, const char *root, const struct wanted *w,
    struct err *e)
{
	for (int i = 0; i < w->n; i++) {
		int found = volume_each_of(&cx->vm.lima, cx->vm.state.id, root,
		    has_one, w->names[i], e);

		if (found < 0)
			return -1;
		if (!found)
			return err_set(e, ERR_CONFIG,
			    "%s has no volume %s: type: machine volume list",
			    root, w->names[i]);
		for (int j = 0; j < i; j++)
			if (strcmp(w->names[i], w->names[j]) == 0)
				return err_set(e, ERR_USAGE,
				    "%s is named twice", w->names[i]);
	}
	return 0;
}

static int
remove_named(
    struct ctx *cx, const char *root, struct wanted *w, bool yes, struct err *e)
{
	cleanup(fd) int lock = -1;

	if (check_names(cx, root, w, e) ||
	    volume_each_of(&cx->vm.lima, cx->vm.state.id, root, find_one, w, e))
		return -1;
	if (!yes && ask("remove this with everything on it?", &yes, e))
		return err_wrap(e, "not removed (in a script: --yes)");
	if (!yes)
		return err_set(e, ERR_CONFIG, "not removed");
	if (cx->vm.state.fd >= 0 && (lock = vm_lock(&cx->vm, root, e)) < 0)
		return -1;
	for (size_t i = 0; i < w->disks.n; i++)
		if (volume_remove(&cx->vm.lima, w->disks.v[i], e))
			return -1;
	msg_note(w->n == 1 ? "the volume is removed" : "they are removed");
	return 0;
}

/* As `volume list --all` shows it: it need not exist any more. */
static int
open_named(struct ctx *cx, const char *root, struct err *e)
{
	if (root[0] != '/')
		return err_set(e, ERR_USAGE,
		    "--project: %s is not an absolute path, as machine volume "
		    "list --all shows it",
		    root);
	return vm_open(&cx->vm, &cx->paths, cx->config, cx->self, root, e);
}

static int
cmd_rm(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *root = NULL;
	bool yes = false;
	struct wanted w = { .n = 0 };
	int i = 0, rc;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--yes") == 0)
			yes = true;
		else if (strcmp(argv[i], "--project") == 0 && i + 1 < argc)
			root = argv[++i];
		else
			return usage("volume", e);
	}
	if (i == argc)
		return usage("volume", e);
	w.n = argc - i;
	w.names = argv + i;
	if (!root && ctx_provide(cx, NEED_PROJECT, e))
		return -1;
	rc = root ? open_named(cx, root, e) : ctx_vm(cx, e);
	if (rc && (e->code != ERR_CONFIG || cx->vm.state.fd < 0))
		return -1;
	rc = remove_named(cx, root ? root : cx->project.root, &w, yes, e);
	argv_release(&w.disks);
	return rc;
}

int
cmd_volume(struct ctx *cx, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "list") == 0)
		return cmd_list(cx, argc - 2, argv + 2, e);
	if (strcmp(verb, "rm") == 0)
		return cmd_rm(cx, argc - 2, argv + 2, e);
	return usage("volume", e);
}

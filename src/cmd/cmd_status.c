#include "cmd/cmd.h"

#include "base/json.h"
#include "base/msg.h"
#include "core/reading.h"
#include "host/disk.h"
#include "host/guest.h"
#include "host/volume.h"

#define STATUS_VERSION 1 /* of the JSON form */

/* Documented in machine(1), EXIT STATUS. */
enum { STATUS_READY = 0, STATUS_NOT_RUNNING = 3, STATUS_NOT_ALLOWED = 4 };

static const char *
trust_word(enum trust_state s)
{
	static const char *const words[] = {
		[TRUST_NONE] = "none",
		[TRUST_DENIED] = "denied",
		[TRUST_ALLOWED] = "allowed",
		[TRUST_CHANGED] = "changed",
		[TRUST_GONE] = "gone",
	};

	return words[s];
}

/* What the VM is doing, in one word. */
static const char *
vm_word(const struct ctx *cx, const char *stage)
{
	if (stage)
		return "busy";
	switch (cx->vm.now.state) {
	case VM_ABSENT:
		return "absent";
	case VM_STOPPED:
		return "stopped";
	case VM_BROKEN:
		return "broken";
	case VM_RUNNING:
		break;
	}
	if (!cx->trusted || vm_ready(&cx->vm, cx->trusted))
		return "running";
	return vm_failed(&cx->vm, cx->trusted) ? "failed" : "stale";
}

static void
print_row(const char *name, const char *value)
{
	cleanup(buf) struct buf safe = BUF_INIT;

	msg_scrub(&safe, value, strlen(value), false);
	(void)printf("%-9s %s\n", name, safe.s);
}

/* What the session disk takes on the host; false if there is none. */
static bool
session_size(const struct ctx *cx, uint64_t *bytes)
{
	cleanup(str) char *path = lima_file(
	    &cx->vm.lima, cx->vm.instance, "disk");
	struct err ignored = ERR_INIT;
	struct disk_size size;

	if (cx->vm.state.fd < 0 || disk_size(path, &size, &ignored))
		return false;
	*bytes = size.stored;
	return true;
}

static void
show_session(const struct ctx *cx)
{
	cleanup(buf) struct buf text = BUF_INIT;
	uint64_t bytes;

	if (cx->vm.record.layer)
		print_row("layer", cx->vm.record.layer);
	if (!session_size(cx, &bytes))
		return;
	buf_addf(&text, "%s on disk, discarded at stop", size_about(bytes).s);
	print_row("session", text.s);
}

/* arg: the JSON list, or NULL. */
static int
show_volume(const struct volume_info *v, void *arg, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct json *o;

	(void)e;
	if (!arg) {
		buf_addf(&text, "%s: %s, %s on disk%s", v->name,
		    size_about(v->size).s, size_about(v->on_disk).s,
		    v->damaged ? ", damaged" : "");
		print_row("volume", text.s);
		return 0;
	}
	o = json_new_object();
	json_set_str(o, "name", v->name);
	json_set_int(o, "size", (int64_t)v->size);
	json_set_int(o, "on_disk", (int64_t)v->on_disk);
	json_set_bool(o, "damaged", v->damaged != NULL);
	json_add(arg, o);
	return 0;
}

/* What cannot be listed is no reason to say nothing of the rest. */
static void
show_volumes(const struct ctx *cx, struct json *list)
{
	struct err e = ERR_INIT;

	if (volume_each_of(&cx->vm.lima, cx->vm.state.id, cx->project.root,
		show_volume, list, &e) < 0)
		msg_error("%s", e.msg);
}

static void
print_json(
    const struct ctx *cx, const char *hash, const char *word, const char *stage)
{
	cleanup(json) struct json *j = json_new_object();
	cleanup(buf) struct buf out = BUF_INIT;
	struct json *volumes = json_new_array();
	uint64_t session;

	json_set_int(j, "version", STATUS_VERSION);
	json_set_str(j, "root", cx->project.root);
	json_set_str(j, "trust", trust_word(cx->trust));
	if (cx->trusted)
		json_set_str(j, "name", trusted_name(cx->trusted));
	if (hash)
		json_set_str(j, "hash", hash);
	json_set_str(j, "vm", word);
	if (cx->vm.state.fd >= 0)
		json_set_str(j, "instance", cx->vm.instance);
	if (stage)
		json_set_str(j, "stage", stage);
	if (cx->vm.now.state == VM_RUNNING)
		json_set_str(j, "way", guest_way(&cx->vm));
	if (cx->vm.record.image)
		json_set_str(j, "image", cx->vm.record.image);
	if (cx->vm.record.digest)
		json_set_str(j, "digest", cx->vm.record.digest);
	if (cx->vm.record.layer)
		json_set_str(j, "layer", cx->vm.record.layer);
	if (session_size(cx, &session))
		json_set_int(j, "session", (int64_t)session);
	if (cx->vm.record.failed_step) {
		json_set_int(j, "failed_step", cx->vm.record.failed_step);
		json_set_int(j, "failed_status", cx->vm.record.failed_status);
	}
	json_set(j, "volumes", volumes);
	show_volumes(cx, volumes);
	json_write(&out, j, true);
	(void)fwrite(out.s, 1, out.len, stdout);
}

static void
print_text(
    const struct ctx *cx, const char *hash, const char *word, const char *stage)
{
	print_row("project", cx->project.root);
	if (cx->trusted)
		print_row("name", trusted_name(cx->trusted));
	print_row("trust",
	    cx->trust == TRUST_ALLOWED ? "allowed" : trust_why_not(cx->trust));
	if (hash)
		print_row("hash", hash);
	print_row("vm", word);
	if (stage)
		print_row("stage", stage);
	if (cx->vm.now.state == VM_RUNNING)
		print_row("way", guest_way(&cx->vm));
	if (cx->vm.record.image)
		print_row("image", cx->vm.record.image);
	show_session(cx);
	show_volumes(cx, NULL);
}

int
cmd_status(struct ctx *cx, int argc, char **argv, struct err *e)
{
	cleanup(machinefile) struct machinefile *mf = NULL;
	cleanup(snapshot) struct snapshot now = { .n = 0 };
	char hash[HASH_SHA256_HEX + 1] = "";
	struct err invalid = ERR_INIT;
	cleanup(str) char *stage = NULL;
	const char *word;

	if (argc > 1 && !only_flag(argc, argv, "--json"))
		return usage("status", e);
	if (ctx_trust(cx, e) || ctx_vm(cx, e))
		return -1;
	/* Of what could be approved now; nothing if it is not valid. */
	if (!trust_candidate(&cx->project, &cx->limits, &now, &mf, &invalid))
		snapshot_hash(&now, hash);
	hash[32] = '\0'; /* what a person copies for `allow --hash` */
	stage = vm_stage(&cx->vm);
	word = vm_word(cx, stage);
	if (argc > 1)
		print_json(cx, *hash ? hash : NULL, word, stage);
	else
		print_text(cx, *hash ? hash : NULL, word, stage);
	if (cx->trust != TRUST_ALLOWED && cx->trust != TRUST_CHANGED)
		return STATUS_NOT_ALLOWED;
	return strcmp(word, "running") == 0 ? STATUS_READY : STATUS_NOT_RUNNING;
}

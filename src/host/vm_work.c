#include "host/vm_work.h"

#include "base/fs.h"
#include "base/msg.h"
#include "core/currency.h"
#include "core/limayaml.h"
#include "core/lockfile.h"

#define TAIL_MAX 1500 /* bytes of a log in a message */
#define TAIL_LINES 20

/* For those who wait. That a stage cannot be shown is no reason to stop. */
void
vm_stage_set(const struct vm *vm, const char *fmt, ...)
{
	cleanup(buf) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (fs_replace(
		vm->state.fd, VM_STAGE, text.s, text.len, 0600, &ignored))
		msg_error("%s", ignored.msg);
	msg_note("%s", text.s);
}

/* The end of a log, made safe, as lines of a message. */
char *
vm_log_tail(const struct vm *vm, const char *name)
{
	cleanup(str) char *text = NULL;
	cleanup(buf) struct buf safe = BUF_INIT;
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	size_t len;
	const char *p, *from, *end;

	if (fs_tail(vm->state.fd, name, TAIL_MAX, &text, &len, &ignored))
		return buf_detach(&out);
	while (len && text[len - 1] == '\n')
		len--;
	msg_scrub(&safe, text, len, true);
	/* Whole lines from the end; a line that is too long, from within. */
	end = safe.s + safe.len;
	from = end;
	for (int lines = 0; from > safe.s && lines < TAIL_LINES; lines++) {
		p = from[-1] == '\n' ? from - 1 : from;
		while (p > safe.s && p[-1] != '\n')
			p--;
		if (end - p > TAIL_MAX)
			break;
		from = p;
	}
	if (from == end && safe.len > TAIL_MAX)
		for (from = end - TAIL_MAX; (*from & 0xc0) == 0x80;)
			from++;
	buf_adds(&out, from);
	return buf_detach(&out);
}

static struct facts
facts(const struct work *w)
{
	const struct record *r = &w->vm->record;

	return (struct facts){
		.vm = w->vm->now.state,
		.project_current = strcmp(r->project, w->project) == 0,
		.session_current = strcmp(r->session, w->session) == 0,
		.steps_current = vm_steps_are_prefix(w),
		.steps_left = r->nsteps < w->ncreate,
	};
}

int
vm_save(const struct vm *vm, struct err *e)
{
	return record_save(&vm->record, &vm->state, e);
}

int
vm_remove(struct vm *vm, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);
	static const char *const ours[] = { "record.json", "lima.json",
		VM_STAGE, VM_FAILURE, VM_WORKER, "start.log", "provision.log",
		"engine.log" };

	if (log < 0 || record_remove(&vm->state, e))
		return -1;
	lima_look(&vm->lima, vm->instance, &vm->now);
	if (vm->now.state != VM_ABSENT) {
		/* Its disk goes: there is nothing to shut down in order for. */
		vm_stage_set(vm, "removing");
		if (lima_clear(&vm->lima, vm->instance, log, e) ||
		    lima_delete(&vm->lima, vm->instance, log, e))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (fs_remove(vm->state.fd, ours[i], e))
			return -1;
	return 0;
}

static int
do_delete(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;

	/* First the record: what it describes is about to go. */
	record_release(&vm->record);
	if (vm_save(vm, e))
		return -1;
	vm_stage_set(vm, "removing what is out of date");
	return lima_delete(&vm->lima, vm->instance, w->log, e);
}

static struct json *
configuration(const struct work *w)
{
	const struct lima_machine m = { .mf = w->mf,
		.image = &w->image,
		.root = trusted_root(w->trusted),
		.mounts = w->mounts,
		.vm_type = w->vm->config->vm_type };

	return limayaml_make(&m);
}

/* Write our copy of the configuration and have Lima look at it. */
static int
write_configuration(struct work *w, const struct json *config, struct buf *text,
    struct buf *path, struct err *e)
{
	struct vm *vm = w->vm;

	json_write(text, config, true);
	buf_addf(
	    path, "%s/projects/%s/lima.json", vm->paths->state, vm->state.id);
	if (fs_replace(vm->state.fd, "lima.json", text->s, text->len, 0600, e))
		return -1;
	return lima_validate(&vm->lima, path->s, w->log, e);
}

static int
do_create(struct work *w, struct err *e)
{
	cleanup(json) struct json *config = configuration(w);
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	struct vm *vm = w->vm;
	struct record *r = &vm->record;

	/* First the record: what it says is of a disk that has gone. */
	record_release(r);
	if (vm_save(vm, e))
		return -1;
	vm_stage_set(vm, "creating from %s", w->image.alias);
	if (write_configuration(w, config, &text, &path, e))
		return -1;
	if (lima_create(&vm->lima, vm->instance, path.s, w->log, e) ||
	    lima_verify(&vm->lima, vm->instance, config, e)) {
		struct err ignored = ERR_INIT;

		/* Half a VM would look like one at the next attempt. */
		if (lima_delete(&vm->lima, vm->instance, w->log, &ignored))
			msg_error("%s", ignored.msg);
		return -1;
	}
	record_release(r);
	r->image = xstrdup(w->image.location);
	r->digest = w->image.digest ? xstrdup(w->image.digest) : NULL;
	memcpy(r->project, w->project, sizeof(r->project));
	memcpy(r->session, w->session, sizeof(r->session));
	return vm_save(vm, e);
}

static int
do_configure(struct work *w, struct err *e)
{
	cleanup(json) struct json *config = configuration(w);
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	struct vm *vm = w->vm;

	/* Until it is verified nobody knows what Lima has. */
	vm->record.session[0] = '\0';
	if (vm_save(vm, e) || write_configuration(w, config, &text, &path, e) ||
	    lima_configure(&vm->lima, vm->instance, text.s, text.len, e) ||
	    lima_verify(&vm->lima, vm->instance, config, e))
		return -1;
	memcpy(vm->record.session, w->session, sizeof(w->session));
	return vm_save(vm, e);
}

static int
carry_out(struct work *w, unsigned steps, struct err *e)
{
	struct vm *vm = w->vm;
	struct record *r = &vm->record;

	if ((steps & PLAN_STOP && vm_power_off(vm, e)) ||
	    (steps & PLAN_KILL &&
		lima_clear(&vm->lima, vm->instance, w->log, e)) ||
	    (steps & PLAN_DELETE && do_delete(w, e)) ||
	    (steps & PLAN_CREATE && do_create(w, e)) ||
	    (steps & PLAN_CONFIGURE && do_configure(w, e)) ||
	    (steps & PLAN_START && vm_boot(w, e)) || vm_wait_ready(w, e) ||
	    vm_provision(w, strcmp(r->ready, vm->now.boot) != 0, e) ||
	    vm_wait_listening(w, e))
		return -1;
	r->failed_step = r->failed_status = 0;
	memcpy(r->ready, vm->now.boot, sizeof(vm->now.boot));
	memcpy(r->applied, trusted_hash(w->trusted), sizeof(r->applied));
	return vm_save(vm, e);
}

/* What the approved lock file says about the image, if there is one. */
static int
check_lock(const struct trusted *t, const struct image *image, struct err *e)
{
	const struct snapshot_file *lock = snapshot_find(
	    trusted_snapshot(t), SNAPSHOT_LOCK);

	return lock ? lockfile_check(lock->bytes, lock->len, image, e) : 0;
}

static void
list_files(struct work *w)
{
	const struct snapshot *s = trusted_snapshot(w->trusted);

	w->files = arena_zalloc(w->arena, s->n, sizeof(*w->files));
	for (size_t i = 0; i < s->n; i++)
		w->files[w->nfiles++] = (struct file_bytes){
			.path = s->files[i].name,
			.data = s->files[i].bytes,
			.len = s->files[i].len
		};
}

/* No machine may start while a part of what was asked for is ignored. */
static int
refuse_unbuilt(const struct work *w, struct err *e)
{
	cleanup(buf) struct buf names = BUF_INIT;

	if (machinefile_unbuilt(w->mf, &names))
		return err_set(e, ERR_CONFIG,
		    "the Machinefile uses what this version of machine cannot "
		    "do yet: %s",
		    names.s);
	if (config_unbuilt(w->vm->config, &names))
		return err_set(e, ERR_CONFIG,
		    "config.yaml uses what this version of machine cannot do "
		    "yet: %s",
		    names.s);
	return 0;
}

/*
 * With the same Machinefile the image has become another one (Lima's templates
 * were updated). That is no decision of the user to lose the disk.
 */
static int
check_image(const struct work *w, struct err *e)
{
	const struct record *r = &w->vm->record;

	if (!r->digest || !w->image.digest || w->vm->now.state == VM_ABSENT ||
	    strcmp(r->digest, w->image.digest) == 0 ||
	    strcmp(r->applied, trusted_hash(w->trusted)) != 0)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "the image %s is now %s, and this VM was made from %s: to take "
	    "the new one, type: machine destroy",
	    w->image.alias, w->image.digest, r->digest);
}

static int
prepare(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;

	if (refuse_unbuilt(w, e) || vm_resolve_mounts(w, e) ||
	    lima_find(&vm->lima, vm->config, vm->self, e) ||
	    lima_check_version(&vm->lima, e) ||
	    lima_image(&vm->lima, vm->config, w->mf, w->arena, &w->image, e) ||
	    check_lock(w->trusted, &w->image, e) || check_image(w, e))
		return -1;
	list_files(w);
	vm_list_steps(w);
	return 0;
}

int
vm_make_ready(struct vm *vm, const struct trusted *t, struct err *e)
{
	cleanup(arena) struct arena *arena = arena_new();
	struct work w = { .vm = vm,
		.trusted = t,
		.mf = trusted_machinefile(t),
		.arena = arena };
	struct described d = {
		.mf = w.mf, .image = &w.image, .vm_type = vm->config->vm_type
	};
	cleanup(fd) int log = -1;
	struct facts f;

	if (prepare(&w, e))
		return -1;
	log = fs_open_log(vm->state.fd, "engine.log", true, e);
	if (log < 0)
		return -1;
	w.log = log;
	d.files = w.files;
	d.nfiles = w.nfiles;
	currency_layer(LAYER_PROJECT, &d, w.project);
	currency_layer(LAYER_SESSION, &d, w.session);
	f = facts(&w);
	return carry_out(&w, plan(&f), e);
}

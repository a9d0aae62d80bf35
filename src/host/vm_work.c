#include "host/vm_work.h"

#include "base/fs.h"
#include "base/msg.h"
#include "core/currency.h"
#include "core/lockfile.h"
#include "host/ca.h"
#include "host/private.h"
#include "host/volume.h"

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
	const struct vm *vm = w->vm;
	const struct record *r = &vm->record;

	return (struct facts){
		.vm = vm->now.state,
		.disk_current = r->parent &&
				strcmp(r->parent, vm_parent(w)->name) == 0 &&
				vm_steps_are_prefix(w),
		.session_current = strcmp(r->session, w->session) == 0,
		.steps_left = vm_steps_left(w),
		.was_ready = r->ready[0] && strcmp(r->ready, vm->now.boot) == 0,
		.base = w->base.exists,
		.golden = w->golden.exists || !vm_needs_golden(w),
		.layer_left = w->top_steps < w->nsteps,
	};
}

int
vm_save(const struct vm *vm, struct err *e)
{
	return vm->building ? 0 : record_save(&vm->record, &vm->state, e);
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
		    lima_discard(&vm->lima, vm->instance, e))
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (fs_remove(vm->state.fd, ours[i], e))
			return -1;
	return 0;
}

/* When no guest lives that could put something else there. */
static int
prepare_storage(const struct work *w, struct err *e)
{
	const char *root = trusted_root(w->trusted);

	if (private_check(w->mf, root, e))
		return -1;
	return volume_prepare(
	    &w->vm->lima, w->vm->state.id, root, &w->storage, e);
}

static int
boot(struct work *w, struct err *e)
{
	return prepare_storage(w, e) || vm_lay(w, e) || vm_boot(w, e) ? -1 : 0;
}

static int
provision(struct work *w, struct err *e)
{
	const struct vm *vm = w->vm;

	return vm_wait_ready(w, e) ||
		       vm_provision(
			   w, strcmp(vm->record.ready, vm->now.boot) != 0, e)
		   ? -1
		   : 0;
}

static int
build(struct work *w, unsigned steps, struct err *e)
{
	/* Each time: it is held then, and what stands on it may be there. */
	if (steps & PLAN_BASE && (vm_build_base(w, e) || vm_find_layers(w, e)))
		return -1;
	if (steps & PLAN_GOLDEN &&
	    (vm_build_golden(w, e) || vm_find_layers(w, e)))
		return -1;
	return 0;
}

static int
carry_out(struct work *w, unsigned steps, struct err *e)
{
	struct vm *vm = w->vm;
	struct record *r = &vm->record;

	if ((steps & PLAN_STOP && vm_power_off(vm, e)) ||
	    (steps & PLAN_KILL &&
		lima_clear(&vm->lima, vm->instance, w->log, e)) ||
	    build(w, steps, e) || (steps & PLAN_LAY && boot(w, e)) ||
	    provision(w, e) ||
	    (steps & PLAN_CAPTURE &&
		(vm_capture(w, e) || boot(w, e) || provision(w, e))) ||
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
read_certificates(struct work *w, struct err *e)
{
	cleanup(buf) struct buf text = BUF_INIT;

	if (!w->vm->config->host_certificates)
		return 0;
	if (ca_text(&text, e))
		return -1;
	if (text.len)
		w->certificates = arena_strndup(w->arena, text.s, text.len);
	return 0;
}

static int
prepare(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;
	struct err ignored = ERR_INIT;

	if (refuse_unbuilt(w, e) || vm_resolve_mounts(w, e) ||
	    storage_make(&w->storage, w->mf, trusted_root(w->trusted),
		vm->state.id, w->arena, e) ||
	    lima_find(&vm->lima, vm->config, vm->self, e) ||
	    lima_check_version(&vm->lima, e) ||
	    lima_image(&vm->lima, vm->config, w->mf, w->arena, &w->image, e) ||
	    check_lock(w->trusted, &w->image, e) || check_image(w, e))
		return -1;
	if (read_certificates(w, e))
		return -1;
	/* It takes room; that it is there stops nobody. */
	(void)!vm_sweep(&vm->lima, &ignored);
	list_files(w);
	currency_layer(
	    LAYER_SESSION, &(struct described){ .mf = w->mf }, w->session);
	return vm_list_steps(w, e) || vm_find_layers(w, e) ? -1 : 0;
}

static void
work_release(struct work *w)
{
	agent_close(&w->agent);
	vm_let_go(w);
	layer_release(&w->base);
	layer_release(&w->golden);
	layer_release(&w->top);
	buf_release(&w->base_text);
	buf_release(&w->golden_text);
}

CLEANUP_DEFINE(work, struct work, work_release(p));

/* The layers that projects share, and nothing of this one. */
static int
build_images(struct work *w, const struct facts *f, struct err *e)
{
	return build(w,
	    (f->base ? 0u : (unsigned)PLAN_BASE) |
		(f->golden ? 0u : (unsigned)PLAN_GOLDEN),
	    e);
}

static int
make_ready(struct vm *vm, const struct trusted *t, bool *again, struct err *e)
{
	cleanup(arena) struct arena *arena = arena_new();
	cleanup(work) struct work w = { .vm = vm,
		.trusted = t,
		.mf = trusted_machinefile(t),
		.arena = arena,
		.dir = trusted_root(t),
		.agent = AGENT_INIT,
		.base_text = BUF_INIT,
		.golden_text = BUF_INIT };
	cleanup(fd) int log = -1;
	struct facts f;

	if (prepare(&w, e))
		return -1;
	log = fs_open_log(vm->state.fd, "engine.log", true, e);
	if (log < 0)
		return -1;
	w.log = log;
	f = facts(&w);
	if (vm->images_only)
		return build_images(&w, &f, e);
	if (!carry_out(&w, plan(&f), e))
		return 0;
	*again = w.again;
	return -1;
}

int
vm_make_ready(struct vm *vm, const struct trusted *t, struct err *e)
{
	bool again = false;

	if (!make_ready(vm, t, &again, e))
		return 0;
	return again ? make_ready(vm, t, &again, e) : -1;
}

#include "base/fs.h"
#include "host/layer_use.h"
#include "host/vm_work.h"
#include "host/volume.h"

#define SYNC_MS 45000

/* Has the living VM this volume? */
static int
has_it(const struct volume_info *v, void *arg, struct err *e)
{
	(void)e;
	return v->used_by && strcmp(v->used_by, arg) == 0;
}

/*
 * What the guest has not written out yet may be on its way into the project's
 * directory. One that does not answer has had its chance.
 */
static void
write_out(const struct vm *vm)
{
	struct err ignored = ERR_INIT;
	int status;

	(void)!lima_probe(&vm->lima, vm->instance, "timeout 20 sync", SYNC_MS,
	    &status, &ignored);
}

/* A database on a volume wants to end in order; the session disk does not. */
static int
end_at_once(struct vm *vm, const char *root, struct err *e)
{
	cleanup(fd) int log = fs_open_log(vm->state.fd, "engine.log", false, e);
	int volumes;

	if (log < 0)
		return -1;
	volumes = volume_each_of(
	    &vm->lima, vm->state.id, root, has_it, vm->instance, e);
	if (volumes)
		return volumes < 0 ? -1 : vm_end_session(vm, e);
	if (vm->now.agent || vm->now.driver)
		vm_stage_set(vm, "discarding the session disk");
	if (vm->now.state == VM_RUNNING)
		write_out(vm);
	return lima_clear(&vm->lima, vm->instance, log, e) ||
		       lima_discard(&vm->lima, vm->instance, e)
		   ? -1
		   : 0;
}

/* With the lock held. */
static int
reset(struct vm *vm, const char *root, struct err *e)
{
	bool was;

	if (vm_refresh(vm, e))
		return -1;
	was = vm->now.state == VM_RUNNING || vm->now.state == VM_BROKEN;
	if (end_at_once(vm, root, e))
		return -1;
	vm->record.ready[0] = vm->record.session[0] = '\0';
	vm->record.failed_step = vm->record.failed_status = 0;
	record_forget_steps(&vm->record);
	if (vm->record.layer && vm_save(vm, e))
		return -1;
	return was;
}

int
vm_reset(struct vm *vm, const char *root, struct err *e)
{
	cleanup(fd) int lock = -1;
	int was;

	if (vm->state.fd < 0)
		return 0;
	lock = vm_lock(vm, root, e);
	was = lock < 0 ? -1 : reset(vm, root, e);
	if (lock >= 0)
		(void)unlinkat(vm->state.fd, VM_STAGE, 0);
	return was;
}

/* Does a project other than this one use it? Which, or NULL. */
static const char *
another(const struct layer_use *use, const char *root)
{
	for (size_t i = 0; i < use->roots.n; i++)
		if (strcmp(use->roots.v[i], root) != 0)
			return use->roots.v[i];
	return NULL;
}

static bool
is_own(const struct layer_use *use, const struct vm *vm, const char *root)
{
	const char *project = use->layer.record.project;
	const char *top = vm->record.layer;

	return layer_kind_of(use->layer.name) == KIND_PROJECT &&
	       ((project && strcmp(project, root) == 0) ||
		   (top && strcmp(top, use->layer.name) == 0));
}

static void
doom_own(struct layer_uses *u, const struct vm *vm, const char *root)
{
	for (size_t i = 0; i < u->n; i++)
		u->v[i].doomed |= is_own(&u->v[i], vm, root);
}

/* What is used, whoever does that, was not removed. */
static int
check_gone(const struct layer_uses *u, const struct vm *vm, const char *root,
    struct err *e)
{
	for (size_t i = 0; i < u->n; i++)
		if (is_own(&u->v[i], vm, root) && !u->v[i].doomed)
			return err_set(e, ERR_BACKEND,
			    "what the steps have made is in use: try again "
			    "when that is over");
	return 0;
}

static void
doom_golden(
    struct layer_uses *u, const struct vm *vm, const char *root, bool *kept)
{
	struct layer_use *use = vm->record.parent
				    ? layer_uses_find(u, vm->record.parent)
				    : NULL;
	unsigned left;

	if (!use || layer_kind_of(use->layer.name) != KIND_GOLDEN)
		return;
	left = use->children;
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].doomed &&
		    strcmp(u->v[i].parent, use->layer.name) == 0)
			left--;
	*kept = left || use->live || use->building || another(use, root);
	use->doomed = !*kept;
}

int
vm_rebuild(
    struct vm *vm, const char *root, bool golden, bool *kept, struct err *e)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };
	cleanup(fd) int lock = -1;
	int was, rc;

	*kept = false;
	if (vm->state.fd < 0)
		return 0;
	lock = vm_lock(vm, root, e);
	if (lock < 0)
		return -1;
	was = reset(vm, root, e);
	rc = was < 0 || layer_uses_look(&u, &vm->lima, e) ? -1 : 0;
	if (!rc)
		doom_own(&u, vm, root);
	if (!rc && golden)
		doom_golden(&u, vm, root, kept);
	if (!rc)
		rc = layer_uses_remove(&u, &vm->lima, e) ||
		     check_gone(&u, vm, root, e);
	(void)unlinkat(vm->state.fd, VM_STAGE, 0);
	return rc ? -1 : was;
}

int
vm_forget_layers(const struct vm *vm, const char *root, struct err *e)
{
	cleanup(layer_uses) struct layer_uses u = { .n = 0 };

	if (layer_uses_look(&u, &vm->lima, e))
		return -1;
	for (size_t i = 0; i < u.n; i++) {
		struct layer_use *use = &u.v[i];

		use->doomed = is_own(use, vm, root) && !use->live &&
			      !use->building && !another(use, root);
	}
	return layer_uses_remove(&u, &vm->lima, e);
}

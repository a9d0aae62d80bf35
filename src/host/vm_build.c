#include "host/vm_work.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/msg.h"
#include "host/boot_files.h"
#include "host/disk.h"
#include "host/recipe.h"

/*
 * How the layers of layer.h come to be.
 *
 *	base	the image, booted once as Lima boots it by itself; its kernel
 *and modules are taken out, so that from then on it boots directly
 *	golden	a VM on the base in which packages and tools are installed
 *	project	the VM of the project itself, when its steps have run
 *
 * The first two are made in VMs of their own, that have no directory of the
 * host and no port, so that nothing of one project is in what others get.
 */
#define WAIT_MS 1000

/* A VM that is only there to make a layer. */
struct build {
	struct work work;
	struct vm vm;
	struct machinefile mf;
};

void
vm_build_name(const char *layer, char name[3 + HASH_XXH64_HEX])
{
	memcpy(name, "b-", 2);
	hash_xxh64(layer, strlen(layer), name + 2);
}

static void
build_init(struct build *b, const struct work *w, const struct layer *l)
{
	b->vm = *w->vm;
	b->vm.record = (struct record){ .image = NULL };
	b->vm.building = true;
	vm_build_name(l->name, b->vm.instance);
	b->mf = *w->mf;
	b->mf.nports = b->mf.nmounts = b->mf.nvolumes = 0;
	b->mf.nprivate_dirs = b->mf.nagents = 0;
	b->mf.ready_tcp = 0;
	b->work = (struct work){ .vm = &b->vm,
		.trusted = w->trusted,
		.mf = &b->mf,
		.arena = w->arena,
		.image = w->image,
		.certificates = w->certificates,
		.dir = "/",
		.log = w->log,
		.logged = w->logged,
		.agent = AGENT_INIT,
		.base_text = BUF_INIT,
		.golden_text = BUF_INIT };
}

/* Nothing of the VM is left, whatever became of it. */
static int
build_end(struct build *b, struct err *e)
{
	int rc = vm_discard_build(&b->vm.lima, b->vm.instance, b->work.log, e);

	agent_close(&b->work.agent);
	record_release(&b->vm.record);
	layer_release(&b->work.base);
	layer_release(&b->work.top);
	return rc;
}

static int
look_again(const struct work *w, struct layer *l, const struct buf *text,
    struct err *e)
{
	const enum layer_kind kind = layer_kind_of(l->name);

	layer_release(l);
	return layer_find(l, w->vm->paths, kind, text, e);
}

/*
 * Hold the layer's lock, in *lock for the caller to close; or wait until
 * somebody else has made it: then l exists.
 */
static int
lock_or_wait(const struct work *w, struct layer *l, const struct buf *text,
    int *lock, struct err *e)
{
	int rc;

	while ((*lock = layer_lock(l, e)) < 0) {
		if (e->sys != EWOULDBLOCK)
			return -1;
		vm_stage_set(w->vm,
		    "waiting for another project that makes the same image");
		while ((rc = layer_wait(l, WAIT_MS, e)) == 1)
			continue;
		/* Those who use it hold it, too, so there may be no lock. */
		if (rc || look_again(w, l, text, e))
			return -1;
		if (l->exists)
			return 0;
	}
	/* It may be there by now; or its maker has died. */
	return look_again(w, l, text, e) || vm_sweep(&w->vm->lima, e) ? -1 : 0;
}

/* Room for what is to be stored; without it QEMU would stop in the middle. */
static int
check_room(const struct work *w, struct err *e)
{
	uint64_t room;

	if (fs_room(w->vm->paths->data, &room, e))
		return -1;
	if (room >= UINT64_C(2) << 30)
		return 0;
	return err_set(e, ERR_BACKEND,
	    "%s has only %llu MiB left, and an image needs about 2 GiB: "
	    "type: machine image prune, or make room",
	    w->vm->paths->data, (unsigned long long)(room >> 20));
}

/* The disk of the VM, which is off, becomes that of the layer. */
static int
store(struct build *b, struct layer *l, const char *dir,
    const struct disk_parent *parent, struct err *e)
{
	cleanup(str) char *from = lima_file(
	    &b->vm.lima, b->vm.instance, "disk");
	cleanup(str) char *to = path_join(dir, "disk.qcow2");

	vm_stage_set(&b->vm, "storing the %s image",
	    layer_kind_of(l->name) == KIND_BASE ? "base" : "golden");
	return disk_store(&b->vm.lima, from, parent, to, e);
}

static int
power_off(struct build *b, struct err *e)
{
	int status;

	if (recipe_clean(&b->work, &status, e))
		return -1;
	if (status)
		return err_set(e, ERR_BACKEND,
		    "the image cannot be cleaned: status %d, see machine logs "
		    "provision",
		    status);
	agent_close(&b->work.agent);
	return vm_power_off(&b->vm, e);
}

/* --- base -------------------------------------------------------------- */

static int
create_base(struct build *b, struct err *e)
{
	cleanup(json) struct json *config = NULL;
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	struct vm *vm = &b->vm;

	/* Others want larger ones: a disk grows, and never shrinks. */
	b->mf.disk = MACHINEFILE_DISK_MIN;
	config = vm_configuration(&b->work);
	vm_stage_set(vm, "preparing the image %s", b->work.image.alias);
	if ((b->work.image.location[0] == '/' &&
		disk_check(b->work.image.location, e)) ||
	    vm_write_configuration(&b->work, config, &text, &path, e) ||
	    lima_create(&vm->lima, vm->instance, path.s, b->work.log, e) ||
	    lima_verify(&vm->lima, vm->instance, config, e))
		return -1;
	vm_stage_set(vm, "first boot of the image %s%s", b->work.image.alias,
	    vm->lima.slow ? " (slow: no hardware acceleration)" : "");
	return lima_start(&vm->lima, vm->instance, NULL, b->work.log,
		   &b->work.starter, e) ||
		       vm_wait_for(&b->work, "[ -e /run/lima-boot-done ]", 0, e)
		   ? -1
		   : 0;
}

static int
make_base(struct build *b, struct layer *l, const char *dir,
    struct layer_record *r, struct err *e)
{
	r->image = xstrdup(b->work.image.location);
	r->project = xstrdup(trusted_root(b->work.trusted));
	if (create_base(b, e) || recipe_certificates(&b->work, e))
		return -1;
	vm_stage_set(&b->vm, "taking the kernel out of the image");
	return boot_files_take(&b->work, dir, &r->cmdline, &r->why, e) ||
		       power_off(b, e) || store(b, l, dir, NULL, e)
		   ? -1
		   : 0;
}

/* --- golden ------------------------------------------------------------ */

static int
make_golden(struct build *b, struct layer *l, const char *dir,
    struct layer_record *r, struct err *e)
{
	cleanup(str) char *path = layer_path(&b->work.base, "disk.qcow2");
	cleanup(buf) struct buf written = BUF_INIT;

	buf_addf(&written, "../%s/disk.qcow2", b->work.base.name);
	r->image = xstrdup(b->work.image.location);
	r->project = xstrdup(trusted_root(b->work.trusted));
	memcpy(r->parent, b->work.base.name, sizeof(r->parent));
	if (vm_lay(&b->work, e) || vm_boot(&b->work, e) ||
	    vm_wait_ready(&b->work, e) || recipe_install(&b->work, e) ||
	    power_off(b, e))
		return -1;
	return store(b, l, dir,
	    &(struct disk_parent){
		.path = path, .written = written.s, .direct = true },
	    e);
}

/* --- both -------------------------------------------------------------- */

typedef int make(struct build *b, struct layer *l, const char *dir,
    struct layer_record *r, struct err *e);

static int
build(struct work *w, struct layer *l, const struct buf *text, make *f,
    const struct layer *base, struct err *e)
{
	cleanup(fd) int lock = -1;
	cleanup(str) char *dir = NULL;
	struct layer_record r = { .parent = "" };
	struct err more = ERR_INIT;
	struct build b;
	int rc;

	if (lock_or_wait(w, l, text, &lock, e))
		return -1;
	if (l->exists)
		return 0;
	if (check_room(w, e) || !(dir = layer_begin(l, e)))
		return -1;
	build_init(&b, w, l);
	/* A build that was killed has left its VM. */
	rc = vm_discard_build(&b.vm.lima, b.vm.instance, w->log, e) ||
		     (base && (layer_open(
				   &b.work.base, w->vm->paths, base->name, e) ||
				  layer_open(&b.work.top, w->vm->paths,
				      base->name, e))) ||
		     f(&b, l, dir, &r, e) || layer_commit(l, &r, text, e)
		 ? -1
		 : 0;
	w->logged |= b.work.logged;
	w->again |= b.work.again;
	if (rc)
		layer_abandon(l);
	layer_record_release(&r);
	if (build_end(&b, rc ? &more : e))
		return rc ? (msg_error("%s", more.msg), -1) : -1;
	return rc;
}

int
vm_build_base(struct work *w, struct err *e)
{
	return build(w, &w->base, &w->base_text, make_base, NULL, e);
}

int
vm_build_golden(struct work *w, struct err *e)
{
	return build(w, &w->golden, &w->golden_text, make_golden, &w->base, e);
}

/* --- project ----------------------------------------------------------- */

static int
store_project(
    struct work *w, struct layer *l, const struct buf *text, struct err *e)
{
	const struct layer *parent = vm_parent(w);
	cleanup(str) char *path = layer_path(parent, "disk.qcow2");
	cleanup(str) char *disk = lima_file(
	    &w->vm->lima, w->vm->instance, "disk");
	cleanup(str) char *dir = layer_begin(l, e);
	cleanup(buf) struct buf written = BUF_INIT;
	cleanup(str) char *to = NULL;
	struct layer_record r = { .parent = "" };
	int rc;

	if (!dir)
		return -1;
	to = path_join(dir, "disk.qcow2");
	buf_addf(&written, "../%s/disk.qcow2", parent->name);
	memcpy(r.parent, parent->name, sizeof(r.parent));
	r.image = xstrdup(w->image.location);
	r.project = xstrdup(trusted_root(w->trusted));
	rc = disk_store(&w->vm->lima, disk,
		 &(struct disk_parent){ .path = path,
		     .written = written.s,
		     .direct = strcmp(w->top.name, parent->name) == 0 },
		 to, e) ||
		     layer_commit(l, &r, text, e)
		 ? -1
		 : 0;
	layer_record_release(&r);
	if (rc)
		layer_abandon(l);
	return rc;
}

int
vm_capture(struct work *w, struct err *e)
{
	cleanup(layer) struct layer l = { .name = "" };
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(fd) int lock = -1;

	agent_close(&w->agent);
	vm_project_text(w, w->nsteps, &text);
	if (layer_find(&l, w->vm->paths, KIND_PROJECT, &text, e))
		return -1;
	if (!l.exists) {
		if (lock_or_wait(w, &l, &text, &lock, e) || check_room(w, e) ||
		    vm_power_off(w->vm, e))
			return -1;
		vm_stage_set(w->vm, "storing what the steps have made");
		if (!l.exists && store_project(w, &l, &text, e))
			return -1;
	} else if (vm_power_off(w->vm, e)) {
		return -1;
	}
	/* Not ours alone any more: what is found now is held. */
	if (lock >= 0)
		fd_close(steal_fd(&lock));
	return vm_find_layers(w, e);
}

#include "host/vm_work.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "core/limayaml.h"
#include "host/disk.h"
#include "host/initrd.h"
#include "host/qemu.h"
#include "host/volume.h"

/*
 * An instance directory, made by hand: Lima starts what has a lima.yaml and a
 * disk (pkg/limatype/filenames, v2.2.0), and `limactl create`, which would copy
 * the image, takes longer than all else before the kernel runs.
 *
 * It is laid out anew for each start. The session disk is nobody's any more by
 * then, and half a directory that a crash has left is none that is believed.
 */
#define PROGRAM "machine-guest"
#define DELAY_MS 1500 /* before systemd starts; ENGINE.md 5 */

struct json *
vm_configuration(const struct work *w)
{
	const struct lima_machine m = { .mf = w->mf,
		.image = &w->image,
		.root = w->vm->building ? NULL : trusted_root(w->trusted),
		.mounts = w->mounts,
		.vm_type = w->vm->config->vm_type,
		.storage = &w->storage };

	return limayaml_make(&m);
}

int
vm_write_configuration(struct work *w, const struct json *config,
    struct buf *text, struct buf *path, struct err *e)
{
	struct vm *vm = w->vm;

	json_write(text, config, true);
	buf_addf(
	    path, "%s/projects/%s/lima.json", vm->paths->state, vm->state.id);
	if (fs_replace(vm->state.fd, "lima.json", text->s, text->len, 0600, e))
		return -1;
	return lima_validate(&vm->lima, path->s, w->log, e);
}

/* Of this very text we know already what Lima makes of it. */
static void
verified_name(
    const struct work *w, const struct buf *text, char hex[HASH_XXH128_HEX + 1])
{
	cleanup(buf) struct buf both = BUF_INIT;

	buf_addf(&both, "%s\n", w->vm->lima.version);
	buf_add(&both, text->s, text->len);
	hash_xxh128(both.s, both.len, hex);
}

static int
write_yaml(struct work *w, int dir, struct err *e)
{
	cleanup(json) struct json *config = vm_configuration(w);
	cleanup(buf) struct buf text = BUF_INIT;
	cleanup(buf) struct buf path = BUF_INIT;
	char hex[HASH_XXH128_HEX + 1];
	struct vm *vm = w->vm;

	json_write(&text, config, true);
	verified_name(w, &text, hex);
	if (fs_replace(dir, "lima.yaml", text.s, text.len, 0600, e) ||
	    fs_replace(dir, "lima-version", vm->lima.version,
		strlen(vm->lima.version), 0600, e))
		return -1;
	if (strcmp(hex, vm->record.verified) == 0)
		return 0;
	buf_release(&text);
	if (vm_write_configuration(w, config, &text, &path, e) ||
	    lima_verify(&vm->lima, vm->instance, config, e))
		return -1;
	memcpy(vm->record.verified, hex, sizeof(hex));
	return 0;
}

static int
write_disk(const struct work *w, struct err *e)
{
	cleanup(str) char *parent = layer_path(&w->top, "disk.qcow2");
	cleanup(str) char *disk = lima_file(
	    &w->vm->lima, w->vm->instance, "disk");

	return disk_overlay(&w->vm->lima, parent, disk, w->mf->disk, e);
}

/* The program that the guest runs first; malloc'ed. */
static char *
guest_program(const struct work *w, struct err *e)
{
	char *path = path_beside(w->vm->self, PROGRAM);

	if (!path)
		err_set(e, ERR_BACKEND,
		    PROGRAM " is not installed: it belongs beside machine, or "
			    "in its libexec directory");
	return path;
}

static int
write_initrd(const struct work *w, int dir, struct err *e)
{
	cleanup(str) char *modules = layer_path(&w->base, "modules.cpio");
	cleanup(str) char *program = guest_program(w, e);
	cleanup(bootconf) struct bootconf conf = BOOTCONF_INIT;
	cleanup(fd) int fd = -1;

	if (!program)
		return -1;
	if (w->vm->lima.qemu)
		conf.ports = QEMU_PORTS;
	/* Where that takes seconds: after the first line. */
	if (w->vm->lima.slow)
		conf.delay_ms = DELAY_MS;
	volume_bootconf(&w->storage, &conf);
	fd = openat(dir, "initrd",
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "cannot make the initrd");
	return initrd_write(fd, modules, program, &conf, e);
}

static int
link_to(int dir, const char *name, const char *target, struct err *e)
{
	return symlinkat(target, dir, name)
		   ? err_sys(e, "cannot link to %s", target)
		   : 0;
}

/* The image's own way to boot, as `limactl create` would put it there. */
static int
write_own_boot(const struct work *w, int dir, struct err *e)
{
	const struct image *i = &w->image;

	if (!i->kernel)
		return 0;
	return link_to(dir, "kernel", i->kernel, e) ||
		       fs_replace(dir, "kernel.cmdline", i->cmdline,
			   strlen(i->cmdline), 0600, e) ||
		       (i->initrd && link_to(dir, "initrd", i->initrd, e))
		   ? -1
		   : 0;
}

/* What boots the guest directly: a kernel, and our own program as its init. */
static int
write_boot(const struct work *w, int dir, struct err *e)
{
	cleanup(str) char *kernel = layer_path(&w->base, "kernel");
	const char *cmdline = w->base.record.cmdline;

	if (!cmdline)
		return write_own_boot(w, dir, e);
	return link_to(dir, "kernel", kernel, e) ||
		       fs_replace(dir, "kernel.cmdline", cmdline,
			   strlen(cmdline), 0600, e) ||
		       write_initrd(w, dir, e)
		   ? -1
		   : 0;
}

/* In which nothing of an earlier start is left. */
static int
empty_directory(const struct work *w, struct err *e)
{
	cleanup(fd) int home = fs_private_dir(w->vm->lima.home, e);

	if (home < 0 || fs_remove_tree(home, w->vm->instance, e))
		return -1;
	return fs_private_subdir(home, w->vm->instance, true, e);
}

int
vm_lay(struct work *w, struct err *e)
{
	struct record *r = &w->vm->record;
	cleanup(fd) int dir = -1;

	/* First the record: what it says is of a disk that goes now. */
	r->session[0] = r->ready[0] = '\0';
	record_forget_steps(r);
	if (vm_save(w->vm, e))
		return -1;
	dir = empty_directory(w, e);
	if (dir < 0 || write_disk(w, e) || write_boot(w, dir, e) ||
	    write_yaml(w, dir, e))
		return -1;
	layer_touch(&w->top);
	layer_touch(&w->base);
	for (size_t i = 0; i < w->top_steps; i++) {
		if (i < w->ncreate)
			record_add_step(r, w->ids[i]);
		else
			record_add_change(r, w->ids[i]);
	}
	free(r->image);
	free(r->digest);
	free(r->parent);
	free(r->layer);
	r->image = xstrdup(w->image.location);
	r->digest = w->image.digest ? xstrdup(w->image.digest) : NULL;
	r->parent = xstrdup(vm_parent(w)->name);
	r->layer = xstrdup(w->top.name);
	memcpy(r->session, w->session, sizeof(r->session));
	return vm_save(w->vm, e);
}

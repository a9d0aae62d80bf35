#include "host/vm_work.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"

/*
 * Which layers a Machinefile asks for, and which of them are there:
 *
 *	base	the image, with what boots it directly
 *	golden	base and packages; none if there is nothing to install
 *	top	of the project: as many of its steps as there is a layer of
 *
 * The session disk stands on the last of them that exists.
 */
#define WATCHED_MAX (16u << 20) /* bytes of one file */

/* What a step watches, as it is in the project now. */
static int
look_at_watched(
    const struct work *w, struct layer_step *s, int root, struct err *e)
{
	const struct step *step = s->step;
	struct file_bytes *files = arena_zalloc(
	    w->arena, step->nwatch, sizeof(*files));

	for (size_t i = 0; i < step->nwatch; i++) {
		cleanup(str) char *data = NULL;
		size_t len;

		files[i].path = step->watch[i];
		if (fs_read_beneath(
			root, step->watch[i], WATCHED_MAX, &data, &len, e)) {
			if (e->sys == ENOENT || e->sys == ENOTDIR)
				continue; /* its absence is what is seen */
			return err_wrap(e, "cannot watch %s", step->watch[i]);
		}
		files[i].data = arena_strndup(w->arena, data, len);
		files[i].len = len;
	}
	currency_watched(step, files, s->watched);
	return 0;
}

static void
add_steps(struct work *w, enum step_when when)
{
	for (size_t i = 0; i < w->mf->nprovision; i++)
		if (w->mf->provision[i].when == when)
			w->steps[w->nsteps++].step = &w->mf->provision[i];
}

int
vm_list_steps(struct work *w, struct err *e)
{
	const size_t n = w->mf->nprovision;
	cleanup(fd) int root = open(
	    trusted_root(w->trusted), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, "cannot open %s", trusted_root(w->trusted));
	w->steps = arena_zalloc(w->arena, n + 1, sizeof(*w->steps));
	w->ids = arena_zalloc(w->arena, n + 1, sizeof(*w->ids));
	w->nsteps = 0;
	add_steps(w, STEP_CREATE);
	w->ncreate = w->nsteps;
	add_steps(w, STEP_CHANGE);
	for (size_t i = 0; i < w->nsteps; i++) {
		if (i >= w->ncreate &&
		    look_at_watched(w, &w->steps[i], root, e))
			return -1;
		currency_step(&w->steps[i], w->files, w->nfiles, w->ids[i]);
	}
	return 0;
}

static struct described
described(const struct work *w)
{
	return (struct described){ .mf = w->mf,
		.image = &w->image,
		.files = w->files,
		.nfiles = w->nfiles,
		.vm_type = w->vm->config->vm_type,
		.certificates = w->certificates };
}

/* A file of the host has no digest: that it was replaced shows here. */
static int
add_file(struct buf *text, const char *path, struct err *e)
{
	struct stat st;

	if (!path || path[0] != '/')
		return 0;
	if (stat(path, &st))
		return err_sys(e, "cannot look at the image %s", path);
	buf_addf(text, "file %lld %lld\n", (long long)st.st_size,
	    (long long)st.st_mtime);
	return 0;
}

static int
make_texts(struct work *w, struct err *e)
{
	const struct described d = described(w);
	cleanup(buf) struct buf files = BUF_INIT;

	if (add_file(&files, w->image.location, e) ||
	    add_file(&files, w->image.kernel, e) ||
	    add_file(&files, w->image.initrd, e))
		return -1;
	buf_release(&w->base_text);
	currency_layer_text(&w->base_text, LAYER_BASE, &d);
	buf_add(&w->base_text, files.s, files.len);
	buf_release(&w->golden_text);
	currency_layer_text(&w->golden_text, LAYER_GOLDEN, &d);
	buf_add(&w->golden_text, files.s, files.len);
	return 0;
}

bool
vm_needs_golden(const struct work *w)
{
	return w->mf->npackages || w->mf->ntools;
}

const struct layer *
vm_parent(const struct work *w)
{
	return vm_needs_golden(w) ? &w->golden : &w->base;
}

void
vm_project_text(const struct work *w, size_t nsteps, struct buf *text)
{
	const struct described d = described(w);

	const char *root = trusted_root(w->trusted);

	currency_steps_text(text, &d, w->steps, nsteps);
	/*
	 * Steps read what is in the project's directory, too: what those of
	 * another one have made is neither the same nor to be trusted.
	 */
	buf_addf(text, "project %zu:%s\n", strlen(root), root);
	/* So that a project's layer goes with the golden one that it is of. */
	buf_adds(text, vm_parent(w)->name);
	buf_adds(text, "\n");
}

/* Somebody may be about to remove it: not from now on, or it has gone. */
static int
hold(struct work *w, struct layer *l, struct err *e)
{
	int fd = l->exists ? layer_hold(l, e) : -1;

	if (fd >= 0 && l->exists)
		w->held[w->nheld++] = fd;
	else
		fd_close(fd);
	return fd < 0 && l->exists ? -1 : 0;
}

void
vm_let_go(struct work *w)
{
	while (w->nheld)
		fd_close(w->held[--w->nheld]);
}

/* The layer with the most of our steps, and none that is not ours. */
static int
find_top(struct work *w, struct err *e)
{
	layer_release(&w->top);
	for (w->top_steps = w->nsteps; w->top_steps > 0; w->top_steps--) {
		cleanup(buf) struct buf text = BUF_INIT;

		vm_project_text(w, w->top_steps, &text);
		if (layer_find(&w->top, w->vm->paths, KIND_PROJECT, &text, e) ||
		    hold(w, &w->top, e))
			return -1;
		if (w->top.exists)
			return 0;
		layer_release(&w->top);
	}
	return vm_parent(w)->exists
		   ? layer_open(&w->top, w->vm->paths, vm_parent(w)->name, e)
		   : 0;
}

int
vm_find_layers(struct work *w, struct err *e)
{
	layer_release(&w->base);
	layer_release(&w->golden);
	vm_let_go(w);
	if (make_texts(w, e) ||
	    layer_find(&w->base, w->vm->paths, KIND_BASE, &w->base_text, e) ||
	    hold(w, &w->base, e) ||
	    layer_find(
		&w->golden, w->vm->paths, KIND_GOLDEN, &w->golden_text, e) ||
	    hold(w, &w->golden, e))
		return -1;
	return find_top(w, e);
}

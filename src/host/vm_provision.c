#include "host/vm_work.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fs.h"
#include "base/quote.h"
#include "core/currency.h"
#include "host/guest.h"

#define WATCHED_MAX (16u << 20) /* bytes of one file */

static const char packages_script[] = {
#include "guest/packages.inc"
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The packages as a step like the others: their names, then the script. */
static const char *
packages_text(struct work *w)
{
	cleanup(buf) struct buf text = BUF_INIT;
	const size_t n = w->mf->npackages;
	const char **names = arena_zalloc(w->arena, n, sizeof(*names));

	/* Their order means nothing, and must not cause a rebuild. */
	memcpy(names, w->mf->packages, n * sizeof(*names));
	qsort(names, n, sizeof(*names), by_name);
	buf_adds(&text, "set --");
	for (size_t i = 0; i < n; i++) {
		buf_adds(&text, " ");
		quote_sh(&text, names[i]);
	}
	buf_adds(&text, "\n");
	buf_adds(&text, packages_script);
	return arena_strndup(w->arena, text.s, text.len);
}

void
vm_list_steps(struct work *w)
{
	struct step *steps = arena_zalloc(
	    w->arena, w->mf->nprovision + 1, sizeof(*steps));
	size_t n = 0;

	if (w->mf->npackages)
		steps[n++] = (struct step){ .name = "packages",
			.run = packages_text(w),
			.as = STEP_ROOT };
	for (size_t i = 0; i < w->mf->nprovision; i++)
		if (w->mf->provision[i].when == STEP_CREATE)
			steps[n++] = w->mf->provision[i];
	w->create = steps;
	w->ncreate = n;
}

static void
script_hash(const struct work *w, const struct step *step,
    char hex[HASH_XXH128_HEX + 1])
{
	currency_script(step, w->files, w->nfiles, hex);
}

bool
vm_steps_are_prefix(const struct work *w)
{
	const struct record *r = &w->vm->record;
	char hex[HASH_XXH128_HEX + 1];

	if (r->nsteps > w->ncreate)
		return false;
	for (size_t i = 0; i < r->nsteps; i++) {
		script_hash(w, &w->create[i], hex);
		if (strcmp(hex, r->steps[i]) != 0)
			return false;
	}
	return true;
}

static const char *
step_name(const struct step *step)
{
	return step->name   ? step->name
	       : step->path ? step->path
			    : "without name";
}

static int
step_failed(struct work *w, size_t number, const struct step *step, int status,
    struct err *e)
{
	cleanup(str) char *lines = vm_log_tail(w->vm, "provision.log");
	struct record *r = &w->vm->record;

	r->failed_step = (int)number;
	r->failed_status = status;
	r->applied[0] = '\0';
	memcpy(r->attempted, trusted_hash(w->trusted), sizeof(r->attempted));
	if (vm_save(w->vm, e))
		return -1;
	return err_set(e, ERR_BACKEND,
	    "provision step %zu (%s) ended with status %d:\n%s\nlook with "
	    "`machine shell`, try again with `machine start`",
	    number, step_name(step), status, lines);
}

/* number: for people, from 1, in the order in which steps run. */
static int
run_step(struct work *w, size_t number, const struct step *step, struct err *e)
{
	const struct file_bytes script = currency_bytes(
	    step, w->files, w->nfiles);
	cleanup(fd) int log = fs_open_log(
	    w->vm->state.fd, "provision.log", !w->logged, e);
	int status;

	if (!trust_stands(w->trusted, w->vm->paths))
		return err_set(e, ERR_UNTRUSTED,
		    "the Machinefile was denied or allowed anew meanwhile: "
		    "nothing more is done");
	if (log < 0)
		return -1;
	w->logged = true;
	vm_stage_set(
	    w->vm, "provisioning, step %zu: %s", number, step_name(step));
	if (guest_step(w->vm, w->trusted, step->as, script.data, script.len,
		log, &status, e))
		return -1;
	return status ? step_failed(w, number, step, status, e) : 0;
}

/* What a step watches, as it is in the project now. */
static int
watched_hash(const struct work *w, const struct step *step,
    char hex[HASH_XXH128_HEX + 1], struct err *e)
{
	struct file_bytes *files = arena_zalloc(
	    w->arena, step->nwatch, sizeof(*files));
	cleanup(fd) int root = open(
	    trusted_root(w->trusted), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, "cannot open %s", trusted_root(w->trusted));
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
	currency_watched(step, files, hex);
	return 0;
}

static struct record_change *
find_change(struct record *r, const char *script)
{
	for (size_t i = 0; i < r->nchanges; i++)
		if (strcmp(r->changes[i].script, script) == 0)
			return &r->changes[i];
	return NULL;
}

static struct record_change *
add_change(struct record *r, const char *script)
{
	r->changes = xreallocarray(
	    r->changes, r->nchanges + 1, sizeof(*r->changes));
	r->changes[r->nchanges] = (struct record_change){ .watched = "" };
	memcpy(r->changes[r->nchanges].script, script, HASH_XXH128_HEX + 1);
	return &r->changes[r->nchanges++];
}

static int
run_if_changed(
    struct work *w, size_t number, const struct step *step, struct err *e)
{
	char script[HASH_XXH128_HEX + 1], watched[HASH_XXH128_HEX + 1];
	struct record *r = &w->vm->record;
	struct record_change *c;

	script_hash(w, step, script);
	if (watched_hash(w, step, watched, e))
		return -1;
	c = find_change(r, script);
	if (c && strcmp(c->watched, watched) == 0)
		return 0;
	if (run_step(w, number, step, e))
		return -1;
	if (!c)
		c = add_change(r, script);
	memcpy(c->watched, watched, sizeof(watched));
	return vm_save(w->vm, e);
}

/* Forget what no step of now has seen. */
static void
prune_changes(struct work *w)
{
	struct record *r = &w->vm->record;
	size_t kept = 0;

	for (size_t i = 0; i < r->nchanges; i++) {
		bool used = false;

		for (size_t j = 0; j < w->mf->nprovision; j++) {
			char hex[HASH_XXH128_HEX + 1];

			if (w->mf->provision[j].when != STEP_CHANGE)
				continue;
			script_hash(w, &w->mf->provision[j], hex);
			used |= strcmp(hex, r->changes[i].script) == 0;
		}
		if (used)
			r->changes[kept++] = r->changes[i];
	}
	r->nchanges = kept;
}

/* Those that are captured in the disk, from where the journal ends. */
static int
run_create_steps(struct work *w, struct err *e)
{
	struct record *r = &w->vm->record;

	for (size_t i = r->nsteps; i < w->ncreate; i++) {
		if (run_step(w, i + 1, &w->create[i], e))
			return -1;
		r->steps = xreallocarray(r->steps, i + 1, sizeof(*r->steps));
		script_hash(w, &w->create[i], r->steps[i]);
		r->nsteps = i + 1;
		if (vm_save(w->vm, e))
			return -1;
	}
	return 0;
}

int
vm_provision(struct work *w, bool fresh_boot, struct err *e)
{
	const struct machinefile *mf = w->mf;
	size_t number = w->ncreate;

	if (w->vm->record.nsteps < w->ncreate) {
		/* Lima's own scripts may be using the package manager. */
		vm_stage_set(w->vm, "finishing the first boot");
		if (vm_wait_for(w, "[ -e /run/lima-boot-done ]", 0, e))
			return -1;
	}
	prune_changes(w);
	if (run_create_steps(w, e))
		return -1;
	for (size_t i = 0; i < mf->nprovision; i++) {
		const struct step *step = &mf->provision[i];

		switch (step->when) {
		case STEP_CREATE:
			break;
		case STEP_CHANGE:
			if (run_if_changed(w, ++number, step, e))
				return -1;
			break;
		case STEP_START:
			number++;
			if (fresh_boot && run_step(w, number, step, e))
				return -1;
			break;
		}
	}
	return 0;
}

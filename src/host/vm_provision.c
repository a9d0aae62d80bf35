#include "host/vm_work.h"

#include "base/fs.h"

bool
vm_steps_are_prefix(const struct work *w)
{
	const struct record *r = &w->vm->record;

	if (r->nsteps > w->ncreate)
		return false;
	for (size_t i = 0; i < r->nsteps; i++)
		if (strcmp(w->ids[i], r->steps[i]) != 0)
			return false;
	return true;
}

/* Has this step on a change run in this VM, having seen what is there now? */
static bool
has_changed(const struct work *w, size_t i)
{
	const struct record *r = &w->vm->record;

	for (size_t j = 0; j < r->nchanges; j++)
		if (strcmp(w->ids[i], r->changes[j]) == 0)
			return false;
	return true;
}

bool
vm_steps_left(const struct work *w)
{
	if (w->vm->record.nsteps < w->ncreate)
		return true;
	for (size_t i = w->ncreate; i < w->nsteps; i++)
		if (has_changed(w, i))
			return true;
	return false;
}

static const char *
step_name(const struct step *step)
{
	return step->name   ? step->name
	       : step->path ? step->path
			    : "without name";
}

int
vm_run_step(struct work *w, size_t number, const struct step *step, int *status,
    struct err *e)
{
	const struct file_bytes script = currency_bytes(
	    step, w->files, w->nfiles);
	cleanup(fd) int log = fs_open_log(
	    w->vm->state.fd, "provision.log", !w->logged, e);

	if (!trust_stands(w->trusted, w->vm->paths))
		return err_set(e, ERR_UNTRUSTED,
		    "the Machinefile was denied or allowed anew meanwhile: "
		    "nothing more is done");
	if (log < 0)
		return -1;
	w->logged = true;
	if (number)
		vm_stage_set(w->vm, "%s, step %zu: %s",
		    w->vm->building ? "installing" : "provisioning", number,
		    step_name(step));
	return vm_step(w, step, &script, log, status, e);
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

static int
run_step(struct work *w, size_t number, const struct step *step, struct err *e)
{
	int status;

	if (vm_run_step(w, number, step, &status, e))
		return -1;
	return status ? step_failed(w, number, step, status, e) : 0;
}

/* Those for the disk, from where the journal ends. */
static int
run_create_steps(struct work *w, struct err *e)
{
	struct record *r = &w->vm->record;

	for (size_t i = r->nsteps; i < w->ncreate; i++) {
		if (run_step(w, i + 1, w->steps[i].step, e))
			return -1;
		record_add_step(r, w->ids[i]);
		if (vm_save(w->vm, e))
			return -1;
	}
	return 0;
}

static int
run_change_steps(struct work *w, struct err *e)
{
	struct record *r = &w->vm->record;

	for (size_t i = w->ncreate; i < w->nsteps; i++) {
		if (!has_changed(w, i))
			continue;
		if (run_step(w, i + 1, w->steps[i].step, e))
			return -1;
		record_add_change(r, w->ids[i]);
		if (vm_save(w->vm, e))
			return -1;
	}
	return 0;
}

/* Is anything to be run now? */
static bool
is_due(const struct work *w, bool fresh_boot)
{
	if (vm_steps_left(w))
		return true;
	for (size_t i = 0; fresh_boot && i < w->mf->nprovision; i++)
		if (w->mf->provision[i].when == STEP_START)
			return true;
	return false;
}

int
vm_provision(struct work *w, bool fresh_boot, struct err *e)
{
	size_t number = w->nsteps;

	if (is_due(w, fresh_boot) && vm_wait_systemd(w, e))
		return -1;
	if (run_create_steps(w, e) || run_change_steps(w, e))
		return -1;
	for (size_t i = 0; i < w->mf->nprovision; i++) {
		const struct step *step = &w->mf->provision[i];

		if (step->when != STEP_START)
			continue;
		number++;
		if (fresh_boot && run_step(w, number, step, e))
			return -1;
	}
	return 0;
}

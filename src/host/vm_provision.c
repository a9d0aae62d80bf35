#include "host/vm_work.h"

#include "base/fs.h"
#include "core/currency.h"
#include "host/guest.h"

static int
step_failed(struct work *w, size_t i, int status, struct err *e)
{
	cleanup(str) char *lines = vm_log_tail(w->vm, "provision.log");
	struct record *r = &w->vm->record;
	const char *name = w->mf->provision[i].name;

	r->failed_step = (int)i + 1;
	r->failed_status = status;
	memcpy(r->attempted, trusted_hash(w->trusted), sizeof(r->attempted));
	if (vm_save(w->vm, e))
		return -1;
	return err_set(e, ERR_BACKEND,
	    "provision step %zu%s%s%s ended with status %d:\n%s\nlook with "
	    "`machine shell`, try again with `machine start`",
	    i + 1, name ? " (" : "", name ? name : "", name ? ")" : "", status,
	    lines);
}

int
vm_provision(struct work *w, struct err *e)
{
	struct vm *vm = w->vm;
	struct record *r = &vm->record;
	cleanup(fd) int log = -1;

	if (r->nsteps == w->mf->nprovision)
		return 0;
	/* Lima's own scripts may be using the package manager. */
	vm_stage_set(vm, "finishing the first boot");
	if (vm_wait_for(w, "[ -e /run/lima-boot-done ]", e))
		return -1;
	log = fs_open_log(vm->state.fd, "provision.log", r->nsteps == 0, e);
	if (log < 0)
		return -1;
	for (size_t i = r->nsteps; i < w->mf->nprovision; i++) {
		const struct step *step = &w->mf->provision[i];
		int status;

		vm_stage_set(vm, "provisioning, step %zu of %zu%s%s", i + 1,
		    w->mf->nprovision, step->name ? ": " : "",
		    step->name ? step->name : "");
		if (guest_step(vm, w->trusted, step, log, &status, e))
			return -1;
		if (status)
			return step_failed(w, i, status, e);
		r->steps = xreallocarray(r->steps, i + 1, sizeof(*r->steps));
		currency_step(step, r->steps[i]);
		r->nsteps = i + 1;
		if (vm_save(vm, e))
			return -1;
	}
	return 0;
}

#ifndef HOST_VM_WORK_H
#define HOST_VM_WORK_H

#include "core/currency.h"
#include "core/image.h"
#include "host/vm.h"

/*
 * What is done to a VM by the holder of its project's lock. For the vm*.c files
 * only: vm.c decides who works, vm_work.c carries out the plan, vm_boot.c boots
 * and powers off, vm_provision.c runs the steps.
 */
#define VM_STAGE "stage"
#define VM_FAILURE "failure"
#define VM_WORKER "worker" /* its pid, for a message */

/* Carry out the plan: afterwards vm_ready() holds. */
int vm_make_ready(
    struct vm *vm, const struct trusted *t, struct err *e) must_check;

/* Ask the guest to power off; if it does not, end its processes. */
int vm_power_off(struct vm *vm, struct err *e) must_check;

/* Take the VM away with everything that we recorded of it. */
int vm_remove(struct vm *vm, struct err *e) must_check;

/* One run of the worker. */
struct work {
	struct vm *vm;
	const struct trusted *trusted;
	const struct machinefile *mf;
	struct arena *arena; /* what lives as long as this struct */
	struct image image;
	struct file_bytes *files; /* of the approved snapshot */
	size_t nfiles;
	/* What is captured in the disk: the packages, then the steps for it. */
	const struct step *create;
	size_t ncreate;
	const char **mounts; /* where mf->mounts[i].from leads to */
	char project[HASH_XXH128_HEX + 1], session[HASH_XXH128_HEX + 1];
	pid_t starter; /* the `limactl start` of this run, or 0 */
	int log;
	bool logged; /* provision.log is this run's */
};

/* Start the VM, and wait until it answers and has the project. */
int vm_boot(struct work *w, struct err *e) must_check;
int vm_wait_ready(struct work *w, struct err *e) must_check;
/* What `ready` in the Machinefile waits for, if anything. */
int vm_wait_listening(struct work *w, struct err *e) must_check;
/*
 * Wait until this condition, a command line of ours, holds in the guest; at
 * most so many seconds (0: as long as a boot may take).
 */
int vm_wait_for(struct work *w, const char *condition, unsigned seconds,
    struct err *e) must_check;

/* Fill in w->mounts: what they lead to, and may be given to a VM. */
int vm_resolve_mounts(struct work *w, struct err *e) must_check;

/* Fill in w->create. */
void vm_list_steps(struct work *w);
/* Is every step that has run still the one in its place? */
bool vm_steps_are_prefix(const struct work *w);
/* Run what is due: steps of the disk, of a change, of a boot. */
int vm_provision(struct work *w, bool fresh_boot, struct err *e) must_check;

/* Say what is going on, to those who wait as well. */
void vm_stage_set(const struct vm *vm, const char *fmt, ...) printf_like(2, 3);
int vm_save(const struct vm *vm, struct err *e) must_check;
/* The last lines of one of our logs, made safe, for a message; malloc'ed. */
char *vm_log_tail(const struct vm *vm, const char *name) must_check nonnull_ret;

#endif

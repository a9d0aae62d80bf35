#ifndef HOST_VM_WORK_H
#define HOST_VM_WORK_H

#include "core/image.h"
#include "host/vm.h"

/*
 * What is done to a VM by the holder of its project's lock. For the vm*.c files
 * only: vm.c decides who works, vm_work.c carries out the plan, vm_boot.c boots
 * and powers off, vm_provision.c runs the steps.
 */
#define VM_STAGE "stage"
#define VM_FAILURE "failure"

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
	struct image image;
	char project[HASH_XXH128_HEX + 1], session[HASH_XXH128_HEX + 1];
	pid_t starter; /* the `limactl start` of this run, or 0 */
	int log;
};

/* Start the VM, and wait until it answers and has the project. */
int vm_boot(struct work *w, struct err *e) must_check;
int vm_wait_ready(struct work *w, struct err *e) must_check;
/* Wait until this condition, a command line of ours, holds in the guest. */
int vm_wait_for(
    struct work *w, const char *condition, struct err *e) must_check;

/* Run the provision steps that have not run yet, in order. */
int vm_provision(struct work *w, struct err *e) must_check;

/* Say what is going on, to those who wait as well. */
void vm_stage_set(const struct vm *vm, const char *fmt, ...) printf_like(2, 3);
int vm_save(const struct vm *vm, struct err *e) must_check;
/* The last lines of one of our logs, made safe, for a message; malloc'ed. */
char *vm_log_tail(const struct vm *vm, const char *name) must_check nonnull_ret;

#endif

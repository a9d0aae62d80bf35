#ifndef HOST_VM_WORK_H
#define HOST_VM_WORK_H

#include "host/vm.h"

/*
 * What is done to a VM by the holder of its project's lock. For vm.c only.
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

#endif

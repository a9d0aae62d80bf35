#ifndef HOST_VM_H
#define HOST_VM_H

#include "core/config.h"
#include "host/lima.h"
#include "host/state.h"
#include "host/trust.h"

/*
 * The life of one project's VM. Whoever changes it holds the project's lock;
 * everybody else waits for the lock and looks again.
 *
 *  1. Nothing MUST start, be made or be provisioned without a `struct trusted`
 *     whose file still has the approved bytes (trusted_current()).
 *  2. A change MUST be recorded only after it is true, so that a process that
 *     is killed at any point leaves work to do and never a wrong record.
 *  3. The lock MUST be the kernel's (it goes with the process), and MUST be
 *     taken by the process that starts the work and handed to the worker, so
 *     that however many shells ask at once there is one start.
 */
#define VM_IMAGES "images" /* what a worker is told for vm_build_images() */

struct vm {
	const struct paths *paths;
	const struct config *config;
	const char *self; /* our own program */
	struct state state;
	char instance[STATE_ID_MAX + 3]; /* Lima's name: "m-" and the ID */
	bool building; /* a VM to make a layer with: not in our records */
	bool images_only; /* of a worker: see vm_build_images() */
	struct record record;
	struct lima lima;
	struct lima_instance now;
};

/* Open what is known about this project; runs nothing. */
int vm_open(struct vm *vm, const struct paths *paths,
    const struct config *config, const char *self, const char *root,
    struct err *e) must_check;
/* Look again. */
int vm_refresh(struct vm *vm, struct err *e) must_check;
void vm_release(struct vm *vm);

CLEANUP_DEFINE(vm, struct vm, vm_release(p));

/* It runs, it answers, and it is what the approved Machinefile says. */
bool vm_ready(const struct vm *vm, const struct trusted *t);
/* The last provisioning of exactly this Machinefile failed. */
bool vm_failed(const struct vm *vm, const struct trusted *t);

/*
 * Begin to make it ready, by a process of its own. Returns at once; if
 * somebody is at it already there is nothing to do.
 */
int vm_begin(struct vm *vm, const struct trusted *t, struct err *e) must_check;

/*
 * Make it ready and wait for that, showing what goes on. An interrupt ends the
 * waiting, not the start. With `retry` a provisioning that failed is tried
 * again, and what the steps on a change watch is looked at; without, a failure
 * is an error.
 */
int vm_ensure(struct vm *vm, const struct trusted *t, bool retry,
    struct err *e) must_check;

/*
 * Likewise make, and wait for, the layers that projects share: base and golden.
 * Its VM is left alone.
 */
int vm_build_images(
    struct vm *vm, const struct trusted *t, struct err *e) must_check;

/* Remove what builders that died have left: begun layers, and VMs. */
int vm_sweep(const struct lima *l, struct err *e) must_check;

/* The worker behind vm_begin(): the lock is its descriptor PROC_LOCK_FD. */
int vm_work(struct vm *vm, const struct trusted *t, struct err *e) must_check;

/*
 * For commands of the user that change what it has: one at a time. Waits,
 * showing what goes on; the descriptor is the lock. vm->state.fd is not -1.
 */
int vm_lock(struct vm *vm, const char *root, struct err *e) must_check;

/* 1: it was running, 0: there was nothing to stop. */
int vm_stop(struct vm *vm, const char *root, struct err *e) must_check;
/*
 * The same: remove the VM, what we recorded of it, and the layers of its steps
 * that nobody else uses; the decision stays.
 */
int vm_destroy(struct vm *vm, const char *root, struct err *e) must_check;

/* --- vm_reset.c --- */

/*
 * The same: throw the session disk away at once. What is on volumes and in the
 * project's directory is safe; what else runs in the guest just ends.
 */
int vm_reset(struct vm *vm, const char *root, struct err *e) must_check;
/*
 * That, and the layers of the project's steps, so that they run again; with
 * `golden` also what they stand on, if no other project uses it (*kept).
 */
int vm_rebuild(struct vm *vm, const char *root, bool golden, bool *kept,
    struct err *e) must_check;
/* For vm_destroy(): the layers that were made for this project alone. */
int vm_forget_layers(
    const struct vm *vm, const char *root, struct err *e) must_check;

/* One line for people: what the lock's holder is doing; malloc'ed, or NULL. */
char *vm_stage(const struct vm *vm);

#endif

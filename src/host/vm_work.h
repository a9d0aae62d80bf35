#ifndef HOST_VM_WORK_H
#define HOST_VM_WORK_H

#include "core/currency.h"
#include "core/image.h"
#include "core/storage.h"
#include "host/agent.h"
#include "host/layer.h"
#include "host/vm.h"

/*
 * What is done to a VM by the holder of its project's lock. For the vm*.c files
 * only: vm.c decides who works, vm_work.c carries out the plan, vm_layers.c
 * knows the layers, vm_build.c makes them, vm_sweep.c removes what is left of
 * that, vm_lay.c lays out the instance,
 * vm_boot.c starts and powers off, vm_wait.c waits, vm_provision.c
 * runs the steps.
 */
#define VM_STAGE "stage"
#define VM_FAILURE "failure"
#define VM_WORKER "worker" /* its pid, for a message */

/* Carry out the plan: afterwards vm_ready() holds. */
int vm_make_ready(
    struct vm *vm, const struct trusted *t, struct err *e) must_check;

/* Ask the guest to power off; if it does not, end its processes. */
int vm_power_off(struct vm *vm, struct err *e) must_check;
/* The same, and its session disk is gone. */
int vm_end_session(struct vm *vm, struct err *e) must_check;

/* Take the VM away with everything that we recorded of it. */
int vm_remove(struct vm *vm, struct err *e) must_check;

/* One run of the worker. */
struct work {
	struct vm *vm;
	const struct trusted *trusted;
	const struct machinefile *mf;
	struct arena *arena; /* what lives as long as this struct */
	struct image image;
	const char *certificates; /* of the host, for the guest; or NULL */
	struct file_bytes *files; /* of the approved snapshot */
	size_t nfiles;
	/* What is captured in the disk: steps for it, then those on a change */
	struct layer_step *steps;
	char (*ids)[HASH_XXH128_HEX + 1]; /* currency_step() of each */
	size_t nsteps, ncreate;
	struct storage storage;
	const char **mounts; /* where mf->mounts[i].from leads to */
	char session[HASH_XXH128_HEX + 1];

	/* What the session disk stands on, see vm_layers.c. */
	struct layer base, golden, top;
	size_t top_steps; /* how many of the steps are in top */
	int held[3]; /* descriptors that keep these from being removed */
	size_t nheld;
	struct buf base_text, golden_text;

	struct agent_conn agent; /* from the boot on, if the guest has one */
	const char *dir; /* where steps run */
	bool again; /* it failed, and another attempt will go another way */
	pid_t starter; /* the `limactl start` of this run, or 0 */
	int log;
	bool logged; /* provision.log is this run's */
};

/* --- vm_layers.c --- */

/* Fill in the steps, and what layers there are of what is wanted. */
int vm_list_steps(struct work *w, struct err *e) must_check;
int vm_find_layers(struct work *w, struct err *e) must_check;
/* Is anything to be put between the base and the project's steps? */
bool vm_needs_golden(const struct work *w);
/* What the steps of the project stand on: the golden layer, or the base. */
const struct layer *vm_parent(const struct work *w);
/* The text of a layer with all steps in it. */
void vm_project_text(const struct work *w, size_t nsteps, struct buf *text);

void vm_let_go(struct work *w); /* of the layers */

/* --- vm_sweep.c --- */

/* End the VM of this name, in which a layer was made, and remove it. */
int vm_discard_build(
    const struct lima *l, const char *name, int log, struct err *e) must_check;

/* --- vm_build.c --- */

/* "b-" and what the layer's name makes of 16 digits. */
void vm_build_name(const char *layer, char name[3 + HASH_XXH64_HEX]);

/* Make it, or wait for somebody else who does. */
int vm_build_base(struct work *w, struct err *e) must_check;
int vm_build_golden(struct work *w, struct err *e) must_check;
/* Store the disk of the VM, in which all steps have run, as a layer. */
int vm_capture(struct work *w, struct err *e) must_check;

/* --- vm_lay.c --- */

/* An instance of Lima that is ready to start, with a new disk on w->top. */
int vm_lay(struct work *w, struct err *e) must_check;
/* Write our copy of a configuration and have Lima look at it. */
int vm_write_configuration(struct work *w, const struct json *config,
    struct buf *text, struct buf *path, struct err *e) must_check;
/* What Lima is to be told; the caller frees it. */
struct json *vm_configuration(const struct work *w) must_check nonnull_ret;

/* --- vm_boot.c --- */

int vm_boot(struct work *w, struct err *e) must_check;

/* --- vm_wait.c --- */

/* Until it answers and has the project. */
int vm_wait_ready(struct work *w, struct err *e) must_check;
/*
 * For steps: systemd, which starts behind the first line of a direct boot, can
 * be asked; Lima's own scripts, which a stock boot runs, have ended.
 */
int vm_wait_systemd(struct work *w, struct err *e) must_check;
/*
 * A VM does not answer, as *e says: put in front that the disk of the host is
 * full, if it is. Always -1.
 */
int vm_blame_room(const struct vm *vm, struct err *e);
/* What `ready` in the Machinefile waits for, if anything. */
int vm_wait_listening(struct work *w, struct err *e) must_check;
/*
 * Wait until this condition, a command line of ours, holds in the guest; at
 * most so many seconds (0: as long as a boot may take).
 */
int vm_wait_for(struct work *w, const char *condition, unsigned seconds,
    struct err *e) must_check;

/* --- vm_agent.c --- */

/* Where the sockets of this VM are; malloc'ed. */
char *vm_run_directory(const struct vm *vm) must_check nonnull_ret;
/* Wait so long for the agent's greeting. */
int vm_connect(struct work *w, int deadline_ms, struct err *e) must_check;
bool vm_connected(const struct work *w);
/* Run a command line of ours as the user, for at most so long. */
int vm_ask(struct work *w, const char *command, unsigned seconds, int *status,
    struct err *e) must_check;
/* Run the script of a step; what it prints goes to `log`. */
int vm_step(struct work *w, const struct step *s,
    const struct file_bytes *bytes, int log, int *status,
    struct err *e) must_check;

/* --- vm_provision.c --- */

/* Fill in w->mounts: what they lead to, and may be given to a VM. */
int vm_resolve_mounts(struct work *w, struct err *e) must_check;

/* Is what has run in the VM a beginning of what is wanted? */
bool vm_steps_are_prefix(const struct work *w);
/* Is a step left that has not run in it? */
bool vm_steps_left(const struct work *w);
/* Run what is due: steps of the disk, of a change, of a boot. */
int vm_provision(struct work *w, bool fresh_boot, struct err *e) must_check;
/* Run one; number and name are for people. */
int vm_run_step(struct work *w, size_t number, const struct step *step,
    int *status, struct err *e) must_check;

/* Say what is going on, to those who wait as well. */
void vm_stage_set(const struct vm *vm, const char *fmt, ...) printf_like(2, 3);
int vm_save(const struct vm *vm, struct err *e) must_check;
/* The last lines of one of our logs, made safe, for a message; malloc'ed. */
char *vm_log_tail(const struct vm *vm, const char *name) must_check nonnull_ret;

#endif

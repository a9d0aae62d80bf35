#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "base/base.h"

/*
 * What leads from the facts to a running machine that is what its Machinefile
 * says. Pure: no I/O, no clock. The test walks every combination of facts.
 */
enum vm_state {
	VM_ABSENT,
	VM_STOPPED,
	VM_RUNNING, /* its processes live; whether it answers is another matter
		     */
	VM_BROKEN /* half of its processes live, or its files are damaged */
};

struct facts {
	enum vm_state vm;
	/* Of what runs: */
	bool disk_current; /* made of these layers; no step that ran differs */
	bool session_current; /* cpus, memory, ports are those it runs with */
	bool steps_left; /* steps for the disk that have not run in it */
	bool was_ready; /* lines of the user have run in it */
	/* Of what is stored: */
	bool base, golden; /* these layers are there, or not needed */
	bool layer_left; /* not all steps are in a layer yet */
};

/* In the order in which a plan has them; a plan is a set of them. */
enum plan_step {
	PLAN_STOP = 1 << 0, /* power the guest off */
	PLAN_KILL = 1 << 1, /* clear away what is left of a broken machine */
	PLAN_BASE = 1 << 2, /* make the base layer */
	PLAN_GOLDEN = 1 << 3, /* make the golden layer */
	PLAN_LAY = 1 << 4, /* lay out the instance, with a new session disk */
	PLAN_START = 1 << 5,
	PLAN_PROVISION = 1 << 6, /* run the steps that are left, in order */
	/*
	 * Make a layer of the disk: stop, store it, lay out, start again. Not
	 * of a disk in which the user has worked: what is in a layer is what
	 * the Machinefile says.
	 */
	PLAN_CAPTURE = 1 << 7
};

unsigned plan(const struct facts *f);

#endif

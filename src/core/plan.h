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
	VM_RUNNING, /* its processes live; whether it answers is another matter */
	VM_BROKEN /* half of its processes live, or its files are damaged */
};

struct facts {
	enum vm_state vm;
	bool project_current; /* made from the same image, disk */
	bool steps_current; /* no step that has run was changed or removed */
	bool session_current; /* cpus, memory, ports are those it runs with */
	bool steps_left; /* provision steps that have not run yet */
};

/* In the order in which a plan has them; a plan is a set of them. */
enum plan_step {
	PLAN_STOP = 1 << 0, /* power the guest off */
	PLAN_KILL = 1 << 1, /* clear away what is left of a broken machine */
	PLAN_DELETE = 1 << 2, /* with its disk */
	PLAN_CREATE = 1 << 3,
	PLAN_CONFIGURE = 1 << 4, /* write its configuration anew */
	PLAN_START = 1 << 5,
	PLAN_PROVISION = 1 << 6 /* run the steps that are left, in order */
};

unsigned plan(const struct facts *f);

#endif

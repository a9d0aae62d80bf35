#include "core/plan.h"

unsigned
plan(const struct facts *f)
{
	/* How the machine gets out of the way, by what it is now. */
	static const unsigned away[] = {
		[VM_ABSENT] = 0,
		[VM_STOPPED] = PLAN_DELETE,
		[VM_RUNNING] = PLAN_STOP | PLAN_DELETE,
		[VM_BROKEN] = PLAN_KILL | PLAN_DELETE,
	};
	/* How a machine with the right disk comes to run. */
	static const unsigned up[][2] = {
		/*                session out of date    session current */
		[VM_ABSENT] = { 0, 0 }, /* has no disk; not reached */
		[VM_STOPPED] = { PLAN_CONFIGURE | PLAN_START, PLAN_START },
		[VM_RUNNING] = { PLAN_STOP | PLAN_CONFIGURE | PLAN_START, 0 },
		[VM_BROKEN] = { PLAN_KILL | PLAN_CONFIGURE | PLAN_START,
		    PLAN_KILL | PLAN_START },
	};

	if (f->vm == VM_ABSENT || !f->project_current || !f->steps_current)
		return away[f->vm] | PLAN_CREATE | PLAN_START | PLAN_PROVISION;
	return up[f->vm][f->session_current] |
	       (f->steps_left ? (unsigned)PLAN_PROVISION : 0);
}
